/*
 * store/mailbox, inside: statements of permissions, read state of public stores.  Name, text.
 */

#ifndef PTN_SQL_RIGHTS_H
#define PTN_SQL_RIGHTS_H


#define PTN_SQLS_RIGHTS(S)


#endif /* PTN_SQL_RIGHTS_H */
