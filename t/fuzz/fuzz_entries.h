/*
 * The frame of a target with several entries: the first byte of the input is
 * the letter of one (of no other: the last one), the rest is for it.  To be
 * included behind `fuzz_entries`, which ends with the entry that is for any
 * letter, and FUZZ_CAP, bytes that a pool may take.
 */

#ifndef FUZZ_ENTRIES_H
#define FUZZ_ENTRIES_H


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       i;
    ptn_str_t    in;
    ptn_pool_t  *pool;

    if (size == 0) {
        return 0;
    }

    for (i = 0; i < ptn_nelts(fuzz_entries) - 1; i++) {
        if (data[0] == fuzz_entries[i].letter) {
            break;
        }
    }

    pool = ptn_pool_create(FUZZ_CAP, NULL);
    in = ptn_str_make(data + 1, size - 1);
    fuzz_entries[i].entry(pool, in);
    ptn_pool_destroy(pool);

    return 0;
}


#endif /* FUZZ_ENTRIES_H */
