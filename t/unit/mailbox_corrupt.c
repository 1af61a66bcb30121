/*
 * Bytes that a disk has lost: of the database, its WAL, a blob.  Whatever is
 * spoiled, every call answers, check and repair end, and the neighbour's
 * mailbox is well.  Seeded; PTN_ROUNDS for more.
 */

#include "mailbox_battery.h"


static char  room[256], saved[256], marks[256], saved_marks[256];


static void
spoil(unsigned *seed, char *what, size_t size)
{
    int          fd;
    char         path[1024];
    off_t        at;
    u_char       junk[512];
    size_t       i, n;
    FILE        *p;
    struct stat  st;

    if (rand_r(seed) % 4 == 0) {
        snprintf(path, sizeof(path), "find %s/blob -type f | sort | sed -n"
                 " %dp", room, 1 + rand_r(seed) % 8);
        p = popen(path, "r");
        path[0] = '\0';
        (void) !fgets(path, sizeof(path), p);
        path[strcspn(path, "\n")] = '\0';
        pclose(p);

    } else {
        snprintf(path, sizeof(path), "%s/mailbox.sqlite%s", room,
                 rand_r(seed) % 3 ? "" : "-wal");
    }

    if (stat(path, &st) == -1 || st.st_size == 0) {
        snprintf(path, sizeof(path), "%s/mailbox.sqlite", room);
        stat(path, &st);
    }

    /* the first page now and then, for it has the most to say */

    at = rand_r(seed) % (rand_r(seed) % 6 ? st.st_size
                                         : ptn_min((off_t) 8192, st.st_size));
    n = 1 + (size_t) rand_r(seed) % (rand_r(seed) % 2 ? 8 : sizeof(junk));
    snprintf(what, size, "%zu bytes of %s at %lld", n,
             path + strlen(room) + 1, (long long) at);

    if (rand_r(seed) % 6 == 0) {
        snprintf(what, size, "%s cut at %lld", path + strlen(room) + 1,
                 (long long) at);
        (void) !truncate(path, at);
        return;
    }

    for (i = 0; i < n; i++) {
        junk[i] = (u_char) rand_r(seed);
    }

    fd = open(path, O_WRONLY);
    (void) !pwrite(fd, junk, n, at);
    close(fd);
}


static int
one(site_t *s)
{
    int         status;
    pid_t       pid;
    ptn_rc_t    rc;
    ptn_user_t  u, bob;

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        alarm(60);

        if (freopen("/dev/null", "w", stdout) == NULL) {
            _exit(1);
        }

        u = site_user(s, "alice");
        bob = site_user(s, "bob");
        ptn_store_open(&s->opts, &s->store);
        (void) battery_use(s, "alice");
        (void) ptn_mbox_check(s->store, &u, false, site_report, s);
        rc = ptn_mbox_check(s->store, &u, true, site_report, s);

        if (ptn_mbox_check(s->store, &bob, false, site_report, s) != PTN_OK) {
            _exit(9);
        }

        if (rc == PTN_OK
            && (ptn_mbox_check(s->store, &u, false, site_report, s) != PTN_OK
                || !battery_use(s, "alice")
                || ptn_mbox_check(s->store, &u, false, site_report, s)
                   != PTN_OK))
        {
            _exit(3);
        }

        ptn_store_close(s->store);
        _exit(rc == PTN_OK ? 0 : 2);
    }

    waitpid(pid, &status, 0);

    return status;
}


int
main(void)
{
    char         what[512];
    int          status;
    site_t       s;
    unsigned     i, n, seed, bad, whole, left;
    const char  *rounds;

    site_make(&s);
    s.conf.fsync = false;
    battery_fill(&s, "alice");
    battery_fill(&s, "bob");
    snprintf(room, sizeof(room), "%s/mailbox/example.test/alice", s.root);
    snprintf(saved, sizeof(saved), "%s/saved", s.root);
    snprintf(marks, sizeof(marks), "%s/epoch", s.root);
    snprintf(saved_marks, sizeof(saved_marks), "%s/saved-epoch", s.root);
    ptn_store_close(s.store);
    battery_copy_tree(room, saved);
    battery_copy_tree(marks, saved_marks);
    rounds = getenv("PTN_ROUNDS");
    n = rounds ? (unsigned) atoi(rounds) : 60;

    for (i = 0, bad = whole = left = 0; i < n; i++) {
        battery_copy_tree(saved, room);
        battery_copy_tree(saved_marks, marks);
        seed = i + 1;
        spoil(&seed, what, sizeof(what));
        status = one(&s);

        if (status == 0) {
            whole++;

        } else if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
            left++;
            printf("# not repaired: seed %u, %s\n", i + 1, what);

        } else {
            bad++;
            printf("# status %x: seed %u, %s\n", status, i + 1, what);
        }
    }

    ok(bad == 0, "%u spoiled: %u whole again, %u not, %u bad", n, whole, left,
       bad);
    ok(whole > n * 3 / 4, "most can be repaired");
    ptn_store_open(&s.opts, &s.store);
    site_done(&s);

    return done_testing();
}
