/*
 * store/mailbox, inside: statements of the search index, search folders.  Name, text.
 */

#ifndef PTN_SQL_SEARCH_H
#define PTN_SQL_SEARCH_H


#define PTN_SQLS_SEARCH(S)


#endif /* PTN_SQL_SEARCH_H */
