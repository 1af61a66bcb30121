/*
 * Conversations by what messages name in In-Reply-To and References.
 *
 * A message that came as MIME without Thread-Index, but names messages, is one
 * of their conversation, whatever its subject: its index is made one level
 * below that of its parent (MS-OXOMSG 2.2.1.3), and PidTagConversationId
 * follows from it as the specification says (2.2.1.2):
 *
 *   the parent's id is     the message gets
 *   that of its topic too  the index
 *   the GUID of the index  the index, and PidTagConversationIndexTracking;
 *   (also of one made)     the topic stays its own
 *   that of another topic  the index, and the parent's topic
 *
 * So nothing but the bag says which conversation a message belongs to: copies,
 * moves, export and what clients compute by themselves agree, and nothing is
 * asked when it is read.  What came with Thread-Index keeps it.
 *
 * The nearest of what it names counts: the last of References, In-Reply-To,
 * then References from behind; of each the message itself (item.idkey) before
 * one that names it too (refer; it keeps PTN_REFER_KEPT of the names), which is
 * a sibling.  Where there is none it gets an index as the answer to a first
 * message that is not here.
 *
 * When that one comes it takes the conversation of who waits for it, whose
 * index has a header for it; no row is written.  Only where it has one of its
 * own, by its Thread-Index or by what it names, those who wait move there, and
 * what is below them.
 *
 * A message without subject is in no conversation (2.2.1.2) until one answers
 * it: then both get one, whose GUID is the MD5 of its Message-ID.
 *
 * Bounds, of what is sent to us: PTN_REFER_KEYS of what a message names (the
 * nearest, and the first of References), PTN_REFER_ID bytes of a Message-ID (a
 * longer one is none), PTN_REFER_ROWS messages that match, PTN_REFER_MOVED that
 * move, PTN_REFER_LEVELS of an index.  A message that names nothing costs one
 * question, whether it is waited for.
 */

#include <openssl/evp.h>

#include "ptn_folder.h"
#include "ptn_msg.h"


#define PTN_REFER_ID        512
#define PTN_REFER_ROWS      256
#define PTN_REFER_MOVED     256
#define PTN_REFER_LEVELS    64
#define PTN_REFER_STALE     512     /* items that get keys at a time */

#define PTN_REFER_OWN       1       /* flag: it came with Thread-Index */

typedef enum {
    PTN_REFER_CHILD,                /* of the message itself */
    PTN_REFER_SIBLING,              /* of one that names it too */
    PTN_REFER_PARENT                /* of those who waited for it */
} ptn_refer_e;

typedef struct {
    uint64_t   own;                 /* key of the message, or 0 */
    uint64_t   keys[PTN_REFER_KEYS];        /* nearest first */
    ptn_str_t  ids[PTN_REFER_KEYS];
    size_t     n;
    ptn_id_t   best;                /* 0: none of them is here */
    size_t     rank;                /* of the best: 2 * key + sibling */
    ptn_id_t   late;                /* the first that waits for it, or 0 */
} ptn_refer_t;


/* ---- Message-IDs --------------------------------------------------------- */

/* The next <...> of *s, without the brackets; *s is behind it. */

static bool
ptn_refer_next(ptn_str_t *s, ptn_str_t *ret_id)
{
    size_t   n;
    u_char  *p, *from;

    p = s->len ? memchr(s->data, '>', s->len) : NULL;

    if (p == NULL) {
        s->len = 0;
        return false;
    }

    n = (size_t) (p - s->data);
    from = n ? memrchr(s->data, '<', n) : NULL;
    *ret_id = from ? ptn_str_make(from + 1, (size_t) (p - from - 1))
                   : ptn_str_make(NULL, 0);
    s->data = p + 1;
    s->len -= n + 1;

    return true;
}


/* The last one; *s is before it. */

static bool
ptn_refer_last(ptn_str_t *s, ptn_str_t *ret_id)
{
    u_char  *p, *from;

    p = s->len ? memrchr(s->data, '>', s->len) : NULL;

    if (p != NULL) {
        s->len = (size_t) (p - s->data);
        from = s->len ? memrchr(s->data, '<', s->len) : NULL;

        if (from != NULL) {
            *ret_id = ptn_str_make(from + 1, (size_t) (p - from - 1));
            s->len = (size_t) (from - s->data);
            return true;
        }
    }

    s->len = 0;

    return false;
}


/* FNV-1a, 63 bits.  Who makes two alike gains nothing: ids are compared. */

static uint64_t
ptn_refer_hash(ptn_str_t id)
{
    size_t    i;
    uint64_t  h;

    if (id.len == 0 || id.len > PTN_REFER_ID) {
        return 0;
    }

    for (i = 0, h = 0xcbf29ce484222325; i < id.len; i++) {
        h = (h ^ id.data[i]) * 0x100000001b3;
    }

    h &= INT64_MAX;

    return h ? h : 1;
}


static ptn_str_t
ptn_refer_id(ptn_str_t message_id)
{
    ptn_str_t  id;

    return ptn_refer_next(&message_id, &id) ? id : ptn_str_make(NULL, 0);
}


uint64_t
ptn_refer_key(ptn_str_t message_id)
{
    return ptn_refer_hash(ptn_refer_id(message_id));
}


static void
ptn_refer_name(ptn_refer_t *r, ptn_str_t id)
{
    size_t    i;
    uint64_t  key;

    key = ptn_refer_hash(id);

    if (key == 0 || key == r->own || r->n == PTN_REFER_KEYS) {
        return;
    }

    for (i = 0; i < r->n; i++) {
        if (r->keys[i] == key) {
            return;
        }
    }

    r->ids[r->n] = id;
    r->keys[r->n++] = key;
}


static void
ptn_refer_names(ptn_refer_t *r, const ptn_props_t *props)
{
    ptn_str_t  refs, all, id, answers;

    memset(r, 0, sizeof(ptn_refer_t));
    r->own = ptn_refer_key(ptn_props_get(props, PTN_PR_INTERNET_MESSAGE_ID));
    all = refs = ptn_props_get(props, PTN_PR_INTERNET_REFERENCES);
    answers = ptn_props_get(props, PTN_PR_IN_REPLY_TO_ID);

    if (ptn_refer_last(&refs, &id)) {
        ptn_refer_name(r, id);
    }

    if (ptn_refer_next(&answers, &id)) {
        ptn_refer_name(r, id);
    }

    while (r->n < PTN_REFER_KEYS - 1 && ptn_refer_last(&refs, &id)) {
        ptn_refer_name(r, id);
    }

    if (ptn_refer_next(&all, &id)) {
        ptn_refer_name(r, id);
    }
}


/* ---- who is here --------------------------------------------------------- */

/* A row of what has a key (message_id: its own), or names it. */

static void
ptn_refer_row(ptn_refer_t *r, uint64_t key, ptn_id_t id, ptn_str_t message_id)
{
    size_t  i, rank;
    bool    names;

    names = (message_id.data == NULL);

    if (names && key == r->own && r->late == 0) {
        r->late = id;
    }

    for (i = 0; i < r->n; i++) {
        rank = 2 * i + names;

        if (r->best != 0 && rank >= r->rank) {
            return;
        }

        if (r->keys[i] == key
            && (names || ptn_str_eq(ptn_refer_id(message_id), r->ids[i])))
        {
            r->best = id;
            r->rank = rank;
            return;
        }
    }
}


static ptn_rc_t
ptn_refer_find(ptn_mbox_t *mb, ptn_refer_t *r)
{
    size_t         i;
    ptn_rc_t       rc;
    ptn_str_t      none;
    sqlite3_stmt  *st;

    if (r->n == 0 && r->own == 0) {
        return PTN_OK;
    }

    st = ptn_sql(mb, r->n ? PTN_SQL_REFER_FIND : PTN_SQL_REFER_TO, &rc);
    if (st == NULL) {
        return rc;
    }

    if (r->n == 0) {
        sqlite3_bind_int64(st, 1, (sqlite3_int64) r->own);
        sqlite3_bind_int64(st, 2, 1);
        rc = ptn_sql_step(mb, st);

        if (rc == PTN_AGAIN) {
            r->late = ptn_sql_u64(st, 0);
            sqlite3_reset(st);
            rc = PTN_OK;
        }

        return rc;
    }

    none = ptn_str_make(NULL, 0);

    for (i = 0; i < r->n; i++) {
        sqlite3_bind_int64(st, (int) i + 1, (sqlite3_int64) r->keys[i]);
    }

    if (r->own != 0) {
        sqlite3_bind_int64(st, PTN_REFER_KEYS + 1, (sqlite3_int64) r->own);
    }

    for (i = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; i++) {
        ptn_refer_row(r, ptn_sql_u64(st, 0), ptn_sql_u64(st, 1),
                      sqlite3_column_type(st, 2) == SQLITE_NULL
                      ? none : ptn_sql_column(st, 2));

        /* rows: who waits, messages from the nearest on, who names them */

        if ((r->best != 0 && r->rank == 0) || i == PTN_REFER_ROWS) {
            sqlite3_reset(st);
            rc = PTN_OK;
            break;
        }
    }

    sqlite3_clear_bindings(st);

    return rc;
}


/* ---- one of a conversation ----------------------------------------------- */

static ptn_rc_t
ptn_refer_set(ptn_props_t *props, ptn_pool_t *pool, ptn_str_t index,
    bool tracking)
{
    ptn_rc_t  rc;

    if (index.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_props_set(props, pool, PTN_PR_CONVERSATION_INDEX, index);

    return (rc == PTN_OK && tracking)
           ? ptn_props_set_int(props, pool, PTN_PR_CONVERSATION_INDEX_TRACKING,
                               1) : rc;
}


/*
 * What makes a message with `topic` one of conversation `c`, of which it is so
 * related to a message with c's index.
 */

static ptn_rc_t
ptn_refer_as(ptn_pool_t *pool, const ptn_conversation_t *c, ptn_refer_e how,
    ptn_str_t topic, int64_t received, uint64_t key, ptn_props_t *props)
{
    bool       same, tracking;
    size_t     levels;
    u_char     id[16];
    ptn_rc_t   rc;
    ptn_str_t  index;

    levels = (c->index.len - PTN_CONVERSATION_HEADER) / PTN_CONVERSATION_LEVEL;
    levels -= (how != PTN_REFER_CHILD && levels != 0);
    levels = ptn_min(levels, (size_t) PTN_REFER_LEVELS);

    if (how == PTN_REFER_PARENT) {
        index = c->index;
        index.len = PTN_CONVERSATION_HEADER + levels * PTN_CONVERSATION_LEVEL;

    } else {
        index = ptn_conversation_reply(pool, c->index, levels, received,
                                       (unsigned) key & 15);
    }

    same = !c->tracking
           && (ptn_str_eq(topic, c->topic)
               || (ptn_conversation_of_topic(pool, topic, id)
                   && memcmp(id, c->id, 16) == 0));
    tracking = c->tracking
               || (!same && memcmp(c->index.data + 6, c->id, 16) == 0);

    rc = ptn_refer_set(props, pool, index, tracking);

    return (rc == PTN_OK && !same && !tracking)
           ? ptn_props_set(props, pool, PTN_PR_CONVERSATION_TOPIC, c->topic)
           : rc;
}


/* Of *ret_item there is what its conversation is made of. */

static ptn_rc_t
ptn_refer_conversation(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_item_t *ret_item, ptn_conversation_t *ret)
{
    ptn_rc_t       rc;
    ptn_str_t      index;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_REFER_ITEM, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ENOTFOUND : rc;
    }

    memset(ret_item, 0, sizeof(ptn_item_t));
    ret_item->text[PTN_ITEM_SUBJECT] = ptn_str_dup(pool,
                                                   ptn_sql_column(st, 0));
    ret_item->text[PTN_ITEM_MESSAGE_ID] = ptn_str_dup(pool,
                                                      ptn_sql_column(st, 1));
    ret_item->packed = ptn_str_dup(pool, ptn_sql_column(st, 2));
    sqlite3_reset(st);

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    rc = ptn_bag_open(ret_item->packed, &ret_item->bag);

    if (rc == PTN_OK && !ptn_bag_get(&ret_item->bag, PTN_PR_CONVERSATION_INDEX,
                                     &index))
    {
        rc = ptn_msg_get_any(mb, id, &ret_item->info);
    }

    return (rc == PTN_OK) ? ptn_conversation_of(mb, pool, ret_item, ret) : rc;
}


/* The GUID of a conversation that no topic says. */

static bool
ptn_refer_guid(ptn_str_t id, u_char ret[16])
{
    return id.len != 0
           && EVP_Digest(id.data, id.len, ret, NULL, EVP_md5(), NULL) == 1;
}


/* Of one that names what is not here: as an answer to it. */

static ptn_rc_t
ptn_refer_waits(ptn_pool_t *pool, const ptn_refer_t *r, ptn_str_t topic,
    int64_t received, ptn_props_t *props)
{
    bool     tracking;
    u_char   id[16], header[PTN_CONVERSATION_HEADER];

    tracking = !ptn_conversation_of_topic(pool, topic, id);

    if (tracking && !ptn_refer_guid(r->ids[0], id)) {
        return PTN_OK;
    }

    ptn_conversation_header(header, received, id);

    return ptn_refer_set(props, pool,
                         ptn_conversation_reply(pool,
                             ptn_str_make(header, sizeof(header)), 0,
                             received, (unsigned) r->own & 15),
                         tracking);
}


/* A message that is in no conversation begins one.  ENOTFOUND: it cannot. */

static ptn_rc_t
ptn_refer_begin(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    const ptn_item_t *item, ptn_conversation_t *c)
{
    u_char        header[PTN_CONVERSATION_HEADER];
    ptn_rc_t      rc;
    ptn_props_t   props;

    memset(&props, 0, sizeof(props));

    if (!c->has_index) {
        if (!ptn_refer_guid(ptn_refer_id(item->text[PTN_ITEM_MESSAGE_ID]),
                            c->id))
        {
            return PTN_ENOTFOUND;
        }

        ptn_conversation_header(header, item->info.received, c->id);
        c->index = ptn_str_dup(pool, ptn_str_make(header, sizeof(header)));

        if (c->index.data == NULL) {
            return PTN_ENOMEM;
        }
    }

    memcpy(c->id, c->index.data + 6, 16);
    c->any = c->has_index = c->tracking = true;

    rc = ptn_refer_set(&props, pool, c->index, true);

    return (rc == PTN_OK) ? ptn_msg_set_inside(tx, pool, id, props.p, props.n)
                          : rc;
}


/* As `from`, of which it is a copy, has it. */

static ptn_rc_t
ptn_refer_carry(ptn_pool_t *pool, const ptn_item_t *from, ptn_props_t *extra)
{
    size_t           i;
    ptn_rc_t         rc;
    ptn_str_t        s;
    static uint32_t  tags[] = { PTN_PR_CONVERSATION_INDEX,
                                PTN_PR_CONVERSATION_TOPIC };

    for (i = 0, rc = PTN_OK; i < ptn_nelts(tags) && rc == PTN_OK; i++) {
        if (ptn_bag_get(&from->bag, tags[i], &s)) {
            rc = ptn_props_set(extra, pool, tags[i], s);
        }
    }

    return rc;
}


/* item->refers: of what is here the nearest, else that and what began it all.
 */

static ptn_rc_t
ptn_refer_pack(ptn_pool_t *pool, const ptn_refer_t *r, bool own,
    ptn_str_t *ret)
{
    size_t    i, n;
    u_char   *p;
    uint64_t  key;

    if (r->n == 0) {
        return PTN_OK;
    }

    n = r->best ? 1 : ptn_min(r->n, (size_t) PTN_REFER_KEPT);
    p = ptn_palloc(pool, 1 + 8 * n);

    if (p == NULL) {
        return PTN_ENOMEM;
    }

    p[0] = own ? PTN_REFER_OWN : 0;

    for (i = 0; i < n; i++) {
        key = r->keys[(i == PTN_REFER_KEPT - 1) ? r->n - 1 : i];
        ptn_put_le32(p + 1 + 8 * i, (uint32_t) key);
        ptn_put_le32(p + 5 + 8 * i, (uint32_t) (key >> 32));
    }

    *ret = ptn_str_make(p, 1 + 8 * n);

    return PTN_OK;
}


ptn_rc_t
ptn_refer_join(ptn_txn_t *tx, ptn_pool_t *pool, const ptn_object_t *object,
    const ptn_item_t *from, ptn_props_t *extra, ptn_item_t *item,
    bool *ret_late)
{
    bool                 own;
    ptn_rc_t             rc;
    ptn_id_t             id;
    ptn_str_t            index, topic, carried;
    ptn_item_t           other;
    ptn_refer_t          r;
    ptn_conversation_t   c;

    ptn_refer_names(&r, &object->props);
    index = ptn_props_get(&object->props, PTN_PR_CONVERSATION_INDEX);
    topic = ptn_props_get(&object->props, PTN_PR_CONVERSATION_TOPIC);
    own = (index.data != NULL);

    rc = ptn_refer_find(tx->mb, &r);

    if (rc == PTN_OK) {
        rc = ptn_refer_pack(pool, &r, own, &item->refers);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *ret_late = (r.late != 0);

    if (r.best == 0 && from != NULL && !own
        && ptn_bag_get(&from->bag, PTN_PR_CONVERSATION_INDEX, &carried))
    {
        return ptn_refer_carry(pool, from, extra);
    }

    id = r.best ? r.best : own ? 0 : r.late;

    if (id == 0) {
        return (own || r.n == 0)
               ? PTN_OK
               : ptn_refer_waits(pool, &r, topic, item->info.received, extra);
    }

    rc = ptn_refer_conversation(tx->mb, pool, id, &other, &c);

    if (rc == PTN_OK && !c.any) {
        rc = ptn_refer_begin(tx, pool, id, &other, &c);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    if (own) {

        /* an answer to an answer, which its own server has indexed */

        return (c.tracking && index.len >= PTN_CONVERSATION_HEADER
                && index.data[0] == 0x01
                && memcmp(index.data + 6, c.id, 16) == 0)
               ? ptn_refer_set(extra, pool, index, true) : PTN_OK;
    }

    ptn_props_unset(extra,
                    ptn_prop_id(PTN_PR_CONVERSATION_INDEX_TRACKING));

    return ptn_refer_as(pool, &c,
                        (r.best == 0) ? PTN_REFER_PARENT
                        : (r.rank & 1) ? PTN_REFER_SIBLING : PTN_REFER_CHILD,
                        topic, item->info.received, r.own, extra);
}


/* ---- those who came before ----------------------------------------------- */

typedef struct {
    ptn_id_t            id;
    uint64_t            key;
    ptn_conversation_t  c;
} ptn_refer_node_t;

typedef struct {
    ptn_txn_t          *tx;
    ptn_pool_t         *pool;
    ptn_refer_node_t   *nodes;      /* whose children are to be looked at */
    size_t              n;
} ptn_refer_tree_t;


static ptn_rc_t
ptn_refer_flags(ptn_mbox_t *mb, ptn_id_t id, unsigned *ret_flags)
{
    ptn_rc_t       rc;
    ptn_str_t      s;
    sqlite3_stmt  *st;

    *ret_flags = 0;

    st = ptn_sql(mb, PTN_SQL_REFER_OF, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        s = ptn_sql_column(st, 0);
        *ret_flags = s.len ? s.data[0] : 0;
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


/* One that names `node`; what is in its conversation already ends the walk. */

static ptn_rc_t
ptn_refer_move(ptn_refer_tree_t *t, const ptn_refer_node_t *node, ptn_id_t id)
{
    unsigned             flags;
    ptn_rc_t             rc;
    ptn_item_t           item;
    ptn_props_t          props;
    ptn_bag_prop_t      *p;
    ptn_conversation_t   c;

    rc = ptn_refer_flags(t->tx->mb, id, &flags);

    if (rc != PTN_OK || (flags & PTN_REFER_OWN)) {
        return rc;
    }

    rc = ptn_refer_conversation(t->tx->mb, t->pool, id, &item, &c);

    if (rc != PTN_OK || (c.any && memcmp(c.id, node->c.id, 16) == 0)) {
        return rc;
    }

    memset(&props, 0, sizeof(props));
    rc = ptn_msg_get_any(t->tx->mb, id, &item.info);

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_refer_as(t->pool, &node->c, PTN_REFER_CHILD, c.topic,
                      item.info.received,
                      ptn_refer_key(item.text[PTN_ITEM_MESSAGE_ID]), &props);
    p = (rc == PTN_OK) ? ptn_parray(t->pool, props.n + 1, sizeof(*p)) : NULL;

    if (p == NULL) {
        return (rc == PTN_OK) ? PTN_ENOMEM : rc;
    }

    memcpy(p, props.p, props.n * sizeof(*p));

    if (ptn_props_get(&props, PTN_PR_CONVERSATION_INDEX_TRACKING).data
        == NULL)
    {
        p[props.n].tag = PTN_PR_CONVERSATION_INDEX_TRACKING;
        p[props.n++].value = ptn_str_make(NULL, 0);
    }

    rc = ptn_msg_set_inside(t->tx, t->pool, id, p, props.n);

    if (rc == PTN_OK) {
        rc = ptn_refer_conversation(t->tx->mb, t->pool, id, &item, &c);
    }

    if (rc == PTN_OK) {
        t->nodes[t->n].id = id;
        t->nodes[t->n].key = ptn_refer_key(item.text[PTN_ITEM_MESSAGE_ID]);
        t->nodes[t->n++].c = c;
    }

    return rc;
}


static ptn_rc_t
ptn_refer_children(ptn_refer_tree_t *t, const ptn_refer_node_t *node)
{
    size_t         i, n;
    ptn_id_t       ids[PTN_REFER_ROWS];
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(t->tx->mb, PTN_SQL_REFER_TO, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) node->key);
    sqlite3_bind_int64(st, 2, PTN_REFER_ROWS);

    for (n = 0; (rc = ptn_sql_step(t->tx->mb, st)) == PTN_AGAIN; ) {
        if (n < PTN_REFER_ROWS) {
            ids[n++] = ptn_sql_u64(st, 0);
        }
    }

    for (i = 0; i < n && rc == PTN_OK && t->n <= PTN_REFER_MOVED; i++) {
        if (ids[i] == node->id) {
            continue;
        }

        rc = ptn_refer_move(t, node, ids[i]);

        /* deleted, or on its way to another mailbox */

        if (rc == PTN_ENOTFOUND || rc == PTN_ECONFLICT) {
            rc = PTN_OK;
        }
    }

    return rc;
}


ptn_rc_t
ptn_refer_late(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id)
{
    size_t             i;
    ptn_rc_t           rc;
    ptn_item_t         item;
    ptn_refer_tree_t   t;

    t.tx = tx;
    t.pool = pool;
    t.n = 1;
    t.nodes = ptn_parray(pool, PTN_REFER_MOVED + 1, sizeof(ptn_refer_node_t));

    if (t.nodes == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_refer_conversation(tx->mb, pool, id, &item, &t.nodes[0].c);

    if (rc != PTN_OK || !t.nodes[0].c.any) {
        return rc;
    }

    t.nodes[0].id = id;
    t.nodes[0].key = ptn_refer_key(item.text[PTN_ITEM_MESSAGE_ID]);

    for (i = 0; i < t.n && rc == PTN_OK && t.n <= PTN_REFER_MOVED; i++) {
        if (t.nodes[i].key != 0) {
            rc = ptn_refer_children(&t, &t.nodes[i]);
        }
    }

    return rc;
}


/* ---- rows ---------------------------------------------------------------- */

ptn_rc_t
ptn_refer_put(ptn_mbox_t *mb, ptn_id_t id, ptn_str_t refers, bool add)
{
    size_t    i;
    ptn_rc_t  rc;
    uint64_t  key;

    for (i = 1, rc = PTN_OK; i + 8 <= refers.len && rc == PTN_OK; i += 8) {
        key = ptn_le32(refers.data + i)
              | (uint64_t) ptn_le32(refers.data + i + 4) << 32;
        rc = ptn_sql_run(mb, add ? PTN_SQL_REFER_ADD : PTN_SQL_REFER_DROP, 2,
                         key, id);
    }

    return rc;
}


/* ---- items of before version 3 ------------------------------------------- */

typedef struct {
    ptn_id_t  id;
    uint64_t  key;
} ptn_refer_key_t;


static ptn_rc_t
ptn_refer_keyed(ptn_mbox_t *mb, ptn_id_t *ret_upto,
    ptn_refer_key_t keys[PTN_REFER_STALE], size_t *ret_n)
{
    size_t         n;
    int64_t        upto;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    *ret_n = 0;

    rc = ptn_sql_number(mb, ptn_sql_text_of[PTN_SQL_KEYED_GET], &upto);

    if (rc != PTN_OK || upto == 0) {
        *ret_upto = 0;
        return rc;
    }

    *ret_upto = (ptn_id_t) upto;

    st = ptn_sql(mb, PTN_SQL_KEYED_NEXT, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, upto);
    sqlite3_bind_int64(st, 2, PTN_REFER_STALE);

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; ) {
        if (n < PTN_REFER_STALE) {
            keys[n].id = ptn_sql_u64(st, 0);
            keys[n++].key = ptn_refer_key(ptn_sql_column(st, 1));
        }
    }

    *ret_n = n;

    return rc;
}


bool
ptn_refer_stale(ptn_mbox_t *mb)
{
    size_t                                i, n;
    ptn_id_t                              upto;
    ptn_rc_t                              rc;
    ptn_refer_key_t                       keys[PTN_REFER_STALE];
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_refer_keyed(mb, &upto, keys, &n);

    if (rc != PTN_OK || upto == 0) {
        return false;
    }

    rc = ptn_txn_begin(&tx, mb);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (keys[i].key != 0) {
            rc = ptn_sql_run(mb, PTN_SQL_REFER_KEY, 2, keys[i].id,
                             keys[i].key);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_run(mb, PTN_SQL_KEYED_SET, 1,
                         (n == PTN_REFER_STALE) ? keys[n - 1].id - 1 : 0);
    }

    if (rc == PTN_OK) {
        mb->meta.dirty = true;
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        rc = ptn_batch_commit(mb);

    } else if (mb->batch) {
        ptn_batch_rollback(mb);
    }

    return rc == PTN_OK && n == PTN_REFER_STALE;
}
