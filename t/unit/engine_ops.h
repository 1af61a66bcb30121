/*
 * Every operation of the engine that changes something, one after another, as
 * rows of a table: tests lose the power in each, fail its changes of files and
 * its allocations.  t/unit/power_engine.c fails when a call of the headers that
 * changes something is in no row.
 */

#ifndef ENGINE_OPS_H
#define ENGINE_OPS_H


#include "engine_calls.h"


typedef struct {
    const char  *calls;         /* without "ptn_", by blanks */
    int          box;           /* of its transaction; -1: none */
    ptn_rc_t   (*tx)(ptn_txn_t *tx, engine_t *e);
    ptn_rc_t   (*run)(engine_t *e);
} engine_op_t;


/* ---- more than one mailbox ----------------------------------------------- */

static ptn_rc_t
engine_transfer(engine_t *e, bool copy)
{
    ptn_id_t  ids[2], *got;

    ids[0] = engine_nth(e->mb[ALICE], PTN_FOLDER_INBOX, 1);
    ids[1] = engine_nth(e->mb[ALICE], PTN_FOLDER_INBOX, 2);

    return ptn_msg_transfer_mbox(e->mb[ALICE], e->mb[BOB], e->pool,
                                 PTN_FOLDER_INBOX, ids, 2, PTN_FOLDER_INBOX,
                                 copy, &got);
}


static ptn_rc_t
op_transfer_copy(engine_t *e)
{
    return engine_transfer(e, true);
}


static ptn_rc_t
op_transfer(engine_t *e)
{
    return engine_transfer(e, false);
}


static ptn_rc_t
op_public(engine_t *e)
{
    return ptn_public_open(e->store, ptn_str("example.test"), NULL,
                           &e->mb[ENGINE_PUBLIC]);
}


static ptn_rc_t
op_post(ptn_txn_t *tx, engine_t *e)
{
    ptn_id_t  id;
    ptn_rc_t  rc;

    rc = ptn_folder_create(tx, PTN_PUBLIC_IPM_SUBTREE, ptn_str("club"), NULL,
                           &id);
    ENGINE_TRY(rc, engine_add(tx, e, id, 60, 100, NULL));
    ENGINE_TRY(rc, engine_add(tx, e, id, 61, 100, NULL));

    return rc;
}


/* One's own read state. */

static ptn_rc_t
op_reader(engine_t *e)
{
    uint32_t                              uid = 1;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_public_open(e->store, ptn_str("example.test"), &e->actor, &mb);
    ENGINE_TRY(rc, ptn_txn_begin(&tx, mb));
    ENGINE_TRY(rc, ptn_msg_flags(&tx, engine_folder(mb, "club"), &uid, 1,
                                 PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0, 0, NULL));
    ENGINE_TRY(rc, ptn_txn_commit(&tx));
    ENGINE_TRY(rc, ptn_store_commit(e->store));

    return rc;
}


/* That state as a set, given back with one message more. */

static ptn_rc_t
op_reader_set(engine_t *e)
{
    ptn_id_t                              club;
    ptn_rc_t                              rc;
    ptn_str_t                             set;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_public_open(e->store, ptn_str("example.test"), &e->actor, &mb);
    club = rc == PTN_OK ? engine_folder(mb, "club") : 0;
    ENGINE_TRY(rc, ptn_reader_set_get(mb, e->pool, club, &set));
    ENGINE_TRY(rc, ptn_txn_begin(&tx, mb));
    ENGINE_TRY(rc, ptn_reader_set_put(&tx, club, ptn_str_make(NULL, 0)));
    ENGINE_TRY(rc, ptn_reader_set_put(&tx, club, set));
    ENGINE_TRY(rc, ptn_txn_commit(&tx));
    ENGINE_TRY(rc, ptn_store_commit(e->store));

    return rc;
}


/* One that is due goes, as by who puts it into the queue. */

static ptn_rc_t
op_receipt(engine_t *e)
{
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_receipt_t   r;

    rc = ptn_receipt_next(e->store, e->pool, &mb, &r);
    ENGINE_TRY(rc, ptn_receipt_done(mb, &r, true));

    return (rc == PTN_ENOTFOUND) ? ptn_receipt_sweep(e->mb[ALICE]) : rc;
}


/* ---- idle work ----------------------------------------------------------- */

static ptn_rc_t
op_idle(engine_t *e)
{
    e->mb[ALICE]->tidy_ms = 0;
    ptn_store_idle(e->store);

    return e->mb[ALICE]->state == PTN_MBOX_OPEN ? PTN_OK : PTN_EUNAVAIL;
}


/* All that was kept goes: blobs, too. */

static ptn_rc_t
op_purge(engine_t *e)
{
    int64_t   n;
    ptn_rc_t  rc;
    unsigned  i;

    e->conf.deleted_retention = 0;
    rc = PTN_OK;

    for (i = 0; i < 3 && rc == PTN_OK; i++) {
        rc = op_idle(e);
    }

    e->conf.deleted_retention = 14 * 86400;
    ENGINE_TRY(rc, ptn_sql_number(e->mb[ALICE], "SELECT count(*) FROM gone",
                                  &n));

    return rc == PTN_OK && n != 0 ? PTN_EUNAVAIL : rc;
}


static ptn_rc_t
op_dictionary(ptn_txn_t *tx, engine_t *e)
{
    size_t       i, n, sizes[400];
    static char  text[400 * 100], made[4096];

    (void) e;

    for (i = n = 0; i < ptn_nelts(sizes); i++) {
        sizes[i] = (size_t) snprintf(text + n, 100, "From: a%zu@example.test"
                                     "\r\nSubject: mail %zu\r\n some words %zu"
                                     "\r\n", i * 7, i * 31, i * 7919);
        n += sizes[i];
    }

    n = ZDICT_trainFromBuffer(made, sizeof(made), text, sizes,
                              (unsigned) ptn_nelts(sizes));

    return ZDICT_isError(n) ? PTN_ENOMEM
           : ptn_dictionary_set(tx, ptn_str_make(made, n));
}


static ptn_rc_t
op_repack(engine_t *e)
{
    bool      more;
    ptn_rc_t  rc;

    rc = ptn_dictionary_repack(e->mb[ALICE], 100, &more);
    ENGINE_TRY(rc, ptn_store_pending(e->store) ? ptn_store_commit(e->store)
                                               : PTN_OK);

    return rc;
}


/* ---- whole mailboxes ----------------------------------------------------- */

static ptn_rc_t
op_compact(engine_t *e)
{
    ptn_mbox_sizes_t  a, b;

    return ptn_mbox_compact(e->store, &e->user[ALICE], &a, &b);
}


static inline void
engine_dir(engine_t *e, char dir[300])
{
    snprintf(dir, 300, "%s/backup", e->root);
}


static ptn_rc_t
op_backup(engine_t *e)
{
    char           dir[300];
    ptn_rc_t       rc;
    uint64_t       bytes;
    ptn_backup_t  *b;

    engine_dir(e, dir);
    rc = ptn_backup_open(e->store, dir, false, NULL, &b);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_backup_drop_others(b);
    ENGINE_TRY(rc, ptn_backup_mailbox(b, &e->user[ALICE]));
    ENGINE_TRY(rc, ptn_backup_finish(b));
    ptn_backup_close(b);
    ENGINE_TRY(rc, ptn_backup_prune(e->store, dir, NULL, &bytes));

    return rc;
}


static ptn_rc_t
op_restore(engine_t *e)
{
    char  dir[300];

    engine_dir(e, dir);

    return ptn_restore_mailbox(e->store, dir, e->user[ALICE].address,
                               &e->user[CAROL], false, NULL);
}


/*
 * In another's place.  Who has the old one open may write on to it, and the
 * simulator would take that for the new one, which has its path: so there is
 * nothing left to write.
 */

static ptn_rc_t
op_replace(engine_t *e)
{
    char      dir[300];
    ptn_rc_t  rc;

    engine_dir(e, dir);
    rc = e->mb[CAROL] ? ptn_checkpoint(e->mb[CAROL], true, true)
                      : PTN_ENOTFOUND;

    return rc != PTN_OK ? rc
           : ptn_restore_mailbox(e->store, dir, e->user[ALICE].address,
                                 &e->user[CAROL], true, NULL);
}


static ptn_rc_t
op_make(engine_t *e)
{
    return ptn_mbox_create(e->store, &e->user[DORA]);
}


static ptn_rc_t
op_import(engine_t *e)
{
    int       fd;
    char      path[300];
    ptn_rc_t  rc;

    snprintf(path, sizeof(path), "%s.export", e->root);
    fd = open(path, O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
    unlink(path);
    rc = e->mb[DORA] ? ptn_checkpoint(e->mb[DORA], true, true)
                     : PTN_ENOTFOUND;           /* as above */
    ENGINE_TRY(rc, ptn_mbox_export(e->store, &e->user[BOB], fd, NULL));
    lseek(fd, 0, SEEK_SET);
    ENGINE_TRY(rc, ptn_mbox_import(e->store, &e->user[DORA], fd, NULL, NULL));
    close(fd);

    return rc;
}


static ptn_rc_t
op_rename(engine_t *e)
{
    ptn_rc_t  rc;

    engine_close(e);                    /* nobody may have it open */
    rc = ptn_store_open(&e->opts, &e->store);
    ENGINE_TRY(rc, ptn_mbox_rename(e->store, &e->user[ERIN],
                                   e->user[DORA].address));

    return rc;
}


static ptn_rc_t
op_delete(engine_t *e)
{
    return ptn_mbox_delete(e->store, &e->user[ERIN]);
}


/* A counter is wrong, and is put right. */

static ptn_rc_t
op_spoil(engine_t *e)
{
    return e->mb[CAROL] == NULL ? PTN_ENOTFOUND
           : ptn_sql_exec(e->mb[CAROL], "UPDATE folder SET total=total+1"
                        " WHERE id=14");
}


static void
engine_line(void *ctx PTN_UNUSED, const char *line)
{
    if (getenv("ENGINE_SHOW")) {
        printf("#   %s\n", line);
    }
}


static ptn_rc_t
op_repair(engine_t *e)
{
    return ptn_mbox_check(e->store, &e->user[CAROL], true, engine_line, NULL);
}


static ptn_rc_t
op_salvage(engine_t *e)
{
    ptn_rc_t  rc;

    rc = e->mb[CAROL] ? ptn_checkpoint(e->mb[CAROL], true, true)
                      : PTN_ENOTFOUND;          /* as above */

    ENGINE_TRY(rc, ptn_mbox_salvage(e->store, &e->user[CAROL], engine_line,
                                    NULL));
    ENGINE_TRY(rc, op_repair(e));       /* as who calls it does */

    return rc;
}


static ptn_rc_t
op_reopen(engine_t *e)
{
    engine_close(e);

    return engine_open(e);
}


static const engine_op_t  engine_ops[] = {
    { "mbox_open", -1, NULL, op_open },
    { "msg_append txn_begin txn_commit txn_done store_commit", ALICE,
      op_deliver, NULL },
    { "keyword_add msg_flags msg_flags_ids", ALICE, op_flags, NULL },
    { "folder_create folder_subscribe folder_props_set", ALICE, op_folders,
      NULL },
    { "msg_copy msg_copy_ids", ALICE, op_copy, NULL },
    { "msg_move msg_move_ids", ALICE, op_move, NULL },
    { "named_ids txn_mid msg_create", ALICE, op_create, NULL },
    { "msg_update", ALICE, op_update, NULL },
    { "msg_set_props msg_status_set msg_name_set msg_read_ids", ALICE,
      op_props, NULL },
    { "search_folder_create search_folder_set", ALICE, op_search, NULL },
    { "search_work", -1, NULL, op_index },
    { "msg_nonread_ids msg_gone_ids msg_gone", ALICE, op_gone, NULL },
    { "receipt_next receipt_done", -1, NULL, op_receipt },
    { "receipt_next receipt_done", -1, NULL, op_receipt },
    { "receipt_sweep", -1, NULL, op_receipt },
    { "gone_recover gone_expunge_ids", ALICE, op_recover, NULL },
    { "folder_remove", ALICE, op_remove, NULL },
    { "gone_folder_recover", ALICE, op_bring, NULL },
    { "folder_copy_begin folder_copy_some folder_move", ALICE, op_copy_folder,
      NULL },
    { "folder_clear folder_delete", ALICE, op_clear, NULL },
    { "gone_folder_delete", ALICE, op_for_good, NULL },
    { "rule_add rule_modify rule_delete rule_clear", ALICE, op_rule, NULL },
    { "receive_set rights_modify store_props_set per_user_put", ALICE,
      op_about, NULL },
    { "ics_id ics_check_message ics_import_message ics_local_ids"
      " ics_import_folder", ALICE, op_upload, NULL },
    { "ics_import_reads ics_import_move ics_import_deletes"
      " ics_import_folder_deletes ics_state_learn", ALICE, op_upload_more,
      NULL },
    { "device_put device_client_set device_delete", ALICE, op_device, NULL },
    { "mbox_open store_close", -1, NULL, op_reopen },
    { "msg_expunge msg_expunge_ids", ALICE, op_expunge, NULL },
    { "msg_transfer_mbox", -1, NULL, op_transfer_copy },
    { "msg_transfer_mbox", -1, NULL, op_transfer },
    { "public_open", -1, NULL, op_public },
    { "msg_append folder_create", ENGINE_PUBLIC, op_post, NULL },
    { "msg_flags", -1, NULL, op_reader },
    { "reader_set_put", -1, NULL, op_reader_set },
    { "dictionary_set", ALICE, op_dictionary, NULL },
    { "dictionary_repack", -1, NULL, op_repack },
    { "store_idle", -1, NULL, op_purge },
    { "tomb_purge", ALICE, op_tombs, NULL },
    { "mbox_compact", -1, NULL, op_compact },
    { "backup_open backup_drop_others backup_mailbox backup_finish"
      " backup_close backup_prune", -1, NULL, op_backup },
    { "restore_mailbox", -1, NULL, op_restore },
    { "restore_mailbox", -1, NULL, op_replace },
    { "", -1, NULL, op_open },
    { "", -1, NULL, op_spoil },
    { "mbox_check", -1, NULL, op_repair },
    { "mbox_salvage", -1, NULL, op_salvage },
    { "mbox_create", -1, NULL, op_make },
    { "mbox_import", -1, NULL, op_import },
    { "mbox_rename", -1, NULL, op_rename },
    { "mbox_delete", -1, NULL, op_delete },
    { "store_idle", -1, NULL, op_idle },
    { "mbox_open store_close", -1, NULL, op_reopen }
};


/* One of them, and its commit. */

static inline ptn_rc_t
engine_do(engine_t *e, const engine_op_t *op)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = engine_mboxes(e);

    if (rc == PTN_OK && op->run != NULL) {
        return op->run(e);
    }

    ENGINE_TRY(rc, ptn_txn_begin(&tx, e->mb[op->box]));
    ENGINE_TRY(rc, op->tx(&tx, e));
    ENGINE_TRY(rc, ptn_txn_commit(&tx));

    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        return ptn_store_commit(e->store);
    }

    if (ptn_store_pending(e->store)) {
        ptn_store_rollback(e->store);
    }

    return rc;
}


#endif /* ENGINE_OPS_H */
