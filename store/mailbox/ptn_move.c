/*
 * Whole mailboxes: sizes, compaction, another address, messages as files.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_dictionary.h"
#include "ptn_ops.h"


static uint64_t
ptn_move_size(const ptn_mbox_t *mb, const char *name)
{
    char         path[PTN_OPS_PATH];
    struct stat  st;

    return (ptn_ops_path(path, "%s/%s", mb->dir, name) == PTN_OK
            && stat(path, &st) == 0)
           ? (uint64_t) st.st_size : 0;
}


/* What there is, with or without a row. */

static void
ptn_move_blobs(const ptn_mbox_t *mb, ptn_mbox_sizes_t *sizes)
{
    int             i;
    DIR            *dir;
    char            path[PTN_OPS_PATH], file[PTN_OPS_PATH];
    struct stat     st;
    struct dirent  *de;

    for (i = 0; i < 256; i++) {
        if (ptn_ops_path(path, "%s/blob/%02x", mb->dir, i) != PTN_OK
            || (dir = opendir(path)) == NULL)
        {
            continue;
        }

        while ((de = readdir(dir)) != NULL) {
            if (de->d_name[0] != '.'
                && ptn_ops_path(file, "%s/%s", path, de->d_name) == PTN_OK
                && stat(file, &st) == 0)
            {
                sizes->blobs++;
                sizes->blob_bytes += (uint64_t) st.st_size;
            }
        }

        closedir(dir);
    }
}


ptn_rc_t
ptn_mbox_sizes(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_sizes_t *ret)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_mbox_sizes_t  sizes;

    rc = ptn_mbox_open_made(store, user, &mb);
    if (rc != PTN_OK) {
        return rc;
    }

    memset(&sizes, 0, sizeof(sizes));
    sizes.database = ptn_move_size(mb, "mailbox.sqlite");
    sizes.wal = ptn_move_size(mb, "mailbox.sqlite-wal");
    ptn_move_blobs(mb, &sizes);
    *ret = sizes;

    return PTN_OK;
}


/*
 * VACUUM goes through the WAL like any transaction: a crash leaves the file as
 * it was.
 */

ptn_rc_t
ptn_mbox_compact(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_sizes_t *ret_before, ptn_mbox_sizes_t *ret_after)
{
    ptn_rc_t          rc;
    ptn_mbox_t       *mb;
    ptn_mbox_sizes_t  before;

    if (store->batch != NULL) {
        return PTN_EBUSY;
    }

    rc = ptn_mbox_sizes(store, user, &before);

    if (rc == PTN_OK) {
        rc = ptn_mbox_open_made(store, user, &mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_dictionary_compact(mb);
    }

    if (rc == PTN_OK) {
        rc = ptn_blob_sweep(mb);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_mbox_read_end(mb);
    rc = ptn_mbox_lock(mb, F_RDLCK, PTN_LOCK_WRITE, PTN_BUSY_MS);

    if (rc == PTN_OK) {
        rc = ptn_sql_exec(mb, "VACUUM");
        ptn_mbox_lock(mb, F_UNLCK, PTN_LOCK_WRITE, 0);
    }

    if (rc == PTN_OK) {
        ptn_mbox_forget(mb);
        (void) ptn_checkpoint(mb, true, true);
        rc = ptn_mbox_sizes(store, user, ret_after);
    }

    if (rc == PTN_OK) {
        *ret_before = before;
    }

    return rc;
}


ptn_rc_t
ptn_mbox_rename(ptn_store_t *store, const ptn_user_t *user, ptn_str_t was)
{
    char         path[PTN_OPS_PATH];
    ptn_rc_t     rc;
    ptn_user_t   old;
    ptn_mbox_t  *from, *to;

    old = *user;
    old.address = was;
    to = NULL;
    from = ptn_mbox_new(store, &old, &rc);

    if (from != NULL) {
        to = ptn_mbox_new(store, user, &rc);
    }

    if (to == NULL) {
        if (from != NULL) {
            ptn_mbox_free(from);
        }

        return rc;
    }

    rc = ptn_ops_path(path, "%s/lock", from->dir);

    if (rc == PTN_OK) {
        from->lock_fd = open(path, O_RDWR|O_CLOEXEC);
        rc = (from->lock_fd == -1) ? PTN_ENOTFOUND : PTN_OK;
    }

    /* nobody has it open: who opens it waits for this lock */

    if (rc == PTN_OK) {
        rc = ptn_mbox_lock(from, F_WRLCK, PTN_LOCK_OPEN, 0);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s/mailbox.sqlite", from->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_sql_open(from, path, false);
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_meta(from);           /* EUNAVAIL: of another guid */
        ptn_sql_close(from);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_path(path, "%s", to->dir);
    }

    if (rc == PTN_OK) {
        *strrchr(path, '/') = '\0';
        rc = ptn_ops_mkdir(store, path);
    }

    if (rc == PTN_OK
        && renameat2(AT_FDCWD, from->dir, AT_FDCWD, to->dir,
                     RENAME_NOREPLACE) == -1)
    {
        rc = (errno == EEXIST) ? PTN_EEXIST : ptn_errno_rc(errno);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_sync_parent(store, to->dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_sync_parent(store, from->dir);
    }

    ptn_mbox_free(from);
    ptn_mbox_free(to);

    return rc;
}


/* ---- a file per message ------------------------------------------------- */

typedef struct {
    int       fd;
    ptn_rc_t  rc;
} ptn_move_eml_t;


static ptn_rc_t
ptn_move_sink(void *ctx, const u_char *p, size_t n)
{
    ssize_t          got;
    ptn_move_eml_t  *eml = ctx;

    while (n != 0) {
        got = write(eml->fd, p, n);

        if (got == -1) {
            return ptn_errno_rc(errno);
        }

        p += got;
        n -= (size_t) got;
    }

    return PTN_OK;
}


/* A name of a folder as one of a directory. */

static void
ptn_move_name(ptn_str_t s, char *p, size_t size)
{
    size_t  i, n;

    for (i = 0, n = 0; i < s.len && n + 4 < size; i++) {
        if (s.data[i] < 0x20 || s.data[i] == '/' || s.data[i] == '%'
            || s.data[i] == 0x7f || (i == 0 && s.data[i] == '.'))
        {
            n += (size_t) snprintf(p + n, size - n, "%%%02X", s.data[i]);

        } else {
            p[n++] = (char) s.data[i];
        }
    }

    p[n] = '\0';
}


static ptn_rc_t
ptn_move_folder(ptn_mbox_t *mb, const char *path, ptn_id_t folder,
    const ptn_ops_t *ops, uint64_t *n)
{
    char             file[PTN_OPS_PATH];
    uint32_t         i;
    ptn_rc_t         rc;
    ptn_row_t        row;
    ptn_msg_t       *msg;
    ptn_view_t      *v;
    ptn_pool_t      *pool;
    ptn_move_eml_t   eml;

    rc = ptn_view_get(mb, folder, &v);
    if (rc != PTN_OK) {
        return rc;
    }

    pool = ptn_pool_create(0, NULL);
    rc = pool ? PTN_OK : PTN_ENOMEM;

    for (i = 1; i <= ptn_view_count(v) && rc == PTN_OK; i++) {
        ptn_view_row(v, i, &row);
        rc = ptn_ops_path(file, "%s/%u.eml", path, row.uid);

        if (rc == PTN_OK) {
            rc = ptn_msg_open_row(mb, pool, folder, &row, &msg);
        }

        if (rc == PTN_ENOTFOUND) {
            rc = PTN_OK;            /* it left meanwhile */
            continue;
        }

        if (rc != PTN_OK) {
            break;
        }

        eml.fd = open(file, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC|O_NOFOLLOW,
                      0600);

        if (eml.fd == -1) {
            rc = ptn_errno_rc(errno);
            break;
        }

        rc = ptn_msg_bytes(msg, 0, UINT64_MAX, ptn_move_sink, &eml);
        close(eml.fd);
        ptn_pool_reset(pool);
        ptn_ops_progress(ops, "messages", ++*n, 0);
    }

    ptn_view_unref(v);
    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_mbox_export_eml(ptn_store_t *store, const ptn_user_t *user,
    const char *dir, const ptn_ops_t *ops, uint64_t *ret_n)
{
    char                (*paths)[PTN_OPS_PATH], name[800];
    size_t                i, k, n;
    ptn_rc_t              rc;
    uint64_t              count;
    ptn_mbox_t           *mb;
    ptn_pool_t           *pool;
    const char           *parent;
    const ptn_folder_t   *f;

    rc = ptn_mbox_open_made(store, user, &mb);

    if (rc == PTN_OK) {
        rc = ptn_folder_list(mb, &f, &n);
    }

    if (rc == PTN_OK) {
        rc = ptn_ops_mkdir(store, dir);
    }

    pool = ptn_pool_create(0, NULL);
    paths = (pool != NULL && rc == PTN_OK)
            ? ptn_palloc(pool, (n + 1) * sizeof(*paths)) : NULL;
    count = 0;

    if (rc == PTN_OK && paths == NULL) {
        rc = PTN_ENOMEM;
    }

    for (i = 0; rc == PTN_OK && i < n; i++) {
        parent = dir;

        for (k = 0; k < i; k++) {
            if (f[k].id == f[i].parent) {
                parent = paths[k];
            }
        }

        ptn_move_name(f[i].name, name, sizeof(name));
        rc = ptn_ops_path(paths[i], "%s/%s", parent, name);

        if (rc == PTN_OK) {
            rc = ptn_ops_mkdir(store, paths[i]);
        }

        if (rc == PTN_OK) {
            rc = ptn_move_folder(mb, paths[i], f[i].id, ops, &count);
        }
    }

    ptn_pool_destroy(pool);

    if (rc == PTN_OK) {
        *ret_n = count;
    }

    return rc;
}
