/*
 * Messages as objects: properties from the rows, the rest from the content.
 */

#include "ptn_html.h"
#include "ptn_msg.h"


/* A message up to this size is read whole where some of it is needed. */
#define PTN_MSG_WHOLE   (1024 * 1024)
#define PTN_MSG_MAX    (4ULL << 30)
/* In a larger one, bodies from this size on are left out if not needed. */
#define PTN_MSG_BODY    (64 * 1024)

#define PTN_OXCMAIL_LISTS  (PTN_OXCMAIL_RECIPS|PTN_OXCMAIL_ATTACHS            \
                            |PTN_OXCMAIL_DATA)
#define PTN_OXCMAIL_BODIES (PTN_OXCMAIL_BODY|PTN_OXCMAIL_HTML)


/* ---- the content's bytes ------------------------------------------------ */

static void
ptn_msg_pool_done(void *pool)
{
    ptn_pool_destroy(pool);
}


/* Memory for the bytes of a message: mapped where it is much. */

static u_char *
ptn_msg_room_for(ptn_msg_t *msg, uint64_t size)
{
    ptn_pool_t  *pool;

    if (size > PTN_MSG_MAX) {
        return NULL;            /* the row is not to be believed */
    }

    if (size <= PTN_MSG_WHOLE) {
        return ptn_palloc(msg->pool, (size_t) size + 1);
    }

    pool = ptn_content_pool(msg->mb->store, (size_t) size + 65536);
    if (pool == NULL) {
        return NULL;
    }

    if (ptn_pool_cleanup(msg->pool, ptn_msg_pool_done, pool) != PTN_OK) {
        ptn_pool_destroy(pool);
        return NULL;
    }

    return ptn_pcalloc(pool, (size_t) size + 1);
}


static ptn_rc_t
ptn_msg_fill_sink(void *ctx, const u_char *p, size_t n)
{
    u_char  **at = ctx;

    memcpy(*at, p, n);
    *at += n;

    return PTN_OK;
}


static ptn_rc_t
ptn_msg_fill(ptn_msg_t *msg, u_char *raw, uint64_t from, uint64_t to)
{
    u_char  *at;

    if (from >= to) {
        return PTN_OK;
    }

    at = raw + from;

    return ptn_msg_bytes(msg, from, to - from, ptn_msg_fill_sink, &at);
}


/*
 * All but large bodies that are no text and not part `want`: they stay zeros,
 * which the parser takes for one long line.  Parts stand in the order of the
 * message.
 */

static ptn_rc_t
ptn_msg_fill_parts(ptn_msg_t *msg, u_char *raw, const ptn_mime_part_t *part,
    uint32_t want, uint32_t *n, uint64_t *at)
{
    ptn_rc_t  rc;
    uint32_t  i;

    for ( /* void */ ; part != NULL; part = part->next) {
        i = (*n)++;

        if (part->child != NULL) {
            rc = ptn_msg_fill_parts(msg, raw, part->child, want, n, at);
            if (rc != PTN_OK) {
                return rc;
            }

            continue;
        }

        if (i == want || part->body_len < PTN_MSG_BODY
            || ptn_str_eqz(part->type, "text") || part->body < *at
            || part->body > msg->info.size
            || part->body_len > msg->info.size - part->body)
        {
            continue;
        }

        rc = ptn_msg_fill(msg, raw, *at, part->body);
        if (rc != PTN_OK) {
            return rc;
        }

        *at = part->body + part->body_len;
    }

    return PTN_OK;
}


/*
 * The content, parsed, with the bytes that oxcmail reads for `what`; part:
 * that one's body too.
 */

static ptn_rc_t
ptn_msg_mime(ptn_msg_t *msg, unsigned what, uint32_t part,
    ptn_mime_t **ret_mime)
{
    bool               whole;
    u_char            *raw;
    ptn_rc_t           rc;
    uint32_t           n;
    uint64_t           at;
    ptn_mime_t        *mime;
    const ptn_mime_t  *structure;

    if (msg->parsed != NULL) {
        *ret_mime = msg->parsed;
        return PTN_OK;
    }

    raw = ptn_msg_room_for(msg, msg->info.size);
    if (raw == NULL) {
        return PTN_ENOMEM;
    }

    whole = (msg->info.size <= PTN_MSG_WHOLE
             || (what & (PTN_OXCMAIL_ATTACHS|PTN_OXCMAIL_DATA)));
    at = 0;

    if (!whole) {
        rc = ptn_msg_structure(msg, &structure);

        if (rc == PTN_OK) {
            n = 0;
            rc = ptn_msg_fill_parts(msg, raw, structure->root, part, &n, &at);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_msg_fill(msg, raw, at, msg->info.size);

    if (rc == PTN_OK) {
        rc = ptn_mime_parse(msg->pool,
                            ptn_str_make(raw, (size_t) msg->info.size),
                            &mime);
    }

    if (rc == PTN_OK) {
        msg->parsed = whole ? mime : NULL;
        *ret_mime = mime;
    }

    return rc;
}


/* ---- the item ----------------------------------------------------------- */

/* The bag of version 1 has nothing but this, and what clients set since. */

static ptn_rc_t
ptn_msg_stale_extra(ptn_pool_t *pool, const ptn_item_t *item,
    ptn_props_t *extra)
{
    ptn_rc_t   rc;
    uint32_t   i, tag;
    ptn_str_t  s;

    for (i = 0; i < item->bag.count; i++) {
        ptn_bag_item(&item->bag, i, &tag, &s);

        if (tag == PTN_PR_MESSAGE_DELIVERY_TIME || ptn_oxcmail_is_content(tag))
        {
            continue;
        }

        rc = ptn_props_set(extra, pool, tag, s);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_msg_stale(ptn_msg_t *msg, ptn_item_t *item)
{
    unsigned       what;
    ptn_rc_t       rc;
    ptn_mime_t    *mime;
    ptn_props_t    extra;
    ptn_object_t  *object;

    memset(&extra, 0, sizeof(extra));
    what = PTN_OXCMAIL_PROPS|PTN_OXCMAIL_ATTACHS;

    if (item->derived & PTN_DERIVED_OBJECT) {
        rc = ptn_msg_truth(msg);
        object = msg->truth;

    } else {
        rc = ptn_msg_mime(msg, what, PTN_PART_NONE, &mime);

        if (rc == PTN_OK) {
            rc = ptn_oxcmail_import(msg->pool, mime, what, &object);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_stale_extra(msg->pool, item, &extra);
    }

    return (rc == PTN_OK)
           ? ptn_item_derive(msg->mb, msg->pool, object, &extra, item) : rc;
}


ptn_rc_t
ptn_msg_item(ptn_msg_t *msg)
{
    ptn_rc_t     rc;
    ptn_item_t  *item;

    if (msg->item != NULL) {
        return PTN_OK;
    }

    rc = ptn_mbox_ready(msg->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    item = ptn_pcalloc(msg->pool, sizeof(ptn_item_t));
    if (item == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_item_get(msg->mb, msg->pool, msg->info.id, item);

    if ((int64_t) item->info.folder < 0) {
        item->info.folder = msg->info.folder;   /* it is gone: from there */
    }

    if (rc == PTN_OK && !(item->derived & PTN_DERIVED_YES)) {
        msg->info = item->info;
        rc = ptn_msg_stale(msg, item);
    }

    if (rc == PTN_OK) {
        msg->info = item->info;
        msg->item = item;
    }

    return rc;
}


ptn_rc_t
ptn_msg_truth(ptn_msg_t *msg)
{
    ptn_rc_t  rc;

    if (msg->truth != NULL) {
        return PTN_OK;
    }

    rc = ptn_stored_get(msg->mb, msg->pool, msg->info.content, &msg->stored,
                        &msg->truth);

    return (rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
}


static void
ptn_msg_ctx(ptn_msg_t *msg, ptn_item_ctx_t *c, u_char *scratch)
{
    c->scratch = scratch;
    c->mb = msg->mb;
    c->pool = msg->pool;
    c->item = msg->item;
}


/* ---- the object --------------------------------------------------------- */

/* Of `from` what `what` asks for, where `to` has not got it already. */

static ptn_rc_t
ptn_msg_take_props(ptn_msg_t *msg, const ptn_props_t *from, unsigned what)
{
    bool                    cut;
    uint32_t                i;
    unsigned                of;
    ptn_rc_t                rc;
    ptn_str_t               had;
    ptn_props_t            *to;
    const ptn_item_prop_t  *row;

    to = &msg->object->props;

    for (i = 0; i < from->n; i++) {
        of = ptn_item_what(from->p[i].tag);
        row = ptn_item_prop(from->p[i].tag);

        if (!(of & what) || (row != NULL && row->kind == PTN_ITEM_COMPUTED)) {
            continue;
        }

        /* a column may have been cut */

        had = ptn_props_find(to, ptn_prop_id(from->p[i].tag), NULL);
        cut = (row != NULL && row->kind == PTN_ITEM_COLUMN
               && had.len >= PTN_ITEM_TEXT_MAX - 3);

        if (had.data != NULL && !cut) {
            continue;
        }

        rc = ptn_props_set(to, msg->pool, from->p[i].tag, from->p[i].value);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_msg_from_mime(ptn_msg_t *msg, unsigned what)
{
    ptn_rc_t       rc;
    ptn_mime_t    *mime;
    ptn_object_t  *object;

    rc = ptn_msg_mime(msg, what, PTN_PART_NONE, &mime);

    if (rc == PTN_OK) {
        rc = ptn_oxcmail_import(msg->pool, mime, what, &object);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_take_props(msg, &object->props, what);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (what & PTN_OXCMAIL_RECIPS) {
        msg->object->recips = object->recips;
        msg->object->nrecips = object->nrecips;
    }

    if (what & (PTN_OXCMAIL_ATTACHS|PTN_OXCMAIL_DATA)) {
        msg->object->attachs = object->attachs;
        msg->object->nattachs = object->nattachs;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_msg_from_truth(ptn_msg_t *msg, unsigned what)
{
    ptn_rc_t  rc;

    rc = ptn_msg_truth(msg);

    if (rc == PTN_OK && (what & PTN_OXCMAIL_DATA)) {
        rc = ptn_stored_data(msg->mb, msg->pool, msg->stored, msg->truth);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_take_props(msg, &msg->truth->props, what);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (what & PTN_OXCMAIL_RECIPS) {
        msg->object->recips = msg->truth->recips;
        msg->object->nrecips = msg->truth->nrecips;
    }

    if (what & (PTN_OXCMAIL_ATTACHS|PTN_OXCMAIL_DATA)) {
        msg->object->attachs = msg->truth->attachs;
        msg->object->nattachs = msg->truth->nattachs;
    }

    return PTN_OK;
}


/* A list that its column holds only in part. */

static bool
ptn_msg_long_list(const ptn_msg_t *msg)
{
    return msg->item->text[PTN_ITEM_TO].len >= PTN_ITEM_TEXT_MAX - 3
           || msg->item->text[PTN_ITEM_CC].len >= PTN_ITEM_TEXT_MAX - 3;
}


static ptn_rc_t
ptn_msg_display(ptn_msg_t *msg)
{
    ptn_rc_t  rc;

    rc = ptn_props_set(&msg->object->props, msg->pool, PTN_PR_DISPLAY_TO,
                       ptn_item_display(msg->pool, msg->object, PTN_RECIP_TO,
                                        SIZE_MAX));

    return (rc == PTN_OK)
           ? ptn_props_set(&msg->object->props, msg->pool, PTN_PR_DISPLAY_CC,
                           ptn_item_display(msg->pool, msg->object,
                                            PTN_RECIP_CC, SIZE_MAX))
           : rc;
}


static bool
ptn_msg_cut(const ptn_msg_t *msg)
{
    int  i;

    for (i = 0; i < PTN_ITEM_TEXTS; i++) {
        if (msg->item->text[i].len >= PTN_ITEM_TEXT_MAX - 3) {
            return true;
        }
    }

    return false;
}


ptn_rc_t
ptn_msg_object(ptn_msg_t *msg, unsigned what, const ptn_object_t **ret_object)
{
    bool            deep;
    u_char          scratch[PTN_ITEM_SCRATCH];
    unsigned        need;
    ptn_rc_t        rc;
    ptn_item_ctx_t  c;

    rc = ptn_msg_item(msg);
    if (rc != PTN_OK) {
        return rc;
    }

    if (msg->object == NULL) {
        msg->object = ptn_pcalloc(msg->pool, sizeof(ptn_object_t));
        if (msg->object == NULL) {
            return PTN_ENOMEM;
        }
    }

    need = what & ~msg->have;

    if (need & PTN_OXCMAIL_PROPS) {
        ptn_msg_ctx(msg, &c, scratch);
        rc = ptn_item_all(&c, &msg->object->props, &deep);

        if (rc != PTN_OK) {
            return rc;
        }

        if (ptn_msg_long_list(msg)) {
            need |= PTN_OXCMAIL_RECIPS;
        }

        if (!deep && !ptn_msg_cut(msg)) {
            msg->have |= PTN_OXCMAIL_PROPS;
            need &= ~PTN_OXCMAIL_PROPS;
        }
    }

    if (need != 0) {
        rc = (msg->item->derived & PTN_DERIVED_OBJECT)
             ? ptn_msg_from_truth(msg, need) : ptn_msg_from_mime(msg, need);

        if (rc == PTN_OK && (what & ~msg->have & PTN_OXCMAIL_PROPS)
            && ptn_msg_long_list(msg))
        {
            rc = ptn_msg_display(msg);
        }
    }

    if (rc == PTN_OK) {
        msg->have |= what | need;
        *ret_object = msg->object;
    }

    return rc;
}


/* ---- some properties ---------------------------------------------------- */

/*
 * A form of the body that is not stored, made of the one that is: once while
 * the message is open.  ptn_msg_object() does not show them: what is edited is
 * what was given.
 */

static ptn_rc_t
ptn_msg_form(ptn_msg_t *msg, uint32_t tag, ptn_str_t *ret)
{
    unsigned             what;
    ptn_rc_t             rc;
    ptn_str_t            s;
    const ptn_object_t  *object;

    s = ptn_props_get(&msg->forms, tag);

    if (s.data != NULL) {
        *ret = s;
        return PTN_OK;
    }

    what = PTN_OXCMAIL_BODIES;
    rc = ptn_msg_object(msg, what, &object);

    if (rc == PTN_OK && ptn_prop_id(tag) == ptn_prop_id(PTN_PR_HTML)
        && ptn_props_get(&object->props, PTN_PR_RTF_COMPRESSED).data != NULL)
    {
        what |= PTN_OXCMAIL_ATTACHS;    /* pictures have places in RTF */
        rc = ptn_msg_object(msg, what, &object);
    }

    if (rc == PTN_OK) {
        rc = ptn_body_form(msg->pool, object, tag, &s);
    }

    if (rc == PTN_OK && s.data != NULL) {
        *ret = s;
        rc = ptn_props_set(&msg->forms, msg->pool, tag, s);
    }

    return rc;
}


static ptn_rc_t
ptn_msg_props_deep(ptn_msg_t *msg, const uint32_t *tags, size_t n,
    const bool *deep, unsigned what, ptn_str_t *ret_values)
{
    size_t               i;
    u_char               sha[32];
    ptn_rc_t             rc;
    uint64_t             size;
    ptn_str_t            s;
    const ptn_object_t  *object;

    object = NULL;
    rc = (what != 0) ? ptn_msg_object(msg, what, &object) : PTN_OK;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (!deep[i]) {
            continue;
        }

        if (ptn_item_large(msg->item, tags[i], sha, &size)) {
            rc = ptn_item_large_read(msg->mb, msg->pool, msg->item, tags[i],
                                     &ret_values[i]);
            continue;
        }

        s = ptn_props_get(&object->props, tags[i]);

        if (s.data != NULL) {
            ret_values[i] = s;

        } else if (ptn_body_is(tags[i])) {
            rc = ptn_msg_form(msg, tags[i], &ret_values[i]);
        }
    }

    return rc;
}


ptn_rc_t
ptn_msg_props(ptn_msg_t *msg, const uint32_t *tags, size_t n,
    ptn_str_t *ret_values)
{
    bool            *deep, any;
    size_t           i;
    u_char           sha[32], scratch[PTN_ITEM_SCRATCH];
    ptn_rc_t         rc;
    uint64_t         size;
    unsigned         what;
    ptn_str_t        s;
    ptn_item_ctx_t   c;

    rc = ptn_msg_item(msg);
    if (rc != PTN_OK) {
        return rc;
    }

    deep = ptn_parray(msg->pool, n, sizeof(bool));
    if (deep == NULL) {
        return PTN_ENOMEM;
    }

    ptn_msg_ctx(msg, &c, scratch);
    any = false;
    what = 0;

    for (i = 0; i < n; i++) {
        s = ptn_item_value(&c, ptn_item_prop(tags[i]), tags[i], &deep[i]);

        if (s.data == c.scratch) {
            s = ptn_str_dup(msg->pool, s);
        }

        ret_values[i] = s;
        any |= deep[i];

        if (deep[i] && !ptn_item_large(msg->item, tags[i], sha, &size)) {
            what |= ptn_item_what(tags[i]);
        }
    }

    return any ? ptn_msg_props_deep(msg, tags, n, deep, what, ret_values)
               : PTN_OK;
}


/* ---- attachments -------------------------------------------------------- */

static ptn_rc_t
ptn_msg_attach_of(ptn_msg_t *msg, const ptn_attach_t *a, uint32_t i,
    size_t max, ptn_str_t *ret_data)
{
    ptn_rc_t     rc;
    ptn_mime_t  *mime;

    if (a->has_data) {
        *ret_data = a->data;
        return (a->data.len <= max) ? PTN_OK : PTN_ETOOBIG;
    }

    if (msg->item->derived & PTN_DERIVED_OBJECT) {
        return ptn_stored_data_of(msg->mb, msg->pool, msg->stored, msg->truth,
                                  i, max, ret_data);
    }

    if (a->part == PTN_PART_NONE) {
        return PTN_ENOTFOUND;
    }

    if (a->size > max) {
        return PTN_ETOOBIG;
    }

    rc = ptn_msg_mime(msg, 0, a->part, &mime);

    return (rc == PTN_OK)
           ? ptn_oxcmail_attach_data(msg->pool, mime, a->part, ret_data) : rc;
}


ptn_rc_t
ptn_msg_attach_data(ptn_msg_t *msg, uint32_t num, size_t max,
    ptn_str_t *ret_data)
{
    uint32_t             i;
    ptn_rc_t             rc;
    const ptn_object_t  *object;

    rc = ptn_msg_object(msg, PTN_OXCMAIL_ATTACHS, &object);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < object->nattachs; i++) {
        if (object->attachs[i].num == num) {
            return ptn_msg_attach_of(msg, &object->attachs[i], i, max,
                                     ret_data);
        }
    }

    return PTN_ENOTFOUND;
}
