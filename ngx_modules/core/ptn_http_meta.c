#include "ptn_http_meta.h"


/* RFC 9110 5.6.2: a token. */
static bool
ptn_http_meta_is_token(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


static bool
ptn_http_meta_is_value(u_char c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}


void
ptn_http_meta_begin(ptn_http_meta_t *meta, ptn_pool_t *pool, unsigned status)
{
    ptn_buf_init(&meta->buf, pool);
    ptn_buf_printf(&meta->buf, "%03u\n", status % 1000);
}


void
ptn_http_meta_add(ptn_http_meta_t *meta, const char *name, ptn_str_t value)
{
    size_t  i;

    for (i = 0; name[i] != '\0'; i++) {
        if (ptn_http_meta_is_token((u_char) name[i])) {
            ptn_buf_byte(&meta->buf, (u_char) name[i]);
        }
    }

    ptn_buf_z(&meta->buf, ": ");

    for (i = 0; i < value.len; i++) {
        if (ptn_http_meta_is_value(value.data[i])) {
            ptn_buf_byte(&meta->buf, value.data[i]);
        }
    }

    ptn_buf_byte(&meta->buf, '\n');
}


ptn_rc_t
ptn_http_meta_send(ptn_http_meta_t *meta, ptn_job_t *job)
{
    if (meta->buf.failed) {
        return PTN_ENOMEM;
    }

    return ptn_job_meta(job, meta->buf.data, meta->buf.len);
}


void
ptn_http_meta_whole(ptn_http_meta_t *meta)
{
    ptn_http_meta_add(meta, "X-Postern-Whole", ptn_str("1"));
}


static void
ptn_http_watches_put(ptn_buf_t *b, const ptn_http_watch_t *watches, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        ptn_buf_printf(b, "%s%u:%llu", i ? " " : "", (unsigned) watches[i].slot,
                       (unsigned long long) watches[i].version);
    }
}


void
ptn_http_meta_poke(ptn_http_meta_t *meta, const char *type, uint32_t seconds,
    const ptn_session_t *session, const ptn_http_watch_t *watches, size_t n)
{
    size_t     i;
    ptn_sid_t  sid;

    ptn_buf_printf(&meta->buf, "X-Postern-Poke: %s %u\n", type,
                   (unsigned) seconds);

    if (session != NULL) {
        sid = ptn_session_id(session);

        ptn_buf_z(&meta->buf, "X-Postern-Session: ");

        for (i = 0; i < sizeof(sid.b); i++) {
            ptn_buf_printf(&meta->buf, "%02x", sid.b[i]);
        }

        ptn_buf_byte(&meta->buf, '\n');
    }

    if (n != 0) {
        ptn_buf_z(&meta->buf, "X-Postern-Watch: ");
        ptn_http_watches_put(&meta->buf, watches, n);
        ptn_buf_byte(&meta->buf, '\n');
    }
}


ptn_rc_t
ptn_http_watches(ptn_job_t *job, const ptn_http_watch_t *watches, size_t n)
{
    ptn_buf_t  b;

    ptn_buf_init(&b, job->pool);
    ptn_http_watches_put(&b, watches, n);

    if (b.failed) {
        return PTN_ENOMEM;
    }

    return ptn_job_trailer(job, b.data, b.len);
}


ptn_rc_t
ptn_http_watch_next(ptn_str_t *rest, ptn_http_watch_t *ret)
{
    u_char     *colon, *end;
    uint64_t    slot, version;
    ptn_str_t   item;

    if (rest->len == 0) {
        return PTN_ENOTFOUND;
    }

    end = memchr(rest->data, ' ', rest->len);
    item = ptn_str_make(rest->data, end != NULL ? (size_t) (end - rest->data)
                                                : rest->len);
    colon = item.len ? memchr(item.data, ':', item.len) : NULL;

    if (colon == NULL
        || ptn_str_u64(ptn_str_make(item.data, (size_t) (colon - item.data)),
                       PTN_SLOTS - 1, &slot) != PTN_OK
        || ptn_str_u64(ptn_str_make(colon + 1, item.len - 1
                                    - (size_t) (colon - item.data)),
                       UINT64_MAX, &version) != PTN_OK)
    {
        return PTN_EPARSE;
    }

    ret->slot = (uint32_t) slot;
    ret->version = version;

    rest->data += item.len + (end != NULL);
    rest->len -= item.len + (end != NULL);

    return PTN_OK;
}


ptn_rc_t
ptn_http_reply_head(ptn_job_t *job, unsigned status, const char *type,
    int64_t length)
{
    ptn_http_meta_t  meta;

    ptn_http_meta_begin(&meta, job->pool, status);

    if (type != NULL) {
        ptn_http_meta_add(&meta, "Content-Type", ptn_str_z(type));
    }

    if (length >= 0) {
        ptn_buf_printf(&meta.buf, "Content-Length: %lld\n",
                       (long long) length);
    }

    return ptn_http_meta_send(&meta, job);
}


ptn_rc_t
ptn_http_meta_status(ptn_str_t *rest, unsigned *ret_status)
{
    unsigned  i, status;

    if (rest->len < 4 || rest->data[3] != '\n') {
        return PTN_EPARSE;
    }

    status = 0;

    for (i = 0; i < 3; i++) {
        if (rest->data[i] < '0' || rest->data[i] > '9') {
            return PTN_EPARSE;
        }

        status = status * 10 + (unsigned) (rest->data[i] - '0');
    }

    if (status < 200 || status > 599) {
        return PTN_EPARSE;
    }

    rest->data += 4;
    rest->len -= 4;
    *ret_status = status;

    return PTN_OK;
}


ptn_rc_t
ptn_http_meta_next(ptn_str_t *rest, ptn_str_t *ret_name, ptn_str_t *ret_value)
{
    size_t  i, colon, end;

    if (rest->len == 0) {
        return PTN_ENOTFOUND;
    }

    for (colon = 0; colon < rest->len; colon++) {
        if (!ptn_http_meta_is_token(rest->data[colon])) {
            break;
        }
    }

    if (colon == 0 || rest->len - colon < 3
        || rest->data[colon] != ':' || rest->data[colon + 1] != ' ')
    {
        return PTN_EPARSE;
    }

    for (end = colon + 2; end < rest->len; end++) {
        if (!ptn_http_meta_is_value(rest->data[end])) {
            break;
        }
    }

    if (end == rest->len || rest->data[end] != '\n') {
        return PTN_EPARSE;
    }

    i = colon + 2;
    *ret_name = ptn_str_make(rest->data, colon);
    *ret_value = ptn_str_make(rest->data + i, end - i);

    rest->data += end + 1;
    rest->len -= end + 1;

    return PTN_OK;
}
