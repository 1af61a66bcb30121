#include <stdio.h>

#include "ptn_ews.h"


/*
 * GetServerTimeZones (MS-OXWSGTZ): Windows' zones with the rules that hold
 * now.  A row: id, minutes from local time to UTC in winter and in summer, and
 * where it changes to either: month, day of the week (0: Sunday), which of the
 * month (5: the last), minutes.
 */

typedef struct {
    int8_t   month, day, nth;
    int16_t  minutes;
} ptn_ews_rule_t;

typedef struct {
    const char      *id;
    int16_t          standard, daylight;
    ptn_ews_rule_t   to_standard, to_daylight;
} ptn_ews_zone_t;

#define PTN_EWS_FIXED  { 0, 0, 0, 0 }, { 0, 0, 0, 0 }

static const ptn_ews_zone_t  ptn_ews_zones[] = {
    { "AUS Central Standard Time", -570, -570, PTN_EWS_FIXED },
    { "AUS Eastern Standard Time", -600, -660,
      { 4, 0, 1, 180 }, { 10, 0, 1, 120 } },
    { "Afghanistan Standard Time", -270, -270, PTN_EWS_FIXED },
    { "Alaskan Standard Time", 540, 480,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Aleutian Standard Time", 600, 540,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Altai Standard Time", -420, -420, PTN_EWS_FIXED },
    { "Arab Standard Time", -180, -180, PTN_EWS_FIXED },
    { "Arabian Standard Time", -240, -240, PTN_EWS_FIXED },
    { "Arabic Standard Time", -180, -180, PTN_EWS_FIXED },
    { "Argentina Standard Time", 180, 180, PTN_EWS_FIXED },
    { "Astrakhan Standard Time", -240, -240, PTN_EWS_FIXED },
    { "Atlantic Standard Time", 240, 180,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Aus Central W. Standard Time", -525, -525, PTN_EWS_FIXED },
    { "Azerbaijan Standard Time", -240, -240, PTN_EWS_FIXED },
    { "Azores Standard Time", 60, 0,
      { 10, 0, 5, 60 }, { 3, 0, 5, 0 } },
    { "Bahia Standard Time", 180, 180, PTN_EWS_FIXED },
    { "Bangladesh Standard Time", -360, -360, PTN_EWS_FIXED },
    { "Belarus Standard Time", -180, -180, PTN_EWS_FIXED },
    { "Bougainville Standard Time", -660, -660, PTN_EWS_FIXED },
    { "Canada Central Standard Time", 360, 360, PTN_EWS_FIXED },
    { "Cape Verde Standard Time", 60, 60, PTN_EWS_FIXED },
    { "Caucasus Standard Time", -240, -240, PTN_EWS_FIXED },
    { "Cen. Australia Standard Time", -570, -630,
      { 4, 0, 1, 180 }, { 10, 0, 1, 120 } },
    { "Central America Standard Time", 360, 360, PTN_EWS_FIXED },
    { "Central Asia Standard Time", -360, -360, PTN_EWS_FIXED },
    { "Central Brazilian Standard Time", 240, 240, PTN_EWS_FIXED },
    { "Central Europe Standard Time", -60, -120,
      { 10, 0, 5, 180 }, { 3, 0, 5, 120 } },
    { "Central European Standard Time", -60, -120,
      { 10, 0, 5, 180 }, { 3, 0, 5, 120 } },
    { "Central Pacific Standard Time", -660, -660, PTN_EWS_FIXED },
    { "Central Standard Time", 360, 300,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Central Standard Time (Mexico)", 360, 360, PTN_EWS_FIXED },
    { "Chatham Islands Standard Time", -765, -825,
      { 4, 0, 1, 225 }, { 9, 0, 5, 165 } },
    { "China Standard Time", -480, -480, PTN_EWS_FIXED },
    { "Cuba Standard Time", 300, 240,
      { 11, 0, 1, 60 }, { 3, 0, 2, 0 } },
    { "Dateline Standard Time", 720, 720, PTN_EWS_FIXED },
    { "E. Africa Standard Time", -180, -180, PTN_EWS_FIXED },
    { "E. Australia Standard Time", -600, -600, PTN_EWS_FIXED },
    { "E. Europe Standard Time", -120, -180,
      { 10, 0, 5, 180 }, { 3, 0, 5, 120 } },
    { "E. South America Standard Time", 180, 180, PTN_EWS_FIXED },
    { "Easter Island Standard Time", 360, 300,
      { 4, 6, 1, 1320 }, { 9, 6, 1, 1320 } },
    { "Eastern Standard Time", 300, 240,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Eastern Standard Time (Mexico)", 300, 300, PTN_EWS_FIXED },
    { "Egypt Standard Time", -120, -180,
      { 10, 4, 5, 1439 }, { 4, 5, 5, 0 } },
    { "Ekaterinburg Standard Time", -300, -300, PTN_EWS_FIXED },
    { "FLE Standard Time", -120, -180,
      { 10, 0, 5, 240 }, { 3, 0, 5, 180 } },
    { "Fiji Standard Time", -720, -720, PTN_EWS_FIXED },
    { "GMT Standard Time", 0, -60,
      { 10, 0, 5, 120 }, { 3, 0, 5, 60 } },
    { "GTB Standard Time", -120, -180,
      { 10, 0, 5, 240 }, { 3, 0, 5, 180 } },
    { "Georgian Standard Time", -240, -240, PTN_EWS_FIXED },
    { "Greenland Standard Time", 120, 60,
      { 10, 0, 5, 0 }, { 3, 6, 5, 1380 } },
    { "Greenwich Standard Time", 0, 0, PTN_EWS_FIXED },
    { "Haiti Standard Time", 300, 240,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Hawaiian Standard Time", 600, 600, PTN_EWS_FIXED },
    { "India Standard Time", -330, -330, PTN_EWS_FIXED },
    { "Iran Standard Time", -210, -210, PTN_EWS_FIXED },
    { "Israel Standard Time", -120, -180,
      { 10, 0, 5, 120 }, { 3, 5, 5, 120 } },
    { "Jordan Standard Time", -180, -180, PTN_EWS_FIXED },
    { "Kaliningrad Standard Time", -120, -120, PTN_EWS_FIXED },
    { "Korea Standard Time", -540, -540, PTN_EWS_FIXED },
    { "Libya Standard Time", -120, -120, PTN_EWS_FIXED },
    { "Line Islands Standard Time", -840, -840, PTN_EWS_FIXED },
    { "Lord Howe Standard Time", -630, -660,
      { 4, 0, 1, 120 }, { 10, 0, 1, 120 } },
    { "Magadan Standard Time", -660, -660, PTN_EWS_FIXED },
    { "Magallanes Standard Time", 180, 180, PTN_EWS_FIXED },
    { "Marquesas Standard Time", 570, 570, PTN_EWS_FIXED },
    { "Mauritius Standard Time", -240, -240, PTN_EWS_FIXED },
    { "Middle East Standard Time", -120, -180,
      { 10, 0, 5, 0 }, { 3, 0, 5, 0 } },
    { "Montevideo Standard Time", 180, 180, PTN_EWS_FIXED },
    { "Morocco Standard Time", -60, -60, PTN_EWS_FIXED },
    { "Mountain Standard Time", 420, 360,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Mountain Standard Time (Mexico)", 420, 420, PTN_EWS_FIXED },
    { "Myanmar Standard Time", -390, -390, PTN_EWS_FIXED },
    { "N. Central Asia Standard Time", -420, -420, PTN_EWS_FIXED },
    { "Namibia Standard Time", -120, -120, PTN_EWS_FIXED },
    { "Nepal Standard Time", -345, -345, PTN_EWS_FIXED },
    { "New Zealand Standard Time", -720, -780,
      { 4, 0, 1, 180 }, { 9, 0, 5, 120 } },
    { "Newfoundland Standard Time", 210, 150,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Norfolk Standard Time", -660, -720,
      { 4, 0, 1, 180 }, { 10, 0, 1, 120 } },
    { "North Asia East Standard Time", -480, -480, PTN_EWS_FIXED },
    { "North Asia Standard Time", -420, -420, PTN_EWS_FIXED },
    { "North Korea Standard Time", -540, -540, PTN_EWS_FIXED },
    { "Omsk Standard Time", -360, -360, PTN_EWS_FIXED },
    { "Pacific SA Standard Time", 240, 180,
      { 4, 0, 1, 0 }, { 9, 0, 1, 0 } },
    { "Pacific Standard Time", 480, 420,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Pacific Standard Time (Mexico)", 480, 420,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Pakistan Standard Time", -300, -300, PTN_EWS_FIXED },
    { "Paraguay Standard Time", 180, 180, PTN_EWS_FIXED },
    { "Qyzylorda Standard Time", -300, -300, PTN_EWS_FIXED },
    { "Romance Standard Time", -60, -120,
      { 10, 0, 5, 180 }, { 3, 0, 5, 120 } },
    { "Russia Time Zone 10", -660, -660, PTN_EWS_FIXED },
    { "Russia Time Zone 11", -720, -720, PTN_EWS_FIXED },
    { "Russia Time Zone 3", -240, -240, PTN_EWS_FIXED },
    { "Russian Standard Time", -180, -180, PTN_EWS_FIXED },
    { "SA Eastern Standard Time", 180, 180, PTN_EWS_FIXED },
    { "SA Pacific Standard Time", 300, 300, PTN_EWS_FIXED },
    { "SA Western Standard Time", 240, 240, PTN_EWS_FIXED },
    { "SE Asia Standard Time", -420, -420, PTN_EWS_FIXED },
    { "Saint Pierre Standard Time", 180, 120,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "Sakhalin Standard Time", -660, -660, PTN_EWS_FIXED },
    { "Samoa Standard Time", -780, -780, PTN_EWS_FIXED },
    { "Sao Tome Standard Time", 0, 0, PTN_EWS_FIXED },
    { "Saratov Standard Time", -240, -240, PTN_EWS_FIXED },
    { "Singapore Standard Time", -480, -480, PTN_EWS_FIXED },
    { "South Africa Standard Time", -120, -120, PTN_EWS_FIXED },
    { "South Sudan Standard Time", -120, -120, PTN_EWS_FIXED },
    { "Sri Lanka Standard Time", -330, -330, PTN_EWS_FIXED },
    { "Sudan Standard Time", -120, -120, PTN_EWS_FIXED },
    { "Syria Standard Time", -180, -180, PTN_EWS_FIXED },
    { "Taipei Standard Time", -480, -480, PTN_EWS_FIXED },
    { "Tasmania Standard Time", -600, -660,
      { 4, 0, 1, 180 }, { 10, 0, 1, 120 } },
    { "Tocantins Standard Time", 180, 180, PTN_EWS_FIXED },
    { "Tokyo Standard Time", -540, -540, PTN_EWS_FIXED },
    { "Tomsk Standard Time", -420, -420, PTN_EWS_FIXED },
    { "Tonga Standard Time", -780, -780, PTN_EWS_FIXED },
    { "Transbaikal Standard Time", -540, -540, PTN_EWS_FIXED },
    { "Turkey Standard Time", -180, -180, PTN_EWS_FIXED },
    { "Turks And Caicos Standard Time", 300, 240,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "US Eastern Standard Time", 300, 240,
      { 11, 0, 1, 120 }, { 3, 0, 2, 120 } },
    { "US Mountain Standard Time", 420, 420, PTN_EWS_FIXED },
    { "UTC", 0, 0, PTN_EWS_FIXED },
    { "UTC+12", -720, -720, PTN_EWS_FIXED },
    { "UTC+13", -780, -780, PTN_EWS_FIXED },
    { "UTC-02", 120, 120, PTN_EWS_FIXED },
    { "UTC-08", 480, 480, PTN_EWS_FIXED },
    { "UTC-09", 540, 540, PTN_EWS_FIXED },
    { "UTC-11", 660, 660, PTN_EWS_FIXED },
    { "Ulaanbaatar Standard Time", -480, -480, PTN_EWS_FIXED },
    { "Venezuela Standard Time", 240, 240, PTN_EWS_FIXED },
    { "Vladivostok Standard Time", -600, -600, PTN_EWS_FIXED },
    { "Volgograd Standard Time", -180, -180, PTN_EWS_FIXED },
    { "W. Australia Standard Time", -480, -480, PTN_EWS_FIXED },
    { "W. Central Africa Standard Time", -60, -60, PTN_EWS_FIXED },
    { "W. Europe Standard Time", -60, -120,
      { 10, 0, 5, 180 }, { 3, 0, 5, 120 } },
    { "W. Mongolia Standard Time", -420, -420, PTN_EWS_FIXED },
    { "West Asia Standard Time", -300, -300, PTN_EWS_FIXED },
    { "West Bank Standard Time", -120, -180,
      { 10, 6, 5, 120 }, { 3, 6, 5, 120 } },
    { "West Pacific Standard Time", -600, -600, PTN_EWS_FIXED },
    { "Yakutsk Standard Time", -540, -540, PTN_EWS_FIXED },
    { "Yukon Standard Time", 420, 420, PTN_EWS_FIXED },
};


static void
ptn_ews_zone_duration(int minutes, char text[32])
{
    snprintf(text, 32, "%sPT%dH%dM", minutes < 0 ? "-" : "",
             (minutes < 0 ? -minutes : minutes) / 60,
             (minutes < 0 ? -minutes : minutes) % 60);
}


static void
ptn_ews_zone_period(ptn_ews_t *e, const ptn_ews_zone_t *z, const char *name,
    int bias)
{
    char  text[32];

    ptn_ews_zone_duration(bias, text);
    ptn_buf_printf(&e->out.buf, "<t:Period Bias=\"%s\" Name=\"%s\" Id=\"trule:"
                   "Microsoft/Registry/%s/1-%s\"/>", text, name, z->id, name);
}


static void
ptn_ews_zone_transition(ptn_ews_t *e, const ptn_ews_zone_t *z,
    const char *name, const ptn_ews_rule_t *rule)
{
    char  text[32];

    static const char *const  days[] = {
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
        "Saturday"
    };

    if (rule->month == 0) {
        ptn_buf_printf(&e->out.buf, "<t:Transition><t:To Kind=\"Period\">"
                       "trule:Microsoft/Registry/%s/1-%s</t:To>"
                       "</t:Transition>", z->id, name);
        return;
    }

    ptn_ews_zone_duration(rule->minutes, text);
    ptn_buf_printf(&e->out.buf, "<t:RecurringDayTransition><t:To"
                   " Kind=\"Period\">trule:Microsoft/Registry/%s/1-%s</t:To>"
                   "<t:TimeOffset>%s</t:TimeOffset><t:Month>%d</t:Month>"
                   "<t:DayOfWeek>%s</t:DayOfWeek><t:Occurrence>%d"
                   "</t:Occurrence></t:RecurringDayTransition>", z->id, name,
                   text, rule->month, days[rule->day],
                   rule->nth == 5 ? -1 : rule->nth);
}


static void
ptn_ews_put_zone(ptn_ews_t *e, const ptn_ews_zone_t *z, bool full)
{
    int   minutes;
    bool  dst;
    char  name[96];

    minutes = z->standard < 0 ? -z->standard : z->standard;
    snprintf(name, sizeof(name), "(UTC%s%02d:%02d) %s",
             z->standard > 0 ? "-" : "+", minutes / 60, minutes % 60, z->id);

    ptn_ews_lit(&e->out, "<t:TimeZoneDefinition");
    ptn_ews_attr_put(&e->out, "Id", ptn_str_z(z->id));
    ptn_ews_attr_put(&e->out, "Name", ptn_str_z(name));

    if (!full) {
        ptn_ews_lit(&e->out, "/>");
        return;
    }

    dst = (z->to_standard.month != 0);

    ptn_ews_lit(&e->out, "><t:Periods>");
    ptn_ews_zone_period(e, z, "Standard", z->standard);

    if (dst) {
        ptn_ews_zone_period(e, z, "Daylight", z->daylight);
    }

    ptn_ews_lit(&e->out, "</t:Periods><t:TransitionsGroups>"
                         "<t:TransitionsGroup Id=\"0\">");

    if (dst) {
        ptn_ews_zone_transition(e, z, "Daylight", &z->to_daylight);
    }

    ptn_ews_zone_transition(e, z, "Standard", &z->to_standard);

    ptn_ews_lit(&e->out, "</t:TransitionsGroup></t:TransitionsGroups>"
                "<t:Transitions><t:Transition><t:To Kind=\"Group\">0</t:To>"
                "</t:Transition></t:Transitions></t:TimeZoneDefinition>");
}


ptn_rc_t
ptn_ews_get_server_time_zones(ptn_ews_t *e)
{
    bool                 full;
    size_t               i;
    const ptn_ews_el_t  *ids, *el;

    full = true;
    (void) ptn_xs_bool(ptn_ews_attr(e->request, "ReturnFullTimeZoneData"),
                       &full);

    ids = ptn_ews_child(e->request, "Ids");

    ptn_ews_reply_open(e);
    ptn_ews_message_open(e);
    ptn_ews_lit(&e->out, "<m:TimeZoneDefinitions>");

    for (i = 0; i < ptn_nelts(ptn_ews_zones); i++) {
        el = ids == NULL ? NULL : ids->child;

        for ( /* void */ ; el != NULL; el = el->next) {
            if (ptn_str_ieqz(ptn_xs_trim(el->text), ptn_ews_zones[i].id)) {
                break;
            }
        }

        if (ids == NULL || el != NULL) {
            ptn_ews_put_zone(e, &ptn_ews_zones[i], full);
        }
    }

    ptn_ews_lit(&e->out, "</m:TimeZoneDefinitions>");
    ptn_ews_message_close(e);
    ptn_ews_reply_close(e);

    return ptn_ews_flush(&e->out);
}
