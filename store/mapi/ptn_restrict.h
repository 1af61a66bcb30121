/*
 * Restrictions (MS-OXCDATA 2.12): what rows of a table a client wants to see.
 * Read from the wire into a tree; ptn_filter.h asks it of rows.
 */

#ifndef PTN_RESTRICT_H
#define PTN_RESTRICT_H


#include "ptn_wire_prop.h"


#define PTN_RESTRICT_DEPTH_MAX  64
#define PTN_RESTRICT_TAGS_MAX   64

typedef enum {
    PTN_RES_AND = 0x00, PTN_RES_OR = 0x01, PTN_RES_NOT = 0x02,
    PTN_RES_CONTENT = 0x03, PTN_RES_PROPERTY = 0x04, PTN_RES_COMPARE = 0x05,
    PTN_RES_BITMASK = 0x06, PTN_RES_SIZE = 0x07, PTN_RES_EXIST = 0x08,
    PTN_RES_SUBOBJECT = 0x09, PTN_RES_COMMENT = 0x0a, PTN_RES_COUNT = 0x0b
} ptn_restrict_e;

typedef enum {
    PTN_RELOP_LT, PTN_RELOP_LE, PTN_RELOP_GT, PTN_RELOP_GE, PTN_RELOP_EQ,
    PTN_RELOP_NE, PTN_RELOP_RE,
    PTN_RELOP_MEMBER = 0x64
} ptn_relop_e;                      /* 2.12.5.1 */

#define PTN_FUZZY_FULL        0x0000        /* 2.12.4.1, low */
#define PTN_FUZZY_SUBSTRING   0x0001
#define PTN_FUZZY_PREFIX      0x0002
#define PTN_FUZZY_IGNORECASE  0x0001        /* high */
#define PTN_FUZZY_NONSPACE    0x0002
#define PTN_FUZZY_LOOSE       0x0004

typedef struct ptn_restrict_s  ptn_restrict_t;

struct ptn_restrict_s {
    uint8_t          type;          /* ptn_restrict_e */
    uint8_t          op;            /* relop; of BITMASK: 0 zero, 1 not zero */
    uint16_t         fuzzy_low, fuzzy_high;
    uint32_t         tag, tag2;     /* inner types */
    uint32_t         n;             /* mask, size, count, subobject */
    ptn_str_t        value;         /* ptn_object.h's encoding; of COMMENT
                                       the values as on the wire, `n` of them */
    ptn_restrict_t  *sub;           /* the first */
    ptn_restrict_t  *next;          /* its next sibling */
};

/*
 * Reads all of `data`.  ETRUNC, EPARSE (something behind it, an unknown type),
 * ELIMIT: nested deeper than PTN_RESTRICT_DEPTH_MAX.
 */
ptn_rc_t ptn_restrict_get(const ptn_wire_text_t *text, ptn_str_t data,
    ptn_restrict_t **ret_restrict);

/*
 * The other way: appended as it is on the wire, strings in Unicode or (not
 * `unicode`) in text's code page.  EINVAL: a value that is not the size of its
 * type, more subs than two bytes can count.
 */
ptn_rc_t ptn_restrict_put(ptn_buf_t *out, const ptn_wire_text_t *text,
    bool unicode, const ptn_restrict_t *r);

/* Appends a string that is the same for the same restriction. */
void ptn_restrict_text(ptn_buf_t *b, const ptn_restrict_t *r);

/*
 * Gives ids of named properties (0x8000 and above) others, in place: all of
 * `data`, as ptn_restrict_get() reads it.  What map() answers ends it.
 */
typedef ptn_rc_t (*ptn_restrict_map_pt)(void *ctx, uint16_t *id);
ptn_rc_t ptn_restrict_map(u_char *data, size_t len, ptn_restrict_map_pt map,
    void *ctx);

/* Moves behind one, in a ROP buffer. */
ptn_rc_t ptn_restrict_skip(ptn_wire_in_t *in);


#endif /* PTN_RESTRICT_H */
