/*
 * Query strings of EWS, beside a mailbox: what is read can be planned, and the
 * mailbox can be asked for it.
 *
 * Covers: ngx_modules/ews/ptn_ews_aqs.c ngx_modules/ews/ptn_ews_aqs_date.c
 */

#include <stdio.h>
#include <stdlib.h>

#include "mailbox_site.h"
#include "ptn_ews_search.h"
#include "ptn_search.h"


#define NOW  1767225600         /* 2026-01-01 */

static site_t        fuzz_site;
static ptn_mbox_t   *fuzz_mb;


static void
fuzz_make(void)
{
    ptn_txn_t       tx;
    ptn_append_t    a;
    ptn_appended_t  app;

    site_make(&fuzz_site);
    fuzz_site.conf.fsync = false;
    fuzz_mb = site_open(&fuzz_site, "alice");

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str("From: Ada <ada@example.test>\r\nSubject: a plan\r\n\r\n"
                    "the quick brown fox\r\n");
    a.received = NOW;

    if (ptn_txn_begin(&tx, fuzz_mb) != PTN_OK
        || ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app) != PTN_OK
        || ptn_txn_commit(&tx) != PTN_OK)
    {
        abort();
    }

    ptn_store_commit(fuzz_site.store);
}


static ptn_rc_t
fuzz_hit(void *ctx, const ptn_msg_info_t *m)
{
    ++*(size_t *) ctx;

    return m->id != 0 ? PTN_OK : PTN_EINVAL;
}


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                n;
    ptn_rc_t              rc;
    ptn_ews_t             e;
    ptn_query_t          *query;
    ptn_ews_box_t         box;
    static const ptn_id_t inbox = PTN_FOLDER_INBOX;
    const ptn_scope_t     scope = { &inbox, 1, false };

    if (fuzz_mb == NULL) {
        fuzz_make();
    }

    memset(&e, 0, sizeof(e));
    memset(&box, 0, sizeof(box));
    e.pool = ptn_pool_create(64 * 1024 * 1024, NULL);
    box.mb = fuzz_mb;
    n = 0;
    query = NULL;
    rc = ptn_ews_aqs(&e, &box, PTN_FOLDER_INBOX, ptn_str_make(data, size),
                     NOW, &query);

    if (rc == PTN_OK && query == NULL) {
        fprintf(stderr, "aqs: no query\n");
        abort();
    }

    if (rc == PTN_OK) {
        rc = ptn_search_run(fuzz_mb, query, &scope, false, fuzz_hit, &n);

        if (n > 1 || (rc != PTN_OK && rc != PTN_ELIMIT && rc != PTN_ENOMEM)) {
            fprintf(stderr, "aqs: a query fails: %d, %zu hits\n", rc, n);
            abort();
        }
    }

    ptn_mbox_read_end(fuzz_mb);
    ptn_pool_destroy(e.pool);

    return 0;
}
