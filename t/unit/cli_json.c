/*
 * The reader of the server's JSON: paths and values; what is no JSON, is cut
 * anywhere or nests too deep is refused.
 */

#include "ptn_cli_json.h"
#include "ptn_test.h"


typedef struct {
    char      text[4096];
    size_t    len;
    unsigned  n;
} seen_t;


static void
leaf(void *ctx, const char *path, ptn_cli_json_e kind, ptn_str_t value)
{
    seen_t  *s = ctx;

    s->n++;
    s->len += (size_t) snprintf(s->text + s->len, sizeof(s->text) - s->len,
                                "%s%c%.*s;", path, "#$="[kind],
                                ptn_str_arg(value));
}


static ptn_rc_t
walk(const char *json, size_t len, seen_t *s)
{
    char      *copy;
    ptn_rc_t   rc;

    memset(s, 0, sizeof(seen_t));

    copy = malloc(len ? len : 1);       /* ASan sees a step too far */
    memcpy(copy, json, len);
    rc = ptn_cli_json_walk(ptn_str_make(copy, len), leaf, s);
    free(copy);

    return rc;
}


int
main(void)
{
    char    deep[200];
    size_t  i, n;
    seen_t  s;

    static const struct {
        const char  *json;
        ptn_rc_t     rc;
        const char  *seen;
    } rows[] = {
        { "{}", PTN_OK, "" },
        { "[]", PTN_OK, "" },
        { " { \"a\" : 1 , \"b\" : [ -2.5e3 , \"x\\\"y\" , null ] }\n", PTN_OK,
          "a#1;b.0#-2.5e3;b.1$x\\\"y;b.2=null;" },
        { "{\"s\":[{\"j\":1},{\"j\":2}],\"c\":{\"x\":true}}", PTN_OK,
          "s.0.j#1;s.1.j#2;c.x=true;" },
        { "5", PTN_OK, "#5;" },
        { "", PTN_EPARSE, NULL },
        { "{\"a\"}", PTN_EPARSE, NULL },
        { "{\"a\":}", PTN_EPARSE, NULL },
        { "{\"a\":1,}", PTN_EPARSE, NULL },
        { "{a:1}", PTN_EPARSE, NULL },
        { "[1 2]", PTN_EPARSE, NULL },
        { "[1]]", PTN_EPARSE, NULL },
        { "{} x", PTN_EPARSE, NULL },
        { "\"open", PTN_EPARSE, NULL },
        { "\"open\\", PTN_EPARSE, NULL },
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        is_rc(walk(rows[i].json, strlen(rows[i].json), &s), rows[i].rc,
              "row");
        if (rows[i].seen != NULL) {
            ok(strcmp(s.text, rows[i].seen) == 0, "%s", s.text);
        }
    }

    for (n = 0; n < strlen(rows[3].json); n++) {
        if (walk(rows[3].json, n, &s) == PTN_OK) {
            break;
        }
    }
    is_u64(n, strlen(rows[3].json), "every truncation is refused");

    memset(deep, '[', sizeof(deep));
    is_rc(walk(deep, sizeof(deep), &s), PTN_ETOOBIG, "too deep");
    memset(deep, ']', sizeof(deep));
    memset(deep, '[', 16);
    is_rc(walk(deep, 32, &s), PTN_OK, "sixteen levels");

    return done_testing();
}
