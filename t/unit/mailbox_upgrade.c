/*
 * Files of schema version 1: opened by several at once they become ours; what
 * was there is there, items are read from their content until the idle
 * executor has filled them in, and nothing tells a new mailbox from them.
 */

#include "mailbox_site.h"
#include "ptn_item.h"
#include "ptn_schema_1.h"


#define MESSAGES  70        /* more than are filled in at a time */


static const char  mail[] =
    "From: Alice <alice@example.test>\r\nSender: Sec <sec@example.test>\r\n"
    "To: Bob <bob@example.test>\r\nSubject: Re: old one\r\n"
    "References: <0@x> <1@x>\r\nSensitivity: personal\r\n"
    "Thread-Topic: another\r\nDate: Mon, 2 Feb 2026 10:00:00 +0100\r\n\r\n"
    "text\r\n";


static int64_t
number(site_t *s, const char *text)
{
    int64_t  n;

    n = -1;
    ptn_sql_number(site_open(s, "alice"), text, &n);

    return n;
}


static void
fill(site_t *s)
{
    unsigned         i;
    uint32_t         uids[3] = { 1, 2, 3 }, *to;
    ptn_id_t         id;
    ptn_txn_t        tx;
    ptn_append_t     a;
    ptn_appended_t   app;

    ptn_txn_begin(&tx, site_open(s, "alice"));
    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_z(mail);
    a.received = 1770000000;
    a.key = ptn_str("key");

    for (i = 0; i < MESSAGES; i++) {
        if (ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) != PTN_OK) {
            break;
        }

        a.key = ptn_str_make(NULL, 0);
    }

    ok(i == MESSAGES, "messages");
    site_append(s, &tx, PTN_FOLDER_INBOX, 200000, 0, &app);
    ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 2, PTN_FOLDER_SENT,
                 &to);
    ptn_msg_move(&tx, s->pool, PTN_FOLDER_INBOX, uids + 2, 1,
                 PTN_FOLDER_ARCHIVE, &to);
    ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids, 1);
    ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("sub"), NULL, &id);
    ptn_txn_commit(&tx);
    ok(ptn_store_commit(s->store) == PTN_OK, "a mailbox");
}


static ptn_id_t
first(site_t *s)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    ptn_view_get(site_open(s, "alice"), PTN_FOLDER_INBOX, &view);
    ptn_view_row(view, 1, &row);
    ptn_view_unref(view);

    return row.id;
}


static void
as_imported(site_t *s, const char *name)
{
    uint32_t              i, bad;
    ptn_str_t             v, raw;
    ptn_msg_t            *msg;
    ptn_mime_t           *mime;
    ptn_object_t         *want;
    const ptn_object_t   *got;

    ptn_msg_open(site_open(s, "alice"), s->pool, first(s), &msg);
    ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 100000, &raw);
    is_str(raw, mail, "byte for byte");
    ptn_mime_parse(s->pool, raw, &mime);
    ptn_oxcmail_import(s->pool, mime, PTN_OXCMAIL_ALL, &want);
    is_rc(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &got), PTN_OK, "object");

    for (i = 0, bad = 0; i < want->props.n; i++) {
        v = ptn_props_get(&got->props, want->props.p[i].tag);
        bad += !ptn_item_computed(want->props.p[i].tag)
               && !ptn_str_eq(v, want->props.p[i].value);
    }

    ok(bad == 0 && want->props.n > 10, "%s: as imported, %u differ", name,
       bad);
}


static ptn_rc_t
sender(void *ctx, const ptn_table_row_t *row)
{
    ptn_buf_t  *b = ctx;

    ptn_buf_printf(b, "%.*s,%.*s;", ptn_str_arg(row->values[0]),
                   ptn_str_arg(row->values[1]));

    return PTN_AGAIN;
}


static void
in_table(site_t *s, const char *name)
{
    ptn_buf_t     b;
    ptn_table_t  *t;
    uint32_t      tags[2] = { PTN_PR_SENDER_NAME, PTN_PR_CONVERSATION_TOPIC };

    ptn_buf_init(&b, s->pool);
    ptn_table_open(site_open(s, "alice"), PTN_TABLE_CONTENTS,
                   PTN_FOLDER_INBOX, 0, &t);
    ptn_table_rows(site_open(s, "alice"), t, s->pool, tags, 2, 5, 1, false,
                   sender, &b);
    is_str(ptn_buf_get(&b), "Sec,another;", name);
    ptn_table_close(t);
}


static void
old(site_t *s)
{
    char  path[256];

    ptn_store_close(s->store);
    snprintf(path, sizeof(path),
             "%s/mailbox/example.test/alice/mailbox.sqlite", s->root);
    ok(ptn_schema_1_make(path), "as version 1 had it");
    ptn_store_open(&s->opts, &s->store);
}


static void
test_upgrade(site_t *s)
{
    unsigned         i;
    ptn_txn_t        tx;
    ptn_append_t     a;
    ptn_appended_t   app;
    ptn_mbox_info_t  was, is;
    uint16_t         replid;
    ptn_guid_t       guid;
    ptn_msg_t       *msg;
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;

    fill(s);
    ptn_mbox_info(site_open(s, "alice"), &was);
    old(s);

    ptn_mbox_info(site_open(s, "alice"), &is);
    ok(is.epoch == was.epoch && is.messages == was.messages
       && is.size == was.size && is.cn == was.cn, "what was there is there");
    is_u64(number(s, "SELECT v_schema FROM meta"), PTN_SCHEMA_VERSION,
           "of our version");
    is_rc(ptn_mbox_replica(site_open(s, "alice"), 300, &replid, &guid),
          PTN_OK, "a replica");
    site_check(s, "alice");

    is_u64(number(s, "SELECT count(*) FROM item WHERE derived=0"),
           MESSAGES + 2, "items are as they were");
    as_imported(s, "before");
    in_table(s, "in a table, before");

    /* a client writes to one */

    p.tag = 0x8001001f;
    p.value = ptn_str("mine");
    ptn_txn_begin(&tx, site_open(s, "alice"));
    is_rc(ptn_msg_set_props(&tx, s->pool, first(s), &p, 1, &saved), PTN_OK,
          "a property");

    /* the key of a delivery is known still */

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_z(mail);
    a.key = ptn_str("key");
    is_rc(ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app), PTN_EEXIST,
          "delivered before");
    ptn_txn_commit(&tx);
    ptn_store_commit(s->store);

    for (i = 0; i < 4; i++) {
        ptn_store_idle(s->store);
    }

    is_u64(number(s, "SELECT count(*) FROM item WHERE derived=0"), 0,
           "all are filled in");
    as_imported(s, "after");
    in_table(s, "in a table, after");
    ptn_msg_open(site_open(s, "alice"), s->pool, first(s), &msg);
    ptn_msg_props(msg, &p.tag, 1, &p.value);
    is_str(p.value, "mine", "the client's property");
    site_check(s, "alice");

    ptn_txn_begin(&tx, site_open(s, "alice"));
    is_rc(site_append(s, &tx, PTN_FOLDER_INBOX, 100, 0, &app), PTN_OK,
          "and more can come");
    ptn_txn_commit(&tx);
    is_rc(ptn_store_commit(s->store), PTN_OK, "committed");
    site_check(s, "alice");
}


/* Several at once: one does it, all open it. */

static void
test_race(site_t *s)
{
    int       status, bad;
    pid_t     pid[4];
    unsigned  i;

    old(s);
    ptn_store_close(s->store);
    bad = 0;

    for (i = 0; i < 4; i++) {
        fflush(stdout);
        pid[i] = fork();

        if (pid[i] == 0) {
            ptn_user_t    u;
            ptn_mbox_t   *mb;

            u = site_user(s, "alice");
            _exit(ptn_store_open(&s->opts, &s->store) != PTN_OK
                  || ptn_mbox_open(s->store, &u, NULL, &mb) != PTN_OK);
        }
    }

    for (i = 0; i < 4; i++) {
        waitpid(pid[i], &status, 0);
        bad += (status != 0);
    }

    ok(bad == 0, "four at once");
    ptn_store_open(&s->opts, &s->store);
    site_check(s, "alice");
}


/* Of a version that is to come: refused. */

static void
test_future(site_t *s)
{
    ptn_user_t    u;
    ptn_mbox_t   *mb;

    ptn_sql_exec(site_open(s, "alice"), "UPDATE meta SET v_schema=99");
    ptn_store_close(s->store);
    ptn_store_open(&s->opts, &s->store);
    u = site_user(s, "alice");
    is_rc(ptn_mbox_open(s->store, &u, NULL, &mb), PTN_EVERSION, "version 99");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    s.conf.fsync = false;
    test_upgrade(&s);
    test_race(&s);
    test_future(&s);
    site_done(&s);

    return done_testing();
}
