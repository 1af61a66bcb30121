/*
 * Inside of the import: an export is read into a stage (ptn_import_read.c),
 * which becomes the mailbox (ptn_import.c) or is moved into another one
 * (ptn_import_merge.c).
 */

#ifndef PTN_IMPORT_H
#define PTN_IMPORT_H


#include <openssl/evp.h>

#include "ptn_export.h"


#define PTN_IMPORT_COMMIT   (16 * 1024 * 1024)

typedef struct {
    ptn_store_t       *store;
    const ptn_user_t  *user;
    const ptn_ops_t   *ops;
    int                fd;
    uint64_t           total;
    ptn_stage_t        stage;
    EVP_MD_CTX        *hash;
    u_char             id[32];          /* of the file */

    u_char            *p;               /* the record under way */
    size_t             len, size;
    uint64_t           at;              /* behind it */
    uint64_t           noted;           /* up to here it is in the stage */
    uint64_t           committed;

    bool               begun;
    ptn_guid_t         guid;            /* of the header */
    uint32_t           version;
    sqlite3_stmt      *insert;
    unsigned           columns;

    int                blob;            /* being written */
    EVP_MD_CTX        *blob_hash;
    u_char             blob_sha[32];
    uint64_t           blob_size, blob_left;
    char               blob_path[PTN_OPS_PATH];

    uint64_t           rows, blobs;
} ptn_import_t;


/* --- ptn_import_read.c ---------------------------------------------------- */

uint64_t ptn_import_number(const u_char *p, size_t n);
/* The whole file; what the stage has of it is passed over. */
ptn_rc_t ptn_import_records(ptn_import_t *x);

/* --- ptn_import.c --------------------------------------------------------- */

/* Everything up to x->at is in the stage. */
ptn_rc_t ptn_import_note(ptn_import_t *x);
/* Names the file (x->id); is the stage of it? */
ptn_rc_t ptn_import_same(ptn_import_t *x, bool *ret_same);
/* The stage becomes the mailbox of x->user. */
ptn_rc_t ptn_import_whole(ptn_import_t *x);

/* --- ptn_import_merge.c --------------------------------------------------- */

/* What the file was read into (`staged`), or what an earlier run has left of
 * it, is moved below the folder `under`. */
ptn_rc_t ptn_import_merge(ptn_import_t *x, const char *under, bool staged);
/* Is it in, for good?  Was it read, and not moved to its end? */
ptn_rc_t ptn_import_done(ptn_import_t *x, bool *ret_done);
ptn_rc_t ptn_import_left(ptn_import_t *x, bool *ret_left);


#endif /* PTN_IMPORT_H */
