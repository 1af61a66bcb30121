#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "ptn_clerk.h"


struct ptn_clerk_s {
    ptn_app_t  *app;
    int         lock;               /* ROOT/clerk.lock */
};


ptn_rc_t
ptn_clerk_open(ptn_world_t *world, const ptn_conf_t *conf, ptn_io_t *io,
    ptn_log_t *log, ptn_clerk_t **ret_clerk)
{
    char          path[1024];
    ptn_rc_t      rc;
    ptn_clerk_t  *clerk;

    clerk = calloc(1, sizeof(ptn_clerk_t));
    if (clerk == NULL) {
        return PTN_ENOMEM;
    }

    snprintf(path, sizeof(path), "%s/clerk.lock", conf->root);

    rc = PTN_EIO;

    clerk->lock = open(path, O_RDWR|O_CREAT|O_CLOEXEC, 0600);
    if (clerk->lock == -1) {
        goto failed;
    }

    if (flock(clerk->lock, LOCK_EX|LOCK_NB) == -1) {
        rc = errno == EWOULDBLOCK ? PTN_EBUSY : PTN_EIO;
        goto failed;
    }

    rc = ptn_app_open(world, conf, io, log, "clerk", &clerk->app);
    if (rc != PTN_OK) {
        goto failed;
    }

    *ret_clerk = clerk;

    return PTN_OK;

failed:

    ptn_clerk_close(clerk);

    return rc;
}


uint32_t
ptn_clerk_run(ptn_clerk_t *clerk)
{
    ptn_store_idle(clerk->app->store);

    return 1000;
}


void
ptn_clerk_close(ptn_clerk_t *clerk)
{
    if (clerk == NULL) {
        return;
    }

    ptn_app_close(clerk->app);

    if (clerk->lock != -1) {
        close(clerk->lock);
    }

    free(clerk);
}
