/*
 * The queue's files: what was acknowledged is found again, torn tails are
 * cut wherever they are torn, a failed sync accepts nothing, concurrent
 * callers share a sync, states survive, done segments go.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_queue_index.h"
#include "ptn_test.h"


static char        root[64];
static ptn_conf_t  conf;


/* --- an I/O table that counts and fails ----------------------------------- */

typedef struct {
    ptn_io_t      io;
    atomic_uint   syncs, dir_syncs;
    atomic_int    fail_sync;        /* this many calls from now: EIO */
    atomic_int    fail_write;       /* ENOSPC */
    unsigned      slow;             /* ms of a sync */
} test_io_t;


static int
test_fdatasync(ptn_io_t *io, int fd, ptn_io_site_e site)
{
    test_io_t  *t = (test_io_t *) io;

    (void) site;

    t->syncs++;

    if (t->slow) {
        usleep(t->slow * 1000);
    }

    if (t->fail_sync > 0 && --t->fail_sync == 0) {
        errno = EIO;
        return -1;
    }

    return fdatasync(fd);
}


static int
test_sync_dir(ptn_io_t *io, const char *path, ptn_io_site_e site)
{
    test_io_t  *t = (test_io_t *) io;

    t->dir_syncs++;

    return ptn_io_posix.sync_dir(&ptn_io_posix, path, site);
}


static ssize_t
test_pwrite(ptn_io_t *io, int fd, const void *p, size_t n, off_t off)
{
    test_io_t  *t = (test_io_t *) io;

    if (t->fail_write > 0 && --t->fail_write == 0) {
        errno = ENOSPC;
        return -1;
    }

    /* short, so that the callers' loops are used */

    return pwrite(fd, p, n > 1000 ? n - 7 : n, off);
}


static void
test_io_init(test_io_t *t)
{
    memset(t, 0, sizeof(*t));
    t->io = ptn_io_posix;
    t->io.fdatasync = test_fdatasync;
    t->io.sync_dir = test_sync_dir;
    t->io.pwrite = test_pwrite;
}


/* --- helpers -------------------------------------------------------------- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


static void
fresh(void)
{
    char  path[128];

    snprintf(path, sizeof(path), "%s/queue", root);
    nftw(path, remove_one, 16, FTW_DEPTH|FTW_PHYS);
}


static size_t
files(const char *pattern, char *first, size_t size)
{
    char    path[256];
    glob_t  g;
    size_t  n;

    snprintf(path, sizeof(path), "%s/queue/%s", root, pattern);

    if (glob(path, 0, NULL, &g) != 0) {
        return 0;
    }

    n = g.gl_pathc;

    if (first != NULL) {
        snprintf(first, size, "%s", g.gl_pathv[0]);
    }

    globfree(&g);

    return n;
}


static ptn_rc_t
put(ptn_queue_t *q, const char *sender, const char *rcpt, ptn_str_t data,
    char *id)
{
    ptn_rc_t         rc;
    ptn_str_t        r, got;
    ptn_pool_t      *pool;
    ptn_queue_msg_t  msg;

    pool = ptn_pool_create(0, NULL);
    r = ptn_str_z(rcpt);

    memset(&msg, 0, sizeof(msg));
    msg.arrived = 1234567890;
    msg.sender = ptn_str_z(sender);
    msg.rcpt = &r;
    msg.nrcpt = 1;
    msg.head = ptn_str("Received: x\r\n");
    msg.data = data;

    rc = ptn_queue_put(q, pool, &msg, &got);

    if (rc == PTN_OK && id != NULL) {
        memcpy(id, got.data, 16);
        id[16] = '\0';
    }

    ptn_pool_destroy(pool);

    return rc;
}


typedef struct {
    ptn_qmsg_t  *msg[4096];
    size_t       n;
} found_t;

static found_t  found;


static void
on_found(void *ctx, ptn_qmsg_t *msg)
{
    (void) ctx;
    found.msg[found.n++] = msg;
}


static ptn_qindex_t *
open_index(ptn_io_t *io)
{
    ptn_qindex_t  *ix;

    found.n = 0;

    if (ptn_qindex_open(&conf, io, NULL, true, &ix) != PTN_OK) {
        return NULL;
    }

    ptn_qindex_each(ix, on_found, NULL);

    return ix;
}


static void
deliver(ptn_qindex_t *ix, ptn_qmsg_t *m, uint32_t n)
{
    ptn_seg_state_t  st;

    memset(&st, 0, sizeof(st));
    st.status = PTN_QUEUE_DELIVERED;
    ptn_qindex_state(ix, m, n, &st);
}


/* --- tests ---------------------------------------------------------------- */

static void
test_format(void)
{
    u_char           raw[PTN_SEG_HEAD];
    size_t           i;
    bool             refused;
    uint64_t         id;
    ptn_buf_t        b;
    ptn_pool_t      *pool;
    ptn_seg_head_t   h, g;
    ptn_queue_msg_t  m, got;
    ptn_str_t        rcpt[2] = { ptn_string("a@b"), ptn_string("c@d") };

    is_u64(ptn_queue_crc(0, "123456789", 9), 0xe3069283,
           "CRC-32C of its check string (RFC 3720 B.4)");

    memset(&h, 0, sizeof(h));
    h.type = PTN_SEG_MSG;
    h.id = 0x1122334455667788;
    h.meta_len = 99;
    h.data_len = 123456789012;
    h.data_crc = 7;
    ptn_seg_head_put(raw, &h);
    is_rc(ptn_seg_head_get(raw, &g), PTN_OK, "a head is read back");
    ok(g.type == h.type && g.id == h.id && g.meta_len == h.meta_len
       && g.meta_crc == h.meta_crc && g.data_len == h.data_len
       && g.data_crc == h.data_crc, "as it was");

    for (i = 0, refused = true; i < sizeof(raw) * 8; i++) {
        raw[i / 8] ^= (u_char) (1 << i % 8);
        refused = refused && ptn_seg_head_get(raw, &g) != PTN_OK;
        raw[i / 8] ^= (u_char) (1 << i % 8);
    }

    ok(refused, "each flipped bit of a head is seen");

    pool = ptn_pool_create(0, NULL);
    memset(&m, 0, sizeof(m));
    m.arrived = -5;
    m.sender = ptn_str("s@t");
    m.rcpt = rcpt;
    m.nrcpt = 2;
    ptn_buf_init(&b, pool);
    ptn_seg_msg_put(&b, &m);
    is_rc(ptn_seg_msg_get(pool, ptn_buf_get(&b), &got), PTN_OK, "meta");
    ok(got.arrived == -5 && got.nrcpt == 2
       && ptn_str_eqz(got.rcpt[1], "c@d") && ptn_str_eqz(got.sender, "s@t"),
       "as it was");

    for (i = 0, refused = true; i < b.len; i++) {
        u_char  *cut = malloc(i ? i : 1);

        memcpy(cut, b.data, i);
        refused = refused && ptn_seg_msg_get(pool, ptn_str_make(cut, i), &got)
                             == PTN_ECORRUPT;
        free(cut);
    }

    ok(refused, "each truncation of meta is refused");

    b.data[12] = 0xff;
    b.data[15] = 0xff;
    is_rc(ptn_seg_msg_get(pool, ptn_buf_get(&b), &got), PTN_ECORRUPT,
          "a hostile number of recipients is refused");

    ok(ptn_seg_id_parse(ptn_str("00000000000000ff"), &id) == PTN_OK
       && id == 255 && ptn_seg_id_parse(ptn_str("xyz"), &id) == PTN_EPARSE,
       "ids");
    ptn_pool_destroy(pool);
}


static void
test_put(void)
{
    char           id[17], big_id[17], path[256];
    u_char        *p, *big;
    test_io_t      t;
    ptn_queue_t   *q;
    ptn_qindex_t  *ix;
    ptn_qmsg_t    *m;

    fresh();
    test_io_init(&t);
    is_rc(ptn_queue_open(&conf, &t.io, "s1", &q), PTN_OK, "open a writer");
    is_u64(files("*", NULL, 0), 0, "no file before there is mail");

    big = malloc(3000000);
    memset(big, 'b', 3000000);

    is_rc(put(q, "a@b", "c@d", ptn_str("hello\r\n"), id), PTN_OK, "put");
    ok(t.syncs >= 2 && t.dir_syncs >= 1, "it and the segment's name are synced");
    is_rc(put(q, "", "e@f", ptn_str_make(big, 3000000), big_id), PTN_OK,
          "put a large one");
    is_u64(files("s1-*.seg", path, sizeof(path)), 1, "one segment");

    ix = open_index(&t.io);
    is_u64(found.n, 2, "the reader finds both while the writer lives");

    m = ptn_str_eqz(found.msg[0]->sender, "a@b") ? found.msg[0]
                                                 : found.msg[1];
    ok(m->arrived == 1234567890 && m->nrcpt == 1
       && ptn_str_eqz(m->rcpt[0].address, "c@d"), "with its envelope");
    p = malloc(m->len);
    is_rc(ptn_qindex_read(ix, m, p), PTN_OK, "data is read");
    is_mem(ptn_str_make(p, m->len), ptn_str("Received: x\r\nhello\r\n"),
           "head and data");
    free(p);

    put(q, "x@y", "z@w", ptn_str("later"), NULL);
    found.n = 0;
    ptn_qindex_scan(ix, on_found, NULL);
    is_u64(found.n, 1, "what is added is found once");

    deliver(ix, found.msg[0], 0);
    deliver(ix, m, 0);
    ptn_qindex_sync(ix);
    ptn_qindex_clean(ix);
    is_u64(ptn_qindex_waiting(ix), 1, "one waits");
    is_u64(files("*.seg", NULL, 0), 1, "its segment stays");
    ptn_qindex_close(ix);

    ix = open_index(&t.io);
    is_u64(found.n, 1, "after a restart the same one waits");
    ok(found.msg[0]->len == 3000013, "the large one");
    deliver(ix, found.msg[0], 0);
    ptn_qindex_sync(ix);
    ptn_qindex_clean(ix);
    is_u64(files("*.seg", NULL, 0), 1, "a live writer's segment stays");
    ptn_queue_close(q);
    ptn_qindex_scan(ix, on_found, NULL);
    ptn_qindex_clean(ix);
    is_u64(files("*.seg", NULL, 0), 0, "and goes when the writer is gone");
    ptn_qindex_close(ix);

    ix = open_index(&t.io);
    is_u64(found.n, 0, "nothing waits");
    is_u64(files("*.state", NULL, 0), 1, "one state log is kept");
    ptn_qindex_close(ix);
    free(big);
}


/* A crash cuts the file anywhere; what was whole before the cut is there. */

static void
test_torn(void)
{
    int            fd;
    bool           good;
    char           path[256];
    off_t          ends[5], cut;
    u_char        *all;
    size_t         i, want;
    struct stat    st;
    ptn_queue_t   *q;
    ptn_qindex_t  *ix;

    fresh();
    ptn_queue_open(&conf, &ptn_io_posix, "s2", &q);

    for (i = 0; i < 4; i++) {
        put(q, "a@b", "c@d", ptn_str("0123456789"), NULL);
        files("s2-*.seg", path, sizeof(path));
        stat(path, &st);
        ends[i] = st.st_size;
    }

    ptn_queue_close(q);

    all = malloc((size_t) st.st_size);
    fd = open(path, O_RDWR);
    ok(read(fd, all, (size_t) st.st_size) == st.st_size, "read the segment");

    good = true;

    for (cut = st.st_size; cut >= PTN_SEG_HEADER; cut--) {
        (void) !ftruncate(fd, cut);

        for (want = 0; want < 4 && ends[want] <= cut; want++) { /* void */ }

        ix = open_index(&ptn_io_posix);

        if (ix == NULL || found.n != want) {
            good = false;
            diag("cut at %lld: %zu messages, not %zu", (long long) cut,
                 found.n, want);
        }

        ptn_qindex_close(ix);
    }

    ok(good, "cut at each byte: what is whole is found");

    /* the size is there, the bytes are not (data was never written) */

    good = true;

    for (cut = ends[2]; cut < ends[3]; cut++) {
        (void) !ftruncate(fd, 0);
        (void) !pwrite(fd, all, (size_t) cut, 0);
        (void) !ftruncate(fd, st.st_size);

        ix = open_index(&ptn_io_posix);
        u_char  tmp[64];

        for (i = 0, want = 0; i < found.n; i++) {
            want += found.msg[i]->len <= sizeof(tmp)
                    && ptn_qindex_read(ix, found.msg[i], tmp) == PTN_OK;
        }

        if (want != 3) {
            good = false;
            diag("zeros from %lld: %zu good messages", (long long) cut, want);
        }

        ptn_qindex_close(ix);
    }

    ok(good, "zeros from each byte of the last record on: it is not taken");

    /* a bad byte in data is seen when it is read */

    (void) !pwrite(fd, all, (size_t) st.st_size, 0);
    (void) !pwrite(fd, "X", 1, ends[1] - 3);
    ix = open_index(&ptn_io_posix);
    is_u64(found.n, 4, "a flipped byte of data: four records");

    for (i = 0, want = 0; i < found.n; i++) {
        u_char  tmp[64];

        if (ptn_qindex_read(ix, found.msg[i], tmp) == PTN_ECORRUPT) {
            want++;
            ptn_qindex_bad(ix, found.msg[i]);

        } else {
            deliver(ix, found.msg[i], 0);
        }
    }

    is_u64(want, 1, "one is corrupt");
    ptn_qindex_sync(ix);
    ptn_qindex_clean(ix);
    is_u64(files("*.seg.bad", NULL, 0), 1, "its segment is kept aside");
    is_u64(files("*.seg", NULL, 0), 0, "and not read again");
    ptn_qindex_close(ix);

    free(all);
    close(fd);
}


static void
test_failures(void)
{
    char           first[256], second[256];
    test_io_t      t;
    ptn_queue_t   *q;
    ptn_qindex_t  *ix;
    unsigned       before;

    fresh();
    test_io_init(&t);
    ptn_queue_open(&conf, &t.io, "s3", &q);
    put(q, "good@one", "c@d", ptn_str("1"), NULL);
    files("s3-*.seg", first, sizeof(first));

    t.fail_sync = 1;
    is_rc(put(q, "bad@two", "c@d", ptn_str("2"), NULL), PTN_EIO,
          "a failed sync accepts nothing");
    before = t.syncs;
    is_rc(put(q, "good@three", "c@d", ptn_str("3"), NULL), PTN_OK,
          "the next one is taken");
    ok(t.syncs - before == 2, "by a new segment, synced twice");
    is_u64(files("s3-*.seg", second, sizeof(second)), 2,
           "the failed segment is left");

    t.fail_write = 3;
    is_rc(put(q, "bad@four", "c@d", ptn_str("4"), NULL), PTN_ENOSPC,
          "a full disk accepts nothing");
    is_rc(put(q, "good@five", "c@d", ptn_str("5"), NULL), PTN_OK,
          "when there is room again it does");

    ix = open_index(&t.io);
    is_u64(found.n, 3, "what was acknowledged is there, what was not is not");
    ptn_qindex_close(ix);
    ptn_queue_close(q);

    is_rc(ptn_queue_open(&conf, &t.io, "../x", &q), PTN_EINVAL,
          "a writer's name is a file name");
}


typedef struct {
    ptn_queue_t  *q;
    unsigned      n;
    atomic_uint  *good;
} thread_t;


static void *
thread_main(void *data)
{
    unsigned   i;
    thread_t  *t = data;

    for (i = 0; i < t->n; i++) {
        *t->good += put(t->q, "a@b", "c@d", ptn_str("threads"), NULL)
                    == PTN_OK;
    }

    return NULL;
}


static void
test_shared_sync(void)
{
    size_t         i;
    test_io_t      t;
    thread_t       th;
    pthread_t      id[8];
    atomic_uint    good = 0;
    ptn_queue_t   *q, *q2;
    ptn_qindex_t  *ix;

    fresh();
    test_io_init(&t);
    t.slow = 5;
    ptn_queue_open(&conf, &t.io, "s4", &q);
    ptn_queue_open(&conf, &t.io, "s4", &q2);

    th.q = q;
    th.n = 20;
    th.good = &good;

    for (i = 0; i < ptn_nelts(id); i++) {
        pthread_create(&id[i], NULL, thread_main, &th);
    }

    for (i = 0; i < ptn_nelts(id); i++) {
        pthread_join(id[i], NULL);
    }

    is_u64(good, 160, "8 threads: all put");
    ok(t.syncs < 80, "they share syncs (%u for 160)", t.syncs);

    is_rc(put(q2, "a@b", "c@d", ptn_str("other"), NULL), PTN_OK,
          "a second writer of the same name");
    is_u64(files("s4-*.seg", NULL, 0), 2, "has a segment of its own");

    ix = open_index(&t.io);
    is_u64(found.n, 161, "all are found");
    ptn_qindex_close(ix);
    ptn_queue_close(q);
    ptn_queue_close(q2);
}


static unsigned          rows;
static ptn_queue_row_t   last_row;
static char              last_detail[256];

static void
on_row(void *ctx, const ptn_queue_row_t *row)
{
    (void) ctx;
    rows++;
    last_row = *row;
    snprintf(last_detail, sizeof(last_detail), "%.*s",
             ptn_str_arg(row->detail));
}


static void
test_states(void)
{
    size_t           i, n;
    char             path[256], id[17], id2[17];
    test_io_t        t;
    struct stat      sb;
    ptn_str_t        rcpt[3] = {
        ptn_string("a@x"), ptn_string("b@x"), ptn_string("c@x")
    };
    ptn_str_t        got;
    ptn_pool_t      *pool;
    ptn_queue_t     *q;
    ptn_qindex_t    *ix;
    ptn_queue_msg_t  msg;
    ptn_seg_state_t  st;

    fresh();
    test_io_init(&t);
    pool = ptn_pool_create(0, NULL);
    ptn_queue_open(&conf, &t.io, "s5", &q);

    memset(&msg, 0, sizeof(msg));
    msg.id = ptn_str("0123456789abcdef");
    msg.sender = ptn_str("s@x");
    msg.rcpt = rcpt;
    msg.nrcpt = 3;
    msg.data = ptn_str("d");
    ptn_queue_put(q, pool, &msg, &got);
    is_str(got, "0123456789abcdef", "an id may be given");
    put(q, "a@b", "c@d", ptn_str("another"), id);

    ix = open_index(&t.io);
    n = found.msg[0]->nrcpt == 3 ? 0 : 1;
    deliver(ix, found.msg[n], 1);
    memset(&st, 0, sizeof(st));
    st.status = PTN_QUEUE_WAITING;
    st.attempts = 3;
    st.due = 777;
    st.detail = ptn_str("451 4.4.1 no answer");
    ptn_qindex_state(ix, found.msg[n], 2, &st);
    ptn_qindex_sync(ix);
    ptn_qindex_close(ix);

    /* a torn tail of the state log forgets the last state only */

    files("*.state", path, sizeof(path));
    stat(path, &sb);
    (void) !truncate(path, sb.st_size - 1);

    ix = open_index(&t.io);
    n = found.msg[0]->nrcpt == 3 ? 0 : 1;
    ok(found.msg[n]->rcpt[1].status == PTN_QUEUE_DELIVERED
       && found.msg[n]->rcpt[2].attempts == 0
       && found.msg[n]->left == 2, "a torn state log: what is whole counts");

    ptn_qindex_state(ix, found.msg[n], 2, &st);
    t.fail_sync = 1;
    is_rc(ptn_qindex_sync(ix), PTN_OK, "after a failed sync a new log is begun");
    ptn_qindex_close(ix);

    ix = open_index(&t.io);
    n = found.msg[0]->nrcpt == 3 ? 0 : 1;
    ok(found.msg[n]->rcpt[1].status == PTN_QUEUE_DELIVERED
       && found.msg[n]->rcpt[2].attempts == 3
       && found.msg[n]->rcpt[2].due == 777
       && strcmp(found.msg[n]->rcpt[2].detail, "451 4.4.1 no answer") == 0,
       "with all that was known");

    rows = 0;
    is_rc(ptn_queue_list(&conf, &ptn_io_posix, on_row, NULL), PTN_OK, "list");
    is_u64(rows, 3, "one row for each recipient that waits");

    ok(!ptn_qindex_flushed(ix), "no flush was asked for");
    ptn_queue_flush(&conf, &ptn_io_posix);
    ok(ptn_qindex_flushed(ix) && !ptn_qindex_flushed(ix), "one was, once");

    /* the same id again: one is enough */

    ptn_queue_put(q, pool, &msg, &got);
    found.n = 0;
    ptn_qindex_scan(ix, on_found, NULL);
    is_u64(found.n, 0, "a message with an id that is known is not run again");
    ptn_qindex_close(ix);

    /* many messages: a long state log is rewritten, states hold */

    ix = open_index(&t.io);

    for (i = 0; i < 3000; i++) {
        put(q, "m@x", "n@x", ptn_str("many"), id2);
    }

    found.n = 0;
    ptn_qindex_scan(ix, on_found, NULL);
    is_u64(found.n, 3000, "3,000 more");

    for (i = 0; i < 2999; i++) {
        deliver(ix, found.msg[i], 0);
    }

    ptn_qindex_sync(ix);
    ptn_qindex_close(ix);
    ix = open_index(&t.io);
    is_u64(found.n, 3, "all but one of them and the two others are done");
    ptn_qindex_close(ix);

    ptn_queue_close(q);
    ptn_pool_destroy(pool);
}


int
main(void)
{
    strcpy(root, "/tmp/ptn-queue-XXXXXX");

    if (mkdtemp(root) == NULL) {
        return 1;
    }

    ptn_conf_defaults(&conf);
    conf.root = root;

    test_format();
    test_put();
    test_torn();
    test_failures();
    test_shared_sync();
    test_states();

    nftw(root, remove_one, 16, FTW_DEPTH|FTW_PHYS);

    return done_testing();
}
