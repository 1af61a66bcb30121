/*
 * store/mailbox, inside: statements of the search index, search folders.
 * Name, text.
 */

#ifndef PTN_SQL_SEARCH_H
#define PTN_SQL_SEARCH_H


#define PTN_SQL_INFO  " folder, uid, id, mid, content, cn, read_cn, modseq,"  \
    " born, flags, keywords, size, received, modified, fai"

#define PTN_SQLS_SEARCH(S)                                                    \
    S(CONTENT_SIZE, "SELECT size FROM content WHERE id=?1")                   \
    S(WORDS_META, "SELECT indexed, v_tokens FROM meta")                       \
    S(WORDS_DONE, "UPDATE meta SET indexed=?1, v_tokens=?2")                  \
    S(WORDS_PENDING,                                                          \
      "SELECT id, size FROM content WHERE id>?1 ORDER BY id LIMIT ?2")        \
    S(WORDS_ADD,                                                              \
      "INSERT INTO words (rowid, subject, people, body, attach)"              \
      " VALUES (?1,?2,?3,?4,?5)")                                             \
    S(WORDS_REMOVE,                                                           \
      "INSERT INTO words (words, rowid, subject, people, body, attach)"       \
      " VALUES ('delete',?1,?2,?3,?4,?5)")                                    \
    S(WORDS_CLEAR, "INSERT INTO words (words) VALUES ('delete-all')")         \
    S(WORDS_MERGE, "INSERT INTO words (words, rank) VALUES ('merge',?1)")     \
    S(WORDS_SETTING, "INSERT INTO words (words, rank) VALUES (?1,?2)")        \
    S(WORDS_SEGMENTS, "SELECT block FROM words_data WHERE id=10")             \
    S(WORDS_COUNT, "SELECT count(*) FROM words_docsize")                      \
    S(WORDS_WAITING, "SELECT count(*) FROM content WHERE id>?1")              \
    S(WORDS_FIND,                                                             \
      "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid<?2"             \
      " ORDER BY rowid DESC LIMIT ?3")                                        \
    S(TERM_NEW, "SELECT words FROM term_new")                                 \
    S(TERM_NEW_ADD, "INSERT INTO term_new (words) VALUES (?1)")               \
    S(TERM_NEW_CLEAR, "DELETE FROM term_new")                                 \
    S(TERM_LAST, "SELECT coalesce(max(id),0) FROM term_block")                \
    S(TERM_BLOCK, "SELECT words FROM term_block WHERE id=?1")                 \
    S(TERM_BLOCKS, "SELECT words FROM term_block")                            \
    S(TERM_BLOCK_ADD, "INSERT INTO term_block (id, words) VALUES (?1,?2)")    \
    S(TERM_BLOCK_CLEAR, "DELETE FROM term_block")                             \
    S(TERM_PIECE,                                                             \
      "SELECT grp, pieces FROM term_piece WHERE bucket=?1 ORDER BY grp")      \
    S(TERM_PIECE_ADD,                                                         \
      "INSERT INTO term_piece (bucket, grp, pieces) VALUES (?1,?2,?3)")       \
    S(TERM_PIECE_CLEAR, "DELETE FROM term_piece")                             \
    S(WORDS_FROM, "SELECT term FROM temp.places WHERE term>=?1 LIMIT 1")      \
    S(FOUND_IDS, "SELECT id FROM found WHERE folder=?1")                      \
    S(UNINDEX_ADD, "INSERT OR IGNORE INTO unindex (content) VALUES (?1)")     \
    S(UNINDEX_LIST, "SELECT content FROM unindex LIMIT ?1")                   \
    S(UNINDEX_GET, "SELECT content FROM unindex WHERE content=?1")            \
    S(UNINDEX_DELETE, "DELETE FROM unindex WHERE content=?1")                 \
    S(UNINDEX_COUNT, "SELECT count(*) FROM unindex")                          \
    S(FIND_CONTENT,                                                           \
      "SELECT" PTN_SQL_INFO " FROM message WHERE id=?1 AND content=?1"        \
      " UNION ALL SELECT" PTN_SQL_INFO " FROM message"                        \
      " INDEXED BY message_content WHERE content=?1 AND content<>id")         \
    S(FIND_OWN,                                                               \
      "SELECT" PTN_SQL_INFO " FROM message INDEXED BY message_id"             \
      " WHERE id<?1 AND id>?2 AND content=id ORDER BY id DESC LIMIT ?3")      \
    S(FIND_OTHER,                                                             \
      "SELECT" PTN_SQL_INFO " FROM message INDEXED BY message_content"        \
      " WHERE content<?1 AND content>?2 AND content<>id"                      \
      " ORDER BY content DESC LIMIT ?3")                                      \
    S(SEARCH_LIST,                                                            \
      "SELECT folder, flags, state, done, scope, restriction FROM search"     \
      " ORDER BY folder")                                                     \
    S(SEARCH_GET,                                                             \
      "SELECT folder, flags, state, done, scope, restriction FROM search"     \
      " WHERE folder=?1")                                                     \
    S(SEARCH_SET,                                                             \
      "REPLACE INTO search (folder, flags, state, done, scope, restriction)"  \
      " VALUES (?1,?2,?3,0,?4,?5)")                                           \
    S(SEARCH_STATE, "UPDATE search SET state=?2, done=?3 WHERE folder=?1")    \
    S(SEARCH_ANY,                                                             \
      "SELECT uid FROM message WHERE folder=?1 UNION ALL"                     \
      " SELECT 0 FROM search WHERE folder=?1 LIMIT 1")                        \
    S(SEARCH_FOLDER, "UPDATE folder SET search=1 WHERE id=?1")                \
    S(SEARCH_EMPTY,                                                           \
      "UPDATE folder SET uidvalidity=?2, uidnext=1, total=0, unread=0,"       \
      " deleted=0, size=0, modseq=?3, horizon=?3 WHERE id=?1")                \
    S(SEARCH_IDS, "SELECT id FROM message WHERE id>?1 ORDER BY id LIMIT ?2")  \
    S(SEARCH_VIEW_ALL,                                                        \
      "SELECT f.uid, m.flags, m.id, m.keywords, f.cn, m.size, m.received"     \
      " FROM found f CROSS JOIN message m ON m.id=f.id WHERE f.folder=?1"     \
      " ORDER BY f.uid")                                                      \
    S(SEARCH_VIEW_SINCE,                                                      \
      "SELECT f.uid, m.flags, m.id, m.keywords, f.cn, m.size, m.received"     \
      " FROM found f INDEXED BY found_cn CROSS JOIN message m ON m.id=f.id"   \
      " WHERE f.folder=?1 AND f.cn>?2")                                       \
    S(FOUND_GET,                                                              \
      "SELECT uid, cn, content, flags, size FROM found WHERE id=?1"           \
      " AND folder=?2")                                                       \
    S(FOUND_AT, "SELECT id FROM found WHERE folder=?1 AND uid=?2")            \
    S(FOUND_ADD,                                                              \
      "INSERT INTO found (folder, uid, id, cn, content, flags, size)"         \
      " VALUES (?1,?2,?3,?4,?5,?6,?7)")                                       \
    S(FOUND_SET,                                                              \
      "UPDATE found SET cn=?3, flags=?4, size=?5 WHERE folder=?1 AND uid=?2") \
    S(FOUND_DELETE, "DELETE FROM found WHERE folder=?1 AND uid=?2")           \
    S(FOUND_CLEAR, "DELETE FROM found WHERE folder=?1")                       \
    S(FOUND_PLACES,                                                           \
      "SELECT f.id, m.folder FROM found f LEFT JOIN message m ON m.id=f.id"   \
      " WHERE f.folder=?1")


#endif /* PTN_SQL_SEARCH_H */
