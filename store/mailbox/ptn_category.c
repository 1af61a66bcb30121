/*
 * Categories and IMAP keywords.
 */

#include <stdio.h>

#include "ptn_category.h"
#include "ptn_charset.h"


#define PTN_CATEGORY_MAX   255          /* bytes of a name that gets a bit */
#define PTN_CATEGORIES_MAX 256          /* of one message */
#define PTN_CATEGORY_ATOM  48           /* bytes of the name in an atom */

/* MS-OXPROPS 2.451 PidNameKeywords */
static const ptn_named_t  ptn_category_named = {
    { { 0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },
    true, 0, ptn_string("Keywords")
};


/* ---- names -------------------------------------------------------------- */

/* Of programs, not of people: "$..." (RFC 5788), and old ones of junk. */

static bool
ptn_category_system(ptn_str_t name)
{
    size_t  i;

    static const char *const  names[] = {
        "Junk", "NonJunk", "NotJunk", "Forwarded", "MDNSent", "Old",
        "Unread", "XAOL-READ"
    };

    if (name.len != 0 && name.data[0] == '$') {
        return true;
    }

    for (i = 0; i < ptn_nelts(names); i++) {
        if (ptn_str_ieqz(name, names[i])) {
            return true;
        }
    }

    return false;
}


/* RFC 3501 flag-keyword: an atom, which \Seen and the like are not. */

static bool
ptn_category_atom_char(u_char c)
{
    return c > 0x20 && c < 0x7f && strchr("(){%*\"\\]", c) == NULL;
}


static bool
ptn_category_is_atom(ptn_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (!ptn_category_atom_char(name.data[i])) {
            return false;
        }
    }

    return name.len != 0 && !ptn_category_system(name);
}


ptn_str_t
ptn_category_of(ptn_pool_t *pool, ptn_str_t name, ptn_str_t category)
{
    if (category.len != 0) {
        return ptn_str_dup(pool, category);
    }

    return (name.len == 0 || ptn_category_system(name))
           ? ptn_str_make(NULL, 0) : ptn_str_dup(pool, name);
}


/*
 * An atom for a name that is none: what of it can stay, and a hash of it, the
 * same in every mailbox.
 */

static ptn_str_t
ptn_category_atom(ptn_pool_t *pool, ptn_str_t name, unsigned n)
{
    size_t      i;
    bool        cut;
    uint32_t    h;
    ptn_buf_t   b;
    ptn_str_t   fold;

    if (ptn_utf8_fold(pool, name, &fold) != PTN_OK) {
        fold = name;
    }

    for (i = 0, h = 0x811c9dc5; i < fold.len; i++) {
        h = (h ^ fold.data[i]) * 0x01000193;
    }

    ptn_buf_init(&b, pool);
    cut = false;

    for (i = 0; i < name.len && b.len < PTN_CATEGORY_ATOM; i++) {
        if (ptn_category_atom_char(name.data[i])
            && (b.len != 0 || name.data[i] != '$'))
        {
            ptn_buf_byte(&b, name.data[i]);
            cut = false;

        } else if (!cut) {
            ptn_buf_byte(&b, '_');
            cut = true;
        }
    }

    ptn_buf_printf(&b, "-%08x", h);

    if (n != 0) {
        ptn_buf_printf(&b, "-%u", n);
    }

    return b.failed ? ptn_str_make(NULL, 0) : ptn_buf_get(&b);
}


/* Names are compared as folders' are: case does not count. */

static bool
ptn_category_same(ptn_pool_t *pool, ptn_str_t a, ptn_str_t b)
{
    ptn_str_t  x, y;

    if (ptn_str_ieq(a, b)) {
        return true;
    }

    return ptn_utf8_fold(pool, a, &x) == PTN_OK
           && ptn_utf8_fold(pool, b, &y) == PTN_OK && ptn_str_eq(x, y);
}


/* ---- bits --------------------------------------------------------------- */

static ptn_rc_t
ptn_category_bit_of(ptn_txn_t *tx, ptn_pool_t *pool, ptn_str_t category,
    unsigned *ret_bit)
{
    unsigned    i, n;
    ptn_rc_t    rc;
    ptn_set_t  *set;
    ptn_str_t   name;

    set = tx->mb->set;

    for (i = 0; i < 64; i++) {
        if (set->categories[i].len != 0
            && ptn_category_same(pool, set->categories[i], category))
        {
            *ret_bit = i;
            return PTN_OK;
        }
    }

    if (ptn_category_is_atom(category)) {
        return ptn_keyword_make(tx, category, ptn_str_make(NULL, 0), ret_bit);
    }

    for (n = 0; n < 64; n++) {
        name = ptn_category_atom(pool, category, n);

        if (name.data == NULL) {
            return PTN_ENOMEM;
        }

        rc = ptn_keyword_make(tx, name, category, ret_bit);

        if (rc != PTN_EEXIST) {
            return rc;
        }
    }

    return PTN_ELIMIT;
}


ptn_rc_t
ptn_category_bit(ptn_txn_t *tx, ptn_str_t category, unsigned *ret_bit)
{
    size_t       i;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    rc = ptn_txn_check(tx);

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (category.len == 0 || category.len > PTN_CATEGORY_MAX
        || !ptn_utf8_valid(category))
    {
        return PTN_ELIMIT;              /* it stays a category alone */
    }

    for (i = 0; i < category.len; i++) {
        if (category.data[i] < 0x20) {
            return PTN_ELIMIT;
        }
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_category_bit_of(tx, pool, category, ret_bit);
    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_category_map(ptn_txn_t *tx, ptn_mbox_t *from, unsigned bit,
    unsigned *ret_bit)
{
    ptn_str_t  category;

    category = from->set->categories[bit];

    return category.len ? ptn_category_bit(tx, category, ret_bit)
                        : ptn_keyword_add(tx, from->set->keywords[bit],
                                          ret_bit);
}


/* ---- the property ------------------------------------------------------- */

uint32_t
ptn_category_tag(ptn_mbox_t *mb)
{
    uint16_t  id;

    if (ptn_mbox_set(mb) != PTN_OK) {
        return 0;
    }

    if (!mb->set->categories_known) {
        if (ptn_named_ids(mb, NULL, &ptn_category_named, 1, &id) != PTN_OK) {
            return 0;
        }

        mb->set->categories_tag = id ? (uint32_t) id << 16 | PTN_PT_MV_UNICODE
                                     : 0;
        mb->set->categories_known = true;
    }

    return mb->set->categories_tag;
}


bool
ptn_category_is(ptn_mbox_t *mb, uint32_t tag)
{
    return ptn_prop_id(tag) >= PTN_NAMED_FIRST
           && (tag & 0xffff) == PTN_PT_MV_UNICODE
           && ptn_category_tag(mb) == tag;
}


/* The list in the bag, and which bits stand for its names. */

static uint64_t
ptn_category_list(const ptn_item_t *item, uint32_t tag, ptn_str_t *ret_list)
{
    ptn_str_t  s;

    *ret_list = ptn_str_make(NULL, 0);
    (void) ptn_bag_get(&item->bag, tag, ret_list);

    return (ptn_bag_get(&item->bag, PTN_ITEM_CATEGORIES, &s) && s.len == 8)
           ? (uint64_t) ptn_le32(s.data)
             | (uint64_t) ptn_le32(s.data + 4) << 32
           : 0;
}


/* The bit that stands for a name, of those in `mask`; 64: none. */

static unsigned
ptn_category_find(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t name,
    uint64_t mask)
{
    unsigned  i;

    for (i = 0; i < 64; i++) {
        if ((mask & 1ULL << i) && mb->set->categories[i].len != 0
            && ptn_category_same(pool, mb->set->categories[i], name))
        {
            break;
        }
    }

    return i;
}


ptn_str_t
ptn_category_value(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_item_t *item,
    uint32_t tag)
{
    unsigned    bit;
    uint32_t    n, max;
    uint64_t    mask, shown, bits;
    ptn_str_t   list, rest, name, *names, s;

    if (ptn_mbox_set(mb) != PTN_OK) {
        return ptn_str_make(NULL, 0);
    }

    mask = ptn_category_list(item, tag, &list);
    bits = item->info.keywords & mb->set->categories_mask;

    if (bits == 0 && mask == 0) {
        return list;
    }

    if (!ptn_mv_check(tag, list)) {
        list = ptn_str_make(NULL, 0);
    }

    max = (list.data ? ptn_mv_count(list) : 0) + 64;
    names = ptn_parray(pool, max, sizeof(ptn_str_t));

    if (names == NULL) {
        return ptn_str_make(NULL, 0);
    }

    n = 0;
    shown = 0;

    for (rest = ptn_mv_rest(list);
         list.data != NULL && n < max - 64 && ptn_mv_next(tag, &rest, &name);
         /* void */ )
    {
        bit = ptn_category_find(mb, pool, name, mask);

        if (bit == 64 || (bits & 1ULL << bit)) {
            names[n++] = name;
            shown |= (bit < 64) ? 1ULL << bit : 0;
        }
    }

    for (bits &= ~shown; bits != 0; bits &= bits - 1) {
        names[n++] = mb->set->categories[__builtin_ctzll(bits)];
    }

    return (n != 0 && ptn_mv_make(pool, tag, names, n, &s) == PTN_OK)
           ? s : ptn_str_make(NULL, 0);
}


/* ---- saving ------------------------------------------------------------- */

static ptn_rc_t
ptn_category_bits(ptn_txn_t *tx, uint32_t tag, ptn_str_t list,
    uint64_t *ret_bits)
{
    unsigned   i, bit;
    ptn_rc_t   rc;
    uint64_t   bits;
    ptn_str_t  rest, name;

    if (!ptn_mv_check(tag, list) || ptn_mv_count(list) > PTN_CATEGORIES_MAX) {
        *ret_bits = 0;                  /* kept as it is */
        return PTN_OK;
    }

    bits = 0;

    for (i = 0, rest = ptn_mv_rest(list); ptn_mv_next(tag, &rest, &name);
         i++)
    {
        rc = ptn_category_bit(tx, name, &bit);

        if (rc == PTN_OK) {
            bits |= 1ULL << bit;

        } else if (rc != PTN_ELIMIT) {
            return rc;
        }
    }

    *ret_bits = bits;

    return PTN_OK;
}


ptn_rc_t
ptn_category_save(ptn_txn_t *tx, ptn_pool_t *pool, ptn_props_t *extra,
    const ptn_item_t *was, bool all, uint64_t *keywords)
{
    size_t      i;
    bool        named;
    ptn_rc_t    rc;
    uint32_t    tag;
    uint64_t    bits;
    ptn_str_t   list, now, raw, s;
    ptn_set_t  *set;

    tag = ptn_category_tag(tx->mb);
    named = false;
    list = ptn_str_make(NULL, 0);

    for (i = 0; i < extra->n && tag != 0; i++) {
        if (ptn_prop_id(extra->p[i].tag) == ptn_prop_id(tag)) {
            named = true;
            list = (extra->p[i].tag == tag) ? extra->p[i].value : list;
        }
    }

    set = tx->mb->set;

    if (set == NULL || (!named && !all)
        || (!named && (*keywords & set->categories_mask) == 0))
    {
        return PTN_OK;
    }

    /* what was read and is written back stays as it is kept */

    if (was != NULL && tag != 0) {
        now = ptn_category_value(tx->mb, pool, was, tag);

        if (named && now.data != NULL && ptn_str_eq(now, list)) {
            ptn_props_unset(extra, ptn_prop_id(tag));

            if (!all) {
                return PTN_OK;
            }

            rc = PTN_OK;

            if (ptn_bag_get(&was->bag, tag, &raw)) {
                rc = ptn_props_set(extra, pool, tag, raw);
            }

            if (rc == PTN_OK
                && ptn_bag_get(&was->bag, PTN_ITEM_CATEGORIES, &s))
            {
                rc = ptn_props_set(extra, pool, PTN_ITEM_CATEGORIES, s);
            }

            return rc;
        }
    }

    bits = 0;
    rc = PTN_OK;

    if (list.data != NULL) {
        rc = ptn_category_bits(tx, tag, list, &bits);
    }

    /* making keywords may have read the set anew */

    if (rc == PTN_OK) {
        rc = ptn_mbox_set(tx->mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    *keywords = (*keywords & ~tx->mb->set->categories_mask) | bits;

    return ptn_props_set_int(extra, pool, PTN_ITEM_CATEGORIES,
                             (int64_t) bits);
}
