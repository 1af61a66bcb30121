/*
 * Contents that were packed in haste: as others are to all who read them, and
 * packed again when nobody waits; none is forgotten, whatever is undone, and
 * no more of them than the mailbox may have.
 */

#include "mailbox_site.h"
#include "content_site.h"


#define KEPT  60

static site_t          s;
static ptn_str_t       raws[KEPT + 10];
static ptn_appended_t  apps[KEPT + 10];


static int64_t
number(ptn_mbox_t *mb, const char *sql)
{
    int64_t  n = -1;

    ptn_sql_number(mb, sql, &n);

    return n;
}


static int64_t
hasty(ptn_mbox_t *mb)
{
    return number(mb, "SELECT count(*) FROM content WHERE codec&15=3");
}


static ptn_rc_t
put(ptn_mbox_t *mb, unsigned i, ptn_str_t raw, bool commit)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = raws[i] = raw;
    a.received = 1770000000;
    a.delivery = true;
    a.hurry = true;

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &apps[i]);
    }

    return (rc == PTN_OK && commit) ? ptn_txn_commit(&tx) : rc;
}


static unsigned
readable(ptn_mbox_t *mb, unsigned from, unsigned to)
{
    unsigned  i, good;

    ptn_content_forget(s.store, NULL);

    for (i = from, good = 0; i < to; i++) {
        good += content_read(mb, apps[i].id, &raws[i]) == PTN_OK;
    }

    return good;
}


/* Short, long, with an attachment, with bytes that no letter comes oftener. */

static ptn_str_t
one(unsigned i)
{
    ptn_str_t  noise;

    switch (i % 6) {

    case 4:
        return content_message(s.pool, content_bytes(s.pool, 40000, i, false),
                               1);

    case 5:
        noise = content_bytes(s.pool, 3000, i, false);
        return ptn_str_printf(s.pool, "Subject: 8 bits\r\n\r\n%.*s\r\n",
                              (int) strnlen((char *) noise.data, noise.len),
                              noise.data);

    default:
        return site_message(&s, 200 + i % 6 * 15000 + i);
    }
}


static void
some(ptn_mbox_t *mb, unsigned from, unsigned to)
{
    unsigned  i, bad;

    for (i = from, bad = 0; i < to; i++) {
        bad += put(mb, i, one(i), true) != PTN_OK;
    }

    bad += ptn_store_commit(s.store) != PTN_OK;
    is_u64(bad, 0, "delivered");
}


static void
undone(ptn_mbox_t *mb)
{
    int64_t  before;

    before = hasty(mb);
    is_u64(put(mb, KEPT, one(0), false), PTN_OK, "one that is undone");
    is_u64(ptn_store_commit(s.store), PTN_OK, "commit of nothing");
    is_u64((uint64_t) hasty(mb), (uint64_t) before, "leaves none");
}


static void
limited(ptn_mbox_t *mb)
{
    int64_t  before;

    before = hasty(mb);
    ptn_sql_exec(mb, "UPDATE meta SET hasty_bytes=268435456");
    mb = site_reopen(&s, "alice");
    is_u64(put(mb, KEPT, one(1), true), PTN_OK, "beyond the limit");
    is_u64(ptn_store_commit(s.store), PTN_OK, "committed");
    is_u64((uint64_t) hasty(mb), (uint64_t) before, "it is packed as others");
}


static void
checked(ptn_mbox_t *mb)
{
    int64_t     n;
    ptn_user_t  u;

    n = number(mb, "SELECT hasty FROM meta");
    ok(n > 0, "the first of them is known");
    ptn_sql_exec(mb, "UPDATE meta SET hasty=hasty+1");
    site_reopen(&s, "alice");
    u = site_user(&s, "alice");
    s.reports = 0;
    ptn_mbox_check(s.store, &u, false, site_report, &s);
    is_u64(s.reports, 1, "one that is not known is found");
    ptn_mbox_check(s.store, &u, true, site_report, &s);
    site_check(&s, "alice");
}


int
main(void)
{
    int64_t      before, after;
    unsigned     i;
    ptn_mbox_t  *mb;

    site_make(&s);
    s.conf.fsync = false;
    mb = site_open(&s, "alice");
    some(mb, 0, KEPT);
    ok(hasty(mb) > KEPT / 2, "%lld of %u in haste", (long long) hasty(mb),
       KEPT);
    is_u64(number(mb, "SELECT hasty_bytes=(SELECT sum(plain) FROM content"
                  " WHERE codec&15=3) FROM meta"), 1, "their bytes are known");
    is_u64(readable(mb, 0, KEPT), KEPT, "all is read");
    site_check(&s, "alice");
    undone(mb);
    limited(mb);
    mb = site_reopen(&s, "alice");
    checked(mb);

    /* again by who opens it later, while others come */

    mb = site_reopen(&s, "alice");
    before = number(mb, "SELECT sum(length(data)) FROM content");

    for (i = 0; i < 3; i++) {
        ptn_store_idle(s.store);
    }

    ok(hasty(mb) > 0, "a part at a time");
    is_u64(readable(mb, 0, KEPT), KEPT, "all is read");
    site_check(&s, "alice");
    some(mb, KEPT, KEPT + 10);
    site_idle(&s);
    after = number(mb, "SELECT sum(length(data)) FROM content");
    is_u64((uint64_t) hasty(mb), 0, "none is left");
    is_u64(number(mb, "SELECT hasty+hasty_bytes FROM meta"), 0,
           "and nothing to do");
    ok(after < before * 9 / 10, "%lld bytes, then %lld", (long long) before,
       (long long) after);
    is_u64(readable(mb, 0, KEPT + 10), KEPT + 10, "all is read");
    site_check(&s, "alice");
    site_done(&s);

    return done_testing();
}
