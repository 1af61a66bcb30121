/*
 * store/mailbox, inside: statements of synchronisation, imports, devices.  Name, text.
 */

#ifndef PTN_SQL_ICS_H
#define PTN_SQL_ICS_H


#define PTN_SQLS_ICS(S)


#endif /* PTN_SQL_ICS_H */
