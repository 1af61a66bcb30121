/*
 * Time zones: from tables of our own (ptn_tz_table.c, made by ptn_tz_table.py
 * from tzdata and CLDR), from VTIMEZONE, from MAPI's structures.  No file
 * system, no libc state: a zone is a constant or lives in the caller's pool,
 * and any thread may use it.
 *
 * A zone is a list of offsets with the instants from which they hold, and
 * behind the last of them a rule for each year (`rule`), in MAPI's form: a
 * month and the nth weekday in it.  Offsets are seconds east of Greenwich;
 * MAPI's biases are minutes west.
 */

#ifndef PTN_TZ_H
#define PTN_TZ_H


#include "ptn_base.h"


/* SYSTEMTIME of a transition (MS-OXOCAL 2.2.1.39): month 0: there is none;
 * year 0: the day `dow` number `day` (5: the last) of the month. */
typedef struct {
    uint16_t  year, month, dow, day, hour, minute, second, msec;
} ptn_tz_when_t;

typedef struct {
    int32_t        bias;            /* minutes west */
    int32_t        std_bias;        /* added in standard time, mostly 0 */
    int32_t        dst_bias;        /* added in daylight time, mostly -60 */
    ptn_tz_when_t  std, dst;        /* when it begins, local time before */
} ptn_tz_rule_t;

/* A rule from the start of a (local) year on. */
typedef struct {
    uint16_t       year;
    ptn_tz_rule_t  rule;
} ptn_tz_era_t;

typedef struct {
    int64_t  at;                    /* UTC seconds */
    int32_t  offset;
} ptn_tz_change_t;

typedef struct {
    ptn_str_t               name;       /* Olson's, or the TZID */
    ptn_str_t               windows;    /* key name; empty: none */
    int32_t                 first;      /* offset before all changes */
    const ptn_tz_change_t  *changes;
    uint32_t                nchanges;
    const ptn_tz_era_t     *eras;       /* from the last change on */
    uint32_t                neras;
} ptn_tz_t;

extern const ptn_tz_t  ptn_tz_utc;


/* --- zones that are known (ptn_tz_known.c) -------------------------------- */

/*
 * By Olson name ("Europe/Vienna", old names too), Windows key name ("W. Europe
 * Standard Time"), "UTC", "Z", "GMT+2" forms, or a path that ends in an Olson
 * name ("/freeassociation.sourceforge.net/Europe/Vienna").  No case.  The zone
 * is made in `pool` out of the tables.  ENOTFOUND, ENOMEM.
 */
ptn_rc_t ptn_tz_find(ptn_pool_t *pool, ptn_str_t name,
    const ptn_tz_t **ret_tz);

/* The first zone with that rule in force: for those that came without a name
 * that is known. */
ptn_rc_t ptn_tz_match(ptn_pool_t *pool, const ptn_tz_rule_t *rule,
    const ptn_tz_t **ret_tz);

/* Names of the tables, for lists and tests.  False: no more. */
bool ptn_tz_olson_nth(uint32_t i, ptn_str_t *ret_name);
bool ptn_tz_windows_nth(uint32_t i, ptn_str_t *ret_key, ptn_str_t *ret_olson);

/* Windows key name of an Olson name, and the other way.  Empty: none. */
ptn_str_t ptn_tz_windows(ptn_str_t olson);
ptn_str_t ptn_tz_olson(ptn_str_t windows);


/* --- clock (ptn_tz.c) ----------------------------------------------------- */

/* Where the last question was answered; zero it. */
typedef struct {
    int64_t  from, to;          /* UTC, [from, to) */
    int32_t  offset;
    bool     set;
} ptn_tz_cursor_t;

/* tz NULL: offset 0. */
int32_t ptn_tz_offset(const ptn_tz_t *tz, int64_t utc, ptn_tz_cursor_t *c);

/*
 * RFC 5545 3.3.5: a time that the clock shows twice is the first, one that it
 * skips is taken by the offset before.
 */
int64_t ptn_tz_to_utc(const ptn_tz_t *tz, int64_t local, ptn_tz_cursor_t *c);

static inline int64_t
ptn_tz_to_local(const ptn_tz_t *tz, int64_t utc, ptn_tz_cursor_t *c)
{
    return utc + ptn_tz_offset(tz, utc, c);
}

/* The rule in force in a (local) year; false: that year does not fit one (its
 * offset in January is given, without daylight time). */
bool ptn_tz_rule(const ptn_tz_t *tz, int year, ptn_tz_rule_t *ret_rule);

bool ptn_tz_rule_eq(const ptn_tz_rule_t *a, const ptn_tz_rule_t *b);

/* A zone of one rule. */
ptn_rc_t ptn_tz_from_rule(ptn_pool_t *pool, ptn_str_t name,
    const ptn_tz_rule_t *rule, const ptn_tz_t **ret_tz);


/* --- MAPI's structures (ptn_tz_blob.c) ------------------------------------ */

#define PTN_TZ_STRUCT_LEN  48

/* PidLidTimeZoneStruct (MS-OXOCAL 2.2.1.39).  ETRUNC, EPARSE: a month, day or
 * bias out of range. */
ptn_rc_t ptn_tz_struct_parse(ptn_str_t bytes, ptn_tz_rule_t *ret_rule);
void ptn_tz_struct_write(ptn_buf_t *out, const ptn_tz_rule_t *rule);

#define PTN_TZ_RULES_MAX  1024      /* 2.2.1.41 */

#define PTN_TZ_RULE_RECUR      0x0001   /* TZRULE_FLAG_RECUR_CURRENT_TZREG */
#define PTN_TZ_RULE_EFFECTIVE  0x0002   /* TZRULE_FLAG_EFFECTIVE_TZREG */

/*
 * PidLidAppointmentTimeZoneDefinition* (2.2.1.41 to 2.2.1.43) as a zone; its
 * `windows` is the KeyName.  *ret_effective: the effective rule.  ETRUNC,
 * EPARSE.
 */
ptn_rc_t ptn_tz_definition_parse(ptn_pool_t *pool, ptn_str_t bytes,
    const ptn_tz_t **ret_tz, ptn_tz_rule_t *ret_effective);

/*
 * Of a zone: its rule in `year` as the effective one; with `recur` marked as
 * the one of PidLidTimeZoneStruct too.  KeyName: the Windows name, or the
 * zone's own.
 */
ptn_rc_t ptn_tz_definition_write(ptn_pool_t *pool, const ptn_tz_t *tz,
    int year, bool recur, ptn_str_t *ret_bytes);


#endif /* PTN_TZ_H */
