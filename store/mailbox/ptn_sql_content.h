/*
 * store/mailbox, inside: statements of dictionaries, sharing, export.  Name,
 * text.
 */

#ifndef PTN_SQL_CONTENT_H
#define PTN_SQL_CONTENT_H


#define PTN_SQLS_CONTENT(S)                                                   \
    S(DICT_NOW,                                                               \
      "SELECT m.dictionary, m.packed, coalesce(d.upto, 0),"                   \
      " (SELECT min(upto) FROM dictionary), m.oid FROM meta m"                \
      " LEFT JOIN dictionary d ON d.id=m.dictionary")                         \
    S(DICT_GET, "SELECT data FROM dictionary WHERE id=?1")                    \
    S(DICT_LAST, "SELECT coalesce(max(id), 0) FROM dictionary")               \
    S(DICT_ADD,                                                               \
      "INSERT INTO dictionary (id, upto, data) VALUES (?1,?2,?3)")            \
    S(DICT_USE, "UPDATE meta SET dictionary=?1")                              \
    S(DICT_SAMPLES,                                                           \
      "SELECT codec, plain, data, structure FROM content"                     \
      " WHERE data IS NOT NULL AND plain<=?1 ORDER BY id DESC LIMIT ?2")      \
    S(DICT_COUNT, "SELECT count(*) FROM (SELECT 1 FROM content LIMIT ?1)")    \
    S(REPACK_LIST,                                                            \
      "SELECT id, codec, plain, data, structure FROM content"                 \
      " WHERE id>?1 AND id<=?2 ORDER BY id LIMIT ?3")                         \
    S(HASTY_LIST,                                                             \
      "SELECT id, codec, plain, data, structure FROM content"                 \
      " WHERE id>?1 AND id<=?2 AND codec&15=3 AND file IS NULL"               \
      " ORDER BY id LIMIT ?3")                                                \
    S(REPACK_SET,                                                             \
      "UPDATE content SET codec=?2, data=?3, structure=?4 WHERE id=?1")       \
    S(REPACK_UPTO, "UPDATE meta SET packed=?1")


#endif /* PTN_SQL_CONTENT_H */
