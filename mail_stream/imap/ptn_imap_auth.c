/*
 * CAPABILITY, NOOP, LOGOUT, ID, ENABLE, and sign-in: STARTTLS, LOGIN,
 * AUTHENTICATE PLAIN (RFC 3501 6.1, 6.2; RFC 4616; RFC 4959).
 */

#include "ptn_charset.h"
#include "ptn_imap.h"


/* May a credential come over this connection? */

static bool
ptn_imap_auth_allowed(const ptn_stream_t *s)
{
    return s->peer->tls || s->conf->clear_text_auth;
}


void
ptn_imap_capability_list(ptn_imap_t *c)
{
    size_t  i;

    PTN_IMAP_LIT(c, "IMAP4rev1");

    for (i = 0; i < ptn_imap_ncmds; i++) {

        if (ptn_imap_cmds[i].cap == NULL
            || (c->st->state != PTN_IMAP_NOTAUTH
                && ptn_imap_cmds[i].states == PTN_IMAP_NOTAUTH))
        {
            continue;
        }

        ptn_imap_out_byte(c, ' ');
        ptn_imap_out_z(c, ptn_imap_cmds[i].cap);
    }

    if (c->st->state != PTN_IMAP_NOTAUTH) {
        return;
    }

    if (c->s->peer->starttls) {
        PTN_IMAP_LIT(c, " STARTTLS");
    }

    if (ptn_imap_auth_allowed(c->s)) {
        PTN_IMAP_LIT(c, " AUTH=PLAIN");

    } else {
        PTN_IMAP_LIT(c, " LOGINDISABLED");
    }
}


ptn_rc_t
ptn_imap_capability(ptn_imap_t *c)
{
    if (ptn_imap_parse_eol(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    PTN_IMAP_LIT(c, "* CAPABILITY ");
    ptn_imap_capability_list(c);
    PTN_IMAP_LIT(c, "\r\n");

    return PTN_OK;
}


ptn_rc_t
ptn_imap_noop(ptn_imap_t *c)
{
    return ptn_imap_parse_eol(&c->in);
}


ptn_rc_t
ptn_imap_logout(ptn_imap_t *c)
{
    if (ptn_imap_parse_eol(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    ptn_imap_bye(c, "Logging out");

    return PTN_OK;
}


/* RFC 2971: what the client says of itself is parsed and let go. */

ptn_rc_t
ptn_imap_id(ptn_imap_t *c)
{
    unsigned   n;
    ptn_rc_t   rc;
    ptn_str_t  s;

    if (ptn_imap_parse_sp(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    if (!ptn_imap_parse_word(&c->in, "NIL")) {

        if (!ptn_imap_parse_take(&c->in, '(')) {
            return PTN_EPARSE;
        }

        for (n = 0; !ptn_imap_parse_take(&c->in, ')'); n++) {

            if (n != 0 && ptn_imap_parse_sp(&c->in) != PTN_OK) {
                return PTN_EPARSE;
            }

            rc = n & 1 ? ptn_imap_parse_nstring(&c->in, &s)
                       : ptn_imap_parse_string(&c->in, &s);
            if (rc != PTN_OK) {
                return rc;
            }
        }

        if (n & 1) {
            return PTN_EPARSE;
        }
    }

    if (ptn_imap_parse_eol(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    PTN_IMAP_LIT(c, "* ID (\"name\" \"postern\")\r\n");

    return PTN_OK;
}


/* RFC 5161.  No extension of ours needs enabling: none is. */

ptn_rc_t
ptn_imap_enable(ptn_imap_t *c)
{
    unsigned   n;
    ptn_str_t  s;

    for (n = 0; ptn_imap_parse_take(&c->in, ' '); n++) {
        if (ptn_imap_parse_atom(&c->in, &s) != PTN_OK) {
            return PTN_EPARSE;
        }
    }

    if (n == 0 || ptn_imap_parse_eol(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    PTN_IMAP_LIT(c, "* ENABLED\r\n");

    return PTN_OK;
}


ptn_rc_t
ptn_imap_starttls(ptn_imap_t *c)
{
    if (ptn_imap_parse_eol(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    if (c->s->peer->tls) {
        c->reply = "BAD TLS is active already";
        return PTN_EINVAL;
    }

    if (!c->s->peer->starttls) {
        c->reply = "NO [CANNOT] TLS is not configured";
        return PTN_ESUPPORT;
    }

    c->reply = "OK Begin TLS negotiation now";
    c->s->next.then = PTN_THEN_TLS;

    return PTN_OK;
}


/* Sign-in writes its own line to the log, whatever comes out. */

static void
ptn_imap_auth_peer(const ptn_imap_t *c, ptn_auth_peer_t *peer)
{
    ptn_auth_set_log(c->s->app->auth, c->s->log);

    memset(peer, 0, sizeof(*peer));

    peer->addr = c->s->peer->addr;
    peer->service = PTN_SERVICE_IMAP;
    peer->tls = c->s->peer->tls;
    peer->local = c->s->peer->local;
}


/* Words the outcome and, when it is good, signs the session in. */

static ptn_rc_t
ptn_imap_auth_result(ptn_imap_t *c, ptn_rc_t rc, const ptn_handle_t *handle)
{
    ptn_imap_state_t  *st;

    st = c->st;

    if (rc == PTN_EPARSE) {
        c->reply = "BAD Malformed credential";
        return rc;
    }

    if (rc == PTN_EDENIED) {
        c->reply = "NO [PRIVACYREQUIRED] Use TLS first";
        return rc;
    }

    if (rc == PTN_OK) {
        rc = ptn_stream_sign_in(c->s, "imap", &c->actor);

        if (rc != PTN_OK) {
            ptn_auth_forget(c->s->app->auth, handle);
        }
    }

    if (rc != PTN_OK) {
        c->reply = rc == PTN_EAUTH
                   ? "NO [AUTHENTICATIONFAILED] Authentication failed"
                   : rc == PTN_ELIMIT
                   ? "NO [LIMIT] Too many sessions of this user"
                   : "NO [UNAVAILABLE] Try again later";

        if (++st->refused >= PTN_IMAP_AUTH_MAX) {
            ptn_imap_bye(c, "Too many failed sign-ins");
        }

        return rc;
    }

    st->state = PTN_IMAP_AUTH;
    st->handle = *handle;
    st->slot = ptn_slot(c->actor.mailbox);
    st->user_len = (uint8_t) ptn_min(c->actor.address.len, sizeof(st->user));
    memcpy(st->user, c->actor.address.data, st->user_len);

    /* the worker decides by the same two numbers */

    st->moved = c->s->app->world == NULL
                || ptn_slot_store(c->s->app->world, st->slot % PTN_SLOTS)
                   != c->s->store;

    if (st->moved) {
        ptn_stream_sign_out(c->s);      /* it signs in again over there */
    }

    c->s->next.move_slot = st->slot;
    c->s->next.handle = *handle;

    ptn_imap_out_str(c, c->tag);
    PTN_IMAP_LIT(c, " OK [CAPABILITY ");
    ptn_imap_capability_list(c);
    PTN_IMAP_LIT(c, "] Signed in\r\n");
    c->replied = true;

    return PTN_OK;
}


ptn_rc_t
ptn_imap_login(ptn_imap_t *c)
{
    ptn_rc_t         rc;
    ptn_str_t        login, password;
    ptn_handle_t     handle;
    ptn_auth_peer_t  peer;

    rc = ptn_imap_parse_sp_astring(&c->in, &login);

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp_astring(&c->in, &password);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(&c->in);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    ptn_imap_auth_peer(c, &peer);

    rc = ptn_auth_password(c->s->app->auth, c->s->pool, &peer, login, password,
                           &c->actor, &handle);

    return ptn_imap_auth_result(c, rc, &handle);
}


static ptn_rc_t
ptn_imap_auth_plain(ptn_imap_t *c, ptn_str_t encoded)
{
    ptn_rc_t         rc;
    ptn_str_t        response, login = ptn_null_string;
    ptn_handle_t     handle;
    ptn_auth_peer_t  peer;

    if (ptn_base64_decode(c->s->pool, encoded, &response) != PTN_OK) {
        return ptn_imap_auth_result(c, PTN_EPARSE, NULL);
    }

    ptn_imap_auth_peer(c, &peer);

    rc = ptn_auth_sasl_plain(c->s->app->auth, c->s->pool, &peer, response,
                             &c->actor, &handle, &login);

    return ptn_imap_auth_result(c, rc, &handle);
}


ptn_rc_t
ptn_imap_authenticate(ptn_imap_t *c)
{
    ptn_str_t  mech, initial;

    if (ptn_imap_parse_sp(&c->in) != PTN_OK
        || ptn_imap_parse_atom(&c->in, &mech) != PTN_OK)
    {
        return PTN_EPARSE;
    }

    initial = ptn_str_make(NULL, 0);

    if (ptn_imap_parse_take(&c->in, ' ')) {
        initial.data = c->in.p;

        while (c->in.p < c->in.end && *c->in.p > ' ') {
            c->in.p++;
        }

        initial.len = (size_t) (c->in.p - initial.data);
    }

    if (ptn_imap_parse_eol(&c->in) != PTN_OK) {
        return PTN_EPARSE;
    }

    if (!ptn_str_ieqz(mech, "PLAIN")) {
        c->reply = "NO [CANNOT] Mechanism not supported";
        return PTN_ESUPPORT;
    }

    if (initial.len == 0 && !ptn_imap_auth_allowed(c->s)) {
        return ptn_imap_auth_result(c, PTN_EDENIED, NULL);
    }

    if (initial.len != 0) {
        return ptn_imap_auth_plain(c, ptn_str_eqz(initial, "=")
                                      ? ptn_str_make(NULL, 0) : initial);
    }

    c->st->wait = PTN_IMAP_WAIT_SASL;
    PTN_IMAP_LIT(c, "+ \r\n");

    return PTN_OK;
}


ptn_rc_t
ptn_imap_authenticate_line(ptn_imap_t *c, ptn_str_t line)
{
    if (ptn_str_eqz(line, "*")) {
        c->reply = "BAD Authentication cancelled";
        return PTN_ECANCEL;
    }

    return ptn_imap_auth_plain(c, line);
}
