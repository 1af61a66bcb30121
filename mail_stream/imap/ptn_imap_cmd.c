/*
 * The table of commands, and the protocol as mail_stream/core sees it.
 */

#include "ptn_imap.h"


const ptn_imap_cmd_t  ptn_imap_cmds[] = {

#define N   PTN_IMAP_NOTAUTH
#define A   PTN_IMAP_SIGNED_IN
#define S   PTN_IMAP_SELECTED
#define ANY PTN_IMAP_ANY
#define M   PTN_IMAP_MBOX
#define RW  PTN_IMAP_RW
#define SEQ PTN_IMAP_KEEP_SEQ
#define NOS PTN_IMAP_NO_SYNC
#define END (PTN_IMAP_NO_SYNC|PTN_IMAP_BARRIER)
#define SEC (PTN_IMAP_SECRET|END)

    { "CAPABILITY", ANY, 0, PTN_CLASS_SHORT, NULL, ptn_imap_capability },
    { "NOOP", ANY, 0, PTN_CLASS_SHORT, NULL, ptn_imap_noop },
    { "LOGOUT", ANY, END, PTN_CLASS_SHORT, NULL, ptn_imap_logout },
    { "ID", ANY, 0, PTN_CLASS_SHORT, "ID", ptn_imap_id },

    { "STARTTLS", N, END, PTN_CLASS_SHORT, NULL, ptn_imap_starttls },
    { "LOGIN", N, SEC, PTN_CLASS_AUTH, NULL, ptn_imap_login },
    { "AUTHENTICATE", N, SEC, PTN_CLASS_AUTH, "SASL-IR",
      ptn_imap_authenticate },

    { "ENABLE", A, 0, PTN_CLASS_SHORT, "ENABLE", ptn_imap_enable },
    { "LIST", A, M, PTN_CLASS_SHORT,
      "LIST-EXTENDED LIST-STATUS CHILDREN SPECIAL-USE", ptn_imap_list },
    { "LSUB", A, M, PTN_CLASS_SHORT, NULL, ptn_imap_lsub },
    { "NAMESPACE", A, 0, PTN_CLASS_SHORT, "NAMESPACE", ptn_imap_namespace },
    { "STATUS", A, M, PTN_CLASS_SHORT, NULL, ptn_imap_status },
    { "CREATE", A, M, PTN_CLASS_WRITE, NULL, ptn_imap_create },
    { "DELETE", A, M, PTN_CLASS_WRITE, NULL, ptn_imap_delete },
    { "RENAME", A, M, PTN_CLASS_WRITE, NULL, ptn_imap_rename },
    { "SUBSCRIBE", A, M, PTN_CLASS_WRITE, NULL, ptn_imap_subscribe },
    { "UNSUBSCRIBE", A, M, PTN_CLASS_WRITE, NULL, ptn_imap_unsubscribe },
    { "APPEND", A, M, PTN_CLASS_WRITE, "LITERAL+ UIDPLUS", ptn_imap_append },
    { "IDLE", A, M|END, PTN_CLASS_SHORT, "IDLE", ptn_imap_idle },

    { "SELECT", A, M|NOS, PTN_CLASS_SHORT, NULL, ptn_imap_select },
    { "EXAMINE", A, M|NOS, PTN_CLASS_SHORT, NULL, ptn_imap_examine },
    { "CLOSE", S, M|NOS, PTN_CLASS_WRITE, NULL, ptn_imap_close },
    { "UNSELECT", S, NOS, PTN_CLASS_SHORT, "UNSELECT", ptn_imap_unselect },
    { "CHECK", S, 0, PTN_CLASS_SHORT, NULL, ptn_imap_check },
    { "EXPUNGE", S, M|RW, PTN_CLASS_WRITE, NULL, ptn_imap_expunge },
    { "UID EXPUNGE", S, M|RW, PTN_CLASS_WRITE, NULL, ptn_imap_uid_expunge },

    { "FETCH", S, M|SEQ, PTN_CLASS_SHORT, NULL, ptn_imap_fetch },
    { "UID FETCH", S, M, PTN_CLASS_SHORT, NULL, ptn_imap_fetch },
    { "STORE", S, M|RW|SEQ, PTN_CLASS_WRITE, NULL, ptn_imap_store },
    { "UID STORE", S, M|RW, PTN_CLASS_WRITE, NULL, ptn_imap_store },
    { "SEARCH", S, M|SEQ, PTN_CLASS_SHORT, NULL, ptn_imap_search },
    { "UID SEARCH", S, M, PTN_CLASS_SHORT, NULL, ptn_imap_search },
    { "COPY", S, M, PTN_CLASS_WRITE, NULL, ptn_imap_copy },
    { "UID COPY", S, M, PTN_CLASS_WRITE, NULL, ptn_imap_copy },
    { "MOVE", S, M|RW, PTN_CLASS_WRITE, "MOVE", ptn_imap_move },
    { "UID MOVE", S, M|RW, PTN_CLASS_WRITE, NULL, ptn_imap_move }

#undef N
#undef A
#undef S
#undef ANY
#undef M
#undef RW
#undef SEQ
#undef NOS
#undef SEC
#undef END
};

const size_t  ptn_imap_ncmds = ptn_nelts(ptn_imap_cmds);


const ptn_imap_cmd_t *
ptn_imap_cmd_find(ptn_str_t name)
{
    size_t  i;

    for (i = 0; i < ptn_nelts(ptn_imap_cmds); i++) {
        if (ptn_str_ieqz(name, ptn_imap_cmds[i].name)) {
            return &ptn_imap_cmds[i];
        }
    }

    return NULL;
}


static void
ptn_imap_cmd_init(ptn_imap_t *c, ptn_stream_t *s)
{
    memset(c, 0, offsetof(ptn_imap_t, buf));

    c->s = s;
    c->st = s->state;
    c->in.pool = s->pool;
}


/* What the driver must do next; the watch is set by IDLE alone. */

static ptn_rc_t
ptn_imap_cmd_leave(ptn_imap_t *c)
{
    ptn_stream_t      *s;
    ptn_imap_state_t  *st;

    s = c->s;
    st = c->st;

    ptn_imap_out_push(c);

    s->next.mode = st->wait == PTN_IMAP_WAIT_NONE ? PTN_MODE_COMMAND
                                                  : PTN_MODE_LINE;
    s->next.authenticated = st->state != PTN_IMAP_NOTAUTH;
    s->next.watch = st->wait == PTN_IMAP_WAIT_DONE;

    if (st->state == PTN_IMAP_NOTAUTH) {
        s->next.body_max = 0;
        s->next.timeout = PTN_IMAP_LOGIN_TIME;

    } else {
        s->next.body_max = s->conf->message_max;
        s->next.timeout = s->next.watch ? PTN_IMAP_IDLE_TIME
                                        : ptn_max(s->conf->idle_timeout, 1800u);
    }

    return c->failed;
}


void
ptn_imap_bye(ptn_imap_t *c, const char *text)
{
    if (!c->st->dead) {
        PTN_IMAP_LIT(c, "* BYE ");
        ptn_imap_out_z(c, text);
        PTN_IMAP_LIT(c, "\r\n");
    }

    c->st->dead = true;
    c->s->next.then = PTN_THEN_CLOSE;
}


static void
ptn_imap_cmd_bad(ptn_imap_t *c)
{
    if (++c->st->bad >= PTN_IMAP_BAD_MAX) {
        ptn_imap_bye(c, "Too many errors");
    }
}


void
ptn_imap_user(const ptn_actor_t *actor, ptn_user_t *user)
{
    memset(user, 0, sizeof(ptn_user_t));
    user->id = actor->user;
    user->mailbox = actor->mailbox;
    user->address = actor->address;
    user->locale = actor->locale;
    user->quota = actor->quota;
    user->generation = actor->generation;
    user->services = PTN_SERVICE_ALL;
}


/* Who acts is asked anew for each command: a changed password or a disabled
 * user ends the session here. */

ptn_rc_t
ptn_imap_enter(ptn_imap_t *c)
{
    ptn_rc_t       rc;
    ptn_user_t     user;
    ptn_stream_t  *s;

    if (c->mb != NULL) {
        return PTN_OK;
    }

    s = c->s;

    rc = ptn_auth_handle(s->app->auth, s->pool, &c->st->handle, &c->actor);
    if (rc != PTN_OK) {
        ptn_imap_bye(c, "Sign-in is no longer valid");
        return PTN_ESTALE;
    }

    ptn_imap_user(&c->actor, &user);

    return ptn_mbox_open(s->app->store, &user, &c->actor, &c->mb);
}


static void
ptn_imap_cmd_tagged(ptn_imap_t *c, ptn_rc_t rc)
{
    const char  *word;

    if (c->replied) {
        return;
    }

    ptn_imap_out_str(c, c->tag);
    ptn_imap_out_byte(c, ' ');

    if (c->reply != NULL) {
        ptn_imap_out_z(c, c->reply);

    } else if (rc == PTN_OK) {
        PTN_IMAP_LIT(c, "OK ");
        ptn_imap_out_z(c, c->cmd->name);
        PTN_IMAP_LIT(c, " completed");

    } else if (rc == PTN_ETOOBIG) {
        PTN_IMAP_LIT(c, "NO [TOOBIG] Too big");

    } else {
        word = ptn_err(rc)->imap;
        ptn_imap_out_z(c, word);
        ptn_imap_out_byte(c, ' ');
        ptn_imap_out_z(c, strcmp(word, "BAD") == 0 ? "Error in arguments of "
                                                   : "Could not do ");
        ptn_imap_out_z(c, c->cmd->name);
    }

    PTN_IMAP_LIT(c, "\r\n");
}


static bool
ptn_imap_cmd_wants_mbox(const ptn_imap_t *c)
{
    return (c->cmd->flags & PTN_IMAP_MBOX)
           || (c->st->view != NULL && !(c->cmd->flags & PTN_IMAP_NO_SYNC));
}


static ptn_rc_t
ptn_imap_cmd_run(ptn_imap_t *c)
{
    ptn_rc_t  rc, sync;

    if (!(c->cmd->states & c->st->state)) {
        c->reply = "BAD Not in this state";
        return PTN_EINVAL;
    }

    if ((c->cmd->flags & PTN_IMAP_RW) && c->st->read_only) {
        c->reply = "NO [READ-ONLY] Mailbox is open read-only";
        return PTN_EDENIED;
    }

    if (ptn_imap_cmd_wants_mbox(c)) {
        rc = ptn_imap_enter(c);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    rc = c->cmd->run(c);

    if (c->st->view != NULL && c->mb != NULL && c->failed == PTN_OK
        && !c->st->dead && !(c->cmd->flags & PTN_IMAP_NO_SYNC))
    {
        sync = ptn_imap_sync(c, !(c->cmd->flags & PTN_IMAP_KEEP_SEQ), NULL);

        if (sync != PTN_OK && rc == PTN_OK && c->reply == NULL) {
            rc = sync;
        }
    }

    return rc;
}


/* tag SP command; "UID" and the word behind it are one name. */

static ptn_rc_t
ptn_imap_cmd_verb(ptn_imap_t *c)
{
    char       name[32];
    size_t     n;
    ptn_str_t  verb, second;

    if (ptn_imap_parse_tag(&c->in, &c->tag) != PTN_OK) {
        return PTN_EPARSE;
    }

    /* kept apart: the text may be wiped, or lines may follow (IDLE) */

    memcpy(c->st->tag, c->tag.data, c->tag.len);
    c->st->tag_len = (uint8_t) c->tag.len;
    c->tag.data = (u_char *) c->st->tag;

    if (ptn_imap_parse_sp(&c->in) != PTN_OK
        || ptn_imap_parse_atom(&c->in, &verb) != PTN_OK)
    {
        c->reply = "BAD Command expected";
        return PTN_OK;
    }

    c->uid = ptn_str_ieqz(verb, "UID");

    if (c->uid && ptn_imap_parse_sp(&c->in) == PTN_OK
        && ptn_imap_parse_atom(&c->in, &second) == PTN_OK
        && second.len < sizeof(name) - 4)
    {
        memcpy(name, "UID ", 4);
        memcpy(name + 4, second.data, second.len);
        n = 4 + second.len;
        c->cmd = ptn_imap_cmd_find(ptn_str_make(name, n));

    } else {
        c->cmd = ptn_imap_cmd_find(verb);
    }

    if (c->cmd == NULL) {
        c->reply = "BAD Unknown command";
    }

    return PTN_OK;
}


static ptn_rc_t
ptn_imap_cmd_command(ptn_imap_t *c, const ptn_stream_unit_t *unit)
{
    ptn_rc_t  rc;

    if (ptn_imap_cmd_verb(c) != PTN_OK) {
        PTN_IMAP_LIT(c, "* BAD Tag expected\r\n");
        ptn_imap_cmd_bad(c);
        return ptn_imap_cmd_leave(c);
    }

    rc = c->cmd != NULL ? ptn_imap_cmd_run(c) : PTN_EPARSE;

    ptn_log(c->s->log, PTN_LOG_DEBUG, "imap cmd=%s user=%.*s rc=%s",
            c->cmd ? c->cmd->name : "?", c->st->user_len, c->st->user,
            ptn_err(rc)->name);

    if (c->cmd != NULL && (c->cmd->flags & PTN_IMAP_SECRET)) {
        explicit_bzero(unit->text.data, unit->text.len);
    }

    if (c->failed != PTN_OK) {
        return c->failed;
    }

    if (c->st->wait == PTN_IMAP_WAIT_NONE
        && !(c->st->dead && rc == PTN_ESTALE))
    {
        ptn_imap_cmd_tagged(c, rc);

        if (strcmp(ptn_err(rc)->imap, "BAD") == 0) {
            ptn_imap_cmd_bad(c);
        }
    }

    return ptn_imap_cmd_leave(c);
}


/* A line of AUTHENTICATE or IDLE: the command ends, or waits on. */

static ptn_rc_t
ptn_imap_cmd_line(ptn_imap_t *c, const ptn_stream_unit_t *unit)
{
    ptn_rc_t         rc;
    ptn_str_t        line;
    ptn_imap_wait_e  wait;

    line = unit->text;

    while (line.len != 0 && (line.data[line.len - 1] == '\n'
                             || line.data[line.len - 1] == '\r'))
    {
        line.len--;
    }

    c->tag = ptn_str_make(c->st->tag, c->st->tag_len);
    wait = c->st->wait;
    c->st->wait = PTN_IMAP_WAIT_NONE;

    if (wait == PTN_IMAP_WAIT_SASL) {
        c->cmd = ptn_imap_cmd_find(ptn_str("AUTHENTICATE"));
        rc = ptn_imap_authenticate_line(c, line);
        explicit_bzero(unit->text.data, unit->text.len);

    } else {
        c->cmd = ptn_imap_cmd_find(ptn_str("IDLE"));
        rc = ptn_imap_idle_line(c, line);
    }

    if (c->failed != PTN_OK) {
        return c->failed;
    }

    ptn_imap_cmd_tagged(c, rc);

    if (strcmp(ptn_err(rc)->imap, "BAD") == 0) {
        ptn_imap_cmd_bad(c);
    }

    return ptn_imap_cmd_leave(c);
}


/* It was to move, but its worker saw no need to: it counts here after all. */

static ptn_rc_t
ptn_imap_stays(ptn_imap_t *c)
{
    ptn_rc_t  rc;

    c->st->moved = false;

    rc = ptn_auth_handle(c->s->app->auth, c->s->pool, &c->st->handle,
                         &c->actor);

    return rc == PTN_OK ? ptn_stream_sign_in(c->s, "imap", &c->actor) : rc;
}


static ptn_rc_t
ptn_imap_input(ptn_stream_t *s, const ptn_stream_unit_t *unit)
{
    ptn_imap_t  c;

    ptn_imap_cmd_init(&c, s);

    if (c.st->dead) {                   /* pipelined behind a BYE */
        s->next.then = PTN_THEN_CLOSE;
        return PTN_OK;
    }

    s->next.then = PTN_THEN_READ;
    s->next.move_slot = PTN_SLOT_ANY;

    if (c.st->moved && ptn_imap_stays(&c) != PTN_OK) {
        ptn_imap_bye(&c, "[LIMIT] Too many sessions of this user");
        return ptn_imap_cmd_leave(&c);
    }

    c.st->in += unit->text.len + unit->body_len;
    c.in.p = unit->text.data;
    c.in.end = unit->text.data + unit->text.len;
    c.in.body = unit->body;

    if (c.st->wait != PTN_IMAP_WAIT_NONE) {
        return ptn_imap_cmd_line(&c, unit);
    }

    return ptn_imap_cmd_command(&c, unit);
}


static ptn_rc_t
ptn_imap_open(ptn_stream_t *s, bool greet, const ptn_handle_t *handle)
{
    ptn_rc_t           rc;
    ptn_imap_t         c;
    ptn_imap_state_t  *st;

    ptn_imap_cmd_init(&c, s);
    st = c.st;

    st->state = PTN_IMAP_NOTAUTH;
    st->addr_len = (uint8_t) ptn_min(s->peer->addr.len, sizeof(st->addr));
    memcpy(st->addr, s->peer->addr.data ? (char *) s->peer->addr.data : "",
           st->addr_len);

    s->next.then = PTN_THEN_READ;
    s->next.move_slot = PTN_SLOT_ANY;

    if (handle != NULL) {

        rc = ptn_auth_handle(s->app->auth, s->pool, handle, &c.actor);

        /* a worker that was taken over may name one of another service */

        if (rc == PTN_OK && c.actor.service != PTN_SERVICE_IMAP) {
            rc = PTN_EAUTH;
        }

        if (rc != PTN_OK) {
            ptn_imap_bye(&c, "Sign-in is no longer valid");
            return ptn_imap_cmd_leave(&c);
        }

        /* somebody else may have come in between */

        if (ptn_stream_sign_in(s, "imap", &c.actor) != PTN_OK) {
            ptn_auth_forget(s->app->auth, handle);
            ptn_imap_bye(&c, "[LIMIT] Too many sessions of this user");
            return ptn_imap_cmd_leave(&c);
        }

        st->state = PTN_IMAP_AUTH;
        st->handle = *handle;
        st->slot = ptn_slot(c.actor.mailbox);
        st->user_len = (uint8_t) ptn_min(c.actor.address.len,
                                         sizeof(st->user));
        memcpy(st->user, c.actor.address.data, st->user_len);

    } else if (greet) {
        PTN_IMAP_LIT(&c, "* OK [CAPABILITY ");
        ptn_imap_capability_list(&c);
        PTN_IMAP_LIT(&c, "] postern ready\r\n");
    }

    return ptn_imap_cmd_leave(&c);
}


static ptn_rc_t
ptn_imap_wake(ptn_stream_t *s)
{
    ptn_imap_t  c;

    ptn_imap_cmd_init(&c, s);

    if (c.st->wait == PTN_IMAP_WAIT_DONE && !c.st->dead) {
        (void) ptn_imap_idle_wake(&c);
    }

    return ptn_imap_cmd_leave(&c);
}


/*
 * The batch was undone.  The view that the session knows may already be the
 * one with the changes, so the session ends: the client comes back and sees
 * what is true.
 */

static void
ptn_imap_failed(ptn_stream_t *s, const ptn_stream_unit_t *unit, ptn_rc_t rc)
{
    ptn_imap_t        c;
    ptn_imap_state_t  none;

    ptn_imap_cmd_init(&c, s);

    if (c.st == NULL) {                 /* the session is gone */
        memset(&none, 0, sizeof(none));
        c.st = &none;
    }

    c.in.p = unit->text.data;
    c.in.end = unit->text.data + unit->text.len;

    if (!c.st->dead && s->next.mode == PTN_MODE_COMMAND
        && ptn_imap_parse_tag(&c.in, &c.tag) == PTN_OK)
    {
        ptn_imap_out_str(&c, c.tag);
        ptn_imap_out_byte(&c, ' ');
        ptn_imap_out_z(&c, ptn_err(rc)->imap);
        PTN_IMAP_LIT(&c, " Not done\r\n");
    }

    ptn_imap_bye(&c, "[UNAVAILABLE] Temporary failure, please reconnect");
    ptn_imap_out_push(&c);
}


static void
ptn_imap_end(void *state, ptn_app_t *app)
{
    ptn_imap_state_t  *st;

    st = state;

    if (st->state != PTN_IMAP_NOTAUTH && !st->moved && app != NULL) {
        ptn_auth_forget(app->auth, &st->handle);

        ptn_log(app->log, PTN_LOG_INFO,
                "session-end service=imap addr=%.*s in=%llu out=%llu user=%.*s",
                st->addr_len, st->addr, (unsigned long long) st->in,
                (unsigned long long) st->out, st->user_len, st->user);
    }

    ptn_imap_deselect(st);
}


const ptn_stream_proto_t  ptn_imap_proto = {
    .name = "imap",
    .state_size = sizeof(ptn_imap_state_t),
    .busy = ptn_string("* BYE [UNAVAILABLE] Temporarily unavailable\r\n"),
    .shutdown = ptn_string("* BYE Server shutting down\r\n"),
    .timeout = ptn_string("* BYE Autologout; idle for too long\r\n"),
    .frame = ptn_imap_frame,
    .open = ptn_imap_open,
    .input = ptn_imap_input,
    .wake = ptn_imap_wake,
    .failed = ptn_imap_failed,
    .close = ptn_imap_end,
    .prepare = ptn_imap_prepare
};

_Static_assert(sizeof(ptn_imap_state_t) < 300, "an idle session stays small");
