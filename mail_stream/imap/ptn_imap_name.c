/*
 * Folders as mailbox names.
 *
 * The tree below IPM_SUBTREE with "/" between levels; the Inbox is INBOX in
 * any case, whatever its folder is called, and its children are INBOX/...
 * Levels are escaped, then the whole is written in modified UTF-7:
 *
 *   "/" in a folder's name is _x002F_; an underscore that would read as an
 *   escape is _x005F_; the first letter of a top-level folder that is called
 *   inbox and is not the Inbox is _x0049_ or _x0069_.
 *
 * (The form is that of XmlConvert.EncodeName.)  Each folder has one name and
 * each name at most one folder: what does not come out of the encoder again is
 * no name.
 *
 * Folders of calendars, contacts and so on are not shown, as Exchange does
 * not show them; mail folders below one are, with the parent as \Noselect.
 */

#include <stdlib.h>

#include "ptn_charset.h"
#include "ptn_imap.h"


#define PTN_IMAP_PATTERN_MAX  1024

static const struct {
    const char  *escape;
    u_char       c;
} ptn_imap_name_escapes[] = {
    { "_x002F_", '/' }, { "_x005F_", '_' }, { "_x0049_", 'I' },
    { "_x0069_", 'i' }
};

#define PTN_IMAP_ESCAPE_LEN  7


bool
ptn_imap_name_is_inbox(ptn_str_t name)
{
    return ptn_str_ieqz(name, "INBOX");
}


/*
 * Would the underscore at `p` begin an escape in what we write?  "/" counts
 * as underscore: its escape begins with one.
 */

static bool
ptn_imap_name_ambiguous(const u_char *p, const u_char *end)
{
    size_t  i;

    if (end - p < PTN_IMAP_ESCAPE_LEN || (p[6] != '_' && p[6] != '/')) {
        return false;
    }

    for (i = 0; i < ptn_nelts(ptn_imap_name_escapes); i++) {
        if (memcmp(p, ptn_imap_name_escapes[i].escape,
                   PTN_IMAP_ESCAPE_LEN - 1) == 0)
        {
            return true;
        }
    }

    return false;
}


ptn_rc_t
ptn_imap_name_encode(ptn_pool_t *pool, ptn_str_t name, bool top,
    ptn_str_t *ret)
{
    size_t     i;
    u_char    *p, *end;
    ptn_buf_t  out;

    ptn_buf_init(&out, pool);

    p = name.data;
    end = p + name.len;

    if (top && ptn_imap_name_is_inbox(name)) {
        ptn_buf_z(&out, *p == 'I' ? "_x0049_" : "_x0069_");
        p++;
    }

    for ( /* void */ ; p < end; p++) {

        i = *p == '/' ? 0 : 1;

        if (i == 0 || (*p == '_' && ptn_imap_name_ambiguous(p, end))) {
            ptn_buf_z(&out, ptn_imap_name_escapes[i].escape);

        } else {
            ptn_buf_byte(&out, *p);
        }
    }

    if (out.failed) {
        return PTN_ENOMEM;
    }

    return ptn_utf7_imap_encode(pool, ptn_buf_get(&out), ret);
}


ptn_rc_t
ptn_imap_name_decode(ptn_pool_t *pool, ptn_str_t level, bool top,
    ptn_str_t *ret)
{
    size_t     i;
    u_char    *p, *end;
    ptn_rc_t   rc;
    ptn_buf_t  out;
    ptn_str_t  s, again;

    rc = ptn_utf7_imap_decode(pool, level, &s);
    if (rc != PTN_OK) {
        return rc == PTN_EPARSE ? PTN_EINVAL : rc;
    }

    ptn_buf_init(&out, pool);

    p = s.data;
    end = p + s.len;

    while (p < end) {

        for (i = 0; i < ptn_nelts(ptn_imap_name_escapes); i++) {
            if (end - p >= PTN_IMAP_ESCAPE_LEN
                && memcmp(p, ptn_imap_name_escapes[i].escape,
                          PTN_IMAP_ESCAPE_LEN) == 0)
            {
                break;
            }
        }

        if (i < ptn_nelts(ptn_imap_name_escapes)) {
            ptn_buf_byte(&out, ptn_imap_name_escapes[i].c);
            p += PTN_IMAP_ESCAPE_LEN;

        } else {
            ptn_buf_byte(&out, *p++);
        }
    }

    if (out.failed) {
        return PTN_ENOMEM;
    }

    s = ptn_buf_get(&out);

    rc = ptn_imap_name_encode(pool, s, top, &again);
    if (rc != PTN_OK) {
        return rc == PTN_EPARSE ? PTN_EINVAL : rc;
    }

    if (s.len == 0 || !ptn_str_eq(again, level)) {
        return PTN_EINVAL;
    }

    *ret = s;

    return PTN_OK;
}


static bool
ptn_imap_name_shown(const ptn_folder_t *f)
{
    return !f->hidden && !f->search
           && (f->cls.len == 0 || ptn_str_istarts(f->cls, "IPF.Note")
               || ptn_str_istarts(f->cls, "IPF.Imap"));
}


typedef struct {
    ptn_id_t  id;
    uint32_t  index;
} ptn_imap_name_id_t;


static int
ptn_imap_name_compare(const void *a, const void *b)
{
    const ptn_imap_name_id_t  *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}


/* Parents of all folders, by index; 0 where the parent is IPM_SUBTREE. */

static ptn_rc_t
ptn_imap_name_parents(ptn_imap_t *c, ptn_imap_name_t *names, size_t n)
{
    size_t               i;
    ptn_imap_name_id_t  *ids, key, *hit;

    ids = ptn_parray(c->s->pool, n, sizeof(ptn_imap_name_id_t));
    if (ids == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        ids[i].id = names[i].f->id;
        ids[i].index = (uint32_t) i;
    }

    qsort(ids, n, sizeof(ptn_imap_name_id_t), ptn_imap_name_compare);

    for (i = 0; i < n; i++) {
        key.id = names[i].f->parent;

        hit = bsearch(&key, ids, n, sizeof(ptn_imap_name_id_t),
                      ptn_imap_name_compare);

        names[i].parent = hit != NULL && hit->index < i ? hit->index + 1 : 0;
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_name_path(ptn_imap_t *c, ptn_imap_name_t *names, size_t i)
{
    ptn_rc_t            rc;
    ptn_buf_t           path;
    ptn_str_t           level;
    const ptn_folder_t *f;

    f = names[i].f;

    if (f->special == PTN_FOLDER_INBOX) {
        names[i].name = ptn_str("INBOX");
        return PTN_OK;
    }

    rc = ptn_imap_name_encode(c->s->pool,
                              ptn_utf8_clean(c->s->pool, f->name),
                              names[i].parent == 0, &level);
    if (rc != PTN_OK) {
        return rc;
    }

    if (names[i].parent == 0) {
        names[i].name = level;
        return PTN_OK;
    }

    ptn_buf_init(&path, c->s->pool);
    ptn_buf_str(&path, names[names[i].parent - 1].name);
    ptn_buf_byte(&path, '/');
    ptn_buf_str(&path, level);

    names[i].name = ptn_buf_get(&path);

    return path.failed ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_imap_name_tree(ptn_imap_t *c, ptn_imap_name_t **ret, size_t *ret_n)
{
    size_t               i, n;
    ptn_rc_t             rc;
    ptn_imap_name_t     *names;
    const ptn_folder_t  *folders;

    rc = ptn_folder_list(c->mb, &folders, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    names = ptn_pcalloc(c->s->pool, (n + 1) * sizeof(ptn_imap_name_t));
    if (names == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < n; i++) {
        names[i].f = &folders[i];
        names[i].mail = ptn_imap_name_shown(&folders[i]);
    }

    rc = ptn_imap_name_parents(c, names, n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_imap_name_path(c, names, i);
    }

    for (i = n; i-- > 0; ) {
        if (names[i].parent != 0 && (names[i].mail || names[i].children)) {
            names[names[i].parent - 1].children = true;
        }
    }

    *ret = names;
    *ret_n = n;

    return rc;
}


/* One level down.  ENOTFOUND: *ret_leaf is what it would be called. */

static ptn_rc_t
ptn_imap_name_step(ptn_imap_t *c, ptn_id_t parent, ptn_str_t level, bool top,
    ptn_str_t *ret_leaf, const ptn_folder_t **ret)
{
    ptn_rc_t  rc;

    if (top && ptn_imap_name_is_inbox(level)) {
        return ptn_folder_special(c->mb, PTN_FOLDER_INBOX, ret);
    }

    rc = ptn_imap_name_decode(c->s->pool, level, top, ret_leaf);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_folder_child(c->mb, parent, *ret_leaf, ret);

    /* under its folder's name the Inbox is not known here */

    if (rc == PTN_OK && (*ret)->special == PTN_FOLDER_INBOX) {
        return PTN_ENOTFOUND;
    }

    return rc;
}


ptn_rc_t
ptn_imap_name_walk(ptn_imap_t *c, ptn_txn_t *tx, ptn_str_t name,
    ptn_imap_walk_t *ret)
{
    bool                 top;
    u_char              *slash;
    ptn_id_t             id;
    ptn_rc_t             rc;
    ptn_str_t            level;
    const ptn_folder_t  *f;

    rc = ptn_folder_special(c->mb, PTN_FOLDER_IPM_SUBTREE, &f);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(ret, 0, sizeof(*ret));
    ret->parent = f->id;

    for (top = true; ; top = false) {

        slash = name.len ? memchr(name.data, '/', name.len) : NULL;
        level = name;

        if (slash != NULL) {
            level.len = (size_t) (slash - name.data);
        }

        f = NULL;
        rc = ptn_imap_name_step(c, ret->parent, level, top, &ret->leaf, &f);

        if (slash == NULL) {
            ret->f = rc == PTN_OK ? f : NULL;
            return rc == PTN_ENOTFOUND ? PTN_OK : rc;
        }

        if (rc == PTN_ENOTFOUND && tx != NULL) {
            rc = ptn_folder_create(tx, ret->parent, ret->leaf, "IPF.Note",
                                   &id);

        } else if (rc == PTN_OK) {
            id = f->id;
        }

        if (rc != PTN_OK) {
            return rc;
        }

        ret->parent = id;
        name.data = slash + 1;
        name.len -= level.len + 1;
    }
}


ptn_rc_t
ptn_imap_name_find(ptn_imap_t *c, ptn_str_t name, const ptn_folder_t **ret)
{
    ptn_rc_t         rc;
    ptn_imap_walk_t  walk;

    rc = ptn_imap_name_walk(c, NULL, name, &walk);

    if (rc == PTN_EINVAL) {
        return PTN_ENOTFOUND;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (walk.f == NULL || !ptn_imap_name_shown(walk.f)) {
        return PTN_ENOTFOUND;
    }

    *ret = walk.f;

    return PTN_OK;
}


/*
 * The set of pattern positions that are alive moves along with the name:
 * position k is alive when pattern[0, k) matches what was read.
 */

bool
ptn_imap_name_match(ptn_str_t pattern, ptn_str_t name)
{
    bool    alive, was, next;
    char    live[PTN_IMAP_PATTERN_MAX + 1];
    u_char  p, ch;
    size_t  i, k, nocase;

    if (pattern.len > PTN_IMAP_PATTERN_MAX) {
        return false;
    }

    nocase = 0;

    if (ptn_str_istarts(name, "INBOX") && (name.len == 5
                                           || name.data[5] == '/'))
    {
        nocase = 5;
    }

    memset(live, 0, pattern.len + 1);
    live[0] = 1;

    for (k = 0; k < pattern.len; k++) {         /* empty wildcards */
        live[k + 1] = live[k] && (pattern.data[k] == '*'
                                  || pattern.data[k] == '%');
    }

    for (i = 0; i < name.len; i++) {
        ch = name.data[i];
        was = live[0];
        live[0] = 0;
        alive = false;

        for (k = 0; k < pattern.len; k++) {
            p = pattern.data[k];
            next = live[k + 1];

            if (p == '*' || (p == '%' && ch != '/')) {
                /* the wildcard takes ch, or has taken nothing */
                live[k + 1] = was || next || live[k];

            } else if (p == '%') {
                live[k + 1] = live[k];

            } else {
                live[k + 1] = was && (p == ch || (i < nocase
                                      && ptn_tolower(p) == ptn_tolower(ch)));
            }

            alive = alive || live[k + 1];
            was = next;
        }

        if (!alive) {
            return false;
        }
    }

    return live[pattern.len];
}
