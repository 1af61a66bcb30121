/*
 * faces.c: a device of ActiveSync.
 */

#ifndef FACES_EAS_H
#define FACES_EAS_H


#include "faces.h"


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
    int64_t      filter;                /* what is older is not told of */
    int64_t      want;                  /* the same, from now on */
    ptn_sync_t   sync;
    ptn_id_t     own[OWN_MAX];
    uint64_t     modseq[OWN_MAX];       /* with which it was made */
    size_t       nown;
} eas_t;


static void
eas_own(eas_t *e, ptn_id_t mid, uint64_t modseq)
{
    if (e->nown < OWN_MAX) {
        e->own[e->nown] = mid;
        e->modseq[e->nown++] = modseq;
    }
}


static bool
eas_is_own(eas_t *e, ptn_id_t mid, uint64_t modseq)
{
    bool    same;
    size_t  i;

    for (i = 0; i < e->nown; i++) {
        if (e->own[i] == mid) {
            same = (e->modseq[i] == modseq);
            e->nown--;
            e->own[i] = e->own[e->nown];
            e->modseq[i] = e->modseq[e->nown];
            return same;
        }
    }

    return false;
}


static void
eas_state_read(eas_t *e, ptn_str_t state)
{
    char                *p, *end;
    size_t               i;
    unsigned long long   mid, n[6];

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
        mid = strtoull(p, &end, 10);

        if (end == p) {
            break;
        }

        eas_own(e, mid, strtoull(end, &p, 10));
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
        ptn_buf_printf(&b, " %llu %llu", (unsigned long long) e->own[i],
                       (unsigned long long) e->modseq[i]);
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
        saved.modseq = 0;               /* it may have changed since */

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
    eas_own(e, saved.mid, saved.modseq);

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
        || (ch->kind == PTN_SYNC_CREATE && eas_is_own(e, m.mid, m.modseq)))
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


/*
 * The bound moved: what comes in by that is new to the device, what goes out
 * is deleted there.
 */

static ptn_rc_t
eas_window(eas_t *e)
{
    bool             was, is;
    faces_t         *t;
    uint32_t         seq;
    ptn_rc_t         rc;
    ptn_row_t        row;
    ptn_view_t      *view;
    ptn_msg_info_t   m;

    t = e->t;
    rc = ptn_view_get(t->mb, e->folder, &view);
    if (rc != PTN_OK) {
        return rc;
    }

    for (seq = 1; seq <= ptn_view_count(view) && rc == PTN_OK; seq++) {
        ptn_view_row(view, seq, &row);
        rc = ptn_msg_get_id(t->mb, row.id, &m);

        if (rc != PTN_OK) {
            break;
        }

        was = m.received >= e->filter;
        is = m.received >= e->want;

        if (was && !is) {
            put_line(t, "delete\t%llu\n", (unsigned long long) m.mid);

        } else if (is && !was) {
            put_line(t, "create\t%llu\t%d\t%d", (unsigned long long) m.mid,
                     (m.flags & PTN_FLAG_SEEN) != 0,
                     (m.flags & PTN_FLAG_FLAGGED) != 0);
            rc = put_message(t, m.id);
            put_end(t);
        }
    }

    ptn_view_unref(view);
    e->filter = e->want;

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
        rc = (e->want != e->filter) ? eas_window(e) : PTN_OK;

        if (rc != PTN_OK) {
            return rc;
        }

        rc = ptn_sync_items(t->mb, t->pool, e->folder, false, &e->sync, max,
                            &ch, &n, &more);

        for (i = 0; i < n && rc == PTN_OK; i++) {
            rc = eas_item(e, &ch[i]);
        }

        /* what came and went within a run of pages is told to nobody but the
         * device that made it */

        for (i = 0; i < e->nown && rc == PTN_OK && !more; i++) {
            if (ptn_msg_by_mid(t->mb, e->folder, e->own[i], &root)
                == PTN_ENOTFOUND)
            {
                put_line(t, "delete\t%llu\n", (unsigned long long) e->own[i]);
            }
        }

        e->nown = (rc == PTN_OK && !more) ? 0 : e->nown;
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
 * folders; FILTER empty: the last one, an option of the collection.  What it
 * was when the device was told last is in the state.  Answers what happened,
 * then key N; `again` before all that when it is a repetition.
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

    e->want = (int64_t) arg_u64(t, 3);

    if (t->word[3].len == 0 && sync.options.len == sizeof(int64_t)) {
        memcpy(&e->want, sync.options.data, sizeof(int64_t));
    }

    e->filter = e->want;

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

    if (t->word[3].len != 0) {
        put.options = ptn_str_make(&e->want, sizeof(int64_t));
    }

    rc = ptn_device_put(&t->tx, e->device, e->collection, &put, &key);

    if (rc == PTN_OK) {
        put_line(t, "key\t%llu\n", (unsigned long long) key);
    }

    return rc;
}


#endif /* FACES_EAS_H */
