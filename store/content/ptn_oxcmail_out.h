/*
 * What the files of the export share; nobody else includes this.
 *
 *   ptn_oxcmail_export.c         entry; bodies, attachments, multiparts
 *   ptn_oxcmail_export_head.c    properties to header fields
 *   ptn_oxcmail_export_encode.c  encoded words, parameters, transfer encodings
 */

#ifndef PTN_OXCMAIL_OUT_H
#define PTN_OXCMAIL_OUT_H


#include "ptn_charset.h"
#include "ptn_eid.h"
#include "ptn_mime_header.h"
#include "ptn_oxcmail.h"


#define PTN_OXCMAIL_LINE  76

typedef struct {
    ptn_pool_t                  *pool;
    ptn_buf_t                    out;
    const ptn_oxcmail_export_t  *opts;
    unsigned                     depth;     /* of embedded messages */
    unsigned                     boundary;  /* the next one's number */
    ptn_rc_t                     rc;
} ptn_oxcmail_out_t;


/*
 * A header field "Name: text", folded, encoded where ASCII cannot say it.
 * Line breaks and NULs of the text are blanks.
 */
void ptn_oxcmail_write_text(ptn_oxcmail_out_t *o, const char *name,
    ptn_str_t text);
/* The same for what has no encoding: ids.  Bytes that are no ASCII go. */
void ptn_oxcmail_write_id(ptn_oxcmail_out_t *o, const char *name,
    ptn_str_t id);

/* A field made of pieces that may stand on lines of their own. */
typedef struct {
    ptn_oxcmail_out_t  *o;
    size_t              column;
} ptn_oxcmail_fold_t;

void ptn_oxcmail_fold(ptn_oxcmail_fold_t *f, ptn_oxcmail_out_t *o,
    const char *name);
/* `token` is not broken; a blank in front, or a line. */
void ptn_oxcmail_fold_add(ptn_oxcmail_fold_t *f, ptn_str_t token);
void ptn_oxcmail_fold_phrase(ptn_oxcmail_fold_t *f, ptn_str_t text);
void ptn_oxcmail_fold_param(ptn_oxcmail_fold_t *f, const char *name,
    ptn_str_t value);
void ptn_oxcmail_fold_end(ptn_oxcmail_fold_t *f);

void ptn_oxcmail_write_base64(ptn_buf_t *out, ptn_str_t data);
void ptn_oxcmail_write_qp(ptn_buf_t *out, ptn_str_t data);

/* What can carry these bytes. */
typedef struct {
    bool    ascii;
    bool    plain;              /* 7-bit as it is: lines of CR LF, not long */
    size_t  high;               /* bytes that QP writes as three */
} ptn_oxcmail_scan_t;

void ptn_oxcmail_scan(ptn_str_t data, ptn_oxcmail_scan_t *ret);

/* "Fri, 28 Nov 2026 01:40:29 +0000" */
ptn_str_t ptn_oxcmail_out_date(ptn_pool_t *pool, int64_t sec);
bool ptn_oxcmail_out_time(const ptn_props_t *props, uint32_t tag,
    int64_t *ret_sec);

void ptn_oxcmail_export_head(ptn_oxcmail_out_t *o,
    const ptn_object_t *object);


#endif /* PTN_OXCMAIL_OUT_H */
