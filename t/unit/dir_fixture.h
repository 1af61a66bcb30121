/*
 * A directory in a ROOT of its own, for tests.
 */

#ifndef DIR_FIXTURE_H
#define DIR_FIXTURE_H


#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ptn_directory.h"
#include "ptn_test.h"


typedef struct {
    char              root[64];
    ptn_conf_t        conf;
    ptn_pool_t       *pool;
    ptn_directory_t  *dir;
} dir_fixture_t;


static inline void
dir_fixture_root(dir_fixture_t *f)
{
    strcpy(f->root, "/tmp/ptn-dir-XXXXXX");

    if (mkdtemp(f->root) == NULL) {
        abort();
    }

    ptn_conf_defaults(&f->conf);
    f->conf.root = f->root;
    f->pool = ptn_pool_create(0, NULL);
    f->dir = NULL;
}


static inline void
dir_fixture_open(dir_fixture_t *f)
{
    dir_fixture_root(f);

    if (ptn_directory_open(&f->conf, true, &f->dir) != PTN_OK) {
        abort();
    }
}


static inline void
dir_fixture_remove(const char *root)
{
    DIR            *d;
    char            path[512];
    struct dirent  *e;

    d = opendir(root);

    while (d != NULL && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
        unlink(path);
    }

    if (d != NULL) {
        closedir(d);
    }

    rmdir(root);
}


static inline void
dir_fixture_close(dir_fixture_t *f)
{
    ptn_directory_close(f->dir);
    ptn_pool_destroy(f->pool);
    dir_fixture_remove(f->root);
}


static inline ptn_rc_t
dir_fixture_user(dir_fixture_t *f, const char *address, ptn_user_t *ret)
{
    ptn_rc_t    rc;
    ptn_user_t  u;

    memset(&u, 0, sizeof(ptn_user_t));
    u.address = ptn_str_z(address);
    u.display = ptn_str("A User");
    u.locale = ptn_str("en");
    u.services = PTN_SERVICE_ALL;

    rc = ptn_user_add(f->dir, &u);

    if (ret != NULL && rc == PTN_OK) {
        rc = ptn_user_get(f->dir, f->pool, u.address, ret);
    }

    return rc;
}


#endif /* DIR_FIXTURE_H */
