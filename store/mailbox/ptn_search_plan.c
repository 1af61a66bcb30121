/*
 * A query made ready: what the index can say about it, and what to compare.
 */

#include "ptn_charset.h"
#include "ptn_search.h"


typedef struct {
    ptn_mbox_t  *mb;                /* or NULL */
    ptn_pool_t  *pool;
    unsigned     nodes;
    bool         wide;              /* of the node at hand */
    ptn_rc_t     rc;
} ptn_plan_t;


/* ---- words of a query -------------------------------------------------- */

typedef struct {
    ptn_pool_t         *pool;
    ptn_search_unit_t  *units;
    size_t              n;
    bool                open;       /* the first may begin amid a word */
    bool                failed;
} ptn_plan_units_t;


static ptn_rc_t
ptn_plan_unit(void *ctx, const ptn_unit_t *u)
{
    ptn_plan_units_t  *p = ctx;

    if (p->n == PTN_SEARCH_UNITS) {
        return PTN_ELIMIT;
    }

    if (p->n == 0) {
        p->open = u->open;
    }

    p->units[p->n].s = ptn_str_dup(p->pool, u->s);
    p->units[p->n].cjk = u->cjk;
    p->units[p->n].joined = u->joined && p->n != 0;
    p->failed |= p->units[p->n].s.data == NULL;
    p->n++;

    return PTN_OK;
}


static ptn_rc_t
ptn_plan_units(ptn_pool_t *pool, ptn_str_t text, ptn_plan_units_t *p)
{
    ptn_rc_t  rc;

    memset(p, 0, sizeof(ptn_plan_units_t));
    p->pool = pool;
    p->units = ptn_parray(pool, PTN_SEARCH_UNITS, sizeof(ptn_search_unit_t));

    if (p->units == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_words_units(text, ptn_plan_unit, p);

    return (rc == PTN_OK && p->failed) ? PTN_ENOMEM : rc;
}


typedef struct {
    ptn_pool_t  *pool;
    size_t       start, end;        /* of the units */
    ptn_str_t    whole;
    bool         any;
} ptn_plan_whole_t;


static ptn_rc_t
ptn_plan_whole_token(void *ctx, ptn_str_t token, bool compound, size_t start,
    size_t end)
{
    ptn_plan_whole_t  *w = ctx;

    if (!w->any) {
        w->start = start;
        w->any = true;
    }

    if (compound && start == w->start && token.len > w->whole.len) {
        w->whole = ptn_str_dup(w->pool, token);
        w->end = end;

    } else if (!compound && end > w->end) {
        w->whole.len = 0;           /* something stands behind it */
        w->end = end;
    }

    return PTN_OK;
}


/* An address or a host name, and nothing else. */

static ptn_rc_t
ptn_plan_whole(ptn_pool_t *pool, ptn_str_t text, ptn_str_t *ret)
{
    ptn_rc_t          rc;
    ptn_plan_whole_t  w;

    memset(&w, 0, sizeof(w));
    w.pool = pool;
    rc = ptn_words_tokens(text, ptn_plan_whole_token, &w);
    *ret = w.whole;

    return rc;
}


/* ---- expressions ------------------------------------------------------- */

/* Columns of the fields; *ret_exact: those fields are all that they hold. */

static const char *
ptn_plan_columns(uint8_t fields, bool *ret_exact)
{
    unsigned                  n;
    static const char *const  names[] = {
        "", "subject", "people", "subject people", "body", "subject body",
        "people body", "subject people body", "attach", "subject attach",
        "people attach", "subject people attach", "body attach",
        "subject body attach", "people body attach",
        "subject people body attach",
    };

    n = (fields & PTN_FIND_SUBJECT) ? 1 : 0;
    n |= (fields & PTN_FIND_PEOPLE) ? 2 : 0;
    n |= (fields & PTN_FIND_BODY) ? 4 : 0;
    n |= (fields & (PTN_FIND_ATTACHED|PTN_FIND_NAMES)) ? 8 : 0;

    *ret_exact = ((fields & PTN_FIND_PEOPLE) == 0
                  || (fields & PTN_FIND_PEOPLE) == PTN_FIND_PEOPLE)
                 && !(fields & PTN_FIND_ATTACHED) == !(fields
                                                       & PTN_FIND_NAMES);

    return names[n];
}


/* A prefix of few words: as those, from the newest end of their lists. */

static bool
ptn_plan_prefix(ptn_plan_t *p, ptn_buf_t *b, ptn_str_t prefix)
{
    size_t     i, n;
    ptn_str_t  terms[PTN_SEARCH_WORDS];

    if (p->mb == NULL || p->rc != PTN_OK) {
        return false;
    }

    n = 0;
    p->rc = ptn_search_prefix(p->mb, p->pool, prefix, terms,
                              PTN_SEARCH_WORDS, &n);
    p->wide |= n > PTN_SEARCH_WORDS;

    if (p->rc != PTN_OK || n == 0 || n > PTN_SEARCH_WORDS) {
        return false;
    }

    for (i = 0; i < n; i++) {
        ptn_buf_z(b, i == 0 ? "(\"" : " OR \"");
        ptn_buf_str(b, terms[i]);
        ptn_buf_byte(b, '"');
    }

    ptn_buf_byte(b, ')');

    return true;
}


static void
ptn_plan_token(ptn_plan_t *p, ptn_buf_t *b, unsigned *n, ptn_str_t s,
    ptn_str_t more, bool prefix)
{
    if ((*n)++ != 0) {
        ptn_buf_z(b, " AND ");
    }

    if (prefix && ptn_plan_prefix(p, b, s)) {
        return;
    }

    /* tokens have no quotes in them */

    ptn_buf_byte(b, '"');
    ptn_buf_str(b, s);
    ptn_buf_str(b, more);
    ptn_buf_z(b, prefix ? "\"*" : "\"");
}


/* All tokens that the units make; `open`: a last word may go on. */

static void
ptn_plan_tokens(ptn_plan_t *p, ptn_buf_t *b, unsigned *n,
    const ptn_search_unit_t *u, size_t nu, size_t from, bool open)
{
    size_t     i;
    bool       next;
    ptn_str_t  none = ptn_null_string;

    for (i = from; i < nu; i++) {
        next = i + 1 < nu && u[i + 1].joined;

        if (!u[i].cjk) {
            ptn_plan_token(p, b, n, u[i].s, none, open && i + 1 == nu);

        } else if (next) {
            ptn_plan_token(p, b, n, u[i].s, u[i + 1].s, false);

        } else if (!u[i].joined) {
            ptn_plan_token(p, b, n, u[i].s, none, true);
        }
    }
}


static ptn_rc_t
ptn_plan_words(ptn_plan_t *p, ptn_search_node_t *node)
{
    bool               all;
    unsigned           n;
    ptn_rc_t           rc;
    ptn_buf_t          b;
    ptn_plan_units_t   u;
    const ptn_query_t  *f;

    f = node->f;
    rc = ptn_plan_units(p->pool, f->text, &u);

    if (rc == PTN_OK && f->op == PTN_FIND_WORD) {
        rc = ptn_plan_whole(p->pool, f->text, &node->whole);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    node->units = u.units;
    node->n = u.n;

    if (u.n == 0) {
        return PTN_OK;
    }

    n = 0;
    ptn_buf_init(&b, p->pool);
    ptn_buf_printf(&b, "{%s}:(", ptn_plan_columns(f->fields, &all));

    if (node->whole.len != 0) {
        ptn_plan_token(p, &b, &n, node->whole, ptn_str_make(NULL, 0),
                       f->prefix);

    } else {
        ptn_plan_tokens(p, &b, &n, u.units, u.n, 0, f->prefix);
    }

    ptn_buf_byte(&b, ')');
    node->expr = ptn_buf_get(&b);
    node->exact = all && n == 1;
    node->wide = p->wide;

    return p->rc;
}


/* What must stand around a substring, as far as it has whole words. */

static ptn_rc_t
ptn_plan_substring(ptn_plan_t *p, ptn_search_node_t *node)
{
    bool               all, open;
    size_t             from;
    unsigned           n;
    ptn_rc_t           rc;
    ptn_buf_t          b;
    ptn_plan_units_t   u, longer;

    rc = ptn_utf8_fold(p->pool, ptn_utf8_clean(p->pool, node->f->text),
                       &node->folded);

    if (rc == PTN_OK) {
        rc = ptn_plan_units(p->pool, node->f->text, &u);
    }

    /* with a letter behind it: is the last word whole? */

    if (rc == PTN_OK) {
        ptn_buf_init(&b, p->pool);
        ptn_buf_str(&b, node->f->text);
        ptn_buf_byte(&b, 'x');
        rc = ptn_plan_units(p->pool, ptn_buf_get(&b), &longer);
    }

    if (rc == PTN_ELIMIT) {
        return PTN_OK;              /* too long for the index: looked for */
    }

    if (rc != PTN_OK || u.n == 0) {
        return rc;
    }

    open = longer.n == u.n && !u.units[u.n - 1].cjk;
    from = (u.open && !u.units[0].cjk) ? 1 : 0;

    n = 0;
    ptn_buf_init(&b, p->pool);
    ptn_buf_printf(&b, "({%s}:(", ptn_plan_columns(node->f->fields, &all));
    ptn_plan_tokens(p, &b, &n, u.units, u.n, from, open);
    ptn_buf_z(&b, ")) OR \"" PTN_WORDS_MARK "\"");

    if (n != 0) {
        node->expr = ptn_buf_get(&b);
        node->wide = p->wide;

    } else {
        node->piece = u.units[0].s;
        node->piece_end = !(open && u.n == 1);
    }

    return p->rc;
}


/* ---- the tree ---------------------------------------------------------- */

static void
ptn_plan_join(ptn_buf_t *b, const char *with, ptn_str_t expr)
{
    if (b->len != 0) {
        ptn_buf_z(b, with);
    }

    ptn_buf_byte(b, '(');
    ptn_buf_str(b, expr);
    ptn_buf_byte(b, ')');
}


/* AND narrows by what it knows, OR must know all. */

static void
ptn_plan_group(ptn_plan_t *p, ptn_search_node_t *node)
{
    bool                and, all;
    ptn_buf_t           b;
    ptn_search_node_t  *sub;

    and = (node->f->op == PTN_FIND_AND);
    all = (node->sub != NULL);
    node->exact = all;
    ptn_buf_init(&b, p->pool);

    for (sub = node->sub; sub != NULL; sub = sub->next) {
        all &= sub->expr.len != 0;
        node->exact &= sub->expr.len != 0 && sub->exact;
        node->wide |= sub->wide;

        if (sub->expr.len != 0) {
            ptn_plan_join(&b, and ? " AND " : " OR ", sub->expr);
        }
    }

    if (b.len != 0 && (and || all)) {
        node->expr = ptn_buf_get(&b);
    }
}


static ptn_rc_t
ptn_plan_node(ptn_plan_t *p, const ptn_query_t *f, unsigned depth,
    ptn_search_node_t **ret)
{
    ptn_rc_t             rc;
    const ptn_query_t    *sub;
    ptn_search_node_t   *node, **last;

    if (depth == PTN_FIND_DEPTH_MAX || ++p->nodes > PTN_FIND_NODES_MAX) {
        return PTN_ELIMIT;
    }

    node = ptn_pcalloc(p->pool, sizeof(ptn_search_node_t));
    if (node == NULL) {
        return PTN_ENOMEM;
    }

    node->f = f;
    *ret = node;
    p->wide = false;

    switch (f->op) {

    case PTN_FIND_WORD:
    case PTN_FIND_PHRASE:
    case PTN_FIND_SUBSTRING:
        node->text = true;
        node->deep = (f->fields & ~(PTN_FIND_SUBJECT|PTN_FIND_PEOPLE)) != 0;

        return (f->fields == 0) ? PTN_EINVAL
               : (f->op == PTN_FIND_SUBSTRING) ? ptn_plan_substring(p, node)
                                               : ptn_plan_words(p, node);

    case PTN_FIND_AND:
    case PTN_FIND_OR:
    case PTN_FIND_NOT:
        break;

    default:
        return (f->op <= PTN_FIND_IDS) ? PTN_OK : PTN_EINVAL;
    }

    last = &node->sub;

    for (sub = f->sub; sub != NULL; sub = sub->next) {
        rc = ptn_plan_node(p, sub, depth + 1, last);
        if (rc != PTN_OK) {
            return rc;
        }

        node->text |= (*last)->text;
        node->deep |= (*last)->deep;
        last = &(*last)->next;

        if (f->op == PTN_FIND_NOT) {
            break;
        }
    }

    if (f->op == PTN_FIND_NOT) {
        return (node->sub == NULL) ? PTN_EINVAL : PTN_OK;
    }

    ptn_plan_group(p, node);

    return PTN_OK;
}


/*
 * The conjuncts at the top: their expressions are streamed, and those that are
 * exact need no second look; NOT of an exact one narrows, too.
 */

static void
ptn_plan_top(ptn_search_node_t *node, ptn_buf_t *and, ptn_buf_t *not)
{
    ptn_search_node_t  *sub;

    if (node->f->op == PTN_FIND_AND) {
        for (sub = node->sub; sub != NULL; sub = sub->next) {
            ptn_plan_top(sub, and, not);
        }

    } else if (node->f->op == PTN_FIND_NOT) {
        if (node->sub->expr.len != 0 && node->sub->exact) {
            ptn_plan_join(not, " OR ", node->sub->expr);
            node->trusted = true;
        }

    } else if (node->expr.len != 0) {
        ptn_plan_join(and, " AND ", node->expr);
        node->trusted = node->exact;
    }
}


ptn_rc_t
ptn_search_plan(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_query_t *find,
    ptn_search_plan_t *ret_plan)
{
    ptn_rc_t           rc;
    ptn_buf_t          and, not, expr;
    ptn_plan_t         p = { mb, pool, 0, false, PTN_OK };
    ptn_search_plan_t  plan;

    memset(&plan, 0, sizeof(plan));
    rc = ptn_plan_node(&p, find, 0, &plan.top);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&and, pool);
    ptn_buf_init(&not, pool);
    ptn_buf_init(&expr, pool);
    ptn_plan_top(plan.top, &and, &not);

    if (and.len != 0) {
        ptn_plan_join(&expr, "", ptn_buf_get(&and));

        if (not.len != 0) {
            ptn_buf_z(&expr, " NOT (");
            ptn_buf_str(&expr, ptn_buf_get(&not));
            ptn_buf_byte(&expr, ')');
        }

        plan.expr = ptn_buf_get(&expr);
    }

    plan.deep = plan.top->deep;
    plan.wide = plan.top->wide || plan.expr.len == 0;
    *ret_plan = plan;

    return ptn_pool_failed(pool) ? PTN_ENOMEM : PTN_OK;
}
