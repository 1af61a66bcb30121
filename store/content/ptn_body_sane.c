#include "ptn_oxcmail_in.h"


/*
 * Limits within which libxml2 takes linear time: attributes are looked up
 * among those of their tag (and end tags among the open ones: ptn_body.c has
 * a limit of its own for those).
 */
#define PTN_BODY_ATTRS_MAX  200
#define PTN_BODY_HTML_MAX   (16 * 1024 * 1024)


static bool
ptn_body_blank(u_char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


static bool
ptn_body_letter(u_char c)
{
    return ptn_tolower(c) >= 'a' && ptn_tolower(c) <= 'z';
}


/* The end of the name at p; p: it is none; NULL: longer than the parser's. */

static const u_char *
ptn_body_name_end(const u_char *p, const u_char *end)
{
    const u_char  *start;

    for (start = p; p < end; p++) {
        if (!ptn_body_letter(*p) && *p != ':' && *p != '_' && *p != '.'
            && (p == start || ((*p < '0' || *p > '9') && *p != '-')))
        {
            break;
        }
    }

    return p - start > 90 ? NULL : p;
}


/*
 * Steps over the attributes of a start tag and leaves *p at its ">", or at the
 * end.  False: there are too many, or one has a name that is too long.
 */
static bool
ptn_body_sane_attrs(const u_char **pp, const u_char *end)
{
    unsigned       n;
    const u_char  *p, *name;

    p = *pp;

    for (n = 0; ; n++) {

        while (p < end && ptn_body_blank(*p)) {
            p++;
        }

        if (p == end || *p == '>') {
            *pp = p;
            return true;
        }

        if (*p == '/' && end - p >= 2 && p[1] == '>') {
            *pp = p + 1;
            return true;
        }

        name = p;
        p = ptn_body_name_end(p, end);

        if (p == NULL || n > PTN_BODY_ATTRS_MAX) {
            return false;
        }

        if (p == name) {

            /* none: the parser leaves out all up to a blank, quotes too */

            while (p < end && !ptn_body_blank(*p) && *p != '>'
                   && (*p != '/' || end - p < 2 || p[1] != '>'))
            {
                p++;
            }

            continue;
        }

        while (p < end && ptn_body_blank(*p)) {
            p++;
        }

        if (p == end || *p != '=') {
            continue;
        }

        for (p++; p < end && ptn_body_blank(*p); p++) {
            /* void */
        }

        if (p < end && (*p == '"' || *p == '\'')) {
            p = memchr(p + 1, *p, (size_t) (end - p - 1));
            p = p ? p + 1 : end;

        } else {
            while (p < end && !ptn_body_blank(*p) && *p != '>') {
                p++;
            }
        }
    }
}


/* Behind `text` (no case), or the end. */

static const u_char *
ptn_body_behind(const u_char *p, const u_char *end, const char *text)
{
    size_t  n;

    n = strlen(text);

    for ( /* void */ ; (size_t) (end - p) >= n; p++) {
        p = memchr(p, text[0], (size_t) (end - p));

        if (p == NULL || (size_t) (end - p) < n) {
            return end;
        }

        if (ptn_str_istarts(ptn_str_make(p, n), text)) {
            return p + n;
        }
    }

    return end;
}


/*
 * Is it within the limits?  A pass over the tags, which must see each of them
 * just as the parser will: what the two could understand differently is not
 * within them.
 */
bool
ptn_body_sane(ptn_str_t html)
{
    ptn_str_t      name;
    const u_char  *p, *end;

    if (html.len == 0 || html.len > PTN_BODY_HTML_MAX) {
        return false;
    }

    p = html.data;
    end = p + html.len;

    while (p < end && (p = memchr(p, '<', (size_t) (end - p))) != NULL) {

        if (++p == end) {
            break;
        }

        if (*p == '!' || *p == '?') {

            if (end - p >= 3 && memcmp(p, "!--", 3) == 0) {
                name = ptn_str_make(p + 3, (size_t) (end - p - 3));
                p = ptn_body_behind(p + 3, end, "-->");

                if (name.len == 0) {
                    break;
                }

                if (memmem(name.data, (size_t) (p - name.data), "--!>", 4)
                    != NULL || memchr("->", *name.data, 2) != NULL)
                {
                    return false;
                }

            } else {
                p = ptn_body_behind(p, end, ">");
            }

            continue;
        }

        if (*p == '/') {
            if (p + 1 < end && !ptn_body_letter(p[1])) {
                return false;
            }

            p = ptn_body_behind(p, end, ">");
            continue;
        }

        if (!ptn_body_letter(*p)) {
            if (ptn_body_blank(*p) || *p == '=' || *p == '<' || *p == '>'
                || (*p >= '0' && *p <= '9'))
            {
                continue;           /* text */
            }

            return false;
        }

        name.data = (u_char *) p;
        p = ptn_body_name_end(p, end);

        if (p == NULL || p == name.data) {
            return false;
        }

        name.len = (size_t) (p - name.data);

        if (!ptn_body_sane_attrs(&p, end)) {
            return false;
        }

        if (p < end && p[-1] != '/') {
            if (ptn_str_ieqz(name, "script")) {
                p = ptn_body_behind(p, end, "</script");

            } else if (ptn_str_ieqz(name, "style")) {
                p = ptn_body_behind(p, end, "</style");
            }
        }
    }

    return true;
}
