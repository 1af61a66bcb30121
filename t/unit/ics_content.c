/*
 * What is told of a folder: with a restriction, by delivery time, in limits,
 * more than a list holds, deletions that tombstones do not know, states with
 * many ranges, other flags; and that a page costs what changed.
 */

#include "mailbox_site.h"
#include "ptn_item.h"


#define MANY  9000

typedef struct {
    site_t       site;
    ptn_mbox_t  *mb;
    ptn_pool_t  *pool;
} test_t;


static ptn_id_t
make(test_t *t, const char *subject, int64_t received, bool fai)
{
    ptn_save_t     save;
    ptn_saved_t    saved;
    ptn_object_t   o;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&o, 0, sizeof(o));
    memset(&save, 0, sizeof(save));
    ptn_props_set(&o.props, t->pool, PTN_PR_SUBJECT, ptn_str_z(subject));
    save.object = &o;
    save.received = received;
    save.fai = fai;
    ptn_txn_begin(&tx, t->mb);
    is_rc(ptn_msg_create(&tx, t->pool, PTN_FOLDER_INBOX, &save, &saved),
          PTN_OK, subject);
    ptn_txn_commit(&tx);

    return saved.id;
}


/* All of it; the state moves on. */

typedef struct {
    ptn_ics_change_t    *ch;
    size_t               n, deleted, out, read, unread;
    ptn_ics_progress_t   progress;
    ptn_rc_t             rc;
} told_t;

static told_t
fetch(test_t *t, ptn_id_t folder, unsigned flags, const ptn_restrict_t *r,
    ptn_ics_state_t *state, size_t max, uint64_t bytes)
{
    size_t                  n, size;
    told_t                  told;
    ptn_ics_change_t       *ch;
    ptn_ics_content_t      *c;
    const ptn_ics_state_t  *now;

    memset(&told, 0, sizeof(told));
    size = 20000;
    told.ch = ptn_parray(t->pool, size, sizeof(ptn_ics_change_t));
    told.rc = ptn_ics_content_open(t->mb, folder, flags, r, state, &c);

    if (told.rc != PTN_OK) {
        return told;
    }

    ptn_ics_content_progress(c, &told.progress);

    while ((told.rc = ptn_ics_content_next(t->mb, c, t->pool, max, bytes, &ch,
                                           &n)) == PTN_OK && n != 0)
    {
        if (n > max || told.n + n > size) {
            ok(false, "too many");
            break;
        }

        memcpy(told.ch + told.n, ch, n * sizeof(ptn_ics_change_t));
        told.n += n;
    }

    told.deleted = ptn_idset_count(ptn_ics_content_told(c, PTN_ICS_DELETED));
    told.out = ptn_idset_count(ptn_ics_content_told(c, PTN_ICS_OUT_OF_SCOPE));
    told.read = ptn_idset_count(ptn_ics_content_told(c, PTN_ICS_BECAME_READ));
    told.unread = ptn_idset_count(ptn_ics_content_told(c,
                                                  PTN_ICS_BECAME_UNREAD));

    if (told.rc == PTN_OK) {
        told.rc = ptn_ics_content_state(t->mb, c, &now);
    }

    if (told.rc == PTN_OK) {
        ptn_ics_state_done(state);
        told.rc = ptn_ics_state_copy(state, now);
    }

    ptn_ics_content_close(c);

    return told;
}


#define ALL  (PTN_ICS_NORMAL|PTN_ICS_FAI|PTN_ICS_READ_STATE                   \
              |PTN_ICS_GROUPS)


static void
flags(test_t *t, ptn_id_t id, ptn_flags_op_e op, uint32_t bits)
{
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    ptn_txn_begin(&tx, t->mb);
    is_rc(ptn_msg_flags_ids(&tx, &id, 1, op, bits, 0, NULL), PTN_OK, "flags");
    ptn_txn_commit(&tx);
}


static void
expunge(test_t *t, ptn_id_t id)
{
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    ptn_txn_begin(&tx, t->mb);
    is_rc(ptn_msg_expunge_ids(&tx, &id, 1), PTN_OK, "gone");
    ptn_txn_commit(&tx);
}


static void
test_scope(test_t *t)
{
    told_t            s;
    ptn_id_t          a, b, fai;
    ptn_restrict_t    r;
    ptn_ics_state_t   state;

    memset(&state, 0, sizeof(state));
    memset(&r, 0, sizeof(r));
    r.type = PTN_RES_PROPERTY;
    r.op = PTN_RELOP_NE;
    r.tag = PTN_PR_FLAG_STATUS;
    r.tag2 = PTN_PR_FLAG_STATUS;
    r.value = ptn_str_make("\2\0\0\0", 4);

    /* flagged ones are in scope */

    r.op = PTN_RELOP_EQ;
    a = make(t, "a", 1000, false);
    b = make(t, "b", 2000, false);
    fai = make(t, "fai", 1500, true);
    flags(t, a, PTN_FLAGS_ADD, PTN_FLAG_FLAGGED);

    s = fetch(t, PTN_FOLDER_INBOX, ALL, &r, &state, 10, 1 << 20);
    ok(s.rc == PTN_OK && s.n == 1 && s.ch[0].id == a && s.progress.normal == 1,
       "one is in scope");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, &r, &state, 10, 1 << 20);
    ok(s.n == 0 && s.out == 0 && s.deleted == 0, "nothing new");

    /* what comes into scope by a change, and by another restriction */

    flags(t, b, PTN_FLAGS_ADD, PTN_FLAG_FLAGGED);
    s = fetch(t, PTN_FOLDER_INBOX, ALL, &r, &state, 10, 1 << 20);
    ok(s.n == 1 && s.ch[0].id == b && !s.ch[0].given, "another comes in");
    flags(t, a, PTN_FLAGS_REMOVE, PTN_FLAG_FLAGGED);
    s = fetch(t, PTN_FOLDER_INBOX, ALL|PTN_ICS_NO_SCOPE, &r, &state, 10,
             1 << 20);
    ok(s.n == 0 && s.out == 0 && s.deleted == 0, "who does not ask for it");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, &r, &state, 10, 1 << 20);
    ok(s.n == 0 && s.out == 1 && s.deleted == 0, "one goes out");
    is_u64(ptn_idset_count(&state.set[PTN_ICS_GIVEN]), 1, "one is left");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 10, 1 << 20);
    ok(s.n == 2 && s.out == 0, "without the restriction the others come");
    expunge(t, b);
    s = fetch(t, PTN_FOLDER_INBOX, ALL, &r, &state, 10, 1 << 20);
    ok(s.n == 0 && s.out == 2 && s.deleted == 1, "out and deleted differ");
    ptn_ics_state_done(&state);

    /* of one kind only */

    s = fetch(t, PTN_FOLDER_INBOX, PTN_ICS_FAI, NULL, &state, 10, 1 << 20);
    ok(s.n == 1 && s.ch[0].id == fai && s.progress.fai == 1, "FAI alone");
    s = fetch(t, PTN_FOLDER_INBOX, PTN_ICS_NORMAL, NULL, &state, 10, 1 << 20);
    ok(s.n == 1 && s.ch[0].id == a && s.deleted == 0, "then the others");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 10, 1 << 20);
    ok(s.n == 0 && s.deleted == 0, "that is all");
    flags(t, a, PTN_FLAGS_ADD, PTN_FLAG_SEEN);
    s = fetch(t, PTN_FOLDER_INBOX, PTN_ICS_NORMAL, NULL, &state, 10, 1 << 20);
    ok(s.n == 0 && s.read == 0, "a read state is no change");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 10, 1 << 20);
    ok(s.n == 0 && s.read == 1 && s.unread == 0, "but a read state");

    /* one that the client gave up is not told to be read */

    {
        uint16_t    replid;
        ptn_guid_t  guid;

        ptn_mbox_replica(t->mb, a, &replid, &guid);
        ptn_idset_remove(&state.set[PTN_ICS_GIVEN], guid, a);
        flags(t, a, PTN_FLAGS_REMOVE, PTN_FLAG_SEEN);
        s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 10, 1 << 20);
        ok(s.n == 0 && s.unread == 0 && s.deleted == 0, "of what is known");
        ptn_idset_add(&state.set[PTN_ICS_GIVEN], guid, a);
        ptn_idset_ready(&state.set[PTN_ICS_GIVEN]);
    }

    /* deletions that were not asked for are told by who asks next */

    expunge(t, a);
    s = fetch(t, PTN_FOLDER_INBOX, ALL|PTN_ICS_NO_DELETIONS, NULL, &state, 10,
             1 << 20);
    ok(s.n == 0 && s.deleted == 0, "not asked for");
    make(t, "c", 100, false);
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 10, 1 << 20);
    ok(s.n == 1 && s.deleted == 1, "told later: the ids do not add up");
    ptn_ics_state_done(&state);

    is_rc(fetch(t, 999999, ALL, NULL, &state, 1, 1).rc, PTN_ENOTFOUND,
          "no such folder");
    ptn_ics_state_done(&state);
}


/* More than a list holds; the changes of one call share a modseq. */

static void
test_many(test_t *t)
{
    bool             good;
    size_t           i;
    told_t           s;
    ptn_id_t        *ids;
    ptn_rc_t         rc;
    uint64_t         cn;
    ptn_append_t     a;
    ptn_appended_t   app;
    ptn_ics_state_t  state, first;
    ptn_txn_t        tx;

    memset(&state, 0, sizeof(state));
    memset(&first, 0, sizeof(first));
    ids = malloc(MANY * sizeof(ptn_id_t));
    memset(&a, 0, sizeof(a));
    a.raw = ptn_str("Subject: s\r\n\r\nt\r\n");
    rc = ptn_txn_begin(&tx, t->mb);

    for (i = 0; i < MANY && rc == PTN_OK; i++) {
        a.received = 1000000 + (int64_t) (i * 7919 % MANY);
        rc = ptn_msg_append(&tx, PTN_FOLDER_SENT, &a, &app);
        ids[i] = app.id;
    }

    ok(rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "%d messages", MANY);

    s = fetch(t, PTN_FOLDER_SENT, ALL|PTN_ICS_BY_DELIVERY, NULL, &state, 1000,
             1 << 30);
    good = true;

    for (i = 1; i < s.n; i++) {
        good &= s.ch[i].received < s.ch[i - 1].received;
    }

    ok(s.n == MANY && good && s.progress.normal == MANY
       && s.progress.normal_size == MANY * a.raw.len, "the newest first");
    is_u64(ptn_idset_ranges(&state.set[PTN_ICS_SEEN]), 1, "one run");
    ok(ptn_idset_ranges(&state.set[PTN_ICS_GIVEN]) < 10, "few of ids");
    ptn_ics_state_done(&state);

    s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &state, 4000, 1 << 30);
    is_u64(s.n, MANY, "in any order");
    s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &state, 100, 1 << 30);
    is_u64(s.n, 0, "and no more");

    /* all are flagged by one call; a page is broken off */

    rc = ptn_txn_begin(&tx, t->mb);
    cn = t->mb->meta.cn;

    if (rc == PTN_OK) {
        rc = ptn_msg_flags_ids(&tx, ids, MANY, PTN_FLAGS_ADD,
                               PTN_FLAG_FLAGGED, 0, NULL);
    }

    ok(rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK
       && t->mb->meta.cn == cn + MANY, "all are flagged");

    {
        size_t                  n;
        ptn_ics_change_t       *ch;
        ptn_ics_content_t      *c;
        const ptn_ics_state_t  *now;

        is_rc(ptn_ics_content_open(t->mb, PTN_FOLDER_SENT,
                                   PTN_ICS_NORMAL|PTN_ICS_GROUPS, NULL,
                                   &state, &c), PTN_OK, "open");
        is_rc(ptn_ics_content_next(t->mb, c, t->pool, 50, 1 << 30, &ch, &n),
              PTN_OK, "a page");
        is_u64(n, 50, "of 50");
        ok(ch[0].given && ch[0].groups != PTN_GROUP_ALL, "a partial change");
        is_rc(ptn_ics_content_state(t->mb, c, &now), PTN_OK, "a checkpoint");
        ptn_ics_state_copy(&state, now);
        ptn_ics_content_close(c);
    }

    s = fetch(t, PTN_FOLDER_SENT, PTN_ICS_NORMAL, NULL, &state, 4000,
              1 << 30);
    is_u64(s.n, MANY - 50, "the rest, none lost amid one modseq");
    s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &state, 4000, 1 << 30);
    is_u64(s.n, 0, "and nothing else");

    /* what was told is marked read before the list is filled again */

    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_flags_ids(&tx, ids, MANY, PTN_FLAGS_REMOVE,
                               PTN_FLAG_FLAGGED, 0, NULL);
    }

    ok(rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "all once more");

    {
        size_t                  n, total;
        ptn_ics_change_t       *ch;
        ptn_ics_content_t      *c;
        const ptn_ics_state_t  *now;

        is_rc(ptn_ics_content_open(t->mb, PTN_FOLDER_SENT, ALL, NULL, &state,
                                   &c), PTN_OK, "open");
        ptn_ics_content_next(t->mb, c, t->pool, 50, 1 << 30, &ch, &n);
        total = n;
        flags(t, ch[0].id, PTN_FLAGS_ADD, PTN_FLAG_SEEN);
        flags(t, ids[MANY - 1], PTN_FLAGS_ADD, PTN_FLAG_SEEN);

        while (ptn_ics_content_next(t->mb, c, t->pool, 4000, 1 << 30, &ch, &n)
               == PTN_OK && n != 0)
        {
            total += n;
        }

        is_u64(total, MANY, "each of them once");
        ptn_ics_content_state(t->mb, c, &now);
        ptn_ics_state_copy(&state, now);
        ptn_ics_content_close(c);
        s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &state, 4000, 1 << 30);
        ok(s.n == 0 && s.read == 2, "and the two that were read");
        rc = ptn_txn_begin(&tx, t->mb);

        if (rc == PTN_OK) {
            rc = ptn_msg_flags_ids(&tx, ids, MANY, PTN_FLAGS_SET,
                                   PTN_FLAG_FLAGGED, 0, NULL);
        }

        ok(rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "as they were");
        s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &state, 4000, 1 << 30);
        is_u64(s.n, MANY, "told");
    }

    /* limits by size: at least one, then as many as fit */

    flags(t, ids[0], PTN_FLAGS_REMOVE, PTN_FLAG_FLAGGED);
    flags(t, ids[1], PTN_FLAGS_REMOVE, PTN_FLAG_FLAGGED);
    flags(t, ids[2], PTN_FLAGS_REMOVE, PTN_FLAG_FLAGGED);

    {
        size_t              n;
        ptn_ics_change_t   *ch;
        ptn_ics_content_t  *c;

        ptn_ics_state_copy(&first, &state);
        is_rc(ptn_ics_content_open(t->mb, PTN_FOLDER_SENT, ALL, NULL, &first,
                                   &c), PTN_OK, "open");
        ptn_ics_content_next(t->mb, c, t->pool, 50, 1, &ch, &n);
        is_u64(n, 1, "one, though it is too large");
        ptn_ics_content_next(t->mb, c, t->pool, 50, 2 * a.raw.len, &ch, &n);
        is_u64(n, 2, "two fit");
        ptn_ics_content_next(t->mb, c, t->pool, 50, 1, &ch, &n);
        is_u64(n, 0, "no more");
        ptn_ics_content_close(c);
    }

    /* meanwhile: one that is told later changes, another is merely read */

    {
        size_t                  n, total;
        ptn_ics_change_t       *ch;
        ptn_ics_content_t      *c;
        const ptn_ics_state_t  *now;

        memset(&first, 0, sizeof(first));
        is_rc(ptn_ics_content_open(t->mb, PTN_FOLDER_SENT, ALL, NULL, &first,
                                   &c), PTN_OK, "from the beginning");
        ptn_ics_content_next(t->mb, c, t->pool, 50, 1 << 30, &ch, &n);
        total = n;
        flags(t, ids[MANY - 1], PTN_FLAGS_REMOVE, PTN_FLAG_FLAGGED);
        flags(t, ids[MANY - 2], PTN_FLAGS_ADD, PTN_FLAG_SEEN);
        expunge(t, ids[MANY - 3]);

        while (ptn_ics_content_next(t->mb, c, t->pool, 4000, 1 << 30, &ch, &n)
               == PTN_OK && n != 0)
        {
            total += n;
        }

        is_u64(total, MANY - 2, "all but the two that changed");
        is_rc(ptn_ics_content_state(t->mb, c, &now), PTN_OK, "a state");
        ptn_ics_state_copy(&first, now);
        ptn_ics_content_close(c);
        s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &first, 50, 1 << 30);
        ok(s.n == 1 && s.ch[0].id == ids[MANY - 1] && s.read == 1
           && s.deleted == 0, "the next one tells of them");
    }

    ptn_ics_state_done(&first);
    ptn_ics_state_done(&state);
    free(ids);
}


/* A state in pieces: every other number was seen, 100,000 ranges. */

static void
test_ranges(test_t *t)
{
    size_t           i;
    told_t           s;
    uint16_t         replid;
    ptn_str_t        text;
    ptn_guid_t       guid;
    ptn_ics_state_t  state;

    memset(&state, 0, sizeof(state));
    ptn_mbox_replica(t->mb, 1, &replid, &guid);
    s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &state, 4000, 1 << 30);
    i = s.n;

    /* of the ids each second one is given, of numbers that never were, too */

    for (i = 0; i < 200000; i += 2) {
        ptn_idset_remove(&state.set[PTN_ICS_SEEN], guid, i + 1);
        ptn_idset_add(&state.set[PTN_ICS_GIVEN], guid,
                      t->mb->meta.oid + 10 + i);
    }

    ptn_idset_ready(&state.set[PTN_ICS_GIVEN]);
    is_rc(ptn_ics_state_get(&state, PTN_ICS_GIVEN, t->pool, &text), PTN_OK,
          "written");
    is_rc(ptn_ics_state_put(&state, PTN_ICS_GIVEN, text), PTN_OK, "read");
    ok(ptn_idset_ranges(&state.set[PTN_ICS_GIVEN]) >= 100000,
       "100,000 ranges, %zu bytes", text.len);
    s = fetch(t, PTN_FOLDER_SENT, ALL, NULL, &state, 4000, 1 << 30);
    ok(s.rc == PTN_OK && s.n > MANY / 3 && s.n < MANY && s.deleted == 100000,
       "told: %zu, deleted: %zu", s.n, s.deleted);
    is_u64(ptn_idset_ranges(&state.set[PTN_ICS_SEEN]), 1, "one run again");
    ptn_ics_state_done(&state);
}


/* Numbers ahead of the counter: nothing is believed that was seen. */

static void
test_ahead(test_t *t)
{
    told_t           s;
    uint16_t         replid;
    ptn_guid_t       guid;
    ptn_ics_state_t  state;

    memset(&state, 0, sizeof(state));
    ptn_mbox_replica(t->mb, 1, &replid, &guid);
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 100, 1 << 30);
    ptn_idset_add(&state.set[PTN_ICS_SEEN], guid, t->mb->meta.cn + 100);
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 100, 1 << 30);
    ok(s.n > 0 && s.ch[0].given, "told anew");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 100, 1 << 30);
    is_u64(s.n, 0, "and once");

    /* a REPLGUID that is nobody's */

    memset(guid.b, 0x5a, 16);
    ptn_idset_add_range(&state.set[PTN_ICS_GIVEN], guid, 5, 9);
    ptn_idset_add_range(&state.set[PTN_ICS_SEEN], guid, 5, 9);
    ok(!ptn_ics_state_known(t->mb, &state), "a stranger");

    {
        PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

        ptn_txn_begin(&tx, t->mb);
        is_rc(ptn_ics_state_learn(&tx, &state), PTN_OK, "learnt");
        ptn_txn_commit(&tx);
    }

    ok(ptn_ics_state_known(t->mb, &state), "known");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 100, 1 << 30);
    is_u64(s.deleted, 5, "what it gave is not here");
    ok(s.n > 0 && s.ch[0].given, "of what it changed all is told anew");
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 100, 1 << 30);
    ok(s.n == 0 && s.deleted == 0, "that too once");

    /* as of a copy that was restored before, and again since */

    ptn_idset_add(&state.set[PTN_ICS_READ], guid, 7);
    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 100, 1 << 30);
    ok(s.n > 0, "nor of what was read by it");
    ptn_ics_state_done(&state);
}


/* A folder that comes below the root keeps the number of what is in it. */

static size_t
tree(test_t *t, ptn_id_t root, ptn_ics_state_t *state, size_t *ret_gone)
{
    size_t                     n, total;
    ptn_ics_tree_t            *tr;
    const ptn_ics_state_t     *now;
    ptn_ics_folder_change_t   *ch;

    total = 0;

    if (ptn_ics_tree_open(t->mb, root, 0, state, &tr) != PTN_OK) {
        return 99;
    }

    while (ptn_ics_tree_next(t->mb, tr, t->pool, 1, &ch, &n) == PTN_OK
           && n != 0)
    {
        total += n;
    }

    *ret_gone = ptn_idset_count(ptn_ics_tree_deleted(tr));
    is_rc(ptn_ics_tree_state(t->mb, tr, &now), PTN_OK, "state of a tree");
    ptn_ics_state_done(state);
    ptn_ics_state_copy(state, now);
    ptn_ics_tree_close(tr);

    return total;
}


static void
test_tree(test_t *t)
{
    size_t           gone;
    ptn_id_t         root, x, y;
    ptn_save_t       save;
    ptn_saved_t      saved;
    ptn_txn_t        tx;
    ptn_object_t    *object;
    ptn_ics_state_t  state;

    memset(&state, 0, sizeof(state));
    ptn_txn_begin(&tx, t->mb);
    ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("root"), NULL,
                      &root);
    ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("x"), NULL, &x);
    is_rc(ptn_folder_create(&tx, x, ptn_str("y"), NULL, &y), PTN_OK, "y");
    is_rc(ptn_txn_commit(&tx), PTN_OK, "folders");
    is_u64(tree(t, root, &state, &gone), 0, "nothing is below");
    ptn_txn_begin(&tx, t->mb);
    is_rc(ptn_folder_move(&tx, x, root, ptn_str("x")), PTN_OK, "comes in");
    ptn_txn_commit(&tx);
    is_u64(tree(t, root, &state, &gone), 2, "with what is below it");
    ptn_txn_begin(&tx, t->mb);
    is_rc(ptn_folder_move(&tx, x, PTN_FOLDER_IPM_SUBTREE, ptn_str("x")),
          PTN_OK, "goes out");
    ptn_txn_commit(&tx);
    ok(tree(t, root, &state, &gone) == 0 && gone == 2, "two are gone");
    ptn_txn_begin(&tx, t->mb);
    is_rc(ptn_folder_move(&tx, x, root, ptn_str("x")), PTN_OK, "comes back");
    ptn_txn_commit(&tx);
    is_u64(tree(t, root, &state, &gone), 2, "both are told again");
    is_u64(tree(t, root, &state, &gone), 0, "once");

    /* R6001, R6003: what is in a folder is no change of it */

    object = ptn_pcalloc(t->pool, sizeof(ptn_object_t));
    ptn_props_set(&object->props, t->pool, PTN_PR_MESSAGE_CLASS,
                  ptn_str("IPM.Note"));
    memset(&save, 0, sizeof(save));
    save.object = object;
    ptn_txn_begin(&tx, t->mb);
    is_rc(ptn_msg_create(&tx, t->pool, x, &save, &saved), PTN_OK, "a message");
    ptn_txn_commit(&tx);
    ok(tree(t, root, &state, &gone) == 0 && gone == 0,
       "a message that comes is no change of its folder");
    expunge(t, saved.id);
    ok(tree(t, root, &state, &gone) == 0 && gone == 0,
       "nor is one that goes");
    ptn_ics_state_done(&state);
}


/*
 * What is in the list and changes before its page: none of it is told as it
 * was.  `commit`: nothing is in a batch, so that rows may be told from the
 * list.
 */

static void
test_meanwhile(test_t *t, bool commit)
{
    size_t                  i, n;
    told_t                  s;
    ptn_id_t                id[5], *to;
    ptn_rc_t                rc;
    ptn_txn_t               tx;
    ptn_ics_state_t         state;
    ptn_ics_change_t       *ch;
    ptn_ics_content_t      *c;
    const ptn_ics_state_t  *now;

    memset(&state, 0, sizeof(state));
    fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 1000, 1 << 30);

    for (i = 0; i < ptn_nelts(id); i++) {
        id[i] = make(t, "meanwhile", 1000, false);
    }

    if (commit) {
        is_rc(ptn_store_commit(t->site.store), PTN_OK, "commit");
    }

    is_rc(ptn_ics_content_open(t->mb, PTN_FOLDER_INBOX, ALL, NULL, &state, &c),
          PTN_OK, "open");
    is_rc(ptn_ics_content_next(t->mb, c, t->pool, 1, 1 << 30, &ch, &n),
          PTN_OK, "a page");
    ok(n == 1 && ch[0].id == id[0] && ch[0].size != 0 && !ch[0].given
       && ch[0].received == 1000, "the first, as it is");

    flags(t, id[1], PTN_FLAGS_ADD, PTN_FLAG_FLAGGED);
    flags(t, id[4], PTN_FLAGS_ADD, PTN_FLAG_SEEN);
    rc = ptn_txn_begin(&tx, t->mb);
    rc = rc ? rc : ptn_msg_expunge_ids(&tx, &id[2], 1);
    rc = rc ? rc : ptn_msg_move_ids(&tx, t->pool, PTN_FOLDER_INBOX, &id[3], 1,
                                    PTN_FOLDER_ARCHIVE, &to);
    rc = rc ? rc : ptn_txn_commit(&tx);

    if (commit && rc == PTN_OK) {
        rc = ptn_store_commit(t->site.store);
    }

    is_rc(rc, PTN_OK, "flagged, deleted, moved, read");
    is_rc(ptn_ics_content_next(t->mb, c, t->pool, 10, 1 << 30, &ch, &n),
          PTN_OK, "a page");
    ok(n == 1 && ch[0].id == id[4] && (ch[0].flags & PTN_FLAG_SEEN),
       "the last alone, as it is by now");
    ptn_ics_content_next(t->mb, c, t->pool, 10, 1 << 30, &ch, &n);
    is_u64(n, 0, "that was all");

    for (i = 0; i < PTN_ICS_TOLD_SETS; i++) {
        ptn_ics_content_told(c, (ptn_ics_told_e) i);
    }

    is_rc(ptn_ics_content_state(t->mb, c, &now), PTN_OK, "state");
    ptn_ics_state_done(&state);
    ptn_ics_state_copy(&state, now);
    ptn_ics_content_close(c);

    s = fetch(t, PTN_FOLDER_INBOX, ALL, NULL, &state, 1000, 1 << 30);
    ok(s.n == 1 && s.ch[0].id == id[1] && (s.ch[0].flags & PTN_FLAG_FLAGGED)
       && s.deleted == 0, "the flag is told the next time");
    ptn_ics_state_done(&state);
}


int
main(void)
{
    test_t  t;

    memset(&t, 0, sizeof(t));
    site_make(&t.site);
    t.site.conf.fsync = false;
    t.pool = t.site.pool;
    t.mb = site_open(&t.site, "alice");
    test_scope(&t);
    test_many(&t);
    test_ranges(&t);
    test_ahead(&t);
    test_tree(&t);
    test_meanwhile(&t, false);
    test_meanwhile(&t, true);
    is_rc(ptn_store_commit(t.site.store), PTN_OK, "on disk");
    site_check(&t.site, "alice");
    site_done(&t.site);

    return done_testing();
}
