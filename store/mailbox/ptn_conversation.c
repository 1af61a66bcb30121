/*
 * Which conversation a message belongs to (MS-OXOMSG 2.2.1.2, 2.2.1.3): a
 * value computed of its index, where that says so, or of its topic.  So mail
 * without an index is in one conversation with what it answers: both have one
 * topic.
 */

#include <openssl/evp.h>
#include <unicode/uchar.h>

#include "ptn_charset.h"
#include "ptn_item.h"


#define PTN_CONVERSATION_UNITS   255    /* of the topic that count */
#define PTN_CONVERSATION_HEADER  22     /* bytes of an index without levels */


/* Of the topic alone; false: it has none. */

static bool
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
    size_t    i;
    uint64_t  ft;

    if (!ptn_conversation_id(c, ret + 6)) {
        return false;
    }

    ft = (uint64_t) ptn_filetime(c->item->info.received);
    ret[0] = 0x01;

    for (i = 0; i < 5; i++) {
        ret[1 + i] = (u_char) (ft >> (56 - 8 * i));
    }

    return true;
}
