#include "ptn_mdn.h"
#include "ptn_notice.h"


#define PTN_NOTICE_DEPTH  8             /* groups within groups */
#define PTN_NOTICE_USERS  100           /* of a group */
#define PTN_NOTICE_TRIES  86400         /* seconds */


typedef struct {
    ptn_app_t            *app;
    ptn_pool_t           *pool;
    const ptn_receipt_t  *r;
    ptn_object_t          object;
    ptn_str_t             key;
    unsigned              n;
} ptn_notice_t;


static ptn_rc_t
ptn_notice_make(ptn_notice_t *t)
{
    size_t       i;
    ptn_rc_t     rc;
    ptn_str_t    body;
    ptn_props_t  *props;

    props = &t->object.props;
    body = ptn_str_printf(t->pool, "Somebody has changed \"%.*s\" in the "
                          "public folder \"%.*s\"\r\nwithout knowing another "
                          "change of it. The later one was taken.\r\n",
                          ptn_str_arg(t->r->subject), ptn_str_arg(t->r->to));
    {
        const ptn_bag_prop_t  p[] = {
            { PTN_PR_MESSAGE_CLASS, ptn_str("IPM.Conflict.Message") },
            { PTN_PR_SUBJECT, t->r->subject },
            { PTN_PR_ORIGINAL_SUBJECT, t->r->subject },
            { PTN_PR_SENDER_NAME, t->r->to },
            { PTN_PR_SENT_REPRESENTING_NAME, t->r->to },
            { PTN_PR_CONFLICT_ENTRYID, t->r->entryid },
            { PTN_PR_BODY, body }
        };

        for (i = 0, rc = PTN_OK; i < ptn_nelts(p) && rc == PTN_OK; i++) {
            rc = ptn_props_set(props, t->pool, p[i].tag, p[i].value);
        }
    }

    t->key = ptn_str_printf(t->pool, "notice-%.*s",
                            ptn_str_arg(ptn_mdn_id(t->pool, t->r)));

    return (rc == PTN_OK && ptn_pool_failed(t->pool)) ? PTN_ENOMEM : rc;
}


static ptn_rc_t
ptn_notice_put(ptn_notice_t *t, ptn_mbox_t *mb)
{
    ptn_id_t                              inbox;
    ptn_rc_t                              rc;
    ptn_save_t                            save;
    ptn_saved_t                           saved;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&save, 0, sizeof(save));
    save.object = &t->object;
    save.received = t->r->at;
    save.key = t->key;
    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_special_id(mb, PTN_FOLDER_INBOX, &inbox);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_create(&tx, t->pool, inbox, &save, &saved);
    }

    return (rc == PTN_OK) ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
ptn_notice_user(ptn_notice_t *t, const ptn_user_t *user)
{
    ptn_rc_t       rc;
    ptn_mbox_t    *mb;
    ptn_acting_t   was;

    if (t->n++ == PTN_NOTICE_USERS) {
        return PTN_OK;
    }

    rc = ptn_mbox_open_system(t->app->store, user, &mb, &was);

    if (rc == PTN_OK) {
        rc = ptn_notice_put(t, mb);
        ptn_mbox_back(mb, &was);
    }

    if (rc == PTN_OK) {
        rc = ptn_store_commit(t->app->store);

    } else if (ptn_store_pending(t->app->store)) {
        ptn_store_rollback(t->app->store);
    }

    if (rc == PTN_EEXIST) {
        return PTN_OK;          /* it was asked for before */
    }

    ptn_log(t->app->log, rc == PTN_OK ? PTN_LOG_INFO : PTN_LOG_ERROR,
            "conflict user=\"%.*s\" folder=\"%.*s\" status=%s",
            ptn_str_arg(user->address), ptn_str_arg(t->r->to),
            rc == PTN_OK ? "notified" : ptn_err(rc)->name);

    if (rc == PTN_EQUOTA || rc == PTN_ENOTFOUND || rc == PTN_ETOOBIG
        || rc == PTN_ECORRUPT
        || ptn_time_now() / PTN_USEC - t->r->at > PTN_NOTICE_TRIES)
    {
        rc = PTN_OK;            /* others are not to wait for it */
    }

    return rc;
}


static ptn_rc_t
ptn_notice_member(ptn_notice_t *t, uint64_t member, unsigned depth)
{
    size_t        i, n;
    ptn_rc_t      rc;
    ptn_user_t    user;
    ptn_group_t   group, *members;

    rc = ptn_user_by_id(t->app->directory, t->pool, member, &user);

    if (rc != PTN_ENOTFOUND) {
        return (rc == PTN_OK) ? ptn_notice_user(t, &user) : rc;
    }

    rc = ptn_group_by_id(t->app->directory, t->pool, member, &group);

    if (rc == PTN_OK) {
        rc = ptn_group_members(t->app->directory, t->pool, group.address,
                               &members, &n);
    }

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    for (i = 0; i < n && depth < PTN_NOTICE_DEPTH && rc == PTN_OK; i++) {
        rc = ptn_notice_member(t, members[i].id, depth + 1);
    }

    return rc;
}


ptn_rc_t
ptn_notice_deliver(ptn_app_t *app, ptn_pool_t *pool,
    const ptn_receipt_t *notice)
{
    ptn_rc_t      rc;
    ptn_notice_t  t;

    memset(&t, 0, sizeof(t));
    t.app = app;
    t.pool = pool;
    t.r = notice;
    rc = ptn_notice_make(&t);

    return (rc == PTN_OK) ? ptn_notice_member(&t, notice->member, 0) : rc;
}
