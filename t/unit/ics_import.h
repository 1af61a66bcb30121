/*
 * Uploads one by one: keys, and a message that is imported; for ics_import.c,
 * ics_conflict.c.
 */

#ifndef ICS_IMPORT_H
#define ICS_IMPORT_H


#include "mailbox_site.h"
#include "ptn_eid.h"
#include "ptn_ics.h"
#include "ptn_item.h"


typedef struct {
    site_t             site;
    ptn_mbox_t        *mb;
    ptn_pool_t        *pool;
    ptn_txn_t          tx;
} test_t;


/* ---- keys ---------------------------------------------------------------- */

static ptn_str_t
xid(test_t *t, unsigned who, unsigned n)
{
    u_char  *p;

    p = ptn_palloc(t->pool, 20);
    memset(p, (int) who, 16);
    p[16] = 0;
    p[17] = 0;
    p[18] = (u_char) (n >> 8);
    p[19] = (u_char) n;

    return ptn_str_make(p, 20);
}


static ptn_str_t
pcl(test_t *t, ptn_str_t list, ptn_str_t one)
{
    ok(ptn_pcl_add(t->pool, list, one, &list) == PTN_OK, "a list");

    return list;
}


static ptn_str_t
gid(test_t *t, ptn_id_t id)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(t->pool, PTN_GID_LEN);
    ptn_mbox_replica(t->mb, id, &replid, &guid);
    ptn_eid_gid(guid, id, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


static void
begin(test_t *t)
{
    is_rc(ptn_txn_begin(&t->tx, t->mb), PTN_OK, "begin");
}


static void
commit(test_t *t)
{
    is_rc(ptn_txn_commit(&t->tx), PTN_OK, "commit");
}


static ptn_object_t *
object(test_t *t, const char *subject)
{
    ptn_object_t  *o;

    o = ptn_pcalloc(t->pool, sizeof(ptn_object_t));
    ptn_props_set(&o->props, t->pool, PTN_PR_MESSAGE_CLASS,
                  ptn_str("IPM.Note"));
    ptn_props_set(&o->props, t->pool, PTN_PR_SUBJECT, ptn_str_z(subject));
    ptn_props_set(&o->props, t->pool, PTN_PR_BODY, ptn_str("text"));

    return o;
}


static ptn_str_t
prop(test_t *t, ptn_id_t id, uint32_t tag)
{
    ptn_str_t   v;
    ptn_msg_t  *msg;

    v = ptn_str_make(NULL, 0);

    if (ptn_msg_open(t->mb, t->pool, id, &msg) == PTN_OK) {
        ptn_msg_props(msg, &tag, 1, &v);
    }

    return v;
}


static ptn_ics_imported_t
import(test_t *t, ptn_str_t key, ptn_str_t list, ptn_str_t change,
    int64_t modified, const char *subject, bool fail)
{
    ptn_ics_import_t    in;
    ptn_ics_imported_t  out;

    memset(&in, 0, sizeof(in));
    in.source_key = key;
    in.change_key = change;
    in.pcl = pcl(t, list, change);
    in.modified = modified;
    in.received = 1770000000;
    in.object = object(t, subject);
    in.fail_on_conflict = fail;
    begin(t);
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &out), PTN_OK, subject);
    commit(t);

    return out;
}


#endif /* ICS_IMPORT_H */
