/*
 * ics_sync.c: what clients upload.
 */

#ifndef ICS_UPLOAD_H
#define ICS_UPLOAD_H


#include "ics_parts.h"


/* ---- uploads ------------------------------------------------------------- */

static ptn_str_t
gid(test_t *t, ptn_id_t id)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(t->pool, PTN_GID_LEN);
    expect(t, ptn_mbox_replica(t->mb, id, &replid, &guid) == PTN_OK, "gid");
    ptn_eid_gid(guid, id, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


/* A change key of the client's: 16 + 4 bytes. */

static ptn_str_t
xid(test_t *t, client_t *c)
{
    u_char  *p;

    p = ptn_palloc(t->pool, 20);
    memcpy(p, c->guid.b, 16);
    c->change++;
    p[16] = (u_char) (c->change >> 24);
    p[17] = (u_char) (c->change >> 16);
    p[18] = (u_char) (c->change >> 8);
    p[19] = (u_char) c->change;

    return ptn_str_make(p, 20);
}


static ptn_object_t *
object(test_t *t, const char *subject)
{
    ptn_object_t  *o;

    o = ptn_pcalloc(t->pool, sizeof(ptn_object_t));
    ptn_props_set(&o->props, t->pool, PTN_PR_MESSAGE_CLASS,
                  ptn_str("IPM.Note"));
    ptn_props_set(&o->props, t->pool, PTN_PR_SUBJECT,
                  ptn_str_dup(t->pool, ptn_str_z(subject)));
    ptn_props_set(&o->props, t->pool, PTN_PR_BODY, ptn_str("text"));

    return o;
}


/* A number joins the client's state. */

static void
state_add(test_t *t, text_t *text, ptn_ics_set_e which, uint64_t n, bool add)
{
    uint16_t         replid;
    ptn_guid_t       guid;
    ptn_ics_state_t  state;

    text_get(t, text, &state);

    if (add) {
        expect(t, ptn_ics_state_add(t->mb, &state, which, n) == PTN_OK,
               "a number joins");

    } else {
        ptn_mbox_replica(t->mb, n, &replid, &guid);
        ptn_idset_remove(&state.set[which], guid, n & PTN_ID_MAX);
    }

    text_put(t, text, &state);
    ptn_ics_state_done(&state);
}


static void
upload_message(test_t *t, client_t *c, unsigned f)
{
    copy_t              *row;
    ptn_id_t             first;
    ptn_rc_t             rc;
    ptn_txn_t            tx;
    ptn_str_t            pcl;
    char                 subject[24];
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out;

    memset(&in, 0, sizeof(in));
    snprintf(subject, sizeof(subject), "upload %u", ++t->serial);
    row = (c->n[f] && roll(t, 2)) ? &c->rows[f][roll(t, c->n[f])] : NULL;
    in.change_key = xid(t, c);
    in.object = object(t, subject);
    in.modified = 1770000000 + roll(t, 1000);
    in.received = 1770000000 + roll(t, 5);
    rc = ptn_txn_begin(&tx, t->mb);

    if (row == NULL) {
        if (c->n[f] >= ROWS - 100) {
            ptn_txn_done(&tx);
            return;
        }

        if (c->ids == c->ids_end && rc == PTN_OK) {
            rc = ptn_ics_local_ids(&tx, 7, &c->replguid, &first);
            c->ids = first;
            c->ids_end = first + 7;
        }

        /* one in four has an id of the client's own */

        row = &c->rows[f][c->n[f]++];
        memset(row, 0, sizeof(copy_t));
        row->fai = roll(t, 5) == 0;

        if (roll(t, 4)) {
            in.source_key = gid(t, c->ids++);

        } else {
            u_char  *p;

            p = ptn_palloc(t->pool, PTN_GID_LEN);
            ptn_eid_gid(c->guid, c->change, p);
            p[0] ^= 0x80;
            in.source_key = ptn_str_make(p, PTN_GID_LEN);
        }

        pcl = ptn_str_make(NULL, 0);

    } else {
        in.source_key = gid(t, row->mid);
        pcl = ptn_str_make(row->pcl, row->pcl_len);
    }

    in.fai = row->fai;
    expect(t, ptn_pcl_add(t->pool, pcl, in.change_key, &in.pcl) == PTN_OK,
           "a PCL");

    if (rc == PTN_OK) {
        rc = ptn_ics_import_message(&tx, t->pool, folders[f], &in, &out);
    }

    if (rc == PTN_EINVAL && row->mid != 0) {

        /* it was moved to another folder */

        ptn_txn_done(&tx);
        return;
    }

    if (!expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "import")) {
        diag("%s", ptn_err(rc)->name);
        ptn_txn_done(&tx);
        return;
    }

    t->imports++;
    t->conflicts += out.verdict == PTN_ICS_CONFLICT;
    t->gone += out.verdict == PTN_ICS_GONE;
    t->older += out.verdict == PTN_ICS_OLDER;

    if (out.verdict == PTN_ICS_NEW) {
        row->mid = out.mid;
        state_add(t, &c->state[f], PTN_ICS_GIVEN, out.mid, true);
    }

    if (out.verdict != PTN_ICS_GONE) {
        row->pcl_len = in.pcl.len;
        memcpy(row->pcl, in.pcl.data, in.pcl.len);
        snprintf(row->subject, sizeof(row->subject), "%s", subject);

        if (out.seen) {
            row->cn = out.cn;
            state_add(t, &c->state[f], row->fai ? PTN_ICS_SEEN_FAI
                                                : PTN_ICS_SEEN, out.cn, true);
        }
    }
}


static void
upload_delete(test_t *t, client_t *c, unsigned f)
{
    copy_t     *row;
    ptn_rc_t    rc;
    ptn_txn_t   tx;
    ptn_str_t   key;

    if (c->n[f] == 0) {
        return;
    }

    row = &c->rows[f][roll(t, c->n[f])];
    key = gid(t, row->mid);
    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_deletes(&tx, t->pool, folders[f], &key, 1, true);
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK,
           "a deletion is imported");
    state_add(t, &c->state[f], PTN_ICS_GIVEN, row->mid, false);
    forget(c, f, row);
}


static void
upload_reads(test_t *t, client_t *c, unsigned f)
{
    size_t           i, n, ncns;
    copy_t          *row;
    ptn_rc_t         rc;
    ptn_txn_t        tx;
    uint64_t        *cns;
    ptn_ics_read_t   r[3];

    n = ptn_min(c->n[f], 3u);

    for (i = 0; i < n; i++) {
        row = &c->rows[f][roll(t, c->n[f])];
        r[i].source_key = gid(t, row->mid);
        r[i].read = roll(t, 2);

        if (!row->fai) {
            row->seen = r[i].read;
        }
    }

    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_reads(&tx, t->pool, folders[f], r, n, &cns,
                                  &ncns);
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "read states");

    for (i = 0; i < ncns && rc == PTN_OK; i++) {
        state_add(t, &c->state[f], PTN_ICS_READ, cns[i], true);
    }
}


static void
upload_move(test_t *t, client_t *c, unsigned f)
{
    bool                 newer;
    copy_t               row, *from;
    unsigned             to;
    ptn_rc_t             rc;
    ptn_id_t             first;
    ptn_txn_t            tx;
    ptn_guid_t           guid;
    ptn_ics_move_t       mv;
    ptn_ics_imported_t   out;

    to = roll(t, FOLDERS);

    if (c->n[f] == 0 || to == f || c->n[to] >= ROWS - 100) {
        return;
    }

    from = &c->rows[f][roll(t, c->n[f])];
    row = *from;
    memset(&mv, 0, sizeof(mv));
    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_local_ids(&tx, 1, &guid, &first);
    }

    mv.source_folder = gid(t, folders[f]);
    mv.source_key = gid(t, row.mid);
    mv.pcl = ptn_str_make(row.pcl, row.pcl_len);
    mv.dest_key = gid(t, first);
    mv.change_key = xid(t, c);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_move(&tx, t->pool, folders[to], &mv, &out,
                                 &newer);
    }

    if (!expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "a move")) {
        ptn_txn_done(&tx);
        return;
    }

    if (out.verdict == PTN_ICS_GONE) {
        t->gone++;
        return;
    }

    t->moves++;
    state_add(t, &c->state[f], PTN_ICS_GIVEN, row.mid, false);
    forget(c, f, from);
    row.mid = out.mid;
    row.cn = out.cn;
    c->rows[to][c->n[to]++] = row;
    state_add(t, &c->state[to], PTN_ICS_GIVEN, out.mid, true);

    if (out.seen) {
        state_add(t, &c->state[to], row.fai ? PTN_ICS_SEEN_FAI : PTN_ICS_SEEN,
                  out.cn, true);
    }
}


static void
upload_folder(test_t *t, client_t *c)
{
    fcopy_t                   *row;
    ptn_id_t                   first;
    ptn_rc_t                   rc;
    ptn_txn_t                  tx;
    ptn_str_t                  key, pcl;
    ptn_guid_t                 guid;
    const ptn_folder_t        *f;
    ptn_ics_imported_t         out;
    ptn_ics_import_folder_t    in;

    row = c->nfolders ? &c->folders[roll(t, c->nfolders)] : NULL;
    memset(&in, 0, sizeof(in));
    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK && c->nfolders < 120 && roll(t, 2)) {
        rc = ptn_ics_local_ids(&tx, 1, &guid, &first);
        in.source_key = gid(t, first);
        in.parent_key = row && roll(t, 2) ? gid(t, row->id)
                                          : ptn_str_make(NULL, 0);

    } else if (row != NULL && row->id >= PTN_ID_FIRST) {
        in.source_key = gid(t, row->id);
        in.parent_key = gid(t, row->parent);

        if (ptn_folder_get(t->mb, row->id, &f) == PTN_OK
            && ptn_folder_change_key(t->mb, t->pool, row->id, &key, &pcl)
               == PTN_OK && roll(t, 3))
        {
            in.pcl = pcl;
        }

    } else {
        ptn_txn_done(&tx);
        return;
    }

    in.change_key = xid(t, c);
    ptn_pcl_add(t->pool, in.pcl, in.change_key, &in.pcl);
    in.modified = ptn_time_now() / PTN_USEC + roll(t, 3) - 1;
    in.name = ptn_str_printf(t->pool, "folder %u", ++t->serial);

    rc = ptn_ics_import_folder(&tx, t->pool, PTN_FOLDER_IPM_SUBTREE, &in,
                               &out);

    if (rc == PTN_ENOTFOUND || rc == PTN_EINVAL) {
        ptn_txn_done(&tx);      /* its parent is gone, or below it */
        return;
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "a folder");

    if (rc != PTN_OK) {
        diag("%s", ptn_err(rc)->name);
        ptn_txn_done(&tx);
        return;
    }

    t->conflicts += out.verdict == PTN_ICS_CONFLICT;

    if (out.verdict == PTN_ICS_NEW) {
        row = &c->folders[c->nfolders++];
        row->id = out.id;
        ptn_folder_get(t->mb, out.id, &f);
        row->parent = f->parent;
        state_add(t, &c->tree, PTN_ICS_GIVEN, out.id, true);
    }

    if (out.seen) {
        snprintf(row->name, sizeof(row->name), "%.*s", ptn_str_arg(in.name));
        state_add(t, &c->tree, PTN_ICS_SEEN, out.cn, true);
    }
}


#endif /* ICS_UPLOAD_H */
