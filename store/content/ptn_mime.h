/*
 * store/content, Internet messages.  Pure functions over (pointer, length):
 * nothing is copied that can be a slice, nothing is read from disk, no input
 * can crash it or take more than linear time.
 *
 * Offsets are absolute in the raw message.  A part's header runs from
 * `header` for `header_len` bytes (with the empty line), its body from `body`
 * for `body_len` bytes, without the line break that belongs to the boundary
 * (RFC 2046 5.1.1).  So IMAP sections are slices.
 *
 * Limits (DESIGN 8): 250 parts, nesting 50; what is beyond stays opaque: the
 * part is kept as application/octet-stream-like leaf with `opaque` set.
 */

#ifndef PTN_MIME_H
#define PTN_MIME_H


#include "ptn_base.h"


#define PTN_MIME_PARTS_MAX    250
#define PTN_MIME_NESTING_MAX  50

typedef enum {
    PTN_MIME_LEAF,
    PTN_MIME_MULTIPART,
    PTN_MIME_MESSAGE            /* message/rfc822, message/global: child is
                                   the embedded message */
} ptn_mime_kind_e;

typedef enum {
    PTN_CTE_7BIT, PTN_CTE_8BIT, PTN_CTE_BINARY, PTN_CTE_QP, PTN_CTE_BASE64,
    PTN_CTE_UUENCODE, PTN_CTE_OTHER
} ptn_cte_e;

typedef struct {
    ptn_str_t  name;            /* as written, without blanks */
    ptn_str_t  value;           /* raw: folded, encoded; no final CRLF */
    uint64_t   off;             /* of the whole field in the message */
    uint64_t   len;             /* with its line break */
} ptn_mime_field_t;

typedef struct {
    ptn_str_t  name;            /* lower case */
    ptn_str_t  value;           /* decoded (RFC 2231), unquoted */
} ptn_mime_param_t;

typedef struct ptn_mime_part_s  ptn_mime_part_t;

struct ptn_mime_part_s {
    ptn_mime_part_t   *parent;
    ptn_mime_part_t   *child;       /* first */
    ptn_mime_part_t   *next;        /* sibling */
    uint8_t            kind;
    uint8_t            cte;
    bool               opaque;
    bool               has_type;    /* a Content-Type field was there */
    uint16_t           nesting;
    uint64_t           header, header_len;
    uint64_t           body, body_len;
    uint32_t           body_lines;  /* LFs in the body (RFC 9051 7.5.2) */
    uint32_t           nchildren;
    ptn_str_t          type, subtype;       /* lower case; text/plain when
                                               absent (digest: rfc822) */
    ptn_mime_param_t  *params;              /* of Content-Type */
    uint32_t           nparams;
    ptn_str_t          disposition;         /* lower case or empty */
    ptn_mime_param_t  *disp_params;
    uint32_t           ndisp_params;
    ptn_str_t          cte_name;            /* as written, or empty */
    ptn_str_t          id, description, md5, location, language;   /* raw */
    ptn_mime_field_t  *fields;
    uint32_t           nfields;
};

typedef struct {
    ptn_str_t         raw;
    ptn_mime_part_t  *root;
    uint32_t          nparts;
    bool              truncated;    /* a limit was met */
} ptn_mime_t;


/*
 * Parses `raw`, which must outlive the result.  Any bytes give a tree: there
 * is no malformed message, only an ugly one.  ENOMEM only.
 */
ptn_rc_t ptn_mime_parse(ptn_pool_t *pool, ptn_str_t raw,
    ptn_mime_t **ret_mime);

/* First field of that name (no case), or NULL. */
const ptn_mime_field_t *ptn_mime_field(const ptn_mime_part_t *part,
    const char *name);
ptn_str_t ptn_mime_param(const ptn_mime_param_t *params, uint32_t n,
    const char *name);

/* Decodes a transfer encoding.  Never fails on bad input: decodes what it can
 * (RFC 2045 6.7, 6.8).  ETOOBIG above `max`. */
ptn_rc_t ptn_mime_decode(ptn_pool_t *pool, ptn_cte_e cte, ptn_str_t body,
    size_t max, ptn_str_t *ret);

/* Unfolds and decodes a header value to UTF-8 (RFC 2047, raw 8-bit guesses). */
ptn_str_t ptn_mime_text(ptn_pool_t *pool, ptn_str_t raw_value);

/* The text of a leaf of type text/..., decoded to UTF-8 by its charset. */
ptn_rc_t ptn_mime_part_text(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *part, ptn_str_t *ret_utf8);

/* Addresses (RFC 5322 3.4, obsolete forms too). */
typedef struct {
    ptn_str_t  name;            /* raw display name, unquoted, not decoded */
    ptn_str_t  route;           /* source route, or empty */
    ptn_str_t  local, domain;   /* both empty and group_start/_end set for */
    bool       group_start;     /* "name:" (name = group name) and */
    bool       group_end;       /* ";" */
} ptn_mime_addr_t;

ptn_rc_t ptn_mime_addresses(ptn_pool_t *pool, ptn_str_t value,
    ptn_mime_addr_t **ret_addrs, size_t *ret_n);

/* Date: seconds since 1970 UTC, and the zone in minutes.  EPARSE. */
ptn_rc_t ptn_mime_date(ptn_str_t value, int64_t *ret_sec, int *ret_zone);


/*
 * IMAP renderings (RFC 9051 7.5.2), appended to `out`: ENVELOPE (...) value,
 * BODYSTRUCTURE (ext) or BODY value.  Strings are quoted or literals as they
 * need.  Raw (RFC 2047 undecoded) header text, as IMAP4rev1 wants it.
 */
void ptn_mime_imap_envelope(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part);
void ptn_mime_imap_structure(ptn_buf_t *out, ptn_pool_t *pool,
    const ptn_mime_part_t *part, bool extensible);

/*
 * The part "1.2.3" of a message (RFC 9051 6.4.5.1), NULL when there is none.
 * Numbering steps through message/rfc822 as IMAP does; n 0 gives the root.
 */
const ptn_mime_part_t *ptn_mime_section(const ptn_mime_t *mime,
    const uint32_t *numbers, unsigned n);

/*
 * The structure without the message: packed bytes that unpack to a tree whose
 * strings point into `packed`; raw is empty, offsets are right.  So that
 * BODYSTRUCTURE, ENVELOPE and section slices need no parse of the message.
 * Header fields are kept for the root and embedded messages' ENVELOPE only.
 * unpack: ECORRUPT, hostile input is safe.
 */
ptn_rc_t ptn_mime_pack(ptn_pool_t *pool, const ptn_mime_t *mime,
    ptn_str_t *ret_packed);
ptn_rc_t ptn_mime_unpack(ptn_pool_t *pool, ptn_str_t packed,
    ptn_mime_t **ret_mime);


#endif /* PTN_MIME_H */
