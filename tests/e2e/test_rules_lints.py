"""What trailwarden rules check says about rules that load: tests beside them, --strict, and rules of
others. The single faults are in tests/unit/test_sigma_lint.c and test_lint.c; docs/lints.md."""
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()

RULE = """\
title: {0}
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a{1:02}
logsource: {{product: aws, service: cloudtrail}}
detection:
  s: {{eventName: {0}}}
  condition: s
"""


def check(*arguments):
    done = subprocess.run([BINARY, "rules", "check", *map(str, arguments)], capture_output=True,
                          text=True, timeout=120)
    return done.returncode, done.stderr.splitlines()


@pytest.fixture
def rules(tmp_path):
    for number, name in enumerate(["GetA", "GetB", "GetC"], 1):
        path = tmp_path / ("one" if number < 3 else "two") / f"{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(RULE.format(name, number))
    return tmp_path


def test_tests_are_wanted_where_others_have_some(rules):
    assert check(rules) == (0, [])
    (rules / "one/GetA.test.yml").write_text("tests: []\n")
    code, said = check(rules)
    assert code == 0 and len(said) == 1
    assert said[0] == (f"{rules}/one/GetB.yml:1: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a02: it has no "
                       f"tests: there is no {rules}/one/GetB.test.yml [warning]")


def test_strict_wants_tests_anywhere(rules):
    code, said = check("--strict", rules)
    assert code == 1 and sum("it has no tests" in line for line in said) == 3
    for name in ["one/GetA.test.yml", "one/GetB.test.yaml", "two/GetC.test.yml"]:
        (rules / name).write_text("tests: []\n")
    assert check("--strict", rules) == (0, [])


def test_lints_come_with_their_line(rules):
    (rules / "two/GetC.yml").write_text(RULE.format("PassRole", 3) + "fields: [eventname]\n")
    code, said = check(rules)
    assert code == 0
    start = f"{rules}/two/GetC.yml:{{}}: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a03: "
    assert [line.split("'")[0] for line in said] == [
        start.format(7) + "no CloudTrail record has a field ",
        start.format(5), start.format(5) + "the rule can never fire: "]
    assert check("--strict", rules)[0] == 1


# File, line, and how what is said begins: all that is said about each peer's rules, each true.
PEERS = {
    "sigmahq-aws": [
        ("aws_delete_saml_provider.yml", 26, "no CloudTrail record has a field 'status'"),
        ("aws_delete_saml_provider.yml", 26, "the rule can never fire"),
        ("aws_elasticache_security_group_modified_or_deleted.yml", 23,
         "'eventName': 'AuthorizeCacheSecurityGroupEgress' is no call"),
        ("aws_elasticache_security_group_modified_or_deleted.yml", 24,
         "'eventName': 'RevokeCacheSecurityGroupEgress' is no call"),
        ("aws_s3_data_management_tampering.yml", 28,
         "'eventName': 'PutEncryptionConfiguration' is a permission"),
        ("aws_s3_data_management_tampering.yml", 29,
         "'eventName': 'PutLifecycleConfiguration' is a permission"),
        ("aws_s3_data_management_tampering.yml", 30,
         "'eventName': 'PutReplicationConfiguration' is a permission"),
        ("aws_s3_data_management_tampering.yml", 31, "'eventName': 'ReplicateObject' is a permission"),
        ("aws_update_login_profile.yml", 24, "'userIdentity.arn|fieldref' compares an ARN"),
    ],
    "suzaku-aws/own": [
        ("aws_cloudtrail_many_failed_logins.yml", 31, "this id is also that of a rule"),
    ],
}


@pytest.mark.parametrize("peer", PEERS)
def test_rules_of_others(shared, peer):
    folder = shared / "peer-rules" / peer
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    _, said = check(folder)
    said = [line.removeprefix(f"{folder}/") for line in said if line.endswith("[warning]")]
    assert len(said) == len(PEERS[peer])
    for line, (name, number, begin) in zip(sorted(said), PEERS[peer]):
        assert line.startswith(f"{name}:{number}: ")
        assert line.split(": ", 2)[2].startswith(begin)


def test_shipped_rules_have_tests_and_mean_something():
    code, said = check("--strict", ROOT / "rules")
    assert said == [] and code == 0
