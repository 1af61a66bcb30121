/*
 * A property bag: the small properties of an object as one packed string.
 *
 * Format, version 1, little-endian:
 *
 *   u8   version
 *   u8   0
 *   u16  count
 *   count times  u32 tag, u32 end of its value (from the start of values)
 *   values, in the order of the tags, without gaps
 *
 * Tags ascend strictly, so that a lookup is a binary search.  Values stand as
 * MS-OXCDATA 2.11.1 has them, but strings are UTF-8 without NUL and a binary
 * or string has no length in front: it fills its place.  A multiple value is
 * opaque here.
 *
 * ptn_bag_open() checks all of it once; afterwards nothing can be read out of
 * bounds.  Reading copies nothing.
 */

#ifndef PTN_BAG_H
#define PTN_BAG_H


#include "ptn_base.h"
#include "ptn_prop.h"


#define PTN_BAG_VERSION     1
#define PTN_BAG_COUNT_MAX   4096
#define PTN_BAG_VALUE_MAX   (8 * 1024)      /* larger values are blobs */

typedef struct {
    const u_char  *index;
    const u_char  *values;
    size_t         len;             /* of values */
    uint32_t       count;
} ptn_bag_t;


/* The bag points into `packed`.  An empty string is an empty bag.  ECORRUPT;
 * EVERSION: written by a later version. */
ptn_rc_t ptn_bag_open(ptn_str_t packed, ptn_bag_t *ret_bag);

/* Property `i`, below bag->count, in order of tags. */
void ptn_bag_item(const ptn_bag_t *bag, uint32_t i, uint32_t *ret_tag,
    ptn_str_t *ret_value);

/* False: it is not in the bag (then *ret is untouched). */
bool ptn_bag_get(const ptn_bag_t *bag, uint32_t tag, ptn_str_t *ret_value);

/* Fixed types of up to 8 bytes, sign extended for LONG and I2. */
bool ptn_bag_int(const ptn_bag_t *bag, uint32_t tag, int64_t *ret_n);


typedef struct {
    uint32_t   tag;
    ptn_str_t  value;
} ptn_bag_prop_t;

/* Makes a bag.  A failed call sets `rc`: check once, at ptn_bag_pack(). */
typedef struct {
    ptn_pool_t      *pool;
    ptn_bag_prop_t  *props;         /* sorted */
    uint32_t         count;
    uint32_t         size;
    ptn_rc_t         rc;
} ptn_bag_builder_t;

void ptn_bag_init(ptn_bag_builder_t *b, ptn_pool_t *pool);

/* Takes over all of `bag`, borrowed. */
void ptn_bag_load(ptn_bag_builder_t *b, const ptn_bag_t *bag);

/* Adds or replaces; the value is borrowed until packed.  EINVAL: not the size
 * of its type; ETOOBIG: above PTN_BAG_VALUE_MAX; ELIMIT: too many. */
void ptn_bag_set(ptn_bag_builder_t *b, uint32_t tag, ptn_str_t value);
void ptn_bag_set_int(ptn_bag_builder_t *b, uint32_t tag, int64_t n);
void ptn_bag_unset(ptn_bag_builder_t *b, uint32_t tag);

ptn_rc_t ptn_bag_pack(ptn_bag_builder_t *b, ptn_str_t *ret_packed);


#endif /* PTN_BAG_H */
