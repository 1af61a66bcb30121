/*
 * Dictionaries: trained from the mailbox when it has enough, contents from
 * before packed again while the executor is idle; one that lies is ECORRUPT
 * for the messages that need it, and the mailbox goes on.
 */

#include "mailbox_site.h"
#include "content_site.h"


#define KEPT  700

static ptn_str_t       raws[KEPT + 100];
static ptn_appended_t  apps[KEPT + 100];


static int64_t
number(ptn_mbox_t *mb, const char *sql)
{
    int64_t  n = -1;

    ptn_sql_number(mb, sql, &n);

    return n;
}


static void
deliver(site_t *s, ptn_mbox_t *mb, unsigned from, unsigned to)
{
    unsigned  i, bad;

    for (i = from, bad = 0; i < to; i++) {
        raws[i] = ptn_str_printf(s->pool, "Received: from mx%u.example.org by"
            " mail.example.test with ESMTPS\r\nFrom: \"Person %u\""
            " <person%u@example.org>\r\nTo: alice@example.test\r\n"
            "Subject: report %u\r\nMessage-ID: <%u.x@example.org>\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\nThe value of"
            " measurement %u was %u today, as everybody had expected.\r\n",
            i % 7, i % 31, i % 31, i, i * 7919, i, i * 31 % 1000);
        bad += content_append(mb, raws[i], &apps[i]) != PTN_OK;
    }

    bad += ptn_store_commit(s->store) != PTN_OK;
    is_u64(bad, 0, "delivered");
}


static unsigned
readable(site_t *s, ptn_mbox_t *mb, unsigned n)
{
    unsigned  i, good;

    ptn_content_forget(s->store, NULL);
    ptn_dictionary_forget(s->store, NULL);

    for (i = good = 0; i < n; i++) {
        good += content_read(mb, apps[i].id, &raws[i]) == PTN_OK;
    }

    return good;
}


/* Who compacts a mailbox does both at once, and for fewer contents. */

static void
compacted(site_t *s)
{
    int64_t           before, after;
    ptn_user_t        u;
    ptn_mbox_t       *mb;
    ptn_mbox_sizes_t  was, is;

    u = site_user(s, "carol");
    mb = site_open(s, "carol");
    deliver(s, mb, 0, PTN_DICTIONARY_FEW - 1);
    is_u64(ptn_mbox_compact(s->store, &u, &was, &is), PTN_OK, "compacted");
    is_u64(number(mb, "SELECT count(*) FROM dictionary"), 0, "too few");
    deliver(s, mb, PTN_DICTIONARY_FEW - 1, PTN_DICTIONARY_FEW + 100);
    before = number(mb, "SELECT sum(length(data)) FROM content");
    is_u64(ptn_mbox_compact(s->store, &u, &was, &is), PTN_OK, "compacted");
    is_u64(number(mb, "SELECT count(*) FROM dictionary"), 1, "trained");
    is_u64(number(mb, "SELECT count(*) FROM content WHERE codec&15<>2"), 0,
           "all contents are made with it");
    after = number(mb, "SELECT sum(length(data)) FROM content");
    ok(after < before * 3 / 4, "%lld bytes, then %lld", (long long) before,
       (long long) after);
    is_u64(readable(s, mb, PTN_DICTIONARY_FEW + 100),
           PTN_DICTIONARY_FEW + 100, "all is read");
    is_u64(ptn_mbox_compact(s->store, &u, &was, &is), PTN_OK, "again");
    is_u64(number(mb, "SELECT count(*) FROM dictionary"), 1, "still one");
    site_check(s, "carol");
}


int
main(void)
{
    int64_t         before, after;
    site_t          s;
    unsigned        i;
    ptn_user_t      user;
    ptn_mbox_t     *mb;
    ptn_appended_t  app;

    site_make(&s);
    s.conf.fsync = false;
    compacted(&s);
    mb = site_open(&s, "alice");
    deliver(&s, mb, 0, PTN_DICTIONARY_MIN - 1);
    ptn_store_idle(s.store);
    is_u64(number(mb, "SELECT count(*) FROM dictionary"), 0, "none yet");
    deliver(&s, mb, PTN_DICTIONARY_MIN - 1, KEPT);
    before = number(mb, "SELECT sum(length(data)) FROM content");

    for (i = 0; i < 40; i++) {
        ptn_store_idle(s.store);
    }

    is_u64(number(mb, "SELECT count(*) FROM dictionary"), 1, "trained");
    after = number(mb, "SELECT sum(length(data)) FROM content");
    ok(after < before * 3 / 4, "%lld bytes, then %lld", (long long) before,
       (long long) after);
    is_u64(readable(&s, mb, KEPT), KEPT, "all is read");
    site_check(&s, "alice");

    /* what is packed by it is no damage */

    user = site_user(&s, "alice");
    s.reports = 0;
    is_rc(ptn_mbox_check(s.store, &user, true, site_report, &s), PTN_OK,
          "a repair");
    is_u64(s.reports, 0, "has nothing to mend");
    mb = site_open(&s, "alice");
    is_u64(readable(&s, mb, KEPT), KEPT, "all is read still");

    mb = site_reopen(&s, "alice");
    deliver(&s, mb, KEPT, KEPT + 50);
    is_u64(readable(&s, mb, KEPT + 50), KEPT + 50, "new ones, too");

    ptn_sql_exec(mb, "UPDATE dictionary SET data=zeroblob(99)");
    ok(readable(&s, mb, KEPT) < KEPT, "a dictionary that lies");
    is_u64(content_append(mb, raws[0], &app), PTN_OK, "one is delivered");
    is_u64(ptn_store_commit(s.store), PTN_OK, "and committed");
    is_u64(content_read(mb, app.id, &raws[0]), PTN_OK, "and read");
    site_done(&s);

    return done_testing();
}
