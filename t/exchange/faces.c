/*
 * Clients whose protocols are not served yet, at the level of the store's
 * calls: synchronisation by sets (MS-OXCFXICS), a device of ActiveSync,
 * QRESYNC; and what a test does to a mailbox that no client can.  It opens the
 * mailbox beside the server, as any store process does.
 *
 *     faces ROOT ADDRESS [public]
 *
 * public: the public store of the user's domain, as that user.
 *
 * Reads commands, a line each, from standard input: words parted by tabs, with
 * %XX for bytes that are not letters, digits and the like; keys and sets in
 * hexadecimal.  Answers lines of such words, then `ok` or `error NAME`.  An
 * answer is given when the change is durable.  Of a client nothing is kept
 * here: it may be killed at any time.  Commands: the table at the end.
 */

#include "faces_eas.h"
#include "faces_ics.h"


typedef ptn_rc_t (*command_pt)(faces_t *t);

typedef struct {
    const char  *name;
    command_pt   run;
    size_t       words;                 /* at least, without its name */
    bool         writes;
} command_t;


/* ---- by modseq ----------------------------------------------------------- */

/*
 * view FOLDER UIDVALIDITY MODSEQ: view UIDVALIDITY MODSEQ NEW; row UID READ
 * FLAGGED SUBJECT BODY of what changed; vanished UID.  NEW 1: all is told
 * (another UIDVALIDITY, or tombstones do not reach back).
 */

static ptn_rc_t
view_since(faces_t *t)
{
    bool         all;
    size_t       i, n;
    uint32_t    *uids, seq;
    ptn_rc_t     rc;
    uint64_t     since;
    ptn_row_t    row;
    ptn_view_t  *view;

    rc = ptn_view_get(t->mb, arg_u64(t, 0), &view);
    if (rc != PTN_OK) {
        return rc;
    }

    since = arg_u64(t, 2);
    all = ptn_view_uidvalidity(view) != arg_u64(t, 1);
    n = 0;

    if (!all) {
        rc = ptn_view_vanished(t->mb, t->pool, arg_u64(t, 0), since, &uids,
                               &n);
        all = (rc == PTN_ESTALE);
        n = all ? 0 : n;
        rc = all ? PTN_OK : rc;
    }

    put_line(t, "view\t%u\t%llu\t%d\n", ptn_view_uidvalidity(view),
             (unsigned long long) ptn_view_modseq(view), all);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        put_line(t, "vanished\t%u\n", uids[i]);
    }

    for (seq = 1; seq <= ptn_view_count(view) && rc == PTN_OK; seq++) {
        ptn_view_row(view, seq, &row);

        if (!all && row.modseq <= since) {
            continue;
        }

        put_line(t, "row\t%u\t%d\t%d", row.uid,
                 (row.flags & PTN_FLAG_SEEN) != 0,
                 (row.flags & PTN_FLAG_FLAGGED) != 0);
        rc = put_message(t, row.id);
        put_end(t);
    }

    ptn_view_unref(view);

    return rc;
}


/* ---- what no client does ------------------------------------------------- */

/* special NUMBER: id */

static ptn_rc_t
special(faces_t *t)
{
    ptn_id_t  id;
    ptn_rc_t  rc;

    rc = ptn_folder_special_id(t->mb,
                               (ptn_folder_special_e) arg_u64(t, 0), &id);

    if (rc == PTN_OK) {
        put_line(t, "id\t%llu\n", (unsigned long long) id);
    }

    return rc;
}


/* gone FOLDER: gone ID SUBJECT BODY of what can be recovered */

static ptn_rc_t
gone(faces_t *t)
{
    size_t       i, n;
    ptn_rc_t     rc;
    ptn_str_t    v;
    ptn_msg_t   *msg;
    ptn_gone_t  *rows;

    static const uint32_t  tag = PTN_PR_SUBJECT;

    rc = ptn_gone_list(t->mb, t->pool, arg_u64(t, 0), false, 0, 1000, &rows,
                       &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_gone_open(t->mb, t->pool, rows[i].id, &msg);

        if (rc == PTN_OK) {
            rc = ptn_msg_props(msg, &tag, 1, &v);
        }

        if (rc == PTN_OK) {
            put_line(t, "gone\t%llu", (unsigned long long) rows[i].id);
            put_word(t, v);
            put_end(t);
        }
    }

    return rc;
}


/* recover ID TO */

static ptn_rc_t
recover(faces_t *t)
{
    ptn_id_t   id, *ids;
    ptn_rc_t   rc;

    id = arg_u64(t, 0);
    rc = ptn_gone_recover(&t->tx, t->pool, &id, 1, arg_u64(t, 1), &ids);

    return (rc == PTN_OK && ids[0] == 0) ? PTN_ENOTFOUND : rc;
}


/* gonefolders PARENT: folder ID NAME */

static ptn_rc_t
gone_folders(faces_t *t)
{
    size_t              i, n;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_gone_folders(t->mb, t->pool, arg_u64(t, 0), &f, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        put_line(t, "folder\t%llu", (unsigned long long) f[i].id);
        put_word(t, f[i].name);
        put_end(t);
    }

    return rc;
}


/* recoverfolder ID PARENT NAME */

static ptn_rc_t
recover_folder(faces_t *t)
{
    return ptn_gone_folder_recover(&t->tx, arg_u64(t, 0), arg_u64(t, 1),
                                   t->word[2]);
}


/* copyfolder ID PARENT NAME */

static ptn_rc_t
copy_folder(faces_t *t)
{
    bool                more;
    ptn_rc_t            rc;
    ptn_folder_copy_t  *copy;

    rc = ptn_folder_copy_begin(&t->tx, t->pool, arg_u64(t, 0), arg_u64(t, 1),
                               t->word[2], false, &copy);

    for (more = true; rc == PTN_OK && more; ) {
        rc = ptn_folder_copy_some(&t->tx, copy, 3, &more);
    }

    return rc;
}


/* purge KEEP: all but KEEP tombstones of each folder go */

static ptn_rc_t
purge(faces_t *t)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        more = false;
        rc = ptn_tomb_purge(&t->tx, UINT64_MAX >> 1, arg_u64(t, 0), 20,
                            &more);
    } while (rc == PTN_OK && more);

    return rc;
}


/* retention: what was deleted softly has been kept long enough */

static ptn_rc_t
retention(faces_t *t)
{
    unsigned          i;
    ptn_rc_t          rc;
    ptn_gone_count_t  c;

    t->conf.deleted_retention = 0;

    for (i = 0; i < 100; i++) {
        rc = ptn_mbox_open(t->store, &t->user, NULL, &t->mb);
        if (rc != PTN_OK) {
            break;
        }

        t->mb->tidy_ms = 0;
        (void) ptn_store_idle(t->store);

        rc = ptn_mbox_open(t->store, &t->user, NULL, &t->mb);

        if (rc == PTN_OK) {
            rc = ptn_gone_count(t->mb, 0, &c);
        }

        if (rc != PTN_OK || c.messages + c.folders == 0) {
            break;
        }
    }

    t->conf.deleted_retention = 14 * 86400;

    return (rc == PTN_OK && i == 100) ? PTN_EBUSY : rc;
}


/* ---- commands ------------------------------------------------------------ */

static const command_t  commands[] = {
    { "tree", ics_tree, 4, false },
    { "contents", ics_contents, 8, false },
    { "add", ics_add, 6, false },
    { "ids", ics_ids, 1, true },
    { "put", ics_put, 12, true },
    { "reads", ics_reads, 3, true },
    { "deletes", ics_deletes, 3, true },
    { "move", ics_move, 6, true },
    { "putfolder", ics_putfolder, 6, true },
    { "eas", eas_exchange, 6, true },
    { "view", view_since, 3, false },
    { "special", special, 1, false },
    { "gone", gone, 1, false },
    { "recover", recover, 2, true },
    { "gonefolders", gone_folders, 1, false },
    { "recoverfolder", recover_folder, 3, true },
    { "copyfolder", copy_folder, 3, true },
    { "purge", purge, 1, true },
    { "retention", retention, 0, false }
};


static ptn_rc_t
run_once(faces_t *t, const command_t *c)
{
    ptn_rc_t  rc;

    t->out.len = 0;
    rc = t->domain.len
         ? ptn_public_open(t->store, t->domain, &t->actor, &t->mb)
         : ptn_mbox_open(t->store, &t->user, &t->actor, &t->mb);

    if (rc == PTN_OK && c->writes) {
        rc = ptn_txn_begin(&t->tx, t->mb);
    }

    if (rc == PTN_OK) {
        rc = c->run(t);
    }

    if (rc == PTN_OK && c->writes) {
        rc = ptn_txn_commit(&t->tx);
    }

    if (c->writes) {
        ptn_txn_done(&t->tx);
    }

    if (rc == PTN_OK) {
        return ptn_store_pending(t->store) ? ptn_store_commit(t->store)
                                           : PTN_OK;
    }

    ptn_store_rollback(t->store);

    return rc;
}


/*
 * Others are writing, or put another file in its place: until something moves
 * in the mailbox's directory, or beside it.  Called before each attempt but the
 * first; what happened before the watch was there has happened when it is
 * tried next.
 */

static void
wait_moved(faces_t *t)
{
    int            n;
    bool           fresh;
    char           dir[1024], buf[4096];
    ptn_str_t      a;
    struct pollfd  p;

    fresh = (t->watch == 0);

    if (fresh) {
        t->watch = inotify_init1(IN_NONBLOCK|IN_CLOEXEC);
    }

    a = t->user.address;

    for (n = 0; (size_t) n < a.len && a.data[n] != '@'; n++) { /* void */ }

    snprintf(dir, sizeof(dir), "%s/mailbox/%.*s/%.*s", t->conf.root,
             (int) a.len - n - 1, a.data + n + 1,
             t->domain.len ? 9 : n,
             t->domain.len ? "%2Epublic" : (char *) a.data);
    (void) inotify_add_watch(t->watch, dir, IN_MODIFY|IN_CREATE|IN_MOVED_TO);
    *strrchr(dir, '/') = '\0';
    (void) inotify_add_watch(t->watch, dir, IN_CREATE|IN_MOVED_TO);

    if (fresh) {
        return;
    }

    p.fd = t->watch;
    p.events = POLLIN;
    (void) poll(&p, 1, 1000);

    while (read(t->watch, buf, sizeof(buf)) > 0) { /* void */ }
}


static ptn_rc_t
run(faces_t *t)
{
    size_t            i;
    unsigned          again;
    ptn_rc_t          rc;
    const command_t  *c;

    for (i = 0; i < ptn_nelts(commands); i++) {
        c = &commands[i];

        if (!ptn_str_eqz(t->word[0], c->name)) {
            continue;
        }

        t->n--;
        memmove(t->word, t->word + 1, t->n * sizeof(ptn_str_t));

        if (t->n < c->words) {
            return PTN_EINVAL;
        }

        for (again = 0; ; again++) {
            rc = run_once(t, c);

            if ((rc != PTN_EBUSY && rc != PTN_EUNAVAIL) || again == BUSY_MAX) {
                return rc;
            }

            wait_moved(t);
        }
    }

    return PTN_ESUPPORT;
}


static void
split(faces_t *t, char *line)
{
    char       *p;
    size_t      i;
    ptn_str_t   s;

    line[strcspn(line, "\n")] = '\0';

    for (t->n = 0; t->n < WORDS_MAX && line != NULL; ) {
        p = strsep(&line, "\t");
        t->word[t->n++] = ptn_str_z(p);
    }

    for (i = 0; i < t->n; i++) {
        s = unescape(t->word[i]);
        s.data[s.len] = '\0';
        t->word[i] = s;
    }
}


/* As whoever owns ROOT. */

static void
become(const char *root)
{
    struct stat  st;

    if (stat(root, &st) == -1) {
        perror(root);
        exit(1);
    }

    if (geteuid() == 0 && st.st_uid != 0
        && (setgroups(0, NULL) == -1
            || setresgid(st.st_gid, st.st_gid, st.st_gid) == -1
            || setresuid(st.st_uid, st.st_uid, st.st_uid) == -1))
    {
        perror("setresuid");
        exit(1);
    }
}


static void
find_user(faces_t *t, ptn_pool_t *pool, const char *address)
{
    ptn_rc_t          rc;
    ptn_directory_t  *dir;

    rc = ptn_io_vfs_register(&ptn_io_posix, "ptn");

    if (rc == PTN_OK) {
        rc = ptn_directory_open(&t->conf, false, &dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_get(dir, pool, ptn_str_z(address), &t->user);
        ptn_directory_close(dir);
    }

    if (rc == PTN_OK) {
        t->actor.user = t->user.id;
        t->actor.mailbox = t->user.mailbox;
        t->actor.address = t->user.address;
        rc = ptn_store_open(&t->opts, &t->store);
    }

    if (rc != PTN_OK) {
        fprintf(stderr, "faces: %s: %s\n", address, ptn_err(rc)->name);
        exit(1);
    }
}


int
main(int argc, char **argv)
{
    char        *line;
    size_t       size;
    faces_t     *t;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    t = calloc(1, sizeof(faces_t));
    pool = ptn_pool_create(0, NULL);

    if (argc < 3 || t == NULL || pool == NULL) {
        fprintf(stderr, "usage: faces ROOT ADDRESS [public]\n");
        return 2;
    }

    become(argv[1]);
    umask(077);
    ptn_conf_defaults(&t->conf);
    t->conf.root = argv[1];
    t->opts.conf = &t->conf;
    t->opts.io = &ptn_io_posix;
    find_user(t, pool, argv[2]);

    if (argc == 4) {
        t->domain = ptn_str_z(strchr(argv[2], '@') + 1);
    }

    line = NULL;
    size = 0;

    while (getline(&line, &size, stdin) > 0) {
        t->pool = ptn_pool_create(0, NULL);
        ptn_buf_init(&t->out, t->pool);
        split(t, line);
        rc = run(t);

        if (rc == PTN_OK) {
            if (t->out.len != 0) {
                fwrite(t->out.data, 1, t->out.len, stdout);
            }

            printf("ok\n");

        } else {
            printf("error\t%s\n", ptn_err(rc)->name);
        }

        fflush(stdout);
        ptn_pool_destroy(t->pool);
    }

    ptn_store_close(t->store);
    ptn_pool_destroy(pool);
    free(line);
    free(t);

    return 0;
}
