/*
 * Devices of ActiveSync: keys, a lost reply, a lost request, a stale key, ids
 * that the device made, the transaction, limits.
 */

#include "mailbox_site.h"


typedef struct {
    site_t       site;
    ptn_mbox_t  *mb;
    ptn_txn_t    tx;
} test_t;

static const ptn_str_t  phone = ptn_string("PHONE1");
static const ptn_str_t  inbox = ptn_string("5");


static ptn_device_sync_t
get(test_t *t, uint64_t key, const char *request, ptn_rc_t want)
{
    ptn_device_sync_t  sync;

    memset(&sync, 0, sizeof(sync));
    is_rc(ptn_device_get(t->mb, t->site.pool, phone, inbox, key,
                         ptn_str_z(request), &sync), want, request);

    return sync;
}


static uint64_t
put(test_t *t, uint64_t from, const char *state, const char *request,
    const char *reply, ptn_rc_t want)
{
    ptn_rc_t          rc;
    uint64_t          key;
    ptn_device_put_t  p;

    memset(&p, 0, sizeof(p));
    p.from = from;
    p.state = ptn_str_z(state);
    p.request = ptn_str_z(request);
    p.reply = ptn_str_z(reply);
    key = 0;
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");
    rc = ptn_device_put(&t->tx, phone, inbox, &p, &key);
    is_rc(rc, want, state);

    if (rc == PTN_OK) {
        is_rc(ptn_txn_commit(&t->tx), PTN_OK, "commit");

    } else {
        ptn_txn_done(&t->tx);
    }

    return key;
}


static void
client(test_t *t, const char *name, ptn_id_t id)
{
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");
    is_rc(ptn_device_client_set(&t->tx, phone, inbox, ptn_str_z(name), id),
          PTN_OK, name);
    is_rc(ptn_txn_commit(&t->tx), PTN_OK, "commit");
}


static ptn_rc_t
client_get(test_t *t, const char *name, ptn_id_t *ret)
{
    return ptn_device_client_get(t->mb, phone, inbox, ptn_str_z(name), ret);
}


static void
test_keys(test_t *t)
{
    ptn_id_t           id;
    ptn_device_sync_t  s;

    get(t, 1, "none yet", PTN_ESTALE);
    s = get(t, 0, "r0", PTN_OK);
    ok(s.state.data == NULL && !s.repeat && s.key == 0, "a beginning");
    is_u64(put(t, 0, "s1", "r0", "reply 1", PTN_OK), 1, "key 1");

    /* the first reply was lost: 0 again */

    s = get(t, 0, "r0", PTN_OK);
    ok(s.repeat, "asked again");
    is_str(s.reply, "reply 1", "the same answer");
    s = get(t, 0, "r0 other", PTN_OK);
    ok(!s.repeat && s.state.data == NULL, "another beginning");

    s = get(t, 1, "r1", PTN_OK);
    is_str(s.state, "s1", "what it was given");
    ok(!s.repeat && s.from == 1, "no repetition");
    client(t, "c1", 700);
    is_u64(put(t, 1, "s2", "r1", "reply 2", PTN_OK), 2, "key 2");

    /* the reply was lost */

    s = get(t, 1, "r1", PTN_OK);
    ok(s.repeat, "the same request");
    is_str(s.reply, "reply 2", "the same answer");
    is_str(s.state, "s1", "the state before");
    s = get(t, 1, "r1 changed", PTN_OK);
    ok(!s.repeat, "another request");
    is_str(s.state, "s1", "from the state before");
    ok(client_get(t, "c1", &id) == PTN_OK && id == 700,
       "what it had added is known");
    is_u64(put(t, 1, "s2 new", "r1 changed", "reply 2 new", PTN_OK), 2,
           "key 2 again");
    s = get(t, 1, "r1", PTN_OK);
    ok(!s.repeat, "the former one is forgotten");
    is_str(s.state, "s1", "the state before is still the same");
    ok(client_get(t, "c1", &id) == PTN_OK, "but not what it added");

    /* the request was lost: nothing happened, it is sent again */

    s = get(t, 2, "r2", PTN_OK);
    is_str(s.state, "s2 new", "state 2");
    s = get(t, 2, "r2", PTN_OK);
    ok(!s.repeat, "for the first time, as far as is known");
    is_u64(put(t, 2, "s3", "r2", "reply 3", PTN_OK), 3, "key 3");
    is_rc(client_get(t, "c1", &id), PTN_ENOTFOUND,
          "reply 2 came through: it knows the id");
    s = get(t, 2, "r2", PTN_OK);
    is_str(s.state, "s2 new", "the state before");

    get(t, 1, "r1", PTN_ESTALE);
    get(t, 4, "r4", PTN_ESTALE);
    get(t, UINT64_MAX, "wrap", PTN_ESTALE);
    put(t, 1, "old", "x", "y", PTN_ESTALE);
    put(t, 4, "ahead", "x", "y", PTN_ESTALE);
    s = get(t, 3, "r3", PTN_OK);
    is_str(s.state, "s3", "nothing was harmed");

    /* begun anew: the old keys are void, and ids may be given again */

    client(t, "c9", 900);
    is_u64(put(t, 3, "s4", "r3", "reply 4", PTN_OK), 4, "key 4");
    ok(client_get(t, "c9", &id) == PTN_OK && id == 900, "known");
    is_u64(put(t, 0, "a1", "ra", "", PTN_OK), 1, "key 1");
    is_rc(client_get(t, "c9", &id), PTN_ENOTFOUND, "not any more");
    get(t, 3, "r3", PTN_ESTALE);
    s = get(t, 0, "ra", PTN_OK);
    ok(s.repeat && s.reply.data == NULL, "a reply that was not kept");
}


static void
test_transaction(test_t *t)
{
    uint64_t           key;
    ptn_device_put_t   p;
    ptn_device_sync_t  s;

    memset(&p, 0, sizeof(p));
    p.from = 1;
    p.state = ptn_str("undone");
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");
    is_rc(ptn_device_put(&t->tx, phone, inbox, &p, &key), PTN_OK, "put");
    ptn_txn_done(&t->tx);
    s = get(t, 1, "r", PTN_OK);
    is_str(s.state, "a1", "undone with its transaction");
    ok(s.key == 1, "its key, too");

    p.options = ptn_str("options");
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");
    is_rc(ptn_device_put(&t->tx, phone, inbox, &p, &key), PTN_OK, "put");
    ptn_txn_commit(&t->tx);
    is_u64(put(t, 2, "", "q", "", PTN_OK), 3, "an empty state");
    s = get(t, 3, "r", PTN_OK);
    ok(s.state.data != NULL && s.state.len == 0, "is one");
    is_str(s.options, "options", "options stay");
    is_rc(ptn_store_commit(t->site.store), PTN_OK, "on disk");
    t->mb = site_reopen(&t->site, "alice");
    s = get(t, 2, "q", PTN_OK);
    ok(s.repeat, "after all was opened again");
}


static void
test_list(test_t *t)
{
    char               name[80];
    size_t             n;
    unsigned           i;
    uint64_t           key;
    ptn_rc_t           rc;
    ptn_device_t      *d;
    ptn_device_put_t   p;
    ptn_device_sync_t  s;

    memset(&p, 0, sizeof(p));
    p.state = ptn_str("s");
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");

    for (i = 1, rc = PTN_OK; i < PTN_DEVICES_MAX && rc == PTN_OK; i++) {
        snprintf(name, sizeof(name), "DEVICE%u", i);
        rc = ptn_device_put(&t->tx, ptn_str_z(name), ptn_str_make("", 0), &p,
                            &key);
    }

    is_rc(rc, PTN_OK, "a hundred devices");
    is_rc(ptn_device_put(&t->tx, ptn_str("ONEMORE"), ptn_str_make("", 0), &p,
                         &key), PTN_ELIMIT, "not one more");
    is_rc(ptn_device_put(&t->tx, phone, ptn_str("6"), &p, &key), PTN_OK,
          "another collection");
    memset(name, 'x', 70);
    is_rc(ptn_device_put(&t->tx, ptn_str_make(name, 70), inbox, &p, &key),
          PTN_EINVAL, "a long name");
    is_rc(ptn_device_put(&t->tx, ptn_str("\xff"), inbox, &p, &key),
          PTN_EINVAL, "no UTF-8");
    ptn_txn_commit(&t->tx);

    is_rc(ptn_device_list(t->mb, t->site.pool, &d, &n), PTN_OK, "list");
    ok(n == PTN_DEVICES_MAX && ptn_str_eq(d[n - 1].id, phone)
       && d[n - 1].collections == 2 && d[n - 1].modified > 0, "of them");

    client(t, "left", 9);
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");
    is_rc(ptn_device_delete(&t->tx, phone, ptn_str("6")), PTN_OK, "one");
    is_rc(ptn_device_delete(&t->tx, ptn_str("DEVICE7"), ptn_str_make("", 0)),
          PTN_OK, "a device");
    ptn_txn_commit(&t->tx);
    s = get(t, 3, "r", PTN_OK);
    (void) s;
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");
    is_rc(ptn_device_delete(&t->tx, phone, ptn_str_make("", 0)), PTN_OK,
          "all of it");
    ptn_txn_commit(&t->tx);
    get(t, 3, "r", PTN_ESTALE);
    is_rc(ptn_device_list(t->mb, t->site.pool, &d, &n), PTN_OK, "list");
    is_u64(n, PTN_DEVICES_MAX - 2, "of the rest");
}


int
main(void)
{
    test_t  t;

    memset(&t, 0, sizeof(t));
    site_make(&t.site);
    t.mb = site_open(&t.site, "alice");
    test_keys(&t);
    test_transaction(&t);
    test_list(&t);
    is_rc(ptn_store_commit(t.site.store), PTN_OK, "on disk");
    site_check(&t.site, "alice");
    site_done(&t.site);

    return done_testing();
}
