/* The order of checks; calls and findings. */
#include "adapters/doctor_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/escape.h"

const char *doctor_verdict_name(enum doctor_verdict v)
{
    static const char *const names[] = {
        [DOCTOR_OK] = "ok", [DOCTOR_WARN] = "warn", [DOCTOR_FAIL] = "fail"};
    return names[v];
}

/* ---- findings ---- */

void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *todo,
                const char *fmt, ...)
{
    char text[DOCTOR_TEXT_MAX];
    va_list args;
    if (d->ended)
        return;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const struct doctor_finding f = {check, verdict, n < 0 ? S("?") : str_of(text), str_of(todo)};
    d->ended = !d->tell(d->to, &f, &d->why);
}

void doctor_expect(struct doctor *d, const char *check, bool holds, const char *good,
                   enum doctor_verdict verdict, const char *bad, const char *todo)
{
    if (holds)
        doctor_say(d, check, DOCTOR_OK, NULL, "%s", good);
    else
        doctor_say(d, check, verdict, todo, "%s", bad);
}

/* ---- calls ---- */

static bool failed(struct doctor *d, const char *check, const struct doctor_call *call,
                   const struct err *why)
{
    if (why->kind == ERR_DENIED)
        doctor_say(d, check, DOCTOR_WARN, "allow the call to whoever runs doctor",
                   "not looked at: %s", why->text);
    else if (why->kind == ERR_MISSING && call->todo)
        doctor_say(d, check, DOCTOR_FAIL, call->todo, "%s", why->text);
    else
        doctor_say(d, check, DOCTOR_FAIL,
                   "see whether the name, the region and the network are right", "%s", why->text);
    return false;
}

bool doctor_ask(struct doctor *d, const char *check, const struct doctor_call *call,
                struct aws_reply *reply)
{
    struct err why = {0};
    struct header headers[2];
    size_t n = 0;
    if (d->ended)
        return false;
    if (call->target) {
        const char *type = call->service == AWS_CLOUDTRAIL ? "application/x-amz-json-1.1"
                                                           : "application/x-amz-json-1.0";
        headers[n++] = (struct header){S("content-type"), str_of(type)};
        headers[n++] = (struct header){S("x-amz-target"), str_of(call->target)};
    } else if (call->service == AWS_SNS || call->service == AWS_STS) {
        headers[n++] = (struct header){S("content-type"),
                                       S("application/x-www-form-urlencoded; charset=utf-8")};
    }
    const struct aws_request request = {
        .service = call->service,
        .action = call->action,
        .region = call->region,
        .bucket = call->bucket,
        .method = call->method ? call->method : "POST",
        .path = call->path,
        .query = call->query,
        .headers = headers,
        .n_headers = n,
        .body = call->body,
    };
    return aws_call(d->client, &request, reply, &why) || failed(d, check, call, &why);
}

json_t *doctor_json(struct doctor *d, const char *check, const struct doctor_call *call)
{
    struct aws_reply reply;
    json_t *root = NULL;
    aws_reply_init(&reply, DOCTOR_ANSWER_MAX);
    if (doctor_ask(d, check, call, &reply)) {
        struct str body = buf_str(&reply.http.body);
        root = json_loadb(body.p, body.n, 0, NULL);
        if (!json_is_object(root)) {
            doctor_say(d, check, DOCTOR_FAIL, "see whether the endpoint is AWS's",
                       "%s %s: the answer is no JSON object", aws_service_name(call->service),
                       call->action);
            json_decref(root);
            root = NULL;
        }
    }
    aws_reply_release(&reply);
    return root;
}

/* ---- small things ---- */

const char *doctor_text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

struct str doctor_arn_part(struct str arn, size_t i)
{
    struct str part = STR_ABSENT;
    for (size_t k = 0; k < i; k++)
        (void)str_cut(&arn, ':');
    if (str_present(arn))
        part = i < 5 ? str_cut(&arn, ':') : arn;
    return str_present(part) ? part : S("");
}

/* ---- the run ---- */

static void put_asked(struct buf *b, const char *text)
{
    if (text)
        buf_putz(b, text);
}

static void init(struct doctor *d)
{
    struct buf *const all[] = {&d->table,        &d->topic,     &d->buckets,
                               &d->function_arn, &d->queue_arn, &d->dead_arn};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_init(all[i], DOCTOR_ARN_MAX);
    buf_release(&d->buckets);
    buf_init(&d->buckets, 4096); /* a variable of Lambda's has at most 4 KB with all others */
    put_asked(&d->table, d->asked->table);
    put_asked(&d->topic, d->asked->topic);
    put_asked(&d->buckets, d->asked->bucket);
}

static void release(struct doctor *d)
{
    struct buf *const all[] = {&d->table,        &d->topic,     &d->buckets,
                               &d->function_arn, &d->queue_arn, &d->dead_arn};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_release(all[i]);
    aws_client_free(d->client);
}

static void check_all(struct doctor *d)
{
    doctor_check_caller(d);
    doctor_check_function(d);
    doctor_check_queue(d);
    doctor_check_table(d);
    doctor_check_topic(d);
    struct str rest = buf_str(&d->buckets);
    if (!rest.n) {
        doctor_say(d, "trail", DOCTOR_WARN, "name it with --bucket",
                   "not looked at: nobody says which bucket the trail writes to");
        return;
    }
    while (str_present(rest))
        doctor_check_bucket(d, str_trim(str_cut(&rest, ',')));
}

/* Names go into paths and queries. */
static bool is_name(const char *text, size_t max)
{
    struct str s = str_of(text);
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' &&
            s.p[i] != '.')
            return false;
    return s.n > 0 && s.n <= max;
}

static bool check_names(const struct doctor_asked *a, struct err *e)
{
    if (!is_name(a->function, 64))
        return err_set(e, ERR_USAGE, "\"%.80s\" is no name of a function", a->function);
    if (a->queue && !is_name(a->queue, 80))
        return err_set(e, ERR_USAGE, "\"%.80s\" is no name of a queue", a->queue);
    if (a->table && !is_name(a->table, 255))
        return err_set(e, ERR_USAGE, "\"%.80s\" is no name of a table", a->table);
    if (a->bucket && !is_name(a->bucket, S3_BUCKET_MAX))
        return err_set(e, ERR_USAGE, "\"%.80s\" is no name of a bucket", a->bucket);
    return !a->topic || str_starts(str_of(a->topic), S("arn:")) ||
           err_set(e, ERR_USAGE, "\"%.80s\" is no ARN of a topic", a->topic);
}

bool doctor_run(const struct doctor_asked *asked, doctor_fn tell, void *to, struct err *e)
{
    const struct aws_world world = aws_world_real();
    struct doctor d = {.world = &world, .asked = asked, .tell = tell, .to = to};
    if (!check_names(asked, e))
        return false;
    d.client = aws_client_new(&world, NULL, e);
    if (!d.client)
        return false;
    init(&d);
    check_all(&d);
    release(&d);
    if (d.ended)
        *e = d.why;
    return !d.ended;
}
