/*
 * ../shared/ref/mail through the conversion: every message imports in every
 * selection, text where it has text, exports, and imports to the same again.
 */

#include "ptn_oxcmail.h"
#include "ptn_oxcmail_check.h"
#include "ptn_ref.h"
#include "ptn_test.h"


typedef struct {
    size_t  n, bad, texts, empty, partial, eight, same;
} count_t;

static const ptn_oxcmail_export_t  opts = {
    ptn_string("mail.example.test"), ptn_string("0123456789abcdef"),
    1700000000, true
};


/* What comes of a part of `what` is what comes of all. */

static const char *
same_parts(ptn_pool_t *pool, const ptn_mime_t *mime, const ptn_object_t *all)
{
    size_t               i;
    uint32_t             k;
    ptn_str_t            data, v;
    ptn_object_t        *o;
    const ptn_attach_t  *x;
    static const unsigned  whats[] = {
        PTN_OXCMAIL_PROPS, PTN_OXCMAIL_RECIPS, PTN_OXCMAIL_ATTACHS,
        PTN_OXCMAIL_BODY, PTN_OXCMAIL_HTML,
        PTN_OXCMAIL_PROPS|PTN_OXCMAIL_BODY
    };

    for (i = 0; i < ptn_nelts(whats); i++) {
        if (ptn_oxcmail_import(pool, mime, whats[i], &o) != PTN_OK) {
            return "a part of it does not import";
        }

        for (k = 0; k < o->props.n; k++) {
            v = ptn_props_get(&all->props, o->props.p[k].tag);
            if (v.data == NULL || !ptn_str_eq(v, o->props.p[k].value)) {
                return ptn_prop_name(o->props.p[k].tag);
            }
        }

        if ((whats[i] & PTN_OXCMAIL_RECIPS) && o->nrecips != all->nrecips) {
            return "recipients";
        }

        if (!(whats[i] & PTN_OXCMAIL_ATTACHS)) {
            continue;
        }

        if (o->nattachs != all->nattachs) {
            return "attachments";
        }

        for (k = 0; k < o->nattachs; k++) {
            x = &all->attachs[k];

            if (o->attachs[k].size != x->size || o->attachs[k].has_data) {
                return "size of an attachment";
            }

            if (x->embedded == NULL
                && (ptn_oxcmail_attach_data(pool, mime, x->part, &data)
                    != PTN_OK || !ptn_str_eq(data, x->data)
                    || data.len != x->size))
            {
                return "data of an attachment";
            }
        }
    }

    return NULL;
}


static bool
is_eight(ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len && s.data[i] < 0x80; i++) {
        /* void */
    }

    return i < s.len;
}


/* Is the first text that is no attachment, and has no name, not blank? */

static bool
has_text(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *part)
{
    size_t                  i;
    ptn_str_t               s;
    const ptn_mime_part_t  *child;

    if (part->kind == PTN_MIME_MULTIPART) {
        if (ptn_str_eqz(part->subtype, "related")) {
            return part->child && has_text(pool, mime, part->child);
        }

        child = part->child;

        return child != NULL && has_text(pool, mime, child);
    }

    if (part->kind != PTN_MIME_LEAF || part->opaque
        || ptn_str_eqz(part->disposition, "attachment")
        || !ptn_str_eqz(part->type, "text")
        || !ptn_str_eqz(part->subtype, "plain")
        || ptn_mime_part_text(pool, mime, part, &s) != PTN_OK)
    {
        return false;
    }

    for (i = 0; i < s.len; i++) {
        if (s.data[i] > ' ') {
            return true;
        }
    }

    return false;
}


static void
message(void *ctx, ptn_pool_t *pool, const ptn_ref_row_t *row, ptn_str_t raw)
{
    char           why[2048];
    bool           eight;
    size_t         i;
    count_t       *c;
    ptn_str_t      out, again, body;
    const char    *bad;
    ptn_mime_t    *mime;
    ptn_object_t  *a, *b;

    c = ctx;
    c->n++;
    a = b = NULL;

    if (ptn_mime_parse(pool, raw, &mime) != PTN_OK
        || ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &a) != PTN_OK)
    {
        ok(false, "%s imports", row->file);
        return;
    }

    bad = same_parts(pool, mime, a);

    if (bad != NULL) {
        c->partial++;
        ok(false, "%s in parts: %s", row->file, bad);
    }

    if (has_text(pool, mime, mime->root)) {
        c->texts++;
        body = ptn_props_get(&a->props, PTN_PR_BODY);

        if (body.len == 0) {
            c->empty++;
            diag("no text: %s %s", row->file, row->tree);
        }
    }

    if (ptn_oxcmail_export(pool, a, &opts, &out) != PTN_OK) {
        ok(false, "%s exports", row->file);
        return;
    }

    eight = false;

    for (i = 0; i < a->nattachs; i++) {
        eight |= a->attachs[i].embedded != NULL;
    }

    /* addresses have no other form (RFC 6532) */

    for (i = 0; i < a->nrecips; i++) {
        eight |= is_eight(ptn_props_get(&a->recips[i].props,
                                        PTN_PR_EMAIL_ADDRESS));
    }

    eight |= is_eight(ptn_props_get(&a->props, PTN_PR_SENDER_EMAIL))
             || is_eight(ptn_props_get(&a->props,
                                       PTN_PR_SENT_REPRESENTING_EMAIL));

    body = ptn_props_get(&a->props, PTN_PR_MESSAGE_CLASS);

    if (!ptn_str_istarts(body, "IPM.Note.SMIME")) {
        bad = ptn_oxcmail_check_raw(out, eight);

        if (bad != NULL) {
            c->eight++;
            diag("%s: %s", row->file, bad);
        }
    }

    if (ptn_mime_parse(pool, out, &mime) != PTN_OK
        || ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ALL, &b) != PTN_OK)
    {
        ok(false, "%s imports again", row->file);
        return;
    }

    bad = ptn_oxcmail_check(a, b, why, sizeof(why));

    /* near the limit of parts, what is left over is another part */

    if (bad != NULL && a->nattachs < PTN_MIME_PARTS_MAX - 5) {
        c->bad++;
        diag("%s: %s", row->file, bad);
    }

    if (ptn_oxcmail_export(pool, a, &opts, &again) != PTN_OK
        || !ptn_str_eq(out, again))
    {
        c->same++;
    }
}


int
main(void)
{
    size_t   n;
    count_t  c;

    memset(&c, 0, sizeof(c));
    n = ptn_ref_mail(message, &c);

    ok(n > 700, "messages (%zu)", n);
    is_u64(c.partial, 0, "parts of it are like all of it");
    is_u64(c.same, 0, "the same bytes for the same object");
    is_u64(c.bad, 0, "the same properties, out and in again");
    is_u64(c.eight, 0, "7-bit lines");
    ok(c.texts > 300, "texts (%zu)", c.texts);
    is_u64(c.empty, 0, "that are there");

    return done_testing();
}
