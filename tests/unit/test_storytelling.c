/* handlers/storytelling: which logs are read again, in which order, and what a page says when time
 * ends that. The page itself is tested end to end (tests/e2e/test_story_lambda.py). */
#include "handlers/storytelling.h"

#include "adapters/state_memory.h"
#include "engine/loader.h"
#include "handlers/handle.h"
#include "tests/unit/support/check.h"

#define NOW_MS  1774015200000LL /* 2026-03-20T14:00:00Z */
#define LEFT_MS 90000
#define PLACE   "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/"

/* A call of dana's. */
#define CALL(id, name, time)                                                                       \
    "{\"eventID\":\"" id "\",\"eventName\":\"" name "\",\"eventTime\":\"2026-03-" time             \
    "T12:00:00Z\",\"eventSource\":\"cloudtrail.amazonaws.com\",\"awsRegion\":\"us-east-1\","       \
    "\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDADANAXXXXXXXXXXXX\","             \
    "\"arn\":\"arn:aws:iam::111122223333:user/dana\",\"accountId\":\"111122223333\","              \
    "\"userName\":\"dana\"},\"recipientAccountId\":\"111122223333\"}"

/* In the order of a listing. */
static const struct {
    const char *key, *text;
} objects[] = {
    {PLACE "01/a", "[" CALL("01", "ListTrails", "01") "]"},
    {PLACE "10/b", "[" CALL("10", "GetTrail", "10") "]"},
    {PLACE "15/c", "[" CALL("15", "DescribeTrails", "15") "]"},
    {PLACE "20/d", "[" CALL("20", "StopLogging", "20") "," CALL("21", "ListTags", "20") "]"},
    {"other/e", "[" CALL("22", "GetTrailStatus", "20") "]"},
};

struct stage {
    struct ruleset *rs;
    struct state_memory *memory;
    struct handler *h;
    struct buf answer, page, reads; /* reads: the last letter of each key that was read */
    char incident[33];
    int64_t left_ms, left_step; /* left_ms falls by left_step at each look */
};

/* ---- ports ---- */

static bool read_object(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                        struct err *e)
{
    struct stage *s = self;
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (!str_eqz(ref->key, objects[i].key))
            continue;
        buf_putc(&s->reads, ref->key.p[ref->key.n - 1]);
        return take(to, str_of(objects[i].text), e);
    }
    return err_set(e, ERR_MISSING, "no such key");
}

static bool list_objects(void *self, struct str bucket, struct str prefix, key_fn each, void *to,
                         struct err *e)
{
    (void)self;
    (void)bucket;
    (void)prefix;
    bool ok = true;
    for (size_t i = 0; i < COUNT(objects) && ok; i++)
        ok = each(to, str_of(objects[i].key), e);
    return ok;
}

static bool publish(void *self, const struct message *m, struct err *e)
{
    struct stage *s = self;
    static const char before[] = "\"type\":\"incident\",\"id\":\"";
    size_t at = str_find(m->json, str_of(before), 0);
    (void)e;
    if (at != SIZE_MAX)
        memcpy(s->incident, m->json.p + at + sizeof before - 1, 32);
    return true;
}

static bool keep(void *self, struct str name, struct str page, struct buf *where, struct err *e)
{
    struct stage *s = self;
    (void)e;
    buf_put(&s->page, page);
    buf_put(where, name);
    return true;
}

static int64_t now_ms(void *self)
{
    (void)self;
    return NOW_MS;
}

static int64_t left_ms(void *self)
{
    struct stage *s = self;
    s->left_ms -= s->left_step;
    return s->left_ms;
}

static bool fill_random(void *self, void *bytes, size_t n, struct err *e)
{
    (void)self;
    (void)e;
    memset(bytes, 7, n);
    return true;
}

static void note(void *to, enum handle_note what, const char *sentence)
{
    (void)to;
    (void)what;
    fail_msg("%s", sentence);
}

/* ---- the stage ---- */

static struct ruleset *load_rules(void)
{
    static const char rules[] = "title: Stop\nid: 11111111-1111-4111-8111-111111111111\n"
                                "level: high\nlogsource: {product: aws, service: cloudtrail}\n"
                                "detection: {s: {eventName: StopLogging}, condition: s}\n";
    struct diags diags;
    struct err e;
    struct ruleset *rs;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_true(loader_add(l, S("test.yml"), str_of(rules), &e));
    assert_true(loader_finish(l, &rs, &e));
    loader_free(l);
    diags_release(&diags);
    return rs;
}

static void run(struct stage *s, const char *payload)
{
    struct handle_counts counts;
    struct err e = {0};
    buf_reset(&s->answer);
    buf_reset(&s->page);
    buf_reset(&s->reads);
    if (!handler_run(s->h, str_of(payload), &s->answer, &counts, &e))
        fail_msg("%s", e.text);
}

/* The incident of the last object is told. */
static void setup(struct stage *s)
{
    struct err e;
    *s = (struct stage){.left_ms = LEFT_MS};
    s->rs = load_rules();
    s->memory = state_memory_new();
    assert_non_null(s->memory);
    buf_init(&s->answer, HANDLE_ANSWER_MAX);
    buf_init(&s->page, STORYTELLING_PAGE_MAX);
    buf_init(&s->reads, 64);
    const struct handle_config cfg = {.rules = s->rs, .version = S("9.9"), .incidents = true};
    const struct ports ports = {.objects = {.self = s, .read = read_object},
                                .listing = {s, list_objects},
                                .alerts = {s, publish},
                                .reports = {s, keep},
                                .clock = {s, now_ms, left_ms},
                                .random = {s, fill_random},
                                .state = state_memory_port(s->memory)};
    s->h = handler_new(&cfg, &ports, (struct handle_notes){s, note, NULL}, &e);
    assert_non_null(s->h);
    run(s, "{\"s3Bucket\":\"logs\",\"s3ObjectKey\":[\"" PLACE "20/d\"]}");
    assert_int_equal(strlen(s->incident), 32);
}

static void teardown(struct stage *s)
{
    handler_free(s->h);
    ruleset_free(s->rs);
    state_memory_free(s->memory);
    buf_release(&s->answer);
    buf_release(&s->page);
    buf_release(&s->reads);
}

/* Asks for the story, when so much of the time passes at each look at the clock. */
static void ask(struct stage *s, int64_t left_step, const char *more)
{
    struct buf order;
    buf_init(&order, 500);
    s->left_ms = LEFT_MS;
    s->left_step = left_step;
    buf_putf(
        &order,
        "{\"trailwarden\":{\"action\":\"story\",\"incident\":\"%s\",\"from\":\"s3://logs/\"%s}}",
        s->incident, more);
    run(s, buf_z(&order));
    buf_release(&order);
}

static bool has(const struct buf *b, const char *text)
{
    return str_find(buf_str(b), str_of(text), 0) != SIZE_MAX;
}

/* ---- the tests ---- */

/* Of an incident of the 20th, steps may lie from the 19th to the 22nd, what was used before from
 * the 5th on. */
static void reads_what_has_steps_first(void **state)
{
    struct stage s;
    (void)state;
    setup(&s);
    ask(&s, 0, "");
    check_str("reads", buf_str(&s.reads), S("debc"));
    assert_true(has(&s.answer, "\"objects\":4,\"failed\":0,\"passed_over\":1,\"whole\":true"));
    assert_true(has(&s.page, "\"stopped\":null"));
    assert_true(
        has(&s.page, "{\"action\":\"cloudtrail:GetTrail\",\"resources\":[\"*\"],\"count\":1"));
    assert_false(has(&s.page, "what else was used is not known"));
    ask(&s, 0, ",\"advice\":false");
    check_str("reads", buf_str(&s.reads), S("de"));
    assert_true(has(&s.answer, "\"objects\":2,\"failed\":0,\"passed_over\":3,\"whole\":true"));
    assert_true(has(&s.page, "\"advice\":null"));
    teardown(&s);
}

/* Once two thirds of the time are over nothing more is read. Without time for what was used before
 * all steps are there, and no policy is. */
static void time_ends_reading(void **state)
{
    static const struct {
        int64_t step;
        const char *reads, *stopped;
    } cases[] = {
        {5000, "de", "\"stopped\":null"},
        {4000, "deb", "\"stopped\":null"},
        {9000, "d", "\"stopped\":\"the function's time was up\""},
        {LEFT_MS, "", "\"stopped\":\"the function's time was up\""},
    };
    struct stage s;
    (void)state;
    setup(&s);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ask(&s, cases[i].step, "");
        check_str("reads", buf_str(&s.reads), str_of(cases[i].reads));
        assert_true(has(&s.answer, "\"whole\":false"));
        assert_true(has(&s.page, cases[i].stopped));
        assert_true(has(&s.page, "what else was used is not known"));
    }
    teardown(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_has_steps_first),
        cmocka_unit_test(time_ends_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
