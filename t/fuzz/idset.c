/*
 * Id sets in both forms: what is accepted is encoded again, read again, and
 * is the same; the encoding is not longer than what was given.
 *
 * Covers: store/mapi/ptn_idset_wire.c store/mapi/ptn_idset.c
 */

#include <stdlib.h>

#include "ptn_idset.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ptn_str_t         out;
    ptn_pool_t       *pool;
    ptn_idset_t       set, back;
    ptn_idset_form_e  form;

    if (size == 0) {
        return 0;
    }

    memset(&set, 0, sizeof(set));
    memset(&back, 0, sizeof(back));
    form = (data[0] & 1) ? PTN_IDSET_REPLID : PTN_IDSET_REPLGUID;

    if (ptn_idset_decode(&set, form, ptn_str_make(data + 1, size - 1))
        != PTN_OK)
    {
        if (set.nparts != 0) {
            abort();
        }

        return 0;
    }

    pool = ptn_pool_create(0, NULL);

    if (form == PTN_IDSET_REPLGUID || ptn_idset_part(&set,
                                          ptn_idset_surrogate(0)) == NULL)
    {
        if (ptn_idset_encode(&set, pool, form, &out) != PTN_OK
            || ptn_idset_decode(&back, form, out) != PTN_OK
            || !ptn_idset_equal(&set, &back))
        {
            abort();
        }

        if (ptn_idset_minus(&back, &set) != PTN_OK
            || ptn_idset_count(&back) != 0)
        {
            abort();
        }
    }

    ptn_idset_done(&set);
    ptn_idset_done(&back);
    ptn_pool_destroy(pool);

    return 0;
}
