/* Records of other logs. */
#include "cli/simulate_sources.h"

#include "base/escape.h"
#include "base/sha256.h"
#include "base/timefmt.h"
#include "handlers/flowformat.h"

#define FLOW_SECONDS 59 /* from start to end, with the shortest interval: a minute */

/* ---- okta ---- */

static bool put_json(struct buf *b, const struct yaml *y, const char *otherwise, struct err *e)
{
    if (y)
        return yaml_put_json(b, y, e);
    buf_putz(b, otherwise);
    return true;
}

static void put_user(struct buf *b, const struct actor *a)
{
    buf_putf(b,
             "\"actor\":{\"id\":\"00u${hex:okta/%.*s}EXAMPLE\",\"type\":\"User\",\"alternateId\":"
             "\"%.*s\",\"displayName\":\"%.*s\"},\"client\":{\"ipAddress\":\"%.*s\",\"userAgent\":"
             "{\"rawUserAgent\":",
             (int)a->name.n, a->name.p, (int)a->name.n, a->name.p, (int)a->name.n, a->name.p,
             (int)a->ip.n, a->ip.p);
    buf_put_json(b, a->agent);
    buf_putz(b, "}},");
}

static void put_outcome(struct buf *b, const struct step *s)
{
    if (!str_present(s->error)) {
        buf_putz(b, "\"outcome\":{\"result\":\"SUCCESS\",\"reason\":null},");
        return;
    }
    buf_putz(b, "\"outcome\":{\"result\":\"FAILURE\",\"reason\":");
    buf_put_json(b, s->error);
    buf_putz(b, "},");
}

static bool put_system_log(struct buf *b, const struct deed *d, struct err *e)
{
    const struct step *s = d->step;
    buf_putf(b, "{\"uuid\":\"%.*s\",\"published\":\"${time}\",\"version\":\"0\",\"eventType\":",
             (int)d->event_id.n, d->event_id.p);
    buf_put_json(b, s->event);
    buf_putz(b, ",\"severity\":\"INFO\",");
    put_user(b, s->as);
    put_outcome(b, s);
    buf_putz(b, "\"target\":");
    if (!put_json(b, s->resources, "[]", e))
        return false;
    buf_putz(b, ",\"debugContext\":{\"debugData\":");
    if (!put_json(b, s->request, "{}", e))
        return false;
    buf_putz(b, "}}");
    return true;
}

bool source_put_okta(struct buf *b, const struct deed *d, struct err *e)
{
    buf_putf(b,
             "{\"version\":\"0\",\"id\":\"${uuid:bridge/%.*s}\",\"detail-type\":\"SystemLog\","
             "\"source\":\"aws.partner/okta.com/example/1\",\"account\":\"${account}\",\"time\":"
             "\"${time}\",\"region\":\"" SIMULATE_HOME "\",\"resources\":[],\"detail\":",
             (int)d->event_id.n, d->event_id.p);
    if (!put_system_log(b, d, e))
        return false;
    buf_putc(b, '}');
    return true;
}

/* ---- GitHub ---- */

/* Appends ,"key":value for each member. */
static bool put_members(struct buf *b, const struct yaml *y, struct err *e)
{
    for (size_t i = 0; y && y->kind == YAML_MAP && i < y->n; i++) {
        buf_putc(b, ',');
        buf_put_json(b, yaml_text(y->pairs[i].key));
        buf_putc(b, ':');
        if (!yaml_put_json(b, y->pairs[i].value, e))
            return false;
    }
    return true;
}

bool source_put_github(struct buf *b, const struct deed *d, struct err *e)
{
    const struct step *s = d->step;
    buf_putz(b, "{\"@timestamp\":");
    buf_put_i64(b, d->names->time_ms);
    buf_putz(b, ",\"_document_id\":");
    buf_put_json(b, d->event_id);
    buf_putz(b, ",\"action\":");
    buf_put_json(b, s->event);
    buf_putf(b, ",\"actor\":\"%.*s\",\"actor_ip\":\"%.*s\",\"user_agent\":", (int)s->as->name.n,
             s->as->name.p, (int)s->as->ip.n, s->as->ip.p);
    buf_put_json(b, s->as->agent);
    buf_putz(b, ",\"org\":\"example-shop\"");
    if (!put_members(b, s->request, e))
        return false;
    buf_putc(b, '}');
    return true;
}

/* ---- Kubernetes ---- */

static bool put_status(struct buf *b, const struct step *s, struct err *e)
{
    buf_putz(b, ",\"responseStatus\":");
    if (!str_present(s->error))
        return put_json(b, s->response, "{\"metadata\":{},\"code\":200}", e);
    buf_putz(b, "{\"metadata\":{},\"status\":\"Failure\",\"code\":403,\"reason\":");
    buf_put_json(b, s->error);
    buf_putc(b, '}');
    return true;
}

bool source_put_kubernetes(struct buf *b, const struct deed *d, struct err *e)
{
    const struct step *s = d->step;
    buf_putf(b,
             "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\","
             "\"auditID\":\"%.*s\",\"stage\":\"ResponseComplete\",\"verb\":",
             (int)d->event_id.n, d->event_id.p);
    buf_put_json(b, s->event);
    buf_putf(b, ",\"user\":{\"username\":\"%.*s\",\"groups\":[\"system:authenticated\"]},",
             (int)s->as->name.n, s->as->name.p);
    buf_putf(b, "\"sourceIPs\":[\"%.*s\"],\"userAgent\":", (int)s->as->ip.n, s->as->ip.p);
    buf_put_json(b, s->as->agent);
    buf_putz(b, ",\"objectRef\":");
    if (!put_json(b, s->request, "null", e) || !put_status(b, s, e) ||
        !put_members(b, s->additional, e))
        return false;
    buf_putf(b,
             ",\"requestReceivedTimestamp\":\"${time}\",\"stageTimestamp\":\"${time}\","
             "\"annotations\":{\"authorization.k8s.io/decision\":\"%s\",\"cluster_name\":"
             "\"shop\"}}",
             str_present(s->error) ? "forbid" : "allow");
    return true;
}

/* ---- flows ---- */

/* What a step's request does not say. */
static const struct {
    const char *column, *value;
} usual[] = {
    {"version", "5"},
    {"account-id", "${account}"},
    {"srcport", "51612"},
    {"protocol", "6"},
    {"packets", "12"},
    {"bytes", "4200"},
    {"log-status", "OK"},
    {"dstport", "443"},
    {"flow-direction", "egress"},
};

static void put_usual(struct buf *b, struct str column)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (!str_eqz(column, usual[i].column))
            continue;
        buf_putz(b, usual[i].value);
        return;
    }
    buf_putc(b, '-');
}

static void put_value(struct buf *b, const struct deed *d, struct str column)
{
    const struct step *s = d->step;
    const int64_t start = d->names->time_ms / 1000;
    if (str_eqz(column, "srcaddr"))
        buf_put(b, s->as->ip);
    else if (str_eqz(column, "instance-id"))
        buf_put(b, s->as->name);
    else if (str_eqz(column, "action"))
        buf_put(b, s->event);
    else if (str_eqz(column, "region"))
        buf_put(b, record_region(s));
    else if (str_eqz(column, "start"))
        buf_putf(b, "%lld", (long long)start);
    else if (str_eqz(column, "end"))
        buf_putf(b, "%lld", (long long)start + FLOW_SECONDS);
    else
        put_usual(b, column);
}

/* The value that the step's request has for the column. */
static struct str asked(const struct step *s, struct str column)
{
    for (size_t i = 0; s->request && s->request->kind == YAML_MAP && i < s->request->n; i++)
        if (str_eq(yaml_text(s->request->pairs[i].key), column))
            return yaml_text(s->request->pairs[i].value);
    return STR_ABSENT;
}

void source_put_flow(struct buf *b, const struct deed *d)
{
    struct str columns = S(SOURCE_FLOW_HEADER);
    while (str_present(columns)) {
        struct str column = str_cut(&columns, ' ');
        struct str value = asked(d->step, column);
        if (str_present(value))
            buf_put(b, value);
        else
            put_value(b, d, column);
        if (str_present(columns))
            buf_putc(b, ' ');
    }
}

static void put_flow_json(struct buf *b, const struct flow_format *f, struct str line)
{
    buf_putc(b, '{');
    for (size_t i = 0; i < f->n && str_present(line); i++) {
        struct str value = str_cut(&line, ' ');
        if (str_eqz(value, "-"))
            continue;
        if (b->n > 1)
            buf_putc(b, ',');
        buf_put_json(b, f->names[i]);
        buf_putc(b, ':');
        if (f->numbers[i])
            buf_put(b, value);
        else
            buf_put_json(b, value);
    }
    buf_putc(b, '}');
}

bool source_flow_id(struct str line, char out[64], struct err *e)
{
    struct flow_format f;
    struct buf json;
    struct sha256 h;
    unsigned char raw[SHA256_BYTES];
    if (!flow_format_read(&f, S(SOURCE_FLOW_HEADER)))
        return err_set(e, ERR_SYSTEM, "the header of flow logs is none");
    buf_init(&json, SIMULATE_RECORD_MAX);
    put_flow_json(&json, &f, line);
    bool ok = buf_ok(&json, "a flow", e);
    sha256_init(&h);
    sha256_add(&h, buf_str(&json));
    sha256_end(&h, raw);
    bytes_hex(out, raw, sizeof raw);
    buf_release(&json);
    return ok;
}
