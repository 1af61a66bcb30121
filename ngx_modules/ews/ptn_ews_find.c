#include "ptn_ews_search.h"


/* FindItem (MS-OXWSSRCH 3.1.4.2). */

/* Values that are no properties of a row of the table. */
typedef enum {
    PTN_EWS_ROW_READ, PTN_EWS_ROW_DRAFT, PTN_EWS_ROW_SIZE,
    PTN_EWS_ROW_RECEIVED, PTN_EWS_ROW_MODIFIED, PTN_EWS_ROW_ASSOCIATED,
    PTN_EWS_ROW_SPECIALS
} ptn_ews_row_e;

static const struct {
    const char  *uri;
    uint16_t     type;
} ptn_ews_row_specials[] = {
    { "message:IsRead",         PTN_PT_BOOLEAN },
    { "item:IsDraft",           PTN_PT_BOOLEAN },
    { "item:Size",              PTN_PT_I8 },
    { "item:DateTimeReceived",  PTN_PT_SYSTIME },
    { "item:LastModifiedTime",  PTN_PT_SYSTIME },
    { "item:IsAssociated",      PTN_PT_BOOLEAN },
};

typedef struct {
    ptn_ews_t        *e;
    ptn_ews_box_t    *box;
    ptn_table_t      *table;
    ptn_ews_shape_t  *shape;

    /* the restriction: values[0 ..] are special, then tags of the table */
    ptn_ews_term_t   *term;
    uint32_t          tags[PTN_EWS_TERMS_MAX];
    uint32_t          ntags;
    uint32_t         *rows;             /* those that match */
    uint32_t          nrows;
    ptn_rc_t          rc;
} ptn_ews_find_t;


/* --- the restriction ------------------------------------------------------ */

static ptn_rc_t
ptn_ews_find_slot(ptn_ews_find_t *f, uint32_t tag, ptn_ews_operand_t *ret)
{
    uint32_t  i;

    for (i = 0; i < f->ntags && f->tags[i] != tag; i++) { /* void */ }

    if (i == f->ntags) {
        if (i == PTN_EWS_SLOTS_MAX - PTN_EWS_ROW_SPECIALS) {
            return ptn_ews_error(f->e, "ErrorRestrictionTooComplex",
                                 "The restriction has too many properties.");
        }

        f->tags[f->ntags++] = tag;
    }

    ret->slot = (uint8_t) (PTN_EWS_ROW_SPECIALS + i);
    ret->type = ptn_prop_type(tag);

    return PTN_OK;
}


/* The tag of a path, in this mailbox; 0: nothing has that name here. */
static ptn_rc_t
ptn_ews_find_tag(ptn_ews_find_t *f, const ptn_ews_el_t *path,
    const char *refuse, uint32_t *ret_tag, const ptn_ews_field_t **ret_field)
{
    ptn_rc_t                rc;
    uint16_t                id;
    ptn_ews_ext_t           ext;
    const ptn_ews_field_t  *field;

    *ret_field = NULL;

    if (ptn_ews_named(path, "ExtendedFieldURI")) {
        rc = ptn_ews_ext_parse(f->e, path, &ext);
        if (rc != PTN_OK) {
            return rc;
        }

        rc = ptn_ews_ext_tag(f->box->mb, NULL, &ext, ret_tag);

        if (rc == PTN_OK && *ret_tag == 0) {
            *ret_tag = PTN_PR_NULL & 0xffff0000;
            *ret_tag |= ext.type;       /* id 0: no row has it */
        }

        return rc;
    }

    field = ptn_ews_named(path, "FieldURI")
            ? ptn_ews_field(ptn_ews_attr(path, "FieldURI")) : NULL;

    if (field == NULL || field->tags[0] == 0
        || (field->flags & PTN_EWS_NOFIND) != 0)
    {
        return ptn_ews_error(f->e, refuse,
                             "The property cannot be used here.");
    }

    *ret_field = field;
    *ret_tag = field->tags[0];

    if (field->named != NULL) {
        rc = ptn_named_ids(f->box->mb, NULL, field->named, 1, &id);
        if (rc != PTN_OK) {
            return rc;
        }

        *ret_tag |= (uint32_t) id << 16;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_find_resolve(ptn_ews_t *e, void *ctx, const ptn_ews_el_t *path,
    ptn_ews_operand_t *ret)
{
    size_t                  i;
    uint32_t                tag;
    ptn_rc_t                rc;
    ptn_str_t               uri;
    ptn_ews_find_t         *f = ctx;
    const ptn_ews_field_t  *field;

    (void) e;

    memset(ret, 0, sizeof(ptn_ews_operand_t));

    if (ptn_ews_named(path, "FieldURI")) {
        uri = ptn_ews_attr(path, "FieldURI");

        for (i = 0; i < ptn_nelts(ptn_ews_row_specials); i++) {
            if (ptn_str_eqz(uri, ptn_ews_row_specials[i].uri)) {
                ret->slot = (uint8_t) i;
                ret->type = ptn_ews_row_specials[i].type;
                return PTN_OK;
            }
        }
    }

    rc = ptn_ews_find_tag(f, path, "ErrorUnsupportedPathForQuery", &tag,
                          &field);
    if (rc != PTN_OK) {
        return rc;
    }

    ret->choices = field == NULL ? NULL : field->choices;

    return ptn_ews_find_slot(f, tag, ret);
}


static ptn_rc_t
ptn_ews_find_match(void *ctx, const ptn_table_row_t *row)
{
    bool             match;
    size_t           i, k;
    u_char           special[PTN_EWS_ROW_SPECIALS][8];
    ptn_rc_t         rc;
    uint64_t         n[PTN_EWS_ROW_SPECIALS];
    ptn_str_t        values[PTN_EWS_SLOTS_MAX];
    ptn_ews_find_t  *f = ctx;

    n[PTN_EWS_ROW_READ] = (row->info->flags & PTN_FLAG_SEEN) != 0;
    n[PTN_EWS_ROW_DRAFT] = (row->info->flags & PTN_FLAG_DRAFT) != 0;
    n[PTN_EWS_ROW_SIZE] = row->info->size;
    n[PTN_EWS_ROW_RECEIVED] = (uint64_t) ptn_filetime(row->info->received);
    n[PTN_EWS_ROW_MODIFIED] = (uint64_t) ptn_filetime(row->info->modified);
    n[PTN_EWS_ROW_ASSOCIATED] = row->info->fai;

    for (i = 0; i < PTN_EWS_ROW_SPECIALS; i++) {
        for (k = 0; k < 8; k++) {
            special[i][k] = (u_char) (n[i] >> (8 * k));
        }

        values[i] = ptn_str_make(special[i], ptn_prop_size(
                                     ptn_ews_row_specials[i].type));
    }

    memcpy(values + PTN_EWS_ROW_SPECIALS, row->values,
           f->ntags * sizeof(ptn_str_t));

    rc = ptn_ews_search_match(f->e, f->term, values, &match);

    if (rc == PTN_OK && match) {
        f->rows[f->nrows++] = row->row;
    }

    if (rc != PTN_OK) {
        f->rc = rc;
        return PTN_AGAIN;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_find_restrict(ptn_ews_find_t *f, const ptn_ews_el_t *restriction)
{
    ptn_rc_t  rc;
    uint32_t  count;

    rc = ptn_ews_search_compile(f->e, restriction, ptn_ews_find_resolve, f,
                                &f->term);
    if (rc != PTN_OK) {
        return rc;
    }

    count = ptn_table_count(f->table);

    f->rows = ptn_parray(f->e->pool, count + 1, sizeof(uint32_t));
    if (f->rows == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_table_rows(f->box->mb, f->table, f->e->pool, f->tags, f->ntags,
                        0, count, true, ptn_ews_find_match, f);

    return f->rc != PTN_OK ? f->rc : rc;
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

        rc = ptn_ews_find_tag(f, el->child,
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

    rc = ptn_ews_item_name(f->box, row->info->folder, row->info->mid, &s.id);

    if (rc == PTN_OK) {
        rc = ptn_ews_put_item(f->e, &s);
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


/* The rows of a page; with a restriction they are runs of the table's. */
static ptn_rc_t
ptn_ews_find_rows(ptn_ews_find_t *f, const ptn_ews_page_t *page)
{
    ptn_rc_t  rc;
    uint32_t  i, n, from;

    rc = PTN_OK;

    for (i = 0; rc == PTN_OK && i < page->n; i += n) {
        from = page->from + i;
        n = page->n - i;

        if (f->term != NULL) {
            for (n = 1; i + n < page->n && f->rows[from + n]
                                           == f->rows[from] + n; n++)
            {
                /* void */
            }

            from = f->rows[from];
        }

        rc = ptn_table_rows(f->box->mb, f->table, f->e->pool,
                            f->shape->tags, f->shape->ntags, from, n, false,
                            ptn_ews_find_row, f);

        if (f->rc != PTN_OK) {
            return f->rc;
        }
    }

    return rc;
}


static ptn_rc_t
ptn_ews_find_folder_items(ptn_ews_find_t *f, const ptn_ews_el_t *el)
{
    ptn_rc_t              rc;
    uint32_t              total;
    ptn_ews_page_t        page;
    const ptn_folder_t   *folder;
    const ptn_ews_el_t   *sub, *view, *request;

    request = f->e->request;

    rc = ptn_ews_folder(f->e, el, &f->box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_mbox_read(f->box->mb);

    if (rc == PTN_OK) {
        rc = ptn_ews_shape_bind(f->e, f->shape, f->box);
    }

    if (rc == PTN_OK) {
        rc = ptn_table_open(f->box->mb,
                 ptn_str_eqz(ptn_ews_attr(request, "Traversal"), "Associated")
                 ? PTN_TABLE_FAI : PTN_TABLE_CONTENTS, folder->id, 0,
                 &f->table);
    }

    sub = ptn_ews_child(request, "SortOrder");

    if (rc == PTN_OK && sub != NULL) {
        rc = ptn_ews_find_sort(f, sub);
    }

    sub = ptn_ews_child(request, "Restriction");

    if (rc == PTN_OK && sub != NULL) {
        rc = ptn_ews_find_restrict(f, sub);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    total = f->term != NULL ? f->nrows : ptn_table_count(f->table);

    view = ptn_ews_child(request, "IndexedPageItemView");
    if (view == NULL) {
        view = ptn_ews_child(request, "FractionalPageItemView");
    }

    rc = ptn_ews_page(f->e, view, total, &page);
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
    if (ptn_str_eqz(ptn_ews_attr(e->request, "Traversal"), "SoftDeleted")) {
        return ptn_ews_error(e, "ErrorInvalidOperation",
                   "Items that were deleted softly cannot be listed.");
    }

    if (ptn_ews_child(e->request, "CalendarView") != NULL) {
        return ptn_ews_error(e, "ErrorCalendarFolderIsInvalidForCalendarView",
                             "Calendar views are not built.");
    }

    if (ptn_ews_child(e->request, "ContactsView") != NULL
        || ptn_ews_child(e->request, "SeekToConditionPageItemView") != NULL
        || ptn_ews_child(e->request, "GroupBy") != NULL
        || ptn_ews_child(e->request, "DistinguishedGroupBy") != NULL)
    {
        return ptn_ews_error(e, "ErrorInvalidOperation",
                   "Such views and groups are not built.");
    }

    if (ptn_ews_child(e->request, "QueryString") != NULL) {
        return ptn_ews_error(e, "ErrorContentIndexingNotEnabled",
                             "The mailbox has no search index.");
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
