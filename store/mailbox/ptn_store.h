/*
 * store/mailbox: the mailbox, and all that protocols may call (DESIGN 3).
 *
 * A ptn_store_t belongs to one executor: it keeps open mailboxes and the
 * batch under way.  Views are shared by the executors of a process.
 * Everything here blocks on disk unless it says otherwise: job handlers only.
 *
 * Numbers.  Two 48-bit counters a mailbox: change numbers and object ids.
 * Each change takes the next change number within its transaction; a row's
 * `modseq` is the change number of its last visible change.
 *
 * Mutations go through ptn_txn_t.  A transaction is a SAVEPOINT in the
 * executor's open batch on that mailbox (begun by the first one).  Nothing is
 * durable before ptn_store_commit(): the pool calls it and only then lets the
 * replies out (ptn_job.h).  Callers outside the pool call it themselves.
 * What is read on the same mailbox while a batch is open sees the batch.
 *
 * Rights.  Every call acts for the actor with which the mailbox was opened.
 * ENOTFOUND also when the actor may not see a folder: existence does not leak.
 */

#ifndef PTN_STORE_H
#define PTN_STORE_H


#include "ptn_auth.h"
#include "ptn_base.h"
#include "ptn_io.h"
#include "ptn_mime.h"


typedef struct ptn_store_s  ptn_store_t;
typedef struct ptn_mbox_s   ptn_mbox_t;
typedef struct ptn_txn_s    ptn_txn_t;
typedef struct ptn_view_s   ptn_view_t;


typedef struct {
    const ptn_conf_t  *conf;
    ptn_io_t          *io;
    ptn_log_t         *log;             /* debug lines only */
    void             (*changed)(void *ctx, ptn_guid_t mailbox);
                                        /* after each commit: the board */
    void              *ctx;

    /*
     * What `user` may do in `owner`'s mailbox, PTN_ACCESS_*; called when
     * somebody else than the owner opens it.  NULL: nobody may anything.
     */
    ptn_rc_t         (*access)(void *access_ctx, uint64_t user,
                         uint64_t owner, uint32_t *ret_access);
    void              *access_ctx;

    /* Or NULL: the indexer has got the write lock, for which others may wait,
     * and has given it back. */
    void             (*held)(void *ctx, bool held);
    /* Or NULL: is ptn_store_idle() to return soon?  Asked every few ms; until
     * then it may go on indexing for a quarter of a second, otherwise for
     * 30 ms. */
    bool             (*wanted)(void *ctx);
} ptn_store_opts_t;

ptn_rc_t ptn_store_open(const ptn_store_opts_t *opts, ptn_store_t **ret);
void ptn_store_close(ptn_store_t *store);

/*
 * The batch: is one open, end it.  commit: EIO, ENOSPC, EBUSY ...: nothing of
 * the batch happened on the mailbox that failed, which was closed (EUNAVAIL
 * until ptn_mbox_open), nor on those behind it; when a batch holds several
 * mailboxes, some may have been committed.
 */
bool ptn_store_pending(const ptn_store_t *store);
ptn_rc_t ptn_store_commit(ptn_store_t *store);
void ptn_store_rollback(ptn_store_t *store);

/*
 * Housekeeping of an executor that has been idle for a while: checkpoint (two
 * syncs a mailbox that was changed), spare blobs, cold mailboxes, the search
 * index (about 30 ms).  True: there is more to do, call again soon.
 */
bool ptn_store_idle(ptn_store_t *store);

/*
 * The part of it that must not wait for such a while, because a mailbox that
 * is busy all day would have no index and no search folders: is there some,
 * and a portion of it.  True: there is more.
 */
bool ptn_store_due(const ptn_store_t *store);
bool ptn_store_tend(ptn_store_t *store);


/* --- mailboxes -------------------------------------------------------- */

/*
 * Makes ROOT/mailbox/<domain>/<user>/ with the folders that Exchange makes,
 * named in `locale`.  EEXIST.  Durable on return.
 */
ptn_rc_t ptn_mbox_create(ptn_store_t *store, const ptn_user_t *user);
ptn_rc_t ptn_mbox_delete(ptn_store_t *store, const ptn_user_t *user);

/*
 * Opens (or takes from the cache) the mailbox of `address` (its guid checked
 * against the directory's, made on first use) for `actor`; NULL: the system
 * itself (delivery, CLI).  Valid until the job ends; not closed by callers.
 * ENOTFOUND: nothing there is for the actor (ptn_store_rights.h), to whom it
 * might as well not be there.  EUNAVAIL: closed after an I/O error or corrupt.
 * The mailbox acts for the one who opened it last.
 */
ptn_rc_t ptn_mbox_open(ptn_store_t *store, const ptn_user_t *user,
    const ptn_actor_t *actor, ptn_mbox_t **ret_mbox);

typedef struct {
    ptn_guid_t  guid;
    uint32_t    slot;
    uint64_t    epoch;
    uint64_t    cn;             /* last change number */
    uint64_t    size, messages, unread, folders;
    uint64_t    quota;
} ptn_mbox_info_t;

ptn_rc_t ptn_mbox_info(ptn_mbox_t *mb, ptn_mbox_info_t *ret_info);

/*
 * Verifies every invariant; each finding is a line to `report`.  OK: none.
 * ECORRUPT: some.  `repair` mends what can be mended; OK then also when all
 * was.  A mailbox whose numbers or messages were mended begins a new epoch.
 * EBUSY: a batch is open on it.
 */
ptn_rc_t ptn_mbox_check(ptn_store_t *store, const ptn_user_t *user,
    bool repair, void (*report)(void *ctx, const char *line), void *ctx);


/* --- folders ---------------------------------------------------------- */

/* Special folders of a new mailbox; ids are found by ptn_folder_special. */
#define PTN_FOLDERS(F)  /* name  parent  class  IMAP special-use */           \
    F(ROOT,              NONE, "",                 NULL)                      \
    F(IPM_SUBTREE,       ROOT, "",                 NULL)                      \
    F(DEFERRED_ACTION,   ROOT, "",                 NULL)                      \
    F(SPOOLER_QUEUE,     ROOT, "",                 NULL)                      \
    F(FINDER,            ROOT, "",                 NULL)                      \
    F(VIEWS,             ROOT, "",                 NULL)                      \
    F(COMMON_VIEWS,      ROOT, "",                 NULL)                      \
    F(SCHEDULE,          ROOT, "",                 NULL)                      \
    F(SHORTCUTS,         ROOT, "",                 NULL)                      \
    F(REMINDERS,         ROOT, "Outlook.Reminder", NULL)                      \
    F(FREEBUSY_DATA,     ROOT, "",                 NULL)                      \
    F(INBOX,             IPM_SUBTREE, "IPF.Note",  NULL)                      \
    F(OUTBOX,            IPM_SUBTREE, "IPF.Note",  NULL)                      \
    F(SENT,              IPM_SUBTREE, "IPF.Note",  "\\Sent")                  \
    F(DELETED,           IPM_SUBTREE, "IPF.Note",  "\\Trash")                 \
    F(DRAFTS,            IPM_SUBTREE, "IPF.Note",  "\\Drafts")                \
    F(JUNK,              IPM_SUBTREE, "IPF.Note",  "\\Junk")                  \
    F(ARCHIVE,           IPM_SUBTREE, "IPF.Note",  "\\Archive")               \
    F(CALENDAR,          IPM_SUBTREE, "IPF.Appointment", NULL)                \
    F(CONTACTS,          IPM_SUBTREE, "IPF.Contact", NULL)                    \
    F(TASKS,             IPM_SUBTREE, "IPF.Task",  NULL)                      \
    F(NOTES,             IPM_SUBTREE, "IPF.StickyNote", NULL)                 \
    F(JOURNAL,           IPM_SUBTREE, "IPF.Journal", NULL)                    \
    F(SUGGESTED_CONTACTS, CONTACTS, "IPF.Contact", NULL)                      \
    F(QUICK_CONTACTS,    CONTACTS, "IPF.Contact.MOC.QuickContacts", NULL)     \
    F(SYNC_ISSUES,       IPM_SUBTREE, "IPF.Note",  NULL)                      \
    F(CONFLICTS,         SYNC_ISSUES, "IPF.Note",  NULL)                      \
    F(LOCAL_FAILURES,    SYNC_ISSUES, "IPF.Note",  NULL)                      \
    F(SERVER_FAILURES,   SYNC_ISSUES, "IPF.Note",  NULL)

typedef enum {
    PTN_FOLDER_NONE,
#define PTN_FOLDER_ENUM(name, parent, cls, use)  PTN_FOLDER_##name,
    PTN_FOLDERS(PTN_FOLDER_ENUM)
#undef PTN_FOLDER_ENUM
    PTN_FOLDER_MAX
} ptn_folder_special_e;

typedef struct {
    ptn_id_t   id;
    ptn_id_t   parent;
    ptn_str_t  name;            /* UTF-8, one level; any character */
    ptn_str_t  cls;             /* container class */
    uint8_t    special;         /* ptn_folder_special_e */
    bool       subscribed;      /* IMAP */
    bool       hidden;
    bool       search;
    uint32_t   uidvalidity, uidnext;
    uint32_t   total, unread, deleted;      /* deleted: flag \Deleted */
    uint64_t   size;
    uint64_t   cn;              /* of its own properties */
    uint64_t   modseq;          /* high-water mark of its contents */
} ptn_folder_t;

/*
 * All folders below IPM_SUBTREE that the actor may see, parents before
 * children, siblings in creation order.  Cached; *ret_folders is borrowed
 * until the job ends.
 */
ptn_rc_t ptn_folder_list(ptn_mbox_t *mb, const ptn_folder_t **ret_folders,
    size_t *ret_n);
ptn_rc_t ptn_folder_get(ptn_mbox_t *mb, ptn_id_t id,
    const ptn_folder_t **ret_folder);
ptn_rc_t ptn_folder_special(ptn_mbox_t *mb, ptn_folder_special_e special,
    const ptn_folder_t **ret_folder);
/* Its id alone, which says nothing about it and needs no right. */
ptn_rc_t ptn_folder_special_id(ptn_mbox_t *mb, ptn_folder_special_e special,
    ptn_id_t *ret_id);

/* Child of that name (folded case, MS-OXCFOLD) below `parent`. */
ptn_rc_t ptn_folder_child(ptn_mbox_t *mb, ptn_id_t parent, ptn_str_t name,
    const ptn_folder_t **ret_folder);

/* EEXIST, EINVAL (empty, over 255 characters, control characters). */
ptn_rc_t ptn_folder_create(ptn_txn_t *tx, ptn_id_t parent, ptn_str_t name,
    const char *cls, ptn_id_t *ret_id);
/* Its messages go too.  ENOTEMPTY when it has subfolders, unless `recursive`;
 * EDENIED for special folders. */
ptn_rc_t ptn_folder_delete(ptn_txn_t *tx, ptn_id_t id, bool recursive);
/* Rename and/or move.  EINVAL below itself; EDENIED for special folders. */
ptn_rc_t ptn_folder_move(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent,
    ptn_str_t name);
ptn_rc_t ptn_folder_subscribe(ptn_txn_t *tx, ptn_id_t id, bool subscribed);


/* --- views ------------------------------------------------------------ */

/* System flags; bits of row.flags. */
#define PTN_FLAG_SEEN      0x01
#define PTN_FLAG_ANSWERED  0x02
#define PTN_FLAG_FLAGGED   0x04
#define PTN_FLAG_DELETED   0x08
#define PTN_FLAG_DRAFT     0x10
#define PTN_FLAG_RECENT    0x20     /* never stored: RFC 3501 \Recent is the
                                       session's affair */

typedef struct {
    uint32_t  uid;
    uint32_t  flags:31;
    uint32_t  plain:1;          /* of a view's rows: mid is id, never edited;
                                   false: not known */
    ptn_id_t  id;               /* row id, stable for life */
    uint64_t  keywords;         /* bits of the mailbox's keyword table */
    uint64_t  modseq;
    uint64_t  size;             /* RFC822.SIZE */
    int64_t   received;         /* INTERNALDATE, seconds UTC */
} ptn_row_t;

/*
 * A folder's messages in UID order as they were at one modseq: immutable,
 * reference counted, shared by all sessions of the process.  What a session
 * holds while it idles is a pointer to one.
 */
ptn_rc_t ptn_view_get(ptn_mbox_t *mb, ptn_id_t folder, ptn_view_t **ret_view);
ptn_view_t *ptn_view_ref(ptn_view_t *view);
void ptn_view_unref(ptn_view_t *view);                  /* NULL allowed */

uint32_t ptn_view_count(const ptn_view_t *view);
uint64_t ptn_view_modseq(const ptn_view_t *view);
uint32_t ptn_view_uidvalidity(const ptn_view_t *view);
uint32_t ptn_view_uidnext(const ptn_view_t *view);
ptn_id_t ptn_view_folder(const ptn_view_t *view);

/* Row of sequence number `seq`, 1 .. count.  Copies; never fails inside. */
void ptn_view_row(const ptn_view_t *view, uint32_t seq, ptn_row_t *ret_row);

/* The same where it lies, and those behind it in one piece: *ret_n of them.
 * NULL: there is none. */
const ptn_row_t *ptn_view_run(const ptn_view_t *view, uint32_t seq,
    uint32_t *ret_n);

/* Smallest seq whose uid >= `uid`; count + 1 when there is none. */
uint32_t ptn_view_find(const ptn_view_t *view, uint32_t uid);

/*
 * How many rows from `seq_a` in `a` and `seq_b` in `b` on are surely the same,
 * without looking at them (they share memory).  0: look.  So that comparing
 * two views of a large folder costs what changed.
 */
uint32_t ptn_view_same(const ptn_view_t *a, uint32_t seq_a,
    const ptn_view_t *b, uint32_t seq_b);

/*
 * False: it showed a batch that was undone (a view that was read before its
 * commit, which then failed).  A session that holds one goes back to the view
 * it had before.
 */
bool ptn_view_valid(const ptn_view_t *view);

/*
 * The uids that left the folder after `since`, ascending, in `pool` (QRESYNC,
 * RFC 7162 3.2.10).  ESTALE: tombstones do not reach back that far.
 */
ptn_rc_t ptn_view_vanished(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    uint64_t since, uint32_t **ret_uids, size_t *ret_n);

/*
 * Keywords: names of the 64 bits, empty where unused; borrowed until the job
 * ends.  `add` gives the bit of a name (no case), making it: ELIMIT when all
 * are taken.
 */
ptn_rc_t ptn_keyword_names(ptn_mbox_t *mb, const ptn_str_t **ret_names);
ptn_rc_t ptn_keyword_add(ptn_txn_t *tx, ptn_str_t name, unsigned *ret_bit);


/* --- messages --------------------------------------------------------- */

/*
 * Begins a transaction on `mb`, joining the batch.  EBUSY: another writer
 * holds the mailbox too long.  done: rolls back what was not committed.
 * commit: keeps it in the batch (see the top); not durable yet.
 */
struct ptn_txn_s {
    ptn_mbox_t  *mb;            /* NULL: not begun, or done */
    uint64_t     cn;            /* the last change number it took, or 0 */
    uint64_t     begun;         /* the mailbox's, when it began */
};

ptn_rc_t ptn_txn_begin(ptn_txn_t *tx, ptn_mbox_t *mb);
ptn_rc_t ptn_txn_commit(ptn_txn_t *tx);
void ptn_txn_done(ptn_txn_t *tx);

/* As many that wait are a reason to hurry. */
#define PTN_APPEND_HURRY  2

/* A message made ready to be appended: ptn_msg_ready(). */
typedef struct ptn_ready_s  ptn_ready_t;

typedef struct {
    ptn_str_t    raw;           /* the message, byte for byte */
    ptn_mime_t  *mime;          /* of raw; NULL: parsed here */
    ptn_ready_t *ready;         /* of raw; NULL: made here */
    uint32_t     flags;
    uint64_t     keywords;
    int64_t      received;      /* seconds UTC; 0: now */
    bool         delivery;      /* checks receive quota, sets delivery props */
    bool         hurry;         /* others wait: it may take more of the disk
                                   for a while, until nobody does */
    ptn_str_t    sender;        /* envelope, with delivery */
    ptn_str_t    key;           /* not empty: at most once.  Kept with the
                                   message's commit for at least 30 days; a
                                   second append with it gives EEXIST */
} ptn_append_t;

typedef struct {
    ptn_id_t  id;
    ptn_id_t  folder;
    uint32_t  uid, uidvalidity;
    uint64_t  modseq;
} ptn_appended_t;

/* ENOTFOUND, EQUOTA, ETOOBIG; EEXIST: `key` was used before.  folder 0, with
 * delivery: the receive folder of its class (ptn_receive_get). */
ptn_rc_t ptn_msg_append(ptn_txn_t *tx, ptn_id_t folder,
    const ptn_append_t *append, ptn_appended_t *ret);

/*
 * What takes time of an append and needs no lock: the message parsed, its
 * attachments decoded and hashed, its properties made, the bytes compressed.
 * By any executor, while another one writes to the mailbox; then given to
 * ptn_msg_append() by whichever (append->ready), to one mailbox after another
 * if it goes to several.  Nothing is written and no promise made: what does not
 * fit any more by then (a new dictionary, another mailbox under the address) is
 * made again.  append->raw, and mime if there is one, are borrowed until
 * ptn_ready_free().
 */
ptn_rc_t ptn_msg_ready(ptn_store_t *store, const ptn_user_t *user,
    const ptn_append_t *append, ptn_ready_t **ret_ready);
void ptn_ready_free(ptn_ready_t *ready);

typedef enum {
    PTN_FLAGS_SET, PTN_FLAGS_ADD, PTN_FLAGS_REMOVE
} ptn_flags_op_e;

/*
 * Changes flags of the messages whose uids are given (ascending).  A message
 * that is gone is passed over; one that already is as asked does not move.
 * With `unchanged_since` not 0, those with a later modseq are left alone.
 * One statement run per changed message, one modseq for all.
 * ret_modseq: 0 when nothing moved.
 */
ptn_rc_t ptn_msg_flags(ptn_txn_t *tx, ptn_id_t folder, const uint32_t *uids,
    size_t n, ptn_flags_op_e op, uint32_t flags, uint64_t keywords,
    uint64_t unchanged_since, uint64_t *ret_modseq);

/*
 * Copies or moves messages (uids ascending) to folder `to` of the same
 * mailbox, keeping flags, keywords and received.  ret_uids[i] is the new uid
 * of uids[i], 0 when it was gone; in `pool`.  All or nothing.
 */
ptn_rc_t ptn_msg_copy(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, uint32_t **ret_uids);
ptn_rc_t ptn_msg_move(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t from,
    const uint32_t *uids, size_t n, ptn_id_t to, uint32_t **ret_uids);

/* Removes them, with tombstones.  Gone ones are passed over. */
ptn_rc_t ptn_msg_expunge(ptn_txn_t *tx, ptn_id_t folder, const uint32_t *uids,
    size_t n);

/* --- events ----------------------------------------------------------- */

typedef enum {
    PTN_MBOX_EVENT_NEW = 1, PTN_MBOX_EVENT_DELETED, PTN_MBOX_EVENT_MODIFIED,
    PTN_MBOX_EVENT_MOVED, PTN_MBOX_EVENT_COPIED,
    PTN_MBOX_EVENT_FOLDER_NEW, PTN_MBOX_EVENT_FOLDER_DELETED,
    PTN_MBOX_EVENT_FOLDER_MODIFIED, PTN_MBOX_EVENT_FOLDER_MOVED
} ptn_mbox_event_e;

typedef struct {
    uint64_t          n;            /* 1, 2, 3 ... without holes */
    ptn_mbox_event_e  kind;
    ptn_id_t          folder;       /* folder events: itself */
    ptn_id_t          message;      /* row id */
    ptn_id_t          old_folder;   /* MOVED, COPIED: from; folder events:
                                       the parent it had */
    ptn_id_t          old_message;  /* MOVED, DELETED: the old mid; COPIED:
                                       row id of the original */
    uint64_t          cn;
} ptn_mbox_event_t;

/*
 * Events behind number `after`, oldest first, at most `max`; in `pool`.
 * ESTALE: the log does not reach back that far (it keeps some 10,000), or
 * `after` is ahead of it.  *ret_last: the newest number (with ESTALE too).
 */
ptn_rc_t ptn_mbox_events(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t after,
    size_t max, ptn_mbox_event_t **ret_events, size_t *ret_n,
    uint64_t *ret_last);


/* --- reading ---------------------------------------------------------- */

typedef struct ptn_msg_s  ptn_msg_t;

/*
 * One snapshot for many reads: without it each call takes and leaves SQLite's
 * locks.  Called before each message of a loop (nothing but the first call and
 * one in 500 ms costs anything: DESIGN 3, no read transaction outlives a
 * second); read_end after the loop.  A transaction that begins ends it.
 */
ptn_rc_t ptn_mbox_read(ptn_mbox_t *mb);
void ptn_mbox_read_end(ptn_mbox_t *mb);

/*
 * Opens a message by row id for reading; lives in `pool`, valid until the job
 * ends.  ENOTFOUND: gone (IMAP: EXPUNGEISSUED).
 */
ptn_rc_t ptn_msg_open(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_msg_t **ret_msg);

/*
 * The same for a row of a view of `folder`: one look-up where it still is, as
 * a rule; by its id when it has moved.
 */
ptn_rc_t ptn_msg_open_row(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_row_t *row, ptn_msg_t **ret_msg);

void ptn_msg_row(const ptn_msg_t *msg, ptn_row_t *ret_row);
ptn_id_t ptn_msg_folder(const ptn_msg_t *msg);

/* Content id: shared by copies, renewed by an edit (EMAILID, RFC 8474). */
ptn_id_t ptn_msg_content(const ptn_msg_t *msg);

/* Its stored structure: offsets for slices, ENVELOPE.  No parse of content. */
ptn_rc_t ptn_msg_structure(ptn_msg_t *msg, const ptn_mime_t **ret_mime);

/* Bytes [off, off + len) of the original message to `sink`, in bounded
 * memory; off and len are cut to the message. */
ptn_rc_t ptn_msg_bytes(ptn_msg_t *msg, uint64_t off, uint64_t len,
    ptn_rc_t (*sink)(void *ctx, const u_char *p, size_t n), void *ctx);

/* The same as one string in `pool`.  ETOOBIG above `max`. */
ptn_rc_t ptn_msg_slice(ptn_msg_t *msg, ptn_pool_t *pool, uint64_t off,
    uint64_t len, size_t max, ptn_str_t *ret);


#include "ptn_store_item.h"
#include "ptn_store_rights.h"
#include "ptn_store_folder.h"
#include "ptn_store_table.h"
#include "ptn_store_sync.h"
#include "ptn_store_search.h"
#include "ptn_store_ics.h"


#endif /* PTN_STORE_H */
