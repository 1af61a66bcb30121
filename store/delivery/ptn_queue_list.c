#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ptn_queue_index.h"


typedef struct {
    void  (*row)(void *ctx, const ptn_queue_row_t *row);
    void   *ctx;
    char    id[17];
} ptn_queue_list_t;


static void
ptn_queue_list_msg(void *data, ptn_qmsg_t *m)
{
    uint32_t           i;
    ptn_queue_row_t    row;
    ptn_queue_list_t  *list = data;

    snprintf(list->id, sizeof(list->id), "%016llx",
             (unsigned long long) m->id);

    for (i = 0; i < m->nrcpt; i++) {

        if (m->rcpt[i].status == PTN_QUEUE_DELIVERED
            || m->rcpt[i].status == PTN_QUEUE_REPORTED)
        {
            continue;
        }

        row.id = ptn_str_z(list->id);
        row.sender = m->sender;
        row.rcpt = m->rcpt[i].address;
        row.size = m->len;
        row.arrived = m->arrived;
        row.due = m->rcpt[i].due;
        row.attempts = m->rcpt[i].attempts;
        row.status = m->rcpt[i].status;
        row.detail = ptn_str_z(m->rcpt[i].detail);

        list->row(list->ctx, &row);
    }
}


ptn_rc_t
ptn_queue_list(const ptn_conf_t *conf, ptn_io_t *io,
    void (*row)(void *ctx, const ptn_queue_row_t *row), void *ctx)
{
    ptn_rc_t           rc;
    ptn_qindex_t      *ix;
    ptn_queue_list_t   list;

    rc = ptn_qindex_open(conf, io, NULL, false, &ix);
    if (rc != PTN_OK) {
        return rc;
    }

    list.row = row;
    list.ctx = ctx;

    ptn_qindex_each(ix, ptn_queue_list_msg, &list);
    ptn_qindex_close(ix);

    return PTN_OK;
}


ptn_rc_t
ptn_queue_flush(const ptn_conf_t *conf, ptn_io_t *io)
{
    int       fd;
    char      dir[PTN_SEG_PATH], path[PTN_SEG_PATH + 16];
    ptn_rc_t  rc;

    rc = ptn_seg_dir(io, conf, dir);
    if (rc != PTN_OK) {
        return rc;
    }

    snprintf(path, sizeof(path), "%s/flush", dir);

    fd = io->open(io, path, O_WRONLY|O_CREAT|O_CLOEXEC, 0600);
    if (fd == -1) {
        return errno == ENOSPC ? PTN_ENOSPC : PTN_EIO;
    }

    io->close(io, fd);

    return PTN_OK;
}
