/*
 * MAPI/HTTP (MS-OXCMAPIHTTP), the mailbox endpoint: what stands between a
 * POST and ptn_rop.h.  One job type, mapi.request, answers every request type;
 * mapi.poke wakes a parked NotificationWait.
 *
 * A Session Context is a session of the pool (ptn_job.h); its id is the value
 * of the cookie MapiContext.  MapiSequence numbers the requests: it moves with
 * each Execute, and a request with another number is refused (3.2.5.1).
 * NotificationWait may run beside others and leaves the number alone; because
 * its answer may reach the client after a later one, the number it repeated is
 * accepted once more.
 */

#ifndef PTN_MAPIHTTP_H
#define PTN_MAPIHTTP_H


#include "ptn_http_head.h"
#include "ptn_http_meta.h"
#include "ptn_rop.h"


/* X-ResponseCode, 2.2.3.3.3 */
#define PTN_MAPI_RESPONSE_CODES(R)                                            \
    R(SUCCESS,            0, "Success")                                       \
    R(UNKNOWN,            1, "Unknown Failure")                               \
    R(INVALID_VERB,       2, "Invalid Verb")                                  \
    R(INVALID_PATH,       3, "Invalid Path")                                  \
    R(INVALID_HEADER,     4, "Invalid Header")                                \
    R(INVALID_TYPE,       5, "Invalid Request Type")                          \
    R(INVALID_COOKIE,     6, "Invalid Context Cookie")                        \
    R(MISSING_HEADER,     7, "Missing Header")                                \
    R(ANONYMOUS,          8, "Anonymous Not Allowed")                         \
    R(TOO_LARGE,          9, "Too Large")                                     \
    R(NO_CONTEXT,        10, "Context Not Found")                             \
    R(NO_PRIVILEGE,      11, "No Privilege")                                  \
    R(INVALID_BODY,      12, "Invalid Request Body")                          \
    R(MISSING_COOKIE,    13, "Missing Cookie")                                \
    R(INVALID_SEQUENCE,  15, "Invalid Sequence")                              \
    R(DISABLED,          16, "Endpoint Disabled")                             \
    R(INVALID_RESPONSE,  17, "Invalid Response")                              \
    R(SHUTTING_DOWN,     18, "Endpoint Shutting Down")

typedef enum {
#define PTN_MAPI_CODE_ENUM(name, n, text)  PTN_MAPI_X_##name = n,
    PTN_MAPI_RESPONSE_CODES(PTN_MAPI_CODE_ENUM)
#undef PTN_MAPI_CODE_ENUM
    PTN_MAPI_X_MAX = 19
} ptn_mapi_code_e;


/* --- bodies, 2.2.4 ------------------------------------------------------- */

#define PTN_MAPI_CONNECT_REQ(F, T)                                            \
    F(T, str8z,  user_dn)                                                     \
    F(T, u32,    flags)                                                       \
    F(T, u32,    code_page)                                                   \
    F(T, u32,    lcid_sort)                                                   \
    F(T, u32,    lcid_string)                                                 \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_connect_req, PTN_MAPI_CONNECT_REQ)

#define PTN_MAPI_CONNECT_RES(F, T)                                            \
    F(T, u32,     status_code)                                                \
    F(T, u32,     error_code)                                                 \
    F(T, u32,     polls_max)    /* ms */                                      \
    F(T, u32,     retry_count)                                                \
    F(T, u32,     retry_delay)  /* ms */                                      \
    F(T, str8z,   dn_prefix)                                                  \
    F(T, str16z,  display_name)                                               \
    F(T, bin32,   aux)
PTN_WIRE(ptn_mapi_connect_res, PTN_MAPI_CONNECT_RES)

#define PTN_MAPI_EXECUTE_REQ(F, T)                                            \
    F(T, u32,    flags)         /* MS-OXCRPC 3.1.4.2 pulFlags */              \
    F(T, bin32,  rop_buffer)                                                  \
    F(T, u32,    max_rop_out)                                                 \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_execute_req, PTN_MAPI_EXECUTE_REQ)

#define PTN_MAPI_EXECUTE_RES(F, T)                                            \
    F(T, u32,    status_code)                                                 \
    F(T, u32,    error_code)                                                  \
    F(T, u32,    flags)                                                       \
    F(T, bin32,  rop_buffer)                                                  \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_execute_res, PTN_MAPI_EXECUTE_RES)

#define PTN_MAPI_DISCONNECT_REQ(F, T)                                         \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_disconnect_req, PTN_MAPI_DISCONNECT_REQ)

#define PTN_MAPI_DISCONNECT_RES(F, T)                                         \
    F(T, u32,    status_code)                                                 \
    F(T, u32,    error_code)                                                  \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_disconnect_res, PTN_MAPI_DISCONNECT_RES)

#define PTN_MAPI_WAIT_REQ(F, T)                                               \
    F(T, u32,    flags)                                                       \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_wait_req, PTN_MAPI_WAIT_REQ)

#define PTN_MAPI_WAIT_RES(F, T)                                               \
    F(T, u32,    status_code)                                                 \
    F(T, u32,    error_code)                                                  \
    F(T, u32,    event_pending)                                               \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_wait_res, PTN_MAPI_WAIT_RES)

/* Whenever StatusCode is not 0. */
#define PTN_MAPI_FAILURE_RES(F, T)                                            \
    F(T, u32,    status_code)                                                 \
    F(T, bin32,  aux)
PTN_WIRE(ptn_mapi_failure_res, PTN_MAPI_FAILURE_RES)

/* All of them, NULL at the end: for tests, fuzzing, dumps. */
extern const ptn_wire_t *const  ptn_mapi_wires[];

/* pulFlags of Execute */
#define PTN_MAPI_NO_COMPRESSION  0x00000001
#define PTN_MAPI_NO_XOR_MAGIC    0x00000002
#define PTN_MAPI_CHAIN           0x00000004

/* ErrorCode, StatusCode beside those of ptn_rop.h */
#define PTN_MAPI_RPC_FAILED      0x80040115     /* ecRpcFailed */
#define PTN_MAPI_BAD_STUB_DATA   0x000006f7     /* RPC_X_BAD_STUB_DATA */
#define PTN_MAPI_REJECTED        0x000007ee

#define PTN_MAPI_ROP_IN_MAX      0x00040000
#define PTN_MAPI_ROP_OUT_MAX     0x00040000
#define PTN_MAPI_AUX_MAX         0x00001008
#define PTN_MAPI_PAYLOADS_MAX    96


/* --- extended buffers (ptn_mapihttp_ext.c; MS-OXCRPC 2.2.2.1, 3.1.4.2.1) - */

#define PTN_MAPI_EXT_LEN  8

/*
 * The next payload of *in, which moves behind it; plain, in `pool` where it
 * was compressed or obfuscated (else a part of the input).  *ret_last: there
 * are no more.  EPARSE, ETRUNC, ECORRUPT: ecRpcFormat.
 */
ptn_rc_t ptn_mapi_ext_pull(ptn_pool_t *pool, ptn_str_t *in,
    ptn_str_t *ret_payload, bool *ret_last);

/*
 * Around a payload that was appended to `out` behind PTN_MAPI_EXT_LEN bytes of
 * room: compresses and obfuscates as pulFlags allow and fills in the header at
 * `at`.  `last` can be set later by ptn_mapi_ext_last().
 */
void ptn_mapi_ext_seal(ptn_buf_t *out, size_t at, uint32_t flags);
void ptn_mapi_ext_last(ptn_buf_t *out, size_t at);

/*
 * Execute without HTTP: runs the extended buffers of `in` for a session and
 * appends those of the answer.  *ret_error: ErrorCode; the return value, when
 * not OK, becomes StatusCode.
 */
ptn_rc_t ptn_mapi_execute_buffers(ptn_rop_ctx_t *ctx, ptn_str_t in,
    uint32_t flags, uint32_t max, ptn_buf_t *out, uint32_t *ret_error);


/* --- contexts, requests -------------------------------------------------- */

typedef struct {
    ptn_rop_session_t  rop;
    uint32_t           sequence;
    uint32_t           repeated;        /* by a NotificationWait; 0: none */

    ptn_job_t         *wait;            /* parked NotificationWait */
    uint64_t           wait_start, wait_end;    /* ptn_time_mono() */
    int64_t            wait_time;
    uint32_t           wait_logons;     /* logons_changed by then */
} ptn_mapi_context_t;

typedef struct {
    ptn_job_t           *job;
    ptn_app_t           *app;
    ptn_http_head_t      head;
    ptn_str_t            body;
    ptn_actor_t          actor;
    ptn_mapi_context_t  *context;       /* NULL: none */
    ptn_session_t       *session;
    uint64_t             start;         /* ptn_time_mono() */
    int64_t              time;          /* ptn_time_now() */
} ptn_mapi_request_t;

/* META for a context's answer; X-ResponseCode 0. */
void ptn_mapi_meta(ptn_mapi_request_t *r, ptn_http_meta_t *meta);

/* The whole answer: META, PROCESSING, DONE, additional headers, body. */
ptn_rc_t ptn_mapi_answer(ptn_mapi_request_t *r, const ptn_wire_t *wire,
    const void *res);

/* X-ResponseCode `code` and a few words (2.2.2.2). */
ptn_rc_t ptn_mapi_refuse(ptn_mapi_request_t *r, ptn_mapi_code_e code);

/* "DONE", the additional headers and the empty line. */
void ptn_mapi_done(ptn_buf_t *out, uint64_t start, int64_t time,
    ptn_mapi_code_e code);

void ptn_mapi_ctx(ptn_mapi_request_t *r, ptn_rop_ctx_t *ret_ctx);

/* ptn_mapihttp_wait.c */
ptn_rc_t ptn_mapi_wait(ptn_mapi_request_t *r);
ptn_rc_t ptn_mapi_poke(ptn_job_t *job);
/* A parked wait, if there is one, ends with EventPending. */
void ptn_mapi_wait_end(ptn_mapi_context_t *context, ptn_mapi_code_e code,
    bool pending);
/* After an Execute: has the parked one something to tell? */
void ptn_mapi_wait_check(ptn_mapi_context_t *context);


extern const ptn_job_type_t  ptn_mapi_jobs[];


#endif /* PTN_MAPIHTTP_H */
