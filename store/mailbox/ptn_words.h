/*
 * store/mailbox, inside: words, the text of a content, the index of words.
 *
 *   ptn_words.c        words of a text
 *   ptn_words_fts.c    as SQLite's FTS5 asks for them
 *   ptn_words_text.c   the text of a content
 *   ptn_words_index.c  what comes into the index and leaves it
 *   ptn_words_merge.c  its segments
 *   ptn_words_list.c   its words, to find those that have a piece
 *   ptn_search.c       queries         ptn_search_plan.c  made ready
 *   ptn_search_terms.c   words that have a prefix, or a piece
 *   ptn_search_folder.c  search folders: criteria, filling
 *   ptn_search_touch.c   and how they follow changes
 *
 * Units.  Each character is folded by itself (NFKC case folding, then without
 * nonspacing marks; a few letters that Unicode does not take apart), so that
 * the units of two strings that stand together are those of both.  A unit is
 * a run of letters, digits and spacing marks, or one character of a script
 * that is written without spaces, "joined" when nothing stood between it and
 * such a one before.
 *
 * Tokens, in the index.  A word: its first PTN_WORDS_UNIT bytes.  A run of
 * joined characters: each two neighbours, and the last one, so that a prefix
 * query finds each.  Addresses and host names: as a whole, too.  "\1": there
 * is text that has no tokens (a word that was cut, limits of ptn_words_text),
 * so that who looks for a substring must look.
 */

#ifndef PTN_WORDS_H
#define PTN_WORDS_H


#include "ptn_filter.h"
#include "ptn_mailbox.h"


#define PTN_WORDS_UNIT       64     /* bytes of a word that count */
#define PTN_WORDS_COMPOUND   128    /* an address or host name, at most */
#define PTN_WORDS_MARK       "\1"

#define PTN_WORDS_TEXT_MAX   (1024 * 1024)      /* of one content */
#define PTN_WORDS_PART_MAX   (2 * 1024 * 1024)  /* read of one part */

/* What meta.v_tokens must be: our rules, ICU, libxml2. */
uint64_t ptn_words_version(void);


/* --- ptn_words.c -------------------------------------------------------- */

typedef struct {
    ptn_str_t  s;           /* folded; until the next one */
    size_t     start, end;  /* where it stood */
    bool       cjk;         /* one character */
    bool       joined;      /* to the cjk unit before */
    bool       open;        /* nothing but folded-away marks in front of it */
    bool       cut;
} ptn_unit_t;

/* One after the other; any bytes.  f: not OK ends it. */
ptn_rc_t ptn_words_units(ptn_str_t text,
    ptn_rc_t (*f)(void *ctx, const ptn_unit_t *u), void *ctx);
/* Tokens; a compound has `compound`. */
ptn_rc_t ptn_words_tokens(ptn_str_t text,
    ptn_rc_t (*f)(void *ctx, ptn_str_t token, bool compound, size_t start,
        size_t end), void *ctx);


/* Is it one of those that ptn_words_list.c keeps? */
bool ptn_words_listed(ptn_str_t token);


/* --- ptn_words_fts.c ---------------------------------------------------- */

/* Words, each once, with a blank behind each. */
typedef struct {
    ptn_buf_t    out;
    ptn_pool_t  *pool;
    uint32_t    *at;                /* in out, + 1; 0: free */
    uint32_t     n, size;           /* a power of two */
} ptn_words_set_t;

void ptn_words_set_init(ptn_words_set_t *set, ptn_pool_t *pool);
ptn_rc_t ptn_words_set_add(ptn_words_set_t *set, ptn_str_t word);
/* Where it stands in set->out. */
uint32_t ptn_words_set_find(const ptn_words_set_t *set, ptn_str_t word);
#define PTN_WORDS_NONE  UINT32_MAX

/* Registers the tokenizer with a connection. */
ptn_rc_t ptn_words_register(sqlite3 *db);
/* What it is given to index: the tokens of a text, in `pool`. */
ptn_rc_t ptn_words_set(ptn_pool_t *pool, ptn_str_t text, ptn_str_t *ret_set);


/* --- ptn_words_text.c --------------------------------------------------- */

/* In `pool`; the same for the same content always.  ENOTFOUND.  What cannot
 * be read of it is no text, and `more`. */
ptn_rc_t ptn_words_text(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    ptn_search_text_t *ret_text);
/* Subject and people alone. */
ptn_rc_t ptn_words_head(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t content,
    ptn_search_text_t *ret_text);
/* The columns of the index. */
#define PTN_WORDS_COLUMNS  4        /* subject, people, body, attach */
ptn_rc_t ptn_words_columns(ptn_pool_t *pool, const ptn_search_text_t *text,
    ptn_str_t ret[PTN_WORDS_COLUMNS]);


/* --- ptn_words_index.c -------------------------------------------------- */

/* Contents up to here are in the index; 0 while it has to be made anew.  In
 * the snapshot of the caller's read. */
ptn_rc_t ptn_words_indexed(ptn_mbox_t *mb, ptn_id_t *ret_indexed);
/* One portion; *ret_more: there is more. */
ptn_rc_t ptn_words_portion(ptn_mbox_t *mb, bool *ret_more);


/* --- ptn_words_merge.c -------------------------------------------------- */

/* The segments of the index: `some`, `many` are worth a merge while nothing,
 * while something is to be indexed; `full`: nothing is to be added before. */
typedef struct {
    bool  some, many, full;
} ptn_words_state_t;

ptn_rc_t ptn_words_state(ptn_mbox_t *mb, ptn_words_state_t *ret_state);
/* For so long, in a transaction.  *ret_any: there was something to do. */
ptn_rc_t ptn_words_merge(ptn_mbox_t *mb, unsigned us, bool *ret_any);
/* FTS5 merges nothing by itself. */
ptn_rc_t ptn_words_settings(ptn_mbox_t *mb);


/* --- ptn_words_list.c --------------------------------------------------- */

#define PTN_LIST_BLOCKS   32        /* of a group */
#define PTN_LIST_HASHES   65536
#define PTN_LIST_BUCKETS  64        /* rows of a group in term_piece */
#define PTN_LIST_BUCKET   (PTN_LIST_HASHES / PTN_LIST_BUCKETS)

/* What a portion adds to the list. */
typedef struct {
    ptn_words_set_t  set;           /* of its texts */
    ptn_buf_t        text;          /* what term_new has, then what is new */
    size_t           bytes;         /* of that */
    bool             group;         /* all of the text becomes one */
    ptn_str_t        block[PTN_LIST_BLOCKS];
    ptn_str_t        piece[PTN_LIST_BUCKETS];
} ptn_words_new_t;

/* Without the lock, in a read: init, add each text's tokens, ready. */
void ptn_words_new_init(ptn_pool_t *pool, ptn_words_new_t *new);
ptn_rc_t ptn_words_new_add(ptn_words_new_t *new, ptn_str_t tokens);
ptn_rc_t ptn_words_new_ready(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_words_new_t *new);
/* In the transaction that moves meta.indexed on from where it was. */
ptn_rc_t ptn_words_new_save(ptn_mbox_t *mb, const ptn_words_new_t *new);
ptn_rc_t ptn_words_list_clear(ptn_mbox_t *mb);

/* Words that have the piece, `end`: at their end; more than `max`: not all.
 * `set` is made in `pool`. */
ptn_rc_t ptn_words_having(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t piece,
    bool end, size_t max, ptn_words_set_t *set);

/* masks: PTN_LIST_HASHES of them, of a group. */
void ptn_words_pieces(ptn_str_t words, uint32_t bit, uint32_t *masks);
ptn_str_t ptn_words_piece_row(ptn_pool_t *pool, const uint32_t *masks,
    unsigned bucket);


/* --- ptn_search_folder.c ------------------------------------------------ */

typedef enum {
    PTN_SEARCH_FILLING = 1,
    PTN_SEARCH_FILLED,
    PTN_SEARCH_STOPPED              /* amid the filling; follows changes */
} ptn_search_state_e;

typedef struct {
    ptn_id_t          folder;
    uint32_t          flags;
    uint8_t           state;        /* ptn_search_state_e */
    ptn_id_t          done;
    const ptn_id_t   *folders;      /* the scope as it was set */
    size_t            nfolders;
    bool             *scope;        /* beside the set's folders */
    ptn_filter_t     *filter;       /* NULL: it cannot be read: nothing */
} ptn_one_search_t;

struct ptn_searches_s {
    ptn_one_search_t  *s;
    size_t             n;
};

/* Of mb->set, in its pool. */
ptn_rc_t ptn_searches(ptn_mbox_t *mb, ptn_searches_t **ret);
/* In a transaction: message `id` as it is now. */
ptn_rc_t ptn_search_test(ptn_txn_t *tx, ptn_pool_t *pool,
    const ptn_one_search_t *s, ptn_id_t id);
/* Does it belong there?  `m` is its row. */
ptn_rc_t ptn_search_wants(ptn_mbox_t *mb, ptn_pool_t *pool,
    const ptn_one_search_t *s, const ptn_msg_info_t *m, bool *ret);

/* One portion of one folder that is being filled. */
ptn_rc_t ptn_search_fill(ptn_mbox_t *mb, bool *ret_more);


#endif /* PTN_WORDS_H */
