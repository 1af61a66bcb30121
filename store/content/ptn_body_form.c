/*
 * A message's body in a form that it was not given in (MS-OXBBODY).
 */

#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_html.h"
#include "ptn_oxcmail.h"
#include "ptn_rtf.h"


#define PTN_BODY_PLACES_MAX  1000

/* Values of fixed size. */
static const u_char  ptn_body_true[1] = { 1 };


static bool
ptn_body_has(const ptn_props_t *props, uint32_t tag)
{
    return ptn_props_find(props, ptn_prop_id(tag), NULL).data != NULL;
}


bool
ptn_body_is(uint32_t tag)
{
    switch (ptn_prop_id(tag)) {

    case ptn_prop_id(PTN_PR_BODY):
    case ptn_prop_id(PTN_PR_HTML):
    case ptn_prop_id(PTN_PR_RTF_COMPRESSED):
    case ptn_prop_id(PTN_PR_NATIVE_BODY):
    case ptn_prop_id(PTN_PR_RTF_IN_SYNC):
    case ptn_prop_id(PTN_PR_INTERNET_CPID):
        return true;
    }

    return false;
}


/* What cannot be read is not there. */

static ptn_rc_t
ptn_body_rc(ptn_rc_t rc, ptn_str_t *value)
{
    if (rc == PTN_OK) {
        return PTN_OK;
    }

    *value = ptn_str_make(NULL, 0);

    return rc == PTN_ENOMEM ? rc : PTN_OK;
}


static ptn_rc_t
ptn_body_rtf(ptn_pool_t *pool, const ptn_props_t *props, ptn_str_t *ret_rtf)
{
    ptn_str_t  packed;

    packed = ptn_props_find(props, ptn_prop_id(PTN_PR_RTF_COMPRESSED), NULL);

    return ptn_body_rc(ptn_rtf_decompress(pool, packed, PTN_RTF_SOURCE_MAX,
                                          ret_rtf), ret_rtf);
}


int64_t
ptn_body_rtf_native(ptn_pool_t *pool, ptn_str_t packed)
{
    ptn_str_t  rtf;

    if (ptn_rtf_decompress(pool, packed, PTN_RTF_SOURCE_MAX, &rtf) != PTN_OK) {
        return PTN_BODY_RTF;
    }

    switch (ptn_rtf_kind(rtf)) {

    case PTN_RTF_FROM_HTML:
        return PTN_BODY_HTML;

    case PTN_RTF_FROM_TEXT:
        return PTN_BODY_TEXT;

    default:
        return PTN_BODY_RTF;
    }
}


/* The form that the others are made of. */

static int
ptn_body_source(const ptn_props_t *props)
{
    int64_t  native;

    if (!ptn_props_int(props, PTN_PR_NATIVE_BODY, &native)) {
        native = PTN_BODY_NONE;
    }

    if (native == PTN_BODY_TEXT && ptn_body_has(props, PTN_PR_BODY)) {
        return PTN_BODY_TEXT;
    }

    if (native == PTN_BODY_RTF && ptn_body_has(props, PTN_PR_RTF_COMPRESSED)) {
        return PTN_BODY_RTF;
    }

    return ptn_body_has(props, PTN_PR_HTML) ? PTN_BODY_HTML
           : ptn_body_has(props, PTN_PR_RTF_COMPRESSED) ? PTN_BODY_RTF
           : ptn_body_has(props, PTN_PR_BODY) ? PTN_BODY_TEXT
           : PTN_BODY_NONE;
}


/* --- attachments at their places ------------------------------------------ */

typedef struct {
    int64_t           at;
    ptn_rtf_attach_t  shown;
} ptn_body_place_t;


static int
ptn_body_place_cmp(const void *a_, const void *b_)
{
    const ptn_body_place_t  *a = a_, *b = b_;

    return (a->at > b->at) - (a->at < b->at);
}


/* MS-OXRTFEX 2.2.3.4: not hidden, with a position. */

static ptn_rtf_attach_t *
ptn_body_places(ptn_pool_t *pool, const ptn_object_t *object, size_t *ret_n)
{
    size_t                n, i;
    int64_t               at, hidden;
    ptn_str_t             id, type;
    ptn_rtf_attach_t     *places;
    ptn_body_place_t     *p;
    const ptn_attach_t   *a;

    *ret_n = 0;
    n = ptn_min(object->nattachs, PTN_BODY_PLACES_MAX);
    p = ptn_parray(pool, n + 1, sizeof(ptn_body_place_t));
    places = ptn_parray(pool, n + 1, sizeof(ptn_rtf_attach_t));

    if (p == NULL || places == NULL) {
        return NULL;
    }

    for (i = 0, n = 0; i < ptn_min(object->nattachs, PTN_BODY_PLACES_MAX);
         i++)
    {
        a = &object->attachs[i];

        if (!ptn_props_int(&a->props, PTN_PR_RENDERING_POSITION, &at)
            || (at & 0xffffffff) == 0xffffffff
            || (ptn_props_int(&a->props, PTN_PR_ATTACHMENT_HIDDEN, &hidden)
                && hidden != 0))
        {
            continue;
        }

        memset(&p[n], 0, sizeof(ptn_body_place_t));
        p[n].at = at;
        id = ptn_props_get(&a->props, PTN_PR_ATTACH_CONTENT_ID);
        type = ptn_props_get(&a->props, PTN_PR_ATTACH_MIME_TAG);

        if (id.len != 0 && ptn_str_istarts(type, "image/")) {
            p[n].shown.src = ptn_str_printf(pool, "cid:%.*s",
                                            ptn_str_arg(id));
        }

        p[n].shown.name = ptn_props_get(&a->props,
                                        PTN_PR_ATTACH_LONG_FILENAME);
        if (p[n].shown.name.len == 0) {
            p[n].shown.name = ptn_props_get(&a->props, PTN_PR_ATTACH_FILENAME);
        }

        n++;
    }

    qsort(p, n, sizeof(ptn_body_place_t), ptn_body_place_cmp);

    for (i = 0; i < n; i++) {
        places[i] = p[i].shown;
    }

    *ret_n = n;

    return places;
}


/* --- forms ---------------------------------------------------------------- */

/* In any code page that has ASCII; UTF-8 stays. */

static ptn_str_t
ptn_body_ascii(ptn_pool_t *pool, const ptn_props_t *props, ptn_str_t html)
{
    int            n, i;
    int64_t        cp;
    uint32_t       c;
    ptn_buf_t      b;
    const u_char  *p, *end;

    if (!ptn_props_int(props, PTN_PR_INTERNET_CPID, &cp) || cp == 65001
        || html.data == NULL)
    {
        return html;
    }

    ptn_buf_init(&b, pool);
    (void) ptn_buf_reserve(&b, html.len + 64);
    end = html.data + html.len;

    for (p = html.data; p < end; p += n) {
        n = ptn_utf8_seq(p, end);

        if (n <= 1) {
            n = 1;
            ptn_buf_byte(&b, *p);
            continue;
        }

        c = *p & (0xffu >> (n + 1));

        for (i = 1; i < n; i++) {
            c = c << 6 | (p[i] & 0x3f);
        }

        ptn_buf_printf(&b, "&#%u;", c);
    }

    return b.failed ? ptn_str_make(NULL, 0)
                    : b.len ? ptn_buf_get(&b) : ptn_str("");
}


static ptn_rc_t
ptn_body_to_html(ptn_pool_t *pool, const ptn_object_t *object, int source,
    ptn_str_t *ret)
{
    size_t             n;
    ptn_rc_t           rc;
    ptn_str_t          rtf;
    ptn_rtf_attach_t  *places;

    if (source == PTN_BODY_TEXT) {
        return ptn_body_text_to_html(pool, ptn_props_get(&object->props,
                                                         PTN_PR_BODY), ret);
    }

    rc = ptn_body_rtf(pool, &object->props, &rtf);

    if (rc != PTN_OK || rtf.data == NULL) {
        *ret = ptn_str_make(NULL, 0);
        return rc;
    }

    places = ptn_body_places(pool, object, &n);

    return places == NULL ? PTN_ENOMEM
                          : ptn_rtf_to_html(pool, rtf, places, n, ret);
}


static ptn_rc_t
ptn_body_to_text(ptn_pool_t *pool, const ptn_object_t *object, int source,
    ptn_str_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  s;

    if (source == PTN_BODY_HTML) {
        rc = ptn_body_html(pool, &object->props, &s);

        return rc == PTN_OK ? ptn_body_html_to_text(pool, s, ret) : rc;
    }

    rc = ptn_body_rtf(pool, &object->props, &s);

    if (rc != PTN_OK || s.data == NULL) {
        *ret = ptn_str_make(NULL, 0);
        return rc;
    }

    return ptn_rtf_to_text(pool, s, ret);
}


static ptn_rc_t
ptn_body_to_rtf(ptn_pool_t *pool, const ptn_object_t *object, int source,
    ptn_str_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  s, rtf;

    if (source == PTN_BODY_TEXT) {
        rc = ptn_rtf_from_text(pool, ptn_props_get(&object->props,
                                                   PTN_PR_BODY), &rtf);

    } else {
        rc = ptn_body_html(pool, &object->props, &s);

        if (rc == PTN_OK) {
            rc = ptn_rtf_from_html(pool, s, &rtf);
        }
    }

    return rc == PTN_OK ? ptn_rtf_compress(pool, rtf, ret) : rc;
}


static ptn_rc_t
ptn_body_long(ptn_pool_t *pool, int64_t n, ptn_str_t *ret)
{
    u_char  *p;

    p = ptn_palloc(pool, 4);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    ptn_put_le32(p, (uint32_t) n);
    *ret = ptn_str_make(p, 4);

    return PTN_OK;
}


static ptn_rc_t
ptn_body_native(ptn_pool_t *pool, const ptn_props_t *props, int source,
    ptn_str_t *ret)
{
    int64_t    n;
    ptn_str_t  packed;

    n = source;

    if (source == PTN_BODY_RTF) {
        packed = ptn_props_find(props, ptn_prop_id(PTN_PR_RTF_COMPRESSED),
                                NULL);
        n = ptn_body_rtf_native(pool, packed);
    }

    return ptn_body_long(pool, n, ret);
}


/* Where it is there, but not in the type that was asked for. */

static ptn_rc_t
ptn_body_typed(ptn_pool_t *pool, const ptn_props_t *props, uint32_t tag,
    ptn_str_t *value)
{
    uint32_t  have;

    *value = ptn_props_find(props, ptn_prop_id(tag), &have);

    if (value->data == NULL || have == tag) {
        return PTN_OK;
    }

    if (tag == (PTN_PR_HTML & 0xffff0000) + PTN_PT_UNICODE) {
        return ptn_body_html(pool, props, value);
    }

    if (tag != PTN_PR_HTML || ptn_prop_type(have) != PTN_PT_UNICODE) {
        *value = ptn_str_make(NULL, 0);

    } else {
        *value = ptn_body_ascii(pool, props, *value);
    }

    return PTN_OK;
}


ptn_rc_t
ptn_body_form(ptn_pool_t *pool, const ptn_object_t *object, uint32_t tag,
    ptn_str_t *ret_value)
{
    int        source;
    ptn_rc_t   rc;
    ptn_str_t  value;

    source = ptn_body_source(&object->props);
    rc = ptn_body_typed(pool, &object->props, tag, &value);

    if (rc != PTN_OK || value.data != NULL || source == PTN_BODY_NONE) {
        *ret_value = value;
        return rc;
    }

    switch (ptn_prop_id(tag)) {

    case ptn_prop_id(PTN_PR_BODY):
        if (tag == PTN_PR_BODY) {
            rc = ptn_body_to_text(pool, object, source, &value);
        }

        break;

    case ptn_prop_id(PTN_PR_HTML):
        rc = ptn_body_to_html(pool, object, source, &value);

        if (rc == PTN_OK && tag == PTN_PR_HTML) {
            value = ptn_body_ascii(pool, &object->props, value);
        }

        break;

    case ptn_prop_id(PTN_PR_RTF_COMPRESSED):
        rc = ptn_body_to_rtf(pool, object, source, &value);
        break;

    case ptn_prop_id(PTN_PR_NATIVE_BODY):
        rc = ptn_body_native(pool, &object->props, source, &value);
        break;

    case ptn_prop_id(PTN_PR_RTF_IN_SYNC):
        value = ptn_str_make(ptn_body_true, 1);
        break;

    case ptn_prop_id(PTN_PR_INTERNET_CPID):
        rc = ptn_body_long(pool, 65001, &value);
        break;
    }

    rc = ptn_body_rc(rc, &value);

    if (rc == PTN_OK && ptn_pool_failed(pool)) {
        rc = PTN_ENOMEM;
    }

    *ret_value = value;

    return rc;
}


/* --- what a client gave --------------------------------------------------- */

ptn_rc_t
ptn_body_given(ptn_props_t *props, ptn_pool_t *pool, const ptn_props_t *given)
{
    bool                   text, html, rtf, said;
    size_t                 i;
    int64_t                sync, native;
    static const uint32_t  forms[] = {
        PTN_PR_BODY, PTN_PR_HTML, PTN_PR_RTF_COMPRESSED
    };

    text = ptn_body_has(given, PTN_PR_BODY);
    html = ptn_body_has(given, PTN_PR_HTML);
    rtf = ptn_body_has(given, PTN_PR_RTF_COMPRESSED);
    said = ptn_props_int(given, PTN_PR_RTF_IN_SYNC, &sync);

    ptn_props_unset(props, ptn_prop_id(PTN_PR_RTF_IN_SYNC));

    if (!text && !html && !rtf) {
        return PTN_OK;
    }

    for (i = 0; i < ptn_nelts(forms); i++) {
        if (!ptn_body_has(given, forms[i])) {
            ptn_props_unset(props, ptn_prop_id(forms[i]));
        }
    }

    if (rtf && ((html && !(said && sync != 0))
                || (!html && text && said && sync == 0)))
    {
        rtf = false;
    }

    native = rtf ? ptn_body_rtf_native(pool, ptn_props_find(given,
                                    ptn_prop_id(PTN_PR_RTF_COMPRESSED), NULL))
             : html ? PTN_BODY_HTML : PTN_BODY_TEXT;

    return ptn_props_set_int(props, pool, PTN_PR_NATIVE_BODY, native);
}
