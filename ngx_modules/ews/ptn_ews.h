/*
 * ngx_modules/ews: Exchange Web Services (MS-OXWSCDATA and its sisters).
 *
 *   ptn_ews_tree.h, ptn_ews_schema.h   the request and its grammar
 *   ptn_ews_frame.c    SOAP: envelope, versions, faults; jobs
 *   ptn_ews_op.c       the table of operations
 *   ptn_ews_out.c      the reply, streamed
 *   ptn_ews_id.c       ItemId, FolderId, AttachmentId, ChangeKey, SyncState
 *   ptn_ews_field.c    the table of FieldURIs of items; ptn_ews_get*.c getters,
 *                      ptn_ews_set*.c setters
 *   ptn_ews_shape.c    which fields a client wants, ExtendedFieldURI
 *   ptn_ews_item.c ... the operations
 *
 * A handler gets a request that passed the schema, writes response messages,
 * one for each thing it was asked, and returns PTN_OK: what went wrong with
 * one of them is in that message.  Another result is the request's and becomes
 * a SOAP fault, unless part of the reply has left already.
 *
 * ResponseCodes are named where they are known best: ptn_ews_error() notes
 * one and returns PTN_EINVAL; what has none noted gets that of ptn_err.h.
 */

#ifndef PTN_EWS_H
#define PTN_EWS_H


#include "ptn_app.h"
#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_ews_schema.h"
#include "ptn_http_head.h"
#include "ptn_http_meta.h"
#include "ptn_object.h"


/* --- versions ------------------------------------------------------------- */

/* Those between which the schema that we show differs. */
typedef enum {
    PTN_EWS_2007, PTN_EWS_2007_SP1, PTN_EWS_2010, PTN_EWS_2010_SP1,
    PTN_EWS_2010_SP2, PTN_EWS_2013, PTN_EWS_2013_SP1, PTN_EWS_2016,
    PTN_EWS_VERSIONS
} ptn_ews_version_e;

/* EPARSE: no such version. */
ptn_rc_t ptn_ews_version(ptn_str_t name, uint8_t *ret_version);


/* --- the reply ------------------------------------------------------------ */

typedef struct {
    ptn_buf_t   buf;
    ptn_job_t  *job;            /* NULL: all stays in buf (tests) */
    uint64_t    sent;           /* bytes that have left */
    ptn_rc_t    rc;             /* of the first that failed */
} ptn_ews_out_t;

typedef struct {
    uint64_t    sent;
    size_t      len;
} ptn_ews_mark_t;

/* Text that is markup already; a literal. */
#define ptn_ews_lit(o, s)  ptn_buf_add(&(o)->buf, s, sizeof(s) - 1)

/* <t:Name>...</t:Name>, `name` with its prefix. */
void ptn_ews_elem(ptn_ews_out_t *o, const char *name, ptn_str_t text);
void ptn_ews_elem_z(ptn_ews_out_t *o, const char *name, const char *text);
void ptn_ews_elem_int(ptn_ews_out_t *o, const char *name, int64_t n);
void ptn_ews_elem_bool(ptn_ews_out_t *o, const char *name, bool b);
/* FILETIME and seconds as xs:dateTime; 1601-01-01 and before: nothing. */
void ptn_ews_elem_filetime(ptn_ews_out_t *o, const char *name, int64_t ft);
void ptn_ews_elem_time(ptn_ews_out_t *o, const char *name, int64_t sec);
void ptn_ews_elem_base64(ptn_ews_out_t *o, const char *name, ptn_str_t bytes);
void ptn_ews_base64(ptn_ews_out_t *o, ptn_str_t bytes);
void ptn_ews_attr_put(ptn_ews_out_t *o, const char *name, ptn_str_t value);

/* Sends what is there when it is much; between elements, at any depth. */
ptn_rc_t ptn_ews_flush(ptn_ews_out_t *o);

ptn_ews_mark_t ptn_ews_mark(const ptn_ews_out_t *o);
/* Takes back what was written since; false: part of it has left. */
bool ptn_ews_rewind(ptn_ews_out_t *o, ptn_ews_mark_t mark);


/* --- a request ------------------------------------------------------------ */

typedef struct ptn_ews_s     ptn_ews_t;
typedef struct ptn_ews_op_s  ptn_ews_op_t;

#define PTN_EWS_MAILBOXES  8    /* of others, in one request */

/* A mailbox as the request has it. */
typedef struct {
    ptn_user_t   user;
    ptn_mbox_t  *mb;
    char         guid[37];      /* in text, as ids name it */
    ptn_id_t    *parents;       /* of all folders, sorted; or NULL */
    size_t       nparents;
} ptn_ews_box_t;

struct ptn_ews_s {
    ptn_job_t            *job;
    ptn_app_t            *app;
    ptn_pool_t           *pool;
    ptn_http_head_t       head;
    ptn_actor_t           actor;
    uint8_t               version;      /* ptn_ews_version_e */
    const ptn_ews_op_t   *op;
    const ptn_ews_el_t   *request;      /* the operation's element */
    ptn_ews_out_t         out;

    ptn_ews_box_t        *boxes[PTN_EWS_MAILBOXES];
    unsigned              nboxes;       /* boxes[0]: the actor's own */

    const char           *code;         /* of ptn_ews_error() */
    const char           *text;
    bool                  whole;        /* ptn_http_meta_whole() */
    bool                  replied;      /* the handler sent all of it */
};

#define PTN_EWS_WRITES   0x01           /* runs in the batch of its mailbox */
#define PTN_EWS_SUBSCRIPTION  0x02      /* is lost with its process */
#define PTN_EWS_PARKS    0x04           /* may stay open for ever */

struct ptn_ews_op_s {
    const char  *name;                  /* as services.wsdl has it */
    const char  *request;               /* request element */
    const char  *response;              /* response element, or NULL */
    const char  *message;               /* response message element, or NULL */
    ptn_rc_t   (*run)(ptn_ews_t *e);    /* NULL: not built, refused */
    unsigned     flags;
};

/* By request element; NULL: EWS has no such operation. */
const ptn_ews_op_t *ptn_ews_op(ptn_str_t request);
const ptn_ews_op_t *ptn_ews_op_nth(size_t i);           /* NULL: no more */

/*
 * What nginx must know before the request is read: the operation.  Looks at
 * the front of the body, else at SOAPAction; the store process looks again, so
 * that nobody gains by fooling it.  NULL: not seen.
 */
const ptn_ews_op_t *ptn_ews_sniff(ptn_str_t action, ptn_str_t body);

void ptn_ews_envelope_open(ptn_ews_t *e);
void ptn_ews_envelope_close(ptn_ews_t *e);

/* Runs a SOAP request: parse, check, dispatch.  PTN_AGAIN: parked. */
ptn_rc_t ptn_ews_serve(ptn_ews_t *e, ptn_str_t body);

extern const ptn_job_type_t  ptn_ews_jobs[];


/* --- errors --------------------------------------------------------------- */

ptn_rc_t ptn_ews_error(ptn_ews_t *e, const char *code, const char *text);

/* Code and text for `rc`: what was noted, else `none` for ENOTFOUND (NULL:
 * ErrorItemNotFound), else ptn_err.h. */
const char *ptn_ews_code(ptn_ews_t *e, ptn_rc_t rc, const char *none,
    const char **ret_text);

/*
 * <m:ResponseMessages> and its messages.  A message that failed is one call.
 * `open` writes the success head; what follows is the operation's, then
 * `close`.
 */
void ptn_ews_reply_open(ptn_ews_t *e);
void ptn_ews_reply_close(ptn_ews_t *e);
void ptn_ews_message_open(ptn_ews_t *e);
void ptn_ews_message_close(ptn_ews_t *e);
/* `tail`: elements that the schema wants also then ("<m:Items/>"). */
void ptn_ews_message_error(ptn_ews_t *e, ptn_rc_t rc, const char *none,
    const char *tail);

/*
 * Ends the message that was begun at `mark`: closes it, or, when `rc` is an
 * error, takes it back and writes the error instead.  Returns what the handler
 * must return when not PTN_OK (the reply is broken, the job is cancelled).
 */
ptn_rc_t ptn_ews_message_end(ptn_ews_t *e, ptn_ews_mark_t mark, ptn_rc_t rc,
    const char *none, const char *tail);


/* --- ids (MS-OXWSITEMID, MS-OXWSCDATA) ------------------------------------ */

#define PTN_EWS_ATTACH_LEVELS  8

typedef struct {
    ptn_guid_t  mailbox;
    ptn_id_t    folder;
    ptn_id_t    mid;                    /* 0: names a folder */
    ptn_guid_t  folder_replguid, replguid;
    uint8_t     nattach;
    uint32_t    attach[PTN_EWS_ATTACH_LEVELS];  /* numbers, outermost first */
} ptn_ews_id_t;

typedef enum {                          /* first byte of a change key */
    PTN_EWS_CK_FOLDER = 1, PTN_EWS_CK_CALENDAR_FOLDER = 2,
    PTN_EWS_CK_CONTACTS_FOLDER = 3, PTN_EWS_CK_TASKS_FOLDER = 4,
    PTN_EWS_CK_NOTES_FOLDER = 5, PTN_EWS_CK_JOURNAL_FOLDER = 6,
    PTN_EWS_CK_SEARCH_FOLDER = 7, PTN_EWS_CK_MESSAGE = 9,
    PTN_EWS_CK_MEETING_REQUEST = 11, PTN_EWS_CK_CALENDAR_ITEM = 15,
    PTN_EWS_CK_CONTACT = 17, PTN_EWS_CK_TASK = 19
} ptn_ews_ck_e;

/*
 * Text of an id, in `pool`.  The payload is compressed when that makes it
 * shorter, as MS-OXCEXT 3.1.4.5 wants it: two ways to one id give one text.
 */
ptn_rc_t ptn_ews_id_text(ptn_pool_t *pool, const char *guid,
    const ptn_ews_id_t *id, ptn_str_t *ret);
/* Notes ErrorInvalidIdMalformed and the like. */
ptn_rc_t ptn_ews_id_parse(ptn_ews_t *e, ptn_str_t text, ptn_ews_id_t *ret);

/* The mailbox guid in text, and the COM order of bytes. */
void ptn_ews_guid_text(ptn_guid_t guid, char ret[37]);

void ptn_ews_change_key(ptn_mbox_t *mb, ptn_ews_ck_e kind, uint64_t cn,
    char ret[64]);
/* ErrorInvalidChangeKey. */
ptn_rc_t ptn_ews_change_key_parse(ptn_ews_t *e, ptn_str_t text,
    uint64_t *ret_cn);
ptn_ews_ck_e ptn_ews_change_key_folder(ptn_str_t cls, bool search);

ptn_rc_t ptn_ews_conversation_id(ptn_pool_t *pool, const char *guid,
    ptn_str_t id, ptn_str_t *ret);

/* SyncState, of SyncFolderItems (PTN_EWS_STATE_ITEMS) and -Hierarchy.  Empty
 * text: the beginning. */
#define PTN_EWS_STATE_ITEMS    1
#define PTN_EWS_STATE_FOLDERS  2
ptn_rc_t ptn_ews_state_text(ptn_pool_t *pool, u_char kind, ptn_id_t folder,
    const ptn_sync_t *sync, ptn_str_t *ret);
ptn_rc_t ptn_ews_state_parse(ptn_ews_t *e, ptn_str_t text, u_char kind,
    ptn_id_t folder, ptn_sync_t *ret_sync);

/* The id of a message, as a structure. */
ptn_rc_t ptn_ews_item_name(const ptn_ews_box_t *box, ptn_id_t folder,
    ptn_id_t mid, ptn_ews_id_t *ret);

/* <name Id="..." ChangeKey="..."/> */
ptn_rc_t ptn_ews_put_folder_id(ptn_ews_t *e, const ptn_ews_box_t *box,
    const char *name, ptn_id_t folder, uint64_t cn, ptn_ews_ck_e kind);
ptn_rc_t ptn_ews_put_item_id(ptn_ews_t *e, const ptn_ews_box_t *box,
    const char *name, ptn_id_t folder, ptn_id_t mid, uint64_t cn,
    ptn_ews_ck_e kind);


/* --- what ids name -------------------------------------------------------- */

/* The actor's own mailbox, opened at the first call. */
ptn_rc_t ptn_ews_box_own(ptn_ews_t *e, ptn_ews_box_t **ret);
ptn_rc_t ptn_ews_box_guid(ptn_ews_t *e, ptn_guid_t mailbox,
    ptn_ews_box_t **ret);
ptn_rc_t ptn_ews_box_user(ptn_ews_t *e, const ptn_user_t *user,
    ptn_ews_box_t **ret);

/* Ends the snapshots of all that are open (ptn_mbox_read_end). */
void ptn_ews_read_end(ptn_ews_t *e);

/*
 * t:FolderId or t:DistinguishedFolderId.  ErrorFolderNotFound,
 * ErrorInvalidId..., ErrorAccessDenied.  *ret_folder is borrowed.
 */
ptn_rc_t ptn_ews_folder(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, const ptn_folder_t **ret_folder);

/* The same; *ret_folder may be one of recoverable items (below), which only
 * some operations know: ptn_ews_folder() gives ErrorInvalidOperation. */
ptn_rc_t ptn_ews_folder_any(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, const ptn_folder_t **ret_folder);

/* ptn_ews_recoverable.c: ids that no folder of the store has.  0, NULL: not
 * one of them. */
bool ptn_ews_recoverable(ptn_id_t folder);
bool ptn_ews_recoverable_items(ptn_id_t folder);        /* it has items */
ptn_id_t ptn_ews_recoverable_id(ptn_str_t distinguished);
const char *ptn_ews_recoverable_name(ptn_id_t folder);
uint32_t ptn_ews_recoverable_children(ptn_id_t folder);
void ptn_ews_recoverable_rights(ptn_ews_t *e);
/* EDENIED: not with full access. */
ptn_rc_t ptn_ews_recoverable_folder(ptn_ews_t *e, ptn_ews_box_t *box,
    ptn_id_t id, const ptn_folder_t **ret_folder);
ptn_rc_t ptn_ews_recoverable_below(ptn_ews_t *e, ptn_ews_box_t *box,
    ptn_id_t root, const ptn_folder_t ***ret, size_t *ret_n);
ptn_rc_t ptn_ews_recoverable_table(ptn_ews_box_t *box, ptn_id_t folder,
    ptn_str_t traversal, ptn_table_t **ret_table);

/* t:ItemId; *ret_id: its row id, *ret_cn (may be NULL) that of its ChangeKey,
 * 0: none was given. */
ptn_rc_t ptn_ews_item(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, ptn_ews_id_t *ret_name, ptn_id_t *ret_id,
    uint64_t *ret_cn);

/* The same; *ret_gone: it was deleted softly, and can be recovered. */
ptn_rc_t ptn_ews_item_any(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_box_t **ret_box, ptn_ews_id_t *ret_name, ptn_id_t *ret_id,
    bool *ret_gone);

/* Row id of a message id that was read.  ENOTFOUND. */
ptn_rc_t ptn_ews_row(ptn_ews_box_t *box, ptn_ews_id_t *name,
    ptn_id_t *ret_id);

/* Name of a special folder for DistinguishedFolderId, or NULL. */
const char *ptn_ews_distinguished(uint8_t special, uint8_t version);


/* --- fields --------------------------------------------------------------- */

typedef struct ptn_ews_field_s  ptn_ews_field_t;
typedef struct ptn_ews_src_s    ptn_ews_src_t;
typedef struct ptn_ews_edit_s   ptn_ews_edit_t;

/* Kinds: how the value of the first tag is shown and read. */
typedef enum {
    PTN_EWS_STR, PTN_EWS_BOOL, PTN_EWS_INT, PTN_EWS_TIME, PTN_EWS_BYTES,
    PTN_EWS_CHOICE,             /* an enumeration: `choices` by number */
    PTN_EWS_GET,                /* by its getter and setter */
    PTN_EWS_ABSENT              /* of the schema: no item has it, and it
                                   cannot be set */
} ptn_ews_kind_e;

#define PTN_EWS_TAGS  4         /* of one field */

/* In which shapes, and where it does not belong. */
#define PTN_EWS_IDONLY    0x0001
#define PTN_EWS_DEFAULT   0x0002
#define PTN_EWS_ALL       0x0004
#define PTN_EWS_NOFIND    0x0010        /* not in FindItem */
#define PTN_EWS_MESSAGE   0x0020        /* MessageType, not ItemType */
#define PTN_EWS_SORT      0x0040        /* FindItem can sort by it */
#define PTN_EWS_APPEND    0x0080        /* AppendToItemField */
#define PTN_EWS_RECIPS    0x0100        /* wants recipients of the object, */
#define PTN_EWS_ATTACHS   0x0200        /* attachments, */
#define PTN_EWS_CONTENT   0x0400        /* body */
#define PTN_EWS_READONLY  0x0800        /* no client can set it */

struct ptn_ews_field_s {
    const char          *uri;           /* "item:Subject" */
    const char          *element;       /* "t:Subject" */
    uint8_t              kind;          /* ptn_ews_kind_e */
    uint8_t              since;         /* ptn_ews_version_e */
    uint16_t             flags;
    uint32_t             tags[PTN_EWS_TAGS];    /* named: the type alone */
    const char *const   *choices;
    ptn_rc_t           (*get)(ptn_ews_t *e, const ptn_ews_field_t *f,
                           ptn_ews_src_t *s);
    /* `el` NULL: the field is removed */
    ptn_rc_t           (*set)(ptn_ews_t *e, const ptn_ews_field_t *f,
                           const ptn_ews_el_t *el, ptn_ews_edit_t *edit,
                           bool append);
    const ptn_named_t   *named;         /* of the first tag */
};

#define PTN_EWS_FIELDS_MAX  128

/* In the order of types.xsd: ItemType, then MessageType. */
extern const ptn_ews_field_t  ptn_ews_fields[];
size_t ptn_ews_fields_n(void);
/* By "item:Subject", by (local) element name; NULL: there is none. */
const ptn_ews_field_t *ptn_ews_field(ptn_str_t uri);
const ptn_ews_field_t *ptn_ews_field_element(const char *element);

/* An ExtendedFieldURI, or a header of IndexedFieldURI
 * item:InternetMessageHeader. */
typedef struct {
    const ptn_ews_el_t  *el;            /* as it was asked for */
    uint16_t             type;          /* of MAPI */
    uint16_t             id;            /* property tag; 0: by name */
    ptn_named_t          named;
    ptn_str_t            header;        /* data not NULL: a header */
    uint32_t             tag;           /* in the box bound last */
    uint8_t              slot;
} ptn_ews_ext_t;

#define PTN_EWS_EXTS_MAX   64
#define PTN_EWS_SLOTS_MAX  192

typedef enum {
    PTN_EWS_BODY_BEST, PTN_EWS_BODY_HTML, PTN_EWS_BODY_TEXT
} ptn_ews_body_e;

/* An ItemShape, and what it takes to fill it. */
typedef struct {
    uint8_t         want[PTN_EWS_FIELDS_MAX];   /* 2: some headers */
    uint8_t         slot[PTN_EWS_FIELDS_MAX][PTN_EWS_TAGS];
    uint32_t        tags[PTN_EWS_SLOTS_MAX];
    uint8_t         ntags;
    uint8_t         cls;                /* slot of the message class */
    ptn_ews_ext_t  *exts;
    uint8_t         nexts;
    unsigned        what;               /* PTN_OXCMAIL_* */
    uint8_t         body, unique_body, normalized_body;
    int64_t         body_max;           /* 0: no limit */
    bool            find;
    ptn_mbox_t     *bound;              /* named properties looked up in it */
} ptn_ews_shape_t;

/*
 * Reads an ItemShape (NULL: IdOnly).  Faults: ErrorInvalidPropertyRequest and
 * the like are the request's.
 */
ptn_rc_t ptn_ews_shape(ptn_ews_t *e, const ptn_ews_el_t *el, bool find,
    ptn_ews_shape_t *ret_shape);

/* The same of an AttachmentShape (may be NULL), which shows all. */
ptn_rc_t ptn_ews_attachment_shape(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_shape_t *ret_shape);

/* Looks named properties up in the box; cheap when it is the same again. */
ptn_rc_t ptn_ews_shape_bind(ptn_ews_t *e, ptn_ews_shape_t *shape,
    ptn_ews_box_t *box);

ptn_rc_t ptn_ews_ext_parse(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_ext_t *ret_ext);
/* Tag in the mailbox; 0: nobody has that name (with tx NULL). */
ptn_rc_t ptn_ews_ext_tag(ptn_mbox_t *mb, ptn_txn_t *tx,
    const ptn_ews_ext_t *ext, uint32_t *ret_tag);
void ptn_ews_ext_put(ptn_ews_t *e, const ptn_ews_ext_t *ext, uint32_t tag,
    ptn_str_t value);
/* t:Value or t:Values to a property value.  ErrorInvalidExtendedProperty-
 * Value. */
ptn_rc_t ptn_ews_ext_value(ptn_ews_t *e, const ptn_ews_ext_t *ext,
    const ptn_ews_el_t *el, ptn_str_t *ret);

/* One item that is shown. */
struct ptn_ews_src_s {
    ptn_ews_box_t         *box;
    const ptn_ews_shape_t *shape;
    const ptn_msg_info_t  *info;        /* NULL: an attached item */
    const ptn_str_t       *values;      /* shape->tags */
    ptn_msg_t             *msg;         /* NULL: a row of a table */
    const ptn_object_t    *object;      /* with shape->what, if there is any */
    ptn_ews_id_t           id;
    const char            *element;     /* "t:Message" */
    uint8_t                ck;          /* ptn_ews_ck_e */
    bool                   message;     /* has the fields of MessageType */
};

/* Getters of ptn_ews_get.c, setters of ptn_ews_set.c; of a row's kind. */
#define PTN_EWS_GETTER(name)                                                  \
    ptn_rc_t ptn_ews_get_##name(ptn_ews_t *e, const ptn_ews_field_t *f,       \
        ptn_ews_src_t *s)
#define PTN_EWS_SETTER(name)                                                  \
    ptn_rc_t ptn_ews_set_##name(ptn_ews_t *e, const ptn_ews_field_t *f,       \
        const ptn_ews_el_t *el, ptn_ews_edit_t *edit, bool append)

PTN_EWS_GETTER(mime);
PTN_EWS_GETTER(item_id);
PTN_EWS_GETTER(parent);
PTN_EWS_GETTER(class);
PTN_EWS_GETTER(body);
PTN_EWS_GETTER(attachments);
PTN_EWS_GETTER(received);
PTN_EWS_GETTER(size);
PTN_EWS_GETTER(strings);
PTN_EWS_GETTER(message_flag);
PTN_EWS_GETTER(draft);
PTN_EWS_GETTER(headers);
PTN_EWS_GETTER(responses);
PTN_EWS_GETTER(extended);
PTN_EWS_GETTER(rights);
PTN_EWS_GETTER(modified);
PTN_EWS_GETTER(associated);
PTN_EWS_GETTER(conversation);
PTN_EWS_GETTER(flag);
PTN_EWS_GETTER(entry_id);
PTN_EWS_GETTER(preview);
PTN_EWS_GETTER(person);
PTN_EWS_GETTER(recips);
PTN_EWS_GETTER(read);
PTN_EWS_GETTER(reply_to);

PTN_EWS_SETTER(mime);
PTN_EWS_SETTER(class);
PTN_EWS_SETTER(body);
PTN_EWS_SETTER(attachments);
PTN_EWS_SETTER(strings);
PTN_EWS_SETTER(flag);
PTN_EWS_SETTER(person);
PTN_EWS_SETTER(recips);
PTN_EWS_SETTER(read);
PTN_EWS_SETTER(reply_to);
PTN_EWS_SETTER(extended);

/* The object with `what`; NULL: a row of a table. */
ptn_rc_t ptn_ews_object(ptn_ews_src_t *s, unsigned what,
    const ptn_object_t **ret);

/* When it was changed; if nobody did, when it came. */
int64_t ptn_ews_modified(const ptn_msg_info_t *info);

/* Value k of a field; data NULL: not there. */
ptn_str_t ptn_ews_value(const ptn_ews_src_t *s, const ptn_ews_field_t *f,
    unsigned k);

/* The whole element of an item. */
ptn_rc_t ptn_ews_put_item(ptn_ews_t *e, ptn_ews_src_t *s);

/* Bodies: `type` of ptn_ews_body_e; text, made from HTML if need be. */
ptn_rc_t ptn_ews_body(ptn_ews_t *e, ptn_ews_src_t *s, uint8_t type,
    bool *ret_html, ptn_str_t *ret);
ptn_rc_t ptn_ews_text(ptn_ews_t *e, ptn_ews_src_t *s, ptn_str_t *ret);

/* ptn_recip_e of a field of recipients. */
uint32_t ptn_ews_recip_type(const ptn_ews_field_t *f);

/* What all attachments have, behind the opening tag; s->id: where it is. */
ptn_rc_t ptn_ews_put_attachment(ptn_ews_t *e, ptn_ews_src_t *s,
    const ptn_attach_t *attach);
bool ptn_ews_is_item_attachment(const ptn_attach_t *attach);

/* Opens message `id` and writes it by `shape`.  gone: one that was deleted
 * softly; `as`: the folder that it is shown in, 0: its own. */
ptn_rc_t ptn_ews_put_message(ptn_ews_t *e, ptn_ews_box_t *box,
    ptn_ews_shape_t *shape, ptn_id_t id, bool gone, ptn_id_t as);

/* Element and change key kind of a message class. */
void ptn_ews_class(ptn_ews_src_t *s, ptn_str_t cls);

/* <t:Message><t:ItemId .../></t:Message> */
ptn_rc_t ptn_ews_put_saved(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    ptn_id_t mid, uint64_t cn, ptn_str_t cls);


/* --- editing -------------------------------------------------------------- */

#define PTN_EWS_CHANGES_MAX  256

struct ptn_ews_edit_s {
    ptn_ews_box_t   *box;
    ptn_txn_t       *tx;                /* for new named properties */
    bool             new_item;          /* CreateItem */
    ptn_id_t         id;                /* row id, of one that is there */
    ptn_msg_t       *msg;               /* when it was read */
    ptn_object_t    *object;            /* NULL: nothing needed it yet */
    bool             content;           /* something changed that is MIME's */
    ptn_bag_prop_t   changes[PTN_EWS_CHANGES_MAX];  /* what is not */
    size_t           nchanges;
    uint32_t         set, flags;        /* PTN_FLAG_*: which, and how */
    ptn_str_t        raw;               /* item:MimeContent, untouched yet */
    uint32_t         recips_end;        /* room behind: ptn_ews_edit_recip */
};

/* Has edit->object there: the whole message, or what its MIME says. */
ptn_rc_t ptn_ews_edit_load(ptn_ews_t *e, ptn_ews_edit_t *edit);

/* ErrorInvalidPropertySet. */
ptn_rc_t ptn_ews_set_refuse(ptn_ews_t *e);

/* Sets all fields that are elements of `item` (t:Message). */
ptn_rc_t ptn_ews_edit_item(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_ews_el_t *item);
ptn_rc_t ptn_ews_edit_prop(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t tag,
    ptn_str_t value);
ptn_rc_t ptn_ews_edit_unset(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t tag);
ptn_rc_t ptn_ews_edit_int(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t tag,
    int64_t n);
/* One field; `el` NULL: removed. */
ptn_rc_t ptn_ews_edit_field(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_ews_field_t *field, const ptn_ews_el_t *el, bool append);
ptn_rc_t ptn_ews_edit_subject(ptn_ews_t *e, ptn_ews_edit_t *edit,
    ptn_str_t subject);
ptn_rc_t ptn_ews_edit_body(ptn_ews_t *e, ptn_ews_edit_t *edit, bool html,
    ptn_str_t body);
ptn_rc_t ptn_ews_edit_recip(ptn_ews_t *e, ptn_ews_edit_t *edit, uint32_t type,
    ptn_str_t name, ptn_str_t address);
/* `tags`: name, SMTP address, address, type of address. */
ptn_rc_t ptn_ews_edit_person(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const uint32_t *tags, ptn_str_t name, ptn_str_t address);

/* A copy of an object that may be edited; values are borrowed. */
ptn_rc_t ptn_ews_object_dup(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_object_t **ret);

/* Adds who stands in a list of t:Mailbox. */
ptn_rc_t ptn_ews_edit_recips(ptn_ews_t *e, ptn_ews_edit_t *edit,
    const ptn_ews_el_t *list, uint32_t type, bool append);

/* Saves a new item, sends one (ptn_ews_create.c). */
ptn_rc_t ptn_ews_save_new(ptn_ews_t *e, ptn_ews_edit_t *edit,
    ptn_id_t folder, ptn_saved_t *ret_saved);
ptn_rc_t ptn_ews_send_object(ptn_ews_t *e, const ptn_object_t *object,
    ptn_str_t raw);
/* Reads message `id` whole, for sending or editing. */
ptn_rc_t ptn_ews_load(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t id,
    ptn_msg_t **ret_msg, ptn_object_t **ret_object);

/* ReplyToItem and its kin: fills `edit` from the item that it answers. */
ptn_rc_t ptn_ews_response_object(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_edit_t *edit);

/* Marks what `item` (a response object) answered; disposition 0: not sent. */
ptn_rc_t ptn_ews_answered(ptn_ews_t *e, const ptn_ews_el_t *item,
    ptn_ews_edit_t *edit, uint8_t disposition);


/* --- folders -------------------------------------------------------------- */

typedef struct {
    uint32_t        want;               /* bit i: row i of folder fields */
    ptn_ews_ext_t  *exts;
    uint8_t         nexts;
    bool            permissions;        /* GetFolder: a list for each folder */
} ptn_ews_folder_shape_t;

/* ptn_ews_permission.c: PermissionSet, EffectiveRights. */
bool ptn_ews_is_calendar(const ptn_folder_t *folder);
ptn_rc_t ptn_ews_put_permissions(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder);
ptn_rc_t ptn_ews_put_effective_rights(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder);
ptn_rc_t ptn_ews_set_permissions(ptn_ews_t *e, ptn_ews_box_t *box,
    ptn_txn_t *tx, ptn_id_t id, const ptn_ews_el_t *set);

ptn_rc_t ptn_ews_folder_shape(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_folder_shape_t *ret_shape);
/* t:SearchParameters of a search folder: written, set. */
ptn_rc_t ptn_ews_put_search(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t id);
ptn_rc_t ptn_ews_set_search(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    ptn_id_t id, const ptn_ews_el_t *el);
ptn_rc_t ptn_ews_put_folder(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder, const ptn_ews_folder_shape_t *shape);

/* Folders below `root`, one level or all; `term` (may be NULL) as in
 * ptn_ews_search.h. */
struct ptn_ews_term_s;
ptn_rc_t ptn_ews_folders_below(ptn_ews_t *e, ptn_ews_box_t *box,
    ptn_id_t root, bool deep, const struct ptn_ews_term_s *term,
    const ptn_folder_t ***ret, size_t *ret_n);

/* Uids of a folder: all (`seen` -1), or those whose \Seen is not `seen`. */
ptn_rc_t ptn_ews_uids(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    int seen, uint32_t **ret_uids, size_t *ret_n);


/* --- operations ----------------------------------------------------------- */

ptn_rc_t ptn_ews_get_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_find_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_create_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_update_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_delete_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_move_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_copy_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_empty_folder(ptn_ews_t *e);
ptn_rc_t ptn_ews_mark_all_items_as_read(ptn_ews_t *e);
ptn_rc_t ptn_ews_sync_folder_hierarchy(ptn_ews_t *e);
ptn_rc_t ptn_ews_sync_folder_items(ptn_ews_t *e);
ptn_rc_t ptn_ews_find_item(ptn_ews_t *e);
ptn_rc_t ptn_ews_get_item(ptn_ews_t *e);
ptn_rc_t ptn_ews_get_attachment(ptn_ews_t *e);
ptn_rc_t ptn_ews_create_item(ptn_ews_t *e);
ptn_rc_t ptn_ews_update_item(ptn_ews_t *e);
ptn_rc_t ptn_ews_send_item(ptn_ews_t *e);
ptn_rc_t ptn_ews_move_item(ptn_ews_t *e);
ptn_rc_t ptn_ews_copy_item(ptn_ews_t *e);
bool ptn_ews_suppressed(ptn_ews_t *e);
ptn_rc_t ptn_ews_delete_item(ptn_ews_t *e);
ptn_rc_t ptn_ews_resolve_names(ptn_ews_t *e);
ptn_rc_t ptn_ews_get_server_time_zones(ptn_ews_t *e);
ptn_rc_t ptn_ews_subscribe(ptn_ews_t *e);
ptn_rc_t ptn_ews_unsubscribe(ptn_ews_t *e);
ptn_rc_t ptn_ews_get_events(ptn_ews_t *e);
ptn_rc_t ptn_ews_get_streaming_events(ptn_ews_t *e);

/* Pokes of parked requests (ptn_ews_stream.c). */
ptn_rc_t ptn_ews_poke(ptn_job_t *job);
/* The answer to an operation on a subscription that is gone. */
void ptn_ews_subscription_gone(ptn_ews_t *e);


#endif /* PTN_EWS_H */
