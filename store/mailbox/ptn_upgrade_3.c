/*
 * Version 3 of the mailbox file: rights, soft deletion, rules and receive
 * folders, search, foreign change keys, devices, dictionaries.  One list per
 * part of the engine, in the order in which they run; rows stay untouched.
 */

#include "ptn_mailbox.h"


/* --- the mailbox itself --------------------------------------------------- */

static const char *const  ptn_upgrade_3_mailbox[] = {

/*
 * kind: PTN_MBOX_PRIVATE, PTN_MBOX_PUBLIC.  bag: properties of the store that
 * clients set on the Logon object.  lived: seconds that the mailbox has been
 * in use, by which retention counts, advanced by at most real uptime; lived_at:
 * the wall clock when it was advanced.
 */
"ALTER TABLE meta ADD COLUMN kind INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN bag BLOB",
"ALTER TABLE meta ADD COLUMN lived INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN lived_at INTEGER NOT NULL DEFAULT 0",

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
 * sees it, and no uid is given twice.  A folder that can be recovered has
 * parent = -(its parent) and, so that the name is free, fold = NUL and its id;
 * what is below it stays as it is, out of the tree.  at: meta.lived then;
 * wall: seconds since 1970, which clients see (PidTagDeletedOn).
 */
"CREATE TABLE gone ("
"    id INTEGER PRIMARY KEY,"           /* row id, or folder id */
"    kind INTEGER NOT NULL,"            /* ptn_tomb_e */
"    at INTEGER NOT NULL,"
"    wall INTEGER NOT NULL)",
"CREATE INDEX gone_at ON gone (at)",

/* PidTagMessageStatus (MS-OXCMSG 2.2.1.8) but MSGSTATUS_DELMARKED, which is
 * \Deleted. */
"ALTER TABLE message ADD COLUMN status INTEGER NOT NULL DEFAULT 0",

/* Where deliveries of a message class go (MS-OXCSTOR 3.2.5.5). */
"CREATE TABLE receive ("
"    class TEXT PRIMARY KEY COLLATE NOCASE,"
"    folder INTEGER NOT NULL,"
"    modified INTEGER NOT NULL) WITHOUT ROWID",

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

/*
 * Public stores: what each user has read.  seen: the uids, as ranges; read_cn:
 * the last change of it, unread: what folder.unread is for others.
 */
"CREATE TABLE reader ("
"    folder INTEGER NOT NULL,"
"    user INTEGER NOT NULL,"
"    read_cn INTEGER NOT NULL,"
"    unread INTEGER NOT NULL,"
"    seen BLOB,"
"    PRIMARY KEY (folder, user)) WITHOUT ROWID",

NULL
};


/* --- synchronisation ------------------------------------------------------ */

static const char *const  ptn_upgrade_3_ics[] = {

/*
 * Of an object that was imported (MS-OXCFXICS 3.2.5.9.4): xid, its change key
 * while it is not our own cn; pcl: the XIDs of other replicas, our own being
 * the cn.  groups: u16 property group, u48 cn, of those that changed after the
 * message was made (2.2.2.8.1).
 */
"ALTER TABLE item ADD COLUMN xid BLOB",
"ALTER TABLE item ADD COLUMN pcl BLOB",
"ALTER TABLE item ADD COLUMN groups BLOB",
"ALTER TABLE folder ADD COLUMN xid BLOB",
"ALTER TABLE folder ADD COLUMN pcl BLOB",

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

NULL
};


/* --- search --------------------------------------------------------------- */

static const char *const  ptn_upgrade_3_search[] = {

/*
 * Contents up to `indexed` are in the index (ids ascend), but those of unindex
 * are to leave it, for which they are kept.  v_tokens: of the tokenizer.
 */
"ALTER TABLE meta ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0",
"ALTER TABLE meta ADD COLUMN v_tokens INTEGER NOT NULL DEFAULT 1",
"CREATE TABLE unindex (content INTEGER PRIMARY KEY)",

/* What a search folder looks for (MS-OXCFOLD 2.2.1.4), and what it has found:
 * uid, of its own counting, is its place in views. */
"CREATE TABLE search ("
"    folder INTEGER PRIMARY KEY,"
"    flags INTEGER NOT NULL,"
"    state INTEGER NOT NULL,"
"    scope BLOB,"                       /* folder ids, u64 */
"    restriction BLOB)",
"CREATE TABLE found ("
"    folder INTEGER NOT NULL,"
"    uid INTEGER NOT NULL,"
"    id INTEGER NOT NULL,"
"    cn INTEGER NOT NULL,"
"    PRIMARY KEY (folder, uid)) WITHOUT ROWID",
"CREATE UNIQUE INDEX found_id ON found (id, folder)",

NULL
};


/* --- content -------------------------------------------------------------- */

static const char *const  ptn_upgrade_3_content[] = {

/* zstd dictionaries; contents name theirs by the frame's dictionary id. */
"CREATE TABLE dictionary ("
"    id INTEGER PRIMARY KEY,"
"    data BLOB NOT NULL)",
"ALTER TABLE meta ADD COLUMN dictionary INTEGER NOT NULL DEFAULT 0",

NULL
};


const char *const *const  ptn_upgrade_3[] = {
    ptn_upgrade_3_mailbox,
    ptn_upgrade_3_folder,
    ptn_upgrade_3_rights,
    ptn_upgrade_3_ics,
    ptn_upgrade_3_search,
    ptn_upgrade_3_content,
    NULL
};
