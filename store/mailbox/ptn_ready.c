/*
 * Messages made ready to be appended, by any executor and without a lock.
 *
 * All that is asked of the mailbox is its dictionary.  An executor that only
 * makes messages ready looks at the mailbox once in PTN_READY_MS: it need not
 * know the newest dictionary, because the append asks whether what was made
 * holds, and makes it again if not.
 */

#include "ptn_dictionary.h"
#include "ptn_ready.h"


#define PTN_READY_MS     1000
#define PTN_READY_TRACE  16384      /* Return-Path, Received, ... (delivery) */


size_t
ptn_ready_max(const ptn_store_t *store, const ptn_append_t *append)
{
    /* what was taken at the limit has our trace fields by now */

    return (size_t) store->conf->message_max
           + (append->delivery ? PTN_READY_TRACE : 0);
}


static ptn_rc_t
ptn_ready_fill(ptn_ready_t *ready, ptn_mbox_t *mb, const ptn_append_t *append)
{
    ptn_rc_t  rc;

    ready->mailbox = mb->guid;
    ready->raw = append->raw;
    ready->mime = append->mime;
    ready->hurry = append->hurry;
    rc = PTN_OK;

    if (ready->mime == NULL) {
        rc = ptn_mime_parse(ready->pool, append->raw, &ready->mime);
    }

    if (rc == PTN_OK) {
        rc = ptn_oxcmail_import(ready->pool, ready->mime,
                                PTN_OXCMAIL_PROPS|PTN_OXCMAIL_ATTACHS,
                                &ready->object);
    }

    return (rc == PTN_OK) ? ptn_content_make(mb, ready->pool, ready->mime,
                                             ready->hurry, &ready->content)
                          : rc;
}


ptn_rc_t
ptn_ready_make(ptn_mbox_t *mb, const ptn_append_t *append,
    ptn_ready_t **ret_ready)
{
    ptn_rc_t      rc;
    ptn_pool_t   *pool;
    ptn_ready_t  *ready;

    *ret_ready = NULL;

    /* decoded attachments and a skeleton may stand beside the message */

    pool = ptn_content_pool(mb->store,
                            PTN_POOL_CAP_DEFAULT + 4 * append->raw.len);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    ready = ptn_pcalloc(pool, sizeof(ptn_ready_t));
    rc = PTN_ENOMEM;

    if (ready != NULL) {
        ready->pool = pool;
        rc = ptn_ready_fill(ready, mb, append);
    }

    if (rc != PTN_OK) {
        ptn_pool_destroy(pool);
        return rc;
    }

    *ret_ready = ready;

    return PTN_OK;
}


ptn_rc_t
ptn_ready_again(ptn_ready_t *ready, ptn_mbox_t *mb,
    const ptn_append_t *append)
{
    if (ready->raw.data != append->raw.data
        || ready->raw.len != append->raw.len)
    {
        return PTN_EINVAL;
    }

    /* dictionaries of two mailboxes may have one number */

    if (ready->content.dictionary == mb->meta.dictionary
        && (ptn_guid_eq(ready->mailbox, mb->guid)
            || mb->meta.dictionary == 0))
    {
        return PTN_OK;
    }

    ready->mailbox = mb->guid;

    return ptn_content_make(mb, ready->pool, ready->mime, ready->hurry,
                            &ready->content);
}


ptn_rc_t
ptn_msg_ready(ptn_store_t *store, const ptn_user_t *user,
    const ptn_append_t *append, ptn_ready_t **ret_ready)
{
    uint64_t     now;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    if (append->raw.len > ptn_ready_max(store, append)) {
        return PTN_ETOOBIG;
    }

    now = ptn_time_mono();
    mb = ptn_mbox_known(store, user->mailbox);

    if (mb == NULL || mb->state != PTN_MBOX_OPEN || !mb->meta.valid
        || now - mb->ready_ms > PTN_READY_MS)
    {
        rc = ptn_mbox_open_unacted(store, user, true, &mb);

        if (rc == PTN_OK) {
            rc = ptn_mbox_meta(mb);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        mb->ready_ms = now;
    }

    mb->used = ++store->tick;
    mb->used_ms = now;

    return ptn_ready_make(mb, append, ret_ready);
}


void
ptn_ready_free(ptn_ready_t *ready)
{
    if (ready != NULL) {
        ptn_pool_destroy(ready->pool);
    }
}
