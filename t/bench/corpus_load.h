/*
 * The files of a directory of directories in memory, for programs that parse
 * them; plain C, for peers have nothing of ours.
 */

#ifndef CORPUS_LOAD_H
#define CORPUS_LOAD_H


#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>


#define CORPUS_MAX  4096

static struct {
    unsigned char  *p[CORPUS_MAX];
    size_t          len[CORPUS_MAX];
    size_t          n, bytes;
} corpus;


static int
corpus_add(const char *path, const struct stat *sb, int type,
    struct FTW *ftw)
{
    FILE    *f;
    size_t   n;

    n = (size_t) sb->st_size;

    /* what lies at the top describes the messages */

    if (type != FTW_F || ftw->level < 2 || n == 0 || corpus.n == CORPUS_MAX) {
        return 0;
    }

    f = fopen(path, "rb");
    corpus.p[corpus.n] = malloc(n);

    if (f == NULL || corpus.p[corpus.n] == NULL
        || fread(corpus.p[corpus.n], 1, n, f) != n)
    {
        fprintf(stderr, "%s: not read\n", path);
        return -1;
    }

    fclose(f);
    corpus.len[corpus.n++] = n;
    corpus.bytes += n;

    return 0;
}


static void
corpus_load(const char *dir)
{
    if (nftw(dir, corpus_add, 16, FTW_PHYS) != 0 || corpus.n == 0) {
        fprintf(stderr, "%s: no messages\n", dir);
        exit(1);
    }
}


static double
corpus_cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


/* Times `f` over all of them for about `seconds` of CPU: MB a second. */

static double
corpus_rate(void (*f)(const unsigned char *p, size_t n), double seconds)
{
    size_t  i, rounds;
    double  begun;

    rounds = 0;
    begun = corpus_cpu();

    do {
        for (i = 0; i < corpus.n; i++) {
            f(corpus.p[i], corpus.len[i]);
        }
        rounds++;

    } while (corpus_cpu() - begun < seconds);

    return (double) rounds * (double) corpus.bytes / 1e6
           / (corpus_cpu() - begun);
}


#endif /* CORPUS_LOAD_H */
