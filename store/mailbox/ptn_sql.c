/*
 * SQLite as the mailbox uses it (DESIGN 3, "SQLite rules").
 */

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "ptn_words.h"


ptn_rc_t
ptn_sql_rc(int rc)
{
    switch (rc & 0xff) {

    case SQLITE_OK:
    case SQLITE_DONE:
        return PTN_OK;

    case SQLITE_ROW:
        return PTN_AGAIN;

    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return PTN_EBUSY;

    case SQLITE_NOMEM:
        return PTN_ENOMEM;

    case SQLITE_FULL:
        return PTN_ENOSPC;

    case SQLITE_IOERR:
        return (rc == SQLITE_IOERR_NOMEM) ? PTN_ENOMEM
               : (rc == SQLITE_IOERR_SHORT_READ)
               ? PTN_ECORRUPT : PTN_EIO;        /* cut, not unreadable */

    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
        return PTN_EIO;

    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
        return PTN_ECORRUPT;

    case SQLITE_TOOBIG:
        return PTN_ETOOBIG;
    }

    return PTN_EINTERNAL;
}


/*
 * After some errors SQLite has rolled back the whole transaction by itself
 * (NOMEM, FULL, IOERR, ...): the batch, with the work of other jobs, is gone.
 */

static ptn_rc_t
ptn_sql_failed(ptn_mbox_t *mb, int sqlite_rc)
{
    ptn_rc_t  rc;

    rc = ptn_sql_rc(sqlite_rc);

    if (rc == PTN_OK || rc == PTN_AGAIN) {
        rc = PTN_EINTERNAL;
    }

    ptn_log(mb->store->log, PTN_LOG_DEBUG, "mailbox=%s sqlite=%d error=\"%s\"",
            mb->address, sqlite3_extended_errcode(mb->db),
            sqlite3_errmsg(mb->db));

    if (mb->batch && sqlite3_get_autocommit(mb->db)) {
        mb->lost = rc;
    }

    return rc;
}


sqlite3_stmt *
ptn_sql(ptn_mbox_t *mb, ptn_sql_e sql, ptn_rc_t *ret_rc)
{
    int            rc;
    sqlite3_stmt  *st;

    st = mb->stmt[sql];

    if (st != NULL) {
        return st;
    }

    if (mb->db == NULL) {
        *ret_rc = PTN_EUNAVAIL;
        return NULL;
    }

    rc = sqlite3_prepare_v3(mb->db, ptn_sql_text_of[sql], -1,
                            SQLITE_PREPARE_PERSISTENT, &st, NULL);

    if (rc != SQLITE_OK) {
        *ret_rc = ptn_sql_failed(mb, rc);
        return NULL;
    }

    mb->stmt[sql] = st;

    return st;
}


ptn_rc_t
ptn_sql_step(ptn_mbox_t *mb, sqlite3_stmt *st)
{
    int  rc;

    rc = sqlite3_step(st);

    if (rc == SQLITE_ROW) {
        return PTN_AGAIN;
    }

    if (rc == SQLITE_DONE) {
        sqlite3_reset(st);
        return PTN_OK;
    }

    rc = sqlite3_extended_errcode(mb->db);
    sqlite3_reset(st);

    return ptn_sql_failed(mb, rc);
}


ptn_rc_t
ptn_sql_run(ptn_mbox_t *mb, ptn_sql_e sql, int n, ...)
{
    int            i;
    va_list        ap;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    st = ptn_sql(mb, sql, &rc);
    if (st == NULL) {
        return rc;
    }

    va_start(ap, n);

    for (i = 1; i <= n; i++) {
        sqlite3_bind_int64(st, i, (sqlite3_int64) va_arg(ap, uint64_t));
    }

    va_end(ap);

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    return rc;
}


ptn_rc_t
ptn_sql_exec(ptn_mbox_t *mb, const char *text)
{
    int  rc;

    rc = sqlite3_exec(mb->db, text, NULL, NULL, NULL);

    return rc == SQLITE_OK ? PTN_OK
                           : ptn_sql_failed(mb,
                                            sqlite3_extended_errcode(mb->db));
}


ptn_rc_t
ptn_sql_number(ptn_mbox_t *mb, const char *text, int64_t *ret)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(mb->db, text, -1, &st, NULL) != SQLITE_OK) {
        return ptn_sql_failed(mb, sqlite3_extended_errcode(mb->db));
    }

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        *ret = sqlite3_column_int64(st, 0);
        rc = PTN_OK;

    } else if (rc == PTN_OK) {
        rc = PTN_ENOTFOUND;
    }

    sqlite3_finalize(st);

    return rc;
}


void
ptn_sql_text(sqlite3_stmt *st, int i, ptn_str_t s)
{
    sqlite3_bind_text64(st, i, s.len ? (const char *) s.data : "", s.len,
                        SQLITE_STATIC, SQLITE_UTF8);
}


void
ptn_sql_blob(sqlite3_stmt *st, int i, ptn_str_t s)
{
    if (s.len == 0) {
        sqlite3_bind_null(st, i);
        return;
    }

    sqlite3_bind_blob64(st, i, s.data, s.len, SQLITE_STATIC);
}


ptn_str_t
ptn_sql_column(sqlite3_stmt *st, int i)
{
    const void  *p;

    p = (sqlite3_column_type(st, i) == SQLITE_TEXT)
        ? (const void *) sqlite3_column_text(st, i)
        : sqlite3_column_blob(st, i);

    return ptn_str_make(p, p ? (size_t) sqlite3_column_bytes(st, i) : 0);
}


/* Waiting for another writer: short steps, for commits take under 1 ms. */

static int
ptn_sql_busy(void *data, int n)
{
    useconds_t   us;
    ptn_mbox_t  *mb = data;

    us = (n < 20) ? 100 : (n < 60) ? 500 : 2000;

    if (n >= 60 + PTN_BUSY_MS / 2) {
        return 0;
    }

    /* who holds other mailboxes does not wait for one out of order */

    if (mb->no_wait) {
        return 0;
    }

    usleep(us);

    return 1;
}


static int
ptn_sql_wal_hook(void *data, sqlite3 *db PTN_UNUSED,
    const char *name PTN_UNUSED, int pages)
{
    ptn_mbox_t  *mb = data;

    mb->wal = (uint64_t) pages * (PTN_PAGE + 24);

    return SQLITE_OK;
}


static ptn_rc_t
ptn_sql_configure(ptn_mbox_t *mb)
{
    int       off;
    ptn_rc_t  rc;

    sqlite3_extended_result_codes(mb->db, 1);
    sqlite3_busy_handler(mb->db, ptn_sql_busy, mb);
    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_DEFENSIVE, 1, &off);
    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &off);
    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_DQS_DML, 0, &off);
    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_DQS_DDL, 0, &off);
    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &off);
    sqlite3_db_config(mb->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 512, 64);

    rc = ptn_sql_exec(mb,
                      "PRAGMA cell_size_check=1;"
                      "PRAGMA cache_size=-1024;"
                      "PRAGMA mmap_size=0;"
                      "PRAGMA temp_store=MEMORY;"
                      "PRAGMA foreign_keys=0;"
                      "PRAGMA journal_mode=WAL;"
                      "PRAGMA wal_autocheckpoint=0;"
                      "PRAGMA journal_size_limit=67108864;");
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_words_register(mb->db);

    if (rc == PTN_OK) {
        rc = ptn_scan_register(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    sqlite3_wal_hook(mb->db, ptn_sql_wal_hook, mb);

    rc = ptn_sql_exec(mb, mb->store->conf->fsync
                          ? "PRAGMA synchronous=FULL"
                          : "PRAGMA synchronous=OFF");

    /* a database in memory knows nothing of it, nor needs to */

    if (rc == PTN_OK && mb->store->conf->fsync) {
        (void) sqlite3_file_control(mb->db, "main", PTN_IO_FCNTL_GATHER, mb);
    }

    return rc;
}


ptn_rc_t
ptn_sql_open(ptn_mbox_t *mb, const char *path, bool create)
{
    int       rc, flags;
    ptn_rc_t  prc;

    flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
            | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;

    if (create) {
        flags |= SQLITE_OPEN_CREATE;
    }

    rc = sqlite3_open_v2(path, &mb->db, flags, mb->store->vfs);

    if (rc != SQLITE_OK) {
        sqlite3_close_v2(mb->db);
        mb->db = NULL;
        return ptn_sql_rc(rc);
    }

    prc = ptn_sql_configure(mb);

    if (prc != PTN_OK) {
        ptn_sql_close(mb);
    }

    return prc;
}


void
ptn_sql_close(ptn_mbox_t *mb)
{
    unsigned  i;

    for (i = 0; i < PTN_SQL_MAX; i++) {
        sqlite3_finalize(mb->stmt[i]);
        mb->stmt[i] = NULL;
    }

    if (mb->db != NULL) {
        sqlite3_close_v2(mb->db);
        mb->db = NULL;
    }

    mb->wal = 0;
}
