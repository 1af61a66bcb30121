/*
 * iCalendar to properties, row by row, and back after a client's change.
 */

#include "ptn_ical_in.h"
#include "ptn_ref.h"
#include "ptn_test.h"


static uint16_t         ids[PTN_ICAL_N_MAX];
static ptn_ical_opts_t  opts = { ids, NULL, 0 };

#define TAG(n)  ((uint32_t) ids[PTN_ICAL_N_##n] << 16                         \
                 | ptn_ical_names[PTN_ICAL_N_##n].type)
#define FT(y, mo, d, h, mi)                                                   \
    ptn_filetime(ptn_time_from_civil(y, mo, d, h, mi, 0))


static ptn_str_t
event(ptn_pool_t *pool, const char *method, const char *name, const char *lines)
{
    size_t      i;
    ptn_buf_t   b;

    ptn_buf_init(&b, pool);
    ptn_buf_z(&b, "BEGIN:VCALENDAR\r\nPRODID:-//test//EN\r\nVERSION:2.0\r\n");

    if (method != NULL) {
        ptn_buf_printf(&b, "METHOD:%s\r\n", method);
    }

    ptn_buf_printf(&b, "BEGIN:%s\r\nUID:u1\r\n", name);

    for (i = 0; lines[i] != '\0'; i++) {
        if (lines[i] == '\n') {
            ptn_buf_byte(&b, '\r');
        }

        ptn_buf_byte(&b, (u_char) lines[i]);
    }

    ptn_buf_printf(&b, "END:%s\r\nEND:VCALENDAR\r\n", name);

    return ptn_buf_get(&b);
}


static ptn_object_t *
import(ptn_pool_t *pool, const char *method, const char *name,
    const char *lines)
{
    ptn_ical_calendar_t  cal = { 0 };

    if (ptn_ical_import(pool, event(pool, method, name, lines), &opts, &cal)
        != PTN_OK || cal.n != 1)
    {
        return NULL;
    }

    return cal.objects[0];
}


/* Without the carriage returns, folds undone. */

static const char *
export(ptn_pool_t *pool, const ptn_object_t *o)
{
    size_t      i;
    ptn_buf_t   b;
    ptn_str_t   out = ptn_null_string;

    (void) ptn_ical_export(pool, &o, 1, &opts, &out);
    ptn_buf_init(&b, pool);

    for (i = 0; i < out.len; i++) {
        if (i + 2 < out.len && memcmp(out.data + i, "\r\n ", 3) == 0) {
            i += 2;

        } else if (out.data[i] != '\r') {
            ptn_buf_byte(&b, out.data[i]);
        }
    }

    ptn_buf_byte(&b, '\0');

    return (char *) b.data;
}


static bool
has(const char *text, const char *line)
{
    const char  *p;
    size_t       n = strlen(line);

    for (p = text; (p = strstr(p, line)) != NULL; p++) {
        if ((p == text || p[-1] == '\n') && p[n] == '\n') {
            return true;
        }
    }

    diag("no line %s in %s", line, text);

    return false;
}


/* --- rows ----------------------------------------------------------------- */

#define NUM(tag, n)   { tag, n, NULL }
#define TXT(tag, s)   { tag, 0, s }

static void
test_rows(ptn_pool_t *pool)
{
    size_t          i;
    int64_t         n;
    ptn_str_t       v;
    ptn_object_t   *o;
    const struct {
        const char  *name, *lines;
        struct {
            uint32_t     tag;
            int64_t      n;
            const char  *s;
        } want;
    } rows[] = {
#define E  "VEVENT"
#define S  "DTSTART:20240701T100000Z\n"
        { E, S "SUMMARY:One\\, two\\nthree\n",
          TXT(PTN_PR_SUBJECT, "One, two three") },
        { E, S "DESCRIPTION:A\\nB\\;C\\\\D\n", TXT(PTN_PR_BODY,
                                                   "A\r\nB;C\\D") },
        { E, S "X-ALT-DESC;FMTTYPE=text/html:<b>x</b>\n",
          TXT(PTN_PR_HTML, "<b>x</b>") },
        { E, S "LOCATION:Room 1\n", TXT(TAG(LOCATION), "Room 1") },
        { E, S "CLASS:PRIVATE\n", NUM(PTN_PR_SENSITIVITY, 2) },
        { E, S "CLASS:PRIVATE\n", NUM(TAG(PRIVATE), 1) },
        { E, S "CLASS:CONFIDENTIAL\n", NUM(PTN_PR_SENSITIVITY, 3) },
        { E, S "CLASS:X-PERSONAL\n", NUM(PTN_PR_SENSITIVITY, 1) },
        { E, S "CLASS:X-OTHER\n", NUM(PTN_PR_SENSITIVITY, 2) },
        { E, S "PRIORITY:1\n", NUM(PTN_PR_IMPORTANCE, 2) },
        { E, S "PRIORITY:5\n", NUM(PTN_PR_IMPORTANCE, 1) },
        { E, S "PRIORITY:7\n", NUM(PTN_PR_IMPORTANCE, 0) },
        { E, S "SEQUENCE:3\n", NUM(TAG(SEQUENCE), 3) },
        { E, S "SEQUENCE:3\nX-MICROSOFT-CDO-APPT-SEQUENCE:4\n",
          NUM(TAG(SEQUENCE), 4) },
        { E, S "DTSTAMP:20240101T120000Z\n",
          NUM(TAG(OWNER_CHANGE), FT(2024, 1, 1, 12, 0)) },
        { E, S "TRANSP:TRANSPARENT\n", NUM(TAG(BUSY), 0) },
        { E, S "TRANSP:OPAQUE\n", NUM(TAG(BUSY), 2) },
        { E, S "TRANSP:OPAQUE\nSTATUS:TENTATIVE\n", NUM(TAG(BUSY), 1) },
        { E, S "TRANSP:OPAQUE\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\n",
          NUM(TAG(BUSY), 3) },
        { E, S "X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY\n",
          NUM(TAG(INTENDED), 2) },
        { E, S "X-MICROSOFT-DISALLOW-COUNTER:TRUE\n",
          NUM(TAG(NO_COUNTER), 1) },
        { E, S "X-MICROSOFT-CDO-OWNERAPPTID:-5\n",
          NUM(PTN_PR_OWNER_APPT_ID, -5) },
        { E, S "STATUS:CANCELLED\n", NUM(TAG(STATE), 4) },
        { E, S "ATTENDEE:mailto:a@b.test\n", NUM(TAG(STATE), 1) },
        { E, S, NUM(TAG(START), FT(2024, 7, 1, 10, 0)) },
        { E, S, NUM(TAG(END), FT(2024, 7, 1, 10, 0)) },
        { E, S "DURATION:PT90M\n", NUM(TAG(DURATION), 90) },
        { E, S "DTEND:20240701T113000Z\n",
          NUM(TAG(END), FT(2024, 7, 1, 11, 30)) },
        { E, "DTSTART;TZID=Europe/Vienna:20240701T100000\n",
          NUM(TAG(START), FT(2024, 7, 1, 8, 0)) },
        { E, "DTSTART;TZID=W. Europe Standard Time:20240101T100000\n",
          NUM(TAG(START), FT(2024, 1, 1, 9, 0)) },
        { E, "DTSTART;VALUE=DATE:20240701\n", NUM(TAG(ALL_DAY), 1) },
        { E, "DTSTART;VALUE=DATE:20240701\n",
          NUM(TAG(END), FT(2024, 7, 2, 0, 0)) },
        { E, "DTSTART:20240701T000000Z\nDTEND:20240702T000000Z\n"
          "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\n", NUM(TAG(ALL_DAY), 1) },
        { E, S "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT30M\nEND:VALARM\n",
          NUM(TAG(REMINDER_DELTA), 30) },
        { E, S "BEGIN:VALARM\nACTION:AUDIO\n"
          "TRIGGER;VALUE=DATE-TIME:20240701T090000Z\nEND:VALARM\n",
          NUM(TAG(REMINDER_DELTA), 60) },
        { E, S "DURATION:PT1H\nBEGIN:VALARM\nTRIGGER;RELATED=END:-PT2H\n"
          "END:VALARM\n", NUM(TAG(REMINDER_SIGNAL), FT(2024, 7, 1, 9, 0)) },
        { E, S "ORGANIZER;CN=\"Doe, J\":MAILTO:j@x.test\n",
          TXT(PTN_PR_SENT_REPRESENTING_NAME, "Doe, J") },
        { E, S "ORGANIZER;CN=a^'b^^c:mailto:j@x.test\n",
          TXT(PTN_PR_SENT_REPRESENTING_NAME, "a\"b^c") },
        { E, S "ORGANIZER:mailto:j@x.test\n",
          TXT(PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS, "j@x.test") },
        { E, S "ORGANIZER;SENT-BY=\"mailto:s@x.test\":mailto:j@x.test\n",
          TXT(PTN_PR_SENDER_SMTP_ADDRESS, "s@x.test") },
        { E, S, TXT(PTN_PR_MESSAGE_CLASS, "IPM.Appointment") },
        { "VTODO", "DUE;VALUE=DATE:20240705\n",
          NUM(TAG(TASK_DUE), FT(2024, 7, 5, 0, 0)) },
        { "VTODO", "DTSTART:20240704T100000Z\n",
          NUM(TAG(TASK_START), FT(2024, 7, 4, 0, 0)) },
        { "VTODO", "STATUS:COMPLETED\n", NUM(TAG(TASK_STATUS), 2) },
        { "VTODO", "STATUS:COMPLETED\n", NUM(TAG(TASK_COMPLETE), 1) },
        { "VTODO", "STATUS:IN-PROCESS\n", NUM(TAG(TASK_STATUS), 1) },
        { "VTODO", "COMPLETED:20240704T100000Z\n",
          NUM(TAG(TASK_COMPLETED), FT(2024, 7, 4, 10, 0)) },
        { "VTODO", "DTSTART:20240704T100000Z\nRRULE:FREQ=DAILY\n",
          NUM(TAG(TASK_RECURRING), 1) },
        { "VTODO", "SUMMARY:x\n", TXT(PTN_PR_MESSAGE_CLASS, "IPM.Task") },
        { "VJOURNAL", "DTSTART:20240704T100000Z\n",
          NUM(TAG(LOG_START), FT(2024, 7, 4, 10, 0)) },
        { "VJOURNAL", "SUMMARY:x\n",
          TXT(PTN_PR_MESSAGE_CLASS, "IPM.Activity") },
    };

    for (i = 0; i < ptn_nelts(rows); i++) {
        o = import(pool, NULL, rows[i].name, rows[i].lines);

        if (!ok(o != NULL, "row %zu", i)) {
            continue;
        }

        if (rows[i].want.s != NULL) {
            v = ptn_props_get(&o->props, rows[i].want.tag);
            is_str(v, rows[i].want.s, "text");

        } else {
            n = INT64_MIN;
            (void) ptn_props_int(&o->props, rows[i].want.tag, &n);
            is_u64(n, rows[i].want.n, "number");
        }

        ok(has(export(pool, o), "UID:u1"), "and back");
    }
}


/* --- methods -------------------------------------------------------------- */

static const struct {
    const char  *method, *lines, *class, *back;
} methods[] = {
    { "REQUEST", "ORGANIZER:mailto:o@x.test\nATTENDEE:mailto:a@x.test\n",
      "IPM.Schedule.Meeting.Request", "METHOD:REQUEST" },
    { "REPLY", "ORGANIZER:mailto:o@x.test\n"
      "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.test\n",
      "IPM.Schedule.Meeting.Resp.Pos", "METHOD:REPLY" },
    { "REPLY", "ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.test\n",
      "IPM.Schedule.Meeting.Resp.Neg", "METHOD:REPLY" },
    { "reply", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:a@x.test\n",
      "IPM.Schedule.Meeting.Resp.Tent", "METHOD:reply" },
    { "COUNTER", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:a@x.test\n",
      "IPM.Schedule.Meeting.Resp.Tent", "METHOD:COUNTER" },
    { "CANCEL", "ORGANIZER:mailto:o@x.test\n",
      "IPM.Schedule.Meeting.Canceled", "METHOD:CANCEL" },
    { "PUBLISH", "", "IPM.Appointment", "METHOD:PUBLISH" },
};


static void
test_methods(ptn_pool_t *pool)
{
    char           lines[512];
    size_t         i;
    int64_t        n;
    ptn_object_t  *o;

    for (i = 0; i < ptn_nelts(methods); i++) {
        snprintf(lines, sizeof(lines), "DTSTART:20240701T100000Z\n%s",
                 methods[i].lines);
        o = import(pool, methods[i].method, "VEVENT", lines);

        if (!ok(o != NULL, "%s", methods[i].method)) {
            continue;
        }

        is_str(ptn_props_get(&o->props, PTN_PR_MESSAGE_CLASS),
               methods[i].class, "class");
        ok(has(export(pool, o), methods[i].back), "the method again");

        if (strcmp(methods[i].method, "COUNTER") == 0) {
            ok(ptn_props_int(&o->props, TAG(COUNTER), &n) && n == 1,
               "a proposal");
            ok(ptn_props_int(&o->props, TAG(PROPOSED_START), &n)
               && n == FT(2024, 7, 1, 10, 0), "its start");
        }
    }

    o = import(pool, "REPLY", "VEVENT", "DTSTART:20240701T100000Z\n"
               "ORGANIZER;CN=Org:mailto:o@x.test\n"
               "ATTENDEE;CN=Att;PARTSTAT=ACCEPTED:mailto:a@x.test\n");
    is_str(ptn_props_get(&o->props, PTN_PR_SENT_REPRESENTING_SMTP_ADDRESS),
           "a@x.test", "a reply is from the attendee");
    is_u64(o->nrecips, 1, "to");
    is_str(ptn_props_get(&o->recips[0].props, PTN_PR_SMTP_ADDRESS),
           "o@x.test", "the organizer");
}


/* --- people --------------------------------------------------------------- */

static const struct {
    const char  *line;
    uint32_t     type;
    int          status;
} people[] = {
    { "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.test\n", PTN_RECIP_TO, 3 },
    { "ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.test\n", PTN_RECIP_TO, 4 },
    { "ATTENDEE;PARTSTAT=TENTATIVE;ROLE=OPT-PARTICIPANT:mailto:a@x.test\n",
      PTN_RECIP_CC, 2 },
    { "ATTENDEE;ROLE=NON-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:a@x.test\n",
      PTN_RECIP_CC, 0 },
    { "ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:a@x.test\n",
      PTN_RECIP_BCC, 3 },
};


static void
test_people(ptn_pool_t *pool)
{
    char           lines[512];
    size_t         i;
    int64_t        n;
    const char    *text;
    ptn_object_t  *o;

    for (i = 0; i < ptn_nelts(people); i++) {
        snprintf(lines, sizeof(lines), "DTSTART:20240701T100000Z\n%s",
                 people[i].line);
        o = import(pool, "REQUEST", "VEVENT", lines);
        ok(o != NULL && o->nrecips == 1, "person %zu", i);
        is_u64(o->recips[0].type, people[i].type, "type");
        n = -1;
        (void) ptn_props_int(&o->recips[0].props,
                             PTN_PR_RECIPIENT_TRACKSTATUS, &n);
        is_u64(n, people[i].status, "status");
    }

    /* a client records an answer: that line is written anew, the other one of
     * the group with it; what was carried gives way */

    o = import(pool, NULL, "VEVENT", "DTSTART:20240701T100000Z\n"
               "ORGANIZER;X-A=1:mailto:o@x.test\n"
               "ATTENDEE;X-B=2;PARTSTAT=NEEDS-ACTION:mailto:a@x.test\n");
    text = export(pool, o);
    ok(has(text, "ATTENDEE;X-B=2;PARTSTAT=NEEDS-ACTION:mailto:a@x.test"),
       "as it came");
    (void) ptn_props_set_int(&o->recips[0].props, pool,
                             PTN_PR_RECIPIENT_TRACKSTATUS, 3);
    text = export(pool, o);
    ok(has(text, "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:"
           "mailto:a@x.test"), "accepted");
    ok(has(text, "ORGANIZER;X-A=1:mailto:o@x.test"), "others stay");
}


/* --- what is carried ------------------------------------------------------ */

static void
test_carry(ptn_pool_t *pool)
{
    const char    *text;
    ptn_object_t  *o;

    o = import(pool, NULL, "VEVENT",
               "DTSTART;TZID=US/Eastern;X-P=q:20240701T100000\n"
               "DURATION:PT1H\nSUMMARY;LANGUAGE=de:Hallo\nGEO:1.5;2.5\n"
               "URL:http://x.test/\nCOLOR:red\nX-APPLE-THING;A=\"b;c\":d\\,e\n"
               "CONFERENCE;VALUE=URI;FEATURE=AUDIO:tel:+1\nNEWPROP;ODD=1:v\n"
               "this is no property\nATTACH:http://x.test/a\n"
               "BEGIN:PARTICIPANT\nUID:p\nEND:PARTICIPANT\n"
               "BEGIN:VALARM\nACTION:EMAIL\nTRIGGER:-PT1H\nEND:VALARM\n");
    ok(o != NULL, "imported");
    text = export(pool, o);
    ok(has(text, "GEO:1.5;2.5"), "GEO");
    ok(has(text, "COLOR:red"), "RFC 7986");
    ok(has(text, "X-APPLE-THING;A=\"b;c\":d\\,e"), "X-");
    ok(has(text, "CONFERENCE;VALUE=URI;FEATURE=AUDIO:tel:+1"), "CONFERENCE");
    ok(has(text, "NEWPROP;ODD=1:v"), "an unknown one");
    ok(has(text, "this is no property"), "no property");
    ok(has(text, "BEGIN:PARTICIPANT"), "a component");
    ok(has(text, "ACTION:EMAIL"), "an alarm");
    ok(has(text, "ATTACH:http://x.test/a"), "a reference");
    ok(has(text, "DURATION:PT1H"), "DURATION");
    ok(has(text, "DTSTART;TZID=US/Eastern;X-P=q:20240701T100000"), "DTSTART");
    ok(has(text, "SUMMARY;LANGUAGE=de:Hallo"), "SUMMARY");
    ok(strstr(text, "DTEND") == NULL, "no DTEND beside DURATION");
    ok(strstr(text, "BEGIN:VTIMEZONE") == NULL, "no zone was there");

    /* Outlook moves it by an hour */

    (void) ptn_props_set_int(&o->props, pool, TAG(START),
                             FT(2024, 7, 1, 15, 0));
    (void) ptn_props_set_int(&o->props, pool, TAG(END), FT(2024, 7, 1, 16, 0));
    text = export(pool, o);
    ok(has(text, "DTSTART;TZID=America/New_York:20240701T110000"), "moved");
    ok(has(text, "DTEND;TZID=America/New_York:20240701T120000"), "its end");
    ok(strstr(text, "DURATION") == NULL, "no DURATION beside DTEND");
    ok(has(text, "BEGIN:VTIMEZONE"), "its zone");
    ok(has(text, "SUMMARY;LANGUAGE=de:Hallo"), "the subject is as it was");
    ok(has(text, "X-APPLE-THING;A=\"b;c\":d\\,e"), "X- again");

    (void) ptn_props_set(&o->props, pool, PTN_PR_SUBJECT, ptn_str("Servus"));
    text = export(pool, o);
    ok(has(text, "SUMMARY:Servus"), "the new subject");
    ok(strstr(text, "Hallo") == NULL, "not the old one");
}


/* --- series --------------------------------------------------------------- */

static const char *
occurrences(ptn_pool_t *pool, const ptn_object_t *o)
{
    uint32_t           i, n = 0;
    ptn_buf_t          b;
    ptn_civil_t        c;
    ptn_series_t       s;
    ptn_occurrence_t  *list;

    ptn_buf_init(&b, pool);

    if (ptn_ical_series(pool, o, &opts, &s) == PTN_OK) {
        (void) ptn_series_window(pool, &s, 0, 4000000000, 6, &list, &n);
    }

    for (i = 0; i < n; i++) {
        ptn_time_to_civil(list[i].start, &c);
        ptn_buf_printf(&b, "%s%02d%02dT%02d", b.len ? "," : "", c.month, c.day,
                       c.hour);
    }

    ptn_buf_byte(&b, '\0');

    return (char *) b.data;
}


static void
test_series(ptn_pool_t *pool)
{
    int64_t              n;
    uint32_t             i;
    ptn_buf_t            out;
    ptn_str_t            v, raw;
    const char          *text;
    ptn_series_t         s;
    ptn_object_t        *o, *x;
    ptn_recur_blob_t     b;
    ptn_ical_calendar_t  cal;

    raw = ptn_str(
        "BEGIN:VCALENDAR\nPRODID:x\nVERSION:2.0\nBEGIN:VEVENT\nUID:s1\n"
        "DTSTART;TZID=Europe/Vienna:20240325T100000\n"
        "DTEND;TZID=Europe/Vienna:20240325T110000\n"
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6\n"
        "EXDATE;TZID=Europe/Vienna:20240327T100000\nSUMMARY:Series\n"
        "LOCATION:Here\nEND:VEVENT\nBEGIN:VEVENT\nUID:s1\n"
        "RECURRENCE-ID;TZID=Europe/Vienna:20240401T100000\n"
        "DTSTART;TZID=Europe/Vienna:20240402T150000\n"
        "DTEND;TZID=Europe/Vienna:20240402T170000\nSUMMARY:Moved\n"
        "LOCATION:Here\nX-MINE:1\nEND:VEVENT\nEND:VCALENDAR\n");
    is_rc(ptn_ical_import(pool, raw, &opts, &cal), PTN_OK, "import");
    is_u64(cal.n, 1, "one object");
    o = cal.objects[0];
    is_str(ptn_str_z(occurrences(pool, o)),
           "0325T09,0402T13,0403T08,0408T08,0410T08", "occurrences");

    v = ptn_props_get(&o->props, TAG(RECUR));
    is_rc(ptn_recur_blob_parse(pool, v, true, &b), PTN_OK, "a blob");
    is_u64(b.ndeleted, 2, "deleted");
    is_u64(b.nexceptions, 1, "exceptions");
    is_u64(b.exceptions[0].flags, PTN_RECUR_ARO_SUBJECT, "the subject alone");
    is_str(b.exceptions[0].subject, "Moved", "which");
    is_rc(ptn_recur_blob_series(pool, &b, &s), PTN_OK, "its series");
    is_u64(s.changes[0].start, ptn_time_from_civil(2024, 4, 2, 15, 0, 0),
           "where it moved");
    is_u64(o->nattachs, 1, "an exception object");
    x = o->attachs[0].embedded;
    is_str(ptn_props_get(&x->props, PTN_PR_SUBJECT), "Moved", "subject");
    ok(ptn_props_int(&x->props, TAG(REPLACES), &n)
       && n == FT(2024, 4, 1, 8, 0), "what it replaces");
    v = ptn_props_get(&x->props, TAG(GLOBAL_ID));
    is_mem(ptn_str_make(v.data + 16, 4), ptn_str_make("\x07\xe8\x04\x01", 4),
           "the date in its GlobalObjectId");
    v = ptn_props_get(&o->props, TAG(TZ_STRUCT));
    is_u64(v.len, PTN_TZ_STRUCT_LEN, "PidLidTimeZoneStruct");

    text = export(pool, o);
    ok(has(text, "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6"), "the rule");
    ok(has(text, "X-MINE:1"), "what the exception carries");

    /* a client deletes another occurrence: the blob is the truth */

    {
        uint32_t  dates[3] = { b.deleted[0], b.deleted[1],
                               ptn_recur_minutes(ptn_time_from_civil(2024, 4,
                                                             8, 0, 0, 0)) };

        b.deleted = dates;
        b.ndeleted = 3;
        ptn_buf_init(&out, pool);
        is_rc(ptn_recur_blob_write(&out, &b), PTN_OK, "written");
    }

    (void) ptn_props_set(&o->props, pool, TAG(RECUR), ptn_buf_get(&out));
    text = export(pool, o);
    ok(has(text, "RRULE:FREQ=WEEKLY;COUNT=6;BYDAY=MO,WE"), "written anew");
    ok(has(text, "EXDATE;TZID=Europe/Berlin:20240327T100000")
       && has(text, "EXDATE;TZID=Europe/Berlin:20240408T100000"), "both gone");
    ok(has(text, "TZID:Europe/Berlin"), "their zone, as Windows calls it");
    is_str(ptn_str_z(occurrences(pool, o)), "0325T09,0402T13,0403T08,0410T08",
           "one less");

    /* Outlook's exceptions: objects that say what differs, and rows of the
     * blob without one */

    {
        int64_t        start;
        ptn_object_t  *sparse, *whole = cal.objects[0];

        (void) ptn_props_set(&whole->props, pool, TAG(RECUR),
                             ptn_props_get(&o->props, TAG(RECUR)));
        sparse = ptn_pcalloc(pool, sizeof(*sparse));
        (void) ptn_props_set(&sparse->props, pool, PTN_PR_MESSAGE_CLASS,
                             ptn_props_get(&whole->attachs[0].embedded->props,
                                           PTN_PR_MESSAGE_CLASS));
        start = FT(2024, 4, 2, 13, 0);
        (void) ptn_props_set_int(&sparse->props, pool, TAG(START), start);
        (void) ptn_props_set_int(&sparse->props, pool, TAG(END),
                                 FT(2024, 4, 2, 15, 0));
        (void) ptn_props_set_int(&sparse->props, pool, TAG(REPLACES),
                                 FT(2024, 4, 1, 8, 0));
        whole->attachs[0].embedded = sparse;
        text = export(pool, whole);
        ok(has(text, "RECURRENCE-ID;TZID=Europe/Berlin:20240401T100000"),
           "an exception of an object");
        is_u64(strstr(text, "\nLOCATION:Here\n") != NULL
               && strstr(strstr(text, "\nLOCATION:Here\n") + 1,
                         "\nLOCATION:Here\n") != NULL, 1,
               "the series' place");
        ok(strstr(text, "Moved") == NULL, "what it does not say");

        whole->nattachs = 0;
        text = export(pool, whole);
        ok(has(text, "RECURRENCE-ID;TZID=Europe/Berlin:20240401T100000"),
           "an exception of the blob");
        ok(has(text, "DTSTART;TZID=Europe/Berlin:20240402T150000"), "moved");
        ok(has(text, "SUMMARY:Moved"), "its subject");
        is_str(ptn_str_z(occurrences(pool, whole)),
               "0325T09,0402T13,0403T08,0410T08", "occurrences");
    }

    /* exceptions on another clock than the series */

    o = import(pool, NULL, "VEVENT",
               "DTSTART;TZID=Europe/Vienna:20240325T100000\n"
               "RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20240326T090000Z\n"
               "EXDATE;TZID=Asia/Tokyo:20240327T180000\n");
    is_str(ptn_str_z(occurrences(pool, o)), "0325T09,0328T09", "EXDATE");

    /* rules that MAPI cannot say: carried, and listed all the same */

    o = import(pool, NULL, "VEVENT", "DTSTART:20240101T100000Z\n"
               "RRULE:FREQ=YEARLY;BYYEARDAY=1,100;COUNT=3\n"
               "RDATE:20240105T100000Z\n");
    ok(ptn_props_get(&o->props, TAG(RECUR)).data == NULL, "no blob");
    is_str(ptn_str_z(occurrences(pool, o)),
           "0101T10,0105T10,0409T10,0101T10", "listed");

    /* a month that is too short: the client's rule, not MAPI's */

    o = import(pool, NULL, "VEVENT", "DTSTART:20240131T100000Z\n"
               "RRULE:FREQ=MONTHLY;COUNT=3\n");
    is_str(ptn_str_z(occurrences(pool, o)), "0131T10,0331T10,0531T10",
           "the 31st");

    /* until a day; the last one by the clock of the zone */

    o = import(pool, NULL, "VEVENT",
               "DTSTART;TZID=Europe/Vienna:20240701T100000\n"
               "RRULE:FREQ=DAILY;UNTIL=20240703T080000Z\n");
    ptn_props_unset(&o->props, ids[PTN_ICAL_N_CARRY]);
    ok(has(export(pool, o), "RRULE:FREQ=DAILY;UNTIL=20240703T080000Z"),
       "UNTIL is the last start");

    /* two of one UID that are no exception are two */

    raw = ptn_str("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20240101T10"
                  "0000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nDTSTART:20240102T"
                  "100000Z\nEND:VEVENT\nBEGIN:VTODO\nUID:b\nEND:VTODO\n"
                  "END:VCALENDAR\n");
    is_rc(ptn_ical_import(pool, raw, &opts, &cal), PTN_OK, "import");
    is_u64(cal.n, 3, "objects");

    for (i = 0; i < cal.n; i++) {
        ok(cal.objects[i] != NULL, "object %u", i);
    }
}


/* A VTIMEZONE of a name that nobody knows. */

static void
test_zones(ptn_pool_t *pool)
{
    int64_t              n;
    ptn_str_t            raw, v;
    ptn_tz_rule_t        rule;
    const ptn_tz_t      *tz;
    ptn_ical_calendar_t  cal;

    raw = ptn_str("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:My Zone\n"
                  "BEGIN:STANDARD\nDTSTART:16011028T030000\n"
                  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n"
                  "TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n"
                  "BEGIN:DAYLIGHT\nDTSTART:16010325T020000\n"
                  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n"
                  "TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nEND:DAYLIGHT\n"
                  "END:VTIMEZONE\nBEGIN:VEVENT\nUID:z\n"
                  "DTSTART;TZID=My Zone:20240701T100000\nEND:VEVENT\n"
                  "END:VCALENDAR\n");
    is_rc(ptn_ical_import(pool, raw, &opts, &cal), PTN_OK, "import");
    ok(ptn_props_int(&cal.objects[0]->props, TAG(START), &n)
       && n == FT(2024, 7, 1, 8, 0), "summer time by its VTIMEZONE");
    v = ptn_props_get(&cal.objects[0]->props, TAG(TZ_START));
    is_rc(ptn_tz_definition_parse(pool, v, &tz, &rule), PTN_OK, "definition");
    is_str(tz->windows, "Central Europe Standard Time",
           "the name of a Windows zone of its rule");
    ok(rule.bias == -60 && rule.dst_bias == -60 && rule.std.month == 10
       && rule.std.day == 5 && rule.dst.month == 3, "its rule");
    is_rc(ptn_tz_match(pool, &rule, &tz), PTN_OK, "a zone that is known");
    ok(has(export(pool, cal.objects[0]),
           "DTSTART;TZID=My Zone:20240701T100000"), "and back");

    /* floating: the reader's clock */

    (void) ptn_tz_find(pool, ptn_str("Asia/Tokyo"), &opts.floating);
    is_rc(ptn_ical_import(pool, event(pool, NULL, "VEVENT",
                                      "DTSTART:20240701T100000\n"), &opts,
                          &cal), PTN_OK, "floating");
    ok(ptn_props_int(&cal.objects[0]->props, TAG(START), &n)
       && n == FT(2024, 7, 1, 1, 0), "in Tokyo");
    ok(has(export(pool, cal.objects[0]), "DTSTART:20240701T100000"), "back");
    is_rc(ptn_ical_import(pool, event(pool, NULL, "VEVENT",
                                      "DTSTART;VALUE=DATE:20240701\n"), &opts,
                          &cal), PTN_OK, "a day");
    ok(ptn_props_int(&cal.objects[0]->props, TAG(START), &n)
       && n == FT(2024, 6, 30, 15, 0), "midnight in Tokyo");
    ptn_props_unset(&cal.objects[0]->props, ids[PTN_ICAL_N_CARRY]);
    ok(has(export(pool, cal.objects[0]), "DTSTART;VALUE=DATE:20240701"),
       "a day by itself");
    opts.floating = NULL;
    is_rc(ptn_ical_import(pool, event(pool, NULL, "VEVENT",
                                      "DTSTART;VALUE=DATE:20240701\n"), &opts,
                          &cal), PTN_OK, "a day in UTC");
    ptn_props_unset(&cal.objects[0]->props, ids[PTN_ICAL_N_CARRY]);
    (void) ptn_tz_find(pool, ptn_str("America/New_York"), &opts.floating);
    ok(has(export(pool, cal.objects[0]), "DTSTART;VALUE=DATE:20240701"),
       "the same day for a reader in New York");
    opts.floating = NULL;
}


/* --- values --------------------------------------------------------------- */

static void
test_values(ptn_pool_t *pool)
{
    size_t           i;
    int64_t          n;
    ptn_buf_t        b;
    ptn_str_t        id, uid;
    ptn_ical_time_t  t;
    static const struct {
        const char  *text;
        int64_t      n;             /* -1: none */
        const char  *back;
    } durations[] = {
        { "PT15M", 900, "PT15M" }, { "-P1D", -86400, "-P1D" },
        { "P1W", 604800, "P1W" }, { "P1DT1H", 90000, "P1DT1H" },
        { "PT3600S", 3600, "PT1H" }, { "PT0S", 0, "PT0M" },
        { "+PT1H30M5S", 5405, "PT1H30M5S" }, { "P", -1, NULL },
        { "PT", -1, NULL }, { "15M", -1, NULL }, { "P1H", -1, NULL },
        { "PT1D", -1, NULL }, { "PT1X", -1, NULL }, { "PTM", -1, NULL },
        { "PT99999999999S", -1, NULL }, { "", -1, NULL },
    };
    static const struct {
        const char  *text;
        bool         good;
    } times[] = {
        { "20240229", true }, { "20240229T235959", true },
        { "20240229T235960Z", true }, { " 20240229T000000z ", true },
        { "20230229", false }, { "20241301", false }, { "2024-02-29", false },
        { "20240229T240000", false }, { "20240229 000000", false },
        { "20240229T000000X", false }, { "", false }, { "00000101", false },
    };

    for (i = 0; i < ptn_nelts(durations); i++) {
        if (durations[i].back == NULL) {
            ok(!ptn_ical_duration(ptn_str_z(durations[i].text), &n),
               "no duration: %s", durations[i].text);
            continue;
        }

        ok(ptn_ical_duration(ptn_str_z(durations[i].text), &n)
           && n == durations[i].n, "%s", durations[i].text);
        ptn_buf_init(&b, pool);
        ptn_ical_put_duration(&b, n);
        is_str(ptn_buf_get(&b), durations[i].back, "written");
    }

    for (i = 0; i < ptn_nelts(times); i++) {
        ok(ptn_ical_time(ptn_str_z(times[i].text), &t) == times[i].good,
           "time %s", times[i].text);
    }

    is_rc(ptn_ical_global_id(pool, ptn_str("abc"), 0, &id), PTN_OK, "vCal-Uid");
    is_u64(id.len, 40 + 12 + 3 + 1, "length");
    is_mem(ptn_str_make(id.data + 40, 8), ptn_str("vCal-Uid"), "vCal-Uid");
    is_rc(ptn_ical_uid(pool, id, &uid), PTN_OK, "back");
    is_str(uid, "abc", "UID");
    is_rc(ptn_ical_global_id(pool, ptn_str(
              "040000008200E00074C5B7101A82E00800000000000000000000000000000000"
              "00000000100000002A5844B3A444F74A9C246C60886F11"), 0, &id),
          PTN_OK, "hexadecimal, of a wrong length");
    is_u64(id.len, 40 + 12 + 110 + 1, "a text then");
    is_rc(ptn_ical_global_id(pool, ptn_str(
              "040000008200e00074c5b7101a82e00800000000000000000000000000000000"
              "0000000010000000" "2a5844b3a444f74a9c246c60886f116b"),
              ptn_time_from_civil(2008, 3, 25, 0, 0, 0), &id), PTN_OK, "hex");
    is_u64(id.len, 56, "bytes");
    is_mem(ptn_str_make(id.data + 16, 4), ptn_str_make("\x07\xd8\x03\x19", 4),
           "MS-OXOCAL 4.1.2: the date");
    is_rc(ptn_ical_uid(pool, id, &uid), PTN_OK, "back");
    is_str(uid, "040000008200E00074C5B7101A82E008"
           "00000000000000000000000000000000"
           "00000000100000002A5844B3A444F74A9C246C60886F116B", "UID");
}


/* The page shows the table. */

static void
test_docs(ptn_pool_t *pool)
{
    char        row[256];
    uint32_t    i, n;
    ptn_str_t   page;

    page = ptn_ref_read(pool, "docs/content-calendar.md");

    for (i = 0, n = 0; page.data != NULL && i < ptn_ical_nrows; i++) {
        snprintf(row, sizeof(row), "\n| %s | ", ptn_ical_rows[i].name);

        if (memmem(page.data, page.len, row, strlen(row)) != NULL) {
            n++;

        } else {
            diag("no row %s", ptn_ical_rows[i].name);
        }
    }

    is_u64(n, ptn_ical_nrows, "docs/content-calendar.md has the rows");
}


int
main(void)
{
    size_t       i;
    ptn_pool_t  *pool;

    for (i = 0; i < PTN_ICAL_N_MAX; i++) {
        ids[i] = (uint16_t) (0x8000 + i);
    }

    pool = ptn_pool_create(0, NULL);
    test_rows(pool);
    test_methods(pool);
    test_people(pool);
    test_carry(pool);
    test_series(pool);
    test_zones(pool);
    test_values(pool);
    test_docs(pool);
    ptn_pool_destroy(pool);

    return done_testing();
}
