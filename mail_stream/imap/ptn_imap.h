/*
 * mail_stream/imap: IMAP4rev1 (RFC 3501) as a ptn_stream_proto_t.
 *
 *   ptn_imap_frame.c    worker side: cuts commands out of the bytes; pure
 *   ptn_imap_parse.c    grammar over (pointer, length)
 *   ptn_imap_set.c      sequence sets and what they name in a view
 *   ptn_imap_out.c      reply bytes
 *   ptn_imap_cmd.c      the table, the dispatcher, open, wake, failed, close
 *   ptn_imap_name.c     mailbox names: folders as paths, patterns
 *   ptn_imap_sync.c     untagged EXISTS, EXPUNGE, FETCH from two views
 *   ptn_imap_<verb>.c   the commands
 *
 * A command is a row of ptn_imap_cmds[]: name, states, flags, class, the
 * capability it announces, function.  The function parses its arguments from
 * c->in, writes untagged replies and returns ptn_rc_t; the dispatcher words
 * the tagged reply from it (or sends c->reply) and, before it, the untagged
 * replies that tell what else happened in the selected mailbox.
 *
 * A session is ptn_imap_state_t and nothing else: who is signed in (a
 * handle), and which folder is selected with the view that the client knows,
 * a reference to a view shared by all sessions of the process.  What a command
 * allocates lives in the job's pool.
 */

#ifndef PTN_IMAP_H
#define PTN_IMAP_H


#include "ptn_stream.h"


#define PTN_IMAP_TAG_MAX       64
#define PTN_IMAP_BAD_MAX       20       /* then BYE */
#define PTN_IMAP_AUTH_MAX      5        /* refused sign-ins, then BYE */
#define PTN_IMAP_DEPTH_MAX     64       /* nested search keys */
#define PTN_IMAP_LOGIN_TIME    180      /* seconds to sign in */
#define PTN_IMAP_IDLE_TIME     240      /* seconds between signs of life */

/* States (RFC 3501 3), as bits: a row names those in which it is allowed. */
#define PTN_IMAP_NOTAUTH       0x01
#define PTN_IMAP_AUTH          0x02
#define PTN_IMAP_SELECTED      0x04
#define PTN_IMAP_SIGNED_IN     (PTN_IMAP_AUTH|PTN_IMAP_SELECTED)
#define PTN_IMAP_ANY           (PTN_IMAP_NOTAUTH|PTN_IMAP_SIGNED_IN)

/* Flags of a row. */
#define PTN_IMAP_MBOX          0x01     /* c->mb is open */
#define PTN_IMAP_RW            0x02     /* not after EXAMINE */
#define PTN_IMAP_KEEP_SEQ      0x04     /* no EXPUNGE while it runs */
#define PTN_IMAP_NO_SYNC       0x08     /* no untagged news behind it */
#define PTN_IMAP_SECRET        0x10     /* its text is wiped */
#define PTN_IMAP_BARRIER       0x20     /* what follows is framed anew */

/* What the next line belongs to, in PTN_MODE_LINE. */
typedef enum {
    PTN_IMAP_WAIT_NONE, PTN_IMAP_WAIT_SASL, PTN_IMAP_WAIT_DONE
} ptn_imap_wait_e;

typedef struct {
    uint8_t       state;                /* one of the state bits */
    uint8_t       wait;                 /* ptn_imap_wait_e */
    uint8_t       bad;                  /* errors so far */
    uint8_t       refused;              /* sign-ins */
    bool          read_only;            /* EXAMINE */
    bool          moved;                /* lives on in another store */
    bool          dead;                 /* BYE was said */
    uint8_t       tag_len;
    uint8_t       user_len;
    uint8_t       addr_len;
    uint32_t      slot;
    ptn_handle_t  handle;
    ptn_view_t   *view;                 /* of the selected folder */
    ptn_id_t      folder;
    uint64_t      keywords;             /* bits told in FLAGS */
    uint64_t      in, out;
    char          tag[PTN_IMAP_TAG_MAX];    /* of the command that waits */
    char          user[64];             /* for the log */
    char          addr[40];
} ptn_imap_state_t;


/* --- grammar (ptn_imap_parse.c) --------------------------------------- */

typedef struct {
    u_char      *p, *end;       /* what is left of the text */
    ptn_str_t    body;          /* what is left of the unit's body */
    ptn_pool_t  *pool;
} ptn_imap_in_t;

/*
 * Each takes what it names from the front.  EPARSE: it is not there.
 * ETOOBIG: a literal that `frame` refused.  ENOMEM.  Strings are slices of
 * the unit where they can be.
 */
ptn_rc_t ptn_imap_parse_sp(ptn_imap_in_t *in);
ptn_rc_t ptn_imap_parse_eol(ptn_imap_in_t *in);
ptn_rc_t ptn_imap_parse_tag(ptn_imap_in_t *in, ptn_str_t *ret);
ptn_rc_t ptn_imap_parse_atom(ptn_imap_in_t *in, ptn_str_t *ret);
ptn_rc_t ptn_imap_parse_string(ptn_imap_in_t *in, ptn_str_t *ret);
ptn_rc_t ptn_imap_parse_astring(ptn_imap_in_t *in, ptn_str_t *ret);
ptn_rc_t ptn_imap_parse_nstring(ptn_imap_in_t *in, ptn_str_t *ret);
ptn_rc_t ptn_imap_parse_list_mailbox(ptn_imap_in_t *in, ptn_str_t *ret);
ptn_rc_t ptn_imap_parse_number(ptn_imap_in_t *in, uint64_t max,
    uint64_t *ret);

bool ptn_imap_parse_peek(const ptn_imap_in_t *in, u_char c);
bool ptn_imap_parse_take(ptn_imap_in_t *in, u_char c);      /* if it is next */
bool ptn_imap_parse_word(ptn_imap_in_t *in, const char *word);  /* atom, no
                                                                   case */

/* SP astring, the commonest argument. */
ptn_rc_t ptn_imap_parse_sp_astring(ptn_imap_in_t *in, ptn_str_t *ret);

/* date (days since 1970) and date-time (seconds UTC). */
ptn_rc_t ptn_imap_parse_date(ptn_imap_in_t *in, int64_t *ret_day);
ptn_rc_t ptn_imap_parse_date_time(ptn_imap_in_t *in, int64_t *ret_sec);

/* flag-list or flags without parentheses; *ret_words: keywords. */
typedef struct {
    uint32_t    flags;
    ptn_str_t  *words;
    size_t      nwords;
} ptn_imap_flags_t;

ptn_rc_t ptn_imap_parse_flags(ptn_imap_in_t *in, ptn_imap_flags_t *ret);

extern const char *const  ptn_imap_months[12];


/* --- sets (ptn_imap_set.c) -------------------------------------------- */

typedef struct {
    uint32_t  lo, hi;           /* as written: 0 is "*"; resolved: lo <= hi */
} ptn_imap_range_t;

typedef struct {
    ptn_imap_range_t  *range;
    size_t             n;
} ptn_imap_set_t;

ptn_rc_t ptn_imap_set_parse(ptn_imap_in_t *in, ptn_imap_set_t *ret);

/*
 * The set as ascending, disjoint ranges of numbers that exist: of sequence
 * numbers of `view`, whether it was written in those or in UIDs.  EINVAL: a
 * sequence number beyond the last message.
 */
ptn_rc_t ptn_imap_set_resolve(ptn_pool_t *pool, const ptn_imap_set_t *set,
    const ptn_view_t *view, bool uid, ptn_imap_set_t *ret);

/* Ascending, disjoint, "*" as `star`; for tests and SEARCH. */
ptn_rc_t ptn_imap_set_normal(ptn_pool_t *pool, const ptn_imap_set_t *set,
    uint32_t star, ptn_imap_set_t *ret);
bool ptn_imap_set_has(const ptn_imap_set_t *normal, uint32_t n);

/* The UIDs in `view` of a resolved set. */
ptn_rc_t ptn_imap_set_uids(ptn_pool_t *pool, const ptn_imap_set_t *seqs,
    const ptn_view_t *view, uint32_t **ret_uids, size_t *ret_n);

/* "1:3,7" of ascending numbers; 0 entries are left out. */
void ptn_imap_set_format(ptn_buf_t *out, const uint32_t *n, size_t len);


/* --- commands --------------------------------------------------------- */

typedef struct ptn_imap_s  ptn_imap_t;

typedef struct {
    const char   *name;
    uint8_t       states;
    uint8_t       flags;
    uint8_t       cls;                      /* ptn_class_e */
    const char   *cap;                      /* NULL: announces nothing */
    ptn_rc_t    (*run)(ptn_imap_t *c);
} ptn_imap_cmd_t;

/* What STORE did itself, so that sync can tell it from news. */
typedef struct {
    const uint32_t  *uids;
    size_t           n;
    ptn_flags_op_e   op;
    uint32_t         flags;
    uint64_t         keywords;
    bool             silent;
} ptn_imap_own_t;

#define PTN_IMAP_BUF  8192

struct ptn_imap_s {
    ptn_stream_t          *s;
    ptn_imap_state_t      *st;
    const ptn_imap_cmd_t  *cmd;
    ptn_imap_in_t          in;
    ptn_str_t              tag;
    bool                   uid;         /* "UID ..." */
    ptn_actor_t            actor;
    ptn_mbox_t            *mb;
    const char            *reply;       /* "OK [...] text": the tagged reply;
                                           NULL: from the return code */
    bool                   replied;     /* it went out already */
    const ptn_str_t       *keyword;     /* names of the 64 bits, when asked */
    ptn_rc_t               failed;      /* writing: the client is gone */
    uint64_t               since_flush;
    size_t                 len;
    u_char                 buf[PTN_IMAP_BUF];
};

const ptn_imap_cmd_t *ptn_imap_cmd_find(ptn_str_t name);

/* The rows, one list per file. */
extern const ptn_imap_cmd_t  ptn_imap_cmds[];
extern const size_t          ptn_imap_ncmds;

/* Opens c->mb for c->actor.  ESTALE: the sign-in is void. */
ptn_rc_t ptn_imap_enter(ptn_imap_t *c);
void ptn_imap_user(const ptn_actor_t *actor, ptn_user_t *user);

/* "IMAP4rev1 ...", as it is in the state of the session. */
void ptn_imap_capability_list(ptn_imap_t *c);

/* Ends the session with "* BYE text". */
void ptn_imap_bye(ptn_imap_t *c, const char *text);

ptn_rc_t ptn_imap_capability(ptn_imap_t *c);
ptn_rc_t ptn_imap_noop(ptn_imap_t *c);
ptn_rc_t ptn_imap_logout(ptn_imap_t *c);
ptn_rc_t ptn_imap_id(ptn_imap_t *c);
ptn_rc_t ptn_imap_enable(ptn_imap_t *c);

ptn_rc_t ptn_imap_starttls(ptn_imap_t *c);
ptn_rc_t ptn_imap_login(ptn_imap_t *c);
ptn_rc_t ptn_imap_authenticate(ptn_imap_t *c);
ptn_rc_t ptn_imap_authenticate_line(ptn_imap_t *c, ptn_str_t line);

ptn_rc_t ptn_imap_list(ptn_imap_t *c);
ptn_rc_t ptn_imap_lsub(ptn_imap_t *c);
ptn_rc_t ptn_imap_namespace(ptn_imap_t *c);

ptn_rc_t ptn_imap_create(ptn_imap_t *c);
ptn_rc_t ptn_imap_delete(ptn_imap_t *c);
ptn_rc_t ptn_imap_rename(ptn_imap_t *c);
ptn_rc_t ptn_imap_subscribe(ptn_imap_t *c);
ptn_rc_t ptn_imap_unsubscribe(ptn_imap_t *c);
ptn_rc_t ptn_imap_status(ptn_imap_t *c);

ptn_rc_t ptn_imap_select(ptn_imap_t *c);
ptn_rc_t ptn_imap_examine(ptn_imap_t *c);
ptn_rc_t ptn_imap_close(ptn_imap_t *c);
ptn_rc_t ptn_imap_unselect(ptn_imap_t *c);
ptn_rc_t ptn_imap_check(ptn_imap_t *c);

ptn_rc_t ptn_imap_fetch(ptn_imap_t *c);
ptn_rc_t ptn_imap_store(ptn_imap_t *c);
ptn_rc_t ptn_imap_copy(ptn_imap_t *c);
ptn_rc_t ptn_imap_move(ptn_imap_t *c);
ptn_rc_t ptn_imap_expunge(ptn_imap_t *c);
ptn_rc_t ptn_imap_uid_expunge(ptn_imap_t *c);
ptn_rc_t ptn_imap_append(ptn_imap_t *c);
uint32_t ptn_imap_prepare(ptn_stream_t *s, const ptn_stream_unit_t *unit);
ptn_rc_t ptn_imap_search(ptn_imap_t *c);

ptn_rc_t ptn_imap_idle(ptn_imap_t *c);
ptn_rc_t ptn_imap_idle_line(ptn_imap_t *c, ptn_str_t line);
ptn_rc_t ptn_imap_idle_wake(ptn_imap_t *c);


/* --- selected folder (ptn_imap_select.c, ptn_imap_sync.c) -------------- */

/* Forgets the selected folder. */
void ptn_imap_deselect(ptn_imap_state_t *st);

/*
 * Tells the client what changed since the view it knows, and moves on to the
 * new view.  `expunge` false: no EXPUNGE may be sent now (RFC 3501 7.4.1);
 * when messages are gone, the old view and its numbers stay, and only the
 * answer to STORE (`own`, may be NULL) is given.
 */
ptn_rc_t ptn_imap_sync(ptn_imap_t *c, bool expunge,
    const ptn_imap_own_t *own);

/* "(\Seen $Label)" */
void ptn_imap_flags_out(ptn_imap_t *c, uint32_t flags, uint64_t keywords);

/* Untagged FLAGS and PERMANENTFLAGS with the keywords of now. */
ptn_rc_t ptn_imap_flags_tell(ptn_imap_t *c);
ptn_rc_t ptn_imap_keywords(ptn_imap_t *c);          /* loads c->keyword */

/*
 * Bits of the keywords in `f`.  With `tx` missing ones are made, without they
 * are left out.
 */
ptn_rc_t ptn_imap_keyword_bits(ptn_imap_t *c, ptn_txn_t *tx,
    const ptn_imap_flags_t *f, uint64_t *ret);

/* Adds \Seen to messages (FETCH of a body). */
ptn_rc_t ptn_imap_store_seen(ptn_imap_t *c, const uint32_t *uids, size_t n);


/* --- mailbox names (ptn_imap_name.c) ----------------------------------- */

typedef struct {
    const ptn_folder_t  *f;
    ptn_str_t            name;      /* whole path, modified UTF-7, "/" */
    uint32_t             parent;    /* index + 1; 0: top level */
    bool                 mail;      /* shown; else at most \Noselect */
    bool                 children;  /* shown ones below */
} ptn_imap_name_t;

/* All folders as IMAP sees them. */
ptn_rc_t ptn_imap_name_tree(ptn_imap_t *c, ptn_imap_name_t **ret, size_t *n);

/*
 * The folder of that name.  ENOTFOUND also for folders that are not shown;
 * EINVAL: it can be no name of ours.
 */
ptn_rc_t ptn_imap_name_find(ptn_imap_t *c, ptn_str_t name,
    const ptn_folder_t **ret);

/* One level: folder name to IMAP and back (escapes, then UTF-7). */
ptn_rc_t ptn_imap_name_encode(ptn_pool_t *pool, ptn_str_t name, bool top,
    ptn_str_t *ret);
ptn_rc_t ptn_imap_name_decode(ptn_pool_t *pool, ptn_str_t level, bool top,
    ptn_str_t *ret);

bool ptn_imap_name_is_inbox(ptn_str_t name);        /* no case */

/* Pattern of LIST (RFC 3501 6.3.8); linear in the product of the lengths. */
bool ptn_imap_name_match(ptn_str_t pattern, ptn_str_t name);

/*
 * Walks `name` from IPM_SUBTREE.  Missing superiors are made with `tx`
 * (RFC 3501 6.3.3); NULL: ENOTFOUND.  EINVAL as above.
 */
typedef struct {
    ptn_id_t             parent;
    ptn_str_t            leaf;      /* last level, decoded */
    const ptn_folder_t  *f;         /* NULL: there is none */
} ptn_imap_walk_t;

ptn_rc_t ptn_imap_name_walk(ptn_imap_t *c, ptn_txn_t *tx, ptn_str_t name,
    ptn_imap_walk_t *ret);

/* Items of STATUS. */
ptn_rc_t ptn_imap_status_parse(ptn_imap_in_t *in, unsigned *ret_items);
void ptn_imap_status_out(ptn_imap_t *c, ptn_str_t name, const ptn_folder_t *f,
    unsigned items);


/* --- FETCH (ptn_imap_fetch.c, ptn_imap_section.c) ---------------------- */

typedef enum {
    PTN_IMAP_UID, PTN_IMAP_FLAGS, PTN_IMAP_INTERNALDATE, PTN_IMAP_SIZE,
    PTN_IMAP_ENVELOPE, PTN_IMAP_BODY, PTN_IMAP_BODYSTRUCTURE,
    PTN_IMAP_SECTION                    /* BODY[...] and RFC822... */
} ptn_imap_item_e;

typedef enum {
    PTN_IMAP_ALL,                       /* [] or [1.2] */
    PTN_IMAP_HEADER, PTN_IMAP_FIELDS, PTN_IMAP_FIELDS_NOT, PTN_IMAP_TEXT,
    PTN_IMAP_MIME
} ptn_imap_part_e;

typedef struct {
    uint8_t     what;                   /* ptn_imap_item_e */
    uint8_t     part;                   /* ptn_imap_part_e */
    bool        peek;
    bool        partial;
    uint32_t    nnumbers;
    uint32_t   *numbers;
    ptn_str_t  *fields;
    size_t      nfields;
    uint64_t    off, max;               /* <off.max> */
    ptn_str_t   label;                  /* "BODY[HEADER]<0>" */
} ptn_imap_item_t;

typedef struct {
    ptn_imap_item_t  *item;
    size_t            n;
    bool              needs_msg;        /* more than the view has */
    bool              seen;             /* sets \Seen */
    bool              has_uid;
} ptn_imap_items_t;

ptn_rc_t ptn_imap_fetch_parse(ptn_imap_in_t *in, ptn_imap_items_t *ret);

/* Writes "LABEL value" of a section. */
ptn_rc_t ptn_imap_section(ptn_imap_t *c, ptn_pool_t *pool, ptn_msg_t *msg,
    const ptn_imap_item_t *item);

/* The fields of `header` named (or not) in the item, and the empty line. */
ptn_rc_t ptn_imap_section_fields(ptn_pool_t *pool, ptn_str_t header,
    const ptn_imap_item_t *item, ptn_str_t *ret);


/* --- SEARCH (ptn_imap_search.c, ptn_imap_match.c) ------------------------ */

typedef struct ptn_imap_key_s  ptn_imap_key_t;

struct ptn_imap_key_s {
    uint8_t            what;            /* ptn_imap_key_e */
    bool               deep;            /* needs the message */
    ptn_imap_key_t    *a, *b;           /* NOT, OR; AND is a list */
    ptn_imap_key_t    *next;
    uint32_t           flags;           /* FLAG: of these ... */
    uint64_t           keywords;
    bool               want;            /* ... set or unset */
    uint64_t           number;          /* LARGER, SMALLER */
    int64_t            day;
    ptn_str_t          name;            /* HEADER, KEYWORD */
    ptn_str_t          text;            /* UTF-8, folded */
    ptn_imap_set_t     set, seqs;
    bool               indexed;         /* content: only `may` can match */
    ptn_id_t          *may;             /* row ids, ascending */
    size_t             nmay, may_size;
};

typedef enum {
    PTN_IMAP_KEY_ALL, PTN_IMAP_KEY_AND, PTN_IMAP_KEY_OR, PTN_IMAP_KEY_NOT,
    PTN_IMAP_KEY_FLAG, PTN_IMAP_KEY_KEYWORD, PTN_IMAP_KEY_NONE,
    PTN_IMAP_KEY_SEQ, PTN_IMAP_KEY_UID,
    PTN_IMAP_KEY_LARGER, PTN_IMAP_KEY_SMALLER,
    PTN_IMAP_KEY_BEFORE, PTN_IMAP_KEY_ON, PTN_IMAP_KEY_SINCE,
    PTN_IMAP_KEY_SENTBEFORE, PTN_IMAP_KEY_SENTON, PTN_IMAP_KEY_SENTSINCE,
    PTN_IMAP_KEY_HEADER, PTN_IMAP_KEY_BODY, PTN_IMAP_KEY_TEXT
} ptn_imap_key_e;

/* EINVAL: unknown charset.  The tree lives in in->pool. */
ptn_rc_t ptn_imap_search_parse(ptn_imap_in_t *in, ptn_imap_key_t **ret);

/* What the index of words says of the keys about content. */
ptn_rc_t ptn_imap_search_index(ptn_imap_t *c, ptn_imap_key_t *key);

/* Does the message match a key that needs its content? */
ptn_rc_t ptn_imap_search_deep(ptn_imap_t *c, ptn_pool_t *pool,
    const ptn_row_t *row, const ptn_imap_key_t *key, ptn_msg_t **msg,
    bool *ret_match);


/* --- output (ptn_imap_out.c) ------------------------------------------- */

/* Buffered in c->buf; errors stick in c->failed. */
void ptn_imap_out(ptn_imap_t *c, const void *data, size_t len);
void ptn_imap_out_z(ptn_imap_t *c, const char *z);
void ptn_imap_out_str(ptn_imap_t *c, ptn_str_t s);
void ptn_imap_out_byte(ptn_imap_t *c, u_char b);
void ptn_imap_out_u64(ptn_imap_t *c, uint64_t n);

/* As quoted string, literal where it must be; astring: atom if it can. */
void ptn_imap_out_string(ptn_imap_t *c, ptn_str_t s);
void ptn_imap_out_astring(ptn_imap_t *c, ptn_str_t s);

/* Hands the buffer to the stream. */
void ptn_imap_out_push(ptn_imap_t *c);

/* Lets a long reply go out, when no batch holds it back. */
void ptn_imap_out_progress(ptn_imap_t *c);

#define PTN_IMAP_LIT(c, s)  ptn_imap_out(c, s, sizeof(s) - 1)


/* --- worker side (ptn_imap_frame.c) ------------------------------------ */

ptn_frame_e ptn_imap_frame(ptn_frame_t *f, ptn_str_t in);


#endif /* PTN_IMAP_H */
