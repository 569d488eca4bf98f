"""Falco's published CloudTrail rules against what the real Falco engine answers for them.

The expected hits (../shared/oracle/falco) were made by Falco's rule engine 0.63.0 with its plugins
cloudtrail 0.17.1 and json 0.7.4, all rules evaluated. TRAILWARDEN_SHARED and TRAILWARDEN_BIN name
other places for the data and for the program.
"""

import gzip
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("TRAILWARDEN_SHARED", ROOT.parent / "shared"))
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
RULES = SHARED / "peer-rules/falco"

pytestmark = pytest.mark.skipif(not RULES.is_dir(), reason=f"the peer rules are not at {RULES}")


def run(*args):
    return subprocess.run([BIN, *map(str, args)], capture_output=True, text=True, timeout=300)


def oracle(corpus):
    with open(SHARED / "oracle/falco" / f"{corpus}.jsonl", encoding="utf-8") as lines:
        hits = map(json.loads, lines)
        return {(h["rule"], h["eventID"], h["output"]) for h in hits}


@pytest.mark.parametrize("corpus", ["sans504", "stratus"])
def test_hits_and_outputs_are_falcos(corpus):
    expected = oracle(corpus)
    assert expected
    done = run("scan", "--emit", "matches", "--format", "jsonl", "--min-level", "informational",
               "-r", RULES / "aws_cloudtrail_rules.yaml", SHARED / "corpus" / corpus)
    # The corpora hold files beside the logs, which scan names and exits 1 for.
    assert done.returncode in (0, 1), done.stderr
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    found = [(h["rule"]["id"], h["event"]["id"], h["rule"]["output"]) for h in hits]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_the_published_file_loads_without_a_warning():
    done = run("rules", "check", "-r", RULES / "aws_cloudtrail_rules.yaml")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "20 rules in 1 files loaded, 0 refused, 0 skipped, 0 warnings" in done.stdout


def ok_login(**more):
    return {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}, **more}


# What each rule of the file fires on, most of which the corpora do not hold: event, output. The
# outputs follow from the rules' own lines and the fields' definitions (docs/falco.md).
WHO = "requesting user=u, requesting IP=192.0.2.1, AWS region=us-east-1"
MADE = {
    "Console Login Through Assume Role": (
        ok_login(userIdentity={"type": "AssumedRole", "principalId": "A:s", "arn": "arn:r"}),
        "Detected a console login through Assume Role (principal=A:s, assumedRole=arn:r, "
        "requesting IP=192.0.2.1, AWS region=us-east-1)"),
    "Console Login Without MFA": (
        ok_login(additionalEventData={"MFAUsed": "No"}),
        f"Detected a console login without MFA ({WHO})"),
    "Console Root Login Without MFA": (
        ok_login(additionalEventData={"MFAUsed": "No"}, userIdentity={"type": "Root"}),
        "Detected a root console login without MFA. (requesting user=<NA>, "
        "requesting IP=192.0.2.1, AWS region=us-east-1)"),
    "Deactivate MFA for Root User": (
        {"eventName": "DeactivateMFADevice", "userIdentity": {"type": "Root"},
         "requestParameters": {"userName": "AWS ROOT USER", "serialNumber": "arn:mfa"}},
        "Multi Factor Authentication configuration has been disabled for root (requesting "
        "user=<NA>, requesting IP=192.0.2.1, AWS region=us-east-1, MFA serial number=arn:mfa)"),
    "Create AWS user": (
        {"eventName": "CreateUser", "requestParameters": {"userName": "eve"}},
        f"A new AWS user has been created ({WHO}, new user created=eve)"),
    "Create Group": (
        {"eventName": "CreateGroup", "requestParameters": {"groupName": "g"}},
        f"A new user group has been created. ({WHO}, group name=g)"),
    "Delete Group": (
        {"eventName": "DeleteGroup", "requestParameters": {"groupName": "g"}},
        f"A user group has been deleted. ({WHO}, group name=g)"),
    "ECS Service Created": (
        {"eventName": "CreateService", "eventSource": "ecs.amazonaws.com",
         "requestParameters": {"cluster": "c", "serviceName": "s", "taskDefinition": "t"}},
        f"A new service has been created in ECS ({WHO}, cluster=c, service name=s, "
        "task definition=t)"),
    "ECS Task Run or Started": (
        {"eventName": "StartTask", "eventSource": "ecs.amazonaws.com",
         "requestParameters": {"cluster": "c"}},
        f"A new task has been started in ECS ({WHO}, cluster=c, task definition=<NA>)"),
    "Create Lambda Function": (
        {"eventName": "CreateFunction20150331", "requestParameters": {"functionName": "f"}},
        f"Lambda function has been created. ({WHO}, lambda function=f)"),
    "Update Lambda Function Code": (
        {"eventName": "UpdateFunctionCode20150331v2", "requestParameters": {"functionName": "f"}},
        f"The code of a Lambda function has been updated. ({WHO}, lambda function=f)"),
    "Update Lambda Function Configuration": (
        {"eventName": "UpdateFunctionConfiguration20150331v2",
         "requestParameters": {"functionName": "f"}},
        f"The configuration of a Lambda function has been updated. ({WHO}, lambda function=f)"),
    "Run Instances": (
        {"eventName": "RunInstances", "awsRegion": "us-east-0",
         "requestParameters": {"availabilityZone": "z"},
         "responseElements": {"subnetId": "n", "reservationId": "r"}},
        "A number of instances have been launched. (requesting user=u, requesting IP=192.0.2.1, "
        "AWS region=us-east-0, availability zone=z, subnet id=n, reservation id=r)"),
    "Run Instances in Non-approved Region": (
        {"eventName": "RunInstances",
         "responseElements": {"instancesSet": {"items": [{"instanceId": "i-1"}]}}},
        f"A number of instances have been launched in a non-approved region. ({WHO}, "
        "availability zone=<NA>, subnet id=<NA>, reservation id=<NA>, image id=i-1)"),
    "Delete Bucket Encryption": (
        {"eventName": "DeleteBucketEncryption", "requestParameters": {"bucketName": "b"}},
        f"A encryption configuration for a bucket has been deleted ({WHO}, bucket=b)"),
    "Delete Bucket Public Access Block": (
        {"eventName": "PutBucketPublicAccessBlock",
         "requestParameters": {"bucketName": "b", "publicAccessBlock": "",
                               "PublicAccessBlockConfiguration": {
                                   "RestrictPublicBuckets": True, "BlockPublicPolicy": False}}},
        f"A public access block for a bucket has been deleted ({WHO}, bucket=b)"),
    "Put Bucket ACL": (
        {"eventName": "PutBucketAcl", "requestParameters": {"bucketName": "b"}},
        "The permissions on an existing bucket have been set using access control lists. "
        f"({WHO}, bucket name=b)"),
    "Put Bucket Policy": (
        {"eventName": "PutBucketPolicy",
         "requestParameters": {"bucketName": "b", "policy": "p"}},
        "An Amazon S3 bucket policy has been applied to an Amazon S3 bucket. "
        f"({WHO}, bucket name=b, policy=p)"),
    "CloudTrail Trail Created": (
        {"eventName": "CreateTrail", "requestParameters": {"name": "n"}},
        f"A new trail has been created. ({WHO}, trail name=n)"),
    "CloudTrail Logging Disabled": (
        {"eventName": "StopLogging", "requestParameters": {"name": "n"}},
        f"The CloudTrail logging has been disabled. ({WHO}, resource name=n)"),
}
# An event that fires one rule may rightly fire these too.
ALSO = {
    "Console Root Login Without MFA": {"Console Login Without MFA"},
    "Run Instances in Non-approved Region": {"Run Instances"},
}


def record(name, event, suffix):
    base = {"eventID": f"{name}{suffix}", "eventTime": "2024-01-01T00:00:00Z",
            "eventSource": "x.amazonaws.com", "awsRegion": "us-east-1",
            "sourceIPAddress": "192.0.2.1", "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "userName": "u"}}
    return base | event


def scan_records(tmp_path, records):
    file = tmp_path / "records.json.gz"
    file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    done = run("scan", "--emit", "matches", "--format", "jsonl", "--min-level", "informational",
               "-r", RULES / "aws_cloudtrail_rules.yaml", file)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_enabled_rule_fires(tmp_path):
    hits = scan_records(tmp_path, [record(name, event, "") for name, (event, _) in MADE.items()])
    found = {}
    for hit in hits:
        found.setdefault(hit["event"]["id"], {})[hit["rule"]["id"]] = hit["rule"]["output"]
    assert len(MADE) == 20
    for name, (_, output) in MADE.items():
        assert set(found[name]) == {name} | ALSO.get(name, set())
        assert found[name][name] == output


def test_an_error_code_silences_every_rule_even_null(tmp_path):
    records = [record(name, event | {"errorCode": code}, str(code))
               for name, (event, _) in MADE.items() for code in ("AccessDenied", None)]
    assert scan_records(tmp_path, records) == []
