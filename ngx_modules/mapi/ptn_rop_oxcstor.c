#include "ptn_rop.h"
#include "ptn_wire_rop_store.h"


/* MS-OXCSTOR 2.2.1.1: LogonFlags, OpenFlags, ResponseFlags */
#define PTN_LOGON_PRIVATE             0x01
#define PTN_LOGON_UNDERCOVER          0x02
#define PTN_LOGON_GHOSTED             0x04
#define PTN_LOGON_KNOWN               0x0f      /* with SpoolerProcess */
#define PTN_LOGON_OPEN_PUBLIC         0x00000002
#define PTN_LOGON_ALTERNATE_SERVER    0x00000100
#define PTN_LOGON_PER_MDB_REPLID      0x01000000
#define PTN_LOGON_OPEN_KNOWN          0x2100070f

#define PTN_LOGON_RESERVED            0x01
#define PTN_LOGON_OWNER_RIGHT         0x02
#define PTN_LOGON_SEND_AS_RIGHT       0x04

/* There is no gateway address routing table: it never changes. */
#define PTN_LOGON_GWART               0x01d0000000000000ULL

#define PTN_MAPI_LOGIN_FAILURE        0x80040111
#define PTN_MAPI_INVALID_PARAMETER    0x80070057
#define PTN_MAPI_ERROR                0x80004005


/* FolderIds of a private mailbox, in the order of 2.2.1.1.3. */
static const uint8_t  ptn_logon_folders[13] = {
    PTN_FOLDER_ROOT, PTN_FOLDER_DEFERRED_ACTION, PTN_FOLDER_SPOOLER_QUEUE,
    PTN_FOLDER_IPM_SUBTREE, PTN_FOLDER_INBOX, PTN_FOLDER_OUTBOX,
    PTN_FOLDER_SENT, PTN_FOLDER_DELETED, PTN_FOLDER_COMMON_VIEWS,
    PTN_FOLDER_SCHEDULE, PTN_FOLDER_FINDER, PTN_FOLDER_VIEWS,
    PTN_FOLDER_SHORTCUTS
};


/* Of a public store, 2.2.1.1.4; there is no NNTP article index. */
static const uint8_t  ptn_logon_public[13] = {
    PTN_PUBLIC_ROOT, PTN_PUBLIC_IPM_SUBTREE, PTN_PUBLIC_NON_IPM_SUBTREE,
    PTN_PUBLIC_EFORMS_REGISTRY, PTN_PUBLIC_FREEBUSY, PTN_PUBLIC_OAB,
    PTN_PUBLIC_EFORMS_LOCALE, PTN_PUBLIC_FREEBUSY_SITE, PTN_PUBLIC_OAB_SITE,
    0, 0, 0, 0
};


static ptn_rc_t
ptn_rop_special_fid(ptn_mbox_t *mb, unsigned special, uint64_t *ret_fid)
{
    ptn_id_t  id;
    ptn_rc_t  rc;

    /* ids are told to delegates, too, who see few of the folders */

    rc = ptn_folder_special_id(mb, special, &id);

    return rc == PTN_OK ? ptn_rop_fid(mb, id, ret_fid) : rc;
}


/* --- 2.2.1.1 RopLogon ---------------------------------------------------- */

/* Essdn to its user.  Fails with c->error set. */

static ptn_rc_t
ptn_rop_logon_user(ptn_rop_ctx_t *c, ptn_str_t essdn, ptn_user_t *ret_user)
{
    ptn_rc_t    rc;
    ptn_guid_t  guid;

    if (essdn.len != 0 && essdn.data[essdn.len - 1] == 0) {
        essdn.len--;
    }

    rc = ptn_eid_dn_parse(essdn, &guid);

    if (rc == PTN_OK) {
        rc = ptn_user_by_mailbox(c->app->directory, c->pool, guid, ret_user);
    }

    if (rc == PTN_EPARSE || rc == PTN_ENOTFOUND
        || (rc == PTN_OK && ret_user->disabled))
    {
        c->error = PTN_MAPI_UNKNOWN_USER;
        return PTN_ENOTFOUND;
    }

    if (rc != PTN_OK) {
        c->error = PTN_MAPI_LOGIN_FAILURE;
    }

    return rc;
}


/* What the actor has in the mailbox, which was opened for it. */

static ptn_rc_t
ptn_rop_logon_rights(ptn_rop_ctx_t *c, ptn_mbox_t *mb, const ptn_user_t *user,
    uint8_t *ret_flags)
{
    uint32_t  access;
    ptn_rc_t  rc;

    if (user->id == c->session->actor.user) {
        *ret_flags = PTN_LOGON_OWNER_RIGHT|PTN_LOGON_SEND_AS_RIGHT;
        return PTN_OK;
    }

    rc = ptn_access_get(c->app->directory, c->session->actor.user, user->id,
                        &access);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret_flags = (ptn_mbox_may_all(mb) ? PTN_LOGON_OWNER_RIGHT : 0)
                 | (access & PTN_ACCESS_SEND_AS ? PTN_LOGON_SEND_AS_RIGHT : 0);

    return PTN_OK;
}


/*
 * A second mailbox in one session has numbers of its own, which the client
 * must allow (3.2.5.1.1, USE_PER_MDB_REPLID_MAPPING).
 */

static bool
ptn_rop_logon_mapping(const ptn_rop_ctx_t *c,
    const ptn_rop_logon_req_t *req, const ptn_user_t *user)
{
    const ptn_rop_logon_t  *l, *first;

    first = NULL;

    for (l = c->session->logons; l != NULL; l = l->next) {
        if (l->id != c->logon_id && !l->is_public) {
            first = l;
        }
    }

    return first == NULL || (req->open_flags & PTN_LOGON_PER_MDB_REPLID)
           || first->user.id == user->id;
}


static ptn_rc_t
ptn_rop_logon_make(ptn_rop_ctx_t *c, const ptn_user_t *user,
    uint32_t open_flags, bool is_public, ptn_rop_logon_t **ret_logon)
{
    ptn_rc_t           rc;
    ptn_pool_t        *pool;
    ptn_rop_logon_t   *logon;
    ptn_rop_object_t  *obj;

    rc = ptn_rop_make(c, PTN_ROP_KIND_LOGON, NULL, sizeof(ptn_rop_logon_t),
                      NULL, &obj);
    if (rc != PTN_OK) {
        return rc;
    }

    logon = obj->data;
    logon->id = c->logon_id;
    logon->object = obj;
    logon->nobjects = 1;
    logon->open_flags = open_flags;
    logon->is_public = is_public;
    logon->owner = !is_public && user->id == c->session->actor.user;
    logon->mailbox = user->mailbox;
    logon->slot = ptn_slot(user->mailbox);
    logon->next = c->session->logons;
    c->session->logons = logon;
    c->session->logons_changed++;
    obj->logon = logon;

    pool = ptn_rop_pool(obj);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    logon->user = *user;
    logon->user.address = ptn_str_dup(pool, user->address);
    logon->user.display = ptn_str_dup(pool, user->display);
    logon->user.locale = ptn_str_dup(pool, user->locale);

    *ret_logon = logon;

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}


static ptn_rc_t
ptn_rop_logon_fill(ptn_rop_logon_t *logon, ptn_mbox_t *mb,
    ptn_rop_logon_res_t *res)
{
    size_t               i;
    ptn_rc_t             rc;
    ptn_civil_t          now;
    const ptn_folder_t  *root;

    for (i = 0; i < ptn_nelts(ptn_logon_folders); i++) {
        rc = ptn_rop_special_fid(mb, ptn_logon_folders[i],
                                 &res->folder_ids[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_folder_special(mb, PTN_FOLDER_ROOT, &root);
    if (rc == PTN_OK) {
        rc = ptn_mbox_replica(mb, root->id, &res->repl_id, &res->repl_guid);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_time_to_civil(ptn_time_now() / PTN_USEC, &now);

    res->logon_time.seconds = (uint8_t) now.sec;
    res->logon_time.minutes = (uint8_t) now.min;
    res->logon_time.hour = (uint8_t) now.hour;
    res->logon_time.day_of_week = (uint8_t) now.wday;
    res->logon_time.day = (uint8_t) now.day;
    res->logon_time.month = (uint8_t) now.month;
    res->logon_time.year = (uint16_t) now.year;

    res->mailbox_guid = logon->mailbox;
    res->gwart_time = PTN_LOGON_GWART;

    return PTN_OK;
}


/* --- 3.2.5.1.2 public folders -------------------------------------------- */

static ptn_rc_t
ptn_rop_logon_fill_public(ptn_mbox_t *mb, ptn_rop_logon_res_t *res)
{
    size_t    i;
    ptn_rc_t  rc;

    for (i = 0; i < ptn_nelts(ptn_logon_public); i++) {
        if (ptn_logon_public[i] != 0) {
            rc = ptn_rop_fid(mb, ptn_logon_public[i], &res->folder_ids[i]);
            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return ptn_mbox_replica(mb, PTN_PUBLIC_ROOT, &res->repl_id,
                            &res->repl_guid);
}


/*
 * The store of the user's own domain, whatever server Essdn names: there is no
 * other, and so no alternate one.
 */

static ptn_rc_t
ptn_rop_logon_public_user(ptn_rop_ctx_t *c, const ptn_rop_logon_req_t *req,
    ptn_user_t *ret_user)
{
    ptn_str_t      domain;
    const u_char  *at;

    if ((req->logon_flags & ~PTN_LOGON_KNOWN)
        || (req->open_flags & ~PTN_LOGON_OPEN_KNOWN))
    {
        c->error = PTN_MAPI_ERROR;
        return PTN_EINVAL;
    }

    domain = c->session->actor.address;
    at = domain.len ? memchr(domain.data, '@', domain.len) : NULL;

    if (at == NULL || !(req->open_flags & PTN_LOGON_OPEN_PUBLIC)
        || (req->open_flags & PTN_LOGON_ALTERNATE_SERVER))
    {
        c->error = PTN_MAPI_LOGIN_FAILURE;
        return PTN_ENOTFOUND;
    }

    domain.len -= (size_t) (at + 1 - domain.data);
    domain.data += at + 1 - domain.data;

    return ptn_public_user(c->pool, domain, ret_user);
}


static ptn_rc_t
ptn_rop_logon_public(ptn_rop_ctx_t *c, const ptn_rop_logon_req_t *req,
    ptn_rop_logon_res_t *res)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_user_t        user;
    ptn_rop_logon_t  *logon, *old;

    rc = ptn_rop_logon_public_user(c, req, &user);

    if (rc == PTN_OK) {
        rc = ptn_mbox_open(c->app->store, &user, &c->session->actor, &mb);
    }

    if (rc == PTN_OK) {
        old = ptn_rop_logon_find(c->session, c->logon_id);

        if (old != NULL) {
            c->nopened = 0;
            ptn_rop_release(c->session, old->object);
        }

        rc = ptn_rop_logon_make(c, &user, req->open_flags, true, &logon);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_mbox(c, logon, &mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_logon_fill_public(mb, res);
    }

    if (rc != PTN_OK) {
        c->nopened = 0;
        c->error = c->error ? c->error : PTN_MAPI_LOGIN_FAILURE;
        return rc;
    }

    res->logon_flags = req->logon_flags
                       & (PTN_LOGON_UNDERCOVER|PTN_LOGON_GHOSTED);

    return PTN_OK;
}


ptn_rc_t
ptn_rop_logon(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    uint8_t               flags;
    ptn_rc_t              rc;
    ptn_mbox_t           *mb;
    ptn_user_t            user;
    ptn_rop_logon_t      *logon, *old;
    ptn_rop_logon_req_t  *req = req_;
    ptn_rop_logon_res_t  *res = res_;

    if (!(req->logon_flags & PTN_LOGON_PRIVATE)) {
        return ptn_rop_logon_public(c, req, res);
    }

    if (req->open_flags & PTN_LOGON_OPEN_PUBLIC) {
        c->error = PTN_MAPI_LOGIN_FAILURE;
        return PTN_ENOTFOUND;
    }

    rc = ptn_rop_logon_user(c, req->essdn, &user);
    if (rc != PTN_OK) {
        return rc;
    }

    /* who has nothing there logs on to nothing, and loses no other logon */

    rc = ptn_mbox_open(c->app->store, &user, &c->session->actor, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_logon_rights(c, mb, &user, &flags);
    }

    if (rc != PTN_OK) {
        c->error = rc == PTN_ENOTFOUND ? PTN_MAPI_ACCESS_DENIED
                                       : PTN_MAPI_LOGIN_FAILURE;
        return rc;
    }

    if (!ptn_rop_logon_mapping(c, req, &user)) {
        c->error = PTN_MAPI_INVALID_PARAMETER;
        return PTN_EINVAL;
    }

    old = ptn_rop_logon_find(c->session, c->logon_id);
    if (old != NULL) {
        c->nopened = 0;
        ptn_rop_release(c->session, old->object);
    }

    rc = ptn_rop_logon_make(c, &user, req->open_flags, false, &logon);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_rop_mbox(c, logon, &mb);
    if (rc == PTN_OK) {
        rc = ptn_rop_logon_fill(logon, mb, res);
    }

    if (rc != PTN_OK) {
        c->nopened = 0;
        c->error = rc == PTN_ENOTFOUND ? PTN_MAPI_ACCESS_DENIED
                                       : PTN_MAPI_LOGIN_FAILURE;
        return rc;
    }

    res->logon_flags = req->logon_flags
                 & (PTN_LOGON_PRIVATE|PTN_LOGON_UNDERCOVER|PTN_LOGON_GHOSTED);
    res->response_flags = PTN_LOGON_RESERVED|flags;

    return PTN_OK;
}


/* --- 2.2.1.2 receive folders --------------------------------------------- */

ptn_rc_t
ptn_rop_get_receive_folder(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rc_t                          rc;
    ptn_mbox_t                       *mb;
    ptn_receive_t                     row;
    ptn_rop_get_receive_folder_req_t *req = req_;
    ptn_rop_get_receive_folder_res_t *res = res_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_receive_get(mb, c->pool, req->message_class, &row);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->message_class = row.cls;

    return ptn_rop_fid(mb, row.folder, &res->folder_id);
}


ptn_rc_t
ptn_rop_set_receive_folder(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_rop_set_receive_folder_req_t     *req = req_;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_rop_mbox(c, c->logon, &mb);
    id = 0;

    if (rc == PTN_OK && req->folder_id != 0) {
        rc = ptn_rop_fid_id(mb, req->folder_id, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_receive_set(&tx, req->message_class, id);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


ptn_rc_t
ptn_rop_get_receive_folder_table(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res_)
{
    size_t                                  i, n;
    ptn_rc_t                                rc;
    ptn_mbox_t                             *mb;
    ptn_receive_t                          *all;
    ptn_rop_receive_folder_row_t           *row;
    ptn_rop_get_receive_folder_table_res_t *res = res_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_receive_list(mb, c->pool, &all, &n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->count = (uint32_t) n;
    res->rows = ptn_parray(c->pool, n, sizeof(*row));

    if (res->rows == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        row = &res->rows[i];
        row->flag = 0;
        row->message_class = all[i].cls;
        row->modified = (uint64_t) ptn_filetime(all[i].modified);

        rc = ptn_rop_fid(mb, all[i].folder, &row->folder_id);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* --- 2.2.1.5 RopGetStoreState -------------------------------------------- */

ptn_rc_t
ptn_rop_get_store_state(ptn_rop_ctx_t *c PTN_UNUSED, void *req PTN_UNUSED,
    void *res_)
{
    ptn_rop_get_store_state_res_t *res = res_;

    res->store_state = 0;       /* no search folders are active */

    return PTN_OK;
}


/* --- 2.2.1.8, 2.2.1.9 ids ------------------------------------------------ */

ptn_rc_t
ptn_rop_long_term_id_from_id(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_id_t                           id;
    ptn_rc_t                           rc;
    uint16_t                           replid;
    ptn_mbox_t                        *mb;
    ptn_rop_long_term_id_from_id_req_t *req = req_;
    ptn_rop_long_term_id_from_id_res_t *res = res_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(mb, req->object_id, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_replica(mb, id, &replid, &res->long_term_id.replguid);
    }

    if (rc == PTN_OK) {
        ptn_id_globcnt(id, res->long_term_id.globcnt);
    }

    return rc;
}


ptn_rc_t
ptn_rop_id_from_long_term_id(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_id_t                            id;
    ptn_rc_t                            rc;
    uint16_t                            replid;
    ptn_mbox_t                         *mb;
    ptn_rop_id_from_long_term_id_req_t *req = req_;
    ptn_rop_id_from_long_term_id_res_t *res = res_;

    id = ptn_id_from_globcnt(req->long_term_id.globcnt);

    /* 3.2.5.9 */

    if (ptn_guid_zero(req->long_term_id.replguid)) {
        return PTN_EINVAL;
    }

    if (id == 0) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_replid(mb, req->long_term_id.replguid, &replid);
    }

    if (rc == PTN_OK) {
        res->object_id = ptn_eid_fid(replid, id);
    }

    return rc;
}
