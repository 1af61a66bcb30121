#include "ptn_app.h"
#include "ptn_http_head.h"


ptn_rc_t
ptn_http_request(ptn_job_t *job, ptn_http_head_t *ret_head,
    ptn_str_t *ret_body)
{
    ptn_rc_t         rc;
    ptn_str_t        rest;
    ptn_http_head_t  head;

    rest = job->request;

    rc = ptn_wire_pull(&ptn_http_head_wire, job->pool, &rest, &head);
    if (rc != PTN_OK) {
        return rc;
    }

    if (job->body_len != 0) {
        if (rest.len != 0) {
            return PTN_EPARSE;
        }

        rc = ptn_job_body_map(job, &rest);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    *ret_head = head;
    *ret_body = rest;

    return PTN_OK;
}


ptn_str_t
ptn_http_header_get(const ptn_http_head_t *head, const char *name)
{
    uint16_t  i;

    for (i = 0; i < head->nheaders; i++) {
        if (ptn_str_ieqz(head->headers[i].name, name)) {
            return head->headers[i].value;
        }
    }

    return (ptn_str_t) ptn_null_string;
}


ptn_rc_t
ptn_http_actor(ptn_job_t *job, const ptn_http_head_t *head,
    ptn_actor_t *ret_actor)
{
    ptn_rc_t    rc;
    ptn_app_t  *app;

    app = job->app;
    rc = ptn_auth_handle(app->auth, job->pool, &head->handle, ret_actor);

    return rc == PTN_ESTALE ? PTN_EAUTH : rc;
}
