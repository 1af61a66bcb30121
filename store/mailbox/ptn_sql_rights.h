/*
 * store/mailbox, inside: statements of permissions, of whose messages are, of
 * read state in public stores, of the store's properties.  Name, text.
 */

#ifndef PTN_SQL_RIGHTS_H
#define PTN_SQL_RIGHTS_H


#define PTN_SQLS_RIGHTS(S)                                                    \
    S(PERMISSION_ALL, "SELECT folder, member, rights FROM permission")        \
    S(PERMISSION_LIST,                                                        \
      "SELECT member, rights FROM permission WHERE folder=?1"                 \
      " ORDER BY member>0, member DESC")                                      \
    S(PERMISSION_SET,                                                         \
      "INSERT INTO permission (folder, member, rights) VALUES (?1, ?2, ?3)"   \
      " ON CONFLICT (folder, member) DO UPDATE SET rights=?3")                \
    S(PERMISSION_GET,                                                         \
      "SELECT rights FROM permission WHERE folder=?1 AND member=?2")          \
    S(PERMISSION_COUNT, "SELECT count(*) FROM permission WHERE folder=?1")    \
    S(PERMISSION_DROP,                                                        \
      "DELETE FROM permission WHERE folder=?1 AND member=?2")                 \
    S(PERMISSION_REPLACE,                                                     \
      "DELETE FROM permission WHERE folder=?1 AND member<>0")                 \
    S(PERMISSION_COPY,                                                        \
      "INSERT INTO permission (folder, member, rights)"                       \
      " SELECT ?2, member, rights & ?3 FROM permission WHERE folder=?1")      \
    S(STORE_BAG, "SELECT bag FROM meta")                                      \
    S(STORE_SET, "UPDATE meta SET bag=?1")                                    \
    S(READER_GET,                                                             \
      "SELECT read_cn, runs FROM reader WHERE folder=?1 AND user=?2")         \
    S(READER_SET,                                                             \
      "INSERT INTO reader (folder, user, read_cn, runs)"                      \
      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (folder, user)"                   \
      " DO UPDATE SET read_cn=?3, runs=?4")                                   \
    S(READER_COUNT,                                                           \
      "SELECT count(*) FROM message WHERE folder=?1"                          \
      " AND uid BETWEEN ?2 AND ?3 AND fai=0")                                 \
    S(READER_ITEMS,                                                           \
      "SELECT id, mid, cn, flags, born FROM message WHERE folder=?1"          \
      " AND uid BETWEEN ?2 AND ?3 AND fai=0")                                 \
    S(READER_SET_ROWS,                                                        \
      "SELECT id, uid, cn FROM message WHERE folder=?1 AND fai=0"             \
      " ORDER BY uid")                                                        \
    S(PER_USER_GET,                                                           \
      "SELECT store, runs, modified FROM per_user WHERE folder=?1")           \
    S(PER_USER_SET,                                                           \
      "INSERT INTO per_user (folder, store, runs, modified)"                  \
      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (folder)"                         \
      " DO UPDATE SET store=?2, runs=?3, modified=?4")                        \
    S(PER_USER_LIST,                                                          \
      "SELECT folder, modified FROM per_user WHERE store=?1 ORDER BY folder") \
    S(PER_USER_COUNT, "SELECT count(*) FROM per_user")                        \
    S(MARK_GET, "SELECT creator, secret FROM mark WHERE id=?1")               \
    S(MARK_ADD,                                                               \
      "INSERT INTO mark (id, creator, secret) VALUES (?1, ?2, ?3)"            \
      " ON CONFLICT (id) DO UPDATE SET creator=?2, secret=max(secret, ?3)")   \
    S(MARK_SECRET,                                                            \
      "INSERT INTO mark (id, creator, secret) VALUES (?1, 0, 1)"              \
      " ON CONFLICT (id) DO UPDATE SET secret=1")                             \
    S(MARK_BAGS, "SELECT id, bag FROM item WHERE bag IS NOT NULL")            \
    S(MARK_OPEN, "UPDATE mark SET secret=0 WHERE id=?1 AND secret<>0")        \
    S(MARK_DROP, "DELETE FROM mark WHERE id=?1")                              \
    S(MARK_HIDDEN,                                                            \
      "SELECT m.id FROM mark k CROSS JOIN message m ON m.id=k.id"             \
      " WHERE k.secret<>0 AND k.creator<>?2 AND m.folder=?1 ORDER BY m.id")  \
    S(MARK_FOUND,                                                             \
      "SELECT f.id, m.folder, k.creator, k.secret FROM found f"               \
      " CROSS JOIN message m ON m.id=f.id LEFT JOIN mark k ON k.id=f.id"      \
      " WHERE f.folder=?1 ORDER BY f.id")                                     \
    S(MARK_COUNT,                                                             \
      "SELECT m.folder, count(*), sum((m.flags & 1)=0), sum((m.flags & 8)<>0),"\
      " sum(m.size) FROM mark k CROSS JOIN message m ON m.id=k.id"            \
      " WHERE k.secret<>0 AND k.creator<>?1 AND m.fai=0 GROUP BY m.folder")   \
    S(MARK_FOUND_COUNT,                                                       \
      "SELECT m.folder, coalesce(k.secret<>0 AND k.creator<>?2, 0) AS hidden,"\
      " count(*), sum((m.flags & 1)=0), sum((m.flags & 8)<>0), sum(m.size)"   \
      " FROM found f CROSS JOIN message m ON m.id=f.id"                       \
      " LEFT JOIN mark k ON k.id=f.id WHERE f.folder=?1"                      \
      " GROUP BY m.folder, hidden")


#endif /* PTN_SQL_RIGHTS_H */
