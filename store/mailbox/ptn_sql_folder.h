/*
 * store/mailbox, inside: statements of soft deletion, receive folders, rules, names.  Name, text.
 */

#ifndef PTN_SQL_FOLDER_H
#define PTN_SQL_FOLDER_H


#define PTN_SQLS_FOLDER(S)


#endif /* PTN_SQL_FOLDER_H */
