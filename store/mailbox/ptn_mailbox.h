/*
 * store/mailbox, inside: what its sources share.  Other rooms include
 * ptn_store.h only.
 *
 *   ptn_store.c      executors, their open mailboxes, the batch
 *   ptn_mbox.c       a mailbox: opening, closing, caches
 *   ptn_mbox_make.c  making and removing it
 *   ptn_schema.c     the tables, the statements    ptn_upgrade.c  older files
 *   ptn_sql.c        SQLite as we use it
 *   ptn_txn.c        transactions: numbers, events, tombstones
 *   ptn_folder.c     folders         ptn_locale.c  their names
 *   ptn_set.c        what is cached of them
 *   ptn_keyword.c    keywords
 *   ptn_view.c       views           ptn_view_list.c  shared by executors
 *   ptn_msg_write.c  ptn_msg_read.c  messages
 *   ptn_ready.c      messages made ready for it without a lock
 *   ptn_content.c    the one copy of content
 *   ptn_frame.c      zstd frames, ptn_dictionary.c  what they are made with
 *   ptn_blob.c       blob files      ptn_blob_spare.c  that nothing names
 *   ptn_blob_put.c   written, linked, synced   ptn_blob_read.c   ptn_blob_pack.c
 *   ptn_epoch.c      the mark outside the mailbox
 *   ptn_item.c       what tables show of a message, ptn_item_props.c  as MAPI
 *                    properties, ptn_item_derive.c  made of an object
 *   ptn_object_store.c  objects that are the truth beside their MIME form
 *   ptn_msg_object.c    messages as objects    ptn_msg_edit.c  made and edited
 *   ptn_msg_ids.c    by row id       ptn_transfer*.c, ptn_folder_transfer.c  to
 *                    another mailbox
 *   ptn_folder_props.c  ptn_folder_set.c  properties of folders
 *   ptn_named.c      named ones
 *   ptn_table*.c     tables (ptn_table.h)
 *   ptn_asked.c      what filters are asked of
 *   ptn_sync.c       what changed since
 *   ptn_words*.c  ptn_search*.c  searching: see ptn_words.h
 *   ptn_replica.c    REPLGUIDs         ptn_ics_*.c  synchronisation by sets
 *   ptn_device.c     what ActiveSync's devices know   ptn_chore.c  idle work
 *                    with the write lock
 *   ptn_rights.c     who acts, and what it may   ptn_rights_list.c  entries
 *   ptn_rights_mark.c   whose a message is       ptn_rights_view.c  what of a
 *                    folder somebody sees
 *   ptn_check.c      invariants
 *   ptn_schema_known.c  files from elsewhere
 *   ptn_ops.c        whole mailboxes: ptn_backup.c, ptn_restore.c,
 *                    ptn_salvage.c, ptn_export.c, ptn_import.c, ptn_move.c
 *
 * docs/mailbox.md has the format and the rules.
 */

#ifndef PTN_MAILBOX_H
#define PTN_MAILBOX_H


#include <errno.h>
#include <sqlite3.h>

#include "ptn_conf.h"
#include "ptn_id.h"
#include "ptn_skeleton.h"
#include "ptn_store.h"
#include "ptn_store_ops.h"


#define PTN_SCHEMA_VERSION  3

#define PTN_META_EPOCHS     INT32_MAX
#define PTN_META_NUMBERS    (1ULL << 47)    /* no mailbox gets there */

#define PTN_MBOX_HASH       256
#define PTN_MBOX_BATCH_MAX  32          /* mailboxes in a batch */
#define PTN_MBOX_RETIRED    64
#define PTN_BUSY_MS         5000

#define PTN_WAL_CHECKPOINT  (4 * 1024 * 1024)
#define PTN_WAL_FORCED      (64 * 1024 * 1024)
#define PTN_WAL_KEPT        (512 * 1024)           /* in a closed mailbox */
#define PTN_PAGE            4096

#define PTN_EVENTS_MAX      10000       /* kept in the log */
#define PTN_EVENTS_SLACK    500

#define PTN_ONCE_DAYS       30          /* beyond the queue's lifetime */
#define PTN_ONCE_TRIMMED    32          /* at most, by one delivery */
#define PTN_ONCE_LIVED      1000000     /* tells once.day from days since 1970 */

#define PTN_FOLDER_MESSAGES_MAX  1000000
#define PTN_INLINE_MAX      (64 * 1024) /* compressed content in the row */

#define PTN_FLAGS_STORED    (PTN_FLAG_SEEN|PTN_FLAG_ANSWERED|PTN_FLAG_FLAGGED \
                             |PTN_FLAG_DELETED|PTN_FLAG_DRAFT)


/* --- statements: prepared once per connection; each part has its list --- */

#include "ptn_sql_core.h"
#include "ptn_sql_content.h"
#include "ptn_sql_folder.h"
#include "ptn_sql_ics.h"
#include "ptn_sql_refer.h"
#include "ptn_sql_rights.h"
#include "ptn_sql_search.h"
#include "ptn_sql_table.h"

#define PTN_SQLS(S)                                                           \
    PTN_SQLS_CORE(S)                                                          \
    PTN_SQLS_CONTENT(S)                                                       \
    PTN_SQLS_FOLDER(S)                                                        \
    PTN_SQLS_ICS(S)                                                           \
    PTN_SQLS_REFER(S)                                                         \
    PTN_SQLS_RIGHTS(S)                                                        \
    PTN_SQLS_SEARCH(S)                                                        \
    PTN_SQLS_TABLE(S)

typedef enum {
#define PTN_SQL_ENUM(name, text)  PTN_SQL_##name,
    PTN_SQLS(PTN_SQL_ENUM)
#undef PTN_SQL_ENUM
    PTN_SQL_MAX
} ptn_sql_e;


/* --- a snapshot of folders and keywords --------------------------------- */

typedef struct ptn_set_s  ptn_set_t;
typedef struct ptn_searches_s  ptn_searches_t;
typedef struct ptn_terms_s  ptn_terms_t;

#define PTN_TOP_UNKNOWN  INT64_MAX  /* messages of an older version */
#define PTN_TOP_NONE     INT64_MIN
typedef struct ptn_reader_s  ptn_reader_t;
typedef struct ptn_seen_s  ptn_seen_t;
typedef struct ptn_hides_s  ptn_hides_t;

typedef struct {
    ptn_str_t  fold;
    uint64_t   horizon;
    uint64_t   born;
    int64_t    created, modified;
    int64_t    top;             /* of received, of those that are not late */
    uint64_t   removed, hier;   /* MS-OXCFOLD 2.2.2.2.1: ptn_upgrade_3.c */
    int64_t    touched, hier_at;
    bool       dirty;           /* counters differ from the row */
} ptn_folder_more_t;

/* Numbers from `first` on were given under `guid`; last: see replica.last. */
typedef struct {
    uint64_t    first, last;
    uint16_t    replid;
    ptn_guid_t  guid;
} ptn_replica_t;

struct ptn_set_s {
    ptn_set_t          *next;           /* of retired ones */
    ptn_pool_t         *pool;
    ptn_folder_t       *folders;        /* first those below IPM_SUBTREE */
    ptn_folder_more_t  *more;           /* beside each */
    uint32_t           *by_id;          /* indexes, ids ascending */
    uint32_t           *tree;           /* indexes, below ROOT, in its order */
    uint32_t            ntree;
    ptn_folder_t       *all;            /* copies, in that order, or NULL */
    ptn_replica_t      *replicas;       /* ours, `first` descending, ... */
    uint32_t            nreplicas;
    uint32_t            nforeign;       /* ... and behind them the others */
    uint32_t            intents;        /* transfers that are under way */
    uint32_t            receipts;       /* that are to be sent */
    uint32_t            nsearch;        /* search folders */
    ptn_searches_t     *searches;       /* or NULL: not read yet */
    uint32_t            n;
    uint32_t            nvisible;
    ptn_id_t            special[PTN_FOLDER_MAX];
    uint64_t            size;           /* of all folders */
    ptn_str_t          *keywords;       /* 64, or NULL: not read yet */
    ptn_str_t          *categories;     /* what they stand for; empty: none */
    uint64_t            categories_mask;    /* bits of those */
    uint32_t            categories_tag; /* PidNameKeywords, if known */
    bool                categories_known;
    bool                dirty;

    uint64_t            rights_serial;  /* of whom `rights` is, or 0 */
    uint32_t           *rights;         /* beside folders */
    uint32_t            rights_any;     /* all of them together */
    ptn_folder_t       *shown;          /* what that one sees: copies */
    ptn_folder_t       *shown_all;
    ptn_folder_t       *shown_one;      /* beside folders */
    ptn_hides_t        *hides;          /* ptn_rights_count.c, or NULL */
};


/* --- a mailbox ---------------------------------------------------------- */

typedef enum {
    PTN_MBOX_CLOSED,            /* opens by itself */
    PTN_MBOX_OPEN,
    PTN_MBOX_FAILED             /* until ptn_mbox_open() */
} ptn_mbox_state_e;

typedef struct {
    uint64_t  epoch, cn, oid, uidvalidity;
    uint64_t  event;            /* last number given */
    uint64_t  event_first;      /* oldest kept */
    uint64_t  indexed;          /* contents up to here are in the index */
    uint64_t  dictionary;       /* of new contents, or 0 */
    uint64_t  hasty;            /* contents from here on may be, 0: none */
    uint64_t  hasty_bytes;      /* of them, unpacked, at most */
    bool      valid;
    bool      dirty;
} ptn_meta_t;

typedef struct ptn_epoch_s  ptn_epoch_t;

struct ptn_epoch_s {
    int       fd;               /* -1: not open */
    uint64_t  epoch;            /* of the mark as it was read */
    uint64_t  cn, oid;          /* numbers that it covers */
};

/* A blob file that is not synced yet. */
typedef struct {
    int       fd;
    uint64_t  dev, ino;
} ptn_blob_open_t;

typedef struct ptn_collate_s  ptn_collate_t;        /* ptn_collate.h */
typedef struct ptn_scan_s     ptn_scan_t;           /* ptn_table_scan.c */

struct ptn_mbox_s {
    ptn_store_t     *store;
    ptn_mbox_t      *next;              /* of the hash chain */
    ptn_mbox_t      *batch_next;
    ptn_guid_t       guid;
    char            *address;
    char            *locale;
    char            *dir;               /* ROOT/mailbox/<domain>/<user> */
    uint8_t          kind;              /* ptn_mbox_kind_e */
    uint64_t         user;              /* the owner's id, if known */
    uint64_t         quota, quota_warn, quota_send, quota_receive;

    sqlite3         *db;
    sqlite3_stmt    *stmt[PTN_SQL_MAX];
    int              lock_fd;
    uint64_t         dev, ino;          /* of the database file */
    ptn_mbox_state_e state;
    bool             check;             /* quick check when it opens */
    bool             owner;             /* who opened it last is the owner */
    ptn_acting_t     acting;            /* who opened it last */
    ptn_reader_t    *readers;           /* of public stores, cached */
    ptn_seen_t      *seen;              /* views of who sees not all */
    unsigned         nseen;
    bool             left;              /* there was a transfer under way */
    uint64_t         replay_ms;         /* transfers are not tried before */
    bool             stale;             /* items may lack what is derived */
    ptn_id_t         stale_from;        /* those above */
    bool             search;            /* the index may be behind, or a
                                           search folder is being filled */
    uint64_t         tidy_ms;           /* what is gone is not looked at
                                           before */
    ptn_terms_t     *terms;             /* ptn_search_terms.c */
    uint64_t         index_cn;          /* after the last portion */
    uint64_t         index_ms;          /* the next one not before */
    unsigned         index_docs;        /* of a portion; 0: not known yet */
    unsigned         index_us;          /* adding them, under the lock */
    bool             index_merge;       /* it is the turn of a merge */
    bool             index_merged;      /* there was nothing to merge */
    bool             no_wait;           /* for another writer */
    bool             no_checkpoint;     /* by this commit */
    bool             receipt_marked;    /* in this batch, durably */
    uint64_t         used;              /* store->tick */
    uint64_t         used_ms;           /* ptn_time_mono() */
    uint64_t         wal;               /* bytes, at the last commit */

    int64_t          data_version;
    ptn_meta_t       meta;
    uint64_t         cn_floor;          /* numbers given, if not kept */
    uint64_t         oid_floor;
    ptn_set_t       *set;
    ptn_set_t       *retired;
    unsigned         nretired;
    ptn_epoch_t      epoch;

    bool             reading;           /* ptn_mbox_read() */
    uint64_t         reading_ms;        /* since: ptn_time_mono() */

    bool             batch;             /* BEGIN IMMEDIATE was done */
    bool             batch_kept;        /* a transaction was committed in it */
    bool             changed;           /* by a committed transaction */
    ptn_scan_t      *scan;              /* the one that runs */
    uint64_t         batch_cn;          /* before it */
    ptn_rc_t         lost;              /* SQLite ended the batch itself */
    ptn_txn_t       *tx;
    bool             saved;             /* tx has a savepoint */
    ptn_rc_t         tx_failed;
    ptn_view_t      *views;             /* read from the batch */
    ptn_id_t        *touched;           /* messages that tx changed, for */
    size_t           ntouched;          /* search folders */
    size_t           touched_size;
    ptn_blob_open_t *unsynced;          /* files that the batch has made */
    unsigned         nunsynced;
    u_char           blob_dirs[32];     /* bits: blob/ab has new names */
    u_char           blob_bad[32];      /* the last that was complained of */
    uint64_t         dictionary_asked;  /* whether one is due: not before */
    uint64_t         ready_ms;          /* ptn_msg_ready() looked at it */
    bool             repack;            /* there are contents to do again */
    uint8_t          touched_tree;      /* what it did to the tree of folders:
                                           ptn_search_touch.c */
    unsigned         dead_blobs;        /* refs may have come to 0 */
    bool             named;             /* the batch has written blobs */
    bool             adopted;           /* it made rows of spare ones */
};


/* --- the content cache of an executor ----------------------------------- */

#define PTN_CACHE_ENTRIES  8
#define PTN_CACHE_BYTES    (16 * 1024 * 1024)

typedef struct {
    ptn_guid_t   mailbox;
    ptn_id_t     content;       /* 0: empty */
    uint64_t     used;
    uint64_t     size;          /* of the message */
    uint32_t     form;          /* ptn_form_e */
    u_char      *plain;
    size_t       len;
    bool         mapped;
    unsigned     pins;
} ptn_cached_t;

typedef enum {
    PTN_FORM_RAW,               /* plain is the message */
    PTN_FORM_SKELETON           /* ptn_skeleton.h */
} ptn_form_e;

typedef enum {
    PTN_CODEC_NONE,
    PTN_CODEC_ZSTD,
    PTN_CODEC_DICT,             /* a frame that needs a dictionary */
    PTN_CODEC_HASTY             /* a frame that was made quickly */
} ptn_codec_e;


/* --- blobs of an executor ------------------------------------------------ */

typedef struct {
    int         fd;             /* -1: none */
    u_char      sha256[32];
    ptn_guid_t  mailbox;
    uint64_t    size;
    u_char     *head;           /* of a packed file, else NULL */
    u_char     *chunk;          /* unpacked, and room to read a packed one */
    uint64_t    at;             /* which */
    uint64_t    next, off;      /* where a later one stands */
} ptn_blob_reader_t;

#define PTN_DICTIONARIES  8

typedef struct {
    ptn_guid_t   mailbox;
    uint64_t     id;            /* 0: empty */
    uint64_t     used;
    void        *cdict, *ddict;
} ptn_dictionary_t;

#define PTN_BLOB_KNOWN  64

typedef struct {
    char      *path;            /* NULL: empty */
    u_char     sha256[32];
    uint64_t   dev, ino;
    uint64_t   file, size;
    bool       synced;
} ptn_blob_known_t;

struct ptn_store_s {
    const ptn_conf_t  *conf;
    ptn_io_t          *io;
    ptn_log_t         *log;
    void             (*changed)(void *ctx, ptn_guid_t mailbox);
    void              *ctx;
    char               vfs[32];
    ptn_mbox_t        *hash[PTN_MBOX_HASH];
    unsigned           nopen;
    unsigned           open_max;        /* connections, by the rlimit */
    ptn_mbox_t        *batch;
    unsigned           nbatch;
    ptn_rc_t           failed;          /* of a commit made early */
    uint64_t           tick;
    uint64_t           actings;         /* serials of ptn_acting_t given */
    void              *cctx, *dctx;     /* ZSTD */
    ptn_dictionary_t   dictionaries[PTN_DICTIONARIES];
    uint64_t           dictionary_tick;     /* tick makes mailboxes cold */
    ptn_cached_t       cache[PTN_CACHE_ENTRIES];
    ptn_rc_t         (*access)(void *access_ctx, uint64_t user,
                         uint64_t owner, uint32_t *ret_access);
    void              *access_ctx;
    ptn_collate_t     *collate;         /* of the last locale asked for */
    bool               replaying;       /* a transfer */
    bool               receipts;        /* some may be due */
    bool               busy;            /* the idle one has more to do */
    bool               due;             /* the index may be behind */
    void             (*held)(void *held_ctx, bool held);
    bool             (*wanted)(void *wanted_ctx);
    ptn_blob_reader_t  blob;            /* the last one read */
    ptn_blob_known_t   known[PTN_BLOB_KNOWN];   /* the last ones written */
    unsigned           known_next;
    uint32_t           schema_known;    /* bits: versions whose hash is in */
    u_char             schema[PTN_SCHEMA_VERSION + 1][32];
                                        /* SHA-256, by version */
    uint64_t           idle_ms;         /* when it began */
};


/* --- ptn_receipt.c ------------------------------------------------------ */

/* Makes the mark (ptn_store_folder.h), durably.  False: it is not there. */
ptn_rc_t ptn_receipt_mark(ptn_mbox_t *mb);
bool ptn_receipt_marked(const ptn_mbox_t *mb);


/* --- ptn_sql.c ---------------------------------------------------------- */

ptn_rc_t ptn_sql_rc(int rc);
/* The statement, reset and without parameters; NULL: *ret_rc says why. */
sqlite3_stmt *ptn_sql(ptn_mbox_t *mb, ptn_sql_e sql, ptn_rc_t *ret_rc);
/* AGAIN: a row is there.  OK: done, and reset. */
ptn_rc_t ptn_sql_step(ptn_mbox_t *mb, sqlite3_stmt *st);
/* Runs a statement whose parameters are `n` numbers; no rows. */
ptn_rc_t ptn_sql_run(ptn_mbox_t *mb, ptn_sql_e sql, int n, ...);
ptn_rc_t ptn_sql_exec(ptn_mbox_t *mb, const char *text);
/* One number of an ad hoc statement. */
ptn_rc_t ptn_sql_number(ptn_mbox_t *mb, const char *text, int64_t *ret);
void ptn_sql_text(sqlite3_stmt *st, int i, ptn_str_t s);    /* empty: "" */
void ptn_sql_blob(sqlite3_stmt *st, int i, ptn_str_t s);    /* empty: NULL */
ptn_str_t ptn_sql_column(sqlite3_stmt *st, int i);          /* borrowed */
#define ptn_sql_u64(st, i)  ((uint64_t) sqlite3_column_int64(st, i))
ptn_rc_t ptn_sql_open(ptn_mbox_t *mb, const char *path, bool create);
void ptn_sql_close(ptn_mbox_t *mb);

/* --- ptn_schema.c ------------------------------------------------------- */

extern const char *const  ptn_sql_text_of[PTN_SQL_MAX];
ptn_rc_t ptn_schema_create(ptn_mbox_t *mb, const char *locale);
ptn_rc_t ptn_schema_check(ptn_mbox_t *mb);
ptn_rc_t ptn_schema_make(ptn_mbox_t *mb, int64_t version);
uint32_t ptn_schema_uidvalidity(ptn_guid_t guid);

/* ptn_schema_known.c: whose schema the file has, before anything else of it is
 * read.  ECORRUPT: of no version; EVERSION: of a later one. */
ptn_rc_t ptn_schema_known(ptn_mbox_t *mb, int64_t *ret_version);
ptn_rc_t ptn_schema_explain(ptn_mbox_t *mb,
    void (*report)(void *ctx, const char *line), void *ctx);

/* ptn_upgrade.c: from version `from` to ours, in one transaction. */
ptn_rc_t ptn_upgrade(ptn_mbox_t *mb, int64_t from);
/* What makes `version` of the one before, in a transaction of the caller's. */
ptn_rc_t ptn_upgrade_to(ptn_mbox_t *mb, int64_t version);
extern const char *const *const  ptn_upgrade_3[];       /* ptn_upgrade_3.c */

/* --- ptn_mbox.c --------------------------------------------------------- */

ptn_rc_t ptn_mbox_ready(ptn_mbox_t *mb);
ptn_rc_t ptn_mbox_close_db(ptn_mbox_t *mb);
ptn_rc_t ptn_mbox_revalidate(ptn_mbox_t *mb);
ptn_rc_t ptn_mbox_meta(ptn_mbox_t *mb);         /* fills mb->meta */
ptn_rc_t ptn_mbox_meta_put(ptn_mbox_t *mb);     /* its numbers */
void ptn_mbox_forget(ptn_mbox_t *mb);           /* all that was cached */
ptn_rc_t ptn_mbox_set(ptn_mbox_t *mb);          /* fills mb->set */
void ptn_mbox_free(ptn_mbox_t *mb);
ptn_mbox_t *ptn_mbox_new(ptn_store_t *store, const ptn_user_t *user,
    ptn_rc_t *ret_rc);
ptn_rc_t ptn_mbox_stat(const ptn_mbox_t *mb, uint64_t *ret_dev,
    uint64_t *ret_ino);
ptn_rc_t ptn_mbox_make(ptn_mbox_t *mb);         /* ptn_mbox_make.c */
/* As it was left, open or not; NULL: not by this executor. */
ptn_mbox_t *ptn_mbox_known(ptn_store_t *store, ptn_guid_t guid);
void ptn_mbox_free_retired(ptn_mbox_t *mb);
ptn_rc_t ptn_mbox_lock(ptn_mbox_t *mb, short type, off_t at, unsigned ms);
/* As ptn_mbox_open() for the system, but makes none: ENOTFOUND. */
ptn_rc_t ptn_mbox_open_made(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_t **ret_mbox);
/* As ptn_mbox_open() for the system, but it acts for whom it did. */
ptn_rc_t ptn_mbox_open_unacted(ptn_store_t *store, const ptn_user_t *user,
    bool make, ptn_mbox_t **ret_mbox);
ptn_rc_t ptn_mbox_path(const ptn_conf_t *conf, ptn_str_t address,
    char **ret_dir);
#define PTN_LOCK_WRITE  0       /* bytes of the lock file */
#define PTN_LOCK_OPEN   1
#define PTN_LOCK_BACKUP 2       /* shared: blobs without references stay */

/* --- ptn_relocate.c ------------------------------------------------------ */

/* Moved from another ROOT: makes it live, when it left there. */
ptn_rc_t ptn_relocate_arrived(ptn_mbox_t *mb);
/* Removes what is left of one that moved away.  EUNAVAIL: it did not. */
ptn_rc_t ptn_relocate_forget(ptn_store_t *store, const ptn_user_t *user);

/* --- ptn_txn.c ---------------------------------------------------------- */

ptn_rc_t ptn_batch_commit(ptn_mbox_t *mb);
void ptn_batch_rollback(ptn_mbox_t *mb);
/* Of idle work, which has a batch of its own: its transaction and the batch,
 * committed when rc is OK, else undone; rc, or what failed. */
ptn_rc_t ptn_batch_end(ptn_mbox_t *mb, ptn_txn_t *tx, ptn_rc_t rc);
void ptn_batch_fail(ptn_mbox_t *mb, ptn_rc_t rc);

/*
 * ptn_chore.c: idle work with the write lock, in a transaction and a batch of
 * its own.  It does not wait for who writes: EBUSY after `tries` more tries,
 * half a millisecond apart.  store->held hears of the time with the lock alone.
 */
ptn_rc_t ptn_chore_run(ptn_mbox_t *mb, unsigned tries,
    ptn_rc_t (*f)(ptn_txn_t *tx, void *ctx), void *ctx);
ptn_rc_t ptn_checkpoint(ptn_mbox_t *mb, bool wait, bool truncate);

/* Notes a failure amid changes: the transaction can only be undone. */
ptn_rc_t ptn_txn_poison(ptn_txn_t *tx, ptn_rc_t rc);
/* OK: usable.  Every mutation asks first. */
ptn_rc_t ptn_txn_check(const ptn_txn_t *tx);
uint64_t ptn_txn_cn(ptn_txn_t *tx);             /* the next change number */
/* Numbers up to `cn` are taken: a modseq that was given before them. */
void ptn_txn_reach(ptn_txn_t *tx, uint64_t cn);
uint64_t ptn_txn_oid(ptn_txn_t *tx);
uint32_t ptn_txn_uidvalidity(ptn_txn_t *tx);

ptn_rc_t ptn_txn_event(ptn_txn_t *tx, ptn_mbox_event_e kind, ptn_id_t folder,
    ptn_id_t message, ptn_id_t old_folder, ptn_id_t old_message, uint64_t cn);

typedef enum {
    PTN_CAUSE_HARD = 1, PTN_CAUSE_SOFT, PTN_CAUSE_MOVE, PTN_CAUSE_RENAME,
    PTN_CAUSE_EDIT              /* it is there, under another uid */
} ptn_cause_e;

typedef enum {
    PTN_TOMB_MESSAGE, PTN_TOMB_FOLDER
} ptn_tomb_e;

/* --- ptn_set.c, ptn_keyword.c ------------------------------------------- */

#define PTN_SET_NONE  UINT32_MAX

ptn_rc_t ptn_set_load(ptn_mbox_t *mb, ptn_set_t *set);
uint32_t ptn_set_index(const ptn_set_t *set, ptn_id_t folder);
ptn_rc_t ptn_keyword_load(ptn_mbox_t *mb, ptn_set_t *set);

/* --- ptn_folder.c ------------------------------------------------------- */

ptn_rc_t ptn_folder_of(ptn_mbox_t *mb, ptn_id_t id, ptn_folder_t **ret);
ptn_rc_t ptn_folder_check_name(ptn_str_t name);
/* Counters changed: written at the transaction's commit. */
void ptn_folder_touch(ptn_mbox_t *mb, ptn_folder_t *folder, uint64_t modseq);
ptn_rc_t ptn_folder_flush(ptn_mbox_t *mb);
ptn_rc_t ptn_folder_make_all(ptn_mbox_t *mb, const char *locale);
/* One of the special folders; `again`: its name may be taken. */
ptn_rc_t ptn_folder_make_one(ptn_mbox_t *mb, const char *locale,
    ptn_folder_special_e special, bool again);
bool ptn_folder_below(ptn_mbox_t *mb, ptn_id_t id, ptn_id_t top);
ptn_rc_t ptn_folder_reread(ptn_txn_t *tx);
/* As ptn_folder_create(); id: given out before, and to nothing else, or 0. */
ptn_rc_t ptn_folder_create_id(ptn_txn_t *tx, ptn_id_t id, ptn_id_t parent,
    ptn_str_t name, const char *cls, ptn_id_t *ret_id);

/* Inbox in French ...; never NULL. */
const char *ptn_locale_folder(const char *locale, ptn_folder_special_e f);

/* --- ptn_view.c --------------------------------------------------------- */

void ptn_view_batch_done(ptn_mbox_t *mb, bool committed, uint64_t kept);
/*
 * Message `uid` has come into the folder of that id (its row is there): is it
 * late (ptn_upgrade_3.c)?  To be called for whatever gets a uid there.
 */
ptn_rc_t ptn_view_late(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid,
    int64_t received, bool fai);
/* Nobody has it but who asks. */
bool ptn_view_alone(const ptn_view_t *view);

/* ptn_view_list.c: the newest one of a folder, with a reference, or NULL. */
ptn_view_t *ptn_view_list_get(const ptn_mbox_t *mb, ptn_id_t folder);
void ptn_view_list_put(const ptn_mbox_t *mb, ptn_view_t *view);
/* Drops those that no session holds and nobody asked for lately. */
void ptn_view_list_shrink(uint64_t idle_ms);
void ptn_vec_list_shrink(uint64_t idle_ms);     /* ptn_table_list.c */
void ptn_collate_done(ptn_store_t *store);
/* Opens that of some mailbox, before somebody sorts: it takes 4 ms and more. */
void ptn_collate_idle(ptn_store_t *store);
/* The function ptn_scan of a connection. */
ptn_rc_t ptn_scan_register(ptn_mbox_t *mb);

/* --- ptn_msg_write.c ---------------------------------------------------- */

/* Removes one message's rows, without counters, tombstone and event. */
ptn_rc_t ptn_msg_erase(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid,
    ptn_id_t id, ptn_id_t content);

/* --- ptn_transfer.c ----------------------------------------------------- */

/* Finishes moves to other mailboxes that somebody has left. */
void ptn_transfer_replay(ptn_mbox_t *mb);

/* --- ptn_search_touch.c ------------------------------------------------- */

/* An event of a transaction: what it was about is tested by the commit. */
ptn_rc_t ptn_search_event(ptn_mbox_t *mb, ptn_mbox_event_e kind,
    ptn_id_t folder, ptn_id_t message);
/* Before the rest of a transaction's commit. */
ptn_rc_t ptn_search_settle(ptn_txn_t *tx);
void ptn_search_forget(ptn_mbox_t *mb);         /* the events */
/* ptn_search_terms.c: words that are remembered with the mailbox. */
void ptn_terms_forget(ptn_mbox_t *mb);
/* The message that a search folder shows at `uid`.  ENOTFOUND. */
ptn_rc_t ptn_search_at(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid,
    ptn_id_t *ret_id);
/* Is it shown there? */
ptn_rc_t ptn_search_shows(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t id,
    bool *ret_shown);
/* --- ptn_rights.c -------------------------------------------------------- */

/* What the directory says of `actor` in the mailbox of `user`; groups are to be
 * given to free(). */
ptn_rc_t ptn_acting_make(ptn_store_t *store, const ptn_user_t *user,
    const ptn_actor_t *actor, ptn_acting_t *ret_acting);
/* From now on for that one; takes its groups.  ENOTFOUND: there is nothing for
 * it, and the mailbox acts for whom it did. */
ptn_rc_t ptn_acting_enter(ptn_mbox_t *mb, ptn_acting_t *acting);
/* The system until back. */
void ptn_acting_system(ptn_mbox_t *mb, ptn_acting_t *was);
void ptn_acting_back(ptn_mbox_t *mb, ptn_acting_t *was);

/* mb->set->rights of who acts; not asked for of who may everything. */
ptn_rc_t ptn_rights_load(ptn_mbox_t *mb);
/* Of folder i of the set; what the system has, too. */
uint32_t ptn_rights_at(const ptn_mbox_t *mb, uint32_t i);
#define ptn_rights_shows(mb, i)                                               \
    ((mb)->acting.all || (ptn_rights_at(mb, i) & PTN_RIGHT_VISIBLE) != 0)
/* ptn_txn_check(), and ptn_rights_need(). */
ptn_rc_t ptn_txn_need(const ptn_txn_t *tx, ptn_id_t folder, uint32_t need);
/* A folder as who acts sees it; all folders that it sees. */
ptn_rc_t ptn_rights_folder(ptn_mbox_t *mb, const ptn_folder_t *f,
    const ptn_folder_t **ret_folder);
ptn_rc_t ptn_rights_folders(ptn_mbox_t *mb, bool all,
    const ptn_folder_t **ret_folders, size_t *ret_n);
/* One of the bits on some folder.  EDENIED. */
ptn_rc_t ptn_rights_any(ptn_mbox_t *mb, uint32_t some);
#define PTN_RIGHTS_WRITE                                                      \
    (PTN_RIGHT_CREATE|PTN_RIGHT_EDIT_OWNED|PTN_RIGHT_EDIT_ANY|PTN_RIGHT_OWNER)
/* One of the bits on a folder. */
ptn_rc_t ptn_rights_some(ptn_mbox_t *mb, ptn_id_t folder, uint32_t some);
/* All of them on a folder that is out of the tree. */
ptn_rc_t ptn_rights_gone(ptn_mbox_t *mb, ptn_id_t folder, uint32_t need);
/* The same of one that is in it; what ptn_rights_load() has read. */
bool ptn_rights_sees(const ptn_mbox_t *mb, ptn_id_t folder, uint32_t need);
/* What is the owner's affair alone. */
#define ptn_rights_full(mb)  ((mb)->acting.all ? PTN_OK : PTN_EDENIED)
/* `need` on a folder and on all below it. */
ptn_rc_t ptn_rights_below(ptn_mbox_t *mb, ptn_id_t top, uint32_t need);
/* To be told of: an event, made what the actor sees of it. */
bool ptn_rights_event(ptn_mbox_t *mb, ptn_mbox_event_t *ev);

/* --- ptn_rights_count.c -------------------------------------------------- */

/* One of the set's, with its counters as who acts sees them. */
ptn_rc_t ptn_rights_counts(ptn_mbox_t *mb, const ptn_folder_t *f,
    ptn_folder_t *ret);

/* --- ptn_rights_mark.c --------------------------------------------------- */

/* After an upgrade: which messages are private. */
ptn_rc_t ptn_mark_all(ptn_mbox_t *mb);

/* --- ptn_rights_view.c --------------------------------------------------- */

/* Takes the reference; gives what who acts sees of the view. */
ptn_rc_t ptn_rights_view(ptn_mbox_t *mb, ptn_view_t *base,
    ptn_view_t **ret_view);
void ptn_seen_drop(ptn_mbox_t *mb);
/* ptn_view.c: another view of it, whose rows `row` has changed; false: not
 * in it.  NULL: no memory. */
ptn_view_t *ptn_view_derive(ptn_view_t *base, uint64_t modseq,
    bool (*row)(void *ctx, ptn_row_t *row), void *ctx);

/* --- ptn_public.c, ptn_quota.c -------------------------------------------- */

#define PTN_PUBLIC_SPECIAL  0x40        /* folder.special of the others */
ptn_id_t ptn_public_parent(unsigned i);
ptn_str_t ptn_public_name(unsigned i);
ptn_rc_t ptn_public_rights(ptn_mbox_t *mb);
/* EQUOTA. */
ptn_rc_t ptn_quota_room(const ptn_mbox_t *mb, uint64_t size, bool delivery);

/* --- ptn_reader.c -------------------------------------------------------- */

void ptn_reader_drop(ptn_mbox_t *mb);
/* After ptn_mbox_read(): what was read by others' connections, too. */
ptn_rc_t ptn_reader_fresh(ptn_mbox_t *mb);
ptn_rc_t ptn_reader_flush(ptn_mbox_t *mb);
/* folder.unread as it is for who acts; the last change of what it has read. */
uint32_t ptn_reader_unread(ptn_mbox_t *mb, const ptn_folder_t *f);
uint64_t ptn_reader_cn(ptn_mbox_t *mb, ptn_id_t folder);
ptn_rc_t ptn_reader_check(ptn_str_t runs);

/* --- ptn_rights_list.c --------------------------------------------------- */

ptn_rc_t ptn_rights_defaults(ptn_mbox_t *mb);   /* of a new mailbox */
/* A new folder has those of its parent; who makes it owns it. */
ptn_rc_t ptn_rights_inherit(ptn_txn_t *tx, ptn_id_t parent, ptn_id_t folder);

/* --- ptn_content.c ------------------------------------------------------ */

/* A content as it will stand in its row; what of it are blobs.  Made without
 * a lock: ptn_content_make(). */
typedef struct {
    ptn_form_e                  form;
    ptn_codec_e                 codec;          /* of data */
    ptn_codec_e                 shape;          /* of structure */
    uint64_t                    dictionary;     /* of new ones then, or 0 */
    uint64_t                    size;           /* of the message */
    uint64_t                    plain;
    ptn_str_t                   data, structure;
    bool                        file;           /* data is a blob ... */
    u_char                      sha256[32];     /* ... of that name */
    const ptn_skeleton_part_t  *parts;          /* blobs, too */
    size_t                      nparts;
} ptn_content_made_t;

/* hurry: others wait; it may be packed in haste, and again when idle. */
ptn_rc_t ptn_content_make(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_mime_t *mime, bool hurry, ptn_content_made_t *ret_made);
/* Its row and blobs; `id` as in ptn_content_add(). */
ptn_rc_t ptn_content_put(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_content_made_t *made, ptn_id_t id, ptn_id_t *ret_content);
/* A pool whose large pieces are nameless files below ROOT. */
ptn_pool_t *ptn_content_pool(ptn_store_t *store, size_t cap);
/* `id`: the message's own, when that was given in this transaction, so that
 * the content has it too; 0: a new one. */
ptn_rc_t ptn_content_add(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_mime_t *mime, ptn_id_t id, ptn_id_t *ret_content);
/* One message less has it.  What is in the index stays until it has left. */
ptn_rc_t ptn_content_drop(ptn_mbox_t *mb, ptn_id_t content);
/* Its rows, and its references to blobs. */
ptn_rc_t ptn_content_remove(ptn_mbox_t *mb, ptn_id_t content);
ptn_rc_t ptn_content_get(ptn_mbox_t *mb, ptn_id_t content,
    ptn_cached_t **ret_cached);
/* content.structure and content.codec, as ptn_mime_unpack() takes it. */
ptn_rc_t ptn_content_structure(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_str_t data, int codec, ptn_str_t *ret);
void ptn_content_forget(ptn_store_t *store, const ptn_guid_t *mailbox);

/* --- ptn_frame.c -------------------------------------------------------- */

/*
 * content.codec: how data is compressed, and structure.  Hostile numbers come
 * out as codecs that nobody knows.
 */
#define ptn_codec_data(codec)       ((ptn_codec_e) ((codec) & 0x0f))
#define ptn_codec_structure(codec)  ((ptn_codec_e) ((codec) >> 4 & 0x0fffffff))
#define ptn_codec_both(data, structure)  ((int) (data) | (int) (structure) << 4)

/* ctx of the executor; ENOMEM. */
ptn_rc_t ptn_frame_cctx(ptn_store_t *store);
ptn_rc_t ptn_frame_dctx(ptn_store_t *store);

/* --- ptn_blob.c --------------------------------------------------------- */

#define PTN_BLOB_PATH  512
ptn_rc_t ptn_blob_path(const ptn_mbox_t *mb, const u_char sha256[32],
    char *path, size_t size);
/* Writes it if it is not there, and counts a reference. */
ptn_rc_t ptn_blob_add(ptn_mbox_t *mb, const u_char sha256[32],
    ptn_str_t data);
ptn_rc_t ptn_blob_drop(ptn_mbox_t *mb, const u_char sha256[32]);
ptn_rc_t ptn_blob_read(ptn_mbox_t *mb, const u_char sha256[32], uint64_t off,
    u_char *p, size_t n);
ptn_rc_t ptn_blob_size(ptn_mbox_t *mb, const u_char sha256[32],
    uint64_t *ret_size);
ptn_rc_t ptn_blob_sweep(ptn_mbox_t *mb);
/* ptn_blob_spare.c: files that no row names. */
ptn_rc_t ptn_blob_name(ptn_mbox_t *mb, const u_char sha256[32]);
ptn_rc_t ptn_blob_adopt(ptn_mbox_t *mb);        /* as a batch begins */
bool ptn_blob_settled(ptn_mbox_t *mb);
void ptn_blob_tidy(ptn_mbox_t *mb);             /* before it is closed */
void ptn_blob_recover(ptn_mbox_t *mb);          /* by the first after a crash */
bool ptn_blob_unhex(const char *dir, const char *name, u_char sha256[32]);
ptn_rc_t ptn_blob_row(ptn_mbox_t *mb, const u_char sha256[32],
    uint64_t *ret_refs, uint64_t *ret_size);

/* ptn_blob_put.c: writes or links it; replace: there is a row. */
ptn_rc_t ptn_blob_put(ptn_mbox_t *mb, const u_char sha256[32],
    ptn_str_t data, bool replace);
/* ptn_blob_sync.c.  Before the batch commits; after an error it must not. */
ptn_rc_t ptn_blob_sync(ptn_mbox_t *mb);
void ptn_blob_unsynced_drop(ptn_mbox_t *mb);
/* Takes the descriptor; the name is new in its directory. */
ptn_rc_t ptn_blob_unsynced(ptn_mbox_t *mb, const u_char sha256[32], int fd,
    uint64_t dev, uint64_t ino);
ptn_blob_known_t *ptn_blob_known(ptn_store_t *store, uint64_t dev,
    uint64_t ino);
void ptn_blob_known_drop(ptn_blob_known_t *k);
void ptn_blob_known_free(ptn_store_t *store);

/*
 * ptn_blob_read.c: does the file stand for the bytes of that name, as it is or
 * packed?  ENOTFOUND, ECORRUPT.
 */
ptn_rc_t ptn_blob_file_is(ptn_store_t *store, const char *path,
    const u_char sha256[32], uint64_t *ret_size);
ptn_rc_t ptn_errno_rc(int err);

static inline ptn_rc_t
ptn_blob_sync_dir(ptn_store_t *store, const char *dir, ptn_io_site_e site)
{
    if (!store->conf->fsync) {
        return PTN_OK;
    }

    return store->io->sync_dir(store->io, dir, site) == 0
           ? PTN_OK : ptn_errno_rc(errno);
}

void ptn_blob_forget(ptn_store_t *store);

/* --- ptn_epoch.c -------------------------------------------------------- */

ptn_rc_t ptn_epoch_create(ptn_store_t *store, ptn_guid_t guid,
    uint64_t epoch, uint64_t cn, uint64_t oid);
/* At opening: may make a new incarnation. */
ptn_rc_t ptn_epoch_open(ptn_mbox_t *mb, bool first);
/* Before a commit that uses numbers up to cn, oid. */
ptn_rc_t ptn_epoch_reserve(ptn_mbox_t *mb, uint64_t cn, uint64_t oid);
void ptn_epoch_mark(ptn_mbox_t *mb);            /* after a commit */
void ptn_epoch_close(ptn_mbox_t *mb, bool last);
ptn_rc_t ptn_epoch_last(ptn_store_t *store, ptn_guid_t guid,
    uint64_t *ret_epoch);
ptn_rc_t ptn_epoch_delete(ptn_store_t *store, ptn_guid_t guid);
ptn_rc_t ptn_epoch_renew(ptn_mbox_t *mb, uint64_t epoch, uint64_t cn,
    uint64_t oid);


#endif /* PTN_MAILBOX_H */
