/*
 * Answers of a directory handle: one entry per hash value, so that a flood of
 * different names costs nothing but misses.  Only what was found is kept.
 */

#include <stdlib.h>

#include "ptn_dir_db.h"


static unsigned
ptn_dir_cache_slot(ptn_dir_cache_e kind, ptn_str_t key)
{
    size_t    i;
    uint32_t  h;

    h = 2166136261u ^ (uint32_t) kind;

    for (i = 0; i < key.len; i++) {
        h = (h ^ key.data[i]) * 16777619u;
    }

    return (h ^ (h >> 16)) % PTN_DIR_CACHE_SIZE;
}


void
ptn_dir_cache_clear(ptn_directory_t *dir)
{
    size_t  i;

    for (i = 0; i < PTN_DIR_CACHE_SIZE; i++) {
        free(dir->cache[i]);
        dir->cache[i] = NULL;
    }
}


/* False, and the cache is empty, when somebody else has committed. */

static bool
ptn_dir_cache_valid(ptn_directory_t *dir)
{
    int64_t                                     version;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    if (ptn_dir_db_stmt(dir, PTN_DIR_DATA_VERSION, &st) == PTN_OK
        && ptn_dir_db_row(st) == PTN_OK)
    {
        version = sqlite3_column_int64(st, 0);

        if (version == dir->data_version) {
            return true;
        }

        dir->data_version = version;
    }

    ptn_dir_cache_clear(dir);

    return false;
}


const ptn_rcpt_t *
ptn_dir_cache_get(ptn_directory_t *dir, ptn_dir_cache_e kind, ptn_str_t key)
{
    ptn_dir_entry_t  *e;

    if (!ptn_dir_cache_valid(dir)) {
        return NULL;
    }

    e = dir->cache[ptn_dir_cache_slot(kind, key)];

    if (e == NULL || e->kind != kind || !ptn_str_eq(e->key, key)) {
        return NULL;
    }

    return &e->rcpt;
}


static u_char *
ptn_dir_cache_copy(u_char *p, ptn_str_t *s)
{
    if (s->len != 0) {
        memcpy(p, s->data, s->len);
    }

    s->data = p;

    return p + s->len;
}


void
ptn_dir_cache_put(ptn_directory_t *dir, ptn_dir_cache_e kind, ptn_str_t key,
    const ptn_rcpt_t *rcpt)
{
    u_char            *p;
    unsigned           slot;
    ptn_dir_entry_t   *e;

    e = malloc(sizeof(ptn_dir_entry_t) + key.len + rcpt->user.address.len
               + rcpt->user.display.len + rcpt->user.locale.len
               + rcpt->foreign.len + rcpt->detail.len);
    if (e == NULL) {
        return;
    }

    e->kind = kind;
    e->key = key;
    e->rcpt = *rcpt;

    p = (u_char *) (e + 1);
    p = ptn_dir_cache_copy(p, &e->key);
    p = ptn_dir_cache_copy(p, &e->rcpt.user.address);
    p = ptn_dir_cache_copy(p, &e->rcpt.user.display);
    p = ptn_dir_cache_copy(p, &e->rcpt.user.locale);
    p = ptn_dir_cache_copy(p, &e->rcpt.foreign);
    (void) ptn_dir_cache_copy(p, &e->rcpt.detail);

    slot = ptn_dir_cache_slot(kind, key);
    free(dir->cache[slot]);
    dir->cache[slot] = e;
}
