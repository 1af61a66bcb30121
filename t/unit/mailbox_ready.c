/*
 * Messages made ready by one executor and appended by another: the bytes come
 * back whatever happened to the mailbox meanwhile, and one that is made ready
 * goes to one mailbox after another.
 */

#include <sys/syscall.h>
#include <unistd.h>

#include "mailbox_site.h"
#include "content_site.h"


/* The clock of this program, put on where time must pass. */

static time_t  later;

int clock_gettime(clockid_t id, struct timespec *ts);

int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int  rc;

    rc = (int) syscall(SYS_clock_gettime, id, ts);
    ts->tv_sec += later;

    return rc;
}


static site_t        s;
static ptn_store_t  *other;         /* the executor that makes them ready */


static int64_t
number(ptn_mbox_t *mb, const char *sql)
{
    int64_t  n = -1;

    ptn_sql_number(mb, sql, &n);

    return n;
}


static ptn_append_t
append_of(ptn_str_t raw)
{
    ptn_append_t  a;

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    a.received = 1770000000;
    a.delivery = true;
    a.sender = ptn_str("sender@example.org");

    return a;
}


static ptn_str_t
small(unsigned i)
{
    return ptn_str_printf(s.pool, "From: \"Person %u\" <p%u@example.org>\r\n"
        "To: alice@example.test\r\nSubject: report %u\r\n"
        "Message-ID: <%u.x@example.org>\r\n\r\nThe value of measurement %u"
        " was %u today, as everybody had expected.\r\n", i % 31, i % 31, i,
        i * 7919, i, i * 31 % 1000);
}


static ptn_rc_t
put(ptn_mbox_t *mb, const ptn_append_t *a, ptn_appended_t *app)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, a, app);
    }

    return (rc == PTN_OK) ? ptn_txn_commit(&tx) : rc;
}


/* Made ready by the other, appended to `mb`, committed and read. */

static void
through(ptn_mbox_t *mb, const char *name, ptn_append_t *a, ptn_ready_t *ready)
{
    ptn_appended_t  app;

    a->ready = ready;
    is_u64(put(mb, a, &app), PTN_OK, name);
    is_u64(ptn_store_commit(s.store), PTN_OK, "committed");
    ptn_content_forget(s.store, NULL);
    is_u64(content_read(mb, app.id, &a->raw), PTN_OK, "and its bytes");
}


int
main(void)
{
    unsigned         i, bad;
    ptn_str_t        big, raw;
    ptn_user_t       alice, bob;
    ptn_mbox_t      *mb, *mb2;
    ptn_ready_t     *ready, *ready2;
    ptn_append_t     a, b;
    ptn_appended_t   app;

    site_make(&s);
    mb = site_open(&s, "alice");
    mb2 = site_open(&s, "bob");
    alice = site_user(&s, "alice");
    bob = site_user(&s, "bob");
    is_u64(ptn_store_open(&s.opts, &other), PTN_OK, "another executor");
    big = content_message(s.pool, content_bytes(s.pool, 90000, 1, false), 1);

    a = append_of(small(1));
    is_u64(ptn_msg_ready(other, &alice, &a, &ready), PTN_OK, "made ready");
    through(mb, "a small one", &a, ready);
    ptn_ready_free(ready);

    /* one of many: an attachment, two mailboxes */

    a = append_of(big);
    is_u64(ptn_msg_ready(other, &alice, &a, &ready), PTN_OK, "made ready");
    through(mb, "with an attachment", &a, ready);
    through(mb2, "to another mailbox, too", &a, ready);

    /* an append that is undone leaves it as it was */

    {
        ptn_txn_t  tx;

        is_u64(ptn_txn_begin(&tx, mb), PTN_OK, "begin");
        is_u64(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_OK,
               "appended");
        ptn_txn_done(&tx);
        is_u64(ptn_store_commit(s.store), PTN_OK, "commit of nothing");
    }

    through(mb, "after one that was undone", &a, ready);

    b = append_of(small(2));
    b.ready = ready;
    is_u64(put(mb, &b, &app), PTN_EINVAL, "of another message");
    ptn_ready_free(ready);

    /* made without the dictionary that there is by now */

    for (i = 0, bad = 0; i < 200; i++) {
        b = append_of(small(i));
        bad += put(mb, &b, &app) != PTN_OK;
        b = append_of(small(i + 5000));
        bad += put(mb2, &b, &app) != PTN_OK;
    }

    bad += ptn_store_commit(s.store) != PTN_OK;
    is_u64(bad, 0, "some to learn from");

    raw = small(300);
    a = append_of(raw);
    is_u64(ptn_msg_ready(other, &alice, &a, &ready), PTN_OK, "made ready");
    is_u64(ptn_dictionary_train(mb), PTN_OK, "a dictionary");
    is_u64(ptn_dictionary_train(mb2), PTN_OK, "and one of the same number");
    is_u64(ptn_store_commit(s.store), PTN_OK, "committed");
    through(mb, "made before it", &a, ready);
    is_u64(number(mb, "SELECT codec&15 FROM content ORDER BY id DESC LIMIT 1"),
           PTN_CODEC_DICT, "was made again");

    /* made with that of another mailbox */

    later += 2;
    is_u64(ptn_msg_ready(other, &alice, &a, &ready2), PTN_OK, "made ready");
    through(mb2, "made for another mailbox", &a, ready2);
    ptn_ready_free(ready2);
    ptn_ready_free(ready);

    s.conf.message_max = 1000;
    a = append_of(big);
    is_u64(ptn_msg_ready(other, &bob, &a, &ready), PTN_ETOOBIG, "too big");

    ptn_store_close(other);
    site_check(&s, "alice");
    site_check(&s, "bob");
    site_done(&s);

    return done_testing();
}
