#include <arpa/inet.h>
#include <stdio.h>

#include <openssl/sha.h>

#include "ptn_auth_peer.h"


static const u_char  ptn_auth_peer_mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};


/* Text to 16 bytes; *ret_bits is what a mask of it starts at (96 or 0). */

static bool
ptn_auth_peer_parse(ptn_str_t s, u_char addr[16], unsigned *ret_first)
{
    char    text[INET6_ADDRSTRLEN];
    size_t  n;

    /* fe80::1%eth0: the zone is ours, not the peer's */

    for (n = 0; n < s.len && s.data[n] != '%'; n++) {
        if (n == sizeof(text) - 1) {
            return false;
        }
        text[n] = (char) s.data[n];
    }

    text[n] = '\0';

    if (strlen(text) != n) {
        return false;
    }

    if (inet_pton(AF_INET6, text, addr) == 1) {
        *ret_first = 0;
        return true;
    }

    memcpy(addr, ptn_auth_peer_mapped, sizeof(ptn_auth_peer_mapped));
    *ret_first = 96;

    return inet_pton(AF_INET, text, addr + 12) == 1;
}


static ptn_rc_t
ptn_auth_peer_net(ptn_str_t s, ptn_auth_net_t *ret)
{
    u_char     *slash;
    unsigned    first;
    uint64_t    bits;
    ptn_str_t   mask;

    slash = memchr(s.data, '/', s.len);
    bits = 128;

    if (slash != NULL) {
        mask = ptn_str_make(slash + 1,
                            s.len - (size_t) (slash + 1 - s.data));
        s.len = (size_t) (slash - s.data);

        if (ptn_str_u64(mask, 128, &bits) != PTN_OK) {
            return PTN_EINVAL;
        }
    }

    if (!ptn_auth_peer_parse(s, ret->addr, &first)) {
        return PTN_EINVAL;
    }

    if (slash != NULL) {
        bits += first;
    }

    if (bits > 128) {
        return PTN_EINVAL;
    }

    ret->bits = (unsigned) bits;

    return PTN_OK;
}


ptn_rc_t
ptn_auth_nets_parse(const char *list, ptn_auth_nets_t *ret)
{
    size_t       n;
    ptn_rc_t     rc;
    const char  *p;

    static const char  *loopback[] = { "127.0.0.0/8", "::1/128" };

    ret->n = 0;

    for (n = 0; n < ptn_nelts(loopback); n++) {
        (void) ptn_auth_peer_net(ptn_str_z(loopback[n]), &ret->net[ret->n++]);
    }

    for (p = (list != NULL) ? list : ""; *p != '\0'; p += n) {

        n = strspn(p, " ,\t");

        if (n != 0) {
            continue;
        }

        n = strcspn(p, " ,\t");

        if (ret->n == PTN_AUTH_NETS_MAX) {
            return PTN_EINVAL;
        }

        rc = ptn_auth_peer_net(ptn_str_make(p, n), &ret->net[ret->n]);
        if (rc != PTN_OK) {
            return rc;
        }

        ret->n++;
    }

    return PTN_OK;
}


ptn_rc_t
ptn_auth_trusted_check(const char *list)
{
    ptn_auth_nets_t  nets;

    return ptn_auth_nets_parse(list, &nets);
}


static bool
ptn_auth_peer_in(const ptn_auth_net_t *net, const u_char addr[16])
{
    u_char    mask;
    unsigned  bytes;

    bytes = net->bits / 8;

    if (memcmp(net->addr, addr, bytes) != 0) {
        return false;
    }

    if (net->bits % 8 == 0) {
        return true;
    }

    mask = (u_char) (0xff << (8 - net->bits % 8));

    return ((net->addr[bytes] ^ addr[bytes]) & mask) == 0;
}


bool
ptn_auth_peer_key(const ptn_auth_nets_t *nets, ptn_str_t addr,
    u_char ret_key[16])
{
    size_t    i;
    u_char    hash[SHA256_DIGEST_LENGTH];
    unsigned  first;

    memset(ret_key, 0, 16);

    if (addr.len == 0 || ptn_str_istarts(addr, "unix:")) {
        return true;
    }

    if (!ptn_auth_peer_parse(addr, ret_key, &first)) {
        SHA256(addr.data, addr.len, hash);
        memcpy(ret_key, hash, 16);
        return false;
    }

    for (i = 0; i < nets->n; i++) {
        if (ptn_auth_peer_in(&nets->net[i], ret_key)) {
            return true;
        }
    }

    if (memcmp(ret_key, ptn_auth_peer_mapped, sizeof(ptn_auth_peer_mapped))
        != 0)
    {
        memset(ret_key + 8, 0, 8);
    }

    return false;
}
