/*
 * ptn_mbox_check(): what finds the messages of a conversation (ptn_refer.c).
 *
 * item.idkey is the key of its Message-ID; repair takes all out, to be made
 * again by the idle executor.  item.refers is well formed, and rows of refer
 * are its keys; repair makes them of it.
 */

#include "ptn_check.h"
#include "ptn_item.h"


#define PTN_CHECK_REFERS                                                      \
    "length(refers) NOT BETWEEN 9 AND 17 OR length(refers)%8<>1"

_Static_assert(PTN_REFER_SIZE == 17, "the number in the statement");


static ptn_rc_t
ptn_check_idkeys(ptn_check_t *check)
{
    bool           mend;
    int64_t        keyed;
    ptn_id_t       id;
    ptn_rc_t       rc;
    uint64_t       want, is;
    sqlite3_stmt  *st;

    keyed = 0;
    rc = ptn_sql_number(check->mb, ptn_sql_text_of[PTN_SQL_KEYED_GET], &keyed);

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_OK : rc;
    }

    st = ptn_check_prepare(check, "items",
                           "SELECT id, message_id, idkey FROM item");
    if (st == NULL) {
        return PTN_OK;
    }

    mend = false;

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        id = ptn_sql_u64(st, 0);
        want = ptn_refer_key(ptn_sql_column(st, 1));
        is = ptn_sql_u64(st, 2);

        if (is == want || (is == 0 && (int64_t) id <= keyed)) {
            continue;
        }

        mend = check->repair;
        ptn_check_found(check, mend, "message %llu: the key of its Message-ID",
                        (unsigned long long) id);
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK && mend) {
        rc = ptn_sql_exec(check->mb, "UPDATE item SET idkey=NULL");
    }

    return (rc == PTN_OK && mend)
           ? ptn_sql_exec(check->mb, "UPDATE meta SET keyed=oid") : rc;
}


/* Of all items: how many keys; those without a row.  `add`: makes the rows. */

static ptn_rc_t
ptn_check_refers(ptn_check_t *check, bool add, uint64_t *ret_missing)
{
    size_t         i;
    ptn_id_t       id;
    ptn_rc_t       rc, one;
    uint64_t       key;
    ptn_str_t      s;
    sqlite3_stmt  *st, *row;

    *ret_missing = 0;
    st = ptn_check_prepare(check, "items", "SELECT id, refers FROM item"
                           " WHERE refers IS NOT NULL");
    row = ptn_check_prepare(check, "references", "SELECT 1 FROM refer"
                            " WHERE key=?1 AND id=?2");
    rc = PTN_OK;

    while (st != NULL && row != NULL
           && (rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN)
    {
        id = ptn_sql_u64(st, 0);
        s = ptn_sql_column(st, 1);

        if (add) {
            rc = ptn_refer_put(check->mb, id, s, true);

            if (rc != PTN_OK) {
                break;
            }

            continue;
        }

        for (i = 1; i + 8 <= s.len; i += 8) {
            key = ptn_le32(s.data + i)
                  | (uint64_t) ptn_le32(s.data + i + 4) << 32;
            sqlite3_bind_int64(row, 1, (sqlite3_int64) key);
            sqlite3_bind_int64(row, 2, (sqlite3_int64) id);
            one = ptn_sql_step(check->mb, row);
            *ret_missing += (one == PTN_OK);
            sqlite3_reset(row);
        }
    }

    sqlite3_finalize(st);
    sqlite3_finalize(row);

    return rc;
}


#define PTN_CHECK_REFER_STRAY                                                 \
    "SELECT count(*) FROM refer r LEFT JOIN item i ON i.id=r.id"              \
    " WHERE i.refers IS NULL"

static ptn_rc_t
ptn_check_refer_rows(ptn_check_t *check)
{
    int64_t   stray, rows, keys;
    ptn_rc_t  rc;
    uint64_t  missing;

    missing = 0;
    stray = rows = keys = 0;
    rc = ptn_check_refers(check, false, &missing);

    if (rc == PTN_OK) {
        rc = ptn_sql_number(check->mb, PTN_CHECK_REFER_STRAY, &stray);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_number(check->mb, "SELECT count(*) FROM refer", &rows);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_number(check->mb, "SELECT coalesce(sum(length(refers)/8),"
                            " 0) FROM item WHERE refers IS NOT NULL", &keys);
    }

    if (rc != PTN_OK || (missing == 0 && stray == 0 && rows == keys)) {
        return rc;
    }

    ptn_check_found(check, check->repair, "references: %llu are missing, %lld"
                    " are of no message, %lld of %lld",
                    (unsigned long long) missing, (long long) stray,
                    (long long) rows, (long long) keys);

    if (!check->repair) {
        return PTN_OK;
    }

    rc = ptn_sql_exec(check->mb, "DELETE FROM refer");

    return (rc == PTN_OK) ? ptn_check_refers(check, true, &missing) : rc;
}


ptn_rc_t
ptn_check_refer(ptn_check_t *check)
{
    ptn_rc_t                       rc;
    static const ptn_check_rule_t  form = {
        "references that cannot be read",
        "SELECT id FROM item WHERE " PTN_CHECK_REFERS,
        "UPDATE item SET refers=NULL WHERE " PTN_CHECK_REFERS
    };

    rc = ptn_check_idkeys(check);

    if (rc == PTN_OK) {
        rc = ptn_check_rule(check, &form);
    }

    return (rc == PTN_OK) ? ptn_check_refer_rows(check) : rc;
}
