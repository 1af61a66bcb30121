/*
 * What differs between a client's state and a folder (MS-OXCFXICS 3.2.5.3).
 *
 * open goes over the rows once, in one read transaction (ptn_ics_scan.c): it
 * counts, finds the read states and the deletions, and keeps the first changes
 * as a list.  Pages look each of the list up again, unless nothing was
 * committed since; when it is used up and there are more the rows are gone over
 * from where it ended.
 */

#include <stdlib.h>

#include "ptn_ics_content.h"


ptn_rc_t
ptn_ics_content_open(ptn_mbox_t *mb, ptn_id_t folder, unsigned flags,
    const ptn_restrict_t *restriction, ptn_ics_state_t *state,
    ptn_ics_content_t **ret)
{
    ptn_rc_t            rc;
    ptn_ics_content_t  *c;

    rc = ptn_rights_need(mb, folder, PTN_RIGHT_READ_ANY);

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc == PTN_OK && mb->batch) {
        rc = ptn_folder_flush(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    c = calloc(1, sizeof(ptn_ics_content_t));
    if (c == NULL) {
        return PTN_ENOMEM;
    }

    c->folder = folder;
    c->flags = flags;
    c->epoch = mb->meta.epoch;
    c->sorted = (flags & PTN_ICS_BY_DELIVERY) != 0;

    c->pool = ptn_pool_create(0, NULL);
    rc = (c->pool == NULL) ? PTN_ENOMEM : PTN_OK;

    if (rc == PTN_OK && restriction != NULL) {
        rc = ptn_filter_make(c->pool, restriction, 0, &c->filter);
    }

    if (rc == PTN_OK) {
        rc = ptn_mark_hidden(mb, c->pool, folder, &c->hidden, &c->nhidden);
    }

    if (rc == PTN_OK) {
        c->from = *state;
        memset(state, 0, sizeof(ptn_ics_state_t));
        rc = ptn_ics_open_read(mb, c);
    }

    if (rc != PTN_OK) {
        ptn_ics_content_close(c);
        return rc;
    }

    *ret = c;

    return PTN_OK;
}


void
ptn_ics_content_close(ptn_ics_content_t *c)
{
    unsigned  i;

    if (c == NULL) {
        return;
    }

    ptn_ics_state_done(&c->from);
    ptn_ics_state_done(&c->state);
    ptn_idset_done(&c->told_ids);
    ptn_idset_done(&c->read_cns);

    for (i = 0; i < 2; i++) {
        ptn_idset_done(&c->told_cns[i]);
        ptn_idset_done(&c->hold[i]);
    }

    for (i = 0; i < PTN_ICS_TOLD_SETS; i++) {
        ptn_idset_done(&c->sets[i]);
    }

    if (c->pool != NULL) {
        ptn_pool_destroy(c->pool);
    }

    free(c->list);
    free(c->rows);
    free(c);
}


void
ptn_ics_content_progress(const ptn_ics_content_t *c, ptn_ics_progress_t *ret)
{
    *ret = c->progress;
}


/* ---- pages --------------------------------------------------------------- */

static ptn_rc_t
ptn_ics_still_in(ptn_mbox_t *mb, ptn_ics_content_t *c, ptn_pool_t *pool,
    ptn_id_t id, bool *ret_in)
{
    ptn_rc_t    rc;
    ptn_item_t  item;

    *ret_in = true;

    if (c->filter == NULL) {
        return PTN_OK;
    }

    rc = ptn_item_get(mb, pool, id, &item);

    if (rc == PTN_OK) {
        rc = ptn_reader_show(mb, &item.info);
    }

    return (rc == PTN_OK) ? ptn_ics_in_scope(mb, c, pool, &item, ret_in) : rc;
}


/* As it is now.  AGAIN: it is not there. */

static ptn_rc_t
ptn_ics_look_again(ptn_mbox_t *mb, ptn_id_t id, ptn_ics_row_t *row,
    ptn_id_t *ret_folder)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, PTN_SQL_ICS_ONE, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) id);
    rc = ptn_sql_step(mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_AGAIN : rc;
    }

    *ret_folder = ptn_sql_u64(st, 10);
    rc = ptn_ics_row_read(mb, st, *ret_folder, row);
    sqlite3_reset(st);

    return rc;
}


/* Which groups changed since the client's version (2.2.4.3.x). */

static ptn_rc_t
ptn_ics_look_groups(const ptn_ics_pass_t *p, ptn_ics_change_t *ch)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    ch->groups = PTN_GROUP_ALL;

    if (!ch->given || !(p->c->flags & PTN_ICS_GROUPS)) {
        return PTN_OK;
    }

    st = ptn_sql(p->mb, PTN_SQL_ICS_GROUPS, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) ch->id);
    rc = ptn_sql_step(p->mb, st);

    if (rc != PTN_AGAIN) {
        return (rc == PTN_OK) ? PTN_ECORRUPT : rc;
    }

    ch->groups = ptn_group_unseen(ptn_sql_column(st, 0), ch->cn,
                                  &p->seen[ch->fai]);
    sqlite3_reset(st);

    return PTN_OK;
}


/* A version is told whole (2.2.4.3.11). */

static ptn_rc_t
ptn_ics_look_versions(const ptn_ics_pass_t *p, ptn_ics_change_t *ch)
{
    ptn_rc_t  rc;
    uint32_t  n;

    rc = ptn_conflict_versions(p->mb, ch->id, &n);

    if (rc == PTN_OK && n > 1) {
        ch->versions = n;
        ch->groups = PTN_GROUP_ALL;
    }

    return rc;
}


/*
 * The change at the list's place.  AGAIN: it is not there as it was, or out of
 * scope.  While nothing was committed since, the rows are as they were.
 */

static ptn_rc_t
ptn_ics_look(ptn_ics_pass_t *p, ptn_pool_t *pool, ptn_ics_change_t *ch)
{
    bool                in;
    ptn_id_t            folder;
    ptn_rc_t            rc;
    ptn_ics_row_t       row;
    ptn_ics_content_t  *c;

    c = p->c;
    folder = c->folder;

    if (!c->sorted && p->now != 0 && p->now == c->rows_cn) {
        row = c->rows[c->at];

    } else {
        rc = ptn_ics_look_again(p->mb, c->list[c->at].id, &row, &folder);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (folder != c->folder || row.cn > c->upto
        || ptn_mark_hides(c->hidden, c->nhidden, row.id))
    {
        return PTN_AGAIN;
    }

    ch->id = row.id;
    ch->mid = row.mid;
    ch->cn = row.cn;
    ch->flags = row.flags;
    ch->size = row.size;
    ch->received = row.received;
    ch->fai = row.fai;
    ch->given = ptn_ics_has(&p->given, ch->mid);
    ch->version = 0;
    ch->versions = 0;
    rc = ptn_ics_look_groups(p, ch);

    if (rc == PTN_OK && row.conflict) {
        rc = ptn_ics_look_versions(p, ch);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_still_in(p->mb, c, pool, row.id, &in);
    }

    return (rc == PTN_OK && !in) ? PTN_AGAIN : rc;
}


/* A change that is returned counts as told, with all its versions. */

static ptn_rc_t
ptn_ics_tell(ptn_ics_pass_t *p, const ptn_ics_change_t *one,
    ptn_ics_change_t *ch, size_t *n)
{
    ptn_rc_t  rc;
    uint32_t  i;

    for (i = 0; i < ptn_max(one->versions, 1u); i++) {
        ch[*n] = *one;
        ch[*n].version = i;
        ch[*n].size = (i == 0) ? one->size : 0;
        (*n)++;
    }

    rc = ptn_ics_set_add(p->mb, &p->c->told_cns[one->fai], one->cn);

    return (rc == PTN_OK) ? ptn_ics_set_add(p->mb, &p->c->told_ids, one->mid)
                          : rc;
}


static ptn_rc_t
ptn_ics_page(ptn_ics_pass_t *p, ptn_pool_t *pool, ptn_pool_t *scratch,
    size_t max, uint64_t bytes, ptn_ics_change_t **ret_changes,
    size_t *ret_n)
{
    size_t              n;
    ptn_rc_t            rc;
    uint64_t            sum;
    ptn_ics_change_t   *ch, one;
    ptn_ics_content_t  *c;

    c = p->c;
    ch = ptn_parray(pool, max + PTN_VERSIONS_MAX, sizeof(ptn_ics_change_t));
    if (ch == NULL) {
        return PTN_ENOMEM;
    }

    for (n = 0, sum = 0; n < max; ) {
        if (c->at == c->n) {
            if (!c->more) {
                c->all = true;
                break;
            }

            rc = ptn_ics_refill(p->mb, c);
            if (rc != PTN_OK) {
                return rc;
            }

            continue;
        }

        rc = ptn_ics_look(p, scratch, &one);

        if (c->filter != NULL) {
            ptn_pool_reset(scratch);
        }

        if (rc == PTN_AGAIN) {
            c->at++;
            continue;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (n != 0 && (sum + one.size > bytes || n + one.versions > max)) {
            break;
        }

        rc = ptn_ics_tell(p, &one, ch, &n);
        if (rc != PTN_OK) {
            return rc;
        }

        c->at++;
        sum += one.size;
    }

    *ret_changes = ch;
    *ret_n = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_ics_content_ready(ptn_mbox_t *mb, const ptn_ics_content_t *c)
{
    ptn_rc_t  rc;

    rc = ptn_rights_need(mb, c->folder, PTN_RIGHT_READ_ANY);

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    return (rc == PTN_OK && mb->meta.epoch != c->epoch) ? PTN_ESTALE : rc;
}


ptn_rc_t
ptn_ics_content_next(ptn_mbox_t *mb, ptn_ics_content_t *c, ptn_pool_t *pool,
    size_t max, uint64_t bytes, ptn_ics_change_t **ret_changes,
    size_t *ret_n)
{
    bool             reading;
    ptn_rc_t         rc;
    ptn_pool_t      *scratch;
    ptn_ics_pass_t   p;

    reading = mb->reading;
    rc = ptn_mbox_read(mb);     /* one snapshot, and no lock for each row */

    if (rc == PTN_OK) {
        rc = ptn_ics_content_ready(mb, c);
    }

    scratch = (rc == PTN_OK) ? ptn_content_pool(mb->store, 0) : NULL;

    if (rc == PTN_OK && scratch == NULL) {
        rc = PTN_ENOMEM;
    }

    if (rc == PTN_OK) {
        max = ptn_min(ptn_max(max, (size_t) 1), (size_t) PTN_ICS_LIST);
        ptn_ics_pass_begin(&p, mb, c);
        rc = ptn_ics_rows_cn(mb, &p.now);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_page(&p, pool, scratch, max, bytes, ret_changes, ret_n);
    }

    if (scratch != NULL) {
        ptn_pool_destroy(scratch);
    }

    if (!reading) {
        ptn_mbox_read_end(mb);
    }

    return rc;
}


const ptn_idset_t *
ptn_ics_content_told(ptn_ics_content_t *c, ptn_ics_told_e which)
{
    if (which >= PTN_ICS_TOLD_SETS) {
        return NULL;
    }

    c->told[which] = true;

    return &c->sets[which];
}


/* ---- the client's state -------------------------------------------------- */

static bool
ptn_ics_is_final(const ptn_ics_content_t *c)
{
    unsigned  i;

    for (i = 0; i < PTN_ICS_TOLD_SETS; i++) {
        if (!c->told[i] && ptn_idset_ranges(&c->sets[i]) != 0) {
            return false;
        }
    }

    return c->all;
}


/* Of `to`, which was seen: what was told, and at the end all but `hold`. */

static ptn_rc_t
ptn_ics_state_seen(ptn_mbox_t *mb, const ptn_ics_content_t *c,
    ptn_idset_t *to, const ptn_idset_t *told, const ptn_idset_t *hold,
    bool final)
{
    ptn_rc_t     rc;
    ptn_idset_t  all;

    memset(&all, 0, sizeof(all));
    rc = ptn_idset_union(to, told);

    if (rc == PTN_OK && final) {
        rc = ptn_ics_set_all(mb, &all, c->upto);

        if (rc == PTN_OK && hold != NULL) {
            rc = ptn_idset_minus(&all, hold);
        }

        if (rc == PTN_OK) {
            rc = ptn_idset_union(to, &all);
        }
    }

    ptn_idset_done(&all);

    return rc;
}


static ptn_rc_t
ptn_ics_state_given(ptn_ics_content_t *c, ptn_idset_t *given)
{
    ptn_rc_t  rc;

    rc = ptn_idset_union(given, &c->told_ids);

    if (rc == PTN_OK && c->told[PTN_ICS_DELETED]) {
        rc = ptn_idset_minus(given, &c->sets[PTN_ICS_DELETED]);
    }

    if (rc == PTN_OK && c->told[PTN_ICS_OUT_OF_SCOPE]) {
        rc = ptn_idset_minus(given, &c->sets[PTN_ICS_OUT_OF_SCOPE]);
    }

    return rc;
}


ptn_rc_t
ptn_ics_content_state(ptn_mbox_t *mb, ptn_ics_content_t *c,
    const ptn_ics_state_t **ret_state)
{
    bool          final;
    unsigned      i;
    ptn_rc_t      rc;
    ptn_idset_t  *set;

    static const ptn_idset_t  none;

    rc = ptn_ics_content_ready(mb, c);

    for (i = 0; i < 2 && rc == PTN_OK; i++) {
        rc = ptn_idset_ready(&c->hold[i]);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_state_copy(&c->state, &c->from);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    final = ptn_ics_is_final(c);
    set = c->state.set;
    rc = ptn_ics_state_given(c, &set[PTN_ICS_GIVEN]);

    if (rc == PTN_OK && (c->flags & PTN_ICS_NORMAL)) {
        rc = ptn_ics_state_seen(mb, c, &set[PTN_ICS_SEEN], &c->told_cns[0],
                                &c->hold[0], final);
    }

    if (rc == PTN_OK && (c->flags & PTN_ICS_FAI)) {
        rc = ptn_ics_state_seen(mb, c, &set[PTN_ICS_SEEN_FAI],
                                &c->told_cns[1], &c->hold[1], final);
    }

    if (rc == PTN_OK && (c->flags & PTN_ICS_READ_STATE)) {
        rc = ptn_ics_state_seen(mb, c, &set[PTN_ICS_READ],
                                c->told[PTN_ICS_BECAME_READ]
                                && c->told[PTN_ICS_BECAME_UNREAD]
                                ? &c->read_cns : &none, NULL, final);
    }

    if (rc == PTN_OK) {
        *ret_state = &c->state;
    }

    return rc;
}
