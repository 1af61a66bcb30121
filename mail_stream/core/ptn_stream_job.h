/*
 * mail_stream/core, the jobs of mail streams: what the worker sends, what
 * comes back, and the handlers that turn it into calls of a protocol.
 *
 * A request is a ptn_stream_req_t, the peer's address and variant, a
 * ptn_stream_unit_req_t for each unit, then the units' texts and inline
 * bodies in order.  At most one body, the last unit's, is a file.  All of it is
 * checked against the request's length before use: workers are not trusted.
 *
 * The trailer is a ptn_stream_done_t.
 */

#ifndef PTN_STREAM_JOB_H
#define PTN_STREAM_JOB_H


#include "ptn_job.h"
#include "ptn_stream.h"


#define PTN_STREAM_UNITS_MAX  64
#define PTN_STREAM_ADDR_MAX   64

typedef enum {
    PTN_STREAM_OPEN,            /* greeting is due; no units */
    PTN_STREAM_OPEN_TLS,        /* after STARTTLS; no units */
    PTN_STREAM_MOVE,            /* signed in elsewhere: handle; then units */
    PTN_STREAM_INPUT,           /* units */
    PTN_STREAM_WAKE             /* watched slot moved, or keep-alive */
} ptn_stream_kind_e;

typedef struct {
    uint8_t       kind;
    uint8_t       proto;        /* index in ptn_stream_protos */
    uint8_t       tls;
    uint8_t       local;
    uint16_t      port;
    uint16_t      listen_port;
    uint8_t       addr_len;
    uint8_t       variant_len;
    uint16_t      nunits;
    uint8_t       starttls;
    uint8_t       reserved[3];
    ptn_handle_t  handle;
} ptn_stream_req_t;

typedef struct {
    uint32_t      text_len;
    uint32_t      in_file;      /* the body is the job's file */
    uint64_t      body_len;
} ptn_stream_unit_req_t;

typedef struct {
    ptn_stream_next_t  next;
    uint32_t           consumed;    /* units that were handled */
} ptn_stream_done_t;


/* The protocols, NULL-terminated; the index travels in requests. */
extern const ptn_stream_proto_t *const  ptn_stream_protos[];

/*
 * The job types of all streams, ending in a row without a name; the one of a
 * unit's class is ptn_stream_jobs[class].
 */
extern const ptn_job_type_t  ptn_stream_jobs[];


#endif /* PTN_STREAM_JOB_H */
