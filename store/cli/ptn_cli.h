/*
 * store/cli: the `postern` program.  ptn_cli_main.c holds main() alone; all
 * else is in the library, so that tests link it too.
 *
 * A command is a row: two words, arguments, options, a function.  The rows of
 * a noun stand in ptn_cli_<noun>.c; ptn_cli.c has the list of nouns, parses,
 * opens what the row asks for, and prints its help.  What a command prints
 * goes through the calls below, which know text and JSON.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage.  Messages go to standard
 * error, results to standard output.  Passwords come from standard input and
 * nowhere else.
 */

#ifndef PTN_CLI_H
#define PTN_CLI_H


#include <stdio.h>

#include "ptn_auth.h"
#include "ptn_directory.h"
#include "ptn_io.h"


#define PTN_CLI_OK      0
#define PTN_CLI_FAILED  1
#define PTN_CLI_USAGE   2

#define PTN_CLI_OPTIONS_MAX  12

typedef struct ptn_cli_s  ptn_cli_t;

typedef struct {
    const char  *name;              /* "--display"; NULL ends the list */
    const char  *value;             /* its value's name; NULL: a switch */
    const char  *help;
} ptn_cli_option_t;

#define PTN_CLI_ROOT       0x01     /* ROOT must be there */
#define PTN_CLI_CREATE     0x02     /* makes ROOT and directory when missing */
#define PTN_CLI_DIRECTORY  0x04     /* opens it: cli->dir */

typedef struct {
    const char              *noun, *verb;   /* verb "" for one-word commands */
    const char              *args;          /* "ADDRESS [FILE...]" */
    const char              *help;          /* one line */
    int                      min, max;      /* arguments; max -1: any number */
    unsigned                 needs;         /* PTN_CLI_* */
    const ptn_cli_option_t  *options;       /* NULL: none */
    int                    (*run)(ptn_cli_t *cli);
} ptn_cli_command_t;

struct ptn_cli_s {
    FILE                     *out, *err;
    int                       in;
    bool                      json;
    const char               *user;         /* --user */
    ptn_conf_t                conf;
    ptn_pool_t               *pool;
    ptn_directory_t          *dir;
    const ptn_cli_command_t  *command;
    int                       argc;
    char                    **argv;         /* arguments, options taken out */
    const char               *value[PTN_CLI_OPTIONS_MAX];
                                            /* by option; "" for a switch */
    uid_t                     caller;       /* who we were */

    unsigned                  depth;        /* of the output */
    bool                      first;
};


/* Every noun's rows; each list ends in a row without a noun. */
extern const ptn_cli_command_t  ptn_cli_domain[];
extern const ptn_cli_command_t  ptn_cli_user[];
extern const ptn_cli_command_t  ptn_cli_alias[];
extern const ptn_cli_command_t  ptn_cli_group[];
extern const ptn_cli_command_t  ptn_cli_access[];
extern const ptn_cli_command_t  ptn_cli_permission[];
extern const ptn_cli_command_t  ptn_cli_mailbox[];
extern const ptn_cli_command_t  ptn_cli_backup[];
extern const ptn_cli_command_t  ptn_cli_restore[];
extern const ptn_cli_command_t  ptn_cli_queue[];
extern const ptn_cli_command_t  ptn_cli_auth[];
extern const ptn_cli_command_t  ptn_cli_status[];


/* The whole program.  Returns the exit code. */
int ptn_cli_run(int argc, char **argv, int in, FILE *out, FILE *err);


/* The option's value, "" for a switch; NULL: not given. */
const char *ptn_cli_option(ptn_cli_t *cli, const char *name);

/* "postern: text" to standard error; with --json also as an object. */
int ptn_cli_fail(ptn_cli_t *cli, const char *fmt, ...) PTN_PRINTF(2, 3);

/* As fail, for an error code: what was being done, with what. */
int ptn_cli_rc(ptn_cli_t *cli, ptn_rc_t rc, const char *what,
    const char *name);
int ptn_cli_usage(ptn_cli_t *cli, const char *fmt, ...) PTN_PRINTF(2, 3);

/* "done" as text or object: what happened to what. */
int ptn_cli_done(ptn_cli_t *cli, const char *what, const char *name);

/*
 * Results: a list of objects or one object.  As text a list is one line an
 * object, fields parted by tabs; one object is a line a field, "key: value".
 */
void ptn_cli_list_begin(ptn_cli_t *cli);
void ptn_cli_list_end(ptn_cli_t *cli);
void ptn_cli_object_begin(ptn_cli_t *cli);
void ptn_cli_object_end(ptn_cli_t *cli);
void ptn_cli_field(ptn_cli_t *cli, const char *key, ptn_str_t value);
void ptn_cli_field_u64(ptn_cli_t *cli, const char *key, uint64_t value);
void ptn_cli_field_bool(ptn_cli_t *cli, const char *key, bool value);
void ptn_cli_field_time(ptn_cli_t *cli, const char *key, int64_t usec);

/* A string within JSON quotes, and one that no terminal obeys. */
void ptn_cli_put_json(FILE *out, ptn_str_t s);
void ptn_cli_put_text(FILE *out, ptn_str_t s);


/*
 * The first line of standard input, without its end; secret memory, given
 * back by ptn_cli_password_done().  Wrong usage when --password-stdin was not
 * given, which is never a reason to look elsewhere.
 */
int ptn_cli_password(ptn_cli_t *cli, ptn_str_t *ret_password);
void ptn_cli_password_done(ptn_str_t *password);

/* "yes" and "no"; "10G", "500M", "64K", bytes.  False: neither. */
bool ptn_cli_yes_no(const char *s, bool *ret);
bool ptn_cli_size(const char *s, uint64_t *ret);

/* The user of an address, or a message and an exit code other than 0. */
int ptn_cli_find_user(ptn_cli_t *cli, const char *address,
    ptn_user_t *ret_user);


/*
 * ROOT's files belong to who owns ROOT: when root runs us, we become that
 * user for good, keeping only a saved uid to open files named on the command
 * line as the caller.
 */
int ptn_cli_become_owner(ptn_cli_t *cli);

/* At the end: the saved uid goes too, and we may be looked at again. */
void ptn_cli_leave(ptn_cli_t *cli);

/* Opens a file for reading with the caller's rights. */
int ptn_cli_open_file(ptn_cli_t *cli, const char *path);


#endif /* PTN_CLI_H */
