/*
 * An executor without a job: it listens to the ring, sleeps, or does what the
 * room above wants done meanwhile; and how it takes a lower priority for what
 * others need not wait for.
 */

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ptn_runner.h"


#define PTN_EXEC_SOON  10       /* ms, until idle() is called again */
#define PTN_EXEC_TEND  20       /* ms, between two of tend() */
#define PTN_EXEC_REST  1000     /* ms without a job, until idle() is called */
#define PTN_EXEC_LOAD  100      /* ms behind a job: there is a load */
#define PTN_EXEC_SHARE 16       /* times what housekeeping took: pause then, */
#define PTN_EXEC_PAUSE 750      /* ms at most */


/* The executor of this thread, in idle() or tend(). */
static _Thread_local ptn_exec_t  *ptn_exec_tending;


/* May this thread come back from a higher nice value?  Asked once. */

void
ptn_exec_priority_init(ptn_exec_t *exec)
{
    struct rlimit  rl;

    errno = 0;
    exec->nice = getpriority(PRIO_PROCESS, (id_t) syscall(SYS_gettid));
    if (errno != 0) {
        exec->nice = 0;
    }

    exec->renice = geteuid() == 0
                   || (getrlimit(RLIMIT_NICE, &rl) == 0
                       && (rl.rlim_cur == RLIM_INFINITY
                           || (long) rl.rlim_cur >= 20 - exec->nice));

    if (exec->auth) {
        (void) setpriority(PRIO_PROCESS, (id_t) syscall(SYS_gettid),
                           exec->nice + PTN_EXEC_NICE);
    }
}


/*
 * A bulk job may take the processor that nobody else wants.  Who started
 * without the right to lower its nice value again does with SCHED_BATCH,
 * which takes no processor from a thread that wakes up.
 */

void
ptn_exec_priority(ptn_exec_t *exec, bool low)
{
    struct sched_param  sp;

    if (exec->renice) {
        (void) setpriority(PRIO_PROCESS, (id_t) syscall(SYS_gettid),
                           exec->nice + (low ? PTN_EXEC_NICE : 0));
        return;
    }

    memset(&sp, 0, sizeof(sp));
    (void) sched_setscheduler(0, low ? SCHED_BATCH : SCHED_OTHER, &sp);
}


void
ptn_housekeep_urgent(bool urgent)
{
    if (ptn_exec_tending != NULL) {
        ptn_exec_priority(ptn_exec_tending, !urgent);
    }
}


bool
ptn_housekeep_wanted(void)
{
    bool           wanted;
    ptn_runner_t  *r;

    if (ptn_exec_tending == NULL) {
        return false;
    }

    r = ptn_exec_tending->runner;

    /* somebody listens: he runs what comes, unless more has come already */

    pthread_mutex_lock(&r->mu);
    wanted = r->stop || atomic_load(&r->no_intake) || r->leader == NULL
             || (r->idle == 0 && (r->lane[PTN_LANE_SHORT].n > 0
                                  || r->lane[PTN_LANE_NET].n > 0
                                  || ptn_runner_early(r)));
    pthread_mutex_unlock(&r->mu);

    return wanted;
}


/* Nanoseconds of processor that this thread has had. */

static uint64_t
ptn_exec_spent(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == -1) {
        return 0;
    }

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


/*
 * Nobody else listens to the ring: take what is there, or sleep.  True: there
 * was nothing to do all the time.
 */

bool
ptn_exec_listen(ptn_exec_t *exec, bool idled)
{
    int            n, fd;
    bool           work, empty;
    uint64_t       value;
    ptn_runner_t  *r;
    struct pollfd  pfd;

    r = exec->runner;

    if (ptn_intake(r) > 0) {
        return false;
    }

    fd = r->world->ring_fd[r->ring];

    atomic_store(&r->shm->sleeping, 1);
    atomic_thread_fence(memory_order_seq_cst);

    /* the ring first: what leaves it meanwhile is in a queue by then */

    empty = ptn_intake_empty(r);

    pthread_mutex_lock(&r->mu);

    work = r->taking;

    if (work) {

        /* somebody empties the ring: what he finds may be for us */

        atomic_store(&r->shm->sleeping, 0);
        r->untaken++;
        pthread_cond_wait(&r->cond_taken, &r->mu);
        r->untaken--;
    }

    work = work || r->lane[PTN_LANE_SHORT].n > 0
           || r->lane[PTN_LANE_NET].n > 0
           || ptn_runner_bulk(r) || ptn_runner_early(r)
           || r->closing != NULL || r->stop;
    pthread_mutex_unlock(&r->mu);

    if (work || !empty) {
        atomic_store(&r->shm->sleeping, 0);
        return false;
    }

    pfd.fd = fd;
    pfd.events = POLLIN;

    n = poll(&pfd, 1, idled ? -1 : exec->more || exec->due ? PTN_EXEC_SOON
                                                           : PTN_EXEC_REST);

    atomic_store(&r->shm->sleeping, 0);

    if (n == 0) {
        return true;
    }

    (void) !read(fd, &value, sizeof(value));

    if (ptn_intake(r) > 0) {
        ptn_runner_hurry(r);
    }

    return false;
}


/*
 * One executor at a time is in idle() or tend(), and somebody else listens
 * meanwhile; mu held, but within.  Under a load all of them together have a
 * seventeenth of the time, of a processor's and of any lock's.
 */

static bool
ptn_exec_housekeep(ptn_exec_t *exec, bool (*f)(void *app))
{
    bool           more;
    uint64_t       spent, now;
    ptn_runner_t  *r;

    r = exec->runner;
    r->tending = exec;
    spent = ptn_exec_spent();

    if (r->leader == NULL && r->idle > 0) {
        pthread_cond_signal(&r->cond);
    }

    pthread_mutex_unlock(&r->mu);
    ptn_exec_priority(exec, true);
    ptn_exec_tending = exec;
    more = f(exec->app);
    ptn_exec_tending = NULL;
    ptn_exec_priority(exec, false);
    pthread_mutex_lock(&r->mu);

    r->tending = NULL;
    now = ptn_time_mono();
    r->tend_next = 0;

    if (now - r->worked < PTN_EXEC_LOAD) {
        spent = (ptn_exec_spent() - spent) / 1000000 * PTN_EXEC_SHARE;
        r->tend_next = now + ptn_min(ptn_max(spent, (uint64_t) PTN_EXEC_TEND),
                                     (uint64_t) PTN_EXEC_PAUSE);
    }

    return more;
}


void
ptn_exec_idle(ptn_exec_t *exec, bool *idled)
{
    ptn_runner_t  *r;

    r = exec->runner;
    *idled = true;

    if (!exec->opened || r->proc->hooks->idle == NULL) {
        return;
    }

    if (r->tending != NULL || ptn_time_mono() < r->tend_next) {
        *idled = false;
        return;
    }

    /* a short rest: what is due, and the others' syncs later */

    if (exec->due && !exec->more
        && ptn_time_mono() - exec->worked < PTN_EXEC_REST)
    {
        exec->due = ptn_exec_housekeep(exec, r->proc->hooks->tend);
        *idled = false;
        return;
    }

    exec->more = ptn_exec_housekeep(exec, r->proc->hooks->idle);
    exec->due = exec->due && exec->more;
    *idled = !exec->more;
}


/*
 * Under a load that leaves no executor idle for long: now and then a portion,
 * while somebody is there to listen.
 */

bool
ptn_exec_tend(ptn_exec_t *exec)
{
    ptn_runner_t  *r;

    r = exec->runner;

    if (!exec->due || exec->auth || r->tending != NULL || r->idle == 0
        || ptn_time_mono() < r->tend_next)
    {
        return false;
    }

    exec->due = ptn_exec_housekeep(exec, r->proc->hooks->tend);

    return true;
}


void
ptn_exec_sleep(ptn_exec_t *exec, bool *idled)
{
    int               rc;
    bool              soon;
    ptn_runner_t     *r;
    struct timespec   ts;
    pthread_cond_t   *cond;

    r = exec->runner;
    cond = exec->auth ? &r->cond_auth : &r->cond;

    r->idle += exec->auth ? 0 : 1;

    if (*idled) {
        rc = pthread_cond_wait(cond, &r->mu);

    } else {
        clock_gettime(CLOCK_REALTIME, &ts);
        soon = exec->more || exec->due;
        ts.tv_sec += soon ? 0 : 1;
        ts.tv_nsec += soon ? PTN_EXEC_SOON * 1000000L : 0;

        if (ts.tv_nsec >= 1000000000L) {
            ts.tv_sec++;
            ts.tv_nsec -= 1000000000L;
        }

        rc = pthread_cond_timedwait(cond, &r->mu, &ts);
    }

    r->idle -= exec->auth ? 0 : 1;

    if (rc == ETIMEDOUT) {
        ptn_exec_idle(exec, idled);
    }
}
