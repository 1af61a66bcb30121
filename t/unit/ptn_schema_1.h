/*
 * A mailbox file as schema version 1 had it: the tables as they were made then,
 * filled from a file of today.
 */

#ifndef PTN_SCHEMA_1_H
#define PTN_SCHEMA_1_H


#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "ptn_base.h"


static const char *const  ptn_schema_1[] = {
"CREATE TABLE meta ("
"    one INTEGER PRIMARY KEY CHECK (one = 1),"
"    guid BLOB NOT NULL,"
"    epoch INTEGER NOT NULL,"
"    cn INTEGER NOT NULL,"
"    oid INTEGER NOT NULL,"
"    uidvalidity INTEGER NOT NULL,"
"    event INTEGER NOT NULL,"
"    event_first INTEGER NOT NULL,"
"    deleted INTEGER NOT NULL,"
"    v_schema INTEGER NOT NULL,"
"    v_collator TEXT NOT NULL,"
"    v_bag INTEGER NOT NULL,"
"    v_skeleton INTEGER NOT NULL,"
"    v_structure INTEGER NOT NULL)",
"CREATE TABLE replica ("
"    replid INTEGER PRIMARY KEY,"
"    guid BLOB NOT NULL UNIQUE,"
"    epoch INTEGER NOT NULL)",
"CREATE TABLE folder ("
"    id INTEGER PRIMARY KEY,"
"    parent INTEGER NOT NULL,"
"    name TEXT NOT NULL,"
"    fold TEXT NOT NULL,"
"    cls TEXT NOT NULL,"
"    special INTEGER NOT NULL,"
"    subscribed INTEGER NOT NULL,"
"    hidden INTEGER NOT NULL,"
"    search INTEGER NOT NULL,"
"    uidvalidity INTEGER NOT NULL,"
"    uidnext INTEGER NOT NULL,"
"    total INTEGER NOT NULL,"
"    unread INTEGER NOT NULL,"
"    deleted INTEGER NOT NULL,"
"    size INTEGER NOT NULL,"
"    cn INTEGER NOT NULL,"
"    modseq INTEGER NOT NULL,"
"    horizon INTEGER NOT NULL,"
"    bag BLOB)",
"CREATE UNIQUE INDEX folder_name ON folder (parent, fold)",
"CREATE TABLE message ("
"    folder INTEGER NOT NULL,"
"    uid INTEGER NOT NULL,"
"    id INTEGER NOT NULL,"
"    mid INTEGER NOT NULL,"
"    content INTEGER NOT NULL,"
"    cn INTEGER NOT NULL,"
"    read_cn INTEGER NOT NULL,"
"    modseq INTEGER NOT NULL,"
"    born INTEGER NOT NULL,"
"    flags INTEGER NOT NULL,"
"    keywords INTEGER NOT NULL,"
"    size INTEGER NOT NULL,"
"    received INTEGER NOT NULL,"
"    fai INTEGER NOT NULL,"
"    PRIMARY KEY (folder, uid)) WITHOUT ROWID",
"CREATE UNIQUE INDEX message_id ON message (id)",
"CREATE INDEX message_modseq ON message (folder, modseq)",
"CREATE INDEX message_mid ON message (mid) WHERE mid <> id",
"CREATE TABLE item ("
"    id INTEGER PRIMARY KEY,"
"    class TEXT NOT NULL,"
"    subject TEXT NOT NULL,"
"    from_name TEXT NOT NULL,"
"    from_addr TEXT NOT NULL,"
"    to_names TEXT NOT NULL,"
"    cc_names TEXT NOT NULL,"
"    message_id TEXT NOT NULL,"
"    sent INTEGER,"
"    importance INTEGER NOT NULL,"
"    attach INTEGER NOT NULL,"
"    bag BLOB)",
"CREATE TABLE content ("
"    id INTEGER PRIMARY KEY,"
"    size INTEGER NOT NULL,"
"    form INTEGER NOT NULL,"
"    codec INTEGER NOT NULL,"
"    plain INTEGER NOT NULL,"
"    file BLOB,"
"    blobs BLOB,"
"    structure BLOB NOT NULL,"
"    data BLOB)",
"CREATE TABLE share ("
"    content INTEGER PRIMARY KEY,"
"    refs INTEGER NOT NULL)",
"CREATE TABLE blob ("
"    sha256 BLOB PRIMARY KEY,"
"    refs INTEGER NOT NULL,"
"    size INTEGER NOT NULL) WITHOUT ROWID",
"CREATE TABLE tombstone ("
"    folder INTEGER NOT NULL,"
"    cn INTEGER NOT NULL,"
"    id INTEGER NOT NULL,"
"    kind INTEGER NOT NULL,"
"    cause INTEGER NOT NULL,"
"    mid INTEGER NOT NULL,"
"    uid INTEGER NOT NULL,"
"    fai INTEGER NOT NULL,"
"    dest INTEGER NOT NULL,"
"    href TEXT,"
"    PRIMARY KEY (folder, cn, id, kind)) WITHOUT ROWID",
"CREATE TABLE event ("
"    n INTEGER PRIMARY KEY,"
"    kind INTEGER NOT NULL,"
"    folder INTEGER NOT NULL,"
"    message INTEGER NOT NULL,"
"    old_folder INTEGER NOT NULL,"
"    old_message INTEGER NOT NULL,"
"    cn INTEGER NOT NULL)",
"CREATE TABLE keyword ("
"    bit INTEGER PRIMARY KEY,"
"    name TEXT NOT NULL UNIQUE COLLATE NOCASE)",
"CREATE TABLE once ("
"    key BLOB PRIMARY KEY,"
"    id INTEGER NOT NULL,"
"    day INTEGER NOT NULL) WITHOUT ROWID",
"CREATE INDEX once_day ON once (day)"
};


static const char *const  ptn_schema_1_rows[] = {
"INSERT INTO meta SELECT one, guid, epoch, cn, oid, uidvalidity, event,"
"    event_first, deleted, 1, v_collator, v_bag, v_skeleton, v_structure"
"    FROM now.meta",
"INSERT INTO replica SELECT replid, guid, epoch FROM now.replica",
"INSERT INTO folder SELECT id, parent, name, fold, cls, special, subscribed,"
"    hidden, search, uidvalidity, uidnext, total, unread, deleted, size, cn,"
"    modseq, horizon, bag FROM now.folder",
"INSERT INTO message SELECT folder, uid, id, mid, content, cn, read_cn,"
"    modseq, born, flags, keywords, size, received, fai FROM now.message",
"INSERT INTO item SELECT id, class, subject, from_name, from_addr, to_names,"
"    cc_names, message_id, sent, importance, attach, NULL FROM now.item",
"INSERT INTO content SELECT * FROM now.content",
"INSERT INTO share SELECT * FROM now.share",
"INSERT INTO blob SELECT * FROM now.blob",
"INSERT INTO tombstone SELECT folder, cn, id, kind, cause, mid, uid, fai,"
"    dest, href FROM now.tombstone",
"INSERT INTO event SELECT * FROM now.event",
"INSERT INTO keyword SELECT bit, name FROM now.keyword",
"INSERT INTO once SELECT * FROM now.once"
};


/* Replaces the database by one of version 1.  Nobody has it open. */

static inline bool
ptn_schema_1_make(const char *path)
{
    int       rc;
    char      old[4096], text[4200];
    size_t    i;
    sqlite3  *db;

    snprintf(old, sizeof(old), "%s.1", path);
    unlink(old);

    if (sqlite3_open(old, &db) != SQLITE_OK) {
        return false;
    }

    snprintf(text, sizeof(text), "ATTACH '%s' AS now; BEGIN", path);
    rc = sqlite3_exec(db, text, NULL, NULL, NULL);

    for (i = 0; i < ptn_nelts(ptn_schema_1) && rc == SQLITE_OK; i++) {
        rc = sqlite3_exec(db, ptn_schema_1[i], NULL, NULL, NULL);
    }

    for (i = 0; i < ptn_nelts(ptn_schema_1_rows) && rc == SQLITE_OK; i++) {
        rc = sqlite3_exec(db, ptn_schema_1_rows[i], NULL, NULL, NULL);
    }

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, "COMMIT; DETACH now;"
                              "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    }

    if (rc != SQLITE_OK) {
        printf("# %s\n", sqlite3_errmsg(db));
    }

    sqlite3_close(db);

    snprintf(text, sizeof(text), "%s-wal", path);
    unlink(text);
    snprintf(text, sizeof(text), "%s-shm", path);
    unlink(text);

    return rc == SQLITE_OK && rename(old, path) == 0;
}


#endif /* PTN_SCHEMA_1_H */
