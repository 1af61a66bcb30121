/*
 * ROPs (MS-OXCROPS): what an Execute request of MAPI/HTTP, or an EcDoRpcExt2
 * of RPC, has done to a mailbox.  ptn_rop_execute() walks a ROP buffer; the
 * rows of ptn_rop_list.h say of each ROP how its request and response look on
 * the wire, where it may run and which function does it.
 *
 * To write a ROP: its fields (store/mapi/ptn_wire_rop*.h), one function, one
 * row.  The function is called with
 *
 *     req  the request behind the head, as its table pulled it; strings point
 *          into the buffer, vectors are in c->pool
 *     res  zeroed, pushed by its table when the function returns PTN_OK, and
 *          with PTN_ROP_ALWAYS also when it does not
 *     c->in   the object of the input handle: it is there, belongs to the
 *             logon that the request names, and has a kind of the row's mask
 *     c->dest the second object (DEST), there too; it may be of another logon
 *
 * A row that makes a handle (OUT) has called ptn_rop_make() when it returns
 * PTN_OK; the dispatcher hands the handle out, or closes the object when the
 * function fails after it.  What is returned becomes ReturnValue by ptn_err(),
 * unless the function sets c->error.  Transactions: begin, commit, done, in
 * the function; Execute is durable as a whole before its reply leaves.
 *
 * ReturnValue of a ROP that is not built: 0x80040102, ecNotSupported.
 */

#ifndef PTN_ROP_H
#define PTN_ROP_H


#include "ptn_app.h"
#include "ptn_eid.h"
#include "ptn_rop_list.h"
#include "ptn_wire_rop.h"


#define PTN_ROP_OBJECTS_MAX   32768     /* per logon (DESIGN 8) */
#define PTN_ROP_HANDLES_MAX   65536     /* per session */
#define PTN_ROP_NO_HANDLE     0xffffffff

/* ReturnValues that are not ptn_err()'s (MS-OXCDATA 2.4) */
#define PTN_MAPI_NOT_SUPPORTED     0x80040102
#define PTN_MAPI_INVALID_OBJECT    0x80040108
#define PTN_MAPI_ACCESS_DENIED     0x80070005
#define PTN_MAPI_NULL_OBJECT       0x000004b9   /* ecNullObject */
#define PTN_MAPI_NO_DEST           0x00000503   /* ecDstNullObject */
#define PTN_MAPI_RPC_FORMAT        0x000004b6   /* ecRpcFormat */
#define PTN_MAPI_BUFFER_TOO_SMALL  0x0000047d
#define PTN_MAPI_TOO_MANY_SESSIONS 0x80040112
#define PTN_MAPI_UNKNOWN_USER      0x000003eb
#define PTN_MAPI_LOGIN_PERM        0x000003f2
#define PTN_MAPI_MAX_OBJECTS       0x000004de   /* TooManyOpenObjects */


/* --- objects ------------------------------------------------------------- */

/* Server objects (MS-OXCROPS 1.3.1); PTN_ON_* are masks of them. */
#define PTN_ROP_KINDS(K)                                                      \
    K(LOGON) K(FOLDER) K(MESSAGE) K(ATTACHMENT) K(TABLE) K(STREAM)            \
    K(NOTIFICATION) K(TRANSFER)

typedef enum {
#define PTN_ROP_KIND_ENUM(name)  PTN_ROP_KIND_##name,
    PTN_ROP_KINDS(PTN_ROP_KIND_ENUM)
#undef PTN_ROP_KIND_ENUM
    PTN_ROP_KIND_MAX
} ptn_rop_kind_e;

enum {
#define PTN_ROP_ON_ENUM(name)  PTN_ON_##name = 1 << PTN_ROP_KIND_##name,
    PTN_ROP_KINDS(PTN_ROP_ON_ENUM)
#undef PTN_ROP_ON_ENUM
    PTN_ON_BAG = PTN_ON_LOGON|PTN_ON_FOLDER|PTN_ON_MESSAGE|PTN_ON_ATTACHMENT,
    PTN_ON_ANY = (1 << PTN_ROP_KIND_MAX) - 1
};

typedef struct ptn_rop_s          ptn_rop_t;
typedef struct ptn_rop_ctx_s      ptn_rop_ctx_t;
typedef struct ptn_rop_logon_s    ptn_rop_logon_t;
typedef struct ptn_rop_object_s   ptn_rop_object_t;
typedef struct ptn_rop_session_s  ptn_rop_session_t;

/*
 * What an object wants to be told of (MS-OXCNOTIF): a subscription, or a
 * table that was opened without NoNotifications.  ptn_rop_oxcnotif.c reads
 * the mailbox's event log for all of them.
 */
typedef struct {
    uint16_t  types;            /* NotificationTypes; 0: nothing */
    bool      whole;            /* WantWholeStore */
    bool      hierarchy;        /* a hierarchy table ... */
    bool      deep;             /* ... of all levels */
    bool      quiet;            /* table: it was not read since it was made,
                                   reset, or TableChanged was sent */
    bool      read;             /* it is being read: not quiet from now on */
    bool      due;              /* something happened that it shows */
    ptn_id_t  folder;           /* row ids */
    ptn_id_t  message;          /* 0: the folder's */
} ptn_rop_watch_t;

struct ptn_rop_object_s {
    ptn_rop_kind_e     kind;
    uint32_t           handle;
    ptn_rop_logon_t   *logon;
    ptn_rop_object_t  *owner;           /* NULL: the logon itself */
    ptn_rop_object_t  *owned;           /* released with this one */
    ptn_rop_object_t  *next, *prev;     /* of one owner */
    ptn_pool_t        *pool;            /* see ptn_rop_pool(); NULL: none yet */
    ptn_rop_watch_t    watch;

    /* Frees what is neither in `data` nor in the pool; may be NULL. */
    void             (*close)(ptn_rop_object_t *obj);
    void              *data;            /* of the kind, ptn_rop_make()'s size */
};

struct ptn_rop_logon_s {
    ptn_rop_logon_t   *next;
    ptn_rop_object_t  *object;
    uint8_t            id;              /* LogonId */
    bool               owner;           /* the actor's own mailbox */
    bool               is_public;       /* public folders, not a mailbox */
    uint32_t           open_flags;      /* RopLogon's */
    uint32_t           nobjects;
    ptn_user_t         user;            /* whose mailbox, in object->pool */
    ptn_guid_t         mailbox;
    uint32_t           slot;

    /* notifications: events up to here were looked at */
    uint64_t           events;
    uint64_t           board;           /* the slot's version by then */
    uint32_t           watches;         /* objects that watch */

    struct ptn_rop_per_user_s  *per_user;       /* ptn_rop_oxcstor_public.c */
};

/* One Session Context.  Lives with the pool's session (ptn_job.h). */
struct ptn_rop_session_s {
    ptn_actor_t         actor;          /* strings in `pool` */
    ptn_pool_t         *pool;
    uint32_t            codepage, lcid_sort, lcid_string;
    ptn_rop_logon_t    *logons;
    struct ptn_rop_slot_s  *slots;      /* the handle table */
    uint32_t            nslots, used, free;
    struct ptn_rop_note_s  *notes, **last_note;     /* for RopNotify */
    uint32_t            nnotes;
    bool                lost;           /* notifications were dropped */
    uint32_t            logons_changed; /* counts */
    size_t              held;           /* bytes of what was not saved yet, and
                                           of streams (ptn_rop_data.h) */
};

/* `actor` is copied. */
ptn_rc_t ptn_rop_session_open(ptn_rop_session_t *s, const ptn_actor_t *actor);
/* With each request: the same user, as the directory has it now. */
ptn_rc_t ptn_rop_session_actor(ptn_rop_session_t *s,
    const ptn_actor_t *actor);
/* Closes all objects. */
void ptn_rop_session_close(ptn_rop_session_t *s);


/*
 * A new object, with `size` zeroed bytes of data, released with `owner` at
 * the latest.  Owners by MS-OXCROPS 3.1.5.3: a stream, attachment, attachment
 * table, embedded message or permissions table has c->in; a folder, message,
 * hierarchy or contents table, subscription c->logon->object.  ELIMIT (then
 * c->error is 0x4de), ENOMEM.
 */
ptn_rc_t ptn_rop_make(ptn_rop_ctx_t *c, ptn_rop_kind_e kind,
    ptn_rop_object_t *owner, size_t size,
    void (*close)(ptn_rop_object_t *obj), ptn_rop_object_t **ret_obj);

/* The object's own pool, made at the first call.  NULL: no memory. */
ptn_pool_t *ptn_rop_pool(ptn_rop_object_t *obj);

/* Closes it and all it owns; its handle is void. */
void ptn_rop_release(ptn_rop_session_t *s, ptn_rop_object_t *obj);

/*
 * Object of a handle as a client says it.  NULL: *ret_error is what MS-OXCROPS
 * 3.2.5.4 has for it: never given, released, or of another logon.
 */
ptn_rop_object_t *ptn_rop_find(ptn_rop_session_t *s, uint8_t logon_id,
    uint32_t handle, uint32_t *ret_error);
/* Whatever its logon is; NULL. */
ptn_rop_object_t *ptn_rop_find_any(ptn_rop_session_t *s, uint32_t handle);
ptn_rop_logon_t *ptn_rop_logon_find(ptn_rop_session_t *s, uint8_t logon_id);


/* What RopReadPerUserInformation and RopWritePerUserInformation hold. */
void ptn_rop_per_user_done(ptn_rop_session_t *s, ptn_rop_logon_t *logon);


/* --- a call -------------------------------------------------------------- */

struct ptn_rop_ctx_s {
    ptn_app_t          *app;
    ptn_pool_t         *pool;           /* of the job */
    ptn_log_t          *log;
    ptn_rop_session_t  *session;

    const ptn_rop_t    *rop;
    ptn_rop_logon_t    *logon;          /* NULL in RopLogon */
    ptn_rop_object_t   *in, *dest;
    ptn_rop_object_t   *made;           /* by ptn_rop_make() */
    uint8_t             logon_id;
    uint8_t             in_index, second_index;
    uint32_t            error;          /* ReturnValue, if not 0 and not OK */
    size_t              room;           /* bytes for the response's fields */
    bool                small;          /* set: they do not fit; answered with
                                           RopBufferTooSmall (not by a ROP
                                           that has changed something) */

    /*
     * PTN_ROP_CHAIN: what earlier buffers of this reply gave, in rows or
     * bytes: the function asks for so much less, adds what it gives, and says
     * whether there would be more.
     */
    uint32_t            served;
    bool                more;

    ptn_rop_logon_t    *opened[4];      /* mailboxes of this job */
    ptn_mbox_t         *mboxes[4];
    unsigned            nopened;
};

/* The logon's mailbox, opened at the first call of a job. */
ptn_rc_t ptn_rop_mbox(ptn_rop_ctx_t *c, ptn_rop_logon_t *logon,
    ptn_mbox_t **ret_mbox);

/*
 * FID or MID (MS-OXCDATA 2.2.1) of an id of the logon's mailbox, and back.
 * ENOTFOUND: the REPLID is not one of this mailbox.
 */
ptn_rc_t ptn_rop_fid(ptn_mbox_t *mb, ptn_id_t id, uint64_t *ret_fid);
ptn_rc_t ptn_rop_fid_id(ptn_mbox_t *mb, uint64_t fid, ptn_id_t *ret_id);


/* --- the table ----------------------------------------------------------- */

/* What the first byte behind the head is. */
typedef enum {
    PTN_ROP_NONE,               /* a field of the ROP */
    PTN_ROP_OUT,                /* OutputHandleIndex */
    PTN_ROP_DEST,               /* DestHandleIndex */
    PTN_ROP_INPUT               /* InputHandleIndex, the head has
                                   ResponseHandleIndex */
} ptn_rop_second_e;

#define PTN_ROP_0        0x00
#define PTN_ROP_WRITES   0x01   /* changes the mailbox */
#define PTN_ROP_ALWAYS   0x02   /* a failure response has the fields too */
#define PTN_ROP_CHAIN    0x04   /* repeated in a chained response */
#define PTN_ROP_SILENT   0x08   /* no response */
#define PTN_ROP_LOGS_ON  0x10   /* no input handle; head: OutputHandleIndex */
#define PTN_ROP_PRIVATE  0x20   /* ecNotSupported on a public folders logon */

struct ptn_rop_s {
    const char         *name;           /* "OpenFolder"; NULL: reserved */
    ptn_rc_t          (*run)(ptn_rop_ctx_t *c, void *req, void *res);
                                        /* NULL: refused */
    const ptn_wire_t   *req, *res;
    uint16_t            on;             /* PTN_ON_* */
    uint8_t             second;         /* ptn_rop_second_e */
    uint8_t             flags;
};

/* By RopId. */
extern const ptn_rop_t  ptn_rops[256];

#define PTN_ROP_PROTO(id, name, fn, req, res, on, second, flags)              \
    ptn_rc_t ptn_rop_##fn(ptn_rop_ctx_t *c, void *req_, void *res_);
#define PTN_ROP_NO_PROTO(id, name, req, res, on, second, flags)
PTN_ROPS(PTN_ROP_PROTO, PTN_ROP_NO_PROTO)
#undef PTN_ROP_PROTO
#undef PTN_ROP_NO_PROTO


typedef struct ptn_rop_call_s  ptn_rop_call_t;

typedef struct {
    ptn_rop_ctx_t    ctx;               /* app, pool, log, session: by the
                                           caller, the rest zero */
    ptn_rop_call_t  *calls;
    size_t           ncalls;
    ptn_str_t        rops;              /* RopsList */
    uint32_t        *handles;
    uint32_t         nhandles;
} ptn_rop_run_t;

#define PTN_ROP_BUFFER_MAX  32768       /* of a payload, MS-OXCRPC 3.1.4.2.1 */

/*
 * Reads one ROP input buffer (2.2.1: RopSize, RopsList, handle table); nothing
 * is run.  EPARSE, ETRUNC: ecRpcFormat for the Execute as a whole (3.2.5.1).
 */
ptn_rc_t ptn_rop_read(ptn_rop_run_t *run, ptn_str_t in);

/*
 * Runs it and appends the output buffer, at most `max` bytes, to `out`: with
 * `notes`, RopNotify responses too.  ETOOBIG: a response does not fit the
 * largest buffer (StatusCode 0x47d).
 */
ptn_rc_t ptn_rop_execute(ptn_rop_run_t *run, size_t max, bool notes,
    ptn_buf_t *out);

/*
 * Has the last ROP more to give in a buffer of its own, of which there must be
 * room for *ret_min bytes (MS-OXCRPC 3.1.4.2.1.2.2)?  Then again() runs it.
 */
bool ptn_rop_more(const ptn_rop_run_t *run, size_t *ret_min);
ptn_rc_t ptn_rop_again(ptn_rop_run_t *run, size_t max, ptn_buf_t *out);


/* --- notifications (ptn_rop_oxcnotif.c) ---------------------------------- */

/* NotificationTypes, MS-OXCNOTIF 2.2.1.2.1.1 */
#define PTN_NOTE_CRITICAL   0x0001
#define PTN_NOTE_NEW_MAIL   0x0002
#define PTN_NOTE_CREATED    0x0004
#define PTN_NOTE_DELETED    0x0008
#define PTN_NOTE_MODIFIED   0x0010
#define PTN_NOTE_MOVED      0x0020
#define PTN_NOTE_COPIED     0x0040
#define PTN_NOTE_SEARCH     0x0080
#define PTN_NOTE_TABLE      0x0100      /* of tables, not asked for */
#define PTN_NOTE_EXTENDED   0x0400

#define PTN_ROP_NOTES_MAX   1024        /* that wait; then the newest go */

/*
 * A table that was just made tells its client of changes; not called for one
 * opened with NoNotifications.  The table's folder and, in a hierarchy table,
 * whether it has all levels.
 */
ptn_rc_t ptn_rop_watch_table(ptn_rop_ctx_t *c, ptn_rop_object_t *table,
    ptn_id_t folder, bool hierarchy, bool deep);
/* The client is about to read the table (the ROPs of MS-OXCNOTIF 3.1.4.3,
 * QueryRows and so on): what happens to what it sees now is told. */
void ptn_rop_watch_read(ptn_rop_object_t *table);
/* RopResetTable: nothing is told until it is read again. */
void ptn_rop_watch_reset(ptn_rop_object_t *table);

/* One RopNotify more, of the wire's data. */
ptn_rc_t ptn_rop_note_add(ptn_rop_ctx_t *c, const ptn_rop_object_t *obj,
    const ptn_wire_t *wire, const void *data);
/*
 * Brings the table up to date and queues what happened to its rows, or (`all`:
 * in any case) TableChanged, after which it is quiet; ptn_rop_notify_table.c.
 */
ptn_rc_t ptn_rop_notify_table(ptn_rop_ctx_t *c, ptn_rop_object_t *table,
    bool all);

/* Looks at the event logs of all logons that watch and queues what is to be
 * told.  Cheap when the boards have not moved. */
ptn_rc_t ptn_rop_notify_collect(ptn_rop_ctx_t *c);
bool ptn_rop_notify_pending(const ptn_rop_session_t *s);
/* What is queued for an object that goes; NULL: all of it. */
void ptn_rop_notify_drop(ptn_rop_session_t *s, const ptn_rop_object_t *obj);
/* Appends RopNotify responses that fit `max`, and RopPending for the rest. */
void ptn_rop_notify_push(ptn_rop_session_t *s, size_t max, ptn_buf_t *out);


#endif /* PTN_ROP_H */
