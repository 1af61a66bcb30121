#include <stdio.h>

#include "ptn_ews.h"


/* What is sent in one piece; most replies are less and go out with FINAL. */
#define PTN_EWS_PIECE  (48 * 1024)


void
ptn_ews_elem(ptn_ews_out_t *o, const char *name, ptn_str_t text)
{
    ptn_xml_put(&o->buf, name, text);
}


void
ptn_ews_elem_z(ptn_ews_out_t *o, const char *name, const char *text)
{
    ptn_xml_put_z(&o->buf, name, text);
}


void
ptn_ews_elem_int(ptn_ews_out_t *o, const char *name, int64_t n)
{
    char  text[24];

    snprintf(text, sizeof(text), "%lld", (long long) n);
    ptn_xml_put_z(&o->buf, name, text);
}


void
ptn_ews_elem_bool(ptn_ews_out_t *o, const char *name, bool b)
{
    ptn_xml_put_bool(&o->buf, name, b);
}


void
ptn_ews_elem_time(ptn_ews_out_t *o, const char *name, int64_t sec)
{
    char         text[80];
    ptn_civil_t  c;

    ptn_time_to_civil(sec, &c);

    if (c.year < 1601 || c.year > 9999) {
        return;
    }

    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year,
             c.month, c.day, c.hour, c.min, c.sec);
    ptn_xml_put_z(&o->buf, name, text);
}


void
ptn_ews_elem_filetime(ptn_ews_out_t *o, const char *name, int64_t ft)
{
    if (ft > 0) {
        ptn_ews_elem_time(o, name, (ft - PTN_FILETIME_1970) / 10000000);
    }
}


void
ptn_ews_base64(ptn_ews_out_t *o, ptn_str_t bytes)
{
    size_t               i, n;
    u_char              *p;
    const u_char        *s;

    static const u_char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789+/";

    n = (bytes.len + 2) / 3 * 4;
    p = ptn_buf_reserve(&o->buf, n);

    if (p == NULL) {
        return;
    }

    s = bytes.data;

    for (i = 0; i + 2 < bytes.len; i += 3, s += 3) {
        *p++ = digits[s[0] >> 2];
        *p++ = digits[(s[0] & 3) << 4 | s[1] >> 4];
        *p++ = digits[(s[1] & 15) << 2 | s[2] >> 6];
        *p++ = digits[s[2] & 63];
    }

    if (i + 1 == bytes.len) {
        *p++ = digits[s[0] >> 2];
        *p++ = digits[(s[0] & 3) << 4];
        *p++ = '=';
        *p++ = '=';

    } else if (i + 2 == bytes.len) {
        *p++ = digits[s[0] >> 2];
        *p++ = digits[(s[0] & 3) << 4 | s[1] >> 4];
        *p++ = digits[(s[1] & 15) << 2];
        *p++ = '=';
    }

    o->buf.len += n;
}


void
ptn_ews_elem_base64(ptn_ews_out_t *o, const char *name, ptn_str_t bytes)
{
    ptn_xml_put_open(&o->buf, name);
    ptn_ews_base64(o, bytes);
    ptn_xml_put_close(&o->buf, name);
}


void
ptn_ews_attr_put(ptn_ews_out_t *o, const char *name, ptn_str_t value)
{
    ptn_xml_put_attr(&o->buf, name, value);
}


ptn_rc_t
ptn_ews_flush(ptn_ews_out_t *o)
{
    ptn_rc_t  rc;

    if (o->rc != PTN_OK) {
        return o->rc;
    }

    if (o->buf.failed) {
        o->rc = PTN_ENOMEM;
        return PTN_ENOMEM;
    }

    if (o->job == NULL || o->buf.len < PTN_EWS_PIECE) {
        return PTN_OK;
    }

    if (o->sent == 0) {
        rc = ptn_http_reply_head(o->job, 200, "text/xml; charset=utf-8", -1);
        if (rc != PTN_OK) {
            o->rc = rc;
            return rc;
        }
    }

    rc = ptn_job_reply(o->job, o->buf.data, o->buf.len);
    if (rc != PTN_OK) {
        o->rc = rc;
        return rc;
    }

    o->sent += o->buf.len;
    o->buf.len = 0;

    return PTN_OK;
}


ptn_ews_mark_t
ptn_ews_mark(const ptn_ews_out_t *o)
{
    ptn_ews_mark_t  mark;

    mark.sent = o->sent;
    mark.len = o->buf.len;

    return mark;
}


bool
ptn_ews_rewind(ptn_ews_out_t *o, ptn_ews_mark_t mark)
{
    if (o->sent != mark.sent) {
        return false;
    }

    o->buf.len = mark.len;

    return true;
}
