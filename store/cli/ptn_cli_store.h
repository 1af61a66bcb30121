/*
 * Private to store/cli: mailboxes.  What went wrong has been said when a call
 * returns an exit code other than 0.
 */

#ifndef PTN_CLI_STORE_H
#define PTN_CLI_STORE_H


#include "ptn_cli.h"
#include "ptn_store.h"
#include "ptn_store_ops.h"


int ptn_cli_store_open(ptn_cli_t *cli, ptn_store_t **ret_store);

/* The mailbox of a user who stands in the directory, or did a moment ago. */
int ptn_cli_store_create(ptn_cli_t *cli, const ptn_user_t *user);
int ptn_cli_store_delete(ptn_cli_t *cli, const ptn_user_t *user);

/* Tells a terminal how far it is, and standard error what was found. */
ptn_ops_t ptn_cli_ops(ptn_cli_t *cli);
void ptn_cli_ops_end(ptn_cli_t *cli);


#endif /* PTN_CLI_STORE_H */
