/*
 * Wire tables (STYLE 6): a binary structure is declared once, as a list of
 * its fields; from the list come the C struct, reading, writing and dumping.
 *
 *     #define PTN_ROP_OPEN_FOLDER_REQ(F, T)                                  \
 *         F(T, u8,   out_handle)                                             \
 *         F(T, u64,  folder_id)                                              \
 *         F(T, u8,   open_flags)
 *     PTN_WIRE(ptn_rop_open_folder_req, PTN_ROP_OPEN_FOLDER_REQ)
 *
 * gives the type ptn_rop_open_folder_req_t and the table
 * ptn_rop_open_folder_req_wire.  Integers are little endian.  Kinds:
 *
 *     u8 u16 u32 u64      unsigned integers
 *     guid                16 bytes as they are
 *     str8z               bytes up to a zero byte (ptn_str_t, without it)
 *     str16z              UTF-16LE up to a zero unit (ptn_str_t of bytes,
 *                         without it)
 *     bin16 bin32         a length of 16 or 32 bits, then that many bytes
 *     arr(KIND, n)        n of them: an array in the struct
 *     vec(T, KIND, m)     as many as the integer m, an earlier field, says: a
 *                         pointer in the struct
 *     sub(name)           another structure, by its PTN_WIRE name
 *     when(T, m, mask, KIND)    there if m & mask, an earlier field; else zero
 *     unless(T, m, mask, KIND)  there if not
 *     is(T, m, value, KIND)     there if m == value
 *     hook(ctype, fns)    a member of that C type, read and written by the
 *                         functions of `fns`, a ptn_wire_hook_t
 *
 * KIND within arr, vec, when, unless and is is an integer, guid, a string, bin
 * or sub.  Strings and binaries that were read point into the input.
 *
 * Every length of the input is checked in one cursor, ptn_wire_take().
 */

#ifndef PTN_WIRE_H
#define PTN_WIRE_H


#include "ptn_base.h"


typedef enum {
    PTN_WIRE_KIND_u8, PTN_WIRE_KIND_u16, PTN_WIRE_KIND_u32, PTN_WIRE_KIND_u64,
    PTN_WIRE_KIND_guid, PTN_WIRE_KIND_str8z, PTN_WIRE_KIND_str16z,
    PTN_WIRE_KIND_bin16, PTN_WIRE_KIND_bin32, PTN_WIRE_KIND_sub,
    PTN_WIRE_KIND_hook
} ptn_wire_kind_e;

typedef enum {
    PTN_WIRE_ONE, PTN_WIRE_ARR, PTN_WIRE_VEC, PTN_WIRE_WHEN, PTN_WIRE_UNLESS,
    PTN_WIRE_IS
} ptn_wire_form_e;

typedef struct ptn_wire_s  ptn_wire_t;

typedef struct {
    const u_char  *p, *end;     /* what is left */
    ptn_pool_t    *pool;
} ptn_wire_in_t;

typedef struct {
    ptn_rc_t  (*pull)(ptn_wire_in_t *in, const void *base, void *member);
    ptn_rc_t  (*push)(ptn_buf_t *out, const void *base, const void *member);
    void      (*dump)(ptn_buf_t *out, const void *base, const void *member);
} ptn_wire_hook_t;

typedef struct {
    const char             *name;
    uint8_t                 form;       /* ptn_wire_form_e */
    uint8_t                 kind;       /* ptn_wire_kind_e, of an element */
    uint16_t                off;        /* of the member */
    uint16_t                size;       /* of an element */
    uint16_t                arg;        /* offset of the other member */
    uint16_t                arg_size;
    uint64_t                n;          /* arr: how many; when: the mask;
                                           is: the value */
    const ptn_wire_t       *sub;
    const ptn_wire_hook_t  *hook;
} ptn_wire_row_t;

struct ptn_wire_s {
    const char            *name;        /* "ptn_rop_open_folder_req" */
    size_t                 size;        /* of the struct */
    const ptn_wire_row_t  *rows;
    size_t                 n;
};


/*
 * Reads one structure from the front of *in, which moves behind it.  *ret is
 * a struct of w->size bytes, filled even when it fails; vectors are in `pool`.
 * ETRUNC: the input ends too early.  ENOMEM; what a hook says.
 */
ptn_rc_t ptn_wire_pull(const ptn_wire_t *w, ptn_pool_t *pool, ptn_str_t *in,
    void *ret);

/*
 * Appends the structure.  EINVAL: a string holds a zero or half a unit, or a
 * vector that should have elements is NULL;
 * ETOOBIG: a binary is longer than its length can say.  ENOMEM.
 */
ptn_rc_t ptn_wire_push(const ptn_wire_t *w, ptn_buf_t *out, const void *val);

/* Text for people, a line per field, at `indent` levels. */
void ptn_wire_dump(const ptn_wire_t *w, ptn_buf_t *out, const void *val,
    unsigned indent);

/* For hooks: the next n bytes.  NULL: there are not so many left (ETRUNC). */
const u_char *ptn_wire_take(ptn_wire_in_t *in, size_t n);

/* Of the integer member that a row's vec, when, unless or is names. */
uint64_t ptn_wire_arg(const ptn_wire_row_t *row, const void *val);

/* Is the row's field there, and how many times. */
uint64_t ptn_wire_count(const ptn_wire_row_t *row, const void *val);


/* --- the machinery behind PTN_WIRE --------------------------------------- */

/* C type of an element */
#define PTN_WIRE_E_u8         uint8_t
#define PTN_WIRE_E_u16        uint16_t
#define PTN_WIRE_E_u32        uint32_t
#define PTN_WIRE_E_u64        uint64_t
#define PTN_WIRE_E_guid       ptn_guid_t
#define PTN_WIRE_E_str8z      ptn_str_t
#define PTN_WIRE_E_str16z     ptn_str_t
#define PTN_WIRE_E_bin16      ptn_str_t
#define PTN_WIRE_E_bin32      ptn_str_t
#define PTN_WIRE_E_sub(s)     s##_t

/* C type of a member */
#define PTN_WIRE_M_u8         uint8_t
#define PTN_WIRE_M_u16        uint16_t
#define PTN_WIRE_M_u32        uint32_t
#define PTN_WIRE_M_u64        uint64_t
#define PTN_WIRE_M_guid       ptn_guid_t
#define PTN_WIRE_M_str8z      ptn_str_t
#define PTN_WIRE_M_str16z     ptn_str_t
#define PTN_WIRE_M_bin16      ptn_str_t
#define PTN_WIRE_M_bin32      ptn_str_t
#define PTN_WIRE_M_sub(s)                 s##_t
#define PTN_WIRE_M_hook(ctype, fns)       ctype
#define PTN_WIRE_M_arr(kind, cnt)         __typeof__(PTN_WIRE_E_##kind[cnt])
#define PTN_WIRE_M_vec(T, kind, m)        PTN_WIRE_E_##kind *
#define PTN_WIRE_M_when(T, m, mask, kind)    PTN_WIRE_E_##kind
#define PTN_WIRE_M_unless(T, m, mask, kind)  PTN_WIRE_E_##kind
#define PTN_WIRE_M_is(T, m, value, kind)     PTN_WIRE_E_##kind

/* initialisers of a row: kind, size of an element, table of a sub */
#define PTN_WIRE_K(k)                                                         \
    .kind = PTN_WIRE_KIND_##k, .size = sizeof(PTN_WIRE_E_##k)
#define PTN_WIRE_K_u8         PTN_WIRE_K(u8)
#define PTN_WIRE_K_u16        PTN_WIRE_K(u16)
#define PTN_WIRE_K_u32        PTN_WIRE_K(u32)
#define PTN_WIRE_K_u64        PTN_WIRE_K(u64)
#define PTN_WIRE_K_guid       PTN_WIRE_K(guid)
#define PTN_WIRE_K_str8z      PTN_WIRE_K(str8z)
#define PTN_WIRE_K_str16z     PTN_WIRE_K(str16z)
#define PTN_WIRE_K_bin16      PTN_WIRE_K(bin16)
#define PTN_WIRE_K_bin32      PTN_WIRE_K(bin32)
#define PTN_WIRE_K_sub(s)                                                     \
    .kind = PTN_WIRE_KIND_sub, .size = sizeof(s##_t), .sub = &s##_wire

#define PTN_WIRE_ARG(T, m)                                                    \
    .arg = offsetof(T, m), .arg_size = sizeof(((T *) 0)->m)

#define PTN_WIRE_R_u8         PTN_WIRE_K_u8
#define PTN_WIRE_R_u16        PTN_WIRE_K_u16
#define PTN_WIRE_R_u32        PTN_WIRE_K_u32
#define PTN_WIRE_R_u64        PTN_WIRE_K_u64
#define PTN_WIRE_R_guid       PTN_WIRE_K_guid
#define PTN_WIRE_R_str8z      PTN_WIRE_K_str8z
#define PTN_WIRE_R_str16z     PTN_WIRE_K_str16z
#define PTN_WIRE_R_bin16      PTN_WIRE_K_bin16
#define PTN_WIRE_R_bin32      PTN_WIRE_K_bin32
#define PTN_WIRE_R_sub(s)     PTN_WIRE_K_sub(s)
#define PTN_WIRE_R_hook(ctype, fns)                                           \
    .kind = PTN_WIRE_KIND_hook, .size = sizeof(ctype), .hook = &fns
#define PTN_WIRE_R_arr(kind_, cnt)                                            \
    .form = PTN_WIRE_ARR, .n = cnt, PTN_WIRE_K_##kind_
#define PTN_WIRE_R_vec(T, kind_, m)                                           \
    .form = PTN_WIRE_VEC, PTN_WIRE_ARG(T, m), PTN_WIRE_K_##kind_
#define PTN_WIRE_R_when(T, m, mask, kind_)                                    \
    .form = PTN_WIRE_WHEN, .n = mask, PTN_WIRE_ARG(T, m), PTN_WIRE_K_##kind_
#define PTN_WIRE_R_unless(T, m, mask, kind_)                                  \
    .form = PTN_WIRE_UNLESS, .n = mask, PTN_WIRE_ARG(T, m),                   \
    PTN_WIRE_K_##kind_
#define PTN_WIRE_R_is(T, m, value, kind_)                                     \
    .form = PTN_WIRE_IS, .n = value, PTN_WIRE_ARG(T, m), PTN_WIRE_K_##kind_

#define PTN_WIRE_MEMBER(T, kind, member)  PTN_WIRE_M_##kind member;
#define PTN_WIRE_ROW(T, kind, member)                                         \
    { .name = #member, .off = offsetof(T, member), PTN_WIRE_R_##kind },

#define PTN_WIRE(wname, LIST)                                                 \
    typedef struct {                                                          \
        LIST(PTN_WIRE_MEMBER, wname##_t)                                      \
    } wname##_t;                                                              \
    PTN_UNUSED static const ptn_wire_row_t  wname##_rows[] = {                \
        LIST(PTN_WIRE_ROW, wname##_t)                                         \
    };                                                                        \
    PTN_UNUSED static const ptn_wire_t  wname##_wire = {                      \
        #wname, sizeof(wname##_t), wname##_rows, ptn_nelts(wname##_rows)      \
    };


#endif /* PTN_WIRE_H */
