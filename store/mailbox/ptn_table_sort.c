/*
 * The order of a table's rows.
 *
 * A row's sort key is one string whose bytes compare as the row should: for
 * each column a byte that says whether there is a value, then the value
 * (numbers with the highest byte first, strings by the collation of the
 * mailbox's locale), all bits turned where it descends; the uid at the end.
 * The table keeps the first eight bytes of each; where those are equal the
 * keys are made again.  In the order of open (newest first) there are none:
 * the view has the times.
 */

#include <stdlib.h>
#include <unicode/ucol.h>
#include <unicode/ustring.h>

#include "ptn_folder_props.h"
#include "ptn_msg.h"
#include "ptn_table.h"


#define PTN_SORT_TEXT_MAX  255      /* bytes of a string that count */


ptn_rc_t
ptn_table_can_sort(const ptn_sort_t *sorts, size_t n)
{
    size_t    i;
    uint16_t  type;

    for (i = 0; i < n; i++) {
        type = ptn_prop_type(sorts[i].tag);

        if (ptn_prop_size(sorts[i].tag) == 0 && type != PTN_PT_UNICODE
            && type != PTN_PT_STRING8 && type != PTN_PT_BINARY)
        {
            return PTN_ESUPPORT;
        }

        if (type == PTN_PT_ERROR
            || ptn_item_what(sorts[i].tag) != PTN_OXCMAIL_PROPS)
        {
            return PTN_ESUPPORT;
        }
    }

    return PTN_OK;
}


/* ---- one key ------------------------------------------------------------ */

static UCollator *
ptn_sort_collator(ptn_mbox_t *mb)
{
    UErrorCode    err;
    UCollator    *coll;
    ptn_store_t  *store;

    store = mb->store;

    if (store->collator != NULL
        && strncmp(store->collator_locale, mb->locale,
                   sizeof(store->collator_locale) - 1) == 0)
    {
        return store->collator;
    }

    err = U_ZERO_ERROR;
    coll = ucol_open(mb->locale, &err);

    if (U_FAILURE(err)) {
        return store->collator;
    }

    ucol_close(store->collator);
    store->collator = coll;
    memset(store->collator_locale, 0, sizeof(store->collator_locale));
    strncpy(store->collator_locale, mb->locale,
            sizeof(store->collator_locale) - 1);

    return coll;
}


static void
ptn_sort_text(ptn_mbox_t *mb, ptn_buf_t *b, ptn_str_t s)
{
    UChar        wide[PTN_SORT_TEXT_MAX + 1];
    u_char      *p;
    int32_t      n, len;
    UCollator   *coll;
    UErrorCode   err;

    if (s.len > PTN_SORT_TEXT_MAX) {
        s.len = PTN_SORT_TEXT_MAX;

        while (s.len > 0 && (s.data[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }

    err = U_ZERO_ERROR;
    n = 0;
    u_strFromUTF8WithSub(wide, PTN_SORT_TEXT_MAX + 1, &n,
                         s.len ? (char *) s.data : "", (int32_t) s.len,
                         0xfffd, NULL, &err);
    coll = ptn_sort_collator(mb);

    if (U_FAILURE(err) || coll == NULL) {
        b->failed = true;
        return;
    }

    /* it ends in a zero byte, and has no other */

    p = ptn_buf_reserve(b, (size_t) n * 4 + 16);
    if (p == NULL) {
        return;
    }

    len = ucol_getSortKey(coll, wide, n, p, n * 4 + 16);

    if (len > n * 4 + 16) {
        p = ptn_buf_reserve(b, (size_t) len);
        if (p == NULL) {
            return;
        }

        len = ucol_getSortKey(coll, wide, n, p, len);
    }

    b->len += (size_t) len;
}


static void
ptn_sort_number(ptn_buf_t *b, uint64_t n)
{
    int     i;
    u_char  p[8];

    for (i = 0; i < 8; i++) {
        p[i] = (u_char) (n >> (56 - 8 * i));
    }

    ptn_buf_add(b, p, 8);
}


static void
ptn_sort_binary(ptn_buf_t *b, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len && i < PTN_SORT_TEXT_MAX; i++) {
        ptn_buf_byte(b, s.data[i]);

        if (s.data[i] == 0) {
            ptn_buf_byte(b, 0xff);
        }
    }

    ptn_buf_byte(b, 0);
    ptn_buf_byte(b, 0);
}


/* IEEE numbers compare as integers once the negative ones are turned. */

static void
ptn_sort_real(ptn_buf_t *b, ptn_str_t s)
{
    size_t    i;
    uint64_t  n;

    for (n = 0, i = s.len; i > 0; i--) {
        n = n << 8 | s.data[i - 1];
    }

    if (s.len == 4) {
        n <<= 32;
    }

    ptn_sort_number(b, (n >> 63) ? ~n : n | 1ULL << 63);
}


static void
ptn_sort_value(ptn_mbox_t *mb, ptn_buf_t *b, const ptn_sort_t *sort,
    ptn_str_t s)
{
    size_t    i, at;
    int64_t   n;

    at = b->len;
    ptn_buf_byte(b, s.data != NULL);

    if (s.data != NULL) {
        switch (ptn_prop_type(sort->tag)) {

        case PTN_PT_UNICODE:
        case PTN_PT_STRING8:
            ptn_sort_text(mb, b, s);
            break;

        case PTN_PT_BINARY:
        case PTN_PT_CLSID:
            ptn_sort_binary(b, s);
            break;

        case PTN_PT_R4:
        case PTN_PT_DOUBLE:
        case PTN_PT_APPTIME:
            ptn_sort_real(b, s);
            break;

        default:
            n = 0;
            (void) ptn_prop_int(sort->tag, s, &n);
            ptn_sort_number(b, (uint64_t) n ^ 1ULL << 63);
        }
    }

    if (sort->descending) {
        for (i = at; i < b->len; i++) {
            b->data[i] = (u_char) ~b->data[i];
        }
    }
}


/* What makes keys: a buffer for one, the item's reader. */
typedef struct {
    ptn_mbox_t             *mb;
    ptn_table_t            *table;
    ptn_pool_t             *pool;       /* of one row */
    const ptn_item_prop_t  *props[PTN_TABLE_SORTS_MAX];
    ptn_item_t              item;
    u_char                  scratch[PTN_ITEM_SCRATCH];
} ptn_sort_t_ctx;


static ptn_rc_t
ptn_sort_begin(ptn_mbox_t *mb, ptn_table_t *table, ptn_sort_t_ctx *c)
{
    unsigned  i;

    memset(c, 0, sizeof(ptn_sort_t_ctx));
    c->mb = mb;
    c->table = table;
    c->pool = ptn_pool_create(0, NULL);

    for (i = 0; i < table->nsorts; i++) {
        c->props[i] = ptn_item_prop(table->sorts[i].tag);
    }

    return c->pool ? PTN_OK : PTN_ENOMEM;
}


static void
ptn_sort_item(ptn_sort_t_ctx *c, const ptn_item_t *item, ptn_buf_t *b)
{
    bool            deep;
    u_char          uid[4];
    unsigned        i;
    ptn_str_t       s;
    ptn_item_ctx_t  ctx;

    ctx.mb = c->mb;
    ctx.pool = c->pool;
    ctx.item = item;
    ctx.scratch = c->scratch;

    for (i = 0; i < c->table->nsorts; i++) {
        s = ptn_item_value(&ctx, c->props[i], c->table->sorts[i].tag, &deep);
        ptn_sort_value(c->mb, b, &c->table->sorts[i], s);
    }

    for (i = 0; i < 4; i++) {
        uid[i] = (u_char) (item->info.uid >> (24 - 8 * i));
    }

    ptn_buf_add(b, uid, 4);
}


/* The key of one row, read from the database; in c->pool. */

static ptn_rc_t
ptn_sort_key(ptn_sort_t_ctx *c, uint32_t uid, ptn_str_t *ret)
{
    ptn_rc_t       rc;
    ptn_buf_t      b;
    sqlite3_stmt  *st;

    ptn_buf_init(&b, c->pool);

    st = ptn_sql(c->mb, PTN_SQL_ITEM_AT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->table->folder);
    sqlite3_bind_int64(st, 2, uid);
    rc = ptn_sql_step(c->mb, st);

    if (rc == PTN_AGAIN) {
        rc = ptn_item_read(st, &c->item);

        if (rc == PTN_OK) {
            ptn_sort_item(c, &c->item, &b);
        }

        sqlite3_reset(st);

    } else if (rc == PTN_OK) {

        /* gone meanwhile: the next sync takes it out */

        memset(&c->item, 0, sizeof(ptn_item_t));
        c->item.info.uid = uid;
        ptn_sort_item(c, &c->item, &b);
    }

    if (rc == PTN_OK && b.failed) {
        rc = PTN_ENOMEM;
    }

    *ret = ptn_buf_get(&b);

    return rc;
}


static uint64_t
ptn_sort_prefix(ptn_str_t key)
{
    size_t    i;
    uint64_t  n;

    for (i = 0, n = 0; i < 8; i++) {
        n = n << 8 | (i < key.len ? key.data[i] : 0);
    }

    return n;
}


/* ---- the order of open -------------------------------------------------- */

typedef struct {
    int64_t   received;
    uint32_t  uid;
} ptn_sort_newest_t;


static int
ptn_sort_compare_newest(const void *a, const void *b)
{
    const ptn_sort_newest_t  *x = a, *y = b;

    if (x->received != y->received) {
        return (x->received < y->received) - (x->received > y->received);
    }

    return (x->uid < y->uid) - (x->uid > y->uid);
}


static uint32_t
ptn_sort_rows(const ptn_table_t *table)
{
    return table->view ? ptn_view_count(table->view) : table->nrows;
}


/* Row i, from 0, by uid. */

static void
ptn_sort_row(const ptn_table_t *table, uint32_t i, ptn_row_t *row)
{
    if (table->view != NULL) {
        ptn_view_row(table->view, i + 1, row);

    } else {
        *row = table->rows[i];
    }
}


/* Mail that comes in order is in order: then there is nothing to sort. */

static ptn_rc_t
ptn_sort_newest(ptn_table_t *table, uint32_t n, uint32_t *uids)
{
    bool                sorted;
    uint32_t            i;
    ptn_row_t           row;
    ptn_sort_newest_t  *all;

    all = malloc((n + 1) * sizeof(ptn_sort_newest_t));
    if (all == NULL) {
        return PTN_ENOMEM;
    }

    sorted = true;

    for (i = 0; i < n; i++) {
        ptn_sort_row(table, n - 1 - i, &row);
        all[i].received = row.received;
        all[i].uid = row.uid;
        sorted &= (i == 0
                   || ptn_sort_compare_newest(&all[i - 1], &all[i]) < 0);
    }

    if (!sorted) {
        qsort(all, n, sizeof(ptn_sort_newest_t), ptn_sort_compare_newest);
    }

    for (i = 0; i < n; i++) {
        uids[i] = all[i].uid;
    }

    free(all);

    return PTN_OK;
}


/* ---- any order ---------------------------------------------------------- */

typedef struct {
    ptn_str_t  key;
    uint32_t   uid;
} ptn_sort_keyed_t;


static int
ptn_sort_compare_keyed(const void *a, const void *b)
{
    return ptn_str_cmp(((const ptn_sort_keyed_t *) a)->key,
                       ((const ptn_sort_keyed_t *) b)->key);
}


/* Keys of all messages of the folder, in one scan. */

static ptn_rc_t
ptn_sort_scan(ptn_sort_t_ctx *c, ptn_pool_t *pool, ptn_sort_keyed_t *all,
    uint32_t n)
{
    ptn_rc_t       rc;
    uint32_t       i, uid;
    ptn_buf_t      b;
    sqlite3_stmt  *st;

    st = ptn_sql(c->mb, PTN_SQL_ITEM_FOLDER, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) c->table->folder);
    i = 0;

    while ((rc = ptn_sql_step(c->mb, st)) == PTN_AGAIN) {
        uid = (uint32_t) ptn_sql_u64(st, 1);

        while (i < n && all[i].uid < uid) {
            i++;
        }

        if (i == n || all[i].uid != uid) {
            continue;           /* came after the view */
        }

        rc = ptn_item_read(st, &c->item);

        if (rc == PTN_OK) {
            ptn_buf_init(&b, c->pool);
            ptn_sort_item(c, &c->item, &b);
            all[i].key = ptn_str_dup(pool, ptn_buf_get(&b));
            rc = (b.failed || all[i].key.data == NULL) ? PTN_ENOMEM : PTN_OK;
            ptn_pool_reset(c->pool);
        }

        if (rc != PTN_OK) {
            sqlite3_reset(st);
            return rc;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_sort_keys(ptn_sort_t_ctx *c, ptn_pool_t *pool, ptn_sort_keyed_t *all,
    uint32_t n)
{
    ptn_rc_t   rc;
    uint32_t   i;
    ptn_str_t  key;

    rc = (c->table->view != NULL) ? ptn_sort_scan(c, pool, all, n) : PTN_OK;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (all[i].key.data != NULL) {
            continue;
        }

        rc = ptn_sort_key(c, all[i].uid, &key);

        if (rc == PTN_OK) {
            all[i].key = ptn_str_dup(pool, key);
            rc = all[i].key.data ? PTN_OK : PTN_ENOMEM;
        }

        ptn_pool_reset(c->pool);
    }

    return rc;
}


static ptn_rc_t
ptn_sort_by(ptn_mbox_t *mb, ptn_table_t *table, uint32_t n, uint32_t *uids,
    uint64_t *keys)
{
    bool               reading;
    ptn_rc_t           rc;
    uint32_t           i;
    ptn_row_t          row;
    ptn_pool_t        *pool;
    ptn_sort_t_ctx     c;
    ptn_sort_keyed_t  *all;

    pool = ptn_pool_create((size_t) 2 * 1024 * 1024 * 1024, NULL);
    all = calloc(n + 1, sizeof(ptn_sort_keyed_t));
    rc = ptn_sort_begin(mb, table, &c);

    if (pool == NULL || all == NULL) {
        rc = PTN_ENOMEM;
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        ptn_sort_row(table, i, &row);
        all[i].uid = row.uid;
    }

    reading = mb->reading;

    if (rc == PTN_OK) {
        rc = ptn_mbox_read(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_sort_keys(&c, pool, all, n);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    if (rc == PTN_OK) {
        qsort(all, n, sizeof(ptn_sort_keyed_t), ptn_sort_compare_keyed);

        for (i = 0; i < n; i++) {
            uids[i] = all[i].uid;
            keys[i] = ptn_sort_prefix(all[i].key);
        }
    }

    ptn_pool_destroy(c.pool);
    ptn_pool_destroy(pool);
    free(all);

    return rc;
}


ptn_rc_t
ptn_table_build(ptn_mbox_t *mb, ptn_table_t *table)
{
    ptn_rc_t   rc;
    uint32_t   n, *uids;
    uint64_t  *keys;

    n = ptn_sort_rows(table);
    uids = malloc((n + 1) * sizeof(uint32_t));
    keys = NULL;
    rc = uids ? PTN_OK : PTN_ENOMEM;

    if (rc == PTN_OK && table->nsorts == 0) {
        rc = ptn_sort_newest(table, n, uids);

    } else if (rc == PTN_OK) {
        keys = malloc((n + 1) * sizeof(uint64_t));
        rc = keys ? ptn_sort_by(mb, table, n, uids, keys) : PTN_ENOMEM;
    }

    if (rc != PTN_OK) {
        free(uids);
        free(keys);
        return rc;
    }

    free(table->uids);
    free(table->keys);
    table->uids = uids;
    table->keys = keys;
    table->n = n;

    return PTN_OK;
}


/* ---- patching ----------------------------------------------------------- */

static int
ptn_sort_compare_uids(const void *a, const void *b)
{
    uint32_t  x, y;

    x = *(const uint32_t *) a;
    y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


static void
ptn_sort_take_out(ptn_table_t *table, const uint32_t *dead, uint32_t ndead)
{
    uint32_t  i, n;

    if (ndead == 0) {
        return;
    }

    for (i = 0, n = 0; i < table->n; i++) {
        if (bsearch(&table->uids[i], dead, ndead, sizeof(uint32_t),
                    ptn_sort_compare_uids) != NULL)
        {
            continue;
        }

        table->uids[n] = table->uids[i];

        if (table->keys != NULL) {
            table->keys[n] = table->keys[i];
        }

        n++;
    }

    table->n = n;
}


/* Does row `at` stand before the one that is to be put in? */

static ptn_rc_t
ptn_sort_before(ptn_sort_t_ctx *c, uint32_t at, const ptn_row_t *row,
    const ptn_sort_keyed_t *keyed, uint64_t prefix, bool *ret_before)
{
    ptn_rc_t           rc;
    ptn_row_t          other;
    ptn_str_t          key;
    ptn_sort_newest_t  a, b;

    if (c->table->keys == NULL) {
        memset(&other, 0, sizeof(other));
        (void) ptn_table_row_of(c->table, c->table->uids[at], &other);
        a.received = other.received;
        a.uid = c->table->uids[at];
        b.received = row->received;
        b.uid = row->uid;
        *ret_before = ptn_sort_compare_newest(&a, &b) < 0;
        return PTN_OK;
    }

    if (c->table->keys[at] != prefix) {
        *ret_before = c->table->keys[at] < prefix;
        return PTN_OK;
    }

    rc = ptn_sort_key(c, c->table->uids[at], &key);

    if (rc == PTN_OK) {
        *ret_before = ptn_str_cmp(key, keyed->key) < 0;
    }

    return rc;
}


static ptn_rc_t
ptn_sort_put_in(ptn_sort_t_ctx *c, const ptn_row_t *row,
    const ptn_sort_keyed_t *keyed)
{
    bool          before;
    ptn_rc_t      rc;
    uint32_t      lo, hi, mid;
    uint64_t      prefix;
    ptn_table_t  *t;

    t = c->table;
    prefix = t->keys ? ptn_sort_prefix(keyed->key) : 0;
    lo = 0;
    hi = t->n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        rc = ptn_sort_before(c, mid, row, keyed, prefix, &before);
        if (rc != PTN_OK) {
            return rc;
        }

        if (before) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    memmove(t->uids + lo + 1, t->uids + lo, (t->n - lo) * sizeof(uint32_t));
    t->uids[lo] = row->uid;

    if (t->keys != NULL) {
        memmove(t->keys + lo + 1, t->keys + lo,
                (t->n - lo) * sizeof(uint64_t));
        t->keys[lo] = prefix;
    }

    t->n++;

    return PTN_OK;
}


static ptn_rc_t
ptn_sort_patch(ptn_sort_t_ctx *c, const uint32_t *dead, uint32_t ndead,
    const ptn_row_t *rows, uint32_t nrows)
{
    void              *p;
    ptn_rc_t           rc;
    uint32_t           i;
    ptn_table_t       *t;
    ptn_sort_keyed_t   keyed;

    t = c->table;

    p = realloc(t->uids, ((size_t) t->n + nrows + 1) * sizeof(uint32_t));
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    t->uids = p;

    if (t->keys != NULL) {
        p = realloc(t->keys, ((size_t) t->n + nrows + 1) * sizeof(uint64_t));
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        t->keys = p;
    }

    ptn_sort_take_out(t, dead, ndead);

    for (i = 0; i < nrows; i++) {
        memset(&keyed, 0, sizeof(keyed));
        rc = t->keys ? ptn_sort_key(c, rows[i].uid, &keyed.key) : PTN_OK;

        if (rc == PTN_OK) {
            rc = ptn_sort_put_in(c, &rows[i], &keyed);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ptn_pool_reset(c->pool);
    }

    return PTN_OK;
}


/* In the order of open a change of flags moves nothing. */

static bool
ptn_sort_same(const ptn_table_t *table, const uint32_t *dead, uint32_t ndead,
    const ptn_row_t *rows, uint32_t nrows)
{
    uint32_t  i;

    if (table->keys != NULL || ndead != nrows) {
        return false;
    }

    for (i = 0; i < nrows; i++) {
        if (dead[i] != rows[i].uid) {
            return false;
        }
    }

    return true;
}


ptn_rc_t
ptn_table_patch(ptn_mbox_t *mb, ptn_table_t *table, const uint32_t *dead,
    uint32_t ndead, const ptn_row_t *rows, uint32_t nrows)
{
    ptn_rc_t        rc;
    ptn_sort_t_ctx  c;

    if (ptn_sort_same(table, dead, ndead, rows, nrows)) {
        return PTN_OK;
    }

    rc = ptn_sort_begin(mb, table, &c);

    if (rc == PTN_OK) {
        rc = ptn_sort_patch(&c, dead, ndead, rows, nrows);
    }

    ptn_pool_destroy(c.pool);

    /* it may have been left half done */

    return (rc == PTN_OK) ? rc : ptn_table_build(mb, table);
}


/* ---- folders ------------------------------------------------------------ */

typedef struct {
    ptn_str_t  key;
    ptn_id_t   id;
    uint32_t   depth, at;
} ptn_sort_folder_t;


static int
ptn_sort_compare_folders(const void *a, const void *b)
{
    int                        n;
    const ptn_sort_folder_t   *x = a, *y = b;

    n = ptn_str_cmp(x->key, y->key);

    return n ? n : (x->at > y->at) - (x->at < y->at);
}


static ptn_rc_t
ptn_sort_folder_key(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_table_t *table,
    ptn_sort_folder_t *f)
{
    u_char            scratch[PTN_FPROP_SCRATCH];
    ptn_rc_t          rc;
    unsigned          i;
    ptn_buf_t         b;
    ptn_folder_t     *folder;
    ptn_fprop_ctx_t   c;

    rc = ptn_folder_of(mb, f->id, &folder);

    if (rc == PTN_OK) {
        rc = ptn_fprop_open(mb, pool, folder, &c);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    c.scratch = scratch;
    c.depth = f->depth;
    ptn_buf_init(&b, pool);

    for (i = 0; i < table->nsorts; i++) {
        ptn_sort_value(mb, &b, &table->sorts[i],
                       ptn_fprop_value(&c, table->sorts[i].tag));
    }

    f->key = ptn_buf_get(&b);

    return b.failed ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_table_order_folders(ptn_mbox_t *mb, ptn_table_t *table)
{
    ptn_rc_t            rc;
    uint32_t            i;
    ptn_pool_t         *pool;
    ptn_sort_folder_t  *all;

    if (table->nsorts == 0) {
        return PTN_OK;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    all = ptn_parray(pool, table->n, sizeof(ptn_sort_folder_t));
    rc = all ? PTN_OK : PTN_ENOMEM;

    for (i = 0; i < table->n && rc == PTN_OK; i++) {
        all[i].id = table->ids[i];
        all[i].depth = table->depths[i];
        all[i].at = i;
        rc = ptn_sort_folder_key(mb, pool, table, &all[i]);
    }

    if (rc == PTN_OK) {
        qsort(all, table->n, sizeof(ptn_sort_folder_t),
              ptn_sort_compare_folders);
    }

    for (i = 0; i < table->n && rc == PTN_OK; i++) {
        table->ids[i] = all[i].id;
        table->depths[i] = all[i].depth;
    }

    ptn_pool_destroy(pool);

    return rc;
}
