#include <stdarg.h>
#include <stdio.h>

#include "ptn_base.h"


ptn_str_t
ptn_str_make(const void *data, size_t len)
{
    ptn_str_t  s;

    s.len = len;
    s.data = (u_char *) data;

    return s;
}


ptn_str_t
ptn_str_z(const char *z)
{
    return ptn_str_make(z, z ? strlen(z) : 0);
}


bool
ptn_str_eq(ptn_str_t a, ptn_str_t b)
{
    return a.len == b.len
           && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


bool
ptn_str_ieq(ptn_str_t a, ptn_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return false;
    }

    for (i = 0; i < a.len; i++) {
        if (ptn_tolower(a.data[i]) != ptn_tolower(b.data[i])) {
            return false;
        }
    }

    return true;
}


bool
ptn_str_eqz(ptn_str_t a, const char *b)
{
    return ptn_str_eq(a, ptn_str_z(b));
}


bool
ptn_str_ieqz(ptn_str_t a, const char *b)
{
    return ptn_str_ieq(a, ptn_str_z(b));
}


bool
ptn_str_istarts(ptn_str_t a, const char *prefix)
{
    size_t  n;

    n = strlen(prefix);

    return a.len >= n && ptn_str_ieq(ptn_str_make(a.data, n),
                                     ptn_str_make(prefix, n));
}


int
ptn_str_cmp(ptn_str_t a, ptn_str_t b)
{
    int     rc;
    size_t  n;

    n = ptn_min(a.len, b.len);
    rc = n ? memcmp(a.data, b.data, n) : 0;

    if (rc != 0) {
        return rc;
    }

    return (a.len > b.len) - (a.len < b.len);
}


ptn_str_t
ptn_str_dup(ptn_pool_t *pool, ptn_str_t s)
{
    ptn_str_t  d = ptn_null_string;

    d.data = ptn_palloc(pool, s.len + 1);

    if (d.data != NULL) {
        if (s.len != 0) {
            memcpy(d.data, s.data, s.len);
        }
        d.data[s.len] = '\0';
        d.len = s.len;
    }

    return d;
}


char *
ptn_str_dupz(ptn_pool_t *pool, ptn_str_t s)
{
    return (char *) ptn_str_dup(pool, s).data;
}


ptn_str_t
ptn_str_lower(ptn_pool_t *pool, ptn_str_t s)
{
    size_t     i;
    ptn_str_t  d;

    d = ptn_str_dup(pool, s);

    for (i = 0; i < d.len; i++) {
        d.data[i] = ptn_tolower(d.data[i]);
    }

    return d;
}


ptn_str_t
ptn_str_printf(ptn_pool_t *pool, const char *fmt, ...)
{
    int        n;
    va_list    ap;
    ptn_str_t  s = ptn_null_string;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);

    if (n < 0) {
        return s;
    }

    s.data = ptn_palloc(pool, (size_t) n + 1);
    if (s.data == NULL) {
        return s;
    }

    va_start(ap, fmt);
    vsnprintf((char *) s.data, (size_t) n + 1, fmt, ap);
    va_end(ap);
    s.len = (size_t) n;

    return s;
}


ptn_rc_t
ptn_str_u64(ptn_str_t s, uint64_t max, uint64_t *ret_n)
{
    size_t    i;
    uint64_t  n, d;

    if (s.len == 0) {
        return PTN_EPARSE;
    }

    n = 0;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9') {
            return PTN_EPARSE;
        }

        d = (uint64_t) (s.data[i] - '0');

        if (n > (max - ptn_min(d, max)) / 10 || n * 10 + d > max) {
            return PTN_ETOOBIG;
        }

        n = n * 10 + d;
    }

    *ret_n = n;

    return PTN_OK;
}


void
ptn_buf_init(ptn_buf_t *b, ptn_pool_t *pool)
{
    memset(b, 0, sizeof(ptn_buf_t));
    b->pool = pool;
}


u_char *
ptn_buf_reserve(ptn_buf_t *b, size_t len)
{
    size_t   size;
    u_char  *p;

    if (b->failed) {
        return NULL;
    }

    if (b->data != NULL && len <= b->size - b->len) {
        return b->data + b->len;
    }

    if (len > SIZE_MAX / 4 - b->len) {
        b->failed = true;
        return NULL;
    }

    size = ptn_max(b->size * 2, (size_t) 256);
    size = ptn_max(size, b->len + len);

    p = ptn_palloc(b->pool, size);
    if (p == NULL) {
        b->failed = true;
        return NULL;
    }

    if (b->len != 0) {
        memcpy(p, b->data, b->len);
    }

    b->data = p;
    b->size = size;

    return p + b->len;
}


void
ptn_buf_add(ptn_buf_t *b, const void *data, size_t len)
{
    u_char  *p;

    if (len == 0) {
        return;
    }

    p = ptn_buf_reserve(b, len);
    if (p != NULL) {
        memcpy(p, data, len);
        b->len += len;
    }
}


void
ptn_buf_str(ptn_buf_t *b, ptn_str_t s)
{
    ptn_buf_add(b, s.data, s.len);
}


void
ptn_buf_z(ptn_buf_t *b, const char *s)
{
    ptn_buf_add(b, s, strlen(s));
}


void
ptn_buf_byte(ptn_buf_t *b, u_char c)
{
    ptn_buf_add(b, &c, 1);
}


void
ptn_buf_printf(ptn_buf_t *b, const char *fmt, ...)
{
    int      n;
    char     tmp[256];
    u_char  *p;
    va_list  ap;

    va_start(ap, fmt);
    n = vsnprintf(tmp, sizeof(tmp), fmt, ap);
    va_end(ap);

    if (n < 0) {
        b->failed = true;
        return;
    }

    if ((size_t) n < sizeof(tmp)) {
        ptn_buf_add(b, tmp, (size_t) n);
        return;
    }

    p = ptn_buf_reserve(b, (size_t) n + 1);
    if (p == NULL) {
        return;
    }

    va_start(ap, fmt);
    vsnprintf((char *) p, (size_t) n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t) n;
}


ptn_str_t
ptn_buf_get(const ptn_buf_t *b)
{
    return ptn_str_make(b->data, b->len);
}
