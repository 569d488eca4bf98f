/* The table, and the topic that alerts go to. */
#include "adapters/doctor_parts.h"
#include "aws/xml.h"
#include "base/escape.h"

/* ---- table ---- */

static json_t *ask_table(struct doctor *d, const char *check, const char *action,
                         const char *target)
{
    struct buf body;
    buf_init(&body, DOCTOR_TEXT_MAX);
    buf_putz(&body, "{\"TableName\":");
    buf_put_json(&body, buf_str(&d->table));
    buf_putc(&body, '}');
    const struct doctor_call call = {.service = AWS_DYNAMODB,
                                     .action = action,
                                     .target = target,
                                     .body = buf_str(&body),
                                     .todo = "deploy the stack again, or name it with --table"};
    json_t *answer = doctor_json(d, check, &call);
    buf_release(&body);
    return answer;
}

/* {"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk",..}]} */
static bool has_keys(const json_t *table)
{
    const json_t *keys = json_object_get(table, "KeySchema");
    return json_array_size(keys) == 2 &&
           str_eqz(S("pk"), doctor_text_of(json_array_get(keys, 0), "AttributeName")) &&
           str_eqz(S("sk"), doctor_text_of(json_array_get(keys, 1), "AttributeName"));
}

static bool say_table(struct doctor *d)
{
    json_t *answer = ask_table(d, "table", "DescribeTable", "DynamoDB_20120810.DescribeTable");
    const json_t *table = json_object_get(answer, "Table");
    const char *state = doctor_text_of(table, "TableStatus");
    bool there = answer != NULL;
    if (answer && !has_keys(table))
        doctor_say(d, "table", DOCTOR_FAIL, "make one as docs/state.md says",
                   "table %s has not the keys pk and sk", buf_z(&d->table));
    else if (answer)
        doctor_expect(d, "table", str_eqz(S("ACTIVE"), state) || str_eqz(S("UPDATING"), state),
                      "the table is there", DOCTOR_FAIL, "the table cannot be used now",
                      "look at its status");
    json_decref(answer);
    return there;
}

/* {"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}} */
static void say_ttl(struct doctor *d)
{
    json_t *answer =
        ask_table(d, "table-ttl", "DescribeTimeToLive", "DynamoDB_20120810.DescribeTimeToLive");
    const json_t *ttl = json_object_get(answer, "TimeToLiveDescription");
    const char *state = doctor_text_of(ttl, "TimeToLiveStatus");
    if (answer)
        doctor_expect(d, "table-ttl",
                      (str_eqz(S("ENABLED"), state) || str_eqz(S("ENABLING"), state)) &&
                          str_eqz(S("expires"), doctor_text_of(ttl, "AttributeName")),
                      "what has expired is deleted", DOCTOR_FAIL,
                      "nothing that has expired is deleted: the table grows for ever",
                      "turn time to live on, with the attribute expires (docs/state.md)");
    json_decref(answer);
}

/* {"ContinuousBackupsDescription":{"PointInTimeRecoveryDescription":
 *   {"PointInTimeRecoveryStatus":"ENABLED"}}} */
static void say_backups(struct doctor *d)
{
    json_t *answer = ask_table(d, "table-backups", "DescribeContinuousBackups",
                               "DynamoDB_20120810.DescribeContinuousBackups");
    const json_t *pitr = json_object_get(json_object_get(answer, "ContinuousBackupsDescription"),
                                         "PointInTimeRecoveryDescription");
    if (answer)
        doctor_expect(d, "table-backups",
                      str_eqz(S("ENABLED"), doctor_text_of(pitr, "PointInTimeRecoveryStatus")),
                      "it can be restored to any moment of the last days", DOCTOR_WARN,
                      "it has no point-in-time recovery: records of containment could be lost",
                      "aws dynamodb update-continuous-backups");
    json_decref(answer);
}

void doctor_check_table(struct doctor *d)
{
    if (!d->table.n || !say_table(d))
        return;
    say_ttl(d);
    say_backups(d);
}

/* ---- subscriptions ---- */

struct page {
    void (*each)(void *to, struct str endpoint, struct str arn);
    void *to;
    struct buf text, endpoint, arn, next;
};

/* Behind <member>. */
static bool read_member(struct page *p, struct xml *x, struct err *e)
{
    const size_t inside = x->depth;
    buf_reset(&p->endpoint);
    buf_reset(&p->arn);
    while (xml_next(x, e) && x->kind != XML_END) {
        if (x->kind == XML_CLOSE && x->depth < inside) {
            p->each(p->to, buf_str(&p->endpoint), buf_str(&p->arn));
            return true;
        }
        if (x->kind != XML_OPEN)
            continue;
        struct buf *to = str_eqz(x->name, "Endpoint")          ? &p->endpoint
                         : str_eqz(x->name, "SubscriptionArn") ? &p->arn
                                                               : &p->text;
        buf_reset(to);
        if (!xml_take_element(x, to, e))
            return false;
    }
    return false;
}

/* <ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member>
 *   <SubscriptionArn>..</SubscriptionArn><Protocol>sqs</Protocol><Endpoint>..</Endpoint></member>..
 *   </Subscriptions><NextToken>..</NextToken>.. */
static bool read_page(struct page *p, struct str document, struct err *e)
{
    struct xml x;
    xml_init(&x, document);
    buf_reset(&p->next);
    while (xml_next(&x, e)) {
        if (x.kind == XML_END)
            return true;
        if (x.kind == XML_OPEN && str_eqz(x.name, "member") && !read_member(p, &x, e))
            return false;
        if (x.kind == XML_OPEN && str_eqz(x.name, "NextToken") &&
            !xml_take_element(&x, &p->next, e))
            return false;
    }
    return false;
}

static bool ask_page(struct doctor *d, const char *check, struct str topic, struct page *p)
{
    struct buf form;
    struct aws_reply reply;
    struct err why = {0};
    buf_init(&form, 4 * DOCTOR_TEXT_MAX);
    aws_reply_init(&reply, DOCTOR_ANSWER_MAX);
    buf_putz(&form, "Action=ListSubscriptionsByTopic&Version=2010-03-31&TopicArn=");
    buf_put_form(&form, topic);
    if (p->next.n) {
        buf_putz(&form, "&NextToken=");
        buf_put_form(&form, buf_str(&p->next));
    }
    const struct doctor_call call = {.service = AWS_SNS,
                                     .action = "ListSubscriptionsByTopic",
                                     .region = doctor_arn_part(topic, 3),
                                     .body = buf_str(&form),
                                     .todo = "deploy the stack again"};
    bool ok = doctor_ask(d, check, &call, &reply);
    if (ok && !read_page(p, buf_str(&reply.http.body), &why)) {
        doctor_say(d, check, DOCTOR_FAIL, "see whether the endpoint is AWS's",
                   "sns ListSubscriptionsByTopic: %s", why.text);
        ok = false;
    }
    aws_reply_release(&reply);
    buf_release(&form);
    return ok;
}

bool doctor_subscriptions(struct doctor *d, const char *check, struct str topic,
                          void (*each)(void *to, struct str endpoint, struct str arn), void *to)
{
    struct page p = {.each = each, .to = to};
    struct buf *const all[] = {&p.text, &p.endpoint, &p.arn, &p.next};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_init(all[i], DOCTOR_TEXT_MAX);
    bool ok = true;
    for (int page = 0; ok && page < DOCTOR_PAGES_MAX && (page == 0 || p.next.n); page++)
        ok = ask_page(d, check, topic, &p);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_release(all[i]);
    return ok;
}

/* ---- alerts ---- */

struct listeners {
    size_t confirmed, pending;
};

static void count_listener(void *to, struct str endpoint, struct str arn)
{
    struct listeners *l = to;
    (void)endpoint;
    if (str_starts(arn, S("arn:")))
        l->confirmed++;
    else
        l->pending++;
}

void doctor_check_topic(struct doctor *d)
{
    struct listeners l = {0};
    if (!d->topic.n || !doctor_subscriptions(d, "alerts", buf_str(&d->topic), count_listener, &l))
        return;
    if (l.confirmed == 0 && l.pending == 0)
        doctor_say(d, "alerts", DOCTOR_FAIL, "aws sns subscribe",
                   "nobody hears alerts: the topic has no subscription");
    else if (l.confirmed == 0)
        doctor_say(d, "alerts", DOCTOR_FAIL, "follow the link in AWS's mail, or subscribe anew",
                   "nobody hears alerts: %zu subscriptions wait for confirmation", l.pending);
    else
        doctor_say(d, "alerts", l.pending ? DOCTOR_WARN : DOCTOR_OK,
                   l.pending ? "follow the link in AWS's mail" : NULL,
                   "%zu hear alerts, %zu have not confirmed", l.confirmed, l.pending);
}
