"""template.yaml and its companions in deploy/: what AWS's and others' checkers say of them and of
what SAM makes of the template; what they grant, held against the tables of calls in the code; and
what stands there under which parameters (support/stack.py)."""
import itertools
import json
import re
import subprocess
import sys

import pytest

from support import checkers
from support.function import ROOT
from support.stack import ACCOUNT, PSEUDO, Stack, load

sys.path.insert(0, str(ROOT / "tests" / "conformance"))
from iam_oracle.evaluate import ALLOWED, DENIED, NOT_ALLOWED, evaluate, listed  # noqa: E402

pytestmark = pytest.mark.timeout(1200)  # the first run installs the checkers

MAIN = ROOT / "template.yaml"
MEMBER, SCP, FORWARD = (ROOT / "deploy" / f"{n}.yaml" for n in ("member", "scp", "forward"))
ALL = [MAIN, MEMBER, SCP, FORWARD]
GRANTS = ROOT / "deploy" / "iam"

# By which parameter each document of deploy/iam is granted.
STRATEGIES = {"ContainByDenyAll": "deny-all", "ContainByBoundary": "boundary",
              "ContainByKeysOff": "keys-off", "ContainByConsoleOff": "console-off",
              "ContainByForceReset": "force-reset", "ContainByTag": "tag",
              "ContainByEntryCut": "entry-cut", "ContainByInlinePolicies": "inline",
              "ContainByTrustCut": "trust-cut"}
ALWAYS = {"read", "guard", "no-release"}
EVERYTHING = {**dict.fromkeys(STRATEGIES, "yes"), "Containment": "auto"}

# What AWS does in the function's name, so that no table of ours has it, and why.
INDIRECT = {
    "sqs:ReceiveMessage": "Lambda polls the queue", "sqs:DeleteMessage": "the same",
    "sqs:GetQueueAttributes": "the same",
    "sqs:SendMessage": "Lambda hands over calls that failed (EventInvokeConfig)",
    "logs:CreateLogStream": "Lambda writes the log", "logs:PutLogEvents": "the same",
    "xray:PutTraceSegments": "Lambda sends traces", "xray:PutTelemetryRecords": "the same",
    "kms:Decrypt": "S3, SQS, SNS and DynamoDB decrypt with the stack's or the trail's key",
    "kms:GenerateDataKey": "SNS encrypts what is published",
}
# Calls that only the command line makes, with the rights of whoever runs it.
OPERATORS = {"sqs:SendMessage",
             # of doctor
             "s3:GetBucketNotification", "sns:ListSubscriptionsByTopic", "dynamodb:DescribeTable",
             "dynamodb:DescribeTimeToLive", "dynamodb:DescribeContinuousBackups",
             "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "lambda:GetFunctionConfiguration",
             "lambda:ListEventSourceMappings", "lambda:InvokeFunction",
             "cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"}


@pytest.fixture(scope="module")
def tools():
    try:
        checkers.programs("sam"), checkers.programs("checkov")
    except (OSError, subprocess.SubprocessError) as why:
        pytest.skip(f"the checkers could not be installed: {why}")


@pytest.fixture(scope="module")
def flat(tools, tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "translated.json"
    checkers.translated(MAIN, path)
    return path


@pytest.fixture(scope="module")
def checked(tools):
    return checkers.checkov(*ALL)


# ---- what others say ------------------------------------------------------------------------------

def test_sam_validates(tools):
    done = checkers.sam_validate(MAIN)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cfn_lint_finds_nothing(tools, flat):
    done = checkers.cfn_lint(*ALL, flat)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_checkov_finds_nothing(checked, flat):
    sam = checkers.checkov(flat)
    assert checked["failed"] == [] and sam["failed"] == []
    assert checked["passed"] > 40 and sam["passed"] > 30


def test_suppressions_are_needed(checked):
    """Each suppression has its reason and is one that checkov would meet without it."""
    suppressed = set()
    for name, r in load(MAIN)["Resources"].items():
        for skip in r.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert len(skip["comment"]) > 30, skip
            suppressed.add((skip["id"], name))
    assert set(checked["skipped"]) == suppressed


@pytest.mark.parametrize("line, worse, told", [
    ("FunctionResponseTypes: [ReportBatchItemFailures]",
     "FunctionResponseTypes: [ReportBatchItemFailure]", "E3030"),
    ("KmsKeyId: !GetAtt Key.Arn", "KmsKeyId: !GetAtt Kee.Arn", "E1010"),
])
def test_the_linter_sees_mistakes(tools, tmp_path, line, worse, told):
    text = MAIN.read_text()
    assert line in text
    (tmp_path / "bad.yaml").write_text(text.replace(line, worse))
    assert told in checkers.cfn_lint(tmp_path / "bad.yaml").stdout


# ---- what stands there ----------------------------------------------------------------------------

TOPIC = "arn:aws:sns:us-east-1:444455556666:logs"
OTHERS = {"TrailBucketName": "org-logs", "TrailBucketAccount": "444455556666",
          "TrailAccount": "777788889999",
          "TrailKeyArn": "arn:aws:kms:us-east-1:444455556666:key/0a1b"}
FLOW = {"FlowLogBucketName": "my-flows", "FlowLogPrefix": "net/AWSLogs/"}
FORMAT = {"FlowLogFormat": "${srcaddr} ${dstaddr} ${dstport} ${start}"}
AUDITS = {"TrailBucketName": "my-audits", "Source": "k8s_audit"}
AUDIT = {"GitHubAuditBucketName": "my-audit", "OtherBucketsAccount": "444455556666",
         "OtherBucketsKeyArn": "arn:aws:kms:eu-west-1:444455556666:key/0a1b"}
OKTA = {"OktaBusName": "aws.partner/okta.com/example/trailwarden"}
WEBHOOK = {"GitHubSecret": "0123456789abcdef0123"}
EKS = {"EksLogGroup": "/aws/eks/one/cluster", "EksLogGroup3": "/aws/eks/three/cluster"}
SOURCES = {**FLOW, **AUDIT, **OKTA, **WEBHOOK, **EKS}
SETTINGS = {
    "as it comes": {},
    "flow logs": FLOW,
    "flow logs without a header": {**FLOW, **FORMAT},
    "a source that is said": AUDITS,
    "GitHub's audit log": AUDIT,
    "flow logs beside sns": {**FLOW, "LogPath": "sns"},
    "Okta": {**OKTA, "LogPath": "sns"},
    "webhooks": {**WEBHOOK, "LogPath": "sns"},
    "EKS": EKS,
    "all sources": {**SOURCES, "GeoFile": "country.mmdb", "AsnFile": "asn.mmdb"},
    "sns": {"LogPath": "sns"},
    "eventbridge": {"LogPath": "eventbridge"},
    "an existing bucket": {"TrailBucketName": "my-logs", "TrailPrefix": "all/"},
    "of another account": OTHERS,
    "with its topic": {**OTHERS, "LogTopicArn": TOPIC},
    "to the function": {**OTHERS, "LogTopicArn": TOPIC, "LogPath": "sns"},
    "an organization": {"OrganizationId": "o-exampleorg", "OrganizationTrail": "yes",
                        "FastPath": "all"},
    "fast and sns": {"FastPath": "writes", "LogPath": "sns"},
    "fast and eventbridge": {"FastPath": "writes", "LogPath": "eventbridge"},
    "fifo": {"AlertFifoTopic": "yes", "OperationsEmail": "ops@example.com"},
    "without metrics": {"Metrics": "off"},
    "a dashboard": {"Dashboard": "yes"},
    "mails": {"AlertEmail": "sec@example.com", "AlertEmailKinds": "incidents"},
    "traced, not reserved": {"Tracing": "Active", "ReserveConcurrency": "no",
                             "ConfigFile": "config.yml", "TimeoutSeconds": "300"},
    "reports": {"ReportsBucketName": "my-reports"},
    "rules in S3": {"RulesBucketName": "my-rules", "RulesPrefix": "team/rules/"},
    "containment": {**EVERYTHING, "BreakGlassArns": f"arn:aws:iam::{ACCOUNT}:user/glass",
                    "ResponderRoleArns": "arn:aws:iam::444455556666:role/trailwarden-responder"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name):
    """Under each the references hold (Stack is strict), no rule is broken, and objects reach the
    function by one way, with a place for what fails."""
    stack = Stack(load(MAIN), **SETTINGS[name])
    assert stack.broken_rules() == []
    function = stack.resources["TrailwardenFunction"]["Properties"]
    queues = stack.of_type("AWS::SQS::Queue")
    assert set(queues) - {"Queue"} == {"DeadLetters"}
    ways = [n for n in ("LogTopicToQueue", "LogTopicToFunction", "ObjectRule")
            if n in stack.resources]
    assert len(ways) == 1, ways
    if "Queue" in queues:
        assert queues["Queue"]["VisibilityTimeout"] >= 6 * function["Timeout"]
        assert queues["Queue"]["RedrivePolicy"]["maxReceiveCount"] >= 5
        mapping = stack.resources["QueueCallsFunction"]["Properties"]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        reserved = function.get("ReservedConcurrentExecutions")
        assert reserved in (None, mapping["ScalingConfig"]["MaximumConcurrency"])
    buckets = [b["BucketName"] for b in stack.of_type("AWS::S3::Bucket").values()]
    others = [SETTINGS[name][n] for n in ("FlowLogBucketName", "GitHubAuditBucketName")
              if n in SETTINGS[name]]
    assert function["Environment"]["Variables"]["TRAILWARDEN_BUCKETS"].split(",") == (
        buckets or [SETTINGS[name].get("TrailBucketName")]) + others


@pytest.mark.parametrize("settings", [
    {"LogTopicArn": TOPIC},
    {**OTHERS, "LogTopicArn": TOPIC, "LogPath": "eventbridge"},
    {"OrganizationTrail": "yes"},
    {"Dashboard": "yes", "Metrics": "off"},
    {"Source": "okta"},
    {**AUDITS, "FastPath": "writes"},
    {"OrganizationTrail": "yes", "OrganizationId": "o-exampleorg", "TrailBucketName": "my-logs"},
])
def test_settings_that_are_refused(settings):
    assert len(Stack(load(MAIN), **settings).broken_rules()) == 1


@pytest.mark.parametrize("settings, passed", [
    ({}, (None, None)), (AUDITS, ("k8s_audit", None)), ({**FLOW, **FORMAT}, (None, FORMAT["FlowLogFormat"])),
    ({"Source": "cloudtrail"}, ("cloudtrail", None))])
def test_source_and_format_are_passed_on(settings, passed):
    function = Stack(load(MAIN), **settings).resources["TrailwardenFunction"]["Properties"]
    told = function["Environment"]["Variables"]
    assert (told.get("TRAILWARDEN_SOURCE"), told.get("TRAILWARDEN_FLOW_FORMAT")) == passed


@pytest.mark.parametrize("columns, fits", [
    ("", True), ("srcaddr dstaddr dstport", True), (FORMAT["FlowLogFormat"], True), ("srcaddr", False),
    ("${srcaddr} ${dstaddr}  ${dstport}", False), ("${srcaddr} ${dstaddr} ${dst port}", False),
    ("srcaddr,dstaddr,dstport", False)])
def test_formats_of_flow_logs(columns, fits):
    pattern = load(MAIN)["Parameters"]["FlowLogFormat"]["AllowedPattern"]
    assert bool(re.search(pattern, columns)) == fits


def test_what_must_stay_stays():
    kept = {n for n, r in load(MAIN)["Resources"].items()
            if r.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")}
    assert kept == {"Key", "TrailBucket", "FunctionLog", "Table"}


def test_all_that_can_be_encrypted_is():
    stack = Stack(load(MAIN), FastPath="all")
    key = stack.attribute("Key", "Arn")
    for kind, member in (("AWS::SQS::Queue", "KmsMasterKeyId"), ("AWS::Logs::LogGroup", "KmsKeyId"),
                         ("AWS::SNS::Topic", "KmsMasterKeyId"), ("AWS::CloudTrail::Trail", "KMSKeyId")):
        assert stack.of_type(kind), kind
        for name, properties in stack.of_type(kind).items():
            assert properties[member] == key, name
    assert stack.resources["Table"]["Properties"]["SSESpecification"]["KMSMasterKeyId"] == key


def test_alarms_reach_people():
    stack = Stack(load(MAIN), OperationsEmail="ops@example.com", AlertFifoTopic="yes", **EVERYTHING)
    topic = stack.ref("OperationsTopic")
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    assert {"DeadLettersAlarm", "WaitingAlarm", "ErrorsAlarm", "ThrottlesAlarm", "SilenceAlarm",
            "SilentRegionAlarm", "UndeliveredAlarm", "UndeliveredFifoAlarm",
            "ContainedAlarm"} <= set(alarms)
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [topic], name
        assert alarm["AlarmName"].startswith("trailwarden-"), name  # as the topic's policy wants
    assert stack.resources["OperationsMail"]["Properties"]["TopicArn"] == topic


@pytest.mark.parametrize("path, metric", [
    ("sqs", ("AWS/SNS", "NumberOfMessagesPublished", "trailwarden-logs")),
    ("sns", ("AWS/SNS", "NumberOfMessagesPublished", "trailwarden-logs")),
    ("eventbridge", ("AWS/Events", "TriggeredRules", "trailwarden-ObjectRule"))])
def test_silence_is_that_of_objects(path, metric):
    alarm = Stack(load(MAIN), LogPath=path, FastPath="all").resources["SilenceAlarm"]["Properties"]
    (dimension,) = alarm["Dimensions"]
    assert (alarm["Namespace"], alarm["MetricName"], dimension["Value"]) == metric
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 120 * 60


def test_fifo_topic_is_beside_the_other():
    plain, both = Stack(load(MAIN)), Stack(load(MAIN), AlertFifoTopic="yes", AlertEmail="a@b.org")
    assert "AlertFifo" not in plain.resources
    assert "AlertMail" in both.resources  # FIFO topics take none, the other does
    topics = [both.ref("AlertTopic"), both.ref("AlertFifo")]
    assert topics[1].endswith(".fifo") and both.resources["AlertFifo"]["Properties"]["FifoTopic"]
    for stack, arns in ((plain, topics[:1]), (both, topics)):
        (grant,) = (s for s in statements(stack)["detect"]["Statement"] if s["Sid"] == "TellAlerts")
        assert grant["Resource"] == arns
        told = stack.resources["TrailwardenFunction"]["Properties"]["Environment"]["Variables"]
        assert [told[n] for n in ("TRAILWARDEN_TOPIC_ARN", "TRAILWARDEN_FIFO_TOPIC_ARN")
                if n in told] == arns


def test_dashboard_shows_what_is_told():
    """Its widgets do not overlap; each metric of ours in it is one that the function tells."""
    assert Stack(load(MAIN)).of_type("AWS::CloudWatch::Dashboard") == {}
    stack = Stack(load(MAIN), Dashboard="yes")
    (board,) = stack.of_type("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(board["DashboardBody"])["widgets"]
    told = set(re.findall(r'\{"(\w+)", "\w+", ', (ROOT / "runtime" / "emf.c").read_text()))
    places = [(w["x"] + dx, w["y"] + dy) for w in widgets
              for dx in range(w["width"]) for dy in range(w["height"])]
    assert len(places) == len(set(places)) and max(x for x, _ in places) < 24
    shown = [m for w in widgets for m in w["properties"]["metrics"]]
    ours = [m for m in shown if m[0] == "trailwarden"]
    assert {m[1] for m in ours} <= told and len(ours) > 10
    assert {tuple(m[2:4]) for m in ours} == {("FunctionName", stack.ref("TrailwardenFunction"))}
    assert {m[3] for m in shown if m[0] == "AWS/SQS"} == {
        stack.named("Queue"), stack.named("DeadLetters")}


def test_silence_with_a_topic_made_elsewhere_is_that_of_objects_read():
    """Its calls would not do: the schedule below is among them."""
    stack = Stack(load(MAIN), **OTHERS, LogTopicArn=TOPIC)
    alarm = stack.resources["SilenceAlarm"]["Properties"]
    (change,) = stack.resources["ReadCount"]["Properties"]["MetricTransformations"]
    assert "Dimensions" not in alarm
    assert (alarm["Namespace"], alarm["MetricName"]) == (
        change["MetricNamespace"], change["MetricName"])
    assert "ReadCount" not in Stack(load(MAIN)).resources


@pytest.mark.parametrize("minutes, of_region", [("30", 120), ("120", 120), ("1440", 1440)])
def test_silence_of_each_region_is_looked_for(minutes, of_region):
    stack = Stack(load(MAIN), SilenceMinutes=minutes)
    rule = stack.resources["WatchRule"]["Properties"]
    (target,) = rule["Targets"]
    assert target["Arn"] == stack.attribute("TrailwardenFunction", "Arn")
    assert json.loads(target["Input"]) == {
        "trailwarden": {"action": "watch", "minutes": of_region}}
    permission = stack.resources["WatchCallsFunction"]["Properties"]
    assert permission["SourceArn"] == stack.attribute("WatchRule", "Arn")
    alarm = stack.resources["SilentRegionAlarm"]["Properties"]
    (change,) = stack.resources["SilentCount"]["Properties"]["MetricTransformations"]
    assert alarm["MetricName"] == change["MetricName"] and change["MetricValue"] == "$.silent"
    # two periods hold at least one look
    assert rule["ScheduleExpression"] == "rate(15 minutes)" and alarm["Period"] == 900


# ---- other sources --------------------------------------------------------------------------------

def senders(stack, queue="QueuePolicy"):
    """What a queue's policy admits, by the statement's name."""
    return {s["Sid"]: s for s in stack.resources[queue]["Properties"]["PolicyDocument"]["Statement"]
            if s["Effect"] == "Allow"}


def test_nothing_of_other_sources_is_there_by_default():
    stack = Stack(load(MAIN))
    for kind in ("AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Route", "AWS::Logs::SubscriptionFilter"):
        assert stack.of_type(kind) == {}
    assert set(senders(stack)) == {"TheTopic"}
    assert set(stack.of_type("AWS::IAM::Role")) == {"FunctionRole"}
    function = stack.resources["TrailwardenFunction"]["Properties"]
    assert "KmsKeyArn" not in function
    assert not {"TRAILWARDEN_GITHUB_SECRET", "TRAILWARDEN_GEOIP", "TRAILWARDEN_ASN"} & set(
        function["Environment"]["Variables"])


@pytest.mark.parametrize("settings, buckets, account, objects", [
    (FLOW, ["my-flows"], ACCOUNT, ["my-flows/net/AWSLogs/*"]),
    (AUDIT, ["my-audit"], "444455556666", ["my-audit/*"]),
    ({**AUDIT, **FLOW}, ["my-flows", "my-audit"], "444455556666",
     ["my-flows/net/AWSLogs/*", "my-audit/*"])])
def test_buckets_of_other_sources_notify_the_queue(settings, buckets, account, objects):
    stack = Stack(load(MAIN), **settings)
    assert set(senders(stack)) == {"TheTopic", "OtherBuckets"}
    assert senders(stack)["OtherBuckets"]["Condition"] == {
        "ArnEquals": {"aws:SourceArn": [f"arn:aws:s3:::{b}" for b in buckets]},
        "StringEquals": {"aws:SourceAccount": account}}
    (grant,) = (s for s in statements(stack)["detect"]["Statement"] if s["Sid"] == "ReadOtherLogs")
    assert grant["Resource"] == [f"arn:aws:s3:::{o}" for o in objects]
    keys = [s["Resource"] for s in statements(stack)["detect"]["Statement"]
            if s["Sid"] == "DecryptOtherLogs"]
    assert keys == [settings[n] for n in ("OtherBucketsKeyArn",) if n in settings]
    (admitted,) = (s for s in stack.resources["Key"]["Properties"]["KeyPolicy"]["Statement"]
                   if s["Sid"] == "SendersOfMessages")  # S3 encrypts what it sends
    assert account in admitted["Condition"]["StringEqualsIfExists"]["aws:SourceAccount"]


def test_okta_comes_by_its_own_bus():
    stack = Stack(load(MAIN), **OKTA)
    rule = stack.resources["OktaRule"]["Properties"]
    assert rule["EventBusName"] == OKTA["OktaBusName"]
    assert rule["EventPattern"] == {"source": [{"prefix": "aws.partner/okta.com"}]}
    assert [t["Arn"] for t in rule["Targets"]] == [stack.attribute("Queue", "Arn")]
    for queue in ("QueuePolicy", "DeadLettersPolicy"):
        assert senders(stack, queue)["TheRuleOfOkta"]["Condition"] == {
            "ArnEquals": {"aws:SourceArn": stack.attribute("OktaRule", "Arn")}}


def test_webhooks_reach_the_queue_alone():
    """The URL may send to the queue and nothing else, the function demands signatures, and the
    secret is encrypted with the stack's key and not shown."""
    assert load(MAIN)["Parameters"]["GitHubSecret"]["NoEcho"] is True
    stack = Stack(load(MAIN), **WEBHOOK)
    function = stack.resources["TrailwardenFunction"]["Properties"]
    assert function["Environment"]["Variables"]["TRAILWARDEN_GITHUB_SECRET"] == WEBHOOK["GitHubSecret"]
    assert function["KmsKeyArn"] == stack.attribute("Key", "Arn")
    (grants,) = statements(stack, "trailwarden-WebhookRole").values()
    assert [(s["Action"], s["Resource"]) for s in grants["Statement"]] == [
        ("sqs:SendMessage", stack.attribute("Queue", "Arn")),
        (["kms:Decrypt", "kms:GenerateDataKey"], stack.attribute("Key", "Arn"))]
    (route,) = stack.of_type("AWS::ApiGatewayV2::Route").values()
    guid = PSEUDO["AWS::StackId"].split("/")[-1]
    assert route["RouteKey"] == f"POST /{guid}" and stack.outputs["WebhookUrl"].endswith(f"/{guid}")
    callers = {p["Principal"] for p in stack.of_type("AWS::Lambda::Permission").values()}
    assert "apigateway.amazonaws.com" not in callers
    assert stack.of_type("AWS::Lambda::Url") == {}


def test_a_webhooks_message_is_what_the_function_reads():
    """The headers become attributes of the names that handlers/webhook.c looks for."""
    stack = Stack(load(MAIN), **WEBHOOK)
    sent = stack.resources["WebhookToQueue"]["Properties"]["RequestParameters"]
    assert sent["MessageBody"] == "$request.body"
    attributes = json.loads(sent["MessageAttributes"])
    read = re.findall(r'"(x-[\w-]+)"', (ROOT / "handlers" / "webhook.c").read_text(), re.I)
    assert {n.lower() for n in attributes} == {n.lower() for n in read}
    for name, attribute in attributes.items():
        assert attribute == {"DataType": "String",
                             "StringValue": "${request.header." + name.lower() + "}"}


def test_clusters_are_subscribed_to_one_by_one():
    stack = Stack(load(MAIN), **EKS)
    function = stack.attribute("TrailwardenFunction", "Arn")
    filters = stack.of_type("AWS::Logs::SubscriptionFilter").values()
    assert {f["LogGroupName"] for f in filters} == set(EKS.values())
    assert {f["DestinationArn"] for f in filters} == {function}
    calls = [p for p in stack.of_type("AWS::Lambda::Permission").values()
             if p["Principal"] == "logs.amazonaws.com"]
    assert {p["SourceArn"] for p in calls} == {
        f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{g}:*" for g in EKS.values()}
    assert {p["SourceAccount"] for p in calls} == {ACCOUNT}


def test_silence_of_the_trail_is_not_broken_by_flow_logs():
    stack = Stack(load(MAIN), **OTHERS, **FLOW, LogTopicArn=TOPIC)
    pattern = stack.resources["ReadCount"]["Properties"]["FilterPattern"]
    assert pattern == '{ $.object = "s3://org-logs/*" }'


# ---- what the function may do ---------------------------------------------------------------------

def statements(stack, role="trailwarden-FunctionRole"):
    """All of the role, by the name of their policy."""
    role = stack.of_type("AWS::IAM::RolePolicy").values() if role is None else [
        p for p in stack.of_type("AWS::IAM::RolePolicy").values() if p["RoleName"] == role]
    return {p["PolicyName"]: p["PolicyDocument"] for p in role}


def actions(documents, effect="Allow"):
    return {a for d in documents for s in d["Statement"] if s["Effect"] == effect
            for a in listed(s["Action"])}


def signed():
    """Permissions of all that the code can sign, out of its two tables."""
    rows = re.findall(r'\{AWS_\w+, "(\w+)", "([\w:, ]+)"\}',
                      (ROOT / "aws" / "permission.c").read_text())
    iam = re.findall(r'\[IAM_\w+\] = \{"(\w+)", "(\w+)", (?:true|false)\}',
                     (ROOT / "handlers" / "iam.c").read_text())
    assert len(rows) >= 8 and len(iam) >= 50
    return {p for _, needs in rows for p in needs.split(", ")}, {f"{s}:{a}" for s, a in iam}


def test_the_tables_have_every_call():
    """The adapters name each call they sign; the tables know all of those names."""
    calls = set()
    for source in [*(ROOT / "adapters").glob("*.c"), *(ROOT / "aws").glob("*.c")]:
        text = source.read_text()
        calls |= set(re.findall(r'\.action = "(\w+)"', text))
        calls |= set(re.findall(r'"DynamoDB_20120810\.(\w+)"', text))
        calls |= set(re.findall(r'put_form\(\w*&?\w+, "(\w+)"', text))
    rows = set(re.findall(r'\{AWS_\w+, "(\w+)",', (ROOT / "aws" / "permission.c").read_text()))
    # One is not signed, the other needs no permission.
    assert calls - {"AssumeRoleWithWebIdentity", "GetCallerIdentity"} == rows


def operators():
    return actions(json.loads(p.read_text()) for p in GRANTS.glob("operator-*.json"))


def test_granted_is_what_the_code_signs():
    stack = Stack(load(MAIN), Tracing="Active", ResponderRoleArns="arn:aws:iam::444455556666:role/r",
                  ReportsBucketName="my-reports", RulesBucketName="my-rules", **SOURCES, **EVERYTHING)
    granted = actions(statements(stack).values())
    plain, containment = signed()
    assert granted - INDIRECT.keys() - plain - containment == set(), "granted, but never called"
    assert plain - OPERATORS - granted == set(), "called, but not granted"
    assert containment - granted - operators() - {"sts:GetCallerIdentity"} == set(), \
        "nobody may call these"
    assert INDIRECT.keys() - granted == set(), "no longer needed"


def test_by_default_only_detection_is_granted():
    stack = Stack(load(MAIN))
    documents = statements(stack)
    assert set(documents) == {"detect"}
    assert {a.partition(":")[0] for a in actions(documents.values())} == {
        "s3", "dynamodb", "sns", "kms", "sqs", "logs"}
    for s in documents["detect"]["Statement"]:
        assert not any("*" in a for a in listed(s["Action"])), s
        assert "*" not in listed(s["Resource"]), s


def test_dry_run_only_looks():
    documents = statements(Stack(load(MAIN), **{**EVERYTHING, "Containment": "dry-run"}))
    assert set(documents) == {"detect", *ALWAYS}
    writes = {a for a in actions(documents.values()) if a.startswith(("iam:", "ec2:", "roles"))}
    assert all(re.match(r"iam:(Get|List)", a) for a in writes), writes


FILLED = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "ExternalId": "ext-5f2c9a10",
          "FunctionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/trailwarden-FunctionRole",
          "ResponderRoleArn": "arn:aws:iam::444455556666:role/trailwarden-responder",
          "BreakGlassArn": f"arn:aws:iam::{ACCOUNT}:user/glass",
          "MemberAccountId": "444455556666", "ResponderRoleName": "trailwarden-responder",
          "OperatorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/operator",
          "DeployerRoleArn": "arn:aws:iam::*:role/stacksets-exec"}


def document(name, **other):
    text = (GRANTS / f"{name}.json").read_text()
    return json.loads(re.sub(r"\$\{([\w:]+)\}", lambda m: {**FILLED, **other}[m[1]], text))


def same(granted, wanted):
    """The same statements; one name or a list of it are one."""
    def plain(d):
        return [{k: listed(v) if k in ("Action", "Resource") else v for k, v in s.items()}
                for s in d["Statement"]]
    assert plain(granted) == plain(wanted)


@pytest.mark.parametrize("parameter", STRATEGIES)
def test_each_strategy_is_its_document(parameter):
    only = {**dict.fromkeys(STRATEGIES, "no"), parameter: "yes"}
    name = STRATEGIES[parameter]
    for path, more, role in (
            (MAIN, {"Containment": "approval"}, "trailwarden-FunctionRole"),
            (MEMBER, {"FunctionRoleArn": FILLED["FunctionRoleArn"], "ExternalId": "ext-5f2c9a10"},
             "trailwarden-responder")):
        documents = statements(Stack(load(path), **only, **more), role)
        assert set(documents) - {"detect"} == ALWAYS | {name}
        for each in {name, "read", "no-release"}:
            same(documents[each], document(each))


def test_guards_and_members_are_their_documents():
    settings = {"BreakGlassArns": FILLED["BreakGlassArn"],
                "ResponderRoleArns": FILLED["ResponderRoleArn"]}
    ours = statements(Stack(load(MAIN), **settings, **EVERYTHING))
    same(ours["guard"], document("guard"))
    same(ours["members"], document("members"))
    stack = Stack(load(MEMBER), FunctionRoleArn=FILLED["FunctionRoleArn"],
                  ExternalId="ext-5f2c9a10", BreakGlassArns=FILLED["BreakGlassArn"])
    own = f"arn:aws:iam::{ACCOUNT}:role/trailwarden-responder"
    theirs = statements(stack, "trailwarden-responder")
    wanted = document("guard", ResponderRoleArn=own)
    for guard in (theirs["guard"], wanted):
        guard["Statement"][0]["Resource"].sort()
    same(theirs["guard"], wanted)
    trust = stack.resources["ResponderRole"]["Properties"]["AssumeRolePolicyDocument"]
    same(trust, document("responder-trust"))


def test_the_standing_policy_is_its_document():
    stack = Stack(load(SCP), TargetIds="r-ab12", **{
        n: FILLED[n] for n in ("FunctionRoleArn", "ResponderRoleArn", "OperatorRoleArn",
                               "DeployerRoleArn")})
    same(stack.resources["Containment"]["Properties"]["Content"], document("scp"))


BUCKET = "arn:aws:s3:::trailwarden-logs-111122223333-eu-west-1"
TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/trailwarden-Table"
GLASS, USER = FILLED["BreakGlassArn"], f"arn:aws:iam::{ACCOUNT}:user/eve"
DENY_ALL = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AWSDenyAll"}
REQUESTS = [
    ("a log", ALLOWED, "s3:GetObject", f"{BUCKET}/AWSLogs/1/CloudTrail/a.json.gz", {}),
    ("a simulated log", ALLOWED, "s3:GetObject", f"{BUCKET}/simulated/AWSLogs/1/a.gz", {}),
    ("its version", ALLOWED, "s3:GetObjectVersion", f"{BUCKET}/AWSLogs/1/CloudTrail/a.json.gz", {}),
    ("another object", NOT_ALLOWED, "s3:GetObject", f"{BUCKET}/private/a", {}),
    ("another bucket", NOT_ALLOWED, "s3:GetObject", "arn:aws:s3:::other/AWSLogs/a", {}),
    ("a flow log", ALLOWED, "s3:GetObject", "arn:aws:s3:::my-flows/net/AWSLogs/1/a.log.gz", {}),
    ("beside the flow logs", NOT_ALLOWED, "s3:GetObject", "arn:aws:s3:::my-flows/private/a", {}),
    ("writing a flow log", NOT_ALLOWED, "s3:PutObject", "arn:aws:s3:::my-flows/net/AWSLogs/a", {}),
    ("GitHub's audit log", ALLOWED, "s3:GetObject", "arn:aws:s3:::my-audit/2026/a.json.log.gz", {}),
    ("its key", ALLOWED, "kms:Decrypt", AUDIT["OtherBucketsKeyArn"], {}),
    ("another key", NOT_ALLOWED, "kms:Decrypt", AUDIT["OtherBucketsKeyArn"] + "2", {}),
    ("sending to the queue", NOT_ALLOWED, "sqs:SendMessage",
     f"arn:aws:sqs:eu-west-1:{ACCOUNT}:trailwarden-logs", {}),
    ("writing a log", NOT_ALLOWED, "s3:PutObject", f"{BUCKET}/AWSLogs/a", {}),
    ("a report", ALLOWED, "s3:PutObject", "arn:aws:s3:::my-reports/trailwarden/story-1.html", {}),
    ("beside the reports", NOT_ALLOWED, "s3:PutObject", "arn:aws:s3:::my-reports/other", {}),
    ("reading reports", NOT_ALLOWED, "s3:GetObject", "arn:aws:s3:::my-reports/trailwarden/story-1.html", {}),
    ("a rule", ALLOWED, "s3:GetObject", "arn:aws:s3:::my-rules/rules/a.yml", {}),
    ("beside the rules", NOT_ALLOWED, "s3:GetObject", "arn:aws:s3:::my-rules/other/a.yml", {}),
    ("writing a rule", NOT_ALLOWED, "s3:PutObject", "arn:aws:s3:::my-rules/rules/a.yml", {}),
    ("listing rules", ALLOWED, "s3:ListBucket", "arn:aws:s3:::my-rules", {"s3:prefix": "rules/"}),
    ("listing all of it", NOT_ALLOWED, "s3:ListBucket", "arn:aws:s3:::my-rules", {"s3:prefix": ""}),
    ("deleting one", NOT_ALLOWED, "s3:DeleteObject", f"{BUCKET}/AWSLogs/a", {}),
    ("the state", ALLOWED, "dynamodb:UpdateItem", TABLE, {}),
    ("forgetting", NOT_ALLOWED, "dynamodb:DeleteItem", TABLE, {}),
    ("another table", NOT_ALLOWED, "dynamodb:GetItem", f"{TABLE}2", {}),
    ("an alert", ALLOWED, "sns:Publish", "arn:aws:sns:eu-west-1:111122223333:trailwarden-alerts", {}),
    ("an alarm", NOT_ALLOWED, "sns:Publish",
     "arn:aws:sns:eu-west-1:111122223333:trailwarden-operations", {}),
    ("containing", ALLOWED, "iam:AttachUserPolicy", USER, DENY_ALL),
    ("raising", NOT_ALLOWED, "iam:AttachUserPolicy", USER,
     {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    ("the break glass", DENIED, "iam:AttachUserPolicy", GLASS, DENY_ALL),
    ("itself", DENIED, "iam:AttachRolePolicy", FILLED["FunctionRoleArn"], DENY_ALL),
    ("releasing", DENIED, "iam:DetachUserPolicy", USER, DENY_ALL),
    ("making a key", DENIED, "iam:CreateAccessKey", USER, {}),
    ("the responder", ALLOWED, "sts:AssumeRole", FILLED["ResponderRoleArn"], {}),
    ("another role", NOT_ALLOWED, "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin", {}),
]


@pytest.mark.parametrize("name, want, action, resource, context", REQUESTS,
                         ids=[r[0] for r in REQUESTS])
def test_what_the_role_may(name, want, action, resource, context):
    stack = Stack(load(MAIN), Containment="auto", BreakGlassArns=GLASS, ReportsBucketName="my-reports",
                  RulesBucketName="my-rules", ResponderRoleArns=FILLED["ResponderRoleArn"],
                  **SOURCES)
    request = {"principal": FILLED["FunctionRoleArn"], "action": action, "resource": resource,
               "context": {"aws:PrincipalArn": FILLED["FunctionRoleArn"], **context}}
    assert evaluate(request, list(statements(stack).values())) == want


# ---- who may speak to it --------------------------------------------------------------------------

def test_senders_are_named():
    """Every policy of a queue, topic or bucket admits services only, bound to a source of ours, and
    refuses what comes without TLS."""
    seen = 0
    for name, settings in itertools.product(
            ("QueuePolicy", "DeadLettersPolicy", "LogTopicPolicy", "AlertTopicPolicy",
             "OperationsTopicPolicy", "TrailBucketPolicy"), SETTINGS.values()):
        resources = Stack(load(MAIN), **settings).resources
        if name not in resources:
            continue
        seen += 1
        denies = []
        for s in resources[name]["Properties"]["PolicyDocument"]["Statement"]:
            if s["Effect"] == "Deny":
                denies.append(s["Condition"])
                continue
            assert set(s["Principal"]) == {"Service"}, s
            keys = {k for c in s["Condition"].values() for k in c}
            assert keys & {"aws:SourceArn", "aws:SourceAccount"}, s
        assert {"Bool": {"aws:SecureTransport": "false"}} in denies, name
    assert seen > 40


def test_the_bus_is_the_organizations():
    assert "BusPolicy" not in Stack(load(MAIN), FastPath="all").resources
    policy = Stack(load(MAIN), **SETTINGS["an organization"]).resources["BusPolicy"]["Properties"]
    assert policy["Statement"]["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-exampleorg"}}


def test_forwarding_asks_for_one_thing():
    bus = f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/trailwarden"
    stack = Stack(load(FORWARD), BusArn=bus)
    (policy,) = stack.resources["Role"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}]
    patterns = {json.dumps(r["EventPattern"])
                for s in (stack, Stack(load(MAIN), FastPath="all"))
                for r in s.of_type("AWS::Events::Rule").values() if "EventPattern" in r}
    assert len(patterns) == 1  # home, bus and the other regions ask for the same calls
    assert json.loads(patterns.pop())["source"] == [{"prefix": "aws."}]  # PutEvents refuses those
