/*
 * Folders to another mailbox and back: what comes along, what is refused, what
 * a private message does, and crosswise moves of processes that are killed at
 * any moment: each message once, no move left unfinished.
 */

#include <signal.h>

#include "mailbox_site.h"
#include "ptn_folder.h"


#define INBOX     PTN_FOLDER_INBOX
#define TOP       PTN_FOLDER_IPM_SUBTREE
#define BOB       2
#define ROUNDS    6
#define MOVERS    4
#define TREES     3
#define MESSAGES  20            /* of a tree */

static ptn_actor_t  bob_acts;


static ptn_named_t
name_of(const char *text)
{
    ptn_named_t  n;

    memset(&n, 0, sizeof(n));
    n.set.b[0] = 9;
    n.by_name = true;
    n.name = ptn_str_z(text);

    return n;
}


static uint16_t
named(site_t *s, ptn_mbox_t *mb, const char *text, bool make)
{
    uint16_t     id;
    ptn_txn_t    tx = { 0 };
    ptn_named_t  n;

    n = name_of(text);
    id = 0;

    if (!make) {
        ptn_named_ids(mb, NULL, &n, 1, &id);
        return id;
    }

    ptn_txn_begin(&tx, mb);
    ptn_named_ids(mb, &tx, &n, 1, &id);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    return id;
}


static ptn_id_t
below(ptn_mbox_t *mb, ptn_id_t parent, const char *name)
{
    const ptn_folder_t  *f;

    return ptn_folder_child(mb, parent, ptn_str_z(name), &f) == PTN_OK
           ? f->id : 0;
}


static uint32_t
count(ptn_mbox_t *mb, ptn_id_t folder)
{
    const ptn_folder_t  *f;

    return (ptn_folder_get(mb, folder, &f) == PTN_OK) ? f->total : UINT32_MAX;
}


static ptn_id_t
make(site_t *s, ptn_mbox_t *mb, ptn_id_t parent, const char *name,
    const char *cls)
{
    ptn_id_t   id;
    ptn_txn_t  tx = { 0 };

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_folder_create(&tx, parent, ptn_str_z(name), cls, &id), PTN_OK,
          "a folder");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    return id;
}


static ptn_id_t
mail(site_t *s, ptn_mbox_t *mb, ptn_id_t folder, size_t size, bool secret)
{
    ptn_txn_t       tx = { 0 };
    ptn_save_t      save;
    ptn_saved_t     saved;
    ptn_object_t    o;
    ptn_appended_t  app;

    app.id = 0;
    ptn_txn_begin(&tx, mb);

    if (secret) {
        memset(&o, 0, sizeof(o));
        memset(&save, 0, sizeof(save));
        ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str("private"));
        ptn_props_set_int(&o.props, s->pool, PTN_PR_SENSITIVITY, 2);
        save.object = &o;
        is_rc(ptn_msg_create(&tx, s->pool, folder, &save, &saved), PTN_OK,
              "a private one");
        app.id = saved.id;

    } else {
        is_rc(site_append(s, &tx, folder, size, PTN_FLAG_SEEN, &app), PTN_OK,
              "a message");
    }

    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    return app.id;
}


/* Conditions of rules and search folders: the named property is there. */

static ptn_str_t
exists(site_t *s, uint16_t id)
{
    u_char  *p;

    p = ptn_palloc(s->pool, 5);
    p[0] = 0x08;
    p[1] = 0x1f;
    p[2] = 0;
    p[3] = (u_char) id;
    p[4] = (u_char) (id >> 8);

    return ptn_str_make(p, 5);
}


/* ---- what comes along ---------------------------------------------------- */

static ptn_rc_t
rule(ptn_txn_t *tx, ptn_id_t folder, ptn_str_t condition, const char *actions,
    size_t n)
{
    ptn_id_t    id;
    ptn_rule_t  r;

    memset(&r, 0, sizeof(r));
    r.provider = ptn_str("p");
    r.name = ptn_str("r");
    r.state = 1;
    r.condition = condition;
    r.actions = ptn_str_make(actions, n);

    return ptn_rule_add(tx, folder, &r, &id);
}


/* The tree "a": class, properties, FAI, rules, "a/b", a search folder. */

static ptn_id_t
tree(site_t *s, ptn_mbox_t *mb)
{
    u_char            tag[21] = { 1, 0, 17, 0, 9 };
    uint16_t          id;
    ptn_id_t          a, b, search, ids[2];
    ptn_txn_t         tx = { 0 };
    ptn_save_t        save;
    ptn_saved_t       saved;
    ptn_object_t      o;
    ptn_criteria_t    c;
    ptn_bag_prop_t    props[2];

    id = named(s, mb, "mine", true);
    a = make(s, mb, TOP, "a", "IPF.Task");
    b = make(s, mb, a, "b", NULL);
    mail(s, mb, a, 300, false);
    mail(s, mb, a, 90000, false);
    mail(s, mb, b, 400, false);

    ptn_txn_begin(&tx, mb);
    props[0].tag = (uint32_t) id << 16 | PTN_PT_UNICODE;
    props[0].value = ptn_str("of the folder");
    props[1].tag = PTN_PR_COMMENT;
    props[1].value = ptn_str("a comment");
    is_rc(ptn_folder_props_set(&tx, a, props, 2), PTN_OK, "properties");

    memset(&o, 0, sizeof(o));
    memset(&save, 0, sizeof(save));
    ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str("associated"));
    save.object = &o;
    save.fai = true;
    is_rc(ptn_msg_create(&tx, s->pool, a, &save, &saved), PTN_OK, "FAI");

    /* one that tags, one that moves: the named id stands behind 11 bytes */

    tag[2 + 11] = 0x1f;
    tag[2 + 13] = (u_char) id;
    tag[2 + 14] = (u_char) (id >> 8);
    is_rc(rule(&tx, a, exists(s, id), (char *) tag, 21), PTN_OK, "a rule");
    tag[4] = 1;
    is_rc(rule(&tx, a, exists(s, id), (char *) tag, 21), PTN_OK, "another");

    is_rc(ptn_search_folder_create(&tx, a, ptn_str("found"), NULL, &search),
          PTN_OK, "a search folder");
    memset(&c, 0, sizeof(c));
    ids[0] = a;
    ids[1] = b;
    c.restriction = exists(s, id);
    c.folders = ids;
    c.n = 2;
    is_rc(ptn_search_folder_set(&tx, search, &c), PTN_OK, "its criteria");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    return a;
}


static void
came(site_t *s, ptn_mbox_t *mb, ptn_id_t top, const char *name, bool moved)
{
    size_t                n;
    uint16_t              id;
    ptn_id_t              a, b, search;
    uint32_t              tags[3];
    ptn_rule_t           *rules;
    ptn_str_t             got[3];
    ptn_criteria_t        c;
    ptn_table_t          *fai;
    const ptn_folder_t   *f;

    a = below(mb, top, name);
    b = below(mb, a, "b");
    search = below(mb, a, "found");
    id = named(s, mb, "mine", false);
    ok(a != 0 && b != 0 && search != 0, "all folders came");
    is_u64(count(mb, a), 2, "messages");
    is_u64(count(mb, b), 1, "below it");
    is_rc(ptn_folder_get(mb, a, &f), PTN_OK, "the folder");
    is_str(f->cls, "IPF.Task", "its class");

    tags[0] = (uint32_t) id << 16 | PTN_PT_UNICODE;
    tags[1] = PTN_PR_COMMENT;
    is_rc(ptn_folder_props(mb, s->pool, a, tags, 2, got), PTN_OK,
          "properties");
    is_str(got[0], "of the folder", "a named one, by its name");
    is_str(got[1], "a comment", "another");

    is_rc(ptn_table_open(mb, PTN_TABLE_FAI, a, 0, &fai), PTN_OK,
          "FAI");
    is_u64(ptn_table_count(fai), 1, "it came");
    ptn_table_close(fai);

    is_rc(ptn_rule_list(mb, s->pool, a, &rules, &n), PTN_OK, "rules");
    is_u64(n, moved ? 2 : 0, moved ? "they came" : "a copy has none");

    if (moved && n == 2) {
        is_mem(rules[0].condition, exists(s, id), "its condition");
        ok(rules[0].state == 1 && rules[1].state == 3,
           "one that moves is in error: %u, %u", rules[0].state,
           rules[1].state);
        ok((uint16_t) (rules[0].actions.data[15]
                       | rules[0].actions.data[16] << 8) == id,
           "what it tags");
    }

    is_rc(ptn_search_folder_get(mb, s->pool, search, &c), PTN_OK, "criteria");
    is_mem(c.restriction, exists(s, id), "by its name");
    ok(c.n == 2 && c.folders[0] == a && c.folders[1] == b,
       "it looks at what came");
}


static void
test_over(site_t *s)
{
    bool         partial;
    ptn_id_t     a, id;
    ptn_mbox_t  *ann, *ben;

    ann = site_open(s, "ann");
    ben = site_open(s, "ben");
    named(s, ben, "other", true);
    a = tree(s, ann);

    ann = site_open(s, "ann");
    ben = site_open(s, "ben");
    partial = true;
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, INBOX,
                                   ptn_str("copy"),
                                   PTN_TRANSFER_COPY|PTN_TRANSFER_RECURSIVE,
                                   &id, &partial), PTN_OK, "copied");
    ok(!partial, "all of it");
    is_u64(below(ben, INBOX, "copy"), id, "where it was to come");
    came(s, ben, INBOX, "copy", false);
    is_u64(count(ann, a), 2, "it is here, too");
    site_check(s, "ben");

    ann = site_open(s, "ann");
    ben = site_open(s, "ben");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP, ptn_str("flat"),
                                   PTN_TRANSFER_COPY, &id, &partial), PTN_OK,
          "copied alone");
    is_u64(count(ben, id), 2, "its messages");
    is_u64(below(ben, id, "b"), 0, "no subfolders");

    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP,
                                   ptn_str("flat"), 0, &id, &partial),
          PTN_EEXIST, "not under a name that is taken");
    ok(below(ann, TOP, "a") == a && ann->set->intents == 0,
       "nothing was done");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP, ptn_str("a"), 0,
                                   &id, &partial), PTN_OK, "moved");
    ok(!partial, "all of it");
    came(s, ben, TOP, "a", true);
    is_u64(below(ann, TOP, "a"), 0, "it is gone here");
    ok(ann->set->intents == 0, "nothing is under way");
    site_check(s, "ann");
    site_check(s, "ben");

    ann = site_open(s, "ann");
    ben = site_open(s, "ben");
    is_rc(ptn_folder_transfer_mbox(ben, ann, s->pool, id, TOP, ptn_str("a"),
                                   0, &id, &partial), PTN_OK, "and back");
    came(s, ann, TOP, "a", true);
    site_check(s, "ann");
    site_check(s, "ben");
}


/* What can be recovered of it still can, where it was. */

static void
test_kept(site_t *s)
{
    bool                partial;
    size_t              n;
    ptn_id_t            a, id, gone;
    ptn_txn_t           tx = { 0 };
    ptn_mbox_t         *ann, *ben;
    ptn_gone_folder_t  *f;

    ann = site_open(s, "ann");
    a = make(s, ann, TOP, "kept", NULL);
    gone = mail(s, ann, a, 350, false);
    mail(s, ann, a, 360, false);
    ptn_txn_begin(&tx, ann);
    ptn_msg_gone_ids(&tx, &gone, 1);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    ann = site_open(s, "ann");
    ben = site_open(s, "ben");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP, ptn_str("kept"),
                                   0, &id, &partial), PTN_OK, "moved");
    is_u64(count(ben, id), 1, "what was in it");
    is_u64(below(ann, TOP, "kept"), 0, "it left");
    is_rc(ptn_gone_folders(ann, s->pool, TOP, &f, &n), PTN_OK, "but");
    ok(n == 1 && f[0].id == a && f[0].total == 0, "what was deleted can be had");
    site_check(s, "ann");
}


static void
test_refused(site_t *s)
{
    bool             partial;
    ptn_id_t         a, id, search, scope;
    ptn_txn_t        tx = { 0 };
    ptn_user_t       u;
    ptn_mbox_t      *ann, *ben;
    ptn_criteria_t   c;

    ann = site_open(s, "ann");
    a = make(s, ann, TOP, "no", NULL);
    mail(s, ann, a, 5000, false);
    ann = site_open(s, "ann");
    ben = site_open(s, "ben");
    is_rc(ptn_folder_transfer_mbox(ann, ann, s->pool, a, TOP, ptn_str("x"), 0,
                                   &id, &partial), PTN_EINVAL, "to itself");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, 4711, ptn_str("x"),
                                   0, &id, &partial), PTN_ENOTFOUND,
          "below no folder");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, INBOX, TOP,
                                   ptn_str("x"), 0, &id, &partial),
          PTN_EDENIED, "a special one");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP, ptn_str(""), 0,
                                   &id, &partial), PTN_EINVAL, "no name");

    u = site_user(s, "ben");
    u.quota = ben->set->size + 3000;
    ptn_mbox_open(s->store, &u, NULL, &ben);
    ann = site_open(s, "ann");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP, ptn_str("x"), 0,
                                   &id, &partial), PTN_EQUOTA, "over quota");
    is_u64(below(ben, TOP, "x"), 0, "nothing came");
    ben = site_open(s, "ben");

    ptn_txn_begin(&tx, ann);
    ptn_search_folder_create(&tx, a, ptn_str("all"), NULL, &search);
    memset(&c, 0, sizeof(c));
    scope = INBOX;
    c.restriction = ptn_str_make("\x08\x1f\x00\x37\x00", 5);
    c.folders = &scope;
    c.n = 1;
    ptn_search_folder_set(&tx, search, &c);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ann = site_open(s, "ann");
    ben = site_open(s, "ben");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP, ptn_str("x"), 0,
                                   &id, &partial), PTN_ESUPPORT,
          "a search folder that looks elsewhere");
    is_rc(ptn_folder_transfer_mbox(ann, ben, s->pool, a, TOP, ptn_str("x"),
                                   PTN_TRANSFER_COPY|PTN_TRANSFER_RECURSIVE,
                                   &id, &partial), PTN_OK, "a copy has none");
    is_u64(below(ben, id, "all"), 0, "it is left out");
    site_check(s, "ann");
    site_check(s, "ben");
}


/* ---- somebody else's ----------------------------------------------------- */

static void
allow(site_t *s, ptn_id_t folder, uint32_t rights)
{
    ptn_mbox_t          *mb;
    ptn_permission_op_t  op = { PTN_PERMISSION_ADD, { BOB, rights } };
    ptn_txn_t            tx = { 0 };

    mb = site_open(s, "ann");
    ptn_txn_begin(&tx, mb);
    ptn_rights_modify(&tx, folder, false, false, &op, 1);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
}


static ptn_rc_t
by_bob(site_t *s, ptn_id_t folder, ptn_id_t *ret_id, bool *ret_partial)
{
    ptn_rc_t     rc;
    ptn_user_t   ann, bob;
    ptn_mbox_t  *from, *to;

    ann = site_user(s, "ann");
    bob = site_user(s, "bob");
    bob.id = BOB;
    memset(&bob_acts, 0, sizeof(bob_acts));
    bob_acts.user = BOB;
    bob_acts.mailbox = bob.mailbox;
    bob_acts.address = bob.address;
    ptn_mbox_open(s->store, &bob, NULL, &to);
    rc = ptn_mbox_open(s->store, &ann, &bob_acts, &from);

    return rc != PTN_OK ? rc
           : ptn_folder_transfer_mbox(from, to, s->pool, folder, TOP,
                                      ptn_str("hers"), 0, ret_id, ret_partial);
}


static void
test_others(site_t *s)
{
    bool         partial;
    ptn_id_t     a, b, id;
    ptn_mbox_t  *ann;

    ann = site_open(s, "ann");
    a = make(s, ann, TOP, "shared", NULL);
    b = make(s, ann, a, "inner", NULL);
    mail(s, ann, a, 410, false);
    mail(s, ann, a, 420, true);
    mail(s, ann, b, 430, false);

    allow(s, a, PTN_RIGHT_VISIBLE|PTN_RIGHT_READ_ANY|PTN_RIGHT_DELETE_ANY);
    is_rc(by_bob(s, a, &id, &partial), PTN_EDENIED, "not without owning it");
    allow(s, a, PTN_ROLE_OWNER);
    is_rc(by_bob(s, a, &id, &partial), PTN_EDENIED,
          "nor what he does not see below");
    allow(s, b, PTN_RIGHT_VISIBLE|PTN_RIGHT_OWNER|PTN_RIGHT_READ_ANY);
    is_rc(by_bob(s, a, &id, &partial), PTN_EDENIED,
          "nor without deleting there");
    allow(s, b, PTN_ROLE_OWNER);
    partial = false;
    is_rc(by_bob(s, a, &id, &partial), PTN_OK, "now");
    ok(partial, "but for something");
    is_u64(count(site_open(s, "bob"), id), 1, "what he sees");
    ann = site_open(s, "ann");
    is_u64(count(ann, a), 1, "the private one stays with her");
    is_u64(below(ann, a, "inner"), 0, "what was below is gone");
    site_check(s, "ann");
    site_check(s, "bob");
}


/* ---- crosswise, and killed ----------------------------------------------- */

static void
mover(site_t *s, unsigned k)
{
    bool                 partial;
    char                 name[32];
    size_t               i, n;
    unsigned             turn;
    ptn_id_t             id;
    ptn_mbox_t          *from, *to;
    ptn_user_t           ufrom, uto;
    ptn_store_t         *store;
    const ptn_folder_t  *f;

    if (ptn_store_open(&s->opts, &store) != PTN_OK) {
        _exit(1);
    }

    ufrom = site_user(s, k & 1 ? "left" : "right");
    uto = site_user(s, k & 1 ? "right" : "left");

    for (turn = k; /* void */ ; turn++) {
        if (ptn_mbox_open(store, &uto, NULL, &to) != PTN_OK
            || ptn_mbox_open(store, &ufrom, NULL, &from) != PTN_OK
            || ptn_folder_list(from, &f, &n) != PTN_OK)
        {
            usleep(1000);
            continue;
        }

        for (id = 0, i = 0; i < n; i++) {
            if (f[i].parent == TOP && f[i].name.data[0] == 'T'
                && (id == 0 || (i + turn) % 3 == 0))
            {
                id = f[i].id;
            }
        }

        if (id == 0) {
            usleep(500);
            continue;
        }

        snprintf(name, sizeof(name), "T%u-%u-%u", (unsigned) getpid(), k,
                 turn);
        (void) ptn_folder_transfer_mbox(from, to, s->pool, id, TOP,
                                        ptn_str_z(name), 0, &id, &partial);
        ptn_pool_reset(s->pool);
        ptn_store_idle(store);
    }
}


static unsigned
gather(site_t *s, const char *who, unsigned *seen)
{
    size_t               i, n;
    uint32_t             seq;
    unsigned             k, bad;
    ptn_str_t            raw;
    ptn_row_t            row;
    ptn_msg_t           *msg;
    ptn_mbox_t          *mb;
    ptn_view_t          *view;
    const ptn_folder_t  *f;

    bad = 0;
    mb = site_open(s, who);

    if (ptn_folder_list(mb, &f, &n) != PTN_OK) {
        return 1;
    }

    for (i = 0; i < n; i++) {
        if (ptn_view_get(mb, f[i].id, &view) != PTN_OK) {
            bad++;
            continue;
        }

        for (seq = 1; seq <= ptn_view_count(view); seq++) {
            ptn_view_row(view, seq, &row);

            if (ptn_msg_open(mb, s->pool, row.id, &msg) != PTN_OK
                || ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20, &raw)
                   != PTN_OK
                || sscanf(strstr(ptn_str_dupz(s->pool, raw), "message of "),
                          "message of %u", &k) != 1
                || k >= TREES * MESSAGES)
            {
                bad++;
                continue;
            }

            seen[k]++;
        }

        ptn_view_unref(view);
    }

    return bad;
}


static void
settle(site_t *s)
{
    int64_t      left, right;
    unsigned     i;
    ptn_mbox_t  *mb;

    left = right = 1;

    for (i = 0; i < 100 && left + right != 0; i++) {
        mb = site_open(s, "left");
        ptn_store_idle(s->store);
        ptn_sql_number(mb, "SELECT count(*) FROM parting", &left);
        mb = site_open(s, "right");
        ptn_store_idle(s->store);
        ptn_sql_number(mb, "SELECT count(*) FROM parting", &right);
    }

    ok(left == 0 && right == 0, "what was left is finished");
}


static void
test_killed(site_t *s, unsigned round)
{
    pid_t     pid[MOVERS];
    unsigned  i, bad, lost, twice, seen[TREES * MESSAGES] = { 0 };

    for (i = 0; i < MOVERS; i++) {
        fflush(stdout);
        pid[i] = fork();

        if (pid[i] == 0) {
            mover(s, i);
        }
    }

    usleep(150000 + round * 7919 % 60000);

    for (i = 0; i < MOVERS; i++) {
        kill(pid[i], SIGKILL);
        waitpid(pid[i], NULL, 0);
        usleep(5000 * round);
    }

    ptn_store_open(&s->opts, &s->store);
    settle(s);
    bad = gather(s, "left", seen) + gather(s, "right", seen);
    lost = twice = 0;

    for (i = 0; i < ptn_nelts(seen); i++) {
        lost += (seen[i] == 0);
        twice += (seen[i] > 1);
    }

    ok(bad == 0 && lost == 0 && twice == 0,
       "round %u: %u lost, %u double, %u bad", round, lost, twice, bad);
    site_check(s, "left");
    site_check(s, "right");
    ptn_store_close(s->store);
    s->store = NULL;
}


static void
test_cross(void)
{
    site_t           s;
    char             name[16];
    unsigned         i, k;
    ptn_id_t         t, in;
    ptn_mbox_t      *mb;
    ptn_mbox_info_t  info;

    site_make(&s);
    s.conf.fsync = false;
    site_open(&s, "right");
    mb = site_open(&s, "left");

    for (i = 0; i < TREES; i++) {
        snprintf(name, sizeof(name), "T%u", i);
        t = make(&s, mb, TOP, name, NULL);
        in = make(&s, mb, t, "inner", NULL);

        for (k = 0; k < MESSAGES; k++) {
            mail(&s, mb, k & 1 ? t : in, i * MESSAGES + k, false);
        }
    }

    ptn_store_close(s.store);

    for (i = 0; i < ROUNDS; i++) {
        test_killed(&s, i);
    }

    ptn_store_open(&s.opts, &s.store);
    ptn_mbox_info(site_open(&s, "left"), &info);
    ok(info.cn > 200, "they did move: change number %llu",
       (unsigned long long) info.cn);
    site_done(&s);
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;
    test_over(&s);
    test_kept(&s);
    test_refused(&s);
    test_others(&s);
    site_done(&s);

    test_cross();

    return done_testing();
}
