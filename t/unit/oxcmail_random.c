/*
 * Objects made at random to mail and back: what was set is there again, and
 * once it went through, nothing changes.
 */

#include "ptn_oxcmail.h"
#include "ptn_oxcmail_check.h"
#include "ptn_oxcmail_make.h"
#include "ptn_test.h"


static const ptn_oxcmail_export_t  opts = {
    ptn_string("host.test"), ptn_string("0123456789abcdef"), 1700000000, true
};


static uint32_t
next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;

    return (uint32_t) (*seed >> 33);
}


/* A text without blanks at its ends; `wild`: more than ASCII. */

static ptn_str_t
words(ptn_pool_t *pool, uint64_t *seed, unsigned max)
{
    unsigned                  n;
    ptn_buf_t                 b;
    static const char *const  pieces[] = {
        "a", "word", "  ", " ", "\xc3\xa4", "\xe2\x82\xac", "=?", "?=", "\"",
        "\\", ",", ";", "<", ">", "@", "(", "_", "=", ".", "\xf0\x9f\x98\x80",
        "longer-than-the-others", "/", ":", "'", "\t"
    };

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "x");

    for (n = next(seed) % max; n > 0; n--) {
        ptn_buf_z(&b, pieces[next(seed) % ptn_nelts(pieces)]);
    }

    ptn_buf_z(&b, "z");

    return ptn_buf_get(&b);
}


static void
random_object(ptn_pool_t *pool, uint64_t *seed, ptn_object_t *o, int depth)
{
    uint32_t              n;
    ptn_str_t             s;
    ptn_buf_t             b;
    ptn_attach_t         *a;
    static const char *const  types[] = {
        "application/pdf", "text/plain", "image/png", "text/calendar"
    };

    o->recips = ptn_pcalloc(pool, 8 * sizeof(ptn_recip_t));
    o->attachs = ptn_pcalloc(pool, 8 * sizeof(ptn_attach_t));
    ptn_props_set(&o->props, pool, PTN_PR_SUBJECT, words(pool, seed, 40));

    if (next(seed) % 2) {
        ptn_props_set(&o->props, pool, PTN_PR_SENT_REPRESENTING_NAME,
                      words(pool, seed, 10));
        ptn_props_set(&o->props, pool, PTN_PR_SENT_REPRESENTING_EMAIL,
                      ptn_str("a@example.test"));
    }

    if (next(seed) % 3 != 0) {
        ptn_props_set(&o->props, pool, PTN_PR_BODY, words(pool, seed, 300));
    }

    if (next(seed) % 2) {
        ptn_buf_init(&b, pool);

        for (n = next(seed) % 400; n > 0; n--) {
            ptn_buf_byte(&b, "a\r\n =.\xc3\xff<>"[next(seed) % 10]);
        }

        s = ptn_buf_get(&b);
        ptn_props_set(&o->props, pool, PTN_PR_HTML,
                      s.len ? s : ptn_str("<p>"));
        ptn_props_set_int(&o->props, pool, PTN_PR_INTERNET_CPID, 1252);
    }

    ptn_props_set_int(&o->props, pool, PTN_PR_IMPORTANCE, next(seed) % 3);
    ptn_props_set_int(&o->props, pool, PTN_PR_PRIORITY,
                      (int) (next(seed) % 3) - 1);
    ptn_props_set_int(&o->props, pool, PTN_PR_SENSITIVITY, next(seed) % 4);

    for (n = next(seed) % 5; n > 0; n--) {
        recip(pool, o, 1 + next(seed) % 3,
              (char *) ptn_str_dupz(pool, words(pool, seed, 12)),
              "b@example.test");
    }

    for (n = next(seed) % 4; n > 0; n--) {
        s.len = next(seed) % 300;
        s.data = ptn_palloc(pool, s.len + 1);
        memset(s.data, (int) next(seed), s.len + 1);
        a = attach(pool, o, ptn_str_dupz(pool, words(pool, seed, 30)),
                   types[next(seed) % 4], s);

        /* no path in a name */

        for (s = ptn_props_get(&a->props, PTN_PR_ATTACH_LONG_FILENAME);
             s.len != 0; s.data++, s.len--)
        {
            if (strchr("/\\\t", *s.data) != NULL) {
                *s.data = '-';
            }
        }

        if (depth < 3 && next(seed) % 4 == 0) {
            a->embedded = ptn_pcalloc(pool, sizeof(ptn_object_t));
            random_object(pool, seed, a->embedded, depth + 1);
        }
    }
}


/* What was set is there again; and once it went through, nothing changes. */

static void
test_random(void)
{
    int            i, bad, wrong;
    char           why[2048];
    uint64_t       seed;
    uint32_t       k, n, type;
    ptn_str_t      raw, v;
    const char    *b;
    ptn_mime_t    *mime;
    ptn_pool_t    *pool;
    ptn_object_t   o, *first, *second;

    seed = 11;
    bad = wrong = 0;

    for (i = 0; i < 1500; i++) {
        pool = ptn_pool_create(0, NULL);
        memset(&o, 0, sizeof(o));
        random_object(pool, &seed, &o, 0);

        ptn_oxcmail_export(pool, &o, &opts, &raw);
        b = ptn_oxcmail_check_raw(raw, false);
        ptn_mime_parse(pool, raw, &mime);
        ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &first);

        for (k = 0; b == NULL && k < o.props.n; k++) {
            if (o.props.p[k].tag == PTN_PR_INTERNET_CPID
                && ptn_props_get(&o.props, PTN_PR_HTML).data == NULL)
            {
                continue;
            }

            /* "Re:x" is "Re: x" from now on: not among these */

            v = ptn_props_get(&first->props, o.props.p[k].tag);
            if (!ptn_str_eq(v, o.props.p[k].value)
                && (o.props.p[k].tag != PTN_PR_SUBJECT
                    || v.len + 2 < o.props.p[k].value.len))
            {
                b = ptn_prop_name(o.props.p[k].tag);
                ptn_test_show("got ", v.data, v.len);
                ptn_test_show("want", o.props.p[k].value.data,
                              o.props.p[k].value.len);
            }
        }

        if (b == NULL && (first->nrecips != o.nrecips
                          || first->nattachs != o.nattachs))
        {
            b = "recipients or attachments";
        }

        for (type = 1, n = 0; b == NULL && type <= 3; type++) {
            for (k = 0; k < o.nrecips; k++) {
                if (o.recips[k].type == type
                    && !ptn_str_eq(ptn_props_get(&first->recips[n++].props,
                                                 PTN_PR_DISPLAY_NAME),
                                   ptn_props_get(&o.recips[k].props,
                                                 PTN_PR_DISPLAY_NAME)))
                {
                    b = "the name of a recipient";
                }
            }
        }

        for (k = 0; b == NULL && k < o.nattachs; k++) {
            if (o.attachs[k].embedded == NULL
                && (!ptn_str_eq(o.attachs[k].data, first->attachs[k].data)
                    || !ptn_str_eq(ptn_props_get(&o.attachs[k].props,
                                       PTN_PR_ATTACH_LONG_FILENAME),
                                   ptn_props_get(&first->attachs[k].props,
                                       PTN_PR_ATTACH_LONG_FILENAME))))
            {
                b = "an attachment";
            }
        }

        if (b != NULL) {
            diag("%d: %s", i, b);
            wrong++;
        }

        ptn_oxcmail_export(pool, first, &opts, &raw);
        ptn_mime_parse(pool, raw, &mime);
        ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &second);
        b = ptn_oxcmail_check(first, second, why, sizeof(why));

        if (b != NULL) {
            diag("%d: %s", i, b);
            bad++;
        }

        ptn_pool_destroy(pool);
    }

    is_u64(wrong, 0, "what was set is there");
    is_u64(bad, 0, "and stays");
}


int
main(void)
{
    test_random();

    return done_testing();
}
