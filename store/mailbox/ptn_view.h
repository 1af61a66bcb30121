/*
 * store/mailbox, inside: a view in memory.  Rows lie in chunks of up to
 * PTN_VIEW_CHUNK, which views share: the next view of a folder copies the
 * chunks that changed.
 *
 *   ptn_view.c        references, reading, getting one of the database
 *   ptn_view_build.c  views of rows, or of another view and what has changed
 *   ptn_view_list.c   the newest of each folder
 */

#ifndef PTN_VIEW_H
#define PTN_VIEW_H


#include "ptn_item.h"


#define PTN_VIEW_CHUNK     256
#define PTN_VIEW_MERGE     64       /* chunks smaller than this are merged */

typedef struct {
    unsigned   refs;
    uint32_t   n;
    ptn_row_t  rows[];
} ptn_chunk_t;

struct ptn_view_s {
    unsigned       refs;
    uint32_t       count;
    uint32_t       nchunks;
    uint32_t       uidvalidity, uidnext;
    ptn_id_t       folder;
    uint64_t       modseq;
    bool           batch;           /* not committed when it was read */
    bool           undone;          /* and will never be */
    ptn_view_t    *next;            /* of mb->views */
    ptn_view_t    *base;            /* that it was made of, or NULL */
    uint32_t      *first;           /* seq of each chunk's first row */
    ptn_chunk_t   *chunks[];
};

void ptn_chunk_unref(ptn_chunk_t *c);


/* --- ptn_view_build.c ----------------------------------------------------- */

/* A view under construction: whole chunks, and one that grows. */
typedef struct {
    ptn_chunk_t  **chunks;
    uint32_t       n, size;
    ptn_chunk_t   *open;
    bool           failed;
} ptn_view_build_t;

/* Adds a row behind the others. */
void ptn_view_build_row(ptn_view_build_t *b, const ptn_row_t *row);
void ptn_view_build_drop(ptn_view_build_t *b);
/* NULL: no memory; `b` is gone. */
ptn_view_t *ptn_view_build_done(ptn_view_build_t *b);

/* Changes since a view: rows by uid, uids that left. */
typedef struct {
    ptn_row_t  *rows;
    size_t      nrows;
    uint32_t   *gone;
    size_t      ngone;
} ptn_view_delta_t;

/* NULL: no memory. */
ptn_view_t *ptn_view_patch(const ptn_view_t *old, const ptn_view_delta_t *d);


#endif /* PTN_VIEW_H */
