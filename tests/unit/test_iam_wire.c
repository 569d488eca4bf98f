/* adapters/iam_wire: requests and answers as the API references of IAM, STS, EC2, Roles Anywhere
 * and Secrets Manager show them. */
#include "adapters/iam_wire.h"

#include "tests/unit/support/check.h"

#define DENY_ALL "arn:aws:iam::aws:policy/AWSDenyAll"
#define UUID     "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
#define IAM      "Version=2010-05-08"

/* A call with a value for everything; each takes what it needs. */
static struct iam_call full_call(enum iam_action action)
{
    return (struct iam_call){.action = action,
                             .name = S("a+b=c,d.e@f_g-h"),
                             .policy = S(DENY_ALL),
                             .document = S("{\"a\": \"b+c\"}"),
                             .id = S("AKIAIOSFODNN7EXAMPLE"),
                             .tag = S("ir-contained"),
                             .value = S("true"),
                             .secret = S("p w+"),
                             .active = false};
}

#define NAME "a%2Bb%3Dc%2Cd.e%40f_g-h"
#define ARN  "arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAWSDenyAll"
#define DOC  "%7B%22a%22%3A+%22b%2Bc%22%7D"

static void writes_queries(void **state)
{
    static const struct {
        enum iam_action action;
        const char *policy, *id; /* NULL: as in full_call */
        const char *body;
    } cases[] = {
        {IAM_GET_CALLER_IDENTITY, NULL, NULL, "Action=GetCallerIdentity&Version=2011-06-15"},
        {IAM_GET_USER, NULL, NULL, "Action=GetUser&" IAM "&UserName=" NAME},
        {IAM_GET_ROLE, NULL, NULL, "Action=GetRole&" IAM "&RoleName=" NAME},
        {IAM_GET_ACCESS_KEY_LAST_USED, NULL, NULL,
         "Action=GetAccessKeyLastUsed&" IAM "&AccessKeyId=AKIAIOSFODNN7EXAMPLE"},
        {IAM_ATTACH_USER_POLICY, NULL, NULL,
         "Action=AttachUserPolicy&" IAM "&UserName=" NAME "&PolicyArn=" ARN},
        {IAM_ATTACH_ROLE_POLICY, NULL, NULL,
         "Action=AttachRolePolicy&" IAM "&RoleName=" NAME "&PolicyArn=" ARN},
        {IAM_PUT_USER_POLICY, "trailwarden-fence", NULL,
         "Action=PutUserPolicy&" IAM "&UserName=" NAME
         "&PolicyName=trailwarden-fence&PolicyDocument=" DOC},
        {IAM_DELETE_ROLE_POLICY, "p", NULL,
         "Action=DeleteRolePolicy&" IAM "&RoleName=" NAME "&PolicyName=p"},
        {IAM_PUT_ROLE_BOUNDARY, NULL, NULL,
         "Action=PutRolePermissionsBoundary&" IAM "&RoleName=" NAME "&PermissionsBoundary=" ARN},
        {IAM_UPDATE_ACCESS_KEY, NULL, NULL,
         "Action=UpdateAccessKey&" IAM "&UserName=" NAME
         "&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Inactive"},
        {IAM_CREATE_LOGIN_PROFILE, NULL, NULL,
         "Action=CreateLoginProfile&" IAM "&UserName=" NAME
         "&Password=p+w%2B&PasswordResetRequired=false"},
        {IAM_UPDATE_LOGIN_PROFILE, NULL, NULL,
         "Action=UpdateLoginProfile&" IAM "&UserName=" NAME "&PasswordResetRequired=false"},
        {IAM_TAG_ROLE, NULL, NULL,
         "Action=TagRole&" IAM "&RoleName=" NAME
         "&Tags.member.1.Key=ir-contained&Tags.member.1.Value=true"},
        {IAM_UNTAG_USER, NULL, NULL,
         "Action=UntagUser&" IAM "&UserName=" NAME "&TagKeys.member.1=ir-contained"},
        {IAM_UPDATE_TRUST_POLICY, NULL, NULL,
         "Action=UpdateAssumeRolePolicy&" IAM "&RoleName=" NAME "&PolicyDocument=" DOC},
        {IAM_REMOVE_USER_FROM_GROUP, "admins", NULL,
         "Action=RemoveUserFromGroup&" IAM "&UserName=" NAME "&GroupName=admins"},
        {IAM_DEACTIVATE_MFA_DEVICE, NULL, "arn:aws:iam::111122223333:mfa/a",
         "Action=DeactivateMFADevice&" IAM "&UserName=" NAME
         "&SerialNumber=arn%3Aaws%3Aiam%3A%3A111122223333%3Amfa%2Fa"},
        {IAM_DESCRIBE_INSTANCE_PROFILES, NULL, "i-0a1b2c3d4e5f60718",
         "Action=DescribeIamInstanceProfileAssociations&Version=2016-11-15"
         "&Filter.1.Name=instance-id&Filter.1.Value.1=i-0a1b2c3d4e5f60718"},
        {IAM_GET_INSTANCE_PROFILE, "machines", NULL,
         "Action=GetInstanceProfile&" IAM "&InstanceProfileName=machines"},
        {IAM_ASSOCIATE_PROFILE, "arn:aws:iam::111122223333:instance-profile/p",
         "i-0a1b2c3d4e5f60718",
         "Action=AssociateIamInstanceProfile&Version=2016-11-15&InstanceId=i-0a1b2c3d4e5f60718"
         "&IamInstanceProfile.Arn=arn%3Aaws%3Aiam%3A%3A111122223333%3Ainstance-profile%2Fp"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct iam_call call = full_call(cases[i].action);
        struct iam_request r;
        struct err e = {0};
        call.policy = cases[i].policy ? str_of(cases[i].policy) : call.policy;
        call.id = cases[i].id ? str_of(cases[i].id) : call.id;
        iam_request_init(&r);
        check_true(cases[i].body, iam_put_request(&call, STR_ABSENT, &r, &e));
        check_str(cases[i].body, buf_str(&r.body), str_of(cases[i].body));
        check_str(cases[i].body, buf_str(&r.path), S("/"));
        check_str(cases[i].body, str_of(r.method), S("POST"));
        iam_request_release(&r);
    }
}

static void writes_the_next_page(void **state)
{
    const struct iam_call call = full_call(IAM_LIST_USER_POLICIES);
    struct iam_request r;
    (void)state;
    iam_request_init(&r);
    check_true("page", iam_put_request(&call, S("a/b+="), &r, NULL));
    check_str("page", buf_str(&r.body),
              S("Action=ListUserPolicies&" IAM "&UserName=" NAME "&Marker=a%2Fb%2B%3D"));
    iam_request_release(&r);
}

static void writes_paths_and_json(void **state)
{
    static const struct {
        enum iam_action action;
        const char *method, *path, *body;
    } cases[] = {
        {IAM_GET_TRUST_ANCHOR, "GET", "/trustanchor/" UUID, ""},
        {IAM_DISABLE_TRUST_ANCHOR, "POST", "/trustanchor/" UUID "/disable", ""},
        {IAM_ENABLE_TRUST_ANCHOR, "POST", "/trustanchor/" UUID "/enable", ""},
        {IAM_GET_ANYWHERE_PROFILE, "GET", "/profile/" UUID, ""},
        {IAM_DISABLE_ANYWHERE_PROFILE, "POST", "/profile/" UUID "/disable", ""},
        {IAM_ENABLE_ANYWHERE_PROFILE, "POST", "/profile/" UUID "/enable", ""},
        {IAM_CREATE_SECRET, "POST", "/",
         "{\"Name\":\"a+b=c.d@e\",\"ClientRequestToken\":\"" UUID
         "\",\"SecretString\":\"p\\\"w\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct iam_call call = {
            .action = cases[i].action, .name = S("a+b=c.d@e"), .id = S(UUID), .secret = S("p\"w")};
        struct iam_request r;
        iam_request_init(&r);
        check_true(cases[i].path, iam_put_request(&call, STR_ABSENT, &r, NULL));
        check_str(cases[i].path, str_of(r.method), str_of(cases[i].method));
        check_str(cases[i].path, buf_str(&r.path), str_of(cases[i].path));
        check_str(cases[i].path, buf_str(&r.body), str_of(cases[i].body));
        iam_request_release(&r);
    }
}

/* What no service would take, or would take for something else, is not asked. */
static void refuses_arguments(void **state)
{
    static const struct {
        struct iam_call call;
        const char *sentence;
    } cases[] = {
        {{.action = IAM_GET_USER}, "no name of a user is given"},
        {{.action = IAM_GET_USER, .name = {"", 0}}, "\"\" is no name of a user"},
        {{.action = IAM_GET_USER, .name = {"a/b", 3}}, "\"a/b\" is no name of a user"},
        {{.action = IAM_GET_USER, .name = {"a\nb", 3}}, "\"a\\x0Ab\" is no name of a user"},
        {{.action = IAM_GET_ROLE, .name = {"a*", 2}}, "\"a*\" is no name of a role"},
        {{.action = IAM_GET_ROLE, .name = {"a\0b", 3}}, "\"a\\x00b\" is no name of a role"},
        {{.action = IAM_GET_ROLE, .name = {"\xc3\xa4", 2}}, "\"\xc3\xa4\" is no name of a role"},
        {{.action = IAM_ATTACH_USER_POLICY, .name = {"a", 1}}, "no ARN is given"},
        {{.action = IAM_ATTACH_USER_POLICY, .name = {"a", 1}, .policy = {"AWSDenyAll", 10}},
         "\"AWSDenyAll\" is no ARN"},
        {{.action = IAM_PUT_ROLE_POLICY, .name = {"a", 1}, .policy = {"p", 1}},
         "no policy is given"},
        {{.action = IAM_UPDATE_ACCESS_KEY, .name = {"a", 1}, .id = {"AKIA&Status=Active", 18}},
         "\"AKIA&Status=Active\" is no access key id"},
        {{.action = IAM_DISABLE_TRUST_ANCHOR, .id = {"../profile/0a1b2c3d-0a1b-0a1b-0a1b-0", 36}},
         "\"../profile/0a1b2c3d-0a1b-0a1b-0a1b-0\" is no id of Roles Anywhere"},
        {{.action = IAM_CREATE_LOGIN_PROFILE, .name = {"a", 1}, .secret = {"secret\0", 7}},
         "\"what is given\" is no password"},
        {{.action = IAM_ASSUME_ROLE}, "roles are assumed on the way, not by a call"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct iam_request r;
        struct err e = {0};
        iam_request_init(&r);
        check_false(cases[i].sentence, iam_put_request(&cases[i].call, STR_ABSENT, &r, &e));
        check_str(cases[i].sentence, str_of(e.text), str_of(cases[i].sentence));
        check_int(cases[i].sentence, e.kind,
                  cases[i].call.action == IAM_ASSUME_ROLE ? ERR_USAGE : ERR_INPUT);
        iam_request_release(&r);
    }
}

/* Every action but AssumeRole can be written, and none takes what is not there. */
static void writes_every_action(void **state)
{
    (void)state;
    for (int i = 0; i < IAM_ACTIONS; i++) {
        const char *name = iam_actions[i].name;
        struct iam_call call = full_call((enum iam_action)i);
        struct iam_request r;
        call.id = S(UUID);
        call.name = S("a");
        if (i == IAM_GET_USER_POLICY || i == IAM_GET_ROLE_POLICY || i == IAM_PUT_USER_POLICY ||
            i == IAM_PUT_ROLE_POLICY || i == IAM_DELETE_USER_POLICY ||
            i == IAM_DELETE_ROLE_POLICY || i == IAM_REMOVE_USER_FROM_GROUP ||
            i == IAM_GET_INSTANCE_PROFILE)
            call.policy = S("p");
        if (str_find(str_of(name), S("AccessKey"), 0) != SIZE_MAX ||
            i == IAM_DELETE_SIGNING_CERTIFICATE || i == IAM_DELETE_SSH_PUBLIC_KEY ||
            i == IAM_DELETE_SERVICE_SPECIFIC_CREDENTIAL)
            call.id = S("AKIAIOSFODNN7EXAMPLE");
        if (i == IAM_DEACTIVATE_MFA_DEVICE || i == IAM_DELETE_VIRTUAL_MFA_DEVICE)
            call.id = S("arn:aws:iam::111122223333:mfa/a");
        iam_request_init(&r);
        check_int(name, iam_put_request(&call, STR_ABSENT, &r, NULL), i != IAM_ASSUME_ROLE);
        iam_request_release(&r);
        const struct iam_call nothing = {.action = (enum iam_action)i};
        iam_request_init(&r);
        check_int(name, iam_put_request(&nothing, STR_ABSENT, &r, NULL),
                  i == IAM_GET_CALLER_IDENTITY);
        iam_request_release(&r);
    }
}

/* Reads one page into a fresh answer. */
static bool read_one(enum iam_action action, const char *body, struct iam_answer *out,
                     struct buf *marker, struct err *e)
{
    struct iam_reading r;
    iam_answer_init(out);
    iam_reading_init(&r, action, out);
    const bool ok = iam_read_page(&r, str_of(body), e) && iam_read_end(&r, e);
    if (marker)
        buf_put(marker, buf_str(&r.marker));
    iam_reading_release(&r);
    return ok;
}

#define XMLNS " xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\""
#define META  "<ResponseMetadata><RequestId>7a62c49f-347e-4fc4-9331</RequestId></ResponseMetadata>"

static void reads_a_user(void **state)
{
    struct iam_answer a;
    (void)state;
    check_true("user", read_one(IAM_GET_USER,
                                "<?xml version=\"1.0\"?>\n<GetUserResponse" XMLNS
                                ">\n  <GetUserResult>\n <User>\n <Path>/team/</Path>"
                                "<UserName>ann</UserName><UserId>AIDAEXAMPLE</UserId>"
                                "<Arn>arn:aws:iam::111122223333:user/team/ann</Arn>"
                                "<PermissionsBoundary><PermissionsBoundaryType>Policy"
                                "</PermissionsBoundaryType><PermissionsBoundaryArn>" DENY_ALL
                                "</PermissionsBoundaryArn></PermissionsBoundary>"
                                "<Tags><member><Key>a&amp;b</Key><Value/></member><member>"
                                "<Key>c</Key><Value>d</Value></member></Tags>"
                                "</User></GetUserResult>" META "</GetUserResponse>",
                                &a, NULL, NULL));
    check_str("name", a.name, S("ann"));
    check_str("id", a.id, S("AIDAEXAMPLE"));
    check_str("path", a.path, S("/team/"));
    check_str("arn", a.arn, S("arn:aws:iam::111122223333:user/team/ann"));
    check_str("boundary", a.boundary, S(DENY_ALL));
    check_str("trust", a.trust, STR_ABSENT);
    check_size("tags", a.n_items, 2);
    check_str("key", a.items[0].name, S("a&b"));
    check_str("value", a.items[0].value, S(""));
    check_str("value", a.items[1].value, S("d"));
    iam_answer_release(&a);
}

static void reads_a_role(void **state)
{
    struct iam_answer a;
    (void)state;
    check_true("role",
               read_one(IAM_GET_ROLE,
                        "<GetRoleResponse><GetRoleResult><Role><Path>/</Path>"
                        "<RoleName>dev</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>arn</Arn>"
                        "<AssumeRolePolicyDocument>%7B%22a%22%3A%20%22b%2Bc+d%25%22%7D%0A%"
                        "</AssumeRolePolicyDocument><MaxSessionDuration>3600"
                        "</MaxSessionDuration><RoleLastUsed><Region>x</Region></RoleLastUsed>"
                        "</Role></GetRoleResult></GetRoleResponse>",
                        &a, NULL, NULL));
    check_str("trust", a.trust, S("{\"a\": \"b+c+d%\"}\n%"));
    check_str("boundary", a.boundary, STR_ABSENT);
    check_size("tags", a.n_items, 0);
    iam_answer_release(&a);
}

static void reads_lists(void **state)
{
    struct iam_answer a;
    (void)state;
    check_true("attached",
               read_one(IAM_LIST_ATTACHED_ROLE_POLICIES,
                        "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult>"
                        "<AttachedPolicies><member><PolicyName>AWSDenyAll</PolicyName>"
                        "<PolicyArn>" DENY_ALL "</PolicyArn></member></AttachedPolicies>"
                        "<IsTruncated>false</IsTruncated></ListAttachedRolePoliciesResult>"
                        "</ListAttachedRolePoliciesResponse>",
                        &a, NULL, NULL));
    check_size("attached", a.n_items, 1);
    check_str("attached", a.items[0].name, S("AWSDenyAll"));
    check_str("attached", a.items[0].id, S(DENY_ALL));
    iam_answer_release(&a);

    check_true("inline", read_one(IAM_LIST_USER_POLICIES,
                                  "<ListUserPoliciesResponse><ListUserPoliciesResult>"
                                  "<PolicyNames><member>a</member><member>b</member></PolicyNames>"
                                  "<IsTruncated>false</IsTruncated></ListUserPoliciesResult>"
                                  "</ListUserPoliciesResponse>",
                                  &a, NULL, NULL));
    check_size("inline", a.n_items, 2);
    check_str("inline", a.items[1].name, S("b"));
    iam_answer_release(&a);

    check_true("keys",
               read_one(IAM_LIST_ACCESS_KEYS,
                        "<ListAccessKeysResponse><ListAccessKeysResult><UserName>ann</UserName>"
                        "<AccessKeyMetadata><member><UserName>ann</UserName>"
                        "<AccessKeyId>AKIA1</AccessKeyId><Status>Active</Status></member><member>"
                        "<AccessKeyId>AKIA2</AccessKeyId><Status>Inactive</Status></member>"
                        "</AccessKeyMetadata><IsTruncated>false</IsTruncated>"
                        "</ListAccessKeysResult></ListAccessKeysResponse>",
                        &a, NULL, NULL));
    check_true("keys", a.items[0].active);
    check_false("keys", a.items[1].active);
    check_str("keys", a.items[1].id, S("AKIA2"));
    iam_answer_release(&a);

    check_true("none", read_one(IAM_LIST_ACCESS_KEYS,
                                "<ListAccessKeysResponse><ListAccessKeysResult>"
                                "<AccessKeyMetadata/></ListAccessKeysResult>"
                                "</ListAccessKeysResponse>",
                                &a, NULL, NULL));
    check_size("none", a.n_items, 0);
    iam_answer_release(&a);

    check_true(
        "instance",
        read_one(IAM_DESCRIBE_INSTANCE_PROFILES,
                 "<DescribeIamInstanceProfileAssociationsResponse "
                 "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>"
                 "<iamInstanceProfileAssociationSet><item>"
                 "<associationId>iip-assoc-0a1b</associationId><instanceId>i-0a1b</instanceId>"
                 "<iamInstanceProfile><arn>arn:p</arn><id>AIPA</id></iamInstanceProfile>"
                 "<state>associated</state></item></iamInstanceProfileAssociationSet>"
                 "</DescribeIamInstanceProfileAssociationsResponse>",
                 &a, NULL, NULL));
    check_str("instance", a.items[0].id, S("iip-assoc-0a1b"));
    check_str("instance", a.items[0].name, S("i-0a1b"));
    check_str("instance", a.items[0].value, S("arn:p"));
    check_true("instance", a.items[0].active);
    iam_answer_release(&a);

    check_true(
        "its profile",
        read_one(IAM_GET_INSTANCE_PROFILE,
                 "<GetInstanceProfileResponse><GetInstanceProfileResult><InstanceProfile>"
                 "<Roles><member><Path>/</Path><RoleName>web</RoleName><RoleId>AROA1</RoleId>"
                 "<Tags><member><Key>RoleName</Key><Value>x</Value></member></Tags></member>"
                 "</Roles><InstanceProfileName>p</InstanceProfileName><Tags/>"
                 "</InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>",
                 &a, NULL, NULL));
    check_size("its profile", a.n_items, 1);
    check_str("its profile", a.items[0].name, S("web"));
    check_str("its profile", a.items[0].id, S("AROA1"));
    iam_answer_release(&a);
}

static void reads_the_rest(void **state)
{
    struct iam_answer a;
    (void)state;
    check_true("caller", read_one(IAM_GET_CALLER_IDENTITY,
                                  "<GetCallerIdentityResponse><GetCallerIdentityResult>"
                                  "<Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>"
                                  "<UserId>AROAEXAMPLE:s</UserId><Account>111122223333</Account>"
                                  "</GetCallerIdentityResult></GetCallerIdentityResponse>",
                                  &a, NULL, NULL));
    check_str("caller", a.account, S("111122223333"));
    check_str("caller", a.id, S("AROAEXAMPLE:s"));
    iam_answer_release(&a);

    check_true("key", read_one(IAM_CREATE_ACCESS_KEY,
                               "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey>"
                               "<UserName>ann</UserName><AccessKeyId>AKIANEW</AccessKeyId>"
                               "<Status>Active</Status><SecretAccessKey>wJalr/+X</SecretAccessKey>"
                               "</AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>",
                               &a, NULL, NULL));
    check_str("key", a.id, S("AKIANEW"));
    check_str("key", buf_str(&a.secret), S("wJalr/+X"));
    iam_answer_release(&a);

    check_true("policy",
               read_one(IAM_GET_USER_POLICY,
                        "<GetUserPolicyResponse><GetUserPolicyResult><UserName>ann</UserName>"
                        "<PolicyName>p</PolicyName><PolicyDocument>{\"as\":\"it is 100%25\"}"
                        "</PolicyDocument></GetUserPolicyResult></GetUserPolicyResponse>",
                        &a, NULL, NULL));
    check_str("policy", a.document, S("{\"as\":\"it is 100%25\"}"));
    iam_answer_release(&a);

    check_true("anchor", read_one(IAM_DISABLE_TRUST_ANCHOR,
                                  "{\"trustAnchor\":{\"trustAnchorId\":\"" UUID "\",\"name\":\"n\","
                                  "\"trustAnchorArn\":\"arn:t\",\"enabled\":false,\"source\":{}}}",
                                  &a, NULL, NULL));
    check_str("anchor", a.id, S(UUID));
    check_str("anchor", a.arn, S("arn:t"));
    check_false("anchor", a.active);
    iam_answer_release(&a);

    check_true("profile", read_one(IAM_GET_ANYWHERE_PROFILE,
                                   "{\"profile\":{\"profileId\":\"" UUID "\",\"name\":\"n\","
                                   "\"enabled\":true,\"roleArns\":[\"arn:1\",\"arn:2\"]}}",
                                   &a, NULL, NULL));
    check_true("profile", a.active);
    check_size("profile", a.n_items, 2);
    check_str("profile", a.items[1].id, S("arn:2"));
    iam_answer_release(&a);

    check_true("write",
               read_one(IAM_ATTACH_USER_POLICY,
                        "<AttachUserPolicyResponse" XMLNS ">" META "</AttachUserPolicyResponse>",
                        &a, NULL, NULL));
    iam_answer_release(&a);
}

static void follows_pages(void **state)
{
    static const struct {
        const char *name;
        enum iam_action action;
        const char *body, *marker;
    } cases[] = {
        {"more", IAM_LIST_USER_POLICIES,
         "<ListUserPoliciesResponse><ListUserPoliciesResult><IsTruncated>true</IsTruncated>"
         "<PolicyNames><member>a</member></PolicyNames><Marker>m&amp;/+=</Marker>"
         "</ListUserPoliciesResult></ListUserPoliciesResponse>",
         "m&/+="},
        {"a marker behind the last", IAM_LIST_USER_POLICIES,
         "<ListUserPoliciesResponse><ListUserPoliciesResult><IsTruncated>false</IsTruncated>"
         "<PolicyNames><member>a</member></PolicyNames><Marker>m</Marker>"
         "</ListUserPoliciesResult></ListUserPoliciesResponse>",
         ""},
        {"more of EC2", IAM_DESCRIBE_INSTANCE_PROFILES,
         "<DescribeIamInstanceProfileAssociationsResponse><nextToken>t</nextToken>"
         "<iamInstanceProfileAssociationSet><item><associationId>a</associationId></item>"
         "</iamInstanceProfileAssociationSet></DescribeIamInstanceProfileAssociationsResponse>",
         "t"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct iam_answer a;
        struct buf marker;
        buf_init(&marker, 100);
        check_true(cases[i].name, read_one(cases[i].action, cases[i].body, &a, &marker, NULL));
        check_str(cases[i].name, buf_str(&marker), str_of(cases[i].marker));
        check_size(cases[i].name, a.n_items, 1);
        buf_release(&marker);
        iam_answer_release(&a);
    }
}

/* A 200 that is not that call's answer, or not all of it, proves nothing. */
static void refuses_other_answers(void **state)
{
    static const struct {
        enum iam_action action;
        const char *body;
    } cases[] = {
        {IAM_ATTACH_USER_POLICY, ""},
        {IAM_ATTACH_USER_POLICY, "<html><body>proxy</body></html>"},
        {IAM_ATTACH_USER_POLICY, "<AttachRolePolicyResponse/>"},
        {IAM_ATTACH_USER_POLICY, "<AttachUserPolicyResponse>"},
        {IAM_ATTACH_USER_POLICY, "<AttachUserPolicyResponses/>"},
        {IAM_GET_USER, "<GetUserResponse><GetUserResult/></GetUserResponse>"},
        {IAM_GET_USER, "<GetUserResponse><GetUserResult><User><UserName>a</UserName></User>"
                       "</GetUserResult></GetUserResponse>"},
        {IAM_GET_USER_POLICY, "<GetUserPolicyResponse><GetUserPolicyResult/>"
                              "</GetUserPolicyResponse>"},
        {IAM_LIST_ACCESS_KEYS, "<ListAccessKeysResponse><ListAccessKeysResult/>"
                               "</ListAccessKeysResponse>"},
        {IAM_LIST_ACCESS_KEYS, "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata/>"
                               "<IsTruncated>true</IsTruncated></ListAccessKeysResult>"
                               "</ListAccessKeysResponse>"},
        {IAM_CREATE_ACCESS_KEY, "<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey>"
                                "<AccessKeyId>A</AccessKeyId></AccessKey></CreateAccessKeyResult>"
                                "</CreateAccessKeyResponse>"},
        {IAM_DISABLE_TRUST_ANCHOR, "{}"},
        {IAM_DISABLE_TRUST_ANCHOR, "[1]"},
        {IAM_DISABLE_TRUST_ANCHOR, "{\"trustAnchor\":{\"trustAnchorId\":\"x\"}}"},
        {IAM_DISABLE_TRUST_ANCHOR, "not json"},
        {IAM_CREATE_SECRET, "{\"Name\":\"n\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct iam_answer a;
        struct err e = {0};
        check_false(cases[i].body, read_one(cases[i].action, cases[i].body, &a, NULL, &e));
        check_int(cases[i].body, e.kind, ERR_RETRY);
        iam_answer_release(&a);
    }
}

static void bounds_lists(void **state)
{
    struct iam_answer a;
    struct iam_reading r;
    struct err e = {0};
    (void)state;
    iam_answer_init(&a);
    iam_reading_init(&r, IAM_LIST_USER_POLICIES, &a);
    size_t pages = 0;
    while (iam_read_page(&r,
                         S("<ListUserPoliciesResponse><ListUserPoliciesResult><PolicyNames>"
                           "<member>a</member><member>b</member><member>c</member></PolicyNames>"
                           "<IsTruncated>true</IsTruncated><Marker>m</Marker>"
                           "</ListUserPoliciesResult></ListUserPoliciesResponse>"),
                         &e))
        pages++;
    check_size("pages", pages, IAM_ITEMS_MAX / 3);
    check_int("kind", e.kind, ERR_LIMIT);
    iam_reading_release(&r);
    iam_answer_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_queries),        cmocka_unit_test(writes_the_next_page),
        cmocka_unit_test(writes_paths_and_json), cmocka_unit_test(refuses_arguments),
        cmocka_unit_test(writes_every_action),   cmocka_unit_test(reads_a_user),
        cmocka_unit_test(reads_a_role),          cmocka_unit_test(reads_lists),
        cmocka_unit_test(reads_the_rest),        cmocka_unit_test(follows_pages),
        cmocka_unit_test(refuses_other_answers), cmocka_unit_test(bounds_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
