/*
 * Views of rows, and of another view and what has changed.
 */

#include <stdlib.h>

#include "ptn_view.h"


static void
ptn_view_build_push(ptn_view_build_t *b, ptn_chunk_t *c)
{
    uint32_t       size;
    ptn_chunk_t  **chunks;

    if (b->n == b->size) {
        size = ptn_max(b->size * 2, 16U);

        chunks = realloc(b->chunks, size * sizeof(ptn_chunk_t *));
        if (chunks == NULL) {
            b->failed = true;
            ptn_chunk_unref(c);
            return;
        }

        b->chunks = chunks;
        b->size = size;
    }

    b->chunks[b->n++] = c;
}


/* Ends the growing chunk, giving back what it does not need. */

static void
ptn_view_build_flush(ptn_view_build_t *b)
{
    ptn_chunk_t  *c;

    if (b->open == NULL) {
        return;
    }

    c = realloc(b->open, sizeof(ptn_chunk_t) + b->open->n * sizeof(ptn_row_t));
    ptn_view_build_push(b, c ? c : b->open);
    b->open = NULL;
}


void
ptn_view_build_row(ptn_view_build_t *b, const ptn_row_t *row)
{
    if (b->failed) {
        return;
    }

    if (b->open == NULL) {
        b->open = malloc(sizeof(ptn_chunk_t)
                         + PTN_VIEW_CHUNK * sizeof(ptn_row_t));
        if (b->open == NULL) {
            b->failed = true;
            return;
        }

        b->open->refs = 1;
        b->open->n = 0;
    }

    b->open->rows[b->open->n++] = *row;

    if (b->open->n == PTN_VIEW_CHUNK) {
        ptn_view_build_flush(b);
    }
}


static void
ptn_view_build_share(ptn_view_build_t *b, ptn_chunk_t *c)
{
    ptn_view_build_flush(b);

    if (!b->failed) {
        __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
        ptn_view_build_push(b, c);
    }
}


void
ptn_view_build_drop(ptn_view_build_t *b)
{
    uint32_t  i;

    for (i = 0; i < b->n; i++) {
        ptn_chunk_unref(b->chunks[i]);
    }

    free(b->chunks);
    free(b->open);
}


ptn_view_t *
ptn_view_build_done(ptn_view_build_t *b)
{
    uint32_t     i, seq;
    ptn_view_t  *view;

    ptn_view_build_flush(b);

    view = NULL;

    if (!b->failed) {
        view = calloc(1, sizeof(ptn_view_t) + b->n * sizeof(ptn_chunk_t *));
    }

    if (view != NULL) {
        view->first = malloc((b->n + 1) * sizeof(uint32_t));
    }

    if (view == NULL || view->first == NULL) {
        free(view);
        ptn_view_build_drop(b);
        return NULL;
    }

    for (i = 0, seq = 1; i < b->n; i++) {
        view->chunks[i] = b->chunks[i];
        view->first[i] = seq;
        seq += b->chunks[i]->n;
    }

    view->refs = 1;
    view->nchunks = b->n;
    view->count = seq - 1;
    free(b->chunks);

    return view;
}


/* Does `row` change any of the chunk's rows, or leave one out? */

static bool
ptn_view_derive_same(const ptn_chunk_t *c,
    bool (*row)(void *ctx, ptn_row_t *row), void *ctx)
{
    uint32_t   i;
    ptn_row_t  one;

    for (i = 0; i < c->n; i++) {
        one = c->rows[i];

        if (!row(ctx, &one) || one.flags != c->rows[i].flags
            || one.modseq != c->rows[i].modseq)
        {
            return false;
        }
    }

    return true;
}


ptn_view_t *
ptn_view_derive(ptn_view_t *base, uint64_t modseq,
    bool (*row)(void *ctx, ptn_row_t *row), void *ctx)
{
    uint32_t           i, k;
    ptn_row_t          one;
    ptn_view_t        *view;
    ptn_chunk_t       *c;
    ptn_view_build_t   b;

    memset(&b, 0, sizeof(b));

    for (i = 0; i < base->nchunks; i++) {
        c = base->chunks[i];

        if (ptn_view_derive_same(c, row, ctx)) {
            ptn_view_build_share(&b, c);
            continue;
        }

        for (k = 0; k < c->n; k++) {
            one = c->rows[k];

            if (row(ctx, &one)) {
                ptn_view_build_row(&b, &one);
            }
        }
    }

    view = ptn_view_build_done(&b);

    if (view != NULL) {
        view->folder = base->folder;
        view->uidvalidity = base->uidvalidity;
        view->uidnext = base->uidnext;
        view->modseq = ptn_max(base->modseq, modseq);
        view->base = ptn_view_ref(base);
    }

    return view;
}


static uint32_t
ptn_view_last_uid(const ptn_view_t *view, uint32_t i)
{
    const ptn_chunk_t  *c;

    c = view->chunks[i];

    return (i + 1 == view->nchunks) ? UINT32_MAX : c->rows[c->n - 1].uid;
}


/* Merges one chunk with its share of the changes. */

static void
ptn_view_merge_chunk(ptn_view_build_t *b, const ptn_chunk_t *c, uint32_t last,
    const ptn_view_delta_t *d, size_t *ir, size_t *ig)
{
    uint32_t          k;
    const ptn_row_t  *row;

    k = 0;

    for ( ;; ) {
        if (k < c->n
            && (*ir == d->nrows || c->rows[k].uid < d->rows[*ir].uid))
        {
            row = &c->rows[k++];

        } else if (*ir < d->nrows && d->rows[*ir].uid <= last) {
            row = &d->rows[*ir];

            if (k < c->n && c->rows[k].uid == row->uid) {
                k++;
            }

            (*ir)++;

        } else {
            break;
        }

        while (*ig < d->ngone && d->gone[*ig] < row->uid) {
            (*ig)++;
        }

        if (*ig < d->ngone && d->gone[*ig] == row->uid) {
            continue;
        }

        ptn_view_build_row(b, row);
    }

    while (*ig < d->ngone && d->gone[*ig] <= last) {
        (*ig)++;
    }
}


ptn_view_t *
ptn_view_patch(const ptn_view_t *old, const ptn_view_delta_t *d)
{
    size_t             ir, ig;
    uint32_t           i, last;
    ptn_chunk_t       *c;
    ptn_view_build_t   b;

    memset(&b, 0, sizeof(b));
    ir = 0;
    ig = 0;

    for (i = 0; i < old->nchunks; i++) {
        c = old->chunks[i];
        last = ptn_view_last_uid(old, i);

        if ((ir == d->nrows || d->rows[ir].uid > last)
            && (ig == d->ngone || d->gone[ig] > last)
            && c->n >= PTN_VIEW_MERGE)
        {
            ptn_view_build_share(&b, c);
            continue;
        }

        ptn_view_merge_chunk(&b, c, last, d, &ir, &ig);
    }

    for ( /* void */ ; ir < d->nrows; ir++) {
        ptn_view_build_row(&b, &d->rows[ir]);
    }

    return ptn_view_build_done(&b);
}
