#include <stdlib.h>
#include <strings.h>

#include "ptn_ews_aqs.h"


/*
 * Query strings (AQS; m:QueryString of FindItem).  A word is the beginning of
 * one, in quotes words are as they stand; AND is what stands between terms,
 * OR, NOT, + and - are as everywhere; a keyword goes for one value, for the
 * words that follow it, or for what is in parentheses.  Words, flags, sizes
 * and times received are the index's and the row's (ptn_search_run); what only
 * properties say is asked of the folder's table.  Dates are en-US, in UTC,
 * weeks begin on Sunday.
 */


#define PTN_EWS_AQS_DEPTH  32
#define PTN_EWS_AQS_NODES  256

typedef enum {
    PTN_EWS_AQS_TEXT, PTN_EWS_AQS_SENT, PTN_EWS_AQS_RECEIVED,
    PTN_EWS_AQS_SIZE, PTN_EWS_AQS_READ, PTN_EWS_AQS_FLAGGED,
    PTN_EWS_AQS_ATTACH, PTN_EWS_AQS_KIND, PTN_EWS_AQS_CATEGORY,
    PTN_EWS_AQS_IMPORTANCE
} ptn_ews_aqs_e;

typedef struct {
    const char  *name;
    uint8_t      what;              /* ptn_ews_aqs_e */
    uint8_t      fields;            /* PTN_FIND_SUBJECT ... */
} ptn_ews_aqs_key_t;

static const ptn_ews_aqs_key_t  ptn_ews_aqs_keys[] = {
    { "hasattachment", PTN_EWS_AQS_ATTACH, 0 },     /* the first */
    { "subject",       PTN_EWS_AQS_TEXT, PTN_FIND_SUBJECT },
    { "body",          PTN_EWS_AQS_TEXT, PTN_FIND_BODY },
    { "content",       PTN_EWS_AQS_TEXT, PTN_FIND_BODY },
    { "attachment",    PTN_EWS_AQS_TEXT, PTN_FIND_ATTACHED|PTN_FIND_NAMES },
    { "attachments",   PTN_EWS_AQS_TEXT, PTN_FIND_ATTACHED|PTN_FIND_NAMES },
    { "from",          PTN_EWS_AQS_TEXT, PTN_FIND_FROM },
    { "to",            PTN_EWS_AQS_TEXT, PTN_FIND_TO },
    { "cc",            PTN_EWS_AQS_TEXT, PTN_FIND_CC },
    { "bcc",           PTN_EWS_AQS_TEXT, PTN_FIND_BCC },
    { "participants",  PTN_EWS_AQS_TEXT,
      PTN_FIND_TO|PTN_FIND_CC|PTN_FIND_BCC },
    { "sent",          PTN_EWS_AQS_SENT, 0 },
    { "received",      PTN_EWS_AQS_RECEIVED, 0 },
    { "size",          PTN_EWS_AQS_SIZE, 0 },
    { "isread",        PTN_EWS_AQS_READ, 0 },
    { "isflagged",     PTN_EWS_AQS_FLAGGED, 0 },
    { "kind",          PTN_EWS_AQS_KIND, 0 },
    { "category",      PTN_EWS_AQS_CATEGORY, 0 },
    { "importance",    PTN_EWS_AQS_IMPORTANCE, 0 },
};

static const ptn_ews_aqs_key_t  ptn_ews_aqs_any = {
    "", PTN_EWS_AQS_TEXT, PTN_FIND_TEXT
};

/* Message classes, and those below them (MS-OXCMSG 2.2.1.3). */
static const struct {
    const char  *name;
    const char  *cls[2];
} ptn_ews_aqs_kinds[] = {
    { "contacts",   { "IPM.Contact", NULL } },
    { "docs",       { "IPM.Document", NULL } },
    { "email",      { "IPM.Note", NULL } },
    { "faxes",      { "IPM.Note.Microsoft.Fax", NULL } },
    { "im",         { "IPM.Note.Microsoft.Conversation", NULL } },
    { "journals",   { "IPM.Activity", NULL } },
    { "meetings",   { "IPM.Appointment", "IPM.Schedule" } },
    { "notes",      { "IPM.StickyNote", NULL } },
    { "posts",      { "IPM.Post", NULL } },
    { "rssfeeds",   { "IPM.Post.RSS", NULL } },
    { "tasks",      { "IPM.Task", NULL } },
    { "voicemail",  { "IPM.Note.Microsoft.Voicemail", NULL } },
};

typedef struct {
    ptn_ews_t       *e;
    ptn_ews_box_t   *box;
    ptn_id_t         folder;
    const u_char    *p, *end;
    int64_t          now;
    unsigned         nodes, depth;
} ptn_ews_aqs_t;

/* What stands next. */
typedef struct {
    ptn_str_t  s;
    bool       quoted, star;
} ptn_ews_aqs_word_t;


static ptn_rc_t ptn_ews_aqs_or(ptn_ews_aqs_t *q,
    const ptn_ews_aqs_key_t *key, ptn_query_t **ret);


static ptn_rc_t
ptn_ews_aqs_bad(ptn_ews_aqs_t *q, const char *text)
{
    return ptn_ews_error(q->e, "ErrorInvalidRestriction", text);
}


static ptn_query_t *
ptn_ews_aqs_node(ptn_ews_aqs_t *q, uint8_t op)
{
    ptn_query_t  *n;

    n = ptn_pcalloc(q->e->pool, sizeof(ptn_query_t));
    if (n != NULL) {
        n->op = op;
    }

    return n;
}


static ptn_query_t *
ptn_ews_aqs_not(ptn_ews_aqs_t *q, ptn_query_t *sub)
{
    ptn_query_t  *n;

    n = ptn_ews_aqs_node(q, PTN_FIND_NOT);
    if (n != NULL) {
        n->sub = sub;
    }

    return (sub == NULL) ? NULL : n;
}


/* --- words ---------------------------------------------------------------- */

static void
ptn_ews_aqs_blanks(ptn_ews_aqs_t *q)
{
    while (q->p < q->end && ptn_ews_aqs_blank(*q->p)) {
        q->p++;
    }
}


/* The word that stands here, up to a blank, a parenthesis, a quote. */
static ptn_str_t
ptn_ews_aqs_peek(const ptn_ews_aqs_t *q)
{
    const u_char  *p;

    for (p = q->p; p < q->end && !ptn_ews_aqs_blank(*p)
                   && strchr("()\"", *p) == NULL; p++)
    {
        /* void */
    }

    return ptn_str_make(q->p, (size_t) (p - q->p));
}


/* A keyword with its colon stands here: moves behind it. */
static const ptn_ews_aqs_key_t *
ptn_ews_aqs_key(ptn_ews_aqs_t *q)
{
    size_t         i, n;
    ptn_str_t      s;
    const u_char  *colon;

    s = ptn_ews_aqs_peek(q);

    /* "has attachment:", "has:attachment" */

    if (s.len > 3 && strncasecmp((const char *) s.data, "has:attachment",
                                 ptn_min(s.len, (size_t) 14)) == 0
        && s.len >= 14)
    {
        q->p += 14;
        return &ptn_ews_aqs_keys[0];
    }

    n = strlen("has attachment:");

    if ((size_t) (q->end - q->p) >= n
        && strncasecmp((const char *) q->p, "has attachment:", n) == 0)
    {
        q->p += n;
        return &ptn_ews_aqs_keys[0];
    }

    colon = s.len == 0 ? NULL : memchr(s.data, ':', s.len);
    if (colon == NULL) {
        return NULL;
    }

    s.len = (size_t) (colon - s.data);

    for (i = 0; i < ptn_nelts(ptn_ews_aqs_keys); i++) {
        if (ptn_ews_aqs_is(s, ptn_ews_aqs_keys[i].name)) {
            q->p = colon + 1;
            return &ptn_ews_aqs_keys[i];
        }
    }

    return NULL;                        /* it is text */
}


/* AND, OR, NOT are that only in capitals. */
static bool
ptn_ews_aqs_operator(ptn_ews_aqs_t *q, const char *name)
{
    ptn_str_t  s;

    ptn_ews_aqs_blanks(q);
    s = ptn_ews_aqs_peek(q);

    if (!ptn_str_eqz(s, name)) {
        return false;
    }

    q->p += s.len;

    return true;
}


static bool
ptn_ews_aqs_sign(ptn_ews_aqs_t *q, u_char sign)
{
    ptn_ews_aqs_blanks(q);

    if (q->p < q->end && *q->p == sign) {
        q->p++;
        return true;
    }

    return false;
}


/* What a keyword may have: text in quotes, or a word. */
static ptn_rc_t
ptn_ews_aqs_word(ptn_ews_aqs_t *q, ptn_ews_aqs_word_t *w)
{
    const u_char  *end;

    memset(w, 0, sizeof(ptn_ews_aqs_word_t));
    ptn_ews_aqs_blanks(q);

    if (q->p < q->end && *q->p == '"') {
        end = memchr(q->p + 1, '"', (size_t) (q->end - q->p - 1));
        if (end == NULL) {
            return ptn_ews_aqs_bad(q, "A quotation mark is missing.");
        }

        w->s = ptn_str_make(q->p + 1, (size_t) (end - q->p - 1));
        w->quoted = true;
        q->p = end + 1;

        if (q->p < q->end && *q->p == '*') {
            w->star = true;
            q->p++;
        }

        return PTN_OK;
    }

    w->s = ptn_ews_aqs_peek(q);
    q->p += w->s.len;

    return w->s.len != 0 ? PTN_OK
           : ptn_ews_aqs_bad(q, "The query string is not complete.");
}


/* --- text ----------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_aqs_text(ptn_ews_aqs_t *q, const ptn_ews_aqs_key_t *key,
    const ptn_ews_aqs_word_t *w, ptn_query_t **ret)
{
    bool          star;
    ptn_str_t     s;
    ptn_query_t  *n;

    s = w->s;
    star = w->star;

    while (!w->quoted && s.len > 1 && s.data[s.len - 1] == '*') {
        s.len--;
    }

    if (star && memchr(s.data, ' ', s.len) != NULL) {
        return ptn_ews_error(q->e, "ErrorUnsupportedQueryFilter",
                   "Beginnings of several words in their order cannot be"
                   " searched for.");
    }

    n = ptn_ews_aqs_node(q, w->quoted && !star ? PTN_FIND_PHRASE
                                               : PTN_FIND_WORD);
    if (n == NULL) {
        return PTN_ENOMEM;
    }

    n->fields = key->fields;
    n->text = s;
    n->prefix = !w->quoted || star;
    *ret = n;

    return PTN_OK;
}


/* --- properties, by the folder's table ------------------------------------ */

static int
ptn_ews_aqs_cmp(const void *a, const void *b)
{
    const ptn_id_t  *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}


ptn_rc_t
ptn_ews_aqs_ids(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    const ptn_restrict_t *r, ptn_id_t **ret_ids, size_t *ret_n)
{
    size_t        k;
    uint32_t      i, n;
    ptn_id_t     *ids;
    ptn_rc_t      rc;
    ptn_table_t  *table;

    ids = NULL;
    k = 0;
    rc = ptn_table_open(box->mb, PTN_TABLE_CONTENTS, folder, 0, &table);

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_table_restrict(box->mb, table, r);

    if (rc == PTN_OK) {
        n = ptn_table_count(table);
        ids = ptn_parray(e->pool, n + 1, sizeof(ptn_id_t));
        rc = ids == NULL ? PTN_ENOMEM : PTN_OK;

        for (i = 0; i < n && rc == PTN_OK; i++) {
            ids[k] = ptn_table_id(box->mb, table, i);
            k += ids[k] != 0;
        }
    }

    ptn_table_close(table);

    if (rc != PTN_OK) {
        return ptn_ews_filter_error(e, rc);
    }

    qsort(ids, k, sizeof(ptn_id_t), ptn_ews_aqs_cmp);
    *ret_ids = ids;
    *ret_n = k;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_aqs_asked(ptn_ews_aqs_t *q, const ptn_restrict_t *r,
    ptn_query_t **ret)
{
    ptn_id_t     *ids;
    ptn_rc_t      rc;
    ptn_query_t  *n;

    n = ptn_ews_aqs_node(q, PTN_FIND_IDS);
    if (n == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ews_aqs_ids(q->e, q->box, q->folder, r, &ids, &n->nids);

    if (rc == PTN_OK) {
        n->ids = ids;
        *ret = n;
    }

    return rc;
}


static void
ptn_ews_aqs_string(ptn_restrict_t *r, uint32_t tag, uint16_t low,
    ptn_str_t text)
{
    memset(r, 0, sizeof(ptn_restrict_t));
    r->type = PTN_RES_CONTENT;
    r->fuzzy_low = low;
    r->fuzzy_high = PTN_FUZZY_IGNORECASE;
    r->tag = tag;
    r->tag2 = tag & ~(uint32_t) PTN_PT_MV;
    r->value = text;
}


static ptn_rc_t
ptn_ews_aqs_kind(ptn_ews_aqs_t *q, ptn_str_t name, ptn_query_t **ret)
{
    size_t           i, k, n;
    ptn_str_t        below;
    ptn_restrict_t   or, leaf[4];

    for (i = 0; i < ptn_nelts(ptn_ews_aqs_kinds)
                && !ptn_ews_aqs_is(name, ptn_ews_aqs_kinds[i].name); i++)
    {
        /* void */
    }

    if (i == ptn_nelts(ptn_ews_aqs_kinds)) {
        return ptn_ews_aqs_bad(q, "There is no such kind of items.");
    }

    memset(&or, 0, sizeof(or));
    or.type = PTN_RES_OR;

    for (k = 0, n = 0; k < 2 && ptn_ews_aqs_kinds[i].cls[k] != NULL; k++) {
        below = ptn_str_printf(q->e->pool, "%s.",
                               ptn_ews_aqs_kinds[i].cls[k]);
        if (below.data == NULL) {
            return PTN_ENOMEM;
        }

        ptn_ews_aqs_string(&leaf[n++], PTN_PR_MESSAGE_CLASS, PTN_FUZZY_FULL,
                           ptn_str_z(ptn_ews_aqs_kinds[i].cls[k]));
        ptn_ews_aqs_string(&leaf[n++], PTN_PR_MESSAGE_CLASS,
                           PTN_FUZZY_PREFIX, below);
    }

    for (k = 0; k < n; k++) {
        leaf[k].next = k + 1 < n ? &leaf[k + 1] : NULL;
    }

    or.sub = &leaf[0];

    return ptn_ews_aqs_asked(q, &or, ret);
}


static ptn_rc_t
ptn_ews_aqs_category(ptn_ews_aqs_t *q, const ptn_ews_aqs_word_t *w,
    ptn_query_t **ret)
{
    uint16_t                id;
    ptn_rc_t                rc;
    ptn_restrict_t          r;
    const ptn_ews_field_t  *field;

    field = ptn_ews_field(ptn_str("item:Categories"));
    rc = ptn_named_ids(q->box->mb, NULL, field->named, 1, &id);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_aqs_string(&r, field->tags[0] | (uint32_t) id << 16,
                       w->quoted && !w->star ? PTN_FUZZY_FULL
                                             : PTN_FUZZY_PREFIX, w->s);

    return ptn_ews_aqs_asked(q, &r, ret);
}


static ptn_rc_t
ptn_ews_aqs_importance(ptn_ews_aqs_t *q, ptn_str_t name, ptn_query_t **ret)
{
    u_char                     value[4];
    uint32_t                   i;
    ptn_restrict_t             r;
    static const char *const   names[] = { "low", "normal", "high" };

    for (i = 0; i < 3 && !ptn_ews_aqs_is(name, names[i]); i++) { /* void */ }

    if (i == 3) {
        return ptn_ews_aqs_bad(q, "Importance is low, normal, or high.");
    }

    ptn_put_le32(value, i);
    memset(&r, 0, sizeof(r));
    r.type = PTN_RES_PROPERTY;
    r.op = PTN_RELOP_EQ;
    r.tag = r.tag2 = PTN_PR_IMPORTANCE;
    r.value = ptn_str_make(value, 4);

    return ptn_ews_aqs_asked(q, &r, ret);
}


static ptn_rc_t
ptn_ews_aqs_bool(ptn_ews_aqs_t *q, uint8_t what, ptn_str_t value,
    ptn_query_t **ret)
{
    bool             yes;
    u_char           one;
    ptn_rc_t         rc;
    ptn_query_t     *n;
    ptn_restrict_t   r;

    yes = ptn_ews_aqs_is(value, "true") || ptn_ews_aqs_is(value, "yes");

    if (!yes && !ptn_ews_aqs_is(value, "false")
        && !ptn_ews_aqs_is(value, "no"))
    {
        return ptn_ews_aqs_bad(q, "A truth value is true or false.");
    }

    if (what == PTN_EWS_AQS_ATTACH) {
        one = 1;
        memset(&r, 0, sizeof(r));
        r.type = PTN_RES_PROPERTY;
        r.op = PTN_RELOP_EQ;
        r.tag = r.tag2 = PTN_PR_HASATTACH;
        r.value = ptn_str_make(&one, 1);
        rc = ptn_ews_aqs_asked(q, &r, &n);

        if (rc != PTN_OK) {
            return rc;
        }

    } else {
        n = ptn_ews_aqs_node(q, PTN_FIND_FLAGS);
        if (n == NULL) {
            return PTN_ENOMEM;
        }

        n->flags = what == PTN_EWS_AQS_READ ? PTN_FLAG_SEEN
                                            : PTN_FLAG_FLAGGED;
    }

    *ret = yes ? n : ptn_ews_aqs_not(q, n);

    return *ret == NULL ? PTN_ENOMEM : PTN_OK;
}


/* --- ranges --------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_aqs_sent(ptn_ews_aqs_t *q, int64_t from, int64_t to,
    ptn_query_t **ret)
{
    u_char           value[2][8];
    unsigned         i, k;
    uint64_t         v;
    ptn_restrict_t   and, leaf[2];

    memset(&and, 0, sizeof(and));
    memset(leaf, 0, sizeof(leaf));
    and.type = PTN_RES_AND;
    and.sub = leaf;

    from = ptn_max(from, (int64_t) -11644473600LL);
    to = ptn_min(to, (int64_t) 253402300799LL);

    for (i = 0; i < 2; i++) {
        v = (uint64_t) ptn_filetime(i == 0 ? from : to + 1);

        for (k = 0; k < 8; k++) {
            value[i][k] = (u_char) (v >> (8 * k));
        }

        leaf[i].type = PTN_RES_PROPERTY;
        leaf[i].op = i == 0 ? PTN_RELOP_GE : PTN_RELOP_LT;
        leaf[i].tag = leaf[i].tag2 = PTN_PR_CLIENT_SUBMIT_TIME;
        leaf[i].value = ptn_str_make(value[i], 8);
    }

    leaf[0].next = &leaf[1];

    return ptn_ews_aqs_asked(q, &and, ret);
}


static ptn_rc_t
ptn_ews_aqs_ranged(ptn_ews_aqs_t *q, const ptn_ews_aqs_key_t *key,
    ptn_query_t **ret)
{
    bool                 quoted;
    int64_t              from, to;
    ptn_rc_t             rc;
    ptn_query_t         *n;
    const u_char        *p, *end;
    ptn_ews_aqs_word_t   w;

    ptn_ews_aqs_blanks(q);
    quoted = q->p < q->end && *q->p == '"';
    p = q->p;
    end = q->end;

    if (quoted) {
        rc = ptn_ews_aqs_word(q, &w);
        if (rc != PTN_OK) {
            return rc;
        }

        p = w.s.data;
        end = w.s.data + w.s.len;
    }

    p = ptn_ews_aqs_range(p, end, key->what == PTN_EWS_AQS_SIZE, q->now,
                          &from, &to);

    if (p == NULL || (quoted ? p != end
                             : p < end && !ptn_ews_aqs_blank(*p)
                               && *p != ')'))
    {
        return ptn_ews_aqs_bad(q, key->what == PTN_EWS_AQS_SIZE
                                  ? "That is no number." : "That is no date.");
    }

    if (!quoted) {
        q->p = p;
    }

    if (key->what == PTN_EWS_AQS_SENT) {
        return ptn_ews_aqs_sent(q, from, to, ret);
    }

    n = ptn_ews_aqs_node(q, key->what == PTN_EWS_AQS_SIZE
                            ? PTN_FIND_SIZE : PTN_FIND_RECEIVED);
    if (n == NULL) {
        return PTN_ENOMEM;
    }

    n->min = from;
    n->max = to;
    *ret = n;

    return PTN_OK;
}


/* --- the tree ------------------------------------------------------------- */

static ptn_rc_t
ptn_ews_aqs_value(ptn_ews_aqs_t *q, const ptn_ews_aqs_key_t *key,
    ptn_query_t **ret)
{
    ptn_rc_t             rc;
    ptn_ews_aqs_word_t   w;

    if (key->what == PTN_EWS_AQS_SENT || key->what == PTN_EWS_AQS_RECEIVED
        || key->what == PTN_EWS_AQS_SIZE)
    {
        return ptn_ews_aqs_ranged(q, key, ret);
    }

    rc = ptn_ews_aqs_word(q, &w);
    if (rc != PTN_OK) {
        return rc;
    }

    switch (key->what) {

    case PTN_EWS_AQS_TEXT:
        return ptn_ews_aqs_text(q, key, &w, ret);

    case PTN_EWS_AQS_KIND:
        return ptn_ews_aqs_kind(q, w.s, ret);

    case PTN_EWS_AQS_CATEGORY:
        return ptn_ews_aqs_category(q, &w, ret);

    case PTN_EWS_AQS_IMPORTANCE:
        return ptn_ews_aqs_importance(q, w.s, ret);

    default:
        return ptn_ews_aqs_bool(q, key->what, w.s, ret);
    }
}


/* Does a plain word stand next?  It goes to the keyword before it. */
static bool
ptn_ews_aqs_goes_on(ptn_ews_aqs_t *q)
{
    ptn_str_t      s;
    ptn_ews_aqs_t  look;

    ptn_ews_aqs_blanks(q);
    s = ptn_ews_aqs_peek(q);
    look = *q;

    return s.len != 0 && s.data[0] != '+' && s.data[0] != '-'
           && !ptn_str_eqz(s, "AND") && !ptn_str_eqz(s, "OR")
           && !ptn_str_eqz(s, "NOT") && ptn_ews_aqs_key(&look) == NULL;
}


/* subject:project plan */
static ptn_rc_t
ptn_ews_aqs_values(ptn_ews_aqs_t *q, const ptn_ews_aqs_key_t *key,
    ptn_query_t **ret)
{
    ptn_rc_t       rc;
    ptn_query_t   *and, **last;

    rc = ptn_ews_aqs_value(q, key, ret);

    if (rc != PTN_OK || key->what != PTN_EWS_AQS_TEXT || q->p[-1] == '"'
        || q->p[-1] == '*' || !ptn_ews_aqs_goes_on(q))
    {
        return rc;
    }

    and = ptn_ews_aqs_node(q, PTN_FIND_AND);
    if (and == NULL) {
        return PTN_ENOMEM;
    }

    and->sub = *ret;
    last = &and->sub->next;

    while (rc == PTN_OK && ptn_ews_aqs_goes_on(q)) {
        if (++q->nodes > PTN_EWS_AQS_NODES) {
            return PTN_ELIMIT;
        }

        rc = ptn_ews_aqs_value(q, key, last);

        if (rc == PTN_OK) {
            last = &(*last)->next;
        }
    }

    *ret = and;

    return rc;
}


static ptn_rc_t
ptn_ews_aqs_inner(ptn_ews_aqs_t *q, const ptn_ews_aqs_key_t *key,
    ptn_query_t **ret)
{
    bool                      colon;
    ptn_rc_t                  rc;
    const ptn_ews_aqs_key_t  *own;

    if (ptn_ews_aqs_operator(q, "NOT") || ptn_ews_aqs_sign(q, '-')) {
        if (++q->depth > PTN_EWS_AQS_DEPTH) {
            return PTN_ELIMIT;
        }

        rc = ptn_ews_aqs_inner(q, key, ret);
        q->depth--;

        if (rc == PTN_OK) {
            *ret = ptn_ews_aqs_not(q, *ret);
            rc = *ret == NULL ? PTN_ENOMEM : PTN_OK;
        }

        return rc;
    }

    ptn_ews_aqs_blanks(q);
    own = ptn_ews_aqs_key(q);
    colon = own != NULL;
    key = colon ? own : key;

    /* has:attachment has no value */

    if (colon && q->p[-1] != ':') {
        return ptn_ews_aqs_bool(q, key->what, ptn_str("true"), ret);
    }

    if (colon && (ptn_ews_aqs_operator(q, "NOT"))) {
        q->p -= 3;                      /* received:NOT today */

        if (++q->depth > PTN_EWS_AQS_DEPTH) {
            return PTN_ELIMIT;
        }

        rc = ptn_ews_aqs_inner(q, key, ret);
        q->depth--;

        return rc;
    }

    if (ptn_ews_aqs_sign(q, '(')) {
        rc = ptn_ews_aqs_or(q, key, ret);

        return rc != PTN_OK ? rc
               : ptn_ews_aqs_sign(q, ')') ? PTN_OK
               : ptn_ews_aqs_bad(q, "A parenthesis is missing.");
    }

    return colon ? ptn_ews_aqs_values(q, key, ret)
                 : ptn_ews_aqs_value(q, key, ret);
}


static bool
ptn_ews_aqs_over(ptn_ews_aqs_t *q)
{
    ptn_ews_aqs_blanks(q);

    return q->p == q->end || *q->p == ')';
}


static ptn_rc_t
ptn_ews_aqs_and(ptn_ews_aqs_t *q, const ptn_ews_aqs_key_t *key,
    ptn_query_t **ret)
{
    ptn_rc_t       rc;
    ptn_query_t   *and, **last;

    and = ptn_ews_aqs_node(q, PTN_FIND_AND);
    if (and == NULL) {
        return PTN_ENOMEM;
    }

    last = &and->sub;

    do {
        if (++q->nodes > PTN_EWS_AQS_NODES) {
            return PTN_ELIMIT;
        }

        rc = ptn_ews_aqs_inner(q, key, last);
        if (rc != PTN_OK) {
            return rc;
        }

        last = &(*last)->next;

        while (ptn_ews_aqs_operator(q, "AND") || ptn_ews_aqs_sign(q, '+')) {
            if (ptn_ews_aqs_over(q)) {
                return ptn_ews_aqs_bad(q, "The query string is not"
                                          " complete.");
            }
        }

    } while (!ptn_ews_aqs_over(q) && !ptn_str_eqz(ptn_ews_aqs_peek(q), "OR"));

    *ret = and->sub->next == NULL ? and->sub : and;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_aqs_or(ptn_ews_aqs_t *q, const ptn_ews_aqs_key_t *key,
    ptn_query_t **ret)
{
    ptn_rc_t       rc;
    ptn_query_t   *or, **last;

    if (++q->depth > PTN_EWS_AQS_DEPTH) {
        return PTN_ELIMIT;
    }

    or = ptn_ews_aqs_node(q, PTN_FIND_OR);
    if (or == NULL) {
        return PTN_ENOMEM;
    }

    last = &or->sub;

    do {
        rc = ptn_ews_aqs_and(q, key, last);
        if (rc != PTN_OK) {
            return rc;
        }

        last = &(*last)->next;

    } while (ptn_ews_aqs_operator(q, "OR"));

    q->depth--;
    *ret = or->sub->next == NULL ? or->sub : or;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_aqs(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t folder,
    ptn_str_t text, int64_t now, ptn_query_t **ret)
{
    ptn_rc_t       rc;
    ptn_ews_aqs_t  q;

    memset(&q, 0, sizeof(q));
    q.e = e;
    q.box = box;
    q.folder = folder;
    q.p = text.data;
    q.end = text.data + text.len;
    q.now = now;

    if (text.len == 0 || ptn_ews_aqs_over(&q)) {
        return ptn_ews_aqs_bad(&q, "The query string is empty.");
    }

    rc = ptn_ews_aqs_or(&q, &ptn_ews_aqs_any, ret);

    if (rc == PTN_OK && q.p != q.end) {
        rc = ptn_ews_aqs_bad(&q, "A parenthesis is too much.");
    }

    return rc;
}
