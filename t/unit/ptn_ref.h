/*
 * The corpus ../shared/ref/mail for tests: INDEX.tsv row by row, files read
 * in place.  POSTERN_REF names another place than ../shared/ref.
 */

#ifndef PTN_REF_H
#define PTN_REF_H


#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_base.h"


typedef struct {
    char  *line;
    char  *file, *role, *group, *bytes, *tree, *charsets, *features;
} ptn_ref_row_t;


static inline const char *
ptn_ref_dir(void)
{
    const char  *dir;

    dir = getenv("POSTERN_REF");

    return dir ? dir : "../shared/ref";
}


/* data NULL: it cannot be read. */
static inline ptn_str_t
ptn_ref_read(ptn_pool_t *pool, const char *path)
{
    long       n;
    FILE      *f;
    ptn_str_t  s = ptn_null_string;

    f = fopen(path, "rb");
    if (f == NULL) {
        return s;
    }

    fseek(f, 0, SEEK_END);
    n = ftell(f);
    rewind(f);

    s.data = ptn_palloc(pool, (size_t) n + 1);
    s.len = fread(s.data, 1, (size_t) n, f);
    fclose(f);

    return s;
}


/*
 * Calls `f` for each row of role "input" with the bytes of its file, each in
 * a pool of its own.  Returns how many there were; 0 when the corpus is not
 * here.
 */
static inline size_t
ptn_ref_mail(void (*f)(void *ctx, ptn_pool_t *pool, const ptn_ref_row_t *row,
    ptn_str_t raw), void *ctx)
{
    char           line[8192], path[4096], *p, **col;
    FILE          *index;
    size_t         n;
    ptn_str_t      raw;
    ptn_pool_t    *pool;
    ptn_ref_row_t  row;

    snprintf(path, sizeof(path), "%s/mail/INDEX.tsv", ptn_ref_dir());
    index = fopen(path, "r");
    if (index == NULL) {
        return 0;
    }

    for (n = 0; fgets(line, sizeof(line), index) != NULL; ) {
        line[strcspn(line, "\n")] = '\0';
        p = row.line = line;

        for (col = &row.file; col <= &row.features; col++) {
            *col = p ? strsep(&p, "\t") : (char *) "";
        }

        if (strcmp(row.role, "input") != 0) {
            continue;
        }

        pool = ptn_pool_create(0, NULL);
        snprintf(path, sizeof(path), "%s/mail/%s", ptn_ref_dir(), row.file);
        raw = ptn_ref_read(pool, path);

        if (raw.data != NULL) {
            f(ctx, pool, &row, raw);
            n++;
        }

        ptn_pool_destroy(pool);
    }

    fclose(index);

    return n;
}


#endif /* PTN_REF_H */
