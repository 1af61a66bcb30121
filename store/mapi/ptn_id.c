#include <errno.h>
#include <sys/random.h>

#include "ptn_id.h"


ptn_rc_t
ptn_guid_make(ptn_guid_t *ret_guid)
{
    ssize_t     n;
    ptn_guid_t  g;

    do {
        n = getrandom(g.b, sizeof(g.b), 0);
    } while (n == -1 && errno == EINTR);

    if (n != (ssize_t) sizeof(g.b)) {
        return PTN_EIO;
    }

    /* the third group is little-endian on the wire (MS-DTYP 2.3.4.2) */

    g.b[7] = (u_char) ((g.b[7] & 0x0f) | 0x40);
    g.b[8] = (u_char) ((g.b[8] & 0x3f) | 0x80);

    *ret_guid = g;

    return PTN_OK;
}


bool
ptn_guid_eq(ptn_guid_t a, ptn_guid_t b)
{
    return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}


bool
ptn_guid_zero(ptn_guid_t a)
{
    static const ptn_guid_t  zero;

    return ptn_guid_eq(a, zero);
}


void
ptn_guid_hex(ptn_guid_t guid, char ret_hex[PTN_GUID_HEX])
{
    size_t             i;
    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < sizeof(guid.b); i++) {
        ret_hex[2 * i] = digits[guid.b[i] >> 4];
        ret_hex[2 * i + 1] = digits[guid.b[i] & 15];
    }

    ret_hex[PTN_GUID_HEX - 1] = '\0';
}


void
ptn_id_globcnt(ptn_id_t id, u_char ret_p[6])
{
    int  i;

    for (i = 5; i >= 0; i--) {
        ret_p[i] = (u_char) id;
        id >>= 8;
    }
}


ptn_id_t
ptn_id_from_globcnt(const u_char p[6])
{
    int       i;
    ptn_id_t  id;

    for (id = 0, i = 0; i < 6; i++) {
        id = id << 8 | p[i];
    }

    return id;
}
