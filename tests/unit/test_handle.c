/* handlers/handle: what is told, answered and failed, with ports that fail at call n. Promise P2 is
 * tested here: an object is done only when its alerts are published. */
#include "handlers/handle.h"

#include "adapters/state_memory.h"
#include "engine/loader.h"
#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

/* ---- fakes ---- */

struct stored {
    const char *key, *text;
    bool cut; /* the transfer breaks behind text */
};

static const char records_a[] =
    "{\"Records\":[{\"eventID\":\"a1\",\"eventName\":\"StopLogging\",\"eventTime\":"
    "\"2026-03-17T14:05:11Z\",\"userIdentity\":{\"principalId\":\"P\"}},"
    "{\"eventID\":\"a2\",\"eventName\":\"ListTrails\"}]}";
#define TIME_TEXT "2026-03-17T14:05:11Z"
#define NOW_MS    1773756600000LL /* 2026-03-17T14:10:00Z */
#define EVENT_MS  1773756311000LL /* of TIME_TEXT */
#define EVENT(id)                                                                                  \
    "{\"eventID\":\"" id "\",\"eventName\":\"StopLogging\",\"eventTime\":\"" TIME_TEXT "\"}"
#define QUIET(id) "{\"eventID\":\"" id "\",\"eventName\":\"Other\"}"

static const struct stored objects[] = {
    {"a", records_a, false},
    {"copy-of-a", records_a, false},
    {"b", "[" EVENT("b1") "]", false},
    {"quiet", "[" QUIET("q1") "]", false},
    {"bad-record", "[" EVENT("r1") ",{\"x\" 1}," QUIET("r2") "]", false},
    {"cut", "{\"Records\":[" EVENT("c1") ",{\"eventID\":\"c2\"", false},
    {"broken-transfer", "{\"Records\":[" EVENT("t1") "," QUIET("t2"), true},
    {"AWSLogs/111122223333/CloudTrail/eu-west-1/b", "[" EVENT("w1") "]", false},
    {"no-log", "hello", false},
    {"digest", "{\"digestStartTime\":\"x\"}", false},
    {"levels",
     "[{\"eventID\":\"l1\",\"eventName\":\"Low\"},{\"eventID\":\"l2\",\"eventName\":\"Info\"}]",
     false},
};

struct world {
    struct buf told;       /* "id,id;" of each published alert's events, in order */
    struct buf notes;      /* sentences, each with a line end */
    struct buf done;       /* objects done with, each with a line end */
    struct buf order;      /* "+key" announced, "key" read, "." nothing more, each with a blank */
    unsigned publishes;    /* calls so far */
    unsigned publish_fail; /* the call that fails, from 1; 0: none */
    enum err_kind publish_kind;
    unsigned reads, randoms, random_fail;
    int64_t now_ms;
    int64_t left_ms; /* falls by left_step at each look */
    int64_t left_step;
};

static bool read_object(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                        struct err *e)
{
    struct world *w = self;
    w->reads++;
    buf_put(&w->order, ref->key);
    buf_putc(&w->order, ' ');
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (!str_eqz(ref->key, objects[i].key))
            continue;
        struct str text = str_of(objects[i].text);
        size_t half = text.n / 2;
        return take(to, str_slice(text, 0, half), e) && take(to, str_skip(text, half), e) &&
               (!objects[i].cut || err_set(e, ERR_RETRY, "the transfer broke"));
    }
    return err_set(e, ERR_MISSING, "no such key");
}

static void announce(void *self, const struct object_ref *ref)
{
    struct world *w = self;
    buf_putc(&w->order, ref ? '+' : '.');
    if (ref)
        buf_put(&w->order, ref->key);
    buf_putc(&w->order, ' ');
}

static bool publish(void *self, const struct message *m, struct err *e)
{
    struct world *w = self;
    if (++w->publishes == w->publish_fail)
        return err_set(e, w->publish_kind, "SNS is away");
    /* "events":["a1"] stands in the JSON */
    size_t from = str_find(m->json, S("\"events\":["), 0);
    assert_true(from != SIZE_MAX);
    size_t end = str_find_byte(m->json, ']', from);
    for (size_t i = from + 10; i < end; i++)
        if (m->json.p[i] != '"')
            buf_putc(&w->told, m->json.p[i]);
    buf_putc(&w->told, ';');
    return true;
}

static int64_t now_ms(void *self)
{
    const struct world *w = self;
    return w->now_ms;
}

static int64_t left_ms(void *self)
{
    struct world *w = self;
    w->left_ms -= w->left_step;
    return w->left_ms;
}

/* Chance that counts: each delivery has a name of its own. */
static bool fill_random(void *self, void *bytes, size_t n, struct err *e)
{
    struct world *w = self;
    if (++w->randoms == w->random_fail)
        return err_set(e, ERR_SYSTEM, "no chance");
    memset(bytes, (int)w->randoms, n);
    return true;
}

static void note(void *to, enum handle_note what, const char *sentence)
{
    struct world *w = to;
    buf_putz(&w->notes, what == HANDLE_FAILED ? "F " : "B ");
    buf_putz(&w->notes, sentence);
    buf_putc(&w->notes, '\n');
}

static void done(void *to, const struct handled_object *o)
{
    struct world *w = to;
    buf_putf(&w->done, "%s %llu records %llu bad %llu hits %llu alerts", o->name,
             (unsigned long long)o->records, (unsigned long long)o->bad,
             (unsigned long long)o->hits, (unsigned long long)o->alerts);
    if (str_present(o->at.account))
        buf_putf(&w->done, " of %.*s %.*s", (int)o->at.account.n, o->at.account.p,
                 (int)o->at.region.n, o->at.region.p);
    buf_putc(&w->done, '\n');
}

/* ---- the stage ---- */

static const char rules[] =
    "title: Stop\nid: 11111111-1111-4111-8111-111111111111\nlevel: high\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection: {s: {eventName: StopLogging}, condition: s}\n---\n"
    "title: Low\nid: 22222222-2222-4222-8222-222222222222\nlevel: low\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection: {s: {eventName: Low}, condition: s}\n---\n"
    "title: Info\nid: 33333333-3333-4333-8333-333333333333\nlevel: informational\n"
    "logsource: {product: aws, service: cloudtrail}\n"
    "detection: {s: {eventName: Info}, condition: s}\n";

static struct ruleset *load_rules(void)
{
    struct diags diags;
    struct err e;
    struct ruleset *rs;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_true(loader_add(l, S("test.yml"), str_of(rules), &e));
    assert_true(loader_finish(l, &rs, &e));
    assert_int_equal(rs->n_rules, 3);
    loader_free(l);
    diags_release(&diags);
    return rs;
}

struct stage {
    struct world w;
    struct ruleset *rs;
    struct state_memory *memory;
    struct handler *h;
    struct buf answer;
    struct handle_counts counts;
    struct err e;
};

static struct ports ports_of(struct stage *s)
{
    return (struct ports){
        .objects = {&s->w, read_object, announce},
        .alerts = {&s->w, publish},
        .clock = {&s->w, now_ms, left_ms},
        .random = {&s->w, fill_random},
        .state = state_memory_port(s->memory),
    };
}

static void setup(struct stage *s, enum level min, const char *buckets)
{
    *s = (struct stage){0};
    s->rs = load_rules();
    s->w.left_ms = INT64_MAX;
    s->w.now_ms = NOW_MS;
    buf_init(&s->w.told, 65536);
    buf_init(&s->w.notes, 65536);
    buf_init(&s->w.done, 65536);
    buf_init(&s->w.order, 65536);
    buf_init(&s->answer, HANDLE_ANSWER_MAX);
    struct handle_config cfg = {
        .rules = s->rs, .min_level = min, .buckets = str_of(buckets), .version = S("9.9")};
    s->memory = state_memory_new();
    assert_non_null(s->memory);
    struct ports ports = ports_of(s);
    s->h = handler_new(&cfg, &ports, (struct handle_notes){&s->w, note, done}, &s->e);
    assert_non_null(s->h);
}

static void teardown(struct stage *s)
{
    handler_free(s->h);
    ruleset_free(s->rs);
    state_memory_free(s->memory);
    buf_release(&s->w.told);
    buf_release(&s->w.notes);
    buf_release(&s->w.done);
    buf_release(&s->w.order);
    buf_release(&s->answer);
}

/* Serves a payload with what windows remember of those before it. */
static bool run_on(struct stage *s, const char *payload)
{
    buf_reset(&s->w.told);
    buf_reset(&s->w.notes);
    buf_reset(&s->w.done);
    buf_reset(&s->w.order);
    buf_reset(&s->answer);
    s->w.publishes = 0;
    s->e = (struct err){0};
    return handler_run(s->h, str_of(payload), &s->answer, &s->counts, &s->e);
}

static bool run(struct stage *s, const char *payload)
{
    state_memory_clear(s->memory);
    return run_on(s, payload);
}

#define KEYS(list) "{\"s3Bucket\":\"logs\",\"s3ObjectKey\":[" list "]}"
#define SQS_OF(bucket, id, key, count)                                                             \
    "{\"messageId\":\"" id "\",\"eventSource\":\"aws:sqs\","                                       \
    "\"attributes\":{\"ApproximateReceiveCount\":\"" count "\"},\"body\":"                         \
    "\"{\\\"s3Bucket\\\":\\\"" bucket "\\\",\\\"s3ObjectKey\\\":[\\\"" key "\\\"]}\"}"
#define SQS_AGAIN(id, key, count) SQS_OF("logs", id, key, count)
#define SQS_IN(bucket, id, key)   SQS_OF(bucket, id, key, "1")
#define SQS(id, key)              SQS_AGAIN(id, key, "1")
#define BATCH(list)               "{\"Records\":[" list "]}"
#define BRIDGE(detail)            "{\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":" detail "}"

/* ---- what is told and answered ---- */

static const struct {
    const char *name, *payload;
    const char *told;
    const char *answer; /* NULL: the invocation fails with a sentence that holds `why` */
    const char *why;
} cases[] = {
    {"one object", KEYS("\"a\""), "a1;",
     "{\"ok\":true,\"objects\":1,\"records\":2,\"bad\":0,\"hits\":1,\"alerts\":1,\"incidents\":0}",
     NULL},
    {"nothing to tell", KEYS("\"quiet\""), "",
     "{\"ok\":true,\"objects\":1,\"records\":1,\"bad\":0,\"hits\":0,\"alerts\":0,\"incidents\":0}",
     NULL},
    {"a copy is told once", KEYS("\"a\",\"copy-of-a\""), "a1;",
     "{\"ok\":true,\"objects\":2,\"records\":4,\"bad\":0,\"hits\":2,\"alerts\":1,\"incidents\":0}",
     NULL},
    {"a bad record is skipped", KEYS("\"bad-record\""), "r1;",
     "{\"ok\":true,\"objects\":1,\"records\":2,\"bad\":1,\"hits\":1,\"alerts\":1,\"incidents\":0}",
     NULL},
    {"a digest is nothing", KEYS("\"digest\""), "",
     "{\"ok\":true,\"objects\":1,\"records\":0,\"bad\":0,\"hits\":0,\"alerts\":0,\"incidents\":0}",
     NULL},
    {"levels below the minimum", KEYS("\"levels\""), "l1;",
     "{\"ok\":true,\"objects\":1,\"records\":2,\"bad\":0,\"hits\":1,\"alerts\":1,\"incidents\":0}",
     NULL},
    {"missing", KEYS("\"none\""), "", NULL, "s3://logs/none: no such key"},
    {"cut off: what was readable is told", KEYS("\"cut\""), "c1;", NULL, "s3://logs/cut: cut off"},
    {"a broken transfer: nothing is told", KEYS("\"broken-transfer\""), "", NULL,
     "the transfer broke"},
    {"no log", KEYS("\"no-log\""), "", NULL, "s3://logs/no-log: neither JSON nor gzip"},
    {"a bad one among good ones", KEYS("\"a\",\"none\",\"b\""), "a1;b1;", NULL,
     "s3://logs/none: no such key"},
    {"two bad ones", KEYS("\"none\",\"no-log\""), "", NULL,
     "2 parts of the payload failed; the first: s3://logs/none"},
    {"unknown payload", "{\"x\":1}", "", NULL, "its keys are \"x\""},
    {"no JSON", "x", "", NULL, "no JSON object"},
    {"self-test", "{\"trailwarden\":{\"action\":\"self-test\"}}", "",
     "{\"ok\":true,\"version\":\"9.9\",\"rules\":3,\"hash\":\"", NULL},
    {"an action of later", "{\"trailwarden\":{\"action\":\"contain\"}}", "", NULL,
     "action \"contain\" is not available"},
    {"a test event", "{\"Event\":\"s3:TestEvent\"}", "",
     "{\"ok\":true,\"objects\":0,\"records\":0,\"bad\":0,\"hits\":0,\"alerts\":0,\"incidents\":0}",
     NULL},
    /* inline records */
    {"EventBridge", BRIDGE(EVENT("e1")), "e1;",
     "{\"ok\":true,\"objects\":1,\"records\":1,\"bad\":0,\"hits\":1,\"alerts\":1,\"incidents\":0}",
     NULL},
    {"EventBridge, no record", BRIDGE("{\"foo\":1}"), "", NULL,
     "nothing in it is a record that is read here"},
    /* batches */
    {"a batch", BATCH(SQS("m1", "a") "," SQS("m2", "b")), "a1;b1;", "{\"batchItemFailures\":[]}",
     NULL},
    {"a batch with a bad one", BATCH(SQS("m1", "a") "," SQS("m2", "none") "," SQS("m3", "b")),
     "a1;b1;", "{\"batchItemFailures\":[{\"itemIdentifier\":\"m2\"}]}", NULL},
    {"a batch, all bad", BATCH(SQS("m1", "cut") "," SQS("m2", "none")), "c1;",
     "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"},{\"itemIdentifier\":\"m2\"}]}", NULL},
    {"a batch with a message that is no JSON",
     BATCH("{\"messageId\":\"m1\",\"eventSource\":\"aws:sqs\",\"body\":\"x\"}," SQS("m2", "a")),
     "a1;", "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}", NULL},
    {"a batch with a message without an id",
     BATCH("{\"eventSource\":\"aws:sqs\",\"body\":\"{}\"}," SQS("m2", "a")), "a1;", NULL,
     "without messageId"},
};

static void serves(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool ok = run(&s, cases[i].payload);
        check_int(cases[i].name, ok, cases[i].answer != NULL);
        check_str(cases[i].name, buf_str(&s.w.told), str_of(cases[i].told));
        if (ok) {
            struct str want = str_of(cases[i].answer);
            check_str(cases[i].name, str_slice(buf_str(&s.answer), 0, want.n), want);
        } else if (!strstr(s.e.text, cases[i].why)) {
            check_str(cases[i].name, str_of(s.e.text), str_of(cases[i].why));
        }
    }
    teardown(&s);
}

/* ---- publishing that fails ---- */

static void an_object_is_done_when_it_is_published(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    s.w.publish_fail = 1;
    s.w.publish_kind = ERR_RETRY;
    /* m1's publish fails; m2 holds the same event, which must not count as told: it tells it */
    assert_true(run(&s, BATCH(SQS("m1", "a") "," SQS("m2", "copy-of-a") "," SQS("m3", "b"))));
    check_str("only m1 comes again", buf_str(&s.answer),
              S("{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}"));
    check_str("told", buf_str(&s.w.told), S("a1;b1;"));
    check_size("failed", s.counts.failed, 1);
    check_size("alerts", s.counts.alerts, 2);
    assert_non_null(strstr(buf_z(&s.w.notes), "F s3://logs/a: SNS is away"));
    /* what cannot be published fails a broken object with the reason that may pass */
    assert_false(run(&s, KEYS("\"cut\"")));
    check_int("kind", s.e.kind, ERR_RETRY);
    /* nothing of a failed invocation is left over for the next */
    s.w.publish_fail = 0;
    assert_true(run(&s, KEYS("\"b\"")));
    check_str("told afterwards", buf_str(&s.w.told), S("b1;"));
    teardown(&s);
}

static void repeats_nothing_that_is_on_record(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    assert_true(run(&s, KEYS("\"a\",\"a\"")));
    check_str("first", buf_str(&s.w.told), S("a1;"));
    assert_true(run_on(&s, KEYS("\"a\"")));
    check_str("again", buf_str(&s.w.told), S(""));
    teardown(&s);
}

/* An invocation claims an alert, cannot publish it, and is gone. Its lease ends five seconds after
 * its deadline. */
static void takes_over_what_nobody_told(void **state)
{
    static const struct {
        const char *name, *payload;
        int64_t later_ms;
        bool told;
    } meetings[] = {
        {"another message in the meantime", BATCH(SQS("m2", "copy-of-a")), 1000, false},
        {"the same message again", BATCH(SQS_AGAIN("m1", "a", "2")), 1000, true},
        {"another message when the lease is over", BATCH(SQS("m2", "copy-of-a")), 65001, true},
        {"a moment before", BATCH(SQS("m2", "copy-of-a")), 65000, false},
        {"a first delivery that says so", BATCH(SQS_AGAIN("m2", "copy-of-a", "1")), 1000, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(meetings); i++) {
        struct stage s;
        setup(&s, LEVEL_LOW, NULL);
        s.w.left_ms = 60000;
        s.w.publish_fail = 1;
        s.w.publish_kind = ERR_RETRY;
        assert_true(run(&s, BATCH(SQS("m1", "a"))));
        check_size("not told", s.counts.alerts, 0);
        s.w.publish_fail = 0;
        s.w.now_ms += meetings[i].later_ms;
        assert_true(run_on(&s, meetings[i].payload));
        check_str(meetings[i].name, buf_str(&s.w.told), meetings[i].told ? S("a1;") : S(""));
        check_size(meetings[i].name, s.counts.failed, !meetings[i].told);
        teardown(&s);
    }
}

static void fails_without_chance(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    s.w.random_fail = 1;
    assert_false(run(&s, KEYS("\"a\"")));
    assert_non_null(strstr(s.e.text, "no chance"));
    check_int("nothing was read", s.w.reads, 0);
    teardown(&s);
}

/* What lies more than an hour ahead or 15 days back is told with its object alone, each time. */
static void counts_strays(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    s.w.now_ms = NOW_MS + 16 * 86400000LL;
    for (int i = 0; i < 2; i++) {
        assert_true(run_on(&s, KEYS("\"a\"")));
        check_str("told", buf_str(&s.w.told), S("a1;"));
        check_size("stray", s.counts.stray, 1);
    }
    teardown(&s);
}

#define LEARN(key)                                                                                 \
    "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","               \
    "\"trailwarden\":{\"learn\":true},\"s3\":{\"bucket\":{\"name\":\"logs\"},"                     \
    "\"object\":{\"key\":\"" key "\"}}}]}"

/* What is older than a day is claimed as told; a mark does not hide what is younger. */
static void learns_from_marked_objects(void **state)
{
    static const struct {
        const char *name;
        int64_t age_ms; /* of the event */
        const char *at_first, *afterwards;
        uint64_t stray; /* of the second, unmarked delivery */
    } ages[] = {
        {"fresh", 3600000, "a1;", "", 0},
        {"a day, less a millisecond", 86400000, "a1;", "", 0},
        {"a day", 86400001, "", "", 0},
        {"older than the memory: told alone when it comes unmarked", 16 * 86400000LL, "", "a1;", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(ages); i++) {
        struct stage s;
        setup(&s, LEVEL_LOW, NULL);
        s.w.now_ms = EVENT_MS + ages[i].age_ms;
        assert_true(run(&s, LEARN("a")));
        check_str(ages[i].name, buf_str(&s.w.told), str_of(ages[i].at_first));
        check_size(ages[i].name, s.counts.learned, 1);
        check_size(ages[i].name, s.counts.stray, 0);
        check_size(ages[i].name, s.counts.failed, 0);
        assert_true(run_on(&s, KEYS("\"a\"")));
        check_str(ages[i].name, buf_str(&s.w.told), str_of(ages[i].afterwards));
        check_size(ages[i].name, s.counts.stray, ages[i].stray);
        check_size(ages[i].name, s.counts.learned, 0);
        teardown(&s);
    }
}

#define SIMULATED(key, mark)                                                                       \
    "{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","                             \
    "\"trailwarden\":{\"simulated\":" mark "},\"s3\":{\"bucket\":{\"name\":\"logs\"},"             \
    "\"object\":{\"key\":\"" key "\"}}}"
#define HIT(id) "{\"type\":\"hit\",\"rule\":\"Stop\",\"level\":\"high\",\"event\":\"" id "\"}"

/* The findings of the answer; from the second time on nothing is told, and what held is known all
 * the same. Of an object without the mark there are none, also beside one that has it. */
static void answers_findings_of_simulations(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    assert_true(run(&s, "{\"Records\":[" SIMULATED("a", "true") "]}"));
    struct str answer = buf_str(&s.answer);
    size_t at =
        str_find(answer, S(",\"findings\":[" HIT("a1") ",{\"type\":\"alert\",\"id\":\""), 0);
    assert_int_not_equal(at, SIZE_MAX);
    assert_int_not_equal(str_find(answer,
                                  S("\",\"updates\":0,\"rule\":\"Stop\",\"level\":\"high\","
                                    "\"events\":[\"a1\"]}],\"findings_cut\":false}"),
                                  at),
                         SIZE_MAX);
    assert_true(run_on(&s, "{\"Records\":[" SIMULATED("a", "true") "]}"));
    check_str("again", buf_str(&s.answer),
              S("{\"ok\":true,\"objects\":1,\"records\":2,\"bad\":0,\"hits\":1,\"alerts\":0,"
                "\"incidents\":0,\"findings\":[" HIT("a1") "],\"findings_cut\":false}"));
    assert_true(
        run_on(&s, "{\"Records\":[" SIMULATED("quiet", "true") "," SIMULATED("b", "false") "]}"));
    check_str("beside another", buf_str(&s.answer),
              S("{\"ok\":true,\"objects\":2,\"records\":2,\"bad\":0,\"hits\":1,\"alerts\":1,"
                "\"incidents\":0,\"findings\":[],\"findings_cut\":false}"));
    assert_true(run_on(&s, KEYS("\"a\"")));
    check_str("unasked", buf_str(&s.answer),
              S("{\"ok\":true,\"objects\":1,\"records\":2,\"bad\":0,\"hits\":1,\"alerts\":0,"
                "\"incidents\":0}"));
    teardown(&s);
}

/* ---- limits ---- */

static void stops_before_the_deadline(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    /* One look at the clock for the lease, and three an object: before it and at its two pieces.
     * The first object has all three, the second is cut at its last piece. */
    s.w.left_ms = HANDLE_MARGIN_MS + 7;
    s.w.left_step = 1;
    assert_true(run(&s, BATCH(SQS("m1", "a") "," SQS("m2", "b"))));
    check_str("enough time", buf_str(&s.answer), S("{\"batchItemFailures\":[]}"));
    s.w.left_ms = HANDLE_MARGIN_MS + 6;
    assert_true(run(&s, BATCH(SQS("m1", "a") "," SQS("m2", "b") "," SQS("m3", "quiet"))));
    check_str(
        "no time for the rest", buf_str(&s.answer),
        S("{\"batchItemFailures\":[{\"itemIdentifier\":\"m2\"},{\"itemIdentifier\":\"m3\"}]}"));
    check_str("told", buf_str(&s.w.told), S("a1;"));
    s.w.left_ms = HANDLE_MARGIN_MS;
    s.w.reads = 0;
    assert_false(run(&s, KEYS("\"a\"")));
    check_int("nothing is begun", s.w.reads, 0);
    check_int("kind", s.e.kind, ERR_RETRY);
    teardown(&s);
}

static void reads_only_allowed_buckets(void **state)
{
    static const struct {
        const char *list;
        bool allowed;
    } lists[] = {
        {NULL, true},     {"", true},     {"logs", true},    {"other, logs", true},
        {"other", false}, {"log", false}, {"logs.x", false}, {",", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct stage s;
        setup(&s, LEVEL_LOW, lists[i].list);
        check_int(lists[i].list ? lists[i].list : "(absent)", run(&s, KEYS("\"a\"")),
                  lists[i].allowed);
        check_int("reads", s.w.reads, lists[i].allowed);
        if (!lists[i].allowed) {
            check_int("kind", s.e.kind, ERR_DENIED);
            assert_non_null(strstr(s.e.text, "TRAILWARDEN_BUCKETS"));
        }
        teardown(&s);
    }
}

static void announces_the_next_object(void **state)
{
    static const struct {
        const char *name, *payload, *order;
    } plays[] = {
        {"one", KEYS("\"a\""), "a . "},
        {"three, one of which is not there", KEYS("\"a\",\"none\",\"b\""), "+none a +b none b . "},
        {"in messages", BATCH(SQS("m1", "a") "," SQS("m2", "b")), "+b a b . "},
        {"in another bucket",
         BATCH(SQS("m1", "a") "," SQS_IN("elsewhere", "m2", "b") "," SQS("m3", "quiet")),
         "a quiet . "},
        {"nothing to be read", "{\"Event\":\"s3:TestEvent\"}", ". "},
    };
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, "logs");
    for (size_t i = 0; i < COUNT(plays); i++) {
        bool ok = run(&s, plays[i].payload);
        check_str(plays[i].name, buf_str(&s.w.order), str_of(plays[i].order));
        check_int(plays[i].name, ok, i != 1);
    }
    s.w.left_ms = 0; /* no time for any */
    assert_true(run(&s, BATCH(SQS("m1", "a") "," SQS("m2", "b"))));
    check_str("no time", buf_str(&s.w.order), S(". "));
    teardown(&s);
}

static void names_bad_records(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    assert_true(run(&s, KEYS("\"bad-record\"")));
    assert_non_null(
        strstr(buf_z(&s.w.notes), "B s3://logs/bad-record: record 2 at byte 79 skipped: "));
    teardown(&s);
}

/* Memory that runs out at call n: nothing breaks, and nothing is answered as done that was not
 * told. The fakes' own buffers have their room already. */
static void tells_each_object(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    assert_true(run(&s, BATCH(SQS("m1", "AWSLogs/111122223333/CloudTrail/eu-west-1/b") "," SQS(
                            "m2", "none") "," SQS("m3", "bad-record"))));
    check_str("a batch", buf_str(&s.w.done),
              S("s3://logs/AWSLogs/111122223333/CloudTrail/eu-west-1/b 1 records 0 bad 1 hits 1 "
                "alerts of 111122223333 eu-west-1\n"
                "s3://logs/bad-record 2 records 1 bad 1 hits 0 alerts\n"));
    assert_true(run(&s, BRIDGE(EVENT("e1"))));
    check_true("inside the payload", str_starts(buf_str(&s.w.done), S("the payload")));
    s.w.publish_fail = 1;
    s.w.publish_kind = ERR_RETRY;
    assert_false(run(&s, KEYS("\"a\"")));
    check_str("what is not settled is not done", buf_str(&s.w.done), S(""));
    teardown(&s);
}

static void measures_how_late_alerts_are(void **state)
{
    (void)state;
    struct stage s;
    setup(&s, LEVEL_LOW, NULL);
    assert_true(run(&s, KEYS("\"a\",\"levels\"")));
    check_size("alerts with a time", s.counts.n_lags, 1);
    check_int("14:10:00 - 14:05:11", s.counts.lag_ms[0], 289000);
    check_size("high", s.counts.hits_of[LEVEL_HIGH], 1);
    check_size("low", s.counts.hits_of[LEVEL_LOW], 1);
    check_size("below the minimum", s.counts.hits_of[LEVEL_INFORMATIONAL], 0);
    teardown(&s);
}

static void never_loses_without_memory(void **state)
{
    static const char batch[] = BATCH(SQS("m1", "a") "," SQS("m2", "bad-record"));
    (void)state;
    bool complete = false;
    for (size_t n = 1; !complete; n++) {
        struct stage s;
        setup(&s, LEVEL_LOW, NULL);
        assert_non_null(buf_room(&s.w.told, 1000));
        assert_non_null(buf_room(&s.w.notes, 10000));
        assert_non_null(buf_room(&s.answer, 1000));
        alloc_fail_at(n);
        bool ok = run(&s, batch);
        complete = alloc_calls() < n;
        alloc_works();
        struct str told = buf_str(&s.w.told);
        struct str answer = buf_str(&s.answer);
        if (ok && str_find(answer, S("\"m1\""), 0) == SIZE_MAX)
            assert_true(str_find(told, S("a1;"), 0) != SIZE_MAX);
        if (ok && str_find(answer, S("\"m2\""), 0) == SIZE_MAX)
            assert_true(str_find(told, S("r1;"), 0) != SIZE_MAX);
        if (complete)
            check_str("in the end", answer, S("{\"batchItemFailures\":[]}"));
        /* with memory back, the same handler serves */
        assert_true(run(&s, batch));
        check_str("afterwards", buf_str(&s.w.told), S("a1;r1;"));
        teardown(&s);
    }
}

static void starts_or_says_no_without_memory(void **state)
{
    (void)state;
    struct stage s;
    bool complete = false;
    setup(&s, LEVEL_LOW, NULL);
    struct handle_config cfg = {
        .rules = s.rs, .min_level = LEVEL_LOW, .version = S("9.9"), .incidents = true};
    struct ports ports = ports_of(&s);
    for (size_t n = 1; !complete; n++) {
        struct err e = {0};
        alloc_fail_at(n);
        struct handler *h = handler_new(&cfg, &ports, (struct handle_notes){&s.w, note, NULL}, &e);
        complete = alloc_calls() < n;
        alloc_works();
        assert_true(h != NULL || e.kind == ERR_SYSTEM || e.kind == ERR_LIMIT);
        handler_free(h);
    }
    teardown(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves),
        cmocka_unit_test(an_object_is_done_when_it_is_published),
        cmocka_unit_test(repeats_nothing_that_is_on_record),
        cmocka_unit_test(takes_over_what_nobody_told),
        cmocka_unit_test(fails_without_chance),
        cmocka_unit_test(counts_strays),
        cmocka_unit_test(learns_from_marked_objects),
        cmocka_unit_test(answers_findings_of_simulations),
        cmocka_unit_test(stops_before_the_deadline),
        cmocka_unit_test(reads_only_allowed_buckets),
        cmocka_unit_test(announces_the_next_object),
        cmocka_unit_test(names_bad_records),
        cmocka_unit_test(tells_each_object),
        cmocka_unit_test(measures_how_late_alerts_are),
        cmocka_unit_test(never_loses_without_memory),
        cmocka_unit_test(starts_or_says_no_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
