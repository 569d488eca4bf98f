/* The trail that fills a bucket, and how the bucket's objects become known to the function. */
#include <stdlib.h>

#include "adapters/doctor_parts.h"
#include "aws/xml.h"
#include "base/escape.h"

#define LATE_S 7200 /* a trail with validation writes a digest each hour, whatever happens */
#define TRAIL_ABSENT                                                                               \
    "make one (template.yaml does), or, if a trail of another account writes there, run doctor "   \
    "there too"

#define TRAILS     "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
#define BACK_AGAIN "somebody may have stopped it: look for StopLogging, UpdateTrail, DeleteTrail"

/* How the objects of a bucket may be announced. */
struct announcing {
    struct doctor *d;
    struct vec topics; /* struct doctor_text: ARNs, each its own */
    bool reached;      /* the function hears of objects */
    bool bridge;       /* EventBridge is told; who listens there is not looked at */
    bool unknown;      /* some topic could not be asked */
};

/* ---- trail ---- */

/* {"IsLogging":true,"LatestDeliveryTime":1.7737563E9,"LatestDeliveryError":"AccessDenied"} */
static void say_status(struct doctor *d, const char *name, const json_t *status)
{
    const char *fault = doctor_text_of(status, "LatestDeliveryError");
    const json_t *delivered = json_object_get(status, "LatestDeliveryTime");
    double age_s =
        (double)(d->world->wall_ms(d->world->self) / 1000) - json_number_value(delivered);
    if (!json_is_true(json_object_get(status, "IsLogging"))) {
        doctor_say(d, "trail-on", DOCTOR_FAIL, "aws cloudtrail start-logging; " BACK_AGAIN,
                   "trail %s does not log", name);
        return;
    }
    doctor_say(d, "trail-on", DOCTOR_OK, NULL, "trail %s logs", name);
    if (*fault)
        doctor_say(d, "trail-delivery", DOCTOR_FAIL, "look at the bucket's policy and the key's",
                   "it cannot deliver: %s", fault);
    else if (delivered && age_s > LATE_S)
        doctor_say(d, "trail-delivery", DOCTOR_WARN,
                   "an account that does nothing has no logs, but "
                   "hourly digests; look at the bucket",
                   "nothing was delivered for %.0f hours", age_s / 3600);
    else
        doctor_say(d, "trail-delivery", DOCTOR_OK, NULL, "%s",
                   delivered ? "it delivers" : "it has not delivered yet");
}

static void ask_status(struct doctor *d, const json_t *trail)
{
    struct buf body;
    buf_init(&body, DOCTOR_TEXT_MAX);
    buf_putz(&body, "{\"Name\":");
    buf_put_json(&body, str_of(doctor_text_of(trail, "TrailARN")));
    buf_putc(&body, '}');
    const char *home = doctor_text_of(trail, "HomeRegion");
    const struct doctor_call call = {.service = AWS_CLOUDTRAIL,
                                     .action = "GetTrailStatus",
                                     .target = TRAILS "GetTrailStatus",
                                     .region = *home ? str_of(home) : STR_ABSENT,
                                     .body = buf_str(&body),
                                     .todo = TRAIL_ABSENT};
    json_t *status = doctor_json(d, "trail-on", &call);
    if (status)
        say_status(d, doctor_text_of(trail, "Name"), status);
    json_decref(status);
    buf_release(&body);
}

static void add_topic(struct announcing *a, struct str arn)
{
    struct doctor_text *to = arn.n ? vec_push(&a->topics, 1) : NULL;
    char *copy = to ? malloc(arn.n + 1) : NULL;
    if (!copy)
        return;
    memcpy(copy, arn.p, arn.n);
    copy[arn.n] = '\0';
    to->p = copy;
}

/* {"trailList":[{"Name":"main","S3BucketName":"logs","TrailARN":"arn:..","HomeRegion":"eu-west-1",
 *   "IsMultiRegionTrail":true,"LogFileValidationEnabled":true,"IncludeGlobalServiceEvents":true,
 *   "SnsTopicARN":"arn:.."}]} */
static void say_trail(struct announcing *a, const json_t *trail)
{
    struct doctor *d = a->d;
    bool everywhere = json_is_true(json_object_get(trail, "IsMultiRegionTrail"));
    doctor_expect(d, "trail-regions", everywhere, "it logs all regions", DOCTOR_FAIL,
                  "it logs one region: what is done in others is not seen",
                  "aws cloudtrail update-trail --is-multi-region-trail; " BACK_AGAIN);
    doctor_expect(d, "trail-global",
                  json_is_true(json_object_get(trail, "IncludeGlobalServiceEvents")),
                  "it logs IAM and STS", DOCTOR_FAIL, "it does not log IAM and STS",
                  "aws cloudtrail update-trail --include-global-service-events; " BACK_AGAIN);
    doctor_expect(d, "trail-validation",
                  json_is_true(json_object_get(trail, "LogFileValidationEnabled")),
                  "its files can be proven unchanged", DOCTOR_WARN,
                  "whether its files were changed cannot be proven",
                  "aws cloudtrail update-trail --enable-log-file-validation");
    ask_status(d, trail);
    add_topic(a, str_of(doctor_text_of(trail, "SnsTopicARN")));
}

static void check_trails(struct announcing *a, struct str bucket)
{
    struct doctor *d = a->d;
    const struct doctor_call call = {.service = AWS_CLOUDTRAIL,
                                     .action = "DescribeTrails",
                                     .target = TRAILS "DescribeTrails",
                                     .body = S("{}")};
    json_t *answer = doctor_json(d, "trail", &call);
    const json_t *trail;
    size_t i, n = 0;
    json_array_foreach(json_object_get(answer, "trailList"), i, trail)
    {
        if (!str_eqz(bucket, doctor_text_of(trail, "S3BucketName")))
            continue;
        n++;
        doctor_say(d, "trail", DOCTOR_OK, NULL, "trail %s writes to %.*s",
                   doctor_text_of(trail, "Name"), (int)bucket.n, bucket.p);
        say_trail(a, trail);
    }
    if (answer && n == 0)
        doctor_say(d, "trail", DOCTOR_FAIL, TRAIL_ABSENT, "no trail of this account writes to %.*s",
                   (int)bucket.n, bucket.p);
    json_decref(answer);
}

/* ---- notifications ---- */

static bool is_function(const struct doctor *d, struct str arn)
{
    struct str ours = buf_str(&d->function_arn);
    return ours.n && str_starts(arn, ours) && (arn.n == ours.n || arn.p[ours.n] == ':');
}

static bool is_queue(const struct doctor *d, struct str arn)
{
    return d->queue_arn.n && str_eq(arn, buf_str(&d->queue_arn));
}

/* doctor_subscriptions: whether one of them is the way to the function. */
static void note_subscription(void *to, struct str endpoint, struct str arn)
{
    struct announcing *a = to;
    if (str_starts(arn, S("arn:")) && (is_queue(a->d, endpoint) || is_function(a->d, endpoint)))
        a->reached = true;
}

static void note_target(struct announcing *a, struct str kind, struct str arn)
{
    if (str_eqz(kind, "TopicConfiguration"))
        add_topic(a, arn);
    a->reached = a->reached || (str_eqz(kind, "QueueConfiguration") && is_queue(a->d, arn)) ||
                 (str_eqz(kind, "CloudFunctionConfiguration") && is_function(a->d, arn));
}

/* Behind <TopicConfiguration> and its like: the target counts when new objects are told to it. */
static bool read_configuration(struct announcing *a, struct xml *x, struct str kind, struct err *e)
{
    const size_t inside = x->depth;
    struct buf text, arn;
    bool created = false, ok = true;
    buf_init(&text, DOCTOR_TEXT_MAX);
    buf_init(&arn, DOCTOR_ARN_MAX);
    while ((ok = xml_next(x, e)) && x->kind != XML_END &&
           !(x->kind == XML_CLOSE && x->depth < inside)) {
        if (x->kind != XML_OPEN)
            continue;
        const bool event = str_eqz(x->name, "Event");
        const bool target = str_eqz(x->name, "Topic") || str_eqz(x->name, "Queue") ||
                            str_eqz(x->name, "CloudFunction");
        buf_reset(&text);
        ok = xml_take_element(x, target ? &arn : &text, e);
        if (!ok)
            break;
        created = created || (event && str_starts(buf_str(&text), S("s3:ObjectCreated")));
    }
    if (ok && created)
        note_target(a, kind, buf_str(&arn));
    buf_release(&text);
    buf_release(&arn);
    return ok;
}

/* <NotificationConfiguration><TopicConfiguration><Id>..</Id><Topic>arn:..</Topic>
 *   <Event>s3:ObjectCreated:*</Event>..</TopicConfiguration><EventBridgeConfiguration/>.. */
static bool read_notifications(struct announcing *a, struct str document, struct err *e)
{
    struct xml x;
    xml_init(&x, document);
    while (xml_next(&x, e)) {
        if (x.kind == XML_END)
            return true;
        if (x.kind != XML_OPEN || x.depth != 2)
            continue;
        if (str_eqz(x.name, "EventBridgeConfiguration"))
            a->bridge = true;
        else if (!read_configuration(a, &x, x.name, e))
            return false;
    }
    return false;
}

static void follow_topics(struct announcing *a)
{
    for (size_t i = 0; i < a->topics.n && !a->reached; i++) {
        const struct doctor_text *topic = vec_at(&a->topics, i);
        if (!doctor_subscriptions(a->d, "notifications", str_of(topic->p), note_subscription, a))
            a->unknown = true;
    }
}

static void say_notifications(struct announcing *a, struct str bucket)
{
    struct doctor *d = a->d;
    follow_topics(a);
    if (a->reached)
        doctor_say(d, "notifications", DOCTOR_OK, NULL, "the function hears of objects in %.*s",
                   (int)bucket.n, bucket.p);
    else if (!d->function_arn.n)
        doctor_say(d, "notifications", DOCTOR_WARN, NULL,
                   "whether they reach the function is not known");
    else if (a->bridge)
        doctor_say(d, "notifications", DOCTOR_OK, NULL,
                   "objects in %.*s are announced by EventBridge, whose rules are not looked at",
                   (int)bucket.n, bucket.p);
    else if (!a->unknown)
        doctor_say(
            d, "notifications", DOCTOR_FAIL,
            "docs/deploy.md, \"A bucket that exists\"; somebody may have removed it: look for "
            "PutBucketNotification, Unsubscribe",
            "the function does not hear of objects in %.*s", (int)bucket.n, bucket.p);
}

static void check_notifications(struct announcing *a, struct str bucket)
{
    struct aws_reply reply;
    struct err why = {0};
    aws_reply_init(&reply, DOCTOR_ANSWER_MAX);
    const struct doctor_call call = {.service = AWS_S3,
                                     .action = "GetBucketNotificationConfiguration",
                                     .method = "GET",
                                     .bucket = bucket,
                                     .path = S("/"),
                                     .query = S("notification="),
                                     .todo = "name the right bucket"};
    if (doctor_ask(a->d, "notifications", &call, &reply)) {
        if (read_notifications(a, buf_str(&reply.http.body), &why))
            say_notifications(a, bucket);
        else
            doctor_say(a->d, "notifications", DOCTOR_FAIL, "see whether the endpoint is AWS's",
                       "s3 GetBucketNotificationConfiguration: %s", why.text);
    }
    aws_reply_release(&reply);
}

void doctor_check_bucket(struct doctor *d, struct str bucket)
{
    struct announcing a = {.d = d};
    vec_init(&a.topics, sizeof(struct doctor_text), DOCTOR_LIST_MAX);
    check_trails(&a, bucket);
    check_notifications(&a, bucket);
    for (size_t i = 0; i < a.topics.n; i++)
        free(((struct doctor_text *)vec_at(&a.topics, i))->p);
    vec_release(&a.topics);
}
