/*
 * ptn_mbox_check(): the list of words (ptn_words_list.c), against the index and
 * against itself.  What is wrong is mended by beginning the index anew.
 */

#include <stdlib.h>

#include "ptn_check.h"
#include "ptn_words.h"


/* Hashes of words: one of 2^64 may be taken for another. */
typedef struct {
    uint64_t  *h;                       /* 0: free */
    size_t     n, size;                 /* a power of two */
} ptn_check_words_t;


static uint64_t
ptn_check_word_hash(const u_char *p, size_t len)
{
    size_t    i;
    uint64_t  h;

    h = 14695981039346656037ULL;

    for (i = 0; i < len; i++) {
        h = (h ^ p[i]) * 1099511628211ULL;
    }

    return (h == 0) ? 1 : h;
}


static size_t
ptn_check_word_place(const ptn_check_words_t *w, uint64_t h)
{
    size_t  i;

    for (i = (h ^ h >> 32) & (w->size - 1); w->h[i] != 0 && w->h[i] != h;
         i = (i + 1) & (w->size - 1))
    {
        /* void */
    }

    return i;
}


static ptn_rc_t
ptn_check_word_add(ptn_check_words_t *w, uint64_t h)
{
    size_t             i;
    ptn_check_words_t  more;

    if (2 * w->n >= w->size) {
        more.n = w->n;
        more.size = w->size ? 2 * w->size : 4096;
        more.h = calloc(more.size, sizeof(uint64_t));

        if (more.h == NULL) {
            return PTN_ENOMEM;
        }

        for (i = 0; i < w->size; i++) {
            if (w->h[i] != 0) {
                more.h[ptn_check_word_place(&more, w->h[i])] = w->h[i];
            }
        }

        free(w->h);
        *w = more;
    }

    i = ptn_check_word_place(w, h);
    w->n += (w->h[i] == 0);
    w->h[i] = h;

    return PTN_OK;
}


static ptn_rc_t
ptn_check_list_words(ptn_mbox_t *mb, ptn_sql_e sql, ptn_check_words_t *w)
{
    ptn_rc_t       rc, prc;
    ptn_str_t      words;
    sqlite3_stmt  *st;
    const u_char  *p, *end, *last;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        words = ptn_sql_column(st, 0);
        last = words.data + words.len;
        prc = PTN_OK;

        for (p = words.data; p < last && prc == PTN_OK; p = end + 1) {
            end = memchr(p, ' ', (size_t) (last - p));
            end = (end == NULL) ? last : end;
            prc = ptn_check_word_add(w, ptn_check_word_hash(p, (size_t)
                                                               (end - p)));
        }

        if (prc != PTN_OK) {
            sqlite3_reset(st);
            return prc;
        }
    }

    return rc;
}


/* Each word of the index. */

static ptn_rc_t
ptn_check_list_has(ptn_check_t *check, const ptn_check_words_t *w)
{
    uint64_t       h, missing;
    ptn_rc_t       rc;
    ptn_str_t      term;
    sqlite3_stmt  *st;

    rc = ptn_sql_exec(check->mb, "CREATE VIRTUAL TABLE IF NOT EXISTS"
                                 " temp.terms USING fts5vocab"
                                 " (main, words, row)");
    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_prepare_v2(check->mb->db, "SELECT term FROM temp.terms", -1,
                           &st, NULL)
        != SQLITE_OK)
    {
        return PTN_ECORRUPT;
    }

    missing = 0;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        term = ptn_sql_column(st, 0);

        if (term.len == 0 || !ptn_words_listed(term)) {
            continue;
        }

        h = ptn_check_word_hash(term.data, term.len);
        missing += (w->size == 0 || w->h[ptn_check_word_place(w, h)] == 0);
    }

    sqlite3_finalize(st);

    if (missing != 0) {
        ptn_check_found(check, check->repair, "words of the index that are"
                        " not in its list: %llu",
                        (unsigned long long) missing);
    }

    return rc;
}


/* ---- groups ------------------------------------------------------------ */

static ptn_rc_t
ptn_check_group(ptn_check_t *check, ptn_pool_t *pool, uint64_t group,
    const uint32_t *masks)
{
    bool           same;
    unsigned       k;
    ptn_rc_t       rc;
    ptn_str_t      row;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT pieces FROM term_piece"
                           " WHERE bucket=?1 AND grp=?2", -1, &st, NULL)
        != SQLITE_OK)
    {
        return PTN_ECORRUPT;
    }

    same = true;
    rc = PTN_OK;

    for (k = 0; k < PTN_LIST_BUCKETS && rc == PTN_OK; k++) {
        row = ptn_words_piece_row(pool, masks, k);
        sqlite3_bind_int(st, 1, (int) k);
        sqlite3_bind_int64(st, 2, (sqlite3_int64) group);
        rc = ptn_sql_step(check->mb, st);

        if (rc == PTN_AGAIN) {
            same &= ptn_str_eq(row, ptn_sql_column(st, 0));
            sqlite3_reset(st);
            rc = PTN_OK;

        } else {
            same &= row.len == 0;
        }
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK && !same) {
        ptn_check_found(check, check->repair, "group %llu of the list of"
                        " words: pieces", (unsigned long long) group);
    }

    return ptn_pool_failed(pool) ? PTN_ENOMEM : rc;
}


static ptn_rc_t
ptn_check_groups(ptn_check_t *check, ptn_pool_t *pool)
{
    ptn_rc_t       rc;
    uint32_t      *masks;
    uint64_t       id, group;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT id, words FROM term_block"
                           " ORDER BY id", -1, &st, NULL)
        != SQLITE_OK)
    {
        return PTN_ECORRUPT;
    }

    masks = NULL;
    group = 0;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        id = ptn_sql_u64(st, 0);
        rc = PTN_OK;

        if (masks != NULL && id / PTN_LIST_BLOCKS != group) {
            rc = ptn_check_group(check, pool, group, masks);
            ptn_pool_reset(pool);
            masks = NULL;
        }

        if (masks == NULL && rc == PTN_OK) {
            masks = ptn_pcalloc(pool, PTN_LIST_HASHES * sizeof(uint32_t));
            rc = (masks == NULL) ? PTN_ENOMEM : PTN_OK;
        }

        if (rc != PTN_OK) {
            sqlite3_finalize(st);
            return rc;
        }

        group = id / PTN_LIST_BLOCKS;
        ptn_words_pieces(ptn_sql_column(st, 1),
                         1U << id % PTN_LIST_BLOCKS, masks);
    }

    sqlite3_finalize(st);

    return (rc == PTN_OK && masks != NULL)
           ? ptn_check_group(check, pool, group, masks) : rc;
}


ptn_rc_t
ptn_check_list(ptn_check_t *check)
{
    ptn_rc_t           rc;
    ptn_pool_t        *pool;
    ptn_check_words_t  w = { NULL, 0, 0 };

    pool = ptn_content_pool(check->mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_check_list_words(check->mb, PTN_SQL_TERM_NEW, &w);

    if (rc == PTN_OK) {
        rc = ptn_check_list_words(check->mb, PTN_SQL_TERM_BLOCKS, &w);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_list_has(check, &w);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_groups(check, pool);
    }

    free(w.h);
    ptn_pool_destroy(pool);

    if (rc == PTN_ECORRUPT) {
        ptn_check_found(check, check->repair, "index: its list of words");
        return PTN_OK;
    }

    return rc;
}
