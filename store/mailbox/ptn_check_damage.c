/*
 * ptn_mbox_check(repair): what was lost is replaced by what is left, before
 * the rules count anything.
 *
 *   special folders    made anew, empty
 *   bags               emptied; they are derived again from the content
 *   large properties   dropped with the blob that had them
 *   objects            dropped; the MIME form is the truth then
 *   contents           the message as far as it can be read, missing parts
 *                      as zeros; else its header, as the item has it.  The
 *                      message gets the keyword $Damaged.
 */

#include <openssl/evp.h>
#include <stdio.h>

#include "ptn_check.h"
#include "ptn_item.h"
#include "ptn_ops.h"
#include "ptn_skeleton.h"


#define PTN_CHECK_KEYWORD  "$Damaged"
#define PTN_CHECK_LOST                                                        \
    "\r\nThe content of this message was lost when its mailbox was damaged."  \
    "\r\n"

typedef struct {
    ptn_mbox_t  *mb;
    ptn_buf_t   *buf;
    ptn_rc_t     failed;        /* of a part that is there, maybe */
} ptn_damage_sink_t;


static ptn_rc_t
ptn_damage_folders(ptn_check_t *check)
{
    int       i, max, special;
    char      text[128];
    bool      public;
    int64_t   n;
    ptn_rc_t  rc;

    public = (check->mb->kind == PTN_MBOX_PUBLIC);
    max = public ? (int) PTN_PUBLIC_MAX : (int) PTN_FOLDER_MAX;

    for (i = 1, rc = PTN_OK; i < max && rc == PTN_OK; i++) {
        special = (public && i > (int) PTN_PUBLIC_IPM_SUBTREE)
                  ? PTN_PUBLIC_SPECIAL + i : i;
        snprintf(text, sizeof(text), "SELECT count(*) FROM folder WHERE id=%d"
                 " AND special=%d", i, special);
        rc = ptn_sql_number(check->mb, text, &n);

        if (rc == PTN_OK && n == 1) {       /* others are not that one */
            snprintf(text, sizeof(text), "UPDATE folder SET special=0"
                     " WHERE special=%d AND id<>%d", special, i);
            rc = ptn_sql_exec(check->mb, text);
            continue;
        }

        if (rc != PTN_OK) {
            break;
        }

        ptn_check_found(check, true, "special folder %d made anew", i);
        check->renew = true;
        snprintf(text, sizeof(text), "DELETE FROM folder WHERE id=%d;"
                 "UPDATE folder SET special=0 WHERE special=%d", i, special);
        rc = ptn_sql_exec(check->mb, text);

        if (rc == PTN_OK) {
            rc = ptn_folder_make_one(check->mb, check->mb->locale,
                                     (ptn_folder_special_e) i, true);
        }
    }

    return rc;
}


/* ---- blobs that are not what their names say ---------------------------- */

static ptn_rc_t
ptn_damage_blob(ptn_check_t *check, const u_char sha256[32], bool *ret_good)
{
    char      path[PTN_BLOB_PATH];
    ptn_rc_t  rc;
    uint64_t  size;

    rc = ptn_blob_path(check->mb, sha256, path, sizeof(path));

    if (rc == PTN_OK) {         /* as it is, or packed */
        rc = ptn_blob_file_is(check->mb->store, path, sha256, &size);
    }

    *ret_good = (rc == PTN_OK);

    return ptn_check_later(rc) ? rc : PTN_OK;
}


/* Fills temp.bad with the names of those. */

static ptn_rc_t
ptn_damage_blobs(ptn_check_t *check)
{
    bool           good;
    ptn_rc_t       rc;
    ptn_str_t      sha;
    sqlite3_stmt  *st, *add;

    rc = ptn_sql_exec(check->mb,
                      "CREATE TEMP TABLE IF NOT EXISTS bad"
                      " (sha256 BLOB PRIMARY KEY);"
                      "CREATE TEMP TABLE IF NOT EXISTS damaged"
                      " (content INTEGER PRIMARY KEY);"
                      "DELETE FROM temp.bad; DELETE FROM temp.damaged");
    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_prepare_v2(check->mb->db, "SELECT sha256 FROM blob", -1, &st,
                           NULL) != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    if (sqlite3_prepare_v2(check->mb->db, "INSERT OR IGNORE INTO temp.bad"
                           " VALUES (?1)", -1, &add, NULL) != SQLITE_OK)
    {
        sqlite3_finalize(st);
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        sha = ptn_sql_column(st, 0);
        good = false;
        rc = PTN_OK;

        if (sha.len == 32) {
            rc = ptn_damage_blob(check, sha.data, &good);
        }

        if (rc == PTN_OK && !good) {
            ptn_sql_blob(add, 1, sha);
            rc = ptn_sql_step(check->mb, add);
        }

        if (rc != PTN_OK) {
            break;
        }
    }

    sqlite3_finalize(st);
    sqlite3_finalize(add);

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(check->mb, "DELETE FROM blob WHERE length(sha256)"
                                     "<>32 OR typeof(sha256)<>'blob'");
    }

    return rc;
}


/* Does temp.bad have one of these names? */

static bool
ptn_damage_is_bad(ptn_check_t *check, ptn_str_t names, size_t from,
    size_t step)
{
    bool           bad;
    size_t         i;
    sqlite3_stmt  *st;

    if (names.len == 0
        || sqlite3_prepare_v2(check->mb->db, "SELECT 1 FROM temp.bad"
                              " WHERE sha256=?1", -1, &st, NULL)
           != SQLITE_OK)
    {
        return false;
    }

    for (i = from, bad = false; i + 32 <= names.len && !bad; i += step) {
        sqlite3_bind_blob(st, 1, names.data + i, 32, SQLITE_STATIC);
        bad = (sqlite3_step(st) == SQLITE_ROW);
        sqlite3_reset(st);
    }

    sqlite3_finalize(st);

    return bad;
}


/* ---- items, objects ----------------------------------------------------- */

static ptn_rc_t
ptn_damage_run(ptn_check_t *check, const char *text, int64_t id)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, text, -1, &st, NULL) != SQLITE_OK) {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    sqlite3_bind_int64(st, 1, id);
    rc = ptn_sql_step(check->mb, st);
    sqlite3_finalize(st);

    return rc;
}


static ptn_rc_t
ptn_damage_large(ptn_check_t *check, ptn_str_t large, bool *ret_bad)
{
    size_t     i;
    bool       good;
    ptn_rc_t   rc;

    rc = PTN_OK;
    good = (large.len % PTN_ITEM_LARGE == 0);

    for (i = 0; i < large.len && good && rc == PTN_OK; i += PTN_ITEM_LARGE) {
        rc = ptn_damage_blob(check, large.data + i + 12, &good);
    }

    *ret_bad = !good;

    return rc;
}


static ptn_rc_t
ptn_damage_items(ptn_check_t *check)
{
    bool           bad;
    int64_t        id;
    ptn_rc_t       rc;
    ptn_bag_t      bag;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT id, bag, large FROM item"
                           " WHERE bag IS NOT NULL OR large IS NOT NULL", -1,
                           &st, NULL) != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        id = sqlite3_column_int64(st, 0);
        rc = ptn_damage_large(check, ptn_sql_column(st, 2), &bad);

        if (rc == PTN_OK
            && ptn_bag_open(ptn_sql_column(st, 1), &bag) != PTN_OK)
        {
            ptn_check_found(check, true, "bag of message %lld emptied",
                            (long long) id);
            check->renew = true;
            rc = ptn_damage_run(check, "UPDATE item SET bag=NULL,"
                                " derived=derived & 2 WHERE id=?1", id);
        }

        if (rc == PTN_OK && bad) {
            ptn_check_found(check, true, "large properties of message %lld"
                            " dropped", (long long) id);
            check->renew = true;
            rc = ptn_damage_run(check, "UPDATE item SET large=NULL"
                                " WHERE id=?1", id);
        }

        if (rc != PTN_OK) {
            break;
        }
    }

    sqlite3_finalize(st);

    return rc;
}


static ptn_rc_t
ptn_damage_objects(ptn_check_t *check)
{
    bool           bad;
    int64_t        id;
    ptn_rc_t       rc, got;
    ptn_str_t      file, blobs;
    ptn_stored_t  *stored;
    ptn_object_t  *object;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT content, file, blobs"
                           " FROM object", -1, &st, NULL) != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        id = sqlite3_column_int64(st, 0);
        file = ptn_str_dup(check->pool, ptn_sql_column(st, 1));
        blobs = ptn_str_dup(check->pool, ptn_sql_column(st, 2));
        bad = ptn_damage_is_bad(check, file, 0, 32)
              || ptn_damage_is_bad(check, blobs, 0, 32);
        rc = PTN_OK;

        if (!bad) {
            got = ptn_stored_get(check->mb, check->pool, (ptn_id_t) id,
                                 &stored, &object);
            bad = (got != PTN_OK
                   || !ptn_str_eq(ptn_stored_blobs(stored), blobs));

            if (!bad) {
                got = ptn_stored_data(check->mb, check->pool, stored, object);
                bad = (got != PTN_OK);
            }

            rc = ptn_check_later(got) ? got : PTN_OK;
        }

        if (bad && rc == PTN_OK) {
            ptn_check_found(check, true, "object of content %lld dropped",
                            (long long) id);
            check->renew = true;
            rc = ptn_damage_run(check, "DELETE FROM object WHERE content=?1",
                                id);
        }

        if (rc != PTN_OK) {
            break;
        }

        ptn_pool_reset(check->pool);
    }

    sqlite3_finalize(st);

    return rc;
}


/* ---- contents ----------------------------------------------------------- */

static ptn_rc_t
ptn_damage_find(ptn_check_t *check)
{
    bool           bad;
    int64_t        id;
    ptn_rc_t       rc;
    ptn_str_t      file, blobs, structure;
    sqlite3_stmt  *st;

    rc = ptn_sql_exec(check->mb, "INSERT OR IGNORE INTO temp.damaged"
                      " SELECT content FROM message WHERE content NOT IN"
                      " (SELECT id FROM content)");
    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_prepare_v2(check->mb->db, "SELECT id, size, file, blobs,"
                           " structure, codec FROM content", -1, &st, NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        id = sqlite3_column_int64(st, 0);
        file = ptn_sql_column(st, 2);
        blobs = ptn_str_dup(check->pool, ptn_sql_column(st, 3));
        structure = ptn_str_dup(check->pool, ptn_sql_column(st, 4));
        bad = (file.len != 0 && file.len != 32) || blobs.len % 32 != 0
              || ptn_damage_is_bad(check, file, 0, 32)
              || ptn_damage_is_bad(check, blobs, 0, 32);
        rc = PTN_OK;

        if (!bad) {
            rc = ptn_check_content_good(check, check->pool, (ptn_id_t) id,
                                        ptn_sql_u64(st, 1), blobs, structure,
                                        sqlite3_column_int(st, 5), &bad);
            bad = !bad;
        }

        if (rc == PTN_OK && bad) {
            rc = ptn_damage_run(check, "INSERT OR IGNORE INTO temp.damaged"
                                " VALUES (?1)", id);
        }

        if (rc != PTN_OK) {
            break;
        }

        ptn_pool_reset(check->pool);
    }

    sqlite3_finalize(st);

    return rc;
}


static ptn_rc_t
ptn_damage_sink(void *ctx, const u_char *p, size_t n)
{
    ptn_damage_sink_t  *sink = ctx;

    ptn_buf_add(sink->buf, p, n);

    return (ptn_buf_get(sink->buf).len <= sink->mb->store->conf->message_max)
           ? PTN_OK : PTN_ETOOBIG;
}


/* What of it can be read, then zeros. */

static ptn_rc_t
ptn_damage_part(void *ctx, const u_char sha256[32], uint64_t off, u_char *p,
    size_t n)
{
    size_t              i, step;
    ptn_rc_t            rc;
    ptn_damage_sink_t  *sink = ctx;

    rc = ptn_blob_read(sink->mb, sha256, off, p, n);

    if (rc == PTN_OK || ptn_check_later(rc)) {
        sink->failed = rc;
        return rc;
    }

    memset(p, 0, n);

    for (i = 0; i < n; i += step) {
        step = ptn_min(n - i, (size_t) 4096);
        rc = ptn_blob_read(sink->mb, sha256, off + i, p + i, step);

        if (rc != PTN_OK) {
            memset(p + i, 0, n - i);
            break;
        }
    }

    sink->failed = ptn_check_later(rc) ? rc : PTN_OK;

    return sink->failed;
}


/* Empty: nothing is. */

static ptn_rc_t
ptn_damage_left(ptn_check_t *check, int64_t content, ptn_str_t *ret)
{
    ptn_rc_t            rc;
    ptn_buf_t           buf;
    ptn_cached_t       *c;
    ptn_skeleton_io_t   io;
    ptn_damage_sink_t   sink;

    *ret = ptn_str_make(NULL, 0);
    rc = ptn_content_get(check->mb, (ptn_id_t) content, &c);

    if (rc != PTN_OK) {
        return ptn_check_later(rc) ? rc : PTN_OK;
    }

    if (c->form == PTN_FORM_RAW) {
        *ret = ptn_str_dup(check->pool, ptn_str_make(c->plain, c->len));
        return PTN_OK;
    }

    ptn_buf_init(&buf, check->pool);
    sink.mb = check->mb;
    sink.buf = &buf;
    sink.failed = PTN_OK;
    io.blob = ptn_damage_part;
    io.sink = ptn_damage_sink;
    io.ctx = &sink;
    rc = ptn_skeleton_restore(ptn_str_make(c->plain, c->len), 0, UINT64_MAX,
                              &io);

    if (rc == PTN_OK) {
        *ret = ptn_buf_get(&buf);
    }

    return sink.failed;
}


static void
ptn_damage_header(ptn_buf_t *buf, const char *name, ptn_str_t value)
{
    size_t  i;
    u_char  c;

    if (value.len == 0) {
        return;
    }

    ptn_buf_printf(buf, "%s: ", name);

    for (i = 0; i < value.len && i < 900; i++) {
        c = value.data[i] < 0x20 ? ' ' : value.data[i];
        ptn_buf_add(buf, &c, 1);
    }

    ptn_buf_z(buf, "\r\n");
}


/* Its header as the item of one of its messages has it. */

static ptn_str_t
ptn_damage_made(ptn_check_t *check, int64_t content)
{
    ptn_buf_t      buf;
    sqlite3_stmt  *st;

    ptn_buf_init(&buf, check->pool);

    if (sqlite3_prepare_v2(check->mb->db, "SELECT from_addr, to_names, subject"
                           " FROM message m JOIN item i ON i.id=m.id"
                           " WHERE m.content=?1 LIMIT 1", -1, &st, NULL)
        == SQLITE_OK)
    {
        sqlite3_bind_int64(st, 1, content);

        if (sqlite3_step(st) == SQLITE_ROW) {
            ptn_damage_header(&buf, "From", ptn_sql_column(st, 0));
            ptn_damage_header(&buf, "To", ptn_sql_column(st, 1));
            ptn_damage_header(&buf, "Subject", ptn_sql_column(st, 2));
        }

        sqlite3_finalize(st);
    }

    ptn_buf_z(&buf, "MIME-Version: 1.0\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n"
                    PTN_CHECK_LOST);

    return ptn_buf_get(&buf);
}


static ptn_rc_t
ptn_damage_replace(ptn_check_t *check, int64_t content, unsigned bit)
{
    ptn_id_t       id;
    ptn_rc_t       rc;
    ptn_str_t      raw;
    ptn_mime_t    *mime;
    sqlite3_stmt  *st;
    size_t         i;

    static const char *const  texts[] = {
        "UPDATE message SET content=?2, size=?3, keywords=keywords|(1<<?4)"
            " WHERE content=?1",
        "UPDATE OR REPLACE object SET content=?2 WHERE content=?1",
        "DELETE FROM content WHERE id=?1"
    };

    rc = ptn_damage_left(check, content, &raw);

    if (rc != PTN_OK) {
        return rc;
    }

    if (raw.len == 0) {
        raw = ptn_damage_made(check, content);
    }

    ptn_content_forget(check->mb->store, &check->mb->guid);
    rc = ptn_mime_parse(check->pool, raw, &mime);

    if (rc == PTN_OK) {
        rc = ptn_content_add(check->tx, check->pool, mime, 0, &id);
    }

    for (i = 0; i < ptn_nelts(texts) && rc == PTN_OK; i++) {
        if (sqlite3_prepare_v2(check->mb->db, texts[i], -1, &st, NULL)
            != SQLITE_OK)
        {
            return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
        }

        sqlite3_bind_int64(st, 1, content);
        sqlite3_bind_int64(st, 2, (sqlite3_int64) id);
        sqlite3_bind_int64(st, 3, (sqlite3_int64) raw.len);
        sqlite3_bind_int(st, 4, (int) bit);
        rc = ptn_sql_step(check->mb, st);
        sqlite3_finalize(st);
    }

    ptn_check_found(check, true, "content %lld: %zu bytes are left",
                    (long long) content, raw.len);
    check->renew = true;

    return rc;
}


static ptn_rc_t
ptn_damage_contents(ptn_check_t *check)
{
    int64_t   id, n;
    ptn_rc_t  rc;
    unsigned  bit;

    rc = ptn_sql_exec(check->mb, "DELETE FROM content WHERE id IN"
                      " (SELECT content FROM temp.damaged) AND id NOT IN"
                      " (SELECT content FROM message);"
                      "DELETE FROM temp.damaged WHERE content NOT IN"
                      " (SELECT content FROM message)");

    if (rc == PTN_OK) {
        rc = ptn_sql_number(check->mb, "SELECT count(*) FROM temp.damaged",
                            &n);
    }

    if (rc != PTN_OK || n == 0) {
        return rc;
    }

    bit = 0;
    rc = ptn_keyword_add(check->tx, ptn_str(PTN_CHECK_KEYWORD), &bit);

    if (rc == PTN_ELIMIT) {
        bit = 64;               /* all are taken: 1<<64 is 0 */
        rc = PTN_OK;
    }

    while (rc == PTN_OK) {
        rc = ptn_sql_number(check->mb, "SELECT content FROM temp.damaged"
                            " LIMIT 1", &id);

        if (rc == PTN_ENOTFOUND) {
            return PTN_OK;
        }

        if (rc == PTN_OK) {
            rc = ptn_damage_replace(check, id, bit);
            ptn_pool_reset(check->pool);
        }

        if (rc == PTN_OK) {
            rc = ptn_damage_run(check, "DELETE FROM temp.damaged"
                                " WHERE content=?1", id);
        }
    }

    return rc;
}


static ptn_rc_t
ptn_damage_others(ptn_check_t *check)
{
    char      text[80];
    ptn_rc_t  rc;

    /* its address says which it is */

    snprintf(text, sizeof(text), "UPDATE meta SET kind=%d WHERE kind<>%d",
             check->mb->kind == PTN_MBOX_PUBLIC,
             check->mb->kind == PTN_MBOX_PUBLIC);
    rc = ptn_sql_exec(check->mb, text);

    return (rc != PTN_OK) ? rc : ptn_sql_exec(check->mb,
        "UPDATE folder SET special=0 WHERE special<>0 AND id>255;"
        "DELETE FROM named WHERE length(guid)<>16;"
        "DELETE FROM replica WHERE length(guid)<>16"
        " OR replid NOT BETWEEN 1 AND 32767");
}


/*
 * The counters come first, for new rows take numbers: an id that was given
 * must not be given again.
 */

ptn_rc_t
ptn_check_damage(ptn_check_t *check)
{
    ptn_rc_t     rc;
    ptn_mbox_t  *mb;

    mb = check->mb;
    rc = ptn_check_counters(check);

    if (rc == PTN_OK) {
        rc = ptn_damage_others(check);
    }

    mb->cn_floor = 0;
    mb->oid_floor = 0;
    ptn_mbox_forget(mb);

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_damage_folders(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_damage_blobs(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_damage_items(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_damage_objects(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_damage_find(check);
    }

    if (rc == PTN_OK) {
        rc = ptn_damage_contents(check);
    }

    /* what was given since is written: the rules look at the rows */

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta_put(mb);
        ptn_mbox_forget(mb);
    }

    return rc;
}
