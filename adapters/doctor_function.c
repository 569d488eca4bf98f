/* Who asks, and the function. */
#include <stdlib.h>

#include "adapters/doctor_parts.h"
#include "adapters/lambda.h"
#include "aws/skew.h"
#include "aws/xml.h"

#define CLOCK_OFF_MS 60000 /* beyond it events of now may count as late or early */
#define SELF_TEST    "{\"trailwarden\":{\"action\":\"self-test\"}}"
#define FUNCTION_ABSENT                                                                            \
    "name it with --function, and its region with AWS_REGION; docs/deploy.md makes one"

/* ---- caller, clock ---- */

static void say_clock(struct doctor *d, const struct aws_reply *reply, int64_t sent_ms)
{
    int64_t skew_ms, now_ms = d->world->wall_ms(d->world->self);
    if (!skew_measure(http_reply_header(&reply->http, "date"),
                      http_reply_header(&reply->http, "age"), sent_ms, now_ms, &skew_ms)) {
        doctor_say(d, "clock", DOCTOR_WARN, NULL, "AWS's answer does not tell its time");
        return;
    }
    long long off_s = (long long)(skew_ms / 1000);
    bool good = llabs(off_s) * 1000 < CLOCK_OFF_MS;
    doctor_say(
        d, "clock",
        good                                  ? DOCTOR_OK
        : llabs(off_s) * 1000 < SKEW_RETRY_MS ? DOCTOR_WARN
                                              : DOCTOR_FAIL,
        good ? NULL : "set this machine's clock (NTP); AWS refuses calls that are five minutes off",
        "this machine's clock is %lld s %s AWS's", llabs(off_s), off_s > 0 ? "behind" : "ahead of");
}

void doctor_check_caller(struct doctor *d)
{
    struct aws_reply reply;
    struct buf arn;
    int64_t sent_ms = d->world->wall_ms(d->world->self);
    aws_reply_init(&reply, DOCTOR_ANSWER_MAX);
    buf_init(&arn, DOCTOR_ARN_MAX);
    const struct doctor_call call = {.service = AWS_STS,
                                     .action = "GetCallerIdentity",
                                     .body = S("Action=GetCallerIdentity&Version=2011-06-15")};
    if (doctor_ask(d, "caller", &call, &reply)) {
        bool known = xml_find(buf_str(&reply.http.body), "Arn", &arn);
        doctor_say(d, "caller", DOCTOR_OK, NULL, "these are the eyes of %s",
                   known && buf_z(&arn) ? buf_z(&arn) : "somebody without a name");
        say_clock(d, &reply, sent_ms);
    }
    buf_release(&arn);
    aws_reply_release(&reply);
}

/* ---- function ---- */

static void take(struct buf *to, const json_t *variables, const char *name)
{
    if (!to->n)
        buf_putz(to, doctor_text_of(variables, name));
}

/* {"FunctionName":"trailwarden","FunctionArn":"arn:..","State":"Active","LastUpdateStatus":
 *  "Successful","Timeout":60,"Environment":{"Variables":{"TRAILWARDEN_TABLE":"..",..}}} */
static void read_function(struct doctor *d, const json_t *f)
{
    const json_t *variables = json_object_get(json_object_get(f, "Environment"), "Variables");
    const char *state = doctor_text_of(f, "State"), *update = doctor_text_of(f, "LastUpdateStatus");
    buf_putz(&d->function_arn, doctor_text_of(f, "FunctionArn"));
    d->timeout_s = json_integer_value(json_object_get(f, "Timeout"));
    take(&d->table, variables, "TRAILWARDEN_TABLE");
    take(&d->topic, variables, "TRAILWARDEN_TOPIC_ARN");
    take(&d->buckets, variables, "TRAILWARDEN_BUCKETS");
    bool runs = !*state || str_eqz(S("Active"), state) || str_eqz(S("Inactive"), state);
    if (!runs)
        doctor_say(d, "function", DOCTOR_FAIL, "deploy it again", "function %s is in state %s: %s",
                   d->asked->function, state, doctor_text_of(f, "StateReason"));
    else if (str_eqz(S("Failed"), update))
        doctor_say(d, "function", DOCTOR_FAIL, "deploy it again",
                   "the last update of function %s failed: %s", d->asked->function,
                   doctor_text_of(f, "LastUpdateStatusReason"));
    else
        doctor_say(d, "function", DOCTOR_OK, NULL, "function %s is there, %s, %s",
                   d->asked->function, doctor_text_of(f, "Runtime"),
                   json_string_value(json_array_get(json_object_get(f, "Architectures"), 0))
                       ? json_string_value(json_array_get(json_object_get(f, "Architectures"), 0))
                       : "x86_64");
}

static void say_settings(struct doctor *d)
{
    doctor_expect(d, "settings", d->topic.n && d->table.n, "topic and table are set",
                  d->topic.n ? DOCTOR_WARN : DOCTOR_FAIL,
                  d->topic.n ? "TRAILWARDEN_TABLE is not set: windows see one invocation only, and "
                               "no incidents are told"
                             : "TRAILWARDEN_TOPIC_ARN is not set: the function does not start",
                  "set it in the function's environment");
}

/* {"ok":true,"version":"0.1.0","rules":31,"hash":".."}, or {"errorMessage":"..","errorType":".."}
 */
static void read_self_test(struct doctor *d, const struct aws_reply *reply)
{
    struct str body = buf_str(&reply->http.body);
    json_t *answer = json_loadb(body.p, body.n, 0, NULL);
    const char *version = doctor_text_of(answer, "version");
    if (str_present(http_reply_header(&reply->http, "x-amz-function-error")) ||
        !json_is_true(json_object_get(answer, "ok")))
        doctor_say(d, "self-test", DOCTOR_FAIL, "the function's log says why", "it failed: %s",
                   *doctor_text_of(answer, "errorMessage") ? doctor_text_of(answer, "errorMessage")
                                                           : "no answer of trailwarden's");
    else if (d->asked->version && !str_eqz(str_of(version), d->asked->version))
        doctor_say(d, "self-test", DOCTOR_WARN, "deploy the same version, or use the other program",
                   "the function is version %s, this program %s", version, d->asked->version);
    else
        doctor_say(d, "self-test", DOCTOR_OK, NULL, "version %s, %lld rules", version,
                   (long long)json_integer_value(json_object_get(answer, "rules")));
    json_decref(answer);
}

static void self_test(struct doctor *d)
{
    struct buf path;
    struct aws_reply reply;
    buf_init(&path, DOCTOR_ARN_MAX);
    aws_reply_init(&reply, DOCTOR_ANSWER_MAX);
    lambda_put_path(&path, str_of(d->asked->function), "/invocations");
    const struct doctor_call call = {.service = AWS_LAMBDA,
                                     .action = "Invoke",
                                     .path = buf_str(&path),
                                     .body = S(SELF_TEST),
                                     .todo = FUNCTION_ABSENT};
    if (doctor_ask(d, "self-test", &call, &reply))
        read_self_test(d, &reply);
    aws_reply_release(&reply);
    buf_release(&path);
}

void doctor_check_function(struct doctor *d)
{
    struct buf path;
    buf_init(&path, DOCTOR_ARN_MAX);
    lambda_put_path(&path, str_of(d->asked->function), "/configuration");
    const struct doctor_call call = {.service = AWS_LAMBDA,
                                     .action = "GetFunctionConfiguration",
                                     .method = "GET",
                                     .path = buf_str(&path),
                                     .todo = FUNCTION_ABSENT};
    json_t *f = doctor_json(d, "function", &call);
    if (f) {
        read_function(d, f);
        say_settings(d);
        self_test(d);
    }
    json_decref(f);
    buf_release(&path);
}
