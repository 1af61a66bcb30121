/*
 * IMAP before anybody is signed in, and its grammar.  The first byte picks:
 * the scanner, fed in pieces, against the same bytes at once; a FETCH list;
 * search keys; a set; strings, flags, dates; names, patterns; header fields.
 *
 * Covers: mail_stream/imap/ptn_imap_frame.c mail_stream/imap/ptn_imap_parse.c mail_stream/imap/ptn_imap_set.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_imap.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    uint64_t  units, text, body, sends, fails;
} fuzz_frame_t;


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "imap: %s\n", what);
    abort();
}


/* What was cut out must not depend on how the bytes came. */

static fuzz_frame_t
fuzz_frame(const uint8_t *data, size_t size, size_t chunk, bool line)
{
    size_t             at, have, steps;
    u_char            *copy;
    ptn_frame_t        f;
    ptn_frame_e        what;
    fuzz_frame_t       got;
    ptn_stream_next_t  next;

    memset(&got, 0, sizeof(got));
    memset(&next, 0, sizeof(next));
    memset(&f, 0, sizeof(f));
    next.mode = line ? PTN_MODE_LINE : PTN_MODE_COMMAND;
    next.body_max = 6000;
    f.next = &next;
    f.text_max = 2048;

    at = have = steps = 0;

    while (have < size) {
        have = ptn_min(have + chunk, size);

        for ( ;; ) {
            copy = malloc(have - at + 1);
            memcpy(copy, data + at, have - at);
            f.n = 0;
            what = ptn_imap_frame(&f, ptn_str_make(copy, have - at));
            free(copy);

            if (++steps > 16 * size + 64) {
                fuzz_wrong("no progress");
            }

            if (what == PTN_FRAME_MORE) {
                break;
            }

            if (what == PTN_FRAME_FAIL) {
                got.fails++;
                return got;
            }

            if (what == PTN_FRAME_SEND) {
                got.sends++;
                continue;
            }

            if (f.n > have - at) {
                fuzz_wrong("more taken than there is");
            }

            if (what == PTN_FRAME_BODY) {
                got.body += f.n;

            } else {
                got.text += f.n;
            }

            at += f.n;
            f.scanned = 0;

            if (what == PTN_FRAME_UNIT) {
                got.units++;
                memset(&f, 0, sizeof(f));
                f.next = &next;
                f.text_max = 2048;
            }
        }
    }

    return got;
}


static void
fuzz_frames(const uint8_t *data, size_t size)
{
    fuzz_frame_t  whole, pieces;

    whole = fuzz_frame(data, size, size, false);
    pieces = fuzz_frame(data, size, 5, false);

    /* a long line is noticed sooner when it comes in pieces */

    if (whole.fails == pieces.fails
        && memcmp(&whole, &pieces, sizeof(whole)) != 0)
    {
        fuzz_wrong("pieces make a difference");
    }

    (void) fuzz_frame(data, size, 3, true);
}


static void
fuzz_set(ptn_imap_in_t *in)
{
    size_t          i;
    ptn_imap_set_t  set, normal;

    if (ptn_imap_set_parse(in, &set) != PTN_OK
        || ptn_imap_set_normal(in->pool, &set, 77, &normal) != PTN_OK)
    {
        return;
    }

    for (i = 0; i < normal.n; i++) {
        if (normal.range[i].lo == 0
            || normal.range[i].lo > normal.range[i].hi
            || (i != 0 && (uint64_t) normal.range[i - 1].hi + 1
                          >= normal.range[i].lo)
            || !ptn_imap_set_has(&normal, normal.range[i].hi))
        {
            fuzz_wrong("a set out of order");
        }
    }
}


static void
fuzz_strings(ptn_imap_in_t *in)
{
    int64_t           t;
    uint64_t          n;
    ptn_str_t         s;
    ptn_imap_in_t     again;
    ptn_imap_flags_t  f;

    again = *in;
    (void) ptn_imap_parse_date_time(&again, &t);
    again = *in;
    (void) ptn_imap_parse_date(&again, &t);
    again = *in;
    (void) ptn_imap_parse_flags(&again, &f);
    again = *in;
    (void) ptn_imap_parse_number(&again, UINT32_MAX, &n);
    again = *in;
    (void) ptn_imap_parse_list_mailbox(&again, &s);
    again = *in;
    (void) ptn_imap_parse_nstring(&again, &s);

    if (ptn_imap_parse_tag(in, &s) == PTN_OK) {
        while (ptn_imap_parse_sp_astring(in, &s) == PTN_OK) { /* void */ }
    }

    (void) ptn_imap_parse_eol(in);
}


static void
fuzz_names(ptn_imap_in_t *in)
{
    size_t      i, n;
    ptn_str_t   s, name, level;

    s = ptn_str_make(in->p, (size_t) (in->end - in->p));

    for (i = 0; i < 2; i++) {

        if (ptn_imap_name_decode(in->pool, s, i, &name) == PTN_OK
            && (ptn_imap_name_encode(in->pool, name, i, &level) != PTN_OK
                || !ptn_str_eq(level, s)))
        {
            fuzz_wrong("a name does not come back");
        }

        if (s.len != 0
            && ptn_imap_name_encode(in->pool, s, i, &level) == PTN_OK
            && (ptn_imap_name_decode(in->pool, level, i, &name) != PTN_OK
                || !ptn_str_eq(name, s)))
        {
            fuzz_wrong("a folder does not come back");
        }
    }

    n = s.len / 3;
    (void) ptn_imap_name_match(ptn_str_make(s.data, n),
                               ptn_str_make(s.data + n, s.len - n));
}


static void
fuzz_items(ptn_imap_in_t *in)
{
    size_t             i;
    ptn_str_t          header, s;
    ptn_imap_items_t   items;

    if (ptn_imap_fetch_parse(in, &items) != PTN_OK) {
        return;
    }

    header = ptn_str_make(in->p, (size_t) (in->end - in->p));

    for (i = 0; i < items.n; i++) {
        (void) ptn_imap_section_fields(in->pool, header, &items.item[i], &s);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t          what;
    ptn_pool_t      *pool;
    ptn_imap_in_t    in;
    ptn_imap_key_t  *key;

    if (size < 2) {
        return 0;
    }

    what = data[0] % 6;
    data++;
    size--;

    if (what == 0) {
        fuzz_frames(data, size);
        return 0;
    }

    pool = ptn_pool_create(64 * 1024 * 1024, NULL);

    memset(&in, 0, sizeof(in));
    in.pool = pool;
    in.p = malloc(size);
    memcpy(in.p, data, size);
    in.end = in.p + size;
    in.body = ptn_str_make(data, size);
    data = in.p;

    switch (what) {
    case 1: fuzz_items(&in); break;
    case 2: (void) ptn_imap_search_parse(&in, &key); break;
    case 3: fuzz_set(&in); break;
    case 4: fuzz_strings(&in); break;
    default: fuzz_names(&in); break;
    }

    free((void *) data);
    ptn_pool_destroy(pool);

    return 0;
}
