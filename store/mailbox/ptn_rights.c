/*
 * Rights on folders (MS-OXCPERM): who acts, and what it may.
 *
 * A mailbox acts for who opened it last; what a folder's list gives to that
 * one is computed for all folders at once and kept beside the set, until the
 * set goes or somebody else acts.
 */

#include <stdlib.h>

#include "ptn_item.h"


/* ---- who acts ------------------------------------------------------------ */

ptn_rc_t
ptn_acting_make(ptn_store_t *store, const ptn_user_t *user,
    const ptn_actor_t *actor, ptn_acting_t *a)
{
    ptn_rc_t  rc;
    uint32_t  access;

    memset(a, 0, sizeof(ptn_acting_t));

    if (actor == NULL || ptn_guid_eq(actor->mailbox, user->mailbox)) {
        a->user = actor ? actor->user : 0;
        a->owner = true;
        a->all = true;
        a->secrets = true;
        return PTN_OK;
    }

    access = 0;

    if (store->access != NULL && !ptn_public_is(user->address)) {
        rc = store->access(store->access_ctx, actor->user, user->id, &access);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    a->user = actor->user;
    a->generation = actor->generation;
    a->all = (access & PTN_ACCESS_FULL) != 0;
    a->secrets = (access & (PTN_ACCESS_FULL|PTN_ACCESS_PRIVATE)) != 0
                 || ptn_public_is(user->address);

    if (actor->ngroups != 0) {
        a->groups = malloc(actor->ngroups * sizeof(uint64_t));
        if (a->groups == NULL) {
            return PTN_ENOMEM;
        }

        memcpy(a->groups, actor->groups, actor->ngroups * sizeof(uint64_t));
        a->ngroups = actor->ngroups;
    }

    return PTN_OK;
}


static bool
ptn_acting_same(const ptn_acting_t *a, const ptn_acting_t *b)
{
    return a->user == b->user && a->generation == b->generation
           && a->owner == b->owner && a->all == b->all
           && a->secrets == b->secrets && a->ngroups == b->ngroups
           && (a->ngroups == 0
               || memcmp(a->groups, b->groups,
                         a->ngroups * sizeof(uint64_t)) == 0);
}


static void
ptn_acting_put(ptn_mbox_t *mb, ptn_acting_t *a)
{
    if (a->serial == 0) {
        a->serial = ++mb->store->actings;
    }

    free(mb->acting.groups);
    mb->acting = *a;
    mb->owner = a->owner;
}


static ptn_rc_t
ptn_acting_let_in(ptn_mbox_t *mb)
{
    if (mb->acting.all || mb->kind == PTN_MBOX_PUBLIC) {
        return PTN_OK;
    }

    return ptn_rights_any(mb, ~(uint32_t) (PTN_RIGHTS_FREEBUSY
                                           |PTN_RIGHT_CONTACT));
}


ptn_rc_t
ptn_acting_enter(ptn_mbox_t *mb, ptn_acting_t *a)
{
    ptn_rc_t      rc;
    ptn_acting_t  was;

    if (mb->acting.serial != 0 && ptn_acting_same(a, &mb->acting)) {

        /* the same one: the lists may be others */

        rc = ptn_acting_let_in(mb);

        return (rc == PTN_EDENIED) ? PTN_ENOTFOUND : rc;
    }

    was = mb->acting;
    mb->acting.groups = NULL;
    ptn_acting_put(mb, a);
    a->groups = NULL;
    rc = ptn_acting_let_in(mb);

    if (rc == PTN_OK) {
        free(was.groups);
        return PTN_OK;
    }

    ptn_acting_put(mb, &was);

    return (rc == PTN_EDENIED) ? PTN_ENOTFOUND : rc;
}


void
ptn_acting_system(ptn_mbox_t *mb, ptn_acting_t *was)
{
    ptn_acting_t  a = { .owner = true, .all = true, .secrets = true };

    *was = mb->acting;
    mb->acting.groups = NULL;
    ptn_acting_put(mb, &a);
}


void
ptn_acting_back(ptn_mbox_t *mb, ptn_acting_t *was)
{
    ptn_acting_put(mb, was);
    memset(was, 0, sizeof(ptn_acting_t));
}


ptn_rc_t
ptn_mbox_open_system(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_t **ret_mbox, ptn_acting_t *ret_was)
{
    ptn_rc_t      rc;
    ptn_mbox_t   *mb;
    ptn_acting_t  was;

    /* opened before by this job or an earlier one, or new: the system's */

    rc = ptn_mbox_open_unacted(store, user, true, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_acting_system(mb, &was);
    *ret_was = was;
    *ret_mbox = mb;

    return PTN_OK;
}


void
ptn_mbox_back(ptn_mbox_t *mb, ptn_acting_t *was)
{
    ptn_acting_back(mb, was);
}


ptn_mbox_kind_e
ptn_mbox_kind(const ptn_mbox_t *mb)
{
    return (ptn_mbox_kind_e) mb->kind;
}


bool
ptn_mbox_may_all(const ptn_mbox_t *mb)
{
    return mb->acting.all;
}


/* ---- what it may --------------------------------------------------------- */

typedef struct {
    uint32_t  own, groups, fallback;
    bool      has_own, has_groups;
} ptn_rights_sum_t;


static bool
ptn_rights_member(const ptn_acting_t *a, uint64_t member)
{
    uint32_t  i;

    for (i = 0; i < a->ngroups; i++) {
        if (a->groups[i] == member) {
            return true;
        }
    }

    return false;
}


static void
ptn_rights_add(const ptn_acting_t *a, ptn_rights_sum_t *sum, uint64_t member,
    uint32_t rights)
{
    if (member == PTN_MEMBER_ANONYMOUS) {
        return;
    }

    if (member == PTN_MEMBER_DEFAULT) {
        sum->fallback = rights;

    } else if (member == a->user) {
        sum->own = rights;
        sum->has_own = true;

    } else if (ptn_rights_member(a, member)) {
        sum->groups |= rights;
        sum->has_groups = true;
    }
}


/* MS-OXCPERM 3.2.4.1. */

static uint32_t
ptn_rights_result(const ptn_rights_sum_t *sum)
{
    return sum->has_own ? sum->own
           : sum->has_groups ? sum->groups : sum->fallback;
}


static ptn_rc_t
ptn_rights_sums(ptn_mbox_t *mb, const ptn_acting_t *a, ptn_rights_sum_t *sums)
{
    ptn_rc_t       rc;
    uint32_t       i;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_PERMISSION_ALL, &rc);
    if (st == NULL) {
        return rc;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        i = ptn_set_index(mb->set, ptn_sql_u64(st, 0));

        if (i != PTN_SET_NONE) {
            ptn_rights_add(a, &sums[i], ptn_sql_u64(st, 1),
                           (uint32_t) ptn_sql_u64(st, 2) & PTN_RIGHT_ALL);
        }
    }

    return rc;
}


ptn_rc_t
ptn_rights_load(ptn_mbox_t *mb)
{
    ptn_rc_t           rc;
    uint32_t           i, *rights;
    ptn_set_t         *set;
    ptn_rights_sum_t  *sums;

    rc = ptn_mbox_set(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    set = mb->set;

    if (mb->acting.all || set->rights_serial == mb->acting.serial) {
        return PTN_OK;
    }

    sums = calloc(set->n + 1, sizeof(ptn_rights_sum_t));
    rights = set->rights;

    if (rights == NULL) {
        rights = ptn_parray(set->pool, set->n + 1, sizeof(uint32_t));
    }

    rc = (sums && rights) ? ptn_rights_sums(mb, &mb->acting, sums)
                          : PTN_ENOMEM;

    if (rc == PTN_OK) {
        set->rights = rights;
        set->rights_any = 0;

        for (i = 0; i < set->n; i++) {
            rights[i] = ptn_rights_result(&sums[i]);
            set->rights_any |= rights[i];

            if (set->folders[i].special == PTN_FOLDER_ROOT) {
                rights[i] |= PTN_RIGHT_VISIBLE;
            }
        }

        set->rights_serial = mb->acting.serial;
    }

    free(sums);

    return rc;
}


uint32_t
ptn_rights_at(const ptn_mbox_t *mb, uint32_t i)
{
    const ptn_set_t  *set;

    set = mb->set;

    if (mb->acting.all) {
        return PTN_RIGHT_ALL;
    }

    /* read by ptn_rights_load(), which failed, or the set is another one */

    return (set->rights_serial == mb->acting.serial) ? set->rights[i] : 0;
}


ptn_rc_t
ptn_rights_get(ptn_mbox_t *mb, ptn_id_t folder, uint32_t *ret_rights)
{
    ptn_rc_t  rc;
    uint32_t  i, rights;

    rc = ptn_rights_load(mb);
    if (rc != PTN_OK) {
        return rc;
    }

    i = ptn_set_index(mb->set, folder);
    if (i == PTN_SET_NONE) {
        return PTN_ENOTFOUND;
    }

    rights = ptn_rights_at(mb, i);

    *ret_rights = (rights & ~(PTN_RIGHTS_FREEBUSY|PTN_RIGHT_CONTACT))
                  ? rights : 0;

    return PTN_OK;
}


ptn_rc_t
ptn_rights_need(ptn_mbox_t *mb, ptn_id_t folder, uint32_t need)
{
    uint32_t  rights;
    ptn_rc_t  rc;

    rc = ptn_rights_get(mb, folder, &rights);

    if (rc == PTN_OK && (rights == 0 || (rights & need) != need)) {
        rc = (rights & PTN_RIGHT_VISIBLE) ? PTN_EDENIED : PTN_ENOTFOUND;
    }

    return rc;
}


ptn_rc_t
ptn_txn_need(const ptn_txn_t *tx, ptn_id_t folder, uint32_t need)
{
    ptn_rc_t  rc;

    rc = ptn_txn_check(tx);

    return (rc == PTN_OK) ? ptn_rights_need(tx->mb, folder, need) : rc;
}


ptn_rc_t
ptn_rights_folder(ptn_mbox_t *mb, const ptn_folder_t *f,
    const ptn_folder_t **ret_folder)
{
    ptn_rc_t       rc;
    ptn_set_t     *set;
    ptn_folder_t  *one;

    if (!mb->acting.all) {
        rc = ptn_rights_need(mb, f->id, PTN_RIGHT_VISIBLE);
        if (rc != PTN_OK) {
            return PTN_ENOTFOUND;
        }
    }

    if (mb->acting.all) {
        *ret_folder = f;
        return PTN_OK;
    }

    set = mb->set;

    if (set->shown_one == NULL) {
        set->shown_one = ptn_parray(set->pool, set->n + 1,
                                    sizeof(ptn_folder_t));
        if (set->shown_one == NULL) {
            return PTN_ENOMEM;
        }
    }

    one = &set->shown_one[f - set->folders];
    rc = ptn_rights_counts(mb, f, one);
    *ret_folder = one;

    return rc;
}


ptn_rc_t
ptn_rights_folders(ptn_mbox_t *mb, bool all, const ptn_folder_t **ret_folders,
    size_t *ret_n)
{
    ptn_rc_t       rc;
    uint32_t       i, at, n;
    ptn_set_t     *set;
    ptn_folder_t  *list;

    set = mb->set;
    list = all ? set->shown_all : set->shown;

    if (list == NULL) {
        list = ptn_parray(set->pool, set->n + 1, sizeof(ptn_folder_t));
        if (list == NULL) {
            return PTN_ENOMEM;
        }

        *(all ? &set->shown_all : &set->shown) = list;
    }

    n = 0;

    for (i = 0; i < (all ? set->ntree : set->nvisible); i++) {
        at = all ? set->tree[i] : i;

        if (ptn_rights_shows(mb, at)) {
            rc = ptn_rights_counts(mb, &set->folders[at], &list[n++]);

            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    *ret_folders = list;
    *ret_n = n;

    return PTN_OK;
}


ptn_rc_t
ptn_rights_any(ptn_mbox_t *mb, uint32_t some)
{
    ptn_rc_t  rc;

    if (mb->acting.all) {
        return PTN_OK;
    }

    rc = ptn_rights_load(mb);

    return (rc == PTN_OK && !(mb->set->rights_any & some)) ? PTN_EDENIED : rc;
}


ptn_rc_t
ptn_rights_below(ptn_mbox_t *mb, ptn_id_t top, uint32_t need)
{
    ptn_rc_t  rc;
    uint32_t  i;

    rc = ptn_rights_need(mb, top, need);

    if (rc != PTN_OK || mb->acting.all) {
        return rc;
    }

    /* what it does not see there keeps it from it as well */

    for (i = 0; i < mb->set->n; i++) {
        if ((ptn_rights_at(mb, i) & need) != need
            && ptn_folder_below(mb, mb->set->folders[i].id, top))
        {
            return PTN_EDENIED;
        }
    }

    return PTN_OK;
}


/* By the list of one folder, which may be out of the tree. */

static ptn_rc_t
ptn_rights_listed(ptn_mbox_t *mb, const ptn_acting_t *a, ptn_id_t folder,
    uint32_t *ret_rights)
{
    ptn_rc_t          rc;
    sqlite3_stmt     *st;
    ptn_rights_sum_t  sum;

    if (a->all) {
        *ret_rights = PTN_RIGHT_ALL;
        return PTN_OK;
    }

    memset(&sum, 0, sizeof(sum));

    st = ptn_sql(mb, PTN_SQL_PERMISSION_LIST, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) folder);

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        ptn_rights_add(a, &sum, ptn_sql_u64(st, 0),
                       (uint32_t) ptn_sql_u64(st, 1) & PTN_RIGHT_ALL);
    }

    *ret_rights = ptn_rights_result(&sum);

    return rc;
}


ptn_rc_t
ptn_rights_gone(ptn_mbox_t *mb, ptn_id_t folder, uint32_t need)
{
    ptn_rc_t  rc;
    uint32_t  rights;

    rc = ptn_rights_listed(mb, &mb->acting, folder, &rights);

    if (rc == PTN_OK && (rights & need) != need) {
        rc = (rights & PTN_RIGHT_VISIBLE) ? PTN_EDENIED : PTN_ENOTFOUND;
    }

    return rc;
}


ptn_rc_t
ptn_rights_some(ptn_mbox_t *mb, ptn_id_t folder, uint32_t some)
{
    ptn_rc_t  rc;
    uint32_t  rights;

    rc = ptn_rights_get(mb, folder, &rights);

    if (rc == PTN_OK && !(rights & some)) {
        rc = (rights & PTN_RIGHT_VISIBLE) ? PTN_EDENIED : PTN_ENOTFOUND;
    }

    return rc;
}


ptn_rc_t
ptn_rights_of(ptn_mbox_t *mb, ptn_id_t folder, const ptn_actor_t *actor,
    uint32_t *ret_rights)
{
    ptn_rc_t      rc;
    uint32_t      rights;
    ptn_user_t    user;
    ptn_acting_t  a;

    if (!mb->acting.all) {
        return PTN_EDENIED;
    }

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_VISIBLE);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&user, 0, sizeof(user));
    user.mailbox = mb->guid;
    user.id = mb->user;
    user.address = ptn_str_z(mb->address);

    rc = ptn_acting_make(mb->store, &user, actor, &a);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_rights_listed(mb, &a, folder, &rights);
    free(a.groups);

    if (rc == PTN_OK) {
        *ret_rights = rights;
    }

    return rc;
}


/* ---- messages ------------------------------------------------------------ */

ptn_rc_t
ptn_rights_message(ptn_mbox_t *mb, const ptn_msg_info_t *m, uint32_t owned,
    uint32_t any)
{
    bool        own;
    uint32_t    rights;
    ptn_rc_t    rc;
    ptn_mark_t  mark;

    if (mb->acting.all) {
        return PTN_OK;
    }

    rc = ptn_rights_get(mb, m->folder, &rights);

    /* one that can be recovered, of a folder that left after it */

    if (rc == PTN_ENOTFOUND) {
        rc = ptn_rights_listed(mb, &mb->acting, m->folder, &rights);
    }

    if (rc == PTN_OK) {
        rc = ptn_mark_get(mb, m->id, &mark);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    own = (mark.creator == mb->acting.user);

    if (mark.secret && !own && !mb->acting.secrets) {
        return PTN_ENOTFOUND;
    }

    if ((rights & any) == any || (own && (rights & owned) == owned)) {
        return PTN_OK;
    }

    return (rights & PTN_RIGHT_VISIBLE) ? PTN_EDENIED : PTN_ENOTFOUND;
}


ptn_rc_t
ptn_rights_flag(ptn_txn_t *tx, ptn_msg_info_t *m, ptn_flags_op_e op,
    uint32_t flags, uint64_t keywords, bool begun)
{
    ptn_rc_t     rc;
    uint32_t     new_flags;
    uint64_t     new_keywords;
    ptn_mbox_t  *mb;

    mb = tx->mb;

    if (mb->acting.all) {
        return PTN_OK;
    }

    rc = ptn_reader_show(mb, m);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_msg_new_flags(m, op, flags, keywords, &new_flags, &new_keywords);

    if (mb->kind == PTN_MBOX_PUBLIC && new_keywords == m->keywords
        && !((new_flags ^ m->flags) & ~PTN_FLAG_SEEN))
    {
        rc = ptn_rights_read(mb, m);

    } else {
        rc = ptn_rights_edit(mb, m);
    }

    return (rc == PTN_EDENIED && begun) ? ptn_txn_poison(tx, rc) : rc;
}


ptn_rc_t
ptn_rights_show(ptn_mbox_t *mb, ptn_msg_info_t *m)
{
    ptn_rc_t  rc;

    rc = ptn_rights_read(mb, m);

    return (rc == PTN_OK) ? ptn_reader_show(mb, m) : rc;
}


ptn_rc_t
ptn_rights_id(ptn_mbox_t *mb, ptn_id_t id)
{
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    rc = ptn_mbox_set(mb);

    if (rc != PTN_OK || mb->acting.all) {
        return rc;
    }

    rc = ptn_msg_get_id(mb, id, &m);

    return (rc == PTN_OK) ? ptn_rights_read(mb, &m) : rc;
}


ptn_rc_t
ptn_rights_take(ptn_mbox_t *mb, const ptn_msg_info_t *m, bool move)
{
    ptn_rc_t  rc;

    rc = ptn_rights_read(mb, m);

    return (rc == PTN_OK && move) ? ptn_rights_delete(mb, m) : rc;
}


/* ---- events -------------------------------------------------------------- */

/* ROOT is everybody's, and no folder of messages. */

bool
ptn_rights_sees(const ptn_mbox_t *mb, ptn_id_t folder, uint32_t need)
{
    uint32_t  i;

    i = ptn_set_index(mb->set, folder);

    return i != PTN_SET_NONE && (ptn_rights_at(mb, i) & need) == need;
}


bool
ptn_rights_event(ptn_mbox_t *mb, ptn_mbox_event_t *ev)
{
    bool        here, there;
    ptn_mark_t  mark;

    if (mb->acting.all) {
        return true;
    }

    if (ev->kind >= PTN_MBOX_EVENT_FOLDER_NEW) {

        /* of one that is gone nothing is known but where it was */

        return ptn_rights_sees(mb, ev->folder, PTN_RIGHT_VISIBLE)
               || (ev->kind == PTN_MBOX_EVENT_FOLDER_DELETED
                   && ptn_rights_sees(mb, ev->old_folder, PTN_RIGHT_VISIBLE));
    }

    if (!mb->acting.secrets
        && (ptn_mark_get(mb, ev->message, &mark) != PTN_OK
            || (mark.secret && mark.creator != mb->acting.user)))
    {
        return false;
    }

    here = ptn_rights_sees(mb, ev->folder,
                           PTN_RIGHT_VISIBLE|PTN_RIGHT_READ_ANY);

    if (ev->kind != PTN_MBOX_EVENT_MOVED && ev->kind != PTN_MBOX_EVENT_COPIED) {
        return here;
    }

    there = ptn_rights_sees(mb, ev->old_folder,
                            PTN_RIGHT_VISIBLE|PTN_RIGHT_READ_ANY);

    if (here && !there) {
        ev->kind = PTN_MBOX_EVENT_NEW;
        ev->old_folder = 0;
        ev->old_message = 0;

    } else if (there && !here && ev->kind == PTN_MBOX_EVENT_MOVED) {
        ev->kind = PTN_MBOX_EVENT_DELETED;
        ev->folder = ev->old_folder;
        ev->old_folder = 0;
        here = true;
    }

    return here;
}


/* PidTagAccess of a message (MS-OXCPRPT 2.2.1.1), which the actor reads. */

uint32_t
ptn_rights_access(ptn_mbox_t *mb, const ptn_msg_info_t *m)
{
    uint32_t  n;

    n = PTN_ACCESS_READ;

    if (ptn_rights_edit(mb, m) == PTN_OK) {
        n |= PTN_ACCESS_MODIFY;
    }

    if (ptn_rights_delete(mb, m) == PTN_OK) {
        n |= PTN_ACCESS_DELETE;
    }

    return n;
}
