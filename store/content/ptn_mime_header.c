#include "ptn_charset.h"
#include "ptn_mime_header.h"


/*
 * A parameter as it stands: RFC 2231 cuts "name*1*" into the name, the
 * section and the mark of an extended (percent encoded) value.
 */
typedef struct {
    ptn_str_t  name;            /* lower case, without stars */
    ptn_str_t  value;
    int        section;         /* -1: whole */
    bool       extended;
    bool       used;
} ptn_mime_raw_param_t;


ptn_str_t
ptn_mime_trim(ptn_str_t s)
{
    while (s.len != 0 && ptn_mime_blank(*s.data)) {
        s.data++;
        s.len--;
    }

    while (s.len != 0 && ptn_mime_blank(s.data[s.len - 1])) {
        s.len--;
    }

    return s;
}


ptn_str_t
ptn_mime_lower(ptn_pool_t *pool, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] >= 'A' && s.data[i] <= 'Z') {
            return ptn_str_lower(pool, s);
        }
    }

    return s;
}


ptn_str_t
ptn_mime_unfold(ptn_pool_t *pool, ptn_str_t s)
{
    size_t     i, n;
    ptn_str_t  d;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n') {
            break;
        }
    }

    if (i == s.len) {
        return s;
    }

    d = ptn_str_dup(pool, s);

    for (n = i; i < d.len; i++) {
        if (d.data[i] != '\r' && d.data[i] != '\n') {
            d.data[n++] = d.data[i];
        }
    }

    d.len = ptn_min(n, d.len);

    return d;
}


ptn_str_t
ptn_mime_quoted(ptn_pool_t *pool, ptn_str_t s, size_t *i)
{
    bool       plain;
    u_char    *p;
    size_t     n, end;
    ptn_str_t  v;

    plain = true;
    v.data = s.data + ++*i;

    for (end = *i; end < s.len && s.data[end] != '"'; end++) {
        if (s.data[end] == '\\' && end + 1 < s.len) {
            plain = false;
            end++;

        } else if (s.data[end] == '\r' || s.data[end] == '\n') {
            plain = false;
        }
    }

    v.len = end - *i;
    *i = end < s.len ? end + 1 : end;

    if (plain) {
        return v;
    }

    p = ptn_palloc(pool, v.len + 1);
    if (p == NULL) {
        return (ptn_str_t) ptn_null_string;
    }

    n = 0;

    for (end = 0; end < v.len; end++) {
        if (v.data[end] == '\r' || v.data[end] == '\n') {
            continue;
        }

        if (v.data[end] == '\\' && end + 1 < v.len) {
            end++;
        }

        p[n++] = v.data[end];
    }

    return ptn_str_make(p, n);
}


void
ptn_mime_comment(ptn_str_t s, size_t *i)
{
    size_t  depth;

    depth = 0;

    for ( /* void */ ; *i < s.len; ++*i) {

        switch (s.data[*i]) {

        case '\\':
            if (*i + 1 < s.len) {
                ++*i;
            }
            break;

        case '(':
            depth++;
            break;

        case ')':
            if (--depth == 0) {
                ++*i;
                return;
            }
            break;
        }
    }
}


/* Skips white space and comments. */
static void
ptn_mime_cfws(ptn_str_t s, size_t *i)
{
    while (*i < s.len) {
        if (s.data[*i] == '(') {
            ptn_mime_comment(s, i);

        } else if (ptn_mime_blank(s.data[*i])) {
            ++*i;

        } else {
            return;
        }
    }
}


/* Up to a byte of `stop`, white space or the end. */
static ptn_str_t
ptn_mime_word(ptn_str_t s, size_t *i, const char *stop)
{
    size_t  start;

    start = *i;

    while (*i < s.len && !ptn_mime_blank(s.data[*i])
           && (s.data[*i] == '\0' || strchr(stop, s.data[*i]) == NULL))
    {
        ++*i;
    }

    return ptn_str_make(s.data + start, *i - start);
}


/*
 * An unquoted value.  Blanks do not end it when what follows can be no other
 * parameter: name=annual report.pdf is common.
 */
static ptn_str_t
ptn_mime_param_value(ptn_str_t s, size_t *i)
{
    size_t     start, end;
    ptn_str_t  v;

    start = *i;
    v = ptn_mime_word(s, i, ";");

    for (end = *i; end < s.len && s.data[end] != ';'; end++) {
        if (s.data[end] == '=' || s.data[end] == '(') {
            return v;
        }
    }

    *i = end;

    return ptn_mime_trim(ptn_str_make(s.data + start, end - start));
}


static void
ptn_mime_param_name(ptn_pool_t *pool, ptn_mime_raw_param_t *p, ptn_str_t name)
{
    u_char    *star;
    uint64_t   n;
    ptn_str_t  rest;

    p->section = -1;
    p->extended = false;
    p->used = false;
    p->name = ptn_mime_lower(pool, name);

    star = p->name.len ? memchr(p->name.data, '*', p->name.len) : NULL;
    if (star == NULL) {
        return;
    }

    rest.data = star + 1;
    rest.len = p->name.len - (size_t) (rest.data - p->name.data);

    if (rest.len == 0) {
        p->extended = true;
        p->name.len--;
        return;
    }

    if (rest.data[rest.len - 1] == '*') {
        p->extended = true;
        rest.len--;
    }

    if (ptn_str_u64(rest, 9999, &n) != PTN_OK) {
        p->extended = false;
        return;                     /* a star in an ordinary name */
    }

    p->section = (int) n;
    p->name.len = (size_t) (star - p->name.data);
}


static uint32_t
ptn_mime_raw_params(ptn_pool_t *pool, ptn_str_t s, size_t i,
    ptn_mime_raw_param_t *ps)
{
    uint32_t   n;
    ptn_str_t  name;

    n = 0;

    while (i < s.len && n < PTN_MIME_PARAMS_MAX) {

        ptn_mime_cfws(s, &i);

        if (i < s.len && s.data[i] == ';') {
            i++;
            continue;
        }

        name = ptn_mime_word(s, &i, "=;");
        ptn_mime_cfws(s, &i);

        if (i == s.len || s.data[i] != '=') {

            /* a word that is no parameter */

            if (name.len == 0) {
                i++;
            }
            continue;
        }

        i++;
        ptn_mime_cfws(s, &i);

        if (name.len == 0) {
            continue;
        }

        ptn_mime_param_name(pool, &ps[n], name);

        if (i < s.len && s.data[i] == '"') {
            ps[n].value = ptn_mime_quoted(pool, s, &i);

        } else {
            ps[n].value = ptn_mime_param_value(s, &i);
        }

        n++;
    }

    return n;
}


static int
ptn_mime_hex(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = ptn_tolower(c);

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


static void
ptn_mime_percent(ptn_buf_t *b, ptn_str_t s)
{
    int     hi, lo;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '%' && i + 2 < s.len) {
            hi = ptn_mime_hex(s.data[i + 1]);
            lo = ptn_mime_hex(s.data[i + 2]);

            if (hi != -1 && lo != -1) {
                ptn_buf_byte(b, (u_char) (hi << 4 | lo));
                i += 2;
                continue;
            }
        }

        ptn_buf_byte(b, s.data[i]);
    }
}


/* Takes "charset'language'" off the value. */
static ptn_str_t
ptn_mime_param_charset(ptn_str_t *value)
{
    u_char     *a, *b, *end;
    ptn_str_t   charset = ptn_null_string;

    if (value->len == 0) {
        return charset;
    }

    end = value->data + value->len;
    a = memchr(value->data, '\'', value->len);
    b = a ? memchr(a + 1, '\'', (size_t) (end - a - 1)) : NULL;

    if (b != NULL) {
        charset = ptn_str_make(value->data, (size_t) (a - value->data));
        value->data = b + 1;
        value->len = (size_t) (end - value->data);
    }

    return charset;
}


/*
 * The sections of ps[i].name in their order, decoded.  What is of an unknown
 * charset is guessed.
 */
static ptn_str_t
ptn_mime_param_join(ptn_pool_t *pool, ptn_mime_raw_param_t *ps, uint32_t n,
    uint32_t i)
{
    int        section;
    bool       extended;
    uint32_t   k;
    ptn_buf_t  b;
    ptn_str_t  name, value, charset = ptn_null_string, out;

    ptn_buf_init(&b, pool);

    name = ps[i].name;
    section = ps[i].section == -1 ? -1 : 0;
    extended = false;

    for (k = 0; k < n; k++) {

        if (ps[k].used || ps[k].section != section
            || !ptn_str_eq(ps[k].name, name)
            || (section == -1 && !ps[k].extended))
        {
            continue;
        }

        ps[k].used = true;
        value = ps[k].value;

        if (ps[k].extended) {
            extended = true;

            if (section <= 0) {
                charset = ptn_mime_param_charset(&value);
            }

            ptn_mime_percent(&b, value);

        } else {
            ptn_buf_str(&b, value);
        }

        if (section == -1) {
            break;
        }

        section++;
        k = UINT32_MAX;             /* sections come in any order */
    }

    out = ptn_buf_get(&b);

    if (!extended || charset.len == 0
        || ptn_charset_to_utf8(pool, charset, out, &out) != PTN_OK)
    {
        out = ptn_mime_guess(pool, out);
    }

    return out;
}


/*
 * From the raw parameters to one value a name.  An extended form is better
 * than sections, those are better than the plain one written for old readers.
 */
static uint32_t
ptn_mime_params(ptn_pool_t *pool, ptn_str_t s, size_t off,
    ptn_mime_param_t **ret_params)
{
    int                    rank;
    uint32_t               i, k, n, m;
    ptn_str_t              value;
    ptn_mime_param_t      *params;
    ptn_mime_raw_param_t   ps[PTN_MIME_PARAMS_MAX];

    n = ptn_mime_raw_params(pool, s, off, ps);
    if (n == 0) {
        return 0;
    }

    params = ptn_parray(pool, n, sizeof(ptn_mime_param_t));
    if (params == NULL) {
        return 0;
    }

    m = 0;

    for (rank = 0; rank < 3; rank++) {

        for (i = 0; i < n; i++) {

            if (ps[i].used
                || (rank == 0 && !(ps[i].extended && ps[i].section == -1))
                || (rank == 1 && ps[i].section != 0)
                || (rank == 2 && (ps[i].extended || ps[i].section != -1)))
            {
                continue;
            }

            if (rank == 2) {
                value = ptn_mime_guess(pool, ps[i].value);

            } else {
                value = ptn_mime_param_join(pool, ps, n, i);
            }

            ps[i].used = true;

            for (k = 0; k < m; k++) {
                if (ptn_str_eq(params[k].name, ps[i].name)) {
                    break;
                }
            }

            if (k == m) {
                params[m].name = ps[i].name;
                params[m].value = value;
                m++;
            }
        }
    }

    *ret_params = params;

    return m;
}


/*
 * RFC 2045 5.2: no field, or one that is no type, means text/plain; within a
 * digest no field means message/rfc822 (RFC 2046 5.1.5).
 */
static void
ptn_mime_content_type(ptn_pool_t *pool, ptn_mime_part_t *part, ptn_str_t v)
{
    bool       valid;
    size_t     i;
    ptn_str_t  type, subtype = ptn_null_string;

    i = 0;
    valid = false;
    ptn_mime_cfws(v, &i);
    type = ptn_mime_word(v, &i, "/;(");
    ptn_mime_cfws(v, &i);

    if (type.len != 0 && i < v.len && v.data[i] == '/') {
        i++;
        ptn_mime_cfws(v, &i);
        subtype = ptn_mime_word(v, &i, ";(");

        if (subtype.len != 0) {
            valid = true;
        }
    }

    part->type = valid ? ptn_mime_lower(pool, type) : ptn_str("text");
    part->subtype = valid ? ptn_mime_lower(pool, subtype) : ptn_str("plain");
    part->has_type = true;
    part->nparams = ptn_mime_params(pool, v, i, &part->params);
}


static void
ptn_mime_content_disposition(ptn_pool_t *pool, ptn_mime_part_t *part,
    ptn_str_t v)
{
    size_t  i;

    i = 0;
    ptn_mime_cfws(v, &i);
    part->disposition = ptn_mime_lower(pool, ptn_mime_word(v, &i, ";(="));

    if (i < v.len && v.data[i] == '=') {

        /* no disposition, the parameters at once */

        part->disposition = ptn_str("attachment");
        i = 0;
    }

    part->ndisp_params = ptn_mime_params(pool, v, i, &part->disp_params);

    if (part->disposition.len == 0 && part->ndisp_params != 0) {
        part->disposition = ptn_str("attachment");
    }
}


static const struct {
    const char  *name;
    ptn_cte_e    cte;
} ptn_mime_ctes[] = {
    { "7bit",              PTN_CTE_7BIT },
    { "8bit",              PTN_CTE_8BIT },
    { "binary",            PTN_CTE_BINARY },
    { "quoted-printable",  PTN_CTE_QP },
    { "base64",            PTN_CTE_BASE64 },
    { "x-uuencode",        PTN_CTE_UUENCODE },
    { "x-uue",             PTN_CTE_UUENCODE },
    { "uuencode",          PTN_CTE_UUENCODE },
};


static void
ptn_mime_content_encoding(ptn_pool_t *pool PTN_UNUSED, ptn_mime_part_t *part,
    ptn_str_t v)
{
    size_t  i;

    i = 0;
    ptn_mime_cfws(v, &i);
    part->cte_name = ptn_mime_word(v, &i, ";(");

    if (part->cte_name.len == 0) {
        return;
    }

    part->cte = PTN_CTE_OTHER;

    for (i = 0; i < ptn_nelts(ptn_mime_ctes); i++) {
        if (ptn_str_ieqz(part->cte_name, ptn_mime_ctes[i].name)) {
            part->cte = (uint8_t) ptn_mime_ctes[i].cte;
            return;
        }
    }
}


#define PTN_MIME_CONTENT_RAW(member)                                          \
    static void                                                               \
    ptn_mime_content_##member(ptn_pool_t *pool PTN_UNUSED,                    \
        ptn_mime_part_t *part, ptn_str_t v)                                   \
    {                                                                         \
        part->member = v;                                                     \
    }

PTN_MIME_CONTENT_RAW(id)
PTN_MIME_CONTENT_RAW(description)
PTN_MIME_CONTENT_RAW(md5)
PTN_MIME_CONTENT_RAW(location)
PTN_MIME_CONTENT_RAW(language)


typedef struct {
    const char  *name;
    void       (*set)(ptn_pool_t *pool, ptn_mime_part_t *part, ptn_str_t v);
} ptn_mime_content_t;

static const ptn_mime_content_t  ptn_mime_contents[] = {
    { "content-type",               ptn_mime_content_type },
    { "content-disposition",        ptn_mime_content_disposition },
    { "content-transfer-encoding",  ptn_mime_content_encoding },
    { "content-id",                 ptn_mime_content_id },
    { "content-description",        ptn_mime_content_description },
    { "content-md5",                ptn_mime_content_md5 },
    { "content-location",           ptn_mime_content_location },
    { "content-language",           ptn_mime_content_language },
};


void
ptn_mime_content(ptn_pool_t *pool, ptn_mime_part_t *part, bool digest)
{
    size_t                   i;
    uint32_t                 k, seen;
    const ptn_mime_field_t  *f;

    part->type = digest ? ptn_str("message") : ptn_str("text");
    part->subtype = digest ? ptn_str("rfc822") : ptn_str("plain");
    part->cte = PTN_CTE_7BIT;
    seen = 0;

    for (k = 0; k < part->nfields; k++) {
        f = &part->fields[k];

        if (!ptn_str_istarts(f->name, "content-")) {
            continue;
        }

        for (i = 0; i < ptn_nelts(ptn_mime_contents); i++) {

            /* of two fields of a name the first counts */

            if (!(seen & (1u << i))
                && ptn_str_ieqz(f->name, ptn_mime_contents[i].name))
            {
                seen |= 1u << i;
                ptn_mime_contents[i].set(pool, part, f->value);
            }
        }
    }
}


bool
ptn_mime_is_message(const ptn_mime_part_t *part)
{
    return ptn_str_eqz(part->type, "message")
           && (ptn_str_eqz(part->subtype, "rfc822")
               || ptn_str_eqz(part->subtype, "global"))
           && part->cte != PTN_CTE_BASE64 && part->cte != PTN_CTE_QP
           && part->cte != PTN_CTE_UUENCODE;
}


const ptn_mime_field_t *
ptn_mime_field(const ptn_mime_part_t *part, const char *name)
{
    uint32_t   i;
    ptn_str_t  n;

    n = ptn_str_z(name);

    for (i = 0; i < part->nfields; i++) {
        if (ptn_str_ieq(part->fields[i].name, n)) {
            return &part->fields[i];
        }
    }

    return NULL;
}


ptn_str_t
ptn_mime_param(const ptn_mime_param_t *params, uint32_t n, const char *name)
{
    uint32_t  i;

    for (i = 0; i < n; i++) {
        if (ptn_str_ieqz(params[i].name, name)) {
            return params[i].value;
        }
    }

    return (ptn_str_t) ptn_null_string;
}
