#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ptn_queue_seg.h"
#include "ptn_relay.h"


/* A connection is kept this long for the next message. */
#define PTN_RELAY_KEEP  2000            /* ms */

typedef struct {
    ptn_relay_task_t  *first, **last;
    size_t             n;
} ptn_relay_list_t;

struct ptn_relay_s {
    const ptn_conf_t        *conf;
    ptn_io_t                *io;
    void                   (*done)(void *ctx);
    void                    *ctx;
    ptn_smtp_client_conf_t   client;

    pthread_mutex_t          lock;
    pthread_cond_t           cond;
    ptn_relay_list_t         todo, back;
    bool                     stop;
    unsigned                 idle;          /* threads that wait */
    uint64_t                 pause;         /* ptn_time_mono() */
    char                     why[256];      /* it could not be reached */

    pthread_t                thread[PTN_RELAY_THREADS];
    unsigned                 nthreads;
};

typedef struct {
    ptn_io_t  *io;
    int        fd;
    uint64_t   off;
} ptn_relay_file_t;


static void
ptn_relay_push(ptn_relay_list_t *list, ptn_relay_task_t *task)
{
    task->next = NULL;
    *list->last = task;
    list->last = &task->next;
    list->n++;
}


static ptn_relay_task_t *
ptn_relay_shift(ptn_relay_list_t *list)
{
    ptn_relay_task_t  *task;

    task = list->first;

    if (task != NULL) {
        list->first = task->next;
        list->n--;

        if (list->first == NULL) {
            list->last = &list->first;
        }
    }

    return task;
}


static void
ptn_relay_fail(ptn_relay_task_t *task, const char *reply)
{
    uint32_t  i;

    for (i = 0; i < task->nrcpt; i++) {
        task->results[i].result = PTN_SMTP_TEMPORARY;
        snprintf(task->results[i].reply, sizeof(task->results[i].reply), "%s",
                 reply);
    }
}


static ptn_rc_t
ptn_relay_read(void *ctx, uint64_t off, u_char *p, size_t n)
{
    ptn_relay_file_t  *file = ctx;

    return ptn_io_read_all(file->io, file->fd, p, n, (off_t) (file->off + off))
           == (ssize_t) n ? PTN_OK : PTN_EIO;
}


/* A broken message must not leave; its checksum is tested before it does. */

static ptn_rc_t
ptn_relay_check(ptn_relay_file_t *file, const ptn_relay_task_t *task)
{
    size_t    n;
    u_char    chunk[32 * 1024];
    uint32_t  crc;
    uint64_t  off;

    for (crc = 0, off = 0; off < task->len; off += n) {
        n = (size_t) ptn_min(task->len - off, (uint64_t) sizeof(chunk));

        if (ptn_relay_read(file, off, chunk, n) != PTN_OK) {
            return PTN_EIO;
        }

        crc = ptn_queue_crc(crc, chunk, n);
    }

    return crc == task->crc ? PTN_OK : PTN_ECORRUPT;
}


static ptn_rc_t
ptn_relay_send(ptn_relay_t *relay, ptn_smtp_client_t *client,
    ptn_relay_task_t *task)
{
    ptn_rc_t          rc;
    ptn_smtp_send_t   send;
    ptn_relay_file_t  file;

    file.io = relay->io;
    file.off = task->off;
    file.fd = relay->io->open(relay->io, task->path, O_RDONLY|O_CLOEXEC, 0);

    if (file.fd == -1) {
        ptn_relay_fail(task, "451 4.3.0 The queue file cannot be opened");
        return PTN_OK;
    }

    rc = ptn_relay_check(&file, task);

    if (rc != PTN_OK) {
        task->corrupt = rc == PTN_ECORRUPT;
        ptn_relay_fail(task, "451 4.3.0 The queue file cannot be read");
        rc = PTN_OK;

    } else {
        memset(&send, 0, sizeof(send));
        send.sender = task->sender;
        send.rcpt = task->rcpt;
        send.nrcpt = task->nrcpt;
        send.body8 = task->body8;
        send.size = task->len;
        send.read = ptn_relay_read;
        send.ctx = &file;
        send.results = task->results;

        rc = ptn_smtp_client_send(client, &send);
    }

    relay->io->close(relay->io, file.fd);

    return rc;
}


static void
ptn_relay_run(ptn_relay_t *relay, ptn_smtp_client_t *client,
    ptn_relay_task_t *task)
{
    bool      paused;
    char      why[256];
    ptn_rc_t  rc;

    pthread_mutex_lock(&relay->lock);
    paused = ptn_time_mono() < relay->pause;
    memcpy(why, relay->why, sizeof(why));
    pthread_mutex_unlock(&relay->lock);

    if (paused) {
        ptn_relay_fail(task, why);
        return;
    }

    rc = ptn_relay_send(relay, client, task);

    if (rc == PTN_ECANCEL) {
        task->cancelled = true;
    }

    if (rc == PTN_EUNAVAIL) {
        pthread_mutex_lock(&relay->lock);
        relay->pause = ptn_time_mono() + PTN_RELAY_PAUSE;
        memcpy(relay->why, task->results[0].reply, sizeof(relay->why));
        pthread_mutex_unlock(&relay->lock);
    }
}


/* Waits for a task; after a while without one the connection is closed. */

static ptn_relay_task_t *
ptn_relay_next(ptn_relay_t *relay, ptn_smtp_client_t *client)
{
    int                rc;
    ptn_relay_task_t  *task;
    struct timespec    ts;

    pthread_mutex_lock(&relay->lock);

    while ((task = ptn_relay_shift(&relay->todo)) == NULL && !relay->stop) {

        clock_gettime(CLOCK_MONOTONIC, &ts);
        ts.tv_sec += PTN_RELAY_KEEP / 1000;

        relay->idle++;
        rc = client == NULL
             ? pthread_cond_wait(&relay->cond, &relay->lock)
             : pthread_cond_timedwait(&relay->cond, &relay->lock, &ts);
        relay->idle--;

        if (rc == ETIMEDOUT && relay->todo.first == NULL) {
            pthread_mutex_unlock(&relay->lock);
            ptn_smtp_client_quit(client);
            client = NULL;
            pthread_mutex_lock(&relay->lock);
        }
    }

    if (relay->stop && task != NULL) {
        task->cancelled = true;
        ptn_relay_push(&relay->back, task);
        task = NULL;
    }

    pthread_mutex_unlock(&relay->lock);

    return task;
}


static void *
ptn_relay_thread(void *data)
{
    sigset_t            set;
    ptn_relay_t        *relay = data;
    ptn_relay_task_t   *task;
    ptn_smtp_client_t  *client;

    /* signals are others' affair; a lost TLS peer must not be SIGPIPE */

    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);

    if (ptn_smtp_client_create(&relay->client, &client) != PTN_OK) {
        client = NULL;
    }

    while ((task = ptn_relay_next(relay, client)) != NULL) {

        if (client != NULL) {
            ptn_relay_run(relay, client, task);

        } else {
            ptn_relay_fail(task, "451 4.3.5 Bad relay host");
        }

        pthread_mutex_lock(&relay->lock);
        ptn_relay_push(&relay->back, task);
        pthread_mutex_unlock(&relay->lock);

        relay->done(relay->ctx);
    }

    if (client != NULL) {
        ptn_smtp_client_quit(client);
        ptn_smtp_client_destroy(client);
    }

    return NULL;
}


ptn_rc_t
ptn_relay_open(const ptn_conf_t *conf, ptn_io_t *io, void (*done)(void *ctx),
    void *ctx, ptn_relay_t **ret_relay)
{
    ptn_relay_t         *relay;
    pthread_condattr_t   attr;

    relay = calloc(1, sizeof(ptn_relay_t));
    if (relay == NULL) {
        return PTN_ENOMEM;
    }

    relay->conf = conf;
    relay->io = io;
    relay->done = done;
    relay->ctx = ctx;
    relay->todo.last = &relay->todo.first;
    relay->back.last = &relay->back.first;

    relay->client.host = conf->relay_host;
    relay->client.hostname = conf->hostname;
    relay->client.user = conf->relay_user;
    relay->client.password = conf->relay_password;
    relay->client.tls = conf->relay_tls;
    relay->client.stop_fd = eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);

    if (relay->client.stop_fd == -1) {
        free(relay);
        return PTN_ELIMIT;
    }

    pthread_mutex_init(&relay->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&relay->cond, &attr);
    pthread_condattr_destroy(&attr);

    *ret_relay = relay;

    return PTN_OK;
}


void
ptn_relay_submit(ptn_relay_t *relay, ptn_relay_task_t *task)
{
    pthread_mutex_lock(&relay->lock);

    ptn_relay_push(&relay->todo, task);

    if (relay->idle < relay->todo.n && relay->nthreads < PTN_RELAY_THREADS
        && pthread_create(&relay->thread[relay->nthreads], NULL,
                          ptn_relay_thread, relay) == 0)
    {
        relay->nthreads++;
    }

    pthread_cond_signal(&relay->cond);
    pthread_mutex_unlock(&relay->lock);
}


ptn_relay_task_t *
ptn_relay_take(ptn_relay_t *relay)
{
    ptn_relay_task_t  *task;

    pthread_mutex_lock(&relay->lock);
    task = ptn_relay_shift(&relay->back);
    pthread_mutex_unlock(&relay->lock);

    return task;
}


void
ptn_relay_retry(ptn_relay_t *relay)
{
    pthread_mutex_lock(&relay->lock);
    relay->pause = 0;
    pthread_mutex_unlock(&relay->lock);
}


void
ptn_relay_close(ptn_relay_t *relay)
{
    unsigned           i;
    uint64_t           one;
    ptn_relay_task_t  *task;

    if (relay == NULL) {
        return;
    }

    pthread_mutex_lock(&relay->lock);
    relay->stop = true;
    pthread_cond_broadcast(&relay->cond);
    pthread_mutex_unlock(&relay->lock);

    one = 1;
    (void) !write(relay->client.stop_fd, &one, sizeof(one));

    for (i = 0; i < relay->nthreads; i++) {
        pthread_join(relay->thread[i], NULL);
    }

    while ((task = ptn_relay_shift(&relay->back)) != NULL
           || (task = ptn_relay_shift(&relay->todo)) != NULL)
    {
        ptn_pool_destroy(task->pool);
    }

    close(relay->client.stop_fd);
    pthread_cond_destroy(&relay->cond);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}
