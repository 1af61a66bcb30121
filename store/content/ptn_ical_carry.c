/*
 * What is carried.  The value of CARRY is text:
 *
 *     E=X-COLOR cbf29ce484222325
 *      X-COLOR:red
 *     C=PRODID 3e2f... ...
 *
 * a group of lines each: where it belongs ('E' the component, 'C' the
 * calendar), the name that they share (of subcomponents "~VALARM"), and the
 * hash of the lines that export made in their place when they came.
 */

#include <stdlib.h>

#include "ptn_ical_in.h"


#define PTN_ICAL_FNV  0xcbf29ce484222325ull


/* Names that say one thing together. */

static const char *
ptn_ical_key(ptn_str_t name)
{
    size_t  i;
    static const char *const  keys[][2] = {
        { "DURATION", "DTEND" }, { "DUE", "DTEND" },
        { "EXRULE", "RRULE" }, { "RDATE", "RRULE" }, { "EXDATE", "RRULE" },
    };

    for (i = 0; i < ptn_nelts(keys); i++) {
        if (ptn_str_eqz(name, keys[i][0])) {
            return keys[i][1];
        }
    }

    return NULL;
}


static uint64_t
ptn_ical_hash(uint64_t h, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        h = (h ^ s.data[i]) * 0x100000001b3ull;
    }

    return (h ^ '\n') * 0x100000001b3ull;
}


static int
ptn_ical_line_cmp(const void *a, const void *b)
{
    int                     d;
    const ptn_ical_line_t  *x = a, *y = b;

    d = ptn_str_cmp(x->key, y->key);

    return d ? d : x->order < y->order ? -1 : x->order > y->order;
}


static void
ptn_ical_sort(ptn_ical_line_t *lines, uint32_t n)
{
    if (n > 1) {
        qsort(lines, n, sizeof(*lines), ptn_ical_line_cmp);
    }
}


/* The lines of the group at i; moves behind it. */

static uint64_t
ptn_ical_group(const ptn_ical_line_t *lines, uint32_t n, uint32_t *i,
    ptn_str_t key)
{
    uint64_t  h = PTN_ICAL_FNV;

    while (*i < n && ptn_str_eq(lines[*i].key, key)) {
        h = ptn_ical_hash(h, lines[(*i)++].line);
    }

    return h;
}


typedef struct {
    ptn_pool_t       *pool;
    ptn_ical_line_t  *lines;
    uint32_t          n, size;
    bool              failed;
} ptn_ical_list_t;


static void
ptn_ical_list_add(ptn_ical_list_t *l, ptn_str_t key, ptn_str_t line)
{
    ptn_ical_line_t  *p;

    if (l->n == l->size) {
        l->size = l->size ? l->size * 2 : 32;
        p = ptn_parray(l->pool, l->size, sizeof(*p));

        if (p == NULL) {
            l->failed = true;
            l->n = 0;
            return;
        }

        if (l->n != 0) {
            memcpy(p, l->lines, l->n * sizeof(*p));
        }

        l->lines = p;
    }

    l->lines[l->n] = (ptn_ical_line_t) { key, line, l->n };
    l->n++;
}


static void
ptn_ical_list_comp(ptn_ical_list_t *l, const ptn_ical_comp_t *c, ptn_str_t key)
{
    ptn_str_t               line;
    const ptn_ical_prop_t  *p;
    const ptn_ical_comp_t  *sub;

    line = ptn_str_printf(l->pool, "BEGIN:%.*s", (int) c->name.len,
                          (const char *) c->name.data);
    l->failed |= line.data == NULL;
    ptn_ical_list_add(l, key, line);

    for (p = c->props; p != NULL; p = p->next) {
        ptn_ical_list_add(l, key, p->line);
    }

    for (sub = c->comps; sub != NULL; sub = sub->next) {
        ptn_ical_list_comp(l, sub, key);
    }

    line = ptn_str_printf(l->pool, "END:%.*s", (int) c->name.len,
                          (const char *) c->name.data);
    l->failed |= line.data == NULL;
    ptn_ical_list_add(l, key, line);
}


/* All of a component; of a calendar what belongs to no object. */

static void
ptn_ical_list_all(ptn_ical_list_t *l, const ptn_ical_comp_t *c, bool calendar)
{
    ptn_str_t               key;
    const char             *k;
    const ptn_ical_prop_t  *p;
    const ptn_ical_comp_t  *sub;

    for (p = c->props; p != NULL; p = p->next) {
        k = ptn_ical_key(p->name);
        ptn_ical_list_add(l, k ? ptn_str_z(k) : p->name, p->line);
    }

    for (sub = c->comps; sub != NULL; sub = sub->next) {
        if (calendar && (ptn_str_eqz(sub->name, "VEVENT")
                         || ptn_str_eqz(sub->name, "VTODO")
                         || ptn_str_eqz(sub->name, "VJOURNAL")))
        {
            continue;
        }

        key = ptn_str_printf(l->pool, "~%.*s", (int) sub->name.len,
                             (const char *) sub->name.data);
        l->failed |= key.data == NULL;
        ptn_ical_list_comp(l, sub, key);
    }
}


static void
ptn_ical_carry_level(ptn_ical_in_t *in, u_char level, ptn_ical_out_t *made,
    const ptn_ical_comp_t *comp, ptn_buf_t *to)
{
    int              d;
    uint64_t         want, have;
    uint32_t         i = 0, k = 0, i0, j;
    ptn_str_t        key;
    ptn_ical_list_t  l = { .pool = in->pool };

    ptn_ical_list_all(&l, comp, level == 'C');

    if (l.failed || made->rc != PTN_OK) {
        in->rc = l.failed ? PTN_ENOMEM : made->rc;
        return;
    }

    ptn_ical_sort(l.lines, l.n);
    ptn_ical_sort(made->lines, made->n);

    while (i < l.n || k < made->n) {
        d = i == l.n ? 1 : k == made->n ? -1
            : ptn_str_cmp(l.lines[i].key, made->lines[k].key);
        key = d <= 0 ? l.lines[i].key : made->lines[k].key;
        i0 = i;
        have = ptn_ical_group(l.lines, l.n, &i, key);
        want = ptn_ical_group(made->lines, made->n, &k, key);

        if (have == want) {
            continue;
        }

        ptn_buf_printf(to, "%c=", level);
        ptn_buf_str(to, key);
        ptn_buf_printf(to, " %016llx\n", (unsigned long long) want);

        for (j = i0; j < i; j++) {
            ptn_buf_byte(to, ' ');
            ptn_buf_str(to, l.lines[j].line);
            ptn_buf_byte(to, '\n');
        }
    }
}


void
ptn_ical_carry_in(ptn_ical_in_t *in, bool calendar)
{
    ptn_buf_t       text;
    ptn_ical_out_t  made = { 0 };

    if (in->rc != PTN_OK || ptn_ical_tag(in->opts, PTN_ICAL_N_CARRY) == 0) {
        return;
    }

    ptn_buf_init(&text, in->pool);
    made.pool = in->pool;
    made.opts = in->opts;
    made.object = in->object;
    made.kind = in->kind;
    ptn_ical_lines(&made);
    ptn_ical_carry_level(in, 'E', &made, in->comp, &text);

    if (calendar) {
        made.n = 0;
        ptn_ical_calendar_lines(&made);
        ptn_ical_carry_level(in, 'C', &made, in->cal, &text);
    }

    if (text.failed) {
        in->rc = in->rc != PTN_OK ? in->rc : PTN_ENOMEM;
        return;
    }

    /* an exception that carries nothing says so: it lacks nothing */

    if (text.len == 0 && ptn_ical_replaces(in->comp)) {
        ptn_buf_byte(&text, '\n');
    }

    if (text.len != 0) {
        ptn_ical_set_named(in, PTN_ICAL_N_CARRY, ptn_buf_get(&text));
    }
}


/* --- back ----------------------------------------------------------------- */

typedef struct {
    ptn_str_t  key, lines;              /* each " line\n" */
    uint64_t   hash;
} ptn_ical_carried_t;


static ptn_str_t
ptn_ical_take_line(ptn_str_t *text)
{
    u_char     *p;
    ptn_str_t   line;

    p = text->len ? memchr(text->data, '\n', text->len) : NULL;
    line = ptn_str_make(text->data, p ? (size_t) (p - text->data) : text->len);
    *text = p ? ptn_str_make(p + 1, text->len - line.len - 1) : ptn_str("");

    return line;
}


static bool
ptn_ical_carried_head(ptn_str_t line, u_char *ret_level,
    ptn_ical_carried_t *ret)
{
    char   hex[17];
    char  *end;

    if (line.len < 19 || line.data[1] != '='
        || line.data[line.len - 17] != ' ')
    {
        return false;
    }

    memcpy(hex, line.data + line.len - 16, 16);
    hex[16] = '\0';
    ret->hash = strtoull(hex, &end, 16);
    ret->key = ptn_str_make(line.data + 2, line.len - 19);
    *ret_level = line.data[0];

    return *end == '\0';
}


static int
ptn_ical_carried_cmp(const void *a, const void *b)
{
    const ptn_ical_carried_t  *x = a, *y = b;

    return ptn_str_cmp(x->key, y->key);
}


static ptn_rc_t
ptn_ical_carried(ptn_pool_t *pool, ptn_str_t text, u_char level,
    ptn_ical_carried_t **ret, uint32_t *ret_n)
{
    size_t               i;
    u_char               l, *from, *end;
    uint32_t             n = 0, max = 1;
    ptn_str_t            line;
    ptn_ical_carried_t  *list, head;

    for (i = 0; i + 1 < text.len; i++) {
        max += text.data[i] == '\n' && text.data[i + 1] != ' ';
    }

    end = text.data + text.len;
    list = ptn_parray(pool, max, sizeof(*list));
    if (list == NULL) {
        return PTN_ENOMEM;
    }

    while (text.len != 0) {
        line = ptn_ical_take_line(&text);

        if (!ptn_ical_carried_head(line, &l, &head)) {
            continue;
        }

        from = text.len != 0 ? text.data : end;

        while (text.len != 0 && text.data[0] == ' ') {
            (void) ptn_ical_take_line(&text);
        }

        head.lines = ptn_str_make(from, (size_t)
                                  ((text.len ? text.data : end) - from));

        if (l == level && n < max) {
            list[n++] = head;
        }
    }

    *ret = list;
    *ret_n = n;

    return PTN_OK;
}


void
ptn_ical_carry_out(ptn_ical_out_t *out, u_char level, ptn_buf_t *to)
{
    int                  d;
    uint32_t             i = 0, k = 0, k0, n = 0, j;
    uint64_t             hash;
    ptn_str_t            text, key, rest, line;
    ptn_ical_carried_t  *list = NULL;

    if (out->rc != PTN_OK) {
        return;
    }

    text = ptn_ical_get_named(out, PTN_ICAL_N_CARRY);

    if (text.data != NULL) {
        out->rc = ptn_ical_carried(out->pool, text, level, &list, &n);

        if (out->rc != PTN_OK) {
            return;
        }

        if (n > 1) {
            qsort(list, n, sizeof(*list), ptn_ical_carried_cmp);
        }
    }

    ptn_ical_sort(out->lines, out->n);

    while (i < n || k < out->n) {
        d = i == n ? 1 : k == out->n ? -1
            : ptn_str_cmp(list[i].key, out->lines[k].key);
        key = d <= 0 ? list[i].key : out->lines[k].key;
        k0 = k;
        hash = ptn_ical_group(out->lines, out->n, &k, key);

        if (d <= 0 && (list[i].hash == hash
                       || ptn_str_eqz(key, "~VTIMEZONE")))
        {
            rest = list[i].lines;

            while (rest.len != 0) {
                line = ptn_ical_take_line(&rest);
                ptn_buf_add(to, line.data + 1, line.len - 1);
                ptn_buf_byte(to, '\n');
            }

        } else {
            for (j = k0; j < k; j++) {
                ptn_buf_str(to, out->lines[j].line);
                ptn_buf_byte(to, '\n');
            }
        }

        i += d <= 0;
    }
}
