"""What template.yaml describes, made in moto: bucket, topics, queues, table and role; and the pump
that does what Lambda does between queue and function: batches of ten, partial answers, visibility.

moto sends S3's notifications to the topic and the topic's to the queue, hides received messages
and moves what was received too often. The visibility timeout is a thirtieth of the template's, or
what part is asked for. What moto cannot do of IAM: it knows no conditions, and no resources but
S3's, so in the role's policy sns and dynamodb get "*"; what they are scoped to, test_template.py
shows.
"""
import copy
import gzip
import json
import subprocess
import threading
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from support import function
from support.moto import MOTO_ACCOUNT, REGION
from support.runtime_api import RuntimeApi
from support.stack import Stack, load

FASTER = 30  # visibility timeouts, where processes are killed
UNKNOWN_TO_MOTO = ("sns:", "dynamodb:", "kms:", "sqs:", "logs:")


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
    """The stack in moto, its visibility timeout a part of the template's, its table in a DynamoDB
    Local if there is one. `queue`, `dead` and `inbox` are URLs; the last hears of all alerts."""

    def __init__(self, moto, faster=FASTER, dynamodb=None):
        self.faster, self.local = faster, dynamodb
        self.receiving = threading.Lock()  # moto gives one message to two who ask at once
        self.stack = Stack(load(function.ROOT / "template.yaml"), **{
            "AWS::StackName": "tw-" + uuid.uuid4().hex[:8], "AWS::AccountId": MOTO_ACCOUNT,
            "AWS::Region": REGION})
        self.moto = moto
        self.s3, self.sns, self.sqs, self.iam, self.dynamodb = (
            moto.client(s) for s in ("s3", "sns", "sqs", "iam", "dynamodb"))
        if dynamodb:
            self.dynamodb = dynamodb.client
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
            attributes = {"VisibilityTimeout": str(properties["VisibilityTimeout"] // self.faster)}
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
        local = {"AWS_ENDPOINT_URL_DYNAMODB": self.local.url} if self.local else {}
        return {**said, **local, "TRAILWARDEN_BUCKETS": self.bucket,
                "AWS_ENDPOINT_URL": self.moto.url}

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
    """One of Lambda's environments and the poller that feeds it. `begun` is called when the function
    has got an invocation; a process that died is begun anew."""

    def __init__(self, deployed, root, stop):
        super().__init__()
        self.deployed, self.root, self.stop = deployed, root, stop
        self.invocations, self.violations, self.failure = 0, [], None
        # Of invocations that were answered, (seconds, messages); of the last process, which is the
        # only one unless some were killed, memory and CPU time.
        self.took, self.peak_bytes, self.cpu_s = [], 0, 0.0
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
        if self.function.process.poll() is None:
            self.peak_bytes, self.cpu_s = self.function.peak_bytes(), self.function.cpu_seconds()
        self.function.close()
        self.function.api.close()
        self.violations += self.function.api.violations
        self.function = None

    def begun(self, invocation):
        pass

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
        began = time.time()
        invocation = self.function.api.submit(self.event(messages), self.timeout)
        self.invocations += 1
        self.begun(invocation)
        end = time.monotonic() + self.timeout
        while not invocation.done.wait(0.02) and self.function.process.poll() is None:
            assert time.monotonic() < end, "an invocation outlives its deadline"
        if self.function.process.poll() is not None:
            self.end()
        if not invocation.done.is_set() or not invocation.ok:
            return everyone
        failed = {f["itemIdentifier"] for f in invocation.answer["batchItemFailures"]}
        assert failed <= everyone
        self.took.append((invocation.answered_at - began, len(messages)))
        return failed

    def poll(self):
        with self.deployed.receiving:
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
