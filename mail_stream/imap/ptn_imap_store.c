/*
 * STORE (RFC 3501 6.4.6), and the \Seen that FETCH of a body sets.
 */

#include "ptn_imap.h"


static bool
ptn_imap_keyword_bit(const ptn_str_t *names, ptn_str_t word, unsigned *ret)
{
    unsigned  i;

    for (i = 0; i < 64; i++) {
        if (names[i].len != 0 && ptn_str_ieq(names[i], word)) {
            *ret = i;
            return true;
        }
    }

    return false;
}


ptn_rc_t
ptn_imap_keyword_bits(ptn_imap_t *c, ptn_txn_t *tx, const ptn_imap_flags_t *f,
    uint64_t *ret)
{
    size_t            i;
    unsigned          bit;
    uint64_t          bits;
    ptn_rc_t          rc;
    const ptn_str_t  *names;

    bits = 0;

    for (i = 0; i < f->nwords; i++) {

        rc = ptn_keyword_names(c->mb, &names);
        if (rc != PTN_OK) {
            return rc;
        }

        if (!ptn_imap_keyword_bit(names, f->words[i], &bit)) {

            if (tx == NULL) {
                continue;
            }

            rc = ptn_keyword_add(tx, f->words[i], &bit);
            if (rc != PTN_OK) {
                return rc;
            }

            if (bit > 63) {
                return PTN_EINTERNAL;
            }
        }

        bits |= 1ULL << bit;
    }

    *ret = bits;

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_store_run(ptn_imap_t *c, const ptn_imap_flags_t *f,
    ptn_imap_own_t *own)
{
    ptn_rc_t                              rc;
    uint64_t                              modseq;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, c->mb);

    if (rc == PTN_OK) {
        rc = ptn_imap_keyword_bits(c, own->op == PTN_FLAGS_REMOVE ? NULL : &tx,
                                   f, &own->keywords);
    }

    own->flags = f->flags;

    if (rc == PTN_OK) {
        rc = ptn_msg_flags(&tx, c->st->folder, own->uids, own->n, own->op,
                           own->flags, own->keywords, 0, &modseq);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* "FLAGS", "+FLAGS.SILENT" ... */

static ptn_rc_t
ptn_imap_store_item(ptn_imap_in_t *in, ptn_imap_own_t *own)
{
    ptn_rc_t   rc;
    ptn_str_t  word;

    rc = ptn_imap_parse_atom(in, &word);
    if (rc != PTN_OK) {
        return rc;
    }

    own->op = PTN_FLAGS_SET;

    if (word.data[0] == '+' || word.data[0] == '-') {
        own->op = word.data[0] == '+' ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE;
        word.data++;
        word.len--;
    }

    if (ptn_str_ieqz(word, "FLAGS")) {
        own->silent = false;
        return PTN_OK;
    }

    if (ptn_str_ieqz(word, "FLAGS.SILENT")) {
        own->silent = true;
        return PTN_OK;
    }

    return PTN_EPARSE;
}


ptn_rc_t
ptn_imap_store(ptn_imap_t *c)
{
    uint32_t          *uids;
    ptn_rc_t           rc;
    ptn_imap_set_t     set, seqs;
    ptn_imap_own_t     own;
    ptn_imap_flags_t   f;

    memset(&own, 0, sizeof(own));

    rc = ptn_imap_parse_sp(&c->in);

    if (rc == PTN_OK) {
        rc = ptn_imap_set_parse(&c->in, &set);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_store_item(&c->in, &own);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_flags(&c->in, &f);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_set_resolve(c->s->pool, &set, c->st->view, c->uid,
                                  &seqs);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_set_uids(c->s->pool, &seqs, c->st->view, &uids, &own.n);
    }

    if (rc != PTN_OK || own.n == 0) {
        return rc;
    }

    own.uids = uids;

    rc = ptn_imap_store_run(c, &f, &own);

    return rc == PTN_OK ? ptn_imap_sync(c, c->uid, &own) : rc;
}


ptn_rc_t
ptn_imap_store_seen(ptn_imap_t *c, const uint32_t *uids, size_t n)
{
    ptn_rc_t          rc;
    ptn_imap_own_t    own;
    ptn_imap_flags_t  f;

    memset(&own, 0, sizeof(own));
    memset(&f, 0, sizeof(f));

    own.uids = uids;
    own.n = n;
    own.op = PTN_FLAGS_ADD;
    f.flags = PTN_FLAG_SEEN;

    rc = ptn_imap_store_run(c, &f, &own);

    return rc == PTN_OK ? ptn_imap_sync(c, c->uid, &own) : rc;
}
