/* Batches of calls to DynamoDB. */
#include "adapters/dynamodb.h"

#include "adapters/dynamodb_wire.h"

#define NEXT_MAX 4096 /* a LastEvaluatedKey of ours has some 120 bytes */

bool dynamodb_init(struct dynamodb *d, struct aws_client *client, const struct aws_world *world,
                   struct str table, struct err *e)
{
    *d = (struct dynamodb){.client = client, .table = table, .world = world};
    for (size_t i = 0; i < HTTP_LANES; i++) {
        buf_init(&d->lanes[i].body, DYNAMODB_BODY_MAX);
        buf_init(&d->lanes[i].next, NEXT_MAX);
    }
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
    for (size_t i = 0; i < HTTP_LANES; i++) {
        buf_release(&d->lanes[i].body);
        buf_release(&d->lanes[i].next);
    }
}

/* A batch under way: one kind of call for each of a list's members. */
struct trip {
    struct dynamodb *d;
    const struct kind *kind;
    const void *list;
    struct header headers[2];
};

struct kind {
    const char *action;
    const char *target;
    bool reads;
    void (*put)(const struct trip *t, size_t i, struct dynamodb_lane *lane);
    bool (*take)(const struct trip *t, size_t i, struct dynamodb_lane *lane, struct str answer,
                 bool refused, struct err *e);
};

static bool make(void *to, size_t i, size_t lane, struct aws_request *out, struct err *e)
{
    struct trip *t = to;
    struct dynamodb_lane *l = t->d->lanes + lane;
    buf_reset(&l->body);
    t->kind->put(t, i, l);
    if (t->d->use && l->body.n) {
        buf_cut(&l->body, l->body.n - 1);
        buf_putz(&l->body, ",\"ReturnConsumedCapacity\":\"TOTAL\"}");
    }
    *out = (struct aws_request){.service = AWS_DYNAMODB,
                                .action = t->kind->action,
                                .method = "POST",
                                .headers = t->headers,
                                .n_headers = sizeof t->headers / sizeof *t->headers,
                                .body = buf_str(&l->body)};
    return buf_ok(&l->body, "a request to DynamoDB", e);
}

static void note_use(struct dynamodb_use *use, bool reads, struct str answer)
{
    double units = dynamodb_take_units(answer);
    use->requests++;
    *(reads ? &use->read_units : &use->write_units) += units;
}

static bool take(void *to, size_t i, size_t lane, const struct aws_reply *reply, enum err_kind how,
                 bool *more, struct err *e)
{
    struct trip *t = to;
    struct dynamodb_lane *l = t->d->lanes + lane;
    const struct str answer = buf_str(&reply->http.body);
    if (t->d->use)
        note_use(t->d->use, t->kind->reads, answer);
    bool ok = t->kind->take(t, i, l, answer, how == ERR_CONFLICT, e);
    *more = l->next.n > 0 || l->add_only;
    return ok;
}

static bool travel_straight(struct dynamodb *d, const struct kind *kind, const void *list, size_t n,
                            struct err *e)
{
    struct trip t = {d,
                     kind,
                     list,
                     {{S("content-type"), S("application/x-amz-json-1.0")},
                      {S("x-amz-target"), str_of(kind->target)}}};
    const struct aws_many many = {&t, n, DYNAMODB_REPLY_MAX, make, take};
    for (size_t i = 0; i < HTTP_LANES; i++) {
        buf_reset(&d->lanes[i].next);
        d->lanes[i].add_only = false;
    }
    return aws_call_many(d->client, &many, e);
}

/* ---- format ---- */

struct format_ask {
    unsigned long long format; /* 0: the table says none */
    bool conflict;             /* somebody else was first to say it */
};

static void put_get_format(const struct trip *t, size_t i, struct dynamodb_lane *lane)
{
    (void)i;
    dynamodb_put_get_format(&lane->body, t->d->table);
}

static bool take_get_format(const struct trip *t, size_t i, struct dynamodb_lane *lane,
                            struct str answer, bool refused, struct err *e)
{
    (void)i;
    (void)lane;
    (void)refused;
    return dynamodb_take_format(answer, &((struct format_ask *)(uintptr_t)t->list)->format, e);
}

static void put_put_format(const struct trip *t, size_t i, struct dynamodb_lane *lane)
{
    (void)i;
    dynamodb_put_format(&lane->body, t->d->table);
}

static bool take_put_format(const struct trip *t, size_t i, struct dynamodb_lane *lane,
                            struct str answer, bool refused, struct err *e)
{
    (void)i;
    (void)lane;
    (void)answer;
    (void)e;
    ((struct format_ask *)(uintptr_t)t->list)->conflict = refused;
    return true;
}

static bool read_format(struct dynamodb *d, struct err *e)
{
    static const struct kind kind = {"GetItem", "DynamoDB_20120810.GetItem", true, put_get_format,
                                     take_get_format};
    struct format_ask ask = {0};
    if (!travel_straight(d, &kind, &ask, 1, e))
        return false;
    if (ask.format > DYNAMODB_FORMAT)
        return err_set(
            e, ERR_USAGE,
            "table %.*s holds state of format %llu, written by a newer version; this one "
            "knows %d: deploy the newer one again, or name another table",
            (int)d->table.n, d->table.p, ask.format, DYNAMODB_FORMAT);
    d->format = ask.format ? DYNAMODB_FORMAT_OURS : DYNAMODB_FORMAT_ABSENT;
    return true;
}

/* Who was first to write it decides. */
static bool write_format(struct dynamodb *d, struct err *e)
{
    static const struct kind kind = {"PutItem", "DynamoDB_20120810.PutItem", false, put_put_format,
                                     take_put_format};
    struct format_ask ask = {0};
    if (!travel_straight(d, &kind, &ask, 1, e))
        return false;
    if (ask.conflict)
        return read_format(d, e);
    d->format = DYNAMODB_FORMAT_OURS;
    return true;
}

static bool travel(struct dynamodb *d, const struct kind *kind, const void *list, size_t n,
                   struct err *e)
{
    if (n && d->format == DYNAMODB_FORMAT_UNASKED && !read_format(d, e))
        return false;
    if (n && d->format == DYNAMODB_FORMAT_ABSENT && !kind->reads && !write_format(d, e))
        return false;
    return travel_straight(d, kind, list, n, e);
}

/* ---- add ---- */

static void put_add(const struct trip *t, size_t i, struct dynamodb_lane *lane)
{
    dynamodb_put_add(&lane->body, t->d->table, (const struct state_add *)t->list + i,
                     lane->add_only ? DYNAMODB_ADD_ONLY : DYNAMODB_ADD_AND_EXTEND);
}

/* Refused once: the item may live longer already. Refused twice: it is full, or was deleted this
 * moment; another try of the caller's will tell. */
static bool take_add(const struct trip *t, size_t i, struct dynamodb_lane *lane, struct str answer,
                     bool refused, struct err *e)
{
    bool twice = lane->add_only;
    (void)t;
    (void)i;
    (void)answer;
    lane->add_only = refused && !twice;
    return !refused || !twice ||
           err_set(e, ERR_LIMIT, "a bucket of the state holds %d elements and takes no more",
                   DYNAMODB_SET_MAX);
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    static const struct kind kind = {"UpdateItem", "DynamoDB_20120810.UpdateItem", false, put_add,
                                     take_add};
    return travel(self, &kind, list, n, e);
}

/* ---- drop ---- */

static void put_drop(const struct trip *t, size_t i, struct dynamodb_lane *lane)
{
    dynamodb_put_drop(&lane->body, t->d->table, (const struct state_drop *)t->list + i);
}

/* Refused: the item is gone, and so are its elements. */
static bool take_drop(const struct trip *t, size_t i, struct dynamodb_lane *lane, struct str answer,
                      bool refused, struct err *e)
{
    (void)t;
    (void)i;
    (void)lane;
    (void)answer;
    (void)refused;
    (void)e;
    return true;
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    static const struct kind kind = {"UpdateItem", "DynamoDB_20120810.UpdateItem", false, put_drop,
                                     take_drop};
    return travel(self, &kind, list, n, e);
}

/* ---- read ---- */

static void put_read(const struct trip *t, size_t i, struct dynamodb_lane *lane)
{
    dynamodb_put_query(&lane->body, t->d->table, (const struct state_read *)t->list + i,
                       buf_str(&lane->next));
}

static bool take_read(const struct trip *t, size_t i, struct dynamodb_lane *lane, struct str answer,
                      bool refused, struct err *e)
{
    const struct state_read *r = (const struct state_read *)t->list + i;
    const struct aws_world *world = t->d->world;
    int64_t now_s = t->d->archive ? INT64_MIN : world->wall_ms(world->self) / 1000;
    (void)refused;
    return dynamodb_take_page(answer, now_s, r->out, &lane->next, e);
}

static bool read_buckets(void *self, const struct state_read *list, size_t n, struct err *e)
{
    static const struct kind kind = {"Query", "DynamoDB_20120810.Query", true, put_read, take_read};
    return travel(self, &kind, list, n, e);
}

/* ---- claims ---- */

static void put_claims(const struct trip *t, size_t i, struct dynamodb_lane *lane)
{
    dynamodb_put_get(&lane->body, t->d->table, &((const struct state_claims *)t->list)[i].key);
}

static bool take_claims(const struct trip *t, size_t i, struct dynamodb_lane *lane,
                        struct str answer, bool refused, struct err *e)
{
    (void)lane;
    (void)refused;
    return dynamodb_take_claims(answer, (struct state_claims *)(uintptr_t)t->list + i, e);
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    static const struct kind kind = {"GetItem", "DynamoDB_20120810.GetItem", true, put_claims,
                                     take_claims};
    return travel(self, &kind, list, n, e);
}

/* ---- swap ---- */

static void put_swap(const struct trip *t, size_t i, struct dynamodb_lane *lane)
{
    dynamodb_put_swap(&lane->body, t->d->table, (const struct state_swap *)t->list + i);
}

static bool take_swap(const struct trip *t, size_t i, struct dynamodb_lane *lane, struct str answer,
                      bool refused, struct err *e)
{
    (void)lane;
    (void)answer;
    (void)e;
    ((struct state_swap *)(uintptr_t)t->list)[i].conflict = refused;
    return true;
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    static const struct kind kind = {"PutItem", "DynamoDB_20120810.PutItem", false, put_swap,
                                     take_swap};
    return travel(self, &kind, list, n, e);
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
