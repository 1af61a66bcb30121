/*
 * Queries.  Contents come newest first: those that are not in the index are
 * looked at themselves; the others as the index streams them, out of a set
 * that it gave, or all of them.
 *
 * No read transaction lasts: what the index has is fetched some contents at a
 * time, behind the last one.
 */

#include <stdlib.h>

#include "ptn_search.h"


#define PTN_SEARCH_FIRST  64        /* contents of the first chunk */
#define PTN_SEARCH_CHUNK  1024      /* and of later ones */
#define PTN_SEARCH_ROWS   256       /* messages of one of a scan */

/* Texts that are looked at before the index is asked for much: how many to
 * begin with, and, as long as every other one is a hit, at most. */
#define PTN_SEARCH_TRY      16
#define PTN_SEARCH_TRY_MAX  128
#define PTN_SEARCH_TRY_ROWS 1024

typedef enum {
    PTN_SEARCH_NO, PTN_SEARCH_YES, PTN_SEARCH_MAYBE
} ptn_search_answer_e;

/* ---- what the index says ----------------------------------------------- */

/* Contents below `below`, newest first, at most `max`. */

static ptn_rc_t
ptn_search_match(ptn_search_t *s, ptn_str_t expr, ptn_id_t below, int64_t max,
    ptn_search_ids_t *l)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(s->mb, PTN_SQL_WORDS_FIND, &rc);
    if (st == NULL) {
        return rc;
    }

    ptn_sql_text(st, 1, expr);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) below);
    sqlite3_bind_int64(st, 3, max);

    while ((rc = ptn_sql_step(s->mb, st)) == PTN_AGAIN) {
        rc = ptn_search_push(l, ptn_sql_u64(st, 0));

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


/* Contents from behind `from` on, which nobody has looked at for its words. */

static ptn_rc_t
ptn_search_behind(ptn_search_t *s, ptn_id_t from, ptn_search_ids_t *l)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(s->mb, PTN_SQL_WORDS_PENDING, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) from);
    sqlite3_bind_int64(st, 2, -1);

    while ((rc = ptn_sql_step(s->mb, st)) == PTN_AGAIN) {
        rc = ptn_search_push(l, ptn_sql_u64(st, 0));

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


/* What may have the piece: *ret_all: everything. */

static ptn_rc_t
ptn_search_piece(ptn_search_t *s, const ptn_search_node_t *node,
    ptn_search_ids_t *l, bool *ret_all)
{
    size_t      i, n;
    ptn_id_t    indexed;
    ptn_rc_t    rc;
    ptn_str_t  *terms, expr;

    terms = ptn_parray(s->pool, PTN_SEARCH_TERMS + 1, sizeof(ptn_str_t));
    if (terms == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_search_terms(s->mb, s->pool, node, s->indexed, terms, &n,
                          &indexed);

    if (rc != PTN_OK || n > PTN_SEARCH_TERMS) {
        *ret_all = true;
        return rc;
    }

    terms[n++] = ptn_str(PTN_WORDS_MARK);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        expr = ptn_str_printf(s->pool, "\"%.*s\"", ptn_str_arg(terms[i]));
        rc = (expr.data == NULL) ? PTN_ENOMEM
             : ptn_search_match(s, expr, s->below, -1, l);
    }

    return (rc == PTN_OK && indexed < s->indexed)
           ? ptn_search_behind(s, indexed, l) : rc;
}


static ptn_rc_t
ptn_search_set(ptn_search_t *s, ptn_search_node_t *node)
{
    bool               all;
    ptn_rc_t           rc;
    ptn_search_ids_t   l = { NULL, 0, 0 };

    all = false;
    rc = (node->expr.len != 0)
         ? ptn_search_match(s, node->expr, s->below, -1, &l)
         : ptn_search_piece(s, node, &l, &all);

    if (rc == PTN_OK && !all) {
        rc = ptn_search_sorted(s, &l, &node->set, &node->nset);
        node->has_set = (rc == PTN_OK);
    }

    free(l.p);

    return rc;
}


/*
 * Sets of all leaves about text, for a scan; `pieces`: only of those that have
 * nothing in what is streamed.
 */

static ptn_rc_t
ptn_search_sets(ptn_search_t *s, ptn_search_node_t *node, bool pieces)
{
    ptn_rc_t            rc;
    ptn_search_node_t  *sub;

    rc = PTN_OK;

    if (node->sub == NULL && node->text
        && ((node->expr.len != 0 && !pieces) || node->piece.len != 0))
    {
        rc = ptn_search_set(s, node);
    }

    for (sub = node->sub; sub != NULL && rc == PTN_OK; sub = sub->next) {
        rc = ptn_search_sets(s, sub, pieces);
    }

    return rc;
}


/* The smallest set that all that matches must be in. */

static const ptn_search_node_t *
ptn_search_narrow(const ptn_search_node_t *node)
{
    const ptn_search_node_t  *sub, *got, *best;

    if (node->has_set) {
        return node;
    }

    best = NULL;

    if (node->f->op == PTN_FIND_AND) {
        for (sub = node->sub; sub != NULL; sub = sub->next) {
            got = ptn_search_narrow(sub);

            if (got != NULL && (best == NULL || got->nset < best->nset)) {
                best = got;
            }
        }
    }

    return best;
}


/* ---- does a message match? --------------------------------------------- */

static ptn_search_answer_e
ptn_search_not_sure(ptn_search_t *s, const ptn_search_node_t *node,
    const ptn_msg_info_t *m)
{
    bool  match;

    if (s->maybe) {
        return PTN_SEARCH_MAYBE;
    }

    if (s->content != m->content) {
        ptn_pool_reset(s->text_pool);
        s->content = 0;
        s->rc = s->plan.deep ? ptn_words_text(s->mb, s->text_pool, m->content,
                                              &s->text)
                             : ptn_words_head(s->mb, s->text_pool, m->content,
                                              &s->text);
        if (s->rc != PTN_OK) {
            return PTN_SEARCH_NO;
        }

        s->content = m->content;
        s->texts++;
    }

    match = false;
    s->rc = ptn_search_leaf(node, s->text_pool, &s->text, &match);

    return match ? PTN_SEARCH_YES : PTN_SEARCH_NO;
}


static ptn_search_answer_e
ptn_search_ask(ptn_search_t *s, const ptn_search_node_t *node,
    const ptn_msg_info_t *m)
{
    bool                      and, known;
    ptn_search_answer_e       a, all;
    const ptn_query_t         *f;
    const ptn_search_node_t  *sub;

    if (s->rc != PTN_OK) {
        return PTN_SEARCH_NO;
    }

    f = node->f;
    known = m->content <= s->indexed;

    if (known && s->streaming && node->trusted) {
        return PTN_SEARCH_YES;
    }

    switch (f->op) {

    case PTN_FIND_ALL:
        return PTN_SEARCH_YES;

    case PTN_FIND_FLAGS:
        return (m->flags & f->flags) || (m->keywords & f->keywords)
               ? PTN_SEARCH_YES : PTN_SEARCH_NO;

    case PTN_FIND_SIZE:
        return (int64_t) m->size >= f->min && (int64_t) m->size <= f->max
               ? PTN_SEARCH_YES : PTN_SEARCH_NO;

    case PTN_FIND_RECEIVED:
        return m->received >= f->min && m->received <= f->max
               ? PTN_SEARCH_YES : PTN_SEARCH_NO;

    case PTN_FIND_IDS:
        return ptn_search_has(f->ids, f->nids, m->id) ? PTN_SEARCH_YES
                                                      : PTN_SEARCH_NO;

    case PTN_FIND_NOT:
        a = ptn_search_ask(s, node->sub, m);
        return (a == PTN_SEARCH_MAYBE) ? a : (a == PTN_SEARCH_NO);

    case PTN_FIND_AND:
    case PTN_FIND_OR:
        and = (f->op == PTN_FIND_AND);
        all = and ? PTN_SEARCH_YES : PTN_SEARCH_NO;

        /* what the row can answer first */

        for (known = false; ; known = true) {
            for (sub = node->sub; sub != NULL; sub = sub->next) {
                if (sub->text != known) {
                    continue;
                }

                a = ptn_search_ask(s, sub, m);

                if (a == (and ? PTN_SEARCH_NO : PTN_SEARCH_YES)) {
                    return a;
                }

                all = (a == PTN_SEARCH_MAYBE) ? a : all;
            }

            if (known) {
                return all;
            }
        }

    default:
        if (known && node->has_set) {
            if (!ptn_search_has(node->set, node->nset, m->content)) {
                return PTN_SEARCH_NO;
            }

            if (node->exact) {
                return PTN_SEARCH_YES;
            }
        }

        return ptn_search_not_sure(s, node, m);
    }
}


/* Is it in a folder of the scope, or shown by a search folder of it? */

static bool
ptn_search_in_scope(ptn_search_t *s, const ptn_msg_info_t *m)
{
    size_t    i;
    uint32_t  at;

    if (m->fai) {
        return false;
    }

    at = ptn_set_index(s->set, m->folder);

    if (at == PTN_SET_NONE) {
        return false;               /* it was deleted, and can be recovered */
    }

    if (s->readable[at]) {
        return true;
    }

    for (i = 0; i < s->nfound; i++) {
        if (ptn_search_has(s->found[i].ids, s->found[i].n, m->id)) {
            return true;
        }
    }

    return false;
}


/* AGAIN: enough. */

static ptn_rc_t
ptn_search_row(ptn_search_t *s, const ptn_msg_info_t *m)
{
    ptn_rc_t             rc;
    ptn_msg_info_t       one;
    ptn_search_answer_e  a;

    if (!ptn_search_in_scope(s, m)) {
        return PTN_OK;
    }

    one = *m;
    rc = ptn_reader_show(s->mb, &one);

    if (rc != PTN_OK) {
        return rc;
    }

    a = ptn_search_ask(s, s->plan.top, &one);

    if (s->rc == PTN_ENOTFOUND) {       /* it went meanwhile */
        s->rc = PTN_OK;
        return PTN_OK;
    }

    if (s->rc != PTN_OK) {
        return s->rc;
    }

    if (a == PTN_SEARCH_NO) {
        return PTN_OK;
    }

    /* private, or what a search folder shows of a folder that is not his */

    rc = ptn_rights_read(s->mb, &one);
    s->hits += (rc == PTN_OK);

    return (rc == PTN_OK) ? s->hit(s->ctx, &one)
           : (rc == PTN_ENOTFOUND || rc == PTN_EDENIED) ? PTN_OK : rc;
}


/* ---- by content -------------------------------------------------------- */

/* A row of the statement, behind the others. */

static ptn_rc_t
ptn_search_keep(ptn_search_rows_t *r, sqlite3_stmt *st)
{
    void  *p;

    if (r->n == r->size) {
        r->size = r->size ? 2 * r->size : 16;

        p = realloc(r->m, r->size * sizeof(ptn_msg_info_t));
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        r->m = p;
    }

    ptn_item_read_info(st, &r->m[r->n++]);

    return PTN_OK;
}


static ptn_rc_t
ptn_search_rows(ptn_search_t *s, ptn_sql_e sql, uint64_t a, uint64_t b,
    int64_t max, ptn_search_rows_t *r)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    r->n = 0;
    r->at = 0;

    st = ptn_sql(s->mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) a);

    if (max != 0) {
        sqlite3_bind_int64(st, 2, (sqlite3_int64) b);
        sqlite3_bind_int64(st, 3, max);
    }

    while ((rc = ptn_sql_step(s->mb, st)) == PTN_AGAIN) {
        rc = ptn_search_keep(r, st);

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_search_content(ptn_search_t *s, ptn_id_t content)
{
    size_t    i;
    ptn_rc_t  rc;

    rc = ptn_mbox_read(s->mb);

    if (rc == PTN_OK) {
        rc = ptn_search_rows(s, PTN_SQL_FIND_CONTENT, content, 0, 0,
                             &s->rows[0]);
    }

    for (i = 0; i < s->rows[0].n && rc == PTN_OK; i++) {
        rc = ptn_search_row(s, &s->rows[0].m[i]);
    }

    return rc;
}


/*
 * The chunk may have ended amid the messages of one content: those go, to come
 * with the next, unless they are all that it has.
 */

static ptn_rc_t
ptn_search_whole_content(ptn_search_t *s, ptn_search_rows_t *r,
    ptn_id_t below, ptn_id_t from)
{
    size_t    n;
    int64_t   max;
    ptn_id_t  last;
    ptn_rc_t  rc;

    rc = PTN_OK;

    for (max = PTN_SEARCH_ROWS; rc == PTN_OK; max *= 4) {
        if (max != PTN_SEARCH_ROWS) {
            rc = ptn_search_rows(s, PTN_SQL_FIND_OTHER, below, from, max, r);

            if (rc != PTN_OK || r->n < (size_t) max) {
                break;
            }
        }

        last = r->m[r->n - 1].content;

        for (n = r->n; n > 0 && r->m[n - 1].content == last; n--) {
            /* void */
        }

        if (n != 0) {
            r->n = n;
            break;
        }
    }

    return rc;
}


/* While trying: is the index to be asked now? */

static bool
ptn_search_tried(const ptn_search_t *s)
{
    return (s->texts >= PTN_SEARCH_TRY && s->hits < s->texts / 2)
           || s->texts >= PTN_SEARCH_TRY_MAX
           || s->rows_seen >= PTN_SEARCH_TRY_ROWS;
}


/*
 * Messages whose content is in (from, below), newest content first: those that
 * have their content's id and the others, merged.
 */

static ptn_rc_t
ptn_search_scan(ptn_search_t *s, ptn_id_t below, ptn_id_t from)
{
    int                  k;
    ptn_rc_t             rc;
    ptn_id_t             next[2];
    bool                 end[2];
    ptn_search_rows_t   *r;
    static const ptn_sql_e  sql[2] = { PTN_SQL_FIND_OWN, PTN_SQL_FIND_OTHER };

    for (k = 0; k < 2; k++) {
        next[k] = below;
        end[k] = false;
        s->rows[k].n = s->rows[k].at = 0;
    }

    for ( ;; ) {
        rc = ptn_mbox_read(s->mb);

        for (k = 0; k < 2 && rc == PTN_OK; k++) {
            r = &s->rows[k];

            if (r->at == r->n && !end[k]) {
                rc = ptn_search_rows(s, sql[k], next[k], from,
                                     PTN_SEARCH_ROWS, r);
                end[k] = r->n < PTN_SEARCH_ROWS;

                /* of one content all messages, or none */

                if (rc == PTN_OK && k == 1 && !end[k]) {
                    rc = ptn_search_whole_content(s, r, next[k], from);
                }

                if (rc == PTN_OK && r->n != 0) {
                    next[k] = r->m[r->n - 1].content;
                }
            }
        }

        if (rc != PTN_OK) {
            return rc;
        }

        k = (s->rows[0].at == s->rows[0].n
             || (s->rows[1].at < s->rows[1].n
                 && s->rows[1].m[s->rows[1].at].content
                    > s->rows[0].m[s->rows[0].at].content));
        r = &s->rows[k];

        if (r->at == r->n) {
            s->below = from + 1;
            return PTN_OK;
        }

        if (s->trying && r->m[r->at].content < s->below
            && ptn_search_tried(s))
        {
            return PTN_OK;
        }

        s->below = r->m[r->at].content;
        s->rows_seen++;
        rc = ptn_search_row(s, &r->m[r->at++]);

        if (rc != PTN_OK) {
            return rc;
        }
    }
}


/* ---- as the index streams them ----------------------------------------- */

static ptn_rc_t
ptn_search_stream(ptn_search_t *s)
{
    size_t             i;
    int64_t            max;
    ptn_id_t           last, indexed;
    ptn_rc_t           rc;
    ptn_search_ids_t   l = { NULL, 0, 0 };

    last = s->below;
    max = PTN_SEARCH_FIRST;

    for ( ;; ) {
        l.n = 0;
        rc = ptn_mbox_read(s->mb);

        if (rc == PTN_OK) {
            rc = ptn_words_indexed(s->mb, &indexed);
        }

        if (rc != PTN_OK) {
            break;
        }

        /* it began anew meanwhile: the rest without it */

        if (indexed < s->indexed) {
            s->indexed = 0;
            rc = ptn_search_scan(s, last, 0);
            break;
        }

        rc = ptn_search_match(s, s->plan.expr, last, max, &l);

        for (i = 0; i < l.n && rc == PTN_OK; i++) {
            last = l.p[i];
            rc = ptn_search_content(s, last);

            if (rc == PTN_OK && !s->pieces && s->texts >= PTN_SEARCH_TRY
                && s->hits < s->texts / 4)
            {
                s->pieces = true;
                rc = ptn_search_sets(s, s->plan.top, true);
            }
        }

        if (rc != PTN_OK || l.n < (size_t) max) {
            break;
        }

        max = PTN_SEARCH_CHUNK;
    }

    free(l.p);

    return rc;
}


static ptn_rc_t
ptn_search_known(ptn_search_t *s)
{
    size_t                    i;
    ptn_rc_t                  rc;
    const ptn_search_node_t  *node;

    if (s->indexed == 0) {
        return PTN_OK;
    }

    s->below = s->indexed + 1;
    rc = PTN_OK;

    if (s->plan.wide && s->plan.top->text && !s->maybe) {
        s->texts = s->hits = s->rows_seen = 0;
        s->trying = true;
        rc = ptn_search_scan(s, s->below, 0);
        s->trying = false;
    }

    if (rc != PTN_OK || s->below <= 1) {
        return rc;
    }

    if (s->plan.expr.len != 0) {
        s->streaming = true;
        return ptn_search_stream(s);
    }

    rc = ptn_search_sets(s, s->plan.top, false);
    if (rc != PTN_OK) {
        return rc;
    }

    node = ptn_search_narrow(s->plan.top);

    if (node == NULL) {
        return ptn_search_scan(s, s->below, 0);
    }

    for (i = node->nset; i > 0 && rc == PTN_OK; i--) {
        if (node->set[i - 1] < s->below) {
            rc = ptn_search_content(s, node->set[i - 1]);
        }
    }

    return rc;
}


/* ---- all of it --------------------------------------------------------- */

static ptn_rc_t
ptn_search_all(ptn_search_t *s, const ptn_query_t *find,
    const ptn_scope_t *scope)
{
    ptn_rc_t  rc;

    rc = ptn_search_scope(s, scope);

    if (rc == PTN_OK) {
        rc = ptn_mbox_read(s->mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_words_indexed(s->mb, &s->indexed);
    }

    /* words of the index: of all contents up to there, and maybe more */

    if (rc == PTN_OK) {
        rc = ptn_search_plan(s->indexed != 0 ? s->mb : NULL, s->pool, find,
                             &s->plan);
    }

    if (rc == PTN_OK) {
        rc = ptn_search_scan(s, INT64_MAX, s->indexed);
    }

    return (rc == PTN_OK) ? ptn_search_known(s) : rc;
}


ptn_rc_t
ptn_search_run(ptn_mbox_t *mb, const ptn_query_t *find,
    const ptn_scope_t *scope, bool maybe,
    ptn_rc_t (*hit)(void *ctx, const ptn_msg_info_t *m), void *ctx)
{
    bool          reading;
    ptn_rc_t      rc;
    ptn_search_t  s;

    memset(&s, 0, sizeof(s));
    s.mb = mb;
    s.maybe = maybe;
    s.hit = hit;
    s.ctx = ctx;
    s.pool = ptn_pool_create(0, NULL);
    s.text_pool = ptn_content_pool(mb->store, 0);
    reading = mb->reading;

    rc = (s.pool == NULL || s.text_pool == NULL)
         ? PTN_ENOMEM : ptn_search_all(&s, find, scope);

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    free(s.rows[0].m);
    free(s.rows[1].m);
    ptn_pool_destroy(s.text_pool);
    ptn_pool_destroy(s.pool);

    return (rc == PTN_AGAIN) ? PTN_OK : rc;
}
