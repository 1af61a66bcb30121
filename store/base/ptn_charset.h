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

/* The other way; what the charset does not have becomes '?'.  Invalid UTF-8
 * counts as U+FFFD. */
ptn_rc_t ptn_charset_from_utf8(ptn_pool_t *pool, ptn_str_t charset,
    ptn_str_t in, ptn_str_t *ret);

/* The name is known. */
bool ptn_charset_known(ptn_str_t charset);

/* Well-formed UTF-8 (no surrogates, no overlong forms), NUL allowed. */
bool ptn_utf8_valid(ptn_str_t s);

/* Invalid sequences replaced by U+FFFD; valid input is returned as it is. */
ptn_str_t ptn_utf8_clean(ptn_pool_t *pool, ptn_str_t s);

/* At p, up to 4 bytes: returned. */
size_t ptn_utf8_put(u_char *p, uint32_t c);
/* Bytes of the well-formed sequence at p < end; negative: of what there is
 * ill-formed. */
int ptn_utf8_seq(const u_char *p, const u_char *end);

/* What a lower-case letter is searched as that Unicode does not take apart
 * into a letter and marks ("o" for U+00F8); NULL: it is no such letter. */
const char *ptn_letter_apart(uint32_t c);

/* Full case folding (ICU), for comparisons and search. */
ptn_rc_t ptn_utf8_fold(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);

/* Mailbox names of IMAP4rev1 (RFC 3501 5.1.3).  EPARSE. */
ptn_rc_t ptn_utf7_imap_decode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);
ptn_rc_t ptn_utf7_imap_encode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);

/*
 * UTF-16LE, the strings of MAPI (ptn_utf16.c).  No terminator is counted, but
 * two zero bytes stand behind the result of from_utf8.  Lone surrogates, half
 * a unit at the end, malformed UTF-8: U+FFFD.  to_utf8 ends at the first zero
 * unit.  ENOMEM only.
 */
ptn_rc_t ptn_utf16_from_utf8(ptn_pool_t *pool, ptn_str_t utf8,
    ptn_str_t *ret_utf16);
ptn_rc_t ptn_utf16_to_utf8(ptn_pool_t *pool, ptn_str_t utf16,
    ptn_str_t *ret_utf8);
/* Appends `utf8` as UTF-16LE: nothing between the value and the wire. */
void ptn_buf_utf16(ptn_buf_t *out, ptn_str_t utf8);
/* Bytes that it will take. */
size_t ptn_utf16_len(ptn_str_t utf8);

/*
 * Windows code pages (ptn_codepage.c): those that are a superset of ASCII, for
 * PidTagInternetCodepage.  NULL, 0: there is none.  to_utf8 takes an unknown
 * number for UTF-8.
 */
const char *ptn_codepage_charset(uint32_t codepage);
uint32_t ptn_charset_codepage(ptn_str_t charset);
ptn_rc_t ptn_codepage_to_utf8(ptn_pool_t *pool, uint32_t codepage,
    ptn_str_t in, ptn_str_t *ret);

/* RFC 4648.  decode: EPARSE on anything but canonical text, no white space. */
ptn_rc_t ptn_base64_decode(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);
ptn_str_t ptn_base64_encode(ptn_pool_t *pool, ptn_str_t s);

/*
 * The same by the piece (ptn_base64_groups.c).  values: 0 to 63; 64: not of
 * the alphabet; 65: "=".
 *
 * decode_groups: from the start of s groups of four characters of the
 * alphabet, to three bytes each at d; stops before the first group that is
 * not one, that is cut, or that has no room.  Returns the characters taken;
 * bytes of d behind the result and within `room` may have been written to.
 *
 * span: how many characters at the start of s are of the alphabet.
 * encode_text: n bytes to (n + 2) / 3 * 4 characters, padded; returns these.
 */
extern const char     ptn_base64_alphabet[65];
extern const uint8_t  ptn_base64_values[256];

size_t ptn_base64_decode_groups(u_char *d, size_t room, const u_char *s,
    size_t n);
size_t ptn_base64_span(const u_char *s, size_t n);
size_t ptn_base64_encode_text(u_char *d, const u_char *s, size_t n);


#endif /* PTN_CHARSET_H */
