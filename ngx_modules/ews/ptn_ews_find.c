#include <stdlib.h>
#include <time.h>

#include "ptn_ews_search.h"


/* FindItem (MS-OXWSSRCH 3.1.4.2). */

typedef struct {
    ptn_ews_t        *e;
    ptn_ews_box_t    *box;
    ptn_id_t          folder;
    ptn_table_t      *table;
    ptn_ews_shape_t  *shape;
    bool              picked;           /* not all rows of the table: */
    uint32_t         *rows;
    uint32_t          nrows;
    ptn_rc_t          rc;
} ptn_ews_find_t;


/* --- restriction, query string -------------------------------------------- */

static ptn_rc_t
ptn_ews_find_restrict(ptn_ews_find_t *f, const ptn_ews_el_t *restriction)
{
    ptn_rc_t         rc;
    ptn_restrict_t  *r;

    rc = ptn_ews_filter(f->e, f->box, NULL, restriction, &r);

    if (rc == PTN_OK) {
        rc = ptn_ews_filter_error(f->e, ptn_table_restrict(f->box->mb,
                                                           f->table, r));
    }

    return rc;
}


static int
ptn_ews_find_cmp(const void *a, const void *b)
{
    const ptn_id_t  *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}


/* Rows of the table that are among `ids`, which are sorted here. */
static ptn_rc_t
ptn_ews_find_pick(ptn_ews_find_t *f, ptn_id_t *ids, size_t n)
{
    uint32_t  i, count;
    ptn_id_t  id;

    count = ptn_table_count(f->table);
    f->picked = true;

    f->rows = ptn_parray(f->e->pool, n + 1, sizeof(uint32_t));
    if (f->rows == NULL) {
        return PTN_ENOMEM;
    }

    if (n != 0) {
        qsort(ids, n, sizeof(ptn_id_t), ptn_ews_find_cmp);
    }

    for (i = 0; i < count && f->nrows < n; i++) {
        id = ptn_table_id(f->box->mb, f->table, i);

        if (id != 0
            && bsearch(&id, ids, n, sizeof(ptn_id_t), ptn_ews_find_cmp))
        {
            f->rows[f->nrows++] = i;
        }
    }

    return PTN_OK;
}


typedef struct {
    ptn_pool_t  *pool;
    ptn_id_t    *ids;
    size_t       n, size;
} ptn_ews_hits_t;


static ptn_rc_t
ptn_ews_find_hit(void *ctx, const ptn_msg_info_t *m)
{
    ptn_id_t        *ids;
    ptn_ews_hits_t  *h = ctx;

    if (h->n == h->size) {
        ids = ptn_parray(h->pool, 2 * h->size + 64, sizeof(ptn_id_t));
        if (ids == NULL) {
            return PTN_ENOMEM;
        }

        if (h->n != 0) {
            memcpy(ids, h->ids, h->n * sizeof(ptn_id_t));
        }

        h->ids = ids;
        h->size = 2 * h->size + 64;
    }

    h->ids[h->n++] = m->id;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_find_query(ptn_ews_find_t *f, ptn_str_t text)
{
    ptn_rc_t         rc;
    ptn_query_t     *query;
    ptn_scope_t      scope = { &f->folder, 1, false };
    ptn_ews_hits_t   h = { f->e->pool, NULL, 0, 0 };

    if (ptn_table_kind(f->table) != PTN_TABLE_CONTENTS) {
        return ptn_ews_error(f->e, "ErrorContentIndexingNotEnabled",
                   "Associated and deleted items are not in the index.");
    }

    rc = ptn_ews_aqs(f->e, f->box, f->folder, text, time(NULL), &query);

    if (rc == PTN_OK) {
        rc = ptn_search_run(f->box->mb, query, &scope, false,
                            ptn_ews_find_hit, &h);
    }

    if (rc == PTN_ELIMIT) {
        return ptn_ews_error(f->e, "ErrorRestrictionTooComplex",
                             "The query string is too complex.");
    }

    return rc == PTN_OK ? ptn_ews_find_pick(f, h.ids, h.n) : rc;
}


/* --- order, rows ---------------------------------------------------------- */

static ptn_rc_t
ptn_ews_find_sort(ptn_ews_find_t *f, const ptn_ews_el_t *order)
{
    size_t                  n;
    ptn_rc_t                rc;
    ptn_sort_t              sorts[PTN_TABLE_SORTS_MAX];
    const ptn_ews_el_t     *el;
    const ptn_ews_field_t  *field;

    for (n = 0, el = order->child; el != NULL; el = el->next, n++) {
        if (n == PTN_TABLE_SORTS_MAX) {
            return ptn_ews_error(f->e, "ErrorUnsupportedPathForSortGroup",
                                 "There are too many orders.");
        }

        rc = ptn_ews_filter_tag(f->e, f->box, NULL, el->child,
                                "ErrorUnsupportedPathForSortGroup",
                                &sorts[n].tag, &field);
        if (rc != PTN_OK) {
            return rc;
        }

        if (field != NULL && (field->flags & PTN_EWS_SORT) == 0) {
            return ptn_ews_error(f->e, "ErrorUnsupportedPathForSortGroup",
                                 "The property cannot be sorted by.");
        }

        sorts[n].descending = ptn_str_eqz(ptn_ews_attr(el, "Order"),
                                          "Descending");
    }

    rc = ptn_table_sort(f->box->mb, f->table, sorts, n);

    return rc != PTN_ESUPPORT ? rc
           : ptn_ews_error(f->e, "ErrorUnsupportedPathForSortGroup",
                           "The property cannot be sorted by.");
}


static ptn_rc_t
ptn_ews_find_row(void *ctx, const ptn_table_row_t *row)
{
    ptn_rc_t         rc;
    ptn_ews_src_t    s;
    ptn_ews_find_t  *f = ctx;

    memset(&s, 0, sizeof(s));
    s.box = f->box;
    s.shape = f->shape;
    s.info = row->info;
    s.values = row->values;

    if (ptn_ews_recoverable(f->folder)) {
        rc = ptn_ews_put_message(f->e, f->box, f->shape, row->id, true,
                                 f->folder);

        if (rc == PTN_ENOTFOUND) {
            return PTN_OK;              /* gone for good since */
        }

    } else {
        rc = ptn_ews_item_name(f->box, row->info->folder, row->info->mid,
                               &s.id);

        if (rc == PTN_OK) {
            rc = ptn_ews_put_item(f->e, &s);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_flush(&f->e->out);
    }

    if (rc != PTN_OK) {
        f->rc = rc;
        return PTN_AGAIN;
    }

    return PTN_OK;
}


/* The rows of a page; those that were picked are runs of the table's. */
static ptn_rc_t
ptn_ews_find_rows(ptn_ews_find_t *f, const ptn_ews_page_t *page)
{
    size_t    ntags;
    ptn_rc_t  rc;
    uint32_t  i, n, from;

    rc = PTN_OK;

    /* change keys say the change number: the last slot is kept for it */

    f->shape->tags[f->shape->ntags] = PTN_PR_CHANGE_NUMBER;
    ntags = ptn_ews_recoverable(f->folder) ? 0 : f->shape->ntags + 1u;

    for (i = 0; rc == PTN_OK && i < page->n; i += n) {
        from = page->from + i;
        n = page->n - i;

        if (f->picked) {
            for (n = 1; i + n < page->n && f->rows[from + n]
                                           == f->rows[from] + n; n++)
            {
                /* void */
            }

            from = f->rows[from];
        }

        rc = ptn_table_rows(f->box->mb, f->table, f->e->pool,
                            f->shape->tags, ntags, from, n, false,
                            ptn_ews_find_row, f);

        if (f->rc != PTN_OK) {
            return f->rc;
        }
    }

    return rc;
}


/*
 * The row where the condition holds first, or last (BasePoint End): the page
 * begins there (t:SeekToConditionPageViewType).  None: behind the end.
 */
static ptn_rc_t
ptn_ews_find_seek(ptn_ews_find_t *f, const ptn_ews_el_t *view,
    uint32_t total, uint32_t *ret_at)
{
    bool                end;
    uint32_t            lo, hi, mid, at, i;
    ptn_rc_t            rc;
    ptn_restrict_t     *r;

    end = ptn_str_eqz(ptn_ews_attr(view, "BasePoint"), "End");
    rc = ptn_ews_filter(f->e, f->box, NULL, ptn_ews_child(view, "Condition"),
                        &r);
    *ret_at = total;

    for (i = 0; rc == PTN_OK && i < total; i++) {
        lo = end ? 0 : i;
        hi = end ? total - i : total;

        if (f->picked) {                /* one of those that are shown */
            mid = f->rows[end ? hi - 1 : lo];
            lo = mid;
            hi = mid + 1;
        }

        rc = ptn_table_search(f->box->mb, f->table, f->e->pool, r, lo, hi,
                              end, &at);

        if (rc == PTN_OK) {
            *ret_at = !f->picked ? at : end ? total - i - 1 : i;
            return PTN_OK;
        }

        if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;

            if (!f->picked) {
                break;
            }
        }
    }

    return ptn_ews_filter_error(f->e, rc);
}


static ptn_rc_t
ptn_ews_find_open(ptn_ews_find_t *f)
{
    ptn_str_t         traversal;
    ptn_table_kind_e  kind;

    traversal = ptn_ews_attr(f->e->request, "Traversal");

    if (ptn_ews_recoverable(f->folder)) {
        return ptn_ews_recoverable_table(f->box, f->folder, traversal,
                                         &f->table);
    }

    kind = ptn_str_eqz(traversal, "Associated") ? PTN_TABLE_FAI
           : ptn_str_eqz(traversal, "SoftDeleted") ? PTN_TABLE_GONE
                                                   : PTN_TABLE_CONTENTS;

    return ptn_table_open(f->box->mb, kind, f->folder, 0, &f->table);
}


static ptn_rc_t
ptn_ews_find_view(ptn_ews_find_t *f, uint32_t total, ptn_ews_page_t *page)
{
    ptn_rc_t             rc;
    uint32_t             at;
    const ptn_ews_el_t  *view, *request;

    request = f->e->request;
    view = ptn_ews_child(request, "SeekToConditionPageItemView");
    at = 0;

    if (view != NULL) {
        rc = ptn_ews_find_seek(f, view, total, &at);
        return rc == PTN_OK ? ptn_ews_page_at(f->e, view, total, at, page)
                            : rc;
    }

    view = ptn_ews_child(request, "IndexedPageItemView");
    if (view == NULL) {
        view = ptn_ews_child(request, "FractionalPageItemView");
    }

    return ptn_ews_page(f->e, view, total, page);
}


static ptn_rc_t
ptn_ews_find_folder_items(ptn_ews_find_t *f, const ptn_ews_el_t *el)
{
    ptn_rc_t              rc;
    uint32_t              total;
    ptn_ews_page_t        page;
    const ptn_folder_t   *folder;
    const ptn_ews_el_t   *sub, *request;

    request = f->e->request;

    rc = ptn_ews_folder_any(f->e, el, &f->box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    f->folder = folder->id;
    rc = ptn_mbox_read(f->box->mb);

    if (rc == PTN_OK) {
        rc = ptn_ews_shape_bind(f->e, f->shape, f->box);
    }

    if (rc == PTN_OK) {
        rc = ptn_ews_find_open(f);
    }

    sub = ptn_ews_child(request, "Restriction");

    if (rc == PTN_OK && sub != NULL) {
        rc = ptn_ews_find_restrict(f, sub);
    }

    sub = ptn_ews_child(request, "SortOrder");

    if (rc == PTN_OK && sub != NULL) {
        rc = ptn_ews_find_sort(f, sub);
    }

    sub = ptn_ews_child(request, "QueryString");

    if (rc == PTN_OK && sub != NULL) {
        rc = ptn_ews_find_query(f, sub->text);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    total = f->picked ? f->nrows : ptn_table_count(f->table);
    rc = ptn_ews_find_view(f, total, &page);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_put_page(f->e, &page, total);
    ptn_ews_lit(&f->e->out, "<t:Items>");

    rc = ptn_ews_find_rows(f, &page);

    ptn_ews_lit(&f->e->out, "</t:Items></m:RootFolder>");

    return rc;
}


/* What is in the schema and not built. */
static ptn_rc_t
ptn_ews_find_refuse(ptn_ews_t *e)
{
    bool                 deleted;
    const ptn_ews_el_t  *query;

    if (ptn_ews_child(e->request, "CalendarView") != NULL) {
        return ptn_ews_error(e, "ErrorCalendarFolderIsInvalidForCalendarView",
                             "Calendar views are not built.");
    }

    if (ptn_ews_child(e->request, "ContactsView") != NULL
        || ptn_ews_child(e->request, "GroupBy") != NULL
        || ptn_ews_child(e->request, "DistinguishedGroupBy") != NULL)
    {
        return ptn_ews_error(e, "ErrorInvalidOperation",
                   "Such views and groups are not built.");
    }

    query = ptn_ews_child(e->request, "QueryString");

    if (query != NULL && ptn_ews_child(e->request, "Restriction") != NULL) {
        return ptn_ews_error(e, "ErrorInvalidOperation",
                   "A query string excludes a restriction.");
    }

    if (query != NULL
        && ptn_xs_bool(ptn_ews_attr(query, "ReturnDeletedItems"), &deleted)
           == PTN_OK && deleted)
    {
        return ptn_ews_error(e, "ErrorInvalidOperation",
                   "Items that were deleted are not in the index.");
    }

    return PTN_OK;
}


ptn_rc_t
ptn_ews_find_item(ptn_ews_t *e)
{
    ptn_rc_t             rc, refused;
    ptn_ews_find_t      *f;
    ptn_ews_mark_t       mark;
    ptn_ews_shape_t     *shape;
    const ptn_ews_el_t  *el;

    shape = ptn_palloc(e->pool, sizeof(ptn_ews_shape_t));
    f = ptn_palloc(e->pool, sizeof(ptn_ews_find_t));

    if (shape == NULL || f == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_ews_shape(e, ptn_ews_child(e->request, "ItemShape"), true,
                       shape);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "ParentFolderIds")->child;
         el != NULL; el = el->next)
    {
        memset(f, 0, sizeof(ptn_ews_find_t));
        f->e = e;
        f->shape = shape;

        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);

        refused = ptn_ews_find_refuse(e);
        rc = refused != PTN_OK ? refused : ptn_ews_find_folder_items(f, el);

        ptn_table_close(f->table);

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound", NULL);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
