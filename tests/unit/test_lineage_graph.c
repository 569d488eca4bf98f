/* respond/lineage_graph.c: whose deeds are one lineage. Each case is told forwards, backwards and
 * twice over; the answer is the same. */
#include "respond/lineage_graph.h"

#include "tests/unit/support/alert_case.h"
#include "tests/unit/support/lineage_case.h"

#define RECORDS_MAX 8

#define LOOK(time, identity) CALL(time, "s3", "ListBuckets", identity, "")
#define DANA                 USER("U1", "dana", "AKIA1")
#define EVE                  USER("U2", "eve", "AKIA2")
#define TAKEN(time, by, role, name, key)                                                           \
    CALL(time, "sts", "AssumeRole", by, ISSUED(role, name, key))
#define MADE_USER(id, name)                                                                        \
    ",\"requestParameters\":{\"userName\":\"" name "\"},\"responseElements\":{\"user\":{"          \
    "\"userId\":\"AIDA" id "\",\"arn\":\"arn:aws:iam::111122223333:user/" name                     \
    "\",\"userName\":\"" name "\"}}"
#define MADE_ROLE(id)                                                                              \
    ",\"responseElements\":{\"role\":{\"roleId\":\"AROA" id "\",\"arn\":\"arn:" id "\"}}"
#define SHARED       ",\"sharedEventID\":\"s-1\""
#define STRANGER(id) "{\"type\":\"AWSAccount\",\"principalId\":\"" id "\",\"accountId\":\"1\"}"

/* groups: a letter for each record; equal letters are one lineage. */
static const struct joining {
    const char *name, *groups;
    const char *records[RECORDS_MAX];
} cases[] = {
    {"strangers", "ab", {LOOK("14:00:00", DANA), LOOK("14:00:00", EVE)}},
    {"two keys of one user",
     "aa",
     {LOOK("14:00:00", DANA), LOOK("14:00:00", USER("U1", "dana", "AKIA3"))}},
    {"a user made anew under a name is another",
     "ab",
     {LOOK("14:00:00", DANA), LOOK("14:00:00", USER("U9", "dana", "AKIA9"))}},
    {"a password set for a name that two have borne: nobody is picked",
     "abc",
     {CALL("14:00:00", "iam", "CreateLoginProfile", EVE,
           ",\"requestParameters\":{\"userName\":\"dana\"}"),
      LOOK("14:01:00", DANA), LOOK("14:01:00", USER("U9", "dana", "AKIA9"))}},
    {"issued, by key",
     "aa",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA1"),
      LOOK("14:01:00", SESSION("R1", "other", "14:30:00", "ASIA1"))}},
    {"issued, key masked, by name and second",
     "aa",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA****"),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:00", "ASIA****"))}},
    {"the console signs with another key",
     "aa",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA1"),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:00", "ASIA2"))}},
    {"two seconds late",
     "aa",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA1"),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:02", "ASIA2"))}},
    {"three seconds late",
     "ab",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA1"),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:03", "ASIA2"))}},
    {"masked keys tie nobody",
     "ab",
     {LOOK("14:00:00", USER("U1", "dana", "AKIA****")),
      LOOK("14:00:00", USER("U2", "eve", "AKIA****"))}},
    {"the same session name by two callers: nobody is picked",
     "abc",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA1"), TAKEN("14:00:00", EVE, "R1", "s", "ASIA2"),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:00", "ASIA9"))}},
    {"the nearer of two issues",
     "aba",
     {TAKEN("14:00:01", DANA, "R1", "s", "ASIA1"), TAKEN("14:00:02", EVE, "R1", "s", "ASIA2"),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:01", "ASIA9"))}},
    {"two callers who turn out to be one",
     "aaaa",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA1"),
      CALL("14:00:00", "sts", "AssumeRole", SESSION("R2", "t", "13:00:00", "ASIA3"),
           ISSUED("R1", "s", "ASIA2")),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:00", "ASIA9")),
      TAKEN("13:00:00", DANA, "R2", "t", "ASIA4")}},
    {"a chain of roles",
     "aaa",
     {TAKEN("14:00:00", DANA, "R1", "s", "ASIA1"),
      CALL("14:05:00", "sts", "AssumeRole", SESSION("R1", "s", "14:00:00", "ASIA1"),
           ISSUED("R2", "t", "ASIA2")),
      LOOK("14:06:00", SESSION("R2", "t", "14:05:00", "ASIA2"))}},
    {"refused",
     "ab",
     {CALL("14:00:00", "sts", "AssumeRole", DANA,
           ISSUED("R1", "s", "ASIA1") ",\"errorCode\":\"AccessDenied\""),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:00", "ASIA1"))}},
    {"issued to a service, told without a name",
     "abcd",
     {CALL("14:00:00", "sts", "AssumeRole", SERVICE("lambda"), HANDED("R1", "f", "ASIA1")),
      LOOK("14:01:00", SESSION("R1", "f", "14:00:00", "ASIA1")),
      CALL("15:00:00", "sts", "AssumeRole", SERVICE("ecs-tasks"), HANDED("R1", "g", "ASIA2")),
      LOOK("15:01:00", SESSION("R1", "g", "15:00:00", "ASIA2"))}},
    {"handed out to a person without a name",
     "aa",
     {CALL("14:00:00", "sts", "AssumeRole", DANA, HANDED("R1", "s", "ASIA1")),
      LOOK("14:01:00", SESSION("R1", "s", "14:00:00", "ASIA2"))}},
    {"an instance's keys are renewed",
     "aa",
     {LOOK("14:00:00", SESSION("R1", "i-0123456789abcdef0", "14:00:00", "ASIA1")),
      LOOK("20:00:00", SESSION("R1", "i-0123456789abcdef0", "20:00:00", "ASIA2"))}},
    {"launched",
     "aab",
     {CALL("14:00:00", "ec2", "RunInstances", DANA,
           ",\"responseElements\":{\"instancesSet\":{\"items\":[{\"instanceId\":"
           "\"i-0123456789abcdef0\"}]}}"),
      LOOK("14:10:00", SESSION("R1", "i-0123456789abcdef0", "14:05:00", "ASIA1")),
      LOOK("14:10:00", SESSION("R1", "i-0123456789abcdef1", "14:05:00", "ASIA2"))}},
    {"a user made",
     "aa",
     {CALL("14:00:00", "iam", "CreateUser", DANA, MADE_USER("U2", "eve")), LOOK("14:01:00", EVE)}},
    {"a password set for one of whom only the name is known",
     "aa",
     {CALL("14:00:00", "iam", "CreateLoginProfile", DANA,
           ",\"requestParameters\":{\"userName\":\"eve\"}"),
      LOOK("14:01:00", EVE)}},
    {"a key made for another, then used",
     "aa",
     {CALL(
          "14:00:00", "iam", "CreateAccessKey", DANA,
          ",\"responseElements\":{\"accessKey\":{\"accessKeyId\":\"AKIA2\",\"userName\":\"eve\"}}"),
      LOOK("14:01:00", EVE)}},
    {"a role made and taken from outside within the day",
     "aa",
     {CALL("14:00:00", "iam", "CreateRole", DANA, MADE_ROLE("R1")),
      LOOK("15:01:00", SESSION("R1", "s", "15:00:00", "ASIA1"))}},
    {"a role that others have used since long",
     "ab",
     {"{\"eventTime\":\"2026-03-16T14:59:59Z\",\"eventSource\":\"iam.amazonaws.com\",\"eventName\":"
      "\"CreateRole\",\"userIdentity\":" DANA MADE_ROLE("R1") "}",
      LOOK("15:01:00", SESSION("R1", "s", "15:00:00", "ASIA1"))}},
    {"a role used before it was made is another",
     "ab",
     {CALL("14:00:00", "iam", "CreateRole", DANA, MADE_ROLE("R1")),
      LOOK("14:01:00", SESSION("R1", "s", "13:00:00", "ASIA1"))}},
    {"sessions of one role",
     "ab",
     {LOOK("14:00:00", SESSION("R1", "s", "13:00:00", "ASIA1")),
      LOOK("14:00:00", SESSION("R1", "t", "13:00:00", "ASIA2"))}},
    {"sessions of one name",
     "ab",
     {LOOK("14:00:00", SESSION("R1", "s", "13:00:00", "ASIA1")),
      LOOK("14:00:00", SESSION("R1", "s", "12:00:00", "ASIA2"))}},
    {"a service calls in a session's name",
     "aa",
     {LOOK("14:00:00", SESSION("R1", "s", "13:00:00", "ASIA1")),
      LOOK("14:00:05", SESSION_MORE("R1", "s", "14:00:04", "ASIA9",
                                    ",\"invokedBy\":\"cloudformation.amazonaws.com\""))}},
    {"in the name of one of two",
     "abc",
     {LOOK("14:00:00", SESSION("R1", "s", "13:00:00", "ASIA1")),
      LOOK("14:00:05", SESSION_MORE("R1", "s", "14:00:04", "ASIA9",
                                    ",\"invokedBy\":\"cloudformation.amazonaws.com\"")),
      LOOK("14:00:00", SESSION("R1", "s", "13:30:00", "ASIA2"))}},
    {"copies of one call in two accounts",
     "aa",
     {CALL("14:00:00", "sts", "AssumeRole", SESSION("R1", "s", "13:00:00", "ASIA1"), SHARED),
      CALL_IN("444455556666", "14:00:00", "sts", "AssumeRole", STRANGER("AROAR1:s"), SHARED)}},
    {"one sharedEventID in one account",
     "ab",
     {CALL("14:00:00", "sts", "AssumeRole", SESSION("R1", "s", "13:00:00", "ASIA1"), SHARED),
      CALL("14:00:00", "sts", "AssumeRole", STRANGER("AROAR1:s"), SHARED)}},
    {"a user of another account by his id",
     "aa",
     {LOOK("14:00:00", DANA),
      CALL_IN("444455556666", "14:00:00", "s3", "GetObject", STRANGER("AIDAU1"), "")}},
    {"who trusts whom is no lineage",
     "ab",
     {CALL("14:00:00", "iam", "UpdateAssumeRolePolicy", DANA,
           ",\"requestParameters\":{\"roleName\":\"r\",\"policyDocument\":\"{\\\"Statement\\\":{"
           "\\\"Principal\\\":{\\\"AWS\\\":\\\"444455556666\\\"}}}\"}"),
      CALL("14:10:00", "s3", "GetObject",
           "{\"type\":\"AWSAccount\",\"accountId\":\"444455556666\"}", "")}},
    {"a person of Identity Center in two roles",
     "aa",
     {LOOK("14:00:00",
           SESSION_MORE("R1", "s", "13:00:00", "ASIA1", ",\"onBehalfOf\":{\"userId\":\"9\"}")),
      LOOK("14:00:00",
           SESSION_MORE("R2", "s", "13:00:01", "ASIA2", ",\"onBehalfOf\":{\"userId\":\"9\"}"))}},
};

static size_t count_records(const struct joining *j)
{
    size_t n = 0;
    while (n < RECORDS_MAX && j->records[n])
        n++;
    return n;
}

static uint32_t add(struct lineage_graph *g, struct alert_case *c, const char *record)
{
    struct err e = {0};
    struct facts f;
    struct lineage_event read;
    size_t used;
    uint32_t actor, key;
    if (event_read(&c->ev, str_of(record), &used, &e) != JSON_OK)
        fail_msg("no JSON: %s", record);
    facts_read(&c->ev, S("x"), &f);
    lineage_read(&c->ev, &f, NULL, &read);
    lineage_graph_add(g, &read, f.timed, f.time_ms, id128_of(f.evidence), &actor, &key);
    return actor;
}

/* Letters in the order of the records, whatever order they were told in. */
static void put_groups(struct buf *b, const struct lineage_graph *g, const uint32_t *actors,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char letter = (char)('a' + i);
        for (size_t j = 0; j < i; j++)
            if (lineage_graph_root(g, actors[i]) == lineage_graph_root(g, actors[j])) {
                letter = b->p[j];
                break;
            }
        buf_putc(b, letter);
    }
}

/* Groups are written with the letter of their first record, so that "aab" reads "aac" here. */
static void put_wanted(struct buf *b, const char *groups, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t first = i;
        while (first > 0 && groups[i] != groups[i - first])
            first--;
        buf_putc(b, (char)('a' + i - first));
    }
}

static void check_joined(struct alert_case *c, const struct joining *j, bool backwards,
                         size_t times)
{
    struct lineage_graph g;
    struct buf got, want;
    size_t n = count_records(j);
    uint32_t actors[RECORDS_MAX];
    lineage_graph_init(&g);
    for (size_t t = 0; t < times; t++)
        for (size_t i = 0; i < n; i++) {
            size_t at = backwards ? n - 1 - i : i;
            actors[at] = add(&g, c, j->records[at]);
        }
    lineage_graph_join(&g);
    buf_init(&got, RECORDS_MAX);
    buf_init(&want, RECORDS_MAX);
    put_groups(&got, &g, actors, n);
    put_wanted(&want, j->groups, n);
    check_str(j->name, buf_str(&got), buf_str(&want));
    check_int(j->name, (int64_t)g.cut, 0);
    buf_release(&got);
    buf_release(&want);
    lineage_graph_release(&g);
}

static void joins_lineages(void **state)
{
    struct alert_case c;
    (void)state;
    alert_case_init(&c, "a.yml", every_event);
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_joined(&c, cases + i, false, 1);
        check_joined(&c, cases + i, true, 1);
        check_joined(&c, cases + i, false, 2);
    }
    alert_case_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(joins_lineages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
