"""Moto as a server of its own, with signatures and IAM enforced.

What moto does not check, and so these tests do not prove here (measured with 5.2.5): the skew of
x-amz-date, the region and date of the scope, the conditions of a policy; SNS permissions are
checked against Resource "*" only; a form's signature is checked over the form as botocore would
write it.
"""
import json
import os
import subprocess
import sys
import urllib.request
import uuid

import boto3
from botocore.config import Config

from support.processes import LOOPBACK, free_port, listening, stop, wait_until

MOTO_ACCOUNT = "123456789012"
REGION = "eu-west-1"
START_SECONDS = 30
ONCE = Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=10)
ANY_ACTION = {"Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Moto:
    """The server and an administrator in it, whose calls are signed and checked like any other."""

    def __init__(self, log_path, **settings):
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        env = {"PATH": os.environ["PATH"], "INITIAL_NO_AUTH_ACTION_COUNT": "inf", **settings}
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(self.port)],
                env=env, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: self.process.poll() is not None or listening(self.port),
                       START_SECONDS, "moto listens")
            assert self.process.poll() is None, f"moto ended at once, see {log_path}"
            self.admin = self._make_admin()
            self.enforce()
        except BaseException:
            self.close()
            raise

    def session(self, key):
        return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"),
                             region_name=REGION)

    def client(self, service, session=None):
        """A client of the administrator, or of the session given; it never repeats a call."""
        return (session or self.admin).client(service, endpoint_url=self.url, config=ONCE)

    def _make_admin(self):
        anybody = self.session({"AccessKeyId": "AKIAANYBODY", "SecretAccessKey": "x"})
        iam = self.client("iam", anybody)
        iam.create_user(UserName="admin")
        iam.put_user_policy(UserName="admin", PolicyName="all",
                            PolicyDocument=json.dumps(ANY_ACTION))
        return self.session(iam.create_access_key(UserName="admin")["AccessKey"])

    def enforce(self, unchecked=b"0"):
        """From now on only so many calls are made without signature and policies being checked."""
        request = urllib.request.Request(self.url + "/moto-api/reset-auth", data=unchecked,
                                         headers={"Content-Type": "text/plain"}, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200

    def close(self):
        stop(self.process)


class Stage:
    """What one function needs in AWS, made anew for each test: a log bucket, a topic with two
    queues behind it (one raw), and a role that may do what the function does and nothing else."""

    def __init__(self, moto):
        self.moto = moto
        self.name = "trail-" + uuid.uuid4().hex[:12]
        self.s3, self.sns, self.sqs, self.iam = (
            moto.client(service) for service in ("s3", "sns", "sqs", "iam"))
        self.bucket = self.make_bucket(self.name)
        self.topic = self.sns.create_topic(Name=self.name)["TopicArn"]
        self.wrapped, self.raw = self._queue("wrapped", "false"), self._queue("raw", "true")
        self.credentials = self._assume(self._role())

    def make_bucket(self, name):
        self.s3.create_bucket(Bucket=name,
                              CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def make_fifo(self):
        """Puts a FIFO topic in place of the other; returns the queue behind it."""
        name = f"{self.name}.fifo"
        self.topic = self.sns.create_topic(Name=name, Attributes={"FifoTopic": "true"})["TopicArn"]
        url = self.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
        self.subscribe(url, "true")
        return url

    def _queue(self, suffix, raw):
        url = self.sqs.create_queue(QueueName=f"{self.name}-{suffix}")["QueueUrl"]
        self.subscribe(url, raw)
        return url

    def subscribe(self, queue_url, raw):
        arn = self.sqs.get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn,
                           Attributes={"RawMessageDelivery": raw})

    def _role(self):
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": f"arn:aws:iam::{MOTO_ACCOUNT}:user/admin"}}]}
        role = self.iam.create_role(RoleName=self.name,
                                    AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        self.allow(f"arn:aws:s3:::{self.bucket}/AWSLogs/*")
        return role["Arn"]

    def allow(self, *objects):
        """The function's whole policy: read these objects, publish."""
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": list(objects)},
            {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}
        self.iam.put_role_policy(RoleName=self.name, PolicyName="function",
                                 PolicyDocument=json.dumps(policy))

    def _assume(self, arn):
        return self.moto.client("sts").assume_role(
            RoleArn=arn, RoleSessionName="function")["Credentials"]

    def put(self, key, body, bucket=None):
        """Stores an object and returns the name that alerts call it by."""
        bucket = bucket or self.bucket
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def drain(self, url):
        """All that is in the queue."""
        messages = []
        while True:
            batch = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
                AttributeNames=["All"]).get("Messages", [])
            if not batch:
                return messages
            messages += batch
            self.sqs.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]}
                for i, m in enumerate(batch)])

    def messages(self):
        """All messages since the last call: (subject, alert, attributes), by the alert's text. Both
        queues must have got the same."""
        wrapped = []
        for m in self.drain(self.wrapped):
            body = json.loads(m["Body"])
            wrapped.append((body["Subject"], body["Message"], {
                name: a["Value"] for name, a in body["MessageAttributes"].items()}))
        raw = [(m["Body"], {name: a["StringValue"] for name, a in m["MessageAttributes"].items()})
               for m in self.drain(self.raw)]
        wrapped.sort(key=lambda m: m[1])
        assert [m[1:] for m in wrapped] == sorted(raw, key=lambda m: m[0])
        return [(subject, json.loads(alert), attributes) for subject, alert, attributes in wrapped]

    def told(self):
        """The same, as what trail.expected gives, in the order of (rule, key, first event)."""
        return sorted((facts_of(alert, attributes) for _, alert, attributes in self.messages()),
                      key=order)


def facts_of(alert, attributes):
    return {"rule": alert["rule"]["id"], "level": alert["rule"]["level"],
            "count": alert["count"], "first": alert["first"], "last": alert["last"],
            "events": alert["events"], "key": alert["key"], "object": alert["event"]["object"],
            "attributes": attributes}


def order(fact):
    return (fact["rule"], sorted(fact["key"].items()), fact["first"], fact["events"])
