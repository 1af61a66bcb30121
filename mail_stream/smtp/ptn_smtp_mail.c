#include <stdlib.h>

#include "ptn_smtp.h"


static const char *const  ptn_smtp_path_errors[] = {
    [PTN_SMTP_PATH_OK] = NULL,
    [PTN_SMTP_PATH_BAD] = "501 5.1.7 Bad address syntax",
    [PTN_SMTP_PATH_8BIT] = "553 5.6.7 SMTPUTF8 is not supported",
    [PTN_SMTP_PATH_LONG] = "553 5.1.7 Address too long"
};


/* --- MAIL -------------------------------------------------------------- */

typedef struct {
    uint64_t  size;
    bool      body8;
} ptn_smtp_mail_params_t;


static const char *
ptn_smtp_mail_size(ptn_stream_t *s, ptn_str_t value, ptn_smtp_mail_params_t *p)
{
    ptn_rc_t  rc;

    /* RFC 1870 3: up to 20 digits; what does not fit 64 bits is too big */

    rc = ptn_str_u64(value, UINT64_MAX, &p->size);

    if (rc == PTN_EPARSE || value.len > 20) {
        return "501 5.5.4 Bad SIZE";
    }

    if (rc != PTN_OK || p->size > s->conf->message_max) {
        return "552 5.3.4 Message too big";
    }

    return NULL;
}


static const char *
ptn_smtp_mail_body(ptn_stream_t *s, ptn_str_t value, ptn_smtp_mail_params_t *p)
{
    (void) s;

    if (ptn_str_ieqz(value, "8bitmime")) {
        p->body8 = true;
        return NULL;
    }

    return ptn_str_ieqz(value, "7bit") ? NULL : "501 5.5.4 Unknown BODY";
}


static const char *
ptn_smtp_mail_auth(ptn_stream_t *s, ptn_str_t value, ptn_smtp_mail_params_t *p)
{
    (void) s;
    (void) p;

    /* RFC 4954 5: who submitted it first; nothing here depends on it */

    return value.len ? NULL : "501 5.5.4 Bad AUTH";
}


static const struct {
    const char   *key;
    const char *(*get)(ptn_stream_t *s, ptn_str_t value,
                     ptn_smtp_mail_params_t *p);
} ptn_smtp_mail_keys[] = {
    { "SIZE", ptn_smtp_mail_size },
    { "BODY", ptn_smtp_mail_body },
    { "AUTH", ptn_smtp_mail_auth },
};


static const char *
ptn_smtp_mail_params(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t rest,
    ptn_smtp_mail_params_t *p)
{
    size_t       i;
    ptn_rc_t     rc;
    ptn_str_t    key, value;
    const char  *error;

    memset(p, 0, sizeof(ptn_smtp_mail_params_t));

    while (ptn_smtp_param(&rest, &key, &value, &rc)) {

        for (i = 0; i < ptn_nelts(ptn_smtp_mail_keys); i++) {
            if (ptn_str_ieqz(key, ptn_smtp_mail_keys[i].key)) {
                break;
            }
        }

        if (i == ptn_nelts(ptn_smtp_mail_keys) || !sm->extended) {
            return "555 5.5.4 Unknown parameter";
        }

        error = ptn_smtp_mail_keys[i].get(s, value, p);
        if (error != NULL) {
            return error;
        }
    }

    return rc == PTN_OK ? NULL : "501 5.5.4 Bad parameter";
}


/* Submission: who is signed in may send as its own addresses only. */

static const char *
ptn_smtp_mail_sender(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t address)
{
    ptn_rc_t     rc;
    ptn_actor_t  actor;

    if (sm->variant != PTN_SMTP_SUBMISSION) {
        return NULL;
    }

    /* disabled, or its password changed, since it signed in? */

    rc = ptn_auth_handle(s->app->auth, s->pool, &sm->handle, &actor);

    if (rc == PTN_ESTALE) {
        ptn_stream_sign_out(s);
        sm->authenticated = false;
        s->next.authenticated = 0;
        return "530 5.7.0 Authentication required";
    }

    if (rc == PTN_OK && address.len) {
        rc = ptn_directory_may_send_as(s->app->directory, actor.user, address);
    }

    /* an empty sender is what read receipts (RFC 8098 3) are sent with */

    if (rc == PTN_EDENIED || rc == PTN_ENOTFOUND || rc == PTN_ESUPPORT) {
        return "553 5.7.1 Not one of your addresses";
    }

    return rc == PTN_OK ? NULL : "451 4.3.0 Temporary failure";
}


ptn_rc_t
ptn_smtp_mail(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    ptn_str_t                address, rest;
    const char              *error;
    ptn_smtp_path_e          path;
    ptn_smtp_mail_params_t   params;

    if (!ptn_str_istarts(arg, "FROM:")) {
        return ptn_smtp_error(s, sm, "501 5.5.4 Syntax: MAIL FROM:<address>");
    }

    arg.data += 5;
    arg.len -= 5;

    path = ptn_smtp_path(s->pool, arg, &address, &rest);
    if (path != PTN_SMTP_PATH_OK) {
        return ptn_smtp_error(s, sm, ptn_smtp_path_errors[path]);
    }

    error = ptn_smtp_mail_params(s, sm, rest, &params);
    if (error != NULL) {
        return ptn_smtp_error(s, sm, error);
    }

    error = ptn_smtp_mail_sender(s, sm, address);
    if (error != NULL) {
        return ptn_smtp_error(s, sm, error);
    }

    if (ptn_smtp_keep(&sm->sender, address) != PTN_OK) {
        return ptn_smtp_reply(s, ptn_err(PTN_ENOMEM)->smtp);
    }

    sm->mail = true;
    sm->body8 = params.body8;

    return ptn_smtp_reply(s, "250 2.1.0 Ok");
}


/* --- RCPT -------------------------------------------------------------- */

static ptn_rc_t
ptn_smtp_rcpt_add(ptn_smtp_t *sm, ptn_str_t address)
{
    char      **rcpt, *copy;
    uint32_t    size;

    if (sm->nrcpt == sm->rcpt_size) {
        size = sm->rcpt_size ? sm->rcpt_size * 2 : 4;

        rcpt = realloc(sm->rcpt, size * sizeof(char *));
        if (rcpt == NULL) {
            return PTN_ENOMEM;
        }

        sm->rcpt = rcpt;
        sm->rcpt_size = size;
    }

    copy = NULL;

    if (ptn_smtp_keep(&copy, address) != PTN_OK) {
        return PTN_ENOMEM;
    }

    sm->rcpt[sm->nrcpt++] = copy;

    return PTN_OK;
}


static bool
ptn_smtp_rcpt_known(const ptn_smtp_t *sm, ptn_str_t address)
{
    uint32_t  i;

    for (i = 0; i < sm->nrcpt; i++) {
        if (ptn_str_ieq(ptn_str_z(sm->rcpt[i]), address)) {
            return true;
        }
    }

    return false;
}


/* NULL: it is taken. */

static const char *
ptn_smtp_rcpt_refusal(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t address)
{
    ptn_rc_t    rc;
    ptn_rcpt_t  rcpt;

    rc = ptn_directory_resolve(s->app->directory, s->pool, address, &rcpt);

    switch (rc) {

    case PTN_OK:
        return rcpt.foreign.len && s->conf->relay_host == NULL
               ? "550 5.4.4 No relay for forwarded mail" : NULL;

    case PTN_ESUPPORT:
        if (sm->variant != PTN_SMTP_SUBMISSION) {
            return "550 5.7.1 Relaying denied";
        }

        return s->conf->relay_host == NULL
               ? "550 5.4.4 No relay for mail to other domains" : NULL;

    case PTN_ENOTFOUND:
        return "550 5.1.1 No such user here";

    case PTN_EDENIED:
        return "550 5.2.1 Mailbox disabled";

    case PTN_ELIMIT:
        return "550 5.4.6 Alias loop";

    default:
        return "451 4.3.0 Temporary failure";
    }
}


ptn_rc_t
ptn_smtp_rcpt(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    ptn_rc_t          rc;
    ptn_str_t         address, rest, key, value;
    const char       *refusal;
    ptn_smtp_path_e   path;

    if (!ptn_str_istarts(arg, "TO:")) {
        return ptn_smtp_error(s, sm, "501 5.5.4 Syntax: RCPT TO:<address>");
    }

    arg.data += 3;
    arg.len -= 3;

    path = ptn_smtp_path(s->pool, arg, &address, &rest);

    if (path == PTN_SMTP_PATH_OK && address.len == 0) {
        path = PTN_SMTP_PATH_BAD;
    }

    if (path != PTN_SMTP_PATH_OK) {
        return ptn_smtp_error(s, sm, ptn_smtp_path_errors[path]);
    }

    if (ptn_smtp_param(&rest, &key, &value, &rc) || rc != PTN_OK) {
        return ptn_smtp_error(s, sm, "555 5.5.4 Unknown parameter");
    }

    if (sm->nrcpt >= s->conf->rcpt_max) {
        return ptn_smtp_reply(s, "452 4.5.3 Too many recipients");
    }

    if (memchr(address.data, '@', address.len) == NULL) {
        address = ptn_str_printf(s->pool, "%.*s@%s", ptn_str_arg(address),
                                 s->conf->hostname);
    }

    refusal = ptn_smtp_rcpt_refusal(s, sm, address);

    if (refusal != NULL) {
        ptn_log(s->log, PTN_LOG_INFO,
                "smtp client=%.*s from=\"%s\" to=\"%.*s\" refused=\"%s\"",
                ptn_str_arg(s->peer->addr), sm->sender, ptn_str_arg(address),
                refusal);

        if (++sm->refused > PTN_SMTP_REFUSED_MAX) {
            return ptn_smtp_close_with(s, "421 4.7.0 Too many errors");
        }

        return ptn_smtp_reply(s, refusal);
    }

    /* once is enough; LMTP answers for each, so it keeps them all */

    if (sm->variant == PTN_SMTP_LMTP || !ptn_smtp_rcpt_known(sm, address)) {
        rc = ptn_smtp_rcpt_add(sm, address);
        if (rc != PTN_OK) {
            return ptn_smtp_reply(s, ptn_err(rc)->smtp);
        }
    }

    return ptn_smtp_reply(s, "250 2.1.5 Ok");
}
