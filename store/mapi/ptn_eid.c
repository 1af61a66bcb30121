#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_wire_eid.h"


#define PTN_EID_PRIVATE_FOLDER   0x0001     /* MS-OXCDATA 2.2.4 */
#define PTN_EID_PUBLIC_FOLDER    0x0003
#define PTN_EID_PRIVATE_MESSAGE  0x0007
#define PTN_EID_PUBLIC_MESSAGE   0x0009

#define PTN_EID_UNICODE          0x8000
#define PTN_EID_NO_RICH_INFO     0x0001

/* MS-OXCDATA 2.2.5.2: users, lists and what else has mail; above are
 * containers, templates, searches. */
#define PTN_EID_TYPE_MAX         6

#define PTN_DN_GROUP                                                          \
    "/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="
#define PTN_DN_RDN_MAX           64         /* MS-OXOABK 2.2.1.1 */


const ptn_wire_t *const  ptn_wire_eids[] = {
    &ptn_eid_folder_wire,
    &ptn_eid_message_wire,
    &ptn_eid_one_off_wire,
    &ptn_eid_address_book_wire,
    NULL
};

/* MS-OXCDATA 2.2.4.1, 2.2.4.2: ProviderUID of public stores */
const ptn_guid_t  ptn_eid_public_uid = {
    { 0x1a, 0x44, 0x73, 0x90, 0xaa, 0x66, 0x11, 0xcd,
      0x9b, 0xc8, 0x00, 0xaa, 0x00, 0x2f, 0xc4, 0x5a }
};

/* MS-OXCDATA 2.2.5.1 */
static const ptn_guid_t  ptn_eid_one_off_uid = {
    { 0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19,
      0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02 }
};

/* MS-OXCDATA 2.2.5.2 */
static const ptn_guid_t  ptn_eid_address_book_uid = {
    { 0xdc, 0xa7, 0x40, 0xc8, 0xc0, 0x42, 0x10, 0x1a,
      0xb4, 0xb9, 0x08, 0x00, 0x2b, 0x2f, 0xe1, 0x82 }
};


static u_char
ptn_eid_upper(u_char c)
{
    return (c >= 'a' && c <= 'z') ? (u_char) (c & ~0x20) : c;
}


static int
ptn_eid_hex(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = ptn_tolower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* --- ids of objects ------------------------------------------------------- */

uint64_t
ptn_eid_fid(uint16_t replid, ptn_id_t id)
{
    int       i;
    uint64_t  fid;
    u_char    cnt[6];

    ptn_id_globcnt(id, cnt);

    for (fid = 0, i = 5; i >= 0; i--) {
        fid = fid << 8 | cnt[i];
    }

    return fid << 16 | replid;
}


ptn_id_t
ptn_eid_fid_id(uint64_t fid, uint16_t *ret_replid)
{
    int     i;
    u_char  cnt[6];

    for (i = 0; i < 6; i++) {
        cnt[i] = (u_char) (fid >> (16 + 8 * i));
    }

    if (ret_replid != NULL) {
        *ret_replid = (uint16_t) fid;
    }

    return ptn_id_from_globcnt(cnt);
}


void
ptn_eid_gid(ptn_guid_t replguid, ptn_id_t id, u_char ret[PTN_GID_LEN])
{
    memcpy(ret, replguid.b, 16);
    ptn_id_globcnt(id, ret + 16);
}


ptn_rc_t
ptn_eid_gid_parse(ptn_str_t gid, ptn_guid_t *ret_replguid, ptn_id_t *ret_id)
{
    if (gid.len != PTN_GID_LEN) {
        return PTN_EPARSE;
    }

    memcpy(ret_replguid->b, gid.data, 16);
    *ret_id = ptn_id_from_globcnt(gid.data + 16);

    return PTN_OK;
}


void
ptn_eid_pcl(ptn_guid_t replguid, ptn_id_t cn, u_char ret[PTN_PCL_LEN])
{
    ret[0] = PTN_GID_LEN;
    ptn_eid_gid(replguid, cn, ret + 1);
}


/* Flags, ProviderUID, type: what both begin with. */

static u_char *
ptn_eid_object_head(u_char *p, ptn_guid_t provider, uint16_t type)
{
    memset(p, 0, 4);
    memcpy(p + 4, provider.b, 16);
    p[20] = (u_char) type;
    p[21] = (u_char) (type >> 8);

    return p + 22;
}


/* A GID and two bytes of padding. */

static u_char *
ptn_eid_object_gid(u_char *p, ptn_guid_t replguid, ptn_id_t id)
{
    ptn_eid_gid(replguid, id, p);
    p[PTN_GID_LEN] = 0;
    p[PTN_GID_LEN + 1] = 0;

    return p + PTN_GID_LEN + 2;
}


static uint16_t
ptn_eid_folder_type(ptn_guid_t provider)
{
    return ptn_guid_eq(provider, ptn_eid_public_uid) ? PTN_EID_PUBLIC_FOLDER
                                                     : PTN_EID_PRIVATE_FOLDER;
}


static uint16_t
ptn_eid_message_type(ptn_guid_t provider)
{
    return ptn_guid_eq(provider, ptn_eid_public_uid) ? PTN_EID_PUBLIC_MESSAGE
                                                     : PTN_EID_PRIVATE_MESSAGE;
}


void
ptn_eid_folder(ptn_guid_t provider, ptn_guid_t replguid, ptn_id_t folder,
    u_char ret[PTN_EID_FOLDER_LEN])
{
    u_char  *p;

    p = ptn_eid_object_head(ret, provider, ptn_eid_folder_type(provider));
    (void) ptn_eid_object_gid(p, replguid, folder);
}


void
ptn_eid_message(ptn_guid_t provider, ptn_guid_t folder_replguid,
    ptn_id_t folder, ptn_guid_t replguid, ptn_id_t mid,
    u_char ret[PTN_EID_MESSAGE_LEN])
{
    u_char  *p;

    p = ptn_eid_object_head(ret, provider, ptn_eid_message_type(provider));
    p = ptn_eid_object_gid(p, folder_replguid, folder);
    (void) ptn_eid_object_gid(p, replguid, mid);
}


/* All of `eid` as that structure. */

static ptn_rc_t
ptn_eid_pull(const ptn_wire_t *w, ptn_pool_t *pool, ptn_str_t eid, void *ret)
{
    ptn_rc_t  rc;

    rc = ptn_wire_pull(w, pool, &eid, ret);

    if (rc == PTN_ENOMEM) {
        return rc;
    }

    return (rc == PTN_OK && eid.len == 0) ? PTN_OK : PTN_EPARSE;
}


ptn_rc_t
ptn_eid_folder_parse(ptn_str_t eid, ptn_guid_t *ret_provider,
    ptn_guid_t *ret_replguid, ptn_id_t *ret_folder)
{
    ptn_rc_t          rc;
    ptn_eid_folder_t  f;

    rc = ptn_eid_pull(&ptn_eid_folder_wire, NULL, eid, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    if (f.flags != 0 || f.type != ptn_eid_folder_type(f.provider)
        || f.pad != 0)
    {
        return PTN_EPARSE;
    }

    *ret_provider = f.provider;
    *ret_replguid = f.replguid;
    *ret_folder = ptn_id_from_globcnt(f.globcnt);

    return PTN_OK;
}


ptn_rc_t
ptn_eid_message_parse(ptn_str_t eid, ptn_guid_t *ret_provider,
    ptn_guid_t *ret_folder_replguid, ptn_id_t *ret_folder,
    ptn_guid_t *ret_replguid, ptn_id_t *ret_mid)
{
    ptn_rc_t           rc;
    ptn_eid_message_t  m;

    rc = ptn_eid_pull(&ptn_eid_message_wire, NULL, eid, &m);
    if (rc != PTN_OK) {
        return rc;
    }

    if (m.flags != 0 || m.type != ptn_eid_message_type(m.provider)
        || m.pad != 0 || m.pad2 != 0)
    {
        return PTN_EPARSE;
    }

    *ret_provider = m.provider;
    *ret_folder_replguid = m.folder_replguid;
    *ret_folder = ptn_id_from_globcnt(m.folder_globcnt);
    *ret_replguid = m.replguid;
    *ret_mid = ptn_id_from_globcnt(m.globcnt);

    return PTN_OK;
}


/* --- people --------------------------------------------------------------- */

/* Up to the first NUL: no string of an entry id can hold one. */

static void
ptn_eid_str16z(ptn_buf_t *out, ptn_str_t s)
{
    u_char  *nul;

    nul = s.len ? memchr(s.data, '\0', s.len) : NULL;

    if (nul != NULL) {
        s.len = (size_t) (nul - s.data);
    }

    ptn_buf_utf16(out, s);
    ptn_buf_add(out, "\0", 2);
}


ptn_rc_t
ptn_eid_one_off(ptn_pool_t *pool, ptn_str_t display, ptn_str_t addrtype,
    ptn_str_t address, ptn_str_t *ret_eid)
{
    u_char     head[24];
    ptn_buf_t  out;

    memset(head, 0, sizeof(head));
    memcpy(head + 4, ptn_eid_one_off_uid.b, 16);
    head[22] = PTN_EID_NO_RICH_INFO;
    head[23] = PTN_EID_UNICODE >> 8;

    ptn_buf_init(&out, pool);

    /* one block: nobody keeps a list of recipients in pieces */

    (void) ptn_buf_reserve(&out, sizeof(head) + 6
                           + 2 * (display.len + addrtype.len + address.len));
    ptn_buf_add(&out, head, sizeof(head));
    ptn_eid_str16z(&out, display);
    ptn_eid_str16z(&out, addrtype);
    ptn_eid_str16z(&out, address);

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_eid = ptn_buf_get(&out);

    return PTN_OK;
}


ptn_rc_t
ptn_eid_address_book(ptn_pool_t *pool, ptn_str_t dn, ptn_str_t *ret_eid)
{
    ptn_rc_t                rc;
    ptn_buf_t               out;
    ptn_eid_address_book_t  a;

    memset(&a, 0, sizeof(a));
    a.provider = ptn_eid_address_book_uid;
    a.version = 1;
    a.dn = dn;

    ptn_buf_init(&out, pool);

    rc = ptn_wire_push(&ptn_eid_address_book_wire, &out, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret_eid = ptn_buf_get(&out);

    return PTN_OK;
}


/* 8-bit strings have no declared code page (2.2.5.1). */

static ptn_rc_t
ptn_eid_narrow(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret)
{
    if (!ptn_utf8_valid(s)) {
        return ptn_charset_to_utf8(pool, ptn_str("windows-1252"), s, ret);
    }

    s = ptn_str_dup(pool, s);
    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = s;

    return PTN_OK;
}


static ptn_rc_t
ptn_eid_one_off_parse(ptn_pool_t *pool, ptn_str_t eid,
    ptn_eid_person_t *person)
{
    ptn_rc_t           rc, rc2, rc3;
    ptn_eid_one_off_t  o;

    rc = ptn_eid_pull(&ptn_eid_one_off_wire, pool, eid, &o);
    if (rc != PTN_OK) {
        return rc;
    }

    if (o.version != 0) {
        return PTN_EPARSE;
    }

    if (o.bits & PTN_EID_UNICODE) {
        rc = ptn_utf16_to_utf8(pool, o.display, &person->display);
        rc2 = ptn_utf16_to_utf8(pool, o.addrtype, &person->addrtype);
        rc3 = ptn_utf16_to_utf8(pool, o.address, &person->address);

    } else {
        rc = ptn_eid_narrow(pool, o.display8, &person->display);
        rc2 = ptn_eid_narrow(pool, o.addrtype8, &person->addrtype);
        rc3 = ptn_eid_narrow(pool, o.address8, &person->address);
    }

    return (rc != PTN_OK) ? rc : (rc2 != PTN_OK) ? rc2 : rc3;
}


static ptn_rc_t
ptn_eid_address_book_parse(ptn_pool_t *pool, ptn_str_t eid,
    ptn_eid_person_t *person)
{
    ptn_rc_t                rc;
    ptn_eid_address_book_t  a;

    rc = ptn_eid_pull(&ptn_eid_address_book_wire, pool, eid, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    if (a.version != 1 || a.type > PTN_EID_TYPE_MAX) {
        return PTN_EPARSE;
    }

    person->address_book = true;
    person->display = ptn_str("");
    person->addrtype = ptn_str("EX");

    return ptn_eid_narrow(pool, a.dn, &person->address);
}


ptn_rc_t
ptn_eid_person_parse(ptn_pool_t *pool, ptn_str_t eid,
    ptn_eid_person_t *ret_person)
{
    ptn_rc_t          rc;
    ptn_eid_person_t  person;

    if (eid.len < 20 || memcmp(eid.data, "\0\0\0", 4) != 0) {
        return PTN_EPARSE;
    }

    memset(&person, 0, sizeof(person));

    if (memcmp(eid.data + 4, ptn_eid_one_off_uid.b, 16) == 0) {
        rc = ptn_eid_one_off_parse(pool, eid, &person);

    } else if (memcmp(eid.data + 4, ptn_eid_address_book_uid.b, 16) == 0) {
        rc = ptn_eid_address_book_parse(pool, eid, &person);

    } else {
        rc = PTN_EPARSE;
    }

    if (rc == PTN_OK) {
        *ret_person = person;
    }

    return rc;
}


/* What a DN may hold of a name (teletex without "/", MS-OXOABK 2.2.1.1); the
 * rest is "_": the guid alone names the mailbox. */

static void
ptn_eid_dn_rdn(ptn_buf_t *out, ptn_str_t s, size_t max)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < s.len && i < max; i++) {
        c = ptn_tolower(s.data[i]);
        ptn_buf_byte(out, ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                           || c == '.' || c == '-') ? s.data[i] : '_');
    }
}


ptn_rc_t
ptn_eid_dn(ptn_pool_t *pool, ptn_guid_t mailbox, ptn_str_t address,
    ptn_str_t *ret_dn)
{
    char        hex[PTN_GUID_HEX];
    u_char     *at;
    ptn_buf_t   out;
    ptn_str_t   local, domain;

    at = address.len ? memrchr(address.data, '@', address.len) : NULL;
    local = domain = address;

    if (at != NULL) {
        local.len = (size_t) (at - address.data);
        domain = ptn_str_make(at + 1, address.len - local.len - 1);
    }

    ptn_guid_hex(mailbox, hex);
    ptn_buf_init(&out, pool);
    ptn_buf_z(&out, "/o=");
    ptn_eid_dn_rdn(&out, domain, PTN_DN_RDN_MAX);
    ptn_buf_z(&out, PTN_DN_GROUP);
    ptn_buf_z(&out, hex);
    ptn_buf_byte(&out, '-');
    ptn_eid_dn_rdn(&out, local, PTN_DN_RDN_MAX - PTN_GUID_HEX);

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_dn = ptn_buf_get(&out);

    return PTN_OK;
}


ptn_rc_t
ptn_eid_dn_parse(ptn_str_t dn, ptn_guid_t *ret_mailbox)
{
    int         hi, lo;
    u_char     *p;
    size_t      i;
    ptn_str_t   rest;
    ptn_guid_t  guid;

    if (!ptn_str_istarts(dn, "/o=")) {
        return PTN_EPARSE;
    }

    p = memchr(dn.data + 3, '/', dn.len - 3);
    if (p == NULL) {
        return PTN_EPARSE;
    }

    rest = ptn_str_make(p, dn.len - (size_t) (p - dn.data));

    if (!ptn_str_istarts(rest, PTN_DN_GROUP)) {
        return PTN_EPARSE;
    }

    p += sizeof(PTN_DN_GROUP) - 1;
    rest.len -= sizeof(PTN_DN_GROUP) - 1;

    if (rest.len < PTN_GUID_HEX || p[PTN_GUID_HEX - 1] != '-'
        || memchr(p, '/', rest.len) != NULL)
    {
        return PTN_EPARSE;
    }

    for (i = 0; i < sizeof(guid.b); i++) {
        hi = ptn_eid_hex(p[2 * i]);
        lo = ptn_eid_hex(p[2 * i + 1]);

        if (hi < 0 || lo < 0) {
            return PTN_EPARSE;
        }

        guid.b[i] = (u_char) (hi << 4 | lo);
    }

    *ret_mailbox = guid;

    return PTN_OK;
}


ptn_rc_t
ptn_eid_search_key(ptn_pool_t *pool, ptn_str_t addrtype, ptn_str_t address,
    ptn_str_t *ret_key)
{
    size_t      i;
    u_char     *p, *start;

    if (addrtype.len > SIZE_MAX / 2 || address.len > SIZE_MAX / 2 - 2) {
        return PTN_ENOMEM;
    }

    start = p = ptn_palloc(pool, addrtype.len + 1 + address.len + 1);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < addrtype.len; i++) {
        *p++ = ptn_eid_upper(addrtype.data[i]);
    }

    *p++ = ':';

    for (i = 0; i < address.len; i++) {
        *p++ = ptn_eid_upper(address.data[i]);
    }

    *p++ = '\0';
    *ret_key = ptn_str_make(start, (size_t) (p - start));

    return PTN_OK;
}
