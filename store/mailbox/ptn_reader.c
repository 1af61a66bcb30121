/*
 * Public stores: what each user has read (table reader).
 *
 * Of a folder and a user there are runs of uids, ascending and apart from each
 * other: whether they are read, and the change number that made them so.  A uid
 * that is in none is unread.  Rows of messages never have \Seen there.
 *
 * What was read of them stays with the mailbox handle until its caches go;
 * changes are written with the folders' counters (ptn_folder_flush).
 */

#include <stdlib.h>

#include "ptn_idset.h"
#include "ptn_item.h"


#define PTN_READER_RUN   16         /* bytes of one: u32, u32, u64 */
#define PTN_READER_MANY  4096       /* then their numbers are made fewer */

typedef struct {
    uint32_t  first, last;
    uint64_t  cn;
    bool      seen;
} ptn_reader_run_t;

struct ptn_reader_s {
    ptn_reader_t      *next;
    ptn_id_t           folder;
    uint64_t           user;
    uint64_t           read_cn;
    bool               dirty;
    ptn_reader_run_t  *runs;
    uint32_t           n, size;

    bool               counted;     /* unread, when the folder was at modseq */
    uint64_t           modseq;
    uint32_t           unread;
};


static bool
ptn_reader_is(const ptn_mbox_t *mb)
{
    return mb->kind == PTN_MBOX_PUBLIC && mb->acting.user != 0
           && !mb->acting.owner;
}


void
ptn_reader_drop(ptn_mbox_t *mb)
{
    ptn_reader_t  *r;

    while (mb->readers != NULL) {
        r = mb->readers;
        mb->readers = r->next;
        free(r->runs);
        free(r);
    }
}


/*
 * A read transaction has begun: what another connection changed since the
 * caches were made is part of it.
 */

ptn_rc_t
ptn_reader_fresh(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (mb->readers == NULL || mb->batch) {
        return PTN_OK;
    }

    st = ptn_sql(mb, PTN_SQL_DATA_VERSION, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);
    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
    }

    if (sqlite3_column_int64(st, 0) != mb->data_version) {
        ptn_reader_drop(mb);
    }

    sqlite3_reset(st);

    return PTN_OK;
}


/* ---- rows ---------------------------------------------------------------- */

static uint64_t
ptn_reader_u64(const u_char *p)
{
    return ptn_le32(p) | (uint64_t) ptn_le32(p + 4) << 32;
}


static ptn_rc_t
ptn_reader_unpack(ptn_reader_t *r, ptn_str_t s)
{
    size_t             i;
    uint64_t           last;
    ptn_reader_run_t  *run;

    if (s.len % PTN_READER_RUN != 0) {
        return PTN_ECORRUPT;
    }

    r->size = (uint32_t) (s.len / PTN_READER_RUN) + 16;
    r->runs = malloc(r->size * sizeof(ptn_reader_run_t));
    last = 0;

    if (r->runs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < s.len; i += PTN_READER_RUN) {
        run = &r->runs[r->n++];
        run->first = ptn_le32(s.data + i);
        run->last = ptn_le32(s.data + i + 4);
        run->cn = ptn_reader_u64(s.data + i + 8);
        run->seen = run->cn & 1;
        run->cn >>= 1;

        if (run->first <= last || run->last < run->first) {
            return PTN_ECORRUPT;
        }

        last = run->last;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_reader_check(ptn_str_t runs)
{
    ptn_rc_t      rc;
    ptn_reader_t  r;

    memset(&r, 0, sizeof(r));
    rc = ptn_reader_unpack(&r, runs);
    free(r.runs);

    return rc;
}


static ptn_rc_t
ptn_reader_read(ptn_mbox_t *mb, ptn_reader_t *r)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_READER_GET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) r->folder);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) r->user);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        r->read_cn = ptn_sql_u64(st, 0);
        rc = ptn_reader_unpack(r, ptn_sql_column(st, 1));
        sqlite3_reset(st);
    }

    return rc;
}


static ptn_rc_t
ptn_reader_get(ptn_mbox_t *mb, ptn_id_t folder, ptn_reader_t **ret)
{
    ptn_rc_t       rc;
    ptn_reader_t  *r;

    for (r = mb->readers; r != NULL; r = r->next) {
        if (r->folder == folder && r->user == mb->acting.user) {
            *ret = r;
            return PTN_OK;
        }
    }

    r = calloc(1, sizeof(ptn_reader_t));
    if (r == NULL) {
        return PTN_ENOMEM;
    }

    r->folder = folder;
    r->user = mb->acting.user;
    rc = ptn_reader_read(mb, r);

    if (rc != PTN_OK) {
        free(r->runs);
        free(r);
        return rc;
    }

    r->next = mb->readers;
    mb->readers = r;
    *ret = r;

    return PTN_OK;
}


static ptn_rc_t
ptn_reader_put(ptn_mbox_t *mb, ptn_reader_t *r)
{
    u_char        *p;
    u_char        *data;
    uint32_t       i;
    uint64_t       v;
    unsigned       k;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    data = malloc((size_t) r->n * PTN_READER_RUN + 1);
    if (data == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, p = data; i < r->n; i++) {
        v = r->runs[i].cn << 1 | r->runs[i].seen;

        for (k = 0; k < 4; k++) {
            p[k] = (u_char) (r->runs[i].first >> (8 * k));
            p[4 + k] = (u_char) (r->runs[i].last >> (8 * k));
        }

        for (k = 0; k < 8; k++) {
            p[8 + k] = (u_char) (v >> (8 * k));
        }

        p += PTN_READER_RUN;
    }

    st = ptn_sql(mb, PTN_SQL_READER_SET, &rc);

    if (st != NULL) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) r->folder);
        sqlite3_bind_int64(st, 2, (sqlite3_int64) r->user);
        sqlite3_bind_int64(st, 3, (sqlite3_int64) r->read_cn);
        ptn_sql_blob(st, 4, ptn_str_make(data, (size_t) (p - data)));
        rc = ptn_sql_step(mb, st);
        sqlite3_clear_bindings(st);
    }

    free(data);

    return rc;
}


ptn_rc_t
ptn_reader_flush(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    ptn_reader_t  *r;

    for (r = mb->readers; r != NULL; r = r->next) {
        if (r->dirty) {
            rc = ptn_reader_put(mb, r);
            if (rc != PTN_OK) {
                return rc;
            }

            r->dirty = false;
        }
    }

    return PTN_OK;
}


/* ---- runs ---------------------------------------------------------------- */

/* The first run that ends at or behind the uid. */

static uint32_t
ptn_reader_find(const ptn_reader_t *r, uint32_t uid)
{
    uint32_t  lo, hi, mid;

    lo = 0;
    hi = r->n;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;

        if (r->runs[mid].last < uid) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return lo;
}


static const ptn_reader_run_t *
ptn_reader_run(const ptn_reader_t *r, uint32_t uid)
{
    uint32_t  i;

    i = ptn_reader_find(r, uid);

    return (i < r->n && r->runs[i].first <= uid) ? &r->runs[i] : NULL;
}


static ptn_rc_t
ptn_reader_room(ptn_reader_t *r, uint32_t more)
{
    uint32_t           size;
    ptn_reader_run_t  *p;

    if (r->n + more <= r->size) {
        return PTN_OK;
    }

    size = ptn_max(2 * r->size, 16U);
    p = realloc(r->runs, size * sizeof(ptn_reader_run_t));

    if (p == NULL) {
        return PTN_ENOMEM;
    }

    r->runs = p;
    r->size = size;

    return PTN_OK;
}


/*
 * Those that touch and say the same become one; where there are too many, the
 * later number stands for both: a client looks again at what it knows.
 */

static void
ptn_reader_merge(ptn_reader_t *r)
{
    bool               many;
    uint32_t           i, n;
    ptn_reader_run_t  *a, *b;

    many = r->n > PTN_READER_MANY;

    for (i = 0, n = 0; i < r->n; i++) {
        b = &r->runs[i];
        a = n ? &r->runs[n - 1] : NULL;

        if (a != NULL && a->last + 1 == b->first && a->seen == b->seen
            && (a->cn == b->cn || many))
        {
            a->last = b->last;
            a->cn = ptn_max(a->cn, b->cn);
            continue;
        }

        r->runs[n++] = *b;
    }

    r->n = n;
}


static ptn_rc_t
ptn_reader_change(ptn_reader_t *r, uint32_t uid, bool seen, uint64_t cn)
{
    uint32_t           i;
    ptn_rc_t           rc;
    ptn_reader_run_t   one, old, *p;

    rc = ptn_reader_room(r, 2);
    if (rc != PTN_OK) {
        return rc;
    }

    one.first = uid;
    one.last = uid;
    one.cn = cn;
    one.seen = seen;
    i = ptn_reader_find(r, uid);

    /* a run that it is in is cut in two */

    if (i < r->n && r->runs[i].first <= uid) {
        old = r->runs[i];
        p = &r->runs[i];
        memmove(p + 1, p, (r->n - i) * sizeof(ptn_reader_run_t));
        r->n++;
        p[0].last = uid - 1;
        p[1].first = uid + 1;

        if (uid == old.last) {
            memmove(p + 1, p + 2, (r->n - i - 2) * sizeof(ptn_reader_run_t));
            r->n--;
        }

        if (uid == old.first) {
            memmove(p, p + 1, (r->n - i - 1) * sizeof(ptn_reader_run_t));
            r->n--;

        } else {
            i++;
        }
    }

    p = &r->runs[i];
    memmove(p + 1, p, (r->n - i) * sizeof(ptn_reader_run_t));
    *p = one;
    r->n++;

    if (r->n > 64 || i + 1 == r->n) {
        ptn_reader_merge(r);
    }

    r->read_cn = ptn_max(r->read_cn, cn);
    r->dirty = true;
    r->counted = false;

    return PTN_OK;
}


/* ---- for the rest of the room -------------------------------------------- */

ptn_rc_t
ptn_reader_show(ptn_mbox_t *mb, ptn_msg_info_t *m)
{
    ptn_rc_t                 rc;
    ptn_reader_t            *r;
    const ptn_reader_run_t  *run;

    if (!ptn_reader_is(mb) || m->fai) {
        return PTN_OK;
    }

    rc = ptn_reader_get(mb, m->folder, &r);
    if (rc != PTN_OK) {
        return rc;
    }

    run = ptn_reader_run(r, m->uid);
    m->flags &= ~(uint32_t) PTN_FLAG_SEEN;

    if (run != NULL) {
        m->flags |= run->seen ? PTN_FLAG_SEEN : 0;
        m->modseq = ptn_max(m->modseq, run->cn);
        m->read_cn = ptn_max(m->read_cn, run->cn);
    }

    return PTN_OK;
}


/* \Seen of a row in a public store: out of it, and noted for who acts. */

ptn_rc_t
ptn_reader_flag(ptn_txn_t *tx, ptn_msg_info_t *m, uint32_t *flags,
    uint64_t *modseq)
{
    bool           was, seen;
    ptn_rc_t       rc;
    uint64_t       cn;
    ptn_mbox_t    *mb;
    ptn_reader_t  *r;

    mb = tx->mb;
    was = (m->flags & PTN_FLAG_SEEN) != 0;
    seen = (*flags & PTN_FLAG_SEEN) != 0;
    m->flags &= ~(uint32_t) PTN_FLAG_SEEN;
    *flags &= ~(uint32_t) PTN_FLAG_SEEN;

    if (!ptn_reader_is(mb) || m->fai || was == seen) {
        return PTN_OK;
    }

    rc = ptn_reader_get(mb, m->folder, &r);
    if (rc != PTN_OK) {
        return rc;
    }

    cn = ptn_txn_cn(tx);
    rc = ptn_reader_change(r, m->uid, seen, cn);

    if (rc == PTN_OK && *modseq == 0) {
        *modseq = cn;
    }

    return rc;
}


bool
ptn_reader_take(const ptn_mbox_t *mb, ptn_msg_info_t *m)
{
    bool  seen;

    if (mb->kind != PTN_MBOX_PUBLIC) {
        return false;
    }

    seen = (m->flags & PTN_FLAG_SEEN) != 0;
    m->flags &= ~(uint32_t) PTN_FLAG_SEEN;

    return seen && ptn_reader_is(mb) && !m->fai;
}


ptn_rc_t
ptn_reader_give(ptn_txn_t *tx, const ptn_msg_info_t *m)
{
    ptn_rc_t       rc;
    ptn_reader_t  *r;

    rc = ptn_reader_get(tx->mb, m->folder, &r);

    return (rc == PTN_OK) ? ptn_reader_change(r, m->uid, true, m->cn) : rc;
}


ptn_rc_t
ptn_reader_follow(ptn_txn_t *tx, const ptn_msg_info_t *old,
    const ptn_msg_info_t *m)
{
    ptn_rc_t                 rc;
    ptn_reader_t            *r;
    const ptn_reader_run_t  *run;

    if (!ptn_reader_is(tx->mb) || m->fai) {
        return PTN_OK;
    }

    rc = ptn_reader_get(tx->mb, old->folder, &r);
    run = (rc == PTN_OK) ? ptn_reader_run(r, old->uid) : NULL;

    return (run != NULL && run->seen)
           ? ptn_reader_change(r, m->uid, true, m->cn) : rc;
}


static ptn_rc_t
ptn_reader_count(ptn_mbox_t *mb, ptn_reader_t *r, const ptn_folder_t *f)
{
    uint32_t       i, seen;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    seen = 0;

    for (i = 0; i < r->n; i++) {
        if (!r->runs[i].seen) {
            continue;
        }

        st = ptn_sql(mb, PTN_SQL_READER_COUNT, &rc);
        if (st == NULL) {
            return rc;
        }

        sqlite3_bind_int64(st, 1, (sqlite3_int64) f->id);
        sqlite3_bind_int64(st, 2, r->runs[i].first);
        sqlite3_bind_int64(st, 3, r->runs[i].last);
        rc = ptn_sql_step(mb, st);

        if (rc != PTN_AGAIN) {
            return (rc == PTN_OK) ? PTN_EINTERNAL : rc;
        }

        seen += (uint32_t) ptn_sql_u64(st, 0);
        sqlite3_reset(st);
    }

    r->unread = f->total - ptn_min(seen, f->total);
    r->modseq = f->modseq;
    r->counted = true;

    return PTN_OK;
}


uint32_t
ptn_reader_unread(ptn_mbox_t *mb, const ptn_folder_t *f)
{
    ptn_reader_t  *r;

    if (!ptn_reader_is(mb) || ptn_reader_get(mb, f->id, &r) != PTN_OK) {
        return f->unread;
    }

    if ((!r->counted || r->modseq != f->modseq)
        && ptn_reader_count(mb, r, f) != PTN_OK)
    {
        return f->unread;
    }

    return r->unread;
}


uint64_t
ptn_reader_cn(ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_reader_t  *r;

    return (ptn_reader_is(mb) && ptn_reader_get(mb, folder, &r) == PTN_OK)
           ? r->read_cn : 0;
}


/* ---- as sets of change numbers ------------------------------------------- */

typedef struct {
    ptn_txn_t       *tx;            /* put */
    ptn_mbox_t      *mb;
    ptn_reader_t    *reader;
    ptn_reader_t     made;          /* put: the runs from now on */
    uint64_t         cn;            /* of those that change, or 0 */
    ptn_idset_t     *set;
    const ptn_id_t  *hidden;        /* private messages of others */
    size_t           nhidden;
} ptn_reader_ids_t;

static ptn_rc_t
ptn_reader_ids_get(ptn_reader_ids_t *x, uint32_t uid, uint64_t cn, bool hidden)
{
    ptn_rc_t                 rc;
    uint16_t                 replid;
    ptn_guid_t               guid;
    const ptn_reader_run_t  *run;

    run = ptn_reader_run(x->reader, uid);

    if (hidden || run == NULL || !run->seen) {
        return PTN_OK;
    }

    rc = ptn_mbox_replica(x->mb, cn, &replid, &guid);

    return (rc == PTN_OK) ? ptn_idset_add(x->set, guid, cn) : rc;
}


/*
 * What does not change keeps its number.  Runs go over uids that no message
 * has: none will have them.
 */

static ptn_rc_t
ptn_reader_ids_put(ptn_reader_ids_t *x, uint32_t uid, uint64_t cn, bool hidden)
{
    bool                     want;
    ptn_rc_t                 rc;
    uint16_t                 replid;
    ptn_guid_t               guid;
    ptn_reader_t            *made;
    ptn_reader_run_t         one, *last;
    const ptn_reader_run_t  *run;

    rc = ptn_mbox_replica(x->mb, cn, &replid, &guid);
    if (rc != PTN_OK) {
        return rc;
    }

    made = &x->made;
    run = ptn_reader_run(x->reader, uid);
    want = hidden ? (run != NULL && run->seen)
                  : ptn_idset_has(x->set, guid, cn);

    one.first = made->n ? made->runs[made->n - 1].last + 1 : 1;
    one.last = uid;
    one.seen = want;
    one.cn = run ? run->cn : 0;

    if (want != (run != NULL && run->seen)) {
        x->cn = x->cn ? x->cn : ptn_txn_cn(x->tx);
        one.cn = x->cn;
    }

    last = made->n ? &made->runs[made->n - 1] : NULL;

    if (last != NULL && last->seen == one.seen && last->cn == one.cn) {
        last->last = uid;
        return PTN_OK;
    }

    rc = ptn_reader_room(made, 1);

    if (rc == PTN_OK) {
        made->runs[made->n++] = one;
    }

    return rc;
}


static ptn_rc_t
ptn_reader_ids_all(ptn_reader_ids_t *x, ptn_id_t folder)
{
    bool           hidden;
    ptn_rc_t       rc, one;
    uint64_t       cn;
    uint32_t       uid;
    sqlite3_stmt  *st;

    st = ptn_sql(x->mb, PTN_SQL_READER_SET_ROWS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    while ((rc = ptn_sql_step(x->mb, st)) == PTN_AGAIN) {
        hidden = ptn_mark_hides(x->hidden, x->nhidden, ptn_sql_u64(st, 0));
        uid = (uint32_t) ptn_sql_u64(st, 1);
        cn = ptn_sql_u64(st, 2);

        one = x->tx ? ptn_reader_ids_put(x, uid, cn, hidden)
                    : ptn_reader_ids_get(x, uid, cn, hidden);

        if (one != PTN_OK) {
            sqlite3_reset(st);
            return one;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_reader_ids_open(ptn_reader_ids_t *x, ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_id_t folder)
{
    ptn_id_t  *hidden;
    ptn_rc_t   rc;

    if (mb->kind != PTN_MBOX_PUBLIC) {
        return PTN_ESUPPORT;
    }

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);

    if (rc == PTN_OK && !ptn_reader_is(mb)) {
        rc = PTN_ESUPPORT;              /* the system reads nothing */
    }

    if (rc == PTN_OK) {
        rc = ptn_reader_get(mb, folder, &x->reader);
    }

    if (rc == PTN_OK) {
        rc = ptn_mark_hidden(mb, pool, folder, &hidden, &x->nhidden);
        x->hidden = hidden;
    }

    x->mb = mb;

    return rc;
}


ptn_rc_t
ptn_reader_set_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_str_t *ret_set)
{
    ptn_rc_t          rc;
    ptn_idset_t       set;
    ptn_reader_ids_t  x;

    memset(&x, 0, sizeof(x));
    memset(&set, 0, sizeof(set));
    x.set = &set;

    rc = ptn_mbox_ready(mb);

    if (rc == PTN_OK) {
        rc = ptn_reader_ids_open(&x, mb, pool, folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_reader_ids_all(&x, folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_idset_ready(&set);
    }

    if (rc == PTN_OK) {
        rc = ptn_idset_encode(&set, pool, PTN_IDSET_REPLGUID, ret_set);
    }

    ptn_idset_done(&set);

    return rc;
}


ptn_rc_t
ptn_reader_set_put(ptn_txn_t *tx, ptn_id_t folder, ptn_str_t data)
{
    ptn_rc_t          rc;
    ptn_pool_t       *pool;
    ptn_idset_t       set;
    ptn_reader_t     *r;
    ptn_reader_ids_t  x;

    memset(&x, 0, sizeof(x));
    memset(&set, 0, sizeof(set));
    x.tx = tx;
    x.set = &set;

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_reader_ids_open(&x, tx->mb, pool, folder);
    }

    if (rc == PTN_OK) {
        rc = ptn_idset_decode(&set, PTN_IDSET_REPLGUID, data);
    }

    if (rc == PTN_OK) {
        rc = ptn_idset_ready(&set);
    }

    if (rc == PTN_OK) {
        rc = ptn_reader_ids_all(&x, folder);
    }

    if (rc == PTN_OK && x.cn != 0) {
        r = x.reader;
        free(r->runs);
        r->runs = x.made.runs;
        r->n = x.made.n;
        r->size = x.made.size;
        r->read_cn = x.cn;
        r->dirty = true;
        r->counted = false;
        ptn_reader_merge(r);

    } else {
        free(x.made.runs);
    }

    ptn_idset_done(&set);
    ptn_pool_destroy(pool);

    return rc;
}


/* Runs that changed behind `since`: first and last uid, number, state. */

bool
ptn_reader_next(ptn_mbox_t *mb, ptn_id_t folder, uint64_t since, uint32_t *at,
    ptn_msg_info_t *ret)
{
    ptn_reader_t  *r;

    if (!ptn_reader_is(mb) || ptn_reader_get(mb, folder, &r) != PTN_OK) {
        return false;
    }

    while (*at < r->n) {
        if (r->runs[*at].cn > since) {
            memset(ret, 0, sizeof(ptn_msg_info_t));
            ret->uid = r->runs[*at].first;
            ret->mid = r->runs[*at].last;
            ret->cn = r->runs[*at].cn;
            ret->flags = r->runs[*at].seen ? PTN_FLAG_SEEN : 0;
            (*at)++;
            return true;
        }

        (*at)++;
    }

    return false;
}
