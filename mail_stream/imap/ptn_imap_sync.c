/*
 * What happened in the selected folder, as the difference of the view that
 * the client knows and the one of now (RFC 3501 5.2, 7.3, 7.4).
 *
 * Both are in UID order and UIDs only grow, so one walk of the two finds
 * messages that are gone, flags that changed, and what was added.
 */

#include "ptn_imap.h"


static const struct {
    uint32_t     flag;
    const char  *name;
} ptn_imap_sync_flags[] = {
    { PTN_FLAG_ANSWERED, "\\Answered" },
    { PTN_FLAG_FLAGGED, "\\Flagged" },
    { PTN_FLAG_DELETED, "\\Deleted" },
    { PTN_FLAG_SEEN, "\\Seen" },
    { PTN_FLAG_DRAFT, "\\Draft" }
};


void
ptn_imap_flags_out(ptn_imap_t *c, uint32_t flags, uint64_t keywords)
{
    bool      first;
    size_t    i;

    first = true;
    ptn_imap_out_byte(c, '(');

    for (i = 0; i < ptn_nelts(ptn_imap_sync_flags); i++) {
        if (flags & ptn_imap_sync_flags[i].flag) {
            if (!first) {
                ptn_imap_out_byte(c, ' ');
            }
            first = false;
            ptn_imap_out_z(c, ptn_imap_sync_flags[i].name);
        }
    }

    while (keywords != 0) {
        i = (size_t) __builtin_ctzll(keywords);
        keywords &= keywords - 1;

        if (c->keyword == NULL || c->keyword[i].len == 0) {
            continue;
        }

        if (!first) {
            ptn_imap_out_byte(c, ' ');
        }
        first = false;
        ptn_imap_out_str(c, c->keyword[i]);
    }

    ptn_imap_out_byte(c, ')');
}


static void
ptn_imap_sync_row(ptn_imap_t *c, uint32_t seq, const ptn_row_t *row)
{
    PTN_IMAP_LIT(c, "* ");
    ptn_imap_out_u64(c, seq);
    PTN_IMAP_LIT(c, " FETCH (");

    if (c->uid) {                       /* RFC 3501 6.4.8 */
        PTN_IMAP_LIT(c, "UID ");
        ptn_imap_out_u64(c, row->uid);
        ptn_imap_out_byte(c, ' ');
    }

    PTN_IMAP_LIT(c, "FLAGS ");
    ptn_imap_flags_out(c, row->flags, row->keywords);
    PTN_IMAP_LIT(c, ")\r\n");
}


/*
 * Does the client have to hear of this row?  Of what its own STORE.SILENT
 * made of it, it need not.
 */

static bool
ptn_imap_sync_news(const ptn_imap_own_t *own, bool mine, ptn_row_t was,
    const ptn_row_t *now)
{
    if (mine && !own->silent) {
        return true;
    }

    if (mine) {
        switch (own->op) {
        case PTN_FLAGS_SET:
            was.flags = own->flags;
            was.keywords = own->keywords;
            break;

        case PTN_FLAGS_ADD:
            was.flags |= own->flags;
            was.keywords |= own->keywords;
            break;

        case PTN_FLAGS_REMOVE:
            was.flags &= ~own->flags;
            was.keywords &= ~own->keywords;
            break;
        }
    }

    return was.flags != now->flags || was.keywords != now->keywords;
}


/* Names are needed when a row has a keyword that FLAGS did not tell yet. */

static ptn_rc_t
ptn_imap_sync_keywords(ptn_imap_t *c, ptn_view_t *old, ptn_view_t *view)
{
    uint32_t   seq, count;
    uint64_t   all, modseq;
    ptn_row_t  row;

    all = 0;
    count = ptn_view_count(view);
    modseq = old == view ? 0 : ptn_view_modseq(old);

    for (seq = 1; seq <= count; seq++) {
        ptn_view_row(view, seq, &row);

        if (row.modseq > modseq) {
            all |= row.keywords;
        }
    }

    if (all & ~c->st->keywords) {
        return ptn_imap_flags_tell(c);
    }

    return all ? ptn_imap_keywords(c) : PTN_OK;
}


/*
 * Messages that were expunged meanwhile and whose numbers must stay: only
 * the answer to STORE is given, in the old numbers.
 */

static void
ptn_imap_sync_answer(ptn_imap_t *c, ptn_view_t *old, ptn_view_t *view,
    const ptn_imap_own_t *own)
{
    size_t     i;
    uint32_t   seq, to;
    ptn_row_t  row;

    for (i = 0; i < own->n; i++) {

        seq = ptn_view_find(old, own->uids[i]);
        to = ptn_view_find(view, own->uids[i]);

        if (seq > ptn_view_count(old) || to > ptn_view_count(view)) {
            continue;
        }

        ptn_view_row(view, to, &row);

        if (row.uid == own->uids[i]) {
            ptn_imap_sync_row(c, seq, &row);
        }
    }
}


static void
ptn_imap_sync_walk(ptn_imap_t *c, ptn_view_t *old, ptn_view_t *view,
    const ptn_imap_own_t *own)
{
    bool       mine;
    size_t     k;
    uint32_t   i, j, seq, nold, nnew;
    ptn_row_t  was, now;

    nold = ptn_view_count(old);
    nnew = ptn_view_count(view);

    /* EXPUNGE first: the FETCH behind it then use the new numbers */

    if (ptn_view_find(view, ptn_view_uidnext(old)) - 1 != nold) {

        for (i = 1, j = 1, seq = 1; i <= nold; i++) {
            ptn_view_row(old, i, &was);

            if (j <= nnew) {
                ptn_view_row(view, j, &now);

                if (now.uid == was.uid) {
                    j++;
                    seq++;
                    continue;
                }
            }

            PTN_IMAP_LIT(c, "* ");
            ptn_imap_out_u64(c, seq);
            PTN_IMAP_LIT(c, " EXPUNGE\r\n");
        }
    }

    if (ptn_view_uidnext(old) != ptn_view_uidnext(view)
        && ptn_view_find(view, ptn_view_uidnext(old)) <= nnew)
    {
        PTN_IMAP_LIT(c, "* ");
        ptn_imap_out_u64(c, nnew);
        PTN_IMAP_LIT(c, " EXISTS\r\n* 0 RECENT\r\n");
    }

    for (i = 1, j = 1, k = 0; j <= nnew && i <= nold; i++) {
        ptn_view_row(old, i, &was);
        ptn_view_row(view, j, &now);

        if (was.uid != now.uid) {
            continue;
        }

        while (own != NULL && k < own->n && own->uids[k] < now.uid) {
            k++;
        }

        mine = own != NULL && k < own->n && own->uids[k] == now.uid;

        if (ptn_imap_sync_news(own, mine, was, &now)) {
            ptn_imap_sync_row(c, j, &now);
        }

        j++;
    }
}


/* Are all messages of `old` still in `view`? */

static bool
ptn_imap_sync_complete(ptn_view_t *old, ptn_view_t *view)
{
    return ptn_view_find(view, ptn_view_uidnext(old)) - 1
           == ptn_view_count(old);
}


ptn_rc_t
ptn_imap_sync(ptn_imap_t *c, bool expunge, const ptn_imap_own_t *own)
{
    ptn_rc_t     rc;
    ptn_view_t  *old, *view;

    old = c->st->view;

    rc = ptn_view_get(c->mb, c->st->folder, &view);

    if (rc == PTN_ENOTFOUND) {
        ptn_imap_bye(c, "Selected mailbox was deleted");
        return PTN_OK;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_view_uidvalidity(view) != ptn_view_uidvalidity(old)) {
        ptn_view_unref(view);
        ptn_imap_bye(c, "UIDs of the selected mailbox changed");
        return PTN_OK;
    }

    if (own == NULL && (view == old
                        || ptn_view_modseq(view) == ptn_view_modseq(old)))
    {
        ptn_view_unref(view);
        return PTN_OK;
    }

    rc = ptn_imap_sync_keywords(c, own ? view : old, view);

    if (rc == PTN_OK && !expunge && !ptn_imap_sync_complete(old, view)) {

        if (own != NULL && !own->silent) {
            ptn_imap_sync_answer(c, old, view, own);
        }

        ptn_view_unref(view);
        return PTN_OK;
    }

    if (rc == PTN_OK) {
        ptn_imap_sync_walk(c, old, view, own);
        c->st->view = view;
        ptn_view_unref(old);
        return PTN_OK;
    }

    ptn_view_unref(view);

    return rc;
}
