/*
 * Who somebody is, a store alone decides (DESIGN 4).  Real jobs on a real
 * site, sent by a worker that says what it likes: no job type takes the name
 * of a user; the one identity that a request may carry is a sign-in handle,
 * which is refused unless a store gave it out, for this service, and nothing
 * has changed since.
 */

#include "pool_fixture.h"
#include "ptn_auth_shared.h"
#include "ptn_debug_jobs.h"
#include "ptn_stream_job.h"
#include "stream_driver.h"


#define TYPES_MAX  64

static fx_t                   fx;
static const ptn_job_type_t  *types[TYPES_MAX];
static uint32_t               ntypes;
static ptn_hooks_t            hooks;


/* Sign-in by a clock that the test moves: seen[40]. */

static uint64_t
clock_now(void *ctx PTN_UNUSED)
{
    return atomic_load(&fx.seen[40]);
}


static ptn_rc_t
app_open(ptn_exec_t *exec, ptn_world_t *world, const ptn_conf_t *conf,
    ptn_log_t *log, void **ret_app)
{
    void      *app;
    ptn_rc_t   rc;

    rc = ptn_app_hooks.open(exec, world, conf, log, &app);

    if (rc == PTN_OK) {
        ptn_auth_set_clock(((ptn_app_t *) app)->auth, clock_now, NULL);
        *ret_app = app;
    }

    return rc;
}


/* The site is opened in children only: this process forks the stores. */

static void
in_child(void (*f)(stream_driver_site_t *site))
{
    int                    st;
    pid_t                  pid;
    ptn_directory_t       *dir;
    stream_driver_site_t   site;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        memset(&site, 0, sizeof(site));

        if (ptn_directory_open(&fx.conf, true, &dir) != PTN_OK) {
            _exit(1);
        }

        ptn_directory_close(dir);

        if (ptn_app_open(NULL, &fx.conf, &ptn_io_posix, fx.log, NULL,
                         &site.app)
            != PTN_OK)
        {
            _exit(2);
        }

        f(&site);
        ptn_app_close(site.app);
        _exit(0);
    }

    waitpid(pid, &st, 0);

    if (st != 0) {
        fprintf(stderr, "site: %x\n", (unsigned) st);
        exit(1);
    }
}


static void
make_site(stream_driver_site_t *site)
{
    if (ptn_domain_add(site->app->directory, ptn_str("example.test")) != PTN_OK
        || stream_driver_user(site, "alice@example.test") != PTN_OK
        || stream_driver_user(site, "bob@example.test") != PTN_OK)
    {
        _exit(3);
    }
}


static void
change_alice(stream_driver_site_t *site)
{
    ptn_user_t   u;
    ptn_pool_t  *pool;

    pool = ptn_pool_create(0, NULL);

    if (ptn_user_get(site->app->directory, pool, ptn_str("alice@example.test"),
                     &u)
        != PTN_OK)
    {
        _exit(4);
    }

    u.display = ptn_str("Alice");

    if (ptn_user_set(site->app->directory, &u) != PTN_OK) {
        _exit(5);
    }

    ptn_pool_destroy(pool);
}


/* --- requests ------------------------------------------------------------ */

enum { IMAP, SMTP };

typedef struct {
    ptn_stream_kind_e   kind;
    uint8_t             proto;
    const ptn_handle_t *handle;
    const char         *text;       /* NULL: no unit */
    ptn_sid_t           session;
    size_t              cut;        /* not 0: only so many bytes */
} ask_t;

static fx_answer_t  a;


static ptn_rc_t
ask(fx_worker_t *w, const char *type, ask_t q)
{
    size_t                  n;
    u_char                  buf[4096];
    ptn_stream_req_t        req;
    ptn_stream_unit_req_t   unit;

    static const char  addr[] = "192.0.2.1", variant[] = "submission";

    memset(&req, 0, sizeof(req));
    memset(&unit, 0, sizeof(unit));

    req.kind = (uint8_t) q.kind;
    req.proto = q.proto;
    req.tls = 1;
    req.local = 1;
    req.addr_len = sizeof(addr) - 1;
    req.variant_len = sizeof(variant) - 1;
    req.nunits = q.text != NULL;

    if (q.handle != NULL) {
        req.handle = *q.handle;
    }

    memcpy(buf, &req, sizeof(req));
    n = sizeof(req);
    memcpy(buf + n, addr, sizeof(addr) - 1);
    n += sizeof(addr) - 1;
    memcpy(buf + n, variant, sizeof(variant) - 1);
    n += sizeof(variant) - 1;

    if (q.text != NULL) {
        unit.text_len = (uint32_t) strlen(q.text);
        memcpy(buf + n, &unit, sizeof(unit));
        n += sizeof(unit);
        memcpy(buf + n, q.text, unit.text_len);
        n += unit.text_len;
    }

    memset(a.data, 0, sizeof(a.data));

    return fx_run(w, &a, (fx_job_t) { type, 0, q.session, buf,
                                      q.cut != 0 ? q.cut : n, 0, 0 });
}


static bool
said(const char *what)
{
    return memmem(a.data, ptn_min(a.len, sizeof(a.data)), what, strlen(what))
           != NULL;
}


static ptn_stream_done_t
done(void)
{
    ptn_stream_done_t  d;

    memset(&d, 0, sizeof(d));

    if (a.trailer_len == sizeof(d)) {
        memcpy(&d, a.trailer, sizeof(d));
    }

    return d;
}


/* A session without sign-in. */

static ptn_sid_t
greeted(fx_worker_t *w, uint8_t proto)
{
    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_OPEN, .proto = proto });

    return a.session;
}


static ptn_handle_t
signed_in(fx_worker_t *w, const char *user, ptn_sid_t *ret_session)
{
    char          text[128];
    ptn_sid_t     sid;

    sid = greeted(w, IMAP);
    snprintf(text, sizeof(text), "1 LOGIN %s@example.test secret\r\n", user);
    ask(w, "stream.auth", (ask_t) { .kind = PTN_STREAM_INPUT, .proto = IMAP,
                                    .text = text, .session = sid });
    ok(said("1 OK "), "%s signs in", user);

    if (ret_session != NULL) {
        *ret_session = sid;
    }

    return done().next.handle;
}


/* Does the handle open the mailbox? */

static bool
opens(fx_worker_t *w, const char *type, ptn_handle_t handle)
{
    ptn_rc_t  rc;

    rc = ask(w, type, (ask_t) { .kind = PTN_STREAM_MOVE, .proto = IMAP,
                                .handle = &handle,
                                .text = "2 SELECT INBOX\r\n" });

    return rc == PTN_OK && said("2 OK ");
}


/* Refused: BYE, the end, and no word of the mailbox. */

static bool
refused(fx_worker_t *w, const char *type, ptn_handle_t handle)
{
    return !opens(w, type, handle) && said("* BYE ") && !said("EXISTS")
           && done().next.then == PTN_THEN_CLOSE;
}


enum { CHANGE_ALICE = 1, FIND_SMTP };

static void
ask_master(fx_worker_t *w, uint64_t what)
{
    atomic_store(&fx.seen[41], what);

    while (atomic_load(&fx.seen[41]) == what) {
        fx_poll(w, 1);
    }
}


static void
find_smtp(void)
{
    size_t              i;
    ptn_auth_shared_t  *shared;

    shared = ptn_world_private(fx.world);

    for (i = 0; i < PTN_AUTH_HANDLES; i++) {
        if (shared->handle[i].service == PTN_SERVICE_SMTP) {
            memcpy((void *) &fx.seen[50], shared->handle[i].e.key, 16);
        }
    }
}


/* --- the handle ---------------------------------------------------------- */

static uint32_t
rnd(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;

    return *seed >> 8;
}


static void
forged(fx_worker_t *w, const char *type, ptn_handle_t good)
{
    uint32_t      i, k, n, seed;
    ptn_handle_t  h;

    ok(opens(w, type, good), "%s: the handle that was given out opens", type);

    memset(&h, 0, sizeof(h));
    ok(refused(w, type, h), "%s: none", type);
    memset(&h, 0xff, sizeof(h));
    ok(refused(w, type, h), "%s: all ones", type);

    for (i = 0, n = 0, seed = 3; i < 200; i++) {
        for (k = 0; k < sizeof(h.b); k++) {
            h.b[k] = (u_char) rnd(&seed);
        }
        n += refused(w, type, h);
    }
    is_u64(n, 200, "200 that were guessed");

    for (i = 0, n = 0; i < 8 * sizeof(h.b); i++) {
        h = good;
        h.b[i / 8] ^= (u_char) (1 << i % 8);
        n += refused(w, type, h);
    }
    is_u64(n, 8 * sizeof(h.b), "a good one with any bit changed");

    for (i = 0, n = 0; i < sizeof(h.b); i++) {
        for (k = i, h = good; k < sizeof(h.b); k++) {
            h.b[k] = (u_char) ~good.b[k];
        }
        n += refused(w, type, h);
    }
    is_u64(n, sizeof(h.b), "the beginning of a good one");

    ok(opens(w, type, good), "the good one is none the worse");
}


/* The request that carries it, cut anywhere: nothing is done. */

static void
truncated(fx_worker_t *w, const char *type, ptn_handle_t good)
{
    size_t    i, n;
    ptn_rc_t  rc;

    for (i = 1, n = 0; i < sizeof(ptn_stream_req_t) + 60; i++) {
        rc = ask(w, type, (ask_t) { .kind = PTN_STREAM_MOVE, .proto = IMAP,
                                    .handle = &good, .cut = i,
                                    .text = "2 SELECT INBOX of the user\r\n" });
        n += rc != PTN_OK && a.len == 0;
    }

    is_u64(n, sizeof(ptn_stream_req_t) + 59, "cut anywhere: refused");
}


/* Where it does not belong it means nothing. */

static void
misplaced(fx_worker_t *w, ptn_handle_t alice, ptn_sid_t bob)
{
    ptn_sid_t  sid;

    sid = greeted(w, IMAP);
    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_INPUT, .proto = IMAP,
                                     .handle = &alice, .session = sid,
                                     .text = "2 SELECT INBOX\r\n" });
    ok(said("2 BAD "), "with a command: nobody signed in");

    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_OPEN, .proto = IMAP,
                                     .handle = &alice,
                                     .text = "2 SELECT INBOX\r\n" });
    ok(said("2 BAD "), "with a greeting: nobody signed in");

    ok(ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_MOVE, .proto = IMAP,
                                        .handle = &alice, .session = bob,
                                        .text = "2 SELECT INBOX\r\n" })
       == PTN_EINVAL && a.len == 0, "bob's session does not become alice's");

    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_MOVE, .proto = SMTP,
                                     .handle = &alice,
                                     .text = "EHLO c\r\n" });
    sid = a.session;
    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_INPUT, .proto = SMTP,
                                     .handle = &alice, .session = sid,
                                     .text = "MAIL FROM:<alice@example.test>"
                                             "\r\n" });
    ok(said("530 5.7.0 "), "submission: nobody signed in");
}


/*
 * Submission's handles are good for submission.  No worker sees one: the
 * master, which has the stores' memory, looks.
 */

static void
other_service(fx_worker_t *w)
{
    ptn_sid_t     sid;
    ptn_handle_t  h;

    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_OPEN, .proto = SMTP });
    sid = a.session;
    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_INPUT, .proto = SMTP,
                                     .session = sid, .text = "EHLO c\r\n" });
    ask(w, "stream.auth", (ask_t) { .kind = PTN_STREAM_INPUT, .proto = SMTP,
                                    .session = sid, .text =
        "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ=\r\n" });
    ok(said("235 "), "alice signs in to submission");

    ask_master(w, FIND_SMTP);
    memcpy(&h, (void *) &fx.seen[50], sizeof(h));
    ok(h.b[0] + h.b[1] + h.b[2] + h.b[3] != 0, "with a handle");
    ok(refused(w, "stream.short", h), "that does not open her mailbox");
}


/* Another user's opens another user's mailbox, and no other. */

static void
another(fx_worker_t *w, ptn_handle_t alice, ptn_handle_t bob)
{
    ask(w, "stream.write", (ask_t) { .kind = PTN_STREAM_MOVE, .proto = IMAP,
                                     .handle = &bob,
                                     .text = "2 CREATE Secret\r\n" });
    ok(said("2 OK "), "bob makes a mailbox");

    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_MOVE, .proto = IMAP,
                                     .handle = &bob,
                                     .text = "2 LIST \"\" Secret\r\n" });
    ok(said("* LIST "), "which is there with his handle");

    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_MOVE, .proto = IMAP,
                                     .handle = &alice,
                                     .text = "2 LIST \"\" Secret\r\n" });
    ok(said("2 OK ") && !said("* LIST "), "and not with alice's");
}


static void
no_more(fx_worker_t *w)
{
    uint64_t      end;
    ptn_sid_t     sid;
    ptn_handle_t  h;

    h = signed_in(w, "alice", NULL);
    atomic_fetch_add(&fx.seen[40], 8 * 3600 * 1000 - 1000);
    ok(opens(w, "stream.short", h), "used within eight hours it is good");
    atomic_fetch_add(&fx.seen[40], 8 * 3600 * 1000 + 1000);
    ok(refused(w, "stream.short", h), "after eight hours without use it is"
       " void");

    h = signed_in(w, "alice", &sid);
    ask(w, "stream.short", (ask_t) { .kind = PTN_STREAM_INPUT, .proto = IMAP,
                                     .session = sid, .text = "2 LOGOUT\r\n" });
    ptn_client_end_session(w->client, sid);
    end = fx_us() + 10000000;
    while (!refused(w, "stream.short", h) && fx_us() < end) {
        /* the session's end forgets it */
    }
    ok(refused(w, "stream.short", h), "after LOGOUT it is void");

    h = signed_in(w, "alice", NULL);
    ok(opens(w, "stream.short", h), "a new one");
    ask_master(w, CHANGE_ALICE);
    ok(refused(w, "stream.short", h), "after a change of the user it is void");
}


/* --- a name -------------------------------------------------------------- */

/*
 * A new job type stands here, when somebody has thought of whom it believes.
 */
static const char *const  known[] = {
    "stream.short", "stream.write", "stream.bulk", "stream.auth",
    "debug.noop", "debug.pid", "debug.who", "debug.handle", "debug.error",
    "debug.sleep", "debug.sleep_bulk", "debug.sleep_auth", "debug.sleep_net",
    "debug.bulk", "debug.auth", "debug.echo", "debug.stream", "debug.file",
    "debug.bump", "debug.die", "debug.session", "debug.session_use",
    "debug.session_end", "debug.park", "debug.feed", "debug.whoami",
    "debug.wait", "debug.poke"
};


static void
names(fx_worker_t *w, ptn_handle_t good)
{
    char      text[256], hex[33];
    size_t    i;
    uint32_t  k, n;

    static const char  who[] = "user=alice@example.test&login=alice@example."
                               "test&mailbox=alice@example.test&handle=alice"
                               "@example.test&ms=0&bytes=10&rc=1";

    for (i = 0, n = 0; i < ntypes; i++) {
        for (k = 0; k < ptn_nelts(known); k++) {
            n += strcmp(types[i]->name, known[k]) == 0;
        }
    }
    is_u64(n, ntypes, "every job type is known here");
    is_u64(ptn_nelts(known), ntypes, "and no other");

    for (i = 0; i < ntypes; i++) {

        /* one kills its store; two that park and those of the clerk wait */

        if (strcmp(types[i]->name, "debug.die") == 0
            || strcmp(types[i]->name, "debug.park") == 0
            || strcmp(types[i]->name, "debug.wait") == 0
            || strcmp(types[i]->name, "debug.echo") == 0
            || types[i]->lane == PTN_LANE_NET)
        {
            continue;
        }

        memset(a.data, 0, sizeof(a.data));
        (void) fx_run(w, &a, (fx_job_t) { types[i]->name, 0, { { 0 } }, who, 0,
                                          0, 0 });
        ok(!said("alice") && !said(" OK"), "%s does not know the name",
           types[i]->name);
    }

    /* the one that does, by a handle */

    for (i = 0; i < sizeof(good.b); i++) {
        snprintf(hex + 2 * i, 3, "%02x", good.b[i]);
    }

    snprintf(text, sizeof(text), "session=%s", hex);
    memset(a.data, 0, sizeof(a.data));
    is_u64(fx_run(w, &a, (fx_job_t) { "debug.handle", 0, { { 0 } }, text, 0, 0,
                                      0 }), PTN_OK, "by a handle");
    ok(said("alice@example.test"), "debug.handle does");

    text[10] = text[10] == '0' ? '1' : '0';
    is_u64(fx_run(w, &a, (fx_job_t) { "debug.handle", 0, { { 0 } }, text, 0, 0,
                                      0 }), PTN_ESTALE, "by no other");
    text[30] = '\0';
    is_u64(fx_run(w, &a, (fx_job_t) { "debug.handle", 0, { { 0 } }, text, 0, 0,
                                      0 }), PTN_EPARSE, "nor by a part of it");
}


static int
worker(fx_worker_t *w, void *data PTN_UNUSED)
{
    size_t        i;
    ptn_sid_t     bobs;
    ptn_handle_t  alice, bob;

    alice = signed_in(w, "alice", NULL);
    bob = signed_in(w, "bob", &bobs);
    ok(memcmp(&alice, &bob, sizeof(alice)) != 0, "each has a handle");

    for (i = 0; ptn_stream_jobs[i].name != NULL; i++) {
        forged(w, ptn_stream_jobs[i].name, alice);
        truncated(w, ptn_stream_jobs[i].name, alice);
    }

    misplaced(w, alice, bobs);
    another(w, alice, bob);
    other_service(w);
    names(w, alice);
    no_more(w);

    return done_testing();
}


int
main(void)
{
    int       rc;
    size_t    i;
    pid_t     pid;
    uint64_t  what, end;

    for (i = 0; ptn_stream_jobs[i].name != NULL; i++) {
        types[ntypes++] = &ptn_stream_jobs[i];
    }

    for (i = 0; ptn_debug_jobs[i].name != NULL; i++) {
        types[ntypes++] = &ptn_debug_jobs[i];
    }

    hooks = ptn_app_hooks;
    hooks.open = app_open;

    fx_open(&fx, 1, 2, &hooks, types, ntypes);
    fx.conf.hostname = "mail.example.test";
    fx.conf.sessions_max = 100000;
    fx.conf.fsync = false;
    atomic_store(&fx.seen[40], 1000000);

    in_child(make_site);
    fx_start(&fx);

    pid = fx_worker(&fx, worker, NULL);
    end = fx_us() + 100000000;
    rc = -1;

    while (rc == -1 && fx_us() < end) {
        what = atomic_load(&fx.seen[41]);

        if (what == CHANGE_ALICE) {
            in_child(change_alice);

        } else if (what == FIND_SMTP) {
            find_smtp();
        }

        if (what != 0) {
            atomic_store(&fx.seen[41], 0);
        }

        rc = fx_wait(pid, 1);
    }

    rc = fx_stop(&fx) ? rc : 1;
    nftw(fx.root, stream_driver_unlink, 16, FTW_DEPTH|FTW_PHYS);
    fx_close(&fx);

    return rc;
}
