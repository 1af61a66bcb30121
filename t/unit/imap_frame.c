/*
 * Where a command ends: every row in one piece, and cut at every octet.
 */

#include "ptn_imap.h"
#include "ptn_test.h"


typedef struct {
    const char  *name;
    const char  *in;
    const char  *events;        /* T text, B body, U unit, S send, F fail */
    uint8_t      cls;           /* of the last unit */
    bool         barrier;
    uint8_t      mode;
} frame_row_t;


#define LONG(n)  "@" #n "@"     /* n octets "x", made by expand() */

static const frame_row_t  rows[] = {
    { "a line", "1 NOOP\r\n", "U8", PTN_CLASS_SHORT, false, 0 },
    { "a bare LF", "1 NOOP\n", "U7", PTN_CLASS_SHORT, false, 0 },
    { "two lines", "1 NOOP\r\n2 CHECK\r\n", "U8 U9", PTN_CLASS_SHORT, false,
      0 },
    { "no line yet", "1 NOOP", "", 0, false, 0 },
    { "login", "1 LOGIN a b\r\n", "U13", PTN_CLASS_AUTH, true, 0 },
    { "no case", "1 login a b\r\n", "U13", PTN_CLASS_AUTH, true, 0 },
    { "idle", "1 IDLE\r\n", "U8", PTN_CLASS_SHORT, true, 0 },
    { "store writes", "1 STORE 1 FLAGS ()\r\n", "U20", PTN_CLASS_WRITE, false,
      0 },
    { "uid store writes", "1 UID STORE 1 FLAGS ()\r\n", "U24",
      PTN_CLASS_WRITE, false, 0 },
    { "fetch of flags is short", "1 FETCH 1:* (FLAGS)\r\n", "U21",
      PTN_CLASS_SHORT, false, 0 },
    { "fetch of one body is short", "1 FETCH 1 (BODY[])\r\n", "U20",
      PTN_CLASS_SHORT, false, 0 },
    { "fetch of many bodies is bulk", "1 UID FETCH 1:* (BODY[])\r\n", "U26",
      PTN_CLASS_BULK, false, 0 },
    { "search in text is bulk", "1 SEARCH BODY x\r\n", "U17", PTN_CLASS_BULK,
      false, 0 },
    { "search of flags is short", "1 SEARCH SEEN\r\n", "U15",
      PTN_CLASS_SHORT, false, 0 },
    { "unknown", "1 FOO\r\n", "U7", PTN_CLASS_SHORT, false, 0 },
    { "nothing", "\r\n", "U2", PTN_CLASS_SHORT, false, 0 },

    { "a literal", "1 LOGIN {3}\r\nabc {1}\r\nd\r\n", "S S U25",
      PTN_CLASS_AUTH, true, 0 },
    { "a literal that does not wait", "1 LOGIN {3+}\r\nabc d\r\n", "U21",
      PTN_CLASS_AUTH, true, 0 },
    { "a line end in a literal", "1 LOGIN {4+}\r\n{9}\n d\r\n", "U22",
      PTN_CLASS_AUTH, true, 0 },
    { "an empty literal", "1 LOGIN {0}\r\n x\r\n", "S U17", PTN_CLASS_AUTH,
      true, 0 },
    { "no literal: no digits", "1 NOOP {}\r\n", "U11", 0, false, 0 },
    { "no literal: blank behind", "1 NOOP {3} \r\n", "U13", 0, false, 0 },
    { "no literal: no brace", "1 NOOP 3}\r\n", "U11", 0, false, 0 },

    { "a body", "1 APPEND x {5000}\r\n" LONG(5000) "\r\n",
      "T19 S B5000 U2", PTN_CLASS_WRITE, false, 0 },
    { "a body that does not wait", "1 APPEND x {5000+}\r\n" LONG(5000) "\r\n",
      "T20 B5000 U2", PTN_CLASS_WRITE, false, 0 },
    { "two bodies and a literal",
      "1 X {5000+}\r\n" LONG(5000) " {2+}\r\nab {4097+}\r\n" LONG(4097)
      "\r\n",
      "T13 B5000 T19 B4097 U2", 0, false, 0 },
    { "4096 octets stay", "1 APPEND x {4096+}\r\n" LONG(4096) "\r\n",
      "U4118", PTN_CLASS_WRITE, false, 0 },

    { "too big: refused with the tag", "1 APPEND x {10001}\r\n2 NOOP\r\n",
      "U20 U8", PTN_CLASS_SHORT, false, 0 },
    { "too big together", "1 X {6000+}\r\n" LONG(6000) " {5000}\r\n",
      "T13 B6000 U9", 0, false, 0 },
    { "too big and not waiting", "1 APPEND x {10001+}\r\n", "F", 0, false,
      0 },
    { "a number without end", "1 APPEND x {999999999999999999999999}\r\n",
      "U39", PTN_CLASS_WRITE, false, 0 },
    { "leading zeroes", "1 X {00000000000000000000003}\r\nabc\r\n",
      "S U36", 0, false, 0 },
    { "a line too long", LONG(9000), "F", 0, false, 0 },
    { "literals too long together",
      "1 X {4000+}\r\n" LONG(4000) " {4000+}\r\n" LONG(4000) " {4000}\r\n",
      "U8032", 0, false, 0 },
    { "a line of a command", "DONE\r\n", "U6", PTN_CLASS_AUTH, true,
      PTN_MODE_LINE },
    { "no literals in it", "x {3}\r\n", "U7", PTN_CLASS_AUTH, true,
      PTN_MODE_LINE },
};


static u_char *
expand(const char *in, size_t *ret_len)
{
    char    *end;
    size_t   n, len;
    u_char  *out;

    out = malloc(strlen(in) + 65536);
    len = 0;

    while (*in != '\0') {
        if (*in != '@') {
            out[len++] = (u_char) *in++;
            continue;
        }

        n = strtoul(in + 1, &end, 10);
        memset(out + len, 'x', n);
        len += n;
        in = end + 1;
    }

    *ret_len = len;

    return out;
}


/* Bodies that come in pieces count as one. */

static void
event(char *events, char what, size_t n, size_t *body)
{
    char  one[32];

    if (what == 'B') {
        *body += n;
        return;
    }

    if (*body != 0) {
        snprintf(one, sizeof(one), "%sB%zu", *events ? " " : "", *body);
        strcat(events, one);
        *body = 0;
    }

    if (what == 'S' || what == 'F') {
        snprintf(one, sizeof(one), "%s%c", *events ? " " : "", what);

    } else {
        snprintf(one, sizeof(one), "%s%c%zu", *events ? " " : "", what, n);
    }

    strcat(events, one);
}


static void
run(const frame_row_t *row, size_t chunk)
{
    bool               barrier, over;
    char               events[256] = "";
    size_t             len, at, have, body;
    u_char            *in;
    ptn_class_e        cls;
    ptn_frame_t        f;
    ptn_frame_e        what;
    ptn_stream_next_t  next;

    memset(&next, 0, sizeof(next));
    memset(&f, 0, sizeof(f));
    next.mode = row->mode;
    next.body_max = 10000;
    f.next = &next;
    f.text_max = PTN_STREAM_TEXT_MAX_UNAUTH;

    in = expand(row->in, &len);
    at = have = body = 0;
    cls = 0;
    barrier = over = false;

    while (!over && have < len) {
        have = chunk ? ptn_min(have + chunk, len) : len;

        for ( ;; ) {
            /* an exact copy, so that the sanitizer sees one octet too many */
            u_char  *copy = malloc(have - at + 1);

            memcpy(copy, in + at, have - at);
            f.n = 0;
            what = ptn_imap_frame(&f, ptn_str_make(copy, have - at));
            free(copy);

            if (what == PTN_FRAME_MORE) {
                break;
            }

            if (what == PTN_FRAME_FAIL) {
                event(events, 'F', 0, &body);
                over = true;
                break;
            }

            if (what == PTN_FRAME_SEND) {
                event(events, 'S', 0, &body);
                continue;
            }

            event(events, what == PTN_FRAME_TEXT ? 'T'
                          : what == PTN_FRAME_BODY ? 'B' : 'U', f.n, &body);
            at += f.n;
            f.scanned = 0;

            if (what == PTN_FRAME_UNIT) {
                cls = f.cls;
                barrier = f.barrier;
                memset(&f, 0, sizeof(f));
                f.next = &next;
                f.text_max = PTN_STREAM_TEXT_MAX_UNAUTH;
            }
        }
    }

    ok(strcmp(events, row->events) == 0, "%s, in pieces of %zu: %s (%s)",
       row->name, chunk, events, row->events);

    if (strchr(row->events, 'U') != NULL) {
        ok(cls == row->cls && barrier == row->barrier,
           "%s: class %d, barrier %d", row->name, cls, barrier);
    }

    free(in);
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(rows); i++) {
        run(&rows[i], 0);
        run(&rows[i], 1);
        run(&rows[i], 7);
    }

    return done_testing();
}
