/*
 * Deliveries through a store process: store.c includes this where it has a
 * site, mailboxes and messages.
 */

#ifndef STORE_FLIGHT_H
#define STORE_FLIGHT_H


/* In the store process: one site, and the store of each executor. */
static site_t  *flight_site;
static mix_t   *flight_mix;


static ptn_rc_t
flight_open(ptn_exec_t *exec PTN_UNUSED, ptn_world_t *world PTN_UNUSED,
    const ptn_conf_t *conf PTN_UNUSED, ptn_log_t *log PTN_UNUSED,
    void **ret_app)
{
    ptn_store_t  *store;

    must(ptn_store_open(&flight_site->opts, &store), "store");
    *ret_app = store;

    return PTN_OK;
}


static void
flight_close(void *app)
{
    ptn_store_close(app);
}


static bool
flight_pending(void *app)
{
    return ptn_store_pending(app);
}


static ptn_rc_t
flight_commit(void *app)
{
    return ptn_store_commit(app);
}


static void
flight_append(ptn_job_t *job, ptn_append_t *a)
{
    uint32_t  n;

    memcpy(&n, job->request.data, sizeof(n));
    memset(a, 0, sizeof(ptn_append_t));
    a->raw = flight_mix->m[n % flight_mix->n];
    a->received = 1770000000;
    a->delivery = true;
    a->sender = ptn_str("sender@example.org");
    a->ready = job->ready;
    a->hurry = job->waiting >= PTN_APPEND_HURRY;
}


static void
flight_free(void *data)
{
    ptn_ready_free(data);
}


static void
flight_prepare(ptn_job_t *job)
{
    ptn_user_t    u;
    ptn_append_t  a;
    ptn_ready_t  *ready;

    u = user_in(job->pool, 1);
    flight_append(job, &a);

    if (ptn_msg_ready(job->app, &u, &a, &ready) == PTN_OK) {
        must(ptn_pool_cleanup(job->pool, flight_free, ready), "clean-up");
        job->ready = ready;
    }
}


static ptn_rc_t
flight_run(ptn_job_t *job)
{
    ptn_rc_t        rc;
    ptn_txn_t       tx;
    ptn_user_t      u;
    ptn_mbox_t     *mb;
    ptn_append_t    a;
    ptn_appended_t  app;

    u = user_in(job->pool, 1);
    flight_append(job, &a);
    rc = ptn_mbox_open(job->app, &u, NULL, &mb);

    if (rc == PTN_OK) {
        rc = ptn_txn_begin(&tx, mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
        rc = (rc == PTN_OK) ? ptn_txn_commit(&tx) : rc;
    }

    /* bytes of a reply would take a ticket until they are released */

    return rc;
}


typedef struct {
    ptn_world_t   *world;
    pid_t          pid;
    ptn_client_t  *client;
    unsigned       busy;
    uint64_t       done;
    double         cpu;             /* of the client, us */
    uint32_t       next;
} flight_t;


static void
flight_event(void *data, const ptn_event_t *ev)
{
    flight_t  *f = data;

    if (ev->what == PTN_EV_FINAL) {
        must(ev->rc, "delivery");
        f->busy--;
        f->done++;
    }
}


static const ptn_hooks_t  flight_hooks = {
    .open = flight_open, .close = flight_close,
    .pending = flight_pending, .commit = flight_commit
};


static void
flight_start(site_t *s, mix_t *mix, const ptn_hooks_t *hooks, flight_t *f)
{
    ptn_proc_t          proc = { .conf = &s->conf, .ctl_fd = -1 };
    ptn_world_opts_t    opts = { 1, 2, false };
    ptn_world_status_t  st;

    static const ptn_job_type_t  job = {
        "deliver", PTN_LANE_SHORT, PTN_JOB_WRITES, flight_run, NULL,
        flight_prepare
    };

    static const ptn_job_type_t *const  types[] = { &job };

    memset(f, 0, sizeof(flight_t));
    proc.hooks = hooks;
    flight_site = s;
    flight_mix = mix;
    must(ptn_world_create(&opts, NULL, &f->world), "world");
    must(ptn_world_types(f->world, types, 1), "types");
    fflush(stdout);

    f->pid = fork();

    if (f->pid == 0) {
        exit(ptn_store_main(f->world, &proc));
    }

    do {
        usleep(1000);
        ptn_world_status(f->world, &st);
    } while (st.store[0].pid == 0);

    must(ptn_client_open(f->world, NULL, &f->client), "client");
}


static double
flight_cpu(const struct rusage *ru)
{
    return (double) (ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1e6
           + (double) (ru->ru_utime.tv_usec + ru->ru_stime.tv_usec);
}


static void
flight_stop(flight_t *f, const char *name)
{
    struct rusage  ru;

    kill(f->pid, SIGKILL);
    wait4(f->pid, NULL, 0, &ru);

    printf("# %s: %.0f us of CPU a delivery in the store process, %.0f in the"
           " client\n", name,
           flight_cpu(&ru) / (double) ptn_max(f->done, (uint64_t) 1),
           f->cpu / (double) ptn_max(f->done, (uint64_t) 1));

    ptn_client_close(f->client);
    ptn_world_destroy(f->world);
}


static double
flight(flight_t *f, double seconds)
{
    double         begun, end;
    struct rusage  before, after;
    uint64_t       done;
    struct iovec   iov = { &f->next, sizeof(f->next) };
    ptn_submit_t   sub = { .slot = 0, .iov = &iov, .niov = 1, .body_fd = -1,
                           .on_event = flight_event, .data = f };
    struct pollfd  pfd = { ptn_client_eventfd(f->client), POLLIN, 0 };
    ptn_ticket_t  *ticket;

    getrusage(RUSAGE_SELF, &before);
    begun = now();
    end = begun + seconds;
    done = f->done;

    while (now() < end || f->busy != 0) {
        while (f->busy < FLIGHT && now() < end
               && ptn_client_submit(f->client, &sub, &ticket) == PTN_OK)
        {
            f->busy++;
            f->next++;
        }

        poll(&pfd, 1, 100);
        ptn_client_poll(f->client, 0);
    }

    getrusage(RUSAGE_SELF, &after);
    f->cpu += flight_cpu(&after) - flight_cpu(&before);

    return (double) (f->done - done) / (now() - begun);
}


#endif /* STORE_FLIGHT_H */
