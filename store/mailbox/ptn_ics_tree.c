/*
 * What differs between a client's state and the folders below one
 * (MS-OXCFXICS 3.2.5.3).  Folders are in memory, so all is found at open.
 *
 * The final state has the numbers of the folders that are not below the root
 * taken out again: one that comes below it later keeps its number, and is to
 * be told.
 */

#include <stdlib.h>

#include "ptn_ics.h"


struct ptn_ics_tree_s {
    ptn_id_t          root;
    unsigned          flags;
    uint64_t          epoch, upto;
    ptn_ics_state_t   from, state;
    ptn_id_t         *list;
    size_t            n, at;
    ptn_idset_t       told_ids, told_cns, deleted, hold;
    bool              told;             /* deletions */
};


static ptn_rc_t
ptn_ics_tree_folders(ptn_mbox_t *mb, ptn_ics_tree_t *t)
{
    uint32_t              i;
    ptn_rc_t              rc;
    ptn_set_t            *set;
    ptn_idset_t           present;
    ptn_ics_ask_t         seen, given;
    const ptn_folder_t   *f;

    set = mb->set;
    ptn_ics_ask(&seen, set, &t->from.set[PTN_ICS_SEEN]);
    ptn_ics_ask(&given, set, &t->from.set[PTN_ICS_GIVEN]);
    memset(&present, 0, sizeof(present));

    t->list = malloc(set->ntree * sizeof(ptn_id_t) + 1);
    if (t->list == NULL) {
        return PTN_ENOMEM;
    }

    /* the tree is in its order, parents first */

    for (i = 0, rc = PTN_OK; i < set->ntree && rc == PTN_OK; i++) {
        f = &set->folders[set->tree[i]];

        if (f->id == t->root || !ptn_folder_below(mb, f->id, t->root)
            || !ptn_rights_shows(mb, set->tree[i]))
        {
            rc = ptn_ics_set_add(mb, &t->hold, f->cn);
            continue;
        }

        if (ptn_ics_has(&given, f->id)) {
            rc = ptn_ics_set_add(mb, &present, f->id);
        }

        if (!ptn_ics_has(&seen, f->cn)) {
            t->list[t->n++] = f->id;
        }
    }

    if (rc == PTN_OK && !(t->flags & PTN_ICS_NO_DELETIONS)) {
        rc = ptn_idset_ready(&present);

        if (rc == PTN_OK) {
            rc = ptn_idset_copy(&t->deleted, &t->from.set[PTN_ICS_GIVEN]);
        }

        if (rc == PTN_OK) {
            rc = ptn_idset_minus(&t->deleted, &present);
            ptn_ics_set_replids(set, &t->deleted);
        }
    }

    ptn_idset_done(&present);

    return rc;
}


ptn_rc_t
ptn_ics_tree_open(ptn_mbox_t *mb, ptn_id_t root, unsigned flags,
    ptn_ics_state_t *state, ptn_ics_tree_t **ret)
{
    ptn_rc_t         rc;
    ptn_ics_tree_t  *t;

    rc = ptn_rights_need(mb, root, PTN_RIGHT_VISIBLE);

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_load(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    t = calloc(1, sizeof(ptn_ics_tree_t));
    if (t == NULL) {
        return PTN_ENOMEM;
    }

    t->root = root;
    t->flags = flags;
    t->epoch = mb->meta.epoch;
    t->upto = mb->meta.cn;
    t->from = *state;
    memset(state, 0, sizeof(ptn_ics_state_t));

    rc = ptn_ics_now(mb, &t->upto);

    if (rc == PTN_OK) {
        rc = ptn_ics_state_begin(mb, &t->from);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_tree_folders(mb, t);
    }

    if (rc != PTN_OK) {
        ptn_ics_tree_close(t);
        return rc;
    }

    *ret = t;

    return PTN_OK;
}


void
ptn_ics_tree_close(ptn_ics_tree_t *t)
{
    if (t == NULL) {
        return;
    }

    ptn_ics_state_done(&t->from);
    ptn_ics_state_done(&t->state);
    ptn_idset_done(&t->told_ids);
    ptn_idset_done(&t->told_cns);
    ptn_idset_done(&t->deleted);
    ptn_idset_done(&t->hold);
    free(t->list);
    free(t);
}


static ptn_rc_t
ptn_ics_tree_ready(ptn_mbox_t *mb, const ptn_ics_tree_t *t)
{
    ptn_rc_t  rc;

    rc = ptn_rights_need(mb, t->root, PTN_RIGHT_VISIBLE);

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_load(mb);
    }

    return (rc == PTN_OK && mb->meta.epoch != t->epoch) ? PTN_ESTALE : rc;
}


ptn_rc_t
ptn_ics_tree_next(ptn_mbox_t *mb, ptn_ics_tree_t *t, ptn_pool_t *pool,
    size_t max, ptn_ics_folder_change_t **ret_changes, size_t *ret_n)
{
    size_t                    n;
    ptn_rc_t                  rc;
    ptn_folder_t             *f;
    ptn_ics_ask_t             given;
    ptn_ics_folder_change_t  *ch;

    rc = ptn_ics_tree_ready(mb, t);
    if (rc != PTN_OK) {
        return rc;
    }

    max = ptn_min(ptn_max(max, (size_t) 1), t->n - t->at);
    ch = ptn_parray(pool, max, sizeof(ptn_ics_folder_change_t));
    if (ch == NULL) {
        return PTN_ENOMEM;
    }

    ptn_ics_ask(&given, mb->set, &t->from.set[PTN_ICS_GIVEN]);

    for (n = 0; n < max && t->at < t->n; t->at++) {

        /* what changed since is the next synchronisation's */

        if (ptn_folder_of(mb, t->list[t->at], &f) != PTN_OK
            || f->cn > t->upto
            || !ptn_rights_shows(mb, (uint32_t) (f - mb->set->folders))
            || !ptn_folder_below(mb, f->id, t->root))
        {
            continue;
        }

        ch[n].id = f->id;
        ch[n].parent = f->parent;
        ch[n].cn = f->cn;
        ch[n].given = ptn_ics_has(&given, f->id);

        rc = ptn_ics_set_add(mb, &t->told_cns, f->cn);

        if (rc == PTN_OK) {
            rc = ptn_ics_set_add(mb, &t->told_ids, f->id);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        n++;
    }

    *ret_changes = ch;
    *ret_n = n;

    return PTN_OK;
}


const ptn_idset_t *
ptn_ics_tree_deleted(ptn_ics_tree_t *t)
{
    t->told = true;

    return &t->deleted;
}


ptn_rc_t
ptn_ics_tree_state(ptn_mbox_t *mb, ptn_ics_tree_t *t,
    const ptn_ics_state_t **ret_state)
{
    ptn_rc_t      rc;
    ptn_idset_t  *set;

    rc = ptn_ics_tree_ready(mb, t);

    if (rc == PTN_OK) {
        rc = ptn_ics_state_copy(&t->state, &t->from);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    set = t->state.set;
    rc = ptn_idset_union(&set[PTN_ICS_GIVEN], &t->told_ids);

    if (rc == PTN_OK) {
        rc = ptn_idset_union(&set[PTN_ICS_SEEN], &t->told_cns);
    }

    if (rc == PTN_OK && t->told) {
        rc = ptn_idset_minus(&set[PTN_ICS_GIVEN], &t->deleted);
    }

    if (rc == PTN_OK && t->at == t->n
        && (t->told || ptn_idset_ranges(&t->deleted) == 0))
    {
        rc = ptn_ics_set_all(mb, &set[PTN_ICS_SEEN], t->upto);

        if (rc == PTN_OK) {
            rc = ptn_idset_ready(&t->hold);
        }

        if (rc == PTN_OK) {
            rc = ptn_idset_minus(&set[PTN_ICS_SEEN], &t->hold);
        }
    }

    if (rc == PTN_OK) {
        *ret_state = &t->state;
    }

    return rc;
}
