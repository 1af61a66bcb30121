#include "ptn_ews_schema.h"


const ptn_ews_el_t *
ptn_ews_child(const ptn_ews_el_t *el, const char *name)
{
    const ptn_ews_el_t  *c;

    if (el == NULL) {
        return NULL;
    }

    for (c = el->child; c != NULL; c = c->next) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }

    return NULL;
}


const ptn_ews_el_t *
ptn_ews_find(const ptn_ews_el_t *el, const char *path)
{
    size_t               n;
    const ptn_ews_el_t  *c;

    for ( ;; ) {
        if (el == NULL) {
            return NULL;
        }

        n = strcspn(path, "/");

        for (c = el->child; c != NULL; c = c->next) {
            if (strncmp(c->name, path, n) == 0 && c->name[n] == '\0') {
                break;
            }
        }

        if (path[n] == '\0') {
            return c;
        }

        el = c;
        path += n + 1;
    }
}


ptn_str_t
ptn_ews_find_text(const ptn_ews_el_t *el, const char *path)
{
    const ptn_ews_el_t  *c;

    c = ptn_ews_find(el, path);

    if (c == NULL) {
        return ptn_str_make(NULL, 0);
    }

    return c->text.len == 0 ? ptn_str("") : ptn_xs_trim(c->text);
}


ptn_str_t
ptn_ews_attr(const ptn_ews_el_t *el, const char *name)
{
    return el == NULL ? ptn_str_make(NULL, 0) : ptn_xml_attr(el, name);
}


bool
ptn_ews_find_bool(const ptn_ews_el_t *el, const char *path, bool none)
{
    bool  b;

    return ptn_xs_bool(ptn_ews_find_text(el, path), &b) == PTN_OK ? b : none;
}


int64_t
ptn_ews_find_int(const ptn_ews_el_t *el, const char *path, int64_t none)
{
    int64_t  n;

    return ptn_xs_int(ptn_ews_find_text(el, path), INT64_MIN, INT64_MAX, &n)
           == PTN_OK ? n : none;
}
