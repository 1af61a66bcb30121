/*
 * CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 3501 6.3.3 to
 * 6.3.10).
 */

#include "ptn_imap.h"


#define PTN_IMAP_ST_MESSAGES     0x01
#define PTN_IMAP_ST_RECENT       0x02
#define PTN_IMAP_ST_UIDNEXT      0x04
#define PTN_IMAP_ST_UIDVALIDITY  0x08
#define PTN_IMAP_ST_UNSEEN       0x10

static const struct {
    const char  *name;
    unsigned     item;
} ptn_imap_status_items[] = {
    { "MESSAGES", PTN_IMAP_ST_MESSAGES },
    { "RECENT", PTN_IMAP_ST_RECENT },
    { "UIDNEXT", PTN_IMAP_ST_UIDNEXT },
    { "UIDVALIDITY", PTN_IMAP_ST_UIDVALIDITY },
    { "UNSEEN", PTN_IMAP_ST_UNSEEN }
};


/* SP name, end of line. */

static ptn_rc_t
ptn_imap_mailbox_arg(ptn_imap_t *c, ptn_str_t *ret_name)
{
    ptn_rc_t  rc;

    rc = ptn_imap_parse_sp_astring(&c->in, ret_name);

    return rc == PTN_OK ? ptn_imap_parse_eol(&c->in) : rc;
}


/* EINVAL of names would be BAD: the syntax is right, the name is not. */

static ptn_rc_t
ptn_imap_mailbox_name_rc(ptn_imap_t *c, ptn_rc_t rc)
{
    if (rc == PTN_EINVAL) {
        c->reply = "NO [CANNOT] Not a possible mailbox name";
        return PTN_ESUPPORT;
    }

    return rc;
}


ptn_rc_t
ptn_imap_create(ptn_imap_t *c)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    ptn_imap_walk_t                       walk;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_imap_mailbox_arg(c, &name);
    if (rc != PTN_OK) {
        return rc;
    }

    /* a delimiter at the end says that names below will follow */

    if (name.len > 1 && name.data[name.len - 1] == '/') {
        name.len--;
    }

    rc = ptn_txn_begin(&tx, c->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_imap_name_walk(c, &tx, name, &walk);

    if (rc == PTN_OK) {
        rc = walk.f != NULL ? PTN_EEXIST
                            : ptn_folder_create(&tx, walk.parent, walk.leaf,
                                                "IPF.Note", &id);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    return ptn_imap_mailbox_name_rc(c, rc);
}


static bool
ptn_imap_mailbox_has_children(const ptn_folder_t *all, size_t n, ptn_id_t id)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (all[i].parent == id) {
            return true;
        }
    }

    return false;
}


ptn_rc_t
ptn_imap_delete(ptn_imap_t *c)
{
    size_t                                n;
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    const ptn_folder_t                   *f, *all;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_imap_mailbox_arg(c, &name);

    if (rc == PTN_OK) {
        rc = ptn_imap_name_find(c, name, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (f->special != PTN_FOLDER_NONE) {
        c->reply = "NO [CANNOT] This mailbox cannot be deleted";
        return PTN_ESUPPORT;
    }

    id = f->id;

    rc = ptn_folder_list(c->mb, &all, &n);
    if (rc != PTN_OK) {
        return rc;
    }

    /* \Noselect names do not exist by themselves here (RFC 3501 6.3.4) */

    if (ptn_imap_mailbox_has_children(all, n, id)) {
        c->reply = "NO [HASCHILDREN] Delete the mailboxes below it first";
        return PTN_ENOTEMPTY;
    }

    rc = ptn_txn_begin(&tx, c->mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_delete(&tx, id, true);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc == PTN_OK && c->st->view != NULL && c->st->folder == id) {
        ptn_imap_deselect(c->st);
    }

    return rc;
}


/*
 * RENAME INBOX moves its messages to a new mailbox and leaves INBOX and the
 * mailboxes below it where they are (RFC 3501 6.3.5).
 */

static ptn_rc_t
ptn_imap_rename_inbox(ptn_imap_t *c, ptn_txn_t *tx, ptn_id_t inbox,
    const ptn_imap_walk_t *to)
{
    size_t           n;
    uint32_t         count, *uids, *moved;
    ptn_id_t         id;
    ptn_rc_t         rc;
    ptn_view_t      *view;
    ptn_imap_set_t   all;
    ptn_imap_range_t range;

    rc = ptn_folder_create(tx, to->parent, to->leaf, "IPF.Note", &id);

    if (rc == PTN_OK) {
        rc = ptn_view_get(c->mb, inbox, &view);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    count = ptn_view_count(view);
    range.lo = 1;
    range.hi = count;
    all.range = &range;
    all.n = count != 0;

    rc = ptn_imap_set_uids(c->s->pool, &all, view, &uids, &n);

    if (rc == PTN_OK && n != 0) {
        rc = ptn_msg_move(tx, c->s->pool, inbox, uids, n, id, &moved);
    }

    ptn_view_unref(view);

    return rc;
}


ptn_rc_t
ptn_imap_rename(ptn_imap_t *c)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             from, to;
    ptn_imap_walk_t                       walk;
    const ptn_folder_t                   *f;
    uint8_t                               special;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_imap_parse_sp_astring(&c->in, &from);

    if (rc == PTN_OK) {
        rc = ptn_imap_mailbox_arg(c, &to);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_name_find(c, from, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    id = f->id;
    special = f->special;

    if (special != PTN_FOLDER_NONE && special != PTN_FOLDER_INBOX) {
        c->reply = "NO [CANNOT] This mailbox cannot be renamed";
        return PTN_ESUPPORT;
    }

    rc = ptn_txn_begin(&tx, c->mb);
    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_imap_name_walk(c, &tx, to, &walk);

    if (rc == PTN_OK && walk.f != NULL
        && (walk.f->id != id || special == PTN_FOLDER_INBOX))
    {
        rc = PTN_EEXIST;
    }

    if (rc == PTN_OK) {
        rc = special == PTN_FOLDER_INBOX
             ? ptn_imap_rename_inbox(c, &tx, id, &walk)
             : ptn_folder_move(&tx, id, walk.parent, walk.leaf);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    return ptn_imap_mailbox_name_rc(c, rc);
}


static ptn_rc_t
ptn_imap_mailbox_subscribe(ptn_imap_t *c, bool subscribed)
{
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    const ptn_folder_t                   *f;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_imap_mailbox_arg(c, &name);

    if (rc == PTN_OK) {
        rc = ptn_imap_name_find(c, name, &f);
    }

    if (rc != PTN_OK || f->subscribed == subscribed) {
        return rc;
    }

    rc = ptn_txn_begin(&tx, c->mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_subscribe(&tx, f->id, subscribed);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


ptn_rc_t
ptn_imap_subscribe(ptn_imap_t *c)
{
    return ptn_imap_mailbox_subscribe(c, true);
}


ptn_rc_t
ptn_imap_unsubscribe(ptn_imap_t *c)
{
    return ptn_imap_mailbox_subscribe(c, false);
}


ptn_rc_t
ptn_imap_status_parse(ptn_imap_in_t *in, unsigned *ret_items)
{
    size_t     i;
    unsigned   items;
    ptn_rc_t   rc;
    ptn_str_t  word;

    if (!ptn_imap_parse_take(in, '(')) {
        return PTN_EPARSE;
    }

    items = 0;

    while (!ptn_imap_parse_take(in, ')')) {

        rc = ptn_imap_parse_atom(in, &word);
        if (rc != PTN_OK) {
            return rc;
        }

        for (i = 0; i < ptn_nelts(ptn_imap_status_items); i++) {
            if (ptn_str_ieqz(word, ptn_imap_status_items[i].name)) {
                break;
            }
        }

        if (i == ptn_nelts(ptn_imap_status_items)) {
            return PTN_EPARSE;
        }

        items |= ptn_imap_status_items[i].item;

        if (!ptn_imap_parse_take(in, ' ') && !ptn_imap_parse_peek(in, ')')) {
            return PTN_EPARSE;
        }
    }

    *ret_items = items;

    return PTN_OK;
}


void
ptn_imap_status_out(ptn_imap_t *c, ptn_str_t name, const ptn_folder_t *f,
    unsigned items)
{
    bool      first;
    size_t    i;
    uint64_t  value[ptn_nelts(ptn_imap_status_items)];

    value[0] = f->total;
    value[1] = 0;                       /* \Recent is kept for nobody */
    value[2] = f->uidnext;
    value[3] = f->uidvalidity;
    value[4] = f->unread;

    PTN_IMAP_LIT(c, "* STATUS ");
    ptn_imap_out_astring(c, name);
    PTN_IMAP_LIT(c, " (");

    first = true;

    for (i = 0; i < ptn_nelts(ptn_imap_status_items); i++) {
        if (items & ptn_imap_status_items[i].item) {
            if (!first) {
                ptn_imap_out_byte(c, ' ');
            }
            first = false;

            ptn_imap_out_z(c, ptn_imap_status_items[i].name);
            ptn_imap_out_byte(c, ' ');
            ptn_imap_out_u64(c, value[i]);
        }
    }

    PTN_IMAP_LIT(c, ")\r\n");
}


ptn_rc_t
ptn_imap_status(ptn_imap_t *c)
{
    unsigned             items;
    ptn_rc_t             rc;
    ptn_str_t            name;
    const ptn_folder_t  *f;

    rc = ptn_imap_parse_sp_astring(&c->in, &name);

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_status_parse(&c->in, &items);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_name_find(c, name, &f);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_imap_status_out(c, name, f, items);

    return PTN_OK;
}
