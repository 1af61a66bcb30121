/*
 * ptn_mbox_check(): what tables rely on.
 *
 * Messages that are not late are in the order of received, and none of them was
 * received after folder.top (ptn_upgrade_3.c).  Repair forgets what is known of
 * such a folder: its tables read all of it.
 *
 * An item that is said to be plain (ptn_item.h) has no property of a column in
 * its bag.  Repair takes all at their bags.
 */

#include "ptn_check.h"
#include "ptn_item.h"


#define PTN_CHECK_TOP_UNKNOWN  "9223372036854775807"

#define PTN_CHECK_UNORDERED                                                   \
    "SELECT DISTINCT folder FROM (SELECT folder, received, max(received)"     \
    " OVER (PARTITION BY folder ORDER BY uid ROWS BETWEEN UNBOUNDED"          \
    " PRECEDING AND 1 PRECEDING) AS before FROM message"                      \
    " WHERE late=0 AND fai=0 AND folder>0) o JOIN folder f ON f.id=o.folder"  \
    " WHERE f.top<>" PTN_CHECK_TOP_UNKNOWN                                    \
    " AND (o.received<o.before OR o.received>f.top)"


static ptn_rc_t
ptn_check_plain(ptn_check_t *check)
{
    bool           mend;
    ptn_rc_t       rc;
    ptn_bag_t      bag;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT id, bag FROM item"
                           " WHERE (attach & 2)<>0 AND bag IS NOT NULL", -1,
                           &st, NULL) != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_errcode(check->mb->db));
    }

    mend = false;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        if (ptn_bag_open(ptn_sql_column(st, 1), &bag) != PTN_OK
            || ptn_item_plain(&bag))
        {
            continue;
        }

        mend = check->repair;
        ptn_check_found(check, mend, "message %llu: its bag has a property of"
                        " a column, and is said not to",
                        (unsigned long long) ptn_sql_u64(st, 0));
    }

    sqlite3_finalize(st);

    return (rc == PTN_OK && mend)
           ? ptn_sql_exec(check->mb, "UPDATE item SET attach=attach & 1") : rc;
}


static ptn_rc_t
ptn_check_order(ptn_check_t *check)
{
    bool           mend;
    ptn_rc_t       rc;
    ptn_id_t       folder;
    unsigned       n;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, PTN_CHECK_UNORDERED, -1, &st, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_errcode(check->mb->db));
    }

    mend = false;

    for (n = 0; (rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN; n++) {
        folder = ptn_sql_u64(st, 0);
        mend = check->repair;
        ptn_check_found(check, mend, "folder %llu: messages that are not"
                        " late are not in order",
                        (unsigned long long) folder);
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK && mend) {
        rc = ptn_sql_exec(check->mb, "UPDATE folder SET top="
                          PTN_CHECK_TOP_UNKNOWN " WHERE id IN ("
                          PTN_CHECK_UNORDERED ")");
    }

    return rc;
}


ptn_rc_t
ptn_check_tables(ptn_check_t *check)
{
    ptn_rc_t  rc;

    rc = ptn_check_order(check);

    return rc == PTN_OK ? ptn_check_plain(check) : rc;
}
