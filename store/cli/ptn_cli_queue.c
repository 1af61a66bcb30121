#include "ptn_cli.h"
#include "ptn_control.h"
#include "ptn_queue.h"


static const char *
ptn_cli_queue_status(uint32_t status)
{
    switch (status) {

    case PTN_QUEUE_WAITING:
        return "waiting";

    case PTN_QUEUE_FAILED:
        return "failed";

    default:
        return "done";
    }
}


static void
ptn_cli_queue_row(void *ctx, const ptn_queue_row_t *row)
{
    ptn_cli_t  *cli = ctx;

    ptn_cli_object_begin(cli);
    ptn_cli_field(cli, "queue_id", row->id);
    ptn_cli_field_time(cli, "arrived", row->arrived);
    ptn_cli_field_u64(cli, "size", row->size);
    ptn_cli_field(cli, "from", row->sender);
    ptn_cli_field(cli, "to", row->rcpt);
    ptn_cli_field(cli, "status", ptn_str_z(ptn_cli_queue_status(row->status)));
    ptn_cli_field_u64(cli, "attempts", row->attempts);

    if (row->due != 0) {
        ptn_cli_field_time(cli, "due", row->due);

    } else {
        ptn_cli_field(cli, "due", ptn_str("now"));
    }

    ptn_cli_field(cli, "detail", row->detail);
    ptn_cli_object_end(cli);
}


static int
ptn_cli_queue_list(ptn_cli_t *cli)
{
    ptn_rc_t  rc;

    ptn_cli_list_begin(cli);

    rc = ptn_queue_list(&cli->conf, &ptn_io_posix, ptn_cli_queue_row, cli);

    ptn_cli_list_end(cli);

    /* no queue directory yet: nothing waits */

    return (rc == PTN_OK || rc == PTN_ENOTFOUND)
           ? PTN_CLI_OK : ptn_cli_rc(cli, rc, "the", "queue");
}


static int
ptn_cli_queue_flush(ptn_cli_t *cli)
{
    ptn_rc_t   rc;
    ptn_str_t  answer;

    rc = ptn_queue_flush(&cli->conf, &ptn_io_posix);
    if (rc != PTN_OK) {
        return ptn_cli_rc(cli, rc, "the", "queue");
    }

    if (ptn_control_ask(cli->pool, cli->conf.root, "verbs", 2000, &answer)
        == PTN_ENOTFOUND)
    {
        fprintf(cli->err, "postern: the server does not run; it will try all"
                " mail when it starts\n");
    }

    return ptn_cli_done(cli, "flushed", "queue");
}


const ptn_cli_command_t  ptn_cli_queue[] = {
    { "queue", "list", "", "mail that waits, a line a recipient", 0, 0,
      PTN_CLI_ROOT, NULL, ptn_cli_queue_list },
    { "queue", "flush", "", "tries all of it now", 0, 0, PTN_CLI_ROOT, NULL,
      ptn_cli_queue_flush },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL }
};
