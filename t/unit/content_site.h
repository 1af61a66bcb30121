/*
 * What the tests of contents and blob files share, beside mailbox_site.h.
 */

#ifndef CONTENT_SITE_H
#define CONTENT_SITE_H


#include <openssl/evp.h>

#include "ptn_dictionary.h"


static inline uint64_t
content_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;

    return *seed;
}


/* `n` bytes that do not compress, or words that do. */

static inline ptn_str_t
content_bytes(ptn_pool_t *pool, size_t n, uint64_t seed, bool text)
{
    size_t     i;
    ptn_buf_t  b;

    static const char *const  words[] = {
        "minutes ", "of the ", "meeting ", "about ", "plans ", "and money\n"
    };

    seed = seed * 2654435761u + 88172645463325252ULL;
    ptn_buf_init(&b, pool);

    for (i = 0; b.len < n; i++) {
        if (text) {
            ptn_buf_z(&b, words[content_random(&seed) % 6]);

        } else {
            ptn_buf_byte(&b, (u_char) (content_random(&seed) >> 32));
        }
    }

    return ptn_str_make(b.data, n);
}


/* A message with `data` as its attachment. */

static inline ptn_str_t
content_message(ptn_pool_t *pool, ptn_str_t data, unsigned n)
{
    size_t     i;
    ptn_buf_t  b;
    ptn_str_t  text;

    ptn_buf_init(&b, pool);
    ptn_buf_printf(&b, "From: Alice <alice@example.test>\r\n"
                   "To: everybody@example.test\r\nSubject: file %u\r\n"
                   "Date: Mon, 2 Feb 2026 10:00:00 +0100\r\n"
                   "Message-ID: <%u@example.test>\r\nMIME-Version: 1.0\r\n"
                   "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                   "--b\r\n\r\nSee the file.\r\n--b\r\n"
                   "Content-Type: application/octet-stream; name=f.bin\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n", n, n);

    text.data = ptn_palloc(pool, data.len / 3 * 4 + 8);
    text.len = (size_t) EVP_EncodeBlock(text.data, data.data,
                                        (int) data.len);

    for (i = 0; i < text.len; i += 76) {
        ptn_buf_add(&b, text.data + i, ptn_min(text.len - i, (size_t) 76));
        ptn_buf_z(&b, "\r\n");
    }

    ptn_buf_z(&b, "--b--\r\n");

    return ptn_buf_get(&b);
}


static inline ptn_rc_t
content_append(ptn_mbox_t *mb, ptn_str_t raw, ptn_appended_t *app)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = raw;
    a.received = 1770000000;
    a.delivery = true;
    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, app);
    }

    return (rc == PTN_OK) ? ptn_txn_commit(&tx) : rc;
}


/* The whole message; what it is to be, NULL: whatever. */

static inline ptn_rc_t
content_read(ptn_mbox_t *mb, ptn_id_t id, const ptn_str_t *want)
{
    ptn_rc_t     rc;
    ptn_str_t    raw;
    ptn_msg_t   *msg;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(SIZE_MAX, NULL);
    rc = ptn_msg_open(mb, pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_slice(msg, pool, 0, UINT64_MAX, 1 << 28, &raw);
    }

    if (rc == PTN_OK && want != NULL && !ptn_str_eq(raw, *want)) {
        rc = PTN_EINTERNAL;
    }

    ptn_pool_destroy(pool);

    return rc;
}


static inline void
content_path(ptn_mbox_t *mb, ptn_str_t data, char path[PTN_BLOB_PATH])
{
    u_char  sha[32];

    EVP_Digest(data.data, data.len, sha, NULL, EVP_sha256(), NULL);
    ptn_blob_path(mb, sha, path, PTN_BLOB_PATH);
}


#endif /* CONTENT_SITE_H */
