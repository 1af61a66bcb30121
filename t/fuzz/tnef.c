/*
 * TNEF in and out.  Any bytes behind a signature are a stream; what comes of
 * it is written, and read back equal, and has the same bytes from then on.
 * 'o': a packed object as a client could have made it, with names for its ids;
 * what is written of it is read undamaged and comes back like a stream does.
 *
 * Covers: store/content/ptn_tnef_attr.c store/content/ptn_tnef_list.c store/content/ptn_tnef_put.c store/content/ptn_tnef_read.c store/content/ptn_tnef_value.c store/content/ptn_tnef_write.c
 */

#include "ptn_charset.h"
#include "ptn_tnef_check.h"


#define FUZZ_CAP    (512 * 1024 * 1024)
#define FUZZ_NAMES  64


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "tnef: %s\n", what);
    abort();
}


static void
fuzz_props(const ptn_tnef_t *t, const ptn_props_t *props)
{
    uint32_t   i, n, tag;
    ptn_str_t  v, rest, one;

    if (props->n > PTN_BAG_COUNT_MAX) {
        fuzz_wrong("too many properties");
    }

    for (i = 0; i < props->n; i++) {
        tag = props->p[i].tag;
        v = props->p[i].value;

        if (tag >> 16 >= PTN_NAMED_FIRST
            && (tag >> 16) - PTN_NAMED_FIRST >= t->nnames)
        {
            fuzz_wrong("an id without a name");
        }

        if (!(tag & PTN_PT_MV)) {
            if (ptn_prop_size(tag) != 0 && v.len != ptn_prop_size(tag)) {
                fuzz_wrong("a size");
            }

            if (ptn_prop_type(tag) == PTN_PT_UNICODE
                && (!ptn_utf8_valid(v)
                    || (v.len != 0 && memchr(v.data, '\0', v.len))))
            {
                fuzz_wrong("text");
            }

            continue;
        }

        if (!ptn_mv_check(tag, v)) {
            fuzz_wrong("multiple values");
        }

        n = ptn_mv_count(v);

        for (rest = ptn_mv_rest(v); n != 0; n--) {
            if (!ptn_mv_next(tag, &rest, &one)
                || (ptn_prop_type(tag) == PTN_PT_MV_UNICODE
                    && !ptn_utf8_valid(one)))
            {
                fuzz_wrong("one of multiple values");
            }
        }
    }
}


static void
fuzz_object(const ptn_tnef_t *t, const ptn_object_t *o)
{
    uint32_t  i;

    fuzz_props(t, &o->props);

    for (i = 0; i < o->nrecips; i++) {
        fuzz_props(t, &o->recips[i].props);
    }

    for (i = 0; i < o->nattachs; i++) {
        fuzz_props(t, &o->attachs[i].props);

        if (!o->attachs[i].has_data
            || o->attachs[i].size != o->attachs[i].data.len)
        {
            fuzz_wrong("data");
        }

        if (o->attachs[i].embedded != NULL) {
            fuzz_object(t, o->attachs[i].embedded);
        }
    }
}


static void
fuzz_read(ptn_pool_t *pool, ptn_str_t in)
{
    char         why[256];
    ptn_str_t    out;
    ptn_tnef_t  *t;
    const char  *bad;

    if (ptn_tnef_read(pool, in, &t) != PTN_OK) {
        if (in.len >= 6 && ptn_le32(in.data) == PTN_TNEF_SIGNATURE) {
            fuzz_wrong("not read");
        }

        return;
    }

    fuzz_object(t, t->object);

    bad = ptn_tnef_check_round(pool, t, why, sizeof(why), &out);
    if (bad != NULL) {
        fuzz_wrong(bad);
    }
}


/* Gives attachments data, or there would be nothing to write. */

static void
fuzz_data(ptn_object_t *o, ptn_str_t in)
{
    uint32_t  i;

    for (i = 0; i < o->nattachs; i++) {
        o->attachs[i].has_data = true;

        if (o->attachs[i].embedded != NULL) {
            fuzz_data(o->attachs[i].embedded, in);

        } else if (i % 2 == 0) {
            o->attachs[i].data = in;
        }
    }
}


static void
fuzz_packed(ptn_pool_t *pool, ptn_str_t in)
{
    unsigned       i;
    ptn_str_t      out;
    ptn_tnef_t     t = { 0 }, *back;
    ptn_named_t    names[FUZZ_NAMES];

    if (ptn_object_unpack(pool, in, &t.object) != PTN_OK) {
        return;
    }

    memset(names, 0, sizeof(names));

    for (i = 0; i < FUZZ_NAMES; i++) {
        names[i].by_name = i % 2;
        names[i].lid = i;
        names[i].name = i % 2 ? ptn_str_printf(pool, "%u", i)
                              : ptn_str_make(NULL, 0);
    }

    t.names = names;
    t.nnames = FUZZ_NAMES;
    t.codepage = in.len % 3 ? 1251 : 0;
    fuzz_data(t.object, in);

    if (ptn_tnef_write(pool, &t, &out) != PTN_OK) {
        return;
    }

    if (ptn_tnef_read(pool, out, &back) != PTN_OK) {
        fuzz_wrong("what was written is not read");
    }

    fuzz_read(pool, out);
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_str_t    in;
    ptn_pool_t  *pool;

    if (size == 0) {
        return 0;
    }

    pool = ptn_pool_create(FUZZ_CAP, NULL);

    if (data[0] == 'o') {
        fuzz_packed(pool, ptn_str_make(data + 1, size - 1));

    } else {
        in = ptn_str_make(data, size);
        fuzz_read(pool, in);
    }

    ptn_pool_destroy(pool);

    return 0;
}
