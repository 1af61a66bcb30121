/*
 * Private to store/cli: reads the JSON of the server's answers.
 */

#ifndef PTN_CLI_JSON_H
#define PTN_CLI_JSON_H


#include "ptn_cli.h"


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


#endif /* PTN_CLI_JSON_H */
