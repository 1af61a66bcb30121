#include "ptn_mime_header.h"


#define PTN_MIME_ADDRS_MAX  16384       /* of one field */


/* The words read so far that are a display name or a local part yet. */
typedef struct {
    ptn_str_t  name;            /* all of them */
    ptn_str_t  last;            /* the last one */
    size_t     before;          /* length of name without the last word */
    size_t     end;             /* where the last word ended in the value */
    uint32_t   nwords;
    bool       slice;           /* name is a slice of the value */
    ptn_buf_t  buf;             /* else it is here */
} ptn_mime_phrase_t;


typedef struct {
    ptn_pool_t         *pool;
    ptn_str_t           s;
    size_t              i;
    bool                in_group;
    bool                no_gt;          /* no ">" from here on */
    ptn_mime_phrase_t   phrase;
    ptn_mime_addr_t    *addrs;
    size_t              n, size;
    bool                failed;
} ptn_mime_addr_parser_t;


static ptn_mime_addr_t *
ptn_mime_addr_add(ptn_mime_addr_parser_t *p)
{
    size_t            size;
    ptn_mime_addr_t  *a;

    if (p->n == PTN_MIME_ADDRS_MAX) {
        return NULL;
    }

    if (p->n == p->size) {
        size = p->size ? p->size * 2 : 4;

        a = ptn_parray(p->pool, size, sizeof(ptn_mime_addr_t));
        if (a == NULL) {
            p->failed = true;
            return NULL;
        }

        if (p->n != 0) {
            memcpy(a, p->addrs, p->n * sizeof(ptn_mime_addr_t));
        }

        p->addrs = a;
        p->size = size;
    }

    a = &p->addrs[p->n++];
    memset(a, 0, sizeof(ptn_mime_addr_t));

    return a;
}


static void
ptn_mime_addr_clear(ptn_mime_addr_parser_t *p)
{
    memset(&p->phrase, 0, sizeof(ptn_mime_phrase_t));
}


/*
 * Adds the word `w`, read from `start` to p->i.  Atoms with blanks between
 * stay one slice; anything else is put together in a buffer.
 */
static void
ptn_mime_addr_word(ptn_mime_addr_parser_t *p, ptn_str_t w, size_t start,
    bool atom)
{
    bool                joined;
    size_t              k;
    ptn_mime_phrase_t  *ph;

    ph = &p->phrase;
    joined = ph->nwords != 0 && ph->end == start;

    if (ph->nwords == 0) {
        ph->name = w;
        ph->slice = atom;
        ph->last = w;
        ph->before = 0;

    } else {

        if (ph->slice) {
            for (k = ph->end; k < start && ptn_mime_blank(p->s.data[k]); k++) {
                /* void */
            }

            ph->slice = atom && k == start;
        }

        if (!ph->slice && ph->buf.pool == NULL) {
            ptn_buf_init(&ph->buf, p->pool);
            ptn_buf_str(&ph->buf, ph->name);
        }

        if (!joined) {
            ph->before = ph->name.len;
        }

        if (ph->slice) {
            ph->name.len = (size_t) (p->s.data + p->i - ph->name.data);

        } else {
            if (!joined) {
                ptn_buf_byte(&ph->buf, ' ');
            }

            ptn_buf_str(&ph->buf, w);
            ph->name = ptn_buf_get(&ph->buf);
        }

        if (joined && ph->name.len != 0) {
            k = ph->before;
            ph->last = ptn_mime_trim(ptn_str_make(ph->name.data + k,
                                                  ph->name.len - k));
        } else {
            ph->last = w;
        }
    }

    if (!joined) {
        ph->nwords++;
    }

    ph->end = p->i;
}


/* An address ends: what was read but a lone phrase has been added already. */
static void
ptn_mime_addr_flush(ptn_mime_addr_parser_t *p)
{
    ptn_mime_addr_t  *a;

    if (p->phrase.nwords != 0) {
        a = ptn_mime_addr_add(p);
        if (a != NULL) {
            a->local = p->phrase.name;
        }
    }

    ptn_mime_addr_clear(p);
}


static bool
ptn_mime_addr_special(u_char c)
{
    return c == ',' || c == ';' || c == ':' || c == '<' || c == '>'
           || c == '@' || c == '"' || c == '(' || ptn_mime_blank(c);
}


static void
ptn_mime_addr_skip(ptn_mime_addr_parser_t *p)
{
    while (p->i < p->s.len) {
        if (p->s.data[p->i] == '(') {
            ptn_mime_comment(p->s, &p->i);

        } else if (ptn_mime_blank(p->s.data[p->i])) {
            p->i++;

        } else {
            return;
        }
    }
}


/* Without the comments and blanks that may stand around its atoms. */
static ptn_str_t
ptn_mime_addr_bare(ptn_pool_t *pool, ptn_str_t s)
{
    size_t     i;
    ptn_buf_t  b;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '(' || ptn_mime_blank(s.data[i])) {
            break;
        }
    }

    if (i == s.len) {
        return s;
    }

    ptn_buf_init(&b, pool);

    for (i = 0; i < s.len; /* void */ ) {
        if (s.data[i] == '(') {
            ptn_mime_comment(s, &i);

        } else {
            if (!ptn_mime_blank(s.data[i])) {
                ptn_buf_byte(&b, s.data[i]);
            }
            i++;
        }
    }

    return ptn_buf_get(&b);
}


/*
 * Behind an "@": a literal in brackets, or atoms and dots; white space and
 * comments may stand around a dot (RFC 5322 4.4).
 */
static ptn_str_t
ptn_mime_addr_domain(ptn_mime_addr_parser_t *p)
{
    bool     dot;
    size_t   start, end, k;
    u_char  *e;

    ptn_mime_addr_skip(p);
    start = p->i;

    if (p->i < p->s.len && p->s.data[p->i] == '[') {
        e = memchr(p->s.data + p->i, ']', p->s.len - p->i);
        if (e != NULL) {
            p->i = (size_t) (e + 1 - p->s.data);
            return ptn_str_make(p->s.data + start, p->i - start);
        }
    }

    for ( ;; ) {
        while (p->i < p->s.len && !ptn_mime_addr_special(p->s.data[p->i])) {
            p->i++;
        }

        end = p->i;
        dot = end > start && p->s.data[end - 1] == '.';

        for (k = end; k < p->s.len && ptn_mime_blank(p->s.data[k]); k++) {
            /* void */
        }

        if (k == end || k == p->s.len || ptn_mime_addr_special(p->s.data[k])
            || (!dot && p->s.data[k] != '.'))
        {
            break;
        }

        p->i = k;
    }

    return ptn_mime_addr_bare(p->pool, ptn_str_make(p->s.data + start,
                                                    end - start));
}


/* local@domain without angle brackets; words before the last are a name. */
static void
ptn_mime_addr_spec(ptn_mime_addr_parser_t *p)
{
    ptn_str_t         domain;
    ptn_mime_addr_t  *a;

    p->i++;
    domain = ptn_mime_addr_domain(p);

    a = ptn_mime_addr_add(p);
    if (a != NULL) {
        a->domain = domain;
        a->local = p->phrase.last;

        if (p->phrase.nwords > 1) {
            a->name = ptn_mime_trim(ptn_str_make(p->phrase.name.data,
                                                 p->phrase.before));
        }
    }

    ptn_mime_addr_clear(p);
}


/* What stands between "<" and ">". */
static ptn_str_t
ptn_mime_addr_angle_text(ptn_mime_addr_parser_t *p, size_t from)
{
    size_t   left;
    u_char  *e;

    left = p->s.len - from;
    e = NULL;

    if (!p->no_gt) {
        e = left ? memchr(p->s.data + from, '>', left) : NULL;
        p->no_gt = e == NULL;
    }

    if (e == NULL) {
        e = left ? memchr(p->s.data + from, ',', left) : NULL;
        if (e == NULL) {
            e = p->s.data + p->s.len;
        }
    }

    return ptn_str_make(p->s.data + from,
                        (size_t) (e - (p->s.data + from)));
}


static void
ptn_mime_addr_angle(ptn_mime_addr_parser_t *p)
{
    bool              quoted;
    u_char           *e;
    size_t            from;
    ptn_str_t         t, route = ptn_null_string, local = ptn_null_string;
    ptn_mime_addr_t  *a;

    p->i++;
    ptn_mime_addr_skip(p);
    quoted = p->i < p->s.len && p->s.data[p->i] == '"';

    if (quoted) {
        local = ptn_mime_quoted(p->pool, p->s, &p->i);
        from = p->i;
        t = ptn_mime_addr_angle_text(p, from);
        p->i = from + t.len;
        t = ptn_mime_trim(t);

        if (t.len != 0 && t.data[0] == '@') {
            t.data++;
            t.len--;
        }

    } else {
        t = ptn_mime_addr_angle_text(p, p->i);
        p->i += t.len;
        t = ptn_mime_trim(t);

        if (t.len != 0 && t.data[0] == '@') {
            e = memchr(t.data, ':', t.len);
            if (e != NULL) {
                route = ptn_str_make(t.data, (size_t) (e - t.data));
                t.len -= (size_t) (e + 1 - t.data);
                t.data = e + 1;
                t = ptn_mime_trim(t);
            }
        }

        e = t.len ? memrchr(t.data, '@', t.len) : NULL;

        if (e == NULL) {
            local = t;
            t.len = 0;

        } else {
            local = ptn_str_make(t.data, (size_t) (e - t.data));
            t.len -= local.len + 1;
            t.data = e + 1;
        }
    }

    if (p->i < p->s.len && p->s.data[p->i] == '>') {
        p->i++;
    }

    a = ptn_mime_addr_add(p);
    if (a != NULL) {
        a->name = p->phrase.name;
        a->route = route;
        a->local = quoted ? local : ptn_mime_addr_bare(p->pool, local);
        a->domain = ptn_mime_addr_bare(p->pool, t);
    }

    ptn_mime_addr_clear(p);
}


/* A comment behind an address without a name is its name. */
static void
ptn_mime_addr_comment(ptn_mime_addr_parser_t *p)
{
    size_t            start;
    ptn_str_t         text;
    ptn_mime_addr_t  *a;

    start = p->i + 1;
    ptn_mime_comment(p->s, &p->i);
    text = ptn_str_make(p->s.data + start, p->i - start);

    if (text.len != 0 && text.data[text.len - 1] == ')') {
        text.len--;
    }

    if (p->n == 0 || p->phrase.nwords != 0) {
        return;
    }

    a = &p->addrs[p->n - 1];

    if (a->name.len == 0 && !a->group_start && !a->group_end) {
        a->name = ptn_mime_trim(text);
    }
}


static void
ptn_mime_addr_group(ptn_mime_addr_parser_t *p, bool start)
{
    ptn_mime_addr_t  *a;

    a = ptn_mime_addr_add(p);

    if (a != NULL) {
        a->group_start = start;
        a->group_end = !start;

        if (start) {
            a->name = p->phrase.name;
        }
    }

    p->in_group = start;
    ptn_mime_addr_clear(p);
}


static void
ptn_mime_addr_next(ptn_mime_addr_parser_t *p)
{
    u_char     c;
    size_t     start;
    ptn_str_t  w;

    start = p->i;
    c = p->s.data[start];

    switch (c) {

    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '>':
        p->i++;
        return;

    case ',':
        p->i++;
        ptn_mime_addr_flush(p);
        return;

    case ';':
        p->i++;
        ptn_mime_addr_flush(p);
        if (p->in_group) {
            ptn_mime_addr_group(p, false);
        }
        return;

    case ':':
        p->i++;
        if (p->phrase.nwords != 0 && !p->in_group) {
            ptn_mime_addr_group(p, true);
        }
        return;

    case '(':
        ptn_mime_addr_comment(p);
        return;

    case '<':
        ptn_mime_addr_angle(p);
        return;

    case '@':
        ptn_mime_addr_spec(p);
        return;

    case '"':
        w = ptn_mime_quoted(p->pool, p->s, &p->i);
        ptn_mime_addr_word(p, w, start, false);
        return;

    default:
        while (p->i < p->s.len && !ptn_mime_addr_special(p->s.data[p->i])) {
            p->i++;
        }

        w = ptn_str_make(p->s.data + start, p->i - start);
        ptn_mime_addr_word(p, w, start, true);
    }
}


ptn_rc_t
ptn_mime_addresses(ptn_pool_t *pool, ptn_str_t value,
    ptn_mime_addr_t **ret_addrs, size_t *ret_n)
{
    ptn_mime_addr_parser_t  p;

    memset(&p, 0, sizeof(ptn_mime_addr_parser_t));
    p.pool = pool;
    p.s = value;

    while (p.i < p.s.len && !p.failed && p.n < PTN_MIME_ADDRS_MAX) {
        ptn_mime_addr_next(&p);
    }

    ptn_mime_addr_flush(&p);

    if (p.in_group) {
        ptn_mime_addr_group(&p, false);
    }

    if (p.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    *ret_addrs = p.addrs;
    *ret_n = p.n;

    return PTN_OK;
}
