/*
 * ptn_mbox_check(): permissions, marks, what readers of public stores have
 * read.
 */

#include "ptn_check.h"


static const ptn_check_rule_t  ptn_check_rights_rules[] = {

    { "permission of no folder",
      "SELECT DISTINCT folder FROM permission"
      " WHERE folder NOT IN (SELECT id FROM folder)",
      "DELETE FROM permission WHERE folder NOT IN (SELECT id FROM folder)" },

    { "rights that are none",
      "SELECT folder || ' ' || member FROM permission"
      " WHERE typeof(rights)<>'integer' OR rights<0 OR (rights & ~8187)<>0",
      "UPDATE permission SET rights=CAST(rights AS INTEGER) & 8187" },

    { "member that is none",
      "SELECT folder || ' ' || member FROM permission WHERE member<-1",
      "DELETE FROM permission WHERE member<-1" },

    { "mark of no message",
      "SELECT id FROM mark WHERE id NOT IN (SELECT id FROM message)",
      "DELETE FROM mark WHERE id NOT IN (SELECT id FROM message)" },

    { "reader of no folder",
      "SELECT DISTINCT folder FROM reader"
      " WHERE folder NOT IN (SELECT id FROM folder)",
      "DELETE FROM reader WHERE folder NOT IN (SELECT id FROM folder)" },

    { "reader in a private mailbox",
      "SELECT folder FROM reader WHERE (SELECT kind FROM meta)=0",
      "DELETE FROM reader WHERE (SELECT kind FROM meta)=0" },

    { "reader ahead of the counter",
      "SELECT folder || ' ' || user FROM reader, meta WHERE read_cn>cn",
      "UPDATE reader SET read_cn=(SELECT cn FROM meta)"
      " WHERE read_cn>(SELECT cn FROM meta)" },

    { "row of a public store that is read",
      "SELECT id FROM message WHERE (flags & 1)<>0 AND fai=0"
      " AND (SELECT kind FROM meta)=1",
      "UPDATE message SET flags=flags & ~1"
      " WHERE (SELECT kind FROM meta)=1 AND fai=0" }
};


static ptn_rc_t
ptn_check_readers(ptn_check_t *check)
{
    ptn_rc_t       rc;
    unsigned       bad;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT folder, user, runs FROM"
                           " reader", -1, &st, NULL) != SQLITE_OK)
    {
        return PTN_ECORRUPT;
    }

    bad = 0;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        if (ptn_reader_check(ptn_sql_column(st, 2)) != PTN_OK) {
            bad++;
            ptn_check_found(check, check->repair,
                            "what was read is damaged: folder %lld user %lld",
                            (long long) sqlite3_column_int64(st, 0),
                            (long long) sqlite3_column_int64(st, 1));
        }
    }

    sqlite3_finalize(st);

    /* nothing else says what they had read */

    if (rc == PTN_OK && bad != 0 && check->repair) {
        rc = ptn_sql_exec(check->mb, "UPDATE reader SET runs=NULL");
    }

    return rc;
}


ptn_rc_t
ptn_check_rights(ptn_check_t *check)
{
    size_t    i;
    ptn_rc_t  rc;

    rc = PTN_OK;

    for (i = 0; i < ptn_nelts(ptn_check_rights_rules) && rc == PTN_OK; i++) {
        rc = ptn_check_rule(check, &ptn_check_rights_rules[i]);
    }

    return (rc == PTN_OK) ? ptn_check_readers(check) : rc;
}
