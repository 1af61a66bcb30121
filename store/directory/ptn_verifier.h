/*
 * Verifiers of passwords: yescrypt by crypt(3), and the keys of SCRAM-SHA-256
 * (RFC 5802, RFC 7677) in the form of RFC 5803, made together so that every
 * mechanism works from the same password.
 */

#ifndef PTN_VERIFIER_H
#define PTN_VERIFIER_H


#include "ptn_directory.h"


#define PTN_VERIFIER_PASSWORD_MAX     511   /* crypt(3): 512 with the NUL */
#define PTN_VERIFIER_SCRAM_ITERATIONS 50000

/* Memory for secrets: not in core dumps, wiped when it is given back. */
void *ptn_verifier_secret_alloc(size_t size);       /* zeroed; NULL: none */
void ptn_verifier_secret_free(void *p, size_t size);

/* EINVAL: empty, over 511 bytes, or with a NUL inside. */
ptn_rc_t ptn_verifier_make(ptn_pool_t *pool, ptn_str_t password,
    ptn_verifiers_t *ret_verifiers);

/*
 * Compares with a crypt(3) hash; `scratch` is secret memory of
 * ptn_verifier_scratch_size() bytes, wiped on return.  EAUTH: it is another
 * password, or the hash is of an unknown kind.  `hash` empty: takes the time
 * of a real one and says EAUTH.
 */
size_t ptn_verifier_scratch_size(void);
ptn_rc_t ptn_verifier_check(void *scratch, ptn_str_t password,
    ptn_str_t hash);


#endif /* PTN_VERIFIER_H */
