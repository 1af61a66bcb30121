/*
 * Property tags and types (MS-OXCDATA 2.11, MS-OXPROPS): id in the upper 16
 * bits, type in the lower.  PTN_PR_SUBJECT and so on come from the rows of
 * ptn_prop_list.h.
 */

#ifndef PTN_PROP_H
#define PTN_PROP_H


#include "ptn_base.h"
#include "ptn_prop_list.h"


/* name, type code, bytes of a value (0: its length varies) */
#define PTN_PROP_TYPES(T)                                                     \
    T(I2,       0x0002, 2)                                                    \
    T(LONG,     0x0003, 4)                                                    \
    T(R4,       0x0004, 4)                                                    \
    T(DOUBLE,   0x0005, 8)                                                    \
    T(CURRENCY, 0x0006, 8)                                                    \
    T(APPTIME,  0x0007, 8)                                                    \
    T(ERROR,    0x000a, 4)                                                    \
    T(BOOLEAN,  0x000b, 1)                                                    \
    T(OBJECT,   0x000d, 0)                                                    \
    T(I8,       0x0014, 8)                                                    \
    T(STRING8,  0x001e, 0)                                                    \
    T(UNICODE,  0x001f, 0)      /* UTF-8 within postern, no NUL */            \
    T(SYSTIME,  0x0040, 8)      /* FILETIME */                                \
    T(CLSID,    0x0048, 16)                                                   \
    T(SVREID,   0x00fb, 0)                                                    \
    T(RESTRICT, 0x00fd, 0)                                                    \
    T(ACTIONS,  0x00fe, 0)                                                    \
    T(BINARY,   0x0102, 0)

typedef enum {
#define PTN_PROP_TYPE_ENUM(name, code, size)  PTN_PT_##name = code,
    PTN_PROP_TYPES(PTN_PROP_TYPE_ENUM)
#undef PTN_PROP_TYPE_ENUM
#define PTN_PROP_TYPE_MV(name, code, size)    PTN_PT_MV_##name = 0x1000 | code,
    PTN_PROP_TYPES(PTN_PROP_TYPE_MV)
#undef PTN_PROP_TYPE_MV
    PTN_PT_MV = 0x1000          /* the bit that makes a type multiple */
} ptn_prop_type_e;


typedef enum {
#define PTN_PROP_ENUM(name, id, type)                                         \
    PTN_PR_##name = ((unsigned) (id) << 16) | PTN_PT_##type,
    PTN_PROPS(PTN_PROP_ENUM)
#undef PTN_PROP_ENUM
    PTN_PR_NULL = 1
} ptn_prop_e;

#define ptn_prop_id(tag)    ((uint16_t) ((tag) >> 16))
#define ptn_prop_type(tag)  ((uint16_t) (tag))


/* Bytes of a value of the tag's type; 0: they vary. */
size_t ptn_prop_size(uint32_t tag);

/* "SUBJECT", or NULL; "UNICODE", or NULL: for logs and dumps. */
const char *ptn_prop_name(uint32_t tag);
const char *ptn_prop_type_name(uint32_t tag);
/* Row i, from 0.  False: there are no more. */
bool ptn_prop_nth(size_t i, uint32_t *ret_tag, const char **ret_name);

static inline uint32_t
ptn_le32(const u_char *p)
{
    return p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16
           | (uint32_t) p[3] << 24;
}

static inline void
ptn_put_le32(u_char *p, uint32_t n)
{
    p[0] = (u_char) n;
    p[1] = (u_char) (n >> 8);
    p[2] = (u_char) (n >> 16);
    p[3] = (u_char) (n >> 24);
}

/* The number in a value of a fixed type of up to 8 bytes, sign extended for
 * LONG and I2.  False: it is none. */
bool ptn_prop_int(uint32_t tag, ptn_str_t value, int64_t *ret_n);


/* 100 ns since 1601-01-01 from seconds since 1970, and back. */
#define PTN_FILETIME_1970   116444736000000000LL

static inline int64_t
ptn_filetime(int64_t sec)
{
    return sec * 10000000 + PTN_FILETIME_1970;
}


#endif /* PTN_PROP_H */
