/* respond/contain_plan: every rail with somebody who tries to get past it, who decides in each
 * mode, and the steps that follow. Each case is a change of one and the same: dana (a user) did
 * something of level critical five minutes ago, and mode auto may act on anything high. */
#include "respond/contain_plan.h"

#include "tests/unit/support/check.h"

#define A "111122223333"
#define B "444455556666"

#define NOW_MS    1773756311250LL /* 2026-03-17T14:05:11.250Z */
#define MINUTE_MS (60 * 1000LL)

#define USER          "arn:aws:iam::" A ":user/dana"
#define ROLE          "arn:aws:sts::" A ":assumed-role/dev/alice"
#define WEB           "arn:aws:sts::" A ":assumed-role/web/i-0317f6c6b66ae9c40"
#define KEY           "AKIAZ2EXAMPLE6MS"
#define AUTO          "auto: {rules: ['*'], level: high}\n  "
#define LOGS(account) "s3://trail/AWSLogs/" account "/CloudTrail/us-east-1/2026/03/17/x.json.gz"
#define TRUST(principal)                                                                           \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" principal    \
    ",\"Action\":\"sts:AssumeRole\"}]}"
#define PEOPLE TRUST("{\"AWS\":\"arn:aws:iam::" A ":root\"}")
#define EC2    TRUST("{\"Service\":\"ec2.amazonaws.com\"}")
#define LAMBDA TRUST("{\"Service\":\"lambda.amazonaws.com\"}")

#define NO_STRATEGY 0
#define STRATEGY(s) ((int)(s) + 1)

/* What differs from the case above; NULL and 0: nothing. */
struct variant {
    const char *name;
    /* whom */
    const char *arn;        /* USER */
    const char *id;         /* of the record; AIDADANA, AROADEV */
    const char *made_of;    /* a key of the lineage, in place of arn */
    enum subject_kind kind; /* FEDERATED: dana by the session of another */
    enum contain_how how;
    /* rules */
    const char *config; /* AUTO */
    const char *mode;   /* "auto" */
    const char *rule;
    enum level level; /* informational, which is 0: critical */
    bool low;         /* level low */
    const char *unsure;
    bool asked, by_operator;
    int strategy; /* STRATEGY(...) */
    const char *target;
    /* the event */
    bool no_event;
    const char *object, *account, *error, *source, *call, *sign_in;
    int64_t age_ms; /* 0: five minutes */
    bool untimed;
    /* what IAM says */
    bool not_asked, gone;
    const char *live_id, *live_path, *live_name, *trust; /* PEOPLE */
    /* the past */
    bool contained;
    uint32_t attempts, all, of_account;
    int64_t since_ms; /* last attempt */
    /* wanted */
    enum contain_refusal why;
    const char *plan; /* mode: steps, those in brackets being fallbacks; NULL: refused */
    const char *says; /* part of the reason */
};

#define DENY_DANA "attach (put-boundary) keys-off"

static const struct variant variants[] = {
    /* ---- the ladder ---- */
    {"a user", .plan = "auto: " DENY_DANA},
    {"a federated user is his issuer", .kind = SUBJECT_FEDERATED, .plan = "auto: " DENY_DANA},
    {"a session of a person's role", ROLE, .plan = "auto: attach (put-boundary)"},
    {"a role that the intruder made", "arn:aws:iam::" A ":role/back", .how = CONTAIN_MADE,
     .plan = "auto: attach (put-boundary)"},
    {"a user that the intruder made", "arn:aws:iam::" A ":user/support", .how = CONTAIN_MADE,
     .plan = "auto: " DENY_DANA},
    {"a key that the intruder made for another", .made_of = KEY, .live_name = "bob",
     .plan = "auto: key-off=" KEY},
    {"a role that he assumed", ROLE, .how = CONTAIN_ASSUMED, .plan = "auto: attach (put-boundary)"},
    {"with the opt-in, a user", .config = AUTO "inline_policies: true",
     .plan = "auto: attach (put-inline=trailwarden-deny-all) (put-boundary) keys-off"},
    {"with the opt-in, a session", ROLE, .config = AUTO "inline_policies: true",
     .plan = "auto: put-inline=trailwarden-deny-session-94fb02a0 "
             "put-inline=trailwarden-revoke-older"},
    {"with the opt-in, a session whose role's id nobody tells", ROLE, .id = "", .live_id = "",
     .config = AUTO "inline_policies: true", .plan = "auto: put-inline=trailwarden-revoke-older"},
    {"with the opt-in, a role that he made", "arn:aws:iam::" A ":role/back", .how = CONTAIN_MADE,
     .config = AUTO "inline_policies: true",
     .plan = "auto: attach (put-inline=trailwarden-deny-all) (put-boundary)"},
    {"the console as well", .config = AUTO "strategies: {user: [deny-all, keys-off, console-off]}",
     .plan = "auto: " DENY_DANA " console-off"},
    {"only the reset", .config = AUTO "strategies: {user: force-reset}",
     .plan = "auto: force-reset"},
    {"a boundary", .config = AUTO "strategies: {user: boundary, role: boundary}",
     .plan = "auto: put-boundary"},
    {"inline", .config = AUTO "inline_policies: true\n  strategies: {user: deny-inline}",
     .plan = "auto: put-inline=trailwarden-deny-all (put-boundary)"},
    {"a fence",
     .config = AUTO "inline_policies: true\n  fence: {cidrs: 192.0.2.0/24}\n"
                    "  strategies: {user: [fence, tag]}",
     .plan = "auto: put-inline=trailwarden-fence tag"},
    {"trust", ROLE, .config = AUTO "inline_policies: true\n  strategies: {role: [trust-cut]}",
     .plan = "auto: cut-trust"},
    {"a made role whatever the ladder spares", "arn:aws:iam::" A ":role/back", .how = CONTAIN_MADE,
     .config = AUTO "inline_policies: true\n  strategies: {role: [deny-session, revoke-older]}",
     .plan = "auto: attach (put-inline=trailwarden-deny-all) (put-boundary)"},
    {"a made role by the ladder that denies all", "arn:aws:iam::" A ":role/back",
     .how = CONTAIN_MADE, .config = AUTO "strategies: {role: [boundary]}",
     .plan = "auto: put-boundary"},
    {"the tag for the SCP", .config = AUTO "scp_tag: true", .plan = "auto: " DENY_DANA " tag"},
    {"the tag once", .config = AUTO "scp_tag: true\n  strategies: {user: [tag, deny-all]}",
     .plan = "auto: tag attach (put-boundary)"},
    {"no tag on a key", .made_of = KEY, .live_name = "bob", .config = AUTO "scp_tag: true",
     .plan = "auto: key-off=" KEY},
    {"nothing that fits", "arn:aws:iam::" A ":role/dev",
     .config = AUTO "inline_policies: true\n  strategies: {role: deny-session}",
     .why = REFUSED_NO_STEPS},
    {"an entry that is no instance's", ROLE, .config = AUTO "strategies: {role: entry-cut}",
     .why = REFUSED_NO_STEPS},
    {"an instance that the session only claims to be", WEB,
     .config = AUTO "strategies: {role: entry-cut}", .why = REFUSED_NO_STEPS},
    {"an instance", WEB, .trust = EC2, .config = AUTO "strategies: {role: entry-cut}",
     .why = ASK_WORKLOAD,
     .plan = "approval: cut-instance=arn:aws:ec2:us-east-1:" A ":instance/i-0317f6c6b66ae9c40"},

    /* ---- who decides ---- */
    {"off", .mode = "off", .why = REFUSED_OFF},
    {"off, and approved all the same", .mode = "off", .asked = true, .why = REFUSED_OFF},
    {"dry run", .mode = "dry-run", .plan = "dry-run: " DENY_DANA},
    {"dry run of what would be asked", .mode = "dry-run", .low = true, .why = ASK_RULE,
     .plan = "dry-run: " DENY_DANA},
    {"dry run, and approved", .mode = "dry-run", .asked = true, .plan = "dry-run: " DENY_DANA},
    {"dry run of a workload", WEB, .trust = EC2, .mode = "dry-run", .why = ASK_WORKLOAD,
     .plan = "dry-run: attach (put-boundary)"},
    {"approval", .mode = "approval", .why = ASK_MODE, .plan = "approval: " DENY_DANA},
    {"approval of what auto would do", .mode = "approval", .low = true, .why = ASK_MODE,
     .plan = "approval: " DENY_DANA},
    {"approved", .mode = "approval", .asked = true, .plan = "auto: " DENY_DANA},
    {"auto, level too low", .low = true, .why = ASK_RULE, .plan = "approval: " DENY_DANA},
    {"auto, level at the edge", .level = LEVEL_HIGH, .plan = "auto: " DENY_DANA},
    {"auto, level below the edge", .level = LEVEL_MEDIUM, .why = ASK_RULE,
     .plan = "approval: " DENY_DANA},
    {"auto without rules", .config = "auto: {level: low}", .why = ASK_RULE,
     .plan = "approval: " DENY_DANA},
    {"auto, another rule", .config = "auto: {rules: [r2]}", .why = ASK_RULE,
     .plan = "approval: " DENY_DANA},
    {"auto, the rule", .config = "auto: {rules: [r2, r1]}", .plan = "auto: " DENY_DANA},
    {"auto, a rule that begins so", .config = "auto: {rules: [r]}", .why = ASK_RULE,
     .plan = "approval: " DENY_DANA},
    {"auto, another rule, approved", .config = "auto: {rules: [r2]}", .asked = true,
     .plan = "auto: " DENY_DANA},
    {"no configuration", .config = "", .why = ASK_RULE, .plan = "approval: " DENY_DANA},
    {"an operator, containment off", .mode = "off", .by_operator = true,
     .plan = "auto: attach (put-inline=trailwarden-deny-all) (put-boundary) keys-off"},
    {"an operator, without an event", .mode = "off", .by_operator = true, .no_event = true,
     .plan = "auto: attach (put-inline=trailwarden-deny-all) (put-boundary) keys-off"},
    {"a forecast is no permission", .not_asked = true, .plan = "auto, unconfirmed: " DENY_DANA},

    /* ---- workloads ---- */
    {"an instance's role", WEB, .trust = EC2, .why = ASK_WORKLOAD,
     .plan = "approval: attach (put-boundary)", .says = "an EC2 instance"},
    {"an instance's role, approved", WEB, .trust = EC2, .asked = true,
     .plan = "auto: attach (put-boundary)"},
    {"an instance's role, never", WEB, .trust = EC2, .config = AUTO "workload: never",
     .why = REFUSED_WORKLOAD},
    {"an instance's role, never, but an operator says so", WEB, .trust = EC2,
     .config = AUTO "workload: never", .by_operator = true, .strategy = STRATEGY(CONTAIN_DENY_ALL),
     .plan = "auto: attach (put-inline=trailwarden-deny-all) (put-boundary)"},
    {"an instance, as far as is known", WEB, .not_asked = true, .why = ASK_WORKLOAD,
     .plan = "approval, unconfirmed: attach (put-boundary)"},
    {"a function's role", ROLE, .trust = LAMBDA, .why = ASK_WORKLOAD,
     .plan = "approval: attach (put-boundary)", .says = "a Lambda function"},
    {"a task's role", ROLE, .trust = TRUST("{\"Service\":\"ecs-tasks.amazonaws.com\"}"),
     .why = ASK_WORKLOAD, .plan = "approval: attach (put-boundary)"},
    {"Roles Anywhere", ROLE, .trust = TRUST("{\"Service\":\"rolesanywhere.amazonaws.com\"}"),
     .why = ASK_WORKLOAD, .plan = "approval: attach (put-boundary)"},
    {"a person who names his session like an instance", WEB, .trust = PEOPLE,
     .plan = "auto: attach (put-boundary)"},
    {"a trust policy that nobody can read", ROLE, .trust = "%7B", .why = ASK_WORKLOAD,
     .plan = "approval: attach (put-boundary)"},
    {"a made role for instances", "arn:aws:iam::" A ":role/back", .trust = EC2, .how = CONTAIN_MADE,
     .plan = "auto: attach (put-boundary)"},
    {"an assumed role of functions", ROLE, .trust = LAMBDA, .how = CONTAIN_ASSUMED,
     .why = ASK_WORKLOAD, .plan = "approval: attach (put-boundary)"},

    /* ---- the event ---- */
    {"another bucket", .object = "s3://evil/AWSLogs/" A "/CloudTrail/x.json.gz",
     .why = REFUSED_SOURCE},
    {"a bucket that begins so", .object = "s3://trail2/AWSLogs/" A "/CloudTrail/x.json.gz",
     .why = REFUSED_SOURCE},
    {"a bucket in the key", .object = "s3://evil/trail/AWSLogs/" A "/CloudTrail/x.json.gz",
     .why = REFUSED_SOURCE},
    {"no object", .object = "", .why = REFUSED_SOURCE},
    {"a file", .object = "trail/AWSLogs/" A "/CloudTrail/x.json.gz", .why = REFUSED_SOURCE},
    {"another bucket, approved", .object = "s3://evil/AWSLogs/" A "/CloudTrail/x.json.gz",
     .asked = true, .why = REFUSED_SOURCE},
    {"no event", .no_event = true, .why = REFUSED_SOURCE},
    {"no event, but asked by name", .no_event = true, .asked = true, .plan = "auto: " DENY_DANA},
    {"another account's key", .object = "s3://trail/AWSLogs/" B "/CloudTrail/x.json.gz",
     .why = REFUSED_KEY},
    {"a record of another account", .account = B, .why = REFUSED_KEY},
    {"a record of no account", .account = "", .why = REFUSED_KEY},
    {"a key without an account", .object = "s3://trail/x.json.gz", .why = REFUSED_KEY},
    {"a key that ends at the account", .object = "s3://trail/AWSLogs/" A, .why = REFUSED_KEY},
    {"an organization's trail", .object = "s3://trail/AWSLogs/o-abc/" A "/CloudTrail/x.json.gz",
     .plan = "auto: " DENY_DANA},
    {"a prefix", .object = "s3://trail/all/logs/AWSLogs/" A "/CloudTrail/x.json.gz",
     .plan = "auto: " DENY_DANA},
    {"a prefix that names an account",
     .object = "s3://trail/AWSLogs/" A "/AWSLogs/" B "/CloudTrail/x.json.gz", .why = REFUSED_KEY},
    {"an old log", .age_ms = 61 * MINUTE_MS, .why = REFUSED_OLD},
    {"just young enough", .age_ms = 60 * MINUTE_MS, .plan = "auto: " DENY_DANA},
    {"old, and allowed", .age_ms = 61 * MINUTE_MS, .config = AUTO "limits: {event_age: 2h}",
     .plan = "auto: " DENY_DANA},
    {"an old log, approved", .age_ms = 61 * MINUTE_MS, .asked = true, .plan = "auto: " DENY_DANA},
    {"an old log in dry run", .age_ms = 61 * MINUTE_MS, .mode = "dry-run", .why = REFUSED_OLD},
    {"tomorrow's log", .age_ms = -16 * MINUTE_MS, .why = REFUSED_FUTURE},
    {"a clock that is ahead", .age_ms = -14 * MINUTE_MS, .plan = "auto: " DENY_DANA},
    {"no time", .untimed = true, .why = REFUSED_UNTIMED},
    {"a sign-in", .source = "signin.amazonaws.com", .call = "ConsoleLogin", .sign_in = "Success",
     .plan = "auto: " DENY_DANA},
    {"a failed sign-in", .source = "signin.amazonaws.com", .call = "ConsoleLogin",
     .sign_in = "Failure", .why = REFUSED_UNAUTHENTICATED},
    {"a sign-in of which nothing is known", .source = "signin.amazonaws.com",
     .call = "ConsoleLogin", .why = REFUSED_UNAUTHENTICATED},
    {"a lost password", .source = "signin.amazonaws.com", .call = "PasswordRecoveryRequested",
     .sign_in = "Success", .why = REFUSED_UNAUTHENTICATED},
    {"a failed sign-in, approved", .source = "signin.amazonaws.com", .call = "ConsoleLogin",
     .sign_in = "Failure", .asked = true, .why = REFUSED_UNAUTHENTICATED},
    {"a bad signature", .error = "SignatureDoesNotMatch", .why = REFUSED_UNAUTHENTICATED},
    {"EC2's bad signature", .error = "Client.AuthFailure", .why = REFUSED_UNAUTHENTICATED},
    {"an unknown key", .error = "InvalidClientTokenId", .why = REFUSED_UNAUTHENTICATED},
    {"a call that was refused proves who made it", .error = "AccessDenied",
     .plan = "auto: " DENY_DANA},
    {"EC2's as well", .error = "Client.UnauthorizedOperation", .plan = "auto: " DENY_DANA},

    /* ---- the subject ---- */
    {"root", "arn:aws:iam::" A ":root", .why = REFUSED_SUBJECT, .says = "nobody can change"},
    {"Identity Center", "arn:aws:sts::" A ":assumed-role/AWSReservedSSO_Admin_0a/alice",
     .why = REFUSED_SUBJECT, .says = "Identity Center"},
    {"a service's role", "arn:aws:sts::" A ":assumed-role/AWSServiceRoleForX/x",
     .why = REFUSED_SUBJECT},
    {"Identity Center, an operator asks",
     "arn:aws:sts::" A ":assumed-role/AWSReservedSSO_Admin_0a/alice", .by_operator = true,
     .why = REFUSED_SUBJECT},
    {"a service's role, as IAM says", ROLE, .live_path = "/aws-service-role/x.amazonaws.com/",
     .why = REFUSED_SUBJECT},
    {"a role of Identity Center, as IAM says", ROLE,
     .live_path = "/aws-reserved/sso.amazonaws.com/", .why = REFUSED_SUBJECT},
    {"a session's key", .made_of = "ASIAZ2EXAMPLE7NT", .why = REFUSED_SUBJECT},
    {"a key of nobody", .made_of = KEY, .why = REFUSED_GONE},
    {"deleted", .gone = true, .why = REFUSED_GONE},
    {"deleted and made anew", .live_id = "AIDASECOND", .why = REFUSED_OTHER},
    {"a hidden id", .id = "", .plan = "auto: " DENY_DANA},
    {"ourselves by id", "arn:aws:sts::" A ":assumed-role/renamed/x", .id = "AROAOWN",
     .live_id = "AROAOWN", .why = REFUSED_OWN},
    {"ourselves by name", "arn:aws:sts::" A ":assumed-role/TrailWarden/x", .id = "",
     .why = REFUSED_OWN},
    {"ourselves by another's call", "arn:aws:sts::" A ":assumed-role/trailwarden/alice",
     .id = "AROAOWN", .live_id = "AROAOWN", .asked = true, .why = REFUSED_OWN},
    {"ourselves, an operator asks", "arn:aws:iam::" A ":role/x/trailwarden", .id = "",
     .live_path = "/x/", .by_operator = true, .why = REFUSED_OWN},
    {"a user of our name", "arn:aws:iam::" A ":user/trailwarden", .plan = "auto: " DENY_DANA},
    {"our name in another account", "arn:aws:sts::" B ":assumed-role/trailwarden/x",
     .config = AUTO "accounts: {" B ": {role: responder}}",
     .plan = "auto: attach (put-boundary) @" B},
    {"a session of our name", "arn:aws:sts::" A ":assumed-role/dev/trailwarden",
     .plan = "auto: attach (put-boundary)"},
    {"the responder of the account", "arn:aws:sts::" B ":assumed-role/Responder/trailwarden",
     .config = AUTO "accounts: {" B ": {role: ops/responder}}", .why = REFUSED_RESPONDER},
    {"a responder by ARN", "arn:aws:sts::" A ":assumed-role/people/x",
     .config = AUTO "responders: arn:aws:iam::" A ":role/people", .why = REFUSED_RESPONDER},
    {"a responder by id", ROLE, .config = AUTO "responders: AROADEV", .why = REFUSED_RESPONDER},
    {"a responder, approved", ROLE, .config = AUTO "responders: AROADEV", .asked = true,
     .why = REFUSED_RESPONDER},
    {"break-glass by ARN", .config = AUTO "break_glass: " USER, .why = REFUSED_BREAK_GLASS},
    {"break-glass by id", .config = AUTO "break_glass: AIDADANA", .why = REFUSED_BREAK_GLASS},
    {"break-glass by the id that IAM tells", .id = "", .config = AUTO "break_glass: AIDADANA",
     .why = REFUSED_BREAK_GLASS},
    {"break-glass in another case", .config = AUTO "break_glass: arn:aws:iam::" A ":user/DANA",
     .why = REFUSED_BREAK_GLASS},
    {"break-glass with its path left out", "arn:aws:iam::" A ":user/team/dana",
     .live_path = "/team/", .config = AUTO "break_glass: " USER, .why = REFUSED_BREAK_GLASS},
    {"break-glass, an operator asks", .config = AUTO "break_glass: " USER, .by_operator = true,
     .why = REFUSED_BREAK_GLASS},
    {"a key of break-glass", .made_of = KEY, .live_name = "dana", .live_id = "AIDADANA",
     .config = AUTO "break_glass: AIDADANA", .why = REFUSED_BREAK_GLASS},
    {"a longer name than break-glass", "arn:aws:iam::" A ":user/dana2",
     .config = AUTO "break_glass: " USER, .plan = "auto: " DENY_DANA},
    {"a path named like break-glass", "arn:aws:iam::" A ":user/dana/eve", .live_path = "/dana/",
     .config = AUTO "break_glass: " USER, .plan = "auto: " DENY_DANA},
    {"a role named like break-glass", "arn:aws:sts::" A ":assumed-role/dana/x",
     .config = AUTO "break_glass: " USER, .plan = "auto: attach (put-boundary)"},
    {"a session named like break-glass", "arn:aws:sts::" A ":assumed-role/dev/dana",
     .config = AUTO "break_glass: " USER, .plan = "auto: attach (put-boundary)"},
    {"break-glass of another account", .config = AUTO "break_glass: arn:aws:iam::" B ":user/dana",
     .plan = "auto: " DENY_DANA},
    {"another account", "arn:aws:iam::" B ":user/dana", .why = REFUSED_ACCOUNT, .says = B},
    {"another account on the list", "arn:aws:iam::" B ":user/dana",
     .config = AUTO "accounts: {" B ": {role: responder}}", .plan = "auto: " DENY_DANA " @" B},
    {"an event of an account off the list", "arn:aws:iam::" B ":user/dana", .account = A,
     .object = LOGS(A), .config = AUTO "accounts: {" B ": {role: responder}}",
     .why = REFUSED_ACCOUNT, .says = A},
    {"an event of another account, without a list", .account = B, .object = LOGS(B),
     .why = REFUSED_ACCOUNT, .says = B},
    {"an event of another account on the list", .account = B, .object = LOGS(B),
     .config = AUTO "accounts: {" A ": , " B ": {role: responder}}", .plan = "auto: " DENY_DANA},
    {"another account without a role", "arn:aws:iam::" B ":user/dana",
     .config = AUTO "accounts: {" B ": }", .why = REFUSED_ACCOUNT},
    {"our account off the list", .config = AUTO "accounts: {" B ": {role: responder}}",
     .why = REFUSED_ACCOUNT},
    {"our account on the list", .config = AUTO "accounts: {" A ": }", .plan = "auto: " DENY_DANA},
    {"our account by a role", .config = AUTO "accounts: {" A ": {role: responder}}",
     .plan = "auto: " DENY_DANA " @" A},
    {"another account, an operator asks", "arn:aws:iam::" B ":user/dana", .by_operator = true,
     .why = REFUSED_ACCOUNT},
    {"another partition", "arn:aws-cn:iam::" A ":user/dana", .why = REFUSED_PARTITION},

    /* ---- the past ---- */
    {"contained", .contained = true, .why = REFUSED_CONTAINED},
    {"contained, asked for again", .contained = true, .asked = true, .why = REFUSED_CONTAINED},
    {"contained, something else asked for", .contained = true, .by_operator = true,
     .strategy = STRATEGY(CONTAIN_CONSOLE_OFF), .plan = "auto: console-off"},
    {"the second attempt", .attempts = 1, .since_ms = 15 * MINUTE_MS, .plan = "auto: " DENY_DANA},
    {"too soon", .attempts = 1, .since_ms = 15 * MINUTE_MS - 1, .why = REFUSED_COOLDOWN},
    {"too soon, approved", .attempts = 1, .since_ms = 1, .asked = true, .plan = "auto: " DENY_DANA},
    {"the fourth attempt", .attempts = 3, .since_ms = 1000 * MINUTE_MS, .why = REFUSED_ATTEMPTS},
    {"the third attempt", .attempts = 2, .since_ms = 1000 * MINUTE_MS, .plan = "auto: " DENY_DANA},
    {"the second attempt of one", .attempts = 1, .since_ms = 1000 * MINUTE_MS,
     .config = AUTO "limits: {attempts: 1}", .why = REFUSED_ATTEMPTS},
    {"the eleventh within the hour", .all = 10, .why = ASK_CAP, .plan = "approval: " DENY_DANA},
    {"the tenth", .all = 9, .of_account = 4, .plan = "auto: " DENY_DANA},
    {"the sixth of the account", .all = 5, .of_account = 5, .why = ASK_CAP,
     .plan = "approval: " DENY_DANA},
    {"perhaps a bystander", .unsure = "several may have", .why = ASK_UNSURE,
     .plan = "approval: " DENY_DANA, .says = "several may have"},
    {"dry run of a bystander", .unsure = "several may have", .mode = "dry-run", .why = ASK_UNSURE,
     .plan = "dry-run: " DENY_DANA},
    {"perhaps a bystander, approved", .unsure = "several may have", .asked = true,
     .plan = "auto: " DENY_DANA},
    {"the eleventh, approved", .all = 10, .asked = true, .plan = "auto: " DENY_DANA},

    /* ---- what a person asks for ---- */
    {"delete, by command", .by_operator = true, .strategy = STRATEGY(CONTAIN_DELETE_USER),
     .plan = "auto: delete-user"},
    {"delete, by invoke", .asked = true, .strategy = STRATEGY(CONTAIN_DELETE_USER),
     .why = REFUSED_STRATEGY},
    {"delete a role", ROLE, .by_operator = true, .strategy = STRATEGY(CONTAIN_DELETE_USER),
     .why = REFUSED_STRATEGY},
    {"rotate a key", .by_operator = true, .strategy = STRATEGY(CONTAIN_ROTATE_KEY), .target = KEY,
     .plan = "auto: rotate-key=" KEY},
    {"rotate a session's key", .by_operator = true, .strategy = STRATEGY(CONTAIN_ROTATE_KEY),
     .target = "ASIAX", .why = REFUSED_NO_STEPS},
    {"inline, by invoke without the opt-in", .asked = true,
     .strategy = STRATEGY(CONTAIN_DENY_INLINE), .why = REFUSED_STRATEGY},
    {"inline, by an operator", .by_operator = true, .strategy = STRATEGY(CONTAIN_DENY_INLINE),
     .plan = "auto: put-inline=trailwarden-deny-all (put-boundary)"},
    {"a fence without networks", .by_operator = true, .strategy = STRATEGY(CONTAIN_FENCE),
     .why = REFUSED_NO_STEPS},
    {"older sessions of a user", .by_operator = true, .strategy = STRATEGY(CONTAIN_REVOKE_OLDER),
     .plan = "auto: put-inline=trailwarden-revoke-older"},
    {"a session of a user", .by_operator = true, .strategy = STRATEGY(CONTAIN_DENY_SESSION),
     .why = REFUSED_STRATEGY},
    {"a trust anchor", ROLE, .by_operator = true, .strategy = STRATEGY(CONTAIN_ENTRY_CUT),
     .target = "arn:aws:rolesanywhere:eu-west-1:" A ":trust-anchor/0a-1b",
     .plan = "auto: cut-anchor=arn:aws:rolesanywhere:eu-west-1:" A ":trust-anchor/0a-1b"},
    {"a profile", ROLE, .by_operator = true, .strategy = STRATEGY(CONTAIN_ENTRY_CUT),
     .target = "arn:aws:rolesanywhere:eu-west-1:" A ":profile/0a-1b",
     .plan = "auto: cut-profile=arn:aws:rolesanywhere:eu-west-1:" A ":profile/0a-1b"},
    {"an entry of another account", ROLE, .by_operator = true,
     .strategy = STRATEGY(CONTAIN_ENTRY_CUT),
     .target = "arn:aws:ec2:eu-west-1:" B ":instance/i-0a1b2c3d", .why = REFUSED_NO_STEPS},
    {"an entry that is none", ROLE, .by_operator = true, .strategy = STRATEGY(CONTAIN_ENTRY_CUT),
     .target = "i-0a1b2c3d", .why = REFUSED_NO_STEPS},
};

static struct str either(const char *z, const char *otherwise)
{
    return str_of(z ? z : otherwise);
}

static void make_config(const struct variant *v, struct contain_config *c)
{
    struct err e;
    struct buf b;
    buf_init(&b, 65536);
    buf_putz(&b, "containment:\n  ");
    buf_put(&b, either(v->config, AUTO));
    if (!contain_config_parse(S("c.yml"), buf_str(&b), c, &e))
        fail_msg("%s: %s", v->name, e.text);
    buf_release(&b);
}

static void make_subject(const struct variant *v, struct subject *s)
{
    if (v->made_of) {
        subject_of_node(LINEAGE_KEY, str_of(v->made_of), S(A), S("aws"), s);
        return;
    }
    subject_of_arn(either(v->arn, USER), s);
    if (v->kind == SUBJECT_FEDERATED)
        s->kind = SUBJECT_FEDERATED;
    if (s->kind == SUBJECT_USER || s->kind == SUBJECT_FEDERATED)
        s->id = either(v->id, "AIDADANA");
    if (s->kind == SUBJECT_ROLE)
        s->id = either(v->id, "AROADEV");
}

/* In the subject's account, unless the case says where. */
static struct facts make_event(const struct variant *v)
{
    bool other = v->arn && strstr(v->arn, B);
    int64_t age = v->age_ms ? v->age_ms : 5 * MINUTE_MS;
    return (struct facts){.timed = !v->untimed,
                          .time_ms = v->untimed ? INT64_MIN : NOW_MS - age,
                          .source = either(v->source, "iam.amazonaws.com"),
                          .name = either(v->call, "CreateUser"),
                          .account = either(v->account, other ? B : A),
                          .region = S("us-east-1"),
                          .error = str_of(v->error),
                          .sign_in = str_of(v->sign_in),
                          .object = either(v->object, other ? LOGS(B) : LOGS(A))};
}

/* IAM knows everybody as the record tells him, a key's owner only when the case says who. */
static struct contain_live make_live(const struct variant *v, const struct subject *s)
{
    bool role = s->kind == SUBJECT_ROLE;
    const char *id = v->made_of ? "AIDABOB" : role ? "AROADEV" : "AIDADANA";
    return (struct contain_live){.found = !v->gone,
                                 .id = either(v->live_id, id),
                                 .path = either(v->live_path, "/"),
                                 .name = v->made_of ? str_of(v->live_name) : s->name,
                                 .trust = role ? either(v->trust, PEOPLE) : STR_ABSENT};
}

/* "auto: attach (put-boundary) keys-off" */
static void put_plan(struct buf *b, const struct contain_plan *p)
{
    buf_putz(b, contain_mode_name(p->mode));
    buf_putz(b, p->confirmed ? ":" : ", unconfirmed:");
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct contain_step *s = p->steps + i;
        struct str what = s->verb == VERB_PUT_INLINE ? s->policy : s->target;
        buf_putz(b, s->fallback ? " (" : " ");
        buf_putz(b, contain_verb_name(s->verb));
        if (str_present(what))
            buf_putc(b, '=');
        buf_put(b, what);
        buf_putz(b, s->fallback ? ")" : "");
    }
    if (p->account) {
        buf_putz(b, " @");
        buf_put(b, p->account->id);
    }
}

static void check_plan(const struct variant *v, const struct contain_plan *p)
{
    struct buf b;
    if (p->why != v->why)
        fail_msg("%s: refused for %s (%.*s), not %s", v->name, contain_refusal_name(p->why),
                 (int)p->reason.n, p->reason.p ? p->reason.p : "", contain_refusal_name(v->why));
    check_true(v->name, str_present(p->reason) == (v->why != CONTAIN_OK));
    if (v->says && str_find(p->reason, str_of(v->says), 0) == SIZE_MAX)
        fail_msg("%s: %.*s", v->name, (int)p->reason.n, p->reason.p);
    buf_init(&b, 65536);
    put_plan(&b, p);
    if (v->plan)
        check_str(v->name, buf_str(&b), str_of(v->plan));
    else
        check_int(v->name, p->mode, CONTAIN_OFF);
    check_true(v->name, contain_plan_acts(p) == (v->plan && strncmp(v->plan, "auto:", 5) == 0));
    buf_release(&b);
}

static void plan_of(const struct variant *v, struct contain_config *c, struct arena *a,
                    struct contain_plan *p)
{
    static const struct str buckets[] = {{"archive", 7}, {"trail", 5}};
    static const struct contain_own own = {
        {"aws", 3}, {A, 12}, {"AROAOWN", 7}, {"trailwarden", 11}};
    struct err e;
    struct subject s;
    make_config(v, c);
    make_subject(v, &s);
    const struct facts f = make_event(v);
    const struct contain_live live = make_live(v, &s);
    struct contain_ask ask = {
        .subject = &s,
        .how = v->how,
        .event = v->no_event ? NULL : &f,
        .rule = either(v->rule, "r1"),
        .level = v->low     ? LEVEL_LOW
                 : v->level ? v->level
                            : LEVEL_CRITICAL,
        .unsure = v->unsure,
        .asked = v->asked,
        .by_operator = v->by_operator,
        .has_strategy = v->strategy != NO_STRATEGY,
        .target = str_of(v->target),
        .config = c,
        .buckets = buckets,
        .n_buckets = COUNT(buckets),
        .own = &own,
        .live = v->not_asked ? NULL : &live,
        .history = {v->contained, v->attempts, NOW_MS - v->since_ms},
        .count = {v->all, v->of_account},
        .now_ms = NOW_MS,
    };
    if (ask.has_strategy)
        ask.strategy = (enum contain_strategy)(v->strategy - 1);
    assert_true(contain_mode_parse(either(v->mode, "auto"), &ask.mode));
    assert_true(contain_plan_make(&ask, a, p, &e));
}

static void decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(variants); i++) {
        struct contain_config c;
        struct contain_plan p;
        struct arena a;
        arena_init(&a, 1u << 20);
        plan_of(variants + i, &c, &a, &p);
        check_plan(variants + i, &p);
        contain_config_release(&c);
        arena_release(&a);
    }
}

/* What stands in the steps, byte for byte. */
static void writes_the_steps(void **state)
{
    (void)state;
    static const struct {
        struct variant v;
        size_t step;
        const char *policy, *document;
    } cases[] = {
        {{.name = "attach"}, 0, "arn:aws:iam::aws:policy/AWSDenyAll", NULL},
        {{.name = "boundary"}, 1, "arn:aws:iam::aws:policy/AWSDenyAll", NULL},
        {{"one session", ROLE, .config = AUTO "inline_policies: true"},
         0,
         NULL,
         "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
         "\"Resource\":\"*\",\"Condition\":{\"StringEquals\":{\"aws:userid\":\"AROADEV:alice\"}}"
         "}]}"},
        {{"older", ROLE, .config = AUTO "inline_policies: true"},
         1,
         "trailwarden-revoke-older",
         "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
         "\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":"
         "\"2026-03-17T14:05:11Z\"}}}]}"},
        {{"fence", .config = AUTO "inline_policies: true\n  fence: {cidrs: 192.0.2.0/24}\n"
                                  "  strategies: {user: fence}"},
         0,
         "trailwarden-fence",
         "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","
         "\"Resource\":\"*\",\"Condition\":{\"NotIpAddress\":{\"aws:SourceIp\":"
         "[\"192.0.2.0/24\"]},\"Bool\":{\"aws:ViaAWSService\":\"false\"}}}]}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct contain_config c;
        struct contain_plan p;
        struct arena a;
        arena_init(&a, 1u << 20);
        plan_of(&cases[i].v, &c, &a, &p);
        const struct contain_step *s = p.steps + cases[i].step;
        if (cases[i].policy)
            check_str(cases[i].v.name, s->policy, str_of(cases[i].policy));
        check_str(cases[i].v.name, s->document, str_of(cases[i].document));
        contain_config_release(&c);
        arena_release(&a);
    }
}

/* What IAM says now is whom the steps are about. */
static void takes_what_iam_says(void **state)
{
    (void)state;
    struct contain_config c;
    struct contain_plan p;
    struct arena a;
    arena_init(&a, 1u << 20);
    plan_of(&(struct variant){"a key", .made_of = KEY, .live_name = "bob"}, &c, &a, &p);
    check_str("owner", p.subject.name, S("bob"));
    check_str("owner's id", p.subject.id, S("AIDABOB"));
    check_str("key", p.subject.key, S(KEY));
    contain_config_release(&c);
    plan_of(&(struct variant){"path", .id = "", .live_path = "/team/"}, &c, &a, &p);
    check_str("id", p.subject.id, S("AIDADANA"));
    check_str("path", p.subject.path, S("/team/"));
    contain_config_release(&c);
    arena_release(&a);
}

/* A name from a record goes into a sentence that terminals show. */
static void escapes_names(void **state)
{
    (void)state;
    struct contain_config c;
    struct contain_plan p;
    struct arena a;
    arena_init(&a, 1u << 20);
    plan_of(&(struct variant){"bucket", .object = "s3://e\x1b[2Jvil/x"}, &c, &a, &p);
    assert_int_equal(p.why, REFUSED_SOURCE);
    check_size("no escape", str_find_byte(p.reason, '\x1b', 0), SIZE_MAX);
    contain_config_release(&c);
    arena_release(&a);
}

/* Without memory there is no plan, and none that only looks like one. */
static void fails_without_memory(void **state)
{
    (void)state;
    for (size_t room = 0; room < 300; room += 20) {
        struct contain_config c;
        struct contain_plan p;
        struct arena a;
        struct err e = {0};
        struct subject s;
        const struct variant v = {.name = "small"};
        static const struct str bucket = {"trail", 5};
        static const struct contain_own own = {
            {"aws", 3}, {A, 12}, {"AROAOWN", 7}, {"trailwarden", 11}};
        arena_init(&a, room);
        make_config(&v, &c);
        make_subject(&v, &s);
        const struct facts f = make_event(&v);
        const struct contain_live live = make_live(&v, &s);
        const struct contain_ask ask = {.subject = &s,
                                        .event = &f,
                                        .rule = S("r1"),
                                        .level = LEVEL_CRITICAL,
                                        .mode = CONTAIN_AUTO,
                                        .config = &c,
                                        .buckets = &bucket,
                                        .n_buckets = 1,
                                        .own = &own,
                                        .live = &live,
                                        .now_ms = NOW_MS};
        if (contain_plan_make(&ask, &a, &p, &e))
            check_true("whole", str_present(p.steps[0].policy) && str_present(p.steps[1].policy));
        else
            check_int("kind", e.kind, ERR_LIMIT);
        check_true("room for none", room > 0 || e.kind == ERR_LIMIT);
        contain_config_release(&c);
        arena_release(&a);
    }
}

static void names_things_both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONTAIN_VERBS; i++) {
        enum contain_verb back;
        const char *name = contain_verb_name((enum contain_verb)i);
        check_true(name, contain_verb_parse(str_of(name), &back));
        check_int(name, back, i);
        check_true(name, strlen(contain_undo_text(contain_undo_of((enum contain_verb)i))) > 10);
    }
    for (unsigned i = 0; i < CONTAIN_REFUSALS; i++)
        for (unsigned k = 0; k < i; k++)
            check_true("refusals have names of their own",
                       strcmp(contain_refusal_name((enum contain_refusal)i),
                              contain_refusal_name((enum contain_refusal)k)) != 0);
    enum contain_verb verb;
    enum contain_mode mode;
    check_false("no verb", contain_verb_parse(S("detach"), &verb));
    check_false("no mode", contain_mode_parse(S("on"), &mode));
    check_false("no mode", contain_mode_parse(STR_ABSENT, &mode));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides),
        cmocka_unit_test(writes_the_steps),
        cmocka_unit_test(takes_what_iam_says),
        cmocka_unit_test(escapes_names),
        cmocka_unit_test(fails_without_memory),
        cmocka_unit_test(names_things_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
