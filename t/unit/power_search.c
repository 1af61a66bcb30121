/*
 * Power loss while mail is indexed, leaves the index and moves through search
 * folders: at every point the disk gives a mailbox whose check finds nothing,
 * that shows what was acknowledged (or the change under way), in which every
 * message is found by its word once, and nothing else is.
 */

#include "power_site.h"
#include "ptn_words.h"


#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  7
#else
#define DISKS_EVERY  2
#endif


/* ---- what it holds ----------------------------------------------------- */

static ptn_rc_t
count_hit(void *ctx, const ptn_msg_info_t *m)
{
    ptn_id_t  *got = ctx;

    got[0]++;
    got[1] = m->id;

    return PTN_OK;
}


/* Every message is found by its own word, and it alone. */

static ptn_rc_t
state_words(site_t *s, ptn_buf_t *b)
{
    unsigned     i;
    ptn_id_t     got[2];
    ptn_rc_t     rc;
    ptn_query_t  q;
    ptn_scope_t  scope = { NULL, 0, false };

    rc = PTN_OK;

    for (i = 1; i < 10 && rc == PTN_OK; i++) {
        memset(&q, 0, sizeof(q));
        q.op = PTN_FIND_WORD;
        q.fields = PTN_FIND_TEXT;
        q.text = ptn_str_printf(s->pool, "word%u", i);
        got[0] = got[1] = 0;
        rc = ptn_search_run(s->mb[0], &q, &scope, false, count_hit, got);
        ptn_buf_printf(b, "word%u: %llu\n", i, (unsigned long long) got[0]);
    }

    return rc;
}


static ptn_rc_t
state_list(site_t *s, ptn_buf_t *b)
{
    size_t               i, n;
    ptn_rc_t             rc;
    uint32_t             seq;
    ptn_row_t            row;
    ptn_view_t          *view;
    const ptn_folder_t  *f;

    rc = ptn_folder_list_all(s->mb[0], &f, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (f[i].uidnext == 1) {
            continue;
        }

        rc = ptn_view_get(s->mb[0], f[i].id, &view);

        if (rc != PTN_OK) {
            break;
        }

        ptn_buf_printf(b, "%.*s total %u unread %u\n",
                       ptn_str_arg(f[i].name), f[i].total, f[i].unread);

        for (seq = 1; seq <= ptn_view_count(view); seq++) {
            ptn_view_row(view, seq, &row);
            ptn_buf_printf(b, "  %u %llu %x\n", row.uid,
                           (unsigned long long) row.id, row.flags);
        }

        ptn_view_unref(view);
    }

    if (rc == PTN_OK) {
        rc = state_words(s, b);
    }

    return rc;
}


/* ---- steps ------------------------------------------------------------- */

static ptn_rc_t
step_begin(site_t *s)
{
    return site_mboxes(s);
}


static ptn_rc_t
deliver(site_t *s, unsigned n)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(s->pool, "From: a@example.test\r\nSubject: %s %u"
                           "\r\n\r\nhello word%u\r\n",
                           n % 2 ? "odd" : "even", n, n);
    a.received = 1770000000;
    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t  step_deliver_1(site_t *s) { return deliver(s, 1); }
static ptn_rc_t  step_deliver_2(site_t *s) { return deliver(s, 2); }
static ptn_rc_t  step_deliver_3(site_t *s) { return deliver(s, 3); }
static ptn_rc_t  step_deliver_4(site_t *s) { return deliver(s, 4); }


/* ContentRestriction on the subject: "odd". */

static ptn_rc_t
step_search(site_t *s)
{
    ptn_id_t                              id, inbox;
    ptn_rc_t                              rc;
    ptn_criteria_t                        c;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&c, 0, sizeof(c));
    c.restriction = ptn_str("\x03\x01\x00\x01\x00\x1f\x00\x37\x00"
                            "\x1f\x00\x37\x00o\0d\0d\0\0\0");
    inbox = PTN_FOLDER_INBOX;
    c.folders = &inbox;
    c.n = 1;
    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_search_folder_create(&tx, PTN_FOLDER_FINDER, ptn_str("odd"),
                                      NULL, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_search_folder_set(&tx, id, &c);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_id_t
first(ptn_mbox_t *mb, ptn_id_t folder)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;

    if (ptn_view_get(mb, folder, &view) == PTN_OK) {
        if (ptn_view_count(view) != 0) {
            ptn_view_row(view, 1, &row);
        }

        ptn_view_unref(view);
    }

    return row.id;
}


static ptn_rc_t
step_remove(site_t *s)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);
    id = (rc == PTN_OK) ? first(s->mb[0], PTN_FOLDER_INBOX) : 0;

    if (rc == PTN_OK) {
        rc = ptn_msg_expunge_ids(&tx, &id, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_flag(site_t *s)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);
    id = (rc == PTN_OK) ? first(s->mb[0], PTN_FOLDER_INBOX) : 0;

    if (rc == PTN_OK) {
        rc = ptn_msg_flags_ids(&tx, &id, 1, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0,
                               NULL);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_work(site_t *s)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = site_mboxes(s);

        if (rc == PTN_OK) {
            rc = ptn_search_work(s->mb[0], 1000, &more);
        }

    } while (rc == PTN_OK && more);

    return rc;
}


static const step_t  power_life[] = {
    { "begin",          step_begin, NULL },
    { "deliver",        step_deliver_1, NULL },
    { "deliver",        step_deliver_2, NULL },
    { "index",          step_work, NULL },
    { "search folder",  step_search, NULL },
    { "fill",           step_work, NULL },
    { "deliver",        step_deliver_3, NULL },
    { "flag",           step_flag, NULL },
    { "remove",         step_remove, NULL },
    { "reopen",         step_reopen, NULL },
    { "index",          step_work, NULL },
    { "deliver",        step_deliver_4, NULL },
    { "remove",         step_remove, NULL },
    { "index",          step_work, NULL },
    { NULL, NULL, NULL }
};


static ptn_rc_t
deliver_last(site_t *s)
{
    ptn_rc_t  rc;

    rc = deliver(s, 9);

    if (rc == PTN_OK) {
        rc = ptn_store_commit(s->store);
    }

    return rc == PTN_OK ? step_work(s) : rc;
}


static void
test_without(power_t *p)
{
    power_without(p, PTN_IO_WAL);
}


int
main(void)
{
    power_t  p;

    memset(&p, 0, sizeof(p));
    p.boxes = 1;
    p.sample = DISKS_EVERY;
    p.state = state_list;
    p.deliver = deliver_last;
    p.pool = ptn_pool_create(0, NULL);
    power_play(&p, ptn_sim_tmp(), "index and search folders", power_life,
               test_without);
    ptn_pool_destroy(p.pool);

    return done_testing();
}
