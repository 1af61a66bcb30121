/*
 * store/mailbox: what administrators do with whole mailboxes.  For programs of
 * their own (the CLI, tests), not for jobs: everything here may take minutes.
 * A batch must not be open on the store.  docs/mailbox-operations.md has the
 * formats and the procedures.
 *
 * A mailbox that is put in another's place (restore, repair, import, move)
 * is made complete and durable under a name of its own beside it,
 * ROOT/mailbox/<domain>/.<what>-<user>, then exchanged for the old one by one
 * rename(2): a crash leaves the one or the other.  While the exchange happens
 * the old one's write lock is held; whoever has that one open still finds out
 * when he begins his next batch (ptn_batch_begin), so no acknowledged change
 * goes into a file that nobody will read.  ESUPPORT: the file system cannot
 * exchange two names (RENAME_EXCHANGE).
 */

#ifndef PTN_STORE_OPS_H
#define PTN_STORE_OPS_H


#include "ptn_store.h"


/* Who waits is told how far it is; both may be NULL. */
typedef struct {
    void   (*progress)(void *ctx, const char *what, uint64_t done,
               uint64_t total);         /* bytes, or rows; total 0: unknown */
    void   (*report)(void *ctx, const char *line);      /* findings */
    void    *ctx;
} ptn_ops_t;


/* --- backup ------------------------------------------------------------- */

/*
 * A backup is a directory:
 *
 *   DIR/manifest             what there is; replaced as the last step
 *   DIR/object/ab/cdef...    databases and blobs by SHA-256, never changed
 *
 * Each database is copied from one snapshot, its blobs while a lock keeps the
 * mailbox's sweep away, so that the two fit together whatever is written
 * meanwhile.  What DIR has already is not copied again, also what a run that
 * was interrupted has left.  A manifest names only what is durable.
 *
 * hard_links: blobs are linked where DIR is on the same file system, which
 * saves space and protects from nothing that happens to the disk.
 */
typedef struct ptn_backup_s  ptn_backup_t;

ptn_rc_t ptn_backup_open(ptn_store_t *store, const char *dir,
    bool hard_links, const ptn_ops_t *ops, ptn_backup_t **ret);
/* Mailboxes that the last manifest has stay in the next one, unless: */
void ptn_backup_drop_others(ptn_backup_t *b);
/* ECORRUPT: a blob is missing or damaged, which was reported; the rest of the
 * mailbox is in the backup. */
ptn_rc_t ptn_backup_mailbox(ptn_backup_t *b, const ptn_user_t *user);
/* The directory's database, at `path`. */
ptn_rc_t ptn_backup_directory(ptn_backup_t *b, const char *path);
/* Writes the manifest. */
ptn_rc_t ptn_backup_finish(ptn_backup_t *b);
void ptn_backup_close(ptn_backup_t *b);

typedef struct {
    ptn_str_t   address;
    ptn_guid_t  guid;
    u_char      sha256[32];         /* of the database */
    uint64_t    size;               /* of the database */
    uint64_t    epoch, cn;
    uint64_t    blobs;
} ptn_backup_entry_t;

typedef struct {
    int64_t              taken;     /* seconds since 1970 */
    bool                 directory; /* there is one: */
    u_char               directory_sha256[32];
    uint64_t             directory_size;
    ptn_backup_entry_t  *entries;
    size_t               n;
} ptn_manifest_t;

/* ENOTFOUND, ECORRUPT (its checksum), EVERSION.  In `pool`. */
ptn_rc_t ptn_backup_manifest(ptn_store_t *store, ptn_pool_t *pool,
    const char *dir, ptn_manifest_t *ret);
/* Every object that the manifest needs, every database's integrity; findings
 * are reported.  OK: none; else ECORRUPT. */
ptn_rc_t ptn_backup_verify(ptn_store_t *store, const char *dir,
    const ptn_ops_t *ops);
/* Removes the objects that the manifest does not need. */
ptn_rc_t ptn_backup_prune(ptn_store_t *store, const char *dir,
    const ptn_ops_t *ops, uint64_t *ret_bytes);

/*
 * Mailbox `from` of the backup becomes `user`'s, as a new incarnation: new
 * UIDVALIDITYs, a new REPLGUID for new ids, states given out before are
 * refused.  EEXIST: there is a mailbox, and `replace` was not said.
 * ENOTFOUND: the backup has no such mailbox.  ECORRUPT: an object is missing
 * or damaged (reported); nothing was changed.
 */
ptn_rc_t ptn_restore_mailbox(ptn_store_t *store, const char *dir,
    ptn_str_t from, const ptn_user_t *user, bool replace,
    const ptn_ops_t *ops);
/* The directory's database to `path`, where none is.  EEXIST. */
ptn_rc_t ptn_restore_directory(ptn_store_t *store, const char *dir,
    const char *path);


/* --- one mailbox ---------------------------------------------------------- */

/* As ptn_mbox_check(), with progress. */
ptn_rc_t ptn_mbox_check_ops(ptn_store_t *store, const ptn_user_t *user,
    bool repair, const ptn_ops_t *ops);

typedef struct {
    uint64_t  database, wal;        /* bytes */
    uint64_t  blobs, blob_bytes;    /* files */
} ptn_mbox_sizes_t;

ptn_rc_t ptn_mbox_sizes(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_sizes_t *ret);

/* What is in it; reads every content's row. */
typedef struct {
    uint64_t  contents, raw;        /* each once; bytes as they came */
    uint64_t  index;                /* bytes of the index of words */
    uint64_t  unindexed;            /* contents that wait for it */
    uint64_t  gone, gone_size;      /* messages that can be recovered */
    uint64_t  gone_folders;
} ptn_mbox_usage_t;

ptn_rc_t ptn_mbox_usage(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_usage_t *ret);

/*
 * Gives free pages of the database back, removes blobs that nothing names, and
 * trains a dictionary if one is due, with which older contents are packed.
 * Others can read meanwhile, and wait with writing for the time that it takes
 * to write the database once.  EBUSY: others were writing for too long.
 */
ptn_rc_t ptn_mbox_compact(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_sizes_t *ret_before, ptn_mbox_sizes_t *ret_after);

/*
 * The database cannot be opened as it is (page corruption, objects that do not
 * belong): reads what can be read into a new file, puts it in its place and
 * begins a new epoch.  The old file stays as mailbox.damaged beside it.
 * Findings are reported.  Called by ptn_mbox_check(repair).
 */
ptn_rc_t ptn_mbox_salvage(ptn_store_t *store, const ptn_user_t *user,
    void (*report)(void *ctx, const char *line), void *ctx);

/*
 * Moves the files of the mailbox to where they belong after `user`'s address
 * has changed, from those of address `was`.  The mailbox keeps its guid, ids
 * and states.  EEXIST, ENOTFOUND; EBUSY: it is in use.
 */
ptn_rc_t ptn_mbox_rename(ptn_store_t *store, const ptn_user_t *user,
    ptn_str_t was);

/*
 * Moves the mailbox of `user` to another ROOT, that of `to`, where the user
 * has to be the same: id, guid, address.  It keeps its incarnation and all its
 * numbers; what is committed here until the last moment is there.  For that
 * moment, the time to copy what has changed since the copy was begun, writers
 * wait, or get EBUSY; from then on the mailbox is EUNAVAIL here, for good, and
 * lives there.  A crash leaves it live in exactly one of the two ROOTs, and
 * the call may be repeated: it goes on, or finds that all was done.
 *
 * Roots are absolute paths, without links.  EEXIST: there is a mailbox of that
 * user that ever had a message.  ENOTFOUND: none here, or it was moved to
 * another ROOT.  EBUSY: others would not let go of it for too long, three
 * times.  ECORRUPT: a blob is missing or damaged (reported).
 */
typedef struct {
    uint64_t  bytes, blobs;         /* copied */
    uint64_t  caught_up;            /* bytes of the database copied again */
    uint64_t  frozen_ms;
    bool      again;                /* it had been moved before */
} ptn_relocated_t;

ptn_rc_t ptn_mbox_relocate(ptn_store_t *from, ptn_store_t *to,
    const ptn_user_t *user, const ptn_ops_t *ops, ptn_relocated_t *ret);

/* The ROOT to which it was moved.  ENOTFOUND: it was not. */
ptn_rc_t ptn_mbox_moved_to(ptn_store_t *store, const ptn_user_t *user,
    char *path, size_t size);


/* --- export, import ------------------------------------------------------- */

/*
 * Writes the whole mailbox as one snapshot shows it: all tables but the event
 * log, the search index and moves under way, and all blobs.  Memory is
 * bounded by the largest row.  The format: docs/mailbox-operations.md.
 */
ptn_rc_t ptn_mbox_export(ptn_store_t *store, const ptn_user_t *user, int fd,
    const ptn_ops_t *ops);

/* One file per message, DIR/<folders>/<uid>.eml; *ret_n: how many. */
ptn_rc_t ptn_mbox_export_eml(ptn_store_t *store, const ptn_user_t *user,
    const char *dir, const ptn_ops_t *ops, uint64_t *ret_n);

/*
 * `fd` must be seekable.  Into a mailbox that has never had a message: all of
 * it, with its numbers.  Into another one: the folders below `under` (EINVAL
 * when it is NULL), messages with new ids, named properties and keywords by
 * name; rules, permissions and devices stay away.
 *
 * What was read is kept in ROOT/mailbox/<domain>/.import-<user>: the same file
 * again goes on where it was interrupted, another one begins anew.  ECORRUPT,
 * EVERSION: the file.  EEXIST: it is in this mailbox already.
 */
ptn_rc_t ptn_mbox_import(ptn_store_t *store, const ptn_user_t *user, int fd,
    const char *under, const ptn_ops_t *ops);


#endif /* PTN_STORE_OPS_H */
