/*
 * mail_stream/core: the joint between the stream nginx module and a mail
 * protocol's logic.  One ptn_stream_proto_t per protocol; neither half knows
 * the other's insides, and the logic runs in unit tests without nginx
 * (t/unit/stream_driver.h).
 *
 * Worker side: bytes arrive, `frame` cuts them into units.  A unit is one
 * command: its text, and a body (large IMAP literals, SMTP message data) that
 * the worker keeps in memory while small and spools to a nameless file else.
 * Complete units that are at hand go to the store as one job (pipelining).
 *
 * Store side: `input` is called for each unit, in order, and writes replies.
 * After each it leaves in s->next what must happen then: the mode in which
 * the following bytes are to be framed, TLS, parking, closing.  A change of
 * mode ends the job; the units behind it are framed anew by the worker.
 *
 * The stream's state is a session of the pool (ptn_job.h).  After sign-in the
 * stream may move once to the store that its mailbox prefers: next.move_slot
 * and the sign-in handle are all that goes along (`open` is called there with
 * the handle; state held before sign-in is nothing worth keeping).
 */

#ifndef PTN_STREAM_H
#define PTN_STREAM_H


#include "ptn_base.h"
#include "ptn_conf.h"
#include "ptn_app.h"


/* A literal above this goes to the unit's body, in order of appearance. */
#define PTN_STREAM_LITERAL_INLINE   4096
/* A body up to this travels with the job, above it as a file. */
#define PTN_STREAM_BODY_INLINE      (64 * 1024)
/* A unit's text (all lines and inline literals of one command). */
#define PTN_STREAM_TEXT_MAX         (64 * 1024)
#define PTN_STREAM_TEXT_MAX_UNAUTH  (8 * 1024)

/* How the next bytes are framed; the meaning of the rest is the protocol's. */
typedef enum {
    PTN_MODE_COMMAND,
    PTN_MODE_LINE,          /* one line belongs to the command under way
                               (AUTHENTICATE response, DONE of IDLE) */
    PTN_MODE_DATA           /* SMTP: up to CRLF.CRLF */
} ptn_stream_mode_e;

typedef enum {
    PTN_THEN_READ,          /* go on */
    PTN_THEN_TLS,           /* flush, drop all input, handshake, then `open`
                               anew with s->peer.tls set */
    PTN_THEN_CLOSE          /* flush, close */
} ptn_stream_then_e;

/* Travels to the worker in the job's trailer.  Checked there: untrusted. */
typedef struct {
    uint8_t       mode;             /* ptn_stream_mode_e */
    uint8_t       then;             /* ptn_stream_then_e */
    uint8_t       authenticated;    /* raises text_max, idle time */
    uint8_t       watch;            /* wake me when watch_slot moves beyond
                                       watch_version (IDLE) */
    uint32_t      watch_slot;
    uint64_t      watch_version;
    uint64_t      body_max;         /* larger is refused by `frame` */
    uint32_t      timeout;          /* seconds of silence until `timeout` */
    uint32_t      move_slot;        /* PTN_SLOT_ANY: stay */
    ptn_handle_t  handle;           /* sign-in, for the move */
} ptn_stream_next_t;

typedef struct {
    bool       tls;
    bool       starttls;            /* the server can, and not yet done */
    bool       local;               /* loopback peer */
    ptn_str_t  addr;                /* textual peer address */
    uint16_t   port;
    uint16_t   listen_port;
    ptn_str_t  variant;             /* directive's argument: "smtp",
                                       "submission", "lmtp", "imap" */
} ptn_stream_peer_t;


/* Worker side. */

typedef enum {
    PTN_FRAME_MORE,         /* all of `in` was looked at, nothing complete */
    PTN_FRAME_TEXT,         /* the first `n` bytes are text of this unit and a
                               body follows: take them, call again */
    PTN_FRAME_BODY,         /* the first `n` bytes are body: take, call again */
    PTN_FRAME_UNIT,         /* the first `n` bytes (0 allowed) are the rest of
                               the text: take them, the unit is complete */
    PTN_FRAME_SEND,         /* send `reply`, call again */
    PTN_FRAME_SKIP,         /* drop the first `n` bytes, call again */
    PTN_FRAME_FAIL          /* send `reply`, close */
} ptn_frame_e;

typedef enum {
    PTN_CLASS_SHORT, PTN_CLASS_WRITE, PTN_CLASS_BULK, PTN_CLASS_AUTH,
    PTN_CLASS_MAX
} ptn_class_e;

/*
 * The scanner's state, kept in the worker between calls and zeroed before each
 * unit but for `next` and `text_max`.
 *
 * `in` is always what has arrived and was not yet taken.  After TEXT, BODY,
 * UNIT and SKIP the worker removes the first `n` bytes and sets `scanned` to
 * 0; after MORE and SEND it leaves `in` and `scanned` alone, so that `frame`
 * looks at no byte twice.  Inline literals are not taken apart: they stay in
 * `in` until the TEXT or UNIT that takes them with their command.  A body is
 * taken as it comes (BODY for whatever is there), so memory stays bounded.
 * PTN_MODE_DATA: a body (the message without dot-stuffing, with its last
 * CRLF), then UNIT whose text is what ended it (ptn_smtp.h).
 */
typedef struct {
    const ptn_stream_next_t  *next;
    size_t                    text_max;
    size_t                    scanned;      /* of `in`; 0 when bytes of `in`
                                               were just taken */
    uint64_t                  body_left;    /* of the literal under way */
    uint64_t                  body_len;     /* so far in this unit; both are
                                               kept by `frame` */
    uint64_t                  state;        /* the protocol's own */
    size_t                    n;            /* out */
    ptn_class_e               cls;          /* out, with UNIT: lane and batch */
    bool                      barrier;      /* out, with UNIT: its answer may
                                               change the mode (AUTH, DATA,
                                               IDLE, STARTTLS ...): nothing
                                               behind it is framed before */
    ptn_str_t                 reply;        /* out: static bytes */
} ptn_frame_t;


/* Store side. */

typedef struct {
    ptn_str_t  text;            /* with its CRLFs and inline literals */
    uint64_t   body_len;
    ptn_str_t  body;            /* all of it, in memory (mapped when large) */
} ptn_stream_unit_t;

typedef struct ptn_stream_s  ptn_stream_t;

struct ptn_stream_s {
    ptn_pool_t              *pool;      /* of this job */
    ptn_app_t               *app;       /* of this executor */
    const ptn_conf_t        *conf;
    ptn_log_t               *log;
    const ptn_stream_peer_t *peer;
    void                    *state;     /* proto->state_size, zeroed first */
    uint32_t                 store;     /* this store process's number */
    ptn_stream_next_t        next;      /* in: as it was; out */
    void                    *ready;     /* of `prepare` for `input` */
    uint32_t                 waiting;   /* jobs that wait behind this one */

    /* of the driver: */
    ptn_rc_t  (*write)(ptn_stream_t *s, const void *data, size_t len);
    ptn_rc_t  (*write_fd)(ptn_stream_t *s, int fd, uint64_t off, uint64_t len);
    ptn_rc_t  (*flush)(ptn_stream_t *s);    /* progress of a long reply */
    bool      (*cancelled)(ptn_stream_t *s);
    ptn_rc_t  (*acquire)(ptn_stream_t *s, uint64_t user);
    void      (*release)(ptn_stream_t *s);
    void       *driver;
};

typedef struct {
    const char  *name;              /* "imap" */
    size_t       state_size;
    /* said by the worker itself when no store answers, or it shuts down */
    ptn_str_t    busy;              /* "* BYE Temporarily unavailable\r\n" */
    ptn_str_t    shutdown;          /* "* BYE Server shutting down\r\n" */
    ptn_str_t    timeout;           /* "* BYE Autologout\r\n" */

    /* worker side: pure */
    ptn_frame_e  (*frame)(ptn_frame_t *f, ptn_str_t in);

    /*
     * Store side.  An error return closes the stream after what was written;
     * protocol errors are replies, not error returns.
     *
     * open: connection made (greeting is due), after STARTTLS (no greeting),
     *     or after a move (`handle` not NULL: signed in, no greeting).
     * input: one unit.   wake: the watched slot moved, or the keep-alive
     * time of a parked stream came.
     * failed: the batch that holds the unit could not be committed; word it
     *     (the reply written so far is dropped).
     * close: the stream is gone; state is freed after it.
     * prepare: of the next unit, which `input` will be given: what takes time
     *     and changes nothing, into s->ready and s->pool, perhaps while others
     *     write to the mailbox.  The slot that it will write to, or
     *     PTN_SLOT_ANY.  NULL: nothing (ptn_job_type_t).
     */
    ptn_rc_t  (*open)(ptn_stream_t *s, bool greet, const ptn_handle_t *handle);
    ptn_rc_t  (*input)(ptn_stream_t *s, const ptn_stream_unit_t *unit);
    ptn_rc_t  (*wake)(ptn_stream_t *s);
    void      (*failed)(ptn_stream_t *s, const ptn_stream_unit_t *unit,
                  ptn_rc_t rc);
    void      (*close)(void *state, ptn_app_t *app);
    uint32_t  (*prepare)(ptn_stream_t *s, const ptn_stream_unit_t *unit);
} ptn_stream_proto_t;

extern const ptn_stream_proto_t  ptn_imap_proto;
extern const ptn_stream_proto_t  ptn_smtp_proto;     /* and submission, LMTP */


/*
 * Printf to the stream, in the job's pool.  CRLF is the caller's.
 */
ptn_rc_t ptn_stream_printf(ptn_stream_t *s, const char *fmt, ...)
    PTN_PRINTF(2, 3);
ptn_rc_t ptn_stream_str(ptn_stream_t *s, ptn_str_t str);

/*
 * Every stream that signs in says so, and again in the store that it moves to:
 * it counts among the sessions of that user from here to its end, or to
 * sign_out (it moves).  ELIMIT: `sessions_max`; logged.
 */
ptn_rc_t ptn_stream_sign_in(ptn_stream_t *s, const char *service,
    const ptn_actor_t *actor);
void ptn_stream_sign_out(ptn_stream_t *s);


#endif /* PTN_STREAM_H */
