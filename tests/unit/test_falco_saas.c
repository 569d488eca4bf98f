/* engine/falco_okta.c and engine/falco_github.c: what each field reads. The fields' list and their
 * values were read in the source of plugins okta 0.12.0 and github 0.10.1; rows marked D differ
 * from them by the decisions in docs/sources.md. */
#include "tests/unit/support/falco_case.h"

#include "engine/falco_slots.h"

#define TARGETS                                                                                    \
    "{\"target\":[{\"type\":\"User\",\"id\":\"u1\",\"displayName\":\"A\"},{\"type\":"              \
    "\"AppInstance\",\"alternateId\":\"app\",\"displayName\":\"B\"},{\"type\":\"User\",\"id\":"    \
    "\"u2\",\"alternateId\":\"e\",\"displayName\":\"C\"}]}"
#define DEBUG(body) "{\"debugContext\":{\"debugData\":{" body "}}}"

struct row {
    const char *field, *event, *text;
};

static const struct row okta[] = {
    {"okta.evt.type", "{\"eventType\":\"user.account.lock\"}", "user.account.lock"},
    {"okta.severity", "{}", ""}, /* always present */
    {"okta.severity", "{\"severity\":null}", ""},
    {"okta.severity", "{\"severity\":1}", ""}, /* D: there, no field at all */
    {"okta.reason", "{\"outcome\":{\"reason\":\"r\",\"result\":\"DENY\"}}", "r"},
    {"okta.actor.Type", "{\"actor\":{\"type\":\"User\"}}", "User"},
    {"okta.client.geo.lat",
     "{\"client\":{\"geographicalContext\":{\"geolocation\":{\"lat\":52.5,\"lon\":13.4}}}}",
     "52.5"},
    {"okta.client.geo.lon",
     "{\"client\":{\"geographicalContext\":{\"geolocation\":{\"lat\":52.5,\"lon\":13.4}}}}",
     "13.4"},                                                                      /* D */
    {"okta.security.isproxy", "{\"securityContext\":{\"isProxy\":true}}", "true"}, /* D */
    {"okta.security.isproxy", "{\"securityContext\":{\"isProxy\":\"false\"}}", "false"},
    {"okta.security.isproxy", "{\"securityContext\":{\"isProxy\":null}}", ""},
    {"okta.security.asnumber", "{\"securityContext\":{\"asNumber\":64500}}", "64500"}, /* D */
    {"okta.security.asnumber", "{}", "<NA>"},
    {"okta.authentication.step", "{\"authenticationContext\":{\"authenticationStep\":0}}", "0"},
    {"okta.behaviors", DEBUG("\"behaviors\":\"{New IP=POSITIVE}\""), "{New IP=POSITIVE}"},
    {"okta.logonlysecuritydata", DEBUG("\"logOnlySecurityData\":{\"a\": 1}"), "{\"a\":1}"}, /* D */
    {"okta.principal.id", DEBUG("\"originalPrincipal\":{\"id\":\"p\"}"), "p"},
    {"okta.org", "{}", ""},
    {"okta.app", DEBUG("\"requestUri\":\"/app/amazon_aws/x/sso\""), "amazon_aws"},
    {"okta.app", DEBUG("\"requestUri\":\"/idp/idx\""), "<NA>"},
    {"okta.app", "{}", "<NA>"},
    {"okta.target.user.id", TARGETS, "u2"}, /* the last of its type */
    {"okta.target.user.name", TARGETS, "C"},
    {"okta.target.app.alternateid", TARGETS, "app"},
    {"okta.target.group.name", TARGETS, "<NA>"},
    {"okta.target.user.id", "{\"target\":null}", "<NA>"},
    {"okta.target.user.id", "{\"target\":{\"type\":\"User\",\"id\":\"u\"}}", "<NA>"},
    {"okta.targets.displayName", TARGETS, "(A,B,C)"},
    {"okta.targets.displayName[1]", TARGETS, "(B)"},
    {"okta.targets.displayName[3]", TARGETS, "<NA>"},
    {"okta.targets.displayName", "{\"target\":[]}", "<NA>"},
};

static const struct row github[] = {
    {"github.type", "{\"webhook_type\":\"push\"}", "push"},
    {"github.type", "{}", ""},
    {"github.action", "{\"webhook_type\":\"member\",\"action\":\"added\"}", "added"},
    {"github.user", "{\"sender\":{\"login\":\"dana\"}}", "dana"},
    {"github.user", "{\"actor\":\"dana\"}", "dana"},
    {"github.repo", "{\"repository\":{\"html_url\":\"https://github.com/o/r\"}}",
     "https://github.com/o/r"},
    {"github.repo.name", "{\"repository\":{\"html_url\":\"https://github.com/o/r\"}}", "o/r"},
    {"github.repo.name", "{\"repository\":{\"html_url\":\"https://ghe.example/o/r\"}}",
     "https://ghe.example/o/r"},
    {"github.repo.name", "{}", ""},
    {"github.repo.url", "{\"repo\":\"o/r\"}", "https://github.com/o/r"},
    {"github.owner", "{\"repo\":\"o/r\"}", "o"},
    {"github.owner", "{\"repository\":{\"owner\":{\"login\":\"p\"}}}", "p"},
    {"github.repo.public", "{}", "true"}, /* as the plugin has it */
    {"github.repo.public", "{\"repository\":{\"private\":true}}", "false"},
    {"github.repo.public", "{\"repository\":{\"private\":false}}", "true"},
    {"github.repo.public", "{\"repository\":{\"private\":\"true\"}}", "true"},
    {"github.repo.public", "{\"public_repo\":false}", "false"},
    {"github.repo.public", "{\"visibility\":\"internal\"}", "false"},
    {"github.collaborator.name", "{\"member\":{\"login\":\"m\"}}", "m"},
    {"github.collaborator.role", "{\"changes\":{\"permission\":{\"to\":\"admin\"}}}", "admin"},
    {"github.webhook.id", "{\"hook\":{\"id\":17}}", "17"},
    {"github.webhook.id", "{}", "0"},
    {"github.workflow.filename", "{\"workflow\":{\"path\":\".github/w.yml\"}}", ".github/w.yml"},
    {"github.commit.added", "{\"commits\":[{\"added\":[\"a\",\"b\"]},{\"added\":[\"c\"]}]}",
     "a,bc"}, /* no comma between commits */
    {"github.commit.removed", "{\"commits\":[{\"added\":[\"a\"]}]}", ""},
    {"github.commit.modified", "{\"commits\":null}", ""},
    {"github.diff.has_secrets", "{\"webhook_type\":\"push\"}", ""},
    {"github.diff.committed_secrets.desc", "{\"webhook_type\":\"push\"}", "<NA>"},
    {"github.workflow.has_miners", "{\"webhook_type\":\"workflow_run\"}", "<NA>"},
    /* the audit log, read as a webhook */
    {"github.type", "{\"action\":\"repo.access\",\"visibility\":\"public\"}", "repository"},
    {"github.action", "{\"action\":\"repo.access\",\"visibility\":\"public\"}", "publicized"},
    {"github.action", "{\"action\":\"repo.access\",\"visibility\":\"private\"}", "privatized"},
    {"github.action", "{\"action\":\"repo.access\"}", "repo.access"},
    {"github.type", "{\"action\":\"repo.access\"}", ""},
    {"github.action", "{\"webhook_type\":\"x\",\"action\":\"repo.create\"}", "repo.create"},
    {"github.type", "{\"action\":\"public_key.create\"}", "deploy_key"},
};

static void check_rows(enum source source, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct falco_case c;
        struct buf file, output, out;
        buf_init(&output, 256);
        buf_putf(&output, "%%%s", rows[i].field);
        falco_case_rule_of(source, &file, "evt.num > 0", buf_z(&output));
        buf_init(&out, 1 << 20);
        falco_case_load(&c, (const char *const[]){buf_z(&file), NULL});
        falco_case_outputs(&c, rows[i].event, &out);
        check_str(rows[i].field, str_slice(buf_str(&out), 0, out.n - 1), str_of(rows[i].text));
        falco_case_release(&c);
        buf_release(&file);
        buf_release(&output);
        buf_release(&out);
    }
}

static void test_okta(void **state)
{
    (void)state;
    check_rows(SOURCE_OKTA, okta, sizeof okta / sizeof *okta);
}

static void test_github(void **state)
{
    (void)state;
    check_rows(SOURCE_GITHUB, github, sizeof github / sizeof *github);
}

static void test_tables(void **state)
{
    (void)state;
    size_t n;
    falco_okta_fields(&n);
    check_size("okta fields", n, 54);
    falco_github_fields(&n);
    check_size("github fields", n, 25);
}

/* A rule over a counter is left out, and the others of its file work. */
static void test_counters(void **state)
{
    (void)state;
    static const char file[] = "- rule: counts\n  desc: d\n  priority: INFO\n  source: okta\n"
                               "  condition: okta.mfa.deny.countlast[300] >= 3\n  output: o\n"
                               "- rule: plain\n  desc: d\n  priority: INFO\n  source: okta\n"
                               "  condition: okta.evt.type = x\n  output: hit\n";
    falco_case_expect(
        (const char *const[]){file, NULL},
        "1.yaml:5: counts: the rule is left out: condition: "
        "okta.mfa.deny.countlast counts earlier events, which only a correlation does "
        "here\n",
        "{\"eventType\":\"x\"}", "hit\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_okta),
        cmocka_unit_test(test_github),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
