/*
 * Recurrence beside libical's own iterator, in one run, in turn: CPU
 * nanoseconds an occurrence, and the ratio (at most 1).  Import and export of
 * a calendar beside libical's parser.
 *
 *   ical [ROUNDS]
 */

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ptn_ical.h"


#define EACH  1000


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}


static const char *const  rules[] = {
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=10",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH",
    "FREQ=MONTHLY;BYMONTHDAY=15",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY",
    "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
    "FREQ=HOURLY;INTERVAL=3",
    "FREQ=MINUTELY;INTERVAL=15;BYHOUR=9,10,11",
};

static const int  start[] = { 2000, 1, 3, 9, 0, 0 };


static uint64_t
ours(const char *text, unsigned n)
{
    int64_t            t = 0;
    uint64_t           sum = 0;
    ptn_recur_rule_t   r;
    ptn_recur_iter_t   it;

    (void) ptn_recur_rule_parse(ptn_str_z(text), &r);
    ptn_recur_iter_init(&it, &r, ptn_time_from_civil(start[0], start[1],
                                     start[2], start[3], start[4], start[5]));

    while (n-- != 0 && ptn_recur_next(&it, &t)) {
        sum += (uint64_t) t;
    }

    return sum;
}


static uint64_t
theirs(const char *text, unsigned n)
{
    uint64_t                      sum = 0;
    struct icaltimetype           t = { 0 };
    icalrecur_iterator           *it;
    struct icalrecurrencetype     r;

    t.year = start[0];
    t.month = start[1];
    t.day = start[2];
    t.hour = start[3];
    r = icalrecurrencetype_from_string(text);
    it = icalrecur_iterator_new(r, t);

    while (n-- != 0) {
        t = icalrecur_iterator_next(it);

        if (icaltime_is_null_time(t)) {
            break;
        }

        sum += (uint64_t) ptn_time_from_civil(t.year, t.month, t.day, t.hour,
                                              t.minute, t.second);
    }

    icalrecur_iterator_free(it);

    return sum;
}


static const char  calendar[] =
    "BEGIN:VCALENDAR\r\nPRODID:-//x//y//EN\r\nVERSION:2.0\r\n"
    "BEGIN:VEVENT\r\nUID:20240101T120000Z-1234@example.test\r\n"
    "DTSTAMP:20240101T120000Z\r\n"
    "DTSTART;TZID=Europe/Vienna:20240325T100000\r\n"
    "DTEND;TZID=Europe/Vienna:20240325T110000\r\n"
    "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=20\r\n"
    "EXDATE;TZID=Europe/Vienna:20240327T100000\r\n"
    "SUMMARY:A meeting of the week\r\nLOCATION:Room 1\r\n"
    "DESCRIPTION:What we talk about\\, and what not\r\n"
    "ORGANIZER;CN=Alice:mailto:alice@example.test\r\n"
    "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.test\r\n"
    "ATTENDEE;CN=Carol;RSVP=TRUE:mailto:carol@example.test\r\n"
    "X-THING:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\n"
    "DESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";


static void
conversion(unsigned rounds)
{
    double               a, b, c, d;
    unsigned             i;
    uint16_t             ids[PTN_ICAL_N_MAX];
    ptn_str_t            out, in = ptn_str(calendar);
    ptn_pool_t          *pool;
    icalcomponent       *comp;
    ptn_ical_opts_t      opts = { ids, NULL, 0 };
    ptn_ical_comp_t     *root;
    ptn_ical_calendar_t  cal;

    for (i = 0; i < PTN_ICAL_N_MAX; i++) {
        ids[i] = (uint16_t) (0x8000 + i);
    }

    pool = ptn_pool_create(0, NULL);
    a = b = c = d = 0;

    for (i = 0; i < rounds * 5; i++) {
        a -= now();
        comp = icalparser_parse_string(calendar);
        icalcomponent_free(comp);
        a += now();

        b -= now();
        (void) ptn_ical_parse(pool, in, &root);
        b += now();
        ptn_pool_reset(pool);

        c -= now();
        (void) ptn_ical_import(pool, in, &opts, &cal);
        c += now();

        d -= now();
        (void) ptn_ical_export(pool, (const ptn_object_t *const *) cal.objects,
                               cal.n, &opts, &out);
        d += now();
        ptn_pool_reset(pool);
    }

    i = rounds * 5;
    printf("parse\t%.1f\t%.1f\tus\t%.2f\n", b / i / 1e3, a / i / 1e3, b / a);
    printf("import\t%.1f\t%.1f\tus\t%.2f\n", c / i / 1e3, a / i / 1e3, c / a);
    printf("export\t%.1f\t\tus\n", d / i / 1e3);
    ptn_pool_destroy(pool);
}


int
main(int argc, char **argv)
{
    double    a, b, all_a = 0, all_b = 0;
    size_t    i;
    unsigned  k, rounds;

    rounds = argc > 1 ? (unsigned) atoi(argv[1]) : 100;
    printf("rule\tours\tlibical\tunit\tratio\n");

    for (i = 0; i < ptn_nelts(rules); i++) {
        a = b = 0;

        /* libical ends in 2582 */

        if (ours(rules[i], EACH / 2) != theirs(rules[i], EACH / 2)) {
            printf("%s: they differ\n", rules[i]);
        }

        for (k = 0; k < rounds; k++) {
            a -= now();
            (void) ours(rules[i], EACH);
            a += now();
            b -= now();
            (void) theirs(rules[i], EACH);
            b += now();
        }

        printf("%s\t%.1f\t%.1f\tns\t%.3f\n", rules[i], a / rounds / EACH,
               b / rounds / EACH, a / b);
        all_a += a;
        all_b += b;
    }

    printf("all\t%.1f\t%.1f\tns\t%.3f\n",
           all_a / rounds / EACH / ptn_nelts(rules),
           all_b / rounds / EACH / ptn_nelts(rules), all_a / all_b);
    conversion(rounds);

    return 0;
}
