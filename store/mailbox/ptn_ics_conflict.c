/*
 * Conflict resolve messages (MS-OXCFXICS 3.1.5.6.2.1).
 *
 * Such a message has msInConflict in its status, and its versions as embedded
 * messages with PidTagInConflict.  A version has besides its properties what
 * it is known by: change key, predecessors, and when it was changed.  The first
 * one is that which won, and the message is a copy of it; what is changed here
 * is changed in the message.  So the first version is told as the message is
 * now, without the others, and its attachment follows what is edited.
 *
 * The status alone says that there is a conflict: a copy, whose versions are
 * of another message, has none.
 */

#include "ptn_ics.h"


#define PTN_CONFLICT_EMBEDDED  5        /* afEmbeddedMessage */


static bool
ptn_conflict_is(const ptn_attach_t *a)
{
    int64_t  is;

    return a->embedded != NULL
           && ptn_props_int(&a->props, PTN_PR_IN_CONFLICT, &is) && is != 0;
}


uint32_t
ptn_conflict_count(const ptn_object_t *object)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < object->nattachs; i++) {
        n += ptn_conflict_is(&object->attachs[i]);
    }

    return n;
}


/* ---- versions in memory -------------------------------------------------- */

/* What is the version's own: no computed property, no other version. */

static ptn_rc_t
ptn_conflict_own(ptn_pool_t *pool, const ptn_object_t *from,
    ptn_object_t **ret)
{
    uint32_t       i;
    ptn_rc_t       rc;
    ptn_object_t  *o;

    o = ptn_pcalloc(pool, sizeof(ptn_object_t));
    if (o == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < from->props.n; i++) {
        if (ptn_item_computed(from->props.p[i].tag)
            && from->props.p[i].tag != PTN_PR_FLAG_STATUS)
        {
            continue;
        }

        rc = ptn_props_set(&o->props, pool, from->props.p[i].tag,
                           from->props.p[i].value);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    o->recips = from->recips;
    o->nrecips = from->nrecips;
    o->attachs = ptn_parray(pool, from->nattachs, sizeof(ptn_attach_t));

    if (o->attachs == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < from->nattachs; i++) {
        if (!ptn_conflict_is(&from->attachs[i])) {
            o->attachs[o->nattachs] = from->attachs[i];
            o->attachs[o->nattachs++].part = PTN_PART_NONE;
        }
    }

    *ret = o;

    return PTN_OK;
}


ptn_rc_t
ptn_conflict_version(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_str_t change_key, ptn_str_t pcl, int64_t modified,
    ptn_ics_version_t *ret)
{
    ptn_rc_t       rc;
    ptn_object_t  *own;

    rc = ptn_conflict_own(pool, object, &own);

    if (rc == PTN_OK) {
        ret->object = own;
        ret->change_key = change_key;
        ret->pcl = pcl;
        ret->modified = modified;
    }

    return rc;
}


/* As it is kept.  ENOTFOUND: it has not got the keys of a version. */

static ptn_rc_t
ptn_conflict_read(ptn_pool_t *pool, const ptn_attach_t *a,
    ptn_ics_version_t *ret)
{
    int64_t             at;
    ptn_rc_t            rc;
    ptn_str_t           key, pcl;
    const ptn_props_t  *props;

    props = &a->embedded->props;
    key = ptn_props_get(props, PTN_PR_CHANGE_KEY);
    rc = ptn_pcl_check(pool, ptn_props_get(props,
                                           PTN_PR_PREDECESSOR_CHANGE_LIST),
                       &pcl);

    if (rc == PTN_OK) {
        rc = ptn_pcl_add(pool, pcl, key, &pcl);
    }

    if (rc == PTN_EPARSE
        || !ptn_props_int(props, PTN_PR_LAST_MODIFICATION_TIME, &at))
    {
        return PTN_ENOTFOUND;
    }

    return (rc == PTN_OK)
           ? ptn_conflict_version(pool, a->embedded, key, pcl,
                                  (at - PTN_FILETIME_1970) / 10000000, ret)
           : rc;
}


static ptn_rc_t
ptn_conflict_embed(ptn_pool_t *pool, const ptn_ics_version_t *v, uint32_t num,
    ptn_attach_t *ret)
{
    ptn_rc_t       rc;
    ptn_str_t      subject;
    ptn_object_t  *o;

    memset(ret, 0, sizeof(ptn_attach_t));

    o = ptn_pmemdup(pool, v->object, sizeof(ptn_object_t));
    if (o == NULL) {
        return PTN_ENOMEM;
    }

    memset(&o->props, 0, sizeof(o->props));
    rc = ptn_props_merge(&o->props, pool, &v->object->props);

    if (rc == PTN_OK) {
        rc = ptn_props_set(&o->props, pool, PTN_PR_CHANGE_KEY, v->change_key);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set(&o->props, pool, PTN_PR_PREDECESSOR_CHANGE_LIST,
                           v->pcl);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set_int(&o->props, pool,
                               PTN_PR_LAST_MODIFICATION_TIME,
                               ptn_filetime(v->modified));
    }

    subject = ptn_props_get(&o->props, PTN_PR_SUBJECT);

    if (rc == PTN_OK && subject.data != NULL) {
        rc = ptn_props_set(&ret->props, pool, PTN_PR_DISPLAY_NAME, subject);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set_int(&ret->props, pool, PTN_PR_ATTACH_METHOD,
                               PTN_CONFLICT_EMBEDDED);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set_int(&ret->props, pool, PTN_PR_RENDERING_POSITION,
                               -1);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set_int(&ret->props, pool, PTN_PR_IN_CONFLICT, 1);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_set_int(&ret->props, pool, PTN_PR_ATTACH_NUM, num);
    }

    ret->num = num;
    ret->part = PTN_PART_NONE;
    ret->has_data = true;
    ret->embedded = o;

    return rc;
}


ptn_rc_t
ptn_conflict_make(ptn_pool_t *pool, const ptn_ics_version_t *versions,
    uint32_t n, const ptn_object_t **ret_object)
{
    uint32_t       i, num;
    ptn_rc_t       rc;
    ptn_attach_t  *all;
    ptn_object_t  *o;

    o = ptn_pmemdup(pool, versions[0].object, sizeof(ptn_object_t));
    all = ptn_parray(pool, versions[0].object->nattachs + n,
                     sizeof(ptn_attach_t));

    if (o == NULL || all == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, num = 0; i < o->nattachs; i++) {
        all[i] = o->attachs[i];
        num = ptn_max(num, all[i].num + 1);
    }

    for (i = 0, rc = PTN_OK; i < n && rc == PTN_OK; i++) {
        rc = ptn_conflict_embed(pool, &versions[i], num + i,
                                &all[o->nattachs + i]);
    }

    o->attachs = all;
    o->nattachs += n;
    *ret_object = o;

    return rc;
}


/* ---- versions of a message ----------------------------------------------- */

ptn_rc_t
ptn_conflict_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_ics_version_t **ret_versions, uint32_t *ret_n)
{
    uint32_t             i, n;
    ptn_rc_t             rc;
    ptn_str_t            key, pcl;
    ptn_msg_t           *msg;
    ptn_msg_info_t       m;
    ptn_ics_version_t   *v;
    const ptn_object_t  *o;

    rc = ptn_msg_open_any(mb, pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_msg_keys(mb, pool, id, &key, &pcl);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_info(msg, &m);
    v = ptn_parray(pool, ptn_conflict_count(o) + 1,
                   sizeof(ptn_ics_version_t));
    if (v == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; (m.status & PTN_STATUS_IN_CONFLICT)
                       && i < o->nattachs && n < PTN_VERSIONS_MAX; i++)
    {
        if (!ptn_conflict_is(&o->attachs[i])) {
            continue;
        }

        rc = ptn_conflict_read(pool, &o->attachs[i], &v[n]);

        if (rc != PTN_OK && rc != PTN_ENOTFOUND) {
            return rc;
        }

        n += (rc == PTN_OK);
    }

    /* the first as it is now; alone it has all predecessors */

    if (n > 1) {
        rc = ptn_pcl_add(pool, v[0].pcl, key, &pcl);

    } else {
        n = 1;
        rc = PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_conflict_version(pool, o, key, pcl,
                                  m.modified ? m.modified : m.received, &v[0]);
    }

    *ret_versions = v;
    *ret_n = n;

    return rc;
}


ptn_rc_t
ptn_conflict_versions(ptn_mbox_t *mb, ptn_id_t id, uint32_t *ret_n)
{
    ptn_rc_t            rc;
    ptn_pool_t         *pool;
    ptn_ics_version_t  *v;

    pool = ptn_content_pool(mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_conflict_get(mb, pool, id, &v, ret_n);
    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_ics_version(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id, uint32_t n,
    ptn_ics_version_t *ret_version)
{
    uint32_t            all;
    ptn_rc_t            rc;
    ptn_ics_version_t  *v;

    rc = ptn_rights_id(mb, id);

    if (rc == PTN_OK) {
        rc = ptn_conflict_get(mb, pool, id, &v, &all);
    }

    if (rc == PTN_OK && n >= all) {
        rc = PTN_ENOTFOUND;
    }

    if (rc == PTN_OK) {
        *ret_version = v[n];
    }

    return rc;
}


/* ---- edits --------------------------------------------------------------- */

static ptn_attach_t *
ptn_conflict_find(ptn_object_t *object, uint32_t num)
{
    uint32_t  i;

    for (i = 0; i < object->nattachs; i++) {
        if (object->attachs[i].num == num
            && ptn_conflict_is(&object->attachs[i]))
        {
            return &object->attachs[i];
        }
    }

    return NULL;
}


/* Attachments like others: what the client left is not lost. */

static ptn_rc_t
ptn_conflict_end(ptn_pool_t *pool, ptn_object_t *object)
{
    uint32_t       i;
    ptn_rc_t       rc;
    ptn_props_t    props;

    for (i = 0; i < object->nattachs; i++) {
        if (!ptn_conflict_is(&object->attachs[i])) {
            continue;
        }

        memset(&props, 0, sizeof(props));
        rc = ptn_props_merge(&props, pool, &object->attachs[i].props);
        if (rc != PTN_OK) {
            return rc;
        }

        ptn_props_unset(&props, ptn_prop_id(PTN_PR_IN_CONFLICT));
        object->attachs[i].props = props;
    }

    return PTN_OK;
}


/* Its keys stay those of the version that won: the message's are of now. */

static ptn_rc_t
ptn_conflict_follow(ptn_pool_t *pool, const ptn_object_t *object,
    const ptn_props_t *extra, ptn_attach_t *first)
{
    ptn_rc_t           rc;
    ptn_object_t       whole;
    ptn_ics_version_t  was, v;

    rc = ptn_conflict_read(pool, first, &was);
    whole = *object;
    memset(&whole.props, 0, sizeof(whole.props));

    if (rc == PTN_OK) {
        rc = ptn_props_merge(&whole.props, pool, extra);
    }

    if (rc == PTN_OK) {
        rc = ptn_props_merge(&whole.props, pool, &object->props);
    }

    if (rc == PTN_OK) {
        rc = ptn_conflict_version(pool, &whole, was.change_key, was.pcl,
                                  was.modified, &v);
    }

    return (rc == PTN_OK) ? ptn_conflict_embed(pool, &v, first->num, first)
           : (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
}


ptn_rc_t
ptn_conflict_edited(ptn_pool_t *pool, const ptn_object_t *was,
    ptn_object_t *object, const ptn_props_t *extra, bool *ret_over)
{
    uint32_t       i;
    ptn_attach_t  *first, *a;

    first = NULL;
    *ret_over = false;

    for (i = 0; i < was->nattachs && !*ret_over; i++) {
        if (!ptn_conflict_is(&was->attachs[i])) {
            continue;
        }

        a = ptn_conflict_find(object, was->attachs[i].num);
        first = (first == NULL) ? a : first;
        *ret_over = (a == NULL);
    }

    if (first == NULL || *ret_over) {
        *ret_over = true;
        return ptn_conflict_end(pool, object);
    }

    return ptn_conflict_follow(pool, object, extra, first);
}
