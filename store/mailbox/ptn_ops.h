/*
 * ptn_store_ops.h, inside: files and staging.
 */

#ifndef PTN_OPS_H
#define PTN_OPS_H


#include "ptn_mailbox.h"


#define PTN_OPS_PATH   1024
#define PTN_OPS_CHUNK  (256 * 1024)


void ptn_ops_report(const ptn_ops_t *ops, const char *fmt, ...)
    PTN_PRINTF(2, 3);
void ptn_ops_progress(const ptn_ops_t *ops, const char *what, uint64_t done,
    uint64_t total);
void ptn_ops_hex(const u_char sha256[32], char ret_hex[65]);

/* EINVAL: too long. */
ptn_rc_t ptn_ops_path(char path[PTN_OPS_PATH], const char *fmt, ...)
    PTN_PRINTF(2, 3);

/* There already: OK. */
ptn_rc_t ptn_ops_mkdir(ptn_store_t *store, const char *path);
ptn_rc_t ptn_ops_sync_dir(ptn_store_t *store, const char *path);
/* Of the directory that `path` is in. */
ptn_rc_t ptn_ops_sync_parent(ptn_store_t *store, const char *path);
/* Makes the file's bytes durable. */
ptn_rc_t ptn_ops_sync_file(ptn_store_t *store, const char *path);
/* With all that is in it; what cannot be removed stays. */
void ptn_ops_remove(const char *path);

ptn_rc_t ptn_ops_hash(ptn_store_t *store, const char *path,
    u_char ret_sha256[32], uint64_t *ret_size);
/* Makes `to` (replacing it), durable; the hash is of what was written. */
ptn_rc_t ptn_ops_copy(ptn_store_t *store, const char *from, const char *to,
    u_char ret_sha256[32], uint64_t *ret_size);
/* A link where that is possible and allowed, else a copy, which must have the
 * hash (ECORRUPT).  Written beside it first: `to` is whole or not there.  The
 * name is not durable yet. */
ptn_rc_t ptn_ops_take(ptn_store_t *store, const char *from, const char *to,
    const u_char sha256[32], bool hard_link);

/* DIR/ab/cdef..., its directory made. */
ptn_rc_t ptn_ops_object(ptn_store_t *store, const char *dir,
    const u_char sha256[32], bool make, char path[PTN_OPS_PATH]);

/* Copies what `from`'s snapshot shows (a read transaction is open on it). */
ptn_rc_t ptn_ops_copy_db(ptn_store_t *store, sqlite3 *from, const char *to,
    const char *what, const ptn_ops_t *ops);
/* A database that nobody writes, whose journal mode is not WAL. */
ptn_rc_t ptn_ops_open_ro(const char *path, sqlite3 **ret);
/* Calls `each` with each blob that its contents need. */
ptn_rc_t ptn_ops_blobs(sqlite3 *db, ptn_rc_t (*each)(void *ctx,
    const u_char sha256[32], uint64_t size), void *ctx);


/* --- a mailbox in the making ---------------------------------------------- */

typedef struct {
    ptn_store_t       *store;
    const ptn_user_t  *user;
    ptn_mbox_t        *mb;          /* its dir is the stage */
    char              *place;       /* where it is to be */
    int                fd;          /* locks the stage */
    bool               resumed;     /* there was one */
} ptn_stage_t;

/*
 * Makes ROOT/mailbox/<domain>/.<what>-<user>.  What a crash has left of one is
 * removed first, unless `resume`.  EBUSY: somebody is at it.
 */
ptn_rc_t ptn_stage_open(ptn_stage_t *stage, ptn_store_t *store,
    const ptn_user_t *user, const char *what, bool resume);
/* Opens (or makes) its database. */
ptn_rc_t ptn_stage_db(ptn_stage_t *stage, bool create);
/* Copies the WAL into the database and closes it, durable. */
ptn_rc_t ptn_stage_close_db(ptn_stage_t *stage);
/* Puts it in its place; the old one is removed.  EEXIST. */
ptn_rc_t ptn_stage_place(ptn_stage_t *stage, bool replace);
/* The same for an old one that the caller has locked; what was there is in the
 * stage then. */
ptn_rc_t ptn_stage_swap(ptn_stage_t *stage);
/* Removes it if it was not placed, unless `keep`. */
void ptn_stage_done(ptn_stage_t *stage, bool keep);


#endif /* PTN_OPS_H */
