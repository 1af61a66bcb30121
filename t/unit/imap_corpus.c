/*
 * Every message of ../shared/ref/mail goes in by APPEND and comes back byte
 * for byte: whole, in slices, as header and text, and its parts where the
 * structure says they are.
 */

#include "ptn_imap.h"
#include "ptn_ref.h"
#include "stream_driver.h"


static stream_driver_t  client;
static unsigned         count, wrong;


/* The literal that follows `label` in what was said. */

static bool
literal(ptn_str_t said, const char *label, ptn_str_t *ret)
{
    char    *end;
    size_t   n;
    u_char  *p;

    p = memmem(said.data, said.len, label, strlen(label));
    if (p == NULL) {
        return false;
    }

    p += strlen(label);
    if (*p != '{') {
        return false;
    }

    n = strtoul((char *) p + 1, &end, 10);
    p = (u_char *) end + 3;

    if (n > said.len - (size_t) (p - said.data)) {
        return false;
    }

    *ret = ptn_str_make(p, n);

    return true;
}


static void
bad(const char *name, const char *what)
{
    wrong++;
    printf("# %s: %s\n", name, what);
}


static void
message(const char *name, ptn_str_t raw)
{
    char       line[256];
    size_t     half;
    ptn_str_t  said, a, b;

    if (raw.len == 0) {
        return;
    }

    count++;
    half = raw.len / 2 + 1;

    snprintf(line, sizeof(line), "a APPEND Corpus {%zu+}\r\n", raw.len);
    stream_driver_send(&client, line);
    stream_driver_feed(&client, raw.data, raw.len);
    stream_driver_send(&client, "\r\n");

    said = stream_driver_said(&client);

    if (strstr((char *) said.data, "a OK [APPENDUID") == NULL) {
        bad(name, "not appended");
        return;
    }

    stream_driver_send(&client, "b FETCH * BODY.PEEK[]\r\n");
    said = stream_driver_said(&client);

    if (!literal(said, "BODY[] ", &a) || !ptn_str_eq(a, raw)) {
        bad(name, "BODY[] differs");
    }

    snprintf(line, sizeof(line), "c FETCH * (BODY.PEEK[]<0.%zu>"
             " BODY.PEEK[]<%zu.%zu>)\r\n", half, half, raw.len);
    stream_driver_send(&client, line);
    said = stream_driver_said(&client);
    snprintf(line, sizeof(line), "BODY[]<%zu> ", half);

    if (!literal(said, "BODY[]<0> ", &a) || !literal(said, line, &b)
        || a.len + b.len != raw.len || memcmp(a.data, raw.data, a.len) != 0
        || memcmp(b.data, raw.data + a.len, b.len) != 0)
    {
        bad(name, "slices differ");
    }

    stream_driver_send(&client,
                       "d FETCH * (BODY.PEEK[HEADER] BODY.PEEK[TEXT])\r\n");
    said = stream_driver_said(&client);

    if (!literal(said, "BODY[HEADER] ", &a)
        || !literal(ptn_str_make(a.data + a.len, (size_t) (said.data + said.len
                                                  - (a.data + a.len))),
                    "BODY[TEXT] ", &b)
        || a.len + b.len > raw.len || memcmp(a.data, raw.data, a.len) != 0
        || memcmp(b.data, raw.data + raw.len - b.len, b.len) != 0)
    {
        bad(name, "header and text differ");
    }

    stream_driver_send(&client, "e FETCH * (RFC822.SIZE ENVELOPE BODY"
                                " BODYSTRUCTURE BODY.PEEK[1]"
                                " BODY.PEEK[1.MIME])\r\n"
                                "f SEARCH * TEXT zzyzx SENTSINCE 1-Jan-1980\r\n");
    said = stream_driver_said(&client);

    if (strstr((char *) said.data + said.len - 40, "f OK ") == NULL) {
        bad(name, "structure or search failed");
    }

    if (client.closed) {
        bad(name, "closed");
    }
}


/*
 * Is the response one well-formed list?  Strings, literals and atoms, nested;
 * returns what is behind it, NULL when it is broken.
 */

static const u_char *
well_formed(const u_char *p, const u_char *end)
{
    char    *q;
    size_t   n;
    int      depth;

    for (depth = 0; p < end; ) {

        if (*p == '"') {
            for (p++; p < end && *p != '"'; p++) {
                if (*p == '\r' || *p == '\n' || *p >= 0x80) {
                    return NULL;
                }
                p += *p == '\\';
            }
            p++;

        } else if (*p == '{') {
            n = strtoul((const char *) p + 1, &q, 10);
            if (strncmp(q, "}\r\n", 3) != 0) {
                return NULL;
            }
            p = (const u_char *) q + 3 + n;

        } else if (*p == '\r') {
            return depth == 0 ? p : NULL;

        } else {
            depth += (*p == '(') - (*p == ')');
            if (depth < 0 || *p < 0x20 || *p >= 0x80) {
                return NULL;
            }
            p++;
        }
    }

    return NULL;
}


static void
each(void *ctx, ptn_pool_t *pool, const ptn_ref_row_t *row, ptn_str_t raw)
{
    ptn_str_t      said;
    const u_char  *end;

    (void) ctx;
    (void) pool;

    message(row->file, raw);

    stream_driver_send(&client, "g FETCH * (ENVELOPE BODY BODYSTRUCTURE)\r\n");
    said = stream_driver_said(&client);
    end = well_formed(said.data, said.data + said.len);

    if (end == NULL || strncmp((const char *) end, "\r\ng OK", 6) != 0) {
        bad(row->file, "ENVELOPE or BODYSTRUCTURE is no list");
    }
}


int
main(void)
{
    size_t                n;
    stream_driver_site_t  site;

    stream_driver_site_open(&site);
    stream_driver_open(&client, &site, &ptn_imap_proto);
    stream_driver_send(&client, "1 LOGIN alice@example.test secret\r\n"
                                "2 CREATE Corpus\r\n3 SELECT Corpus\r\n");
    stream_driver_said(&client);

    n = ptn_ref_mail(each, NULL);

    if (n == 0) {
        ok(true, "no corpus here # SKIP");

    } else {
        ok(count > 700, "%u messages", count);
        ok(wrong == 0, "%u of them came back wrong", wrong);
    }

    stream_driver_close(&client);
    stream_driver_site_close(&site);

    return done_testing();
}
