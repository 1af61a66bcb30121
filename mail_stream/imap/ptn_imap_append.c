/*
 * APPEND (RFC 3501 6.3.11), with APPENDUID (RFC 4315).
 */

#include "ptn_imap.h"


static ptn_rc_t
ptn_imap_append_parse(ptn_imap_t *c, ptn_str_t *name, ptn_imap_flags_t *flags,
    ptn_append_t *a)
{
    ptn_rc_t  rc;

    memset(flags, 0, sizeof(*flags));

    rc = ptn_imap_parse_sp_astring(&c->in, name);

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp(&c->in);
    }

    if (rc == PTN_OK && ptn_imap_parse_peek(&c->in, '(')) {
        rc = ptn_imap_parse_flags(&c->in, flags);

        if (rc == PTN_OK) {
            rc = ptn_imap_parse_sp(&c->in);
        }
    }

    if (rc == PTN_OK && ptn_imap_parse_peek(&c->in, '"')) {
        rc = ptn_imap_parse_date_time(&c->in, &a->received);

        if (rc == PTN_OK) {
            rc = ptn_imap_parse_sp(&c->in);
        }
    }

    if (rc == PTN_OK && !ptn_imap_parse_peek(&c->in, '{')) {
        rc = PTN_EPARSE;
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_string(&c->in, &a->raw);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    return rc;
}


ptn_rc_t
ptn_imap_append(ptn_imap_t *c)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    ptn_append_t                          a;
    ptn_appended_t                        made;
    ptn_imap_flags_t                      flags;
    const ptn_folder_t                   *f;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));

    rc = ptn_imap_append_parse(c, &name, &flags, &a);

    if (rc == PTN_ETOOBIG) {
        c->reply = "NO [TOOBIG] Message is too big";
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (a.raw.len == 0) {
        c->reply = "NO [CANNOT] The message is empty";
        return PTN_ESUPPORT;
    }

    rc = ptn_imap_name_find(c, name, &f);

    if (rc == PTN_ENOTFOUND) {
        c->reply = "NO [TRYCREATE] No such mailbox";
    }

    if (rc != PTN_OK) {
        return rc;
    }

    id = f->id;

    rc = ptn_txn_begin(&tx, c->mb);

    if (rc == PTN_OK) {
        rc = ptn_imap_keyword_bits(c, &tx, &flags, &a.keywords);
    }

    if (rc == PTN_OK) {
        a.flags = flags.flags;
        rc = ptn_msg_append(&tx, id, &a, &made);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    c->reply = (char *) ptn_str_printf(c->s->pool,
                                       "OK [APPENDUID %u %u] APPEND completed",
                                       made.uidvalidity, made.uid).data;

    return PTN_OK;
}
