/*
 * A mailbox whose rows hold anything: each column of each table, also those
 * that are packed (bags, objects, structures, keys, runs of uids, rules,
 * searches, states of devices, dictionaries).  Opened, read, written, checked,
 * repaired.
 *
 * Input: u8 flags (1: it is written to, too), then changes, each u8 column (of
 * all), u8 row, u8 kind (0 NULL, 1 integer, 2 text, 3 blob, 4: bytes of what
 * is there), u8 length, bytes.
 *
 * Covers: store/mailbox/ptn_check_types.c store/mailbox/ptn_object_store.c store/mailbox/ptn_check_damage.c
 */

#include "fuzz_mailbox.h"


#define COLUMNS_MAX  400

static struct {
    char  table[40], column[40];
    int   rows;
} columns[COLUMNS_MAX];

static unsigned  ncolumns;

int  LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);


static void
list(sqlite3 *db)
{
    char           text[300];
    sqlite3_stmt  *st, *count;

    if (sqlite3_prepare_v2(db, "SELECT m.name, c.name FROM sqlite_schema m,"
                           " pragma_table_info(m.name) c WHERE m.type='table'"
                           " AND m.name NOT LIKE 'sqlite%'"
                           " AND m.name NOT LIKE 'words%'", -1, &st, NULL)
        != SQLITE_OK)
    {
        abort();
    }

    while (sqlite3_step(st) == SQLITE_ROW && ncolumns < COLUMNS_MAX) {
        snprintf(columns[ncolumns].table, 40, "%s",
                 sqlite3_column_text(st, 0));
        snprintf(columns[ncolumns].column, 40, "%s",
                 sqlite3_column_text(st, 1));
        snprintf(text, sizeof(text), "SELECT count(*) FROM \"%s\"",
                 columns[ncolumns].table);
        sqlite3_prepare_v2(db, text, -1, &count, NULL);
        sqlite3_step(count);
        columns[ncolumns].rows = sqlite3_column_int(count, 0);
        sqlite3_finalize(count);
        ncolumns += (columns[ncolumns].rows != 0);
    }

    sqlite3_finalize(st);
}


static void
change(sqlite3 *db, unsigned column, unsigned row, unsigned kind,
    const u_char *p, size_t n)
{
    char           text[400];
    size_t         i, len;
    u_char        *was;
    int64_t        v;
    sqlite3_stmt  *st;

    column %= ncolumns;
    row %= (unsigned) columns[column].rows;

    /* the key of a row of any table: its column's value */

    snprintf(text, sizeof(text), "SELECT \"%s\" FROM \"%s\" LIMIT 1 OFFSET %u",
             columns[column].column, columns[column].table, row);

    if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK
        || sqlite3_step(st) != SQLITE_ROW)
    {
        sqlite3_finalize(st);
        return;
    }

    len = (size_t) sqlite3_column_bytes(st, 0);
    was = malloc(len + 1);
    memcpy(was, len ? sqlite3_column_blob(st, 0) : "", len);
    sqlite3_finalize(st);

    snprintf(text, sizeof(text), "UPDATE OR IGNORE \"%s\" SET \"%s\"=?1 WHERE"
             " \"%s\" IS (SELECT \"%s\" FROM \"%s\" LIMIT 1 OFFSET %u)",
             columns[column].table, columns[column].column,
             columns[column].column, columns[column].column,
             columns[column].table, row);

    if (sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK) {
        v = 0;
        memcpy(&v, p, ptn_min(n, sizeof(v)));

        switch (kind % 5) {

        case 0:
            sqlite3_bind_null(st, 1);
            break;

        case 1:
            sqlite3_bind_int64(st, 1, v);
            break;

        case 2:
            sqlite3_bind_text(st, 1, (const char *) p, (int) n, NULL);
            break;

        case 3:
            sqlite3_bind_blob(st, 1, p, (int) n, NULL);
            break;

        default:
            for (i = 0; i + 2 <= n && len != 0; i += 2) {
                was[(p[i] * 131u + i) % len] = p[i + 1];
            }

            sqlite3_bind_blob(st, 1, was, (int) len, SQLITE_TRANSIENT);
        }

        (void) sqlite3_step(st);
    }

    sqlite3_finalize(st);
    free(was);
}


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char      path[400];
    size_t    i, len;
    sqlite3  *db;

    if (fuzz_file == NULL) {
        fuzz_make();
    }

    if (n < 5 || n > 1000) {
        return 0;
    }

    fuzz_lay(fuzz_file, fuzz_file_len);
    snprintf(path, sizeof(path), "%s/mailbox.sqlite", fuzz_dir);

    if (sqlite3_open(path, &db) != SQLITE_OK
        || sqlite3_exec(db, "PRAGMA synchronous=OFF; BEGIN", NULL, NULL, NULL)
           != SQLITE_OK)
    {
        abort();
    }

    if (ncolumns == 0) {
        list(db);
    }

    for (i = 1; i + 4 <= n; i += 4 + len) {
        len = ptn_min((size_t) p[i + 3], n - i - 4);
        change(db, p[i], p[i + 1], p[i + 2], p + i + 4, len);
    }

    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(db);
    fuzz_use(p[0] & 1);

    return 0;
}
