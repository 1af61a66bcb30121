/*
 * Power loss with folders: soft deletion and recovery of messages and folders,
 * emptying, copies in portions, rules, receive folders, names, status,
 * categories, and what idle executors remove.  At every point the disk gives
 * the mailbox as it was at the last acknowledgement, or as the change under
 * way would have made it.  The check finds nothing, and mail can be delivered.
 */

#include "power_site.h"


#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  9
#define ERRORS_STEP  61
#else
#define DISKS_EVERY  2
#define ERRORS_STEP  23
#endif


/* ---- what it holds ------------------------------------------------------- */

static const char *const  power_tables[] = {
    "SELECT id, parent, name, total, unread, size, uidnext, removed, hier"
    " FROM folder WHERE id>=256 OR total<>0 OR uidnext<>1 ORDER BY id",
    "SELECT folder, uid, mid<>m.id, flags, status, keywords, fai, length(bag)"
    " FROM message m JOIN item i ON i.id=m.id ORDER BY folder, uid",
    "SELECT kind, at, id FROM gone ORDER BY id",
    "SELECT folder, kind, name, id FROM name ORDER BY folder, kind, name",
    "SELECT folder, sequence, name, actions FROM rule ORDER BY id",
    "SELECT class, folder FROM receive ORDER BY class",
    "SELECT bit, name, category FROM keyword ORDER BY bit",
    "SELECT kind, address, subject FROM receipt ORDER BY n",
    "SELECT folder, id, kind, cause, href FROM tombstone"
    " ORDER BY folder, cn, id",
};


static ptn_rc_t
state_list(site_t *s, ptn_buf_t *b)
{
    int            k;
    size_t         i;
    ptn_rc_t       rc;
    const char    *text;
    sqlite3_stmt  *st;

    rc = ptn_mbox_set(s->mb[0]);

    for (i = 0; i < ptn_nelts(power_tables) && rc == PTN_OK; i++) {
        if (sqlite3_prepare_v2(s->mb[0]->db, power_tables[i], -1, &st, NULL)
            != SQLITE_OK)
        {
            return PTN_EINTERNAL;
        }

        ptn_buf_printf(b, "-- %zu\n", i);

        while ((rc = ptn_sql_step(s->mb[0], st)) == PTN_AGAIN) {
            for (k = 0; k < sqlite3_column_count(st); k++) {
                text = (const char *) sqlite3_column_text(st, k);
                ptn_buf_printf(b, "%s%s", k ? " " : "", text ? text : "-");
            }

            ptn_buf_z(b, "\n");
        }

        sqlite3_finalize(st);
    }

    return rc;
}


/* ---- steps --------------------------------------------------------------- */

static ptn_rc_t
step_begin(site_t *s)
{
    return site_mboxes(s);
}


static ptn_id_t
folder_named(site_t *s, const char *name)
{
    size_t               i, n;
    const ptn_folder_t  *f;

    if (ptn_folder_list(s->mb[0], &f, &n) == PTN_OK) {
        for (i = 0; i < n; i++) {
            if (ptn_str_eqz(f[i].name, name)) {
                return f[i].id;
            }
        }
    }

    return 0;
}


static ptn_rc_t
add(ptn_txn_t *tx, site_t *s, ptn_id_t folder, unsigned n, size_t size)
{
    size_t          i;
    ptn_buf_t       b;
    ptn_append_t    a;
    ptn_appended_t  app;

    ptn_buf_init(&b, s->pool);
    ptn_buf_printf(&b, "From: a@example.test\r\nSubject: mail %u\r\n"
                   "Disposition-Notification-To: a@example.test\r\n\r\n", n);

    for (i = 0; i < size; i += 50) {
        ptn_buf_printf(&b, "%016llx%016llx some words\r\n",
                       (unsigned long long) ((i + n) * 0x9e3779b97f4a7c15ULL),
                       (unsigned long long) ((i + n) * 0xbf58476d1ce4e5b9ULL));
    }

    memset(&a, 0, sizeof(a));
    a.raw = ptn_buf_get(&b);
    a.received = 1770000000;
    a.delivery = true;

    return ptn_msg_append(tx, folder, &a, &app);
}


/* Each step is one transaction. */

static ptn_rc_t
do_deliver(ptn_txn_t *tx, site_t *s)
{
    ptn_rc_t  rc;

    rc = add(tx, s, 0, 1, 100);
    rc = rc == PTN_OK ? add(tx, s, 0, 2, 150000) : rc;

    return rc == PTN_OK ? add(tx, s, 0, 3, 300) : rc;
}


/* A receipt is due, and the mailbox has a mark outside. */

static ptn_rc_t
do_read(ptn_txn_t *tx, site_t *s)
{
    bool      *due;
    ptn_id_t   id;

    id = site_nth(s->mb[0], PTN_FOLDER_INBOX, 1);

    return ptn_msg_read_ids(tx, s->pool, &id, 1, 0, &due);
}


static ptn_rc_t
step_sent(site_t *s)
{
    ptn_rc_t        rc;
    ptn_mbox_t     *mb;
    ptn_receipt_t   r;

    while ((rc = ptn_receipt_next(s->store, s->pool, &mb, &r)) == PTN_OK) {
        rc = ptn_receipt_done(mb, &r, true);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return (rc == PTN_ENOTFOUND) ? ptn_receipt_sweep(s->mb[0]) : rc;
}


static ptn_rc_t
do_folders(ptn_txn_t *tx, site_t *s)
{
    ptn_id_t  a, b;
    ptn_rc_t  rc;

    rc = ptn_folder_create(tx, PTN_FOLDER_IPM_SUBTREE, ptn_str("a"), NULL, &a);

    if (rc == PTN_OK) {
        rc = ptn_folder_create(tx, a, ptn_str("b"), NULL, &b);
    }

    if (rc == PTN_OK) {
        rc = add(tx, s, a, 4, 100);
    }

    return rc == PTN_OK ? add(tx, s, b, 5, 200) : rc;
}


static ptn_rc_t
do_gone(ptn_txn_t *tx, site_t *s)
{
    ptn_id_t  ids[2];

    ids[0] = site_nth(s->mb[0], PTN_FOLDER_INBOX, 1);
    ids[1] = site_nth(s->mb[0], PTN_FOLDER_INBOX, 2);

    return ptn_msg_gone_ids(tx, ids, 2);
}


static ptn_rc_t
do_recover(ptn_txn_t *tx, site_t *s)
{
    size_t       n;
    ptn_id_t    *ids;
    ptn_rc_t     rc;
    ptn_gone_t  *rows;

    rc = ptn_gone_list(s->mb[0], s->pool, PTN_FOLDER_INBOX, false, 0, 1, &rows,
                       &n);

    return rc == PTN_OK && n == 1
           ? ptn_gone_recover(tx, s->pool, &rows[0].id, 1, 0, &ids) : rc;
}


static ptn_rc_t
do_remove(ptn_txn_t *tx, site_t *s)
{
    bool  partial;

    return ptn_folder_remove(tx, folder_named(s, "a"),
                             PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS,
                             &partial);
}


static ptn_rc_t
do_recover_folder(ptn_txn_t *tx, site_t *s)
{
    size_t              n;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_gone_folders(s->mb[0], s->pool, PTN_FOLDER_IPM_SUBTREE, &f, &n);

    return rc == PTN_OK && n == 1
           ? ptn_gone_folder_recover(tx, f[0].id, 0, ptn_str("back")) : rc;
}


static ptn_rc_t
do_rule(ptn_txn_t *tx, site_t *s)
{
    ptn_id_t    id;
    ptn_rc_t    rc;
    ptn_rule_t  r;

    memset(&r, 0, sizeof(r));
    r.provider = ptn_str("p");
    r.name = ptn_str("rule");
    r.condition = ptn_str("c");
    r.actions = ptn_str("do");
    rc = ptn_rule_add(tx, PTN_FOLDER_INBOX, &r, &id);

    if (rc == PTN_OK) {
        rc = ptn_receive_set(tx, ptn_str("IPM.My"), folder_named(s, "a"));
    }

    return rc;
}


static ptn_rc_t
do_props(ptn_txn_t *tx, site_t *s)
{
    uint16_t        tag;
    uint32_t        was;
    ptn_id_t        id;
    ptn_rc_t        rc;
    ptn_str_t       all[2];
    ptn_saved_t     saved;
    ptn_bag_prop_t  p;

    static const ptn_named_t  keywords = {
        { { 0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },
        true, 0, ptn_string("Keywords")
    };

    id = site_nth(s->mb[0], PTN_FOLDER_INBOX, 1);
    rc = ptn_msg_name_set(tx, id, PTN_NAME_HREF, ptn_str("x.ics"));

    if (rc == PTN_OK) {
        rc = ptn_msg_status_set(tx, id, 0x1000, 0x1000, &was);
    }

    if (rc == PTN_OK) {
        rc = ptn_named_ids(s->mb[0], tx, &keywords, 1, &tag);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    all[0] = ptn_str("Red Day");
    all[1] = ptn_str("Blue");
    p.tag = (uint32_t) tag << 16 | PTN_PT_MV_UNICODE;
    rc = ptn_mv_make(s->pool, p.tag, all, 2, &p.value);

    return rc == PTN_OK ? ptn_msg_set_props(tx, s->pool, id, &p, 1, &saved)
                        : rc;
}


static ptn_rc_t
do_clear(ptn_txn_t *tx, site_t *s PTN_UNUSED)
{
    bool  partial, more;

    return ptn_folder_clear(tx, PTN_FOLDER_INBOX, 0, 1, &partial, &more);
}


static ptn_rc_t
do_copy(ptn_txn_t *tx, site_t *s)
{
    bool                more;
    ptn_rc_t            rc;
    ptn_folder_copy_t  *copy;

    rc = ptn_folder_copy_begin(tx, s->pool, folder_named(s, "back"),
                               PTN_FOLDER_IPM_SUBTREE, ptn_str("copy"), true,
                               &copy);

    if (rc == PTN_OK) {
        rc = ptn_folder_copy_some(tx, copy, 1, &more);
        s->copy = copy;
    }

    return rc;
}


static ptn_rc_t
do_copy_more(ptn_txn_t *tx, site_t *s)
{
    bool  more;

    return ptn_folder_copy_some(tx, s->copy, 100, &more);
}


static ptn_rc_t
do_hard(ptn_txn_t *tx, site_t *s)
{
    bool  partial;

    return ptn_folder_remove(tx, folder_named(s, "copy"),
                             PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS
                             |PTN_REMOVE_HARD, &partial);
}


static ptn_rc_t
do_remove_back(ptn_txn_t *tx, site_t *s)
{
    bool  partial;

    return ptn_folder_remove(tx, folder_named(s, "back"),
                             PTN_REMOVE_MESSAGES|PTN_REMOVE_FOLDERS,
                             &partial);
}


static ptn_rc_t
do_gone_folder_delete(ptn_txn_t *tx, site_t *s)
{
    size_t              n;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_gone_folders(s->mb[0], s->pool, PTN_FOLDER_IPM_SUBTREE, &f, &n);

    return rc == PTN_OK && n == 1 ? ptn_gone_folder_delete(tx, f[0].id) : rc;
}


static ptn_rc_t
do_tombs(ptn_txn_t *tx, site_t *s)
{
    bool  more;

    return ptn_tomb_purge(tx, s->mb[0]->meta.cn, 1, 100, &more);
}


/* What an idle executor cannot do it leaves: the step tells. */

static ptn_rc_t
step_idle(site_t *s)
{
    s->mb[0]->tidy_ms = 0;
    ptn_store_idle(s->store);

    return s->mb[0]->state == PTN_MBOX_OPEN ? site_mboxes(s) : PTN_EIO;
}


/* All that was kept goes. */

static ptn_rc_t
step_purge(site_t *s)
{
    int64_t   n;
    ptn_rc_t  rc;

    s->conf.deleted_retention = 0;
    rc = step_idle(s);

    if (rc == PTN_OK) {
        rc = ptn_sql_number(s->mb[0], "SELECT count(*) FROM gone", &n);
    }

    if (rc == PTN_OK && n != 0) {
        rc = PTN_EIO;
    }

    return rc == PTN_OK ? step_idle(s) : rc;
}


static const step_t  power_life[] = {
    { "begin",            step_begin, NULL },
    { "deliver",          NULL, do_deliver },
    { "read",             NULL, do_read },
    { "sent",             step_sent, NULL },
    { "folders",          NULL, do_folders },
    { "idle",             step_idle, NULL },
    { "soft deletion",    NULL, do_gone },
    { "rule",             NULL, do_rule },
    { "remove",           NULL, do_remove },
    { "recover",          NULL, do_recover },
    { "properties",       NULL, do_props },
    { "reopen",           step_reopen, NULL },
    { "recover a folder", NULL, do_recover_folder },
    { "clear",            NULL, do_clear },
    { "copy",             NULL, do_copy },
    { "copy more",        NULL, do_copy_more },
    { "hard",             NULL, do_hard },
    { "remove again",     NULL, do_remove_back },
    { "for good",         NULL, do_gone_folder_delete },
    { "purge",            step_purge, NULL },
    { "tombstones",       NULL, do_tombs },
    { "reopen",           step_reopen, NULL },
    { "deliver",          NULL, do_deliver },
    { "read",             NULL, do_read },
    { NULL, NULL, NULL }
};


static ptn_rc_t
deliver_last(site_t *s)
{
    return power_step(s, &power_life[1]);
}


static void
test_without(power_t *p)
{
    power_without(p, PTN_IO_WAL);
    power_without(p, PTN_IO_RECEIPT_DIR);
}


int
main(void)
{
    power_t   p;
    uint64_t  changes;

    memset(&p, 0, sizeof(p));
    p.boxes = 1;
    p.sample = DISKS_EVERY;
    p.errors = ERRORS_STEP;
    p.life = power_life;
    p.state = state_list;
    p.deliver = deliver_last;
    p.pool = ptn_pool_create(0, NULL);
    changes = power_play(&p, ptn_sim_tmp(), "folders", power_life,
                         test_without);
    power_errors(&p, changes);
    ptn_pool_destroy(p.pool);

    return done_testing();
}
