/* Sends batches. */
#include "adapters/sqs.h"

#include <jansson.h>

#include "base/escape.h"

#define BODY_MAX                                                                                   \
    (4 * SQS_BODIES_MAX) /* a quote inside JSON is two bytes, a control character six */
#define REPLY_MAX 65536
#define CODE_MAX  100 /* of a refusal in a sentence */

/* "sqs.eu-west-1.amazonaws.com" to "eu-west-1"; absent for any other host. */
static struct str region_of(struct str host)
{
    struct str service = str_cut(&host, '.');
    struct str region = str_present(host) ? str_cut(&host, '.') : STR_ABSENT;
    bool ours = str_eq(service, S("sqs")) && str_starts(host, S("amazonaws."));
    return ours && region_is_well_formed(region) ? region : STR_ABSENT;
}

static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

bool sqs_queue_init(struct sqs_queue *q, struct aws_client *client, const struct aws_world *world,
                    struct str url, struct err *e)
{
    struct str rest = str_starts(url, S("https://"))  ? str_skip(url, 8)
                      : str_starts(url, S("http://")) ? str_skip(url, 7)
                                                      : STR_ABSENT;
    struct str host = str_present(rest) ? str_cut(&rest, '/') : STR_ABSENT;
    struct str account = str_present(rest) ? str_cut(&rest, '/') : STR_ABSENT;
    unsigned long long number;
    *q =
        (struct sqs_queue){.client = client, .world = world, .url = url, .region = region_of(host)};
    if (url.n > SQS_URL_MAX || !is_printable(url) || !host.n || account.n != 12 ||
        !str_u64(account, &number) || !rest.n || str_find_byte(rest, '/', 0) != SIZE_MAX)
        return err_set(e, ERR_USAGE,
                       "the queue's URL is not of the form "
                       "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME");
    if (str_ends(url, S(".fifo")))
        return err_set(e, ERR_USAGE, "a FIFO queue does not take notifications of objects");
    return true;
}

void sqs_put_batch(struct buf *b, struct str url, const struct str *bodies, const bool *wanted,
                   size_t n)
{
    const char *before = "";
    buf_putz(b, "{\"QueueUrl\":");
    buf_put_json(b, url);
    buf_putz(b, ",\"Entries\":[");
    for (size_t i = 0; i < n; i++) {
        if (!wanted[i])
            continue;
        buf_putf(b, "%s{\"Id\":\"%zu\",\"MessageBody\":", before, i);
        buf_put_json(b, bodies[i]);
        buf_putc(b, '}');
        before = ",";
    }
    buf_putz(b, "]}");
}

/* The position that an entry of the answer is about; n when it is about none that was sent. */
static size_t position_of(const json_t *entry, const bool *wanted, size_t n)
{
    unsigned long long i;
    const json_t *id = json_object_get(entry, "Id");
    if (!str_u64(str_of(json_string_value(id)), &i) || i >= n || !wanted[i])
        return n;
    return (size_t)i;
}

static bool refused(const json_t *entry, struct err *e)
{
    struct buf code;
    buf_init(&code, 16 * CODE_MAX);
    buf_put_terminal(
        &code, str_slice(str_of(json_string_value(json_object_get(entry, "Code"))), 0, CODE_MAX));
    const char *z = buf_z(&code);
    err_set(e, ERR_INPUT, "sqs SendMessageBatch: a message is refused: %s", z && *z ? z : "?");
    buf_release(&code);
    return false;
}

bool sqs_take_batch(struct str reply, bool *wanted, size_t n, struct err *e)
{
    json_t *answer = json_loadb(reply.p, reply.n, 0, NULL);
    const json_t *sent = json_object_get(answer, "Successful");
    const json_t *failed = json_object_get(answer, "Failed");
    const json_t *entry;
    size_t i;
    bool ok = json_is_array(sent) || json_is_array(failed) ||
              err_set(e, ERR_RETRY, "sqs SendMessageBatch: the answer tells of no message");
    json_array_foreach(sent, i, entry)
    {
        size_t at = position_of(entry, wanted, n);
        if (at < n)
            wanted[at] = false;
    }
    json_array_foreach(failed, i, entry)
    {
        if (ok && json_is_true(json_object_get(entry, "SenderFault")))
            ok = refused(entry, e);
    }
    json_decref(answer);
    return ok;
}

/* One call, with those that are wanted. */
static bool send_once_more(const struct sqs_queue *q, const struct str *bodies, bool *wanted,
                           size_t n, struct err *e)
{
    static const struct header headers[] = {
        {{"content-type", 12}, {"application/x-amz-json-1.0", 26}},
        {{"x-amz-target", 12}, {"AmazonSQS.SendMessageBatch", 26}}};
    struct buf body;
    struct aws_reply reply;
    buf_init(&body, BODY_MAX);
    aws_reply_init(&reply, REPLY_MAX);
    sqs_put_batch(&body, q->url, bodies, wanted, n);
    const struct aws_request request = {
        .service = AWS_SQS,
        .action = "SendMessageBatch",
        .region = q->region,
        .method = "POST",
        .headers = headers,
        .n_headers = sizeof headers / sizeof *headers,
        .body = buf_str(&body),
    };
    bool ok = buf_ok(&body, "a batch of messages", e) && aws_call(q->client, &request, &reply, e) &&
              sqs_take_batch(buf_str(&reply.http.body), wanted, n, e);
    aws_reply_release(&reply);
    buf_release(&body);
    return ok;
}

static size_t count(const bool *wanted, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += wanted[i];
    return sum;
}

bool sqs_send(const struct sqs_queue *q, const struct str *bodies, size_t n, struct err *e)
{
    bool wanted[SQS_BATCH_MAX];
    for (size_t i = 0; i < n; i++)
        wanted[i] = true;
    for (int attempt = 1; attempt <= SQS_TRIES_MAX; attempt++) {
        if (attempt > 1 && !pace_wait(q->world, attempt, PACE_NO_DEADLINE))
            break;
        if (!send_once_more(q, bodies, wanted, n, e))
            return false;
        if (count(wanted, n) == 0)
            return true;
    }
    return err_set(e, ERR_RETRY,
                   "sqs SendMessageBatch: %zu of %zu messages are refused again and again",
                   count(wanted, n), n);
}
