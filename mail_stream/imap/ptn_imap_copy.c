/*
 * COPY (RFC 3501 6.4.7), MOVE (RFC 6851), with the codes of UIDPLUS
 * (RFC 4315).
 */

#include "ptn_imap.h"


/* "COPYUID validity from to", of the messages that were still there. */

static ptn_rc_t
ptn_imap_copy_code(ptn_imap_t *c, uint32_t validity, uint32_t *from,
    const uint32_t *to, size_t n, ptn_buf_t *ret)
{
    size_t     i;

    for (i = 0; i < n; i++) {
        if (to[i] == 0) {
            from[i] = 0;
        }
    }

    ptn_buf_init(ret, c->s->pool);
    ptn_buf_printf(ret, "OK [COPYUID %u ", validity);
    ptn_imap_set_format(ret, from, n);
    ptn_buf_byte(ret, ' ');
    ptn_imap_set_format(ret, to, n);
    ptn_buf_printf(ret, "] %s", c->cmd->name);
    ptn_buf_z(ret, " completed");
    ptn_buf_byte(ret, '\0');

    return ret->failed ? PTN_ENOMEM : PTN_OK;
}


static bool
ptn_imap_copy_any(const uint32_t *to, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (to[i] != 0) {
            return true;
        }
    }

    return false;
}


static ptn_rc_t
ptn_imap_copy_parse(ptn_imap_t *c, ptn_imap_set_t *seqs, ptn_str_t *name)
{
    ptn_rc_t        rc;
    ptn_imap_set_t  set;

    rc = ptn_imap_parse_sp(&c->in);

    if (rc == PTN_OK) {
        rc = ptn_imap_set_parse(&c->in, &set);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp_astring(&c->in, name);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_set_resolve(c->s->pool, &set, c->st->view, c->uid,
                                  seqs);
    }

    return rc;
}


static ptn_rc_t
ptn_imap_copy_run(ptn_imap_t *c, bool move)
{
    size_t                                n;
    ptn_id_t                              id;
    uint32_t                              validity, *uids, *made;
    ptn_rc_t                              rc;
    ptn_buf_t                             code;
    ptn_str_t                             name;
    ptn_imap_set_t                        seqs;
    const ptn_folder_t                   *f;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_imap_copy_parse(c, &seqs, &name);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_imap_name_find(c, name, &f);

    if (rc == PTN_ENOTFOUND) {
        c->reply = "NO [TRYCREATE] No such mailbox";
        return rc;
    }

    if (rc == PTN_OK) {
        id = f->id;
        validity = f->uidvalidity;
        rc = ptn_imap_set_uids(c->s->pool, &seqs, c->st->view, &uids, &n);
    }

    if (rc != PTN_OK || n == 0) {
        return rc;
    }

    if (move && id == c->st->folder) {
        c->reply = "NO [CANNOT] Messages are in that mailbox already";
        return PTN_ESUPPORT;
    }

    rc = ptn_txn_begin(&tx, c->mb);

    if (rc == PTN_OK) {
        rc = move ? ptn_msg_move(&tx, c->s->pool, c->st->folder, uids, n, id,
                                 &made)
                  : ptn_msg_copy(&tx, c->s->pool, c->st->folder, uids, n, id,
                                 &made);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (!ptn_imap_copy_any(made, n)) {
        c->reply = "NO [EXPUNGEISSUED] The messages are gone";
        return PTN_ENOTFOUND;
    }

    rc = ptn_imap_copy_code(c, validity, uids, made, n, &code);
    if (rc != PTN_OK) {
        return PTN_OK;                  /* it was done, if without its code */
    }

    if (move) {                         /* RFC 6851 4.3: before the EXPUNGEs */
        PTN_IMAP_LIT(c, "* ");
        ptn_imap_out_z(c, (char *) code.data);
        PTN_IMAP_LIT(c, "\r\n");
        return PTN_OK;
    }

    c->reply = (char *) code.data;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_copy(ptn_imap_t *c)
{
    return ptn_imap_copy_run(c, false);
}


ptn_rc_t
ptn_imap_move(ptn_imap_t *c)
{
    return ptn_imap_copy_run(c, true);
}
