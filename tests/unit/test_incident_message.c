/* respond/incident_message: an incident fits a message whatever it holds, and says what it leaves
 * out. The limits are SNS's quotas. */
#include "respond/incident_message.h"

#include "tests/unit/support/incident_case.h"

static bool keep_alert(void *to, const struct ruleset *rs, const struct alert *a, struct err *e)
{
    (void)rs;
    return incidents_alert(to, a, e);
}

static void see(struct incidents *x, struct alert_case *c, const char *record)
{
    struct err e = {0};
    struct facts facts;
    assert_true(alert_case_add(c, record, &e));
    facts_read(&c->ev, S("x"), &facts);
    incidents_see(x, &c->ev, &facts, true);
}

static void begin(struct incidents *x, struct alert_case *c, struct rendered *r)
{
    alert_case_load(c, incident_files, incident_texts);
    incidents_init(x, c->rules);
    rendered_init(r);
}

static void release(struct incidents *x, struct alert_case *c, struct rendered *r)
{
    incidents_release(x);
    alert_case_release(c);
    rendered_release(r);
}

/* Renders the one incident that there is, as its n-th update. */
static void render(struct incidents *x, struct alert_case *c, struct rendered *r, uint32_t updates,
                   const struct str *joined, size_t n_joined)
{
    struct err e = {0};
    assert_true(alert_case_tell(c, keep_alert, x, &e));
    assert_true(incidents_group(x, &e));
    assert_int_equal(x->groups.n, 1);
    struct incident_group *g = vec_at(&x->groups, 0);
    g->updates = updates;
    g->joined = joined;
    g->n_joined = n_joined;
    assert_true(incident_message(x, g, r, &e));
    check_str("id", r->message.id, str_of(g->id));
}

static struct str attribute(const struct message *m, const char *name)
{
    for (size_t i = 0; i < m->n_attributes; i++)
        if (strcmp(m->attributes[i].name, name) == 0)
            return m->attributes[i].value;
    return STR_ABSENT;
}

static void says_what_happened(void **state)
{
    struct alert_case c;
    struct incidents x;
    struct rendered r;
    (void)state;
    begin(&x, &c, &r);
    see(&x, &c, BAD("14:00:00", DANA));
    render(&x, &c, &r, 0, NULL, 0);
    check_str("subject", r.message.subject, S("[HIGH] Incident: dana: A bad call - 111122223333"));
    check_str("type", attribute(&r.message, "type"), S("incident"));
    check_str("level", attribute(&r.message, "level"), S("high"));
    check_str("account", attribute(&r.message, "account"), S("111122223333"));
    check_str("region", attribute(&r.message, "region"), STR_ABSENT);
    assert_true(str_starts(r.message.json, S("{\"type\":\"incident\",\"id\":\"")));
    assert_true(str_find(r.message.json, S("\"updates\":0,\"level\""), 0) != SIZE_MAX);
    assert_true(str_find(r.message.text, S("\n  user dana from 198.51.100.7: 1 alert at "), 0) !=
                SIZE_MAX);
    assert_true(str_find(r.message.text,
                         S("\n  entry     Long-lived access key AKIA1 of user dana; "
                           "the first call that an alert tells of is Bad at "),
                         0) != SIZE_MAX);
    assert_true(str_find(r.message.text, S("\n  user dana\n    03-17T14:00:00 * Bad\n"), 0) !=
                SIZE_MAX);
    release(&x, &c, &r);
}

static void says_what_is_new(void **state)
{
    static const struct str joined[] = {{"00112233445566778899aabbccddeeff", 32}};
    struct alert_case c;
    struct incidents x;
    struct rendered r;
    (void)state;
    begin(&x, &c, &r);
    see(&x, &c, BAD("14:00:00", DANA));
    render(&x, &c, &r, 2, joined, 1);
    check_str("subject", r.message.subject,
              S("[HIGH] Incident, update 2: dana: A bad call - 111122223333"));
    assert_true(
        str_find(r.message.json,
                 S("\"updates\":2,\"joined\":[\"00112233445566778899aabbccddeeff\"],\"level\""),
                 0) != SIZE_MAX);
    assert_true(str_find(r.message.text,
                         S("  update   number 2 of an incident that was told before\n"
                           "  joined   incident 00112233445566778899aabbccddeeff turned out"),
                         0) != SIZE_MAX);
    release(&x, &c, &r);
}

/* Hundreds of users with long names, each from an address of his own, about long names. */
static void fits(void **state)
{
    struct alert_case c;
    struct incidents x;
    struct rendered r;
    char junk[601];
    (void)state;
    junk[sizeof junk - 1] = 0;
    for (size_t i = 0; i < sizeof junk - 1; i++)
        junk[i] = "\xE2\x80\xAE"[i % 3]; /* turns the direction of text: shown as \u{202E} */
    begin(&x, &c, &r);
    for (unsigned k = 0; k < 300; k++) {
        struct buf record;
        buf_init(&record, 8192);
        buf_putf(&record,
                 CALL("14:00:00", "iam", "CreateUser", DANA,
                      ",\"requestParameters\":{\"userName\":\"u%u\"},\"responseElements\":{"
                      "\"user\":{\"userId\":\"AIDAX%u\",\"arn\":\"arn:aws:iam::111122223333:user/"
                      "%s%u\"}}"),
                 k, k, junk, k);
        see(&x, &c, buf_z(&record));
        buf_reset(&record);
        buf_putf(&record,
                 "{\"eventTime\":\"2026-03-17T14:01:00Z\",\"eventName\":\"Bad\","
                 "\"sourceIPAddress\":\"10.0.%u.1\",\"userAgent\":\"%s\",\"eventSource\":\"iam\","
                 "\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"AIDAX%u\","
                 "\"arn\":\"arn:aws:iam::111122223333:user/%s%u\",\"accessKeyId\":\"AKIA%u\"},"
                 "\"requestParameters\":{\"userName\":\"%s\\\"\\\\%u\"}}",
                 k, junk, k, junk, k, k, junk, k);
        see(&x, &c, buf_z(&record));
        buf_release(&record);
    }
    render(&x, &c, &r, 0, NULL, 0);
    assert_true(rendered_json_fits(&r));
    assert_true(r.message.subject.n <= MESSAGE_SUBJECT_MAX);
    assert_true(str_find(r.message.json, S("\"truncated\":[{\"what\":\"actors\",\"kept\":"), 0) !=
                SIZE_MAX);
    assert_true(str_find(r.message.text, S("This was shortened to fit a message."), 0) != SIZE_MAX);
    assert_true(str_find(r.message.text, S("more\n"), 0) != SIZE_MAX);
    release(&x, &c, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_happened),
        cmocka_unit_test(says_what_is_new),
        cmocka_unit_test(fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
