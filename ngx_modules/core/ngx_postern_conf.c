
/*
 * The directives of the `postern {}` block of the main context.
 */


#include "ngx_postern_core.h"

#include "ptn_auth.h"


/* Commands are only looked at inside the block; `include` fits as well. */
#define NGX_POSTERN_CONF  (0x10000000|NGX_DIRECT_CONF)


typedef enum {
    NGX_POSTERN_STR,            /* const char * */
    NGX_POSTERN_PATH,           /* const char *, made absolute */
    NGX_POSTERN_U32,
    NGX_POSTERN_SEC,            /* uint32_t */
    NGX_POSTERN_SIZE,           /* uint64_t */
    NGX_POSTERN_FLAG            /* bool */
} ngx_postern_kind_e;


/* What the set function of a plain directive needs to know. */
typedef struct {
    ngx_postern_kind_e  kind;
    uint64_t            min;
    uint64_t            max;
} ngx_postern_rule_t;


static char *ngx_postern_set_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_postern_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_postern_set_user(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_postern_set_workers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_postern_set_log(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_postern_set_relay(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_postern_set_retry(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_postern_set_trusted(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_postern_set_debug_jobs(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_postern_rule_t  ngx_postern_path = { NGX_POSTERN_PATH, 1, 3000 };
static ngx_postern_rule_t  ngx_postern_host = { NGX_POSTERN_STR, 1, 253 };
static ngx_postern_rule_t  ngx_postern_executors = { NGX_POSTERN_U32, 2, 16 };
static ngx_postern_rule_t  ngx_postern_lifetime
                               = { NGX_POSTERN_SEC, 1, 365 * 86400 };
static ngx_postern_rule_t  ngx_postern_message
                               = { NGX_POSTERN_SIZE, 1024, 0x7fffffff };
static ngx_postern_rule_t  ngx_postern_count = { NGX_POSTERN_U32, 1, 100000 };
static ngx_postern_rule_t  ngx_postern_memory
                               = { NGX_POSTERN_SIZE, 1024 * 1024, 1ULL << 40 };
static ngx_postern_rule_t  ngx_postern_retention
                               = { NGX_POSTERN_SEC, 0, 3650 * 86400 };
static ngx_postern_rule_t  ngx_postern_idle = { NGX_POSTERN_SEC, 1, 86400 };
static ngx_postern_rule_t  ngx_postern_bool = { NGX_POSTERN_FLAG, 0, 1 };


#define NGX_POSTERN_COMMAND(name, member, rule)                               \
    { ngx_string(name), NGX_POSTERN_CONF|NGX_CONF_TAKE1, ngx_postern_set, 0,  \
      offsetof(ptn_conf_t, member), &(rule) }

ngx_command_t  ngx_postern_commands[] = {

    { ngx_string("postern"),
      NGX_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_NOARGS|NGX_DIRECT_CONF,
      ngx_postern_set_block, 0, 0, NULL },

    NGX_POSTERN_COMMAND("root", root, ngx_postern_path),
    NGX_POSTERN_COMMAND("hostname", hostname, ngx_postern_host),
    NGX_POSTERN_COMMAND("directory", directory, ngx_postern_path),
    NGX_POSTERN_COMMAND("executors", executors, ngx_postern_executors),
    NGX_POSTERN_COMMAND("queue_lifetime", queue_lifetime,
                        ngx_postern_lifetime),
    NGX_POSTERN_COMMAND("deleted_retention", deleted_retention,
                        ngx_postern_retention),
    NGX_POSTERN_COMMAND("message_max", message_max, ngx_postern_message),
    NGX_POSTERN_COMMAND("rcpt_max", rcpt_max, ngx_postern_count),
    NGX_POSTERN_COMMAND("sessions_max", sessions_max, ngx_postern_count),
    NGX_POSTERN_COMMAND("job_memory", job_memory, ngx_postern_memory),
    NGX_POSTERN_COMMAND("idle_timeout", idle_timeout, ngx_postern_idle),
    NGX_POSTERN_COMMAND("mapi_idle", mapi_idle, ngx_postern_idle),
    NGX_POSTERN_COMMAND("mapi_pending", mapi_pending, ngx_postern_idle),
    NGX_POSTERN_COMMAND("mapi_wait", mapi_wait, ngx_postern_idle),
    NGX_POSTERN_COMMAND("mapi_server_application", mapi_server_application,
                        ngx_postern_host),
    NGX_POSTERN_COMMAND("clear_text_auth", clear_text_auth,
                        ngx_postern_bool),
    NGX_POSTERN_COMMAND("verify_content", verify_content, ngx_postern_bool),
    NGX_POSTERN_COMMAND("fsync", fsync, ngx_postern_bool),

    { ngx_string("user"), NGX_POSTERN_CONF|NGX_CONF_TAKE12,
      ngx_postern_set_user, 0, 0, NULL },
    { ngx_string("workers"), NGX_POSTERN_CONF|NGX_CONF_TAKE1,
      ngx_postern_set_workers, 0, 0, NULL },
    { ngx_string("log"), NGX_POSTERN_CONF|NGX_CONF_TAKE12,
      ngx_postern_set_log, 0, 0, NULL },
    { ngx_string("relay"), NGX_POSTERN_CONF|NGX_CONF_1MORE,
      ngx_postern_set_relay, 0, 0, NULL },
    { ngx_string("queue_retry"), NGX_POSTERN_CONF|NGX_CONF_TAKE2,
      ngx_postern_set_retry, 0, 0, NULL },
    { ngx_string("auth_trusted"), NGX_POSTERN_CONF|NGX_CONF_1MORE,
      ngx_postern_set_trusted, 0, 0, NULL },
    { ngx_string("debug_jobs"), NGX_POSTERN_CONF|NGX_CONF_FLAG,
      ngx_postern_set_debug_jobs, 0, 0, NULL },

      ngx_null_command
};


static char *
ngx_postern_set_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char        *rv;
    ngx_conf_t   save;

    if (pcf->present) {
        return "is duplicate";
    }

    pcf->present = 1;

    save = *cf;
    cf->module_type = NGX_CORE_MODULE;
    cf->cmd_type = NGX_POSTERN_CONF & ~NGX_DIRECT_CONF;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (pcf->conf.root == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"root\" is defined in the \"postern\" block");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_postern_once(ngx_command_t *cmd, ngx_postern_conf_t *pcf)
{
    ngx_uint_t  bit;

    bit = (ngx_uint_t) 1 << (cmd - ngx_postern_commands);

    if (pcf->seen & bit) {
        return "is duplicate";
    }

    pcf->seen |= bit;

    return NULL;
}


static char *
ngx_postern_invalid(ngx_conf_t *cf, ngx_str_t *value, const char *want)
{
    ngx_str_t  *name;

    name = cf->args->elts;

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\" of \"%V\": %s is expected",
                       value, name, want);

    return NGX_CONF_ERROR;
}


/* A C string in the cycle's pool; NULL on a NUL byte inside or no memory. */
static char *
ngx_postern_strz(ngx_conf_t *cf, const u_char *data, size_t len)
{
    char  *p;

    if (memchr(data, '\0', len) != NULL) {
        return NULL;
    }

    p = ngx_pnalloc(cf->pool, len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, data, len);
    p[len] = '\0';

    return p;
}


static char *
ngx_postern_set_str(ngx_conf_t *cf, ngx_str_t *value,
    const ngx_postern_rule_t *rule, const char **ret)
{
    ngx_str_t  s;

    s = *value;

    if (s.len < rule->min || s.len > rule->max) {
        return ngx_postern_invalid(cf, value, "a string of sensible length");
    }

    if (rule->kind == NGX_POSTERN_PATH
        && ngx_conf_full_name(cf->cycle, &s, 0) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    while (rule->kind == NGX_POSTERN_PATH
           && s.len > 1 && s.data[s.len - 1] == '/')
    {
        s.len--;
    }

    *ret = ngx_postern_strz(cf, s.data, s.len);

    return *ret ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* The set function of all plain directives: `post` is the rule. */
static char *
ngx_postern_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char                *rv;
    void                *p;
    off_t                n;
    ngx_str_t           *value;
    ngx_postern_rule_t  *rule;

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;
    rule = cmd->post;
    p = (u_char *) &pcf->conf + cmd->offset;

    switch (rule->kind) {

    case NGX_POSTERN_STR:
    case NGX_POSTERN_PATH:
        return ngx_postern_set_str(cf, &value[1], rule, p);

    case NGX_POSTERN_FLAG:
        if (ngx_strcasecmp(value[1].data, (u_char *) "on") == 0) {
            *(bool *) p = true;

        } else if (ngx_strcasecmp(value[1].data, (u_char *) "off") == 0) {
            *(bool *) p = false;

        } else {
            return ngx_postern_invalid(cf, &value[1], "\"on\" or \"off\"");
        }

        return NGX_CONF_OK;

    case NGX_POSTERN_SIZE:
        n = ngx_parse_offset(&value[1]);
        break;

    case NGX_POSTERN_SEC:
        n = ngx_parse_time(&value[1], 1);
        break;

    default:
        n = ngx_atoi(value[1].data, value[1].len);
        break;
    }

    if (n < 0 || (uint64_t) n < rule->min || (uint64_t) n > rule->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" of \"%V\": "
                           "must be between %uL and %uL",
                           &value[1], &value[0], rule->min, rule->max);
        return NGX_CONF_ERROR;
    }

    if (rule->kind == NGX_POSTERN_SIZE) {
        *(uint64_t *) p = (uint64_t) n;

    } else {
        *(uint32_t *) p = (uint32_t) n;
    }

    return NGX_CONF_OK;
}


static char *
ngx_postern_set_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char           *rv;
    const char     *group;
    ngx_str_t      *value;
    struct group   *grp;
    struct passwd  *pwd;

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;

    pcf->conf.user = ngx_postern_strz(cf, value[1].data, value[1].len);
    if (pcf->conf.user == NULL) {
        return NGX_CONF_ERROR;
    }

    if (geteuid() != 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "the \"user\" of postern makes sense only if the "
                           "master process runs with super-user privileges, "
                           "ignored");
        pcf->conf.user = NULL;
        return NGX_CONF_OK;
    }

    ngx_set_errno(0);
    pwd = getpwnam(pcf->conf.user);
    if (pwd == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "getpwnam(\"%s\") failed", pcf->conf.user);
        return NGX_CONF_ERROR;
    }

    pcf->conf.uid = pwd->pw_uid;
    pcf->conf.gid = pwd->pw_gid;

    if (cf->args->nelts == 3) {
        group = (char *) value[2].data;

        ngx_set_errno(0);
        grp = getgrnam(group);
        if (grp == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "getgrnam(\"%s\") failed", group);
            return NGX_CONF_ERROR;
        }

        pcf->conf.gid = grp->gr_gid;
    }

    return NGX_CONF_OK;
}


static char *
ngx_postern_set_workers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char       *rv;
    ngx_int_t   n;
    ngx_str_t  *value;

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "auto") == 0) {
        return NGX_CONF_OK;
    }

    n = ngx_atoi(value[1].data, value[1].len);

    if (n < 1 || n > PTN_STORES_MAX) {
        return ngx_postern_invalid(cf, &value[1],
                                   "\"auto\" or a number from 1 to "
                                   ngx_value(PTN_STORES_MAX));
    }

    pcf->conf.workers = (uint32_t) n;

    return NGX_CONF_OK;
}


static char *
ngx_postern_set_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char        *rv;
    ngx_str_t   *value;
    ngx_uint_t   i;

    static const char  *level[] = { "error", "warn", "info", "debug" };

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;

    rv = ngx_postern_set_str(cf, &value[1], &ngx_postern_path, &pcf->conf.log);
    if (rv != NGX_CONF_OK || cf->args->nelts == 2) {
        return rv;
    }

    for (i = 0; i < ptn_nelts(level); i++) {
        if (ngx_strcmp(value[2].data, level[i]) == 0) {
            pcf->conf.log_level = (uint32_t) i;
            return NGX_CONF_OK;
        }
    }

    return ngx_postern_invalid(cf, &value[2],
                               "\"error\", \"warn\", \"info\" or \"debug\"");
}


/* The first line of a file that only root should be able to read. */
static char *
ngx_postern_read_password(ngx_conf_t *cf, ngx_postern_conf_t *pcf,
    ngx_str_t *path)
{
    u_char   *end;
    ssize_t   n;
    ngx_fd_t  fd;
    u_char    buf[1024];

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", path);
        return NGX_CONF_ERROR;
    }

    n = ngx_read_fd(fd, buf, sizeof(buf));
    ngx_close_file(fd);

    end = n > 0 ? memchr(buf, '\n', n) : NULL;
    if (n > 0 && end == NULL) {
        end = buf + n;
    }

    if (n <= 0 || end == buf || end - buf >= 512) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no password in the first line of \"%V\"", path);
        ngx_explicit_memzero(buf, sizeof(buf));
        return NGX_CONF_ERROR;
    }

    pcf->password = (u_char *) ngx_postern_strz(cf, buf, end - buf);
    pcf->conf.relay_password = (char *) pcf->password;
    ngx_explicit_memzero(buf, sizeof(buf));

    return pcf->password ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_postern_set_relay_parameter(ngx_conf_t *cf, ngx_postern_conf_t *pcf,
    ngx_str_t *value)
{
    ngx_str_t   s;
    ngx_uint_t  i;

    static const char  *tls[] = { "never", "may", "required", "verify" };

    if (ngx_strncmp(value->data, "user=", 5) == 0) {
        s.data = value->data + 5;
        s.len = value->len - 5;

        return ngx_postern_set_str(cf, &s, &ngx_postern_host,
                                   &pcf->conf.relay_user);
    }

    if (ngx_strncmp(value->data, "password_file=", 14) == 0) {
        s.data = value->data + 14;
        s.len = value->len - 14;

        return ngx_postern_read_password(cf, pcf, &s);
    }

    if (ngx_strncmp(value->data, "tls=", 4) == 0) {
        for (i = 0; i < ptn_nelts(tls); i++) {
            if (ngx_strcmp(value->data + 4, tls[i]) == 0) {
                pcf->conf.relay_tls = (uint32_t) i;
                return NGX_CONF_OK;
            }
        }
    }

    return ngx_postern_invalid(cf, value, "\"user=NAME\", \"password_file="
                               "PATH\" or \"tls=never|may|required|verify\"");
}


static char *
ngx_postern_set_relay(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char        *rv;
    ngx_url_t    u;
    ngx_str_t   *value;
    ngx_uint_t   i;

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url = value[1];
    u.default_port = 25;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK
        || u.host.len == 0 || u.uri.len || u.family == AF_UNIX)
    {
        return ngx_postern_invalid(cf, &value[1], "HOST or HOST:PORT");
    }

    pcf->conf.relay_host = ngx_postern_strz(cf, value[1].data, value[1].len);
    if (pcf->conf.relay_host == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_postern_set_relay_parameter(cf, pcf, &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (!pcf->conf.relay_user != !pcf->conf.relay_password) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"user=\" and "
                           "\"password_file=\" of \"relay\" need each other");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_postern_set_retry(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char       *rv;
    ngx_int_t   min, max;
    ngx_str_t  *value;

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;

    min = ngx_parse_time(&value[1], 1);
    max = ngx_parse_time(&value[2], 1);

    if (min < 1 || max < min || max > 365 * 86400) {
        return ngx_postern_invalid(cf, &value[min < 1 ? 1 : 2],
                                   "two times, the second not below the "
                                   "first and at most a year,");
    }

    pcf->conf.queue_retry_min = (uint32_t) min;
    pcf->conf.queue_retry_max = (uint32_t) max;

    return NGX_CONF_OK;
}


static char *
ngx_postern_set_trusted(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char        *rv, *list, *p;
    size_t       len;
    ngx_str_t   *value;
    ngx_uint_t   i;

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;
    len = 0;

    for (i = 1; i < cf->args->nelts; i++) {
        p = ngx_postern_strz(cf, value[i].data, value[i].len);

        if (p == NULL || value[i].len == 0 || strpbrk(p, " ,\t")
            || ptn_auth_trusted_check(p) != PTN_OK)
        {
            return ngx_postern_invalid(cf, &value[i],
                                       "an address or ADDRESS/BITS");
        }

        len += value[i].len + 1;
    }

    /* with a space after each, the last becomes the NUL */

    list = ngx_pnalloc(cf->pool, len);
    if (list == NULL) {
        return NGX_CONF_ERROR;
    }

    p = list;

    for (i = 1; i < cf->args->nelts; i++) {
        p = (char *) ngx_cpymem(p, value[i].data, value[i].len);
        *p++ = ' ';
    }

    p[-1] = '\0';

    if (ptn_auth_trusted_check(list) != PTN_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "too many nets in \"%V\"", &value[0]);
        return NGX_CONF_ERROR;
    }

    pcf->conf.auth_trusted = list;

    return NGX_CONF_OK;
}


static char *
ngx_postern_set_debug_jobs(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_postern_conf_t *pcf = conf;

    char       *rv;
    ngx_str_t  *value;

    rv = ngx_postern_once(cmd, pcf);
    if (rv) {
        return rv;
    }

    value = cf->args->elts;
    pcf->debug_jobs = (ngx_strcasecmp(value[1].data, (u_char *) "on") == 0);

    if (!pcf->debug_jobs
        && ngx_strcasecmp(value[1].data, (u_char *) "off") != 0)
    {
        return ngx_postern_invalid(cf, &value[1], "\"on\" or \"off\"");
    }

    return NGX_CONF_OK;
}
