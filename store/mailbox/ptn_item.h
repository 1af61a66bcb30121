/*
 * store/mailbox, inside: a message's two rows in memory, and its properties.
 *
 * Where a property comes from, in this order:
 *
 *   computed   of the row: flags, sizes, keys, times of the row
 *   bag        item.bag, and item.large for what is too large for it
 *   columns    subject, class, sender ...: item's columns
 *   default    what most messages have: the sender is the one represented,
 *              the topic is the normalized subject ...; not stored when equal
 *   content    bodies, and what the bag says was left out of it
 *
 * ptn_item_derive() makes columns and bag of an object, so that all but the
 * last are complete; items of version 1 (derived 0) must look at the content
 * for whatever is not there.
 */

#ifndef PTN_ITEM_H
#define PTN_ITEM_H


#include "ptn_mailbox.h"


#define PTN_ITEM_TEXT_MAX   1024    /* bytes of a column; longer is cut */
#define PTN_ITEM_KEPT_MAX   1024    /* of a content property in the bag */
#define PTN_ITEM_LARGE      44      /* bytes of an entry of item.large */

/*
 * Bits of MESSAGE_FLAGS that the bag keeps: submitted, from me, receipts that
 * are pending (MS-OXCMSG 2.2.1.6); the rest is what the row says.
 */
#define PTN_ITEM_FLAGS_KEPT  0x00000324

/* item.attach; bags of items of before version 3 are not said to be plain. */
#define PTN_ITEM_ATTACH     1       /* the message has attachments */
#define PTN_ITEM_PLAIN      2       /* the bag has no column's property */

/* item.derived */
#define PTN_DERIVED_YES     1       /* columns and bag are complete */
#define PTN_DERIVED_OBJECT  2       /* the content has a row in object */

/* In the bag, never shown: tags (u32 each) that only the content has. */
#define PTN_ITEM_OMITTED    0x67ef0102

typedef enum {
    PTN_ITEM_CLASS, PTN_ITEM_SUBJECT, PTN_ITEM_FROM_NAME, PTN_ITEM_FROM_ADDR,
    PTN_ITEM_TO, PTN_ITEM_CC, PTN_ITEM_MESSAGE_ID, PTN_ITEM_TEXTS
} ptn_item_text_e;

typedef struct {
    ptn_msg_info_t  info;
    ptn_str_t       text[PTN_ITEM_TEXTS];
    int64_t         sent;           /* seconds, if dated */
    bool            dated;
    bool            attach;
    uint8_t         importance;
    uint8_t         derived;        /* PTN_DERIVED_* */
    ptn_str_t       packed;         /* the bag */
    ptn_str_t       large;
    ptn_str_t       xid, pcl;       /* of an import (ptn_ics.h) */
    ptn_str_t       refers;         /* to be written, never read */
    ptn_bag_t       bag;            /* of packed */
} ptn_item_t;


/* --- ptn_item.c --------------------------------------------------------- */

/* The columns of MSG_GET, MSG_BY_ID and the first of ITEM_GET, ITEM_AT; the
 * last of them is fai, and the status above it. */
void ptn_item_read_info(sqlite3_stmt *st, ptn_msg_info_t *info);
/* Strings point into the statement's row.  ECORRUPT: its bag. */
ptn_rc_t ptn_item_read(sqlite3_stmt *st, ptn_item_t *item);
/* The same of ITEM_HALF, without info, xid and pcl. */
ptn_rc_t ptn_item_read_half(sqlite3_stmt *st, ptn_item_t *item);
/* The same in `pool`.  ENOTFOUND. */
ptn_rc_t ptn_item_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_item_t *ret_item);
size_t ptn_item_size(const ptn_item_t *item);   /* of its strings */
/* A copy whose strings stand at `p`, ptn_item_size() bytes. */
void ptn_item_copy(ptn_item_t *to, const ptn_item_t *from, u_char *p);
ptn_rc_t ptn_item_put(ptn_mbox_t *mb, ptn_sql_e sql, ptn_id_t id,
    const ptn_item_t *item);

/* Entry of item.large; false: not there. */
bool ptn_item_large(const ptn_item_t *item, uint32_t tag,
    u_char ret_sha[32], uint64_t *ret_size);
/* Blobs of item.large: one reference more, or less. */
ptn_rc_t ptn_item_large_refs(ptn_mbox_t *mb, ptn_str_t large, bool add);
ptn_rc_t ptn_item_large_read(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_item_t *item, uint32_t tag, ptn_str_t *ret);


/* --- ptn_item_props.c --------------------------------------------------- */

#define PTN_ITEM_SCRATCH  80

/* What getters need besides the item; scratch is overwritten by each call. */
typedef struct {
    ptn_mbox_t        *mb;
    ptn_pool_t        *pool;        /* of what does not fit scratch */
    const ptn_item_t  *item;
    u_char            *scratch;     /* PTN_ITEM_SCRATCH bytes */
} ptn_item_ctx_t;

typedef ptn_str_t  (*ptn_item_get_pt)(ptn_item_ctx_t *c, uint32_t tag);

typedef enum {
    PTN_ITEM_STORED,                /* bag only */
    PTN_ITEM_COMPUTED,              /* never stored */
    PTN_ITEM_COLUMN,                /* a column, of which the bag may have the
                                       whole */
    PTN_ITEM_DEFAULT                /* bag, else a default */
} ptn_item_kind_e;

typedef struct {
    uint32_t          tag;
    ptn_item_kind_e   kind;
    ptn_item_get_pt   get;
} ptn_item_prop_t;

/* The row of a tag, or NULL: stored. */
const ptn_item_prop_t *ptn_item_prop(uint32_t tag);
const ptn_item_prop_t *ptn_item_props(size_t *ret_n);

/*
 * The value without looking at the content; data NULL: not there.
 * *ret_deep: the content may have it.
 */
ptn_str_t ptn_item_value(ptn_item_ctx_t *c, const ptn_item_prop_t *prop,
    uint32_t tag, bool *ret_deep);
/* All of them, but what only content has.  *ret_deep: there may be more. */
ptn_rc_t ptn_item_all(ptn_item_ctx_t *c, ptn_props_t *props, bool *ret_deep);
bool ptn_item_computed(uint32_t tag);
/* Has the bag no property that has a column? */
bool ptn_item_plain(const ptn_bag_t *bag);
/* Only the content has it. */
bool ptn_item_omitted(const ptn_item_t *item, uint32_t tag);
/* PTN_OXCMAIL_* that gives the property. */
unsigned ptn_item_what(uint32_t tag);


/* --- ptn_conversation.c -------------------------------------------------- */

#define PTN_CONVERSATION_HEADER  22     /* bytes of an index without levels */
#define PTN_CONVERSATION_LEVEL   5      /* of a level */

/* False: it belongs to none. */
bool ptn_conversation_id(ptn_item_ctx_t *c, u_char ret[16]);
bool ptn_conversation_index(ptn_item_ctx_t *c, u_char ret[22]);
bool ptn_conversation_of_topic(ptn_pool_t *pool, ptn_str_t topic,
    u_char ret[16]);

typedef struct {
    bool       any;                 /* it belongs to one: id, index */
    bool       has_index;           /* kept; else it is made of the id */
    bool       tracking;            /* the id is that of the index */
    u_char     id[16];
    ptn_str_t  index;               /* in the pool */
    ptn_str_t  topic;               /* the item's */
} ptn_conversation_t;

ptn_rc_t ptn_conversation_of(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_item_t *item, ptn_conversation_t *ret);
void ptn_conversation_header(u_char ret[22], int64_t received,
    const u_char id[16]);
/* One level below the first `levels` of index; data NULL: no memory. */
ptn_str_t ptn_conversation_reply(ptn_pool_t *pool, ptn_str_t index,
    size_t levels, int64_t received, unsigned random);


/* --- ptn_refer.c --------------------------------------------------------- */

/*
 * Conversations by In-Reply-To and References (ptn_refer.c says how).
 *
 * Of a message that is about to come, as MIME: *extra gets the index, and what
 * goes with it, that makes it one of the conversation of what it names, and
 * item->refers the keys of that; `from`: the item that it is a copy of, which
 * counts where nothing that it names is here, or NULL.  To be called before
 * ptn_item_derive(), with item->info.received.  *ret_late: what came before it
 * names it, so that ptn_refer_late() is to be called when it has its rows.
 */
ptn_rc_t ptn_refer_join(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_object_t *object, const ptn_item_t *from, ptn_props_t *extra,
    ptn_item_t *item, bool *ret_late);
ptn_rc_t ptn_refer_late(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t id);
/* Of the value of a Message-ID field; 0: there is none. */
uint64_t ptn_refer_key(ptn_str_t message_id);
/* Rows of a message's refers. */
ptn_rc_t ptn_refer_put(ptn_mbox_t *mb, ptn_id_t id, ptn_str_t refers,
    bool add);
/* Gives keys to some items of before version 3; false: all have theirs. */
bool ptn_refer_stale(ptn_mbox_t *mb);

#define PTN_REFER_KEYS   16         /* of a message count */
#define PTN_REFER_KEPT   2          /* by which it is found */
#define PTN_REFER_SIZE   (1 + 8 * PTN_REFER_KEPT)   /* of item.refers */


/* --- ptn_item_derive.c -------------------------------------------------- */

/*
 * Columns and bag of `object` (its content) and, where not NULL, `extra` (what
 * is no content, and wins).  item->info.received must be set.  Values of extra
 * that are too large for the bag become blobs; item->large gets their names.
 */
ptn_rc_t ptn_item_derive(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_object_t *object, const ptn_props_t *extra, ptn_item_t *item);
/* "Alice; Bob": the recipients of a kind (ptn_recip_e), up to `max` bytes. */
ptn_str_t ptn_item_display(ptn_pool_t *pool, const ptn_object_t *object,
    uint32_t type, size_t max);
/* A bag of what is set, besides what it has; item->large too.  Props with no
 * value are taken out. */
ptn_rc_t ptn_item_rebag(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_item_t *item,
    const ptn_bag_prop_t *props, size_t n);
/* Fills in some items of version 1, in a batch that is committed. */
void ptn_item_derive_stale(ptn_mbox_t *mb);


/* --- ptn_object_store.c ------------------------------------------------- */

typedef struct ptn_stored_s  ptn_stored_t;

/* Keeps `object` beside content `content`. */
ptn_rc_t ptn_stored_add(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    const ptn_object_t *object);
ptn_rc_t ptn_stored_drop(ptn_mbox_t *mb, ptn_id_t content);
/* The object, without data of attachments.  ENOTFOUND. */
ptn_rc_t ptn_stored_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    ptn_stored_t **ret_stored, ptn_object_t **ret_object);
/* Loads all data, or that of attachment `i` of the message itself (ETOOBIG
 * above `max`). */
ptn_rc_t ptn_stored_data(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_stored_t *stored, ptn_object_t *object);
ptn_rc_t ptn_stored_data_of(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_stored_t *stored, const ptn_object_t *object, uint32_t i, size_t max,
    ptn_str_t *ret);
/* For check: the blobs that its data names, as in object.blobs. */
ptn_str_t ptn_stored_blobs(const ptn_stored_t *stored);


/* PidTagAccess (MS-OXCPRPT 2.2.1.1). */
#define PTN_ACCESS_MODIFY      0x00000001
#define PTN_ACCESS_READ        0x00000002
#define PTN_ACCESS_DELETE      0x00000004
#define PTN_ACCESS_HIERARCHY   0x00000008
#define PTN_ACCESS_CONTENTS    0x00000010
#define PTN_ACCESS_ASSOCIATED  0x00000020

/* --- ptn_rights.c, ptn_rights_mark.c ------------------------------------- */

/*
 * May the actor do with a message what the right `any` is for, or `owned` for
 * one that it has made itself?  ENOTFOUND: it is not to know of it.
 */
ptn_rc_t ptn_rights_message(ptn_mbox_t *mb, const ptn_msg_info_t *m,
    uint32_t owned, uint32_t any);
#define ptn_rights_read(mb, m)                                                \
    ptn_rights_message(mb, m, 0, PTN_RIGHT_READ_ANY)
#define ptn_rights_edit(mb, m)                                                \
    ptn_rights_message(mb, m, PTN_RIGHT_EDIT_OWNED, PTN_RIGHT_EDIT_ANY)
#define ptn_rights_delete(mb, m)                                              \
    ptn_rights_message(mb, m, PTN_RIGHT_DELETE_OWNED, PTN_RIGHT_DELETE_ANY)
/*
 * Before flags change: may they?  *m becomes what who acts sees of it: in a
 * public store read state is one's own.  `begun`: some have changed, and what
 * is denied undoes them.
 */
ptn_rc_t ptn_rights_flag(ptn_txn_t *tx, ptn_msg_info_t *m,
    ptn_flags_op_e op, uint32_t flags, uint64_t keywords, bool begun);
/* ptn_rights_read(), and *m becomes what who acts sees of it. */
ptn_rc_t ptn_rights_show(ptn_mbox_t *mb, ptn_msg_info_t *m);
/* The same of a message by its id; nothing is read for who may everything. */
ptn_rc_t ptn_rights_id(ptn_mbox_t *mb, ptn_id_t id);
/* PidTagAccess. */
uint32_t ptn_rights_access(ptn_mbox_t *mb, const ptn_msg_info_t *m);
/* To copy, or to move. */
ptn_rc_t ptn_rights_take(ptn_mbox_t *mb, const ptn_msg_info_t *m, bool move);

typedef struct {
    uint64_t  creator;          /* 0: the owner, the system */
    bool      secret;           /* PidTagSensitivity is private */
} ptn_mark_t;

/* Of a message; without a row both are 0. */
ptn_rc_t ptn_mark_get(ptn_mbox_t *mb, ptn_id_t id, ptn_mark_t *ret_mark);
/* A new message of who acts; an item that was written. */
ptn_rc_t ptn_mark_add(ptn_mbox_t *mb, ptn_id_t id, ptn_id_t from);
ptn_rc_t ptn_mark_item(ptn_mbox_t *mb, ptn_id_t id, const ptn_item_t *item,
    bool fresh);
ptn_rc_t ptn_mark_drop(ptn_mbox_t *mb, ptn_id_t id);
/*
 * Messages of the folder (-folder: that can be recovered) that who acts is not
 * to know of, ascending; of a search folder those of others, too, that it may
 * not read.
 */
ptn_rc_t ptn_mark_hidden(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_id_t **ret_ids, size_t *ret_n);
/* Is it one of those? */
bool ptn_mark_hides(const ptn_id_t *ids, size_t n, ptn_id_t id);

/* --- ptn_reader.c -------------------------------------------------------- */

/* Read state of a row as it is for who acts. */
ptn_rc_t ptn_reader_show(ptn_mbox_t *mb, ptn_msg_info_t *m);
/* A row's flags are to be *flags: takes \Seen out of both, and notes it. */
ptn_rc_t ptn_reader_flag(ptn_txn_t *tx, ptn_msg_info_t *m, uint32_t *flags,
    uint64_t *modseq);
/* A new row: takes \Seen out of it; true: to be given when it has its uid. */
bool ptn_reader_take(const ptn_mbox_t *mb, ptn_msg_info_t *m);
ptn_rc_t ptn_reader_give(ptn_txn_t *tx, const ptn_msg_info_t *m);
/* The message has another uid by an edit: what its editor had read it has read
 * still, and its clients hear of it. */
ptn_rc_t ptn_reader_follow(ptn_txn_t *tx, const ptn_msg_info_t *old,
    const ptn_msg_info_t *m);
/* What changed behind `since`: uids [uid, mid], cn, flags.  *at: 0 at first. */
bool ptn_reader_next(ptn_mbox_t *mb, ptn_id_t folder, uint64_t since,
    uint32_t *at, ptn_msg_info_t *ret);

/* --- ptn_msg_write.c ---------------------------------------------------- */

ptn_rc_t ptn_msg_get(ptn_mbox_t *mb, ptn_id_t folder, uint32_t uid,
    ptn_msg_info_t *m);
ptn_rc_t ptn_msg_get_id(ptn_mbox_t *mb, ptn_id_t id, ptn_msg_info_t *m);
/* ptn_msg_open(), ptn_msg_by_mid() whoever acts. */
ptn_rc_t ptn_msg_open_any(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_msg_t **ret_msg);
ptn_rc_t ptn_msg_find_mid(ptn_mbox_t *mb, ptn_id_t folder, ptn_id_t mid,
    ptn_id_t *ret_id);
ptn_rc_t ptn_msg_insert(ptn_mbox_t *mb, const ptn_msg_info_t *m);
ptn_rc_t ptn_msg_tomb(ptn_mbox_t *mb, const ptn_msg_info_t *m, uint64_t cn,
    ptn_cause_e cause, ptn_id_t dest);
void ptn_msg_count(ptn_mbox_t *mb, ptn_folder_t *f, const ptn_msg_info_t *m,
    int sign);
ptn_rc_t ptn_msg_room(ptn_mbox_t *mb, const ptn_folder_t *f, size_t n,
    uint64_t size);
uint64_t ptn_msg_keywords(const ptn_mbox_t *mb);
/* Is it on its way to another mailbox? */
ptn_rc_t ptn_msg_moving(ptn_mbox_t *mb, ptn_id_t id, bool *ret_moving);
ptn_rc_t ptn_msg_once(ptn_mbox_t *mb, ptn_str_t key, ptn_id_t id,
    bool for_good);
int64_t ptn_msg_now(void);                      /* seconds */

/* One message each; `m` is its row. */
void ptn_msg_new_flags(const ptn_msg_info_t *m, ptn_flags_op_e op,
    uint32_t flags, uint64_t keywords, uint32_t *ret_flags,
    uint64_t *ret_keywords);
ptn_rc_t ptn_msg_flags_one(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    uint32_t flags, uint64_t keywords, uint64_t *modseq);
ptn_rc_t ptn_msg_copy_one(ptn_txn_t *tx, ptn_folder_t *to, ptn_id_t from,
    ptn_msg_info_t *m);
ptn_rc_t ptn_msg_move_one(ptn_txn_t *tx, ptn_folder_t *to,
    ptn_folder_t *from, ptn_msg_info_t *m);
/* ptn_msg_copy.c: either of them; an error ends the transaction.  Before the
 * first one: both folders are there and the user may, and there is room for n
 * messages of that size. */
ptn_rc_t ptn_msg_take_begin(ptn_txn_t *tx, ptn_id_t from, ptn_id_t to,
    ptn_folder_t **ret_target);
ptn_rc_t ptn_msg_take_one(ptn_txn_t *tx, ptn_folder_t *target,
    ptn_msg_info_t *m, bool move);
ptn_rc_t ptn_msg_take_room(ptn_mbox_t *mb, const ptn_folder_t *target,
    size_t n, uint64_t size, bool move);
ptn_rc_t ptn_msg_expunge_one(ptn_txn_t *tx, ptn_folder_t *f,
    ptn_msg_info_t *m);
/* Rows of a new message; m's id, flags, received and content are set; mid 0:
 * the id. */
ptn_rc_t ptn_msg_add(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    const ptn_item_t *item);


#endif /* PTN_ITEM_H */
