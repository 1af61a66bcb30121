/*
 * The tables of EWS against the schema: every element of t:ItemType and
 * t:MessageType has a row, in that order; every FieldURI of items and messages
 * is one of theirs; every operation of services.wsdl has a row.
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_ews.h"
#include "ptn_ref.h"
#include "ptn_test.h"


/* The text between `from` and `to` in the schema. */
static ptn_str_t
between(ptn_str_t s, const char *from, const char *to)
{
    u_char  *p, *end;

    p = memmem(s.data, s.len, from, strlen(from));
    if (p == NULL) {
        return ptn_str("");
    }

    end = memmem(p, (size_t) (s.data + s.len - p), to, strlen(to));

    return ptn_str_make(p, end == NULL ? 0 : (size_t) (end - p));
}


/* Next `before`NAME" in *s; empty: no more. */
static ptn_str_t
next(ptn_str_t *s, const char *before)
{
    u_char  *p, *q;

    p = memmem(s->data, s->len, before, strlen(before));
    if (p == NULL) {
        return ptn_str("");
    }

    p += strlen(before);
    q = memchr(p, '"', (size_t) (s->data + s->len - p));
    if (q == NULL) {
        return ptn_str("");
    }

    s->len -= (size_t) (q - s->data);
    s->data = q;

    return ptn_str_make(p, (size_t) (q - p));
}


static ptn_str_t
ref(ptn_pool_t *pool, const char *name)
{
    char  path[1024];

    snprintf(path, sizeof(path), "%s/ews/%s", ptn_ref_dir(), name);

    return ptn_ref_read(pool, path);
}


static void
test_order(ptn_str_t types)
{
    size_t      i;
    unsigned    bad;
    ptn_str_t   part, name;

    i = 0;
    bad = 0;
    part = between(types, "complexType name=\"ItemType\"",
                   "</xs:complexType>");

    while ((name = next(&part, "element name=\"")).len != 0) {
        if (i >= ptn_ews_fields_n()
            || !ptn_str_eqz(name, ptn_ews_fields[i].element + 2)
            || (ptn_ews_fields[i].flags & PTN_EWS_MESSAGE) != 0)
        {
            printf("# ItemType %.*s\n", ptn_str_arg(name));
            bad++;
        }

        i++;
    }

    ok(bad == 0 && i > 60, "ItemType: %zu elements in order", i);

    part = between(types, "complexType name=\"MessageType\"",
                   "complexType name=\"TaskType\"");
    bad = 0;

    while ((name = next(&part, "element name=\"")).len != 0) {
        if (ptn_str_eqz(name, "MailboxGuid")) {
            continue;                   /* within MailboxGuids */
        }

        if (i >= ptn_ews_fields_n()) {
            break;
        }

        if (!ptn_str_eqz(name, ptn_ews_fields[i].element + 2)
            || (ptn_ews_fields[i].flags & PTN_EWS_MESSAGE) == 0)
        {
            printf("# MessageType %.*s\n", ptn_str_arg(name));
            bad++;
        }

        i++;
    }

    ok(bad == 0 && i == ptn_ews_fields_n(), "MessageType: all of its elements");
}


static void
test_uris(ptn_str_t types)
{
    size_t                  i, n;
    unsigned                bad;
    ptn_str_t               part, uri;
    const ptn_ews_field_t  *f;

    /* of the schema, but of no element: what they show is another's */

    static const char *const  without[] = {
        "item:MimeContentUTF8", "item:FirstBody",
    };

    part = between(types, "simpleType name=\"UnindexedFieldURIType\"",
                   "</xs:simpleType>");
    n = 0;
    bad = 0;

    while ((uri = next(&part, "enumeration value=\"")).len != 0) {
        if (!ptn_str_istarts(uri, "item:") && !ptn_str_istarts(uri, "message:"))
        {
            continue;
        }

        n++;
        f = ptn_ews_field(uri);

        for (i = 0; f == NULL && i < ptn_nelts(without); i++) {
            if (ptn_str_eqz(uri, without[i])) {
                break;
            }
        }

        if (f == NULL && i == ptn_nelts(without)) {
            printf("# %.*s has no row\n", ptn_str_arg(uri));
            bad++;
        }
    }

    ok(bad == 0 && n > 80, "%zu FieldURIs have rows", n);

    part = between(types, "simpleType name=\"UnindexedFieldURIType\"",
                   "</xs:simpleType>");

    for (i = 0, bad = 0; i < ptn_ews_fields_n(); i++) {
        f = &ptn_ews_fields[i];

        if (f->uri != NULL
            && memmem(part.data, part.len, f->uri, strlen(f->uri)) == NULL)
        {
            printf("# %s is none of the schema's\n", f->uri);
            bad++;
        }

        if ((f->kind == PTN_EWS_GET) != (f->get != NULL)
            || (f->kind == PTN_EWS_CHOICE) != (f->choices != NULL)
            || (f->kind != PTN_EWS_GET && f->kind != PTN_EWS_ABSENT
                && f->tags[0] == 0)
            || ((f->flags & PTN_EWS_SORT) != 0 && f->tags[0] == 0))
        {
            printf("# %s: the row does not fit its kind\n", f->element);
            bad++;
        }
    }

    ok(bad == 0, "rows fit their kinds");
}


static void
test_operations(ptn_str_t wsdl, ptn_str_t messages)
{
    size_t               i, n, built;
    unsigned             bad;
    char                 name[128];
    ptn_str_t            part, op;
    const ptn_ews_op_t  *row;

    part = between(wsdl, "<wsdl:portType", "</wsdl:portType>");
    bad = 0;
    n = 0;

    while ((op = next(&part, "<wsdl:operation name=\"")).len != 0) {
        for (i = 0; (row = ptn_ews_op_nth(i)) != NULL; i++) {
            if (ptn_str_eqz(op, row->name)) {
                break;
            }
        }

        if (row == NULL) {
            printf("# %.*s has no row\n", ptn_str_arg(op));
            bad++;
        }

        n++;
    }

    ok(bad == 0 && n > 100, "%zu operations have rows", n);

    for (i = 0, bad = 0, built = 0; (row = ptn_ews_op_nth(i)) != NULL; i++) {
        if (ptn_ews_schema_request(ptn_str_z(row->request)) == NULL) {
            printf("# %s: no such request element\n", row->request);
            bad++;
        }

        if (row->run == NULL) {
            continue;
        }

        built++;
        snprintf(name, sizeof(name), "name=\"%s\"", row->message + 2);

        if (memmem(messages.data, messages.len, name, strlen(name)) == NULL) {
            printf("# %s: no such message\n", name);
            bad++;
        }
    }

    ok(bad == 0 && built >= 25, "%zu are built, their messages are known",
       built);
}


int
main(void)
{
    ptn_str_t    types, messages, wsdl;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    types = ref(pool, "types.xsd");
    messages = ref(pool, "messages.xsd");
    wsdl = ref(pool, "services.wsdl");

    ok(types.len != 0 && messages.len != 0 && wsdl.len != 0, "schemas");

    test_order(types);
    test_uris(types);
    test_operations(wsdl, messages);

    ptn_pool_destroy(pool);

    return done_testing();
}
