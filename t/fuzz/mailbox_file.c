/*
 * A mailbox's database with bytes of it changed: opened, read, written,
 * checked, repaired.
 *
 * Input: u8 flags (1: it is written to, too; 2: cut off behind the last
 * change), then changes, each u16 page, u16 place in it, u8 length, bytes.
 * Page 1 and interior pages are hit most, for there are few pages.
 *
 * Covers: store/mailbox/ptn_check.c store/mailbox/ptn_salvage.c store/mailbox/ptn_schema_known.c
 */

#include "fuzz_mailbox.h"


int  LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);


int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    size_t    i, at, len, end;
    u_char   *file;

    if (fuzz_file == NULL) {
        fuzz_make();
    }

    if (n < 6 || n > 600) {
        return 0;
    }

    file = malloc(fuzz_file_len);
    memcpy(file, fuzz_file, fuzz_file_len);
    end = fuzz_file_len;

    for (i = 1; i + 5 <= n; i += 5 + len) {
        at = ((size_t) (p[i] | p[i + 1] << 8) % (fuzz_file_len / 4096)) * 4096
             + (size_t) (p[i + 2] | p[i + 3] << 8) % 4096;
        len = ptn_min((size_t) p[i + 4], n - i - 5);
        len = ptn_min(len, fuzz_file_len - at);
        memcpy(file + at, p + i + 5, len);
        end = at + len;
    }

    fuzz_lay(file, (p[0] & 2) ? end : fuzz_file_len);
    free(file);
    fuzz_use(p[0] & 1);

    return 0;
}
