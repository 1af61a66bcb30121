/*
 * store/content, MIME to properties and back (MS-OXCMAIL, MS-OXBBODY).  Pure
 * functions.
 *
 * import: the object is a view; its strings point into the message where they
 * can.  export: a valid message, the same bytes for the same object.
 */

#ifndef PTN_OXCMAIL_H
#define PTN_OXCMAIL_H


#include "ptn_mime.h"
#include "ptn_object.h"


/* What of a message is wanted; headers alone need no body bytes. */
#define PTN_OXCMAIL_PROPS    0x01   /* all but bodies */
#define PTN_OXCMAIL_RECIPS   0x02
#define PTN_OXCMAIL_ATTACHS  0x04   /* list and properties */
#define PTN_OXCMAIL_DATA     0x08   /* their data, embedded messages too */
#define PTN_OXCMAIL_BODY     0x10   /* PidTagBody, text */
#define PTN_OXCMAIL_HTML     0x20   /* PidTagHtml, bytes in PidTagInternet-
                                       Codepage, and PidTagNativeBody */
#define PTN_OXCMAIL_ALL      0x3f

/*
 * `mime` with its raw message; for PROPS, RECIPS and ATTACHS a structure whose
 * raw is only the header will do when `mime` was parsed from the whole (then
 * sizes of encoded attachments are estimates, and a delivery report is an NDR
 * whatever it says).
 *
 * Body selection, inline images, attachments, embedded messages and their
 * numbers: MS-OXCMAIL 2.2.3.  What the message does not have as BODY is made
 * from HTML, and the other way round; NATIVE_BODY (MS-OXCMSG 2.2.1.58.2) says
 * which one is the sender's: 1 text, 3 HTML, 0 neither.  INTERNET_CPID is the
 * charset of HTML: 65001 unless the sender's own was kept.
 *
 * S/MIME (MS-OXOSMIME): one attachment "smime.p7m", which is the signed entity
 * with its Content-Type, or the bare CMS object; the body of a clear-signed
 * message is shown.  ENOMEM, ETOOBIG only.
 */
#define PTN_BODY_NONE   0
#define PTN_BODY_TEXT   1
#define PTN_BODY_RTF    2
#define PTN_BODY_HTML   3

ptn_rc_t ptn_oxcmail_import(ptn_pool_t *pool, const ptn_mime_t *mime,
    unsigned what, ptn_object_t **ret_object);

/* Bytes of the data of the attachment that import showed with that `part`. */
ptn_rc_t ptn_oxcmail_attach_data(ptn_pool_t *pool, const ptn_mime_t *mime,
    uint32_t part, ptn_str_t *ret_data);

typedef struct {
    ptn_str_t  hostname;        /* of Message-ID, when there is none */
    ptn_str_t  boundary;        /* 16 or more characters that make boundaries
                                   and Message-ID unique: derived from ids */
    int64_t    date;            /* seconds, when there is no submit time */
    bool       bcc;             /* write Bcc: stored copies, not sent ones */
} ptn_oxcmail_export_t;

/*
 * The message, 7-bit, CRLF, lines of at most 76 characters where it encodes;
 * S/MIME goes through as it is.  Attachments of `object` must be loaded
 * (has_data): EINVAL.  Body: html and text give multipart/alternative, one of
 * them that one; with NATIVE_BODY 1 the text alone.  Attachments with a
 * content id or location that the HTML names are related unless ATTACH_FLAGS
 * denies it, as are those whose ATTACH_FLAGS claim it (attRenderedInBody);
 * others mixed.  With `bcc`, fields of TRANSPORT_MESSAGE_HEADERS that no
 * property makes (Received, X-...) stand first.
 */
ptn_rc_t ptn_oxcmail_export(ptn_pool_t *pool, const ptn_object_t *object,
    const ptn_oxcmail_export_t *opts, ptn_str_t *ret_raw);

/* Does a change of this property change the MIME form? */
bool ptn_oxcmail_is_content(uint32_t tag);


/* --- bodies (ptn_body.c) -------------------------------------------------- */

/* Text for people that have no HTML, and HTML for text (MS-OXBBODY; links
 * stay, nothing is run).  UTF-8 in and out; libxml2's HTML parser. */
ptn_rc_t ptn_body_html_to_text(ptn_pool_t *pool, ptn_str_t html,
    ptn_str_t *ret_text);
ptn_rc_t ptn_body_text_to_html(ptn_pool_t *pool, ptn_str_t text,
    ptn_str_t *ret_html);
/*
 * To be called when a client has set or removed one of BODY, HTML or
 * RTF_COMPRESSED in `props`: the forms that were made from the old body go,
 * NATIVE_BODY says what is there now (MS-OXBBODY 2.1.3.1).
 */
ptn_rc_t ptn_body_changed(ptn_props_t *props, ptn_pool_t *pool, uint32_t tag);

/* HTML of `props` in UTF-8, whatever its INTERNET_CPID.  data NULL: none. */
ptn_rc_t ptn_body_html(ptn_pool_t *pool, const ptn_props_t *props,
    ptn_str_t *ret_html);

/* The first `max` characters of a text, blanks run together (PREVIEW). */
ptn_rc_t ptn_body_preview(ptn_pool_t *pool, ptn_str_t text, size_t max,
    ptn_str_t *ret_preview);


#endif /* PTN_OXCMAIL_H */
