/*
 * The words of the index once more, to find those that have something in them.
 *
 * FTS5 finds words by how they begin.  So each word that a portion brings is
 * put down here, too: in a row of term_new.  Those of all rows there are known
 * and not put down again; when they are more than PTN_LIST_BYTES they become a
 * group: sorted, in PTN_LIST_BLOCKS blocks (term_block), and term_new is
 * empty.  Later groups may have the same words, the list may have words that no
 * content has any more, but each word of the index is in it.
 *
 * term_piece says which blocks of a group have which three bytes in a row
 * (hashed to 16 bits): for the group and the upper 6 bits of the hash, pairs
 * of its lower 10 bits and a mask of blocks.  A query reads the rows of its
 * pieces, and blocks that have all of them.
 *
 * Not in the list: addresses and host names as a whole (their words are),
 * scripts that are written without spaces (found by neighbours).
 */

#include <stdlib.h>

#include "ptn_words.h"


#define PTN_LIST_BYTES    (512 * 1024)
#define PTN_LIST_MAX      (16 * 1024 * 1024)    /* of a file from elsewhere */
#define PTN_LIST_GROUPS   (1ULL << 40)
#define PTN_LIST_GRAMS    16                    /* of a piece, that are used */
#define PTN_LIST_PAIR     6                     /* bytes: two and a mask */


/* ---- which blocks have what -------------------------------------------- */

static unsigned
ptn_list_hash(const u_char *p)
{
    uint32_t  gram;

    gram = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];

    return (gram * 0x9e3779b1U) >> 16;
}


void
ptn_words_pieces(ptn_str_t words, uint32_t bit, uint32_t *masks)
{
    size_t  i;

    for (i = 0; i + 2 < words.len; i++) {
        if (words.data[i + 1] == ' ' || words.data[i + 2] == ' ') {
            i += (words.data[i + 2] == ' ') ? 2 : 1;
            continue;
        }

        if (words.data[i] != ' ') {
            masks[ptn_list_hash(words.data + i)] |= bit;
        }
    }
}


ptn_str_t
ptn_words_piece_row(ptn_pool_t *pool, const uint32_t *masks, unsigned bucket)
{
    u_char     one[PTN_LIST_PAIR];
    unsigned   i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    masks += bucket * PTN_LIST_BUCKET;

    for (i = 0; i < PTN_LIST_BUCKET; i++) {
        if (masks[i] != 0) {
            one[0] = (u_char) i;
            one[1] = (u_char) (i >> 8);
            one[2] = (u_char) masks[i];
            one[3] = (u_char) (masks[i] >> 8);
            one[4] = (u_char) (masks[i] >> 16);
            one[5] = (u_char) (masks[i] >> 24);
            ptn_buf_add(&b, one, PTN_LIST_PAIR);
        }
    }

    return ptn_buf_get(&b);
}


/* The mask of one in a row. */

static uint32_t
ptn_list_mask(ptn_str_t row, unsigned low)
{
    size_t         from, to, mid;
    unsigned       v;
    const u_char  *p;

    for (from = 0, to = row.len / PTN_LIST_PAIR; from < to; /* void */ ) {
        mid = from + (to - from) / 2;
        p = row.data + PTN_LIST_PAIR * mid;
        v = p[0] | (unsigned) p[1] << 8;

        if (v == low) {
            return p[2] | (uint32_t) p[3] << 8 | (uint32_t) p[4] << 16
                   | (uint32_t) p[5] << 24;
        }

        if (v < low) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }

    return 0;
}


/* ---- words of a portion ------------------------------------------------ */

/* The word from *p on; *p goes behind it.  false: there is none. */

static bool
ptn_list_word(const u_char **p, const u_char *last, ptn_str_t *ret)
{
    const u_char  *end;

    while (*p < last && **p == ' ') {
        (*p)++;
    }

    if (*p == last) {
        return false;
    }

    end = memchr(*p, ' ', (size_t) (last - *p));
    end = (end == NULL) ? last : end;
    *ret = ptn_str_make(*p, (size_t) (end - *p));
    *p = end;

    return true;
}


void
ptn_words_new_init(ptn_pool_t *pool, ptn_words_new_t *new)
{
    memset(new, 0, sizeof(ptn_words_new_t));
    ptn_words_set_init(&new->set, pool);
    ptn_buf_init(&new->text, pool);
}


ptn_rc_t
ptn_words_new_add(ptn_words_new_t *new, ptn_str_t tokens)
{
    ptn_rc_t       rc;
    ptn_str_t      word;
    const u_char  *p, *last;

    rc = PTN_OK;
    p = tokens.data;
    last = p + tokens.len;

    while (rc == PTN_OK && ptn_list_word(&p, last, &word)) {
        if (ptn_words_listed(word)) {
            rc = ptn_words_set_add(&new->set, word);
        }
    }

    return rc;
}


/* What term_new has, into the text; of the set it is `known`, by its place. */

static ptn_rc_t
ptn_list_known(ptn_mbox_t *mb, ptn_words_new_t *new, u_char *known)
{
    uint32_t       at;
    ptn_rc_t       rc;
    ptn_str_t      words, word;
    sqlite3_stmt  *st;
    const u_char  *p, *last;

    st = ptn_sql(mb, PTN_SQL_TERM_NEW, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        words = ptn_sql_column(st, 0);

        if (words.len > PTN_LIST_MAX - ptn_min(new->text.len,
                                               (size_t) PTN_LIST_MAX))
        {
            sqlite3_reset(st);
            return PTN_ECORRUPT;
        }

        p = words.data;
        last = p + words.len;

        while (ptn_list_word(&p, last, &word)) {
            at = ptn_words_set_find(&new->set, word);

            if (at != PTN_WORDS_NONE) {
                known[at / 8] |= (u_char) (1 << at % 8);
            }
        }

        ptn_buf_str(&new->text, words);
        ptn_buf_byte(&new->text, ' ');
    }

    return rc;
}


static int
ptn_list_cmp(const void *a, const void *b)
{
    const uint64_t  *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}


/* By their first four bytes: what begins alike stands together. */

static uint64_t *
ptn_list_order(ptn_pool_t *pool, ptn_str_t text, size_t *ret_n)
{
    size_t         i, n;
    uint64_t      *order;
    ptn_str_t      word;
    const u_char  *p;

    order = ptn_parray(pool, text.len / 2 + 1, sizeof(uint64_t));
    if (order == NULL) {
        return NULL;
    }

    n = 0;
    p = text.data;

    while (ptn_list_word(&p, text.data + text.len, &word)) {
        order[n] = 0;

        for (i = 0; i < 4; i++) {
            order[n] = order[n] << 8 | (i < word.len ? word.data[i] : 0);
        }

        order[n] = order[n] << 32 | (uint64_t) (word.data - text.data);
        n++;
    }

    qsort(order, n, sizeof(uint64_t), ptn_list_cmp);
    *ret_n = n;

    return order;
}


static ptn_rc_t
ptn_list_group(ptn_pool_t *pool, ptn_words_new_t *new)
{
    size_t         i, k, n, each;
    uint32_t      *masks;
    uint64_t      *order;
    ptn_buf_t      b;
    ptn_str_t      text, word;
    const u_char  *p;

    text = ptn_buf_get(&new->text);
    order = ptn_list_order(pool, text, &n);
    masks = ptn_pcalloc(pool, PTN_LIST_HASHES * sizeof(uint32_t));

    if (order == NULL || masks == NULL) {
        return PTN_ENOMEM;
    }

    each = text.len / PTN_LIST_BLOCKS + 1;

    for (i = 0, k = 0; k < PTN_LIST_BLOCKS; k++) {
        ptn_buf_init(&b, pool);

        while (i < n && (b.len < each || k + 1 == PTN_LIST_BLOCKS)) {
            p = text.data + (order[i++] & 0xffffffff);

            if (ptn_list_word(&p, text.data + text.len, &word)) {
                ptn_buf_str(&b, word);
                ptn_buf_byte(&b, ' ');
            }
        }

        new->block[k] = ptn_buf_get(&b);
        ptn_words_pieces(new->block[k], 1U << k, masks);
    }

    for (k = 0; k < PTN_LIST_BUCKETS; k++) {
        new->piece[k] = ptn_words_piece_row(pool, masks, (unsigned) k);
    }

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_words_new_ready(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_words_new_t *new)
{
    size_t         from;
    u_char        *known;
    uint32_t       at;
    ptn_rc_t       rc;
    ptn_str_t      set, word;
    const u_char  *p;

    set = ptn_buf_get(&new->set.out);

    known = ptn_pcalloc(pool, set.len / 8 + 1);
    if (known == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_list_known(mb, new, known);
    if (rc != PTN_OK) {
        return rc;
    }

    from = new->text.len;
    p = set.data;

    while (ptn_list_word(&p, set.data + set.len, &word)) {
        at = (uint32_t) (word.data - set.data);

        if (!(known[at / 8] & 1 << at % 8)) {
            ptn_buf_str(&new->text, word);
            ptn_buf_byte(&new->text, ' ');
        }
    }

    new->bytes = new->text.len - from;
    new->group = new->bytes != 0 && new->text.len > PTN_LIST_BYTES;

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    return new->group ? ptn_list_group(pool, new) : PTN_OK;
}


/* ---- in a transaction -------------------------------------------------- */

/* The words are the last parameter. */

static ptn_rc_t
ptn_list_put(ptn_mbox_t *mb, ptn_sql_e sql, uint64_t a, uint64_t b,
    ptn_str_t data)
{
    int            n;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    n = sqlite3_bind_parameter_count(st);

    if (n > 1) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) a);
    }

    if (n > 2) {
        sqlite3_bind_int64(st, 2, (sqlite3_int64) b);
    }

    ptn_sql_blob(st, n, data);
    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_list_next(ptn_mbox_t *mb, uint64_t *ret_group)
{
    ptn_rc_t       rc;
    uint64_t       last;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_TERM_LAST, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    last = ptn_sql_u64(st, 0) / PTN_LIST_BLOCKS;
    sqlite3_reset(st);

    if (last >= PTN_LIST_GROUPS) {
        return PTN_ECORRUPT;
    }

    *ret_group = last + 1;

    return PTN_OK;
}


ptn_rc_t
ptn_words_new_save(ptn_mbox_t *mb, const ptn_words_new_t *new)
{
    size_t    k;
    ptn_rc_t  rc;
    uint64_t  group;

    if (new->bytes == 0) {
        return PTN_OK;
    }

    if (!new->group) {
        return ptn_list_put(mb, PTN_SQL_TERM_NEW_ADD, 0, 0,
                            ptn_str_make(new->text.data + new->text.len
                                         - new->bytes, new->bytes));
    }

    group = 0;
    rc = ptn_list_next(mb, &group);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_TERM_NEW_CLEAR, 0);
    }

    for (k = 0; k < PTN_LIST_BLOCKS && rc == PTN_OK; k++) {
        if (new->block[k].len != 0) {
            rc = ptn_list_put(mb, PTN_SQL_TERM_BLOCK_ADD,
                              group * PTN_LIST_BLOCKS + k, 0, new->block[k]);
        }
    }

    for (k = 0; k < PTN_LIST_BUCKETS && rc == PTN_OK; k++) {
        if (new->piece[k].len != 0) {
            rc = ptn_list_put(mb, PTN_SQL_TERM_PIECE_ADD, k, group,
                              new->piece[k]);
        }
    }

    return rc;
}


ptn_rc_t
ptn_words_list_clear(ptn_mbox_t *mb)
{
    ptn_rc_t  rc;

    rc = ptn_sql_run(mb, PTN_SQL_TERM_NEW_CLEAR, 0);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_TERM_BLOCK_CLEAR, 0);
    }

    return (rc == PTN_OK) ? ptn_sql_run(mb, PTN_SQL_TERM_PIECE_CLEAR, 0) : rc;
}


/* ---- a query ----------------------------------------------------------- */

typedef struct {
    uint64_t  group;
    uint32_t  mask;
} ptn_list_place_t;

typedef struct {
    ptn_mbox_t        *mb;
    ptn_pool_t        *pool;
    ptn_str_t          piece;
    bool               end;             /* of the word */
    ptn_words_set_t   *set;             /* what was found */
    size_t             max;
    ptn_list_place_t  *place;
    size_t             n;
} ptn_list_find_t;


/* AGAIN: enough. */

static ptn_rc_t
ptn_list_look(ptn_list_find_t *f, ptn_str_t words)
{
    ptn_rc_t       rc;
    const u_char  *p, *hit, *from, *to, *last;

    last = words.data + words.len;

    for (p = words.data; p < last; p = to) {
        hit = memmem(p, (size_t) (last - p), f->piece.data, f->piece.len);

        if (hit == NULL) {
            break;
        }

        from = memrchr(words.data, ' ', (size_t) (hit - words.data));
        from = (from == NULL) ? words.data : from + 1;
        to = memchr(hit, ' ', (size_t) (last - hit));
        to = (to == NULL) ? last : to;

        /* the last one in the word is at its end, or none */

        if (f->end && (size_t) (to - from) >= f->piece.len
            && memcmp(to - f->piece.len, f->piece.data, f->piece.len) != 0)
        {
            continue;
        }

        rc = ptn_words_set_add(f->set, ptn_str_make(from,
                                                    (size_t) (to - from)));

        if (rc != PTN_OK || f->set->n > f->max) {
            return (rc == PTN_OK) ? PTN_AGAIN : rc;
        }
    }

    return PTN_OK;
}


/* All rows of the statement. */

static ptn_rc_t
ptn_list_rows(ptn_list_find_t *f, ptn_sql_e sql, uint64_t id)
{
    ptn_rc_t       rc, prc;
    sqlite3_stmt  *st;

    st = ptn_sql(f->mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    if (sql == PTN_SQL_TERM_BLOCK) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    }

    while ((rc = ptn_sql_step(f->mb, st)) == PTN_AGAIN) {
        prc = ptn_list_look(f, ptn_sql_column(st, 0));

        if (prc != PTN_OK) {
            sqlite3_reset(st);
            return prc;
        }
    }

    return rc;
}


/* Groups come ascending: what was found with the pieces before is narrowed. */

static ptn_rc_t
ptn_list_narrow(ptn_list_find_t *f, unsigned hash, bool first)
{
    size_t             i, n, size;
    uint32_t           mask;
    uint64_t           group;
    ptn_rc_t           rc;
    sqlite3_stmt      *st;
    ptn_list_place_t  *p;

    st = ptn_sql(f->mb, PTN_SQL_TERM_PIECE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, hash / PTN_LIST_BUCKET);
    size = f->n;
    n = 0;
    i = 0;

    while ((rc = ptn_sql_step(f->mb, st)) == PTN_AGAIN) {
        group = ptn_sql_u64(st, 0);

        if (!first) {
            while (i < f->n && f->place[i].group < group) {
                i++;
            }

            if (i == f->n) {
                sqlite3_reset(st);
                rc = PTN_OK;
                break;
            }

            if (f->place[i].group != group) {
                continue;
            }
        }

        mask = ptn_list_mask(ptn_sql_column(st, 1), hash % PTN_LIST_BUCKET);

        if (!first) {
            mask &= f->place[i].mask;
        }

        if (mask == 0) {
            continue;
        }

        if (first && n == size) {
            size = size ? 2 * size : 64;
            p = ptn_parray(f->pool, size, sizeof(ptn_list_place_t));

            if (p == NULL) {
                sqlite3_reset(st);
                return PTN_ENOMEM;
            }

            if (n != 0) {
                memcpy(p, f->place, n * sizeof(ptn_list_place_t));
            }

            f->place = p;
        }

        f->place[n].group = group;
        f->place[n++].mask = mask;
    }

    f->n = n;

    return rc;
}


static ptn_rc_t
ptn_list_blocks(ptn_list_find_t *f)
{
    size_t    i;
    unsigned  k;
    ptn_rc_t  rc;

    rc = PTN_OK;

    if (f->piece.len < 3) {
        return ptn_list_rows(f, PTN_SQL_TERM_BLOCKS, 0);
    }

    for (i = 0; i + 2 < f->piece.len && i < PTN_LIST_GRAMS && rc == PTN_OK;
         i++)
    {
        if (i == 0 || f->n != 0) {
            rc = ptn_list_narrow(f, ptn_list_hash(f->piece.data + i), i == 0);
        }
    }

    for (i = 0; i < f->n && rc == PTN_OK; i++) {
        for (k = 0; k < PTN_LIST_BLOCKS && rc == PTN_OK; k++) {
            if (f->place[i].mask & 1U << k) {
                rc = ptn_list_rows(f, PTN_SQL_TERM_BLOCK,
                                   f->place[i].group * PTN_LIST_BLOCKS + k);
            }
        }
    }

    return rc;
}


ptn_rc_t
ptn_words_having(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t piece, bool end,
    size_t max, ptn_words_set_t *set)
{
    ptn_rc_t         rc;
    ptn_list_find_t  f;

    memset(&f, 0, sizeof(f));
    f.mb = mb;
    f.pool = pool;
    f.piece = piece;
    f.end = end;
    f.set = set;
    f.max = max;
    ptn_words_set_init(set, pool);

    if (piece.len == 0) {
        return PTN_EINVAL;
    }

    rc = ptn_list_rows(&f, PTN_SQL_TERM_NEW, 0);

    if (rc == PTN_OK) {
        rc = ptn_list_blocks(&f);
    }

    return (rc == PTN_AGAIN) ? PTN_OK : rc;
}
