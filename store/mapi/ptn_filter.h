/*
 * A restriction (MS-OXCDATA 2.12) made ready to be asked of many rows: the
 * properties it wants are listed once, what it looks for is folded once, and
 * a row costs no memory (but text beyond ASCII that is longer than a page).
 *
 *   and, or, not   2.12.1 to 2.12.3; of nothing: true, false
 *   content        2.12.4: FULLSTRING, SUBSTRING, PREFIX of strings and
 *                  binaries; IGNORECASE (full case folding), IGNORENONSPACE
 *                  (canonical decomposition without nonspacing marks), LOOSE
 *                  (both); without them byte by byte
 *   property       2.12.5: LT, LE, GT, GE, EQ, NE; MemberOfDL where the caller
 *                  can tell.  Strings without case: EQ and NE by folding, the
 *                  others by the order that tables sort in, where there is one
 *   compare        2.12.6: two properties of one type
 *   bitmask        2.12.7: 32-bit numbers
 *   size           2.12.8: bytes of the value as MAPI has it
 *   exist          2.12.9
 *   subobject      2.12.10: some recipient, some attachment
 *   comment        2.12.11: what it holds, its values are not looked at
 *   count          2.12.12: outermost only; how many rows there are at most
 *
 * A property that a row has not makes every relation false, "not equal" too.
 * Of a multiple value one that matches will do, unless it is compared with a
 * multiple value: then all of it counts.
 */

#ifndef PTN_FILTER_H
#define PTN_FILTER_H


#include "ptn_restrict.h"


typedef struct ptn_filter_s  ptn_filter_t;

#define PTN_FILTER_MEMBERS  0x01    /* the caller has `member` */
#define PTN_FILTER_FLAT     0x02    /* rows have no subobjects */

/*
 * What is asked: values of the filter's tags (data NULL: none).  `sub` gives
 * the values of row `i` of MESSAGE_RECIPIENTS or MESSAGE_ATTACHMENTS, and is
 * called only where it decides; ENOTFOUND: there are no more rows.
 */
typedef struct {
    const ptn_str_t  *values;
    ptn_rc_t        (*sub)(void *ctx, uint32_t which, uint32_t i,
                        const uint32_t *tags, size_t n, ptn_str_t *values);
    bool            (*member)(void *ctx, ptn_str_t entryid, ptn_str_t dl);
    int             (*collate)(void *ctx, ptn_str_t a, ptn_str_t b);
    void             *ctx;
} ptn_filter_row_t;

/*
 * `r` is not needed afterwards; the filter lives in `pool`.  ESUPPORT: RE,
 * MemberOfDL without `member`, a count that is not outermost, subobjects of
 * other kinds or nested, properties compared with another type; EINVAL: no
 * such operator; ELIMIT: more than PTN_RESTRICT_TAGS_MAX properties.
 */
ptn_rc_t ptn_filter_make(ptn_pool_t *pool, const ptn_restrict_t *r,
    unsigned flags, ptn_filter_t **ret_filter);

const uint32_t *ptn_filter_tags(const ptn_filter_t *f, size_t *ret_n);
/* Matches that are wanted at most; UINT32_MAX: all. */
uint32_t ptn_filter_limit(const ptn_filter_t *f);

/* ENOMEM; what `sub` failed with. */
ptn_rc_t ptn_filter_match(const ptn_filter_t *f, const ptn_filter_row_t *row,
    bool *ret_match);


#endif /* PTN_FILTER_H */
