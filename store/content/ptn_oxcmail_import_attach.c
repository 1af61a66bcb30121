#include "ptn_oxcmail_in.h"


#define PTN_ATTACH_BY_VALUE  1          /* MS-OXCMSG 2.2.2.9 */
#define PTN_ATTACH_EMBEDDED  5


/* Extensions for parts that have no file name. */
static const struct {
    const char  *type, *subtype;        /* subtype NULL: all others */
    const char  *extension;
} ptn_oxcmail_extensions[] = {
    { "text", "html", ".htm" },
    { "text", "calendar", ".ics" },
    { "text", "vcard", ".vcf" },
    { "text", "x-vcard", ".vcf" },
    { "text", "directory", ".vcf" },
    { "text", "csv", ".csv" },
    { "text", "rtf", ".rtf" },
    { "text", "xml", ".xml" },
    { "text", NULL, ".txt" },
    { "image", "jpeg", ".jpg" },
    { "image", "pjpeg", ".jpg" },
    { "image", "gif", ".gif" },
    { "image", "png", ".png" },
    { "image", "bmp", ".bmp" },
    { "image", "tiff", ".tif" },
    { "image", "svg+xml", ".svg" },
    { "audio", "mpeg", ".mp3" },
    { "audio", "wav", ".wav" },
    { "audio", "x-wav", ".wav" },
    { "video", "mp4", ".mp4" },
    { "video", "mpeg", ".mpg" },
    { "message", "rfc822", ".eml" },
    { "message", NULL, ".txt" },
    { "application", "pdf", ".pdf" },
    { "application", "zip", ".zip" },
    { "application", "msword", ".doc" },
    { "application", "rtf", ".rtf" },
    { "application", "ics", ".ics" },
    { "application", "pkcs7-signature", ".p7s" },
    { "application", "x-pkcs7-signature", ".p7s" },
    { "application", "pgp-signature", ".asc" },
};


static const char *
ptn_oxcmail_extension(const ptn_mime_part_t *part)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_oxcmail_extensions); i++) {
        if (ptn_str_eqz(part->type, ptn_oxcmail_extensions[i].type)
            && (ptn_oxcmail_extensions[i].subtype == NULL
                || ptn_str_eqz(part->subtype,
                               ptn_oxcmail_extensions[i].subtype)))
        {
            return ptn_oxcmail_extensions[i].extension;
        }
    }

    return ".dat";
}


/* The last component: no path of somebody else's disk; no control bytes. */

static ptn_str_t
ptn_oxcmail_basename(ptn_pool_t *pool, ptn_str_t name)
{
    size_t  i, n;

    name = ptn_oxcmail_text(pool, name);

    if (name.len == 0) {
        return name;
    }

    for (i = name.len; i > 0; i--) {
        if (name.data[i - 1] == '/' || name.data[i - 1] == '\\') {
            break;
        }
    }

    name.data += i;
    name.len -= i;

    for (i = 0; i < name.len && name.data[i] >= 0x20; i++) {
        /* void */
    }

    if (i < name.len) {
        name = ptn_str_dup(pool, name);

        for (i = 0, n = 0; i < name.len; i++) {
            if (name.data[i] >= 0x20) {
                name.data[n++] = name.data[i];
            }
        }

        name.len = ptn_min(n, name.len);
    }

    name = ptn_mime_trim(name);

    return (ptn_str_eqz(name, ".") || ptn_str_eqz(name, ".."))
           ? ptn_str_make(name.data, 0) : name;
}


/* MS-OXCMAIL 2.2.3.4.1.1: Content-Disposition, then Content-Type, then one
 * that is made. */

static ptn_str_t
ptn_oxcmail_filename(ptn_oxcmail_in_t *in, const ptn_oxcmail_item_t *item,
    uint32_t num)
{
    ptn_str_t               name, subject, prefix, rest;
    const ptn_mime_part_t  *part;
    const ptn_mime_field_t *f;

    part = item->part;

    if (item->role == PTN_OXCMAIL_SIGNED
        || (in->smime != NULL && part == in->root))
    {
        return ptn_str("smime.p7m");
    }

    name = ptn_oxcmail_basename(in->pool,
               ptn_mime_param(part->disp_params, part->ndisp_params,
                              "filename"));
    if (name.len == 0) {
        name = ptn_oxcmail_basename(in->pool,
                   ptn_mime_param(part->params, part->nparams, "name"));
    }

    if (name.len == 0 && part->kind == PTN_MIME_MESSAGE && part->child) {
        f = ptn_mime_field(part->child, "subject");
        subject = f ? ptn_oxcmail_subject(in->pool, f->value, &prefix, &rest)
                    : (ptn_str_t) ptn_null_string;

        if (subject.len != 0) {
            return subject;
        }
    }

    if (name.len == 0) {
        name = ptn_str_printf(in->pool, "ATT%05u%s", num + 1,
                              ptn_oxcmail_extension(part));
    }

    return name;
}


static bool
ptn_oxcmail_alnum(u_char c)
{
    return (c >= '0' && c <= '9') || (ptn_tolower(c) >= 'a'
                                      && ptn_tolower(c) <= 'z');
}


/* What MS-DOS could have called it: MS-OXCMSG 2.2.2.11. */

static ptn_str_t
ptn_oxcmail_short_name(ptn_pool_t *pool, ptn_str_t name, ptn_str_t extension)
{
    u_char     *p;
    size_t      i, n, base;
    bool        whole;

    base = name.len - extension.len;
    whole = base > 0 && base <= 8 && extension.len <= 4;

    for (i = 0; whole && i < name.len; i++) {
        whole = ptn_oxcmail_alnum(name.data[i]) || name.data[i] == '_'
                || name.data[i] == '-' || i == base;
    }

    if (whole) {
        return name;
    }

    p = ptn_palloc(pool, 12);
    if (p == NULL) {
        return (ptn_str_t) ptn_null_string;
    }

    for (i = 0, n = 0; i < base && n < 6; i++) {
        if (ptn_oxcmail_alnum(name.data[i]) || name.data[i] == '_') {
            p[n++] = name.data[i];
        }
    }

    p[n++] = '~';
    p[n++] = '1';
    base = n;

    for (i = 0; i < extension.len && n < base + 4; i++) {
        if (ptn_oxcmail_alnum(extension.data[i]) || extension.data[i] == '.') {
            p[n++] = extension.data[i];
        }
    }

    return ptn_str_make(p, n);
}


static void
ptn_oxcmail_attach_names(ptn_oxcmail_in_t *in, ptn_attach_t *attach,
    const ptn_oxcmail_item_t *item)
{
    u_char      *dot;
    ptn_str_t    name, extension;

    name = ptn_oxcmail_filename(in, item, attach->num);
    dot = name.len ? memrchr(name.data, '.', name.len) : NULL;
    extension = ptn_str("");

    ptn_oxcmail_put(in, &attach->props, PTN_PR_DISPLAY_NAME, name);

    if (item->part->kind == PTN_MIME_MESSAGE) {
        return;                     /* it has a subject, no file name */
    }

    if (dot != NULL && dot != name.data) {
        extension = ptn_str_make(dot, name.len - (size_t) (dot - name.data));
    }

    ptn_oxcmail_put(in, &attach->props, PTN_PR_ATTACH_LONG_FILENAME, name);
    ptn_oxcmail_put(in, &attach->props, PTN_PR_ATTACH_EXTENSION, extension);
    ptn_oxcmail_put(in, &attach->props, PTN_PR_ATTACH_FILENAME,
                    ptn_oxcmail_short_name(in->pool, name, extension));
}


static void
ptn_oxcmail_attach_date(ptn_oxcmail_in_t *in, ptn_attach_t *attach,
    const ptn_mime_part_t *part, const char *param, uint32_t tag)
{
    int        zone;
    int64_t    sec;
    ptn_str_t  s;

    s = ptn_mime_param(part->disp_params, part->ndisp_params, param);

    if (s.len != 0 && ptn_mime_date(s, &sec, &zone) == PTN_OK
        && sec > -PTN_FILETIME_1970 / 10000000 && sec < 253402300800LL)
    {
        ptn_oxcmail_put_int(in, &attach->props, tag, ptn_filetime(sec));
    }
}


/* "<id>" without its brackets. */

static ptn_str_t
ptn_oxcmail_content_id(ptn_pool_t *pool, ptn_str_t id)
{
    id = ptn_oxcmail_id(pool, id);

    if (id.len >= 2 && id.data[0] == '<' && id.data[id.len - 1] == '>') {
        id.data++;
        id.len -= 2;
    }

    return ptn_mime_trim(id);
}


static void
ptn_oxcmail_attach_mime(ptn_oxcmail_in_t *in, ptn_attach_t *attach,
    const ptn_oxcmail_item_t *item)
{
    bool                     rendered;
    ptn_str_t                s;
    ptn_props_t             *props;
    const ptn_mime_part_t   *part;
    const ptn_mime_field_t  *f;

    part = item->part;
    props = &attach->props;
    rendered = item->role == PTN_OXCMAIL_INLINE;

    if (part->kind == PTN_MIME_MESSAGE) {
        ptn_oxcmail_put(in, props, PTN_PR_ATTACH_MIME_TAG,
                        ptn_str("message/rfc822"));

    } else if (ptn_str_eqz(part->type, "multipart")
               || (ptn_str_eqz(part->type, "message")
                   && (ptn_str_eqz(part->subtype, "rfc822")
                       || ptn_str_eqz(part->subtype, "global"))))
    {
        /* it could not be read as that: BODYSTRUCTURE says so too */

        ptn_oxcmail_put(in, props, PTN_PR_ATTACH_MIME_TAG,
                        item->role == PTN_OXCMAIL_SIGNED
                        ? ptn_str("multipart/signed")
                        : ptn_str("application/octet-stream"));

    } else if (part->type.len + part->subtype.len < 250) {
        s = ptn_str_printf(in->pool, "%.*s/%.*s", ptn_str_arg(part->type),
                           ptn_str_arg(part->subtype));
        s = ptn_oxcmail_clean(in->pool, ptn_mime_guess(in->pool, s));
        ptn_oxcmail_put(in, props, PTN_PR_ATTACH_MIME_TAG, s);
    }

    s = ptn_oxcmail_content_id(in->pool, part->id);
    if (s.len != 0) {
        ptn_oxcmail_put(in, props, PTN_PR_ATTACH_CONTENT_ID, s);
    }

    s = ptn_oxcmail_text(in->pool, part->location);
    if (s.len != 0) {
        ptn_oxcmail_put(in, props, PTN_PR_ATTACH_CONTENT_LOCATION, s);
    }

    f = ptn_mime_field(part, "content-base");
    if (f != NULL) {
        ptn_oxcmail_put(in, props, PTN_PR_ATTACH_CONTENT_BASE,
                        ptn_oxcmail_text(in->pool, f->value));
    }

    s = ptn_mime_param(part->params, part->nparams, "charset");
    if (s.len != 0 && ptn_str_eqz(part->type, "text")) {
        ptn_oxcmail_put(in, props, PTN_PR_TEXT_ATTACHMENT_CHARSET,
                        ptn_oxcmail_clean(in->pool, s));
    }

    ptn_oxcmail_put_int(in, props, PTN_PR_RENDERING_POSITION, -1);
    ptn_oxcmail_put_int(in, props, PTN_PR_ATTACH_FLAGS,
                        rendered ? PTN_ATT_RENDERED : 0);
    ptn_oxcmail_put_int(in, props, PTN_PR_ATTACHMENT_HIDDEN, rendered);
    ptn_oxcmail_attach_date(in, attach, part, "creation-date",
                            PTN_PR_CREATION_TIME);
    ptn_oxcmail_attach_date(in, attach, part, "modification-date",
                            PTN_PR_LAST_MODIFICATION_TIME);
}


/* --- data and its size ---------------------------------------------------- */

/*
 * Bytes of base64 text whose lines have one length but the last: without a
 * look at them.  false: it is not like that.
 */
static bool
ptn_oxcmail_base64_size(const ptn_mime_part_t *part, ptn_str_t s,
    uint64_t *ret_size)
{
    u_char    *lf;
    size_t     line, last, pad;
    uint64_t   lines;

    while (s.len != 0 && ptn_mime_blank(s.data[s.len - 1])) {
        s.len--;
    }

    if (s.len == 0) {
        *ret_size = 0;
        return true;
    }

    lf = memchr(s.data, '\n', s.len);
    line = lf ? (size_t) (lf - s.data) + 1 : s.len;
    lines = s.len / line;
    last = s.len % line;
    pad = 0;

    if (lf == NULL) {
        lines = 0;
        last = s.len;

    } else if (last == 0 || part->body_lines < lines
               || part->body_lines > lines + 2
               || s.data[lines * line - 1] != '\n')
    {
        return false;
    }

    while (pad < 2 && s.len > pad && s.data[s.len - 1 - pad] == '=') {
        pad++;
    }

    line -= (lf == NULL) ? 0 : (lf > s.data && lf[-1] == '\r') ? 2 : 1;

    if ((lf != NULL && line % 4 != 0) || last % 4 != 0) {
        return false;
    }

    *ret_size = lines * (line / 4 * 3) + last / 4 * 3 - pad;

    return true;
}


static ptn_rc_t
ptn_oxcmail_part_size(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *part, uint64_t *ret_size)
{
    ptn_rc_t   rc;
    ptn_str_t  s;

    *ret_size = part->body_len;

    if (part->cte != PTN_CTE_BASE64 && part->cte != PTN_CTE_QP
        && part->cte != PTN_CTE_UUENCODE)
    {
        return PTN_OK;
    }

    if (!ptn_oxcmail_bytes(mime, part, &s)) {

        /* lines of 76 and CR LF: nearly all of them */

        if (part->cte == PTN_CTE_BASE64) {
            *ret_size = (part->body_len - ptn_min(2 * (uint64_t)
                         part->body_lines, part->body_len)) / 4 * 3;
        }

        return PTN_OK;
    }

    if (part->cte == PTN_CTE_BASE64
        && ptn_oxcmail_base64_size(part, s, ret_size))
    {
        return PTN_OK;
    }

    rc = ptn_mime_decode(pool, (ptn_cte_e) part->cte, s, SIZE_MAX, &s);
    *ret_size = s.len;

    return rc;
}


/* MS-OXOSMIME: the entity with its own fields of MIME, as it was signed. */

static ptn_rc_t
ptn_oxcmail_signed(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *part, bool data, uint64_t *ret_size,
    ptn_str_t *ret_data)
{
    uint32_t                 i;
    ptn_buf_t                out;
    ptn_str_t                body;
    const ptn_mime_field_t  *f;

    *ret_size = 2 + part->body_len;
    ptn_buf_init(&out, pool);

    for (i = 0; i < part->nfields; i++) {
        f = &part->fields[i];

        if (!ptn_str_ieqz(f->name, "content-type")) {
            continue;
        }

        *ret_size += f->name.len + 2 + f->value.len + 2;
        ptn_buf_str(&out, f->name);
        ptn_buf_z(&out, ": ");
        ptn_buf_str(&out, f->value);
        ptn_buf_z(&out, "\r\n");
        break;
    }

    if (!data) {
        return PTN_OK;
    }

    if (!ptn_oxcmail_bytes(mime, part, &body)) {
        return PTN_EINVAL;
    }

    ptn_buf_z(&out, "\r\n");
    ptn_buf_str(&out, body);

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_data = ptn_buf_get(&out);

    return PTN_OK;
}


static bool
ptn_oxcmail_is_signed(const ptn_mime_part_t *part)
{
    return part->kind == PTN_MIME_MULTIPART;
}


ptn_rc_t
ptn_oxcmail_attach_data(ptn_pool_t *pool, const ptn_mime_t *mime,
    uint32_t index, ptn_str_t *ret_data)
{
    uint64_t                size;
    ptn_str_t               s;
    const ptn_mime_part_t  *part;

    part = ptn_oxcmail_part(mime, index);

    if (part == NULL) {
        return PTN_ENOTFOUND;
    }

    if (ptn_oxcmail_is_signed(part)) {
        return ptn_oxcmail_signed(pool, mime, part, true, &size, ret_data);
    }

    if (!ptn_oxcmail_bytes(mime, part, &s)) {
        return PTN_EINVAL;
    }

    return ptn_mime_decode(pool, (ptn_cte_e) part->cte, s, SIZE_MAX,
                           ret_data);
}


static void
ptn_oxcmail_attach(ptn_oxcmail_in_t *in, ptn_attach_t *attach,
    const ptn_oxcmail_item_t *item)
{
    bool                    embedded, data;
    const ptn_mime_part_t  *part;

    part = item->part;
    embedded = part->kind == PTN_MIME_MESSAGE && part->child != NULL;
    data = (in->what & PTN_OXCMAIL_DATA) != 0;

    attach->part = item->index;
    attach->props.p = ptn_parray(in->pool, 24, sizeof(ptn_bag_prop_t));
    attach->props.size = attach->props.p ? 24 : 0;

    if (item->role == PTN_OXCMAIL_SIGNED) {
        in->rc = ptn_oxcmail_signed(in->pool, in->mime, part, data,
                                    &attach->size, &attach->data);

    } else if (data && !embedded) {
        in->rc = ptn_oxcmail_attach_data(in->pool, in->mime, item->index,
                                         &attach->data);
        attach->size = attach->data.len;

    } else {
        in->rc = ptn_oxcmail_part_size(in->pool, in->mime, part,
                                       &attach->size);
    }

    if (in->rc == PTN_OK && data && embedded) {
        in->rc = ptn_oxcmail_message(in->pool, in->mime, part->child,
                                     item->index + 1, PTN_OXCMAIL_ALL,
                                     &attach->embedded);
    }

    attach->has_data = data;

    ptn_oxcmail_put_int(in, &attach->props, PTN_PR_ATTACH_NUM, attach->num);
    ptn_oxcmail_put_int(in, &attach->props, PTN_PR_ATTACH_METHOD,
                        embedded ? PTN_ATTACH_EMBEDDED : PTN_ATTACH_BY_VALUE);
    ptn_oxcmail_put_int(in, &attach->props, PTN_PR_ATTACH_SIZE,
                        (int64_t) ptn_min(attach->size, INT32_MAX));
    ptn_oxcmail_attach_names(in, attach, item);
    ptn_oxcmail_attach_mime(in, attach, item);
}


void
ptn_oxcmail_import_attachs(ptn_oxcmail_in_t *in)
{
    uint32_t       i;
    ptn_attach_t  *attach;
    ptn_object_t  *o;

    o = in->object;

    o->attachs = ptn_parray(in->pool, in->nattachs, sizeof(ptn_attach_t));
    if (o->attachs == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    for (i = 0; in->rc == PTN_OK && i < in->n; i++) {
        if (in->items[i].role < PTN_OXCMAIL_ATTACH) {
            continue;
        }

        attach = &o->attachs[o->nattachs];
        memset(attach, 0, sizeof(ptn_attach_t));
        attach->num = o->nattachs++;
        ptn_oxcmail_attach(in, attach, &in->items[i]);
    }
}
