/*
 * store/directory: who and what exists (DESIGN 4).  First backend: SQLite.
 * A handle belongs to one thread.  Calls block on disk.
 *
 * Addresses and logins compare without case (ASCII case folding of the domain
 * and of the local part); names are UTF-8.
 */

#ifndef PTN_DIRECTORY_H
#define PTN_DIRECTORY_H


#include "ptn_base.h"
#include "ptn_conf.h"


typedef struct ptn_directory_s  ptn_directory_t;

typedef enum {
    PTN_USER_PERSON, PTN_USER_SHARED, PTN_USER_ROOM, PTN_USER_EQUIPMENT
} ptn_user_kind_e;

#define PTN_SERVICE_IMAP   0x0001
#define PTN_SERVICE_POP3   0x0002
#define PTN_SERVICE_SMTP   0x0004
#define PTN_SERVICE_EWS    0x0008
#define PTN_SERVICE_MAPI   0x0010
#define PTN_SERVICE_EAS    0x0020
#define PTN_SERVICE_DAV    0x0040
#define PTN_SERVICE_WEB    0x0080
#define PTN_SERVICE_ALL    0x00ff
#define PTN_SERVICE_ANY    0x0100       /* of a sign-in: one of them is on */

typedef struct {
    uint64_t    id;             /* stable, never reused */
    ptn_guid_t  mailbox;        /* names the mailbox; ptn_slot() hashes it */
    ptn_str_t   address;        /* primary, lower case: "alice@example.test" */
    ptn_str_t   display;
    ptn_str_t   locale;         /* "en", "de" ...: folder names */
    uint32_t    kind;
    uint32_t    services;
    bool        disabled;
    uint64_t    quota;          /* bytes, 0: none; what clients may add to */
    uint64_t    quota_warn;     /* the user is told; sends no more; is */
    uint64_t    quota_send;     /* delivered no more (0: as quota) */
    uint64_t    quota_receive;
    uint64_t    generation;     /* moves with each change of the user */
} ptn_user_t;

typedef struct {
    uint64_t   id;
    ptn_str_t  name;            /* lower case */
    bool       disabled;
} ptn_domain_t;


/* Creates the file and schema when there is none and `create` is set. */
ptn_rc_t ptn_directory_open(const ptn_conf_t *conf, bool create,
    ptn_directory_t **ret_dir);
void ptn_directory_close(ptn_directory_t *dir);

/* Domains.  EEXIST, ENOTFOUND, ENOTEMPTY (users left), EINVAL (not a name). */
ptn_rc_t ptn_domain_add(ptn_directory_t *dir, ptn_str_t name);
ptn_rc_t ptn_domain_get(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t name, ptn_domain_t *ret_domain);
ptn_rc_t ptn_domain_list(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_domain_t **ret_domains, size_t *ret_n);
ptn_rc_t ptn_domain_set_disabled(ptn_directory_t *dir, ptn_str_t name,
    bool disabled);
ptn_rc_t ptn_domain_delete(ptn_directory_t *dir, ptn_str_t name);

/*
 * Users.  add: `user->id`, `mailbox` and `generation` are made and filled;
 * `user->address` stays as the caller wrote it: get the user again before its
 * mailbox is made.  ENOTFOUND: no such domain.  set: by id; the address stays.
 * Local parts are atoms of RFC 5321 without `/` (they are paths too), plus
 * UTF-8; domains are A-labels.
 * The mailbox itself is made by the caller (ptn_mbox_create) or on first use.
 */
ptn_rc_t ptn_user_add(ptn_directory_t *dir, ptn_user_t *user);
ptn_rc_t ptn_user_set(ptn_directory_t *dir, const ptn_user_t *user);
ptn_rc_t ptn_user_delete(ptn_directory_t *dir, ptn_str_t address);
ptn_rc_t ptn_user_get(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t address, ptn_user_t *ret_user);   /* primary address only */
ptn_rc_t ptn_user_by_id(ptn_directory_t *dir, ptn_pool_t *pool,
    uint64_t id, ptn_user_t *ret_user);
ptn_rc_t ptn_user_list(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t domain, ptn_user_t **ret_users, size_t *ret_n); /* empty: all */

/*
 * Verifiers: yescrypt (crypt(3)) and SCRAM-SHA-256 StoredKey/ServerKey, made
 * together from the password, which is wiped by the caller.
 */
ptn_rc_t ptn_user_set_password(ptn_directory_t *dir, ptn_str_t address,
    ptn_str_t password);

typedef struct {
    ptn_str_t  crypt;           /* "$y$j9T$..." */
    ptn_str_t  scram_sha256;    /* "SCRAM-SHA-256$iter:salt$stored:server" */
} ptn_verifiers_t;

ptn_rc_t ptn_user_verifiers(ptn_directory_t *dir, ptn_pool_t *pool,
    uint64_t id, ptn_verifiers_t *ret_verifiers);

/* Aliases: address -> address.  EEXIST when it is taken by anything. */
typedef struct {
    ptn_str_t  alias, target;
} ptn_alias_t;

ptn_rc_t ptn_alias_add(ptn_directory_t *dir, ptn_str_t alias,
    ptn_str_t target);
ptn_rc_t ptn_alias_set(ptn_directory_t *dir, ptn_str_t alias,
    ptn_str_t target);          /* ENOTFOUND: no such alias */
ptn_rc_t ptn_alias_delete(ptn_directory_t *dir, ptn_str_t alias);
ptn_rc_t ptn_alias_list(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t domain, ptn_alias_t **ret_aliases, size_t *ret_n);

/*
 * Where mail for `address` goes.  Plus-addressing ("alice+x" is alice, unless
 * an exact entry exists), aliases in up to 8 steps (then ELIMIT).  A local
 * user gives OK; an alias to a foreign address OK with user.id 0 and `foreign`
 * set.  ENOTFOUND: the domain is ours, the address is not.  ESUPPORT: the
 * domain is not ours.  EDENIED: disabled.
 */
typedef struct {
    ptn_user_t  user;
    ptn_str_t   foreign;
    ptn_str_t   detail;         /* behind the plus */
} ptn_rcpt_t;

ptn_rc_t ptn_directory_resolve(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t address, ptn_rcpt_t *ret_rcpt);

/*
 * Access of one user to another's mailbox, as an administrator gives it
 * (`postern access`); not folder permissions.  set: 0 takes it away (ENOTFOUND:
 * there was none); the grantee signs in anew, so that what was taken is gone
 * at once.  get: 0 when there is none, and of a disabled owner.
 */
#define PTN_ACCESS_FULL       0x01      /* opens the mailbox as its owner */
#define PTN_ACCESS_SEND_AS    0x02
#define PTN_ACCESS_ON_BEHALF  0x04
#define PTN_ACCESS_PRIVATE    0x08      /* sees private messages in the folders
                                           that it may read */

typedef struct {
    ptn_str_t  owner, grantee;          /* primary addresses */
    uint32_t   access;
} ptn_access_t;

ptn_rc_t ptn_access_set(ptn_directory_t *dir, ptn_str_t owner,
    ptn_str_t grantee, uint32_t access);
ptn_rc_t ptn_access_get(ptn_directory_t *dir, uint64_t grantee,
    uint64_t owner, uint32_t *ret_access);
/* Of one owner, or (empty) of all. */
ptn_rc_t ptn_access_list(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t owner, ptn_access_t **ret_access, size_t *ret_n);

/*
 * Groups of users and of other groups, of a domain, under an address that
 * nothing else has.  Ids are of one space with users', and never used again.
 * EEXIST, ENOTFOUND (the domain, the group, the member), EINVAL (a group
 * within itself), ELIMIT (somebody would be in more than PTN_GROUPS_MAX).  A
 * change of who is in it, of groups above too, moves the generation of the
 * users, who sign in anew.
 */
#define PTN_GROUPS_MAX  1024

typedef struct {
    uint64_t   id;
    ptn_str_t  address;         /* lower case; of members: theirs */
    ptn_str_t  display;
} ptn_group_t;

ptn_rc_t ptn_group_add(ptn_directory_t *dir, ptn_str_t address,
    ptn_str_t display, uint64_t *ret_id);
ptn_rc_t ptn_group_delete(ptn_directory_t *dir, ptn_str_t address);
ptn_rc_t ptn_group_get(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t address, ptn_group_t *ret_group);
ptn_rc_t ptn_group_by_id(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t id,
    ptn_group_t *ret_group);
ptn_rc_t ptn_group_list(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t domain, ptn_group_t **ret_groups, size_t *ret_n);
/* Users and groups that stand in it themselves. */
ptn_rc_t ptn_group_members(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t group, ptn_group_t **ret_members, size_t *ret_n);
ptn_rc_t ptn_group_member_add(ptn_directory_t *dir, ptn_str_t group,
    ptn_str_t member);
ptn_rc_t ptn_group_member_remove(ptn_directory_t *dir, ptn_str_t group,
    ptn_str_t member);
/* All that a user is in, by itself or by a group: ids ascending, in `pool`. */
ptn_rc_t ptn_groups_of(ptn_directory_t *dir, ptn_pool_t *pool, uint64_t user,
    const uint64_t **ret_groups, uint32_t *ret_n);

/* The user whose mailbox has that guid.  ENOTFOUND. */
ptn_rc_t ptn_user_by_mailbox(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_guid_t mailbox, ptn_user_t *ret_user);

/*
 * Ambiguous name resolution (MS-OXABREF, EWS ResolveNames): users of `domain`
 * who are not disabled and of whom a word of the display name, the local part
 * or an address begins with `text` (case folded); an exact address alone when
 * there is one.  Folded: case, diacritics, compatibility forms; what is no
 * letter or digit parts words.  By display name, those whose alias it was
 * last, at most `max` (at least 1); *ret_more: there are more.  Of more
 * than 256 that match, any 256 are looked at.  ENOTFOUND: no such domain.
 */
ptn_rc_t ptn_user_resolve(ptn_directory_t *dir, ptn_pool_t *pool,
    ptn_str_t domain, ptn_str_t text, size_t max, ptn_user_t **ret_users,
    size_t *ret_n, bool *ret_more);

/*
 * May `user` send as `address` (what leads to itself or to somebody of whom it
 * has PTN_ACCESS_SEND_AS)?  EDENIED.  send_by: *ret_access is that, else
 * PTN_ACCESS_ON_BEHALF alone (Sender must name the user); 0 with OK never.
 * *ret_owner (may be NULL) is whose address it is.
 */
ptn_rc_t ptn_directory_send_by(ptn_directory_t *dir, ptn_pool_t *pool,
    uint64_t user, ptn_str_t address, uint32_t *ret_access,
    ptn_user_t *ret_owner);
ptn_rc_t ptn_directory_may_send_as(ptn_directory_t *dir, uint64_t user,
    ptn_str_t address);


#endif /* PTN_DIRECTORY_H */
