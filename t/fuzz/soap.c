/*
 * Requests of EWS: the front that nginx looks at, XML, the grammar, values,
 * ids, shapes, restrictions, paging; without a mailbox.
 *
 * Covers: ngx_modules/ews/ptn_ews_schema.c ngx_modules/ews/ptn_ews_value.c
 * ngx_modules/ews/ptn_ews_tree.c ngx_modules/ews/ptn_ews_op.c
 * ngx_modules/ews/ptn_ews_id.c ngx_modules/ews/ptn_ews_search.c
 * ngx_modules/ews/ptn_ews_ext.c ngx_modules/ews/ptn_ews_shape.c
 * ngx_modules/ews/ptn_ews_frame.c
 */

#include "ptn_ews_search.h"


static ptn_rc_t
resolve(ptn_ews_t *e, void *ctx, const ptn_ews_el_t *path,
    ptn_ews_operand_t *ret)
{
    ptn_ews_ext_t  ext;

    (void) ctx;
    memset(ret, 0, sizeof(*ret));

    if (ptn_ews_named(path, "ExtendedFieldURI")) {
        if (ptn_ews_ext_parse(e, path, &ext) != PTN_OK) {
            return PTN_EINVAL;
        }

        ret->type = ext.type;
        return PTN_OK;
    }

    ret->slot = 1;
    ret->type = PTN_PT_UNICODE;

    return PTN_OK;
}


/* What handlers read of a request that passed. */
static void
read_all(ptn_ews_t *e, const ptn_ews_el_t *el)
{
    bool                     match;
    ptn_str_t                values[2], v;
    ptn_ews_id_t             id;
    ptn_ews_ext_t            ext;
    ptn_ews_page_t           page;
    ptn_ews_term_t          *term;
    ptn_sync_t               sync;
    static ptn_ews_shape_t   shape;
    ptn_ews_folder_shape_t   folder;

    e->code = NULL;
    v = ptn_ews_attr(el, "Id");

    if (v.data != NULL) {
        (void) ptn_ews_id_parse(e, v, &id);
    }

    if (ptn_ews_named(el, "SyncState")) {
        (void) ptn_ews_state_parse(e, el->text, PTN_EWS_STATE_ITEMS, 12,
                                   &sync);
    }

    if (ptn_ews_named(el, "ItemShape")) {
        (void) ptn_ews_shape(e, el, e->version % 2, &shape);
    }

    if (ptn_ews_named(el, "FolderShape")) {
        (void) ptn_ews_folder_shape(e, el, &folder);
    }

    if (ptn_ews_named(el, "ExtendedProperty")
        && ptn_ews_ext_parse(e, el->child, &ext) == PTN_OK
        && ptn_ews_ext_value(e, &ext, el, &v) == PTN_OK)
    {
        ptn_ews_ext_put(e, &ext, 0x80000000 | ext.type, v);
    }

    if (strncmp(el->name, "Indexed", 7) == 0
        || strncmp(el->name, "Fractional", 10) == 0)
    {
        (void) ptn_ews_page(e, el, 1000, &page);
    }

    if (ptn_ews_named(el, "Restriction")
        && ptn_ews_search_compile(e, el, resolve, NULL, &term) == PTN_OK)
    {
        values[0] = ptn_str("\1\0\0\0\0\0\0\0");
        values[1] = ptn_str("some text, and more");
        (void) ptn_ews_search_match(e, term, values, &match);
    }

    for (el = el->child; el != NULL; el = el->next) {
        read_all(e, el);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_str_t             in, violation;
    ptn_ews_t             e;
    ptn_pool_t           *pool;
    ptn_ews_el_t         *root;
    const ptn_ews_el_t   *el, *at;
    const ptn_xs_type_t  *type;

    pool = ptn_pool_create(64 * 1024 * 1024, NULL);
    if (pool == NULL) {
        return 0;
    }

    memset(&e, 0, sizeof(e));
    e.pool = pool;
    e.version = PTN_EWS_2016;
    ptn_buf_init(&e.out.buf, pool);

    in = ptn_str_make(data, size);
    (void) ptn_ews_sniff(in, in);

    if (ptn_xml_parse(pool, in, NULL, &root) == PTN_OK) {
        el = ptn_ews_child(root, "Body");
        el = el == NULL ? root : el->child;

        for ( /* void */ ; el != NULL; el = el->next) {
            type = ptn_ews_schema_request(ptn_str_z(el->name));

            if (type != NULL && strcmp(el->ns, PTN_EWS_URI_M) == 0
                && ptn_ews_schema_check(pool, el, type, &violation, &at)
                   == PTN_OK)
            {
                read_all(&e, el);
            }
        }
    }

    ptn_pool_destroy(pool);

    return 0;
}
