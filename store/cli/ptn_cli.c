#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ptn_cli.h"


#define PTN_CLI_ROOT_DEFAULT  "/var/lib/postern"


static const ptn_cli_command_t *const  ptn_cli_nouns[] = {
    ptn_cli_domain,
    ptn_cli_user,
    ptn_cli_alias,
    ptn_cli_group,
    ptn_cli_permission,
    ptn_cli_access,
    ptn_cli_mailbox,
    ptn_cli_backup,
    ptn_cli_restore,
    ptn_cli_queue,
    ptn_cli_auth,
    ptn_cli_status,
    NULL
};

static const ptn_cli_option_t  ptn_cli_globals[] = {
    { "--root", "ROOT", "where postern's data is"
      " (else $POSTERN_ROOT, else " PTN_CLI_ROOT_DEFAULT ")" },
    { "--directory", "FILE", "the directory, if not ROOT/directory.sqlite" },
    { "--user", "NAME", "owner of a new ROOT" },
    { "--json", NULL, "results as JSON" },
    { "--help", NULL, "this text, or that of a command" },
    { NULL, NULL, NULL }
};


static void
ptn_cli_print_options(FILE *out, const ptn_cli_option_t *o)
{
    char  left[64];

    for ( /* void */ ; o != NULL && o->name != NULL; o++) {
        snprintf(left, sizeof(left), "%s%s%s", o->name,
                 o->value ? " " : "", o->value ? o->value : "");
        fprintf(out, "  %-22s %s\n", left, o->help);
    }
}


static void
ptn_cli_print_command(FILE *out, const ptn_cli_command_t *c)
{
    char  left[128];

    snprintf(left, sizeof(left), "%s%s%s%s%s", c->noun, *c->verb ? " " : "",
             c->verb, *c->args ? " " : "", c->args);
    fprintf(out, "  %-34s %s\n", left, c->help);
}


/* `noun` NULL: all. */

static int
ptn_cli_help(FILE *out, const char *noun)
{
    size_t                    i;
    const ptn_cli_command_t  *c;

    fprintf(out, "usage: postern [--root ROOT] %s [options]\n\n",
            noun ? noun : "COMMAND");

    for (i = 0; ptn_cli_nouns[i] != NULL; i++) {

        if (noun != NULL && strcmp(noun, ptn_cli_nouns[i]->noun) != 0) {
            continue;
        }

        for (c = ptn_cli_nouns[i]; c->noun != NULL; c++) {
            ptn_cli_print_command(out, c);
        }
    }

    fprintf(out, "\n");
    ptn_cli_print_options(out, ptn_cli_globals);
    fprintf(out, "\nExit codes: 0 done, 1 failed, 2 wrong usage.\n");

    return PTN_CLI_OK;
}


static int
ptn_cli_help_command(FILE *out, const ptn_cli_command_t *c)
{
    fprintf(out, "usage: postern [--root ROOT] %s%s%s%s%s%s\n\n%s.\n",
            c->noun, *c->verb ? " " : "", c->verb, *c->args ? " " : "",
            c->args, c->options ? " [options]" : "", c->help);

    if (c->options != NULL) {
        fprintf(out, "\n");
        ptn_cli_print_options(out, c->options);
    }

    fprintf(out, "\n");
    ptn_cli_print_options(out, ptn_cli_globals);

    return PTN_CLI_OK;
}


static const ptn_cli_option_t *
ptn_cli_option_find(const ptn_cli_option_t *list, const char *arg, size_t n)
{
    for ( /* void */ ; list != NULL && list->name != NULL; list++) {
        if (strlen(list->name) == n && strncmp(list->name, arg, n) == 0) {
            return list;
        }
    }

    return NULL;
}


const char *
ptn_cli_option(ptn_cli_t *cli, const char *name)
{
    const ptn_cli_option_t  *o;

    o = ptn_cli_option_find(cli->command->options, name, strlen(name));

    return (o != NULL) ? cli->value[o - cli->command->options] : NULL;
}


static void
ptn_cli_global(ptn_cli_t *cli, const char *name, const char *value,
    bool *help)
{
    if (strcmp(name, "--root") == 0) {
        cli->conf.root = value;

    } else if (strcmp(name, "--directory") == 0) {
        cli->conf.directory = value;

    } else if (strcmp(name, "--user") == 0) {
        cli->user = value;

    } else if (strcmp(name, "--json") == 0) {
        cli->json = true;

    } else {
        *help = true;
    }
}


/* Which command, from the first one or two words that are no options. */

static const ptn_cli_command_t *
ptn_cli_find_command(const char *noun, const char *verb)
{
    size_t                    i;
    const ptn_cli_command_t  *c;

    for (i = 0; ptn_cli_nouns[i] != NULL; i++) {
        for (c = ptn_cli_nouns[i]; c->noun != NULL; c++) {

            if (noun != NULL && strcmp(c->noun, noun) == 0
                && (*c->verb == '\0'
                    || (verb != NULL && strcmp(c->verb, verb) == 0)))
            {
                return c;
            }
        }
    }

    return NULL;
}


static bool
ptn_cli_is_noun(const char *s)
{
    size_t  i;

    for (i = 0; ptn_cli_nouns[i] != NULL; i++) {
        if (strcmp(ptn_cli_nouns[i]->noun, s) == 0) {
            return true;
        }
    }

    return false;
}


/*
 * A password in the argument list is seen by every user of the machine: it is
 * refused, also where the option would be unknown anyway.
 */

static bool
ptn_cli_is_password(const char *arg)
{
    return strncmp(arg, "--password", 10) == 0
           && strcmp(arg, "--password-stdin") != 0;
}


typedef struct {
    int     argc;
    char  **argv;
    int     i;
    bool    help;
    bool    rest;               /* behind "--" */
} ptn_cli_parse_t;


/* One option at p->argv[p->i].  0, or an exit code. */

static int
ptn_cli_parse_option(ptn_cli_t *cli, ptn_cli_parse_t *p)
{
    bool                     global;
    char                    *arg, *eq;
    size_t                   n;
    const char              *value;
    const ptn_cli_option_t  *o;

    arg = p->argv[p->i];
    eq = strchr(arg, '=');
    n = eq ? (size_t) (eq - arg) : strlen(arg);

    if (ptn_cli_is_password(arg)) {
        return ptn_cli_usage(cli, "a password is never an argument:"
                             " --password-stdin reads it from standard"
                             " input");
    }

    o = ptn_cli_option_find(ptn_cli_globals, arg, n);
    global = o != NULL;

    if (!global && cli->command != NULL) {
        o = ptn_cli_option_find(cli->command->options, arg, n);
    }

    if (o == NULL) {
        return ptn_cli_usage(cli, "unknown option %.*s", (int) n, arg);
    }

    value = "";

    if (o->value == NULL) {
        if (eq != NULL) {
            return ptn_cli_usage(cli, "%s takes no value", o->name);
        }

    } else if (eq != NULL) {
        value = eq + 1;

    } else if (p->i + 1 < p->argc) {
        value = p->argv[++p->i];

    } else {
        return ptn_cli_usage(cli, "%s needs a value", o->name);
    }

    if (global) {
        ptn_cli_global(cli, o->name, value, &p->help);

    } else {
        cli->value[o - cli->command->options] = value;
    }

    return PTN_CLI_OK;
}


/*
 * The words of the command, wherever they stand among options.  Options of
 * the command may come before its words too, so words are found first.
 */

static void
ptn_cli_parse_words(ptn_cli_t *cli, int argc, char **argv)
{
    int                      i;
    size_t                   n;
    const char              *word[2] = { NULL, NULL };
    unsigned                 nwords;
    const ptn_cli_option_t  *o;

    for (i = 1, nwords = 0; i < argc && nwords < 2; i++) {

        if (strcmp(argv[i], "--") == 0) {
            continue;
        }

        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            word[nwords++] = argv[i];
            continue;
        }

        /* a global option before the words may have a value */

        n = strcspn(argv[i], "=");
        o = ptn_cli_option_find(ptn_cli_globals, argv[i], n);

        if (o != NULL && o->value != NULL && argv[i][n] == '\0') {
            i++;
        }
    }

    cli->command = ptn_cli_find_command(word[0], word[1]);
}


static int
ptn_cli_parse(ptn_cli_t *cli, ptn_cli_parse_t *p)
{
    int  rc, words;

    ptn_cli_parse_words(cli, p->argc, p->argv);

    words = cli->command == NULL ? 0 : *cli->command->verb ? 2 : 1;

    for (p->i = 1; p->i < p->argc; p->i++) {

        if (!p->rest && strcmp(p->argv[p->i], "--") == 0) {
            p->rest = true;
            continue;
        }

        if (!p->rest && p->argv[p->i][0] == '-' && p->argv[p->i][1] != '\0') {
            rc = ptn_cli_parse_option(cli, p);
            if (rc != PTN_CLI_OK) {
                return rc;
            }
            continue;
        }

        if (words != 0) {
            words--;
            continue;
        }

        cli->argv[cli->argc++] = p->argv[p->i];
    }

    return PTN_CLI_OK;
}


/* No command: help was asked for, or the words are wrong. */

static int
ptn_cli_no_command(ptn_cli_t *cli, bool help)
{
    const char  *noun;

    noun = cli->argc ? cli->argv[0] : NULL;

    if (noun != NULL && strcmp(noun, "help") == 0) {
        help = true;
        noun = cli->argc > 1 ? cli->argv[1] : NULL;
    }

    if (help && (noun == NULL || ptn_cli_is_noun(noun))) {
        return ptn_cli_help(cli->out, noun);
    }

    if (noun == NULL) {
        (void) ptn_cli_help(cli->err, NULL);
        return PTN_CLI_USAGE;
    }

    if (!ptn_cli_is_noun(noun)) {
        return ptn_cli_usage(cli, "unknown command \"%s\"", noun);
    }

    if (cli->argc < 2) {
        (void) ptn_cli_help(cli->err, noun);
        return PTN_CLI_USAGE;
    }

    return ptn_cli_usage(cli, "unknown command \"%s %s\"", noun,
                         cli->argv[1]);
}


/* Opens what the command needs, and runs it. */

static int
ptn_cli_execute(ptn_cli_t *cli)
{
    int       code;
    bool      create;
    ptn_rc_t  rc;

    if (cli->command->needs & (PTN_CLI_ROOT|PTN_CLI_CREATE)) {
        code = ptn_cli_become_owner(cli);
        if (code != PTN_CLI_OK) {
            return code;
        }
    }

    if (cli->command->needs & PTN_CLI_DIRECTORY) {

        if (ptn_io_vfs_register(&ptn_io_posix, "ptn") != PTN_OK) {
            return ptn_cli_fail(cli, "SQLite cannot be used");
        }

        create = (cli->command->needs & PTN_CLI_CREATE) != 0;

        rc = ptn_directory_open(&cli->conf, create, &cli->dir);

        if (rc == PTN_ENOTFOUND) {
            return ptn_cli_fail(cli, "no directory in %s yet: `postern domain"
                                " add NAME` makes one", cli->conf.root);
        }

        if (rc != PTN_OK) {
            return ptn_cli_rc(cli, rc, "cannot open the directory in",
                              cli->conf.root);
        }
    }

    return cli->command->run(cli);
}


static int
ptn_cli_checked(ptn_cli_t *cli, const ptn_cli_parse_t *p)
{
    const ptn_cli_command_t  *c = cli->command;

    if (c == NULL) {
        return ptn_cli_no_command(cli, p->help);
    }

    if (p->help) {
        return ptn_cli_help_command(cli->out, c);
    }

    if (cli->argc < c->min) {
        return ptn_cli_usage(cli, "%s%s%s needs %s", c->noun,
                             *c->verb ? " " : "", c->verb, c->args);
    }

    if (c->max != -1 && cli->argc > c->max) {
        return ptn_cli_usage(cli, "too many arguments");
    }

    return ptn_cli_execute(cli);
}


int
ptn_cli_run(int argc, char **argv, int in, FILE *out, FILE *err)
{
    int              code;
    ptn_cli_t        cli;
    ptn_cli_parse_t  p;

    memset(&cli, 0, sizeof(ptn_cli_t));
    memset(&p, 0, sizeof(ptn_cli_parse_t));

    umask(077);
    signal(SIGPIPE, SIG_IGN);

    cli.in = in;
    cli.out = out;
    cli.err = err;
    cli.caller = geteuid();
    ptn_conf_defaults(&cli.conf);
    cli.conf.root = getenv("POSTERN_ROOT");

    if (cli.conf.root == NULL) {
        cli.conf.root = PTN_CLI_ROOT_DEFAULT;
    }

    p.argc = argc;
    p.argv = argv;

    cli.pool = ptn_pool_create(0, NULL);
    cli.argv = calloc((size_t) argc + 1, sizeof(char *));

    if (cli.pool == NULL || cli.argv == NULL) {
        fprintf(err, "postern: no memory\n");
        code = PTN_CLI_FAILED;

    } else {
        code = ptn_cli_parse(&cli, &p);

        if (code == PTN_CLI_OK) {
            code = ptn_cli_checked(&cli, &p);
        }
    }

    ptn_directory_close(cli.dir);
    ptn_pool_destroy(cli.pool);
    free(cli.argv);

    ptn_cli_leave(&cli);

    /* what was not written was not said */

    if (fflush(out) != 0 && code == PTN_CLI_OK) {
        fprintf(err, "postern: cannot write: %s\n", strerror(errno));
        code = PTN_CLI_FAILED;
    }

    return code;
}
