/*
 * iCalendar (RFC 5545, 5546, 7986) to property objects and back (MS-OXCICAL).
 * Pure functions: no file, no global, any thread.
 *
 *     ptn_ical_import(pool, bytes, &opts, &calendar);
 *     for (i = 0; i < calendar.n; i++) ... calendar.objects[i] ...
 *     ptn_ical_export(pool, objects, n, &opts, &bytes);
 *
 * Import takes any bytes.  Components of one UID are one object: the series,
 * and for each RECURRENCE-ID an embedded message as MS-OXOCAL 2.2.10 has it.
 *
 * Nothing is dropped.  What export would not make of the object by itself
 * (unknown properties, parameters and components, other spellings, rules that
 * no pattern of MAPI can say) is carried in one named property, CARRY, each
 * group of lines with a hash of what export makes in its place.  While that
 * stays the same the original lines are written; when a client has changed
 * what they were about, they give way.
 */

#ifndef PTN_ICAL_H
#define PTN_ICAL_H


#include "ptn_ical_names.h"
#include "ptn_object.h"
#include "ptn_recur.h"


/* --- content lines (ptn_ical_lines.c) ------------------------------------- */

#define PTN_ICAL_NESTING_MAX  16    /* deeper BEGINs are lines as any other */

typedef struct ptn_ical_param_s  ptn_ical_param_t;
typedef struct ptn_ical_prop_s   ptn_ical_prop_t;
typedef struct ptn_ical_comp_s   ptn_ical_comp_t;

struct ptn_ical_param_s {
    ptn_str_t          name, value;     /* without quotes */
    ptn_ical_param_t  *next;
};

struct ptn_ical_prop_s {
    ptn_str_t          line;            /* all of it, unfolded */
    ptn_str_t          name;            /* empty: the line is no property */
    ptn_str_t          value;
    ptn_ical_param_t  *params;
    ptn_ical_prop_t   *next;
};

struct ptn_ical_comp_s {
    ptn_str_t          name;
    ptn_ical_prop_t   *props, **last;
    ptn_ical_comp_t   *comps, **last_comp, *next, *parent;
};

/*
 * The components of a stream below a nameless root.  Bytes that are not UTF-8
 * are windows-1252.  ENOMEM only.
 */
ptn_rc_t ptn_ical_parse(ptn_pool_t *pool, ptn_str_t bytes,
    ptn_ical_comp_t **ret_root);

/* The first one of that name; NULL. */
const ptn_ical_prop_t *ptn_ical_prop(const ptn_ical_comp_t *comp,
    const char *name);
/* data NULL: it is not there. */
ptn_str_t ptn_ical_param(const ptn_ical_prop_t *prop, const char *name);

/* TEXT (3.3.11) to UTF-8 and back. */
ptn_str_t ptn_ical_unescape(ptn_pool_t *pool, ptn_str_t text);
void ptn_ical_escape(ptn_buf_t *out, ptn_str_t text);
/* A line, folded at 75 octets, with CR LF. */
void ptn_ical_put_line(ptn_buf_t *out, ptn_str_t line);


/* --- values (ptn_ical_value.c) -------------------------------------------- */

/* DATE, DATE-TIME. */
typedef struct {
    int64_t  local;             /* the clock's reading */
    bool     date, utc;         /* neither, and no TZID: floating */
} ptn_ical_time_t;

bool ptn_ical_time(ptn_str_t value, ptn_ical_time_t *ret);
/* Seconds; weeks and days too. */
bool ptn_ical_duration(ptn_str_t value, int64_t *ret);
void ptn_ical_put_duration(ptn_buf_t *out, int64_t seconds);

/*
 * UID and GlobalObjectId (MS-OXOCAL 2.2.1.27): a UID that is one in
 * hexadecimal, or "vCal-Uid".  `date`: of an exception, 0: none.
 */
ptn_rc_t ptn_ical_global_id(ptn_pool_t *pool, ptn_str_t uid, int64_t date,
    ptn_str_t *ret_id);
ptn_rc_t ptn_ical_uid(ptn_pool_t *pool, ptn_str_t id, ptn_str_t *ret_uid);


/* --- zones and series of components (ptn_ical_tz.c, ptn_ical_series.c) ---- */

/* A VTIMEZONE: its changes from 1970 to 2037, then the rule of that year.
 * EPARSE: it says no offset. */
ptn_rc_t ptn_ical_tz(ptn_pool_t *pool, const ptn_ical_comp_t *vtimezone,
    const ptn_tz_t **ret_tz);
/* Lines of one, by the zone's rule in a year. */
void ptn_ical_put_tz(ptn_buf_t *out, const ptn_tz_t *tz, ptn_str_t tzid,
    int year);
/* TZID in a calendar: by name when it is known, else by its VTIMEZONE.  NULL:
 * neither. */
const ptn_tz_t *ptn_ical_find_tz(ptn_pool_t *pool, const ptn_ical_comp_t *cal,
    ptn_str_t tzid);

/*
 * The series of a component and of those in the calendar that replace its
 * occurrences (index: the how manyth such one).  What is not a rule is left
 * out.  EPARSE: no DTSTART.  `floating`: the zone of times without one.
 */
ptn_rc_t ptn_ical_comp_series(ptn_pool_t *pool, const ptn_ical_comp_t *cal,
    const ptn_ical_comp_t *comp, const ptn_tz_t *floating,
    ptn_series_t *ret_series);


/* --- objects (ptn_ical_import.c, ptn_ical_export.c) ----------------------- */

/* What a name of PTN_ICAL_NAMES is; `name` NULL: by lid. */
typedef struct {
    ptn_guid_t   set;
    uint32_t     lid;
    const char  *name;
    uint16_t     type;
} ptn_ical_name_t;

extern const ptn_ical_name_t  ptn_ical_names[PTN_ICAL_N_MAX];

typedef struct {
    const uint16_t  *ids;       /* property id of each name in the mailbox;
                                   0: leave it out */
    const ptn_tz_t  *floating;  /* of times without a zone, and whole days;
                                   NULL: UTC */
    int64_t          now;       /* DTSTAMP where nothing says one */
} ptn_ical_opts_t;

typedef struct {
    ptn_str_t       method;     /* upper case; empty: none */
    ptn_object_t  **objects;
    uint32_t        n;
} ptn_ical_calendar_t;

/* ENOMEM; ELIMIT: more properties than an object may have. */
ptn_rc_t ptn_ical_import(ptn_pool_t *pool, ptn_str_t bytes,
    const ptn_ical_opts_t *opts, ptn_ical_calendar_t *ret_calendar);

/*
 * One calendar.  METHOD by the class of the first.  Attachments must be
 * loaded: EINVAL.  The same bytes for the same objects.
 */
ptn_rc_t ptn_ical_export(ptn_pool_t *pool, const ptn_object_t *const *objects,
    uint32_t n, const ptn_ical_opts_t *opts, ptn_str_t *ret_bytes);

/* Occurrences of an object: of the carried rules while they hold, else of the
 * blob.  EPARSE: it has no start. */
ptn_rc_t ptn_ical_series(ptn_pool_t *pool, const ptn_object_t *object,
    const ptn_ical_opts_t *opts, ptn_series_t *ret_series);


#endif /* PTN_ICAL_H */
