#include "ptn_smtp.h"


/*
 * Worker side (ptn_stream.h).  `state` holds what was seen of the unit so
 * far in its low byte, the flag and, above, the count of body bytes.
 */

#define PTN_SMTP_LINE_START    0        /* DATA: behind CRLF, or at the start */
#define PTN_SMTP_IN_LINE       1
#define PTN_SMTP_CR            2        /* DATA: behind a CR */
#define PTN_SMTP_LONG          3        /* COMMAND: dropping up to LF */

#define PTN_SMTP_STATE         0xff
#define PTN_SMTP_TOO_BIG       0x100
#define PTN_SMTP_COUNT_SHIFT   16

/* A message may be this many times its limit before we stop listening. */
#define PTN_SMTP_PATIENCE      4


static bool
ptn_smtp_frame_auth(ptn_str_t in)
{
    return ptn_str_istarts(in, "auth")
           && (in.len == 4 || in.data[4] == ' ' || in.data[4] == '\r'
               || in.data[4] == '\n');
}


/* Commands whose answer may change how the next bytes are to be read. */

static bool
ptn_smtp_frame_barrier(ptn_str_t line)
{
    size_t              i;
    static const char  *names[] = { "data", "auth", "starttls", "quit" };

    for (i = 0; i < ptn_nelts(names); i++) {
        if (ptn_str_istarts(line, names[i])) {
            return true;
        }
    }

    return false;
}


static ptn_frame_e
ptn_smtp_frame_line(ptn_frame_t *f, ptn_str_t in)
{
    bool     auth;
    size_t   max;
    u_char  *lf;

    if (in.len == 0) {
        return PTN_FRAME_MORE;
    }

    if (f->scanned > in.len) {
        f->scanned = 0;
    }

    lf = memchr(in.data + f->scanned, '\n', in.len - f->scanned);

    if ((f->state & PTN_SMTP_STATE) == PTN_SMTP_LONG) {

        /* the LF alone stands for the line that was dropped */

        f->n = lf != NULL ? (size_t) (lf - in.data) : in.len;

        if (f->n > 0) {
            return PTN_FRAME_SKIP;
        }

        f->n = 1;
        f->cls = PTN_CLASS_SHORT;
        f->barrier = f->next->mode == PTN_MODE_LINE;

        return PTN_FRAME_UNIT;
    }

    auth = f->next->mode == PTN_MODE_LINE || ptn_smtp_frame_auth(in);
    max = auth ? PTN_SMTP_AUTH_MAX : PTN_SMTP_LINE_MAX;

    if (f->text_max && max > f->text_max) {
        max = f->text_max;
    }

    f->n = lf != NULL ? (size_t) (lf - in.data) + 1 : in.len;

    if (f->n > max) {
        f->state = PTN_SMTP_LONG;

        if (lf != NULL) {
            f->n--;
        }

        return PTN_FRAME_SKIP;
    }

    if (lf == NULL) {
        f->scanned = in.len;
        return PTN_FRAME_MORE;
    }

    in.len = f->n;

    f->cls = auth ? PTN_CLASS_AUTH : PTN_CLASS_SHORT;
    f->barrier = auth || ptn_smtp_frame_barrier(in);

    return PTN_FRAME_UNIT;
}


/*
 * How many bytes of `in` are surely data, and the state behind them.  Only
 * CRLF ends a line (RFC 5321 2.3.8): a lone CR or LF is data like any other,
 * so nothing but CRLF.CRLF ends the message.
 */
static size_t
ptn_smtp_frame_scan(unsigned *state, ptn_str_t in)
{
    u_char  *p, *end, *cr;

    p = in.data;
    end = in.data + in.len;

    while (p < end) {

        switch (*state) {

        case PTN_SMTP_LINE_START:
            if (*p == '.') {
                return (size_t) (p - in.data);
            }

            *state = PTN_SMTP_IN_LINE;
            break;

        case PTN_SMTP_CR:
            if (*p == '\n') {
                *state = PTN_SMTP_LINE_START;
                p++;

            } else if (*p == '\r') {
                p++;

            } else {
                *state = PTN_SMTP_IN_LINE;
            }
            break;

        default:
            cr = memchr(p, '\r', (size_t) (end - p));
            if (cr == NULL) {
                return in.len;
            }

            p = cr + 1;
            *state = PTN_SMTP_CR;
        }
    }

    return in.len;
}


static ptn_frame_e
ptn_smtp_frame_body(ptn_frame_t *f, size_t n, unsigned state)
{
    bool      big;
    uint64_t  count;

    count = (f->state >> PTN_SMTP_COUNT_SHIFT) + n;
    big = (f->state & PTN_SMTP_TOO_BIG) || count > f->next->body_max;

    if (count / PTN_SMTP_PATIENCE > f->next->body_max) {
        f->reply = ptn_str("552 5.3.4 Message too big\r\n");
        return PTN_FRAME_FAIL;
    }

    f->state = count << PTN_SMTP_COUNT_SHIFT
               | (big ? PTN_SMTP_TOO_BIG : 0) | state;
    f->n = n;

    return big ? PTN_FRAME_SKIP : PTN_FRAME_BODY;
}


static ptn_frame_e
ptn_smtp_frame_data(ptn_frame_t *f, ptn_str_t in)
{
    size_t    n;
    unsigned  state;

    if (in.len == 0) {
        return PTN_FRAME_MORE;
    }

    state = f->state & PTN_SMTP_STATE;
    n = ptn_smtp_frame_scan(&state, in);

    if (n > 0) {
        return ptn_smtp_frame_body(f, n, state);
    }

    /* a dot begins the line: its end, or stuffing (RFC 5321 4.5.2) */

    if (in.len == 1 || (in.len == 2 && in.data[1] == '\r')) {
        return PTN_FRAME_MORE;
    }

    if (in.data[1] != '\r' || in.data[2] != '\n') {
        f->state = (f->state & ~(uint64_t) PTN_SMTP_STATE) | PTN_SMTP_IN_LINE;
        f->n = 1;
        return PTN_FRAME_SKIP;
    }

    if (f->state & PTN_SMTP_TOO_BIG) {

        /* ".\r" is dropped like the rest; "\n" alone says what happened */

        f->state |= PTN_SMTP_LONG;
        f->n = 2;
        return PTN_FRAME_SKIP;
    }

    n = (size_t) (f->state >> PTN_SMTP_COUNT_SHIFT);

    f->n = 3;
    f->cls = n > 4 * 1024 * 1024 ? PTN_CLASS_BULK : PTN_CLASS_WRITE;
    f->barrier = true;

    return PTN_FRAME_UNIT;
}


ptn_frame_e
ptn_smtp_frame(ptn_frame_t *f, ptn_str_t in)
{
    if (f->next->mode != PTN_MODE_DATA) {
        return ptn_smtp_frame_line(f, in);
    }

    if ((f->state & PTN_SMTP_STATE) == PTN_SMTP_LONG) {
        if (in.len == 0) {
            return PTN_FRAME_MORE;
        }

        f->n = 1;
        f->cls = PTN_CLASS_SHORT;
        f->barrier = true;

        return PTN_FRAME_UNIT;
    }

    return ptn_smtp_frame_data(f, in);
}
