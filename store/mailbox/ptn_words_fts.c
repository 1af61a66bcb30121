/*
 * The tokenizer "ptn" of SQLite's FTS5: tokens of ptn_words_tokens() for what
 * is indexed; what a query asks for is one token as it stands.
 */

#include "ptn_words.h"


typedef struct {
    void        *ctx;
    int        (*token)(void *ctx, int flags, const char *token, int n,
                   int start, int end);
    int          rc;
} ptn_fts_t;


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


static ptn_rc_t
ptn_fts_token(void *ctx, ptn_str_t token, bool compound, size_t start,
    size_t end)
{
    ptn_fts_t  *f = ctx;

    f->rc = f->token(f->ctx, compound ? FTS5_TOKEN_COLOCATED : 0,
                     (const char *) token.data, (int) token.len, (int) start,
                     (int) end);

    return (f->rc == SQLITE_OK) ? PTN_OK : PTN_AGAIN;
}


static int
ptn_fts_tokenize(Fts5Tokenizer *t PTN_UNUSED, void *ctx, int flags,
    const char *text, int n,
    int (*token)(void *ctx, int flags, const char *token, int n, int start,
        int end))
{
    ptn_rc_t   rc;
    ptn_fts_t  f = { ctx, token, SQLITE_OK };

    if (flags & FTS5_TOKENIZE_QUERY) {
        return token(ctx, 0, text, n, 0, n);
    }

    rc = ptn_words_tokens(ptn_str_make(text, (size_t) n), ptn_fts_token, &f);

    return (rc == PTN_ENOMEM) ? SQLITE_NOMEM : f.rc;
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
