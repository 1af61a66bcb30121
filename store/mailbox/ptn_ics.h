/*
 * store/mailbox, inside: synchronisation by sets.
 *
 *   ptn_replica.c       REPLGUIDs, ids given out
 *   ptn_ics_key.c       change keys and predecessor change lists
 *   ptn_ics_state.c     a client's sets
 *   ptn_ics_content.c   what differs in a folder    ptn_ics_scan.c  its rows
 *   ptn_ics_tree.c      what differs in the hierarchy
 *   ptn_ics_import.c    uploads of messages    ptn_ics_upload.c  of the rest
 *   ptn_ics_conflict.c  conflict resolve messages
 *   ptn_ics_notice.c    conflict notification messages
 *   ptn_ics_group.c     property groups
 */

#ifndef PTN_ICS_H
#define PTN_ICS_H


#include "ptn_item.h"


#define PTN_REPLICAS_MAX   1000         /* of others */
#define PTN_LOCAL_IDS_MAX  0x10000      /* MS-OXCFXICS 3.3.5.8.12 */


/* ---- ptn_replica.c ------------------------------------------------------- */

const ptn_replica_t *ptn_replica_of(const ptn_set_t *set, uint64_t id);
void ptn_replica_span(const ptn_set_t *set, const ptn_replica_t *r,
    uint64_t *ret_lo, uint64_t *ret_hi);
ptn_rc_t ptn_replica_learn(ptn_txn_t *tx, ptn_guid_t guid);


/* ---- ptn_ics_key.c ------------------------------------------------------- */

/*
 * Change key and PCL of what is at `cn`, whose row has xid (u48 cn, XID) and
 * pcl.  Either may be NULL.
 */
ptn_rc_t ptn_ics_keys(ptn_mbox_t *mb, ptn_pool_t *pool, uint64_t cn,
    ptn_str_t xid, ptn_str_t pcl, ptn_str_t *ret_key, ptn_str_t *ret_pcl);
/* ptn_msg_change_key(), whoever acts. */
ptn_rc_t ptn_ics_msg_keys(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_str_t *ret_key, ptn_str_t *ret_pcl);
/* The row's xid of an import that got `cn`. */
ptn_rc_t ptn_ics_xid(ptn_pool_t *pool, uint64_t cn, ptn_str_t change_key,
    ptn_str_t *ret);
/* Of a row in a file: nothing, or well formed. */
bool ptn_ics_row_good(ptn_str_t xid, ptn_str_t pcl, uint64_t cn_max);

typedef enum {
    PTN_PCL_OLDER, PTN_PCL_NEWER, PTN_PCL_CONFLICT
} ptn_pcl_order_e;

/* What `theirs` is to `ours` (3.1.5.6.1). */
ptn_pcl_order_e ptn_pcl_order(ptn_str_t theirs, ptn_str_t ours);


/* ---- ptn_ics_state.c ----------------------------------------------------- */

/* A set, asked with our numbers: its part for each replica. */
typedef struct {
    const ptn_set_t          *replicas;
    const ptn_idset_part_t   *part[8];      /* of the first of ours */
    const ptn_idset_t        *set;
} ptn_ics_ask_t;

void ptn_ics_ask(ptn_ics_ask_t *ask, const ptn_set_t *replicas,
    const ptn_idset_t *set);
bool ptn_ics_has(const ptn_ics_ask_t *ask, uint64_t id);

/* A number of ours, or id, joins; REPLID is set. */
ptn_rc_t ptn_ics_set_add(ptn_mbox_t *mb, ptn_idset_t *set, uint64_t id);
/* Our numbers from 1 to `cn`, but those that only the lost time gave. */
ptn_rc_t ptn_ics_set_all(ptn_mbox_t *mb, ptn_idset_t *set, uint64_t cn);
/* The greatest n up to which all that we gave is in it. */
uint64_t ptn_ics_set_run(const ptn_set_t *replicas, const ptn_idset_t *set);
/*
 * Numbers that this mailbox never gave were seen: everything is to be told
 * anew.  The sets of change numbers become empty.  Sets are made ready.
 */
ptn_rc_t ptn_ics_state_begin(ptn_mbox_t *mb, ptn_ics_state_t *state);
/* Sets the REPLIDs; replicas that are not known are taken out. */
void ptn_ics_set_replids(const ptn_set_t *replicas, ptn_idset_t *set);
/* The counter, as a read transaction sees it. */
ptn_rc_t ptn_ics_now(ptn_mbox_t *mb, uint64_t *ret_cn);


/* ---- ptn_ics_upload.c ---------------------------------------------------- */

/* Is the number that of something that left, or is anywhere? */
ptn_rc_t ptn_ics_was(ptn_mbox_t *mb, ptn_id_t id, bool *ret_was);


/* ---- ptn_ics_conflict.c -------------------------------------------------- */

#define PTN_VERSIONS_MAX  64            /* of a message, as many as XIDs */

/* Attachments that are versions, whatever the message's status. */
uint32_t ptn_conflict_count(const ptn_object_t *object);
/* One of `object` (borrowed), without versions that are in it. */
ptn_rc_t ptn_conflict_version(ptn_pool_t *pool, const ptn_object_t *object,
    ptn_str_t change_key, ptn_str_t pcl, int64_t modified,
    ptn_ics_version_t *ret);
/* The message of versions, the first of which is the one that won. */
ptn_rc_t ptn_conflict_make(ptn_pool_t *pool,
    const ptn_ics_version_t *versions, uint32_t n,
    const ptn_object_t **ret_object);
/* Those of a message, whoever acts: one, where it is not in conflict. */
ptn_rc_t ptn_conflict_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_ics_version_t **ret_versions, uint32_t *ret_n);
ptn_rc_t ptn_conflict_versions(ptn_mbox_t *mb, ptn_id_t id, uint32_t *ret_n);
/*
 * Before `object`, and `extra` (its properties that are no content), take the
 * place of `was`, a message in conflict: the first version follows.  *ret_over:
 * the client took one out, or there was none; then it is no conflict any more.
 */
ptn_rc_t ptn_conflict_edited(ptn_pool_t *pool, const ptn_object_t *was,
    ptn_object_t *object, const ptn_props_t *extra, bool *ret_over);


/* ---- ptn_ics_notice.c ---------------------------------------------------- */

#define PTN_RESOLVE_LAST_WRITER  0x00000001     /* 2.2.1.4.1 */
#define PTN_RESOLVE_NO_NOTICE    0x00000002

/* PidTagResolveMethod of a folder. */
ptn_rc_t ptn_ics_method(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    uint32_t *ret_method);
/*
 * A conflict was resolved: the owners of a public folder are to hear of it,
 * unless its method says otherwise.  message 0: of the folder itself.
 */
ptn_rc_t ptn_ics_notice(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    ptn_id_t message, ptn_str_t subject);


/* ---- ptn_ics_group.c ----------------------------------------------------- */

/* Bits of the groups in which two items differ; content: that is another. */
uint32_t ptn_group_differ(const ptn_item_t *a, const ptn_item_t *b,
    bool content);
/* Message `id`, which was at cn `was`, changed in `groups` at `cn`. */
ptn_rc_t ptn_group_moved(ptn_mbox_t *mb, ptn_id_t id, uint64_t was,
    uint32_t groups, uint64_t cn);
/* What changed at numbers that are not in the set. */
uint32_t ptn_group_unseen(ptn_str_t packed, uint64_t cn,
    const ptn_ics_ask_t *seen);
bool ptn_group_row_good(ptn_str_t packed, uint64_t cn_max);


#endif /* PTN_ICS_H */
