#include <openssl/crypto.h>

#include "ptn_app.h"
#include "ptn_charset.h"
#include "ptn_http_sign_in.h"


/*
 * RFC 7617 2.1: we ask for UTF-8.  What is none comes from a client that does
 * not know that parameter, and those send Latin-1.  The copy is wiped by the
 * caller, with what stands between: nothing of it is left in the pool.
 */

static ptn_rc_t
ptn_http_sign_in_utf8(ptn_pool_t *pool, ptn_str_t *credential)
{
    size_t  i, n;
    u_char  *p;

    if (ptn_utf8_valid(*credential)) {
        return PTN_OK;
    }

    p = ptn_palloc(pool, 2 * credential->len);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0, n = 0; i < credential->len; i++) {
        if (credential->data[i] < 0x80) {
            p[n++] = credential->data[i];

        } else {
            p[n++] = (u_char) (0xc0 | credential->data[i] >> 6);
            p[n++] = (u_char) (0x80 | (credential->data[i] & 0x3f));
        }
    }

    OPENSSL_cleanse(credential->data, credential->len);
    *credential = ptn_str_make(p, n);

    return PTN_OK;
}


static ptn_rc_t
ptn_http_sign_in_check(ptn_job_t *job, const ptn_http_sign_in_t *in,
    ptn_str_t credential, ptn_http_signed_in_t *ret)
{
    u_char           *colon;
    ptn_rc_t          rc;
    ptn_app_t        *app;
    ptn_str_t         login, password;
    ptn_actor_t       actor;
    ptn_auth_peer_t   peer;

    colon = memchr(credential.data, ':', credential.len);
    if (colon == NULL) {
        return PTN_EAUTH;
    }

    login = ptn_str_make(credential.data, (size_t) (colon - credential.data));
    password = ptn_str_make(colon + 1, credential.len - login.len - 1);

    memset(&peer, 0, sizeof(peer));
    peer.addr = in->peer;
    peer.service = in->service;
    peer.tls = in->tls != 0;
    peer.local = in->peer.len == 0;

    app = job->app;

    rc = ptn_auth_password(app->auth, job->pool, &peer, login, password,
                           &actor, &ret->handle);
    if (rc == PTN_OK) {
        ret->slot = ptn_slot(actor.mailbox);
    }

    return rc;
}


static ptn_rc_t
ptn_http_sign_in(ptn_job_t *job)
{
    ptn_rc_t              rc;
    ptn_buf_t             trailer;
    ptn_str_t             request, credential;
    ptn_http_sign_in_t    in;
    ptn_http_signed_in_t  out;

    request = job->request;

    rc = ptn_wire_pull(&ptn_http_sign_in_wire, job->pool, &request, &in);
    if (rc != PTN_OK) {
        OPENSSL_cleanse(job->request.data, job->request.len);
        return rc;
    }

    credential = in.credential;

    if (credential.len == 0 || credential.len > PTN_HTTP_CREDENTIAL_MAX) {
        rc = PTN_EAUTH;
    }

    if (rc == PTN_OK) {
        rc = ptn_http_sign_in_utf8(job->pool, &credential);
    }

    if (rc == PTN_OK) {
        rc = ptn_http_sign_in_check(job, &in, credential, &out);
        OPENSSL_cleanse(credential.data, credential.len);
    }

    OPENSSL_cleanse(job->request.data, job->request.len);

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_buf_init(&trailer, job->pool);

    rc = ptn_wire_push(&ptn_http_signed_in_wire, &trailer, &out);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_job_trailer(job, trailer.data, trailer.len);
}


const ptn_job_type_t  ptn_http_jobs[] = {
    { "http.sign_in", PTN_LANE_AUTH, 0, ptn_http_sign_in, NULL, NULL },
    { NULL, PTN_LANE_SHORT, 0, NULL, NULL, NULL }
};
