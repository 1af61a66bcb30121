/*
 * store/mailbox, inside: statements of tables.  Name, text.
 */

#ifndef PTN_SQL_TABLE_H
#define PTN_SQL_TABLE_H


#define PTN_SQLS_TABLE(S)                                                     \
    S(TABLE_GONE,                                                             \
      "SELECT uid, flags, id, keywords, modseq, size, received"               \
      " FROM message WHERE folder=-?1 AND fai=0")                             \
    S(TABLE_RECOVERABLE,                                                      \
      "SELECT m.id, m.flags FROM gone g CROSS JOIN message m ON m.id=g.id"    \
      " WHERE g.kind=0 AND m.folder<0 AND m.fai=0"                            \
      " ORDER BY m.received DESC, m.id DESC")                                 \
    S(TABLE_LATE_SET, "UPDATE message SET late=1 WHERE folder=?1 AND uid=?2") \
    S(TABLE_ORDERED,                                                          \
      "SELECT uid, flags, id, keywords, modseq, size, received FROM message"  \
      " WHERE folder=?1 AND fai=0 AND late=0 ORDER BY uid DESC LIMIT ?2")     \
    S(TABLE_LATE,                                                             \
      "SELECT uid, flags, id, keywords, modseq, size, received FROM message"  \
      " INDEXED BY message_late WHERE folder=?1 AND late<>0 AND fai=0"        \
      " ORDER BY received DESC, uid DESC LIMIT ?2")                           \
    S(TABLE_MID, "SELECT mid, folder FROM message WHERE id=?1")               \
    S(TABLE_LEFT,                                                             \
      "SELECT mid FROM tombstone WHERE folder=?1 AND id=?2 AND kind=0"        \
      " ORDER BY cn DESC LIMIT 1")


#endif /* PTN_SQL_TABLE_H */
