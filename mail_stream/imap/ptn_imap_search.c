/*
 * SEARCH (RFC 3501 6.4.4): the keys as a tree, and what the view alone can
 * answer.  Keys about content are in ptn_imap_match.c.
 */

#include "ptn_charset.h"
#include "ptn_imap.h"


#define PTN_IMAP_SEARCH_INDEX  64       /* messages: less are looked at */


typedef struct {
    ptn_imap_in_t  *in;
    ptn_str_t       charset;            /* empty: US-ASCII or UTF-8 */
    unsigned        depth;
} ptn_imap_search_t;

typedef enum {
    PTN_IMAP_ARG_NONE, PTN_IMAP_ARG_TEXT, PTN_IMAP_ARG_NUMBER,
    PTN_IMAP_ARG_DATE, PTN_IMAP_ARG_HEADER, PTN_IMAP_ARG_KEYWORD,
    PTN_IMAP_ARG_SET, PTN_IMAP_ARG_NOT, PTN_IMAP_ARG_OR
} ptn_imap_arg_e;

static const struct {
    const char  *name;
    uint8_t      what;
    uint8_t      arg;
    uint32_t     flags;
    bool         want;
    const char  *header;
} ptn_imap_search_keys[] = {
#define FLAG(name, flag, want)                                                \
    { name, PTN_IMAP_KEY_FLAG, PTN_IMAP_ARG_NONE, flag, want, NULL }
#define KEY(name, what, arg)                                                  \
    { name, PTN_IMAP_KEY_##what, PTN_IMAP_ARG_##arg, 0, true, NULL }
#define HEADER(name)                                                          \
    { name, PTN_IMAP_KEY_HEADER, PTN_IMAP_ARG_TEXT, 0, true, name }

    KEY("ALL", ALL, NONE),
    FLAG("ANSWERED", PTN_FLAG_ANSWERED, true),
    FLAG("DELETED", PTN_FLAG_DELETED, true),
    FLAG("DRAFT", PTN_FLAG_DRAFT, true),
    FLAG("FLAGGED", PTN_FLAG_FLAGGED, true),
    FLAG("SEEN", PTN_FLAG_SEEN, true),
    FLAG("UNANSWERED", PTN_FLAG_ANSWERED, false),
    FLAG("UNDELETED", PTN_FLAG_DELETED, false),
    FLAG("UNDRAFT", PTN_FLAG_DRAFT, false),
    FLAG("UNFLAGGED", PTN_FLAG_FLAGGED, false),
    FLAG("UNSEEN", PTN_FLAG_SEEN, false),

    /* \Recent is kept for nobody: all is old, nothing recent or new */
    KEY("OLD", ALL, NONE),
    KEY("NEW", NONE, NONE),
    KEY("RECENT", NONE, NONE),

    { "KEYWORD", PTN_IMAP_KEY_KEYWORD, PTN_IMAP_ARG_KEYWORD, 0, true, NULL },
    { "UNKEYWORD", PTN_IMAP_KEY_KEYWORD, PTN_IMAP_ARG_KEYWORD, 0, false,
      NULL },
    KEY("LARGER", LARGER, NUMBER),
    KEY("SMALLER", SMALLER, NUMBER),
    KEY("BEFORE", BEFORE, DATE),
    KEY("ON", ON, DATE),
    KEY("SINCE", SINCE, DATE),
    KEY("SENTBEFORE", SENTBEFORE, DATE),
    KEY("SENTON", SENTON, DATE),
    KEY("SENTSINCE", SENTSINCE, DATE),
    HEADER("BCC"),
    HEADER("CC"),
    HEADER("FROM"),
    HEADER("SUBJECT"),
    HEADER("TO"),
    KEY("HEADER", HEADER, HEADER),
    KEY("BODY", BODY, TEXT),
    KEY("TEXT", TEXT, TEXT),
    KEY("UID", UID, SET),
    KEY("NOT", NOT, NOT),
    KEY("OR", OR, OR)

#undef FLAG
#undef KEY
#undef HEADER
};


static ptn_rc_t ptn_imap_search_key(ptn_imap_search_t *p,
    ptn_imap_key_t **ret);


static ptn_imap_key_t *
ptn_imap_search_new(ptn_imap_search_t *p, uint8_t what)
{
    ptn_imap_key_t  *k;

    k = ptn_pcalloc(p->in->pool, sizeof(ptn_imap_key_t));

    if (k != NULL) {
        k->what = what;
        k->want = true;
    }

    return k;
}


/* The text to look for: UTF-8, folded, as content will be. */

static ptn_rc_t
ptn_imap_search_text(ptn_imap_search_t *p, ptn_str_t *ret)
{
    ptn_rc_t   rc;
    ptn_str_t  s;

    rc = ptn_imap_parse_sp_astring(p->in, &s);

    if (rc == PTN_OK && p->charset.len != 0) {
        rc = ptn_charset_to_utf8(p->in->pool, p->charset, s, &s);
    }

    if (rc == PTN_OK) {
        rc = ptn_utf8_fold(p->in->pool, ptn_utf8_clean(p->in->pool, s), ret);
    }

    return rc;
}


static ptn_rc_t
ptn_imap_search_sub(ptn_imap_search_t *p, ptn_imap_key_t **ret)
{
    ptn_rc_t  rc;

    rc = ptn_imap_parse_sp(p->in);

    return rc == PTN_OK ? ptn_imap_search_key(p, ret) : rc;
}


static ptn_rc_t
ptn_imap_search_arg(ptn_imap_search_t *p, uint8_t arg, ptn_imap_key_t *k)
{
    ptn_rc_t  rc;

    switch (arg) {

    case PTN_IMAP_ARG_TEXT:
        return ptn_imap_search_text(p, &k->text);

    case PTN_IMAP_ARG_HEADER:
        rc = ptn_imap_parse_sp_astring(p->in, &k->name);
        return rc == PTN_OK ? ptn_imap_search_text(p, &k->text) : rc;

    case PTN_IMAP_ARG_NUMBER:
        rc = ptn_imap_parse_sp(p->in);
        return rc == PTN_OK
               ? ptn_imap_parse_number(p->in, INT64_MAX, &k->number) : rc;

    case PTN_IMAP_ARG_DATE:
        rc = ptn_imap_parse_sp(p->in);
        return rc == PTN_OK ? ptn_imap_parse_date(p->in, &k->day) : rc;

    case PTN_IMAP_ARG_KEYWORD:
        rc = ptn_imap_parse_sp(p->in);
        return rc == PTN_OK ? ptn_imap_parse_atom(p->in, &k->name) : rc;

    case PTN_IMAP_ARG_SET:
        rc = ptn_imap_parse_sp(p->in);
        return rc == PTN_OK ? ptn_imap_set_parse(p->in, &k->set) : rc;

    case PTN_IMAP_ARG_NOT:
        return ptn_imap_search_sub(p, &k->a);

    case PTN_IMAP_ARG_OR:
        rc = ptn_imap_search_sub(p, &k->a);
        return rc == PTN_OK ? ptn_imap_search_sub(p, &k->b) : rc;

    default:
        return PTN_OK;
    }
}


/* Keys up to the end (or ")"): all must match. */

static ptn_rc_t
ptn_imap_search_list(ptn_imap_search_t *p, ptn_imap_key_t **ret)
{
    ptn_rc_t          rc;
    ptn_imap_key_t   *k, **last;

    k = ptn_imap_search_new(p, PTN_IMAP_KEY_AND);
    if (k == NULL) {
        return PTN_ENOMEM;
    }

    last = &k->a;

    do {
        rc = ptn_imap_search_key(p, last);
        if (rc != PTN_OK) {
            return rc;
        }

        k->deep = k->deep || (*last)->deep;
        last = &(*last)->next;

    } while (p->in->end - p->in->p > 1 && p->in->p[0] == ' '
             && p->in->p[1] != '\r' && p->in->p[1] != '\n'
             && ptn_imap_parse_take(p->in, ' '));

    *ret = k;

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_search_named(ptn_imap_search_t *p, ptn_imap_key_t **ret)
{
    size_t           i;
    ptn_rc_t         rc;
    ptn_str_t        word;
    ptn_imap_key_t  *k;

    rc = ptn_imap_parse_atom(p->in, &word);
    if (rc != PTN_OK) {
        return rc;
    }

    for (i = 0; i < ptn_nelts(ptn_imap_search_keys); i++) {
        if (ptn_str_ieqz(word, ptn_imap_search_keys[i].name)) {
            break;
        }
    }

    if (i == ptn_nelts(ptn_imap_search_keys)) {
        return PTN_EPARSE;
    }

    k = ptn_imap_search_new(p, ptn_imap_search_keys[i].what);
    if (k == NULL) {
        return PTN_ENOMEM;
    }

    k->flags = ptn_imap_search_keys[i].flags;
    k->want = ptn_imap_search_keys[i].want;
    k->name = ptn_str_z(ptn_imap_search_keys[i].header);

    rc = ptn_imap_search_arg(p, ptn_imap_search_keys[i].arg, k);

    k->deep = k->what >= PTN_IMAP_KEY_SENTBEFORE
              || (k->a != NULL && k->a->deep) || (k->b != NULL && k->b->deep);

    *ret = k;

    return rc;
}


static ptn_rc_t
ptn_imap_search_key(ptn_imap_search_t *p, ptn_imap_key_t **ret)
{
    u_char           ch;
    ptn_rc_t         rc;
    ptn_imap_key_t  *k;

    if (p->in->p == p->in->end || p->depth == PTN_IMAP_DEPTH_MAX) {
        return PTN_EPARSE;
    }

    p->depth++;
    ch = *p->in->p;

    if (ch == '(') {
        p->in->p++;
        rc = ptn_imap_search_list(p, ret);

        if (rc == PTN_OK && !ptn_imap_parse_take(p->in, ')')) {
            rc = PTN_EPARSE;
        }

    } else if (ch == '*' || (ch >= '0' && ch <= '9')) {
        k = ptn_imap_search_new(p, PTN_IMAP_KEY_SEQ);
        rc = k ? ptn_imap_set_parse(p->in, &k->set) : PTN_ENOMEM;
        *ret = k;

    } else {
        rc = ptn_imap_search_named(p, ret);
    }

    p->depth--;

    return rc;
}


ptn_rc_t
ptn_imap_search_parse(ptn_imap_in_t *in, ptn_imap_key_t **ret)
{
    ptn_rc_t           rc;
    ptn_str_t          charset;
    ptn_imap_search_t  p;

    memset(&p, 0, sizeof(p));
    p.in = in;

    if (ptn_imap_parse_word(in, "CHARSET")) {

        rc = ptn_imap_parse_sp_astring(in, &charset);

        if (rc == PTN_OK) {
            rc = ptn_imap_parse_sp(in);
        }

        if (rc != PTN_OK) {
            return rc;
        }

        if (!ptn_str_ieqz(charset, "UTF-8")
            && !ptn_str_ieqz(charset, "US-ASCII"))
        {
            if (!ptn_charset_known(charset)) {
                return PTN_EINVAL;
            }
            p.charset = charset;
        }
    }

    return ptn_imap_search_list(&p, ret);
}


/* --- evaluation -------------------------------------------------------- */

/* What depends on the view and the mailbox, once per search. */

static ptn_rc_t
ptn_imap_search_bind(ptn_imap_t *c, ptn_imap_key_t *k)
{
    ptn_rc_t          rc;
    ptn_imap_flags_t  f;

    rc = PTN_OK;

    for ( /* void */ ; k != NULL && rc == PTN_OK; k = k->next) {

        if (k->what == PTN_IMAP_KEY_SEQ || k->what == PTN_IMAP_KEY_UID) {
            rc = ptn_imap_set_resolve(c->s->pool, &k->set, c->st->view,
                                      k->what == PTN_IMAP_KEY_UID, &k->seqs);

        } else if (k->what == PTN_IMAP_KEY_KEYWORD) {
            memset(&f, 0, sizeof(f));
            f.words = &k->name;
            f.nwords = 1;
            rc = ptn_imap_keyword_bits(c, NULL, &f, &k->keywords);
        }

        if (rc == PTN_OK && k->a != NULL) {
            rc = ptn_imap_search_bind(c, k->a);
        }

        if (rc == PTN_OK && k->b != NULL) {
            rc = ptn_imap_search_bind(c, k->b);
        }
    }

    return rc;
}


static bool
ptn_imap_search_flat(const ptn_imap_key_t *k, uint32_t seq,
    const ptn_row_t *row)
{
    int64_t  day;

    day = row->received / 86400 - (row->received % 86400 < 0);

    switch (k->what) {
    case PTN_IMAP_KEY_ALL:
        return true;
    case PTN_IMAP_KEY_FLAG:
        return ((row->flags & k->flags) != 0) == k->want;
    case PTN_IMAP_KEY_KEYWORD:
        return ((row->keywords & k->keywords) != 0) == k->want;
    case PTN_IMAP_KEY_SEQ:
    case PTN_IMAP_KEY_UID:
        return ptn_imap_set_has(&k->seqs, seq);
    case PTN_IMAP_KEY_LARGER:
        return row->size > k->number;
    case PTN_IMAP_KEY_SMALLER:
        return row->size < k->number;
    case PTN_IMAP_KEY_BEFORE:
        return day < k->day;
    case PTN_IMAP_KEY_ON:
        return day == k->day;
    case PTN_IMAP_KEY_SINCE:
        return day >= k->day;
    default:
        return false;
    }
}


typedef struct {
    ptn_imap_t       *c;
    ptn_pool_t       *pool;             /* of one message */
    uint32_t          seq;
    const ptn_row_t  *row;
    ptn_msg_t        *msg;
    ptn_rc_t          rc;
} ptn_imap_search_msg_t;


static bool ptn_imap_search_match(ptn_imap_search_msg_t *m,
    const ptn_imap_key_t *k);


/* Cheap keys of a list first: most messages never get opened. */

static bool
ptn_imap_search_all(ptn_imap_search_msg_t *m, const ptn_imap_key_t *list)
{
    const ptn_imap_key_t  *k;

    for (k = list; k != NULL; k = k->next) {
        if (!k->deep && !ptn_imap_search_match(m, k)) {
            return false;
        }
    }

    for (k = list; k != NULL; k = k->next) {
        if (k->deep && !ptn_imap_search_match(m, k)) {
            return false;
        }
    }

    return true;
}


static bool
ptn_imap_search_match(ptn_imap_search_msg_t *m, const ptn_imap_key_t *k)
{
    bool  match;

    switch (k->what) {

    case PTN_IMAP_KEY_AND:
        return ptn_imap_search_all(m, k->a);

    case PTN_IMAP_KEY_OR:
        if (k->a->deep && !k->b->deep) {
            return ptn_imap_search_match(m, k->b)
                   || ptn_imap_search_match(m, k->a);
        }

        return ptn_imap_search_match(m, k->a)
               || ptn_imap_search_match(m, k->b);

    case PTN_IMAP_KEY_NOT:
        return !ptn_imap_search_match(m, k->a);
    }

    if (!k->deep) {
        return ptn_imap_search_flat(k, m->seq, m->row);
    }

    match = false;

    if (m->rc == PTN_OK) {
        m->rc = ptn_imap_search_deep(m->c, m->pool, m->row, k, &m->msg,
                                     &match);
    }

    return match;
}


static ptn_rc_t
ptn_imap_search_run(ptn_imap_t *c, const ptn_imap_key_t *key,
    ptn_pool_t *pool)
{
    bool                   match;
    uint32_t               seq, count;
    ptn_row_t              row;
    ptn_imap_search_msg_t  m;

    count = ptn_view_count(c->st->view);
    PTN_IMAP_LIT(c, "* SEARCH");

    for (seq = 1; seq <= count && c->failed == PTN_OK; seq++) {

        ptn_view_row(c->st->view, seq, &row);

        memset(&m, 0, sizeof(m));
        m.c = c;
        m.pool = pool;
        m.seq = seq;
        m.row = &row;

        match = ptn_imap_search_match(&m, key);

        if (m.rc == PTN_OK && match) {
            ptn_imap_out_byte(c, ' ');
            ptn_imap_out_u64(c, c->uid ? row.uid : seq);
        }

        if (m.rc != PTN_OK && m.rc != PTN_ENOTFOUND) {
            ptn_log(c->s->log, PTN_LOG_ERROR,
                    "imap search failed user=%.*s uid=%u rc=%s",
                    c->st->user_len, c->st->user, row.uid,
                    ptn_err(m.rc)->name);
            PTN_IMAP_LIT(c, "\r\n");
            return m.rc;
        }

        if (key->deep) {
            ptn_pool_reset(pool);

            if (c->s->cancelled(c->s)) {
                c->failed = PTN_ECANCEL;
            }
        }
    }

    PTN_IMAP_LIT(c, "\r\n");

    return c->failed;
}


ptn_rc_t
ptn_imap_search(ptn_imap_t *c)
{
    ptn_rc_t         rc;
    ptn_pool_t      *pool;
    ptn_imap_key_t  *key;

    rc = ptn_imap_parse_sp(&c->in);

    if (rc == PTN_OK) {
        rc = ptn_imap_search_parse(&c->in, &key);

        if (rc == PTN_EINVAL) {
            c->reply = "NO [BADCHARSET (US-ASCII UTF-8)] Unknown charset";
            return PTN_ESUPPORT;
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_search_bind(c, key);
    }

    if (rc != PTN_OK || !key->deep) {
        return rc == PTN_OK ? ptn_imap_search_run(c, key, NULL) : rc;
    }

    pool = ptn_pool_create((size_t) c->s->conf->job_memory, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    if (ptn_view_count(c->st->view) >= PTN_IMAP_SEARCH_INDEX) {
        rc = ptn_imap_search_index(c, key);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_search_run(c, key, pool);
    }

    ptn_pool_destroy(pool);

    return rc;
}
