/*
 * Messages made and edited as objects.
 *
 * A save is split: what is content (ptn_oxcmail_is_content), recipients and
 * attachments make the MIME form and are kept beside it; the rest is item.bag.
 * An edit that leaves the content as it was leaves uid and content id, too.
 */

#include <stdio.h>

#include "ptn_category.h"
#include "ptn_folder.h"
#include "ptn_ics.h"
#include "ptn_msg.h"


#define PTN_FOLLOWUP_FLAGGED  2

typedef struct {
    ptn_object_t   object;          /* the content */
    ptn_props_t    extra;           /* the rest */
    ptn_mime_t    *mime;
    bool           stored;          /* object is the truth, not mime */
} ptn_msg_parts_t;


/* ---- the two parts of an object ----------------------------------------- */

/* Lists that belong to the content; computed ones belong to nothing. */

static ptn_rc_t
ptn_msg_split(ptn_pool_t *pool, const ptn_object_t *from,
    ptn_msg_parts_t *parts)
{
    uint32_t               i;
    ptn_rc_t               rc;
    const ptn_bag_prop_t  *p;

    for (i = 0; i < from->props.n; i++) {
        p = &from->props.p[i];

        if (p->tag == PTN_PR_FLAG_STATUS || p->tag == PTN_PR_MESSAGE_FLAGS) {
            rc = ptn_props_set(&parts->extra, pool, p->tag, p->value);

        } else if (ptn_item_computed(p->tag) || p->tag == PTN_ITEM_OMITTED
                   || p->tag == PTN_PR_DISPLAY_TO
                   || p->tag == PTN_PR_DISPLAY_CC
                   || p->tag == PTN_PR_DISPLAY_BCC)
        {
            continue;

        } else if (ptn_oxcmail_is_content(p->tag)
                   || ptn_item_what(p->tag) != PTN_OXCMAIL_PROPS)
        {
            rc = ptn_props_set(&parts->object.props, pool, p->tag, p->value);

        } else {
            rc = ptn_props_set(&parts->extra, pool, p->tag, p->value);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    parts->object.recips = from->recips;
    parts->object.nrecips = from->nrecips;

    /* views on another content's parts no more */

    parts->object.nattachs = from->nattachs;
    parts->object.attachs = ptn_pmemdup(pool, from->attachs,
                                        from->nattachs
                                        * sizeof(ptn_attach_t));
    if (parts->object.attachs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < from->nattachs; i++) {
        parts->object.attachs[i].part = PTN_PART_NONE;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_msg_extra(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_props_t *ret_extra)
{
    ptn_rc_t         rc;
    ptn_msg_parts_t  all;

    memset(&all, 0, sizeof(all));
    rc = ptn_msg_split(pool, object, &all);
    *ret_extra = all.extra;

    return rc;
}


static ptn_rc_t
ptn_msg_export(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t unique,
    int64_t date, ptn_msg_parts_t *parts)
{
    char                       hex[PTN_GUID_HEX];
    ptn_rc_t                   rc;
    ptn_str_t                  raw, id;
    ptn_oxcmail_export_t       opts;
    const ptn_mime_field_t    *f;

    ptn_guid_hex(mb->guid, hex);
    memset(&opts, 0, sizeof(opts));
    opts.hostname = ptn_str_z(mb->store->conf->hostname);

    if (opts.hostname.len == 0) {
        opts.hostname = ptn_str("localhost");
    }

    opts.boundary = ptn_str_printf(pool, "%.16s%012llx", hex,
                                   (unsigned long long) unique);
    opts.date = date;
    opts.bcc = true;

    rc = ptn_oxcmail_export(pool, &parts->object, &opts, &raw);

    if (rc == PTN_OK) {
        rc = ptn_mime_parse(pool, raw, &parts->mime);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    /* one that was made for the MIME form is the object's too */

    f = ptn_mime_field(parts->mime->root, "message-id");
    id = ptn_props_get(&parts->object.props, PTN_PR_INTERNET_MESSAGE_ID);

    if (f != NULL && id.data == NULL) {
        rc = ptn_props_set(&parts->object.props, pool,
                           PTN_PR_INTERNET_MESSAGE_ID,
                           ptn_mime_text(pool, f->value));
    }

    parts->stored = true;

    return rc;
}


/* The client's own MIME; the object adds what that has not. */

static ptn_rc_t
ptn_msg_parts_raw(ptn_pool_t *pool, const ptn_save_t *save,
    ptn_msg_parts_t *parts)
{
    ptn_rc_t       rc;
    ptn_object_t  *object;

    rc = ptn_mime_parse(pool, save->raw, &parts->mime);

    if (rc == PTN_OK) {
        rc = ptn_oxcmail_import(pool, parts->mime,
                                PTN_OXCMAIL_PROPS|PTN_OXCMAIL_ATTACHS,
                                &object);
    }

    if (rc == PTN_OK && save->object != NULL) {
        rc = ptn_msg_extra(pool, save->object, &parts->extra);
    }

    if (rc == PTN_OK) {
        parts->object = *object;
    }

    return rc;
}


static ptn_rc_t
ptn_msg_too_big(ptn_mbox_t *mb, uint64_t size)
{
    return (size > mb->store->conf->message_max) ? PTN_ETOOBIG : PTN_OK;
}


/* Content rows; *ret_id is the content's. */

static ptn_rc_t
ptn_msg_keep(ptn_txn_t *tx, ptn_pool_t *pool, ptn_msg_parts_t *parts,
    ptn_id_t id, ptn_id_t *ret_id)
{
    ptn_rc_t  rc;

    rc = ptn_content_add(tx, pool, parts->mime, id, ret_id);

    return (rc == PTN_OK && parts->stored)
           ? ptn_stored_add(tx->mb, pool, *ret_id, &parts->object) : rc;
}


/* Flags that properties stand for. */

static uint32_t
ptn_msg_prop_flags(const ptn_bag_prop_t *p, size_t n, uint32_t flags)
{
    size_t    i;
    int64_t   v;

    for (i = 0; i < n; i++) {
        v = 0;

        if (p[i].value.data != NULL) {
            (void) ptn_prop_int(p[i].tag, p[i].value, &v);
        }

        if (p[i].tag == PTN_PR_FLAG_STATUS) {
            flags = (v == PTN_FOLLOWUP_FLAGGED) ? flags | PTN_FLAG_FLAGGED
                                                : flags & ~PTN_FLAG_FLAGGED;
        }

        /* reply, reply to all (MS-OXOMSG 2.2.1.40) */

        if (p[i].tag == PTN_PR_LAST_VERB_EXECUTED && (v == 102 || v == 103)) {
            flags |= PTN_FLAG_ANSWERED;
        }
    }

    return flags;
}


static void
ptn_msg_saved(const ptn_folder_t *f, const ptn_msg_info_t *m,
    ptn_saved_t *ret)
{
    ret->id = m->id;
    ret->mid = m->mid;
    ret->cn = m->cn;
    ret->modseq = m->modseq;
    ret->uid = m->uid;
    ret->uidvalidity = f->uidvalidity;
}


/* ---- create ------------------------------------------------------------- */

/* A number that was given by us, or of a replica that is known, and to no
 * message yet (one that can be recovered is one). */

static ptn_rc_t
ptn_msg_mid_free(ptn_mbox_t *mb, ptn_id_t mid)
{
    ptn_rc_t        rc;
    ptn_id_t        id;
    ptn_msg_info_t  m;

    rc = PTN_ENOTFOUND;

    if (mid <= PTN_ID_MAX) {
        if (mid < PTN_ID_FIRST || mid > mb->meta.oid) {
            return PTN_EINVAL;
        }

        rc = ptn_msg_get_any(mb, mid, &m);

    } else if (ptn_replica_of(mb->set, mid) == NULL) {
        return PTN_EINVAL;
    }

    if (rc == PTN_ENOTFOUND) {
        rc = ptn_msg_find_mid(mb, 0, mid, &id);
    }

    return (rc == PTN_OK) ? PTN_EEXIST : (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
}


static ptn_rc_t
ptn_msg_create_rows(ptn_txn_t *tx, ptn_pool_t *pool, ptn_folder_t *f,
    const ptn_save_t *save, ptn_msg_parts_t *parts, ptn_msg_info_t *m)
{
    bool        late;
    ptn_rc_t    rc;
    ptn_item_t  item;

    late = false;
    memset(&item, 0, sizeof(item));
    item.info.received = m->received;
    item.derived = parts->stored ? PTN_DERIVED_OBJECT : 0;
    m->size = parts->mime->raw.len;
    m->flags = ptn_msg_prop_flags(parts->extra.p, parts->extra.n, m->flags);

    rc = ptn_msg_too_big(tx->mb, m->size);

    if (rc == PTN_OK) {
        rc = ptn_msg_room(tx->mb, f, 1, m->size);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_once(tx->mb, save->key, m->id, false);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_category_save(tx, pool, &parts->extra, NULL, false,
                           &m->keywords);

    if (rc == PTN_OK && save->raw.len != 0 && !m->fai) {
        rc = ptn_refer_join(tx, pool, &parts->object, NULL, &parts->extra,
                            &item, &late);
    }

    if (rc == PTN_OK) {
        rc = ptn_item_derive(tx->mb, pool, &parts->object, &parts->extra,
                             &item);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_keep(tx, pool, parts, save->mid ? 0 : m->id,
                          &m->content);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_add(tx, f, m, &item);
    }

    rc = (rc == PTN_OK && late) ? ptn_refer_late(tx, pool, m->id) : rc;

    return (rc == PTN_OK) ? PTN_OK : ptn_txn_poison(tx, rc);
}


ptn_rc_t
ptn_msg_create(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_save_t *save, ptn_saved_t *ret_saved)
{
    ptn_rc_t          rc;
    ptn_folder_t     *f;
    ptn_msg_info_t    m;
    ptn_msg_parts_t   parts;

    rc = ptn_txn_need(tx, folder, PTN_RIGHT_CREATE);

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, folder, &f);
    }

    if (rc == PTN_OK && save->mid != 0) {
        rc = ptn_msg_mid_free(tx->mb, save->mid);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (save->object == NULL && save->raw.len == 0) {
        return PTN_EINVAL;
    }

    memset(&parts, 0, sizeof(parts));
    memset(&m, 0, sizeof(m));
    m.received = save->received ? save->received : ptn_msg_now();
    m.flags = save->flags;
    m.keywords = save->keywords;
    m.fai = save->fai;
    m.mid = save->mid;
    m.id = (m.mid != 0 && m.mid <= PTN_ID_MAX) ? m.mid : ptn_txn_oid(tx);

    /* contents ascend: not a number that was given long ago */

    m.content = (m.mid == 0) ? m.id : 0;

    if (save->raw.len != 0) {
        rc = ptn_msg_parts_raw(pool, save, &parts);

    } else {
        rc = ptn_msg_split(pool, save->object, &parts);

        if (rc == PTN_OK) {
            rc = ptn_msg_export(tx->mb, pool, m.id, m.received, &parts);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_create_rows(tx, pool, f, save, &parts, &m);
    }

    if (rc == PTN_OK) {
        ptn_msg_saved(f, &m, ret_saved);
    }

    return rc;
}


/* ---- is it the same content? -------------------------------------------- */

static const ptn_attach_t *
ptn_msg_attach_find(const ptn_object_t *object, uint32_t num)
{
    uint32_t  i;

    for (i = 0; i < object->nattachs; i++) {
        if (object->attachs[i].num == num) {
            return &object->attachs[i];
        }
    }

    return NULL;
}


/* Data that the client did not load is that which is there. */

static void
ptn_msg_fill_data(ptn_object_t *object, const ptn_object_t *old)
{
    uint32_t             i;
    ptn_attach_t        *a;
    const ptn_attach_t  *o;

    for (i = 0; i < object->nattachs; i++) {
        a = &object->attachs[i];
        o = ptn_msg_attach_find(old, a->num);

        if (o == NULL) {
            continue;
        }

        if (!a->has_data) {
            a->has_data = o->has_data;
            a->data = o->data;
            a->size = o->size;

            if (a->embedded == NULL) {
                a->embedded = o->embedded;
            }
        }
    }
}


static bool
ptn_msg_same_data(const ptn_object_t *a, const ptn_object_t *b)
{
    uint32_t             i;
    const ptn_attach_t  *x, *y;

    for (i = 0; i < a->nattachs; i++) {
        x = &a->attachs[i];
        y = &b->attachs[i];

        if (!ptn_str_eq(x->data, y->data)
            || (x->embedded == NULL) != (y->embedded == NULL))
        {
            return false;
        }

        if (x->embedded != NULL
            && (x->embedded->nattachs != y->embedded->nattachs
                || !ptn_msg_same_data(x->embedded, y->embedded)))
        {
            return false;
        }
    }

    return true;
}


static ptn_rc_t
ptn_msg_same(ptn_pool_t *pool, const ptn_object_t *a, const ptn_object_t *b,
    bool *ret_same)
{
    ptn_rc_t   rc;
    ptn_str_t  pa, pb;

    *ret_same = false;

    if (a->nattachs != b->nattachs || a->nrecips != b->nrecips) {
        return PTN_OK;
    }

    rc = ptn_object_pack(pool, a, &pa);

    if (rc == PTN_OK) {
        rc = ptn_object_pack(pool, b, &pb);
    }

    if (rc == PTN_OK) {
        *ret_same = ptn_str_eq(pa, pb) && ptn_msg_same_data(a, b);
    }

    return rc;
}


/* ---- update ------------------------------------------------------------- */

typedef struct {
    ptn_txn_t        *tx;
    ptn_pool_t       *pool;
    ptn_msg_t        *msg;
    ptn_folder_t     *f;
    ptn_msg_info_t    m;            /* as it will be */
    ptn_item_t        item;
    ptn_msg_parts_t   parts;
    bool              over;         /* it was in conflict, and is not */
} ptn_msg_edit_t;


static ptn_rc_t
ptn_msg_edit_begin(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id, bool inside,
    ptn_msg_edit_t *e)
{
    bool      moving;
    ptn_rc_t  rc;

    memset(e, 0, sizeof(ptn_msg_edit_t));
    e->tx = tx;
    e->pool = pool;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_msg_open_any(tx->mb, pool, id, &e->msg);
    }

    if (rc == PTN_OK && !inside) {
        rc = ptn_rights_edit(tx->mb, &e->msg->info);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_item(e->msg);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_of(tx->mb, e->msg->info.folder, &e->f);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_moving(tx->mb, id, &moving);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    e->m = e->msg->info;
    e->item = *e->msg->item;

    return moving ? PTN_ECONFLICT : PTN_OK;
}


/* The rows: content, item and flags are as they will be. */

static ptn_rc_t
ptn_msg_edit_rows(ptn_msg_edit_t *e, bool content)
{
    ptn_rc_t         rc;
    uint64_t         cn;
    ptn_mbox_t      *mb;
    ptn_msg_info_t   old;

    mb = e->tx->mb;
    old = e->msg->info;
    cn = ptn_txn_cn(e->tx);

    e->m.cn = cn;
    e->m.modseq = cn;
    e->m.modified = ptn_msg_now();

    if (content) {
        e->m.uid = e->f->uidnext++;
        rc = ptn_msg_tomb(mb, &old, cn, PTN_CAUSE_EDIT, 0);

        if (rc == PTN_OK) {
            rc = ptn_sql_run(mb, PTN_SQL_MSG_EDIT, 9, old.folder,
                             (uint64_t) old.uid, (uint64_t) e->m.uid,
                             e->m.content, cn, cn, (uint64_t) e->m.flags,
                             e->m.size, (uint64_t) e->m.modified);
        }

        if (rc == PTN_OK) {
            rc = ptn_view_late(mb, old.folder, e->m.uid, e->m.received,
                               e->m.fai);
        }

        if (rc == PTN_OK) {
            rc = ptn_content_drop(mb, old.content);
        }

        if (rc == PTN_OK) {
            rc = ptn_reader_follow(e->tx, &old, &e->m);
        }

        if (rc == PTN_OK && old.keywords != e->m.keywords) {
            rc = ptn_sql_run(mb, PTN_SQL_MSG_FLAGS, 8, old.folder,
                             (uint64_t) e->m.uid, (uint64_t) e->m.flags,
                             e->m.keywords, cn, e->m.read_cn, cn,
                             (uint64_t) e->m.modified);
        }

    } else {
        rc = ptn_sql_run(mb, PTN_SQL_MSG_FLAGS, 8, old.folder,
                         (uint64_t) old.uid, (uint64_t) e->m.flags,
                         e->m.keywords, cn, e->m.read_cn, cn,
                         (uint64_t) e->m.modified);
    }

    if (rc == PTN_OK && e->over) {
        e->m.status &= ~(uint32_t) PTN_STATUS_IN_CONFLICT;
        rc = ptn_sql_run(mb, PTN_SQL_ICS_STATUS, 2, old.id,
                         (uint64_t) e->m.status);
    }

    if (rc == PTN_OK) {
        rc = ptn_item_put(mb, PTN_SQL_ITEM_SET, old.id, &e->item);
    }

    if (rc == PTN_OK) {
        e->item.info = e->m;
        rc = ptn_group_moved(mb, old.id, old.cn,
                             ptn_group_differ(e->msg->item, &e->item,
                                              content), cn);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_event(e->tx, PTN_MBOX_EVENT_MODIFIED, old.folder, old.id,
                           0, 0, cn);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(e->tx, rc);
    }

    ptn_msg_count(mb, e->f, &old, -1);
    ptn_msg_count(mb, e->f, &e->m, 1);
    ptn_folder_touch(mb, e->f, cn);

    return PTN_OK;
}


/* Is the content the client's, and does it differ from what is there? */

static ptn_rc_t
ptn_msg_edit_content(ptn_msg_edit_t *e, const ptn_save_t *save,
    bool *ret_changed)
{
    bool                  same;
    ptn_rc_t              rc;
    ptn_str_t             raw;
    ptn_msg_parts_t       was;
    const ptn_object_t   *old;

    if (save->raw.len != 0) {
        same = false;

        if (save->raw.len == e->m.size) {
            rc = ptn_msg_slice(e->msg, e->pool, 0, UINT64_MAX,
                               save->raw.len, &raw);
            if (rc != PTN_OK) {
                return rc;
            }

            same = ptn_str_eq(raw, save->raw);
        }

        *ret_changed = !same || (e->item.derived & PTN_DERIVED_OBJECT);
        e->over = (e->m.status & PTN_STATUS_IN_CONFLICT) != 0;

        rc = ptn_msg_parts_raw(e->pool, save, &e->parts);

        /* no object: what is no content stays */

        if (rc == PTN_OK && save->object == NULL) {
            rc = ptn_msg_object(e->msg, PTN_OXCMAIL_PROPS, &old);

            if (rc == PTN_OK) {
                rc = ptn_msg_extra(e->pool, old, &e->parts.extra);
            }
        }

        return rc;
    }

    memset(&was, 0, sizeof(was));

    rc = ptn_msg_object(e->msg, PTN_OXCMAIL_ALL, &old);

    if (rc == PTN_OK) {
        rc = ptn_msg_split(e->pool, old, &was);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_split(e->pool, save->object, &e->parts);
    }

    if (rc == PTN_OK) {
        ptn_msg_fill_data(&e->parts.object, old);
        rc = ptn_msg_same(e->pool, &e->parts.object, &was.object, &same);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *ret_changed = !same;

    if (!same && (e->m.status & PTN_STATUS_IN_CONFLICT)) {
        rc = ptn_conflict_edited(e->pool, &was.object, &e->parts.object,
                                 &e->parts.extra, &e->over);
    }

    return (same || rc != PTN_OK)
           ? rc : ptn_msg_export(e->tx->mb, e->pool,
                                 e->tx->mb->meta.oid + 1, e->m.received,
                                 &e->parts);
}


/*
 * Where the content stays, the columns and what the bag has of it do as well:
 * all else goes out and the client's comes in.
 */

static ptn_rc_t
ptn_msg_edit_extra(ptn_msg_edit_t *e)
{
    size_t           n;
    uint32_t         i, tag;
    ptn_str_t        s;
    ptn_bag_prop_t  *set;
    ptn_props_t     *extra;

    extra = &e->parts.extra;
    n = 0;

    set = ptn_parray(e->pool, e->item.bag.count + extra->n
                              + e->item.large.len / PTN_ITEM_LARGE,
                     sizeof(ptn_bag_prop_t));
    if (set == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < e->item.bag.count; i++) {
        ptn_bag_item(&e->item.bag, i, &tag, &s);

        if (tag != PTN_ITEM_OMITTED && !ptn_oxcmail_is_content(tag)
            && tag != PTN_PR_DISPLAY_BCC
            && ptn_props_find(extra, ptn_prop_id(tag), NULL).data == NULL)
        {
            set[n].tag = tag;
            set[n++].value = ptn_str_make(NULL, 0);
        }
    }

    for (i = 0; i + PTN_ITEM_LARGE <= e->item.large.len; i += PTN_ITEM_LARGE) {
        tag = ptn_le32(e->item.large.data + i);

        if (ptn_props_find(extra, ptn_prop_id(tag), NULL).data == NULL) {
            set[n].tag = tag;
            set[n++].value = ptn_str_make(NULL, 0);
        }
    }

    if (extra->n != 0) {
        memcpy(set + n, extra->p, extra->n * sizeof(ptn_bag_prop_t));
    }

    return ptn_item_rebag(e->tx->mb, e->pool, &e->item, set, n + extra->n);
}


static ptn_rc_t
ptn_msg_update_rows(ptn_msg_edit_t *e)
{
    ptn_rc_t    rc;
    ptn_str_t   large;
    ptn_item_t  item;

    large = e->item.large;
    memset(&item, 0, sizeof(item));
    item.info = e->m;
    item.derived = e->parts.stored ? PTN_DERIVED_OBJECT : 0;
    e->m.size = e->parts.mime->raw.len;

    rc = ptn_msg_too_big(e->tx->mb, e->m.size);

    if (rc == PTN_OK) {
        rc = ptn_msg_room(e->tx->mb, e->f, 0,
                          e->m.size > e->msg->info.size
                          ? e->m.size - e->msg->info.size : 0);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_item_derive(e->tx->mb, e->pool, &e->parts.object,
                         &e->parts.extra, &item);

    if (rc == PTN_OK) {
        rc = ptn_item_large_refs(e->tx->mb, large, false);
    }

    e->m.content = 0;

    if (rc == PTN_OK) {
        rc = ptn_msg_keep(e->tx, e->pool, &e->parts, 0, &e->m.content);
    }

    if (rc != PTN_OK) {
        return ptn_txn_poison(e->tx, rc);
    }

    e->item = item;

    return ptn_msg_edit_rows(e, true);
}


static bool
ptn_msg_edit_moved(const ptn_msg_edit_t *e)
{
    return e->m.flags != e->msg->info.flags
           || e->m.keywords != e->msg->info.keywords
           || !ptn_str_eq(e->item.packed, e->msg->item->packed)
           || !ptn_str_eq(e->item.large, e->msg->item->large);
}


ptn_rc_t
ptn_msg_update(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    const ptn_save_t *save, uint64_t if_cn, ptn_saved_t *ret_saved)
{
    bool            changed;
    ptn_rc_t        rc;
    ptn_msg_edit_t  e;

    if (save->object == NULL && save->raw.len == 0) {
        return PTN_EINVAL;
    }

    rc = ptn_msg_edit_begin(tx, pool, id, false, &e);
    if (rc != PTN_OK) {
        return rc;
    }

    if (if_cn != 0 && e.m.cn > if_cn) {
        return PTN_ECONFLICT;
    }

    rc = ptn_msg_edit_content(&e, save, &changed);
    if (rc != PTN_OK) {
        return rc;
    }

    if (save->object != NULL) {
        e.m.flags = ptn_msg_prop_flags(e.parts.extra.p, e.parts.extra.n,
                                       e.m.flags);
        rc = ptn_category_save(tx, pool, &e.parts.extra, &e.item, true,
                               &e.m.keywords);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (changed) {
        rc = ptn_msg_update_rows(&e);

    } else if (save->object != NULL) {
        rc = ptn_msg_edit_extra(&e);

        if (rc != PTN_OK) {
            rc = ptn_txn_poison(tx, rc);

        } else if (ptn_msg_edit_moved(&e)) {
            rc = ptn_msg_edit_rows(&e, false);
        }
    }

    if (rc == PTN_OK) {
        ptn_msg_saved(e.f, &e.m, ret_saved);
    }

    return rc;
}


/* ---- properties that are no content ------------------------------------- */

/* Categories among them become bits, too. */

static ptn_rc_t
ptn_msg_set_rebag(ptn_msg_edit_t *e, const ptn_bag_prop_t *props, size_t n)
{
    size_t           i, k;
    uint32_t         tag;
    ptn_rc_t         rc;
    ptn_props_t      cat;
    ptn_bag_prop_t  *set;

    memset(&cat, 0, sizeof(cat));
    tag = ptn_category_tag(e->tx->mb);
    set = ptn_parray(e->pool, n + 2, sizeof(ptn_bag_prop_t));

    if (set == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, k = 0; i < n; i++) {
        if (tag == 0 || ptn_prop_id(props[i].tag) != ptn_prop_id(tag)) {
            set[k++] = props[i];
            continue;
        }

        cat.p = ptn_pmemdup(e->pool, &props[i], sizeof(ptn_bag_prop_t));
        cat.n = cat.size = 1;

        if (cat.p == NULL) {
            return PTN_ENOMEM;
        }
    }

    if (cat.n != 0) {
        rc = ptn_category_save(e->tx, e->pool, &cat, &e->item, false,
                               &e->m.keywords);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    for (i = 0; i < cat.n; i++) {
        set[k++] = cat.p[i];
    }

    return ptn_item_rebag(e->tx->mb, e->pool, &e->item, set, k);
}


ptn_rc_t
ptn_msg_set_props(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    const ptn_bag_prop_t *props, size_t n, ptn_saved_t *ret_saved)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_msg_edit_t  e;

    for (i = 0; i < n; i++) {
        if (ptn_oxcmail_is_content(props[i].tag)
            || ptn_item_what(props[i].tag) != PTN_OXCMAIL_PROPS)
        {
            return PTN_ESUPPORT;
        }
    }

    rc = ptn_msg_edit_begin(tx, pool, id, false, &e);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_msg_set_rebag(&e, props, n);

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    e.m.flags = ptn_msg_prop_flags(props, n, e.m.flags);

    if (ptn_msg_edit_moved(&e)) {
        rc = ptn_msg_edit_rows(&e, false);
    }

    if (rc == PTN_OK) {
        ptn_msg_saved(e.f, &e.m, ret_saved);
    }

    return rc;
}


ptn_rc_t
ptn_msg_set_inside(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    const ptn_bag_prop_t *props, size_t n)
{
    ptn_rc_t        rc;
    ptn_msg_edit_t  e;

    rc = ptn_msg_edit_begin(tx, pool, id, true, &e);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_item_rebag(tx->mb, pool, &e.item, props, n);

    if (rc != PTN_OK) {
        return ptn_txn_poison(tx, rc);
    }

    return ptn_msg_edit_moved(&e) ? ptn_msg_edit_rows(&e, false) : PTN_OK;
}
