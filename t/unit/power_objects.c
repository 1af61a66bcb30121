/*
 * Power loss with two mailboxes: objects made and edited, properties that are
 * blobs, folders' properties, moves and copies from one mailbox to the other,
 * uploads (a message, its conflict, a folder) with a device's state, and a file
 * of schema version 1 that becomes ours.  At every point the disk
 * gives both mailboxes as they were at the last acknowledgement, or as the
 * change under way would have made them: a move that was begun is finished by
 * opening.  The check finds nothing, and mail can be delivered.
 */

#include "ptn_item.h"
#include "ptn_schema_1.h"
#include "ptn_sim.h"
#include "ptn_test.h"


#define STEPS_MAX  32

#ifdef __SANITIZE_ADDRESS__
#define DISKS_EVERY  7
#define ERRORS_STEP  41
#else
#define DISKS_EVERY  1
#define ERRORS_STEP  11
#endif


typedef struct {
    ptn_conf_t         conf;
    ptn_store_opts_t   opts;
    ptn_store_t       *store;
    ptn_pool_t        *pool;
    ptn_mbox_t        *mb[2];
    ptn_user_t         user[2];
} site_t;

typedef struct {
    ptn_sim_t   *sim;
    ptn_pool_t  *pool;
    char        *states[STEPS_MAX + 2];
    unsigned     nstates;
    unsigned     every, disks;
    char         report[256];
    char         why[600];
} power_t;


/* ---- a store ------------------------------------------------------------- */

static void
site_init(site_t *s, ptn_sim_t *sim, const char *root)
{
    unsigned  i, k;

    memset(s, 0, sizeof(site_t));
    ptn_conf_defaults(&s->conf);
    s->conf.root = root;
    s->conf.hostname = "mail.example.test";
    s->opts.conf = &s->conf;
    s->opts.io = &sim->io;
    s->pool = ptn_pool_create(0, NULL);

    for (k = 0; k < 2; k++) {
        s->user[k].id = k + 1;
        s->user[k].address = k ? ptn_str("bob@example.test")
                               : ptn_str("alice@example.test");
        s->user[k].locale = ptn_str("en");

        for (i = 0; i < 16; i++) {
            s->user[k].mailbox.b[i] = (u_char) (i * 7 + 1 + 100 * k);
        }
    }
}


static ptn_rc_t
site_mboxes(site_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_mbox_open(s->store, &s->user[1], NULL, &s->mb[1]);

    return rc == PTN_OK
           ? ptn_mbox_open(s->store, &s->user[0], NULL, &s->mb[0]) : rc;
}


static ptn_rc_t
site_open(site_t *s)
{
    ptn_rc_t  rc;

    rc = ptn_store_open(&s->opts, &s->store);

    return rc == PTN_OK ? site_mboxes(s) : rc;
}


static void
site_close(site_t *s)
{
    if (s->store != NULL) {
        ptn_store_close(s->store);
        s->store = NULL;
    }

    ptn_view_list_shrink(0);
}


static void
site_done(site_t *s)
{
    site_close(s);
    ptn_pool_destroy(s->pool);
}


/* ---- what they hold ------------------------------------------------------- */

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
        if (!ptn_item_computed(o->props.p[i].tag)
            && o->props.p[i].tag != PTN_PR_CONFLICT_ITEMS)
        {
            h = hash(h, o->props.p[i].value);
        }
    }

    for (i = 0; i < o->nattachs; i++) {
        h = hash(h, o->attachs[i].data);
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
state_list(site_t *s, ptn_pool_t *pool, char **ret)
{
    ptn_rc_t   rc;
    ptn_buf_t  b;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "-- alice\n");
    rc = state_mbox(s, s->mb[0], &b);

    if (rc == PTN_OK) {
        rc = state_device(s, &b);
    }

    if (rc == PTN_OK) {
        ptn_buf_z(&b, "-- bob\n");
        rc = state_mbox(s, s->mb[1], &b);
    }

    if (rc == PTN_OK) {
        *ret = ptn_str_dupz(pool, ptn_buf_get(&b));
    }

    return rc;
}


/* ---- steps --------------------------------------------------------------- */

static ptn_str_t
noise(site_t *s, size_t n, uint64_t seed)
{
    size_t   i;
    u_char  *p;

    p = ptn_palloc(s->pool, n);
    seed = seed * 2 + 1;

    for (i = 0; i < n; i++) {
        p[i] = (u_char) ptn_sim_random(&seed);
    }

    return ptn_str_make(p, n);
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
    at.data = noise(s, 36000, 1);
    at.size = 36000;
    o.attachs = &at;
    o.nattachs = 1;
    ptn_props_set(&at.props, s->pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str("noise.bin"));
    ptn_props_set_int(&at.props, s->pool, PTN_PR_ATTACH_METHOD, 1);
    ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str("object"));
    ptn_props_set(&o.props, s->pool, PTN_PR_BODY, ptn_str("text"));
    ptn_props_set(&o.props, s->pool, 0x67f20102, noise(s, 9000, 2));

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


static ptn_id_t
nth(ptn_mbox_t *mb, ptn_id_t folder, uint32_t seq)
{
    ptn_row_t    row;
    ptn_view_t  *view;

    row.id = 0;

    if (ptn_view_get(mb, folder, &view) == PTN_OK) {
        if (seq <= ptn_view_count(view)) {
            ptn_view_row(view, seq, &row);
        }

        ptn_view_unref(view);
    }

    return row.id;
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
    id = (rc == PTN_OK) ? nth(s->mb[0], PTN_FOLDER_INBOX, seq) : 0;

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
    p[0].value = noise(s, 10000, 3);
    p[1].tag = 0x67f4001f;
    p[1].value = ptn_str("small");

    if (rc == PTN_OK) {
        rc = ptn_msg_set_props(&tx, s->pool,
                               nth(s->mb[0], PTN_FOLDER_INBOX, 1), p, 2,
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

    ids[0] = nth(s->mb[k], PTN_FOLDER_INBOX, 1);
    ids[1] = nth(s->mb[k], PTN_FOLDER_INBOX, 2);

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


static ptn_rc_t
step_reopen(site_t *s)
{
    site_close(s);

    return site_open(s);
}


typedef struct {
    const char  *name;
    ptn_rc_t   (*f)(site_t *s);
} step_t;

static const step_t  power_life[] = {
    { "begin",          step_begin },
    { "deliver",        step_deliver },
    { "create",         step_create },
    { "to bob",         step_deliver_bob },
    { "properties",     step_props },
    { "upload",         step_upload },
    { "conflict",       step_conflict },
    { "edit",           step_edit },
    { "move over",      step_move },
    { "idle",           step_idle },
    { "move back",      step_move_back },
    { "edit an object", step_edit_object },
    { "reopen",         step_reopen },
    { "folder",         step_folder },
    { "copy over",      step_copy },
    { "move over",      step_move },
    { "idle",           step_idle_twice },
    { "deliver",        step_deliver },
    { NULL, NULL }
};

static const step_t  power_before[] = {
    { "begin",          step_begin },
    { "deliver",        step_deliver },
    { "to bob",         step_deliver_bob },
    { NULL, NULL }
};

static const step_t  power_upgrade[] = {
    { "upgrade",        step_begin },
    { "deliver",        step_deliver },
    { "fill in",        step_idle_twice },
    { "reopen",         step_reopen },
    { NULL, NULL }
};


static ptn_rc_t
power_record(power_t *p, site_t *s, const step_t *step, const char **ret_step)
{
    char      *state;
    ptn_rc_t   rc;
    unsigned   n;

    *ret_step = "open";
    n = 0;
    rc = ptn_store_open(&s->opts, &s->store);

    for ( /* void */ ; step->f != NULL && rc == PTN_OK; step++) {
        *ret_step = step->name;
        rc = step->f(s);

        if (rc == PTN_OK && ptn_store_pending(s->store)) {
            rc = ptn_store_commit(s->store);
        }

        if (rc == PTN_OK) {
            ptn_sim_mark(p->sim);
            rc = state_list(s, p->pool, &state);

            if (++n > p->nstates) {
                p->states[++p->nstates] = state;
            }
        }
    }

    return rc;
}


/* ---- the check ----------------------------------------------------------- */

static void
power_report(void *ctx, const char *line)
{
    power_t  *p = ctx;

    if (p->report[0] == '\0') {
        snprintf(p->report, sizeof(p->report), "%s", line);
    }
}


static void
power_differ(power_t *p, const char *got, const char *want)
{
    size_t  i;

    if (getenv("POWER_SHOW")) {
        printf("got\n%swant\n%s", got, want);
    }

    for (i = 0; got[i] != '\0' && got[i] == want[i]; i++) {
        /* void */
    }

    while (i > 0 && got[i - 1] != '\n') {
        i--;
    }

    snprintf(p->why, sizeof(p->why), "got \"%.*s\", want \"%.*s\"",
             (int) strcspn(got + i, "\n"), got + i,
             (int) strcspn(want + i, "\n"), want + i);
}


static const char *
power_check_site(power_t *p, site_t *s, unsigned marks)
{
    char      *got;
    unsigned   k;
    ptn_rc_t   rc;

    rc = site_open(s);

    if (rc != PTN_OK) {
        snprintf(p->why, sizeof(p->why), "after %u marks it does not open: %s",
                 marks, ptn_err(rc)->name);
        return p->why;
    }

    for (k = 0; k < 2; k++) {
        p->report[0] = '\0';
        rc = ptn_mbox_check(s->store, &s->user[k], false, power_report, p);

        if (rc != PTN_OK) {
            snprintf(p->why, sizeof(p->why), "check: %s: %s",
                     ptn_err(rc)->name, p->report);
            return p->why;
        }
    }

    if (site_mboxes(s) != PTN_OK || state_list(s, s->pool, &got) != PTN_OK) {
        return "it cannot be read";
    }

    if (marks > 0 && strcmp(got, p->states[marks]) != 0
        && (marks == p->nstates
            || strcmp(got, p->states[marks + 1]) != 0))
    {
        power_differ(p, got, p->states[marks < p->nstates ? marks + 1
                                                          : marks]);
        return p->why;
    }

    rc = deliver(s, 0, 9);

    if (rc == PTN_OK) {
        rc = ptn_store_commit(s->store);
    }

    return rc == PTN_OK ? NULL : "nothing can be delivered";
}


static const char *
power_check(void *ctx, const char *dir, unsigned marks)
{
    site_t       s;
    power_t     *p = ctx;
    const char  *why;

    if (p->every > 1 && p->disks++ % p->every != 0) {
        return NULL;
    }

    site_init(&s, p->sim, dir);
    why = power_check_site(p, &s, marks);
    site_done(&s);

    return why;
}


static void
power_run(power_t *p, const char *name)
{
    ptn_sim_result_t  res;

    diag("%s: %zu changes, %u marks", name, p->sim->n, p->sim->marks);
    p->every = DISKS_EVERY;
    ptn_sim_run(p->sim, 0, 0, 1, power_check, p, &res);
    diag("%zu points, %zu disks, %zu different", res.points, res.images,
         res.checked);
    ok(!res.bad, "%s: nothing acknowledged is lost: %s", name,
       res.bad ? res.bad_why : "at any point");

    if (res.bad) {
        diag("at %zu of %zu, %s", res.bad_point, p->sim->n, res.bad_image);
    }
}


/* Without the syncs of the WAL something must be found. */

static void
power_without(power_t *p, ptn_io_site_e site)
{
    size_t            from;
    ptn_sim_result_t  res;

    for (from = 0; from < p->sim->n && p->sim->ev[from].op != PTN_SIM_MARK;
         from++)
    {
        /* void */
    }

    p->every = 1;
    ptn_sim_run(p->sim, from, 1u << site, 1, power_check, p, &res);
    ok(res.bad, "without %s: %.200s", ptn_io_site_name(site),
       res.bad ? res.bad_why : "no loss was found");
}


static uint64_t
test_life(power_t *p)
{
    char        *dir;
    site_t       s;
    ptn_rc_t     rc;
    uint64_t     changes;
    const char  *step;

    dir = ptn_sim_tmp();
    p->sim = ptn_sim_create(dir);
    site_init(&s, p->sim, dir);
    rc = power_record(p, &s, power_life, &step);
    site_done(&s);
    changes = p->sim->calls;

    if (ok(rc == PTN_OK, "recorded: %s: %s", step, ptn_err(rc)->name)) {
        power_run(p, "objects and moves");
        p->sim->ignore_from = 0;
        power_without(p, PTN_IO_WAL);
        power_without(p, PTN_IO_BLOB);
    }

    ptn_sim_free(p->sim);
    ptn_sim_remove(dir);
    free(dir);

    return changes;
}


/* A file of version 1 is on the disk before. */

static void
test_upgrade(power_t *p)
{
    char        *dir, path[PTN_SIM_PATH];
    site_t       s;
    ptn_rc_t     rc;
    const char  *step;

    dir = ptn_sim_tmp();
    p->sim = ptn_sim_create(dir);
    p->sim->recording = false;
    site_init(&s, p->sim, dir);
    rc = power_record(p, &s, power_before, &step);
    site_done(&s);
    ptn_sim_free(p->sim);

    snprintf(path, sizeof(path),
             "%s/mailbox/example.test/alice/mailbox.sqlite", dir);
    ok(rc == PTN_OK && ptn_schema_1_make(path), "a file of version 1");

    p->nstates = 0;
    p->sim = ptn_sim_create(dir);
    site_init(&s, p->sim, dir);
    rc = power_record(p, &s, power_upgrade, &step);
    site_done(&s);

    if (ok(rc == PTN_OK, "recorded: %s: %s", step, ptn_err(rc)->name)) {
        power_run(p, "upgrade");
    }

    ptn_sim_free(p->sim);
    ptn_sim_remove(dir);
    free(dir);
}


/*
 * A change of the disk fails.  A move that failed may be finished by who comes
 * next: the state is that before or after it.
 */

static void
test_errors(power_t *p, uint64_t changes)
{
    char        *dir;
    site_t       s;
    ptn_rc_t     rc;
    uint64_t     n, told, tried;
    const char  *step, *why;

    told = 0;
    tried = 0;

    for (n = 1; n <= changes; n += ERRORS_STEP) {
        dir = ptn_sim_tmp();
        p->sim = ptn_sim_create(dir);
        p->sim->recording = false;
        site_init(&s, p->sim, dir);

        ptn_sim_fail(p->sim, n, n % 4 < 2 ? ENOSPC : EIO, n % 2);
        rc = power_record(p, &s, power_life, &step);
        site_close(&s);
        ptn_sim_fail(p->sim, 0, 0, false);

        tried++;
        told += rc != PTN_OK;
        why = power_check_site(p, &s, p->sim->marks);

        if (why != NULL) {
            ok(false, "change %d failed in \"%s\" (%s): %s", (int) n, step,
               ptn_err(rc)->name, why);
        }

        site_done(&s);
        ptn_sim_free(p->sim);
        ptn_sim_remove(dir);
        free(dir);
    }

    ok(told > tried / 2, "%d of %d failures were told", (int) told,
       (int) tried);
}


int
main(void)
{
    power_t   p;
    uint64_t  changes;

    memset(&p, 0, sizeof(p));
    p.pool = ptn_pool_create(0, NULL);
    changes = test_life(&p);
    test_errors(&p, changes);
    test_upgrade(&p);
    ptn_pool_destroy(p.pool);

    return done_testing();
}
