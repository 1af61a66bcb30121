/*
 * t/unit/engine_ops.h, first part: what works on one mailbox within a
 * transaction.
 */

#ifndef ENGINE_CALLS_H
#define ENGINE_CALLS_H


#include <zdict.h>

#include "engine_site.h"


/* ---- what they work on --------------------------------------------------- */

static inline ptn_id_t
engine_nth(ptn_mbox_t *mb, ptn_id_t folder, uint32_t seq)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;

    if (ptn_view_get(mb, folder, &view) == PTN_OK) {
        if (seq <= ptn_view_count(view)) {
            ptn_view_row(view, seq, &row);
        }

        ptn_view_unref(view);
    }

    return row.id;
}


static inline ptn_id_t
engine_folder(ptn_mbox_t *mb, const char *name)
{
    size_t               i, n;
    const ptn_folder_t  *f;

    if (ptn_folder_list_all(mb, &f, &n) == PTN_OK) {
        for (i = 0; i < n; i++) {
            if (ptn_str_eqz(f[i].name, name)) {
                return f[i].id;
            }
        }
    }

    return 0;
}


static inline ptn_rc_t
engine_add(ptn_txn_t *tx, engine_t *e, ptn_id_t folder, unsigned n,
    size_t size, ptn_id_t *ret_id)
{
    size_t          i;
    ptn_rc_t        rc;
    ptn_buf_t       b;
    ptn_append_t    a;
    ptn_appended_t  app;

    ptn_buf_init(&b, e->pool);
    ptn_buf_printf(&b, "From: a@example.test\r\nSubject: mail %u\r\n"
                   "Disposition-Notification-To: a@example.test\r\n\r\n", n);

    for (i = 0; i < size; i += 50) {
        ptn_buf_printf(&b, "%016llx%016llx some words\r\n",
                       (unsigned long long) ((i + n) * 0x9e3779b97f4a7c15ULL),
                       (unsigned long long) ((i + n) * 0xbf58476d1ce4e5b9ULL));
    }

    if (b.failed) {
        return PTN_ENOMEM;
    }

    memset(&a, 0, sizeof(a));
    a.raw = ptn_buf_get(&b);
    a.received = ENGINE_EPOCH + n;
    a.delivery = true;
    a.key = ptn_str_printf(e->pool, "key %u", n);
    rc = ptn_msg_append(tx, folder, &a, &app);

    if (rc == PTN_OK && ret_id != NULL) {
        *ret_id = app.id;
    }

    return rc;
}


/* The first error of a chain of calls. */
#define ENGINE_TRY(rc, call)                                                  \
    do { if ((rc) == PTN_OK) { (rc) = (call); } } while (0)


static ptn_rc_t
op_open(engine_t *e)
{
    return engine_mboxes(e);
}


/* ---- messages, folders --------------------------------------------------- */

static ptn_rc_t
op_deliver(ptn_txn_t *tx, engine_t *e)
{
    unsigned  i;
    ptn_rc_t  rc;

    rc = engine_add(tx, e, 0, 1, 100, NULL);
    ENGINE_TRY(rc, engine_add(tx, e, 0, 2, 150000, NULL));

    for (i = 3; i < 12; i++) {
        ENGINE_TRY(rc, engine_add(tx, e, 0, i, 200 * i, NULL));
    }

    return rc;
}


static ptn_rc_t
op_flags(ptn_txn_t *tx, engine_t *e)
{
    unsigned   bit;
    uint32_t   uids[2] = { 1, 2 };
    uint64_t   modseq;
    ptn_id_t   id;
    ptn_rc_t   rc;

    (void) e;
    id = engine_nth(tx->mb, PTN_FOLDER_INBOX, 3);
    rc = ptn_keyword_add(tx, ptn_str("$Work"), &bit);

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_msg_flags(tx, PTN_FOLDER_INBOX, uids, 2, PTN_FLAGS_ADD,
                       PTN_FLAG_SEEN|PTN_FLAG_DELETED, 1ULL << bit, 0, NULL);
    ENGINE_TRY(rc, ptn_msg_flags_ids(tx, &id, 1, PTN_FLAGS_SET,
                                     PTN_FLAG_FLAGGED, 0, &modseq));

    return rc;
}


static ptn_rc_t
op_folders(ptn_txn_t *tx, engine_t *e)
{
    ptn_id_t        a, b;
    ptn_rc_t        rc;
    ptn_bag_prop_t  p = { PTN_PR_COMMENT, ptn_str("a comment") };

    rc = ptn_folder_create(tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("a"), NULL, &a);
    ENGINE_TRY(rc, ptn_folder_create(tx, a, ptn_str("b"), NULL, &b));
    ENGINE_TRY(rc, ptn_folder_subscribe(tx, b, true));
    ENGINE_TRY(rc, ptn_folder_props_set(tx, a, &p, 1));
    ENGINE_TRY(rc, engine_add(tx, e, b, 20, 300, NULL));

    return rc;
}


static ptn_rc_t
op_copy(ptn_txn_t *tx, engine_t *e)
{
    uint32_t   uids[2] = { 2, 3 }, *got;
    ptn_id_t   a, ids[2], *out;
    ptn_rc_t   rc;

    a = engine_folder(tx->mb, "a");
    ids[0] = engine_nth(tx->mb, PTN_FOLDER_INBOX, 1);
    ids[1] = engine_nth(tx->mb, PTN_FOLDER_INBOX, 2);
    rc = ptn_msg_copy(tx, e->pool, PTN_FOLDER_INBOX, uids, 2, a, &got);
    ENGINE_TRY(rc, ptn_msg_copy_ids(tx, e->pool, PTN_FOLDER_INBOX, ids, 2, a,
                                    &out));

    return rc;
}


static ptn_rc_t
op_move(ptn_txn_t *tx, engine_t *e)
{
    uint32_t   uid = 4, *got;
    ptn_id_t   a, id, *out;
    ptn_rc_t   rc;

    a = engine_folder(tx->mb, "a");
    id = engine_nth(tx->mb, PTN_FOLDER_INBOX, 5);
    rc = ptn_msg_move(tx, e->pool, PTN_FOLDER_INBOX, &uid, 1, a, &got);
    ENGINE_TRY(rc, ptn_msg_move_ids(tx, e->pool, PTN_FOLDER_INBOX, &id, 1, a,
                                    &out));

    return rc;
}


static ptn_rc_t
op_create(ptn_txn_t *tx, engine_t *e)
{
    size_t         i;
    u_char        *noise;
    uint16_t       id;
    ptn_rc_t       rc;
    ptn_save_t     save;
    ptn_saved_t    saved;
    ptn_named_t    name;
    ptn_object_t   o;
    ptn_attach_t   at;

    memset(&o, 0, sizeof(o));
    memset(&at, 0, sizeof(at));
    memset(&save, 0, sizeof(save));
    memset(&name, 0, sizeof(name));
    noise = ptn_palloc(e->pool, 20000);

    if (noise == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < 20000; i++) {
        noise[i] = (u_char) (i * 2654435761u >> 13);
    }

    name.by_name = true;
    name.name = ptn_str("colour");
    at.num = 1;
    at.part = PTN_PART_NONE;
    at.has_data = true;
    at.data = ptn_str_make(noise, 20000);
    at.size = 20000;
    o.attachs = &at;
    o.nattachs = 1;
    rc = ptn_props_set(&at.props, e->pool, PTN_PR_ATTACH_LONG_FILENAME,
                       ptn_str("noise.bin"));
    ENGINE_TRY(rc, ptn_props_set_int(&at.props, e->pool, PTN_PR_ATTACH_METHOD,
                                     1));
    ENGINE_TRY(rc, ptn_props_set(&o.props, e->pool, PTN_PR_SUBJECT,
                                 ptn_str("object")));
    ENGINE_TRY(rc, ptn_props_set(&o.props, e->pool, PTN_PR_BODY,
                                 ptn_str("text")));
    ENGINE_TRY(rc, ptn_props_set(&o.props, e->pool, 0x67f20102,
                                 ptn_str_make(noise, 9000)));
    ENGINE_TRY(rc, ptn_named_ids(tx->mb, tx, &name, 1, &id));

    if (rc == PTN_OK) {
        rc = ptn_props_set(&o.props, e->pool,
                           (uint32_t) id << 16 | PTN_PT_UNICODE,
                           ptn_str("blue"));
    }

    ENGINE_TRY(rc, ptn_txn_mid(tx, &save.mid));
    save.object = &o;
    save.received = ENGINE_EPOCH + 30;
    ENGINE_TRY(rc, ptn_msg_create(tx, e->pool, PTN_FOLDER_DRAFTS, &save,
                                  &saved));

    return rc;
}


static ptn_rc_t
op_update(ptn_txn_t *tx, engine_t *e)
{
    ptn_id_t             id;
    ptn_rc_t             rc;
    ptn_msg_t           *msg;
    ptn_save_t           save;
    ptn_saved_t          saved;
    ptn_object_t         o;
    const ptn_object_t  *was;

    memset(&save, 0, sizeof(save));
    id = engine_nth(tx->mb, PTN_FOLDER_INBOX, 1);
    rc = ptn_msg_open(tx->mb, e->pool, id, &msg);
    ENGINE_TRY(rc, ptn_msg_object(msg, PTN_OXCMAIL_ALL, &was));

    if (rc != PTN_OK) {
        return rc;
    }

    o = *was;
    o.props.p = ptn_pmemdup(e->pool, was->props.p,
                            was->props.n * sizeof(ptn_bag_prop_t));
    o.props.size = was->props.n;
    save.object = &o;

    if (o.props.p == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_props_set(&o.props, e->pool, PTN_PR_SUBJECT, ptn_str("edited"));
    ENGINE_TRY(rc, ptn_msg_update(tx, e->pool, id, &save, 0, &saved));

    return rc;
}


static ptn_rc_t
op_props(ptn_txn_t *tx, engine_t *e)
{
    bool           *due;
    uint32_t        was;
    ptn_id_t        id;
    ptn_rc_t        rc;
    ptn_saved_t     saved;
    ptn_bag_prop_t  p[2];

    memset(p, 0, sizeof(p));
    id = engine_nth(tx->mb, PTN_FOLDER_INBOX, 1);
    p[0].tag = 0x67f30102;
    p[0].value = ptn_str_make(ptn_pcalloc(e->pool, 10000), 10000);
    p[1].tag = 0x67f4001f;
    p[1].value = ptn_str("small");

    if (p[0].value.data == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_msg_set_props(tx, e->pool, id, p, 2, &saved);
    ENGINE_TRY(rc, ptn_msg_status_set(tx, id, 0x1000, 0x1000, &was));
    ENGINE_TRY(rc, ptn_msg_name_set(tx, id, PTN_NAME_HREF, ptn_str("x.ics")));
    ENGINE_TRY(rc, ptn_msg_read_ids(tx, e->pool, &id, 1, 0, &due));

    return rc;
}


/* ---- deletion and what comes back ---------------------------------------- */

static ptn_rc_t
op_gone(ptn_txn_t *tx, engine_t *e)
{
    uint32_t   uid = 6;
    ptn_id_t   ids[2];
    ptn_rc_t   rc;

    (void) e;
    ids[0] = engine_nth(tx->mb, PTN_FOLDER_INBOX, 1);
    ids[1] = engine_nth(tx->mb, PTN_FOLDER_INBOX, 2);
    rc = ptn_msg_nonread_ids(tx, ids, 2);
    ENGINE_TRY(rc, ptn_msg_gone_ids(tx, ids, 2));
    ENGINE_TRY(rc, ptn_msg_gone(tx, PTN_FOLDER_INBOX, &uid, 1));

    return rc;
}


static ptn_rc_t
op_recover(ptn_txn_t *tx, engine_t *e)
{
    size_t       n;
    ptn_id_t    *ids;
    ptn_rc_t     rc;
    ptn_gone_t  *rows;

    rc = ptn_gone_list(tx->mb, e->pool, PTN_FOLDER_INBOX, false, 0, 2, &rows,
                       &n);

    if (rc == PTN_OK && n != 2) {
        return PTN_EINTERNAL;
    }

    ENGINE_TRY(rc, ptn_gone_recover(tx, e->pool, &rows[0].id, 1, 0, &ids));
    ENGINE_TRY(rc, ptn_gone_expunge_ids(tx, &rows[1].id, 1));

    return rc;
}


static ptn_rc_t
op_remove(ptn_txn_t *tx, engine_t *e)
{
    bool  partial;

    (void) e;

    return ptn_folder_remove(tx, engine_folder(tx->mb, "a"),
                             PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS,
                             &partial);
}


static ptn_rc_t
op_bring(ptn_txn_t *tx, engine_t *e)
{
    size_t              n;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_gone_folders(tx->mb, e->pool, PTN_FOLDER_IPM_SUBTREE, &f, &n);

    return rc == PTN_OK
           ? ptn_gone_folder_recover(tx, f[0].id, 0, ptn_str("back")) : rc;
}


static ptn_rc_t
op_copy_folder(ptn_txn_t *tx, engine_t *e)
{
    bool                more;
    ptn_rc_t            rc;
    ptn_folder_copy_t  *copy;

    rc = ptn_folder_copy_begin(tx, e->pool, engine_folder(tx->mb, "back"),
                               PTN_FOLDER_IPM_SUBTREE, ptn_str("copy"), true,
                               &copy);
    ENGINE_TRY(rc, ptn_folder_copy_some(tx, copy, 1, &more));
    ENGINE_TRY(rc, ptn_folder_copy_some(tx, copy, 100, &more));
    ENGINE_TRY(rc, ptn_folder_move(tx, ptn_folder_copy_id(copy),
                                   PTN_FOLDER_INBOX, ptn_str("moved")));

    return rc;
}


static ptn_rc_t
op_clear(ptn_txn_t *tx, engine_t *e)
{
    bool      partial, more;
    ptn_id_t  id;
    ptn_rc_t  rc;

    (void) e;
    id = engine_folder(tx->mb, "moved");
    rc = ptn_folder_clear(tx, id, 0, 2, &partial, &more);
    ENGINE_TRY(rc, ptn_folder_delete(tx, id, true));

    return rc;
}


static ptn_rc_t
op_for_good(ptn_txn_t *tx, engine_t *e)
{
    bool                partial;
    size_t              n;
    ptn_id_t            id;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_folder_create(tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("c"), NULL,
                           &id);
    ENGINE_TRY(rc, engine_add(tx, e, id, 40, 100, NULL));
    ENGINE_TRY(rc, ptn_folder_remove(tx, id, PTN_REMOVE_MESSAGES, &partial));
    ENGINE_TRY(rc, ptn_gone_folders(tx->mb, e->pool, PTN_FOLDER_IPM_SUBTREE,
                                    &f, &n));

    return rc == PTN_OK ? ptn_gone_folder_delete(tx, f[0].id) : rc;
}


static ptn_rc_t
op_expunge(ptn_txn_t *tx, engine_t *e)
{
    uint32_t  uid = 7;
    ptn_id_t  id;
    ptn_rc_t  rc;

    (void) e;
    id = engine_nth(tx->mb, PTN_FOLDER_INBOX, 1);
    rc = ptn_msg_expunge_ids(tx, &id, 1);
    ENGINE_TRY(rc, ptn_msg_expunge(tx, PTN_FOLDER_INBOX, &uid, 1));

    return rc;
}


static ptn_rc_t
op_tombs(ptn_txn_t *tx, engine_t *e)
{
    bool  more;

    (void) e;

    return ptn_tomb_purge(tx, tx->mb->meta.cn, 1, 100, &more);
}


/* ---- what is about folders and mailboxes --------------------------------- */

static ptn_rc_t
op_rule(ptn_txn_t *tx, engine_t *e)
{
    ptn_id_t    a, b;
    ptn_rc_t    rc;
    ptn_rule_t  r;

    (void) e;
    memset(&r, 0, sizeof(r));
    r.provider = ptn_str("p");
    r.name = ptn_str("one");
    r.condition = ptn_str("c");
    r.actions = ptn_str("do");
    rc = ptn_rule_add(tx, PTN_FOLDER_SENT, &r, &a);
    ENGINE_TRY(rc, ptn_rule_clear(tx, PTN_FOLDER_SENT));
    ENGINE_TRY(rc, ptn_rule_add(tx, PTN_FOLDER_INBOX, &r, &a));
    r.name = ptn_str("two");
    ENGINE_TRY(rc, ptn_rule_add(tx, PTN_FOLDER_INBOX, &r, &b));
    ENGINE_TRY(rc, ptn_rule_delete(tx, PTN_FOLDER_INBOX, a));
    r.id = b;
    r.sequence = 7;
    ENGINE_TRY(rc, ptn_rule_modify(tx, PTN_FOLDER_INBOX, &r,
                                   PTN_RULE_SEQUENCE));

    return rc;
}


static ptn_rc_t
op_about(ptn_txn_t *tx, engine_t *e)
{
    ptn_rc_t             rc;
    ptn_per_user_t       row;
    ptn_bag_prop_t       p = { PTN_PR_COMMENT, ptn_str("mine") };
    ptn_permission_op_t  op = { PTN_PERMISSION_ADD, { 2, PTN_ROLE_EDITOR } };

    (void) e;
    rc = ptn_receive_set(tx, ptn_str("IPM.My"), PTN_FOLDER_ARCHIVE);
    ENGINE_TRY(rc, ptn_rights_modify(tx, PTN_FOLDER_INBOX, false, false, &op,
                                     1));
    ENGINE_TRY(rc, ptn_store_props_set(tx, &p, 1));

    memset(&row, 0, sizeof(row));
    memset(&row.replguid, 7, sizeof(row.replguid));
    row.folder = 300;
    row.store = row.replguid;
    ENGINE_TRY(rc, ptn_per_user_put(tx, &row));

    return rc;
}


static ptn_rc_t
op_search(ptn_txn_t *tx, engine_t *e)
{
    ptn_id_t        id, scope = PTN_FOLDER_INBOX;
    ptn_rc_t        rc;
    ptn_criteria_t  c;

    (void) e;
    memset(&c, 0, sizeof(c));
    c.restriction = ptn_str_make("\x08\x1f\x00\x37\x00", 5);
    c.folders = &scope;
    c.n = 1;
    rc = ptn_search_folder_create(tx, PTN_FOLDER_FINDER, ptn_str("found"),
                                  NULL, &id);
    ENGINE_TRY(rc, ptn_search_folder_set(tx, id, &c));

    return rc;
}


/* The index, and what a search folder shows. */

static ptn_rc_t
op_index(engine_t *e)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        rc = ptn_search_work(e->mb[ALICE], 50, &more);
    } while (rc == PTN_OK && more);

    return rc;
}


/* ---- uploads, devices ---------------------------------------------------- */

static ptn_str_t
engine_gid(ptn_txn_t *tx, engine_t *e, ptn_id_t id)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(e->pool, PTN_GID_LEN);
    memset(&guid, 0, sizeof(guid));

    if (p != NULL && ptn_mbox_replica(tx->mb, id, &replid, &guid) == PTN_OK) {
        ptn_eid_gid(guid, id, p);
    }

    return ptn_str_make(p, p ? PTN_GID_LEN : 0);
}


/* By a client that has a replica of its own. */

static ptn_rc_t
op_upload(ptn_txn_t *tx, engine_t *e)
{
    u_char                   key[22], change[20];
    ptn_id_t                 id;
    ptn_rc_t                 rc;
    ptn_guid_t               guid;
    ptn_object_t             o;
    ptn_ics_import_t         in;
    ptn_ics_imported_t       out;
    ptn_ics_import_folder_t  f;

    memset(key, 0x41, sizeof(key));
    memset(change, 0x42, sizeof(change));
    memset(&in, 0, sizeof(in));
    memset(&f, 0, sizeof(f));
    memset(&o, 0, sizeof(o));
    in.source_key = ptn_str_make(key, sizeof(key));
    in.change_key = ptn_str_make(change, sizeof(change));
    in.modified = ENGINE_EPOCH;
    in.received = ENGINE_EPOCH + 50;
    in.object = &o;
    rc = ptn_ics_id(tx->mb, tx, in.source_key, &id);
    ENGINE_TRY(rc, ptn_props_set(&o.props, e->pool, PTN_PR_SUBJECT,
                                 ptn_str("upload")));
    ENGINE_TRY(rc, ptn_pcl_add(e->pool, ptn_str_make(NULL, 0), in.change_key,
                               &in.pcl));
    ENGINE_TRY(rc, ptn_ics_check_message(tx, e->pool, PTN_FOLDER_NOTES, &in,
                                         &out));
    ENGINE_TRY(rc, ptn_ics_import_message(tx, e->pool, PTN_FOLDER_NOTES, &in,
                                          &out));
    ENGINE_TRY(rc, ptn_ics_local_ids(tx, 10, &guid, &id));

    if (rc != PTN_OK) {
        return rc;
    }

    f.source_key = engine_gid(tx, e, id);
    f.change_key = in.change_key;
    f.pcl = in.pcl;
    f.modified = ENGINE_EPOCH;
    f.name = ptn_str("uploaded");

    return f.source_key.data == NULL ? PTN_ENOMEM
           : ptn_ics_import_folder(tx, e->pool, PTN_FOLDER_IPM_SUBTREE, &f,
                                   &out);
}


static ptn_rc_t
op_upload_more(ptn_txn_t *tx, engine_t *e)
{
    bool                newer;
    size_t              n;
    uint64_t           *cns;
    ptn_id_t            id, first;
    ptn_rc_t            rc;
    ptn_str_t           key, folder;
    ptn_guid_t          guid;
    ptn_msg_info_t      m;
    ptn_ics_move_t      mv;
    ptn_ics_read_t      read;
    ptn_ics_state_t     state;
    ptn_ics_imported_t  out;

    memset(&m, 0, sizeof(m));
    memset(&mv, 0, sizeof(mv));
    memset(&state, 0, sizeof(state));
    id = engine_nth(tx->mb, PTN_FOLDER_INBOX, 2);
    rc = ptn_msg_get_id(tx->mb, id, &m);
    read.source_key = key = engine_gid(tx, e, m.mid);
    read.read = true;
    folder = engine_gid(tx, e, engine_folder(tx->mb, "uploaded"));
    ENGINE_TRY(rc, ptn_ics_import_reads(tx, e->pool, PTN_FOLDER_INBOX, &read,
                                        1, &cns, &n));
    ENGINE_TRY(rc, ptn_ics_local_ids(tx, 1, &guid, &first));

    if (rc == PTN_OK) {
        mv.source_folder = engine_gid(tx, e, PTN_FOLDER_INBOX);
        mv.source_key = key;
        mv.dest_key = engine_gid(tx, e, first);
        mv.change_key = ptn_str("0123456789abcdef0001");
        rc = ptn_ics_import_move(tx, e->pool, PTN_FOLDER_ARCHIVE, &mv, &out,
                                 &newer);
    }

    id = engine_nth(tx->mb, PTN_FOLDER_INBOX, 3);
    ENGINE_TRY(rc, ptn_msg_get_id(tx->mb, id, &m));
    key = engine_gid(tx, e, m.mid);
    ENGINE_TRY(rc, ptn_ics_import_deletes(tx, e->pool, PTN_FOLDER_INBOX, &key,
                                          1, false));
    ENGINE_TRY(rc, ptn_ics_import_folder_deletes(tx, PTN_FOLDER_IPM_SUBTREE,
                                                 &folder, 1, true));
    memset(&guid, 0x77, sizeof(guid));
    ENGINE_TRY(rc, ptn_idset_add(&state.set[PTN_ICS_GIVEN], guid, 5));
    ENGINE_TRY(rc, ptn_ics_state_learn(tx, &state));
    ptn_ics_state_done(&state);

    return rc;
}


static ptn_rc_t
op_device(ptn_txn_t *tx, engine_t *e)
{
    uint64_t          key;
    ptn_rc_t          rc;
    ptn_device_put_t  p;

    (void) e;
    memset(&p, 0, sizeof(p));
    p.state = ptn_str("state");
    p.request = ptn_str("r");
    p.reply = ptn_str("reply");
    rc = ptn_device_client_set(tx, ptn_str("PHONE"), ptn_str("12"),
                               ptn_str("c"), 1000);
    ENGINE_TRY(rc, ptn_device_put(tx, ptn_str("PHONE"), ptn_str("12"), &p,
                                  &key));
    ENGINE_TRY(rc, ptn_device_put(tx, ptn_str("OLD"), ptn_str("12"), &p,
                                  &key));
    ENGINE_TRY(rc, ptn_device_delete(tx, ptn_str("OLD"), ptn_str("")));

    return rc;
}


#endif /* ENGINE_CALLS_H */
