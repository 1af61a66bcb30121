/*
 * What t/unit/rights.c works on, and its calls of folders, searches,
 * synchronisation and tables.
 */

#ifndef RIGHTS_CALLS_H
#define RIGHTS_CALLS_H


#include "rights_site.h"


/* What a call works on, all in alice's mailbox, who asks is bob. */
typedef struct {
    site_t             *s;
    ptn_mbox_t         *mb, *own;       /* as bob; bob's */
    ptn_txn_t          *tx;
    ptn_id_t            folder;         /* rights vary */
    ptn_id_t            other;          /* bob may everything there */
    ptn_id_t            msg, mid;       /* a message of the folder, of alice */
    ptn_id_t            elsewhere;      /* one of the other folder */
    uint32_t            uid, other_uid;
    ptn_row_t           row;
    ptn_table_t        *table;

    ptn_id_t            gone, gone_mid; /* deleted from the folder */
    ptn_id_t            gone_other;     /* from the other */
    ptn_id_t            rule;           /* of the folder */
    ptn_id_t            search;         /* a search folder of bob's */
    ptn_id_t            local;          /* ids of a client */
    ptn_id_t            elsewhere_mid;
    ptn_ics_content_t  *content;        /* opened while they could be */
    ptn_ics_tree_t     *tree;
    ptn_table_t        *cats;           /* all closed */
    ptn_table_t        *open;           /* all open */
    ptn_str_t           state;          /* of cats */
} rights_ctx_t;

typedef struct {
    const char  *call;
    uint32_t     need;
    bool         tx;
    ptn_rc_t   (*run)(rights_ctx_t *c);
} rights_row_t;

#define R(call, need, tx, run)  { "ptn_" call, need, tx, run }


/* Is the message where it was?  Calls by id pass over what is not there. */

static ptn_rc_t
rights_left(rights_ctx_t *c, ptn_rc_t rc)
{
    ptn_rc_t        get;
    ptn_msg_info_t  m;

    get = ptn_msg_get_id(c->mb, c->msg, &m);

    return rc == PTN_OK && get == PTN_OK && m.folder == c->folder
           ? PTN_ENOTFOUND : rc;
}


/* ---- soft deletion ------------------------------------------------------- */

static ptn_rc_t
run_msg_gone_ids(rights_ctx_t *c)
{
    return rights_left(c, ptn_msg_gone_ids(c->tx, &c->msg, 1));
}

static ptn_rc_t
run_msg_gone(rights_ctx_t *c)
{
    return rights_left(c, ptn_msg_gone(c->tx, c->folder, &c->uid, 1));
}

static ptn_rc_t
run_gone_list(rights_ctx_t *c)
{
    size_t       n = 0;
    ptn_rc_t     rc;
    ptn_gone_t  *rows;

    rc = ptn_gone_list(c->mb, c->s->pool, c->folder, false, 0, 10, &rows, &n);

    return rc == PTN_OK && n != 1 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_gone_by_mid(rights_ctx_t *c)
{
    ptn_id_t  id;

    return ptn_gone_by_mid(c->mb, c->folder, c->gone_mid, &id);
}

static ptn_rc_t
run_gone_open(rights_ctx_t *c)
{
    ptn_msg_t  *msg;

    return ptn_gone_open(c->mb, c->s->pool, c->gone, &msg);
}

static ptn_rc_t
run_gone_recover(rights_ctx_t *c)
{
    ptn_id_t  *ids;
    ptn_rc_t   rc;

    rc = ptn_gone_recover(c->tx, c->s->pool, &c->gone, 1, c->other, &ids);

    return rc == PTN_OK && ids[0] == 0 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_gone_recover_to(rights_ctx_t *c)
{
    ptn_id_t  *ids;
    ptn_rc_t   rc;

    rc = ptn_gone_recover(c->tx, c->s->pool, &c->gone_other, 1, c->folder,
                          &ids);

    return rc == PTN_OK && ids[0] == 0 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_gone_expunge(rights_ctx_t *c)
{
    ptn_rc_t        rc;
    ptn_msg_info_t  m;

    rc = ptn_gone_expunge_ids(c->tx, &c->gone, 1);

    return rc == PTN_OK && ptn_msg_get_any(c->mb, c->gone, &m) == PTN_OK
           ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_gone_count(rights_ctx_t *c)
{
    ptn_gone_count_t  n;

    return ptn_gone_count(c->mb, c->folder, &n);
}

static ptn_rc_t
run_table_open_gone(rights_ctx_t *c)
{
    ptn_rc_t      rc;
    ptn_table_t  *table;

    rc = ptn_table_open_gone(c->mb, c->folder, &table);

    if (rc == PTN_OK) {
        ptn_table_close(table);
    }

    return rc;
}

static ptn_rc_t
run_gone_folders(rights_ctx_t *c)
{
    size_t              n;
    ptn_gone_folder_t  *f;

    return ptn_gone_folders(c->mb, c->s->pool, c->folder, &f, &n);
}

static ptn_rc_t
run_table_gone(rights_ctx_t *c)
{
    ptn_rc_t      rc;
    ptn_table_t  *t;

    rc = ptn_table_open(c->mb, PTN_TABLE_GONE, c->folder, 0, &t);

    if (rc == PTN_OK) {
        rc = ptn_table_count(t) == 1 ? PTN_OK : PTN_ENOTFOUND;
        ptn_table_close(t);
    }

    return rc;
}


/* ---- whole folders, rules, what is about a message ----------------------- */

static ptn_rc_t
run_folder_clear(rights_ctx_t *c)
{
    bool  partial, more;

    return rights_left(c, ptn_folder_clear(c->tx, c->folder, 0, 100, &partial,
                                           &more));
}

static ptn_rc_t
run_copy_begin(rights_ctx_t *c)
{
    ptn_folder_copy_t  *copy;

    return ptn_folder_copy_begin(c->tx, c->s->pool, c->folder, c->other,
                                 ptn_str("copy"), false, &copy);
}

static ptn_rc_t
run_copy_begin_to(rights_ctx_t *c)
{
    ptn_folder_copy_t  *copy;

    return ptn_folder_copy_begin(c->tx, c->s->pool, c->other, c->folder,
                                 ptn_str("copy"), false, &copy);
}

/* One that was begun while it could be. */

static ptn_rc_t
run_copy_some(rights_ctx_t *c)
{
    bool                more;
    ptn_rc_t            rc;
    ptn_acting_t        was;
    ptn_folder_copy_t  *copy;

    ptn_acting_system(c->mb, &was);
    rc = ptn_folder_copy_begin(c->tx, c->s->pool, c->folder, c->other,
                               ptn_str("copy"), false, &copy);
    ptn_acting_back(c->mb, &was);

    return rc == PTN_OK ? ptn_folder_copy_some(c->tx, copy, 100, &more) : rc;
}

static const ptn_rule_t  rights_rule = {
    .provider = ptn_string("test"), .condition = ptn_string("x"),
    .actions = ptn_string("y")
};

static ptn_rc_t
run_rule_add(rights_ctx_t *c)
{
    ptn_id_t  id;

    return ptn_rule_add(c->tx, c->folder, &rights_rule, &id);
}

static ptn_rc_t
run_rule_modify(rights_ctx_t *c)
{
    ptn_rule_t  r;

    r = rights_rule;
    r.id = c->rule;

    return ptn_rule_modify(c->tx, c->folder, &r, PTN_RULE_SEQUENCE);
}

static ptn_rc_t
run_rule_delete(rights_ctx_t *c)
{
    return ptn_rule_delete(c->tx, c->folder, c->rule);
}

static ptn_rc_t
run_rule_clear(rights_ctx_t *c)
{
    return ptn_rule_clear(c->tx, c->folder);
}

static ptn_rc_t
run_rule_list(rights_ctx_t *c)
{
    size_t       n;
    ptn_rule_t  *rules;

    return ptn_rule_list(c->mb, c->s->pool, c->folder, &rules, &n);
}

static ptn_rc_t
run_status_get(rights_ctx_t *c)
{
    uint32_t  status;

    return ptn_msg_status_get(c->mb, c->msg, &status);
}

static ptn_rc_t
run_status_set(rights_ctx_t *c)
{
    uint32_t  was;

    return ptn_msg_status_set(c->tx, c->msg, 0x10, 0x10, &was);
}

static ptn_rc_t
run_msg_read_ids(rights_ctx_t *c)
{
    bool            *due;
    ptn_rc_t         rc;
    ptn_msg_info_t   m;

    rc = ptn_msg_read_ids(c->tx, c->s->pool, &c->msg, 1, 0, &due);

    return rc == PTN_OK && ptn_msg_get_id(c->mb, c->msg, &m) == PTN_OK
           && !(m.flags & PTN_FLAG_SEEN) ? PTN_ENOTFOUND : rc;
}

/* Receipts alone, no read state. */

static ptn_rc_t
run_msg_receipts(rights_ctx_t *c)
{
    bool      *due;
    ptn_rc_t   rc;
    uint32_t   rights;

    rc = ptn_msg_read_ids(c->tx, c->s->pool, &c->msg, 1, PTN_READ_CLEAR_NOTIFY,
                          &due);

    /* one that is not to be known of is passed over */

    return rc == PTN_OK && ptn_rights_get(c->mb, c->folder, &rights) == PTN_OK
           && rights == 0 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_name_set(rights_ctx_t *c)
{
    return ptn_msg_name_set(c->tx, c->msg, PTN_NAME_UID, ptn_str("uid"));
}

static ptn_rc_t
run_name_get(rights_ctx_t *c)
{
    ptn_str_t  name;

    return ptn_msg_name_get(c->mb, c->s->pool, c->msg, PTN_NAME_HREF, &name);
}

static ptn_rc_t
run_name_find(rights_ctx_t *c)
{
    ptn_id_t  id;

    return ptn_msg_name_find(c->mb, c->folder, PTN_NAME_HREF, ptn_str("a.ics"),
                             &id);
}


/* ---- searches ------------------------------------------------------------ */

static ptn_rc_t
run_search(rights_ctx_t *c)
{
    unsigned  n;
    ptn_rc_t  rc;

    rc = rights_search(c->mb, c->folder, &n);
    return rc == PTN_OK && n == 0 ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_search_folder_create(rights_ctx_t *c)
{
    ptn_id_t  id;

    return ptn_search_folder_create(c->tx, c->folder, ptn_str("found"), NULL,
                                    &id);
}

static ptn_rc_t
run_search_folder_scope(rights_ctx_t *c)
{
    return rights_criteria(c->tx, c->search, c->folder);
}


/* ---- synchronisation ----------------------------------------------------- */

static ptn_rc_t
run_msg_change_key(rights_ctx_t *c)
{
    ptn_str_t  key, pcl;

    return ptn_msg_change_key(c->mb, c->s->pool, c->msg, &key, &pcl);
}

static ptn_rc_t
run_folder_change_key(rights_ctx_t *c)
{
    ptn_str_t  key, pcl;

    return ptn_folder_change_key(c->mb, c->s->pool, c->folder, &key, &pcl);
}

static ptn_rc_t
run_msg_groups(rights_ctx_t *c)
{
    uint32_t     groups;
    ptn_idset_t  seen;

    memset(&seen, 0, sizeof(seen));

    return ptn_msg_groups(c->mb, c->msg, &seen, &groups);
}

static ptn_rc_t
run_content_open(rights_ctx_t *c)
{
    ptn_rc_t            rc;
    ptn_ics_state_t     state;
    ptn_ics_content_t  *content;

    memset(&state, 0, sizeof(state));
    rc = ptn_ics_content_open(c->mb, c->folder, PTN_ICS_NORMAL, NULL, &state,
                              &content);

    if (rc == PTN_OK) {
        ptn_ics_content_close(content);
    }

    ptn_ics_state_done(&state);

    return rc;
}

static ptn_rc_t
run_content_next(rights_ctx_t *c)
{
    size_t             n;
    ptn_ics_change_t  *ch;

    return ptn_ics_content_next(c->mb, c->content, c->s->pool, 10, 1 << 20,
                                &ch, &n);
}

static ptn_rc_t
run_content_state(rights_ctx_t *c)
{
    const ptn_ics_state_t  *state;

    return ptn_ics_content_state(c->mb, c->content, &state);
}

static ptn_rc_t
run_tree_open(rights_ctx_t *c)
{
    return rights_tree(c->mb, c->s->pool, PTN_FOLDER_ROOT, c->folder);
}

static ptn_rc_t
run_tree_next(rights_ctx_t *c)
{
    size_t                    n;
    ptn_ics_folder_change_t  *ch;

    return ptn_ics_tree_next(c->mb, c->tree, c->s->pool, 10, &ch, &n);
}

static ptn_rc_t
run_tree_state(rights_ctx_t *c)
{
    const ptn_ics_state_t  *state;

    return ptn_ics_tree_state(c->mb, c->tree, &state);
}

static ptn_rc_t
run_version(rights_ctx_t *c)
{
    ptn_ics_version_t  v;

    return ptn_ics_version(c->mb, c->s->pool, c->msg, 0, &v);
}

static ptn_rc_t
rights_import(rights_ctx_t *c, ptn_id_t mid, bool check)
{
    ptn_rc_t            rc;
    ptn_str_t           ours;
    ptn_object_t       *o;
    ptn_acting_t        was;
    ptn_ics_import_t    in;
    ptn_ics_imported_t  out;

    o = ptn_pcalloc(c->s->pool, sizeof(ptn_object_t));
    ptn_props_set(&o->props, c->s->pool, PTN_PR_MESSAGE_CLASS,
                  ptn_str("IPM.Note"));
    ptn_props_set(&o->props, c->s->pool, PTN_PR_SUBJECT, ptn_str("new"));

    memset(&in, 0, sizeof(in));
    in.source_key = rights_gid(c->s, c->mb, mid);
    in.change_key = ptn_str("0123456789abcdef0001");
    in.modified = 1;
    in.object = o;

    /* the client's is newer than what is here */

    if (mid == c->mid) {
        ptn_acting_system(c->mb, &was);
        rc = ptn_msg_change_key(c->mb, c->s->pool, c->msg, &ours, &in.pcl);
        ptn_acting_back(c->mb, &was);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = check ? ptn_ics_check_message(c->tx, c->s->pool, c->folder, &in, &out)
               : ptn_ics_import_message(c->tx, c->s->pool, c->folder, &in,
                                        &out);

    return rc == PTN_OK && out.verdict == PTN_ICS_GONE ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_check_new(rights_ctx_t *c)
{
    return rights_import(c, c->local, true);
}

static ptn_rc_t
run_check_old(rights_ctx_t *c)
{
    return rights_import(c, c->mid, true);
}

static ptn_rc_t
run_import_new(rights_ctx_t *c)
{
    return rights_import(c, c->local, false);
}

static ptn_rc_t
run_import_old(rights_ctx_t *c)
{
    return rights_import(c, c->mid, false);
}

static ptn_rc_t
run_import_folder(rights_ctx_t *c)
{
    ptn_ics_imported_t       out;
    ptn_ics_import_folder_t  in;

    memset(&in, 0, sizeof(in));
    in.source_key = rights_gid(c->s, c->mb, c->local);
    in.change_key = ptn_str("0123456789abcdef0001");
    in.name = ptn_str("new");

    return ptn_ics_import_folder(c->tx, c->s->pool, c->folder, &in, &out);
}

static ptn_rc_t
run_import_deletes(rights_ctx_t *c)
{
    ptn_str_t  key;

    key = rights_gid(c->s, c->mb, c->mid);

    return ptn_ics_import_deletes(c->tx, c->s->pool, c->folder, &key, 1,
                                  false);
}

/* Of one that never was. */

static ptn_rc_t
run_import_deletes_never(rights_ctx_t *c)
{
    ptn_str_t  key;

    key = rights_gid(c->s, c->mb, c->local);

    return ptn_ics_import_deletes(c->tx, c->s->pool, c->folder, &key, 1,
                                  false);
}

static ptn_rc_t
run_import_reads(rights_ctx_t *c)
{
    size_t          n;
    uint64_t       *cns;
    ptn_ics_read_t  r;

    r.source_key = rights_gid(c->s, c->mb, c->mid);
    r.read = true;

    return ptn_ics_import_reads(c->tx, c->s->pool, c->folder, &r, 1, &cns, &n);
}

static ptn_rc_t
rights_import_move(rights_ctx_t *c, ptn_id_t from, ptn_id_t mid, ptn_id_t to)
{
    bool                newer;
    ptn_rc_t            rc;
    ptn_ics_move_t      mv;
    ptn_ics_imported_t  out;

    memset(&mv, 0, sizeof(mv));
    mv.source_folder = rights_gid(c->s, c->mb, from);
    mv.source_key = rights_gid(c->s, c->mb, mid);
    mv.dest_key = rights_gid(c->s, c->mb, c->local);
    mv.change_key = ptn_str("0123456789abcdef0001");

    rc = ptn_ics_import_move(c->tx, c->s->pool, to, &mv, &out, &newer);

    return rc == PTN_OK && out.verdict == PTN_ICS_GONE ? PTN_ENOTFOUND : rc;
}

static ptn_rc_t
run_import_move(rights_ctx_t *c)
{
    return rights_import_move(c, c->folder, c->mid, c->other);
}

static ptn_rc_t
run_import_move_to(rights_ctx_t *c)
{
    return rights_import_move(c, c->other, c->elsewhere_mid, c->folder);
}


/* ---- tables that were opened while they could be ------------------------- */

static ptn_rc_t
run_table_order(rights_ctx_t *c)
{
    ptn_sort_t         sort = { PTN_PR_SUBJECT, true };
    ptn_table_order_t  o = { &sort, 1, 0, 0, PTN_CATEGORY_PLAIN };

    return ptn_table_order(c->mb, c->table, &o);
}

static ptn_rc_t
run_table_instances(rights_ctx_t *c)
{
    ptn_rc_t  rc;

    rc = ptn_table_instances(c->mb, c->table, 0x8005101f);

    return rc == PTN_OK ? ptn_table_instances(c->mb, c->table, 0) : rc;
}

static ptn_rc_t
run_table_restrict(rights_ctx_t *c)
{
    return ptn_table_restrict(c->mb, c->table, NULL);
}

static ptn_rc_t
run_table_sync_events(rights_ctx_t *c)
{
    size_t                    n;
    const ptn_table_event_t  *e;

    return ptn_table_sync_events(c->mb, c->table, c->s->pool, &e, &n);
}

static ptn_rc_t
run_table_name(rights_ctx_t *c)
{
    ptn_id_t         folder, mid;
    ptn_table_key_t  key = { c->msg, 0, false };

    return ptn_table_name(c->mb, c->table, &key, &folder, &mid);
}

static ptn_rc_t
run_table_key(rights_ctx_t *c)
{
    ptn_table_key_t  key;

    return ptn_table_key(c->mb, c->table, 0, &key);
}

static ptn_rc_t
run_table_row(rights_ctx_t *c)
{
    uint32_t         row;
    ptn_table_key_t  key = { c->msg, 0, false };

    return ptn_table_row(c->mb, c->table, &key, &row);
}

static ptn_rc_t
run_table_search(rights_ctx_t *c)
{
    uint32_t        row;
    ptn_restrict_t  r;

    memset(&r, 0, sizeof(r));
    r.type = PTN_RES_EXIST;
    r.tag = PTN_PR_SUBJECT;

    return ptn_table_search(c->mb, c->table, c->s->pool, &r, 0, 10, false,
                            &row);
}

static ptn_rc_t
run_table_expand(rights_ctx_t *c)
{
    uint32_t  at, n;
    ptn_rc_t  rc;
    ptn_id_t  id;

    id = c->cats->vec->groups[0].id;
    rc = ptn_table_expand(c->mb, c->cats, id, &at, &n);

    return rc == PTN_OK ? ptn_table_collapse(c->mb, c->cats, id, &at, &n) : rc;
}

static ptn_rc_t
run_table_collapse(rights_ctx_t *c)
{
    uint32_t  at, n;
    ptn_rc_t  rc;
    ptn_id_t  id;

    id = c->open->vec->groups[0].id;
    rc = ptn_table_collapse(c->mb, c->open, id, &at, &n);

    return rc == PTN_OK ? ptn_table_expand(c->mb, c->open, id, &at, &n) : rc;
}

static ptn_rc_t
run_table_state_get(rights_ctx_t *c)
{
    ptn_str_t        state;
    ptn_table_key_t  key;

    memset(&key, 0, sizeof(key));

    return ptn_table_state_get(c->mb, c->cats, c->s->pool, &key, &state);
}

static ptn_rc_t
run_table_state_set(rights_ctx_t *c)
{
    uint32_t  mark;
    ptn_rc_t  rc;

    rc = ptn_table_state_set(c->mb, c->cats, c->state, &mark);
    ptn_table_unmark(c->cats);

    return rc;
}


#define RIGHTS_CALLS                                                          \
    R("msg_gone_ids", PTN_RIGHT_DELETE_ANY, true, run_msg_gone_ids),          \
    R("msg_gone", PTN_RIGHT_DELETE_ANY, true, run_msg_gone),                  \
    R("gone_list", PTN_RIGHT_READ_ANY, false, run_gone_list),                 \
    R("gone_by_mid", PTN_RIGHT_READ_ANY, false, run_gone_by_mid),             \
    R("gone_open", PTN_RIGHT_READ_ANY, false, run_gone_open),                 \
    R("gone_recover", PTN_RIGHT_READ_ANY|PTN_RIGHT_DELETE_ANY, true,          \
      run_gone_recover),                                                      \
    R("gone_recover", PTN_RIGHT_CREATE, true, run_gone_recover_to),           \
    R("gone_expunge_ids", PTN_RIGHT_DELETE_ANY, true, run_gone_expunge),      \
    R("gone_count", PTN_RIGHT_VISIBLE, false, run_gone_count),                \
    R("gone_folders", PTN_RIGHT_VISIBLE, false, run_gone_folders),            \
    R("table_open_gone", PTN_RIGHT_VISIBLE, false, run_table_open_gone),      \
    R("table_open", PTN_RIGHT_READ_ANY, false, run_table_gone),               \
    R("folder_clear", PTN_RIGHT_DELETE_ANY, true, run_folder_clear),          \
    R("folder_copy_begin", PTN_RIGHT_READ_ANY, true, run_copy_begin),         \
    R("folder_copy_begin", PTN_RIGHT_CREATE_SUBFOLDER, true,                  \
      run_copy_begin_to),                                                     \
    R("folder_copy_some", PTN_RIGHT_READ_ANY, true, run_copy_some),           \
    R("rule_add", PTN_RIGHT_OWNER, true, run_rule_add),                       \
    R("rule_modify", PTN_RIGHT_OWNER, true, run_rule_modify),                 \
    R("rule_delete", PTN_RIGHT_OWNER, true, run_rule_delete),                 \
    R("rule_clear", PTN_RIGHT_OWNER, true, run_rule_clear),                   \
    R("rule_list", PTN_RIGHT_READ_ANY, false, run_rule_list),                 \
    R("msg_status_get", PTN_RIGHT_READ_ANY, false, run_status_get),           \
    R("msg_status_set", PTN_RIGHT_EDIT_ANY, true, run_status_set),            \
    R("msg_read_ids", PTN_RIGHT_EDIT_ANY, true, run_msg_read_ids),            \
    R("msg_read_ids", PTN_RIGHT_EDIT_ANY, true, run_msg_receipts),            \
    R("msg_name_set", PTN_RIGHT_EDIT_ANY, true, run_name_set),                \
    R("msg_name_get", PTN_RIGHT_READ_ANY, false, run_name_get),               \
    R("msg_name_find", PTN_RIGHT_READ_ANY, false, run_name_find),             \
    R("search_run", PTN_RIGHT_READ_ANY, false, run_search),                   \
    R("search_folder_create", PTN_RIGHT_CREATE_SUBFOLDER, true,               \
      run_search_folder_create),                                              \
    R("search_folder_set", PTN_RIGHT_READ_ANY, true,                          \
      run_search_folder_scope),                                               \
    R("msg_change_key", PTN_RIGHT_READ_ANY, false, run_msg_change_key),       \
    R("folder_change_key", PTN_RIGHT_VISIBLE, false, run_folder_change_key),  \
    R("msg_groups", PTN_RIGHT_READ_ANY, false, run_msg_groups),               \
    R("ics_content_open", PTN_RIGHT_READ_ANY, false, run_content_open),       \
    R("ics_content_next", PTN_RIGHT_READ_ANY, false, run_content_next),       \
    R("ics_content_state", PTN_RIGHT_READ_ANY, false, run_content_state),     \
    R("ics_version", PTN_RIGHT_READ_ANY, false, run_version),                 \
    R("ics_tree_open", PTN_RIGHT_VISIBLE, false, run_tree_open),              \
    R("ics_tree_next", PTN_RIGHT_VISIBLE, false, run_tree_next),              \
    R("ics_tree_state", PTN_RIGHT_VISIBLE, false, run_tree_state),            \
    R("ics_check_message", PTN_RIGHT_CREATE, true, run_check_new),            \
    R("ics_check_message", PTN_RIGHT_EDIT_ANY, true, run_check_old),          \
    R("ics_import_message", PTN_RIGHT_CREATE, true, run_import_new),          \
    R("ics_import_message", PTN_RIGHT_EDIT_ANY, true, run_import_old),        \
    R("ics_import_folder", PTN_RIGHT_CREATE_SUBFOLDER, true,                  \
      run_import_folder),                                                     \
    R("ics_import_deletes", PTN_RIGHT_DELETE_ANY, true, run_import_deletes),  \
    R("ics_import_deletes", PTN_RIGHT_DELETE_ANY, true,                       \
      run_import_deletes_never),                                              \
    R("ics_import_reads", PTN_RIGHT_READ_ANY|PTN_RIGHT_EDIT_ANY, true,        \
      run_import_reads),                                                      \
    R("ics_import_move", PTN_RIGHT_READ_ANY|PTN_RIGHT_DELETE_ANY, true,       \
      run_import_move),                                                       \
    R("ics_import_move", PTN_RIGHT_CREATE, true, run_import_move_to),         \
    R("table_order", PTN_RIGHT_READ_ANY, false, run_table_order),             \
    R("table_instances", PTN_RIGHT_READ_ANY, false, run_table_instances),     \
    R("table_restrict", PTN_RIGHT_READ_ANY, false, run_table_restrict),       \
    R("table_sync_events", PTN_RIGHT_READ_ANY, false,                         \
      run_table_sync_events),                                                 \
    R("table_key", PTN_RIGHT_READ_ANY, false, run_table_key),                 \
    R("table_name", PTN_RIGHT_READ_ANY, false, run_table_name),               \
    R("table_row", PTN_RIGHT_READ_ANY, false, run_table_row),                 \
    R("table_search", PTN_RIGHT_READ_ANY, false, run_table_search),           \
    R("table_expand", PTN_RIGHT_READ_ANY, false, run_table_expand),           \
    R("table_collapse", PTN_RIGHT_READ_ANY, false, run_table_collapse),       \
    R("table_state_get", PTN_RIGHT_READ_ANY, false, run_table_state_get),     \
    R("table_state_set", PTN_RIGHT_READ_ANY, false, run_table_state_set)


#endif /* RIGHTS_CALLS_H */
