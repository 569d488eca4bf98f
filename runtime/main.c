/* `bootstrap`: trailwarden as an AWS Lambda function on a custom runtime. Puts the layers together;
 * what they do is said in their own headers. */
#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/dynamodb.h"
#include "adapters/files.h"
#include "adapters/geo.h"
#include "adapters/iam.h"
#include "adapters/process.h"
#include "adapters/rules.h"
#include "adapters/s3.h"
#include "adapters/sns.h"
#include "base/clock.h"
#include "base/resolver.h"
#include "base/version.h"
#include "engine/bundle.h"
#include "runtime/config.h"
#include "runtime/crash.h"
#include "runtime/rules.h"
#include "runtime/rules_remote.h"
#include "runtime/serve.h"
#include "runtime/stop.h"

/* Everything that lives as long as the process. */
struct function {
    struct log log;
    struct runtime_config config;
    struct ruleset *rules;
    struct rules_remote remote; /* where they come from, when that is S3 */
    struct aws_world world;
    struct aws_client *client;
    struct sns_pair topics; /* readers only with TRAILWARDEN_FIFO_TOPIC_ARN */
    struct dynamodb table;
    struct state_memory *memory; /* of windows, without a table */
    struct port_state state;
    struct geo_files *geo;
    struct contain_config contain;
    struct iam iam;
    struct s3_ahead *objects;
    struct s3_place reports;
    struct deadline deadline;
    struct handler *handler;
    struct rapi *rapi;
};

static const char *get_env(void *self, const char *name)
{
    (void)self;
    return getenv(name);
}

static bool start_topics(struct function *f, struct err *e)
{
    if (!sns_topic_init(&f->topics.people, f->client, f->config.topic, e))
        return err_wrap(e, "TRAILWARDEN_TOPIC_ARN");
    if (!str_present(f->config.fifo_topic))
        return true;
    if (!sns_topic_init(&f->topics.readers, f->client, f->config.fifo_topic, e))
        return err_wrap(e, "TRAILWARDEN_FIFO_TOPIC_ARN");
    return f->topics.readers.fifo ||
           err_set(e, ERR_USAGE,
                   "TRAILWARDEN_FIFO_TOPIC_ARN: the topic's name does not end in .fifo");
}

static struct port_alerts alerts_of(struct function *f)
{
    return str_present(f->config.fifo_topic) ? sns_alerts_both(&f->topics)
                                             : sns_alerts(&f->topics.people);
}

static bool start_client(struct function *f, struct err *e)
{
    f->world = aws_world_real();
    f->client = aws_client_new(&f->world, NULL, e);
    f->objects = f->client ? s3_ahead_new(f->client, e) : NULL;
    return f->objects && start_topics(f, e);
}

/* Whether the tables of compiled rules are looked at, and the handler made, only when the first
 * event is there, for a start that takes the same time with any number of rules. With containment,
 * what is wrong in its settings is to be said at once. */
static bool is_patient(const struct function *f)
{
    return f->config.containment == CONTAIN_OFF;
}

/* From S3; while nothing can be had there, those of the package: no rules at all would be silence.
 */
static bool start_remote_rules(struct function *f, struct err *e)
{
    size_t refused;
    struct err why = {0}, ignored = {0};
    if (!rules_remote_init(&f->remote, f->client, &f->world, buf_str(&f->config.rules),
                           f->config.rules_every_s, e))
        return false;
    if (rules_remote_load(&f->remote, f->config.config_file, &f->log, &f->rules, &why))
        return true;
    if (f->config.packaged.n &&
        function_rules_load(buf_z(&f->config.packaged), f->config.config_file, is_patient(f),
                            &f->log, &f->rules, &refused, &ignored)) {
        log_printf(&f->log, LOG_ERROR, "%s; the rules of the package run instead", why.text);
        return true;
    }
    *e = why;
    return false;
}

static bool start_rules(struct function *f, struct err *e)
{
    size_t refused;
    if (rules_remote_is(buf_str(&f->config.rules)))
        return start_remote_rules(f, e);
    return function_rules_load(buf_z(&f->config.rules), f->config.config_file, is_patient(f),
                               &f->log, &f->rules, &refused, e);
}

/* Windows remember in the table, or in memory for one invocation at a time. */
static bool start_state(struct function *f, struct err *e)
{
    if (!str_present(f->config.table)) {
        f->memory = state_memory_new();
        if (!f->memory)
            return err_set(e, ERR_SYSTEM, "no memory for the state");
        f->state = state_memory_port(f->memory);
        return true;
    }
    if (!dynamodb_init(&f->table, f->client, &f->world, f->config.table, e))
        return err_wrap(e, "TRAILWARDEN_TABLE");
    f->state = dynamodb_state(&f->table);
    return true;
}

static bool start_geo(struct function *f, struct err *e)
{
    return geo_open(f->config.geoip, f->config.asn, &f->geo, e) ||
           err_wrap(e, "TRAILWARDEN_GEOIP, TRAILWARDEN_ASN");
}

/* Its section of the configuration file; without the file, the defaults. */
static bool start_containment(struct function *f, struct err *e)
{
    struct buf yaml;
    contain_config_init(&f->contain);
    f->iam = (struct iam){.client = f->client};
    if (f->config.containment == CONTAIN_OFF || !f->config.config_file)
        return true;
    struct str file = str_of(f->config.config_file);
    buf_init(&yaml, CONFIG_FILE_MAX);
    bool ok = files_read(f->config.config_file, &yaml, e) &&
              contain_config_parse(file, buf_str(&yaml), &f->contain, e);
    buf_release(&yaml);
    return ok || err_wrap(e, "TRAILWARDEN_CONFIG");
}

/* Where reports go; without a place none are made. */
static bool start_reports(struct function *f, struct err *e)
{
    return !str_present(f->config.reports) ||
           s3_place_init(&f->reports, f->client, f->config.reports, e) ||
           err_wrap(e, "TRAILWARDEN_REPORTS");
}

static bool start_handler(struct function *f, struct err *e)
{
    struct handle_config cfg = {
        .rules = f->rules,
        .min_level = f->config.min_level,
        .buckets = f->config.buckets,
        .github_secret = f->config.github_secret,
        .said = f->config.said,
        .version = S(TRAILWARDEN_VERSION),
        .incidents = !f->memory, /* of one invocation they would say no more than its alerts */
        .watch = !f->memory,
        .containment = f->config.containment,
        .contain = &f->contain,
    };
    struct ports ports = {
        .objects = s3_objects_ahead(f->objects),
        .listing = s3_listing(f->client),
        .alerts = alerts_of(f),
        .clock = deadline_clock(&f->deadline),
        .random = process_random(),
        .state = f->state,
        .geo = geo_port(f->geo),
        .iam = iam_port(&f->iam),
    };
    if (str_present(f->config.reports))
        ports.reports = s3_reports(&f->reports);
    f->handler =
        handler_new(&cfg, &ports, (struct handle_notes){&f->log, serve_note, serve_done}, e);
    return f->handler;
}

/* server.make */
static bool make_handler(void *to, struct handler **handler, struct err *e)
{
    struct function *f = to;
    bool ok =
        bundle_check(f->rules, e) || err_wrap(e, "TRAILWARDEN_RULES: %s", buf_z(&f->config.rules));
    ok = ok && start_handler(f, e);
    *handler = f->handler;
    return ok;
}

static void log_start(const struct function *f, int64_t began_ms)
{
    struct buf hash;
    buf_init(&hash, SHA256_HEX);
    buf_put_hex(&hash, f->rules->hash, sizeof f->rules->hash);
    struct log_field fields[] = {
        {"version", S(TRAILWARDEN_VERSION), 0},
        {"rules", STR_ABSENT, f->rules->n_rules},
        {"rulesHash", buf_str(&hash), 0},
        {"containment", str_of(contain_mode_name(f->config.containment)), 0},
        {"ms", STR_ABSENT, clock_mono_ms() - began_ms},
    };
    log_line(&f->log, LOG_INFO, S("trailwarden is ready"), fields, sizeof fields / sizeof *fields);
    buf_release(&hash);
    if (f->memory)
        log_line(
            &f->log, LOG_WARN,
            S("no TRAILWARDEN_TABLE: windows see one invocation only, and no incidents are told"),
            NULL, 0);
}

static void log_new_rules(const struct function *f)
{
    struct buf hash;
    buf_init(&hash, SHA256_HEX);
    buf_put_hex(&hash, f->rules->hash, sizeof f->rules->hash);
    const struct log_field fields[] = {{"rules", STR_ABSENT, f->rules->n_rules},
                                       {"rulesHash", buf_str(&hash), 0}};
    log_line(&f->log, LOG_INFO, S("new rules run"), fields, sizeof fields / sizeof *fields);
    buf_release(&hash);
}

/* server.refresh: new rules, if there are, take the place of those that run, with a handler of
 * their own; else both stay as they are. */
static bool refresh_rules(void *to, struct handler **handler)
{
    struct function *f = to;
    struct ruleset *fresh = NULL, *old = f->rules;
    struct handler *before = f->handler;
    struct err e = {0};
    if (!rules_remote_is_due(&f->remote))
        return true;
    bool ok = rules_remote_load(&f->remote, f->config.config_file, &f->log, &fresh, &e);
    if (ok && !fresh)
        return true;
    f->rules = ok ? fresh : old;
    if (ok && start_handler(f, &e)) {
        handler_free(before);
        ruleset_free(old);
        *handler = f->handler;
        log_new_rules(f);
        return true;
    }
    ruleset_free(fresh);
    f->rules = old;
    f->handler = before;
    log_printf(&f->log, LOG_ERROR, "%s; the rules stay as they were", e.text);
    return false;
}

/* Whatever fails here is an init error. */
static bool start(struct function *f, const char *host, struct err *e)
{
    int64_t began_ms = clock_mono_ms();
    struct environment env = {NULL, get_env};
    bool ok = crash_guard(host, e) && runtime_config_read(&f->config, env, e) &&
              start_client(f, e) && start_rules(f, e) && start_state(f, e) && start_geo(f, e) &&
              start_containment(f, e) && start_reports(f, e) &&
              (is_patient(f) || start_handler(f, e));
    if (ok)
        log_start(f, began_ms);
    return ok;
}

static int fail(struct function *f, const struct err *why)
{
    log_line(&f->log, LOG_FATAL, str_of(why->text), NULL, 0);
    return 1;
}

static int fail_start(struct function *f, const struct err *why)
{
    struct err e;
    if (!rapi_fail_init(f->rapi, why, &e))
        fail(f, &e);
    return fail(f, why);
}

static int run(struct function *f)
{
    const char *host = getenv("AWS_LAMBDA_RUNTIME_API");
    struct err e = {0};
    if (!host || !*host) {
        err_set(&e, ERR_USAGE,
                "AWS_LAMBDA_RUNTIME_API is not set: this program is an AWS Lambda "
                "function; on a laptop use `trailwarden`");
        return fail(f, &e);
    }
    f->rapi = rapi_new(host, &e);
    if (!f->rapi)
        return fail(f, &e);
    if (!start(f, host, &e))
        return fail_start(f, &e);
    struct server s = {.rapi = f->rapi,
                       .handler = f->handler,
                       .make = make_handler,
                       .client = f->client,
                       .memory = f->memory,
                       .deadline = &f->deadline,
                       .log = &f->log,
                       .metrics = f->config.metrics,
                       .refresh = rules_remote_is(buf_str(&f->config.rules)) ? refresh_rules : NULL,
                       .to = f};
    return serve(&s, &e) ? 0 : fail(f, &e);
}

int main(void)
{
    struct function f = {0};
    log_init(&f.log, STDOUT_FILENO, getenv("AWS_LAMBDA_LOG_FORMAT"), getenv("AWS_LAMBDA_LOG_LEVEL"),
             clock_wall_ms);
    resolver_settle();
    stop_on_sigterm();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int code = run(&f);
    handler_free(f.handler);
    rapi_free(f.rapi);
    state_memory_free(f.memory);
    dynamodb_release(&f.table);
    geo_close(f.geo);
    contain_config_release(&f.contain);
    s3_ahead_free(f.objects);
    aws_client_free(f.client);
    ruleset_free(f.rules);
    runtime_config_release(&f.config);
    curl_global_cleanup();
    return code;
}
