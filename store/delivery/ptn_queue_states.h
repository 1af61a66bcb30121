/*
 * The index of the queue, privately: ptn_queue_index.c (segments, messages)
 * and ptn_queue_states.c (the log of recipients' states).
 */

#ifndef PTN_QUEUE_STATES_H
#define PTN_QUEUE_STATES_H


#include "ptn_queue_index.h"


#define PTN_QINDEX_ALL    0xffffffff        /* state of a whole message */


struct ptn_qseg_s {
    ptn_qseg_t  *next;
    ptn_qmsg_t  *msgs;
    char        *path;
    int          fd;                /* while it is being read */
    off_t        read;              /* next record */
    uint32_t     undone;
    uint32_t     bad;
    bool         complete;          /* no writer, all read */
};

/* A state that was read from the log before its message was. */
typedef struct {
    uint64_t         id;
    size_t           seq;
    ptn_seg_state_t  st;            /* detail malloc'ed */
} ptn_qindex_old_t;

struct ptn_qindex_s {
    const ptn_conf_t  *conf;
    ptn_io_t          *io;
    ptn_log_t         *log;
    bool               writer;
    char               dir[PTN_SEG_PATH];

    ptn_qseg_t        *segs;
    ptn_qmsg_t       **hash;
    size_t             nhash, nmsgs, waiting;

    ptn_qindex_old_t  *old;         /* sorted by id, seq */
    size_t             nold, old_size;

    /* the state log */
    ptn_pool_t        *pool;        /* of buf */
    ptn_buf_t          buf;         /* records to be written */
    int                fd;
    char               path[PTN_SEG_PATH];
    uint64_t           number;
    off_t              len;

    int                data_fd;     /* of the segment read last */
    ptn_qseg_t        *data_seg;
};


/* A state, as read or noted, comes to bear on its message. */
void ptn_qindex_apply(ptn_qindex_t *ix, ptn_qmsg_t *m,
    const ptn_seg_state_t *st);

bool ptn_qindex_suffix(const char *name, const char *suffix);

/* All state logs into ix->old; what is still of use into a new log. */
ptn_rc_t ptn_qindex_states_load(ptn_qindex_t *ix);
ptn_rc_t ptn_qindex_states_rewrite(ptn_qindex_t *ix);
void ptn_qindex_old_done(ptn_qindex_t *ix);


#endif /* PTN_QUEUE_STATES_H */
