/*
 * Ids of EWS: what is written is read again, compressed or not; truncated and
 * altered ones are refused or name something else, never crash; change keys,
 * sync states, sniffing.
 */

#include <stdio.h>

#include "ptn_charset.h"
#include "ptn_ews.h"
#include "ptn_test.h"


static void
fill(ptn_ews_id_t *id, int seed, bool item, int nattach)
{
    int  i;

    memset(id, 0, sizeof(*id));

    for (i = 0; i < 16; i++) {
        id->mailbox.b[i] = (u_char) (seed * 31 + i * (seed % 3));
        id->folder_replguid.b[i] = (u_char) (seed * 7 + i / 4);
        id->replguid.b[i] = (u_char) (item ? seed * 13 : 0);
    }

    id->folder = 12 + (uint64_t) seed * 99991;
    id->mid = item ? 0x100 + (uint64_t) seed * 7919 : 0;
    id->nattach = (uint8_t) nattach;

    for (i = 0; i < nattach; i++) {
        id->attach[i] = (uint32_t) (seed * i);
    }
}


static void
test_ids(void)
{
    int           seed, bad, n;
    char          guid[37];
    size_t        i;
    ptn_str_t     text, blob, cut;
    ptn_ews_t     e;
    ptn_pool_t   *pool;
    ptn_ews_id_t  id, back;

    pool = ptn_pool_create(0, NULL);
    memset(&e, 0, sizeof(e));
    e.pool = pool;
    bad = 0;
    n = 0;

    for (seed = 0; seed < 60; seed++) {
        fill(&id, seed, seed % 4 != 0, seed % 4 == 0 ? 0 : seed % 9);
        ptn_ews_guid_text(id.mailbox, guid);

        if (ptn_ews_id_text(pool, guid, &id, &text) != PTN_OK
            || ptn_ews_id_parse(&e, text, &back) != PTN_OK
            || memcmp(&id, &back, sizeof(id)) != 0)
        {
            bad++;
        }
    }

    ok(bad == 0, "ids come back");

    fill(&id, 5, true, 0);
    ptn_ews_guid_text(id.mailbox, guid);
    (void) ptn_ews_id_text(pool, guid, &id, &text);
    (void) ptn_base64_decode(pool, text, &blob);

    ok(blob.data[0] == 1, "runs are compressed");

    bad = 0;

    for (i = 0; i < blob.len; i++) {
        cut = ptn_base64_encode(pool, ptn_str_make(blob.data, i));
        bad += ptn_ews_id_parse(&e, cut, &back) == PTN_OK;

        blob.data[i] ^= 0x20;
        cut = ptn_base64_encode(pool, blob);
        n += ptn_ews_id_parse(&e, cut, &back) == PTN_OK;
        bad += ptn_ews_id_parse(&e, cut, &back) == PTN_OK
               && memcmp(&id, &back, sizeof(id)) == 0;
        blob.data[i] ^= 0x20;
    }

    ok(bad == 0, "cut ones are refused, altered ones are others (%d)", n);

    e.code = NULL;
    ok(ptn_ews_id_parse(&e, ptn_str(""), &back) != PTN_OK
       && strcmp(e.code, "ErrorInvalidIdEmpty") == 0, "empty");

    ok(ptn_ews_id_parse(&e, ptn_str("AQD/AP8A/wD/AP8A/wD/AP8A/wA="), &back)
       != PTN_OK && strcmp(e.code, "ErrorInvalidIdMalformed") == 0,
       "runs without end");

    ptn_pool_destroy(pool);
}


static void
test_states(void)
{
    ptn_str_t    text;
    ptn_ews_t    e;
    ptn_sync_t   sync, back;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);
    memset(&e, 0, sizeof(e));
    e.pool = pool;
    sync.epoch = 7;
    sync.modseq = 0x123456789abc;
    sync.last = 3;
    sync.run = 0xfedcba987654;

    ok(ptn_ews_state_text(pool, PTN_EWS_STATE_ITEMS, 12, &sync, &text)
       == PTN_OK
       && ptn_ews_state_parse(&e, text, PTN_EWS_STATE_ITEMS, 12, &back)
          == PTN_OK && memcmp(&sync, &back, sizeof(sync)) == 0, "a state");
    ok(ptn_ews_state_parse(&e, text, PTN_EWS_STATE_ITEMS, 13, &back)
       != PTN_OK, "of another folder");
    ok(ptn_ews_state_parse(&e, text, PTN_EWS_STATE_FOLDERS, 12, &back)
       != PTN_OK, "of another kind");
    text.len -= 4;
    ok(ptn_ews_state_parse(&e, text, PTN_EWS_STATE_ITEMS, 12, &back)
       != PTN_OK, "cut");

    ptn_pool_destroy(pool);
}


static const struct {
    const char  *action, *body, *name;
} sniffs[] = {
    { "", "<s:Envelope><s:Body><m:GetItem a='b'>", "GetItem" },
    { "", "<?xml version='1.0'?><!-- x --><Envelope><Header/><Body>\n"
      "<CreateItem>", "CreateItem" },
    { "\"http://x/messages/FindItem\"", "", "FindItem" },
    { "\"http://x/messages/FindItem\"", "<a><Body><GetFolder>", "GetFolder" },
    { "", "<a><b>", NULL },
    { "", "<Body><NoSuch>", NULL },
    { "", "<Body><GetItem", NULL },
    { "", "<<<<", NULL },
    { "", "", NULL },
};


static void
test_sniff(void)
{
    size_t               i;
    const ptn_ews_op_t  *op;

    for (i = 0; i < ptn_nelts(sniffs); i++) {
        op = ptn_ews_sniff(ptn_str_z(sniffs[i].action),
                           ptn_str_z(sniffs[i].body));

        ok(sniffs[i].name == NULL ? op == NULL
           : op != NULL && strcmp(op->name, sniffs[i].name) == 0,
           "sniffed: %s", sniffs[i].name == NULL ? "nothing"
                                                  : sniffs[i].name);
    }
}


int
main(void)
{
    test_ids();
    test_states();
    test_sniff();

    return done_testing();
}
