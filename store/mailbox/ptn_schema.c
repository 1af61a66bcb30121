/*
 * The tables of a mailbox.  Ids and numbers: DESIGN 3, "Numbers".
 *
 * Invariants, verified by ptn_mbox_check():
 *
 *   1  every cn, read_cn, modseq and born is at most meta.cn; every object id
 *      is at most meta.oid.
 *   2  folder.total, unread, deleted, size count its messages (fai 0), and
 *      every uid of a folder is below its uidnext.
 *   3  folder.modseq is at least every modseq of its messages and every cn of
 *      its tombstones.
 *   4  each message has one item and one content; a content without a row in
 *      share belongs to one message, otherwise to share.refs (2 or more).
 *   5  blob.refs counts the contents that name it (file and blobs); a blob
 *      with references has its file, of its size and hash.
 *   6  a tombstone's uid is not that of a message of the folder.
 *   7  the folders make one tree below ROOT.
 *   8  each object belongs to a content and can be unpacked; item.derived says
 *      so of the content's messages.  blob.refs counts what objects and
 *      item.large name, too.
 *   9  named ids are from 0x8000 on, without holes, one for each name.
 *  10  each row of moving belongs to an intent, each intent has some.
 *  11  a tombstone's born is not above its cn.
 *  12  a message with a negative folder has a row in gone, and each row of gone
 *      has such a message, or a folder with a negative parent; its uid is
 *      below UIDNEXT and no other message's of the folder.
 *  13  folders with a negative parent make trees below those that have a row
 *      in gone; none of them is special.
 *  14  gone.at is at most meta.lived, or -1, and that of folders only; rows of
 *      age are not above meta.lived and meta.cn.
 *  15  rules and receive folders belong to a folder; names to a message of
 *      theirs, one of a kind.  A move of a folder (parting) has its key, and
 *      a number that was given; so has a receipt, and an address, and its
 *      mailbox a mark in ROOT/receipt.
 *  16  the index of words has exactly the contents up to meta.indexed; those in
 *      unindex are among them and have no message.
 *  17  found has what a search folder shows: messages that are there, whose
 *      scope and restriction say so; folder.total, unread, size count them.
 *  18  synchronisation: ptn_check_ics.c.  cn and read_cn of a message are not
 *      above its modseq (of what was changed since version 3).
 *  19  permissions are of folders, with rights that exist; marks are of
 *      messages; readers are of folders of public stores, with runs of uids
 *      that ascend, and no message there is \Seen; rows of per_user are of
 *      private mailboxes, with a set that can be read.
 *  20  an item that is said to be plain has no property of a column in its bag.
 *  21  each word of the index that can have a piece is in term_new or
 *      term_block; term_piece says what the blocks of each group have.
 *  22  contents that were packed in haste have ids from meta.hasty on.
 *  23  item.idkey is the key of its Message-ID (but of items up to meta.keyed,
 *      where it may be NULL); rows of refer are the keys of item.refers.
 *
 * Here stand the tables of version 1; what later versions added stands in
 * ptn_upgrade*.c, and a new mailbox is made by all.
 */

#include <stdio.h>

#include "ptn_bag.h"
#include "ptn_mailbox.h"


const char *const  ptn_sql_text_of[PTN_SQL_MAX] = {
#define PTN_SQL_TEXT(name, text)  [PTN_SQL_##name] = text,
    PTN_SQLS(PTN_SQL_TEXT)
#undef PTN_SQL_TEXT
};


static const char *const  ptn_schema_tables[] = {

/*
 * One row.  cn and oid are the last numbers given, uidvalidity the last of
 * the counter from which each folder took its own, event the last event.
 * v_*: versions of what the rows hold; one that we do not know is refused.
 */
"CREATE TABLE meta ("
"    one INTEGER PRIMARY KEY CHECK (one = 1),"
"    guid BLOB NOT NULL,"               /* the directory's name for it */
"    epoch INTEGER NOT NULL,"           /* incarnation */
"    cn INTEGER NOT NULL,"
"    oid INTEGER NOT NULL,"
"    uidvalidity INTEGER NOT NULL,"
"    event INTEGER NOT NULL,"
"    event_first INTEGER NOT NULL,"
"    deleted INTEGER NOT NULL,"         /* refuse; 1: being removed, 2, 3:
                                           ptn_relocate.c */
"    v_schema INTEGER NOT NULL,"
"    v_collator TEXT NOT NULL,"
"    v_bag INTEGER NOT NULL,"
"    v_skeleton INTEGER NOT NULL,"
"    v_structure INTEGER NOT NULL)",

/*
 * REPLID to REPLGUID (MS-OXCSTOR 3.2.5.11).  1: of this incarnation, for new
 * ids; a new incarnation moves the old one to a number of its own.
 */
"CREATE TABLE replica ("
"    replid INTEGER PRIMARY KEY,"
"    guid BLOB NOT NULL UNIQUE,"
"    epoch INTEGER NOT NULL)",

/*
 * id: below 0x100 for the folders of PTN_FOLDERS (id = special), else an
 * object id, of another replica with its replid above 48 bits.  fold: name for
 * comparison.  cn: of its own properties.  modseq: the last change of its
 * contents.  horizon: tombstones up to here may be purged; a state older than
 * it is refused.
 */
"CREATE TABLE folder ("
"    id INTEGER PRIMARY KEY,"
"    parent INTEGER NOT NULL,"          /* ROOT: 0 */
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

/*
 * What changes and what IMAP lists: narrow, and in the order of a folder's
 * uids, so that a view is one scan and a change of flags writes few pages.
 * id: stable for life (the first mid).  mid: object id, renewed on move.
 * fai: folder associated information, never in an IMAP view.
 */
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
"    flags INTEGER NOT NULL,"           /* PTN_FLAG_* */
"    keywords INTEGER NOT NULL,"        /* bits of keyword */
"    size INTEGER NOT NULL,"            /* RFC822.SIZE */
"    received INTEGER NOT NULL,"        /* seconds since 1970 */
"    fai INTEGER NOT NULL,"
"    PRIMARY KEY (folder, uid)) WITHOUT ROWID",
"CREATE UNIQUE INDEX message_id ON message (id)",
"CREATE INDEX message_modseq ON message (folder, modseq)",
"CREATE INDEX message_mid ON message (mid) WHERE mid <> id",

/* The wide half of a message: what tables show and sort by, and the bag. */
"CREATE TABLE item ("
"    id INTEGER PRIMARY KEY,"           /* message.id */
"    class TEXT NOT NULL,"
"    subject TEXT NOT NULL,"
"    from_name TEXT NOT NULL,"
"    from_addr TEXT NOT NULL,"
"    to_names TEXT NOT NULL,"
"    cc_names TEXT NOT NULL,"
"    message_id TEXT NOT NULL,"
"    sent INTEGER,"                     /* Date, seconds; NULL: none */
"    importance INTEGER NOT NULL,"
"    attach INTEGER NOT NULL,"          /* PTN_ITEM_ATTACH, _PLAIN */
"    bag BLOB)",

/*
 * The one copy of content; immutable (an edit makes another).  form: raw or
 * skeleton; codec: none or zstd; plain: bytes before compression.  data: the
 * bytes, or file: the SHA-256 of the blob file that has them.  blobs: the
 * SHA-256s of the attachments that the skeleton names.  structure: packed
 * MIME structure (ptn_mime_pack).
 */
"CREATE TABLE content ("
"    id INTEGER PRIMARY KEY,"
"    size INTEGER NOT NULL,"            /* of the message */
"    form INTEGER NOT NULL,"
"    codec INTEGER NOT NULL,"
"    plain INTEGER NOT NULL,"
"    file BLOB,"
"    blobs BLOB,"
"    structure BLOB NOT NULL,"
"    data BLOB)",

/* Contents of more than one message (IMAP COPY). */
"CREATE TABLE share ("
"    content INTEGER PRIMARY KEY,"
"    refs INTEGER NOT NULL)",

/*
 * Blob files blob/ab/cdef...  refs 0: the file is removed in a later
 * transaction, then the row (ptn_blob.c).
 */
"CREATE TABLE blob ("
"    sha256 BLOB PRIMARY KEY,"
"    refs INTEGER NOT NULL,"
"    size INTEGER NOT NULL) WITHOUT ROWID",

/*
 * What left a folder: messages (kind 0) and subfolders (kind 1: id and mid
 * are the folder's).  dest: where it moved, or 0.
 */
"CREATE TABLE tombstone ("
"    folder INTEGER NOT NULL,"
"    cn INTEGER NOT NULL,"
"    id INTEGER NOT NULL,"
"    kind INTEGER NOT NULL,"
"    cause INTEGER NOT NULL,"           /* ptn_cause_e */
"    mid INTEGER NOT NULL,"             /* the old one */
"    uid INTEGER NOT NULL,"
"    fai INTEGER NOT NULL,"
"    dest INTEGER NOT NULL,"
"    href TEXT,"                        /* DAV; NULL: made from the id */
"    PRIMARY KEY (folder, cn, id, kind)) WITHOUT ROWID",

/* Bounded: the newest PTN_EVENTS_MAX; n has no holes.  old_folder of a
 * deletion: 0, or of a private message one more than who made it. */
"CREATE TABLE event ("
"    n INTEGER PRIMARY KEY,"
"    kind INTEGER NOT NULL,"            /* ptn_mbox_event_e */
"    folder INTEGER NOT NULL,"
"    message INTEGER NOT NULL,"
"    old_folder INTEGER NOT NULL,"
"    old_message INTEGER NOT NULL,"
"    cn INTEGER NOT NULL)",

"CREATE TABLE keyword ("
"    bit INTEGER PRIMARY KEY,"
"    name TEXT NOT NULL UNIQUE COLLATE NOCASE)",

/* ptn_append_t.key: deliveries that must happen once.  day: of the mailbox's
 * life (ptn_lived.c), less PTN_ONCE_LIVED.  In files of older versions it is of
 * 1970; those rows stay. */
"CREATE TABLE once ("
"    key BLOB PRIMARY KEY,"
"    id INTEGER NOT NULL,"
"    day INTEGER NOT NULL) WITHOUT ROWID",
"CREATE INDEX once_day ON once (day)"
};


static ptn_rc_t
ptn_schema_meta(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(mb->db,
                           "INSERT INTO meta (one, guid, epoch, cn, oid,"
                           " uidvalidity, event, event_first, deleted,"
                           " v_schema, v_collator, v_bag, v_skeleton,"
                           " v_structure, kind)"
                           " VALUES (1,?1,?2,?3,?4,?5,0,1,0,?6,"
                           "'icu',?7,1,1,?8)", -1, &st, NULL)
        != SQLITE_OK)
    {
        return PTN_EINTERNAL;
    }

    sqlite3_bind_blob(st, 1, mb->guid.b, 16, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) mb->meta.epoch);
    sqlite3_bind_int64(st, 3, (sqlite3_int64) mb->meta.cn);
    sqlite3_bind_int64(st, 4, (sqlite3_int64) mb->meta.oid);
    sqlite3_bind_int64(st, 5, (sqlite3_int64) mb->meta.uidvalidity);
    sqlite3_bind_int(st, 6, PTN_SCHEMA_VERSION);
    sqlite3_bind_int(st, 7, PTN_BAG_VERSION);
    sqlite3_bind_int(st, 8, mb->kind);

    rc = ptn_sql_step(mb, st);
    sqlite3_finalize(st);

    return rc;
}


static ptn_rc_t
ptn_schema_replica(ptn_mbox_t *mb)
{
    ptn_rc_t       rc;
    ptn_guid_t     guid;
    sqlite3_stmt  *st;

    rc = ptn_guid_make(&guid);
    if (rc != PTN_OK) {
        return rc;
    }

    if (sqlite3_prepare_v2(mb->db,
                           "INSERT INTO replica (replid, guid, epoch, first)"
                           " VALUES (1,?1,?2,0)", -1, &st, NULL)
        != SQLITE_OK)
    {
        return PTN_EINTERNAL;
    }

    sqlite3_bind_blob(st, 1, guid.b, 16, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (sqlite3_int64) mb->meta.epoch);

    rc = ptn_sql_step(mb, st);
    sqlite3_finalize(st);

    return rc;
}


/* The tables as `version` has them, without rows. */

ptn_rc_t
ptn_schema_make(ptn_mbox_t *mb, int64_t version)
{
    size_t    i;
    int64_t   to;
    ptn_rc_t  rc;

    for (i = 0; i < ptn_nelts(ptn_schema_tables); i++) {
        rc = ptn_sql_exec(mb, ptn_schema_tables[i]);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    for (to = 2; to <= version; to++) {
        rc = ptn_upgrade_to(mb, to);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/*
 * What UIDVALIDITYs are counted from.  Of the guid: an account made anew under
 * the same name must not repeat those of the old one, and the clock is no help.
 */

uint32_t
ptn_schema_uidvalidity(ptn_guid_t guid)
{
    return guid.b[10] | (uint32_t) guid.b[11] << 8
           | (uint32_t) guid.b[12] << 16
           | (uint32_t) (guid.b[13] & 0x3f) << 24;
}


/* In a transaction of the caller's, on an empty database. */

ptn_rc_t
ptn_schema_create(ptn_mbox_t *mb, const char *locale)
{
    ptn_rc_t  rc;

    rc = ptn_schema_make(mb, PTN_SCHEMA_VERSION);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&mb->meta, 0, sizeof(ptn_meta_t));
    mb->meta.epoch = 1;
    mb->meta.cn = PTN_FOLDER_MAX;
    mb->meta.oid = PTN_ID_FIRST - 1;
    mb->meta.event_first = 1;
    mb->meta.uidvalidity = 1 + ptn_schema_uidvalidity(mb->guid);

    rc = ptn_folder_make_all(mb, locale);

    if (rc == PTN_OK) {
        rc = ptn_rights_defaults(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_schema_meta(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_schema_replica(mb);
    }

    return rc;
}


/* The versions that the rows were written with. */

ptn_rc_t
ptn_schema_check(ptn_mbox_t *mb)
{
    int64_t   n, version;
    ptn_rc_t  rc;

    /* before anything else is read: what it is made of */

    rc = ptn_sql_exec(mb, "BEGIN");

    if (rc == PTN_OK) {
        rc = ptn_schema_known(mb, &version);

        if (rc == PTN_OK) {
            rc = ptn_sql_number(mb, "SELECT v_schema FROM meta", &n);
        }

        ptn_sql_exec(mb, "ROLLBACK");
    }

    if (rc != PTN_OK) {
        return (rc == PTN_ENOTFOUND) ? PTN_ECORRUPT : rc;
    }

    if (n > PTN_SCHEMA_VERSION) {
        return PTN_EVERSION;
    }

    if (n != version) {
        return PTN_ECORRUPT;
    }

    if (n < PTN_SCHEMA_VERSION) {
        rc = ptn_upgrade(mb, n);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = ptn_sql_number(mb, "SELECT max(v_bag, v_skeleton, v_structure,"
                            " v_object) FROM meta", &n);

    return (rc == PTN_OK && n != 1) ? PTN_EVERSION : rc;
}
