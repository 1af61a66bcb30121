/*
 * store/mailbox, inside: a synchronisation of contents under way, and a pass
 * over the folder's rows.
 */

#ifndef PTN_ICS_CONTENT_H
#define PTN_ICS_CONTENT_H


#include "ptn_filter.h"
#include "ptn_ics.h"


#define PTN_ICS_LIST        1024
#define PTN_ICS_LIST_SORTED 32768

typedef struct {
    ptn_id_t  id;
    uint64_t  key;              /* modseq, or received */
    uint32_t  uid;
} ptn_ics_entry_t;

typedef struct {
    uint64_t  modseq, cn, read_cn, size;
    ptn_id_t  id, mid;
    uint32_t  uid, flags;
    int64_t   received;
    bool      fai;
    bool      conflict;
} ptn_ics_row_t;

typedef enum {
    PTN_ICS_SCAN_CHANGED, PTN_ICS_SCAN_ALL, PTN_ICS_SCAN_NONE
} ptn_ics_scan_e;

struct ptn_ics_content_s {
    ptn_id_t               folder;
    unsigned               flags;
    uint64_t               epoch;
    uint64_t               upto;        /* the bound */
    ptn_pool_t            *pool;        /* of the filter */
    ptn_filter_t          *filter;      /* of the restriction, or NULL */

    ptn_ics_state_t        from;        /* the client's, at open */
    ptn_idset_t            told_ids, told_cns[2];       /* normal, FAI */
    ptn_idset_t            sets[PTN_ICS_TOLD_SETS];
    ptn_idset_t            read_cns;
    ptn_idset_t            hold[2];     /* cns out of scope: not collapsed */
    bool                   told[PTN_ICS_TOLD_SETS];
    ptn_ics_state_t        state;       /* as it was asked for last */
    ptn_ics_progress_t     progress;

    ptn_ics_scan_e         scan;
    bool                   sorted;
    uint64_t               run;         /* rows above */
    ptn_ics_entry_t       *list;
    ptn_ics_row_t         *rows;        /* of the list, unless it is sorted */
    uint64_t               rows_cn;     /* as they were then; 0: never */
    size_t                 n, at, size;
    bool                   more;        /* behind the list */
    ptn_ics_entry_t        last;        /* of what was in it */
    bool                   all;         /* changes were told */
    ptn_id_t              *hidden;      /* private ones, not to be told of */
    size_t                 nhidden;
};

typedef struct {
    ptn_mbox_t         *mb;
    ptn_ics_content_t  *c;
    ptn_ics_ask_t       seen[2], read, given, told[2];
    bool                first;          /* open's, not a refill */
    uint64_t            fresh;          /* ids that were not given */
    uint64_t            now;            /* a page's, as rows_cn */
} ptn_ics_pass_t;


/* ---- ptn_ics_scan.c ------------------------------------------------------ */

void ptn_ics_pass_begin(ptn_ics_pass_t *p, ptn_mbox_t *mb,
    ptn_ics_content_t *c);
/* In one read transaction: counts, sets, the first changes. */
ptn_rc_t ptn_ics_open_read(ptn_mbox_t *mb, ptn_ics_content_t *c);
/* More of the list, from where it ended. */
ptn_rc_t ptn_ics_refill(ptn_mbox_t *mb, ptn_ics_content_t *c);
/* Of a row of the ICS_ statements; in a public store read state is that of who
 * acts. */
ptn_rc_t ptn_ics_row_read(ptn_mbox_t *mb, sqlite3_stmt *st, ptn_id_t folder,
    ptn_ics_row_t *r);
ptn_rc_t ptn_ics_rows_cn(ptn_mbox_t *mb, uint64_t *ret_cn);
ptn_rc_t ptn_ics_in_scope(ptn_mbox_t *mb, ptn_ics_content_t *c,
    ptn_pool_t *pool, const ptn_item_t *item, bool *ret_in);


#endif /* PTN_ICS_CONTENT_H */
