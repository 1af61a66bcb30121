/*
 * The schema of the directory, and how an older one is brought up to date: in
 * one transaction, by the first process of the new version that opens it.
 */

#include <stdio.h>

#include "ptn_dir_db.h"


/*
 * The schema.  `address` holds every address there is, so that its key alone
 * keeps an alias from taking a user's name and the other way round: either
 * `user` (its primary address) or `target` (an alias) is set.  Ids are never
 * reused (AUTOINCREMENT); generations neither: each change of a user takes
 * the next value of one counter, so a new user never looks like a deleted one.
 */

#define PTN_DIR_DB_VERSION      3
#define PTN_DIR_DB_APPLICATION  0x50544e44      /* "PTND" */

/* Version 1. */
static const char  ptn_dir_schema_1[] =
    "CREATE TABLE meta ("
    "  key TEXT PRIMARY KEY,"
    "  value INTEGER NOT NULL"
    ") WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('generation', 0);"

    "CREATE TABLE domain ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL UNIQUE,"
    "  disabled INTEGER NOT NULL DEFAULT 0"
    ");"

    "CREATE TABLE user ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  domain INTEGER NOT NULL REFERENCES domain (id),"
    "  address TEXT NOT NULL UNIQUE,"
    "  mailbox BLOB NOT NULL UNIQUE CHECK (length(mailbox) = 16),"
    "  display TEXT NOT NULL,"
    "  locale TEXT NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  services INTEGER NOT NULL,"
    "  disabled INTEGER NOT NULL,"
    "  quota INTEGER NOT NULL,"
    "  generation INTEGER NOT NULL"
    ");"
    "CREATE INDEX user_domain ON user (domain, address);"

    "CREATE TABLE address ("
    "  address TEXT PRIMARY KEY,"
    "  domain INTEGER NOT NULL REFERENCES domain (id),"
    "  user INTEGER REFERENCES user (id),"
    "  target TEXT,"
    "  CHECK ((user IS NULL) <> (target IS NULL))"
    ") WITHOUT ROWID;"
    "CREATE INDEX address_domain ON address (domain, address);"
    "CREATE INDEX address_user ON address (user) WHERE user IS NOT NULL;"

    /* "crypt": of crypt(3); "scram-sha-256": RFC 5803 */
    "CREATE TABLE verifier ("
    "  user INTEGER NOT NULL REFERENCES user (id),"
    "  kind TEXT NOT NULL,"
    "  value TEXT NOT NULL,"
    "  PRIMARY KEY (user, kind)"
    ") WITHOUT ROWID;";

/*
 * Version 2.  `sort` is the folded display name.  `word` holds, folded, the
 * address of each enabled user and alias, and each user's display name from
 * each of its words on: a prefix of one of them finds the user.
 */
static const char  ptn_dir_schema_2[] =
    "ALTER TABLE user ADD COLUMN sort TEXT NOT NULL DEFAULT '';"

    "CREATE TABLE word ("
    "  domain INTEGER NOT NULL REFERENCES domain (id),"
    "  word TEXT NOT NULL,"
    "  address TEXT NOT NULL,"
    "  PRIMARY KEY (domain, word, address)"
    ") WITHOUT ROWID;"
    "CREATE INDEX word_address ON word (address);"

    /* bits: PTN_ACCESS_* */
    "CREATE TABLE access ("
    "  owner INTEGER NOT NULL REFERENCES user (id),"
    "  grantee INTEGER NOT NULL REFERENCES user (id),"
    "  access INTEGER NOT NULL,"
    "  PRIMARY KEY (owner, grantee)"
    ") WITHOUT ROWID;"
    "CREATE INDEX access_grantee ON access (grantee);";


/*
 * Version 3.  Groups (party) and who is in them (member: a user or a group);
 * a group's id is of the users' sequence.
 */
static const char  ptn_dir_schema_3[] =
    "ALTER TABLE user ADD COLUMN quota_warn INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE user ADD COLUMN quota_send INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE user ADD COLUMN quota_receive INTEGER NOT NULL DEFAULT 0;"

    "CREATE TABLE party ("
    "  id INTEGER PRIMARY KEY,"
    "  domain INTEGER NOT NULL REFERENCES domain (id),"
    "  address TEXT NOT NULL UNIQUE,"
    "  display TEXT NOT NULL"
    ");"
    "CREATE TABLE member ("
    "  party INTEGER NOT NULL REFERENCES party (id),"
    "  member INTEGER NOT NULL,"
    "  PRIMARY KEY (party, member)"
    ") WITHOUT ROWID;"
    "CREATE INDEX member_of ON member (member);";


static ptn_rc_t
ptn_dir_schema_sort(ptn_directory_t *dir, int64_t id, ptn_str_t display)
{
    size_t                                      n;
    ptn_rc_t                                    rc;
    u_char                                      fold[PTN_DIR_FOLD_MAX];
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_fold(display, fold, &n);

    if (rc == PTN_OK) {
        rc = ptn_dir_db_stmt(dir, PTN_DIR_USER_SORT, &st);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_bind_int64(st, 1, id);
    ptn_dir_db_bind(st, 2, ptn_str_make(fold, n));

    return ptn_dir_db_run(st);
}


static ptn_str_t
ptn_dir_schema_text(sqlite3_stmt *st, int i)
{
    return ptn_str_make(sqlite3_column_text(st, i),
                        (size_t) sqlite3_column_bytes(st, i));
}


/* What version 2 knows of those who are there already. */

static ptn_rc_t
ptn_dir_schema_fill(ptn_directory_t *dir)
{
    ptn_rc_t                                    rc;
    ptn_str_t                                   display;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *users = NULL;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *aliases = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_USER_WORDS, &users);
    if (rc != PTN_OK) {
        return rc;
    }

    while ((rc = ptn_dir_db_row(users)) == PTN_OK) {
        display = ptn_dir_schema_text(users, 3);

        rc = ptn_dir_schema_sort(dir, sqlite3_column_int64(users, 0), display);

        if (rc == PTN_OK) {
            rc = ptn_dir_words_add(dir,
                                (uint64_t) sqlite3_column_int64(users, 1),
                                ptn_dir_schema_text(users, 2), display);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    if (rc != PTN_ENOTFOUND) {
        return rc;
    }

    rc = ptn_dir_db_stmt(dir, PTN_DIR_ALIAS_WORDS, &aliases);
    if (rc != PTN_OK) {
        return rc;
    }

    while ((rc = ptn_dir_db_row(aliases)) == PTN_OK) {

        rc = ptn_dir_words_add(dir,
                               (uint64_t) sqlite3_column_int64(aliases, 0),
                               ptn_dir_schema_text(aliases, 1), ptn_str(""));
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return rc == PTN_ENOTFOUND ? PTN_OK : rc;
}


static ptn_rc_t
ptn_dir_schema_run(ptn_directory_t *dir, const char *sql)
{
    return ptn_dir_db_rc(sqlite3_exec(dir->db, sql, NULL, NULL, NULL));
}


static ptn_rc_t
ptn_dir_schema_from(ptn_directory_t *dir, int64_t version)
{
    char      sql[128];
    ptn_rc_t  rc;

    rc = ptn_dir_db_exec(dir, PTN_DIR_BEGIN);
    if (rc != PTN_OK) {
        return rc;
    }

    if (version == 0) {
        rc = ptn_dir_schema_run(dir, ptn_dir_schema_1);
    }

    if (rc == PTN_OK && version < 2) {
        rc = ptn_dir_schema_run(dir, ptn_dir_schema_2);

        if (rc == PTN_OK) {
            rc = ptn_dir_schema_fill(dir);
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_schema_run(dir, ptn_dir_schema_3);
    }

    if (rc == PTN_OK) {
        snprintf(sql, sizeof(sql), "PRAGMA application_id = %d;"
                 "PRAGMA user_version = %d", PTN_DIR_DB_APPLICATION,
                 PTN_DIR_DB_VERSION);
        rc = ptn_dir_schema_run(dir, sql);
    }

    if (rc == PTN_OK) {
        rc = ptn_dir_db_exec(dir, PTN_DIR_COMMIT);
    }

    if (rc != PTN_OK) {
        (void) ptn_dir_db_exec(dir, PTN_DIR_ROLLBACK);
    }

    return rc;
}


ptn_rc_t
ptn_dir_schema(ptn_directory_t *dir, bool create)
{
    int64_t   version, application;
    ptn_rc_t  rc;

    version = 0;
    application = 0;

    rc = ptn_dir_db_pragma(dir, "PRAGMA user_version", &version);

    if (rc == PTN_OK) {
        rc = ptn_dir_db_pragma(dir, "PRAGMA application_id", &application);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (version == 0 && application == 0) {
        return create ? ptn_dir_schema_from(dir, 0) : PTN_ENOTFOUND;
    }

    if (application != PTN_DIR_DB_APPLICATION || version < 1
        || version > PTN_DIR_DB_VERSION)
    {
        return PTN_EVERSION;
    }

    return version == PTN_DIR_DB_VERSION ? PTN_OK
                                         : ptn_dir_schema_from(dir, version);
}
