/*
 * store/mailbox, inside: statements of synchronisation, imports, devices.
 * Name, text.
 */

#ifndef PTN_SQL_ICS_H
#define PTN_SQL_ICS_H


#define PTN_SQLS_ICS(S)                                                       \
    S(REPLICA_ADD,                                                            \
      "INSERT INTO replica (replid, guid, epoch, first, own)"                 \
      " SELECT max(replid) + 1, ?1, 0, 0, 0 FROM replica"                     \
      " WHERE NOT EXISTS (SELECT 1 FROM replica WHERE guid=?1)")              \
    S(ICS_NOW, "SELECT cn, epoch FROM meta")                                  \
    S(ICS_SCAN_CHANGED,                                                       \
      "SELECT modseq, uid, id, mid, cn, read_cn, flags, size, received,"      \
      " fai + (status << 1) FROM message INDEXED BY message_modseq"           \
      " WHERE folder=?1 AND (modseq, uid)>(?2, ?3) ORDER BY modseq, uid")     \
    S(ICS_SCAN_ALL,                                                           \
      "SELECT modseq, uid, id, mid, cn, read_cn, flags, size, received,"      \
      " fai + (status << 1) FROM message"                                     \
      " WHERE folder=?1 AND uid>?3 ORDER BY uid")                             \
    S(ICS_SCAN_UIDS,                                                          \
      "SELECT modseq, uid, id, mid, cn, read_cn, flags, size, received,"      \
      " fai + (status << 1) FROM message"                                     \
      " WHERE folder=?1 AND uid BETWEEN ?2 AND ?3"                            \
      " AND modseq<=?4 AND fai=0")                                            \
    S(ICS_SCAN_ITEMS,                                                         \
      "SELECT " PTN_SQL_ITEM_COLUMNS                                          \
      " FROM message m CROSS JOIN item i ON i.id=m.id"                        \
      " WHERE m.folder=?1 AND m.uid>?2 ORDER BY m.uid")                       \
    S(ICS_MIDS, "SELECT mid, id FROM message WHERE folder=?1")                \
    S(ICS_TOTALS,                                                             \
      "SELECT total, modseq, horizon, (SELECT count(*) FROM message"          \
      " INDEXED BY message_fai WHERE folder=?1 AND fai<>0)"                   \
      " FROM folder WHERE id=?1")                                             \
    S(ICS_ONE,                                                                \
      "SELECT modseq, uid, id, mid, cn, read_cn, flags, size, received,"      \
      " fai + (status << 1), folder FROM message WHERE id=?1")                \
    S(ICS_GROUPS, "SELECT groups FROM item WHERE id=?1")                      \
    S(ICS_KEYS, "SELECT m.cn, i.xid, i.pcl FROM message m JOIN item i"        \
      " ON i.id=m.id WHERE m.id=?1")                                          \
    S(ICS_KEYS_SET, "UPDATE item SET xid=?2, pcl=?3 WHERE id=?1")             \
    S(ICS_FOLDER_KEYS, "SELECT cn, xid, pcl FROM folder WHERE id=?1")         \
    S(ICS_FOLDER_KEYS_SET,                                                    \
      "UPDATE folder SET xid=?2, pcl=?3, cn=?4, modified=?5 WHERE id=?1")     \
    S(ICS_TOUCH,                                                              \
      "UPDATE message SET cn=?2, modseq=?2, modified=?3 WHERE id=?1")         \
    S(ICS_STATUS, "UPDATE message SET status=?2 WHERE id=?1")                 \
    S(ICS_MID, "UPDATE message SET mid=?2 WHERE id=?1")                       \
    S(ICS_USED,                                                               \
      "SELECT 1 FROM message WHERE id=?1 UNION ALL"                           \
      " SELECT 1 FROM message WHERE mid=?1 AND mid<>id UNION ALL"             \
      " SELECT 1 FROM folder WHERE id=?1 LIMIT 1")                            \
    S(ICS_TOMB,                                                               \
      "SELECT folder, kind FROM tombstone INDEXED BY tombstone_mid"           \
      " WHERE mid=?1 AND cause<>5 LIMIT 1")                                   \
    S(GROUPS_GET,                                                             \
      "SELECT i.groups, m.cn FROM message m JOIN item i ON i.id=m.id"         \
      " WHERE m.id=?1")                                                       \
    S(GROUPS_SET, "UPDATE item SET groups=?2 WHERE id=?1")                    \
    S(DEVICE_GET,                                                             \
      "SELECT key, state, previous, options, request, reply FROM device"      \
      " WHERE id=?1 AND collection=?2")                                       \
    S(DEVICE_PUT,                                                             \
      "INSERT INTO device (id, collection, key, state, previous, options,"    \
      " request, reply, modified) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"        \
      " ON CONFLICT (id, collection) DO UPDATE SET key=?3, state=?4,"         \
      " previous=?5, options=?6, request=?7, reply=?8, modified=?9")          \
    S(DEVICE_COUNT,                                                           \
      "SELECT (SELECT count(DISTINCT id) FROM device WHERE id<>?1),"          \
      " (SELECT count(*) FROM device WHERE id=?1 AND collection<>?2)")        \
    S(DEVICE_LIST,                                                            \
      "SELECT id, count(*), max(modified) FROM device GROUP BY id"            \
      " ORDER BY id")                                                         \
    S(DEVICE_DELETE,                                                          \
      "DELETE FROM device WHERE id=?1 AND (?2='' OR collection=?2)")          \
    S(DEVICE_CLIENT_PUT,                                                      \
      "INSERT OR REPLACE INTO device_client (id, collection, client, key,"    \
      " item) VALUES (?1,?2,?3,?4,?5)")                                       \
    S(DEVICE_CLIENT_GET,                                                      \
      "SELECT item FROM device_client WHERE id=?1 AND collection=?2"          \
      " AND client=?3")                                                       \
    S(DEVICE_CLIENT_COUNT,                                                    \
      "SELECT count(*) FROM device_client WHERE id=?1 AND collection=?2")     \
    S(DEVICE_CLIENT_KEY,                                                      \
      "UPDATE device_client SET key=?3 WHERE id=?1 AND collection=?2"         \
      " AND key=0")                                                           \
    S(DEVICE_CLIENT_TRIM,                                                     \
      "DELETE FROM device_client WHERE id=?1 AND collection=?2"               \
      " AND key NOT IN (0, ?3 + 1)")                                          \
    S(DEVICE_CLIENT_DELETE,                                                   \
      "DELETE FROM device_client WHERE id=?1 AND (?2='' OR collection=?2)")


#endif /* PTN_SQL_ICS_H */
