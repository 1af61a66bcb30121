/*
 * Every change of a file fails once, at every point: with an I/O error, with
 * a full disk, once or from then on.  What was acknowledged is there
 * afterwards, what was refused is not, and every invariant holds.
 */

#include "schema_memo.h"
#include "fault_io.h"
#include "mailbox_site.h"


/* A message with an attachment that becomes a blob. */

static ptn_str_t
attachment(site_t *s)
{
    size_t      i;
    u_char     *data;
    ptn_str_t   text;
    ptn_buf_t   b;

    data = ptn_palloc(s->pool, 40000);

    for (i = 0; i < 40000; i++) {
        data[i] = (u_char) (i * 7 + i / 256);
    }

    text = ptn_base64_encode(s->pool, ptn_str_make(data, 40000));
    ptn_buf_init(&b, s->pool);
    ptn_buf_z(&b, "From: a@example.test\r\nMIME-Version: 1.0\r\n"
              "Content-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n"
              "Content-Type: text/plain\r\n\r\nhello\r\n--xx\r\n"
              "Content-Type: application/octet-stream\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n");

    for (i = 0; i < text.len; i += 76) {
        ptn_buf_add(&b, text.data + i, ptn_min((size_t) 76, text.len - i));
        ptn_buf_z(&b, "\r\n");
    }

    ptn_buf_z(&b, "--xx--\r\n");

    return ptn_buf_get(&b);
}


/* ---- the scenario ------------------------------------------------------ */

typedef struct {
    unsigned  total;        /* messages in INBOX and SENT that must be there */
    unsigned  flagged;
} truth_t;

typedef ptn_rc_t (*step_pt)(site_t *s, ptn_txn_t *tx, ptn_str_t big,
    truth_t *t);


static ptn_rc_t
step_small(site_t *s, ptn_txn_t *tx, ptn_str_t big PTN_UNUSED, truth_t *t)
{
    ptn_appended_t  app;

    t->total++;

    return site_append(s, tx, PTN_FOLDER_INBOX, 500, 0, &app);
}


static ptn_rc_t
step_big(site_t *s PTN_UNUSED, ptn_txn_t *tx, ptn_str_t big, truth_t *t)
{
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = big;
    t->total++;

    return ptn_msg_append(tx, PTN_FOLDER_INBOX, &a, &app);
}


static ptn_rc_t
step_flags(site_t *s PTN_UNUSED, ptn_txn_t *tx, ptn_str_t big PTN_UNUSED,
    truth_t *t)
{
    uint32_t  uids[] = { 1, 2, 3, 4, 5 };

    t->flagged = t->total;

    return ptn_msg_flags(tx, PTN_FOLDER_INBOX, uids, 5, PTN_FLAGS_ADD,
                         PTN_FLAG_FLAGGED, 0, 0, NULL);
}


static ptn_rc_t
step_copy(site_t *s, ptn_txn_t *tx, ptn_str_t big PTN_UNUSED, truth_t *t)
{
    ptn_rc_t   rc;
    uint32_t   uids[] = { 1, 2, 3, 4, 5 }, *got;
    unsigned   i;

    rc = ptn_msg_copy(tx, s->pool, PTN_FOLDER_INBOX, uids, 5, PTN_FOLDER_SENT,
                      &got);

    for (i = 0; rc == PTN_OK && i < 5; i++) {
        t->total += got[i] != 0;
        t->flagged += got[i] != 0 && t->flagged != 0;
    }

    return rc;
}


static ptn_rc_t
step_expunge(site_t *s PTN_UNUSED, ptn_txn_t *tx, ptn_str_t big PTN_UNUSED,
    truth_t *t)
{
    uint32_t             uids[] = { 1, 2, 3, 4, 5 };
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    rc = ptn_folder_get(tx->mb, PTN_FOLDER_INBOX, &f);

    if (rc == PTN_OK) {
        t->total -= f->total;
        t->flagged -= t->flagged ? f->total : 0;
        rc = ptn_msg_expunge(tx, PTN_FOLDER_INBOX, uids, 5);
    }

    return rc;
}


static ptn_rc_t
step_folder(site_t *s PTN_UNUSED, ptn_txn_t *tx, ptn_str_t big PTN_UNUSED,
    truth_t *t PTN_UNUSED)
{
    ptn_id_t             id;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    rc = ptn_folder_child(tx->mb, PTN_FOLDER_INBOX, ptn_str("sub"), &f);

    return (rc == PTN_ENOTFOUND)
           ? ptn_folder_create(tx, PTN_FOLDER_INBOX, ptn_str("sub"), NULL, &id)
           : rc;
}


static const step_pt  steps[] = {
    step_small, step_big, step_small, step_flags, step_copy, step_folder,
    step_expunge, step_big
};


static void
count(site_t *s, ptn_mbox_t *mb, truth_t *t)
{
    uint32_t     i, j;
    ptn_id_t     ids[] = { PTN_FOLDER_INBOX, PTN_FOLDER_SENT };
    ptn_row_t    row;
    ptn_view_t  *v;

    (void) s;
    memset(t, 0, sizeof(truth_t));

    for (i = 0; i < 2; i++) {
        if (ptn_view_get(mb, ids[i], &v) != PTN_OK) {
            printf("# no view\n");
            continue;
        }

        for (j = 1; j <= ptn_view_count(v); j++) {
            ptn_view_row(v, j, &row);
            t->total++;
            t->flagged += (row.flags & PTN_FLAG_FLAGGED) != 0;
        }

        ptn_view_unref(v);
    }
}


/* One run with the nth call failing; false: it was not reached. */

static bool
run(long n, int err, bool sticky, unsigned *bad)
{
    size_t       i;
    fault_t      fault;
    site_t       s;
    truth_t      sure, maybe, seen;
    ptn_io_t     io;
    ptn_rc_t     rc;
    ptn_str_t    big;
    ptn_txn_t    tx;
    ptn_user_t   u;
    ptn_mbox_t  *mb;

    memset(&fault, 0, sizeof(fault));
    fault_io(&io, &fault);
    site_make_io(&s, &io);

    fault.left = n;
    fault.err = err;
    fault.sticky = sticky;

    memset(&sure, 0, sizeof(sure));
    big = attachment(&s);
    u = site_user(&s, "faulty");

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        rc = ptn_mbox_open(s.store, &u, NULL, &mb);

        if (rc != PTN_OK) {
            if (!fault.hit) {
                (*bad)++;
                printf("# call %ld: open gives %s\n", n, ptn_err(rc)->name);
            }
            continue;
        }

        maybe = sure;
        rc = ptn_txn_begin(&tx, mb);

        if (rc == PTN_OK) {
            rc = steps[i](&s, &tx, big, &maybe);

            if (rc == PTN_OK) {
                rc = ptn_txn_commit(&tx);
            }

            ptn_txn_done(&tx);
        }

        if (rc == PTN_OK) {
            rc = ptn_store_commit(s.store);

        } else {
            ptn_store_commit(s.store);
        }

        if (rc == PTN_OK) {
            sure = maybe;

        } else if (!fault.hit) {
            (*bad)++;
            printf("# call %ld, step %zu: %s without a fault\n", n, i,
                   ptn_err(rc)->name);
        }
    }

    /* the disk is well again; a later process looks */

    fault.left = 0;
    mb = site_reopen(&s, "faulty");
    count(&s, mb, &seen);

    if (seen.total != sure.total || seen.flagged != sure.flagged) {
        (*bad)++;
        printf("# call %ld errno %d: %u messages, %u flagged; want %u, %u\n",
               n, err, seen.total, seen.flagged, sure.total, sure.flagged);
    }

    s.reports = 0;
    rc = ptn_mbox_check(s.store, &u, false, site_report, &s);

    /* nor are files that no row names left behind */

    if (rc != PTN_OK) {
        (*bad)++;
        printf("# call %ld errno %d: check gives %s\n", n, err,
               ptn_err(rc)->name);
    }

    site_done(&s);
    ptn_io_vfs_unregister(s.vfs);

    return fault.hit;
}


int
main(void)
{
    long      n;
    unsigned  bad, i;

    static const struct {
        int   err;
        bool  sticky;
    } kinds[] = {
        { EIO, false }, { ENOSPC, false }, { ENOSPC, true }, { EIO, true }
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        bad = 0;

        for (n = 1; run(n, kinds[i].err, kinds[i].sticky, &bad); n++) {
            /* void */
        }

        ok(bad == 0 && n > 50, "%s%s at each of %ld points, %u bad",
           kinds[i].err == EIO ? "I/O error" : "disk full",
           kinds[i].sticky ? " for good" : "", n, bad);
    }

    return done_testing();
}
