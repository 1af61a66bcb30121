/*
 * Zones on the wire: MS-OXOCAL 2.2.1.39, 2.2.1.41.
 */

#ifndef PTN_TZ_WIRE_H
#define PTN_TZ_WIRE_H


#include "ptn_wire.h"


#define PTN_TZ_SYSTEMTIME(F, T)                                               \
    F(T, u16,  year)                                                          \
    F(T, u16,  month)                                                         \
    F(T, u16,  dow)                                                           \
    F(T, u16,  day)                                                           \
    F(T, u16,  hour)                                                          \
    F(T, u16,  minute)                                                        \
    F(T, u16,  second)                                                        \
    F(T, u16,  msec)
PTN_WIRE(ptn_tz_systemtime, PTN_TZ_SYSTEMTIME)

/* 2.2.1.39 PidLidTimeZoneStruct */
#define PTN_TZ_STRUCT(F, T)                                                   \
    F(T, u32,  bias)                                                          \
    F(T, u32,  std_bias)                                                      \
    F(T, u32,  dst_bias)                                                      \
    F(T, u16,  std_year)                                                      \
    F(T, sub(ptn_tz_systemtime), std)                                         \
    F(T, u16,  dst_year)                                                      \
    F(T, sub(ptn_tz_systemtime), dst)
PTN_WIRE(ptn_tz_struct, PTN_TZ_STRUCT)

/* 2.2.1.41.1 TZRule */
#define PTN_TZ_TZRULE(F, T)                                                   \
    F(T, u8,   major)           /* 2 */                                       \
    F(T, u8,   minor)           /* 1 */                                       \
    F(T, u16,  reserved)        /* 0x3e */                                    \
    F(T, u16,  flags)                                                         \
    F(T, u16,  year)                                                          \
    F(T, arr(u8, 14), x)                                                      \
    F(T, u32,  bias)                                                          \
    F(T, u32,  std_bias)                                                      \
    F(T, u32,  dst_bias)                                                      \
    F(T, sub(ptn_tz_systemtime), std)                                         \
    F(T, sub(ptn_tz_systemtime), dst)
PTN_WIRE(ptn_tz_tzrule, PTN_TZ_TZRULE)

/* 2.2.1.41; the name is 2 * nname bytes of UTF-16LE, then the rules */
#define PTN_TZ_DEFINITION(F, T)                                               \
    F(T, u8,   major)           /* 2 */                                       \
    F(T, u8,   minor)           /* 1 */                                       \
    F(T, u16,  header)          /* bytes from here to the rules */            \
    F(T, u16,  reserved)        /* 2 */                                       \
    F(T, u16,  nname)                                                         \
    F(T, vec(T, u16, nname), name)                                            \
    F(T, u16,  nrules)                                                        \
    F(T, vec(T, sub(ptn_tz_tzrule), nrules), rules)
PTN_WIRE(ptn_tz_definition, PTN_TZ_DEFINITION)


#endif /* PTN_TZ_WIRE_H */
