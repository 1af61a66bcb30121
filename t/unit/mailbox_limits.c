/* What is at a limit is taken, what is beyond it is refused whole. */

#include "mailbox_site.h"


/* RopGetLocalReplicaIds (MS-OXCFXICS 3.3.5.8.12): 1 to 65,536. */

static void
test_local_ids(site_t *s)
{
    uint16_t     replid;
    ptn_id_t     first, next;
    ptn_txn_t    tx = { 0 };
    ptn_guid_t   guid, own;
    ptn_mbox_t  *mb;

    mb = site_open(s, "limit");
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_ics_local_ids(&tx, 0, &guid, &first), PTN_EINVAL, "no ids");
    is_rc(ptn_ics_local_ids(&tx, 65537, &guid, &first), PTN_ELIMIT,
          "one too many");
    memset(&guid, 0, sizeof(guid));
    is_rc(ptn_ics_local_ids(&tx, 65536, &guid, &first), PTN_OK, "the most");
    must(ptn_mbox_replica(mb, first, &replid, &own), "replica");
    ok(ptn_guid_eq(guid, own), "they are of the mailbox's REPLGUID");
    must(ptn_ics_local_ids(&tx, 1, &guid, &next), "another");
    is_u64(next, first + 65536, "which comes behind all of them");
    end(s, &tx);
}


static void
test_state_put(site_t *s)
{
    ptn_ics_state_t  state;

    memset(&state, 0, sizeof(state));
    is_rc(ptn_ics_state_put(&state, PTN_ICS_SETS, ptn_str("")), PTN_EINVAL,
          "a state has four sets");
    is_rc(ptn_ics_state_put(&state, PTN_ICS_SETS - 1, ptn_str("")), PTN_OK,
          "the last of them may be empty");
    ptn_ics_state_done(&state);
    (void) s;
}


static void
test_rule(site_t *s)
{
    size_t       n;
    ptn_rule_t   rule, *rules;
    ptn_txn_t    tx = { 0 };
    ptn_mbox_t  *mb;

    mb = site_open(s, "limit");
    memset(&rule, 0, sizeof(rule));
    rule.provider = ptn_str("MSFT:TDX Rules");
    rule.name = ptn_str("one");
    rule.condition = ptn_str("c");
    rule.actions = ptn_str("a");
    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_rule_add(&tx, PTN_FOLDER_INBOX, &rule, &rule.id), "add");
    rule.provider = ptn_str("");
    rule.name = ptn_str("two");
    is_rc(ptn_rule_modify(&tx, PTN_FOLDER_INBOX, &rule, PTN_RULE_PROVIDER
                                                        |PTN_RULE_NAME),
          PTN_EINVAL, "a rule does not lose its provider");
    end(s, &tx);
    must(ptn_rule_list(mb, s->pool, PTN_FOLDER_INBOX, &rules, &n), "list");
    ok(n == 1 && ptn_str_eqz(rules[0].name, "one"), "nothing of it is set");
}


static void
test_device(site_t *s)
{
    char              *big;
    size_t             i;
    uint64_t           key;
    ptn_id_t           id;
    ptn_str_t          phone, inbox;
    ptn_txn_t          tx = { 0 };
    ptn_mbox_t        *mb;
    ptn_device_put_t   put;

    mb = site_open(s, "limit");
    phone = ptn_str("PHONE");
    inbox = ptn_str("5");
    big = malloc(PTN_DEVICE_STATE_MAX + 1);
    memset(big, 's', PTN_DEVICE_STATE_MAX + 1);

    for (i = 0; i < 2; i++) {
        memset(&put, 0, sizeof(put));
        put.request = ptn_str("r");
        put.state = ptn_str_make(big, PTN_DEVICE_STATE_MAX + 1 - i);
        must(ptn_txn_begin(&tx, mb), "begin");
        is_rc(ptn_device_put(&tx, phone, inbox, &put, &key),
              i ? PTN_OK : PTN_ETOOBIG, i ? "the longest state"
                                          : "one byte more");
        end(s, &tx);
    }

    free(big);

    must(ptn_txn_begin(&tx, mb), "begin");
    must(ptn_device_client_set(&tx, phone, inbox, ptn_str("c1"), 7), "client");
    end(s, &tx);
    is_rc(ptn_device_client_get(mb, phone, inbox, ptn_str("c1"), &id), PTN_OK,
          "what the device calls an item");
    must(ptn_txn_begin(&tx, mb), "begin");
    is_rc(ptn_device_delete(&tx, phone, inbox), PTN_OK, "it is forgotten");
    end(s, &tx);
    is_rc(ptn_device_client_get(mb, phone, inbox, ptn_str("c1"), &id),
          PTN_ENOTFOUND, "with its names for items");
}


static ptn_rc_t
append(site_t *s, ptn_mbox_t *mb)
{
    ptn_rc_t        rc;
    ptn_txn_t       tx = { 0 };
    ptn_appended_t  app;

    must(ptn_txn_begin(&tx, mb), "begin");
    rc = site_append(s, &tx, PTN_FOLDER_INBOX, 10, 0, &app);

    if (rc == PTN_OK) {
        end(s, &tx);

    } else {
        ptn_txn_done(&tx);
        ptn_store_rollback(s->store);
    }

    return rc;
}


/* A folder that is nearly full, as its row says. */

static void
test_full(site_t *s)
{
    size_t              i;
    char                sql[128];
    ptn_mbox_t         *mb;
    static const char  *columns[] = { "uidnext", "total" };

    for (i = 0; i < 2; i++) {
        mb = site_open(s, i ? "full" : "spent");
        must(append(s, mb), "append");
        snprintf(sql, sizeof(sql), "UPDATE folder SET %s=%llu WHERE id=%u",
                 columns[i], i ? (unsigned long long)
                                 PTN_FOLDER_MESSAGES_MAX - 1
                               : (unsigned long long) UINT32_MAX - 1,
                 (unsigned) PTN_FOLDER_INBOX);
        must(ptn_sql_exec(mb, sql), sql);
        mb = site_reopen(s, i ? "full" : "spent");
        is_rc(append(s, mb), PTN_OK, "the last one");
        is_rc(append(s, mb), PTN_ELIMIT, i ? "no more messages"
                                           : "no more uids");
    }
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_local_ids(&s);
    test_state_put(&s);
    test_rule(&s);
    test_device(&s);
    test_full(&s);
    site_check(&s, "limit");
    site_done(&s);

    return done_testing();
}
