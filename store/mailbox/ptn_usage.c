/*
 * What is in a mailbox, for who administers it.
 */

#include "ptn_ops.h"


ptn_rc_t
ptn_mbox_usage(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_usage_t *ret)
{
    size_t             i;
    int64_t            n;
    ptn_rc_t           rc;
    ptn_mbox_t        *mb;
    ptn_gone_count_t   gone;
    ptn_mbox_usage_t   u;

    const struct {
        const char  *text;
        uint64_t    *to;
    } asked[] = {
        { "SELECT count(*) FROM content", &u.contents },
        { "SELECT coalesce(sum(size), 0) FROM content", &u.raw },
        { "SELECT (SELECT coalesce(sum(length(block)), 0) FROM words_data)"
          " + (SELECT coalesce(sum(length(sz)), 0) FROM words_docsize)"
          " + (SELECT coalesce(sum(length(words)), 0) FROM term_new)"
          " + (SELECT coalesce(sum(length(words)), 0) FROM term_block)"
          " + (SELECT coalesce(sum(length(pieces)), 0) FROM term_piece)",
          &u.index },
        { "SELECT count(*) FROM content WHERE id>(SELECT indexed FROM meta)",
          &u.unindexed }
    };

    memset(&u, 0, sizeof(u));
    n = 0;
    rc = ptn_mbox_open(store, user, NULL, &mb);

    for (i = 0; i < ptn_nelts(asked) && rc == PTN_OK; i++) {
        rc = ptn_sql_number(mb, asked[i].text, &n);
        *asked[i].to = (n > 0) ? (uint64_t) n : 0;
    }

    if (rc == PTN_OK) {
        rc = ptn_gone_count(mb, 0, &gone);
    }

    if (rc == PTN_OK) {
        u.gone = gone.messages + gone.fai;
        u.gone_size = gone.size + gone.fai_size;
        u.gone_folders = gone.folders;
        *ret = u;
    }

    return rc;
}
