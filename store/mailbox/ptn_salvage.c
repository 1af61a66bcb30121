/*
 * A database that cannot be opened as it is: what can be read of it becomes a
 * new one (ptn_store_ops.h).
 *
 * Only ordinary tables with our names are read, column by name, in the order
 * of their keys: forwards until a page cannot be read, backwards until one
 * cannot be, then from places in between.  A row that is met twice counts
 * once.  Indexes, triggers, views and whatever else does not belong stay
 * behind; the search index is made anew.  What the rows say is the affair of
 * ptn_mbox_check(), which goes over the new file when it is in place.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_check.h"


#define PTN_SALVAGE_COLUMNS  64
#define PTN_SALVAGE_PROBES   64
#define PTN_SALVAGE_KEYS     1024

typedef struct {
    ptn_store_t  *store;
    ptn_stage_t   stage;
    sqlite3      *old;
    void        (*report)(void *ctx, const char *line);
    void         *ctx;
    uint64_t      rows;
    bool          broken;       /* the table under way */
    ptn_rc_t      failed;
} ptn_salvage_t;


static void
ptn_salvage_say(ptn_salvage_t *s, const char *fmt, ...)
{
    char     line[256];
    va_list  ap;

    if (s->report == NULL) {
        return;
    }

    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);

    s->report(s->ctx, line);
}


/* "a, b, c" of the columns that both have; their number; -1: `failed`. */

static int
ptn_salvage_columns(ptn_salvage_t *s, const char *table, char *list,
    size_t size, char *key, size_t key_size)
{
    int            n, rc, got;
    char           text[256];
    const char    *name;
    sqlite3_stmt  *st, *has;

    n = 0;
    list[0] = '\0';
    key[0] = '\0';
    snprintf(text, sizeof(text), "SELECT name, pk FROM pragma_table_info('%s')"
             " ORDER BY pk, cid", table);

    if (sqlite3_prepare_v2(s->stage.mb->db, text, -1, &st, NULL) != SQLITE_OK)
    {
        return 0;
    }

    snprintf(text, sizeof(text), "SELECT 1 FROM pragma_table_info('%s')"
             " WHERE name=?1", table);

    if (sqlite3_prepare_v2(s->old, text, -1, &has, NULL) != SQLITE_OK) {
        sqlite3_finalize(st);
        return 0;
    }

    rc = SQLITE_DONE;
    got = SQLITE_DONE;

    while (n < PTN_SALVAGE_COLUMNS
           && (rc = sqlite3_step(st)) == SQLITE_ROW)
    {
        name = (const char *) sqlite3_column_text(st, 0);
        sqlite3_bind_text(has, 1, name, -1, SQLITE_TRANSIENT);
        got = sqlite3_step(has);

        if (got != SQLITE_ROW && got != SQLITE_DONE) {
            break;
        }

        if (got == SQLITE_ROW) {
            snprintf(list + strlen(list), size - strlen(list), "%s\"%s\"",
                     n ? ", " : "", name);
            n++;

            if (sqlite3_column_int(st, 1) != 0) {
                snprintf(key + strlen(key), key_size - strlen(key),
                         "%s\"%s\" %%s", *key ? ", " : "", name);
            }
        }

        sqlite3_reset(has);
    }

    sqlite3_finalize(st);
    sqlite3_finalize(has);
    s->failed = ptn_sql_rc(got != SQLITE_ROW && got != SQLITE_DONE ? got : rc);

    return ptn_check_later(s->failed) ? -1 : n;
}


/* Rows of a query into the new table, up to the first that cannot be read. */

static ptn_rc_t
ptn_salvage_rows(ptn_salvage_t *s, const char *select, sqlite3_stmt *insert,
    int n, int64_t from, int64_t *ret_last)
{
    int            i, rc;
    ptn_rc_t       prc;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(s->old, select, -1, &st, NULL) != SQLITE_OK) {
        s->broken = true;
        prc = ptn_sql_rc(sqlite3_extended_errcode(s->old));
        return ptn_check_later(prc) ? prc : PTN_OK;
    }

    sqlite3_bind_int64(st, 1, from);
    prc = PTN_OK;

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        for (i = 0; i < n; i++) {
            sqlite3_bind_value(insert, i + 1, sqlite3_column_value(st, i));
        }

        /* the first column is the key, where that is a number */

        *ret_last = sqlite3_column_int64(st, 0);
        rc = sqlite3_step(insert);
        sqlite3_reset(insert);

        if (rc == SQLITE_DONE) {
            s->rows += (uint64_t) sqlite3_changes(s->stage.mb->db);

        } else if ((rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_NOMEM
                   || (rc & 0xff) == SQLITE_IOERR)
        {
            prc = ptn_sql_rc(rc);
            break;
        }
    }

    /* a disk that gives errors is to be copied first */

    if (prc == PTN_OK && rc != SQLITE_DONE) {
        s->broken = true;
        prc = ptn_sql_rc(rc);
        prc = ptn_check_later(prc) ? prc : PTN_OK;
    }

    sqlite3_finalize(st);

    return prc;
}


static ptn_rc_t
ptn_salvage_table(ptn_salvage_t *s, const char *table)
{
    int            i, n;
    char           list[2048], key[256], order[512], text[4096];
    int64_t        lo, hi, at, last;
    ptn_rc_t       rc;
    uint64_t       before;
    sqlite3_stmt  *insert;

    n = ptn_salvage_columns(s, table, list, sizeof(list), key, sizeof(key));

    if (n == -1) {
        return s->failed;
    }

    if (n == 0) {
        ptn_salvage_say(s, "table %s is lost", table);
        return PTN_OK;
    }

    snprintf(text, sizeof(text), "INSERT OR IGNORE INTO \"%s\" (%s) VALUES (",
             table, list);

    for (i = 0; i < n; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s?%d",
                 i ? "," : "", i + 1);
    }

    strcat(text, ")");

    if (sqlite3_prepare_v2(s->stage.mb->db, text, -1, &insert, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(s->stage.mb->db));
    }

    before = s->rows;
    s->broken = false;
    lo = INT64_MIN;
    hi = INT64_MAX;

    /* without an order the table itself is read, never an index of it */

    snprintf(text, sizeof(text), "SELECT %s FROM main.\"%s\" NOT INDEXED",
             list, table);
    rc = ptn_salvage_rows(s, text, insert, n, 0, &lo);

    if (rc == PTN_OK && s->broken) {
        snprintf(order, sizeof(order), key, "DESC", "DESC", "DESC", "DESC");
        snprintf(text, sizeof(text), "SELECT %s FROM main.\"%s\" NOT INDEXED"
                 " ORDER BY %s", list, table, order);
        rc = ptn_salvage_rows(s, text, insert, n, 0, &hi);

        *strchr(order, ' ') = '\0';
        snprintf(text, sizeof(text), "SELECT %s FROM main.\"%s\" NOT INDEXED"
                 " WHERE %s>=?1 LIMIT %d", list, table, order,
                 PTN_SALVAGE_KEYS);

        for (i = 1; i < PTN_SALVAGE_PROBES && rc == PTN_OK && hi > lo
             && lo >= 0 && hi != INT64_MAX; i++)
        {
            at = lo + (hi - lo) / PTN_SALVAGE_PROBES * i;
            rc = ptn_salvage_rows(s, text, insert, n, at, &last);
        }

        ptn_salvage_say(s, "table %s: %llu rows could be read", table,
                        (unsigned long long) (s->rows - before));
    }

    sqlite3_finalize(insert);

    return rc;
}


/* Tables of ours that are ordinary tables there, too. */

static ptn_rc_t
ptn_salvage_tables(ptn_salvage_t *s)
{
    int            step;
    char           names[100][48];
    size_t         i, n;
    ptn_rc_t       rc;
    sqlite3_stmt  *st, *has;

    if (sqlite3_prepare_v2(s->stage.mb->db, "SELECT name FROM sqlite_schema"
                           " WHERE type='table' AND sql LIKE 'CREATE TABLE%'"
                           " AND length(name)<48 AND name NOT LIKE 'sqlite%'"
                           " AND name NOT IN (SELECT t.name FROM sqlite_schema"
                           " t, sqlite_schema v WHERE v.sql LIKE"
                           " 'CREATE VIRTUAL%' AND t.name LIKE v.name||'_%')",
                           -1, &st, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(s->stage.mb->db));
    }

    for (n = 0; n < ptn_nelts(names) && sqlite3_step(st) == SQLITE_ROW; n++) {
        snprintf(names[n], sizeof(names[n]), "%s",
                 sqlite3_column_text(st, 0));
    }

    sqlite3_finalize(st);

    if (sqlite3_prepare_v2(s->old, "SELECT 1 FROM sqlite_schema WHERE name=?1"
                           " AND type='table' AND sql LIKE 'CREATE TABLE%'",
                           -1, &has, NULL)
        != SQLITE_OK)
    {
        rc = ptn_sql_rc(sqlite3_extended_errcode(s->old));

        if (ptn_check_later(rc)) {
            return rc;
        }

        ptn_salvage_say(s, "nothing of the database can be read: %s",
                        sqlite3_errmsg(s->old));
        return PTN_OK;
    }

    for (i = 0, rc = PTN_OK; i < n && rc == PTN_OK; i++) {
        sqlite3_bind_text(has, 1, names[i], -1, SQLITE_STATIC);
        step = sqlite3_step(has);
        sqlite3_reset(has);

        if (step == SQLITE_ROW) {
            rc = ptn_salvage_table(s, names[i]);
            continue;
        }

        rc = ptn_sql_rc(step);

        if (ptn_check_later(rc)) {
            break;
        }

        rc = PTN_OK;
        ptn_salvage_say(s, "table %s is lost", names[i]);
    }

    sqlite3_finalize(has);

    return rc;
}


/* The one row of meta, and what must be of its own. */

static ptn_rc_t
ptn_salvage_meta(ptn_salvage_t *s, const ptn_user_t *user)
{
    size_t         i;
    ptn_rc_t       rc;
    uint64_t       last;
    ptn_mbox_t    *mb;
    sqlite3_stmt  *st;

    static const char *const  texts[] = {
        "INSERT OR IGNORE INTO meta (one, guid, epoch, cn, oid, uidvalidity,"
            " event, event_first, deleted, v_schema, v_collator, v_bag,"
            " v_skeleton, v_structure) VALUES (1, ?1, 1, 29, 4096, 1, 0, 1, 0,"
            " 1, 'icu', 1, 1, 1)",
        "UPDATE meta SET guid=?1, deleted=0, epoch=?2 + CASE WHEN"
            " typeof(epoch)='integer' AND epoch BETWEEN 0 AND 2147000000"
            " THEN epoch ELSE 1 END, v_schema=?3, v_object=1, v_bag=1,"
            " v_skeleton=1, v_structure=1",
        "UPDATE meta SET cn=(SELECT max(29, coalesce(max(max(cn, read_cn,"
            " modseq)), 0)) FROM message WHERE max(cn, read_cn, modseq)"
            " BETWEEN 0 AND 140737488355328) WHERE typeof(cn)<>'integer'"
            " OR cn NOT BETWEEN 0 AND 140737488355328",
        "UPDATE meta SET oid=(SELECT max(4096, coalesce(max(max(id, mid,"
            " content)), 0)) FROM message WHERE max(id, mid, content)"
            " BETWEEN 0 AND 140737488355328) WHERE typeof(oid)<>'integer'"
            " OR oid NOT BETWEEN 0 AND 140737488355328",
        "UPDATE meta SET uidvalidity=(SELECT max(1, coalesce(max("
            " uidvalidity), 0)) FROM folder WHERE uidvalidity BETWEEN 0 AND"
            " 4294967295) WHERE typeof(uidvalidity)<>'integer'"
            " OR uidvalidity NOT BETWEEN 0 AND 4294967295",
        "UPDATE meta SET event=0, event_first=1, indexed=0, v_tokens=0",
        "DELETE FROM event"
    };

    mb = s->stage.mb;
    rc = ptn_epoch_last(s->store, user->mailbox, &last);

    for (i = 0; i < ptn_nelts(texts) && rc == PTN_OK; i++) {
        if (sqlite3_prepare_v2(mb->db, texts[i], -1, &st, NULL) != SQLITE_OK) {
            return ptn_sql_rc(sqlite3_extended_errcode(s->stage.mb->db));
        }

        sqlite3_bind_blob(st, 1, user->mailbox.b, 16, SQLITE_STATIC);
        sqlite3_bind_int64(st, 2, (sqlite3_int64) last);
        sqlite3_bind_int(st, 3, PTN_SCHEMA_VERSION);
        rc = ptn_sql_step(mb, st);
        sqlite3_finalize(st);
    }

    return rc;
}


static ptn_rc_t
ptn_salvage_blob_dir(ptn_salvage_t *s, const char *name)
{
    char            from[PTN_OPS_PATH], to[PTN_OPS_PATH];
    ptn_io_t       *io;
    ptn_rc_t        rc;
    struct stat     st;

    io = s->store->io;
    rc = ptn_ops_path(from, "%s/%s", s->stage.place, name);

    if (rc == PTN_OK) {
        rc = ptn_ops_path(to, "%s/%s", s->stage.mb->dir, name);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (lstat(from, &st) == -1) {
        return (errno == ENOENT || errno == ENOTDIR) ? PTN_OK
                                                     : ptn_errno_rc(errno);
    }

    if (S_ISDIR(st.st_mode)) {
        return ptn_ops_mkdir(s->store, to);
    }

    return (io->link(io, from, to) == 0 || errno == EEXIST)
           ? PTN_OK : ptn_errno_rc(errno);
}


/* The blobs stay: the new one has a link to each; and the old database. */

static ptn_rc_t
ptn_salvage_blobs(ptn_salvage_t *s)
{
    char           text[PTN_OPS_PATH], to[PTN_OPS_PATH], hex[65];
    int            i;
    ptn_io_t      *io;
    ptn_rc_t       rc;
    ptn_str_t      sha;
    sqlite3_stmt  *st;

    io = s->store->io;
    rc = ptn_salvage_blob_dir(s, "blob");

    for (i = 0; i < 256 && rc == PTN_OK; i++) {
        snprintf(text, sizeof(text), "blob/%02x", i);
        rc = ptn_salvage_blob_dir(s, text);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_prepare_v2(s->stage.mb->db, "SELECT sha256 FROM blob UNION"
                           " SELECT file FROM content UNION SELECT file"
                           " FROM object", -1, &st, NULL) != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(s->stage.mb->db));
    }

    while (rc == PTN_OK
           && (rc = ptn_sql_step(s->stage.mb, st)) == PTN_AGAIN)
    {
        sha = ptn_sql_column(st, 0);
        rc = PTN_OK;

        if (sha.len == 32) {
            ptn_ops_hex(sha.data, hex);
            snprintf(text, sizeof(text), "blob/%.2s/%s", hex, hex + 2);
            rc = ptn_salvage_blob_dir(s, text);
        }

        if (rc != PTN_OK) {
            break;
        }

        rc = PTN_OK;
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK) {
        rc = ptn_ops_path(text, "%s/mailbox.sqlite", s->stage.place);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(to, "%s/mailbox.damaged", s->stage.mb->dir);
    }

    if (rc == PTN_OK && io->link(io, text, to) == -1 && errno != EEXIST) {
        rc = ptn_errno_rc(errno);
    }

    return rc;
}


static ptn_rc_t
ptn_salvage_fill(ptn_salvage_t *s, const ptn_user_t *user)
{
    ptn_rc_t  rc;

    rc = ptn_stage_db(&s->stage, true);

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(s->stage.mb, "BEGIN IMMEDIATE");
    }

    if (rc == PTN_OK) {
        rc = ptn_schema_make(s->stage.mb, PTN_SCHEMA_VERSION);
    }

    if (rc == PTN_OK) {
        rc = ptn_salvage_tables(s);
    }

    if (rc == PTN_OK) {
        rc = ptn_salvage_meta(s, user);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(s->stage.mb, "COMMIT");
    }

    if (rc == PTN_OK) {
        rc = ptn_salvage_blobs(s);
    }

    return (rc == PTN_OK) ? ptn_stage_close_db(&s->stage) : rc;
}


ptn_rc_t
ptn_mbox_salvage(ptn_store_t *store, const ptn_user_t *user,
    void (*report)(void *ctx, const char *line), void *ctx)
{
    int            code;
    char           path[PTN_OPS_PATH];
    ptn_rc_t       rc;
    ptn_salvage_t  s;

    memset(&s, 0, sizeof(s));
    s.store = store;
    s.report = report;
    s.ctx = ctx;

    rc = ptn_stage_open(&s.stage, store, user, "repair", false);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_ops_path(path, "%s/mailbox.sqlite", s.stage.place);

    if (rc == PTN_OK) {
        code = sqlite3_open_v2(path, &s.old, SQLITE_OPEN_READWRITE
                               |SQLITE_OPEN_NOMUTEX|SQLITE_OPEN_PRIVATECACHE
                               |SQLITE_OPEN_EXRESCODE, store->vfs);

        if (code == SQLITE_OK) {
            sqlite3_busy_timeout(s.old, PTN_BUSY_MS);
            sqlite3_db_config(s.old, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
            sqlite3_db_config(s.old, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
            sqlite3_db_config(s.old, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                              NULL);
            sqlite3_exec(s.old, "PRAGMA cell_size_check=1;"
                                "PRAGMA wal_autocheckpoint=0", NULL, NULL,
                         NULL);

            /* nobody writes any more, if that can be had */

            sqlite3_exec(s.old, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        }

        rc = (code == SQLITE_OK) ? ptn_salvage_fill(&s, user)
                                 : ptn_sql_rc(code);
    }

    if (rc == PTN_OK) {
        ptn_salvage_say(&s, "mended: %llu rows were put into a new database;"
                        " the old one stays as mailbox.damaged",
                        (unsigned long long) s.rows);
        rc = ptn_stage_swap(&s.stage);
    }

    sqlite3_close(s.old);
    ptn_stage_done(&s.stage, false);

    return rc;
}
