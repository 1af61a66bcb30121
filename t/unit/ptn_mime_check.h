/*
 * What must hold of the tree of any bytes; used by the unit tests and by the
 * fuzz target.  Returns NULL, or what is wrong.
 */

#ifndef PTN_MIME_CHECK_H
#define PTN_MIME_CHECK_H


#include "ptn_mime.h"


static inline const char *
ptn_mime_check_part(const ptn_mime_t *mime, const ptn_mime_part_t *part,
    uint64_t from, uint64_t end, u_char eol, bool packed)
{
    uint32_t                n;
    uint64_t                i, lines;
    const char             *bad;
    const ptn_mime_part_t  *child;

    if (part->header < from || part->header > end
        || part->header_len > end - part->header
        || part->body != part->header + part->header_len
        || part->body_len > end - part->body)
    {
        return "ranges";
    }

    if (part->type.len == 0 || part->subtype.len == 0) {
        return "type";
    }

    if (!packed) {
        for (i = 0, lines = 0; i < part->body_len; i++) {
            lines += mime->raw.data[part->body + i] == eol;
        }

        if (lines != part->body_lines) {
            return "body_lines";
        }

        for (n = 0; n < part->nfields; n++) {
            if (part->fields[n].off < part->header
                || part->fields[n].off + part->fields[n].len > part->body)
            {
                return "field ranges";
            }
        }
    }

    from = part->body;
    end = part->body + part->body_len;
    n = 0;

    for (child = part->child; child != NULL; child = child->next) {
        if (child->parent != part || child->nesting != part->nesting + 1) {
            return "links";
        }

        bad = ptn_mime_check_part(mime, child, from, end, eol, packed);
        if (bad != NULL) {
            return bad;
        }

        from = child->body + child->body_len;
        n++;
    }

    if (n != part->nchildren
        || (part->kind == PTN_MIME_LEAF && n != 0)
        || (part->kind == PTN_MIME_MULTIPART && n == 0)
        || (part->kind == PTN_MIME_MESSAGE
            && (n != 1 || part->child->header != part->body)))
    {
        return "children";
    }

    return NULL;
}


/* Quotes, literals and parentheses of an IMAP rendering are in balance. */
static inline const char *
ptn_mime_check_imap(ptn_str_t s)
{
    size_t  i, n, depth;

    depth = 0;

    for (i = 0; i < s.len; i++) {

        switch (s.data[i]) {

        case '(':
            depth++;
            break;

        case ')':
            if (depth-- == 0) {
                return "a parenthesis too many";
            }
            break;

        case '"':
            for (i++; i < s.len && s.data[i] != '"'; i++) {
                if (s.data[i] == '\\') {
                    i++;
                }

                if (i >= s.len || s.data[i] == '\r' || s.data[i] == '\n'
                    || s.data[i] == '\0' || s.data[i] >= 0x80)
                {
                    return "a byte that may not be quoted";
                }
            }

            if (i >= s.len) {
                return "an open quote";
            }
            break;

        case '{':
            for (n = 0, i++; i < s.len && s.data[i] != '}'; i++) {
                n = n * 10 + (size_t) (s.data[i] - '0');
            }

            if (i + 3 > s.len || n > s.len - i - 3) {
                return "a literal too long";
            }

            i += 2 + n;
            break;

        case '\0':
        case '\r':
        case '\n':
            return "a bare control character";
        }
    }

    return depth ? "an open parenthesis" : NULL;
}


static inline const char *
ptn_mime_check_render(ptn_pool_t *pool, const ptn_mime_t *mime,
    ptn_str_t ret[3])
{
    int          i;
    ptn_buf_t    b[3];
    const char  *bad;

    for (i = 0; i < 3; i++) {
        ptn_buf_init(&b[i], pool);
    }

    ptn_mime_imap_envelope(&b[0], pool, mime->root);
    ptn_mime_imap_structure(&b[1], pool, mime->root, false);
    ptn_mime_imap_structure(&b[2], pool, mime->root, true);

    for (i = 0; i < 3; i++) {
        if (b[i].failed) {
            return "no memory";
        }

        ret[i] = ptn_buf_get(&b[i]);
        bad = ptn_mime_check_imap(ret[i]);

        if (bad != NULL) {
            return bad;
        }
    }

    return NULL;
}


static inline const char *
ptn_mime_check(ptn_pool_t *pool, const ptn_mime_t *mime)
{
    int          i;
    u_char       eol;
    ptn_str_t    packed, a[3], b[3];
    ptn_mime_t  *un;
    const char  *bad;

    eol = mime->raw.len == 0 || memchr(mime->raw.data, '\n', mime->raw.len)
          ? '\n' : '\r';

    bad = ptn_mime_check_part(mime, mime->root, 0, mime->raw.len, eol, false);
    if (bad != NULL) {
        return bad;
    }

    if (mime->root->body + mime->root->body_len != mime->raw.len) {
        return "the tree does not cover the message";
    }

    bad = ptn_mime_check_render(pool, mime, a);
    if (bad != NULL) {
        return bad;
    }

    if (ptn_mime_pack(pool, mime, &packed) != PTN_OK
        || ptn_mime_unpack(pool, packed, &un) != PTN_OK)
    {
        return "pack";
    }

    bad = ptn_mime_check_part(un, un->root, 0, mime->raw.len, eol, true);
    if (bad != NULL) {
        return bad;
    }

    bad = ptn_mime_check_render(pool, un, b);
    if (bad != NULL) {
        return bad;
    }

    for (i = 0; i < 3; i++) {
        if (!ptn_str_eq(a[i], b[i])) {
            return "the packed tree gives another rendering";
        }
    }

    return un->nparts == mime->nparts ? NULL : "number of parts";
}


#endif /* PTN_MIME_CHECK_H */
