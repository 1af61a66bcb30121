#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ptn_dir_db.h"
#include "ptn_io.h"


#define PTN_DIR_DB_BUSY        5000     /* ms */
#define PTN_DIR_DB_WAL_PAGES   1000     /* then a checkpoint */
#define PTN_DIR_DB_WAL_KEPT    (256 * 1024)     /* bytes, when closed */

static const char  *ptn_dir_db_sql[] = {
#define PTN_DIR_STMT_SQL(name, sql)  sql,
    PTN_DIR_STMTS(PTN_DIR_STMT_SQL)
#undef PTN_DIR_STMT_SQL
};


ptn_rc_t
ptn_dir_db_rc(int rc)
{
    static const struct {
        int       sqlite;
        ptn_rc_t  rc;
    } map[] = {
        { SQLITE_OK,         PTN_OK },
        { SQLITE_DONE,       PTN_OK },
        { SQLITE_ROW,        PTN_OK },
        { SQLITE_CONSTRAINT, PTN_EEXIST },
        { SQLITE_BUSY,       PTN_EBUSY },
        { SQLITE_LOCKED,     PTN_EBUSY },
        { SQLITE_FULL,       PTN_ENOSPC },
        { SQLITE_NOMEM,      PTN_ENOMEM },
        { SQLITE_IOERR,      PTN_EIO },
        { SQLITE_CORRUPT,    PTN_ECORRUPT },
        { SQLITE_NOTADB,     PTN_ECORRUPT },
        { SQLITE_TOOBIG,     PTN_ETOOBIG },
    };

    size_t  i;

    if (rc == SQLITE_IOERR_NOMEM) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < ptn_nelts(map); i++) {
        if (map[i].sqlite == (rc & 0xff)) {
            return map[i].rc;
        }
    }

    return PTN_EUNAVAIL;
}


ptn_rc_t
ptn_dir_db_stmt(ptn_directory_t *dir, ptn_dir_stmt_e id,
    sqlite3_stmt **ret_st)
{
    int  rc;

    if (dir->stmt[id] == NULL) {
        rc = sqlite3_prepare_v3(dir->db, ptn_dir_db_sql[id], -1,
                                SQLITE_PREPARE_PERSISTENT, &dir->stmt[id],
                                NULL);
        if (rc != SQLITE_OK) {
            return ptn_dir_db_rc(rc);
        }
    }

    *ret_st = dir->stmt[id];

    return PTN_OK;
}


void
ptn_dir_db_done(sqlite3_stmt **st)
{
    if (*st != NULL) {
        sqlite3_reset(*st);
        sqlite3_clear_bindings(*st);
        *st = NULL;
    }
}


int
ptn_dir_db_bind(sqlite3_stmt *st, int i, ptn_str_t s)
{
    /* never NULL: an empty string is not SQL's NULL */

    return sqlite3_bind_text64(st, i, s.len ? (const char *) s.data : "",
                               s.len, SQLITE_STATIC, SQLITE_UTF8);
}


ptn_str_t
ptn_dir_db_text(ptn_pool_t *pool, sqlite3_stmt *st, int i)
{
    const u_char  *p;

    p = sqlite3_column_text(st, i);

    return ptn_str_dup(pool, ptn_str_make(p, p == NULL ? 0
                                      : (size_t) sqlite3_column_bytes(st, i)));
}


ptn_rc_t
ptn_dir_db_run(sqlite3_stmt *st)
{
    int  rc;

    do {
        rc = sqlite3_step(st);
    } while (rc == SQLITE_ROW);

    return ptn_dir_db_rc(rc);
}


ptn_rc_t
ptn_dir_db_row(sqlite3_stmt *st)
{
    int  rc;

    rc = sqlite3_step(st);

    return (rc == SQLITE_DONE) ? PTN_ENOTFOUND : ptn_dir_db_rc(rc);
}


ptn_rc_t
ptn_dir_db_exec(ptn_directory_t *dir, ptn_dir_stmt_e id)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, id, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_dir_db_run(st);
}


/*
 * An OFD lock belongs to our open file, so it also parts our threads.  Most
 * are held for a few hundred microseconds.
 */

static ptn_rc_t
ptn_dir_db_lock(ptn_directory_t *dir, uint64_t wait_ms)
{
    uint64_t         end;
    struct flock     fl;
    struct timespec  ts = { 0, 50000 };

    memset(&fl, 0, sizeof(struct flock));
    fl.l_type = F_WRLCK;
    fl.l_whence = SEEK_SET;

    end = ptn_time_mono() + wait_ms;

    while (fcntl(dir->lock_fd, F_OFD_SETLK, &fl) == -1) {

        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            return PTN_EIO;
        }

        if (ptn_time_mono() >= end) {
            return PTN_EBUSY;
        }

        nanosleep(&ts, NULL);
        ts.tv_nsec = ptn_min(ts.tv_nsec * 2, 1000000L);
    }

    return PTN_OK;
}


static void
ptn_dir_db_unlock(ptn_directory_t *dir)
{
    struct flock  fl;

    memset(&fl, 0, sizeof(struct flock));
    fl.l_type = F_UNLCK;
    fl.l_whence = SEEK_SET;

    (void) fcntl(dir->lock_fd, F_OFD_SETLK, &fl);
}


ptn_rc_t
ptn_dir_db_begin(ptn_directory_t *dir)
{
    ptn_rc_t  rc;

    if (dir->broken) {
        return PTN_EUNAVAIL;
    }

    rc = ptn_dir_db_lock(dir, PTN_DIR_DB_BUSY);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_exec(dir, PTN_DIR_BEGIN);
    if (rc != PTN_OK) {
        ptn_dir_db_unlock(dir);
    }

    return rc;
}


ptn_rc_t
ptn_dir_db_end(ptn_directory_t *dir, ptn_rc_t rc)
{
    int  code;

    if (rc == PTN_OK) {
        rc = ptn_dir_db_exec(dir, PTN_DIR_COMMIT);

        if (rc != PTN_OK) {
            code = sqlite3_extended_errcode(dir->db);

            /* what a failed sync left behind is not known: write no more */

            dir->broken = code == SQLITE_IOERR_FSYNC
                          || code == SQLITE_IOERR_DIR_FSYNC;
        }
    }

    if (rc != PTN_OK && !sqlite3_get_autocommit(dir->db)) {
        (void) ptn_dir_db_exec(dir, PTN_DIR_ROLLBACK);
    }

    /* data_version does not tell of our own changes */

    ptn_dir_cache_clear(dir);

    if (rc == PTN_OK && dir->wal_pages > PTN_DIR_DB_WAL_PAGES) {

        /* a reader may keep it from finishing: then the next one does */

        if (sqlite3_wal_checkpoint_v2(dir->db, NULL,
                                      SQLITE_CHECKPOINT_PASSIVE, NULL, NULL)
            == SQLITE_IOERR_FSYNC)
        {
            dir->broken = true;
        }

        dir->wal_pages = 0;
    }

    ptn_dir_db_unlock(dir);

    return rc;
}


ptn_rc_t
ptn_dir_db_generation(ptn_directory_t *dir, uint64_t *ret)
{
    ptn_rc_t                                    rc;
    PTN_CLEAN_UP(ptn_dir_db_done) sqlite3_stmt  *st = NULL;

    rc = ptn_dir_db_stmt(dir, PTN_DIR_GENERATION, &st);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_row(st);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret = (uint64_t) sqlite3_column_int64(st, 0);

    return ptn_dir_db_run(st);
}


static int
ptn_dir_db_wal_hook(void *data, sqlite3 *db PTN_UNUSED,
    const char *name PTN_UNUSED, int pages)
{
    ptn_directory_t  *dir = data;

    dir->wal_pages = pages;

    return SQLITE_OK;
}


ptn_rc_t
ptn_dir_db_pragma(ptn_directory_t *dir, const char *sql, int64_t *ret)
{
    int            rc;
    sqlite3_stmt  *st;

    rc = sqlite3_prepare_v2(dir->db, sql, -1, &st, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_step(st);

        if (rc == SQLITE_ROW) {
            *ret = sqlite3_column_int64(st, 0);
        }

        sqlite3_finalize(st);
    }

    return ptn_dir_db_rc(rc);
}


static ptn_rc_t
ptn_dir_db_connect(ptn_directory_t *dir, bool create)
{
    int       rc, flags;
    ptn_rc_t  prc;

    flags = SQLITE_OPEN_READWRITE|SQLITE_OPEN_NOMUTEX;
    flags |= create ? SQLITE_OPEN_CREATE : 0;

    rc = sqlite3_open_v2(dir->path, &dir->db, flags,
                         sqlite3_vfs_find("ptn") != NULL ? "ptn" : NULL);
    if (rc != SQLITE_OK) {
        return ptn_dir_db_rc(rc);
    }

    sqlite3_extended_result_codes(dir->db, 1);
    sqlite3_busy_timeout(dir->db, PTN_DIR_DB_BUSY);
    sqlite3_wal_hook(dir->db, ptn_dir_db_wal_hook, dir);

    sqlite3_db_config(dir->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(dir->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(dir->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_db_config(dir->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);

    rc = sqlite3_exec(dir->db, "PRAGMA journal_mode = WAL;"
                      "PRAGMA synchronous = FULL;"
                      "PRAGMA cell_size_check = ON;"
                      "PRAGMA cache_size = -1024", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        return ptn_dir_db_rc(rc);
    }

    prc = ptn_dir_schema(dir, create);
    if (prc != PTN_OK) {
        return prc;
    }

    dir->ours = true;

    return ptn_dir_db_pragma(dir, "PRAGMA data_version", &dir->data_version);
}


/* ROOT and an empty file that nobody else may read. */

static ptn_rc_t
ptn_dir_db_make(const ptn_conf_t *conf, const char *path)
{
    int   fd;
    char  parent[4096];

    if (conf->root == NULL || mkdir(conf->root, 0700) == 0) {

        /* the name of ROOT; what is below is SQLite's affair */

        if (conf->root != NULL
            && (size_t) snprintf(parent, sizeof(parent), "%s/..", conf->root)
               < sizeof(parent))
        {
            (void) ptn_io_posix.sync_dir(&ptn_io_posix, parent,
                                         PTN_IO_DB_DIR);
        }

    } else if (errno != EEXIST) {
        return (errno == ENOSPC) ? PTN_ENOSPC : PTN_EUNAVAIL;
    }

    /* only a file that did not exist is opened beside SQLite */

    fd = open(path, O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600);

    if (fd != -1) {
        close(fd);

    } else if (errno != EEXIST) {
        return (errno == ENOSPC) ? PTN_ENOSPC : PTN_EUNAVAIL;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_dir_db_open(ptn_directory_t *dir, const ptn_conf_t *conf, bool create)
{
    char      lock[4096];
    ptn_rc_t  rc;

    if (create) {
        rc = ptn_dir_db_make(conf, dir->path);
        if (rc != PTN_OK) {
            return rc;
        }

    } else if (access(dir->path, F_OK) == -1) {
        return (errno == ENOENT || errno == ENOTDIR) ? PTN_ENOTFOUND
                                                     : PTN_EUNAVAIL;
    }

    if ((size_t) snprintf(lock, sizeof(lock), "%s.lock", dir->path)
        >= sizeof(lock))
    {
        return PTN_EINVAL;
    }

    dir->lock_fd = open(lock, O_RDWR|O_CREAT|O_CLOEXEC, 0600);
    if (dir->lock_fd == -1) {
        return PTN_EUNAVAIL;
    }

    rc = ptn_dir_db_lock(dir, PTN_DIR_DB_BUSY);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_dir_db_connect(dir, create);

    ptn_dir_db_unlock(dir);

    return rc;
}


ptn_rc_t
ptn_directory_open(const ptn_conf_t *conf, bool create,
    ptn_directory_t **ret_dir)
{
    int               n;
    ptn_rc_t          rc;
    ptn_directory_t  *dir;

    if (conf->root == NULL && conf->directory == NULL) {
        return PTN_EINVAL;
    }

    dir = calloc(1, sizeof(ptn_directory_t));
    if (dir == NULL) {
        return PTN_ENOMEM;
    }

    dir->lock_fd = -1;

    if (conf->directory != NULL) {
        n = asprintf(&dir->path, "%s", conf->directory);

    } else {
        n = asprintf(&dir->path, "%s/directory.sqlite", conf->root);
    }

    if (n == -1) {
        dir->path = NULL;
        ptn_directory_close(dir);
        return PTN_ENOMEM;
    }

    rc = ptn_dir_db_open(dir, conf, create);
    if (rc != PTN_OK) {
        ptn_directory_close(dir);
        return rc;
    }

    *ret_dir = dir;

    return PTN_OK;
}


/*
 * Who is the first to open it again reads all of the WAL, while the other
 * processes that start wait for it: a long one is copied and cut off, if
 * nobody is in the way.
 */

static void
ptn_dir_db_trim(ptn_directory_t *dir)
{
    char         wal[4096];
    struct stat  st;

    if (!dir->ours || dir->broken
        || (size_t) snprintf(wal, sizeof(wal), "%s-wal", dir->path)
           >= sizeof(wal)
        || stat(wal, &st) == -1 || st.st_size < PTN_DIR_DB_WAL_KEPT
        || ptn_dir_db_lock(dir, 0) != PTN_OK)
    {
        return;
    }

    sqlite3_busy_timeout(dir->db, 0);
    (void) sqlite3_wal_checkpoint_v2(dir->db, NULL,
                                     SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    ptn_dir_db_unlock(dir);
}


void
ptn_directory_close(ptn_directory_t *dir)
{
    size_t  i;

    if (dir == NULL) {
        return;
    }

    ptn_dir_cache_clear(dir);

    for (i = 0; i < PTN_DIR_STMT_MAX; i++) {
        sqlite3_finalize(dir->stmt[i]);
    }

    ptn_dir_db_trim(dir);
    sqlite3_close(dir->db);

    if (dir->lock_fd != -1) {
        close(dir->lock_fd);
    }

    free(dir->path);
    free(dir);
}
