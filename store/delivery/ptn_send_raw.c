#include "ptn_charset.h"
#include "ptn_delivery.h"
#include "ptn_send_in.h"


ptn_str_t
ptn_send_received(ptn_send_work_t *w)
{
    ptn_str_t  date;

    date = ptn_delivery_date(w->pool, w->now / PTN_USEC);

    return ptn_str_printf(w->pool, "Received: by %s with HTTP id %.*s;\r\n"
                          "\t%.*s\r\n", w->app->conf->hostname,
                          ptn_str_arg(w->id), ptn_str_arg(date));
}


/* RFC 5322 3.4: a display name as a quoted string, or encoded (RFC 2047). */

static void
ptn_send_mailbox(ptn_buf_t *b, ptn_str_t name, ptn_str_t address)
{
    size_t     i;
    bool       ascii;
    ptn_str_t  code;

    ascii = true;

    for (i = 0; i < name.len; i++) {
        ascii = ascii && name.data[i] >= 0x20 && name.data[i] < 0x7f;
    }

    if (name.len != 0 && ascii) {
        ptn_buf_byte(b, '"');

        for (i = 0; i < name.len; i++) {
            if (name.data[i] == '"' || name.data[i] == '\\') {
                ptn_buf_byte(b, '\\');
            }
            ptn_buf_byte(b, name.data[i]);
        }

        ptn_buf_z(b, "\" ");

    } else if (name.len != 0 && name.len <= 42) {
        code = ptn_base64_encode(b->pool, name);
        ptn_buf_printf(b, "=?utf-8?B?%.*s?= ", ptn_str_arg(code));
    }

    ptn_buf_byte(b, '<');
    ptn_buf_str(b, address);
    ptn_buf_z(b, ">\r\n");
}


/* A CR within a field must not begin a field for those who read it as one. */

static ptn_rc_t
ptn_send_field(ptn_pool_t *pool, ptn_str_t s, ptn_buf_t *b)
{
    size_t     i;
    ptn_str_t  line;

    line = ptn_str_dup(pool, s);
    if (line.data == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < line.len; i++) {

        if (line.data[i] == '\r'
            && (i + 1 == line.len || line.data[i + 1] != '\n'))
        {
            line.data[i] = ' ';
        }

        if (line.data[i] == '\n' && (i == 0 || line.data[i - 1] != '\r')) {
            ptn_buf_byte(b, '\r');
        }

        ptn_buf_byte(b, line.data[i]);
    }

    if (line.len == 0 || line.data[line.len - 1] != '\n') {
        ptn_buf_z(b, "\r\n");
    }

    return PTN_OK;
}


/* Lines end in CRLF on their way: what does not is a copy that does. */

static ptn_rc_t
ptn_send_crlf(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    size_t      i, n;
    u_char     *p;

    for (i = 0, n = 0; i < s.len; i++) {
        if ((s.data[i] == '\n' && (i == 0 || s.data[i - 1] != '\r'))
            || (s.data[i] == '\r'
                && (i + 1 == s.len || s.data[i + 1] != '\n')))
        {
            n++;
        }
    }

    if (n == 0) {
        *ret = s;
        return PTN_OK;
    }

    p = ptn_palloc(pool, s.len + n);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    ret->data = p;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] == '\n' && (i == 0 || s.data[i - 1] != '\r')) {
            *p++ = '\r';
        }

        *p++ = s.data[i];

        if (s.data[i] == '\r' && (i + 1 == s.len || s.data[i + 1] != '\n')) {
            *p++ = '\n';
        }
    }

    ret->len = (size_t) (p - ret->data);

    return PTN_OK;
}


/* Does the field stay?  Bcc never leaves; who sends is our word. */

static bool
ptn_send_keep(const ptn_mime_field_t *field)
{
    size_t  i;

    static const char *const  drop[] = {
        "Bcc", "Resent-Bcc", "Return-Path", "Sender"
    };

    for (i = 0; i < ptn_nelts(drop); i++) {
        if (ptn_str_ieqz(field->name, drop[i])) {
            return false;
        }
    }

    return true;
}


static void
ptn_send_raw_added(ptn_send_work_t *w, ptn_buf_t *b)
{
    ptn_delivery_scan_t  scan;

    ptn_delivery_scan(w->send->raw, &scan);

    if (w->add_from) {
        ptn_buf_z(b, "From: ");
        ptn_send_mailbox(b, w->owner.display, w->from);
    }

    if (w->behalf) {
        ptn_buf_z(b, "Sender: ");
        ptn_send_mailbox(b, w->actor.display, w->actor.address);
    }

    if (!scan.has_date) {
        ptn_buf_z(b, "Date: ");
        ptn_buf_str(b, ptn_delivery_date(w->pool, w->now / PTN_USEC));
        ptn_buf_z(b, "\r\n");
    }

    w->message_id = scan.message_id;

    if (scan.message_id.len == 0) {
        w->message_id = ptn_str_printf(w->pool, "<%.*s@%s>",
                                       ptn_str_arg(w->id),
                                       w->app->conf->hostname);
        ptn_buf_z(b, "Message-ID: ");
        ptn_buf_str(b, w->message_id);
        ptn_buf_z(b, "\r\n");
    }
}


ptn_rc_t
ptn_send_raw(ptn_send_work_t *w)
{
    uint32_t                i;
    ptn_rc_t                rc;
    ptn_buf_t               b;
    ptn_str_t               raw, line;
    const ptn_mime_part_t  *root;

    raw = w->send->raw;
    root = w->mime->root;

    ptn_buf_init(&b, w->pool);
    ptn_buf_str(&b, ptn_send_received(w));
    ptn_send_raw_added(w, &b);

    for (i = 0; i < root->nfields; i++) {

        if (!ptn_send_keep(&root->fields[i])) {
            continue;
        }

        line = ptn_str_make(raw.data + root->fields[i].off,
                            root->fields[i].len);

        rc = ptn_send_field(w->pool, line, &b);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_buf_z(&b, "\r\n");

    if (b.failed) {
        return PTN_ENOMEM;
    }

    w->head = ptn_buf_get(&b);

    return ptn_send_crlf(w->pool,
                         ptn_str_make(raw.data + root->body,
                                      raw.len - root->body), &w->data);
}
