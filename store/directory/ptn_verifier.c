#include <crypt.h>
#include <stdio.h>
#include <sys/mman.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include "ptn_charset.h"
#include "ptn_verifier.h"


/* The password and what crypt(3) works in. */

typedef struct {
    char               password[PTN_VERIFIER_PASSWORD_MAX + 1];
    char               hash[CRYPT_OUTPUT_SIZE];
    struct crypt_data  data;
} ptn_verifier_scratch_t;

/* Room for SASLprep: NFKC may lengthen (at most 18 times for one sign). */

typedef struct {
    char     utf8[PTN_VERIFIER_PASSWORD_MAX * 18 * 3 + 1];
    UChar    in[PTN_VERIFIER_PASSWORD_MAX + 1];
    UChar    out[PTN_VERIFIER_PASSWORD_MAX * 18 + 1];
    u_char   salted[SHA256_DIGEST_LENGTH];
    u_char   client[SHA256_DIGEST_LENGTH];
} ptn_verifier_scram_t;

#define PTN_VERIFIER_SALT  16


/* The same cost as new ones; nothing hashes to it. */

static const char  ptn_verifier_nobody[] =
    "$y$j9T$vX3bLq0cT7mYh2ZkRw5Na/$"
    "...........................................";


void *
ptn_verifier_secret_alloc(size_t size)
{
    void  *p;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1,
             0);
    if (p == MAP_FAILED) {
        return NULL;
    }

    (void) madvise(p, size, MADV_DONTDUMP);

    return p;
}


void
ptn_verifier_secret_free(void *p, size_t size)
{
    if (p != NULL) {
        OPENSSL_cleanse(p, size);
        munmap(p, size);
    }
}


static bool
ptn_verifier_password_valid(ptn_str_t password)
{
    return password.len != 0 && password.len <= PTN_VERIFIER_PASSWORD_MAX
           && memchr(password.data, '\0', password.len) == NULL;
}


static ptn_rc_t
ptn_verifier_crypt(ptn_pool_t *pool, ptn_str_t password, ptn_str_t *ret)
{
    char                    setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const char             *hash;
    ptn_str_t               s;
    ptn_verifier_scratch_t  *k;

    k = ptn_verifier_secret_alloc(sizeof(ptn_verifier_scratch_t));
    if (k == NULL) {
        return PTN_ENOMEM;
    }

    s = (ptn_str_t) ptn_null_string;
    memcpy(k->password, password.data, password.len);

    /* cost 0: what the library holds right today */

    if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting))
        != NULL)
    {
        hash = crypt_rn(k->password, setting, &k->data, sizeof(k->data));

        if (hash != NULL) {
            s = ptn_str_dup(pool, ptn_str_z(hash));
        }
    }

    ptn_verifier_secret_free(k, sizeof(ptn_verifier_scratch_t));

    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = s;

    return PTN_OK;
}


/*
 * RFC 5802 2.2 wants SASLprep (RFC 4013).  A password that it refuses (not
 * UTF-8, unassigned signs) is taken as it is, as PostgreSQL does too, so that
 * no password is valid for one mechanism alone.
 */

static ptn_str_t
ptn_verifier_saslprep(ptn_verifier_scram_t *k, ptn_str_t password)
{
    size_t               i;
    int32_t              n, m;
    UErrorCode           err;
    UStringPrepProfile  *prep;

    for (i = 0; i < password.len && password.data[i] < 0x80; i++) {
        /* void */
    }

    if (i == password.len || !ptn_utf8_valid(password)) {
        return password;
    }

    err = U_ZERO_ERROR;
    prep = usprep_openByType(USPREP_RFC4013_SASLPREP, &err);
    if (U_FAILURE(err)) {
        return password;
    }

    u_strFromUTF8(k->in, (int32_t) ptn_nelts(k->in), &n,
                  (const char *) password.data, (int32_t) password.len, &err);
    m = usprep_prepare(prep, k->in, n, k->out, (int32_t) ptn_nelts(k->out),
                       USPREP_DEFAULT, NULL, &err);
    u_strToUTF8(k->utf8, (int32_t) sizeof(k->utf8), &n, k->out, m, &err);

    usprep_close(prep);

    if (U_FAILURE(err) || n == 0) {
        return password;
    }

    return ptn_str_make(k->utf8, (size_t) n);
}


static bool
ptn_verifier_hmac(const u_char *key, const char *text, u_char *out)
{
    return HMAC(EVP_sha256(), key, SHA256_DIGEST_LENGTH,
                (const u_char *) text, strlen(text), out, NULL) != NULL;
}


static ptn_rc_t
ptn_verifier_scram_keys(ptn_verifier_scram_t *k, ptn_pool_t *pool,
    ptn_str_t password, ptn_str_t *ret)
{
    u_char     salt[PTN_VERIFIER_SALT], stored[SHA256_DIGEST_LENGTH];
    u_char     server[SHA256_DIGEST_LENGTH];
    ptn_str_t  s, salt64, stored64, server64;

    if (RAND_bytes(salt, sizeof(salt)) != 1) {
        return PTN_EINTERNAL;
    }

    s = ptn_verifier_saslprep(k, password);

    if (PKCS5_PBKDF2_HMAC((const char *) s.data, (int) s.len, salt,
                          sizeof(salt), PTN_VERIFIER_SCRAM_ITERATIONS,
                          EVP_sha256(), sizeof(k->salted), k->salted) != 1
        || !ptn_verifier_hmac(k->salted, "Client Key", k->client)
        || SHA256(k->client, sizeof(k->client), stored) == NULL
        || !ptn_verifier_hmac(k->salted, "Server Key", server))
    {
        return PTN_ENOMEM;
    }

    salt64 = ptn_base64_encode(pool, ptn_str_make(salt, sizeof(salt)));
    stored64 = ptn_base64_encode(pool, ptn_str_make(stored, sizeof(stored)));
    server64 = ptn_base64_encode(pool, ptn_str_make(server, sizeof(server)));

    if (salt64.data == NULL || stored64.data == NULL
        || server64.data == NULL)
    {
        return PTN_ENOMEM;
    }

    s = ptn_str_printf(pool, "SCRAM-SHA-256$%d:%.*s$%.*s:%.*s",
                       PTN_VERIFIER_SCRAM_ITERATIONS, ptn_str_arg(salt64),
                       ptn_str_arg(stored64), ptn_str_arg(server64));

    OPENSSL_cleanse(server, sizeof(server));

    if (s.data == NULL) {
        return PTN_ENOMEM;
    }

    *ret = s;

    return PTN_OK;
}


ptn_rc_t
ptn_verifier_make(ptn_pool_t *pool, ptn_str_t password,
    ptn_verifiers_t *ret_verifiers)
{
    ptn_rc_t               rc;
    ptn_verifiers_t        v;
    ptn_verifier_scram_t  *k;

    if (!ptn_verifier_password_valid(password)) {
        return PTN_EINVAL;
    }

    rc = ptn_verifier_crypt(pool, password, &v.crypt);
    if (rc != PTN_OK) {
        return rc;
    }

    k = ptn_verifier_secret_alloc(sizeof(ptn_verifier_scram_t));
    if (k == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_verifier_scram_keys(k, pool, password, &v.scram_sha256);

    ptn_verifier_secret_free(k, sizeof(ptn_verifier_scram_t));

    if (rc == PTN_OK) {
        *ret_verifiers = v;
    }

    return rc;
}


size_t
ptn_verifier_scratch_size(void)
{
    return sizeof(ptn_verifier_scratch_t);
}


ptn_rc_t
ptn_verifier_check(void *scratch, ptn_str_t password, ptn_str_t hash)
{
    bool                    known;
    size_t                  n;
    ptn_rc_t                rc;
    const char             *got;
    ptn_verifier_scratch_t  *k = scratch;

    known = hash.len != 0 && hash.len < sizeof(k->hash)
            && memchr(hash.data, '\0', hash.len) == NULL;

    if (known) {
        memcpy(k->hash, hash.data, hash.len);
        k->hash[hash.len] = '\0';

    } else {
        memcpy(k->hash, ptn_verifier_nobody, sizeof(ptn_verifier_nobody));
    }

    /* a password that cannot be right costs the same */

    if (ptn_verifier_password_valid(password)) {
        memcpy(k->password, password.data, password.len);
        k->password[password.len] = '\0';

    } else {
        known = false;
        memcpy(k->password, "x", 2);
    }

    got = crypt_rn(k->password, k->hash, &k->data, sizeof(k->data));
    n = strlen(k->hash);

    rc = (got != NULL && strlen(got) == n
          && CRYPTO_memcmp(got, k->hash, n) == 0 && known)
         ? PTN_OK : PTN_EAUTH;

    OPENSSL_cleanse(k, sizeof(ptn_verifier_scratch_t));

    return rc;
}
