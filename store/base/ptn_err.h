/*
 * Error codes of postern: one list gives the enum, the names and the answer
 * of each protocol, so that all of them agree about, say, a missing item.
 *
 * Every fallible ptn_* function returns ptn_rc_t.  Outputs are named ret_*
 * and are untouched unless the call returned PTN_OK (or says otherwise).
 */

#ifndef PTN_ERR_H
#define PTN_ERR_H


#include <stdint.h>


/*
 * name, MAPI (MS-OXCDATA 2.4), EWS ResponseCode (MS-OXWSCDATA), IMAP
 * (RFC 9051 7.1), SMTP (RFC 5321, RFC 3463), HTTP status
 */
#define PTN_ERRORS(E)                                                         \
    E(OK,         0x00000000, "NoError",                                      \
      "OK",                  "250 2.0.0 Ok",                          200)    \
    E(ETRUNC,     0x000004b6, "ErrorInvalidRequest",                          \
      "BAD",                 "501 5.5.4 Truncated input",             400)    \
    E(EPARSE,     0x000004b6, "ErrorInvalidRequest",                          \
      "BAD",                 "501 5.5.4 Syntax error",                400)    \
    E(EINVAL,     0x80070057, "ErrorInvalidRequest",                          \
      "BAD",                 "501 5.5.4 Invalid argument",            400)    \
    E(ETOOBIG,    0x00000305, "ErrorMessageSizeExceeded",                     \
      "NO [LIMIT]",          "552 5.3.4 Message too big",             413)    \
    E(ELIMIT,     0x80040301, "ErrorExceededConnectionCount",                 \
      "NO [LIMIT]",          "452 4.5.3 Limit reached",               429)    \
    E(ENOTFOUND,  0x8004010f, "ErrorItemNotFound",                            \
      "NO [NONEXISTENT]",    "550 5.1.1 Not found",                   404)    \
    E(EEXIST,     0x80040604, "ErrorFolderExists",                            \
      "NO [ALREADYEXISTS]",  "550 5.5.0 Already exists",              409)    \
    E(ENOTEMPTY,  0x80040609, "ErrorDeleteDistinguishedFolder",               \
      "NO [HASCHILDREN]",    "550 5.5.0 Not empty",                   409)    \
    E(EDENIED,    0x80070005, "ErrorAccessDenied",                            \
      "NO [NOPERM]",         "550 5.7.1 Access denied",               403)    \
    E(EAUTH,      0x80040111, "ErrorAccessDenied",                            \
      "NO [AUTHENTICATIONFAILED]",                                            \
                             "535 5.7.8 Authentication failed",       401)    \
    E(ETHROTTLE,  0x000004f0, "ErrorServerBusy",                              \
      "NO [UNAVAILABLE]",    "454 4.7.0 Too many failures, try later", 429)   \
    E(EQUOTA,     0x000004d9, "ErrorQuotaExceeded",                           \
      "NO [OVERQUOTA]",      "552 5.2.2 Mailbox full",                507)    \
    E(EBUSY,      0x0000050b, "ErrorServerBusy",                              \
      "NO [UNAVAILABLE]",    "451 4.3.2 Busy, try later",             503)    \
    E(EUNAVAIL,   0x8004011d, "ErrorMailboxStoreUnavailable",                 \
      "NO [UNAVAILABLE]",    "451 4.3.0 Temporary failure",           503)    \
    E(ENOMEM,     0x8007000e, "ErrorInsufficientResources",                   \
      "NO [UNAVAILABLE]",    "451 4.3.0 Out of memory, try later",    503)    \
    E(ENOSPC,     0x0000050d, "ErrorMailboxStoreUnavailable",                 \
      "NO [UNAVAILABLE]",    "452 4.3.1 Insufficient storage",        507)    \
    E(EIO,        0x8004011d, "ErrorMailboxStoreUnavailable",                 \
      "NO [SERVERBUG]",      "451 4.3.0 Temporary failure",           503)    \
    E(ECORRUPT,   0x8004011b, "ErrorCorruptData",                             \
      "NO [CORRUPTION]",     "451 4.3.0 Temporary failure",           500)    \
    E(ECONFLICT,  0x80040109, "ErrorIrresolvableConflict",                    \
      "NO",                  "451 4.3.0 Conflict, try later",         409)    \
    E(ESTALE,     0x00000507, "ErrorInvalidSyncStateData",                    \
      "NO [UNAVAILABLE]",    "421 4.3.2 Session lost",                503)    \
    E(ECANCEL,    0x80040602, "ErrorOperationCancelled",                      \
      "NO",                  "451 4.3.0 Cancelled",                   499)    \
    E(ESUPPORT,   0x80040102, "ErrorInvalidOperation",                        \
      "NO [CANNOT]",         "504 5.5.4 Not supported",               501)    \
    E(EVERSION,   0x80040110, "ErrorInternalServerError",                     \
      "NO [SERVERBUG]",      "451 4.3.0 Temporary failure",           500)    \
    E(AGAIN,      0x0000050b, "ErrorServerBusy",                              \
      "NO [INUSE]",          "451 4.3.2 Try later",                   503)    \
    E(EINTERNAL,  0x80004005, "ErrorInternalServerError",                     \
      "NO [SERVERBUG]",      "451 4.3.0 Internal error",              500)


typedef enum {
#define PTN_ERR_ENUM(name, mapi, ews, imap, smtp, http)  PTN_##name,
    PTN_ERRORS(PTN_ERR_ENUM)
#undef PTN_ERR_ENUM
    PTN_RC_MAX
} ptn_rc_t;


typedef struct {
    const char  *name;          /* "ENOTFOUND" */
    uint32_t     mapi;
    const char  *ews;
    const char  *imap;          /* "NO [NONEXISTENT]" */
    const char  *smtp;          /* "550 5.1.1 Not found" */
    uint16_t     http;
} ptn_err_t;


/* The row of `rc`; never NULL: an unknown value gives EINTERNAL's row. */
const ptn_err_t *ptn_err(ptn_rc_t rc);


#endif /* PTN_ERR_H */
