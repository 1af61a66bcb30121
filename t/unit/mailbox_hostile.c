/*
 * Mailbox files from elsewhere.  Objects that do not belong are refused before
 * anything of them can run; values of a wrong type, negative or huge numbers,
 * cycles, random bytes are survived: every call answers, `repair` leaves a
 * mailbox without findings or says why not, and no other mailbox notices.
 */

#include <signal.h>
#include <time.h>

#include "mailbox_battery.h"


#define ROOM  "mailbox/example.test/alice"


static bool  show;              /* what is found and mended */
static char  saved[256], room[256], marks[256], saved_marks[256];


/* As it was, with the marks outside. */

static void
afresh(void)
{
    battery_copy_tree(saved, room);
    battery_copy_tree(saved_marks, marks);
}


/* ---- schemas ------------------------------------------------------------- */

static const char *const  schemas[] = {
    "CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM folder; END",
    "CREATE TRIGGER t AFTER UPDATE ON meta BEGIN"
        " UPDATE folder SET parent=id; END",
    "CREATE VIEW v AS SELECT * FROM message",
    "ALTER TABLE item RENAME TO item2; CREATE VIEW item AS"
        " SELECT * FROM item2",
    "CREATE TABLE more (x)",
    "CREATE INDEX i ON item (subject)",
    "CREATE INDEX i ON item (upper(subject))",
    "CREATE UNIQUE INDEX i ON item (id, subject || 1)",
    "DROP INDEX message_modseq",
    "DROP TABLE once",
    "DROP TABLE meta",
    "ALTER TABLE item ADD COLUMN more TEXT DEFAULT 'x'",
    "ALTER TABLE item ADD COLUMN more TEXT AS (hex(subject))",
    "ALTER TABLE folder RENAME COLUMN name TO nome",
    "CREATE VIRTUAL TABLE f USING fts5(a)",
    "DROP TABLE keyword; CREATE VIRTUAL TABLE keyword USING fts5(bit, name)",
    "DROP INDEX message_id;"
        "CREATE INDEX message_id ON message (id, folder)",
    "PRAGMA writable_schema=1; UPDATE sqlite_schema SET sql='CREATE TABLE'"
        " WHERE name='once'",
    "PRAGMA writable_schema=1; UPDATE sqlite_schema SET rootpage="
        "(SELECT rootpage FROM sqlite_schema s WHERE s.name='item')"
        " WHERE name='content'",
    "PRAGMA writable_schema=1; UPDATE sqlite_schema SET rootpage=99999"
        " WHERE name='message'",
    "PRAGMA writable_schema=1; DELETE FROM sqlite_schema"
};


static sqlite3 *
raw(const char *what)
{
    char      path[512];
    sqlite3  *db;

    snprintf(path, sizeof(path), "%s/mailbox.sqlite", room);

    if (sqlite3_open(path, &db) != SQLITE_OK) {
        printf("Bail out! %s\n", what);
        exit(1);
    }

    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);

    return db;
}


static void
test_schemas(site_t *s)
{
    size_t         i;
    char          *error;
    ptn_rc_t       rc;
    sqlite3       *db;
    ptn_user_t     u;
    ptn_mbox_t    *mb;

    u = site_user(s, "alice");

    for (i = 0; i < ptn_nelts(schemas); i++) {
        ptn_store_close(s->store);
        afresh();
        db = raw(schemas[i]);
        error = NULL;

        if (sqlite3_exec(db, schemas[i], NULL, NULL, &error) != SQLITE_OK) {
            ok(false, "%s: %s", schemas[i], error);
        }

        sqlite3_close(db);
        ptn_store_open(&s->opts, &s->store);
        rc = ptn_mbox_open(s->store, &u, NULL, &mb);

        /* one table's pages under another's name: only its rows tell */

        if (strstr(schemas[i], "rootpage") == NULL) {
            is_rc(rc, PTN_EUNAVAIL, schemas[i]);
        }

        s->reports = 0;
        rc = ptn_mbox_check(s->store, &u, false, site_report, s);
        ok(rc == PTN_ECORRUPT && s->reports != 0, "check says so");

        /* an explained one is put right without a loss */

        rc = ptn_mbox_check(s->store, &u, true, site_report, s);
        is_rc(rc, PTN_OK, "repair");
        is_rc(ptn_mbox_open(s->store, &u, NULL, &mb), PTN_OK, "it opens");
        site_check(s, "alice");
    }
}


/* ---- values -------------------------------------------------------------- */

static const char *const  values[] = {
    "NULL", "'text'", "x'00ff00ff80'", "-1", "0", "1",
    "9223372036854775807", "-9223372036854775808", "281474976710655", "1.5",
    "zeroblob(100000)", "randomblob(40)", "randomblob(64)", "''", "x''",
    "4294967296", "12", "2"
};


/* Without NOT NULL and CHECK the file is as hostile as it can be. */

static void
loosen(sqlite3 *db, bool loose, char *kept[], size_t *n)
{
    size_t         i;
    sqlite3_stmt  *st;

    sqlite3_exec(db, "PRAGMA writable_schema=1", NULL, NULL, NULL);

    if (loose) {
        sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema"
                           " WHERE type='table' AND sql IS NOT NULL", -1, &st,
                           NULL);

        for (*n = 0; sqlite3_step(st) == SQLITE_ROW && *n < 100; *n += 2) {
            kept[*n] = strdup((char *) sqlite3_column_text(st, 0));
            kept[*n + 1] = strdup((char *) sqlite3_column_text(st, 1));
        }

        sqlite3_finalize(st);
        sqlite3_exec(db, "UPDATE sqlite_schema SET sql=replace(replace(sql,"
                         " ' NOT NULL', ''), ' CHECK (one = 1)', '')"
                         " WHERE type='table'", NULL, NULL, NULL);
        return;
    }

    sqlite3_prepare_v2(db, "UPDATE sqlite_schema SET sql=?2 WHERE name=?1", -1,
                       &st, NULL);

    for (i = 0; i < *n; i += 2) {
        sqlite3_bind_text(st, 1, kept[i], -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 2, kept[i + 1], -1, SQLITE_STATIC);
        sqlite3_step(st);
        sqlite3_reset(st);
        free(kept[i]);
        free(kept[i + 1]);
    }

    sqlite3_finalize(st);
}


/* Some columns of some rows of some table. */

static void
spoil(unsigned *seed, char *text, size_t size)
{
    size_t         n;
    char          *kept[100], table[64], column[64];
    unsigned       i, pick, many;
    sqlite3       *db;
    sqlite3_stmt  *st;

    db = raw("spoil");
    loosen(db, true, kept, &n);
    sqlite3_close(db);

    db = raw("spoil");
    text[0] = '\0';
    many = 1 + (unsigned) rand_r(seed) % 2;

    for (i = 0; i < many; i++) {
        sqlite3_prepare_v2(db, "SELECT t.name, c.name FROM sqlite_schema t,"
                           " pragma_table_info(t.name) c WHERE t.type='table'"
                           " AND t.sql NOT LIKE '%virtual%' AND t.name<>'once'"
                           " AND (t.name<>'meta' OR c.name<>'deleted')"
                           " AND substr(c.name, 1, 2)<>'v_'"
                           " ORDER BY t.name, c.cid", -1, &st, NULL);
        pick = (unsigned) rand_r(seed) % 150;
        table[0] = column[0] = '\0';

        for ( ;; ) {
            if (sqlite3_step(st) != SQLITE_ROW) {
                if (table[0] == '\0') {
                    break;
                }

                sqlite3_reset(st);
                continue;
            }

            snprintf(table, sizeof(table), "%s", sqlite3_column_text(st, 0));
            snprintf(column, sizeof(column), "%s", sqlite3_column_text(st, 1));

            if (pick-- == 0) {
                break;
            }
        }

        sqlite3_finalize(st);
        text += strlen(text);
        snprintf(text, size / 2, "UPDATE OR REPLACE %s SET %s=%s WHERE %s; ",
                 table, column, values[(size_t) rand_r(seed) % ptn_nelts(values)],
                 rand_r(seed) % 3 ? "random() % 3 = 0" : "1");
        sqlite3_exec(db, text, NULL, NULL, NULL);
    }

    sqlite3_close(db);
    db = raw("spoil");
    loosen(db, false, kept, &n);
    sqlite3_close(db);
}


/* Known places to hurt. */

static const char *const  hurts[] = {
    "UPDATE message SET cn=0 WHERE uid%3=0",
    "UPDATE message SET born=281474976710655 WHERE uid%3=0",
    "UPDATE folder SET parent=id WHERE id>255",
    "UPDATE folder SET parent=(SELECT max(id) FROM folder) WHERE id=12",
    "UPDATE folder SET parent=12 WHERE id=2",
    "UPDATE folder SET parent=-parent",
    "UPDATE folder SET id=-id WHERE id>255",
    "UPDATE folder SET total=4294967295, uidnext=4294967295",
    "UPDATE folder SET uidnext=0",
    "UPDATE message SET uid=4294967295 WHERE uid=2",
    "UPDATE message SET uid=-uid",
    "UPDATE message SET content=-1",
    "UPDATE message SET size=9223372036854775807",
    "UPDATE content SET plain=9223372036854775807",
    "UPDATE content SET size=0, plain=0",
    "UPDATE content SET form=7, codec=9",
    "UPDATE content SET structure=randomblob(100)",
    "UPDATE content SET structure=substr(structure, 1, length(structure)-1)",
    "UPDATE content SET data=randomblob(100)",
    "UPDATE content SET data=substr(data, 1, length(data)/2)",
    "UPDATE content SET file=randomblob(32), data=NULL",
    "UPDATE content SET file=randomblob(31), data=NULL",
    "UPDATE content SET blobs=randomblob(64)",
    "UPDATE content SET blobs=randomblob(3)",
    "UPDATE object SET data=randomblob(200)",
    "UPDATE object SET data=NULL",
    "UPDATE object SET file=randomblob(32)",
    "UPDATE object SET blobs=randomblob(96)",
    "UPDATE item SET bag=randomblob(60)",
    "UPDATE item SET bag=substr(bag, 1, length(bag)-3)",
    "UPDATE item SET large=randomblob(88)",
    "UPDATE item SET derived=255",
    "UPDATE blob SET refs=-5",
    "UPDATE blob SET refs=0",
    "UPDATE blob SET size=1",
    "UPDATE share SET refs=9223372036854775807",
    "DELETE FROM item",
    "DELETE FROM content",
    "DELETE FROM meta",
    "DELETE FROM replica",
    "DELETE FROM folder WHERE id=12",
    "DELETE FROM folder",
    "DELETE FROM blob",
    "UPDATE meta SET cn=140737488355329, oid=281474976710654",
    "UPDATE meta SET cn=9223372036854775807",
    "UPDATE meta SET oid=-1",
    "UPDATE meta SET event=0, event_first=9223372036854775807",
    "UPDATE meta SET epoch=9223372036854775807",
    "UPDATE meta SET uidvalidity=9223372036854775807",
    "INSERT INTO named VALUES (32770, zeroblob(16), -1, 'x')",
    "UPDATE named SET guid=x'00'",
    "UPDATE keyword SET bit=77",
    "UPDATE keyword SET name='a b' || char(10) || '('",
    "INSERT INTO intent VALUES (1, x'', x'', '', 5)",
    "INSERT INTO intent VALUES (1, randomblob(17), randomblob(16),"
        " 'x@example.test', 5); INSERT INTO moving VALUES (260, 1, 0)",
    "INSERT INTO intent VALUES (-3, zeroblob(17), (SELECT guid FROM meta),"
        " 'alice@example.test', 12); INSERT INTO moving"
        " SELECT id, -3, 0 FROM message",
    "UPDATE message SET folder=-folder",
    "UPDATE message SET fai=1",
    "UPDATE message SET mid=1",
    "UPDATE tombstone SET cn=9223372036854775807",
    "INSERT INTO event VALUES (9223372036854775807, 1, 1, 1, 1, 1, 1)",
    "UPDATE replica SET replid=99999, guid=x'01'",

    /* found by seeds */

    "UPDATE OR REPLACE item SET subject=randomblob(40) WHERE id%3=0;"
        " UPDATE meta SET guid=''",
    "UPDATE message SET modseq=281474976710655 WHERE uid%3=0;"
        " UPDATE folder SET deleted=9223372036854775807 WHERE id%3=0",
    "UPDATE folder SET name=281474976710655 WHERE id%3=0",
    "UPDATE folder SET name=12",
    "UPDATE folder SET name=zeroblob(100000) WHERE id%3=0;"
        " UPDATE OR REPLACE message SET uid=12",
    "UPDATE OR REPLACE folder SET id=9223372036854775807",
    "UPDATE OR REPLACE folder SET id=281474976710655 WHERE id%3=0",
    "UPDATE folder SET special=12; UPDATE meta SET event=NULL",
    "UPDATE folder SET special=12 WHERE id%3=0",
    "UPDATE folder SET search=4294967296",
    "UPDATE folder SET search=4294967296 WHERE id%3=0;"
        " UPDATE meta SET deleted=9223372036854775807",
    "UPDATE meta SET deleted=-9223372036854775807 - 1, guid=-1",
    "UPDATE meta SET deleted=9",
    "UPDATE message SET content=zeroblob(100000) WHERE id%3=0;"
        " UPDATE meta SET kind=-9223372036854775807 - 1",
    "UPDATE meta SET kind=12"
};


/* In a process of its own, so that what it does to itself is seen. */

static int
one(site_t *s, const char *what)
{
    int            status;
    bool           good;
    pid_t          pid;
    ptn_rc_t       rc;
    ptn_user_t     u;
    ptn_mbox_t    *mb;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        alarm(60);
        u = site_user(s, "alice");
        ptn_store_open(&s->opts, &s->store);
        s->reports = 0;

        (void) battery_use(s, "alice");
        if (!show && freopen("/dev/null", "w", stdout) == NULL) {
            _exit(1);
        }

        rc = ptn_mbox_check(s->store, &u, false, site_report, s);
        rc = ptn_mbox_check(s->store, &u, true, site_report, s);

        if (rc == PTN_OK) {
            s->reports = 0;
            rc = ptn_mbox_check(s->store, &u, false, site_report, s);
            good = (rc == PTN_OK && battery_use(s, "alice")
                    && ptn_mbox_check(s->store, &u, false, site_report, s)
                       == PTN_OK);
            rc = good ? PTN_OK : PTN_EINTERNAL;
        }

        /* and his neighbour's */

        if (ptn_mbox_check(s->store, &(ptn_user_t[]) { site_user(s, "bob") }[0],
                           false, site_report, s) != PTN_OK)
        {
            _exit(9);
        }

        (void) mb;
        ptn_store_close(s->store);
        fflush(stdout);
        _exit(rc == PTN_OK ? 0 : rc == PTN_EINTERNAL ? 3 : 2);
    }

    waitpid(pid, &status, 0);

    if (status != 0 && getenv("PTN_VERBOSE")) {
        printf("# %s: status %x\n", what, status);
    }

    return status;
}


/* One damage, of a file without constraints. */

static int
hurt(site_t *s, const char *text)
{
    size_t    n;
    char     *kept[100];
    sqlite3  *db;

    afresh();
    db = raw(text);
    loosen(db, true, kept, &n);
    sqlite3_close(db);
    db = raw(text);

    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        printf("# %s: %s\n", text, sqlite3_errmsg(db));
    }

    sqlite3_close(db);
    db = raw(text);
    loosen(db, false, kept, &n);
    sqlite3_close(db);

    return one(s, text);
}


static void
tally(int status, const char *what, unsigned *bad, unsigned *whole,
    unsigned *left)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        ++*whole;

    } else if (WIFEXITED(status) && (WEXITSTATUS(status) == 2
                                     || WEXITSTATUS(status) == 3)) {
        ++*left;
        printf("# %s: %s\n", WEXITSTATUS(status) == 2
               ? "not repaired" : "not whole after repair", what);

    } else {
        ++*bad;
        printf("# status %x: %s\n", status, what);
    }
}


static void
test_values(site_t *s, unsigned first, unsigned rounds)
{
    char       text[512];
    size_t     i;
    unsigned   seed, bad, whole, left, round;

    bad = whole = left = 0;
    ptn_store_close(s->store);

    for (i = 0; i < ptn_nelts(hurts); i++) {
        tally(hurt(s, hurts[i]), hurts[i], &bad, &whole, &left);
    }

    ok(bad == 0 && left == 0, "%zu known places: %u whole again, %u not, %u"
       " bad", i, whole, left, bad);

    bad = whole = left = 0;

    for (round = 0; round < rounds; round++) {
        afresh();
        seed = first + round;
        spoil(&seed, text, sizeof(text));
        tally(one(s, text), text, &bad, &whole, &left);
    }

    ok(bad == 0 && left == 0, "%u seeds: %u whole again, %u not,"
       " %u bad", rounds, whole, left, bad);
    ptn_store_open(&s->opts, &s->store);
}


/* Arguments: damages, of which all that is said is shown. */

int
main(int argc, char **argv)
{
    int          i;
    site_t       s;
    const char  *rounds, *first;

    site_make(&s);
    s.conf.fsync = false;
    battery_fill(&s, "alice");
    battery_fill(&s, "bob");
    site_check(&s, "alice");
    ptn_store_close(s.store);
    snprintf(saved, sizeof(saved), "%s/saved", s.root);
    snprintf(room, sizeof(room), "%s/" ROOM, s.root);
    snprintf(marks, sizeof(marks), "%s/epoch", s.root);
    snprintf(saved_marks, sizeof(saved_marks), "%s/saved-epoch", s.root);
    battery_copy_tree(room, saved);
    battery_copy_tree(marks, saved_marks);
    ptn_store_open(&s.opts, &s.store);
    rounds = getenv("PTN_ROUNDS");
    first = getenv("PTN_SEED");

    if (argc > 1) {
        show = true;
        ptn_store_close(s.store);

        for (i = 1; i < argc; i++) {
            printf("# %s\n", argv[i]);
            ok(hurt(&s, argv[i]) == 0, "whole again");
        }

        ptn_store_open(&s.opts, &s.store);
        site_done(&s);

        return done_testing();
    }

    test_schemas(&s);
    test_values(&s, first ? (unsigned) atoi(first) : 1,
                rounds ? (unsigned) atoi(rounds) : 30);

    site_done(&s);

    return done_testing();
}
