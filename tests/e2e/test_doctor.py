"""trailwarden doctor: a deployment in moto that is as it should be, and what it says of each that is
not. One table: what is broken, and the findings that are then not ok. moto miscalculates signatures
of GET requests to Lambda, its own client's too, so it checks none here but where calls are refused."""
import email.utils
import io
import json
import time
import urllib.parse
import urllib.request
import uuid
import zipfile

import pytest

from support.counting_proxy import CountingProxy, forward
from support.moto import MOTO_ACCOUNT, REGION
from test_cli import run

pytestmark = pytest.mark.timeout(300)

VERSION = run("version").stdout.decode().split()[1]
WELL = {"ok": True, "version": VERSION, "rules": 31, "hash": "0"}
HEALTHY = {"caller", "clock", "function", "settings", "self-test", "mapping", "queue", "redrive",
           "dead-letters", "table", "table-ttl", "table-backups", "alerts", "trail", "trail-regions",
           "trail-global", "trail-validation", "trail-on", "trail-delivery", "notifications"}


def package():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as z:
        z.writestr("bootstrap", "#!/bin/sh\n")
    return made.getvalue()


class Deployment:
    """All that template.yaml makes of what doctor looks at. Changes are made with its clients."""

    def __init__(self, moto):
        self.moto, self.name = moto, "tw-" + uuid.uuid4().hex[:8]
        self.post("config", {"lambda": {"use_docker": False}})  # answers as it is told to
        for service in ("s3", "sns", "sqs", "iam", "dynamodb", "cloudtrail"):
            setattr(self, service, moto.client(service))
        self.lambda_ = moto.client("lambda")
        self.log_topic = self.sns.create_topic(Name=self.name + "-logs")["TopicArn"]
        self.topic = self.sns.create_topic(Name=self.name + "-alerts")["TopicArn"]
        self.make_queues()
        self.make_bucket()
        self.make_table()
        self.make_function()
        self.reader = self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", ReturnSubscriptionArn=True,
                                         Endpoint=self.arn(self.name + "-inbox"))["SubscriptionArn"]

    def arn(self, queue):
        return f"arn:aws:sqs:{REGION}:{MOTO_ACCOUNT}:{queue}"

    def make_queues(self):
        self.dead = self.sqs.create_queue(QueueName=self.name + "-dead")["QueueUrl"]
        self.queue = self.sqs.create_queue(QueueName=self.name + "-logs", Attributes={
            "VisibilityTimeout": "360", "RedrivePolicy": json.dumps({
                "deadLetterTargetArn": self.arn(self.name + "-dead"), "maxReceiveCount": 5})})["QueueUrl"]
        self.way = self.sns.subscribe(TopicArn=self.log_topic, Protocol="sqs", ReturnSubscriptionArn=True,
                                      Endpoint=self.arn(self.name + "-logs"))["SubscriptionArn"]

    def make_bucket(self):
        self.s3.create_bucket(Bucket=self.name,
                              CreateBucketConfiguration={"LocationConstraint": REGION})
        self.notify(TopicConfigurations=[{"TopicArn": self.log_topic,
                                          "Events": ["s3:ObjectCreated:*"]}])
        self.trail = self.cloudtrail.create_trail(
            Name=self.name, S3BucketName=self.name, IsMultiRegionTrail=True,
            IncludeGlobalServiceEvents=True, EnableLogFileValidation=True)["TrailARN"]
        self.cloudtrail.start_logging(Name=self.trail)

    def notify(self, **configuration):
        self.s3.put_bucket_notification_configuration(Bucket=self.name,
                                                      NotificationConfiguration=configuration)

    def make_table(self):
        self.dynamodb.create_table(
            TableName=self.name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"},
                       {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                  {"AttributeName": "sk", "AttributeType": "S"}])
        self.dynamodb.update_time_to_live(TableName=self.name, TimeToLiveSpecification={
            "Enabled": True, "AttributeName": "expires"})
        self.backups(True)

    def backups(self, on):
        self.dynamodb.update_continuous_backups(
            TableName=self.name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": on})

    def make_function(self):
        self.role = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"}}]}))["Role"]["Arn"]
        self.variables = {"TRAILWARDEN_TABLE": self.name, "TRAILWARDEN_TOPIC_ARN": self.topic,
                          "TRAILWARDEN_BUCKETS": self.name}
        self.lambda_.create_function(
            FunctionName=self.name, Runtime="provided.al2023", Handler="bootstrap", Role=self.role,
            Code={"ZipFile": package()}, Timeout=60, Environment={"Variables": self.variables})
        self.mapping = self.lambda_.create_event_source_mapping(
            FunctionName=self.name, EventSourceArn=self.arn(self.name + "-logs"), BatchSize=10,
            FunctionResponseTypes=["ReportBatchItemFailures"])["UUID"]

    def set_variables(self, **changes):
        kept = {k: v for k, v in {**self.variables, **changes}.items() if v is not None}
        self.lambda_.update_function_configuration(FunctionName=self.name,
                                                   Environment={"Variables": kept})

    def answer_self_test(self, answer):
        """What moto's Lambda answers when it is called next."""
        self.post("static/lambda-simple/response",
                  {"region": REGION, "results": [json.dumps(answer)]})

    def post(self, what, document):
        request = urllib.request.Request(f"{self.moto.url}/moto-api/{what}",
                                         data=json.dumps(document).encode(), method="POST",
                                         headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture
def deployment(moto):
    moto.enforce(b"1000000")
    yield Deployment(moto)
    moto.enforce()


def environment(moto, url=None, key=None):
    admin = moto.admin.get_credentials()
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"] if key else admin.access_key,
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"] if key else admin.secret_key,
            "AWS_REGION": REGION, "AWS_ENDPOINT_URL": url or moto.url}


def examine(deployment, *arguments, answer=WELL, **options):
    """(exit code, {check: its worst finding}); answer: the function's to its self-test."""
    if answer:
        deployment.answer_self_test(answer)
    done = run("doctor", "--format", "jsonl", "--stack", deployment.name, *arguments,
               env=environment(deployment.moto, **options))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found and done.returncode in (0, 1), done.stderr
    worst = {}
    for f in found:
        assert f["type"] == "check" and (f["todo"] or f["verdict"] == "ok" or f["check"] == "clock")
        if f["check"] not in worst or "ok warn fail".find(f["verdict"]) > \
                "ok warn fail".find(worst[f["check"]]["verdict"]):
            worst[f["check"]] = f
    assert done.returncode == any(f["verdict"] == "fail" for f in found)
    return done.returncode, worst


def test_all_is_well(deployment):
    code, found = examine(deployment)
    assert {c: f["text"] for c, f in found.items() if f["verdict"] != "ok"} == {}
    assert code == 0 and set(found) == HEALTHY


def test_people_get_lines(deployment):
    deployment.sqs.send_message(QueueUrl=deployment.dead, MessageBody="x")
    deployment.answer_self_test(WELL)
    done = run("doctor", "--function", deployment.name, env=environment(deployment.moto))
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 1 and b"1 failed" in done.stderr
    at = next(i for i, line in enumerate(lines) if line.startswith("fail"))
    assert lines[at].split(None, 2) == ["fail", "dead-letters", "1 messages could not be read"]
    assert lines[at + 1].strip().startswith("-> the function's log says why")


def unsubscribe_log(d):
    d.sns.unsubscribe(SubscriptionArn=d.way)


def point_elsewhere(d):
    d.notify(TopicConfigurations=[{"TopicArn": d.topic, "Events": ["s3:ObjectCreated:*"]}])


def only_deletions(d):
    d.notify(TopicConfigurations=[{"TopicArn": d.log_topic, "Events": ["s3:ObjectRemoved:*"]}])


def other_expiry(d):
    for on, name in ((False, "expires"), (True, "ends")):
        d.dynamodb.update_time_to_live(TableName=d.name, TimeToLiveSpecification={
            "Enabled": on, "AttributeName": name})


BROKEN = [
    ("the trail is stopped", lambda d: d.cloudtrail.stop_logging(Name=d.trail),
     {"trail-on": "fail"}, "does not log"),
    ("the trail is of one region",
     lambda d: d.cloudtrail.update_trail(Name=d.trail, IsMultiRegionTrail=False),
     {"trail-regions": "fail"}, "it logs one region"),
    ("no validation",
     lambda d: d.cloudtrail.update_trail(Name=d.trail, EnableLogFileValidation=False),
     {"trail-validation": "warn"}, "cannot be proven"),
    ("no IAM", lambda d: d.cloudtrail.update_trail(
        Name=d.trail, IncludeGlobalServiceEvents=False, IsMultiRegionTrail=False),
     {"trail-global": "fail", "trail-regions": "fail"}, "does not log IAM"),
    ("no trail", lambda d: d.cloudtrail.delete_trail(Name=d.name), {"trail": "fail"},
     "no trail of this account writes to"),
    ("no notification", lambda d: d.notify(), {"notifications": "fail"}, "does not hear"),
    ("another topic", point_elsewhere, {"notifications": "fail"}, "does not hear"),
    ("another event", only_deletions, {"notifications": "fail"}, "does not hear"),
    ("the queue is unsubscribed", unsubscribe_log, {"notifications": "fail"}, "does not hear"),
    ("nobody hears alerts", lambda d: d.sns.unsubscribe(SubscriptionArn=d.reader),
     {"alerts": "fail"}, "nobody hears alerts"),
    ("no alert topic", lambda d: d.sns.delete_topic(TopicArn=d.topic), {"alerts": "fail"}, "sns"),
    ("dead letters", lambda d: d.sqs.send_message(QueueUrl=d.dead, MessageBody="x"),
     {"dead-letters": "fail"}, "1 messages could not be read"),
    ("no redrive", lambda d: d.sqs.set_queue_attributes(
        QueueUrl=d.queue, Attributes={"RedrivePolicy": ""}), {"redrive": "fail"},
     "no dead-letter queue"),
    ("a short visibility timeout", lambda d: d.sqs.set_queue_attributes(
        QueueUrl=d.queue, Attributes={"VisibilityTimeout": "30"}), {"queue": "fail"},
     "messages come again while they are worked on"),
    ("a visibility timeout on the short side", lambda d: d.sqs.set_queue_attributes(
        QueueUrl=d.queue, Attributes={"VisibilityTimeout": "90"}), {"queue": "warn"}, "90 s"),
    ("the mapping is off", lambda d: d.lambda_.update_event_source_mapping(
        UUID=d.mapping, Enabled=False), {"mapping": "fail"}, "does not read its queue"),
    ("no table", lambda d: d.dynamodb.delete_table(TableName=d.name), {"table": "fail"},
     "DescribeTable"),
    ("expiry by another attribute", other_expiry, {"table-ttl": "fail"}, "grows for ever"),
    ("no backups", lambda d: d.backups(False), {"table-backups": "warn"}, "no point-in-time"),
    ("no topic is set", lambda d: d.set_variables(TRAILWARDEN_TOPIC_ARN=None),
     {"settings": "fail"}, "TRAILWARDEN_TOPIC_ARN is not set"),
    ("no table is set", lambda d: d.set_variables(TRAILWARDEN_TABLE=None), {"settings": "warn"},
     "TRAILWARDEN_TABLE is not set"),
    ("no buckets are set", lambda d: d.set_variables(TRAILWARDEN_BUCKETS=None), {"trail": "warn"},
     "nobody says which bucket"),
    ("another bucket", lambda d: d.set_variables(TRAILWARDEN_BUCKETS=d.name + "-nowhere"),
     {"trail": "fail", "notifications": "fail"}, "no trail of this account"),
]


@pytest.mark.parametrize("break_it, wanted, told", [b[1:] for b in BROKEN],
                         ids=[b[0] for b in BROKEN])
def test_what_is_broken_is_told(deployment, break_it, wanted, told):
    break_it(deployment)
    _, found = examine(deployment)
    assert {c: f["verdict"] for c, f in found.items() if f["verdict"] != "ok"} == wanted
    assert any(told in found[check]["text"] for check in wanted)


@pytest.mark.parametrize("answer, verdict, told", [
    ({"ok": True, "version": "0.0.1", "rules": 3}, "warn", "the function is version 0.0.1"),
    ({"errorMessage": "not one rule", "errorType": "Runtime.InitError"}, "fail", "not one rule"),
    ("hello", "fail", "no answer of trailwarden's"),
])
def test_the_self_test(deployment, answer, verdict, told):
    _, found = examine(deployment, answer=answer)
    assert found["self-test"]["verdict"] == verdict and told in found["self-test"]["text"]


def test_ways_without_a_topic_are_known(deployment):
    """The trail may notify the topic, the bucket the queue itself."""
    deployment.notify()
    deployment.cloudtrail.update_trail(Name=deployment.trail,
                                       SnsTopicName=deployment.log_topic.rpartition(":")[2])
    assert examine(deployment)[1]["notifications"]["verdict"] == "ok"
    deployment.sns.unsubscribe(SubscriptionArn=deployment.way)
    deployment.notify(QueueConfigurations=[{"QueueArn": deployment.arn(deployment.name + "-logs"),
                                            "Events": ["s3:ObjectCreated:Put"]}])
    assert examine(deployment)[1]["notifications"]["verdict"] == "ok"


def test_what_is_refused_is_named_and_the_rest_looked_at(deployment):
    iam, name = deployment.iam, deployment.name + "-reader"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="some", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Resource": "*", "Action": ["dynamodb:DescribeTable"]}]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    deployment.moto.enforce()
    code, found = examine(deployment, "--table", deployment.name, "--topic", deployment.topic,
                          "--bucket", deployment.name, key=key, answer=None)
    assert code == 0
    assert {c: f["verdict"] for c, f in found.items() if f["verdict"] != "ok"} == {
        c: "warn" for c in ("function", "table-ttl", "table-backups", "alerts", "trail",
                            "notifications")}
    for check, permission in (("trail", "cloudtrail:DescribeTrails"),
                              ("alerts", "sns:ListSubscriptionsByTopic"),
                              ("notifications", "s3:GetBucketNotification"),
                              ("table-ttl", "dynamodb:DescribeTimeToLive")):
        assert f"(needs {permission})" in found[check]["text"]


class Bridge(CountingProxy):
    """In front of moto, which does not say that it tells EventBridge."""

    def send(self, method, path, headers, body):
        if path.endswith("?notification="):
            return 200, [], (b'<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                             b"<EventBridgeConfiguration/></NotificationConfiguration>")
        return forward(self._aws, method, path, headers, body)


def test_eventbridge_is_known(deployment):
    proxy = Bridge(deployment.moto.url, deployment.moto.url)
    try:
        found = examine(deployment, url=proxy.url)[1]["notifications"]
    finally:
        proxy.close()
    assert found["verdict"] == "ok" and "EventBridge" in found["text"]


class Changed(CountingProxy):
    """In front of moto: what some calls answer is changed on the way."""

    def send(self, method, path, headers, body):
        status, said, answer = forward(self._aws, method, path, headers, body)
        if b"GetCallerIdentity" in body:
            said = [h for h in said if h[0].lower() != "date"] + [("Date", self.date)]
        if b"ListSubscriptionsByTopic" in body and self.pending.encode() in body:
            answer = answer.replace(self.confirmed.encode(), b"PendingConfirmation")
        return status, said, answer


@pytest.mark.parametrize("ahead_s, verdict", [(0, "ok"), (-100, "warn"), (1000, "fail")])
def test_clock_and_confirmation(deployment, ahead_s, verdict):
    proxy = Changed(deployment.moto.url, deployment.moto.url)
    proxy.date = email.utils.formatdate(time.time() + ahead_s, usegmt=True)
    proxy.pending, proxy.confirmed = (urllib.parse.quote(deployment.topic, safe=""),
                                      deployment.reader)
    try:
        _, found = examine(deployment, url=proxy.url)
    finally:
        proxy.close()
    assert found["clock"]["verdict"] == verdict
    assert found["alerts"]["verdict"] == "fail" and "wait for confirmation" in found["alerts"]["text"]


def test_without_a_function(moto, deployment):
    done = run("doctor", "--format", "jsonl", "--function", "nobody", env=environment(moto))
    found = {f["check"]: f for f in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1 and found["function"]["verdict"] == "fail"
    assert "name it with --function" in found["function"]["todo"]


@pytest.mark.parametrize("arguments, told", [
    (["x"], "takes options only"), (["--stack", "a", "--function", "b"], "give one"),
    (["--function", "a/b"], "no name of a function"), (["--bucket", "a/b"], "no name of a bucket"),
    (["--topic", "alerts"], "no ARN of a topic"), (["--format", "csv"], "--format csv"),
])
def test_wrong_usage(arguments, told):
    done = run("doctor", *arguments)
    assert done.returncode == 2 and told in done.stderr.decode()
