/*
 * Counted strings and growing buffers.  A ptn_str_t owns nothing, need not
 * end in NUL, and has ngx_str_t's layout.
 */

#ifndef PTN_STR_H
#define PTN_STR_H


typedef struct {
    size_t   len;
    u_char  *data;
} ptn_str_t;

#define ptn_string(s)     { sizeof(s) - 1, (u_char *) (s) }
#define ptn_str(s)        ((ptn_str_t) ptn_string(s))
#define ptn_null_string   { 0, NULL }

ptn_str_t ptn_str_make(const void *data, size_t len);
ptn_str_t ptn_str_z(const char *s);                 /* NULL gives empty */

bool ptn_str_eq(ptn_str_t a, ptn_str_t b);
bool ptn_str_ieq(ptn_str_t a, ptn_str_t b);         /* ASCII case only */
bool ptn_str_eqz(ptn_str_t a, const char *b);
bool ptn_str_ieqz(ptn_str_t a, const char *b);
bool ptn_str_istarts(ptn_str_t a, const char *prefix);
int ptn_str_cmp(ptn_str_t a, ptn_str_t b);          /* bytes, then length */

/* Copies into `pool`, NUL added behind.  data NULL: no memory. */
ptn_str_t ptn_str_dup(ptn_pool_t *pool, ptn_str_t s);
char *ptn_str_dupz(ptn_pool_t *pool, ptn_str_t s);
ptn_str_t ptn_str_lower(ptn_pool_t *pool, ptn_str_t s);     /* ASCII */
ptn_str_t ptn_str_printf(ptn_pool_t *pool, const char *fmt, ...)
    PTN_PRINTF(2, 3);

/* `%.*s` arguments of a string, at most 4 KiB of it. */
#define ptn_str_arg(s)    (int) ptn_min((s).len, (size_t) 4096),              \
                          (const char *) ((s).data ? (s).data : (u_char *) "")

/* Decimal, all of `s`, no sign.  EPARSE; ETOOBIG above `max`. */
ptn_rc_t ptn_str_u64(ptn_str_t s, uint64_t max, uint64_t *ret_n);

static inline u_char
ptn_tolower(u_char c)
{
    return (c >= 'A' && c <= 'Z') ? (u_char) (c | 0x20) : c;
}


/*
 * A buffer that grows in a pool.  A failed append sets `failed` and drops the
 * bytes; later appends do nothing: check once, at the end.
 */
typedef struct {
    ptn_pool_t  *pool;
    u_char      *data;
    size_t       len;
    size_t       size;
    bool         failed;
} ptn_buf_t;

void ptn_buf_init(ptn_buf_t *b, ptn_pool_t *pool);
void ptn_buf_add(ptn_buf_t *b, const void *data, size_t len);
void ptn_buf_str(ptn_buf_t *b, ptn_str_t s);
void ptn_buf_z(ptn_buf_t *b, const char *s);
void ptn_buf_byte(ptn_buf_t *b, u_char c);
void ptn_buf_printf(ptn_buf_t *b, const char *fmt, ...) PTN_PRINTF(2, 3);

/* Room for `len` bytes at the end, to be filled and added to b->len. */
u_char *ptn_buf_reserve(ptn_buf_t *b, size_t len);

ptn_str_t ptn_buf_get(const ptn_buf_t *b);          /* borrowed */


#endif /* PTN_STR_H */
