/*
 * Which conversation a message belongs to (MS-OXOMSG 2.2.1.2, 2.2.1.3): a
 * value computed of its index, where that says so, or of its topic.  What it
 * refers to is in neither: ptn_refer.c makes an index of it when it comes.
 */

#include <openssl/evp.h>
#include <unicode/uchar.h>

#include "ptn_charset.h"
#include "ptn_item.h"


#define PTN_CONVERSATION_UNITS   255    /* of the topic that count */


/* Of the topic alone; false: it has none. */

bool
ptn_conversation_of_topic(ptn_pool_t *pool, ptn_str_t topic, u_char ret[16])
{
    size_t     i, n;
    u_char     upper[2 * PTN_CONVERSATION_UNITS];
    UChar32    c;
    ptn_str_t  wide;

    if (topic.len == 0
        || ptn_utf16_from_utf8(pool, topic, &wide) != PTN_OK)
    {
        return false;
    }

    n = ptn_min(wide.len / 2, (size_t) PTN_CONVERSATION_UNITS);

    for (i = 0; i < n; i++) {
        c = (UChar32) (wide.data[2 * i] | wide.data[2 * i + 1] << 8);
        c = u_toupper(c);
        c = (c > 0xffff) ? 0xfffd : c;
        upper[2 * i] = (u_char) c;
        upper[2 * i + 1] = (u_char) (c >> 8);
    }

    return EVP_Digest(upper, 2 * n, ret, NULL, EVP_md5(), NULL) == 1;
}


bool
ptn_conversation_id(ptn_item_ctx_t *c, u_char ret[16])
{
    int64_t    tracking;
    ptn_str_t  index, topic;

    if (ptn_bag_int(&c->item->bag, PTN_PR_CONVERSATION_INDEX_TRACKING,
                    &tracking)
        && tracking != 0
        && ptn_bag_get(&c->item->bag, PTN_PR_CONVERSATION_INDEX, &index)
        && index.len >= PTN_CONVERSATION_HEADER && index.data[0] == 0x01)
    {
        memcpy(ret, index.data + 6, 16);
        return true;
    }

    if (!ptn_bag_get(&c->item->bag, PTN_PR_CONVERSATION_TOPIC, &topic)) {
        topic = ptn_item_prop(PTN_PR_CONVERSATION_TOPIC)
                ->get(c, PTN_PR_CONVERSATION_TOPIC);
    }

    return ptn_conversation_of_topic(c->pool, topic, ret);
}


/*
 * The index of a message that came without one: as of the first of its
 * conversation, which has the conversation's id for its GUID.
 */

bool
ptn_conversation_index(ptn_item_ctx_t *c, u_char ret[22])
{
    u_char  id[16];

    if (!ptn_conversation_id(c, id)) {
        return false;
    }

    ptn_conversation_header(ret, c->item->info.received, id);

    return true;
}


/* ---- by what is in an item ---------------------------------------------- */

ptn_rc_t
ptn_conversation_of(ptn_mbox_t *mb, ptn_pool_t *pool, const ptn_item_t *item,
    ptn_conversation_t *ret)
{
    u_char          scratch[PTN_ITEM_SCRATCH], made[22];
    int64_t         tracking;
    ptn_str_t       s;
    ptn_item_ctx_t  c;

    c.mb = mb;
    c.pool = pool;
    c.item = item;
    c.scratch = scratch;
    memset(ret, 0, sizeof(ptn_conversation_t));

    ret->any = ptn_conversation_id(&c, ret->id);

    if (!ptn_bag_get(&item->bag, PTN_PR_CONVERSATION_TOPIC, &s)) {
        s = ptn_item_prop(PTN_PR_CONVERSATION_TOPIC)
            ->get(&c, PTN_PR_CONVERSATION_TOPIC);
    }

    ret->topic = s;
    ret->has_index = ptn_bag_get(&item->bag, PTN_PR_CONVERSATION_INDEX, &s)
                     && s.len >= PTN_CONVERSATION_HEADER
                     && s.data[0] == 0x01;
    ret->tracking = ret->has_index
                    && ptn_bag_int(&item->bag,
                                   PTN_PR_CONVERSATION_INDEX_TRACKING,
                                   &tracking)
                    && tracking != 0;

    if (!ret->has_index) {
        if (!ptn_conversation_index(&c, made)) {
            return PTN_OK;
        }

        s = ptn_str_make(made, sizeof(made));
    }

    ret->index = ptn_str_dup(pool, s);

    return (ret->index.data == NULL) ? PTN_ENOMEM : PTN_OK;
}


void
ptn_conversation_header(u_char ret[22], int64_t received, const u_char id[16])
{
    size_t    i;
    uint64_t  ft;

    ft = (uint64_t) ptn_filetime(received);
    ret[0] = 0x01;

    for (i = 0; i < 5; i++) {
        ret[1 + i] = (u_char) (ft >> (56 - 8 * i));
    }

    memcpy(ret + 6, id, 16);
}


/*
 * The time since the header's, without its 18 low bits (1.7 years and more:
 * the first bit set, without 23), and four bits at random.
 */

ptn_str_t
ptn_conversation_reply(ptn_pool_t *pool, ptn_str_t index, size_t levels,
    int64_t received, unsigned random)
{
    size_t     i, n;
    u_char    *p;
    uint32_t   delta;
    uint64_t   ft, from, diff;
    ptn_str_t  ret;

    n = PTN_CONVERSATION_HEADER + levels * PTN_CONVERSATION_LEVEL;
    ret.len = n + PTN_CONVERSATION_LEVEL;
    p = ret.data = ptn_palloc(pool, ret.len);

    if (p == NULL) {
        return ret;
    }

    memcpy(p, index.data, n);

    for (i = 0, from = 0; i < 5; i++) {
        from = from << 8 | index.data[1 + i];
    }

    ft = (uint64_t) ptn_filetime(received);
    from <<= 24;
    diff = (ft > from) ? ft - from : 0;

    delta = (diff & 0x00fe000000000000) == 0
            ? (uint32_t) (diff >> 18) & 0x7fffffff
            : ((uint32_t) (diff >> 23) & 0x7fffffff) | 0x80000000;

    p[n] = (u_char) (delta >> 24);
    p[n + 1] = (u_char) (delta >> 16);
    p[n + 2] = (u_char) (delta >> 8);
    p[n + 3] = (u_char) delta;
    p[n + 4] = (u_char) (random << 4);

    return ret;
}
