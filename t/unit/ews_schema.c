/*
 * The request grammar: every request among the samples of ../shared/ref/ews
 * passes; what is taken out of it, put into it or turned round is refused.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "ptn_ews_schema.h"
#include "ptn_ref.h"
#include "ptn_test.h"


static const ptn_ews_el_t *
body_of(ptn_pool_t *pool, ptn_str_t xml)
{
    ptn_ews_el_t        *root;
    const ptn_ews_el_t  *el;

    if (ptn_xml_parse(pool, xml, NULL, &root) != PTN_OK) {
        return NULL;
    }

    el = ptn_ews_child(root, "Body");

    return el == NULL ? NULL : el->child;
}


static bool
passes(ptn_pool_t *pool, const ptn_ews_el_t *el, ptn_str_t *violation)
{
    const ptn_ews_el_t   *at;
    const ptn_xs_type_t  *type;

    type = ptn_ews_schema_request(ptn_str_z(el->name));

    return type != NULL
           && ptn_ews_schema_check(pool, el, type, violation, &at) == PTN_OK;
}


static void
test_samples(void)
{
    int                   n;
    DIR                  *dir;
    char                  path[1024];
    ptn_str_t             xml, violation;
    ptn_pool_t           *pool;
    struct dirent        *de;
    const ptn_ews_el_t   *el;
    const ptn_xs_type_t  *type;

    n = 0;
    snprintf(path, sizeof(path), "%s/ews/samples", ptn_ref_dir());
    dir = opendir(path);
    ok(dir != NULL, "samples are there");

    while (dir != NULL && (de = readdir(dir)) != NULL) {
        if (strstr(de->d_name, ".xml") == NULL) {
            continue;
        }

        pool = ptn_pool_create(0, NULL);
        snprintf(path, sizeof(path), "%s/ews/samples/%s", ptn_ref_dir(),
                 de->d_name);
        xml = ptn_ref_read(pool, path);
        el = body_of(pool, xml);

        type = el == NULL ? NULL
                          : ptn_ews_schema_request(ptn_str_z(el->name));
        if (type != NULL) {
            violation = ptn_str("");
            if (!passes(pool, el, &violation)) {
                ok(false, "%s: %.*s", de->d_name, ptn_str_arg(violation));
            }

            n++;
        }

        ptn_pool_destroy(pool);
    }

    if (dir != NULL) {
        closedir(dir);
    }

    ok(n > 60, "%d sample requests pass", n);
}


#define ENVELOPE(body)                                                        \
    "<s:Envelope xmlns:s='" PTN_EWS_URI_SOAP "' xmlns:t='" PTN_EWS_URI_T      \
    "' xmlns='" PTN_EWS_URI_M "'><s:Body>" body "</s:Body></s:Envelope>"

#define SHAPE  "<ItemShape><t:BaseShape>IdOnly</t:BaseShape></ItemShape>"
#define IDS    "<ItemIds><t:ItemId Id='x'/></ItemIds>"

static const struct {
    const char  *name;
    bool         good;
    const char  *xml;
} rows[] = {
    { "GetItem", true, ENVELOPE("<GetItem>" SHAPE IDS "</GetItem>") },
    { "turned round", false, ENVELOPE("<GetItem>" IDS SHAPE "</GetItem>") },
    { "no ids", false, ENVELOPE("<GetItem>" SHAPE "</GetItem>") },
    { "empty list of ids", false,
      ENVELOPE("<GetItem>" SHAPE "<ItemIds/></GetItem>") },
    { "twice", false, ENVELOPE("<GetItem>" SHAPE IDS IDS "</GetItem>") },
    { "unknown element", false,
      ENVELOPE("<GetItem>" SHAPE IDS "<Foo/></GetItem>") },
    { "no Id", false,
      ENVELOPE("<GetItem>" SHAPE "<ItemIds><t:ItemId/></ItemIds></GetItem>") },
    { "unknown attribute", false, ENVELOPE("<GetItem a='1'>" SHAPE IDS
                                           "</GetItem>") },
    { "unknown shape", false, ENVELOPE("<GetItem><ItemShape><t:BaseShape>"
                "Most</t:BaseShape></ItemShape>" IDS "</GetItem>") },
    { "wrong namespace", false, ENVELOPE("<GetItem><ItemShape><BaseShape>"
                "IdOnly</BaseShape></ItemShape>" IDS "</GetItem>") },
    { "text between", false, ENVELOPE("<GetItem>x" SHAPE IDS "</GetItem>") },
    { "not a boolean", false, ENVELOPE("<GetItem><ItemShape><t:BaseShape>"
                "IdOnly</t:BaseShape><t:IncludeMimeContent>yes"
                "</t:IncludeMimeContent></ItemShape>" IDS "</GetItem>") },
    { "not a number", false, ENVELOPE("<FindItem Traversal='Shallow'>" SHAPE
                "<IndexedPageItemView Offset='a' BasePoint='Beginning'/>"
                "<ParentFolderIds><t:DistinguishedFolderId Id='inbox'/>"
                "</ParentFolderIds></FindItem>") },
    { "a number too large", false, ENVELOPE("<FindItem Traversal='Shallow'>"
                SHAPE "<IndexedPageItemView Offset='2147483648'"
                " BasePoint='Beginning'/><ParentFolderIds>"
                "<t:DistinguishedFolderId Id='inbox'/>"
                "</ParentFolderIds></FindItem>") },
    { "an unknown folder", false, ENVELOPE("<GetFolder><FolderShape>"
                "<t:BaseShape>IdOnly</t:BaseShape></FolderShape><FolderIds>"
                "<t:DistinguishedFolderId Id='nowhere'/></FolderIds>"
                "</GetFolder>") },
    { "a property tag", true, ENVELOPE("<GetItem><ItemShape><t:BaseShape>"
                "IdOnly</t:BaseShape><t:AdditionalProperties>"
                "<t:ExtendedFieldURI PropertyTag='0x0e09'"
                " PropertyType='Binary'/></t:AdditionalProperties>"
                "</ItemShape>" IDS "</GetItem>") },
    { "no property tag", false, ENVELOPE("<GetItem><ItemShape><t:BaseShape>"
                "IdOnly</t:BaseShape><t:AdditionalProperties>"
                "<t:ExtendedFieldURI PropertyTag='0x0e099'"
                " PropertyType='Binary'/></t:AdditionalProperties>"
                "</ItemShape>" IDS "</GetItem>") },
    { "a restriction within a restriction", true,
      ENVELOPE("<FindItem Traversal='Shallow'>" SHAPE "<Restriction><t:And>"
               "<t:Exists><t:FieldURI FieldURI='item:Subject'/></t:Exists>"
               "<t:Not><t:Exists><t:FieldURI FieldURI='item:Body'/>"
               "</t:Exists></t:Not></t:And></Restriction><ParentFolderIds>"
               "<t:DistinguishedFolderId Id='inbox'/></ParentFolderIds>"
               "</FindItem>") },
};


static void
test_rows(void)
{
    size_t               i;
    ptn_str_t            violation;
    ptn_pool_t          *pool;
    const ptn_ews_el_t  *el;

    for (i = 0; i < ptn_nelts(rows); i++) {
        pool = ptn_pool_create(0, NULL);
        violation = ptn_str("");
        el = body_of(pool, ptn_str_z(rows[i].xml));

        ok(el != NULL && passes(pool, el, &violation) == rows[i].good,
           "%s (%.*s)", rows[i].name, ptn_str_arg(violation));

        ptn_pool_destroy(pool);
    }
}


static void
test_values(void)
{
    bool        b;
    int64_t     n;
    ptn_guid_t  guid;

    ok(ptn_xs_bool(ptn_str(" 1 "), &b) == PTN_OK && b, "boolean");
    ok(ptn_xs_int(ptn_str("-5"), -10, 10, &n) == PTN_OK && n == -5, "int");
    ok(ptn_xs_int(ptn_str("11"), -10, 10, &n) == PTN_EPARSE, "range");
    ok(ptn_xs_datetime(ptn_str("2024-02-29T12:00:00Z"), &n) == PTN_OK
       && n == 1709208000LL * PTN_USEC, "date and time");
    ok(ptn_xs_datetime(ptn_str("2024-02-29T13:00:00.5+01:00"), &n) == PTN_OK
       && n == 1709208000LL * PTN_USEC + 500000, "with a zone");
    ok(ptn_xs_datetime(ptn_str("2024-13-01T00:00:00Z"), &n) == PTN_EPARSE,
       "no month 13");
    ok(ptn_xs_guid(ptn_str("00020329-0000-0000-C000-000000000046"), &guid)
       == PTN_OK && guid.b[0] == 0x29 && guid.b[3] == 0
       && guid.b[15] == 0x46, "guid");
}


int
main(void)
{
    test_samples();
    test_rows();
    test_values();

    return done_testing();
}
