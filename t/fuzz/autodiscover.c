/*
 * Requests of AutoDiscover, and the replies that repeat what they say.
 *
 * Covers: ngx_modules/autodiscover/ptn_autodiscover_xml.c
 */

#include <stdlib.h>

#include "ptn_autodiscover.h"
#include "ptn_xml.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_buf_t                  b;
    ptn_user_t                 user;
    ptn_pool_t                *pool;
    ptn_xml_node_t            *root;
    ptn_autodiscover_req_t     req;
    ptn_autodiscover_error_e   error;
    ptn_autodiscover_answer_t  answer;

    if (size == 0) {
        return 0;
    }

    pool = ptn_pool_create(16 * 1024 * 1024, NULL);
    ptn_buf_init(&b, pool);

    error = ptn_autodiscover_parse(pool, ptn_str_make(data + 1, size - 1),
                                   &req);

    if (error != PTN_AUTODISCOVER_OK) {
        ptn_autodiscover_error(&b, &req, error);

    } else {
        memset(&user, 0, sizeof(user));
        memset(&answer, 0, sizeof(answer));
        user.address = req.address.len ? req.address : req.dn;
        user.display = req.dn;
        answer.user = &user;
        answer.host = req.address;
        answer.offers = data[0];
        answer.mapi_http = data[0] & 1;

        if (data[0] & 2) {
            answer.redirect = req.address;
        }

        if (req.mobile) {
            ptn_autodiscover_mobile(&b, &answer);

        } else if (ptn_autodiscover_outlook(pool, &b, &answer) != PTN_OK) {
            abort();
        }
    }

    if (ptn_xml_parse(pool, ptn_buf_get(&b), NULL, &root) != PTN_OK) {
        abort();
    }

    ptn_buf_init(&b, pool);
    ptn_autodiscover_mozilla(&b, ptn_str_make(data, size),
                             ptn_str_make(data, size),
                             ptn_str_make(data, size), data[0]);

    if (ptn_xml_parse(pool, ptn_buf_get(&b), NULL, &root) != PTN_OK) {
        abort();
    }

    ptn_pool_destroy(pool);

    return 0;
}
