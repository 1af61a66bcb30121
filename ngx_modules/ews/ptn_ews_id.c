#include <stdio.h>

#include "ptn_ews.h"


/*
 * ItemId and FolderId (MS-OXWSITEMID 2.2; the same structure is public in
 * MS-OXCEXT 2.2.6.1, DerivedWSId): base64 of
 *
 *     compression (1), then, compressed or not:
 *     storage type (1), moniker length (2), moniker, the mailbox guid in text,
 *     processing instruction (1), store id length (2), store id: the entry id
 *     of the folder or message; for attachments a count (1) and so many
 *     lengths (2) and attachment ids
 */

#define PTN_EWS_ID_MAX        512       /* characters, MS-OXWSCORE 2.2.4.25 */
#define PTN_EWS_PAYLOAD_MAX   1024
#define PTN_EWS_BUILD_MAX     256       /* of those that we make */

#define PTN_EWS_ID_RLE        1
#define PTN_EWS_ID_SMTP       0         /* storage types */
#define PTN_EWS_ID_PUBLIC     1
#define PTN_EWS_ID_PUBLIC_ITEM  2
#define PTN_EWS_ID_MAILBOX    3
#define PTN_EWS_ID_CONVERSATION  4


void
ptn_ews_guid_text(ptn_guid_t guid, char ret[37])
{
    const u_char  *b;

    b = guid.b;

    snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x", b[3], b[2], b[1], b[0], b[5], b[4],
             b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}


static u_char *
ptn_ews_id_put16(u_char *p, size_t n)
{
    *p++ = (u_char) n;
    *p++ = (u_char) (n >> 8);

    return p;
}


/*
 * A byte that repeats stands twice, then how often it comes beyond that
 * (MS-OXCEXT 3.1.4.5).  Returns the length, or 0 when it does not get shorter.
 */
static size_t
ptn_ews_id_compress(const u_char *in, size_t len, u_char *out)
{
    size_t  i, n, run;

    for (i = 0, n = 0; i < len; i += run) {
        for (run = 1; i + run < len && in[i + run] == in[i] && run < 257;
             run++)
        {
            /* void */
        }

        if (n + 3 >= len) {
            return 0;
        }

        out[n++] = in[i];

        if (run > 1) {
            out[n++] = in[i];
            out[n++] = (u_char) (run - 2);
        }
    }

    return n < len ? n : 0;
}


static ptn_rc_t
ptn_ews_id_expand(const u_char *in, size_t len, u_char *out, size_t *ret_len)
{
    size_t  i, n, run;

    for (i = 0, n = 0; i < len; /* void */) {
        run = 1;

        if (i + 1 < len && in[i] == in[i + 1]) {
            if (i + 2 >= len) {
                return PTN_EPARSE;
            }

            run = (size_t) in[i + 2] + 2;
        }

        if (run > PTN_EWS_PAYLOAD_MAX - n) {
            return PTN_EPARSE;
        }

        memset(out + n, in[i], run);
        n += run;
        i += run > 1 ? 3 : 1;
    }

    *ret_len = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_id_encode(ptn_pool_t *pool, u_char *payload, size_t len,
    ptn_str_t *ret)
{
    size_t     n;
    u_char     blob[PTN_EWS_PAYLOAD_MAX + 1];
    ptn_str_t  text;

    n = ptn_ews_id_compress(payload, len, blob + 1);

    if (n != 0) {
        blob[0] = PTN_EWS_ID_RLE;

    } else {
        blob[0] = 0;
        memcpy(blob + 1, payload, len);
        n = len;
    }

    text = ptn_base64_encode(pool, ptn_str_make(blob, n + 1));
    if (text.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = text;

    return PTN_OK;
}


/* Uncompressed; its length. */
static size_t
ptn_ews_id_build(const char *guid, const ptn_ews_id_t *id,
    u_char payload[PTN_EWS_BUILD_MAX])
{
    size_t      i;
    u_char     *p;
    ptn_guid_t  mailbox;

    mailbox = id->mailbox;
    p = payload;

    *p++ = PTN_EWS_ID_MAILBOX;
    p = ptn_ews_id_put16(p, 36);
    memcpy(p, guid, 36);
    p += 36;
    *p++ = 0;

    if (id->mid == 0) {
        p = ptn_ews_id_put16(p, PTN_EID_FOLDER_LEN);
        ptn_eid_folder(mailbox, id->folder_replguid, id->folder, p);
        p += PTN_EID_FOLDER_LEN;

    } else {
        p = ptn_ews_id_put16(p, PTN_EID_MESSAGE_LEN);
        ptn_eid_message(mailbox, id->folder_replguid, id->folder,
                        id->replguid, id->mid, p);
        p += PTN_EID_MESSAGE_LEN;
    }

    if (id->nattach != 0) {
        *p++ = id->nattach;

        for (i = 0; i < id->nattach; i++) {
            p = ptn_ews_id_put16(p, 4);
            ptn_put_le32(p, id->attach[i]);
            p += 4;
        }
    }

    return (size_t) (p - payload);
}


ptn_rc_t
ptn_ews_id_text(ptn_pool_t *pool, const char *guid, const ptn_ews_id_t *id,
    ptn_str_t *ret)
{
    size_t  len;
    u_char  payload[PTN_EWS_BUILD_MAX];

    len = ptn_ews_id_build(guid, id, payload);

    return ptn_ews_id_encode(pool, payload, len, ret);
}


/* Same structure, with the 16 bytes of PidTagConversationId. */
ptn_rc_t
ptn_ews_conversation_id(ptn_pool_t *pool, const char *guid, ptn_str_t id,
    ptn_str_t *ret)
{
    u_char  payload[128], *p;

    if (id.len > 64) {
        return PTN_EINVAL;
    }

    p = payload;
    *p++ = PTN_EWS_ID_CONVERSATION;
    p = ptn_ews_id_put16(p, 36);
    memcpy(p, guid, 36);
    p += 36;
    p = ptn_ews_id_put16(p, id.len);
    memcpy(p, id.data, id.len);
    p += id.len;

    return ptn_ews_id_encode(pool, payload, (size_t) (p - payload), ret);
}


/* A length of 16 bits and so many bytes, at the front of *s. */
static bool
ptn_ews_id_take(ptn_str_t *s, ptn_str_t *ret)
{
    size_t  n;

    if (s->len < 2) {
        return false;
    }

    n = s->data[0] | (size_t) s->data[1] << 8;

    if (n > s->len - 2) {
        return false;
    }

    *ret = ptn_str_make(s->data + 2, n);
    s->data += 2 + n;
    s->len -= 2 + n;

    return true;
}


static ptn_rc_t
ptn_ews_id_store(ptn_str_t store, ptn_ews_id_t *id)
{
    ptn_guid_t  provider;

    if (store.len == PTN_EID_FOLDER_LEN) {
        if (ptn_eid_folder_parse(store, &provider, &id->folder_replguid,
                                 &id->folder) != PTN_OK)
        {
            return PTN_EPARSE;
        }

    } else if (ptn_eid_message_parse(store, &provider, &id->folder_replguid,
                                     &id->folder, &id->replguid, &id->mid)
               != PTN_OK || id->mid == 0)
    {
        return PTN_EPARSE;
    }

    /* the entry id names the same mailbox as the moniker */

    return ptn_guid_eq(provider, id->mailbox) ? PTN_OK : PTN_EPARSE;
}


static ptn_rc_t
ptn_ews_id_fields(ptn_str_t s, ptn_ews_id_t *id)
{
    u_char     type;
    ptn_str_t  part;

    if (s.len < 1) {
        return PTN_EPARSE;
    }

    type = s.data[0];
    s.data++;
    s.len--;

    if (type == PTN_EWS_ID_SMTP) {

        /* Exchange 2007's own form: the moniker is an address */

        return ptn_ews_id_take(&s, &part) && part.len != 0
               && memchr(part.data, '@', part.len) != NULL ? PTN_EVERSION
                                                           : PTN_EPARSE;
    }

    if (type == PTN_EWS_ID_CONVERSATION || type == PTN_EWS_ID_PUBLIC
        || type == PTN_EWS_ID_PUBLIC_ITEM)
    {
        return PTN_ENOTFOUND;
    }

    if (type != PTN_EWS_ID_MAILBOX || !ptn_ews_id_take(&s, &part)
        || ptn_xs_guid(part, &id->mailbox) != PTN_OK)
    {
        return PTN_EPARSE;
    }

    if (s.len < 1 || s.data[0] != 0) {
        return PTN_EPARSE;              /* occurrences: calendars only */
    }

    s.data++;
    s.len--;

    if (!ptn_ews_id_take(&s, &part) || ptn_ews_id_store(part, id) != PTN_OK) {
        return PTN_EPARSE;
    }

    if (s.len == 0) {
        return PTN_OK;
    }

    if (s.data[0] > PTN_EWS_ATTACH_LEVELS || id->mid == 0) {
        return PTN_EPARSE;
    }

    id->nattach = s.data[0];
    s.data++;
    s.len--;

    for (type = 0; type < id->nattach; type++) {
        if (!ptn_ews_id_take(&s, &part) || part.len != 4) {
            return PTN_EPARSE;
        }

        id->attach[type] = ptn_le32(part.data);
    }

    return s.len == 0 ? PTN_OK : PTN_EPARSE;
}


/* Bits that mean nothing must be as we wrote them: one id, one payload. */
static ptn_rc_t
ptn_ews_id_payload(ptn_str_t s, ptn_ews_id_t *id)
{
    char      guid[37];
    u_char    payload[PTN_EWS_BUILD_MAX];
    ptn_rc_t  rc;

    rc = ptn_ews_id_fields(s, id);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_guid_text(id->mailbox, guid);

    return ptn_ews_id_build(guid, id, payload) == s.len
           && memcmp(payload, s.data, s.len) == 0 ? PTN_OK : PTN_EPARSE;
}


ptn_rc_t
ptn_ews_id_parse(ptn_ews_t *e, ptn_str_t text, ptn_ews_id_t *ret)
{
    size_t        len;
    u_char        payload[PTN_EWS_PAYLOAD_MAX];
    ptn_rc_t      rc;
    ptn_str_t     blob;
    ptn_ews_id_t  id;

    if (text.len == 0) {
        return ptn_ews_error(e, "ErrorInvalidIdEmpty", "Id must be non-empty.");
    }

    memset(&id, 0, sizeof(id));
    rc = PTN_EPARSE;

    if (text.len <= PTN_EWS_ID_MAX
        && ptn_base64_decode(e->pool, text, &blob) == PTN_OK && blob.len > 1)
    {
        if (blob.data[0] == 0) {
            rc = ptn_ews_id_payload(ptn_str_make(blob.data + 1, blob.len - 1),
                                    &id);

        } else if (blob.data[0] == PTN_EWS_ID_RLE
                   && ptn_ews_id_expand(blob.data + 1, blob.len - 1, payload,
                                        &len) == PTN_OK)
        {
            rc = ptn_ews_id_payload(ptn_str_make(payload, len), &id);
        }
    }

    switch (rc) {

    case PTN_OK:
        *ret = id;
        return PTN_OK;

    case PTN_EVERSION:
        return ptn_ews_error(e, "ErrorInvalidIdMalformedEwsLegacyIdFormat",
                   "The Id is in the form of Exchange 2007 and must be"
                   " converted first.");

    case PTN_ENOTFOUND:
        return ptn_ews_error(e, "ErrorInvalidId",
                   "The Id does not name an item or folder of a mailbox.");

    default:
        return ptn_ews_error(e, "ErrorInvalidIdMalformed",
                   "Id is malformed.");
    }
}


/* --- change keys ---------------------------------------------------------- */

/*
 * base64 of the kind of object (4 bytes), a length (4 bytes) and the XID of
 * PidTagChangeKey: it moves with cn and not with the read state.
 */
#define PTN_EWS_CK_LEN  (8 + PTN_GID_LEN)

void
ptn_ews_change_key(ptn_mbox_t *mb, ptn_ews_ck_e kind, uint64_t cn,
    char ret[64])
{
    size_t               i;
    u_char               b[PTN_EWS_CK_LEN];
    uint16_t             replid;
    ptn_guid_t           guid;

    static const char    digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789+/";

    memset(&guid, 0, sizeof(guid));
    (void) ptn_mbox_replica(mb, cn, &replid, &guid);

    ptn_put_le32(b, kind);
    ptn_put_le32(b + 4, PTN_GID_LEN);
    ptn_eid_gid(guid, cn, b + 8);

    /* 30 bytes: no padding */

    for (i = 0; i < PTN_EWS_CK_LEN / 3; i++) {
        ret[4 * i] = digits[b[3 * i] >> 2];
        ret[4 * i + 1] = digits[(b[3 * i] & 3) << 4 | b[3 * i + 1] >> 4];
        ret[4 * i + 2] = digits[(b[3 * i + 1] & 15) << 2 | b[3 * i + 2] >> 6];
        ret[4 * i + 3] = digits[b[3 * i + 2] & 63];
    }

    ret[4 * i] = '\0';
}


ptn_rc_t
ptn_ews_change_key_parse(ptn_ews_t *e, ptn_str_t text, uint64_t *ret_cn)
{
    ptn_id_t    cn;
    ptn_str_t   b;
    ptn_guid_t  guid;

    if (ptn_base64_decode(e->pool, text, &b) == PTN_OK
        && b.len == PTN_EWS_CK_LEN && ptn_le32(b.data + 4) == PTN_GID_LEN
        && ptn_eid_gid_parse(ptn_str_make(b.data + 8, PTN_GID_LEN), &guid,
                             &cn) == PTN_OK)
    {
        *ret_cn = cn;
        return PTN_OK;
    }

    return ptn_ews_error(e, "ErrorInvalidChangeKey",
                         "The change key is invalid.");
}


ptn_ews_ck_e
ptn_ews_change_key_folder(ptn_str_t cls, bool search)
{
    return search ? PTN_EWS_CK_SEARCH_FOLDER
           : ptn_str_istarts(cls, "IPF.Appointment")
             ? PTN_EWS_CK_CALENDAR_FOLDER
           : ptn_str_istarts(cls, "IPF.Contact") ? PTN_EWS_CK_CONTACTS_FOLDER
           : ptn_str_istarts(cls, "IPF.Task") ? PTN_EWS_CK_TASKS_FOLDER
           : PTN_EWS_CK_FOLDER;
}


/* --- in replies ----------------------------------------------------------- */

static ptn_rc_t
ptn_ews_put_id(ptn_ews_t *e, const ptn_ews_box_t *box, const char *name,
    const ptn_ews_id_t *id, uint64_t cn, ptn_ews_ck_e kind)
{
    char       key[64];
    ptn_rc_t   rc;
    ptn_str_t  text;
    ptn_buf_t  *b;

    rc = ptn_ews_id_text(e->pool, box->guid, id, &text);
    if (rc != PTN_OK) {
        return rc;
    }

    b = &e->out.buf;
    ptn_buf_byte(b, '<');
    ptn_buf_z(b, name);
    ptn_buf_add(b, " Id=\"", 5);
    ptn_buf_str(b, text);

    if (cn != 0) {
        ptn_ews_change_key(box->mb, kind, cn, key);
        ptn_buf_add(b, "\" ChangeKey=\"", 13);
        ptn_buf_z(b, key);
    }

    ptn_buf_add(b, "\"/>", 3);

    return PTN_OK;
}


ptn_rc_t
ptn_ews_put_folder_id(ptn_ews_t *e, const ptn_ews_box_t *box,
    const char *name, ptn_id_t folder, uint64_t cn, ptn_ews_ck_e kind)
{
    ptn_rc_t      rc;
    uint16_t      replid;
    ptn_ews_id_t  id;

    memset(&id, 0, sizeof(id));
    id.mailbox = box->user.mailbox;
    id.folder = folder;

    rc = ptn_mbox_replica(box->mb, folder, &replid, &id.folder_replguid);

    return rc != PTN_OK ? rc : ptn_ews_put_id(e, box, name, &id, cn, kind);
}


ptn_rc_t
ptn_ews_item_name(const ptn_ews_box_t *box, ptn_id_t folder, ptn_id_t mid,
    ptn_ews_id_t *ret)
{
    ptn_rc_t  rc;
    uint16_t  replid;

    memset(ret, 0, sizeof(ptn_ews_id_t));
    ret->mailbox = box->user.mailbox;
    ret->folder = folder;
    ret->mid = mid;

    rc = ptn_mbox_replica(box->mb, folder, &replid, &ret->folder_replguid);

    return rc != PTN_OK ? rc
           : ptn_mbox_replica(box->mb, mid, &replid, &ret->replguid);
}


ptn_rc_t
ptn_ews_put_item_id(ptn_ews_t *e, const ptn_ews_box_t *box, const char *name,
    ptn_id_t folder, ptn_id_t mid, uint64_t cn, ptn_ews_ck_e kind)
{
    ptn_rc_t      rc;
    ptn_ews_id_t  id;

    rc = ptn_ews_item_name(box, folder, mid, &id);

    return rc != PTN_OK ? rc : ptn_ews_put_id(e, box, name, &id, cn, kind);
}


/* --- sync states ---------------------------------------------------------- */

/*
 * "ptn", version 2, kind, then the numbers below, of 8 bytes each.
 * All of it is checked against the mailbox when it comes back.
 */
#define PTN_EWS_STATE_N    6
#define PTN_EWS_STATE_LEN  (5 + PTN_EWS_STATE_N * 8)

ptn_rc_t
ptn_ews_state_text(ptn_pool_t *pool, u_char kind, ptn_id_t folder,
    const ptn_sync_t *sync, ptn_str_t *ret)
{
    size_t     i, k;
    u_char     b[PTN_EWS_STATE_LEN];
    uint64_t   n[PTN_EWS_STATE_N];
    ptn_str_t  text;

    memcpy(b, "ptn\2", 4);
    b[4] = kind;

    n[0] = folder;
    n[1] = sync->epoch;
    n[2] = sync->modseq;
    n[3] = sync->last;
    n[4] = sync->run;
    n[5] = sync->horizon;

    for (i = 0; i < PTN_EWS_STATE_N; i++) {
        for (k = 0; k < 8; k++) {
            b[5 + 8 * i + k] = (u_char) (n[i] >> (8 * k));
        }
    }

    text = ptn_base64_encode(pool, ptn_str_make(b, sizeof(b)));
    if (text.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = text;

    return PTN_OK;
}


/* ErrorInvalidSyncStateData: not ours, of another folder. */
ptn_rc_t
ptn_ews_state_parse(ptn_ews_t *e, ptn_str_t text, u_char kind,
    ptn_id_t folder, ptn_sync_t *ret_sync)
{
    size_t     i, k;
    uint64_t   n[PTN_EWS_STATE_N];
    ptn_str_t  b;

    memset(ret_sync, 0, sizeof(ptn_sync_t));

    if (text.len == 0) {
        return PTN_OK;
    }

    if (ptn_xs_base64(e->pool, text, &b) == PTN_OK
        && b.len == PTN_EWS_STATE_LEN && memcmp(b.data, "ptn\2", 4) == 0
        && b.data[4] == kind)
    {
        for (i = 0; i < PTN_EWS_STATE_N; i++) {
            for (k = 0, n[i] = 0; k < 8; k++) {
                n[i] |= (uint64_t) b.data[5 + 8 * i + k] << (8 * k);
            }
        }

        if (n[0] == folder && n[1] != 0) {
            ret_sync->epoch = n[1];
            ret_sync->modseq = n[2];
            ret_sync->last = n[3];
            ret_sync->run = n[4];
            ret_sync->horizon = n[5];
            return PTN_OK;
        }
    }

    return ptn_ews_error(e, "ErrorInvalidSyncStateData",
                         "The sync state data is corrupted or otherwise"
                         " invalid.");
}
