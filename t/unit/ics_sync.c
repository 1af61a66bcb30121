/*
 * Clients that keep a copy by id sets.  Random changes are made in the mailbox
 * and by the clients, which upload theirs (messages, edits, deletions, read
 * states, moves, folders) and download in pages, some of which are cut short:
 * the state then is a checkpoint, as text.  In the end each copy is the
 * mailbox, and what was told on the way kept the rules of 3.2.5.3.
 */

#include "mailbox_site.h"
#include "ptn_eid.h"
#include "ptn_item.h"


#define FOLDERS  3
#define CLIENTS  3
#define ROWS     600
#define STEPS    900

typedef struct {
    ptn_id_t    mid;
    u_char      gid[PTN_GID_LEN];
    uint64_t    cn;
    bool        fai, seen;
    char        subject[24];
    u_char      pcl[400];           /* as downloaded, or uploaded */
    size_t      pcl_len;
} copy_t;

typedef struct {
    ptn_id_t  id, parent;
    char      name[40];
} fcopy_t;

typedef struct {
    ptn_str_t  sets[PTN_ICS_SETS];  /* malloc'd */
} text_t;

typedef struct {
    ptn_guid_t  guid;               /* of its changes */
    uint64_t    change;
    text_t      state[FOLDERS], tree;
    copy_t      rows[FOLDERS][ROWS];
    unsigned    n[FOLDERS];
    fcopy_t     folders[200];
    unsigned    nfolders;
    ptn_id_t    ids, ids_end;       /* given to it */
    ptn_guid_t  replguid;
} client_t;

typedef struct {
    site_t       site;
    ptn_mbox_t  *mb;
    uint64_t     random;
    unsigned     bad, serial;
    unsigned     told, updates, deleted, reads, conflicts, imports, moves;
    unsigned     checkpoints, gone, older, partial;
    client_t     c[CLIENTS];
    ptn_pool_t  *pool;
} test_t;

static const ptn_id_t  folders[FOLDERS] = {
    PTN_FOLDER_INBOX, PTN_FOLDER_SENT, PTN_FOLDER_ARCHIVE
};


static unsigned
roll(test_t *t, unsigned n)
{
    t->random = t->random * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (t->random >> 33) % n;
}


static bool
expect(test_t *t, bool good, const char *what)
{
    if (!good && t->bad++ < 20) {
        diag("wrong: %s", what);
    }

    return good;
}


/* ---- states as text ------------------------------------------------------ */

static void
text_get(test_t *t, text_t *text, ptn_ics_state_t *state)
{
    unsigned  i;

    memset(state, 0, sizeof(ptn_ics_state_t));

    for (i = 0; i < PTN_ICS_SETS; i++) {
        expect(t, ptn_ics_state_put(state, (ptn_ics_set_e) i, text->sets[i])
                  == PTN_OK, "a state is read");
    }
}


static void
text_put(test_t *t, text_t *text, const ptn_ics_state_t *state)
{
    unsigned   i;
    ptn_str_t  s;

    for (i = 0; i < PTN_ICS_SETS; i++) {
        expect(t, ptn_ics_state_get(state, (ptn_ics_set_e) i, t->pool, &s)
                  == PTN_OK, "a state is written");
        free(text->sets[i].data);
        text->sets[i].data = malloc(s.len + 1);
        memcpy(text->sets[i].data, s.data ? s.data : (u_char *) "", s.len);
        text->sets[i].len = s.len;
    }
}


static void
text_drop(text_t *text)
{
    unsigned  i;

    for (i = 0; i < PTN_ICS_SETS; i++) {
        free(text->sets[i].data);
        text->sets[i] = ptn_str_make(NULL, 0);
    }
}


/* ---- copies -------------------------------------------------------------- */

static copy_t *
find(client_t *c, unsigned f, ptn_id_t mid)
{
    unsigned  i;

    for (i = 0; i < c->n[f]; i++) {
        if (c->rows[f][i].mid == mid) {
            return &c->rows[f][i];
        }
    }

    return NULL;
}


static void
forget(client_t *c, unsigned f, copy_t *row)
{
    *row = c->rows[f][--c->n[f]];
}


static ptn_id_t
id_of(test_t *t, const ptn_idset_part_t *p, uint64_t n)
{
    uint16_t    replid;
    ptn_guid_t  guid;

    (void) guid;

    if (ptn_mbox_replid(t->mb, p->guid, &replid) != PTN_OK) {
        return 0;
    }

    ptn_mbox_replica(t->mb, n, &replid, &guid);

    return ptn_guid_eq(guid, p->guid) ? n : (uint64_t) p->replid << 48 | n;
}


static void
apply_set(test_t *t, client_t *c, unsigned f, const ptn_idset_t *set,
    ptn_ics_told_e which)
{
    size_t                   k;
    copy_t                  *row;
    uint32_t                 i;
    uint64_t                 n;
    const ptn_idset_part_t  *p;

    for (i = 0; i < set->nparts; i++) {
        p = &set->parts[i];
        expect(t, p->n == 0 || p->replid != 0, "a REPLID");

        for (k = 0; k < p->n; k++) {
            for (n = p->r[k].lo; n <= p->r[k].hi; n++) {
                row = find(c, f, id_of(t, p, n));

                if (!expect(t, row != NULL, "only what was given is told of"))
                {
                    continue;
                }

                if (which == PTN_ICS_DELETED) {
                    t->deleted++;
                    forget(c, f, row);

                } else {
                    t->reads++;
                    row->seen = (which == PTN_ICS_BECAME_READ);
                }
            }
        }
    }
}


static void
learn(test_t *t, client_t *c, unsigned f, const ptn_ics_change_t *ch)
{
    copy_t     *row;
    uint32_t    tags[2];
    ptn_str_t   v[2], key, pcl;
    ptn_msg_t  *msg;

    row = find(c, f, ch->mid);
    t->told++;
    t->updates += ch->given;
    t->partial += ch->given && ch->groups != PTN_GROUP_ALL;
    expect(t, ch->given == (row != NULL), "given says whether it is known");
    expect(t, ch->groups != 0, "some group");

    if (row == NULL) {
        if (!expect(t, c->n[f] < ROWS, "room")) {
            return;
        }

        row = &c->rows[f][c->n[f]++];
    }

    memset(row, 0, sizeof(copy_t));
    row->mid = ch->mid;
    row->cn = ch->cn;
    row->fai = ch->fai;
    row->seen = (ch->flags & PTN_FLAG_SEEN) != 0;

    tags[0] = PTN_PR_SUBJECT;
    tags[1] = PTN_PR_PREDECESSOR_CHANGE_LIST;

    if (expect(t, ptn_msg_open(t->mb, t->pool, ch->id, &msg) == PTN_OK
                  && ptn_msg_props(msg, tags, 2, v) == PTN_OK
                  && ptn_msg_change_key(t->mb, t->pool, ch->id, &key, &pcl)
                     == PTN_OK, "it is read"))
    {
        snprintf(row->subject, sizeof(row->subject), "%.*s",
                 ptn_str_arg(v[0]));
        expect(t, ptn_str_eq(v[1], pcl), "both ways to the PCL agree");
        expect(t, pcl.len <= sizeof(row->pcl), "a short PCL");
        row->pcl_len = ptn_min(pcl.len, sizeof(row->pcl));
        memcpy(row->pcl, pcl.data, row->pcl_len);
    }
}


/* ---- download ------------------------------------------------------------ */

static void
download(test_t *t, client_t *c, unsigned f, bool whole)
{
    bool                     cut;
    size_t                   n, i;
    unsigned                 flags;
    ptn_txn_t                tx;
    ptn_ics_state_t          state;
    ptn_ics_change_t        *ch;
    ptn_ics_content_t       *ics;
    ptn_ics_progress_t       p;
    const ptn_ics_state_t   *now;

    flags = PTN_ICS_NORMAL|PTN_ICS_FAI|PTN_ICS_READ_STATE|PTN_ICS_GROUPS;
    flags |= roll(t, 3) ? 0 : PTN_ICS_BY_DELIVERY;
    cut = !whole && roll(t, 3) == 0;
    text_get(t, &c->state[f], &state);

    /* replicas of the lost time */

    if (!ptn_ics_state_known(t->mb, &state)) {
        expect(t, ptn_txn_begin(&tx, t->mb) == PTN_OK
                  && ptn_ics_state_learn(&tx, &state) == PTN_OK
                  && ptn_txn_commit(&tx) == PTN_OK
                  && ptn_ics_state_known(t->mb, &state), "replicas");
    }

    if (!expect(t, ptn_ics_content_open(t->mb, folders[f], flags, NULL,
                                        &state, &ics) == PTN_OK, "open"))
    {
        return;
    }

    ptn_ics_content_progress(ics, &p);

    for ( ;; ) {
        if (!expect(t, ptn_ics_content_next(t->mb, ics, t->pool,
                                            1 + roll(t, 20), 1 << 20, &ch, &n)
                       == PTN_OK, "next"))
        {
            break;
        }

        for (i = 0; i < n; i++) {
            learn(t, c, f, &ch[i]);
        }

        expect(t, p.normal + p.fai >= n, "not more than foretold");

        if (n == 0 || (cut && roll(t, 2))) {
            break;
        }
    }

    if (!cut) {
        apply_set(t, c, f, ptn_ics_content_told(ics, PTN_ICS_DELETED),
                  PTN_ICS_DELETED);
        expect(t, ptn_idset_ranges(ptn_ics_content_told(ics,
                                           PTN_ICS_OUT_OF_SCOPE)) == 0,
               "no scope");
        apply_set(t, c, f, ptn_ics_content_told(ics, PTN_ICS_BECAME_READ),
                  PTN_ICS_BECAME_READ);
        apply_set(t, c, f, ptn_ics_content_told(ics, PTN_ICS_BECAME_UNREAD),
                  PTN_ICS_BECAME_UNREAD);
    }

    t->checkpoints += cut;

    if (expect(t, ptn_ics_content_state(t->mb, ics, &now) == PTN_OK, "state"))
    {
        expect(t, ptn_idset_count(&now->set[PTN_ICS_GIVEN]) == c->n[f],
               "given is what the client has");
        text_put(t, &c->state[f], now);
    }

    ptn_ics_content_close(ics);
}


static void
tree_forget(client_t *c, ptn_id_t id)
{
    unsigned  i;

    for (i = 0; i < c->nfolders; i++) {
        if (c->folders[i].id == id) {
            c->folders[i] = c->folders[--c->nfolders];
            return;
        }
    }
}


static void
tree(test_t *t, client_t *c)
{
    size_t                     n, i, k;
    unsigned                   at;
    uint64_t                   id;
    fcopy_t                   *row;
    ptn_ics_tree_t            *ics;
    ptn_ics_state_t            state;
    const ptn_folder_t        *f;
    const ptn_idset_t         *gone;
    const ptn_ics_state_t     *now;
    ptn_ics_folder_change_t   *ch;

    text_get(t, &c->tree, &state);

    if (!expect(t, ptn_ics_tree_open(t->mb, PTN_FOLDER_IPM_SUBTREE, 0, &state,
                                     &ics) == PTN_OK, "open a tree"))
    {
        return;
    }

    do {
        expect(t, ptn_ics_tree_next(t->mb, ics, t->pool, 1 + roll(t, 9), &ch,
                                    &n) == PTN_OK, "next of a tree");

        for (i = 0; i < n; i++) {
            row = NULL;

            for (at = 0; at < c->nfolders; at++) {
                if (c->folders[at].id == ch[i].id) {
                    row = &c->folders[at];
                }
            }

            expect(t, ch[i].given == (row != NULL), "given, of a folder");

            if (row == NULL) {
                row = &c->folders[c->nfolders++];
            }

            ptn_folder_get(t->mb, ch[i].id, &f);
            row->id = f->id;
            row->parent = f->parent;
            snprintf(row->name, sizeof(row->name), "%.*s",
                     ptn_str_arg(f->name));
        }
    } while (n != 0);

    gone = ptn_ics_tree_deleted(ics);

    for (i = 0; i < gone->nparts; i++) {
        for (k = 0; k < gone->parts[i].n; k++) {
            for (id = gone->parts[i].r[k].lo; id <= gone->parts[i].r[k].hi;
                 id++)
            {
                tree_forget(c, id);
            }
        }
    }

    if (expect(t, ptn_ics_tree_state(t->mb, ics, &now) == PTN_OK,
               "state of a tree"))
    {
        text_put(t, &c->tree, now);
    }

    ptn_ics_tree_close(ics);
}


/* ---- uploads ------------------------------------------------------------- */

static ptn_str_t
gid(test_t *t, ptn_id_t id)
{
    u_char      *p;
    uint16_t     replid;
    ptn_guid_t   guid;

    p = ptn_palloc(t->pool, PTN_GID_LEN);
    expect(t, ptn_mbox_replica(t->mb, id, &replid, &guid) == PTN_OK, "gid");
    ptn_eid_gid(guid, id, p);

    return ptn_str_make(p, PTN_GID_LEN);
}


/* A change key of the client's: 16 + 4 bytes. */

static ptn_str_t
xid(test_t *t, client_t *c)
{
    u_char  *p;

    p = ptn_palloc(t->pool, 20);
    memcpy(p, c->guid.b, 16);
    c->change++;
    p[16] = (u_char) (c->change >> 24);
    p[17] = (u_char) (c->change >> 16);
    p[18] = (u_char) (c->change >> 8);
    p[19] = (u_char) c->change;

    return ptn_str_make(p, 20);
}


static ptn_object_t *
object(test_t *t, const char *subject)
{
    ptn_object_t  *o;

    o = ptn_pcalloc(t->pool, sizeof(ptn_object_t));
    ptn_props_set(&o->props, t->pool, PTN_PR_MESSAGE_CLASS,
                  ptn_str("IPM.Note"));
    ptn_props_set(&o->props, t->pool, PTN_PR_SUBJECT,
                  ptn_str_dup(t->pool, ptn_str_z(subject)));
    ptn_props_set(&o->props, t->pool, PTN_PR_BODY, ptn_str("text"));

    return o;
}


/* A number joins the client's state. */

static void
state_add(test_t *t, text_t *text, ptn_ics_set_e which, uint64_t n, bool add)
{
    uint16_t         replid;
    ptn_guid_t       guid;
    ptn_ics_state_t  state;

    text_get(t, text, &state);

    if (add) {
        expect(t, ptn_ics_state_add(t->mb, &state, which, n) == PTN_OK,
               "a number joins");

    } else {
        ptn_mbox_replica(t->mb, n, &replid, &guid);
        ptn_idset_remove(&state.set[which], guid, n & PTN_ID_MAX);
    }

    text_put(t, text, &state);
    ptn_ics_state_done(&state);
}


static void
upload_message(test_t *t, client_t *c, unsigned f)
{
    copy_t              *row;
    ptn_id_t             first;
    ptn_rc_t             rc;
    ptn_txn_t            tx;
    ptn_str_t            pcl;
    char                 subject[24];
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out;

    memset(&in, 0, sizeof(in));
    snprintf(subject, sizeof(subject), "upload %u", ++t->serial);
    row = (c->n[f] && roll(t, 2)) ? &c->rows[f][roll(t, c->n[f])] : NULL;
    in.change_key = xid(t, c);
    in.object = object(t, subject);
    in.modified = 1770000000 + roll(t, 1000);
    in.received = 1770000000 + roll(t, 5);
    rc = ptn_txn_begin(&tx, t->mb);

    if (row == NULL) {
        if (c->n[f] >= ROWS - 100) {
            ptn_txn_done(&tx);
            return;
        }

        if (c->ids == c->ids_end && rc == PTN_OK) {
            rc = ptn_ics_local_ids(&tx, 7, &c->replguid, &first);
            c->ids = first;
            c->ids_end = first + 7;
        }

        /* one in four has an id of the client's own */

        row = &c->rows[f][c->n[f]++];
        memset(row, 0, sizeof(copy_t));
        row->fai = roll(t, 5) == 0;

        if (roll(t, 4)) {
            in.source_key = gid(t, c->ids++);

        } else {
            u_char  *p;

            p = ptn_palloc(t->pool, PTN_GID_LEN);
            ptn_eid_gid(c->guid, c->change, p);
            p[0] ^= 0x80;
            in.source_key = ptn_str_make(p, PTN_GID_LEN);
        }

        pcl = ptn_str_make(NULL, 0);

    } else {
        in.source_key = gid(t, row->mid);
        pcl = ptn_str_make(row->pcl, row->pcl_len);
    }

    in.fai = row->fai;
    expect(t, ptn_pcl_add(t->pool, pcl, in.change_key, &in.pcl) == PTN_OK,
           "a PCL");

    if (rc == PTN_OK) {
        rc = ptn_ics_import_message(&tx, t->pool, folders[f], &in, &out);
    }

    if (rc == PTN_EINVAL && row->mid != 0) {

        /* it was moved to another folder */

        ptn_txn_done(&tx);
        return;
    }

    if (!expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "import")) {
        diag("%s", ptn_err(rc)->name);
        ptn_txn_done(&tx);
        return;
    }

    t->imports++;
    t->conflicts += out.verdict == PTN_ICS_CONFLICT;
    t->gone += out.verdict == PTN_ICS_GONE;
    t->older += out.verdict == PTN_ICS_OLDER;

    if (out.verdict == PTN_ICS_NEW) {
        row->mid = out.mid;
        state_add(t, &c->state[f], PTN_ICS_GIVEN, out.mid, true);
    }

    if (out.verdict != PTN_ICS_GONE) {
        row->pcl_len = in.pcl.len;
        memcpy(row->pcl, in.pcl.data, in.pcl.len);
        snprintf(row->subject, sizeof(row->subject), "%s", subject);

        if (out.seen) {
            row->cn = out.cn;
            state_add(t, &c->state[f], row->fai ? PTN_ICS_SEEN_FAI
                                                : PTN_ICS_SEEN, out.cn, true);
        }
    }
}


static void
upload_delete(test_t *t, client_t *c, unsigned f)
{
    copy_t     *row;
    ptn_rc_t    rc;
    ptn_txn_t   tx;
    ptn_str_t   key;

    if (c->n[f] == 0) {
        return;
    }

    row = &c->rows[f][roll(t, c->n[f])];
    key = gid(t, row->mid);
    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_deletes(&tx, t->pool, folders[f], &key, 1, true);
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK,
           "a deletion is imported");
    state_add(t, &c->state[f], PTN_ICS_GIVEN, row->mid, false);
    forget(c, f, row);
}


static void
upload_reads(test_t *t, client_t *c, unsigned f)
{
    size_t           i, n, ncns;
    copy_t          *row;
    ptn_rc_t         rc;
    ptn_txn_t        tx;
    uint64_t        *cns;
    ptn_ics_read_t   r[3];

    n = ptn_min(c->n[f], 3u);

    for (i = 0; i < n; i++) {
        row = &c->rows[f][roll(t, c->n[f])];
        r[i].source_key = gid(t, row->mid);
        r[i].read = roll(t, 2);

        if (!row->fai) {
            row->seen = r[i].read;
        }
    }

    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_reads(&tx, t->pool, folders[f], r, n, &cns,
                                  &ncns);
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "read states");

    for (i = 0; i < ncns && rc == PTN_OK; i++) {
        state_add(t, &c->state[f], PTN_ICS_READ, cns[i], true);
    }
}


static void
upload_move(test_t *t, client_t *c, unsigned f)
{
    bool                 newer;
    copy_t               row, *from;
    unsigned             to;
    ptn_rc_t             rc;
    ptn_id_t             first;
    ptn_txn_t            tx;
    ptn_guid_t           guid;
    ptn_ics_move_t       mv;
    ptn_ics_imported_t   out;

    to = roll(t, FOLDERS);

    if (c->n[f] == 0 || to == f || c->n[to] >= ROWS - 100) {
        return;
    }

    from = &c->rows[f][roll(t, c->n[f])];
    row = *from;
    memset(&mv, 0, sizeof(mv));
    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK) {
        rc = ptn_ics_local_ids(&tx, 1, &guid, &first);
    }

    mv.source_folder = gid(t, folders[f]);
    mv.source_key = gid(t, row.mid);
    mv.pcl = ptn_str_make(row.pcl, row.pcl_len);
    mv.dest_key = gid(t, first);
    mv.change_key = xid(t, c);

    if (rc == PTN_OK) {
        rc = ptn_ics_import_move(&tx, t->pool, folders[to], &mv, &out,
                                 &newer);
    }

    if (!expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "a move")) {
        ptn_txn_done(&tx);
        return;
    }

    if (out.verdict == PTN_ICS_GONE) {
        t->gone++;
        return;
    }

    t->moves++;
    state_add(t, &c->state[f], PTN_ICS_GIVEN, row.mid, false);
    forget(c, f, from);
    row.mid = out.mid;
    row.cn = out.cn;
    c->rows[to][c->n[to]++] = row;
    state_add(t, &c->state[to], PTN_ICS_GIVEN, out.mid, true);

    if (out.seen) {
        state_add(t, &c->state[to], row.fai ? PTN_ICS_SEEN_FAI : PTN_ICS_SEEN,
                  out.cn, true);
    }
}


static void
upload_folder(test_t *t, client_t *c)
{
    fcopy_t                   *row;
    ptn_id_t                   first;
    ptn_rc_t                   rc;
    ptn_txn_t                  tx;
    ptn_str_t                  key, pcl;
    ptn_guid_t                 guid;
    const ptn_folder_t        *f;
    ptn_ics_imported_t         out;
    ptn_ics_import_folder_t    in;

    row = c->nfolders ? &c->folders[roll(t, c->nfolders)] : NULL;
    memset(&in, 0, sizeof(in));
    rc = ptn_txn_begin(&tx, t->mb);

    if (rc == PTN_OK && c->nfolders < 120 && roll(t, 2)) {
        rc = ptn_ics_local_ids(&tx, 1, &guid, &first);
        in.source_key = gid(t, first);
        in.parent_key = row && roll(t, 2) ? gid(t, row->id)
                                          : ptn_str_make(NULL, 0);

    } else if (row != NULL && row->id >= PTN_ID_FIRST) {
        in.source_key = gid(t, row->id);
        in.parent_key = gid(t, row->parent);

        if (ptn_folder_get(t->mb, row->id, &f) == PTN_OK
            && ptn_folder_change_key(t->mb, t->pool, row->id, &key, &pcl)
               == PTN_OK && roll(t, 3))
        {
            in.pcl = pcl;
        }

    } else {
        ptn_txn_done(&tx);
        return;
    }

    in.change_key = xid(t, c);
    ptn_pcl_add(t->pool, in.pcl, in.change_key, &in.pcl);
    in.modified = ptn_time_now() / PTN_USEC + roll(t, 3) - 1;
    in.name = ptn_str_printf(t->pool, "folder %u", ++t->serial);

    rc = ptn_ics_import_folder(&tx, t->pool, PTN_FOLDER_IPM_SUBTREE, &in,
                               &out);

    if (rc == PTN_ENOTFOUND || rc == PTN_EINVAL) {
        ptn_txn_done(&tx);      /* its parent is gone, or below it */
        return;
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "a folder");

    if (rc != PTN_OK) {
        diag("%s", ptn_err(rc)->name);
        ptn_txn_done(&tx);
        return;
    }

    t->conflicts += out.verdict == PTN_ICS_CONFLICT;

    if (out.verdict == PTN_ICS_NEW) {
        row = &c->folders[c->nfolders++];
        row->id = out.id;
        ptn_folder_get(t->mb, out.id, &f);
        row->parent = f->parent;
        state_add(t, &c->tree, PTN_ICS_GIVEN, out.id, true);
    }

    if (out.seen) {
        snprintf(row->name, sizeof(row->name), "%.*s", ptn_str_arg(in.name));
        state_add(t, &c->tree, PTN_ICS_SEEN, out.cn, true);
    }
}


/* ---- the mailbox's own --------------------------------------------------- */

static ptn_id_t
any(test_t *t, unsigned f, ptn_id_t *ids, size_t max, size_t *ret_n)
{
    size_t        i, n;
    ptn_row_t     row;
    ptn_view_t   *view;

    *ret_n = 0;

    if (ptn_view_get(t->mb, folders[f], &view) != PTN_OK) {
        return 0;
    }

    n = ptn_view_count(view);

    for (i = 0; i < max && n != 0; i++) {
        ptn_view_row(view, 1 + roll(t, (unsigned) n), &row);
        ids[(*ret_n)++] = row.id;
    }

    ptn_view_unref(view);

    return *ret_n ? ids[0] : 0;
}


static void
change(test_t *t)
{
    size_t           n;
    ptn_id_t         ids[5], *got, id;
    ptn_rc_t         rc;
    ptn_txn_t        tx;
    unsigned         f, k;
    ptn_save_t       save;
    ptn_saved_t      saved;
    ptn_bag_prop_t   p;
    ptn_appended_t   app;
    const ptn_folder_t  *fl;

    f = roll(t, FOLDERS);
    any(t, f, ids, 1 + roll(t, 5), &n);
    rc = ptn_txn_begin(&tx, t->mb);
    memset(&save, 0, sizeof(save));

    switch (rc == PTN_OK ? roll(t, 12) : 99) {

    case 0:
    case 1:
    case 2:
        for (k = roll(t, 4); k > 0 && rc == PTN_OK; k--) {
            rc = site_append(&t->site, &tx, folders[f], 100 + roll(t, 50), 0,
                             &app);
        }
        break;

    case 3:
        save.object = object(t, "server");
        save.fai = roll(t, 2);
        rc = ptn_msg_create(&tx, t->pool, folders[f], &save, &saved);
        break;

    case 4:
    case 5:
        rc = ptn_msg_flags_ids(&tx, ids, n, roll(t, 2) ? PTN_FLAGS_ADD
                                                       : PTN_FLAGS_REMOVE,
                               roll(t, 2) ? PTN_FLAG_SEEN : PTN_FLAG_FLAGGED,
                               0, NULL);
        break;

    case 6:
        rc = ptn_msg_expunge_ids(&tx, ids, ptn_min(n, (size_t) 2));
        break;

    case 7:
        rc = ptn_msg_move_ids(&tx, t->pool, folders[f], ids, n,
                              folders[roll(t, FOLDERS)], &got);
        break;

    case 8:
        rc = ptn_msg_copy_ids(&tx, t->pool, folders[f], ids, n != 0,
                              folders[roll(t, FOLDERS)], &got);
        break;

    case 9:
        if (n != 0) {
            p.tag = PTN_PR_FLAG_STATUS;
            p.value = ptn_str_make("\1\0\0\0", 4);
            rc = ptn_msg_set_props(&tx, t->pool, ids[0], &p, 1, &saved);
        }
        break;

    case 10:
        if (n != 0) {
            char  subject[24];

            snprintf(subject, sizeof(subject), "edit %u", ++t->serial);
            save.object = object(t, subject);
            rc = ptn_msg_update(&tx, t->pool, ids[0], &save, 0, &saved);
        }
        break;

    default:
        if (rc == PTN_OK && t->c[0].nfolders != 0) {
            id = t->c[0].folders[roll(t, t->c[0].nfolders)].id;

            if (id < PTN_ID_FIRST || ptn_folder_get(t->mb, id, &fl) != PTN_OK)
            {
                break;
            }

            rc = roll(t, 3)
                 ? ptn_folder_move(&tx, id, roll(t, 2)
                                            ? PTN_FOLDER_IPM_SUBTREE
                                            : PTN_FOLDER_ROOT,
                                   ptn_str_printf(t->pool, "moved %u",
                                                  ++t->serial))
                 : ptn_folder_delete(&tx, id, true);
        }
    }

    expect(t, rc == PTN_OK && ptn_txn_commit(&tx) == PTN_OK, "a change");

    if (rc != PTN_OK) {
        ptn_txn_done(&tx);
    }
}


/* ---- equal? -------------------------------------------------------------- */

static void
compare(test_t *t, client_t *c, unsigned f)
{
    char           text[160];
    copy_t        *row;
    unsigned       n;
    ptn_str_t      subject;
    sqlite3_stmt  *st;

    snprintf(text, sizeof(text), "SELECT m.mid, m.cn, m.fai, m.flags,"
             " i.subject FROM message m JOIN item i ON i.id=m.id"
             " WHERE m.folder=%d", (int) folders[f]);
    sqlite3_prepare_v2(t->mb->db, text, -1, &st, NULL);

    for (n = 0; sqlite3_step(st) == SQLITE_ROW; n++) {
        row = find(c, f, (uint64_t) sqlite3_column_int64(st, 0));

        if (!expect(t, row != NULL, "the client lacks a message")) {
            continue;
        }

        subject = ptn_sql_column(st, 4);
        expect(t, row->cn == (uint64_t) sqlite3_column_int64(st, 1),
               "another version");
        expect(t, row->fai == (sqlite3_column_int64(st, 2) != 0), "fai");
        expect(t, row->fai || row->seen == ((sqlite3_column_int64(st, 3)
                                             & PTN_FLAG_SEEN) != 0),
               "another read state");
        expect(t, ptn_str_eqz(subject, row->subject), "another subject");
    }

    sqlite3_finalize(st);
    expect(t, n == c->n[f], "the client has more");
}


static void
compare_tree(test_t *t, client_t *c)
{
    size_t               i, n, k;
    bool                 found;
    const ptn_folder_t  *f;

    expect(t, ptn_folder_list(t->mb, &f, &n) == PTN_OK && n == c->nfolders,
           "as many folders");

    for (i = 0; i < n; i++) {
        for (k = 0, found = false; k < c->nfolders; k++) {
            found |= c->folders[k].id == f[i].id
                     && c->folders[k].parent == f[i].parent
                     && ptn_str_eqz(f[i].name, c->folders[k].name);
        }

        expect(t, found, "a folder as it is");
    }
}


/* ---- a restored copy ----------------------------------------------------- */

static void
copy_file(const char *from, const char *to)
{
    char  cmd[700];

    snprintf(cmd, sizeof(cmd), "cp %s %s", from, to);
    ok(system(cmd) == 0, "%s", to + strlen(to) - 7);
}


/* REPLIDs are the mailbox's, and others in the copy: GIDs of what clients have,
 * and back. */

static void
number(test_t *t, bool back)
{
    copy_t     *row;
    unsigned    k, f, i;
    ptn_txn_t   tx;

    expect(t, ptn_txn_begin(&tx, t->mb) == PTN_OK, "begin");

    for (k = 0; k < CLIENTS; k++) {
        for (f = 0; f < FOLDERS; f++) {
            for (i = 0; i < t->c[k].n[f]; i++) {
                row = &t->c[k].rows[f][i];

                if (!back) {
                    memcpy(row->gid, gid(t, row->mid).data, PTN_GID_LEN);
                    continue;
                }

                expect(t, ptn_ics_id(t->mb, &tx,
                                     ptn_str_make(row->gid, PTN_GID_LEN),
                                     &row->mid) == PTN_OK, "a GID");
            }
        }
    }

    expect(t, ptn_txn_commit(&tx) == PTN_OK, "commit");
    ptn_store_commit(t->site.store);
    t->mb = site_open(&t->site, "alice");
}


/* What the lost time told is taken back; ids and numbers go on. */

static void
test_restore(test_t *t)
{
    char      path[300], copy[300];
    client_t  *c;
    unsigned  i, f;

    snprintf(path, sizeof(path),
             "%s/mailbox/example.test/alice/mailbox.sqlite", t->site.root);
    snprintf(copy, sizeof(copy), "%s/copy.sqlite", t->site.root);

    ptn_store_close(t->site.store);
    copy_file(path, copy);
    ptn_store_open(&t->site.opts, &t->site.store);
    t->mb = site_open(&t->site, "alice");

    for (i = 0; i < 60; i++) {
        change(t);
        c = &t->c[roll(t, CLIENTS)];
        upload_message(t, c, roll(t, FOLDERS));
        download(t, c, roll(t, FOLDERS), true);
        ptn_store_commit(t->site.store);
    }

    for (f = 0; f < FOLDERS; f++) {
        download(t, &t->c[0], f, true);
    }

    number(t, false);
    ptn_store_close(t->site.store);
    copy_file(copy, path);
    ptn_store_open(&t->site.opts, &t->site.store);
    t->mb = site_open(&t->site, "alice");
    number(t, true);

    for (i = 0; i < 40; i++) {
        change(t);
        download(t, &t->c[roll(t, CLIENTS)], roll(t, FOLDERS), false);
        ptn_store_commit(t->site.store);
    }
}


static void
test_equal(test_t *t, const char *when)
{
    unsigned  k, f;

    for (k = 0; k < CLIENTS; k++) {
        for (f = 0; f < FOLDERS; f++) {
            download(t, &t->c[k], f, true);
            compare(t, &t->c[k], f);
        }

        tree(t, &t->c[k]);
        compare_tree(t, &t->c[k]);
    }

    ok(t->bad == 0, "the copies are the mailbox, %s", when);
}


int
main(void)
{
    test_t    *t;
    unsigned   i, k, f;
    client_t  *c;

    t = calloc(1, sizeof(test_t));
    t->random = getenv("SEED") ? (uint64_t) atoll(getenv("SEED")) : 11;
    site_make(&t->site);
    t->mb = site_open(&t->site, "alice");
    t->pool = ptn_pool_create(0, NULL);

    for (k = 0; k < CLIENTS; k++) {
        memset(t->c[k].guid.b, (int) (0x31 + k), 16);
    }

    for (i = 0; i < STEPS; i++) {
        c = &t->c[roll(t, CLIENTS)];
        f = roll(t, FOLDERS);

        switch (roll(t, 16)) {

        case 0:
        case 1:
            upload_message(t, c, f);
            break;

        case 2:
            upload_delete(t, c, f);
            break;

        case 3:
            upload_reads(t, c, f);
            break;

        case 4:
            upload_move(t, c, f);
            break;

        case 5:
            upload_folder(t, c);
            break;

        case 6:
        case 7:
        case 8:
            download(t, c, f, false);
            break;

        case 9:
            tree(t, c);
            break;

        default:
            change(t);
        }

        if (roll(t, 10) == 0) {
            ptn_store_commit(t->site.store);
            t->mb = site_open(&t->site, "alice");
        }

        if (i % 300 == 299) {
            test_equal(t, "on the way");
        }

        ptn_pool_reset(t->pool);
        ptn_pool_reset(t->site.pool);
    }

    ptn_store_commit(t->site.store);
    t->mb = site_open(&t->site, "alice");
    test_equal(t, "in the end");
    diag("%u told (%u updates, %u partial), %u deleted, %u read; %u uploads,"
         " %u moves; %u conflicts, %u older, %u gone, %u checkpoints",
         t->told, t->updates, t->partial, t->deleted, t->reads, t->imports,
         t->moves, t->conflicts, t->older, t->gone, t->checkpoints);
    ok(t->updates > 50 && t->partial > 10 && t->deleted > 50 && t->reads > 30
       && t->imports > 40 && t->moves > 5 && t->conflicts > 1
       && t->checkpoints > 20, "something of everything");
    site_check(&t->site, "alice");

    t->mb = site_open(&t->site, "alice");
    test_restore(t);
    test_equal(t, "of a restored copy");
    site_check(&t->site, "alice");

    for (k = 0; k < CLIENTS; k++) {
        for (f = 0; f < FOLDERS; f++) {
            text_drop(&t->c[k].state[f]);
        }

        text_drop(&t->c[k].tree);
    }

    ptn_pool_destroy(t->pool);
    site_done(&t->site);
    free(t);

    return done_testing();
}
