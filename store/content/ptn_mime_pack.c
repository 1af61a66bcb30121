#include "ptn_mime_header.h"


/*
 * The packed structure.  Numbers are LEB128; a string is 2 * length and its
 * bytes, or 2 * index + 1 into the list of words below.
 *
 *   version  size of the message  flags
 *   part: kind and flags, encoding, header offset (from the end of what stands
 *     before it), header length, body length, lines, number of children,
 *     type, subtype, which of the optional strings follow, those,
 *     parameters, parameters of the disposition, ENVELOPE fields, children
 *
 * Indexes of the words are stored in mailboxes: append only.
 */

#define PTN_MIME_PACK_VERSION  1
#define PTN_MIME_PACK_DEPTH    (PTN_MIME_NESTING_MAX + 1)
#define PTN_MIME_PACK_PARTS    (PTN_MIME_PARTS_MAX + PTN_MIME_NESTING_MAX + 1)

#define PTN_MIME_PACK_OPAQUE   0x04
#define PTN_MIME_PACK_TYPE     0x08


static const ptn_str_t  ptn_mime_words[] = {
    ptn_string("text"), ptn_string("plain"), ptn_string("html"),
    ptn_string("multipart"), ptn_string("mixed"), ptn_string("alternative"),
    ptn_string("related"), ptn_string("charset"), ptn_string("utf-8"),
    ptn_string("us-ascii"), ptn_string("iso-8859-1"), ptn_string("boundary"),
    ptn_string("name"), ptn_string("filename"), ptn_string("attachment"),
    ptn_string("inline"), ptn_string("application"),
    ptn_string("octet-stream"), ptn_string("image"), ptn_string("jpeg"),
    ptn_string("png"), ptn_string("gif"), ptn_string("pdf"),
    ptn_string("message"), ptn_string("rfc822"), ptn_string("delivery-status"),
    ptn_string("report"), ptn_string("report-type"), ptn_string("signed"),
    ptn_string("protocol"), ptn_string("micalg"), ptn_string("format"),
    ptn_string("flowed"), ptn_string("delsp"), ptn_string("yes"),
    ptn_string("type"), ptn_string("7bit"), ptn_string("8bit"),
    ptn_string("binary"), ptn_string("quoted-printable"), ptn_string("base64"),
    ptn_string("calendar"), ptn_string("method"), ptn_string("REQUEST"),
    ptn_string("UTF-8"), ptn_string("Windows-1252"),
    ptn_string("windows-1252"), ptn_string("iso-8859-15"),
    ptn_string("ISO-8859-1"), ptn_string("size"), ptn_string("creation-date"),
    ptn_string("modification-date"), ptn_string("x-zip-compressed"),
    ptn_string("zip"), ptn_string("en-US"),
    ptn_string("multipart/alternative"), ptn_string("text/html"),
    ptn_string("text/plain"), ptn_string("rfc822-headers"),
    ptn_string("digest"), ptn_string("charset*"),
    ptn_string("pkcs7-signature"), ptn_string("pkcs7-mime"),
    ptn_string("smime.p7s"), ptn_string("ms-tnef"), ptn_string("winmail.dat"),
    ptn_string("text/calendar"), ptn_string("x-unix-mode"),
    ptn_string("vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ptn_string("vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ptn_string("vnd.openxmlformats-officedocument.presentationml.presentation"),
    ptn_string("msword"), ptn_string("vnd.ms-excel"), ptn_string("us-ASCII"),
    ptn_string("US-ASCII"), ptn_string("x-apple-part-url"),
    ptn_string("reply-type"), ptn_string("original"), ptn_string("response"),
    ptn_string("audio"), ptn_string("video"), ptn_string("mp4"),
    ptn_string("mpeg"),
};


static const char *const  ptn_mime_envelope_names[] = {
#define PTN_MIME_PACK_NAME(name, kind, other)  name,
    PTN_MIME_ENVELOPE(PTN_MIME_PACK_NAME)
#undef PTN_MIME_PACK_NAME
};


/* The optional strings of a part. */
#define PTN_MIME_OPTIONAL(O)                                                  \
    O(disposition)  O(cte_name)  O(id)  O(description)  O(md5)  O(location)   \
    O(language)


/* --- writing ------------------------------------------------------------- */

static void
ptn_mime_pack_n(ptn_buf_t *b, uint64_t n)
{
    while (n >= 0x80) {
        ptn_buf_byte(b, (u_char) (n | 0x80));
        n >>= 7;
    }

    ptn_buf_byte(b, (u_char) n);
}


static void
ptn_mime_pack_str(ptn_buf_t *b, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_mime_words); i++) {
        if (ptn_str_eq(s, ptn_mime_words[i])) {
            ptn_mime_pack_n(b, i << 1 | 1);
            return;
        }
    }

    ptn_mime_pack_n(b, (uint64_t) s.len << 1);
    ptn_buf_str(b, s);
}


static void
ptn_mime_pack_params(ptn_buf_t *b, const ptn_mime_param_t *params, uint32_t n)
{
    uint32_t  i;

    ptn_mime_pack_n(b, n);

    for (i = 0; i < n; i++) {
        ptn_mime_pack_str(b, params[i].name);
        ptn_mime_pack_str(b, params[i].value);
    }
}


/* The ENVELOPE's fields; more than one of a name only where it is a list. */
static void
ptn_mime_pack_fields(ptn_buf_t *b, const ptn_mime_part_t *part)
{
    size_t                   k;
    uint32_t                 i, n, pass, seen;
    const ptn_mime_field_t  *f;
    static const bool        lists[] = {
#define PTN_MIME_PACK_LIST_TEXT   false
#define PTN_MIME_PACK_LIST_ADDRS  true
#define PTN_MIME_PACK_LIST(name, kind, other)  PTN_MIME_PACK_LIST_##kind,
        PTN_MIME_ENVELOPE(PTN_MIME_PACK_LIST)
#undef PTN_MIME_PACK_LIST
    };

    n = 0;

    for (pass = 0; pass < 2; pass++) {
        seen = 0;

        if (pass == 1) {
            ptn_mime_pack_n(b, n);
        }

        for (i = 0; i < part->nfields; i++) {
            f = &part->fields[i];

            for (k = 0; k < ptn_nelts(ptn_mime_envelope_names); k++) {
                if (ptn_str_ieqz(f->name, ptn_mime_envelope_names[k])) {
                    break;
                }
            }

            if (k == ptn_nelts(ptn_mime_envelope_names)
                || (seen & 1u << k && !lists[k]))
            {
                continue;
            }

            seen |= 1u << k;

            if (pass == 0) {
                n++;

            } else {
                ptn_mime_pack_n(b, k);
                ptn_mime_pack_str(b, f->value);
            }
        }
    }
}


static void
ptn_mime_pack_part(ptn_buf_t *b, const ptn_mime_part_t *part, uint64_t pos)
{
    u_char                  flags;
    uint32_t                mask, bit;
    const ptn_mime_part_t  *child;

    flags = (u_char) (part->kind
                      | (part->opaque ? PTN_MIME_PACK_OPAQUE : 0)
                      | (part->has_type ? PTN_MIME_PACK_TYPE : 0));

    ptn_buf_byte(b, flags);
    ptn_buf_byte(b, part->cte);
    ptn_mime_pack_n(b, part->header - pos);
    ptn_mime_pack_n(b, part->header_len);
    ptn_mime_pack_n(b, part->body_len);
    ptn_mime_pack_n(b, part->body_lines);
    ptn_mime_pack_n(b, part->nchildren);
    ptn_mime_pack_str(b, part->type);
    ptn_mime_pack_str(b, part->subtype);

    mask = 0;
    bit = 1;
#define PTN_MIME_PACK_MASK(member)                                            \
    mask |= part->member.len ? bit : 0;                                       \
    bit <<= 1;
    PTN_MIME_OPTIONAL(PTN_MIME_PACK_MASK)
#undef PTN_MIME_PACK_MASK

    ptn_mime_pack_n(b, mask);

#define PTN_MIME_PACK_OPT(member)                                             \
    if (part->member.len) {                                                   \
        ptn_mime_pack_str(b, part->member);                                   \
    }
    PTN_MIME_OPTIONAL(PTN_MIME_PACK_OPT)
#undef PTN_MIME_PACK_OPT

    ptn_mime_pack_params(b, part->params, part->nparams);
    ptn_mime_pack_params(b, part->disp_params, part->ndisp_params);

    if (part->parent == NULL || part->parent->kind == PTN_MIME_MESSAGE) {
        ptn_mime_pack_fields(b, part);

    } else {
        ptn_mime_pack_n(b, 0);
    }

    pos = part->body;

    for (child = part->child; child != NULL; child = child->next) {
        ptn_mime_pack_part(b, child, pos);
        pos = child->body + child->body_len;
    }
}


ptn_rc_t
ptn_mime_pack(ptn_pool_t *pool, const ptn_mime_t *mime, ptn_str_t *ret_packed)
{
    ptn_buf_t               b;
    const ptn_mime_part_t  *root;

    root = mime->root;
    ptn_buf_init(&b, pool);

    ptn_buf_byte(&b, PTN_MIME_PACK_VERSION);
    ptn_mime_pack_n(&b, root->body + root->body_len);
    ptn_buf_byte(&b, mime->truncated);
    ptn_mime_pack_part(&b, root, 0);

    if (b.failed) {
        return PTN_ENOMEM;
    }

    *ret_packed = ptn_buf_get(&b);

    return PTN_OK;
}


/* --- reading ------------------------------------------------------------- */

typedef struct {
    ptn_pool_t  *pool;
    ptn_mime_t  *mime;
    u_char      *p, *end;
    uint64_t     size;          /* of the message */
    ptn_rc_t     rc;            /* of the first error */
} ptn_mime_unpack_t;


static uint64_t
ptn_mime_unpack_bad(ptn_mime_unpack_t *u, ptn_rc_t rc)
{
    if (u->rc == PTN_OK) {
        u->rc = rc;
    }

    u->p = u->end;

    return 0;
}


static uint64_t
ptn_mime_unpack_n(ptn_mime_unpack_t *u, uint64_t max)
{
    u_char    c;
    uint64_t  n;
    unsigned  shift;

    n = 0;

    for (shift = 0; shift < 63; shift += 7) {

        if (u->p == u->end) {
            return ptn_mime_unpack_bad(u, PTN_ECORRUPT);
        }

        c = *u->p++;
        n |= (uint64_t) (c & 0x7f) << shift;

        if (c < 0x80) {
            return n <= max ? n : ptn_mime_unpack_bad(u, PTN_ECORRUPT);
        }
    }

    return ptn_mime_unpack_bad(u, PTN_ECORRUPT);
}


static ptn_str_t
ptn_mime_unpack_str(ptn_mime_unpack_t *u)
{
    uint64_t   n;
    ptn_str_t  s = ptn_null_string;

    n = ptn_mime_unpack_n(u, INT64_MAX);

    if (n & 1) {
        if (n >> 1 >= ptn_nelts(ptn_mime_words)) {
            ptn_mime_unpack_bad(u, PTN_ECORRUPT);
            return s;
        }

        return ptn_mime_words[n >> 1];
    }

    n >>= 1;

    if (n > (uint64_t) (u->end - u->p)) {
        ptn_mime_unpack_bad(u, PTN_ECORRUPT);
        return s;
    }

    s = ptn_str_make(u->p, n);
    u->p += n;

    return s;
}


static uint32_t
ptn_mime_unpack_params(ptn_mime_unpack_t *u, ptn_mime_param_t **ret)
{
    uint32_t           i, n;
    ptn_mime_param_t  *params;

    n = (uint32_t) ptn_mime_unpack_n(u, PTN_MIME_PARAMS_MAX);
    if (n == 0) {
        return 0;
    }

    params = ptn_parray(u->pool, n, sizeof(ptn_mime_param_t));
    if (params == NULL) {
        ptn_mime_unpack_bad(u, PTN_ENOMEM);
        return 0;
    }

    for (i = 0; i < n; i++) {
        params[i].name = ptn_mime_unpack_str(u);
        params[i].value = ptn_mime_unpack_str(u);
    }

    *ret = params;

    return n;
}


static void
ptn_mime_unpack_fields(ptn_mime_unpack_t *u, ptn_mime_part_t *part)
{
    uint32_t           i, n;
    uint64_t           name;
    ptn_mime_field_t  *f;

    /* each takes two bytes at least */

    n = (uint32_t) ptn_mime_unpack_n(u, (uint64_t) (u->end - u->p) / 2);
    if (n == 0) {
        return;
    }

    f = ptn_parray(u->pool, n, sizeof(ptn_mime_field_t));
    if (f == NULL) {
        ptn_mime_unpack_bad(u, PTN_ENOMEM);
        return;
    }

    memset(f, 0, n * sizeof(ptn_mime_field_t));

    for (i = 0; i < n; i++) {
        name = ptn_mime_unpack_n(u, ptn_nelts(ptn_mime_envelope_names) - 1);
        f[i].name = ptn_str_z(ptn_mime_envelope_names[name]);
        f[i].value = ptn_mime_unpack_str(u);
    }

    part->fields = f;
    part->nfields = n;
}


static void
ptn_mime_unpack_strings(ptn_mime_unpack_t *u, ptn_mime_part_t *part)
{
    uint64_t  mask;

    part->type = ptn_mime_unpack_str(u);
    part->subtype = ptn_mime_unpack_str(u);
    mask = ptn_mime_unpack_n(u, 0x7f);

#define PTN_MIME_UNPACK_OPT(member)                                           \
    if (mask & 1) {                                                           \
        part->member = ptn_mime_unpack_str(u);                                \
    }                                                                         \
    mask >>= 1;
    PTN_MIME_OPTIONAL(PTN_MIME_UNPACK_OPT)
#undef PTN_MIME_UNPACK_OPT

    part->nparams = ptn_mime_unpack_params(u, &part->params);
    part->ndisp_params = ptn_mime_unpack_params(u, &part->disp_params);
    ptn_mime_unpack_fields(u, part);
}


static ptn_mime_part_t *
ptn_mime_unpack_part(ptn_mime_unpack_t *u, ptn_mime_part_t *parent,
    uint64_t pos, uint64_t end)
{
    u_char             flags;
    uint32_t           i, n;
    ptn_mime_part_t   *part, *child, **tail;

    part = ptn_pcalloc(u->pool, sizeof(ptn_mime_part_t));
    if (part == NULL) {
        ptn_mime_unpack_bad(u, PTN_ENOMEM);
        return NULL;
    }

    part->parent = parent;
    part->nesting = parent ? parent->nesting + 1 : 0;

    flags = (u_char) ptn_mime_unpack_n(u, 0x0f);
    part->kind = flags & 0x03;
    part->opaque = (flags & PTN_MIME_PACK_OPAQUE) != 0;
    part->has_type = (flags & PTN_MIME_PACK_TYPE) != 0;
    part->cte = (uint8_t) ptn_mime_unpack_n(u, PTN_CTE_OTHER);

    part->header = pos + ptn_mime_unpack_n(u, end - pos);
    part->header_len = ptn_mime_unpack_n(u, end - part->header);
    part->body = part->header + part->header_len;
    part->body_len = ptn_mime_unpack_n(u, end - part->body);
    part->body_lines = (uint32_t) ptn_mime_unpack_n(u, UINT32_MAX);
    n = (uint32_t) ptn_mime_unpack_n(u, PTN_MIME_PACK_PARTS);

    ptn_mime_unpack_strings(u, part);

    if (part->kind > PTN_MIME_MESSAGE
        || part->type.len == 0 || part->subtype.len == 0
        || (part->kind == PTN_MIME_LEAF && n != 0)
        || (part->kind == PTN_MIME_MULTIPART && n == 0)
        || (part->kind == PTN_MIME_MESSAGE && n != 1)
        || (parent != NULL && parent->kind == PTN_MIME_MESSAGE
            && part->header != parent->body)
        || ++u->mime->nparts > PTN_MIME_PACK_PARTS
        || part->nesting > PTN_MIME_PACK_DEPTH)
    {
        ptn_mime_unpack_bad(u, PTN_ECORRUPT);
    }

    if (u->rc != PTN_OK) {
        return NULL;
    }

    pos = part->body;
    end = part->body + part->body_len;
    tail = &part->child;

    for (i = 0; i < n; i++) {
        child = ptn_mime_unpack_part(u, part, pos, end);
        if (child == NULL) {
            return NULL;
        }

        pos = child->body + child->body_len;
        *tail = child;
        tail = &child->next;
        part->nchildren++;
    }

    return part;
}


ptn_rc_t
ptn_mime_unpack(ptn_pool_t *pool, ptn_str_t packed, ptn_mime_t **ret_mime)
{
    ptn_mime_unpack_t  u;

    memset(&u, 0, sizeof(ptn_mime_unpack_t));
    u.pool = pool;

    if (packed.len == 0) {
        return PTN_ECORRUPT;
    }

    u.p = packed.data;
    u.end = packed.data + packed.len;

    u.mime = ptn_pcalloc(pool, sizeof(ptn_mime_t));
    if (u.mime == NULL) {
        return PTN_ENOMEM;
    }

    if (ptn_mime_unpack_n(&u, UINT8_MAX) != PTN_MIME_PACK_VERSION) {
        return PTN_ECORRUPT;
    }

    u.size = ptn_mime_unpack_n(&u, INT64_MAX);
    u.mime->truncated = ptn_mime_unpack_n(&u, 1) != 0;
    u.mime->root = ptn_mime_unpack_part(&u, NULL, 0, u.size);

    if (u.rc != PTN_OK) {
        return u.rc;
    }

    if (u.p != u.end) {
        return PTN_ECORRUPT;
    }

    *ret_mime = u.mime;

    return PTN_OK;
}
