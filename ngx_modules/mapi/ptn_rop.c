#include "ptn_rop.h"
#include "ptn_wire_rop_fold.h"
#include "ptn_wire_rop_msg.h"
#include "ptn_wire_rop_omsg.h"
#include "ptn_wire_rop_prpt.h"
#include "ptn_wire_rop_store.h"
#include "ptn_wire_rop_sync.h"
#include "ptn_wire_rop_tabl.h"


struct ptn_rop_call_s {
    const ptn_rop_t  *rop;
    void             *req;
    ptn_str_t         raw;              /* with its head */
    uint8_t           logon_id;
    uint8_t           index;            /* of the head */
};

#define PTN_ROP_REQ_HEAD_LEN  3
#define PTN_ROP_RES_HEAD_LEN  6

/* Residual room that another chained buffer needs, MS-OXCRPC 3.1.4.2.1.2.2 */
#define PTN_ROP_MORE_ROWS   32768
#define PTN_ROP_MORE_BYTES  8192

#define PTN_ROP_QUERY_ROWS  0x15
#define PTN_ROP_WRITE_PER_USER  0x64
#define PTN_ROP_LOGON_ID        0xfe
#define PTN_ROP_LOGON_PRIVATE   0x01    /* LogonFlags */


/* No fields. */
static const ptn_wire_t  ptn_rop_none_wire = { "ptn_rop_none", 0, NULL, 0 };

#define PTN_ROP_ROW(id, rname, fn, rreq, rres, ron, rsecond, rflags)          \
    [id] = { .name = #rname, .run = ptn_rop_##fn,                             \
             .req = &ptn_rop_##rreq##_wire, .res = &ptn_rop_##rres##_wire,    \
             .on = PTN_ON_##ron, .second = PTN_ROP_##rsecond,                 \
             .flags = PTN_ROP_##rflags },

#define PTN_ROP_NO_ROW(id, rname, rreq, rres, ron, rsecond, rflags)           \
    [id] = { .name = #rname,                                                  \
             .req = &ptn_rop_##rreq##_wire, .res = &ptn_rop_##rres##_wire,    \
             .on = PTN_ON_##ron, .second = PTN_ROP_##rsecond,                 \
             .flags = PTN_ROP_##rflags },

const ptn_rop_t  ptn_rops[256] = {
    PTN_ROPS(PTN_ROP_ROW, PTN_ROP_NO_ROW)
};


/* --- little endian ------------------------------------------------------- */

static uint16_t
ptn_rop_get16(const u_char *p)
{
    return (uint16_t) (p[0] | p[1] << 8);
}


static void
ptn_rop_put16(u_char *p, size_t n)
{
    p[0] = (u_char) n;
    p[1] = (u_char) (n >> 8);
}


static void
ptn_rop_add32(ptn_buf_t *out, uint32_t n)
{
    u_char  p[4] = { (u_char) n, (u_char) (n >> 8), (u_char) (n >> 16),
                     (u_char) (n >> 24) };

    ptn_buf_add(out, p, 4);
}


/* --- reading ------------------------------------------------------------- */

/* Is a logon to public folders, also one that the buffer asks for? */

static bool
ptn_rop_read_public(const ptn_rop_run_t *run, uint8_t logon_id)
{
    size_t                  i;
    const ptn_rop_call_t   *call;
    const ptn_rop_logon_t  *logon;

    for (i = run->ncalls; i > 0; i--) {
        call = &run->calls[i - 1];

        if (call->rop == &ptn_rops[PTN_ROP_LOGON_ID]
            && call->logon_id == logon_id)
        {
            return !(((const ptn_rop_logon_req_t *) call->req)->logon_flags
                     & PTN_ROP_LOGON_PRIVATE);
        }
    }

    logon = ptn_rop_logon_find(run->ctx.session, logon_id);

    return logon != NULL && logon->is_public;
}


/* ReplGuid is a field by the kind of the logon (2.2.3.13.1). */

static ptn_rc_t
ptn_rop_read_per_user(ptn_rop_run_t *run, ptn_str_t *in,
    ptn_rop_write_per_user_information_req_t *req)
{
    ptn_rc_t                             rc;
    ptn_rop_write_public_per_user_req_t  pub;

    rc = ptn_wire_pull(&ptn_rop_write_public_per_user_req_wire, run->ctx.pool,
                       in, &pub);

    memset(req, 0, sizeof(*req));
    req->folder_id = pub.folder_id;
    req->has_finished = pub.has_finished;
    req->data_offset = pub.data_offset;
    req->data = pub.data;

    return rc;
}


static ptn_rc_t
ptn_rop_read_call(ptn_rop_run_t *run, ptn_rop_call_t *call, ptn_str_t *in)
{
    ptn_rc_t       rc;
    const u_char  *p;

    p = in->data;

    if (in->len < PTN_ROP_REQ_HEAD_LEN) {
        return PTN_ETRUNC;
    }

    call->rop = &ptn_rops[p[0]];

    if (call->rop->name == NULL) {
        return PTN_EPARSE;
    }

    call->logon_id = p[1];
    call->index = p[2];

    in->data += PTN_ROP_REQ_HEAD_LEN;
    in->len -= PTN_ROP_REQ_HEAD_LEN;

    call->req = NULL;

    if (call->rop->req->n != 0) {
        call->req = ptn_palloc(run->ctx.pool, call->rop->req->size);
        if (call->req == NULL) {
            return PTN_ENOMEM;
        }

        rc = (p[0] == PTN_ROP_WRITE_PER_USER
              && ptn_rop_read_public(run, call->logon_id))
             ? ptn_rop_read_per_user(run, in, call->req)
             : ptn_wire_pull(call->rop->req, run->ctx.pool, in, call->req);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    call->raw = ptn_str_make(p, (size_t) (in->data - p));

    return PTN_OK;
}


static ptn_rc_t
ptn_rop_read_handles(ptn_rop_run_t *run, ptn_str_t in)
{
    uint32_t       i;
    const u_char  *p;

    if (in.len % 4 != 0) {
        return PTN_EPARSE;
    }

    run->nhandles = (uint32_t) (in.len / 4);

    run->handles = ptn_parray(run->ctx.pool, run->nhandles, sizeof(uint32_t));
    if (run->handles == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, p = in.data; i < run->nhandles; i++, p += 4) {
        run->handles[i] = p[0] | p[1] << 8 | p[2] << 16 | (uint32_t) p[3] << 24;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_rop_read(ptn_rop_run_t *run, ptn_str_t in)
{
    size_t           size, room;
    ptn_rc_t         rc;
    ptn_str_t        rest;
    ptn_rop_call_t  *calls;

    if (in.len < 2) {
        return PTN_ETRUNC;
    }

    size = ptn_rop_get16(in.data);

    if (size < 2 || size > in.len) {
        return PTN_EPARSE;
    }

    run->rops = ptn_str_make(in.data + 2, size - 2);

    rc = ptn_rop_read_handles(run, ptn_str_make(in.data + size,
                                                in.len - size));
    if (rc != PTN_OK) {
        return rc;
    }

    room = 0;
    run->ncalls = 0;
    run->calls = NULL;

    for (rest = run->rops; rest.len != 0; run->ncalls++) {

        if (run->ncalls == room) {
            room = room == 0 ? 8 : room * 2;

            calls = ptn_parray(run->ctx.pool, room, sizeof(ptn_rop_call_t));
            if (calls == NULL) {
                return PTN_ENOMEM;
            }

            if (run->ncalls != 0) {
                memcpy(calls, run->calls,
                       run->ncalls * sizeof(ptn_rop_call_t));
            }

            run->calls = calls;
        }

        rc = ptn_rop_read_call(run, &run->calls[run->ncalls], &rest);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* --- a call -------------------------------------------------------------- */

/* The object behind an index of the handle table. */

static ptn_rop_object_t *
ptn_rop_object_at(ptn_rop_run_t *run, uint8_t index, uint32_t *ret_error)
{
    if (index >= run->nhandles) {
        *ret_error = PTN_MAPI_NULL_OBJECT;
        return NULL;
    }

    return ptn_rop_find(run->ctx.session, run->ctx.logon_id,
                        run->handles[index], ret_error);
}


/* All preconditions of the row; 0, or the ReturnValue. */

static uint32_t
ptn_rop_prepare(ptn_rop_run_t *run, const ptn_rop_call_t *call)
{
    uint32_t        error;
    ptn_rop_ctx_t  *c;

    c = &run->ctx;
    c->rop = call->rop;
    c->logon_id = call->logon_id;
    c->logon = NULL;
    c->in = NULL;
    c->dest = NULL;
    c->made = NULL;
    c->error = 0;
    c->small = false;
    c->more = false;
    c->in_index = call->index;
    c->second_index = call->rop->second == PTN_ROP_NONE || call->req == NULL
                      ? 0 : call->raw.data[PTN_ROP_REQ_HEAD_LEN];

    if (call->rop->flags & PTN_ROP_LOGS_ON) {
        return c->in_index < run->nhandles ? 0 : PTN_MAPI_NULL_OBJECT;
    }

    if (call->rop->second == PTN_ROP_INPUT) {
        c->in_index = c->second_index;
    }

    c->logon = ptn_rop_logon_find(c->session, c->logon_id);

    c->in = ptn_rop_object_at(run, c->in_index, &error);
    if (c->in == NULL) {
        return error;
    }

    if (!(call->rop->on & 1 << c->in->kind)
        || ((call->rop->flags & PTN_ROP_PRIVATE) && c->in->logon->is_public))
    {
        return PTN_MAPI_NOT_SUPPORTED;
    }

    if (call->rop->second == PTN_ROP_OUT && c->second_index >= run->nhandles) {
        return PTN_MAPI_NULL_OBJECT;
    }

    /* the destination may belong to another logon (RopMoveCopyMessages) */

    if (call->rop->second == PTN_ROP_DEST) {
        c->dest = c->second_index < run->nhandles
                  ? ptn_rop_find_any(c->session,
                                     run->handles[c->second_index])
                  : NULL;

        if (c->dest == NULL) {
            return PTN_MAPI_NO_DEST;
        }
    }

    return call->rop->run == NULL ? PTN_MAPI_NOT_SUPPORTED : 0;
}


/* Head and, where they belong there, fields. */

static ptn_rc_t
ptn_rop_respond(ptn_rop_run_t *run, const ptn_rop_call_t *call,
    uint32_t error, bool fields, const void *res, ptn_buf_t *out)
{
    u_char  head[2];

    head[0] = (u_char) (call->rop - ptn_rops);
    head[1] = call->rop->second == PTN_ROP_OUT ? run->ctx.second_index
                                               : call->index;

    ptn_buf_add(out, head, 2);
    ptn_rop_add32(out, error);

    if (error == PTN_MAPI_NO_DEST && call->rop->second == PTN_ROP_DEST) {
        ptn_rop_add32(out, run->ctx.second_index);
    }

    return fields ? ptn_wire_push(call->rop->res, out, res) : PTN_OK;
}


static void
ptn_rop_log(const ptn_rop_ctx_t *c, uint32_t handle, uint32_t error)
{
    ptn_log(c->log, PTN_LOG_DEBUG, "rop=%s user=%.*s logon=%u handle=%08x"
            " rc=%08x", c->rop->name, ptn_str_arg(c->session->actor.address),
            c->logon_id, handle, error);
}


/*
 * Runs one and appends its response, at most `limit` bytes.  EBUSY: it does
 * not fit (nothing was changed, or appended).
 */

static ptn_rc_t
ptn_rop_call(ptn_rop_run_t *run, const ptn_rop_call_t *call, size_t limit,
    ptn_buf_t *out)
{
    void           *res;
    bool            fields;
    size_t          start;
    ptn_rc_t        rc;
    uint32_t        error, handle;
    ptn_rop_ctx_t  *c;

    c = &run->ctx;
    start = out->len;
    fields = call->rop->flags & PTN_ROP_ALWAYS;
    handle = PTN_ROP_NO_HANDLE;

    res = ptn_pcalloc(c->pool, call->rop->res->size);
    if (res == NULL) {
        return PTN_ENOMEM;
    }

    error = ptn_rop_prepare(run, call);

    if (error == 0) {
        c->room = limit - PTN_ROP_RES_HEAD_LEN;
        handle = c->in != NULL ? c->in->handle : handle;

        rc = call->rop->run(c, call->req, res);

        error = c->error != 0 ? c->error : ptn_err(rc)->mapi;
        fields = fields || rc == PTN_OK;

        if (c->made != NULL && rc != PTN_OK) {
            ptn_rop_release(c->session, c->made);
            c->made = NULL;
        }

        if (c->small) {
            return PTN_EBUSY;
        }
    }

    ptn_rop_log(c, handle, error);

    if (call->rop->flags & PTN_ROP_SILENT) {
        return PTN_OK;
    }

    rc = ptn_rop_respond(run, call, error, fields, res, out);

    if (rc == PTN_OK && out->len - start > limit) {
        out->len = start;
        rc = call->rop->flags & PTN_ROP_WRITES ? PTN_ETOOBIG : PTN_EBUSY;
    }

    if (rc != PTN_OK) {
        if (c->made != NULL) {
            ptn_rop_release(c->session, c->made);
        }

        return rc;
    }

    if (c->made != NULL) {
        run->handles[call->rop->flags & PTN_ROP_LOGS_ON ? c->in_index
                                                        : c->second_index]
            = c->made->handle;
    }

    return PTN_OK;
}


/* --- a buffer ------------------------------------------------------------ */

/* 2.2.15.1 RopBufferTooSmall, with what was not run from `call` on. */

static ptn_rc_t
ptn_rop_too_small(ptn_rop_run_t *run, const ptn_rop_call_t *call,
    size_t avail, ptn_buf_t *out)
{
    u_char     head[3];
    ptn_str_t  rest;

    rest.data = call->raw.data;
    rest.len = (size_t) (run->rops.data + run->rops.len - rest.data);

    if (avail < sizeof(head) + rest.len) {
        return PTN_ETOOBIG;
    }

    head[0] = 0xff;
    ptn_rop_put16(head + 1, PTN_ROP_BUFFER_MAX);

    ptn_buf_add(out, head, sizeof(head));
    ptn_buf_str(out, rest);

    ptn_log(run->ctx.log, PTN_LOG_DEBUG, "rop=BufferTooSmall left=%zu",
            rest.len);

    return PTN_OK;
}


/*
 * What call i may answer with: all that is left but the room to say
 * RopBufferTooSmall with the requests behind it, where that leaves half.
 */

static size_t
ptn_rop_limit(const ptn_rop_run_t *run, size_t i, size_t avail)
{
    size_t      tail;
    ptn_str_t  *raw;

    if (i + 1 == run->ncalls) {
        return avail;
    }

    raw = &run->calls[i].raw;
    tail = 3 + (size_t) (run->rops.data + run->rops.len
                         - (raw->data + raw->len));

    return tail > avail / 2 ? avail : avail - tail;
}


static ptn_rc_t
ptn_rop_run_calls(ptn_rop_run_t *run, size_t max, ptn_buf_t *out)
{
    size_t           i, start, avail, limit;
    ptn_rc_t         rc;
    ptn_rop_call_t  *call;

    start = out->len;

    for (i = 0; i < run->ncalls; i++) {
        call = &run->calls[i];
        avail = max - (out->len - start);
        limit = ptn_rop_limit(run, i, avail);

        run->ctx.served = 0;

        if (call->rop->flags & PTN_ROP_SILENT) {
            rc = ptn_rop_call(run, call, limit, out);

        } else if (limit < PTN_ROP_RES_HEAD_LEN + call->rop->res->size) {
            rc = PTN_EBUSY;

        } else {
            rc = ptn_rop_call(run, call, limit, out);
        }

        if (rc == PTN_EBUSY) {
            if (i == 0 && max >= PTN_ROP_BUFFER_MAX - 1024) {
                return PTN_ETOOBIG;
            }

            run->ctx.more = false;

            return ptn_rop_too_small(run, call, avail, out);
        }

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}


/* RopSize before, the handle table behind what `fill` appended. */

static ptn_rc_t
ptn_rop_frame(ptn_rop_run_t *run, size_t start, ptn_buf_t *out)
{
    uint32_t  i;

    if (out->failed) {
        return PTN_ENOMEM;
    }

    ptn_rop_put16(out->data + start, out->len - start);

    for (i = 0; i < run->nhandles; i++) {
        ptn_rop_add32(out, run->handles[i]);
    }

    return out->failed ? PTN_ENOMEM : PTN_OK;
}


ptn_rc_t
ptn_rop_execute(ptn_rop_run_t *run, size_t max, bool notes, ptn_buf_t *out)
{
    size_t    start, frame;
    ptn_rc_t  rc;

    start = out->len;
    frame = 2 + 4 * (size_t) run->nhandles;

    if (max < frame) {
        return PTN_ETOOBIG;
    }

    ptn_buf_add(out, "\0\0", 2);

    rc = ptn_rop_run_calls(run, max - frame, out);
    if (rc != PTN_OK) {
        return rc;
    }

    /* at the end, so not when a chained buffer is to follow */

    if (notes && !run->ctx.more && !out->failed) {
        ptn_rop_notify_push(run->ctx.session,
                            max - frame - (out->len - start - 2), out);
    }

    return ptn_rop_frame(run, start, out);
}


bool
ptn_rop_more(const ptn_rop_run_t *run, size_t *ret_min)
{
    const ptn_rop_t  *rop;

    if (run->ncalls == 0 || !run->ctx.more) {
        return false;
    }

    rop = run->calls[run->ncalls - 1].rop;

    if (!(rop->flags & PTN_ROP_CHAIN)) {
        return false;
    }

    *ret_min = rop == &ptn_rops[PTN_ROP_QUERY_ROWS] ? PTN_ROP_MORE_ROWS
                                                    : PTN_ROP_MORE_BYTES;
    return true;
}


ptn_rc_t
ptn_rop_again(ptn_rop_run_t *run, size_t max, ptn_buf_t *out)
{
    size_t    start, frame;
    ptn_rc_t  rc;

    start = out->len;
    frame = 2 + 4 * (size_t) run->nhandles;

    ptn_buf_add(out, "\0\0", 2);

    rc = ptn_rop_call(run, &run->calls[run->ncalls - 1], max - frame, out);
    if (rc != PTN_OK) {
        out->len = start;
        run->ctx.more = false;
        return rc;
    }

    return ptn_rop_frame(run, start, out);
}


/* --- 2.2.15.3 RopRelease ------------------------------------------------- */

ptn_rc_t
ptn_rop_release_rop(ptn_rop_ctx_t *c, void *req PTN_UNUSED,
    void *res PTN_UNUSED)
{
    if (c->in->kind == PTN_ROP_KIND_LOGON) {
        c->nopened = 0;
    }

    ptn_rop_release(c->session, c->in);
    c->in = NULL;

    return PTN_OK;
}
