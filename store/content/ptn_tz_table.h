/*
 * The tables behind ptn_tz_known.c, as ptn_tz_table.py makes them.
 */

#ifndef PTN_TZ_TABLE_H
#define PTN_TZ_TABLE_H


#include "ptn_tz.h"


/* Changes are words: minutes since 1970 << 6 | index of the offset. */
typedef struct {
    const char  *name;
    uint8_t      first;         /* offset */
    uint16_t     changes, nchanges;
    uint16_t     rule;
    uint16_t     year;          /* from which the rule holds */
    uint8_t      key;           /* of ptn_tz_keys; 255: none */
} ptn_tz_zone_t;

typedef struct {
    const char  *name;
    uint16_t     zone;
} ptn_tz_key_t;

extern const int32_t        ptn_tz_offsets[];
extern const uint32_t       ptn_tz_changes[];
extern const ptn_tz_rule_t  ptn_tz_rules[];
extern const ptn_tz_zone_t  ptn_tz_zones[];     /* by name, no case */
extern const ptn_tz_key_t   ptn_tz_keys[];      /* by name, no case */
extern const char           ptn_tz_version[];   /* of tzdata: "2025b" */
extern const uint32_t       ptn_tz_nzones, ptn_tz_nkeys, ptn_tz_nrules;


#endif /* PTN_TZ_TABLE_H */
