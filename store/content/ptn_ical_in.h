/*
 * What the files of the conversion share; nobody else includes this.
 *
 *   ptn_ical_import.c  components to objects; times
 *   ptn_ical_export.c  objects to lines; the calendar
 *   ptn_ical_rows.c    properties, a row each, both ways
 *   ptn_ical_people.c  organizer, attendees, attachments, alarms
 *   ptn_ical_recur.c   rules and exceptions, both ways
 *   ptn_ical_carry.c   what is carried
 */

#ifndef PTN_ICAL_IN_H
#define PTN_ICAL_IN_H


#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_ical.h"


#define PTN_ICAL_ZONES_MAX  64      /* distinct TZIDs of a calendar */

typedef struct {
    ptn_pool_t             *pool;
    const ptn_ical_comp_t  *cal;
    uint32_t                n;
    ptn_str_t               ids[PTN_ICAL_ZONES_MAX];
    const ptn_tz_t         *tzs[PTN_ICAL_ZONES_MAX];
} ptn_ical_zones_t;

/* NULL: unknown, or more than PTN_ICAL_ZONES_MAX (hostile) ones. */
const ptn_tz_t *ptn_ical_zone(ptn_ical_zones_t *z, ptn_str_t tzid);

typedef enum {
    PTN_ICAL_EVENT = 1, PTN_ICAL_TODO = 2, PTN_ICAL_JOURNAL = 4
} ptn_ical_kind_e;

typedef struct {
    ptn_pool_t             *pool;
    const ptn_ical_opts_t  *opts;
    const ptn_ical_comp_t  *cal;
    ptn_ical_zones_t       *zones;
    ptn_str_t               method;
    ptn_rc_t                rc;         /* the first that failed */

    /* of the component at hand */
    const ptn_ical_comp_t  *comp;
    ptn_object_t           *object;
    unsigned                kind;
    const ptn_tz_t         *tz;         /* of its start */
    ptn_ical_time_t         start, end;
    bool                    has_start, has_end;
    int64_t                 start_utc, end_utc;
} ptn_ical_in_t;

/* A line that export makes: its group, and where it stands in it. */
typedef struct {
    ptn_str_t  key, line;
    uint32_t   order;
} ptn_ical_line_t;

typedef struct {
    ptn_pool_t             *pool;
    const ptn_ical_opts_t  *opts;
    ptn_rc_t                rc;
    const ptn_object_t     *object;
    unsigned                kind;
    const ptn_tz_t         *tz;         /* of its start; NULL: UTC */
    ptn_str_t               tzid;
    const char             *method;     /* by the class */
    int64_t                 start_utc, end_utc;
    bool                    has_start, all_day;
    const ptn_object_t     *master;     /* of an exception */
    ptn_ical_line_t        *lines;
    uint32_t                n, size;
} ptn_ical_out_t;

typedef struct ptn_ical_row_s  ptn_ical_row_t;

struct ptn_ical_row_s {
    const char  *name;
    unsigned     kinds;                 /* of components */
    void       (*in)(ptn_ical_in_t *in, const ptn_ical_row_t *row,
                   const ptn_ical_prop_t *prop);    /* NULL: elsewhere */
    void       (*out)(ptn_ical_out_t *out, const ptn_ical_row_t *row);
    uint32_t     tag;                   /* of a property, or 0 */
    int          named;                 /* else of PTN_ICAL_NAMES */
};

extern const ptn_ical_row_t  ptn_ical_rows[];
extern const uint32_t        ptn_ical_nrows;


/* Tag of a name; 0: the mailbox has no id for it. */
uint32_t ptn_ical_tag(const ptn_ical_opts_t *opts, int named);

/* Each does nothing when rc is set, and sets it; tag 0: nothing. */
void ptn_ical_set(ptn_ical_in_t *in, ptn_props_t *props, uint32_t tag,
    ptn_str_t value);
void ptn_ical_set_int(ptn_ical_in_t *in, ptn_props_t *props, uint32_t tag,
    int64_t n);
void ptn_ical_set_named(ptn_ical_in_t *in, int named, ptn_str_t value);
void ptn_ical_set_named_int(ptn_ical_in_t *in, int named, int64_t n);

ptn_str_t ptn_ical_get_named(const ptn_ical_out_t *out, int named);
bool ptn_ical_get_named_int(const ptn_ical_out_t *out, int named,
    int64_t *ret);

/* Adds "KEY...", whose group is the name unless `key` says another. */
void ptn_ical_add(ptn_ical_out_t *out, const char *key, ptn_str_t line);
/* NAME:time of a UTC instant, by the object's zone; whole days as such. */
void ptn_ical_add_time(ptn_ical_out_t *out, const char *name, int64_t utc);
void ptn_ical_put_time(ptn_ical_out_t *out, ptn_buf_t *b, int64_t local);

/* UTC seconds of FILETIMEs. */
static inline int64_t
ptn_ical_from_filetime(int64_t n)
{
    n -= PTN_FILETIME_1970;

    return n / 10000000 - (n % 10000000 < 0);
}

/* A property's time in UTC. */
bool ptn_ical_utc(ptn_ical_in_t *in, const ptn_ical_prop_t *p,
    int64_t *ret_utc, ptn_ical_time_t *ret_time);

void ptn_ical_people_in(ptn_ical_in_t *in);
void ptn_ical_people_out(ptn_ical_out_t *out);
void ptn_ical_attach_in(ptn_ical_in_t *in);
void ptn_ical_attach_out(ptn_ical_out_t *out);
void ptn_ical_alarm_in(ptn_ical_in_t *in);
void ptn_ical_alarm_out(ptn_ical_out_t *out);

/* The pattern of the component at hand, and what replaces occurrences. */
void ptn_ical_recur_in(ptn_ical_in_t *in, const ptn_ical_comp_t *const *others,
    uint32_t n);
void ptn_ical_recur_out(ptn_ical_out_t *out);
/* An object of one component. */
ptn_object_t *ptn_ical_object(ptn_ical_in_t *in, const ptn_ical_comp_t *comp);
/* Does it replace an occurrence?  One with a rule is a series, whatever it
 * says. */
bool ptn_ical_replaces(const ptn_ical_comp_t *c);
bool ptn_ical_is_exception(const ptn_attach_t *a);
ptn_rc_t ptn_ical_blob(ptn_ical_out_t *out, ptn_recur_blob_t *ret);

/* All lines of an object as one component, and of the calendar around it. */
void ptn_ical_lines(ptn_ical_out_t *out);
void ptn_ical_calendar_lines(ptn_ical_out_t *out);

/* Sets CARRY of the object at hand. */
void ptn_ical_carry_in(ptn_ical_in_t *in, bool calendar);
/* Lines of `out` with those carried in place of theirs (level 'C', the
 * calendar's, or 'E'), appended to `to`, each with a LF. */
void ptn_ical_carry_out(ptn_ical_out_t *out, u_char level, ptn_buf_t *to);


#endif /* PTN_ICAL_IN_H */
