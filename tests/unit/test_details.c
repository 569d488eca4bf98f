/* respond/details: what is written of an event is read back, shortened when it must be, and is
 * never broken JSON. */
#include "respond/details.h"

#include "engine/json.h"
#include "tests/unit/support/alert_case.h"

#define ROOM 4096 /* CLAIM_DETAILS_MAX */

/* A record with these members beside the first, read, and what is written of it. */
static void write_details(struct alert_case *c, const char *record, size_t room, struct buf *out)
{
    struct err e;
    struct facts f;
    struct buf scratch;
    size_t used;
    buf_init(&scratch, FACTS_OUTPUT_MAX);
    buf_init(out, room);
    assert_int_equal(event_read(&c->ev, str_of(record), &used, &e), JSON_OK);
    facts_read(&c->ev, S("s3://logs/a.json.gz"), &f);
    details_put(out, &c->ev, 0, &f, &scratch);
    buf_release(&scratch);
}

static const char full[] =
    "{\"eventID\":\"e\\u0001\\\"1\",\"eventTime\":\"2026-03-17T14:05:11.250Z\",\"eventSource\":"
    "\"iam\","
    "\"eventName\":\"CreateUser\",\"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"203.0.113.7\","
    "\"userAgent\":\"curl \xC3\xA9\",\"errorCode\":\"AccessDenied\",\"recipientAccountId\":\"111\","
    "\"userIdentity\":{\"type\":\"AssumedRole\",\"principalId\":\"AROA:s\",\"arn\":\"arn:x\","
    "\"accountId\":\"222\",\"userName\":\"dev\",\"accessKeyId\":\"ASIA\",\"invokedBy\":\"svc\","
    "\"sessionContext\":{\"sessionIssuer\":{\"arn\":\"arn:role\"}}},"
    "\"requestParameters\":{\"name\":[\"a\",\"b\"],\"password\":\"hunter2\"},"
    "\"responseElements\":{\"credentials\":{\"sessionToken\":\"SECRETSECRET\"}}}";

/* port_geo.find */
static void find(void *self, struct str address, struct geo *out)
{
    if (str_eqz(address, "203.0.113.7"))
        *out = *(const struct geo *)self;
}

static void reads_back_where_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *name, *written;
        struct geo where;
    } cases[] = {
        {"nothing", "\"invoked_by\":\"svc\"}", {.asn = 0}},
        {"all",
         "\"invoked_by\":\"svc\",\"country\":\"DE\",\"asn\":4294967295,\"as_org\":\"A "
         "\\\"B\\\"\"}",
         {{"DE", 2}, UINT32_MAX, {"A \"B\"", 5}}},
        {"a number", "\"invoked_by\":\"svc\",\"asn\":1}", {.asn = 1}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct alert_case c;
        struct arena a;
        struct buf text;
        struct details d;
        struct geo where = cases[i].where;
        alert_case_init(&c, "t.yml", every_event);
        event_set_geo(&c.ev, (struct port_geo){&where, find});
        arena_init(&a, 1u << 20);
        write_details(&c, full, ROOM, &text);
        if (str_find(buf_str(&text), str_of(cases[i].written), 0) == SIZE_MAX)
            fail_msg("%s: %s", cases[i].name, buf_z(&text));
        assert_true(details_read(buf_str(&text), &a, &d));
        check_str(cases[i].name, d.facts.where.country, where.country);
        check_str(cases[i].name, d.facts.where.as_org, where.as_org);
        check_int(cases[i].name, d.facts.where.asn, where.asn);
        buf_release(&text);
        arena_release(&a);
        alert_case_release(&c);
    }
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    struct alert_case c;
    struct arena a;
    struct buf text;
    struct details d;
    alert_case_init(&c, "t.yml", every_event);
    arena_init(&a, 1u << 20);
    write_details(&c, full, ROOM, &text);
    assert_true(details_read(buf_str(&text), &a, &d));
    const struct {
        const char *name;
        struct str got, want;
    } cases[] = {
        {"id", d.facts.id, S("e\x01\"1")},
        {"evidence", d.facts.evidence, S("e\x01\"1")},
        {"source", d.facts.source, S("iam")},
        {"name", d.facts.name, S("CreateUser")},
        {"account", d.facts.account, S("111")},
        {"region", d.facts.region, S("us-east-1")},
        {"ip", d.facts.ip, S("203.0.113.7")},
        {"user agent", d.facts.user_agent, S("curl \xC3\xA9")},
        {"error", d.facts.error, S("AccessDenied")},
        {"object", d.facts.object, S("s3://logs/a.json.gz")},
        {"type", d.facts.user_type, S("AssumedRole")},
        {"arn", d.facts.user_arn, S("arn:x")},
        {"principal", d.facts.principal, S("AROA:s")},
        {"user's account", d.facts.user_account, S("222")},
        {"user's name", d.facts.user_name, S("dev")},
        {"access key", d.facts.access_key, S("ASIA")},
        {"issuer", d.facts.issuer, S("arn:role")},
        {"invoked by", d.facts.invoked_by, S("svc")},
        {"actor", d.facts.actor, S("arn:x")},
        {"identity", d.facts.identity, S("AROA:s")},
        {"output", d.output, STR_ABSENT},
        {"first field", d.shown[0].name, S("requestParameters.name")},
        {"its value", d.shown[0].value, S("[\"a\",\"b\"]")},
        {"second field", d.shown[1].name, S("requestParameters.password")},
        {"a secret", d.shown[1].value, S("REDACTED")},
        {"a secret inside", d.shown[2].value,
         S("{\"credentials\":{\"sessionToken\":\"REDACTED\"}}")},
    };
    check_size("fields, and what the rule tests", d.n_shown, 4);
    check_int("time", d.facts.time_ms, 1773756311250LL);
    for (size_t i = 0; i < COUNT(cases); i++)
        check_str(cases[i].name, cases[i].got, cases[i].want);
    buf_release(&text);
    arena_release(&a);
    alert_case_release(&c);
}

/* Whom lineages name is named when it is read back, whoever he is: session, user, nobody. */
static void says_who_acted(void **state)
{
    (void)state;
    static const char *const records[] = {
        "{\"userIdentity\":{\"type\":\"AssumedRole\",\"principalId\":\"AROA:s\",\"arn\":\"arn:x\","
        "\"accountId\":\"222\",\"accessKeyId\":\"ASIA\",\"sessionContext\":{\"attributes\":{"
        "\"creationDate\":\"2026-03-17T14:05:11Z\"}}}}",
        "{\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDA1\",\"arn\":\"arn:y\"}}",
        "{}"};
    for (size_t i = 0; i < COUNT(records); i++) {
        static struct lineage_event wanted;
        struct alert_case c;
        struct arena a;
        struct buf text;
        struct facts f;
        struct details d;
        alert_case_init(&c, "t.yml", every_event);
        arena_init(&a, 1u << 20);
        write_details(&c, records[i], ROOM, &text);
        facts_read(&c.ev, STR_ABSENT, &f);
        lineage_read(&c.ev, &f, NULL, &wanted);
        assert_true(details_read(buf_str(&text), &a, &d));
        check_true(records[i], d.has_node);
        check_int("id", id128_cmp(d.node.id, wanted.nodes[0].id), 0);
        check_int("kind", d.node.kind, wanted.nodes[0].kind);
        check_int("created", d.node.created_ms, wanted.nodes[0].created_ms);
        check_str("name", d.node.name, wanted.nodes[0].name);
        if (wanted.key)
            check_int("key", id128_cmp(d.key, wanted.nodes[wanted.key].id), 0);
        check_true("no key", wanted.key || (d.key.hi == 0 && d.key.lo == 0));
        buf_release(&text);
        arena_release(&a);
        alert_case_release(&c);
    }
}

/* Only a sign-in's own answer counts, whatever another service calls its response. */
static void keeps_how_a_sign_in_ended(void **state)
{
    (void)state;
    static const struct {
        const char *record, *want;
    } cases[] = {
        {"{\"eventSource\":\"signin.amazonaws.com\",\"responseElements\":{\"ConsoleLogin\":"
         "\"Success\"}}",
         "Success"},
        {"{\"eventSource\":\"signin.amazonaws.com\",\"responseElements\":{\"ConsoleLogin\":"
         "\"Failure\"}}",
         "Failure"},
        {"{\"eventSource\":\"iam.amazonaws.com\",\"responseElements\":{\"ConsoleLogin\":"
         "\"Success\"}}",
         NULL},
        {"{\"eventSource\":\"signin.amazonaws.com\",\"responseElements\":null}", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct alert_case c;
        struct arena a;
        struct buf text;
        struct details d;
        alert_case_init(&c, "t.yml", every_event);
        arena_init(&a, 1u << 20);
        write_details(&c, cases[i].record, ROOM, &text);
        assert_true(details_read(buf_str(&text), &a, &d));
        check_str(cases[i].record, d.facts.sign_in, str_of(cases[i].want));
        buf_release(&text);
        arena_release(&a);
        alert_case_release(&c);
    }
}

static void absent_stays_absent(void **state)
{
    (void)state;
    struct alert_case c;
    struct arena a;
    struct buf text;
    struct details d;
    alert_case_init(&c, "t.yml", every_event);
    arena_init(&a, 1u << 20);
    write_details(&c, "{\"eventName\":\"\"}", ROOM, &text);
    assert_true(details_read(buf_str(&text), &a, &d));
    check_str("empty", d.facts.name, S(""));
    check_str("id", d.facts.id, STR_ABSENT);
    check_str("evidence", d.facts.evidence, STR_ABSENT);
    check_str("actor", d.facts.actor, STR_ABSENT);
    check_str("identity", d.facts.identity, S("unknown"));
    check_false("timed", d.facts.timed);
    check_size("only what the rule tests", d.n_shown, 1);
    buf_release(&text);
    arena_release(&a);
    alert_case_release(&c);
}

/* Records whose every string is that long and what JSON escapes sixfold. */
static void fits_whatever_the_event_holds(void **state)
{
    static const size_t lengths[] = {1, 20, 50, 100, 300, 1000, 3000, 20000};
    (void)state;
    struct alert_case c;
    alert_case_init(&c, "t.yml", every_event);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        static const char *const names[] = {"eventID",         "eventName", "eventSource",
                                            "awsRegion",       "userAgent", "recipientAccountId",
                                            "sourceIPAddress", "errorCode"};
        struct buf record, text;
        struct arena a;
        struct details d;
        buf_init(&record, 4u << 20);
        arena_init(&a, 1u << 20);
        buf_putz(&record, "{\"x\":1");
        for (size_t n = 0; n < COUNT(names); n++) {
            buf_putf(&record, ",\"%s\":\"", names[n]);
            for (size_t k = 0; k < lengths[i]; k++)
                buf_putz(&record, "\\u0001");
            buf_putc(&record, '"');
        }
        buf_putz(&record, ",\"requestParameters\":{\"name\":\"");
        for (size_t k = 0; k < lengths[i]; k++)
            buf_putz(&record, "\xC3\xA9");
        buf_putz(&record, "\"}}");
        write_details(&c, buf_z(&record), ROOM, &text);
        check_true("something is written", text.n > 0 && text.n <= ROOM);
        check_true("it is whole", details_read(buf_str(&text), &a, &d));
        check_true("the name is there", d.facts.name.n > 0);
        buf_release(&record);
        buf_release(&text);
        arena_release(&a);
    }
    alert_case_release(&c);
}

/* Fields give way before what every alert needs. */
static void cuts_fields_first(void **state)
{
    (void)state;
    struct alert_case c;
    struct buf record, text;
    struct arena a;
    struct details d;
    alert_case_init(&c, "t.yml", every_event);
    buf_init(&record, 1u << 20);
    arena_init(&a, 1u << 20);
    buf_putz(&record, "{\"eventName\":\"CreateUser\",\"userIdentity\":{\"arn\":\"");
    for (size_t i = 0; i < 400; i++)
        buf_putc(&record, 'a');
    buf_putz(&record, "\"},\"responseElements\":{\"x\":\"");
    for (size_t i = 0; i < 9000; i++)
        buf_putz(&record, "\\u0001");
    buf_putz(&record, "\"}}");
    write_details(&c, buf_z(&record), ROOM, &text);
    assert_true(details_read(buf_str(&text), &a, &d));
    check_size("whole", d.facts.user_arn.n, 400);
    check_size("fields", d.n_shown, 2);
    check_true("cut", str_ends(d.shown[0].value, S("\xE2\x80\xA6")));
    buf_release(&record);
    buf_release(&text);
    arena_release(&a);
    alert_case_release(&c);
}

static void writes_nothing_where_nothing_fits(void **state)
{
    (void)state;
    struct alert_case c;
    struct buf text;
    alert_case_init(&c, "t.yml", every_event);
    write_details(&c, full, 40, &text);
    check_size("empty", text.n, 0);
    check_false("and usable", text.failed);
    buf_release(&text);
    alert_case_release(&c);
}

static void knows_nothing_of_other_texts(void **state)
{
    static const struct str texts[] = {{NULL, 0}, {"", 0},   {"x", 1},
                                       {"{", 1},  {"[]", 2}, {"{} {}", 5}};
    (void)state;
    struct arena a;
    struct details d;
    arena_init(&a, 4096);
    for (size_t i = 0; i < COUNT(texts); i++) {
        check_false("none of ours", details_read(texts[i], &a, &d));
        check_str("nothing known", d.facts.name, STR_ABSENT);
    }
    assert_true(
        details_read(S("{\"event\":7,\"identity\":[],\"fields\":{},\"output\":null}"), &a, &d));
    check_str("numbers are no strings", d.facts.name, STR_ABSENT);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(reads_back_where_it_was),
        cmocka_unit_test(says_who_acted),
        cmocka_unit_test(keeps_how_a_sign_in_ended),
        cmocka_unit_test(absent_stays_absent),
        cmocka_unit_test(fits_whatever_the_event_holds),
        cmocka_unit_test(cuts_fields_first),
        cmocka_unit_test(writes_nothing_where_nothing_fits),
        cmocka_unit_test(knows_nothing_of_other_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
