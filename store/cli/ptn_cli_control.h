/*
 * Private to store/cli: talk with the clerk over ROOT/run/control.  One
 * request a connection: a line goes out; "OK" and lines come back until a
 * line of one dot.
 */

#ifndef PTN_CLI_CONTROL_H
#define PTN_CLI_CONTROL_H


#include "ptn_cli.h"


/*
 * The lines between "OK" and the dot, in cli->pool.  ENOTFOUND: no clerk is
 * there.  EPARSE: it refused, or speaks another language.
 */
ptn_rc_t ptn_cli_control_ask(ptn_cli_t *cli, const char *request,
    ptn_str_t *ret_answer);

bool ptn_cli_control_runs(ptn_cli_t *cli);

/*
 * Walks JSON text and calls `leaf` for each number, string, boolean and null,
 * with its path ("store.0.jobs").  EPARSE: it is not JSON.  ETOOBIG: nested
 * too deep.
 */
typedef enum {
    PTN_CLI_JSON_NUMBER,
    PTN_CLI_JSON_STRING,            /* as written, escapes left */
    PTN_CLI_JSON_OTHER              /* true, false, null */
} ptn_cli_json_e;

ptn_rc_t ptn_cli_json_walk(ptn_str_t json,
    void (*leaf)(void *ctx, const char *path, ptn_cli_json_e kind,
        ptn_str_t value),
    void *ctx);


#endif /* PTN_CLI_CONTROL_H */
