/*
 * store/mailbox: messages as property objects (DESIGN 3, "Objects are
 * property bags"), folders as MAPI and EWS see them, named properties, moves
 * between mailboxes.  Included by ptn_store.h, whose rules hold here.
 *
 * Ids.  `id` is the row id, stable for life; `mid` the object id that MAPI and
 * EWS show, renewed by a move (MS-OXCFOLD 2.2.1.6.1).  Folders have one id.
 * A number is shown as (REPLGUID, counter): ptn_mbox_replica().
 *
 * One truth.  What came as MIME is a view on it until a client edits content;
 * then the object is the truth, its MIME form is made once and kept with it,
 * and the message gets a new content id, a new uid, and a tombstone for the
 * old uid.  Properties that MIME does not have (ptn_oxcmail_is_content) never
 * change either.
 */

#ifndef PTN_STORE_ITEM_H
#define PTN_STORE_ITEM_H


#include "ptn_object.h"
#include "ptn_oxcmail.h"


/* --- numbers -------------------------------------------------------------- */

/*
 * REPLID and REPLGUID under which `id` (object or change number) was given.
 * By id: a restored mailbox gives later ones another REPLGUID (both counters
 * go on from one number then).  No disk but for the first call of a job.
 */
ptn_rc_t ptn_mbox_replica(ptn_mbox_t *mb, uint64_t id, uint16_t *ret_replid,
    ptn_guid_t *ret_replguid);
/* REPLID of a REPLGUID.  ENOTFOUND. */
ptn_rc_t ptn_mbox_replid(ptn_mbox_t *mb, ptn_guid_t replguid,
    uint16_t *ret_replid);
/*
 * The id of which clients know the 48 bits, and under which REPLGUID or REPLID;
 * whether anything has it is not asked.  ENOTFOUND: a replica that is not
 * known, or a number that another incarnation gave.
 */
ptn_rc_t ptn_mbox_id(ptn_mbox_t *mb, ptn_guid_t replguid, uint64_t n,
    ptn_id_t *ret_id);
ptn_rc_t ptn_mbox_id_replid(ptn_mbox_t *mb, uint16_t replid, uint64_t n,
    ptn_id_t *ret_id);


/* --- rights --------------------------------------------------------------- */

/*
 * ptn_mbox_open() by somebody else than the owner asks opts->access, once
 * (below); without PTN_ACCESS_FULL it is ENOTFOUND.  This tells a protocol
 * which door it came in by.
 */
bool ptn_mbox_is_owner(const ptn_mbox_t *mb);


/* --- all folders ---------------------------------------------------------- */

/* As ptn_folder_list(), from ROOT (which is not in the list) and hidden ones
 * too. */
ptn_rc_t ptn_folder_list_all(ptn_mbox_t *mb, const ptn_folder_t **ret_folders,
    size_t *ret_n);

/*
 * Properties of a folder for `tags` (MS-OXCFOLD 2.2.2, MS-OXOSFLD entry ids
 * on ROOT and INBOX, counters, class, keys ...), in `pool`; ret_values[i]
 * belongs to tags[i], data NULL: it has none.  n 0: every tag it has is in
 * *ret_props instead.
 */
ptn_rc_t ptn_folder_props(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    const uint32_t *tags, size_t n, ptn_str_t *ret_values);
ptn_rc_t ptn_folder_props_all(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_id_t folder, ptn_props_t *ret_props);

/*
 * Sets (value data NULL: removes) properties in the folder's bag; the name
 * (PidTagDisplayName) renames.  EDENIED: computed, read only, or the name of a
 * special folder; ETOOBIG: above PTN_BAG_VALUE_MAX.  After an error the
 * transaction is to be undone: some may have been set.
 */
ptn_rc_t ptn_folder_props_set(ptn_txn_t *tx, ptn_id_t folder,
    const ptn_bag_prop_t *props, size_t n);


/* --- messages as objects -------------------------------------------------- */

/*
 * Row id of a mid.  ENOTFOUND.  `folder` 0: wherever it is.
 */
ptn_rc_t ptn_msg_by_mid(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t mid,
    ptn_id_t *ret_id);

typedef struct {
    ptn_id_t  id, mid, folder, content;
    uint64_t  cn, read_cn, modseq, born;
    uint32_t  uid;
    uint32_t  flags;            /* PTN_FLAG_* */
    uint64_t  keywords;
    uint64_t  size;
    int64_t   received, modified;       /* seconds since 1970 */
    uint32_t  status;           /* PTN_STATUS_*, without DELMARKED */
    bool      fai;
} ptn_msg_info_t;

void ptn_msg_info(const ptn_msg_t *msg, ptn_msg_info_t *ret_info);

/*
 * The message as an object, in the message's pool: `what` of PTN_OXCMAIL_*.
 * Computed properties (flags, sizes, keys, times, display lists, entry ids)
 * are in props.  Called again with more it adds to the same object.  PROPS,
 * RECIPS and ATTACHS of mail look at the content only for what its rows do not
 * have: PROPS for TRANSPORT_MESSAGE_HEADERS and values above 1 KiB.
 * MESSAGE_SIZE is in as LONG; MESSAGE_SIZE_EXTENDED is had by
 * ptn_msg_props().
 */
ptn_rc_t ptn_msg_object(ptn_msg_t *msg, unsigned what,
    const ptn_object_t **ret_object);

/* Values for `tags`, in the message's pool; ret_values[i].data NULL: not
 * there.  Reads the content only when a tag wants it. */
ptn_rc_t ptn_msg_props(ptn_msg_t *msg, const uint32_t *tags, size_t n,
    ptn_str_t *ret_values);

/* Data of attachment `num`.  ENOTFOUND; ETOOBIG above `max`. */
ptn_rc_t ptn_msg_attach_data(ptn_msg_t *msg, uint32_t num, size_t max,
    ptn_str_t *ret_data);


typedef struct {
    const ptn_object_t  *object;    /* whole: recipients, attachments + data */
    ptn_str_t            raw;       /* not empty: the client's own MIME is the
                                       content, `object` (may be NULL) adds
                                       what MIME has not */
    uint32_t             flags;     /* PTN_FLAG_* */
    uint64_t             keywords;
    int64_t              received;  /* 0: now */
    bool                 fai;
    ptn_str_t            key;       /* as ptn_append_t.key */
    ptn_id_t             mid;       /* reserved by ptn_txn_mid(), or 0 */
} ptn_save_t;

typedef struct {
    ptn_id_t  id, mid;
    uint64_t  cn, modseq;
    uint32_t  uid, uidvalidity;
} ptn_saved_t;

/* A mid for a message that will be saved later (RopCreateMessage). */
ptn_rc_t ptn_txn_mid(ptn_txn_t *tx, ptn_id_t *ret_mid);

/*
 * A new message.  ENOTFOUND (folder), EQUOTA, ETOOBIG, EEXIST (key, mid),
 * EINVAL (neither object nor raw, a mid that was not given, an attachment
 * without its data).  Of the object's computed properties nothing is taken
 * but bits of MESSAGE_FLAGS (submitted, from me, pending receipts);
 * FLAG_STATUS 2 and LAST_VERB_EXECUTED 102, 103 set \Flagged and \Answered.
 * SUBJECT counts: prefix and rest that do not make it are dropped; without it
 * they are what it is made of.  Display lists are made of the recipients.
 */
ptn_rc_t ptn_msg_create(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_save_t *save, ptn_saved_t *ret_saved);

/*
 * Replaces what message `id` is by `object` (whole, as read by
 * ptn_msg_object() with all of it and then edited; an attachment with the same
 * `num` and has_data false keeps its data).  With if_cn not 0, ECONFLICT when
 * its cn has moved beyond; ECONFLICT, too, while it is on its way to another
 * mailbox.  Content that did not change stays: then there is no new uid.  cn
 * moves when anything did; read state does not.  Of *save only object and raw
 * are looked at: flags and keywords are ptn_msg_flags_ids()'s affair (but for
 * what FLAG_STATUS and LAST_VERB_EXECUTED say, as above).  raw without object
 * keeps the properties that are no content.
 */
ptn_rc_t ptn_msg_update(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    const ptn_save_t *save, uint64_t if_cn, ptn_saved_t *ret_saved);

/*
 * Properties that are no content, a statement or two and no MIME: flags,
 * categories, client bookkeeping; value data NULL: removes.  Values of any
 * size: those above PTN_BAG_VALUE_MAX become blobs (at most 64 of a message,
 * ELIMIT).  Computed ones are passed over.  ESUPPORT: one of them is content,
 * use ptn_msg_update().  ECONFLICT: it is on its way to another mailbox.
 */
ptn_rc_t ptn_msg_set_props(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    const ptn_bag_prop_t *props, size_t n, ptn_saved_t *ret_saved);

/*
 * The same operations as in ptn_store.h, by row id and across folders; ids
 * that are gone, not in `from`, or on their way to another mailbox (move) are
 * passed over.  ret_ids[i]: the row id in the new folder (a copy has its own,
 * a move keeps it), 0: it was gone; in `pool`.
 */
ptn_rc_t ptn_msg_flags_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n,
    ptn_flags_op_e op, uint32_t flags, uint64_t keywords,
    uint64_t *ret_modseq);
ptn_rc_t ptn_msg_copy_ids(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const ptn_id_t *ids, size_t n, ptn_id_t to, ptn_id_t **ret_ids);
ptn_rc_t ptn_msg_move_ids(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const ptn_id_t *ids, size_t n, ptn_id_t to, ptn_id_t **ret_ids);
ptn_rc_t ptn_msg_expunge_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n);

/*
 * To another mailbox, where `to_mb`'s actor must have been let in.  A copy
 * commits once, in `to_mb`; a move three times: an intent in `from_mb`, the
 * copies in `to_mb` (with a key, at most once), the removal here.  A crash in
 * between is finished by whoever opens `from_mb` next (ptn_mbox_open, or
 * ptn_store_idle).  Until then nobody else moves or edits the messages.  No
 * batch may be open on the store (EBUSY): ptn_app_commit() first.  Never waits
 * for one mailbox with the other locked.  Named properties and keywords are
 * mapped by name.  ret_ids[i]: the row id there, 0: it was gone.
 *
 * In portions of 100 messages or 64 MB: after an error (EQUOTA, ENOTFOUND,
 * EDENIED, ELIMIT ...: nothing of the portion) earlier ones have moved.  A
 * commit that failed (EIO, ENOSPC) may be made up for later.
 */
ptn_rc_t ptn_msg_transfer_mbox(ptn_mbox_t *from_mb, ptn_mbox_t *to_mb,
    ptn_pool_t *pool, ptn_id_t from, const ptn_id_t *ids, size_t n,
    ptn_id_t to, bool copy, ptn_id_t **ret_ids);


/* --- named properties (MS-OXCPRPT 3.2.5.9) -------------------------------- */

/*
 * Property ids of names, 0 where there is none; with `tx` those that are new
 * are made (ELIMIT: all ids are taken).  tx NULL: only looked up.  A lid of
 * PS_MAPI below 0x8000 is the id itself; names of PS_INTERNET_HEADERS have no
 * case; names are 1 to 381 bytes long (others: 0).
 */
ptn_rc_t ptn_named_ids(ptn_mbox_t *mb, ptn_txn_t *tx, const ptn_named_t *names,
    size_t n, uint16_t *ret_ids);
/* Names of ids (in `pool`); ret_found[i] false: not ours. */
ptn_rc_t ptn_named_names(ptn_mbox_t *mb, ptn_pool_t *pool,
    const uint16_t *ids, size_t n, ptn_named_t *ret_names, bool *ret_found);


#endif /* PTN_STORE_ITEM_H */
