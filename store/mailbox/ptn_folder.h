/*
 * store/mailbox, inside: folders, and what was deleted softly.
 */

#ifndef PTN_FOLDER_H
#define PTN_FOLDER_H


#include "ptn_item.h"


#define PTN_FOLDER_DEPTH_MAX  300       /* MS-OXCFOLD 3.2.5.2 */

/* Messages of a folder that are removed with it at once. */
#define PTN_FOLDER_AT_ONCE    1000


/* --- ptn_folder.c -------------------------------------------------------- */

/* Child of `parent` by its folded name.  ENOTFOUND. */
ptn_rc_t ptn_folder_by_fold(ptn_mbox_t *mb, ptn_id_t parent, ptn_str_t fold,
    const ptn_folder_t **ret_folder);
/* Parent and name of a new or renamed folder, on which `height` levels stand;
 * *ret_fold in `pool`. */
ptn_rc_t ptn_folder_place(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t parent,
    ptn_str_t name, ptn_id_t self, unsigned height, ptn_str_t *ret_fold);
/* Levels from `id` down to its deepest subfolder: 1 when it has none. */
unsigned ptn_folder_height(ptn_mbox_t *mb, ptn_id_t id);
/* A subfolder of it came, left or changed its name. */
void ptn_folder_hier(ptn_mbox_t *mb, ptn_id_t parent);


/* --- ptn_folder_delete.c -------------------------------------------------- */

/*
 * Takes a folder and what is below it out of the tree: tombstones, events, its
 * gone row.  at -1: for good, to be erased later.
 */
ptn_rc_t ptn_folder_unlink(ptn_txn_t *tx, ptn_id_t id, int64_t at,
    int64_t wall);
/* The rows of an empty folder, and those of other tables about it. */
ptn_rc_t ptn_folder_erase(ptn_mbox_t *mb, ptn_id_t id);


/* --- ptn_gone.c ---------------------------------------------------------- */

/* Row of a message, also of one that is gone: m->folder as it is stored. */
ptn_rc_t ptn_msg_get_any(ptn_mbox_t *mb, ptn_id_t id, ptn_msg_info_t *m);
ptn_rc_t ptn_msg_gone_one(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m,
    int64_t at, int64_t wall);
/* Erases up to `max` messages of a folder, `gone` ones or those in it;
 * *ret_n: how many there were. */
ptn_rc_t ptn_gone_erase_some(ptn_mbox_t *mb, ptn_id_t folder, bool gone,
    size_t max, size_t *ret_n);
/* Removes what was kept long enough: some of it, in a batch that is
 * committed.  True: there is more. */
bool ptn_gone_purge(ptn_mbox_t *mb, int64_t lived);


/* --- ptn_lived.c ---------------------------------------------------------- */

typedef struct {
    int64_t  lived;             /* seconds of use */
    int64_t  wall;              /* seconds since 1970 */
    int64_t  boot;              /* of this boot of the machine; 0: none yet */
    int64_t  up;                /* seconds since it */
} ptn_lived_t;

/* By how much `lived` moves from `was` to `now`. */
int64_t ptn_lived_step(const ptn_lived_t *was, const ptn_lived_t *now);
/* The time now, in a transaction, which writes it down when it has moved by a
 * minute; *ret_lived: as it is written down. */
ptn_rc_t ptn_lived_advance(ptn_txn_t *tx, int64_t *ret_lived);
/* Housekeeping of an idle executor: time, what is gone, tombstones. */
void ptn_lived_idle(ptn_mbox_t *mb);

/* Tombstones of messages with a cn up to `cut` go, but the newest `keep` of
 * each folder, at most `max` of a folder; horizons move. */
ptn_rc_t ptn_tomb_purge(ptn_txn_t *tx, uint64_t cut, uint64_t keep,
    uint64_t max, bool *ret_more);


/* --- ptn_rule.c ---------------------------------------------------------- */

bool ptn_rule_any(ptn_mbox_t *mb, ptn_id_t folder);


/* --- ptn_status.c -------------------------------------------------------- */

/* Something of it changed that moves modseq alone: m->status is written. */
ptn_rc_t ptn_status_touch(ptn_txn_t *tx, ptn_folder_t *f, ptn_msg_info_t *m);


/* --- ptn_name.c ---------------------------------------------------------- */

/* Its names go, the href into tombstone (folder, cn, id). */
ptn_rc_t ptn_name_drop(ptn_mbox_t *mb, const ptn_msg_info_t *m, uint64_t cn);


#endif /* PTN_FOLDER_H */
