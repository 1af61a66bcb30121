/*
 * ptn_mbox_check(), invariants 12 to 15: what was deleted softly, rules,
 * receive folders, names.
 */

#include "ptn_check.h"


static const ptn_check_rule_t  ptn_check_folder_rules[] = {
    { "special folder among what can be recovered",
      "SELECT id FROM folder WHERE parent<0 AND special<>0",
      "UPDATE folder SET parent=-parent WHERE parent<0 AND special<>0" },

    { "message that can be recovered without a row in gone",
      "SELECT id FROM message WHERE folder<0"
      " AND id NOT IN (SELECT id FROM gone WHERE kind=0)",
      "INSERT OR REPLACE INTO gone (id, kind, at, wall)"
      " SELECT id, 0, (SELECT lived FROM meta), strftime('%s','now')"
      " FROM message WHERE folder<0"
      " AND id NOT IN (SELECT id FROM gone WHERE kind=0)" },

    { "gone, but not among what can be recovered",
      "SELECT id FROM gone WHERE kind NOT IN (0, 1)"
      " OR (kind=0 AND id NOT IN (SELECT id FROM message WHERE folder<0))"
      " OR (kind=1 AND id NOT IN (SELECT id FROM folder WHERE parent<0))",
      "DELETE FROM gone WHERE kind NOT IN (0, 1)"
      " OR (kind=0 AND id NOT IN (SELECT id FROM message WHERE folder<0))"
      " OR (kind=1 AND id NOT IN (SELECT id FROM folder WHERE parent<0))" },

    /* what is below a folder that is gone went with it, or before it */

    { "folder that can be recovered without a row in gone",
      "SELECT id FROM folder f WHERE parent<0"
      " AND id NOT IN (SELECT id FROM gone WHERE kind=1)"
      " AND -parent NOT IN (SELECT id FROM folder WHERE parent<0)",
      "INSERT OR REPLACE INTO gone (id, kind, at, wall)"
      " SELECT id, 1, (SELECT lived FROM meta), strftime('%s','now')"
      " FROM folder WHERE parent<0"
      " AND id NOT IN (SELECT id FROM gone WHERE kind=1)"
      " AND -parent NOT IN (SELECT id FROM folder WHERE parent<0)" },

    { "folder out of every tree",
      "WITH RECURSIVE tree(id) AS (SELECT id FROM gone WHERE kind=1"
      " UNION SELECT f.id FROM folder f JOIN tree ON f.parent=-tree.id)"
      " SELECT id FROM folder WHERE parent<0 AND id NOT IN tree",
      "WITH RECURSIVE tree(id) AS (SELECT id FROM gone WHERE kind=1"
      " UNION SELECT f.id FROM folder f JOIN tree ON f.parent=-tree.id)"
      " INSERT OR REPLACE INTO gone (id, kind, at, wall)"
      " SELECT id, 1, (SELECT lived FROM meta), strftime('%s','now')"
      " FROM folder WHERE parent<0 AND id NOT IN tree" },

    { "folded name of a folder that can be recovered",
      "SELECT id FROM folder WHERE id IN (SELECT id FROM gone WHERE kind=1)"
      " AND fold<>char(1) || id",
      "UPDATE folder SET fold=char(1) || id"
      " WHERE id IN (SELECT id FROM gone WHERE kind=1)" },

    { "gone at a time that has not come",
      "SELECT id FROM gone WHERE at<-1 OR at>(SELECT lived FROM meta)"
      " OR (at<0 AND kind=0)",
      "UPDATE gone SET at=(SELECT lived FROM meta)"
      " WHERE at<-1 OR at>(SELECT lived FROM meta) OR (at<0 AND kind=0)" },

    { "uid of what can be recovered",
      "SELECT id FROM message m WHERE folder<0 AND (uid>="
      "(SELECT uidnext FROM folder f WHERE f.id=-m.folder) OR EXISTS"
      " (SELECT 1 FROM message n WHERE n.folder=-m.folder"
      " AND n.uid=m.uid))",
      "UPDATE folder SET uidnext=max(uidnext, (SELECT coalesce(max(uid),0)+1"
      " FROM message WHERE folder=-folder.id))" },

    { "age above the counters",
      "SELECT age.lived FROM age, meta"
      " WHERE age.cn>meta.cn OR age.lived>meta.lived OR age.lived<0",
      "DELETE FROM age WHERE cn>(SELECT cn FROM meta)"
      " OR lived>(SELECT lived FROM meta) OR lived<0" },

    { "receive folder",
      "SELECT class FROM receive WHERE folder NOT IN (SELECT id FROM folder)"
      " OR length(class)>254 OR class LIKE '.%' OR class LIKE '%.'"
      " OR class LIKE '%..%'",
      "DELETE FROM receive WHERE folder NOT IN (SELECT id FROM folder)"
      " OR length(class)>254 OR class LIKE '.%' OR class LIKE '%.'"
      " OR class LIKE '%..%'" },

    { "move of a folder without a key, or above the counter",
      "SELECT n FROM parting, meta WHERE typeof(key)<>'blob'"
      " OR length(key)<>17 OR typeof(mailbox)<>'blob' OR length(mailbox)<>16"
      " OR n>oid",
      "DELETE FROM parting WHERE typeof(key)<>'blob' OR length(key)<>17"
      " OR typeof(mailbox)<>'blob' OR length(mailbox)<>16"
      " OR n>(SELECT oid FROM meta)" },

    { "receipt to nobody, or above the counter",
      "SELECT n FROM receipt r, meta WHERE r.n>oid OR r.kind NOT IN (0, 1, 2)"
      " OR CASE r.kind WHEN 2 THEN r.member<=0 OR r.entryid IS NULL"
      " ELSE instr(r.address, '@')=0 END",
      "DELETE FROM receipt WHERE n>(SELECT oid FROM meta)"
      " OR kind NOT IN (0, 1, 2) OR CASE kind WHEN 2 THEN member<=0"
      " OR entryid IS NULL ELSE instr(address, '@')=0 END" },

    { "rule of no folder",
      "SELECT id FROM rule WHERE folder NOT IN (SELECT id FROM folder)",
      "DELETE FROM rule WHERE folder NOT IN (SELECT id FROM folder)" },

    { "rule without a provider, or above the counter",
      "SELECT rule.id FROM rule, meta WHERE provider='' OR rule.id>oid",
      "DELETE FROM rule WHERE provider='';"
      "UPDATE meta SET oid=max(oid, (SELECT coalesce(max(id),0) FROM rule))" },

    { "name of no message of its folder",
      "SELECT n.id FROM name n WHERE n.kind NOT IN (0, 1) OR n.name=''"
      " OR NOT EXISTS (SELECT 1 FROM message m WHERE m.id=n.id"
      " AND m.folder=n.folder)",
      "DELETE FROM name WHERE kind NOT IN (0, 1) OR name='' OR NOT EXISTS"
      " (SELECT 1 FROM message m WHERE m.id=name.id"
      " AND m.folder=name.folder)" },

    { "two names of one kind",
      "SELECT id FROM name GROUP BY id, kind HAVING count(*)>1",
      "DELETE FROM name WHERE (folder, kind, name) NOT IN"
      " (SELECT folder, kind, min(name) FROM name GROUP BY id, kind)" },

    { "status that is that of a flag",
      "SELECT id FROM message WHERE status & 8<>0 OR status<0"
      " OR status>4294967295",
      "UPDATE message SET status=status & 4294967287" },

    { "counters of what was deleted",
      "SELECT id FROM folder WHERE removed<0 OR hier<0",
      "UPDATE folder SET removed=max(removed, 0), hier=max(hier, 0)" }
};


ptn_rc_t
ptn_check_folders(ptn_check_t *check)
{
    size_t    i;
    ptn_rc_t  rc;

    rc = PTN_OK;

    for (i = 0; i < ptn_nelts(ptn_check_folder_rules) && rc == PTN_OK; i++) {
        rc = ptn_check_rule(check, &ptn_check_folder_rules[i]);
    }

    return rc;
}


/* Receipts that nobody would learn of; asked under the write lock. */

ptn_rc_t
ptn_check_receipts(ptn_check_t *check)
{
    int64_t                               n;
    ptn_rc_t                              rc;
    ptn_mbox_t                           *mb;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    mb = check->mb;
    n = 0;
    rc = ptn_sql_number(mb, "SELECT count(*) FROM receipt", &n);

    if (rc != PTN_OK || n == 0 || ptn_receipt_marked(mb)) {
        return rc;
    }

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_sql_number(mb, "SELECT count(*) FROM receipt", &n);
    }

    if (rc == PTN_OK && n != 0 && !ptn_receipt_marked(mb)) {
        rc = check->repair ? ptn_receipt_mark(mb) : PTN_OK;

        if (rc == PTN_OK) {
            ptn_check_found(check, check->repair, "receipts without a mark");
        }
    }

    ptn_txn_done(&tx);

    if (mb->batch) {
        ptn_batch_rollback(mb);
    }

    return rc;
}
