#include "ptn_app.h"
#include "ptn_autodiscover.h"
#include "ptn_eid.h"
#include "ptn_http_head.h"
#include "ptn_http_meta.h"
#include "ptn_world.h"


/* A job type that is there where the protocol is served. */

static uint32_t
ptn_autodiscover_offers(const ptn_app_t *app)
{
    static const struct {
        const char  *type;
        uint32_t     service;
    } rows[] = {
        { "ews.poke",     PTN_SERVICE_EWS },
        { "mapi.request", PTN_SERVICE_MAPI },
        { "eas.request",  PTN_SERVICE_EAS },
    };

    size_t    i;
    uint32_t  offers;

    offers = 0;

    for (i = 0; i < ptn_nelts(rows); i++) {
        if (app->world != NULL
            && ptn_world_type(app->world, rows[i].type) >= 0)
        {
            offers |= rows[i].service;
        }
    }

    return offers;
}


static ptn_rc_t
ptn_autodiscover_send(ptn_job_t *job, const char *type, const ptn_buf_t *b)
{
    ptn_rc_t         rc;
    ptn_http_meta_t  meta;

    if (b->failed) {
        return PTN_ENOMEM;
    }

    ptn_http_meta_begin(&meta, job->pool, 200);
    ptn_http_meta_add(&meta, "Content-Type", ptn_str_z(type));
    ptn_http_meta_add(&meta, "Cache-Control", ptn_str("private"));
    ptn_http_meta_add(&meta, "Content-Length",
                      ptn_str_printf(job->pool, "%zu", b->len));

    rc = ptn_http_meta_send(&meta, job);

    return rc == PTN_OK ? ptn_job_reply(job, b->data, b->len) : rc;
}


/*
 * Whom the request asks about.  Anybody of the actor's domain, or who lets the
 * actor in; nobody else exists.
 */

static ptn_autodiscover_error_e
ptn_autodiscover_find(ptn_job_t *job, const ptn_actor_t *actor,
    const ptn_autodiscover_req_t *req, ptn_user_t *user, ptn_str_t *redirect)
{
    u_char      *at;
    uint32_t     access;
    ptn_rc_t     rc;
    ptn_app_t   *app;
    ptn_guid_t   mailbox;
    ptn_rcpt_t   rcpt;

    app = job->app;

    if (req->dn.len != 0) {
        rc = ptn_eid_dn_parse(req->dn, &mailbox);

        if (rc == PTN_OK) {
            rc = ptn_user_by_mailbox(app->directory, job->pool, mailbox, user);
        }

        if (rc == PTN_OK && user->disabled) {
            rc = PTN_EDENIED;
        }

    } else {
        memset(&rcpt, 0, sizeof(rcpt));
        rc = ptn_directory_resolve(app->directory, job->pool, req->address,
                                   &rcpt);
        *user = rcpt.user;
        *redirect = rcpt.foreign;
    }

    switch (rc) {

    case PTN_OK:
        break;

    case PTN_ENOMEM:
    case PTN_EIO:
    case PTN_EBUSY:
    case PTN_EUNAVAIL:
        return PTN_AUTODISCOVER_INTERNAL;

    default:
        return PTN_AUTODISCOVER_NOT_FOUND;
    }

    if (user->id == 0 || user->id == actor->user) {
        return PTN_AUTODISCOVER_OK;
    }

    at = memrchr(actor->address.data, '@', actor->address.len);

    if (at != NULL) {
        ptn_str_t  mine, theirs;

        mine = ptn_str_make(at, actor->address.len
                            - (size_t) (at - actor->address.data));
        theirs = user->address;

        if (theirs.len > mine.len
            && memcmp(theirs.data + theirs.len - mine.len, mine.data,
                      mine.len) == 0)
        {
            return PTN_AUTODISCOVER_OK;
        }
    }

    rc = ptn_access_get(app->directory, actor->user, user->id, &access);

    if (rc != PTN_OK) {
        return PTN_AUTODISCOVER_INTERNAL;
    }

    return access ? PTN_AUTODISCOVER_OK : PTN_AUTODISCOVER_NOT_FOUND;
}


/*
 * The store of public folders of the actor's own domain, which everybody of it
 * may open who may use MAPI.  ENOTFOUND: something else was asked for.
 */

static ptn_rc_t
ptn_autodiscover_public(ptn_job_t *job, const ptn_actor_t *actor,
    const ptn_autodiscover_req_t *req, ptn_user_t *ret_user)
{
    u_char      *at;
    bool         asked;
    ptn_rc_t     rc;
    ptn_str_t    domain;
    ptn_app_t   *app;
    ptn_guid_t   mailbox;
    ptn_user_t   own, user;

    app = job->app;
    at = memrchr(actor->address.data, '@', actor->address.len);

    if (at == NULL) {
        return PTN_ENOTFOUND;
    }

    domain = ptn_str_make(at + 1, actor->address.len
                          - (size_t) (at + 1 - actor->address.data));

    rc = ptn_public_user(job->pool, domain, &user);
    if (rc != PTN_OK) {
        return rc;
    }

    asked = req->dn.len
            ? ptn_eid_dn_parse(req->dn, &mailbox) == PTN_OK
              && ptn_guid_eq(mailbox, user.mailbox)
            : ptn_str_ieq(req->address, user.address);

    if (!asked) {
        return PTN_ENOTFOUND;
    }

    rc = ptn_user_by_id(app->directory, job->pool, actor->user, &own);

    if (rc == PTN_OK) {
        user.services = own.services & PTN_SERVICE_MAPI;
        *ret_user = user;
    }

    return rc;
}


static ptn_rc_t
ptn_autodiscover_public_of(ptn_pool_t *pool, const ptn_user_t *user,
    ptn_str_t *ret)
{
    u_char      *at;
    ptn_rc_t     rc;
    ptn_user_t   store;

    at = user->address.len
         ? memrchr(user->address.data, '@', user->address.len) : NULL;

    if (at == NULL || ptn_public_is(user->address)) {
        return PTN_OK;
    }

    rc = ptn_public_user(pool, ptn_str_make(at + 1, user->address.len
                             - (size_t) (at + 1 - user->address.data)),
                         &store);

    if (rc == PTN_OK) {
        *ret = store.address;
    }

    return rc;
}


static ptn_autodiscover_error_e
ptn_autodiscover_say(ptn_job_t *job, const ptn_http_head_t *head,
    const ptn_actor_t *actor, const ptn_autodiscover_req_t *req, ptn_buf_t *b)
{
    uint64_t                   n;
    ptn_user_t                 user;
    ptn_autodiscover_error_e   error;
    ptn_autodiscover_answer_t  answer;

    memset(&answer, 0, sizeof(answer));
    memset(&user, 0, sizeof(user));

    if (ptn_autodiscover_public(job, actor, req, &user) != PTN_OK) {
        error = ptn_autodiscover_find(job, actor, req, &user,
                                      &answer.redirect);
        if (error != PTN_AUTODISCOVER_OK) {
            return error;
        }
    }

    if (ptn_autodiscover_public_of(job->pool, &user, &answer.public_store)
        != PTN_OK)
    {
        return PTN_AUTODISCOVER_INTERNAL;
    }

    answer.host = head->host;
    answer.user = &user;
    answer.offers = ptn_autodiscover_offers(job->app);

    if (answer.redirect.len == 0) {
        answer.offers &= user.services;
    }

    if (ptn_str_u64(ptn_http_header_get(head, "x-mapihttpcapability"), 1000,
                    &n) == PTN_OK)
    {
        answer.mapi_http = (unsigned) n;
    }

    if (req->mobile) {
        if (!(answer.offers & PTN_SERVICE_EAS) && answer.redirect.len == 0) {
            return PTN_AUTODISCOVER_SCHEMA;
        }

        ptn_autodiscover_mobile(b, &answer);
        return PTN_AUTODISCOVER_OK;
    }

    if (!(answer.offers & (PTN_SERVICE_EWS|PTN_SERVICE_MAPI))
        && answer.redirect.len == 0)
    {
        return PTN_AUTODISCOVER_NOTHING;
    }

    if (ptn_autodiscover_outlook(job->pool, b, &answer) != PTN_OK) {
        return PTN_AUTODISCOVER_INTERNAL;
    }

    return PTN_AUTODISCOVER_OK;
}


static ptn_rc_t
ptn_autodiscover_pox(ptn_job_t *job)
{
    ptn_rc_t                  rc;
    ptn_buf_t                 b;
    ptn_str_t                 body;
    ptn_actor_t               actor;
    ptn_http_head_t           head;
    ptn_autodiscover_req_t    req;
    ptn_autodiscover_error_e  error;

    rc = ptn_http_request(job, &head, &body);

    if (rc == PTN_OK) {
        rc = ptn_http_actor(job, &head, &actor);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&b, job->pool);

    /* a GET has no body: it is answered as one that makes no sense */

    error = ptn_autodiscover_parse(job->pool, body, &req);

    if (error == PTN_AUTODISCOVER_OK) {
        error = ptn_autodiscover_say(job, &head, &actor, &req, &b);
    }

    if (error != PTN_AUTODISCOVER_OK) {
        ptn_buf_init(&b, job->pool);
        ptn_autodiscover_error(&b, &req, error);
    }

    return ptn_autodiscover_send(job, "text/xml; charset=utf-8", &b);
}


/* "emailaddress=alice%40example.test" of a query string: what is behind "@". */

static ptn_str_t
ptn_autodiscover_arg_domain(ptn_str_t args)
{
    size_t      i, end;
    ptn_str_t   v;

    static const char  name[] = "emailaddress=";

    for (i = 0; i < args.len; i = end + 1) {
        for (end = i; end < args.len && args.data[end] != '&'; end++) {
            /* void */
        }

        v = ptn_str_make(args.data + i, end - i);

        if (!ptn_str_istarts(v, name)) {
            continue;
        }

        v.data += sizeof(name) - 1;
        v.len -= sizeof(name) - 1;

        while (v.len != 0) {
            if (v.data[0] == '@') {
                return ptn_str_make(v.data + 1, v.len - 1);
            }

            if (v.len > 3 && ptn_str_ieq(ptn_str_make(v.data, 3),
                                         ptn_str("%40")))
            {
                return ptn_str_make(v.data + 3, v.len - 3);
            }

            v.data++;
            v.len--;
        }
    }

    return (ptn_str_t) ptn_null_string;
}


/* Nobody signs in for this one, so it tells nothing of who exists. */

static ptn_rc_t
ptn_autodiscover_config(ptn_job_t *job)
{
    u_char           *colon;
    ptn_rc_t          rc;
    ptn_buf_t         b;
    ptn_str_t         body, domain, mail;
    ptn_app_t        *app;
    ptn_http_head_t   head;

    app = job->app;

    rc = ptn_http_request(job, &head, &body);
    if (rc != PTN_OK) {
        return rc;
    }

    mail = head.host;
    colon = mail.len ? memchr(mail.data, ':', mail.len) : NULL;

    if (colon != NULL) {
        mail.len = (size_t) (colon - mail.data);
    }

    domain = ptn_autodiscover_arg_domain(head.args);

    if (domain.len == 0) {
        domain = mail;

        if (ptn_str_istarts(domain, "autoconfig.")) {
            domain.data += sizeof("autoconfig.") - 1;
            domain.len -= sizeof("autoconfig.") - 1;
        }
    }

    if (app->conf->hostname != NULL) {
        mail = ptn_str_z(app->conf->hostname);
    }

    ptn_buf_init(&b, job->pool);
    ptn_autodiscover_mozilla(&b, domain, mail, head.host,
                             ptn_autodiscover_offers(app));

    return ptn_autodiscover_send(job, "text/xml; charset=utf-8", &b);
}


const ptn_job_type_t  ptn_autodiscover_jobs[] = {
    { "autodiscover.pox", PTN_LANE_SHORT, 0, ptn_autodiscover_pox, NULL,
      NULL },
    { "autodiscover.config", PTN_LANE_SHORT, 0, ptn_autodiscover_config,
      NULL, NULL },
    { NULL, PTN_LANE_SHORT, 0, NULL, NULL, NULL }
};
