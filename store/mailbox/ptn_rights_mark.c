/*
 * Whose a message is, and whether it is private (table mark): a row for those
 * that the owner has not made, or that others are not to see.
 */

#include <stdlib.h>

#include "ptn_item.h"


#define PTN_SENSITIVITY_PRIVATE  2      /* MS-OXCMSG 2.2.1.13 */


ptn_rc_t
ptn_mark_get(ptn_mbox_t *mb, ptn_id_t id, ptn_mark_t *ret_mark)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    memset(ret_mark, 0, sizeof(ptn_mark_t));

    st = ptn_sql(mb, PTN_SQL_MARK_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        ret_mark->creator = ptn_sql_u64(st, 0);
        ret_mark->secret = ptn_sql_u64(st, 1) != 0;
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


/* Whoever copies has made the copy; what is private stays so. */

ptn_rc_t
ptn_mark_add(ptn_mbox_t *mb, ptn_id_t id, ptn_id_t from)
{
    ptn_rc_t    rc;
    uint64_t    creator;
    ptn_mark_t  mark;

    memset(&mark, 0, sizeof(mark));
    rc = PTN_OK;

    if (from != 0) {
        rc = ptn_mark_get(mb, from, &mark);
    }

    creator = mb->acting.owner ? 0 : mb->acting.user;

    if (rc == PTN_OK && (creator != 0 || mark.secret)) {
        rc = ptn_sql_run(mb, PTN_SQL_MARK_ADD, 3, id, creator,
                         (uint64_t) mark.secret);
    }

    return rc;
}


static bool
ptn_mark_is_secret(ptn_str_t packed)
{
    int64_t    v;
    ptn_bag_t  bag;

    return packed.len != 0 && ptn_bag_open(packed, &bag) == PTN_OK
           && ptn_bag_int(&bag, PTN_PR_SENSITIVITY, &v)
           && v == PTN_SENSITIVITY_PRIVATE;
}


/*
 * Of a mailbox of a former version.  Items that have no bag yet (derived 0)
 * are marked when they get one.
 */

ptn_rc_t
ptn_mark_all(ptn_mbox_t *mb)
{
    ptn_rc_t       rc, mark;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_MARK_BAGS, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        if (!ptn_mark_is_secret(ptn_sql_column(st, 1))) {
            continue;
        }

        mark = ptn_sql_run(mb, PTN_SQL_MARK_SECRET, 1, ptn_sql_u64(st, 0));

        if (mark != PTN_OK) {
            sqlite3_reset(st);
            return mark;
        }
    }

    return rc;
}


ptn_rc_t
ptn_mark_item(ptn_mbox_t *mb, ptn_id_t id, const ptn_item_t *item,
    bool fresh)
{
    bool  secret;

    secret = ptn_mark_is_secret(item->packed);

    if (fresh && !secret) {
        return PTN_OK;
    }

    return ptn_sql_run(mb, secret ? PTN_SQL_MARK_SECRET
                                  : PTN_SQL_MARK_OPEN, 1, id);
}


ptn_rc_t
ptn_mark_drop(ptn_mbox_t *mb, ptn_id_t id)
{
    return ptn_sql_run(mb, PTN_SQL_MARK_DROP, 1, id);
}


static int
ptn_mark_compare(const void *a, const void *b)
{
    ptn_id_t  x, y;

    x = *(const ptn_id_t *) a;
    y = *(const ptn_id_t *) b;

    return (x > y) - (x < y);
}


bool
ptn_mark_hides(const ptn_id_t *ids, size_t n, ptn_id_t id)
{
    return n != 0
           && bsearch(&id, ids, n, sizeof(ptn_id_t), ptn_mark_compare) != NULL;
}


/* A search folder follows its scope for whoever set it, and others look. */

static ptn_rc_t
ptn_mark_found(ptn_mbox_t *mb, ptn_id_t folder, ptn_buf_t *b)
{
    bool           own, secret;
    ptn_id_t       id;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_rights_load(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_MARK_FOUND, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        id = ptn_sql_u64(st, 0);
        own = sqlite3_column_type(st, 2) != SQLITE_NULL
              && ptn_sql_u64(st, 2) == mb->acting.user;
        secret = ptn_sql_u64(st, 3) != 0 && !own && !mb->acting.secrets;

        if (secret || !ptn_rights_sees(mb, ptn_sql_u64(st, 1),
                                       PTN_RIGHT_READ_ANY))
        {
            ptn_buf_add(b, &id, sizeof(ptn_id_t));
        }
    }

    return rc;
}


static ptn_rc_t
ptn_mark_secrets(ptn_mbox_t *mb, ptn_id_t folder, ptn_buf_t *b)
{
    ptn_id_t       id;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (mb->acting.secrets) {
        return PTN_OK;
    }

    st = ptn_sql(mb, PTN_SQL_MARK_HIDDEN, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) mb->acting.user);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        id = ptn_sql_u64(st, 0);
        ptn_buf_add(b, &id, sizeof(ptn_id_t));
    }

    return rc;
}


ptn_rc_t
ptn_mark_hidden(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_id_t **ret_ids, size_t *ret_n)
{
    ptn_rc_t       rc;
    ptn_buf_t      b;
    ptn_folder_t  *f;

    *ret_ids = NULL;
    *ret_n = 0;

    if (mb->acting.all) {
        return PTN_OK;
    }

    ptn_buf_init(&b, pool);

    rc = (ptn_folder_of(mb, folder, &f) == PTN_OK && f->search)
         ? ptn_mark_found(mb, folder, &b) : ptn_mark_secrets(mb, folder, &b);

    if (rc == PTN_OK && b.failed) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        *ret_ids = (ptn_id_t *) b.data;
        *ret_n = b.len / sizeof(ptn_id_t);
    }

    return rc;
}
