/*
 * Version 3 of the mailbox file: rights, soft deletion, rules and receive
 * folders, search, foreign change keys, devices, dictionaries.  One list per
 * part of the engine, in the order in which they run; rows stay untouched.
 */

#include "ptn_mailbox.h"


/* Special folders have their numbers as ids. */
#define PTN_UPGRADE_3_ROOT   "1"
#define PTN_UPGRADE_3_INBOX  "12"

_Static_assert(PTN_FOLDER_ROOT == 1 && PTN_FOLDER_INBOX == 12,
               "numbers in the statements");


/* --- the mailbox itself --------------------------------------------------- */

static const char *const  ptn_upgrade_3_mailbox[] = {

/*
 * kind: PTN_MBOX_PRIVATE, PTN_MBOX_PUBLIC.  bag: properties of the store that
 * clients set on the Logon object.  lived: seconds that the mailbox has been
 * in use, by which retention counts, advanced by at most real uptime; lived_at:
 * the wall clock when it was advanced; lived_boot, lived_up: which boot of the
 * machine it was (of its random id), and seconds since then (ptn_lived.c).
 */
"ALTER TABLE meta ADD COLUMN kind INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN bag BLOB",
"ALTER TABLE meta ADD COLUMN lived INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN lived_at INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN lived_boot INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN lived_up INTEGER NOT NULL DEFAULT 0",

/*
 * own 0: of another server.  An id given there is replid << 48 | its counter,
 * one of ours the counter alone, whatever the incarnation.
 */
"ALTER TABLE replica ADD COLUMN own INTEGER NOT NULL DEFAULT 1",

NULL
};


/* --- folders, messages: soft deletion, status, names, rules --------------- */

static const char *const  ptn_upgrade_3_folder[] = {

/*
 * Soft deletion.  A message that can be recovered is a row of message with
 * folder = -(its folder), uid kept: no view, table or counter of the folder
 * sees it, and no uid is given twice.  Folders that can be recovered, and all
 * folders below them, have parent = -(their parent); the topmost one has a row
 * here and, so that the name is free, fold = NUL and its id.  Their messages
 * stay as they are.  at: meta.lived then, -1: it cannot be recovered, only its
 * rows are still there; wall: seconds since 1970, which clients see
 * (PidTagDeletedOn).
 */
"CREATE TABLE gone ("
"    id INTEGER PRIMARY KEY,"           /* row id, or folder id */
"    kind INTEGER NOT NULL,"            /* ptn_tomb_e */
"    at INTEGER NOT NULL,"
"    wall INTEGER NOT NULL)",
"CREATE INDEX gone_at ON gone (at)",

/*
 * removed: messages that were ever deleted from it.  touched: seconds since
 * 1970 of the last change of a message or subfolder.  hier: how often a
 * subfolder came or left, hier_at: seconds since 1970 of the last time.
 */
"ALTER TABLE folder ADD COLUMN removed INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE folder ADD COLUMN touched INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE folder ADD COLUMN hier INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE folder ADD COLUMN hier_at INTEGER NOT NULL DEFAULT 0",

/*
 * Moves of folders to another mailbox that are under way
 * (ptn_folder_transfer.c).  key: what each folder there is made once by, with
 * its id here behind it.  folder: the topmost one, here; parent, name: where it
 * comes there.  actor: who moves, when it does not see all, or 0.
 */
"CREATE TABLE parting ("
"    n INTEGER PRIMARY KEY,"
"    key BLOB NOT NULL,"
"    mailbox BLOB NOT NULL,"
"    address TEXT NOT NULL,"
"    folder INTEGER NOT NULL,"
"    parent INTEGER NOT NULL,"
"    name TEXT NOT NULL,"
"    actor INTEGER NOT NULL)",

/*
 * Read receipts that are to be sent (ptn_receipt.c): whether it was read (kind
 * 0) or deleted unread (1), when (seconds since 1970), to whom, about what.
 * And what owners of public folders are to hear of (2, a conflict): in place of
 * an address the folder's name, and who, and the entry id.
 */
"CREATE TABLE receipt ("
"    n INTEGER PRIMARY KEY,"            /* an object id */
"    kind INTEGER NOT NULL,"
"    at INTEGER NOT NULL,"
"    address TEXT NOT NULL,"
"    subject TEXT NOT NULL,"
"    message_id TEXT NOT NULL,"
"    member INTEGER NOT NULL DEFAULT 0,"
"    entryid BLOB)",

/* The change number that was the last when the mailbox had lived so long: one
 * row a day, by which the age of a tombstone is known. */
"CREATE TABLE age ("
"    lived INTEGER PRIMARY KEY,"
"    cn INTEGER NOT NULL)",

/* PidTagMessageStatus (MS-OXCMSG 2.2.1.8) but MSGSTATUS_DELMARKED, which is
 * \Deleted. */
"ALTER TABLE message ADD COLUMN status INTEGER NOT NULL DEFAULT 0",

/* Where deliveries of a message class go (MS-OXCSTOR 3.2.3). */
"CREATE TABLE receive ("
"    class TEXT PRIMARY KEY COLLATE NOCASE,"
"    folder INTEGER NOT NULL,"
"    modified INTEGER NOT NULL) WITHOUT ROWID",
"INSERT INTO receive (class, folder, modified)"
" SELECT c.class, c.folder, strftime('%s','now') FROM (SELECT '' AS class,"
" " PTN_UPGRADE_3_INBOX " AS folder"
" UNION ALL SELECT 'IPM', " PTN_UPGRADE_3_INBOX
" UNION ALL SELECT 'Report.IPM', " PTN_UPGRADE_3_INBOX
" UNION ALL SELECT 'IPC', " PTN_UPGRADE_3_ROOT ") AS c",

/*
 * Names by which DAV finds a message in its folder, where they are not made of
 * its id: hrefs (kind 0) and iCalendar or vCard UIDs (kind 1).
 */
"CREATE TABLE name ("
"    folder INTEGER NOT NULL,"
"    kind INTEGER NOT NULL,"
"    name TEXT NOT NULL,"
"    id INTEGER NOT NULL,"
"    PRIMARY KEY (folder, kind, name)) WITHOUT ROWID",
"CREATE INDEX name_id ON name (id)",

/* Rules of a folder (MS-OXORULE 2.2.1); condition, actions: as the protocol
 * has them, with named property ids of this mailbox. */
"CREATE TABLE rule ("
"    id INTEGER PRIMARY KEY,"
"    folder INTEGER NOT NULL,"
"    sequence INTEGER NOT NULL,"
"    state INTEGER NOT NULL,"
"    level INTEGER NOT NULL,"
"    user_flags INTEGER NOT NULL,"
"    provider TEXT NOT NULL,"
"    name TEXT NOT NULL,"
"    condition BLOB,"
"    actions BLOB,"
"    provider_data BLOB)",
"CREATE INDEX rule_folder ON rule (folder, sequence)",

/*
 * A keyword that is a category (PidNameKeywords) which cannot be an IMAP atom:
 * category is its name, name the atom that stands for it.
 */
"ALTER TABLE keyword ADD COLUMN category TEXT",

NULL
};


/* --- tables -------------------------------------------------------------- */

static const char *const  ptn_upgrade_3_table[] = {

/*
 * late: the message came into its folder when one that was received later had
 * come before it.  Those that are not late are in the order of received as
 * they are in the order of uids.  top: the greatest received of those, ever;
 * 2^63 - 1: the folder has messages of before, of which nobody knows.
 */
"ALTER TABLE message ADD COLUMN late INTEGER NOT NULL DEFAULT 0",
"CREATE INDEX message_late ON message (folder, received, uid)"
    " WHERE late <> 0",
"ALTER TABLE folder ADD COLUMN top INTEGER NOT NULL"
    " DEFAULT 9223372036854775807",

NULL
};


/* --- rights, read state of public stores ---------------------------------- */

static const char *const  ptn_upgrade_3_rights[] = {

/*
 * MS-OXCPERM 2.2.4: member 0 Default, -1 Anonymous, else the directory's id of
 * a user or group (never used again there); rights: PTN_RIGHT_*.
 */
"CREATE TABLE permission ("
"    folder INTEGER NOT NULL,"
"    member INTEGER NOT NULL,"
"    rights INTEGER NOT NULL,"
"    PRIMARY KEY (folder, member)) WITHOUT ROWID",

/* The calendar of old: availability for everybody (PTN_FOLDER_CALENDAR). */
"INSERT INTO permission (folder, member, rights)"
" SELECT id, 0, 0x800 FROM folder WHERE special=19",

/*
 * Messages that somebody else than the owner has made (creator: the
 * directory's id), and those that are private.
 */
"CREATE TABLE mark ("
"    id INTEGER PRIMARY KEY,"
"    creator INTEGER NOT NULL,"
"    secret INTEGER NOT NULL)",
"CREATE INDEX mark_secret ON mark (secret) WHERE secret<>0",

/*
 * Public stores: what each user has read, as runs of uids (ptn_reader.c);
 * read_cn: the last change of it.
 */
"CREATE TABLE reader ("
"    folder INTEGER NOT NULL,"
"    user INTEGER NOT NULL,"
"    read_cn INTEGER NOT NULL,"
"    runs BLOB,"
"    PRIMARY KEY (folder, user)) WITHOUT ROWID",

/*
 * Private mailboxes: what a client has kept of public folders
 * (ptn_per_user.c).  folder: REPLGUID and GLOBCNT; store: the REPLGUID of the
 * public store that told runs, a serialized IDSET.
 */
"CREATE TABLE per_user ("
"    folder BLOB PRIMARY KEY,"
"    store BLOB NOT NULL,"
"    runs BLOB NOT NULL,"
"    modified INTEGER NOT NULL) WITHOUT ROWID",

NULL
};


/* --- synchronisation ------------------------------------------------------ */

static const char *const  ptn_upgrade_3_ics[] = {

/*
 * Of an object that was imported (MS-OXCFXICS 3.2.5.9.4): xid, our cn of the
 * import (u48) and the client's change key, which is the object's while its cn
 * is that one; pcl: the predecessors as of then, to which whatever is the
 * change key now belongs.  groups: u16 property group, u48 cn, of those that
 * changed after the message was made (2.2.2.8.1).  Little-endian.
 */
"ALTER TABLE item ADD COLUMN xid BLOB",
"ALTER TABLE item ADD COLUMN pcl BLOB",
"ALTER TABLE item ADD COLUMN groups BLOB",
"ALTER TABLE folder ADD COLUMN xid BLOB",
"ALTER TABLE folder ADD COLUMN pcl BLOB",

/*
 * The last change number given under a REPLGUID before the mailbox was
 * restored: from there to the next one's first lie those that the lost time
 * gave.  0: the present one, or not known.
 */
"ALTER TABLE replica ADD COLUMN last INTEGER NOT NULL DEFAULT 0",

/*
 * What changed since a number, with all that a synchronisation asks of it: no
 * row is read for it.
 */
"DROP INDEX message_modseq",
"CREATE INDEX message_modseq ON message (folder, modseq, uid, id, mid, cn,"
" read_cn, flags, size, received, fai)",

/* Which mids were: an import must not make them again. */
"CREATE INDEX tombstone_mid ON tombstone (mid) WHERE cause<>5",

/*
 * A device's collection (ActiveSync): the state that it was given last, under
 * key, and the one before, under key - 1, which it names again when the reply
 * was lost; request and reply: hash of the last request, what it was answered.
 */
"CREATE TABLE device ("
"    id TEXT NOT NULL,"
"    collection TEXT NOT NULL,"         /* empty: of the device */
"    key INTEGER NOT NULL,"
"    state BLOB,"
"    previous BLOB,"
"    options BLOB,"
"    request BLOB,"
"    reply BLOB,"
"    modified INTEGER NOT NULL,"
"    PRIMARY KEY (id, collection)) WITHOUT ROWID",

/* What a device calls what it added in the exchange that gave key. */
"CREATE TABLE device_client ("
"    id TEXT NOT NULL,"
"    collection TEXT NOT NULL,"
"    client TEXT NOT NULL,"
"    key INTEGER NOT NULL,"
"    item INTEGER NOT NULL,"            /* row id, folder id */
"    PRIMARY KEY (id, collection, client)) WITHOUT ROWID",

NULL
};


/* --- search --------------------------------------------------------------- */

static const char *const  ptn_upgrade_3_search[] = {

/*
 * Contents up to `indexed` are in the index (ids ascend), but those of unindex
 * are to leave it, for which they are kept.  v_tokens: of the tokenizer
 * (ptn_words_version), 0: of none yet.
 */
"ALTER TABLE meta ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN v_tokens INTEGER NOT NULL DEFAULT 0",
"CREATE TABLE unindex (content INTEGER PRIMARY KEY)",

/*
 * The words of each content, its id as rowid.  The text is not kept: it is
 * derived again when it leaves (ptn_words_index.c).  No positions: phrases are
 * verified.
 */
"CREATE VIRTUAL TABLE words USING fts5 (subject, people, body, attach,"
" content='', detail=column, tokenize='ptn')",

/*
 * Its words, with a blank behind each (ptn_words_list.c): the newest; those of
 * groups, in blocks, whose id is 32 times the group's number and more; which
 * blocks of a group have which three bytes in a row.
 */
"CREATE TABLE term_new ("
"    id INTEGER PRIMARY KEY,"
"    words BLOB NOT NULL)",
"CREATE TABLE term_block ("
"    id INTEGER PRIMARY KEY,"
"    words BLOB NOT NULL)",
"CREATE TABLE term_piece ("
"    bucket INTEGER NOT NULL,"
"    grp INTEGER NOT NULL,"
"    pieces BLOB NOT NULL,"
"    PRIMARY KEY (bucket, grp)) WITHOUT ROWID",

/* A new message has the id of its content; which others have which. */
"CREATE INDEX message_content ON message (content) WHERE content<>id",

/*
 * What a search folder looks for (MS-OXCFOLD 2.2.1.4), and what it has found:
 * uid, of its own counting, is its place in views, cn its last change there,
 * the rest the message's as it is counted.
 * flags: PTN_SEARCH_* as they were set; state: ptn_search_state_e; done: the
 * messages up to this row id have been looked at.
 */
"CREATE TABLE search ("
"    folder INTEGER PRIMARY KEY,"
"    flags INTEGER NOT NULL,"
"    state INTEGER NOT NULL,"
"    done INTEGER NOT NULL,"
"    scope BLOB,"                       /* folder ids, u64 */
"    restriction BLOB)",
"CREATE TABLE found ("
"    folder INTEGER NOT NULL,"
"    uid INTEGER NOT NULL,"
"    id INTEGER NOT NULL,"
"    cn INTEGER NOT NULL,"
"    content INTEGER NOT NULL,"
"    flags INTEGER NOT NULL,"
"    size INTEGER NOT NULL,"
"    PRIMARY KEY (folder, uid)) WITHOUT ROWID",
"CREATE UNIQUE INDEX found_id ON found (id, folder)",
"CREATE INDEX found_cn ON found (folder, cn)",

NULL
};


/* --- content -------------------------------------------------------------- */

static const char *const  ptn_upgrade_3_content[] = {

/*
 * zstd dictionaries; frames name theirs by its id, which stands in the
 * dictionary too.  upto: meta.oid when it was trained.  meta.dictionary is the
 * one for new contents, 0: none; contents up to meta.packed need no more work.
 */
"CREATE TABLE dictionary ("
"    id INTEGER PRIMARY KEY,"
"    upto INTEGER NOT NULL,"
"    data BLOB NOT NULL)",
"ALTER TABLE meta ADD COLUMN dictionary INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN packed INTEGER NOT NULL DEFAULT 0",

/*
 * Contents that were packed in haste, because others waited, are packed again
 * later: those from `hasty` on may be (0: there is none), and are hasty_bytes
 * unpacked, at most.
 */
"ALTER TABLE meta ADD COLUMN hasty INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN hasty_bytes INTEGER NOT NULL DEFAULT 0",

NULL
};


/* --- conversations -------------------------------------------------------- */

static const char *const  ptn_upgrade_3_refer[] = {

/*
 * idkey: of the Message-ID (ptn_refer_key), NULL: it has none.  refers: which
 * Message-IDs it names, a byte of flags and keys, 8 bytes each, little-endian;
 * NULL: none, or it came before version 3.  refer: those keys, by which the
 * message is found when what it names arrives.  Items up to meta.keyed have
 * no idkey yet: the idle executor goes down from there, 0 is the end.
 */
"ALTER TABLE item ADD COLUMN idkey INTEGER",
"ALTER TABLE item ADD COLUMN refers BLOB",
"CREATE INDEX item_idkey ON item (idkey) WHERE idkey IS NOT NULL",
"CREATE TABLE refer ("
"    key INTEGER NOT NULL,"
"    id INTEGER NOT NULL,"              /* row id */
"    PRIMARY KEY (key, id)) WITHOUT ROWID",
"ALTER TABLE meta ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0",
"UPDATE meta SET keyed=oid",

NULL
};


const char *const *const  ptn_upgrade_3[] = {
    ptn_upgrade_3_mailbox,
    ptn_upgrade_3_folder,
    ptn_upgrade_3_table,
    ptn_upgrade_3_rights,
    ptn_upgrade_3_ics,
    ptn_upgrade_3_search,
    ptn_upgrade_3_content,
    ptn_upgrade_3_refer,
    NULL
};
