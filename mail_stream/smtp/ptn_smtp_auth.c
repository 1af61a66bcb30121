#include "ptn_charset.h"
#include "ptn_smtp.h"


/* RFC 4954, and the LOGIN mechanism as clients speak it. */

typedef struct {
    ptn_rc_t     rc;
    const char  *reply;
} ptn_smtp_auth_answer_t;

/* The last row answers for all others. */
static const ptn_smtp_auth_answer_t  ptn_smtp_auth_answers[] = {
    { PTN_OK,        "235 2.7.0 Authentication succeeded" },
    { PTN_EAUTH,     "535 5.7.8 Authentication failed" },
    { PTN_ETHROTTLE, "454 4.7.0 Too many failures, try later" },
    { PTN_EDENIED,   "538 5.7.11 Encryption required" },
    { PTN_EPARSE,    "501 5.5.2 Malformed response" },
    { PTN_ELIMIT,    "454 4.7.0 Too many sessions of this user" },
    { PTN_EINTERNAL, "454 4.7.0 Temporary authentication failure" }
};


bool
ptn_smtp_auth_allowed(const ptn_stream_t *s)
{
    return s->peer->tls || s->conf->clear_text_auth;
}


static const ptn_smtp_auth_answer_t *
ptn_smtp_auth_answer(ptn_rc_t rc)
{
    size_t  i;

    for (i = 0; i + 1 < ptn_nelts(ptn_smtp_auth_answers); i++) {
        if (ptn_smtp_auth_answers[i].rc == rc) {
            break;
        }
    }

    return &ptn_smtp_auth_answers[i];
}


static ptn_rc_t
ptn_smtp_auth_done(ptn_stream_t *s, ptn_smtp_t *sm, ptn_rc_t rc,
    ptn_str_t login, const ptn_actor_t *actor, const ptn_handle_t *handle)
{
    const ptn_smtp_auth_answer_t  *answer;

    sm->auth_step = PTN_SMTP_AUTH_NONE;
    s->next.mode = PTN_MODE_COMMAND;

    if (rc == PTN_OK) {
        rc = ptn_smtp_keep(&sm->login, login);

        if (rc == PTN_OK) {
            rc = ptn_stream_sign_in(s, "smtp", actor);
        }

        if (rc != PTN_OK) {
            ptn_auth_forget(s->app->auth, handle);
        }
    }

    answer = ptn_smtp_auth_answer(rc);

    if (rc == PTN_OK) {
        sm->authenticated = true;
        sm->handle = *handle;
        s->next.authenticated = 1;

        return ptn_smtp_reply(s, answer->reply);
    }

    if (++sm->auth_tries >= PTN_SMTP_AUTH_TRIES) {
        (void) ptn_smtp_reply(s, answer->reply);
        return ptn_smtp_close_with(s, "421 4.7.0 Too many failures");
    }

    return ptn_smtp_error(s, sm, answer->reply);
}


static ptn_rc_t
ptn_smtp_auth_check(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t response)
{
    ptn_rc_t         rc;
    ptn_str_t        login;
    ptn_actor_t      actor;
    ptn_handle_t     handle;
    ptn_auth_peer_t  peer;

    memset(&handle, 0, sizeof(handle));
    memset(&peer, 0, sizeof(peer));

    peer.addr = s->peer->addr;
    peer.service = PTN_SERVICE_SMTP;
    peer.tls = s->peer->tls;
    peer.local = s->peer->local;

    if (sm->auth_step == PTN_SMTP_AUTH_PLAIN) {
        login = ptn_str_make(NULL, 0);
        rc = ptn_auth_sasl_plain(s->app->auth, s->pool, &peer, response,
                                 &actor, &handle, &login);

    } else {
        login = ptn_str_dup(s->pool, ptn_str_z(sm->login));
        rc = ptn_auth_password(s->app->auth, s->pool, &peer, login, response,
                               &actor, &handle);
    }

    return ptn_smtp_auth_done(s, sm, rc, login, &actor, &handle);
}


static ptn_rc_t
ptn_smtp_auth_ask(ptn_stream_t *s, ptn_smtp_t *sm, ptn_smtp_auth_e step,
    const char *challenge)
{
    sm->auth_step = (uint8_t) step;
    s->next.mode = PTN_MODE_LINE;

    return ptn_stream_printf(s, "334 %s\r\n", challenge);
}


static ptn_rc_t
ptn_smtp_auth_cancel(ptn_stream_t *s, ptn_smtp_t *sm, const char *reply)
{
    sm->auth_step = PTN_SMTP_AUTH_NONE;
    s->next.mode = PTN_MODE_COMMAND;

    return ptn_smtp_error(s, sm, reply);
}


ptn_rc_t
ptn_smtp_auth_line(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t line)
{
    ptn_rc_t   rc;
    ptn_str_t  response;

    if (ptn_str_eqz(line, "*")) {
        return ptn_smtp_auth_cancel(s, sm,
                                    "501 5.7.0 Authentication cancelled");
    }

    rc = ptn_base64_decode(s->pool, line, &response);

    /* the line holds a password: nobody needs it again */

    explicit_bzero(line.data, line.len);

    if (rc != PTN_OK) {
        return ptn_smtp_auth_cancel(s, sm, "501 5.5.2 Malformed response");
    }

    if (sm->auth_step != PTN_SMTP_AUTH_USER) {
        return ptn_smtp_auth_check(s, sm, response);
    }

    if (response.len > 255 || memchr(response.data, '\0', response.len)) {
        return ptn_smtp_auth_cancel(s, sm, "501 5.5.2 Malformed response");
    }

    rc = ptn_smtp_keep(&sm->login, response);
    if (rc != PTN_OK) {
        return ptn_smtp_auth_cancel(s, sm, ptn_err(rc)->smtp);
    }

    return ptn_smtp_auth_ask(s, sm, PTN_SMTP_AUTH_PASSWORD, "UGFzc3dvcmQ6");
}


ptn_rc_t
ptn_smtp_auth(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    size_t     i;
    ptn_str_t  mech, initial;

    if (sm->authenticated) {
        return ptn_smtp_error(s, sm, "503 5.5.1 Already authenticated");
    }

    for (i = 0; i < arg.len && arg.data[i] != ' '; i++) { /* void */ }

    mech = ptn_str_make(arg.data, i);

    while (i < arg.len && arg.data[i] == ' ') {
        i++;
    }

    initial = ptn_str_make(arg.data + i, arg.len - i);

    if (ptn_str_ieqz(mech, "plain")) {
        sm->auth_step = PTN_SMTP_AUTH_PLAIN;

    } else if (ptn_str_ieqz(mech, "login")) {
        sm->auth_step = PTN_SMTP_AUTH_USER;

    } else {
        return ptn_smtp_error(s, sm, mech.len
                                     ? "504 5.5.4 Unknown mechanism"
                                     : "501 5.5.4 A mechanism is needed");
    }

    if (!ptn_smtp_auth_allowed(s)) {
        explicit_bzero(initial.data, initial.len);
        return ptn_smtp_auth_cancel(s, sm, "538 5.7.11 Encryption required");
    }

    if (initial.len == 0) {
        return sm->auth_step == PTN_SMTP_AUTH_PLAIN
               ? ptn_smtp_auth_ask(s, sm, PTN_SMTP_AUTH_PLAIN, "")
               : ptn_smtp_auth_ask(s, sm, PTN_SMTP_AUTH_USER, "VXNlcm5hbWU6");
    }

    /* RFC 4954 4: "=" is an empty initial response */

    if (ptn_str_eqz(initial, "=")) {
        initial.len = 0;
    }

    return ptn_smtp_auth_line(s, sm, initial);
}
