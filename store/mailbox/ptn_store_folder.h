/*
 * store/mailbox: soft deletion and recovery, whole folders, receive folders,
 * rules, status, categories, names, conversations, receipts (MS-OXCFOLD,
 * MS-OXCSTOR 2.2.1.2, MS-OXORULE, MS-OXCMSG 2.2.3.8).  Included by
 * ptn_store.h, whose rules hold here; docs/mailbox-folders.md.
 *
 * What is soft deleted can be recovered for ptn_conf_t.deleted_retention
 * seconds of the mailbox's life: time that the machine was up, the same for a
 * clock that steps.  Then idle executors remove it, some at a time.  No
 * folder, view, table, search or quota counts it meanwhile.
 *
 * Rights are those of the messages: what needs ReadAny, EditAny, DeleteAny is
 * had of owned ones, too, and private ones are not there (by id they are
 * passed over).  What left with its folder is judged by that folder's list,
 * which stays as long as it can be recovered.
 */

#ifndef PTN_STORE_FOLDER_H
#define PTN_STORE_FOLDER_H


#include "ptn_bag.h"


/* --- messages that can be recovered --------------------------------------- */

/*
 * Soft deletes messages, as ptn_msg_expunge_ids() deletes them: tombstones
 * (cause soft) and DELETED events; ids that are gone are passed over.
 */
ptn_rc_t ptn_msg_gone_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n);
/* By uid, as ptn_msg_expunge(). */
ptn_rc_t ptn_msg_gone(ptn_txn_t *tx, ptn_id_t folder, const uint32_t *uids,
    size_t n);

typedef struct {
    ptn_id_t  id, mid;
    ptn_id_t  folder;           /* that it was deleted from */
    uint64_t  modseq;           /* of its deletion: the place in the list */
    uint64_t  size;
    uint32_t  flags;
    bool      fai;
    int64_t   deleted;          /* seconds since 1970, PidTagDeletedOn */
} ptn_gone_t;

/*
 * What can be recovered of `folder`, in the order of deletion, behind modseq
 * `after` (0: from the first), at most `max`, in `pool`.  fai: its folder
 * associated messages instead.  ENOTFOUND: no such folder.
 */
ptn_rc_t ptn_gone_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    bool fai, uint64_t after, size_t max, ptn_gone_t **ret_rows,
    size_t *ret_n);

/* One of them by the mid that it had; folder 0: of any, with full access
 * (EDENIED).  ENOTFOUND. */
ptn_rc_t ptn_gone_by_mid(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t mid,
    ptn_id_t *ret_id);

/* Opens one for reading, as ptn_msg_open(); its info says the folder that it
 * was deleted from.  ENOTFOUND: it cannot be recovered. */
ptn_rc_t ptn_gone_open(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_msg_t **ret_msg);

/*
 * Brings messages back to folder `to` (0: each to its own, or, when that is
 * gone, the Inbox), as a move: new uid and mid, born now.  ret_ids[i], in
 * `pool`: the row id, 0: it could not be recovered any more.  EQUOTA, ELIMIT:
 * nothing was.
 */
ptn_rc_t ptn_gone_recover(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_id_t *ids, size_t n, ptn_id_t to, ptn_id_t **ret_ids);

/* Removes them for good.  Those that cannot be recovered are passed over. */
ptn_rc_t ptn_gone_expunge_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n);

/* Properties of a folder that say so; MS-OXPROPS does not list them. */
#define PTN_PR_DELETED_MSG_COUNT              0x66400003
#define PTN_PR_DELETED_FOLDER_COUNT           0x66410003
#define PTN_PR_DELETED_ASSOC_MSG_COUNT        0x66430003
#define PTN_PR_DELETED_MESSAGE_SIZE_EXTENDED  0x669b0014

/* What can be recovered of a folder, or (folder 0, with full access: EDENIED)
 * of the mailbox with all that is in deleted folders.  Reads those rows. */
typedef struct {
    uint64_t  messages, size;
    uint64_t  fai, fai_size;
    uint64_t  folders;          /* subfolders, not what is below them */
} ptn_gone_count_t;

ptn_rc_t ptn_gone_count(ptn_mbox_t *mb, ptn_id_t folder,
    ptn_gone_count_t *ret_count);


/* --- folders -------------------------------------------------------------- */

/* MS-OXCFOLD 2.2.1.3.1 DeleteFolderFlags */
#define PTN_REMOVE_MESSAGES  0x01
#define PTN_REMOVE_FOLDERS   0x04
#define PTN_REMOVE_HARD      0x10
/* Of ptn_folder_clear(): folder associated messages, too. */
#define PTN_REMOVE_FAI       0x100

/*
 * Deletes a folder with all that is in it.  Where it has messages or
 * subfolders that the flags do not name nothing is deleted, and *ret_partial
 * is true (3.2.5.3).  EDENIED: it, or one below it, is special, or not the
 * actor's.  Work is that of the number of folders: messages of large ones
 * (above 1,000) are removed by idle executors.
 */
ptn_rc_t ptn_folder_remove(ptn_txn_t *tx, ptn_id_t id, unsigned flags,
    bool *ret_partial);

/*
 * Empties a folder (2.2.1.9, 2.2.1.10): subfolders, whatever the flags, but
 * special ones and those that the actor does not own with all below them
 * (*ret_partial is set), and messages, at most `max` of them;
 * *ret_more: call again, in another transaction.  ESUPPORT: the root, or a
 * search folder.
 */
ptn_rc_t ptn_folder_clear(ptn_txn_t *tx, ptn_id_t id, unsigned flags,
    size_t max, bool *ret_partial, bool *ret_more);

/*
 * Copies a folder below `parent` as `name` (2.2.1.8): properties, messages
 * (folder associated ones, too), with `recursive` its subfolders.  As in
 * Exchange the copy gets no rules and no permissions but its parent's.  What
 * the actor does not see, with all below that, stays away; EDENIED: one that
 * it sees and may not read.  begin makes the folders, some copies at most
 * `max` messages, in the same or a later transaction; *ret_more: call again.
 * What comes after begin is not copied.  EEXIST, ELIMIT (depth, number of
 * folders), EINVAL: into itself.  The copy lives in `pool`.
 */
typedef struct ptn_folder_copy_s  ptn_folder_copy_t;

ptn_rc_t ptn_folder_copy_begin(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id,
    ptn_id_t parent, ptn_str_t name, bool recursive,
    ptn_folder_copy_t **ret_copy);
ptn_rc_t ptn_folder_copy_some(ptn_txn_t *tx, ptn_folder_copy_t *copy,
    size_t max, bool *ret_more);
ptn_id_t ptn_folder_copy_id(const ptn_folder_copy_t *copy);

/*
 * To another mailbox, as ptn_msg_transfer_mbox() takes messages: no batch may be
 * open (EBUSY), neither mailbox is waited for with the other locked, names of
 * properties and keywords are mapped.  With it come its subfolders (a copy: with
 * RECURSIVE), folder associated messages, properties, and search folders that
 * look at nothing else; with a move rules, of which those that name folders or
 * messages have ST_ERROR there.  Permissions are those of the new parent.
 * What could be recovered of a folder stays where it was, as long as it could.
 *
 * A move needs FolderOwner, ReadAny and DeleteAny on the folder and all below
 * it, a copy ReadAny on what is visible; both CreateSubFolder there.  In
 * portions; a crash in between is finished by whoever opens `from_mb` next.
 * *ret_partial: some stayed (it came meanwhile, somebody else was moving it, or
 * the actor does not see it), in its folder.  EQUOTA: at the door, nothing was
 * done.  EEXIST, EDENIED (special folders), ELIMIT (1,000 folders, levels),
 * EBUSY (another move of it is under way), ESUPPORT (the root, search folders,
 * and those that look at others): nothing was done.  Any error later leaves each
 * message on one side, a copy is removed.
 */
#define PTN_TRANSFER_COPY       0x01
#define PTN_TRANSFER_RECURSIVE  0x02
ptn_rc_t ptn_folder_transfer_mbox(ptn_mbox_t *from_mb, ptn_mbox_t *to_mb,
    ptn_pool_t *pool, ptn_id_t id, ptn_id_t parent, ptn_str_t name,
    unsigned flags, ptn_id_t *ret_id, bool *ret_partial);

/* Subfolders of `parent` that can be recovered and that the actor saw, in
 * `pool`. */
typedef struct {
    ptn_id_t   id;
    ptn_id_t   parent;          /* that it was deleted from */
    ptn_str_t  name, cls;
    uint32_t   total, unread;
    uint64_t   size;            /* its own messages */
    int64_t    deleted;         /* seconds since 1970, PidTagDeletedOn */
} ptn_gone_folder_t;

ptn_rc_t ptn_gone_folders(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t parent,
    ptn_gone_folder_t **ret_folders, size_t *ret_n);

/*
 * Brings a folder back with all that was in it, below `parent` (0: where it
 * was, or the top of the visible tree when that is gone) under `name` (empty:
 * its own, with " (1)", " (2)" ... behind it while that is taken).  Ids, uids
 * and UIDVALIDITYs stay.  ENOTFOUND: it cannot be recovered; EEXIST: `name` is
 * taken; ELIMIT: too deep; EDENIED: some of it is not the actor's.
 */
ptn_rc_t ptn_gone_folder_recover(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent,
    ptn_str_t name);
ptn_rc_t ptn_gone_folder_delete(ptn_txn_t *tx, ptn_id_t id);


/* --- receive folders (MS-OXCSTOR 2.2.1.2 to 2.2.1.4) ---------------------- */

typedef struct {
    ptn_str_t  cls;
    ptn_id_t   folder;
    int64_t    modified;        /* seconds since 1970 */
} ptn_receive_t;

/*
 * Where messages of class `cls` go: the row with the longest prefix of whole
 * parts of it whose folder is there and visible; *ret_row in `pool`.  The
 * Inbox with an empty class when there is none.  EINVAL: no class (2.2.1.2.1).
 */
ptn_rc_t ptn_receive_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t cls,
    ptn_receive_t *ret_row);
/*
 * folder 0 removes the row.  EINVAL: no class; EDENIED: IPM or Report.IPM, or
 * the actor has no full access;
 * EINTERNAL: folder 0 for the empty class; ENOTFOUND: no such folder; ELIMIT.
 */
ptn_rc_t ptn_receive_set(ptn_txn_t *tx, ptn_str_t cls, ptn_id_t folder);
/* All rows whose folder is visible, in `pool`. */
ptn_rc_t ptn_receive_list(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_receive_t **ret_rows, size_t *ret_n);


/* --- rules of a folder (MS-OXORULE 2.2.1.3) ------------------------------- */

#define PTN_RULES_MAX      256          /* of a folder */
#define PTN_RULE_DATA_MAX  (64 * 1024)  /* of condition, actions ... each */

typedef struct {
    ptn_id_t   id;              /* PidTagRuleId */
    uint32_t   sequence, state, level, user_flags;
    ptn_str_t  provider, name;
    ptn_str_t  condition, actions, provider_data;   /* data NULL: none */
} ptn_rule_t;

/* Members that ptn_rule_modify() takes. */
#define PTN_RULE_SEQUENCE       0x001
#define PTN_RULE_STATE          0x002
#define PTN_RULE_LEVEL          0x004
#define PTN_RULE_USER_FLAGS     0x008
#define PTN_RULE_PROVIDER       0x010
#define PTN_RULE_NAME           0x020
#define PTN_RULE_CONDITION      0x040
#define PTN_RULE_ACTIONS        0x080
#define PTN_RULE_PROVIDER_DATA  0x100

/* Nothing executes them yet.  Bits of state that are the server's (error,
 * parse error) are not taken.  EINVAL: no provider, condition or actions;
 * level not 0; ETOOBIG; ELIMIT: PTN_RULES_MAX. */
ptn_rc_t ptn_rule_add(ptn_txn_t *tx, ptn_id_t folder, const ptn_rule_t *rule,
    ptn_id_t *ret_id);
/* rule->id says which.  ENOTFOUND. */
ptn_rc_t ptn_rule_modify(ptn_txn_t *tx, ptn_id_t folder,
    const ptn_rule_t *rule, unsigned members);
ptn_rc_t ptn_rule_delete(ptn_txn_t *tx, ptn_id_t folder, ptn_id_t id);
ptn_rc_t ptn_rule_clear(ptn_txn_t *tx, ptn_id_t folder);     /* all of them */
/* By sequence, then id; in `pool`. */
ptn_rc_t ptn_rule_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_rule_t **ret_rules, size_t *ret_n);


/* --- message status (MS-OXCMSG 2.2.1.8) ----------------------------------- */

#define PTN_STATUS_DELMARKED    0x00000008      /* \Deleted */
#define PTN_STATUS_IN_CONFLICT  0x00000800      /* clients cannot set it */

/*
 * Of row `id`; set gives what it was before (3.2.5.8), and moves modseq alone.
 * ENOTFOUND.
 */
ptn_rc_t ptn_msg_status_get(ptn_mbox_t *mb, ptn_id_t id,
    uint32_t *ret_status);
ptn_rc_t ptn_msg_status_set(ptn_txn_t *tx, ptn_id_t id, uint32_t status,
    uint32_t mask, uint32_t *ret_was);


/* --- read receipts (MS-OXCMSG 2.2.3.10.1) --------------------------------- */

#define PTN_READ_SUPPRESS      0x01
#define PTN_READ_UNREAD        0x04     /* with SUPPRESS */
#define PTN_READ_RECEIPT_ONLY  0x10
#define PTN_READ_CLEAR_NOTIFY  0x20     /* mfNotifyRead */
#define PTN_READ_CLEAR_NONREAD 0x40     /* mfNotifyUnread */

/*
 * Read state of messages, and the receipts that are pending for them: a
 * message that asks for one (PidTagReadReceiptRequested) has it pending until
 * it is read, or told not to.  ret_due[i], in `pool`: a receipt is due for
 * ids[i] from now on; it is not pending any more.  ids that are gone: false.
 * EINVAL: flags that exclude each other.
 */
ptn_rc_t ptn_msg_read_ids(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_id_t *ids, size_t n, unsigned flags, bool **ret_due);


/*
 * Before they are deleted: of those that are unread and ask for it a receipt
 * becomes due that says so.  ids that are gone, or that the actor may not see,
 * are passed over; EDENIED: may not delete.
 */
ptn_rc_t ptn_msg_nonread_ids(ptn_txn_t *tx, const ptn_id_t *ids, size_t n);

/*
 * Receipts that are due, of mailboxes that the store has open: a row is
 * written in the transaction that makes it due, and the message gets $MDNSent
 * (RFC 3503), whose presence keeps one from becoming due.  In public stores
 * there are notices of conflicts alone.  next gives one that nobody else is at (ENOTFOUND: none), done ends
 * that, and removes it when it was `sent`, in a commit of its own.  A crash in
 * between sends it again: id and n make the same report of it.
 */
typedef enum {
    PTN_RECEIPT_READ, PTN_RECEIPT_NONREAD,
    PTN_RECEIPT_CONFLICT        /* MS-OXCFXICS 3.1.5.6.3.1: no receipt, but
                                   what an owner of a public folder is to
                                   hear of */
} ptn_receipt_e;

typedef struct {
    ptn_guid_t     mailbox;
    ptn_id_t       n;
    ptn_receipt_e  kind;
    int64_t        at;          /* seconds since 1970 */
    ptn_str_t      to, from;    /* addresses */
    ptn_str_t      subject, message_id;
    uint64_t       member;      /* of CONFLICT: a user or group, and `to` is */
    ptn_str_t      entryid;     /* the folder's name; of the message */
} ptn_receipt_t;

/* False: surely none. */
bool ptn_receipt_any(const ptn_store_t *store);
ptn_rc_t ptn_receipt_next(ptn_store_t *store, ptn_pool_t *pool,
    ptn_mbox_t **ret_mbox, ptn_receipt_t *ret_receipt);
ptn_rc_t ptn_receipt_done(ptn_mbox_t *mb, const ptn_receipt_t *receipt,
    bool sent);


/*
 * Of mailboxes that nobody opens: ROOT/receipt has a mark for each that may
 * have receipts due.  It is durable before the row is, and goes when there is
 * no row any more.  marks calls `each` for those; an error of its ends that.
 * sweep removes the mark of a mailbox that has none due; unmark that of one
 * that is not there.  next finds what is due when the mailbox is open.
 */
ptn_rc_t ptn_receipt_marks(ptn_store_t *store,
    ptn_rc_t (*each)(void *ctx, ptn_guid_t mailbox, uint64_t user), void *ctx);
ptn_rc_t ptn_receipt_sweep(ptn_mbox_t *mb);
ptn_rc_t ptn_receipt_unmark(ptn_store_t *store, ptn_guid_t mailbox,
    uint64_t user);


/* --- names for DAV -------------------------------------------------------- */

typedef enum {
    PTN_NAME_HREF,              /* last part of its path */
    PTN_NAME_UID                /* of its iCalendar or vCard object */
} ptn_name_e;

#define PTN_NAME_MAX  1024      /* bytes */

/*
 * A message's name in its folder: kept by edits, gone with a move or deletion
 * (its tombstone has the href).  Case counts.  set: empty removes; EEXIST:
 * another message has it; EINVAL: longer, or no UTF-8.  An ETag is made of
 * the message's cn, which any change of content or properties moves.
 */
ptn_rc_t ptn_msg_name_set(ptn_txn_t *tx, ptn_id_t id, ptn_name_e kind,
    ptn_str_t name);
/* ENOTFOUND: no message, or it has none.  In `pool`. */
ptn_rc_t ptn_msg_name_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_name_e kind, ptn_str_t *ret_name);
ptn_rc_t ptn_msg_name_find(ptn_mbox_t *mb, ptn_id_t folder, ptn_name_e kind,
    ptn_str_t name, ptn_id_t *ret_id);


#endif /* PTN_STORE_FOLDER_H */
