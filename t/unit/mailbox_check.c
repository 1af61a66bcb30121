/*
 * Damage of every kind is found; what can be mended is, and begins a new
 * epoch.
 */

#include "mailbox_site.h"


typedef struct {
    const char  *what;          /* in the report */
    const char  *damage;        /* SQL */
    bool         mended;
} damage_t;

static const damage_t  damages[] = {
    { "counters", "UPDATE folder SET total=total+1 WHERE id=12", true },
    { "counters", "UPDATE folder SET size=size-1 WHERE id=12", true },
    { "counters", "UPDATE folder SET unread=0, deleted=7 WHERE id=12", true },
    { "uid not below", "UPDATE folder SET uidnext=2 WHERE id=12", true },
    { "modseq of a folder", "UPDATE folder SET modseq=30 WHERE id=12", true },
    { "change number above", "UPDATE message SET cn=(SELECT cn+5"
      " FROM meta) WHERE uid=1", true },
    { "object id above", "UPDATE message SET mid=(SELECT oid+5"
      " FROM meta) WHERE uid=1", true },
    { "message without item", "DELETE FROM item WHERE id=(SELECT min(id)"
      " FROM item)", true },
    { "item without message", "INSERT INTO item (id,class,subject,"
      "from_name,from_addr,to_names,cc_names,message_id,sent,importance,"
      "attach,bag,large,derived) SELECT 9999,class,subject,"
      "from_name,from_addr,to_names,cc_names,message_id,sent,importance,"
      "attach,bag,NULL,derived FROM item LIMIT 1", true },
    { "object without content", "INSERT INTO object (content) VALUES (9999)",
      true },
    { "item that does not say", "UPDATE item SET derived=3", true },
    { "tombstone that was born after its end", "UPDATE tombstone SET born=cn+1", true },
    { "folder associated", "UPDATE message SET fai=2 WHERE uid=1", true },
    { "named property", "INSERT INTO named VALUES (32770, zeroblob(16), 1,"
      " '')", true },
    { "transfer without messages", "INSERT INTO intent VALUES (1, x'00', x'00', '',"
      " 1)", true },
    { "message of no transfer", "INSERT INTO moving VALUES (1, 1, 0)", true },
    { "replica ids", "UPDATE replica SET first=first+1", true },
    { "large properties", "UPDATE item SET large=x'00'", true },
    { "content without message", "INSERT INTO content SELECT 9999,size,form,"
      "codec,plain,file,blobs,structure,data FROM content LIMIT 1", true },
    { "message without content", "DELETE FROM content WHERE id=(SELECT"
      " min(content) FROM message)", true },
    { "size of message", "UPDATE message SET size=size+5 WHERE uid=1", true },
    { "shared content", "UPDATE share SET refs=5", true },
    { "shared content", "DELETE FROM share", true },
    { "shared content", "INSERT INTO share VALUES (98765, 2)", true },
    { "stamps out of order", "UPDATE message SET born=modseq+1 WHERE uid=2",
      true },
    { "out of the tree", "UPDATE folder SET parent=4711 WHERE special=0",
      true },
    { "out of the tree", "UPDATE folder SET parent=id WHERE special=0", true },
    { "special folder", "UPDATE folder SET special=0 WHERE id=12", true },
    { "message in no folder", "UPDATE message SET folder=4711 WHERE uid=3",
      true },
    { "tombstone in no folder", "UPDATE tombstone SET folder=4711", true },
    { "tombstone of a message", "UPDATE tombstone SET uid=1", true },
    { "UIDVALIDITY", "UPDATE folder SET uidvalidity=77 WHERE id IN (12,13)",
      true },
    { "event log", "DELETE FROM event WHERE n=3", true },
    { "keyword", "UPDATE message SET keywords=1<<40 WHERE uid=1", true },
    { "flags", "UPDATE message SET flags=flags|1024 WHERE uid=1", true },
    { "folded name", "UPDATE folder SET fold='XX' WHERE id=12", true },
    { "bag of message", "UPDATE item SET bag=x'0102'", true },
    { "structure of content", "UPDATE content SET structure=x'ff01'", true },
    { "cannot be restored", "UPDATE content SET data=x'00112233'"
      " WHERE file IS NULL", true },
    { "cannot be restored", "UPDATE content SET plain=plain+1", true },
    { "references, counted", "UPDATE blob SET refs=refs+1", true },
    { "references, counted", "UPDATE blob SET refs=0", true },
    { "replica", "DELETE FROM replica", true }
};


typedef struct {
    const char  *what;
    bool         seen;
} watch_t;

static void
watch(void *ctx, const char *line)
{
    watch_t  *w = ctx;

    w->seen |= strstr(line, w->what) != NULL;
}


/* Three messages, one with a blob, a copy, a tombstone, a folder. */

static void
fill(site_t *s, const char *name)
{
    size_t          i;
    ptn_id_t        id;
    uint32_t        uids[] = { 1, 4 }, *got;
    ptn_txn_t       tx;
    ptn_buf_t       b;
    ptn_append_t    a;
    ptn_appended_t  app;

    ptn_txn_begin(&tx, site_open(s, name));

    for (i = 0; i < 4; i++) {
        site_append(s, &tx, PTN_FOLDER_INBOX, 500 * i, i == 1 ? 1 : 0, &app);
    }

    ptn_buf_init(&b, s->pool);
    ptn_buf_z(&b, "Subject: x\r\n\r\n");

    for (i = 0; i < 20000; i++) {
        ptn_buf_printf(&b, "%016llx\r\n",
                       (unsigned long long) (i * 0x9e3779b97f4a7c15ULL));
    }

    memset(&a, 0, sizeof(a));
    a.raw = ptn_buf_get(&b);
    a.delivery = true;
    a.sender = ptn_str("sender@example.test");
    ptn_msg_append(&tx, PTN_FOLDER_INBOX, &a, &app);
    ptn_msg_copy(&tx, s->pool, PTN_FOLDER_INBOX, uids, 1, PTN_FOLDER_SENT,
                 &got);
    ptn_msg_expunge(&tx, PTN_FOLDER_INBOX, uids + 1, 1);
    ptn_folder_create(&tx, PTN_FOLDER_INBOX, ptn_str("sub"), NULL, &id);
    ptn_txn_commit(&tx);
    ok(ptn_store_commit(s->store) == PTN_OK, "a mailbox with all kinds");
}


static void
sql(site_t *s, const char *name, const char *text)
{
    int       rc;
    char      path[256];
    sqlite3  *db;

    snprintf(path, sizeof(path), "%s/mailbox/example.test/%s/mailbox.sqlite",
             s->root, name);

    rc = sqlite3_open(path, &db);

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    }

    ok(rc == SQLITE_OK, "%s", text);
    sqlite3_close(db);
}


static void
test_damage(site_t *s, unsigned i)
{
    char             name[16];
    ptn_rc_t         rc;
    watch_t          w;
    ptn_user_t       u;
    ptn_mbox_info_t  info;
    const damage_t  *d;

    d = &damages[i];
    snprintf(name, sizeof(name), "d%u", i);
    fill(s, name);
    site_check(s, name);
    ptn_store_close(s->store);
    sql(s, name, d->damage);
    ptn_store_open(&s->opts, &s->store);

    u = site_user(s, name);
    w.what = d->what;
    w.seen = false;
    rc = ptn_mbox_check(s->store, &u, false, watch, &w);
    ok(rc == PTN_ECORRUPT && w.seen, "found");

    rc = ptn_mbox_check(s->store, &u, true, watch, &w);

    if (!d->mended) {
        is_u64(rc, PTN_ECORRUPT, "cannot be mended");
        return;
    }

    is_u64(rc, PTN_OK, "mended");
    ptn_mbox_info(site_open(s, name), &info);

    if (strcmp(d->what, "references, counted") != 0
        && strcmp(d->what, "folded name") != 0)
    {
        ok(info.epoch > 1, "a new epoch");
    }

    site_check(s, name);
    ptn_store_idle(s->store);
    site_check(s, name);
}


static void
test_files(site_t *s)
{
    int          fd;
    char         cmd[300];
    ptn_rc_t     rc;
    watch_t      w = { "file without a row", false };
    ptn_user_t   u;

    fill(s, "files");
    u = site_user(s, "files");

    snprintf(cmd, sizeof(cmd), "%s/mailbox/example.test/files/blob/aa",
             s->root);
    mkdir(cmd, 0700);
    strcat(cmd, "/bb.new");
    fd = open(cmd, O_CREAT|O_WRONLY, 0600);
    close(fd);
    rc = ptn_mbox_check(s->store, &u, false, watch, &w);
    ok(rc == PTN_ECORRUPT && w.seen, "a spare file is found");
    is_u64(ptn_mbox_check(s->store, &u, true, watch, &w), PTN_OK, "removed");
    ok(access(cmd, F_OK) == -1, "it is gone");
    site_check(s, "files");

    snprintf(cmd, sizeof(cmd), "for f in %s/mailbox/example.test/files/blob/"
             "*/*; do printf x | dd of=$f bs=1 seek=100 conv=notrunc "
             "2>/dev/null; done", s->root);
    ok(system(cmd) == 0, "a byte of a blob changes");
    w.what = "its bytes differ";
    w.seen = false;
    rc = ptn_mbox_check(s->store, &u, false, watch, &w);
    ok(rc == PTN_ECORRUPT && w.seen, "that is found");

    snprintf(cmd, sizeof(cmd), "rm %s/mailbox/example.test/files/blob/*/*",
             s->root);
    ok(system(cmd) == 0, "a blob is lost");
    ptn_store_idle(s->store);
    w.what = "blob file";
    w.seen = false;
    rc = ptn_mbox_check(s->store, &u, false, watch, &w);
    ok(rc == PTN_ECORRUPT && w.seen, "that is found");
}


int
main(void)
{
    site_t    s;
    unsigned  i;

    site_make(&s);
    s.conf.fsync = false;

    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        test_damage(&s, i);
    }

    test_files(&s);
    site_done(&s);

    return done_testing();
}
