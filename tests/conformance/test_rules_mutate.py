"""The mutation check of the rules (tests/rules/mutate.py) names what is not tested, and only that."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "rules"))
import mutate  # noqa: E402

RULE = """\
title: Two names of one service
id: 6f0b6d55-6a0e-4f0e-9d5b-0f6f0a3f2c11
level: low
logsource: {product: aws, service: cloudtrail}
detection:
  called:
    eventSource: s3.amazonaws.com
    eventName: [PutObject, CopyObject]
  by_aws:
    userIdentity.invokedBy|exists: true
  condition: called and not by_aws
"""
WHOLE = {
    "put": "set: {eventName: PutObject}, expect: match",
    "copied": "set: {eventName: CopyObject}, expect: match",
    "another service": "set: {eventSource: a.amazonaws.com}, expect: no-match",
    "read": "set: {eventName: GetObject}, expect: no-match",
    "by a service": "set: {userIdentity.invokedBy: a.amazonaws.com}, expect: no-match",
}

CORRELATION = """\
title: Three objects in a minute
id: 0b5a35d4-52a5-4f34-8c57-0d1b5b9a8e12
level: low
correlation:
  type: event_count
  rules: [put]
  group-by: [userIdentity.arn]
  timespan: 1m
  condition: {gte: 3}
---
title: An object
id: 5b0c6a54-8d1f-4c0e-9a43-5c1f8f0e7d13
name: put
level: informational
logsource: {product: aws, service: cloudtrail}
detection:
  called: {eventName: PutObject}
  condition: called
"""
COUNTED = "rule: 0b5a35d4-52a5-4f34-8c57-0d1b5b9a8e12, events: [{at: 0s, repeat: %d, every: %s}], alerts: %d"
SPANS = {"three in a minute": COUNTED % (3, "30s", 1), "two": COUNTED % (2, "30s", 0),
         "three in two minutes": COUNTED % (3, "60s", 0)}


def write(folder, rule, cases):
    base = ("base: {eventSource: s3.amazonaws.com, eventName: PutObject, eventID: a,\n"
            "  eventTime: '2026-03-17T14:02:31Z', userIdentity: {arn: 'arn:aws:iam::1:user/a'}}\n")
    text = "".join(f"  - {{name: {name}, {case}}}\n" for name, case in cases.items())
    (folder / "rule.yml").write_text(rule)
    (folder / "rule.test.yml").write_text(f"{base}tests:\n{text}")
    return folder


def run(folder):
    done = subprocess.run([sys.executable, mutate.__file__, str(folder)], text=True,
                          capture_output=True, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_nothing_survives_whole_tests(tmp_path):
    status, told = run(write(tmp_path, RULE, WHOLE))
    # two items, two values, two operands
    assert (status, told) == (0, "1 files, 6 mutants killed, 0 survived, "
                                 "0 skipped because they do not load\n")


@pytest.mark.parametrize("missing, named", [
    ("copied", "called, eventName without CopyObject"),
    ("another service", "called without eventSource: s3.amazonaws.com"),
    ("read", "called without eventName: [PutObject, CopyObject]"),
    ("by a service", "condition without 'not by_aws'"),
])
def test_what_is_not_tested_is_named(tmp_path, missing, named):
    cases = {name: case for name, case in WHOLE.items() if name != missing}
    status, told = run(write(tmp_path, RULE, cases))
    assert status == 1
    assert f": {named}: survived\n" in told
    assert told.count(": survived\n") == 1


def test_bounds_of_a_correlation(tmp_path):
    status, told = run(write(tmp_path, CORRELATION, SPANS))
    assert (status, told.count("survived\n")) == (0, 0)


@pytest.mark.parametrize("missing, named", [
    ("three in a minute", "timespan: 30s in place of 1m"),
    ("three in a minute", "gte: 4 in place of 3"),
    ("three in two minutes", "timespan: 2m in place of 1m"),
])
def test_a_bound_that_is_not_tested_is_named(tmp_path, missing, named):
    cases = {name: case for name, case in SPANS.items() if name != missing}
    status, told = run(write(tmp_path, CORRELATION, cases))
    assert status == 1
    assert f": {named}: survived\n" in told


def test_tests_that_fail_anyhow(tmp_path):
    status, told = run(write(tmp_path, RULE, {**WHOLE, "wrong": "expect: no-match"}))
    assert status == 1
    assert "its tests do not pass as it is" in told


def test_no_tests(tmp_path):
    write(tmp_path, RULE, WHOLE)
    (tmp_path / "rule.test.yml").unlink()
    status, told = run(tmp_path)
    assert status == 1
    assert "no tests beside it" in told


SEARCHES = ["a", "b", "x_1", "x_2", "x_3"]


@pytest.mark.parametrize("condition, expected", [
    ("a", []),
    ("not a", []),
    ("a and not b", ["not b", "a"]),
    ("a or b and x_1", ["b and x_1", "a", "a or x_1", "a or b"]),
    ("a and not (b or x_1)", ["not (b or x_1)", "a", "a and not x_1", "a and not b"]),
    ("a and 1 of x_*", ["1 of x_*", "a", "a and (x_2 or x_3)", "a and (x_1 or x_3)",
                        "a and (x_1 or x_2)"]),
    ("all of x_*", ["x_2 and x_3", "x_1 and x_3", "x_1 and x_2"]),
    ("1 of a*", []),
])
def test_each_operand_is_dropped(condition, expected):
    fewer = mutate.fewer(mutate.parse(condition), SEARCHES)
    assert [mutate.written(rest) for _, _, rest in fewer] == expected
