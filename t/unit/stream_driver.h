/*
 * Runs a ptn_stream_proto_t without nginx and without the pool: bytes go
 * through `frame`, units to `input`, the store is committed after each unit,
 * replies are kept.  A site of its own in a temporary directory: example.test
 * with alice and bob, password "secret".
 *
 *     stream_driver_site_t  site;
 *     stream_driver_t       a;
 *
 *     stream_driver_site_open(&site);
 *     stream_driver_open(&a, &site, &ptn_imap_proto);
 *     stream_driver_send(&a, "1 LOGIN alice@example.test secret\r\n");
 *     ... stream_driver_said(&a) ...
 *     stream_driver_close(&a);
 *     stream_driver_site_close(&site);
 *
 * Bytes are framed in pieces of a.chunk octets (1 finds what a cut breaks).
 */

#ifndef STREAM_DRIVER_H
#define STREAM_DRIVER_H


#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_stream.h"
#include "ptn_test.h"


typedef struct {
    char        root[64];
    ptn_conf_t  conf;
    ptn_log_t  *log;
    ptn_app_t  *app;
    uint32_t    sessions;                       /* signed in */
} stream_driver_site_t;

typedef struct {
    u_char  *data;
    size_t   len, size;
} stream_driver_bytes_t;

typedef struct {
    stream_driver_site_t      *site;
    const ptn_stream_proto_t  *proto;
    ptn_stream_peer_t          peer;
    ptn_stream_next_t          next;
    ptn_frame_t                frame;
    bool                       framing;     /* a unit is under way */
    bool                       closed;
    bool                       counted;     /* among the site's sessions */
    bool                       tls;         /* THEN_TLS was asked for */
    unsigned                   units;
    ptn_class_e                cls;         /* of the last unit */
    ptn_rc_t                   commit_rc;   /* not OK: commits fail so */
    size_t                     chunk;       /* 0: all at once */
    void                      *state;
    stream_driver_bytes_t      in, text, body, out;
    ptn_pool_t                *pool;        /* of the job under way */
} stream_driver_t;


static inline void
stream_driver_add(stream_driver_bytes_t *b, const void *p, size_t n)
{
    if (b->len + n + 1 > b->size) {
        b->size = (b->len + n + 1) * 2;
        b->data = realloc(b->data, b->size);
        if (b->data == NULL) {
            abort();
        }
    }

    if (n != 0) {
        memcpy(b->data + b->len, p, n);
    }
    b->len += n;
    b->data[b->len] = '\0';
}


static inline void
stream_driver_drop(stream_driver_bytes_t *b, size_t n)
{
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}


static inline int
stream_driver_unlink(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


static inline ptn_rc_t
stream_driver_user(stream_driver_site_t *site, const char *address)
{
    ptn_rc_t     rc;
    ptn_user_t   u;
    u_char       password[] = "secret";

    memset(&u, 0, sizeof(u));
    u.address = ptn_str_z(address);
    u.display = ptn_str_z(address);
    u.locale = ptn_str("en");
    u.services = PTN_SERVICE_ALL;

    rc = ptn_user_add(site->app->directory, &u);

    if (rc == PTN_OK) {
        rc = ptn_user_set_password(site->app->directory, u.address,
                                   ptn_str_make(password, 6));
    }

    if (rc == PTN_OK) {
        rc = ptn_mbox_create(site->app->store, &u);
    }

    return rc;
}


static inline void
stream_driver_site_open(stream_driver_site_t *site)
{
    ptn_rc_t          rc;
    ptn_directory_t  *dir;

    memset(site, 0, sizeof(*site));
    strcpy(site->root, "/tmp/ptn-stream-XXXXXX");

    if (mkdtemp(site->root) == NULL) {
        abort();
    }

    ptn_conf_defaults(&site->conf);
    site->conf.root = site->root;
    site->conf.hostname = "mail.example.test";
    site->conf.clear_text_auth = true;
    site->log = ptn_log_open(NULL, "test", PTN_LOG_ERROR);

    rc = ptn_directory_open(&site->conf, true, &dir);

    if (rc == PTN_OK) {
        ptn_directory_close(dir);
        rc = ptn_app_open(NULL, &site->conf, &ptn_io_posix, site->log, "test",
                          &site->app);
    }

    if (rc == PTN_OK) {
        rc = ptn_domain_add(site->app->directory, ptn_str("example.test"));
    }

    if (rc == PTN_OK) {
        rc = stream_driver_user(site, "alice@example.test");
    }

    if (rc == PTN_OK) {
        rc = stream_driver_user(site, "bob@example.test");
    }

    if (rc != PTN_OK) {
        fprintf(stderr, "site: %s\n", ptn_err(rc)->name);
        abort();
    }
}


static inline void
stream_driver_site_close(stream_driver_site_t *site)
{
    ptn_app_close(site->app);
    ptn_log_close(site->log);
    nftw(site->root, stream_driver_unlink, 16, FTW_DEPTH|FTW_PHYS);
}


static inline ptn_rc_t
stream_driver_write(ptn_stream_t *s, const void *data, size_t len)
{
    stream_driver_t  *d = s->driver;

    stream_driver_add(&d->out, data, len);

    return PTN_OK;
}


static inline ptn_rc_t
stream_driver_write_fd(ptn_stream_t *s, int fd, uint64_t off, uint64_t len)
{
    u_char            buf[4096];
    ssize_t           n;
    stream_driver_t  *d = s->driver;

    while (len != 0) {
        n = pread(fd, buf, ptn_min(len, (uint64_t) sizeof(buf)), (off_t) off);
        if (n <= 0) {
            return PTN_EIO;
        }

        stream_driver_add(&d->out, buf, (size_t) n);
        off += (uint64_t) n;
        len -= (uint64_t) n;
    }

    return PTN_OK;
}


static inline ptn_rc_t
stream_driver_flush(ptn_stream_t *s)
{
    (void) s;

    return PTN_OK;
}


static inline bool
stream_driver_cancelled(ptn_stream_t *s)
{
    (void) s;

    return false;
}


static inline ptn_rc_t
stream_driver_acquire(ptn_stream_t *s, uint64_t user)
{
    stream_driver_t  *d = s->driver;

    if (user == 0 || d->counted) {
        return PTN_EINVAL;
    }

    if (d->site->sessions >= d->site->conf.sessions_max) {
        return PTN_ELIMIT;
    }

    d->site->sessions++;
    d->counted = true;

    return PTN_OK;
}


static inline void
stream_driver_uncount(stream_driver_t *d)
{
    if (d->counted) {
        d->site->sessions--;
        d->counted = false;
    }
}


static inline void
stream_driver_release(ptn_stream_t *s)
{
    stream_driver_uncount(s->driver);
}


static inline void
stream_driver_bind(stream_driver_t *d, ptn_stream_t *s)
{
    memset(s, 0, sizeof(*s));

    d->pool = ptn_pool_create(0, NULL);
    d->next.watch = 0;
    d->next.move_slot = PTN_SLOT_ANY;

    s->pool = d->pool;
    s->app = d->site->app;
    s->conf = &d->site->conf;
    s->log = d->site->log;
    s->peer = &d->peer;
    s->state = d->state;
    s->next = d->next;
    s->write = stream_driver_write;
    s->write_fd = stream_driver_write_fd;
    s->flush = stream_driver_flush;
    s->cancelled = stream_driver_cancelled;
    s->acquire = stream_driver_acquire;
    s->release = stream_driver_release;
    s->driver = d;
}


/* After each job: the commit that the pool would do, then the trailer. */

static inline void
stream_driver_settle(stream_driver_t *d, ptn_stream_t *s, ptn_rc_t rc,
    const ptn_stream_unit_t *unit, size_t out)
{
    if (ptn_store_pending(d->site->app->store)) {

        if (d->commit_rc != PTN_OK) {
            ptn_store_rollback(d->site->app->store);
            d->out.len = out;
            d->proto->failed(s, unit, d->commit_rc);

        } else if (ptn_store_commit(d->site->app->store) != PTN_OK) {
            abort();
        }
    }

    d->next = s->next;

    if (rc != PTN_OK || d->next.then == PTN_THEN_CLOSE) {
        d->closed = true;
    }

    if (d->next.then == PTN_THEN_TLS) {
        d->tls = true;
        d->in.len = 0;
        d->next.then = PTN_THEN_READ;
    }

    ptn_pool_destroy(d->pool);
    d->pool = NULL;
}


static inline void
stream_driver_begin(stream_driver_t *d, bool greet,
    const ptn_handle_t *handle)
{
    ptn_rc_t      rc;
    ptn_stream_t  s;

    if (d->state != NULL) {
        d->proto->close(d->state, d->site->app);
        free(d->state);
        stream_driver_uncount(d);
    }

    d->state = calloc(1, d->proto->state_size);

    stream_driver_bind(d, &s);
    rc = d->proto->open(&s, greet, handle);
    stream_driver_settle(d, &s, rc, NULL, d->out.len);
}


static inline void
stream_driver_open(stream_driver_t *d, stream_driver_site_t *site,
    const ptn_stream_proto_t *proto)
{
    memset(d, 0, sizeof(*d));

    d->site = site;
    d->proto = proto;
    d->peer.addr = ptn_str("192.0.2.1");
    d->peer.starttls = true;
    d->peer.variant = ptn_str("");
    d->next.body_max = site->conf.message_max;

    stream_driver_add(&d->in, "", 0);
    stream_driver_add(&d->text, "", 0);
    stream_driver_add(&d->body, "", 0);
    stream_driver_add(&d->out, "", 0);

    stream_driver_begin(d, true, NULL);
}


static inline void
stream_driver_unit(stream_driver_t *d)
{
    size_t             out;
    ptn_rc_t           rc;
    ptn_handle_t       handle;
    ptn_stream_t       s;
    ptn_stream_unit_t  unit;

    d->units++;
    d->cls = d->frame.cls;

    unit.text = ptn_str_make(d->text.data, d->text.len);
    unit.body = ptn_str_make(d->body.data, d->body.len);
    unit.body_len = d->body.len;

    stream_driver_bind(d, &s);
    out = d->out.len;
    rc = d->proto->input(&s, &unit);
    stream_driver_settle(d, &s, rc, &unit, out);

    d->text.len = 0;
    d->body.len = 0;

    if (!d->closed && d->next.move_slot != PTN_SLOT_ANY) {
        handle = d->next.handle;
        stream_driver_begin(d, false, &handle);
    }
}


/* One step; false: more bytes are needed. */

static inline bool
stream_driver_step(stream_driver_t *d)
{
    ptn_frame_e  what;

    if (!d->framing) {
        memset(&d->frame, 0, sizeof(d->frame));
        d->frame.next = &d->next;
        d->frame.text_max = d->next.authenticated
                            ? PTN_STREAM_TEXT_MAX : PTN_STREAM_TEXT_MAX_UNAUTH;
        d->framing = true;
    }

    d->frame.n = 0;
    what = d->proto->frame(&d->frame, ptn_str_make(d->in.data, d->in.len));

    if (d->frame.n > d->in.len) {
        abort();
    }

    switch (what) {

    case PTN_FRAME_MORE:
        return false;

    case PTN_FRAME_SEND:
        stream_driver_add(&d->out, d->frame.reply.data, d->frame.reply.len);
        return true;

    case PTN_FRAME_FAIL:
        stream_driver_add(&d->out, d->frame.reply.data, d->frame.reply.len);
        d->closed = true;
        return false;

    case PTN_FRAME_BODY:
        stream_driver_add(&d->body, d->in.data, d->frame.n);
        break;

    case PTN_FRAME_TEXT:
    case PTN_FRAME_UNIT:
        stream_driver_add(&d->text, d->in.data, d->frame.n);
        break;

    case PTN_FRAME_SKIP:
        break;
    }

    stream_driver_drop(&d->in, d->frame.n);
    d->frame.scanned = 0;

    if (what == PTN_FRAME_UNIT) {
        d->framing = false;
        stream_driver_unit(d);
    }

    return true;
}


static inline void
stream_driver_feed(stream_driver_t *d, const void *data, size_t len)
{
    size_t         n;
    const u_char  *p;

    for (p = data; len != 0 && !d->closed; p += n, len -= n) {
        n = d->chunk ? ptn_min(d->chunk, len) : len;
        stream_driver_add(&d->in, p, n);

        while (!d->closed && stream_driver_step(d)) { /* void */ }
    }
}


static inline void
stream_driver_send(stream_driver_t *d, const char *z)
{
    stream_driver_feed(d, z, strlen(z));
}


static inline void
stream_driver_wake(stream_driver_t *d)
{
    ptn_rc_t      rc;
    ptn_stream_t  s;

    stream_driver_bind(d, &s);
    rc = d->proto->wake(&s);
    stream_driver_settle(d, &s, rc, NULL, d->out.len);
}


/* What was said since the last call; valid until the next one. */

static inline ptn_str_t
stream_driver_said(stream_driver_t *d)
{
    static u_char  *kept;
    ptn_str_t       s;

    free(kept);
    kept = malloc(d->out.len + 1);
    memcpy(kept, d->out.data, d->out.len + 1);
    s = ptn_str_make(kept, d->out.len);
    d->out.len = 0;
    d->out.data[0] = '\0';

    return s;
}


static inline void
stream_driver_close(stream_driver_t *d)
{
    if (d->state != NULL) {
        d->proto->close(d->state, d->site->app);
        free(d->state);
        stream_driver_uncount(d);
    }

    free(d->in.data);
    free(d->text.data);
    free(d->body.data);
    free(d->out.data);
    memset(d, 0, sizeof(*d));
}


#endif /* STREAM_DRIVER_H */
