/*
 * Clients whose protocols are not served yet, at the level of the store's
 * calls: synchronisation by sets (MS-OXCFXICS), a device of ActiveSync,
 * QRESYNC; and what a test does to a mailbox that no client can.  It opens the
 * mailbox beside the server, as any store process does.
 *
 *     faces ROOT ADDRESS
 *
 * Reads commands, a line each, from standard input: words parted by tabs, with
 * %XX for bytes that are not letters, digits and the like; keys and sets in
 * hexadecimal.  Answers lines of such words, then `ok` or `error NAME`.  An
 * answer is given when the change is durable.  Of a client nothing is kept
 * here: it may be killed at any time.  Commands: the table at the end.
 */

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    ptn_pool_t        *pool;            /* of a command */
    ptn_mbox_t        *mb;
    ptn_txn_t          tx;
    ptn_buf_t          out;
    ptn_str_t          word[WORDS_MAX];
    size_t             n;
} faces_t;

typedef ptn_rc_t (*command_pt)(faces_t *t);

typedef struct {
    const char  *name;
    command_pt   run;
    size_t       words;                 /* at least, without its name */
    bool         writes;
} command_t;


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


/* ---- download by sets ---------------------------------------------------- */

/* tree STATE: folder SK PARENT-SK ID NAME CK PCL, deleted SK, state */

static ptn_rc_t
ics_tree(faces_t *t)
{
    size_t                     i, n;
    ptn_id_t                   root;
    ptn_rc_t                   rc;
    ptn_str_t                  key, pcl;
    ptn_ics_tree_t            *tree;
    ptn_ics_state_t            state;
    const ptn_folder_t        *f;
    const ptn_ics_state_t     *now;
    ptn_ics_folder_change_t   *ch;

    rc = arg_state(t, 0, &state);

    if (rc == PTN_OK) {
        rc = state_learn(t, &state);
    }

    if (rc == PTN_OK) {
        rc = ptn_folder_special_id(t->mb, PTN_FOLDER_IPM_SUBTREE, &root);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_tree_open(t->mb, root, 0, &state, &tree);
    }

    if (rc != PTN_OK) {
        ptn_ics_state_done(&state);
        return rc;
    }

    for ( ;; ) {
        rc = ptn_ics_tree_next(t->mb, tree, t->pool, 5, &ch, &n);

        for (i = 0; i < n && rc == PTN_OK; i++) {
            rc = ptn_folder_get(t->mb, ch[i].id, &f);

            if (rc == PTN_OK) {
                rc = ptn_folder_change_key(t->mb, t->pool, f->id, &key, &pcl);
            }

            if (rc != PTN_OK) {
                break;
            }

            put_line(t, "folder");
            put_hex(t, source_key(t, f->id));
            put_hex(t, source_key(t, f->parent));
            put_line(t, "\t%llu", (unsigned long long) f->id);
            put_word(t, f->name);
            put_hex(t, key);
            put_hex(t, pcl);
            put_end(t);
        }

        if (rc != PTN_OK || n == 0) {
            break;
        }
    }

    if (rc == PTN_OK) {
        put_set(t, "deleted", ptn_ics_tree_deleted(tree));
        rc = ptn_ics_tree_state(t->mb, tree, &now);
    }

    if (rc == PTN_OK) {
        rc = put_state(t, now);
    }

    ptn_ics_tree_close(tree);

    return rc;
}


static ptn_rc_t
ics_changes(faces_t *t, ptn_ics_content_t *ics, uint64_t max,
    uint64_t pages, bool *ret_cut)
{
    size_t              i, n;
    ptn_rc_t            rc;
    ptn_str_t           key, pcl;
    ptn_ics_change_t   *ch;

    for ( ;; ) {
        if (pages-- == 0) {
            *ret_cut = true;
            return PTN_OK;
        }

        rc = ptn_ics_content_next(t->mb, ics, t->pool, max, 1 << 20, &ch, &n);

        if (rc != PTN_OK || n == 0) {
            return rc;
        }

        for (i = 0; i < n; i++) {
            rc = ptn_msg_change_key(t->mb, t->pool, ch[i].id, &key, &pcl);
            if (rc != PTN_OK) {
                return rc;
            }

            put_line(t, "message");
            put_hex(t, source_key(t, ch[i].mid));
            put_line(t, "\t%d\t%d\t%d\t%d", ch[i].fai,
                     (ch[i].flags & PTN_FLAG_SEEN) != 0,
                     (ch[i].flags & PTN_FLAG_FLAGGED) != 0, ch[i].given);
            put_hex(t, key);
            put_hex(t, pcl);
            rc = put_message(t, ch[i].id);
            put_end(t);

            if (rc != PTN_OK) {
                return rc;
            }
        }
    }
}


/*
 * contents FOLDER FLAGS MAX PAGES STATE: message SK FAI READ FLAGGED GIVEN CK
 * PCL SUBJECT BODY, deleted SK, read SK, unread SK, state; PAGES: how many
 * pages of MAX it gets before the client leaves.
 */

static ptn_rc_t
ics_contents(faces_t *t)
{
    bool                    cut;
    ptn_rc_t                rc;
    ptn_ics_state_t         state;
    ptn_ics_content_t      *ics;
    const ptn_ics_state_t  *now;

    rc = arg_state(t, 4, &state);

    if (rc == PTN_OK) {
        rc = state_learn(t, &state);
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_content_open(t->mb, arg_u64(t, 0),
                                  (unsigned) arg_u64(t, 1), NULL, &state,
                                  &ics);
    }

    if (rc != PTN_OK) {
        ptn_ics_state_done(&state);
        return rc;
    }

    cut = false;
    rc = ics_changes(t, ics, arg_u64(t, 2), arg_u64(t, 3), &cut);

    if (rc == PTN_OK && !cut) {
        put_set(t, "deleted", ptn_ics_content_told(ics, PTN_ICS_DELETED));
        put_set(t, "read", ptn_ics_content_told(ics, PTN_ICS_BECAME_READ));
        put_set(t, "unread", ptn_ics_content_told(ics, PTN_ICS_BECAME_UNREAD));
    }

    if (rc == PTN_OK) {
        rc = ptn_ics_content_state(t->mb, ics, &now);
    }

    if (rc == PTN_OK) {
        rc = put_state(t, now);
    }

    ptn_ics_content_close(ics);

    return rc;
}


/* add SET NUMBER|SK:HEX STATE: state */

static ptn_rc_t
ics_add(faces_t *t)
{
    unsigned         which;
    ptn_rc_t         rc;
    ptn_ics_state_t  state;

    which = (unsigned) arg_u64(t, 0);
    rc = arg_state(t, 2, &state);

    if (rc == PTN_OK) {
        rc = (which < PTN_ICS_SETS)
             ? ptn_ics_state_add(t->mb, &state, (ptn_ics_set_e) which,
                                 arg_u64(t, 1))
             : PTN_EINVAL;
    }

    if (rc == PTN_OK) {
        rc = put_state(t, &state);
    }

    ptn_ics_state_done(&state);

    return rc;
}


/* ---- uploads ------------------------------------------------------------- */

static ptn_rc_t
put_imported(faces_t *t, const ptn_ics_imported_t *ret, bool newer)
{
    put_line(t, "imported\t%d\t%llu\t%llu\t%llu\t%d\t%llu\t%d\n",
             ret->verdict, (unsigned long long) ret->id,
             (unsigned long long) ret->mid, (unsigned long long) ret->cn,
             ret->seen, (unsigned long long) ret->loser, newer);

    return PTN_OK;
}


/* ids N: REPLGUID FIRST */

static ptn_rc_t
ics_ids(faces_t *t)
{
    ptn_id_t    first;
    ptn_rc_t    rc;
    ptn_guid_t  guid;

    rc = ptn_ics_local_ids(&t->tx, (uint32_t) arg_u64(t, 0), &guid, &first);

    if (rc == PTN_OK) {
        put_line(t, "ids");
        put_hex(t, ptn_str_make(guid.b, 16));
        put_line(t, "\t%llu\n", (unsigned long long) first);
    }

    return rc;
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


/* put FOLDER SK CK PCL MODIFIED FAI FAIL SUBJECT BODY READ FLAGGED RECEIVED */

static ptn_rc_t
ics_put(faces_t *t)
{
    ptn_rc_t            rc;
    ptn_ics_import_t    in;
    ptn_ics_imported_t  out;

    memset(&in, 0, sizeof(in));
    in.source_key = arg_hex(t, 1);
    in.change_key = arg_hex(t, 2);
    in.pcl = arg_hex(t, 3);
    in.modified = (int64_t) arg_u64(t, 4);
    in.fai = arg_is(t, 5, "1");
    in.fail_on_conflict = arg_is(t, 6, "1");
    in.object = object_of(t, t->word[7], t->word[8], arg_is(t, 10, "1"));
    in.flags = (arg_is(t, 9, "1") ? PTN_FLAG_SEEN : 0)
               | (arg_is(t, 10, "1") ? PTN_FLAG_FLAGGED : 0);
    in.received = (int64_t) arg_u64(t, 11);

    rc = ptn_ics_import_message(&t->tx, t->pool, arg_u64(t, 0), &in, &out);

    return (rc == PTN_OK) ? put_imported(t, &out, false) : rc;
}


/* reads FOLDER (SK 0|1)...: cn N */

static ptn_rc_t
ics_reads(faces_t *t)
{
    size_t           i, n;
    uint64_t        *cns;
    ptn_rc_t         rc;
    ptn_ics_read_t  *reads;

    reads = ptn_parray(t->pool, t->n, sizeof(ptn_ics_read_t));

    for (i = 1, n = 0; i + 1 < t->n; i += 2) {
        reads[n].source_key = arg_hex(t, i);
        reads[n++].read = arg_is(t, i + 1, "1");
    }

    rc = ptn_ics_import_reads(&t->tx, t->pool, arg_u64(t, 0), reads, n, &cns,
                              &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        put_line(t, "cn\t%llu\n", (unsigned long long) cns[i]);
    }

    return rc;
}


/* deletes FOLDER HARD SK...; 0 as FOLDER: folders below the top */

static ptn_rc_t
ics_deletes(faces_t *t)
{
    size_t      i, n;
    ptn_id_t    root;
    ptn_rc_t    rc;
    ptn_str_t  *keys;

    keys = ptn_parray(t->pool, t->n, sizeof(ptn_str_t));

    for (i = 2, n = 0; i < t->n; i++) {
        keys[n++] = arg_hex(t, i);
    }

    if (arg_u64(t, 0) != 0) {
        return ptn_ics_import_deletes(&t->tx, t->pool, arg_u64(t, 0), keys, n,
                                      arg_is(t, 1, "1"));
    }

    rc = ptn_folder_special_id(t->mb, PTN_FOLDER_IPM_SUBTREE, &root);

    return (rc == PTN_OK)
           ? ptn_ics_import_folder_deletes(&t->tx, root, keys, n,
                                           arg_is(t, 1, "1"))
           : rc;
}


/* move FOLDER SOURCE-FOLDER-SK SK PCL DEST-SK CK */

static ptn_rc_t
ics_move(faces_t *t)
{
    bool                newer;
    ptn_rc_t            rc;
    ptn_ics_move_t      move;
    ptn_ics_imported_t  out;

    memset(&move, 0, sizeof(move));
    move.source_folder = arg_hex(t, 1);
    move.source_key = arg_hex(t, 2);
    move.pcl = arg_hex(t, 3);
    move.dest_key = arg_hex(t, 4);
    move.change_key = arg_hex(t, 5);
    rc = ptn_ics_import_move(&t->tx, t->pool, arg_u64(t, 0), &move, &out,
                             &newer);

    return (rc == PTN_OK) ? put_imported(t, &out, newer) : rc;
}


/* putfolder PARENT-SK SK CK PCL MODIFIED NAME */

static ptn_rc_t
ics_putfolder(faces_t *t)
{
    ptn_id_t                  root;
    ptn_rc_t                  rc;
    ptn_ics_imported_t        out;
    ptn_ics_import_folder_t   in;

    memset(&in, 0, sizeof(in));
    in.parent_key = arg_hex(t, 0);
    in.source_key = arg_hex(t, 1);
    in.change_key = arg_hex(t, 2);
    in.pcl = arg_hex(t, 3);
    in.modified = (int64_t) arg_u64(t, 4);
    in.name = t->word[5];
    rc = ptn_folder_special_id(t->mb, PTN_FOLDER_IPM_SUBTREE, &root);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_folder(&t->tx, t->pool, root, &in, &out);
    }

    return (rc == PTN_OK) ? put_imported(t, &out, false) : rc;
}


/* ---- a device ------------------------------------------------------------ */

#define OWN_MAX  1000

/*
 * The server of ActiveSync in small: a collection's state is the bound of the
 * filter, a ptn_sync_t, and what the device added itself, which it is not told
 * again.
 */
typedef struct {
    faces_t     *t;
    ptn_str_t    device, collection;
    ptn_id_t     folder;                /* 0: of folders */
    int64_t      filter;
    ptn_sync_t   sync;
    ptn_id_t     own[OWN_MAX];
    size_t       nown;
} eas_t;


static void
eas_own(eas_t *e, ptn_id_t mid)
{
    if (e->nown < OWN_MAX) {
        e->own[e->nown++] = mid;
    }
}


static bool
eas_is_own(eas_t *e, ptn_id_t mid)
{
    size_t  i;

    for (i = 0; i < e->nown; i++) {
        if (e->own[i] == mid) {
            e->own[i] = e->own[--e->nown];
            return true;
        }
    }

    return false;
}


static void
eas_state_read(eas_t *e, ptn_str_t state)
{
    char                *p, *end;
    size_t               i;
    unsigned long long   n[6];

    p = ptn_str_dupz(e->t->pool, state);

    for (i = 0; i < 6; i++, p = end) {
        n[i] = strtoull(p, &end, 10);
    }

    e->sync.epoch = n[0];
    e->sync.modseq = n[1];
    e->sync.last = n[2];
    e->sync.run = n[3];
    e->sync.horizon = n[4];
    e->filter = (int64_t) n[5];

    while (*p != '\0') {
        eas_own(e, strtoull(p, &end, 10));

        if (end == p) {
            break;
        }

        p = end;
    }
}


static ptn_str_t
eas_state_write(eas_t *e)
{
    size_t     i;
    ptn_buf_t  b;

    ptn_buf_init(&b, e->t->pool);
    ptn_buf_printf(&b, "%llu %llu %llu %llu %llu %lld",
                   (unsigned long long) e->sync.epoch,
                   (unsigned long long) e->sync.modseq,
                   (unsigned long long) e->sync.last,
                   (unsigned long long) e->sync.run,
                   (unsigned long long) e->sync.horizon,
                   (long long) e->filter);

    for (i = 0; i < e->nown; i++) {
        ptn_buf_printf(&b, " %llu", (unsigned long long) e->own[i]);
    }

    return ptn_buf_get(&b);
}


/* add CLIENT SUBJECT BODY READ FLAGGED RECEIVED */

static ptn_rc_t
eas_add(eas_t *e, size_t i)
{
    faces_t         *t;
    ptn_id_t         id;
    ptn_rc_t         rc;
    ptn_save_t       save;
    ptn_saved_t      saved;
    ptn_msg_info_t   m;

    t = e->t;
    rc = ptn_device_client_get(t->mb, e->device, e->collection, t->word[i],
                               &id);

    if (rc == PTN_OK && ptn_msg_get_id(t->mb, id, &m) == PTN_OK) {
        saved.id = id;
        saved.mid = m.mid;

    } else {
        memset(&save, 0, sizeof(save));
        save.object = object_of(t, t->word[i + 1], t->word[i + 2],
                                arg_is(t, i + 4, "1"));
        save.flags = (arg_is(t, i + 3, "1") ? PTN_FLAG_SEEN : 0)
                     | (arg_is(t, i + 4, "1") ? PTN_FLAG_FLAGGED : 0);
        save.received = (int64_t) arg_u64(t, i + 5);
        rc = ptn_msg_create(&t->tx, t->pool, e->folder, &save, &saved);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    put_line(t, "added");
    put_word(t, t->word[i]);
    put_line(t, "\t%llu\n", (unsigned long long) saved.mid);
    eas_own(e, saved.mid);

    return ptn_device_client_set(&t->tx, e->device, e->collection, t->word[i],
                                 saved.id);
}


static ptn_rc_t
eas_folder(eas_t *e, const char *what, size_t i)
{
    bool                 partial;
    faces_t             *t;
    ptn_id_t             id, parent;
    ptn_rc_t             rc;
    const ptn_folder_t  *f;

    t = e->t;

    if (strcmp(what, "mkdir") == 0) {
        rc = ptn_folder_create(&t->tx, arg_u64(t, i), t->word[i + 1],
                               "IPF.Note", &id);

        if (rc == PTN_OK) {
            put_line(t, "made\t%llu\n", (unsigned long long) id);
        }

        return rc;
    }

    id = arg_u64(t, i);

    if (strcmp(what, "rmdir") == 0) {
        return ptn_folder_remove(&t->tx, id, PTN_REMOVE_MESSAGES
                                             |PTN_REMOVE_FOLDERS, &partial);
    }

    rc = ptn_folder_get(t->mb, id, &f);
    parent = (rc == PTN_OK && arg_u64(t, i + 1)) ? arg_u64(t, i + 1)
             : (rc == PTN_OK) ? f->parent : 0;

    return (rc == PTN_OK) ? ptn_folder_move(&t->tx, id, parent,
                                            t->word[i + 2])
                          : rc;
}


/* A command of the exchange; *ret_words: how many it took. */

static ptn_rc_t
eas_one(eas_t *e, size_t i, size_t *ret_words)
{
    faces_t    *t;
    ptn_id_t    id, *ids;
    ptn_rc_t    rc;
    uint64_t    modseq;
    uint32_t    flag;
    ptn_str_t   what;

    t = e->t;
    what = t->word[i];

    if (ptn_str_eqz(what, "add")) {
        *ret_words = 7;
        return eas_add(e, i + 1);
    }

    if (e->folder == 0) {
        *ret_words = ptn_str_eqz(what, "mkdir") ? 3
                     : ptn_str_eqz(what, "rmdir") ? 2 : 4;
        return eas_folder(e, (char *) what.data, i + 1);
    }

    *ret_words = 3;
    rc = ptn_msg_by_mid(t->mb, e->folder, arg_u64(t, i + 1), &id);

    if (rc == PTN_ENOTFOUND) {
        put_line(t, "gone\t%llu\n", (unsigned long long) arg_u64(t, i + 1));
        return PTN_OK;
    }

    if (rc != PTN_OK) {
        return rc;
    }

    if (ptn_str_eqz(what, "remove")) {
        return arg_is(t, i + 2, "1") ? ptn_msg_expunge_ids(&t->tx, &id, 1)
                                     : ptn_msg_gone_ids(&t->tx, &id, 1);
    }

    if (ptn_str_eqz(what, "move")) {
        return ptn_msg_move_ids(&t->tx, t->pool, e->folder, &id, 1,
                                arg_u64(t, i + 2), &ids);
    }

    flag = ptn_str_eqz(what, "read") ? PTN_FLAG_SEEN : PTN_FLAG_FLAGGED;

    return ptn_msg_flags_ids(&t->tx, &id, 1, arg_is(t, i + 2, "1")
                             ? PTN_FLAGS_ADD : PTN_FLAGS_REMOVE, flag, 0,
                             &modseq);
}


static ptn_rc_t
eas_item(eas_t *e, const ptn_sync_change_t *ch)
{
    faces_t         *t;
    ptn_rc_t         rc;
    ptn_msg_info_t   m;

    t = e->t;

    if (ch->kind == PTN_SYNC_DELETE) {
        put_line(t, "delete\t%llu\n", (unsigned long long) ch->mid);
        return PTN_OK;
    }

    rc = ptn_msg_get_id(t->mb, ch->id, &m);

    if (rc != PTN_OK || m.received < e->filter
        || (eas_is_own(e, m.mid) && ch->kind == PTN_SYNC_CREATE))
    {
        return rc;
    }

    put_line(t, "%s\t%llu\t%d\t%d",
             ch->kind == PTN_SYNC_CREATE ? "create"
             : ch->kind == PTN_SYNC_UPDATE ? "update" : "flags",
             (unsigned long long) m.mid, (ch->flags & PTN_FLAG_SEEN) != 0,
             (ch->flags & PTN_FLAG_FLAGGED) != 0);
    rc = put_message(t, ch->id);
    put_end(t);

    return rc;
}


static ptn_rc_t
eas_changes(eas_t *e, size_t max)
{
    bool                  more;
    size_t                i, n;
    faces_t              *t;
    ptn_id_t              root;
    ptn_rc_t              rc;
    const ptn_folder_t   *f;
    ptn_sync_change_t    *ch;

    t = e->t;

    if (e->folder != 0) {
        rc = ptn_sync_items(t->mb, t->pool, e->folder, false, &e->sync, max,
                            &ch, &n, &more);

        for (i = 0; i < n && rc == PTN_OK; i++) {
            rc = eas_item(e, &ch[i]);
        }

        put_line(t, "more\t%d\n", rc == PTN_OK && more);

        return rc;
    }

    rc = ptn_folder_special_id(t->mb, PTN_FOLDER_IPM_SUBTREE, &root);

    if (rc == PTN_OK) {
        rc = ptn_sync_folders(t->mb, t->pool, root, &e->sync, max, &ch, &n,
                              &more);
    }

    for (i = 0; i < n && rc == PTN_OK; i++) {
        if (ch[i].kind == PTN_SYNC_DELETE) {
            put_line(t, "rmdir\t%llu\n", (unsigned long long) ch[i].id);
            continue;
        }

        rc = ptn_folder_get(t->mb, ch[i].id, &f);

        if (rc == PTN_OK) {
            put_line(t, "dir\t%llu\t%llu", (unsigned long long) f->id,
                     (unsigned long long) f->parent);
            put_word(t, f->name);
            put_end(t);
        }
    }

    put_line(t, "more\t%d\n", rc == PTN_OK && more);

    return rc;
}


/*
 * eas DEVICE COLLECTION KEY FILTER MAX HASH command...; COLLECTION empty:
 * folders.  Answers what happened, then key N; `again` before all that when it
 * is a repetition.
 */

static ptn_rc_t
eas_exchange(faces_t *t)
{
    size_t             i, words;
    eas_t             *e;
    ptn_rc_t           rc;
    uint64_t           key;
    ptn_device_put_t   put;
    ptn_device_sync_t  sync;

    e = ptn_pcalloc(t->pool, sizeof(eas_t));
    e->t = t;
    e->device = t->word[0];
    e->collection = t->word[1];
    e->folder = arg_u64(t, 1);
    rc = ptn_device_get(t->mb, t->pool, e->device, e->collection,
                        arg_u64(t, 2), t->word[5], &sync);

    if (rc != PTN_OK) {
        return rc;
    }

    if (sync.repeat && sync.reply.data != NULL) {
        put_line(t, "again\n");
        ptn_buf_str(&t->out, sync.reply);
        put_line(t, "key\t%llu\n", (unsigned long long) sync.key);
        return PTN_OK;
    }

    e->filter = (int64_t) arg_u64(t, 3);

    if (sync.state.len != 0) {
        eas_state_read(e, sync.state);
    }

    for (i = 6; i < t->n && rc == PTN_OK; i += words) {
        rc = eas_one(e, i, &words);
    }

    if (rc == PTN_OK) {
        rc = eas_changes(e, arg_u64(t, 4));
    }

    if (rc != PTN_OK) {
        return rc;
    }

    memset(&put, 0, sizeof(put));
    put.from = sync.from;
    put.state = eas_state_write(e);
    put.request = t->word[5];
    put.reply = ptn_buf_get(&t->out);
    rc = ptn_device_put(&t->tx, e->device, e->collection, &put, &key);

    if (rc == PTN_OK) {
        put_line(t, "key\t%llu\n", (unsigned long long) key);
    }

    return rc;
}


/* ---- by modseq ----------------------------------------------------------- */

/*
 * view FOLDER UIDVALIDITY MODSEQ: view UIDVALIDITY MODSEQ NEW; row UID READ
 * FLAGGED SUBJECT BODY of what changed; vanished UID.  NEW 1: all is told
 * (another UIDVALIDITY, or tombstones do not reach back).
 */

static ptn_rc_t
view_since(faces_t *t)
{
    bool         all;
    size_t       i, n;
    uint32_t    *uids, seq;
    ptn_rc_t     rc;
    uint64_t     since;
    ptn_row_t    row;
    ptn_view_t  *view;

    rc = ptn_view_get(t->mb, arg_u64(t, 0), &view);
    if (rc != PTN_OK) {
        return rc;
    }

    since = arg_u64(t, 2);
    all = ptn_view_uidvalidity(view) != arg_u64(t, 1);
    n = 0;

    if (!all) {
        rc = ptn_view_vanished(t->mb, t->pool, arg_u64(t, 0), since, &uids,
                               &n);
        all = (rc == PTN_ESTALE);
        n = all ? 0 : n;
        rc = all ? PTN_OK : rc;
    }

    put_line(t, "view\t%u\t%llu\t%d\n", ptn_view_uidvalidity(view),
             (unsigned long long) ptn_view_modseq(view), all);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        put_line(t, "vanished\t%u\n", uids[i]);
    }

    for (seq = 1; seq <= ptn_view_count(view) && rc == PTN_OK; seq++) {
        ptn_view_row(view, seq, &row);

        if (!all && row.modseq <= since) {
            continue;
        }

        put_line(t, "row\t%u\t%d\t%d", row.uid,
                 (row.flags & PTN_FLAG_SEEN) != 0,
                 (row.flags & PTN_FLAG_FLAGGED) != 0);
        rc = put_message(t, row.id);
        put_end(t);
    }

    ptn_view_unref(view);

    return rc;
}


/* ---- what no client does ------------------------------------------------- */

/* special NUMBER: id */

static ptn_rc_t
special(faces_t *t)
{
    ptn_id_t  id;
    ptn_rc_t  rc;

    rc = ptn_folder_special_id(t->mb,
                               (ptn_folder_special_e) arg_u64(t, 0), &id);

    if (rc == PTN_OK) {
        put_line(t, "id\t%llu\n", (unsigned long long) id);
    }

    return rc;
}


/* gone FOLDER: gone ID SUBJECT BODY of what can be recovered */

static ptn_rc_t
gone(faces_t *t)
{
    size_t       i, n;
    ptn_rc_t     rc;
    ptn_str_t    v;
    ptn_msg_t   *msg;
    ptn_gone_t  *rows;

    static const uint32_t  tag = PTN_PR_SUBJECT;

    rc = ptn_gone_list(t->mb, t->pool, arg_u64(t, 0), false, 0, 1000, &rows,
                       &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        rc = ptn_gone_open(t->mb, t->pool, rows[i].id, &msg);

        if (rc == PTN_OK) {
            rc = ptn_msg_props(msg, &tag, 1, &v);
        }

        if (rc == PTN_OK) {
            put_line(t, "gone\t%llu", (unsigned long long) rows[i].id);
            put_word(t, v);
            put_end(t);
        }
    }

    return rc;
}


/* recover ID TO */

static ptn_rc_t
recover(faces_t *t)
{
    ptn_id_t   id, *ids;
    ptn_rc_t   rc;

    id = arg_u64(t, 0);
    rc = ptn_gone_recover(&t->tx, t->pool, &id, 1, arg_u64(t, 1), &ids);

    return (rc == PTN_OK && ids[0] == 0) ? PTN_ENOTFOUND : rc;
}


/* gonefolders PARENT: folder ID NAME */

static ptn_rc_t
gone_folders(faces_t *t)
{
    size_t              i, n;
    ptn_rc_t            rc;
    ptn_gone_folder_t  *f;

    rc = ptn_gone_folders(t->mb, t->pool, arg_u64(t, 0), &f, &n);

    for (i = 0; i < n && rc == PTN_OK; i++) {
        put_line(t, "folder\t%llu", (unsigned long long) f[i].id);
        put_word(t, f[i].name);
        put_end(t);
    }

    return rc;
}


/* recoverfolder ID PARENT NAME */

static ptn_rc_t
recover_folder(faces_t *t)
{
    return ptn_gone_folder_recover(&t->tx, arg_u64(t, 0), arg_u64(t, 1),
                                   t->word[2]);
}


/* copyfolder ID PARENT NAME */

static ptn_rc_t
copy_folder(faces_t *t)
{
    bool                more;
    ptn_rc_t            rc;
    ptn_folder_copy_t  *copy;

    rc = ptn_folder_copy_begin(&t->tx, t->pool, arg_u64(t, 0), arg_u64(t, 1),
                               t->word[2], false, &copy);

    for (more = true; rc == PTN_OK && more; ) {
        rc = ptn_folder_copy_some(&t->tx, copy, 3, &more);
    }

    return rc;
}


/* purge KEEP: all but KEEP tombstones of each folder go */

static ptn_rc_t
purge(faces_t *t)
{
    bool      more;
    ptn_rc_t  rc;

    do {
        more = false;
        rc = ptn_tomb_purge(&t->tx, UINT64_MAX >> 1, arg_u64(t, 0), 20,
                            &more);
    } while (rc == PTN_OK && more);

    return rc;
}


/* retention: what was deleted softly has been kept long enough */

static ptn_rc_t
retention(faces_t *t)
{
    unsigned          i;
    ptn_rc_t          rc;
    ptn_gone_count_t  c;

    t->conf.deleted_retention = 0;

    for (i = 0; i < 100; i++) {
        rc = ptn_mbox_open(t->store, &t->user, NULL, &t->mb);
        if (rc != PTN_OK) {
            break;
        }

        t->mb->tidy_ms = 0;
        (void) ptn_store_idle(t->store);

        rc = ptn_mbox_open(t->store, &t->user, NULL, &t->mb);

        if (rc == PTN_OK) {
            rc = ptn_gone_count(t->mb, 0, &c);
        }

        if (rc != PTN_OK || c.messages + c.folders == 0) {
            break;
        }
    }

    t->conf.deleted_retention = 14 * 86400;

    return (rc == PTN_OK && i == 100) ? PTN_EBUSY : rc;
}


/* ---- commands ------------------------------------------------------------ */

static const command_t  commands[] = {
    { "tree", ics_tree, 4, false },
    { "contents", ics_contents, 8, false },
    { "add", ics_add, 6, false },
    { "ids", ics_ids, 1, true },
    { "put", ics_put, 12, true },
    { "reads", ics_reads, 3, true },
    { "deletes", ics_deletes, 3, true },
    { "move", ics_move, 6, true },
    { "putfolder", ics_putfolder, 6, true },
    { "eas", eas_exchange, 6, true },
    { "view", view_since, 3, false },
    { "special", special, 1, false },
    { "gone", gone, 1, false },
    { "recover", recover, 2, true },
    { "gonefolders", gone_folders, 1, false },
    { "recoverfolder", recover_folder, 3, true },
    { "copyfolder", copy_folder, 3, true },
    { "purge", purge, 1, true },
    { "retention", retention, 0, false }
};


static ptn_rc_t
run_once(faces_t *t, const command_t *c)
{
    ptn_rc_t  rc;

    t->out.len = 0;
    rc = ptn_mbox_open(t->store, &t->user, &t->actor, &t->mb);

    if (rc == PTN_OK && c->writes) {
        rc = ptn_txn_begin(&t->tx, t->mb);
    }

    if (rc == PTN_OK) {
        rc = c->run(t);
    }

    if (rc == PTN_OK && c->writes) {
        rc = ptn_txn_commit(&t->tx);
    }

    if (c->writes) {
        ptn_txn_done(&t->tx);
    }

    if (rc == PTN_OK) {
        return ptn_store_pending(t->store) ? ptn_store_commit(t->store)
                                           : PTN_OK;
    }

    ptn_store_rollback(t->store);

    return rc;
}


static ptn_rc_t
run(faces_t *t)
{
    size_t            i;
    unsigned          again;
    ptn_rc_t          rc;
    const command_t  *c;

    for (i = 0; i < ptn_nelts(commands); i++) {
        c = &commands[i];

        if (!ptn_str_eqz(t->word[0], c->name)) {
            continue;
        }

        t->n--;
        memmove(t->word, t->word + 1, t->n * sizeof(ptn_str_t));

        if (t->n < c->words) {
            return PTN_EINVAL;
        }

        /* others may be writing, or have put another file in its place */

        for (again = 0; ; again++) {
            rc = run_once(t, c);

            if ((rc != PTN_EBUSY && rc != PTN_EUNAVAIL) || again == BUSY_MAX) {
                return rc;
            }

            usleep(20000);
        }
    }

    return PTN_ESUPPORT;
}


static void
split(faces_t *t, char *line)
{
    char       *p;
    size_t      i;
    ptn_str_t   s;

    line[strcspn(line, "\n")] = '\0';

    for (t->n = 0; t->n < WORDS_MAX && line != NULL; ) {
        p = strsep(&line, "\t");
        t->word[t->n++] = ptn_str_z(p);
    }

    for (i = 0; i < t->n; i++) {
        s = unescape(t->word[i]);
        s.data[s.len] = '\0';
        t->word[i] = s;
    }
}


/* As whoever owns ROOT. */

static void
become(const char *root)
{
    struct stat  st;

    if (stat(root, &st) == -1) {
        perror(root);
        exit(1);
    }

    if (geteuid() == 0 && st.st_uid != 0
        && (setgroups(0, NULL) == -1
            || setresgid(st.st_gid, st.st_gid, st.st_gid) == -1
            || setresuid(st.st_uid, st.st_uid, st.st_uid) == -1))
    {
        perror("setresuid");
        exit(1);
    }
}


static void
find_user(faces_t *t, ptn_pool_t *pool, const char *address)
{
    ptn_rc_t          rc;
    ptn_directory_t  *dir;

    rc = ptn_io_vfs_register(&ptn_io_posix, "ptn");

    if (rc == PTN_OK) {
        rc = ptn_directory_open(&t->conf, false, &dir);
    }

    if (rc == PTN_OK) {
        rc = ptn_user_get(dir, pool, ptn_str_z(address), &t->user);
        ptn_directory_close(dir);
    }

    if (rc == PTN_OK) {
        t->actor.user = t->user.id;
        t->actor.mailbox = t->user.mailbox;
        t->actor.address = t->user.address;
        rc = ptn_store_open(&t->opts, &t->store);
    }

    if (rc != PTN_OK) {
        fprintf(stderr, "faces: %s: %s\n", address, ptn_err(rc)->name);
        exit(1);
    }
}


int
main(int argc, char **argv)
{
    char        *line;
    size_t       size;
    faces_t     *t;
    ptn_rc_t     rc;
    ptn_pool_t  *pool;

    t = calloc(1, sizeof(faces_t));
    pool = ptn_pool_create(0, NULL);

    if (argc != 3 || t == NULL || pool == NULL) {
        fprintf(stderr, "usage: faces ROOT ADDRESS\n");
        return 2;
    }

    become(argv[1]);
    umask(077);
    ptn_conf_defaults(&t->conf);
    t->conf.root = argv[1];
    t->opts.conf = &t->conf;
    t->opts.io = &ptn_io_posix;
    find_user(t, pool, argv[2]);
    line = NULL;
    size = 0;

    while (getline(&line, &size, stdin) > 0) {
        t->pool = ptn_pool_create(0, NULL);
        ptn_buf_init(&t->out, t->pool);
        split(t, line);
        rc = run(t);

        if (rc == PTN_OK) {
            fwrite(t->out.data, 1, t->out.len, stdout);
            printf("ok\n");

        } else {
            printf("error\t%s\n", ptn_err(rc)->name);
        }

        fflush(stdout);
        ptn_pool_destroy(t->pool);
    }

    ptn_store_close(t->store);
    ptn_pool_destroy(pool);
    free(line);
    free(t);

    return 0;
}
