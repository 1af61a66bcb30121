/*
 * A mailbox that has some of everything, and a use of everything that there
 * is: for tests that spoil it in between.  What the calls answer does not
 * matter there, only that they answer.
 */

#ifndef MAILBOX_BATTERY_H
#define MAILBOX_BATTERY_H


#include "mailbox_site.h"
#include "ptn_item.h"


/* Two attachments that become blobs, some text. */

static inline ptn_str_t
battery_mail(site_t *s, unsigned seed, size_t size)
{
    size_t      i, k;
    u_char     *data;
    ptn_str_t   text;
    ptn_buf_t   b;

    ptn_buf_init(&b, s->pool);
    ptn_buf_printf(&b, "From: Ann <ann@example.test>\r\nTo: bob@example.test"
                   "\r\nSubject: mail %u\r\nMessage-ID: <%u@example.test>\r\n"
                   "Date: Mon, 2 Feb 2026 10:00:00 +0100\r\n"
                   "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;"
                   " boundary=xx\r\n\r\n--xx\r\nContent-Type: text/plain\r\n"
                   "\r\nhello %u\r\n", seed, seed, seed);

    for (k = 0; k < 2; k++) {
        data = ptn_palloc(s->pool, size);

        for (i = 0; i < size; i++) {
            data[i] = (u_char) ((seed * 31 + k + i) * 2654435761u >> 13);
        }

        text = ptn_base64_encode(s->pool, ptn_str_make(data, size));
        ptn_buf_z(&b, "--xx\r\nContent-Type: application/x; name=a.bin\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n");

        for (i = 0; i < text.len; i += 76) {
            ptn_buf_add(&b, text.data + i,
                        ptn_min((size_t) 76, text.len - i));
            ptn_buf_z(&b, "\r\n");
        }
    }

    ptn_buf_z(&b, "--xx--\r\n");

    return ptn_buf_get(&b);
}


static inline ptn_rc_t
battery_append(site_t *s, ptn_txn_t *tx, ptn_id_t folder, unsigned seed,
    size_t size, ptn_appended_t *ret)
{
    ptn_append_t  a;

    memset(&a, 0, sizeof(a));
    a.raw = battery_mail(s, seed, size);
    a.received = 1770000000 + seed;
    a.flags = seed % 3 ? PTN_FLAG_SEEN : 0;

    return ptn_msg_append(tx, folder, &a, ret);
}


static inline bool
battery_fill(site_t *s, const char *name)
{
    unsigned         i, bit;
    uint32_t         uids[3] = { 1, 2, 3 }, *to;
    uint16_t         id;
    ptn_id_t         sub, deep;
    ptn_rc_t         rc;
    ptn_txn_t        tx;
    ptn_save_t       save;
    ptn_saved_t      saved;
    ptn_named_t      named;
    ptn_object_t     object;
    ptn_bag_prop_t   p[2];
    ptn_appended_t   app, one;

    rc = ptn_txn_begin(&tx, site_open(s, name));
    memset(&one, 0, sizeof(one));

    for (i = 0; i < 10 && rc == PTN_OK; i++) {
        rc = battery_append(s, &tx, PTN_FOLDER_INBOX, i, i % 3 ? 300 : 20000,
                            &app);
        one = (i == 3) ? app : one;
    }

    if (rc == PTN_OK) {     /* content in a file */
        rc = site_append(s, &tx, PTN_FOLDER_INBOX, 300000, 0, &app);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("sub"), NULL,
                               &sub);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_create(&tx, sub, ptn_str("Tiefe \xc3\x9f"), NULL,
                               &deep);
    }

    if (rc == PTN_OK) {
        rc = site_append(s, &tx, deep, 700, PTN_FLAG_FLAGGED, &app);
    }

    if (rc == PTN_OK) {
        rc = ptn_keyword_add(&tx, ptn_str("$Work"), &bit);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_flags(&tx, PTN_FOLDER_INBOX, uids, 2, PTN_FLAGS_ADD, 0,
                           1ULL << bit, 0, NULL);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 2,
                          PTN_FOLDER_SENT, &to);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, uids + 2, 1, sub,
                          &to);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids, 1);
    }

    /* a named property, one too large for the bag */

    memset(&named, 0, sizeof(named));
    named.set.b[0] = 7;
    named.by_name = true;
    named.name = ptn_str("colour");

    if (rc == PTN_OK) {
        rc = ptn_named_ids(tx.mb, &tx, &named, 1, &id);
    }

    if (rc == PTN_OK) {
        p[0].tag = (uint32_t) id << 16 | 0x1f;
        p[0].value = ptn_str("blue");
        p[1].tag = 0x7c070102;
        p[1].value = site_message(s, 20000);
        rc = ptn_msg_set_props(&tx, s->pool, one.id, p, 2, &saved);
    }

    /* an object */

    if (rc == PTN_OK) {
        memset(&save, 0, sizeof(save));
        memset(&object, 0, sizeof(object));
        ptn_props_set(&object.props, s->pool, PTN_PR_SUBJECT,
                      ptn_str("made by hand"));
        ptn_props_set(&object.props, s->pool, PTN_PR_BODY,
                      ptn_str("some text of it\r\n"));
        save.object = &object;
        rc = ptn_msg_create(&tx, s->pool, PTN_FOLDER_DRAFTS, &save, &saved);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    if (rc == PTN_OK) {
        rc = ptn_store_commit(s->store);
    }

    return is_rc(rc, PTN_OK, "a mailbox with some of everything");
}


/* ---- use ----------------------------------------------------------------- */

static ptn_rc_t
battery_row(void *ctx PTN_UNUSED, const ptn_table_row_t *row)
{
    size_t    i;
    unsigned  sum;

    for (i = 0, sum = 0; i < row->values[0].len; i++) {
        sum += row->values[0].data[i];
    }

    return (sum == 1) ? PTN_EINTERNAL : PTN_AGAIN;
}


static ptn_rc_t
battery_sink(void *ctx, const u_char *p, size_t n)
{
    *(u_char *) ctx ^= n ? p[n - 1] : 0;

    return PTN_OK;
}


static inline void
battery_read_message(site_t *s, ptn_mbox_t *mb, ptn_id_t folder,
    const ptn_row_t *row)
{
    u_char               sum;
    ptn_str_t            v[3];
    ptn_msg_t           *msg;
    const ptn_mime_t    *mime;
    const ptn_object_t  *object;
    uint32_t             tags[3] = { PTN_PR_SUBJECT, PTN_PR_BODY,
                                     0x80000000u | 0x1f };

    if (ptn_msg_open_row(mb, s->pool, folder, row, &msg) != PTN_OK) {
        return;
    }

    sum = 0;
    (void) ptn_msg_structure(msg, &mime);
    (void) ptn_msg_bytes(msg, 0, UINT64_MAX, battery_sink, &sum);
    (void) ptn_msg_object(msg, PTN_OXCMAIL_ALL, &object);
    (void) ptn_msg_props(msg, tags, 3, v);
}


static inline void
battery_read_folder(site_t *s, ptn_mbox_t *mb, ptn_id_t folder)
{
    bool                more;
    size_t              n;
    uint32_t            i, *uids;
    ptn_row_t           row;
    ptn_view_t         *v;
    ptn_sync_t          sync;
    ptn_table_t        *t;
    ptn_sync_change_t  *changes;
    uint32_t            tags[] = { PTN_PR_SUBJECT, PTN_PR_SENDER_NAME,
                                   PTN_PR_MESSAGE_SIZE, 0x8000001f };
    ptn_sort_t          sort = { PTN_PR_SUBJECT, true };

    if (ptn_view_get(mb, folder, &v) == PTN_OK) {
        for (i = 1; i <= ptn_view_count(v) && i <= 20; i++) {
            ptn_view_row(v, i, &row);
            battery_read_message(s, mb, folder, &row);
        }

        ptn_view_unref(v);
    }

    (void) ptn_view_vanished(mb, s->pool, folder, 1, &uids, &n);
    memset(&sync, 0, sizeof(sync));
    (void) ptn_sync_items(mb, s->pool, folder, false, &sync, 100, &changes,
                          &n, &more);

    if (ptn_table_open(mb, PTN_TABLE_CONTENTS, folder, 0, &t) == PTN_OK) {
        (void) ptn_table_rows(mb, t, s->pool, tags, 4, 0, 10, true,
                              battery_row, NULL);
        (void) ptn_table_sort(mb, t, &sort, 1);
        (void) ptn_table_rows(mb, t, s->pool, tags, 4, 0, 10, false,
                              battery_row, NULL);
        ptn_table_close(t);
    }
}


typedef ptn_rc_t (*battery_pt)(site_t *s, ptn_txn_t *tx);

static ptn_rc_t
battery_deliver(site_t *s, ptn_txn_t *tx)
{
    ptn_appended_t  app;

    return battery_append(s, tx, PTN_FOLDER_INBOX, 99, 20000, &app);
}


static ptn_rc_t
battery_flags(site_t *s PTN_UNUSED, ptn_txn_t *tx)
{
    uint32_t  uids[] = { 2, 4, 5, 6 };

    return ptn_msg_flags(tx, PTN_FOLDER_INBOX, uids, 4, PTN_FLAGS_ADD,
                         PTN_FLAG_ANSWERED, 0, 0, NULL);
}


static ptn_rc_t
battery_copy(site_t *s, ptn_txn_t *tx)
{
    uint32_t  uids[] = { 2, 4, 5, 6 }, *to;

    return ptn_msg_copy(tx, s->pool, PTN_FOLDER_INBOX, uids, 4,
                        PTN_FOLDER_ARCHIVE, &to);
}


static ptn_rc_t
battery_move(site_t *s, ptn_txn_t *tx)
{
    uint32_t  uids[] = { 5, 6 }, *to;

    return ptn_msg_move(tx, s->pool, PTN_FOLDER_INBOX, uids, 2,
                        PTN_FOLDER_ARCHIVE, &to);
}


static ptn_rc_t
battery_expunge(site_t *s PTN_UNUSED, ptn_txn_t *tx)
{
    uint32_t  uids[] = { 4, 7, 8 };

    return ptn_msg_expunge(tx, PTN_FOLDER_INBOX, uids, 3);
}


static ptn_rc_t
battery_edit(site_t *s, ptn_txn_t *tx)
{
    ptn_rc_t              rc;
    ptn_row_t             row;
    ptn_msg_t            *msg;
    ptn_save_t            save;
    ptn_view_t           *v;
    ptn_saved_t           saved;
    ptn_object_t          copy;
    const ptn_object_t   *object;

    rc = ptn_view_get(tx->mb, PTN_FOLDER_INBOX, &v);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = PTN_ENOTFOUND;

    if (ptn_view_count(v) != 0) {
        ptn_view_row(v, 1, &row);
        rc = ptn_msg_open(tx->mb, s->pool, row.id, &msg);
    }

    ptn_view_unref(v);

    if (rc == PTN_OK) {
        rc = ptn_msg_object(msg, PTN_OXCMAIL_ALL, &object);
    }

    if (rc == PTN_OK) {
        copy = *object;
        ptn_props_set(&copy.props, s->pool, PTN_PR_SUBJECT,
                      ptn_str("edited"));
        memset(&save, 0, sizeof(save));
        save.object = &copy;
        rc = ptn_msg_update(tx, s->pool, row.id, &save, 0, &saved);
    }

    return rc;
}


static ptn_rc_t
battery_folders(site_t *s PTN_UNUSED, ptn_txn_t *tx)
{
    ptn_id_t             id;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    rc = ptn_folder_create(tx, PTN_FOLDER_INBOX, ptn_str("more"), NULL, &id);

    if (rc == PTN_OK) {
        rc = ptn_folder_move(tx, id, PTN_FOLDER_ARCHIVE, ptn_str("moved"));
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_child(tx->mb, PTN_FOLDER_INBOX, ptn_str("sub"), &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_delete(tx, f->id, true);
    }

    return rc;
}


static const battery_pt  battery_writes[] = {
    battery_deliver, battery_flags, battery_copy, battery_move,
    battery_expunge, battery_edit, battery_folders
};


/* False: it cannot be opened, or is closed after an error. */

static inline bool
battery_use(site_t *s, const char *name)
{
    bool                 more;
    size_t               i, n;
    ptn_rc_t             rc;
    ptn_txn_t            tx;
    ptn_sync_t           sync;
    ptn_user_t           u;
    ptn_mbox_t          *mb;
    ptn_mbox_info_t      info;
    const ptn_str_t     *names;
    ptn_sync_change_t   *changes;
    const ptn_folder_t  *f;

    u = site_user(s, name);

    if (ptn_mbox_open(s->store, &u, NULL, &mb) != PTN_OK) {
        return false;
    }

    (void) ptn_mbox_info(mb, &info);
    (void) ptn_keyword_names(mb, &names);
    memset(&sync, 0, sizeof(sync));
    (void) ptn_sync_folders(mb, s->pool, PTN_FOLDER_IPM_SUBTREE, &sync, 100,
                            &changes, &n, &more);

    if (ptn_folder_list(mb, &f, &n) == PTN_OK) {
        for (i = 0; i < n && i < 40; i++) {
            battery_read_folder(s, mb, f[i].id);
        }
    }

    for (i = 0; i < ptn_nelts(battery_writes); i++) {
        if (ptn_mbox_open(s->store, &u, NULL, &mb) != PTN_OK) {
            return false;
        }

        rc = ptn_txn_begin(&tx, mb);

        if (rc == PTN_OK) {
            rc = battery_writes[i](s, &tx);

            if (rc == PTN_OK) {
                (void) ptn_txn_commit(&tx);
            }

            ptn_txn_done(&tx);
        }

        (void) ptn_store_commit(s->store);
    }

    ptn_store_idle(s->store);

    return ptn_mbox_open(s->store, &u, NULL, &mb) == PTN_OK;
}


/* ---- a copy of the files ------------------------------------------------- */

static char  battery_from[256], battery_to[256];

static int
battery_copy_one(const char *path, const struct stat *sb, int type,
    struct FTW *ftw PTN_UNUSED)
{
    int      in, out;
    char     to[1024], buf[65536];
    ssize_t  n;

    snprintf(to, sizeof(to), "%s%s", battery_to, path + strlen(battery_from));

    if (type == FTW_D) {
        return (mkdir(to, 0700) == -1 && access(to, F_OK) == -1) ? -1 : 0;
    }

    if (!S_ISREG(sb->st_mode)) {
        return 0;
    }

    in = open(path, O_RDONLY);
    out = open(to, O_WRONLY|O_CREAT|O_TRUNC, 0600);

    while (in != -1 && out != -1 && (n = read(in, buf, sizeof(buf))) > 0) {
        if (write(out, buf, (size_t) n) != n) {
            break;
        }
    }

    close(in);
    close(out);

    return 0;
}


/* Replaces `to` by a copy of `from`; nobody has either open. */

static inline void
battery_copy_tree(const char *from, const char *to)
{
    snprintf(battery_from, sizeof(battery_from), "%s", from);
    snprintf(battery_to, sizeof(battery_to), "%s", to);
    nftw(to, site_remove, 16, FTW_DEPTH|FTW_PHYS);
    nftw(from, battery_copy_one, 16, FTW_PHYS);
}


#endif /* MAILBOX_BATTERY_H */
