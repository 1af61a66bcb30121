/*
 * Everything that clients see of a mailbox, as text, by the calls alone: two
 * mailboxes with the same text are the same to everybody.
 */

#ifndef MAILBOX_VISIBLE_H
#define MAILBOX_VISIBLE_H


#include "mailbox_site.h"


typedef struct {
    site_t      *s;
    const char  *name;
    ptn_buf_t   *b;
    bool         numbers;       /* of changes too, and what goes by them */
    uint64_t     epoch, cn;
} visible_t;


static inline uint64_t
visible_hash(ptn_str_t v)
{
    size_t    i;
    uint64_t  h;

    h = 0xcbf29ce484222325ULL;

    for (i = 0; i < v.len; i++) {
        h = (h ^ v.data[i]) * 0x100000001b3ULL;
    }

    return h;
}


static inline void
visible_value(visible_t *v, uint32_t tag, ptn_str_t value)
{
    size_t  i;
    bool    text;

    text = (value.len < 60);

    for (i = 0; i < value.len && text; i++) {
        text = (value.data[i] >= 0x20 && value.data[i] < 0x7f
                && value.data[i] != '"' && value.data[i] != '\\');
    }

    if (text) {
        ptn_buf_printf(v->b, "  %08x %.*s\n", tag, ptn_str_arg(value));

    } else {
        ptn_buf_printf(v->b, "  %08x %zu:%016llx\n", tag, value.len,
                       (unsigned long long) visible_hash(value));
    }
}


static inline void
visible_props(visible_t *v, const ptn_props_t *props)
{
    uint32_t  i;

    for (i = 0; i < props->n; i++) {
        visible_value(v, props->p[i].tag, props->p[i].value);
    }
}


static inline void
visible_object(visible_t *v, ptn_msg_t *msg)
{
    uint32_t              i;
    ptn_str_t             data;
    const ptn_object_t   *o;

    if (ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o) != PTN_OK) {
        ptn_buf_z(v->b, "  no object\n");
        return;
    }

    visible_props(v, &o->props);

    for (i = 0; i < o->nrecips; i++) {
        ptn_buf_printf(v->b, " recipient %u\n", o->recips[i].type);
        visible_props(v, &o->recips[i].props);
    }

    for (i = 0; i < o->nattachs; i++) {
        data = ptn_str("");
        (void) ptn_msg_attach_data(msg, o->attachs[i].num, SIZE_MAX, &data);
        ptn_buf_printf(v->b, " attachment %u %zu:%016llx\n",
                       o->attachs[i].num, data.len,
                       (unsigned long long) visible_hash(data));
        visible_props(v, &o->attachs[i].props);
    }
}


static inline void
visible_message(visible_t *v, ptn_id_t id)
{
    ptn_str_t        raw;
    ptn_msg_t       *msg;
    ptn_msg_info_t   m;

    if (ptn_msg_open(site_open(v->s, v->name), v->s->pool, id, &msg)
        != PTN_OK)
    {
        ptn_buf_z(v->b, " not to be opened\n");
        return;
    }

    ptn_msg_info(msg, &m);
    ptn_buf_printf(v->b, " message uid %u flags %x keywords %llx size %llu"
                   " received %lld fai %d", m.uid, m.flags,
                   (unsigned long long) m.keywords,
                   (unsigned long long) m.size, (long long) m.received,
                   m.fai);

    if (v->numbers) {
        ptn_buf_printf(v->b, " id %llu mid %llu content %llu cn %llu read %llu"
                       " modseq %llu born %llu modified %lld",
                       (unsigned long long) m.id, (unsigned long long) m.mid,
                       (unsigned long long) m.content,
                       (unsigned long long) m.cn,
                       (unsigned long long) m.read_cn,
                       (unsigned long long) m.modseq,
                       (unsigned long long) m.born, (long long) m.modified);
    }

    raw = ptn_str("");
    (void) ptn_msg_slice(msg, v->s->pool, 0, UINT64_MAX, SIZE_MAX, &raw);
    ptn_buf_printf(v->b, "\n  bytes %zu:%016llx\n", raw.len,
                   (unsigned long long) visible_hash(raw));
    visible_object(v, msg);
}


static inline ptn_rc_t
visible_row(void *ctx, const ptn_table_row_t *row)
{
    visible_t  *v = ctx;

    visible_message(v, row->id);

    return PTN_OK;
}


/* Messages, those of the folder itself, what left it, what has changed. */

static inline void
visible_contents(visible_t *v, ptn_id_t folder)
{
    bool                more;
    size_t              i, n;
    uint32_t            seq, *uids;
    ptn_row_t           row;
    ptn_view_t         *view;
    ptn_sync_t          sync;
    ptn_mbox_t         *mb;
    ptn_table_t        *t;
    ptn_sync_change_t  *c;

    mb = site_open(v->s, v->name);

    if (ptn_view_get(mb, folder, &view) == PTN_OK) {
        for (seq = 1; seq <= ptn_view_count(view); seq++) {
            ptn_view_row(view, seq, &row);
            visible_message(v, row.id);
        }

        ptn_view_unref(view);
    }

    mb = site_open(v->s, v->name);

    if (ptn_table_open(mb, PTN_TABLE_FAI, folder, 0, &t) == PTN_OK) {
        (void) ptn_table_rows(mb, t, v->s->pool, NULL, 0, 0, 1000, false,
                              visible_row, v);
        ptn_table_close(t);
    }

    if (!v->numbers) {
        return;
    }

    mb = site_open(v->s, v->name);

    if (ptn_view_vanished(mb, v->s->pool, folder, 1, &uids, &n) == PTN_OK) {
        for (i = 0; i < n; i++) {
            ptn_buf_printf(v->b, " vanished %u\n", uids[i]);
        }
    }

    memset(&sync, 0, sizeof(sync));
    sync.epoch = v->epoch;
    sync.modseq = v->cn - ptn_min(v->cn, (uint64_t) 20);

    if (ptn_sync_items(mb, v->s->pool, folder, false, &sync, 1000, &c, &n,
                       &more)
        == PTN_OK)
    {
        for (i = 0; i < n; i++) {
            ptn_buf_printf(v->b, " change %d %llu %llu %llu %x\n", c[i].kind,
                           (unsigned long long) c[i].id,
                           (unsigned long long) c[i].mid,
                           (unsigned long long) c[i].cn, c[i].flags);
        }
    }
}


static inline void
visible_names(visible_t *v)
{
    bool              found;
    unsigned          i;
    uint16_t          id;
    ptn_mbox_t       *mb;
    ptn_named_t       name;
    const ptn_str_t  *names;

    mb = site_open(v->s, v->name);

    if (ptn_keyword_names(mb, &names) == PTN_OK) {
        for (i = 0; i < 64; i++) {
            if (names[i].len != 0) {
                ptn_buf_printf(v->b, "keyword %u %.*s\n", i,
                               ptn_str_arg(names[i]));
            }
        }
    }

    for (i = 0; i < 64; i++) {
        id = (uint16_t) (PTN_NAMED_FIRST + i);

        if (ptn_named_names(mb, v->s->pool, &id, 1, &name, &found) == PTN_OK
            && found)
        {
            ptn_buf_printf(v->b, "named %x %02x%02x %u %.*s\n", id,
                           name.set.b[0], name.set.b[15], name.lid,
                           ptn_str_arg(name.name));
        }
    }
}


static inline void
visible_events(visible_t *v)
{
    size_t             i, n;
    uint64_t           last;
    ptn_mbox_event_t  *e;

    if (ptn_mbox_events(site_open(v->s, v->name), v->s->pool, 0, 10000, &e,
                        &n, &last)
        != PTN_OK)
    {
        return;
    }

    for (i = 0; i < n; i++) {
        ptn_buf_printf(v->b, "event %llu %d %llu %llu %llu %llu\n",
                       (unsigned long long) e[i].n, e[i].kind,
                       (unsigned long long) e[i].folder,
                       (unsigned long long) e[i].message,
                       (unsigned long long) e[i].old_folder,
                       (unsigned long long) e[i].cn);
    }
}


/* In the pool of the site. */

static inline char *
visible_text(site_t *s, const char *name, bool numbers)
{
    size_t               i, n;
    ptn_buf_t            b;
    visible_t            v = { s, name, &b, numbers, 0, 0 };
    ptn_mbox_info_t      info;
    ptn_folder_t        *copy;
    const ptn_folder_t  *f;

    ptn_buf_init(&b, s->pool);
    memset(&info, 0, sizeof(info));
    ptn_mbox_info(site_open(s, name), &info);
    v.epoch = info.epoch;
    v.cn = info.cn;
    ptn_buf_printf(&b, "size %llu messages %llu unread %llu folders %llu\n",
                   (unsigned long long) info.size,
                   (unsigned long long) info.messages,
                   (unsigned long long) info.unread,
                   (unsigned long long) info.folders);

    if (numbers) {
        ptn_buf_printf(&b, "epoch %llu change %llu\n",
                       (unsigned long long) info.epoch,
                       (unsigned long long) info.cn);
    }

    visible_names(&v);

    if (numbers) {
        visible_events(&v);
    }

    f = NULL;
    n = 0;
    (void) ptn_folder_list_all(site_open(s, name), &f, &n);
    copy = ptn_parray(s->pool, n + 1, sizeof(ptn_folder_t));

    for (i = 0; i < n; i++) {
        copy[i] = f[i];
        copy[i].name = ptn_str_dup(s->pool, f[i].name);
        copy[i].cls = ptn_str_dup(s->pool, f[i].cls);
    }

    for (i = 0; i < n; i++) {
        ptn_buf_printf(&b, "folder \"%.*s\" %.*s special %u %d%d%d next %u"
                       " total %u unread %u deleted %u size %llu",
                       ptn_str_arg(copy[i].name), ptn_str_arg(copy[i].cls),
                       copy[i].special, copy[i].subscribed, copy[i].hidden,
                       copy[i].search, copy[i].uidnext, copy[i].total,
                       copy[i].unread, copy[i].deleted,
                       (unsigned long long) copy[i].size);

        if (numbers) {
            ptn_buf_printf(&b, " id %llu in %llu validity %u cn %llu"
                           " modseq %llu", (unsigned long long) copy[i].id,
                           (unsigned long long) copy[i].parent,
                           copy[i].uidvalidity,
                           (unsigned long long) copy[i].cn,
                           (unsigned long long) copy[i].modseq);
        }

        ptn_buf_z(&b, "\n");
        visible_contents(&v, copy[i].id);
    }

    return ptn_str_dupz(s->pool, ptn_buf_get(&b));
}


#endif /* MAILBOX_VISIBLE_H */
