/*
 * The tokenizer "ptn" of SQLite's FTS5.  What is indexed are the tokens of a
 * text, each once, with a blank behind each: they are found without the write
 * lock (ptn_words_set), and the index has no places of words, so that under it
 * no more than those are to be passed on.  What a query asks for is one token
 * as it stands.
 */

#include "ptn_words.h"


static int
ptn_fts_create(void *ctx PTN_UNUSED, const char **arg PTN_UNUSED,
    int n PTN_UNUSED, Fts5Tokenizer **ret)
{
    static const char  nothing = 0;

    /* it has no state; never looked into */

    *ret = (Fts5Tokenizer *) (uintptr_t) &nothing;

    return SQLITE_OK;
}


static void
ptn_fts_delete(Fts5Tokenizer *t PTN_UNUSED)
{
}


static int
ptn_fts_tokenize(Fts5Tokenizer *t PTN_UNUSED, void *ctx, int flags,
    const char *text, int n,
    int (*token)(void *ctx, int flags, const char *token, int n, int start,
        int end))
{
    int          rc, from;
    const char  *end;

    if (flags & FTS5_TOKENIZE_QUERY) {
        return token(ctx, 0, text, n, 0, n);
    }

    rc = SQLITE_OK;

    for (from = 0; from < n && rc == SQLITE_OK; from = (int) (end - text) + 1)
    {
        end = memchr(text + from, ' ', (size_t) (n - from));

        if (end == NULL) {
            end = text + n;
        }

        rc = token(ctx, 0, text + from, (int) (end - text) - from, from,
                   (int) (end - text));
    }

    return rc;
}


/* ---- each token once --------------------------------------------------- */

static uint32_t
ptn_fts_hash(ptn_str_t s)
{
    size_t    i;
    uint32_t  h;

    h = 2166136261U;

    for (i = 0; i < s.len; i++) {
        h = (h ^ s.data[i]) * 16777619U;
    }

    return h;
}


/* The place of a token, or the free one where it would be. */

static uint32_t
ptn_fts_place(const ptn_words_set_t *set, ptn_str_t token)
{
    uint32_t       i;
    const u_char  *p;

    for (i = ptn_fts_hash(token) & (set->size - 1); set->at[i] != 0;
         i = (i + 1) & (set->size - 1))
    {
        p = set->out.data + set->at[i] - 1;

        if (set->out.len - (set->at[i] - 1) > token.len
            && memcmp(p, token.data, token.len) == 0 && p[token.len] == ' ')
        {
            break;
        }
    }

    return i;
}


static ptn_rc_t
ptn_fts_grow(ptn_words_set_t *set)
{
    uint32_t       i, size, *at;
    ptn_str_t      token;
    const u_char  *p, *end;

    size = set->size ? 4 * set->size : 256;

    at = ptn_pcalloc(set->pool, size * sizeof(uint32_t));
    if (at == NULL) {
        return PTN_ENOMEM;
    }

    set->at = at;
    set->size = size;

    for (p = set->out.data, end = p + set->out.len; p < end; /* void */ ) {
        token.data = (u_char *) p;
        token.len = (size_t) ((const u_char *)
                              memchr(p, ' ', (size_t) (end - p)) - p);
        i = ptn_fts_place(set, token);
        set->at[i] = (uint32_t) (p - set->out.data) + 1;
        p += token.len + 1;
    }

    return PTN_OK;
}


void
ptn_words_set_init(ptn_words_set_t *set, ptn_pool_t *pool)
{
    memset(set, 0, sizeof(ptn_words_set_t));
    set->pool = pool;
    ptn_buf_init(&set->out, pool);
}


ptn_rc_t
ptn_words_set_add(ptn_words_set_t *set, ptn_str_t word)
{
    uint32_t  i;
    ptn_rc_t  rc;

    if (2 * set->n >= set->size) {
        rc = ptn_fts_grow(set);
        if (rc != PTN_OK) {
            return rc;
        }
    }

    i = ptn_fts_place(set, word);

    if (set->at[i] == 0) {
        set->at[i] = (uint32_t) set->out.len + 1;
        set->n++;
        ptn_buf_str(&set->out, word);
        ptn_buf_byte(&set->out, ' ');
    }

    return ptn_pool_failed(set->pool) ? PTN_ENOMEM : PTN_OK;
}


uint32_t
ptn_words_set_find(const ptn_words_set_t *set, ptn_str_t word)
{
    uint32_t  i;

    if (set->size == 0) {
        return PTN_WORDS_NONE;
    }

    i = set->at[ptn_fts_place(set, word)];

    return (i == 0) ? PTN_WORDS_NONE : i - 1;
}


static ptn_rc_t
ptn_fts_add(void *ctx, ptn_str_t token, bool compound PTN_UNUSED,
    size_t start PTN_UNUSED, size_t end PTN_UNUSED)
{
    return ptn_words_set_add(ctx, token);
}


ptn_rc_t
ptn_words_set(ptn_pool_t *pool, ptn_str_t text, ptn_str_t *ret_set)
{
    ptn_rc_t         rc;
    ptn_words_set_t  set;

    ptn_words_set_init(&set, pool);
    rc = ptn_words_tokens(text, ptn_fts_add, &set);

    if (rc == PTN_OK) {
        *ret_set = ptn_buf_get(&set.out);
    }

    return rc;
}


ptn_rc_t
ptn_words_register(sqlite3 *db)
{
    int             rc;
    fts5_api       *api;
    sqlite3_stmt   *st;
    fts5_tokenizer  t = { ptn_fts_create, ptn_fts_delete, ptn_fts_tokenize };

    api = NULL;
    st = NULL;

    rc = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &st, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
        rc = sqlite3_step(st);
        rc = (rc == SQLITE_ROW) ? SQLITE_OK : rc;
    }

    if (rc == SQLITE_OK && api != NULL) {
        rc = api->xCreateTokenizer(api, "ptn", NULL, &t, NULL);
    }

    sqlite3_finalize(st);

    return (rc == SQLITE_OK) ? (api ? PTN_OK : PTN_EVERSION) : ptn_sql_rc(rc);
}
