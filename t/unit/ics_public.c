/*
 * Public stores: synchronisation by sets tells each user what he has read
 * himself.  Two users mark, post, edit and delete at random, and upload read
 * states; the copy of each is what his view is, and nobody hears of what the
 * other has read.
 */

#include "mailbox_site.h"
#include "ptn_eid.h"
#include "ptn_item.h"


#define USERS  2
#define ROWS   400
#define STEPS  900
#define ALL    (PTN_ICS_NORMAL|PTN_ICS_FAI|PTN_ICS_READ_STATE)

typedef struct {
    ptn_id_t  mid;
    uint64_t  cn;
    bool      seen;
} copy_t;

typedef struct {
    ptn_actor_t      actor;
    ptn_ics_state_t  state;
    copy_t           rows[ROWS];
    unsigned         n;
    unsigned         changes, reads;    /* of the last synchronisation */
} client_t;

typedef struct {
    site_t       site;
    ptn_pool_t  *pool;
    ptn_id_t     topic;
    uint64_t     random;
    unsigned     bad, told, uploads;
    client_t     c[USERS];
} test_t;


static unsigned
roll(test_t *t, unsigned n)
{
    t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (t->random >> 33) % n;
}


static bool
expect(test_t *t, bool good, const char *what)
{
    if (!good && t->bad++ < 20) {
        diag("wrong: %s", what);
    }

    return good;
}


static ptn_mbox_t *
as(test_t *t, const client_t *c)
{
    ptn_mbox_t  *mb;

    must(ptn_public_open(t->site.store, ptn_str("example.test"),
                         c ? &c->actor : NULL, &mb), "open");

    return mb;
}


static ptn_object_t *
object(test_t *t, const char *subject)
{
    ptn_object_t  *o;

    o = ptn_pcalloc(t->pool, sizeof(ptn_object_t));
    must(ptn_props_set(&o->props, t->pool, PTN_PR_MESSAGE_CLASS,
                       ptn_str("IPM.Post")), "class");
    must(ptn_props_set(&o->props, t->pool, PTN_PR_SUBJECT,
                       ptn_str_z(subject)), "subject");

    return o;
}


static ptn_id_t
post(test_t *t, client_t *c, bool fai, bool seen)
{
    ptn_save_t   save;
    ptn_saved_t  saved;
    ptn_txn_t    tx = { 0 };

    memset(&save, 0, sizeof(save));
    save.object = object(t, "posted");
    save.fai = fai;
    save.flags = seen ? PTN_FLAG_SEEN : 0;
    must(ptn_txn_begin(&tx, as(t, c)), "begin");
    must(ptn_msg_create(&tx, t->pool, t->topic, &save, &saved), "create");
    end(&t->site, &tx);

    return saved.mid;
}


static void
mark(test_t *t, client_t *c, ptn_id_t mid, bool on)
{
    ptn_id_t   id;
    ptn_txn_t  tx = { 0 };

    must(ptn_txn_begin(&tx, as(t, c)), "begin");
    must(ptn_msg_by_mid(tx.mb, t->topic, mid, &id), "by mid");
    must(ptn_msg_flags_ids(&tx, &id, 1, on ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE,
                           PTN_FLAG_SEEN, 0, NULL), "flags");
    end(&t->site, &tx);
}


static ptn_str_t
source_key(test_t *t, ptn_mbox_t *mb, ptn_id_t mid)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(t->pool, PTN_GID_LEN);
    must(ptn_mbox_replica(mb, mid, &replid, &guid), "replica");
    ptn_eid_gid(guid, mid, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


/* As a client does: the numbers join its READ set. */

static size_t
upload(test_t *t, client_t *c, ptn_id_t mid, bool on)
{
    size_t          i, n;
    uint64_t       *cns;
    ptn_txn_t       tx = { 0 };
    ptn_mbox_t     *mb;
    ptn_ics_read_t  read;

    mb = as(t, c);
    read.source_key = source_key(t, mb, mid);
    read.read = on;
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_ics_import_reads(&tx, t->pool, t->topic, &read, 1, &cns, &n),
         "reads");
    end(&t->site, &tx);
    mb = as(t, c);

    for (i = 0; i < n; i++) {
        must(ptn_ics_state_add(mb, &c->state, PTN_ICS_READ, cns[i]), "add");
    }

    t->uploads += n != 0;

    return n;
}


/* ---- a copy -------------------------------------------------------------- */

static copy_t *
row_of(client_t *c, ptn_id_t mid)
{
    unsigned  i;

    for (i = 0; i < c->n && c->rows[i].mid != mid; i++) { /* void */ }

    return (i < c->n) ? &c->rows[i] : NULL;
}


static void
each(test_t *t, client_t *c, const ptn_idset_t *set, ptn_ics_told_e what)
{
    size_t                   k;
    copy_t                  *r;
    uint32_t                 i;
    uint64_t                 n;
    const ptn_idset_part_t  *p;

    for (i = 0; i < set->nparts; i++) {
        p = &set->parts[i];

        for (k = 0; k < p->n; k++) {
            for (n = p->r[k].lo; n <= p->r[k].hi; n++) {
                r = row_of(c, n);

                if (!expect(t, r != NULL, "told of what it has")) {
                    continue;
                }

                if (what == PTN_ICS_DELETED || what == PTN_ICS_OUT_OF_SCOPE) {
                    *r = c->rows[--c->n];
                    continue;
                }

                r->seen = (what == PTN_ICS_BECAME_READ);
                c->reads++;
            }
        }
    }
}


static void
download_from(test_t *t, ptn_mbox_t *mb, client_t *c, unsigned flags,
    const ptn_restrict_t *only)
{
    size_t                  i, n;
    copy_t                 *r;
    unsigned                k;
    ptn_ics_change_t       *ch;
    ptn_ics_content_t      *ics;
    const ptn_ics_state_t  *now;

    c->changes = 0;
    c->reads = 0;
    must(ptn_ics_content_open(mb, t->topic, flags, only, &c->state, &ics),
         "open");

    for ( ;; ) {
        must(ptn_ics_content_next(mb, ics, t->pool, 7, 1 << 20, &ch, &n),
             "next");

        for (i = 0; i < n; i++) {
            r = row_of(c, ch[i].mid);
            expect(t, ch[i].given == (r != NULL), "given is what it has");

            if (r == NULL) {
                r = &c->rows[c->n++];
            }

            r->mid = ch[i].mid;
            r->cn = ch[i].cn;
            r->seen = (ch[i].flags & PTN_FLAG_SEEN) != 0;
            c->changes++;
        }

        if (n == 0) {
            break;
        }
    }

    for (k = 0; k < PTN_ICS_TOLD_SETS; k++) {
        each(t, c, ptn_ics_content_told(ics, (ptn_ics_told_e) k),
             (ptn_ics_told_e) k);
    }

    must(ptn_ics_content_state(mb, ics, &now), "state");
    must(ptn_ics_state_copy(&c->state, now), "copy");
    ptn_ics_content_close(ics);
    t->told += c->changes + c->reads;
}


static void
download(test_t *t, client_t *c, unsigned flags, const ptn_restrict_t *only)
{
    download_from(t, as(t, c), c, flags, only);
}


/* Is the copy what the user's view is? */

static void
same(test_t *t, client_t *c, unsigned fais)
{
    copy_t          *r;
    unsigned         seq;
    ptn_row_t        row;
    ptn_view_t      *view;
    ptn_mbox_t      *mb;
    ptn_msg_info_t   m;

    mb = as(t, c);
    must(ptn_view_get(mb, t->topic, &view), "view");
    expect(t, ptn_view_count(view) + fais == c->n, "as many");

    for (seq = 1; seq <= ptn_view_count(view); seq++) {
        ptn_view_row(view, seq, &row);
        must(ptn_msg_get_id(mb, row.id, &m), "row");
        r = row_of(c, m.mid);

        if (expect(t, r != NULL, "all of them")) {
            expect(t, r->cn == m.cn, "as they are now");
            expect(t, r->seen == ((row.flags & PTN_FLAG_SEEN) != 0),
                   "read as he has read them");
        }
    }

    ptn_view_unref(view);
}


/* ---- one by one ---------------------------------------------------------- */

static void
test_each_own(test_t *t)
{
    copy_t    *r;
    client_t  *a = &t->c[0], *b = &t->c[1];
    ptn_id_t   mid, other;

    mid = post(t, a, false, true);
    other = post(t, b, false, false);
    download(t, a, ALL, NULL);
    download(t, b, ALL, NULL);
    is_u64(a->n, 2, "two messages");
    r = row_of(a, mid);
    ok(r != NULL && r->seen, "alice has read what she posted so");
    r = row_of(b, mid);
    ok(r != NULL && !r->seen, "bob has not");

    mark(t, b, other, true);
    download(t, a, ALL, NULL);
    ok(a->changes + a->reads == 0, "what bob reads is nothing to alice");
    download(t, b, ALL, NULL);
    ok(b->changes == 0 && b->reads == 1 && row_of(b, other)->seen,
       "bob is told, and of no change");
    download(t, b, ALL, NULL);
    ok(b->changes + b->reads == 0, "once");

    mark(t, b, other, false);
    download(t, b, PTN_ICS_NORMAL, NULL);
    ok(b->changes + b->reads == 0, "not who does not ask");
    download(t, b, ALL, NULL);
    ok(b->reads == 1 && !row_of(b, other)->seen, "told by who asks next");

    /* uploads: what the client did itself is not told again */

    is_u64(upload(t, b, mid, true), 1, "a read state is uploaded");
    is_u64(upload(t, b, mid, true), 0, "twice is once");
    row_of(b, mid)->seen = true;
    download(t, b, ALL, NULL);
    ok(b->changes + b->reads == 0, "its number is the actor's own");
    download(t, a, ALL, NULL);
    ok(a->changes + a->reads == 0, "and nobody else's");
    same(t, a, 0);
    same(t, b, 0);
    ok(t->bad == 0, "%u copies are not what they should be", t->bad);
}


/* A window of what is unread: it moves by what the actor reads. */

static void
test_restricted(test_t *t)
{
    client_t         c;
    ptn_restrict_t   unread;

    memset(&c, 0, sizeof(c));
    c.actor = t->c[1].actor;
    memset(&unread, 0, sizeof(unread));
    unread.type = PTN_RES_BITMASK;
    unread.tag = PTN_PR_MESSAGE_FLAGS;
    unread.n = 1;

    download(t, &c, ALL, &unread);
    is_u64(c.n, 1, "bob has one unread");
    mark(t, &t->c[0], c.rows[0].mid, true);
    download(t, &c, ALL, &unread);
    is_u64(c.n, 1, "alice's reading moves nothing");
    mark(t, &t->c[1], c.rows[0].mid, true);
    download(t, &c, ALL, &unread);
    is_u64(c.n, 0, "his own does");
    ptn_ics_state_done(&c.state);
}


/*
 * Another process commits between the opening of the mailbox and the read
 * transaction: the bound of that one has it, so it is to be told.
 */

static void
test_beside(test_t *t)
{
    client_t     *b = &t->c[1];
    ptn_id_t      mid, other;
    ptn_mbox_t   *mb;
    ptn_store_t  *mine;

    mid = post(t, b, false, false);
    other = post(t, b, false, false);
    mark(t, b, other, true);
    download(t, b, ALL, NULL);
    mb = as(t, b);
    ok(ptn_reader_cn(mb, t->topic) != 0, "what was read is cached");
    mine = t->site.store;
    must(ptn_store_open(&t->site.opts, &t->site.store), "another process");
    mark(t, b, mid, true);
    post(t, b, false, false);
    ptn_store_close(t->site.store);
    t->site.store = mine;
    download_from(t, mb, b, ALL, NULL);
    download(t, b, ALL, NULL);
    ok(row_of(b, mid)->seen, "a mark just before the snapshot is told");
}


/* ---- at random ----------------------------------------------------------- */

static void
edit(test_t *t, client_t *c, ptn_id_t mid)
{
    ptn_id_t     id;
    ptn_rc_t     rc;
    ptn_save_t   save;
    ptn_saved_t  saved;
    ptn_txn_t    tx = { 0 };

    must(ptn_txn_begin(&tx, as(t, c)), "begin");
    must(ptn_msg_by_mid(tx.mb, t->topic, mid, &id), "by mid");
    memset(&save, 0, sizeof(save));
    save.object = object(t, "edited");
    rc = ptn_msg_update(&tx, t->pool, id, &save, 0, &saved);

    if (rc == PTN_EDENIED) {            /* another's */
        ptn_txn_done(&tx);
        ptn_store_rollback(t->site.store);
        return;
    }

    must(rc, "edit");
    end(&t->site, &tx);
}


static void
purge(test_t *t, client_t *c, ptn_id_t mid)
{
    ptn_id_t   id;
    ptn_rc_t   rc;
    ptn_txn_t  tx = { 0 };

    must(ptn_txn_begin(&tx, as(t, c)), "begin");
    must(ptn_msg_by_mid(tx.mb, t->topic, mid, &id), "by mid");
    rc = ptn_msg_expunge_ids(&tx, &id, 1);

    if (rc == PTN_EDENIED) {
        ptn_txn_done(&tx);
        ptn_store_rollback(t->site.store);
        return;
    }

    must(rc, "expunge");
    end(&t->site, &tx);
}


static ptn_id_t
any(test_t *t, client_t *c)
{
    uint32_t         n;
    ptn_row_t        row;
    ptn_mbox_t      *mb;
    ptn_view_t      *view;
    ptn_msg_info_t   m;

    mb = as(t, c);
    must(ptn_view_get(mb, t->topic, &view), "view");
    n = ptn_view_count(view);
    memset(&m, 0, sizeof(m));

    if (n != 0) {
        ptn_view_row(view, 1 + roll(t, n), &row);
        must(ptn_msg_get_id(mb, row.id, &m), "row");
    }

    ptn_view_unref(view);

    return m.mid;
}


static void
test_random(test_t *t)
{
    bool       on;
    copy_t    *r;
    unsigned   i, fais;
    client_t  *c;
    ptn_id_t   mid;

    for (i = 0, fais = 0; i < STEPS; i++) {
        c = &t->c[roll(t, USERS)];
        mid = any(t, c);
        on = roll(t, 3) != 0;

        switch (mid ? roll(t, 12) : 0) {

        case 0:
        case 1:
            on = roll(t, 10) == 0;
            fais += on;
            post(t, c, on, !on && roll(t, 2));
            break;

        case 2:
            edit(t, c, mid);
            break;

        case 3:
            if (roll(t, 3) == 0) {
                purge(t, c, mid);
            }
            break;

        case 4:
        case 5:
            r = row_of(c, mid);

            if (r != NULL) {
                upload(t, c, mid, on);
                r->seen = on;
            }
            break;

        case 6:
            download(t, c, ALL, NULL);
            same(t, c, fais);
            break;

        default:
            mark(t, c, mid, on);
        }

        ptn_pool_reset(t->pool);

        if (t->bad > 20) {
            break;
        }
    }

    for (i = 0; i < USERS; i++) {
        download(t, &t->c[i], ALL, NULL);
        same(t, &t->c[i], fais);
    }

    ok(t->bad == 0, "each copy is what its owner sees: %u are not", t->bad);
    ok(t->told > 200 && t->uploads > 20, "%u told, %u uploads", t->told,
       t->uploads);
}


/* Another content is unread, but for its editor. */

static void
test_edit(test_t *t)
{
    ptn_id_t     id, mid;
    ptn_txn_t    tx = { 0 };
    client_t    *alice, *bob;
    ptn_save_t   save;
    ptn_saved_t  saved;

    alice = &t->c[0];
    bob = &t->c[1];
    mid = post(t, alice, false, true);
    mark(t, bob, mid, true);
    download(t, alice, ALL, NULL);
    download(t, bob, ALL, NULL);
    ok(row_of(alice, mid)->seen && row_of(bob, mid)->seen, "both have read");
    memset(&save, 0, sizeof(save));
    save.object = object(t, "edited");
    must(ptn_txn_begin(&tx, as(t, alice)), "begin");
    must(ptn_msg_by_mid(tx.mb, t->topic, mid, &id), "by mid");
    must(ptn_msg_update(&tx, t->pool, id, &save, 0, &saved), "edit");
    end(&t->site, &tx);
    download(t, alice, ALL, NULL);
    download(t, bob, ALL, NULL);
    ok(row_of(alice, mid)->seen, "who edits it has read it");
    ok(!row_of(bob, mid)->seen, "others have not");
}


int
main(void)
{
    unsigned     i;
    test_t      *t;
    ptn_user_t   user;
    ptn_txn_t    tx = { 0 };

    static const char *const  names[USERS] = { "alice", "bob" };

    t = calloc(1, sizeof(test_t));
    t->random = 20261128;
    t->pool = ptn_pool_create(0, NULL);
    site_make(&t->site);

    for (i = 0; i < USERS; i++) {
        user = site_user(&t->site, names[i]);
        t->c[i].actor.user = i + 1;
        t->c[i].actor.mailbox = user.mailbox;
        t->c[i].actor.address = user.address;
    }

    must(ptn_txn_begin(&tx, as(t, &t->c[0])), "begin");
    must(ptn_folder_create(&tx, PTN_PUBLIC_IPM_SUBTREE, ptn_str("topic"),
                           NULL, &t->topic), "folder");
    end(&t->site, &tx);

    test_each_own(t);
    test_restricted(t);
    test_beside(t);
    test_edit(t);
    download(t, &t->c[0], ALL, NULL);
    download(t, &t->c[1], ALL, NULL);
    test_random(t);

    must(ptn_public_user(t->pool, ptn_str("example.test"), &user), "user");
    is_rc(ptn_mbox_check(t->site.store, &user, false, site_report, &t->site),
          PTN_OK, "every invariant holds");

    for (i = 0; i < USERS; i++) {
        ptn_ics_state_done(&t->c[i].state);
    }

    site_done(&t->site);
    ptn_pool_destroy(t->pool);
    free(t);

    return done_testing();
}
