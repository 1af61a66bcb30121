/*
 * ./build.sh dump NAME < BYTES: a wire structure, from bytes to text.  Names
 * are those of the tables, with or without "ptn_"; without a name, all of
 * them are listed.
 */

#include <stdio.h>
#include <unistd.h>

#include "ptn_wire_all.h"


#define DUMP_MAX  (16 * 1024 * 1024)


static const ptn_wire_t *
dump_find(const char *name)
{
    size_t             n;
    const ptn_wire_t  *w;

    for (n = 0; (w = wire_nth(n)) != NULL; n++) {
        if (strcmp(w->name, name) == 0
            || (strncmp(w->name, "ptn_", 4) == 0
                && strcmp(w->name + 4, name) == 0))
        {
            return w;
        }
    }

    return NULL;
}


static void
dump_list(FILE *out)
{
    size_t             n;
    const ptn_wire_t  *w;

    for (n = 0; (w = wire_nth(n)) != NULL; n++) {
        fprintf(out, "%s\n", w->name);
    }
}


/* Structures one after the other, as far as the bytes go. */
static int
dump_all(const ptn_wire_t *w, ptn_pool_t *pool, ptn_str_t in)
{
    void       *val;
    size_t      at, whole;
    ptn_rc_t    rc;
    ptn_buf_t   text;

    whole = in.len;

    do {
        at = whole - in.len;
        val = ptn_palloc(pool, w->size);
        if (val == NULL) {
            return 1;
        }

        rc = ptn_wire_pull(w, pool, &in, val);
        if (rc != PTN_OK) {
            fprintf(stderr, "%s at byte %zu: %s\n", w->name, at,
                    ptn_err(rc)->name);
            return 1;
        }

        ptn_buf_init(&text, pool);
        ptn_wire_dump(w, &text, val, 0);
        fwrite(text.data, 1, text.len, stdout);

    } while (in.len != 0 && in.len != whole - at);

    return 0;
}


int
main(int argc, char **argv)
{
    int                rc;
    size_t             n;
    ssize_t            got;
    u_char            *data;
    ptn_pool_t        *pool;
    const ptn_wire_t  *w;

    w = (argc == 2) ? dump_find(argv[1]) : NULL;
    if (w == NULL) {
        dump_list(stderr);
        return 2;
    }

    pool = ptn_pool_create(16 * DUMP_MAX, NULL);
    data = (pool != NULL) ? ptn_palloc(pool, DUMP_MAX) : NULL;
    if (data == NULL) {
        return 1;
    }

    for (n = 0; n < DUMP_MAX; n += (size_t) got) {
        got = read(0, data + n, DUMP_MAX - n);
        if (got <= 0) {
            break;
        }
    }

    rc = dump_all(w, pool, ptn_str_make(data, n));
    ptn_pool_destroy(pool);

    return rc;
}
