/* respond/policy_doc: the exact bytes that go to IAM, their sizes against its quotas, and, for the
 * conditions, a truth table over the calls that meet them. How IAM evaluates a condition is said in
 * its user guide: operators are joined by and, values of one key by or; a positive operator does
 * not hold for a key that the request does not have, a negated one (Not...) does. */
#include "respond/policy_doc.h"

#include "engine/json.h"
#include "engine/sigma_cidr.h"
#include "tests/unit/support/check.h"

#define HEAD                                                                                       \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","            \
    "\"Resource\":\"*\""

static struct buf text;

static void check_text(const char *name, const char *want, size_t size)
{
    check_str(name, buf_str(&text), str_of(want));
    check_size(name, policy_size(buf_str(&text)), size);
    buf_reset(&text);
}

static void writes_the_same_bytes(void **state)
{
    (void)state;
    buf_init(&text, POLICY_BYTES_MAX);
    policy_put_deny_all(&text);
    check_text("deny all", HEAD "}]}", 84);
    policy_put_revoke_older(&text, 1773756311250);
    check_text("older",
               HEAD ",\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":"
                    "\"2026-03-17T14:05:11Z\"}}}]}",
               159);
    policy_put_revoke_older(&text, -1);
    check_text("before 1970",
               HEAD ",\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":"
                    "\"1969-12-31T23:59:59Z\"}}}]}",
               159);
    policy_put_deny_session(&text, S("AROAX:a+=,.@-_b"));
    check_text("a session",
               HEAD ",\"Condition\":{\"StringEquals\":{\"aws:userid\":\"AROAX:a+=,.@-_b\"}}}]}",
               146);
    policy_put_no_trust(&text);
    check_text(
        "no trust",
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Principal\":\"*\","
        "\"Action\":[\"sts:AssumeRole\",\"sts:AssumeRoleWithSAML\","
        "\"sts:AssumeRoleWithWebIdentity\"]}]}",
        157);
    policy_put_deny_all_arn(&text, S("aws-cn"));
    check_text("China", "arn:aws-cn:iam::aws:policy/AWSDenyAll", 37);
    buf_release(&text);
}

static void names_a_session(void **state)
{
    (void)state;
    buf_init(&text, POLICY_NAME_MAX);
    /* printf 'AROAX:alice' | sha256sum */
    policy_put_session_name(&text, S("AROAX:alice"));
    check_str("name", buf_str(&text), S("trailwarden-deny-session-42615fe3"));
    check_true("ours", policy_is_ours(buf_str(&text)));
    check_true("ours", policy_is_ours(S("trailwarden-fence")));
    check_false("theirs", policy_is_ours(S("trailwarden-fence2")));
    check_false("theirs", policy_is_ours(S("Trailwarden-fence")));
    buf_release(&text);
}

static void writes_fences(void **state)
{
    (void)state;
    static const struct str cidrs[] = {{"192.0.2.0/24", 12}, {"2001:db8::/32", 13}};
    static const struct str endpoints[] = {{"vpce-0a1b", 9}};
    buf_init(&text, POLICY_BYTES_MAX);
    policy_put_fence(&text, &(struct policy_fence){cidrs, 2, NULL, 0});
    check_text("addresses",
               HEAD ",\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":[\"192.0.2.0/24\","
                    "\"2001:db8::/32\"]},\"Bool\":{\"aws:ViaAWSService\":\"false\"}}}]}",
               200);
    policy_put_fence(&text, &(struct policy_fence){cidrs, 1, endpoints, 1});
    check_text("endpoints",
               HEAD ",\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":[\"192.0.2.0/24\"]},"
                    "\"StringNotEquals\":{\"aws:SourceVpce\":[\"vpce-0a1b\"]},"
                    "\"Bool\":{\"aws:ViaAWSService\":\"false\"}}}]}",
               235);
    buf_release(&text);
}

/* As many single addresses as fit a user's 2,048 characters: each takes 20, the rest 169. */
static void counts_what_fits(void **state)
{
    (void)state;
    enum { MOST = 93 };
    struct str cidrs[MOST + 1];
    for (size_t i = 0; i <= MOST; i++)
        cidrs[i] = S("198.51.100.100/32");
    buf_init(&text, POLICY_BYTES_MAX);
    policy_put_fence(&text, &(struct policy_fence){cidrs, MOST, NULL, 0});
    check_true("fits", policy_size(buf_str(&text)) <= POLICY_USER_MAX);
    buf_reset(&text);
    policy_put_fence(&text, &(struct policy_fence){cidrs, MOST + 1, NULL, 0});
    check_false("does not", policy_size(buf_str(&text)) <= POLICY_USER_MAX);
    buf_release(&text);
    static const struct {
        const char *text;
        size_t size;
    } sizes[] = {{"", 0}, {" \t\r\n", 0}, {"{ \"a\" : 1 }", 7}, {"\xC3\xA9\xE2\x82\xAC", 2}};
    for (size_t i = 0; i < COUNT(sizes); i++)
        check_size(sizes[i].text, policy_size(str_of(sizes[i].text)), sizes[i].size);
}

/* ---- truth tables ---- */

/* What a request has; NULL: it does not have the key. */
struct call {
    const char *name;
    const char *source_ip, *source_vpce, *issued, *userid;
    bool via_service;
};

static struct str key_of(const struct call *c, const char *name)
{
    const struct {
        const char *name, *value;
    } keys[] = {
        {"aws:SourceIp", c->source_ip},
        {"aws:SourceVpce", c->source_vpce},
        {"aws:TokenIssueTime", c->issued},
        {"aws:userid", c->userid},
        {"aws:ViaAWSService", c->via_service ? "true" : "false"},
    };
    for (size_t i = 0; i < COUNT(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return str_of(keys[i].value);
    fail_msg("no key %s", name);
    return STR_ABSENT;
}

static bool equals(struct str value, struct str actual)
{
    return str_eq(value, actual);
}

/* Times that are written alike. */
static bool is_later(struct str value, struct str actual)
{
    return str_cmp(actual, value) < 0;
}

static bool contains(struct str network, struct str actual)
{
    struct cidr net, address;
    return cidr_parse(network, &net, NULL) && cidr_address(actual, &address) &&
           cidr_covers(&net, &address);
}

/* The operators that are emitted, each with the only key it is used with. */
static const struct operation {
    const char *name, *key;
    bool negated;
    bool (*matches)(struct str value, struct str actual);
} operators[] = {
    {"NotIpAddress", "aws:SourceIp", true, contains},
    {"StringNotEquals", "aws:SourceVpce", true, equals},
    {"StringEquals", "aws:userid", false, equals},
    {"DateLessThan", "aws:TokenIssueTime", false, is_later},
    {"Bool", "aws:ViaAWSService", false, equals},
};

static struct str unquoted(struct str raw)
{
    return str_slice(raw, 1, raw.n - 1);
}

static bool holds(const struct operation *o, struct str values, const struct call *c)
{
    struct str actual = key_of(c, o->key);
    bool any = false;
    assert_true(str_present(values));
    if (!str_present(actual))
        return o->negated;
    if (*values.p == '"')
        any = o->matches(unquoted(values), actual);
    for (size_t i = 0; str_present(json_element(values, i)); i++)
        any = any || o->matches(unquoted(json_element(values, i)), actual);
    return any != o->negated;
}

/* Whether the document that was written denies the call; it is emptied. */
static bool denies(const struct call *c)
{
    struct str statement = json_element(json_member(buf_str(&text), S("Statement")), 0);
    struct str condition = json_member(statement, S("Condition"));
    bool all = str_eq(json_member(statement, S("Effect")), S("\"Deny\"")) &&
               str_eq(json_member(statement, S("Action")), S("\"*\"")) &&
               str_eq(json_member(statement, S("Resource")), S("\"*\""));
    size_t known = 2; /* the condition's own brackets */
    for (size_t i = 0; i < COUNT(operators); i++) {
        struct str pair = json_member(condition, str_of(operators[i].name));
        if (!str_present(pair))
            continue;
        all = holds(operators + i, json_member(pair, str_of(operators[i].key)), c) && all;
        known += (known > 2) + strlen(operators[i].name) + 3 + pair.n;
    }
    check_size("no operator is overlooked", condition.n, known);
    buf_reset(&text);
    return all;
}

static void says_who_is_denied(void **state)
{
    (void)state;
    static const struct str cidrs[] = {{"192.0.2.0/24", 12}};
    static const struct str endpoints[] = {{"vpce-0a1b", 9}};
    static const struct {
        struct call call;
        bool fence, fence_with_endpoint, older, session;
    } cases[] = {
        {{"a key from inside", "192.0.2.7", NULL, NULL, "AIDAX", false},
         false,
         false,
         false,
         false},
        {{"a key from outside", "203.0.113.7", NULL, NULL, "AIDAX", false},
         true,
         true,
         false,
         false},
        {{"outside, by a service", "203.0.113.7", NULL, NULL, "AIDAX", true},
         false,
         false,
         false,
         false},
        {{"by a service that hides the address", NULL, NULL, NULL, "AIDAX", true},
         false,
         false,
         false,
         false},
        {{"through our endpoint", NULL, "vpce-0a1b", NULL, "AIDAX", false},
         true,
         false,
         false,
         false},
        {{"through the intruder's endpoint", NULL, "vpce-0bad", NULL, "AIDAX", false},
         true,
         true,
         false,
         false},
        {{"an old session", "192.0.2.7", NULL, "2026-03-17T14:05:10Z", "AROAX:alice", false},
         false,
         false,
         true,
         true},
        {{"of the same second", "192.0.2.7", NULL, "2026-03-17T14:05:11Z", "AROAX:alice", false},
         false,
         false,
         false,
         true},
        {{"a new session", "203.0.113.7", NULL, "2026-03-17T14:05:12Z", "AROAX:bob", false},
         true,
         true,
         false,
         false},
        {{"another role's session of the name", "192.0.2.7", NULL, "2026-03-17T15:00:00Z",
          "AROAY:alice", false},
         false,
         false,
         false,
         false},
        {{"another case", "192.0.2.7", NULL, "2026-03-17T15:00:00Z", "AROAX:Alice", false},
         false,
         false,
         false,
         false},
    };
    buf_init(&text, POLICY_BYTES_MAX);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct call *c = &cases[i].call;
        policy_put_fence(&text, &(struct policy_fence){cidrs, 1, NULL, 0});
        check_true(c->name, denies(c) == cases[i].fence);
        policy_put_fence(&text, &(struct policy_fence){cidrs, 1, endpoints, 1});
        check_true(c->name, denies(c) == cases[i].fence_with_endpoint);
        policy_put_revoke_older(&text, 1773756311250);
        check_true(c->name, denies(c) == cases[i].older);
        policy_put_deny_session(&text, S("AROAX:alice"));
        check_true(c->name, denies(c) == cases[i].session);
    }
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_same_bytes), cmocka_unit_test(names_a_session),
        cmocka_unit_test(writes_fences),         cmocka_unit_test(counts_what_fits),
        cmocka_unit_test(says_who_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
