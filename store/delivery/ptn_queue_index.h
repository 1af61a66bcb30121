/*
 * store/delivery: the queue as the clerk sees it (ptn_queue_index.c): all
 * writers' segments read into an index of messages and recipients, their
 * state kept in a log of its own, segments unlinked when all in them is done.
 *
 * In memory a waiting message costs some 200 bytes and its addresses; a done
 * one, until its segment goes, about 100.
 *
 * Order of durability: a recipient's state is appended and synced after what
 * it tells of is durable, so a crash repeats a step and never skips one.  A
 * segment's unlink is synced before its states are left out of a new state
 * log.
 */

#ifndef PTN_QUEUE_INDEX_H
#define PTN_QUEUE_INDEX_H


#include "ptn_queue_seg.h"


typedef struct ptn_qindex_s  ptn_qindex_t;
typedef struct ptn_qseg_s    ptn_qseg_t;
typedef struct ptn_qmsg_s    ptn_qmsg_t;

typedef struct {
    ptn_str_t  address;
    uint32_t   status;              /* ptn_queue_status_e */
    uint32_t   attempts;
    int64_t    due;                 /* microseconds since 1970, 0: now */
    char      *detail;              /* malloc'ed or NULL */
} ptn_qrcpt_t;

struct ptn_qmsg_s {
    ptn_qmsg_t   *next;             /* of the hash */
    ptn_qmsg_t   *seg_next;
    ptn_qseg_t   *seg;
    uint64_t      id;
    uint64_t      off, len;         /* of the data in the segment */
    uint32_t      crc;
    uint32_t      flags;
    int64_t       arrived;
    uint32_t      nrcpt, left;      /* left: not done */
    bool          again;            /* its id was there before: done */
    u_char       *meta;             /* what the strings point into */
    ptn_str_t     sender;
    ptn_qrcpt_t  *rcpt;             /* NULL when done */

    /* the runner's */
    int64_t       due;
    uint64_t      seq;
    size_t        heap;             /* place in its heap, from 1; 0: none */
    bool          busy;             /* with the relay */
};


/*
 * `writer` true: the clerk, which owns states and unlinks.  False: a reader
 * of the files as they are (ptn_queue_list).
 */
ptn_rc_t ptn_qindex_open(const ptn_conf_t *conf, ptn_io_t *io, ptn_log_t *log,
    bool writer, ptn_qindex_t **ret_ix);
void ptn_qindex_close(ptn_qindex_t *ix);

/*
 * Reads what has been added.  `found` is called for each message that is not
 * done; it keeps the pointer until the message is done.
 */
ptn_rc_t ptn_qindex_scan(ptn_qindex_t *ix,
    void (*found)(void *ctx, ptn_qmsg_t *msg), void *ctx);

/* What ptn_qindex_open() found, and all that was found since: not done. */
void ptn_qindex_each(ptn_qindex_t *ix,
    void (*found)(void *ctx, ptn_qmsg_t *msg), void *ctx);

/*
 * Notes a recipient's new state (status, attempts, due, detail of
 * msg->rcpt[n] are set by this), to be made durable by ptn_qindex_sync().
 * When the last recipient is done the message's strings are freed.
 */
void ptn_qindex_state(ptn_qindex_t *ix, ptn_qmsg_t *msg, uint32_t n,
    const ptn_seg_state_t *st);
ptn_rc_t ptn_qindex_sync(ptn_qindex_t *ix);

/* Unlinks segments that are done; rewrites the state log when it is long. */
void ptn_qindex_clean(ptn_qindex_t *ix);

/*
 * The data, checked, into `p` (msg->len bytes).  ECORRUPT: its bytes are not
 * what was acknowledged.  EIO also when they are not all there yet.
 */
ptn_rc_t ptn_qindex_read(ptn_qindex_t *ix, const ptn_qmsg_t *msg, u_char *p);

/* Its first bytes, at most n, unchecked: the header for logs and reports. */
size_t ptn_qindex_peek(ptn_qindex_t *ix, const ptn_qmsg_t *msg, u_char *p,
    size_t n);

/* The message cannot be read: it is done with, its segment is kept. */
void ptn_qindex_bad(ptn_qindex_t *ix, ptn_qmsg_t *msg);

const char *ptn_qindex_path(const ptn_qmsg_t *msg);

/* Its segment has no writer any more. */
bool ptn_qindex_complete(const ptn_qmsg_t *msg);

size_t ptn_qindex_waiting(const ptn_qindex_t *ix);

/* True once after ptn_queue_flush(). */
bool ptn_qindex_flushed(ptn_qindex_t *ix);


#endif /* PTN_QUEUE_INDEX_H */
