
/*
 * Supervision: store processes and the clerk as direct children of the stock
 * master.  POOL.md, "Supervision", has the facts; the places of nginx 1.22.1
 * that each trick rests on are named here.
 *
 * On the first start init_module runs before the master is a daemon and has
 * its signal handlers, so nothing may be forked there.  We append entries to
 * ngx_processes[] as if our processes had just died, and the master's first
 * ngx_reap_children() "respawns" them as its own.  On a reload init_module
 * runs in the master and may spawn.
 */


#include "ngx_postern_core.h"

#include <ngx_channel.h>


/* Above any pid of Linux (2^22), and neither 0 nor -1. */
#define NGX_POSTERN_NO_PID    0x7fffff00


static ngx_int_t ngx_postern_process_append(ngx_cycle_t *cycle,
    ngx_uint_t index);
static ngx_process_t *ngx_postern_process_find(ngx_uint_t index);
static void ngx_postern_process_pass_channel(ngx_cycle_t *cycle);


ngx_postern_master_t  ngx_postern_master;


char *
ngx_postern_process_name(ngx_uint_t index)
{
    /* the cycle's pool goes, the process table stays */
    static u_char  name[PTN_STORES_MAX][sizeof("postern store NN")];

    if (index == NGX_POSTERN_CLERK) {
        return "postern clerk";
    }

    ngx_sprintf(name[index], "postern store %ui%Z", index);

    return (char *) name[index];
}


ngx_int_t
ngx_postern_process_start(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf)
{
    ngx_uint_t      i, n, index, reload, same;
    ngx_process_t  *p;

    reload = (ngx_process == NGX_PROCESS_MASTER);

    /* an error here ends the master (ngx_cycle.c): not on a reload */

    if (ngx_postern_setup_world(cycle, pcf) != NGX_OK
        || ngx_postern_setup_root(cycle, pcf) != NGX_OK
        || ngx_postern_setup_types(cycle, pcf) != NGX_OK)
    {
        if (!reload || ngx_postern_master.world == NULL) {
            return reload ? NGX_OK : NGX_ERROR;
        }
    }

    same = (ngx_postern_master.generation > 0
            && ngx_memcmp(ngx_postern_master.digest, pcf->digest,
                          sizeof(pcf->digest)) == 0);

    if (!same) {
        ngx_postern_master.generation++;
        ngx_memcpy(ngx_postern_master.digest, pcf->digest,
                   sizeof(pcf->digest));
    }

    n = pcf->conf.workers + 1;

    for (i = 0; i < n; i++) {
        index = (i == pcf->conf.workers) ? NGX_POSTERN_CLERK : i;

        if (!reload) {
            if (ngx_postern_process_append(cycle, index) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        p = same ? ngx_postern_process_find(index) : NULL;

        if (p) {
            /* the QUIT that follows a reload passes it by, once */
            p->just_spawn = 1;
            continue;
        }

        if (ngx_spawn_process(cycle, ngx_postern_store_main,
                 ngx_postern_process_data(index,
                                          ngx_postern_master.generation),
                 ngx_postern_process_name(index), NGX_PROCESS_JUST_RESPAWN)
            == NGX_INVALID_PID)
        {
            ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                          "could not start %s",
                          ngx_postern_process_name(index));
            continue;
        }

        ngx_postern_process_pass_channel(cycle);
    }

    if (!reload) {
        ngx_reap = 1;
    }

    return NGX_OK;
}


/* An entry of a child that "has died": ngx_process.c, ngx_spawn_process(). */
static ngx_int_t
ngx_postern_process_append(ngx_cycle_t *cycle, ngx_uint_t index)
{
    ngx_process_t  *p;

    if (ngx_last_process >= NGX_MAX_PROCESSES) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "no more than %d processes can be spawned",
                      NGX_MAX_PROCESSES);
        return NGX_ERROR;
    }

    p = &ngx_processes[ngx_last_process];
    ngx_memzero(p, sizeof(ngx_process_t));

    /* a real one: workers are told its end, and the reaper closes it */

    if (socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0,
                   p->channel)
        == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "socketpair() failed for postern");
        return NGX_ERROR;
    }

    p->pid = NGX_POSTERN_NO_PID
             + (index == NGX_POSTERN_CLERK ? PTN_STORES_MAX : index);
    p->proc = ngx_postern_store_main;
    p->data = ngx_postern_process_data(index, ngx_postern_master.generation);
    p->name = ngx_postern_process_name(index);
    p->respawn = 1;
    p->exited = 1;

    ngx_last_process++;

    return NGX_OK;
}


/* The entry of a process that runs, or will be respawned at the next reap. */
static ngx_process_t *
ngx_postern_process_find(ngx_uint_t index)
{
    ngx_int_t       i;
    ngx_process_t  *p;

    for (i = 0; i < ngx_last_process; i++) {
        p = &ngx_processes[i];

        if (p->pid != -1
            && p->proc == ngx_postern_store_main
            && p->respawn
            && !p->exiting
            && !p->detached
            && ngx_postern_process_index(p->data) == index)
        {
            return p;
        }
    }

    return NULL;
}


/*
 * As ngx_pass_open_channel(), which is static: a worker that was not told of
 * our channel would close a descriptor of its own when we exit.
 */
static void
ngx_postern_process_pass_channel(ngx_cycle_t *cycle)
{
    ngx_int_t      i;
    ngx_channel_t  ch;

    ngx_memzero(&ch, sizeof(ngx_channel_t));

    ch.command = NGX_CMD_OPEN_CHANNEL;
    ch.pid = ngx_processes[ngx_process_slot].pid;
    ch.slot = ngx_process_slot;
    ch.fd = ngx_processes[ngx_process_slot].channel[0];

    for (i = 0; i < ngx_last_process; i++) {

        if (i == ngx_process_slot
            || ngx_processes[i].pid == -1
            || ngx_processes[i].channel[0] == -1)
        {
            continue;
        }

        (void) ngx_write_channel(ngx_processes[i].channel[0], &ch,
                                 sizeof(ngx_channel_t), cycle->log);
    }
}
