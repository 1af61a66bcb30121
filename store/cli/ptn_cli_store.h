/*
 * Private to store/cli: mailboxes.  Each call opens the store, does one
 * thing, commits, closes; what went wrong has been said when it returns.
 */

#ifndef PTN_CLI_STORE_H
#define PTN_CLI_STORE_H


#include "ptn_cli.h"


int ptn_cli_store_create(ptn_cli_t *cli, const ptn_user_t *user);
int ptn_cli_store_delete(ptn_cli_t *cli, const ptn_user_t *user);


#endif /* PTN_CLI_STORE_H */
