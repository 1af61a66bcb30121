/*
 * What is told of changes: to programs that wait, to clients that ask for
 * numbers, to those that come back.  And what an edit leaves as it was.
 */

#include "ptn_folder.h"
#include "mailbox_site.h"


static uint32_t
hierarchy(site_t *s, ptn_mbox_t *mb, ptn_id_t folder)
{
    uint32_t   tag = PTN_PR_HIERARCHY_CHANGE_NUMBER;
    ptn_str_t  value;

    must(ptn_folder_props(mb, s->pool, folder, &tag, 1, &value), "props");

    return ptn_le32(value.data);
}


/* A folder with one below it goes and comes back. */

static void
test_recovered(site_t *s)
{
    bool                 partial;
    size_t               i, n, heard;
    uint64_t             after, last;
    uint32_t             hier;
    ptn_id_t             top, below;
    ptn_txn_t            tx = { 0 };
    ptn_mbox_t          *mb;
    const ptn_folder_t  *f;
    ptn_mbox_event_t    *e;

    mb = site_open(s, "edge");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("top"), NULL,
                           &top), "create");
    must(ptn_folder_create(&tx, top, ptn_str("below"), NULL, &below),
         "create");
    must(ptn_folder_remove(&tx, top, PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS,
                           &partial), "remove");
    end(s, &tx);

    hier = hierarchy(s, mb, PTN_FOLDER_IPM_SUBTREE);
    must(ptn_mbox_events(mb, s->pool, 0, 1000, &e, &n, &after), "events");

    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_gone_folder_recover(&tx, top, 0, ptn_str("")), PTN_OK,
          "recovered");
    end(s, &tx);

    must(ptn_mbox_events(mb, s->pool, after, 1000, &e, &n, &last), "events");

    for (i = 0, heard = 0; i < n; i++) {
        if (e[i].kind == PTN_MBOX_EVENT_FOLDER_NEW
            && (e[i].folder == top || e[i].folder == below))
        {
            heard++;
        }
    }

    is_u64(heard, 2, "both are told as new");
    ok(hierarchy(s, mb, PTN_FOLDER_IPM_SUBTREE) > hier,
       "the hierarchy above has changed");
    is_rc(ptn_folder_get(mb, below, &f), PTN_OK, "the one below is there");
    is_u64(f->parent, top, "where it was");
}


/* A name at its longest is cut between characters for its number. */

static void
test_long_name(site_t *s)
{
    bool                 partial, whole;
    size_t               i;
    char                 name[256];
    ptn_id_t             first, second;
    ptn_str_t            got;
    ptn_txn_t            tx = { 0 };
    ptn_mbox_t          *mb;
    const ptn_folder_t  *f;

    name[0] = 'x';

    for (i = 1; i < 241; i += 2) {
        memcpy(name + i, "\xc3\xa4", 2);
    }

    mb = site_open(s, "edge");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE,
                           ptn_str_make(name, 241), NULL, &first), "create");
    must(ptn_folder_remove(&tx, first, 0, &partial), "remove");
    must(ptn_folder_create(&tx, PTN_FOLDER_IPM_SUBTREE,
                           ptn_str_make(name, 241), NULL, &second), "create");
    is_rc(ptn_gone_folder_recover(&tx, first, 0, ptn_str("")), PTN_OK,
          "recovered beside one of its name");
    end(s, &tx);

    must(ptn_folder_get(mb, first, &f), "folder");
    got = ptn_utf8_clean(s->pool, f->name);
    whole = ptn_str_eq(got, f->name);
    ok(whole, "its name is UTF-8");
    ok(f->name.len == 203 && memcmp(f->name.data + 199, " (1)", 4) == 0,
       "shorter, and with a number: %.*s", ptn_str_arg(f->name));
}


/* Whoever waits for the mailbox is woken by changes without numbers, too. */

static void
test_told(site_t *s)
{
    uint16_t         id;
    unsigned         before;
    ptn_txn_t        tx = { 0 };
    ptn_mbox_t      *mb;
    ptn_named_t      named;
    ptn_appended_t   app;

    mb = site_open(s, "edge");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app), "append");
    end(s, &tx);

    memset(&named, 0, sizeof(named));
    memset(&named.set, 5, sizeof(named.set));
    named.lid = 77;
    before = s->changes;
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_named_ids(mb, &tx, &named, 1, &id), "named");
    end(s, &tx);
    is_u64(s->changes, before + 1, "a named property is told of");

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_name_set(&tx, app.id, PTN_NAME_HREF, ptn_str("a.ics")),
         "name");
    end(s, &tx);
    is_u64(s->changes, before + 2, "so is a message's name");

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_gone_ids(&tx, &app.id, 1), "gone");
    end(s, &tx);
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_gone_expunge_ids(&tx, &app.id, 1), "for good");
    end(s, &tx);
    is_u64(s->changes, before + 4, "and what was erased for good");

    must(ptn_txn_begin(&tx, mb), "begin");
    end(s, &tx);
    is_u64(s->changes, before + 4, "nothing is told of nothing");
}


/* QRESYNC: uids that left in any order come in theirs. */

static void
test_vanished(site_t *s)
{
    size_t               i, n;
    bool                 ascending;
    uint32_t            *uids, one;
    uint64_t             since;
    ptn_txn_t            tx = { 0 };
    ptn_mbox_t          *mb;
    ptn_appended_t       app[4];
    ptn_mbox_info_t      before, info;
    const ptn_folder_t  *f;
    static const int     order[] = { 2, 0, 3, 1 };

    mb = site_open(s, "edge");
    must(ptn_mbox_info(mb, &before), "info");
    must(ptn_txn_begin(&tx, mb), "begin");

    for (i = 0; i < 4; i++) {
        must(site_append(s, &tx, PTN_FOLDER_NOTES, 10 + i,
                         i == 3 ? PTN_FLAG_SEEN : 0, &app[i]), "append");
    }

    end(s, &tx);
    must(ptn_mbox_info(mb, &info), "info");
    is_u64(info.unread, before.unread + 3, "three of four are unread");
    is_u64(info.messages, before.messages + 4, "all of them are counted");

    must(ptn_folder_get(mb, PTN_FOLDER_NOTES, &f), "folder");
    since = f->modseq;

    for (i = 0; i < 4; i++) {
        one = app[order[i]].uid;
        must(ptn_txn_begin(&tx, mb), "begin");
        must(ptn_msg_expunge(&tx, PTN_FOLDER_NOTES, &one, 1), "expunge");
        end(s, &tx);
    }

    must(ptn_view_vanished(mb, s->pool, PTN_FOLDER_NOTES, since, &uids, &n),
         "vanished");

    for (i = 0, ascending = true; i < n; i++) {
        ascending = ascending && uids[i] == app[i].uid;
    }

    ok(n == 4 && ascending, "%zu uids, ascending", n);
}


/* An edit whose attachments the client did not load keeps their bytes. */

static void
test_unloaded(site_t *s)
{
    ptn_str_t            data;
    ptn_txn_t            tx = { 0 };
    ptn_msg_t           *msg;
    ptn_save_t           save;
    ptn_mbox_t          *mb;
    ptn_saved_t          saved;
    ptn_object_t         edit;
    ptn_attach_t         attach;
    const ptn_object_t  *o;

    memset(&save, 0, sizeof(save));
    save.raw = ptn_str(
        "From: a@example.test\r\nSubject: one\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\n\r\ntext\r\n"
        "--b\r\nContent-Type: application/x-a; name=a.bin\r\n"
        "Content-Disposition: attachment; filename=a.bin\r\n\r\n"
        "the bytes of it\r\n--b--\r\n");

    mb = site_open(s, "edge");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_msg_create(&tx, s->pool, PTN_FOLDER_NOTES, &save, &saved),
         "create");
    end(s, &tx);

    must(ptn_msg_open(mb, s->pool, saved.id, &msg), "open");
    must(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o), "object");
    is_u64(o->nattachs, 1, "an attachment");

    edit = *o;
    attach = o->attachs[0];
    attach.has_data = false;
    attach.data = ptn_str_make(NULL, 0);
    edit.attachs = &attach;
    memset(&edit.props, 0, sizeof(edit.props));
    must(ptn_props_merge(&edit.props, s->pool, &o->props), "copy");
    must(ptn_props_set(&edit.props, s->pool, PTN_PR_SUBJECT, ptn_str("two")),
         "subject");

    memset(&save, 0, sizeof(save));
    save.object = &edit;
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_msg_update(&tx, s->pool, saved.id, &save, 0, &saved), PTN_OK,
          "another subject");
    end(s, &tx);

    must(ptn_msg_open(mb, s->pool, saved.id, &msg), "open");
    must(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o), "object");
    is_str(ptn_props_get(&o->props, PTN_PR_SUBJECT), "two", "is there");
    is_u64(o->nattachs, 1, "the attachment too");
    must(ptn_msg_attach_data(msg, o->attachs[0].num, 1000, &data), "data");
    is_str(data, "the bytes of it", "with its bytes");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_recovered(&s);
    test_long_name(&s);
    test_told(&s);
    test_vanished(&s);
    test_unloaded(&s);
    site_check(&s, "edge");
    site_done(&s);

    return done_testing();
}
