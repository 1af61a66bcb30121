/*
 * Private to store/directory: the SQLite side of a directory handle.
 *
 * Readers use prepared statements and a small cache of answers, valid while
 * `PRAGMA data_version` stands still.  Writers hold the OFD lock of
 * <directory>.lock from begin to end, checkpoints included: nobody commits
 * while another process checkpoints (DESIGN 3, SQLite rules).
 */

#ifndef PTN_DIR_DB_H
#define PTN_DIR_DB_H


#include <sqlite3.h>

#include "ptn_directory.h"


#define PTN_DIR_USER_COLUMNS                                                  \
    "u.id, u.mailbox, u.address, u.display, u.locale, u.kind, u.services,"    \
    " u.disabled, u.quota, u.generation, u.quota_warn, u.quota_send,"         \
    " u.quota_receive"
#define PTN_DIR_USER_NCOLUMNS  13

/* name, SQL.  Each is prepared when first used. */
#define PTN_DIR_STMTS(S)                                                      \
    S(BEGIN,           "BEGIN IMMEDIATE")                                     \
    S(COMMIT,          "COMMIT")                                              \
    S(ROLLBACK,        "ROLLBACK")                                            \
    S(DATA_VERSION,    "PRAGMA data_version")                                 \
    S(GENERATION,      "UPDATE meta SET value = value + 1"                    \
                       " WHERE key = 'generation' RETURNING value")           \
    S(DOMAIN_ADD,      "INSERT INTO domain (name) VALUES (?1)")               \
    S(DOMAIN_GET,      "SELECT id, name, disabled FROM domain"                \
                       " WHERE name = ?1")                                    \
    S(DOMAIN_LIST,     "SELECT id, name, disabled FROM domain ORDER BY name") \
    S(DOMAIN_DISABLE,  "UPDATE domain SET disabled = ?2 WHERE id = ?1")       \
    S(DOMAIN_TOUCH,    "UPDATE user SET generation = ?2 WHERE domain = ?1")   \
    S(DOMAIN_USED,     "SELECT 1 FROM address WHERE domain = ?1 UNION ALL"    \
                       " SELECT 1 FROM party WHERE domain = ?1 LIMIT 1")      \
    S(SEQUENCE_MAKE,   "INSERT INTO sqlite_sequence (name, seq)"              \
                       " SELECT 'user', 0 WHERE NOT EXISTS (SELECT 1 FROM"    \
                       " sqlite_sequence WHERE name = 'user')")               \
    S(SEQUENCE_NEXT,   "UPDATE sqlite_sequence SET seq = seq + 1"             \
                       " WHERE name = 'user'")                                \
    S(SEQUENCE_GET,    "SELECT seq FROM sqlite_sequence WHERE name = 'user'") \
    S(ADDRESS_TAKEN,   "SELECT 1 FROM address WHERE address = ?1")            \
    S(GROUP_ADD,       "INSERT INTO party (id, domain, address, display)"     \
                       " VALUES (?1, ?2, ?3, ?4)")                            \
    S(GROUP_GET,       "SELECT id, address, display FROM party"               \
                       " WHERE address = ?1")                                 \
    S(GROUP_BY_ID,     "SELECT id, address, display FROM party WHERE id = ?1")\
    S(GROUP_LIST,      "SELECT id, address, display FROM party"               \
                       " WHERE ?1 = 0 OR domain = ?1 ORDER BY address")       \
    S(GROUP_DELETE,    "DELETE FROM party WHERE id = ?1")                     \
    S(MEMBER_ADD,      "INSERT OR IGNORE INTO member (party, member)"         \
                       " VALUES (?1, ?2)")                                    \
    S(MEMBER_DELETE,   "DELETE FROM member WHERE party = ?1 AND member = ?2") \
    S(MEMBER_FORGET,   "DELETE FROM member WHERE party = ?1 OR member = ?1")  \
    S(MEMBER_LIST,     "SELECT m.member, coalesce(u.address, p.address, ''),"  \
                       " coalesce(u.display, p.display, '') FROM member m"    \
                       " LEFT JOIN user u ON u.id = m.member"                 \
                       " LEFT JOIN party p ON p.id = m.member"                \
                       " WHERE m.party = ?1 ORDER BY 2")                      \
    S(MEMBER_LOOP,     "WITH RECURSIVE up(id) AS (SELECT ?1 UNION"            \
                       " SELECT m.party FROM member m JOIN up"                \
                       " ON m.member = up.id)"                                \
                       " SELECT count(*) FROM up WHERE id = ?2")              \
    S(MEMBER_DEEPEST,  "WITH RECURSIVE up(id) AS (SELECT ?1 UNION SELECT"     \
                       " party FROM member WHERE member = ?2 UNION"           \
                       " SELECT m.party FROM member m JOIN up"                \
                       " ON m.member = up.id) SELECT count(*) FROM up")       \
    S(MEMBER_TOUCH,    "WITH RECURSIVE down(id) AS (SELECT ?1 UNION"          \
                       " SELECT m.member FROM member m JOIN down"             \
                       " ON m.party = down.id)"                               \
                       " UPDATE user SET generation = ?2"                     \
                       " WHERE id IN (SELECT id FROM down)")                  \
    S(GROUPS_OF,       "WITH RECURSIVE up(id) AS (SELECT party FROM member"   \
                       " WHERE member = ?1 UNION SELECT m.party"              \
                       " FROM member m JOIN up ON m.member = up.id)"          \
                       " SELECT id FROM up ORDER BY id LIMIT ?2")             \
    S(DOMAIN_DELETE,   "DELETE FROM domain WHERE id = ?1")                    \
    S(USER_ADD,        "INSERT INTO user (domain, address, mailbox, display," \
                       " locale, kind, services, disabled, quota,"            \
                       " generation, sort, quota_warn, quota_send,"           \
                       " quota_receive) VALUES (?1, ?2, ?3, ?4, ?5, ?6,"      \
                       " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)")               \
    S(USER_SET,        "UPDATE user SET display = ?2, locale = ?3, kind = ?4,"\
                       " services = ?5, disabled = ?6, quota = ?7,"           \
                       " generation = ?8, sort = ?9, quota_warn = ?10,"       \
                       " quota_send = ?11, quota_receive = ?12 WHERE id = ?1" \
                       " RETURNING domain, address")                          \
    S(USER_TOUCH,      "UPDATE user SET generation = ?2 WHERE id = ?1")       \
    S(USER_GET,        "SELECT " PTN_DIR_USER_COLUMNS " FROM user u"          \
                       " WHERE u.address = ?1")                               \
    S(USER_BY_ID,      "SELECT " PTN_DIR_USER_COLUMNS " FROM user u"          \
                       " WHERE u.id = ?1")                                    \
    S(USER_BY_MAILBOX, "SELECT " PTN_DIR_USER_COLUMNS " FROM user u"          \
                       " WHERE u.mailbox = ?1")                               \
    S(USER_SORT,       "UPDATE user SET sort = ?2 WHERE id = ?1")             \
    S(USER_WORDS,      "SELECT id, domain, address, display FROM user"        \
                       " WHERE NOT disabled")                                 \
    S(ALIAS_WORDS,     "SELECT domain, address FROM address"                  \
                       " WHERE target IS NOT NULL")                           \
    S(WORD_ADD,        "INSERT OR IGNORE INTO word (domain, word, address)"   \
                       " VALUES (?1, ?2, ?3)")                                \
    S(WORD_DELETE,     "DELETE FROM word WHERE address = ?1")                 \
    S(WORD_FIND,       "SELECT " PTN_DIR_USER_COLUMNS ", w.address FROM ("    \
                       "SELECT * FROM (SELECT address FROM word"              \
                       " WHERE domain = ?1 AND word >= ?2 AND word < ?3"      \
                       " LIMIT ?6) UNION"                                     \
                       " SELECT * FROM (SELECT address FROM word"             \
                       " WHERE domain = ?1 AND word >= ?4 AND word < ?5"      \
                       " LIMIT ?6)) w"                                        \
                       " LEFT JOIN user u ON u.address = w.address"           \
                       " ORDER BY u.id IS NULL, u.sort, u.address")           \
    S(ACCESS_SET,      "INSERT INTO access (owner, grantee, access)"          \
                       " VALUES (?1, ?2, ?3) ON CONFLICT (owner, grantee)"    \
                       " DO UPDATE SET access = excluded.access")             \
    S(ACCESS_DELETE,   "DELETE FROM access WHERE owner = ?1"                  \
                       " AND grantee = ?2")                                   \
    S(ACCESS_DELETE_USER, "DELETE FROM access WHERE owner = ?1"               \
                       " OR grantee = ?1")                                    \
    S(ACCESS_GET,      "SELECT access FROM access WHERE owner = ?1"           \
                       " AND grantee = ?2")                                   \
    S(ACCESS_LIST,     "SELECT o.address, g.address, a.access FROM access a"  \
                       " JOIN user o ON o.id = a.owner"                       \
                       " JOIN user g ON g.id = a.grantee"                     \
                       " WHERE ?1 = 0 OR a.owner = ?1"                        \
                       " ORDER BY o.address, g.address")                      \
    S(USER_ACTIVE,     "SELECT u.disabled OR d.disabled FROM user u"          \
                       " JOIN domain d ON d.id = u.domain WHERE u.id = ?1")   \
    S(USER_LIST,       "SELECT " PTN_DIR_USER_COLUMNS " FROM user u"          \
                       " ORDER BY u.address")                                 \
    S(USER_LIST_DOMAIN, "SELECT " PTN_DIR_USER_COLUMNS " FROM user u"         \
                       " WHERE u.domain = ?1 ORDER BY u.address")             \
    S(USER_DELETE,     "DELETE FROM user WHERE id = ?1")                      \
    S(VERIFIER_SET,    "INSERT INTO verifier (user, kind, value)"             \
                       " VALUES (?1, ?2, ?3) ON CONFLICT (user, kind)"        \
                       " DO UPDATE SET value = excluded.value")               \
    S(VERIFIER_GET,    "SELECT kind, value FROM verifier WHERE user = ?1")    \
    S(VERIFIER_DELETE, "DELETE FROM verifier WHERE user = ?1")                \
    S(ADDRESS_ADD,     "INSERT INTO address (address, domain, user, target)"  \
                       " VALUES (?1, ?2, ?3, ?4)")                            \
    S(ADDRESS_GET,     "SELECT " PTN_DIR_USER_COLUMNS ", a.target, d.disabled"\
                       " FROM address a JOIN domain d ON d.id = a.domain"     \
                       " LEFT JOIN user u ON u.id = a.user"                   \
                       " WHERE a.address = ?1")                               \
    S(ADDRESS_DELETE_USER, "DELETE FROM address WHERE user = ?1")             \
    S(ALIAS_SET,       "UPDATE address SET target = ?2 WHERE address = ?1"    \
                       " AND target IS NOT NULL")                             \
    S(ALIAS_DELETE,    "DELETE FROM address WHERE address = ?1"               \
                       " AND target IS NOT NULL")                             \
    S(ALIAS_LIST,      "SELECT address, target FROM address"                  \
                       " WHERE target IS NOT NULL ORDER BY address")          \
    S(ALIAS_LIST_DOMAIN, "SELECT address, target FROM address"                \
                       " WHERE target IS NOT NULL AND domain = ?1"            \
                       " ORDER BY address")

typedef enum {
#define PTN_DIR_STMT_ENUM(name, sql)  PTN_DIR_##name,
    PTN_DIR_STMTS(PTN_DIR_STMT_ENUM)
#undef PTN_DIR_STMT_ENUM
    PTN_DIR_STMT_MAX
} ptn_dir_stmt_e;


#define PTN_DIR_CACHE_SIZE  1024        /* entries; one per hash value */

typedef enum {
    PTN_DIR_CACHE_RESOLVE,
    PTN_DIR_CACHE_USER,
    PTN_DIR_CACHE_ID,
    PTN_DIR_CACHE_MAILBOX,
    PTN_DIR_CACHE_ACCESS,
    PTN_DIR_CACHE_GROUPS
} ptn_dir_cache_e;

typedef struct {
    ptn_dir_cache_e  kind;
    ptn_str_t        key;
    ptn_rcpt_t       rcpt;              /* USER, ID, MAILBOX: rcpt.user alone;
                                           ACCESS: rcpt.user.kind;
                                           GROUPS: ids in rcpt.detail */
} ptn_dir_entry_t;                      /* one malloc, strings behind */

struct ptn_directory_s {
    sqlite3          *db;
    char             *path;
    int               lock_fd;
    int               wal_pages;
    bool              ours;             /* it was opened, its schema known */
    bool              broken;           /* a sync failed: read only */
    int64_t           data_version;
    sqlite3_stmt     *stmt[PTN_DIR_STMT_MAX];
    ptn_dir_entry_t  *cache[PTN_DIR_CACHE_SIZE];
};


ptn_rc_t ptn_dir_db_rc(int sqlite_rc);

/* A reset statement; give it back with PTN_CLEAN_UP(ptn_dir_db_done). */
ptn_rc_t ptn_dir_db_stmt(ptn_directory_t *dir, ptn_dir_stmt_e id,
    sqlite3_stmt **ret_st);
void ptn_dir_db_done(sqlite3_stmt **st);
int ptn_dir_db_bind(sqlite3_stmt *st, int i, ptn_str_t s);
ptn_str_t ptn_dir_db_text(ptn_pool_t *pool, sqlite3_stmt *st, int i);

/* Runs it to its end: OK, or the error.  No rows are expected. */
ptn_rc_t ptn_dir_db_run(sqlite3_stmt *st);

ptn_rc_t ptn_dir_db_exec(ptn_directory_t *dir, ptn_dir_stmt_e id);
ptn_rc_t ptn_dir_db_pragma(ptn_directory_t *dir, const char *sql,
    int64_t *ret);

/* One row is there: OK; ENOTFOUND: none. */
ptn_rc_t ptn_dir_db_row(sqlite3_stmt *st);

/*
 * A write: begin, changes, end(rc): commits when rc is OK, else rolls back.
 * Returns what the caller shall return.
 */
ptn_rc_t ptn_dir_db_begin(ptn_directory_t *dir);
ptn_rc_t ptn_dir_db_end(ptn_directory_t *dir, ptn_rc_t rc);

/* With the lock held: makes the schema, brings an older one up to date. */
ptn_rc_t ptn_dir_schema(ptn_directory_t *dir, bool create);

/* The next generation, within a write. */
ptn_rc_t ptn_dir_db_generation(ptn_directory_t *dir, uint64_t *ret);

/* NULL: not known, or not any more. */
const ptn_rcpt_t *ptn_dir_cache_get(ptn_directory_t *dir,
    ptn_dir_cache_e kind, ptn_str_t key);
void ptn_dir_cache_put(ptn_directory_t *dir, ptn_dir_cache_e kind,
    ptn_str_t key, const ptn_rcpt_t *rcpt);
void ptn_dir_cache_clear(ptn_directory_t *dir);


/* An address in lower case, in parts.  RFC 5321 4.5.3.1: 64 and 255. */
#define PTN_DIR_LOCAL_MAX    64
#define PTN_DIR_DOMAIN_MAX   253
#define PTN_DIR_ADDRESS_MAX  (PTN_DIR_LOCAL_MAX + 1 + PTN_DIR_DOMAIN_MAX)

typedef struct {
    u_char     text[PTN_DIR_ADDRESS_MAX + 1];
    ptn_str_t  address, local, domain;
} ptn_dir_addr_t;

/* EINVAL: not an address that could exist here. */
ptn_rc_t ptn_dir_addr_parse(ptn_str_t s, ptn_dir_addr_t *ret);

/* Letters, digits and hyphens in labels; `ret` in lower case. */
ptn_rc_t ptn_dir_domain_parse(ptn_str_t s, ptn_dir_addr_t *ret);


/*
 * Words by which a user or an alias is found, within a write: those of the
 * address and, of a user, of its name.  A disabled user has none.
 */
ptn_rc_t ptn_dir_words_add(ptn_directory_t *dir, uint64_t domain,
    ptn_str_t address, ptn_str_t display);
ptn_rc_t ptn_dir_words_delete(ptn_directory_t *dir, ptn_str_t address);

/*
 * For comparison: compatibility forms, case and diacritics folded, what is no
 * letter or digit a single space.  At most PTN_DIR_FOLD_MAX bytes of it.
 */
#define PTN_DIR_FOLD_MAX  1024
ptn_rc_t ptn_dir_fold(ptn_str_t s, u_char out[PTN_DIR_FOLD_MAX],
    size_t *ret_len);

/* EEXIST: a group has the address.  OK: none. */
ptn_rc_t ptn_group_taken(ptn_directory_t *dir, ptn_str_t address);
/* Within a write: who is not there any more is in no group. */
ptn_rc_t ptn_group_forget(ptn_directory_t *dir, uint64_t id);

/* The user in the current row of a statement with PTN_DIR_USER_COLUMNS. */
ptn_rc_t ptn_user_row(ptn_pool_t *pool, sqlite3_stmt *st, ptn_user_t *ret);
ptn_rc_t ptn_user_touch(ptn_directory_t *dir, uint64_t id);
ptn_rc_t ptn_user_id(ptn_directory_t *dir, ptn_str_t address, uint64_t *ret);
ptn_rc_t ptn_user_dup(ptn_pool_t *pool, const ptn_user_t *user,
    ptn_user_t *ret);

/* The user and its domain may be used.  EDENIED: not. */
ptn_rc_t ptn_user_active(ptn_directory_t *dir, uint64_t id);

/* Of a valid name; no pool. */
ptn_rc_t ptn_domain_id(ptn_directory_t *dir, ptn_str_t name,
    uint64_t *ret_id, bool *ret_disabled);

/* Of the domain that a list is asked for; 0: of all (`name` is empty).
 * ENOTFOUND: it is none of ours. */
ptn_rc_t ptn_domain_listed(ptn_directory_t *dir, ptn_str_t name,
    uint64_t *ret_id);


#endif /* PTN_DIR_DB_H */
