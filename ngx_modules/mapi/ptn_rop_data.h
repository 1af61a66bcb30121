/*
 * What the objects of a session hold: folders, messages with what was edited
 * and not saved, attachments, tables, streams.
 *
 * A message that is open is the stored one with a delta over it: values that
 * were set, ids that were removed, a list of recipients once that was touched,
 * parts of attachments.  The store sees it at RopSaveChangesMessage, as one
 * object.  What a delta holds is in the object's own pool and counted to the
 * session: above PTN_ROP_HELD_MAX a client must save or release (ENOMEM).
 *
 * Values are those of ptn_object.h: tags have the inner type (STRING8 is
 * UNICODE).
 */

#ifndef PTN_ROP_DATA_H
#define PTN_ROP_DATA_H


#include "ptn_charset.h"
#include "ptn_restrict.h"
#include "ptn_rop.h"


#define PTN_ROP_HELD_MAX      (384 * 1024 * 1024)
#define PTN_ROP_EMBEDDED_MAX  8         /* embedded messages in each other */
#define PTN_ROP_ATTACHS_MAX   1000
#define PTN_ROP_RECIPS_MAX    10000

#define PTN_MAPI_OBJECT_DELETED    0x8004010a   /* ecObjectDeleted */
#define PTN_MAPI_COMPUTED          0x8004011a   /* ecComputed */
#define PTN_MAPI_TOO_COMPLEX       0x80040117   /* ecTooComplex */
#define PTN_MAPI_UNABLE_TO_ABORT   0x80040114   /* ecUnableToAbort */
#define PTN_MAPI_BAD_BOOKMARK      0x80040405   /* ecInvalidBookmark */
#define PTN_MAPI_NOT_COLLAPSED     0x000004f8
#define PTN_MAPI_NOT_EXPANDED      0x000004f7
#define PTN_MAPI_NOT_SEARCH        0x00000461   /* ecNotSearchFolder */
#define PTN_MAPI_SEARCH_FOLDER     0x00000460
#define PTN_MAPI_SEARCH_SCOPE      0x00000490   /* ecSearchFolderScopeViolation
                                                   */
#define PTN_MAPI_NOT_INITIALIZED   0x80040605   /* ecNotInitialized */
#define PTN_MAPI_FOLDER_CYCLE      0x8004060b
#define PTN_MAPI_NOT_IN_QUEUE      0x80040601   /* ecNotInQueue */
#define PTN_MAPI_MAX_ATTACHMENTS   0x000004db
#define PTN_MAPI_TYPE_MISMATCH     0x80040305   /* ecUnexpectedType */
#define PTN_MAPI_ERROR             0x80004005
#define PTN_MAPI_STREAM_SEEK       0x80030019   /* StreamSeekError */
#define PTN_MAPI_STREAM_SIZE       0x80030070   /* StreamSizeError */
#define PTN_MAPI_NO_MEMORY         0x8007000e
#define PTN_MAPI_NO_RECIPIENTS     0x00000607

/* bookmarks, MS-OXCTABL 2.2.2.1.1 */
#define PTN_ROP_BEGINNING  0
#define PTN_ROP_CURRENT    1
#define PTN_ROP_END        2
#define PTN_ROP_CUSTOM     3


/* --- deltas -------------------------------------------------------------- */

typedef struct {
    ptn_props_t   set;
    uint16_t     *gone;         /* property ids */
    uint32_t      ngone, size;
} ptn_rop_delta_t;

/* Counts n bytes to the session.  ENOMEM: too much. */
ptn_rc_t ptn_rop_hold(ptn_rop_session_t *s, size_t *held, size_t n);
void ptn_rop_unhold(ptn_rop_session_t *s, size_t *held);

/* Both copy into `pool`. */
ptn_rc_t ptn_rop_delta_set(ptn_rop_delta_t *delta, ptn_pool_t *pool,
    uint32_t tag, ptn_str_t value);
ptn_rc_t ptn_rop_delta_unset(ptn_rop_delta_t *delta, ptn_pool_t *pool,
    uint16_t id);

/* Was it set, or removed, here; then *ret_value (data NULL: removed). */
bool ptn_rop_delta_get(const ptn_rop_delta_t *delta, uint32_t tag,
    ptn_str_t *ret_value);
/* Makes `props` (whose list is in `pool`) what they are with it. */
ptn_rc_t ptn_rop_delta_apply(const ptn_rop_delta_t *delta, ptn_pool_t *pool,
    ptn_props_t *props);
bool ptn_rop_delta_empty(const ptn_rop_delta_t *delta);

/* A deep copy with the data of attachments; in `pool`, counted to `held`. */
ptn_rc_t ptn_rop_object_dup(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_object_t **ret_object, size_t *ret_size);


/* --- folders, messages, attachments -------------------------------------- */

typedef struct {
    ptn_id_t  id;
} ptn_rop_folder_t;

typedef struct ptn_rop_part_s  ptn_rop_part_t;

/* An attachment that was made, edited or removed. */
struct ptn_rop_part_s {
    ptn_rop_part_t   *next;
    uint32_t          num;
    bool              made, gone;
    ptn_rop_delta_t   delta;
    bool              has_data;
    ptn_str_t         data;
    ptn_object_t     *embedded;
};

typedef struct {
    ptn_rop_session_t  *session;
    size_t              held;

    ptn_id_t            folder;
    ptn_id_t            id;             /* row id; 0: not saved yet */
    ptn_id_t            mid;
    uint64_t            cn;             /* when it was opened, or saved */
    uint32_t            flags;          /* PTN_FLAG_*, of one not saved yet */
    uint32_t            code_page;
    bool                writable, fai, edited;
    uint8_t             nested;         /* embedded messages above */
    bool                embedded;       /* of c->in->owner, an attachment */
    ptn_object_t       *base;           /* embedded: what it was */

    ptn_rop_delta_t     delta;
    bool                own_recips;
    ptn_recip_t        *recips;
    uint32_t            nrecips, srecips;
    ptn_rop_part_t     *parts;
    uint32_t            next_num;
} ptn_rop_message_t;

typedef struct {
    ptn_rop_session_t  *session;
    size_t              held;

    uint32_t            num;
    bool                writable, made, edited;
    ptn_rop_delta_t     delta;
    bool                has_data;
    ptn_str_t           data;
    ptn_object_t       *embedded;       /* saved by its own handle */
} ptn_rop_attach_t;

static inline ptn_rop_folder_t *
ptn_rop_folder(ptn_rop_object_t *obj)
{
    return obj->data;
}

static inline ptn_rop_message_t *
ptn_rop_message(ptn_rop_object_t *obj)
{
    return obj->data;
}

static inline ptn_rop_attach_t *
ptn_rop_attach(ptn_rop_object_t *obj)
{
    return obj->data;
}

/* The message that an attachment, or a stream of one, belongs to. */
ptn_rop_object_t *ptn_rop_message_of(ptn_rop_object_t *obj);


/* Strings of an object (MS-OXCPRPT 3.2.5.1): which code page. */
ptn_wire_text_t ptn_rop_text(ptn_rop_ctx_t *c, ptn_rop_object_t *obj);

/* A message, as the handle sees it (ptn_rop_message.c).  Results in c->pool. */
ptn_rc_t ptn_rop_message_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values);
ptn_rc_t ptn_rop_message_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_props_t *ret_props);
ptn_rc_t ptn_rop_message_recips(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const ptn_recip_t **ret_recips, uint32_t *ret_n);
/* By number; with `data` also that. */
ptn_rc_t ptn_rop_message_attachs(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    bool data, ptn_attach_t **ret_attachs, uint32_t *ret_n);
/* All of it, for the store. */
ptn_rc_t ptn_rop_message_object(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_object_t **ret_object);
/* Sets or (data NULL) removes; *ret_error: the PropertyProblem's, or 0. */
ptn_rc_t ptn_rop_message_set(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    uint32_t tag, ptn_str_t value, uint32_t *ret_error);
/* Forgets what was not saved. */
void ptn_rop_message_clear(ptn_rop_object_t *obj);
void ptn_rop_message_close(ptn_rop_object_t *obj);

/* The part of an attachment number, made if there is none. */
ptn_rc_t ptn_rop_message_part(ptn_rop_object_t *obj, uint32_t num,
    ptn_rop_part_t **ret_part);

/* The same for attachments (ptn_rop_attach.c). */
ptn_rc_t ptn_rop_attach_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values);
ptn_rc_t ptn_rop_attach_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_props_t *ret_props);
ptn_rc_t ptn_rop_attach_set(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    uint32_t tag, ptn_str_t value, uint32_t *ret_error);
/* What a row of an attachment table shows of a property. */
ptn_str_t ptn_rop_attach_value(ptn_pool_t *pool, const ptn_attach_t *attach,
    uint32_t tag);

/* Folders and logons (ptn_rop_oxcprpt.c). */
ptn_rc_t ptn_rop_bag_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values);
/* All that it has (messages, too). */
ptn_rc_t ptn_rop_bag_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_props_t *ret_props);
ptn_rc_t ptn_rop_logon_values(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    const uint32_t *tags, size_t n, ptn_str_t *values);
/* One property of the mailbox (MS-OXCSTOR 2.2.2).  EDENIED: not settable. */
ptn_rc_t ptn_rop_logon_set(ptn_rop_ctx_t *c, const ptn_bag_prop_t *prop);
ptn_rc_t ptn_rop_logon_all(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_props_t *ret_props);

/* Row ids of MIDs that are in the folder (those that are not are left out),
 * and of all its messages (ptn_rop_oxcfold.c). */
ptn_rc_t ptn_rop_message_ids(ptn_rop_ctx_t *c, ptn_mbox_t *mb,
    ptn_id_t folder, const uint64_t *mids, size_t n, ptn_id_t **ret_ids,
    size_t *ret_n);
ptn_rc_t ptn_rop_folder_ids(ptn_rop_ctx_t *c, ptn_mbox_t *mb,
    ptn_id_t folder, ptn_id_t **ret_ids, size_t *ret_n);

/* A number as a value. */
ptn_str_t ptn_rop_int(ptn_pool_t *pool, uint64_t n, size_t size);


/* --- tables -------------------------------------------------------------- */

#define PTN_ROP_COLUMNS_MAX  1000

/* A table of the store, or (table NULL) of the attachments of the message that
 * owns it. */
typedef struct {
    ptn_table_kind_e  kind;
    ptn_table_t      *table;
    uint32_t         *columns;          /* as the client said; NULL: not set */
    uint32_t         *tags;             /* their inner types */
    uint32_t          ncolumns;
    uint32_t          pos;              /* of attachments */
} ptn_rop_table_t;

static inline ptn_rop_table_t *
ptn_rop_table(ptn_rop_object_t *obj)
{
    return obj->data;
}

/* A handle whose table the caller opens (ptn_rop_oxctabl.c). */
ptn_rc_t ptn_rop_table_object(ptn_rop_ctx_t *c, ptn_table_kind_e kind,
    ptn_rop_object_t **ret_obj);
/* Up to date for this call (ptn_rop_table.c). */
ptn_rc_t ptn_rop_table_fresh(ptn_rop_ctx_t *c, ptn_rop_object_t *obj);
/* The same for a ROP that needs columns, of c->in (ptn_rop_oxctabl.c). */
ptn_rc_t ptn_rop_table_ready(ptn_rop_ctx_t *c);
uint32_t ptn_rop_table_count(ptn_rop_ctx_t *c, ptn_rop_object_t *obj);
uint32_t ptn_rop_table_position(ptn_rop_object_t *obj);
void ptn_rop_table_seek(ptn_rop_object_t *obj, uint32_t row);
/* Moves c->in from a row by a signed count; how far it came. */
void ptn_rop_table_move(ptn_rop_ctx_t *c, uint32_t from, uint32_t rows,
    uint8_t *ret_less, uint32_t *ret_sought);
/* `data` empty: no restriction any more.  ELIMIT, ESUPPORT: too complex. */
ptn_rc_t ptn_rop_table_restrict(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_str_t data);

/*
 * Appends PropertyRows [from, from + n) in the columns that were set, while
 * they fit `room`; *ret_n: how many.
 */
ptn_rc_t ptn_rop_table_rows(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    uint32_t from, uint32_t n, size_t room, ptn_buf_t *out, uint32_t *ret_n);

/* First (or last, `backward`) row in [from, to) that matches; `to`: none. */
ptn_rc_t ptn_rop_table_search(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_str_t restriction, uint32_t from, uint32_t to, bool backward,
    uint32_t *ret_row);


/* --- what an open message answers with (ptn_rop_oxcmsg.c) ---------------- */

/* The fields that RopOpenMessage, RopReloadCachedInformation and
 * RopOpenEmbeddedMessage have in common; recipients that fit c->room. */
ptn_rc_t ptn_rop_message_head(ptn_rop_ctx_t *c, ptn_rop_object_t *obj,
    ptn_rop_open_message_res_t *res);
/* A RecipientRow (MS-OXCDATA 2.8.3.2) in the response's pool. */
ptn_rc_t ptn_rop_recip_row(ptn_rop_ctx_t *c, const ptn_wire_text_t *text,
    const ptn_recip_t *recip, ptn_str_t *ret_row);


/* --- streams ------------------------------------------------------------- */

typedef struct {
    ptn_rop_session_t  *session;
    size_t              held;
    uint32_t            tag;            /* as the client said it */
    bool                writable, dirty;
    u_char             *data;
    size_t              len, size, pos;
    size_t              max;
} ptn_rop_stream_t;


#endif /* PTN_ROP_DATA_H */
