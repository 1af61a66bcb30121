/*
 * Rows through the dispatcher, without nginx: a hundred rows of eight columns
 * in one buffer; what it costs is printed (docs/bench.md has the bar).  What a
 * session holds unsaved is bounded and given back.
 */

#include <time.h>

#include "ptn_test.h"
#include "ptn_rop_data.h"
#include "rop_site.h"


#define MESSAGES  100
#define COLUMNS   8
#define TURNS     400


static rop_site_t  site;
static uint32_t    handles[8];


static void
put(ptn_buf_t *b, uint64_t v, size_t n)
{
    while (n-- > 0) {
        ptn_buf_byte(b, (u_char) v);
        v >>= 8;
    }
}


static void
head(ptn_buf_t *b, uint8_t id, uint8_t index)
{
    put(b, id, 1);
    put(b, 0, 1);
    put(b, index, 1);
}


/* Runs the ROPs of `in` (two bytes in front are kept for its size). */
static ptn_rc_t
run(ptn_buf_t *in, ptn_buf_t *out)
{
    size_t         i;
    ptn_rc_t       rc;
    ptn_rop_run_t  r = { 0 };

    r.ctx.app = site.app;
    r.ctx.pool = site.job;
    r.ctx.session = &site.session;

    in->data[0] = (u_char) in->len;
    in->data[1] = (u_char) (in->len >> 8);

    for (i = 0; i < ptn_nelts(handles); i++) {
        put(in, handles[i], 4);
    }

    rc = ptn_rop_read(&r, ptn_buf_get(in));

    if (rc == PTN_OK) {
        rc = ptn_rop_execute(&r, PTN_ROP_BUFFER_MAX, false, out);
    }

    for (i = 0; rc == PTN_OK && i < ptn_nelts(handles); i++) {
        handles[i] = r.handles[i];
    }

    return rc;
}


static void
begin(ptn_buf_t *in, ptn_buf_t *out)
{
    ptn_pool_reset(site.job);
    ptn_buf_init(in, site.job);
    ptn_buf_init(out, site.job);
    ptn_buf_add(in, "\0\0", 2);
}


static uint64_t
fid_of(ptn_id_t id)
{
    ptn_mbox_t     *mb;
    ptn_rop_ctx_t   c;
    uint64_t        fid;

    rop_site_ctx(&site, &c);
    rop_site_must(ptn_rop_mbox(&c, site.session.logons, &mb), "mailbox");
    rop_site_must(ptn_rop_fid(mb, id, &fid), "fid");

    return fid;
}


static uint32_t
u32_at(const ptn_buf_t *b, size_t at)
{
    return at + 4 <= b->len ? ptn_le32(b->data + at) : UINT32_MAX;
}


static void
test_rows(void)
{
    int              i;
    double           us;
    size_t           k;
    uint64_t         inbox;
    ptn_buf_t        in, out;
    struct timespec  a, b;

    static const uint32_t  columns[COLUMNS] = {
        PTN_PR_MID, PTN_PR_SUBJECT, PTN_PR_SENDER_NAME,
        PTN_PR_MESSAGE_DELIVERY_TIME, PTN_PR_MESSAGE_FLAGS,
        PTN_PR_MESSAGE_SIZE, PTN_PR_HASATTACH, PTN_PR_IMPORTANCE
    };

    inbox = fid_of(PTN_FOLDER_INBOX);

    begin(&in, &out);
    head(&in, 0x02, 0);                 /* OpenFolder */
    put(&in, 1, 1);
    put(&in, inbox, 8);
    put(&in, 0, 1);
    head(&in, 0x05, 1);                 /* GetContentsTable, no notifications */
    put(&in, 2, 1);
    put(&in, 0x10, 1);
    head(&in, 0x12, 2);                 /* SetColumns */
    put(&in, 0, 1);
    put(&in, COLUMNS, 2);

    for (k = 0; k < COLUMNS; k++) {
        put(&in, columns[k], 4);
    }

    is_rc(run(&in, &out), PTN_OK, "a table is opened");

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);

    for (i = 0; i < TURNS; i++) {
        begin(&in, &out);
        head(&in, 0x15, 2);             /* QueryRows, not advancing */
        put(&in, 1, 1);
        put(&in, 1, 1);
        put(&in, MESSAGES, 2);

        if (run(&in, &out) != PTN_OK) {
            break;
        }
    }

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    us = ((double) (b.tv_sec - a.tv_sec) * 1e6
          + (double) (b.tv_nsec - a.tv_nsec) / 1e3) / TURNS;

    is_u64((uint64_t) i, TURNS, "rows are read over and over");
    is_u64(u32_at(&out, 4), 0, "without an error");
    is_u64((uint64_t) (out.data[9] | out.data[10] << 8), MESSAGES,
           "a hundred of them in one buffer");
    printf("# QueryRows, %d rows of %d columns: %.0f us of CPU, %zu bytes\n",
           MESSAGES, COLUMNS, us, out.len);
}


/* What a message and its stream hold is counted, bounded, and given back. */
static void
test_held(void)
{
    int        i;
    size_t     before, held;
    uint64_t   inbox;
    ptn_buf_t  in, out;

    static const u_char  data[30000];

    before = site.session.held;
    inbox = fid_of(PTN_FOLDER_INBOX);

    begin(&in, &out);
    head(&in, 0x06, 0);                 /* CreateMessage */
    put(&in, 3, 1);
    put(&in, 0x0fff, 2);
    put(&in, inbox, 8);
    put(&in, 0, 1);
    head(&in, 0x2b, 3);                 /* OpenStream, Create */
    put(&in, 4, 1);
    put(&in, PTN_PR_HTML, 4);
    put(&in, 2, 1);
    is_rc(run(&in, &out), PTN_OK, "a message and a stream");

    for (i = 0; i < 10; i++) {
        begin(&in, &out);
        head(&in, 0x2d, 4);             /* WriteStream */
        put(&in, sizeof(data), 2);
        ptn_buf_add(&in, data, sizeof(data));
        run(&in, &out);
    }

    is_u64(u32_at(&out, 4), 0, "written");
    ok(site.session.held >= before + 10 * sizeof(data), "it is counted");

    begin(&in, &out);
    head(&in, 0x5d, 4);                 /* CommitStream */
    head(&in, 0x01, 4);                 /* Release, of the stream */
    is_rc(run(&in, &out), PTN_OK, "committed and released");
    ok(site.session.held >= before + 10 * sizeof(data),
       "the message has it now");

    held = 0;
    is_rc(ptn_rop_hold(&site.session, &held,
                       PTN_ROP_HELD_MAX - site.session.held), PTN_OK,
          "all that a session may hold");

    begin(&in, &out);
    head(&in, 0x0a, 3);                 /* SetProperties */
    put(&in, 8, 2);
    put(&in, 1, 2);
    put(&in, PTN_PR_BODY, 4);
    put(&in, 0, 2);
    is_rc(run(&in, &out), PTN_OK, "one property more");
    is_u64(out.data[8], 1, "is a problem");
    is_u64(u32_at(&out, 16), 0x8007000e, "ecNotEnoughMemory");

    ptn_rop_unhold(&site.session, &held);

    begin(&in, &out);
    head(&in, 0x01, 3);
    is_rc(run(&in, &out), PTN_OK, "the message is released");
    is_u64(site.session.held, before, "nothing is held any more");
}


int
main(void)
{
    int  i;

    rop_site_make(&site);

    for (i = 0; i < MESSAGES / ROP_SITE_MESSAGES; i++) {
        rop_site_mail(&site, &site.user[0]);
    }

    memset(handles, 0xff, sizeof(handles));
    handles[0] = rop_site_logon(&site, 0, 0);

    test_rows();
    test_held();

    rop_site_done(&site);

    return done_testing();
}
