#include <stdlib.h>

#include "ptn_rop_data.h"
#include "ptn_wire_rop_store.h"


/*
 * Public folders: where they are, and what each user has read there (MS-OXCSTOR
 * 2.2.1.6, 2.2.1.7, 2.2.1.10 to 2.2.1.13).  Each domain has one public store,
 * which this server has: nothing is a ghost.
 */

#define PTN_MAPI_ERROR         0x80004005
#define PTN_MAPI_CORRUPT_DATA  0x8004011b

#define PTN_PER_USER_BLOCK     4096     /* note 46, 47 */

#define PTN_ROP_SERVERS                                                       \
    "/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"                     \
    "/cn=Configuration/cn=Servers/cn="


/*
 * Streaming (3.1.5.2), one folder at a time in each direction.  What has been
 * read to its end stays: asked for again, it is told only when it is another
 * one (2.2.1.12.2).
 */

typedef struct {
    bool        begun, told;
    ptn_guid_t  replguid;
    ptn_id_t    folder;
    ptn_guid_t  store;
    u_char     *p;
    size_t      len, size, held;
} ptn_rop_per_user_stream_t;

typedef struct ptn_rop_per_user_s  ptn_rop_per_user_t;

struct ptn_rop_per_user_s {
    ptn_rop_per_user_stream_t  out, in;
};


static void
ptn_rop_stream_drop(ptn_rop_session_t *s, ptn_rop_per_user_stream_t *st)
{
    free(st->p);
    ptn_rop_unhold(s, &st->held);
    memset(st, 0, sizeof(*st));
}


void
ptn_rop_per_user_done(ptn_rop_session_t *s, ptn_rop_logon_t *logon)
{
    if (logon->per_user != NULL) {
        ptn_rop_stream_drop(s, &logon->per_user->out);
        ptn_rop_stream_drop(s, &logon->per_user->in);
        free(logon->per_user);
        logon->per_user = NULL;
    }
}


static ptn_rop_per_user_t *
ptn_rop_per_user(ptn_rop_ctx_t *c)
{
    if (c->logon->per_user == NULL) {
        c->logon->per_user = calloc(1, sizeof(ptn_rop_per_user_t));
    }

    return c->logon->per_user;
}


static bool
ptn_rop_stream_is(const ptn_rop_per_user_stream_t *st,
    const ptn_rop_long_term_id_t *id)
{
    return st->begun && ptn_guid_eq(st->replguid, id->replguid)
           && st->folder == ptn_id_from_globcnt(id->globcnt);
}


static void
ptn_rop_stream_begin(ptn_rop_session_t *s, ptn_rop_per_user_stream_t *st,
    const ptn_rop_long_term_id_t *id)
{
    ptn_rop_stream_drop(s, st);
    st->begun = true;
    st->replguid = id->replguid;
    st->folder = ptn_id_from_globcnt(id->globcnt);
}


static ptn_rc_t
ptn_rop_stream_add(ptn_rop_session_t *s, ptn_rop_per_user_stream_t *st,
    ptn_str_t data)
{
    size_t    size;
    u_char   *p;
    ptn_rc_t  rc;

    if (data.len > PTN_PER_USER_SET_MAX - st->len) {
        return PTN_ETOOBIG;
    }

    if (st->len + data.len > st->size) {
        size = ptn_max(2 * st->size, st->len + data.len);
        rc = ptn_rop_hold(s, &st->held, size - st->size);
        if (rc != PTN_OK) {
            return rc;
        }

        p = realloc(st->p, size);
        if (p == NULL) {
            return PTN_ENOMEM;
        }

        st->p = p;
        st->size = size;
    }

    if (data.len != 0) {
        memcpy(st->p + st->len, data.data, data.len);
        st->len += data.len;
    }

    return PTN_OK;
}


/* --- servers ------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_public_folder(ptn_rop_ctx_t *c, uint64_t fid)
{
    ptn_id_t             id;
    ptn_rc_t             rc;
    ptn_mbox_t          *mb;
    const ptn_folder_t  *folder;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_rop_fid_id(mb, fid, &id);
    }

    return rc == PTN_OK ? ptn_folder_get(mb, id, &folder) : rc;
}


/* 3.2.5.6: this server alone, at no cost. */

ptn_rc_t
ptn_rop_get_owning_servers(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    char                              guid[33];
    ptn_rc_t                          rc;
    ptn_str_t                         domain;
    const u_char                     *at;
    ptn_rop_folder_id_req_t          *req = req_;
    ptn_rop_get_owning_servers_res_t *res = res_;

    if (!c->logon->is_public) {
        return PTN_ESUPPORT;
    }

    rc = ptn_rop_public_folder(c, req->folder_id);
    if (rc != PTN_OK) {
        return rc;
    }

    res->servers = ptn_parray(c->pool, 1, sizeof(ptn_str_t));
    if (res->servers == NULL) {
        return PTN_ENOMEM;
    }

    domain = c->logon->user.address;
    at = memchr(domain.data, '@', domain.len);
    domain = ptn_str_make((u_char *) at + 1,
                          domain.len - (size_t) (at + 1 - domain.data));

    ptn_guid_hex(c->logon->mailbox, guid);
    res->count = 1;
    res->cheap_count = 1;
    res->servers[0] = ptn_str_printf(c->pool, "/o=%.*s" PTN_ROP_SERVERS
                                     "%.32s@%.*s", ptn_str_arg(domain), guid,
                                     ptn_str_arg(domain));

    return ptn_pool_failed(c->pool) ? PTN_ENOMEM : PTN_OK;
}


/* 3.2.5.7 */

ptn_rc_t
ptn_rop_public_folder_is_ghosted(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rop_folder_id_req_t                *req = req_;
    ptn_rop_public_folder_is_ghosted_res_t *res = res_;

    res->is_ghosted = 0;

    return c->logon->is_public ? ptn_rop_public_folder(c, req->folder_id)
                               : PTN_OK;
}


/* --- what a private mailbox keeps ---------------------------------------- */

/* 3.2.5.10 */

ptn_rc_t
ptn_rop_get_per_user_long_term_ids(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                                    i, n;
    ptn_rc_t                                  rc;
    ptn_mbox_t                               *mb;
    ptn_per_user_t                           *rows;
    ptn_rop_get_per_user_long_term_ids_req_t *req = req_;
    ptn_rop_get_per_user_long_term_ids_res_t *res = res_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_per_user_list(mb, c->pool, req->database_guid, &rows, &n);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (2 + n * 24 > c->room) {
        c->small = true;
        return PTN_OK;
    }

    res->count = (uint16_t) n;
    res->ids = ptn_parray(c->pool, n, sizeof(ptn_rop_long_term_id_t));

    for (i = 0; res->ids != NULL && i < n; i++) {
        res->ids[i].replguid = rows[i].replguid;
        ptn_id_globcnt(rows[i].folder, res->ids[i].globcnt);
        res->ids[i].pad = 0;
    }

    return res->ids != NULL ? PTN_OK : PTN_ENOMEM;
}


/* 3.2.5.11 */

ptn_rc_t
ptn_rop_get_per_user_guid(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    ptn_rc_t                        rc;
    ptn_mbox_t                     *mb;
    ptn_per_user_t                  row;
    ptn_rop_get_per_user_guid_req_t *req = req_;
    ptn_rop_get_per_user_guid_res_t *res = res_;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_per_user_get(mb, c->pool, req->long_term_id.replguid,
                              ptn_id_from_globcnt(req->long_term_id.globcnt),
                              &row);
    }

    if (rc == PTN_OK) {
        res->database_guid = row.store;
    }

    return rc;
}


/* --- reading ------------------------------------------------------------- */

/* The set of a folder, of the kind of the logon; none is empty. */

static ptn_rc_t
ptn_rop_per_user_set(ptn_rop_ctx_t *c, const ptn_rop_long_term_id_t *id,
    ptn_str_t *ret_set)
{
    ptn_id_t         n;
    ptn_rc_t         rc;
    ptn_mbox_t      *mb;
    ptn_per_user_t   row;

    n = ptn_id_from_globcnt(id->globcnt);
    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc != PTN_OK) {
        return rc;
    }

    if (c->logon->is_public) {
        rc = ptn_mbox_id(mb, id->replguid, n, &n);

        return rc == PTN_OK ? ptn_reader_set_get(mb, c->pool, n, ret_set) : rc;
    }

    rc = ptn_per_user_get(mb, c->pool, id->replguid, n, &row);

    if (rc == PTN_ENOTFOUND) {
        *ret_set = ptn_str_make(NULL, 0);
        return PTN_OK;
    }

    *ret_set = row.set;

    return rc;
}


/* Gets the folder's set; *ret_same: the client has had that already. */

static ptn_rc_t
ptn_rop_per_user_load(ptn_rop_ctx_t *c, const ptn_rop_long_term_id_t *id,
    ptn_rop_per_user_stream_t *st, bool *ret_same)
{
    ptn_rc_t   rc;
    ptn_str_t  set;

    rc = ptn_rop_per_user_set(c, id, &set);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret_same = ptn_rop_stream_is(st, id) && st->told
                && ptn_str_eq(set, ptn_str_make(st->p, st->len));

    if (*ret_same) {
        return PTN_OK;
    }

    ptn_rop_stream_begin(c->session, st, id);
    rc = ptn_rop_stream_add(c->session, st, set);

    if (rc != PTN_OK) {
        ptn_rop_stream_drop(c->session, st);
    }

    return rc;
}


/* 3.2.5.12.1 */

ptn_rc_t
ptn_rop_read_per_user_information(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                                     same;
    size_t                                   n;
    ptn_rc_t                                 rc;
    ptn_rop_per_user_t                      *p;
    ptn_rop_per_user_stream_t               *st;
    ptn_rop_read_per_user_information_req_t *req = req_;
    ptn_rop_read_per_user_information_res_t *res = res_;

    p = ptn_rop_per_user(c);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    st = &p->out;
    same = false;
    rc = PTN_OK;

    if (req->data_offset == 0 || !ptn_rop_stream_is(st, &req->folder_id)) {
        rc = ptn_rop_per_user_load(c, &req->folder_id, st, &same);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (req->data_offset > st->len) {
        c->error = PTN_MAPI_ERROR;
        return PTN_EINVAL;
    }

    n = req->max_data_size;

    if (n == 0 || n > PTN_PER_USER_BLOCK) {
        n = PTN_PER_USER_BLOCK;
    }

    n = same ? 0 : ptn_min(n, st->len - req->data_offset);
    st->told = st->told || req->data_offset + n == st->len;
    res->has_finished = same || req->data_offset + n == st->len;
    res->data = ptn_str_make(n ? st->p + req->data_offset : NULL, n);

    return PTN_OK;
}


/* --- writing ------------------------------------------------------------- */

static ptn_rc_t
ptn_rop_per_user_keep(ptn_rop_ctx_t *c, const ptn_rop_per_user_stream_t *st)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    ptn_per_user_t                        row;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&row, 0, sizeof(row));
    row.replguid = st->replguid;
    row.folder = st->folder;
    row.store = st->store;
    row.set = ptn_str_make(st->p, st->len);
    id = 0;

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK && c->logon->is_public) {
        rc = ptn_mbox_id(mb, st->replguid, st->folder, &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = c->logon->is_public ? ptn_reader_set_put(&tx, id, row.set)
                                 : ptn_per_user_put(&tx, &row);
    }

    if (rc == PTN_EPARSE || rc == PTN_ETRUNC) {
        c->error = PTN_MAPI_CORRUPT_DATA;
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* 3.2.5.13.1 */

ptn_rc_t
ptn_rop_write_per_user_information(ptn_rop_ctx_t *c, void *req_,
    void *res PTN_UNUSED)
{
    ptn_rc_t                                  rc;
    ptn_rop_per_user_t                       *p;
    ptn_rop_per_user_stream_t                *st;
    ptn_rop_write_per_user_information_req_t *req = req_;

    p = ptn_rop_per_user(c);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    st = &p->in;

    if (!ptn_rop_stream_is(st, &req->folder_id)
        || req->data_offset != st->len)
    {
        ptn_rop_stream_drop(c->session, st);

        if (req->data_offset != 0) {
            c->error = PTN_MAPI_ERROR;
            return PTN_EINVAL;
        }
    }

    if (req->data_offset == 0) {
        ptn_rop_stream_begin(c->session, st, &req->folder_id);
        st->store = req->replguid;
    }

    rc = ptn_rop_stream_add(c->session, st, req->data);

    if (rc == PTN_OK && !req->has_finished) {
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        rc = ptn_rop_per_user_keep(c, st);
    }

    ptn_rop_stream_drop(c->session, st);

    return rc;
}
