#include <stdlib.h>

#include "ptn_rop.h"


/*
 * The handle table of a session.  A handle is an index in the lower half and
 * the slot's generation in the upper one, 1 to 0x7fff, so that a released
 * handle does not name the next object soon, 0 is none and 0xffffffff never
 * given (MS-OXCROPS 3.2.5.1).
 */

typedef struct ptn_rop_slot_s  ptn_rop_slot_t;

struct ptn_rop_slot_s {
    ptn_rop_object_t  *obj;             /* NULL: free */
    uint32_t           next;            /* free: the next one + 1 */
    uint16_t           gen;             /* of the last handle given */
};

#define PTN_ROP_SLOTS_FIRST  16
#define PTN_ROP_GEN_MAX      0x7fff


static ptn_rc_t
ptn_rop_session_groups(ptn_rop_session_t *s, const ptn_actor_t *actor)
{
    s->actor.ngroups = 0;
    s->actor.groups = NULL;

    if (actor->ngroups != 0) {
        s->actor.groups = ptn_pmemdup(s->pool, actor->groups,
                                      actor->ngroups * sizeof(uint64_t));
        if (s->actor.groups != NULL) {
            s->actor.ngroups = actor->ngroups;
        }
    }

    return ptn_pool_failed(s->pool) ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_rop_session_open(ptn_rop_session_t *s, const ptn_actor_t *actor)
{
    s->pool = ptn_pool_create(0, NULL);
    if (s->pool == NULL) {
        return PTN_ENOMEM;
    }

    s->actor = *actor;
    s->actor.address = ptn_str_dup(s->pool, actor->address);
    s->actor.locale = ptn_str_dup(s->pool, actor->locale);
    s->actor.ngroups = 0;
    s->actor.groups = NULL;
    s->last_note = &s->notes;

    return ptn_rop_session_groups(s, actor);
}


/* The session goes on; what its user is in may have changed. */

ptn_rc_t
ptn_rop_session_actor(ptn_rop_session_t *s, const ptn_actor_t *actor)
{
    if (s->actor.generation == actor->generation
        && s->actor.ngroups == actor->ngroups)
    {
        return PTN_OK;
    }

    s->actor.generation = actor->generation;
    s->actor.quota = actor->quota;
    s->actor.quota_warn = actor->quota_warn;
    s->actor.quota_send = actor->quota_send;
    s->actor.quota_receive = actor->quota_receive;

    return ptn_rop_session_groups(s, actor);
}


void
ptn_rop_session_close(ptn_rop_session_t *s)
{
    while (s->logons != NULL) {
        ptn_rop_release(s, s->logons->object);
    }

    ptn_rop_notify_drop(s, NULL);

    free(s->slots);
    ptn_pool_destroy(s->pool);

    s->slots = NULL;
    s->pool = NULL;
}


static ptn_rc_t
ptn_rop_slots_grow(ptn_rop_session_t *s)
{
    uint32_t         n;
    ptn_rop_slot_t  *slots;

    if (s->nslots >= PTN_ROP_HANDLES_MAX) {
        return PTN_ELIMIT;
    }

    n = s->nslots == 0 ? PTN_ROP_SLOTS_FIRST : s->nslots * 2;

    slots = realloc(s->slots, n * sizeof(ptn_rop_slot_t));
    if (slots == NULL) {
        return PTN_ENOMEM;
    }

    memset(slots + s->nslots, 0, (n - s->nslots) * sizeof(ptn_rop_slot_t));
    s->slots = slots;
    s->nslots = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_slot_take(ptn_rop_session_t *s, ptn_rop_object_t *obj)
{
    uint32_t         i;
    ptn_rc_t         rc;
    ptn_rop_slot_t  *slot;

    if (s->free != 0) {
        i = s->free - 1;
        s->free = s->slots[i].next;

    } else {
        if (s->used == s->nslots) {
            rc = ptn_rop_slots_grow(s);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        i = s->used++;
    }

    slot = &s->slots[i];
    slot->obj = obj;
    slot->gen = slot->gen == PTN_ROP_GEN_MAX ? 1 : slot->gen + 1;
    obj->handle = (uint32_t) slot->gen << 16 | i;

    return PTN_OK;
}


static void
ptn_rop_slot_give(ptn_rop_session_t *s, ptn_rop_object_t *obj)
{
    uint32_t         i;
    ptn_rop_slot_t  *slot;

    i = obj->handle & 0xffff;
    slot = &s->slots[i];

    slot->obj = NULL;
    slot->next = s->free;
    s->free = i + 1;
}


static void
ptn_rop_own(ptn_rop_object_t *owner, ptn_rop_object_t *obj)
{
    obj->owner = owner;

    if (owner == NULL) {
        return;
    }

    obj->next = owner->owned;

    if (obj->next != NULL) {
        obj->next->prev = obj;
    }

    owner->owned = obj;
}


static void
ptn_rop_disown(ptn_rop_object_t *obj)
{
    if (obj->owner == NULL) {
        return;
    }

    if (obj->next != NULL) {
        obj->next->prev = obj->prev;
    }

    if (obj->prev != NULL) {
        obj->prev->next = obj->next;

    } else {
        obj->owner->owned = obj->next;
    }
}


ptn_rc_t
ptn_rop_make(ptn_rop_ctx_t *c, ptn_rop_kind_e kind, ptn_rop_object_t *owner,
    size_t size, void (*close)(ptn_rop_object_t *obj),
    ptn_rop_object_t **ret_obj)
{
    size_t             head;
    ptn_rc_t           rc;
    ptn_rop_object_t  *obj;

    if (c->logon != NULL && c->logon->nobjects >= PTN_ROP_OBJECTS_MAX) {
        c->error = PTN_MAPI_MAX_OBJECTS;
        return PTN_ELIMIT;
    }

    head = (sizeof(ptn_rop_object_t) + 15) & ~(size_t) 15;

    obj = calloc(1, head + size);
    if (obj == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_slot_take(c->session, obj);
    if (rc != PTN_OK) {
        free(obj);
        c->error = rc == PTN_ELIMIT ? PTN_MAPI_MAX_OBJECTS : 0;
        return rc;
    }

    obj->kind = kind;
    obj->logon = c->logon;
    obj->close = close;
    obj->data = (u_char *) obj + head;
    ptn_rop_own(owner, obj);

    if (c->logon != NULL) {
        c->logon->nobjects++;
    }

    c->made = obj;
    *ret_obj = obj;

    return PTN_OK;
}


ptn_pool_t *
ptn_rop_pool(ptn_rop_object_t *obj)
{
    if (obj->pool == NULL) {
        obj->pool = ptn_pool_create(0, NULL);
    }

    return obj->pool;
}


static void
ptn_rop_logon_unlink(ptn_rop_session_t *s, ptn_rop_logon_t *logon)
{
    ptn_rop_logon_t  **p;

    s->logons_changed++;

    for (p = &s->logons; *p != NULL; p = &(*p)->next) {
        if (*p == logon) {
            *p = logon->next;
            return;
        }
    }
}


/* No recursion by depth of a client's making: owners nest three deep. */

void
ptn_rop_release(ptn_rop_session_t *s, ptn_rop_object_t *obj)
{
    while (obj->owned != NULL) {
        ptn_rop_release(s, obj->owned);
    }

    ptn_rop_disown(obj);
    ptn_rop_slot_give(s, obj);
    ptn_rop_notify_drop(s, obj);

    if (obj->logon != NULL) {
        obj->logon->nobjects--;

        if (obj->watch.types != 0) {
            obj->logon->watches--;
        }
    }

    if (obj->close != NULL) {
        obj->close(obj);
    }

    if (obj->kind == PTN_ROP_KIND_LOGON) {
        ptn_rop_per_user_done(s, obj->data);
        ptn_rop_logon_unlink(s, obj->data);
    }

    ptn_pool_destroy(obj->pool);
    free(obj);
}


ptn_rop_logon_t *
ptn_rop_logon_find(ptn_rop_session_t *s, uint8_t logon_id)
{
    ptn_rop_logon_t  *l;

    for (l = s->logons; l != NULL; l = l->next) {
        if (l->id == logon_id) {
            return l;
        }
    }

    return NULL;
}


ptn_rop_object_t *
ptn_rop_find(ptn_rop_session_t *s, uint8_t logon_id, uint32_t handle,
    uint32_t *ret_error)
{
    uint32_t           i, gen;
    ptn_rop_slot_t    *slot;
    ptn_rop_object_t  *obj;

    i = handle & 0xffff;
    gen = handle >> 16;

    *ret_error = PTN_MAPI_NULL_OBJECT;

    if (i >= s->used || gen == 0) {
        return NULL;
    }

    slot = &s->slots[i];
    obj = slot->obj;

    if (obj == NULL || slot->gen != gen) {
        if (gen <= slot->gen) {
            *ret_error = PTN_MAPI_INVALID_OBJECT;
        }

        return NULL;
    }

    if (obj->logon == NULL || obj->logon->id != logon_id) {
        *ret_error = PTN_MAPI_ACCESS_DENIED;
        return NULL;
    }

    return obj;
}


ptn_rop_object_t *
ptn_rop_find_any(ptn_rop_session_t *s, uint32_t handle)
{
    uint32_t  i;

    i = handle & 0xffff;

    if (i >= s->used || s->slots[i].gen != handle >> 16) {
        return NULL;
    }

    return s->slots[i].obj;
}


/* --- mailboxes of a job -------------------------------------------------- */

ptn_rc_t
ptn_rop_mbox(ptn_rop_ctx_t *c, ptn_rop_logon_t *logon, ptn_mbox_t **ret_mbox)
{
    unsigned     i;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    for (i = 0; i < c->nopened; i++) {
        if (c->opened[i] == logon) {
            *ret_mbox = c->mboxes[i];
            return PTN_OK;
        }
    }

    rc = ptn_mbox_open(c->app->store, &logon->user, &c->session->actor, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    if (c->nopened < ptn_nelts(c->opened)) {
        c->opened[c->nopened] = logon;
        c->mboxes[c->nopened++] = mb;
    }

    *ret_mbox = mb;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_fid(ptn_mbox_t *mb, ptn_id_t id, uint64_t *ret_fid)
{
    ptn_rc_t    rc;
    uint16_t    replid;
    ptn_guid_t  replguid;

    rc = ptn_mbox_replica(mb, id, &replid, &replguid);

    if (rc == PTN_OK) {
        *ret_fid = ptn_eid_fid(replid, id);
    }

    return rc;
}


ptn_rc_t
ptn_rop_fid_id(ptn_mbox_t *mb, uint64_t fid, ptn_id_t *ret_id)
{
    ptn_id_t  n;
    uint16_t  replid;

    n = ptn_eid_fid_id(fid, &replid);

    return ptn_mbox_id_replid(mb, replid, n, ret_id);
}
