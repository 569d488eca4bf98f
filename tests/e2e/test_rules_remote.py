"""Rules in S3: read at the start, taken over when they change, and never worse than what runs; rules
in a layer, which is a path."""
import json
import subprocess

import pytest

from support import function, payloads, trail
from support.processes import wait_until
from test_cli import BINARY

RULE = """\
title: {title}
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0b{n:02}
level: high
logsource: {{product: aws, service: cloudtrail}}
detection:
  s: {{eventName: {event}}}
  condition: s
"""
STOP = RULE.format(title="Stopped", n=1, event="StopLogging")
CREATE = RULE.format(title="Created", n=2, event="CreateUser")
BROKEN = RULE.format(title="Broken", n=3, event="GetObject").replace("condition: s", "condition: t")


@pytest.fixture
def place(stage):
    """The function may read, and list, what lies below rules/, and its logs."""
    def to(*resources):
        return [f"arn:aws:s3:::{stage.bucket}{r}" for r in resources]

    stage.iam.put_role_policy(RoleName=stage.name, PolicyName="rules", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": to("")},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": to("/rules/*")}]}))
    return f"s3://{stage.bucket}/rules/"


def put(stage, name, text):
    stage.s3.put_object(Bucket=stage.bucket, Key=f"rules/{name}", Body=text)


def count(f):
    """How many rules run, as the self-test says."""
    return f.invoke({"trailwarden": {"action": "self-test"}}).answer["rules"]


def becomes(f, n):
    wait_until(lambda: count(f) == n, 20, f"{n} rules")


def errors(f):
    return [x["message"] for x in f.logs() if x["level"] == "ERROR"]


def test_rules_change_while_the_function_runs(stage, start, place):
    put(stage, "stop.yml", STOP)
    put(stage, "stop.test.yml", "not: [read]")
    put(stage, "notes.txt", "not read")
    f = start(rules=None, TRAILWARDEN_RULES=place, TRAILWARDEN_RULES_REFRESH="1")
    assert count(f) == 1
    put(stage, "iam/create.yml", CREATE)
    becomes(f, 2)
    stage.put("AWSLogs/a.json.gz", trail.packed([trail.record("CreateUser", 5)]))
    f.invoke(payloads.s3((stage.bucket, "AWSLogs/a.json.gz")))
    assert [m[0][:6] for m in stage.messages()] == ["[HIGH]"]
    stage.s3.delete_object(Bucket=stage.bucket, Key="rules/stop.yml")
    becomes(f, 1)
    assert errors(f) == []
    assert [x["rules"] for x in f.logs() if x["message"] == "new rules run"] == [2, 1]


def test_a_worse_update_is_not_taken_over(stage, start, place):
    put(stage, "stop.yml", STOP)
    f = start(rules=None, TRAILWARDEN_RULES=place, TRAILWARDEN_RULES_REFRESH="1")
    for worse, why in (({"b.yml": BROKEN, "create.yml": CREATE}, "1 rules of the new ones are refused"),
                       ({"b.yml": "", "create.yml": "", "stop.yml": ""}, "not one rule in"),
                       ({"b .yml": STOP}, "has other signs than")):
        told = len(errors(f))
        for name, text in worse.items():
            put(stage, name, text)
        wait_until(lambda: count(f) == 1 and len(errors(f)) > told, 20, why)
        assert why in errors(f)[-1] and "the rules stay as they were" in errors(f)[-1]
    served = f.invoke(payloads.s3((stage.bucket, "rules/notes")))
    assert f.logs(served)[-1]["rules_failed"] >= 3
    stage.s3.delete_object(Bucket=stage.bucket, Key="rules/b .yml")
    stage.s3.delete_object(Bucket=stage.bucket, Key="rules/b.yml")
    put(stage, "stop.yml", STOP)
    put(stage, "create.yml", CREATE)
    becomes(f, 2)


def test_while_nothing_can_be_had_the_package_runs(stage, start, place):
    f = start(TRAILWARDEN_RULES=place, TRAILWARDEN_RULES_REFRESH="1")
    packaged = count(f)
    assert packaged == 3 and "the rules of the package run instead" in errors(f)[0]
    put(stage, "stop.yml", STOP)
    becomes(f, 1)


def test_never_without_rules(stage, start, place):
    f = start(rules=None, TRAILWARDEN_RULES=place)
    assert f.exit_code() != 0
    assert "there is no rule file" in f.lines[-1]


def test_a_compiled_bundle(stage, start, place, tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "a.yml").write_text(STOP + "---\n" + CREATE)
    subprocess.run([BINARY, "rules", "compile", "-o", tmp_path / "rules.bundle", tmp_path / "r"],
                   check=True, capture_output=True)
    put(stage, "rules.bundle", (tmp_path / "rules.bundle").read_bytes())
    assert count(start(rules=None, TRAILWARDEN_RULES=place)) == 2


def test_a_layer_is_a_path(start, tmp_path):
    layer = tmp_path / "opt" / "rules"
    layer.mkdir(parents=True)
    (layer / "stop.yml").write_text(STOP)
    assert count(start(rules=None, TRAILWARDEN_RULES=str(layer))) == 1


@pytest.mark.parametrize("place, told", [
    ("s3://bucket/rules", "a place in S3 is s3://bucket/ or"), ("s3:///rules/", "a place in S3 is")])
def test_no_place(start, place, told):
    f = start(TRAILWARDEN_RULES=place)
    assert f.exit_code() != 0 and told in f.lines[-1]
