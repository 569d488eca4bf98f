/* Calls to DynamoDB, one after another over one kept-alive connection. */
#include "adapters/dynamodb.h"

#include "adapters/dynamodb_wire.h"

bool dynamodb_init(struct dynamodb *d, struct aws_client *client, const struct aws_world *world,
                   struct str table, struct err *e)
{
    *d = (struct dynamodb){.client = client, .table = table, .world = world};
    buf_init(&d->body, DYNAMODB_BODY_MAX);
    if (table.n < 3 || table.n > DYNAMODB_TABLE_MAX)
        return err_set(e, ERR_USAGE, "a table's name has 3 to %d characters", DYNAMODB_TABLE_MAX);
    for (size_t i = 0; i < table.n; i++) {
        char c = table.p[i];
        if (!byte_is_alpha(c) && !byte_is_digit(c) && c != '_' && c != '.' && c != '-')
            return err_set(e, ERR_USAGE, "a table's name has letters, digits, _ . - only");
    }
    return true;
}

void dynamodb_release(struct dynamodb *d)
{
    buf_release(&d->body);
}

/* Sends d->body as `action`; reply must be initialised. */
static bool call(struct dynamodb *d, const char *action, const char *target,
                 struct aws_reply *reply, struct err *e)
{
    const struct header headers[] = {{S("content-type"), S("application/x-amz-json-1.0")},
                                     {S("x-amz-target"), str_of(target)}};
    const struct aws_request request = {
        .service = AWS_DYNAMODB,
        .action = action,
        .method = "POST",
        .headers = headers,
        .n_headers = sizeof headers / sizeof *headers,
        .body = buf_str(&d->body),
    };
    return buf_ok(&d->body, "a request to DynamoDB", e) && aws_call(d->client, &request, reply, e);
}

/* A call whose reply does not matter; *refused: its condition did not hold. */
static bool write_item(struct dynamodb *d, const char *action, const char *target, bool *refused,
                       struct err *e)
{
    struct aws_reply reply;
    struct err why = {0};
    aws_reply_init(&reply, DYNAMODB_REPLY_MAX);
    bool ok = call(d, action, target, &reply, &why);
    aws_reply_release(&reply);
    *refused = !ok && why.kind == ERR_CONFLICT;
    if (ok || *refused)
        return true;
    *e = why;
    return false;
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    struct dynamodb *d = self;
    for (size_t i = 0; i < n; i++) {
        bool refused;
        buf_reset(&d->body);
        dynamodb_put_add(&d->body, d->table, list + i);
        if (!write_item(d, "UpdateItem", "DynamoDB_20120810.UpdateItem", &refused, e))
            return false;
        if (refused)
            return err_set(e, ERR_LIMIT,
                           "a bucket of the state holds %d elements and takes no more",
                           DYNAMODB_SET_MAX);
    }
    return true;
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    struct dynamodb *d = self;
    for (size_t i = 0; i < n; i++) {
        bool gone; /* the item: then so are its elements */
        buf_reset(&d->body);
        dynamodb_put_drop(&d->body, d->table, list + i);
        if (!write_item(d, "UpdateItem", "DynamoDB_20120810.UpdateItem", &gone, e))
            return false;
    }
    return true;
}

static bool query(struct dynamodb *d, const struct state_read *r, struct err *e)
{
    struct aws_reply reply;
    struct buf next;
    bool ok = true;
    int64_t now_s = d->world->wall_ms(d->world->self) / 1000;
    buf_init(&next, 4096);
    aws_reply_init(&reply, DYNAMODB_REPLY_MAX);
    do {
        buf_reset(&d->body);
        dynamodb_put_query(&d->body, d->table, r, buf_str(&next));
        ok = call(d, "Query", "DynamoDB_20120810.Query", &reply, e) &&
             dynamodb_take_page(buf_str(&reply.http.body), now_s, r->out, &next, e);
    } while (ok && next.n);
    aws_reply_release(&reply);
    buf_release(&next);
    return ok;
}

static bool read_buckets(void *self, const struct state_read *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!query(self, list + i, e))
            return false;
    return true;
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct dynamodb *d = self;
    struct aws_reply reply;
    bool ok = true;
    aws_reply_init(&reply, DYNAMODB_REPLY_MAX);
    for (size_t i = 0; i < n && ok; i++) {
        buf_reset(&d->body);
        dynamodb_put_get(&d->body, d->table, &list[i].key);
        ok = call(d, "GetItem", "DynamoDB_20120810.GetItem", &reply, e) &&
             dynamodb_take_claims(buf_str(&reply.http.body), list + i, e);
    }
    aws_reply_release(&reply);
    return ok;
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct dynamodb *d = self;
    for (size_t i = 0; i < n; i++) {
        buf_reset(&d->body);
        dynamodb_put_swap(&d->body, d->table, list + i);
        if (!write_item(d, "PutItem", "DynamoDB_20120810.PutItem", &list[i].conflict, e))
            return false;
    }
    return true;
}

static void pause_ms(void *self, int64_t ms)
{
    const struct dynamodb *d = self;
    d->world->sleep_ms(d->world->self, ms);
}

struct port_state dynamodb_state(struct dynamodb *d)
{
    return (struct port_state){d, add, read_buckets, drop, claims, swap, pause_ms};
}
