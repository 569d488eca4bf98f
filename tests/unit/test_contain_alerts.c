/* Containment from alerts, over a model of IAM and a state in memory: who decides, once, in time.
 */
#include "handlers/contain.h"
#include "handlers/contain_notice.h"
#include "tests/unit/support/alert_case.h"
#include "tests/unit/support/iam_model.h"

#define A      MODEL_ACCOUNT
#define DENY   "arn:aws:iam::aws:policy/AWSDenyAll"
#define START  1773755061000LL
#define MINUTE 60000LL
#define AUTO   "containment: {auto: {rules: '*', level: high}"
#define OBJECT "s3://logs/AWSLogs/" A "/CloudTrail/eu-west-1/a.json.gz"

/* A call of the user dana at START. */
static const char stopped[] =
    "{\"eventID\":\"e1\",\"eventTime\":\"2026-03-17T13:44:21Z\",\"eventName\":\"StopLogging\","
    "\"eventSource\":\"cloudtrail.amazonaws.com\",\"recipientAccountId\":\"" A "\","
    "\"awsRegion\":\"eu-west-1\",\"sourceIPAddress\":\"198.51.100.7\",\"userIdentity\":{\"type\":"
    "\"IAMUser\",\"principalId\":\"AIDAEXAMPLEDANA\",\"arn\":\"arn:aws:iam::" A ":user/dana\","
    "\"accountId\":\"" A "\",\"userName\":\"dana\",\"accessKeyId\":\"AKIAIOSFODNN7EXAMPLE\"}}";

struct stage {
    struct alert_case alerts;
    struct state_memory *memory;
    struct iam_model iam;
    struct contain_config config;
    struct container *workers[2];
    int64_t now_ms;
    unsigned char chance;
    const char *object;
    unsigned told;
    struct rendered notice;
    struct buf json, text;
    struct contain_report report;
};

static int64_t now_ms(void *self)
{
    return ((struct stage *)self)->now_ms;
}

static int64_t left_ms(void *self)
{
    (void)self;
    return 30000;
}

static bool fill(void *self, void *bytes, size_t n, struct err *e)
{
    struct stage *s = self;
    (void)e;
    memset(bytes, ++s->chance, n);
    return true;
}

static bool tell(void *to, const struct contain_record *r, struct err *e)
{
    struct stage *s = to;
    s->told++;
    return contain_notice(r, &s->notice, e);
}

static void note(void *to, const char *sentence)
{
    (void)to;
    (void)sentence;
}

static struct container *worker(struct stage *s, enum contain_mode mode)
{
    static const struct str buckets[] = {{"logs", 4}};
    struct err e = {0};
    const struct contain_setup setup = {.config = &s->config,
                                        .mode = mode,
                                        .rules = s->alerts.rules,
                                        .buckets = buckets,
                                        .n_buckets = 1};
    const struct ports ports = {.clock = {s, now_ms, left_ms},
                                .random = {s, fill},
                                .state = state_memory_port(s->memory),
                                .iam = iam_model_port(&s->iam)};
    struct container *c = container_new(
        &setup, &ports, (struct contain_calls){.to = s, .tell = tell, .note = note}, &e);
    assert_non_null(c);
    return c;
}

static void begin(struct stage *s, enum contain_mode mode, const char *yaml)
{
    struct err e = {0};
    *s = (struct stage){.now_ms = START + MINUTE, .object = OBJECT};
    alert_case_init(&s->alerts, "a.yml", every_event);
    s->memory = state_memory_new();
    if (!contain_config_parse(S("c.yml"), str_of(yaml), &s->config, &e))
        fail_msg("%s", e.text);
    struct model_principal *dana = model_add(&s->iam, false, "dana", "AIDAEXAMPLEDANA");
    model_put(&dana->keys, "AKIAIOSFODNN7EXAMPLE", "", true);
    rendered_init(&s->notice);
    buf_init(&s->json, 1u << 16);
    buf_init(&s->text, 1u << 16);
    for (unsigned i = 0; i < 2; i++)
        s->workers[i] = worker(s, mode);
    assert_true(alert_case_add(&s->alerts, stopped, &e));
}

static void end(struct stage *s)
{
    for (unsigned i = 0; i < 2; i++)
        container_free(s->workers[i]);
    rendered_release(&s->notice);
    buf_release(&s->json);
    buf_release(&s->text);
    contain_config_release(&s->config);
    state_memory_free(s->memory);
    alert_case_release(&s->alerts);
}

static void deliver_to(struct stage *s, struct container *c)
{
    struct err e = {0};
    struct delivery d = {.now_ms = s->now_ms, .lease_ms = 60000};
    fill(s, d.owner, sizeof d.owner, &e);
    container_begin(c, &d);
}

/* alert_case_fn: the alert as it comes from an object of a trail. */
static bool take(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    struct stage *s = to;
    (void)rs;
    struct alert mine = *a;
    mine.first.facts.object = str_of(s->object);
    for (unsigned i = 0; i < 2; i++) {
        deliver_to(s, s->workers[i]);
        if (!container_alert(s->workers[i], &mine, &s->json, &s->text, e))
            return false;
    }
    for (unsigned i = 0; i < 2; i++)
        if (!container_settle(s->workers[i], e))
            return false;
    return true;
}

/* The alert comes to both workers at once. */
static void deliver(struct stage *s)
{
    struct err e = {0};
    if (!alert_case_tell(&s->alerts, take, s, &e))
        fail_msg("%s", e.text);
}

static void check_later(struct stage *s, int64_t ms)
{
    struct err e = {0};
    s->now_ms += ms;
    deliver_to(s, s->workers[0]);
    if (!container_check(s->workers[0], &e))
        fail_msg("%s", e.text);
}

static bool is_denied(const struct stage *s)
{
    return model_has(&s->iam.list[0].attached, DENY);
}

static void has(const char *name, struct str text, const char *word)
{
    if (str_find(text, str_of(word), 0) == SIZE_MAX)
        fail_msg("%s: no %s in %.*s", name, word, (int)text.n, text.p);
}

static void both_workers_tell_once(void **state)
{
    (void)state;
    struct stage s;
    begin(&s, CONTAIN_AUTO, AUTO "}");
    deliver(&s);
    assert_true(is_denied(&s));
    check_int("notices", s.told, 1);
    has("notice", buf_str(&s.notice.json), "\"state\":\"contained\"");
    has("subject", buf_str(&s.notice.subject), "[HIGH] Contained: user dana - " A);
    has("text", buf_str(&s.notice.text), "trailwarden release 'arn:aws:iam::" A ":user/dana'");
    has("alert", buf_str(&s.json), "\"mode\":\"auto\",\"why\":\"ok\"");
    check_later(&s, MINUTE);
    check_int("notices", s.told, 1);
    end(&s);
}

static void nothing_is_written(void **state)
{
    static const struct {
        const char *name;
        enum contain_mode mode;
        const char *yaml, *object;
        int64_t later_ms;
        const char *says; /* the alert's JSON; NULL: nothing */
    } cases[] = {
        {"dry run", CONTAIN_DRY_RUN, AUTO "}", OBJECT, 0, "\"mode\":\"dry-run\""},
        {"an alert that is not grave enough", CONTAIN_AUTO,
         "containment: {auto: {rules: '*', level: critical}}", OBJECT, 0, NULL},
        {"a replayed log", CONTAIN_AUTO, AUTO "}", OBJECT, 61 * MINUTE, "\"why\":\"old\""},
        {"another bucket", CONTAIN_AUTO, AUTO "}",
         "s3://mine/AWSLogs/" A "/CloudTrail/eu-west-1/a.json.gz", 0, "\"why\":\"source\""},
        {"another account's log", CONTAIN_AUTO, AUTO "}",
         "s3://logs/AWSLogs/444455556666/CloudTrail/eu-west-1/a.json.gz", 0, "\"why\":\"key\""},
        {"break glass", CONTAIN_AUTO, AUTO ", break_glass: ['arn:aws:iam::" A ":user/dana']}",
         OBJECT, 0, "\"why\":\"break-glass\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stage s;
        begin(&s, cases[i].mode, cases[i].yaml);
        s.object = cases[i].object;
        s.now_ms += cases[i].later_ms;
        deliver(&s);
        check_int(cases[i].name, (int64_t)s.iam.writes, 0);
        check_int(cases[i].name, s.told, 0);
        check_size(cases[i].name, state_memory_buckets(s.memory), 0);
        if (cases[i].says)
            has(cases[i].name, buf_str(&s.json), cases[i].says);
        else
            check_size(cases[i].name, s.json.n, 0);
        end(&s);
    }
}

static bool approve(struct stage *s, const char *approval, struct err *e)
{
    const struct contain_order o = {.verb = ORDER_APPROVE, .approval = str_of(approval)};
    return container_order(s->workers[0], &o, &s->report, e);
}

/* The approval that the notice tells. */
static void approval_of(const struct stage *s, char out[48])
{
    struct str json = buf_str(&s->notice.json);
    size_t at = str_find(json, S("\"approval\":{\"id\":\""), 0);
    assert_true(at != SIZE_MAX);
    struct str rest = str_skip(json, at + sizeof "\"approval\":{\"id\":\"" - 1);
    struct str id = str_cut(&rest, '"');
    assert_true(id.n < 48);
    memcpy(out, id.p, id.n);
    out[id.n] = '\0';
}

static void a_person_approves_once(void **state)
{
    (void)state;
    struct stage s;
    struct err e = {0};
    char id[48];
    begin(&s, CONTAIN_APPROVAL, AUTO "}");
    deliver(&s);
    check_int("asked once", s.told, 1);
    assert_false(is_denied(&s));
    approval_of(&s, id);
    assert_false(approve(&s, "00000000000000000000000000000000-1", &e));
    if (!approve(&s, id, &e))
        fail_msg("%s", e.text);
    assert_true(s.report.list[0].done);
    assert_true(is_denied(&s));
    check_int("told", s.told, 2);
    assert_false(approve(&s, id, &e));
    end(&s);
}

static void an_approval_expires(void **state)
{
    (void)state;
    struct stage s;
    struct err e = {0};
    char id[48];
    begin(&s, CONTAIN_APPROVAL, AUTO ", limits: {approval: 5m}}");
    deliver(&s);
    approval_of(&s, id);
    s.now_ms += 6 * MINUTE;
    assert_false(approve(&s, id, &e));
    has("why", str_of(e.text), "expired");
    check_later(&s, 0);
    check_int("told", s.told, 2);
    has("notice", buf_str(&s.notice.json), "\"state\":\"expired\"");
    assert_false(is_denied(&s));
    end(&s);
}

static void beyond_the_cap_a_person_decides(void **state)
{
    (void)state;
    struct stage s;
    struct err e = {0};
    struct contain_count out;
    begin(&s, CONTAIN_AUTO, AUTO ", limits: {hour: 1}}");
    struct port_state port = state_memory_port(s.memory);
    struct state_key other = {.bytes = {1}};
    assert_true(contain_count_take(&port, S(A), s.now_ms, other, &s.config, &out, &e));
    deliver(&s);
    assert_false(is_denied(&s));
    has("notice", buf_str(&s.notice.json), "\"state\":\"asked\"");
    end(&s);
}

static struct model_fault throttled(void *to, const struct iam_call *c)
{
    (void)to;
    return (struct model_fault){iam_actions[c->action].writes ? IAM_LATER : IAM_OK, false};
}

static void what_failed_is_tried_again_three_times(void **state)
{
    (void)state;
    struct stage s;
    begin(&s, CONTAIN_AUTO, AUTO "}");
    s.iam.fault = throttled;
    deliver(&s);
    check_int("told", s.told, 1);
    uint64_t writes = s.iam.writes;
    check_later(&s, MINUTE); /* too early */
    check_int("tried", (int64_t)(s.iam.writes - writes), 0);
    check_later(&s, 15 * MINUTE);
    check_true("tried again", s.iam.writes > writes);
    check_later(&s, 16 * MINUTE);
    writes = s.iam.writes;
    for (unsigned i = 0; i < 4; i++)
        check_later(&s, 60 * MINUTE);
    check_int("no more", (int64_t)(s.iam.writes - writes), 0);
    check_int("told once", s.told, 1);
    end(&s);
}

/* A sign-in of the same user. */
#define SIGN_IN(id, time, answer)                                                                  \
    "{\"eventID\":\"" id "\",\"eventTime\":\"2026-03-17T13:4" time                                 \
    "Z\",\"eventName\":\"ConsoleLogin\",\"eventSource\":\"signin.amazonaws.com\","                 \
    "\"recipientAccountId\":\"" A "\",\"awsRegion\":\"eu-west-1\",\"responseElements\":{"          \
    "\"ConsoleLogin\":\"" answer "\"},\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":"     \
    "\"AIDAEXAMPLEDANA\",\"arn\":\"arn:aws:iam::" A ":user/dana\",\"accountId\":\"" A "\","        \
    "\"userName\":\"dana\"}}"

/* alert_case_fn: the same, of a delivery that began before its events were read. */
static bool take_seen(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    struct stage *s = to;
    (void)rs;
    struct alert mine = *a;
    mine.first.facts.object = str_of(s->object);
    return container_alert(s->workers[0], &mine, &s->json, &s->text, e) &&
           container_settle(s->workers[0], e);
}

static void see(struct stage *s, const char *record)
{
    struct err e = {0};
    struct facts facts;
    if (!alert_case_add(&s->alerts, record, &e))
        fail_msg("%s", e.text);
    facts_read(&s->alerts.ev, str_of(s->object), &facts);
    container_see(s->workers[0], &s->alerts.ev, &facts);
}

/* Of the three, only a sign-in that succeeds proves anybody; a person is asked about him. */
static void what_begins_with_nobody(void **state)
{
    static const struct {
        const char *name, *then, *why;
        bool asked;
    } cases[] = {
        {"a sign-in", SIGN_IN("e3", "4:20", "Success"), "\"why\":\"ask-unsure\"", true},
        {"another failure", SIGN_IN("e3", "4:20", "Failure"), "\"why\":\"unauthenticated\"", false},
        {"none", NULL, "\"why\":\"unauthenticated\"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage s;
        struct err e = {0};
        begin(&s, CONTAIN_AUTO, AUTO "}");
        assert_true(alert_case_begin(&s.alerts, &e));
        deliver_to(&s, s.workers[0]);
        see(&s, SIGN_IN("e2", "3:51", "Failure"));
        if (cases[i].then)
            see(&s, cases[i].then);
        if (!alert_case_tell(&s.alerts, take_seen, &s, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        if (str_find(buf_str(&s.json), str_of(cases[i].why), 0) == SIZE_MAX)
            fail_msg("%s: %s", cases[i].name, buf_z(&s.json));
        assert_int_equal(container_counts(s.workers[0])->asked, cases[i].asked);
        assert_int_equal(container_counts(s.workers[0])->contained, 0);
        end(&s);
    }
}

#define INSTANCE "i-0a1b2c3d4e5f60718"
#define PROFILES "arn:aws:iam::" A ":instance-profile/"

/* The session's name, which names the instance, may be made up: the profile's role decides. */
static void an_instance_is_cut_off_when_its_profile_holds_the_role(void **state)
{
    static const struct {
        const char *name, *profile, *role;
        bool on, cut;
    } cases[] = {
        {"of the role's name", PROFILES "web", "web", true, true},
        {"of another name", PROFILES "team/machines", "web", true, true},
        {"in other letters", PROFILES "machines", "Web", true, true},
        {"of the name, with another role", PROFILES "web", "other", true, false},
        {"of another name and role", PROFILES "machines", "other", true, false},
        {"none on it", PROFILES "web", "web", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stage s;
        struct err e = {0};
        begin(&s, CONTAIN_APPROVAL, AUTO "}");
        model_add(&s.iam, true, "web", "AROAEXAMPLEWEB");
        struct model_instance *m = &s.iam.instance;
        *m = (struct model_instance){.id = INSTANCE, .on = cases[i].on};
        memcpy(m->profile, cases[i].profile, strlen(cases[i].profile));
        memcpy(m->role, cases[i].role, strlen(cases[i].role));
        const struct contain_order o = {.verb = ORDER_CONTAIN,
                                        .principal = S("arn:aws:iam::" A ":role/web"),
                                        .has_strategy = true,
                                        .strategy = CONTAIN_ENTRY_CUT,
                                        .target =
                                            S("arn:aws:ec2:eu-west-1:" A ":instance/" INSTANCE)};
        if (!container_order(s.workers[0], &o, &s.report, &e))
            fail_msg("%s: %s", cases[i].name, e.text);
        check_int(cases[i].name, s.report.list[0].done, cases[i].cut);
        check_int(cases[i].name, m->on, cases[i].on && !cases[i].cut);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_workers_tell_once),
        cmocka_unit_test(nothing_is_written),
        cmocka_unit_test(a_person_approves_once),
        cmocka_unit_test(an_approval_expires),
        cmocka_unit_test(beyond_the_cap_a_person_decides),
        cmocka_unit_test(what_failed_is_tried_again_three_times),
        cmocka_unit_test(what_begins_with_nobody),
        cmocka_unit_test(an_instance_is_cut_off_when_its_profile_holds_the_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
