/*
 * Arenas.  A job runs with a pool of its own, freed when the job ends;
 * results live in the pool that the caller passes.  A pool is used by one
 * thread at a time.
 *
 * A pool has a hard cap: an allocation above it, or one that the system
 * refuses, returns NULL and sets `failed`, so that a caller which builds much
 * may check once at the end.  Tests give an allocator of their own
 * (ptn_mem_t) that counts and can fail the Nth call.
 */

#ifndef PTN_POOL_H
#define PTN_POOL_H


typedef struct ptn_pool_s  ptn_pool_t;

typedef struct {
    void  *(*alloc)(void *ctx, size_t size);    /* NULL: no memory */
    void   (*free)(void *ctx, void *p);
    void    *ctx;
} ptn_mem_t;

#define PTN_POOL_CAP_DEFAULT  (256 * 1024 * 1024)


/*
 * Creates a pool that will hold at most `cap` bytes (0: the default cap).
 * `mem` NULL: malloc and free.  Returns NULL when there is no memory.
 */
ptn_pool_t *ptn_pool_create(size_t cap, const ptn_mem_t *mem);

/* Runs the clean-ups, last first, and frees all.  NULL is allowed. */
void ptn_pool_destroy(ptn_pool_t *pool);

/* As destroy, but keeps the first block and the pool usable (per-job reuse). */
void ptn_pool_reset(ptn_pool_t *pool);

/* Aligned to 16; never zero-sized blocks: size 0 gives a valid pointer. */
void *ptn_palloc(ptn_pool_t *pool, size_t size) __attribute__((malloc));
void *ptn_pcalloc(ptn_pool_t *pool, size_t size) __attribute__((malloc));

/* n * size with overflow checked. */
void *ptn_parray(ptn_pool_t *pool, size_t n, size_t size);

void *ptn_pmemdup(ptn_pool_t *pool, const void *p, size_t size);

/* `f(data)` runs at destroy or reset.  ENOMEM: f was not registered. */
ptn_rc_t ptn_pool_cleanup(ptn_pool_t *pool, void (*f)(void *data), void *data);

/* Bytes taken from the system, and whether any allocation has failed. */
size_t ptn_pool_used(const ptn_pool_t *pool);
bool ptn_pool_failed(const ptn_pool_t *pool);


#endif /* PTN_POOL_H */
