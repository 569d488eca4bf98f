/* Reading the environment. */
#include "runtime/config.h"

#include "engine/source.h"
#include "handlers/flowformat.h"

#define RULES_REFRESH_S     300   /* a listing costs 0.000005 USD */
#define RULES_REFRESH_MAX_S 86400 /* no process lives longer */
#define RULES_PATH_MAX      4095  /* Linux' PATH_MAX without its NUL */

static const char *get(struct environment env, const char *name)
{
    const char *value = env.get(env.self, name);
    return value && *value ? value : NULL;
}

static bool read_rules(struct runtime_config *c, struct environment env, struct err *e)
{
    const char *rules = get(env, "TRAILWARDEN_RULES");
    const char *root = get(env, "LAMBDA_TASK_ROOT");
    if (!rules && !root)
        return err_set(e, ERR_USAGE,
                       "neither TRAILWARDEN_RULES nor LAMBDA_TASK_ROOT is set: where "
                       "are the rules?");
    buf_putz(&c->rules, rules ? rules : root);
    if (!rules)
        buf_putz(&c->rules, "/rules");
    if (root) {
        buf_putz(&c->packaged, root);
        buf_putz(&c->packaged, "/rules");
    }
    if (!buf_z(&c->rules))
        return err_set(e, ERR_USAGE, "TRAILWARDEN_RULES is longer than %d bytes", RULES_PATH_MAX);
    return true;
}

static bool read_refresh(struct runtime_config *c, struct environment env, struct err *e)
{
    const char *text = get(env, "TRAILWARDEN_RULES_REFRESH");
    unsigned long long s = RULES_REFRESH_S;
    if (text && (!str_u64(str_of(text), &s) || s > RULES_REFRESH_MAX_S))
        return err_set(e, ERR_USAGE,
                       "TRAILWARDEN_RULES_REFRESH is \"%.40s\", not a number of seconds up to %d",
                       text, RULES_REFRESH_MAX_S);
    c->rules_every_s = (int64_t)s;
    return true;
}

static bool read_level(struct runtime_config *c, struct environment env, struct err *e)
{
    const char *level = get(env, "TRAILWARDEN_MIN_LEVEL");
    c->min_level = LEVEL_LOW;
    if (level && !level_parse(str_of(level), &c->min_level))
        return err_set(e, ERR_USAGE,
                       "TRAILWARDEN_MIN_LEVEL is \"%.40s\", not one of "
                       "informational, low, medium, high, critical",
                       level);
    return true;
}

static bool read_source(struct runtime_config *c, struct environment env, struct err *e)
{
    const char *source = get(env, "TRAILWARDEN_SOURCE");
    c->said.has_source = source != NULL;
    if (source && !source_parse(str_of(source), &c->said.source))
        return err_set(e, ERR_USAGE,
                       "TRAILWARDEN_SOURCE is \"%.40s\", not one of cloudtrail, vpcflow, okta, "
                       "github, k8s_audit",
                       source);
    return true;
}

static bool read_flow_format(struct runtime_config *c, struct environment env, struct err *e)
{
    struct flow_format format;
    c->said.flow_format = str_of(get(env, "TRAILWARDEN_FLOW_FORMAT"));
    return !str_present(c->said.flow_format) || flow_format_read(&format, c->said.flow_format) ||
           err_set(e, ERR_USAGE,
                   "TRAILWARDEN_FLOW_FORMAT is \"%.60s\", not names of columns of flow logs",
                   c->said.flow_format.p);
}

/* Whoever could write to any bucket could have anybody contained; and without a table nobody knows
 * what was done. */
static bool read_containment(struct runtime_config *c, struct environment env, struct err *e)
{
    const char *mode = get(env, "TRAILWARDEN_CONTAINMENT");
    c->containment = CONTAIN_OFF;
    if (mode && !contain_mode_parse(str_of(mode), &c->containment))
        return err_set(e, ERR_USAGE,
                       "TRAILWARDEN_CONTAINMENT is \"%.40s\", not one of off, dry-run, approval, "
                       "auto",
                       mode);
    if (c->containment != CONTAIN_OFF && !str_present(c->buckets))
        return err_set(e, ERR_USAGE,
                       "TRAILWARDEN_CONTAINMENT is %s, and TRAILWARDEN_BUCKETS is not set: it must "
                       "name the buckets whose events may have somebody contained",
                       mode);
    if (c->containment != CONTAIN_OFF && !str_present(c->table))
        return err_set(e, ERR_USAGE,
                       "TRAILWARDEN_CONTAINMENT is %s, and TRAILWARDEN_TABLE is not set: what is "
                       "done must be on record",
                       mode);
    return true;
}

static bool read_metrics(struct runtime_config *c, struct environment env, struct err *e)
{
    const char *metrics = get(env, "TRAILWARDEN_METRICS");
    if (metrics && !str_eqz(str_of(metrics), "on") && !str_eqz(str_of(metrics), "off"))
        return err_set(e, ERR_USAGE, "TRAILWARDEN_METRICS is \"%.40s\", not one of on, off",
                       metrics);
    if (!metrics || str_eqz(str_of(metrics), "on"))
        c->metrics = str_of(get(env, "AWS_LAMBDA_FUNCTION_NAME"));
    return true;
}

bool runtime_config_read(struct runtime_config *out, struct environment env, struct err *e)
{
    *out = (struct runtime_config){0};
    buf_init(&out->rules, RULES_PATH_MAX);
    buf_init(&out->packaged, RULES_PATH_MAX);
    out->topic = str_of(get(env, "TRAILWARDEN_TOPIC_ARN"));
    out->fifo_topic = str_of(get(env, "TRAILWARDEN_FIFO_TOPIC_ARN"));
    out->table = str_of(get(env, "TRAILWARDEN_TABLE"));
    out->config_file = get(env, "TRAILWARDEN_CONFIG");
    out->geoip = get(env, "TRAILWARDEN_GEOIP");
    out->asn = get(env, "TRAILWARDEN_ASN");
    out->reports = str_of(get(env, "TRAILWARDEN_REPORTS"));
    out->buckets = str_of(get(env, "TRAILWARDEN_BUCKETS"));
    out->github_secret = str_of(get(env, "TRAILWARDEN_GITHUB_SECRET"));
    if (!str_present(out->topic))
        return err_set(e, ERR_USAGE, "TRAILWARDEN_TOPIC_ARN is not set: alerts have nowhere to go");
    return read_rules(out, env, e) && read_refresh(out, env, e) && read_level(out, env, e) &&
           read_source(out, env, e) && read_flow_format(out, env, e) && read_metrics(out, env, e) &&
           read_containment(out, env, e);
}

void runtime_config_release(struct runtime_config *c)
{
    buf_release(&c->rules);
    buf_release(&c->packaged);
}
