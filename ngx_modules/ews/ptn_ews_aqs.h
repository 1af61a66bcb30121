/*
 * ngx_modules/ews, query strings: numbers and dates (ptn_ews_aqs_date.c).
 */

#ifndef PTN_EWS_AQS_H
#define PTN_EWS_AQS_H


#include <strings.h>

#include "ptn_ews_search.h"


static inline bool
ptn_ews_aqs_blank(u_char c)
{
    return c <= ' ';
}


static inline bool
ptn_ews_aqs_is(ptn_str_t s, const char *name)
{
    return s.len == strlen(name)
           && strncasecmp((const char *) s.data, name, s.len) == 0;
}


/*
 * <, <=, >, >=, =, a range with "..", or one value, of dates (seconds since
 * 1970) or of numbers, at p: [*ret_from, *ret_to].  Returns what stands behind
 * it; NULL: it is none.  Dates: 1/31/2026, 1/31, 2026-01-31, January,
 * January 31, January 31, 2026, days of the week, today and its kin, "last
 * week" and its kin; seen from `now`.
 */
const u_char *ptn_ews_aqs_range(const u_char *p, const u_char *end,
    bool number, int64_t now, int64_t *ret_from, int64_t *ret_to);


#endif /* PTN_EWS_AQS_H */
