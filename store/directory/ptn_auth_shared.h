/*
 * Private to store/directory: what all processes that sign people in share.
 *
 * The region lies in memory that nginx workers unmap (ptn_world_private()).
 * It holds three tables, each a number of sets of a few ways: the key picks
 * the set, the ways are searched, the least recently used one gives way.  No
 * pointers, nothing grows.  One robust mutex a table, held for well under a
 * microsecond; when its holder died the table is emptied, so that no half
 * written entry is ever believed: people sign in again.
 */

#ifndef PTN_AUTH_SHARED_H
#define PTN_AUTH_SHARED_H


#include <pthread.h>
#include <stdatomic.h>

#include "ptn_auth.h"


#define PTN_AUTH_KEY        16
#define PTN_AUTH_WAYS       16

#define PTN_AUTH_HANDLES    65536       /* entries: 4 MB */
#define PTN_AUTH_CREDENTIALS 16384      /* 1.3 MB */
#define PTN_AUTH_THROTTLES  16384       /* 0.75 MB */

/* Every entry begins so; `used` 0: the way is free. */
typedef struct {
    u_char    key[PTN_AUTH_KEY];
    uint64_t  used;                     /* ms, of the clock, plus 1 */
} ptn_auth_entry_t;

typedef struct {
    ptn_auth_entry_t  e;                /* key: the handle */
    uint64_t          user;
    uint64_t          generation;
    uint32_t          refs;
    uint32_t          service;
} ptn_auth_handle_entry_t;

typedef struct {
    ptn_auth_entry_t  e;                /* key: half of the MAC */
    u_char            mac[16];          /* the other half */
    uint64_t          user;
    uint64_t          generation;
    uint64_t          verified;         /* ms */
    ptn_handle_t      handle;
} ptn_auth_cred_entry_t;

typedef struct {
    ptn_auth_entry_t  e;                /* key: MAC of address or login */
    uint32_t          failed;
    uint32_t          pending;          /* hashes under way */
    uint64_t          last;             /* ms of the last attempt */
    uint64_t          until;            /* ms; refused before */
} ptn_auth_throttle_entry_t;

#define PTN_AUTH_TABLES(T)                                                    \
    T(handle,   ptn_auth_handle_entry_t,   PTN_AUTH_HANDLES)                  \
    T(cred,     ptn_auth_cred_entry_t,     PTN_AUTH_CREDENTIALS)              \
    T(throttle, ptn_auth_throttle_entry_t, PTN_AUTH_THROTTLES)

typedef enum {
#define PTN_AUTH_TABLE_ENUM(name, type, n)  PTN_AUTH_TABLE_##name,
    PTN_AUTH_TABLES(PTN_AUTH_TABLE_ENUM)
#undef PTN_AUTH_TABLE_ENUM
    PTN_AUTH_TABLE_MAX
} ptn_auth_table_e;

typedef struct {
    _Atomic uint64_t  state;            /* 0, pid of the maker, or READY */
    uint64_t          size;
    u_char            secret[32];       /* keys the MACs */
    pthread_mutex_t   mutex[PTN_AUTH_TABLE_MAX];
#define PTN_AUTH_TABLE_MEMBER(name, type, n)  type  name[n];
    PTN_AUTH_TABLES(PTN_AUTH_TABLE_MEMBER)
#undef PTN_AUTH_TABLE_MEMBER
} ptn_auth_shared_t;


/* Makes a zeroed region ready, or waits for who is doing so. */
ptn_rc_t ptn_auth_shared_init(ptn_auth_shared_t *shared);

void ptn_auth_shared_lock(ptn_auth_shared_t *shared, ptn_auth_table_e table);
void ptn_auth_shared_unlock(ptn_auth_shared_t *shared,
    ptn_auth_table_e table);

/* With the lock held.  NULL: not there.  Whoever uses it sets e.used. */
void *ptn_auth_shared_find(ptn_auth_shared_t *shared, ptn_auth_table_e table,
    const u_char *key);

/* The entry of `key`, or a zeroed one in place of the oldest of its set. */
void *ptn_auth_shared_take(ptn_auth_shared_t *shared, ptn_auth_table_e table,
    const u_char *key, uint64_t now);


/*
 * The throttle.  A key may fail PTN_THROTTLE_*_FREE times; from then on each
 * failure shuts it for twice as long as the one before, up to a limit, and
 * only one attempt at a time is let through.  Quiet for a while, it forgets.
 */
typedef struct {
    uint32_t  free;
    uint32_t  parallel;                 /* attempts under way at once */
    uint64_t  delay_max;                /* ms */
} ptn_auth_rule_t;

#define PTN_AUTH_THROTTLE_FIRST    1000     /* ms */
#define PTN_AUTH_THROTTLE_FORGET   (15 * 60 * 1000)
#define PTN_AUTH_THROTTLE_PENDING  (30 * 1000)  /* its process died */

/* ETHROTTLE, or the attempt is counted as under way. */
ptn_rc_t ptn_auth_throttle_begin(ptn_auth_shared_t *shared,
    const ptn_auth_rule_t *rule, const u_char *key, uint64_t now);

/* ETHROTTLE: shut.  Counts nothing. */
ptn_rc_t ptn_auth_throttle_look(ptn_auth_shared_t *shared, const u_char *key,
    uint64_t now);

/* The attempt failed, or ended for a reason that is not the user's. */
void ptn_auth_throttle_failed(ptn_auth_shared_t *shared,
    const ptn_auth_rule_t *rule, const u_char *key, uint64_t now);
void ptn_auth_throttle_dropped(ptn_auth_shared_t *shared,
    const u_char *key);

/* It succeeded: forgives up to `n` failures; returns how many there were. */
uint32_t ptn_auth_throttle_good(ptn_auth_shared_t *shared, const u_char *key,
    uint32_t n);


#endif /* PTN_AUTH_SHARED_H */
