/*
 * Segments of the index.  FTS5 writes one per transaction and would merge some
 * of them in it, up to megabytes at once: the write lock would be held as long.
 * So `automerge` is off, and segments are merged here, some pages at a time.
 *
 * Which levels have how many is read from FTS5's structure record, whose format
 * is that of its file: 4 bytes of a cookie, then numbers: levels, segments, a
 * counter; for each level how many of its segments are being merged and how
 * many it has; for each of those an id and two pages.  A record that is not so
 * is not judged here, but by FTS5.
 */

#include "ptn_words.h"


#define PTN_MERGE_PAGES   64        /* of one step, about 4 KB each */
#define PTN_MERGE_SOME    4         /* segments of a level, and usermerge */
#define PTN_MERGE_MANY    8
#define PTN_MERGE_FULL    48        /* of all */
#define PTN_MERGE_LEVELS  64
#define PTN_MERGE_NEVER   1999      /* segments; FTS5's crisismerge */


/* SQLite's numbers of 1 to 9 bytes; false: the record ends. */

static bool
ptn_merge_number(ptn_str_t *s, uint64_t *ret)
{
    size_t    i;
    uint64_t  v;

    for (v = 0, i = 0; i < s->len && i < 9; i++) {
        if (i == 8) {
            v = v << 8 | s->data[i];
            break;
        }

        v = v << 7 | (s->data[i] & 0x7f);

        if (!(s->data[i] & 0x80)) {
            break;
        }
    }

    if (i == s->len || i == 9) {
        return false;
    }

    s->data += i + 1;
    s->len -= i + 1;
    *ret = v;

    return true;
}


static void
ptn_merge_judge(ptn_str_t s, ptn_words_state_t *state)
{
    unsigned  i;
    uint64_t  levels, segments, v, merging, n;

    if (s.len < 4) {
        return;
    }

    s.data += 4;
    s.len -= 4;

    if (!ptn_merge_number(&s, &levels) || !ptn_merge_number(&s, &segments)
        || !ptn_merge_number(&s, &v))
    {
        return;
    }

    state->full = segments >= PTN_MERGE_FULL;

    for (i = 0; i < levels && i < PTN_MERGE_LEVELS; i++) {
        if (!ptn_merge_number(&s, &merging) || !ptn_merge_number(&s, &n)) {
            return;
        }

        state->some |= merging != 0 || n >= PTN_MERGE_SOME;
        state->many |= merging != 0 || n >= PTN_MERGE_MANY;

        for (n = ptn_min(n, (uint64_t) PTN_MERGE_NEVER); n != 0; n--) {
            if (!ptn_merge_number(&s, &v) || !ptn_merge_number(&s, &v)
                || !ptn_merge_number(&s, &v))
            {
                return;
            }
        }
    }
}


ptn_rc_t
ptn_words_state(ptn_mbox_t *mb, ptn_words_state_t *ret_state)
{
    ptn_rc_t           rc;
    sqlite3_stmt      *st;
    ptn_words_state_t  state;

    memset(&state, 0, sizeof(state));

    st = ptn_sql(mb, PTN_SQL_WORDS_SEGMENTS, &rc);
    if (st == NULL) {
        return rc;
    }

    rc = ptn_sql_step(mb, st);

    if (rc == PTN_AGAIN) {
        ptn_merge_judge(ptn_sql_column(st, 0), &state);
        sqlite3_reset(st);
        rc = PTN_OK;
    }

    if (rc == PTN_OK) {
        *ret_state = state;
    }

    return rc;
}


/* A step that changed nothing but FTS5's own row had nothing to do. */

ptn_rc_t
ptn_words_merge(ptn_mbox_t *mb, unsigned us, bool *ret_any)
{
    int       before;
    bool      changed;
    ptn_rc_t  rc;
    uint64_t  begun;

    *ret_any = false;
    begun = ptn_time_mono_us();

    do {
        before = sqlite3_total_changes(mb->db);
        rc = ptn_sql_run(mb, PTN_SQL_WORDS_MERGE, 1,
                         (uint64_t) PTN_MERGE_PAGES);
        changed = sqlite3_total_changes(mb->db) - before >= 2;
        *ret_any |= changed;

    } while (rc == PTN_OK && changed && ptn_time_mono_us() - begun < us);

    return rc;
}


ptn_rc_t
ptn_words_settings(ptn_mbox_t *mb)
{
    size_t         i;
    ptn_rc_t       rc;
    sqlite3_stmt  *st;

    static const struct {
        const char  *name;
        int          value;
    } settings[] = {
        { "automerge", 0 }, { "usermerge", PTN_MERGE_SOME },
        { "crisismerge", PTN_MERGE_NEVER },
    };

    for (i = 0; i < ptn_nelts(settings); i++) {
        st = ptn_sql(mb, PTN_SQL_WORDS_SETTING, &rc);
        if (st == NULL) {
            return rc;
        }

        ptn_sql_text(st, 1, ptn_str_z(settings[i].name));
        sqlite3_bind_int(st, 2, settings[i].value);
        rc = ptn_sql_step(mb, st);

        if (rc != PTN_OK) {
            return rc;
        }
    }

    return PTN_OK;
}
