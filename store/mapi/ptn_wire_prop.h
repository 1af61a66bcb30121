/*
 * Property values on the wire of ROPs (MS-OXCDATA 2.8, 2.11, 2.6), what they
 * are within postern (ptn_object.h), and the one place where one becomes the
 * other: UTF-16LE, or the bytes of a code page, from and to UTF-8.
 *
 * Widths of counts are those of ROP buffers (2.11.1.1): 16 bits in front of a
 * binary, 32 bits in front of a multiple value.
 *
 * Within postern a string has type UNICODE whatever it was on the wire, so
 * that STRING8 is a matter of asking.  Everything here is linear in its input
 * and believes no length of it.
 */

#ifndef PTN_WIRE_PROP_H
#define PTN_WIRE_PROP_H


#include "ptn_object.h"
#include "ptn_wire.h"


/* --- structures ---------------------------------------------------------- */

/* The value as it stands on the wire, behind a `tag` or a `type`. */
extern const ptn_wire_hook_t  ptn_wire_tagged_hook, ptn_wire_typed_hook;

/* 2.11.4 TaggedPropertyValue */
#define PTN_WIRE_TAGGED(F, T)                                                 \
    F(T, u32,  tag)                                                           \
    F(T, hook(ptn_str_t, ptn_wire_tagged_hook),  value)
PTN_WIRE(ptn_wire_tagged, PTN_WIRE_TAGGED)

/* 2.11.3 TypedPropertyValue */
#define PTN_WIRE_TYPED(F, T)                                                  \
    F(T, u16,  type)                                                          \
    F(T, hook(ptn_str_t, ptn_wire_typed_hook),  value)
PTN_WIRE(ptn_wire_typed, PTN_WIRE_TYPED)

/* 2.11.7 TypedString */
#define PTN_WIRE_STRING_NONE     0x00
#define PTN_WIRE_STRING_EMPTY    0x01
#define PTN_WIRE_STRING_8        0x02
#define PTN_WIRE_STRING_REDUCED  0x03   /* UTF-16 without its zero high bytes */
#define PTN_WIRE_STRING_UNICODE  0x04

#define PTN_WIRE_TYPED_STRING(F, T)                                           \
    F(T, u8,  type)                                                           \
    F(T, is(T, type, PTN_WIRE_STRING_8, str8z),        string8)               \
    F(T, is(T, type, PTN_WIRE_STRING_REDUCED, str8z),  reduced)               \
    F(T, is(T, type, PTN_WIRE_STRING_UNICODE, str16z), unicode)
PTN_WIRE(ptn_wire_typed_string, PTN_WIRE_TYPED_STRING)

/*
 * Rows behind what says how many: written as the bytes they are; read as
 * nothing, because what they are (the columns) is said elsewhere.
 */
extern const ptn_wire_hook_t  ptn_wire_rows_hook;

/* 2.6.1 PropertyName; the name is UTF-16LE with its zero */
#define PTN_WIRE_NAME_LID     0x00
#define PTN_WIRE_NAME_STRING  0x01
#define PTN_WIRE_NAME_NONE    0xff

#define PTN_WIRE_NAME_BYTES(F, T)                                             \
    F(T, u8,  size)                                                           \
    F(T, vec(T, u8, size),  name)
PTN_WIRE(ptn_wire_name_bytes, PTN_WIRE_NAME_BYTES)

#define PTN_WIRE_PROPERTY_NAME(F, T)                                          \
    F(T, u8,    kind)                                                         \
    F(T, guid,  set)                                                          \
    F(T, is(T, kind, PTN_WIRE_NAME_LID, u32),  lid)                           \
    F(T, is(T, kind, PTN_WIRE_NAME_STRING, sub(ptn_wire_name_bytes)),  name)
PTN_WIRE(ptn_wire_property_name, PTN_WIRE_PROPERTY_NAME)

/* 2.7 PropertyProblem */
#define PTN_WIRE_PROPERTY_PROBLEM(F, T)                                       \
    F(T, u16,  index)                                                         \
    F(T, u32,  tag)                                                           \
    F(T, u32,  error)
PTN_WIRE(ptn_wire_property_problem, PTN_WIRE_PROPERTY_PROBLEM)

/*
 * A PropertyRow (2.8.1) behind the columns it has, and a RecipientRow (2.8.3)
 * behind its: on the wire the columns stand elsewhere, this is how tests and
 * dumps see them.
 */
extern const ptn_wire_hook_t  ptn_wire_row_hook, ptn_wire_recip_hook;

#define PTN_WIRE_PROPERTY_ROW(F, T)                                           \
    F(T, u16,  count)                                                         \
    F(T, vec(T, u32, count),  columns)                                        \
    F(T, hook(ptn_str_t, ptn_wire_row_hook),  row)
PTN_WIRE(ptn_wire_property_row, PTN_WIRE_PROPERTY_ROW)

#define PTN_WIRE_RECIPIENT_ROW(F, T)                                          \
    F(T, u16,  count)                                                         \
    F(T, vec(T, u32, count),  columns)                                        \
    F(T, hook(ptn_str_t, ptn_wire_recip_hook),  row)
PTN_WIRE(ptn_wire_recipient_row, PTN_WIRE_RECIPIENT_ROW)


/* --- strings ------------------------------------------------------------- */

/* How strings are to be read and written. */
typedef struct {
    ptn_pool_t  *pool;          /* of what is read; scratch when writing */
    uint32_t     code_page;     /* of PtypString8: the session's; 0: 1252 */
    ptn_str_t    dn_prefix;     /* DNPrefix of the session, for RecipientRow's
                                   AddressPrefixUsed */
} ptn_wire_text_t;

/* Bytes of the code page (unknown ones: 1252) to UTF-8 and back.  What it does
 * not have becomes '?'; a NUL ends it. */
ptn_rc_t ptn_wire_string8_get(const ptn_wire_text_t *text, ptn_str_t bytes,
    ptn_str_t *ret_s);
void ptn_wire_string8_put(ptn_buf_t *out, const ptn_wire_text_t *text,
    ptn_str_t s);


/* --- values -------------------------------------------------------------- */

/* Types that may stand in a tag that a client sends (2.11.1); with the
 * multiple ones, without UNSPECIFIED, ERROR, NULL. */
bool ptn_wire_type_known(uint16_t type);

/* The type within postern: STRING8 is UNICODE, also multiple. */
uint16_t ptn_wire_type_inner(uint16_t type);
#define ptn_wire_tag_inner(tag)                                               \
    (((tag) & 0xffff0000) | ptn_wire_type_inner(ptn_prop_type(tag)))

/* Moves behind a value.  ETRUNC; EPARSE: no such type. */
ptn_rc_t ptn_wire_value_skip(ptn_wire_in_t *in, uint16_t type);

/*
 * Reads a value of `type` into the encoding of ptn_object.h, of the inner
 * type.  Binaries and fixed types point into the input.
 */
ptn_rc_t ptn_wire_value_get(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    uint16_t type, ptn_str_t *ret_value);

/* A whole TaggedPropertyValue; *ret_tag has the inner type. */
ptn_rc_t ptn_wire_tagged_get(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    uint32_t *ret_tag, ptn_str_t *ret_value);

/*
 * Appends a value that has the inner type of `type`.  EINVAL: it is not the
 * size of its type; ETOOBIG: a binary of 64 KiB and more.
 */
ptn_rc_t ptn_wire_value_put(ptn_buf_t *out, const ptn_wire_text_t *text,
    uint16_t type, ptn_str_t value);


/* --- rows ---------------------------------------------------------------- */

/*
 * Appends a PropertyRow: a StandardPropertyRow when all is there, else a
 * FlaggedPropertyRow in which a value with data NULL is the error `errors[i]`
 * (or ecNotFound, when `errors` is NULL).  `types[i]` is the type of a value
 * whose column is UNSPECIFIED; may be NULL when there is no such column.
 */
ptn_rc_t ptn_wire_row_put(ptn_buf_t *out, const ptn_wire_text_t *text,
    const uint32_t *columns, const uint16_t *types, const ptn_str_t *values,
    const uint32_t *errors, size_t n);

/* The other way; data NULL: it was an error or absent.  A column's inner type
 * goes to ret_tags. */
ptn_rc_t ptn_wire_row_get(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    const uint32_t *columns, size_t n, uint32_t *ret_tags,
    ptn_str_t *ret_values);

/*
 * RecipientRow (2.8.3.2), all of `row`, to a recipient's properties and back.
 * `columns`: RecipientColumns of the ROP.  get: EPARSE, ETRUNC.
 */
ptn_rc_t ptn_wire_recip_get(const ptn_wire_text_t *text, ptn_str_t row,
    const uint32_t *columns, size_t n, ptn_props_t *props);
/* One from the front of *in. */
ptn_rc_t ptn_wire_recip_read(ptn_wire_in_t *in, const ptn_wire_text_t *text,
    const uint32_t *columns, size_t n, ptn_props_t *props);
ptn_rc_t ptn_wire_recip_put(ptn_buf_t *out, const ptn_wire_text_t *text,
    const uint32_t *columns, size_t n, const ptn_props_t *props);

#define PTN_WIRE_NOT_FOUND  0x8004010f      /* ecNotFound */
#define PTN_WIRE_NO_MEMORY  0x8007000e      /* ecNotEnoughMemory: too large */


#endif /* PTN_WIRE_PROP_H */
