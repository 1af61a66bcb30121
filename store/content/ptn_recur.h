/*
 * Recurrence: rules as values, as text (RFC 5545 3.3.10), as MAPI's blobs
 * (MS-OXOCAL 2.2.1.44), and the occurrences of a series in a window of time.
 * Pure functions; no rule and no blob takes more than bounded work.
 *
 * Times are "local seconds": the reading of a wall clock as if it were UTC,
 * in seconds since 1970 (ptn_time_from_civil).  A zone (ptn_tz.h) makes them
 * instants.  Years 1601 to 9999.
 *
 *     ptn_recur_rule_parse(ptn_str("FREQ=WEEKLY;BYDAY=MO,WE"), &rule);
 *     ptn_recur_iter_init(&it, &rule, start);
 *     while (ptn_recur_next(&it, &t)) ...
 */

#ifndef PTN_RECUR_H
#define PTN_RECUR_H


#include "ptn_tz.h"


/* --- rules (ptn_recur_rule.c) --------------------------------------------- */

typedef enum {
    PTN_RECUR_SECONDLY, PTN_RECUR_MINUTELY, PTN_RECUR_HOURLY, PTN_RECUR_DAILY,
    PTN_RECUR_WEEKLY, PTN_RECUR_MONTHLY, PTN_RECUR_YEARLY
} ptn_recur_freq_e;

typedef enum {
    PTN_RECUR_NO_UNTIL, PTN_RECUR_UNTIL_DATE,   /* all of that local day */
    PTN_RECUR_UNTIL_LOCAL, PTN_RECUR_UNTIL_UTC
} ptn_recur_until_e;

#define PTN_RECUR_SETPOS_MAX  32

/* Numbers as bits: bit n is n.  No bit: the part is not in the rule. */
typedef struct {
    uint8_t   freq;             /* ptn_recur_freq_e */
    uint8_t   wkst;             /* 0 Sunday to 6; Monday unless it is said */
    uint8_t   until_kind;       /* ptn_recur_until_e */
    uint8_t   days;             /* BYDAY without an ordinal; bit 0 Sunday */
    uint32_t  interval;         /* from 1 */
    uint32_t  count;            /* 0: none */
    int64_t   until;            /* seconds */
    uint64_t  seconds;          /* 0 to 60 */
    uint64_t  minutes;
    uint32_t  hours;
    uint32_t  mdays, mdays_end; /* BYMONTHDAY from the start, from the end */
    uint16_t  months;
    uint64_t  ydays[6], ydays_end[6];           /* 1 to 366 */
    uint64_t  weeks, weeks_end;                 /* 1 to 53 */
    uint64_t  nth[7], nth_end[7];               /* BYDAY with one, by day */
    bool      any_ydays, any_nth;
    uint8_t   nsetpos;
    int16_t   setpos[PTN_RECUR_SETPOS_MAX];
} ptn_recur_rule_t;

/*
 * EPARSE: no rule, a number out of range, a part twice, FREQ missing, both
 * UNTIL and COUNT; ESUPPORT: RSCALE other than GREGORIAN, SKIP other than
 * OMIT; ELIMIT: more than PTN_RECUR_SETPOS_MAX positions.  Unknown parts that
 * start in X- are ignored.
 */
ptn_rc_t ptn_recur_rule_parse(ptn_str_t text, ptn_recur_rule_t *ret_rule);

/* Parts in one order, numbers ascending. */
void ptn_recur_rule_write(ptn_buf_t *out, const ptn_recur_rule_t *rule);


/* --- one rule, step by step (ptn_recur_iter.c) ---------------------------- */

/* Months, hours or seconds looked at without an occurrence, until it gives
 * up: `spent`. */
#define PTN_RECUR_WORK_MAX  500000

/* Only for the calls below. */
typedef struct {
    ptn_recur_rule_t  r;            /* with what `start` implies */
    int64_t           start;
    int64_t           until;        /* local, exclusive */
    int64_t           from;
    int64_t           start_day;    /* days since 1970 */
    int32_t           start_month;  /* months since year 0 */
    uint32_t          work;
    uint64_t          left;         /* of COUNT */
    uint32_t          ntimes;       /* in a day, or in an hour or minute */
    int64_t           time;         /* if it is one, of a day */
    int               week_year;    /* of the start, where weeks have years */
    bool              sub;          /* the rule steps within days */
    bool              in_times;     /* of `day`, of `unit` */
    bool              spent, done;

    int32_t           month;        /* that `mask` is of */
    uint32_t          mask;         /* its days to come, bit 0: the first */
    uint32_t          filter;       /* all of them, sub */
    int64_t           month_day;    /* days since 1970 of its first */
    int               month_len;

    int64_t           day;
    int64_t           unit;         /* hours, minutes, seconds since 1970 */
    uint32_t          itime;

    int64_t           period;       /* with BYSETPOS */
    uint32_t          nset, iset;
    int64_t           set[PTN_RECUR_SETPOS_MAX];
} ptn_recur_iter_t;

/*
 * `until` in UTC is compared as local time: pass the rule through
 * ptn_recur_rule_local() first.  `start` counts only where the rule has it.
 */
void ptn_recur_iter_init(ptn_recur_iter_t *it, const ptn_recur_rule_t *rule,
    int64_t start);

/* Nothing before `from` is given from now on; forward only. */
void ptn_recur_iter_seek(ptn_recur_iter_t *it, int64_t from);

/* In ascending order.  False: there are no more, or it->spent. */
bool ptn_recur_next(ptn_recur_iter_t *it, int64_t *ret_local);

/* UNTIL in UTC becomes local time of `tz`. */
void ptn_recur_rule_local(ptn_recur_rule_t *rule, const ptn_tz_t *tz);


/* --- a series (ptn_recur_series.c) ---------------------------------------- */

/* An occurrence that was changed: where it was, where it is. */
typedef struct {
    int64_t   original;         /* local start by the rule */
    int64_t   start, end;       /* local */
    uint32_t  index;            /* the caller's */
} ptn_recur_change_t;

typedef struct {
    int64_t  start, end;        /* local */
} ptn_recur_date_t;

/* Lists need not be sorted; `tz` NULL: floating, shown as UTC. */
typedef struct {
    int64_t                    start, end;      /* local, of the first */
    const ptn_tz_t            *tz;
    const ptn_recur_rule_t    *rules;
    uint32_t                   nrules;
    const ptn_recur_rule_t    *exrules;         /* RFC 2445 EXRULE */
    uint32_t                   nexrules;
    const ptn_recur_date_t    *rdates;
    uint32_t                   nrdates;
    const int64_t             *exdates;         /* local starts */
    uint32_t                   nexdates;
    bool                       exdays;          /* exdates are whole days */
    const ptn_recur_change_t  *changes;
    uint32_t                   nchanges;
    bool                       start_counts;    /* iCalendar: `start` is one of
                                                   them, whatever the rule */
} ptn_series_t;

#define PTN_RECUR_UNCHANGED  UINT32_MAX

typedef struct {
    int64_t   start, end;       /* UTC seconds */
    int64_t   local;            /* wall clock of start */
    int64_t   original;         /* wall clock that the rule gives */
    uint32_t  change;           /* index of the change; or UNCHANGED */
} ptn_occurrence_t;

/*
 * Occurrences that end after `from` and start before `to` (UTC; those without
 * length: start from `from` on), ascending by start; at most `max` of them.
 * A time that the clock skips is taken by the offset before (RFC 5545
 * 3.3.5), one that it shows twice is the first; the length is that of the
 * clock, for all-day and floating ones alike.  ELIMIT: there are more, or a
 * rule was given up: what was found is there all the same.  ENOMEM.
 */
ptn_rc_t ptn_series_window(ptn_pool_t *pool, const ptn_series_t *series,
    int64_t from, int64_t to, uint32_t max, ptn_occurrence_t **ret_list,
    uint32_t *ret_n);

/* UTC of the end of the last occurrence; INT64_MAX: there is none, or it is
 * not known (spent). */
int64_t ptn_series_end(const ptn_series_t *series);


/* --- MAPI's blobs (ptn_recur_blob.c) -------------------------------------- */

/* MS-OXOCAL 2.2.1.44.1 */
#define PTN_RECUR_FREQ_DAILY     0x200a
#define PTN_RECUR_FREQ_WEEKLY    0x200b
#define PTN_RECUR_FREQ_MONTHLY   0x200c
#define PTN_RECUR_FREQ_YEARLY    0x200d

#define PTN_RECUR_DAY            0x0000     /* PatternType */
#define PTN_RECUR_WEEK           0x0001
#define PTN_RECUR_MONTH          0x0002
#define PTN_RECUR_MONTH_NTH      0x0003
#define PTN_RECUR_MONTH_END      0x0004
#define PTN_RECUR_HJ_MONTH       0x000a
#define PTN_RECUR_HJ_MONTH_NTH   0x000b
#define PTN_RECUR_HJ_MONTH_END   0x000c

#define PTN_RECUR_END_DATE       0x2021
#define PTN_RECUR_END_COUNT      0x2022
#define PTN_RECUR_END_NEVER      0x2023     /* also 0xffffffff */
#define PTN_RECUR_NEVER_DATE     0x5ae980df

/* 2.2.1.44.2 OverrideFlags */
#define PTN_RECUR_ARO_SUBJECT    0x0001
#define PTN_RECUR_ARO_MEETING    0x0002
#define PTN_RECUR_ARO_DELTA      0x0004
#define PTN_RECUR_ARO_REMINDER   0x0008
#define PTN_RECUR_ARO_LOCATION   0x0010
#define PTN_RECUR_ARO_BUSY       0x0020
#define PTN_RECUR_ARO_ATTACH     0x0040
#define PTN_RECUR_ARO_SUBTYPE    0x0080
#define PTN_RECUR_ARO_COLOR      0x0100
#define PTN_RECUR_ARO_BODY       0x0200

/* Dates and times in blobs: minutes since 1601, local. */
#define PTN_RECUR_MINUTES_1970   194074560LL

/* ExceptionInfo and its ExtendedException (2.2.1.44.2 to 2.2.1.44.4). */
typedef struct {
    uint32_t   start, end, original;
    uint16_t   flags;
    uint32_t   meeting, delta, reminder, busy, attach, subtype, color;
    ptn_str_t  subject8, location8;         /* in the writer's code page */
    bool       has_highlight;
    ptn_str_t  highlight;                   /* 4 bytes, more reserved */
    ptn_str_t  reserved1, reserved2;
    ptn_str_t  subject, location;           /* UTF-8 */
    uint32_t   xstart, xend, xoriginal;     /* once more, as read */
} ptn_recur_exception_t;

typedef struct {
    uint16_t   reader, writer;
    uint16_t   freq, pattern, calendar;
    uint32_t   first, period, sliding;
    uint32_t   days;            /* WEEK, MONTH_NTH; bit 0 Sunday */
    uint32_t   day;             /* MONTH, MONTH_END */
    uint32_t   nth;             /* MONTH_NTH: 1 to 4, 5 the last */
    uint32_t   end_type, count, first_dow;
    uint32_t   ndeleted, nmodified;
    uint32_t  *deleted, *modified;
    uint32_t   start_date, end_date;

    bool       appointment;     /* what follows is there (not in tasks) */
    uint32_t   reader2, writer2;
    uint32_t   start_offset, end_offset;        /* minutes in the day */
    uint16_t   nexceptions;
    ptn_recur_exception_t  *exceptions;
    ptn_str_t  reserved1, reserved2;
} ptn_recur_blob_t;

/*
 * Reads PidLidAppointmentRecur (with `appointment`) or PidLidTaskRecurrence;
 * strings of it point into `bytes` but for subject and location.  ETRUNC;
 * EPARSE: a version, frequency, pattern or number that 2.2.1.44 does not
 * allow, bytes left over; EINVAL never.  Where an appointment ends behind its
 * ExceptionInfo (old writers) the rest counts as empty.
 */
ptn_rc_t ptn_recur_blob_parse(ptn_pool_t *pool, ptn_str_t bytes,
    bool appointment, ptn_recur_blob_t *ret_blob);
ptn_rc_t ptn_recur_blob_write(ptn_buf_t *out, const ptn_recur_blob_t *blob);

/*
 * What the blob means.  ESUPPORT: a calendar that is not Gregorian (Hijri
 * patterns, lunar CalendarType): the series is kept as bytes and cannot be
 * listed.
 */
ptn_rc_t ptn_recur_blob_rule(const ptn_recur_blob_t *blob,
    ptn_recur_rule_t *ret_rule);

/*
 * The series of an appointment's blob: rule, deleted dates, changes (index:
 * that of the exception), in `pool`; no zone.  Errors of blob_rule.
 */
ptn_rc_t ptn_recur_blob_series(ptn_pool_t *pool, const ptn_recur_blob_t *blob,
    ptn_series_t *ret_series);

/*
 * The pattern of a rule (MS-OXCICAL 2.1.3.2.2.1 to .6) for a series that
 * starts at `start`: all but exceptions.  `tz`: of UNTIL.  ESUPPORT: no
 * template fits.  A blob has the occurrences of the rule, but for days 29 to
 * 31: there, as the templates say, MAPI takes the last day of a month that is
 * too short, which the rule leaves out.
 */
ptn_rc_t ptn_recur_blob_make(const ptn_recur_rule_t *rule, int64_t start,
    int64_t end, const ptn_tz_t *tz, ptn_recur_blob_t *ret_blob);

static inline uint32_t
ptn_recur_minutes(int64_t local)
{
    return (uint32_t) (local / 60 - (local % 60 < 0) + PTN_RECUR_MINUTES_1970);
}

static inline int64_t
ptn_recur_local(uint32_t minutes)
{
    return ((int64_t) minutes - PTN_RECUR_MINUTES_1970) * 60;
}


#endif /* PTN_RECUR_H */
