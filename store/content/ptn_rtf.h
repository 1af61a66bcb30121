/*
 * store/content, Rich Text Format (RTF 1.9.1).  Pure functions: bytes in,
 * bytes out, in the caller's pool; no input makes them fail but for memory
 * and, where a max is given, size.
 *
 *   compressed RTF                     bytes <-> RTF     MS-OXRTFCP
 *   RTF that holds HTML or text        RTF -> HTML, text MS-OXRTFEX 2.2.3
 *   RTF                                RTF -> HTML, text
 *   HTML, text                         -> RTF that holds it, MS-OXRTFEX 2.1
 *
 * Text and HTML are UTF-8.  RTF is bytes: text in it has the code page of its
 * font, else of the document.
 *
 * Limits of what is read: groups nested deeper than PTN_RTF_DEPTH_MAX say
 * nothing (their braces are counted); fonts, colours and cells beyond the
 * maxima are not there; tables within PTN_RTF_TABLES_MAX others are text.
 * Time and memory are linear in the input.
 */

#ifndef PTN_RTF_H
#define PTN_RTF_H


#include "ptn_base.h"


#define PTN_RTF_DEPTH_MAX    256
#define PTN_RTF_FONTS_MAX    1024
#define PTN_RTF_COLORS_MAX   1024
#define PTN_RTF_CELLS_MAX    64
#define PTN_RTF_TABLES_MAX   8

/* Bytes of what is read, and of what may become of it (a memory of about
 * three times that is needed). */
#define PTN_RTF_SOURCE_MAX   (16 * 1024 * 1024)
#define PTN_RTF_MADE_MAX     (32 * 1024 * 1024)


/* --- MS-OXRTFCP (ptn_rtf_lz.c) ------------------------------------------- */

/*
 * The RTF of PidTagRtfCompressed, LZFu or MELA.  COMPSIZE bounds what is read
 * (padding behind it is ignored), RAWSIZE what comes of it; without the
 * reference that ends a stream, it ends with the bytes.  ECORRUPT: no such
 * header, shorter than COMPSIZE, the CRC is another one.  ETOOBIG: RAWSIZE is
 * above `max`.
 */
ptn_rc_t ptn_rtf_decompress(ptn_pool_t *pool, ptn_str_t in, size_t max,
    ptn_str_t *ret_rtf);

/* LZFu.  ETOOBIG: 1 GB and more. */
ptn_rc_t ptn_rtf_compress(ptn_pool_t *pool, ptn_str_t rtf, ptn_str_t *ret);

/* MELA: the header, and the RTF as it is. */
ptn_rc_t ptn_rtf_wrap(ptn_pool_t *pool, ptn_str_t rtf, ptn_str_t *ret);


/* --- RTF out (ptn_rtf_html.c, ptn_rtf_text.c) ----------------------------- */

typedef enum {
    PTN_RTF_NONE,               /* no RTF at all */
    PTN_RTF_REAL,
    PTN_RTF_FROM_HTML,          /* it holds the HTML that it was made of */
    PTN_RTF_FROM_TEXT           /* the same with text */
} ptn_rtf_kind_e;

/* By the first ten tokens (MS-OXRTFEX 2.2.3.1). */
ptn_rtf_kind_e ptn_rtf_kind(ptn_str_t rtf);

/*
 * What stands at the places of attachments (\objattph), in their order: those
 * that are not hidden and have a PidTagRenderingPosition (MS-OXRTFEX 2.2.3.4).
 * An attachment is shown by `src` as a picture ("cid:..."), else by `name`;
 * both empty: not at all.  When there are more or fewer of them than places,
 * all of them stand at the end.
 */
typedef struct {
    ptn_str_t  src;
    ptn_str_t  name;
} ptn_rtf_attach_t;

/*
 * ETOOBIG: more than PTN_RTF_MADE_MAX would come of it.
 *
 * HTML: the one that the RTF holds, as it was, or that of the text that it
 * holds; else a document made of the RTF.  data NULL never: what is no RTF
 * gives an empty document.
 */
ptn_rc_t ptn_rtf_to_html(ptn_pool_t *pool, ptn_str_t rtf,
    const ptn_rtf_attach_t *attachs, size_t nattachs, ptn_str_t *ret_html);

/* Text, lines end in CR LF: that of the RTF, or of the HTML that it holds. */
ptn_rc_t ptn_rtf_to_text(ptn_pool_t *pool, ptn_str_t rtf,
    ptn_str_t *ret_text);


/* --- RTF in (ptn_rtf_from.c) --------------------------------------------- */

/*
 * RTF that shows the HTML, as well as RTF can, and holds it: to_html gives it
 * back, line ends as CR LF (MS-OXRTFEX 2.1).  ETOOBIG: it is larger than
 * PTN_RTF_SOURCE_MAX, or the RTF than PTN_RTF_MADE_MAX.
 */
ptn_rc_t ptn_rtf_from_html(ptn_pool_t *pool, ptn_str_t html,
    ptn_str_t *ret_rtf);
ptn_rc_t ptn_rtf_from_text(ptn_pool_t *pool, ptn_str_t text,
    ptn_str_t *ret_rtf);


#endif /* PTN_RTF_H */
