/*
 * ptn_mbox_check(): permissions, marks, what readers of public stores have
 * read, and what private mailboxes keep of it.
 */

#include "ptn_check.h"
#include "ptn_idset.h"


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

    { "per-user row in a public store",
      "SELECT hex(folder) FROM per_user WHERE (SELECT kind FROM meta)<>0",
      "DELETE FROM per_user WHERE (SELECT kind FROM meta)<>0" },

    { "per-user row of no folder or store",
      "SELECT hex(folder) FROM per_user WHERE typeof(folder)<>'blob'"
      " OR length(folder)<>22 OR typeof(store)<>'blob' OR length(store)<>16",
      "DELETE FROM per_user WHERE typeof(folder)<>'blob'"
      " OR length(folder)<>22 OR typeof(store)<>'blob' OR length(store)<>16" },

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


/* Sets that a client has kept; it sends another when it gets none. */

static ptn_rc_t
ptn_check_per_user(ptn_check_t *check)
{
    ptn_rc_t       rc;
    unsigned       bad;
    ptn_idset_t    set;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT hex(folder), runs FROM"
                           " per_user", -1, &st, NULL) != SQLITE_OK)
    {
        return PTN_ECORRUPT;
    }

    bad = 0;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        memset(&set, 0, sizeof(set));

        if (ptn_idset_decode(&set, PTN_IDSET_REPLGUID, ptn_sql_column(st, 1))
            != PTN_OK)
        {
            bad++;
            ptn_check_found(check, check->repair,
                            "per-user set is damaged: folder %.*s",
                            ptn_str_arg(ptn_sql_column(st, 0)));
        }

        ptn_idset_done(&set);
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK && bad != 0 && check->repair) {
        rc = ptn_sql_exec(check->mb, "DELETE FROM per_user");
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

    if (rc == PTN_OK) {
        rc = ptn_check_readers(check);
    }

    return (rc == PTN_OK) ? ptn_check_per_user(check) : rc;
}
