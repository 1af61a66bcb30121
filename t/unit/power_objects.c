/*
 * Power loss with two mailboxes: objects made and edited, properties that are
 * blobs, folders' properties, moves and copies from one mailbox to the other,
 * uploads (a message, its conflict, a folder) with a device's state, and a file
 * of schema version 1 that becomes ours.  At every point the disk
 * gives both mailboxes as they were at the last acknowledgement, or as the
 * change under way would have made them: a move that was begun is finished by
 * opening.  The check finds nothing, and mail can be delivered.
 */

#include "power_site.h"
#include "ptn_schema_1.h"


#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  7
#define ERRORS_STEP  41
#else
#define DISKS_EVERY  5
#define ERRORS_STEP  11
#endif


/* ---- what they hold ------------------------------------------------------ */

static uint64_t
hash(uint64_t h, ptn_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        h = (h ^ s.data[i]) * 0x100000001b3ULL;
    }

    return (h ^ s.len ^ (s.data != NULL)) * 0x100000001b3ULL;
}


static ptn_rc_t
state_message(site_t *s, ptn_mbox_t *mb, ptn_buf_t *b, const ptn_row_t *row)
{
    uint32_t             i;
    uint64_t             h;
    ptn_rc_t             rc;
    ptn_str_t            raw, key;
    ptn_msg_t           *msg;
    const ptn_object_t  *o;

    h = 0xcbf29ce484222325ULL;
    rc = ptn_msg_open(mb, s->pool, row->id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_slice(msg, s->pool, 0, UINT64_MAX, 1 << 24, &raw);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    rc = ptn_msg_change_key(mb, s->pool, row->id, &key, NULL);

    if (rc != PTN_OK) {
        return rc;
    }

    /* our own numbers depend on how often the counters jumped */

    if (key.len == 20) {
        h = hash(h, key);
    }

    h = hash(h, raw);

    for (i = 0; i < o->props.n; i++) {
        if (!ptn_item_computed(o->props.p[i].tag)) {
            h = hash(h, o->props.p[i].value);
        }
    }

    for (i = 0; i < o->nattachs; i++) {
        h = hash(h, o->attachs[i].data);

        if (o->attachs[i].embedded != NULL) {
            h = hash(h, ptn_props_get(&o->attachs[i].embedded->props,
                                      PTN_PR_SUBJECT));
        }
    }

    ptn_buf_printf(b, "  %u %x %llu %.*s %016llx\n", row->uid, row->flags,
                   (unsigned long long) row->size,
                   ptn_str_arg(ptn_props_get(&o->props, PTN_PR_SUBJECT)),
                   (unsigned long long) h);

    return PTN_OK;
}


static ptn_rc_t
state_mbox(site_t *s, ptn_mbox_t *mb, ptn_buf_t *b)
{
    size_t               i, n;
    ptn_rc_t             rc;
    uint32_t             seq, tag;
    ptn_row_t            row;
    ptn_str_t            v;
    ptn_view_t          *view;
    const ptn_folder_t  *f;

    rc = ptn_folder_list(mb, &f, &n);
    tag = PTN_PR_COMMENT;

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (f[i].total == 0 && f[i].uidnext == 1
            && f[i].id != PTN_FOLDER_INBOX)
        {
            continue;
        }

        rc = ptn_folder_props(mb, s->pool, f[i].id, &tag, 1, &v);
        ptn_buf_printf(b, "%.*s next %u total %u size %llu \"%.*s\"\n",
                       ptn_str_arg(f[i].name), f[i].uidnext, f[i].total,
                       (unsigned long long) f[i].size, ptn_str_arg(v));

        if (rc == PTN_OK) {
            rc = ptn_view_get(mb, f[i].id, &view);
        }

        if (rc != PTN_OK) {
            break;
        }

        for (seq = 1; seq <= ptn_view_count(view) && rc == PTN_OK; seq++) {
            ptn_view_row(view, seq, &row);
            rc = state_message(s, mb, b, &row);
        }

        ptn_view_unref(view);
    }

    return rc;
}


static ptn_rc_t
state_device(site_t *s, ptn_buf_t *b)
{
    ptn_id_t           id;
    ptn_rc_t           rc;
    ptn_device_sync_t  sync;

    rc = ptn_device_get(s->mb[0], s->pool, ptn_str("PHONE"), ptn_str("12"), 1,
                        ptn_str("r"), &sync);

    if (rc == PTN_OK) {
        rc = ptn_device_client_get(s->mb[0], ptn_str("PHONE"), ptn_str("12"),
                                   ptn_str("c"), &id);
        ptn_buf_printf(b, "device %llu \"%.*s\"\n",
                       (unsigned long long) sync.key,
                       ptn_str_arg(sync.state));
    }

    return (rc == PTN_ESTALE) ? PTN_OK : rc;
}


static ptn_rc_t
state_list(site_t *s, ptn_buf_t *b)
{
    ptn_rc_t   rc;

    ptn_buf_z(b, "-- alice\n");
    rc = state_mbox(s, s->mb[0], b);

    if (rc == PTN_OK) {
        rc = state_device(s, b);
    }

    if (rc == PTN_OK) {
        ptn_buf_z(b, "-- bob\n");
        rc = state_mbox(s, s->mb[1], b);
    }

    return rc;
}


static ptn_rc_t
step_begin(site_t *s)
{
    return site_mboxes(s);
}


static ptn_rc_t
deliver(site_t *s, unsigned k, unsigned n)
{
    ptn_rc_t                              rc;
    ptn_append_t                          a;
    ptn_appended_t                        app;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));
    a.raw = ptn_str_printf(s->pool, "From: a@example.test\r\nSubject: mail %u"
                           "\r\n\r\nhello %u\r\n", n, n);
    a.received = 1770000000;
    a.delivery = true;
    a.sender = ptn_str("a@example.test");
    rc = ptn_txn_begin(&tx, s->mb[k]);

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_deliver(site_t *s)
{
    return deliver(s, 0, 1);
}


static ptn_rc_t
step_deliver_bob(site_t *s)
{
    return deliver(s, 1, 2);
}


/* A blob in the skeleton and the object, a large property, a named one. */

static ptn_rc_t
step_create(site_t *s)
{
    uint16_t                              id;
    ptn_rc_t                              rc;
    ptn_save_t                            save;
    ptn_saved_t                           saved;
    ptn_named_t                           name;
    ptn_object_t                          o;
    ptn_attach_t                          at;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&o, 0, sizeof(o));
    memset(&at, 0, sizeof(at));
    memset(&save, 0, sizeof(save));
    memset(&name, 0, sizeof(name));
    name.by_name = true;
    name.name = ptn_str("colour");
    at.num = 1;
    at.part = PTN_PART_NONE;
    at.has_data = true;
    at.data = site_noise(s->pool, 36000, 1);
    at.size = 36000;
    o.attachs = &at;
    o.nattachs = 1;
    ptn_props_set(&at.props, s->pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str("noise.bin"));
    ptn_props_set_int(&at.props, s->pool, PTN_PR_ATTACH_METHOD, 1);
    ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str("object"));
    ptn_props_set(&o.props, s->pool, PTN_PR_BODY, ptn_str("text"));
    ptn_props_set(&o.props, s->pool, 0x67f20102, site_noise(s->pool, 9000, 2));

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = ptn_named_ids(s->mb[0], &tx, &name, 1, &id);
    }

    if (rc == PTN_OK) {
        ptn_props_set(&o.props, s->pool, (uint32_t) id << 16 | PTN_PT_UNICODE,
                      ptn_str("blue"));
        save.object = &o;
        save.received = 1770000000;
        rc = ptn_msg_create(&tx, s->pool, PTN_FOLDER_INBOX, &save, &saved);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
edit(site_t *s, uint32_t seq, const char *subject)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_msg_t                            *msg;
    ptn_save_t                            save;
    ptn_saved_t                           saved;
    ptn_object_t                          o;
    const ptn_object_t                   *was;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&save, 0, sizeof(save));
    rc = ptn_txn_begin(&tx, s->mb[0]);
    id = (rc == PTN_OK) ? site_nth(s->mb[0], PTN_FOLDER_INBOX, seq) : 0;

    if (rc == PTN_OK) {
        rc = ptn_msg_open(s->mb[0], s->pool, id, &msg);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_object(msg, PTN_OXCMAIL_ALL, &was);
    }

    if (rc == PTN_OK) {
        o = *was;
        o.props.p = ptn_pmemdup(s->pool, was->props.p,
                                was->props.n * sizeof(ptn_bag_prop_t));
        o.props.size = was->props.n;
        ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str_z(subject));
        save.object = &o;
        rc = ptn_msg_update(&tx, s->pool, id, &save, 0, &saved);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_edit(site_t *s)
{
    return edit(s, 1, "mail, edited");
}


static ptn_rc_t
step_edit_object(site_t *s)
{
    return edit(s, 2, "edited");
}


static ptn_rc_t
step_props(site_t *s)
{
    ptn_rc_t                              rc;
    ptn_saved_t                           saved;
    ptn_bag_prop_t                        p[2];
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);
    p[0].tag = 0x67f30102;
    p[0].value = site_noise(s->pool, 10000, 3);
    p[1].tag = 0x67f4001f;
    p[1].value = ptn_str("small");

    if (rc == PTN_OK) {
        rc = ptn_msg_set_props(&tx, s->pool,
                               site_nth(s->mb[0], PTN_FOLDER_INBOX, 1), p, 2,
                               &saved);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_folder(site_t *s)
{
    ptn_rc_t                              rc;
    ptn_bag_prop_t                        p;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);
    p.tag = PTN_PR_COMMENT;
    p.value = ptn_str("a comment");

    if (rc == PTN_OK) {
        rc = ptn_folder_props_set(&tx, PTN_FOLDER_INBOX, &p, 1);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
transfer(site_t *s, unsigned k, bool copy)
{
    ptn_id_t   ids[2], *got;
    ptn_rc_t   rc;

    rc = site_mboxes(s);

    if (rc != PTN_OK) {
        return rc;
    }

    ids[0] = site_nth(s->mb[k], PTN_FOLDER_INBOX, 1);
    ids[1] = site_nth(s->mb[k], PTN_FOLDER_INBOX, 2);

    return ptn_msg_transfer_mbox(s->mb[k], s->mb[!k], s->pool,
                                 PTN_FOLDER_INBOX, ids, 2, PTN_FOLDER_INBOX,
                                 copy, &got);
}


static ptn_rc_t
step_move(site_t *s)
{
    return transfer(s, 0, false);
}


static ptn_rc_t
step_move_back(site_t *s)
{
    return transfer(s, 1, false);
}


static ptn_rc_t
step_copy(site_t *s)
{
    return transfer(s, 0, true);
}


/* A message with an id of the client's own. */

static ptn_rc_t
upload(site_t *s, ptn_txn_t *tx, unsigned n, int64_t modified)
{
    u_char               key[22], change[20];
    ptn_rc_t             rc;
    ptn_object_t         o;
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out;

    memset(key, 0x41, sizeof(key));
    memset(change, 0x42 + (int) n, sizeof(change));
    memset(&in, 0, sizeof(in));
    memset(&o, 0, sizeof(o));
    ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT,
                  ptn_str_printf(s->pool, "upload %u", n));
    in.source_key = ptn_str_make(key, sizeof(key));
    in.change_key = ptn_str_make(change, sizeof(change));
    in.modified = modified;
    in.received = 1770000000;
    in.object = &o;
    rc = ptn_pcl_add(s->pool, ptn_str_make(NULL, 0), in.change_key, &in.pcl);

    return rc == PTN_OK
           ? ptn_ics_import_message(tx, s->pool, PTN_FOLDER_INBOX, &in, &out)
           : rc;
}


static ptn_rc_t
step_upload(site_t *s)
{
    uint64_t                              key;
    ptn_rc_t                              rc;
    ptn_device_put_t                      p;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&p, 0, sizeof(p));
    p.state = ptn_str("state");
    p.request = ptn_str("r");
    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = upload(s, &tx, 1, 1770000000);
    }

    if (rc == PTN_OK) {
        rc = ptn_device_client_set(&tx, ptn_str("PHONE"), ptn_str("12"),
                                   ptn_str("c"), 1000);
    }

    if (rc == PTN_OK) {
        rc = ptn_device_put(&tx, ptn_str("PHONE"), ptn_str("12"), &p, &key);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


/* Both versions are kept. */

static ptn_rc_t
step_conflict(site_t *s)
{
    ptn_id_t                              first;
    ptn_rc_t                              rc;
    ptn_guid_t                            guid;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, s->mb[0]);

    if (rc == PTN_OK) {
        rc = upload(s, &tx, 2, 1770000001);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_local_ids(&tx, 600, &guid, &first);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
step_idle(site_t *s)
{
    ptn_store_idle(s->store);

    return PTN_OK;
}


static ptn_rc_t
step_idle_twice(site_t *s)
{
    ptn_rc_t  rc;

    ptn_store_idle(s->store);
    rc = site_mboxes(s);
    ptn_store_idle(s->store);

    return rc == PTN_OK ? site_mboxes(s) : rc;
}


static const step_t  power_life[] = {
    { "begin",          step_begin, NULL },
    { "deliver",        step_deliver, NULL },
    { "create",         step_create, NULL },
    { "to bob",         step_deliver_bob, NULL },
    { "properties",     step_props, NULL },
    { "upload",         step_upload, NULL },
    { "conflict",       step_conflict, NULL },
    { "edit",           step_edit, NULL },
    { "move over",      step_move, NULL },
    { "idle",           step_idle, NULL },
    { "move back",      step_move_back, NULL },
    { "edit an object", step_edit_object, NULL },
    { "reopen",         step_reopen, NULL },
    { "folder",         step_folder, NULL },
    { "copy over",      step_copy, NULL },
    { "move over",      step_move, NULL },
    { "idle",           step_idle_twice, NULL },
    { "deliver",        step_deliver, NULL },
    { NULL, NULL, NULL }
};

static const step_t  power_before[] = {
    { "begin",          step_begin, NULL },
    { "deliver",        step_deliver, NULL },
    { "to bob",         step_deliver_bob, NULL },
    { NULL, NULL, NULL }
};

static const step_t  power_upgrade[] = {
    { "upgrade",        step_begin, NULL },
    { "deliver",        step_deliver, NULL },
    { "fill in",        step_idle_twice, NULL },
    { "reopen",         step_reopen, NULL },
    { NULL, NULL, NULL }
};


static ptn_rc_t
deliver_last(site_t *s)
{
    return deliver(s, 0, 9);
}


static void
test_without(power_t *p)
{
    power_without(p, PTN_IO_WAL);
    power_without(p, PTN_IO_BLOB);
}


static void
test_nothing(power_t *p PTN_UNUSED)
{
    /* void */
}


/* A file of version 1 is on the disk before. */

static void
test_upgrade(power_t *p)
{
    char      *dir, path[PTN_SIM_PATH];
    ptn_rc_t   rc;

    dir = ptn_sim_tmp();
    rc = power_prepare(p, dir, power_before);
    snprintf(path, sizeof(path),
             "%s/mailbox/example.test/alice/mailbox.sqlite", dir);
    ok(rc == PTN_OK && ptn_schema_1_make(path), "a file of version 1");
    power_play(p, dir, "upgrade", power_upgrade, test_nothing);
}


int
main(void)
{
    power_t   p;
    uint64_t  changes;

    memset(&p, 0, sizeof(p));
    p.boxes = 2;
    p.sample = DISKS_EVERY;
    p.errors = ERRORS_STEP;
    p.life = power_life;
    p.state = state_list;
    p.deliver = deliver_last;
    p.pool = ptn_pool_create(0, NULL);
    changes = power_play(&p, ptn_sim_tmp(), "objects and moves", power_life,
                         test_without);
    power_errors(&p, changes);
    test_upgrade(&p);
    ptn_pool_destroy(p.pool);

    return done_testing();
}
