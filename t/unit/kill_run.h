/*
 * t/unit/kill_load.h, run: workers, their parent, and what it looks at.
 */

#ifndef KILL_RUN_H
#define KILL_RUN_H


#include "kill_ops.h"


/* ---- a worker ------------------------------------------------------------ */

static void
kill_tell(kill_worker_t *w, unsigned acked)
{
    w->r.acked = (uint8_t) acked;

    if (write(w->fd, &w->r, sizeof(w->r)) != (ssize_t) sizeof(w->r)) {
        _exit(4);
    }
}


static inline ptn_rc_t
kill_do(kill_worker_t *w, const kill_op_t *op)
{
    unsigned                              k;
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    for (k = 0; k < KILL_BOXES; k++) {
        w->mb[k] = site_open(w->s, kill_box[k]);
    }

    if (!op->tx) {
        return op->run(w);
    }

    w->tx = &tx;
    rc = ptn_txn_begin(&tx, w->mb[w->r.list[0].box]);

    if (rc == PTN_OK) {
        rc = op->run(w);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    ptn_txn_done(&tx);

    return rc == PTN_OK ? ptn_store_commit(w->s->store) : rc;
}


static inline void
kill_work(kill_worker_t *w)
{
    ptn_rc_t          rc;
    unsigned          i, pick, sum;
    const kill_op_t  *op;

    for (i = 0, sum = 0; i < ptn_nelts(kill_ops); i++) {
        sum += kill_ops[i].weight;
    }

    for ( ;; ) {
        pick = kill_random(w, sum);

        for (op = kill_ops; pick >= op->weight; op++) {
            pick -= op->weight;
        }

        memset(&w->r, 0, sizeof(w->r));
        w->r.op = (uint8_t) (op - kill_ops);

        if (!op->choose(w)) {
            continue;
        }

        kill_tell(w, 0);
        rc = kill_do(w, op);

        if (rc == PTN_OK) {
            kill_tell(w, 1);
            kill_apply(w->m, &w->r);

        } else {
            ptn_store_rollback(w->s->store);

            if (rc != PTN_EBUSY) {
                fprintf(stderr, "# worker %u: %s: %s\n", w->w, op->name,
                        ptn_err(rc)->name);
                _exit(3);
            }

            if (!op->tx) {              /* it may be finished later */
                _exit(0);
            }

            kill_tell(w, 2);
        }

        ptn_pool_reset(w->s->pool);
    }
}


/* Copies everything again and again. */

static inline void
kill_backup(kill_worker_t *w)
{
    unsigned       i;
    ptn_rc_t       rc;
    ptn_user_t     u;
    ptn_backup_t  *b;

    for ( ;; ) {
        rc = ptn_backup_open(w->s->store, w->k->dir, false, NULL, &b);

        for (i = 0; i < KILL_BOXES && rc == PTN_OK; i++) {
            u = site_user(w->s, kill_box[i]);
            rc = ptn_backup_mailbox(b, &u);
        }

        if (rc == PTN_OK) {
            rc = ptn_backup_finish(b);
            ptn_backup_close(b);
        }

        if (rc != PTN_OK && rc != PTN_EBUSY) {
            fprintf(stderr, "# backup: %s\n", ptn_err(rc)->name);
            _exit(3);
        }

        memset(&w->r, 0, sizeof(w->r));
        kill_tell(w, rc == PTN_OK ? 1 : 2);
    }
}


static inline void
kill_worker(kill_t *k, unsigned n, unsigned seed, int fd)
{
    fault_t        fault;
    ptn_io_t       io;
    kill_worker_t  w;

    memset(&w, 0, sizeof(w));
    memset(&fault, 0, sizeof(fault));
    w.k = k;
    w.s = &k->s;
    w.w = n;
    w.seed = seed;
    w.fd = fd;

    if (kill_random(&w, 2)) {
        fault_io(&io, &fault);
        fault.kill = true;
        fault.left = 1 + kill_random(&w, 600);
        k->s.opts.io = &io;
    }

    k->s.conf.fsync = (kill_random(&w, 8) == 0);    /* no power is lost */

    if (ptn_store_open(&k->s.opts, &k->s.store) != PTN_OK) {
        _exit(5);
    }

    if (n == KILL_WORKERS) {
        kill_backup(&w);
    }

    w.m = &k->model[n];
    kill_work(&w);
}


/* ---- what is there ------------------------------------------------------- */

typedef struct {
    kill_obj_t  *obj;
    size_t       n, size;
} kill_found_t;


static inline kill_obj_t *
kill_found(kill_found_t *f, kill_kind_e kind, unsigned worker, unsigned n,
    unsigned box)
{
    kill_obj_t  *o;

    if (f->n == f->size) {
        f->size = f->size ? f->size * 2 : 256;
        f->obj = realloc(f->obj, f->size * sizeof(kill_obj_t));
    }

    o = &f->obj[f->n++];
    memset(o, 0, sizeof(kill_obj_t));
    o->kind = (uint8_t) kind;
    o->worker = (uint8_t) worker;
    o->n = n;
    o->box = (uint8_t) box;
    o->there = 1;

    return o;
}


static inline ptn_rc_t
kill_see_message(kill_t *k, kill_found_t *f, ptn_mbox_t *mb, unsigned box,
    ptn_msg_t *msg, bool gone)
{
    char              text[128];
    int64_t           icon;
    unsigned          worker, n, version, bit;
    ptn_rc_t          rc;
    uint32_t          tags[2] = { PTN_PR_SUBJECT, PTN_PR_ICON_INDEX };
    ptn_str_t         v[2], name;
    kill_obj_t       *o;
    ptn_msg_info_t    m;
    const ptn_str_t  *names;

    rc = ptn_msg_props(msg, tags, 2, v);

    if (rc == PTN_OK) {
        rc = ptn_keyword_names(mb, &names);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    snprintf(text, sizeof(text), "%.*s", ptn_str_arg(v[0]));

    if (sscanf(text, "w%u m%u v%u", &worker, &n, &version) != 3) {
        return PTN_ECORRUPT;
    }

    ptn_msg_info(msg, &m);
    o = kill_found(f, KILL_MESSAGE, worker, n, box);
    o->gone = gone;
    o->id = m.id;
    o->mid = m.mid;
    o->folder = m.folder;
    o->flags = (uint8_t) m.flags;
    o->version[0] = version;

    if (v[1].data != NULL && ptn_prop_int(tags[1], v[1], &icon) && icon > 0) {
        o->version[1] = (unsigned) icon;
    }

    if (!gone && ptn_msg_name_get(mb, k->s.pool, m.id, PTN_NAME_HREF, &name)
        == PTN_OK)
    {
        snprintf(text, sizeof(text), "%.*s", ptn_str_arg(name));
        sscanf(text, "w%*u-%*u-%u.ics", &o->version[2]);
    }

    snprintf(text, sizeof(text), "$Worker%u", worker);

    for (bit = 0; bit < 64; bit++) {
        if ((m.keywords >> bit & 1) && ptn_str_eqz(names[bit], text)) {
            o->keyword = 1;
        }
    }

    return PTN_OK;
}


static inline ptn_rc_t
kill_see_folder(kill_t *k, kill_found_t *f, ptn_mbox_t *mb, unsigned box,
    ptn_id_t folder)
{
    size_t       i, n;
    uint32_t     seq;
    ptn_rc_t     rc;
    ptn_row_t    row;
    ptn_msg_t   *msg;
    ptn_view_t  *view;
    ptn_gone_t  *rows;

    rc = ptn_view_get(mb, folder, &view);

    for (seq = 1; rc == PTN_OK && seq <= ptn_view_count(view); seq++) {
        ptn_view_row(view, seq, &row);
        rc = ptn_msg_open(mb, k->s.pool, row.id, &msg);

        if (rc == PTN_OK) {
            rc = kill_see_message(k, f, mb, box, msg, false);
        }
    }

    if (rc == PTN_OK) {
        ptn_view_unref(view);
        rc = ptn_gone_list(mb, k->s.pool, folder, false, 0, 100000, &rows, &n);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        rc = ptn_gone_open(mb, k->s.pool, rows[i].id, &msg);

        if (rc == PTN_OK) {
            rc = kill_see_message(k, f, mb, box, msg, true);
        }
    }

    return rc;
}


static inline void
kill_see_name(kill_found_t *f, unsigned box, ptn_str_t name, ptn_id_t id,
    ptn_id_t parent, bool gone)
{
    char         text[128], c;
    unsigned     worker, n, version;
    kill_obj_t  *o;

    snprintf(text, sizeof(text), "%.*s", ptn_str_arg(name));

    if (sscanf(text, "w%u %c%u v%u", &worker, &c, &n, &version) == 4) {
        o = kill_found(f, c == 'f' ? KILL_FOLDER : KILL_SEARCH, worker, n,
                       box);
        o->id = id;
        o->folder = parent;
        o->version[0] = version;
        o->gone = gone;
    }
}


static inline ptn_rc_t
kill_see_folders(kill_t *k, kill_found_t *f, ptn_mbox_t *mb, unsigned box)
{
    size_t               i, j, n, gone;
    ptn_rc_t             rc;
    const ptn_folder_t  *folders;
    ptn_gone_folder_t   *g;

    rc = ptn_folder_list_all(mb, &folders, &n);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        kill_see_name(f, box, folders[i].name, folders[i].id,
                      folders[i].parent, false);

        if (folders[i].search) {
            continue;
        }

        rc = kill_see_folder(k, f, mb, box, folders[i].id);

        if (rc == PTN_OK) {
            rc = ptn_gone_folders(mb, k->s.pool, folders[i].id, &g, &gone);
        }

        for (j = 0; rc == PTN_OK && j < gone; j++) {
            kill_see_name(f, box, g[j].name, g[j].id, g[j].parent, true);
        }
    }

    return rc;
}


static inline ptn_rc_t
kill_see_rest(kill_t *k, kill_found_t *f, ptn_mbox_t *mb, unsigned box)
{
    char               text[128];
    size_t             i, n;
    unsigned           worker, name, version;
    ptn_rc_t           rc;
    uint32_t           tag;
    ptn_str_t          v;
    kill_obj_t        *o, prop;
    ptn_rule_t        *rules;
    ptn_device_t      *devices;
    ptn_receive_t     *receive;
    ptn_permission_t  *list;
    ptn_device_sync_t  sync;

    rc = ptn_rule_list(mb, k->s.pool, PTN_FOLDER_INBOX, &rules, &n);

    for (i = 0; rc == PTN_OK && i < n; i++) {
        snprintf(text, sizeof(text), "%.*s", ptn_str_arg(rules[i].name));

        if (sscanf(text, "w%u r%u", &worker, &name) == 2) {
            o = kill_found(f, KILL_RULE, worker, name, box);
            o->id = rules[i].id;
            o->version[0] = rules[i].sequence;
            o->folder = PTN_FOLDER_INBOX;
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_rights_list(mb, k->s.pool, PTN_FOLDER_INBOX, false, &list,
                             &n);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        if (list[i].member >= 100000 && list[i].member < 1000000) {
            o = kill_found(f, KILL_RIGHT,
                           (unsigned) (list[i].member / 100000 - 1),
                           (unsigned) (list[i].member % 100000), box);
            o->version[0] = (list[i].rights == PTN_ROLE_EDITOR);
            o->folder = PTN_FOLDER_INBOX;
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_device_list(mb, k->s.pool, &devices, &n);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        snprintf(text, sizeof(text), "%.*s", ptn_str_arg(devices[i].id));
        sscanf(text, "w%u d%u", &worker, &name);
        rc = ptn_device_get(mb, k->s.pool, devices[i].id, ptn_str("12"), 0,
                            ptn_str("?"), &sync);

        o = kill_found(f, KILL_DEVICE, worker, name, box);
        o->version[0] = o->version[1] = (unsigned) sync.key;
    }

    for (worker = 0; rc == PTN_OK && worker < KILL_WORKERS; worker++) {
        prop.worker = (uint8_t) worker;
        tag = KILL_PROP_TAG(&prop);
        rc = ptn_store_props(mb, k->s.pool, &tag, 1, &v);
        snprintf(text, sizeof(text), "%.*s", ptn_str_arg(v));

        if (rc == PTN_OK && sscanf(text, "%u %u", &name, &version) == 2) {
            o = kill_found(f, KILL_PROP, worker, name, box);
            o->version[0] = version;
            o->folder = PTN_FOLDER_INBOX;
        }
    }

    if (rc == PTN_OK) {
        rc = ptn_receive_list(mb, k->s.pool, &receive, &n);
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        snprintf(text, sizeof(text), "%.*s", ptn_str_arg(receive[i].cls));

        if (sscanf(text, "IPM.W%u.R%u", &worker, &name) == 2) {
            kill_found(f, KILL_RECEIVE, worker, name, box)->folder
                = receive[i].folder;
        }
    }

    return rc;
}


/* ---- receipts ------------------------------------------------------------ */

static inline kill_receipt_t *
kill_receipt(kill_t *k, unsigned worker, uint32_t n, bool make)
{
    unsigned         i;
    kill_receipt_t  *r;

    for (i = 0; i < k->nreceipts; i++) {
        if (k->receipt[i].worker == worker && k->receipt[i].n == n) {
            return &k->receipt[i];
        }
    }

    if (!make) {
        return NULL;
    }

    k->receipt = realloc(k->receipt,
                         (k->nreceipts + 1) * sizeof(kill_receipt_t));
    r = &k->receipt[k->nreceipts++];
    memset(r, 0, sizeof(kill_receipt_t));
    r->worker = (uint8_t) worker;
    r->n = n;

    return r;
}


/* What a worker tells of them. */

static inline void
kill_hear(kill_t *k, const kill_record_t *in)
{
    kill_receipt_t  *r;

    if (in->acked < 3 && (in->n == 0 || in->list[0].kind != KILL_RECEIPT)) {
        return;
    }

    r = kill_receipt(k, in->list[0].worker, in->list[0].n, true);
    r->acked |= (in->acked == 1);
    r->sent |= (in->acked == 3);
    r->done |= (in->acked == 4);

    if (in->acked == 2) {
        *r = k->receipt[--k->nreceipts];
    }
}


static inline void
kill_see_receipts(kill_t *k, ptn_mbox_t *mb)
{
    unsigned         worker, n;
    sqlite3_stmt    *st;
    kill_receipt_t  *r;

    if (sqlite3_prepare_v2(mb->db, "SELECT subject FROM receipt", -1, &st,
                           NULL) != SQLITE_OK)
    {
        k->bad++;
        return;
    }

    while (sqlite3_step(st) == SQLITE_ROW) {
        r = sscanf((char *) sqlite3_column_text(st, 0), "w%u e%u", &worker, &n)
            == 2 ? kill_receipt(k, worker, n, false) : NULL;

        if (r == NULL || r->done || r->rows++ != 0) {
            printf("# receipt %s: %s\n", (char *) sqlite3_column_text(st, 0),
                   r == NULL ? "nobody knows" : r->done ? "was sent" : "twice");
            k->bad++;
        }
    }

    sqlite3_finalize(st);
}


/* What was promised is a row, or was sent. */

static inline void
kill_settle_receipts(kill_t *k)
{
    unsigned         i;
    kill_receipt_t  *r;

    for (i = 0; i < k->nreceipts; i++) {
        r = &k->receipt[i];

        if (r->acked && r->rows == 0 && !r->sent) {
            printf("# receipt w%u e%u is lost\n", r->worker, r->n);
            k->bad++;
        }

        if (r->rows == 0) {             /* sent, or it never was */
            k->sent += r->sent;
            *r = k->receipt[--k->nreceipts];
            i--;
            continue;
        }

        r->acked = true;
        r->rows = 0;
    }
}


/* ---- what ought to be ---------------------------------------------------- */

static inline bool
kill_same(const kill_obj_t *a, const kill_obj_t *b)
{
    return a->kind == b->kind && a->worker == b->worker && a->n == b->n
           && a->there == b->there && a->box == b->box && a->gone == b->gone
           && a->flags == b->flags && a->keyword == b->keyword
           && a->folder == b->folder
           && memcmp(a->version, b->version,
                     (a->gone ? 2 : 3) * sizeof(a->version[0])) == 0;
}


static inline void
kill_show(const char *what, const kill_obj_t *o)
{
    printf("# %s: w%u kind %u n %u box %u folder %llu gone %u flags %x"
           " keyword %u versions %u %u %u\n", what, o->worker, o->kind, o->n,
           o->box, (unsigned long long) o->folder, o->gone, o->flags,
           o->keyword, o->version[0], o->version[1], o->version[2]);
}


/* How many objects are not as in the model. */

static inline unsigned
kill_compare(kill_model_t *m, kill_found_t *f, unsigned worker, bool show)
{
    size_t       i, k;
    unsigned     bad, seen;
    kill_obj_t  *o;

    bad = 0;

    for (i = 0; i < m->n; i++) {
        o = &m->obj[i];
        seen = 0;

        if (o->gone == 2) {
            continue;
        }

        for (k = 0; k < f->n; k++) {
            if (f->obj[k].kind == o->kind && f->obj[k].worker == worker
                && f->obj[k].n == o->n)
            {
                seen++;

                if (!kill_same(&f->obj[k], o)) {
                    bad++;

                    if (show) {
                        kill_show("want", o);
                        kill_show("have", &f->obj[k]);
                    }
                }
            }
        }

        if (seen != 1) {
            bad++;

            if (show) {
                printf("# %u times\n", seen);
                kill_show("want", o);
            }
        }
    }

    for (k = 0; k < f->n; k++) {
        if (f->obj[k].worker == worker) {
            o = kill_find(m, &f->obj[k]);

            if (o == NULL || o->gone == 2) {
                bad++;

                if (show) {
                    kill_show("nobody knows", &f->obj[k]);
                }
            }
        }
    }

    return bad;
}


/* As it is, or with all of what was under way; then that is the truth. */

static inline void
kill_settle(kill_t *k, kill_found_t *f, unsigned worker)
{
    size_t         i;
    kill_obj_t    *o;
    kill_model_t  *m, next;

    m = &k->model[worker];
    next = *m;

    if (m->pending) {
        kill_apply(&next, &m->last);
    }

    /* ids of what nobody told */

    for (i = 0; i < f->n; i++) {
        if (f->obj[i].worker == worker) {
            o = kill_find(&next, &f->obj[i]);

            if (o != NULL) {
                o->id = f->obj[i].id;
                o->mid = f->obj[i].mid;
            }
        }
    }

    if (kill_compare(m, f, worker, false) == 0) {
        m->pending = false;
        return;
    }

    if (m->pending && kill_compare(&next, f, worker, false) == 0) {
        *m = next;
        m->pending = false;
        return;
    }

    k->bad++;
    printf("# worker %u: not what was promised%s%s\n", worker,
           m->pending ? ", amid " : "",
           m->pending ? kill_ops[m->last.op].name : "");
    kill_compare(m, f, worker, true);

    if (m->pending) {
        printf("# and with what was under way:\n");
        kill_compare(&next, f, worker, true);
    }
}


static inline void
kill_look(kill_t *k)
{
    unsigned      i;
    ptn_rc_t      rc;
    ptn_user_t    u;
    ptn_mbox_t   *mb;
    kill_found_t  found = { NULL, 0, 0 };

    if (ptn_store_open(&k->s.opts, &k->s.store) != PTN_OK) {
        printf("Bail out! no store\n");
        exit(1);
    }

    rc = PTN_OK;

    for (i = 0; i < KILL_BOXES; i++) {      /* both, for what was between */
        site_open(&k->s, kill_box[i]);
    }

    for (i = 0; i < KILL_BOXES && rc == PTN_OK; i++) {
        u = site_user(&k->s, kill_box[i]);
        rc = ptn_mbox_check(k->s.store, &u, false, site_report, &k->s);
        k->bad += (rc != PTN_OK);
        mb = site_open(&k->s, kill_box[i]);
        k->bad += (mb->meta.epoch != 1);
        rc = kill_see_folders(k, &found, mb, i);
        kill_see_receipts(k, mb);

        if (rc == PTN_OK) {
            rc = kill_see_rest(k, &found, mb, i);
        }
    }

    if (rc != PTN_OK) {
        printf("# it cannot be read: %s\n", ptn_err(rc)->name);
        k->bad++;
    }

    kill_settle_receipts(k);

    for (i = 0; i < KILL_WORKERS && rc == PTN_OK; i++) {
        kill_settle(k, &found, i);
    }

    if (k->backups != 0
        && ptn_backup_verify(k->s.store, k->dir, NULL) != PTN_OK)
    {
        printf("# the backup is not whole\n");
        k->bad++;
    }

    free(found.obj);
    ptn_store_close(k->s.store);
    ptn_pool_reset(k->s.pool);
}


/* ---- the parent ---------------------------------------------------------- */

typedef struct {
    pid_t     pid;
    int       fd;
    uint64_t  until;            /* when it is killed; 0: it was */
    size_t    got;
    union {
        kill_record_t  r;
        char           b[sizeof(kill_record_t)];
    } in;
} kill_child_t;


static inline void
kill_read(kill_t *k, kill_child_t *c, unsigned worker)
{
    ssize_t        n;
    kill_model_t  *m;

    n = read(c->fd, c->in.b + c->got, sizeof(kill_record_t) - c->got);

    if (n <= 0) {
        close(c->fd);
        c->fd = -1;
        return;
    }

    c->got += (size_t) n;

    if (c->got < sizeof(kill_record_t)) {
        return;
    }

    c->got = 0;

    if (worker == KILL_WORKERS) {
        k->backups += (c->in.r.acked == 1);
        return;
    }

    kill_hear(k, &c->in.r);

    if (c->in.r.acked >= 3) {
        return;
    }

    m = &k->model[worker];
    m->last = c->in.r;
    m->pending = (c->in.r.acked == 0);

    if (c->in.r.acked == 1) {
        kill_apply(m, &c->in.r);
        m->acked++;
        k->ops++;
        k->done[c->in.r.op]++;
    }
}


static inline void
kill_reap(kill_t *k, kill_child_t *c, unsigned worker)
{
    int  status;

    waitpid(c->pid, &status, 0);

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        k->kills++;

    } else if (status != 0) {
        k->bad++;
        printf("# %u ended by itself: %x\n", worker, status);
    }
}


/* All of them work, and each is killed within `ms`. */

static inline void
kill_round(kill_t *k, unsigned ms)
{
    int            fd[2];
    unsigned       i, left;
    uint64_t       now;
    kill_child_t   c[KILL_WORKERS + 1];
    struct pollfd  p[KILL_WORKERS + 1];

    fflush(stdout);
    memset(c, 0, sizeof(c));

    for (i = 0; i <= KILL_WORKERS; i++) {
        if (pipe(fd) == -1) {
            exit(1);
        }

        (void) rand_r(&k->seed);
        c[i].pid = fork();

        if (c[i].pid == 0) {
            close(fd[0]);
            kill_worker(k, i, k->seed + i, fd[1]);
        }

        close(fd[1]);
        c[i].fd = fd[0];
        c[i].until = ptn_time_mono() + ms / 4
                     + (unsigned) rand_r(&k->seed) % ms;
    }

    do {
        now = ptn_time_mono();

        for (i = 0, left = 0; i <= KILL_WORKERS; i++) {
            if (c[i].until != 0 && now >= c[i].until) {
                kill(c[i].pid, SIGKILL);
                c[i].until = 0;
            }

            p[i].fd = c[i].fd;
            p[i].events = POLLIN;
            p[i].revents = 0;
            left += (c[i].fd != -1);
        }

        poll(p, KILL_WORKERS + 1, 2);

        for (i = 0; i <= KILL_WORKERS; i++) {
            if (c[i].fd != -1 && p[i].revents != 0) {
                kill_read(k, &c[i], i);
            }
        }

    } while (left != 0);

    for (i = 0; i <= KILL_WORKERS; i++) {
        kill_reap(k, &c[i], i);
    }

    kill_look(k);
}


static inline void
kill_begin(kill_t *k, unsigned seed)
{
    unsigned  i;

    memset(k, 0, sizeof(kill_t));
    site_make(&k->s);
    k->seed = seed;
    snprintf(k->dir, sizeof(k->dir), "%s/backup", k->s.root);

    for (i = 0; i < KILL_BOXES; i++) {
        site_open(&k->s, kill_box[i]);
    }

    for (i = 0; i < KILL_WORKERS; i++) {
        k->model[i].next = 1;
    }

    ptn_store_close(k->s.store);
}


#endif /* KILL_RUN_H */
