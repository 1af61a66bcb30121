/*
 * Sets of ids and of change numbers (MS-OXCFXICS 2.2.2.4): GLOBCNTs, from 1 to
 * PTN_ID_MAX, as ranges for each replica.
 *
 * In memory the ranges of a replica ascend, are disjoint and do not touch;
 * what is added out of order waits in a second list, which the next question
 * merges, so that any order of additions costs n log n.  Memory is the set's
 * own: it may live in a session.  All zero is an empty set.
 *
 * A replica is named by its REPLGUID; `replid` is beside it for the form that
 * has REPLIDs.  A set that was read from that form has ptn_idset_surrogate()
 * for a REPLGUID until its owner gives it the real one.
 *
 * Any call that may allocate returns ENOMEM and leaves a set that can be
 * asked, or ELIMIT.
 */

#ifndef PTN_IDSET_H
#define PTN_IDSET_H


#include "ptn_id.h"


#define PTN_IDSET_REPLICAS_MAX  1024
#define PTN_IDSET_RANGES_MAX    2000000     /* of all replicas */

typedef struct {
    uint64_t  lo, hi;
} ptn_idrange_t;

typedef struct {
    ptn_guid_t      guid;
    uint16_t        replid;         /* 0: not known */
    ptn_idrange_t  *r;
    size_t          n, size;
    ptn_idrange_t  *late;           /* not merged yet */
    size_t          nlate, late_size;
} ptn_idset_part_t;

typedef struct {
    ptn_idset_part_t  *parts;       /* guids ascending */
    uint32_t           nparts, size;
} ptn_idset_t;

typedef enum {
    PTN_IDSET_REPLGUID,             /* 2.2.2.4.2: what is kept */
    PTN_IDSET_REPLID                /* 2.2.2.4.1: what is told */
} ptn_idset_form_e;


void ptn_idset_done(ptn_idset_t *set);
/* `from` becomes empty. */
void ptn_idset_move(ptn_idset_t *to, ptn_idset_t *from);
ptn_rc_t ptn_idset_copy(ptn_idset_t *to, const ptn_idset_t *from);

/* EINVAL: 0, above PTN_ID_MAX, or lo above hi. */
ptn_rc_t ptn_idset_add(ptn_idset_t *set, ptn_guid_t guid, uint64_t id);
ptn_rc_t ptn_idset_add_range(ptn_idset_t *set, ptn_guid_t guid, uint64_t lo,
    uint64_t hi);
ptn_rc_t ptn_idset_remove(ptn_idset_t *set, ptn_guid_t guid, uint64_t id);
ptn_rc_t ptn_idset_remove_range(ptn_idset_t *set, ptn_guid_t guid,
    uint64_t lo, uint64_t hi);

/* to := to and from, to without from, what is in both. */
ptn_rc_t ptn_idset_union(ptn_idset_t *to, const ptn_idset_t *from);
ptn_rc_t ptn_idset_minus(ptn_idset_t *to, const ptn_idset_t *from);
ptn_rc_t ptn_idset_intersect(ptn_idset_t *to, const ptn_idset_t *from);

/*
 * Questions.  They need what was added to be merged, which they cannot do
 * (and could not fail): ptn_idset_ready() first, after the last addition.
 */
ptn_rc_t ptn_idset_ready(ptn_idset_t *set);
bool ptn_idset_has(const ptn_idset_t *set, ptn_guid_t guid, uint64_t id);
/* The end of the run that begins at `lo` or before; lo - 1: lo is not in. */
uint64_t ptn_idset_run(const ptn_idset_t *set, ptn_guid_t guid, uint64_t lo);
/* Is anything of lo to hi in it? */
bool ptn_idset_touches(const ptn_idset_t *set, ptn_guid_t guid, uint64_t lo,
    uint64_t hi);
uint64_t ptn_idset_count(const ptn_idset_t *set);       /* of ids */
size_t ptn_idset_ranges(const ptn_idset_t *set);
bool ptn_idset_equal(const ptn_idset_t *a, const ptn_idset_t *b);
/* A replica's ranges, or NULL: iterate parts[].r[]. */
const ptn_idset_part_t *ptn_idset_part(const ptn_idset_t *set,
    ptn_guid_t guid);
/* In a part: has, without looking for the part. */
bool ptn_idset_part_has(const ptn_idset_part_t *part, uint64_t id);

/*
 * The wire (3.1.5.4).  encode: as short as the commands allow but for rare
 * sets; empty parts are left out; REPLID form: EINVAL when one is not known.
 * *ret in `pool`.  decode: `set` must be empty, and is when it fails: EPARSE
 * (a command that is none, Push beyond six bytes, Pop of nothing, Bitmask not
 * at five bytes or beyond 0xff, LowValue above HighValue, End with bytes left
 * on the stack, a replica twice), ETRUNC, ELIMIT.  Ranges may come in any
 * order.
 */
ptn_rc_t ptn_idset_encode(const ptn_idset_t *set, ptn_pool_t *pool,
    ptn_idset_form_e form, ptn_str_t *ret);
ptn_rc_t ptn_idset_decode(ptn_idset_t *set, ptn_idset_form_e form,
    ptn_str_t data);

ptn_guid_t ptn_idset_surrogate(uint16_t replid);


#endif /* PTN_IDSET_H */
