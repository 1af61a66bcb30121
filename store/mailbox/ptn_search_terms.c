/*
 * Words of the index: those that begin with something, those that have
 * something in them.
 *
 * FTS5 answers a prefix with the documents of all words that have it, merged
 * before the first is seen.  A few words are better asked for one by one,
 * because their lists are read from the newest end.
 *
 * A word that has been found to have a piece in it is remembered with the
 * mailbox: contents are never changed, so that the list holds for all that
 * were in the index then; what came behind is looked at itself.
 */

#include <stdlib.h>

#include "ptn_search.h"


#define PTN_TERMS_KEPT    4             /* pieces */
#define PTN_TERMS_BYTES   4096          /* of the words of one */
#define PTN_TERMS_BEHIND  256           /* contents that came later, at most */

typedef struct {
    ptn_pool_t  *pool;                  /* NULL: empty */
    ptn_str_t    piece;
    bool         end;
    ptn_id_t     indexed;
    ptn_str_t   *terms;                 /* NULL: too many */
    size_t       n;
    uint64_t     used;
} ptn_terms_kept_t;

struct ptn_terms_s {
    uint64_t          tick;
    ptn_terms_kept_t  kept[PTN_TERMS_KEPT];
};


void
ptn_terms_forget(ptn_mbox_t *mb)
{
    size_t  i;

    if (mb->terms == NULL) {
        return;
    }

    for (i = 0; i < PTN_TERMS_KEPT; i++) {
        ptn_pool_destroy(mb->terms->kept[i].pool);
    }

    free(mb->terms);
    mb->terms = NULL;
}


static ptn_rc_t
ptn_terms_tables(ptn_mbox_t *mb)
{
    return ptn_sql_exec(mb, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.places"
                            " USING fts5vocab (main, words, instance)");
}


/* ---- a prefix ---------------------------------------------------------- */

/* The first word from `from` on; OK with data NULL: there is none. */

static ptn_rc_t
ptn_terms_seek(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t from,
    ptn_str_t *ret_term)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_term = ptn_str_make(NULL, 0);

    st = ptn_sql(mb, PTN_SQL_WORDS_FROM, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_sql_text(st, 1, from);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return rc;
    }

    *ret_term = ptn_str_dup(pool, ptn_sql_column(st, 0));
    sqlite3_reset(st);

    return (ret_term->data == NULL) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_search_prefix(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t prefix,
    ptn_str_t *terms, size_t max, size_t *ret_n)
{
    size_t     n;
    ptn_rc_t   rc;
    ptn_buf_t  from;
    ptn_str_t  term;

    rc = ptn_terms_tables(mb);
    term = prefix;

    for (n = 0; rc == PTN_OK && n <= max; n++) {
        ptn_buf_init(&from, pool);
        ptn_buf_str(&from, term);

        if (n != 0) {
            ptn_buf_byte(&from, '\0');      /* what comes right behind it */
        }

        rc = ptn_terms_seek(mb, pool, ptn_buf_get(&from), &term);

        if (rc != PTN_OK || term.len < prefix.len
            || memcmp(term.data, prefix.data, prefix.len) != 0)
        {
            break;
        }

        if (n < max) {
            terms[n] = term;
        }
    }

    if (rc == PTN_OK) {
        *ret_n = n;
    }

    return rc;
}


/* ---- a piece ----------------------------------------------------------- */

static ptn_rc_t
ptn_terms_scan(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_search_node_t *node, ptn_str_t *terms, size_t *ret_n)
{
    size_t            n;
    ptn_rc_t          rc;
    const u_char     *p, *end, *last;
    ptn_words_set_t   set;

    rc = ptn_words_having(mb, pool, node->piece, node->piece_end,
                          PTN_SEARCH_TERMS, &set);
    if (rc != PTN_OK) {
        return rc;
    }

    n = 0;
    last = set.out.data + set.out.len;

    for (p = set.out.data; p < last && n < PTN_SEARCH_TERMS; p = end + 1) {
        end = memchr(p, ' ', (size_t) (last - p));
        terms[n++] = ptn_str_make(p, (size_t) (end - p));
    }

    *ret_n = set.n;

    return PTN_OK;
}


/* How many contents came behind `from`, at most one more than the limit. */

static ptn_rc_t
ptn_terms_behind(ptn_mbox_t *mb, ptn_id_t from, size_t *ret_n)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_n = 0;

    st = ptn_sql(mb, PTN_SQL_WORDS_PENDING, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) from);
    sqlite3_bind_int64(st, 2, PTN_TERMS_BEHIND + 1);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        (*ret_n)++;
    }

    return rc;
}


static ptn_rc_t
ptn_terms_known(ptn_mbox_t *mb, const ptn_search_node_t *node,
    ptn_id_t indexed, ptn_terms_kept_t **ret)
{
    size_t             i, n;
    ptn_rc_t           rc;
    ptn_terms_kept_t  *k;

    *ret = NULL;

    for (i = 0; mb->terms != NULL && i < PTN_TERMS_KEPT; i++) {
        k = &mb->terms->kept[i];

        if (k->pool == NULL || k->end != node->piece_end
            || !ptn_str_eq(k->piece, node->piece))
        {
            continue;
        }

        if (k->indexed > indexed) {
            return PTN_OK;              /* the index began anew */
        }

        rc = ptn_terms_behind(mb, k->indexed, &n);

        if (rc == PTN_OK && n <= PTN_TERMS_BEHIND) {
            k->used = ++mb->terms->tick;
            *ret = k;
        }

        return rc;
    }

    return PTN_OK;
}


/* Without memory nothing is remembered. */

static void
ptn_terms_keep(ptn_mbox_t *mb, const ptn_search_node_t *node,
    ptn_id_t indexed, const ptn_str_t *terms, size_t n)
{
    size_t             i, bytes;
    ptn_terms_kept_t  *k, *old;

    for (i = 0, bytes = 0; i < n && n <= PTN_SEARCH_TERMS; i++) {
        bytes += terms[i].len + sizeof(ptn_str_t);
    }

    if (bytes > PTN_TERMS_BYTES) {
        return;
    }

    if (mb->terms == NULL) {
        mb->terms = calloc(1, sizeof(struct ptn_terms_s));

        if (mb->terms == NULL) {
            return;
        }
    }

    old = mb->terms->kept;

    for (i = 0; i < PTN_TERMS_KEPT; i++) {
        k = &mb->terms->kept[i];

        if (k->pool != NULL && k->end == node->piece_end
            && ptn_str_eq(k->piece, node->piece))
        {
            old = k;
            break;
        }

        old = (k->used < old->used) ? k : old;
    }

    ptn_pool_destroy(old->pool);
    memset(old, 0, sizeof(ptn_terms_kept_t));
    old->pool = ptn_pool_create(0, NULL);

    if (old->pool == NULL) {
        return;
    }

    old->piece = ptn_str_dup(old->pool, node->piece);
    old->end = node->piece_end;
    old->indexed = indexed;
    old->n = n;
    old->used = ++mb->terms->tick;

    if (n <= PTN_SEARCH_TERMS) {
        old->terms = ptn_parray(old->pool, n + 1, sizeof(ptn_str_t));

        for (i = 0; old->terms != NULL && i < n; i++) {
            old->terms[i] = ptn_str_dup(old->pool, terms[i]);
        }
    }

    if (ptn_pool_failed(old->pool)) {
        ptn_pool_destroy(old->pool);
        memset(old, 0, sizeof(ptn_terms_kept_t));
    }
}


ptn_rc_t
ptn_search_terms(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_search_node_t *node, ptn_id_t indexed, ptn_str_t *terms,
    size_t *ret_n, ptn_id_t *ret_indexed)
{
    size_t             i;
    ptn_rc_t           rc;
    ptn_terms_kept_t  *k;

    rc = ptn_terms_known(mb, node, indexed, &k);

    if (rc != PTN_OK) {
        return rc;
    }

    if (k != NULL) {
        for (i = 0; k->terms != NULL && i < k->n; i++) {
            terms[i] = ptn_str_dup(pool, k->terms[i]);
        }

        *ret_n = k->n;
        *ret_indexed = k->indexed;

        return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
    }

    rc = ptn_terms_scan(mb, pool, node, terms, ret_n);

    if (rc == PTN_OK) {
        *ret_indexed = indexed;
        ptn_terms_keep(mb, node, indexed, terms, *ret_n);
    }

    return rc;
}
