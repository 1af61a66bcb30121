/*
 * LIST (RFC 3501 6.3.8, RFC 5258, RFC 5819, RFC 6154), LSUB, NAMESPACE
 * (RFC 2342).
 */

#include "ptn_imap.h"


#define PTN_IMAP_LIST_SUBSCRIBED   0x01     /* selection */
#define PTN_IMAP_LIST_RECURSIVE    0x02
#define PTN_IMAP_LIST_SPECIAL      0x04
#define PTN_IMAP_LIST_R_SUBSCRIBED 0x08     /* return */
#define PTN_IMAP_LIST_R_CHILDREN   0x10
#define PTN_IMAP_LIST_R_SPECIAL    0x20
#define PTN_IMAP_LIST_R_STATUS     0x40
#define PTN_IMAP_LIST_REMOTE       0x80

#define PTN_IMAP_LIST_PATTERNS     64

typedef struct {
    unsigned    opts;
    unsigned    status;
    bool        extended;
    bool        root;                   /* an empty pattern */
    ptn_str_t   pattern[PTN_IMAP_LIST_PATTERNS];
    size_t      npatterns;
} ptn_imap_list_t;

typedef struct {
    const char  *name;
    unsigned     opt;
} ptn_imap_list_opt_t;

static const ptn_imap_list_opt_t  ptn_imap_list_select[] = {
    { "SUBSCRIBED", PTN_IMAP_LIST_SUBSCRIBED },
    { "RECURSIVEMATCH", PTN_IMAP_LIST_RECURSIVE },
    { "SPECIAL-USE", PTN_IMAP_LIST_SPECIAL },
    { "REMOTE", PTN_IMAP_LIST_REMOTE },
    { NULL, 0 }
};

static const ptn_imap_list_opt_t  ptn_imap_list_return[] = {
    { "SUBSCRIBED", PTN_IMAP_LIST_R_SUBSCRIBED },
    { "CHILDREN", PTN_IMAP_LIST_R_CHILDREN },
    { "SPECIAL-USE", PTN_IMAP_LIST_R_SPECIAL },
    { "STATUS", PTN_IMAP_LIST_R_STATUS },
    { NULL, 0 }
};

static const char *const  ptn_imap_list_use[] = {
    NULL,
#define PTN_IMAP_USE(name, parent, cls, use)  use,
    PTN_FOLDERS(PTN_IMAP_USE)
#undef PTN_IMAP_USE
};


static const char *
ptn_imap_list_special(const ptn_folder_t *f)
{
    return f->special < ptn_nelts(ptn_imap_list_use)
           ? ptn_imap_list_use[f->special] : NULL;
}


/* "(" options ")", STATUS with its items. */

static ptn_rc_t
ptn_imap_list_options(ptn_imap_in_t *in, const ptn_imap_list_opt_t *table,
    ptn_imap_list_t *l)
{
    ptn_rc_t                    rc;
    ptn_str_t                   word;
    const ptn_imap_list_opt_t  *o;

    if (!ptn_imap_parse_take(in, '(')) {
        return PTN_EPARSE;
    }

    while (!ptn_imap_parse_take(in, ')')) {

        rc = ptn_imap_parse_atom(in, &word);
        if (rc != PTN_OK) {
            return rc;
        }

        for (o = table; o->name != NULL; o++) {
            if (ptn_str_ieqz(word, o->name)) {
                break;
            }
        }

        if (o->name == NULL) {
            return PTN_EPARSE;
        }

        l->opts |= o->opt;

        if (o->opt == PTN_IMAP_LIST_R_STATUS) {
            rc = ptn_imap_parse_sp(in);
            if (rc == PTN_OK) {
                rc = ptn_imap_status_parse(in, &l->status);
            }
            if (rc != PTN_OK) {
                return rc;
            }
        }

        if (!ptn_imap_parse_take(in, ' ') && !ptn_imap_parse_peek(in, ')')) {
            return PTN_EPARSE;
        }
    }

    return PTN_OK;
}


/* RFC 3501 6.3.8: a pattern is taken from the reference. */

static ptn_rc_t
ptn_imap_list_pattern(ptn_imap_in_t *in, ptn_str_t ref, ptn_imap_list_t *l)
{
    ptn_rc_t   rc;
    ptn_buf_t  b;
    ptn_str_t  p;

    rc = ptn_imap_parse_list_mailbox(in, &p);
    if (rc != PTN_OK) {
        return rc;
    }

    if (l->npatterns == PTN_IMAP_LIST_PATTERNS) {
        return PTN_ELIMIT;
    }

    l->root = p.len == 0;

    if (ref.len != 0 && !(p.len != 0 && p.data[0] == '/')) {
        ptn_buf_init(&b, in->pool);
        ptn_buf_str(&b, ref);
        ptn_buf_str(&b, p);

        if (b.failed) {
            return PTN_ENOMEM;
        }

        p = ptn_buf_get(&b);
    }

    l->pattern[l->npatterns++] = p;

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_list_patterns(ptn_imap_in_t *in, ptn_str_t ref, ptn_imap_list_t *l)
{
    ptn_rc_t  rc;

    if (!ptn_imap_parse_take(in, '(')) {
        return ptn_imap_list_pattern(in, ref, l);
    }

    l->extended = true;

    for ( ;; ) {
        rc = ptn_imap_list_pattern(in, ref, l);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ptn_imap_parse_take(in, ')')) {
            return PTN_OK;
        }

        if (!ptn_imap_parse_take(in, ' ')) {
            return PTN_EPARSE;
        }
    }
}


/* [SP (selection)] SP reference SP patterns [SP RETURN SP (return)] */

static ptn_rc_t
ptn_imap_list_parse(ptn_imap_in_t *in, bool lsub, ptn_imap_list_t *l)
{
    ptn_rc_t   rc;
    ptn_str_t  ref;

    memset(l, 0, sizeof(*l));

    rc = ptn_imap_parse_sp(in);

    if (rc == PTN_OK && !lsub && ptn_imap_parse_peek(in, '(')) {
        l->extended = true;
        rc = ptn_imap_list_options(in, ptn_imap_list_select, l);

        if (rc == PTN_OK) {
            rc = ptn_imap_parse_sp(in);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_astring(in, &ref);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp(in);
    }

    if (rc == PTN_OK) {
        rc = lsub ? ptn_imap_list_pattern(in, ref, l)
                  : ptn_imap_list_patterns(in, ref, l);
    }

    if (rc == PTN_OK && !lsub && ptn_imap_parse_take(in, ' ')) {
        l->extended = true;

        if (!ptn_imap_parse_word(in, "RETURN")
            || !ptn_imap_parse_take(in, ' '))
        {
            return PTN_EPARSE;
        }

        rc = ptn_imap_list_options(in, ptn_imap_list_return, l);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(in);
    }

    /* RFC 5258 3.1: RECURSIVEMATCH says how another option matches */

    if (rc == PTN_OK && (l->opts & PTN_IMAP_LIST_RECURSIVE)
        && !(l->opts & (PTN_IMAP_LIST_SUBSCRIBED|PTN_IMAP_LIST_SPECIAL)))
    {
        return PTN_EPARSE;
    }

    return rc;
}


static void
ptn_imap_list_attr(ptn_imap_t *c, bool *first, const char *attr)
{
    if (!*first) {
        ptn_imap_out_byte(c, ' ');
    }

    ptn_imap_out_z(c, attr);
    *first = false;
}


static void
ptn_imap_list_line(ptn_imap_t *c, const char *verb, const ptn_imap_name_t *n,
    const ptn_imap_list_t *l, bool childinfo)
{
    bool         first;
    const char  *use;

    first = true;

    PTN_IMAP_LIT(c, "* ");
    ptn_imap_out_z(c, verb);
    PTN_IMAP_LIT(c, " (");

    if (!n->mail) {
        ptn_imap_list_attr(c, &first, "\\Noselect");
    }

    if (n->mail && n->f->subscribed
        && (l->opts & (PTN_IMAP_LIST_SUBSCRIBED|PTN_IMAP_LIST_R_SUBSCRIBED)))
    {
        ptn_imap_list_attr(c, &first, "\\Subscribed");
    }

    ptn_imap_list_attr(c, &first, n->children ? "\\HasChildren"
                                              : "\\HasNoChildren");

    use = n->mail ? ptn_imap_list_special(n->f) : NULL;

    if (use != NULL) {
        ptn_imap_list_attr(c, &first, use);
    }

    PTN_IMAP_LIT(c, ") \"/\" ");
    ptn_imap_out_astring(c, n->name);

    if (childinfo) {
        PTN_IMAP_LIT(c, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
    }

    PTN_IMAP_LIT(c, "\r\n");

    if ((l->opts & PTN_IMAP_LIST_R_STATUS) && n->mail) {
        ptn_imap_status_out(c, n->name, n->f, l->status);
    }
}


static bool
ptn_imap_list_selected(const ptn_imap_name_t *n, unsigned opts)
{
    if ((opts & PTN_IMAP_LIST_SUBSCRIBED)
        && !(n->mail && n->f->subscribed))
    {
        return false;
    }

    if ((opts & PTN_IMAP_LIST_SPECIAL)
        && !(n->mail && ptn_imap_list_special(n->f) != NULL))
    {
        return false;
    }

    return n->mail || n->children;
}


static bool
ptn_imap_list_matches(const ptn_imap_list_t *l, ptn_str_t name)
{
    size_t  i;

    for (i = 0; i < l->npatterns; i++) {
        if (ptn_imap_name_match(l->pattern[i], name)) {
            return true;
        }
    }

    return false;
}


/* LIST reference "": the delimiter and the root (RFC 3501 6.3.8). */

static bool
ptn_imap_list_root(ptn_imap_t *c, const char *verb, const ptn_imap_list_t *l)
{
    if (l->extended || !l->root) {
        return false;
    }

    PTN_IMAP_LIT(c, "* ");
    ptn_imap_out_z(c, verb);
    PTN_IMAP_LIT(c, " (\\Noselect) \"/\" \"\"\r\n");

    return true;
}


ptn_rc_t
ptn_imap_list(ptn_imap_t *c)
{
    bool              self;
    char             *below;
    size_t            i, n;
    ptn_rc_t          rc;
    ptn_imap_list_t   l;
    ptn_imap_name_t  *names;

    rc = ptn_imap_list_parse(&c->in, false, &l);

    if (rc != PTN_OK || ptn_imap_list_root(c, "LIST", &l)) {
        return rc;
    }

    rc = ptn_imap_name_tree(c, &names, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    below = ptn_pcalloc(c->s->pool, n + 1);     /* selected ones below it */
    if (below == NULL) {
        return PTN_ENOMEM;
    }

    for (i = n; (l.opts & PTN_IMAP_LIST_RECURSIVE) && i-- > 0; ) {
        if (names[i].parent != 0
            && (below[i] || ptn_imap_list_selected(&names[i], l.opts)))
        {
            below[names[i].parent - 1] = 1;
        }
    }

    for (i = 0; i < n; i++) {
        self = ptn_imap_list_selected(&names[i], l.opts);

        if ((self || below[i]) && ptn_imap_list_matches(&l, names[i].name)) {
            ptn_imap_list_line(c, "LIST", &names[i], &l,
                               below[i]
                               && (l.opts & PTN_IMAP_LIST_SUBSCRIBED));
        }
    }

    return PTN_OK;
}


/*
 * LSUB.  "%" also shows a name that is not subscribed, as \Noselect, when a
 * subscribed one is below it and does not match (RFC 3501 6.3.9).
 */

ptn_rc_t
ptn_imap_lsub(ptn_imap_t *c)
{
    char             *below;
    size_t            i, n;
    ptn_rc_t          rc;
    ptn_imap_list_t   l;
    ptn_imap_name_t  *names, shown;

    rc = ptn_imap_list_parse(&c->in, true, &l);

    if (rc != PTN_OK || ptn_imap_list_root(c, "LSUB", &l)) {
        return rc;
    }

    rc = ptn_imap_name_tree(c, &names, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    below = ptn_pcalloc(c->s->pool, n + 1);
    if (below == NULL) {
        return PTN_ENOMEM;
    }

    for (i = n; i-- > 0; ) {
        if (names[i].parent != 0
            && (below[i]
                || (ptn_imap_list_selected(&names[i],
                                           PTN_IMAP_LIST_SUBSCRIBED)
                    && !ptn_imap_list_matches(&l, names[i].name))))
        {
            below[names[i].parent - 1] = 1;
        }
    }

    for (i = 0; i < n; i++) {
        shown = names[i];

        if (!ptn_imap_list_selected(&shown, PTN_IMAP_LIST_SUBSCRIBED)) {
            if (!below[i]) {
                continue;
            }
            shown.mail = false;
        }

        if (ptn_imap_list_matches(&l, shown.name)) {
            ptn_imap_list_line(c, "LSUB", &shown, &l, false);
        }
    }

    return PTN_OK;
}


ptn_rc_t
ptn_imap_namespace(ptn_imap_t *c)
{
    if (ptn_imap_parse_eol(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    PTN_IMAP_LIT(c, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");

    return PTN_OK;
}
