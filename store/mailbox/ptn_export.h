/*
 * The format of an export (ptn_export.c).
 */

#ifndef PTN_EXPORT_H
#define PTN_EXPORT_H


#include <fcntl.h>

#include "ptn_ops.h"


#define PTN_EXPORT_MAGIC    "PTNEXP01"
#define PTN_EXPORT_HEAD     5
#define PTN_EXPORT_RECORD   (256U * 1024 * 1024)    /* bytes of a record */

#define PTN_EXPORT_HEADER   'H'
#define PTN_EXPORT_TABLE    'T'
#define PTN_EXPORT_ROW      'R'
#define PTN_EXPORT_FILE     'B'
#define PTN_EXPORT_CHUNK    'C'
#define PTN_EXPORT_END      'E'

#define PTN_EXPORT_NULL     0
#define PTN_EXPORT_INTEGER  1
#define PTN_EXPORT_TEXT     3
#define PTN_EXPORT_BLOB     4


/* The tables that an export has. */
ptn_rc_t ptn_export_tables(ptn_mbox_t *mb, ptn_rc_t (*each)(void *ctx,
    const char *table), void *ctx);


#endif /* PTN_EXPORT_H */
