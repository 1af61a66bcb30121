/*
 * mail_stream/smtp: SMTP (RFC 5321), submission (RFC 6409) and LMTP
 * (RFC 2033), one protocol with three variants; docs/smtp.md tells what a
 * client sees.
 *
 *   ptn_smtp_frame.c   worker side: cuts the bytes into commands and data
 *   ptn_smtp.c         the session and the table of commands
 *   ptn_smtp_path.c    grammar: paths, domains, parameters
 *   ptn_smtp_auth.c    AUTH
 *   ptn_smtp_mail.c    MAIL, RCPT
 *   ptn_smtp_data.c    DATA, and what becomes of a message
 *
 * Units.  PTN_MODE_COMMAND and PTN_MODE_LINE: text is one line up to its LF.
 * A line that was too long arrives as a lone "\n" (its bytes were dropped).
 * PTN_MODE_DATA: the body is the message without dot-stuffing; text is
 * ".\r\n", or a lone "\n" when the message was larger than next.body_max and
 * the rest of it was dropped.
 */

#ifndef PTN_SMTP_H
#define PTN_SMTP_H


#include "ptn_stream.h"


#define PTN_SMTP_LINE_MAX      2048     /* commands; RFC 5321 4.5.3.1.4 */
#define PTN_SMTP_AUTH_MAX      16384    /* AUTH and its answers; RFC 4954 4 */
#define PTN_SMTP_ADDRESS_MAX   254      /* RFC 5321 4.5.3.1.3, erratum 1690 */
#define PTN_SMTP_HELO_MAX      255
#define PTN_SMTP_HOPS_MAX      50
#define PTN_SMTP_ERRORS_MAX    20       /* then 421 */
#define PTN_SMTP_REFUSED_MAX   200      /* recipients, then 421 */
#define PTN_SMTP_AUTH_TRIES    3

typedef enum {
    PTN_SMTP_MX         = 0x01,         /* port 25 */
    PTN_SMTP_SUBMISSION = 0x02,
    PTN_SMTP_LMTP       = 0x04
} ptn_smtp_variant_e;

typedef enum {
    PTN_SMTP_AUTH_NONE,
    PTN_SMTP_AUTH_PLAIN,                /* the response is due */
    PTN_SMTP_AUTH_USER,                 /* LOGIN: the name, */
    PTN_SMTP_AUTH_PASSWORD              /* the password */
} ptn_smtp_auth_e;

/* State between jobs; strings are malloc'ed, freed by `close`. */
typedef struct {
    uint8_t       variant;
    uint8_t       auth_step;            /* ptn_smtp_auth_e */
    uint8_t       auth_tries;
    bool          extended;             /* EHLO or LHLO, not HELO */
    bool          authenticated;
    bool          mail;                 /* MAIL was accepted */
    bool          body8;                /* BODY=8BITMIME */
    uint16_t      errors;
    uint16_t      refused;
    char         *helo;                 /* NULL: not said */
    char         *login;                /* AUTH LOGIN: under way; signed in */
    ptn_handle_t  handle;
    char         *sender;
    char        **rcpt;
    uint32_t      nrcpt, rcpt_size;
    uint32_t      answers;              /* LMTP: replies the last data got */
} ptn_smtp_t;

/* Preconditions of a command. */
#define PTN_SMTP_HELO     0x01          /* after EHLO, HELO or LHLO */
#define PTN_SMTP_SIGNED   0x02          /* submission: after AUTH */
#define PTN_SMTP_NO_MAIL  0x04          /* not within a transaction */
#define PTN_SMTP_MAIL     0x08          /* within one */
#define PTN_SMTP_NO_ARG   0x10

typedef struct {
    const char  *name;
    uint8_t      variants;
    uint8_t      flags;
    ptn_rc_t   (*run)(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg);
} ptn_smtp_cmd_t;

extern const ptn_smtp_cmd_t  ptn_smtp_cmds[];


/* --- worker side */
ptn_frame_e ptn_smtp_frame(ptn_frame_t *f, ptn_str_t in);

/* --- grammar; ret_* are slices of `arg` or in `pool` */

typedef enum {
    PTN_SMTP_PATH_OK, PTN_SMTP_PATH_BAD, PTN_SMTP_PATH_8BIT,
    PTN_SMTP_PATH_LONG
} ptn_smtp_path_e;

/*
 * "<path>" and what follows it.  *ret_address is empty for "<>", without
 * source route, its quotes removed where they are not needed.
 */
ptn_smtp_path_e ptn_smtp_path(ptn_pool_t *pool, ptn_str_t arg,
    ptn_str_t *ret_address, ptn_str_t *ret_rest);

/* Next "KEY[=VALUE]" of *rest; false at its end.  EPARSE in *rc. */
bool ptn_smtp_param(ptn_str_t *rest, ptn_str_t *ret_key, ptn_str_t *ret_value,
    ptn_rc_t *rc);

/* A domain or address literal, as EHLO's argument. */
bool ptn_smtp_domain(ptn_str_t s);

/* --- store side */
ptn_rc_t ptn_smtp_auth(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg);
ptn_rc_t ptn_smtp_auth_line(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t line);
bool ptn_smtp_auth_allowed(const ptn_stream_t *s);
ptn_rc_t ptn_smtp_mail(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg);
ptn_rc_t ptn_smtp_rcpt(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg);
ptn_rc_t ptn_smtp_data(ptn_stream_t *s, ptn_smtp_t *sm, ptn_str_t arg);
ptn_rc_t ptn_smtp_message(ptn_stream_t *s, ptn_smtp_t *sm,
    const ptn_stream_unit_t *unit);
uint32_t ptn_smtp_prepare(ptn_stream_t *s, const ptn_stream_unit_t *unit);

/* A reply line; `line` without CRLF.  error: counted, 421 above the limit. */
ptn_rc_t ptn_smtp_reply(ptn_stream_t *s, const char *line);
ptn_rc_t ptn_smtp_error(ptn_stream_t *s, ptn_smtp_t *sm, const char *line);
ptn_rc_t ptn_smtp_close_with(ptn_stream_t *s, const char *line);

/* Forgets the mail transaction. */
void ptn_smtp_reset(ptn_smtp_t *sm);

/* Keeps a copy beyond the job; replaces what was there.  ENOMEM. */
ptn_rc_t ptn_smtp_keep(char **dst, ptn_str_t s);


#endif /* PTN_SMTP_H */
