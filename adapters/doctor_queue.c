/* How the function is fed: the queue in front of it, and where it goes that nobody could read. */
#include "adapters/doctor_parts.h"
#include "base/escape.h"

#define VISIBILITY_TIMES 6 /* AWS: at least six times the function's timeout */

static const char *attribute(const json_t *answer, const char *name)
{
    return doctor_text_of(json_object_get(answer, "Attributes"), name);
}

static long long number(const char *text)
{
    unsigned long long n;
    return str_u64(str_of(text), &n) ? (long long)n : 0;
}

/* The attributes of the queue, {"Attributes":{"VisibilityTimeout":"360",..}}; NULL when they could
 * not be had, which was told. */
static json_t *attributes_of(struct doctor *d, const char *check, struct str url, struct str region)
{
    struct buf body;
    buf_init(&body, DOCTOR_TEXT_MAX);
    buf_putz(&body, "{\"QueueUrl\":");
    buf_put_json(&body, url);
    buf_putz(&body, ",\"AttributeNames\":[\"All\"]}");
    const struct doctor_call call = {.service = AWS_SQS,
                                     .action = "GetQueueAttributes",
                                     .target = "AmazonSQS.GetQueueAttributes",
                                     .region = region,
                                     .body = buf_str(&body),
                                     .todo = "deploy the stack again"};
    json_t *answer = doctor_json(d, check, &call);
    buf_release(&body);
    return answer;
}

/* The same of the queue of that ARN, whose URL is asked for first. */
static json_t *queue_of(struct doctor *d, const char *check, struct str arn)
{
    struct buf body;
    struct str region = doctor_arn_part(arn, 3);
    buf_init(&body, DOCTOR_TEXT_MAX);
    buf_putz(&body, "{\"QueueName\":");
    buf_put_json(&body, doctor_arn_part(arn, 5));
    buf_putz(&body, ",\"QueueOwnerAWSAccountId\":");
    buf_put_json(&body, doctor_arn_part(arn, 4));
    buf_putc(&body, '}');
    const struct doctor_call call = {.service = AWS_SQS,
                                     .action = "GetQueueUrl",
                                     .target = "AmazonSQS.GetQueueUrl",
                                     .region = region,
                                     .body = buf_str(&body),
                                     .todo = "deploy the stack again"};
    json_t *found = doctor_json(d, check, &call);
    json_t *answer =
        found ? attributes_of(d, check, str_of(doctor_text_of(found, "QueueUrl")), region) : NULL;
    json_decref(found);
    buf_release(&body);
    return answer;
}

/* ---- mapping ---- */

static bool reports_items(const json_t *mapping)
{
    const json_t *types = json_object_get(mapping, "FunctionResponseTypes");
    const json_t *type;
    size_t i;
    json_array_foreach(types, i, type)
    {
        if (str_eqz(S("ReportBatchItemFailures"), json_string_value(type)))
            return true;
    }
    return false;
}

static void say_mapping(struct doctor *d, const json_t *mapping)
{
    const char *state = doctor_text_of(mapping, "State");
    if (!str_eqz(S("Enabled"), state))
        doctor_say(d, "mapping", DOCTOR_FAIL, "aws lambda update-event-source-mapping --enabled",
                   "the function does not read its queue: the mapping is %s", state);
    else if (!reports_items(mapping))
        doctor_say(d, "mapping", DOCTOR_FAIL,
                   "set FunctionResponseTypes to ReportBatchItemFailures",
                   "the answer's batchItemFailures is not looked at: what failed is deleted");
    else
        doctor_say(d, "mapping", DOCTOR_OK, NULL, "the function reads its queue, %lld at once",
                   (long long)json_integer_value(json_object_get(mapping, "BatchSize")));
}

static bool is_queue(const struct doctor *d, const char *arn)
{
    struct str name = doctor_arn_part(str_of(arn), 5);
    return str_eqz(doctor_arn_part(str_of(arn), 2), "sqs") &&
           (!d->asked->queue || str_eqz(name, d->asked->queue));
}

/* {"EventSourceMappings":[{"EventSourceArn":"arn:aws:sqs:..","State":"Enabled","BatchSize":10,
 *   "FunctionResponseTypes":["ReportBatchItemFailures"]}]} */
static void find_mapping(struct doctor *d)
{
    struct buf query;
    buf_init(&query, DOCTOR_ARN_MAX);
    buf_putf(&query, "FunctionName=%s", d->asked->function);
    const struct doctor_call call = {.service = AWS_LAMBDA,
                                     .action = "ListEventSourceMappings",
                                     .method = "GET",
                                     .path = S("/2015-03-31/event-source-mappings/"),
                                     .query = buf_str(&query)};
    json_t *answer = doctor_json(d, "mapping", &call);
    const json_t *mapping;
    size_t i;
    json_array_foreach(json_object_get(answer, "EventSourceMappings"), i, mapping)
    {
        const char *arn = doctor_text_of(mapping, "EventSourceArn");
        if (d->queue_arn.n || !is_queue(d, arn))
            continue;
        buf_putz(&d->queue_arn, arn);
        say_mapping(d, mapping);
    }
    if (answer && !d->queue_arn.n)
        doctor_say(d, "mapping", d->asked->queue ? DOCTOR_FAIL : DOCTOR_WARN,
                   "right for LogPath=sns; else deploy the stack again",
                   "the function reads no queue");
    json_decref(answer);
    buf_release(&query);
}

/* ---- queues ---- */

/* {"deadLetterTargetArn":"arn:..","maxReceiveCount":5}, as text or, from some, as a number's text
 */
static void say_redrive(struct doctor *d, const char *policy)
{
    json_t *p = json_loads(policy, 0, NULL);
    buf_putz(&d->dead_arn, doctor_text_of(p, "deadLetterTargetArn"));
    doctor_expect(d, "redrive", d->dead_arn.n, "what fails again and again is put aside",
                  DOCTOR_FAIL,
                  "the queue has no dead-letter queue: what cannot be read is tried for four days "
                  "and lost",
                  "give it a redrive policy; template.yaml has one");
    json_decref(p);
}

static void say_queue(struct doctor *d, const json_t *answer)
{
    long long visibility_s = number(attribute(answer, "VisibilityTimeout"));
    bool shorter = visibility_s < d->timeout_s;
    doctor_say(
        d, "queue",
        shorter                                          ? DOCTOR_FAIL
        : visibility_s < VISIBILITY_TIMES * d->timeout_s ? DOCTOR_WARN
                                                         : DOCTOR_OK,
        visibility_s < VISIBILITY_TIMES * d->timeout_s
            ? "make the visibility timeout six times the function's timeout"
            : NULL,
        "%s messages wait; the visibility timeout is %lld s, the function's timeout %lld s%s",
        attribute(answer, "ApproximateNumberOfMessages"), visibility_s, (long long)d->timeout_s,
        shorter ? ": messages come again while they are worked on" : "");
}

static void say_dead_letters(struct doctor *d)
{
    json_t *answer = queue_of(d, "dead-letters", buf_str(&d->dead_arn));
    if (!answer)
        return;
    long long n = number(attribute(answer, "ApproximateNumberOfMessages"));
    doctor_say(d, "dead-letters", n ? DOCTOR_FAIL : DOCTOR_OK,
               n ? "the function's log says why; mend it, then redrive (docs/operations.md)" : NULL,
               "%lld messages could not be read", n);
    json_decref(answer);
}

void doctor_check_queue(struct doctor *d)
{
    if (!d->function_arn.n)
        return;
    find_mapping(d);
    if (!d->queue_arn.n)
        return;
    json_t *answer = queue_of(d, "queue", buf_str(&d->queue_arn));
    if (!answer)
        return;
    say_queue(d, answer);
    say_redrive(d, attribute(answer, "RedrivePolicy"));
    json_decref(answer);
    if (d->dead_arn.n)
        say_dead_letters(d);
}
