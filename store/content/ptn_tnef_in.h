/*
 * What the files of TNEF share (ptn_tnef.h is the contract):
 *
 *   ptn_tnef_attr.c    the rows: which attribute is which property, and how
 *   ptn_tnef_value.c   strings, dates, classes, addresses, both ways
 *   ptn_tnef_list.c    encapsulated properties in
 *   ptn_tnef_read.c    attributes in
 *   ptn_tnef_put.c     encapsulated properties out
 *   ptn_tnef_write.c   attributes out
 */

#ifndef PTN_TNEF_IN_H
#define PTN_TNEF_IN_H


#include "ptn_charset.h"
#include "ptn_tnef.h"


#define PTN_TNEF_MESSAGE     1      /* levels, MS-OXTNEF 2.1.3.2 */
#define PTN_TNEF_ATTACHMENT  2

#define PTN_TNEF_HEAD        9      /* level, id, length */
#define PTN_TNEF_ANSI        1252   /* of what is written, unless told */
#define PTN_TNEF_OEM         437    /* of a stream that does not say */

/* Deprecated, not in MS-OXPROPS; the MAPI reference has it. */
#define PTN_TNEF_CONVERSATION_KEY  0x000b0102u

#define PTN_TNEF_START         6            /* signature, key */
#define PTN_TNEF_ATT_CODEPAGE  0x00069007u  /* attOemCodepage */
#define PTN_TNEF_INHERIT       UINT32_MAX   /* code page of what is around */
#define PTN_TNEF_ONE_OFF       4            /* trpidOneOff */
#define PTN_TNEF_MACBINARY     1            /* in attAttachRendData */

/* MS-OXOMSG 2.2.3.1.2: above it stand flags. */
#define PTN_TNEF_RECIP_TYPE(n)  ((uint32_t) (n) & 0x0f)

/* PidTagAttachMethod, MS-OXCMSG 2.2.2.9 */
#define PTN_TNEF_BY_VALUE    1
#define PTN_TNEF_EMBEDDED    5
#define PTN_TNEF_OLE         6

/*
 * Rows.  Kind: how data and value correspond.
 */
#define PTN_TNEF_KINDS(K)                                                     \
    K(VERSION)      /* 0x00010000 */                                          \
    K(CODEPAGE)     /* two u32: of the stream, and 0 */                       \
    K(CLASS)        /* string, old names for some classes */                  \
    K(STRING)       /* in the code page, NUL */                               \
    K(PRIORITY)     /* u16: 1 high, 2, 3 low; importance 2, 1, 0 */           \
    K(DATE)         /* seven u16: year, month, day, h, m, s, weekday */       \
    K(HEX)          /* binary as hex digits, NUL */                           \
    K(STATUS)       /* u8: flags of Microsoft Mail */                         \
    K(LONG)         /* u32 */                                                 \
    K(BOOL)         /* u16 */                                                 \
    K(BINARY)       /* as it is */                                            \
    K(FROM)         /* TRP structure, name, type:address */                   \
    K(PERSON)       /* u16 length, name, u16 length, type:address */          \
    K(OWNER)        /* the same; whose depends on the class */                \
    K(RENDERING)    /* 14 bytes: how the attachment is shown; begins it */    \
    K(DATA)         /* of the attachment */                                   \
    K(RECIPIENTS)   /* u32 rows, property lists */                            \
    K(PROPERTIES)   /* a property list */

typedef enum {
#define PTN_TNEF_KIND_ENUM(name)  PTN_TNEF_##name,
    PTN_TNEF_KINDS(PTN_TNEF_KIND_ENUM)
#undef PTN_TNEF_KIND_ENUM
    PTN_TNEF_NKINDS
} ptn_tnef_kind_e;

typedef enum {
    PTN_TNEF_ALWAYS, PTN_TNEF_MEETING, PTN_TNEF_NEVER
} ptn_tnef_when_e;              /* written, when the property is there */

typedef struct {
    uint32_t         id;
    uint8_t          level;
    ptn_tnef_kind_e  kind;
    uint32_t         tag;
    ptn_tnef_when_e  when;
} ptn_tnef_attr_t;

extern const ptn_tnef_attr_t  ptn_tnef_attrs[];
extern const size_t           ptn_tnef_nattrs;

/* NULL: an attribute that nobody knows. */
const ptn_tnef_attr_t *ptn_tnef_attr(unsigned level, uint32_t id);

/* Name, address type and address of a person, as tags. */
typedef struct {
    uint32_t  name, type, address;
} ptn_tnef_who_t;

/* Of FROM and PERSON rows by their tag (the name's); of attOwner by class. */
const ptn_tnef_who_t *ptn_tnef_who(uint32_t tag);
const ptn_tnef_who_t *ptn_tnef_owner(ptn_str_t message_class);
bool ptn_tnef_is_meeting(ptn_str_t message_class);

/* attMessageStatus and MESSAGE_FLAGS */
typedef struct {
    u_char    old;
    uint32_t  flag;
    bool      inverse;
} ptn_tnef_status_t;

extern const ptn_tnef_status_t  ptn_tnef_status[];
extern const size_t             ptn_tnef_nstatus;

/* IIDs as they stand in OBJECT values. */
extern const ptn_guid_t  ptn_tnef_iid_message, ptn_tnef_iid_storage,
                         ptn_tnef_iid_stream;
/* ATTACH_ENCODING of MacBinary, MS-OXCMSG 2.2.2.20. */
extern const ptn_str_t   ptn_tnef_macbinary;


/* --- values (ptn_tnef_value.c) -------------------------------------------- */

/* NULL: none that we know. */
const char *ptn_tnef_charset(ptn_pool_t *pool, uint32_t codepage);

/* Up to the first NUL, to UTF-8; charset NULL: UTF-8 as far as it is. */
ptn_rc_t ptn_tnef_text(ptn_pool_t *pool, const char *charset, ptn_str_t in,
    ptn_str_t *ret);
/* The other way; charset NULL: ASCII.  Without NUL. */
ptn_rc_t ptn_tnef_bytes(ptn_pool_t *pool, const char *charset, ptn_str_t in,
    ptn_str_t *ret);

/* The class behind an old name, and the old name of a class; else itself. */
ptn_str_t ptn_tnef_class_new(ptn_str_t old);
ptn_str_t ptn_tnef_class_old(ptn_str_t new);

/* FILETIME and DTR (14 bytes).  False: no such date. */
bool ptn_tnef_date_get(ptn_str_t dtr, int64_t *ret_time);
bool ptn_tnef_date_put(int64_t time, u_char *dtr);

/* False: no hex digits, an odd number of them, none. */
bool ptn_tnef_hex_get(ptn_pool_t *pool, ptn_str_t hex, ptn_str_t *ret);

static inline uint16_t
ptn_tnef_le16(const u_char *p)
{
    return (uint16_t) (p[0] | p[1] << 8);
}

static inline void
ptn_tnef_put_le16(u_char *p, unsigned n)
{
    p[0] = (u_char) n;
    p[1] = (u_char) (n >> 8);
}

static inline uint16_t
ptn_tnef_sum(ptn_str_t s)
{
    size_t    i;
    uint32_t  sum;

    for (i = 0, sum = 0; i < s.len; i++) {
        sum += s.data[i];
    }

    return (uint16_t) sum;
}


/* --- in ------------------------------------------------------------------- */

/* One for a stream and all that are embedded in it. */
typedef struct {
    ptn_named_t  *names;
    uint16_t     *sorted;       /* places in names, by name */
    uint32_t      n, size;
    bool          damaged;
} ptn_tnef_all_t;

typedef struct {
    ptn_pool_t      *pool;
    ptn_tnef_all_t  *all;
    const char      *charset;   /* of this stream; NULL: unknown */
    unsigned         depth;
} ptn_tnef_in_t;

/* Which of two values of a property counts: the higher, then the later. */
typedef enum {
    PTN_TNEF_MAPPED, PTN_TNEF_STRING8, PTN_TNEF_ENCAPSULATED
} ptn_tnef_rank_e;

typedef struct {
    uint32_t         tag;
    uint32_t         at;
    ptn_tnef_rank_e  rank;
    ptn_str_t        value;
} ptn_tnef_prop_t;

/* Properties as they come. */
typedef struct {
    ptn_tnef_prop_t  *p;
    uint32_t          n, size;
} ptn_tnef_list_t;

/* Room for one more element of an array in a pool: the new array, or NULL. */
void *ptn_tnef_room(ptn_pool_t *pool, void *p, uint32_t n, uint32_t *size,
    size_t element);

ptn_rc_t ptn_tnef_list_add(ptn_tnef_in_t *in, ptn_tnef_list_t *list,
    uint32_t tag, ptn_str_t value, ptn_tnef_rank_e rank);
ptn_rc_t ptn_tnef_list_int(ptn_tnef_in_t *in, ptn_tnef_list_t *list,
    uint32_t tag, int64_t n);
/* The value that counts so far.  data NULL: there is none. */
ptn_str_t ptn_tnef_list_find(const ptn_tnef_list_t *list, uint16_t id,
    uint32_t *ret_tag);
void ptn_tnef_list_drop(ptn_tnef_list_t *list, uint16_t id);

/* {u32 count, properties} at *rest, which moves behind them. */
ptn_rc_t ptn_tnef_list_pull(ptn_tnef_in_t *in, ptn_str_t *rest,
    ptn_tnef_list_t *list);
/* Sorted, one for each id. */
ptn_rc_t ptn_tnef_list_done(ptn_tnef_in_t *in, ptn_tnef_list_t *list,
    ptn_props_t *ret_props);


/* --- out ------------------------------------------------------------------ */

typedef struct {
    ptn_pool_t        *pool;
    const ptn_tnef_t  *tnef;
    const char        *charset;
    ptn_buf_t          buf;
    bool               toobig;          /* checked once, at the end */
} ptn_tnef_out_t;

/* What a list has in place of the object's own property of that id, if any. */
typedef struct {
    uint32_t             tag;
    bool                 none;          /* nothing */
    int64_t              n;             /* LONG */
    const ptn_object_t  *embedded;      /* OBJECT: IID_IMessage */
    const ptn_guid_t    *iid;           /* OBJECT: this one, data */
    ptn_str_t            data;
} ptn_tnef_extra_t;

void ptn_tnef_put_u16(ptn_tnef_out_t *out, unsigned n);
void ptn_tnef_put_u32(ptn_tnef_out_t *out, uint32_t n);
void ptn_tnef_put_pad(ptn_tnef_out_t *out, size_t len);
/* A u32 that says how many bytes stand between: of what came since `mark`. */
size_t ptn_tnef_begin(ptn_tnef_out_t *out);
ptn_str_t ptn_tnef_end(ptn_tnef_out_t *out, size_t mark);

ptn_rc_t ptn_tnef_put_list(ptn_tnef_out_t *out, const ptn_props_t *props,
    const ptn_tnef_extra_t *extras, size_t n, unsigned depth);
/* A whole stream (ptn_tnef_write.c). */
ptn_rc_t ptn_tnef_put_stream(ptn_tnef_out_t *out, const ptn_object_t *object,
    unsigned depth);


#endif /* PTN_TNEF_IN_H */
