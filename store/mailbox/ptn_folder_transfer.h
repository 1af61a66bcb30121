/*
 * store/mailbox, inside: a folder on its way to another mailbox.
 */

#ifndef PTN_FOLDER_TRANSFER_H
#define PTN_FOLDER_TRANSFER_H


#include "ptn_folder.h"
#include "ptn_transfer.h"


#define PTN_FT_KEY  (1 + 16)

typedef struct {
    ptn_id_t  from, to;         /* to 0: there is none there */
    ptn_id_t  parent;           /* of `from` */
    uint32_t  last;             /* uid that was taken last */
    uint32_t  end;              /* uids from here on came later */
    bool      search;
} ptn_ft_pair_t;

typedef struct {
    ptn_mbox_t     *from, *to;
    ptn_pool_t     *pool;
    uint64_t        n;          /* of the row; 0: a copy */
    u_char          key[PTN_FT_KEY + 8];
    uint64_t        actor;      /* who does not see all, or 0 */
    ptn_id_t        parent;
    ptn_str_t       name;
    ptn_ft_pair_t  *pairs;      /* parents first */
    size_t          npairs, at;
    bool            made, partial;
} ptn_ft_t;


/* --- ptn_folder_carry.c: what means something else there ------------------ */

/* NULL: it does not come along. */
ptn_ft_pair_t *ptn_ft_pair(ptn_ft_t *ft, ptn_id_t from);
/* Does a search folder look at nothing but what comes along?  c->n 0: it has
 * no criteria. */
ptn_rc_t ptn_ft_search_goes(ptn_ft_t *ft, ptn_id_t folder, ptn_criteria_t *c,
    bool *ret_goes);

/* In a transaction of ft->to: the properties of `f`, rules, criteria. */
ptn_rc_t ptn_ft_props(ptn_ft_t *ft, ptn_transfer_t *t, const ptn_folder_t *f,
    ptn_id_t to);
ptn_rc_t ptn_ft_rules(ptn_ft_t *ft, ptn_transfer_t *t, ptn_id_t from,
    ptn_id_t to);
ptn_rc_t ptn_ft_search(ptn_ft_t *ft, ptn_transfer_t *t,
    const ptn_ft_pair_t *p);


#endif /* PTN_FOLDER_TRANSFER_H */
