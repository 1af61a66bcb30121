/*
 * ptn_mbox_check(): what no SQL constraint says of a file from elsewhere.
 * Each column has values of its declared type, and numbers are in the range
 * of what they count.  Mended first, so that all else can count on it.
 */

#include <stdio.h>

#include "ptn_check.h"


#define PTN_CHECK_MAX47   "140737488355328"        /* PTN_META_NUMBERS */
#define PTN_CHECK_MAX48   "281474976710655"
#define PTN_CHECK_MAX63   "9223372036854775807"
#define PTN_CHECK_UIDS    "4000000000"
#define PTN_CHECK_COLUMNS 64

/* Signed, bits, or numbers with a replica above them: any will do. */
static const char *const  ptn_check_free[] = {
    "mid", "old_message",
    "received", "sent", "lid", "parent", "folder", "member", "at", "wall",
    "created", "modified", "lived", "lived_at", "sequence", "keywords",
    "state", "level", "user_flags", "rights", "flags", "status", "day",
    "options", "key", "value", "top", "touched", "hier_at", "lived_boot",
    "lived_up", "v_tokens", "idkey", NULL
};

/* Where 1 would say something that is not so. */
static const char *const  ptn_check_zeros[] = {
    "deleted", "search", "kind", NULL
};

/* Names of rows: one that is out of range names nothing. */
static const char *const  ptn_check_keys[] = {
    "id", "uid", "n", "replid", "bit", "content", NULL
};

/* May be a folder of another replica. */
static const char *const  ptn_check_wide[] = {
    "id", "old_folder", "dest", NULL
};

typedef struct {
    char  name[64];
    char  type[16];
    bool  null;
    bool  key;              /* of the primary key */
} ptn_check_column_t;


static bool
ptn_check_in(const char *const *list, const char *name)
{
    for ( /* void */ ; *list != NULL; list++) {
        if (strcmp(*list, name) == 0) {
            return true;
        }
    }

    return false;
}


/* Only names as ours are; the schema is known by now. */

static bool
ptn_check_plain(const char *s)
{
    return s != NULL && *s != '\0' && strlen(s) < 48
           && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}


static unsigned
ptn_check_columns(ptn_check_t *check, const char *table,
    ptn_check_column_t *columns)
{
    int            rc;
    char           text[160];
    unsigned       n;
    const char    *name, *type;
    sqlite3_stmt  *st;

    snprintf(text, sizeof(text), "SELECT name, type, \"notnull\", pk"
             " FROM pragma_table_info('%s')", table);

    n = 0;
    rc = SQLITE_DONE;
    st = ptn_check_prepare(check, table, text);

    while (st != NULL && n < PTN_CHECK_COLUMNS
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        name = (const char *) sqlite3_column_text(st, 0);
        type = (const char *) sqlite3_column_text(st, 1);

        if (!ptn_check_plain(name) || type == NULL || *type == '\0'
            || strlen(type) >= sizeof(columns[0].type))
        {
            continue;
        }

        strcpy(columns[n].name, name);
        strcpy(columns[n].type, type);
        columns[n].null = (sqlite3_column_int(st, 2) == 0);
        columns[n].key = (sqlite3_column_int(st, 3) != 0);
        n++;
    }

    sqlite3_finalize(st);

    if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
        check->failed = ptn_sql_rc(rc);
    }

    return n;
}


/* Counts rows for which `where`, and mends them. */

static ptn_rc_t
ptn_check_where(ptn_check_t *check, const char *table, const char *column,
    const char *what, const char *where, const char *mend)
{
    char      text[1024];
    int64_t   n;
    ptn_rc_t  rc;

    n = 0;
    snprintf(text, sizeof(text), "SELECT count(*) FROM %s WHERE %s", table,
             where);
    rc = ptn_sql_number(check->mb, text, &n);

    if (rc == PTN_ECORRUPT) {
        ptn_check_found(check, false, "table %s cannot be read", table);
        return PTN_OK;
    }

    if (rc != PTN_OK || n == 0) {
        return rc;
    }

    ptn_check_found(check, check->repair, "%s of %s.%s: %lld rows", what,
                    table, column, (long long) n);

    if (!check->repair) {
        return PTN_OK;
    }

    check->renew = true;

    if (mend != NULL) {
        snprintf(text, sizeof(text), "UPDATE OR IGNORE %s SET %s=%s WHERE %s",
                 table, column, mend, where);
        rc = ptn_sql_exec(check->mb, text);
    }

    if (rc == PTN_OK) {
        snprintf(text, sizeof(text), "DELETE FROM %s WHERE %s", table, where);
        rc = ptn_sql_exec(check->mb, text);
    }

    return rc;
}


static ptn_rc_t
ptn_check_column(ptn_check_t *check, const char *table,
    const ptn_check_column_t *c)
{
    char         where[512], mend[160];
    ptn_rc_t     rc;
    const char  *want, *zero;

    want = "blob";
    zero = "x''";

    if (strcmp(c->type, "INTEGER") == 0) {
        want = "integer";
        zero = "0";

    } else if (strcmp(c->type, "TEXT") == 0) {
        want = "text";
        zero = "''";
    }

    snprintf(where, sizeof(where), "typeof(%s)<>'%s'%s%s%s", c->name, want,
             c->null ? " AND " : "", c->null ? c->name : "",
             c->null ? " IS NOT NULL" : "");
    snprintf(mend, sizeof(mend), "coalesce(CAST(%s AS %s),%s)", c->name,
             c->type, zero);

    rc = ptn_check_where(check, table, c->name, "type", where, mend);

    if (rc != PTN_OK || strcmp(want, "integer") != 0
        || ptn_check_in(ptn_check_free, c->name))
    {
        return rc;
    }

    snprintf(where, sizeof(where), "%s NOT BETWEEN 0 AND %s", c->name,
             strcmp(c->name, "epoch") == 0 ? "2147483647"
             : ptn_check_in(ptn_check_wide, c->name) ? PTN_CHECK_MAX63
                                                     : PTN_CHECK_MAX47);

    /* of our own replica no counter may follow it */

    if (ptn_check_in(ptn_check_wide, c->name)) {
        snprintf(where + strlen(where), 128, " OR %s BETWEEN "
                 PTN_CHECK_MAX47 "+1 AND " PTN_CHECK_MAX48, c->name);
    }

    return ptn_check_where(check, table, c->name, "number", where,
                           c->key || (ptn_check_in(ptn_check_keys, c->name)
                                      && strcmp(table, "meta") != 0)
                           ? NULL
                           : ptn_check_in(ptn_check_zeros, c->name) ? "0"
                                                                    : "1");
}


static ptn_rc_t
ptn_check_table(ptn_check_t *check, const char *table)
{
    unsigned            i, n;
    ptn_rc_t            rc;
    ptn_check_column_t  columns[PTN_CHECK_COLUMNS];

    n = ptn_check_columns(check, table, columns);

    for (i = 0, rc = check->failed; i < n && rc == PTN_OK; i++) {
        rc = ptn_check_column(check, table, &columns[i]);
    }

    return rc;
}


/* UIDs that are nearly used up; a new UIDVALIDITY follows. */

static ptn_rc_t
ptn_check_uids(ptn_check_t *check)
{
    int64_t   n;
    ptn_rc_t  rc;

    n = 0;
    rc = ptn_sql_number(check->mb, "SELECT count(*) FROM folder WHERE uidnext"
                        " NOT BETWEEN 1 AND " PTN_CHECK_UIDS " OR id IN"
                        " (SELECT abs(folder) FROM message WHERE uid NOT"
                        " BETWEEN 1 AND " PTN_CHECK_UIDS ")", &n);

    if (rc != PTN_OK || n == 0) {
        return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
    }

    ptn_check_found(check, check->repair, "uids of %lld folders",
                    (long long) n);

    if (!check->repair) {
        return PTN_OK;
    }

    check->renew = true;

    return ptn_sql_exec(check->mb,
        "UPDATE OR IGNORE message SET uid=(SELECT coalesce(max(m.uid),0)"
        " FROM message m WHERE m.folder=message.folder"
        " AND m.uid<" PTN_CHECK_UIDS ") + (SELECT count(*) FROM message m"
        " WHERE m.folder=message.folder AND m.uid<=message.uid"
        " AND m.uid NOT BETWEEN 1 AND " PTN_CHECK_UIDS ")"
        " WHERE uid NOT BETWEEN 1 AND " PTN_CHECK_UIDS ";"
        "UPDATE folder SET uidnext=1 + (SELECT coalesce(max(uid),0)"
        " FROM message m WHERE abs(m.folder)=folder.id)"
        " WHERE uidnext NOT BETWEEN 1 AND " PTN_CHECK_UIDS);
}


ptn_rc_t
ptn_check_types(ptn_check_t *check)
{
    char           name[64];
    ptn_rc_t       rc, got;
    ptn_str_t      tables, s;
    ptn_buf_t      buf;
    const char    *p;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT name FROM sqlite_schema"
                           " WHERE type='table' AND sql LIKE 'CREATE TABLE%'"
                           " AND name NOT LIKE 'sqlite%'", -1, &st, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    ptn_buf_init(&buf, check->pool);

    while ((got = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        p = (const char *) sqlite3_column_text(st, 0);

        if (ptn_check_plain(p)) {
            ptn_buf_printf(&buf, "%s ", p);
        }
    }

    sqlite3_finalize(st);
    tables = ptn_buf_get(&buf);
    rc = (got == PTN_OK) ? PTN_OK : got;

    while (rc == PTN_OK && tables.len != 0) {
        s = tables;

        for (s.len = 0; tables.data[s.len] != ' '; s.len++) {
            /* void */
        }

        snprintf(name, sizeof(name), "%.*s", (int) s.len, s.data);
        tables.data += s.len + 1;
        tables.len -= s.len + 1;
        rc = ptn_check_table(check, name);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_where(check, "message", "mid", "number",
                             "mid BETWEEN " PTN_CHECK_MAX47 "+1 AND "
                             PTN_CHECK_MAX48, "id");
    }

    return (rc == PTN_OK) ? ptn_check_uids(check) : rc;
}
