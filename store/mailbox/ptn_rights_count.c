/*
 * A folder's counters as somebody sees them: without private messages, and of
 * a search folder without what is in folders that are closed to him.  What is
 * to be taken off is counted for all folders at once and kept beside the set
 * until something changes.
 */

#include "ptn_item.h"


typedef struct {
    uint32_t  total, unread, deleted;
    uint64_t  size;
} ptn_hides_row_t;

struct ptn_hides_s {
    uint64_t         serial;        /* of whom */
    uint64_t         cn, event;     /* of when */
    bool             tx;
    ptn_hides_row_t  rows[];        /* beside set->folders */
};


static void
ptn_hides_add(ptn_hides_row_t *r, sqlite3_stmt *st, int col)
{
    r->total += (uint32_t) ptn_sql_u64(st, col);
    r->unread += (uint32_t) ptn_sql_u64(st, col + 1);
    r->deleted += (uint32_t) ptn_sql_u64(st, col + 2);
    r->size += ptn_sql_u64(st, col + 3);
}


static ptn_rc_t
ptn_hides_secrets(ptn_mbox_t *mb, ptn_hides_t *h)
{
    ptn_rc_t       rc;
    uint32_t       i;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_MARK_COUNT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) mb->acting.user);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        i = ptn_set_index(mb->set, ptn_sql_u64(st, 0));

        if (i != PTN_SET_NONE) {
            ptn_hides_add(&h->rows[i], st, 1);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_hides_found(ptn_mbox_t *mb, uint32_t at, ptn_hides_row_t *r)
{
    bool           secret;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_MARK_FOUND_COUNT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) mb->set->folders[at].id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) mb->acting.user);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        secret = ptn_sql_u64(st, 1) != 0 && !mb->acting.secrets;

        if (secret || !ptn_rights_sees(mb, ptn_sql_u64(st, 0),
                                       PTN_RIGHT_READ_ANY))
        {
            ptn_hides_add(r, st, 2);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_hides_read(ptn_mbox_t *mb, ptn_hides_t *h)
{
    uint32_t  i;
    ptn_rc_t  rc;

    rc = mb->acting.secrets ? PTN_OK : ptn_hides_secrets(mb, h);

    for (i = 0; i < mb->set->n && rc == PTN_OK && mb->set->nsearch; i++) {
        if (mb->set->folders[i].search && ptn_rights_shows(mb, i)) {
            rc = ptn_hides_found(mb, i, &h->rows[i]);
        }
    }

    return rc;
}


/* NULL: nothing is hidden. */

static ptn_rc_t
ptn_hides_get(ptn_mbox_t *mb, const ptn_hides_t **ret)
{
    size_t        size;
    ptn_rc_t      rc;
    ptn_hides_t  *h;

    *ret = NULL;

    if (mb->acting.all) {
        return PTN_OK;
    }

    rc = ptn_rights_load(mb);

    if (rc != PTN_OK || (mb->acting.secrets && mb->set->nsearch == 0)) {
        return rc;
    }

    rc = ptn_mbox_meta(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    h = mb->set->hides;

    if (h != NULL && h->serial == mb->acting.serial && h->cn == mb->meta.cn
        && h->event == mb->meta.event && h->tx == (mb->tx != NULL))
    {
        *ret = h;
        return PTN_OK;
    }

    size = sizeof(ptn_hides_t) + mb->set->n * sizeof(ptn_hides_row_t);

    if (h == NULL) {
        h = ptn_palloc(mb->set->pool, size);
        if (h == NULL) {
            return PTN_ENOMEM;
        }

        mb->set->hides = h;
    }

    memset(h, 0, size);
    rc = ptn_hides_read(mb, h);

    if (rc == PTN_OK) {
        h->serial = mb->acting.serial;
        h->cn = mb->meta.cn;
        h->event = mb->meta.event;
        h->tx = (mb->tx != NULL);
        *ret = h;
    }

    return rc;
}


ptn_rc_t
ptn_rights_counts(ptn_mbox_t *mb, const ptn_folder_t *f, ptn_folder_t *ret)
{
    ptn_rc_t                rc;
    const ptn_hides_t      *h;
    const ptn_hides_row_t  *r;

    rc = ptn_hides_get(mb, &h);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret = *f;
    ret->unread = ptn_reader_unread(mb, f);

    if (h != NULL) {
        r = &h->rows[f - mb->set->folders];
        ret->total -= ptn_min(r->total, ret->total);
        ret->deleted -= ptn_min(r->deleted, ret->deleted);
        ret->size -= ptn_min(r->size, ret->size);

        if (mb->kind == PTN_MBOX_PRIVATE) {
            ret->unread -= ptn_min(r->unread, ret->unread);
        }

        ret->unread = ptn_min(ret->unread, ret->total);
    }

    return PTN_OK;
}
