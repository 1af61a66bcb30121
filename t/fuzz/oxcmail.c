/*
 * Mail to objects and back.  Any bytes are a message: all of it, each part of
 * it, its data, exported, imported again, exported to the same bytes as the
 * same object.  'h' HTML, 't' text, 'o' a packed object, 'e' an entry id.
 *
 * Covers: store/content/ptn_body.c store/content/ptn_body_html.c store/content/ptn_body_sane.c store/content/ptn_oxcmail_export.c store/content/ptn_oxcmail_export_encode.c store/content/ptn_oxcmail_export_head.c store/content/ptn_oxcmail_import.c store/content/ptn_oxcmail_import_addr.c store/content/ptn_oxcmail_import_attach.c store/content/ptn_oxcmail_import_body.c store/content/ptn_oxcmail_import_head.c store/mapi/ptn_object.c store/mapi/ptn_eid.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_oxcmail.h"
#include "ptn_oxcmail_check.h"


#define FUZZ_CAP  (256 * 1024 * 1024)

static const ptn_oxcmail_export_t  fuzz_opts = {
    ptn_string("host.test"), ptn_string("0123456789abcdef"), 1700000000, true
};


static void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "oxcmail: %s\n", what);
    abort();
}


static void
fuzz_values(const ptn_props_t *props)
{
    uint32_t  i;

    for (i = 0; i < props->n; i++) {
        if (ptn_prop_type(props->p[i].tag) != PTN_PT_UNICODE) {
            continue;
        }

        if (!ptn_utf8_valid(props->p[i].value)
            || (props->p[i].value.len != 0
                && memchr(props->p[i].value.data, '\0',
                          props->p[i].value.len)))
        {
            fuzz_wrong(ptn_prop_name(props->p[i].tag));
        }
    }
}


static void
fuzz_object(const ptn_object_t *o)
{
    uint32_t  i;

    fuzz_values(&o->props);

    for (i = 0; i < o->nrecips; i++) {
        fuzz_values(&o->recips[i].props);
    }

    for (i = 0; i < o->nattachs; i++) {
        fuzz_values(&o->attachs[i].props);

        if (o->attachs[i].embedded != NULL) {
            fuzz_object(o->attachs[i].embedded);
        }
    }
}


static void
fuzz_message(ptn_pool_t *pool, ptn_str_t in)
{
    uint32_t       i;
    unsigned       bit;
    ptn_str_t      out, again;
    const char    *bad;
    ptn_mime_t    *mime;
    ptn_object_t  *o, *o2;

    if (ptn_mime_parse(pool, in, &mime) != PTN_OK
        || ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &o) != PTN_OK)
    {
        fuzz_wrong("import");
    }

    fuzz_object(o);

    for (bit = 1; bit < PTN_OXCMAIL_ALL; bit <<= 1) {
        if (ptn_oxcmail_import(pool, mime, bit, &o2) != PTN_OK) {
            fuzz_wrong("import of a part");
        }
    }

    for (i = 0; i < o->nattachs; i++) {
        if (ptn_oxcmail_attach_data(pool, mime, o->attachs[i].part, &out)
            != PTN_OK)
        {
            fuzz_wrong("data");
        }
    }

    if (ptn_oxcmail_export(pool, o, &fuzz_opts, &out) != PTN_OK
        || ptn_oxcmail_export(pool, o, &fuzz_opts, &again) != PTN_OK
        || !ptn_str_eq(out, again))
    {
        fuzz_wrong("export");
    }

    if (!ptn_str_istarts(ptn_props_get(&o->props, PTN_PR_MESSAGE_CLASS),
                         "IPM.Note.SMIME"))
    {
        bad = ptn_oxcmail_check_raw(out, true);

        /* signed mail within may be anything */

        if (bad != NULL && o->nattachs == 0) {
            fuzz_wrong(bad);
        }
    }

    if (ptn_mime_parse(pool, out, &mime) != PTN_OK
        || ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &o2) != PTN_OK)
    {
        fuzz_wrong("import again");
    }

    fuzz_object(o2);
}


static void
fuzz_html(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  text, html, preview;

    if (ptn_body_html_to_text(pool, in, &text) != PTN_OK
        || !ptn_utf8_valid(text)
        || ptn_body_text_to_html(pool, text, &html) != PTN_OK
        || ptn_body_preview(pool, text, 255, &preview) != PTN_OK)
    {
        fuzz_wrong("html");
    }
}


static void
fuzz_text(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_str_t  html, text;

    if (ptn_body_text_to_html(pool, in, &html) != PTN_OK
        || ptn_body_html_to_text(pool, html, &text) != PTN_OK)
    {
        fuzz_wrong("text");
    }
}


/* An object as a client could have made it. */

static void
fuzz_packed(ptn_pool_t *pool, ptn_str_t in)
{
    uint32_t       i;
    ptn_str_t      out;
    ptn_mime_t    *mime;
    ptn_object_t  *o;

    if (ptn_object_unpack(pool, in, &o) != PTN_OK) {
        return;
    }

    for (i = 0; i < o->nattachs; i++) {
        o->attachs[i].has_data = true;

        if (i % 2 == 0) {
            o->attachs[i].data = in;
        }
    }

    if (ptn_oxcmail_export(pool, o, &fuzz_opts, &out) == PTN_OK
        && ptn_mime_parse(pool, out, &mime) == PTN_OK
        && ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &o) != PTN_OK)
    {
        fuzz_wrong("import of an object's mail");
    }
}


static void
fuzz_eid(ptn_pool_t *pool, ptn_str_t in)
{
    ptn_id_t          a, b;
    ptn_guid_t        x, y, z;
    ptn_eid_person_t  who;

    (void) ptn_eid_folder_parse(in, &x, &y, &a);
    (void) ptn_eid_message_parse(in, &x, &y, &a, &z, &b);
    (void) ptn_eid_person_parse(pool, in, &who);
    (void) ptn_eid_dn_parse(in, &x);
}


static const struct {
    u_char   letter;
    void   (*entry)(ptn_pool_t *pool, ptn_str_t in);
} fuzz_entries[] = {
    { 'h', fuzz_html },
    { 't', fuzz_text },
    { 'o', fuzz_packed },
    { 'e', fuzz_eid },
    { 'm', fuzz_message },
};


#include "fuzz_entries.h"
