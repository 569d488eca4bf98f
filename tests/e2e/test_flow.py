"""The whole way of an alert: what template.yaml describes is made in moto, bucket, topics, queues,
table and role, and a pump does what Lambda does between queue and function: batches of ten, four
processes at once, partial answers, visibility and redrive. The demo's attack goes through it while
processes are killed.

moto sends S3's notifications to the topic and the topic's to the queue, hides received messages
and moves what was received too often. The visibility timeout is a thirtieth of the template's. What moto cannot do
of IAM: it knows no conditions, and no resources but S3's, so in the role's policy sns and dynamodb
get "*"; what they are scoped to, test_template.py shows.
"""
import copy
import datetime
import gzip
import json
import random
import subprocess
import threading
import time
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support import function
from support.moto import MOTO_ACCOUNT, REGION
from support.runtime_api import RuntimeApi
from support.shifted import shifted
from support.stack import Stack, load

pytestmark = pytest.mark.timeout(600)

SAMPLES = function.ROOT / "samples"
POISON = "AWSLogs/111122223333/CloudTrail/eu-west-1/poison.json.gz"
WORKERS = 4
FASTER = 30  # visibility timeouts
UNKNOWN_TO_MOTO = ("sns:", "dynamodb:", "kms:", "sqs:", "logs:")
SECONDS = 240
MESSAGES_OF_A_DELIVERY = 20  # of ten objects of the demo, more than ever seen


def objects():
    """{key: bytes} of the sample logs, as if they were of yesterday; digests as they are."""
    named = {str(path.relative_to(SAMPLES)): path.read_bytes()
             for path in sorted(SAMPLES.rglob("*.json.gz"))}
    logs = {key: json.loads(gzip.decompress(body)).get("Records") for key, body in named.items()}
    moved = iter(shifted([r for records in logs.values() for r in records or []]))
    return {key: named[key] if records is None else packed([next(moved) for _ in records])
            for key, records in logs.items()}


def packed(records):
    return gzip.compress(json.dumps({"Records": records}).encode())


def widened(document):
    """The policy with "*" for the resources that moto does not know."""
    document = copy.deepcopy(document)
    for statement in document["Statement"]:
        actions = statement["Action"]
        if all(a.startswith(UNKNOWN_TO_MOTO)
               for a in ([actions] if isinstance(actions, str) else actions)):
            statement["Resource"] = "*"
    return document


class Deployed:
    """The stack in moto. `queue`, `dead` and `inbox` are URLs; the last hears of all alerts."""

    def __init__(self, moto):
        self.stack = Stack(load(function.ROOT / "template.yaml"), **{
            "AWS::StackName": "tw-" + uuid.uuid4().hex[:8], "AWS::AccountId": MOTO_ACCOUNT,
            "AWS::Region": REGION})
        self.moto = moto
        self.s3, self.sns, self.sqs, self.iam, self.dynamodb = (
            moto.client(s) for s in ("s3", "sns", "sqs", "iam", "dynamodb"))
        self.make_topics()
        self.make_queues()
        self.make_table()
        self.make_bucket()
        self.credentials = self.make_role()

    def of(self, name):
        return self.stack.resources[name]["Properties"]

    def make_topics(self):
        for name, properties in self.stack.of_type("AWS::SNS::Topic").items():
            arn = self.sns.create_topic(Name=properties["TopicName"])["TopicArn"]
            assert arn == self.stack.ref(name)

    def make_queues(self):
        urls = {}
        for name in ("DeadLetters", "Queue"):
            properties = self.of(name)
            attributes = {"VisibilityTimeout": str(properties["VisibilityTimeout"] // FASTER)}
            if "RedrivePolicy" in properties:
                attributes["RedrivePolicy"] = json.dumps(properties["RedrivePolicy"])
            urls[name] = self.sqs.create_queue(QueueName=properties["QueueName"],
                                               Attributes=attributes)["QueueUrl"]
        self.queue, self.dead = urls["Queue"], urls["DeadLetters"]
        for way in self.stack.of_type("AWS::SNS::Subscription").values():
            self.sns.subscribe(
                TopicArn=way["TopicArn"], Protocol=way["Protocol"], Endpoint=way["Endpoint"],
                Attributes={"RawMessageDelivery": str(way["RawMessageDelivery"]).lower()})
        name = f"{self.stack.values['AWS::StackName']}-inbox"
        self.inbox = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.sns.subscribe(TopicArn=self.stack.ref("AlertTopic"), Protocol="sqs",
                           Endpoint=f"arn:aws:sqs:{REGION}:{MOTO_ACCOUNT}:{name}",
                           Attributes={"RawMessageDelivery": "true"})

    def make_table(self):
        wanted = self.of("Table")
        self.dynamodb.create_table(
            TableName=self.stack.ref("Table"), BillingMode=wanted["BillingMode"],
            KeySchema=wanted["KeySchema"], AttributeDefinitions=wanted["AttributeDefinitions"])
        self.dynamodb.update_time_to_live(
            TableName=self.stack.ref("Table"),
            TimeToLiveSpecification=wanted["TimeToLiveSpecification"])

    def make_bucket(self):
        wanted = self.of("TrailBucket")
        self.bucket = wanted["BucketName"] + uuid.uuid4().hex[:8]  # moto's is shared with others
        self.s3.create_bucket(Bucket=self.bucket,
                              CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_versioning(Bucket=self.bucket,
                                      VersioningConfiguration=wanted["VersioningConfiguration"])
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"TopicConfigurations": [
                {"TopicArn": t["Topic"], "Events": [t["Event"]],
                 "Filter": {"Key": {"FilterRules": t["Filter"]["S3Key"]["Rules"]}}}
                for t in wanted["NotificationConfiguration"]["TopicConfigurations"]]})

    def make_role(self):
        name = self.stack.ref("FunctionRole")
        trust = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{MOTO_ACCOUNT}:user/admin"}}]}
        arn = self.iam.create_role(RoleName=name,
                                   AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        for policy in self.stack.of_type("AWS::IAM::RolePolicy").values():
            text = json.dumps(widened(policy["PolicyDocument"]))
            text = text.replace(self.of("TrailBucket")["BucketName"] + "/", self.bucket + "/")
            self.iam.put_role_policy(RoleName=name, PolicyName=policy["PolicyName"],
                                     PolicyDocument=text)
        return self.moto.client("sts").assume_role(
            RoleArn=arn, RoleSessionName="function")["Credentials"]

    def variables(self):
        said = self.of("TrailwardenFunction")["Environment"]["Variables"]
        return {**said, "TRAILWARDEN_BUCKETS": self.bucket, "AWS_ENDPOINT_URL": self.moto.url}

    def left(self, url):
        """(visible, hidden) messages of a queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        got = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return tuple(int(got[n]) for n in names)

    def drain(self, url):
        messages = []
        while batch := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            messages += [m["Body"] for m in batch]
            for m in batch:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
        return messages


class Worker(threading.Thread):
    """One of Lambda's environments and the poller that feeds it; killed once in the middle of an
    invocation, of the first or the second, and begun anew. Four kills at most: a message is given
    up after five receipts."""

    def __init__(self, deployed, root, number, stop):
        super().__init__()
        self.deployed, self.root, self.stop = deployed, root, stop
        self.random = random.Random(number)
        self.invocations, self.killed_at = 0, 1 + number // 2
        self.kills, self.violations, self.failure = 0, [], None
        # Each thread its own client; boto3's are not made in threads.
        self.sqs = boto3.Session(
            *[deployed.moto.admin.get_credentials().access_key,
              deployed.moto.admin.get_credentials().secret_key], region_name=REGION).client(
            "sqs", endpoint_url=deployed.moto.url, config=Config(retries={"max_attempts": 2}))
        self.batch = deployed.of("QueueCallsFunction")["BatchSize"]
        self.timeout = deployed.of("TrailwardenFunction")["Timeout"]
        self.function = None

    def begin(self):
        api = RuntimeApi()
        env = function.environment(self.root, api.address, self.deployed.credentials,
                                   **self.deployed.variables())
        self.function = function.Function(self.root, env, api)

    def end(self):
        self.function.close()
        self.function.api.close()
        self.violations += self.function.api.violations
        self.function = None

    def event(self, messages):
        return {"Records": [{
            "messageId": m["MessageId"], "receiptHandle": m["ReceiptHandle"], "body": m["Body"],
            "attributes": m["Attributes"], "messageAttributes": {}, "eventSource": "aws:sqs",
            "eventSourceARN": self.deployed.stack.attribute("Queue", "Arn"), "awsRegion": REGION,
        } for m in messages]}

    def invoke(self, messages):
        """The ids of the messages that failed; all of them when the process died."""
        everyone = {m["MessageId"] for m in messages}
        if self.function is None:
            self.begin()
        invocation = self.function.api.submit(self.event(messages), self.timeout)
        self.invocations += 1
        if self.invocations == self.killed_at:
            invocation.taken.wait(10)
            time.sleep(self.random.uniform(0.02, 0.4))
            self.function.process.kill()
            self.function.process.wait()
            self.kills += not invocation.done.is_set()
        end = time.monotonic() + self.timeout
        while not invocation.done.wait(0.02) and self.function.process.poll() is None:
            assert time.monotonic() < end, "an invocation outlives its deadline"
        if self.function.process.poll() is not None:
            self.end()
        if not invocation.done.is_set() or not invocation.ok:
            return everyone
        failed = {f["itemIdentifier"] for f in invocation.answer["batchItemFailures"]}
        assert failed <= everyone
        return failed

    def poll(self):
        got = self.sqs.receive_message(QueueUrl=self.deployed.queue, AttributeNames=["All"],
                                       MaxNumberOfMessages=self.batch).get("Messages", [])
        if not got:
            time.sleep(0.1)
            return
        failed = self.invoke(got)
        for m in got:
            if m["MessageId"] not in failed:
                self.delete(m)

    def delete(self, message):
        try:
            self.sqs.delete_message(QueueUrl=self.deployed.queue,
                                    ReceiptHandle=message["ReceiptHandle"])
        except ClientError as e:  # too slow: somebody else has received it again
            if e.response["Error"]["Code"] != "ReceiptHandleIsInvalid":
                raise

    def run(self):
        try:
            while not self.stop.is_set():
                self.poll()
        except BaseException as e:  # told by the test
            self.failure = e
        finally:
            if self.function:
                self.end()


def scanned(folder):
    """The alerts of a scan over the same objects."""
    done = subprocess.run(
        [function.build_dir() / "bin" / "trailwarden", "scan", "--format", "jsonl", "--rules",
         function.ROOT / "rules", folder], capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def episode(alert):
    return alert["rule"]["id"], tuple(sorted(alert["key"].items()))


def test_the_demo_attack_through_the_template(moto, tmp_path):
    deployed, logs = Deployed(moto), objects()
    for key, body in logs.items():
        (tmp_path / "logs" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs" / key).write_bytes(body)
    expected = [a for a in scanned(tmp_path / "logs") if a["type"] == "alert"]
    assert len(expected) > 10

    order = sorted(logs)
    random.Random(7).shuffle(order)
    for key in order:
        deployed.s3.put_object(Bucket=deployed.bucket, Key=key, Body=logs[key])
    deployed.s3.put_object(Bucket=deployed.bucket, Key=POISON, Body=packed([])[:9] + b"poison")

    stop = threading.Event()
    workers = [Worker(deployed, function.lay_out(tmp_path / f"task{n}", function.ROOT / "rules"),
                      n, stop) for n in range(WORKERS)]
    for w in workers:
        w.start()
    end = datetime.datetime.now() + datetime.timedelta(seconds=SECONDS)
    while any(deployed.left(deployed.queue)) and not any(w.failure for w in workers):
        assert datetime.datetime.now() < end, deployed.left(deployed.queue)
        time.sleep(0.5)
    stop.set()
    for w in workers:
        w.join()
    assert [w.failure for w in workers] == [None] * WORKERS
    assert [v for w in workers for v in w.violations] == []
    assert sum(w.kills for w in workers) >= 2, "nobody was killed in the middle of anything"

    dead = deployed.drain(deployed.dead)
    assert len(dead) == 1 and "poison" in dead[0], dead
    messages = [json.loads(m) for m in deployed.drain(deployed.inbox)]
    told = [m for m in messages if m["type"] == "alert"]
    assert {episode(a) for a in told} == {episode(a) for a in expected}
    # One id an episode, but for those that an event which came late has joined.
    joined = {i for a in told for i in a.get("joined", [])}
    ids = {}
    for a in told:
        if a["id"] not in joined:
            ids.setdefault(episode(a), set()).add(a["id"])
    wanted = {}
    for a in expected:
        wanted.setdefault(episode(a), set()).add(a["id"])
    assert {e: len(i) for e, i in ids.items()} == {e: len(i) for e, i in wanted.items()}
    assert any(m["type"] == "incident" for m in messages)
    # Who dies between publishing and noting it leaves a message that comes again, as itself.
    once = {(m["id"], m["updates"]) for m in messages}
    same = len({a["id"] for a in told} & {a["id"] for a in expected})
    kills = sum(w.kills for w in workers)
    assert len(messages) - len(once) <= kills * MESSAGES_OF_A_DELIVERY
    print(f"{kills} killed, {len(messages)} messages of which {len(messages) - len(once)} came again;"
          f" {same} of {len(expected)} alerts have the id that a scan gives them")
