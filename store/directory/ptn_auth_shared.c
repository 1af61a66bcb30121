#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "ptn_auth_shared.h"


#define PTN_AUTH_READY  0x50544e4155544831      /* "PTNAUTH1" */

typedef struct {
    size_t  offset;
    size_t  size;               /* of an entry */
    size_t  n;
} ptn_auth_layout_t;

static const ptn_auth_layout_t  ptn_auth_shared_layout[] = {
#define PTN_AUTH_TABLE_LAYOUT(name, type, n)                                  \
    { offsetof(ptn_auth_shared_t, name), sizeof(type), n },
    PTN_AUTH_TABLES(PTN_AUTH_TABLE_LAYOUT)
#undef PTN_AUTH_TABLE_LAYOUT
};


static ptn_rc_t
ptn_auth_shared_make(ptn_auth_shared_t *shared)
{
    int                  rc;
    size_t               i;
    pthread_mutexattr_t  attr;

    if (RAND_bytes(shared->secret, sizeof(shared->secret)) != 1
        || pthread_mutexattr_init(&attr) != 0)
    {
        return PTN_EINTERNAL;
    }

    rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);

    if (rc == 0) {
        rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    }

    for (i = 0; rc == 0 && i < PTN_AUTH_TABLE_MAX; i++) {
        rc = pthread_mutex_init(&shared->mutex[i], &attr);
    }

    pthread_mutexattr_destroy(&attr);

    if (rc != 0) {
        return PTN_EINTERNAL;
    }

    shared->size = sizeof(ptn_auth_shared_t);

    return PTN_OK;
}


ptn_rc_t
ptn_auth_shared_init(ptn_auth_shared_t *shared)
{
    uint64_t         state, end;
    ptn_rc_t         rc;
    struct timespec  ts = { 0, 1000000 };

    end = ptn_time_mono() + 5000;

    for ( ;; ) {
        state = atomic_load(&shared->state);

        if (state == PTN_AUTH_READY) {
            return (shared->size == sizeof(ptn_auth_shared_t)) ? PTN_OK
                                                               : PTN_EINVAL;
        }

        if (state > INT32_MAX) {
            return PTN_EINVAL;
        }

        /* nobody began, or who did died on the way */

        if ((state == 0 || (kill((pid_t) state, 0) == -1 && errno == ESRCH))
            && atomic_compare_exchange_strong(&shared->state, &state,
                                              (uint64_t) getpid()))
        {
            rc = ptn_auth_shared_make(shared);

            atomic_store(&shared->state, rc == PTN_OK ? PTN_AUTH_READY : 0);

            return rc;
        }

        if (ptn_time_mono() > end) {
            return PTN_EBUSY;
        }

        nanosleep(&ts, NULL);
    }
}


static u_char *
ptn_auth_shared_entry(ptn_auth_shared_t *shared, ptn_auth_table_e table,
    size_t i)
{
    const ptn_auth_layout_t  *l = &ptn_auth_shared_layout[table];

    return (u_char *) shared + l->offset + i * l->size;
}


void
ptn_auth_shared_lock(ptn_auth_shared_t *shared, ptn_auth_table_e table)
{
    const ptn_auth_layout_t  *l = &ptn_auth_shared_layout[table];

    if (pthread_mutex_lock(&shared->mutex[table]) == EOWNERDEAD) {
        memset((u_char *) shared + l->offset, 0, l->size * l->n);
        pthread_mutex_consistent(&shared->mutex[table]);
    }
}


void
ptn_auth_shared_unlock(ptn_auth_shared_t *shared, ptn_auth_table_e table)
{
    pthread_mutex_unlock(&shared->mutex[table]);
}


/* Keys are random or MACs: any bits of them are as good as a hash. */

static size_t
ptn_auth_shared_set(ptn_auth_table_e table, const u_char *key)
{
    uint32_t  h;

    memcpy(&h, key, sizeof(uint32_t));

    return h % (ptn_auth_shared_layout[table].n / PTN_AUTH_WAYS)
           * PTN_AUTH_WAYS;
}


void *
ptn_auth_shared_find(ptn_auth_shared_t *shared, ptn_auth_table_e table,
    const u_char *key)
{
    size_t             i, set;
    ptn_auth_entry_t  *e;

    set = ptn_auth_shared_set(table, key);

    for (i = 0; i < PTN_AUTH_WAYS; i++) {
        e = (ptn_auth_entry_t *) ptn_auth_shared_entry(shared, table, set + i);

        if (e->used != 0 && memcmp(e->key, key, PTN_AUTH_KEY) == 0) {
            return e;
        }
    }

    return NULL;
}


void *
ptn_auth_shared_take(ptn_auth_shared_t *shared, ptn_auth_table_e table,
    const u_char *key, uint64_t now)
{
    size_t             i, set;
    ptn_auth_entry_t  *e, *oldest;

    e = ptn_auth_shared_find(shared, table, key);
    if (e != NULL) {
        e->used = now + 1;
        return e;
    }

    set = ptn_auth_shared_set(table, key);
    oldest = (ptn_auth_entry_t *) ptn_auth_shared_entry(shared, table, set);

    for (i = 1; i < PTN_AUTH_WAYS; i++) {
        e = (ptn_auth_entry_t *) ptn_auth_shared_entry(shared, table, set + i);

        if (e->used < oldest->used) {
            oldest = e;
        }
    }

    memset(oldest, 0, ptn_auth_shared_layout[table].size);
    memcpy(oldest->key, key, PTN_AUTH_KEY);
    oldest->used = now + 1;

    return oldest;
}
