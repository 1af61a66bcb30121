/*
 * store/mailbox, inside: categories (PidNameKeywords) and IMAP keywords.
 *
 * A keyword is a category unless it is one of a mail program's own ($Junk,
 * NonJunk ...).  What a client sets is kept in the bag as it was given, and a
 * bit for each name: that of the keyword of that name, or of an atom that
 * stands for it (keyword.category).  PTN_ITEM_CATEGORIES tells which bits
 * stand for names of the list.  Shown is
 *
 *   of the list      what has no bit (there were 64), or whose bit is set
 *   of the bits      other categories that are set: by IMAP
 *
 * so that IMAP changes bits alone.
 */

#ifndef PTN_CATEGORY_H
#define PTN_CATEGORY_H


#include "ptn_item.h"


/* In the bag, never shown: u64. */
#define PTN_ITEM_CATEGORIES  0x67ee0014


/* The tag of PidNameKeywords here; 0: it has none yet. */
uint32_t ptn_category_tag(ptn_mbox_t *mb);
/* Is this tag it? */
bool ptn_category_is(ptn_mbox_t *mb, uint32_t tag);
/* The categories of an item; data NULL: none. */
ptn_str_t ptn_category_value(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_item_t *item, uint32_t tag);

/*
 * Of what is about to be saved: bits of its categories are made and set, and
 * PTN_ITEM_CATEGORIES is added.  all: it is the whole message, of which a
 * missing list means none; `was` (or NULL) is what the message had.
 */
ptn_rc_t ptn_category_save(ptn_txn_t *tx, ptn_pool_t *pool,
    ptn_props_t *extra, const ptn_item_t *was, bool all,
    uint64_t *keywords);

/* Its name among categories; data NULL: it is none. */
ptn_str_t ptn_category_of(ptn_pool_t *pool, ptn_str_t name,
    ptn_str_t category);
/* The bit of a category, made where there is none.  ELIMIT. */
ptn_rc_t ptn_category_bit(ptn_txn_t *tx, ptn_str_t category,
    unsigned *ret_bit);
/* The bit of another mailbox's, here. */
ptn_rc_t ptn_category_map(ptn_txn_t *tx, ptn_mbox_t *from, unsigned bit,
    unsigned *ret_bit);

/* ptn_keyword.c */
ptn_rc_t ptn_keyword_make(ptn_txn_t *tx, ptn_str_t name, ptn_str_t category,
    unsigned *ret_bit);


#endif /* PTN_CATEGORY_H */
