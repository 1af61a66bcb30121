/*
 * The MIME parser over all of ../shared/ref/mail: invariants of each tree,
 * the structure that CPython sees where it found no defect, truncations.
 */

#include "ptn_mime.h"
#include "ptn_mime_check.h"
#include "ptn_ref.h"
#include "ptn_test.h"


#define CORPUS_TREE_MAX  300        /* the index cuts longer ones */


typedef struct {
    size_t  compared;
    size_t  truncations;
} corpus_t;


/* As tree_cpython writes it; message/... other than rfc822 as a leaf. */
static void
corpus_tree(ptn_buf_t *b, const ptn_mime_part_t *part)
{
    const ptn_mime_part_t  *child;

    ptn_buf_str(b, part->type);
    ptn_buf_byte(b, '/');
    ptn_buf_str(b, part->subtype);

    for (child = part->child; child != NULL; child = child->next) {
        ptn_buf_byte(b, child == part->child ? '(' : ',');
        corpus_tree(b, child);
    }

    if (part->child != NULL) {
        ptn_buf_byte(b, ')');
    }
}


/*
 * Drops the children that CPython gives to message/delivery-status and kin,
 * and what it takes for a part of the subtype ("pdf name=...").
 */
static void
corpus_leafs(char *dst, const char *src)
{
    int          depth;
    const char  *type;

    while (*src) {
        type = src;

        while (*src && *src != ' ' && strchr("(),", *src) == NULL) {
            *dst++ = *src++;
        }

        while (*src && strchr("(),", *src) == NULL) {
            src++;
        }

        if (*src == '(' && strncmp(type, "message/", 8) == 0
            && strncmp(type, "message/rfc822(", 15) != 0
            && strncmp(type, "message/global(", 15) != 0)
        {
            for (depth = 0; *src; src++) {
                depth += *src == '(' ? 1 : *src == ')' ? -1 : 0;
                if (depth == 0) {
                    src++;
                    break;
                }
            }
            continue;
        }

        if (*src) {
            *dst++ = *src++;
        }
    }

    *dst = '\0';
}


static void
corpus_truncate(ptn_str_t raw, const char *file)
{
    size_t       n, step;
    const char  *bad;
    ptn_mime_t  *mime;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    bad = NULL;
    step = raw.len > 1500 ? raw.len / 100 : 1;

    for (n = 0; n < raw.len && bad == NULL; n += step) {
        ptn_pool_reset(pool);

        if (ptn_mime_parse(pool, ptn_str_make(raw.data, n), &mime) != PTN_OK) {
            bad = "parse";
            break;
        }

        bad = ptn_mime_check(pool, mime);
    }

    if (bad != NULL) {
        ok(false, "%s cut at %zu: %s", file, n, bad);
    }

    ptn_pool_destroy(pool);
}


static void
corpus_file(void *ctx, ptn_pool_t *pool, const ptn_ref_row_t *row,
    ptn_str_t raw)
{
    char         want[8192], *cut;
    corpus_t    *c;
    ptn_str_t    got;
    ptn_buf_t    tree;
    const char  *bad;
    ptn_mime_t  *mime;

    c = ctx;

    if (!ok(ptn_mime_parse(pool, raw, &mime) == PTN_OK, "%s", row->file)) {
        return;
    }

    bad = ptn_mime_check(pool, mime);
    ok(bad == NULL, "%s: invariants: %s", row->file, bad ? bad : "hold");

    if (raw.len < 20000) {
        corpus_truncate(raw, row->file);
        c->truncations++;
    }

    if (strstr(row->features, "defects") != NULL
        || strstr(row->features, "tnef-stream") != NULL || *row->tree == '\0')
    {
        return;
    }

    ptn_buf_init(&tree, pool);
    corpus_tree(&tree, mime->root);
    corpus_leafs(want, row->tree);
    got = ptn_buf_get(&tree);

    cut = strstr(want, "..)");

    if (cut == NULL && strlen(row->tree) == CORPUS_TREE_MAX) {
        cut = want + strlen(want);
    }

    if (cut != NULL) {

        /* the index does not hold all of it */

        *cut = '\0';
        got.len = ptn_min(got.len, strlen(want));
    }

    is_str(got, want, row->file);
    c->compared++;
}


int
main(void)
{
    size_t    n;
    corpus_t  c = { 0 };

    n = ptn_ref_mail(corpus_file, &c);

    if (n == 0) {
        printf("1..0 # SKIP no %s/mail\n", ptn_ref_dir());
        return 0;
    }

    diag("%zu messages, %zu structures compared, %zu cut at many places", n,
         c.compared, c.truncations);

    return done_testing();
}
