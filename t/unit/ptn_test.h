/*
 * What a unit test needs, printed as TAP so that prove runs it.
 *
 *     int main(void)
 *     {
 *         ok(n == 3, "three rows, got %d", n);
 *         is_u64(got, 42, "answer");
 *         is_str(s, "INBOX", "name");
 *         return done_testing();
 *     }
 *
 * A test program is one file t/unit/NAME.c with a main() of its own, linked
 * with libptn.a by `./build.sh unit`.  Everything here is static, so the
 * header needs no library; a value that a check saw wrong is printed.
 */

#ifndef PTN_TEST_H
#define PTN_TEST_H


#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ptn_base.h"


typedef struct {
    unsigned  run;
    unsigned  failed;
} ptn_test_count_t;


static inline ptn_test_count_t *
ptn_test_count(void)
{
    static ptn_test_count_t  count;

    return &count;
}


/* One line of TAP, unbuffered: what was reached stands there after a crash. */
static inline bool
ptn_test_line(bool good, const char *file, int line, const char *name)
{
    ptn_test_count_t  *c;

    c = ptn_test_count();
    c->run++;

    printf("%sok %u - %s\n", good ? "" : "not ", c->run, name);

    if (!good) {
        c->failed++;
        printf("#   failed at %s:%d\n", file, line);
    }

    fflush(stdout);
    return good;
}


PTN_PRINTF(4, 5) static inline bool
ptn_test_ok(bool good, const char *file, int line, const char *fmt, ...)
{
    char     name[1024];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(name, sizeof(name), fmt, ap);
    va_end(ap);

    return ptn_test_line(good, file, line, name);
}


static inline bool
ptn_test_u64(uint64_t got, uint64_t want, const char *name, const char *file,
    int line)
{
    if (ptn_test_line(got == want, file, line, name)) {
        return true;
    }

    printf("#   got  %" PRIu64 " (0x%" PRIx64 ")\n", got, got);
    printf("#   want %" PRIu64 " (0x%" PRIx64 ")\n", want, want);
    return false;
}


static inline bool
ptn_test_rc(ptn_rc_t got, ptn_rc_t want, const char *name, const char *file,
    int line)
{
    if (ptn_test_line(got == want, file, line, name)) {
        return true;
    }

    printf("#   got  %s\n", ptn_err(got)->name);
    printf("#   want %s\n", ptn_err(want)->name);
    return false;
}


static inline void
ptn_test_show(const char *what, const u_char *p, size_t len)
{
    size_t  i;

    printf("#   %s (%zu) \"", what, len);

    for (i = 0; i < len && i < 512; i++) {
        if (p[i] == '\\' || p[i] == '"') {
            printf("\\%c", p[i]);

        } else if (isprint(p[i])) {
            putchar(p[i]);

        } else {
            printf("\\x%02x", p[i]);
        }
    }

    printf("\"%s\n", len > 512 ? " ..." : "");
}


static inline bool
ptn_test_mem(ptn_str_t got, ptn_str_t want, const char *name, const char *file,
    int line)
{
    bool  same;

    same = got.len == want.len
           && (got.len == 0 || memcmp(got.data, want.data, got.len) == 0);

    if (!ptn_test_line(same, file, line, name)) {
        ptn_test_show("got ", got.data, got.len);
        ptn_test_show("want", want.data, want.len);
    }

    return same;
}


static inline bool
ptn_test_str(ptn_str_t got, const char *want, const char *name,
    const char *file, int line)
{
    ptn_str_t  w;

    w.data = (u_char *) want;
    w.len = strlen(want);

    return ptn_test_mem(got, w, name, file, line);
}


static inline void
ptn_test_diag(const char *fmt, ...) PTN_PRINTF(1, 2);

static inline void
ptn_test_diag(const char *fmt, ...)
{
    va_list  ap;

    printf("# ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}


/* Each returns whether it was good, so that a test may stop early. */
#define ok(cond, ...)                                                         \
    ptn_test_ok((cond) ? true : false, __FILE__, __LINE__, __VA_ARGS__)
#define is_u64(got, want, name)                                               \
    ptn_test_u64((uint64_t) (got), (uint64_t) (want), name, __FILE__, __LINE__)
#define is_rc(got, want, name)                                                \
    ptn_test_rc(got, want, name, __FILE__, __LINE__)
#define is_str(got, want, name)                                               \
    ptn_test_str(got, want, name, __FILE__, __LINE__)
#define is_mem(got, want, name)                                               \
    ptn_test_mem(got, want, name, __FILE__, __LINE__)
#define diag(...)                                                             \
    ptn_test_diag(__VA_ARGS__)


/* The plan, and the exit status of main(). */
static inline int
done_testing(void)
{
    ptn_test_count_t  *c;

    c = ptn_test_count();
    printf("1..%u\n", c->run);

    if (c->run == 0) {
        printf("# no check was run\n");
        return 1;
    }

    return c->failed ? 1 : 0;
}


/* Microseconds of processor that this thread has had: others' load is not in
 * what a test measures. */

static inline int64_t
ptn_test_cpu_us(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (int64_t) ts.tv_sec * PTN_USEC + ts.tv_nsec / 1000;
}


#endif /* PTN_TEST_H */
