/*
 * store/mailbox, inside: how contents are compressed.
 *
 * A mailbox trains a zstd dictionary of its own, from its contents and their
 * structures, when it has PTN_DICTIONARY_MIN of them and nothing else to do;
 * and another when it has eight times as many as then.  Each stays for ever:
 * frames name theirs by its id.  Older contents are compressed again with the
 * first one, some at a time, when the executor is idle, or all at once when
 * the mailbox is compacted.
 *
 * An executor keeps PTN_DICTIONARIES of them ready, whatever the mailbox: at
 * most about 140 KB each.
 */

#ifndef PTN_DICTIONARY_H
#define PTN_DICTIONARY_H


#include "ptn_mailbox.h"


#define PTN_FRAME_MIN         64
#define PTN_DICTIONARY_LEVEL  1
#define PTN_DICTIONARY_MIN    500               /* contents */
#define PTN_DICTIONARY_FEW    100               /* when it is compacted */
#define PTN_DICTIONARY_SIZE   (32 * 1024)
#define PTN_DICTIONARY_MAX    (128 * 1024)      /* of a file from elsewhere */
#define PTN_DICTIONARY_PLAIN  (32 * 1024)       /* larger contents need none */


/* zstd with a checksum, or `plain` itself where that is no smaller. */
ptn_rc_t ptn_frame_make(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t plain,
    ptn_str_t *ret, ptn_codec_e *ret_codec);
/* Quickly, for a frame that is made again later (PTN_CODEC_HASTY). */
ptn_rc_t ptn_frame_hasty(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t plain,
    ptn_str_t *ret, ptn_codec_e *ret_codec);
/* ETRUNC: not below `size` bytes. */
ptn_rc_t ptn_frame_compress(ptn_store_t *store, const void *cdict,
    ptn_str_t plain, u_char *p, size_t size, size_t *ret_n);
/* Bytes unpacked, as the frame says: a lie is found by ptn_frame_open(). */
ptn_rc_t ptn_frame_size(ptn_str_t frame, ptn_codec_e codec,
    uint64_t *ret_size);
/* Into `n` bytes, which are its size.  ECORRUPT. */
ptn_rc_t ptn_frame_open(ptn_mbox_t *mb, ptn_str_t frame, ptn_codec_e codec,
    u_char *p, size_t n);

/* That of new contents; NULL: there is none.  Valid until the next call. */
ptn_rc_t ptn_dictionary_now(ptn_mbox_t *mb, const void **ret_cdict);
/* That of frames with this id.  ECORRUPT: there is none, or it lies. */
ptn_rc_t ptn_dictionary_get(ptn_mbox_t *mb, uint64_t id,
    const void **ret_ddict);
void ptn_dictionary_forget(ptn_store_t *store, const ptn_guid_t *mailbox);

/* Makes `data` the dictionary of new contents; of tests and tools. */
ptn_rc_t ptn_dictionary_set(ptn_txn_t *tx, ptn_str_t data);
/* Trains one now, whatever there is.  ENOTFOUND: too little. */
ptn_rc_t ptn_dictionary_train(ptn_mbox_t *mb);
/* Compresses up to `max` older contents; *ret_more: there are others. */
ptn_rc_t ptn_dictionary_repack(ptn_mbox_t *mb, unsigned max, bool *ret_more);
/* Does up to `max` contents again that were packed in haste. */
ptn_rc_t ptn_hasty_repack(ptn_mbox_t *mb, unsigned max, bool *ret_more);
/* Some of all, of the idle executor. */
void ptn_dictionary_idle(ptn_mbox_t *mb);
/* All of both, now, for who compacts the mailbox; nothing is open.  Fewer
 * contents than the idle executor waits for are enough. */
ptn_rc_t ptn_dictionary_compact(ptn_mbox_t *mb);


#endif /* PTN_DICTIONARY_H */
