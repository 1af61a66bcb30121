#include "ptn_ews_schema.h"
#include "ptn_ews_grammar.inc"


/* One name for both: a type that the schema leaves open. */
#define PTN_XS_ANY_KIND  PTN_XS_ANYTYPE


#define PTN_XS_ROW_E(ns, lo, hi, name, type)                                  \
    { PTN_XS_E_##ns, lo, hi, type, 0, name },
#define PTN_XS_ROW_G(kind, lo, hi, first, n)                                  \
    { PTN_XS_##kind, lo, hi, first, n, NULL },
static const ptn_xs_particle_t  ptn_xs_particles[] = {
    PTN_EWS_PARTICLES(PTN_XS_ROW_E, PTN_XS_ROW_G)
};

#define PTN_XS_ROW_A(name, type, required)  { name, type, required },
static const ptn_xs_attr_t  ptn_xs_attrs[] = {
    PTN_EWS_ATTRIBUTES(PTN_XS_ROW_A)
};

#define PTN_XS_ROW_V(value)  value,
static const char *const  ptn_xs_values[] = {
    PTN_EWS_VALUES(PTN_XS_ROW_V)
};

#define PTN_XS_KIND_NONE      PTN_XS_NONE
#define PTN_XS_KIND_STRING    PTN_XS_STRING
#define PTN_XS_KIND_ENUM      PTN_XS_ENUM
#define PTN_XS_KIND_BOOLEAN   PTN_XS_BOOLEAN
#define PTN_XS_KIND_INT       PTN_XS_INT
#define PTN_XS_KIND_DECIMAL   PTN_XS_DECIMAL
#define PTN_XS_KIND_DOUBLE    PTN_XS_DOUBLE
#define PTN_XS_KIND_DATETIME  PTN_XS_DATETIME
#define PTN_XS_KIND_DATE      PTN_XS_DATE
#define PTN_XS_KIND_TIME      PTN_XS_TIME
#define PTN_XS_KIND_DURATION  PTN_XS_DURATION
#define PTN_XS_KIND_BASE64    PTN_XS_BASE64
#define PTN_XS_KIND_HEX       PTN_XS_HEX
#define PTN_XS_KIND_LANGUAGE  PTN_XS_LANGUAGE
#define PTN_XS_KIND_GUID      PTN_XS_GUID
#define PTN_XS_KIND_PROPTAG   PTN_XS_PROPTAG
#define PTN_XS_KIND_BITMASK   PTN_XS_BITMASK
#define PTN_XS_KIND_ANY       PTN_XS_ANYTYPE

#define PTN_XS_ROW_T(name, kind, list, p, np, a, na, v, nv, lo, hi)           \
    { name, PTN_XS_KIND_##kind, list, p, np, a, na, v, nv, lo, hi },
static const ptn_xs_type_t  ptn_xs_types[] = {
    PTN_EWS_TYPES(PTN_XS_ROW_T)
};

typedef struct {
    const char  *name;
    uint16_t     type;
} ptn_xs_root_t;

#define PTN_XS_ROW_R(name, type)  { name, type },
static const ptn_xs_root_t  ptn_xs_requests[] = {
    PTN_EWS_REQUESTS(PTN_XS_ROW_R)
};
static const ptn_xs_root_t  ptn_xs_headers[] = {
    PTN_EWS_HEADERS(PTN_XS_ROW_R)
};


typedef struct {
    ptn_pool_t          *pool;
    ptn_str_t            violation;
    const ptn_ews_el_t  *at;
} ptn_xs_check_t;


static const ptn_xs_type_t *
ptn_ews_schema_root(const ptn_xs_root_t *roots, size_t n, ptn_str_t name)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (ptn_str_eqz(name, roots[i].name)) {
            return &ptn_xs_types[roots[i].type];
        }
    }

    return NULL;
}


const ptn_xs_type_t *
ptn_ews_schema_request(ptn_str_t name)
{
    return ptn_ews_schema_root(ptn_xs_requests, ptn_nelts(ptn_xs_requests),
                               name);
}


const ptn_xs_type_t *
ptn_ews_schema_header(ptn_str_t name)
{
    return ptn_ews_schema_root(ptn_xs_headers, ptn_nelts(ptn_xs_headers),
                               name);
}


static ptn_rc_t
ptn_ews_schema_fail(ptn_xs_check_t *c, const ptn_ews_el_t *at,
    ptn_str_t violation)
{
    c->at = at;
    c->violation = violation;

    return violation.data == NULL ? PTN_ENOMEM : PTN_EPARSE;
}


/* The first element that a group could begin with, for the message. */
static const char *
ptn_ews_schema_expected(const ptn_xs_particle_t *p)
{
    const char  *name;
    uint16_t     i;

    if (p->kind == PTN_XS_E_T || p->kind == PTN_XS_E_M) {
        return p->name;
    }

    for (i = 0; p->kind != PTN_XS_ANY && i < p->n; i++) {
        name = ptn_ews_schema_expected(&ptn_xs_particles[p->type + i]);
        if (name != NULL) {
            return name;
        }
    }

    return NULL;
}


static ptn_rc_t ptn_ews_schema_element(ptn_xs_check_t *c,
    const ptn_ews_el_t *el, const ptn_xs_type_t *type);


/*
 * Takes as many of the elements at *next as the particle may have.  The
 * schema is deterministic (XML Schema 3.8.6, "Unique Particle Attribution"),
 * so the first that fits is the one.  *ret_short: an element that it needs is
 * not there; nothing has been said about it yet.
 */
static ptn_rc_t
ptn_ews_schema_particle(ptn_xs_check_t *c, const ptn_xs_particle_t *p,
    const ptn_ews_el_t **next, const ptn_xs_particle_t **ret_short)
{
    ptn_rc_t                  rc;
    uint32_t                  count;
    uint16_t                  i;
    const ptn_ews_el_t       *before;
    const ptn_xs_particle_t  *lack, *sub;

    for (count = 0; p->max == PTN_XS_UNBOUNDED || count < p->max; count++) {
        before = *next;
        lack = NULL;

        switch (p->kind) {

        case PTN_XS_E_T:
        case PTN_XS_E_M:
            if (before == NULL || strcmp(before->name, p->name) != 0
                || strcmp(before->ns, p->kind == PTN_XS_E_T ? PTN_EWS_URI_T
                                                            : PTN_EWS_URI_M)
                   != 0)
            {
                goto done;
            }

            rc = ptn_ews_schema_element(c, before, &ptn_xs_types[p->type]);
            if (rc != PTN_OK) {
                return rc;
            }

            *next = before->next;
            continue;

        case PTN_XS_ANY:
            if (before == NULL) {
                goto done;
            }

            *next = before->next;
            continue;

        case PTN_XS_SEQ:
            for (i = 0; i < p->n; i++) {
                sub = &ptn_xs_particles[p->type + i];

                rc = ptn_ews_schema_particle(c, sub, next, &lack);
                if (rc != PTN_OK) {
                    return rc;
                }

                if (lack != NULL) {
                    break;
                }
            }

            /* what began must be whole */

            if (lack != NULL && *next != before) {
                *ret_short = lack;
                return PTN_OK;
            }

            break;

        default:    /* PTN_XS_CHOICE, PTN_XS_ALL */
            for (i = 0; i < p->n && *next == before; i++) {
                sub = &ptn_xs_particles[p->type + i];
                lack = NULL;

                rc = ptn_ews_schema_particle(c, sub, next, &lack);
                if (rc != PTN_OK) {
                    return rc;
                }

                if (lack != NULL && *next != before) {
                    *ret_short = lack;
                    return PTN_OK;
                }

                if (lack == NULL && *next == before) {
                    break;              /* it may be empty */
                }
            }

            /* `all` in any order: as a choice that repeats */

            if (p->kind == PTN_XS_ALL && *next != before) {
                count--;
                continue;
            }

            if (p->kind == PTN_XS_ALL) {
                return PTN_OK;
            }
        }

        if (*next == before) {

            /* nothing taken: was it all optional? */

            if (lack == NULL) {
                return PTN_OK;
            }

            break;
        }
    }

done:

    if (count < p->min) {
        *ret_short = p;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_schema_content(ptn_xs_check_t *c, const ptn_ews_el_t *el,
    const ptn_xs_type_t *type)
{
    ptn_rc_t                  rc;
    const char               *name;
    const ptn_ews_el_t       *next;
    const ptn_xs_particle_t  *lack;
    ptn_xs_particle_t         all;

    next = el->child;
    lack = NULL;

    if (type->nparticles != 0) {
        all.kind = PTN_XS_SEQ;
        all.min = 1;
        all.max = 1;
        all.type = type->particle;
        all.n = type->nparticles;
        all.name = NULL;

        rc = ptn_ews_schema_particle(c, &all, &next, &lack);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    /* `all` is a copy on the stack: it names no element of its own */

    if (lack == &all) {
        lack = &ptn_xs_particles[type->particle];
    }

    if (next != NULL) {
        return ptn_ews_schema_fail(c, next, ptn_str_printf(c->pool,
                   "The element '%s' has invalid child element '%s'.",
                   el->name, next->name));
    }

    if (lack == NULL) {
        return PTN_OK;
    }

    name = ptn_ews_schema_expected(lack);

    return ptn_ews_schema_fail(c, el, ptn_str_printf(c->pool,
               "The element '%s' has incomplete content. List of possible"
               " elements expected: '%s'.", el->name,
               name == NULL ? "any element" : name));
}


static ptn_rc_t
ptn_ews_schema_attrs(ptn_xs_check_t *c, const ptn_ews_el_t *el,
    const ptn_xs_type_t *type)
{
    uint16_t               i;
    ptn_str_t              value;
    const ptn_xs_attr_t   *rows;
    const ptn_xml_attr_t  *a;

    rows = &ptn_xs_attrs[type->attr];

    for (a = el->attrs; a != NULL; a = a->next) {

        if (a->ns[0] != '\0') {
            continue;               /* xsi:, xml:, soap: */
        }

        for (i = 0; i < type->nattrs; i++) {
            if (strcmp(a->name, rows[i].name) == 0) {
                break;
            }
        }

        if (i == type->nattrs) {
            return ptn_ews_schema_fail(c, el, ptn_str_printf(c->pool,
                       "The '%s' attribute is not declared.",
                       a->name));
        }

        if (!ptn_ews_schema_value(&ptn_xs_types[rows[i].type], a->value)) {
            return ptn_ews_schema_fail(c, el, ptn_str_printf(c->pool,
                       "The '%s' attribute is invalid - The value '%.*s' is"
                       " invalid according to its datatype.",
                       a->name,
                       (int) ptn_min(a->value.len, (size_t) 100),
                       a->value.data));
        }
    }

    for (i = 0; i < type->nattrs; i++) {
        value = ptn_ews_attr(el, rows[i].name);

        if (rows[i].required && value.data == NULL) {
            return ptn_ews_schema_fail(c, el, ptn_str_printf(c->pool,
                       "The required attribute '%s' is missing.",
                       rows[i].name));
        }
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_ews_schema_element(ptn_xs_check_t *c, const ptn_ews_el_t *el,
    const ptn_xs_type_t *type)
{
    ptn_rc_t  rc;

    if (type->kind == PTN_XS_ANYTYPE) {
        return PTN_OK;
    }

    rc = ptn_ews_schema_attrs(c, el, type);
    if (rc == PTN_OK) {
        rc = ptn_ews_schema_content(c, el, type);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (type->kind == PTN_XS_NONE) {
        if (ptn_xs_trim(el->text).len != 0) {
            return ptn_ews_schema_fail(c, el, ptn_str_printf(c->pool,
                       "The element '%s' cannot contain text.",
                       el->name));
        }

        return PTN_OK;
    }

    if (!ptn_ews_schema_value(type, el->text)) {
        return ptn_ews_schema_fail(c, el, ptn_str_printf(c->pool,
                   "The '%s' element is invalid - The value '%.*s' is"
                   " invalid according to its datatype '%s'.",
                   el->name,
                   (int) ptn_min(el->text.len, (size_t) 100), el->text.data,
                   type->name));
    }

    return PTN_OK;
}


ptn_rc_t
ptn_ews_schema_check(ptn_pool_t *pool, const ptn_ews_el_t *el,
    const ptn_xs_type_t *type, ptn_str_t *ret_violation,
    const ptn_ews_el_t **ret_at)
{
    ptn_rc_t        rc;
    ptn_xs_check_t  c;

    memset(&c, 0, sizeof(c));
    c.pool = pool;

    rc = ptn_ews_schema_element(&c, el, type);

    if (rc == PTN_EPARSE) {
        *ret_violation = c.violation;
        *ret_at = c.at;
    }

    return rc;
}


static bool
ptn_ews_schema_word(const ptn_xs_type_t *type, ptn_str_t s)
{
    bool        b;
    size_t      i;
    int64_t     n;
    ptn_guid_t  guid;

    switch (type->kind) {

    case PTN_XS_ENUM:
        for (i = 0; i < type->nvalues; i++) {
            if (ptn_str_eqz(s, ptn_xs_values[type->value + i])) {
                return true;
            }
        }

        return false;

    case PTN_XS_BOOLEAN:
        return ptn_xs_bool(s, &b) == PTN_OK;

    case PTN_XS_INT:
        return ptn_xs_int(s, type->min, type->max != 0 || type->min < 0
                                        ? type->max : INT64_MAX, &n)
               == PTN_OK;

    case PTN_XS_DATETIME:
        return ptn_xs_datetime(s, &n) == PTN_OK;

    case PTN_XS_GUID:
        return ptn_xs_guid(s, &guid) == PTN_OK;

    case PTN_XS_PROPTAG:
    case PTN_XS_BITMASK:
        if (s.len > 2 && s.data[0] == '0' && (s.data[1] | 0x20) == 'x') {
            for (i = 2; i < s.len; i++) {
                if (strchr("0123456789abcdefABCDEF", s.data[i]) == NULL
                    || s.data[i] == '\0')
                {
                    return false;
                }
            }

            return s.len <= (type->kind == PTN_XS_PROPTAG ? 6u : 18u);
        }

        return ptn_xs_int(s, 0, type->kind == PTN_XS_PROPTAG ? 65535
                                                            : INT64_MAX, &n)
               == PTN_OK;

    case PTN_XS_DECIMAL:
    case PTN_XS_DOUBLE:
    case PTN_XS_DATE:
    case PTN_XS_TIME:
    case PTN_XS_DURATION:
    case PTN_XS_LANGUAGE:
        return s.len != 0;

    default:
        return true;
    }
}


bool
ptn_ews_schema_value(const ptn_xs_type_t *type, ptn_str_t value)
{
    size_t     i;
    ptn_str_t  s, word;

    if (type->kind == PTN_XS_STRING && !type->list) {
        return type->min <= 0 || value.len >= (size_t) type->min;
    }

    if (type->kind == PTN_XS_BASE64) {
        return true;                /* its reader says it, once */
    }

    s = ptn_xs_trim(value);

    if (!type->list) {
        return ptn_ews_schema_word(type, s);
    }

    while (s.len != 0) {
        for (i = 0; i < s.len && s.data[i] > ' '; i++) { /* void */ }

        word = ptn_str_make(s.data, i);
        if (!ptn_ews_schema_word(type, word)) {
            return false;
        }

        s = ptn_xs_trim(ptn_str_make(s.data + i, s.len - i));
    }

    return true;
}
