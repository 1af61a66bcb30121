/*
 * What one line alone keeps: a file that was put in another's place, numbers
 * of what was undone, a failure that was not told yet, keys for good, times.
 */

#include "ptn_folder.h"
#include "ptn_item.h"
#include "mailbox_site.h"


#define NAME  "guard"


static ptn_appended_t
put(site_t *s, ptn_mbox_t *mb)
{
    ptn_txn_t       tx = { 0 };
    ptn_appended_t  app;

    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app), "append");
    end(s, &tx);

    return app;
}


/* --- batches -------------------------------------------------------------- */

static char  found[PATH_MAX];

static int
find_file(const char *path, const struct stat *sb PTN_UNUSED,
    int type PTN_UNUSED, struct FTW *ftw PTN_UNUSED)
{
    size_t  n;

    n = strlen(path);

    if (n > 7 && strcmp(path + n - 7, ".sqlite") == 0
        && strstr(path, NAME) != NULL)
    {
        snprintf(found, sizeof(found), "%s", path);
    }

    return 0;
}


/* Another file has its name when the batch begins. */

static void
test_replaced(site_t *s)
{
    char         away[PATH_MAX + 8], text[5 * PATH_MAX];
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    mb = site_open(s, NAME);
    put(s, mb);
    must(ptn_checkpoint(mb, true, true), "checkpoint");
    nftw(s->root, find_file, 16, FTW_PHYS);

    if (!ok(found[0] != '\0', "the file: %s", found)) {
        return;
    }

    mb = site_open(s, NAME);
    snprintf(away, sizeof(away), "%s.away", found);
    snprintf(text, sizeof(text), "mv '%s' '%s' && cp '%s' '%s'", found, away,
             away, found);
    ok(system(text) == 0, "a copy is in its place");
    is_rc(ptn_txn_begin(&tx, mb), PTN_EUNAVAIL, "nothing goes to the old one");
    ptn_txn_done(&tx);
    ok(rename(away, found) == 0, "it is back");
    mb = site_reopen(s, NAME);
    put(s, mb);
}


/* Whoever saw an id, or a change number, never sees it again as another's. */

static void
test_undone(site_t *s)
{
    ptn_id_t         top, first;
    uint64_t         cn;
    ptn_txn_t        tx = { 0 };
    ptn_mbox_t      *mb;
    ptn_appended_t   app;
    ptn_mbox_info_t  info;

    mb = site_open(s, NAME);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app), "append");
    must(site_append(s, &tx, PTN_FOLDER_INBOX, 11, 0, &app), "append");
    must(ptn_mbox_info(mb, &info), "info");
    first = app.id;
    cn = info.cn;
    ptn_txn_done(&tx);
    ptn_store_rollback(s->store);

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("x"), NULL, &top),
         "create");
    must(ptn_mbox_info(mb, &info), "info");
    ok(top > first, "an id behind those that were undone");
    ok(info.cn > cn, "a change number behind them");
    ptn_txn_done(&tx);
    ptn_store_rollback(s->store);

    /* one of two transactions of a batch */

    app = put(s, mb);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app), "append");
    must(ptn_txn_commit(&tx), "commit");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(s, &tx, PTN_FOLDER_INBOX, 11, 0, &app), "append");
    must(ptn_mbox_info(mb, &info), "info");
    first = app.id;
    cn = info.cn;
    ptn_txn_done(&tx);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(s, &tx, PTN_FOLDER_INBOX, 12, 0, &app), "append");
    must(ptn_mbox_info(mb, &info), "info");
    ok(app.id > first && info.cn > cn, "nor within the batch");
    end(s, &tx);
}


/* A batch that was committed early, and failed. */

static void
test_failed(site_t *s)
{
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    mb = site_open(s, NAME);
    s->store->failed = PTN_ENOSPC;
    is_rc(ptn_txn_begin(&tx, mb), PTN_ENOSPC, "nothing new is let in");
    is_rc(ptn_store_commit(s->store), PTN_ENOSPC, "until it is told");
    put(s, site_open(s, NAME));
}


/* --- messages ------------------------------------------------------------- */

static int64_t
number(ptn_mbox_t *mb, const char *sql)
{
    int64_t  n;

    must(ptn_sql_number(mb, sql, &n), sql);

    return n;
}


static void
test_modified(site_t *s)
{
    size_t           i;
    ptn_txn_t        tx = { 0 };
    ptn_mbox_t      *mb;
    ptn_appended_t   app;
    ptn_msg_info_t   m;

    static const struct {
        uint32_t     flags;
        bool         moves;
        const char  *what;
    } rows[] = {
        { PTN_FLAG_DELETED, false, "\\Deleted is IMAP's affair" },
        { PTN_FLAG_SEEN, true, "\\Seen is a modification" },
        { PTN_FLAG_FLAGGED, true, "so is \\Flagged" }
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        mb = site_open(s, NAME);
        app = put(s, mb);
        must(ptn_sql_exec(mb, "UPDATE message SET modified=1000"), "sql");
        must(ptn_txn_begin(&tx, mb), "begin");
        must(ptn_msg_flags_ids(&tx, &app.id, 1, PTN_FLAGS_ADD, rows[i].flags,
                               0, NULL), "flags");
        end(s, &tx);
        must(ptn_msg_get_id(mb, app.id, &m), "get");
        ok(m.modseq == m.cn || m.modseq > m.born, "it is changed");
        ok((m.modified != 1000) == rows[i].moves, "%s", rows[i].what);
    }
}


/* A key of a delivery, and one of a move between mailboxes. */

static void
test_for_good(site_t *s)
{
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    mb = site_open(s, NAME);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_once(mb, ptn_str("delivery"), 5, false), "once");
    must(ptn_msg_once(mb, ptn_str("move"), 6, true), "once");
    tx.mb->meta.dirty = true;
    end(s, &tx);

    /* a century later */

    must(ptn_sql_exec(mb, "UPDATE once SET day=day-36500"), "sql");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_once(mb, ptn_str("another"), 7, false), "once");
    is_rc(ptn_msg_once(mb, ptn_str("move"), 8, true), PTN_EEXIST,
          "that of a move stays");
    is_rc(ptn_msg_once(mb, ptn_str("delivery"), 9, false), PTN_OK,
          "that of a delivery went");
    tx.mb->meta.dirty = true;
    end(s, &tx);
    is_u64((uint64_t) number(mb, "SELECT count(*) FROM once"), 3, "three");
    must(ptn_sql_exec(mb, "DELETE FROM once"), "sql");
}


/* The Message-ID of the MIME form is the object's, too; one that it has
 * stays. */

static void
test_message_id(site_t *s)
{
    unsigned             i;
    ptn_str_t            raw, id, other;
    ptn_txn_t            tx = { 0 };
    ptn_msg_t           *msg;
    ptn_save_t           save;
    ptn_mbox_t          *mb;
    ptn_saved_t          saved;
    ptn_object_t         o;
    const ptn_object_t  *got;

    for (i = 0; i < 2; i++) {
        memset(&o, 0, sizeof(o));
        must(ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str("s")),
             "subject");

        if (i) {
            must(ptn_props_set(&o.props, s->pool, PTN_PR_INTERNET_MESSAGE_ID,
                               ptn_str("<mine@example.test>")), "id");
        }

        memset(&save, 0, sizeof(save));
        save.object = &o;
        mb = site_open(s, NAME);
        must(ptn_txn_begin(&tx, mb), "begin");
        must(ptn_msg_create(&tx, s->pool, PTN_FOLDER_INBOX, &save, &saved),
             "create");
        end(s, &tx);

        must(ptn_msg_open(mb, s->pool, saved.id, &msg), "open");
        must(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &got), "object");
        must(ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 20, &raw),
             "bytes");
        id = ptn_props_get(&got->props, PTN_PR_INTERNET_MESSAGE_ID);
        other = ptn_str("<mine@example.test>");
        ok(id.len > 4 && memmem(raw.data, raw.len, id.data, id.len) != NULL,
           "one id: %.*s", ptn_str_arg(id));
        ok(ptn_str_eq(id, other) == (i == 1), "%s",
           i ? "which it had" : "which was made");
    }
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_undone(&s);
    test_failed(&s);
    test_modified(&s);
    test_for_good(&s);
    test_message_id(&s);
    test_replaced(&s);
    site_check(&s, NAME);
    site_done(&s);

    return done_testing();
}
