#include "ptn_ews_search.h"


/* t:SearchParameters of search folders (MS-OXWSFOLD 2.2.4.17). */


static ptn_rc_t
ptn_ews_search_scope(ptn_ews_t *e, ptn_ews_box_t *box,
    const ptn_ews_el_t *list, ptn_criteria_t *criteria)
{
    size_t                n;
    ptn_id_t             *ids;
    ptn_rc_t              rc;
    ptn_ews_box_t        *other;
    const ptn_folder_t   *folder;
    const ptn_ews_el_t   *el;

    for (el = list->child, n = 0; el != NULL; el = el->next) {
        n++;
    }

    ids = ptn_parray(e->pool, n + 1, sizeof(ptn_id_t));
    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    for (el = list->child, n = 0; el != NULL; el = el->next) {
        rc = ptn_ews_folder(e, el, &other, &folder);
        if (rc != PTN_OK) {
            return rc;
        }

        if (other->mb != box->mb) {
            return ptn_ews_error(e, "ErrorInvalidOperation",
                       "A search folder cannot search another mailbox.");
        }

        ids[n++] = folder->id;
    }

    criteria->folders = ids;
    criteria->n = n;

    return PTN_OK;
}


ptn_rc_t
ptn_ews_set_search(ptn_ews_t *e, ptn_ews_box_t *box, ptn_txn_t *tx,
    ptn_id_t id, const ptn_ews_el_t *el)
{
    ptn_rc_t          rc;
    ptn_buf_t         b;
    ptn_criteria_t    criteria;
    ptn_restrict_t   *r;
    ptn_wire_text_t   text = { .pool = e->pool };

    memset(&criteria, 0, sizeof(criteria));
    criteria.flags = PTN_SEARCH_RESTART
                     | (ptn_str_eqz(ptn_ews_attr(el, "Traversal"), "Deep")
                        ? PTN_SEARCH_RECURSIVE : PTN_SEARCH_SHALLOW);

    rc = ptn_ews_search_scope(e, box, ptn_ews_child(el, "BaseFolderIds"),
                              &criteria);

    if (rc == PTN_OK) {
        rc = ptn_ews_filter(e, box, tx, ptn_ews_child(el, "Restriction"), &r);
    }

    if (rc == PTN_OK) {
        ptn_buf_init(&b, e->pool);
        rc = ptn_restrict_put(&b, &text, true, r);
        criteria.restriction = ptn_buf_get(&b);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_search_folder_set(tx, id, &criteria);

    return rc != PTN_EINVAL ? ptn_ews_filter_error(e, rc)
           : ptn_ews_error(e, "ErrorInvalidPropertySet",
                           "The folder cannot have such search parameters.");
}


/* None that EWS has no words for: the folder is shown without them. */
ptn_rc_t
ptn_ews_put_search(ptn_ews_t *e, ptn_ews_box_t *box, ptn_id_t id)
{
    size_t                i;
    ptn_rc_t              rc;
    ptn_ews_mark_t        mark;
    ptn_criteria_t        criteria;
    ptn_restrict_t       *r;
    ptn_wire_text_t       text = { .pool = e->pool };
    const ptn_folder_t   *folder;

    rc = ptn_search_folder_get(box->mb, e->pool, id, &criteria);

    if (rc == PTN_EUNAVAIL) {
        return PTN_OK;                  /* it has no criteria yet */
    }

    if (rc == PTN_OK) {
        rc = ptn_restrict_get(&text, criteria.restriction, &r);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    mark = ptn_ews_mark(&e->out);
    ptn_buf_printf(&e->out.buf, "<t:SearchParameters Traversal=\"%s\">",
                   (criteria.flags & PTN_SEARCH_IS_RECURSIVE) ? "Deep"
                                                              : "Shallow");
    rc = ptn_ews_put_filter(e, box, r);

    if (rc == PTN_ESUPPORT) {
        (void) ptn_ews_rewind(&e->out, mark);
        return PTN_OK;
    }

    ptn_ews_lit(&e->out, "<t:BaseFolderIds>");

    for (i = 0; i < criteria.n && rc == PTN_OK; i++) {
        rc = ptn_folder_get(box->mb, criteria.folders[i], &folder);

        if (rc == PTN_OK) {
            rc = ptn_ews_put_folder_id(e, box, "t:FolderId", folder->id,
                     folder->cn, ptn_ews_change_key_folder(folder->cls,
                                                           folder->search));
        }

        rc = (rc == PTN_ENOTFOUND) ? PTN_OK : rc;       /* it went */
    }

    ptn_ews_lit(&e->out, "</t:BaseFolderIds></t:SearchParameters>");

    return rc;
}
