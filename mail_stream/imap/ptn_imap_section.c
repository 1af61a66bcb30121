/*
 * BODY[section]<partial> and its older forms (RFC 3501 6.4.5): slices of the
 * original bytes, found through the stored structure.
 */

#include "ptn_imap.h"


/* A header of this size is filtered in memory; none is larger in earnest. */
#define PTN_IMAP_HEADER_MAX  (16 * 1024 * 1024)

typedef struct {
    uint64_t  off, len;
    bool      nil;
} ptn_imap_slice_t;

typedef struct {
    ptn_imap_t  *c;
    uint64_t     left;
} ptn_imap_section_sink_t;


/*
 * HEADER and TEXT are of a message: the whole one, or an embedded one that
 * the numbers name.
 */

static const ptn_mime_part_t *
ptn_imap_section_message(const ptn_mime_t *mime, const ptn_mime_part_t *part,
    const ptn_imap_item_t *item)
{
    if (item->nnumbers == 0) {
        return mime->root;
    }

    return part->kind == PTN_MIME_MESSAGE ? part->child : NULL;
}


static void
ptn_imap_section_slice(const ptn_mime_t *mime, const ptn_imap_item_t *item,
    ptn_imap_slice_t *ret)
{
    const ptn_mime_part_t  *part, *message;

    memset(ret, 0, sizeof(*ret));

    part = ptn_mime_section(mime, item->numbers, item->nnumbers);

    if (part == NULL) {
        ret->nil = true;
        return;
    }

    switch (item->part) {

    case PTN_IMAP_ALL:
        ret->off = part->body;
        ret->len = part->body_len;
        return;

    case PTN_IMAP_MIME:
        ret->off = part->header;
        ret->len = part->header_len;
        return;

    default:
        message = ptn_imap_section_message(mime, part, item);
    }

    if (message == NULL) {
        ret->nil = true;

    } else if (item->part == PTN_IMAP_TEXT) {
        ret->off = message->body;
        ret->len = message->body_len;

    } else {
        ret->off = message->header;
        ret->len = message->header_len;
    }
}


/*
 * Field names are compared without case up to the colon; continuation lines
 * belong to the field before them.  The empty line is added always.
 */

static bool
ptn_imap_section_wanted(ptn_str_t line, const ptn_imap_item_t *item)
{
    size_t     i;
    u_char    *colon;
    ptn_str_t  name;

    colon = memchr(line.data, ':', line.len);
    name = line;

    if (colon == NULL) {
        return false;
    }

    name.len = (size_t) (colon - line.data);

    while (name.len != 0 && (name.data[name.len - 1] == ' '
                             || name.data[name.len - 1] == '\t'))
    {
        name.len--;
    }

    for (i = 0; i < item->nfields; i++) {
        if (ptn_str_ieq(name, item->fields[i])) {
            return item->part == PTN_IMAP_FIELDS;
        }
    }

    return item->part == PTN_IMAP_FIELDS_NOT;
}


ptn_rc_t
ptn_imap_section_fields(ptn_pool_t *pool, ptn_str_t header,
    const ptn_imap_item_t *item, ptn_str_t *ret)
{
    bool       wanted, first;
    u_char    *p, *end, *lf;
    ptn_buf_t  out;
    ptn_str_t  line;

    ptn_buf_init(&out, pool);

    p = header.data;
    end = p + header.len;
    wanted = false;

    for (first = true; p < end; p += line.len, first = false) {

        lf = memchr(p, '\n', (size_t) (end - p));
        line = ptn_str_make(p, (size_t) ((lf ? lf + 1 : end) - p));

        if (*p == '\n' || (*p == '\r' && line.len == 2)) {
            break;
        }

        if (first || (*p != ' ' && *p != '\t')) {
            wanted = ptn_imap_section_wanted(line, item);
        }

        if (wanted) {
            ptn_buf_str(&out, line);
        }
    }

    if (out.len != 0 && out.data[out.len - 1] != '\n') {
        ptn_buf_z(&out, "\r\n");
    }

    ptn_buf_z(&out, "\r\n");

    *ret = ptn_buf_get(&out);

    return out.failed ? PTN_ENOMEM : PTN_OK;
}


static ptn_rc_t
ptn_imap_section_write(void *ctx, const u_char *p, size_t n)
{
    ptn_imap_section_sink_t  *sink = ctx;

    if (n > sink->left) {
        return PTN_ECORRUPT;
    }

    sink->left -= n;
    ptn_imap_out(sink->c, p, n);
    ptn_imap_out_progress(sink->c);

    if (sink->c->failed == PTN_OK && sink->c->s->cancelled(sink->c->s)) {
        sink->c->failed = PTN_ECANCEL;
    }

    return sink->c->failed;
}


/* <origin.count>: what of [0, len) is wanted. */

static void
ptn_imap_section_partial(const ptn_imap_item_t *item, uint64_t *off,
    uint64_t *len)
{
    uint64_t  skip;

    if (!item->partial) {
        return;
    }

    skip = ptn_min(item->off, *len);
    *off += skip;
    *len = ptn_min(*len - skip, item->max);
}


static void
ptn_imap_section_head(ptn_imap_t *c, const ptn_imap_item_t *item,
    uint64_t len)
{
    ptn_imap_out_str(c, item->label);
    PTN_IMAP_LIT(c, " {");
    ptn_imap_out_u64(c, len);
    PTN_IMAP_LIT(c, "}\r\n");
}


static ptn_rc_t
ptn_imap_section_filtered(ptn_imap_t *c, ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_imap_item_t *item, const ptn_imap_slice_t *slice)
{
    ptn_rc_t   rc;
    uint64_t   off, len;
    ptn_str_t  header, fields;

    rc = ptn_msg_slice(msg, pool, slice->off,
                       ptn_min(slice->len, (uint64_t) PTN_IMAP_HEADER_MAX),
                       PTN_IMAP_HEADER_MAX, &header);

    if (rc == PTN_OK) {
        rc = ptn_imap_section_fields(pool, header, item, &fields);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    off = 0;
    len = fields.len;
    ptn_imap_section_partial(item, &off, &len);

    ptn_imap_section_head(c, item, len);
    ptn_imap_out(c, fields.data + off, (size_t) len);

    return PTN_OK;
}


ptn_rc_t
ptn_imap_section(ptn_imap_t *c, ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_imap_item_t *item)
{
    ptn_rc_t                  rc;
    ptn_row_t                 row;
    const ptn_mime_t         *mime;
    ptn_imap_slice_t          slice;
    ptn_imap_section_sink_t   sink;

    if (item->part == PTN_IMAP_ALL && item->nnumbers == 0) {

        /* all of it: no structure needed */

        ptn_msg_row(msg, &row);
        memset(&slice, 0, sizeof(slice));
        slice.len = row.size;

    } else {
        rc = ptn_msg_structure(msg, &mime);
        if (rc != PTN_OK) {
            return rc;
        }

        ptn_imap_section_slice(mime, item, &slice);
    }

    if (slice.nil) {
        ptn_imap_out_str(c, item->label);
        PTN_IMAP_LIT(c, " NIL");
        return PTN_OK;
    }

    if (item->part == PTN_IMAP_FIELDS || item->part == PTN_IMAP_FIELDS_NOT) {
        return ptn_imap_section_filtered(c, pool, msg, item, &slice);
    }

    ptn_imap_section_partial(item, &slice.off, &slice.len);
    ptn_imap_section_head(c, item, slice.len);

    if (slice.len == 0) {
        return c->failed;
    }

    sink.c = c;
    sink.left = slice.len;

    rc = ptn_msg_bytes(msg, slice.off, slice.len, ptn_imap_section_write,
                       &sink);

    return rc == PTN_OK && sink.left != 0 ? PTN_ECORRUPT : rc;
}
