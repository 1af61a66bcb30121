/*
 * Private to store/directory: who a peer is to the throttle.
 */

#ifndef PTN_AUTH_PEER_H
#define PTN_AUTH_PEER_H


#include "ptn_auth.h"


#define PTN_AUTH_NETS_MAX  64

typedef struct {
    u_char    addr[16];         /* IPv4 as ::ffff:a.b.c.d */
    unsigned  bits;
} ptn_auth_net_t;

typedef struct {
    ptn_auth_net_t  net[PTN_AUTH_NETS_MAX];
    size_t          n;
} ptn_auth_nets_t;

/* "10.0.0.0/8 2001:db8::1", and loopback always.  EINVAL: not such a list. */
ptn_rc_t ptn_auth_nets_parse(const char *list, ptn_auth_nets_t *ret);

/*
 * What of the address counts together: an IPv4 address, an IPv6 /64 (one
 * customer's); other text as it is.  Returns whether the peer is trusted:
 * no address at all (a unix socket), loopback, one of `nets`.
 */
bool ptn_auth_peer_key(const ptn_auth_nets_t *nets, ptn_str_t addr,
    u_char ret_key[16]);


#endif /* PTN_AUTH_PEER_H */
