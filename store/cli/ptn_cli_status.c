#include <stdlib.h>

#include "ptn_cli.h"
#include "ptn_cli_json.h"
#include "ptn_control.h"
#include "ptn_queue.h"


#define PTN_CLI_METRICS_MAX     4096
#define PTN_CLI_STATUS_TIMEOUT  10000           /* ms */

/* What the files tell, whether or not a server runs. */
typedef struct {
    bool        running;
    size_t      domains, users;
    uint64_t    queue;              /* recipients that wait */
    ptn_str_t   server;             /* the clerk's JSON; empty: none */
} ptn_cli_status_t;


static void
ptn_cli_status_count(void *ctx, const ptn_queue_row_t *row PTN_UNUSED)
{
    (*(uint64_t *) ctx)++;
}


static int
ptn_cli_status_read(ptn_cli_t *cli, ptn_cli_status_t *st)
{
    ptn_rc_t          rc;
    ptn_user_t       *users;
    ptn_domain_t     *domains;

    memset(st, 0, sizeof(ptn_cli_status_t));

    if (ptn_io_vfs_register(&ptn_io_posix, "ptn") == PTN_OK
        && ptn_directory_open(&cli->conf, false, &cli->dir) == PTN_OK)
    {
        (void) ptn_domain_list(cli->dir, cli->pool, &domains, &st->domains);
        (void) ptn_user_list(cli->dir, cli->pool, ptn_str(""), &users,
                             &st->users);
    }

    (void) ptn_queue_list(&cli->conf, &ptn_io_posix, ptn_cli_status_count,
                          &st->queue);

    rc = ptn_control_ask(cli->pool, cli->conf.root, "status",
                         PTN_CLI_STATUS_TIMEOUT, &st->server);

    if (rc == PTN_ENOTFOUND) {
        return PTN_CLI_OK;
    }

    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "no answer from", "ROOT/run/control");
    }

    st->running = true;

    while (st->server.len != 0
           && st->server.data[st->server.len - 1] == '\n')
    {
        st->server.len--;
    }

    return PTN_CLI_OK;
}


/* --- text and JSON ---------------------------------------------------- */

static void
ptn_cli_status_line(void *ctx, const char *path,
    ptn_cli_json_e kind PTN_UNUSED, ptn_str_t value)
{
    ptn_cli_t  *cli = ctx;

    ptn_cli_put_text(cli->out, ptn_str_z(path));
    fputs(": ", cli->out);
    ptn_cli_put_text(cli->out, value);
    fputc('\n', cli->out);
}


static void
ptn_cli_status_check(void *ctx PTN_UNUSED, const char *path PTN_UNUSED,
    ptn_cli_json_e kind PTN_UNUSED, ptn_str_t value PTN_UNUSED)
{
}


static int
ptn_cli_status_put(ptn_cli_t *cli, const ptn_cli_status_t *st)
{
    ptn_rc_t  rc;

    rc = PTN_OK;

    if (st->running) {
        rc = ptn_cli_json_walk(st->server, ptn_cli_status_check, NULL);
    }

    if (rc != PTN_OK) {
        return ptn_cli_fail(cli, "the server's answer cannot be read");
    }

    ptn_cli_object_begin(cli);
    ptn_cli_field_bool(cli, "running", st->running);
    ptn_cli_field(cli, "root", ptn_str_z(cli->conf.root));
    ptn_cli_field_u64(cli, "domains", st->domains);
    ptn_cli_field_u64(cli, "users", st->users);
    ptn_cli_field_u64(cli, "queue", st->queue);

    if (cli->json && st->running) {
        fprintf(cli->out, ",\"server\":%.*s", (int) st->server.len,
                (char *) st->server.data);
    }

    ptn_cli_object_end(cli);

    if (!cli->json && st->running) {
        (void) ptn_cli_json_walk(st->server, ptn_cli_status_line, cli);
    }

    return PTN_CLI_OK;
}


/* --- Prometheus ------------------------------------------------------- */

typedef struct {
    char  name[96];
    char  label[48];
    char  value[40];
} ptn_cli_metric_t;

typedef struct {
    ptn_cli_metric_t  *m;
    size_t             n;
} ptn_cli_metrics_t;


static void
ptn_cli_status_metric(ptn_cli_metrics_t *ms, const char *name,
    const char *label, ptn_str_t value)
{
    char              *p;
    ptn_cli_metric_t  *m;

    if (ms->n == PTN_CLI_METRICS_MAX) {
        return;
    }

    m = &ms->m[ms->n++];
    snprintf(m->name, sizeof(m->name), "postern_%s", name);
    snprintf(m->label, sizeof(m->label), "%s", label);
    snprintf(m->value, sizeof(m->value), "%.*s", ptn_str_arg(value));

    for (p = m->name; *p != '\0'; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9'))) {
            *p = '_';
        }
    }
}


/*
 * The names are those of the status module of nginx: "stores.0.jobs" is
 * postern_store_jobs{store="0"}, "counters.relayed" postern_relayed_total.
 */

static void
ptn_cli_status_leaf(void *ctx, const char *path, ptn_cli_json_e kind,
    ptn_str_t value)
{
    char                name[128], label[48];
    const char         *dot;
    ptn_str_t           up;
    ptn_cli_metrics_t  *ms = ctx;

    if (kind != PTN_CLI_JSON_NUMBER) {
        return;
    }

    up = ptn_str_eqz(value, "0") ? ptn_str("0") : ptn_str("1");

    if (strncmp(path, "counters.", 9) == 0) {
        snprintf(name, sizeof(name), "%.100s_total", path + 9);
        ptn_cli_status_metric(ms, name, "", value);
        return;
    }

    if (strcmp(path, "clerk") == 0) {
        ptn_cli_status_metric(ms, "store_up", "{store=\"clerk\"}", up);
        return;
    }

    if (strncmp(path, "stores.", 7) != 0
        || (dot = strchr(path + 7, '.')) == NULL)
    {
        ptn_cli_status_metric(ms, path, "", value);
        return;
    }

    snprintf(label, sizeof(label), "{store=\"%.*s\"}",
             (int) ptn_min(dot - path - 7, 20), path + 7);

    if (strcmp(dot, ".pid") == 0) {
        ptn_cli_status_metric(ms, "store_up", label, up);

    } else if (strcmp(dot, ".index") != 0) {
        snprintf(name, sizeof(name), "store_%.100s", dot + 1);
        ptn_cli_status_metric(ms, name, label, value);
    }
}


static int
ptn_cli_status_order(const void *a, const void *b)
{
    int                      rc;
    const ptn_cli_metric_t  *x = a, *y = b;

    rc = strcmp(x->name, y->name);

    return rc ? rc : strcmp(x->label, y->label);
}


static int
ptn_cli_status_prometheus(ptn_cli_t *cli, const ptn_cli_status_t *st)
{
    size_t             i, len;
    ptn_rc_t           rc;
    ptn_cli_metrics_t  ms;

    ms.n = 0;
    ms.m = ptn_parray(cli->pool, PTN_CLI_METRICS_MAX,
                      sizeof(ptn_cli_metric_t));
    if (ms.m == NULL) {
        return ptn_cli_fail(cli, "no memory");
    }

    ptn_cli_status_metric(&ms, "up", "",
                          st->running ? ptn_str("1") : ptn_str("0"));
    ptn_cli_status_metric(&ms, "domains", "",
                          ptn_str_printf(cli->pool, "%zu", st->domains));
    ptn_cli_status_metric(&ms, "users", "",
                          ptn_str_printf(cli->pool, "%zu", st->users));
    ptn_cli_status_metric(&ms, "queue", "",
                          ptn_str_printf(cli->pool, "%llu",
                                         (unsigned long long) st->queue));

    if (st->running) {
        rc = ptn_cli_json_walk(st->server, ptn_cli_status_leaf, &ms);
        if (rc != PTN_OK) {
            return ptn_cli_fail(cli, "the server's answer cannot be read");
        }
    }

    /* lines of one metric must stand together */

    qsort(ms.m, ms.n, sizeof(ptn_cli_metric_t), ptn_cli_status_order);

    for (i = 0; i < ms.n; i++) {
        len = strlen(ms.m[i].name);

        if (i == 0 || strcmp(ms.m[i].name, ms.m[i - 1].name) != 0) {
            fprintf(cli->out, "# TYPE %s %s\n", ms.m[i].name,
                    len > 6 && strcmp(ms.m[i].name + len - 6, "_total") == 0
                    ? "counter" : "gauge");
        }

        fprintf(cli->out, "%s%s %s\n", ms.m[i].name, ms.m[i].label,
                ms.m[i].value);
    }

    return PTN_CLI_OK;
}


static int
ptn_cli_status_run(ptn_cli_t *cli)
{
    int               code;
    ptn_cli_status_t  st;

    code = ptn_cli_status_read(cli, &st);
    if (code != PTN_CLI_OK) {
        return code;
    }

    code = (ptn_cli_option(cli, "--prometheus") != NULL)
           ? ptn_cli_status_prometheus(cli, &st)
           : ptn_cli_status_put(cli, &st);

    if (code == PTN_CLI_OK && !st.running) {
        fprintf(cli->err, "postern: no server runs on %s: only what the files"
                " tell is shown\n", cli->conf.root);
        return PTN_CLI_FAILED;
    }

    return code;
}


static const ptn_cli_option_t  ptn_cli_status_options[] = {
    { "--prometheus", NULL, "as a Prometheus text page" },
    { NULL, NULL, NULL }
};

const ptn_cli_command_t  ptn_cli_status[] = {
    { "status", "", "", "what the server does; exit code 1 when none runs",
      0, 0, PTN_CLI_ROOT, ptn_cli_status_options, ptn_cli_status_run },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
