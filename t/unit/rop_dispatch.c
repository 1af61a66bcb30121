/*
 * The dispatcher: the table is that of MS-OXCROPS 2.2.2; every row is refused
 * without a logon in a well-formed way and with the index that its response
 * has; handles of released objects are not found again; objects go with their
 * owners; buffers that cannot be read run nothing.
 */

#include "ptn_test.h"
#include "rop_site.h"


/* The reserved ids of 2.2.2, less 0x52, 0x9d and 0xa3, which have sections. */
static const uint8_t  reserved[] = {
    0x00, 0x28, 0x3c, 0x3d, 0x62, 0x65, 0x6a, 0x71, 0x7c, 0x7d, 0x83, 0x84,
    0x85, 0x87, 0x88, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x94, 0x95, 0x96,
    0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9e, 0x9f
};

/* Responses only. */
static const uint8_t  responses[] = { 0x2a, 0x6e, 0xf9, 0xff };


static void
test_table(void)
{
    size_t  i, n;
    bool    none;

    for (i = 0, n = 0; i < 256; i++) {
        n += (ptn_rops[i].name != NULL);
    }

    is_u64(n, 128, "rows");

    none = true;

    for (i = 0; i < ptn_nelts(reserved); i++) {
        none = none && ptn_rops[reserved[i]].name == NULL;
    }

    for (i = 0; i < ptn_nelts(responses); i++) {
        none = none && ptn_rops[responses[i]].name == NULL;
    }

    for (i = 0xa0; i < 0xfe; i++) {
        none = none && (i == 0xa3 || ptn_rops[i].name == NULL);
    }

    ok(none, "reserved ids, and those of responses, have none");
}


/* A request of zeros that its table can read: 64 zero bytes are enough. */

static ptn_rc_t
read_zeros(rop_site_t *s, ptn_rop_run_t *run, uint8_t id, size_t n)
{
    size_t     i;
    ptn_buf_t  in;

    memset(run, 0, sizeof(*run));
    rop_site_ctx(s, &run->ctx);
    ptn_buf_init(&in, s->job);
    ptn_buf_add(&in, "\0\0", 2);
    ptn_buf_byte(&in, id);

    for (i = 0; i < 2 + n; i++) {
        ptn_buf_byte(&in, i == 1 ? 1 : 0);
    }

    in.data[0] = (u_char) in.len;
    ptn_buf_add(&in, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);

    return ptn_rop_read(run, ptn_buf_get(&in));
}


static size_t
zeros_of(rop_site_t *s, uint8_t id)
{
    size_t         n;
    ptn_rop_run_t  run;

    for (n = 0; n < 64; n++) {
        if (read_zeros(s, &run, id, n) == PTN_OK && run.ncalls == 1) {
            break;
        }
    }

    return n;
}


static void
test_rows(rop_site_t *s)
{
    size_t            n, i;
    ptn_rc_t          rc;
    uint32_t          error;
    ptn_buf_t         out;
    ptn_rop_run_t     run;
    const ptn_rop_t  *rop;

    for (i = 0; i < 256; i++) {
        rop = &ptn_rops[i];

        if (rop->name == NULL) {
            ok(read_zeros(s, &run, (uint8_t) i, 0) == PTN_EPARSE,
               "%02zx: reserved", i);
            continue;
        }

        n = zeros_of(s, (uint8_t) i);
        ok(n < 64, "%s: %zu bytes of zeros are a request", rop->name, n);

        rc = read_zeros(s, &run, (uint8_t) i, n);
        ptn_buf_init(&out, s->job);
        rc = rc == PTN_OK ? ptn_rop_execute(&run, PTN_ROP_BUFFER_MAX, false,
                                            &out)
                          : rc;

        if (rop->flags & PTN_ROP_SILENT) {
            ok(rc == PTN_OK && out.len == 2 + 8, "%s: silent", rop->name);
            continue;
        }

        error = out.len < 8 ? 0
                : out.data[4] | out.data[5] << 8 | out.data[6] << 16
                  | (uint32_t) out.data[7] << 24;

        ok(rc == PTN_OK && out.data[2] == i && error != 0
           && error == (rop->flags & PTN_ROP_LOGS_ON ? 0x80040111
                                                     : PTN_MAPI_NULL_OBJECT),
           "%s: refused without a logon (%08x)", rop->name, error);

        /* the output index is 0 (its first field), the others 1 */

        ok(out.data[3] == (rop->second == PTN_ROP_OUT ? 0 : 1),
           "%s: its index", rop->name);
    }
}


/* --- handles -------------------------------------------------------------- */

static void
count_close(ptn_rop_object_t *obj)
{
    ++**(unsigned **) obj->data;
}


static ptn_rop_object_t *
make(rop_site_t *s, ptn_rop_logon_t *logon, ptn_rop_object_t *owner,
    unsigned *closed)
{
    ptn_rop_ctx_t      c;
    ptn_rop_object_t  *obj;

    rop_site_ctx(s, &c);
    c.logon = logon;

    if (ptn_rop_make(&c, PTN_ROP_KIND_MESSAGE, owner, sizeof(unsigned *),
                     count_close, &obj) != PTN_OK)
    {
        return NULL;
    }

    *(unsigned **) obj->data = closed;

    return obj;
}


static void
test_handles(rop_site_t *s)
{
    int                i;
    bool               good;
    uint32_t           h, error, first;
    unsigned           closed;
    ptn_rop_logon_t   *logon;
    ptn_rop_object_t  *message, *attach, *stream, *obj;

    h = rop_site_logon(s, 3, 0);
    logon = ptn_rop_logon_find(&s->session, 3);
    ok(logon != NULL && logon->object->handle == h, "RopLogon");

    closed = 0;
    message = make(s, logon, logon->object, &closed);
    attach = make(s, logon, message, &closed);
    stream = make(s, logon, attach, &closed);
    first = stream->handle;

    ok(ptn_rop_find(&s->session, 3, first, &error) == stream, "found");
    ok(ptn_rop_find(&s->session, 4, first, &error) == NULL
       && error == PTN_MAPI_ACCESS_DENIED, "not by another logon");

    ptn_rop_release(&s->session, message);
    is_u64(closed, 3, "with a message go its attachment and that one's stream");
    ok(ptn_rop_find(&s->session, 3, first, &error) == NULL
       && error == PTN_MAPI_INVALID_OBJECT, "ecInvalidObject");
    ok(ptn_rop_find_any(&s->session, first) == NULL, "by nobody");

    good = true;

    for (i = 0; i < 40000 && good; i++) {
        obj = make(s, logon, logon->object, &closed);
        good = obj != NULL && obj->handle != first && obj->handle != 0
               && obj->handle != PTN_ROP_NO_HANDLE
               && ptn_rop_find(&s->session, 3, obj->handle, &error) == obj;
        ptn_rop_release(&s->session, obj);

        /* the same slot again and again: 15 bits of generation */

        if (i == 32000) {
            break;
        }
    }

    ok(good, "32,000 generations of a slot are told apart");

    for (i = 0; i < 40; i++) {
        (void) make(s, logon, logon->object, &closed);
    }

    closed = 0;
    ptn_rop_release(&s->session, logon->object);
    is_u64(closed, 40, "with the logon go its objects");
    ok(ptn_rop_logon_find(&s->session, 3) == NULL, "and the logon");
}


/* --- buffers -------------------------------------------------------------- */

static void
test_buffers(rop_site_t *s)
{
    size_t         n;
    bool           refused;
    ptn_buf_t      out;
    ptn_rop_run_t  run = { 0 };

    /* RopGetStoreState three times, one handle; every truncation */

    static const u_char  good[] = { 11, 0, 0x7b, 0, 0, 0x7b, 0, 0,
                                    0x7b, 0, 0, 0xff, 0xff, 0xff, 0xff };

    refused = true;

    for (n = 0; n < sizeof(good); n++) {
        memset(&run, 0, sizeof(run));
        rop_site_ctx(s, &run.ctx);

        /* the handle table may be empty */

        if (n != 11 && ptn_rop_read(&run, ptn_str_make(good, n)) == PTN_OK) {
            refused = false;
        }
    }

    ok(refused, "every truncation is refused");

    memset(&run, 0, sizeof(run));
    rop_site_ctx(s, &run.ctx);
    ptn_buf_init(&out, s->job);

    is_rc(ptn_rop_read(&run, ptn_str_make(good, sizeof(good))), PTN_OK,
          "read");
    is_rc(ptn_rop_execute(&run, 2 + 4 + 6, false, &out), PTN_ETOOBIG,
          "no room for RopBufferTooSmall behind one answer");

    memset(&run, 0, sizeof(run));
    rop_site_ctx(s, &run.ctx);
    ptn_buf_init(&out, s->job);
    (void) ptn_rop_read(&run, ptn_str_make(good, sizeof(good)));
    is_rc(ptn_rop_execute(&run, 2 + 4 + 19, false, &out), PTN_OK,
          "room for one, and to say that it was");
    is_u64(out.data[2 + 6], 0xff, "RopBufferTooSmall behind the first");
    is_mem(ptn_str_make(out.data + 2 + 6 + 3, 6), ptn_str_make(good + 5, 6),
           "with the others");
}


/* MS-OXCROPS 4.4: two RopRelease, of handles that are none of ours. */

static void
test_example(rop_site_t *s)
{
    ptn_buf_t      out;
    ptn_rop_run_t  run = { 0 };

    static const u_char  in[] = { 0x08, 0x00, 0x01, 0x00, 0x00, 0x01, 0x00,
                                  0x01, 0x6f, 0x00, 0x00, 0x00, 0x6e, 0x00,
                                  0x00, 0x00 };
    static const u_char  want[] = { 0x02, 0x00, 0x6f, 0x00, 0x00, 0x00, 0x6e,
                                    0x00, 0x00, 0x00 };

    rop_site_ctx(s, &run.ctx);
    ptn_buf_init(&out, s->job);

    is_rc(ptn_rop_read(&run, ptn_str_make(in, sizeof(in))), PTN_OK,
          "the example of RopRelease");
    is_u64(run.ncalls, 2, "has two");
    is_rc(ptn_rop_execute(&run, PTN_ROP_BUFFER_MAX, false, &out), PTN_OK,
          "runs");
    is_mem(ptn_buf_get(&out), ptn_str_make(want, sizeof(want)),
           "no response, and the handle table");
}


int
main(void)
{
    rop_site_t  s;

    rop_site_make(&s);

    test_table();
    test_rows(&s);
    test_handles(&s);
    test_buffers(&s);
    test_example(&s);

    rop_site_done(&s);

    return done_testing();
}
