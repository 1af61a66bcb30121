/*
 * ngx_modules/ews: walking a request, which is a tree of ptn_xml.h.
 */

#ifndef PTN_EWS_TREE_H
#define PTN_EWS_TREE_H


#include "ptn_xml.h"


#define PTN_EWS_URI_SOAP    "http://schemas.xmlsoap.org/soap/envelope/"
#define PTN_EWS_URI_SOAP12  "http://www.w3.org/2003/05/soap-envelope"
#define PTN_EWS_URI_T                                                         \
    "http://schemas.microsoft.com/exchange/services/2006/types"
#define PTN_EWS_URI_M                                                         \
    "http://schemas.microsoft.com/exchange/services/2006/messages"
#define PTN_EWS_URI_E                                                         \
    "http://schemas.microsoft.com/exchange/services/2006/errors"

#define PTN_EWS_DEPTH_MAX  64

typedef ptn_xml_node_t  ptn_ews_el_t;


/* The request passed the schema: local names are enough. */
static inline bool
ptn_ews_named(const ptn_ews_el_t *el, const char *name)
{
    return strcmp(el->name, name) == 0;
}

/* First child of that name, or NULL (also when `el` is NULL). */
const ptn_ews_el_t *ptn_ews_child(const ptn_ews_el_t *el, const char *name);

/* A path of names, "ItemShape/BaseShape". */
const ptn_ews_el_t *ptn_ews_find(const ptn_ews_el_t *el, const char *path);

/* Text of it, without white space around; data NULL: not there. */
ptn_str_t ptn_ews_find_text(const ptn_ews_el_t *el, const char *path);

/* Attribute without namespace; data NULL: not there, or no element. */
ptn_str_t ptn_ews_attr(const ptn_ews_el_t *el, const char *name);

/* Boolean, integer at a path, or what is given when it is not there. */
bool ptn_ews_find_bool(const ptn_ews_el_t *el, const char *path, bool none);
int64_t ptn_ews_find_int(const ptn_ews_el_t *el, const char *path,
    int64_t none);


#endif /* PTN_EWS_TREE_H */
