/*
 * Zones by name.
 */

#include "ptn_tz_table.h"


/* Where `name` stands among names in order, or -1. */

static int
ptn_tz_cmp(ptn_str_t a, const char *b)
{
    size_t  i;
    int     d;

    for (i = 0; i < a.len && b[i] != '\0'; i++) {
        d = ptn_tolower(a.data[i]) - ptn_tolower((u_char) b[i]);

        if (d != 0) {
            return d;
        }
    }

    return i < a.len ? 1 : b[i] != '\0' ? -1 : 0;
}


static int
ptn_tz_zone_index(ptn_str_t name)
{
    int       d;
    uint32_t  lo, hi, mid;

    for (lo = 0, hi = ptn_tz_nzones; lo < hi; ) {
        mid = lo + (hi - lo) / 2;
        d = ptn_tz_cmp(name, ptn_tz_zones[mid].name);

        if (d == 0) {
            return (int) mid;
        }

        if (d > 0) {
            lo = mid + 1;

        } else {
            hi = mid;
        }
    }

    return -1;
}


static int
ptn_tz_key_index(ptn_str_t name)
{
    uint32_t  i;

    for (i = 0; i < ptn_tz_nkeys; i++) {
        if (ptn_tz_cmp(name, ptn_tz_keys[i].name) == 0) {
            return (int) i;
        }
    }

    return -1;
}


static ptn_rc_t
ptn_tz_make(ptn_pool_t *pool, int zone, int key, const ptn_tz_t **ret_tz)
{
    uint32_t              i, word;
    ptn_tz_t             *tz;
    ptn_tz_era_t         *era;
    ptn_tz_change_t      *changes;
    const ptn_tz_zone_t  *z;

    z = &ptn_tz_zones[zone];
    key = key < 0 && z->key != 255 ? z->key : key;

    tz = ptn_pcalloc(pool, sizeof(*tz));
    era = ptn_pcalloc(pool, sizeof(*era));
    changes = ptn_parray(pool, z->nchanges, sizeof(*changes));

    if (tz == NULL || era == NULL || changes == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < z->nchanges; i++) {
        word = ptn_tz_changes[z->changes + i];
        changes[i].at = (int64_t) (word >> 6) * 60;
        changes[i].offset = ptn_tz_offsets[word & 63];
    }

    era->year = z->year;
    era->rule = ptn_tz_rules[z->rule];

    tz->name = ptn_str_z(z->name);
    tz->windows = key < 0 ? ptn_str("") : ptn_str_z(ptn_tz_keys[key].name);
    tz->first = ptn_tz_offsets[z->first];
    tz->changes = changes;
    tz->nchanges = z->nchanges;
    tz->eras = era;
    tz->neras = 1;
    *ret_tz = tz;

    return PTN_OK;
}


/* "GMT+2", "UTC-03:30", "+0200", "(UTC+01:00) Vienna": in minutes east. */

static bool
ptn_tz_fixed(ptn_str_t s, int *ret)
{
    int     sign, n = 0, h, digits = 0;
    size_t  i = 0;

    if (s.len != 0 && s.data[0] == '(') {
        i++;
    }

    if (s.len >= i + 3
        && (ptn_str_ieqz(ptn_str_make(s.data + i, 3), "GMT")
            || ptn_str_ieqz(ptn_str_make(s.data + i, 3), "UTC")))
    {
        i += 3;
    }

    if (i >= s.len || (s.data[i] != '+' && s.data[i] != '-')) {
        return false;
    }

    sign = s.data[i++] == '-' ? -1 : 1;

    for ( ; i < s.len && digits < 4; i++) {
        if (s.data[i] == ':' && digits != 0) {
            continue;
        }

        if (s.data[i] < '0' || s.data[i] > '9') {
            break;
        }

        n = n * 10 + (s.data[i] - '0');
        digits++;
    }

    if (digits == 0 || (i < s.len && s.data[i] != ')')) {
        return false;
    }

    h = digits <= 2 ? n : n / 100;
    n = digits <= 2 ? 0 : n % 100;

    if (h > 15 || n > 59) {
        return false;
    }

    *ret = sign * (h * 60 + n);

    return true;
}


ptn_rc_t
ptn_tz_find(ptn_pool_t *pool, ptn_str_t name, const ptn_tz_t **ret_tz)
{
    int            zone, key, east;
    size_t         i;
    ptn_str_t      part;
    ptn_tz_rule_t  rule = { 0 };

    while (name.len != 0 && (name.data[0] == '"' || name.data[0] == ' ')) {
        name = ptn_str_make(name.data + 1, name.len - 1);
    }

    while (name.len != 0 && (name.data[name.len - 1] == '"'
                             || name.data[name.len - 1] == ' '))
    {
        name.len--;
    }

    if (ptn_str_ieqz(name, "Z") || ptn_str_ieqz(name, "UTC")) {
        *ret_tz = &ptn_tz_utc;
        return PTN_OK;
    }

    zone = ptn_tz_zone_index(name);
    if (zone >= 0) {
        return ptn_tz_make(pool, zone, -1, ret_tz);
    }

    key = ptn_tz_key_index(name);
    if (key >= 0) {
        return ptn_tz_make(pool, ptn_tz_keys[key].zone, key, ret_tz);
    }

    /* "/mozilla.org/20050126_1/America/Argentina/Ushuaia" */

    for (i = 0; i + 1 < name.len; i++) {
        if (name.data[i] != '/') {
            continue;
        }

        part = ptn_str_make(name.data + i + 1, name.len - i - 1);

        if (memchr(part.data, '/', part.len) == NULL) {
            break;
        }

        zone = ptn_tz_zone_index(part);
        if (zone >= 0) {
            return ptn_tz_make(pool, zone, -1, ret_tz);
        }
    }

    if (ptn_tz_fixed(name, &east)) {
        rule.bias = -east;
        name = ptn_str_dup(pool, name);

        return name.data ? ptn_tz_from_rule(pool, name, &rule, ret_tz)
                         : PTN_ENOMEM;
    }

    return PTN_ENOTFOUND;
}


ptn_rc_t
ptn_tz_match(ptn_pool_t *pool, const ptn_tz_rule_t *rule,
    const ptn_tz_t **ret_tz)
{
    uint32_t  i;

    for (i = 0; i < ptn_tz_nkeys; i++) {
        if (ptn_tz_rule_eq(&ptn_tz_rules[ptn_tz_zones[ptn_tz_keys[i].zone]
                                         .rule], rule))
        {
            return ptn_tz_make(pool, ptn_tz_keys[i].zone, (int) i, ret_tz);
        }
    }

    return PTN_ENOTFOUND;
}


bool
ptn_tz_olson_nth(uint32_t i, ptn_str_t *ret_name)
{
    if (i >= ptn_tz_nzones) {
        return false;
    }

    *ret_name = ptn_str_z(ptn_tz_zones[i].name);

    return true;
}


bool
ptn_tz_windows_nth(uint32_t i, ptn_str_t *ret_key, ptn_str_t *ret_olson)
{
    if (i >= ptn_tz_nkeys) {
        return false;
    }

    *ret_key = ptn_str_z(ptn_tz_keys[i].name);
    *ret_olson = ptn_str_z(ptn_tz_zones[ptn_tz_keys[i].zone].name);

    return true;
}


ptn_str_t
ptn_tz_windows(ptn_str_t olson)
{
    int  zone;

    zone = ptn_tz_zone_index(olson);

    return zone < 0 || ptn_tz_zones[zone].key == 255
           ? ptn_str("") : ptn_str_z(ptn_tz_keys[ptn_tz_zones[zone].key].name);
}


ptn_str_t
ptn_tz_olson(ptn_str_t windows)
{
    int  key;

    key = ptn_tz_key_index(windows);

    return key < 0 ? ptn_str("")
                   : ptn_str_z(ptn_tz_zones[ptn_tz_keys[key].zone].name);
}
