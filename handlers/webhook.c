/* Reading the headers of a webhook, checking who sent it, and making a record of it. */
#include "handlers/webhook.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/escape.h"
#include "base/sha256.h"
#include "engine/json.h"

/* A header's names: as HTTP/2 and function URLs write it, as GitHub does, as Go does. */
struct header {
    const char *names[3];
};
static const struct header event_header = {{"x-github-event", "X-GitHub-Event", "X-Github-Event"}};
static const struct header delivery_header = {
    {"x-github-delivery", "X-GitHub-Delivery", "X-Github-Delivery"}};
static const struct header signature_header = {
    {"x-hub-signature-256", "X-Hub-Signature-256", "X-Hub-Signature-256"}};

static struct str header_raw(struct str headers, const struct header *h)
{
    struct str found = STR_ABSENT;
    for (size_t i = 0; i < 3 && !str_present(found); i++)
        found = json_member(headers, str_of(h->names[i]));
    return found;
}

static struct str header_text(struct str headers, const struct header *h, struct arena *a)
{
    return json_string_text(header_raw(headers, h), a);
}

/* {"X-GitHub-Event":{"stringValue":"push","dataType":"String"}} */
static struct str attribute_text(struct str attributes, const struct header *h, struct arena *a)
{
    return json_member_text(header_raw(attributes, h), "stringValue", a);
}

/* When API Gateway or a function URL took the request. */
static struct str request_time(struct str value)
{
    struct str context = json_member(value, S("requestContext"));
    struct str time = json_member(context, S("timeEpoch"));
    return str_present(time) ? time : json_member(context, S("requestTimeEpoch"));
}

bool webhook_of_request(struct str value, struct arena *a, struct webhook *out, struct err *e)
{
    struct str headers = json_member(value, S("headers"));
    *out = (struct webhook){
        .type = header_text(headers, &event_header, a),
        .delivery = header_text(headers, &delivery_header, a),
        .signature = header_text(headers, &signature_header, a),
        .time = request_time(value),
        .body = json_member_text(value, "body", a),
    };
    if (!str_present(out->type))
        return err_set(e, ERR_INPUT, "a request without the header X-GitHub-Event");
    if (!str_present(out->body))
        return err_set(e, ERR_INPUT, "a webhook without a body");
    if (str_eq(json_member(value, S("isBase64Encoded")), S("true")))
        return base64_decode(a, out->body, &out->body, e) || err_wrap(e, "a webhook's body");
    return true;
}

bool webhook_of_message(struct str record, struct arena *a, struct webhook *out)
{
    struct str attributes = json_member(record, S("messageAttributes"));
    *out = (struct webhook){
        .type = attribute_text(attributes, &event_header, a),
        .delivery = attribute_text(attributes, &delivery_header, a),
        .signature = attribute_text(attributes, &signature_header, a),
        .time = json_member_text(json_member(record, S("attributes")), "SentTimestamp", a),
        .body = json_member_text(record, "body", a),
    };
    return str_present(out->type);
}

/* Every byte is looked at, so that the time taken tells nothing of where they differ. */
static bool same_bytes(struct str a, struct str b)
{
    unsigned differ = 0;
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        differ |= (unsigned char)(a.p[i] ^ b.p[i]);
    return differ == 0;
}

static bool check_signature(const struct webhook *w, struct str secret, struct err *e)
{
    unsigned char sum[SHA256_BYTES];
    struct buf expected;
    if (!str_present(w->signature))
        return err_set(e, ERR_INPUT,
                       "a webhook without X-Hub-Signature-256, and a secret is set: refused");
    hmac_sha256(secret, w->body, sum);
    buf_init(&expected, 7 + 2 * SHA256_BYTES + 1);
    buf_putz(&expected, "sha256=");
    buf_put_hex(&expected, sum, SHA256_BYTES);
    bool same = same_bytes(buf_str(&expected), w->signature);
    buf_release(&expected);
    return same || err_set(e, ERR_INPUT,
                           "a webhook whose X-Hub-Signature-256 is not of its body and the secret: "
                           "refused");
}

/* What stands behind the body's brace; absent when the body is no JSON object. */
static struct str body_members(struct str body)
{
    body = str_trim(body);
    const char *p = body.p;
    if (body.n == 0 || *p != '{' || json_skip(&p, body.p + body.n) != JSON_OK ||
        p != body.p + body.n)
        return STR_ABSENT;
    return str_trim(str_skip(body, 1));
}

static void put_text(struct buf *b, const char *name, struct str text)
{
    if (!str_present(text))
        return;
    buf_putf(b, ",\"%s\":", name);
    buf_put_json(b, text);
}

static void put_time(struct buf *b, struct str time)
{
    unsigned long long ms;
    if (!str_u64(time, &ms)) {
        put_text(b, "webhook_time", time);
        return;
    }
    buf_putz(b, ",\"webhook_time\":");
    buf_put_u64(b, ms);
}

bool webhook_record(const struct webhook *w, struct str secret, struct arena *a, struct str *record,
                    struct err *e)
{
    struct buf b;
    if (secret.n && !check_signature(w, secret, e))
        return false;
    struct str members = body_members(w->body);
    if (!str_present(members))
        return err_set(e, ERR_INPUT,
                       "a webhook whose body is no JSON object: its content type must be "
                       "application/json");
    buf_init(&b, WEBHOOK_BYTES_MAX + 4096);
    buf_putz(&b, "{\"webhook_type\":");
    buf_put_json(&b, w->type);
    put_text(&b, "webhook_delivery", w->delivery);
    put_time(&b, w->time);
    if (*members.p != '}')
        buf_putc(&b, ',');
    buf_put(&b, members);
    bool ok = buf_ok(&b, "a webhook", e);
    if (ok) {
        *record = arena_str(a, buf_str(&b));
        ok = str_present(*record) || err_set(e, ERR_LIMIT, "no memory for a webhook");
    }
    buf_release(&b);
    return ok;
}
