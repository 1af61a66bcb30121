/*
 * ptn_mbox_check(): the index of words, search folders.  What is wrong with
 * the index is mended by beginning it anew, what is wrong with a search folder
 * by filling it again.
 */

#include "ptn_check.h"
#include "ptn_item.h"
#include "ptn_words.h"


static ptn_rc_t
ptn_check_search_rows(ptn_check_t *check, const char *what, const char *find,
    const char *mend)
{
    bool           any;
    ptn_rc_t       rc;
    ptn_str_t      s;
    sqlite3_stmt  *st;

    any = false;

    st = ptn_check_prepare(check, what, find);

    if (st == NULL) {
        return check->failed;
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        s = ptn_sql_column(st, 0);
        any = true;
        ptn_check_found(check, check->repair && mend != NULL, "%s: %.*s", what,
                        ptn_str_arg(s));
    }

    sqlite3_finalize(st);

    if (rc == PTN_OK && any && check->repair && mend != NULL) {
        rc = ptn_sql_exec(check->mb, mend);
    }

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


#define PTN_CHECK_ANEW  "SELECT 1"      /* mended by a new index */

static const struct {
    const char  *what;
    const char  *find;
    const char  *mend;
} ptn_check_words_rules[] = {

    { "content that is not in the index",
      "SELECT id FROM content, meta WHERE id<=indexed"
      " AND id NOT IN (SELECT id FROM words_docsize)", PTN_CHECK_ANEW },

    { "content that should not be in the index",
      "SELECT d.id FROM words_docsize d, meta WHERE d.id>indexed"
      " OR d.id NOT IN (SELECT id FROM content)", PTN_CHECK_ANEW },

    /* one that is to be made anew (v_tokens 0) first lets go of these */

    { "content that is to leave the index",
      "SELECT content FROM unindex, meta WHERE (content>indexed"
      " AND v_tokens<>0)"
      " OR content IN (SELECT content FROM message)"
      " OR content NOT IN (SELECT id FROM content)",
      "DELETE FROM unindex WHERE content IN (SELECT content FROM message)"
      " OR content NOT IN (SELECT id FROM content)" },

    { "indexed above the object ids",
      "SELECT indexed FROM meta WHERE indexed>oid", PTN_CHECK_ANEW },

    { "pieces of words of no group",
      "SELECT grp FROM term_piece WHERE bucket<0 OR bucket>63"
      " OR grp NOT IN (SELECT id/32 FROM term_block)", PTN_CHECK_ANEW },
};

_Static_assert(PTN_LIST_BLOCKS == 32 && PTN_LIST_BUCKETS == 64,
               "numbers in the statement");


static ptn_rc_t
ptn_check_words(ptn_check_t *check)
{
    int       rc;
    size_t    i;
    unsigned  before;
    ptn_rc_t  prc;

    before = check->found;
    prc = PTN_OK;

    for (i = 0; i < ptn_nelts(ptn_check_words_rules) && prc == PTN_OK; i++) {
        prc = ptn_check_search_rows(check, ptn_check_words_rules[i].what,
                                    ptn_check_words_rules[i].find,
                                    ptn_check_words_rules[i].mend);
    }

    if (prc != PTN_OK) {
        return prc;
    }

    /* its own structure; whoever writes meanwhile forbids the question */

    rc = sqlite3_exec(check->mb->db, "INSERT INTO words (words)"
                      " VALUES ('integrity-check')", NULL, NULL, NULL);

    prc = ptn_sql_rc(rc);

    if (ptn_check_later(prc) && prc != PTN_EBUSY) {
        return prc;
    }

    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) {
        ptn_check_found(check, check->repair, "index: %s",
                        sqlite3_errmsg(check->mb->db));
    }

    prc = ptn_check_list(check);

    if (prc != PTN_OK || !check->repair || check->found == before) {
        return prc;
    }

    /* contents of unindex go when the index begins (ptn_words_reset) */

    check->mb->meta.indexed = 0;

    return ptn_sql_exec(check->mb,
                        "INSERT INTO words (words) VALUES ('delete-all');"
                        "DELETE FROM term_new; DELETE FROM term_block;"
                        "DELETE FROM term_piece;"
                        "UPDATE meta SET indexed=0, v_tokens=0");
}


/* ---- search folders ---------------------------------------------------- */

static const struct {
    const char  *what;
    const char  *find;
} ptn_check_found_rules[] = {

    { "search of no search folder",
      "SELECT folder FROM search WHERE folder NOT IN"
      " (SELECT id FROM folder WHERE search<>0)" },

    { "shown in no search folder",
      "SELECT id FROM found WHERE folder NOT IN (SELECT folder FROM search)" },

    { "message in a search folder",
      "SELECT m.id FROM message m JOIN folder f ON f.id=m.folder"
      " WHERE f.search<>0" },

    { "uid shown not below UIDNEXT",
      "SELECT folder || ': ' || max(uid) FROM found s GROUP BY folder"
      " HAVING max(uid)>=(SELECT uidnext FROM folder f WHERE f.id=s.folder)" },

    { "modseq of a search folder behind what it shows",
      "SELECT f.id FROM folder f WHERE f.search<>0 AND f.modseq<"
      "(SELECT coalesce(max(cn),0) FROM found s WHERE s.folder=f.id)" },

    { "what is shown differs from the message",
      "SELECT s.id FROM found s JOIN folder f ON f.id=s.folder"
      " LEFT JOIN message m ON m.id=s.id WHERE f.parent>=0 AND (m.id IS NULL"
      " OR m.fai<>0 OR m.content<>s.content OR m.flags<>s.flags"
      " OR m.size<>s.size)" },

    { "counters of a search folder",
      "SELECT id || ': total ' || total || ' unread ' || unread || ' size '"
      " || size FROM folder f WHERE search<>0 AND ("
      "total<>(SELECT count(*) FROM found s WHERE s.folder=f.id) OR"
      " unread<>(SELECT count(*) FROM found s WHERE s.folder=f.id"
      " AND flags&1=0) OR"
      " deleted<>(SELECT count(*) FROM found s WHERE s.folder=f.id"
      " AND flags&8<>0) OR"
      " size<>(SELECT coalesce(sum(size),0) FROM found s"
      " WHERE s.folder=f.id))" },
};


/* Empty, and to be filled. */

#define PTN_CHECK_REFILL                                                      \
    "DELETE FROM search WHERE folder NOT IN"                                  \
    " (SELECT id FROM folder WHERE search<>0);"                               \
    "DELETE FROM found;"                                                      \
    "UPDATE search SET state=1, done=0;"                                      \
    "UPDATE meta SET cn=cn+1, uidvalidity=uidvalidity+"                       \
    "(SELECT count(*) FROM folder WHERE search<>0);"                          \
    "DELETE FROM tombstone WHERE kind=0 AND folder IN"                        \
    " (SELECT id FROM folder WHERE search<>0);"                               \
    "UPDATE folder SET total=0, unread=0, deleted=0, size=0, uidnext=1,"      \
    " modseq=(SELECT cn FROM meta), horizon=(SELECT cn FROM meta),"           \
    " uidvalidity=(SELECT uidvalidity FROM meta)-(SELECT count(*) FROM"       \
    " folder g WHERE g.search<>0 AND g.id<folder.id) WHERE search<>0"


/* Brute force: each message against each search that follows changes. */

static ptn_rc_t
ptn_check_one(ptn_check_t *check, const ptn_one_search_t *s, ptn_pool_t *pool)
{
    bool             wants, shown;
    ptn_rc_t         rc, got;
    sqlite3_stmt    *st;
    ptn_msg_info_t   m;

    if (sqlite3_prepare_v2(check->mb->db, "SELECT" PTN_SQL_INFO
                           " FROM message WHERE folder>0 AND fai=0", -1, &st,
                           NULL)
        != SQLITE_OK)
    {
        return ptn_sql_rc(sqlite3_extended_errcode(check->mb->db));
    }

    while ((rc = ptn_sql_step(check->mb, st)) == PTN_AGAIN) {
        ptn_item_read_info(st, &m);
        rc = ptn_search_shows(check->mb, s->folder, m.id, &shown);

        if (rc == PTN_OK) {
            got = ptn_search_wants(check->mb, pool, s, &m, &wants);
            ptn_pool_reset(pool);

            if (got == PTN_ENOMEM) {
                rc = got;

            } else if (got == PTN_OK && wants != shown) {
                ptn_check_found(check, check->repair,
                                "search folder %llu: message %llu is %s",
                                (unsigned long long) s->folder,
                                (unsigned long long) m.id,
                                shown ? "shown" : "not shown");
            }
        }

        if (rc != PTN_OK) {
            break;
        }
    }

    sqlite3_finalize(st);

    return (rc == PTN_ECORRUPT) ? PTN_OK : rc;
}


static ptn_rc_t
ptn_check_found_folders(ptn_check_t *check)
{
    size_t           i;
    ptn_rc_t         rc;
    ptn_pool_t      *pool;
    ptn_searches_t  *all;

    rc = ptn_mbox_set(check->mb);

    if (rc != PTN_OK || check->mb->set->nsearch == 0) {
        return rc;
    }

    pool = ptn_content_pool(check->mb->store, 0);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_searches(check->mb, &all);

    for (i = 0; rc == PTN_OK && i < all->n; i++) {
        if (all->s[i].state == PTN_SEARCH_FILLED
            && !(all->s[i].flags & PTN_SEARCH_STATIC))
        {
            rc = ptn_check_one(check, &all->s[i], pool);
        }
    }

    ptn_pool_destroy(pool);

    return rc;
}


ptn_rc_t
ptn_check_search(ptn_check_t *check)
{
    size_t    i;
    unsigned  before;
    ptn_rc_t  rc;

    rc = ptn_check_words(check);
    before = check->found;

    for (i = 0; i < ptn_nelts(ptn_check_found_rules) && rc == PTN_OK; i++) {
        rc = ptn_check_search_rows(check, ptn_check_found_rules[i].what,
                                   ptn_check_found_rules[i].find,
                                   PTN_CHECK_ANEW);
    }

    if (rc == PTN_OK) {
        rc = ptn_check_found_folders(check);
    }

    if (rc == PTN_OK && check->repair && check->found != before) {
        rc = ptn_sql_exec(check->mb, PTN_CHECK_REFILL);
    }

    return rc;
}
