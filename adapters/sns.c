/* Publishes alerts. */
#include "adapters/sns.h"

#include "aws/xml.h"
#include "base/escape.h"
#include "base/sha256.h"

#define FORM_MAX    (4 * MESSAGE_BYTES_MAX) /* percent-encoding makes three bytes of one */
#define REPLY_MAX   65536
#define FIFO_ID_MAX 128 /* SNS: MessageGroupId and MessageDeduplicationId */
#define ARN_PARTS   6

static struct str arn_part(struct str arn, size_t index)
{
    struct str part = STR_ABSENT;
    for (size_t i = 0; i <= index; i++)
        part = str_cut(&arn, ':');
    return part;
}

static bool is_topic_arn(struct str arn)
{
    const struct str name = arn_part(arn, ARN_PARTS - 1);
    for (size_t i = 0; i < arn.n; i++) {
        if (arn.p[i] <= ' ' || arn.p[i] > '~')
            return false;
    }
    return arn.n <= SNS_ARN_MAX && str_eq(arn_part(arn, 0), S("arn")) &&
           str_eq(arn_part(arn, 2), S("sns")) && region_is_well_formed(arn_part(arn, 3)) &&
           arn_part(arn, 4).n && name.n && !str_present(arn_part(arn, ARN_PARTS));
}

bool sns_topic_init(struct sns_topic *topic, struct aws_client *client, struct str arn,
                    struct err *e)
{
    if (!is_topic_arn(arn))
        return err_set(e, ERR_USAGE,
                       "the topic's ARN is not of the form "
                       "arn:aws:sns:REGION:ACCOUNT:NAME");
    *topic = (struct sns_topic){.client = client,
                                .arn = arn,
                                .region = arn_part(arn, 3),
                                .fifo = str_ends(arn, S(".fifo"))};
    return true;
}

static void put_pair(struct buf *form, const char *name, struct str value)
{
    buf_putc(form, '&');
    buf_putz(form, name);
    buf_putc(form, '=');
    buf_put_form(form, value);
}

/* {"default":"<json>","email":"<text>","sms":"<subject>"} */
static void put_structure(struct buf *out, const struct message *m)
{
    buf_putz(out, "{\"default\":");
    buf_put_json(out, m->json);
    buf_putz(out, ",\"email\":");
    buf_put_json(out, m->text);
    buf_putz(out, ",\"sms\":");
    buf_put_json(out, m->subject);
    buf_putc(out, '}');
}

/* Name and value of attribute i; returns the bytes that SNS counts for it. */
static size_t put_attribute(struct buf *form, size_t i, const struct message_attribute *a)
{
    static const char type[] = "String";
    const struct {
        const char *suffix;
        struct str value;
    } parts[] = {{".Name", str_of(a->name)},
                 {".Value.DataType", str_of(type)},
                 {".Value.StringValue", a->value}};
    size_t bytes = 0;
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        buf_putf(form, "&MessageAttributes.entry.%zu%s=", i + 1, parts[k].suffix);
        buf_put_form(form, parts[k].value);
        bytes += parts[k].value.n;
    }
    return bytes;
}

/* SNS API Reference, Publish: letters, digits and punctuation. */
static bool is_fifo_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    }
    return s.n > 0 && s.n <= FIFO_ID_MAX;
}

/* The id, or a digest of it where SNS would refuse it. */
static void put_fifo_id(struct buf *form, const char *name, struct str id)
{
    unsigned char digest[SHA256_BYTES];
    struct sha256 hash;
    struct buf hex;
    if (is_fifo_id(id)) {
        put_pair(form, name, id);
        return;
    }
    buf_init(&hex, SHA256_HEX);
    sha256_init(&hash);
    sha256_add(&hash, id);
    sha256_end(&hash, digest);
    buf_put_hex(&hex, digest, sizeof digest);
    put_pair(form, name, buf_str(&hex));
    buf_release(&hex);
}

/* &MessageGroupId=111122223333&MessageDeduplicationId=0123456789abcdef0123456789abcdef.2 */
static bool put_fifo_ids(struct buf *form, const struct message *m, struct err *e)
{
    struct buf id;
    buf_init(&id, MESSAGE_BYTES_MAX);
    buf_put(&id, m->id);
    buf_putc(&id, '.');
    buf_put_u64(&id, m->updates);
    put_fifo_id(form, "MessageGroupId", m->account.n ? m->account : m->id);
    put_fifo_id(form, "MessageDeduplicationId", buf_str(&id));
    const bool ok = buf_ok(&id, "the id of a message", e);
    buf_release(&id);
    return ok;
}

bool sns_put_form(const struct sns_topic *topic, const struct message *m, struct buf *form,
                  struct err *e)
{
    struct buf structure;
    buf_init(&structure, 2 * MESSAGE_BYTES_MAX);
    put_structure(&structure, m);
    size_t bytes = structure.n;
    buf_putz(form, "Action=Publish&Version=2010-03-31");
    put_pair(form, "TopicArn", topic->arn);
    if (m->subject.n)
        put_pair(form, "Subject", m->subject);
    put_pair(form, "MessageStructure", S("json"));
    put_pair(form, "Message", buf_str(&structure));
    for (size_t i = 0; i < m->n_attributes; i++)
        bytes += put_attribute(form, i, &m->attributes[i]);
    bool ok = !topic->fifo || put_fifo_ids(form, m, e);
    ok = ok && buf_ok(&structure, "a message", e) && buf_ok(form, "a message", e);
    if (ok && bytes > MESSAGE_BYTES_MAX)
        ok = err_set(e, ERR_LIMIT, "a message of %zu bytes, %d are allowed", bytes,
                     MESSAGE_BYTES_MAX);
    buf_release(&structure);
    return ok;
}

static bool confirmed(const struct aws_reply *reply, struct err *e)
{
    struct buf id;
    buf_init(&id, 256);
    const bool ok = xml_find(buf_str(&reply->http.body), "MessageId", &id) && id.n;
    buf_release(&id);
    return ok || err_set(e, ERR_RETRY, "SNS did not confirm the message");
}

static bool publish(void *self, const struct message *m, struct err *e)
{
    const struct sns_topic *topic = self;
    const struct header type = {S("content-type"),
                                S("application/x-www-form-urlencoded; charset=utf-8")};
    struct buf form;
    struct aws_reply reply;
    buf_init(&form, FORM_MAX);
    aws_reply_init(&reply, REPLY_MAX);
    bool ok = sns_put_form(topic, m, &form, e);
    if (ok) {
        const struct aws_request request = {
            .service = AWS_SNS,
            .action = "Publish",
            .region = topic->region,
            .method = "POST",
            .headers = &type,
            .n_headers = 1,
            .body = buf_str(&form),
        };
        ok = aws_call(topic->client, &request, &reply, e) && confirmed(&reply, e);
    }
    aws_reply_release(&reply);
    buf_release(&form);
    return ok;
}

struct port_alerts sns_alerts(struct sns_topic *topic)
{
    return (struct port_alerts){.self = topic, .publish = publish};
}

static bool publish_both(void *self, const struct message *m, struct err *e)
{
    struct sns_pair *pair = self;
    struct err later = {0};
    const bool people = publish(&pair->people, m, e);
    const bool readers = publish(&pair->readers, m, &later);
    if (people && !readers)
        *e = later;
    return people && readers;
}

struct port_alerts sns_alerts_both(struct sns_pair *pair)
{
    return (struct port_alerts){.self = pair, .publish = publish_both};
}
