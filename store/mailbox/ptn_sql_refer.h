/*
 * store/mailbox, inside: statements of conversations by what messages refer
 * to.  Name, text.
 */

#ifndef PTN_SQL_REFER_H
#define PTN_SQL_REFER_H


/* PTN_REFER_KEYS of them: no table is made of a list of values. */
#define PTN_SQL_KEYS                                                          \
    "(VALUES (?1),(?2),(?3),(?4),(?5),(?6),(?7),(?8),(?9),(?10),(?11),(?12)," \
    "(?13),(?14),(?15),(?16)) k CROSS JOIN"

#define PTN_SQLS_REFER(S)                                                     \
    S(REFER_FIND,                                                             \
      "SELECT key, id, NULL FROM refer WHERE key=?17 UNION ALL"               \
      " SELECT idkey, id, message_id FROM " PTN_SQL_KEYS                      \
      " item INDEXED BY item_idkey ON idkey=k.column1 UNION ALL"              \
      " SELECT key, id, NULL FROM " PTN_SQL_KEYS                              \
      " refer ON key=k.column1")                                              \
    S(REFER_TO, "SELECT id FROM refer WHERE key=?1 ORDER BY id LIMIT ?2")     \
    S(REFER_ADD, "INSERT OR IGNORE INTO refer (key, id) VALUES (?1,?2)")      \
    S(REFER_DROP, "DELETE FROM refer WHERE key=?1 AND id=?2")                 \
    S(REFER_ITEM, "SELECT subject, message_id, bag FROM item WHERE id=?1")    \
    S(REFER_OF, "SELECT refers FROM item WHERE id=?1")                        \
    S(REFER_KEY, "UPDATE item SET idkey=?2 WHERE id=?1")                      \
    S(KEYED_GET, "SELECT keyed FROM meta")                                    \
    S(KEYED_SET, "UPDATE meta SET keyed=?1")                                  \
    S(KEYED_NEXT,                                                             \
      "SELECT id, message_id FROM item WHERE id<=?1 ORDER BY id DESC LIMIT ?2")


#endif /* PTN_SQL_REFER_H */
