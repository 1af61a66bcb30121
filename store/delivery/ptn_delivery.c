#include <stdio.h>
#include <sys/mman.h>

#include "ptn_delivery.h"
#include "ptn_mime.h"


/* Above this a message is mapped memory of its own, beside the pool. */
#define PTN_DELIVERY_MAP  (1024 * 1024)

typedef struct {
    void    *p;
    size_t   len;
} ptn_delivery_map_t;


static void
ptn_delivery_unmap(void *data)
{
    ptn_delivery_map_t  *map = data;

    munmap(map->p, map->len);
}


static u_char *
ptn_delivery_alloc(ptn_pool_t *pool, size_t len)
{
    ptn_delivery_map_t  *map;

    if (len < PTN_DELIVERY_MAP) {
        return ptn_palloc(pool, len);
    }

    map = ptn_palloc(pool, sizeof(ptn_delivery_map_t));
    if (map == NULL) {
        return NULL;
    }

    map->len = len;
    map->p = mmap(NULL, len, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
                  -1, 0);
    if (map->p == MAP_FAILED) {
        return NULL;
    }

    if (ptn_pool_cleanup(pool, ptn_delivery_unmap, map) != PTN_OK) {
        munmap(map->p, len);
        return NULL;
    }

    return map->p;
}


ptn_rc_t
ptn_delivery_room(ptn_pool_t *pool, ptn_delivery_t *d, size_t len,
    u_char **ret_data)
{
    u_char     *p;
    ptn_str_t   path;

    path = ptn_str_printf(pool, "Return-Path: <%.*s>\r\n",
                          ptn_str_arg(d->sender));
    if (path.data == NULL) {
        return PTN_ENOMEM;
    }

    if (len > SIZE_MAX - path.len) {
        return PTN_ETOOBIG;
    }

    p = ptn_delivery_alloc(pool, path.len + len);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    memcpy(p, path.data, path.len);

    d->raw = ptn_str_make(p, path.len + len);
    *ret_data = p + path.len;

    return PTN_OK;
}


static ptn_rc_t
ptn_delivery_make(ptn_pool_t *pool, ptn_delivery_t *d)
{
    u_char    *p;
    ptn_rc_t   rc;

    if (d->raw.data == NULL) {
        rc = ptn_delivery_room(pool, d, d->head.len + d->data.len, &p);
        if (rc != PTN_OK) {
            return rc;
        }

        if (d->head.len) {
            memcpy(p, d->head.data, d->head.len);
        }

        if (d->data.len) {
            memcpy(p + d->head.len, d->data.data, d->data.len);
        }
    }

    return ptn_mime_parse(pool, d->raw, &d->mime);
}


static void
ptn_delivery_append(const ptn_delivery_t *d, ptn_append_t *append)
{
    memset(append, 0, sizeof(ptn_append_t));
    append->raw = d->raw;
    append->mime = d->mime;
    append->ready = d->ready;
    append->hurry = d->hurry && !d->many;
    append->delivery = true;
    append->sender = d->sender;
}


static void
ptn_delivery_unready(void *data)
{
    ptn_ready_free(data);
}


ptn_rc_t
ptn_deliver_prepare(ptn_app_t *app, ptn_pool_t *pool, const ptn_rcpt_t *rcpt,
    ptn_delivery_t *d)
{
    ptn_rc_t      rc;
    ptn_ready_t  *ready;
    ptn_append_t  append;

    rc = PTN_OK;

    if (d->mime == NULL) {
        rc = ptn_delivery_make(pool, d);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_delivery_append(d, &append);
    rc = ptn_msg_ready(app->store, &rcpt->user, &append, &ready);

    if (rc == PTN_OK) {
        rc = ptn_pool_cleanup(pool, ptn_delivery_unready, ready);

        if (rc != PTN_OK) {
            ptn_ready_free(ready);
        }
    }

    if (rc == PTN_OK) {
        d->ready = ready;
    }

    return rc;
}


static ptn_rc_t
ptn_deliver_append(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_rcpt_t *rcpt,
    ptn_delivery_t *d)
{
    ptn_rc_t                              rc;
    ptn_append_t                          append;
    ptn_appended_t                        appended;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    ptn_delivery_append(d, &append);

    if (d->queue_id.len) {
        append.key = ptn_str_printf(pool, "q:%.*s:%llu",
                                    ptn_str_arg(d->queue_id),
                                    (unsigned long long) rcpt->user.id);
        if (append.key.data == NULL) {
            return PTN_ENOMEM;
        }
    }

    rc = ptn_txn_begin(&tx, mb);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_msg_append(&tx, 0, &append, &appended);

    if (rc == PTN_EEXIST && d->queue_id.len) {
        return PTN_OK;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_txn_commit(&tx);
}


ptn_rc_t
ptn_deliver_local(ptn_app_t *app, ptn_pool_t *pool, const ptn_rcpt_t *rcpt,
    ptn_delivery_t *d)
{
    ptn_rc_t      rc;
    ptn_mbox_t   *mb;
    ptn_acting_t  was;

    if (d->mime == NULL) {
        rc = ptn_delivery_make(pool, d);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    /* for all of them once; where that fails each is told of it below */

    if (d->many && d->ready == NULL) {
        (void) ptn_deliver_prepare(app, pool, rcpt, d);
    }

    /* the sender's job may have the mailbox open for the sender */

    rc = ptn_mbox_open_system(app->store, &rcpt->user, &mb, &was);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_deliver_append(mb, pool, rcpt, d);
    ptn_mbox_back(mb, &was);

    return rc;
}


static ptn_str_t
ptn_delivery_value(const u_char *p, const u_char *end)
{
    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (end > p && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) {
        end--;
    }

    return ptn_str_make(p, (size_t) (end - p));
}


static void
ptn_delivery_field(ptn_str_t line, ptn_delivery_scan_t *ret)
{
    u_char     *colon;
    ptn_str_t   name;

    colon = memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return;
    }

    name = ptn_delivery_value(line.data, colon);

    if (ptn_str_ieqz(name, "received")) {
        ret->received++;

    } else if (ptn_str_ieqz(name, "date")) {
        ret->has_date = true;

    } else if (ptn_str_ieqz(name, "from")) {
        ret->has_from = true;

    } else if (ptn_str_ieqz(name, "message-id") && ret->message_id.len == 0) {
        ret->message_id = ptn_delivery_value(colon + 1,
                                             line.data + line.len);
    }
}


void
ptn_delivery_scan(ptn_str_t data, ptn_delivery_scan_t *ret)
{
    size_t   n, off, text;
    u_char  *p, *lf;

    memset(ret, 0, sizeof(ptn_delivery_scan_t));

    for (off = 0; off < data.len; off += n) {
        p = data.data + off;
        lf = memchr(p, '\n', data.len - off);
        n = lf != NULL ? (size_t) (lf - p) + 1 : data.len - off;

        text = lf != NULL ? n - 1 : n;
        if (text > 0 && p[text - 1] == '\r') {
            text--;
        }

        if (text == 0) {
            off += n;
            break;
        }

        if (*p == ' ' || *p == '\t') {

            /* a Message-ID that begins on its second line */

            continue;
        }

        ptn_delivery_field(ptn_str_make(p, text), ret);
    }

    ret->header = off;
}


bool
ptn_delivery_8bit(ptn_str_t data)
{
    size_t    i;
    u_char    any;
    uint64_t  word;

    for (i = 0; i + 8 <= data.len; i += 8) {
        memcpy(&word, data.data + i, 8);
        if (word & 0x8080808080808080ULL) {
            return true;
        }
    }

    for (any = 0; i < data.len; i++) {
        any |= data.data[i];
    }

    return any & 0x80;
}


ptn_str_t
ptn_delivery_date(ptn_pool_t *pool, int64_t sec)
{
    ptn_civil_t  c;

    static const char  days[] = "SunMonTueWedThuFriSat";
    static const char  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    ptn_time_to_civil(sec, &c);

    return ptn_str_printf(pool, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000",
                          days + 3 * c.wday, c.day, months + 3 * (c.month - 1),
                          c.year, c.hour, c.min, c.sec);
}


/* Values come from clients: nothing in them may look like another key. */

static const char *
ptn_delivery_clean(char *dst, size_t size, ptn_str_t s)
{
    size_t  i, n;
    u_char  c;

    for (i = 0, n = 0; i < s.len && n + 1 < size; i++) {
        c = s.data[i];
        dst[n++] = (c < 0x20 || c == 0x7f || c == '"') ? '?' : (char) c;
    }

    dst[n] = '\0';

    return dst;
}


void
ptn_delivery_log(ptn_log_t *log, ptn_str_t queue_id, ptn_str_t sender,
    ptn_str_t rcpt, uint64_t size, int64_t arrived, const char *status,
    ptn_str_t message_id, ptn_str_t detail)
{
    char     from[320], to[320], id[256], why[256];
    int64_t  delay;

    delay = arrived ? ptn_max(ptn_time_now() - arrived, (int64_t) 0) : 0;

    ptn_log(log, PTN_LOG_INFO,
            "delivery queue_id=%.*s from=\"%s\" to=\"%s\" size=%llu "
            "delay=%lld.%03lld status=%s message_id=\"%s\"%s%s%s",
            queue_id.len ? (int) queue_id.len : 1,
            queue_id.len ? (char *) queue_id.data : "-",
            ptn_delivery_clean(from, sizeof(from), sender),
            ptn_delivery_clean(to, sizeof(to), rcpt),
            (unsigned long long) size,
            (long long) (delay / PTN_USEC),
            (long long) (delay % PTN_USEC / 1000), status,
            ptn_delivery_clean(id, sizeof(id), message_id),
            detail.len ? " detail=\"" : "",
            ptn_delivery_clean(why, sizeof(why), detail),
            detail.len ? "\"" : "");
}
