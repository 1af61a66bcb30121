/*
 * Invariants of synchronisation:
 *
 *   xid, pcl, groups of items and folders are well formed, at numbers that
 *   were given; a mid or folder of another replica names one that is
 *   registered; no mid is that of two messages; our replicas do not overlap;
 *   the state of a device has a key, its client ids belong to an exchange of
 *   it.
 */

#include "ptn_check.h"
#include "ptn_ics.h"


typedef struct {
    const char  *what;
    const char  *find;
    const char  *mend;
} ptn_check_ics_rule_t;

static const ptn_check_ics_rule_t  ptn_check_ics_rules[] = {

    { "message id of a replica that is not known",
      "SELECT id FROM message WHERE mid>281474976710655 AND (mid>>48) NOT IN"
      " (SELECT replid FROM replica WHERE own=0)",
      "UPDATE message SET mid=id WHERE mid>281474976710655 AND (mid>>48)"
      " NOT IN (SELECT replid FROM replica WHERE own=0)" },

    { "folder of a replica that is not known",
      "SELECT id FROM folder WHERE id>281474976710655 AND (id>>48) NOT IN"
      " (SELECT replid FROM replica WHERE own=0)",
      "DELETE FROM replica WHERE own=1 AND replid<>1 AND replid IN"
      " (SELECT id>>48 FROM folder WHERE id>281474976710655);"
      "INSERT OR IGNORE INTO replica (replid, guid, epoch, first, last, own)"
      " SELECT DISTINCT id>>48, randomblob(16), 0, 0, 0, 0 FROM folder"
      " WHERE id>281474976710655 AND (id>>48) NOT IN"
      " (SELECT replid FROM replica)" },

    { "message id twice",
      "SELECT max(id) FROM message GROUP BY mid HAVING count(*)>1",
      "UPDATE message SET mid=id WHERE mid<>id AND mid IN"
      " (SELECT mid FROM message GROUP BY mid HAVING count(*)>1)" },

    { "replica",
      "SELECT r.replid FROM replica r WHERE length(guid)<>16"
      " OR replid NOT BETWEEN 1 AND 32767 OR own NOT IN (0, 1)"
      " OR (own=0 AND (first<>0 OR last<>0)) OR last<0"
      " OR (own=1 AND last<>0 AND EXISTS (SELECT 1 FROM replica n"
      " WHERE n.own=1 AND n.first>r.first AND n.first<=r.last))",
      NULL },

    { "device without a key or a state",
      "SELECT id || ' ' || collection FROM device WHERE key<1"
      " OR state IS NULL",
      "DELETE FROM device WHERE key<1 OR state IS NULL" },

    { "client id of no exchange",
      "SELECT c.id || ' ' || c.client FROM device_client c WHERE NOT EXISTS"
      " (SELECT 1 FROM device d WHERE d.id=c.id AND d.collection=c.collection"
      " AND c.key BETWEEN 1 AND d.key)",
      "DELETE FROM device_client WHERE NOT EXISTS"
      " (SELECT 1 FROM device d WHERE d.id=device_client.id"
      " AND d.collection=device_client.collection"
      " AND device_client.key BETWEEN 1 AND d.key)" }
};


static ptn_rc_t
ptn_check_ics_stmt(ptn_check_t *check, const char *text,
    sqlite3_stmt **ret_st)
{
    *ret_st = ptn_check_prepare(check, "synchronisation", text);

    return (*ret_st != NULL) ? PTN_OK
           : check->failed != PTN_OK ? check->failed : PTN_ECORRUPT;
}


static ptn_rc_t
ptn_check_ics_rule(ptn_check_t *check, const ptn_check_ics_rule_t *rule)
{
    bool           mended;
    ptn_rc_t       rc;
    unsigned       n;
    sqlite3_stmt  *st;

    mended = (check->repair && rule->mend != NULL);
    rc = ptn_check_ics_stmt(check, rule->find, &st);

    if (rc != PTN_OK) {
        return PTN_OK;
    }

    for (n = 0; (rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN; n++) {
        ptn_check_found(check, mended, "%s: %.*s", rule->what,
                        ptn_str_arg(ptn_sql_column(st, 0)));
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK && n != 0 && mended) {
        check->renew = true;
        rc = ptn_sql_exec(check->mb, rule->mend);
    }

    return rc;
}


/* xid, pcl, groups of each row of `find`; mended by taking them out. */

static ptn_rc_t
ptn_check_ics_rows(ptn_check_t *check, const char *what, const char *find,
    const char *mend)
{
    ptn_id_t       id;
    ptn_rc_t       rc;
    uint64_t       cn;
    sqlite3_stmt  *st, *out;

    cn = check->mb->meta.cn;
    rc = ptn_check_ics_stmt(check, find, &st);

    if (rc != PTN_OK) {
        return PTN_OK;
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        if (ptn_ics_row_good(ptn_sql_column(st, 1), ptn_sql_column(st, 2), cn)
            && ptn_group_row_good(ptn_sql_column(st, 3), cn))
        {
            continue;
        }

        id = ptn_sql_u64(st, 0);
        ptn_check_found(check, check->repair, "%s %llu: keys or groups", what,
                        (unsigned long long) id);

        if (!check->repair) {
            continue;
        }

        rc = ptn_check_ics_stmt(check, mend, &out);

        if (rc == PTN_OK) {
            sqlite3_bind_int64(out, 1, (sqlite3_int64) id);
            rc = ptn_sql_step(check->mb, out);
            sqlite3_finalize(out);
        }

        if (rc != PTN_OK) {
            break;
        }
    }

    sqlite3_finalize(st);

    return rc;
}


ptn_rc_t
ptn_check_ics(ptn_check_t *check)
{
    size_t    i;
    ptn_rc_t  rc;

    rc = ptn_check_ics_rows(check, "item",
                            "SELECT id, xid, pcl, groups FROM item"
                            " WHERE xid IS NOT NULL OR pcl IS NOT NULL"
                            " OR groups IS NOT NULL",
                            "UPDATE item SET xid=NULL, pcl=NULL, groups=NULL"
                            " WHERE id=?1");

    if (rc == PTN_OK) {
        rc = ptn_check_ics_rows(check, "folder",
                                "SELECT id, xid, pcl, NULL FROM folder"
                                " WHERE xid IS NOT NULL OR pcl IS NOT NULL",
                                "UPDATE folder SET xid=NULL, pcl=NULL"
                                " WHERE id=?1");
    }

    for (i = 0; i < ptn_nelts(ptn_check_ics_rules) && rc == PTN_OK; i++) {
        rc = ptn_check_ics_rule(check, &ptn_check_ics_rules[i]);
    }

    return rc;
}
