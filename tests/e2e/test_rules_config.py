"""The owner's configuration file against the shipped rules: placeholders and filters (docs/config.md).
"""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True,
                          timeout=120)


def record(**changes):
    return {"eventVersion": "1.11", "eventID": "00000001-aaaa-4bbb-8ccc-dddddddddddd",
            "eventTime": "2026-03-17T14:05:00Z", "eventSource": "iam.amazonaws.com",
            "eventName": "PutRolePolicy", "awsRegion": "us-east-1", "eventType": "AwsApiCall",
            "sourceIPAddress": "203.0.113.7", "userAgent": "Terraform",
            "recipientAccountId": "111122223333",
            "userIdentity": {
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:run-7",
                "arn": "arn:aws:sts::111122223333:assumed-role/deploy/run-7",
                "sessionContext": {"sessionIssuer": {
                    "type": "Role", "arn": "arn:aws:iam::111122223333:role/ci/deploy"}}},
            "requestParameters": {"roleName": "web", "policyName": "p"}, **changes}


@pytest.fixture
def told(tmp_path):
    """Titles that the shipped rules tell of the record under a configuration."""
    def ask(event, config=None):
        (tmp_path / "log.json").write_text(json.dumps({"Records": [event]}))
        options = []
        if config is not None:
            (tmp_path / "config.yml").write_text(config)
            options = ["--config", tmp_path / "config.yml"]
        done = run("scan", "--emit", "matches", "--format", "jsonl", *options,
                   tmp_path / "log.json")
        assert done.returncode == 0, done.stderr
        return {json.loads(line)["rule"]["title"] for line in done.stdout.splitlines()}
    return ask


def test_without_a_file_nothing_is_left_out(told):
    assert "IAM policy changed" in told(record())


def test_a_placeholder_leaves_out_what_is_the_owners(told):
    config = "placeholders: {admin_roles: 'arn:aws:iam::*:role/ci/*'}"
    assert "IAM policy changed" not in told(record(), config)
    others = record()
    others["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = "arn:aws:iam::1:role/web"
    assert "IAM policy changed" in told(others, config)


def released_by(identity):
    return record(eventName="DetachUserPolicy", userIdentity=identity, requestParameters={
        "userName": "eve", "policyArn": "arn:aws:iam::aws:policy/AWSDenyAll"})


def test_a_release_is_told_unless_an_operator_did_it(told):
    config = """
placeholders:
  trailwarden_operators: ['arn:aws:iam::111122223333:role/ir', 'arn:aws:iam::111122223333:user/ann']
"""
    title = "Containment of an identity taken off"
    user = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann"}
    role = record()["userIdentity"]
    feigned = json.loads(json.dumps(role).replace("run-7", "ir"))
    issuer = role["sessionContext"]["sessionIssuer"]
    assert title in told(released_by(role)) and title in told(released_by(user))
    assert title in told(released_by(feigned), config)
    assert title not in told(released_by(user), config)
    issuer["arn"] = "arn:aws:iam::111122223333:role/ir"
    assert title not in told(released_by(role), config)


def test_a_filter_of_the_file(told):
    config = """
filters:
  - title: What Terraform does
    logsource: {product: aws, service: cloudtrail}
    filter:
      rules: [IAM policy changed]
      terraform: {userAgent|startswith: Terraform}
      condition: not terraform
"""
    assert "IAM policy changed" not in told(record(), config)
    assert "IAM policy changed" in told(record(userAgent="aws-cli/2"), config)


@pytest.mark.parametrize("config,expected", [
    ("filters: [{title: x}]", "config.yml:1: a member of 'filters' has no 'filter'"),
    ("placeholder: {a: b}", "config.yml:1: unknown key 'placeholder'"),
])
def test_what_is_wrong_ends_the_run(tmp_path, config, expected):
    (tmp_path / "config.yml").write_text(config)
    done = run("scan", "--config", tmp_path / "config.yml", tmp_path)
    assert done.returncode == 2 and expected in done.stderr


def test_a_filter_that_cannot_be_honoured_is_named(tmp_path):
    (tmp_path / "config.yml").write_text("""\
filters:
  - title: f
    logsource: {product: aws}
    filter: {rules: any, a: {b: c}}
""")
    done = run("rules", "check", "--config", tmp_path / "config.yml")
    assert done.returncode == 2
    assert f"{tmp_path}/config.yml:4: f: there is no condition [refused]" in done.stderr


RULE = """\
title: Somebody else
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventName: GetObject}
  ours: {userAgent|expand: '%ours%'}
  condition: s and not ours
"""


def test_a_rule_file_finds_the_placeholders_above_it(tmp_path):
    rule = tmp_path / "rules/impact/a.yml"
    rule.parent.mkdir(parents=True)
    rule.write_text(RULE)
    refused = run("rules", "check", rule)
    assert refused.returncode == 2 and "%ours% is not defined" in refused.stderr
    (tmp_path / "rules/placeholders.yml").write_text("placeholders: {ours: [x]}\n")
    for named in [rule, rule.parent, tmp_path / "rules"]:
        assert run("rules", "check", named).returncode == 0


def test_shipped_names_are_documented():
    names = set(re.findall(r"^  (\w+):", (ROOT / "rules/placeholders.yml").read_text(), re.M))
    used = set(re.findall("%([a-z_]+)%", "".join(
        p.read_text() for p in (ROOT / "rules").rglob("*.yml"))))
    page = (ROOT / "docs/config.md").read_text()
    assert names and names == used
    assert all(f"| `{name}` |" in page for name in names)


def test_a_misspelt_placeholder_is_told_with_what_was_meant(tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("placeholders:\n  admin_role: [a]\n  my_own: [b]\n  accounts: []\n")
    done = run("rules", "check", "--config", config)
    assert f"{config}:2: no rule asks for placeholder 'admin_role': is 'admin_roles' meant?" in (
        done.stderr)
    assert "my_own" not in done.stderr and "accounts'" not in done.stderr
