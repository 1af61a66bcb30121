/*
 * Where a query looks, and lists of ids.
 */

#include <stdlib.h>

#include "ptn_search.h"


static int
ptn_search_compare(const void *a, const void *b)
{
    ptn_id_t  x, y;

    x = *(const ptn_id_t *) a;
    y = *(const ptn_id_t *) b;

    return (x > y) - (x < y);
}


bool
ptn_search_has(const ptn_id_t *ids, size_t n, ptn_id_t id)
{
    return n != 0 && bsearch(&id, ids, n, sizeof(ptn_id_t),
                             ptn_search_compare) != NULL;
}


ptn_rc_t
ptn_search_push(ptn_search_ids_t *l, ptn_id_t id)
{
    void  *p;

    if (l->n == l->size) {
        l->size = l->size ? 2 * l->size : 256;

        p = realloc(l->p, l->size * sizeof(ptn_id_t));
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        l->p = p;
    }

    l->p[l->n++] = id;

    return PTN_OK;
}


ptn_rc_t
ptn_search_sorted(ptn_search_t *s, ptn_search_ids_t *l, ptn_id_t **ret,
    size_t *ret_n)
{
    size_t  i, n;

    if (l->n != 0) {
        qsort(l->p, l->n, sizeof(ptn_id_t), ptn_search_compare);
    }

    for (i = 0, n = 0; i < l->n; i++) {
        if (n == 0 || l->p[i] != l->p[n - 1]) {
            l->p[n++] = l->p[i];
        }
    }

    *ret = ptn_pmemdup(s->pool, l->p, n * sizeof(ptn_id_t));
    *ret_n = n;
    free(l->p);
    memset(l, 0, sizeof(ptn_search_ids_t));

    return (*ret == NULL) ? PTN_ENOMEM : PTN_OK;
}


/* ---- the scope --------------------------------------------------------- */

static ptn_rc_t
ptn_search_scope_found(ptn_search_t *s, ptn_id_t folder)
{
    ptn_rc_t             rc;
    sqlite3_stmt        *st;
    ptn_search_ids_t     l = { NULL, 0, 0 };
    ptn_search_found_t  *f;

    st = ptn_sql(s->mb, PTN_SQL_FOUND_IDS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    while ((rc = ptn_sql_step(s->mb, st)) == PTN_AGAIN) {
        rc = ptn_search_push(&l, ptn_sql_u64(st, 0));

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            break;
        }
    }

    if (rc == PTN_OK) {
        f = &s->found[s->nfound++];
        rc = ptn_search_sorted(s, &l, &f->ids, &f->n);
    }

    free(l.p);

    return rc;
}


static ptn_rc_t
ptn_search_scope_folder(ptn_search_t *s, ptn_id_t id, bool deep)
{
    uint32_t             i;
    ptn_rc_t             rc;
    ptn_set_t           *set;

    rc = ptn_rights_need(s->mb, id, PTN_RIGHT_READ_ANY);

    if (rc != PTN_OK) {
        return rc;
    }

    set = s->set;
    i = ptn_set_index(set, id);

    if (i == PTN_SET_NONE) {
        return PTN_ENOTFOUND;
    }

    if (set->folders[i].search) {
        return ptn_search_scope_found(s, id);
    }

    s->readable[i] = true;

    for (i = 0; deep && i < set->n; i++) {
        if (!set->folders[i].search
            && ptn_folder_below(s->mb, set->folders[i].id, id)
            && ptn_rights_need(s->mb, set->folders[i].id, PTN_RIGHT_READ_ANY)
               == PTN_OK)
        {
            s->readable[i] = true;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_search_scope(ptn_search_t *s, const ptn_scope_t *scope)
{
    size_t       n;
    uint32_t     i;
    ptn_rc_t     rc;

    rc = ptn_mbox_set(s->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    s->set = s->mb->set;
    s->readable = ptn_pcalloc(s->pool, s->set->n + 1);
    s->found = ptn_parray(s->pool, scope->n, sizeof(ptn_search_found_t));

    if (s->readable == NULL || s->found == NULL) {
        return PTN_ENOMEM;
    }

    for (n = 0; n < scope->n && rc == PTN_OK; n++) {
        rc = ptn_search_scope_folder(s, scope->folders[n], scope->deep);
    }

    for (i = 0; scope->n == 0 && i < s->set->n && rc == PTN_OK; i++) {
        s->readable[i] = !s->set->folders[i].search
                         && ptn_rights_need(s->mb, s->set->folders[i].id,
                                            PTN_RIGHT_READ_ANY) == PTN_OK;
    }

    return rc;
}
