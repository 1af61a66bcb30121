/*
 * AutoDiscover: where a client finds its mailbox.
 *
 *   POX, Outlook schema 2006a      MS-OXDSCLI
 *   POX, MobileSync schema 2006    MS-ASCMD 2.2.1.1
 *   config-v1.1.xml                Mozilla's autoconfiguration
 */

#ifndef PTN_AUTODISCOVER_H
#define PTN_AUTODISCOVER_H


#include "ptn_directory.h"
#include "ptn_job.h"


#define PTN_AUTODISCOVER_MAX  65536     /* bytes of a request */

/* ErrorCode: MS-OXDSCLI 2.2.4.1.1.3.2 */
typedef enum {
    PTN_AUTODISCOVER_OK = 0,
    PTN_AUTODISCOVER_NOT_FOUND = 500,
    PTN_AUTODISCOVER_NOTHING = 501,     /* it may use none of what we offer */
    PTN_AUTODISCOVER_INVALID = 600,
    PTN_AUTODISCOVER_SCHEMA = 601,
    PTN_AUTODISCOVER_INTERNAL = 603
} ptn_autodiscover_error_e;

typedef struct {
    bool       mobile;          /* the MobileSync schema */
    ptn_str_t  address;         /* EMailAddress, trimmed */
    ptn_str_t  dn;              /* LegacyDN: counts before the address */
} ptn_autodiscover_req_t;

/* Reads a request; strings in `pool` or in `body`. */
ptn_autodiscover_error_e ptn_autodiscover_parse(ptn_pool_t *pool,
    ptn_str_t body, ptn_autodiscover_req_t *ret);

/* What is said of a user. */
typedef struct {
    ptn_str_t          host;            /* and port, of our URLs */
    uint32_t           offers;          /* PTN_SERVICE_*, on in the user too */
    unsigned           mapi_http;       /* X-MapiHttpCapability */
    const ptn_user_t  *user;            /* or the store of public folders */
    ptn_str_t          public_store;    /* address of the user's, or empty */
    ptn_str_t          redirect;        /* an address elsewhere, or empty */
} ptn_autodiscover_answer_t;

ptn_rc_t ptn_autodiscover_outlook(ptn_pool_t *pool, ptn_buf_t *b,
    const ptn_autodiscover_answer_t *answer);
void ptn_autodiscover_mobile(ptn_buf_t *b,
    const ptn_autodiscover_answer_t *answer);
void ptn_autodiscover_error(ptn_buf_t *b, const ptn_autodiscover_req_t *req,
    ptn_autodiscover_error_e error);

/* `domain`: of the address asked for; `mail`: name of the mail servers. */
void ptn_autodiscover_mozilla(ptn_buf_t *b, ptn_str_t domain, ptn_str_t mail,
    ptn_str_t host, uint32_t offers);


extern const ptn_job_type_t  ptn_autodiscover_jobs[];


#endif /* PTN_AUTODISCOVER_H */
