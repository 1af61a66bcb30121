#include <stdlib.h>

#include "ptn_base.h"


/*
 * Blocks grow from 4 KiB by doubling up to 256 KiB; what is larger than half
 * a block gets one of its own.
 */

#define PTN_POOL_FIRST  4096
#define PTN_POOL_MAX    (256 * 1024)
#define PTN_POOL_ALIGN  16

typedef struct ptn_block_s    ptn_block_t;
typedef struct ptn_cleanup_s  ptn_cleanup_t;

struct ptn_block_s {
    ptn_block_t  *next;
    size_t        size;         /* of data */
    size_t        used;
    size_t        pad;          /* keeps data aligned to 16 */
};

struct ptn_cleanup_s {
    ptn_cleanup_t  *next;
    void          (*f)(void *data);
    void           *data;
};

struct ptn_pool_s {
    ptn_block_t    *current;
    ptn_block_t    *first;
    ptn_cleanup_t  *cleanup;
    ptn_mem_t       mem;
    size_t          cap;
    size_t          taken;
    size_t          grow;
    bool            failed;
};


static void *
ptn_pool_sys_alloc(void *ctx PTN_UNUSED, size_t size)
{
    return malloc(size);
}


static void
ptn_pool_sys_free(void *ctx PTN_UNUSED, void *p)
{
    free(p);
}


static ptn_block_t *
ptn_pool_block(ptn_pool_t *pool, size_t size)
{
    ptn_block_t  *b;

    if (size > pool->cap || pool->taken > pool->cap - size) {
        pool->failed = true;
        return NULL;
    }

    b = pool->mem.alloc(pool->mem.ctx, sizeof(ptn_block_t) + size);
    if (b == NULL) {
        pool->failed = true;
        return NULL;
    }

    pool->taken += size;
    b->next = NULL;
    b->size = size;
    b->used = 0;

    return b;
}


ptn_pool_t *
ptn_pool_create(size_t cap, const ptn_mem_t *mem)
{
    ptn_mem_t     m = { ptn_pool_sys_alloc, ptn_pool_sys_free, NULL };
    ptn_pool_t   *pool;
    ptn_block_t  *b;

    if (mem != NULL) {
        m = *mem;
    }

    b = m.alloc(m.ctx, sizeof(ptn_block_t) + PTN_POOL_FIRST);
    if (b == NULL) {
        return NULL;
    }

    b->next = NULL;
    b->size = PTN_POOL_FIRST;

    pool = (ptn_pool_t *) (b + 1);
    memset(pool, 0, sizeof(ptn_pool_t));
    b->used = (sizeof(ptn_pool_t) + PTN_POOL_ALIGN - 1)
              & ~(size_t) (PTN_POOL_ALIGN - 1);

    pool->mem = m;
    pool->cap = cap ? cap : PTN_POOL_CAP_DEFAULT;
    pool->taken = PTN_POOL_FIRST;
    pool->grow = PTN_POOL_FIRST;
    pool->first = b;
    pool->current = b;

    return pool;
}


static void
ptn_pool_run_cleanups(ptn_pool_t *pool)
{
    ptn_cleanup_t  *c;

    while (pool->cleanup != NULL) {
        c = pool->cleanup;
        pool->cleanup = c->next;
        c->f(c->data);
    }
}


static void
ptn_pool_free_blocks(ptn_pool_t *pool, ptn_block_t *b)
{
    ptn_block_t  *next;

    for ( /* void */ ; b != NULL; b = next) {
        next = b->next;
        pool->taken -= b->size;
        pool->mem.free(pool->mem.ctx, b);
    }
}


void
ptn_pool_destroy(ptn_pool_t *pool)
{
    ptn_mem_t     mem;
    ptn_block_t  *first;

    if (pool == NULL) {
        return;
    }

    ptn_pool_run_cleanups(pool);

    mem = pool->mem;
    first = pool->first;
    ptn_pool_free_blocks(pool, first->next);
    mem.free(mem.ctx, first);
}


void
ptn_pool_reset(ptn_pool_t *pool)
{
    ptn_pool_run_cleanups(pool);
    ptn_pool_free_blocks(pool, pool->first->next);

    pool->first->next = NULL;
    pool->first->used = (sizeof(ptn_pool_t) + PTN_POOL_ALIGN - 1)
                        & ~(size_t) (PTN_POOL_ALIGN - 1);
    pool->current = pool->first;
    pool->grow = PTN_POOL_FIRST;
    pool->failed = false;
}


void *
ptn_palloc(ptn_pool_t *pool, size_t size)
{
    void         *p;
    ptn_block_t  *b;

    if (size > SIZE_MAX / 2) {
        pool->failed = true;
        return NULL;
    }

    size = (size + PTN_POOL_ALIGN - 1) & ~(size_t) (PTN_POOL_ALIGN - 1);
    b = pool->current;

    if (size <= b->size - b->used) {
        p = (u_char *) (b + 1) + b->used;
        b->used += size;
        return p;
    }

    if (size > pool->grow / 2) {

        /* a block of its own, behind the current one */

        b = ptn_pool_block(pool, size);
        if (b == NULL) {
            return NULL;
        }

        b->used = size;
        b->next = pool->first->next;
        pool->first->next = b;
        return b + 1;
    }

    if (pool->grow < PTN_POOL_MAX) {
        pool->grow *= 2;
    }

    b = ptn_pool_block(pool, pool->grow);
    if (b == NULL) {
        return NULL;
    }

    b->next = pool->first->next;
    pool->first->next = b;
    pool->current = b;
    b->used = size;

    return b + 1;
}


void *
ptn_pcalloc(ptn_pool_t *pool, size_t size)
{
    void  *p;

    p = ptn_palloc(pool, size);
    if (p != NULL) {
        memset(p, 0, size);
    }

    return p;
}


void *
ptn_parray(ptn_pool_t *pool, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size) {
        pool->failed = true;
        return NULL;
    }

    return ptn_palloc(pool, n * size);
}


void *
ptn_pmemdup(ptn_pool_t *pool, const void *p, size_t size)
{
    void  *q;

    q = ptn_palloc(pool, size);
    if (q != NULL && size != 0) {
        memcpy(q, p, size);
    }

    return q;
}


ptn_rc_t
ptn_pool_cleanup(ptn_pool_t *pool, void (*f)(void *data), void *data)
{
    ptn_cleanup_t  *c;

    c = ptn_palloc(pool, sizeof(ptn_cleanup_t));
    if (c == NULL) {
        return PTN_ENOMEM;
    }

    c->f = f;
    c->data = data;
    c->next = pool->cleanup;
    pool->cleanup = c;

    return PTN_OK;
}


size_t
ptn_pool_used(const ptn_pool_t *pool)
{
    return pool->taken;
}


bool
ptn_pool_failed(const ptn_pool_t *pool)
{
    return pool->failed;
}
