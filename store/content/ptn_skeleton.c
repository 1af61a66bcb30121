#include <openssl/sha.h>

#include "ptn_charset.h"
#include "ptn_skeleton.h"


/*
 * The skeleton:
 *
 *   version (1)  size of the message
 *   segments: 2 * length, that many bytes of the message; or
 *             1, length of a line break (1 LF, 2 CR LF), columns of a line,
 *             decoded length, SHA-256: base64 text in lines of that many
 *             characters, without a break behind the last one
 *
 * Numbers are LEB128.  What stands before the first line and behind the last
 * one (blank lines, a list's footer) is literal.
 */

#define PTN_SKELETON_VERSION  1
#define PTN_SKELETON_COLS     16            /* fewest columns of a line */
#define PTN_SKELETON_LEN_MAX  (1ULL << 40)
#define PTN_SKELETON_CHARS    8192          /* encoded at a time */


typedef struct {
    uint64_t       off;         /* in the message */
    uint64_t       len;
    const u_char  *literal;     /* NULL: a reference */
    const u_char  *sha256;
    uint64_t       decoded;
    uint64_t       cols;
    uint32_t       brk;
} ptn_skeleton_seg_t;


typedef struct {
    const u_char  *p, *end;
    uint64_t       size;        /* of the message */
    uint64_t       off;         /* of the next segment */
} ptn_skeleton_cursor_t;


/* --- walking ------------------------------------------------------------- */

static bool
ptn_skeleton_n(ptn_skeleton_cursor_t *c, uint64_t *ret)
{
    u_char    b;
    uint64_t  n;
    unsigned  shift;

    n = 0;

    for (shift = 0; shift < 63 && c->p < c->end; shift += 7) {
        b = *c->p++;
        n |= (uint64_t) (b & 0x7f) << shift;

        if (b < 0x80) {
            *ret = n;
            return true;
        }
    }

    return false;
}


static ptn_rc_t
ptn_skeleton_begin(ptn_skeleton_cursor_t *c, ptn_str_t skeleton)
{
    if (skeleton.len == 0 || skeleton.data[0] != PTN_SKELETON_VERSION) {
        return PTN_ECORRUPT;
    }

    c->p = skeleton.data + 1;
    c->end = skeleton.data + skeleton.len;
    c->off = 0;

    return ptn_skeleton_n(c, &c->size) ? PTN_OK : PTN_ECORRUPT;
}


static uint64_t
ptn_skeleton_chars(uint64_t decoded)
{
    return (decoded + 2) / 3 * 4;
}


static ptn_rc_t
ptn_skeleton_ref(ptn_skeleton_cursor_t *c, ptn_skeleton_seg_t *seg)
{
    uint64_t  brk, chars;

    if (!ptn_skeleton_n(c, &brk) || brk < 1 || brk > 2
        || !ptn_skeleton_n(c, &seg->cols) || seg->cols < PTN_SKELETON_COLS
        || seg->cols > PTN_SKELETON_LEN_MAX * 2
        || !ptn_skeleton_n(c, &seg->decoded) || seg->decoded == 0
        || seg->decoded > PTN_SKELETON_LEN_MAX
        || c->end - c->p < 32)
    {
        return PTN_ECORRUPT;
    }

    seg->literal = NULL;
    seg->sha256 = c->p;
    seg->brk = (uint32_t) brk;
    c->p += 32;

    chars = ptn_skeleton_chars(seg->decoded);
    seg->len = chars + brk * ((chars - 1) / seg->cols);

    return PTN_OK;
}


/* The next segment; AGAIN at the end. */
static ptn_rc_t
ptn_skeleton_next(ptn_skeleton_cursor_t *c, ptn_skeleton_seg_t *seg)
{
    ptn_rc_t  rc;
    uint64_t  tag;

    if (c->p == c->end) {
        return c->off == c->size ? PTN_AGAIN : PTN_ECORRUPT;
    }

    if (!ptn_skeleton_n(c, &tag)) {
        return PTN_ECORRUPT;
    }

    if (tag & 1) {
        rc = tag == 1 ? ptn_skeleton_ref(c, seg) : PTN_ECORRUPT;
        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        seg->len = tag >> 1;
        seg->literal = c->p;

        if (seg->len > (uint64_t) (c->end - c->p)) {
            return PTN_ECORRUPT;
        }

        c->p += seg->len;
    }

    if (seg->len > c->size - c->off) {
        return PTN_ECORRUPT;
    }

    seg->off = c->off;
    c->off += seg->len;

    return PTN_OK;
}


/* --- restoring ----------------------------------------------------------- */

/*
 * Bytes [from, to) of a reference's text.  Each round encodes the characters
 * from the one at `from` on, whole groups of four, and lays them out in lines.
 */
static ptn_rc_t
ptn_skeleton_text(const ptn_skeleton_seg_t *seg, uint64_t from, uint64_t to,
    const ptn_skeleton_io_t *io)
{
    u_char    data[PTN_SKELETON_CHARS / 4 * 3];
    u_char    chars[PTN_SKELETON_CHARS];
    u_char    out[PTN_SKELETON_CHARS + PTN_SKELETON_CHARS / 8 + 8];
    size_t    n, fill, have;
    ptn_rc_t  rc;
    uint64_t  col, row, first, at, group;

    while (from < to) {
        row = from / (seg->cols + seg->brk);
        col = from % (seg->cols + seg->brk);
        at = row * seg->cols + ptn_min(col, seg->cols);

        /* from within a break the next character starts the next line */

        group = at / 4;
        first = group * 4;
        fill = 0;
        have = 0;

        if (group * 3 < seg->decoded) {
            n = (size_t) ptn_min((uint64_t) sizeof(data),
                                 seg->decoded - group * 3);
            rc = io->blob(io->ctx, seg->sha256, group * 3, data, n);
            if (rc != PTN_OK) {
                return rc;
            }

            have = ptn_base64_encode_text(chars, data, n);
        }

        while (from < to) {

            if (col >= seg->cols) {
                out[fill++] = col - seg->cols + 1 < seg->brk ? '\r' : '\n';
                from++;
                col++;

                if (col == seg->cols + seg->brk) {
                    col = 0;
                }
                continue;
            }

            n = (size_t) ptn_min(first + have - at, seg->cols - col);
            n = (size_t) ptn_min((uint64_t) n, to - from);

            if (n == 0) {
                break;
            }

            memcpy(out + fill, chars + (at - first), n);
            fill += n;
            from += n;
            at += n;
            col += n;
        }

        if (fill == 0) {
            return PTN_ECORRUPT;
        }

        rc = io->sink(io->ctx, out, fill);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_skeleton_restore(ptn_str_t skeleton, uint64_t off, uint64_t len,
    const ptn_skeleton_io_t *io)
{
    ptn_rc_t               rc;
    uint64_t               from, to, end;
    ptn_skeleton_seg_t     seg;
    ptn_skeleton_cursor_t  c;

    rc = ptn_skeleton_begin(&c, skeleton);
    if (rc != PTN_OK) {
        return rc;
    }

    off = ptn_min(off, c.size);
    end = off + ptn_min(len, c.size - off);

    for ( ;; ) {
        rc = ptn_skeleton_next(&c, &seg);

        if (rc != PTN_OK) {
            return rc == PTN_AGAIN ? PTN_OK : rc;
        }

        from = ptn_max(off, seg.off);
        to = ptn_min(end, seg.off + seg.len);

        if (from >= to) {
            if (seg.off >= end) {
                return PTN_OK;
            }
            continue;
        }

        from -= seg.off;
        to -= seg.off;

        if (seg.literal != NULL) {
            rc = io->sink(io->ctx, seg.literal + from, (size_t) (to - from));

        } else {
            rc = ptn_skeleton_text(&seg, from, to, io);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }
}


ptn_rc_t
ptn_skeleton_size(ptn_str_t skeleton, uint64_t *ret_size)
{
    ptn_rc_t               rc;
    ptn_skeleton_seg_t     seg;
    ptn_skeleton_cursor_t  c;

    rc = ptn_skeleton_begin(&c, skeleton);

    while (rc == PTN_OK) {
        rc = ptn_skeleton_next(&c, &seg);
    }

    if (rc != PTN_AGAIN) {
        return rc;
    }

    *ret_size = c.size;

    return PTN_OK;
}


ptn_rc_t
ptn_skeleton_refs(ptn_pool_t *pool, ptn_str_t skeleton,
    u_char (**ret_sha256)[32], size_t *ret_n)
{
    size_t                 n, i;
    ptn_rc_t               rc;
    u_char               (*refs)[32];
    ptn_skeleton_seg_t     seg;
    ptn_skeleton_cursor_t  c;

    refs = NULL;

    for (i = 0; i < 2; i++) {
        n = 0;
        rc = ptn_skeleton_begin(&c, skeleton);

        while (rc == PTN_OK) {
            rc = ptn_skeleton_next(&c, &seg);

            if (rc == PTN_OK && seg.literal == NULL) {
                if (refs != NULL) {
                    memcpy(refs[n], seg.sha256, 32);
                }
                n++;
            }
        }

        if (rc != PTN_AGAIN) {
            return rc;
        }

        if (refs == NULL) {
            refs = ptn_parray(pool, n, 32);
            if (refs == NULL) {
                return PTN_ENOMEM;
            }
        }
    }

    *ret_sha256 = refs;
    *ret_n = n;

    return PTN_OK;
}


/* --- building ------------------------------------------------------------ */

/* Base64 text found in a part's body, and its decoded bytes. */
typedef struct {
    uint64_t             start, end;
    uint64_t             cols;
    uint32_t             brk;
    ptn_skeleton_part_t  part;
} ptn_skeleton_run_t;


typedef struct {
    ptn_pool_t          *pool;
    const ptn_mime_t    *mime;
    ptn_skeleton_run_t  *runs;
    size_t               n, max;
} ptn_skeleton_build_t;


typedef struct {
    const u_char  *data;        /* decoded */
    const u_char  *want;        /* what the sink must be given */
    size_t         left;
} ptn_skeleton_verify_t;


static ptn_rc_t
ptn_skeleton_verify_blob(void *ctx, const u_char sha256[32] PTN_UNUSED,
    uint64_t off, u_char *p, size_t n)
{
    ptn_skeleton_verify_t  *v = ctx;

    memcpy(p, v->data + off, n);

    return PTN_OK;
}


static ptn_rc_t
ptn_skeleton_verify_sink(void *ctx, const u_char *p, size_t n)
{
    ptn_skeleton_verify_t  *v = ctx;

    if (n > v->left || memcmp(p, v->want, n) != 0) {
        return PTN_ECORRUPT;
    }

    v->want += n;
    v->left -= n;

    return PTN_OK;
}


/* The decoder accepts what it can; this is the proof that it comes back. */
static bool
ptn_skeleton_verify(const ptn_skeleton_build_t *b,
    const ptn_skeleton_run_t *run)
{
    ptn_skeleton_io_t      io;
    ptn_skeleton_seg_t     seg;
    ptn_skeleton_verify_t  v;

    v.data = run->part.data.data;
    v.want = b->mime->raw.data + run->start;
    v.left = (size_t) (run->end - run->start);

    memset(&seg, 0, sizeof(ptn_skeleton_seg_t));
    seg.decoded = run->part.data.len;
    seg.cols = run->cols;
    seg.brk = run->brk;
    seg.len = ptn_skeleton_chars(seg.decoded);
    seg.len += seg.brk * ((seg.len - 1) / seg.cols);

    io.blob = ptn_skeleton_verify_blob;
    io.sink = ptn_skeleton_verify_sink;
    io.ctx = &v;

    return seg.len == v.left
           && ptn_skeleton_text(&seg, 0, seg.len, &io) == PTN_OK
           && v.left == 0;
}


/* The line at p; its break's length in *brk, 0 at the end. */
static size_t
ptn_skeleton_line(const u_char *p, const u_char *end, uint32_t *brk)
{
    const u_char  *e;

    e = memchr(p, '\n', (size_t) (end - p));

    if (e == NULL) {
        *brk = 0;
        return (size_t) (end - p);
    }

    if (e != p && e[-1] == '\r') {
        *brk = 2;
        return (size_t) (e - p) - 1;
    }

    *brk = 1;

    return (size_t) (e - p);
}


/* Of the alphabet, at most two of padding behind. */

static bool
ptn_skeleton_is_base64(const u_char *p, size_t n)
{
    size_t  i, span;

    span = ptn_base64_span(p, n);

    if (n - span > 2) {
        return false;
    }

    for (i = span; i < n; i++) {
        if (p[i] != '=') {
            return false;
        }
    }

    return true;
}


/*
 * The run of lines of equal length at the start of a body, the last one
 * shorter perhaps.
 */
static bool
ptn_skeleton_scan(const u_char *p, const u_char *end, ptn_skeleton_run_t *run,
    const u_char *base)
{
    size_t    n;
    uint32_t  brk;

    while (p < end && (*p == '\r' || *p == '\n')) {
        p++;
    }

    run->start = (uint64_t) (p - base);
    run->end = run->start;
    run->cols = 0;
    run->brk = 0;

    while (p < end) {
        n = ptn_skeleton_line(p, end, &brk);

        if (n == 0 || (run->cols != 0 && n > run->cols)
            || !ptn_skeleton_is_base64(p, n))
        {
            break;
        }

        if (run->cols == 0) {
            run->cols = n;
            run->brk = brk ? brk : 1;
        }

        run->end = (uint64_t) (p + n - base);

        if (n < run->cols || brk != run->brk || p[n - 1] == '=') {
            break;
        }

        p += n + brk;
    }

    return run->cols >= PTN_SKELETON_COLS;
}


static ptn_rc_t
ptn_skeleton_take(ptn_skeleton_build_t *b, const ptn_mime_part_t *part)
{
    ptn_rc_t            rc;
    ptn_str_t           text;
    const u_char       *base;
    ptn_skeleton_run_t  run;

    if (part->kind != PTN_MIME_LEAF || part->cte != PTN_CTE_BASE64
        || part->body_len / 4 * 3 < PTN_SKELETON_MIN || b->n == b->max)
    {
        return PTN_OK;
    }

    base = b->mime->raw.data;

    if (!ptn_skeleton_scan(base + part->body,
                           base + part->body + part->body_len, &run, base)
        || (run.end - run.start) / 4 * 3 < PTN_SKELETON_MIN)
    {
        return PTN_OK;
    }

    text = ptn_str_make(base + run.start, (size_t) (run.end - run.start));

    rc = ptn_mime_decode(b->pool, PTN_CTE_BASE64, text, SIZE_MAX,
                         &run.part.data);
    if (rc != PTN_OK) {
        return rc;
    }

    if (run.part.data.len < PTN_SKELETON_MIN || !ptn_skeleton_verify(b, &run))
    {
        return PTN_OK;
    }

    SHA256(run.part.data.data, run.part.data.len, run.part.sha256);
    b->runs[b->n++] = run;

    return PTN_OK;
}


static ptn_rc_t
ptn_skeleton_collect(ptn_skeleton_build_t *b, const ptn_mime_part_t *part)
{
    ptn_rc_t                rc;
    const ptn_mime_part_t  *child;

    rc = ptn_skeleton_take(b, part);

    for (child = part->child; child != NULL && rc == PTN_OK;
         child = child->next)
    {
        rc = ptn_skeleton_collect(b, child);
    }

    return rc;
}


static void
ptn_skeleton_put_n(ptn_buf_t *b, uint64_t n)
{
    while (n >= 0x80) {
        ptn_buf_byte(b, (u_char) (n | 0x80));
        n >>= 7;
    }

    ptn_buf_byte(b, (u_char) n);
}


static void
ptn_skeleton_put_literal(ptn_buf_t *out, ptn_str_t raw, uint64_t from,
    uint64_t to)
{
    if (from != to) {
        ptn_skeleton_put_n(out, (to - from) << 1);
        ptn_buf_add(out, raw.data + from, (size_t) (to - from));
    }
}


ptn_rc_t
ptn_skeleton_build(ptn_pool_t *pool, const ptn_mime_t *mime,
    ptn_str_t *ret_skeleton, ptn_skeleton_part_t **ret_parts, size_t *ret_n)
{
    size_t                 i, size;
    ptn_rc_t               rc;
    uint64_t               pos;
    ptn_buf_t              out;
    ptn_skeleton_part_t   *parts;
    ptn_skeleton_build_t   b;

    memset(&b, 0, sizeof(ptn_skeleton_build_t));
    b.pool = pool;
    b.mime = mime;
    b.max = mime->nparts;

    b.runs = ptn_parray(pool, b.max, sizeof(ptn_skeleton_run_t));
    if (b.runs == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_skeleton_collect(&b, mime->root);
    if (rc != PTN_OK) {
        return rc;
    }

    parts = ptn_parray(pool, b.n, sizeof(ptn_skeleton_part_t));
    if (parts == NULL) {
        return PTN_ENOMEM;
    }

    size = mime->raw.len + 32 + b.n * 96;

    for (i = 0; i < b.n; i++) {
        size -= (size_t) (b.runs[i].end - b.runs[i].start);
    }

    ptn_buf_init(&out, pool);
    ptn_buf_reserve(&out, size);
    ptn_buf_byte(&out, PTN_SKELETON_VERSION);
    ptn_skeleton_put_n(&out, mime->raw.len);

    pos = 0;

    for (i = 0; i < b.n; i++) {
        ptn_skeleton_put_literal(&out, mime->raw, pos, b.runs[i].start);
        ptn_skeleton_put_n(&out, 1);
        ptn_skeleton_put_n(&out, b.runs[i].brk);
        ptn_skeleton_put_n(&out, b.runs[i].cols);
        ptn_skeleton_put_n(&out, b.runs[i].part.data.len);
        ptn_buf_add(&out, b.runs[i].part.sha256, 32);

        parts[i] = b.runs[i].part;
        pos = b.runs[i].end;
    }

    ptn_skeleton_put_literal(&out, mime->raw, pos, mime->raw.len);

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_skeleton = ptn_buf_get(&out);
    *ret_parts = parts;
    *ret_n = b.n;

    return PTN_OK;
}
