"""CloudTrail records and objects, and what the rules beside these tests make of them.

The rules in tests/e2e/rules, and who trips them:
    trail_stopped (critical)   StopLogging that succeeded
    user_created  (medium)     CreateUser
    anything_read (informational)   GetObject; below the level that is told by default
"""
import datetime
import gzip
import json
import random
import uuid

ACCOUNT = "111122223333"
REGION = "eu-west-1"
# Yesterday: what is older than windows remember is evaluated with its object alone.
DAY = (datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, hour=14, minute=0, second=0,
                                                           microsecond=0)
       - datetime.timedelta(days=1))
STOPPED = "5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b01"
CREATED = "5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b02"
SOURCES = {"StopLogging": "cloudtrail", "CreateUser": "iam", "GetObject": "s3",
           "DescribeInstances": "ec2", "AssumeRole": "sts",
           "ListBuckets": "s3"}
# Bytes that would show if a record's secret left; session tokens look like this.
RECORD_SECRET = "FwoGZXIvYXdzEJr" + "Qm9ndXNTZXNzaW9uVG9rZW4" * 6


def time_of(second):
    return (DAY + datetime.timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(name, second=0, user="mallory", **more):
    """One record of a user's call; the same arguments give the same record, eventID included."""
    source = SOURCES[name]
    made = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser", "principalId": f"AIDA{user.upper():X<16}", "accountId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}", "userName": user,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        "eventTime": time_of(second), "eventSource": f"{source}.amazonaws.com", "eventName": name,
        "awsRegion": REGION, "sourceIPAddress": "198.51.100.77", "userAgent": "aws-cli/2.22.7",
        "requestParameters": {"name": "main"}, "responseElements": None,
        "requestID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"request {name} {second} {user}")),
        "eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"event {name} {second} {user}")),
        "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True,
        "recipientAccountId": ACCOUNT, "eventCategory": "Management",
    }
    made.update(more)
    return made


def quiet(n=3):
    """Records that no rule tells about."""
    return [record("DescribeInstances", i, "alice") for i in range(n)]


def bulky(n):
    """Quiet records of 4 KB that gzip can only halve."""
    noise = random.Random(n)
    return [record("DescribeInstances", i, "alice", requestParameters={
        "filter": noise.randbytes(2000).hex()}) for i in range(n)]


def text_of(records):
    return json.dumps({"Records": records}, ensure_ascii=False).encode()


def packed(records):
    """An object as CloudTrail stores it."""
    return gzip.compress(text_of(records), mtime=0)


def expected(rule, records, object_name):
    """The parts of an alert that follow from its events; `told` of the stage gives the same."""
    first = records[0]
    level = {STOPPED: "critical", CREATED: "medium"}[rule]
    return {
        "rule": rule, "level": level, "count": len(records),
        "first": records[0]["eventTime"], "last": records[-1]["eventTime"],
        "events": [r["eventID"] for r in records],
        "key": {"account": first["recipientAccountId"],
                "identity": first["userIdentity"]["principalId"]},
        "object": object_name,
        "attributes": {"type": "alert", "level": level, "rule": rule,
                       "account": first["recipientAccountId"], "region": first["awsRegion"]},
    }
