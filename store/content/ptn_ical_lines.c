/*
 * Content lines (RFC 5545 3.1): the tree of components, and lines to write.
 */

#include "ptn_charset.h"
#include "ptn_ical.h"


#define PTN_ICAL_FOLD  75


static ptn_str_t
ptn_ical_upper(ptn_pool_t *pool, ptn_str_t s)
{
    size_t  i;

    s = ptn_str_dup(pool, s);

    for (i = 0; s.data != NULL && i < s.len; i++) {
        if (s.data[i] >= 'a' && s.data[i] <= 'z') {
            s.data[i] -= 'a' - 'A';
        }
    }

    return s;
}


static bool
ptn_ical_name_char(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}


/* Params from p on; where the value begins.  NULL: there is no ':'. */

static const u_char *
ptn_ical_params(ptn_pool_t *pool, const u_char *p, const u_char *end,
    ptn_ical_prop_t *prop)
{
    const u_char       *s, *v;
    ptn_ical_param_t   *param, **last = &prop->params;

    while (p < end && *p == ';') {
        for (s = ++p; p < end && *p != '=' && *p != ';' && *p != ':'; p++) { }

        param = ptn_pcalloc(pool, sizeof(*param));
        if (param == NULL) {
            return NULL;
        }

        param->name = ptn_str_make(s, (size_t) (p - s));
        param->value = ptn_str("");
        *last = param;
        last = &param->next;

        if (p == end || *p != '=') {
            continue;
        }

        for (v = ++p; p < end && *p != ';' && *p != ':'; p++) {
            if (*p != '"') {
                continue;
            }

            s = memchr(p + 1, '"', (size_t) (end - p - 1));

            if (s == NULL) {            /* a quote that nothing ends */
                continue;
            }

            p = s;
        }

        param->value = ptn_str_make(v, (size_t) (p - v));

        if (param->value.len >= 2 && v[0] == '"' && p[-1] == '"'
            && memchr(v + 1, '"', param->value.len - 2) == NULL)
        {
            param->value = ptn_str_make(v + 1, param->value.len - 2);
        }
    }

    return p < end && *p == ':' ? p + 1 : NULL;
}


static ptn_ical_prop_t *
ptn_ical_add_line(ptn_pool_t *pool, ptn_ical_comp_t *comp, ptn_str_t line)
{
    const u_char     *p, *end, *value;
    ptn_ical_prop_t  *prop;

    prop = ptn_pcalloc(pool, sizeof(*prop));
    if (prop == NULL) {
        return NULL;
    }

    prop->line = line;
    prop->name = prop->value = ptn_str("");
    p = line.data;
    end = p + line.len;

    while (p < end && ptn_ical_name_char(*p)) {
        p++;
    }

    if (p != line.data) {
        value = ptn_ical_params(pool, p, end, prop);

        if (value != NULL) {
            prop->name = ptn_ical_upper(pool,
                             ptn_str_make(line.data, (size_t) (p - line.data)));
            prop->value = ptn_str_make(value, (size_t) (end - value));

            if (prop->name.data == NULL) {
                return NULL;
            }
        }
    }

    *comp->last = prop;
    comp->last = &prop->next;

    return prop;
}


static ptn_ical_comp_t *
ptn_ical_add_comp(ptn_pool_t *pool, ptn_ical_comp_t *parent, ptn_str_t name)
{
    ptn_ical_comp_t  *comp;

    comp = ptn_pcalloc(pool, sizeof(*comp));
    if (comp == NULL) {
        return NULL;
    }

    comp->name = name;
    comp->last = &comp->props;
    comp->last_comp = &comp->comps;
    comp->parent = parent;

    if (parent != NULL) {
        *parent->last_comp = comp;
        parent->last_comp = &comp->next;
    }

    return comp;
}


/* The next line, unfolded in place; false: there are no more. */

static bool
ptn_ical_next_line(u_char **pp, u_char *end, ptn_str_t *ret)
{
    u_char  *p = *pp, *start, *out;

    /* blanks here continue nothing, and would when they are written */

    while (p < end && (*p == '\r' || *p == '\n' || *p == ' ' || *p == '\t')) {
        p++;
    }

    if (p == end) {
        return false;
    }

    for (start = out = p; p < end; ) {
        if (*p != '\r' && *p != '\n') {
            *out++ = *p++;
            continue;
        }

        while (p < end && *p == '\r') {
            p++;
        }

        if (p < end && *p == '\n') {
            p++;
        }

        if (p == end || (*p != ' ' && *p != '\t')) {
            break;
        }

        p++;                            /* folded: one blank goes */
    }

    *pp = p;
    *ret = ptn_str_make(start, (size_t) (out - start));

    return true;
}


static ptn_str_t
ptn_ical_trim(ptn_str_t s)
{
    while (s.len != 0 && (s.data[s.len - 1] == ' '
                          || s.data[s.len - 1] == '\t'))
    {
        s.len--;
    }

    return s;
}


static ptn_rc_t
ptn_ical_build(ptn_pool_t *pool, u_char *p, u_char *end, ptn_ical_comp_t *root)
{
    ptn_str_t         line, name;
    unsigned          depth = 0, beyond = 0;
    ptn_ical_comp_t  *comp = root, *c;

    while (ptn_ical_next_line(&p, end, &line)) {
        if (ptn_str_istarts(line, "BEGIN:")) {
            if (depth == PTN_ICAL_NESTING_MAX) {
                beyond++;

            } else {
                name = ptn_ical_upper(pool, ptn_ical_trim(
                           ptn_str_make(line.data + 6, line.len - 6)));
                comp = name.data ? ptn_ical_add_comp(pool, comp, name) : NULL;

                if (comp == NULL) {
                    return PTN_ENOMEM;
                }

                depth++;
                continue;
            }

        } else if (ptn_str_istarts(line, "END:")) {
            if (beyond != 0) {
                beyond--;

            } else {
                name = ptn_ical_trim(ptn_str_make(line.data + 4,
                                                  line.len - 4));

                /* whichever it ends: one within it that was never ended too */

                for (c = comp; c != root && !ptn_str_ieq(c->name, name);
                     c = c->parent)
                {
                    /* void */
                }

                if (c != root) {
                    while (comp != c) {
                        comp = comp->parent;
                        depth--;
                    }

                    comp = comp->parent;
                    depth--;
                }

                continue;
            }
        }

        if (ptn_ical_add_line(pool, comp, line) == NULL) {
            return PTN_ENOMEM;
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_ical_parse(ptn_pool_t *pool, ptn_str_t bytes, ptn_ical_comp_t **ret_root)
{
    size_t            i;
    ptn_rc_t          rc;
    ptn_str_t         text;
    ptn_ical_comp_t  *root;

    if (bytes.len >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0) {
        bytes = ptn_str_make(bytes.data + 3, bytes.len - 3);
    }

    if (ptn_utf8_valid(bytes)) {
        text = ptn_str_dup(pool, bytes);

    } else if (ptn_charset_to_utf8(pool, ptn_str("windows-1252"), bytes, &text)
               != PTN_OK)
    {
        return PTN_ENOMEM;

    } else {
        text = ptn_str_dup(pool, text);
    }

    root = ptn_ical_add_comp(pool, NULL, ptn_str(""));

    if (text.data == NULL || root == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < text.len; i++) {    /* no string of ours holds a NUL */
        text.data[i] = text.data[i] != '\0' ? text.data[i] : ' ';
    }

    rc = ptn_ical_build(pool, text.data, text.data + text.len, root);

    if (rc == PTN_OK) {
        *ret_root = root;
    }

    return rc;
}


const ptn_ical_prop_t *
ptn_ical_prop(const ptn_ical_comp_t *comp, const char *name)
{
    const ptn_ical_prop_t  *p;

    for (p = comp->props; p != NULL; p = p->next) {
        if (ptn_str_eqz(p->name, name)) {
            return p;
        }
    }

    return NULL;
}


ptn_str_t
ptn_ical_param(const ptn_ical_prop_t *prop, const char *name)
{
    const ptn_ical_param_t  *p;

    for (p = prop->params; p != NULL; p = p->next) {
        if (ptn_str_ieqz(p->name, name)) {
            return p->value;
        }
    }

    return (ptn_str_t) ptn_null_string;
}


/* --- text ----------------------------------------------------------------- */

ptn_str_t
ptn_ical_unescape(ptn_pool_t *pool, ptn_str_t text)
{
    size_t      i;
    ptn_buf_t   out;

    if (text.len == 0 || memchr(text.data, '\\', text.len) == NULL) {
        return text;
    }

    ptn_buf_init(&out, pool);

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != '\\' || i + 1 == text.len) {
            ptn_buf_byte(&out, text.data[i]);
            continue;
        }

        i++;

        if (text.data[i] == 'n' || text.data[i] == 'N') {
            ptn_buf_z(&out, "\r\n");

        } else {
            ptn_buf_byte(&out, text.data[i]);
        }
    }

    return ptn_buf_get(&out);
}


void
ptn_ical_escape(ptn_buf_t *out, ptn_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        switch (text.data[i]) {

        case '\\':
        case ';':
        case ',':
            ptn_buf_byte(out, '\\');
            ptn_buf_byte(out, text.data[i]);
            break;

        case '\r':
            if (i + 1 < text.len && text.data[i + 1] == '\n') {
                break;
            }

            /* fall through */

        case '\n':
            ptn_buf_z(out, "\\n");
            break;

        case '\0':
            break;

        default:
            ptn_buf_byte(out, text.data[i]);
        }
    }
}


void
ptn_ical_put_line(ptn_buf_t *out, ptn_str_t line)
{
    size_t  i, n, room = PTN_ICAL_FOLD;

    for (i = 0; i < line.len; i += n) {
        n = ptn_min(line.len - i, room);

        while (i + n < line.len && n > 1
               && (line.data[i + n] & 0xc0) == 0x80)
        {
            n--;                        /* characters stay whole */
        }

        if (i != 0) {
            ptn_buf_z(out, "\r\n ");
        }

        ptn_buf_add(out, line.data + i, n);
        room = PTN_ICAL_FOLD - 1;
    }

    ptn_buf_z(out, "\r\n");
}
