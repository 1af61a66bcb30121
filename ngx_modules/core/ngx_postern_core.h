/*
 * ngx_modules/core, insides: what its own files share.  Protocol modules use
 * ngx_postern.h and ngx_http_postern_job.h only.
 */

#ifndef NGX_POSTERN_CORE_H
#define NGX_POSTERN_CORE_H


#include "ngx_postern.h"


/* The tables below were checked against these releases (POOL.md). */
#if (nginx_version < 1022000 || nginx_version >= 1023000)
#error "supervision of store processes is only known to work with nginx 1.22"
#endif


typedef struct {
    ptn_conf_t              conf;
    ngx_uint_t              present;        /* there is a postern {} block */
    ngx_uint_t              seen;           /* directives, a bit each */
    ngx_flag_t              debug_jobs;
    u_char                 *password;       /* conf.relay_password, to wipe */
    ngx_array_t             jobs;           /* const ptn_job_type_t * */
    u_char                  digest[16];     /* of all that stores can see */
} ngx_postern_conf_t;


/*
 * What outlives a cycle in the master and is inherited by each child.  One
 * instance; the only writable global of this room beside the worker's.
 */
typedef struct {
    ptn_world_t            *world;
    ptn_world_opts_t        opts;
    ngx_uint_t              generation;
    u_char                  digest[16];
    ngx_uint_t              ntypes;
    const ptn_job_type_t   *types[PTN_JOB_TYPES_MAX];
} ngx_postern_master_t;

extern ngx_postern_master_t  ngx_postern_master;


/* ngx_postern_conf.c: the block and what may stand in it. */
extern ngx_command_t  ngx_postern_commands[];

/* ngx_postern_module.c; NULL: there is no block. */
ngx_postern_conf_t *ngx_postern_block(ngx_cycle_t *cycle);

/* ngx_postern_setup.c: in the master, from init_module. */
ngx_int_t ngx_postern_setup_check(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf);
ngx_int_t ngx_postern_setup_world(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf);
ngx_int_t ngx_postern_setup_root(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf);
ngx_int_t ngx_postern_setup_types(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf);

/* ngx_postern_process.c: in the master, after that. */
ngx_int_t ngx_postern_process_start(ngx_cycle_t *cycle,
    ngx_postern_conf_t *pcf);

/*
 * A store process is named by its index, the clerk by this; the data of its
 * entry in nginx's table holds that and the generation of its configuration.
 */
#define NGX_POSTERN_CLERK     0xffff

#define ngx_postern_process_data(index, generation)                           \
    (void *) (uintptr_t) ((index) | ((uintptr_t) (generation) << 16))
#define ngx_postern_process_index(data)                                       \
    ((ngx_uint_t) ((uintptr_t) (data) & 0xffff))
#define ngx_postern_process_generation(data)                                  \
    ((ngx_uint_t) ((uintptr_t) (data) >> 16))

char *ngx_postern_process_name(ngx_uint_t index);

/* ngx_postern_store.c: never returns. */
void ngx_postern_store_main(ngx_cycle_t *cycle, void *data);

/* ngx_postern_worker.c */
ngx_int_t ngx_postern_worker_init(ngx_cycle_t *cycle, ngx_postern_conf_t *pcf);
void ngx_postern_worker_exit(ngx_cycle_t *cycle);


#endif /* NGX_POSTERN_CORE_H */
