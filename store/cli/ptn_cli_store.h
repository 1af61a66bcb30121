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

/*
 * Mailboxes that are meant by an address, a domain's name or (empty) all: those
 * of users, and public stores, whose address is .public@DOMAIN; of the list
 * those that there are.
 */
int ptn_cli_find_box(ptn_cli_t *cli, const char *address,
    ptn_user_t *ret_user);
int ptn_cli_list_boxes(ptn_cli_t *cli, const char *domain,
    ptn_user_t **ret_users, size_t *ret_n);

/* An error of a mailbox; one that was moved says where it is. */
int ptn_cli_mailbox_rc(ptn_cli_t *cli, ptn_store_t *store,
    const ptn_user_t *user, ptn_rc_t rc);

/* Commands of "mailbox": ptn_cli_move.c, ptn_cli_gone.c. */
int ptn_cli_mailbox_move(ptn_cli_t *cli);
int ptn_cli_mailbox_folders(ptn_cli_t *cli);
int ptn_cli_mailbox_recover(ptn_cli_t *cli);
int ptn_cli_mailbox_purge(ptn_cli_t *cli);

/* Tells a terminal how far it is, and standard error what was found. */
ptn_ops_t ptn_cli_ops(ptn_cli_t *cli);
void ptn_cli_ops_end(ptn_cli_t *cli);


#endif /* PTN_CLI_STORE_H */
