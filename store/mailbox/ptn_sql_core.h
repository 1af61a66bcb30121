/*
 * store/mailbox, inside: statements of mailboxes, folders, messages, content,
 * events, views.  Name, text.
 */

#ifndef PTN_SQL_CORE_H
#define PTN_SQL_CORE_H


/* Of message m and item i, in the order in which ptn_item_read() takes them. */
#define PTN_SQL_ITEM_COLUMNS                                                  \
    "m.folder, m.uid, m.id, m.mid, m.content, m.cn, m.read_cn, m.modseq,"     \
    " m.born, m.flags, m.keywords, m.size, m.received, m.modified,"           \
    " m.fai + (m.status << 1), i.class, i.subject, i.from_name, i.from_addr," \
    " i.to_names, i.cc_names, i.message_id, i.sent, i.importance, i.attach,"  \
    " i.bag, i.large, i.derived, i.xid, i.pcl"

#define PTN_SQLS_CORE(S)                                                      \
    S(BEGIN,     "BEGIN IMMEDIATE")                                           \
    S(BEGIN_READ, "BEGIN")                                                    \
    S(COMMIT,    "COMMIT")                                                    \
    S(ROLLBACK,  "ROLLBACK")                                                  \
    S(SAVE,      "SAVEPOINT t")                                               \
    S(RELEASE,   "RELEASE t")                                                 \
    S(UNDO,      "ROLLBACK TO t")                                             \
    S(DATA_VERSION, "PRAGMA data_version")                                    \
    S(META_GET,                                                               \
      "SELECT guid, epoch, cn, oid, uidvalidity, event, event_first, deleted,"\
      " v_schema, indexed, dictionary, hasty, hasty_bytes FROM meta")         \
    S(META_SET,                                                               \
      "UPDATE meta SET cn=?1, oid=?2, uidvalidity=?3, event=?4,"              \
      " event_first=?5, hasty=?6, hasty_bytes=?7")                            \
    S(FOLDER_LIST,                                                            \
      "SELECT id, parent, name, cls, special, subscribed, hidden, search,"    \
      " uidvalidity, uidnext, total, unread, deleted, size, cn, modseq,"      \
      " horizon, fold, born, created, modified, removed, touched, hier,"      \
      " hier_at, top FROM folder WHERE parent>=0 ORDER BY id")                \
    S(REPLICA_LIST,                                                           \
      "SELECT replid, guid, first, last, own FROM replica"                    \
      " ORDER BY own DESC, first DESC, replid")                               \
    S(FOLDER_ADD,                                                             \
      "INSERT INTO folder (id, parent, name, fold, cls, special, subscribed," \
      " hidden, search, uidvalidity, uidnext, total, unread, deleted, size,"  \
      " cn, modseq, horizon, bag, born, created, modified)"                   \
      " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,0,?9,1,0,0,0,0,?10,?10,?10,NULL,?10," \
      "?11,?11)")                                                             \
    S(FOLDER_COUNT,                                                           \
      "UPDATE folder SET uidnext=?2, total=?3, unread=?4, deleted=?5,"        \
      " size=?6, modseq=?7, removed=?8, touched=?9, hier=?10, hier_at=?11,"   \
      " top=?12 WHERE id=?1")                                                 \
    S(FOLDER_MOVE,                                                            \
      "UPDATE folder SET parent=?2, name=?3, fold=?4, cn=?5, modified=?6,"    \
      " born=?7 WHERE id=?1")                                                 \
    S(FOLDER_BORN, "UPDATE folder SET cn=?2, born=?2 WHERE id=?1")            \
    S(FOLDER_BAG, "SELECT bag FROM folder WHERE id=?1")                       \
    S(FOLDER_SET,                                                             \
      "UPDATE folder SET bag=?2, cls=?3, hidden=?4, cn=?5, modified=?6"       \
      " WHERE id=?1")                                                         \
    S(FOLDER_FAI,                                                             \
      "SELECT count(*) FROM message INDEXED BY message_fai"                   \
      " WHERE folder=?1 AND fai<>0")                                          \
    S(FOLDER_SUBSCRIBE, "UPDATE folder SET subscribed=?2 WHERE id=?1")        \
    S(FOLDER_DELETE, "DELETE FROM folder WHERE id=?1")                        \
    S(KEYWORD_LIST, "SELECT bit, name, category FROM keyword ORDER BY bit")   \
    S(KEYWORD_ADD,                                                            \
      "INSERT INTO keyword (bit, name, category) VALUES (?1,?2,?3)")          \
    S(MSG_ADD,                                                                \
      "INSERT INTO message (folder, uid, id, mid, content, cn, read_cn,"      \
      " modseq, born, flags, keywords, size, received, fai, modified)"        \
      " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)")         \
    S(MSG_GET,                                                                \
      "SELECT folder, uid, id, mid, content, cn, read_cn, modseq, born,"      \
      " flags, keywords, size, received, modified, fai + (status << 1)"       \
      " FROM message WHERE folder=?1 AND uid=?2 AND fai=0")                   \
    S(MSG_BY_ID,                                                              \
      "SELECT folder, uid, id, mid, content, cn, read_cn, modseq, born,"      \
      " flags, keywords, size, received, modified, fai + (status << 1)"       \
      " FROM message WHERE id=?1")                                            \
    S(MSG_BY_MID,                                                             \
      "SELECT id, folder FROM message WHERE id=?1 AND mid=?1 UNION ALL"       \
      " SELECT id, folder FROM message WHERE mid=?1 AND mid<>id")             \
    S(MSG_FLAGS,                                                              \
      "UPDATE message SET flags=?3, keywords=?4, cn=?5, read_cn=?6, modseq=?7,"\
      " modified=?8 WHERE folder=?1 AND uid=?2")                              \
    S(MSG_MOVE,                                                               \
      "UPDATE message SET folder=?3, uid=?4, mid=?5, cn=?6, read_cn=?7,"      \
      " modseq=?8, born=?8 WHERE folder=?1 AND uid=?2")                       \
    S(MSG_EDIT,                                                               \
      "UPDATE message SET uid=?3, content=?4, cn=?5, modseq=?6, flags=?7,"    \
      " size=?8, modified=?9 WHERE folder=?1 AND uid=?2")                     \
    S(MSG_DELETE, "DELETE FROM message WHERE folder=?1 AND uid=?2")           \
    S(ITEM_ADD,                                                               \
      "INSERT INTO item (id, class, subject, from_name, from_addr, to_names," \
      " cc_names, message_id, sent, importance, attach, bag, large, derived," \
      " idkey, refers)"                                                       \
      " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)")     \
    S(ITEM_COPY,                                                              \
      "INSERT INTO item (id, class, subject, from_name, from_addr, to_names," \
      " cc_names, message_id, sent, importance, attach, bag, large, derived," \
      " idkey, refers) SELECT ?2, class, subject, from_name, from_addr,"      \
      " to_names, cc_names, message_id, sent, importance, attach, bag, large,"\
      " derived, idkey, refers FROM item WHERE id=?1"                         \
      " RETURNING large, refers, iif(idkey IS NULL, message_id, '')")         \
    S(ITEM_DELETE, "DELETE FROM item WHERE id=?1 RETURNING large, refers")    \
    S(ITEM_SET,                                                               \
      "INSERT INTO item (id, class, subject, from_name, from_addr, to_names," \
      " cc_names, message_id, sent, importance, attach, bag, large, derived," \
      " idkey)"                                                               \
      " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"          \
      " ON CONFLICT (id) DO UPDATE SET class=?2, subject=?3, from_name=?4,"   \
      " from_addr=?5, to_names=?6, cc_names=?7, message_id=?8, sent=?9,"      \
      " importance=?10, attach=?11, bag=?12, large=?13, derived=?14,"         \
      " idkey=?15")                                                           \
    S(ITEM_BAG, "UPDATE item SET bag=?2, large=?3 WHERE id=?1")               \
    S(ITEM_GET,                                                               \
      "SELECT " PTN_SQL_ITEM_COLUMNS                                          \
      " FROM message m JOIN item i ON i.id=m.id WHERE m.id=?1")               \
    S(ITEM_AT,                                                                \
      "SELECT " PTN_SQL_ITEM_COLUMNS                                          \
      " FROM message m JOIN item i ON i.id=m.id"                              \
      " WHERE m.folder=?1 AND m.uid=?2")                                      \
    S(ITEM_HALF,                                                              \
      "SELECT class, subject, from_name, from_addr, to_names, cc_names,"      \
      " message_id, sent, importance, attach, bag, large, derived FROM item"  \
      " WHERE id=?1")                                                         \
    S(ITEM_FOLDER,                                                            \
      "SELECT " PTN_SQL_ITEM_COLUMNS                                          \
      " FROM message m CROSS JOIN item i"                                     \
      " ON i.id=m.id WHERE m.folder=?1 AND m.fai=0 ORDER BY m.uid")           \
    S(ITEM_STALE,                                                             \
      "SELECT id FROM item INDEXED BY item_stale WHERE derived=0 AND id>?1"   \
      " ORDER BY id LIMIT 32")                                                \
    S(CONTENT_ADD,                                                            \
      "INSERT INTO content (id, size, form, codec, plain, data, file, blobs," \
      " structure) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)")                      \
    S(CONTENT_GET,                                                            \
      "SELECT size, form, codec, plain, data, file, blobs"                    \
      " FROM content WHERE id=?1")                                            \
    S(STRUCTURE_GET, "SELECT structure, codec FROM content WHERE id=?1")      \
    S(CONTENT_REFS, "SELECT file, blobs FROM content WHERE id=?1")            \
    S(CONTENT_DELETE, "DELETE FROM content WHERE id=?1")                      \
    S(OBJECT_ADD,                                                             \
      "INSERT INTO object (content, data, file, blobs) VALUES (?1,?2,?3,?4)") \
    S(OBJECT_GET, "SELECT data, file FROM object WHERE content=?1")           \
    S(OBJECT_DELETE,                                                          \
      "DELETE FROM object WHERE content=?1 RETURNING file, blobs")            \
    S(SHARE_ADD,                                                              \
      "INSERT INTO share (content, refs) VALUES (?1, 2)"                      \
      " ON CONFLICT DO UPDATE SET refs=refs+1")                               \
    S(SHARE_GET, "SELECT refs FROM share WHERE content=?1")                   \
    S(SHARE_SET, "UPDATE share SET refs=?2 WHERE content=?1")                 \
    S(SHARE_DELETE, "DELETE FROM share WHERE content=?1")                     \
    S(BLOB_GET, "SELECT refs, size FROM blob WHERE sha256=?1")                \
    S(BLOB_ADD,                                                               \
      "INSERT INTO blob (sha256, refs, size) VALUES (?1, 1, ?2)"              \
      " ON CONFLICT DO UPDATE SET refs=refs+1, size=?2")                      \
    S(BLOB_ADOPT,                                                             \
      "INSERT INTO blob (sha256, refs, size) VALUES (?1, 0, 0)")              \
    S(BLOB_DROP, "UPDATE blob SET refs=refs-1 WHERE sha256=?1 AND refs>0")    \
    S(BLOB_DEAD, "SELECT sha256 FROM blob WHERE refs=0 LIMIT 64")             \
    S(BLOB_DELETE, "DELETE FROM blob WHERE sha256=?1 AND refs=0")             \
    S(TOMB_ADD,                                                               \
      "INSERT INTO tombstone (folder, cn, id, kind, cause, mid, uid, fai,"    \
      " dest, href, born) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,NULL,?10)")      \
    S(TOMB_FORGET, "DELETE FROM tombstone WHERE folder=?1 AND kind=0")        \
    S(TOMB_UP,                                                                \
      "UPDATE tombstone SET folder=?2 WHERE folder=?1 AND kind=1")            \
    S(TOMB_UIDS,                                                              \
      "SELECT uid FROM tombstone WHERE folder=?1 AND cn>?2 AND kind=0"        \
      " AND fai=0")                                                           \
    S(TOMB_ITEMS,                                                             \
      "SELECT cn, id, mid, cause, born, fai FROM tombstone"                   \
      " WHERE folder=?1 AND kind=0 AND (cn>?2 OR (cn=?2 AND id>?3))"          \
      " ORDER BY cn, id")                                                     \
    S(TOMB_FOLDERS,                                                           \
      "SELECT cn, id, folder, cause, born FROM tombstone"                     \
      " WHERE kind=1 AND cn>?1 ORDER BY cn")                                  \
    S(EVENT_ADD,                                                              \
      "INSERT INTO event (n, kind, folder, message, old_folder, old_message," \
      " cn) VALUES (?1,?2,?3,?4,?5,?6,?7)")                                   \
    S(EVENT_TRIM, "DELETE FROM event WHERE n<?1")                             \
    S(EVENT_LIST,                                                             \
      "SELECT n, kind, folder, message, old_folder, old_message, cn"          \
      " FROM event WHERE n>?1 ORDER BY n LIMIT ?2")                           \
    S(EVENT_SECRETS,                                                          \
      "SELECT message FROM event e WHERE n>?1 AND kind=2 AND old_folder<>0"   \
      " AND old_folder<>?2 AND NOT EXISTS (SELECT 1 FROM message m"           \
      " WHERE m.id=e.message) ORDER BY message")                              \
    S(ONCE_ADD,                                                               \
      "INSERT OR IGNORE INTO once (key, id, day) VALUES (?1, ?2, ?3)")        \
    S(ONCE_TRIM,                                                              \
      "DELETE FROM once WHERE key IN"                                         \
      " (SELECT key FROM once WHERE day<?1 ORDER BY day LIMIT ?2)")           \
    S(NAMED_ID,                                                               \
      "SELECT id FROM named WHERE guid=?1 AND lid=?2 AND name=?3")            \
    S(NAMED_NAME, "SELECT guid, lid, name FROM named WHERE id=?1")            \
    S(NAMED_LAST, "SELECT max(id) FROM named")                                \
    S(NAMED_ADD,                                                              \
      "INSERT INTO named (id, guid, lid, name) VALUES (?1,?2,?3,?4)")         \
    S(INTENT_ADD,                                                             \
      "INSERT INTO intent (n, key, mailbox, address, folder)"                 \
      " VALUES (?1,?2,?3,?4,?5)")                                             \
    S(INTENT_LIST,                                                            \
      "SELECT n, key, mailbox, address, folder FROM intent WHERE n>?1"        \
      " ORDER BY n LIMIT 1")                                                  \
    S(INTENT_COUNT,                                                           \
      "SELECT (SELECT count(*) FROM intent)+(SELECT count(*) FROM parting)")  \
    S(INTENT_DELETE, "DELETE FROM intent WHERE n=?1")                         \
    S(MOVING_ADD,                                                             \
      "INSERT OR IGNORE INTO moving (id, intent, place) VALUES (?1,?2,?3)")   \
    S(MOVING_GET, "SELECT intent FROM moving WHERE id=?1")                    \
    S(MOVING_LIST, "SELECT id FROM moving WHERE intent=?1 ORDER BY place")    \
    S(MOVING_DELETE, "DELETE FROM moving WHERE intent=?1")                    \
    S(SYNC_ITEMS,                                                             \
      "SELECT modseq, id, mid, cn, read_cn, born, flags, uid FROM message"    \
      " INDEXED BY message_modseq WHERE folder=?1 AND modseq>?2 AND fai=?3"   \
      " ORDER BY modseq")                                                     \
    S(FAI_ALL,                                                                \
      "SELECT uid, flags, id, keywords, modseq, size, received FROM message"  \
      " INDEXED BY message_fai WHERE folder=?1 AND fai<>0")                   \
    S(VIEW_FOLDER,                                                            \
      "SELECT uidvalidity, uidnext, modseq, horizon, total FROM folder"       \
      " WHERE id=?1 AND parent>=0")                                           \
    S(VIEW_ALL,                                                               \
      "SELECT uid, flags, id, keywords, modseq, size, received,"              \
      " mid=id AND modified=0"                                                \
      " FROM message WHERE folder=?1 AND fai=0 ORDER BY uid")                 \
    S(VIEW_SINCE,                                                             \
      "SELECT uid, flags, id, keywords, modseq, size, received,"              \
      " mid=id AND modified=0 FROM message"                                   \
      " INDEXED BY message_modseq WHERE folder=?1 AND modseq>?2 AND fai=0")


#endif /* PTN_SQL_CORE_H */
