/* Unwrapping payloads. One table row per form; each row's reader shows what it accepts. */
#include "handlers/envelope.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/escape.h"
#include "engine/json.h"
#include "handlers/eksaudit.h"
#include "handlers/inflate.h"
#include "handlers/logshape.h"
#include "handlers/members.h"
#include "handlers/urldecode.h"
#include "handlers/webhook.h"

#define TOLD_BYTES_MAX 80 /* of a name out of the payload in a sentence */

/* Where a value is being read. */
struct reader {
    struct work *w;
    size_t group;
    unsigned depth; /* 0 is the payload itself */
};

void work_init(struct work *w)
{
    *w = (struct work){0};
    arena_init(&w->arena, ENVELOPE_BYTES_MAX);
    vec_init(&w->items, sizeof(struct work_item), ENVELOPE_ITEMS_MAX);
    vec_init(&w->digests, sizeof(struct object_ref), ENVELOPE_ITEMS_MAX);
    vec_init(&w->groups, sizeof(struct work_group), ENVELOPE_GROUPS_MAX);
}

void work_release(struct work *w)
{
    arena_release(&w->arena);
    vec_release(&w->items);
    vec_release(&w->groups);
    vec_release(&w->digests);
}

void work_fail(struct work *w, size_t group, const struct err *why)
{
    struct work_group *g = work_group_at(w, group);
    if (g->failures++)
        return;
    g->kind = why->kind;
    g->why = arena_str(&w->arena, str_of(why->text));
    if (!str_present(g->why))
        g->why = S("it failed, and no memory was left to say why");
}

/* ---- sentences ---- */

/* A name out of the payload, fit to print. out has TOLD_TEXT_MAX bytes. */
#define TOLD_TEXT_MAX (TOLD_BYTES_MAX * 4 + 8)
static const char *told(char *out, struct str name)
{
    struct buf b;
    buf_init(&b, TOLD_TEXT_MAX - 2);
    if (str_present(name))
        buf_put_terminal(&b, str_slice(name, 0, TOLD_BYTES_MAX));
    else
        buf_putz(&b, "(absent)");
    const char *z = buf_z(&b);
    strncpy(out, z ? z : "(unprintable)", TOLD_TEXT_MAX - 1);
    out[TOLD_TEXT_MAX - 1] = '\0';
    buf_release(&b);
    return out;
}

static bool unknown_keys(struct str value, struct err *e)
{
    struct buf keys;
    buf_init(&keys, ERR_TEXT_MAX / 2);
    logshape_put_keys(&keys, value);
    const char *z = buf_z(&keys);
    err_set(e, ERR_INPUT, "not a notification that is understood: its keys are %s",
            z && *z ? z : "(none)");
    buf_release(&keys);
    return false;
}

static bool too_much(struct err *e)
{
    return err_set(e, ERR_LIMIT, "more than %d objects and records in one payload",
                   ENVELOPE_ITEMS_MAX);
}

/* ---- adding work ---- */

/* Names are letters, digits, dot, hyphen, and underscore in old ones, 3 to 255 bytes ("Bucket
 * naming rules"). Anything else would reach a host name or a path. */
static bool is_bucket_name(struct str s)
{
    if (s.n < 3 || s.n > 255)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && s.p[i] != '.' && s.p[i] != '-' &&
            s.p[i] != '_')
            return false;
    return true;
}

/* Objects in which no log can be: folder markers, and digests, which sign logs. */
static bool is_digest(struct str key)
{
    return str_find(key, S("/CloudTrail-Digest/"), 0) != SIZE_MAX;
}

static bool holds_no_log(struct str key)
{
    return key.n == 0 || key.p[key.n - 1] == '/' || is_digest(key);
}

static bool ignore(const struct reader *rd, const struct object_ref *ref, struct err *e)
{
    rd->w->ignored++;
    if (!is_digest(ref->key))
        return true;
    struct object_ref *d = vec_push(&rd->w->digests, 1);
    if (!d)
        return err_set(e, ERR_LIMIT, "more than %d digests, or no memory", ENVELOPE_ITEMS_MAX);
    *d = *ref;
    return true;
}

/* What the record of an object is marked with: {"learn":true}, {"simulated":true}. The second
 * counts only in the payload itself: whoever may write to the log topic could else name real logs
 * so, and nobody would be contained for what they hold. */
struct object_marks {
    bool learn, simulated;
};

static struct object_marks read_marks(const struct reader *rd, struct str record)
{
    struct str marks = json_member(record, S("trailwarden"));
    return (struct object_marks){
        .learn = str_eq(json_member(marks, S("learn")), S("true")),
        .simulated = rd->depth == 0 && str_eq(json_member(marks, S("simulated")), S("true"))};
}

static bool add_object(const struct reader *rd, struct object_ref ref, struct object_marks marks,
                       struct err *e)
{
    char name[TOLD_TEXT_MAX];
    if (!str_present(ref.bucket) || !str_present(ref.key))
        return err_set(e, ERR_INPUT, "a notification that names no bucket or no key");
    if (!is_bucket_name(ref.bucket))
        return err_set(e, ERR_INPUT, "\"%s\" is no bucket name", told(name, ref.bucket));
    if (ref.key.n > OBJECT_KEY_MAX)
        return err_set(e, ERR_INPUT, "an object key of %zu bytes; S3 allows %d", ref.key.n,
                       OBJECT_KEY_MAX);
    if (holds_no_log(ref.key))
        return ignore(rd, &ref, e);
    struct work_item *item = vec_push(&rd->w->items, 1);
    if (!item)
        return too_much(e);
    *item = (struct work_item){.kind = WORK_OBJECT,
                               .ref = ref,
                               .group = rd->group,
                               .learn = marks.learn,
                               .simulated = marks.simulated};
    return true;
}

static bool add_record(const struct reader *rd, struct str record, struct err *e)
{
    struct work_item *item = vec_push(&rd->w->items, 1);
    if (!item)
        return too_much(e);
    *item = (struct work_item){.kind = WORK_RECORD, .record = record, .group = rd->group};
    return true;
}

/* ---- S3 ---- */

static bool decode_key(const struct reader *rd, struct str *key, struct err *e)
{
    struct buf b;
    buf_init(&b, 3 * OBJECT_KEY_MAX);
    bool ok = urldecode_form(&b, *key, e);
    if (ok)
        *key = arena_str(&rd->w->arena, buf_str(&b));
    else
        err_wrap(e, "object key");
    buf_release(&b);
    return ok;
}

static bool is_zero(struct str raw)
{
    return str_eq(raw, S("0"));
}

/* {"eventSource":"aws:s3","awsRegion":"us-east-1","eventName":"ObjectCreated:Put",
 *  "s3":{"bucket":{"name":"logs"},"object":{"key":"a+b%3D.json.gz","size":1,"versionId":"..."}},
 *  "trailwarden":{"learn":true}}: the last member is of `trailwarden backfill --learn`; that of
 * `trailwarden simulate` is {"simulated":true}. */
static bool read_s3_record(const struct reader *rd, struct str record, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct str name = json_member_text(record, "eventName", a);
    struct str s3 = json_member(record, S("s3"));
    struct str object = json_member(s3, S("object"));
    if (str_starts(name, S("s3:")))
        name = str_skip(name, 3);
    if (!str_starts(name, S("ObjectCreated:")) || is_zero(json_member(object, S("size")))) {
        rd->w->ignored++;
        return true;
    }
    struct object_ref ref = {
        .bucket = json_member_text(json_member(s3, S("bucket")), "name", a),
        .key = json_member_text(object, "key", a),
        .version = json_member_text(object, "versionId", a),
        .region = json_member_text(record, "awsRegion", a),
    };
    if (str_present(ref.key) && !decode_key(rd, &ref.key, e))
        return false;
    return add_object(rd, ref, read_marks(rd, record), e);
}

/* {"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs",...}: sent when a notification is
 * configured. */
static bool read_test(const struct reader *rd, struct str value, struct err *e)
{
    if (!str_eq(json_member_text(value, "Event", &rd->w->arena), S("s3:TestEvent")))
        return unknown_keys(value, e);
    rd->w->ignored++;
    return true;
}

/* {"s3Bucket":"logs","s3ObjectKey":["AWSLogs/.../a.json.gz"]}: CloudTrail's own message. */
static bool read_cloudtrail(const struct reader *rd, struct str value, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct str bucket = json_member_text(value, "s3Bucket", a);
    struct members m = members_of(json_member(value, S("s3ObjectKey")));
    struct str key;
    while (members_next(&m, &key)) {
        struct object_ref ref = {.bucket = bucket, .key = json_string_text(key, a)};
        if (!add_object(rd, ref, (struct object_marks){0}, e))
            return false;
    }
    return m.broken ? err_set(e, ERR_INPUT, "broken JSON inside s3ObjectKey") : true;
}

/* ---- webhooks ---- */

static bool add_webhook(const struct reader *rd, const struct webhook *hook, struct err *e)
{
    struct str record;
    return webhook_record(hook, rd->w->github_secret, &rd->w->arena, &record, e) &&
           add_record(rd, record, e);
}

/* {"headers":{"x-github-event":"push"},"body":"{...}"}: a request to a URL. */
static bool read_request(const struct reader *rd, struct str value, struct err *e)
{
    struct webhook hook;
    return webhook_of_request(value, &rd->w->arena, &hook, e) && add_webhook(rd, &hook, e);
}

/* {"source":"github.com","detail-type":"push","id":"...","time":"...","detail":{<body>}}: whoever
 * put it on the bus has checked the signature, or nobody has. */
static bool read_bridge_webhook(const struct reader *rd, struct str value, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct webhook hook = {
        .type = json_member_text(value, "detail-type", a),
        .delivery = json_member_text(value, "id", a),
        .time = json_member_text(value, "time", a),
        .body = json_member(value, S("detail")),
    };
    struct str record;
    return webhook_record(&hook, STR_ABSENT, a, &record, e) && add_record(rd, record, e);
}

/* ---- messages inside messages ---- */

static bool read_text(const struct reader *rd, struct str text, struct err *e);

/* {"Type":"Notification","TopicArn":"arn:...","Message":"<text>"}: SNS, from SQS without raw
 * delivery, or as the Sns member of a record of Lambda's. */
static bool read_sns(const struct reader *rd, struct str value, struct err *e)
{
    struct arena *a = &rd->w->arena;
    char name[TOLD_TEXT_MAX];
    struct str type = json_member_text(value, "Type", a);
    if (str_ends(type, S("Confirmation")))
        return err_set(e, ERR_INPUT,
                       "an SNS %s: its URL is not followed; confirm or remove the subscription "
                       "by hand",
                       told(name, type));
    struct str message = json_member_text(value, "Message", a);
    if (!str_eq(type, S("Notification")) || !str_present(message))
        return err_set(e, ERR_INPUT, "an SNS message of Type \"%s\" without a Message to read",
                       told(name, type));
    struct reader inner = {rd->w, rd->group, rd->depth + 1};
    if (!read_text(&inner, message, e))
        return err_wrap(e, "SNS message");
    return true;
}

/* {"attributes":{"ApproximateReceiveCount":"1"}}: the count includes this time. Without one it is
 * not known, and what is not known may have come before. */
static bool may_have_come_before(struct str record, struct arena *a)
{
    struct str count =
        json_member_text(json_member(record, S("attributes")), "ApproximateReceiveCount", a);
    unsigned long long n;
    return !str_u64(count, &n) || n != 1;
}

/* {"messageId":"...","body":"<text>","eventSource":"aws:sqs"}: a group of its own. What is wrong
 * with its body is its own matter; without an id it cannot be answered for. */
static bool read_sqs_message(const struct reader *rd, struct str record, struct err *e)
{
    struct work *w = rd->w;
    struct str id = json_member_text(record, "messageId", &w->arena);
    if (id.n == 0)
        return err_set(e, ERR_INPUT, "an SQS message without messageId");
    struct work_group *group = vec_push(&w->groups, 1);
    if (!group)
        return err_set(e, ERR_LIMIT, "more than %d SQS messages", ENVELOPE_GROUPS_MAX);
    group->message_id = id;
    group->again = may_have_come_before(record, &w->arena);
    w->sqs = true;
    struct reader inner = {w, w->groups.n - 1, rd->depth + 1};
    struct err why = {0};
    struct webhook hook;
    bool github = webhook_of_message(record, &w->arena, &hook);
    if (!str_present(hook.body))
        err_set(&why, ERR_INPUT, "an SQS message without body");
    if (!str_present(hook.body) ||
        !(github ? add_webhook(&inner, &hook, &why) : read_text(&inner, hook.body, &why)))
        work_fail(w, inner.group, &why);
    return true;
}

static bool read_record(const struct reader *rd, struct str record, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct str source = json_member_text(record, "eventSource", a);
    char name[TOLD_TEXT_MAX];
    if (!str_present(source))
        source = json_member_text(record, "EventSource", a); /* SNS writes it so */
    if (str_eq(source, S("aws:s3")))
        return read_s3_record(rd, record, e);
    if (str_eq(source, S("aws:sns")))
        return read_sns(rd, json_member(record, S("Sns")), e);
    if (str_eq(source, S("aws:sqs")) && rd->depth == 0)
        return read_sqs_message(rd, record, e);
    return err_set(e, ERR_INPUT, "Records of eventSource \"%s\", not of S3, SNS or SQS",
                   told(name, source));
}

/* {"Records":[...]}: one record that is wrong does not hide its neighbours. */
static bool read_records(const struct reader *rd, struct str value, struct err *e)
{
    struct str list = json_member(value, S("Records"));
    if (list.n == 0 || *list.p != '[')
        return unknown_keys(value, e);
    struct members m = members_of(list);
    struct str record;
    while (members_next(&m, &record)) {
        struct err why = {0};
        if (read_record(rd, record, &why))
            continue;
        if (why.kind != ERR_INPUT) {
            *e = why;
            return false;
        }
        work_fail(rd->w, rd->group, &why);
    }
    return m.broken ? err_set(e, ERR_INPUT, "broken JSON inside Records") : true;
}

/* ---- EventBridge ---- */

/* {"source":"aws.s3","detail-type":"Object Created","region":"us-east-1","detail":{
 *  "bucket":{"name":"logs"},"object":{"key":"a b=.json.gz","size":1,"version-id":"..."}}} */
static bool read_bridge_object(const struct reader *rd, struct str value, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct str detail = json_member(value, S("detail"));
    struct str object = json_member(detail, S("object"));
    if (is_zero(json_member(object, S("size")))) {
        rd->w->ignored++;
        return true;
    }
    struct object_ref ref = {
        .bucket = json_member_text(json_member(detail, S("bucket")), "name", a),
        .key = json_member_text(object, "key", a),
        .version = json_member_text(object, "version-id", a),
        .region = json_member_text(value, "region", a),
    };
    return add_object(rd, ref, (struct object_marks){0}, e);
}

/* {"source":"aws.iam","detail-type":"AWS API Call via CloudTrail","detail":{<record>}}, and the
 * same of "aws.partner/okta.com/NAME/ID" with a record of Okta's System Log. */
static bool read_bridge(const struct reader *rd, struct str value, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct str type = json_member_text(value, "detail-type", a);
    struct str source = json_member_text(value, "source", a);
    struct str detail = json_member(value, S("detail"));
    char type_told[TOLD_TEXT_MAX];
    char source_told[TOLD_TEXT_MAX];
    bool s3 = str_eq(source, S("aws.s3"));
    if (s3 && str_eq(type, S("Object Created")))
        return read_bridge_object(rd, value, e);
    if (str_ends(type, S(" via CloudTrail")) && detail.n && *detail.p == '{')
        return add_record(rd, detail, e);
    if (s3 && str_starts(type, S("Object "))) {
        rd->w->ignored++;
        return true;
    }
    if (str_starts(source, S("aws.partner/okta.com")) && detail.n && *detail.p == '{')
        return add_record(rd, detail, e);
    if (str_eq(source, S("github.com")) || str_starts(source, S("aws.partner/github.com")))
        return read_bridge_webhook(rd, value, e);
    return err_set(e, ERR_INPUT,
                   "an EventBridge event that is not understood: detail-type \"%s\", "
                   "source \"%s\"",
                   told(type_told, type), told(source_told, source));
}

/* ---- CloudWatch Logs ---- */

static bool put_piece(void *to, struct str piece, struct err *e)
{
    struct buf *b = to;
    buf_put(b, piece);
    return buf_ok(b, "a CloudWatch Logs payload", e);
}

/* Inflates gz into the arena. */
static bool inflate_text(struct arena *a, struct str gz, struct str *text, struct err *e)
{
    struct buf b;
    struct inflate in;
    buf_init(&b, ENVELOPE_LOGS_MAX);
    inflate_init(&in, put_piece, &b);
    inflate_begin(&in);
    bool ok = inflate_take(&in, gz, e) && inflate_end(&in, e);
    if (ok) {
        *text = arena_str(a, buf_str(&b));
        ok = str_present(*text) || err_set(e, ERR_LIMIT, "CloudWatch Logs payload is too large");
    }
    inflate_release(&in);
    buf_release(&b);
    return ok;
}

/* One message of a log group; of EKS' group, a cluster's audit event, or something else that its
 * control plane said. */
static bool add_message(const struct reader *rd, struct str message, struct str cluster, bool audit,
                        struct err *e)
{
    if (str_present(cluster) && !audit) {
        rd->w->ignored++;
        return true;
    }
    if (str_present(cluster))
        message = eksaudit_named(&rd->w->arena, str_trim(message), cluster);
    return str_present(message) ? add_record(rd, message, e) : too_much(e);
}

/* {"messageType":"DATA_MESSAGE","logGroup":"...","logStream":"...",
 *  "logEvents":[{"id":"...","message":"<record>"}]} */
static bool read_log_events(const struct reader *rd, struct str value, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct str type = json_member_text(value, "messageType", a);
    char name[TOLD_TEXT_MAX];
    if (str_eq(type, S("CONTROL_MESSAGE"))) {
        rd->w->ignored++;
        return true;
    }
    if (!str_eq(type, S("DATA_MESSAGE")))
        return err_set(e, ERR_INPUT, "CloudWatch Logs messageType \"%s\"", told(name, type));
    struct str cluster = eksaudit_cluster(json_member_text(value, "logGroup", a));
    bool audit = eksaudit_is_stream(json_member_text(value, "logStream", a));
    struct members m = members_of(json_member(value, S("logEvents")));
    struct str event;
    while (members_next(&m, &event)) {
        struct str message = json_member_text(event, "message", a);
        if (!str_present(message))
            return err_set(e, ERR_INPUT, "a CloudWatch Logs event without message");
        if (!add_message(rd, message, cluster, audit, e))
            return false;
    }
    return m.broken ? err_set(e, ERR_INPUT, "broken JSON inside logEvents") : true;
}

/* {"awslogs":{"data":"<base64 of gzip>"}} */
static bool read_logs(const struct reader *rd, struct str value, struct err *e)
{
    struct arena *a = &rd->w->arena;
    struct str data = json_member_text(json_member(value, S("awslogs")), "data", a);
    if (!str_present(data))
        return err_set(e, ERR_INPUT, "awslogs without data");
    struct str gz;
    struct str text;
    if (!base64_decode(a, data, &gz, e) || !inflate_text(a, gz, &text, e))
        return err_wrap(e, "awslogs.data");
    text = str_trim(text);
    const char *p = text.p;
    if (text.n == 0 || *p != '{' || json_skip(&p, text.p + text.n) != JSON_OK)
        return err_set(e, ERR_INPUT, "awslogs.data is no JSON object");
    return read_log_events(rd, text, e);
}

/* ---- operators ---- */

/* {"trailwarden":{"action":"self-test"}}: only as the payload itself, never out of a message that
 * anyone who may write to a topic could send. */
static bool read_action(const struct reader *rd, struct str value, struct err *e)
{
    if (rd->depth > 0)
        return err_set(e, ERR_INPUT, "an operator's action inside a message is not obeyed");
    struct str action =
        json_member_text(json_member(value, S("trailwarden")), "action", &rd->w->arena);
    if (!str_present(action))
        return err_set(e, ERR_INPUT, "\"trailwarden\" without an \"action\"");
    rd->w->action = action;
    rd->w->order = json_member(value, S("trailwarden"));
    return true;
}

/* ---- any of them ---- */

/* What tells a form is a key at its top. */
static const struct form {
    const char *key;
    bool (*read)(const struct reader *rd, struct str value, struct err *e);
} forms[] = {
    {"Records", read_records},        /* S3, SNS, SQS */
    {"Type", read_sns},               /* SNS's own JSON */
    {"detail-type", read_bridge},     /* EventBridge */
    {"s3ObjectKey", read_cloudtrail}, /* CloudTrail's SNS message */
    {"awslogs", read_logs},           /* CloudWatch Logs subscription */
    {"headers", read_request},        /* API Gateway, function URL: GitHub's webhooks */
    {"Event", read_test},             /* S3's test event */
    {"trailwarden", read_action},
};

static bool read_object(const struct reader *rd, struct str value, struct err *e)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_present(json_member(value, str_of(forms[i].key))))
            return forms[i].read(rd, value, e);
    return unknown_keys(value, e);
}

/* A text that is one JSON object, or the one sentence that CloudTrail sends to a new topic. */
static bool read_text(const struct reader *rd, struct str text, struct err *e)
{
    text = str_trim(text);
    if (rd->depth > ENVELOPE_DEPTH_MAX)
        return err_set(e, ERR_LIMIT, "messages inside messages, more than %d deep",
                       ENVELOPE_DEPTH_MAX);
    if (str_eq(text, S("CloudTrail validation message."))) {
        rd->w->ignored++;
        return true;
    }
    char begin[TOLD_TEXT_MAX];
    const char *p = text.p;
    if (text.n == 0)
        return err_set(e, ERR_INPUT, "it is empty");
    if (*p != '{')
        return err_set(e, ERR_INPUT, "no JSON object: it begins with %s",
                       told(begin, str_slice(text, 0, 20)));
    if (json_skip(&p, text.p + text.n) != JSON_OK)
        return err_set(e, ERR_INPUT, "broken JSON: it is wrong at byte %zu",
                       (size_t)(p - text.p) + 1);
    if (p != text.p + text.n)
        return err_set(e, ERR_INPUT, "something stands behind the JSON object, at byte %zu",
                       (size_t)(p - text.p) + 1);
    return read_object(rd, text, e);
}

bool envelope_read(struct work *w, struct str payload, struct err *e)
{
    struct work_group *whole = vec_push(&w->groups, 1);
    if (!whole)
        return err_set(e, ERR_SYSTEM, "no memory for a payload");
    whole->again = true;
    struct reader rd = {.w = w};
    struct err why = {0};
    if (read_text(&rd, payload, &why))
        return true;
    if (why.kind != ERR_INPUT) {
        *e = why;
        return false;
    }
    work_fail(w, 0, &why);
    return true;
}
