#include "ptn_conf.h"


void
ptn_conf_defaults(ptn_conf_t *conf)
{
    memset(conf, 0, sizeof(ptn_conf_t));

    conf->hostname = "localhost";
    conf->uid = (uid_t) -1;
    conf->gid = (gid_t) -1;
    conf->workers = 1;
    conf->executors = 4;
    conf->log_level = PTN_LOG_INFO;
    conf->relay_tls = 1;
    conf->queue_retry_min = 60;
    conf->queue_retry_max = 3600;
    conf->queue_lifetime = 5 * 86400;
    conf->deleted_retention = 14 * 86400;
    conf->message_max = 150 * 1024 * 1024;
    conf->rcpt_max = 1000;
    conf->sessions_max = 100;
    conf->job_memory = 256 * 1024 * 1024;
    conf->idle_timeout = 1800;
    conf->mapi_idle = 900;
    conf->mapi_pending = 15;
    conf->mapi_wait = 300;
    conf->mapi_server_application = "Exchange/15.02.1544.011";
    conf->fsync = true;
}
