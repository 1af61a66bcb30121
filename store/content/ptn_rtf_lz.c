/*
 * Compressed RTF (MS-OXRTFCP).
 *
 * The dictionary is the last 4,096 bytes of a text that begins with what both
 * sides know (2.1.2.1).  So the output itself is the dictionary here: the known
 * beginning stands before it, and a reference is a distance back from where
 * the next byte goes.  A distance of 0 ends the stream (2.2.3).
 */

#include <zlib.h>

#include "ptn_prop.h"
#include "ptn_rtf.h"


#define PTN_RTF_LZ_HEADER  16
#define PTN_RTF_LZ_WINDOW  4096
#define PTN_RTF_LZ_MIN     3
#define PTN_RTF_LZ_MAX     17
#define PTN_RTF_LZ_TRIES   32       /* places that are looked at for a match */
#define PTN_RTF_LZ_SLACK   192      /* behind the output, for whole copies */

#define PTN_RTF_LZFU       0x75465a4c
#define PTN_RTF_MELA       0x414c454d

static const char  ptn_rtf_lz_known[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman "
    "\\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New "
    "RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0"
    "\\fs20\\b\\i\\u\\tab\\tx";

#define PTN_RTF_LZ_KNOWN  (sizeof(ptn_rtf_lz_known) - 1)


/* CRC-32 without its inversions (2.1.3.2). */

static uint32_t
ptn_rtf_lz_crc(const u_char *p, size_t len)
{
    return (uint32_t) crc32_z(0xffffffff, p, len) ^ 0xffffffff;
}


/* A run as it would be byte by byte: it may read what it writes. */

static inline void
ptn_rtf_lz_copy(u_char *d, const u_char *s, size_t len)
{
    if ((size_t) (d - s) >= 16) {
        memcpy(d, s, 16);           /* there is room, and 17 are most */
        d[16] = s[16];
        return;
    }

    while (len-- != 0) {
        *d++ = *s++;
    }
}


/*
 * Returns the end of what was written, at most 16 bytes behind `stop`.  There
 * are PTN_RTF_LZ_WINDOW bytes before d, and PTN_RTF_LZ_SLACK behind stop.
 */
static u_char *
ptn_rtf_lz_expand(u_char *d, const u_char *stop, const u_char *p,
    const u_char *end)
{
    size_t         len, back, at;
    unsigned       control, bit;
    const u_char  *start;

    start = d - PTN_RTF_LZ_KNOWN;   /* of the dictionary */

    while (p < end && d < stop) {

        control = *p++;

        if (control == 0 && end - p >= 8) {
            memcpy(d, p, 8);
            d += 8;
            p += 8;
            continue;
        }

        for (bit = 0; bit < 8; bit++, control >>= 1) {

            if (!(control & 1)) {
                if (p == end) {
                    return d;
                }

                *d++ = *p++;
                continue;
            }

            if (end - p < 2) {
                return d;
            }

            at = (size_t) p[0] << 4 | p[1] >> 4;
            len = (size_t) (p[1] & 0x0f) + 2;
            p += 2;

            back = ((size_t) (d - start) - at) & (PTN_RTF_LZ_WINDOW - 1);
            if (back == 0) {
                return d;
            }

            ptn_rtf_lz_copy(d, d - back, len);
            d += len;
        }
    }

    return d;
}


ptn_rc_t
ptn_rtf_decompress(ptn_pool_t *pool, ptn_str_t in, size_t max,
    ptn_str_t *ret_rtf)
{
    size_t         raw, most, len;
    u_char        *d, *stop;
    uint32_t       size, type;
    const u_char  *p;

    if (in.len < PTN_RTF_LZ_HEADER) {
        return PTN_ECORRUPT;
    }

    size = ptn_le32(in.data);
    raw = ptn_le32(in.data + 4);
    type = ptn_le32(in.data + 8);

    if (size < 12 || size > in.len - 4) {
        return PTN_ECORRUPT;
    }

    p = in.data + PTN_RTF_LZ_HEADER;
    len = size - 12;

    if (type == PTN_RTF_MELA) {
        if (raw > max) {
            return PTN_ETOOBIG;
        }

        *ret_rtf = ptn_str_make(p, ptn_min(raw, len));
        return PTN_OK;
    }

    if (type != PTN_RTF_LZFU
        || ptn_le32(in.data + 12) != ptn_rtf_lz_crc(p, len))
    {
        return PTN_ECORRUPT;
    }

    /* 17 bytes give at most 8 runs: RAWSIZE need not be believed */

    most = (len / 17 + 1) * 8 * PTN_RTF_LZ_MAX;
    raw = ptn_min(raw, most);

    if (raw > max) {
        return PTN_ETOOBIG;
    }

    d = ptn_palloc(pool, PTN_RTF_LZ_WINDOW + raw + PTN_RTF_LZ_SLACK);
    if (d == NULL) {
        return PTN_ENOMEM;
    }

    memset(d, 0, PTN_RTF_LZ_WINDOW - PTN_RTF_LZ_KNOWN);
    memcpy(d + PTN_RTF_LZ_WINDOW - PTN_RTF_LZ_KNOWN, ptn_rtf_lz_known,
           PTN_RTF_LZ_KNOWN);
    d += PTN_RTF_LZ_WINDOW;

    stop = ptn_rtf_lz_expand(d, d + raw, p, p + len);
    *ret_rtf = ptn_str_make(d, ptn_min((size_t) (stop - d), raw));

    return PTN_OK;
}


/* --- compression ---------------------------------------------------------- */

typedef struct {
    const u_char  *text;        /* the known beginning, then the RTF */
    size_t         len;
    uint32_t       head[4096];  /* by hash: position + 1 of the last */
    uint32_t       prev[PTN_RTF_LZ_WINDOW];     /* of the one before it */
} ptn_rtf_lz_t;


static inline size_t
ptn_rtf_lz_hash(const u_char *p)
{
    uint32_t  n;

    n = p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16;

    return (n * 2654435761u) >> 20;
}


static inline void
ptn_rtf_lz_note(ptn_rtf_lz_t *z, size_t at)
{
    size_t  h;

    if (at + PTN_RTF_LZ_MIN > z->len) {
        return;
    }

    h = ptn_rtf_lz_hash(z->text + at);
    z->prev[at & (PTN_RTF_LZ_WINDOW - 1)] = z->head[h];
    z->head[h] = (uint32_t) at + 1;
}


/* The longest run before `at` that stands there too. */

static size_t
ptn_rtf_lz_find(const ptn_rtf_lz_t *z, size_t at, size_t *ret_from)
{
    size_t         best, n, most;
    uint32_t       next;
    unsigned       tries;
    const u_char  *p, *q;

    best = 0;
    most = ptn_min(z->len - at, (size_t) PTN_RTF_LZ_MAX);

    if (most < PTN_RTF_LZ_MIN) {
        return 0;
    }

    p = z->text + at;
    next = z->head[ptn_rtf_lz_hash(p)];

    for (tries = 0; next != 0 && tries < PTN_RTF_LZ_TRIES; tries++) {

        if (at - (next - 1) >= PTN_RTF_LZ_WINDOW) {
            break;
        }

        q = z->text + next - 1;

        for (n = 0; n < most && p[n] == q[n]; n++) {
            /* void */
        }

        if (n > best) {
            best = n;
            *ret_from = next - 1;

            if (n == most) {
                break;
            }
        }

        next = z->prev[(next - 1) & (PTN_RTF_LZ_WINDOW - 1)];
    }

    return best < PTN_RTF_LZ_MIN ? 0 : best;
}


static u_char *
ptn_rtf_lz_ref(u_char *d, size_t from, size_t len)
{
    from &= PTN_RTF_LZ_WINDOW - 1;
    *d++ = (u_char) (from >> 4);
    *d++ = (u_char) (from << 4 | (len - 2));

    return d;
}


static u_char *
ptn_rtf_lz_pack(ptn_rtf_lz_t *z, u_char *d)
{
    bool      end;
    size_t    at, len, from, i;
    u_char   *control;
    unsigned  bit;

    for (i = 0; i < PTN_RTF_LZ_KNOWN; i++) {
        ptn_rtf_lz_note(z, i);
    }

    at = PTN_RTF_LZ_KNOWN;
    from = 0;

    for (end = false; !end; /* void */ ) {

        control = d++;
        *control = 0;

        for (bit = 0; bit < 8 && !end; bit++) {

            if (at == z->len) {
                *control |= (u_char) (1u << bit);
                d = ptn_rtf_lz_ref(d, at, 2);
                end = true;
                break;
            }

            len = ptn_rtf_lz_find(z, at, &from);

            if (len == 0) {
                ptn_rtf_lz_note(z, at);
                *d++ = z->text[at++];
                continue;
            }

            *control |= (u_char) (1u << bit);
            d = ptn_rtf_lz_ref(d, from, len);

            while (len-- != 0) {
                ptn_rtf_lz_note(z, at++);
            }
        }
    }

    return d;
}


static void
ptn_rtf_lz_header(u_char *d, size_t len, size_t raw, uint32_t type,
    uint32_t crc)
{
    ptn_put_le32(d, (uint32_t) len + 12);
    ptn_put_le32(d + 4, (uint32_t) raw);
    ptn_put_le32(d + 8, type);
    ptn_put_le32(d + 12, crc);
}


ptn_rc_t
ptn_rtf_compress(ptn_pool_t *pool, ptn_str_t rtf, ptn_str_t *ret)
{
    size_t         len;
    u_char        *d, *text, *end;
    ptn_rtf_lz_t  *z;

    if (rtf.len >= 1u << 30) {
        return PTN_ETOOBIG;
    }

    z = ptn_pcalloc(pool, sizeof(ptn_rtf_lz_t));
    text = ptn_palloc(pool, PTN_RTF_LZ_KNOWN + rtf.len);
    d = ptn_palloc(pool, PTN_RTF_LZ_HEADER + rtf.len + rtf.len / 8 + 4);

    if (z == NULL || text == NULL || d == NULL) {
        return PTN_ENOMEM;
    }

    memcpy(text, ptn_rtf_lz_known, PTN_RTF_LZ_KNOWN);

    if (rtf.len != 0) {
        memcpy(text + PTN_RTF_LZ_KNOWN, rtf.data, rtf.len);
    }

    z->text = text;
    z->len = PTN_RTF_LZ_KNOWN + rtf.len;

    end = ptn_rtf_lz_pack(z, d + PTN_RTF_LZ_HEADER);
    len = (size_t) (end - d) - PTN_RTF_LZ_HEADER;

    ptn_rtf_lz_header(d, len, rtf.len, PTN_RTF_LZFU,
                      ptn_rtf_lz_crc(d + PTN_RTF_LZ_HEADER, len));
    *ret = ptn_str_make(d, (size_t) (end - d));

    return PTN_OK;
}


ptn_rc_t
ptn_rtf_wrap(ptn_pool_t *pool, ptn_str_t rtf, ptn_str_t *ret)
{
    u_char  *d;

    if (rtf.len >= 1u << 30) {
        return PTN_ETOOBIG;
    }

    d = ptn_palloc(pool, PTN_RTF_LZ_HEADER + rtf.len);
    if (d == NULL) {
        return PTN_ENOMEM;
    }

    ptn_rtf_lz_header(d, rtf.len, rtf.len, PTN_RTF_MELA, 0);

    if (rtf.len != 0) {
        memcpy(d + PTN_RTF_LZ_HEADER, rtf.data, rtf.len);
    }

    *ret = ptn_str_make(d, PTN_RTF_LZ_HEADER + rtf.len);

    return PTN_OK;
}
