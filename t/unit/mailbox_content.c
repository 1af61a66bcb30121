/*
 * The one copy of content: every message of ../shared/ref/mail, attachments
 * as blobs, huge ones; byte for byte, in slices, by structure; blobs come and
 * go with their references.
 */

#include "mailbox_site.h"


#define CORPUS  "../shared/ref/mail"

typedef struct {
    ptn_str_t  raw;
    ptn_id_t   id;
} kept_t;

typedef struct {
    kept_t    kept[2000];
    size_t    n;
    uint64_t  bytes;
} corpus_t;

static corpus_t  corpus;


static ptn_str_t
slurp(ptn_pool_t *pool, const char *path)
{
    int          fd;
    ptn_str_t    s = ptn_null_string;
    struct stat  sb;

    fd = open(path, O_RDONLY);

    if (fd == -1 || fstat(fd, &sb) == -1 || !S_ISREG(sb.st_mode)) {
        close(fd);
        return s;
    }

    s.data = ptn_palloc(pool, (size_t) sb.st_size);
    s.len = (size_t) read(fd, s.data, (size_t) sb.st_size);
    close(fd);

    return s;
}


static ptn_rc_t
put(site_t *s, const char *user, ptn_id_t folder, ptn_str_t raw,
    ptn_id_t *ret_id)
{
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    rc = ptn_txn_begin(&tx, site_open(s, user));

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, folder, &a, &app);
    }

    if (rc == PTN_OK) {
        *ret_id = app.id;
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return rc;
}


static void
test_corpus(site_t *s)
{
    char                     line[1024], path[2048], *tab;
    FILE                    *f;
    size_t                   i, bad, off, len;
    ptn_id_t                 id;
    ptn_str_t                raw, got;
    ptn_msg_t               *msg;
    ptn_mbox_t              *mb;
    const ptn_mime_t        *mime;
    const ptn_mime_part_t   *p;

    f = fopen(CORPUS "/INDEX.tsv", "r");

    if (f == NULL) {
        printf("# no corpus here\n");
        return;
    }

    while (fgets(line, sizeof(line), f) != NULL && corpus.n < 2000) {
        tab = strchr(line, '\t');

        if (tab == NULL) {
            continue;
        }

        *tab = '\0';
        snprintf(path, sizeof(path), CORPUS "/%s", line);
        raw = slurp(s->pool, path);

        if (raw.data == NULL) {
            continue;
        }

        if (put(s, "corpus", PTN_FOLDER_INBOX, raw, &id) != PTN_OK) {
            ok(false, "append of %s", path);
            continue;
        }

        corpus.kept[corpus.n].raw = raw;
        corpus.kept[corpus.n++].id = id;
        corpus.bytes += raw.len;
    }

    fclose(f);
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    mb = site_reopen(s, "corpus");

    for (i = 0, bad = 0; i < corpus.n; i++) {
        raw = corpus.kept[i].raw;

        if (ptn_msg_open(mb, s->pool, corpus.kept[i].id, &msg) != PTN_OK
            || ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 30, &got)
               != PTN_OK
            || !ptn_str_eq(raw, got))
        {
            bad++;
            continue;
        }

        off = raw.len / 3;
        len = raw.len / 2;

        if (ptn_msg_slice(msg, s->pool, off, len, 1 << 30, &got) != PTN_OK
            || !ptn_str_eq(ptn_str_make(raw.data + off,
                                        ptn_min(len, raw.len - off)), got)
            || ptn_msg_structure(msg, &mime) != PTN_OK)
        {
            bad++;
            continue;
        }

        p = mime->root->child ? mime->root->child : mime->root;
        bad += ptn_msg_slice(msg, s->pool, p->body, p->body_len, 1 << 30, &got)
               != PTN_OK
               || !ptn_str_eq(ptn_str_make(raw.data + p->body, p->body_len),
                              got);
    }

    ok(bad == 0 && corpus.n > 500, "%zu messages, %zu bad", corpus.n, bad);
    site_check(s, "corpus");
}


/* `n` bytes of base64 that do not compress, as one attachment. */

static ptn_str_t
attachment(ptn_pool_t *pool, size_t n, unsigned seed)
{
    size_t      i;
    u_char     *data;
    uint64_t    x;
    ptn_str_t   text;
    ptn_buf_t   b;

    data = ptn_palloc(pool, n);
    x = seed;

    for (i = 0; i < n; i++) {
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        data[i] = (u_char) (x >> 56);
    }

    text = ptn_base64_encode(pool, ptn_str_make(data, n));
    ptn_buf_init(&b, pool);
    ptn_buf_reserve(&b, text.len + text.len / 30 + 1000);
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


static unsigned  files;

static int
count_file(const char *path PTN_UNUSED, const struct stat *sb PTN_UNUSED,
    int type, struct FTW *ftw PTN_UNUSED)
{
    files += (type == FTW_F);

    return 0;
}


static unsigned
blob_files(site_t *s, const char *user)
{
    char  path[256];

    files = 0;
    snprintf(path, sizeof(path), "%s/mailbox/example.test/%s/blob", s->root,
             user);
    nftw(path, count_file, 8, FTW_PHYS);

    return files;
}


static void
test_blobs(site_t *s)
{
    ptn_id_t     a, b, c;
    uint32_t     uids[] = { 1, 2 }, *got;
    ptn_str_t    raw, back;
    ptn_txn_t    tx;
    ptn_msg_t   *msg;
    ptn_mbox_t  *mb;

    raw = attachment(s->pool, 100000, 1);
    is_u64(put(s, "blob", PTN_FOLDER_INBOX, raw, &a), PTN_OK, "one");
    is_u64(put(s, "blob", PTN_FOLDER_INBOX, raw, &b), PTN_OK, "the same");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    is_u64(blob_files(s, "blob"), 1, "one file");

    mb = site_open(s, "blob");
    ptn_txn_begin(&tx, mb);
    is_u64(ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 1,
                        PTN_FOLDER_SENT, &got), PTN_OK, "a copy");
    is_u64(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids, 2), PTN_OK, "both go");
    ptn_txn_commit(&tx);
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    site_idle(s);
    is_u64(blob_files(s, "blob"), 1, "the copy keeps it");
    is_u64(ptn_msg_open(mb, s->pool, a, &msg), PTN_ENOTFOUND, "it is gone");
    site_check(s, "blob");

    ptn_txn_begin(&tx, mb);
    is_u64(ptn_msg_expunge(&tx, PTN_FOLDER_SENT, uids, 1), PTN_OK, "the last");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    is_u64(blob_files(s, "blob"), 1, "not before the executor is idle");

    is_u64(put(s, "blob", PTN_FOLDER_INBOX, raw, &c), PTN_OK, "back again");
    ptn_store_commit(s->store);
    site_idle(s);
    is_u64(blob_files(s, "blob"), 1, "there");
    is_u64(ptn_msg_open(mb, s->pool, c, &msg), PTN_OK, "open");
    is_u64(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20, &back), PTN_OK,
           "read");
    ok(ptn_str_eq(raw, back), "byte for byte");

    uids[0] = 3;
    ptn_txn_begin(&tx, mb);
    is_u64(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids, 1), PTN_OK, "gone");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    site_idle(s);
    is_u64(blob_files(s, "blob"), 0, "no file is left");
    site_check(s, "blob");
}


/* Compressed text over 64 KB, and a message that takes megabytes. */

static void
test_large(site_t *s)
{
    size_t       i;
    ptn_id_t     id, id2;
    uint64_t     x;
    ptn_buf_t    b;
    ptn_str_t    raw, big, back;
    ptn_msg_t   *msg;
    ptn_mbox_t  *mb;

    ptn_buf_init(&b, s->pool);
    ptn_buf_z(&b, "Subject: large\r\n\r\n");

    for (i = 0, x = 5; i < 200000; i++) {
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        ptn_buf_printf(&b, "%016llx lines of text\r\n",
                       (unsigned long long) x);
    }

    raw = ptn_buf_get(&b);
    is_u64(put(s, "large", PTN_FOLDER_INBOX, raw, &id), PTN_OK, "7 MB");
    big = attachment(s->pool, 20 * 1000 * 1000, 9);
    is_u64(put(s, "large", PTN_FOLDER_INBOX, big, &id2), PTN_OK, "27 MB");
    is_u64(ptn_store_commit(s->store), PTN_OK, "commit");
    is_u64(blob_files(s, "large"), 2, "two files");

    mb = site_reopen(s, "large");
    is_u64(ptn_msg_open(mb, s->pool, id, &msg), PTN_OK, "open");
    is_u64(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 30, &back), PTN_OK,
           "read");
    ok(ptn_str_eq(raw, back), "byte for byte");
    is_u64(ptn_msg_slice(msg, s->pool, 0, 100, 50, &back), PTN_ETOOBIG,
           "too big a slice");
    is_u64(ptn_msg_slice(msg, s->pool, UINT64_MAX, 100, 50, &back), PTN_OK,
           "a slice behind the end");
    is_u64(back.len, 0, "is empty");
    is_u64(ptn_msg_open(mb, s->pool, id2, &msg), PTN_OK, "open");
    is_u64(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 30, &back), PTN_OK,
           "read");
    ok(ptn_str_eq(big, back), "byte for byte");
    is_u64(ptn_msg_slice(msg, s->pool, 12345678, 1000, 1000, &back), PTN_OK,
           "a slice");
    ok(memcmp(back.data, big.data + 12345678, 1000) == 0, "of it");
    site_check(s, "large");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    ptn_pool_destroy(s.pool);
    s.pool = ptn_pool_create(1 << 30, NULL);
    test_corpus(&s);
    test_blobs(&s);
    test_large(&s);
    site_done(&s);

    return done_testing();
}
