/*
 * Columns and bag of an item, made of an object.
 */

#include <openssl/evp.h>

#include "ptn_charset.h"
#include "ptn_msg.h"


#define PTN_ITEM_RECIPS_MAX  100    /* looked at for display names */
#define PTN_ITEM_LARGE_MAX   64     /* properties of one message */
#define PTN_ITEM_STALE       32     /* at a time; LIMIT of ITEM_STALE */


/* Cut between characters, clean. */

static ptn_str_t
ptn_item_cut(ptn_pool_t *pool, ptn_str_t s, size_t max)
{
    if (s.len > max) {
        s.len = max;

        while (s.len > 0 && (s.data[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }

    return s.len ? ptn_utf8_clean(pool, s) : s;
}


static ptn_str_t
ptn_item_recip_name(const ptn_recip_t *r)
{
    size_t     i;
    ptn_str_t  s;

    static const uint32_t  tags[] = {
        PTN_PR_DISPLAY_NAME, PTN_PR_SMTP_ADDRESS, PTN_PR_EMAIL_ADDRESS
    };

    for (i = 0; i < ptn_nelts(tags); i++) {
        s = ptn_props_get(&r->props, tags[i]);

        if (s.len != 0) {
            return s;
        }
    }

    return ptn_str_make("", 0);
}


ptn_str_t
ptn_item_display(ptn_pool_t *pool, const ptn_object_t *object, uint32_t type,
    size_t max)
{
    uint32_t   i, n;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);

    for (i = 0, n = 0; i < object->nrecips && b.len < max; i++) {
        if ((object->recips[i].type & 0x0f) != type) {
            continue;
        }

        if (n++ != 0) {
            ptn_buf_z(&b, "; ");
        }

        ptn_buf_str(&b, ptn_item_recip_name(&object->recips[i]));
    }

    return ptn_item_cut(pool, ptn_buf_get(&b), max);
}


static void
ptn_item_names(ptn_pool_t *pool, const ptn_object_t *object, ptn_item_t *item)
{
    size_t  i;

    static const struct {
        ptn_item_text_e  text;
        uint32_t         type, tag;
    } kinds[] = {
        { PTN_ITEM_TO, PTN_RECIP_TO, PTN_PR_DISPLAY_TO },
        { PTN_ITEM_CC, PTN_RECIP_CC, PTN_PR_DISPLAY_CC }
    };

    for (i = 0; i < ptn_nelts(kinds); i++) {
        item->text[kinds[i].text] = (object->nrecips != 0)
            ? ptn_item_display(pool, object, kinds[i].type,
                               PTN_ITEM_TEXT_MAX)
            : ptn_item_cut(pool,
                           ptn_props_get(&object->props, kinds[i].tag),
                           PTN_ITEM_TEXT_MAX);
    }
}


/* Name and address of the one who speaks, else of who sends for him. */

static void
ptn_item_from(ptn_pool_t *pool, const ptn_props_t *p, ptn_item_t *item)
{
    unsigned   i;
    ptn_str_t  name, addr, type;

    static const uint32_t  tags[2][4] = {
        { PTN_PR_SENT_REPRESENTING_NAME,
          PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS,
          PTN_PR_SENT_REPRESENTING_EMAIL,
          PTN_PR_SENT_REPRESENTING_ADDRTYPE },
        { PTN_PR_SENDER_NAME, PTN_PR_SENDER_SMTP_ADDRESS,
          PTN_PR_SENDER_EMAIL, PTN_PR_SENDER_ADDRTYPE }
    };

    for (i = 0; i < 2; i++) {
        name = ptn_props_get(p, tags[i][0]);
        addr = ptn_props_get(p, tags[i][1]);
        type = ptn_props_get(p, tags[i][3]);

        if (addr.len == 0 && (type.len == 0 || ptn_str_ieqz(type, "SMTP"))) {
            addr = ptn_props_get(p, tags[i][2]);
        }

        if (name.len != 0 || addr.len != 0) {
            item->text[PTN_ITEM_FROM_NAME] = ptn_item_cut(pool, name,
                                                          PTN_ITEM_TEXT_MAX);
            item->text[PTN_ITEM_FROM_ADDR] = ptn_item_cut(pool, addr,
                                                          PTN_ITEM_TEXT_MAX);
            return;
        }
    }
}


/* PidTagSubject is its prefix and the rest (MS-OXCMSG 2.2.1.46). */

static ptn_str_t
ptn_item_subject(ptn_pool_t *pool, const ptn_props_t *p)
{
    ptn_str_t  s, prefix, rest;

    s = ptn_props_get(p, PTN_PR_SUBJECT);

    if (s.data != NULL) {
        return s;
    }

    prefix = ptn_props_get(p, PTN_PR_SUBJECT_PREFIX);
    rest = ptn_props_get(p, PTN_PR_NORMALIZED_SUBJECT);

    return (prefix.len == 0) ? rest
           : ptn_str_printf(pool, "%.*s%.*s", ptn_str_arg(prefix),
                            ptn_str_arg(rest));
}


/* Those two say nothing when they are not what the subject is made of. */

static bool
ptn_item_subject_fits(const ptn_props_t *p)
{
    ptn_str_t  s, prefix, rest;

    s = ptn_props_get(p, PTN_PR_SUBJECT);
    prefix = ptn_props_get(p, PTN_PR_SUBJECT_PREFIX);
    rest = ptn_props_get(p, PTN_PR_NORMALIZED_SUBJECT);

    if (s.data == NULL) {
        return true;
    }

    if (rest.data == NULL) {
        return prefix.len <= s.len
               && (prefix.len == 0
                   || memcmp(prefix.data, s.data, prefix.len) == 0);
    }

    return rest.len <= s.len
           && (rest.len == 0
               || memcmp(s.data + s.len - rest.len, rest.data, rest.len) == 0)
           && (prefix.data == NULL || prefix.len + rest.len == s.len);
}


static bool
ptn_item_has_attachment(const ptn_object_t *object)
{
    int64_t   n;
    uint32_t  i;

    if (object->nattachs == 0) {
        return ptn_props_int(&object->props, PTN_PR_HASATTACH, &n) && n != 0;
    }

    for (i = 0; i < object->nattachs; i++) {
        if (!ptn_props_int(&object->attachs[i].props,
                           PTN_PR_ATTACHMENT_HIDDEN, &n)
            || n == 0)
        {
            return true;
        }
    }

    return false;
}


static void
ptn_item_columns(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_item_t *item)
{
    int64_t             n;
    ptn_str_t           s;
    const ptn_props_t  *p;

    p = &object->props;

    s = ptn_props_get(p, PTN_PR_MESSAGE_CLASS);
    item->text[PTN_ITEM_CLASS] = s.len ? ptn_item_cut(pool, s, 255)
                                       : ptn_str("IPM.Note");
    item->text[PTN_ITEM_SUBJECT] = ptn_item_cut(pool,
                                                ptn_item_subject(pool, p),
                                                PTN_ITEM_TEXT_MAX);
    item->text[PTN_ITEM_MESSAGE_ID] = ptn_item_cut(pool,
                           ptn_props_get(p, PTN_PR_INTERNET_MESSAGE_ID),
                           PTN_ITEM_TEXT_MAX);
    ptn_item_from(pool, p, item);
    ptn_item_names(pool, object, item);

    item->dated = ptn_props_int(p, PTN_PR_CLIENT_SUBMIT_TIME, &n);
    item->sent = item->dated
                 ? (n - PTN_FILETIME_1970) / 10000000
                   - ((n - PTN_FILETIME_1970) % 10000000 < 0) : 0;

    item->importance = (ptn_props_int(p, PTN_PR_IMPORTANCE, &n)
                        && n >= 0 && n <= 2) ? (uint8_t) n : 1;
    item->attach = ptn_item_has_attachment(object);
}


/* ---- the bag ------------------------------------------------------------ */

static ptn_rc_t
ptn_item_large_add(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_item_t *item,
    uint32_t tag, ptn_str_t value)
{
    u_char     sha[32], *p;
    size_t     n;
    ptn_rc_t   rc;

    n = item->large.len;

    if (n / PTN_ITEM_LARGE >= PTN_ITEM_LARGE_MAX) {
        return PTN_ELIMIT;
    }

    if (EVP_Digest(value.data, value.len, sha, NULL, EVP_sha256(), NULL) != 1)
    {
        return PTN_ENOMEM;
    }

    rc = ptn_blob_add(mb, sha, value);
    if (rc != PTN_OK) {
        return rc;
    }

    p = ptn_palloc(pool, n + PTN_ITEM_LARGE);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    if (n != 0) {
        memcpy(p, item->large.data, n);
    }

    ptn_put_le32(p + n, tag);
    ptn_put_le32(p + n + 4, (uint32_t) value.len);
    ptn_put_le32(p + n + 8, (uint32_t) ((uint64_t) value.len >> 32));
    memcpy(p + n + 12, sha, 32);
    item->large = ptn_str_make(p, n + PTN_ITEM_LARGE);

    return PTN_OK;
}


static ptn_rc_t
ptn_item_large_unset(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_item_t *item,
    uint16_t id)
{
    size_t     i;
    u_char    *p;
    ptn_rc_t   rc;

    for (i = 0; i + PTN_ITEM_LARGE <= item->large.len; i += PTN_ITEM_LARGE) {
        if (ptn_prop_id(ptn_le32(item->large.data + i)) != id) {
            continue;
        }

        rc = ptn_blob_drop(mb, item->large.data + i + 12);
        p = ptn_pmemdup(pool, item->large.data, item->large.len);

        if (rc != PTN_OK || p == NULL) {
            return (rc != PTN_OK) ? rc : PTN_ENOMEM;
        }

        memmove(p + i, p + i + PTN_ITEM_LARGE,
                item->large.len - i - PTN_ITEM_LARGE);
        item->large = ptn_str_make(p, item->large.len - PTN_ITEM_LARGE);
        i -= PTN_ITEM_LARGE;
    }

    return PTN_OK;
}


/* What is computed, but of something that the bag has. */

static bool
ptn_item_kept(uint32_t tag)
{
    return tag == PTN_PR_FLAG_STATUS || tag == PTN_PR_MESSAGE_FLAGS
           || !ptn_item_computed(tag);
}


static bool
ptn_item_is_default(ptn_item_ctx_t *c, const ptn_bag_prop_t *prop)
{
    ptn_str_t               s;
    const ptn_item_prop_t  *row;

    row = ptn_item_prop(prop->tag);

    if (row == NULL || row->get == NULL) {
        return false;
    }

    s = row->get(c, prop->tag);

    return s.data != NULL && ptn_str_eq(s, prop->value);
}


static bool
ptn_item_of_subject(uint32_t tag)
{
    return tag == PTN_PR_SUBJECT_PREFIX || tag == PTN_PR_NORMALIZED_SUBJECT;
}


static bool
ptn_item_of_display(uint32_t tag)
{
    return tag == PTN_PR_DISPLAY_TO || tag == PTN_PR_DISPLAY_CC
           || tag == PTN_PR_DISPLAY_BCC;
}


/* What the content has, as far as it is small and says something. */

static ptn_rc_t
ptn_item_bag_content(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_object_t *object, ptn_item_t *item, ptn_bag_builder_t *b)
{
    bool                   fits;
    uint32_t               i;
    ptn_buf_t              omitted;
    ptn_str_t              bcc;
    u_char                *p, scratch[PTN_ITEM_SCRATCH];
    ptn_item_ctx_t         c;
    const ptn_bag_prop_t  *prop;

    c.mb = mb;
    c.pool = pool;
    c.item = item;
    c.scratch = scratch;
    ptn_buf_init(&omitted, pool);
    fits = ptn_item_subject_fits(&object->props);

    for (i = 0; i < object->props.n; i++) {
        prop = &object->props.p[i];

        if (!ptn_item_kept(prop->tag)
            || ptn_item_what(prop->tag) != PTN_OXCMAIL_PROPS
            || ptn_item_is_default(&c, prop)
            || (object->nrecips != 0 && ptn_item_of_display(prop->tag))
            || (!fits && ptn_item_of_subject(prop->tag)))
        {
            continue;
        }

        if (prop->value.len > PTN_ITEM_KEPT_MAX
            || prop->tag == PTN_PR_TRANSPORT_MESSAGE_HEADERS)
        {
            p = ptn_buf_reserve(&omitted, 4);

            if (p != NULL) {
                ptn_put_le32(p, prop->tag);
                omitted.len += 4;
            }

            continue;
        }

        ptn_bag_set(b, prop->tag, prop->value);
    }

    bcc = ptn_item_display(pool, object, PTN_RECIP_BCC, PTN_ITEM_TEXT_MAX);

    if (bcc.len != 0) {
        ptn_bag_set(b, PTN_PR_DISPLAY_BCC, bcc);
    }

    if (omitted.len != 0) {
        ptn_bag_set(b, PTN_ITEM_OMITTED, ptn_buf_get(&omitted));
    }

    return omitted.failed ? PTN_ENOMEM : PTN_OK;
}


/* What is kept of a value: nothing of what the row says by itself. */

static ptn_str_t
ptn_item_bag_value(ptn_item_ctx_t *c, const ptn_bag_prop_t *prop,
    u_char kept[4])
{
    uint32_t   n;
    ptn_str_t  none;

    none = ptn_str_make(NULL, 0);

    if (prop->tag == PTN_PR_FLAG_STATUS || prop->tag == PTN_PR_MESSAGE_FLAGS) {
        if (prop->value.len != 4) {
            return none;
        }

        n = ptn_le32(prop->value.data);

        if (prop->tag == PTN_PR_FLAG_STATUS) {
            return (n == 1) ? prop->value : none;   /* complete */
        }

        n &= PTN_ITEM_FLAGS_KEPT;
        ptn_put_le32(kept, n);

        return n ? ptn_str_make(kept, 4) : none;
    }

    return (prop->value.data != NULL && ptn_item_is_default(c, prop))
           ? none : prop->value;
}


/* Adds what is no content; data NULL: takes it out. */

static ptn_rc_t
ptn_item_bag_extra(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_item_t *item,
    ptn_bag_builder_t *b, const ptn_bag_prop_t *props, size_t n)
{
    size_t           i;
    u_char           scratch[PTN_ITEM_SCRATCH], *kept;
    uint32_t         k;
    ptn_rc_t         rc;
    ptn_str_t        value;
    ptn_item_ctx_t   c;

    c.mb = mb;
    c.pool = pool;
    c.item = item;
    c.scratch = scratch;

    kept = ptn_palloc(pool, 4);
    if (kept == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        if (!ptn_item_kept(props[i].tag)
            || props[i].tag == PTN_ITEM_OMITTED)
        {
            continue;
        }

        value = ptn_item_bag_value(&c, &props[i], kept);

        /* one type per property id */

        for (k = 0; k < b->count; k++) {
            if (ptn_prop_id(b->props[k].tag) == ptn_prop_id(props[i].tag)) {
                ptn_bag_unset(b, b->props[k].tag);
                break;
            }
        }

        if (item->large.len != 0) {
            rc = ptn_item_large_unset(mb, pool, item,
                                      ptn_prop_id(props[i].tag));
            if (rc != PTN_OK) {
                return rc;
            }
        }

        if (value.data == NULL) {
            continue;
        }

        if (value.len <= PTN_BAG_VALUE_MAX) {
            ptn_bag_set(b, props[i].tag, value);
            continue;
        }

        rc = ptn_item_large_add(mb, pool, item, props[i].tag, value);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_item_pack(ptn_bag_builder_t *b, ptn_item_t *item)
{
    ptn_rc_t  rc;

    if (b->count == 0 && b->rc == PTN_OK) {
        item->packed = ptn_str_make(NULL, 0);

    } else {
        rc = ptn_bag_pack(b, &item->packed);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return ptn_bag_open(item->packed, &item->bag);
}


ptn_rc_t
ptn_item_derive(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_object_t *object,
    const ptn_props_t *extra, ptn_item_t *item)
{
    ptn_rc_t           rc;
    ptn_bag_builder_t  b;

    ptn_item_columns(pool, object, item);
    item->derived |= PTN_DERIVED_YES;
    item->packed = ptn_str_make(NULL, 0);
    memset(&item->bag, 0, sizeof(ptn_bag_t));

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    ptn_bag_init(&b, pool);
    rc = ptn_item_bag_content(mb, pool, object, item, &b);

    if (rc == PTN_OK && extra != NULL) {
        rc = ptn_item_bag_extra(mb, pool, item, &b, extra->p, extra->n);
    }

    return (rc == PTN_OK) ? ptn_item_pack(&b, item) : rc;
}


ptn_rc_t
ptn_item_rebag(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_item_t *item,
    const ptn_bag_prop_t *props, size_t n)
{
    ptn_rc_t           rc;
    ptn_bag_builder_t  b;

    ptn_bag_init(&b, pool);
    ptn_bag_load(&b, &item->bag);

    rc = ptn_item_bag_extra(mb, pool, item, &b, props, n);

    return (rc == PTN_OK) ? ptn_item_pack(&b, item) : rc;
}


/* ---- items of version 1 ------------------------------------------------- */

static ptn_rc_t
ptn_item_derive_one(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id)
{
    ptn_rc_t    rc;
    ptn_msg_t  *msg;

    rc = ptn_msg_open_any(mb, pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_item(msg);
    }

    return (rc == PTN_OK) ? ptn_item_put(mb, PTN_SQL_ITEM_SET, id, msg->item)
                          : rc;
}


static ptn_rc_t
ptn_item_stale_ids(ptn_mbox_t *mb, ptn_id_t ids[PTN_ITEM_STALE], size_t *ret_n)
{
    size_t         n;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_ITEM_STALE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) mb->stale_from);

    for (n = 0; (rc = ptn_sql_step(mb, st)) == PTN_AGAIN; ) {
        if (n < PTN_ITEM_STALE) {
            ids[n++] = ptn_sql_u64(st, 0);
        }
    }

    *ret_n = n;

    return rc;
}


/* One that cannot be read is passed over. */

static ptn_rc_t
ptn_item_stale_some(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_id_t *ids,
    size_t n)
{
    size_t    i;
    ptn_rc_t  rc;

    for (i = 0; i < n; i++) {
        mb->stale_from = ids[i];
        rc = ptn_item_derive_one(mb, pool, ids[i]);

        if (rc != PTN_OK && rc != PTN_ECORRUPT && rc != PTN_ENOTFOUND) {
            return rc;
        }

        ptn_pool_reset(pool);
    }

    mb->meta.dirty = true;

    return PTN_OK;
}


void
ptn_item_derive_stale(ptn_mbox_t *mb)
{
    size_t                                n;
    ptn_id_t                              ids[PTN_ITEM_STALE];
    ptn_rc_t                              rc;
    ptn_pool_t                           *pool;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    n = 0;
    rc = ptn_item_stale_ids(mb, ids, &n);
    mb->stale = (rc == PTN_OK && n != 0);

    if (rc == PTN_OK && n == 0) {
        mb->stale = ptn_refer_stale(mb);
        mb->store->busy |= mb->stale;
        return;
    }

    if (rc != PTN_OK) {
        return;
    }

    pool = ptn_content_pool(mb->store, 0);
    if (pool == NULL) {
        return;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_item_stale_some(mb, pool, ids, n);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        rc = ptn_batch_commit(mb);

    } else if (mb->batch) {
        ptn_batch_rollback(mb);
        mb->stale = false;          /* not again and again */
    }

    ptn_pool_destroy(pool);
}
