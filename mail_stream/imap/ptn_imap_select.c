/*
 * SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3691), CHECK, EXPUNGE.
 */

#include "ptn_imap.h"


void
ptn_imap_deselect(ptn_imap_state_t *st)
{
    ptn_view_unref(st->view);

    st->view = NULL;
    st->folder = 0;
    st->keywords = 0;
    st->read_only = false;

    if (st->state == PTN_IMAP_SELECTED) {
        st->state = PTN_IMAP_AUTH;
    }
}


ptn_rc_t
ptn_imap_keywords(ptn_imap_t *c)
{
    return c->keyword != NULL ? PTN_OK
                              : ptn_keyword_names(c->mb, &c->keyword);
}


static void
ptn_imap_keywords_out(ptn_imap_t *c)
{
    unsigned  i;

    for (i = 0; i < 64; i++) {
        if (c->keyword[i].len != 0) {
            ptn_imap_out_byte(c, ' ');
            ptn_imap_out_str(c, c->keyword[i]);
            c->st->keywords |= 1ULL << i;
        }
    }
}


ptn_rc_t
ptn_imap_flags_tell(ptn_imap_t *c)
{
    ptn_rc_t  rc;

    c->keyword = NULL;

    rc = ptn_imap_keywords(c);
    if (rc != PTN_OK) {
        return rc;
    }

    PTN_IMAP_LIT(c, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft");
    ptn_imap_keywords_out(c);
    PTN_IMAP_LIT(c, ")\r\n");

    if (c->st->read_only) {
        PTN_IMAP_LIT(c, "* OK [PERMANENTFLAGS ()] Read-only\r\n");
        return PTN_OK;
    }

    PTN_IMAP_LIT(c, "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted"
                    " \\Seen \\Draft");
    ptn_imap_keywords_out(c);
    PTN_IMAP_LIT(c, " \\*)] Kept\r\n");

    return PTN_OK;
}


static void
ptn_imap_select_number(ptn_imap_t *c, const char *code, uint64_t n,
    const char *text)
{
    PTN_IMAP_LIT(c, "* OK [");
    ptn_imap_out_z(c, code);
    ptn_imap_out_byte(c, ' ');
    ptn_imap_out_u64(c, n);
    PTN_IMAP_LIT(c, "] ");
    ptn_imap_out_z(c, text);
    PTN_IMAP_LIT(c, "\r\n");
}


static void
ptn_imap_select_first_unseen(ptn_imap_t *c)
{
    uint32_t   seq, count;
    ptn_row_t  row;

    count = ptn_view_count(c->st->view);

    for (seq = 1; seq <= count; seq++) {
        ptn_view_row(c->st->view, seq, &row);

        if (!(row.flags & PTN_FLAG_SEEN)) {
            ptn_imap_select_number(c, "UNSEEN", seq, "First unseen");
            return;
        }
    }
}


static ptn_rc_t
ptn_imap_select_open(ptn_imap_t *c, bool read_only)
{
    ptn_rc_t             rc;
    ptn_str_t            name;
    ptn_view_t          *view;
    const ptn_folder_t  *f;

    rc = ptn_imap_parse_sp_astring(&c->in, &name);

    /* RFC 4466: parameters (CONDSTORE ...) are of extensions we have not */

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    /* RFC 3501 6.3.1: a failed SELECT leaves nothing selected */

    ptn_imap_deselect(c->st);

    rc = ptn_imap_name_find(c, name, &f);

    if (rc == PTN_OK) {
        c->st->folder = f->id;
        rc = ptn_view_get(c->mb, f->id, &view);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    c->st->view = view;
    c->st->state = PTN_IMAP_SELECTED;
    c->st->read_only = read_only;

    rc = ptn_imap_flags_tell(c);
    if (rc != PTN_OK) {
        ptn_imap_deselect(c->st);
        return rc;
    }

    PTN_IMAP_LIT(c, "* ");
    ptn_imap_out_u64(c, ptn_view_count(view));
    PTN_IMAP_LIT(c, " EXISTS\r\n* 0 RECENT\r\n");

    ptn_imap_select_first_unseen(c);
    ptn_imap_select_number(c, "UIDVALIDITY", ptn_view_uidvalidity(view),
                           "UIDs valid");
    ptn_imap_select_number(c, "UIDNEXT", ptn_view_uidnext(view), "Next UID");

    c->reply = read_only ? "OK [READ-ONLY] EXAMINE completed"
                         : "OK [READ-WRITE] SELECT completed";

    return PTN_OK;
}


ptn_rc_t
ptn_imap_select(ptn_imap_t *c)
{
    return ptn_imap_select_open(c, false);
}


ptn_rc_t
ptn_imap_examine(ptn_imap_t *c)
{
    return ptn_imap_select_open(c, true);
}


/*
 * Removes what is flagged \Deleted now, whether the client was told of the
 * flag or not, and is in `within` (sequence numbers of `view`; NULL: all).
 */

static ptn_rc_t
ptn_imap_expunge_deleted(ptn_imap_t *c, ptn_view_t *view,
    const ptn_imap_set_t *within)
{
    size_t                                n;
    uint32_t                              seq, count, *uids;
    ptn_rc_t                              rc;
    ptn_row_t                             row;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    count = ptn_view_count(view);

    uids = ptn_parray(c->s->pool, count, sizeof(uint32_t));
    if (uids == NULL) {
        return PTN_ENOMEM;
    }

    for (seq = 1, n = 0; seq <= count; seq++) {
        ptn_view_row(view, seq, &row);

        if ((row.flags & PTN_FLAG_DELETED)
            && (within == NULL || ptn_imap_set_has(within, seq)))
        {
            uids[n++] = row.uid;
        }
    }

    if (n == 0) {
        return PTN_OK;
    }

    rc = ptn_txn_begin(&tx, c->mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_expunge(&tx, c->st->folder, uids, n);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
ptn_imap_expunge_now(ptn_imap_t *c, const ptn_imap_set_t *uids)
{
    ptn_rc_t         rc;
    ptn_view_t      *view;
    ptn_imap_set_t   seqs;

    rc = ptn_view_get(c->mb, c->st->folder, &view);
    if (rc != PTN_OK) {
        return rc;
    }

    if (uids != NULL) {
        rc = ptn_imap_set_resolve(c->s->pool, uids, view, true, &seqs);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_expunge_deleted(c, view, uids ? &seqs : NULL);
    }

    ptn_view_unref(view);

    return rc;
}


ptn_rc_t
ptn_imap_expunge(ptn_imap_t *c)
{
    ptn_rc_t  rc;

    rc = ptn_imap_parse_eol(&c->in);

    return rc == PTN_OK ? ptn_imap_expunge_now(c, NULL) : rc;
}


ptn_rc_t
ptn_imap_uid_expunge(ptn_imap_t *c)
{
    ptn_rc_t        rc;
    ptn_imap_set_t  set;

    rc = ptn_imap_parse_sp(&c->in);

    if (rc == PTN_OK) {
        rc = ptn_imap_set_parse(&c->in, &set);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    return rc == PTN_OK ? ptn_imap_expunge_now(c, &set) : rc;
}


/* CLOSE expunges without a word (RFC 3501 6.4.2). */

ptn_rc_t
ptn_imap_close(ptn_imap_t *c)
{
    ptn_rc_t  rc;

    rc = ptn_imap_parse_eol(&c->in);

    if (rc == PTN_OK && !c->st->read_only) {
        rc = ptn_imap_expunge_now(c, NULL);
    }

    if (rc != PTN_EPARSE) {
        ptn_imap_deselect(c->st);
    }

    return rc;
}


ptn_rc_t
ptn_imap_unselect(ptn_imap_t *c)
{
    ptn_rc_t  rc;

    rc = ptn_imap_parse_eol(&c->in);

    if (rc == PTN_OK) {
        ptn_imap_deselect(c->st);
    }

    return rc;
}


/* All that was answered is on disk: nothing to do but to tell the news. */

ptn_rc_t
ptn_imap_check(ptn_imap_t *c)
{
    return ptn_imap_parse_eol(&c->in);
}
