/*
 * Is this the schema of a mailbox?  A file may come from elsewhere: triggers,
 * views, expressions in indexes or defaults, tables that only look like ours
 * are code that would run in the server.  So every object of the file is
 * compared with those of a database that was just made by our own statements,
 * of our version and of each one before, and a file that has one more, one
 * less or another one is not opened (ECORRUPT).  Nothing of the file but
 * sqlite_schema is read before that.
 *
 * A file of a version that is to come has objects that we do not know; it is
 * told from a hostile one by meta.v_schema, where meta is an ordinary table.
 */

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "ptn_mailbox.h"


#define PTN_SCHEMA_OBJECTS                                                    \
    "SELECT type, name, tbl_name, sql FROM sqlite_schema"                     \
    " WHERE name NOT IN ('sqlite_stat1', 'sqlite_stat4') ORDER BY type, name"


static ptn_rc_t
ptn_schema_hash(ptn_mbox_t *mb, u_char hash[32])
{
    int            i;
    u_char         sep;
    ptn_rc_t       rc;
    ptn_str_t      s;
    EVP_MD_CTX    *h;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(mb->db, PTN_SCHEMA_OBJECTS, -1, &st, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(mb->db));
    }

    h = EVP_MD_CTX_new();

    if (h == NULL || EVP_DigestInit_ex(h, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(h);
        sqlite3_finalize(st);
        return PTN_ENOMEM;
    }

    while ((rc = ptn_sql_step(mb, st)) == PTN_AGAIN) {
        for (i = 0; i < 4; i++) {
            s = ptn_sql_column(st, i);
            sep = (u_char) sqlite3_column_type(st, i);
            EVP_DigestUpdate(h, &sep, 1);
            EVP_DigestUpdate(h, s.len ? s.data : (u_char *) "", s.len);
            EVP_DigestUpdate(h, "", 1);
        }
    }

    EVP_DigestFinal_ex(h, hash, NULL);
    EVP_MD_CTX_free(h);
    sqlite3_finalize(st);

    return rc;
}


/* An empty database of `version` in memory. */

static ptn_rc_t
ptn_schema_model(ptn_store_t *store, int64_t version, ptn_mbox_t **ret)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = calloc(1, sizeof(ptn_mbox_t));
    if (mb == NULL) {
        return PTN_ENOMEM;
    }

    mb->store = store;
    mb->address = "";
    mb->lock_fd = -1;
    mb->epoch.fd = -1;

    rc = ptn_sql_open(mb, ":memory:", true);

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(mb, "BEGIN");
    }

    if (rc == PTN_OK) {
        rc = ptn_schema_make(mb, version);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(mb, "COMMIT");
    }

    if (rc != PTN_OK) {
        ptn_sql_close(mb);
        free(mb);
        return rc;
    }

    *ret = mb;

    return PTN_OK;
}


static void
ptn_schema_model_done(ptn_mbox_t *mb)
{
    ptn_sql_close(mb);
    free(mb);
}


/* The hash of `version`, made when it is first wanted: most files are ours. */

static ptn_rc_t
ptn_schema_learn(ptn_store_t *store, int64_t version)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *model;

    if (store->schema_known & 1U << version) {
        return PTN_OK;
    }

    rc = ptn_schema_model(store, version, &model);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_schema_hash(model, store->schema[version]);
    ptn_schema_model_done(model);

    if (rc == PTN_OK) {
        store->schema_known |= 1U << version;
    }

    return rc;
}


/* Of a version that is to come, if nothing of it can run by itself. */

static ptn_rc_t
ptn_schema_later(ptn_mbox_t *mb)
{
    int64_t   n;
    ptn_rc_t  rc;

    rc = ptn_sql_number(mb, "SELECT count(*) FROM sqlite_schema"
                        " WHERE type NOT IN ('table', 'index')"
                        " OR sql LIKE '%virtual%' OR (name='meta'"
                        " AND substr(sql, 1, 19)<>'CREATE TABLE meta (')",
                        &n);

    if (rc == PTN_OK && n == 0) {
        rc = ptn_sql_number(mb, "SELECT v_schema FROM meta", &n);

        if (rc == PTN_OK && n > PTN_SCHEMA_VERSION) {
            return PTN_EVERSION;
        }
    }

    return (rc == PTN_ENOMEM || rc == PTN_EIO || rc == PTN_EBUSY)
           ? rc : PTN_ECORRUPT;
}


ptn_rc_t
ptn_schema_known(ptn_mbox_t *mb, int64_t *ret_version)
{
    u_char        hash[32];
    int64_t       version;
    ptn_rc_t      rc;
    ptn_store_t  *store;

    store = mb->store;
    rc = ptn_schema_hash(mb, hash);

    for (version = PTN_SCHEMA_VERSION; rc == PTN_OK && version >= 1;
         version--)
    {
        rc = ptn_schema_learn(store, version);

        if (rc == PTN_OK && memcmp(store->schema[version], hash, 32) == 0) {
            *ret_version = version;
            return PTN_OK;
        }
    }

    return (rc == PTN_OK) ? ptn_schema_later(mb) : rc;
}


/* ---- what is wrong with it --------------------------------------------- */

static bool
ptn_schema_has(ptn_mbox_t *mb, ptn_str_t type, ptn_str_t name, ptn_str_t sql)
{
    bool           has;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(mb->db, "SELECT 1 FROM sqlite_schema WHERE type=?1"
                           " AND name=?2 AND coalesce(sql,'')=?3", -1, &st,
                           NULL)
        != SQLITE_OK)
    {
        return false;
    }

    ptn_sql_text(st, 1, type);
    ptn_sql_text(st, 2, name);
    ptn_sql_text(st, 3, sql);
    has = (ptn_sql_step(mb, st) == PTN_AGAIN);
    sqlite3_finalize(st);

    return has;
}


/* Objects of `a` that are not in `b`. */

static ptn_rc_t
ptn_schema_compare(ptn_mbox_t *a, ptn_mbox_t *b, const char *what,
    void (*report)(void *ctx, const char *line), void *ctx)
{
    char           line[256];
    ptn_rc_t       rc;
    ptn_str_t      type, name, sql;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(a->db, PTN_SCHEMA_OBJECTS, -1, &st, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(a->db));
    }

    while ((rc = ptn_sql_step(a, st)) == PTN_AGAIN) {
        type = ptn_sql_column(st, 0);
        name = ptn_sql_column(st, 1);
        sql = ptn_sql_column(st, 3);

        if (!ptn_schema_has(b, type, name, sql)) {
            snprintf(line, sizeof(line), "schema: %s: %.*s %.*s", what,
                     (int) ptn_min(type.len, (size_t) 16),
                     (char *) type.data, (int) ptn_min(name.len, (size_t) 64),
                     (char *) name.data);
            report(ctx, line);
        }
    }

    sqlite3_finalize(st);

    return rc;
}


ptn_rc_t
ptn_schema_explain(ptn_mbox_t *mb,
    void (*report)(void *ctx, const char *line), void *ctx)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *model;

    rc = ptn_schema_model(mb->store, PTN_SCHEMA_VERSION, &model);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_schema_compare(mb, model, "does not belong", report, ctx);

    if (rc == PTN_OK) {
        rc = ptn_schema_compare(model, mb, "missing", report, ctx);
    }

    ptn_schema_model_done(model);

    return rc;
}
