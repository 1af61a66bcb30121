/*
 * Worker side: where a command ends (RFC 3501 2.2.1, 4.3; RFC 7888).  Runs
 * over hostile bytes in the nginx worker: looks at line ends and literal
 * announcements, at nothing else, keeps no pointer.
 *
 * A literal up to PTN_STREAM_LITERAL_INLINE stays in the text, a larger one
 * goes to the unit's body.  One that is too big is refused before it is read:
 * the unit then ends behind the announcement, and the parser, which does not
 * find the octets, answers with the tag.  The octets of a non-synchronizing
 * literal come in any case, so that the connection is closed instead.
 *
 * f->state: bits 0-31 octets left of an inline literal, 32-47 text taken
 * already, then the flags below and the class.
 */

#include "ptn_imap.h"


#define PTN_IMAP_F_TAKEN_SHIFT   32
#define PTN_IMAP_F_TAKEN_MASK    0x1ffffULL
#define PTN_IMAP_F_BODY          (1ULL << 52)   /* text is taken: body now */
#define PTN_IMAP_F_ASK           (1ULL << 53)   /* "+" is due before it */
#define PTN_IMAP_F_CLASS         (1ULL << 54)   /* class is known: */
#define PTN_IMAP_F_BARRIER       (1ULL << 55)
#define PTN_IMAP_F_CLASS_SHIFT   56

#define PTN_IMAP_INLINE_MASK     0xffffffffULL

static const ptn_str_t  ptn_imap_frame_go = ptn_string("+ OK\r\n");
static const ptn_str_t  ptn_imap_frame_long =
    ptn_string("* BYE [TOOBIG] Command too long\r\n");
static const ptn_str_t  ptn_imap_frame_big =
    ptn_string("* BYE [TOOBIG] Literal too big\r\n");


#define PTN_IMAP_DIGITS          24
#define PTN_IMAP_TAIL            64             /* of a line, looked at again */


/*
 * "{123}" or "{123+}" at the end of the line [p, end), end without CRLF.
 * A number of more digits than any limit has is a literal too: too big; one
 * of more than PTN_IMAP_DIGITS is none: the parser refuses it.
 */

static bool
ptn_imap_frame_literal(const u_char *p, const u_char *end, uint64_t *ret_n,
    bool *ret_sync)
{
    bool           sync;
    unsigned       i;
    uint64_t       n, mul;
    const u_char  *q;

    if (end - p < 3 || end[-1] != '}') {
        return false;
    }

    q = end - 1;
    sync = true;

    if (q[-1] == '+') {
        sync = false;
        q--;
    }

    n = 0;
    mul = 1;

    for (i = 0; q > p && q[-1] >= '0' && q[-1] <= '9'; i++) {
        q--;

        if (i == PTN_IMAP_DIGITS) {
            return false;
        }

        if (mul > 1000000000000000ULL) {
            if (*q != '0') {
                n = UINT64_MAX;
            }
            continue;
        }

        n += (uint64_t) (*q - '0') * mul;
        mul *= 10;
    }

    if (q == p || q[-1] != '{' || mul == 1) {
        return false;
    }

    *ret_n = n;
    *ret_sync = sync;

    return true;
}


static bool
ptn_imap_frame_contains(const u_char *p, size_t len, const char *word)
{
    size_t  i, n;

    n = strlen(word);

    for (i = 0; i + n <= len; i++) {
        if (ptn_str_ieq(ptn_str_make(p + i, n), ptn_str_make(word, n))) {
            return true;
        }
    }

    return false;
}


/*
 * Content of many messages, and searches in content, are not short.  A hint:
 * a wrong guess costs time, nothing else.
 */

static ptn_class_e
ptn_imap_frame_weight(const ptn_imap_cmd_t *cmd, const u_char *p, size_t len)
{
    size_t                     i;
    static const char *const   content[] = {
        "BODY", "RFC822.HEADER", "RFC822.TEXT", "RFC822)", "ENVELOPE"
    };
    static const char *const   search[] = {
        "TEXT ", "BODY ", "HEADER ", "SUBJECT ", "FROM ", "TO ", "CC ", "SENT"
    };

    len = ptn_min(len, (size_t) 1024);

    if (cmd->run == ptn_imap_fetch) {
        for (i = 0; i < len; i++) {
            if (p[i] == '(' || p[i] == 'B' || p[i] == 'b') {
                break;
            }
        }

        if (memchr(p, ':', i) == NULL && memchr(p, ',', i) == NULL) {
            return PTN_CLASS_SHORT;
        }

        for (i = 0; i < ptn_nelts(content); i++) {
            if (ptn_imap_frame_contains(p, len, content[i])) {
                return PTN_CLASS_BULK;
            }
        }
    }

    if (cmd->run == ptn_imap_search) {
        for (i = 0; i < ptn_nelts(search); i++) {
            if (ptn_imap_frame_contains(p, len, search[i])) {
                return PTN_CLASS_BULK;
            }
        }
    }

    return cmd->cls;
}


/* The class and the barrier, from the first line, into f->state. */

static void
ptn_imap_frame_verb(ptn_frame_t *f, const u_char *p, size_t len)
{
    size_t                 n, verb;
    ptn_class_e            cls;
    const ptn_imap_cmd_t  *cmd;

    f->state |= PTN_IMAP_F_CLASS;

    if (f->next->mode == PTN_MODE_LINE) {
        cls = f->next->authenticated ? PTN_CLASS_SHORT : PTN_CLASS_AUTH;
        f->state |= PTN_IMAP_F_BARRIER
                    | (uint64_t) cls << PTN_IMAP_F_CLASS_SHIFT;
        return;
    }

    for (n = 0; n < len && p[n] != ' '; n++) { /* the tag */ }

    verb = n + 1;

    for (n++; n < len && p[n] != ' ' && p[n] != '\r' && p[n] != '\n'; n++) {
        /* void */
    }

    if (n - verb == 3 && n < len && p[n] == ' '
        && ptn_str_ieqz(ptn_str_make(p + verb, 3), "UID"))
    {
        for (n++; n < len && p[n] != ' ' && p[n] != '\r' && p[n] != '\n';
             n++)
        { /* void */ }
    }

    if (n > len || n - verb > 32) {
        return;
    }

    cmd = ptn_imap_cmd_find(ptn_str_make(p + verb, n - verb));

    if (cmd != NULL) {
        cls = ptn_imap_frame_weight(cmd, p + n, len - n);
        f->state |= (uint64_t) cls << PTN_IMAP_F_CLASS_SHIFT;
        f->state |= cmd->flags & PTN_IMAP_BARRIER ? PTN_IMAP_F_BARRIER : 0;
    }
}


static ptn_frame_e
ptn_imap_frame_fail(ptn_frame_t *f, ptn_str_t reply)
{
    f->reply = reply;

    return PTN_FRAME_FAIL;
}


static ptn_frame_e
ptn_imap_frame_unit(ptn_frame_t *f, size_t n)
{
    f->n = n;
    f->cls = (ptn_class_e) (f->state >> PTN_IMAP_F_CLASS_SHIFT);
    f->barrier = (f->state & PTN_IMAP_F_BARRIER) != 0;

    return PTN_FRAME_UNIT;
}


/* The line up to `n` announces a literal of `len` octets. */

static ptn_frame_e
ptn_imap_frame_announced(ptn_frame_t *f, size_t n, uint64_t len, bool sync)
{
    bool      inl, fits;
    uint64_t  text;

    text = ((f->state >> PTN_IMAP_F_TAKEN_SHIFT) & PTN_IMAP_F_TAKEN_MASK) + n;
    inl = len <= PTN_STREAM_LITERAL_INLINE;

    if (inl) {
        fits = text + len + 2 <= f->text_max;

    } else {
        fits = f->body_len <= f->next->body_max
               && len <= f->next->body_max - f->body_len;
    }

    if (!fits) {
        return sync ? ptn_imap_frame_unit(f, n)
                    : ptn_imap_frame_fail(f, ptn_imap_frame_big);
    }

    if (inl) {
        f->state |= len;
        f->scanned = n;

        if (sync) {
            f->reply = ptn_imap_frame_go;
            return PTN_FRAME_SEND;
        }

        return PTN_FRAME_MORE;          /* the caller's loop goes on */
    }

    f->state &= ~(PTN_IMAP_F_TAKEN_MASK << PTN_IMAP_F_TAKEN_SHIFT);
    f->state |= text << PTN_IMAP_F_TAKEN_SHIFT;
    f->state |= PTN_IMAP_F_BODY | (sync ? PTN_IMAP_F_ASK : 0);
    f->body_left = len;
    f->scanned = 0;
    f->n = n;

    return PTN_FRAME_TEXT;
}


/* Text is taken, a large literal comes. */

static ptn_frame_e
ptn_imap_frame_body(ptn_frame_t *f, ptn_str_t in)
{
    if (f->state & PTN_IMAP_F_ASK) {
        f->state &= ~PTN_IMAP_F_ASK;
        f->reply = ptn_imap_frame_go;
        return PTN_FRAME_SEND;
    }

    if (in.len == 0) {
        return PTN_FRAME_MORE;
    }

    f->n = (size_t) ptn_min((uint64_t) in.len, f->body_left);
    f->body_left -= f->n;
    f->body_len += f->n;

    if (f->body_left == 0) {
        f->state &= ~PTN_IMAP_F_BODY;
    }

    return PTN_FRAME_BODY;
}


ptn_frame_e
ptn_imap_frame(ptn_frame_t *f, ptn_str_t in)
{
    bool         sync;
    size_t       n, start, e;
    u_char      *lf;
    uint64_t     len, text_max;
    ptn_frame_e  rc;

    if (f->state & PTN_IMAP_F_BODY) {
        return ptn_imap_frame_body(f, in);
    }

    text_max = f->text_max
               - ptn_min((f->state >> PTN_IMAP_F_TAKEN_SHIFT)
                         & PTN_IMAP_F_TAKEN_MASK, (uint64_t) f->text_max);

    for ( ;; ) {

        len = f->state & PTN_IMAP_INLINE_MASK;

        if (len != 0) {
            n = (size_t) ptn_min(len, (uint64_t) (in.len - f->scanned));
            f->scanned += n;
            f->state -= n;

            if (n < len) {
                return PTN_FRAME_MORE;
            }
        }

        start = f->scanned;
        lf = start < in.len ? memchr(in.data + start, '\n', in.len - start)
                            : NULL;

        if (lf == NULL) {
            f->scanned = in.len;

            /* the announcement may itself be split: look at it again whole */

            if (f->scanned > start) {
                e = f->scanned - start;
                f->scanned -= ptn_min(e, (size_t) PTN_IMAP_TAIL);
            }

            return in.len > text_max
                   ? ptn_imap_frame_fail(f, ptn_imap_frame_long)
                   : PTN_FRAME_MORE;
        }

        n = (size_t) (lf - in.data) + 1;

        if (n > text_max) {
            return ptn_imap_frame_fail(f, ptn_imap_frame_long);
        }

        if (!(f->state & PTN_IMAP_F_CLASS)) {
            ptn_imap_frame_verb(f, in.data, n);
        }

        e = n - 1;

        if (e > start && in.data[e - 1] == '\r') {
            e--;
        }

        if (f->next->mode != PTN_MODE_COMMAND
            || !ptn_imap_frame_literal(in.data + start, in.data + e, &len,
                                       &sync))
        {
            return ptn_imap_frame_unit(f, n);
        }

        rc = ptn_imap_frame_announced(f, n, len, sync);

        if (rc != PTN_FRAME_MORE) {
            return rc;
        }
    }
}
