/*
 * store/delivery: the queue's file format, shared by the writer
 * (ptn_queue.c), the clerk's reader (ptn_queue_index.c) and its state log.
 *
 * A segment is a file header and records.  A record is a fixed head, `meta`
 * and `data`, each with a CRC-32C of its own; integers are little endian.
 *
 *     file    "PTNQSEG1" u32 version u32 kind u64 0 u32 0 u32 crc
 *     head    u32 magic u32 type u64 id u32 meta_len u32 meta_crc
 *             u64 data_len u32 data_crc u32 crc
 *     MSG     meta: i64 arrived u32 flags u32 nrcpt str sender str rcpt[]
 *             data: the message
 *     STATE   meta: u32 rcpt u32 status u32 attempts u32 0 i64 due str detail
 *     str     u16 len, bytes
 *
 * A writer holds flock(LOCK_EX) on its segment for as long as it may append.
 * A segment gets its name (link) only when it is locked and has its header,
 * so whoever sees a segment unlocked knows it is complete: what follows the
 * last good record is a torn tail that nobody was told about.
 */

#ifndef PTN_QUEUE_SEG_H
#define PTN_QUEUE_SEG_H


#include "ptn_base.h"
#include "ptn_io.h"
#include "ptn_queue.h"


#define PTN_SEG_HEADER     32
#define PTN_SEG_HEAD       40
#define PTN_SEG_META_MAX   (16 * 1024 * 1024)
#define PTN_SEG_VERSION    1

#define PTN_SEG_MESSAGES   1        /* kind: "<writer>-<n>.seg" */
#define PTN_SEG_STATES     2        /* kind: "<writer>-<n>.state" */

#define PTN_SEG_MSG        1        /* type */
#define PTN_SEG_STATE      2

typedef struct {
    uint32_t  type;
    uint64_t  id;
    uint32_t  meta_len, meta_crc;
    uint64_t  data_len;
    uint32_t  data_crc;
} ptn_seg_head_t;

typedef struct {
    uint32_t   rcpt;
    uint32_t   status;              /* ptn_queue_status_e */
    uint32_t   attempts;
    int64_t    due;                 /* microseconds since 1970 */
    ptn_str_t  detail;              /* last reply */
} ptn_seg_state_t;


uint32_t ptn_queue_crc(uint32_t crc, const void *data, size_t len);

/* `p` has PTN_SEG_HEADER and PTN_SEG_HEAD bytes. */
void ptn_seg_header_put(u_char *p, uint32_t kind);
ptn_rc_t ptn_seg_header_get(const u_char *p, uint32_t kind);
void ptn_seg_head_put(u_char *p, const ptn_seg_head_t *head);
ptn_rc_t ptn_seg_head_get(const u_char *p, ptn_seg_head_t *ret);

void ptn_seg_msg_put(ptn_buf_t *b, const ptn_queue_msg_t *msg);
/* Strings point into `meta`; msg->rcpt is in `pool`; id, data are not set. */
ptn_rc_t ptn_seg_msg_get(ptn_pool_t *pool, ptn_str_t meta,
    ptn_queue_msg_t *ret);

/* A whole STATE record, appended. */
void ptn_seg_state_put(ptn_buf_t *b, uint64_t id, const ptn_seg_state_t *st);
ptn_rc_t ptn_seg_state_get(ptn_str_t meta, ptn_seg_state_t *ret);

/*
 * Makes the next free "<dir>/<writer>-<number>.<suffix>", locked, with its
 * header and its name durable.  *number: where to begin; moves on.
 * ret_path has room for PTN_SEG_PATH bytes.
 */
#define PTN_SEG_PATH  1024

ptn_rc_t ptn_seg_create(ptn_io_t *io, const char *dir, const char *writer,
    uint32_t kind, uint64_t *number, bool fsync, int *ret_fd, char *ret_path);

/* ROOT/queue, made when it is not there. */
ptn_rc_t ptn_seg_dir(ptn_io_t *io, const ptn_conf_t *conf, char *ret_path);

/* Queue ids are 16 hexadecimal digits. */
ptn_str_t ptn_seg_id_str(ptn_pool_t *pool, uint64_t id);
ptn_rc_t ptn_seg_id_parse(ptn_str_t s, uint64_t *ret_id);


#endif /* PTN_QUEUE_SEG_H */
