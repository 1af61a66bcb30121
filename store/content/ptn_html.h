/*
 * store/content, bodies: which form of a message's body is its own, the others
 * made of it (MS-OXBBODY, MS-OXCMSG 2.2.1.58); the charset of HTML; text that
 * flows.  Pure functions; HTML to text and back are in ptn_oxcmail.h.
 */

#ifndef PTN_HTML_H
#define PTN_HTML_H


#include "ptn_object.h"


/* --- ptn_html_charset.c --------------------------------------------------- */

/*
 * What HTML says of itself: a byte order mark, else the first <meta charset>,
 * <meta http-equiv> or XML declaration whose charset is known.  len 0: nothing.
 */
ptn_str_t ptn_html_charset(ptn_str_t html);

/*
 * HTML in UTF-8, without a byte order mark: by that mark, else by `codepage`
 * (PidTagInternetCodepage; 0 or unknown: nobody knows), else by what it says,
 * else UTF-8 when it can be, else windows-1252.
 */
ptn_rc_t ptn_html_to_utf8(ptn_pool_t *pool, ptn_str_t html, uint32_t codepage,
    ptn_str_t *ret_html);


/* --- ptn_body_form.c ------------------------------------------------------ */

/* BODY, HTML, RTF_COMPRESSED and what is said of them: NATIVE_BODY,
 * RTF_IN_SYNC, INTERNET_CPID. */
bool ptn_body_is(uint32_t tag);

/*
 * The value of one of those, whichever form `object` has: its own where it is
 * there, else made of the form that is the message's own (NATIVE_BODY; without
 * it HTML, RTF, text in this order).  data NULL: there is no body, or none that
 * can be read, or it is larger than PTN_RTF_SOURCE_MAX.
 *
 * HTML that is made is in INTERNET_CPID, as character references where that is
 * not UTF-8; as PtypString it is UTF-8.  Attachments of `object`, where they
 * are loaded, stand at their places in HTML made of RTF.  RTF_IN_SYNC is true:
 * no form is kept beside one that a client set later.  ENOMEM only.
 */
ptn_rc_t ptn_body_form(ptn_pool_t *pool, const ptn_object_t *object,
    uint32_t tag, ptn_str_t *ret_value);

/*
 * A client gave `given`, which are in `props` already.  When bodies are among
 * them, the forms that are not go, and NATIVE_BODY says which one counts
 * (MS-OXBBODY 2.1.3.1): RTF beside text unless RTF_IN_SYNC is false, HTML
 * beside RTF unless it is true; RTF that holds HTML or text is that.
 */
ptn_rc_t ptn_body_given(ptn_props_t *props, ptn_pool_t *pool,
    const ptn_props_t *given);

/* PTN_BODY_* that the RTF of PidTagRtfCompressed is. */
int64_t ptn_body_rtf_native(ptn_pool_t *pool, ptn_str_t packed);


/* --- ptn_body.c ----------------------------------------------------------- */

/* Does the text of a link say where it leads?  *url loses "mailto:". */
bool ptn_body_link_says(ptn_str_t text, ptn_str_t *url);


/* --- ptn_body_flowed.c ---------------------------------------------------- */

/*
 * text/plain; format=flowed (RFC 3676 4): paragraphs on one line, quotes as
 * ">> ", stuffing taken out; `delsp`: the blank at the end of a line that
 * flows is none of the text's.  UTF-8; lines end in CR LF.
 */
ptn_rc_t ptn_body_unflow(ptn_pool_t *pool, ptn_str_t text, bool delsp,
    ptn_str_t *ret_text);


#endif /* PTN_HTML_H */
