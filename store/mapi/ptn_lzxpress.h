/*
 * Plain LZ77 (MS-XCA 2.3, 2.4), which MS-OXCRPC 3.1.4.1.1.2 calls DIRECT2, and
 * the obfuscation of MS-OXCRPC 3.1.4.1.1.3: what RPC_HEADER_EXT says of the
 * payload behind it.
 */

#ifndef PTN_LZXPRESS_H
#define PTN_LZXPRESS_H


#include "ptn_base.h"


/*
 * Exactly `len` bytes to `out`.  ECORRUPT: it is not that, reads before its
 * beginning, or ends too early.  Hostile input is safe.
 */
ptn_rc_t ptn_lzxpress_unpack(ptn_str_t in, u_char *out, size_t len);

/*
 * At most `max` bytes to `out`; 0: it does not fit, so that it is not worth
 * it.  One pass, 32 KiB of stack.
 */
size_t ptn_lzxpress_pack(ptn_str_t in, u_char *out, size_t max);

/* Each byte XOR 0xa5, there and back. */
void ptn_xor_magic(u_char *p, size_t len);


#endif /* PTN_LZXPRESS_H */
