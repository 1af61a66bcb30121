/*
 * IDLE (RFC 2177).  The connection is parked in the worker; the board wakes
 * it when the mailbox changes.  The board's version is read before the view:
 * a change between the two wakes once too often, never once too few.
 */

#include "ptn_imap.h"


static uint64_t
ptn_imap_idle_version(const ptn_imap_t *c)
{
    ptn_world_t  *world;

    world = c->s->app->world;

    return world != NULL ? ptn_board_version(world, c->st->slot) : 0;
}


ptn_rc_t
ptn_imap_idle(ptn_imap_t *c)
{
    ptn_rc_t  rc;

    rc = ptn_imap_parse_eol(&c->in);
    if (rc != PTN_OK) {
        return rc;
    }

    c->s->next.watch_slot = c->st->slot;
    c->s->next.watch_version = ptn_imap_idle_version(c);

    PTN_IMAP_LIT(c, "+ idling\r\n");
    c->st->wait = PTN_IMAP_WAIT_DONE;

    return c->st->view != NULL ? ptn_imap_sync(c, true, NULL) : PTN_OK;
}


ptn_rc_t
ptn_imap_idle_wake(ptn_imap_t *c)
{
    bool      moved;
    ptn_rc_t  rc;
    uint64_t  version;

    version = ptn_imap_idle_version(c);
    moved = version != c->s->next.watch_version;

    c->s->next.watch_slot = c->st->slot;
    c->s->next.watch_version = version;

    if (!moved) {
        PTN_IMAP_LIT(c, "* OK Still here\r\n");
    }

    if (c->st->view == NULL) {
        return PTN_OK;
    }

    rc = ptn_imap_enter(c);

    return rc == PTN_OK ? ptn_imap_sync(c, true, NULL) : rc;
}


ptn_rc_t
ptn_imap_idle_line(ptn_imap_t *c, ptn_str_t line)
{
    ptn_rc_t  rc;

    if (!ptn_str_ieqz(line, "DONE")) {
        c->reply = "BAD Expected DONE";
        return PTN_EPARSE;
    }

    if (c->st->view == NULL) {
        return PTN_OK;
    }

    rc = ptn_imap_enter(c);

    return rc == PTN_OK ? ptn_imap_sync(c, true, NULL) : rc;
}
