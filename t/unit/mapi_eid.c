/*
 * Entry ids: layouts by hand, every truncation refused, the entry ids of
 * ../shared/ref/vectors/smartview, UTF-16.
 */

#include <dirent.h>

#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_ref.h"
#include "ptn_test.h"


static ptn_guid_t
guid(u_char first)
{
    int         i;
    ptn_guid_t  g;

    for (i = 0; i < 16; i++) {
        g.b[i] = (u_char) (first + i);
    }

    return g;
}


/* Hex digits of the file, whatever is between them. */

static ptn_str_t
unhex(ptn_pool_t *pool, ptn_str_t s)
{
    int        have, d;
    size_t     i;
    ptn_buf_t  out;

    ptn_buf_init(&out, pool);
    have = -1;

    for (i = 0; i < s.len; i++) {
        if (!isxdigit(s.data[i])) {
            continue;
        }

        d = isdigit(s.data[i]) ? s.data[i] - '0'
                               : tolower(s.data[i]) - 'a' + 10;

        if (have < 0) {
            have = d;
            continue;
        }

        ptn_buf_byte(&out, (u_char) (have << 4 | d));
        have = -1;
    }

    return ptn_buf_get(&out);
}


static ptn_str_t
vector(ptn_pool_t *pool, const char *name)
{
    char       path[4096];
    ptn_str_t  s;

    snprintf(path, sizeof(path), "%s/vectors/smartview/%s.in.hex",
             ptn_ref_dir(), name);
    s = ptn_ref_read(pool, path);
    ok(s.data != NULL, "%s is there", name);

    return unhex(pool, s);
}


static void
test_numbers(void)
{
    u_char      p[PTN_PCL_LEN];
    uint16_t    replid;
    uint64_t    fid;
    ptn_id_t    id;
    ptn_guid_t  g;

    /* REPLID 1, counter 00 00 0E 8E DF 36: MS-OXCFOLD 4.5.1 has those bytes */

    fid = ptn_eid_fid(1, 0x0e8edf36);
    ok(memcmp(&fid, "\1\0\0\0\x0e\x8e\xdf\x36", 8) == 0, "a FID on the wire");
    is_u64(ptn_eid_fid_id(fid, &replid), 0x0e8edf36, "its counter");
    is_u64(replid, 1, "its REPLID");
    is_u64(ptn_eid_fid_id(ptn_eid_fid(0xffff, PTN_ID_MAX), NULL), PTN_ID_MAX,
           "the largest");

    ptn_eid_gid(guid(1), 0x010203040506, p);
    ok(p[0] == 1 && p[15] == 16 && memcmp(p + 16, "\1\2\3\4\5\6", 6) == 0,
       "a GID");
    is_rc(ptn_eid_gid_parse(ptn_str_make(p, PTN_GID_LEN), &g, &id), PTN_OK,
          "parsed");
    ok(ptn_guid_eq(g, guid(1)) && id == 0x010203040506, "to the same");
    is_rc(ptn_eid_gid_parse(ptn_str_make(p, PTN_GID_LEN - 1), &g, &id),
          PTN_EPARSE, "one byte less");
    is_rc(ptn_eid_gid_parse(ptn_str_make(p, PTN_GID_LEN + 1), &g, &id),
          PTN_EPARSE, "one byte more");

    ptn_eid_pcl(guid(1), 0x010203040506, p);
    ok(p[0] == 22 && p[1] == 1 && p[22] == 6, "a predecessor change list");
}


static void
test_objects(void)
{
    int          bad;
    u_char       f[PTN_EID_FOLDER_LEN], m[PTN_EID_MESSAGE_LEN], *p;
    size_t       i;
    ptn_id_t     id, mid;
    ptn_str_t    v;
    ptn_guid_t   a, b, c;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    /* the folder and the message that Microsoft's own tests have */

    v = vector(pool, "ENTRYID-11");
    is_rc(ptn_eid_folder_parse(v, &a, &b, &id), PTN_OK, "a folder");
    is_u64(id, 0x536281f, "its counter");
    is_mem(ptn_str_make(a.b, 16), ptn_str_make(v.data + 4, 16), "provider");
    is_mem(ptn_str_make(b.b, 16), ptn_str_make(v.data + 22, 16), "REPLGUID");
    ptn_eid_folder(a, b, id, f);
    is_mem(ptn_str_make(f, sizeof(f)), v, "written again");

    v = vector(pool, "ENTRYID-14");
    is_rc(ptn_eid_message_parse(v, &a, &b, &id, &c, &mid), PTN_OK,
          "a message");
    is_u64(id, 0x536281b, "its folder");
    is_u64(mid, 0x7d676a15f, "its id");
    ok(ptn_guid_eq(b, c), "its REPLGUIDs");
    ptn_eid_message(a, b, id, c, mid, m);
    is_mem(ptn_str_make(m, sizeof(m)), v, "written again");
    is_rc(ptn_eid_folder_parse(v, &a, &b, &id), PTN_EPARSE, "is no folder");

    v = vector(pool, "ENTRYID-13");
    is_rc(ptn_eid_message_parse(v, &a, &b, &id, &c, &mid), PTN_OK,
          "another message");
    ptn_eid_message(a, b, id, c, mid, m);
    is_mem(ptn_str_make(m, sizeof(m)), v, "written again");

    v = vector(pool, "ENTRYID-10");
    is_rc(ptn_eid_folder_parse(v, &a, &b, &id), PTN_OK, "another folder");

    v = vector(pool, "ENTRYID-15");
    is_rc(ptn_eid_message_parse(v, &a, &b, &id, &c, &mid), PTN_OK,
          "of a public folder");
    ok(ptn_guid_eq(a, ptn_eid_public_uid), "the provider says so");
    ptn_eid_message(a, b, id, c, mid, m);
    is_mem(ptn_str_make(m, sizeof(m)), v, "written again");
    m[20] = 7;
    is_rc(ptn_eid_message_parse(ptn_str_make(m, sizeof(m)), &a, &b, &id, &c,
                                &mid), PTN_EPARSE, "and the type, too");

    ptn_eid_folder(guid(1), guid(20), 5, f);
    ptn_eid_message(guid(1), guid(20), 5, guid(40), 6, m);
    bad = 0;

    for (i = 0; i < sizeof(m); i++) {
        p = malloc(i + 1);
        memcpy(p, m, i);
        bad += ptn_eid_message_parse(ptn_str_make(p, i), &a, &b, &id, &c, &mid)
               != PTN_EPARSE;
        bad += i < sizeof(f)
               && ptn_eid_folder_parse(ptn_str_make(memcpy(p, f, i), i), &a,
                                       &b, &id) != PTN_EPARSE;
        free(p);
    }

    is_u64(bad, 0, "none that is cut");

    /* flags, type, and both paddings of a message's, each bit of them */

    for (i = 0; i < sizeof(m); i++) {
        if (i >= 4 && i != 20 && i != 21 && i != 44 && i != 45 && i != 68
            && i != 69)
        {
            continue;
        }

        m[i] ^= 1;
        ok(ptn_eid_message_parse(ptn_str_make(m, sizeof(m)), &a, &b, &id, &c,
                                 &mid) == PTN_EPARSE,
           "a message with another byte %zu", i);
        m[i] ^= 1;
    }

    for (i = 0; i < 4; i++) {
        f[i] = 1;
        bad += ptn_eid_folder_parse(ptn_str_make(f, sizeof(f)), &a, &b, &id)
               == PTN_OK;
        f[i] = 0;
    }

    is_u64(bad, 0, "flags are zero");

    ptn_pool_destroy(pool);
}


static void
test_people(void)
{
    int               bad;
    u_char           *p;
    size_t            i;
    ptn_str_t         v, eid, key, dn;
    ptn_guid_t        g;
    ptn_pool_t       *pool;
    ptn_eid_person_t  who;

    pool = ptn_pool_create(0, NULL);

    v = vector(pool, "ENTRYID-40");
    is_rc(ptn_eid_person_parse(pool, v, &who), PTN_OK, "a one-off");
    ok(!who.address_book, "of no address book");
    is_str(who.display, "nobody_@microsoft.com", "its name");
    is_str(who.addrtype, "SMTP", "its type");
    is_str(who.address, "nobody_@microsoft.com", "its address");
    is_rc(ptn_eid_one_off(pool, who.display, who.addrtype, who.address, &eid),
          PTN_OK, "written");
    is_mem(eid, v, "again");

    v = vector(pool, "ENTRYID-17");
    is_rc(ptn_eid_person_parse(pool, v, &who), PTN_OK, "an 8-bit one-off");
    is_str(who.address, "admin@example.com", "its address");
    is_str(who.addrtype, "SMTP", "its type");

    v = vector(pool, "ENTRYID-16");
    is_rc(ptn_eid_person_parse(pool, v, &who), PTN_OK, "an address book one");
    ok(who.address_book, "of an address book");
    is_str(who.addrtype, "EX", "its type");
    is_str(who.address, "/O=microsoft/OU=fareast/cn=Recipients/cn=example",
           "its DN");
    is_rc(ptn_eid_address_book(pool, who.address, &eid), PTN_OK, "written");
    is_mem(eid, v, "again");

    v = vector(pool, "ENTRYID-21");
    is_rc(ptn_eid_person_parse(pool, v, &who), PTN_OK, "a list");
    v = vector(pool, "ENTRYID-23");
    is_rc(ptn_eid_person_parse(pool, v, &who), PTN_EPARSE, "a container");
    v = vector(pool, "ENTRYID-1");
    is_rc(ptn_eid_person_parse(pool, v, &who), PTN_EPARSE, "a store");

    is_rc(ptn_eid_one_off(pool, ptn_str("M\xc3\xbcller \xf0\x9f\x98\x80"),
                          ptn_str("SMTP"), ptn_str("m@example.test"), &eid),
          PTN_OK, "not ASCII");
    is_rc(ptn_eid_person_parse(pool, eid, &who), PTN_OK, "and back");
    is_str(who.display, "M\xc3\xbcller \xf0\x9f\x98\x80", "the same");

    bad = 0;

    for (i = 0; i < eid.len; i++) {
        p = malloc(i + 1);
        memcpy(p, eid.data, i);
        bad += ptn_eid_person_parse(pool, ptn_str_make(p, i), &who)
               != PTN_EPARSE;
        free(p);
    }

    is_u64(bad, 0, "none that is cut");

    is_rc(ptn_eid_dn(pool, guid(0xa0), ptn_str("alice@example.test"), &dn),
          PTN_OK, "a DN");
    is_str(dn, "/o=example.test/ou=Exchange Administrative Group "
           "(FYDIBOHF23SPDLT)/cn=Recipients/cn="
           "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-alice", "as written");
    is_rc(ptn_eid_dn_parse(dn, &g), PTN_OK, "parsed");
    ok(ptn_guid_eq(g, guid(0xa0)), "to its mailbox");

    dn = ptn_str_lower(pool, dn);
    is_rc(ptn_eid_dn_parse(dn, &g), PTN_OK, "case is nothing");

    bad = 0;

    for (i = 0; i + sizeof("-alice") - 1 < dn.len; i++) {
        p = malloc(i + 1);
        memcpy(p, dn.data, i);
        bad += ptn_eid_dn_parse(ptn_str_make(p, i), &g) != PTN_EPARSE;
        free(p);
    }

    is_u64(bad, 0, "none without its guid");
    is_rc(ptn_eid_dn_parse(ptn_str("/o=x/ou=y/cn=Recipients/cn=z"), &g),
          PTN_EPARSE, "of another system");

    p = ptn_palloc(pool, dn.len + 2);
    memcpy(p, dn.data, dn.len);
    memcpy(p + dn.len, "/x", 2);
    is_rc(ptn_eid_dn_parse(ptn_str_make(p, dn.len + 2), &g), PTN_EPARSE,
          "with one more part");
    p[dn.len - sizeof("-alice") + 1] = '+';
    is_rc(ptn_eid_dn_parse(ptn_str_make(p, dn.len), &g), PTN_EPARSE,
          "no hyphen behind the guid");
    p[dn.len - sizeof("-alice") + 1] = '-';
    is_rc(ptn_eid_dn_parse(ptn_str_make(p, dn.len), &g), PTN_OK, "put back");
    p[dn.len - sizeof("-alice")] = 'g';
    is_rc(ptn_eid_dn_parse(ptn_str_make(p, dn.len), &g), PTN_EPARSE,
          "a digit that is none");

    ptn_eid_dn(pool, guid(1), ptn_str("a/b \xc3\xa4@x/y"), &dn);
    is_rc(ptn_eid_dn_parse(dn, &g), PTN_OK, "what a DN cannot hold");

    is_rc(ptn_eid_search_key(pool, ptn_str("smtp"), ptn_str("alice@ex.test"),
                             &key), PTN_OK, "a search key");
    is_mem(key, ptn_str_make("SMTP:ALICE@EX.TEST", 19), "with its NUL");

    ptn_pool_destroy(pool);
}


/* None of the other vectors is read beyond its end, cut anywhere. */

static void
test_vectors(void)
{
    int                n;
    char               path[4096];
    DIR               *dir;
    u_char            *p;
    size_t             i;
    ptn_id_t           id, mid;
    ptn_str_t          v, s;
    ptn_guid_t         a, b, c;
    ptn_pool_t        *pool;
    struct dirent     *e;
    ptn_eid_person_t   who;

    snprintf(path, sizeof(path), "%s/vectors/smartview", ptn_ref_dir());
    dir = opendir(path);
    n = 0;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (strstr(e->d_name, ".in.hex") == NULL) {
            continue;
        }

        pool = ptn_pool_create(0, NULL);
        snprintf(path, sizeof(path), "%s/vectors/smartview/%s", ptn_ref_dir(),
                 e->d_name);
        v = unhex(pool, ptn_ref_read(pool, path));

        for (i = 0; i <= v.len && i < 300; i++) {
            p = malloc(i + 1);

            if (i != 0) {
                memcpy(p, v.data, i);
            }

            s = ptn_str_make(p, i);
            (void) ptn_eid_folder_parse(s, &a, &b, &id);
            (void) ptn_eid_message_parse(s, &a, &b, &id, &c, &mid);
            (void) ptn_eid_person_parse(pool, s, &who);
            (void) ptn_eid_dn_parse(s, &a);
            free(p);
        }

        n++;
        ptn_pool_destroy(pool);
    }

    if (dir != NULL) {
        closedir(dir);
    }

    ok(n > 90, "vectors (%d)", n);
}


static void
test_utf16(void)
{
    size_t       i;
    ptn_buf_t    out;
    ptn_str_t    u, back;
    ptn_pool_t  *pool;
    static const struct {
        const char  *what;
        ptn_str_t    utf8, utf16, again;
    } rows[] = {
        { "nothing", ptn_string(""), ptn_string(""), ptn_string("") },
        { "ASCII", ptn_string("ab"), ptn_string("a\0b\0"), ptn_string("ab") },
        { "two bytes", ptn_string("\xc3\xa4"), ptn_string("\xe4\0"),
          ptn_string("\xc3\xa4") },
        { "three", ptn_string("\xe2\x82\xac"), ptn_string("\xac\x20"),
          ptn_string("\xe2\x82\xac") },
        { "four", ptn_string("\xf0\x9f\x98\x80"),
          ptn_string("\x3d\xd8\x00\xde"), ptn_string("\xf0\x9f\x98\x80") },
        { "a cut character", ptn_string("a\xe2\x82"), ptn_string("a\0\xfd\xff"),
          ptn_string("a\xef\xbf\xbd") },
        { "a surrogate", ptn_string("\xed\xa0\x80"), ptn_string("\xfd\xff"),
          ptn_string("\xef\xbf\xbd") },
        { "too long a form", ptn_string("\xc0\xaf"),
          ptn_string("\xfd\xff\xfd\xff"),
          ptn_string("\xef\xbf\xbd\xef\xbf\xbd") },
    };
    static const struct {
        const char  *what;
        ptn_str_t    utf16;
        const char  *utf8;
    } backs[] = {
        { "half a unit", ptn_string("a\0b"), "a\xef\xbf\xbd" },
        { "a lone surrogate", ptn_string("\0\xd8" "a\0"), "\xef\xbf\xbd" "a" },
        { "a low one first", ptn_string("\0\xdc" "a\0"), "\xef\xbf\xbd" "a" },
        { "a high one last", ptn_string("a\0\0\xd8"), "a\xef\xbf\xbd" },
        { "up to a zero unit", ptn_string("a\0\0\0b\0"), "a" },
    };

    pool = ptn_pool_create(0, NULL);

    for (i = 0; i < ptn_nelts(rows); i++) {
        is_rc(ptn_utf16_from_utf8(pool, rows[i].utf8, &u), PTN_OK,
              rows[i].what);
        is_mem(u, rows[i].utf16, rows[i].what);
        is_u64(ptn_utf16_len(rows[i].utf8), u.len, rows[i].what);
        ok(u.data[u.len] == 0 && u.data[u.len + 1] == 0, "two zero bytes");
        ptn_utf16_to_utf8(pool, u, &back);
        is_mem(back, rows[i].again, rows[i].what);
        ptn_buf_init(&out, pool);
        ptn_buf_utf16(&out, rows[i].utf8);
        is_mem(ptn_buf_get(&out), rows[i].utf16, rows[i].what);
    }

    for (i = 0; i < ptn_nelts(backs); i++) {
        is_rc(ptn_utf16_to_utf8(pool, backs[i].utf16, &back), PTN_OK,
              backs[i].what);
        is_str(back, backs[i].utf8, backs[i].what);
    }

    ptn_pool_destroy(pool);
}


int
main(void)
{
    test_numbers();
    test_objects();
    test_people();
    test_vectors();
    test_utf16();

    return done_testing();
}
