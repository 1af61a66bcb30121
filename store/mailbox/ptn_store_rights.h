/*
 * store/mailbox: who may what (MS-OXCPERM), public stores, quotas, properties
 * of the store.  Included by ptn_store.h, whose rules hold here;
 * docs/mailbox-rights.md has the whole of it.
 *
 * One place: each call of the room that shows or changes something asks
 * ptn_rights_need() or ptn_rights_message() first; no protocol asks again, and
 * none can reach data around it.  The system (no actor), the owner, and whom
 * the directory gives PTN_ACCESS_FULL may everything.
 *
 * Anybody else is let in by ptn_mbox_open() when it has a right (beyond
 * free/busy) on some folder, or the store is public.  It sees ROOT, where
 * delegates find the ids of special folders (MS-OXOSFLD 2.2.3), and the
 * folders that it has PTN_RIGHT_VISIBLE on: what it does not see is ENOTFOUND
 * everywhere, what it sees and may not do is EDENIED.
 *
 * Effective rights (3.2.4.1): the user's own entry, else all that its groups
 * have together, else the entry Default.  Anonymous is kept and not used.
 * "Owned" is a message that the actor has made (2.2.7); a copy is made by who
 * copies.  Reading needs READ_ANY, or one's own message; what lists messages
 * (views, tables, synchronisation) needs READ_ANY.  Read state is an edit in
 * a private store, and nobody else's affair in a public one.
 *
 * Messages whose PidTagSensitivity is private (2) are not there for others
 * than who made them, unless the directory gives PTN_ACCESS_FULL or
 * PTN_ACCESS_PRIVATE.
 */

#ifndef PTN_STORE_RIGHTS_H
#define PTN_STORE_RIGHTS_H


/* PidTagMemberRights (MS-OXCPERM 2.2.7). */
#define PTN_RIGHT_READ_ANY            0x0001
#define PTN_RIGHT_CREATE              0x0002
#define PTN_RIGHT_EDIT_OWNED          0x0008
#define PTN_RIGHT_DELETE_OWNED        0x0010
#define PTN_RIGHT_EDIT_ANY            0x0020
#define PTN_RIGHT_DELETE_ANY          0x0040
#define PTN_RIGHT_CREATE_SUBFOLDER    0x0080
#define PTN_RIGHT_OWNER               0x0100
#define PTN_RIGHT_CONTACT             0x0200
#define PTN_RIGHT_VISIBLE             0x0400
#define PTN_RIGHT_FREEBUSY_SIMPLE     0x0800
#define PTN_RIGHT_FREEBUSY_DETAILED   0x1000
#define PTN_RIGHT_ALL                 0x1ffb
#define PTN_RIGHTS_FREEBUSY                                                   \
    (PTN_RIGHT_FREEBUSY_SIMPLE|PTN_RIGHT_FREEBUSY_DETAILED)

/* The roles that clients offer. */
#define PTN_ROLE_REVIEWER  (PTN_RIGHT_READ_ANY|PTN_RIGHT_VISIBLE)
#define PTN_ROLE_AUTHOR                                                       \
    (PTN_ROLE_REVIEWER|PTN_RIGHT_CREATE|PTN_RIGHT_EDIT_OWNED                  \
     |PTN_RIGHT_DELETE_OWNED)
#define PTN_ROLE_EDITOR                                                       \
    (PTN_ROLE_AUTHOR|PTN_RIGHT_EDIT_ANY|PTN_RIGHT_DELETE_ANY)
#define PTN_ROLE_OWNER  (PTN_RIGHT_ALL & ~(uint32_t) PTN_RIGHTS_FREEBUSY)

/*
 * All bits of `need` on `folder`.  ENOTFOUND: the actor may not see the folder
 * (or there is none); EDENIED: it sees it, and lacks a right.
 */
ptn_rc_t ptn_rights_need(ptn_mbox_t *mb, ptn_id_t folder, uint32_t need);

/* What the actor has there: 0 when it is not to know that there is one. */
ptn_rc_t ptn_rights_get(ptn_mbox_t *mb, ptn_id_t folder,
    uint32_t *ret_rights);

/*
 * What `actor` has on a folder of a mailbox that the caller has opened as the
 * system or the owner (EDENIED: as somebody else): free/busy, "effective
 * rights" that are shown.
 */
ptn_rc_t ptn_rights_of(ptn_mbox_t *mb, ptn_id_t folder,
    const ptn_actor_t *actor, uint32_t *ret_rights);

/* The actor is the owner, the system, or has full access. */
bool ptn_mbox_may_all(const ptn_mbox_t *mb);

/*
 * What the server does itself amid somebody's job, in a mailbox that the job
 * may have open for its actor (delivery): opened as the system until
 * ptn_mbox_back(), which makes it act again for whom it did.
 */
typedef struct {
    uint64_t   user;            /* 0: the system */
    uint64_t   generation;
    uint64_t   serial;          /* another one for each other actor */
    uint64_t  *groups;          /* with those above them; malloc() */
    uint32_t   ngroups;
    bool       owner;           /* or the system */
    bool       all;
    bool       secrets;         /* sees private messages */
} ptn_acting_t;

ptn_rc_t ptn_mbox_open_system(ptn_store_t *store, const ptn_user_t *user,
    ptn_mbox_t **ret_mbox, ptn_acting_t *ret_was);
void ptn_mbox_back(ptn_mbox_t *mb, ptn_acting_t *was);


/* --- the list of a folder ------------------------------------------------ */

#define PTN_MEMBER_DEFAULT    0
#define PTN_MEMBER_ANONYMOUS  UINT64_MAX
#define PTN_MEMBERS_MAX       1000      /* entries of one folder */

typedef struct {
    uint64_t  member;           /* PidTagMemberId (2.2.5): PTN_MEMBER_*, or the
                                   directory's id of a user or group */
    uint32_t  rights;
} ptn_permission_t;

/*
 * The entries, in `pool`: Default and Anonymous first (they are always there),
 * then by id.  Needs VISIBLE (3.2.5.1).  Without `freebusy` (the table's
 * IncludeFreeBusy, 2.2.1.1) the bits of it are left out.
 */
ptn_rc_t ptn_rights_list(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    bool freebusy, ptn_permission_t **ret_list, size_t *ret_n);

typedef enum {
    PTN_PERMISSION_ADD = 1, PTN_PERMISSION_MODIFY = 2,
    PTN_PERMISSION_REMOVE = 4           /* PermissionDataFlags, 2.2.2.1.1 */
} ptn_permission_e;

typedef struct {
    ptn_permission_e  op;
    ptn_permission_t  entry;    /* REMOVE: member alone */
} ptn_permission_op_t;

/*
 * Changes it, in order (2.2.2, 3.2.5.2).  Needs OWNER.  ADD: an entry that is
 * there is set; MODIFY and REMOVE pass over one that is not; removing Default
 * or Anonymous leaves it without rights.  `replace`: all but Default goes
 * first, and only ADD may follow (EINVAL).  What a right implies is added:
 * READ_ANY and OWNER bring VISIBLE, EDIT_ANY EDIT_OWNED, DELETE_ANY
 * DELETE_OWNED, FREEBUSY_DETAILED FREEBUSY_SIMPLE.
 *
 * Free/busy bits are set as given with `freebusy` (IncludeFreeBusy), on the
 * calendar alone (EINVAL elsewhere).  Without it, those of an entry stay, and
 * on the calendar a new one gets FREEBUSY_SIMPLE, with READ_ANY
 * FREEBUSY_DETAILED too (note 5); Anonymous never.
 *
 * EINVAL: bits that are none.  ELIMIT: more than PTN_MEMBERS_MAX.  That a
 * member is in the directory is the caller's affair; ids are never used again,
 * so an entry of who is gone gives nothing to anybody.
 */
ptn_rc_t ptn_rights_modify(ptn_txn_t *tx, ptn_id_t folder, bool replace,
    bool freebusy, const ptn_permission_op_t *ops, size_t n);


/* --- public stores ------------------------------------------------------- */

typedef enum {
    PTN_MBOX_PRIVATE, PTN_MBOX_PUBLIC
} ptn_mbox_kind_e;

ptn_mbox_kind_e ptn_mbox_kind(const ptn_mbox_t *mb);

/*
 * The folders of a public store (MS-OXCSTOR 2.2.1.1.4); ROOT and IPM_SUBTREE
 * are those of PTN_FOLDERS, too.  Ids are these numbers.
 */
#define PTN_PUBLIC_FOLDERS(F)  /* name  parent  display name  Default's */    \
    F(ROOT,            NONE,            "Public Root",       0)               \
    F(IPM_SUBTREE,     ROOT,            "IPM_SUBTREE",                        \
      PTN_ROLE_AUTHOR|PTN_RIGHT_CREATE_SUBFOLDER)                             \
    F(NON_IPM_SUBTREE, ROOT,            "NON_IPM_SUBTREE",                    \
      PTN_RIGHT_VISIBLE)                                                      \
    F(EFORMS_REGISTRY, NON_IPM_SUBTREE, "EFORMS REGISTRY",                    \
      PTN_ROLE_REVIEWER)                                                      \
    F(FREEBUSY,        NON_IPM_SUBTREE, "SCHEDULE+ FREE BUSY",                \
      PTN_ROLE_AUTHOR)                                                        \
    F(OAB,             NON_IPM_SUBTREE, "OFFLINE ADDRESS BOOK",               \
      PTN_ROLE_REVIEWER)                                                      \
    F(EFORMS_LOCALE,   EFORMS_REGISTRY, "Organization Forms",                 \
      PTN_ROLE_REVIEWER)                                                      \
    F(FREEBUSY_SITE,   FREEBUSY,        "Site",      PTN_ROLE_AUTHOR)         \
    F(OAB_SITE,        OAB,             "Site",      PTN_ROLE_REVIEWER)

typedef enum {
    PTN_PUBLIC_NONE,
#define PTN_PUBLIC_ENUM(name, parent, display, rights)  PTN_PUBLIC_##name,
    PTN_PUBLIC_FOLDERS(PTN_PUBLIC_ENUM)
#undef PTN_PUBLIC_ENUM
    PTN_PUBLIC_MAX
} ptn_public_folder_e;

/*
 * The public store of a domain, at ROOT/mailbox/<domain>/.public (no user can
 * have that name), made on first use; its guid is made of the domain's name.
 * `actor` NULL: the system.  ENOTFOUND: the actor is of another domain.
 * Everybody of the domain sees IPM_SUBTREE and what is made below it, by
 * default is an author there who may make folders (a choice: Exchange leaves
 * it to the administrator), and owns the folders that it makes.
 *
 * Read state is each user's own: \Seen in views and rows, counts of unread
 * messages, read flags and the MODSEQ that they move follow the actor.
 */
ptn_rc_t ptn_public_open(ptn_store_t *store, ptn_str_t domain,
    const ptn_actor_t *actor, ptn_mbox_t **ret_mbox);
/* What entry ids of its folders and messages begin with: the mailbox guid, in
 * public stores ptn_eid_public_uid (MS-OXCDATA 2.2.4.1). */
ptn_guid_t ptn_mbox_provider(const ptn_mbox_t *mb);
/* As which ptn_mbox_check() and ptn_mbox_create() know it; in `pool`. */
ptn_rc_t ptn_public_user(ptn_pool_t *pool, ptn_str_t domain,
    ptn_user_t *ret_user);
bool ptn_public_is(ptn_str_t address);


/* --- what was read, as a set (MS-OXCSTOR 2.2.1.10 to 2.2.1.13) ------------ */

/*
 * In a public store: the change numbers that the messages of `folder` which
 * the actor has read have now, serialized with REPLGUIDs (MS-OXCFXICS
 * 2.2.2.4.2), in `pool`; empty when there are none.  put: these are read from
 * now on, all others are not; numbers that no message has are passed over.
 * Both read all rows of the folder, and need READ_ANY.  ESUPPORT: a private
 * mailbox.  EPARSE, ETRUNC, ELIMIT: no such set.
 */
ptn_rc_t ptn_reader_set_get(ptn_mbox_t *mb, ptn_pool_t *pool, ptn_id_t folder,
    ptn_str_t *ret_set);
ptn_rc_t ptn_reader_set_put(ptn_txn_t *tx, ptn_id_t folder, ptn_str_t set);

/*
 * In a private mailbox: what a client keeps there of public folders, to carry
 * it from one public store to another.  A folder is named by its LongTermID;
 * `store` is the REPLGUID of the public store that told the set.  With full
 * access alone (EDENIED).  ESUPPORT: a public store.
 */
#define PTN_PER_USER_SET_MAX  (4 * 1024 * 1024)     /* bytes */
#define PTN_PER_USER_MAX      1000                  /* rows */

typedef struct {
    ptn_guid_t  replguid;       /* of the folder */
    ptn_id_t    folder;         /* its 48 bits */
    ptn_guid_t  store;
    ptn_str_t   set;
    int64_t     modified;       /* seconds since 1970 */
} ptn_per_user_t;

/* ENOTFOUND.  In `pool`. */
ptn_rc_t ptn_per_user_get(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_guid_t replguid, ptn_id_t folder, ptn_per_user_t *ret_row);
/* In place of the one that the folder has; `modified` is now.  EPARSE, ETRUNC:
 * no set; ELIMIT, ETOOBIG. */
ptn_rc_t ptn_per_user_put(ptn_txn_t *tx, const ptn_per_user_t *row);
/* Those that `store` has told, without their sets, in `pool`. */
ptn_rc_t ptn_per_user_list(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_guid_t store, ptn_per_user_t **ret_rows, size_t *ret_n);


/* --- quotas and properties of the store ---------------------------------- */

/*
 * Limits in bytes, 0: none.  What a client adds needs room below store, what
 * is delivered below receive; sending needs ptn_quota_send() to say OK, else
 * EQUOTA; above warn the owner is to be told (*ret_warn).
 */
typedef struct {
    uint64_t  used, warn, send, receive, store;
} ptn_quota_t;

/* In kilobytes; above it Outlook warns.  Not in MS-OXPROPS. */
#define PTN_PR_STORAGE_QUOTA_LIMIT  0x3ff50003

ptn_rc_t ptn_quota_get(ptn_mbox_t *mb, ptn_quota_t *ret_quota,
    bool *ret_warn);
ptn_rc_t ptn_quota_send(ptn_mbox_t *mb);

/*
 * Properties of the Logon object (MS-OXCSTOR 2.2.2): computed ones, and what
 * clients have set.  As ptn_folder_props(); n 0 and ret_props not NULL: all.
 * set: needs full access; EDENIED: computed, read only.
 */
ptn_rc_t ptn_store_props(ptn_mbox_t *mb, ptn_pool_t *pool,
    const uint32_t *tags, size_t n, ptn_str_t *ret_values);
ptn_rc_t ptn_store_props_all(ptn_mbox_t *mb, ptn_pool_t *pool,
    ptn_props_t *ret_props);
ptn_rc_t ptn_store_props_set(ptn_txn_t *tx, const ptn_bag_prop_t *props,
    size_t n);


#endif /* PTN_STORE_RIGHTS_H */
