/*
 * Conflicts of messages (MS-OXCFXICS 3.1.5.6): who wins, the conflict resolve
 * message, how it is told, how it ends; what owners of a public folder are to
 * hear.
 */

#include "ics_import.h"


static ptn_id_t
fresh(test_t *t)
{
    ptn_id_t    id;
    ptn_guid_t  guid;

    begin(t);
    must(ptn_ics_local_ids(&t->tx, 1, &guid, &id), "an id");
    commit(t);

    return id;
}


static ptn_str_t
none(void)
{
    return ptn_str_make(NULL, 0);
}


static uint32_t
status(test_t *t, ptn_id_t id)
{
    uint32_t  s = 0;

    must(ptn_msg_status_get(t->mb, id, &s), "status");

    return s;
}


static const ptn_object_t *
whole(test_t *t, ptn_id_t id)
{
    ptn_msg_t           *msg;
    const ptn_object_t  *o;

    must(ptn_msg_open(t->mb, t->pool, id, &msg), "open");
    must(ptn_msg_object(msg, PTN_OXCMAIL_ALL, &o), "object");

    return o;
}


static ptn_ics_version_t
version(test_t *t, ptn_id_t id, uint32_t n)
{
    ptn_ics_version_t  v;

    must(ptn_ics_version(t->mb, t->pool, id, n, &v), "version");

    return v;
}


static ptn_str_t
subject(const ptn_ics_version_t *v)
{
    return ptn_props_get(&v->object->props, PTN_PR_SUBJECT);
}


static ptn_str_t
list_of(test_t *t, ptn_id_t id)
{
    ptn_str_t  key, list;

    must(ptn_msg_change_key(t->mb, t->pool, id, &key, &list), "keys");

    return list;
}


static bool
same_list(ptn_str_t a, ptn_str_t b)
{
    return ptn_pcl_includes(a, b) && ptn_pcl_includes(b, a);
}


static void
method(test_t *t, ptn_id_t folder, const char *value)
{
    ptn_bag_prop_t  p;

    p.tag = PTN_PR_RESOLVE_METHOD;
    p.value = ptn_str_make(value, 4);
    begin(t);
    is_rc(ptn_folder_props_set(&t->tx, folder, &p, 1), PTN_OK, "a method");
    commit(t);
}


/* One that was changed here and at a client: both know (9, 1) of it. */

static ptn_ics_imported_t
conflict(test_t *t, ptn_id_t *ret_mid, int64_t modified)
{
    ptn_id_t             mid;
    ptn_ics_imported_t   out;

    mid = fresh(t);
    import(t, gid(t, mid), none(), xid(t, 9, 1), 1000, "was", false);
    import(t, gid(t, mid), pcl(t, none(), xid(t, 9, 1)), xid(t, 5, 1), 2000,
           "five's", false);
    out = import(t, gid(t, mid), pcl(t, none(), xid(t, 9, 1)), xid(t, 7, 1),
                 modified, "seven's", false);
    ok(out.verdict == PTN_ICS_CONFLICT && !out.seen && out.versions == 2,
       "resolved");
    *ret_mid = mid;

    return out;
}


/* ---- who wins ------------------------------------------------------------ */

static void
test_winner(test_t *t)
{
    ptn_id_t             mid, fai;
    uint64_t             cn;
    ptn_msg_info_t       m;
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out;

    /* foretold, refused */

    mid = fresh(t);
    out = import(t, gid(t, mid), none(), xid(t, 5, 1), 2000, "two", false);
    cn = out.cn;
    memset(&in, 0, sizeof(in));
    in.source_key = gid(t, mid);
    in.change_key = xid(t, 9, 4);
    in.pcl = pcl(t, none(), xid(t, 9, 4));
    begin(t);
    is_rc(ptn_ics_check_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                &out), PTN_OK, "asked");
    is_u64(out.verdict, PTN_ICS_CONFLICT, "a conflict is foretold");
    commit(t);
    out = import(t, gid(t, mid), none(), xid(t, 9, 4), 3000, "mine", true);
    ok(out.verdict == PTN_ICS_CONFLICT && out.versions == 0 && out.cn == cn,
       "refused");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "two", "nothing happened");
    is_u64(status(t, out.id), 0, "no conflict here");

    /* by time, then by the NamespaceGuid, then the one that comes */

    out = import(t, gid(t, mid), none(), xid(t, 9, 4), 2001, "mine", false);
    ok(out.verdict == PTN_ICS_CONFLICT && !out.seen && out.cn > cn,
       "resolved");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "mine", "the client's wins");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), xid(t, 9, 4), "with its key");
    is_rc(ptn_msg_get_id(t->mb, out.id, &m), PTN_OK, "its row");
    is_u64(m.modified, 2001, "and its time");
    out = import(t, gid(t, mid), none(), xid(t, 7, 1), 2000, "late", false);
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "mine", "ours stays");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), xid(t, 9, 4),
           "with its key");
    is_u64(out.versions, 3, "three versions");

    mid = fresh(t);
    import(t, gid(t, mid), none(), xid(t, 5, 1), 2000, "five", false);
    out = import(t, gid(t, mid), none(), xid(t, 6, 1), 2000, "six", false);
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "six", "a tie, the greater wins");
    out = import(t, gid(t, mid), none(), xid(t, 2, 1), 2000, "2", false);
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "six", "the smaller does not");
    mid = fresh(t);
    import(t, gid(t, mid), pcl(t, none(), xid(t, 5, 1)), xid(t, 6, 1), 2000,
           "five", false);
    out = import(t, gid(t, mid), pcl(t, none(), xid(t, 5, 2)), xid(t, 6, 0),
                 2000, "again", false);
    is_u64(out.verdict, PTN_ICS_CONFLICT, "of one namespace");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "again",
           "the same namespace: the imported one wins");

    /* the folder says that the last writer does */

    method(t, PTN_FOLDER_INBOX, "\1\0\0\0");
    cn = out.cn;
    out = import(t, gid(t, mid), none(), xid(t, 3, 1), 5, "last", false);
    ok(out.verdict == PTN_ICS_CONFLICT && out.versions == 0 && out.cn > cn,
       "without a copy");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "last", "the last one wins");
    is_u64(status(t, out.id), 0, "which ends the conflict");
    is_u64(ptn_conflict_count(whole(t, out.id)), 0, "and its versions");
    ok(ptn_pcl_includes(list_of(t, out.id), pcl(t, none(), xid(t, 5, 2)))
       && ptn_pcl_includes(list_of(t, out.id), pcl(t, none(), xid(t, 3, 1))),
       "but not what is known");
    method(t, PTN_FOLDER_INBOX, "\0\0\0\0");

    /* FAI: the earlier one does not win */

    fai = fresh(t);
    in.source_key = gid(t, fai);
    in.change_key = xid(t, 5, 1);
    in.pcl = none();
    in.fai = true;
    in.modified = 2000;
    in.object = object(t, "fai");
    begin(t);
    must(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in, &out),
         "an FAI message");
    commit(t);
    in.change_key = xid(t, 7, 1);
    in.modified = 1999;
    in.object = object(t, "not fai");
    begin(t);
    must(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in, &out),
         "in conflict");
    commit(t);
    ok(out.verdict == PTN_ICS_CONFLICT && out.versions == 0
       && status(t, out.id) == 0, "no conflict of an FAI message");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "fai", "the later FAI message");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), xid(t, 5, 1), "its own key");
    ok(ptn_pcl_includes(list_of(t, out.id), pcl(t, none(), xid(t, 7, 1))),
       "and all is known");
}


/* ---- the message --------------------------------------------------------- */

/* With an attachment of its own, which is in all that is told of it. */

static ptn_object_t *
attached(test_t *t, const char *text)
{
    ptn_attach_t  *a;
    ptn_object_t  *o;

    o = object(t, text);
    a = ptn_pcalloc(t->pool, sizeof(ptn_attach_t));
    a->num = 4;
    a->part = PTN_PART_NONE;
    a->has_data = true;
    a->data = ptn_str("attached");
    a->size = 8;
    ptn_props_set_int(&a->props, t->pool, PTN_PR_ATTACH_METHOD, 1);
    ptn_props_set(&a->props, t->pool, PTN_PR_ATTACH_LONG_FILENAME,
                  ptn_str("a.txt"));
    o->attachs = a;
    o->nattachs = 1;

    return o;
}


static void
test_message(test_t *t)
{
    uint32_t             i, n;
    ptn_id_t             mid;
    ptn_str_t            both;
    ptn_ics_import_t     in;
    ptn_ics_version_t    v;
    const ptn_object_t  *o, *e;
    ptn_ics_imported_t   out;

    mid = fresh(t);
    out = import(t, gid(t, mid), none(), xid(t, 5, 1), 2000, "ours", false);
    memset(&in, 0, sizeof(in));
    in.source_key = gid(t, mid);
    in.change_key = xid(t, 7, 1);
    in.modified = 3000;
    in.object = attached(t, "theirs");
    begin(t);
    must(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in, &out),
         "with an attachment");
    commit(t);
    is_u64(status(t, out.id), PTN_STATUS_IN_CONFLICT, "msInConflict");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "theirs", "the winner's content");
    o = whole(t, out.id);
    is_u64(o->nattachs, 3, "its attachment, and two versions");
    is_u64(ptn_conflict_count(o), 2, "versions are told apart");
    ok(o->attachs[0].num == 4 && ptn_str_eqz(o->attachs[0].data, "attached"),
       "its own attachment");

    for (i = 1, n = 0; i < o->nattachs; i++) {
        e = o->attachs[i].embedded;
        ok(ptn_props_get(&o->attachs[i].props, PTN_PR_IN_CONFLICT).data[0]
           == 1 && o->attachs[i].num > 4, "PidTagInConflict");
        is_mem(ptn_props_get(&e->props, PTN_PR_CHANGE_KEY),
               i == 1 ? xid(t, 7, 1) : xid(t, 5, 1), "a version's key");
        n += e->nattachs;
    }

    is_u64(n, 1, "the winner's has its attachment, the other has none");
    is_str(ptn_props_get(&o->attachs[2].embedded->props, PTN_PR_SUBJECT),
           "ours", "the one that lost");
    both = pcl(t, pcl(t, none(), xid(t, 5, 1)), xid(t, 7, 1));
    ok(same_list(list_of(t, out.id), both), "the PCL is the merge of both");
    ok(ptn_pcl_order(both, list_of(t, out.id)) == PTN_PCL_OLDER
       && ptn_pcl_order(pcl(t, both, xid(t, 8, 1)), list_of(t, out.id))
          == PTN_PCL_NEWER, "a successor of both");
    v = version(t, out.id, 0);
    ok(v.object->nattachs == 1 && ptn_str_eqz(subject(&v), "theirs")
       && v.modified == 3000, "the first version");
    is_mem(v.pcl, pcl(t, none(), xid(t, 7, 1)), "without the other's list");
    v = version(t, out.id, 1);
    ok(v.object->nattachs == 0 && ptn_str_eqz(subject(&v), "ours")
       && v.modified == 2000, "the second");
    is_mem(v.pcl, pcl(t, none(), xid(t, 5, 1)), "its list");
    is_rc(ptn_ics_version(t->mb, t->pool, out.id, 2, &v), PTN_ENOTFOUND,
          "no third one");

    /* a version that succeeds one of them takes its place */

    out = import(t, gid(t, mid), pcl(t, none(), xid(t, 5, 1)), xid(t, 5, 2),
                 2500, "ours 2", false);
    ok(out.verdict == PTN_ICS_CONFLICT && out.versions == 2,
       "in conflict with the other still");
    v = version(t, out.id, 1);
    is_str(subject(&v), "ours 2", "the newer of that one");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "theirs", "the winner stays");

    /* of the winner, with a time at which it does not win */

    out = import(t, gid(t, mid), pcl(t, none(), xid(t, 7, 1)), xid(t, 7, 2),
                 100, "theirs 2", false);
    is_u64(out.versions, 2, "two versions");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "ours 2", "the other wins then");
    v = version(t, out.id, 1);
    is_str(subject(&v), "theirs 2", "and it has lost");

    /* a third one, that wins; known ones are known */

    out = import(t, gid(t, mid), none(), xid(t, 8, 1), 4000, "third", false);
    is_u64(out.versions, 3, "all versions are considered");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "third", "the last writer's");
    out = import(t, gid(t, mid), none(), xid(t, 7, 2), 9000, "again", false);
    is_u64(out.verdict, PTN_ICS_OLDER, "a version that is in it is known");

    /* its end */

    out = import(t, gid(t, mid), list_of(t, out.id), xid(t, 8, 2), 50, "end",
                 false);
    ok(out.verdict == PTN_ICS_NEWER && out.seen && out.versions == 0,
       "what succeeds all is newer");
    is_u64(status(t, out.id), 0, "and ends the conflict");
    is_u64(whole(t, out.id)->nattachs, 0, "versions are gone");
    v = version(t, out.id, 0);
    is_str(subject(&v), "end", "a message is its only version");
    is_mem(v.pcl, list_of(t, out.id), "with its list");
}


/* No room for all versions: nothing was done, and the client hears why. */

static void
test_room(test_t *t)
{
    size_t               max;
    u_char              *big;
    ptn_id_t             mid;
    ptn_ics_import_t     in;
    ptn_ics_imported_t   out;

    mid = fresh(t);
    big = malloc(200000);
    memset(big, 'b', 200000);
    memset(&in, 0, sizeof(in));
    in.source_key = gid(t, mid);
    in.change_key = xid(t, 5, 1);
    in.modified = 5;
    in.object = object(t, "big");
    ptn_props_set((ptn_props_t *) &in.object->props, t->pool, PTN_PR_BODY,
                  ptn_str_make(big, 200000));
    begin(t);
    must(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in, &out),
         "a big one");
    commit(t);
    max = t->site.conf.message_max;
    t->site.conf.message_max = 300000;
    in.change_key = xid(t, 7, 1);
    in.modified = 6;
    begin(t);
    is_rc(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                 &out), PTN_ETOOBIG, "too big together");
    ptn_txn_done(&t->tx);
    t->site.conf.message_max = max;
    must(ptn_msg_by_mid(t->mb, PTN_FOLDER_INBOX, mid, &out.id), "there");
    is_u64(status(t, out.id), 0, "nothing was done");
    is_mem(prop(t, out.id, PTN_PR_CHANGE_KEY), xid(t, 5, 1), "as it was");
    free(big);
}


/* ---- told ---------------------------------------------------------------- */

typedef struct {
    ptn_ics_state_t     state;
    ptn_ics_change_t    ch[50];
    size_t              n, pages;
    ptn_ics_progress_t  progress;
} told_t;


static void
download(test_t *t, told_t *d, size_t max)
{
    size_t                  n;
    ptn_ics_change_t       *ch;
    ptn_ics_content_t      *c;
    const ptn_ics_state_t  *now;

    must(ptn_ics_content_open(t->mb, PTN_FOLDER_ARCHIVE,
                              PTN_ICS_NORMAL|PTN_ICS_READ_STATE
                              |PTN_ICS_GROUPS, NULL, &d->state, &c), "open");
    ptn_ics_content_progress(c, &d->progress);

    for (d->n = 0, d->pages = 0; ; d->pages++) {
        must(ptn_ics_content_next(t->mb, c, t->pool, max, 1 << 20, &ch, &n),
             "next");
        if (n == 0) {
            break;
        }

        memcpy(d->ch + d->n, ch, n * sizeof(ptn_ics_change_t));
        d->n += n;
    }

    (void) ptn_ics_content_told(c, PTN_ICS_DELETED);
    (void) ptn_ics_content_told(c, PTN_ICS_BECAME_READ);
    (void) ptn_ics_content_told(c, PTN_ICS_BECAME_UNREAD);
    must(ptn_ics_content_state(t->mb, c, &now), "state");
    must(ptn_ics_state_copy(&d->state, now), "state");
    ptn_ics_content_close(c);
}


/* As another server: of each version its keys, and who wins there. */

static void
replicate(test_t *t, ptn_id_t from, bool backwards)
{
    uint32_t             i;
    ptn_mbox_t          *here;
    ptn_ics_import_t     in;
    ptn_ics_version_t    v[2];
    ptn_ics_imported_t   out;

    here = t->mb;
    v[0] = version(t, from, backwards);
    v[1] = version(t, from, !backwards);
    memset(&in, 0, sizeof(in));
    in.source_key = ptn_str_make(memset(ptn_palloc(t->pool, PTN_GID_LEN),
                                        backwards ? 0x66 : 0x65,
                                        PTN_GID_LEN), PTN_GID_LEN);
    t->mb = site_open(&t->site, "bob");

    for (i = 0; i < 2; i++) {
        in.change_key = v[i].change_key;
        in.pcl = v[i].pcl;
        in.modified = v[i].modified;
        in.object = v[i].object;
        begin(t);
        must(ptn_ics_import_message(&t->tx, t->pool, PTN_FOLDER_INBOX, &in,
                                    &out), "a version");
        commit(t);
        is_u64(out.verdict, i ? PTN_ICS_CONFLICT : PTN_ICS_NEW,
               "detected by who receives it");
    }

    is_u64(status(t, out.id), PTN_STATUS_IN_CONFLICT, "and made there anew");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "seven's", "the same one wins");
    is_u64(ptn_conflict_count(whole(t, out.id)), 2, "with both");
    t->mb = here;
}


static void
test_told(test_t *t)
{
    ptn_id_t             mid, id, *ids;
    told_t               d;
    ptn_saved_t          s;
    ptn_bag_prop_t       p;
    ptn_ics_imported_t   out;

    memset(&d, 0, sizeof(d));
    download(t, &d, 10);
    is_u64(d.n, 0, "nothing there");
    out = conflict(t, &mid, 3000);
    begin(t);
    must(ptn_msg_move_ids(&t->tx, t->pool, PTN_FOLDER_INBOX, &out.id, 1,
                          PTN_FOLDER_ARCHIVE, &ids), "a move");
    commit(t);
    id = ids[0];
    is_u64(status(t, id), PTN_STATUS_IN_CONFLICT, "moved in conflict");

    /* in one page, each of them whole */

    download(t, &d, 1);
    ok(d.n == 2 && d.pages == 1, "versions, not the message");
    ok(d.progress.normal == 2
       && d.progress.normal_size == d.ch[0].size + d.ch[1].size,
       "as many as were foretold");
    ok(d.ch[0].version == 0 && d.ch[1].version == 1 && d.ch[0].versions == 2
       && d.ch[0].mid == d.ch[1].mid && !d.ch[0].given,
       "of one message, each once");
    download(t, &d, 1);
    is_u64(d.n, 0, "then they are seen");

    /* a flag here, which is the winner's */

    begin(t);
    p.tag = PTN_PR_FLAG_STATUS;
    p.value = ptn_str_make("\2\0\0\0", 4);
    must(ptn_msg_set_props(&t->tx, t->pool, id, &p, 1, &s), "flag");
    commit(t);
    download(t, &d, 5);
    ok(d.n == 2 && d.ch[0].given && d.ch[0].groups == PTN_GROUP_ALL
       && d.ch[1].groups == PTN_GROUP_ALL, "a version is told whole");
    is_mem(version(t, id, 0).change_key, gid(t, s.cn), "with our key");
    is_mem(version(t, id, 1).change_key, xid(t, 5, 1), "which the other has");

    replicate(t, id, false);
    replicate(t, id, true);

    /* a copy is a message, not its versions */

    begin(t);
    must(ptn_msg_copy_ids(&t->tx, t->pool, PTN_FOLDER_ARCHIVE, &id, 1,
                          PTN_FOLDER_ARCHIVE, &ids), "a copy");
    commit(t);
    is_u64(status(t, ids[0]), 0, "a copy is not in conflict");
    download(t, &d, 5);
    ok(d.n == 1 && d.ch[0].versions == 0, "it is told as it is");
    ptn_ics_state_done(&d.state);
}


/* ---- edits --------------------------------------------------------------- */

static ptn_saved_t
save(test_t *t, ptn_id_t id, const ptn_object_t *o)
{
    ptn_save_t   in;
    ptn_saved_t  out;

    memset(&in, 0, sizeof(in));
    in.object = o;
    begin(t);
    is_rc(ptn_msg_update(&t->tx, t->pool, id, &in, 0, &out), PTN_OK, "saved");
    commit(t);

    return out;
}


static void
test_edit(test_t *t)
{
    ptn_id_t             mid;
    ptn_saved_t          s;
    ptn_object_t         o;
    ptn_ics_version_t    v;
    ptn_ics_imported_t   out;

    out = conflict(t, &mid, 3000);
    o = *whole(t, out.id);
    ptn_props_set(&o.props, t->pool, PTN_PR_SUBJECT, ptn_str("edited"));
    s = save(t, out.id, &o);
    is_u64(status(t, out.id), PTN_STATUS_IN_CONFLICT, "edited in conflict");
    is_str(prop(t, out.id, PTN_PR_SUBJECT), "edited", "its subject");
    is_str(ptn_props_get(&whole(t, out.id)->attachs[0].embedded->props,
                         PTN_PR_SUBJECT), "edited",
           "the first attachment follows");
    is_str(ptn_props_get(&whole(t, out.id)->attachs[1].embedded->props,
                         PTN_PR_SUBJECT), "five's", "the second does not");
    v = version(t, out.id, 0);
    is_str(subject(&v), "edited", "so does the first version");
    is_mem(v.change_key, gid(t, s.cn), "with the key of the edit");
    ok(ptn_pcl_includes(v.pcl, pcl(t, none(), xid(t, 7, 1)))
       && !ptn_pcl_includes(v.pcl, pcl(t, none(), xid(t, 5, 1))),
       "a successor of what won alone");
    ok(ptn_pcl_includes(list_of(t, out.id), v.pcl)
       && ptn_pcl_includes(list_of(t, out.id), version(t, out.id, 1).pcl),
       "the message is of both");

    /* what is uploaded by who knows the edit alone */

    out = import(t, gid(t, mid), v.pcl, xid(t, 8, 1), 1 << 30, "on it",
                 false);
    ok(out.verdict == PTN_ICS_CONFLICT && out.versions == 2,
       "takes the place of the edited one");

    /* saved as it is: nothing moves */

    o = *whole(t, out.id);
    is_u64(save(t, out.id, &o).cn, out.cn, "nothing was edited");

    /* one is taken out: it is over, and what is left is an attachment */

    o.nattachs = 1;
    s = save(t, out.id, &o);
    is_u64(status(t, out.id), 0, "one taken out ends it");
    ok(whole(t, out.id)->nattachs == 1
       && ptn_conflict_count(whole(t, out.id)) == 0, "the other is left");
    v = version(t, out.id, 0);
    is_u64(v.object->nattachs, 1, "as part of the message");
    is_mem(v.pcl, list_of(t, out.id), "which succeeds all");

    /* a client's own MIME ends it, too */

    out = conflict(t, &mid, 3000);
    begin(t);
    {
        ptn_save_t  in;

        memset(&in, 0, sizeof(in));
        in.raw = ptn_str("Subject: mime\r\n\r\ntext\r\n");
        is_rc(ptn_msg_update(&t->tx, t->pool, out.id, &in, 0, &s), PTN_OK,
              "as MIME");
    }
    commit(t);
    is_u64(status(t, out.id), 0, "MIME in its place ends it");
}


/* Attachments that claim to be versions, in a message that says so. */

static void
test_hostile(test_t *t)
{
    ptn_id_t             mid;
    told_t               d;
    ptn_object_t         o;
    ptn_ics_version_t    v;
    ptn_ics_imported_t   out;

    out = conflict(t, &mid, 3000);
    o = *whole(t, out.id);
    o.attachs[1].embedded->props.n = 0;
    save(t, out.id, &o);
    v = version(t, out.id, 0);
    is_rc(ptn_ics_version(t->mb, t->pool, out.id, 1, &v), PTN_ENOTFOUND,
          "one without keys is no version");
    is_mem(version(t, out.id, 0).pcl, list_of(t, out.id), "so there is one");
    out = import(t, gid(t, mid), none(), xid(t, 3, 1), 1 << 30, "new", false);
    is_u64(out.versions, 2, "a conflict anew");
    begin(t);
    must(ptn_msg_move_ids(&t->tx, t->pool, PTN_FOLDER_INBOX, &out.id, 1,
                          PTN_FOLDER_ARCHIVE, (ptn_id_t *[]) { NULL }),
         "a move");
    commit(t);
    memset(&d, 0, sizeof(d));
    download(t, &d, 50);
    ok(d.progress.normal == d.n, "all that was foretold is told");
    ptn_ics_state_done(&d.state);
}


/* ---- public folders ------------------------------------------------------ */

typedef struct {
    unsigned       n;
    ptn_receipt_t  last;
} notices_t;


static void
notices(test_t *t, notices_t *ret)
{
    ptn_mbox_t     *mb;
    ptn_receipt_t   r;

    for (ret->n = 0;
         ptn_receipt_next(t->site.store, t->pool, &mb, &r) == PTN_OK;
         ret->n++)
    {
        ret->last = r;
        must(ptn_receipt_done(mb, &r, true), "done");
    }
}


static void
test_public(test_t *t)
{
    ptn_id_t                  folder, mid, sub;
    ptn_user_t                user;
    ptn_actor_t               bob;
    notices_t                 n;
    ptn_ics_import_t          in;
    ptn_ics_imported_t        out;
    ptn_permission_op_t       op[2];
    ptn_ics_import_folder_t   f;

    user = site_user(&t->site, "bob");
    memset(&bob, 0, sizeof(bob));
    bob.user = 2;
    bob.mailbox = user.mailbox;
    bob.address = user.address;
    must(ptn_public_open(t->site.store, ptn_str("example.test"), NULL,
                         &t->mb), "open");
    begin(t);
    must(ptn_folder_create(&t->tx, PTN_PUBLIC_IPM_SUBTREE, ptn_str("topic"),
                           NULL, &folder), "folder");
    memset(op, 0, sizeof(op));
    op[0].op = op[1].op = PTN_PERMISSION_ADD;
    op[0].entry.member = 71;
    op[0].entry.rights = PTN_ROLE_OWNER;
    op[1].entry.member = 2;
    op[1].entry.rights = PTN_ROLE_EDITOR|PTN_RIGHT_CREATE_SUBFOLDER;
    must(ptn_rights_modify(&t->tx, folder, false, false, op, 2), "rights");
    end(&t->site, &t->tx);
    must(ptn_public_open(t->site.store, ptn_str("example.test"), &bob,
                         &t->mb), "as bob");
    notices(t, &n);
    is_u64(n.n, 0, "nothing to tell");
    mid = fresh(t);
    memset(&in, 0, sizeof(in));
    in.source_key = gid(t, mid);
    in.modified = 100;

    for (unsigned i = 1; i <= 3; i++) {
        if (i == 3) {
            must(ptn_public_open(t->site.store, ptn_str("example.test"), NULL,
                                 &t->mb), "as the system");
            method(t, folder, "\2\0\0\0");
            must(ptn_public_open(t->site.store, ptn_str("example.test"), &bob,
                                 &t->mb), "as bob");
        }

        in.change_key = xid(t, 3 + i, 1);
        in.object = object(t, i == 1 ? "first" : "second");
        begin(t);
        must(ptn_ics_import_message(&t->tx, t->pool, folder, &in, &out),
             "import");
        end(&t->site, &t->tx);
        notices(t, &n);
        is_u64(n.n, i == 2, "owners of a public folder hear of it");

        if (i == 2) {
            ok(n.last.kind == PTN_RECEIPT_CONFLICT && n.last.member == 71,
               "who is its owner");
            is_str(n.last.to, "topic", "where it was");
            is_str(n.last.subject, "second", "what it is about");
            is_mem(n.last.entryid, prop(t, out.id, PTN_PR_ENTRYID),
                   "and which message it is");
        }
    }

    is_u64(out.versions, 3, "without a notice: resolved all the same");

    /* folders */

    must(ptn_public_open(t->site.store, ptn_str("example.test"), NULL,
                         &t->mb), "as the system");
    memset(&f, 0, sizeof(f));
    f.parent_key = gid(t, folder);
    sub = fresh(t);
    f.source_key = gid(t, sub);
    f.name = ptn_str("sub");

    for (unsigned i = 1; i <= 2; i++) {
        f.change_key = xid(t, 3 + i, 1);
        begin(t);
        must(ptn_ics_import_folder(&t->tx, t->pool, folder, &f, &out),
             "a folder");

        if (i == 1) {
            must(ptn_rights_modify(&t->tx, sub, false, false, op, 1),
                 "its owner");
        }

        end(&t->site, &t->tx);
        notices(t, &n);
        is_u64(n.n, i == 2, "of a folder's conflict, too");
    }

    is_u64(out.verdict, PTN_ICS_CONFLICT, "which it was");
    ok(n.last.entryid.len == PTN_EID_FOLDER_LEN && n.last.member == 71,
       "it names the folder");
    must(ptn_public_user(t->pool, ptn_str("example.test"), &user), "user");
    is_rc(ptn_mbox_check(t->site.store, &user, false, site_report, &t->site),
          PTN_OK, "every invariant holds");
}


int
main(void)
{
    test_t  t;

    memset(&t, 0, sizeof(t));
    site_make(&t.site);
    t.pool = t.site.pool;
    t.mb = site_open(&t.site, "alice");
    test_winner(&t);
    test_message(&t);
    test_room(&t);
    test_told(&t);
    test_edit(&t);
    test_hostile(&t);
    test_public(&t);
    is_rc(ptn_store_commit(t.site.store), PTN_OK, "on disk");
    site_check(&t.site, "alice");
    site_check(&t.site, "bob");
    site_done(&t.site);

    return done_testing();
}
