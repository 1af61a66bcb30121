/*
 * ngx_modules/ews: what a request may look like (services.wsdl, messages.xsd,
 * types.xsd), as tables, and the check of a request against them.  A handler
 * sees only what passed: elements in their order, as often as they may be,
 * required attributes there, values of their type.
 *
 * The rows are in ptn_ews_grammar.inc, made by t/ews/schema.py:
 *
 *     particle   E(namespace, min, max, name, type) an element, or
 *                G(kind, min, max, first, n) a group of the particles
 *                [first, first + n); max 65535: unbounded
 *     attribute  A(name, type, required)
 *     type       T(name, kind, list, particle, n, attribute, n, value, n,
 *                min, max): the content of an element, a sequence, its
 *                attributes, and what its text may be
 *     request    R(element, type)
 */

#ifndef PTN_EWS_SCHEMA_H
#define PTN_EWS_SCHEMA_H


#include "ptn_ews_tree.h"


typedef enum {
    PTN_XS_E_T, PTN_XS_E_M,                     /* elements */
    PTN_XS_SEQ, PTN_XS_CHOICE, PTN_XS_ALL, PTN_XS_ANY
} ptn_xs_particle_e;

typedef enum {
    PTN_XS_NONE,                /* elements only */
    PTN_XS_STRING, PTN_XS_ENUM, PTN_XS_BOOLEAN, PTN_XS_INT, PTN_XS_DECIMAL,
    PTN_XS_DOUBLE, PTN_XS_DATETIME, PTN_XS_DATE, PTN_XS_TIME,
    PTN_XS_DURATION, PTN_XS_BASE64, PTN_XS_HEX, PTN_XS_LANGUAGE,
    PTN_XS_GUID, PTN_XS_PROPTAG, PTN_XS_BITMASK,
    PTN_XS_ANYTYPE              /* nothing is known: all passes */
} ptn_xs_kind_e;

typedef struct {
    uint8_t      kind;          /* ptn_xs_particle_e */
    uint16_t     min, max;
    uint16_t     type;          /* element: its type; group: first particle */
    uint16_t     n;
    const char  *name;
} ptn_xs_particle_t;

typedef struct {
    const char  *name;
    uint16_t     type;
    bool         required;
} ptn_xs_attr_t;

typedef struct {
    const char  *name;          /* empty: anonymous */
    uint8_t      kind;          /* ptn_xs_kind_e */
    bool         list;
    uint16_t     particle, nparticles;
    uint16_t     attr, nattrs;
    uint16_t     value, nvalues;
    int64_t      min, max;
} ptn_xs_type_t;

#define PTN_XS_UNBOUNDED  65535


/* Type of a request or header element; NULL: there is none of that name. */
const ptn_xs_type_t *ptn_ews_schema_request(ptn_str_t name);
const ptn_xs_type_t *ptn_ews_schema_header(ptn_str_t name);

/*
 * Checks `el` as an element of `type`.  EPARSE: *ret_violation says in words
 * what is wrong (in `pool`) and *ret_at where.
 */
ptn_rc_t ptn_ews_schema_check(ptn_pool_t *pool, const ptn_ews_el_t *el,
    const ptn_xs_type_t *type, ptn_str_t *ret_violation,
    const ptn_ews_el_t **ret_at);

/* Is `value` one of the type (also by the unit tests)? */
bool ptn_ews_schema_value(const ptn_xs_type_t *type, ptn_str_t value);


/* --- values of their XSD types, as text to C ------------------------------ */

/* White space at both ends is not part of them. */
ptn_rc_t ptn_xs_bool(ptn_str_t s, bool *ret);
ptn_rc_t ptn_xs_int(ptn_str_t s, int64_t min, int64_t max, int64_t *ret);
/* Microseconds since 1970; without a zone it is UTC.  EPARSE. */
ptn_rc_t ptn_xs_datetime(ptn_str_t s, int64_t *ret_usec);
/* White space anywhere is passed over.  EPARSE. */
ptn_rc_t ptn_xs_base64(ptn_pool_t *pool, ptn_str_t s, ptn_str_t *ret);
ptn_rc_t ptn_xs_guid(ptn_str_t s, ptn_guid_t *ret);     /* COM byte order */
ptn_str_t ptn_xs_trim(ptn_str_t s);


#endif /* PTN_EWS_SCHEMA_H */
