/*
 * The calls that store/mailbox/ptn_store*.h declare: for tests that demand a
 * row for each.
 *
 *     n = header_scan(__FILE__, each);     how many there are
 *
 * `each` is called with the name, and with the prototype, comments and
 * preprocessor's lines taken out.
 */

#ifndef HEADER_SCAN_H
#define HEADER_SCAN_H


#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptn_test.h"


typedef void (*header_each_pt)(const char *name, const char *prototype);


/* Comments and # lines become blanks. */

static inline void
header_strip(char *s)
{
    char  *end;

    while (*s != '\0') {
        if (s[0] == '/' && s[1] == '*') {
            end = strstr(s, "*/");
            end = end ? end + 2 : s + strlen(s);

        } else if (*s == '#') {
            for (end = s; *end != '\0' && (*end != '\n' || end[-1] == '\\');
                 end++)
            {
                /* void */
            }

        } else {
            s++;
            continue;
        }

        while (s < end) {
            *s++ = ' ';
        }
    }
}


/* A piece up to its ; or brace: the first name of ours before a ( */

static inline unsigned
header_piece(const char *piece, header_each_pt each)
{
    char         name[128];
    size_t       n;
    const char  *p;

    if (strstr(piece, "typedef") != NULL) {
        return 0;
    }

    for (p = piece; (p = strstr(p, "ptn_")) != NULL; p += n) {
        for (n = 0; isalnum((unsigned char) p[n]) || p[n] == '_'; n++) {
            /* void */
        }

        if (p[n] == '(' && n < sizeof(name)) {
            memcpy(name, p, n);
            name[n] = '\0';
            each(name, piece);
            return 1;
        }
    }

    return 0;
}


static inline unsigned
header_file(const char *path, header_each_pt each)
{
    char      *text, *p, *end;
    FILE      *f;
    size_t     n;
    unsigned   seen;

    f = fopen(path, "r");
    text = malloc(1 << 20);

    if (!ok(f != NULL && text != NULL, "%s is there", path)) {
        return 0;
    }

    n = fread(text, 1, (1 << 20) - 1, f);
    text[n] = '\0';
    fclose(f);
    header_strip(text);

    for (p = text, seen = 0; (end = strpbrk(p, ";{}")) != NULL; p = end + 1) {
        *end = '\0';
        seen += header_piece(p, each);
    }

    free(text);

    return seen;
}


/* Beside the source that asks, wherever the build was made. */

static inline unsigned
header_scan(const char *source, header_each_pt each)
{
    char            path[PATH_MAX], full[PATH_MAX + 256], *at;
    DIR            *dir;
    unsigned        n;
    struct dirent  *e;

    snprintf(path, sizeof(path), "%s", source);
    at = strstr(path, "t/unit/");

    if (at != NULL) {
        strcpy(at, "store/mailbox");
    }

    dir = opendir(path);
    ok(dir != NULL, "the headers are there");
    n = 0;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (strncmp(e->d_name, "ptn_store", 9) == 0
            && strcmp(e->d_name + strlen(e->d_name) - 2, ".h") == 0)
        {
            snprintf(full, sizeof(full), "%s/%s", path, e->d_name);
            n += header_file(full, each);
        }
    }

    if (dir != NULL) {
        closedir(dir);
    }

    return n;
}


#endif /* HEADER_SCAN_H */
