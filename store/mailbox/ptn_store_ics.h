/*
 * store/mailbox: incremental change synchronisation (MS-OXCFXICS), below its
 * streams and ROPs; property groups; devices of ActiveSync.  Included by
 * ptn_store.h, whose rules hold here.
 *
 * A client keeps what it has as sets of numbers: the ids of what it was given,
 * and the change numbers that it has seen.  We tell what is not in them, in
 * pages, and what is to be added.  Nothing of a client is kept here but what
 * it uploads.
 *
 * Ids.  An id or change number given by us is its counter, whatever the
 * incarnation; one of another replica (a client or server that made its own,
 * 3.3.5.2.1) is replid << 48 | counter, where the replica is registered.  Its
 * REPLGUID is ptn_mbox_replica()'s affair in both cases.
 *
 * A restored copy.  Numbers beyond its last that the lost time had given under
 * the same REPLGUID are known (replica.last): who has seen one of them may
 * have what the mailbox never had, and is told everything anew.
 */

#ifndef PTN_STORE_ICS_H
#define PTN_STORE_ICS_H


#include "ptn_idset.h"
#include "ptn_restrict.h"


/* ---- keys of a version (2.2.1.2) ---------------------------------------- */

#define PTN_XID_MAX  24         /* 16 + 8 */
#define PTN_PCL_MAX  (64 * (1 + PTN_XID_MAX))       /* 64 replicas */

/*
 * PredecessorChangeLists (2.2.2.3): SizedXids, NamespaceGuids ascending.
 * check: EPARSE; XIDs out of order are mended in the copy, in `pool`.
 * includes: for each XID of `b` one in `a` of the same namespace that is not
 * smaller.  merge: of each namespace the greatest; ELIMIT: above PTN_PCL_MAX.
 */
ptn_rc_t ptn_pcl_check(ptn_pool_t *pool, ptn_str_t pcl, ptn_str_t *ret);
bool ptn_pcl_includes(ptn_str_t a, ptn_str_t b);
ptn_rc_t ptn_pcl_merge(ptn_pool_t *pool, ptn_str_t a, ptn_str_t b,
    ptn_str_t *ret);
/* With the XID too. */
ptn_rc_t ptn_pcl_add(ptn_pool_t *pool, ptn_str_t pcl, ptn_str_t xid,
    ptn_str_t *ret);

/*
 * PidTagChangeKey, PidTagPredecessorChangeList of a message (row id) and of a
 * folder, in `pool`: what was imported, until something here changes it; from
 * then on our own number, which joins the list.
 */
ptn_rc_t ptn_msg_change_key(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_str_t *ret_key, ptn_str_t *ret_pcl);
ptn_rc_t ptn_folder_change_key(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    ptn_str_t *ret_key, ptn_str_t *ret_pcl);

/*
 * PidTagSourceKey to an id.  With `tx` a replica that is new is registered
 * (ELIMIT: 1,000).  EINVAL: no GID, or a number that we have not given yet;
 * ENOTFOUND: a replica that is not known.
 */
ptn_rc_t ptn_ics_id(ptn_mbox_t *mb, ptn_txn_t *tx, ptn_str_t source_key,
    ptn_id_t *ret_id);


/* ---- the state (2.2.1.1) ------------------------------------------------ */

typedef enum {
    PTN_ICS_GIVEN,              /* MetaTagIdsetGiven */
    PTN_ICS_SEEN,               /* MetaTagCnsetSeen */
    PTN_ICS_SEEN_FAI,           /* MetaTagCnsetSeenFAI */
    PTN_ICS_READ,               /* MetaTagCnsetRead */
    PTN_ICS_SETS
} ptn_ics_set_e;

/* All zero: the beginning. */
typedef struct {
    ptn_idset_t  set[PTN_ICS_SETS];
} ptn_ics_state_t;

void ptn_ics_state_done(ptn_ics_state_t *state);
ptn_rc_t ptn_ics_state_copy(ptn_ics_state_t *to, const ptn_ics_state_t *from);
/* One property's value, REPLGUID form.  As ptn_idset_decode(). */
ptn_rc_t ptn_ics_state_put(ptn_ics_state_t *state, ptn_ics_set_e which,
    ptn_str_t value);
ptn_rc_t ptn_ics_state_get(const ptn_ics_state_t *state, ptn_ics_set_e which,
    ptn_pool_t *pool, ptn_str_t *ret_value);
/* A number of ours joins a set (an upload's own change). */
ptn_rc_t ptn_ics_state_add(ptn_mbox_t *mb, ptn_ics_state_t *state,
    ptn_ics_set_e which, uint64_t number);

/*
 * Registers the replicas of what was given that the mailbox does not know
 * (a state of another mailbox): only then can it be told that those are gone.
 * Nothing is written when all are known.  EDENIED: the actor may write in no
 * folder; without it, it is told of all but those.
 */
bool ptn_ics_state_known(ptn_mbox_t *mb, const ptn_ics_state_t *state);
ptn_rc_t ptn_ics_state_learn(ptn_txn_t *tx, const ptn_ics_state_t *state);


/* ---- contents (3.2.5.3) ------------------------------------------------- */

#define PTN_ICS_NORMAL         0x01
#define PTN_ICS_FAI            0x02
#define PTN_ICS_READ_STATE     0x04
#define PTN_ICS_NO_DELETIONS   0x08
#define PTN_ICS_NO_SCOPE       0x10     /* IgnoreNoLongerInScope */
#define PTN_ICS_BY_DELIVERY    0x20     /* newest first */
#define PTN_ICS_GROUPS         0x40     /* of changes: a read of each item */

typedef struct ptn_ics_content_s  ptn_ics_content_t;

typedef struct {
    ptn_id_t   id, mid;
    uint64_t   cn;
    uint64_t   size;
    uint32_t   flags;           /* PTN_FLAG_* */
    int64_t    received;
    bool       fai;
    bool       given;           /* the client has it: an update */
    uint32_t   groups;          /* bits of what changed, where given and
                                 * asked for; otherwise all */
    uint32_t   version;         /* of a message in conflict: one from 0 on */
    uint32_t   versions;        /* and how many; 0: it is the message */
} ptn_ics_change_t;

typedef struct {                /* 2.2.2.7; what begin found */
    uint32_t   normal, fai;
    uint64_t   normal_size, fai_size;
} ptn_ics_progress_t;

/*
 * What differs from `state` (taken over: empty afterwards) in `folder`.
 * `restriction` (NULL: none) is not needed afterwards.  The numbers given up
 * to now are the bound: what changes later is left to the next
 * synchronisation, whose state tells it.
 *
 * Cost: where the state's run reaches up to n, what changed since n; with
 * holes the rows from the first hole on; once over the folder's narrow rows
 * where deletions cannot be known from tombstones (the ids given do not add
 * up), and over all its items with a restriction.
 *
 * Private messages are not there for others (what they were given of them is
 * deleted), and are looked for each time in all rows while there are some.
 *
 * Memory of its own, some 100 KB and the sets: it may live in a session; the
 * mailbox is passed with each call.  An incarnation that ends makes it ESTALE.
 */
ptn_rc_t ptn_ics_content_open(ptn_mbox_t *mb, ptn_id_t folder, unsigned flags,
    const ptn_restrict_t *restriction, ptn_ics_state_t *state,
    ptn_ics_content_t **ret);
void ptn_ics_content_close(ptn_ics_content_t *c);       /* NULL allowed */
void ptn_ics_content_progress(const ptn_ics_content_t *c,
    ptn_ics_progress_t *ret);

/*
 * The next changes, at most `max` and (but for one) `bytes` of message sizes,
 * in `pool`; none: that was all.  What is returned counts as told.
 *
 * A message in conflict is not told, but each version of it is, whole, one
 * behind the other (3.1.5.6.2.1), with what ptn_ics_version() gives in place
 * of the message's.  All of them are in one page, though it become longer, and
 * the size of the message is with the first.
 */
ptn_rc_t ptn_ics_content_next(ptn_mbox_t *mb, ptn_ics_content_t *c,
    ptn_pool_t *pool, size_t max, uint64_t bytes,
    ptn_ics_change_t **ret_changes, size_t *ret_n);

typedef struct {
    const ptn_object_t  *object;        /* whole; no computed properties */
    ptn_str_t            change_key, pcl;
    int64_t              modified;
} ptn_ics_version_t;

/*
 * Version `n` of message `id`, in `pool`: of one that is in conflict; the
 * first (0) is what won, as it is now, and what any other message is.
 * ENOTFOUND: there is none (any more).
 */
ptn_rc_t ptn_ics_version(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t id,
    uint32_t n, ptn_ics_version_t *ret_version);

typedef enum {
    PTN_ICS_DELETED,            /* MetaTagIdsetDeleted, soft or hard */
    PTN_ICS_OUT_OF_SCOPE,       /* MetaTagIdsetNoLongerInScope */
    PTN_ICS_BECAME_READ,        /* MetaTagIdsetRead */
    PTN_ICS_BECAME_UNREAD,      /* MetaTagIdsetUnread */
    PTN_ICS_TOLD_SETS
} ptn_ics_told_e;

/* REPLIDs are set: for the REPLID form.  Counts as told. */
const ptn_idset_t *ptn_ics_content_told(ptn_ics_content_t *c,
    ptn_ics_told_e which);

/*
 * The client's state now: a checkpoint, or, when all changes and sets that
 * its flags ask for were told, the final one, in which runs are collapsed
 * (3.1.5.5).  Borrowed until the next call.
 */
ptn_rc_t ptn_ics_content_state(ptn_mbox_t *mb, ptn_ics_content_t *c,
    const ptn_ics_state_t **ret_state);


/* ---- the hierarchy ------------------------------------------------------ */

typedef struct ptn_ics_tree_s  ptn_ics_tree_t;

typedef struct {
    ptn_id_t   id, parent;
    uint64_t   cn;
    bool       given;
} ptn_ics_folder_change_t;

/*
 * Folders below `root` (not itself) that the actor sees, parents first.  Of
 * the state GIVEN and SEEN count.  NO_DELETIONS is the only flag.
 */
ptn_rc_t ptn_ics_tree_open(ptn_mbox_t *mb, ptn_id_t root, unsigned flags,
    ptn_ics_state_t *state, ptn_ics_tree_t **ret);
void ptn_ics_tree_close(ptn_ics_tree_t *t);
ptn_rc_t ptn_ics_tree_next(ptn_mbox_t *mb, ptn_ics_tree_t *t,
    ptn_pool_t *pool, size_t max, ptn_ics_folder_change_t **ret_changes,
    size_t *ret_n);
const ptn_idset_t *ptn_ics_tree_deleted(ptn_ics_tree_t *t);
ptn_rc_t ptn_ics_tree_state(ptn_mbox_t *mb, ptn_ics_tree_t *t,
    const ptn_ics_state_t **ret_state);


/* ---- uploads (3.2.5.9.4) ------------------------------------------------ */

/*
 * What became of an import, all of it success for the transaction; what a ROP
 * answers is beside them (3.3.4.3.3).
 */
typedef enum {
    PTN_ICS_NEW,                /* made */
    PTN_ICS_NEWER,              /* replaced what was here */
    PTN_ICS_OLDER,              /* known already: ignored (IgnoreFailure) */
    PTN_ICS_CONFLICT,           /* resolved; with FAIL_ON_CONFLICT: refused */
    PTN_ICS_GONE                /* was deleted here (ObjectDeleted) */
} ptn_ics_verdict_e;

/* RopGetLocalReplicaIds: `n` ids (1 to 65,536, ELIMIT) that only this client
 * will use.  EDENIED: the actor may write in no folder. */
ptn_rc_t ptn_ics_local_ids(ptn_txn_t *tx, uint32_t n,
    ptn_guid_t *ret_replguid, ptn_id_t *ret_first);

typedef struct {
    ptn_str_t            source_key;        /* GID */
    ptn_str_t            change_key;        /* XID, 17 to 24 bytes */
    ptn_str_t            pcl;
    int64_t              modified;          /* seconds since 1970 */
    bool                 fai;
    bool                 fail_on_conflict;
    const ptn_object_t  *object;            /* whole */
    uint32_t             flags;             /* PTN_FLAG_*, of a new one */
    int64_t              received;          /* of a new one; 0: now */
} ptn_ics_import_t;

typedef struct {
    ptn_ics_verdict_e  verdict;
    ptn_id_t           id, mid;             /* 0: none */
    uint64_t           cn;
    bool               seen;                /* add cn to the client's set; not
                                               after a conflict, whose result
                                               it is to download */
    uint32_t           versions;            /* that are kept of a conflict; 0:
                                               of none, or the winner alone */
} ptn_ics_imported_t;

/*
 * What would happen (RopSynchronizationImportMessageChange asks before the
 * message is filled): object, flags, received are not looked at.
 * EINVAL: keys that are none, or an id that is another folder's message.
 */
ptn_rc_t ptn_ics_check_message(ptn_txn_t *tx, ptn_pool_t *pool,
    ptn_id_t folder, const ptn_ics_import_t *import,
    ptn_ics_imported_t *ret);

/*
 * Create makes one, EditAny (EditOwned of one's own) changes it; what the
 * actor is not to know of is GONE.
 *
 * The change itself.  The message gets a new cn; source key, change key and
 * PCL are the client's.  Conflicts (3.1.5.6.2): the last modification wins,
 * then the greater NamespaceGuid of the change key, then the client's.  The
 * message becomes what won, msInConflict is set in its status, and all versions
 * are kept in it as embedded messages, but those that another has succeeded; it
 * has the change key of what won and all PCLs merged.  A version that succeeds
 * all of them, or an edit that takes one out, ends it.
 *
 * FAI messages keep no other version; nor does a folder whose
 * PidTagResolveMethod is "last writer wins", where the client's wins.  Of a
 * conflict in a public folder its owners hear (3.1.5.6.3.1), unless the method
 * says no.  ECONFLICT: on its way to another mailbox.  ETOOBIG, EQUOTA: there
 * is no room for all versions, nothing was done.
 */
ptn_rc_t ptn_ics_import_message(ptn_txn_t *tx, ptn_pool_t *pool,
    ptn_id_t folder, const ptn_ics_import_t *import,
    ptn_ics_imported_t *ret);

typedef struct {
    ptn_str_t              parent_key;      /* empty: `root` */
    ptn_str_t              source_key;
    ptn_str_t              change_key;
    ptn_str_t              pcl;
    int64_t                modified;
    ptn_str_t              name;            /* UTF-8 */
    const ptn_bag_prop_t  *props;           /* CONTAINER_CLASS, COMMENT ... */
    size_t                 n;
} ptn_ics_import_folder_t;

/*
 * A folder is made (under the id of its source key, whatever replica that is
 * of), moved, renamed, or gets properties.  ENOTFOUND: no such
 * parent (NoParentFolder); EEXIST: another has that name there; EDENIED: a
 * special folder does not move.  id and mid of *ret are the folder's.
 */
ptn_rc_t ptn_ics_import_folder(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t root,
    const ptn_ics_import_folder_t *import, ptn_ics_imported_t *ret);

/*
 * Deletions by source key.  Those that are gone are passed over; one that
 * never was is recorded, so that no import makes it later.  EINVAL (a key is
 * none, a message of another folder), EDENIED (special folder): nothing was
 * done.  hard: not to be recovered.
 */
ptn_rc_t ptn_ics_import_deletes(ptn_txn_t *tx, ptn_pool_t *pool,
    ptn_id_t folder, const ptn_str_t *source_keys, size_t n, bool hard);
ptn_rc_t ptn_ics_import_folder_deletes(ptn_txn_t *tx, ptn_id_t root,
    const ptn_str_t *source_keys, size_t n, bool hard);

typedef struct {
    ptn_str_t  source_key;
    bool       read;
} ptn_ics_read_t;

/*
 * Read states: FAI messages and those that are gone are passed over; EINVAL
 * (a key is none): nothing was done.  *ret_cns (in `pool`): the numbers to add
 * to the client's READ set.
 */
ptn_rc_t ptn_ics_import_reads(ptn_txn_t *tx, ptn_pool_t *pool,
    ptn_id_t folder, const ptn_ics_read_t *reads, size_t n,
    uint64_t **ret_cns, size_t *ret_n);

typedef struct {
    ptn_str_t  source_folder, source_key;   /* GIDs */
    ptn_str_t  pcl;                         /* the client's, before */
    ptn_str_t  dest_key;                    /* GID of the message here */
    ptn_str_t  change_key;                  /* XID of the move */
} ptn_ics_move_t;

/*
 * The message comes to `folder` under dest_key.  Where client and server had
 * the same version, the result has the client's change key; else not:
 * *ret_newer: the client's was newer (NewerClientChange, 0x00040821), and it
 * will upload it; ret->seen false: ours was.  GONE: no longer there.
 */
ptn_rc_t ptn_ics_import_move(ptn_txn_t *tx, ptn_pool_t *pool, ptn_id_t folder,
    const ptn_ics_move_t *move, ptn_ics_imported_t *ret, bool *ret_newer);


/* ---- property groups (3.2.5.7) ------------------------------------------ */

/*
 * One mapping for all messages.  A property is of the group whose row has its
 * tag, else of REST, which a stream calls 0xffffffff.
 */
typedef enum {
    PTN_GROUP_CONTENT,          /* subject, sender, bodies, header */
    PTN_GROUP_RECIPS,
    PTN_GROUP_ATTACHS,
    PTN_GROUP_FOLLOWUP,         /* flag, its times, reminder */
    PTN_GROUP_REPLY,            /* icon, last verb */
    PTN_GROUP_KEYS,             /* flags of the message, times of its row */
    PTN_GROUP_REST,
    PTN_GROUPS
} ptn_group_e;

#define PTN_GROUP_ALL  ((1u << PTN_GROUPS) - 1)

/* GroupId of PropertyGroupInfo (2.2.2.8): of this mapping. */
#define PTN_GROUP_MAPPING  1

ptn_group_e ptn_group_of(uint32_t tag);
/* Tags of a group, but REST's. */
const uint32_t *ptn_group_tags(ptn_group_e group, size_t *ret_n);

/*
 * Bits of the groups of message `id` that changed at numbers which are not in
 * `seen`; at least one.  For a client that has some version of it.
 */
ptn_rc_t ptn_msg_groups(ptn_mbox_t *mb, ptn_id_t id, const ptn_idset_t *seen,
    uint32_t *ret_groups);


/* ---- devices (MS-ASCMD 2.2.3.181.16, SyncKey) --------------------------- */

/*
 * All of it is the owner's: EDENIED without full access.
 *
 * The state of a device's collection, in the mailbox and in the transaction of
 * what it stands for.  A state has a key, 1, 2, 3 ...; each answered exchange
 * makes the next of the one that it was named by.
 *
 *   the key given last: the reply came through.  State: that one.
 *   the one before: the reply was lost, or the request: it is asked again.
 *     The same request (its hash): `repeat`, and what it was answered, if that
 *     was kept.  Another one: the state before, and what the lost exchange
 *     added is found by its client ids.
 *   0: a new beginning; state empty.
 *   any other: ESTALE, the device must begin anew.
 */

#define PTN_DEVICES_MAX         100     /* of a mailbox */
#define PTN_DEVICE_ROWS_MAX     1000    /* collections of a device */
#define PTN_DEVICE_STATE_MAX    (16 * 1024 * 1024)
#define PTN_DEVICE_REPLY_MAX    (256 * 1024)        /* longer is not kept */
#define PTN_DEVICE_CLIENTS_MAX  1000    /* ids of one exchange */

typedef struct {
    uint64_t   key;             /* the newest of the collection */
    uint64_t   from;            /* the one that was named */
    ptn_str_t  state, options;
    bool       repeat;
    ptn_str_t  reply;           /* with repeat; data NULL: not kept */
} ptn_device_sync_t;

/* `collection` empty: of the device itself (FolderSync).  ESTALE; *ret in
 * `pool`.  Key 0 is always good. */
ptn_rc_t ptn_device_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_str_t device,
    ptn_str_t collection, uint64_t key, ptn_str_t request,
    ptn_device_sync_t *ret_sync);

typedef struct {
    uint64_t   from;            /* sync.from */
    ptn_str_t  state;
    ptn_str_t  request;         /* hash, 32 bytes at most */
    ptn_str_t  reply;           /* empty: not kept */
    ptn_str_t  options;         /* data NULL: as they were; of no state */
} ptn_device_put_t;

/*
 * The state after an exchange: *ret_key is what the device will name.  ESTALE:
 * somebody else was faster.  ELIMIT, ETOOBIG.
 */
ptn_rc_t ptn_device_put(ptn_txn_t *tx, ptn_str_t device, ptn_str_t collection,
    const ptn_device_put_t *put, uint64_t *ret_key);

/*
 * ClientIds of additions (2.2.3.28): what the device calls an item until it
 * knows the server's id, kept until the reply is known to have come through.
 * set: within the exchange, before ptn_device_put().  ENOTFOUND.
 */
ptn_rc_t ptn_device_client_set(ptn_txn_t *tx, ptn_str_t device,
    ptn_str_t collection, ptn_str_t client, ptn_id_t id);
ptn_rc_t ptn_device_client_get(ptn_mbox_t *mb, ptn_str_t device,
    ptn_str_t collection, ptn_str_t client, ptn_id_t *ret_id);

typedef struct {
    ptn_str_t  id;
    uint32_t   collections;
    int64_t    modified;        /* seconds since 1970: the last exchange */
} ptn_device_t;

ptn_rc_t ptn_device_list(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_device_t **ret_devices, size_t *ret_n);
/* All that is kept of a device; collection not empty: of that one.  Nothing
 * is there: OK. */
ptn_rc_t ptn_device_delete(ptn_txn_t *tx, ptn_str_t device,
    ptn_str_t collection);


#endif /* PTN_STORE_ICS_H */
