/*
 * format=flowed (RFC 3676).
 */

#include "ptn_html.h"


/* One line without its end; *pp moves behind that. */

static ptn_str_t
ptn_flowed_line(const u_char **pp, const u_char *end)
{
    ptn_str_t      line;
    const u_char  *lf;

    line.data = (u_char *) *pp;
    lf = memchr(*pp, '\n', (size_t) (end - *pp));
    *pp = lf ? lf + 1 : end;
    line.len = (size_t) ((lf ? lf : end) - line.data);

    if (line.len != 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }

    return line;
}


static void
ptn_flowed_quote(ptn_buf_t *out, size_t depth)
{
    size_t  i;

    for (i = 0; i < depth; i++) {
        ptn_buf_byte(out, '>');
    }

    if (depth != 0) {
        ptn_buf_byte(out, ' ');
    }
}


ptn_rc_t
ptn_body_unflow(ptn_pool_t *pool, ptn_str_t text, bool delsp,
    ptn_str_t *ret_text)
{
    bool           open, flows, signature;
    size_t         depth, last;
    ptn_buf_t      out;
    ptn_str_t      line;
    const u_char  *p, *end;

    ptn_buf_init(&out, pool);
    (void) ptn_buf_reserve(&out, text.len + 16);
    p = text.len != 0 ? text.data : (const u_char *) "";
    end = p + text.len;
    open = false;                   /* a paragraph that goes on */
    last = 0;

    while (p < end) {
        line = ptn_flowed_line(&p, end);

        for (depth = 0; depth < line.len && line.data[depth] == '>'; depth++) {
            /* void */
        }

        line.data += depth;
        line.len -= depth;

        if (line.len != 0 && *line.data == ' ') {
            line.data++;            /* stuffed (4.4) */
            line.len--;
        }

        /* 4.3: "-- " is a line of its own, 4.5: so is another depth */

        signature = ptn_str_eqz(line, "-- ");

        if (open && (depth != last || signature)) {
            ptn_buf_z(&out, "\r\n");
            open = false;
        }

        if (!open) {
            ptn_flowed_quote(&out, depth);
        }

        flows = line.len != 0 && line.data[line.len - 1] == ' ' && !signature;
        line.len -= flows && delsp;
        ptn_buf_str(&out, line);

        if (!flows) {
            ptn_buf_z(&out, "\r\n");
        }

        open = flows;
        last = depth;
    }

    if (open) {
        ptn_buf_z(&out, "\r\n");
    }

    if (out.failed) {
        return PTN_ENOMEM;
    }

    *ret_text = out.len ? ptn_buf_get(&out) : ptn_str("");

    return PTN_OK;
}
