#include "ptn_cli_json.h"


#define PTN_CLI_JSON_DEPTH  16
#define PTN_CLI_JSON_PATH   512

typedef struct {
    const u_char  *p, *end;
    char           path[PTN_CLI_JSON_PATH];
    size_t         len;                     /* of path */
    unsigned       depth;
    void         (*leaf)(void *ctx, const char *path, ptn_cli_json_e kind,
                     ptn_str_t value);
    void          *ctx;
} ptn_cli_json_t;

static ptn_rc_t ptn_cli_json_value(ptn_cli_json_t *j);


static u_char
ptn_cli_json_peek(ptn_cli_json_t *j)
{
    while (j->p < j->end && strchr(" \t\r\n", *j->p) != NULL && *j->p) {
        j->p++;
    }

    return (j->p < j->end) ? *j->p : '\0';
}


/* What stands between quotes, escapes as they are. */

static ptn_rc_t
ptn_cli_json_string(ptn_cli_json_t *j, ptn_str_t *ret)
{
    const u_char  *start;

    start = ++j->p;

    for ( /* void */ ; j->p < j->end; j->p++) {

        if (*j->p == '\\') {
            if (++j->p == j->end) {
                break;
            }
            continue;
        }

        if (*j->p == '"') {
            *ret = ptn_str_make(start, (size_t) (j->p - start));
            j->p++;
            return PTN_OK;
        }
    }

    return PTN_EPARSE;
}


/* Goes down one name, reads a value, comes back up. */

static ptn_rc_t
ptn_cli_json_below(ptn_cli_json_t *j, ptn_str_t name)
{
    size_t    len;
    ptn_rc_t  rc;

    len = j->len;

    if (len + name.len + 2 > sizeof(j->path)
        || j->depth == PTN_CLI_JSON_DEPTH)
    {
        return PTN_ETOOBIG;
    }

    if (len != 0) {
        j->path[j->len++] = '.';
    }

    memcpy(j->path + j->len, name.data, name.len);
    j->len += name.len;
    j->path[j->len] = '\0';
    j->depth++;

    rc = ptn_cli_json_value(j);

    j->depth--;
    j->len = len;
    j->path[len] = '\0';

    return rc;
}


/* An object or an array: they differ in what names the values. */

static ptn_rc_t
ptn_cli_json_members(ptn_cli_json_t *j, u_char close)
{
    char       number[16];
    ptn_rc_t   rc;
    unsigned   i;
    ptn_str_t  name;

    j->p++;

    if (ptn_cli_json_peek(j) == close) {
        j->p++;
        return PTN_OK;
    }

    for (i = 0; ; i++) {

        if (close == '}') {
            if (ptn_cli_json_peek(j) != '"'
                || ptn_cli_json_string(j, &name) != PTN_OK
                || ptn_cli_json_peek(j) != ':')
            {
                return PTN_EPARSE;
            }

            j->p++;

        } else {
            snprintf(number, sizeof(number), "%u", i);
            name = ptn_str_z(number);
        }

        rc = ptn_cli_json_below(j, name);
        if (rc != PTN_OK) {
            return rc;
        }

        if (ptn_cli_json_peek(j) == close) {
            j->p++;
            return PTN_OK;
        }

        if (ptn_cli_json_peek(j) != ',') {
            return PTN_EPARSE;
        }

        j->p++;
    }
}


static ptn_rc_t
ptn_cli_json_value(ptn_cli_json_t *j)
{
    u_char         c;
    ptn_rc_t       rc;
    ptn_str_t      s;
    const u_char  *start;

    c = ptn_cli_json_peek(j);

    if (c == '{') {
        return ptn_cli_json_members(j, '}');
    }

    if (c == '[') {
        return ptn_cli_json_members(j, ']');
    }

    if (c == '"') {
        rc = ptn_cli_json_string(j, &s);
        if (rc == PTN_OK) {
            j->leaf(j->ctx, j->path, PTN_CLI_JSON_STRING, s);
        }
        return rc;
    }

    for (start = j->p; j->p < j->end; j->p++) {
        if (!((*j->p >= 'a' && *j->p <= 'z') || (*j->p >= '0' && *j->p <= '9')
              || *j->p == '-' || *j->p == '+' || *j->p == '.'
              || *j->p == 'E'))
        {
            break;
        }
    }

    s = ptn_str_make(start, (size_t) (j->p - start));

    if (s.len == 0) {
        return PTN_EPARSE;
    }

    j->leaf(j->ctx, j->path, (c == '-' || (c >= '0' && c <= '9'))
                             ? PTN_CLI_JSON_NUMBER : PTN_CLI_JSON_OTHER, s);

    return PTN_OK;
}


ptn_rc_t
ptn_cli_json_walk(ptn_str_t json,
    void (*leaf)(void *ctx, const char *path, ptn_cli_json_e kind,
        ptn_str_t value),
    void *ctx)
{
    ptn_rc_t        rc;
    ptn_cli_json_t  j;

    memset(&j, 0, sizeof(ptn_cli_json_t));
    j.p = json.data;
    j.end = json.data + json.len;
    j.leaf = leaf;
    j.ctx = ctx;

    rc = ptn_cli_json_value(&j);

    if (rc == PTN_OK && ptn_cli_json_peek(&j) != '\0') {
        rc = PTN_EPARSE;
    }

    return rc;
}
