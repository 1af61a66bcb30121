/*
 * What comes into the index of words and leaves it, behind the commits.
 *
 * Contents are immutable and their ids ascend, so that meta.indexed says what
 * is in the index: all contents up to it.  One whose last message goes stays
 * until it has left the index (unindex): its text is derived again, because
 * FTS5 without content wants to be told what it forgets.
 *
 * A portion derives texts before it asks for the write lock, and under it adds
 * as many as a few milliseconds allow.  Row, word and number go in one
 * transaction: after a crash nothing is missing or double.
 *
 * FTS5 makes a segment of each transaction, and merges some of them within
 * one, however long that takes.  It is told not to: a portion is either one of
 * texts or one of merging (ptn_words_merge.c), in steps.
 */

#include "ptn_words.h"


#define PTN_WORDS_PORTION  256          /* contents */
#define PTN_WORDS_FIRST    32           /* before it is known what they take */
#define PTN_WORDS_BYTES    (1024 * 1024)    /* of their texts, about */
#define PTN_WORDS_DERIVE   25           /* milliseconds without the lock */
#define PTN_WORDS_LOCK     10000        /* us with it; the commit on top */
#define PTN_WORDS_LOCK_MIN 500
#define PTN_WORDS_HELD     16           /* ms, both together, are long */
#define PTN_WORDS_TRIES    20
#define PTN_WORDS_PAUSE    9            /* times what the lock was held, */
#define PTN_WORDS_PAUSE_MAX  200        /* milliseconds at most */

typedef struct {
    ptn_id_t   id;
    ptn_str_t  col[PTN_WORDS_COLUMNS];
} ptn_words_doc_t;

typedef struct ptn_words_work_s  ptn_words_work_t;

struct ptn_words_work_s {
    ptn_pool_t       *pool;
    ptn_id_t          indexed;          /* when the texts were derived */
    uint64_t          version;
    ptn_words_doc_t   in[PTN_WORDS_PORTION], out[PTN_WORDS_PORTION];
    size_t            nin, nout;
    size_t            done;             /* of both */
    ptn_words_state_t state;
    ptn_words_new_t   new;
    bool              merge;            /* nothing else */
    bool              more;
    uint64_t          begun, cn;        /* with the lock: us; as it was */
    ptn_rc_t        (*under)(ptn_mbox_t *mb, ptn_words_work_t *w);
};


static ptn_rc_t
ptn_words_meta(ptn_mbox_t *mb, ptn_id_t *ret_indexed, uint64_t *ret_version)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_WORDS_META, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    *ret_indexed = ptn_sql_u64(st, 0);
    *ret_version = ptn_sql_u64(st, 1);
    sqlite3_reset(st);

    return PTN_OK;
}


ptn_rc_t
ptn_words_indexed(ptn_mbox_t *mb, ptn_id_t *ret_indexed)
{
    ptn_rc_t  rc;
    ptn_id_t  indexed;
    uint64_t  version;

    rc = ptn_words_meta(mb, &indexed, &version);

    if (rc == PTN_OK) {
        *ret_indexed = (version == ptn_words_version()) ? indexed : 0;
    }

    return rc;
}


/* ---- texts ------------------------------------------------------------- */

/* Ids of the statement, up to `max`, of those that are not large. */

static ptn_rc_t
ptn_words_ids(ptn_mbox_t *mb, sqlite3_stmt *st, ptn_id_t *ids, size_t *n)
{
    ptn_rc_t  rc;

    *n = 0;

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        ids[(*n)++] = ptn_sql_u64(st, 0);
    }

    return rc;
}


static ptn_rc_t
ptn_words_derive(ptn_mbox_t *mb, ptn_words_work_t *w, const ptn_id_t *ids,
    size_t n, ptn_words_doc_t *docs, size_t *ret_n)
{
    size_t             i, k, bytes;
    uint64_t           begun;
    ptn_rc_t           rc;
    ptn_search_text_t  text;

    begun = ptn_time_mono();
    rc = PTN_OK;
    bytes = 0;

    for (i = 0; i < n; i++) {
        if (i != 0 && (bytes >= PTN_WORDS_BYTES
                       || ptn_time_mono() - begun >= PTN_WORDS_DERIVE))
        {
            w->more = true;
            break;
        }

        rc = ptn_words_text(mb, w->pool, ids[i], &text);

        if (rc == PTN_OK) {
            rc = ptn_words_columns(w->pool, &text, docs[i].col);
        }

        for (k = 0; k < PTN_WORDS_COLUMNS && rc == PTN_OK; k++) {
            rc = ptn_words_set(w->pool, docs[i].col[k], &docs[i].col[k]);
        }

        if (rc == PTN_ENOTFOUND) {      /* gone meanwhile */
            memset(docs[i].col, 0, sizeof(docs[i].col));
            rc = PTN_OK;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        docs[i].id = ids[i];

        for (k = 0; k < PTN_WORDS_COLUMNS; k++) {
            bytes += docs[i].col[k].len;
        }
    }

    *ret_n = i;

    return PTN_OK;
}


/* What their words add to the list. */

static ptn_rc_t
ptn_words_news(ptn_mbox_t *mb, ptn_words_work_t *w)
{
    size_t    i, k;
    ptn_rc_t  rc;

    if (w->nin == 0) {
        return PTN_OK;
    }

    rc = PTN_OK;
    ptn_words_new_init(w->pool, &w->new);

    for (i = 0; i < w->nin && rc == PTN_OK; i++) {
        for (k = 0; k < PTN_WORDS_COLUMNS && rc == PTN_OK; k++) {
            rc = ptn_words_new_add(&w->new, w->in[i].col[k]);
        }
    }

    return (rc == PTN_OK) ? ptn_words_new_ready(mb, w->pool, &w->new) : rc;
}


/* What there is to do, and its texts; in a read of its own. */

static ptn_rc_t
ptn_words_collect(ptn_mbox_t *mb, ptn_words_work_t *w)
{
    size_t         n, max;
    ptn_id_t       ids[PTN_WORDS_PORTION];
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_words_meta(mb, &w->indexed, &w->version);

    if (rc != PTN_OK || w->version != ptn_words_version()) {
        return rc;
    }

    rc = mb->index_merged ? PTN_OK : ptn_words_state(mb, &w->state);

    /* its turn, or too much has come */

    if (rc != PTN_OK || w->state.full
        || (w->state.many && mb->index_merge))
    {
        w->merge = true;
        return rc;
    }

    max = mb->index_docs;

    st = ptn_sql(mb, PTN_SQL_UNINDEX_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) max);
    rc = ptn_words_ids(mb, st, ids, &n);

    if (rc == PTN_OK) {
        w->more |= (n == max);
        rc = ptn_words_derive(mb, w, ids, n, w->out, &w->nout);
    }

    if (rc != PTN_OK || w->nout == max) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_WORDS_PENDING, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) w->indexed);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) max);
    rc = ptn_words_ids(mb, st, ids, &n);

    if (rc == PTN_OK) {
        w->more |= (n == max);
        rc = ptn_words_derive(mb, w, ids, n, w->in, &w->nin);
    }

    return (rc == PTN_OK) ? ptn_words_news(mb, w) : rc;
}


/* ---- under the lock ---------------------------------------------------- */

static ptn_rc_t
ptn_words_there(ptn_mbox_t *mb, ptn_sql_e sql, ptn_id_t id, bool *ret)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);
    *ret = (rc == PTN_AGAIN);

    if (rc == PTN_AGAIN) {
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


static ptn_rc_t
ptn_words_put_doc(ptn_mbox_t *mb, ptn_sql_e sql, const ptn_words_doc_t *doc)
{
    int            i;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) doc->id);

    for (i = 0; i < PTN_WORDS_COLUMNS; i++) {
        ptn_sql_text(st, i + 2, doc->col[i]);
    }

    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_words_out(ptn_mbox_t *mb, const ptn_words_doc_t *doc)
{
    bool      there;
    ptn_rc_t  rc;

    rc = ptn_words_there(mb, PTN_SQL_UNINDEX_GET, doc->id, &there);

    if (rc != PTN_OK || !there) {
        return rc;
    }

    rc = ptn_words_put_doc(mb, PTN_SQL_WORDS_REMOVE, doc);

    if (rc == PTN_OK) {
        rc = ptn_content_remove(mb, doc->id);
    }

    return (rc == PTN_OK) ? ptn_sql_run(mb, PTN_SQL_UNINDEX_DELETE, 1, doc->id)
                          : rc;
}


static ptn_rc_t
ptn_words_apply(ptn_mbox_t *mb, ptn_words_work_t *w)
{
    bool      there;
    size_t    i;
    ptn_rc_t  rc;
    ptn_id_t  indexed;
    uint64_t  begun, version;

    rc = ptn_words_meta(mb, &indexed, &version);

    if (rc != PTN_OK) {
        return rc;
    }

    if (indexed != w->indexed || version != w->version) {
        w->more = true;                 /* another executor did it */
        return PTN_OK;
    }

    begun = ptn_time_mono_us();

    for (i = 0; i < w->nout && rc == PTN_OK; i++) {
        if (i != 0 && ptn_time_mono_us() - begun >= mb->index_us) {
            w->more = true;
            break;
        }

        rc = ptn_words_out(mb, &w->out[i]);
        w->done++;
    }

    for (i = 0; i < w->nin && rc == PTN_OK; i++) {
        if (ptn_time_mono_us() - begun >= mb->index_us
            && (i != 0 || w->nout != 0))
        {
            w->more = true;
            break;
        }

        w->done++;

        rc = ptn_words_there(mb, PTN_SQL_CONTENT_SIZE, w->in[i].id, &there);

        if (rc == PTN_OK && there) {
            rc = ptn_words_put_doc(mb, PTN_SQL_WORDS_ADD, &w->in[i]);
        }

        indexed = w->in[i].id;
    }

    if (rc != PTN_OK || indexed == w->indexed) {
        return rc;
    }

    mb->meta.indexed = indexed;
    rc = ptn_words_new_save(mb, &w->new);

    return (rc == PTN_OK) ? ptn_sql_run(mb, PTN_SQL_WORDS_DONE, 2, indexed,
                                        version)
                          : rc;
}


/*
 * Of another tokenizer: all begins anew.  What was to leave the index can
 * leave at once.
 */

static ptn_rc_t
ptn_words_reset(ptn_mbox_t *mb, ptn_words_work_t *w)
{
    size_t         i, n;
    ptn_id_t       ids[PTN_WORDS_PORTION];
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    rc = ptn_words_meta(mb, &w->indexed, &w->version);

    if (rc != PTN_OK || w->version == ptn_words_version()) {
        return rc;
    }

    do {
        st = ptn_sql(mb, PTN_SQL_UNINDEX_LIST, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, PTN_WORDS_PORTION);
        rc = ptn_words_ids(mb, st, ids, &n);

        for (i = 0; i < n && rc == PTN_OK; i++) {
            rc = ptn_content_remove(mb, ids[i]);

            if (rc == PTN_OK) {
                rc = ptn_sql_run(mb, PTN_SQL_UNINDEX_DELETE, 1, ids[i]);
            }
        }

    } while (rc == PTN_OK && n != 0);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_WORDS_CLEAR, 0);
    }

    if (rc == PTN_OK) {
        rc = ptn_words_list_clear(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_words_settings(mb);
    }

    mb->meta.indexed = 0;

    return (rc == PTN_OK) ? ptn_sql_run(mb, PTN_SQL_WORDS_DONE, 2,
                                        (uint64_t) 0, ptn_words_version())
                          : rc;
}


/* ---- a portion --------------------------------------------------------- */

static ptn_rc_t
ptn_words_under(ptn_txn_t *tx, void *ctx)
{
    ptn_words_work_t  *w = ctx;

    w->begun = ptn_time_mono_us();
    w->cn = tx->mb->meta.cn;

    return w->under(tx->mb, w);
}


/*
 * While others write, too, the lock is held for a tenth of the time at most.
 */

static ptn_rc_t
ptn_words_locked(ptn_mbox_t *mb, ptn_words_work_t *w,
    ptn_rc_t (*f)(ptn_mbox_t *mb, ptn_words_work_t *w))
{
    ptn_rc_t  rc;
    uint64_t  held;

    w->under = f;
    w->begun = 0;
    mb->no_checkpoint = true;           /* that of idle() does */
    rc = ptn_chore_run(mb, PTN_WORDS_TRIES, ptn_words_under, w);
    mb->no_checkpoint = false;

    if (w->begun == 0) {
        return rc;
    }

    held = (ptn_time_mono_us() - w->begun) / 1000;

    if (held >= PTN_WORDS_HELD) {
        mb->index_us = ptn_max(mb->index_us * 2 / 3,
                               (unsigned) PTN_WORDS_LOCK_MIN);
    } else {
        mb->index_us = ptn_min(mb->index_us * 9 / 8 + 1,
                               (unsigned) PTN_WORDS_LOCK);
    }

    mb->index_ms = (w->cn == mb->index_cn)
                   ? 0 : ptn_time_mono()
                         + ptn_min(PTN_WORDS_PAUSE * (held + 1),
                                   (uint64_t) PTN_WORDS_PAUSE_MAX);
    mb->index_cn = mb->meta.cn;

    return rc;
}


/* Settings of a file from elsewhere may leave nothing to do: once is enough. */

static ptn_rc_t
ptn_words_merge_under(ptn_mbox_t *mb, ptn_words_work_t *w PTN_UNUSED)
{
    bool      any;
    ptn_rc_t  rc;

    rc = ptn_words_merge(mb, mb->index_us, &any);

    if (rc == PTN_OK && !any) {
        mb->index_merged = true;
    }

    return rc;
}


/* As many texts the next time as the lock had time for. */

static void
ptn_words_learn(ptn_mbox_t *mb, const ptn_words_work_t *w)
{
    size_t  n;

    n = w->nin + w->nout;

    if (w->done == n) {
        n += n / 2 + 1;
    } else if (w->done != 0) {
        n = w->done + w->done / 8 + 1;
    }

    mb->index_docs = (unsigned) ptn_min(ptn_max(n, (size_t) 4),
                                        (size_t) PTN_WORDS_PORTION);
}


/* What was found out, in a transaction. */

static ptn_rc_t
ptn_words_do(ptn_mbox_t *mb, ptn_words_work_t *w)
{
    ptn_rc_t  rc;

    if (w->version != ptn_words_version()) {
        w->more = true;
        return ptn_words_locked(mb, w, ptn_words_reset);
    }

    if (w->nin != 0 || w->nout != 0) {
        rc = ptn_words_locked(mb, w, ptn_words_apply);

        if (rc == PTN_OK) {
            ptn_words_learn(mb, w);
            w->more |= w->state.some;
            mb->index_merge = true;
            mb->index_merged = false;
        }

        return rc;
    }

    /* nothing to index: what is left to merge, a little finer */

    if (w->merge || w->state.some) {
        w->more = true;
        mb->index_merge = false;
        return ptn_words_locked(mb, w, ptn_words_merge_under);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_words_portion(ptn_mbox_t *mb, bool *ret_more)
{
    ptn_rc_t           rc;
    ptn_words_work_t  *w;
    ptn_pool_t        *pool;

    *ret_more = false;

    if (mb->store->batch != NULL) {
        return PTN_EBUSY;
    }

    pool = ptn_content_pool(mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    if (mb->index_docs == 0) {
        mb->index_docs = PTN_WORDS_FIRST;
        mb->index_us = PTN_WORDS_LOCK;
    }

    w = ptn_pcalloc(pool, sizeof(ptn_words_work_t));
    rc = (w == NULL) ? PTN_ENOMEM : ptn_mbox_read(mb);

    if (rc == PTN_OK) {
        w->pool = pool;
        rc = ptn_words_collect(mb, w);
    }

    ptn_mbox_read_end(mb);

    if (rc == PTN_OK) {
        rc = ptn_words_do(mb, w);
    }

    if (rc == PTN_OK) {
        *ret_more = w->more;
    }

    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_search_work(ptn_mbox_t *mb, unsigned ms, bool *ret_more)
{
    bool      words, folders;
    ptn_rc_t  rc;
    uint64_t  begun;

    begun = ptn_time_mono();
    *ret_more = false;

    rc = ptn_mbox_ready(mb);

    do {
        words = false;
        folders = false;

        if (rc == PTN_OK) {
            rc = ptn_words_portion(mb, &words);
        }

        if (rc == PTN_OK) {
            rc = ptn_search_fill(mb, &folders);
        }

    } while (rc == PTN_OK && (words || folders)
             && ptn_time_mono() - begun < ms
             && ptn_time_mono() >= mb->index_ms
             && (mb->store->wanted == NULL
                 || !mb->store->wanted(mb->store->ctx)));

    if (rc == PTN_OK) {
        *ret_more = words || folders;
    }

    return rc;
}


static ptn_rc_t
ptn_words_count(ptn_mbox_t *mb, ptn_sql_e sql, uint64_t arg, uint64_t *ret)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    if (sqlite3_bind_parameter_count(st) == 1) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) arg);
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    *ret = ptn_sql_u64(st, 0);
    sqlite3_reset(st);

    return PTN_OK;
}


ptn_rc_t
ptn_search_info(ptn_mbox_t *mb, ptn_search_info_t *ret_info)
{
    ptn_id_t           indexed;
    ptn_rc_t           rc;
    ptn_search_info_t  info;

    memset(&info, 0, sizeof(info));
    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_words_indexed(mb, &indexed);
    }

    if (rc == PTN_OK) {
        rc = ptn_words_count(mb, PTN_SQL_WORDS_COUNT, 0, &info.indexed);
    }

    if (rc == PTN_OK) {
        rc = ptn_words_count(mb, PTN_SQL_WORDS_WAITING, indexed,
                             &info.pending);
    }

    if (rc == PTN_OK) {
        rc = ptn_words_count(mb, PTN_SQL_UNINDEX_COUNT, 0, &info.leaving);
    }

    if (rc == PTN_OK) {
        *ret_info = info;
    }

    return rc;
}
