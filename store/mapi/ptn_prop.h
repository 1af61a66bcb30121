/*
 * Property tags and types (MS-OXCDATA 2.11, MS-OXPROPS): id in the upper 16
 * bits, type in the lower.  A row: name, id, type.
 */

#ifndef PTN_PROP_H
#define PTN_PROP_H


/* name, type code, bytes of a value (0: its length varies) */
#define PTN_PROP_TYPES(T)                                                     \
    T(I2,       0x0002, 2)                                                    \
    T(LONG,     0x0003, 4)                                                    \
    T(R4,       0x0004, 4)                                                    \
    T(DOUBLE,   0x0005, 8)                                                    \
    T(CURRENCY, 0x0006, 8)                                                    \
    T(APPTIME,  0x0007, 8)                                                    \
    T(ERROR,    0x000a, 4)                                                    \
    T(BOOLEAN,  0x000b, 1)                                                    \
    T(OBJECT,   0x000d, 0)                                                    \
    T(I8,       0x0014, 8)                                                    \
    T(STRING8,  0x001e, 0)                                                    \
    T(UNICODE,  0x001f, 0)      /* UTF-8 within postern, no NUL */            \
    T(SYSTIME,  0x0040, 8)      /* FILETIME */                                \
    T(CLSID,    0x0048, 16)                                                   \
    T(SVREID,   0x00fb, 0)                                                    \
    T(RESTRICT, 0x00fd, 0)                                                    \
    T(ACTIONS,  0x00fe, 0)                                                    \
    T(BINARY,   0x0102, 0)

typedef enum {
#define PTN_PROP_TYPE_ENUM(name, code, size)  PTN_PT_##name = code,
    PTN_PROP_TYPES(PTN_PROP_TYPE_ENUM)
#undef PTN_PROP_TYPE_ENUM
    PTN_PT_MV = 0x1000
} ptn_prop_type_e;


#define PTN_PROPS(P)                                                          \
    P(IMPORTANCE,                  0x0017, LONG)                              \
    P(MESSAGE_CLASS,               0x001a, UNICODE)                           \
    P(PRIORITY,                    0x0026, LONG)                              \
    P(READ_RECEIPT_REQUESTED,      0x0029, BOOLEAN)                           \
    P(SENSITIVITY,                 0x0036, LONG)                              \
    P(SUBJECT,                     0x0037, UNICODE)                           \
    P(CLIENT_SUBMIT_TIME,          0x0039, SYSTIME)                           \
    P(SUBJECT_PREFIX,              0x003d, UNICODE)                           \
    P(RECEIVED_BY_NAME,            0x0040, UNICODE)                           \
    P(SENT_REPRESENTING_NAME,      0x0042, UNICODE)                           \
    P(SENT_REPRESENTING_ADDRTYPE,  0x0064, UNICODE)                           \
    P(SENT_REPRESENTING_EMAIL,     0x0065, UNICODE)                           \
    P(CONVERSATION_TOPIC,          0x0070, UNICODE)                           \
    P(CONVERSATION_INDEX,          0x0071, BINARY)                            \
    P(RECEIVED_BY_EMAIL,           0x0076, UNICODE)                           \
    P(SENDER_NAME,                 0x0c1a, UNICODE)                           \
    P(SENDER_ADDRTYPE,             0x0c1e, UNICODE)                           \
    P(SENDER_EMAIL,                0x0c1f, UNICODE)                           \
    P(DISPLAY_BCC,                 0x0e02, UNICODE)                           \
    P(DISPLAY_CC,                  0x0e03, UNICODE)                           \
    P(DISPLAY_TO,                  0x0e04, UNICODE)                           \
    P(MESSAGE_DELIVERY_TIME,       0x0e06, SYSTIME)                           \
    P(MESSAGE_FLAGS,               0x0e07, LONG)                              \
    P(MESSAGE_SIZE,                0x0e08, LONG)                              \
    P(MESSAGE_SIZE_EXTENDED,       0x0e08, I8)                                \
    P(HASATTACH,                   0x0e1b, BOOLEAN)                           \
    P(NORMALIZED_SUBJECT,          0x0e1d, UNICODE)                           \
    P(READ,                        0x0e69, BOOLEAN)                           \
    P(INTERNET_MESSAGE_ID,         0x1035, UNICODE)                           \
    P(INTERNET_REFERENCES,         0x1039, UNICODE)                           \
    P(IN_REPLY_TO_ID,              0x1042, UNICODE)                           \
    P(INTERNET_RETURN_PATH,        0x1046, UNICODE)                           \
    P(FLAG_STATUS,                 0x1090, LONG)                              \
    P(ATTR_HIDDEN,                 0x10f4, BOOLEAN)                           \
    P(DISPLAY_NAME,                0x3001, UNICODE)                           \
    P(COMMENT,                     0x3004, UNICODE)                           \
    P(CREATION_TIME,               0x3007, SYSTIME)                           \
    P(LAST_MODIFICATION_TIME,      0x3008, SYSTIME)                           \
    P(CONTENT_COUNT,               0x3602, LONG)                              \
    P(CONTENT_UNREAD,              0x3603, LONG)                              \
    P(SUBFOLDERS,                  0x360a, BOOLEAN)                           \
    P(CONTAINER_CLASS,             0x3613, UNICODE)                           \
    P(SENDER_SMTP_ADDRESS,         0x5d01, UNICODE)                           \
    P(SENT_REPRESENTING_SMTP_ADDRESS, 0x5d02, UNICODE)                        \
    P(SOURCE_KEY,                  0x65e0, BINARY)                            \
    P(CHANGE_KEY,                  0x65e2, BINARY)                            \
    P(PREDECESSOR_CHANGE_LIST,     0x65e3, BINARY)

typedef enum {
#define PTN_PROP_ENUM(name, id, type)                                         \
    PTN_PR_##name = ((unsigned) (id) << 16) | PTN_PT_##type,
    PTN_PROPS(PTN_PROP_ENUM)
#undef PTN_PROP_ENUM
    PTN_PR_NULL = 1
} ptn_prop_e;

#define ptn_prop_id(tag)    ((uint16_t) ((tag) >> 16))
#define ptn_prop_type(tag)  ((uint16_t) (tag))


/* 100 ns since 1601-01-01 from seconds since 1970, and back. */
#define PTN_FILETIME_1970   116444736000000000LL

static inline int64_t
ptn_filetime(int64_t sec)
{
    return sec * 10000000 + PTN_FILETIME_1970;
}


#endif /* PTN_PROP_H */
