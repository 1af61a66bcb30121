#include "ptn_oxcmail_in.h"


#define PTN_OXCMAIL_PROPS_SIZE  64      /* of the list, to begin with */
#define PTN_OXCMAIL_TOP         UINT32_MAX

/* Where a part stands, seen from above. */
typedef struct {
    uint32_t   piece;           /* of the alternative; PTN_OXCMAIL_TOP: none */
    uint32_t   child;           /* which child of that alternative */
    bool       mixed;           /* text here may go on below the body */
    bool       related;
    uint32_t  *text_owner;      /* child that gave the piece its text */
    uint32_t  *html_owner;
} ptn_oxcmail_place_t;


static void ptn_oxcmail_walk(ptn_oxcmail_in_t *in,
    const ptn_mime_part_t *part, uint32_t index,
    const ptn_oxcmail_place_t *place);


void
ptn_oxcmail_put(ptn_oxcmail_in_t *in, ptn_props_t *props, uint32_t tag,
    ptn_str_t value)
{
    if (in->rc == PTN_OK) {
        in->rc = ptn_props_set(props, in->pool, tag, value);
    }
}


void
ptn_oxcmail_put_int(ptn_oxcmail_in_t *in, ptn_props_t *props, uint32_t tag,
    int64_t n)
{
    if (in->rc == PTN_OK) {
        in->rc = ptn_props_set_int(props, in->pool, tag, n);
    }
}


ptn_str_t
ptn_oxcmail_clean(ptn_pool_t *pool, ptn_str_t s)
{
    size_t  i, n;

    if (s.len == 0 || memchr(s.data, '\0', s.len) == NULL) {
        return s;
    }

    s = ptn_str_dup(pool, s);

    for (i = 0, n = 0; i < s.len; i++) {
        if (s.data[i] != '\0') {
            s.data[n++] = s.data[i];
        }
    }

    s.len = ptn_min(n, s.len);

    return s;
}


ptn_str_t
ptn_oxcmail_text(ptn_pool_t *pool, ptn_str_t raw)
{
    size_t     i;
    ptn_str_t  s;

    s = ptn_oxcmail_clean(pool, ptn_mime_text(pool, raw));

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n') {
            break;
        }
    }

    /* an encoded word may bring a line break */

    if (i < s.len) {
        s = ptn_str_dup(pool, s);

        for ( /* void */ ; s.data != NULL && i < s.len; i++) {
            if (s.data[i] == '\r' || s.data[i] == '\n') {
                s.data[i] = ' ';
            }
        }
    }

    return ptn_mime_trim(s);
}


ptn_str_t
ptn_oxcmail_id(ptn_pool_t *pool, ptn_str_t raw)
{
    u_char  c;
    size_t  i, n, run;

    for (i = 0, run = 0; i < raw.len; i++) {
        c = raw.data[i];
        run = (c == ' ') ? 0 : run + 1;

        if (c < ' ' || c >= 0x7f || run > PTN_OXCMAIL_LINE_HARD
            || (c == ' ' && (i == 0 || i + 1 == raw.len
                             || raw.data[i + 1] == ' ')))
        {
            break;
        }
    }

    if (i == raw.len) {
        return raw;                 /* as nearly all of them are */
    }

    raw = ptn_str_dup(pool, raw);

    for (i = 0, n = 0, run = 0; raw.data != NULL && i < raw.len; i++) {
        c = ptn_mime_blank(raw.data[i]) ? ' ' : raw.data[i];
        run = (c == ' ') ? 0 : run + 1;

        if (c < ' ' || c >= 0x7f || run > PTN_OXCMAIL_LINE_HARD
            || (c == ' ' && (n == 0 || raw.data[n - 1] == ' ')))
        {
            continue;
        }

        raw.data[n++] = c;
    }

    raw.len = (n != 0 && raw.data[n - 1] == ' ') ? n - 1 : n;

    return raw;
}


bool
ptn_oxcmail_bytes(const ptn_mime_t *mime, const ptn_mime_part_t *part,
    ptn_str_t *ret)
{
    if (part->body > mime->raw.len
        || part->body_len > mime->raw.len - part->body)
    {
        return false;
    }

    *ret = ptn_str_make(mime->raw.data + part->body, part->body_len);

    return true;
}


/* Parts of the subtree. */

static uint32_t
ptn_oxcmail_count(const ptn_mime_part_t *part)
{
    uint32_t                n;
    const ptn_mime_part_t  *child;

    n = 1;

    for (child = part->child; child != NULL; child = child->next) {
        n += ptn_oxcmail_count(child);
    }

    return n;
}


static const ptn_mime_part_t *
ptn_oxcmail_nth(const ptn_mime_part_t *part, uint32_t *n)
{
    const ptn_mime_part_t  *child, *found;

    if (*n == 0) {
        return part;
    }

    --*n;

    for (child = part->child; child != NULL; child = child->next) {
        found = ptn_oxcmail_nth(child, n);
        if (found != NULL) {
            return found;
        }
    }

    return NULL;
}


const ptn_mime_part_t *
ptn_oxcmail_part(const ptn_mime_t *mime, uint32_t index)
{
    return ptn_oxcmail_nth(mime->root, &index);
}


static void
ptn_oxcmail_add(ptn_oxcmail_in_t *in, const ptn_mime_part_t *part,
    uint32_t index, ptn_oxcmail_role_e role, uint32_t piece)
{
    ptn_oxcmail_item_t  *item;

    if (role >= PTN_OXCMAIL_ATTACH) {
        if (in->body_only) {
            return;
        }

        in->nattachs++;
    }

    in->ntext += role == PTN_OXCMAIL_TEXT;
    in->nhtml += role == PTN_OXCMAIL_HTML_TEXT;

    item = &in->items[in->n++];
    item->part = part;
    item->index = index;
    item->role = role;
    item->piece = piece;
}


static bool
ptn_oxcmail_named(const ptn_mime_part_t *part)
{
    return ptn_mime_param(part->disp_params, part->ndisp_params,
                          "filename").len != 0
           || ptn_mime_param(part->params, part->nparams, "name").len != 0;
}


/* MS-OXCMAIL 2.2.3.4.1.4.1, without a look into the HTML: what a message has
 * must not depend on how much of it is read. */

static bool
ptn_oxcmail_is_inline(const ptn_mime_part_t *part)
{
    size_t                    i;
    ptn_str_t                 id;
    static const char *const  types[] = {
        "jpeg", "jpg", "pjpeg", "gif", "bmp", "png", "x-png", "webp", "svg+xml"
    };

    if (!ptn_str_eqz(part->type, "image")) {
        return false;
    }

    id = ptn_mime_trim(part->id);

    if (id.len >= 2 && id.data[0] == '<') {
        id = ptn_mime_trim(ptn_str_make(id.data + 1, id.len - 2));
    }

    if (id.len == 0 && ptn_mime_trim(part->location).len == 0) {
        return false;
    }

    for (i = 0; i < ptn_nelts(types); i++) {
        if (ptn_str_eqz(part->subtype, types[i])) {
            return true;
        }
    }

    return false;
}


/*
 * A leaf of text/plain or text/html that is no attachment by its disposition
 * (2.2.3.3.2).  Within an alternative it belongs to the body which that is;
 * the first one elsewhere begins a body, others join it when nothing says that
 * they are files.
 */
static bool
ptn_oxcmail_walk_text(ptn_oxcmail_in_t *in, const ptn_mime_part_t *part,
    uint32_t index, const ptn_oxcmail_place_t *place)
{
    bool  html;

    if (part->opaque || !ptn_str_eqz(part->type, "text")
        || ptn_str_eqz(part->disposition, "attachment"))
    {
        return false;
    }

    html = ptn_str_eqz(part->subtype, "html");

    if (!html && !ptn_str_eqz(part->subtype, "plain")) {
        return false;
    }

    if (place->piece == PTN_OXCMAIL_TOP) {

        if (in->npieces != 0 && (!place->mixed || ptn_oxcmail_named(part))) {
            return false;
        }

        ptn_oxcmail_add(in, part, index, html ? PTN_OXCMAIL_HTML_TEXT
                                              : PTN_OXCMAIL_TEXT,
                        in->npieces++);
        return true;
    }

    if (html) {
        if (*place->html_owner != place->child
            && *place->html_owner != PTN_OXCMAIL_TOP)
        {
            return false;
        }

        if (*place->html_owner == place->child
            && (!place->mixed || ptn_oxcmail_named(part)))
        {
            return false;
        }

        *place->html_owner = place->child;
        ptn_oxcmail_add(in, part, index, PTN_OXCMAIL_HTML_TEXT, place->piece);
        return true;
    }

    if (*place->html_owner == place->child) {

        /* below HTML, within the same child: a footer */

        if (!place->mixed || ptn_oxcmail_named(part)) {
            return false;
        }

        ptn_oxcmail_add(in, part, index, PTN_OXCMAIL_HTML_TEXT, place->piece);
        return true;
    }

    if (*place->text_owner != PTN_OXCMAIL_TOP
        && (*place->text_owner != place->child || !place->mixed
            || ptn_oxcmail_named(part)))
    {
        return false;
    }

    *place->text_owner = place->child;
    ptn_oxcmail_add(in, part, index, PTN_OXCMAIL_TEXT, place->piece);

    return true;
}


/* RFC 2046 5.1.4 */

static void
ptn_oxcmail_walk_alternative(ptn_oxcmail_in_t *in,
    const ptn_mime_part_t *part, uint32_t index,
    const ptn_oxcmail_place_t *place)
{
    uint32_t                n, text_owner, html_owner, items;
    ptn_oxcmail_place_t     below;
    const ptn_mime_part_t  *child;

    if (place->piece != PTN_OXCMAIL_TOP) {

        /* one within another: all are forms of the same */

        below = *place;
        below.mixed = false;

        for (child = part->child; child != NULL; child = child->next) {
            ptn_oxcmail_walk(in, child, ++index, &below);
            index += ptn_oxcmail_count(child) - 1;
        }

        return;
    }

    memset(&below, 0, sizeof(below));
    text_owner = html_owner = PTN_OXCMAIL_TOP;
    below.piece = in->npieces;
    below.text_owner = &text_owner;
    below.html_owner = &html_owner;
    items = in->ntext + in->nhtml;

    /* a second body needs a place where bodies may follow each other */

    if (in->npieces != 0 && !place->mixed) {
        text_owner = html_owner = PTN_OXCMAIL_TOP - 1;
    }

    for (n = 0, child = part->child; child != NULL; child = child->next, n++) {
        below.child = n;
        ptn_oxcmail_walk(in, child, ++index, &below);
        index += ptn_oxcmail_count(child) - 1;
    }

    in->npieces += in->ntext + in->nhtml != items;
}


/* RFC 2387: the root is what `start` names, or the first. */

static const ptn_mime_part_t *
ptn_oxcmail_related_root(const ptn_mime_part_t *part)
{
    ptn_str_t               start;
    const ptn_mime_part_t  *child;

    start = ptn_mime_param(part->params, part->nparams, "start");

    for (child = part->child; start.len && child != NULL; child = child->next) {
        if (ptn_str_eq(ptn_mime_trim(child->id), ptn_mime_trim(start))) {
            return child;
        }
    }

    return part->child;
}


static void
ptn_oxcmail_walk_children(ptn_oxcmail_in_t *in, const ptn_mime_part_t *part,
    uint32_t index, const ptn_oxcmail_place_t *place)
{
    bool                    related;
    ptn_oxcmail_place_t     below;
    const ptn_mime_part_t  *child, *root;

    below = *place;
    related = ptn_str_eqz(part->subtype, "related");
    root = related ? ptn_oxcmail_related_root(part) : NULL;

    for (child = part->child; child != NULL; child = child->next) {
        below.mixed = !related;
        below.related = related ? child != root : place->related;

        index++;

        if (related && child != root && child->kind == PTN_MIME_LEAF) {
            ptn_oxcmail_add(in, child, index,
                            ptn_oxcmail_is_inline(child) ? PTN_OXCMAIL_INLINE
                                                         : PTN_OXCMAIL_ATTACH,
                            0);
        } else {
            ptn_oxcmail_walk(in, child, index, &below);
        }

        index += ptn_oxcmail_count(child) - 1;
    }
}


static void
ptn_oxcmail_walk(ptn_oxcmail_in_t *in, const ptn_mime_part_t *part,
    uint32_t index, const ptn_oxcmail_place_t *place)
{
    if (part->kind == PTN_MIME_MULTIPART && part->child != NULL) {

        if (ptn_str_eqz(part->subtype, "alternative")) {
            ptn_oxcmail_walk_alternative(in, part, index, place);

        } else {
            ptn_oxcmail_walk_children(in, part, index, place);
        }

        return;
    }

    if (part->kind == PTN_MIME_LEAF
        && ptn_oxcmail_walk_text(in, part, index, place))
    {
        return;
    }

    ptn_oxcmail_add(in, part, index, PTN_OXCMAIL_ATTACH, 0);
}


static bool
ptn_oxcmail_ends(ptn_str_t s, const char *end)
{
    size_t  n;

    n = strlen(end);

    return s.len >= n
           && ptn_str_ieqz(ptn_str_make(s.data + s.len - n, n), end);
}


/* MS-OXOSMIME: what the message is, from its outermost entity. */

static void
ptn_oxcmail_smime(ptn_oxcmail_in_t *in)
{
    ptn_str_t               s;
    const ptn_mime_part_t  *root;

    root = in->root;

    if (root->kind == PTN_MIME_MULTIPART && root->child != NULL
        && ptn_str_eqz(root->subtype, "signed"))
    {
        s = ptn_mime_param(root->params, root->nparams, "protocol");

        if (ptn_oxcmail_ends(s, "pkcs7-signature")) {
            in->smime = "IPM.Note.SMIME.MultipartSigned";
        }

        return;
    }

    if (root->kind != PTN_MIME_LEAF
        || !ptn_str_eqz(root->type, "application"))
    {
        return;
    }

    s = ptn_mime_param(root->disp_params, root->ndisp_params, "filename");
    if (s.len == 0) {
        s = ptn_mime_param(root->params, root->nparams, "name");
    }

    if (ptn_str_eqz(root->subtype, "pkcs7-mime")
        || ptn_str_eqz(root->subtype, "x-pkcs7-mime")
        || (ptn_str_eqz(root->subtype, "octet-stream")
            && ptn_oxcmail_ends(s, ".p7m")))
    {
        in->smime = "IPM.Note.SMIME";
    }
}


static void
ptn_oxcmail_roles(ptn_oxcmail_in_t *in)
{
    uint32_t             i;
    ptn_oxcmail_place_t  top;

    /* a part is one item at most, and a signed message one more */

    in->items = ptn_parray(in->pool, ptn_oxcmail_count(in->root) + 1,
                           sizeof(ptn_oxcmail_item_t));
    if (in->items == NULL) {
        in->rc = PTN_ENOMEM;
        return;
    }

    memset(&top, 0, sizeof(top));
    top.piece = PTN_OXCMAIL_TOP;
    ptn_oxcmail_smime(in);

    if (in->smime != NULL && in->root->kind == PTN_MIME_MULTIPART) {
        in->body_only = true;
        ptn_oxcmail_walk(in, in->root->child, in->index + 1, &top);
        in->body_only = false;
        ptn_oxcmail_add(in, in->root, in->index, PTN_OXCMAIL_SIGNED, 0);
        return;
    }

    ptn_oxcmail_walk(in, in->root, in->index, &top);

    /* nothing shows pictures within a plain text */

    for (i = 0; in->nhtml == 0 && i < in->n; i++) {
        if (in->items[i].role == PTN_OXCMAIL_INLINE) {
            in->items[i].role = PTN_OXCMAIL_ATTACH;
        }
    }
}


ptn_rc_t
ptn_oxcmail_message(ptn_pool_t *pool, const ptn_mime_t *mime,
    const ptn_mime_part_t *root, uint32_t index, unsigned what,
    ptn_object_t **ret_object)
{
    ptn_oxcmail_in_t  in;

    memset(&in, 0, sizeof(in));
    in.pool = pool;
    in.mime = mime;
    in.root = root;
    in.index = index;
    in.what = what;
    in.object = ptn_pcalloc(pool, sizeof(ptn_object_t));

    if (in.object == NULL) {
        return PTN_ENOMEM;
    }

    in.object->props.p = ptn_parray(pool, PTN_OXCMAIL_PROPS_SIZE,
                                    sizeof(ptn_bag_prop_t));
    in.object->props.size = in.object->props.p ? PTN_OXCMAIL_PROPS_SIZE : 0;

    ptn_oxcmail_roles(&in);

    if (in.rc == PTN_OK && (what & (PTN_OXCMAIL_PROPS|PTN_OXCMAIL_RECIPS))) {
        ptn_oxcmail_import_head(&in);
    }

    if (in.rc == PTN_OK && (what & PTN_OXCMAIL_PROPS)) {
        ptn_oxcmail_import_class(&in);
    }

    if (in.rc == PTN_OK) {
        ptn_oxcmail_import_bodies(&in);
    }

    if (in.rc == PTN_OK
        && (what & (PTN_OXCMAIL_ATTACHS|PTN_OXCMAIL_DATA)))
    {
        ptn_oxcmail_import_attachs(&in);
    }

    if (in.rc == PTN_OK && ptn_pool_failed(pool)) {
        in.rc = PTN_ENOMEM;
    }

    if (in.rc == PTN_OK) {
        *ret_object = in.object;
    }

    return in.rc;
}


ptn_rc_t
ptn_oxcmail_import(ptn_pool_t *pool, const ptn_mime_t *mime, unsigned what,
    ptn_object_t **ret_object)
{
    return ptn_oxcmail_message(pool, mime, mime->root, 0, what, ret_object);
}
