#include "ptn_mime_header.h"


/*
 * One pass over the lines.  Each line that starts with "--" is compared with
 * the boundaries of the multiparts that are open, at most 50, so the time is
 * linear.  A part ends at a "hit": a delimiter of its own multipart or of one
 * further out, or the end of the message.
 *
 * Lines end in LF, or CR LF.  A message without any LF (old Macintosh
 * exports) has lines that end in CR.
 */

#define PTN_MIME_FIELDS_MAX  20000      /* of one message */


typedef struct {
    bool       pending;         /* seen, not yet consumed */
    bool       close;           /* "--boundary--" */
    int        level;           /* in the stack; -1: end of the message */
    size_t     start;           /* of the delimiter's line */
    size_t     brk;             /* length of the line break before it */
    uint32_t   lines;           /* lines before it */
} ptn_mime_hit_t;


typedef struct {
    ptn_pool_t       *pool;
    ptn_mime_t       *mime;
    ptn_str_t         raw;
    size_t            pos;
    size_t            brk;      /* length of the last line's break */
    uint32_t          lines;    /* breaks before pos */
    u_char            eol;
    bool              failed;
    int               depth;
    uint32_t          nfields;
    ptn_str_t         stack[PTN_MIME_NESTING_MAX];
    ptn_mime_hit_t    hit;
    ptn_mime_field_t *fields;   /* of the header being read */
    uint32_t          n, size;
} ptn_mime_parser_t;


static ptn_mime_part_t *ptn_mime_parse_part(ptn_mime_parser_t *p,
    ptn_mime_part_t *parent);


/* The next line, without its break.  False at the end. */
static bool
ptn_mime_parse_line(ptn_mime_parser_t *p, ptn_str_t *line)
{
    u_char  *s, *e;
    size_t   left;

    left = p->raw.len - p->pos;
    if (left == 0) {
        return false;
    }

    s = p->raw.data + p->pos;
    e = memchr(s, p->eol, left);

    if (e == NULL) {
        *line = ptn_str_make(s, left);
        p->pos += left;
        p->brk = 0;
        return true;
    }

    line->data = s;
    line->len = (size_t) (e - s);
    p->pos += line->len + 1;
    p->brk = 1;
    p->lines++;

    if (p->eol == '\n' && line->len != 0 && e[-1] == '\r') {
        line->len--;
        p->brk = 2;
    }

    return true;
}


/* Inner multiparts first: with equal boundaries the inner one goes on. */
static bool
ptn_mime_parse_boundary(ptn_mime_parser_t *p, ptn_str_t line)
{
    int        i;
    ptn_str_t  b;

    if (line.len < 3 || line.data[0] != '-' || line.data[1] != '-') {
        return false;
    }

    while (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\t') {
        line.len--;
    }

    line.data += 2;
    line.len -= 2;

    for (i = p->depth - 1; i >= 0; i--) {
        b = p->stack[i];

        if (line.len != b.len && line.len != b.len + 2) {
            continue;
        }

        if (memcmp(line.data, b.data, b.len) != 0) {
            continue;
        }

        if (line.len == b.len) {
            p->hit.close = false;

        } else if (line.data[b.len] == '-' && line.data[b.len + 1] == '-') {
            p->hit.close = true;

        } else {
            continue;
        }

        p->hit.level = i;

        return true;
    }

    return false;
}


/* Reads a line; a delimiter or the end sets p->hit and gives false. */
static bool
ptn_mime_parse_content(ptn_mime_parser_t *p, ptn_str_t *line)
{
    size_t    start, brk;
    uint32_t  lines;

    if (p->hit.pending) {
        return false;
    }

    start = p->pos;
    brk = p->brk;
    lines = p->lines;

    if (!ptn_mime_parse_line(p, line)) {
        p->hit.level = -1;
        p->hit.close = true;
        brk = 0;

    } else if (p->depth == 0 || !ptn_mime_parse_boundary(p, *line)) {
        return true;
    }

    p->hit.pending = true;
    p->hit.start = start;
    p->hit.brk = brk;
    p->hit.lines = lines;

    return false;
}


static void
ptn_mime_parse_skip(ptn_mime_parser_t *p)
{
    ptn_str_t  line;

    while (ptn_mime_parse_content(p, &line)) {
        /* void */
    }
}


static void
ptn_mime_parse_add(ptn_mime_parser_t *p, ptn_str_t name, size_t off)
{
    uint32_t           size;
    ptn_mime_field_t  *f;

    if (p->nfields == PTN_MIME_FIELDS_MAX) {
        p->mime->truncated = true;
        return;
    }

    if (p->n == p->size) {
        size = p->size ? p->size * 2 : 16;

        f = ptn_parray(p->pool, size, sizeof(ptn_mime_field_t));
        if (f == NULL) {
            p->failed = true;
            return;
        }

        if (p->n != 0) {
            memcpy(f, p->fields, p->n * sizeof(ptn_mime_field_t));
        }

        p->fields = f;
        p->size = size;
    }

    f = &p->fields[p->n++];
    f->name = name;
    f->off = off;
    p->nfields++;
}


/* The name before the colon, blanks behind it dropped (RFC 5322 4.5). */
static bool
ptn_mime_parse_name(ptn_str_t line, ptn_str_t *ret_name)
{
    size_t   i, n;
    u_char  *colon;

    colon = memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return false;
    }

    n = (size_t) (colon - line.data);

    while (n != 0 && (line.data[n - 1] == ' ' || line.data[n - 1] == '\t')) {
        n--;
    }

    for (i = 0; i < n; i++) {
        if (line.data[i] <= 0x20 || line.data[i] == 0x7f) {
            return false;
        }
    }

    *ret_name = ptn_str_make(line.data, n);

    return n != 0;
}


static bool
ptn_mime_parse_from_line(ptn_str_t line)
{
    return (line.len >= 5 && memcmp(line.data, "From ", 5) == 0)
           || (line.len >= 6 && memcmp(line.data, ">From ", 6) == 0);
}


/*
 * A line that is no field ends the header only when it is the first one (a
 * part that has none and no empty line either).  Later it counts as a
 * continuation: lines wrapped without a blank are common, a missing empty
 * line is not.
 */
static void
ptn_mime_parse_header(ptn_mime_parser_t *p, ptn_mime_part_t *part)
{
    bool               first, in_field;
    size_t             start, brk;
    uint32_t           n, lines;
    ptn_str_t          line, name;
    ptn_mime_field_t  *f;

    p->fields = NULL;
    p->n = 0;
    p->size = 0;

    first = true;
    in_field = false;
    part->header = p->hit.pending ? p->hit.start : p->pos;

    for ( ;; ) {
        start = p->pos;
        brk = p->brk;
        lines = p->lines;

        if (!ptn_mime_parse_content(p, &line)) {
            part->body = p->hit.start;
            break;
        }

        if (line.len == 0) {
            part->body = p->pos;
            break;
        }

        if (line.data[0] != ' ' && line.data[0] != '\t') {

            if (ptn_mime_parse_name(line, &name)) {
                n = p->n;
                ptn_mime_parse_add(p, name, start);
                in_field = p->n != n;

            } else if (first && line.data[0] != ':'
                       && !ptn_mime_parse_from_line(line))
            {
                p->pos = start;
                p->brk = brk;
                p->lines = lines;
                part->body = start;
                break;
            }
        }

        first = false;

        if (in_field) {
            f = &p->fields[p->n - 1];
            f->len = p->pos - f->off;
        }
    }

    part->header_len = part->body - part->header;
    part->fields = p->fields;
    part->nfields = p->n;
}


static void
ptn_mime_parse_values(ptn_mime_part_t *part)
{
    uint32_t           i;
    ptn_str_t          v;
    ptn_mime_field_t  *f;

    for (i = 0; i < part->nfields; i++) {
        f = &part->fields[i];

        v.data = memchr(f->name.data + f->name.len, ':',
                        f->len - f->name.len);
        v.data++;
        v.len = f->len - (size_t) (v.data - f->name.data);

        f->value = ptn_mime_trim(v);
    }
}


/*
 * Ends the body of `part` at the hit, without the line break that belongs to
 * the delimiter.  `lines`: those before the body.
 */
static void
ptn_mime_parse_end(ptn_mime_parser_t *p, ptn_mime_part_t *part,
    uint32_t lines)
{
    uint64_t  end;

    end = p->hit.start;
    part->body_lines = p->hit.lines - lines;

    if (p->hit.level >= 0 && end > part->body) {
        end -= p->hit.brk;
        part->body_lines--;
    }

    part->body_len = end - part->body;
}


static ptn_mime_part_t *
ptn_mime_parse_alloc(ptn_mime_parser_t *p, ptn_mime_part_t *parent)
{
    ptn_mime_part_t  *part;

    part = ptn_pcalloc(p->pool, sizeof(ptn_mime_part_t));
    if (part == NULL) {
        p->failed = true;
        return NULL;
    }

    part->parent = parent;
    part->nesting = parent ? parent->nesting + 1 : 0;
    p->mime->nparts++;

    return part;
}


static void
ptn_mime_parse_opaque(ptn_mime_parser_t *p, ptn_mime_part_t *part)
{
    part->kind = PTN_MIME_LEAF;
    part->opaque = true;
    part->type = ptn_str("application");
    part->subtype = ptn_str("octet-stream");
    part->params = NULL;
    part->nparams = 0;
    p->mime->truncated = true;
}


/* All that is left of the multipart at `level`, as one opaque leaf. */
static ptn_mime_part_t *
ptn_mime_parse_rest(ptn_mime_parser_t *p, ptn_mime_part_t *parent, int level)
{
    uint32_t          lines;
    ptn_mime_part_t  *part;

    part = ptn_mime_parse_alloc(p, parent);
    if (part == NULL) {
        return NULL;
    }

    ptn_mime_content(p->pool, part, false);
    ptn_mime_parse_opaque(p, part);

    part->header = part->body = p->pos;
    lines = p->lines;

    do {
        p->hit.pending = false;
        ptn_mime_parse_skip(p);
    } while (p->hit.level == level && !p->hit.close);

    ptn_mime_parse_end(p, part, lines);

    return part;
}


/*
 * Consumes a delimiter, and any that stand right behind it: they have no line
 * break of their own, so there is no part between (RFC 2046 5.1.1).
 */
static void
ptn_mime_parse_delimiter(ptn_mime_parser_t *p, int level)
{
    size_t          pos, brk;
    uint32_t        lines;
    ptn_str_t       line;
    ptn_mime_hit_t  hit;

    hit = p->hit;

    for ( ;; ) {
        p->hit.pending = false;
        pos = p->pos;
        brk = p->brk;
        lines = p->lines;

        if (ptn_mime_parse_content(p, &line) || p->hit.level != level
            || p->hit.close)
        {
            break;
        }
    }

    p->pos = pos;
    p->brk = brk;
    p->lines = lines;
    p->hit = hit;
    p->hit.pending = false;
}


static void
ptn_mime_parse_multipart(ptn_mime_parser_t *p, ptn_mime_part_t *part,
    ptn_str_t boundary)
{
    int                level;
    ptn_mime_part_t   *child, **tail;

    level = p->depth;
    p->stack[p->depth++] = boundary;
    tail = &part->child;

    ptn_mime_parse_skip(p);         /* the preamble */

    while (p->hit.level == level && !p->hit.close && !p->failed) {
        ptn_mime_parse_delimiter(p, level);

        if (p->mime->nparts < PTN_MIME_PARTS_MAX) {
            child = ptn_mime_parse_part(p, part);

        } else {
            child = ptn_mime_parse_rest(p, part, level);
        }

        if (child == NULL) {
            return;
        }

        *tail = child;
        tail = &child->next;
        part->nchildren++;
    }

    p->depth = level;

    if (p->hit.level == level) {
        p->hit.pending = false;
        ptn_mime_parse_skip(p);     /* the epilogue */
    }
}


static ptn_mime_part_t *
ptn_mime_parse_part(ptn_mime_parser_t *p, ptn_mime_part_t *parent)
{
    bool              digest, deep;
    uint32_t          lines;
    ptn_str_t         boundary;
    ptn_mime_part_t  *part;

    part = ptn_mime_parse_alloc(p, parent);
    if (part == NULL) {
        return NULL;
    }

    ptn_mime_parse_header(p, part);
    if (p->failed) {
        return NULL;
    }

    ptn_mime_parse_values(part);

    digest = parent != NULL && parent->kind == PTN_MIME_MULTIPART
             && ptn_str_eqz(parent->subtype, "digest");
    ptn_mime_content(p->pool, part, digest);

    lines = p->hit.pending ? p->hit.lines : p->lines;
    deep = part->nesting >= PTN_MIME_NESTING_MAX;

    if (ptn_str_eqz(part->type, "multipart")) {
        boundary = ptn_mime_param(part->params, part->nparams, "boundary");

        while (boundary.len && ptn_mime_blank(boundary.data[boundary.len - 1]))
        {
            boundary.len--;
        }

        if (deep) {
            ptn_mime_parse_opaque(p, part);

        } else if (boundary.len != 0) {
            part->kind = PTN_MIME_MULTIPART;
            ptn_mime_parse_multipart(p, part, boundary);
        }

        if (part->nchildren == 0 && !part->opaque) {

            /* no multipart can be empty; RFC 2045 5.2: take it as text */

            part->kind = PTN_MIME_LEAF;
            part->type = ptn_str("text");
            part->subtype = ptn_str("plain");
            part->nparams = 0;
        }

    } else if (ptn_mime_is_message(part)) {

        if (deep || p->mime->nparts >= PTN_MIME_PARTS_MAX) {
            ptn_mime_parse_opaque(p, part);

        } else {
            part->kind = PTN_MIME_MESSAGE;
            part->child = ptn_mime_parse_part(p, part);
            part->nchildren = 1;
        }
    }

    if (p->failed) {
        return NULL;
    }

    ptn_mime_parse_skip(p);
    ptn_mime_parse_end(p, part, lines);

    return part;
}


/*
 * A part that is empty right before a delimiter ends behind the line break
 * which belongs to that delimiter: one inside another must not stick out.
 */
static void
ptn_mime_parse_clip(ptn_mime_part_t *part, uint64_t end)
{
    ptn_mime_part_t   *child;
    ptn_mime_field_t  *f;

    part->header = ptn_min(part->header, end);
    part->header_len = ptn_min(part->header_len, end - part->header);

    if (part->body + part->body_len > end) {
        part->body = ptn_min(part->body, end);
        part->body_len = ptn_min(part->body_len, end - part->body);
        part->body_lines = part->body_len ? part->body_lines : 0;
    }

    if (part->nfields != 0) {
        f = &part->fields[part->nfields - 1];
        if (f->off + f->len > end) {
            f->len = end - ptn_min(f->off, end);
        }
    }

    end = part->body + part->body_len;

    for (child = part->child; child != NULL; child = child->next) {
        ptn_mime_parse_clip(child, end);
    }
}


ptn_rc_t
ptn_mime_parse(ptn_pool_t *pool, ptn_str_t raw, ptn_mime_t **ret_mime)
{
    ptn_mime_t         *mime;
    ptn_mime_parser_t   p;

    mime = ptn_pcalloc(pool, sizeof(ptn_mime_t));
    if (mime == NULL) {
        return PTN_ENOMEM;
    }

    memset(&p, 0, sizeof(ptn_mime_parser_t));

    p.pool = pool;
    p.mime = mime;
    p.raw = raw;
    p.eol = raw.len != 0 && memchr(raw.data, '\n', raw.len) == NULL ? '\r'
                                                                    : '\n';
    mime->raw = raw;
    mime->root = ptn_mime_parse_part(&p, NULL);

    if (p.failed || ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    ptn_mime_parse_clip(mime->root, raw.len);

    *ret_mime = mime;

    return PTN_OK;
}
