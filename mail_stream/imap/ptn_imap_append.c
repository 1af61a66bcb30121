/*
 * APPEND (RFC 3501 6.3.11), with APPENDUID (RFC 4315).
 */

#include "ptn_imap.h"


static ptn_rc_t
ptn_imap_append_parse(ptn_imap_in_t *in, ptn_str_t *name,
    ptn_imap_flags_t *flags, ptn_append_t *a)
{
    ptn_rc_t  rc;

    memset(flags, 0, sizeof(*flags));

    rc = ptn_imap_parse_sp_astring(in, name);

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_sp(in);
    }

    if (rc == PTN_OK && ptn_imap_parse_peek(in, '(')) {
        rc = ptn_imap_parse_flags(in, flags);

        if (rc == PTN_OK) {
            rc = ptn_imap_parse_sp(in);
        }
    }

    if (rc == PTN_OK && ptn_imap_parse_peek(in, '"')) {
        rc = ptn_imap_parse_date_time(in, &a->received);

        if (rc == PTN_OK) {
            rc = ptn_imap_parse_sp(in);
        }
    }

    if (rc == PTN_OK && !ptn_imap_parse_peek(in, '{')) {
        rc = PTN_EPARSE;
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_string(in, &a->raw);
    }

    if (rc == PTN_OK) {
        rc = ptn_imap_parse_eol(in);
    }

    return rc;
}


/* What ptn_imap_prepare() made of the message at `raw`. */
typedef struct {
    ptn_str_t     raw;
    ptn_ready_t  *ready;
} ptn_imap_ready_t;


static void
ptn_imap_append_unready(void *data)
{
    ptn_ready_free(data);
}


static ptn_imap_ready_t *
ptn_imap_append_ready(ptn_stream_t *s, const ptn_actor_t *actor,
    ptn_append_t *a)
{
    ptn_user_t         user;
    ptn_ready_t       *ready;
    ptn_imap_ready_t  *r;

    ptn_imap_user(actor, &user);
    r = ptn_palloc(s->pool, sizeof(ptn_imap_ready_t));

    if (r == NULL
        || ptn_msg_ready(s->app->store, &user, a, &ready) != PTN_OK)
    {
        return NULL;
    }

    if (ptn_pool_cleanup(s->pool, ptn_imap_append_unready, ready) != PTN_OK) {
        ptn_ready_free(ready);
        return NULL;
    }

    r->raw = a->raw;
    r->ready = ready;

    return r;
}


/*
 * The message of an APPEND: all but its rows, while others write to the
 * mailbox.  Whatever does not work out is found by ptn_imap_append().
 */

uint32_t
ptn_imap_prepare(ptn_stream_t *s, const ptn_stream_unit_t *unit)
{
    ptn_str_t          word;
    ptn_actor_t        actor;
    ptn_append_t       a;
    ptn_imap_in_t      in;
    ptn_imap_flags_t   flags;
    ptn_imap_state_t  *st;

    st = s->state;

    if (s->next.mode != PTN_MODE_COMMAND || !(st->state & PTN_IMAP_SIGNED_IN)
        || st->dead || unit->text.len == 0)
    {
        return PTN_SLOT_ANY;
    }

    memset(&a, 0, sizeof(a));
    in.p = unit->text.data;
    in.end = in.p + unit->text.len;
    in.body = unit->body;
    in.pool = s->pool;

    if (ptn_imap_parse_tag(&in, &word) == PTN_OK
        && ptn_imap_parse_sp(&in) == PTN_OK
        && ptn_imap_parse_word(&in, "APPEND")
        && ptn_imap_append_parse(&in, &word, &flags, &a) == PTN_OK
        && a.raw.len != 0
        && ptn_auth_handle(s->app->auth, s->pool, &st->handle, &actor)
           == PTN_OK)
    {
        a.hurry = (s->waiting >= PTN_APPEND_HURRY);
        s->ready = ptn_imap_append_ready(s, &actor, &a);
    }

    return st->slot;
}


ptn_rc_t
ptn_imap_append(ptn_imap_t *c)
{
    ptn_id_t                              id;
    ptn_rc_t                              rc;
    ptn_str_t                             name;
    ptn_append_t                          a;
    ptn_appended_t                        made;
    ptn_imap_flags_t                      flags;
    ptn_imap_ready_t                     *ready;
    const ptn_folder_t                   *f;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    memset(&a, 0, sizeof(a));

    rc = ptn_imap_append_parse(&c->in, &name, &flags, &a);

    if (rc == PTN_ETOOBIG) {
        c->reply = "NO [TOOBIG] Message is too big";
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (a.raw.len == 0) {
        c->reply = "NO [CANNOT] The message is empty";
        return PTN_ESUPPORT;
    }

    rc = ptn_imap_name_find(c, name, &f);

    if (rc == PTN_ENOTFOUND) {
        c->reply = "NO [TRYCREATE] No such mailbox";
    }

    if (rc != PTN_OK) {
        return rc;
    }

    id = f->id;
    ready = c->s->ready;

    if (ready != NULL && ready->raw.data == a.raw.data
        && ready->raw.len == a.raw.len)
    {
        a.ready = ready->ready;
    }

    rc = ptn_txn_begin(&tx, c->mb);

    if (rc == PTN_OK) {
        rc = ptn_imap_keyword_bits(c, &tx, &flags, &a.keywords);
    }

    if (rc == PTN_OK) {
        a.flags = flags.flags;
        a.hurry = (c->s->waiting >= PTN_APPEND_HURRY);
        rc = ptn_msg_append(&tx, id, &a, &made);
    }

    if (rc == PTN_OK) {
        rc = ptn_txn_commit(&tx);
    }

    if (rc != PTN_OK) {
        return rc;
    }

    c->reply = (char *) ptn_str_printf(c->s->pool,
                                       "OK [APPENDUID %u %u] APPEND completed",
                                       made.uidvalidity, made.uid).data;

    return PTN_OK;
}
