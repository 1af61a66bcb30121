/*
 * What the files of the MIME parser share; nobody else includes this.
 *
 *   ptn_mime_parse.c    the tree: lines, fields, boundaries
 *   ptn_mime_header.c   the Content-* fields: types, parameters (RFC 2231)
 *   ptn_mime_text.c     RFC 2047 words, guesses about 8-bit text
 *   ptn_mime_decode.c   transfer encodings, text of a part
 *   ptn_mime_addr.c     addresses
 *   ptn_mime_date.c     dates
 *   ptn_mime_section.c  part numbers of IMAP
 *   ptn_mime_imap.c     ENVELOPE, BODYSTRUCTURE
 *   ptn_mime_pack.c     the stored structure
 */

#ifndef PTN_MIME_HEADER_H
#define PTN_MIME_HEADER_H


#include "ptn_mime.h"


#define PTN_MIME_PARAMS_MAX  64         /* of one field; more are ignored */


/* The fields that make an ENVELOPE, in its order (RFC 9051 7.5.2). */
#define PTN_MIME_ENVELOPE(F)                                                  \
    F("date",        TEXT,  0)                                                \
    F("subject",     TEXT,  0)                                                \
    F("from",        ADDRS, NULL)                                             \
    F("sender",      ADDRS, "from")                                           \
    F("reply-to",    ADDRS, "from")                                           \
    F("to",          ADDRS, NULL)                                             \
    F("cc",          ADDRS, NULL)                                             \
    F("bcc",         ADDRS, NULL)                                             \
    F("in-reply-to", TEXT,  0)                                                \
    F("message-id",  TEXT,  0)


static inline bool
ptn_mime_blank(u_char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without white space at either end. */
ptn_str_t ptn_mime_trim(ptn_str_t s);

/* Lower case; not copied when it already is. */
ptn_str_t ptn_mime_lower(ptn_pool_t *pool, ptn_str_t s);

/* Without the line breaks of folding; not copied when there are none. */
ptn_str_t ptn_mime_unfold(ptn_pool_t *pool, ptn_str_t s);

/* 8-bit text of no known charset: UTF-8 when it can be, else windows-1252. */
ptn_str_t ptn_mime_guess(ptn_pool_t *pool, ptn_str_t s);

/*
 * Reads the quoted string that starts at *i (at its quote) and leaves *i
 * behind it; what lies between, quoted pairs resolved, breaks removed.
 */
ptn_str_t ptn_mime_quoted(ptn_pool_t *pool, ptn_str_t s, size_t *i);

/* Leaves *i behind the comment that starts there; RFC 5322 3.2.2. */
void ptn_mime_comment(ptn_str_t s, size_t *i);

/* Fills a part's type, disposition, encoding ... from its fields. */
void ptn_mime_content(ptn_pool_t *pool, ptn_mime_part_t *part, bool digest);

/* An embedded message that is there to be read, not encoded. */
bool ptn_mime_is_message(const ptn_mime_part_t *part);


#endif /* PTN_MIME_HEADER_H */
