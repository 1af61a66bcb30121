/*
 * ../shared/ref/mail's TNEF streams, and those within its messages, through
 * store/content: names of attachments as the lists beside them say, numbers of
 * properties and recipients, and out and in again the same.
 */

#include "ptn_oxcmail.h"
#include "ptn_ref.h"
#include "ptn_test.h"
#include "ptn_tnef_check.h"


/*
 * `twice`: the lists count a message in an attachment once for the note to
 * others in its attAttachData, too.
 */
static const struct {
    const char  *file;
    uint32_t     codepage, props, recips, attachs, names;
    bool         damaged, twice;
    const char  *class;
} rows[] = {
    { "mimekit-tnef/MAPI_ATTACH_DATA_OBJ", 1252, 53, 0, 3, 6, false, false,
      "IPM.Note" },
    { "mimekit-tnef/attachments", 1252, 41, 0, 2, 10, false, false,
      "IPM.Note" },
    { "mimekit-tnef/body", 1252, 53, 1, 0, 11, false, false,
      "IPM.Note" },
    { "mimekit-tnef/christmas", 1252, 106, 0, 3, 120, false, true,
      "IPM.Note" },
    { "mimekit-tnef/garbage-at-end", 1252, 35, 0, 0, 0, true, false,
      "REPORT.IPM.Note.IPNRN" },
    { "mimekit-tnef/multi-name-property", 1252, 95, 0, 0, 46, false, false,
      "IPM.Appointment" },
    { "mimekit-tnef/multi-value-attribute", 1252, 68, 0, 1, 13, false, false,
      "IPM.Note.Microsoft.Voicemail.UM.CA" },
    { "mimekit-tnef/one-file", 1252, 61, 0, 1, 0, false, false,
      "IPM.Note" },
    { "mimekit-tnef/rtf", 1252, 74, 0, 0, 15, false, false,
      "IPM.Note" },
    { "mimekit-tnef/triples", 1251, 103, 0, 0, 44, false, false,
      "IPM.Appointment" },
    { "mimekit-tnef/unicode-mapi-attr-name", 1252, 64, 0, 4, 14, false, false,
      "IPM.Note" },
    { "mimekit-tnef/unicode-mapi-attr", 1252, 59, 0, 1, 8, false, false,
      "IPM.Note" },
    { "mimekit-tnef/winmail", 936, 37, 0, 2, 7, false, false,
      "IPM.Note" },
    { "tnefparse/IPM-DistList", 1252, 43, 0, 1, 22, true, false,
      "IPM.Note" },
    { "tnefparse/duplicate_filename", 1252, 53, 0, 3, 6, true, false,
      "IPM.Note" },
    { "tnefparse/umlaut", 1252, 36, 0, 3, 8, false, false,
      "IPM.Note" },
};


static int
by_bytes(const void *va, const void *vb)
{
    return ptn_str_cmp(*(const ptn_str_t *) va, *(const ptn_str_t *) vb);
}


static ptn_str_t
sorted(ptn_pool_t *pool, ptn_str_t *names, size_t n)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    qsort(names, n, sizeof(ptn_str_t), by_bytes);

    for (i = 0; i < n; i++) {
        ptn_buf_str(&b, names[i]);
        ptn_buf_byte(&b, '\n');
    }

    ptn_buf_byte(&b, '\0');

    return ptn_str_make(b.data, b.len - 1);
}


/* Lines of a list, without the bodies that its maker had written as files. */

static ptn_str_t
listed(ptn_pool_t *pool, ptn_str_t text)
{
    size_t      n;
    u_char     *nl;
    ptn_str_t   names[32], line;

    for (n = 0; text.len != 0; ) {
        nl = memchr(text.data, '\n', text.len);
        line = ptn_str_make(text.data, nl ? (size_t) (nl - text.data)
                                          : text.len);
        text.data += ptn_min(line.len + 1, text.len);
        text.len -= ptn_min(line.len + 1, text.len);

        if (line.len != 0 && !ptn_str_istarts(line, "body.")) {
            names[n++] = line;
        }
    }

    return sorted(pool, names, n);
}


static ptn_str_t
named(ptn_pool_t *pool, const ptn_object_t *o, bool twice)
{
    size_t              n;
    uint32_t            i;
    ptn_str_t           names[32], name;
    const ptn_props_t  *p;

    for (i = 0, n = 0; i < o->nattachs; i++) {
        p = &o->attachs[i].props;
        name = ptn_props_get(p, PTN_PR_ATTACH_LONG_FILENAME);

        if (name.data == NULL) {
            name = ptn_props_get(p, PTN_PR_ATTACH_FILENAME);
        }

        names[n++] = name;

        if (twice && o->attachs[i].embedded != NULL) {
            names[n++] = name;
        }
    }

    return sorted(pool, names, n);
}


static void
check_stream(ptn_pool_t *pool, const char *name, ptn_str_t bytes,
    ptn_tnef_t **ret)
{
    char         why[256];
    ptn_str_t    out;
    const char  *bad;

    is_rc(ptn_tnef_read(pool, bytes, ret), PTN_OK, name);
    bad = ptn_tnef_check_round(pool, *ret, why, sizeof(why), &out);
    ok(bad == NULL, "%s: out and in again: %s", name, bad ? bad : "the same");
}


static void
check_row(size_t i)
{
    char               path[512];
    ptn_str_t          bytes, list;
    ptn_pool_t        *pool;
    ptn_tnef_t        *t;
    const ptn_object_t  *o;

    pool = ptn_pool_create(0, NULL);
    snprintf(path, sizeof(path), "%s/mail/%s.tnef", ptn_ref_dir(),
             rows[i].file);
    bytes = ptn_ref_read(pool, path);
    ok(bytes.data != NULL, "%s is there", path);

    check_stream(pool, rows[i].file, bytes, &t);
    o = t->object;

    ok(t->codepage == rows[i].codepage && o->props.n == rows[i].props
       && o->nrecips == rows[i].recips && o->nattachs == rows[i].attachs
       && t->nnames == rows[i].names && t->damaged == rows[i].damaged,
       "%s: code page %u, %u properties, %u recipients, %u attachments, "
       "%u names, %s", rows[i].file, t->codepage, o->props.n, o->nrecips,
       o->nattachs, t->nnames, t->damaged ? "damaged" : "whole");
    is_str(ptn_props_get(&o->props, PTN_PR_MESSAGE_CLASS),
           rows[i].class, "its class");

    snprintf(path, sizeof(path), "%s/mail/%s.list", ptn_ref_dir(),
             rows[i].file);
    list = ptn_ref_read(pool, path);

    if (list.data != NULL) {
        is_str(named(pool, o, rows[i].twice),
               (char *) listed(pool, list).data, "its attachments");
    }

    ptn_pool_destroy(pool);
}


/* --- what they hold ------------------------------------------------------- */

static ptn_tnef_t *
open_stream(ptn_pool_t *pool, const char *name)
{
    char         path[512];
    ptn_tnef_t  *t;

    snprintf(path, sizeof(path), "%s/mail/%s.tnef", ptn_ref_dir(), name);

    if (ptn_tnef_read(pool, ptn_ref_read(pool, path), &t) != PTN_OK) {
        exit(1);
    }

    return t;
}


static void
contents(void)
{
    size_t               i;
    int64_t              n;
    ptn_pool_t          *pool;
    ptn_tnef_t          *t;
    const ptn_object_t  *o;

    pool = ptn_pool_create(0, NULL);

    /* attFrom, in windows-1251's stream, alone: nothing encapsulated says it */

    t = open_stream(pool, "mimekit-tnef/triples");
    is_str(ptn_props_get(&t->object->props, PTN_PR_SENDER_NAME),
           "Martin Rakhmanoff", "attFrom: name");
    is_str(ptn_props_get(&t->object->props, PTN_PR_SENDER_ADDRTYPE),
           "SMTP", "attFrom: type");
    is_str(ptn_props_get(&t->object->props, PTN_PR_SENDER_EMAIL),
           "rakhmanoff@sundance.spb.ru", "attFrom: address");

    t = open_stream(pool, "mimekit-tnef/unicode-mapi-attr-name");
    is_str(ptn_props_get(&t->object->props, PTN_PR_SUBJECT),
           "RE: [ZGLOSZENIE] THU#29044 Aktualizacja numer\xc3\xb3w w "
           "dodatkowych panelach", "a subject beyond ASCII");

    t = open_stream(pool, "mimekit-tnef/body");
    ok(t->object->recips[0].type == PTN_RECIP_TO, "a recipient is To");
    ok(ptn_props_get(&t->object->recips[0].props,
                     PTN_PR_DISPLAY_NAME).len != 0, "and has a name");

    /* messages in messages, and an attachment within one of them */

    t = open_stream(pool, "mimekit-tnef/christmas");
    o = t->object->attachs[2].embedded;
    is_str(ptn_props_get(&o->props, PTN_PR_SUBJECT), "Christmas Celebration!",
           "subject of an embedded message");
    ok(o->nattachs == 1 && o->attachs[0].size == 375081
       && ptn_str_eq(o->attachs[0].data, t->object->attachs[0].data),
       "the picture in it is that of the message around");

    /* pictures are OLE storages: compound files */

    t = open_stream(pool, "mimekit-tnef/winmail");

    for (i = 0; i < 2; i++) {
        ok(ptn_props_int(&t->object->attachs[i].props, PTN_PR_ATTACH_METHOD,
                         &n) && n == 6
           && t->object->attachs[i].size > 8
           && memcmp(t->object->attachs[i].data.data, "\xd0\xcf\x11\xe0", 4)
              == 0, "picture %zu is a compound file", i);
    }

    ptn_pool_destroy(pool);
}


/* --- in messages ---------------------------------------------------------- */

static void
check_message(void *ctx, ptn_pool_t *pool, const ptn_ref_row_t *row,
    ptn_str_t raw)
{
    size_t              *seen;
    uint32_t             i;
    ptn_mime_t          *mime;
    ptn_tnef_t          *t;
    ptn_object_t        *o;
    const ptn_attach_t  *a;

    seen = ctx;

    if (strstr(row->features, "tnef") == NULL
        || ptn_mime_parse(pool, raw, &mime) != PTN_OK
        || ptn_oxcmail_import(pool, mime, PTN_OXCMAIL_ATTACHS
                                          |PTN_OXCMAIL_DATA, &o) != PTN_OK)
    {
        return;
    }

    for (i = 0; i < o->nattachs; i++) {
        a = &o->attachs[i];

        if (a->data.len < 6 || ptn_le32(a->data.data) != PTN_TNEF_SIGNATURE) {
            continue;
        }

        ++*seen;
        check_stream(pool, row->file, a->data, &t);
        ok(!t->damaged && t->object->props.n != 0, "%s: whole", row->file);
    }
}


int
main(void)
{
    size_t  i, seen;

    for (i = 0; i < ptn_nelts(rows); i++) {
        check_row(i);
    }

    contents();

    seen = 0;
    (void) ptn_ref_mail(check_message, &seen);
    ok(seen == 2, "%zu messages carry a winmail.dat", seen);

    return done_testing();
}
