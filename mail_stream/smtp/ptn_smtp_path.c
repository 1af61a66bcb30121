#include "ptn_smtp.h"


/* RFC 5321 4.1.2 */

static bool
ptn_smtp_atext(u_char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z')
           || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}


static bool
ptn_smtp_alnum(u_char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z');
}


static bool
ptn_smtp_literal(ptn_str_t s)
{
    size_t  i;
    u_char  c;

    /* "[" dcontent "]": an address of any kind, no blanks */

    if (s.len < 3 || s.data[0] != '[' || s.data[s.len - 1] != ']') {
        return false;
    }

    for (i = 1; i + 1 < s.len; i++) {
        c = s.data[i];

        if (!ptn_smtp_alnum(c) && c != '.' && c != ':' && c != '-') {
            return false;
        }
    }

    return true;
}


/*
 * Labels of letters, digits, hyphens and (seen in the wild) underscores; no
 * empty label.
 */
static bool
ptn_smtp_host(ptn_str_t s)
{
    size_t  i, label;
    u_char  c;

    if (s.len == 0 || s.len > 255) {
        return false;
    }

    for (i = 0, label = 0; i < s.len; i++) {
        c = s.data[i];

        if (c == '.') {
            if (label == 0) {
                return false;
            }

            label = 0;
            continue;
        }

        if ((!ptn_smtp_alnum(c) && c != '-' && c != '_') || ++label > 63) {
            return false;
        }
    }

    return label > 0;
}


bool
ptn_smtp_domain(ptn_str_t s)
{
    return s.len <= PTN_SMTP_HELO_MAX
           && (ptn_smtp_host(s) || ptn_smtp_literal(s));
}


/* Dot-string: its length; 0 when there is none. */

static size_t
ptn_smtp_dot_string(ptn_str_t s)
{
    size_t  i;
    bool    dot;

    for (i = 0, dot = true; i < s.len; i++) {
        if (s.data[i] == '.') {
            if (dot) {
                return 0;
            }

            dot = true;
            continue;
        }

        if (!ptn_smtp_atext(s.data[i])) {
            break;
        }

        dot = false;
    }

    return dot ? 0 : i;
}


/* Quoted-string: its length with the quotes; 0: it is none. */

static size_t
ptn_smtp_quoted(ptn_str_t s, u_char *plain, size_t *ret_len)
{
    size_t  i, n;
    u_char  c;

    for (i = 1, n = 0; i < s.len; i++) {
        c = s.data[i];

        if (c == '"') {
            *ret_len = n;
            return i + 1;
        }

        if (c == '\\') {
            if (++i == s.len) {
                return 0;
            }
            c = s.data[i];
        }

        if (c < 0x20 || c == 0x7f) {
            return 0;
        }

        plain[n++] = c;
    }

    return 0;
}


static bool
ptn_smtp_local(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret_local,
    size_t *ret_used)
{
    size_t      n, used;
    u_char     *plain;
    ptn_str_t   p;

    if (s.len > 0 && s.data[0] == '"') {
        plain = ptn_palloc(pool, s.len);
        if (plain == NULL) {
            return false;
        }

        used = ptn_smtp_quoted(s, plain, &n);
        if (used == 0) {
            return false;
        }

        p = ptn_str_make(plain, n);

        *ret_local = (n > 0 && ptn_smtp_dot_string(p) == n)
                     ? p : ptn_str_make(s.data, used);
        *ret_used = used;

        return true;
    }

    used = ptn_smtp_dot_string(s);

    *ret_local = ptn_str_make(s.data, used);
    *ret_used = used;

    return used > 0;
}


/* "@one,@two:" was once the way to go; it must be accepted and ignored. */

static bool
ptn_smtp_skip_route(ptn_str_t *s)
{
    u_char  *colon;

    if (s->len == 0 || s->data[0] != '@') {
        return true;
    }

    colon = memchr(s->data, ':', s->len);
    if (colon == NULL) {
        return false;
    }

    s->len -= (size_t) (colon + 1 - s->data);
    s->data = colon + 1;

    return true;
}


static ptn_smtp_path_e
ptn_smtp_mailbox(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    size_t     used;
    ptn_str_t  local, domain;

    if (!ptn_smtp_skip_route(&s)
        || !ptn_smtp_local(pool, s, &local, &used))
    {
        return PTN_SMTP_PATH_BAD;
    }

    if (used == s.len) {

        /* RFC 5321 4.5.1: <Postmaster> is the one without a domain */

        if (!ptn_str_ieqz(local, "postmaster")) {
            return PTN_SMTP_PATH_BAD;
        }

        *ret = local;

        return PTN_SMTP_PATH_OK;
    }

    if (s.data[used] != '@') {
        return PTN_SMTP_PATH_BAD;
    }

    domain = ptn_str_make(s.data + used + 1, s.len - used - 1);

    if (!ptn_smtp_domain(domain)) {
        return PTN_SMTP_PATH_BAD;
    }

    if (local.len > 64 || local.len + 1 + domain.len > PTN_SMTP_ADDRESS_MAX) {
        return PTN_SMTP_PATH_LONG;
    }

    *ret = ptn_str_printf(pool, "%.*s@%.*s", ptn_str_arg(local),
                          ptn_str_arg(domain));

    return ret->data != NULL ? PTN_SMTP_PATH_OK : PTN_SMTP_PATH_BAD;
}


/* The ">" that closes the path; one within quotes does not. */

static size_t
ptn_smtp_path_end(ptn_str_t s)
{
    bool    quoted;
    size_t  i;

    for (i = 1, quoted = false; i < s.len; i++) {
        if (quoted && s.data[i] == '\\') {
            i++;

        } else if (s.data[i] == '"') {
            quoted = !quoted;

        } else if (s.data[i] == '>' && !quoted) {
            return i;
        }
    }

    return 0;
}


ptn_smtp_path_e
ptn_smtp_path(ptn_pool_t *pool, ptn_str_t arg, ptn_str_t *ret_address,
    ptn_str_t *ret_rest)
{
    size_t           i, end;
    ptn_str_t        inner, address;
    ptn_smtp_path_e  rc;

    /* a blank behind the colon is wrong and common */

    while (arg.len > 0 && arg.data[0] == ' ') {
        arg.data++;
        arg.len--;
    }

    if (arg.len < 2 || arg.data[0] != '<') {
        return PTN_SMTP_PATH_BAD;
    }

    end = ptn_smtp_path_end(arg);
    if (end == 0) {
        return PTN_SMTP_PATH_BAD;
    }

    if (end + 1 < arg.len && arg.data[end + 1] != ' ') {
        return PTN_SMTP_PATH_BAD;
    }

    inner = ptn_str_make(arg.data + 1, end - 1);
    address = ptn_str_make(NULL, 0);

    for (i = 0; i < inner.len; i++) {
        if (inner.data[i] & 0x80) {
            return PTN_SMTP_PATH_8BIT;
        }
    }

    if (inner.len > 0) {
        rc = ptn_smtp_mailbox(pool, inner, &address);
        if (rc != PTN_SMTP_PATH_OK) {
            return rc;
        }
    }

    *ret_address = address;
    *ret_rest = ptn_str_make(arg.data + end + 1, arg.len - end - 1);

    return PTN_SMTP_PATH_OK;
}


bool
ptn_smtp_param(ptn_str_t *rest, ptn_str_t *ret_key, ptn_str_t *ret_value,
    ptn_rc_t *rc)
{
    size_t  i, start;

    *rc = PTN_OK;

    for (i = 0; i < rest->len && rest->data[i] == ' '; i++) { /* void */ }

    if (i == rest->len) {
        return false;
    }

    for (start = i; i < rest->len; i++) {
        if (!ptn_smtp_alnum(rest->data[i])
            && (i == start || rest->data[i] != '-'))
        {
            break;
        }
    }

    *ret_key = ptn_str_make(rest->data + start, i - start);
    *ret_value = ptn_str_make(NULL, 0);

    if (ret_key->len == 0) {
        *rc = PTN_EPARSE;
        return false;
    }

    if (i < rest->len && rest->data[i] == '=') {
        for (start = ++i; i < rest->len && rest->data[i] != ' '; i++) {
            if (rest->data[i] < 0x21 || rest->data[i] > 0x7e
                || rest->data[i] == '=')
            {
                *rc = PTN_EPARSE;
                return false;
            }
        }

        *ret_value = ptn_str_make(rest->data + start, i - start);

        if (ret_value->len == 0) {
            *rc = PTN_EPARSE;
            return false;
        }

    } else if (i < rest->len && rest->data[i] != ' ') {
        *rc = PTN_EPARSE;
        return false;
    }

    rest->data += i;
    rest->len -= i;

    return true;
}
