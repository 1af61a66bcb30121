/*
 * Messages as objects: what delivery derives is what the import shows; create,
 * edit, properties that are no content, ids across folders, FAI, access.
 */

#include "mailbox_site.h"
#include "ptn_eid.h"
#include "ptn_msg.h"


#define INBOX  PTN_FOLDER_INBOX


static ptn_str_t
u32(site_t *s, uint32_t n)
{
    u_char  p[4];

    ptn_put_le32(p, n);

    return ptn_str_dup(s->pool, ptn_str_make(p, 4));
}


static const char  mail[] =
    "Received: from a by b; Mon, 2 Feb 2026 10:00:00 +0100\r\n"
    "From: \"Alice Adams\" <alice@example.test>\r\n"
    "Sender: Secretary <sec@example.test>\r\n"
    "To: Bob <bob@example.test>, carol@example.test\r\n"
    "Cc: Dave <dave@example.test>\r\n"
    "Subject: RE: =?utf-8?q?caf=C3=A9?=\r\n"
    "Date: Mon, 2 Feb 2026 10:00:00 +0100\r\n"
    "Message-ID: <1@example.test>\r\n"
    "In-Reply-To: <0@example.test>\r\n"
    "Importance: high\r\n"
    "Sensitivity: private\r\n"
    "Thread-Topic: coffee\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\nhello there\r\n"
    "--b\r\nContent-Type: application/pdf; name=x.pdf\r\n"
    "Content-Disposition: attachment; filename=x.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--b--\r\n";


static ptn_appended_t
append(site_t *s, ptn_id_t folder, ptn_str_t raw, uint32_t flags)
{
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    memset(&app, 0, sizeof(app));
    a.raw = raw;
    a.flags = flags;
    a.received = 1770000000;

    ok(ptn_txn_begin(&tx, site_open(s, "alice")) == PTN_OK
       && ptn_msg_append(&tx, folder, &a, &app) == PTN_OK
       && ptn_txn_commit(&tx) == PTN_OK
       && ptn_store_commit(s->store) == PTN_OK, "appended");

    return app;
}


static ptn_msg_t *
open_msg(site_t *s, ptn_id_t id)
{
    ptn_msg_t  *msg;

    msg = NULL;
    is_rc(ptn_msg_open(site_open(s, "alice"), s->pool, id, &msg), PTN_OK,
          "opened");

    return msg;
}


/* Everything that the import gives, from rows or from content. */

static void
same_as_import(site_t *s, ptn_id_t id, ptn_str_t raw, const char *name)
{
    uint32_t             i, bad;
    ptn_msg_t           *msg;
    ptn_str_t            v;
    ptn_mime_t          *mime;
    ptn_object_t        *want;
    const ptn_object_t  *got;

    msg = open_msg(s, id);
    ptn_mime_parse(s->pool, raw, &mime);
    ptn_oxcmail_import(s->pool, mime, PTN_OXCMAIL_ALL, &want);

    is_rc(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &got), PTN_OK, "object");
    bad = 0;

    for (i = 0; i < want->props.n; i++) {
        if (ptn_item_computed(want->props.p[i].tag)) {
            continue;
        }

        v = ptn_props_get(&got->props, want->props.p[i].tag);

        if (v.data == NULL || !ptn_str_eq(v, want->props.p[i].value)) {
            bad++;
            diag("%s differs: \"%.*s\", want \"%.*s\"",
                 ptn_prop_name(want->props.p[i].tag), ptn_str_arg(v),
                 ptn_str_arg(want->props.p[i].value));
        }
    }

    ok(bad == 0, "%s: %u properties as imported", name, want->props.n);
    ok(got->nrecips == want->nrecips && got->nattachs == want->nattachs,
       "recipients and attachments");

    /* one by one, with a message opened anew each time */

    for (i = 0, bad = 0; i < want->props.n; i++) {
        if (ptn_item_computed(want->props.p[i].tag)) {
            continue;
        }

        ptn_msg_open(site_open(s, "alice"), s->pool, id, &msg);

        if (ptn_msg_props(msg, &want->props.p[i].tag, 1, &v) != PTN_OK
            || v.data == NULL || !ptn_str_eq(v, want->props.p[i].value))
        {
            bad++;
            diag("%s alone differs", ptn_prop_name(want->props.p[i].tag));
        }
    }

    ok(bad == 0, "%s: each alone, too", name);
}


static void
test_derived(site_t *s)
{
    size_t                  i, n;
    ptn_buf_t               b;
    ptn_str_t               v[4];
    ptn_msg_t              *msg;
    ptn_appended_t          app;
    const ptn_item_prop_t  *rows;
    uint32_t                tags[4] = { PTN_PR_SUBJECT,
                                        PTN_PR_NORMALIZED_SUBJECT,
                                        PTN_PR_HASATTACH,
                                        PTN_PR_DISPLAY_TO };

    rows = ptn_item_props(&n);

    for (i = 1; i < n && rows[i - 1].tag < rows[i].tag; i++) {
        /* void */
    }

    ok(i == n, "the table is in order");

    app = append(s, INBOX, ptn_str_z(mail), 0);
    same_as_import(s, app.id, ptn_str_z(mail), "a mail");

    msg = open_msg(s, app.id);
    is_rc(ptn_msg_props(msg, tags, 4, v), PTN_OK, "props");
    is_str(v[0], "RE: caf\xc3\xa9", "subject");
    is_str(v[1], "caf\xc3\xa9", "without its prefix");
    ok(v[2].len == 1 && v[2].data[0] == 1, "has an attachment");
    is_str(v[3], "Bob; carol@example.test", "display to");

    /* what is too long for the row */

    ptn_buf_init(&b, s->pool);
    ptn_buf_z(&b, "From: a@b\r\nTo: ");

    for (i = 0; i < 150; i++) {
        ptn_buf_printf(&b, "Person Number %zu <p%zu@example.test>,\r\n ",
                       i, i);
    }

    ptn_buf_z(&b, "last@example.test\r\nSubject: ");

    for (i = 0; i < 300; i++) {
        ptn_buf_printf(&b, "word%zu\r\n ", i);
    }

    ptn_buf_z(&b, "end\r\n\r\ntext\r\n");
    app = append(s, INBOX, ptn_buf_get(&b), 0);
    same_as_import(s, app.id, ptn_buf_get(&b), "a long header");
}


static void
test_computed(site_t *s)
{
    int64_t          n;
    uint16_t         replid;
    ptn_guid_t       guid, provider, fguid;
    ptn_id_t         folder, mid;
    ptn_msg_t       *msg;
    ptn_str_t        v[6];
    ptn_appended_t   app;
    ptn_msg_info_t   info;
    ptn_mbox_t      *mb;
    uint32_t         tags[6] = { PTN_PR_ENTRYID, PTN_PR_CHANGE_KEY,
                                 PTN_PR_MESSAGE_FLAGS, PTN_PR_READ,
                                 PTN_PR_MID, PTN_PR_FLAG_STATUS };

    app = append(s, INBOX, ptn_str_z(mail),
                 PTN_FLAG_SEEN|PTN_FLAG_FLAGGED|PTN_FLAG_DRAFT);
    mb = site_open(s, "alice");
    msg = open_msg(s, app.id);
    ptn_msg_info(msg, &info);
    is_rc(ptn_msg_props(msg, tags, 6, v), PTN_OK, "props");

    ok(v[0].len == PTN_EID_MESSAGE_LEN
       && ptn_eid_message_parse(v[0], &provider, &fguid, &folder, &guid, &mid)
          == PTN_OK
       && folder == INBOX && mid == info.mid
       && ptn_guid_eq(provider, mb->guid), "entry id");
    ok(ptn_eid_gid_parse(v[1], &guid, &mid) == PTN_OK && mid == info.cn,
       "change key");
    ok(ptn_prop_int(tags[2], v[2], &n) && (n & 0x19) == 0x19,
       "read, unsent, has attachments: %x", (unsigned) n);
    ok(v[3].len == 1 && v[3].data[0] == 1, "read");
    ok(ptn_prop_int(tags[4], v[4], &n)
       && ptn_eid_fid_id((uint64_t) n, &replid) == info.mid && replid == 1,
       "mid");
    ok(ptn_prop_int(tags[5], v[5], &n) && n == 2, "flagged");
}


/* More than is read for a body: only what is needed of it is put together. */

static void
test_big(site_t *s)
{
    u_char               *p;
    size_t                i, size;
    uint32_t              tag;
    ptn_buf_t             b;
    ptn_str_t             text, v;
    ptn_msg_t            *msg;
    ptn_appended_t        app;
    const ptn_object_t   *o;

    size = 3 * 1024 * 1024;
    p = ptn_palloc(s->pool, size);

    for (i = 0; i < size; i++) {
        p[i] = (u_char) (i * i >> 7);
    }

    text = ptn_base64_encode(s->pool, ptn_str_make(p, size));
    ptn_buf_init(&b, s->pool);
    ptn_buf_z(&b, "From: a@b\r\nSubject: big\r\nMIME-Version: 1.0\r\n"
              "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
              "--b\r\nContent-Type: text/plain\r\n\r\nthe body\r\n");

    for (i = 0; i < text.len; i += 76) {
        if (i == 0 || i == 76 * 20000) {
            ptn_buf_printf(&b, "--b\r\nContent-Type: application/pdf\r\n"
                           "Content-Disposition: attachment; filename=%zu\r\n"
                           "Content-Transfer-Encoding: base64\r\n\r\n", i);
        }

        ptn_buf_add(&b, text.data + i, ptn_min((size_t) 76, text.len - i));
        ptn_buf_z(&b, "\r\n");
    }

    ptn_buf_z(&b, "--b--\r\n");
    app = append(s, INBOX, ptn_buf_get(&b), 0);

    msg = open_msg(s, app.id);
    tag = PTN_PR_BODY;
    is_rc(ptn_msg_props(msg, &tag, 1, &v), PTN_OK, "the body");
    ok(v.len >= 8 && memcmp(v.data, "the body", 8) == 0, "is there");
    ok(msg->parsed == NULL, "without the whole message");

    msg = open_msg(s, app.id);
    is_rc(ptn_msg_object(msg, PTN_OXCMAIL_ATTACHS, &o), PTN_OK, "a list");
    ok(o->nattachs == 2 && o->attachs[0].size == 20000 * 57
       && o->attachs[1].size == size - 20000 * 57, "exact sizes");
    is_rc(ptn_msg_attach_data(msg, o->attachs[1].num, size, &v), PTN_OK,
          "data");
    ok(v.len == size - 20000 * 57
       && memcmp(v.data, p + 20000 * 57, v.len) == 0, "the same bytes");
}


static ptn_object_t *
object(site_t *s, const char *subject, const char *body)
{
    ptn_recip_t   *r;
    ptn_object_t  *o;

    o = ptn_pcalloc(s->pool, sizeof(ptn_object_t));
    r = ptn_pcalloc(s->pool, 2 * sizeof(ptn_recip_t));
    r[0].type = PTN_RECIP_TO;
    r[1].row = 1;
    r[1].type = PTN_RECIP_BCC;
    ptn_props_set(&r[0].props, s->pool, PTN_PR_DISPLAY_NAME, ptn_str("Bob"));
    ptn_props_set(&r[0].props, s->pool, PTN_PR_ADDRTYPE, ptn_str("SMTP"));
    ptn_props_set(&r[0].props, s->pool, PTN_PR_EMAIL_ADDRESS,
                  ptn_str("bob@example.test"));
    ptn_props_set(&r[1].props, s->pool, PTN_PR_DISPLAY_NAME, ptn_str("Eve"));
    ptn_props_set(&r[1].props, s->pool, PTN_PR_ADDRTYPE, ptn_str("SMTP"));
    ptn_props_set(&r[1].props, s->pool, PTN_PR_EMAIL_ADDRESS,
                  ptn_str("eve@example.test"));
    o->recips = r;
    o->nrecips = 2;

    ptn_props_set(&o->props, s->pool, PTN_PR_SUBJECT, ptn_str_z(subject));
    ptn_props_set(&o->props, s->pool, PTN_PR_BODY, ptn_str_z(body));
    ptn_props_set_int(&o->props, s->pool, PTN_PR_IMPORTANCE, 2);
    ptn_props_set(&o->props, s->pool, 0x8001001f, ptn_str("custom"));

    return o;
}


static void
test_create(site_t *s)
{
    char            *big;
    ptn_id_t         mid, id;
    ptn_str_t        v, raw;
    ptn_txn_t        tx;
    ptn_save_t       save;
    ptn_saved_t      saved, again;
    ptn_msg_t       *msg;
    ptn_mbox_t      *mb;
    ptn_attach_t    *a;
    ptn_object_t    *o;
    ptn_msg_info_t   info;
    const ptn_object_t   *got;
    const ptn_folder_t   *f;

    o = object(s, "made", "the text");
    a = ptn_pcalloc(s->pool, 2 * sizeof(ptn_attach_t));
    big = ptn_palloc(s->pool, 100000);
    memset(big, 'x', 100000);
    a[0].num = 0;
    a[0].part = PTN_PART_NONE;
    a[0].has_data = true;
    a[0].data = ptn_str("small");
    a[0].size = 5;
    ptn_props_set(&a[0].props, s->pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str("small.bin"));
    ptn_props_set_int(&a[0].props, s->pool, PTN_PR_ATTACH_METHOD, 1);
    a[1] = a[0];
    memset(&a[1].props, 0, sizeof(ptn_props_t));
    ptn_props_set(&a[1].props, s->pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str("big.bin"));
    ptn_props_set_int(&a[1].props, s->pool, PTN_PR_ATTACH_METHOD, 1);
    a[1].num = 7;
    a[1].data = ptn_str_make(big, 100000);
    a[1].size = 100000;
    o->attachs = a;
    o->nattachs = 2;

    mb = site_open(s, "alice");
    memset(&save, 0, sizeof(save));
    save.object = o;
    save.flags = PTN_FLAG_DRAFT|PTN_FLAG_SEEN;

    ptn_txn_begin(&tx, mb);
    is_rc(ptn_txn_mid(&tx, &mid), PTN_OK, "a mid beforehand");
    save.mid = mid;
    is_rc(ptn_msg_create(&tx, s->pool, PTN_FOLDER_DRAFTS, &save, &saved),
          PTN_OK, "created");
    is_rc(ptn_msg_create(&tx, s->pool, PTN_FOLDER_DRAFTS, &save, &again),
          PTN_EEXIST, "once");
    ok(saved.mid == mid && saved.id == mid && saved.uid == 1, "with that mid");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");

    site_reopen(s, "alice");
    msg = open_msg(s, saved.id);
    ptn_msg_info(msg, &info);
    ok(info.flags == (PTN_FLAG_DRAFT|PTN_FLAG_SEEN) && info.folder
       == PTN_FOLDER_DRAFTS && info.size != 0, "its row");
    is_rc(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &got), PTN_OK, "read back");
    is_str(ptn_props_get(&got->props, PTN_PR_SUBJECT), "made", "subject");
    is_str(ptn_props_get(&got->props, PTN_PR_BODY), "the text", "body");
    is_str(ptn_props_get(&got->props, 0x8001001f), "custom", "a named one");
    is_str(ptn_props_get(&got->props, PTN_PR_DISPLAY_TO), "Bob",
           "display to");
    is_str(ptn_props_get(&got->props, PTN_PR_DISPLAY_BCC), "Eve",
           "display bcc");
    ok(got->nrecips == 2 && got->nattachs == 2, "lists");
    ok(got->attachs[1].has_data && got->attachs[1].data.len == 100000
       && memcmp(got->attachs[1].data.data, big, 100000) == 0, "data");

    msg = open_msg(s, saved.id);
    is_rc(ptn_msg_attach_data(msg, 7, 100000, &v), PTN_OK, "by number");
    ok(v.len == 100000 && v.data[99999] == 'x', "its bytes");
    is_rc(ptn_msg_attach_data(msg, 7, 99999, &v), PTN_ETOOBIG, "not too big");
    is_rc(ptn_msg_attach_data(msg, 3, 9999, &v), PTN_ENOTFOUND, "no such");
    is_rc(ptn_msg_attach_data(msg, 0, 5, &v), PTN_OK, "the small one");
    is_str(v, "small", "its bytes");

    is_rc(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20, &raw), PTN_OK,
          "as MIME");
    ok(memmem(raw.data, raw.len, "Subject: made", 13) != NULL
       && memmem(raw.data, raw.len, "bob@example.test", 16) != NULL,
       "has it all");

    is_rc(ptn_msg_by_mid(site_open(s, "alice"), 0, mid, &id), PTN_OK,
          "by mid");
    ok(id == saved.id, "the same");
    ptn_folder_get(site_open(s, "alice"), PTN_FOLDER_DRAFTS, &f);
    ok(f->total == 1 && f->unread == 0 && f->size == info.size, "counted");
    site_check(s, "alice");
}


static uint32_t
count_blobs(site_t *s)
{
    int64_t  n;

    n = -1;
    ptn_sql_number(site_open(s, "alice"), "SELECT count(*) FROM blob"
                                          " WHERE refs>0", &n);
    return (uint32_t) n;
}


static ptn_saved_t
update(site_t *s, ptn_id_t id, const ptn_object_t *o, uint64_t if_cn,
    ptn_rc_t want, const char *name)
{
    ptn_rc_t     rc;
    ptn_txn_t    tx;
    ptn_save_t   save;
    ptn_saved_t  saved;

    memset(&save, 0, sizeof(save));
    memset(&saved, 0, sizeof(saved));
    save.object = o;

    ptn_txn_begin(&tx, site_open(s, "alice"));
    rc = ptn_msg_update(&tx, s->pool, id, &save, if_cn, &saved);
    is_rc(rc, want, name);

    if (rc == PTN_OK) {
        ptn_txn_commit(&tx);

    } else {
        ptn_txn_done(&tx);
    }

    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");

    return saved;
}


static void
test_update(site_t *s)
{
    size_t                nv;
    uint32_t             *uids;
    uint64_t              modseq;
    ptn_str_t             raw;
    ptn_msg_t            *msg;
    ptn_row_t             row;
    ptn_view_t           *before, *after;
    ptn_saved_t           saved;
    ptn_object_t          edit;
    ptn_msg_info_t        was, is;
    ptn_appended_t        app;
    const ptn_object_t   *o;

    app = append(s, PTN_FOLDER_ARCHIVE, ptn_str_z(mail), PTN_FLAG_SEEN);
    ptn_view_get(site_open(s, "alice"), PTN_FOLDER_ARCHIVE, &before);

    /* saved as it was read: nothing moves */

    msg = open_msg(s, app.id);
    ptn_msg_info(msg, &was);
    ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o);
    saved = update(s, app.id, o, was.cn, PTN_OK, "saved unchanged");
    ok(saved.uid == was.uid && saved.cn == was.cn, "is the same message");

    /* a property that is no content */

    edit = *o;
    edit.props.p = ptn_pmemdup(s->pool, o->props.p,
                               o->props.n * sizeof(ptn_bag_prop_t));
    edit.props.size = o->props.n;
    ptn_props_set(&edit.props, s->pool, 0x8005001f, ptn_str("mine"));
    saved = update(s, app.id, &edit, was.cn, PTN_OK, "no content");
    msg = open_msg(s, app.id);
    ptn_msg_info(msg, &is);
    ok(saved.uid == was.uid && is.content == was.content && is.cn > was.cn
       && is.read_cn == was.read_cn && is.modseq == is.cn,
       "cn moves, uid and content stay");

    /* another subject */

    ptn_props_set(&edit.props, s->pool, PTN_PR_SUBJECT, ptn_str("new one"));
    update(s, app.id, &edit, was.cn, PTN_ECONFLICT, "from an old state");
    saved = update(s, app.id, &edit, is.cn, PTN_OK, "content");
    modseq = is.modseq;
    msg = open_msg(s, app.id);
    ptn_msg_info(msg, &is);
    ok(saved.uid > was.uid && is.uid == saved.uid && is.id == was.id
       && is.mid == was.mid && is.content != was.content
       && is.read_cn == was.read_cn && is.flags == PTN_FLAG_SEEN
       && is.born == was.born && is.modified != 0,
       "a new uid and content, the same ids");

    is_rc(ptn_view_vanished(site_open(s, "alice"), s->pool,
                            PTN_FOLDER_ARCHIVE, modseq, &uids, &nv), PTN_OK,
          "vanished");
    ok(nv == 1 && uids[0] == was.uid, "the old uid");
    ptn_view_get(site_open(s, "alice"), PTN_FOLDER_ARCHIVE, &after);
    ptn_view_row(after, 1, &row);
    ok(ptn_view_count(after) == 1 && row.uid == saved.uid
       && row.id == app.id, "IMAP sees the new one");
    ptn_view_unref(before);
    ptn_view_unref(after);

    ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o);
    is_str(ptn_props_get(&o->props, PTN_PR_SUBJECT), "new one", "subject");
    is_str(ptn_props_get(&o->props, PTN_PR_NORMALIZED_SUBJECT), "new one",
           "and what is made of it");
    is_str(ptn_props_get(&o->props, 0x8005001f), "mine", "bag");
    ok(o->nattachs == 1 && ptn_str_eqz(o->attachs[0].data, "Hello"),
       "attachment");
    is_rc(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20, &raw), PTN_OK,
          "as MIME");
    ok(memmem(raw.data, raw.len, "Subject: new one", 16) != NULL, "edited");

    /* what was read is what is kept: again nothing moves */

    saved = update(s, app.id, o, is.cn, PTN_OK, "saved unchanged");
    ok(saved.uid == is.uid && saved.cn == is.cn, "is the same message");
    site_check(s, "alice");
}


static void
test_set_props(site_t *s)
{
    char            *big;
    uint32_t         blobs, uid, *uids;
    ptn_id_t         id;
    ptn_txn_t        tx;
    ptn_str_t        v[2];
    ptn_msg_t       *msg;
    ptn_saved_t      saved;
    ptn_appended_t   app;
    ptn_bag_prop_t   p[3];
    ptn_msg_info_t   info;
    uint32_t         tags[2] = { 0x80030102, PTN_PR_FLAG_STATUS };
    const ptn_object_t  *o;

    app = append(s, PTN_FOLDER_JUNK, ptn_str_z(mail), 0);
    big = ptn_palloc(s->pool, 20000);
    memset(big, 'z', 20000);

    ptn_txn_begin(&tx, site_open(s, "alice"));
    p[0].tag = PTN_PR_SUBJECT;
    p[0].value = ptn_str("no");
    is_rc(ptn_msg_set_props(&tx, s->pool, app.id, p, 1, &saved), PTN_ESUPPORT,
          "the subject is content");
    p[0].tag = PTN_PR_FLAG_STATUS;
    p[0].value = u32(s, 2);
    p[1].tag = 0x80030102;
    p[1].value = ptn_str_make(big, 20000);
    p[2].tag = PTN_PR_LAST_VERB_EXECUTED;
    p[2].value = u32(s, 102);
    is_rc(ptn_msg_set_props(&tx, s->pool, app.id, p, 3, &saved), PTN_OK,
          "set");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    ok(saved.uid == app.uid && saved.cn > app.modseq, "cn moves, uid stays");
    site_reopen(s, "alice");
    msg = open_msg(s, app.id);
    ptn_msg_info(msg, &info);
    ok(info.flags == (PTN_FLAG_FLAGGED|PTN_FLAG_ANSWERED), "flags for IMAP");
    is_rc(ptn_msg_props(msg, tags, 2, v), PTN_OK, "read");
    ok(v[0].len == 20000 && v[0].data[19999] == 'z', "a large one");
    ok(v[1].len == 4 && v[1].data[0] == 2, "flag status");
    site_check(s, "alice");

    /* a copy shares it; nothing is left when both are gone */

    blobs = count_blobs(s);
    uid = app.uid;
    ptn_txn_begin(&tx, site_open(s, "alice"));
    ptn_msg_copy(&tx, s->pool, PTN_FOLDER_JUNK, &uid, 1, PTN_FOLDER_SENT,
                 &uids);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    site_check(s, "alice");

    ptn_txn_begin(&tx, site_open(s, "alice"));
    p[0].tag = 0x80030102;
    p[0].value = ptn_str_make(NULL, 0);
    is_rc(ptn_msg_set_props(&tx, s->pool, app.id, p, 1, &saved), PTN_OK,
          "taken out of one");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ok(count_blobs(s) == blobs, "the other has it still");
    site_check(s, "alice");

    msg = open_msg(s, app.id);
    ptn_msg_object(msg, PTN_OXCMAIL_PROPS, &o);
    ok(ptn_props_get(&o->props, 0x80030102).data == NULL, "gone here");

    ptn_txn_begin(&tx, site_open(s, "alice"));
    ptn_msg_by_mid(site_open(s, "alice"), 0, app.id, &id);
    ptn_msg_expunge(&tx, PTN_FOLDER_SENT, uids, 1);
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    ok(count_blobs(s) == blobs - 1, "and there");
    site_check(s, "alice");
}


static void
test_ids(site_t *s)
{
    unsigned         i;
    uint64_t         modseq;
    ptn_id_t         ids[3], *got, mid;
    ptn_txn_t        tx;
    ptn_msg_t       *msg;
    ptn_mbox_t      *mb;
    ptn_msg_info_t   was, is;

    for (i = 0; i < 3; i++) {
        ids[i] = append(s, i ? PTN_FOLDER_NOTES : PTN_FOLDER_TASKS,
                        ptn_str_z(mail), 0).id;
    }

    msg = open_msg(s, ids[1]);
    ptn_msg_info(msg, &was);
    mb = site_open(s, "alice");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_flags_ids(&tx, ids, 3, PTN_FLAGS_ADD, PTN_FLAG_SEEN, 0,
                            &modseq), PTN_OK, "flags");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    msg = open_msg(s, ids[1]);
    ptn_msg_info(msg, &is);
    ok(is.cn == was.cn && is.read_cn > was.read_cn && is.modseq == modseq,
       "a read moves read_cn, not cn");

    mb = site_open(s, "alice");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_move_ids(&tx, s->pool, PTN_FOLDER_NOTES, ids, 3,
                           PTN_FOLDER_JOURNAL, &got), PTN_OK, "moved");
    ok(got[0] == 0 && got[1] == ids[1] && got[2] == ids[2],
       "those that are in that folder");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    msg = open_msg(s, ids[1]);
    ptn_msg_info(msg, &is);
    ok(is.folder == PTN_FOLDER_JOURNAL && is.mid != was.mid && is.id == was.id
       && is.born == is.cn, "another mid, the same id");
    is_rc(ptn_msg_by_mid(site_open(s, "alice"), 0, was.mid, &mid),
          PTN_ENOTFOUND, "the old mid is gone");
    is_rc(ptn_msg_by_mid(site_open(s, "alice"), PTN_FOLDER_JOURNAL, is.mid,
                         &mid), PTN_OK, "the new one is there");
    ok(mid == ids[1], "and is it");

    mb = site_open(s, "alice");
    ptn_txn_begin(&tx, mb);
    is_rc(ptn_msg_copy_ids(&tx, s->pool, PTN_FOLDER_JOURNAL, ids + 1, 2,
                           PTN_FOLDER_JOURNAL, &got), PTN_OK, "copied");
    ok(got[0] != ids[1] && got[0] != 0, "with an id of its own");
    is_rc(ptn_msg_expunge_ids(&tx, ids, 3), PTN_OK, "expunged");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    is_rc(ptn_msg_open(site_open(s, "alice"), s->pool, ids[0], &msg),
          PTN_ENOTFOUND, "gone");
    site_check(s, "alice");
}


static void
test_fai(site_t *s)
{
    ptn_id_t             id;
    ptn_str_t            v;
    ptn_txn_t            tx;
    ptn_view_t          *view;
    ptn_save_t           save;
    ptn_saved_t          saved;
    uint32_t             tag;
    const ptn_folder_t  *f;

    memset(&save, 0, sizeof(save));
    save.object = object(s, "hidden", "settings");
    save.fai = true;

    ptn_txn_begin(&tx, site_open(s, "alice"));
    is_rc(ptn_msg_create(&tx, s->pool, PTN_FOLDER_CALENDAR, &save, &saved),
          PTN_OK, "folder associated");
    id = saved.id;
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    ptn_folder_get(site_open(s, "alice"), PTN_FOLDER_CALENDAR, &f);
    ptn_view_get(site_open(s, "alice"), PTN_FOLDER_CALENDAR, &view);
    ok(f->total == 0 && f->unread == 0 && ptn_view_count(view) == 0,
       "is not counted or seen");
    ptn_view_unref(view);
    tag = PTN_PR_ASSOC_CONTENT_COUNT;
    is_rc(ptn_folder_props(site_open(s, "alice"), s->pool,
                           PTN_FOLDER_CALENDAR, &tag, 1, &v), PTN_OK,
          "asked for");
    ok(v.len == 4 && v.data[0] == 1, "but there");
    site_check(s, "alice");

    ptn_txn_begin(&tx, site_open(s, "alice"));
    is_rc(ptn_msg_expunge_ids(&tx, &id, 1), PTN_OK, "removed");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);
    site_check(s, "alice");
}


static void
test_folders(site_t *s)
{
    size_t               i, n;
    uint16_t             replid;
    ptn_guid_t           guid, g;
    ptn_id_t             id;
    ptn_str_t            v[3], rest, one;
    ptn_txn_t            tx;
    ptn_mbox_t          *mb;
    ptn_props_t          all;
    ptn_bag_prop_t       p[3];
    const ptn_folder_t  *f;
    uint32_t             tags[3] = { PTN_PR_IPM_APPOINTMENT_ENTRYID,
                                     PTN_PR_ADDITIONAL_REN_ENTRYIDS,
                                     PTN_PR_COMMENT };

    mb = site_open(s, "alice");
    is_rc(ptn_folder_list_all(mb, &f, &n), PTN_OK, "all folders");
    ok(n == PTN_FOLDER_MAX - 2, "all but the root: %zu", n);

    for (i = 1; i < n; i++) {
        if (f[i].parent == PTN_FOLDER_INBOX || f[i].id == PTN_FOLDER_ROOT) {
            break;
        }
    }

    ok(f[0].parent == PTN_FOLDER_ROOT && i == n, "from the root");

    is_rc(ptn_folder_props(mb, s->pool, PTN_FOLDER_INBOX, tags, 3, v), PTN_OK,
          "special folders");
    ok(ptn_eid_folder_parse(v[0], &g, &guid, &id) == PTN_OK
       && id == PTN_FOLDER_CALENDAR && ptn_guid_eq(g, mb->guid), "calendar");
    ok(ptn_mbox_replica(mb, id, &replid, &g) == PTN_OK && replid == 1
       && ptn_guid_eq(g, guid), "its replica");
    ok(ptn_mbox_replid(mb, guid, &replid) == PTN_OK && replid == 1, "back");
    is_u64(ptn_mv_count(v[1]), 5, "five more");

    for (rest = ptn_mv_rest(v[1]), i = 0; ptn_mv_next(tags[1], &rest, &one);
         i++)
    {
        if (i == 4) {
            ok(ptn_eid_folder_parse(one, &g, &guid, &id) == PTN_OK
               && id == PTN_FOLDER_JUNK, "the last is for junk");
        }
    }

    ok(v[2].data == NULL, "no comment");

    ptn_txn_begin(&tx, mb);
    ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("sub"), NULL, &id);
    p[0].tag = PTN_PR_DISPLAY_NAME;
    p[0].value = ptn_str("renamed");
    p[1].tag = PTN_PR_COMMENT;
    p[1].value = ptn_str("a comment");
    p[2].tag = PTN_PR_CONTAINER_CLASS;
    p[2].value = ptn_str("IPF.Task");
    is_rc(ptn_folder_props_set(&tx, id, p, 3), PTN_OK, "set");
    p[0].tag = PTN_PR_CONTENT_COUNT;
    p[0].value = u32(s, 5);
    is_rc(ptn_folder_props_set(&tx, id, p, 1), PTN_EDENIED, "not the count");
    p[0].tag = PTN_PR_DISPLAY_NAME;
    p[0].value = ptn_str("x");
    is_rc(ptn_folder_props_set(&tx, PTN_FOLDER_INBOX, p, 1), PTN_EDENIED,
          "not the Inbox's name");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    mb = site_reopen(s, "alice");
    ptn_folder_get(mb, id, &f);
    is_str(f->name, "renamed", "name");
    is_str(f->cls, "IPF.Task", "class");
    is_rc(ptn_folder_props_all(mb, s->pool, id, &all), PTN_OK, "all of them");
    is_str(ptn_props_get(&all, PTN_PR_COMMENT), "a comment", "comment");
    ok(ptn_props_get(&all, PTN_PR_CHANGE_KEY).len == PTN_GID_LEN,
       "change key");
    site_check(s, "alice");
}


static ptn_rc_t
let_in(void *ctx, uint64_t user, uint64_t owner PTN_UNUSED,
    uint32_t *ret_access)
{
    *ret_access = (user == *(uint64_t *) ctx) ? PTN_ACCESS_FULL
                                              : PTN_ACCESS_SEND_AS;

    return PTN_OK;
}


static void
test_access(site_t *s)
{
    uint64_t      friend;
    ptn_user_t    u, other;
    ptn_mbox_t   *mb;
    ptn_actor_t   actor;

    friend = 42;
    u = site_user(s, "alice");
    other = site_user(s, "bob");
    memset(&actor, 0, sizeof(actor));
    actor.user = 42;
    actor.mailbox = other.mailbox;

    is_rc(ptn_mbox_open(s->store, &u, &actor, &mb), PTN_ENOTFOUND,
          "nobody is asked");
    ptn_store_close(s->store);
    s->opts.access = let_in;
    s->opts.access_ctx = &friend;
    ptn_store_open(&s->opts, &s->store);

    is_rc(ptn_mbox_open(s->store, &u, &actor, &mb), PTN_OK, "a friend");
    ok(!ptn_mbox_is_owner(mb), "is no owner");
    actor.user = 43;
    is_rc(ptn_mbox_open(s->store, &u, &actor, &mb), PTN_ENOTFOUND,
          "who may send as");
    actor.mailbox = u.mailbox;
    is_rc(ptn_mbox_open(s->store, &u, &actor, &mb), PTN_OK, "the owner");
    ok(ptn_mbox_is_owner(mb), "is one");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;

    test_derived(&s);
    test_computed(&s);
    test_big(&s);
    test_create(&s);
    test_update(&s);
    test_set_props(&s);
    test_ids(&s);
    test_fai(&s);
    test_folders(&s);
    test_access(&s);
    site_check(&s, "alice");
    site_done(&s);

    return done_testing();
}
