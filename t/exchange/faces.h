/*
 * faces.c: its commands' words, keys, states.
 */

#ifndef FACES_H
#define FACES_H


#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_charset.h"
#include "ptn_directory.h"
#include "ptn_eid.h"
#include "ptn_folder.h"
#include "ptn_ics.h"
#include "ptn_item.h"
#include "ptn_mailbox.h"
#include "ptn_store_ops.h"


#define WORDS_MAX  4000
#define BUSY_MAX   50

typedef struct {
    ptn_conf_t         conf;
    ptn_store_opts_t   opts;
    ptn_store_t       *store;
    ptn_user_t         user;
    ptn_actor_t        actor;
    ptn_str_t          domain;          /* whose public store; or empty */
    ptn_pool_t        *pool;            /* of a command */
    ptn_mbox_t        *mb;
    ptn_txn_t          tx;
    ptn_buf_t          out;
    ptn_str_t          word[WORDS_MAX];
    size_t             n;
    int                watch;           /* inotify; 0: not needed yet */
} faces_t;


/* ---- words --------------------------------------------------------------- */

static int
hex_digit(u_char c)
{
    return (c >= '0' && c <= '9') ? c - '0'
           : (c >= 'a' && c <= 'f') ? c - 'a' + 10
           : (c >= 'A' && c <= 'F') ? c - 'A' + 10 : -1;
}


static ptn_str_t
unescape(ptn_str_t s)
{
    size_t   i;
    u_char  *p;

    for (i = 0, p = s.data; i < s.len; i++) {
        if (s.data[i] == '%' && i + 2 < s.len + 0
            && hex_digit(s.data[i + 1]) >= 0)
        {
            *p++ = (u_char) (hex_digit(s.data[i + 1]) << 4
                             | hex_digit(s.data[i + 2]));
            i += 2;
            continue;
        }

        *p++ = s.data[i];
    }

    s.len = (size_t) (p - s.data);

    return s;
}


/* A word of the command in hexadecimal. */

static ptn_str_t
arg_hex(faces_t *t, size_t i)
{
    size_t     k;
    u_char    *p;
    ptn_str_t  s;

    s = t->word[i];
    p = ptn_palloc(t->pool, s.len / 2 + 1);

    for (k = 0; k + 1 < s.len; k += 2) {
        p[k / 2] = (u_char) (hex_digit(s.data[k]) << 4
                             | hex_digit(s.data[k + 1]));
    }

    return ptn_str_make(p, s.len / 2);
}


static uint64_t
arg_u64(faces_t *t, size_t i)
{
    return strtoull((char *) t->word[i].data, NULL, 10);
}


static bool
arg_is(faces_t *t, size_t i, const char *text)
{
    return ptn_str_eqz(t->word[i], text);
}


static void
put_word(faces_t *t, ptn_str_t s)
{
    size_t  i;
    u_char  c;

    ptn_buf_byte(&t->out, '\t');

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c <= ' ' || c == '%' || c >= 127) {
            ptn_buf_printf(&t->out, "%%%02x", c);

        } else {
            ptn_buf_byte(&t->out, c);
        }
    }
}


static void
put_hex(faces_t *t, ptn_str_t s)
{
    size_t  i;

    ptn_buf_byte(&t->out, '\t');

    for (i = 0; i < s.len; i++) {
        ptn_buf_printf(&t->out, "%02x", s.data[i]);
    }
}


#define put_line(t, ...)  ptn_buf_printf(&(t)->out, __VA_ARGS__)
#define put_end(t)        ptn_buf_byte(&(t)->out, '\n')


/* ---- keys, states -------------------------------------------------------- */

static ptn_str_t
source_key(faces_t *t, ptn_id_t id)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(t->pool, PTN_GID_LEN);

    if (p == NULL || ptn_mbox_replica(t->mb, id, &replid, &guid) != PTN_OK) {
        return ptn_str_make(NULL, 0);
    }

    ptn_eid_gid(guid, id, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


/* Four words from `i` on. */

static ptn_rc_t
arg_state(faces_t *t, size_t i, ptn_ics_state_t *state)
{
    unsigned  k;
    ptn_rc_t  rc;

    memset(state, 0, sizeof(ptn_ics_state_t));

    for (k = 0, rc = PTN_OK; k < PTN_ICS_SETS && rc == PTN_OK; k++) {
        rc = ptn_ics_state_put(state, (ptn_ics_set_e) k, arg_hex(t, i + k));
    }

    return rc;
}


static ptn_rc_t
put_state(faces_t *t, const ptn_ics_state_t *state)
{
    unsigned   k;
    ptn_rc_t   rc;
    ptn_str_t  s;

    put_line(t, "state");

    for (k = 0, rc = PTN_OK; k < PTN_ICS_SETS && rc == PTN_OK; k++) {
        rc = ptn_ics_state_get(state, (ptn_ics_set_e) k, t->pool, &s);
        put_hex(t, s);
    }

    put_end(t);

    return rc;
}


/* The ids of a set as a client names what it has: by source key. */

static void
put_set(faces_t *t, const char *what, const ptn_idset_t *set)
{
    size_t                   k;
    uint32_t                 i;
    uint64_t                 n;
    u_char                   gid[PTN_GID_LEN];
    const ptn_idset_part_t  *p;

    for (i = 0; i < set->nparts; i++) {
        p = &set->parts[i];

        for (k = 0; k < p->n; k++) {
            for (n = p->r[k].lo; n <= p->r[k].hi; n++) {
                ptn_eid_gid(p->guid, n, gid);
                put_line(t, "%s", what);
                put_hex(t, ptn_str_make(gid, PTN_GID_LEN));
                put_end(t);
            }
        }
    }
}


/* Subject, body: two words. */

static ptn_rc_t
put_message(faces_t *t, ptn_id_t id)
{
    ptn_rc_t    rc;
    ptn_str_t   v[2];
    ptn_msg_t  *msg;

    static const uint32_t  tags[] = { PTN_PR_SUBJECT, PTN_PR_BODY };

    rc = ptn_msg_open(t->mb, t->pool, id, &msg);

    if (rc == PTN_OK) {
        rc = ptn_msg_props(msg, tags, 2, v);
    }

    if (rc == PTN_OK) {
        put_word(t, v[0]);
        put_word(t, v[1]);
    }

    return rc;
}


static ptn_rc_t
state_learn(faces_t *t, const ptn_ics_state_t *state)
{
    ptn_rc_t                              rc;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    if (ptn_ics_state_known(t->mb, state)) {
        return PTN_OK;
    }

    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_state_learn(&tx, state);
    }

    return (rc == PTN_OK) ? ptn_txn_commit(&tx) : rc;
}


static ptn_object_t *
object_of(faces_t *t, ptn_str_t subject, ptn_str_t body, bool flagged)
{
    ptn_object_t  *o;

    o = ptn_pcalloc(t->pool, sizeof(ptn_object_t));

    if (o == NULL
        || ptn_props_set(&o->props, t->pool, PTN_PR_MESSAGE_CLASS,
                         ptn_str("IPM.Note")) != PTN_OK
        || ptn_props_set(&o->props, t->pool, PTN_PR_SUBJECT, subject) != PTN_OK
        || ptn_props_set(&o->props, t->pool, PTN_PR_BODY, body) != PTN_OK)
    {
        return NULL;
    }

    (void) ptn_props_set_int(&o->props, t->pool, PTN_PR_FLAG_STATUS,
                             flagged ? 2 : 0);

    return o;
}


#endif /* FACES_H */
