/*
 * Internet messages.  The first byte picks what is fed: a message, a packed
 * structure, a header value, an encoded body, a date, addresses.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_mime.h"
#include "ptn_mime_check.h"


#define FUZZ_CAP  (64 * 1024 * 1024)


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "mime: %s\n", what);
    abort();
}


static void
fuzz_texts(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *part)
{
    ptn_str_t               text;
    const ptn_mime_part_t  *child;

    if (part->kind == PTN_MIME_LEAF
        && ptn_mime_part_text(pool, mime, part, &text) != PTN_OK)
    {
        fuzz_wrong("text");
    }

    for (child = part->child; child != NULL; child = child->next) {
        fuzz_texts(pool, mime, child);
    }
}


static void
fuzz_message(ptn_pool_t *pool, ptn_str_t in)
{
    uint32_t     numbers[4];
    ptn_mime_t  *mime;
    const char  *bad;

    if (ptn_mime_parse(pool, in, &mime) != PTN_OK) {
        fuzz_wrong("parse");
    }

    bad = ptn_mime_check(pool, mime);
    if (bad != NULL) {
        fuzz_wrong(bad);
    }

    fuzz_texts(pool, mime, mime->root);

    for (numbers[0] = 0; numbers[0] < 4; numbers[0]++) {
        numbers[1] = numbers[2] = 1;
        numbers[3] = numbers[0];
        (void) ptn_mime_section(mime, numbers, 4);
    }
}


static void
fuzz_packed(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t    out[3], packed;
    ptn_mime_t  *mime, *again;
    const char  *bad;

    if (ptn_mime_unpack(pool, in, &mime) != PTN_OK) {
        return;
    }

    bad = ptn_mime_check_part(mime, mime->root, 0, INT64_MAX, '\n', true);
    if (bad != NULL) {
        fuzz_wrong(bad);
    }

    bad = ptn_mime_check_render(pool, mime, out);
    if (bad != NULL) {
        fuzz_wrong(bad);
    }

    if (ptn_mime_pack(pool, mime, &packed) != PTN_OK
        || ptn_mime_unpack(pool, packed, &again) != PTN_OK)
    {
        fuzz_wrong("packed again");
    }
}


static void
fuzz_header(ptn_pool_t *pool, ptn_str_t in)
{
    size_t            n;
    ptn_str_t         text;
    ptn_mime_addr_t  *addrs;

    text = ptn_mime_text(pool, in);
    if (memchr(text.data ? text.data : (u_char *) "", '\n', text.len)) {

        /* folding is gone; only an encoded word brings a line break */

        if (in.len < 8) {
            fuzz_wrong("a line break in a header's text");
        }
    }

    if (ptn_mime_addresses(pool, in, &addrs, &n) != PTN_OK) {
        fuzz_wrong("addresses");
    }
}


static void
fuzz_body(ptn_pool_t *pool, ptn_str_t in)
{
    int        cte;
    ptn_rc_t   rc;
    ptn_str_t  out;

    for (cte = PTN_CTE_7BIT; cte <= PTN_CTE_OTHER; cte++) {
        rc = ptn_mime_decode(pool, (ptn_cte_e) cte, in, 100, &out);

        if (rc != PTN_ETOOBIG && (rc != PTN_OK || out.len > 100)) {
            fuzz_wrong("decode with a limit");
        }

        if (ptn_mime_decode(pool, (ptn_cte_e) cte, in, SIZE_MAX, &out)
            != PTN_OK || out.len > in.len)
        {
            fuzz_wrong("decode");
        }
    }
}


static void
fuzz_date(ptn_pool_t *pool PTN_UNUSED, ptn_str_t in)
{
    int      zone;
    int64_t  sec;

    if (ptn_mime_date(in, &sec, &zone) == PTN_OK
        && (zone < -1500 || zone > 1500))
    {
        fuzz_wrong("zone");
    }
}


/* Letters, so that the seeds can be read; any other byte: a message. */
static const struct {
    u_char   letter;
    void   (*entry)(ptn_pool_t *pool, ptn_str_t in);
} fuzz_entries[] = {
    { 'p', fuzz_packed },
    { 'h', fuzz_header },
    { 'b', fuzz_body },
    { 'd', fuzz_date },
    { 'm', fuzz_message },
};


#include "fuzz_entries.h"
