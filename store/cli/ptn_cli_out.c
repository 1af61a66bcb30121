#include <stdarg.h>

#include "ptn_cli.h"


void
ptn_cli_put_json(FILE *out, ptn_str_t s)
{
    size_t  i;
    u_char  c;

    fputc('"', out);

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);

        } else if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\u%04x", c);

        } else {
            fputc(c, out);
        }
    }

    fputc('"', out);
}


void
ptn_cli_put_text(FILE *out, ptn_str_t s)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\x%02x", c);

        } else {
            fputc(c, out);
        }
    }
}


static int
ptn_cli_message(ptn_cli_t *cli, int code, const char *fmt, va_list ap)
{
    ptn_str_t  s;
    char       text[1024];

    vsnprintf(text, sizeof(text), fmt, ap);
    s = ptn_str_z(text);

    fprintf(cli->err, "postern: ");
    ptn_cli_put_text(cli->err, s);
    fputc('\n', cli->err);

    if (cli->json && code == PTN_CLI_FAILED && cli->depth == 0) {
        fprintf(cli->out, "{\"error\":");
        ptn_cli_put_json(cli->out, s);
        fprintf(cli->out, "}\n");
    }

    return code;
}


int
ptn_cli_fail(ptn_cli_t *cli, const char *fmt, ...)
{
    int      code;
    va_list  ap;

    va_start(ap, fmt);
    code = ptn_cli_message(cli, PTN_CLI_FAILED, fmt, ap);
    va_end(ap);

    return code;
}


int
ptn_cli_usage(ptn_cli_t *cli, const char *fmt, ...)
{
    int      code;
    va_list  ap;

    va_start(ap, fmt);
    code = ptn_cli_message(cli, PTN_CLI_USAGE, fmt, ap);
    va_end(ap);

    fprintf(cli->err, "Try `postern%s%s%s%s --help`.\n",
            cli->command ? " " : "", cli->command ? cli->command->noun : "",
            cli->command && *cli->command->verb ? " " : "",
            cli->command ? cli->command->verb : "");

    return code;
}


int
ptn_cli_rc(ptn_cli_t *cli, ptn_rc_t rc, const char *what, const char *name)
{
    size_t  i;

    static const struct {
        ptn_rc_t     rc;
        const char  *text;
    } texts[] = {
        { PTN_ENOTFOUND, "not found" },
        { PTN_EEXIST,    "exists already" },
        { PTN_ENOTEMPTY, "not empty" },
        { PTN_EINVAL,    "not valid" },
        { PTN_EBUSY,     "busy, try again" },
        { PTN_ENOSPC,    "no space left" },
        { PTN_EIO,       "I/O error" },
        { PTN_ECORRUPT,  "is damaged" },
        { PTN_EVERSION,  "was made by another version" },
        { PTN_EUNAVAIL,  "cannot be used (rights, or an earlier error)" },
        { PTN_EQUOTA,    "over quota" },
        { PTN_ETOOBIG,   "too big" },
        { PTN_ENOMEM,    "no memory" },
    };

    for (i = 0; i < ptn_nelts(texts); i++) {
        if (texts[i].rc == rc) {
            return ptn_cli_fail(cli, "%s %s: %s", what, name, texts[i].text);
        }
    }

    return ptn_cli_fail(cli, "%s %s: %s", what, name, ptn_err(rc)->name);
}


int
ptn_cli_done(ptn_cli_t *cli, const char *what, const char *name)
{
    if (cli->json) {
        fprintf(cli->out, "{\"%s\":", what);
        ptn_cli_put_json(cli->out, ptn_str_z(name));
        fprintf(cli->out, "}\n");

    } else {
        fprintf(cli->out, "%s ", what);
        ptn_cli_put_text(cli->out, ptn_str_z(name));
        fputc('\n', cli->out);
    }

    return PTN_CLI_OK;
}


/* depth: 0 nothing open, 1 a list, 2 an object of it, 3 an object alone */

void
ptn_cli_list_begin(ptn_cli_t *cli)
{
    cli->depth = 1;
    cli->first = true;

    if (cli->json) {
        fputc('[', cli->out);
    }
}


void
ptn_cli_list_end(ptn_cli_t *cli)
{
    if (cli->json) {
        fprintf(cli->out, "%s]\n", cli->first ? "" : "\n");
    }

    cli->depth = 0;
}


void
ptn_cli_object_begin(ptn_cli_t *cli)
{
    if (cli->json) {
        if (cli->depth == 1) {
            fprintf(cli->out, "%s\n", cli->first ? "" : ",");
        }
        fputc('{', cli->out);
    }

    cli->depth = (cli->depth == 1) ? 2 : 3;
    cli->first = true;
}


void
ptn_cli_object_end(ptn_cli_t *cli)
{
    if (cli->json) {
        fputc('}', cli->out);
    }

    if (cli->depth == 3 ? cli->json : !cli->json) {
        fputc('\n', cli->out);
    }

    cli->depth = (cli->depth == 2) ? 1 : 0;
    cli->first = false;
}


/* What stands before a value. */

static void
ptn_cli_key(ptn_cli_t *cli, const char *key)
{
    if (cli->json) {
        fprintf(cli->out, "%s\"%s\":", cli->first ? "" : ",", key);

    } else if (cli->depth == 3) {
        fprintf(cli->out, "%s: ", key);

    } else if (!cli->first) {
        fputc('\t', cli->out);
    }

    cli->first = false;
}


static void
ptn_cli_value_end(ptn_cli_t *cli)
{
    if (!cli->json && cli->depth == 3) {
        fputc('\n', cli->out);
    }
}


void
ptn_cli_field(ptn_cli_t *cli, const char *key, ptn_str_t value)
{
    ptn_cli_key(cli, key);

    if (cli->json) {
        ptn_cli_put_json(cli->out, value);

    } else {
        ptn_cli_put_text(cli->out, value);
    }

    ptn_cli_value_end(cli);
}


void
ptn_cli_field_u64(ptn_cli_t *cli, const char *key, uint64_t value)
{
    ptn_cli_key(cli, key);
    fprintf(cli->out, "%llu", (unsigned long long) value);
    ptn_cli_value_end(cli);
}


void
ptn_cli_field_bool(ptn_cli_t *cli, const char *key, bool value)
{
    ptn_cli_key(cli, key);

    if (cli->json) {
        fprintf(cli->out, "%s", value ? "true" : "false");

    } else {
        fprintf(cli->out, "%s", value ? "yes" : "no");
    }

    ptn_cli_value_end(cli);
}


void
ptn_cli_field_time(ptn_cli_t *cli, const char *key, int64_t usec)
{
    char         text[64];
    ptn_civil_t  c;

    ptn_time_to_civil(usec / PTN_USEC, &c);

    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year,
             c.month, c.day, c.hour, c.min, c.sec);

    ptn_cli_field(cli, key, ptn_str_z(text));
}
