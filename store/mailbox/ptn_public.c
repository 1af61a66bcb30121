/*
 * Public stores: one for each domain, at an address that no user can have.
 */

#include <openssl/evp.h>

#include "ptn_eid.h"
#include "ptn_mailbox.h"


static const ptn_str_t  ptn_public_local = ptn_str(".public@");


bool
ptn_public_is(ptn_str_t address)
{
    return address.len > ptn_public_local.len
           && memcmp(address.data, ptn_public_local.data,
                     ptn_public_local.len) == 0;
}


ptn_guid_t
ptn_mbox_provider(const ptn_mbox_t *mb)
{
    return (mb->kind == PTN_MBOX_PUBLIC) ? ptn_eid_public_uid : mb->guid;
}


ptn_rc_t
ptn_public_user(ptn_pool_t *pool, ptn_str_t domain, ptn_user_t *ret_user)
{
    u_char     md[EVP_MAX_MD_SIZE];
    ptn_str_t  name;

    memset(ret_user, 0, sizeof(ptn_user_t));

    name = ptn_str_lower(pool, domain);
    ret_user->address = ptn_str_printf(pool, "%.*s%.*s",
                                       ptn_str_arg(ptn_public_local),
                                       ptn_str_arg(name));
    ret_user->locale = ptn_str("en");
    ret_user->display = ptn_str("Public Folders");

    if (ptn_pool_failed(pool)) {
        return PTN_ENOMEM;
    }

    if (domain.len == 0) {
        return PTN_EINVAL;
    }

    if (EVP_Digest(ret_user->address.data, ret_user->address.len, md, NULL,
                   EVP_sha256(), NULL) != 1)
    {
        return PTN_EINTERNAL;
    }

    memcpy(ret_user->mailbox.b, md, sizeof(ret_user->mailbox.b));

    return PTN_OK;
}


/* ---- its folders --------------------------------------------------------- */

typedef struct {
    uint8_t      parent;
    uint32_t     rights;
    const char  *name;
} ptn_public_row_t;

static const ptn_public_row_t  ptn_public_rows[PTN_PUBLIC_MAX] = {
#define PTN_PUBLIC_ROW(name, parent, display, rights)                         \
    [PTN_PUBLIC_##name] = { PTN_PUBLIC_##parent, rights, display },
    PTN_PUBLIC_FOLDERS(PTN_PUBLIC_ROW)
#undef PTN_PUBLIC_ROW
};

_Static_assert((int) PTN_PUBLIC_ROOT == (int) PTN_FOLDER_ROOT
               && (int) PTN_PUBLIC_IPM_SUBTREE == (int) PTN_FOLDER_IPM_SUBTREE
               && (int) PTN_PUBLIC_MAX < (int) PTN_FOLDER_MAX,
               "public stores share numbers with mailboxes");


ptn_id_t
ptn_public_parent(unsigned i)
{
    return ptn_public_rows[i].parent;
}


ptn_str_t
ptn_public_name(unsigned i)
{
    return ptn_str_z(ptn_public_rows[i].name);
}


ptn_rc_t
ptn_public_rights(ptn_mbox_t *mb)
{
    unsigned  i;
    ptn_rc_t  rc;

    rc = PTN_OK;

    for (i = 1; i < PTN_PUBLIC_MAX && rc == PTN_OK; i++) {
        if (ptn_public_rows[i].rights != 0) {
            rc = ptn_sql_run(mb, PTN_SQL_PERMISSION_SET, 3, (uint64_t) i,
                             (uint64_t) PTN_MEMBER_DEFAULT,
                             (uint64_t) ptn_public_rows[i].rights);
        }
    }

    return rc;
}


/* ---- opening ------------------------------------------------------------- */

static bool
ptn_public_belongs(const ptn_actor_t *actor, ptn_str_t domain)
{
    ptn_str_t  a;

    a = actor->address;

    return a.len > domain.len + 1 && a.data[a.len - domain.len - 1] == '@'
           && ptn_str_ieq(ptn_str_make(a.data + a.len - domain.len,
                                       domain.len), domain);
}


ptn_rc_t
ptn_public_open(ptn_store_t *store, ptn_str_t domain,
    const ptn_actor_t *actor, ptn_mbox_t **ret_mbox)
{
    ptn_rc_t     rc;
    ptn_user_t   user;
    ptn_pool_t  *pool;

    if (actor != NULL && !ptn_public_belongs(actor, domain)) {
        return PTN_ENOTFOUND;
    }

    pool = ptn_pool_create(0, NULL);
    if (pool == NULL) {
        return PTN_ENOMEM;
    }

    rc = ptn_public_user(pool, domain, &user);

    if (rc == PTN_OK) {
        rc = ptn_mbox_open(store, &user, actor, ret_mbox);
    }

    ptn_pool_destroy(pool);

    return rc;
}
