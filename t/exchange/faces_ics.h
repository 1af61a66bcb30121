/*
 * faces.c: what a client does that synchronises by sets.
 */

#ifndef FACES_ICS_H
#define FACES_ICS_H


#include "faces.h"


/* ---- download by sets ---------------------------------------------------- */

/* A download: of folders, or of a folder's contents. */
typedef struct {
    faces_t            *t;
    uint64_t            max;            /* of a page */
    uint64_t            pages;          /* how many it gets before it leaves */
    ptn_ics_state_t     state;
    ptn_ics_tree_t     *tree;
    ptn_ics_content_t  *content;
} down_t;


static ptn_rc_t
put_folder(down_t *d, const ptn_ics_folder_change_t *ch)
{
    faces_t             *t;
    ptn_rc_t             rc;
    ptn_str_t            key, pcl;
    const ptn_folder_t  *f;

    t = d->t;
    rc = ptn_folder_get(t->mb, ch->id, &f);

    if (rc == PTN_OK) {
        rc = ptn_folder_change_key(t->mb, t->pool, f->id, &key, &pcl);
    }

    if (rc == PTN_OK) {
        put_line(t, "folder");
        put_hex(t, source_key(t, f->id));
        put_hex(t, source_key(t, f->parent));
        put_line(t, "\t%llu", (unsigned long long) f->id);
        put_word(t, f->name);
        put_hex(t, key);
        put_hex(t, pcl);
        put_end(t);
    }

    return rc;
}


static ptn_rc_t
put_change(down_t *d, const ptn_ics_change_t *ch)
{
    faces_t            *t;
    ptn_rc_t            rc;
    ptn_ics_version_t   v;

    t = d->t;

    if (ch->versions != 0) {
        rc = ptn_ics_version(t->mb, t->pool, ch->id, ch->version, &v);

    } else {
        rc = ptn_msg_change_key(t->mb, t->pool, ch->id, &v.change_key,
                                &v.pcl);
    }

    if (rc == PTN_OK) {
        put_line(t, "message");
        put_hex(t, source_key(t, ch->mid));
        put_line(t, "\t%d\t%d\t%d\t%d", ch->fai,
                 (ch->flags & PTN_FLAG_SEEN) != 0,
                 (ch->flags & PTN_FLAG_FLAGGED) != 0, ch->given);
        put_hex(t, v.change_key);
        put_hex(t, v.pcl);

        if (ch->version == 0) {
            rc = put_message(t, ch->id);

        } else {
            put_word(t, ptn_props_get(&v.object->props, PTN_PR_SUBJECT));
            put_word(t, ptn_props_get(&v.object->props, PTN_PR_BODY));
        }

        put_line(t, "\t%u", ch->version);
        put_end(t);
    }

    return rc;
}


/* One page; *ret_n: how many were in it. */

static ptn_rc_t
down_page(down_t *d, size_t *ret_n)
{
    size_t                    i;
    faces_t                  *t;
    ptn_rc_t                  rc;
    ptn_ics_change_t         *ch;
    ptn_ics_folder_change_t  *f;

    t = d->t;
    rc = (d->tree != NULL)
         ? ptn_ics_tree_next(t->mb, d->tree, t->pool, d->max, &f, ret_n)
         : ptn_ics_content_next(t->mb, d->content, t->pool, d->max, 1 << 20,
                                &ch, ret_n);

    for (i = 0; rc == PTN_OK && i < *ret_n; i++) {
        rc = (d->tree != NULL) ? put_folder(d, &f[i]) : put_change(d, &ch[i]);
    }

    return rc;
}


/* All pages, the sets when it stays to the end, and the state. */

static ptn_rc_t
down_run(down_t *d)
{
    size_t                  n;
    faces_t                *t;
    ptn_rc_t                rc;
    const ptn_ics_state_t  *now;

    t = d->t;

    for (n = 1, rc = PTN_OK; rc == PTN_OK && n != 0 && d->pages != 0; ) {
        d->pages--;
        rc = down_page(d, &n);
    }

    if (rc == PTN_OK && n == 0 && d->tree != NULL) {
        put_set(t, "deleted", ptn_ics_tree_deleted(d->tree));

    } else if (rc == PTN_OK && n == 0) {
        put_set(t, "deleted", ptn_ics_content_told(d->content,
                                                   PTN_ICS_DELETED));
        put_set(t, "read", ptn_ics_content_told(d->content,
                                                PTN_ICS_BECAME_READ));
        put_set(t, "unread", ptn_ics_content_told(d->content,
                                                  PTN_ICS_BECAME_UNREAD));
    }

    if (rc == PTN_OK) {
        rc = (d->tree != NULL)
             ? ptn_ics_tree_state(t->mb, d->tree, &now)
             : ptn_ics_content_state(t->mb, d->content, &now);
    }

    return (rc == PTN_OK) ? put_state(t, now) : rc;
}


/* With the state in the words from `at` on; folder 0: the tree. */

static ptn_rc_t
down(down_t *d, ptn_id_t folder, unsigned flags, size_t at)
{
    faces_t   *t;
    ptn_id_t   root;
    ptn_rc_t   rc;

    t = d->t;
    rc = arg_state(t, at, &d->state);

    if (rc == PTN_OK) {
        rc = state_learn(t, &d->state);
    }

    if (rc == PTN_OK && folder != 0) {
        rc = ptn_ics_content_open(t->mb, folder, flags, NULL, &d->state,
                                  &d->content);

    } else if (rc == PTN_OK) {
        rc = ptn_folder_special_id(t->mb, PTN_FOLDER_IPM_SUBTREE, &root);

        if (rc == PTN_OK) {
            rc = ptn_ics_tree_open(t->mb, root, flags, &d->state, &d->tree);
        }
    }

    if (rc == PTN_OK) {
        rc = down_run(d);
    }

    ptn_ics_tree_close(d->tree);
    ptn_ics_content_close(d->content);
    ptn_ics_state_done(&d->state);

    return rc;
}


/* tree STATE: folder SK PARENT-SK ID NAME CK PCL, deleted SK, state */

static ptn_rc_t
ics_tree(faces_t *t)
{
    down_t  d = { .t = t, .max = 5, .pages = UINT64_MAX };

    return down(&d, 0, 0, 0);
}


/*
 * contents FOLDER FLAGS MAX PAGES STATE: message SK FAI READ FLAGGED GIVEN CK
 * PCL SUBJECT BODY VERSION, deleted SK, read SK, unread SK, state; PAGES: how
 * many pages of MAX it gets before the client leaves.
 */

static ptn_rc_t
ics_contents(faces_t *t)
{
    down_t  d = { .t = t, .max = arg_u64(t, 2), .pages = arg_u64(t, 3) };

    return down(&d, arg_u64(t, 0), (unsigned) arg_u64(t, 1), 4);
}


/* add SET NUMBER|SK:HEX STATE: state */

static ptn_rc_t
ics_add(faces_t *t)
{
    unsigned         which;
    ptn_rc_t         rc;
    ptn_ics_state_t  state;

    which = (unsigned) arg_u64(t, 0);
    rc = arg_state(t, 2, &state);

    if (rc == PTN_OK) {
        rc = (which < PTN_ICS_SETS)
             ? ptn_ics_state_add(t->mb, &state, (ptn_ics_set_e) which,
                                 arg_u64(t, 1))
             : PTN_EINVAL;
    }

    if (rc == PTN_OK) {
        rc = put_state(t, &state);
    }

    ptn_ics_state_done(&state);

    return rc;
}


/* ---- uploads ------------------------------------------------------------- */

static ptn_rc_t
put_imported(faces_t *t, const ptn_ics_imported_t *ret, bool newer)
{
    put_line(t, "imported\t%d\t%llu\t%llu\t%llu\t%d\t%llu\t%d\n",
             ret->verdict, (unsigned long long) ret->id,
             (unsigned long long) ret->mid, (unsigned long long) ret->cn,
             ret->seen, (unsigned long long) ret->versions, newer);

    return PTN_OK;
}


/* ids N: REPLGUID FIRST */

static ptn_rc_t
ics_ids(faces_t *t)
{
    ptn_id_t    first;
    ptn_rc_t    rc;
    ptn_guid_t  guid;

    rc = ptn_ics_local_ids(&t->tx, (uint32_t) arg_u64(t, 0), &guid, &first);

    if (rc == PTN_OK) {
        put_line(t, "ids");
        put_hex(t, ptn_str_make(guid.b, 16));
        put_line(t, "\t%llu\n", (unsigned long long) first);
    }

    return rc;
}


/* put FOLDER SK CK PCL MODIFIED FAI FAIL SUBJECT BODY READ FLAGGED RECEIVED */

static ptn_rc_t
ics_put(faces_t *t)
{
    ptn_rc_t            rc;
    ptn_ics_import_t    in;
    ptn_ics_imported_t  out;

    memset(&in, 0, sizeof(in));
    in.source_key = arg_hex(t, 1);
    in.change_key = arg_hex(t, 2);
    in.pcl = arg_hex(t, 3);
    in.modified = (int64_t) arg_u64(t, 4);
    in.fai = arg_is(t, 5, "1");
    in.fail_on_conflict = arg_is(t, 6, "1");
    in.object = object_of(t, t->word[7], t->word[8], arg_is(t, 10, "1"));
    in.flags = (arg_is(t, 9, "1") ? PTN_FLAG_SEEN : 0)
               | (arg_is(t, 10, "1") ? PTN_FLAG_FLAGGED : 0);
    in.received = (int64_t) arg_u64(t, 11);

    rc = ptn_ics_import_message(&t->tx, t->pool, arg_u64(t, 0), &in, &out);

    return (rc == PTN_OK) ? put_imported(t, &out, false) : rc;
}


/* reads FOLDER (SK 0|1)...: cn N */

static ptn_rc_t
ics_reads(faces_t *t)
{
    size_t           i, n;
    uint64_t        *cns;
    ptn_rc_t         rc;
    ptn_ics_read_t  *reads;

    reads = ptn_parray(t->pool, t->n, sizeof(ptn_ics_read_t));

    for (i = 1, n = 0; i + 1 < t->n; i += 2) {
        reads[n].source_key = arg_hex(t, i);
        reads[n++].read = arg_is(t, i + 1, "1");
    }

    rc = ptn_ics_import_reads(&t->tx, t->pool, arg_u64(t, 0), reads, n, &cns,
                              &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        put_line(t, "cn\t%llu\n", (unsigned long long) cns[i]);
    }

    return rc;
}


/* deletes FOLDER HARD SK...; 0 as FOLDER: folders below the top */

static ptn_rc_t
ics_deletes(faces_t *t)
{
    size_t      i, n;
    ptn_id_t    root;
    ptn_rc_t    rc;
    ptn_str_t  *keys;

    keys = ptn_parray(t->pool, t->n, sizeof(ptn_str_t));

    for (i = 2, n = 0; i < t->n; i++) {
        keys[n++] = arg_hex(t, i);
    }

    if (arg_u64(t, 0) != 0) {
        return ptn_ics_import_deletes(&t->tx, t->pool, arg_u64(t, 0), keys, n,
                                      arg_is(t, 1, "1"));
    }

    rc = ptn_folder_special_id(t->mb, PTN_FOLDER_IPM_SUBTREE, &root);

    return (rc == PTN_OK)
           ? ptn_ics_import_folder_deletes(&t->tx, root, keys, n,
                                           arg_is(t, 1, "1"))
           : rc;
}


/* move FOLDER SOURCE-FOLDER-SK SK PCL DEST-SK CK */

static ptn_rc_t
ics_move(faces_t *t)
{
    bool                newer;
    ptn_rc_t            rc;
    ptn_ics_move_t      move;
    ptn_ics_imported_t  out;

    memset(&move, 0, sizeof(move));
    move.source_folder = arg_hex(t, 1);
    move.source_key = arg_hex(t, 2);
    move.pcl = arg_hex(t, 3);
    move.dest_key = arg_hex(t, 4);
    move.change_key = arg_hex(t, 5);
    rc = ptn_ics_import_move(&t->tx, t->pool, arg_u64(t, 0), &move, &out,
                             &newer);

    return (rc == PTN_OK) ? put_imported(t, &out, newer) : rc;
}


/* putfolder PARENT-SK SK CK PCL MODIFIED NAME */

static ptn_rc_t
ics_putfolder(faces_t *t)
{
    ptn_id_t                  root;
    ptn_rc_t                  rc;
    ptn_ics_imported_t        out;
    ptn_ics_import_folder_t   in;

    memset(&in, 0, sizeof(in));
    in.parent_key = arg_hex(t, 0);
    in.source_key = arg_hex(t, 1);
    in.change_key = arg_hex(t, 2);
    in.pcl = arg_hex(t, 3);
    in.modified = (int64_t) arg_u64(t, 4);
    in.name = t->word[5];
    rc = ptn_folder_special_id(t->mb, PTN_FOLDER_IPM_SUBTREE, &root);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_folder(&t->tx, t->pool, root, &in, &out);
    }

    return (rc == PTN_OK) ? put_imported(t, &out, false) : rc;
}


#endif /* FACES_ICS_H */
