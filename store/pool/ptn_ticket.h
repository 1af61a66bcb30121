/*
 * A worker's client, privately: ptn_client.c has the slot, submitting and the
 * loop, ptn_client_event.c what comes back.
 */

#ifndef PTN_TICKET_H
#define PTN_TICKET_H


#include "ptn_client.h"
#include "ptn_ring.h"


#define PTN_CLIENT_NONE     0xffffffffu

typedef struct ptn_seg_s  ptn_seg_t;

/* DATA that the caller has not released yet */
struct ptn_seg_s {
    ptn_seg_t     *next;
    size_t         len;             /* still unreleased */
    uint32_t       chunk;           /* NONE: in the cell */
    bool           done;            /* free the chunk with this segment */
};

struct ptn_ticket_s {
    ptn_ticket_t  *next;            /* free list */
    void         (*on_event)(void *data, const ptn_event_t *ev);
    void          *data;
    ptn_seg_t     *segs;
    ptn_seg_t    **segs_last;
    uint32_t       index;
    uint32_t       gen;
    uint32_t       ring;
    uint32_t       off;             /* of the request, NONE: in the cell */
    uint32_t       open_chunk;      /* posted, not yet done; NONE */
    int            body_fd;
    bool           live;            /* FINAL has not come */
    bool           cancelled;
    bool           busy;            /* inside on_event */
};

typedef struct {
    uint32_t      *free;            /* offsets */
    uint32_t       nfree;
} ptn_client_mem_t;

typedef struct ptn_later_s  ptn_later_t;

struct ptn_later_s {
    ptn_later_t   *next;
    ptn_up_t       msg;
};

typedef struct {
    uint32_t       tail;            /* of the ring to the store */
    uint32_t       head;            /* of the ring from it */
    uint32_t       jobs;            /* outstanding */
    ptn_later_t   *later;           /* found the ring full */
    ptn_later_t  **later_last;
} ptn_client_ring_t;

struct ptn_client_s {
    ptn_world_t        *world;
    ptn_log_t          *log;
    ptn_shm_slot_t     *shm;
    uint32_t            w;
    uint32_t            epoch;
    uint64_t            seq;

    ptn_ticket_t       *tickets;
    ptn_ticket_t       *free;
    uint32_t            used;       /* tickets ever used */

    ptn_client_mem_t    mem[3];
    ptn_seg_t          *free_segs;

    ptn_client_ring_t   ring[PTN_RINGS_MAX];
    uint32_t            next_ring;  /* where poll goes on */

    void              (*on_wake)(void *data);
    void               *wake_data;
    bool                wake_due;
    bool                wake[PTN_RINGS_MAX];

    void              (*on_change)(void *data, uint32_t slot,
                            uint64_t version);
    void               *change_data;
    uint32_t            watched[PTN_SLOTS];
    uint64_t            version[PTN_SLOTS];
};


/* ptn_client.c */

void ptn_client_ticket_free(ptn_client_t *client, ptn_ticket_t *t);
ptn_up_t ptn_client_message(ptn_client_t *client, ptn_up_e op, ptn_ticket_t *t);
void ptn_client_tell(ptn_client_t *client, uint32_t r, const ptn_up_t *m);
ptn_rc_t ptn_client_send_file(ptn_client_t *client, ptn_ticket_t *t);


/* ptn_client_event.c */

void ptn_client_message_in(ptn_client_t *client, uint32_t r,
    const ptn_down_t *m);


#endif /* PTN_TICKET_H */
