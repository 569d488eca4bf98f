/* engine/sigma_lint.c and what it knows from engine/cloudtrail.c: for each fault a rule that has it
 * and one that has not. Facts about records: docs.aws.amazon.com, the pages that
 * engine/cloudtrail.c names. */
#include "engine/sigma_lint.h"

#include "engine/cloudtrail.h"
#include "engine/loader.h"
#include "tests/unit/support/check.h"

/* What is said about rules under lint, one "line: text" each. */
static void said(const char *yaml, struct buf *out)
{
    struct err e = {0};
    struct diags diags;
    struct ruleset *rs = NULL;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_non_null(l);
    loader_lints(l);
    assert_true(loader_add(l, S("t.yml"), str_of(yaml), &e) && loader_finish(l, &rs, &e));
    loader_free(l);
    for (size_t i = 0; i < diags.list.n; i++) {
        const struct diag *d = vec_at(&diags.list, i);
        buf_putf(out, "%u: %.*s\n", d->line, (int)d->text.n, d->text.p);
    }
    ruleset_free(rs);
    diags_release(&diags);
}

static void check_said(const char *name, const char *yaml, const char *want)
{
    struct buf out;
    buf_init(&out, 1u << 16);
    said(yaml, &out);
    check_str(name, buf_str(&out), str_of(want));
    buf_release(&out);
}

static const struct {
    const char *name, *detection; /* its first line is line 4 */
    const char *want;
} cases[] = {
    /* ---- fields ---- */
    {"fields that are",
     "s: {requestParameters.a.b: x, userIdentity.sessionContext.sessionIssuer.arn: y,"
     " tlsDetails.tlsVersion: z, trailwarden.country: DE}\n condition: s\n",
     ""},
    {"wrong case", "s: {requestparameters.name: x}\n condition: s\n",
     "4: no CloudTrail record has a field 'requestparameters.name': is 'requestParameters.name' "
     "meant?\n4: the rule can never fire: 'requestparameters.name' (line 4) holds for no record\n"},
    {"wrong case below", "s: {eventName: X, userIdentity.username: x}\n condition: s\n",
     "4: no CloudTrail record has a field 'userIdentity.username': is 'userIdentity.userName' "
     "meant?\n4: the rule can never fire: 'userIdentity.username' (line 4) holds for no record\n"},
    {"a slip", "s: {eventNames: X}\n condition: s\n",
     "4: no CloudTrail record has a field 'eventNames': is 'eventName' meant?\n"
     "4: the rule can never fire: 'eventNames' (line 4) holds for no record\n"},
    {"a member at the top", "s: {accountId: 1}\n condition: s\n",
     "4: no CloudTrail record has a field 'accountId': is 'userIdentity.accountId' meant?\n"
     "4: the rule can never fire: 'accountId' (line 4) holds for no record\n"},
    {"below one value", "s: {eventName.a: X}\n condition: s\n",
     "4: no CloudTrail record has a field 'eventName.a'\n"
     "4: the rule can never fire: 'eventName.a' (line 4) holds for no record\n"},
    {"a field of its own, denied", "s: {eventName: X}\n f:\n  status: y\n condition: s and not f\n",
     "6: no CloudTrail record has a field 'status'\n"},
    {"a field that is not, in one of two ways",
     "s: {eventName: X}\n f:\n  status: y\n condition: s or f\n",
     "6: no CloudTrail record has a field 'status'\n"},
    {"its absence always holds", "s: {eventName: X, status: null}\n condition: s\n",
     "4: no CloudTrail record has a field 'status'\n"},
    {"fieldref to what is not", "s: {eventName|fieldref: eventname}\n condition: s\n",
     "4: no CloudTrail record has a field 'eventname': is 'eventName' meant?\n"},
    {"shown fields", "s: {eventName: X}\n condition: s\nfields: [sourceIpAddress]\n",
     "6: no CloudTrail record has a field 'sourceIpAddress': is 'sourceIPAddress' meant?\n"},
    {"keywords", "s: [eventname, status]\n condition: s\n", ""},

    /* ---- names of events ---- */
    {"PassRole", "s:\n  eventName: PassRole\n condition: s\n",
     "5: 'eventName': 'PassRole' is a permission, not a call: its use shows in the call that hands "
     "the role over, its refusal in that call's errorMessage\n"
     "5: the rule can never fire: 'eventName' (line 5) holds for no record\n"},
    {"PassRole among others", "s:\n  eventName:\n   - passrole\n   - RunInstances\n condition: s\n",
     "6: 'eventName': 'passrole' is a permission, not a call: its use shows in the call that hands "
     "the role over, its refusal in that call's errorMessage\n"},
    {"a permission with another event", "s: {eventName: InvokeFunction}\n condition: s\n",
     "4: 'eventName': 'InvokeFunction' is a permission, not a call: the event is 'Invoke'\n"
     "4: the rule can never fire: 'eventName' (line 4) holds for no record\n"},
    {"a name within a name", "s: {eventName|contains: PassRole}\n condition: s\n", ""},
    {"PassRole elsewhere", "s: {errorMessage: PassRole}\n condition: s\n", ""},
    {"Lambda's names without a date",
     "s: {eventSource: lambda.amazonaws.com, eventName: [CreateFunction, GetPolicy]}\n condition: "
     "s\n",
     "4: the rule can never fire: 'eventSource' (line 4) and 'eventName' (line 4) are never in one "
     "record: Lambda's old calls have a date behind their names, as in CreateFunction20150331; "
     "'startswith' is meant\n"},
    {"Lambda's names with one",
     "s: {eventSource: lambda.amazonaws.com, eventName|startswith: "
     "CreateFunction}\n condition: s\n",
     ""},
    {"a new name among them",
     "s: {eventSource: lambda.amazonaws.com, eventName: [CreateFunction, "
     "CreateFunctionUrlConfig]}\n condition: s\n",
     ""},
    {"the same name at another service",
     "s: {eventSource: cloudfront.amazonaws.com, eventName: CreateFunction}\n condition: s\n", ""},

    /* ---- values ---- */
    {"no event source", "s: {eventSource: ec2.aws.com, eventName: X}\n condition: s\n",
     "4: 'eventSource': 'ec2.aws.com' is no event source: those end in .amazonaws.com\n"
     "4: the rule can never fire: 'eventSource' (line 4) holds for no record\n"},
    {"another service's name",
     "s: {eventSource: [cloudwatch.amazonaws.com, ec2.amazonaws.com]}\n"
     " condition: s\n",
     "4: 'eventSource': 'cloudwatch.amazonaws.com' is no event source; 'monitoring.amazonaws.com' "
     "is meant\n"},
    {"a part of an event source", "s: {eventSource|startswith: ec2}\n condition: s\n", ""},
    {"a wildcard in it", "s: {eventSource: 'ec2.*'}\n condition: s\n", ""},
    {"no type of identity", "s: {userIdentity.type: User}\n condition: s\n",
     "4: 'userIdentity.type': 'User' is none of its values: Root, IAMUser, AssumedRole, Role, "
     "FederatedUser, Directory, Unknown, AWSAccount, AWSService, IdentityCenterUser, SAMLUser, "
     "WebIdentityUser\n"
     "4: the rule can never fire: 'userIdentity.type' (line 4) holds for no record\n"},
    {"a type of identity", "s: {userIdentity.type: root, eventCategory: Data}\n condition: s\n",
     ""},
    {"an ARN and a name",
     "s: {userIdentity.arn|fieldref: requestParameters.userName}\n condition: s\n",
     "4: 'userIdentity.arn|fieldref' compares an ARN with a name, which are never equal: "
     "'contains' or 'endswith' is meant\n"
     "4: the rule can never fire: 'userIdentity.arn|fieldref' (line 4) holds for no record\n"},
    {"an ARN that ends in a name",
     "s: {userIdentity.arn|fieldref|endswith: requestParameters.userName}\n condition: s\n", ""},

    /* ---- contradictions ---- */
    {"success that failed",
     "s:\n  eventName: X\n  errorCode: null\n f:\n  errorCode: AccessDenied\n"
     " condition: s and f\n",
     "6: the rule can never fire: 'errorCode' (line 6) and 'errorCode' (line 8) exclude each "
     "other\n"},
    {"success or failure",
     "s:\n  errorCode: null\n f:\n  errorCode: AccessDenied\n"
     " condition: s or f\n",
     ""},
    {"success, not that failure",
     "s:\n  errorCode: null\n f:\n  errorCode: AccessDenied\n"
     " condition: s and not f\n",
     ""},
    {"absent and there",
     "s:\n  errorCode|exists: false\n f:\n  errorCode|contains: Denied\n"
     " condition: all of them\n",
     "5: the rule can never fire: 'errorCode|exists' (line 5) and 'errorCode|contains' (line 7) "
     "exclude each other\n"},
    {"null and there",
     "s:\n  errorCode|exists: true\n f:\n  errorCode: null\n"
     " condition: all of them\n",
     ""}, /* JSON null is both */
    {"an array's member and null",
     "s:\n  requestParameters.a: null\n f:\n"
     "  requestParameters.a: x\n condition: all of them\n",
     ""},
    {"two names", "s: {eventName: A}\n f: {eventName: [B, C]}\n condition: s and f\n",
     "4: the rule can never fire: 'eventName' (line 4) and 'eventName' (line 5) exclude each "
     "other\n"},
    {"two names that may be one",
     "s: {eventName: Abc}\n f: {eventName: ['A*', C]}\n"
     " condition: s and f\n",
     ""},
    {"two members of an array",
     "s: {requestParameters.a: A}\n f: {requestParameters.a: B}\n"
     " condition: s and f\n",
     ""},
    {"a name and its denial",
     "s: {eventName: [GetA, GetB]}\n f: {eventName|startswith: get}\n"
     " condition: s and not f\n",
     "4: the rule can never fire: 'eventName' (line 4) and 'eventName|startswith' (line 5) exclude "
     "each other\n"},
    {"a name and the denial of one",
     "s: {eventName: [GetA, PutB]}\n f: {eventName|startswith: Get}\n"
     " condition: s and not f\n",
     ""},
    {"neq", "s: {eventName: A}\n f: {eventName|neq: a}\n condition: s and f\n",
     "4: the rule can never fire: 'eventName' (line 4) and 'eventName|neq' (line 5) exclude each "
     "other\n"},
    {"all of two", "s: {eventName|all: [A, B]}\n condition: s\n",
     "4: the rule can never fire: 'eventName|all' (line 4) asks for two values where there is "
     "one\n"},
    {"all of two parts", "s: {eventName|contains|all: [A, B]}\n condition: s\n", ""},
    {"each way has its own",
     "s: {eventName: A}\n f: {eventName: B}\n g: {eventName: PassRole}\n"
     " condition: s and f or g\n",
     "6: 'eventName': 'PassRole' is a permission, not a call: its use shows in the call that hands "
     "the role over, its refusal in that call's errorMessage\n"
     "4: the rule can never fire: 'eventName' (line 4) and 'eventName' (line 5) exclude each "
     "other\n"},
    {"a regular expression is not understood",
     "s: {eventName|re: ^A$}\n f: {eventName: B}\n"
     " condition: s and f\n",
     ""},
    {"case is not understood", "s: {eventName|cased: a}\n f: {eventName: A}\n condition: s and f\n",
     ""},
    {"a sign-in has no error code",
     "s: {eventName: ConsoleLogin, errorCode|contains: Denied}\n"
     " condition: s\n",
     "4: the rule can never fire: 'eventName' (line 4) and 'errorCode|contains' (line 4) are never "
     "in one record: a sign-in that failed has errorMessage and responseElements.ConsoleLogin, no "
     "errorCode\n"},
    {"a sign-in without one", "s: {eventName: ConsoleLogin, errorCode: null}\n condition: s\n", ""},
    {"other calls beside it",
     "s: {eventName: [ConsoleLogin, X], errorCode|contains: Denied}\n"
     " condition: s\n",
     ""},
};

static void tells_each_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf yaml;
        buf_init(&yaml, 4096);
        buf_putf(&yaml, "title: t\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n %s",
                 cases[i].detection);
        check_said(cases[i].name, buf_z(&yaml), cases[i].want);
        buf_release(&yaml);
    }
}

#define BASE                                                                                       \
    "title: Base\nname: base\nlogsource: {product: aws, service: cloudtrail}\n"                    \
    "detection: {s: {eventName: X}, condition: s}\n---\n"

static void tells_fields_of_correlations(void **state)
{
    (void)state;
    check_said("group-by",
               BASE "title: Many\ncorrelation:\n  type: value_count\n  rules: base\n"
                    "  group-by:\n    - useridentity.arn\n    - who\n  timespan: 1m\n"
                    "  condition: {gte: 3, field: sourceIpAddress}\n"
                    "  aliases:\n    who:\n      base: userIdentity.username\n",
               "11: no CloudTrail record has a field 'useridentity.arn': is 'userIdentity.arn' "
               "meant?\n"
               "17: no CloudTrail record has a field 'userIdentity.username': is "
               "'userIdentity.userName' meant?\n"
               "14: no CloudTrail record has a field 'sourceIpAddress': is 'sourceIPAddress' "
               "meant?\n");
    check_said("all is well",
               BASE "title: Many\ncorrelation:\n  type: event_count\n  rules: base\n"
                    "  group-by: [who]\n  timespan: 1m\n  condition: {gte: 3}\n"
                    "  aliases: {who: {base: userIdentity.arn}}\n",
               "");
}

/* A condition whose every way is wrong, but which has 3^8 of them: not walked to the end. */
static void gives_up_in_time(void **state)
{
    struct buf yaml;
    (void)state;
    buf_init(&yaml, 65536);
    buf_putz(&yaml, "title: t\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n");
    for (int i = 0; i < 8; i++)
        buf_putf(&yaml,
                 "  s%d:\n    - {requestParameters.a%d: x}\n    - {requestParameters.b%d: x}\n"
                 "    - {requestParameters.c%d: x}\n",
                 i, i, i, i);
    buf_putz(&yaml, "  t1: {eventName: A}\n  t2: {eventName: B}\n"
                    "  condition: t1 and t2 and all of s*\n");
    check_said("many ways", buf_z(&yaml), "");
    buf_release(&yaml);
}

static void nothing_is_said_unasked(void **state)
{
    struct err e = {0};
    struct diags diags;
    struct ruleset *rs = NULL;
    (void)state;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    assert_non_null(l);
    assert_true(loader_add(l, S("t.yml"),
                           S("title: t\nlogsource: {product: aws}\n"
                             "detection: {s: {eventName: PassRole, eventname: X}, condition: s}\n"),
                           &e) &&
                loader_finish(l, &rs, &e));
    loader_free(l);
    check_size("diags", diags.list.n, 0);
    ruleset_free(rs);
    diags_release(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_each_fault),
        cmocka_unit_test(tells_fields_of_correlations),
        cmocka_unit_test(gives_up_in_time),
        cmocka_unit_test(nothing_is_said_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
