/*
 * Character sets (ICU behind it; bytes in, UTF-8 out).
 */

#ifndef PTN_CHARSET_H
#define PTN_CHARSET_H


#include "ptn_base.h"


/*
 * Converts `in` from the charset of that name (MIME names, aliases, no case)
 * to UTF-8.  Undecodable bytes give U+FFFD.  ENOTFOUND: unknown charset.
 */
ptn_rc_t ptn_charset_to_utf8(ptn_pool_t *pool, ptn_str_t charset,
    ptn_str_t in, ptn_str_t *ret);

/* The name is known. */
bool ptn_charset_known(ptn_str_t charset);

/* Well-formed UTF-8 (no surrogates, no overlong forms), NUL allowed. */
bool ptn_utf8_valid(ptn_str_t s);

/* Invalid sequences replaced by U+FFFD; valid input is returned as it is. */
ptn_str_t ptn_utf8_clean(ptn_pool_t *pool, ptn_str_t s);

/* Full case folding (ICU), for comparisons and search. */
ptn_rc_t ptn_utf8_fold(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);

/* Mailbox names of IMAP4rev1 (RFC 3501 5.1.3).  EPARSE. */
ptn_rc_t ptn_utf7_imap_decode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);
ptn_rc_t ptn_utf7_imap_encode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);

/* RFC 4648.  decode: EPARSE on anything but canonical text, no white space. */
ptn_rc_t ptn_base64_decode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);
ptn_str_t ptn_base64_encode(ptn_pool_t *pool, ptn_str_t s);


#endif /* PTN_CHARSET_H */
