#include <stdlib.h>

#include "ptn_smtp.h"


ptn_rc_t
ptn_smtp_reply(ptn_stream_t *s, const char *line)
{
    return ptn_stream_printf(s, "%s\r\n", line);
}


ptn_rc_t
ptn_smtp_close_with(ptn_stream_t *s, const char *line)
{
    s->next.then = PTN_THEN_CLOSE;

    return ptn_smtp_reply(s, line);
}


ptn_rc_t
ptn_smtp_error(ptn_stream_t *s, ptn_smtp_t *sm, const char *line)
{
    if (++sm->errors > PTN_SMTP_ERRORS_MAX) {
        ptn_log(s->log, PTN_LOG_INFO,
                "smtp client=%.*s refused=errors", ptn_str_arg(s->peer->addr));

        return ptn_smtp_close_with(s, "421 4.7.0 Too many errors");
    }

    return ptn_smtp_reply(s, line);
}


ptn_rc_t
ptn_smtp_keep(char **dst, ptn_str_t str)
{
    char  *p;

    p = malloc(str.len + 1);
    if (p == NULL) {
        return PTN_ENOMEM;
    }

    if (str.len) {
        memcpy(p, str.data, str.len);
    }

    p[str.len] = '\0';

    free(*dst);
    *dst = p;

    return PTN_OK;
}


void
ptn_smtp_reset(ptn_smtp_t *sm)
{
    uint32_t  i;

    for (i = 0; i < sm->nrcpt; i++) {
        free(sm->rcpt[i]);
    }

    free(sm->rcpt);
    free(sm->sender);

    sm->rcpt = NULL;
    sm->sender = NULL;
    sm->nrcpt = 0;
    sm->rcpt_size = 0;
    sm->mail = false;
    sm->body8 = false;
}


static void
ptn_smtp_forget(ptn_smtp_t *sm, ptn_app_t *app)
{
    ptn_smtp_reset(sm);

    if (sm->authenticated) {
        ptn_auth_forget(app->auth, &sm->handle);
        sm->authenticated = false;
    }

    free(sm->helo);
    free(sm->login);

    sm->helo = NULL;
    sm->login = NULL;
}


/* --- commands --------------------------------------------------------- */

static ptn_rc_t
ptn_smtp_greeted(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg, bool extended)
{
    if (!ptn_smtp_domain(arg)) {
        (void) ptn_smtp_error(s, sm, "501 5.5.4 A host name is needed");
        return PTN_EINVAL;
    }

    if (ptn_smtp_keep(&sm->helo, arg) != PTN_OK) {
        (void) ptn_smtp_reply(s, ptn_err(PTN_ENOMEM)->smtp);
        return PTN_ENOMEM;
    }

    /* RFC 5321 4.1.4: a new EHLO ends the transaction */

    ptn_smtp_reset(sm);
    sm->extended = extended;

    return PTN_OK;
}


static ptn_rc_t
ptn_smtp_ehlo(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    if (ptn_smtp_greeted(s, sm, arg, true) != PTN_OK) {
        return PTN_OK;
    }

    (void) ptn_stream_printf(s, "250-%s\r\n250-PIPELINING\r\n250-SIZE %llu\r\n"
                             "250-8BITMIME\r\n", s->conf->hostname,
                             (unsigned long long) s->conf->message_max);

    if (s->peer->starttls && !s->peer->tls) {
        (void) ptn_stream_str(s, ptn_str("250-STARTTLS\r\n"));
    }

    if (sm->variant == PTN_SMTP_SUBMISSION && ptn_smtp_auth_allowed(s)
        && !sm->authenticated)
    {
        (void) ptn_stream_str(s, ptn_str("250-AUTH PLAIN LOGIN\r\n"));
    }

    return ptn_stream_str(s, ptn_str("250 ENHANCEDSTATUSCODES\r\n"));
}


static ptn_rc_t
ptn_smtp_helo(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    if (ptn_smtp_greeted(s, sm, arg, false) != PTN_OK) {
        return PTN_OK;
    }

    return ptn_stream_printf(s, "250 %s\r\n", s->conf->hostname);
}


static ptn_rc_t
ptn_smtp_starttls(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) arg;

    if (!s->peer->starttls || s->peer->tls) {
        return ptn_smtp_error(s, sm, "503 5.5.1 TLS is not possible now");
    }

    /* RFC 3207 4.2: all that was said so far is forgotten */

    ptn_smtp_forget(sm, s->app);
    s->next.then = PTN_THEN_TLS;

    return ptn_smtp_reply(s, "220 2.0.0 Go ahead");
}


static ptn_rc_t
ptn_smtp_rset(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) arg;

    ptn_smtp_reset(sm);

    return ptn_smtp_reply(s, "250 2.0.0 Ok");
}


static ptn_rc_t
ptn_smtp_noop(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) sm;
    (void) arg;

    return ptn_smtp_reply(s, "250 2.0.0 Ok");
}


static ptn_rc_t
ptn_smtp_quit(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) sm;
    (void) arg;

    return ptn_smtp_close_with(s, "221 2.0.0 Bye");
}


/* Tells nobody who is here (RFC 5321 3.5.3, 7.3). */

static ptn_rc_t
ptn_smtp_vrfy(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) arg;

    return ptn_smtp_error(s, sm, "252 2.5.0 Send some mail, I will try");
}


static ptn_rc_t
ptn_smtp_expn(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) arg;

    return ptn_smtp_error(s, sm, "502 5.5.1 Not implemented");
}


static ptn_rc_t
ptn_smtp_help(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg)
{
    (void) sm;
    (void) arg;

    return ptn_smtp_reply(s, "214 2.0.0 See RFC 5321");
}


#define PTN_SMTP_ANY   (PTN_SMTP_MX|PTN_SMTP_SUBMISSION|PTN_SMTP_LMTP)
#define PTN_SMTP_SMTP  (PTN_SMTP_MX|PTN_SMTP_SUBMISSION)

const ptn_smtp_cmd_t  ptn_smtp_cmds[] = {

    { "EHLO", PTN_SMTP_SMTP, 0, ptn_smtp_ehlo },
    { "HELO", PTN_SMTP_SMTP, 0, ptn_smtp_helo },
    { "LHLO", PTN_SMTP_LMTP, 0, ptn_smtp_ehlo },

    { "STARTTLS", PTN_SMTP_ANY, PTN_SMTP_NO_ARG|PTN_SMTP_NO_MAIL,
      ptn_smtp_starttls },

    { "AUTH", PTN_SMTP_SUBMISSION, PTN_SMTP_HELO|PTN_SMTP_NO_MAIL,
      ptn_smtp_auth },

    { "MAIL", PTN_SMTP_ANY, PTN_SMTP_HELO|PTN_SMTP_SIGNED|PTN_SMTP_NO_MAIL,
      ptn_smtp_mail },

    { "RCPT", PTN_SMTP_ANY, PTN_SMTP_HELO|PTN_SMTP_MAIL, ptn_smtp_rcpt },

    { "DATA", PTN_SMTP_ANY, PTN_SMTP_HELO|PTN_SMTP_MAIL|PTN_SMTP_NO_ARG,
      ptn_smtp_data },

    { "RSET", PTN_SMTP_ANY, PTN_SMTP_NO_ARG, ptn_smtp_rset },
    { "NOOP", PTN_SMTP_ANY, 0, ptn_smtp_noop },
    { "QUIT", PTN_SMTP_ANY, PTN_SMTP_NO_ARG, ptn_smtp_quit },
    { "VRFY", PTN_SMTP_ANY, 0, ptn_smtp_vrfy },
    { "EXPN", PTN_SMTP_ANY, 0, ptn_smtp_expn },
    { "HELP", PTN_SMTP_ANY, 0, ptn_smtp_help },

    { NULL, 0, 0, NULL }
};


/* NULL: the command may run; else what to answer. */

static const char *
ptn_smtp_refusal(const ptn_smtp_t *sm, const ptn_smtp_cmd_t *cmd,
    ptn_str_t arg)
{
    if ((cmd->flags & PTN_SMTP_NO_ARG) && arg.len) {
        return "501 5.5.4 No argument is allowed";
    }

    if ((cmd->flags & PTN_SMTP_HELO) && sm->helo == NULL) {
        return sm->variant == PTN_SMTP_LMTP ? "503 5.5.1 Send LHLO first"
                                            : "503 5.5.1 Send EHLO first";
    }

    if ((cmd->flags & PTN_SMTP_SIGNED) && !sm->authenticated
        && sm->variant == PTN_SMTP_SUBMISSION)
    {
        return "530 5.7.0 Authentication required";
    }

    if ((cmd->flags & PTN_SMTP_NO_MAIL) && sm->mail) {
        return "503 5.5.1 Not within a mail transaction";
    }

    if ((cmd->flags & PTN_SMTP_MAIL) && !sm->mail) {
        return "503 5.5.1 Send MAIL first";
    }

    return NULL;
}


static ptn_rc_t
ptn_smtp_command(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t line)
{
    size_t                 i;
    ptn_str_t              name, arg;
    const char            *refusal;
    const ptn_smtp_cmd_t  *cmd;

    for (i = 0; i < line.len && line.data[i] != ' '; i++) { /* void */ }

    name = ptn_str_make(line.data, i);

    while (i < line.len && line.data[i] == ' ') {
        i++;
    }

    arg = ptn_str_make(line.data + i, line.len - i);

    while (arg.len > 0 && arg.data[arg.len - 1] == ' ') {
        arg.len--;
    }

    for (cmd = ptn_smtp_cmds; cmd->name != NULL; cmd++) {
        if (ptn_str_ieqz(name, cmd->name) && (cmd->variants & sm->variant)) {
            break;
        }
    }

    if (cmd->name == NULL) {
        return ptn_smtp_error(s, sm, "500 5.5.2 Command not recognized");
    }

    refusal = ptn_smtp_refusal(sm, cmd, arg);
    if (refusal != NULL) {
        return ptn_smtp_error(s, sm, refusal);
    }

    return cmd->run(s, sm, arg);
}


/* --- the protocol ------------------------------------------------------ */

static uint8_t
ptn_smtp_variant(ptn_str_t name)
{
    if (ptn_str_eqz(name, "lmtp")) {
        return PTN_SMTP_LMTP;
    }

    if (ptn_str_eqz(name, "submission")) {
        return PTN_SMTP_SUBMISSION;
    }

    return PTN_SMTP_MX;
}


static ptn_rc_t
ptn_smtp_open(ptn_stream_t *s, bool greet, const ptn_handle_t *handle)
{
    ptn_smtp_t  *sm = s->state;

    (void) handle;

    sm->variant = ptn_smtp_variant(s->peer->variant);

    s->next.mode = PTN_MODE_COMMAND;
    s->next.then = PTN_THEN_READ;
    s->next.body_max = s->conf->message_max;
    s->next.timeout = 300;              /* RFC 5321 4.5.3.2.7 */

    if (!greet) {
        return PTN_OK;
    }

    return ptn_stream_printf(s, "220 %s %s ready\r\n", s->conf->hostname,
                             sm->variant == PTN_SMTP_LMTP ? "LMTP" : "ESMTP");
}


static ptn_rc_t
ptn_smtp_input(ptn_stream_t *s, const ptn_stream_unit_t *unit)
{
    ptn_str_t    line;
    ptn_smtp_t  *sm = s->state;

    if (s->next.mode == PTN_MODE_DATA) {
        return ptn_smtp_message(s, sm, unit);
    }

    line = unit->text;

    /* what ends in a bare LF is not a line (RFC 5321 2.3.8) */

    if (line.len < 2 || line.data[line.len - 2] != '\r') {
        sm->auth_step = PTN_SMTP_AUTH_NONE;
        s->next.mode = PTN_MODE_COMMAND;

        return ptn_smtp_error(s, sm, line.len == 1
                                     ? "500 5.5.6 Line too long"
                                     : "500 5.5.2 A line must end in CR LF");
    }

    line.len -= 2;

    if (s->next.mode == PTN_MODE_LINE) {
        return ptn_smtp_auth_line(s, sm, line);
    }

    return ptn_smtp_command(s, sm, line);
}


static ptn_rc_t
ptn_smtp_wake(ptn_stream_t *s)
{
    (void) s;

    return PTN_OK;
}


/*
 * The commit failed or the session is lost.  After data, LMTP owes one reply
 * for each recipient that had been accepted.
 */
static void
ptn_smtp_failed(ptn_stream_t *s, const ptn_stream_unit_t *unit, ptn_rc_t rc)
{
    bool         data;
    uint32_t     n;
    const char  *line;
    ptn_smtp_t  *sm = s->state;

    data = ptn_str_eqz(unit->text, ".\r\n");

    s->next.mode = PTN_MODE_COMMAND;
    sm->auth_step = PTN_SMTP_AUTH_NONE;
    ptn_smtp_reset(sm);

    if (rc == PTN_ESTALE) {
        (void) ptn_smtp_close_with(s, "421 4.3.2 Session lost");
        return;
    }

    line = rc == PTN_ENOSPC ? ptn_err(rc)->smtp
                            : "451 4.3.0 Temporary failure, nothing was done";

    n = data && sm->variant == PTN_SMTP_LMTP ? sm->answers : 1;

    while (n-- > 0) {
        (void) ptn_smtp_reply(s, line);
    }
}


static void
ptn_smtp_close(void *state, ptn_app_t *app)
{
    ptn_smtp_forget(state, app);
}


const ptn_stream_proto_t  ptn_smtp_proto = {
    .name = "smtp",
    .state_size = sizeof(ptn_smtp_t),
    .busy = ptn_string("421 4.3.2 Temporarily unavailable\r\n"),
    .shutdown = ptn_string("421 4.3.2 Server shutting down\r\n"),
    .timeout = ptn_string("421 4.4.2 Timeout\r\n"),
    .frame = ptn_smtp_frame,
    .open = ptn_smtp_open,
    .input = ptn_smtp_input,
    .wake = ptn_smtp_wake,
    .failed = ptn_smtp_failed,
    .close = ptn_smtp_close,
    .prepare = ptn_smtp_prepare,
};
