/*
 * What the tests of folders share.
 */

#ifndef FOLDER_PARTS_H
#define FOLDER_PARTS_H


#include "ptn_folder.h"
#include "mailbox_site.h"


static inline ptn_id_t
parts_add(site_t *s, ptn_mbox_t *mb, ptn_id_t folder, size_t size, bool fai)
{
    ptn_save_t                            save;
    ptn_saved_t                           saved;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&save, 0, sizeof(save));
    save.raw = site_message(s, size);
    save.fai = fai;
    save.received = 1770000000;

    return (ptn_txn_begin(&tx, mb) == PTN_OK
            && ptn_msg_create(&tx, s->pool, folder, &save, &saved) == PTN_OK
            && ptn_txn_commit(&tx) == PTN_OK)
           ? saved.id : 0;
}


static inline ptn_id_t
parts_folder(ptn_mbox_t *mb, ptn_id_t parent, const char *name)
{
    ptn_id_t                              id;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    id = 0;

    return (ptn_txn_begin(&tx, mb) == PTN_OK
            && ptn_folder_create(&tx, parent, ptn_str_z(name), NULL, &id)
               == PTN_OK
            && ptn_txn_commit(&tx) == PTN_OK)
           ? id : 0;
}


static inline uint32_t
parts_count(ptn_mbox_t *mb, ptn_id_t id)
{
    uint32_t     n;
    ptn_view_t  *view;

    if (ptn_view_get(mb, id, &view) != PTN_OK) {
        return 9999;
    }

    n = ptn_view_count(view);
    ptn_view_unref(view);

    return n;
}


static inline ptn_msg_info_t
parts_info(site_t *s, ptn_mbox_t *mb, ptn_id_t id)
{
    ptn_msg_t       *msg;
    ptn_msg_info_t   info;

    memset(&info, 0, sizeof(info));

    if (ptn_msg_open(mb, s->pool, id, &msg) == PTN_OK) {
        ptn_msg_info(msg, &info);
    }

    return info;
}


static inline ptn_str_t
parts_prop(site_t *s, ptn_mbox_t *mb, ptn_id_t id, uint32_t tag)
{
    ptn_str_t   v;
    ptn_msg_t  *msg;

    v = ptn_str_make(NULL, 0);

    if (ptn_msg_open(mb, s->pool, id, &msg) == PTN_OK) {
        (void) ptn_msg_props(msg, &tag, 1, &v);
    }

    return v;
}


static inline uint64_t
parts_folder_int(site_t *s, ptn_mbox_t *mb, ptn_id_t id, uint32_t tag)
{
    size_t     i;
    uint64_t   n;
    ptn_str_t  v;

    v = ptn_str_make(NULL, 0);

    if (ptn_folder_props(mb, s->pool, id, &tag, 1, &v) != PTN_OK
        || v.data == NULL)
    {
        return UINT64_MAX;
    }

    for (i = v.len, n = 0; i > 0; i--) {
        n = n << 8 | v.data[i - 1];
    }

    return n;
}


#endif /* FOLDER_PARTS_H */
