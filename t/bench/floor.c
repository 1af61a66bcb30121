/*
 * What a delivery costs at least: the CPU time of the steps that no engine can
 * leave out which keeps mail compressed, structured and by hash, without a
 * database, a file or a lock.
 *
 *   floor MAIL
 *
 * TSV: kind, microseconds of a message for its parse, its properties, zstd
 * level 1, the same in haste, the SHA-256 of what becomes blobs, and the sum
 * with either.
 */

#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <zstd.h>

#include "ptn_mime.h"
#include "ptn_oxcmail.h"
#include "ptn_skeleton.h"


#define POOL_MAX  4096

typedef struct {
    const char  *mail;
    ptn_pool_t  *pool;
} site_t;

typedef struct {
    const char  *name;
    ptn_str_t    m[POOL_MAX];
    size_t       n, next;
} mix_t;

#include "store_mix.h"


static ZSTD_CCtx  *cctx;
static u_char      packed[2 * 1024 * 1024];


static double
cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}


static size_t
zstd(ptn_str_t s, bool hasty)
{
    size_t  n;

    ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, hasty ? -1000 : 1);

    if (hasty) {
        ZSTD_CCtx_setParameter(cctx, ZSTD_c_experimentalParam5, 1);
    }

    n = ZSTD_compress2(cctx, packed, s.len, s.data, s.len);

    return ZSTD_isError(n) ? s.len : n;
}


static void
sha(ptn_str_t s)
{
    u_char  sum[32];

    EVP_Digest(s.data, s.len, sum, NULL, EVP_sha256(), NULL);
}


/* t: parse, properties, zstd, in haste, SHA-256. */

static void
one(ptn_pool_t *pool, ptn_str_t raw, double t[5])
{
    size_t                n, len;
    double                at[6];
    ptn_str_t             plain;
    ptn_mime_t           *mime;
    ptn_object_t         *object;
    ptn_skeleton_part_t  *parts;

    n = 0;
    plain = raw;
    at[0] = cpu();

    if (ptn_mime_parse(pool, raw, &mime) != PTN_OK) {
        exit(1);
    }

    at[1] = cpu();

    if (ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_PROPS|PTN_OXCMAIL_ATTACHS,
                           &object) != PTN_OK)
    {
        exit(1);
    }

    at[2] = cpu();

    /* decodes and hashes attachments */

    if (raw.len > PTN_SKELETON_MIN
        && (ptn_skeleton_build(pool, mime, &plain, &parts, &n) != PTN_OK
            || n == 0))
    {
        plain = raw;
    }

    at[3] = cpu();
    len = zstd(plain, false);

    at[4] = cpu();

    if (len > 64 * 1024) {
        sha(ptn_str_make(packed, len));
    }

    at[5] = cpu();

    t[0] += at[1] - at[0];
    t[1] += at[2] - at[1];
    t[2] += at[4] - at[3];
    t[4] += at[3] - at[2] + at[5] - at[4];

    at[0] = cpu();
    zstd(plain, true);
    t[3] += cpu() - at[0];
}


static void
kind(mix_t *mix)
{
    size_t       i;
    double       t[5], best[5];
    unsigned     k, r;
    ptn_pool_t  *pool;

    for (r = 0; r < 5; r++) {
        memset(t, 0, sizeof(t));

        for (i = 0; i < mix->n; i++) {
            pool = ptn_pool_create(SIZE_MAX, NULL);
            one(pool, next(mix), t);
            ptn_pool_destroy(pool);
        }

        for (k = 0; k < 5; k++) {
            best[k] = r == 0 ? t[k] : ptn_min(best[k], t[k]);
        }
    }

    for (k = 0; k < 5; k++) {
        best[k] /= (double) mix->n;
    }

    printf("%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\n", mix->name,
           best[0], best[1], best[2], best[3], best[4],
           best[0] + best[1] + best[2] + best[4],
           best[0] + best[1] + best[3] + best[4]);
    fflush(stdout);
}


int
main(int argc, char **argv)
{
    mix_t   *mix;
    size_t   i;
    site_t   s;

    static const struct {
        const char  *name;
        size_t       size, n;
        bool         attach;
    } kinds[] = {
        { "8 KB", 8192, 200, false },
        { "40 KB text", 40960, 50, false },
        { "40 KB with attachment", 40960, 50, true },
        { "1 MB text", 1048576, 5, false },
        { "1 MB with attachment", 1048576, 5, true }
    };

    if (argc != 2) {
        fprintf(stderr, "usage: floor MAIL\n");
        return 2;
    }

    s.mail = argv[1];
    s.pool = ptn_pool_create(SIZE_MAX, NULL);
    mix = calloc(1, sizeof(mix_t));
    cctx = ZSTD_createCCtx();

    printf("# kind\tparse\tproperties\tzstd 1\tin haste\tSHA-256\tsum\tsum in"
           " haste\n");

    for (i = 0; i < ptn_nelts(kinds); i++) {
        mix_make(&s, mix, kinds[i].name, kinds[i].size, kinds[i].attach,
                 kinds[i].n);
        kind(mix);
    }

    mix_read(&s, mix);
    kind(mix);
    ptn_pool_destroy(s.pool);
    ZSTD_freeCCtx(cctx);
    free(mix);

    return 0;
}
