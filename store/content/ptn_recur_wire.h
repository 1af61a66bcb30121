/*
 * Recurrence on the wire: MS-OXOCAL 2.2.1.44.1 to 2.2.1.44.5.
 */

#ifndef PTN_RECUR_WIRE_H
#define PTN_RECUR_WIRE_H


#include "ptn_recur.h"
#include "ptn_wire.h"


/* PatternTypeSpecific by PatternType: a week's days, a day of the month, days
 * and which of them. */
#define PTN_RECUR_PATTERN(F, T)                                               \
    F(T, u16,  reader)                                                        \
    F(T, u16,  writer)                                                        \
    F(T, u16,  freq)                                                          \
    F(T, u16,  pattern)                                                       \
    F(T, u16,  calendar)                                                      \
    F(T, u32,  first)                                                         \
    F(T, u32,  period)                                                        \
    F(T, u32,  sliding)                                                       \
    F(T, is(T, pattern, PTN_RECUR_WEEK, u32),          week)                  \
    F(T, is(T, pattern, PTN_RECUR_MONTH, u32),         month)                 \
    F(T, is(T, pattern, PTN_RECUR_MONTH_END, u32),     month_end)             \
    F(T, is(T, pattern, PTN_RECUR_HJ_MONTH, u32),      hj_month)              \
    F(T, is(T, pattern, PTN_RECUR_HJ_MONTH_END, u32),  hj_month_end)          \
    F(T, is(T, pattern, PTN_RECUR_MONTH_NTH, u32),     nth_days)              \
    F(T, is(T, pattern, PTN_RECUR_MONTH_NTH, u32),     nth)                   \
    F(T, is(T, pattern, PTN_RECUR_HJ_MONTH_NTH, u32),  hj_nth_days)           \
    F(T, is(T, pattern, PTN_RECUR_HJ_MONTH_NTH, u32),  hj_nth)                \
    F(T, u32,  end_type)                                                      \
    F(T, u32,  count)                                                         \
    F(T, u32,  first_dow)                                                     \
    F(T, u32,  ndeleted)                                                      \
    F(T, vec(T, u32, ndeleted), deleted)                                      \
    F(T, u32,  nmodified)                                                     \
    F(T, vec(T, u32, nmodified), modified)                                    \
    F(T, u32,  start_date)                                                    \
    F(T, u32,  end_date)
PTN_WIRE(ptn_recur_pattern, PTN_RECUR_PATTERN)

/* 2.2.1.44.2; a string's first length counts a NUL that is not there */
#define PTN_RECUR_INFO(F, T)                                                  \
    F(T, u32,  start)                                                         \
    F(T, u32,  end)                                                           \
    F(T, u32,  original)                                                      \
    F(T, u16,  flags)                                                         \
    F(T, when(T, flags, PTN_RECUR_ARO_SUBJECT, u16),    subject_len)          \
    F(T, when(T, flags, PTN_RECUR_ARO_SUBJECT, bin16),  subject)              \
    F(T, when(T, flags, PTN_RECUR_ARO_MEETING, u32),    meeting)              \
    F(T, when(T, flags, PTN_RECUR_ARO_DELTA, u32),      delta)                \
    F(T, when(T, flags, PTN_RECUR_ARO_REMINDER, u32),   reminder)             \
    F(T, when(T, flags, PTN_RECUR_ARO_LOCATION, u16),   location_len)         \
    F(T, when(T, flags, PTN_RECUR_ARO_LOCATION, bin16), location)             \
    F(T, when(T, flags, PTN_RECUR_ARO_BUSY, u32),       busy)                 \
    F(T, when(T, flags, PTN_RECUR_ARO_ATTACH, u32),     attach)               \
    F(T, when(T, flags, PTN_RECUR_ARO_SUBTYPE, u32),    subtype)              \
    F(T, when(T, flags, PTN_RECUR_ARO_COLOR, u32),      color)
PTN_WIRE(ptn_recur_info, PTN_RECUR_INFO)

#define PTN_RECUR_HEAD(F, T)                                                  \
    F(T, u32,  reader2)                                                       \
    F(T, u32,  writer2)                                                       \
    F(T, u32,  start_offset)                                                  \
    F(T, u32,  end_offset)                                                    \
    F(T, u16,  nexceptions)                                                   \
    F(T, vec(T, sub(ptn_recur_info), nexceptions), exceptions)
PTN_WIRE(ptn_recur_head, PTN_RECUR_HEAD)

#define PTN_RECUR_BLOCK(F, T)                                                 \
    F(T, bin32, bytes)
PTN_WIRE(ptn_recur_block, PTN_RECUR_BLOCK)

/* 2.2.1.44.4: what of it depends on the ExceptionInfo's flags */
#define PTN_RECUR_TIMES(F, T)                                                 \
    F(T, u32,  start)                                                         \
    F(T, u32,  end)                                                           \
    F(T, u32,  original)
PTN_WIRE(ptn_recur_times, PTN_RECUR_TIMES)

#define PTN_RECUR_WIDE(F, T)                                                  \
    F(T, u16,  n)                                                             \
    F(T, vec(T, u16, n), units)
PTN_WIRE(ptn_recur_wide, PTN_RECUR_WIDE)


#endif /* PTN_RECUR_WIRE_H */
