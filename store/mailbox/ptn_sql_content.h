/*
 * store/mailbox, inside: statements of dictionaries, sharing, export.  Name, text.
 */

#ifndef PTN_SQL_CONTENT_H
#define PTN_SQL_CONTENT_H


#define PTN_SQLS_CONTENT(S)


#endif /* PTN_SQL_CONTENT_H */
