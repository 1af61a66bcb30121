#include "ptn_html.h"
#include "ptn_oxcmail_in.h"


/* MS-OXCMSG 2.2.1.58.1: lines end in CR LF; the empty string has data. */

static ptn_str_t
ptn_oxcmail_crlf(ptn_pool_t *pool, ptn_str_t s)
{
    u_char        *d, *start;
    size_t         bare;
    const u_char  *p, *end, *lf;

    s = ptn_oxcmail_clean(pool, s);

    if (s.len == 0) {
        return ptn_str("");
    }

    end = s.data + s.len;

    for (bare = 0, p = s.data; p < end; p = lf + 1) {
        lf = memchr(p, '\n', (size_t) (end - p));
        if (lf == NULL) {
            break;
        }

        bare += lf == s.data || lf[-1] != '\r';
    }

    if (bare == 0) {
        return s;
    }

    start = d = ptn_palloc(pool, s.len + bare);
    if (d == NULL) {
        return (ptn_str_t) ptn_null_string;
    }

    for (p = s.data; p < end; p++) {
        if (*p == '\n' && (p == s.data || p[-1] != '\r')) {
            *d++ = '\r';
        }

        *d++ = *p;
    }

    return ptn_str_make(start, (size_t) (d - start));
}


/*
 * The code page of HTML that stays as the sender wrote it: one part, of a
 * charset that has one.  0: it is given in UTF-8.  Nothing but the structure
 * decides, so that PROPS and HTML agree.
 */
static uint32_t
ptn_oxcmail_codepage(ptn_oxcmail_in_t *in)
{
    uint32_t   i, cp;
    ptn_str_t  charset;

    if (in->nhtml != 1 || in->npieces != 1) {
        return 0;
    }

    for (i = 0; in->items[i].role != PTN_OXCMAIL_HTML_TEXT; i++) {
        /* void */
    }

    charset = ptn_mime_param(in->items[i].part->params,
                             in->items[i].part->nparams, "charset");
    cp = ptn_charset_codepage(charset);

    return cp == 20127 ? 0 : cp;
}


/* RFC 3676: paragraphs on one line, as they were written. */

static ptn_str_t
ptn_oxcmail_unflow(ptn_oxcmail_in_t *in, const ptn_mime_part_t *part,
    ptn_str_t s)
{
    ptn_str_t  format, delsp;

    format = ptn_mime_param(part->params, part->nparams, "format");

    if (in->rc != PTN_OK || !ptn_str_ieqz(format, "flowed")
        || !ptn_str_eqz(part->subtype, "plain"))
    {
        return s;
    }

    delsp = ptn_mime_param(part->params, part->nparams, "delsp");
    in->rc = ptn_body_unflow(in->pool, s, ptn_str_ieqz(delsp, "yes"), &s);

    return s;
}


/* One part as text, in UTF-8. */

static ptn_str_t
ptn_oxcmail_part_text(ptn_oxcmail_in_t *in, const ptn_oxcmail_item_t *item,
    bool html)
{
    ptn_buf_t  div;
    ptn_str_t  s, out;

    s = out = ptn_str("");

    if (in->rc == PTN_OK) {
        in->rc = ptn_mime_part_text(in->pool, in->mime, item->part, &s);
    }

    if (in->rc != PTN_OK) {
        return s;
    }

    s = ptn_oxcmail_clean(in->pool, s);

    if (item->role == PTN_OXCMAIL_TEXT) {
        s = ptn_oxcmail_unflow(in, item->part, s);
    }

    if (item->role == PTN_OXCMAIL_HTML_TEXT
        && ptn_str_eqz(item->part->subtype, "html"))
    {
        if (html) {
            return s;
        }

        in->rc = ptn_body_html_to_text(in->pool, s, &out);
        return out;
    }

    if (!html) {
        return ptn_oxcmail_crlf(in->pool, s);
    }

    ptn_buf_init(&div, in->pool);
    ptn_body_put_html(&div, s);

    if (div.failed) {
        in->rc = PTN_ENOMEM;
    }

    return ptn_buf_get(&div);
}


/* The texts of a piece, items `first` to `end`, are blank as they stand. */

static bool
ptn_oxcmail_blank(ptn_oxcmail_in_t *in, uint32_t first, uint32_t end)
{
    size_t     i;
    ptn_str_t  s;

    for ( /* void */ ; first < end; first++) {
        if (in->items[first].role != PTN_OXCMAIL_TEXT
            || !ptn_oxcmail_bytes(in->mime, in->items[first].part, &s))
        {
            continue;
        }

        for (i = 0; i < s.len; i++) {
            if (!ptn_mime_blank(s.data[i])) {
                return false;
            }
        }
    }

    return true;
}


/* All pieces, one below the other. */

static ptn_str_t
ptn_oxcmail_pieces(ptn_oxcmail_in_t *in, bool html)
{
    bool                has_text, has_html, both;
    uint32_t            i, piece, first, end, n;
    ptn_buf_t           out;
    ptn_str_t           s;
    ptn_oxcmail_role_e  want;

    ptn_buf_init(&out, in->pool);
    s = ptn_str("");
    n = 0;

    for (piece = 0, first = 0; piece < in->npieces; piece++) {

        has_text = has_html = false;

        while (first < in->n && (in->items[first].role >= PTN_OXCMAIL_ATTACH
                                 || in->items[first].piece != piece))
        {
            first++;
        }

        /* the items of a piece stand together but for attachments */

        for (end = first; end < in->n; end++) {
            if (in->items[end].role >= PTN_OXCMAIL_ATTACH) {
                continue;
            }

            if (in->items[end].piece != piece) {
                break;
            }

            has_text |= in->items[end].role == PTN_OXCMAIL_TEXT;
            has_html |= in->items[end].role == PTN_OXCMAIL_HTML_TEXT;
        }

        /* a text that says nothing is none beside HTML */

        both = has_text && has_html;
        want = (html || (both && ptn_oxcmail_blank(in, first, end)))
               ? PTN_OXCMAIL_HTML_TEXT : PTN_OXCMAIL_TEXT;

        for (i = first; i < end; i++) {
            if (in->items[i].role >= PTN_OXCMAIL_ATTACH
                || (both && in->items[i].role != want))
            {
                continue;
            }

            s = ptn_oxcmail_part_text(in, &in->items[i], html);

            if (n++ != 0 && out.len != 0 && !html
                && out.data[out.len - 1] != '\n')
            {
                ptn_buf_z(&out, "\r\n");
            }

            if (in->ntext + in->nhtml > 1) {
                ptn_buf_str(&out, s);
            }
        }

        first = end;
    }

    if (out.failed) {
        in->rc = PTN_ENOMEM;
    }

    if (in->ntext + in->nhtml > 1) {
        s = out.len ? ptn_buf_get(&out) : ptn_str("");
    }

    return s;
}


/* The bytes of the one HTML part. */

static void
ptn_oxcmail_html_bytes(ptn_oxcmail_in_t *in)
{
    uint32_t                i;
    ptn_str_t               s;
    const ptn_mime_part_t  *part;

    for (i = 0; in->items[i].role != PTN_OXCMAIL_HTML_TEXT; i++) {
        /* void */
    }

    part = in->items[i].part;

    if (!ptn_oxcmail_bytes(in->mime, part, &s)) {
        in->rc = PTN_EINVAL;
        return;
    }

    in->rc = ptn_mime_decode(in->pool, (ptn_cte_e) part->cte, s, SIZE_MAX,
                             &s);
    ptn_oxcmail_put(in, &in->object->props, PTN_PR_HTML,
                    ptn_oxcmail_clean(in->pool, s));
}


void
ptn_oxcmail_import_bodies(ptn_oxcmail_in_t *in)
{
    uint32_t      cp;
    ptn_str_t     text, html;
    ptn_props_t  *props;

    props = &in->object->props;
    cp = ptn_oxcmail_codepage(in);

    if (in->what & (PTN_OXCMAIL_PROPS|PTN_OXCMAIL_HTML)) {
        ptn_oxcmail_put_int(in, props, PTN_PR_INTERNET_CPID,
                            cp ? cp : 65001);
        ptn_oxcmail_put_int(in, props, PTN_PR_NATIVE_BODY,
                            in->nhtml ? PTN_BODY_HTML
                                      : in->ntext ? PTN_BODY_TEXT
                                                  : PTN_BODY_NONE);
    }

    if (in->npieces == 0) {
        return;
    }

    text = ptn_str("");

    if ((in->what & PTN_OXCMAIL_BODY)
        || ((in->what & PTN_OXCMAIL_HTML) && in->nhtml == 0))
    {
        text = ptn_oxcmail_pieces(in, false);
    }

    if (in->what & PTN_OXCMAIL_BODY) {
        ptn_oxcmail_put(in, props, PTN_PR_BODY, text);
    }

    if (in->rc != PTN_OK || !(in->what & PTN_OXCMAIL_HTML)) {
        return;
    }

    if (cp != 0) {
        ptn_oxcmail_html_bytes(in);
        return;
    }

    if (in->nhtml != 0) {
        html = ptn_oxcmail_pieces(in, true);

    } else {
        in->rc = ptn_body_text_to_html(in->pool, text, &html);
    }

    ptn_oxcmail_put(in, props, PTN_PR_HTML, html);
}


/* --- what a client changed ------------------------------------------------ */

ptn_rc_t
ptn_body_changed(ptn_props_t *props, ptn_pool_t *pool, uint32_t tag)
{
    size_t    i;
    uint16_t  id;
    int64_t   native;
    bool      set;
    static const struct {
        uint32_t  tag;
        int64_t   native;
    } forms[] = {
        { PTN_PR_BODY, PTN_BODY_TEXT },
        { PTN_PR_HTML, PTN_BODY_HTML },
        { PTN_PR_RTF_COMPRESSED, PTN_BODY_RTF },
    };

    id = ptn_prop_id(tag);
    set = ptn_props_find(props, id, NULL).data != NULL;
    native = PTN_BODY_NONE;

    for (i = 0; i < ptn_nelts(forms); i++) {
        if (ptn_prop_id(forms[i].tag) == id) {
            native = set ? forms[i].native : native;
            continue;
        }

        if (set) {
            ptn_props_unset(props, ptn_prop_id(forms[i].tag));

        } else if (ptn_props_find(props, ptn_prop_id(forms[i].tag), NULL).data
                   != NULL)
        {
            native = forms[i].native;
        }
    }

    if (native == PTN_BODY_RTF) {
        native = ptn_body_rtf_native(pool, ptn_props_find(props,
                                    ptn_prop_id(PTN_PR_RTF_COMPRESSED), NULL));
    }

    return ptn_props_set_int(props, pool, PTN_PR_NATIVE_BODY, native);
}


ptn_rc_t
ptn_body_html(ptn_pool_t *pool, const ptn_props_t *props,
    ptn_str_t *ret_html)
{
    int64_t    cp;
    uint32_t   tag;
    ptn_str_t  html;

    html = ptn_props_find(props, ptn_prop_id(PTN_PR_HTML), &tag);

    if (html.data == NULL) {
        *ret_html = html;
        return PTN_OK;
    }

    if (ptn_prop_type(tag) == PTN_PT_UNICODE) {
        cp = 65001;

    } else if (!ptn_props_int(props, PTN_PR_INTERNET_CPID, &cp)) {
        cp = 0;
    }

    return ptn_html_to_utf8(pool, html, (uint32_t) cp, ret_html);
}
