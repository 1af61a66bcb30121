#include "ptn_rop_data.h"


/* Recipients of a message (MS-OXCMSG 2.2.3.4 to 2.2.3.6). */


static ptn_rc_t
ptn_rop_recips_grow(ptn_rop_object_t *obj)
{
    uint32_t            size;
    ptn_rc_t            rc;
    ptn_recip_t        *recips;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);

    if (m->nrecips < m->srecips) {
        return PTN_OK;
    }

    if (m->nrecips >= PTN_ROP_RECIPS_MAX) {
        return PTN_ELIMIT;
    }

    size = m->srecips == 0 ? 16 : m->srecips * 2;

    rc = ptn_rop_hold(m->session, &m->held, size * sizeof(ptn_recip_t));
    if (rc != PTN_OK) {
        return rc;
    }

    recips = ptn_parray(obj->pool, size, sizeof(ptn_recip_t));
    if (recips == NULL) {
        return PTN_ENOMEM;
    }

    if (m->nrecips != 0) {
        memcpy(recips, m->recips, m->nrecips * sizeof(ptn_recip_t));
    }

    m->recips = recips;
    m->srecips = size;

    return PTN_OK;
}


/* Properties into the message's memory. */
static ptn_rc_t
ptn_rop_recip_keep(ptn_rop_object_t *obj, const ptn_props_t *from,
    ptn_props_t *to)
{
    uint32_t            i;
    ptn_rc_t            rc;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(obj);
    memset(to, 0, sizeof(*to));

    for (i = 0; i < from->n; i++) {
        rc = ptn_rop_hold(m->session, &m->held, from->p[i].value.len + 64);

        if (rc == PTN_OK) {
            rc = ptn_props_set_dup(to, obj->pool, from->p[i].tag,
                                   from->p[i].value);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* The stored recipients become the handle's own, before they change. */
static ptn_rc_t
ptn_rop_recips_own(ptn_rop_ctx_t *c, ptn_rop_object_t *obj, bool none)
{
    uint32_t            i, n;
    ptn_rc_t            rc;
    ptn_rop_message_t  *m;
    const ptn_recip_t  *recips;

    m = ptn_rop_message(obj);

    if (!m->writable) {
        return PTN_EDENIED;
    }

    if (ptn_rop_pool(obj) == NULL) {
        return PTN_ENOMEM;
    }

    m->edited = true;

    if (none) {
        m->own_recips = true;
        m->nrecips = 0;
        return PTN_OK;
    }

    if (m->own_recips) {
        return PTN_OK;
    }

    rc = ptn_rop_message_recips(c, obj, &recips, &n);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        rc = ptn_rop_recips_grow(obj);

        if (rc == PTN_OK) {
            m->recips[i] = recips[i];
            m->nrecips++;
            rc = ptn_rop_recip_keep(obj, &recips[i].props,
                                    &m->recips[i].props);
        }
    }

    m->own_recips = rc == PTN_OK;

    return rc;
}


ptn_rc_t
ptn_rop_remove_all_recipients(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    return ptn_rop_recips_own(c, c->in, true);
}


/* An address of ours behind a DN, for everything that sends. */
static ptn_rc_t
ptn_rop_recip_smtp(ptn_rop_ctx_t *c, ptn_props_t *props)
{
    ptn_rc_t    rc;
    ptn_str_t   type, address;
    ptn_guid_t  guid;
    ptn_user_t  user;

    type = ptn_props_get(props, PTN_PR_ADDRTYPE);
    address = ptn_props_get(props, PTN_PR_EMAIL_ADDRESS);

    if (address.data == NULL
        || ptn_props_get(props, PTN_PR_SMTP_ADDRESS).data != NULL)
    {
        return PTN_OK;
    }

    if (ptn_str_ieqz(type, "SMTP")) {
        return ptn_props_set(props, c->pool, PTN_PR_SMTP_ADDRESS, address);
    }

    if (!ptn_str_ieqz(type, "EX")
        || ptn_eid_dn_parse(address, &guid) != PTN_OK)
    {
        return PTN_OK;
    }

    rc = ptn_user_by_mailbox(c->app->directory, c->pool, guid, &user);

    if (rc == PTN_ENOTFOUND) {
        return PTN_OK;
    }

    return rc == PTN_OK ? ptn_props_set(props, c->pool, PTN_PR_SMTP_ADDRESS,
                                        user.address)
                        : rc;
}


static ptn_rc_t
ptn_rop_recip_modify(ptn_rop_ctx_t *c, const ptn_rop_modify_recipients_req_t
    *req, const ptn_wire_text_t *text, const ptn_wire_modify_recipient_t *row)
{
    uint32_t            i;
    ptn_rc_t            rc;
    ptn_props_t         props;
    ptn_recip_t        *recip;
    ptn_rop_message_t  *m;

    m = ptn_rop_message(c->in);

    for (i = 0; i < m->nrecips && m->recips[i].row != row->row_id; i++) {
        /* void */
    }

    if (row->row.len == 0) {
        if (i < m->nrecips) {
            m->nrecips--;
            memmove(&m->recips[i], &m->recips[i + 1],
                    (m->nrecips - i) * sizeof(ptn_recip_t));
        }

        return PTN_OK;
    }

    memset(&props, 0, sizeof(props));

    rc = ptn_wire_recip_get(text, row->row, req->columns, req->column_count,
                            &props);
    if (rc == PTN_OK) {
        rc = ptn_rop_recip_smtp(c, &props);
    }

    if (rc == PTN_OK && i == m->nrecips) {
        rc = ptn_rop_recips_grow(c->in);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    recip = &m->recips[i];
    recip->row = row->row_id;
    recip->type = row->type & 0x0f;     /* the rest is of resends */

    rc = ptn_rop_recip_keep(c->in, &props, &recip->props);

    if (rc == PTN_OK && i == m->nrecips) {
        m->nrecips++;
    }

    return rc;
}


ptn_rc_t
ptn_rop_modify_recipients(ptn_rop_ctx_t *c, void *req_, void *res PTN_UNUSED)
{
    uint32_t                          i;
    ptn_rc_t                          rc;
    ptn_wire_text_t                   text;
    ptn_rop_modify_recipients_req_t  *req = req_;

    rc = ptn_rop_recips_own(c, c->in, false);
    text = ptn_rop_text(c, c->in);

    for (i = 0; rc == PTN_OK && i < req->row_count; i++) {
        rc = ptn_rop_recip_modify(c, req, &text, &req->rows[i]);
    }

    if (rc == PTN_ETRUNC || rc == PTN_EPARSE) {
        return PTN_EINVAL;
    }

    return rc;
}


/* Recipients from RowId on that fit (3.2.5.6). */
ptn_rc_t
ptn_rop_read_recipients(ptn_rop_ctx_t *c, void *req_, void *res_)
{
    size_t                          used;
    uint32_t                        i, k, n;
    ptn_rc_t                        rc;
    ptn_str_t                       row;
    ptn_wire_text_t                 text;
    const ptn_recip_t              *recips;
    ptn_rop_read_recipients_req_t  *req = req_;
    ptn_rop_read_recipients_res_t  *res = res_;

    rc = ptn_rop_message_recips(c, c->in, &recips, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    res->rows = ptn_parray(c->pool, ptn_min(n, UINT8_MAX),
                           sizeof(ptn_wire_read_recipient_t));
    if (res->rows == NULL) {
        return PTN_ENOMEM;
    }

    text = ptn_rop_text(c, c->in);
    used = 1;
    k = 0;

    for (i = 0; i < n && k < UINT8_MAX; i++) {
        if (recips[i].row < req->row_id) {
            continue;
        }

        rc = ptn_rop_recip_row(c, &text, &recips[i], &row);
        if (rc != PTN_OK) {
            return rc;
        }

        used += row.len + 11;

        if (used > c->room || row.len > UINT16_MAX) {
            if (k == 0) {
                c->small = true;
            }
            break;
        }

        res->rows[k].row_id = recips[i].row;
        res->rows[k].type = (uint8_t) recips[i].type;
        res->rows[k].code_page = 0x0fff;
        res->rows[k].row = row;
        k++;
    }

    res->row_count = (uint8_t) k;

    return k == 0 ? PTN_ENOTFOUND : PTN_OK;
}
