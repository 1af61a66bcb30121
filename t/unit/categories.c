/*
 * Categories and IMAP keywords, in both directions: what is set by the one is
 * seen by the other, and nothing is lost that has no place.
 */

#include "ptn_category.h"
#include "folder_parts.h"


#define is_text(got, want, name)  is_str(ptn_str_z(got), want, name)

static const ptn_named_t  keywords = {
    { { 0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 } },
    true, 0, ptn_string("Keywords")
};


static uint32_t
tag_of(ptn_mbox_t *mb, bool make)
{
    uint16_t                              id;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    id = 0;

    if (!make) {
        ptn_named_ids(mb, NULL, &keywords, 1, &id);

    } else if (ptn_txn_begin(&tx, mb) == PTN_OK) {
        ptn_named_ids(mb, &tx, &keywords, 1, &id);
        ptn_txn_commit(&tx);
    }

    return (uint32_t) id << 16 | PTN_PT_MV_UNICODE;
}


/* "a;b;c", in the order in which they are shown. */

static const char *
shown(site_t *s, ptn_mbox_t *mb, ptn_id_t id)
{
    ptn_buf_t  b;
    ptn_str_t  v, rest, one;
    uint32_t   tag;

    tag = tag_of(mb, false);
    v = parts_prop(s, mb, id, tag);
    ptn_buf_init(&b, s->pool);

    for (rest = ptn_mv_rest(v); v.data && ptn_mv_next(tag, &rest, &one); ) {
        ptn_buf_printf(&b, "%s%.*s", b.len ? ";" : "", ptn_str_arg(one));
    }

    /* the whole object says the same */

    {
        ptn_msg_t           *msg;
        const ptn_object_t  *o;

        if (ptn_msg_open(mb, s->pool, id, &msg) == PTN_OK
            && ptn_msg_object(msg, PTN_OXCMAIL_PROPS, &o) == PTN_OK
            && !ptn_str_eq(ptn_props_get(&o->props, tag), v))
        {
            return "the object differs";
        }

        if (ptn_props_get(&o->props, PTN_ITEM_CATEGORIES).data != NULL) {
            return "the mask is shown";
        }
    }

    return ptn_str_dupz(s->pool, ptn_buf_get(&b));
}


/* Names of the IMAP keywords of a message, in order of their bits. */

static const char *
imap(site_t *s, ptn_mbox_t *mb, ptn_id_t id)
{
    unsigned          i;
    uint64_t          bits;
    ptn_buf_t         b;
    const ptn_str_t  *names;

    bits = parts_info(s, mb, id).keywords;
    ptn_keyword_names(mb, &names);
    ptn_buf_init(&b, s->pool);

    for (i = 0; i < 64; i++) {
        if (bits & 1ULL << i) {
            ptn_buf_printf(&b, "%s%.*s", b.len ? " " : "",
                           ptn_str_arg(names[i]));
        }
    }

    return ptn_str_dupz(s->pool, ptn_buf_get(&b));
}


static ptn_str_t
list(site_t *s, uint32_t tag, const char *text)
{
    uint32_t     n;
    size_t       len;
    ptn_str_t    all[128], v;

    for (n = 0; *text != '\0'; text += len + (text[len] == ';')) {
        len = strcspn(text, ";");
        all[n++] = ptn_str_make(text, len);
    }

    return ptn_mv_make(s->pool, tag, all, n, &v) == PTN_OK
           ? v : ptn_str_make(NULL, 0);
}


/* NULL: removes the property. */

static ptn_rc_t
set(site_t *s, ptn_mbox_t *mb, ptn_id_t id, const char *text)
{
    ptn_rc_t                              rc;
    ptn_saved_t                           saved;
    ptn_bag_prop_t                        p;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    p.tag = tag_of(mb, true);
    p.value = text ? list(s, p.tag, text) : ptn_str_make(NULL, 0);
    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_msg_set_props(&tx, s->pool, id, &p, 1, &saved);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static ptn_rc_t
flag(ptn_mbox_t *mb, ptn_id_t id, const char *name, ptn_flags_op_e op)
{
    ptn_rc_t                              rc;
    unsigned                              bit;
    PTN_CLEAN_UP(ptn_txn_done) ptn_txn_t  tx = { 0 };

    rc = ptn_txn_begin(&tx, mb);

    if (rc == PTN_OK) {
        rc = ptn_keyword_add(&tx, ptn_str_z(name), &bit);
    }

    if (rc == PTN_OK) {
        rc = ptn_msg_flags_ids(&tx, &id, 1, op, 0, 1ULL << bit, NULL);
    }

    return rc == PTN_OK ? ptn_txn_commit(&tx) : rc;
}


static void
test_both(site_t *s)
{
    uint64_t       cn;
    ptn_id_t       id, other;
    ptn_mbox_t    *mb;
    ptn_save_t     save;
    ptn_saved_t    saved;
    ptn_object_t   o;
    ptn_txn_t      tx = { 0 };

    mb = site_open(s, "both");
    id = parts_add(s, mb, PTN_FOLDER_INBOX, 100, false);
    other = parts_add(s, mb, PTN_FOLDER_INBOX, 200, false);

    is_text(shown(s, mb, id), "", "none");
    is_rc(flag(mb, id, "Work", PTN_FLAGS_ADD), PTN_OK, "by IMAP");
    is_text(shown(s, mb, id), "Work", "a category, though none had asked");
    flag(mb, id, "$Forwarded", PTN_FLAGS_ADD);
    flag(mb, id, "NonJunk", PTN_FLAGS_ADD);
    is_text(shown(s, mb, id), "Work", "programs' own are none");

    is_rc(set(s, mb, id, "Zoo;work;Gr\xc3\xbcne Woche"), PTN_OK, "set");
    is_text(shown(s, mb, id), "Zoo;work;Gr\xc3\xbcne Woche",
           "as it was set, in order");
    ok(strncmp(imap(s, mb, id), "Work $Forwarded NonJunk Zoo Gr_ne_Woche-",
               40) == 0, "IMAP: %s", imap(s, mb, id));
    ptn_store_commit(s->store);
    mb = site_reopen(s, "both");
    is_text(shown(s, mb, id), "Zoo;work;Gr\xc3\xbcne Woche", "kept");

    cn = parts_info(s, mb, id).cn;
    is_rc(flag(mb, id, "zoo", PTN_FLAGS_REMOVE), PTN_OK, "IMAP removes");
    is_text(shown(s, mb, id), "work;Gr\xc3\xbcne Woche", "it is no category");
    ok(parts_info(s, mb, id).cn > cn, "an edit");
    flag(mb, id, "Zoo", PTN_FLAGS_ADD);
    flag(mb, id, "Later", PTN_FLAGS_ADD);
    is_text(shown(s, mb, id), "Zoo;work;Gr\xc3\xbcne Woche;Later",
           "IMAP adds");

    /* the atom is the same, whoever sets the name, and its case */

    set(s, mb, other, "GR\xc3\x9cNE WOCHE");
    is_text(shown(s, mb, other), "GR\xc3\x9cNE WOCHE", "exactly");
    ok(strncmp(imap(s, mb, other), "Gr_ne_Woche-", 12) == 0
       && strchr(imap(s, mb, other), ' ') == NULL, "the same keyword");

    is_rc(set(s, mb, id, NULL), PTN_OK, "removed");
    is_text(shown(s, mb, id), "", "all");
    is_text(imap(s, mb, id), "$Forwarded NonJunk", "but programs' own");

    /* names that look like others' */

    is_rc(set(s, mb, id, "$Junk;NonJunk;\\Seen;a b;a_b"), PTN_OK, "odd ones");
    is_text(shown(s, mb, id), "$Junk;NonJunk;\\Seen;a b;a_b", "as they are");
    ok(strstr(imap(s, mb, id), " $Junk") == NULL
       && strstr(imap(s, mb, id), "\\") == NULL, "no flags: %s",
       imap(s, mb, id));

    /* an object that is read and written back changes nothing */

    flag(mb, id, "Work", PTN_FLAGS_ADD);
    {
        ptn_msg_t           *msg;
        const ptn_object_t  *was;

        ptn_msg_open(mb, s->pool, id, &msg);
        ptn_msg_object(msg, PTN_OXCMAIL_ALL, &was);
        o = *was;
        memset(&save, 0, sizeof(save));
        save.object = &o;
        cn = parts_info(s, mb, id).cn;
        ptn_txn_begin(&tx, mb);
        is_rc(ptn_msg_update(&tx, s->pool, id, &save, 0, &saved), PTN_OK,
              "written back");
        ptn_txn_commit(&tx);
        is_u64(parts_info(s, mb, id).cn, cn, "nothing moves");

        /* with another list, and with none */

        o.props.p = ptn_pmemdup(s->pool, was->props.p,
                                was->props.n * sizeof(ptn_bag_prop_t));
        o.props.size = was->props.n;
        ptn_props_set(&o.props, s->pool, tag_of(mb, false),
                      list(s, tag_of(mb, false), "Zoo"));
        ptn_props_set(&o.props, s->pool, PTN_PR_SUBJECT, ptn_str("other"));
        ptn_txn_begin(&tx, mb);
        is_rc(ptn_msg_update(&tx, s->pool, id, &save, 0, &saved), PTN_OK,
              "with content");
        ptn_txn_commit(&tx);
        is_text(shown(s, mb, id), "Zoo", "another list");
        is_text(imap(s, mb, id), "$Forwarded NonJunk Zoo", "and IMAP's");
        ptn_props_unset(&o.props, (uint16_t) (tag_of(mb, false) >> 16));
        ptn_txn_begin(&tx, mb);
        ptn_msg_update(&tx, s->pool, id, &save, 0, &saved);
        ptn_txn_commit(&tx);
        is_text(shown(s, mb, id), "", "none");
        is_text(imap(s, mb, id), "$Forwarded NonJunk", "for IMAP, too");
    }

    ptn_store_commit(s->store);
    site_check(s, "both");
}


/* 64 bits are taken: the rest are categories alone, and never lost. */

static void
test_full(site_t *s)
{
    unsigned     i;
    ptn_id_t     id, *ids;
    ptn_buf_t    b;
    ptn_str_t    all;
    ptn_mbox_t  *mb;
    const char  *text;
    ptn_txn_t    tx = { 0 };

    mb = site_open(s, "full");
    id = parts_add(s, mb, PTN_FOLDER_INBOX, 100, false);
    ptn_buf_init(&b, s->pool);

    for (i = 0; i < 70; i++) {
        ptn_buf_printf(&b, "%sc%u", i ? ";" : "", i);
    }

    all = ptn_buf_get(&b);
    text = ptn_str_dupz(s->pool, all);
    is_rc(set(s, mb, id, text), PTN_OK, "seventy");
    is_text(shown(s, mb, id), text, "all of them");
    is_u64(parts_info(s, mb, id).keywords, UINT64_MAX, "64 keywords");
    flag(mb, id, "c0", PTN_FLAGS_REMOVE);
    ok(strncmp(shown(s, mb, id), "c1;", 3) == 0
       && strstr(shown(s, mb, id), ";c69") != NULL, "one less");
    is_rc(set(s, mb, id, "c69;c3"), PTN_OK, "fewer");
    is_text(shown(s, mb, id), "c69;c3", "kept");
    is_text(imap(s, mb, id), "c3", "IMAP has the one");
    is_rc(flag(mb, id, "c69", PTN_FLAGS_ADD), PTN_ELIMIT, "no room");
    ptn_txn_begin(&tx, mb);
    ptn_msg_copy_ids(&tx, s->pool, PTN_FOLDER_INBOX, &id, 1, PTN_FOLDER_SENT,
                     &ids);
    ptn_txn_commit(&tx);
    is_text(shown(s, mb, ids[0]), "c69;c3", "a copy has them");
    ptn_store_commit(s->store);
    site_check(s, "full");
}


/* To a mailbox where the bits are others. */

static void
test_transfer(site_t *s)
{
    ptn_id_t     id, *ids, x;
    ptn_mbox_t  *a, *b;

    a = site_open(s, "from");
    b = site_open(s, "to");
    id = parts_add(s, a, PTN_FOLDER_INBOX, 100, false);
    x = parts_add(s, b, PTN_FOLDER_INBOX, 100, false);
    flag(b, x, "Other", PTN_FLAGS_ADD);
    flag(b, x, "More", PTN_FLAGS_ADD);
    set(s, a, id, "Red Day;Blue");
    flag(a, id, "$Forwarded", PTN_FLAGS_ADD);
    flag(a, id, "Imap", PTN_FLAGS_ADD);
    ptn_store_commit(s->store);
    is_rc(ptn_msg_transfer_mbox(a, b, s->pool, PTN_FOLDER_INBOX, &id, 1,
                                PTN_FOLDER_INBOX, false, &ids), PTN_OK,
          "moved over");
    b = site_open(s, "to");
    is_text(shown(s, b, ids[0]), "Red Day;Blue;Imap", "categories");
    ok(strstr(imap(s, b, ids[0]), "$Forwarded") != NULL
       && strstr(imap(s, b, ids[0]), "Red_Day-") != NULL
       && strstr(imap(s, b, ids[0]), "Other") == NULL, "keywords: %s",
       imap(s, b, ids[0]));
    flag(b, ids[0], "Blue", PTN_FLAGS_REMOVE);
    is_text(shown(s, b, ids[0]), "Red Day;Imap", "they follow its bits");
    ptn_store_commit(s->store);
    site_check(s, "from");
    site_check(s, "to");
}


int
main(void)
{
    site_t  s;

    site_make(&s);
    test_both(&s);
    test_full(&s);
    test_transfer(&s);
    site_done(&s);

    return done_testing();
}
