/*
 * store/mailbox, inside: statements of soft deletion, deletion of folders,
 * receive folders, rules, names, status.  Name, text.
 */

#ifndef PTN_SQL_FOLDER_H
#define PTN_SQL_FOLDER_H


#define PTN_SQLS_FOLDER(S)                                                    \
    S(GONE_ADD,                                                               \
      "INSERT OR REPLACE INTO gone (id, kind, at, wall) VALUES (?1,?2,?3,?4)")\
    S(GONE_DELETE, "DELETE FROM gone WHERE id=?1")                            \
    S(GONE_NEVER, "UPDATE gone SET at=-1 WHERE id=?1")                        \
    S(GONE_FOR_GOOD,                                                          \
      "UPDATE gone SET at=-1 WHERE kind=1 AND id IN"                          \
      " (SELECT id FROM folder WHERE parent=-?1)")                            \
    S(GONE_MSG,                                                               \
      "UPDATE message SET folder=-folder, modseq=?3"                          \
      " WHERE folder=?1 AND uid=?2")                                          \
    S(GONE_DUE,                                                               \
      "SELECT id, kind FROM gone WHERE at<=?1 ORDER BY at LIMIT 1")           \
    S(GONE_LIST,                                                              \
      "SELECT m.id, m.mid, m.modseq, m.size, m.flags, g.wall"                 \
      " FROM message m INDEXED BY message_modseq CROSS JOIN gone g"           \
      " ON g.id=m.id WHERE m.folder=?1 AND m.modseq>?2 AND m.fai=?3"          \
      " ORDER BY m.modseq LIMIT ?4")                                          \
    S(GONE_COUNT,                                                             \
      "SELECT fai, count(*), sum(size) FROM message WHERE folder=?1"          \
      " GROUP BY fai")                                                        \
    S(GONE_COUNT_ALL,                                                         \
      "SELECT fai, count(*), sum(size) FROM message WHERE folder<0"           \
      " OR folder IN (SELECT id FROM folder WHERE parent<0) GROUP BY fai")    \
    S(GONE_FOLDER_COUNT,                                                      \
      "SELECT count(*) FROM gone g JOIN folder f ON f.id=g.id"                \
      " WHERE g.kind=1 AND g.at>=0 AND (?1=0 OR f.parent=?1)")                \
    S(GONE_FOLDERS,                                                           \
      "SELECT f.id, f.name, f.cls, f.total, f.unread, f.size, g.wall"         \
      " FROM folder f JOIN gone g ON g.id=f.id"                               \
      " WHERE f.parent=?1 AND g.kind=1 AND g.at>=0 ORDER BY f.id")            \
    S(GONE_FOLDER,                                                            \
      "SELECT f.parent, f.name FROM folder f JOIN gone g ON g.id=f.id"        \
      " WHERE f.id=?1 AND f.parent<0 AND g.kind=1 AND g.at>=0")               \
    S(GONE_CHILD,                                                             \
      "SELECT id FROM folder WHERE parent=?1"                                 \
      " AND id NOT IN (SELECT id FROM gone WHERE kind=1) ORDER BY id")        \
    S(MSG_SOME,                                                               \
      "SELECT id, uid, content FROM message WHERE folder=?1"                  \
      " ORDER BY uid LIMIT ?2")                                               \
    S(MSG_SOME_SEEN,                                                          \
      "SELECT id, uid, content FROM message WHERE folder=?1 AND fai=0"        \
      " ORDER BY uid LIMIT ?2")                                               \
    S(FOLDER_GONE, "UPDATE folder SET parent=-parent WHERE id=?1")            \
    S(FOLDER_GONE_TOP,                                                        \
      "UPDATE folder SET parent=-parent, fold=char(1) || id WHERE id=?1")     \
    S(FOLDER_BACK,                                                            \
      "UPDATE folder SET parent=-parent, cn=?2, born=?2 WHERE id=?1")         \
    S(FOLDER_COPY,                                                            \
      "UPDATE folder SET bag=o.bag, hidden=o.hidden FROM folder o"            \
      " WHERE folder.id=?1 AND o.id=?2")                                      \
    S(FOLDER_CN, "UPDATE folder SET cn=?2 WHERE id=?1")                       \
    S(MSG_FROM,                                                               \
      "SELECT id, uid FROM message WHERE folder=?1 AND uid>?2 AND uid<?3"     \
      " ORDER BY uid LIMIT ?4")                                               \
    S(FOLDER_LOAD,                                                            \
      "SELECT count(*) FROM (SELECT 1 FROM message WHERE folder IN (?1, -?1)" \
      " LIMIT ?2)")                                                           \
    S(FOLDER_HORIZON,                                                         \
      "UPDATE folder SET horizon=max(horizon, ?2) WHERE id=?1")               \
    S(FOLDER_TOMBS, "DELETE FROM tombstone WHERE folder=?1")                  \
    S(FOLDER_MEMBERS, "DELETE FROM permission WHERE folder=?1")               \
    S(FOLDER_READERS, "DELETE FROM reader WHERE folder=?1")                   \
    S(FOLDER_SEARCH, "DELETE FROM search WHERE folder=?1")                    \
    S(TOMB_NTH_NEWEST,                                                        \
      "SELECT cn FROM tombstone WHERE folder=?1 AND kind=0"                   \
      " ORDER BY cn DESC LIMIT 1 OFFSET ?2")                                  \
    S(TOMB_NTH_OLDEST,                                                        \
      "SELECT cn FROM tombstone WHERE folder=?1 AND kind=0 AND cn<=?3"        \
      " ORDER BY cn LIMIT 1 OFFSET ?2")                                       \
    S(TOMB_LAST,                                                              \
      "SELECT cn FROM tombstone WHERE folder=?1 AND kind=0 AND cn<=?3"        \
      " ORDER BY cn DESC LIMIT 1 OFFSET ?2")                                  \
    S(TOMB_PURGE,                                                             \
      "DELETE FROM tombstone WHERE folder=?1 AND cn<=?2 AND kind=0")          \
    S(LIVED_GET, "SELECT lived, lived_at, lived_boot, lived_up FROM meta")    \
    S(LIVED_SET,                                                              \
      "UPDATE meta SET lived=?1, lived_at=?2, lived_boot=?3, lived_up=?4")    \
    S(AGE_ADD,                                                                \
      "INSERT OR IGNORE INTO age (lived, cn) VALUES (?1 * ?2, ?3)")           \
    S(AGE_TRIM,                                                               \
      "DELETE FROM age WHERE lived<"                                          \
      "(SELECT max(lived) FROM age WHERE lived<=?1)")                         \
    S(AGE_CUT, "SELECT max(cn) FROM age WHERE lived<=?1")                     \
    S(RECEIPT_ADD,                                                            \
      "INSERT INTO receipt (n, kind, at, address, subject, message_id)"       \
      " VALUES (?1,?2,?3,?4,?5,?6)")                                          \
    S(RECEIPT_NOTICE,                                                         \
      "INSERT INTO receipt (n, kind, at, address, subject, message_id,"       \
      " member, entryid) VALUES (?1,?2,?3,?4,?5,'',?6,?7)")                   \
    S(RECEIPT_MARK,                                                           \
      "UPDATE message SET keywords=?3 WHERE folder=?1 AND uid=?2")            \
    S(RECEIPT_NEXT,                                                           \
      "SELECT n, kind, at, address, subject, message_id, member, entryid"     \
      " FROM receipt WHERE n>?1 ORDER BY n LIMIT 1")                          \
    S(RECEIPT_COUNT, "SELECT count(*) FROM receipt")                          \
    S(RECEIPT_DELETE, "DELETE FROM receipt WHERE n=?1")                       \
    S(PARTING_ADD,                                                            \
      "INSERT INTO parting (n, key, mailbox, address, folder, parent, name,"  \
      " actor) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)")                             \
    S(PARTING_NEXT,                                                           \
      "SELECT n, key, mailbox, address, folder, parent, name, actor"          \
      " FROM parting WHERE n>?1 ORDER BY n LIMIT 1")                          \
    S(PARTING_FOLDERS, "SELECT folder FROM parting")                          \
    S(PARTING_DELETE, "DELETE FROM parting WHERE n=?1")                       \
    S(ONCE_GET, "SELECT id FROM once WHERE key=?1")                           \
    S(FOLDER_HAS,                                                             \
      "SELECT EXISTS (SELECT 1 FROM message WHERE folder=?1),"                \
      " EXISTS (SELECT 1 FROM message WHERE folder=-?1)"                      \
      " OR EXISTS (SELECT 1 FROM folder WHERE parent=-?1)")                   \
    S(RULE_ERROR, "UPDATE rule SET state=state|2 WHERE id=?1")                \
    S(RULE_ADD,                                                               \
      "INSERT INTO rule (id, folder, sequence, state, level, user_flags,"     \
      " provider, name, condition, actions, provider_data)"                   \
      " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)")                         \
    S(RULE_SET,                                                               \
      "UPDATE rule SET sequence=?3, state=?4, level=?5, user_flags=?6,"       \
      " provider=?7, name=?8, condition=?9, actions=?10, provider_data=?11"   \
      " WHERE id=?1 AND folder=?2")                                           \
    S(RULE_LIST,                                                              \
      "SELECT id, sequence, state, level, user_flags, provider, name,"        \
      " condition, actions, provider_data FROM rule WHERE folder=?1"          \
      " ORDER BY sequence, id")                                               \
    S(RULE_COUNT, "SELECT count(*) FROM rule WHERE folder=?1")                \
    S(RULE_DELETE, "DELETE FROM rule WHERE folder=?1 AND id=?2")              \
    S(RULE_FORGET, "DELETE FROM rule WHERE folder=?1")                        \
    S(RECEIVE_LIST,                                                           \
      "SELECT class, folder, modified FROM receive ORDER BY class")           \
    S(RECEIVE_SET,                                                            \
      "INSERT INTO receive (class, folder, modified) VALUES (?1,?2,?3)"       \
      " ON CONFLICT (class) DO UPDATE SET folder=?2, modified=?3")            \
    S(RECEIVE_DELETE, "DELETE FROM receive WHERE class=?1")                   \
    S(RECEIVE_FORGET, "DELETE FROM receive WHERE folder=?1")                  \
    S(NAME_GET, "SELECT kind, name FROM name WHERE id=?1")                    \
    S(NAME_FIND,                                                              \
      "SELECT id FROM name WHERE folder=?1 AND kind=?2 AND name=?3")          \
    S(NAME_ADD,                                                               \
      "INSERT INTO name (folder, kind, name, id) VALUES (?1,?2,?3,?4)")       \
    S(NAME_DELETE, "DELETE FROM name WHERE id=?1 AND kind=?2")                \
    S(NAME_DROP, "DELETE FROM name WHERE id=?1")                              \
    S(NAME_FORGET, "DELETE FROM name WHERE folder=?1")                        \
    S(NAME_TOMB,                                                              \
      "UPDATE tombstone SET href=?4 WHERE folder=?1 AND cn=?2 AND id=?3"      \
      " AND kind=0")                                                          \
    S(STATUS_SET,                                                             \
      "UPDATE message SET status=?3, modseq=?4 WHERE folder=?1 AND uid=?2")


#endif /* PTN_SQL_FOLDER_H */
