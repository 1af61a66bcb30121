/*
 * SMTP before anything is stored.  The first byte picks: the scanner of
 * commands, of data, fed in pieces against the same bytes at once; paths;
 * parameters; what is read of a message's header; the queue's records.
 *
 * Covers: mail_stream/smtp/ptn_smtp_frame.c mail_stream/smtp/ptn_smtp_path.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_delivery.h"
#include "ptn_dsn.h"
#include "ptn_queue_seg.h"
#include "ptn_smtp.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    uint64_t  units, fails, hash;
} fuzz_frame_t;


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "smtp: %s\n", what);
    abort();
}


static void
fuzz_hash(fuzz_frame_t *got, const u_char *p, size_t n, char kind)
{
    size_t  i;

    got->hash = (got->hash ^ (u_char) kind) * 0x100000001b3;

    for (i = 0; i < n; i++) {
        got->hash = (got->hash ^ p[i]) * 0x100000001b3;
    }
}


/*
 * What was cut out must not depend on how the bytes came.  A body is hashed
 * byte by byte: how it is cut is free.
 */
static fuzz_frame_t
fuzz_frame(const uint8_t *data, size_t size, size_t chunk,
    ptn_stream_mode_e mode)
{
    size_t             at, have, body, i;
    u_char            *copy;
    bool               more;
    ptn_frame_t        f;
    ptn_frame_e        what;
    fuzz_frame_t       got;
    ptn_stream_next_t  next;

    memset(&got, 0, sizeof(got));
    memset(&next, 0, sizeof(next));
    memset(&f, 0, sizeof(f));
    next.mode = mode;
    next.body_max = 3000;
    f.next = &next;
    f.text_max = PTN_STREAM_TEXT_MAX_UNAUTH;
    at = have = body = 0;

    while (have < size && got.fails == 0) {
        have = ptn_min(have + chunk, size);

        for (more = true; more && got.fails == 0; /* void */ ) {

            copy = malloc(have - at + 1);
            memcpy(copy, data + at, have - at);
            f.n = 0;
            what = ptn_smtp_frame(&f, ptn_str_make(copy, have - at));

            if (f.n > have - at) {
                fuzz_wrong("took more than there was");
            }

            switch (what) {

            case PTN_FRAME_MORE:
                more = false;

                if (mode == PTN_MODE_DATA && have - at > 2) {
                    fuzz_wrong("data is held back");
                }
                break;

            case PTN_FRAME_BODY:
                for (i = 0; i < f.n; i++) {
                    if (body++ < 1) {
                        fuzz_hash(&got, copy, 0, 'b');
                    }
                    got.hash = (got.hash ^ copy[i]) * 0x100000001b3;
                }

                if (body > next.body_max) {
                    fuzz_wrong("body is larger than allowed");
                }
                break;

            case PTN_FRAME_UNIT:
                got.units++;
                fuzz_hash(&got, copy, f.n, 'u');

                if (mode == PTN_MODE_DATA && f.n != 3 && f.n != 1) {
                    fuzz_wrong("not an end of data");
                }
                break;

            case PTN_FRAME_SKIP:
                if (f.n == 0) {
                    fuzz_wrong("no progress");
                }
                break;

            case PTN_FRAME_FAIL:
                got.fails++;
                break;

            default:
                fuzz_wrong("an odd answer");
            }

            free(copy);

            if (more) {
                at += f.n;
                f.scanned = 0;
            }

            if (what == PTN_FRAME_UNIT) {
                memset(&f, 0, sizeof(f));
                f.next = &next;
                f.text_max = PTN_STREAM_TEXT_MAX_UNAUTH;
                body = 0;
            }
        }
    }

    return got;
}


/* A body that turned out too big may have been kept for a part: no hash. */

static void
fuzz_frames(const uint8_t *data, size_t size, ptn_stream_mode_e mode)
{
    size_t        i;
    fuzz_frame_t  one, other;

    static const size_t  chunks[] = { 1, 2, 3, 7, 100 };

    one = fuzz_frame(data, size, size ? size : 1, mode);

    for (i = 0; i < ptn_nelts(chunks); i++) {
        other = fuzz_frame(data, size, chunks[i], mode);

        if (one.fails || other.fails) {
            continue;
        }

        if (one.units != other.units
            || (size < 3000 && one.hash != other.hash))
        {
            fuzz_wrong("pieces make a difference");
        }
    }
}


static void
fuzz_path(ptn_pool_t *pool, ptn_str_t s)
{
    size_t      i;
    ptn_rc_t    rc;
    ptn_str_t   address, rest, key, value;

    (void) ptn_smtp_domain(s);

    if (ptn_smtp_path(pool, s, &address, &rest) != PTN_SMTP_PATH_OK) {
        return;
    }

    if (address.len > PTN_SMTP_ADDRESS_MAX) {
        fuzz_wrong("a long address");
    }

    for (i = 0; i < address.len; i++) {
        if (address.data[i] < 0x20 || address.data[i] > 0x7e) {
            fuzz_wrong("a control character in an address");
        }
    }

    while (ptn_smtp_param(&rest, &key, &value, &rc)) {
        if (key.len == 0 || rc != PTN_OK) {
            fuzz_wrong("a parameter without a key");
        }
    }
}


static void
fuzz_queue(ptn_pool_t *pool, ptn_str_t s)
{
    ptn_buf_t        b;
    ptn_seg_head_t   head;
    ptn_seg_state_t  st;
    ptn_queue_msg_t  msg;

    if (s.len >= PTN_SEG_HEAD) {
        (void) ptn_seg_head_get(s.data, &head);
    }

    if (s.len >= PTN_SEG_HEADER) {
        (void) ptn_seg_header_get(s.data, PTN_SEG_MESSAGES);
    }

    (void) ptn_seg_state_get(s, &st);

    if (ptn_seg_msg_get(pool, s, &msg) == PTN_OK) {
        ptn_buf_init(&b, pool);
        ptn_seg_msg_put(&b, &msg);

        if (!ptn_str_eq(ptn_buf_get(&b), s)) {
            fuzz_wrong("a record that is not the same again");
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char               *copy;
    ptn_str_t             s;
    ptn_pool_t           *pool;
    ptn_delivery_scan_t   scan;

    if (size == 0) {
        return 0;
    }

    pool = ptn_pool_create(1 << 24, NULL);
    copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    s = ptn_str_make(copy, size - 1);

    switch (data[0] % 6) {

    case 0:
        fuzz_frames(s.data, s.len, PTN_MODE_COMMAND);
        break;

    case 1:
        fuzz_frames(s.data, s.len, PTN_MODE_DATA);
        break;

    case 2:
        fuzz_frames(s.data, s.len, PTN_MODE_LINE);
        break;

    case 3:
        fuzz_path(pool, s);
        break;

    case 4:
        ptn_delivery_scan(s, &scan);

        if (scan.header > s.len) {
            fuzz_wrong("a header beyond the message");
        }

        (void) ptn_delivery_8bit(s);
        (void) ptn_dsn_status(pool, s);
        break;

    default:
        fuzz_queue(pool, s);
    }

    free(copy);
    ptn_pool_destroy(pool);

    return 0;
}
