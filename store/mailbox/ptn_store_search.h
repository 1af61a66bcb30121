/*
 * store/mailbox: searching, and search folders (MS-OXCFOLD, MS-OXOSRCH).
 * Included by ptn_store.h, whose rules hold here.
 *
 * One index serves all: words of the subject, of people, of the body and of
 * attachments, of every content.  It is exact at all times: what is not in it
 * yet is looked at itself, what has left is not shown.
 *
 * Words (ptn_words.h) are runs of letters and digits, without case,
 * compatibility forms and diacritics; scripts that are written without spaces
 * go by character.  WORD and PHRASE ask about words, SUBSTRING about
 * characters without case.  docs/mailbox-search.md says what is the text of a
 * message, and how much of it.
 */

#ifndef PTN_STORE_SEARCH_H
#define PTN_STORE_SEARCH_H


/* --- queries -------------------------------------------------------------- */

#define PTN_FIND_SUBJECT   0x01
#define PTN_FIND_FROM      0x02     /* From, Sender, Reply-To */
#define PTN_FIND_TO        0x04
#define PTN_FIND_CC        0x08
#define PTN_FIND_BCC       0x10
#define PTN_FIND_PEOPLE    0x1e
#define PTN_FIND_BODY      0x20
#define PTN_FIND_ATTACHED  0x40     /* text of attachments, and subject, people
                                       and text of embedded messages */
#define PTN_FIND_NAMES     0x80     /* names of attachments */
#define PTN_FIND_TEXT      0xff

typedef enum {
    PTN_FIND_ALL,
    PTN_FIND_AND, PTN_FIND_OR,      /* of `sub` and its siblings; AND of
                                       none: all, OR of none: no message */
    PTN_FIND_NOT,                   /* of `sub` */
    PTN_FIND_WORD,                  /* `text`; an address or a host name is
                                       a word as a whole, too */
    PTN_FIND_PHRASE,                /* the words of `text` in a row */
    PTN_FIND_SUBSTRING,             /* `text` (RFC 3501 6.4.4) */
    PTN_FIND_FLAGS,                 /* any of `flags`, `keywords` is set */
    PTN_FIND_SIZE,                  /* min <= RFC822.SIZE <= max */
    PTN_FIND_RECEIVED,              /* min <= INTERNALDATE <= max */
    PTN_FIND_IDS                    /* row id is one of `ids`, ascending */
} ptn_query_e;

typedef struct ptn_query_s  ptn_query_t;

struct ptn_query_s {
    uint8_t          op;            /* ptn_query_e */
    uint8_t          fields;        /* PTN_FIND_SUBJECT ... */
    bool             prefix;        /* WORD, PHRASE: the last word is the
                                       beginning of one */
    ptn_str_t        text;          /* UTF-8 */
    uint32_t         flags;
    uint64_t         keywords;
    int64_t          min, max;
    const ptn_id_t  *ids;
    size_t           nids;
    ptn_query_t      *sub;           /* the first */
    ptn_query_t      *next;          /* its next sibling */
};

#define PTN_FIND_DEPTH_MAX  64
#define PTN_FIND_NODES_MAX  512

typedef struct {
    const ptn_id_t  *folders;       /* n 0: all that the actor may read */
    size_t           n;
    bool             deep;          /* and what is below them */
} ptn_scope_t;

/*
 * Calls `hit` for each message that matches, those whose content came last
 * first (of one content: in any order); AGAIN ends it, OK then.  Soft-deleted
 * and folder associated messages are not found.  A search folder in the scope
 * stands for what it has found.  The tree is not changed.
 *
 * What the index answers costs no more than its hits: words, prefixes and
 * their combinations with AND, OR, AND NOT.  Phrases and substrings are
 * verified on candidates.  A substring within one word (of three characters or
 * more) is looked for in blocks of words that may have it; one without letters
 * and digits in all messages.
 * `maybe`: candidates are not verified; nothing that matches is missing.
 *
 * Of messages that the actor may not read nothing is told, whatever shows
 * them.  ENOTFOUND, EDENIED: a folder of the scope; ELIMIT: a tree that is too
 * deep or too large; EINVAL: no such op.
 */
ptn_rc_t ptn_search_run(ptn_mbox_t *mb, const ptn_query_t *find,
    const ptn_scope_t *scope, bool maybe,
    ptn_rc_t (*hit)(void *ctx, const ptn_msg_info_t *m), void *ctx);

/* The text that is searched. */
typedef struct {
    ptn_str_t  subject;
    ptn_str_t  people[4];           /* from, to, cc, bcc */
    ptn_str_t  body, attached, names;
    bool       more;                /* there is more than this (limits) */
} ptn_search_text_t;

/* Of a message, in its pool. */
ptn_rc_t ptn_search_text(ptn_msg_t *msg, ptn_search_text_t *ret_text);


/* --- the index ------------------------------------------------------------ */

/*
 * Indexes what is pending, in portions that hold the write lock at most about
 * 20 ms, for about `ms`; a portion of each search folder that is being filled,
 * too.  *ret_more: there is more to do.  Called by ptn_store_idle(); EBUSY: a
 * batch is open, or somebody else is writing.
 */
ptn_rc_t ptn_search_work(ptn_mbox_t *mb, unsigned ms, bool *ret_more);

typedef struct {
    uint64_t  indexed;              /* contents in the index */
    uint64_t  pending;              /* to come into it */
    uint64_t  leaving;              /* to leave it */
} ptn_search_info_t;

ptn_rc_t ptn_search_info(ptn_mbox_t *mb, ptn_search_info_t *ret_info);


/* --- search folders ------------------------------------------------------- */

/* SearchFlags of RopSetSearchCriteria (MS-OXCFOLD 2.2.1.4.1). */
#define PTN_SEARCH_STOP         0x00000001
#define PTN_SEARCH_RESTART      0x00000002
#define PTN_SEARCH_RECURSIVE    0x00000004
#define PTN_SEARCH_SHALLOW      0x00000008
#define PTN_SEARCH_FOREGROUND   0x00000010
#define PTN_SEARCH_BACKGROUND   0x00000020
#define PTN_SEARCH_INDEXED      0x00010000
#define PTN_SEARCH_NOT_INDEXED  0x00020000
#define PTN_SEARCH_STATIC       0x00040000

/* SearchFlags of RopGetSearchCriteria (2.2.1.5.2). */
#define PTN_SEARCH_RUNNING        0x00000001
#define PTN_SEARCH_REBUILD        0x00000002
#define PTN_SEARCH_IS_RECURSIVE   0x00000004
#define PTN_SEARCH_IS_FOREGROUND  0x00000008
#define PTN_SEARCH_COMPLETE       0x00001000
#define PTN_SEARCH_IS_STATIC      0x00010000
#define PTN_SEARCH_TWIR_TOTALLY   0x08000000

typedef struct {
    ptn_str_t        restriction;   /* as ptn_restrict_get() reads it, in
                                       Unicode; empty: as it was */
    const ptn_id_t  *folders;       /* the scope; n 0: as it was */
    size_t           n;
    uint32_t         flags;         /* set: the first list above; get: the
                                       second */
} ptn_criteria_t;

/*
 * A search folder has no messages of its own: it shows messages of other
 * folders, as they are, under uids of its own; views and tables of it work as
 * those of folders.  A message cannot be put into it (EDENIED); what is done
 * to one that it shows is done to the message.
 *
 * Whoever sets the criteria must be able to read the scope's folders.  Others
 * see in it what they may read where it is; its counters are those of all.
 *
 * It follows its scope: every change of a message tests that message within
 * the same transaction, so that the folder is exact whenever COMPLETE is set,
 * also after a crash.  Until then it is being filled, in portions
 * (ptn_search_work).  A static one is filled once; messages that go leave it.
 * Recursive scopes follow the tree of folders: what comes below them or leaves
 * fills the folder anew.
 */
ptn_rc_t ptn_search_folder_create(ptn_txn_t *tx, ptn_id_t parent,
    ptn_str_t name, const char *cls, ptn_id_t *ret_id);

/*
 * ENOTSEARCH is EINVAL: no search folder, a flag that does not exist, two that
 * exclude each other, a scope that has the folder itself; EUNAVAIL: the first
 * time without restriction or folders; ENOTFOUND: a folder of the scope;
 * EPARSE: the restriction; ESUPPORT, ELIMIT: ptn_filter_make().
 */
ptn_rc_t ptn_search_folder_set(ptn_txn_t *tx, ptn_id_t folder,
    const ptn_criteria_t *criteria);
/* In `pool`.  EINVAL: no search folder; EUNAVAIL: it has no criteria yet. */
ptn_rc_t ptn_search_folder_get(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_id_t folder, ptn_criteria_t *ret_criteria);


#endif /* PTN_STORE_SEARCH_H */
