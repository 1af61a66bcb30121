/*
 * Clocks.  Ids, order and UIDVALIDITY never come from the clock; lifetimes
 * use the monotonic one, due times the real one (DESIGN 3).
 */

#ifndef PTN_TIME_H
#define PTN_TIME_H


/* Milliseconds since boot; never steps. */
uint64_t ptn_time_mono(void);
uint64_t ptn_time_mono_us(void);    /* in microseconds */

/* Microseconds since 1970-01-01 UTC. */
int64_t ptn_time_now(void);

#define PTN_USEC  1000000LL

/*
 * Seconds since 1970 of a broken-down UTC date, and back; proleptic
 * Gregorian, no libc zone state.  month 1 to 12, day 1 to 31.
 */
int64_t ptn_time_from_civil(int year, int month, int day, int h, int m, int s);

typedef struct {
    int  year, month, day, hour, min, sec, wday;    /* wday 0: Sunday */
} ptn_civil_t;

void ptn_time_to_civil(int64_t sec, ptn_civil_t *ret);


#endif /* PTN_TIME_H */
