#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "ptn_queue_seg.h"


#define PTN_SEG_MAGIC  0x52515450       /* "PTQR" */
#define PTN_SEG_NAMES  1000000          /* tries for a free number */


static u_char *
ptn_seg_put(u_char *p, uint64_t v, unsigned n)
{
    while (n-- > 0) {
        *p++ = (u_char) v;
        v >>= 8;
    }

    return p;
}


static uint64_t
ptn_seg_get(const u_char *p, unsigned n)
{
    uint64_t  v;

    for (v = 0; n-- > 0; /* void */ ) {
        v = v << 8 | p[n];
    }

    return v;
}


static void
ptn_seg_put_int(ptn_buf_t *b, uint64_t v, unsigned n)
{
    u_char  raw[8];

    ptn_seg_put(raw, v, n);
    ptn_buf_add(b, raw, n);
}


static void
ptn_seg_put_str(ptn_buf_t *b, ptn_str_t s)
{
    size_t  n;

    n = ptn_min(s.len, (size_t) 0xffff);

    ptn_seg_put_int(b, n, 2);
    ptn_buf_add(b, s.data, n);
}


/* A cursor over a meta block: short input sets `bad`, reads give zero. */

typedef struct {
    const u_char  *p, *end;
    bool           bad;
} ptn_seg_cur_t;


static uint64_t
ptn_seg_cur_int(ptn_seg_cur_t *c, unsigned n)
{
    uint64_t  v;

    if ((size_t) (c->end - c->p) < n) {
        c->bad = true;
        return 0;
    }

    v = ptn_seg_get(c->p, n);
    c->p += n;

    return v;
}


static ptn_str_t
ptn_seg_cur_str(ptn_seg_cur_t *c)
{
    size_t     n;
    ptn_str_t  s;

    n = (size_t) ptn_seg_cur_int(c, 2);

    if ((size_t) (c->end - c->p) < n) {
        c->bad = true;
        n = 0;
    }

    s = ptn_str_make(c->p, n);
    c->p += n;

    return s;
}


void
ptn_seg_header_put(u_char *p, uint32_t kind)
{
    memset(p, 0, PTN_SEG_HEADER);
    memcpy(p, "PTNQSEG1", 8);
    ptn_seg_put(p + 8, PTN_SEG_VERSION, 4);
    ptn_seg_put(p + 12, kind, 4);
    ptn_seg_put(p + 28, ptn_queue_crc(0, p, 28), 4);
}


ptn_rc_t
ptn_seg_header_get(const u_char *p, uint32_t kind)
{
    if (memcmp(p, "PTNQSEG1", 8) != 0
        || ptn_seg_get(p + 28, 4) != ptn_queue_crc(0, p, 28)
        || ptn_seg_get(p + 12, 4) != kind)
    {
        return PTN_ECORRUPT;
    }

    return ptn_seg_get(p + 8, 4) == PTN_SEG_VERSION ? PTN_OK : PTN_EVERSION;
}


void
ptn_seg_head_put(u_char *p, const ptn_seg_head_t *head)
{
    u_char  *q;

    q = ptn_seg_put(p, PTN_SEG_MAGIC, 4);
    q = ptn_seg_put(q, head->type, 4);
    q = ptn_seg_put(q, head->id, 8);
    q = ptn_seg_put(q, head->meta_len, 4);
    q = ptn_seg_put(q, head->meta_crc, 4);
    q = ptn_seg_put(q, head->data_len, 8);
    q = ptn_seg_put(q, head->data_crc, 4);
    ptn_seg_put(q, ptn_queue_crc(0, p, (size_t) (q - p)), 4);
}


ptn_rc_t
ptn_seg_head_get(const u_char *p, ptn_seg_head_t *ret)
{
    ptn_seg_head_t  h;

    if (ptn_seg_get(p, 4) != PTN_SEG_MAGIC
        || ptn_seg_get(p + 36, 4) != ptn_queue_crc(0, p, 36))
    {
        return PTN_ECORRUPT;
    }

    h.type = (uint32_t) ptn_seg_get(p + 4, 4);
    h.id = ptn_seg_get(p + 8, 8);
    h.meta_len = (uint32_t) ptn_seg_get(p + 16, 4);
    h.meta_crc = (uint32_t) ptn_seg_get(p + 20, 4);
    h.data_len = ptn_seg_get(p + 24, 8);
    h.data_crc = (uint32_t) ptn_seg_get(p + 32, 4);

    if (h.meta_len > PTN_SEG_META_MAX || h.data_len > (1ULL << 40)) {
        return PTN_ECORRUPT;
    }

    *ret = h;

    return PTN_OK;
}


void
ptn_seg_msg_put(ptn_buf_t *b, const ptn_queue_msg_t *msg)
{
    uint32_t  i;

    ptn_seg_put_int(b, (uint64_t) msg->arrived, 8);
    ptn_seg_put_int(b, msg->flags, 4);
    ptn_seg_put_int(b, msg->nrcpt, 4);
    ptn_seg_put_str(b, msg->sender);

    for (i = 0; i < msg->nrcpt; i++) {
        ptn_seg_put_str(b, msg->rcpt[i]);
    }
}


ptn_rc_t
ptn_seg_msg_get(ptn_pool_t *pool, ptn_str_t meta, ptn_queue_msg_t *ret)
{
    uint32_t         i;
    ptn_seg_cur_t    c;
    ptn_queue_msg_t  m;

    memset(&m, 0, sizeof(m));

    c.p = meta.data;
    c.end = meta.data + meta.len;
    c.bad = false;

    m.arrived = (int64_t) ptn_seg_cur_int(&c, 8);
    m.flags = (uint32_t) ptn_seg_cur_int(&c, 4);
    m.nrcpt = (uint32_t) ptn_seg_cur_int(&c, 4);
    m.sender = ptn_seg_cur_str(&c);

    /* each recipient takes two bytes at least */

    if (c.bad || m.nrcpt > (size_t) (c.end - c.p) / 2) {
        return PTN_ECORRUPT;
    }

    m.rcpt = ptn_parray(pool, m.nrcpt, sizeof(ptn_str_t));
    if (m.rcpt == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < m.nrcpt; i++) {
        m.rcpt[i] = ptn_seg_cur_str(&c);
    }

    if (c.bad || c.p != c.end) {
        return PTN_ECORRUPT;
    }

    *ret = m;

    return PTN_OK;
}


void
ptn_seg_state_put(ptn_buf_t *b, uint64_t id, const ptn_seg_state_t *st)
{
    size_t          start;
    ptn_seg_head_t  head;

    start = b->len;

    if (ptn_buf_reserve(b, PTN_SEG_HEAD) == NULL) {
        return;
    }

    b->len += PTN_SEG_HEAD;

    ptn_seg_put_int(b, st->rcpt, 4);
    ptn_seg_put_int(b, st->status, 4);
    ptn_seg_put_int(b, st->attempts, 4);
    ptn_seg_put_int(b, 0, 4);
    ptn_seg_put_int(b, (uint64_t) st->due, 8);
    ptn_seg_put_str(b, st->detail);

    if (b->failed) {
        return;
    }

    memset(&head, 0, sizeof(head));
    head.type = PTN_SEG_STATE;
    head.id = id;
    head.meta_len = (uint32_t) (b->len - start - PTN_SEG_HEAD);
    head.meta_crc = ptn_queue_crc(0, b->data + start + PTN_SEG_HEAD,
                                  head.meta_len);

    ptn_seg_head_put(b->data + start, &head);
}


ptn_rc_t
ptn_seg_state_get(ptn_str_t meta, ptn_seg_state_t *ret)
{
    ptn_seg_cur_t    c;
    ptn_seg_state_t  st;

    c.p = meta.data;
    c.end = meta.data + meta.len;
    c.bad = false;

    st.rcpt = (uint32_t) ptn_seg_cur_int(&c, 4);
    st.status = (uint32_t) ptn_seg_cur_int(&c, 4);
    st.attempts = (uint32_t) ptn_seg_cur_int(&c, 4);
    ptn_seg_cur_int(&c, 4);
    st.due = (int64_t) ptn_seg_cur_int(&c, 8);
    st.detail = ptn_seg_cur_str(&c);

    if (c.bad || c.p != c.end || st.status >= PTN_QUEUE_STATUS_MAX) {
        return PTN_ECORRUPT;
    }

    *ret = st;

    return PTN_OK;
}


ptn_rc_t
ptn_seg_create(ptn_io_t *io, const char *dir, const char *writer,
    uint32_t kind, uint64_t *number, bool fsync, int *ret_fd, char *ret_path)
{
    int          fd, rc, tries;
    char         tmp[PTN_SEG_PATH], path[PTN_SEG_PATH];
    u_char       header[PTN_SEG_HEADER];
    const char  *suffix;

    suffix = kind == PTN_SEG_MESSAGES ? "seg" : "state";

    if (snprintf(tmp, sizeof(tmp), "%s/%s-%d.tmp", dir, writer, (int) getpid())
        >= (int) sizeof(tmp) - 32)
    {
        return PTN_EINVAL;
    }

    /* of a process with our number, before a crash */

    (void) io->unlink(io, tmp);

    fd = io->open(io, tmp, O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0600);
    if (fd == -1) {
        return errno == ENOSPC || errno == EDQUOT ? PTN_ENOSPC : PTN_EIO;
    }

    ptn_seg_header_put(header, kind);

    if (flock(fd, LOCK_EX|LOCK_NB) == -1
        || ptn_io_write_all(io, fd, header, PTN_SEG_HEADER, 0) == -1
        || (fsync && io->fdatasync(io, fd, PTN_IO_QUEUE) == -1))
    {
        goto failed;
    }

    for (rc = -1, tries = 0; rc == -1 && tries < PTN_SEG_NAMES; tries++) {
        snprintf(path, sizeof(path), "%s/%s-%08llx.%s", dir, writer,
                 (unsigned long long) ++*number, suffix);

        rc = io->link(io, tmp, path);
        if (rc == -1 && errno != EEXIST) {
            goto failed;
        }
    }

    if (rc == -1) {
        goto failed;
    }

    (void) io->unlink(io, tmp);

    if (fsync && io->sync_dir(io, dir, PTN_IO_QUEUE_DIR) == -1) {
        (void) io->unlink(io, path);
        io->close(io, fd);
        return PTN_EIO;
    }

    memcpy(ret_path, path, sizeof(path));
    *ret_fd = fd;

    return PTN_OK;

failed:

    rc = errno == ENOSPC || errno == EDQUOT ? PTN_ENOSPC : PTN_EIO;

    (void) io->unlink(io, tmp);
    io->close(io, fd);

    return (ptn_rc_t) rc;
}


ptn_rc_t
ptn_seg_dir(ptn_io_t *io, const ptn_conf_t *conf, char *ret_path)
{
    char  path[PTN_SEG_PATH];

    if (snprintf(path, sizeof(path), "%s/queue", conf->root)
        >= (int) sizeof(path) - 128)
    {
        return PTN_EINVAL;
    }

    if (io->mkdir(io, path, 0700) == 0) {
        if (conf->fsync
            && io->sync_dir(io, conf->root, PTN_IO_QUEUE_DIR) == -1)
        {
            return PTN_EIO;
        }

    } else if (errno != EEXIST) {
        return errno == ENOSPC ? PTN_ENOSPC : PTN_EIO;
    }

    memcpy(ret_path, path, sizeof(path));

    return PTN_OK;
}


ptn_str_t
ptn_seg_id_str(ptn_pool_t *pool, uint64_t id)
{
    return ptn_str_printf(pool, "%016llx", (unsigned long long) id);
}


ptn_rc_t
ptn_seg_id_parse(ptn_str_t s, uint64_t *ret_id)
{
    u_char    c;
    size_t    i;
    uint64_t  id;

    if (s.len != 16) {
        return PTN_EPARSE;
    }

    for (id = 0, i = 0; i < 16; i++) {
        c = ptn_tolower(s.data[i]);

        if (c >= '0' && c <= '9') {
            id = id << 4 | (uint64_t) (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            id = id << 4 | (uint64_t) (c - 'a' + 10);

        } else {
            return PTN_EPARSE;
        }
    }

    *ret_id = id;

    return PTN_OK;
}
