/*
 * Conversations by In-Reply-To and References (store/mailbox/ptn_refer.c):
 * orders of arrival, other subjects, parents that are late or lost, loops,
 * too many references, copies, moves, export, items without keys.
 */

#include <openssl/evp.h>

#include "folder_parts.h"
#include "ptn_item.h"
#include "ptn_store_ops.h"


/* Both indexes are of one day: 01 01 dc ..., GUID, no level. */
#define INDEX_A  "AdyAAAAAESIzRFVmd4iZqrvM3e7/AA=="

static site_t       site;
static const char  *extra;              /* header fields, or NULL */


static ptn_id_t
arrive_in(ptn_txn_t *tx, const char *id, const char *subject, const char *refs)
{
    ptn_append_t    a;
    ptn_appended_t  app;

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(site.pool, "From: a@example.test\r\n"
                           "Message-ID: <%s>\r\n%s%s%s%sSubject: %s\r\n\r\n"
                           "hello\r\n", id, refs ? "References: " : "",
                           refs ? refs : "", refs ? "\r\n" : "",
                           extra ? extra : "", subject);
    a.received = 1770000000;
    a.delivery = true;

    return ptn_msg_append(tx, PTN_FOLDER_INBOX, &a, &app) == PTN_OK
           ? app.id : 0;
}


static ptn_id_t
arrive(ptn_mbox_t *mb, const char *id, const char *subject, const char *refs)
{
    ptn_id_t                              got;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    must(ptn_txn_begin(&tx, mb), "begin");
    got = arrive_in(&tx, id, subject, refs);
    must(ptn_txn_commit(&tx), "commit");

    return got;
}


#define prop(mb, id, name)  parts_prop(&site, mb, id, PTN_PR_##name)


static bool
together(ptn_mbox_t *mb, ptn_id_t a, ptn_id_t b)
{
    ptn_str_t  x, y;

    x = prop(mb, a, CONVERSATION_ID);
    y = prop(mb, b, CONVERSATION_ID);

    return x.len == 16 && ptn_str_eq(x, y);
}


/* Is b's index one level below a's? */

static bool
below(ptn_mbox_t *mb, ptn_id_t a, ptn_id_t b)
{
    ptn_str_t  x, y;

    x = prop(mb, a, CONVERSATION_INDEX);
    y = prop(mb, b, CONVERSATION_INDEX);

    return x.len >= 22 && y.len == x.len + 5
           && memcmp(x.data, y.data, x.len) == 0;
}


static int64_t
number(ptn_mbox_t *mb, const char *sql)
{
    int64_t  n;

    n = -1;
    (void) ptn_sql_number(mb, sql, &n);

    return n;
}


static ptn_mbox_t *
mailbox(const char *name)
{
    return site_open(&site, name);
}


static void
finish(const char *name)
{
    must(ptn_store_commit(site.store), "commit");
    site_check(&site, name);
}


static void
test_answers(void)
{
    ptn_id_t      a, b, c, d, e, f;
    ptn_txn_t     tx = { 0 };
    ptn_str_t     topic;
    ptn_save_t    save;
    ptn_mbox_t   *mb;
    ptn_saved_t   saved;

    mb = mailbox("answers");
    a = arrive(mb, "a@x", "The plan", NULL);
    b = arrive(mb, "b@x", "Re: The plan", "<a@x>");
    c = arrive(mb, "c@x", "Another subject", "<a@x> <b@x>");
    d = arrive(mb, "d@x", "The plan", NULL);
    e = arrive(mb, "e@x", "Another subject", NULL);
    extra = "In-Reply-To: <c@x> (of Tuesday)\r\n";
    f = arrive(mb, "f@x", "A third one", NULL);
    extra = NULL;

    memset(&save, 0, sizeof(save));
    save.raw = ptn_str("Message-ID: <g@x>\r\nIn-Reply-To: <b@x>\r\n"
                       "Subject: Saved\r\n\r\n.\r\n");
    ptn_txn_begin(&tx, mb);
    must(ptn_msg_create(&tx, site.pool, PTN_FOLDER_SENT, &save, &saved),
         "create");
    ptn_txn_commit(&tx);
    ok(together(mb, a, saved.id) && below(mb, b, saved.id), "saved as MIME");
    ok(together(mb, a, b) && below(mb, a, b), "an answer");
    ok(together(mb, a, c) && below(mb, b, c), "an answer to it, renamed");
    ok(together(mb, a, f) && below(mb, c, f), "by In-Reply-To alone");
    ok(together(mb, a, d), "without references: by its topic");
    ok(!together(mb, a, e), "and that of another is not");

    topic = prop(mb, c, CONVERSATION_TOPIC);
    is_mem(topic, ptn_str("Another subject"), "the topic stays its own");
    topic = prop(mb, c, CONVERSATION_INDEX_TRACKING);
    is_mem(topic, ptn_str_make("\1", 1), "so its index is tracked");
    topic = prop(mb, b, CONVERSATION_INDEX_TRACKING);
    ok(topic.data == NULL, "which an equal topic does not need");
    finish("answers");
}


static void
test_indexed(void)
{
    ptn_id_t     a, b, c, d;
    ptn_str_t    index, own;
    ptn_mbox_t  *mb;

    mb = mailbox("indexed");
    extra = "Thread-Topic: Old\r\nThread-Index: " INDEX_A "\r\n";
    a = arrive(mb, "a@x", "Old", NULL);
    extra = NULL;
    b = arrive(mb, "b@x", "New", "<a@x>");
    extra = "Thread-Index: " INDEX_A "\r\n";
    c = arrive(mb, "c@x", "Third", "<a@x>");
    extra = NULL;
    index = prop(mb, a, CONVERSATION_INDEX);

    ok(together(mb, a, b) && below(mb, a, b), "below an index that came");
    is_mem(prop(mb, b, CONVERSATION_TOPIC), ptn_str("Old"),
           "its GUID is not tracked: the topic is the original subject");
    is_mem(prop(mb, b, SUBJECT), ptn_str("New"), "the subject is not");
    ok(!together(mb, a, c), "what has an index goes by its topic");
    own = prop(mb, c, CONVERSATION_INDEX);
    is_mem(own, index, "and keeps it");

    /* the answer to an answer of ours, from a server that writes indexes */

    a = arrive(mb, "1@x", "Subject 1", NULL);
    b = arrive(mb, "2@x", "Subject 2", "<1@x>");
    index = prop(mb, b, CONVERSATION_INDEX);
    own.data = ptn_palloc(site.pool, 512);
    own.len = (size_t) EVP_EncodeBlock(own.data, index.data, (int) index.len);
    extra = ptn_str_dupz(site.pool, ptn_str_printf(site.pool,
                         "Thread-Topic: Subject 2\r\nThread-Index: %.*s\r\n",
                         ptn_str_arg(own)));
    d = arrive(mb, "3@x", "RE: Subject 2", "<2@x>");
    extra = NULL;
    ok(together(mb, a, d), "its index is tracked as that of the parent is");
    is_mem(prop(mb, d, CONVERSATION_INDEX), index, "and is what it came with");
    finish("indexed");
}


static void
test_late(void)
{
    uint64_t     cn;
    ptn_id_t     a, b, c, d, e;
    ptn_str_t    id;
    ptn_mbox_t  *mb;

    mb = mailbox("late");
    b = arrive(mb, "b@x", "Renamed", "<root@x> <a@x>");
    c = arrive(mb, "c@x", "Re: otherwise", "<a@x>");
    d = arrive(mb, "d@x", "Nothing of it", "<root@x> <other@x>");
    e = arrive(mb, "e@x", "At last", "<c@x>");
    ok(together(mb, b, c), "both answer what is not here");
    ok(together(mb, b, d), "or belong to what is not here");
    ok(together(mb, b, e) && below(mb, c, e), "and an answer to one");
    id = prop(mb, b, CONVERSATION_ID);
    cn = parts_info(&site, mb, b).cn;

    a = arrive(mb, "a@x", "The first", NULL);
    ok(together(mb, a, b), "it comes: theirs");
    ok(below(mb, a, b) && below(mb, a, c), "above them");
    is_mem(prop(mb, b, CONVERSATION_ID), id, "whose id stays");
    is_u64(parts_info(&site, mb, b).cn, cn, "and no row is written");
    is_mem(prop(mb, a, SUBJECT), ptn_str("The first"), "its own subject");
    finish("late");
}


/* The parent that comes has a conversation of its own. */

static void
test_late_own(void)
{
    uint64_t     cn;
    ptn_id_t     a, b, c, d, e, top;
    ptn_mbox_t  *mb;

    mb = mailbox("own");
    b = arrive(mb, "b@x", "Renamed", "<a@x>");
    c = arrive(mb, "c@x", "Again", "<a@x> <b@x>");
    extra = "Thread-Index: " INDEX_A "\r\n";
    d = arrive(mb, "d@x", "Indexed", "<b@x>");
    extra = NULL;
    cn = parts_info(&site, mb, b).cn;

    extra = "Thread-Index: " INDEX_A "\r\n";
    a = arrive(mb, "a@x", "The first", NULL);
    extra = NULL;
    ok(together(mb, a, b) && below(mb, a, b), "who waits moves to it");
    ok(together(mb, a, c) && below(mb, b, c), "and what is below");
    ok(!together(mb, a, d), "but not what came with an index");
    ok(parts_info(&site, mb, b).cn > cn, "clients are told");

    /* by what it names */

    top = arrive(mb, "top@x", "Top", NULL);
    b = arrive(mb, "2@x", "Two", "<1@x>");
    c = arrive(mb, "3@x", "Three", "<2@x>");
    e = arrive(mb, "1@x", "One", "<top@x>");
    ok(together(mb, top, e) && together(mb, top, b) && together(mb, top, c),
       "a link that was missing");
    ok(below(mb, top, e) && below(mb, e, b) && below(mb, b, c), "in order");
    finish("own");
}


static void
test_loops(void)
{
    ptn_id_t     a, b, c;
    ptn_mbox_t  *mb;

    mb = mailbox("loops");
    a = arrive(mb, "a@x", "One", "<b@x>");
    b = arrive(mb, "b@x", "Two", "<a@x>");
    c = arrive(mb, "c@x", "Three", "<c@x>");
    ok(together(mb, a, b), "each names the other");
    ok(!together(mb, a, c), "one names itself");
    is_u64(prop(mb, c, CONVERSATION_INDEX).len, 22, "which says nothing");

    extra = "Thread-Index: " INDEX_A "\r\n";
    arrive(mb, "b@x", "Two", "<a@x>");
    extra = NULL;
    a = arrive(mb, "a@x", "One", "<b@x> <a@x>");
    ok(a != 0, "and all come twice");
    finish("loops");
}


static void
test_hostile(void)
{
    int          i;
    char        *refs, *id;
    size_t       n;
    ptn_id_t     a, b, c, d;
    ptn_mbox_t  *mb;

    mb = mailbox("hostile");
    a = arrive(mb, "first@x", "First", NULL);
    b = arrive(mb, "near@x", "Near", NULL);
    c = arrive(mb, "middle@x", "Middle", NULL);
    refs = malloc(10000 * 24);
    n = (size_t) sprintf(refs, "<first@x>");

    for (i = 0; i < 10000; i++) {
        n += (size_t) sprintf(refs + n, "\r\n <%d-of-many@x>", i);
    }

    d = arrive(mb, "1@x", "One", refs);
    ok(together(mb, a, d), "10,000 references: the first counts");
    is_u64(number(mb, "SELECT count(*) FROM refer"), 1, "of what is here");
    strcpy(refs + n, "\r\n <near@x> <last@x>");
    d = arrive(mb, "2@x", "Two", refs);
    ok(together(mb, b, d), "and one that is nearer more");
    n = (size_t) sprintf(refs, "<fIrst@x>");

    for (i = 0; i < 10000; i++) {
        n += (size_t) sprintf(refs + n, "\r\n <%s%d@x>",
                              (i == 5000) ? "middle@x> <" : "more-", i);
    }

    d = arrive(mb, "3@x", "Three", refs);
    ok(d != 0 && !together(mb, a, d) && !together(mb, c, d),
       "none of the others");
    is_u64(number(mb, "SELECT max(length(refers)) FROM item"), PTN_REFER_SIZE,
           "as many keys as there may be");

    id = malloc(3000);
    memset(id, 'i', 3000);
    strcpy(id + 600, "@x");
    a = arrive(mb, id, "Long", NULL);
    sprintf(refs, "<%s>", id);
    d = arrive(mb, "4@x", "Four", refs);
    ok(a != 0 && d != 0 && !together(mb, a, d), "too long an id is none");
    d = arrive(mb, "5@x", "Five", "<<<<>>>> >< <> first@x <x");
    ok(d != 0, "and what is none at all");
    free(refs);
    free(id);
    finish("hostile");
}


static void
test_lost(void)
{
    uint32_t     uid;
    ptn_id_t     a, b, c;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    mb = mailbox("lost");
    a = arrive(mb, "a@x", "One", NULL);
    b = arrive(mb, "b@x", "Two", "<a@x>");
    uid = parts_info(&site, mb, a).uid;
    ptn_txn_begin(&tx, mb);
    must(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &uid, 1), "expunge");
    ptn_txn_commit(&tx);
    c = arrive(mb, "c@x", "Three", "<a@x>");
    ok(together(mb, b, c), "its parent was deleted: with its sibling");
    is_u64(prop(mb, c, CONVERSATION_INDEX).len,
           prop(mb, b, CONVERSATION_INDEX).len, "beside it");

    uid = parts_info(&site, mb, b).uid;
    ptn_txn_begin(&tx, mb);
    must(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &uid, 1), "expunge");
    ptn_txn_commit(&tx);
    is_u64(number(mb, "SELECT count(*) FROM refer"), 1, "its keys went");
    finish("lost");
}


static void
test_no_subject(void)
{
    ptn_id_t     a, b, c;
    ptn_mbox_t  *mb;

    mb = mailbox("bare");
    a = arrive(mb, "a@x", "", NULL);
    ok(prop(mb, a, CONVERSATION_ID).data == NULL, "none without a topic");
    b = arrive(mb, "b@x", "Re: ", "<a@x>");
    ok(together(mb, a, b) && below(mb, a, b), "until it is answered");
    b = arrive(mb, "2@x", "Re: ", "<1@x>");
    c = arrive(mb, "1@x", "", NULL);
    ok(together(mb, c, b) && !together(mb, a, b), "or late");
    finish("bare");
}


static void
test_batch(void)
{
    ptn_id_t     a, b, c;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    mb = mailbox("batch");
    ptn_txn_begin(&tx, mb);
    c = arrive_in(&tx, "c@x", "Three", "<b@x>");
    a = arrive_in(&tx, "a@x", "One", NULL);
    b = arrive_in(&tx, "b@x", "Two", "<a@x>");
    ptn_txn_commit(&tx);
    ok(together(mb, a, b) && together(mb, a, c), "in one transaction");

    ptn_txn_begin(&tx, mb);
    arrive_in(&tx, "d@x", "Four", "<b@x>");
    ptn_txn_done(&tx);
    is_u64(number(mb, "SELECT count(*) FROM refer"), 2, "undone");
    finish("batch");
}


/* ---- copies, moves, files ------------------------------------------------ */

static void
test_copies(void)
{
    uint32_t     uid, *uids;
    ptn_id_t     a, b, c, ids[1], *got;
    ptn_txn_t    tx = { 0 };
    ptn_str_t    id, index;
    ptn_mbox_t  *mb, *to;

    mb = mailbox("copies");
    to = mailbox("elsewhere");
    a = arrive(mb, "a@x", "One", NULL);
    b = arrive(mb, "b@x", "Two", "<a@x>");
    id = prop(mb, b, CONVERSATION_ID);
    index = prop(mb, b, CONVERSATION_INDEX);

    uid = parts_info(&site, mb, b).uid;
    ptn_txn_begin(&tx, mb);
    must(ptn_msg_copy(&tx, site.pool, PTN_FOLDER_INBOX, &uid, 1,
                      PTN_FOLDER_DRAFTS, &uids), "copy");
    must(ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, &uid, 1), "expunge");
    ptn_txn_commit(&tx);
    c = arrive(mb, "c@x", "Three", "<b@x>");
    ok(together(mb, a, c), "a copy answers for it");
    is_u64(number(mb, "SELECT count(*) FROM refer"), 2, "with its keys");
    must(ptn_store_commit(site.store), "commit");

    /* of c's kind, in another mailbox, which has the parent or not */

    ids[0] = c;
    is_rc(ptn_msg_transfer_mbox(mb, to, site.pool, PTN_FOLDER_INBOX, ids, 1,
                                PTN_FOLDER_INBOX, true, &got), PTN_OK,
          "to another mailbox");
    is_mem(prop(to, got[0], CONVERSATION_ID), id, "the same conversation");
    ok(prop(to, got[0], CONVERSATION_INDEX).len == index.len + 5,
       "in its place");
    b = arrive(to, "b@x", "Two", NULL);
    ok(together(to, b, got[0]) && below(to, b, got[0]), "its parent comes");
    a = arrive(to, "other@x", "Other", NULL);
    b = arrive(mb, "z@x", "Last", "<other@x>");
    must(ptn_store_commit(site.store), "commit");
    ids[0] = b;
    is_rc(ptn_msg_transfer_mbox(mb, to, site.pool, PTN_FOLDER_INBOX, ids, 1,
                                PTN_FOLDER_INBOX, false, &got), PTN_OK,
          "moved there");
    ok(together(to, a, got[0]), "what it names is there");
    finish("copies");
    finish("elsewhere");
}


static void
test_file(void)
{
    int          fd;
    char         path[96];
    ptn_ops_t    ops = { NULL, site_report, &site };
    ptn_id_t     a, b;
    ptn_user_t   u;
    ptn_mbox_t  *mb;

    mb = mailbox("file");
    a = arrive(mb, "a@x", "One", NULL);
    b = arrive(mb, "b@x", "Two", "<gone@x>");
    ok(a != 0 && b != 0, "a mailbox");
    must(ptn_store_commit(site.store), "commit");
    snprintf(path, sizeof(path), "%s/export", site.root);
    u = site_user(&site, "file");
    fd = open(path, O_RDWR|O_CREAT, 0600);
    is_rc(ptn_mbox_export(site.store, &u, fd, NULL), PTN_OK, "exported");
    lseek(fd, 0, SEEK_SET);
    u = site_user(&site, "read");
    is_rc(ptn_mbox_import(site.store, &u, fd, NULL, &ops), PTN_OK, "imported");
    close(fd);
    mb = mailbox("read");
    ok(together(mb, b, arrive(mb, "c@x", "Three", "<gone@x>")),
       "what waits there");
    ok(together(mb, a, arrive(mb, "d@x", "Four", "<a@x>")), "what is there");
    finish("read");
}


/* As an upgrade leaves them. */

static void
test_without_keys(void)
{
    int          i;
    char         name[16];
    ptn_id_t     a, b;
    ptn_mbox_t  *mb;

    mb = mailbox("old");
    a = arrive(mb, "a@x", "One", NULL);

    for (i = 0; i < 600; i++) {
        snprintf(name, sizeof(name), "%d@x", i);
        arrive(mb, name, "Many", NULL);
    }

    must(ptn_store_commit(site.store), "commit");
    must(ptn_sql_exec(mb, "UPDATE item SET idkey=NULL"), "no keys");
    must(ptn_sql_exec(mb, "UPDATE meta SET keyed=oid"), "as of before");
    site_check(&site, "old");
    mb = site_reopen(&site, "old");
    site_idle(&site);
    is_u64(number(mb, "SELECT count(*) FROM item WHERE idkey IS NULL"), 0,
           "the idle executor makes them");
    is_u64(number(mb, "SELECT keyed FROM meta"), 0, "to the end");
    b = arrive(mb, "b@x", "Two", "<a@x>");
    ok(together(mb, a, b), "and they are found");
    finish("old");
}


static void
test_damage(void)
{
    size_t              i;
    ptn_user_t          u;
    ptn_mbox_t         *mb;
    static const char  *damages[] = {
        "UPDATE item SET idkey=idkey+1 WHERE refers IS NULL",
        "UPDATE item SET idkey=NULL",
        "UPDATE item SET refers=x'00' WHERE refers IS NOT NULL",
        "UPDATE item SET refers=NULL",
        "DELETE FROM refer",
        "INSERT INTO refer (key, id) VALUES (5, 99999)"
    };

    mb = mailbox("damage");
    u = site_user(&site, "damage");

    for (i = 0; i < ptn_nelts(damages); i++) {
        arrive(mb, "a@x", "One", NULL);
        arrive(mb, "b@x", "Two", "<nobody@x>");
        must(ptn_store_commit(site.store), "commit");
        must(ptn_sql_exec(mb, damages[i]), "damage");
        is_rc(ptn_mbox_check(site.store, &u, false, site_report, &site),
              PTN_ECORRUPT, damages[i]);
        is_rc(ptn_mbox_check(site.store, &u, true, site_report, &site),
              PTN_OK, "mended");
        mb = mailbox("damage");
        finish("damage");
    }
}


int
main(void)
{
    site_make(&site);
    test_answers();
    test_indexed();
    test_late();
    test_late_own();
    test_loops();
    test_hostile();
    test_lost();
    test_no_subject();
    test_batch();
    test_copies();
    test_file();
    test_without_keys();
    test_damage();
    site_done(&site);

    return done_testing();
}
