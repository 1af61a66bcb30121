/*
 * Import into a mailbox that has messages: by way of a mailbox of its own,
 * from which they are moved.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_import.h"
#include "ptn_item.h"


#define PTN_IMPORT_MOVED  100


static ptn_rc_t
ptn_import_child(ptn_mbox_t *mb, ptn_id_t parent, ptn_str_t name,
    const char *cls, ptn_id_t *ret_id)
{
    ptn_rc_t             rc;
    ptn_txn_t            tx = { 0 };
    const ptn_folder_t  *f;

    rc = ptn_folder_child(mb, parent, name, &f);

    if (rc == PTN_OK) {
        *ret_id = f->id;
        return PTN_OK;
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, parent, name, cls, ret_id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return (rc == PTN_OK) ? ptn_store_commit(mb->store) : rc;
}


/* Messages of one folder, moved: what has moved is not read again. */

static ptn_rc_t
ptn_import_messages(ptn_import_t *x, const ptn_user_t *from, ptn_id_t folder,
    ptn_id_t to)
{
    size_t         n;
    ptn_id_t       ids[PTN_IMPORT_MOVED], *got;
    ptn_rc_t       rc;
    ptn_mbox_t    *a, *b;
    ptn_pool_t    *pool;
    sqlite3_stmt  *st;

    for ( ;; ) {
        rc = ptn_mbox_open_made(x->store, from, &a);

        if (rc == PTN_OK) {
            rc = ptn_mbox_open(x->store, x->user, NULL, &b);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (sqlite3_prepare_v2(a->db, "SELECT id FROM message WHERE folder=?1"
                               " ORDER BY uid LIMIT 100", -1, &st, NULL)
            != SQLITE_OK)
        {
            return PTN_EINTERNAL;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

        for (n = 0; n < PTN_IMPORT_MOVED && sqlite3_step(st) == SQLITE_ROW;
             n++)
        {
            ids[n] = ptn_sql_u64(st, 0);
        }

        sqlite3_finalize(st);

        if (n == 0) {
            return PTN_OK;
        }

        pool = ptn_pool_create(0, NULL);
        rc = (pool == NULL) ? PTN_ENOMEM
             : ptn_msg_transfer_mbox(a, b, pool, folder, ids, n, to, false,
                                     &got);
        ptn_pool_destroy(pool);

        if (rc != PTN_OK) {
            return rc;
        }

        x->rows += n;
        ptn_ops_progress(x->ops, "messages", x->rows, 0);
    }
}


static ptn_rc_t
ptn_import_folders(ptn_import_t *x, const ptn_user_t *from, ptn_id_t top)
{
    size_t               i, k, n;
    ptn_id_t            *to, parent;
    ptn_rc_t             rc;
    ptn_mbox_t          *a, *b;
    ptn_pool_t          *pool;
    ptn_folder_t        *copy;
    const ptn_folder_t  *f;

    pool = ptn_pool_create(0, NULL);
    rc = pool ? ptn_mbox_open(x->store, from, NULL, &a) : PTN_ENOMEM;

    if (rc == PTN_OK) {
        rc = ptn_folder_list(a, &f, &n);
    }

    if (rc != PTN_OK) {
        ptn_pool_destroy(pool);
        return rc;
    }

    copy = ptn_parray(pool, n + 1, sizeof(ptn_folder_t));
    to = ptn_parray(pool, n + 1, sizeof(ptn_id_t));
    rc = (copy != NULL && to != NULL) ? PTN_OK : PTN_ENOMEM;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        copy[i] = f[i];
        copy[i].name = ptn_str_dup(pool, f[i].name);
        copy[i].cls = ptn_str_make(ptn_str_dupz(pool, f[i].cls),
                                   f[i].cls.len);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        parent = top;

        for (k = 0; k < i; k++) {
            if (copy[k].id == copy[i].parent) {
                parent = to[k];
            }
        }

        rc = ptn_mbox_open(x->store, x->user, NULL, &b);

        if (rc == PTN_OK) {
            rc = ptn_import_child(b, parent, copy[i].name,
                                  (char *) copy[i].cls.data, &to[i]);
        }

        if (rc == PTN_OK && !copy[i].search) {
            rc = ptn_import_messages(x, from, copy[i].id, to[i]);
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* The file is in, for good; another run finds it. */

static ptn_rc_t
ptn_import_once(ptn_import_t *x)
{
    u_char       key[17];
    ptn_rc_t     rc;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    key[0] = 'I';
    memcpy(key + 1, x->id, 16);
    rc = ptn_mbox_open(x->store, x->user, NULL, &mb);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_once(mb, ptn_str_make(key, sizeof(key)), 0, true);
        rc = (rc == PTN_EEXIST) ? PTN_OK : rc;
        mb->meta.dirty = true;
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return (rc == PTN_OK) ? ptn_store_commit(x->store) : rc;
}


ptn_rc_t
ptn_import_done(ptn_import_t *x, bool *ret_done)
{
    u_char         key[17];
    ptn_rc_t       rc;
    ptn_mbox_t    *mb;
    sqlite3_stmt  *st;

    *ret_done = false;
    key[0] = 'I';
    memcpy(key + 1, x->id, 16);
    rc = ptn_mbox_open(x->store, x->user, NULL, &mb);

    if (rc != PTN_OK
        || sqlite3_prepare_v2(mb->db, "SELECT 1 FROM once WHERE key=?1", -1,
                              &st, NULL) != SQLITE_OK)
    {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    sqlite3_bind_blob(st, 1, key, sizeof(key), SQLITE_STATIC);
    *ret_done = (sqlite3_step(st) == SQLITE_ROW);
    sqlite3_finalize(st);

    return PTN_OK;
}


/* Also when an earlier run was killed amid its removal. */

static ptn_rc_t
ptn_import_remove(ptn_import_t *x, const ptn_user_t *from)
{
    char      *dir;
    ptn_rc_t   rc;

    rc = ptn_mbox_delete(x->store, from);

    if (rc == PTN_ENOTFOUND) {
        rc = ptn_mbox_path(x->store->conf, from->address, &dir);

        if (rc == PTN_OK) {
            ptn_ops_remove(dir);
            free(dir);
            rc = ptn_epoch_delete(x->store, from->mailbox);
        }
    }

    return rc;
}


/*
 * By way of a mailbox of its own, from which the messages are moved, each
 * portion at most once (ptn_transfer.c): whatever happens in between, the
 * next run goes on.
 */

ptn_rc_t
ptn_import_merge(ptn_import_t *x, const char *under, bool staged)
{
    bool          done;
    char          hex[65];
    ptn_id_t      top;
    ptn_rc_t      rc;
    ptn_user_t    from;
    ptn_pool_t   *pool;
    ptn_mbox_t   *mb;
    const char   *at;
    ptn_user_t    was;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    ptn_ops_hex(x->id, hex);
    at = memchr(x->user->address.data, '@', x->user->address.len);
    memset(&from, 0, sizeof(from));
    memcpy(from.mailbox.b, x->id, 16);
    from.address = ptn_str_printf(pool, "import-%.16s@%.*s", hex,
                     (int) (x->user->address.len
                            - (size_t) (at + 1
                                        - (char *) x->user->address.data)),
                     at + 1);
    from.locale = x->user->locale;
    done = false;
    rc = staged ? PTN_OK : ptn_import_done(x, &done);

    if (rc == PTN_OK && done) {
        rc = ptn_import_remove(x, &from);
        ptn_pool_destroy(pool);
        return rc;
    }

    if (staged) {
        was = *x->user;
        x->user = &from;
        free(x->stage.place);
        x->stage.place = NULL;
        rc = ptn_mbox_path(x->store->conf, from.address, &x->stage.place);
        x->stage.user = &from;

        if (rc == PTN_OK) {
            rc = ptn_import_whole(x);
        }

        x->user = &was;
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_open(x->store, x->user, NULL, &mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_import_child(mb, PTN_FOLDER_IPM_SUBTREE, ptn_str_z(under),
                              "IPF.Note", &top);
    }

    if (rc == PTN_OK) {
        x->rows = 0;
        rc = ptn_import_folders(x, &from, top);
    }

    if (rc == PTN_OK) {
        rc = ptn_import_once(x);
    }

    if (rc == PTN_OK) {
        rc = ptn_import_remove(x, &from);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* A run that was interrupted while it moved messages. */

ptn_rc_t
ptn_import_left(ptn_import_t *x, bool *ret_left)
{
    char         hex[65], *dir;
    bool         same;
    ptn_rc_t     rc;
    ptn_str_t    address;
    ptn_pool_t  *pool;

    *ret_left = false;
    pool = ptn_pool_create(0, NULL);
    rc = pool ? ptn_stage_open(&x->stage, x->store, x->user, "import", true)
              : PTN_ENOMEM;

    if (rc != PTN_OK) {
        ptn_pool_destroy(pool);
        return rc;
    }

    rc = ptn_import_same(x, &same);
    ptn_stage_done(&x->stage, true);
    ptn_ops_hex(x->id, hex);
    address = ptn_str_printf(pool, "import-%.16s%s", hex,
                             strchr((char *) x->user->address.data, '@'));

    if (rc == PTN_OK) {
        rc = ptn_mbox_path(x->store->conf, address, &dir);

        if (rc == PTN_OK) {
            *ret_left = (access(dir, F_OK) == 0);
            free(dir);
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}
