/*
 * verify_content: a blob with a wrong byte makes the messages that have it
 * unreadable (ECORRUPT), and nothing else: their rows, structure and place in
 * tables are told, other messages are served, mail comes.  The file is named
 * in the log, once.  By default blobs are served as they are.  Check finds it
 * either way.
 */

#include "mailbox_2_parts.h"
#include "mailbox_site.h"


static ptn_id_t  good, bad, twin, raw_bad;


static ptn_id_t
append(site_t *s, ptn_str_t raw)
{
    ptn_txn_t        tx;
    ptn_append_t     a;
    ptn_appended_t   app;

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    a.received = 1770000000;
    ptn_txn_begin(&tx, site_open(s, "alice"));
    ok(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "a message");

    return app.id;
}


/* With one attachment that does not compress. */

static ptn_str_t
mail(site_t *s, unsigned n, unsigned blob)
{
    size_t     i;
    ptn_buf_t  b;
    ptn_str_t  text;

    ptn_buf_init(&b, s->pool);
    ptn_buf_printf(&b, "From: a@b\r\nSubject: mail %u\r\nMIME-Version: 1.0\r\n"
                   "Content-Type: multipart/mixed; boundary=xx\r\n\r\n"
                   "--xx\r\nContent-Type: text/plain\r\n\r\nhello %u\r\n"
                   "--xx\r\nContent-Type: application/x; name=a.bin\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n", n, n);
    text = ptn_base64_encode(s->pool, parts_bytes(s->pool, 40000, blob));

    for (i = 0; i < text.len; i += 76) {
        ptn_buf_add(&b, text.data + i, ptn_min((size_t) 76, text.len - i));
        ptn_buf_z(&b, "\r\n");
    }

    ptn_buf_z(&b, "--xx--\r\n");

    return ptn_buf_get(&b);
}


static ptn_rc_t
reads(site_t *s, ptn_id_t id)
{
    ptn_rc_t    rc;
    ptn_str_t   raw;
    ptn_msg_t  *msg;

    rc = ptn_msg_open(site_open(s, "alice"), s->pool, id, &msg);

    return (rc == PTN_OK) ? ptn_msg_slice(msg, s->pool, 0, UINT64_MAX,
                                          SIZE_MAX, &raw) : rc;
}


/* The file of the message's attachment, or of its content. */

static void
spoil(site_t *s, ptn_id_t id, bool content)
{
    int            fd;
    char           path[300], hex[65];
    u_char         c;
    size_t         i;
    ptn_str_t      sha;
    sqlite3_stmt  *st;

    sha = ptn_str("");

    sqlite3_prepare_v2(site_open(s, "alice")->db, content
                       ? "SELECT file FROM content WHERE id=?1"
                       : "SELECT blobs FROM content WHERE id=?1", -1, &st,
                       NULL);
    sqlite3_bind_int64(st, 1, (int64_t) id);

    if (!ok(sqlite3_step(st) == SQLITE_ROW
            && (sha = ptn_sql_column(st, 0)).len == 32, "it has a blob"))
    {
        sqlite3_finalize(st);
        return;
    }

    for (i = 0; i < 32; i++) {
        sprintf(hex + 2 * i, "%02x", sha.data[i]);
    }

    sqlite3_finalize(st);
    snprintf(path, sizeof(path), "%s/mailbox/example.test/alice/blob/%.2s/%s",
             s->root, hex, hex + 2);
    fd = open(path, O_RDWR);
    ok(fd != -1 && pread(fd, &c, 1, 9000) == 1, "its file");
    c ^= 0x10;
    ok(pwrite(fd, &c, 1, 9000) == 1, "with a wrong byte");
    close(fd);
}


static unsigned
lines(const char *path)
{
    char      line[1000];
    FILE     *f;
    unsigned  n;

    f = fopen(path, "r");

    for (n = 0; f != NULL && fgets(line, sizeof(line), f) != NULL; ) {
        n += (strstr(line, "not the bytes of its name") != NULL);
    }

    if (f != NULL) {
        fclose(f);
    }

    return n;
}


static ptn_rc_t
row(void *ctx, const ptn_table_row_t *r)
{
    *(unsigned *) ctx += (r->values[0].len >= 5);

    return PTN_OK;
}


int
main(void)
{
    char               log[200];
    site_t             s;
    unsigned           i, n;
    uint32_t           tag;
    ptn_msg_t         *msg;
    ptn_user_t         u;
    ptn_table_t       *t;
    const ptn_mime_t  *mime;

    site_make(&s);
    s.conf.fsync = false;
    ok(!s.conf.verify_content, "off by default");
    good = append(&s, mail(&s, 1, 1));
    bad = append(&s, mail(&s, 2, 2));
    twin = append(&s, mail(&s, 3, 2));
    raw_bad = append(&s, parts_raw(s.pool));
    spoil(&s, bad, false);
    spoil(&s, raw_bad, true);

    site_reopen(&s, "alice");
    is_rc(reads(&s, good), PTN_OK, "off: a good one");
    is_rc(reads(&s, bad), PTN_OK, "one with a wrong byte is served");
    is_rc(reads(&s, twin), PTN_OK, "and another with that blob");

    snprintf(log, sizeof(log), "%s/log", s.root);
    s.conf.verify_content = true;
    s.opts.log = ptn_log_open(log, "test", PTN_LOG_INFO);
    site_reopen(&s, "alice");

    for (i = 0; i < 3; i++) {
        is_rc(reads(&s, bad), PTN_ECORRUPT, "on: it is not");
        is_rc(reads(&s, twin), PTN_ECORRUPT, "nor the other");
    }

    is_u64(lines(log), 1, "the log names the file, once");
    is_rc(reads(&s, raw_bad), PTN_ECORRUPT, "nor a content in a file");
    is_rc(reads(&s, raw_bad), PTN_ECORRUPT, "again");
    is_u64(lines(log), 2, "which is named, once");
    is_rc(reads(&s, good), PTN_OK, "a good one is served");

    is_rc(ptn_msg_open(site_open(&s, "alice"), s.pool, bad, &msg), PTN_OK,
          "a bad one is opened");
    is_rc(ptn_msg_structure(msg, &mime), PTN_OK, "its structure is told");
    tag = PTN_PR_SUBJECT;
    n = 0;
    ptn_table_open(site_open(&s, "alice"), PTN_TABLE_CONTENTS,
                   PTN_FOLDER_INBOX, 0, &t);
    is_rc(ptn_table_rows(site_open(&s, "alice"), t, s.pool, &tag, 1, 0, 10,
                         false, row, &n), PTN_OK, "a table");
    ptn_table_close(t);
    is_u64(n, 4, "has all of them");
    (void) append(&s, mail(&s, 4, 4));
    is_rc(reads(&s, good), PTN_OK, "and the good one still");

    u = site_user(&s, "alice");
    s.reports = 0;
    is_rc(ptn_mbox_check(s.store, &u, false, site_report, &s), PTN_ECORRUPT,
          "check finds");
    is_u64(s.reports, 5, "three messages, two files");

    ptn_store_close(s.store);
    ptn_log_close(s.opts.log);
    s.opts.log = NULL;
    ptn_store_open(&s.opts, &s.store);
    site_done(&s);

    return done_testing();
}
