/*
 * store/mailbox: what changed since a state (EWS SyncFolderItems and
 * SyncFolderHierarchy, ActiveSync).  A state names the mailbox's incarnation
 * and a change number; one of another incarnation, older than the tombstones
 * or ahead of the counter, is ESTALE.
 */

#ifndef PTN_STORE_SYNC_H
#define PTN_STORE_SYNC_H


typedef struct {
    uint64_t  epoch;            /* 0: the beginning */
    uint64_t  modseq;           /* all up to here is known ... */
    uint64_t  last;             /* ... and, of modseq + 1 on, up to this row:
                                   a page ended amid one modseq */
    uint64_t  run;              /* 0; amid a run of pages: 1 + the modseq that
                                   it began at.  What came since is CREATE,
                                   also on a later page */
    uint64_t  horizon;          /* of the folder's tombstones, when it began.
                                   All five belong to a state that is handed
                                   out. */
} ptn_sync_t;

typedef enum {
    PTN_SYNC_CREATE, PTN_SYNC_UPDATE, PTN_SYNC_READ, PTN_SYNC_DELETE
} ptn_sync_e;

typedef struct {
    ptn_sync_e  kind;
    ptn_id_t    id;             /* row id, folder id */
    ptn_id_t    mid;            /* DELETE: the one it had here */
    uint64_t    cn;
    uint32_t    flags;          /* PTN_FLAG_*, messages */
} ptn_sync_change_t;

/*
 * At most `max` changes (at least 1) behind `*sync`, in `pool`; *sync moves
 * behind them.
 * What came and went since is left out, and so is \Deleted alone.  A message
 * that was edited is one UPDATE; one that left and came back is DELETE of the
 * old mid and CREATE.  A change amid a run of pages may be told twice.
 * *ret_more: there are more.
 */
ptn_rc_t ptn_sync_items(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    bool fai, ptn_sync_t *sync, size_t max, ptn_sync_change_t **ret_changes,
    size_t *ret_n, bool *ret_more);

/*
 * Folders below `root` (IPM_SUBTREE, ROOT), parents before children; cn is the
 * folder's.  With a small `max` the parents that a new folder needs may make
 * a page longer than that.
 */
ptn_rc_t ptn_sync_folders(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t root,
    ptn_sync_t *sync, size_t max, ptn_sync_change_t **ret_changes,
    size_t *ret_n, bool *ret_more);


#endif /* PTN_STORE_SYNC_H */
