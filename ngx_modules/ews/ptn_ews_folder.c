#include <stdlib.h>

#include "ptn_ews_search.h"


/* Folders as EWS shows them (MS-OXWSFOLD): GetFolder, FindFolder. */


/* --- fields --------------------------------------------------------------- */

typedef enum {
    PTN_EWS_FF_ID, PTN_EWS_FF_PARENT, PTN_EWS_FF_CLASS, PTN_EWS_FF_NAME,
    PTN_EWS_FF_TOTAL, PTN_EWS_FF_CHILDREN, PTN_EWS_FF_EXTENDED,
    PTN_EWS_FF_RIGHTS, PTN_EWS_FF_DISTINGUISHED, PTN_EWS_FF_UNREAD,
    PTN_EWS_FF_SEARCH, PTN_EWS_FF_PERMISSIONS, PTN_EWS_FF_ABSENT
} ptn_ews_ff_e;

typedef struct {
    const char  *uri;
    const char  *element;
    uint8_t      what;              /* ptn_ews_ff_e */
    uint8_t      since;
    uint16_t     flags;
    uint16_t     type;              /* for restrictions; 0: not */
} ptn_ews_folder_field_t;

/* In the order of t:BaseFolderType and t:FolderType. */
static const ptn_ews_folder_field_t  ptn_ews_folder_fields[] = {
    { "folder:FolderId", "t:FolderId", PTN_EWS_FF_ID, PTN_EWS_2007,
      PTN_EWS_IDONLY|PTN_EWS_DEFAULT|PTN_EWS_ALL, 0 },
    { "folder:ParentFolderId", "t:ParentFolderId", PTN_EWS_FF_PARENT,
      PTN_EWS_2007, PTN_EWS_ALL, 0 },
    { "folder:FolderClass", "t:FolderClass", PTN_EWS_FF_CLASS, PTN_EWS_2007,
      PTN_EWS_ALL, PTN_PT_UNICODE },
    { "folder:DisplayName", "t:DisplayName", PTN_EWS_FF_NAME, PTN_EWS_2007,
      PTN_EWS_DEFAULT|PTN_EWS_ALL, PTN_PT_UNICODE },
    { "folder:TotalCount", "t:TotalCount", PTN_EWS_FF_TOTAL, PTN_EWS_2007,
      PTN_EWS_DEFAULT|PTN_EWS_ALL, PTN_PT_LONG },
    { "folder:ChildFolderCount", "t:ChildFolderCount", PTN_EWS_FF_CHILDREN,
      PTN_EWS_2007, PTN_EWS_DEFAULT|PTN_EWS_ALL, PTN_PT_LONG },
    { NULL, "t:ExtendedProperty", PTN_EWS_FF_EXTENDED, PTN_EWS_2007,
      PTN_EWS_IDONLY|PTN_EWS_DEFAULT|PTN_EWS_ALL, 0 },
    { "folder:ManagedFolderInformation", "t:ManagedFolderInformation",
      PTN_EWS_FF_ABSENT, PTN_EWS_2007, PTN_EWS_ALL, 0 },
    { "folder:EffectiveRights", "t:EffectiveRights", PTN_EWS_FF_RIGHTS,
      PTN_EWS_2007_SP1, PTN_EWS_ALL, 0 },
    { "folder:DistinguishedFolderId", "t:DistinguishedFolderId",
      PTN_EWS_FF_DISTINGUISHED, PTN_EWS_2013, PTN_EWS_ALL, 0 },
    { "folder:PolicyTag", "t:PolicyTag", PTN_EWS_FF_ABSENT, PTN_EWS_2013,
      PTN_EWS_ALL, 0 },
    { "folder:ArchiveTag", "t:ArchiveTag", PTN_EWS_FF_ABSENT, PTN_EWS_2013,
      PTN_EWS_ALL, 0 },
    { "folder:ReplicaList", "t:ReplicaList", PTN_EWS_FF_ABSENT,
      PTN_EWS_2013, PTN_EWS_ALL, 0 },
    { "folder:SharingEffectiveRights", "t:SharingEffectiveRights",
      PTN_EWS_FF_ABSENT, PTN_EWS_2010, PTN_EWS_ALL, 0 },
    { "folder:PermissionSet", "t:PermissionSet", PTN_EWS_FF_PERMISSIONS,
      PTN_EWS_2007_SP1, PTN_EWS_ALL, 0 },
    { "folder:UnreadCount", "t:UnreadCount", PTN_EWS_FF_UNREAD, PTN_EWS_2007,
      PTN_EWS_DEFAULT|PTN_EWS_ALL, PTN_PT_LONG },
    { "folder:SearchParameters", "t:SearchParameters", PTN_EWS_FF_SEARCH,
      PTN_EWS_2007, PTN_EWS_ALL, 0 },
};


static int
ptn_ews_folder_field(ptn_str_t uri)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_ews_folder_fields); i++) {
        if (ptn_ews_folder_fields[i].uri != NULL
            && ptn_str_eqz(uri, ptn_ews_folder_fields[i].uri))
        {
            return (int) i;
        }
    }

    return -1;
}


static ptn_rc_t
ptn_ews_folder_additional(ptn_ews_t *e, const ptn_ews_el_t *list,
    ptn_ews_folder_shape_t *shape)
{
    int                  i;
    ptn_rc_t             rc;
    ptn_str_t            uri;
    const ptn_ews_el_t  *el;

    for (el = list->child; el != NULL; el = el->next) {

        if (ptn_ews_named(el, "FieldURI")) {
            uri = ptn_ews_attr(el, "FieldURI");
            i = ptn_ews_folder_field(uri);

            if (i < 0 || ptn_ews_folder_fields[i].since > e->version) {
                return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                           "The property is not one of folders.");
            }

            shape->want |= 1u << i;
            continue;
        }

        if (!ptn_ews_named(el, "ExtendedFieldURI")
            || shape->nexts == PTN_EWS_EXTS_MAX)
        {
            return ptn_ews_error(e, "ErrorInvalidPropertyRequest",
                                 "The property is not one of folders.");
        }

        if (shape->exts == NULL) {
            shape->exts = ptn_pcalloc(e->pool, PTN_EWS_EXTS_MAX
                                               * sizeof(ptn_ews_ext_t));
            if (shape->exts == NULL) {
                return PTN_ENOMEM;
            }
        }

        rc = ptn_ews_ext_parse(e, el, &shape->exts[shape->nexts]);
        if (rc != PTN_OK) {
            return rc;
        }

        shape->nexts++;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_ews_folder_shape(ptn_ews_t *e, const ptn_ews_el_t *el,
    ptn_ews_folder_shape_t *shape)
{
    size_t               i;
    uint16_t             bit;
    ptn_str_t            base;
    const ptn_ews_el_t  *more;

    memset(shape, 0, sizeof(ptn_ews_folder_shape_t));

    base = ptn_ews_find_text(el, "BaseShape");

    bit = ptn_str_eqz(base, "AllProperties") ? PTN_EWS_ALL
          : ptn_str_eqz(base, "Default") ? PTN_EWS_DEFAULT : PTN_EWS_IDONLY;

    for (i = 0; i < ptn_nelts(ptn_ews_folder_fields); i++) {
        if ((ptn_ews_folder_fields[i].flags & bit) != 0
            && ptn_ews_folder_fields[i].since <= e->version)
        {
            shape->want |= 1u << i;
        }
    }

    more = ptn_ews_child(el, "AdditionalProperties");

    return more == NULL ? PTN_OK
                        : ptn_ews_folder_additional(e, more, shape);
}


/* --- a folder ------------------------------------------------------------- */

static int
ptn_ews_folder_cmp(const void *a, const void *b)
{
    const ptn_id_t  *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}


/* Parents of all folders, sorted: how often one is there is how many it has.
 * Made at the first question. */
static ptn_rc_t
ptn_ews_folder_children(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t id,
    uint32_t *ret_n)
{
    size_t               i, lo, hi, mid, n;
    ptn_rc_t             rc;
    const ptn_folder_t  *folders;

    if (ptn_ews_recoverable(id)) {
        *ret_n = ptn_ews_recoverable_children(id);
        return PTN_OK;
    }

    if (box->parents == NULL) {
        rc = ptn_folder_list_all(box->mb, &folders, &n);
        if (rc != PTN_OK) {
            return rc;
        }

        box->parents = ptn_parray(e->pool, n + 1, sizeof(ptn_id_t));
        if (box->parents == NULL) {
            return PTN_ENOMEM;
        }

        for (i = 0; i < n; i++) {
            box->parents[i] = folders[i].parent;
        }

        box->nparents = n;
        qsort(box->parents, n, sizeof(ptn_id_t), ptn_ews_folder_cmp);
    }

    for (lo = 0, hi = box->nparents; lo < hi; /* void */) {
        mid = lo + (hi - lo) / 2;

        if (box->parents[mid] < id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    for (n = lo; n < box->nparents && box->parents[n] == id; n++) {
        /* void */
    }

    *ret_n = (uint32_t) (n - lo);

    return PTN_OK;
}


static const char *
ptn_ews_folder_element(ptn_str_t cls, bool search)
{
    switch (ptn_ews_change_key_folder(cls, search)) {

    case PTN_EWS_CK_CALENDAR_FOLDER:
        return "t:CalendarFolder";

    case PTN_EWS_CK_CONTACTS_FOLDER:
        return "t:ContactsFolder";

    case PTN_EWS_CK_TASKS_FOLDER:
        return "t:TasksFolder";

    case PTN_EWS_CK_SEARCH_FOLDER:
        return "t:SearchFolder";

    default:
        return "t:Folder";
    }
}


static ptn_rc_t
ptn_ews_folder_exts(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder, const ptn_ews_folder_shape_t *shape)
{
    uint8_t    i;
    uint32_t   tag;
    ptn_rc_t   rc;
    ptn_str_t  value;

    for (i = 0; i < shape->nexts; i++) {
        rc = ptn_ews_ext_tag(box->mb, NULL, &shape->exts[i], &tag);

        if (rc == PTN_OK && tag != 0) {
            rc = ptn_folder_props(box->mb, e->pool, folder->id, &tag, 1,
                                  &value);
            if (rc == PTN_OK) {
                ptn_ews_ext_put(e, &shape->exts[i], tag, value);
            }
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_put_folder_field(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *f, const ptn_ews_folder_shape_t *shape,
    const ptn_ews_folder_field_t *field)
{
    bool                 virtual;
    uint32_t             n;
    ptn_rc_t             rc;
    const char          *name;
    const ptn_folder_t  *parent;

    virtual = ptn_ews_recoverable(f->id);

    switch (field->what) {

    case PTN_EWS_FF_ID:
        return ptn_ews_put_folder_id(e, box, "t:FolderId", f->id, f->cn,
                   ptn_ews_change_key_folder(f->cls, f->search));

    case PTN_EWS_FF_PARENT:
        if (ptn_ews_recoverable(f->parent)) {
            return ptn_ews_put_folder_id(e, box, "t:ParentFolderId",
                                         f->parent, f->cn, PTN_EWS_CK_FOLDER);
        }

        if (f->parent == 0 || f->parent == f->id
            || ptn_folder_get(box->mb, f->parent, &parent) != PTN_OK)
        {
            return PTN_OK;
        }

        return ptn_ews_put_folder_id(e, box, "t:ParentFolderId", parent->id,
                   parent->cn,
                   ptn_ews_change_key_folder(parent->cls, parent->search));

    case PTN_EWS_FF_CLASS:
        if (f->cls.len != 0) {
            ptn_ews_elem(&e->out, field->element, f->cls);
        }
        return PTN_OK;

    case PTN_EWS_FF_NAME:
        ptn_ews_elem(&e->out, field->element, f->name);
        return PTN_OK;

    case PTN_EWS_FF_TOTAL:
        ptn_ews_elem_int(&e->out, field->element, f->total);
        return PTN_OK;

    case PTN_EWS_FF_CHILDREN:
        rc = ptn_ews_folder_children(e, box, f->id, &n);
        if (rc == PTN_OK) {
            ptn_ews_elem_int(&e->out, field->element, n);
        }
        return rc;

    case PTN_EWS_FF_EXTENDED:
        return virtual ? PTN_OK : ptn_ews_folder_exts(e, box, f, shape);

    case PTN_EWS_FF_RIGHTS:
        if (virtual) {
            ptn_ews_recoverable_rights(e);
            return PTN_OK;
        }

        return ptn_ews_put_effective_rights(e, box, f);

    case PTN_EWS_FF_DISTINGUISHED:
        name = virtual ? ptn_ews_recoverable_name(f->id)
                       : ptn_ews_distinguished(f->special, e->version);
        if (name != NULL) {
            ptn_ews_elem_z(&e->out, field->element, name);
        }
        return PTN_OK;

    case PTN_EWS_FF_UNREAD:
        name = ptn_ews_folder_element(f->cls, f->search);

        if (strcmp(name, "t:CalendarFolder") != 0
            && strcmp(name, "t:ContactsFolder") != 0)
        {
            ptn_ews_elem_int(&e->out, field->element, f->unread);
        }
        return PTN_OK;

    case PTN_EWS_FF_PERMISSIONS:
        return shape->permissions && !virtual
               ? ptn_ews_put_permissions(e, box, f) : PTN_OK;

    case PTN_EWS_FF_SEARCH:
        return f->search ? ptn_ews_put_search(e, box, f->id) : PTN_OK;

    default:
        return PTN_OK;
    }
}


ptn_rc_t
ptn_ews_put_folder(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *folder, const ptn_ews_folder_shape_t *shape)
{
    size_t       i;
    ptn_rc_t     rc;
    const char  *element;

    element = ptn_ews_folder_element(folder->cls, folder->search);
    ptn_xml_put_open(&e->out.buf, element);

    for (i = 0; i < ptn_nelts(ptn_ews_folder_fields); i++) {
        if ((shape->want & 1u << i) == 0) {
            continue;
        }

        rc = ptn_ews_put_folder_field(e, box, folder, shape,
                                      &ptn_ews_folder_fields[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_xml_put_close(&e->out.buf, element);

    return PTN_OK;
}


/* --- GetFolder ------------------------------------------------------------ */

ptn_rc_t
ptn_ews_get_folder(ptn_ews_t *e)
{
    ptn_rc_t                 rc;
    ptn_ews_box_t           *box;
    ptn_ews_mark_t           mark;
    const ptn_folder_t      *folder;
    const ptn_ews_el_t      *el;
    ptn_ews_folder_shape_t   shape;

    rc = ptn_ews_folder_shape(e, ptn_ews_child(e->request, "FolderShape"),
                              &shape);
    if (rc != PTN_OK) {
        return rc;
    }

    shape.permissions = true;
    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "FolderIds")->child; el != NULL;
         el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);
        ptn_ews_lit(&e->out, "<m:Folders>");

        rc = ptn_ews_folder_any(e, el, &box, &folder);

        if (rc == PTN_OK) {
            rc = ptn_ews_put_folder(e, box, folder, &shape);
        }

        ptn_ews_lit(&e->out, "</m:Folders>");

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound",
                                 "<m:Folders/>");
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}


/* --- FindFolder ----------------------------------------------------------- */

static ptn_rc_t
ptn_ews_folder_resolve(ptn_ews_t *e, void *ctx, const ptn_ews_el_t *path,
    ptn_ews_operand_t *ret)
{
    int  i;

    (void) ctx;

    i = ptn_ews_named(path, "FieldURI")
        ? ptn_ews_folder_field(ptn_ews_attr(path, "FieldURI")) : -1;

    if (i < 0 || ptn_ews_folder_fields[i].type == 0) {
        return ptn_ews_error(e, "ErrorUnsupportedPathForQuery",
                             "Folders cannot be searched by that property.");
    }

    ret->slot = (uint8_t) i;
    ret->type = ptn_ews_folder_fields[i].type;
    ret->choices = NULL;

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_folder_match(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_folder_t *f, const ptn_ews_term_t *term, bool *ret)
{
    size_t     i;
    u_char     n[ptn_nelts(ptn_ews_folder_fields)][4];
    uint32_t   v;
    ptn_rc_t   rc;
    ptn_str_t  values[ptn_nelts(ptn_ews_folder_fields)];

    memset(values, 0, sizeof(values));

    for (i = 0; i < ptn_nelts(ptn_ews_folder_fields); i++) {
        v = 0;

        switch (ptn_ews_folder_fields[i].what) {

        case PTN_EWS_FF_NAME:
            values[i] = f->name;
            continue;

        case PTN_EWS_FF_CLASS:
            values[i] = f->cls.len == 0 ? ptn_str("") : f->cls;
            continue;

        case PTN_EWS_FF_TOTAL:
            v = f->total;
            break;

        case PTN_EWS_FF_UNREAD:
            v = f->unread;
            break;

        case PTN_EWS_FF_CHILDREN:
            rc = ptn_ews_folder_children(e, box, f->id, &v);
            if (rc != PTN_OK) {
                return rc;
            }
            break;

        default:
            continue;
        }

        ptn_put_le32(n[i], v);
        values[i] = ptn_str_make(n[i], 4);
    }

    return ptn_ews_search_match(e, term, values, ret);
}


/* Those of the list that match. */
static ptn_rc_t
ptn_ews_folders_filter(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_ews_term_t *term, const ptn_folder_t **list, size_t *n)
{
    bool      match;
    size_t    i, found;
    ptn_rc_t  rc;

    for (i = 0, found = 0; i < *n; i++) {
        match = true;

        if (term != NULL) {
            rc = ptn_ews_folder_match(e, box, list[i], term, &match);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        if (match) {
            list[found++] = list[i];
        }
    }

    *n = found;

    return PTN_OK;
}


/*
 * Folders below `root`: the list has parents before children, so one pass
 * with the set of those that are below will do.
 */
ptn_rc_t
ptn_ews_folders_below(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t root,
    bool deep, const ptn_ews_term_t *term, const ptn_folder_t ***ret,
    size_t *ret_n)
{
    bool                 *below;
    size_t                i, k, n, found;
    ptn_rc_t              rc;
    const ptn_folder_t   *folders, **list;

    if (ptn_ews_recoverable(root)) {
        rc = ptn_ews_recoverable_below(e, box, root, ret, ret_n);
        return rc == PTN_OK ? ptn_ews_folders_filter(e, box, term, *ret, ret_n)
                            : rc;
    }

    rc = ptn_folder_list_all(box->mb, &folders, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    list = ptn_parray(e->pool, n + 1, sizeof(ptn_folder_t *));
    below = ptn_pcalloc(e->pool, n + 1);

    if (list == NULL || below == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, found = 0; i < n; i++) {
        below[i] = (folders[i].parent == root);

        for (k = i; deep && !below[i] && k-- > 0; /* void */) {
            if (folders[k].id == folders[i].parent) {
                below[i] = below[k];
                break;
            }
        }

        if (below[i]) {
            list[found++] = &folders[i];
        }
    }

    *ret = list;
    *ret_n = found;

    return ptn_ews_folders_filter(e, box, term, list, ret_n);
}


static ptn_rc_t
ptn_ews_find_below(ptn_ews_t *e, const ptn_ews_el_t *el,
    const ptn_ews_folder_shape_t *shape)
{
    size_t                n;
    uint32_t              i;
    ptn_rc_t              rc;
    ptn_str_t             traversal;
    ptn_ews_box_t        *box;
    ptn_ews_term_t       *term;
    ptn_ews_page_t        page;
    const ptn_folder_t   *folder, **list;
    const ptn_ews_el_t   *view, *sub;

    rc = ptn_ews_folder_any(e, el, &box, &folder);
    if (rc != PTN_OK) {
        return rc;
    }

    traversal = ptn_ews_attr(e->request, "Traversal");

    if (ptn_str_eqz(traversal, "SoftDeleted")) {
        return ptn_ews_error(e, "ErrorInvalidOperation",
                   "Folders that were deleted softly cannot be listed.");
    }

    term = NULL;
    sub = ptn_ews_child(e->request, "Restriction");

    if (sub != NULL) {
        rc = ptn_ews_search_compile(e, sub, ptn_ews_folder_resolve, NULL,
                                    &term);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_ews_folders_below(e, box, folder->id,
                               ptn_str_eqz(traversal, "Deep"), term, &list,
                               &n);
    if (rc != PTN_OK) {
        return rc;
    }

    view = ptn_ews_child(e->request, "IndexedPageFolderView");
    if (view == NULL) {
        view = ptn_ews_child(e->request, "FractionalPageFolderView");
    }

    rc = ptn_ews_page(e, view, (uint32_t) n, &page);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_put_page(e, &page, (uint32_t) n);
    ptn_ews_lit(&e->out, "<t:Folders>");

    for (i = 0; rc == PTN_OK && i < page.n; i++) {
        rc = ptn_ews_put_folder(e, box, list[page.from + i], shape);
    }

    ptn_ews_lit(&e->out, "</t:Folders></m:RootFolder>");

    return rc;
}


ptn_rc_t
ptn_ews_find_folder(ptn_ews_t *e)
{
    ptn_rc_t                 rc;
    ptn_ews_mark_t           mark;
    const ptn_ews_el_t      *el;
    ptn_ews_folder_shape_t   shape;

    rc = ptn_ews_folder_shape(e, ptn_ews_child(e->request, "FolderShape"),
                              &shape);
    if (rc != PTN_OK) {
        return rc;
    }

    ptn_ews_reply_open(e);

    for (el = ptn_ews_child(e->request, "ParentFolderIds")->child;
         el != NULL; el = el->next)
    {
        mark = ptn_ews_mark(&e->out);
        ptn_ews_message_open(e);

        rc = ptn_ews_find_below(e, el, &shape);

        rc = ptn_ews_message_end(e, mark, rc, "ErrorFolderNotFound", NULL);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    ptn_ews_reply_close(e);

    return PTN_OK;
}
