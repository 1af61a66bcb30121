/*
 * ptn_mbox_check(), inside.
 */

#ifndef PTN_CHECK_H
#define PTN_CHECK_H


#include "ptn_mailbox.h"


typedef struct {
    ptn_mbox_t   *mb;
    ptn_pool_t   *pool;
    bool          repair;
    void        (*report)(void *ctx, const char *line);
    void         *ctx;
    unsigned      found;
    unsigned      mended;
    bool          renew;        /* numbers or messages were mended */
} ptn_check_t;


/* A finding; `mended`: and it was. */
void ptn_check_found(ptn_check_t *check, bool mended, const char *fmt, ...)
    PTN_PRINTF(3, 4);

/* ptn_check_content.c: contents, their blobs, their files. */
ptn_rc_t ptn_check_contents(ptn_check_t *check);
ptn_rc_t ptn_check_items(ptn_check_t *check);
ptn_rc_t ptn_check_blobs(ptn_check_t *check);
ptn_rc_t ptn_check_files(ptn_check_t *check);


#endif /* PTN_CHECK_H */
