/*
 * store/base: what every other room stands on.
 *
 *   ptn_err.h    error codes and their answer in each protocol
 *   ptn_pool.h   arenas
 *   ptn_str.h    counted strings, growing buffers
 *   ptn_log.h    log files
 *   ptn_time.h   clocks
 *   ptn_io.h     the one table through which all durable file I/O goes
 *   ptn_conf.h   the effective configuration, as plain C
 *
 * Nothing here knows nginx, mail or SQL.  No global is writable.
 */

#ifndef PTN_BASE_H
#define PTN_BASE_H


#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "ptn_err.h"


#define PTN_CLEAN_UP(f)   __attribute__((cleanup(f)))
#define PTN_PRINTF(f, a)  __attribute__((format(printf, f, a)))
#define PTN_UNUSED        __attribute__((unused))

#define ptn_nelts(a)      (sizeof(a) / sizeof((a)[0]))
#define ptn_min(a, b)     ((a) < (b) ? (a) : (b))
#define ptn_max(a, b)     ((a) > (b) ? (a) : (b))


/* An object id or change number: 48 bits are used (DESIGN 3). */
typedef uint64_t  ptn_id_t;

/* 128 bits: GUIDs in the byte order of the wire, handles, session ids. */
typedef struct {
    u_char  b[16];
} ptn_guid_t;


#include "ptn_pool.h"
#include "ptn_str.h"
#include "ptn_log.h"
#include "ptn_time.h"


#endif /* PTN_BASE_H */
