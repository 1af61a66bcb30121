/*
 * Mailbox files of earlier versions, made ours at opening: one transaction,
 * so that a crash leaves the one or the other.  Columns are added at the end
 * of rows, which SQLite does without touching the rows; what old rows lack is
 * read from their content where it is asked for, and filled in while the
 * executor is idle (ptn_item_derive_stale).
 */

#include <fcntl.h>
#include <stdio.h>

#include "ptn_mailbox.h"


/*
 * Version 2: messages as objects, named properties, moves between mailboxes.
 *
 * REPLGUIDs were not shown to anybody by version 1, so that all its numbers
 * may stand under the present one.
 */

static const char *const  ptn_upgrade_2[] = {

"ALTER TABLE meta ADD COLUMN v_object INTEGER NOT NULL DEFAULT 1",

/* first: the first number, object id or change number, of that incarnation */
"ALTER TABLE replica ADD COLUMN first INTEGER NOT NULL DEFAULT 0",
"DELETE FROM replica WHERE replid<>1",

/*
 * born: when it came below IPM_SUBTREE, or left; created, modified: seconds
 * since 1970, 0: not known.
 */
"ALTER TABLE folder ADD COLUMN born INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE folder ADD COLUMN created INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE folder ADD COLUMN modified INTEGER NOT NULL DEFAULT 0",

/* modified: seconds since 1970, 0: as received. */
"ALTER TABLE message ADD COLUMN modified INTEGER NOT NULL DEFAULT 0",
"CREATE INDEX message_fai ON message (folder, uid) WHERE fai<>0",

/*
 * large: properties too large for the bag, each u32 tag, u64 size, 32 bytes
 * SHA-256 of the blob, little-endian, tags ascending.  derived: PTN_DERIVED_*,
 * 0: made by version 1, the bag has little of the header.
 */
"ALTER TABLE item ADD COLUMN large BLOB",
"ALTER TABLE item ADD COLUMN derived INTEGER NOT NULL DEFAULT 0",
"CREATE INDEX item_stale ON item (id) WHERE derived=0",

/* born of the message here: what came and went since a state is left out. */
"ALTER TABLE tombstone ADD COLUMN born INTEGER NOT NULL DEFAULT 0",

/*
 * Of contents that were made or edited as objects: the object is the truth,
 * content has the MIME form that was made of it.  data: ptn_object_store.c's
 * form, or file: the blob file that has it.  blobs: SHA-256s of data of
 * attachments.
 */
"CREATE TABLE object ("
"    content INTEGER PRIMARY KEY,"
"    data BLOB,"
"    file BLOB,"
"    blobs BLOB)",

/* Named properties; lid -1: by name, else name is empty. */
"CREATE TABLE named ("
"    id INTEGER PRIMARY KEY,"
"    guid BLOB NOT NULL,"
"    lid INTEGER NOT NULL,"
"    name TEXT NOT NULL)",
"CREATE UNIQUE INDEX named_name ON named (guid, lid, name)",

/*
 * Moves to another mailbox that are under way (ptn_transfer.c), and their
 * messages.  key: what the copies there are made once by.
 */
"CREATE TABLE intent ("
"    n INTEGER PRIMARY KEY,"
"    key BLOB NOT NULL,"
"    mailbox BLOB NOT NULL,"
"    address TEXT NOT NULL,"
"    folder INTEGER NOT NULL)",
"CREATE TABLE moving ("
"    id INTEGER PRIMARY KEY,"
"    intent INTEGER NOT NULL,"
"    place INTEGER NOT NULL)",          /* in the order asked for */

NULL
};


static const char *const *const  ptn_upgrade_lists_2[] = {
    ptn_upgrade_2, NULL
};


static const char *const *const *const  ptn_upgrades[] = {
    NULL, NULL, ptn_upgrade_lists_2, ptn_upgrade_3
};

_Static_assert(ptn_nelts(ptn_upgrades) == PTN_SCHEMA_VERSION + 1,
               "one list for each version");


ptn_rc_t
ptn_upgrade_to(ptn_mbox_t *mb, int64_t version)
{
    char                       text[64];
    ptn_rc_t                   rc;
    const char *const         *one;
    const char *const *const  *list;

    for (list = ptn_upgrades[version]; *list != NULL; list++) {
        for (one = *list; *one != NULL; one++) {
            rc = ptn_sql_exec(mb, *one);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    snprintf(text, sizeof(text), "UPDATE meta SET v_schema=%d", (int) version);

    return ptn_sql_exec(mb, text);
}


static ptn_rc_t
ptn_upgrade_run(ptn_mbox_t *mb)
{
    int64_t   n;
    ptn_rc_t  rc;

    /* another executor may have been first */

    rc = ptn_sql_number(mb, "SELECT v_schema FROM meta", &n);

    while (rc == PTN_OK && n >= 1 && n < PTN_SCHEMA_VERSION) {
        rc = ptn_upgrade_to(mb, ++n);

        if (rc == PTN_OK && n == 3) {
            rc = ptn_mark_all(mb);
        }
    }

    return rc;
}


ptn_rc_t
ptn_upgrade(ptn_mbox_t *mb, int64_t from)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_WRITE, PTN_BUSY_MS);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_sql_exec(mb, "BEGIN IMMEDIATE");

    if (rc == PTN_OK) {
        rc = ptn_upgrade_run(mb);

        if (rc == PTN_OK) {
            rc = ptn_sql_exec(mb, "COMMIT");
        }

        if (rc != PTN_OK) {
            ptn_sql_exec(mb, "ROLLBACK");
        }
    }

    ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);

    ptn_log(mb->store->log, PTN_LOG_DEBUG, "mailbox=%s schema=%lld rc=%s",
            mb->address, (long long) from, ptn_err(rc)->name);

    return rc;
}
