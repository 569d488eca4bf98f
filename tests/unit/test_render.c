/* respond/render.c, match.c, put.c and mitre.c: the lines and messages. Expected lines are written
 * out from INTERFACES' description; sizes are SNS's (262,144 bytes; subject under 100 characters).
 */
#include "respond/render.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/escape.h"
#include "respond/match.h"
#include "respond/mitre.h"
#include "tests/unit/support/alert_case.h"

static const char falco_file[] = "- rule: Something Called\n"
                                 "  desc: It matters.\n"
                                 "  condition: ct.name exists\n"
                                 "  output: called (by=%ct.user.principalid resp=%ct.response)\n"
                                 "  priority: ERROR\n"
                                 "  tags: [cloud]\n"
                                 "  source: aws_cloudtrail\n";

static const char event[] =
    "{\"eventID\":\"e-1\",\"eventTime\":\"2026-03-17T14:05:11Z\",\"eventSource\":"
    "\"cloudtrail.amazonaws.com\",\"eventName\":\"StopLogging\",\"awsRegion\":\"us-east-1\","
    "\"sourceIPAddress\":\"203.0.113.7\",\"userAgent\":\"=cmd|' /C calc'!A0\\u001b[2J\\u202e\","
    "\"recipientAccountId\":\"111122223333\",\"userIdentity\":{\"type\":\"IAMUser\","
    "\"principalId\":\"AIDAEXAMPLE\",\"arn\":\"arn:aws:iam::111122223333:user/dev\","
    "\"accountId\":\"111122223333\",\"userName\":\"dev\",\"accessKeyId\":\"AKIAEXAMPLE\"},"
    "\"requestParameters\":{\"name\":\"main\",\"password\":\"hunter2\"},\"responseElements\":"
    "{\"credentials\":{\"sessionToken\":\"SECRETSECRET\"}}}";

/* Reads `record` and gives b what put says of its first hit. */
static void put_match(struct alert_case *c, const char *record, struct buf *b,
                      void (*put)(struct buf *, const struct match *))
{
    size_t used, n;
    struct err e;
    struct facts facts;
    struct buf output;
    buf_init(&output, FACTS_OUTPUT_MAX);
    assert_int_equal(event_read(&c->ev, str_of(record), &used, &e), JSON_OK);
    const uint32_t *hits = event_match(&c->ev, &n);
    assert_int_equal(n, 1);
    facts_read(&c->ev, S("s3://logs/a.json.gz"), &facts);
    const struct match m = {c->rules, hits[0], &facts, facts_output(&c->ev, hits[0], &output)};
    put(b, &m);
    buf_release(&output);
}

static void says_matches_in_json(void **state)
{
    (void)state;
    static const char want[] =
        "{\"type\":\"match\",\"rule\":{\"id\":\"6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01\",\"title\":"
        "\"Something was called\",\"level\":\"high\",\"author\":\"somebody\",\"tags\":["
        "\"attack.defense-evasion\",\"attack.t1562.008\"],\"dialect\":\"sigma\",\"source\":"
        "\"cloudtrail\",\"references\":[\"https://example.com/a\"]},\"event\":{\"id\":\"e-1\","
        "\"time\":\"2026-03-17T14:05:11Z\",\"source\":\"cloudtrail.amazonaws.com\",\"name\":"
        "\"StopLogging\",\"account\":\"111122223333\",\"region\":\"us-east-1\",\"actor\":"
        "\"arn:aws:iam::111122223333:user/dev\",\"ip\":\"203.0.113.7\",\"user_agent\":"
        "\"=cmd|' /C calc'!A0\\u001b[2J\xE2\x80\xAE\",\"error\":null,\"object\":"
        "\"s3://logs/a.json.gz\"}}\n";
    struct alert_case c;
    struct buf b;
    buf_init(&b, 65536);
    alert_case_init(&c, "t.yml", every_event);
    put_match(&c, event, &b, match_put_json);
    check_str("match", buf_str(&b), str_of(want));
    buf_release(&b);
    alert_case_release(&c);
}

/* P5: a Falco output that asks for a whole response gets it without its session token. */
static void says_falco_output_without_secrets(void **state)
{
    (void)state;
    struct alert_case c;
    struct buf b;
    buf_init(&b, 65536);
    alert_case_init(&c, "falco.yaml", falco_file);
    put_match(&c, event, &b, match_put_json);
    struct str line = buf_str(&b);
    assert_int_equal(str_find(line, S("SECRETSECRET"), 0), SIZE_MAX);
    assert_int_not_equal(str_find(line, S("\"id\":\"Something Called\""), 0), SIZE_MAX);
    assert_int_not_equal(str_find(line, S("\"level\":\"high\""), 0), SIZE_MAX);
    assert_int_not_equal(str_find(line, S("\"output\":\"called (by=AIDAEXAMPLE resp="), 0),
                         SIZE_MAX);
    buf_release(&b);
    alert_case_release(&c);
}

static void put_plain_text(struct buf *b, const struct match *m)
{
    match_put_text(b, m, false);
}

/* P7: no formula, no control character, no line break in a cell or on a screen. */
static void says_matches_in_csv_and_text(void **state)
{
    (void)state;
    struct alert_case c;
    struct buf b;
    buf_init(&b, 65536);
    alert_case_init(&c, "t.yml", every_event);
    put_match(&c, event, &b, match_put_csv);
    assert_int_not_equal(str_find(buf_str(&b), S(",'=cmd|' /C calc'!A0"), 0), SIZE_MAX);
    buf_release(&b);
    put_match(&c, "{\"eventName\":\"a\\nb\\u001b]0;x\\u0007\",\"sourceIPAddress\":\"\\u202e\"}", &b,
              put_plain_text);
    check_str("text", buf_str(&b),
              S("(no time) [HIGH] Something was called: a\\x0Ab\\x1B]0;x\\x07 from \\u{202E}\n"));
    buf_release(&b);
    alert_case_release(&c);
}

/* Everything of an alert's message must hold at once. */
struct checked {
    size_t n;
    bool shortened; /* it must say so */
};

static size_t json_bytes(struct str s)
{
    struct buf b;
    buf_init(&b, 4u << 20);
    buf_put_json(&b, s);
    assert_false(b.failed);
    size_t n = b.n;
    buf_release(&b);
    return n;
}

static void check_message(const struct message *m)
{
    size_t all = json_bytes(m->text) + json_bytes(m->json) + m->subject.n;
    assert_true(json_bytes(m->text) <= MESSAGE_TEXT_WIRE_MAX);
    assert_true(json_bytes(m->json) <= MESSAGE_JSON_WIRE_MAX);
    for (size_t i = 0; i < m->n_attributes; i++) {
        assert_true(m->attributes[i].value.n > 0);
        all += m->attributes[i].value.n + 64;
    }
    assert_true(all < MESSAGE_BYTES_MAX);
    assert_true(m->subject.n < 100);
    for (size_t i = 0; i < m->subject.n; i++)
        assert_true(m->subject.p[i] >= 0x20 && m->subject.p[i] < 0x7F);
    const char *at = m->json.p;
    const char *end = m->json.p + m->json.n;
    assert_int_equal(json_skip(&at, end), JSON_OK);
    assert_ptr_equal(at, end);
}

static bool check_alert(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    struct checked *k = to;
    struct rendered r;
    rendered_init(&r);
    assert_true(alert_message(rs, a, &r, e));
    check_message(&r.message);
    assert_true(str_eq(r.message.id, a->id));
    assert_int_equal(r.message.updates, a->updates);
    assert_int_equal(str_find(r.message.text, S("SECRETSECRET"), 0), SIZE_MAX);
    assert_int_equal(str_find(r.message.json, S("SECRETSECRET"), 0), SIZE_MAX);
    assert_int_equal(str_find(r.message.json, S("hunter2"), 0), SIZE_MAX);
    if (k->shortened) {
        assert_int_not_equal(str_find(r.message.text, S("shortened to fit"), 0), SIZE_MAX);
    } else {
        check_str("subject", r.message.subject,
                  S("[HIGH] Something was called - 111122223333 us-east-1"));
        check_str("account", r.message.account, S("111122223333"));
    }
    rendered_release(&r);
    k->n++;
    return true;
}

static void makes_messages(void **state)
{
    (void)state;
    struct alert_case c;
    struct checked k = {0};
    struct err e = {0};
    alert_case_init(&c, "t.yml", every_event);
    assert_true(alert_case_add(&c, event, &e));
    assert_true(alert_case_tell(&c, check_alert, &k, &e));
    assert_int_equal(k.n, 1);
    alert_case_release(&c);
}

/* port_geo.find: whatever the address, self is what is known. */
static void find(void *self, struct str address, struct geo *out)
{
    (void)address;
    *out = *(const struct geo *)self;
}

/* What a message has to say of one place: in its text, and at the end of its identity. */
struct place {
    struct geo where;
    const char *text, *json;
};

static bool check_place(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    const struct place *p = to;
    struct rendered r;
    rendered_init(&r);
    assert_true(alert_message(rs, a, &r, e));
    check_message(&r.message);
    if (str_find(r.message.text, str_of(p->text), 0) == SIZE_MAX ||
        str_find(r.message.json, str_of(p->json), 0) == SIZE_MAX)
        fail_msg("not %s, %s:\n%.*s\n%.*s", p->text, p->json, (int)r.message.text.n,
                 r.message.text.p, (int)r.message.json.n, r.message.json.p);
    rendered_release(&r);
    return true;
}

/* A place is told as far as it is known; a file is no more to be trusted than a log (P7). */
static void says_where(void **state)
{
    static const struct place places[] = {
        {{.asn = 0}, "from     203.0.113.7, =cmd", "\"invoked_by\":null}"},
        {{{"DE", 2}, 0, {NULL, 0}},
         "from     203.0.113.7 (DE), =cmd",
         "\"invoked_by\":null,\"country\":\"DE\"}"},
        {{{NULL, 0}, 64500, {NULL, 0}},
         "from     203.0.113.7 (AS64500), =cmd",
         "\"invoked_by\":null,\"asn\":64500}"},
        {{{"DE", 2}, 64500, {"A \"\x1B\xE2\x80\xAE", 7}},
         "from     203.0.113.7 (DE, AS64500, A \"\\x1B\\u{202E}), =cmd",
         "\"country\":\"DE\",\"asn\":64500,\"as_org\":\"A \\\"\\u001b\xE2\x80\xAE\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        struct alert_case c;
        struct place place = places[i];
        struct err e = {0};
        alert_case_init(&c, "t.yml", every_event);
        event_set_geo(&c.ev, (struct port_geo){&place.where, find});
        assert_true(alert_case_add(&c, event, &e));
        assert_true(alert_case_tell(&c, check_place, &place, &e));
        alert_case_release(&c);
    }
}

/* A record as nasty as 256 KB allow: every string long and full of what JSON escapes sixfold. */
static void put_nasty(struct buf *b, int id)
{
    static const char *const names[] = {"eventSource", "awsRegion",       "userAgent",
                                        "errorCode",   "sourceIPAddress", "recipientAccountId"};
    buf_reset(b);
    buf_putf(b, "{\"eventName\":\"x\",\"eventTime\":\"2026-03-17\",\"eventID\":\"%d", id);
    for (int i = 0; i < 60; i++)
        buf_putz(b, "\\u0001");
    buf_putz(b, "\"");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        buf_putf(b, ",\"%s\":\"", names[i]);
        for (int n = 0; n < 6000; n++)
            buf_putz(b, "\\u0001");
        buf_putc(b, '"');
    }
    buf_putz(b, ",\"requestParameters\":{\"name\":\"");
    for (int n = 0; n < 6000; n++)
        buf_putz(b, "\\u0001");
    buf_putz(b, "\"}}");
}

static void shortens_messages(void **state)
{
    (void)state;
    struct alert_case c;
    struct checked k = {.shortened = true};
    struct err e = {0};
    struct buf b;
    buf_init(&b, 1u << 20);
    alert_case_init(&c, "t.yml", every_event);
    for (int i = 0; i < 300; i++) {
        put_nasty(&b, 10000 + i);
        assert_true(alert_case_add(&c, buf_z(&b), &e));
    }
    assert_true(alert_case_tell(&c, check_alert, &k, &e));
    assert_int_equal(k.n, 1);
    buf_release(&b);
    alert_case_release(&c);
}

/* ATT&CK's own pairing, from the rule's tags. */
static void pairs_techniques_with_tactics(void **state)
{
    static const struct {
        const char *tags, *pairs;
    } cases[] = {
        {"attack.defense-evasion, attack.t1562.008", "TA0005:T1562.008 "},
        {"attack.defense_evasion, attack.T1562.008", "TA0005:T1562.008 "},
        {"attack.defense-impairment, attack.t1685.002", "TA0112:T1685.002 "},
        {"attack.initial-access, attack.persistence, attack.t1078.004",
         "TA0001:T1078.004 TA0003:T1078.004 "},
        {"attack.persistence, attack.impact, attack.t1485, attack.t1098",
         "TA0040:T1485 TA0003:T1098 "},
        {"attack.impact", "TA0040: "},
        {"attack.t1098", ":T1098 "},
        {"attack.discovery, attack.t9999", "TA0007:T9999 "},
        {"attack.g0016, attack.s0154, cve.2021-44228", ""},
        {"attack.t12345, attack.t1562.8", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct alert_case c;
        struct buf yaml, got;
        struct mitre list[MITRE_PER_RULE_MAX];
        buf_init(&yaml, 4096);
        buf_init(&got, 4096);
        buf_putf(&yaml,
                 "title: t\nid: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01\ntags: [%s]\nlogsource: "
                 "{product: aws, service: cloudtrail}\ndetection: {s: {a: b}, condition: s}\n",
                 cases[i].tags);
        alert_case_init(&c, "t.yml", buf_z(&yaml));
        size_t n = mitre_of(c.rules, &c.rules->rules[0], list);
        for (size_t k = 0; k < n; k++) {
            buf_put(&got, list[k].tactic);
            buf_putc(&got, ':');
            buf_put(&got, list[k].technique);
            buf_putc(&got, ' ');
        }
        check_str(cases[i].tags, buf_str(&got), str_of(cases[i].pairs));
        buf_release(&yaml);
        buf_release(&got);
        alert_case_release(&c);
    }
}

static void cuts_texts_between_characters(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    put_member(&b, S("k"), S("a\xC3\xA9z"), 2);
    check_str("cut", buf_str(&b), S("\"k\":\"a\xE2\x80\xA6\","));
    buf_reset(&b);
    put_member(&b, S("k"), S("abc"), 3);
    check_str("whole", buf_str(&b), S("\"k\":\"abc\","));
    buf_reset(&b);
    put_member(&b, S("k"), STR_ABSENT, 3);
    check_str("absent", buf_str(&b), S("\"k\":null,"));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_matches_in_json),
        cmocka_unit_test(says_falco_output_without_secrets),
        cmocka_unit_test(says_matches_in_csv_and_text),
        cmocka_unit_test(makes_messages),
        cmocka_unit_test(says_where),
        cmocka_unit_test(shortens_messages),
        cmocka_unit_test(pairs_techniques_with_tactics),
        cmocka_unit_test(cuts_texts_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
