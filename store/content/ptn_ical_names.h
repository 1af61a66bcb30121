/*
 * The named properties that calendars need: our name, set, lid (or name), type
 * (MS-OXPROPS).
 */

#ifndef PTN_ICAL_NAMES_H
#define PTN_ICAL_NAMES_H


#define PTN_ICAL_NAMES(N)                                                     \
    N(SEQUENCE,         APPOINTMENT, 0x8201, LONG)                            \
    N(BUSY,             APPOINTMENT, 0x8205, LONG)                            \
    N(LOCATION,         APPOINTMENT, 0x8208, UNICODE)                         \
    N(START,            APPOINTMENT, 0x820d, SYSTIME)                         \
    N(END,              APPOINTMENT, 0x820e, SYSTIME)                         \
    N(DURATION,         APPOINTMENT, 0x8213, LONG)                            \
    N(ALL_DAY,          APPOINTMENT, 0x8215, BOOLEAN)                         \
    N(RECUR,            APPOINTMENT, 0x8216, BINARY)                          \
    N(STATE,            APPOINTMENT, 0x8217, LONG)                            \
    N(RESPONSE,         APPOINTMENT, 0x8218, LONG)                            \
    N(REPLY_TIME,       APPOINTMENT, 0x8220, SYSTIME)                         \
    N(RECURRING,        APPOINTMENT, 0x8223, BOOLEAN)                         \
    N(INTENDED,         APPOINTMENT, 0x8224, LONG)                            \
    N(REPLACES,         APPOINTMENT, 0x8228, SYSTIME)                         \
    N(INVITED,          APPOINTMENT, 0x8229, BOOLEAN)                         \
    N(RECUR_TYPE,       APPOINTMENT, 0x8231, LONG)                            \
    N(TZ_STRUCT,        APPOINTMENT, 0x8233, BINARY)                          \
    N(TZ_TEXT,          APPOINTMENT, 0x8234, UNICODE)                         \
    N(CLIP_START,       APPOINTMENT, 0x8235, SYSTIME)                         \
    N(CLIP_END,         APPOINTMENT, 0x8236, SYSTIME)                         \
    N(AUTO_FILL,        APPOINTMENT, 0x823a, BOOLEAN)                         \
    N(CONF_CHECK,       APPOINTMENT, 0x8240, BOOLEAN)                         \
    N(CONF_TYPE,        APPOINTMENT, 0x8241, LONG)                            \
    N(DIRECTORY,        APPOINTMENT, 0x8242, UNICODE)                         \
    N(ORGANIZER_ALIAS,  APPOINTMENT, 0x8243, UNICODE)                         \
    N(AUTO_START_CHECK, APPOINTMENT, 0x8244, BOOLEAN)                         \
    N(EXTERNAL_CHECK,   APPOINTMENT, 0x8246, BOOLEAN)                         \
    N(COLLABORATE_DOC,  APPOINTMENT, 0x8247, UNICODE)                         \
    N(NET_SHOW_URL,     APPOINTMENT, 0x8248, UNICODE)                         \
    N(ONLINE_PASSWORD,  APPOINTMENT, 0x8249, UNICODE)                         \
    N(PROPOSED_START,   APPOINTMENT, 0x8250, SYSTIME)                         \
    N(PROPOSED_END,     APPOINTMENT, 0x8251, SYSTIME)                         \
    N(COUNTER,          APPOINTMENT, 0x8257, BOOLEAN)                         \
    N(NO_COUNTER,       APPOINTMENT, 0x825a, BOOLEAN)                         \
    N(TZ_START,         APPOINTMENT, 0x825e, BINARY)                          \
    N(TZ_END,           APPOINTMENT, 0x825f, BINARY)                          \
    N(TZ_RECUR,         APPOINTMENT, 0x8260, BINARY)                          \
    N(ATTENDEE_CHANGE,  MEETING,     0x0001, SYSTIME)                         \
    N(GLOBAL_ID,        MEETING,     0x0003, BINARY)                          \
    N(IS_RECURRING,     MEETING,     0x0005, BOOLEAN)                         \
    N(IS_EXCEPTION,     MEETING,     0x000a, BOOLEAN)                         \
    N(OWNER_CHANGE,     MEETING,     0x001a, SYSTIME)                         \
    N(CLEAN_ID,         MEETING,     0x0023, BINARY)                          \
    N(REMINDER_DELTA,   COMMON,      0x8501, LONG)                            \
    N(REMINDER_TIME,    COMMON,      0x8502, SYSTIME)                         \
    N(REMINDER_SET,     COMMON,      0x8503, BOOLEAN)                         \
    N(PRIVATE,          COMMON,      0x8506, BOOLEAN)                         \
    N(COMMON_START,     COMMON,      0x8516, SYSTIME)                         \
    N(COMMON_END,       COMMON,      0x8517, SYSTIME)                         \
    N(REMINDER_SIGNAL,  COMMON,      0x8560, SYSTIME)                         \
    N(TASK_STATUS,      TASK,        0x8101, LONG)                            \
    N(TASK_PERCENT,     TASK,        0x8102, DOUBLE)                          \
    N(TASK_START,       TASK,        0x8104, SYSTIME)                         \
    N(TASK_DUE,         TASK,        0x8105, SYSTIME)                         \
    N(TASK_COMPLETED,   TASK,        0x810f, SYSTIME)                         \
    N(TASK_RECUR,       TASK,        0x8116, BINARY)                          \
    N(TASK_COMPLETE,    TASK,        0x811c, BOOLEAN)                         \
    N(TASK_RECURRING,   TASK,        0x8126, BOOLEAN)                         \
    N(LOG_START,        LOG,         0x8706, SYSTIME)                         \
    N(KEYWORDS,         STRINGS,     "Keywords", MV_UNICODE)                  \
    N(CARRY,            STRINGS,     "urn:postern:icalendar", UNICODE)

typedef enum {
#define PTN_ICAL_NAME_ENUM(name, set, lid, type)  PTN_ICAL_N_##name,
    PTN_ICAL_NAMES(PTN_ICAL_NAME_ENUM)
#undef PTN_ICAL_NAME_ENUM
    PTN_ICAL_N_MAX
} ptn_ical_name_e;


#endif /* PTN_ICAL_NAMES_H */
