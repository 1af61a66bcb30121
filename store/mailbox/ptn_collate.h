/*
 * store/mailbox, inside: the order of text, by the ICU collation of the
 * mailbox's locale.
 *
 * A key is a byte string that compares as the text should; it ends in a zero
 * byte and has no other.  It begins with the primary weights of its characters
 * (which letters), then a byte 1; what follows tells accents and case apart.
 * Most texts differ in the former, which are known of each character once it
 * was seen: no look at ICU is needed, save where neighbours or what is added to
 * a character change its weight (contractions, combining marks, expansions).
 *
 * Of a text its first PTN_COLLATE_MAX bytes count.
 */

#ifndef PTN_COLLATE_H
#define PTN_COLLATE_H


#include "ptn_mailbox.h"


#define PTN_COLLATE_MAX  255

/* Cut to what counts, between characters. */
ptn_str_t ptn_collate_cut(ptn_str_t s);
/* Adds the key; b->failed: there is no collation, or no memory. */
void ptn_collate_key(ptn_mbox_t *mb, ptn_buf_t *b, ptn_str_t s);
/*
 * The key's first bytes at `p`, up to the byte 1 behind the primary weights, or
 * `max` of them.  *ret_n: how many.  ENOMEM.
 */
ptn_rc_t ptn_collate_primary(ptn_mbox_t *mb, ptn_str_t s, u_char *p,
    size_t max, size_t *ret_n);
/* The same, of the mailbox's collation, without ICU.  False: it must be asked.
 * `s` is cut. */
bool ptn_collate_weigh(ptn_collate_t *c, ptn_str_t s, u_char *p, size_t max,
    size_t *ret_n);
/* Until another locale is asked for; NULL: there is none. */
ptn_collate_t *ptn_collate_of(ptn_mbox_t *mb);
/* Without case. */
int ptn_collate_compare(ptn_mbox_t *mb, ptn_str_t a, ptn_str_t b);


#endif /* PTN_COLLATE_H */
