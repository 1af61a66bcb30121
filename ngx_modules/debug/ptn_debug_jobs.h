/*
 * ngx_modules/debug: jobs that tests and benches drive over HTTP.  They exist
 * only in a world made with `debug_jobs on`.
 *
 * A request is a query string ("job" names the type without "debug.", the
 * rest are its arguments), a newline, and the body unless that came as a file.
 */

#ifndef PTN_DEBUG_JOBS_H
#define PTN_DEBUG_JOBS_H


#include "ptn_job.h"


extern const ptn_job_type_t  ptn_debug_jobs[];

/* The value of `name` in a query string; data NULL: not there. */
ptn_str_t ptn_debug_arg(ptn_str_t query, const char *name);
uint64_t ptn_debug_number(ptn_str_t query, const char *name, uint64_t none);

/* 32 hexadecimal digits; EPARSE. */
ptn_rc_t ptn_debug_session(ptn_str_t query, ptn_sid_t *ret_session);


/*
 * A hostile worker: writes what no client would into its own slot and rings,
 * one probe after the other, and words what became of each in `text`.  The
 * caller's client is unusable afterwards: the process must leave.
 */
void ptn_debug_forge(ptn_world_t *world, uint32_t type_noop,
    ptn_buf_t *text);


#endif /* PTN_DEBUG_JOBS_H */
