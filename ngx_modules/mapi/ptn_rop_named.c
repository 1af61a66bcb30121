#include "ptn_rop_data.h"


/* Names of properties (MS-OXCPRPT 2.2.9, 2.2.12, 2.2.13). */


#define PTN_NAMES_CREATE  0x02          /* Flags of 2.2.12.1 */
#define PTN_NAMES_ENUM    1024          /* ids that are asked for at once */

#define PTN_QUERY_NO_STRINGS  0x01      /* QueryFlags, 2.2.9.1 */
#define PTN_QUERY_NO_IDS      0x02

#define PTN_MAPI_WITH_ERRORS   0x00040380   /* ecWarnWithErrors */

/* PS_MAPI, {00020328-0000-0000-C000-000000000046}: ids below 0x8000 */
static const ptn_guid_t  ptn_rop_ps_mapi = {
    { 0x28, 0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
      0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46 }
};


static ptn_rc_t
ptn_rop_name_get(ptn_rop_ctx_t *c, const ptn_wire_property_name_t *wire,
    ptn_named_t *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->set = wire->set;
    ret->lid = wire->lid;
    ret->by_name = wire->kind == PTN_WIRE_NAME_STRING;

    if (wire->kind > PTN_WIRE_NAME_STRING) {
        return PTN_EINVAL;
    }

    return ret->by_name
           ? ptn_utf16_to_utf8(c->pool, ptn_str_make(wire->name.name,
                                                     wire->name.size),
                               &ret->name)
           : PTN_OK;
}


static ptn_rc_t
ptn_rop_name_put(ptn_rop_ctx_t *c, const ptn_named_t *name,
    ptn_wire_property_name_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  s;

    ret->set = name->set;
    ret->kind = name->by_name ? PTN_WIRE_NAME_STRING : PTN_WIRE_NAME_LID;
    ret->lid = name->lid;

    if (!name->by_name) {
        return PTN_OK;
    }

    /* two zero bytes stand behind it, and are counted */

    rc = ptn_utf16_from_utf8(c->pool, name->name, &s);
    if (rc != PTN_OK) {
        return rc;
    }

    if (s.len + 2 > UINT8_MAX) {
        return PTN_ETOOBIG;
    }

    ret->name.size = (uint8_t) (s.len + 2);
    ret->name.name = s.data;

    return PTN_OK;
}


/* All ids that have a name, with the names. */
static ptn_rc_t
ptn_rop_names_all(ptn_rop_ctx_t *c, ptn_mbox_t *mb, uint16_t **ret_ids,
    ptn_named_t **ret_names, uint32_t *ret_n)
{
    bool          found[PTN_NAMES_ENUM], any;
    uint16_t      ask[PTN_NAMES_ENUM], *ids;
    uint32_t      i, n, m, first;
    ptn_rc_t      rc;
    ptn_named_t  *names, *some;

    ids = ptn_parray(c->pool, 0x8000, sizeof(uint16_t));
    names = ptn_parray(c->pool, 0x8000, sizeof(ptn_named_t));
    some = ptn_parray(c->pool, PTN_NAMES_ENUM, sizeof(ptn_named_t));
    if (ids == NULL || names == NULL || some == NULL) {
        return PTN_ENOMEM;
    }

    n = 0;
    any = true;

    /* they are given in order, so a block without any is the end */

    for (first = PTN_NAMED_FIRST; any && first <= PTN_NAMED_LAST;
         first += PTN_NAMES_ENUM)
    {
        m = ptn_min((uint32_t) PTN_NAMES_ENUM, PTN_NAMED_LAST + 1 - first);

        for (i = 0; i < m; i++) {
            ask[i] = (uint16_t) (first + i);
        }

        rc = ptn_named_names(mb, c->pool, ask, m, some, found);
        if (rc != PTN_OK) {
            return rc;
        }

        for (i = 0, any = false; i < m; i++) {
            if (found[i]) {
                ids[n] = ask[i];
                names[n++] = some[i];
                any = true;
            }
        }
    }

    *ret_ids = ids;
    *ret_names = names;
    *ret_n = n;

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_names_ids(ptn_rop_ctx_t *c, ptn_mbox_t *mb, const ptn_named_t *names,
    size_t n, bool create, uint16_t *ids)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (!create) {
        return ptn_named_ids(mb, NULL, names, n, ids);
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_named_ids(mb, &tx, names, n, ids);
    }

    if (rc == PTN_ELIMIT) {
        c->error = PTN_MAPI_NO_MEMORY;          /* R53502 */
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


ptn_rc_t
ptn_rop_get_property_ids_from_names(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                                     i, k, n;
    uint32_t                                   all;
    uint16_t                                  *ids;
    ptn_rc_t                                   rc;
    ptn_mbox_t                                *mb;
    ptn_named_t                               *names;
    ptn_rop_property_ids_t                    *res = res_;
    ptn_rop_get_property_ids_from_names_req_t *req = req_;

    rc = ptn_rop_mbox(c, c->logon, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    n = req->name_count;

    if (n == 0 && c->in->kind == PTN_ROP_KIND_LOGON) {
        rc = ptn_rop_names_all(c, mb, &res->ids, &names, &all);
        res->id_count = rc == PTN_OK ? (uint16_t) all : 0;
        return rc;
    }

    names = ptn_parray(c->pool, n, sizeof(ptn_named_t));
    ids = ptn_parray(c->pool, n, sizeof(uint16_t));
    res->ids = ptn_parray(c->pool, n, sizeof(uint16_t));
    if (names == NULL || ids == NULL || res->ids == NULL) {
        return PTN_ENOMEM;
    }

    /* those of PS_MAPI are what they say (R529 and so on) */

    for (i = 0, k = 0; i < n; i++) {
        res->ids[i] = 0;

        if (ptn_guid_eq(req->names[i].set, ptn_rop_ps_mapi)) {
            if (req->names[i].kind == PTN_WIRE_NAME_LID
                && req->names[i].lid < PTN_NAMED_FIRST)
            {
                res->ids[i] = (uint16_t) req->names[i].lid;
            }

            continue;
        }

        rc = ptn_rop_name_get(c, &req->names[i], &names[k++]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (k != 0) {
        rc = ptn_rop_names_ids(c, mb, names, k,
                               req->flags & PTN_NAMES_CREATE, ids);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    for (i = 0, k = 0; i < n; i++) {
        if (!ptn_guid_eq(req->names[i].set, ptn_rop_ps_mapi)) {
            res->ids[i] = ids[k++];
        }

        if (res->ids[i] == 0) {
            c->error = PTN_MAPI_WITH_ERRORS;
        }
    }

    res->id_count = (uint16_t) n;

    return PTN_OK;
}


ptn_rc_t
ptn_rop_get_names_from_property_ids(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    bool                                      *found;
    uint32_t                                   i, n;
    ptn_rc_t                                   rc;
    ptn_mbox_t                                *mb;
    ptn_named_t                               *names;
    ptn_rop_property_ids_t                    *req = req_;
    ptn_rop_get_names_from_property_ids_res_t *res = res_;

    n = req->id_count;
    names = ptn_parray(c->pool, n, sizeof(ptn_named_t));
    found = ptn_parray(c->pool, n, sizeof(bool));
    res->names = ptn_parray(c->pool, n, sizeof(res->names[0]));
    if (names == NULL || found == NULL || res->names == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_rop_mbox(c, c->logon, &mb);

    if (rc == PTN_OK) {
        rc = ptn_named_names(mb, c->pool, req->ids, n, names, found);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        memset(&res->names[i], 0, sizeof(res->names[i]));

        if (req->ids[i] < PTN_NAMED_FIRST) {
            res->names[i].kind = PTN_WIRE_NAME_LID;
            res->names[i].set = ptn_rop_ps_mapi;
            res->names[i].lid = req->ids[i];

        } else if (found[i]) {
            rc = ptn_rop_name_put(c, &names[i], &res->names[i]);

        } else {
            res->names[i].kind = PTN_WIRE_NAME_NONE;
        }
    }

    res->name_count = (uint16_t) n;

    return rc;
}


/* Does RopQueryNamedProperties want it (3.2.5.6)? */
static bool
ptn_rop_names_wanted(const ptn_rop_query_named_properties_req_t *req,
    const ptn_named_t *name)
{
    return !((req->flags & PTN_QUERY_NO_STRINGS) && name->by_name)
           && !((req->flags & PTN_QUERY_NO_IDS) && !name->by_name)
           && !(req->has_guid && !ptn_guid_eq(req->set, name->set));
}


ptn_rc_t
ptn_rop_query_named_properties(ptn_rop_ctx_t *c, void *req, void *res_)
{
    bool                                  *found;
    uint16_t                              *ids;
    uint32_t                               i, n;
    ptn_rc_t                               rc;
    ptn_mbox_t                            *mb;
    ptn_named_t                           *names;
    ptn_props_t                            props;
    ptn_rop_query_named_properties_res_t  *res = res_;

    rc = ptn_rop_mbox(c, c->logon, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    found = NULL;

    if (c->in->kind == PTN_ROP_KIND_LOGON) {
        rc = ptn_rop_names_all(c, mb, &ids, &names, &n);

    } else {
        rc = ptn_rop_bag_all(c, c->in, &props);
        if (rc != PTN_OK) {
            return rc;
        }

        ids = ptn_parray(c->pool, props.n, sizeof(uint16_t));
        names = ptn_parray(c->pool, props.n, sizeof(ptn_named_t));
        found = ptn_parray(c->pool, props.n, sizeof(bool));
        if (ids == NULL || names == NULL || found == NULL) {
            return PTN_ENOMEM;
        }

        for (i = 0, n = 0; i < props.n; i++) {
            if (ptn_prop_id(props.p[i].tag) >= PTN_NAMED_FIRST) {
                ids[n++] = ptn_prop_id(props.p[i].tag);
            }
        }

        rc = ptn_named_names(mb, c->pool, ids, n, names, found);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    res->ids = ids;
    res->names = ptn_parray(c->pool, n, sizeof(res->names[0]));
    if (res->names == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        if ((found != NULL && !found[i])
            || !ptn_rop_names_wanted(req, &names[i]))
        {
            continue;
        }

        memset(&res->names[res->count], 0, sizeof(res->names[0]));
        res->ids[res->count] = ids[i];
        rc = ptn_rop_name_put(c, &names[i], &res->names[res->count++]);
    }

    return rc;
}
