/*
 * MAPI's structures of zones (MS-OXOCAL 2.2.1.39 to 2.2.1.43).
 */

#include "ptn_charset.h"
#include "ptn_tz.h"
#include "ptn_tz_wire.h"


#define PTN_TZ_BIAS_MAX   1440          /* minutes */
#define PTN_TZ_NAME_MAX   260           /* cchKeyName */
#define PTN_TZ_YEAR_ANY   1601          /* what writers put for "always" */


static bool
ptn_tz_when_ok(const ptn_tz_systemtime_t *s, ptn_tz_when_t *ret)
{
    *ret = (ptn_tz_when_t) {
        s->year, s->month, s->dow, s->day, s->hour, s->minute, s->second,
        s->msec
    };

    if (s->month == 0) {
        memset(ret, 0, sizeof(*ret));
        return true;
    }

    return s->month <= 12 && s->dow <= 6 && s->day >= 1
           && s->day <= (s->year == 0 ? 5 : 31) && s->hour <= 23
           && s->minute <= 59 && s->second <= 59;
}


static ptn_rc_t
ptn_tz_rule_take(uint32_t bias, uint32_t std_bias, uint32_t dst_bias,
    const ptn_tz_systemtime_t *std, const ptn_tz_systemtime_t *dst,
    ptn_tz_rule_t *ret)
{
    ptn_tz_rule_t  r = { 0 };

    r.bias = (int32_t) bias;
    r.std_bias = (int32_t) std_bias;
    r.dst_bias = (int32_t) dst_bias;

    if (r.bias > PTN_TZ_BIAS_MAX || r.bias < -PTN_TZ_BIAS_MAX
        || r.std_bias > PTN_TZ_BIAS_MAX || r.std_bias < -PTN_TZ_BIAS_MAX
        || r.dst_bias > PTN_TZ_BIAS_MAX || r.dst_bias < -PTN_TZ_BIAS_MAX
        || !ptn_tz_when_ok(std, &r.std) || !ptn_tz_when_ok(dst, &r.dst))
    {
        return PTN_EPARSE;
    }

    *ret = r;

    return PTN_OK;
}


static ptn_tz_systemtime_t
ptn_tz_systemtime(const ptn_tz_when_t *w)
{
    return (ptn_tz_systemtime_t) {
        w->year, w->month, w->dow, w->day, w->hour, w->minute, w->second,
        w->msec
    };
}


ptn_rc_t
ptn_tz_struct_parse(ptn_str_t bytes, ptn_tz_rule_t *ret_rule)
{
    ptn_rc_t         rc;
    ptn_tz_struct_t  s;

    rc = ptn_wire_pull(&ptn_tz_struct_wire, NULL, &bytes, &s);
    if (rc != PTN_OK) {
        return rc;
    }

    return ptn_tz_rule_take(s.bias, s.std_bias, s.dst_bias, &s.std, &s.dst,
                            ret_rule);
}


void
ptn_tz_struct_write(ptn_buf_t *out, const ptn_tz_rule_t *rule)
{
    ptn_tz_struct_t  s = { 0 };

    s.bias = (uint32_t) rule->bias;
    s.std_bias = (uint32_t) rule->std_bias;
    s.dst_bias = (uint32_t) rule->dst_bias;
    s.std = ptn_tz_systemtime(&rule->std);
    s.dst = ptn_tz_systemtime(&rule->dst);

    (void) ptn_wire_push(&ptn_tz_struct_wire, out, &s);
}


static ptn_rc_t
ptn_tz_eras(ptn_pool_t *pool, const ptn_tz_definition_t *d, ptn_tz_t *tz,
    ptn_tz_rule_t *ret_effective)
{
    bool                    found = false;
    uint32_t                i, k;
    ptn_rc_t                rc;
    ptn_tz_era_t            era, *eras;
    const ptn_tz_tzrule_t  *r;

    eras = ptn_parray(pool, d->nrules, sizeof(*eras));
    if (eras == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < d->nrules; i++) {
        r = &d->rules[i];
        era.year = r->year;
        rc = ptn_tz_rule_take(r->bias, r->std_bias, r->dst_bias, &r->std,
                              &r->dst, &era.rule);
        if (rc != PTN_OK) {
            return rc;
        }

        if ((r->flags & PTN_TZ_RULE_EFFECTIVE) || !found) {
            *ret_effective = era.rule;
            found = true;
        }

        for (k = i; k > 0 && eras[k - 1].year > era.year; k--) {
            eras[k] = eras[k - 1];
        }

        eras[k] = era;
    }

    tz->eras = eras;
    tz->neras = d->nrules;
    tz->first = -(eras[0].rule.bias + eras[0].rule.std_bias) * 60;

    return PTN_OK;
}


ptn_rc_t
ptn_tz_definition_parse(ptn_pool_t *pool, ptn_str_t bytes,
    const ptn_tz_t **ret_tz, ptn_tz_rule_t *ret_effective)
{
    u_char               *p;
    uint32_t              i;
    ptn_rc_t              rc;
    ptn_tz_t             *tz;
    ptn_str_t             name;
    ptn_tz_rule_t         effective;
    ptn_tz_definition_t   d;

    rc = ptn_wire_pull(&ptn_tz_definition_wire, pool, &bytes, &d);
    if (rc != PTN_OK) {
        return rc;
    }

    if (d.major != 2 || d.nrules == 0 || d.nrules > PTN_TZ_RULES_MAX
        || d.nname > PTN_TZ_NAME_MAX)
    {
        return PTN_EPARSE;
    }

    tz = ptn_pcalloc(pool, sizeof(*tz));
    p = ptn_palloc(pool, 2 * (size_t) d.nname);

    if (tz == NULL || p == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < d.nname; i++) {
        p[2 * i] = (u_char) d.name[i];
        p[2 * i + 1] = (u_char) (d.name[i] >> 8);
    }

    rc = ptn_utf16_to_utf8(pool, ptn_str_make(p, 2 * (size_t) d.nname), &name);
    if (rc != PTN_OK) {
        return rc;
    }

    tz->name = tz->windows = name;

    rc = ptn_tz_eras(pool, &d, tz, &effective);
    if (rc != PTN_OK) {
        return rc;
    }

    *ret_tz = tz;
    *ret_effective = effective;

    return PTN_OK;
}


ptn_rc_t
ptn_tz_definition_write(ptn_pool_t *pool, const ptn_tz_t *tz, int year,
    bool recur, ptn_str_t *ret_bytes)
{
    uint32_t              i;
    ptn_rc_t              rc;
    ptn_buf_t             out;
    ptn_str_t             name;
    ptn_tz_rule_t         rule;
    ptn_tz_tzrule_t       r = { .major = 2, .minor = 1, .reserved = 0x3e };
    ptn_tz_definition_t   d = { .major = 2, .minor = 1, .reserved = 2 };

    (void) ptn_tz_rule(tz, year, &rule);

    rc = ptn_utf16_from_utf8(pool, tz->windows.len ? tz->windows : tz->name,
                             &name);
    if (rc != PTN_OK) {
        return rc;
    }

    d.nname = (uint16_t) ptn_min(name.len / 2, (size_t) PTN_TZ_NAME_MAX);
    d.name = ptn_parray(pool, d.nname, sizeof(*d.name));

    if (d.name == NULL) {
        return PTN_ENOMEM;
    }

    for (i = 0; i < d.nname; i++) {
        d.name[i] = (uint16_t) (name.data[2 * i] | name.data[2 * i + 1] << 8);
    }

    r.flags = PTN_TZ_RULE_EFFECTIVE | (recur ? PTN_TZ_RULE_RECUR : 0);
    r.year = PTN_TZ_YEAR_ANY;
    r.bias = (uint32_t) rule.bias;
    r.std_bias = (uint32_t) rule.std_bias;
    r.dst_bias = (uint32_t) rule.dst_bias;
    r.std = ptn_tz_systemtime(&rule.std);
    r.dst = ptn_tz_systemtime(&rule.dst);

    d.header = (uint16_t) (6 + 2 * d.nname);
    d.nrules = 1;
    d.rules = &r;

    ptn_buf_init(&out, pool);
    rc = ptn_wire_push(&ptn_tz_definition_wire, &out, &d);

    if (rc == PTN_OK) {
        *ret_bytes = ptn_buf_get(&out);
    }

    return rc;
}
