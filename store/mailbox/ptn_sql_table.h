/*
 * store/mailbox, inside: statements of tables.  Name, text.
 */

#ifndef PTN_SQL_TABLE_H
#define PTN_SQL_TABLE_H


#define PTN_SQLS_TABLE(S)


#endif /* PTN_SQL_TABLE_H */
