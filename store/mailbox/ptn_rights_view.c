/*
 * A folder's view as somebody sees it: without private messages, and in a
 * public store with what that one has read.  Most often that is the view that
 * everybody has; else one is made of it, and kept while that one stays.
 */

#include <stdlib.h>

#include "ptn_item.h"


#define PTN_SEEN_VIEWS  8           /* kept of a mailbox */

struct ptn_seen_s {
    uint64_t     serial;            /* of whom */
    uint64_t     read_cn;
    ptn_view_t  *base, *view;       /* references */
};

typedef struct {
    ptn_mbox_t      *mb;
    ptn_id_t         folder;
    const ptn_id_t  *hidden;        /* ascending */
    size_t           nhidden;
} ptn_seen_ctx_t;


static bool
ptn_seen_row(void *ctx, ptn_row_t *row)
{
    ptn_seen_ctx_t  *c = ctx;
    ptn_msg_info_t   m;

    if (ptn_mark_hides(c->hidden, c->nhidden, row->id)) {
        return false;
    }

    memset(&m, 0, sizeof(m));
    m.folder = c->folder;
    m.uid = row->uid;
    m.flags = row->flags;
    m.modseq = row->modseq;

    if (ptn_reader_show(c->mb, &m) == PTN_OK) {
        row->flags = m.flags;
        row->modseq = m.modseq;
    }

    return true;
}


static void
ptn_seen_keep(ptn_mbox_t *mb, uint64_t read_cn, ptn_view_t *base,
    ptn_view_t *view)
{
    ptn_seen_t  *s;

    if (mb->seen == NULL) {
        mb->seen = calloc(PTN_SEEN_VIEWS, sizeof(ptn_seen_t));
    }

    if (mb->seen == NULL) {
        return;
    }

    s = &mb->seen[mb->nseen++ % PTN_SEEN_VIEWS];
    ptn_view_unref(s->base);
    ptn_view_unref(s->view);
    s->serial = mb->acting.serial;
    s->read_cn = read_cn;
    s->base = ptn_view_ref(base);
    s->view = ptn_view_ref(view);
}


void
ptn_seen_drop(ptn_mbox_t *mb)
{
    unsigned  i;

    for (i = 0; i < PTN_SEEN_VIEWS && mb->seen != NULL; i++) {
        ptn_view_unref(mb->seen[i].base);
        ptn_view_unref(mb->seen[i].view);
    }

    free(mb->seen);
    mb->seen = NULL;
}


ptn_rc_t
ptn_rights_view(ptn_mbox_t *mb, ptn_view_t *base, ptn_view_t **ret_view)
{
    bool             search;
    unsigned         i;
    ptn_rc_t         rc;
    uint64_t         read_cn;
    ptn_pool_t      *pool;
    ptn_view_t      *view;
    ptn_folder_t    *f;
    ptn_seen_ctx_t   c;

    c.folder = ptn_view_folder(base);
    search = ptn_folder_of(mb, c.folder, &f) == PTN_OK && f->search;

    if (mb->acting.all || (mb->acting.secrets && !search
                           && mb->kind == PTN_MBOX_PRIVATE))
    {
        *ret_view = base;
        return PTN_OK;
    }

    c.mb = mb;
    read_cn = ptn_reader_cn(mb, c.folder);

    for (i = 0; i < PTN_SEEN_VIEWS && mb->seen != NULL; i++) {
        if (mb->seen[i].base == base && mb->seen[i].read_cn == read_cn
            && mb->seen[i].serial == mb->acting.serial)
        {
            *ret_view = ptn_view_ref(mb->seen[i].view);
            ptn_view_unref(base);
            return PTN_OK;
        }
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        ptn_view_unref(base);
        return PTN_ENOMEM;
    }

    rc = ptn_mark_hidden(mb, pool, c.folder, (ptn_id_t **) &c.hidden,
                         &c.nhidden);

    if (rc == PTN_OK && c.nhidden == 0 && read_cn == 0) {
        *ret_view = base;
        ptn_pool_destroy(pool);
        return PTN_OK;
    }

    view = (rc == PTN_OK) ? ptn_view_derive(base, read_cn, ptn_seen_row, &c)
                          : NULL;
    ptn_pool_destroy(pool);

    if (view == NULL) {
        ptn_view_unref(base);
        return (rc == PTN_OK) ? PTN_ENOMEM : rc;
    }

    /* what a search folder shows depends on the lists of others */

    if (!search) {
        ptn_seen_keep(mb, read_cn, base, view);
    }

    ptn_view_unref(base);
    *ret_view = view;

    return PTN_OK;
}
