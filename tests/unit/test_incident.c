/* respond/incident.c and the forms of incidents: which alerts are one incident, and how it reads.
 * Ids of incidents are left out where other things are asked. */
#include "respond/incident.h"

#include "respond/incident_put.h"
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

/* Reads the records in either order and groups their alerts. */
static void gather(struct incidents *x, struct alert_case *c, const char *const *records,
                   bool backwards)
{
    struct err e = {0};
    size_t n = 0;
    while (n < CASE_RECORDS_MAX && records[n])
        n++;
    alert_case_load(c, incident_files, incident_texts);
    incidents_init(x, c->rules);
    for (size_t i = 0; i < n; i++)
        see(x, c, records[backwards ? n - 1 - i : i]);
    assert_true(alert_case_tell(c, keep_alert, x, &e));
    assert_true(incidents_group(x, &e));
}

static void put_all(struct buf *b, struct incidents *x,
                    void (*put)(struct buf *b, const struct incident *i))
{
    struct err e = {0};
    struct incident i;
    incident_init(&i);
    for (size_t k = 0; k < x->groups.n; k++) {
        assert_true(incident_make(&i, x, vec_at(&x->groups, k), &incident_caps_all, &e));
        put(b, &i);
        buf_putc(b, '\n');
    }
    incident_release(&i);
}

static void put_text(struct buf *b, const struct incident *i)
{
    incident_put_text(b, i, false);
}

static void check_form(const struct incident_case *t,
                       void (*put)(struct buf *b, const struct incident *i), const char *want)
{
    struct buf told[2];
    for (size_t backwards = 0; backwards < 2; backwards++) {
        struct alert_case c;
        struct incidents x;
        buf_init(&told[backwards], 1u << 20);
        gather(&x, &c, t->records, backwards);
        put_all(&told[backwards], &x, put);
        incidents_release(&x);
        alert_case_release(&c);
    }
    if (want)
        check_str(t->name, buf_str(&told[0]), str_of(want));
    check_str(t->name, buf_str(&told[1]), buf_str(&told[0]));
    buf_release(&told[0]);
    buf_release(&told[1]);
}

static void groups_alerts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(incident_cases); i++)
        check_form(incident_cases + i, incident_put_summary, incident_cases[i].summaries);
}

/* The order of the log shows in no form (promise P1). */
static void tells_the_same_in_any_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(incident_cases); i++) {
        check_form(incident_cases + i, incident_put_json, NULL);
        check_form(incident_cases + i, incident_put_csv, NULL);
        check_form(incident_cases + i, put_text, NULL);
    }
}

static void reads_well(void **state)
{
    static const struct incident_case made = {
        "text", NULL, {BAD("14:00:00", DANA), MADE_EVE("14:10:00"), BAD("14:20:00", EVE)}};
    struct alert_case c;
    struct incidents x;
    struct buf b;
    (void)state;
    buf_init(&b, 1u << 20);
    gather(&x, &c, made.records, false);
    put_all(&b, &x, put_text);
    const struct incident_group *g = vec_at(&x.groups, 0);
    struct str said = str_skip(buf_str(&b), strlen("[HIGH] Incident "));
    check_str("id", str_slice(said, 0, 32), str_of(g->id));
    check_str("text", str_skip(said, 32),
              S("\n  user dana from 198.51.100.7: 2 alerts from 2026-03-17T14:00:00Z to "
                "2026-03-17T14:20:00Z, the gravest \"A bad call\" (high). It led to user eve.\n"
                "  who      user arn:aws:iam::111122223333:user/dana, key AKIA1 (1 event)\n"
                "           user arn:aws:iam::111122223333:user/eve, key AKIA2 (1 event)\n"
                "  links    dana -> created: eve at 2026-03-17T14:10:00Z (certain)\n"
                "  from     198.51.100.7\n"
                "  alerts   2026-03-17T14:00:00Z [HIGH] A bad call\n"
                "           2026-03-17T14:20:00Z [HIGH] A bad call\n\n"));
    incidents_release(&x);
    alert_case_release(&c);
    buf_release(&b);
}

/* More comes, later than the first alert: the id stays. */
static void keeps_its_id(void **state)
{
    static const char *const before[] = {BAD("14:00:00", DANA), NULL};
    static const char *const after[] = {BAD("14:00:00", DANA), MADE_EVE("14:10:00"),
                                        BAD("14:20:00", EVE), NULL};
    char ids[2][2 * INCIDENT_ID_BYTES + 1];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct alert_case c;
        struct incidents x;
        gather(&x, &c, i ? after : before, false);
        assert_int_equal(x.groups.n, 1);
        memcpy(ids[i], ((struct incident_group *)vec_at(&x.groups, 0))->id, sizeof ids[i]);
        incidents_release(&x);
        alert_case_release(&c);
    }
    assert_string_equal(ids[0], ids[1]);
}

/* Hostile names go through the escapers of each place (promise P7). */
static void escapes_what_attackers_write(void **state)
{
#define EVIL "=cmd\\u001b[31m\\u202e\\\"<"
    static const char *const records[] = {
        CALL("14:00:00", "iam", "Bad",
             "{\"type\":\"IAMUser\",\"principalId\":\"AIDAX\",\"userName\":\"" EVIL "\"}",
             ",\"userAgent\":\"" EVIL "\",\"requestParameters\":{\"userName\":\"" EVIL "\"}"),
        NULL};
    struct alert_case c;
    struct incidents x;
    struct buf b;
    (void)state;
    buf_init(&b, 1u << 20);
    gather(&x, &c, records, false);
    put_all(&b, &x, put_text);
    put_all(&b, &x, incident_put_csv);
    put_all(&b, &x, incident_put_json);
    assert_true(str_find(buf_str(&b), S("cmd"), 0) != SIZE_MAX);
    assert_true(str_find(buf_str(&b), S("\x1b"), 0) == SIZE_MAX);
    assert_true(str_find(buf_str(&b), S(",=cmd"), 0) == SIZE_MAX);
    incidents_release(&x);
    alert_case_release(&c);
    buf_release(&b);
}

/* The end of the text: what was touched. */
static void put_about(struct buf *b, const struct incident *i)
{
    struct buf text;
    buf_init(&text, 1u << 20);
    incident_put_text(&text, i, false);
    size_t about = str_find(buf_str(&text), S("  about    "), 0);
    assert_true(about != SIZE_MAX);
    buf_put(b, str_skip(buf_str(&text), about));
    buf_release(&text);
}

/* Objects of one folder are one line for people; what else was touched stands beside it. */
static void folds_folders(void **state)
{
    static const struct incident_case copied = {
        .name = "about",
        .records = {CALL(
            "14:00:00", "iam", "Bad", DANA,
            ",\"resources\":[{\"ARN\":\"arn:aws:s3:::b/f/1\"},{\"ARN\":\"arn:aws:s3:::b/f/2\"},"
            "{\"ARN\":\"arn:aws:s3:::b/g/3\"},{\"ARN\":\"arn:aws:s3:::b/f/4\"},"
            "{\"ARN\":\"arn:aws:iam::1:role/f/R\"},{\"ARN\":\"arn:aws:iam::1:role/f/Q\"}]")}};
    (void)state;
    check_form(&copied, put_about,
               "  about    arn arn:aws:s3:::b/f/1 and 2 more of its folder\n"
               "           arn arn:aws:s3:::b/g/3\n"
               "           arn arn:aws:iam::1:role/f/R\n"
               "           arn arn:aws:iam::1:role/f/Q\n\n");
}

/* More signals than are told: the gravest stay, and what was cut is said. */
static void keeps_the_gravest(void **state)
{
    struct alert_case c;
    struct incidents x;
    struct incident i;
    struct err e = {0};
    struct buf b;
    (void)state;
    buf_init(&b, 1u << 22);
    alert_case_load(&c, incident_files, incident_texts);
    incidents_init(&x, c.rules);
    for (unsigned k = 0; k < INCIDENT_SIGNALS_MAX + 20; k++) {
        struct buf record;
        buf_init(&record, 4096); /* two hours apart: each call is an alert of its own */
        buf_putf(&record,
                 "{\"eventTime\":\"2026-03-%02uT%02u:00:00Z\",\"eventName\":\"%s\","
                 "\"userIdentity\":" DANA "}",
                 1 + 2 * k / 24, 2 * k % 24, k == 110 ? "Bad" : "Odd");
        see(&x, &c, buf_z(&record));
        buf_release(&record);
    }
    assert_true(alert_case_tell(&c, keep_alert, &x, &e));
    assert_true(incidents_group(&x, &e));
    assert_int_equal(x.groups.n, 1);
    incident_init(&i);
    assert_true(incident_make(&i, &x, vec_at(&x.groups, 0), &incident_caps_all, &e));
    incident_put_json(&b, &i);
    assert_true(str_find(buf_str(&b), S("{\"what\":\"signals\",\"kept\":100,\"total\":120}"), 0) !=
                SIZE_MAX);
    assert_true(str_find(buf_str(&b), S("\"title\":\"A bad call\"},\"level\":\"high\""), 0) !=
                SIZE_MAX);
    incident_release(&i);
    incidents_release(&x);
    alert_case_release(&c);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_alerts),
        cmocka_unit_test(tells_the_same_in_any_order),
        cmocka_unit_test(reads_well),
        cmocka_unit_test(keeps_its_id),
        cmocka_unit_test(escapes_what_attackers_write),
        cmocka_unit_test(folds_folders),
        cmocka_unit_test(keeps_the_gravest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
