/*
 * Folders to another mailbox: properties, rules, what search folders look for.
 */

#include "ptn_folder_props.h"
#include "ptn_folder_transfer.h"
#include "ptn_restrict.h"


/* MS-OXORULE 2.2.5.1 ActionType: ActionLength 2, ActionType 1, ActionFlavor 4,
 * ActionFlags 4 bytes, then ActionData. */
#define PTN_FT_OP_BOUNCE        0x06
#define PTN_FT_OP_FORWARD       0x07
#define PTN_FT_OP_DELEGATE      0x08
#define PTN_FT_OP_TAG           0x09
#define PTN_FT_OP_DELETE        0x0a
#define PTN_FT_OP_MARK_AS_READ  0x0b
#define PTN_FT_ACTION_HEAD      11


ptn_ft_pair_t *
ptn_ft_pair(ptn_ft_t *ft, ptn_id_t from)
{
    size_t  i;

    for (i = 0; i < ft->npairs; i++) {
        if (ft->pairs[i].from == from) {
            return &ft->pairs[i];
        }
    }

    return NULL;
}


/* Does a search folder look at nothing but what comes along? */

ptn_rc_t
ptn_ft_search_goes(ptn_ft_t *ft, ptn_id_t folder, ptn_criteria_t *c,
    bool *ret_goes)
{
    size_t    i;
    ptn_rc_t  rc;

    *ret_goes = true;
    memset(c, 0, sizeof(ptn_criteria_t));
    rc = ptn_search_folder_get(ft->from, ft->pool, folder, c);

    if (rc == PTN_EUNAVAIL) {
        return PTN_OK;                  /* it has none yet */
    }

    for (i = 0; rc == PTN_OK && i < c->n; i++) {
        *ret_goes &= ptn_ft_pair(ft, c->folders[i]) != NULL;
    }

    return rc;
}


ptn_rc_t
ptn_ft_props(ptn_ft_t *ft, ptn_transfer_t *t, const ptn_folder_t *f,
    ptn_id_t to)
{
    uint32_t            i, tag;
    uint16_t            id;
    ptn_rc_t            rc;
    ptn_str_t           value, packed;
    sqlite3_stmt       *st;
    ptn_fprop_ctx_t     c;
    ptn_bag_builder_t   bag;

    rc = ptn_fprop_open(ft->from, ft->pool, f, &c);
    ptn_bag_init(&bag, ft->pool);

    for (i = 0; rc == PTN_OK && i < c.bag.count; i++) {
        ptn_bag_item(&c.bag, i, &tag, &value);
        id = ptn_prop_id(tag);

        if (id >= PTN_NAMED_FIRST) {
            rc = ptn_transfer_name(t, ft->pool, id, &id);
        }

        if (rc == PTN_OK && id != 0) {
            ptn_bag_set(&bag, (uint32_t) id << 16 | ptn_prop_type(tag), value);
        }
    }

    packed = ptn_str_make(NULL, 0);

    if (rc == PTN_OK && bag.count != 0) {
        rc = ptn_bag_pack(&bag, &packed);
    }

    if (rc != PTN_OK || (packed.len == 0 && !f->hidden)) {
        return rc;
    }

    st = ptn_sql(ft->to, PTN_SQL_FOLDER_SET, &rc);
    if (st == NULL) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, (sqlite3_int64) to);
    ptn_sql_blob(st, 2, packed);
    ptn_sql_text(st, 3, f->cls);
    sqlite3_bind_int(st, 4, f->hidden);
    sqlite3_bind_int64(st, 5, (sqlite3_int64) ptn_txn_cn(t->tx));
    sqlite3_bind_int64(st, 6, ptn_time_now() / PTN_USEC);
    rc = ptn_sql_step(ft->to, st);
    sqlite3_clear_bindings(st);

    return (rc == PTN_OK) ? ptn_folder_reread(t->tx) : rc;
}


typedef struct {
    ptn_transfer_t  *t;
    ptn_pool_t      *pool;
} ptn_ft_map_t;


/* One without a name is of nothing that there is. */

static ptn_rc_t
ptn_ft_map(void *ctx, uint16_t *id)
{
    ptn_rc_t       rc;
    uint16_t       to;
    ptn_ft_map_t  *m = ctx;

    rc = ptn_transfer_name(m->t, m->pool, *id, &to);

    if (rc == PTN_OK) {
        *id = to ? to : PTN_NAMED_LAST + 1;
    }

    return rc;
}


/*
 * Actions of a rule, in place.  False: they name folders or messages of the
 * mailbox that it leaves.
 */

static ptn_rc_t
ptn_ft_actions(u_char *p, size_t len, ptn_ft_map_t *m, bool *ret_fit)
{
    size_t    n, size;
    uint16_t  id;
    ptn_rc_t  rc;
    u_char   *end;

    *ret_fit = false;

    if (len < 2) {
        return PTN_OK;
    }

    end = p + len;
    n = (size_t) p[0] | (size_t) p[1] << 8;

    for (p += 2; n > 0; n--, p += size) {
        if (end - p < PTN_FT_ACTION_HEAD) {
            return PTN_OK;
        }

        size = 2 + ((size_t) p[0] | (size_t) p[1] << 8);

        if (size < PTN_FT_ACTION_HEAD || size > (size_t) (end - p)) {
            return PTN_OK;
        }

        switch (p[2]) {

        case PTN_FT_OP_TAG:
            if (size < PTN_FT_ACTION_HEAD + 4) {
                return PTN_OK;
            }

            id = (uint16_t) (p[PTN_FT_ACTION_HEAD + 2]
                             | p[PTN_FT_ACTION_HEAD + 3] << 8);

            if (id >= PTN_NAMED_FIRST) {
                rc = ptn_ft_map(m, &id);

                if (rc != PTN_OK) {
                    return rc;
                }

                p[PTN_FT_ACTION_HEAD + 2] = (u_char) id;
                p[PTN_FT_ACTION_HEAD + 3] = (u_char) (id >> 8);
            }

            break;

        case PTN_FT_OP_BOUNCE:
        case PTN_FT_OP_FORWARD:
        case PTN_FT_OP_DELEGATE:
        case PTN_FT_OP_DELETE:
        case PTN_FT_OP_MARK_AS_READ:
            break;

        default:
            return PTN_OK;
        }
    }

    *ret_fit = true;

    return PTN_OK;
}


/*
 * Rules go with a folder.  One that means nothing there comes with ST_ERROR,
 * so that whoever set it sees it, and it is not executed (MS-OXORULE
 * 2.2.1.3.1.3).
 */

ptn_rc_t
ptn_ft_rules(ptn_ft_t *ft, ptn_transfer_t *t, ptn_id_t from, ptn_id_t to)
{
    bool          fit;
    size_t        i, n;
    ptn_id_t      id;
    ptn_rc_t      rc, parsed;
    ptn_rule_t   *all;
    ptn_ft_map_t  m;

    n = 0;
    m.t = t;
    m.pool = ft->pool;
    rc = ptn_rule_list(ft->from, ft->pool, from, &all, &n);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        parsed = ptn_restrict_map((u_char *) all[i].condition.data,
                                  all[i].condition.len, ptn_ft_map, &m);
        rc = ptn_ft_actions((u_char *) all[i].actions.data,
                            all[i].actions.len, &m, &fit);

        if (rc == PTN_OK) {
            rc = ptn_rule_add(t->tx, to, &all[i], &id);
        }

        if (rc == PTN_OK && (parsed != PTN_OK || !fit)) {
            rc = ptn_sql_run(ft->to, PTN_SQL_RULE_ERROR, 1, id);
        }
    }

    return rc;
}


/* What a search folder looks for, and where: folders that have come. */

ptn_rc_t
ptn_ft_search(ptn_ft_t *ft, ptn_transfer_t *t, const ptn_ft_pair_t *p)
{
    bool             goes;
    size_t           i;
    u_char          *copy;
    ptn_id_t        *scope;
    ptn_rc_t         rc;
    ptn_ft_map_t     m;
    ptn_criteria_t   c, there;

    rc = ptn_ft_search_goes(ft, p->from, &c, &goes);

    if (rc != PTN_OK || !goes || c.n == 0) {
        return rc;
    }

    m.t = t;
    m.pool = ft->pool;
    copy = ptn_pmemdup(ft->pool, c.restriction.data, c.restriction.len);
    scope = ptn_parray(ft->pool, c.n, sizeof(ptn_id_t));

    if (copy == NULL || scope == NULL) {
        return PTN_ENOMEM;
    }

    memset(&there, 0, sizeof(there));

    for (i = 0; i < c.n; i++) {
        scope[there.n] = ptn_ft_pair(ft, c.folders[i])->to;
        there.n += (scope[there.n] != 0);
    }

    there.folders = scope;
    there.restriction = ptn_str_make(copy, c.restriction.len);
    there.flags = PTN_SEARCH_RESTART
                  | (c.flags & PTN_SEARCH_IS_RECURSIVE ? PTN_SEARCH_RECURSIVE
                                                       : PTN_SEARCH_SHALLOW)
                  | (c.flags & PTN_SEARCH_IS_STATIC ? PTN_SEARCH_STATIC : 0);
    rc = ptn_restrict_map(copy, c.restriction.len, ptn_ft_map, &m);

    return (rc == PTN_OK && there.n != 0)
           ? ptn_search_folder_set(t->tx, p->to, &there) : rc;
}
