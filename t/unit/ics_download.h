/*
 * ics_sync.c: what clients download, and the rules of 3.2.5.3 about it.
 */

#ifndef ICS_DOWNLOAD_H
#define ICS_DOWNLOAD_H


#include "ics_parts.h"


/* ---- the rules ----------------------------------------------------------- */

/* Of one download: what it began with, and what it told. */
typedef struct {
    ptn_ics_state_t  from, told;
    bool             whole;             /* the sets, too */
    bool             more;              /* there was more to tell */
} rules_t;


static bool
apart(const ptn_idset_t *a, const ptn_idset_t *b)
{
    bool         good;
    ptn_idset_t  both;

    memset(&both, 0, sizeof(both));
    good = ptn_idset_copy(&both, a) == PTN_OK
           && ptn_idset_minus(&both, b) == PTN_OK
           && ptn_idset_count(&both) == ptn_idset_count(a);
    ptn_idset_done(&both);

    return good;
}


static bool
inside(const ptn_idset_t *a, const ptn_idset_t *b)
{
    bool         good;
    ptn_idset_t  rest;

    memset(&rest, 0, sizeof(rest));
    good = ptn_idset_copy(&rest, a) == PTN_OK
           && ptn_idset_minus(&rest, b) == PTN_OK
           && ptn_idset_count(&rest) == 0;
    ptn_idset_done(&rest);

    return good;
}


/* `c` is what `a` and `b` are together, without `gone`. */

static bool
together(const ptn_idset_t *c, const ptn_idset_t *a, const ptn_idset_t *b,
    const ptn_idset_t *gone)
{
    bool         good;
    ptn_idset_t  sum;

    memset(&sum, 0, sizeof(sum));
    good = ptn_idset_copy(&sum, a) == PTN_OK
           && ptn_idset_union(&sum, b) == PTN_OK
           && (gone == NULL || ptn_idset_minus(&sum, gone) == PTN_OK)
           && inside(c, &sum) && inside(&sum, c);
    ptn_idset_done(&sum);

    return good;
}


/* MS-OXCFXICS_R2064 to R2076. */

static void
rules(test_t *t, rules_t *r, ptn_ics_content_t *ics,
    const ptn_ics_state_t *now)
{
    unsigned            i;
    const ptn_idset_t  *gone, *is, *not, *from, *told;

    from = r->from.set;
    told = r->told.set;

    for (i = 0; i < PTN_ICS_SETS; i++) {
        expect(t, ptn_idset_ready(&r->from.set[i]) == PTN_OK
                  && ptn_idset_ready(&r->told.set[i]) == PTN_OK, "ready");
    }

    if (!t->anew) {
        expect(t, apart(&told[PTN_ICS_SEEN], &from[PTN_ICS_SEEN]),
               "R2074: a version is told twice");
        expect(t, apart(&told[PTN_ICS_SEEN_FAI], &from[PTN_ICS_SEEN_FAI]),
               "R2074: an FAI version is told twice");

        for (i = PTN_ICS_SEEN; i <= PTN_ICS_SEEN_FAI && r->more; i++) {
            expect(t, together(&now->set[i], &from[i], &told[i], NULL),
                   "R2066, R2067: a checkpoint has just what was told");
        }

        expect(t, !r->more || together(&now->set[PTN_ICS_READ],
                                       &from[PTN_ICS_READ],
                                       &from[PTN_ICS_READ], NULL),
               "R2068: of read states, too");
    }

    expect(t, inside(&told[PTN_ICS_SEEN], &now->set[PTN_ICS_SEEN])
              && inside(&told[PTN_ICS_SEEN_FAI], &now->set[PTN_ICS_SEEN_FAI]),
           "what was told is seen");

    if (!r->whole) {
        expect(t, together(&now->set[PTN_ICS_GIVEN], &from[PTN_ICS_GIVEN],
                           &told[PTN_ICS_GIVEN], NULL),
               "R2065: what is given, at a checkpoint");
        return;
    }

    gone = ptn_ics_content_told(ics, PTN_ICS_DELETED);
    is = ptn_ics_content_told(ics, PTN_ICS_BECAME_READ);
    not = ptn_ics_content_told(ics, PTN_ICS_BECAME_UNREAD);
    expect(t, together(&now->set[PTN_ICS_GIVEN], &from[PTN_ICS_GIVEN],
                       &told[PTN_ICS_GIVEN], gone), "R2065: what is given");
    expect(t, inside(is, &from[PTN_ICS_GIVEN])
              && inside(not, &from[PTN_ICS_GIVEN]),
           "R2071: read states of what it had");
    expect(t, apart(&told[PTN_ICS_GIVEN], gone), "R2073: changed and deleted");
    expect(t, apart(is, gone) && apart(not, gone), "R2075: read and deleted");
    expect(t, apart(is, not) && apart(is, &told[PTN_ICS_GIVEN])
              && apart(not, &told[PTN_ICS_GIVEN]), "R2076: read and changed");
}


/* ---- what is told -------------------------------------------------------- */

static void
apply_set(test_t *t, client_t *c, unsigned f, const ptn_idset_t *set,
    ptn_ics_told_e which)
{
    size_t                   k;
    copy_t                  *row;
    uint32_t                 i;
    uint64_t                 n;
    const ptn_idset_part_t  *p;

    for (i = 0; i < set->nparts; i++) {
        p = &set->parts[i];
        expect(t, p->n == 0 || p->replid != 0, "a REPLID");

        for (k = 0; k < p->n; k++) {
            for (n = p->r[k].lo; n <= p->r[k].hi; n++) {
                row = find(c, f, id_of(t, p, n));

                if (!expect(t, row != NULL, "only what was given is told of"))
                {
                    continue;
                }

                if (which == PTN_ICS_DELETED) {
                    t->deleted++;
                    forget(c, f, row);

                } else {
                    t->reads++;
                    row->seen = (which == PTN_ICS_BECAME_READ);
                }
            }
        }
    }
}


static void
learn(test_t *t, client_t *c, unsigned f, const ptn_ics_change_t *ch)
{
    copy_t             *row;
    uint32_t            tags[2];
    ptn_str_t           v[2], key, pcl;
    ptn_msg_t          *msg;
    ptn_ics_version_t   version;

    row = find(c, f, ch->mid);
    t->told++;
    t->updates += ch->given;
    t->partial += ch->given && ch->groups != PTN_GROUP_ALL;
    t->versions += ch->version != 0;
    expect(t, (ch->given || ch->version != 0) == (row != NULL),
           "given says whether it is known");
    expect(t, ch->groups != 0, "some group");

    if (row == NULL) {
        if (!expect(t, c->n[f] < ROWS, "room")) {
            return;
        }

        row = &c->rows[f][c->n[f]++];
    }

    tags[0] = PTN_PR_SUBJECT;
    tags[1] = PTN_PR_PREDECESSOR_CHANGE_LIST;

    if (!expect(t, ptn_msg_open(t->mb, t->pool, ch->id, &msg) == PTN_OK
                   && ptn_msg_props(msg, tags, 2, v) == PTN_OK
                   && ptn_msg_change_key(t->mb, t->pool, ch->id, &key, &pcl)
                      == PTN_OK, "it is read"))
    {
        return;
    }

    expect(t, ptn_str_eq(v[1], pcl), "both ways to the PCL agree");

    /* of a conflict that which won, and what all of them have seen */

    if (ch->versions != 0) {
        expect(t, ptn_ics_version(t->mb, t->pool, ch->id, ch->version,
                                  &version) == PTN_OK, "a version");
        pcl = version.pcl;

        if (ch->version != 0) {
            expect(t, !ptn_pcl_includes(ptn_str_make(row->pcl, row->pcl_len),
                                        pcl), "a version of its own");
            expect(t, ptn_pcl_merge(t->pool, ptn_str_make(row->pcl,
                                                          row->pcl_len),
                                    pcl, &pcl) == PTN_OK, "merged");
        }

        if (ch->version + 1 == ch->versions) {
            expect(t, ptn_str_eq(v[1], pcl), "all together the message's");
        }
    }

    expect(t, pcl.len <= sizeof(row->pcl), "a short PCL");
    pcl = ptn_str_dup(t->pool, pcl);
    memset(row, 0, sizeof(copy_t));
    row->mid = ch->mid;
    row->cn = ch->cn;
    row->fai = ch->fai;
    row->seen = (ch->flags & PTN_FLAG_SEEN) != 0;
    snprintf(row->subject, sizeof(row->subject), "%.*s", ptn_str_arg(v[0]));
    row->pcl_len = ptn_min(pcl.len, sizeof(row->pcl));
    memcpy(row->pcl, pcl.data, row->pcl_len);
}


/* ---- download ------------------------------------------------------------ */

static void
download(test_t *t, client_t *c, unsigned f, bool whole)
{
    bool                     cut;
    size_t                   n, i;
    unsigned                 flags;
    rules_t                  r;
    uint64_t                 told;
    ptn_txn_t                tx;
    ptn_ics_state_t          state;
    ptn_ics_change_t        *ch;
    ptn_ics_content_t       *ics;
    ptn_ics_progress_t       p;
    const ptn_ics_state_t   *now;

    memset(&r, 0, sizeof(r));
    flags = PTN_ICS_NORMAL|PTN_ICS_FAI|PTN_ICS_READ_STATE|PTN_ICS_GROUPS;
    flags |= roll(t, 3) ? 0 : PTN_ICS_BY_DELIVERY;
    cut = !whole && roll(t, 3) == 0;
    text_get(t, &c->state[f], &state);
    text_get(t, &c->state[f], &r.from);
    told = 0;

    /* replicas of the lost time */

    if (!ptn_ics_state_known(t->mb, &state)) {
        expect(t, ptn_txn_begin(&tx, t->mb) == PTN_OK
                  && ptn_ics_state_learn(&tx, &state) == PTN_OK
                  && ptn_txn_commit(&tx) == PTN_OK
                  && ptn_ics_state_known(t->mb, &state), "replicas");
    }

    if (!expect(t, ptn_ics_content_open(t->mb, folders[f], flags, NULL,
                                        &state, &ics) == PTN_OK, "open"))
    {
        return;
    }

    ptn_ics_content_progress(ics, &p);

    for ( ;; ) {
        if (!expect(t, ptn_ics_content_next(t->mb, ics, t->pool,
                                            1 + roll(t, 20), 1 << 20, &ch, &n)
                       == PTN_OK, "next"))
        {
            break;
        }

        for (i = 0; i < n; i++) {
            learn(t, c, f, &ch[i]);
            (void) ptn_ics_state_add(t->mb, &r.told, PTN_ICS_GIVEN,
                                     ch[i].mid);
            (void) ptn_ics_state_add(t->mb, &r.told, ch[i].fai
                                     ? PTN_ICS_SEEN_FAI : PTN_ICS_SEEN,
                                     ch[i].cn);
        }

        told += n;

        expect(t, p.normal + p.fai >= told, "not more than foretold");

        if (n == 0 || (cut && roll(t, 2))) {
            break;
        }
    }

    if (!cut) {
        apply_set(t, c, f, ptn_ics_content_told(ics, PTN_ICS_DELETED),
                  PTN_ICS_DELETED);
        expect(t, ptn_idset_ranges(ptn_ics_content_told(ics,
                                           PTN_ICS_OUT_OF_SCOPE)) == 0,
               "no scope");
        apply_set(t, c, f, ptn_ics_content_told(ics, PTN_ICS_BECAME_READ),
                  PTN_ICS_BECAME_READ);
        apply_set(t, c, f, ptn_ics_content_told(ics, PTN_ICS_BECAME_UNREAD),
                  PTN_ICS_BECAME_UNREAD);
    }

    t->checkpoints += cut;

    if (expect(t, ptn_ics_content_state(t->mb, ics, &now) == PTN_OK, "state"))
    {
        expect(t, ptn_idset_count(&now->set[PTN_ICS_GIVEN]) == c->n[f],
               "given is what the client has");
        r.whole = !cut;
        r.more = p.normal + p.fai > told;
        rules(t, &r, ics, now);
        text_put(t, &c->state[f], now);
    }

    ptn_ics_state_done(&r.from);
    ptn_ics_state_done(&r.told);
    ptn_ics_content_close(ics);
}


static void
tree_forget(client_t *c, ptn_id_t id)
{
    unsigned  i;

    for (i = 0; i < c->nfolders; i++) {
        if (c->folders[i].id == id) {
            c->folders[i] = c->folders[--c->nfolders];
            return;
        }
    }
}


static void
tree(test_t *t, client_t *c)
{
    size_t                     n, i, k;
    unsigned                   at;
    uint64_t                   id;
    fcopy_t                   *row;
    ptn_ics_tree_t            *ics;
    ptn_ics_state_t            state;
    const ptn_folder_t        *f;
    const ptn_idset_t         *gone;
    const ptn_ics_state_t     *now;
    ptn_ics_folder_change_t   *ch;

    text_get(t, &c->tree, &state);

    if (!expect(t, ptn_ics_tree_open(t->mb, PTN_FOLDER_IPM_SUBTREE, 0, &state,
                                     &ics) == PTN_OK, "open a tree"))
    {
        return;
    }

    do {
        expect(t, ptn_ics_tree_next(t->mb, ics, t->pool, 1 + roll(t, 9), &ch,
                                    &n) == PTN_OK, "next of a tree");

        for (i = 0; i < n; i++) {
            row = NULL;

            for (at = 0; at < c->nfolders; at++) {
                if (c->folders[at].id == ch[i].id) {
                    row = &c->folders[at];
                }
            }

            expect(t, ch[i].given == (row != NULL), "given, of a folder");

            if (row == NULL) {
                row = &c->folders[c->nfolders++];
            }

            ptn_folder_get(t->mb, ch[i].id, &f);
            row->id = f->id;
            row->parent = f->parent;
            snprintf(row->name, sizeof(row->name), "%.*s",
                     ptn_str_arg(f->name));
        }
    } while (n != 0);

    gone = ptn_ics_tree_deleted(ics);

    for (i = 0; i < gone->nparts; i++) {
        for (k = 0; k < gone->parts[i].n; k++) {
            for (id = gone->parts[i].r[k].lo; id <= gone->parts[i].r[k].hi;
                 id++)
            {
                tree_forget(c, id);
            }
        }
    }

    if (expect(t, ptn_ics_tree_state(t->mb, ics, &now) == PTN_OK,
               "state of a tree"))
    {
        text_put(t, &c->tree, now);
    }

    ptn_ics_tree_close(ics);
}


#endif /* ICS_DOWNLOAD_H */
