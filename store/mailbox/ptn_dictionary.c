/*
 * Dictionaries: trained, used, and older contents compressed again.
 */

#define ZDICT_STATIC_LINKING_ONLY

#include <stdlib.h>
#include <zdict.h>
#include <zstd.h>

#include "ptn_dictionary.h"
#include "ptn_item.h"


/* Ids of zstd's dictionaries below 32768 are of a public registry. */
#define PTN_DICTIONARY_FIRST    32768
#define PTN_DICTIONARY_LAST     65535

#define PTN_DICTIONARY_SAMPLE   (8 * 1024)          /* of one content */
#define PTN_DICTIONARY_SAMPLES  (1024 * 1024)       /* of all */
#define PTN_DICTIONARY_ROWS     1000
#define PTN_DICTIONARY_GROWTH   8
#define PTN_DICTIONARY_STEP     32                  /* contents, when idle */
#define PTN_HASTY_STEP          16
#define PTN_HASTY_ROWS          1000


/* ---- those that are ready ------------------------------------------------ */

static void
ptn_dictionary_drop(ptn_dictionary_t *d)
{
    ZSTD_freeCDict(d->cdict);
    ZSTD_freeDDict(d->ddict);
    memset(d, 0, sizeof(ptn_dictionary_t));
}


void
ptn_dictionary_forget(ptn_store_t *store, const ptn_guid_t *mailbox)
{
    unsigned  i;

    for (i = 0; i < PTN_DICTIONARIES; i++) {
        if (mailbox == NULL
            || ptn_guid_eq(store->dictionaries[i].mailbox, *mailbox))
        {
            ptn_dictionary_drop(&store->dictionaries[i]);
        }
    }
}


/* An entry without dictionaries yet, in place of the oldest. */

static ptn_dictionary_t *
ptn_dictionary_entry(ptn_mbox_t *mb, uint64_t id)
{
    unsigned           i;
    ptn_store_t       *store;
    ptn_dictionary_t  *d, *oldest;

    store = mb->store;
    oldest = &store->dictionaries[0];

    for (i = 0; i < PTN_DICTIONARIES; i++) {
        d = &store->dictionaries[i];

        if (d->id == id && ptn_guid_eq(d->mailbox, mb->guid)) {
            d->used = ++store->dictionary_tick;
            return d;
        }

        if (d->used < oldest->used) {
            oldest = d;
        }
    }

    ptn_dictionary_drop(oldest);
    oldest->used = ++store->dictionary_tick;

    return oldest;
}


/* The dictionary's bytes are what the file says: zstd checks them. */

static ptn_rc_t
ptn_dictionary_load(ptn_mbox_t *mb, uint64_t id, bool compress,
    ptn_dictionary_t *d)
{
    ptn_rc_t       rc;
    ptn_str_t      data;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_DICT_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    data = ptn_sql_column(st, 0);
    rc = PTN_OK;

    if (id == 0 || data.len > PTN_DICTIONARY_MAX
        || ZSTD_getDictID_fromDict(data.data, data.len) != id)
    {
        rc = PTN_ECORRUPT;

    } else if (compress) {
        d->cdict = ZSTD_createCDict(data.data, data.len,
                                    PTN_DICTIONARY_LEVEL);
        rc = d->cdict ? PTN_OK : PTN_ECORRUPT;

    } else {
        d->ddict = ZSTD_createDDict(data.data, data.len);
        rc = d->ddict ? PTN_OK : PTN_ECORRUPT;
    }

    sqlite3_reset(st);

    if (rc == PTN_OK) {
        d->mailbox = mb->guid;
        d->id = id;
    }

    return rc;
}


ptn_rc_t
ptn_dictionary_get(ptn_mbox_t *mb, uint64_t id, const void **ret_ddict)
{
    ptn_rc_t           rc;
    ptn_dictionary_t  *d;

    d = ptn_dictionary_entry(mb, id);

    if (d->ddict == NULL) {
        rc = ptn_dictionary_load(mb, id, false, d);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_ddict = d->ddict;

    return PTN_OK;
}


ptn_rc_t
ptn_dictionary_now(ptn_mbox_t *mb, const void **ret_cdict)
{
    ptn_rc_t           rc;
    ptn_dictionary_t  *d;

    *ret_cdict = NULL;

    if (mb->meta.dictionary == 0) {
        return PTN_OK;
    }

    d = ptn_dictionary_entry(mb, mb->meta.dictionary);

    if (d->cdict == NULL) {
        rc = ptn_dictionary_load(mb, mb->meta.dictionary, true, d);

        /* one that cannot be used keeps nobody from writing */

        if (rc == PTN_ECORRUPT) {
            mb->meta.dictionary = 0;
            return PTN_OK;
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_cdict = d->cdict;

    return PTN_OK;
}


/* ---- training ------------------------------------------------------------ */

typedef struct {
    uint64_t  id, packed, upto, first, oid;
} ptn_dictionary_state_t;

static ptn_rc_t
ptn_dictionary_state(ptn_mbox_t *mb, ptn_dictionary_state_t *ret)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_DICT_NOW, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    ret->id = ptn_sql_u64(st, 0);
    ret->packed = ptn_sql_u64(st, 1);
    ret->upto = ptn_sql_u64(st, 2);
    ret->first = ptn_sql_u64(st, 3);
    ret->oid = ptn_sql_u64(st, 4);
    sqlite3_reset(st);

    return PTN_OK;
}


typedef struct {
    u_char   *p;
    size_t    len;
    size_t    sizes[2 * PTN_DICTIONARY_ROWS];
    unsigned  n;
} ptn_dictionary_samples_t;


static void
ptn_dictionary_sample(ptn_mbox_t *mb, ptn_dictionary_samples_t *s,
    ptn_str_t frame, ptn_codec_e codec)
{
    u_char    *p;
    uint64_t   size;

    if (ptn_frame_size(frame, codec, &size) != PTN_OK
        || size < PTN_FRAME_MIN || size > PTN_DICTIONARY_PLAIN
        || s->n == ptn_nelts(s->sizes))
    {
        return;
    }

    p = malloc((size_t) size);

    if (p != NULL
        && ptn_frame_open(mb, frame, codec, p, (size_t) size) == PTN_OK)
    {
        size = ptn_min(size, (uint64_t) PTN_DICTIONARY_SAMPLE);

        if (size <= PTN_DICTIONARY_SAMPLES - s->len) {
            memcpy(s->p + s->len, p, (size_t) size);
            s->len += (size_t) size;
            s->sizes[s->n++] = (size_t) size;
        }
    }

    free(p);
}


static ptn_rc_t
ptn_dictionary_collect(ptn_mbox_t *mb, ptn_dictionary_samples_t *s)
{
    int            codec;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_DICT_SAMPLES, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, PTN_DICTIONARY_PLAIN);
    sqlite3_bind_int64(st, 2, PTN_DICTIONARY_ROWS);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        codec = sqlite3_column_int(st, 0);
        ptn_dictionary_sample(mb, s, ptn_sql_column(st, 2),
                              ptn_codec_data(codec));
        ptn_dictionary_sample(mb, s, ptn_sql_column(st, 3),
                              ptn_codec_structure(codec));
    }

    return rc;
}


ptn_rc_t
ptn_dictionary_set(ptn_txn_t *tx, ptn_str_t data)
{
    uint64_t       id;
    ptn_rc_t       rc;
    ptn_mbox_t    *mb;
    sqlite3_stmt  *st;

    mb = tx->mb;
    id = ZSTD_getDictID_fromDict(data.data, data.len);

    if (id == 0 || data.len > PTN_DICTIONARY_MAX) {
        return PTN_EINVAL;
    }

    st = ptn_sql(mb, PTN_SQL_DICT_ADD, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) mb->meta.oid);
    ptn_sql_blob(st, 3, data);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_DICT_USE, 1, id);
    }

    if (rc == PTN_OK) {
        mb->meta.dictionary = id;
        mb->meta.dirty = true;
    }

    return (rc == PTN_OK) ? rc : ptn_txn_poison(tx, rc);
}


static ptn_rc_t
ptn_dictionary_id(ptn_mbox_t *mb, unsigned *ret_id)
{
    ptn_rc_t       rc;
    uint64_t       id;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_DICT_LAST, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    id = ptn_sql_u64(st, 0) + 1;
    sqlite3_reset(st);

    *ret_id = (unsigned) ptn_max(id, (uint64_t) PTN_DICTIONARY_FIRST);

    return (id <= PTN_DICTIONARY_LAST) ? PTN_OK : PTN_ELIMIT;
}


static ptn_rc_t
ptn_dictionary_make(ptn_txn_t *tx, ptn_dictionary_samples_t *s, u_char *dict)
{
    size_t                    n;
    ptn_rc_t                  rc;
    unsigned                  id = 0;
    ZDICT_fastCover_params_t  params;

    rc = ptn_dictionary_id(tx->mb, &id);

    if (rc == PTN_OK) {
        rc = ptn_dictionary_collect(tx->mb, s);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&params, 0, sizeof(params));
    params.k = 500;
    params.d = 8;
    params.f = 18;
    params.accel = 1;
    params.zParams.dictID = id;
    params.zParams.compressionLevel = PTN_DICTIONARY_LEVEL;

    n = ZDICT_trainFromBuffer_fastCover(dict, PTN_DICTIONARY_SIZE, s->p,
                                        s->sizes, s->n, params);
    if (ZDICT_isError(n)) {
        return PTN_ENOTFOUND;
    }

    return ptn_dictionary_set(tx, ptn_str_make(dict, n));
}


/* Takes 20 to 50 ms, most of it to unpack the samples. */

ptn_rc_t
ptn_dictionary_train(ptn_mbox_t *mb)
{
    u_char                                *dict;
    ptn_rc_t                               rc;
    ptn_dictionary_samples_t              *s;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t   tx = { 0 };

    dict = malloc(PTN_DICTIONARY_SIZE);
    s = calloc(1, sizeof(ptn_dictionary_samples_t));
    rc = PTN_ENOMEM;

    if (s != NULL) {
        s->p = malloc(PTN_DICTIONARY_SAMPLES);
    }

    if (dict != NULL && s != NULL && s->p != NULL) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_dictionary_make(&tx, s, dict);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (s != NULL) {
        free(s->p);
    }

    free(s);
    free(dict);

    return rc;
}


/* ---- older contents ------------------------------------------------------ */

typedef struct {
    ptn_id_t   id;
    int        codec;
    uint64_t   plain;
    ptn_str_t  data, structure;
} ptn_repack_t;


/* Again, if that saves a tenth; one that was made in haste, if anything. */

static ptn_rc_t
ptn_repack_frame(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t *frame,
    ptn_codec_e *codec, bool *better)
{
    bool         hasty;
    ptn_rc_t     rc;
    uint64_t     size;
    ptn_str_t    plain, made;
    ptn_codec_e  how;

    hasty = (*codec == PTN_CODEC_HASTY);

    if (!hasty && (*codec == PTN_CODEC_DICT || frame->len < PTN_FRAME_MIN)) {
        return PTN_OK;
    }

    rc = ptn_frame_size(*frame, *codec, &size);

    if (rc != PTN_OK
        || size > (hasty ? PTN_INLINE_MAX * 8u : PTN_DICTIONARY_PLAIN))
    {
        return PTN_OK;
    }

    plain.len = (size_t) size;
    plain.data = ptn_palloc(pool, plain.len);

    if (plain.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_frame_open(mb, *frame, *codec, plain.data, plain.len);

    if (rc == PTN_OK) {
        rc = ptn_frame_make(mb, pool, plain, &made, &how);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
    }

    if (made.len < frame->len - (hasty ? 0 : frame->len / 10)) {
        *frame = made;
        *codec = how;
        *better = true;

    } else if (hasty) {
        *codec = PTN_CODEC_ZSTD;
        *better = true;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_repack_one(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_repack_t *r)
{
    bool           better;
    ptn_rc_t       rc;
    ptn_codec_e    data, structure;
    sqlite3_stmt  *st;

    better = false;
    data = ptn_codec_data(r->codec);
    structure = ptn_codec_structure(r->codec);

    rc = ptn_repack_frame(mb, pool, &r->data, &data, &better);

    if (rc == PTN_OK) {
        rc = ptn_repack_frame(mb, pool, &r->structure, &structure, &better);
    }

    if (rc != PTN_OK || !better) {
        return rc;
    }

    st = ptn_sql(mb, PTN_SQL_REPACK_SET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) r->id);
    sqlite3_bind_int(st, 2, ptn_codec_both(data, structure));
    ptn_sql_blob(st, 3, r->data);
    ptn_sql_blob(st, 4, r->structure);
    rc = ptn_sql_step(mb, st);
    sqlite3_clear_bindings(st);

    return rc;
}


static ptn_rc_t
ptn_repack_read(ptn_mbox_t *mb, ptn_pool_t *pool, unsigned list,
    uint64_t from, uint64_t to, ptn_repack_t *all, unsigned max,
    unsigned *ret_n)
{
    unsigned       n;
    ptn_rc_t       rc;
    ptn_repack_t  *r;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, list, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) from);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) to);
    sqlite3_bind_int64(st, 3, max);

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN && n < max; n++) {
        r = &all[n];
        r->id = ptn_sql_u64(st, 0);
        r->codec = sqlite3_column_int(st, 1);
        r->plain = ptn_sql_u64(st, 2);
        r->data = ptn_str_dup(pool, ptn_sql_column(st, 3));
        r->structure = ptn_str_dup(pool, ptn_sql_column(st, 4));

        if (r->structure.data == NULL) {
            sqlite3_reset(st);
            return PTN_ENOMEM;
        }
    }

    *ret_n = n;

    return rc;
}


/* *ret_upto: those up to this id are done. */

static ptn_rc_t
ptn_repack_some(ptn_mbox_t *mb, ptn_pool_t *pool, unsigned list,
    uint64_t from, uint64_t to, unsigned max, uint64_t *ret_upto)
{
    unsigned       i, n = 0;
    ptn_rc_t       rc;
    ptn_repack_t  *all;

    all = ptn_parray(pool, max, sizeof(ptn_repack_t));
    if (all == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_repack_read(mb, pool, list, from, to, all, max, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_repack_one(mb, pool, &all[i]);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *ret_upto = (n == max) ? all[n - 1].id : to;
    mb->meta.dirty = true;

    return PTN_OK;
}


/* What readers have unpacked stays right: the bytes are the same. */

ptn_rc_t
ptn_dictionary_repack(ptn_mbox_t *mb, unsigned max, bool *ret_more)
{
    ptn_rc_t                               rc;
    uint64_t                               upto;
    ptn_pool_t                            *pool;
    ptn_dictionary_state_t                 s;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t   tx = { 0 };

    *ret_more = false;

    rc = ptn_dictionary_state(mb, &s);

    if (rc != PTN_OK || s.id == 0 || s.packed >= s.first) {
        return rc;
    }

    pool = ptn_pool_create(SIZE_MAX, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_dictionary_state(mb, &s);
    }

    if (rc == PTN_OK && s.packed < s.first) {
        rc = ptn_repack_some(mb, pool, PTN_SQL_REPACK_LIST, s.packed, s.first,
                             max, &upto);

        if (rc == PTN_OK) {
            *ret_more = (upto < s.first);
            rc = ptn_sql_run(mb, PTN_SQL_REPACK_UPTO, 1, upto);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_pool_destroy(pool);

    return rc;
}


/* Contents that were packed in haste; a look at no more than so many rows. */

static ptn_rc_t
ptn_hasty_some(ptn_mbox_t *mb, unsigned max, bool *ret_more)
{
    ptn_rc_t     rc;
    uint64_t     to, upto;
    ptn_pool_t  *pool;

    *ret_more = false;

    pool = ptn_pool_create(SIZE_MAX, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = PTN_OK;

    if (mb->meta.hasty != 0) {
        to = (mb->meta.oid - mb->meta.hasty > PTN_HASTY_ROWS)
             ? mb->meta.hasty + PTN_HASTY_ROWS : mb->meta.oid;

        rc = ptn_repack_some(mb, pool, PTN_SQL_HASTY_LIST, mb->meta.hasty - 1,
                             to, max, &upto);

        if (rc == PTN_OK) {
            *ret_more = (upto < mb->meta.oid);
            mb->meta.hasty = *ret_more ? upto + 1 : 0;
            mb->meta.hasty_bytes = *ret_more ? mb->meta.hasty_bytes : 0;
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_hasty_repack(ptn_mbox_t *mb, unsigned max, bool *ret_more)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    *ret_more = false;
    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_hasty_some(mb, max, ret_more);
    }

    return (rc == PTN_OK) ? ptn_txn_commit(&tx) : rc;
}


/* ---- idle ---------------------------------------------------------------- */

static bool
ptn_dictionary_due(ptn_mbox_t *mb, const ptn_dictionary_state_t *s,
    unsigned min)
{
    int64_t        n;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (s->id != 0) {
        return s->oid / PTN_DICTIONARY_GROWTH > s->upto;
    }

    /* ids are given to more than contents: it is not too early to count */

    if (s->oid < min) {
        return false;
    }

    st = ptn_sql(mb, PTN_SQL_DICT_COUNT, &rc);
    if (st == NULL) {
        return false;
    }

    sqlite3_bind_int64(st, 1, min);
    n = 0;

    if (ptn_sql_step(mb, st) == PTN_AGAIN) {
        n = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
    }

    return n >= min;
}


static ptn_rc_t
ptn_hasty_under(ptn_txn_t *tx, void *ctx)
{
    return ptn_hasty_some(tx->mb, PTN_HASTY_STEP, ctx);
}


/* A step, and soon the next: who delivers waits for the lock no longer. */

static void
ptn_hasty_idle(ptn_mbox_t *mb)
{
    bool      more;
    ptn_rc_t  rc;

    more = false;
    rc = ptn_chore_run(mb, 0, ptn_hasty_under, &more);

    if (rc == PTN_EBUSY || (rc == PTN_OK && more)) {
        mb->store->busy = true;
    }
}


/* Asked again when so many ids were given since; a step at a time. */

void
ptn_dictionary_idle(ptn_mbox_t *mb)
{
    bool                    more;
    ptn_rc_t                rc;
    ptn_dictionary_state_t  s;

    if (!mb->meta.valid && ptn_mbox_meta(mb) != PTN_OK) {
        return;
    }

    if (!mb->repack && mb->meta.oid < mb->dictionary_asked) {
        if (mb->meta.hasty != 0) {
            ptn_hasty_idle(mb);
        }

        return;
    }

    mb->store->busy |= (mb->meta.hasty != 0);

    rc = ptn_dictionary_state(mb, &s);

    if (rc == PTN_OK && !mb->repack) {
        mb->dictionary_asked = mb->meta.oid + PTN_DICTIONARY_MIN / 8;

        if (ptn_dictionary_due(mb, &s, PTN_DICTIONARY_MIN)) {
            rc = ptn_dictionary_train(mb);

            if (rc == PTN_OK) {
                rc = ptn_batch_commit(mb);
            }

            if (rc == PTN_OK) {
                rc = ptn_dictionary_state(mb, &s);
            }
        }

        mb->repack = (rc == PTN_OK && s.id != 0 && s.packed < s.first);
        return;
    }

    more = false;

    if (rc == PTN_OK) {
        rc = ptn_dictionary_repack(mb, PTN_DICTIONARY_STEP, &more);
    }

    if (rc == PTN_OK && mb->batch) {
        rc = ptn_batch_commit(mb);
    }

    mb->repack = (rc == PTN_OK && more);
}


ptn_rc_t
ptn_dictionary_compact(ptn_mbox_t *mb)
{
    bool                    more;
    ptn_rc_t                rc;
    ptn_dictionary_state_t  s;

    rc = ptn_dictionary_state(mb, &s);

    if (rc == PTN_OK && ptn_dictionary_due(mb, &s, PTN_DICTIONARY_FEW)) {
        rc = ptn_dictionary_train(mb);

        if (rc == PTN_OK) {
            rc = ptn_batch_commit(mb);
        }

        if (rc == PTN_ENOTFOUND) {
            return PTN_OK;              /* nothing to learn from */
        }

        if (rc == PTN_ELIMIT) {         /* no id is left for another one */
            rc = PTN_OK;
        }
    }

    for (more = (rc == PTN_OK); more && rc == PTN_OK; ) {
        rc = ptn_dictionary_repack(mb, PTN_DICTIONARY_STEP, &more);

        if (rc == PTN_OK && mb->batch) {
            rc = ptn_batch_commit(mb);
        }
    }

    for (more = true; more && rc == PTN_OK; ) {
        rc = ptn_hasty_repack(mb, PTN_HASTY_STEP, &more);

        if (rc == PTN_OK && mb->batch) {
            rc = ptn_batch_commit(mb);
        }
    }

    return rc;
}
