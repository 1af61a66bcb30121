/*
 * TNEF out: the example of MS-OXTNEF 3.1, each old attribute as bytes, what is
 * refused; objects made at random come back equal; damaged streams, hostile
 * sizes, too little memory.
 */

#include <time.h>

#include "content_site.h"
#include "ptn_test.h"
#include "ptn_tnef_check.h"
#include "ptn_tnef_make.h"


/* --- what is written ------------------------------------------------------ */

/*
 * MS-OXTNEF 3.1 shows no bytes, but values, lengths and checksums: of its old
 * attributes, in its order (code page and version change places here).
 */

static void
test_sample(void)
{
    size_t        i, p;
    ptn_str_t     s;
    ptn_pool_t   *pool;
    ptn_tnef_t    t = { 0 };
    ptn_object_t  o = { 0 };

    static const struct {
        uint32_t     id, len, sum;
    } want[] = {
        { 0x00089006, 4, 0x0001 }, { 0x00069007, 8, 0x00e8 },
        { 0x00078008, 24, 0x0831 }, { 0x0004800d, 2, 0x0002 },
        { 0x00018004, 15, 0x057a }, { 0x00038005, 14, 0x0137 },
        { 0x00038020, 14, 0x011f }, { 0x00018009, 33, 0x0751 },
    };

    pool = ptn_pool_create(0, NULL);
    t.object = &o;

    ptn_props_set(&o.props, pool, PTN_PR_MESSAGE_CLASS, ptn_str("IPM.Note"));
    ptn_props_set_int(&o.props, pool, PTN_PR_IMPORTANCE, 1);
    ptn_props_set(&o.props, pool, PTN_PR_SUBJECT, ptn_str("Simple subject"));
    ptn_props_set_int(&o.props, pool, PTN_PR_CLIENT_SUBMIT_TIME,
                      ptn_filetime(ptn_time_from_civil(2004, 2, 17, 11, 25,
                                                       35)));
    ptn_props_set_int(&o.props, pool, PTN_PR_LAST_MODIFICATION_TIME,
                      ptn_filetime(ptn_time_from_civil(2004, 2, 17, 12, 26,
                                                       9)));
    ptn_props_set(&o.props, pool, PTN_PR_SEARCH_KEY,
                  B("\x75\x7b\xb1\x9c\xde\x93\x6a\x40\x87\xd9\x0b\xb7\x84\xc5"
                    "\x8e\x3b"));

    is_rc(ptn_tnef_write(pool, &t, &s), PTN_OK, "the example of 3.1");
    ok(s.len > 6 && memcmp(s.data, "\x78\x9f\x3e\x22\1\0", 6) == 0,
       "its signature and key");

    for (i = 0, p = 6; i < ptn_nelts(want) && p + 9 < s.len; i++) {
        ok(s.data[p] == MSG && ptn_le32(s.data + p + 1) == want[i].id
           && ptn_le32(s.data + p + 5) == want[i].len
           && ptn_le32(s.data + p + 9 + want[i].len - 2) >> 16 == want[i].sum,
           "attribute %08x: length %u, checksum %04x", (unsigned) want[i].id,
           (unsigned) want[i].len, (unsigned) want[i].sum);
        p += 11 + ptn_le32(s.data + p + 5);
    }

    is_u64(ptn_le32(s.data + p + 1), ATT_MSG_PROPS, "then attMsgProps");
    ptn_pool_destroy(pool);
}


static void
set(ptn_props_t *p, ptn_pool_t *pool, uint32_t tag, const char *text)
{
    ptn_props_set(p, pool, tag, ptn_str_z(text));
}


/* Old attributes, as bytes, of an object that has them all. */

static void
test_written(void)
{
    size_t         i;
    ptn_str_t      s, v;
    ptn_pool_t    *pool;
    ptn_tnef_t     t = { 0 };
    ptn_object_t   o = { 0 };
    ptn_attach_t   a[2];

    static const struct {
        uint32_t   id;
        ptn_str_t  want;
    } want[] = {
        { ATT_CLASS, B("IPM.Microsoft Schedule.MtgReq\0") },
        { ATT_SUBJECT, B("\xe4?\0") },
        { 0x00008000, B("\4\0\x22\0\6\0\x0c\0J\xf6rg\0\0SMTP:a@b.de\0"
                        "\0\0\0\0\0\0\0\0") },
        { 0x00068007, B("\x87") },
        { 0x00060000, B("\3\0Al\0\4\0X:a\0") },
        { 0x00060001, B("\3\0Al\0\4\0X:a\0") },
        { 0x00060002, B("\1\2") },
        { 0x00030006, B("\xb2\7\1\0\1\0\0\0\0\0\1\0\4\0") },
        { 0x00050008, B("\xfe\xff\xff\xff") },
        { 0x00040009, B("\1\0") },
        { 0x0001800a, B("00FF\0") },
        { ATT_REND_DATA, B("\2\0\7\0\0\0\x20\0\x20\0\0\0\0\0") },
        { ATT_ATTACH_DATA, B("bytes") },
        { ATT_ATTACH_TITLE, B("f.txt\0") },
        { 0x00068011, B("wmf") },
        { 0x00069001, B("tn\0") },
    };

    pool = ptn_pool_create(0, NULL);
    memset(a, 0, sizeof(a));
    t.object = &o;
    t.key = 0x4321;
    t.codepage = 1252;

    set(&o.props, pool, PTN_PR_MESSAGE_CLASS, "IPM.Schedule.Meeting.Request");
    set(&o.props, pool, PTN_PR_SUBJECT, "\xc3\xa4\xe3\x81\x82");
    set(&o.props, pool, PTN_PR_SENDER_NAME, "J\xc3\xb6rg");
    set(&o.props, pool, PTN_PR_SENDER_ADDRTYPE, "SMTP");
    set(&o.props, pool, PTN_PR_SENDER_EMAIL, "a@b.de");
    ptn_props_set_int(&o.props, pool, PTN_PR_MESSAGE_FLAGS, 28);
    set(&o.props, pool, PTN_PR_SENT_REPRESENTING_NAME, "Al");
    set(&o.props, pool, PTN_PR_SENT_REPRESENTING_ADDRTYPE, "X");
    set(&o.props, pool, PTN_PR_SENT_REPRESENTING_EMAIL, "a");
    ptn_props_set(&o.props, pool, PTN_PR_RCVD_REPRESENTING_ENTRYID,
                  B("\1\2"));
    ptn_props_set_int(&o.props, pool, PTN_PR_START_DATE,
                      PTN_FILETIME_1970 + 10000000);
    ptn_props_set_int(&o.props, pool, PTN_PR_OWNER_APPT_ID, -2);
    ptn_props_set_int(&o.props, pool, PTN_PR_RESPONSE_REQUESTED, 1);
    ptn_props_set(&o.props, pool, PTN_PR_PARENT_KEY, B("\0\xff"));

    o.attachs = a;
    o.nattachs = 2;
    a[0].has_data = a[1].has_data = true;
    a[0].data = B("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    a[1].data = B("bytes");
    a[1].num = 1;
    ptn_props_set_int(&a[0].props, pool, PTN_PR_ATTACH_METHOD, 6);
    ptn_props_set_int(&a[0].props, pool, PTN_PR_RENDERING_POSITION, 7);
    set(&a[1].props, pool, PTN_PR_ATTACH_FILENAME, "f.txt");
    set(&a[1].props, pool, PTN_PR_ATTACH_TRANSPORT_NAME, "tn");
    ptn_props_set(&a[1].props, pool, PTN_PR_ATTACH_RENDERING, B("wmf"));

    is_rc(ptn_tnef_write(pool, &t, &s), PTN_OK, "all there is");

    for (i = 0; i < ptn_nelts(want); i++) {
        v = find_attr(s, want[i].id);
        ok(v.data != NULL && ptn_str_eq(v, want[i].want),
           "attribute %08x, %zu bytes", (unsigned) want[i].id, v.len);
    }

    v = find_attr(s, ATT_ATTACHMENT);
    ok(v.len > 40 && memmem(v.data, v.len, IID_STORAGE, 16) != NULL,
       "a compound file goes as a storage");

    /* of no meeting */

    set(&o.props, pool, PTN_PR_MESSAGE_CLASS, "IPM.Note");
    is_rc(ptn_tnef_write(pool, &t, &s), PTN_OK, "a note");
    ok(find_attr(s, 0x00060000).data == NULL
       && find_attr(s, 0x00040009).data == NULL
       && find_attr(s, ATT_SUBJECT).data != NULL,
       "has no attributes of meetings");
    ptn_pool_destroy(pool);
}


/* What an object says outside of its properties is in them afterwards. */

static void
test_made(void)
{
    int64_t        n;
    ptn_str_t      s;
    ptn_pool_t    *pool;
    ptn_tnef_t     t = { 0 }, *back;
    ptn_object_t   o = { 0 }, inner = { 0 };
    ptn_recip_t    r[2];
    ptn_attach_t   a[2], *x;

    pool = ptn_pool_create(0, NULL);
    memset(r, 0, sizeof(r));
    memset(a, 0, sizeof(a));
    t.object = &o;
    o.recips = r;
    o.nrecips = 2;
    o.attachs = a;
    o.nattachs = 2;

    r[0].row = 7;
    r[0].type = PTN_RECIP_CC;
    r[1].row = 1;
    r[1].type = PTN_RECIP_BCC;
    ptn_props_set_int(&r[1].props, pool, PTN_PR_RECIPIENT_TYPE, 0x10000001);
    ptn_props_set_int(&r[1].props, pool, PTN_PR_ROWID, 9);
    a[0].num = 5;
    a[0].has_data = true;
    a[0].data = B("x");
    a[1].num = 3;
    a[1].embedded = &inner;
    ptn_props_set(&o.props, pool, 0x0037001e, ptn_str("\xc3\xa4"));

    if (ptn_tnef_write(pool, &t, &s) != PTN_OK
        || ptn_tnef_read(pool, s, &back) != PTN_OK)
    {
        ok(false, "written and read");
        return;
    }

    ok(back->key == 1 && back->codepage == 1252 && !back->damaged,
       "key 1 and 1252, when nothing is said");
    is_str(ptn_props_get(&back->object->props, PTN_PR_SUBJECT), "\xc3\xa4",
           "STRING8 goes as UNICODE");

    ok(back->object->recips[0].row == 7
       && back->object->recips[0].type == PTN_RECIP_CC
       && ptn_props_int(&back->object->recips[0].props, PTN_PR_ROWID, &n)
       && n == 7, "a recipient's row and type");
    ok(back->object->recips[1].row == 1
       && back->object->recips[1].type == PTN_RECIP_BCC,
       "win over properties that say something else");

    x = back->object->attachs;
    ok(x[0].num == 5 && ptn_props_int(&x[0].props, PTN_PR_ATTACH_NUM, &n)
       && n == 5 && ptn_props_int(&x[0].props, PTN_PR_ATTACH_METHOD, &n)
       && n == 1 && ptn_str_eqz(x[0].data, "x"), "a file's number and method");
    ok(x[1].num == 3 && ptn_props_int(&x[1].props, PTN_PR_ATTACH_METHOD, &n)
       && n == 5 && x[1].embedded != NULL, "those of a message");
    ptn_pool_destroy(pool);
}


static void
test_refused(void)
{
    ptn_str_t     s;
    ptn_pool_t   *pool;
    ptn_tnef_t    t = { 0 };
    ptn_named_t   name = { .by_name = false, .lid = 1 };
    ptn_object_t  o[PTN_OBJECT_NESTING_MAX + 2];
    ptn_attach_t  a[PTN_OBJECT_NESTING_MAX + 1];
    unsigned      i;
    size_t        k;

    static const struct {
        const char  *name;
        uint32_t     tag;
        ptn_str_t    value;
        ptn_rc_t     rc;
    } rows[] = {
        { "LONG", 0x66010003, B("\1\0\0\0"), PTN_OK },
        { "LONG of 3 bytes", 0x66010003, B("\1\0\0"), PTN_EINVAL },
        { "named", 0x80000003, B("\1\0\0\0"), PTN_OK },
        { "an id without a name", 0x80010003, B("\1\0\0\0"), PTN_EINVAL },
        { "the last id", 0xffff0003, B("\1\0\0\0"), PTN_EINVAL },
        { "id 0", 0x00000003, B("\1\0\0\0"), PTN_EINVAL },
        { "MV", 0x66011003, B("\1\0\0\0\1\0\0\0"), PTN_OK },
        { "MV that is cut", 0x66011003, B("\2\0\0\0\1\0\0\0"), PTN_EINVAL },
        { "OBJECT", 0x6601000d, B("0123456789abcdef"), PTN_OK },
        { "OBJECT without IID", 0x6601000d, B("0123456789"), PTN_EINVAL },
        { "SVREID", 0x660100fb, B("1"), PTN_ESUPPORT },
        { "RESTRICT", 0x660100fd, B("1"), PTN_ESUPPORT },
        { "ACTIONS", 0x660100fe, B("1"), PTN_ESUPPORT },
        { "MV OBJECT", 0x6601100d, B("\0\0\0\0"), PTN_ESUPPORT },
        { "no type", 0x66010099, B("1"), PTN_ESUPPORT },
    };

    pool = ptn_pool_create(0, NULL);
    memset(o, 0, sizeof(o));
    memset(a, 0, sizeof(a));
    t.object = o;
    t.names = &name;
    t.nnames = 1;

    for (k = 0; k < ptn_nelts(rows); k++) {
        ptn_bag_prop_t  p = { rows[k].tag, rows[k].value };

        o[0].props.p = &p;
        o[0].props.n = 1;
        is_rc(ptn_tnef_write(pool, &t, &s), rows[k].rc, rows[k].name);
        ok(ptn_tnef_has_type(rows[k].tag) == (rows[k].rc != PTN_ESUPPORT),
           "%s: has_type", rows[k].name);
    }

    o[0].props.n = 0;
    o[0].attachs = a;
    o[0].nattachs = 1;
    is_rc(ptn_tnef_write(pool, &t, &s), PTN_EINVAL, "data that is not there");

    for (i = 0; i < PTN_OBJECT_NESTING_MAX + 1; i++) {
        o[i].attachs = &a[i];
        o[i].nattachs = 1;
        a[i].embedded = &o[i + 1];
    }

    is_rc(ptn_tnef_write(pool, &t, &s), PTN_ETOOBIG, "nested 51 deep");
    o[PTN_OBJECT_NESTING_MAX].nattachs = 0;
    is_rc(ptn_tnef_write(pool, &t, &s), PTN_OK, "nested 50 deep");
    ptn_pool_destroy(pool);
}


/* --- objects made at random ----------------------------------------------- */

static const uint16_t  random_types[] = {
    PTN_PT_I2, PTN_PT_LONG, PTN_PT_R4, PTN_PT_DOUBLE, PTN_PT_CURRENCY,
    PTN_PT_APPTIME, PTN_PT_ERROR, PTN_PT_BOOLEAN, PTN_PT_I8, PTN_PT_UNICODE,
    PTN_PT_SYSTIME, PTN_PT_CLSID, PTN_PT_BINARY
};

static const char *const  random_texts[] = {
    "", "a", "IPM.Note", "\xc3\xa4\xe3\x81\x82", "\xf0\x9f\x98\x80 face",
    "IPM.Schedule.Meeting.Resp.Pos", "a: b", "line\r\nline\n"
};

#define RANDOM_NAMES  12


static ptn_str_t
random_value(ptn_pool_t *pool, uint32_t type, uint64_t *seed)
{
    size_t  size;

    if (type == PTN_PT_BOOLEAN) {
        return content_random(seed) % 2 ? B("\1") : B("\0");
    }

    if (type == PTN_PT_UNICODE) {
        return ptn_str_z(random_texts[content_random(seed)
                                      % ptn_nelts(random_texts)]);
    }

    size = ptn_prop_size(type);

    return content_bytes(pool, size ? size : content_random(seed) % 40,
                         content_random(seed), false);
}


static void
random_props(ptn_pool_t *pool, ptn_props_t *props, uint64_t *seed)
{
    unsigned    i, k, n;
    uint32_t    id, type, tag;
    ptn_str_t   v, mv[4];

    static const uint32_t  known[] = {
        PTN_PR_SUBJECT, PTN_PR_MESSAGE_CLASS, PTN_PR_IMPORTANCE,
        PTN_PR_CLIENT_SUBMIT_TIME, PTN_PR_SEARCH_KEY, PTN_PR_MESSAGE_FLAGS,
        PTN_PR_SENDER_NAME, PTN_PR_SENDER_EMAIL, PTN_PR_SENDER_ADDRTYPE,
        PTN_PR_SENT_REPRESENTING_NAME, PTN_PR_SENT_REPRESENTING_EMAIL,
        PTN_PR_SENT_REPRESENTING_ADDRTYPE, PTN_PR_START_DATE,
        PTN_PR_RESPONSE_REQUESTED, PTN_PR_ATTACH_FILENAME,
        PTN_PR_ATTACH_RENDERING, PTN_PR_RENDERING_POSITION,
        PTN_PR_ATTACH_ENCODING, PTN_PR_BODY, PTN_PR_LAST_MODIFICATION_TIME
    };

    for (i = 0, n = (unsigned) (content_random(seed) % 30); i < n; i++) {
        type = random_types[content_random(seed) % ptn_nelts(random_types)];

        switch (content_random(seed) % 4) {
        case 0:
            tag = known[content_random(seed) % ptn_nelts(known)];
            ptn_props_set(props, pool, tag,
                          random_value(pool, ptn_prop_type(tag), seed));
            continue;

        case 1:
            id = PTN_NAMED_FIRST + content_random(seed) % RANDOM_NAMES;
            break;

        default:
            id = 0x6000 + content_random(seed) % 64;
            break;
        }

        tag = id << 16 | type;

        if (content_random(seed) % 3 != 0) {
            ptn_props_set(props, pool, tag, random_value(pool, type, seed));
            continue;
        }

        for (k = 0; k < 4; k++) {
            mv[k] = random_value(pool, type, seed);
        }

        ptn_mv_make(pool, tag | PTN_PT_MV, mv, content_random(seed) % 5, &v);
        ptn_props_set(props, pool, tag | PTN_PT_MV, v);
    }
}


static void
random_object(ptn_pool_t *pool, ptn_object_t *o, uint64_t *seed, int depth)
{
    uint32_t       i, kind;
    ptn_attach_t  *a;

    static const int64_t  methods[] = { 1, 1, 6, 5, 0 };

    random_props(pool, &o->props, seed);

    o->nrecips = content_random(seed) % 4;
    o->recips = ptn_pcalloc(pool, 4 * sizeof(ptn_recip_t));

    for (i = 0; i < o->nrecips; i++) {
        random_props(pool, &o->recips[i].props, seed);
        o->recips[i].type = content_random(seed) % 4;
        o->recips[i].row = i + (content_random(seed) % 3 == 0);
        ptn_props_set_int(&o->recips[i].props, pool, PTN_PR_RECIPIENT_TYPE,
                          o->recips[i].type);

        if (o->recips[i].row != i) {
            ptn_props_set_int(&o->recips[i].props, pool, PTN_PR_ROWID,
                              o->recips[i].row);
        }
    }

    o->nattachs = content_random(seed) % 4;
    o->attachs = ptn_pcalloc(pool, 4 * sizeof(ptn_attach_t));
    kind = content_random(seed) % 2;

    for (i = 0; i < o->nattachs; i++) {
        a = &o->attachs[i];
        random_props(pool, &a->props, seed);
        a->num = i;
        a->part = PTN_PART_NONE;
        a->has_data = true;
        ptn_props_set_int(&a->props, pool, PTN_PR_ATTACH_METHOD,
                          methods[content_random(seed) % 5]);

        if (kind == 1) {
            a->num = 100 - i;
            ptn_props_set_int(&a->props, pool, PTN_PR_ATTACH_NUM, a->num);
        }

        if (depth < 3 && content_random(seed) % 3 == 0) {
            a->embedded = ptn_pcalloc(pool, sizeof(ptn_object_t));
            random_object(pool, a->embedded, seed, depth + 1);

        } else {
            a->data = content_bytes(pool, content_random(seed) % 100,
                                    content_random(seed), false);
            a->size = a->data.len;
        }
    }
}


static void
random_tnef(ptn_pool_t *pool, ptn_tnef_t *t, uint64_t seed)
{
    unsigned  i;

    memset(t, 0, sizeof(ptn_tnef_t));
    seed = seed * 2654435761u + 88172645463325252ULL;
    t->object = ptn_pcalloc(pool, sizeof(ptn_object_t));
    t->key = (uint16_t) (content_random(&seed) | 1);
    t->codepage = content_random(&seed) % 2 ? 1252 : 437;
    t->names = ptn_pcalloc(pool, RANDOM_NAMES * sizeof(ptn_named_t));
    t->nnames = RANDOM_NAMES;

    for (i = 0; i < RANDOM_NAMES; i++) {
        t->names[i].set.b[0] = (u_char) (i % 3);
        t->names[i].by_name = i % 2;

        if (t->names[i].by_name) {
            t->names[i].name = ptn_str_printf(pool, "n\xc3\xa4me %u", i);

        } else {
            t->names[i].lid = 0x8200 + i;
        }
    }

    random_object(pool, t->object, &seed, 0);
}


/* One that has attachments and takes more than 3 KB. */

static void
random_big(ptn_pool_t *pool, ptn_tnef_t *t)
{
    uint64_t   i;
    ptn_str_t  bytes;

    for (i = 0; ; i++) {
        random_tnef(pool, t, i);

        if (t->object->nattachs != 0 && t->object->nrecips != 0
            && ptn_tnef_write(pool, t, &bytes) == PTN_OK && bytes.len > 3000)
        {
            return;
        }
    }
}


static void
test_random(void)
{
    char         why[256];
    unsigned     i, bad;
    ptn_str_t    bytes, again;
    ptn_pool_t  *pool;
    ptn_tnef_t   t, *back;
    const char  *what;

    for (i = 0, bad = 0; i < 400; i++) {
        pool = ptn_pool_create(0, NULL);
        random_tnef(pool, &t, i);

        what = "not written, or not read";

        if (ptn_tnef_write(pool, &t, &bytes) == PTN_OK
            && ptn_tnef_write(pool, &t, &again) == PTN_OK
            && ptn_tnef_read(pool, bytes, &back) == PTN_OK)
        {
            what = back->damaged ? "damaged"
                   : !ptn_str_eq(bytes, again) ? "other bytes"
                   : ptn_tnef_check(pool, &t, back, why, sizeof(why));
        }

        if (what != NULL && bad++ < 5) {
            diag("object %u: %s", i, what);
        }

        ptn_pool_destroy(pool);
    }

    ok(bad == 0, "400 objects come back equal, the same bytes each time");
}


/* --- damage --------------------------------------------------------------- */

/* Every cut, and every byte that is another: always read, and written. */

static void
test_damage(void)
{
    char         why[256];
    size_t       i;
    unsigned     n, damaged;
    u_char       was;
    ptn_buf_t    b;
    ptn_str_t    bytes, out;
    ptn_pool_t  *pool, *job;
    ptn_tnef_t   t, *back;

    pool = ptn_pool_create(0, NULL);
    random_big(pool, &t);
    is_rc(ptn_tnef_write(pool, &t, &bytes), PTN_OK, "a stream");
    bytes = ptn_str_dup(pool, bytes);

    for (i = 6, n = 0, damaged = 0; i < bytes.len; i += 1 + i / 600) {
        job = ptn_pool_create(0, NULL);

        if (ptn_tnef_read(job, ptn_str_make(bytes.data, i), &back) != PTN_OK
            || ptn_tnef_check_round(job, back, why, sizeof(why), &out))
        {
            n++;
        }

        damaged += back->damaged;
        ptn_pool_destroy(job);
    }

    ok(n == 0, "whatever is cut, the rest is read: %u not", n);
    ok(damaged > 100, "%u times it is damaged", damaged);

    for (i = 6, n = 0; i < bytes.len; i += 1 + i / 300) {
        job = ptn_pool_create(0, NULL);
        was = bytes.data[i];
        bytes.data[i] = (u_char) (i % 2 ? 0xff : was + 1);

        if (ptn_tnef_read(job, bytes, &back) != PTN_OK
            || ptn_tnef_check_round(job, back, why, sizeof(why), &out))
        {
            n++;
        }

        bytes.data[i] = was;
        ptn_pool_destroy(job);
    }

    ok(n == 0, "whatever byte is wrong, it is read: %u not", n);

    /* data that is not whole is not shown as if it were */

    make_start(&b, pool, 1252);
    make_attr(&b, ATT, ATT_REND_DATA, REND_FILE);
    make_attr(&b, ATT, ATT_ATTACH_DATA, B("half of it"));
    out = ptn_str_make(b.data, b.len - 5);
    ok(ptn_tnef_read(pool, out, &back) == PTN_OK && back->damaged
       && back->object->nattachs == 1
       && back->object->attachs[0].data.len == 0,
       "an attachment that is cut has no data");

    /* a sum, and garbage behind */

    bytes.data[bytes.len - 1] ^= 1;
    ok(ptn_tnef_read(pool, bytes, &back) == PTN_OK && back->damaged
       && ptn_tnef_check(pool, &t, back, why, sizeof(why)) == NULL,
       "a wrong checksum: all of it is there");
    bytes.data[bytes.len - 1] ^= 1;

    out.data = ptn_palloc(pool, bytes.len + 30);
    out.len = bytes.len + 30;
    memset(out.data, 'x', out.len);
    memcpy(out.data, bytes.data, bytes.len);
    ok(ptn_tnef_read(pool, out, &back) == PTN_OK && back->damaged
       && ptn_tnef_check(pool, &t, back, why, sizeof(why)) == NULL,
       "garbage at the end: all of it is there");
    ptn_pool_destroy(pool);
}


/* --- sizes ---------------------------------------------------------------- */

/* Properties of ids that fall, each with a name of its own when `named`. */

static ptn_str_t
many(ptn_pool_t *pool, uint32_t n, bool named)
{
    uint32_t   i;
    ptn_buf_t  b, l;

    make_start(&b, pool, 1252);
    ptn_buf_init(&l, pool);
    make_u32(&l, n);

    for (i = 0; i < n; i++) {
        if (named) {
            make_u32(&l, 0x80000003);
            ptn_buf_add(&l, "\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
            make_u32(&l, 0);
            make_u32(&l, 0xffffffff - i);

        } else {
            make_u32(&l, (0x7fff - i % 0x7fff) << 16 | 3);
        }

        make_u32(&l, i);
    }

    make_attr(&b, MSG, ATT_MSG_PROPS, ptn_buf_get(&l));

    return ptn_buf_get(&b);
}


static double
cpu_of(ptn_str_t bytes, ptn_tnef_t **ret, ptn_pool_t **pool)
{
    struct timespec  a, b;

    *pool = ptn_pool_create(0, NULL);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);

    if (ptn_tnef_read(*pool, bytes, ret) != PTN_OK) {
        *ret = NULL;
    }

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);

    return (double) (b.tv_sec - a.tv_sec)
           + (double) (b.tv_nsec - a.tv_nsec) / 1e9;
}


static void
test_sizes(void)
{
    int          i;
    double       one, four;
    ptn_buf_t    b, l;
    ptn_pool_t  *pool, *job;
    ptn_tnef_t  *t;

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < 2; i++) {
        one = cpu_of(many(pool, 20000, i), &t, &job);
        ptn_pool_destroy(job);
        four = cpu_of(many(pool, 80000, i), &t, &job);
        ok(t != NULL && t->damaged && t->object->props.n == PTN_BAG_COUNT_MAX
           && t->nnames == (i ? 0x7fff : 0),
           "80,000 properties: 4,096 stay, %u names", t ? t->nnames : 0);
        ok(four < 12 * one + 0.05, "in linear time (%.1f ms, %.1f ms)",
           1000 * one, 1000 * four);
        ptn_pool_destroy(job);
    }

    /* rows of nothing, as many as there is room for */

    make_start(&b, pool, 1252);
    ptn_buf_init(&l, pool);
    make_u32(&l, UINT32_MAX);

    for (i = 0; i < 50000; i++) {
        make_u32(&l, 0);
    }

    make_attr(&b, MSG, ATT_RECIP_TABLE, ptn_buf_get(&l));
    one = cpu_of(ptn_buf_get(&b), &t, &job);
    ok(t != NULL && t->damaged && t->object->nrecips == 50000,
       "4 billion recipients are 50,000 (%.1f ms)", 1000 * one);
    ptn_pool_destroy(job);
    ptn_pool_destroy(pool);
}


/* --- memory --------------------------------------------------------------- */

static void
test_memory(void)
{
    char         why[256];
    size_t       cap;
    unsigned     wrong, nomem;
    ptn_rc_t     rc;
    ptn_str_t    bytes, out;
    ptn_pool_t  *pool, *job;
    ptn_tnef_t   t, *back;

    pool = ptn_pool_create(0, NULL);
    random_big(pool, &t);
    is_rc(ptn_tnef_write(pool, &t, &bytes), PTN_OK, "a stream");

    rc = PTN_ENOMEM;

    for (cap = 256, wrong = 0, nomem = 0; rc == PTN_ENOMEM; cap += 256) {
        job = ptn_pool_create(cap, NULL);
        if (job == NULL) {
            continue;
        }

        rc = ptn_tnef_read(job, bytes, &back);

        if (rc == PTN_OK) {
            rc = ptn_tnef_write(job, back, &out);
        }

        nomem += rc == PTN_ENOMEM;
        wrong += rc != PTN_ENOMEM
                 && (rc != PTN_OK
                     || ptn_tnef_check(pool, &t, back, why, sizeof(why)));
        ptn_pool_destroy(job);
    }

    ok(wrong == 0 && nomem > 20, "%u pools were too small, and told so",
       nomem);
    ptn_pool_destroy(pool);
}


int
main(void)
{
    test_sample();
    test_written();
    test_made();
    test_refused();
    test_random();
    test_damage();
    test_sizes();
    test_memory();

    return done_testing();
}
