/*
 * The control socket ROOT/run/control: how `postern` finds and asks a running
 * server.  A unix stream socket of the clerk; only root and the store's user
 * are let in (SO_PEERCRED).
 *
 * A request is one line, "verb arguments".  The answer is lines, the last
 * one a single "."; lines that begin with a dot get another one in front.  The
 * first line is "OK", or "ERR NAME text" with a name of ptn_err.h.  The
 * connection then takes another request.
 *
 *   status      what ptn_world_status() knows, as one line of JSON
 *   verbs       the names of all verbs
 *
 * Others are rows of hooks->verbs.
 */

#ifndef PTN_CONTROL_H
#define PTN_CONTROL_H


#include "ptn_job.h"


#define PTN_CONTROL_LINE  4096

/*
 * `run` is called on the clerk's thread between two turns of clerk_run, with
 * what clerk_open made; clerk_run runs right after it.  It appends whole lines
 * to `out`.  The return code words the first line of the answer.
 */
struct ptn_control_verb_s {
    const char  *name;
    ptn_rc_t   (*run)(void *clerk, ptn_str_t args, ptn_buf_t *out);
};


/* Status as JSON, as the verb gives it. */
void ptn_control_status(ptn_world_t *world, ptn_buf_t *out);

/*
 * The other side, for the CLI: connects to ROOT/run/control, sends `line`,
 * returns the lines of the answer but the first and last.  ENOTFOUND: no
 * server runs.  Blocks, at most `timeout_ms`.
 */
ptn_rc_t ptn_control_ask(ptn_pool_t *pool, const char *root, const char *line,
    uint32_t timeout_ms, ptn_str_t *ret_answer);


#endif /* PTN_CONTROL_H */
