#include "ptn_imap.h"


/*
 * The pool announces full chunks by itself; a flush cuts one in two, for what
 * comes slowly.
 */
#define PTN_IMAP_PROGRESS  (1024 * 1024)

/* Longer text goes to the driver as it is: one copy less. */
#define PTN_IMAP_DIRECT    2048


void
ptn_imap_out_push(ptn_imap_t *c)
{
    size_t  len;

    len = c->len;
    c->len = 0;

    if (len == 0 || c->failed != PTN_OK) {
        return;
    }

    c->st->out += len;
    c->since_flush += len;
    c->failed = c->s->write(c->s, c->buf, len);
}


void
ptn_imap_out(ptn_imap_t *c, const void *data, size_t len)
{
    if (len > PTN_IMAP_BUF - c->len || len >= PTN_IMAP_DIRECT) {
        ptn_imap_out_push(c);

        if (len >= PTN_IMAP_DIRECT) {
            if (c->failed == PTN_OK) {
                c->st->out += len;
                c->since_flush += len;
                c->failed = c->s->write(c->s, data, len);
            }
            return;
        }
    }

    if (len != 0) {
        memcpy(c->buf + c->len, data, len);
        c->len += len;
    }
}


void
ptn_imap_out_z(ptn_imap_t *c, const char *z)
{
    ptn_imap_out(c, z, strlen(z));
}


void
ptn_imap_out_str(ptn_imap_t *c, ptn_str_t s)
{
    ptn_imap_out(c, s.data, s.len);
}


void
ptn_imap_out_byte(ptn_imap_t *c, u_char b)
{
    if (c->len == PTN_IMAP_BUF) {
        ptn_imap_out_push(c);
    }

    c->buf[c->len++] = b;
}


void
ptn_imap_out_u64(ptn_imap_t *c, uint64_t n)
{
    size_t  i;
    u_char  digits[20];

    i = sizeof(digits);

    do {
        digits[--i] = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    ptn_imap_out(c, digits + i, sizeof(digits) - i);
}


/*
 * Quoted strings hold 7-bit text without CR and LF (RFC 3501 9); long ones
 * are clumsy for clients: both go as literals.
 */

void
ptn_imap_out_string(ptn_imap_t *c, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] >= 0x7f) {
            break;
        }
    }

    if (i < s.len || s.len > 1024) {
        ptn_imap_out_byte(c, '{');
        ptn_imap_out_u64(c, s.len);
        PTN_IMAP_LIT(c, "}\r\n");
        ptn_imap_out_str(c, s);
        return;
    }

    ptn_imap_out_byte(c, '"');

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '"' || s.data[i] == '\\') {
            ptn_imap_out_byte(c, '\\');
        }
        ptn_imap_out_byte(c, s.data[i]);
    }

    ptn_imap_out_byte(c, '"');
}


void
ptn_imap_out_astring(ptn_imap_t *c, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f
            || strchr("(){%*\"\\]", s.data[i]) != NULL)
        {
            break;
        }
    }

    if (s.len == 0 || i < s.len || ptn_str_ieqz(s, "NIL")) {
        ptn_imap_out_string(c, s);
        return;
    }

    ptn_imap_out_str(c, s);
}


void
ptn_imap_out_progress(ptn_imap_t *c)
{
    if (c->since_flush + c->len < PTN_IMAP_PROGRESS
        || ptn_store_pending(c->s->app->store))
    {
        return;
    }

    ptn_imap_out_push(c);
    c->since_flush = 0;

    if (c->failed == PTN_OK) {
        c->failed = c->s->flush(c->s);
    }
}
