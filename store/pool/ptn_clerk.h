/*
 * The clerk, privately: a runner for the net lane, a thread for clerk_run,
 * the control socket.
 */

#ifndef PTN_CLERK_H
#define PTN_CLERK_H


#include <poll.h>

#include "ptn_control.h"
#include "ptn_runner.h"


#define PTN_CONTROL_CONNS  16

typedef enum {
    PTN_CONTROL_READ,
    PTN_CONTROL_RUN,            /* the clerk's thread owns it */
    PTN_CONTROL_WRITE
} ptn_control_e;

typedef struct {
    int                        fd;
    _Atomic uint32_t           state;
    u_char                    *in;
    size_t                     len, used;
    ptn_pool_t                *pool;
    ptn_str_t                  args;
    const ptn_control_verb_t  *verb;
    ptn_buf_t                  body, out;
    size_t                     sent;
    uint64_t                   since;
} ptn_control_conn_t;

typedef struct {
    ptn_runner_t         runner;
    int                  listen;
    ptn_control_conn_t   conn[PTN_CONTROL_CONNS];

    pthread_t            thread;        /* runs clerk_run */
    _Atomic bool         stop;
    _Atomic bool         stopped;
    bool                 quit;
    bool                 terminate;
    uint64_t             checked;
} ptn_clerk_t;


ptn_rc_t ptn_control_open(ptn_clerk_t *clerk);
void ptn_control_close(ptn_clerk_t *clerk);
uint32_t ptn_control_poll(ptn_clerk_t *clerk, struct pollfd *pfd);
void ptn_control_serve(ptn_clerk_t *clerk);
void ptn_control_answer(ptn_control_conn_t *c, ptn_rc_t rc);


#endif /* PTN_CLERK_H */
