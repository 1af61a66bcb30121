/*
 * ptn_mbox_check(), inside.
 */

#ifndef PTN_CHECK_H
#define PTN_CHECK_H


#include "ptn_ops.h"


typedef struct {
    ptn_mbox_t   *mb;
    ptn_pool_t   *pool;
    bool          repair;
    void        (*report)(void *ctx, const char *line);
    void         *ctx;
    unsigned      found;
    unsigned      mended;
    bool          renew;        /* numbers or messages were mended */
    ptn_txn_t    *tx;           /* of a repair */
    ptn_rc_t      failed;       /* a question could not be asked */
    const ptn_ops_t  *ops;      /* NULL: nobody waits */
} ptn_check_t;


/* A finding; `mended`: and it was. */
void ptn_check_found(ptn_check_t *check, bool mended, const char *fmt, ...)
    PTN_PRINTF(3, 4);

/*
 * An error that says nothing of the mailbox: it may be another the next time.
 * What cannot be read now is neither a finding nor replaced.
 */
static inline bool
ptn_check_later(ptn_rc_t rc)
{
    return rc == PTN_ENOMEM || rc == PTN_EIO || rc == PTN_ENOSPC
           || rc == PTN_EBUSY || rc == PTN_EUNAVAIL;
}

/* NULL: a finding, or `failed`. */
sqlite3_stmt *ptn_check_prepare(ptn_check_t *check, const char *what,
    const char *text);

/* ptn_check_folder.c: soft deletion, rules, receive folders, names. */
ptn_rc_t ptn_check_folders(ptn_check_t *check);
/* As rows and files are now: after ptn_check_run(). */
ptn_rc_t ptn_check_receipts(ptn_check_t *check);

typedef struct {
    const char  *what;
    const char  *find;          /* a row, a text to show, for each finding */
    const char  *mend;          /* NULL: cannot be mended */
} ptn_check_rule_t;

ptn_rc_t ptn_check_rule(ptn_check_t *check, const ptn_check_rule_t *rule);
ptn_rc_t ptn_check_counters(ptn_check_t *check);

/* ptn_check_types.c, ptn_check_damage.c (repair only) */
ptn_rc_t ptn_check_types(ptn_check_t *check);
ptn_rc_t ptn_check_damage(ptn_check_t *check);

/* ptn_check_rights.c: permissions, marks, what was read in public stores. */
ptn_rc_t ptn_check_rights(ptn_check_t *check);

/* ptn_check_content.c: contents, their blobs, their files. */
ptn_rc_t ptn_check_contents(ptn_check_t *check);
/* One of them, nothing reported. */
ptn_rc_t ptn_check_content_good(ptn_check_t *check, ptn_pool_t *pool,
    ptn_id_t id, uint64_t size, ptn_str_t blobs, ptn_str_t structure,
    int codec, bool *ret_good);
ptn_rc_t ptn_check_items(ptn_check_t *check);
ptn_rc_t ptn_check_blobs(ptn_check_t *check);
ptn_rc_t ptn_check_files(ptn_check_t *check);
/* ptn_check_table.c */
ptn_rc_t ptn_check_tables(ptn_check_t *check);
/* ptn_check_refer.c */
ptn_rc_t ptn_check_refer(ptn_check_t *check);

/* ptn_check_search.c: the index of words, search folders. */
ptn_rc_t ptn_check_search(ptn_check_t *check);
/* ptn_check_list.c: the list of its words. */
ptn_rc_t ptn_check_list(ptn_check_t *check);
/* ptn_check_ics.c: keys of imports, replicas, devices. */
ptn_rc_t ptn_check_ics(ptn_check_t *check);


#endif /* PTN_CHECK_H */
