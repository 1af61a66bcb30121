/*
 * ptn_mbox_check(): every invariant of ptn_schema.c.
 *
 * What SQL can say is a table of rules: a query that gives one row for each
 * finding (a text to show), and the statement that mends it.  The order
 * matters: rows first, then what counts them.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ptn_charset.h"
#include "ptn_check.h"


#define PTN_CHECK_SHOWN  50     /* findings of one rule */

/* Aggregates of each folder's messages; used by rule and remedy. */
#define PTN_CHECK_COUNT(f)                                                    \
    "(SELECT count(*) FROM message m WHERE m.folder=" f " AND fai=0)"
#define PTN_CHECK_UNREAD(f)                                                   \
    "(SELECT count(*) FROM message m WHERE m.folder=" f " AND fai=0"          \
    " AND (flags&1)=0)"
#define PTN_CHECK_DELETED(f)                                                  \
    "(SELECT count(*) FROM message m WHERE m.folder=" f " AND fai=0"          \
    " AND (flags&8)<>0)"
#define PTN_CHECK_SIZE(f)                                                     \
    "(SELECT coalesce(sum(size),0) FROM message m WHERE m.folder=" f          \
    " AND fai=0)"

/* Special folders have their numbers as ids. */
#define PTN_CHECK_INBOX     "12"
#define PTN_CHECK_TOP       "2"
#define PTN_CHECK_SPECIALS  "29"

_Static_assert(PTN_FOLDER_INBOX == 12 && PTN_FOLDER_IPM_SUBTREE == 2
               && PTN_FOLDER_MAX - 1 == 29, "numbers in the rules");

#define PTN_CHECK_REACHED                                                     \
    "WITH RECURSIVE tree(id) AS (SELECT id FROM folder WHERE id=1 AND"        \
    " parent=0 UNION SELECT id FROM folder WHERE parent<0"                    \
    " UNION SELECT f.id FROM folder f JOIN tree ON f.parent=tree.id)"

/* Folders that are being erased: some of their messages have gone. */
#define PTN_CHECK_ERASED                                                      \
    "WITH RECURSIVE erased(id) AS (SELECT id FROM gone WHERE kind=1"          \
    " AND at=-1 UNION SELECT f.id FROM folder f JOIN erased"                  \
    " ON f.parent=-erased.id) SELECT id FROM erased"

static const ptn_check_rule_t  ptn_check_rules[] = {

    { "packed in haste and not known to be, content",
      "SELECT c.id FROM content c, meta WHERE (c.codec & 15)=3"
      " AND (hasty=0 OR c.id<hasty)",
      "UPDATE meta SET hasty=1" },

    { "special folder missing",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
      " WHERE i<" PTN_CHECK_SPECIALS ") SELECT i FROM n"
      " WHERE (SELECT count(*) FROM folder WHERE special=i)<>1"
      " AND (i<3 OR (SELECT kind FROM meta)=0)",
      NULL },

    { "folder out of the tree",
      PTN_CHECK_REACHED " SELECT id FROM folder WHERE id NOT IN tree",
      "UPDATE folder SET parent=CASE WHEN special=1 THEN 0"
      " WHEN special BETWEEN 2 AND 11 THEN 1 WHEN special IN (24, 25) THEN 20"
      " WHEN special IN (27, 28, 29) THEN 26 WHEN special>=64 THEN parent"
      " ELSE " PTN_CHECK_TOP " END"
      " WHERE special<>0;"
      PTN_CHECK_REACHED " UPDATE folder SET parent=" PTN_CHECK_TOP ","
      " fold=fold || ' ' || id, name=name || ' ' || id"
      " WHERE id NOT IN tree AND special=0" },

    { "message in no folder",
      "SELECT id FROM message WHERE abs(folder) NOT IN"
      " (SELECT id FROM folder)",
      "DELETE FROM gone WHERE kind=0 AND id IN (SELECT id FROM message"
      " WHERE abs(folder) NOT IN (SELECT id FROM folder));"
      "UPDATE message SET folder=" PTN_CHECK_INBOX ", uid=(SELECT uidnext"
      " FROM folder WHERE id=" PTN_CHECK_INBOX ") + id"
      " WHERE abs(folder) NOT IN (SELECT id FROM folder)" },

    { "folder that is no search folder",
      "SELECT id FROM folder WHERE search NOT IN (0, 1) OR (search<>0"
      " AND (id<256 OR id IN (SELECT abs(folder) FROM message)))",
      "DELETE FROM search WHERE folder<256"
      " OR folder IN (SELECT abs(folder) FROM message);"
      "UPDATE folder SET search=0 WHERE search<>0"
      " AND (id<256 OR id IN (SELECT abs(folder) FROM message));"
      "UPDATE folder SET search=1 WHERE search NOT IN (0, 1)" },

    { "tombstone in no folder",
      "SELECT id FROM tombstone WHERE folder NOT IN (SELECT id FROM folder)",
      "DELETE FROM tombstone WHERE folder NOT IN (SELECT id FROM folder)" },

    { "tombstone of a message that is there",
      "SELECT t.id FROM tombstone t JOIN message m"
      " ON m.folder=t.folder AND m.uid=t.uid WHERE t.kind=0",
      "DELETE FROM tombstone WHERE kind=0 AND EXISTS (SELECT 1 FROM message m"
      " WHERE m.folder=tombstone.folder AND m.uid=tombstone.uid)" },

    { "message without item",
      "SELECT id FROM message WHERE id NOT IN (SELECT id FROM item)",
      "INSERT INTO item (id, class, subject, from_name, from_addr, to_names,"
      " cc_names, message_id, sent, importance, attach, bag, large, derived)"
      " SELECT id, 'IPM.Note', '', '', '', '', '', '', NULL, 1, 0, NULL, NULL,"
      " CASE WHEN content IN (SELECT content FROM object) THEN 2 ELSE 0 END"
      " FROM message WHERE id NOT IN (SELECT id FROM item)" },

    { "item without message",
      "SELECT id FROM item WHERE id NOT IN (SELECT id FROM message)",
      "DELETE FROM item WHERE id NOT IN (SELECT id FROM message)" },

    { "message without content",
      "SELECT id FROM message WHERE content NOT IN (SELECT id FROM content)",
      NULL },

    { "content without message",
      "SELECT id FROM content WHERE id NOT IN (SELECT content FROM message)"
      " AND id NOT IN (SELECT content FROM unindex)",
      "DELETE FROM content WHERE id NOT IN (SELECT content FROM message)"
      " AND id NOT IN (SELECT content FROM unindex)" },

    { "object without content",
      "SELECT content FROM object WHERE content NOT IN"
      " (SELECT id FROM content)",
      "DELETE FROM object WHERE content NOT IN (SELECT id FROM content)" },

    { "item that does not say whether there is an object",
      "SELECT i.id FROM item i JOIN message m ON m.id=i.id"
      " WHERE ((i.derived & 2)<>0)<>(m.content IN"
      " (SELECT content FROM object)) OR i.derived & ~3<>0",
      "UPDATE item SET derived=(derived & 1) | CASE WHEN (SELECT content"
      " FROM message m WHERE m.id=item.id) IN (SELECT content FROM object)"
      " THEN 2 ELSE 0 END WHERE id IN (SELECT id FROM message)" },

    { "size of message differs from its content's",
      "SELECT m.id FROM message m JOIN content c ON c.id=m.content"
      " WHERE m.size<>c.size",
      "UPDATE message SET size=(SELECT c.size FROM content c"
      " WHERE c.id=message.content)"
      " WHERE content IN (SELECT id FROM content)" },

    { "references of shared content",
      "SELECT content || ': ' || refs FROM share WHERE refs<2 OR refs<>"
      "(SELECT count(*) FROM message m WHERE m.content=share.content)"
      " UNION ALL SELECT content || ': none' FROM message"
      " WHERE content NOT IN (SELECT content FROM share)"
      " GROUP BY content HAVING count(*)>1",
      "REPLACE INTO share SELECT content, count(*) FROM message"
      " GROUP BY content HAVING count(*)>1;"
      "DELETE FROM share WHERE content NOT IN (SELECT content FROM message"
      " GROUP BY content HAVING count(*)>1)" },

    { "stamps out of order",
      "SELECT id FROM message WHERE born>modseq OR born>cn OR born<1",
      "UPDATE message SET cn=max(1, cn), modseq=max(1, modseq),"
      " born=max(1, min(born, modseq, cn))"
      " WHERE born>modseq OR born>cn OR born<1" },

    { "tombstone that was born after its end",
      "SELECT id FROM tombstone WHERE born>cn",
      "UPDATE tombstone SET born=0 WHERE born>cn" },

    { "folder associated message in a view's counters",
      "SELECT id FROM message WHERE fai NOT IN (0, 1)",
      "UPDATE message SET fai=1 WHERE fai NOT IN (0, 1)" },

    { "named property",
      "SELECT id FROM named WHERE id NOT BETWEEN 32768 AND 65534"
      " OR length(guid)<>16 OR lid<-1 OR lid>4294967295"
      " OR (lid=-1)<>(name<>'')"
      " UNION ALL SELECT 'holes' FROM meta WHERE (SELECT count(*) FROM named)"
      "<>(SELECT coalesce(max(id),32767)-32767 FROM named)",
      "DELETE FROM named WHERE id NOT BETWEEN 32768 AND 65534"
      " OR length(guid)<>16 OR lid<-1 OR lid>4294967295"
      " OR (lid=-1)<>(name<>'');"
      "INSERT INTO named (id, guid, lid, name) WITH RECURSIVE n(i) AS"
      " (SELECT 32768 UNION ALL SELECT i+1 FROM n WHERE i<(SELECT max(id)"
      " FROM named)) SELECT i, zeroblob(16), -1, 'lost-' || i FROM n"
      " WHERE i NOT IN (SELECT id FROM named)"
      " AND EXISTS (SELECT 1 FROM named)" },

    { "transfer without messages",
      "SELECT n FROM intent WHERE n NOT IN (SELECT intent FROM moving)",
      "DELETE FROM intent WHERE n NOT IN (SELECT intent FROM moving)" },

    { "message of no transfer",
      "SELECT id FROM moving WHERE intent NOT IN (SELECT n FROM intent)",
      "DELETE FROM moving WHERE intent NOT IN (SELECT n FROM intent)" },

    /* message.born is not above its cn, as said before */

    { "change number above the counter",
      "SELECT 'message ' || id FROM message, meta"
      " WHERE max(message.cn, read_cn, modseq)>meta.cn"
      " UNION ALL SELECT 'folder ' || id FROM folder, meta"
      " WHERE max(folder.cn, modseq, horizon, folder.born)>meta.cn"
      " UNION ALL SELECT 'tombstone ' || id FROM tombstone t, meta"
      " WHERE t.cn>meta.cn"
      " UNION ALL SELECT 'event ' || n FROM event e, meta WHERE e.cn>meta.cn",
      "UPDATE meta SET cn=max(cn,"
      "(SELECT coalesce(max(max(m.cn, read_cn, modseq)),0)"
      " FROM message m),"
      "(SELECT coalesce(max(max(f.cn, modseq, horizon, f.born)),0)"
      " FROM folder f),"
      "(SELECT coalesce(max(t.cn),0) FROM tombstone t),"
      "(SELECT coalesce(max(e.cn),0) FROM event e))" },

    { "object id above the counter",
      "SELECT 'message ' || id FROM message, meta"
      " WHERE max(id, content)>oid OR (mid>oid AND mid<=281474976710655)"
      " UNION ALL SELECT 'content ' || id FROM content, meta WHERE id>oid"
      " UNION ALL SELECT 'folder ' || id FROM folder, meta"
      " WHERE id>oid AND id<=281474976710655",
      "UPDATE meta SET oid=max(oid,"
      "(SELECT coalesce(max(max(id, content)),0) FROM message),"
      "(SELECT coalesce(max(mid),0) FROM message WHERE mid<=281474976710655),"
      "(SELECT coalesce(max(id),0) FROM content),"
      "(SELECT coalesce(max(id),0) FROM folder WHERE id<=281474976710655))" },

    { "uid not below UIDNEXT",
      "SELECT folder || ': ' || max(uid) FROM message m"
      " GROUP BY folder HAVING max(uid)>="
      "(SELECT uidnext FROM folder f WHERE f.id=m.folder)",
      "UPDATE folder SET uidnext=max(uidnext, (SELECT coalesce(max(uid),0)+1"
      " FROM message WHERE folder=folder.id))" },

    { "modseq of a folder behind its contents'",
      "SELECT id FROM folder WHERE modseq<(SELECT coalesce(max(modseq),0)"
      " FROM message m WHERE m.folder=folder.id)"
      " OR modseq<(SELECT coalesce(max(cn),0) FROM tombstone t"
      " WHERE t.folder=folder.id AND kind=0)",
      "UPDATE folder SET modseq=max(modseq,"
      "(SELECT coalesce(max(modseq),0) FROM message m"
      " WHERE m.folder=folder.id),"
      "(SELECT coalesce(max(cn),0) FROM tombstone t"
      " WHERE t.folder=folder.id AND kind=0))" },

    { "counters of a folder",
      "SELECT id || ': total ' || total || ' unread ' || unread"
      " || ' deleted ' || deleted || ' size ' || size FROM folder"
      " WHERE search=0 AND (total<>" PTN_CHECK_COUNT("folder.id")
      " OR unread<>" PTN_CHECK_UNREAD("folder.id")
      " OR deleted<>" PTN_CHECK_DELETED("folder.id")
      " OR size<>" PTN_CHECK_SIZE("folder.id") ") EXCEPT"
      " SELECT id || ': total ' || total || ' unread ' || unread"
      " || ' deleted ' || deleted || ' size ' || size FROM folder"
      " WHERE id IN (" PTN_CHECK_ERASED ")",
      "UPDATE folder SET total=" PTN_CHECK_COUNT("folder.id")
      ", unread=" PTN_CHECK_UNREAD("folder.id")
      ", deleted=" PTN_CHECK_DELETED("folder.id")
      ", size=" PTN_CHECK_SIZE("folder.id") " WHERE search=0" },

    { "UIDVALIDITY above the counter, 0 or given twice",
      "SELECT id FROM folder WHERE uidvalidity=0"
      " OR uidvalidity>(SELECT uidvalidity FROM meta)"
      " UNION ALL SELECT max(id) FROM folder GROUP BY uidvalidity"
      " HAVING count(*)>1",
      "UPDATE folder SET uidvalidity=(SELECT uidvalidity FROM meta)"
      " + (SELECT count(*) FROM folder f WHERE f.id<=folder.id);"
      "UPDATE meta SET uidvalidity=(SELECT max(uidvalidity) FROM folder)" },

    { "event log",
      "SELECT event_first || '-' || event FROM meta WHERE"
      " (SELECT count(*) FROM event)<>event-event_first+1"
      " OR (SELECT coalesce(max(n),meta.event) FROM event)<>event"
      " OR (SELECT coalesce(min(n),meta.event_first) FROM event)<>event_first",
      "UPDATE meta SET event=max(event, (SELECT coalesce(max(n),0)"
      " FROM event)) + 1;"
      "DELETE FROM event; UPDATE meta SET event_first=event+1" },

    { "keyword without a name",
      "SELECT id FROM message WHERE keywords<>0 AND keywords & ~"
      "(SELECT coalesce(sum(1<<bit),0) FROM keyword)<>0",
      "UPDATE message SET keywords=keywords &"
      " (SELECT coalesce(sum(1<<bit),0) FROM keyword) WHERE keywords<>0" },

    { "flags that are none",
      "SELECT id FROM message WHERE flags & ~31<>0",
      "UPDATE message SET flags=flags & 31" },

    { "replica ids",
      "SELECT 'no replica 1' FROM meta WHERE"
      " (SELECT count(*) FROM replica r WHERE replid=1"
      " AND r.epoch=meta.epoch)<>1"
      " UNION ALL SELECT 'nothing from the first number on' FROM meta"
      " WHERE NOT EXISTS (SELECT 1 FROM replica WHERE first=0)"
      " UNION ALL SELECT 'first number above the counters: ' || replid"
      " FROM replica, meta WHERE first>min(meta.cn, oid)+1",
      "DELETE FROM replica WHERE first>(SELECT min(cn, oid)+1 FROM meta);"
      "INSERT OR IGNORE INTO replica (replid, guid, epoch, first)"
      " SELECT 1, randomblob(16), epoch, 0 FROM meta;"
      "UPDATE replica SET epoch=(SELECT epoch FROM meta) WHERE replid=1;"
      "UPDATE replica SET first=0 WHERE first=(SELECT min(first)"
      " FROM replica)" }
};


void
ptn_check_found(ptn_check_t *check, bool mended, const char *fmt, ...)
{
    char     line[512];
    int      n;
    va_list  ap;

    n = snprintf(line, sizeof(line), "%s", mended ? "mended: " : "");

    va_start(ap, fmt);
    vsnprintf(line + n, sizeof(line) - (size_t) n, fmt, ap);
    va_end(ap);

    check->found++;
    check->mended += mended;

    if (check->report != NULL) {
        check->report(check->ctx, line);
    }
}


sqlite3_stmt *
ptn_check_prepare(ptn_check_t *check, const char *what, const char *text)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, text, -1, &st, NULL) == SQLITE_OK) {
        return st;
    }

    rc = ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));

    if (ptn_check_later(rc)) {
        check->failed = rc;

    } else {
        ptn_check_found(check, false, "%s: %s", what,
                        sqlite3_errmsg(check->mb->db));
    }

    return NULL;
}


/*
 * What PRAGMA integrity_check says of a page that could not be read, "...
 * error code=10": no damage.
 */

static bool
ptn_check_unread(ptn_check_t *check, ptn_str_t s)
{
    ptn_rc_t             rc;
    const char          *p;

    static const char    code[] = "error code=";

    p = s.len ? memmem(s.data, s.len, code, sizeof(code) - 1) : NULL;
    rc = p ? ptn_sql_rc(atoi(p + sizeof(code) - 1)) : PTN_OK;

    if (!ptn_check_later(rc)) {
        return false;
    }

    check->failed = rc;

    return true;
}


/* A finding of a query: one line for each row, up to a number. */

static ptn_rc_t
ptn_check_rows(ptn_check_t *check, const char *what, const char *find,
    const char *good, bool mended, unsigned *ret_n)
{
    unsigned       n;
    ptn_rc_t       rc;
    ptn_str_t      s;
    sqlite3_stmt  *st;

    n = 0;
    *ret_n = 0;
    st = ptn_check_prepare(check, what, find);

    if (st == NULL) {
        return check->failed;
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        s.data = (u_char *) sqlite3_column_text(st, 0);
        s.len = s.data ? strlen((char *) s.data) : 0;

        if (good != NULL
            && (ptn_str_eqz(s, good) || ptn_check_unread(check, s)))
        {
            continue;
        }

        if (n++ < PTN_CHECK_SHOWN) {
            ptn_check_found(check, mended, "%s: %.*s", what, ptn_str_arg(s));
        }
    }

    if (n > PTN_CHECK_SHOWN) {
        ptn_check_found(check, mended, "%s: %u more", what,
                        n - PTN_CHECK_SHOWN);
    }

    sqlite3_finalize(st);
    *ret_n = n;

    if (rc == PTN_ECORRUPT) {
        ptn_check_found(check, false, "%s: cannot be read", what);
        return PTN_OK;
    }

    return (rc == PTN_OK) ? check->failed : rc;
}


ptn_rc_t
ptn_check_rule(ptn_check_t *check, const ptn_check_rule_t *rule)
{
    bool      mend;
    unsigned  n;
    ptn_rc_t  rc;

    mend = check->repair && rule->mend != NULL;

    rc = ptn_check_rows(check, rule->what, rule->find, NULL, mend, &n);

    if (rc != PTN_OK || n == 0 || !mend) {
        return rc;
    }

    check->renew = true;

    return ptn_sql_exec(check->mb, rule->mend);
}


/* Those that new numbers are taken from. */

ptn_rc_t
ptn_check_counters(ptn_check_t *check)
{
    size_t       i;
    ptn_rc_t     rc;
    const char  *what;

    for (i = 0, rc = PTN_OK; i < ptn_nelts(ptn_check_rules) && rc == PTN_OK;
         i++)
    {
        what = ptn_check_rules[i].what;

        if (strstr(what, "above the counter") != NULL) {
            rc = ptn_check_rule(check, &ptn_check_rules[i]);
        }
    }

    return rc;
}


/* One that is another's, or none: with its id behind it. */

static ptn_rc_t
ptn_check_rename(ptn_check_t *check, const ptn_folder_t *f, ptn_str_t name)
{
    ptn_rc_t       rc;
    ptn_str_t      fold;
    sqlite3_stmt  *st;

    name = ptn_str_printf(check->pool, "%.*s %llu", ptn_str_arg(name),
                          (unsigned long long) f->id);
    rc = ptn_utf8_fold(check->pool, name, &fold);

    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_prepare_v2(check->mb->db, "UPDATE OR IGNORE folder SET fold=?1,"
                           " name=?3 WHERE id=?2", -1, &st, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    ptn_sql_text(st, 1, fold);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) f->id);
    ptn_sql_text(st, 3, name);
    rc = ptn_sql_step(check->mb, st);
    sqlite3_finalize(st);
    check->renew = true;

    return rc;
}


/* Folded names, by the folding that this version has. */

static ptn_rc_t
ptn_check_names(ptn_check_t *check)
{
    uint32_t             i;
    ptn_rc_t             rc;
    ptn_set_t           *set;
    ptn_str_t            fold;
    sqlite3_stmt        *st;
    const ptn_folder_t  *f;

    ptn_mbox_forget(check->mb);

    rc = ptn_mbox_set(check->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    set = check->mb->set;

    for (i = 0; i < set->n; i++) {
        f = &set->folders[i];
        rc = ptn_utf8_fold(check->pool, f->name, &fold);

        if (rc == PTN_ENOMEM) {
            return rc;
        }

        if (rc == PTN_OK && ptn_str_eq(fold, set->more[i].fold)) {
            continue;
        }

        ptn_check_found(check, check->repair, "folded name of folder %llu",
                        (unsigned long long) f->id);

        if (check->repair && rc != PTN_OK) {
            rc = ptn_check_rename(check, f, ptn_str("lost"));

            if (rc != PTN_OK) {
                return rc;
            }

            continue;
        }

        if (check->repair) {
            if (sqlite3_prepare_v2(check->mb->db, "UPDATE OR IGNORE folder SET"
                                   " fold=?1 WHERE id=?2", -1, &st, NULL)
                != SQLITE_OK)
            {
                return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
            }

            ptn_sql_text(st, 1, fold);
            sqlite3_bind_int64(st, 2, (sqlite3_int64) f->id);
            rc = ptn_sql_step(check->mb, st);
            sqlite3_finalize(st);

            if (rc == PTN_OK && sqlite3_changes(check->mb->db) == 0) {
                rc = ptn_check_rename(check, f, f->name);
            }

            if (rc != PTN_OK) {
                return rc;
            }
        }
    }

    return PTN_OK;
}


/* All that a transaction sees as one. */

static ptn_rc_t
ptn_check_database(ptn_check_t *check)
{
    size_t    i;
    ptn_rc_t  rc;
    unsigned  n;

    rc = ptn_check_rows(check, "database", "PRAGMA integrity_check(50)", "ok",
                        false, &n);

    if (rc == PTN_OK) {
        rc = ptn_check_types(check);
    }

    if (rc == PTN_OK && check->repair) {
        rc = ptn_check_damage(check);
    }

    for (i = 0; i < ptn_nelts(ptn_check_rules) && rc == PTN_OK; i++) {
        ptn_ops_progress(check->ops, "invariants", i,
                         ptn_nelts(ptn_check_rules));
        rc = ptn_check_rule(check, &ptn_check_rules[i]);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_folders(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_names(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_tables(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_refer(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_ics(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_rights(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_items(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_contents(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_blobs(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_search(check);
    }

    return (rc == PTN_OK) ? check->failed : rc;
}


static ptn_rc_t
ptn_check_run(ptn_check_t *check)
{
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    mb = check->mb;

    if (!check->repair) {
        ptn_mbox_read_end(mb);
        rc = ptn_sql_run(mb, PTN_SQL_BEGIN_READ, 0);

        if (rc == PTN_OK) {
            rc = ptn_check_database(check);
            ptn_sql_run(mb, PTN_SQL_ROLLBACK, 0);
            ptn_mbox_forget(mb);
        }

        return rc;
    }

    rc = ptn_txn_begin(&tx, mb);
    check->tx = &tx;

    if (rc == PTN_OK) {
        rc = ptn_check_database(check);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    /* what the rules wrote counts, not what was cached before */

    mb->cn_floor = 0;
    mb->oid_floor = 0;
    ptn_mbox_forget(mb);
    rc = ptn_mbox_meta(mb);

    if (rc == PTN_OK) {
        mb->meta.dirty = true;
        rc = ptn_txn_commit(&tx);
    }

    if (rc == PTN_OK) {
        rc = ptn_batch_commit(mb);
    }

    return rc;
}


static ptn_rc_t
ptn_check_open(ptn_store_t *store, const ptn_user_t *user, bool repair,
    void (*report)(void *ctx, const char *line), void *ctx,
    const ptn_ops_t *ops)
{
    ptn_rc_t      rc;
    ptn_check_t   check;

    memset(&check, 0, sizeof(check));
    check.ops = ops;
    check.repair = repair;
    check.report = report;
    check.ctx = ctx;

    rc = ptn_mbox_open(store, user, NULL, &check.mb);
    if (rc != PTN_OK) {
        return rc;
    }

    if (check.mb->batch) {
        return PTN_EBUSY;
    }

    check.pool = ptn_pool_create(0, NULL);
    if (check.pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_check_run(&check);

    if (rc == PTN_OK) {
        rc = ptn_check_files(&check);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_receipts(&check);
    }

    if (rc == PTN_OK) {
        rc = check.failed;
    }

    /* who knew the mailbox before must not trust what it knows */

    if (rc == PTN_OK && check.renew) {
        rc = ptn_mbox_meta(check.mb);

        if (rc == PTN_OK) {
            rc = ptn_epoch_renew(check.mb, check.mb->meta.epoch + 1,
                                 check.mb->meta.cn + 1,
                                 check.mb->meta.oid + 1);
        }
    }

    ptn_pool_destroy(check.pool);

    if (rc != PTN_OK) {
        return rc;
    }

    return (check.found == check.mended) ? PTN_OK : PTN_ECORRUPT;
}


/* It cannot be opened: says why. */

static ptn_rc_t
ptn_check_closed(ptn_store_t *store, const ptn_user_t *user,
    void (*report)(void *ctx, const char *line), void *ctx)
{
    char         path[PTN_BLOB_PATH];
    int64_t      version;
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = ptn_mbox_new(store, user, &rc);
    if (mb == NULL) {
        return rc;
    }

    snprintf(path, sizeof(path), "%s/mailbox.sqlite", mb->dir);

    if (access(path, F_OK) == -1) {
        ptn_mbox_free(mb);
        return PTN_EUNAVAIL;
    }

    rc = ptn_sql_open(mb, path, false);

    if (rc == PTN_OK) {
        rc = ptn_schema_known(mb, &version);

        if (rc == PTN_ECORRUPT) {
            (void) ptn_schema_explain(mb, report, ctx);
        }

        if (rc == PTN_OK) {
            rc = ptn_mbox_meta(mb);
        }
    }

    ptn_mbox_free(mb);

    /* of another user: not for us to mend */

    if (rc == PTN_EVERSION || ptn_check_later(rc)) {
        return rc;
    }

    report(ctx, "database: it cannot be opened");

    return PTN_ECORRUPT;
}


static void
ptn_check_silent(void *ctx PTN_UNUSED, const char *line PTN_UNUSED)
{
    /* void */
}


static ptn_rc_t
ptn_check_all(ptn_store_t *store, const ptn_user_t *user, bool repair,
    void (*report)(void *ctx, const char *line), void *ctx,
    const ptn_ops_t *ops)
{
    ptn_rc_t     rc, closed;
    ptn_mbox_t  *mb;

    report = report ? report : ptn_check_silent;

    rc = ptn_mbox_open(store, user, NULL, &mb);

    if (rc == PTN_EUNAVAIL && store->batch == NULL) {
        closed = ptn_check_closed(store, user, report, ctx);

        if (closed != PTN_ECORRUPT || !repair) {
            return closed;
        }

    } else if (rc != PTN_OK) {
        return rc;
    }

    if (rc == PTN_OK) {
        rc = ptn_check_open(store, user, repair, report, ctx, ops);

        /* pages that cannot be read are nothing that rows can mend */

        if (!repair || rc != PTN_ECORRUPT) {
            return rc;
        }
    }

    rc = ptn_mbox_open(store, user, NULL, &mb);

    if (rc == PTN_OK) {
        if (mb->batch) {
            return PTN_EBUSY;
        }

        ptn_mbox_close_db(mb);
    }

    rc = ptn_mbox_salvage(store, user, report, ctx);

    if (rc == PTN_OK) {
        ptn_content_forget(store, &user->mailbox);
        rc = ptn_check_open(store, user, true, report, ctx, ops);
    }

    return rc;
}


ptn_rc_t
ptn_mbox_check(ptn_store_t *store, const ptn_user_t *user, bool repair,
    void (*report)(void *ctx, const char *line), void *ctx)
{
    return ptn_check_all(store, user, repair, report, ctx, NULL);
}


ptn_rc_t
ptn_mbox_check_ops(ptn_store_t *store, const ptn_user_t *user, bool repair,
    const ptn_ops_t *ops)
{
    return ptn_check_all(store, user, repair, ops->report, ops->ctx, ops);
}
