/*
 * TNEF streams and objects by hand, for tests.
 */

#ifndef PTN_TNEF_MAKE_H
#define PTN_TNEF_MAKE_H


#include "ptn_tnef.h"


#define MSG  1
#define ATT  2

#define ATT_MSG_PROPS     0x00069003
#define ATT_RECIP_TABLE   0x00069004
#define ATT_ATTACHMENT    0x00069005
#define ATT_REND_DATA     0x00069002
#define ATT_ATTACH_DATA   0x0006800f
#define ATT_ATTACH_TITLE  0x00018010
#define ATT_CODEPAGE      0x00069007
#define ATT_CLASS         0x00078008
#define ATT_SUBJECT       0x00018004

/* The bytes of a literal, without its NUL. */
#define B(s)  ((ptn_str_t) { sizeof(s) - 1, (u_char *) (s) })

/* attAttachRendData of a file that is not shown in the text. */
#define REND_FILE  B("\1\0\xff\xff\xff\xff\x20\0\x20\0\0\0\0\0")

/* A date; without its weekday, which nobody reads. */
#define DTR(y, mo, d, h, mi, s)                                               \
    B(y mo "\0" d "\0" h "\0" mi "\0" s "\0" "\0\0")
#define Y2004  "\xd4\7"

#define IID_MESSAGE  "\7\3\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"
#define IID_STORAGE  "\x0b\0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"
#define IID_STREAM   "\x0c\0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"


static inline void
make_u32(ptn_buf_t *b, uint32_t n)
{
    u_char  p[4];

    ptn_put_le32(p, n);
    ptn_buf_add(b, p, 4);
}


static inline void
make_attr(ptn_buf_t *b, int level, uint32_t id, ptn_str_t data)
{
    size_t    i;
    uint32_t  sum;

    for (i = 0, sum = 0; i < data.len; i++) {
        sum += data.data[i];
    }

    ptn_buf_byte(b, (u_char) level);
    make_u32(b, id);
    make_u32(b, (uint32_t) data.len);
    ptn_buf_str(b, data);
    ptn_buf_byte(b, (u_char) sum);
    ptn_buf_byte(b, (u_char) (sum >> 8));
}


/* Signature, key, code page (0: none is told). */

static inline void
make_start(ptn_buf_t *b, ptn_pool_t *pool, uint32_t codepage)
{
    u_char  cp[8] = { 0 };

    ptn_buf_init(b, pool);
    ptn_buf_add(b, "\x78\x9f\x3e\x22\x34\x12", 6);
    make_attr(b, MSG, 0x00089006, B("\0\0\1\0"));

    if (codepage != 0) {
        ptn_put_le32(cp, codepage);
        make_attr(b, MSG, ATT_CODEPAGE, ptn_str_make(cp, 8));
    }
}


/* A list of `n` properties that `bytes` are. */

static inline ptn_str_t
make_list(ptn_pool_t *pool, uint32_t n, ptn_str_t bytes)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    make_u32(&b, n);
    ptn_buf_str(&b, bytes);

    return ptn_buf_get(&b);
}


/* OBJECT ATTACH_DATA_OBJ: count, size, IID, bytes, padding. */

static inline ptn_str_t
make_object(ptn_pool_t *pool, const char *iid, ptn_str_t bytes)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    make_u32(&b, PTN_PR_ATTACH_DATA_OBJ);
    make_u32(&b, 1);
    make_u32(&b, (uint32_t) bytes.len + 16);
    ptn_buf_add(&b, iid, 16);
    ptn_buf_str(&b, bytes);
    ptn_buf_add(&b, "\0\0\0", (4 - bytes.len % 4) % 4);

    return make_list(pool, 1, ptn_buf_get(&b));
}


/* The attribute `id` of a stream. */

static inline ptn_str_t
find_attr(ptn_str_t bytes, uint32_t id)
{
    size_t  p;

    for (p = 6; p + 9 <= bytes.len; p += 11 + ptn_le32(bytes.data + p + 5)) {
        if (ptn_le32(bytes.data + p + 1) == id) {
            return ptn_str_make(bytes.data + p + 9,
                                ptn_le32(bytes.data + p + 5));
        }
    }

    return ptn_str_make(NULL, 0);
}


#endif /* PTN_TNEF_MAKE_H */
