/*
 * Addresses and domain names as they may exist here.  A user's address is
 * also a path below ROOT/mailbox, so nothing that a file system could take
 * for something else gets through.
 */

#include "ptn_charset.h"
#include "ptn_dir_db.h"


/* RFC 5321 atext without '/', plus UTF-8 (RFC 6531). */

static bool
ptn_dir_addr_char(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80
           || (c != '\0' && strchr("!#$%&'*+-=?^_`{|}~.", c) != NULL);
}


static bool
ptn_dir_addr_local(ptn_str_t s)
{
    size_t  i;

    if (s.len == 0 || s.len > PTN_DIR_LOCAL_MAX || s.data[0] == '.'
        || s.data[s.len - 1] == '.')
    {
        return false;
    }

    for (i = 0; i < s.len; i++) {
        if (!ptn_dir_addr_char(s.data[i])
            || (s.data[i] == '.' && s.data[i - 1] == '.'))
        {
            return false;
        }
    }

    return ptn_utf8_valid(s);
}


static bool
ptn_dir_addr_domain(ptn_str_t s)
{
    size_t  i, start;
    u_char  c;

    if (s.len == 0 || s.len > PTN_DIR_DOMAIN_MAX) {
        return false;
    }

    for (i = 0, start = 0; i <= s.len; i++) {

        if (i == s.len || s.data[i] == '.') {
            if (i == start || i - start > 63 || s.data[start] == '-'
                || s.data[i - 1] == '-')
            {
                return false;
            }

            start = i + 1;
            continue;
        }

        c = s.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }

    return true;
}


static bool
ptn_dir_addr_lower(ptn_str_t s, ptn_dir_addr_t *ret)
{
    size_t  i;

    if (s.len == 0 || s.len > PTN_DIR_ADDRESS_MAX) {
        return false;
    }

    for (i = 0; i < s.len; i++) {
        ret->text[i] = ptn_tolower(s.data[i]);
    }

    ret->text[s.len] = '\0';
    ret->address = ptn_str_make(ret->text, s.len);
    ret->local = (ptn_str_t) ptn_null_string;
    ret->domain = ret->address;

    return true;
}


ptn_rc_t
ptn_dir_domain_parse(ptn_str_t s, ptn_dir_addr_t *ret)
{
    if (!ptn_dir_addr_lower(s, ret) || !ptn_dir_addr_domain(ret->domain)) {
        return PTN_EINVAL;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_dir_addr_parse(ptn_str_t s, ptn_dir_addr_t *ret)
{
    u_char  *at;

    if (!ptn_dir_addr_lower(s, ret)) {
        return PTN_EINVAL;
    }

    at = memrchr(ret->text, '@', s.len);
    if (at == NULL) {
        return PTN_EINVAL;
    }

    ret->local = ptn_str_make(ret->text, (size_t) (at - ret->text));
    ret->domain = ptn_str_make(at + 1, s.len - ret->local.len - 1);

    if (!ptn_dir_addr_domain(ret->domain) || !ptn_dir_addr_local(ret->local)) {
        return PTN_EINVAL;
    }

    return PTN_OK;
}
