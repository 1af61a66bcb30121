/*
 * Moves and copies between two mailboxes: what comes over, what is refused,
 * what a crash between any two of the three steps leaves, and crosswise moves
 * of four processes that are killed at any moment: nothing lost, nothing
 * double.
 */

#include <signal.h>

#include "mailbox_site.h"
#include "ptn_item.h"


#define INBOX    PTN_FOLDER_INBOX
#define ROUNDS   8
#define MOVERS   4
#define CROSS    24

static const ptn_guid_t  set = { { 1, 2, 3 } };


static ptn_named_t
name_of(const char *text)
{
    ptn_named_t  n;

    memset(&n, 0, sizeof(n));
    n.set = set;
    n.by_name = true;
    n.name = ptn_str_z(text);

    return n;
}


static uint16_t
named(site_t *s, ptn_mbox_t *mb, const char *text, bool make)
{
    uint16_t     id;
    ptn_txn_t    tx;
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
append(site_t *s, ptn_mbox_t *mb, size_t size, uint64_t keywords)
{
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    memset(&app, 0, sizeof(app));
    a.raw = site_message(s, size);
    a.received = 1770000000;
    a.flags = PTN_FLAG_SEEN;
    a.keywords = keywords;
    ptn_txn_begin(&tx, mb);
    ptn_msg_append(&tx, INBOX, &a, &app);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    return app.id;
}


static uint32_t
count(ptn_mbox_t *mb, ptn_id_t folder)
{
    const ptn_folder_t  *f;

    return (ptn_folder_get(mb, folder, &f) == PTN_OK) ? f->total : UINT32_MAX;
}


/* ---- what comes over ----------------------------------------------------- */

static void
test_over(site_t *s)
{
    char                *big;
    uint16_t             here, there;
    unsigned             bit;
    ptn_id_t             ids[3], *got;
    ptn_txn_t            tx;
    ptn_str_t            raw;
    ptn_msg_t           *msg;
    ptn_save_t           save;
    ptn_saved_t          saved;
    ptn_mbox_t          *a, *b;
    ptn_attach_t         at;
    ptn_object_t         o;
    ptn_msg_info_t       info;
    const ptn_str_t     *words;
    const ptn_object_t  *whole;

    a = site_open(s, "ann");
    b = site_open(s, "ben");
    named(s, b, "other", true);
    here = named(s, a, "mine", true);
    ptn_txn_begin(&tx, b);
    ptn_keyword_add(&tx, ptn_str("filler"), &bit);
    ptn_txn_commit(&tx);
    ptn_txn_begin(&tx, a);
    ptn_keyword_add(&tx, ptn_str("red"), &bit);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    ids[0] = append(s, a, 700, 1);
    ids[1] = 99999;

    /* an object with a blob, a named property and a large one */

    big = ptn_palloc(s->pool, 50000);
    memset(big, 'q', 50000);
    memset(&o, 0, sizeof(o));
    memset(&at, 0, sizeof(at));
    memset(&save, 0, sizeof(save));
    at.num = 1;
    at.part = PTN_PART_NONE;
    at.has_data = true;
    at.data = ptn_str_make(big, 50000);
    at.size = 50000;
    ptn_props_set(&at.props, s->pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str("q.bin"));
    ptn_props_set_int(&at.props, s->pool, PTN_PR_ATTACH_METHOD, 1);
    o.attachs = &at;
    o.nattachs = 1;
    ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str("object"));
    ptn_props_set(&o.props, s->pool, PTN_PR_BODY, ptn_str("its text"));
    ptn_props_set(&o.props, s->pool, (uint32_t) here << 16 | PTN_PT_UNICODE,
                  ptn_str("named"));
    ptn_props_set(&o.props, s->pool, 0x67f20102, ptn_str_make(big, 20000));
    save.object = &o;
    ptn_txn_begin(&tx, a);
    is_rc(ptn_msg_create(&tx, s->pool, INBOX, &save, &saved), PTN_OK,
          "an object");
    ids[2] = saved.id;
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    is_rc(ptn_msg_transfer_mbox(a, b, s->pool, INBOX, ids, 3,
                                PTN_FOLDER_ARCHIVE, true, &got), PTN_OK,
          "copied");
    ok(got[0] != 0 && got[1] == 0 && got[2] != 0, "those that are there");
    is_u64(count(a, INBOX), 2, "they stay");
    is_u64(count(b, PTN_FOLDER_ARCHIVE), 2, "and come");
    site_check(s, "ben");

    a = site_open(s, "ann");
    b = site_open(s, "ben");
    is_rc(ptn_msg_transfer_mbox(a, b, s->pool, INBOX, ids, 3,
                                PTN_FOLDER_SENT, false, &got), PTN_OK,
          "moved");
    ok(got[0] != 0 && got[1] == 0 && got[2] != 0, "those that are there");
    is_u64(count(a, INBOX), 0, "they are gone");
    is_u64(count(b, PTN_FOLDER_SENT), 2, "and come");

    is_rc(ptn_msg_open(b, s->pool, got[0], &msg), PTN_OK, "the mail");
    ptn_msg_info(msg, &info);
    ptn_keyword_names(b, &words);
    ok(info.flags == PTN_FLAG_SEEN && info.received == 1770000000
       && info.keywords == 2 && ptn_str_eqz(words[1], "red"),
       "flags, time, keyword");
    ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 100000, &raw);
    is_mem(raw, site_message(s, 700), "byte for byte");

    is_rc(ptn_msg_open(b, s->pool, got[2], &msg), PTN_OK, "the object");
    is_rc(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &whole), PTN_OK, "read");
    there = named(s, b, "mine", false);
    ok(there != 0 && there != here, "another id there: %x, %x", here, there);
    is_str(ptn_props_get(&whole->props, (uint32_t) there << 16
                                        | PTN_PT_UNICODE), "named",
           "the named property");
    ok(ptn_props_get(&whole->props, 0x67f20102).len == 20000, "a large one");
    ok(whole->nattachs == 1 && whole->attachs[0].data.len == 50000
       && whole->attachs[0].data.data[49999] == 'q', "its attachment");

    site_check(s, "ann");
    site_check(s, "ben");
    ptn_store_idle(s->store);
    site_check(s, "ann");
}


static void
test_refused(site_t *s)
{
    ptn_id_t     id, *got;
    ptn_txn_t    tx;
    ptn_user_t   u;
    ptn_mbox_t  *a, *b;

    a = site_open(s, "ann");
    b = site_open(s, "ben");
    id = append(s, a, 5000, 0);
    is_rc(ptn_msg_transfer_mbox(a, a, s->pool, INBOX, &id, 1, INBOX, false,
                                &got), PTN_EINVAL, "to itself");
    is_rc(ptn_msg_transfer_mbox(a, b, s->pool, INBOX, &id, 1, 4711, false,
                                &got), PTN_ENOTFOUND, "to no folder");
    ptn_txn_begin(&tx, a);
    is_rc(ptn_msg_transfer_mbox(a, b, s->pool, INBOX, &id, 1, INBOX, false,
                                &got), PTN_EBUSY, "amid a batch");
    ptn_txn_done(&tx);
    ptn_store_commit(s->store);

    u = site_user(s, "ben");
    u.quota = 1;
    ptn_mbox_open(s->store, &u, NULL, &b);
    a = site_open(s, "ann");
    is_rc(ptn_msg_transfer_mbox(a, b, s->pool, INBOX, &id, 1, INBOX, false,
                                &got), PTN_EQUOTA, "over quota");
    a = site_open(s, "ann");
    is_u64(count(a, INBOX), 1, "it stays");
    site_check(s, "ann");
    b = site_open(s, "ben");
    a = site_open(s, "ann");
    is_rc(ptn_msg_transfer_mbox(a, b, s->pool, INBOX, &id, 1, INBOX, false,
                                &got), PTN_OK, "and may go later");
    is_u64(count(a, INBOX), 0, "gone");
}


/* ---- what a crash leaves ------------------------------------------------- */

/* The intent alone, or with its copies, as a process that died left them. */

static void
leave(site_t *s, bool copies)
{
    ptn_id_t        id;
    ptn_txn_t       tx;
    ptn_mbox_t     *a, *b;
    ptn_str_t       name;
    char            text[512];
    ptn_appended_t  app;
    ptn_append_t    ap;

    a = site_open(s, "ann");
    id = append(s, a, 900, 0);
    name = ptn_str_printf(s->pool, "ben@example.test");
    b = site_open(s, "ben");

    a = site_open(s, "ann");
    ptn_txn_begin(&tx, a);
    ptn_txn_oid(&tx);
    snprintf(text, sizeof(text),
             "INSERT INTO intent SELECT %llu, x'6d%032llx', x'%.0s', '%.*s', "
             "%d", (unsigned long long) tx.mb->meta.oid,
             (unsigned long long) id, "", ptn_str_arg(name), INBOX);
    ptn_sql_exec(a, text);
    snprintf(text, sizeof(text), "INSERT INTO moving VALUES (%llu, %llu, 0)",
             (unsigned long long) id, (unsigned long long) tx.mb->meta.oid);
    ptn_sql_exec(a, text);
    snprintf(text, sizeof(text), "UPDATE intent SET mailbox=x'");

    for (unsigned i = 0; i < 16; i++) {
        sprintf(text + strlen(text), "%02x", b->guid.b[i]);
    }

    strcat(text, "'");
    ptn_sql_exec(a, text);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ptn_mbox_forget(a);

    if (copies) {
        u_char  key[17] = { 'm' };

        for (unsigned i = 0; i < 8; i++) {
            key[16 - i] = (u_char) (id >> (8 * i));
        }

        b = site_open(s, "ben");
        memset(&ap, 0, sizeof(ap));
        ap.raw = site_message(s, 900);
        ap.key = ptn_str_make(key, 17);
        ptn_txn_begin(&tx, b);
        ptn_msg_append(&tx, INBOX, &ap, &app);
        ptn_txn_commit(&tx);
        ptn_store_commit(s->store);
    }
}


static void
test_left(site_t *s, bool copies, bool idle)
{
    uint32_t     before, seq;
    uint32_t    *uids;
    ptn_id_t    *got, id;
    ptn_row_t    row;
    ptn_txn_t    tx;
    ptn_view_t  *view;
    ptn_mbox_t  *a;
    ptn_saved_t  saved;
    ptn_save_t   save;

    before = count(site_open(s, "ben"), INBOX);
    s->store->replaying = true;         /* not by us, for now */
    leave(s, copies);

    /* until it is done nobody else takes it */

    a = site_open(s, "ann");
    ptn_view_get(a, INBOX, &view);
    seq = ptn_view_count(view);
    ptn_view_row(view, seq, &row);
    ptn_view_unref(view);
    id = row.id;
    memset(&save, 0, sizeof(save));
    save.raw = site_message(s, 1000);
    ptn_txn_begin(&tx, a);
    is_rc(ptn_msg_move(&tx, s->pool, INBOX, &row.uid, 1, PTN_FOLDER_SENT,
                       &uids), PTN_OK, "moved by IMAP");
    ok(uids[0] == 0, "not this one");
    is_rc(ptn_msg_move_ids(&tx, s->pool, INBOX, &id, 1, PTN_FOLDER_SENT,
                           &got), PTN_OK, "moved by MAPI");
    ok(got[0] == 0, "not this one");
    is_rc(ptn_msg_update(&tx, s->pool, id, &save, 0, &saved), PTN_ECONFLICT,
          "nor edited");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    is_rc(ptn_msg_transfer_mbox(site_open(s, "ann"), site_open(s, "ben"),
                                s->pool, INBOX, &id, 1, INBOX, false, &got),
          PTN_OK, "moved over");
    ok(got[0] == 0, "not this one");
    s->store->replaying = false;

    if (idle) {
        ptn_store_idle(s->store);

    } else {
        a = site_reopen(s, "ann");
    }

    is_u64(count(site_open(s, "ben"), INBOX), before + 1, "it came once");
    is_u64(count(site_open(s, "ann"), INBOX), 0, "and is gone here");
    site_check(s, "ann");
    site_check(s, "ben");
}


static void
test_removed(site_t *s)
{
    ptn_user_t  u;

    s->store->replaying = true;
    leave(s, false);
    u = site_user(s, "ben");
    is_rc(ptn_mbox_delete(s->store, &u), PTN_OK, "the other is removed");
    s->store->replaying = false;
    is_u64(count(site_reopen(s, "ann"), INBOX), 1, "it stays");
    site_check(s, "ann");
}


/* ---- crosswise, and killed ----------------------------------------------- */

/* One process: takes some of what is there to the other side, again, again. */

static void
mover(site_t *s, unsigned k)
{
    size_t         n;
    uint32_t       seq;
    uint64_t       random;
    ptn_id_t       ids[8], *got;
    ptn_row_t      row;
    ptn_view_t    *view;
    ptn_mbox_t    *a, *b;
    ptn_user_t     ua, ub;
    ptn_store_t   *store;

    random = (uint64_t) getpid() * 7919 + k;

    if (ptn_store_open(&s->opts, &store) != PTN_OK) {
        _exit(1);
    }

    ua = site_user(s, k & 1 ? "left" : "right");
    ub = site_user(s, k & 1 ? "right" : "left");

    for ( ;; ) {
        if (ptn_mbox_open(store, &ub, NULL, &b) != PTN_OK
            || ptn_mbox_open(store, &ua, NULL, &a) != PTN_OK
            || ptn_view_get(a, INBOX, &view) != PTN_OK)
        {
            usleep(1000);
            continue;
        }

        n = 0;

        for (seq = 1; seq <= ptn_view_count(view) && n < 8; seq++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;

            if ((random >> 33) % 4 == 0) {
                ptn_view_row(view, seq, &row);
                ids[n++] = row.id;
            }
        }

        ptn_view_unref(view);
        (void) ptn_msg_transfer_mbox(a, b, s->pool, INBOX, ids, n, INBOX,
                                     false, &got);
        ptn_pool_reset(s->pool);
    }
}


/* Each message once, by its size, on either side. */

static unsigned
gather(site_t *s, const char *name, unsigned *seen)
{
    uint32_t     seq;
    unsigned     bad;
    ptn_str_t    raw;
    ptn_row_t    row;
    ptn_msg_t   *msg;
    ptn_mbox_t  *mb;
    ptn_view_t  *view;
    unsigned     k;

    mb = site_open(s, name);
    ptn_view_get(mb, INBOX, &view);
    bad = 0;

    for (seq = 1; seq <= ptn_view_count(view); seq++) {
        ptn_view_row(view, seq, &row);

        if (ptn_msg_open(mb, s->pool, row.id, &msg) != PTN_OK
            || ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20, &raw)
               != PTN_OK
            || sscanf(strstr(ptn_str_dupz(s->pool, raw), "message of "),
                      "message of %u", &k) != 1
            || k % 500 != 0 || k / 500 >= CROSS)
        {
            bad++;
            continue;
        }

        seen[k / 500]++;
    }

    ptn_view_unref(view);

    return bad;
}


static void
test_killed(site_t *s, unsigned round)
{
    pid_t     pid[MOVERS];
    unsigned  i, bad, lost, twice, seen[CROSS] = { 0 };

    for (i = 0; i < MOVERS; i++) {
        fflush(stdout);
        pid[i] = fork();

        if (pid[i] == 0) {
            mover(s, i);
        }
    }

    usleep(120000 + round * 7919 % 60000);

    /* one by one: what one leaves the others find */

    for (i = 0; i < MOVERS; i++) {
        kill(pid[i], SIGKILL);
        waitpid(pid[i], NULL, 0);
        usleep(5000 * round);
    }

    ptn_store_open(&s->opts, &s->store);
    site_open(s, "left");
    site_open(s, "right");

    /* what the one that died left was finished by opening it */

    bad = gather(s, "left", seen) + gather(s, "right", seen);
    lost = twice = 0;

    for (i = 0; i < CROSS; i++) {
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
    site_t       s;
    unsigned     i;
    ptn_mbox_t  *mb;
    ptn_mbox_info_t  info;

    site_make(&s);
    s.conf.fsync = false;
    mb = site_open(&s, "left");
    site_open(&s, "right");
    mb = site_open(&s, "left");

    for (i = 0; i < CROSS; i++) {
        append(&s, mb, i * 500, 0);
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
    test_refused(&s);
    test_left(&s, false, false);
    test_left(&s, true, false);
    test_left(&s, false, true);
    test_left(&s, true, true);
    test_removed(&s);
    site_done(&s);

    test_cross();

    return done_testing();
}
