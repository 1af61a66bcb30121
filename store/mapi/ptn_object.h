/*
 * A message as MAPI sees it (MS-OXCMSG 1.3): properties, recipients,
 * attachments, as a tree in memory.  store/content makes one from a MIME
 * message and a MIME message from one, store/mailbox keeps it, the protocols
 * show and edit it.
 *
 * Property values are in the encoding of ptn_bag.h (fixed sizes in little
 * endian, strings in UTF-8 without NUL, binaries as they are), of any length.
 * A multiple value is a u32 count, then the values: of a fixed type one
 * behind the other, of a type of varying length each behind its u32 length.
 *
 * Named properties have ids from PTN_NAMED_FIRST on, which mean something in
 * one mailbox (ptn_store_item.h) or in one TNEF stream (ptn_tnef.h) only.
 */

#ifndef PTN_OBJECT_H
#define PTN_OBJECT_H


#include "ptn_bag.h"


/* Tags ascending, no tag twice; one type per property id. */
typedef struct {
    ptn_bag_prop_t  *p;
    uint32_t         n;
    uint32_t         size;      /* allocated */
} ptn_props_t;


/* The name behind an id (MS-OXCPRPT 1.3, MS-OXCDATA 2.6.1 PropertyName). */
#define PTN_NAMED_FIRST  0x8000
#define PTN_NAMED_LAST   0xfffe

typedef struct {
    ptn_guid_t  set;
    bool        by_name;        /* else by lid */
    uint32_t    lid;
    ptn_str_t   name;           /* UTF-8 */
} ptn_named_t;


typedef struct ptn_object_s  ptn_object_t;

typedef enum {
    PTN_RECIP_ORIG = 0, PTN_RECIP_TO = 1, PTN_RECIP_CC = 2, PTN_RECIP_BCC = 3
} ptn_recip_e;                  /* MS-OXOMSG 2.2.3.1.2 PidTagRecipientType */

typedef struct {
    uint32_t     row;           /* PidTagRowid */
    uint32_t     type;          /* ptn_recip_e */
    ptn_props_t  props;         /* DISPLAY_NAME, ADDRTYPE, EMAIL_ADDRESS,
                                   SMTP_ADDRESS, ... */
} ptn_recip_t;

#define PTN_PART_NONE  UINT32_MAX

typedef struct {
    uint32_t       num;         /* PidTagAttachNumber, stable in the message */
    uint32_t       part;        /* MIME part it is a view of, in the order of
                                   the tree (root 0); PTN_PART_NONE: none */
    ptn_props_t    props;       /* without PidTagAttachDataBinary/Object */
    uint64_t       size;        /* of the data, exact */
    bool           has_data;    /* `data` was loaded, or was given */
    ptn_str_t      data;        /* PidTagAttachDataBinary */
    ptn_object_t  *embedded;    /* afEmbeddedMessage; loaded like data */
} ptn_attach_t;

struct ptn_object_s {
    ptn_props_t    props;
    ptn_recip_t   *recips;
    uint32_t       nrecips;
    ptn_attach_t  *attachs;
    uint32_t       nattachs;
};


/* PTN_PT_ERROR's value in place of one that is missing: tag with that type. */
#define ptn_prop_error(tag)  (((tag) & 0xffff0000) | PTN_PT_ERROR)


/* NULL data: it is not there (an empty value has data). */
ptn_str_t ptn_props_get(const ptn_props_t *props, uint32_t tag);
/* The same by property id, whatever its type; *ret_tag may be NULL. */
ptn_str_t ptn_props_find(const ptn_props_t *props, uint16_t id,
    uint32_t *ret_tag);
bool ptn_props_int(const ptn_props_t *props, uint32_t tag, int64_t *ret_n);

/*
 * Adds or replaces (also what has the same id and another type).  The value is
 * borrowed; `_dup` copies it into `pool`, where the list grows too.  EINVAL: a
 * fixed type of another size; ELIMIT: PTN_BAG_COUNT_MAX.
 */
ptn_rc_t ptn_props_set(ptn_props_t *props, ptn_pool_t *pool, uint32_t tag,
    ptn_str_t value);
ptn_rc_t ptn_props_set_dup(ptn_props_t *props, ptn_pool_t *pool, uint32_t tag,
    ptn_str_t value);
ptn_rc_t ptn_props_set_int(ptn_props_t *props, ptn_pool_t *pool,
    uint32_t tag, int64_t n);
void ptn_props_unset(ptn_props_t *props, uint16_t id);

/* Takes over all of `from` that `to` does not have.  Borrows values. */
ptn_rc_t ptn_props_merge(ptn_props_t *to, ptn_pool_t *pool,
    const ptn_props_t *from);

/*
 * The values of a multiple value one by one:
 *
 *     n = ptn_mv_count(value);
 *     for (rest = ptn_mv_rest(value); ptn_mv_next(tag, &rest, &v); )
 *
 * Safe on any bytes; `check` says that the count is right and nothing is left.
 * make: EINVAL, a value of another size than its type.
 */
uint32_t ptn_mv_count(ptn_str_t value);
bool ptn_mv_next(uint32_t tag, ptn_str_t *rest, ptn_str_t *ret_value);
bool ptn_mv_check(uint32_t tag, ptn_str_t value);
ptn_rc_t ptn_mv_make(ptn_pool_t *pool, uint32_t tag, const ptn_str_t *values,
    uint32_t n, ptn_str_t *ret_value);

static inline ptn_str_t
ptn_mv_rest(ptn_str_t value)
{
    return value.len < 4 ? ptn_str_make(value.data, 0)
                         : ptn_str_make(value.data + 4, value.len - 4);
}

/*
 * The tree as one string, for store/mailbox, and back; the strings of what is
 * read point into `packed`.  Data of attachments is not in it, embedded objects
 * are.  pack: ETOOBIG, nested deeper than PTN_OBJECT_NESTING_MAX.  unpack:
 * ECORRUPT, EVERSION; hostile input is safe, the form of multiple values is
 * not checked.
 */
#define PTN_OBJECT_NESTING_MAX  50

ptn_rc_t ptn_object_pack(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_str_t *ret_packed);
ptn_rc_t ptn_object_unpack(ptn_pool_t *pool, ptn_str_t packed,
    ptn_object_t **ret_object);


#endif /* PTN_OBJECT_H */
