#include "ptn_charset.h"
#include "ptn_mime_header.h"


/*
 * A string: quoted when it can be, else a literal.  Neither may hold NUL, and
 * the line breaks of folding are no part of the text (RFC 9051 7.5.2).
 */
static void
ptn_mime_imap_string(ptn_buf_t *out, ptn_str_t s)
{
    bool    literal;
    u_char  c;
    size_t  i, n;

    literal = false;
    n = 0;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];
        literal |= c >= 0x80 || c == '\0';
        n += c != '\r' && c != '\n';
    }

    if (literal) {
        ptn_buf_printf(out, "{%zu}\r\n", n);

    } else {
        ptn_buf_byte(out, '"');
    }

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c == '\r' || c == '\n') {
            continue;
        }

        if (!literal && (c == '"' || c == '\\')) {
            ptn_buf_byte(out, '\\');
        }

        ptn_buf_byte(out, c ? c : ' ');
    }

    if (!literal) {
        ptn_buf_byte(out, '"');
    }
}


/* Empty is NIL. */
static void
ptn_mime_imap_nstring(ptn_buf_t *out, ptn_str_t s)
{
    if (s.len == 0) {
        ptn_buf_z(out, "NIL");
        return;
    }

    ptn_mime_imap_string(out, s);
}


/* --- ENVELOPE ------------------------------------------------------------ */

static void
ptn_mime_imap_address(ptn_buf_t *out, const ptn_mime_addr_t *a)
{
    ptn_buf_byte(out, '(');

    if (a->group_start) {

        /* RFC 9051 7.5.2: the host is NIL, the mailbox the group's name */

        ptn_buf_z(out, "NIL NIL ");
        ptn_mime_imap_string(out, a->name);
        ptn_buf_z(out, " NIL)");
        return;
    }

    if (a->group_end) {
        ptn_buf_z(out, "NIL NIL NIL NIL)");
        return;
    }

    ptn_mime_imap_nstring(out, a->name);
    ptn_buf_byte(out, ' ');
    ptn_mime_imap_nstring(out, a->route);
    ptn_buf_byte(out, ' ');

    /* an address without a domain must not look like the start of a group */

    ptn_mime_imap_string(out, a->local);
    ptn_buf_byte(out, ' ');
    ptn_mime_imap_string(out, a->domain);
    ptn_buf_byte(out, ')');
}


/* All fields of that name; false when they hold no address. */
static bool
ptn_mime_imap_addresses(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part, const char *name)
{
    bool              some;
    size_t            i, n;
    uint32_t          k;
    ptn_str_t         s;
    ptn_mime_addr_t  *addrs;

    some = false;
    s = ptn_str_z(name);

    for (k = 0; k < part->nfields; k++) {

        if (!ptn_str_ieq(part->fields[k].name, s)) {
            continue;
        }

        if (ptn_mime_addresses(pool, part->fields[k].value, &addrs, &n)
            != PTN_OK)
        {
            out->failed = true;
            return false;
        }

        for (i = 0; i < n; i++) {
            if (!some) {
                ptn_buf_byte(out, '(');
                some = true;
            }

            ptn_mime_imap_address(out, &addrs[i]);
        }
    }

    if (some) {
        ptn_buf_byte(out, ')');
    }

    return some;
}


static void
ptn_mime_imap_env_ADDRS(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part, const char *name, const char *other)
{
    if (ptn_mime_imap_addresses(out, pool, part, name)
        || (other && ptn_mime_imap_addresses(out, pool, part, other)))
    {
        return;
    }

    ptn_buf_z(out, "NIL");
}


/* Absent is NIL, present but empty is "". */
static void
ptn_mime_imap_env_TEXT(ptn_buf_t *out, ptn_pool_t *pool PTN_UNUSED,
    const ptn_mime_part_t *part, const char *name,
    const char *other PTN_UNUSED)
{
    const ptn_mime_field_t  *f;

    f = ptn_mime_field(part, name);

    if (f == NULL) {
        ptn_buf_z(out, "NIL");
        return;
    }

    ptn_mime_imap_string(out, f->value);
}


typedef struct {
    const char  *name;
    void       (*write)(ptn_buf_t *out, ptn_pool_t *pool,
                    const ptn_mime_part_t *part, const char *name,
                    const char *other);
    const char  *other;         /* stands in when there is none */
} ptn_mime_imap_env_t;

static const ptn_mime_imap_env_t  ptn_mime_imap_env[] = {
#define PTN_MIME_IMAP_ENV(name, kind, other)                                  \
    { name, ptn_mime_imap_env_##kind, other },
    PTN_MIME_ENVELOPE(PTN_MIME_IMAP_ENV)
#undef PTN_MIME_IMAP_ENV
};


void
ptn_mime_imap_envelope(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part)
{
    size_t                      i;
    const ptn_mime_imap_env_t  *e;

    ptn_buf_byte(out, '(');

    for (i = 0; i < ptn_nelts(ptn_mime_imap_env); i++) {
        e = &ptn_mime_imap_env[i];

        if (i != 0) {
            ptn_buf_byte(out, ' ');
        }

        e->write(out, pool, part, e->name, e->other);
    }

    ptn_buf_byte(out, ')');
}


/* --- BODYSTRUCTURE ------------------------------------------------------- */

/*
 * Parameters are decoded in the tree; one that is not ASCII is written in the
 * extended form of RFC 2231, which is what a client would find in the message.
 */
static void
ptn_mime_imap_param(ptn_buf_t *out, const ptn_mime_param_t *p)
{
    bool               plain;
    u_char             c;
    size_t             i;
    static const char  hex[] = "0123456789ABCDEF";

    plain = true;

    for (i = 0; i < p->value.len; i++) {
        plain &= p->value.data[i] < 0x80 && p->value.data[i] != '\0';
    }

    if (plain) {
        ptn_mime_imap_string(out, p->name);
        ptn_buf_byte(out, ' ');
        ptn_mime_imap_string(out, p->value);
        return;
    }

    ptn_mime_imap_string(out, ptn_str_printf(out->pool, "%.*s*",
                                             ptn_str_arg(p->name)));
    ptn_buf_z(out, " \"utf-8''");

    for (i = 0; i < p->value.len; i++) {
        c = p->value.data[i];

        if ((c >= '0' && c <= '9') || (ptn_tolower(c) >= 'a'
                                       && ptn_tolower(c) <= 'z')
            || c == '.' || c == '-' || c == '_')
        {
            ptn_buf_byte(out, c);

        } else {
            ptn_buf_byte(out, '%');
            ptn_buf_byte(out, (u_char) hex[c >> 4]);
            ptn_buf_byte(out, (u_char) hex[c & 15]);
        }
    }

    ptn_buf_byte(out, '"');
}


static void
ptn_mime_imap_params(ptn_buf_t *out, const ptn_mime_param_t *params,
    uint32_t n)
{
    uint32_t  i;

    if (n == 0) {
        ptn_buf_z(out, "NIL");
        return;
    }

    for (i = 0; i < n; i++) {
        ptn_buf_byte(out, i ? ' ' : '(');
        ptn_mime_imap_param(out, &params[i]);
    }

    ptn_buf_byte(out, ')');
}


static void
ptn_mime_imap_language(ptn_buf_t *out, ptn_str_t s)
{
    size_t     i, n, start;
    ptn_str_t  tag;

    for (i = 0, n = 0; i <= s.len; i++) {

        start = i;
        while (i < s.len && s.data[i] != ',') {
            i++;
        }

        tag = ptn_mime_trim(ptn_str_make(s.data + start, i - start));

        if (tag.len != 0) {
            ptn_buf_byte(out, n++ ? ' ' : '(');
            ptn_mime_imap_string(out, tag);
        }
    }

    ptn_buf_z(out, n ? ")" : "NIL");
}


/* disposition, language, location: the same for all kinds of part */
static void
ptn_mime_imap_ext(ptn_buf_t *out, const ptn_mime_part_t *part)
{
    if (part->disposition.len != 0) {
        ptn_buf_z(out, " (");
        ptn_mime_imap_string(out, part->disposition);
        ptn_buf_byte(out, ' ');
        ptn_mime_imap_params(out, part->disp_params, part->ndisp_params);
        ptn_buf_byte(out, ')');

    } else {
        ptn_buf_z(out, " NIL");
    }

    ptn_buf_byte(out, ' ');

    if (part->language.len != 0) {
        ptn_mime_imap_language(out, part->language);

    } else {
        ptn_buf_z(out, "NIL");
    }

    ptn_buf_byte(out, ' ');
    ptn_mime_imap_nstring(out, part->location);
}


static void
ptn_mime_imap_multipart(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part, bool extensible)
{
    const ptn_mime_part_t  *child;

    ptn_buf_byte(out, '(');

    for (child = part->child; child != NULL; child = child->next) {
        ptn_mime_imap_structure(out, pool, child, extensible);
    }

    ptn_buf_byte(out, ' ');
    ptn_mime_imap_string(out, part->subtype);

    if (extensible) {
        ptn_buf_byte(out, ' ');
        ptn_mime_imap_params(out, part->params, part->nparams);
        ptn_mime_imap_ext(out, part);
    }

    ptn_buf_byte(out, ')');
}


/*
 * A leaf whose type promises a structure that it has not got (an encoded
 * message, a multipart too deep) would be read wrongly under its own name.
 */
static bool
ptn_mime_imap_honest(const ptn_mime_part_t *part)
{
    if (part->kind == PTN_MIME_MESSAGE) {
        return true;
    }

    if (ptn_str_eqz(part->type, "message")) {
        return !ptn_str_eqz(part->subtype, "rfc822")
               && !ptn_str_eqz(part->subtype, "global");
    }

    return !ptn_str_eqz(part->type, "multipart");
}


static void
ptn_mime_imap_single(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part, bool extensible)
{
    ptn_buf_byte(out, '(');

    if (ptn_mime_imap_honest(part)) {
        ptn_mime_imap_string(out, part->type);
        ptn_buf_byte(out, ' ');
        ptn_mime_imap_string(out, part->subtype);

    } else {
        ptn_buf_z(out, "\"application\" \"octet-stream\"");
    }

    ptn_buf_byte(out, ' ');

    if (part->nparams == 0 && !part->has_type
        && ptn_str_eqz(part->type, "text"))
    {
        ptn_buf_z(out, "(\"charset\" \"us-ascii\")");   /* RFC 2045 5.2 */

    } else {
        ptn_mime_imap_params(out, part->params, part->nparams);
    }

    ptn_buf_byte(out, ' ');
    ptn_mime_imap_nstring(out, part->id);
    ptn_buf_byte(out, ' ');
    ptn_mime_imap_nstring(out, part->description);
    ptn_buf_byte(out, ' ');

    if (part->cte_name.len != 0) {
        ptn_mime_imap_string(out, part->cte_name);

    } else {
        ptn_buf_z(out, "\"7bit\"");
    }

    ptn_buf_printf(out, " %llu", (unsigned long long) part->body_len);

    if (part->kind == PTN_MIME_MESSAGE) {
        ptn_buf_byte(out, ' ');
        ptn_mime_imap_envelope(out, pool, part->child);
        ptn_buf_byte(out, ' ');
        ptn_mime_imap_structure(out, pool, part->child, extensible);
        ptn_buf_printf(out, " %u", part->body_lines);

    } else if (ptn_str_eqz(part->type, "text")) {
        ptn_buf_printf(out, " %u", part->body_lines);
    }

    if (extensible) {
        ptn_buf_byte(out, ' ');
        ptn_mime_imap_nstring(out, part->md5);
        ptn_mime_imap_ext(out, part);
    }

    ptn_buf_byte(out, ')');
}


void
ptn_mime_imap_structure(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part, bool extensible)
{
    if (part->kind == PTN_MIME_MULTIPART) {
        ptn_mime_imap_multipart(out, pool, part, extensible);
        return;
    }

    ptn_mime_imap_single(out, pool, part, extensible);
}
