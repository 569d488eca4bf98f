"""Compiled rules (docs/rules-bundle.md): the same answers as from their sources, on a laptop and in
the function, and a sentence for whatever is not theirs."""
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support import function, payloads, trail

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()
EXPANDED = """\
title: Somebody of ours
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0b01
logsource: {product: aws, service: cloudtrail}
detection:
  s: {userIdentity.userName|expand: '%ours%'}
  condition: s
"""
SUMMED = """\
title: Much was read
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0b02
level: high
correlation:
  type: value_sum
  rules: [read]
  group-by: [userIdentity.arn]
  timespan: 1h
  condition: {field: additionalEventData.bytesTransferredOut, gte: 10}
---
title: Read
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0b03
name: read
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: GetObject}, condition: s}
"""


def run(*arguments, code=0):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, timeout=120)
    assert done.returncode == code, done.stderr.decode()
    return done


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    path = tmp_path_factory.mktemp("shipped") / "rules.bundle"
    said = run("rules", "compile", "-o", path).stdout.decode()
    assert said.startswith(f"{path}: ") and "0 refused" in said
    return path


@pytest.mark.parametrize("emit", ["matches", "alerts", "incidents"])
def test_the_samples_read_the_same(shipped, emit):
    command = ["scan", "--emit", emit, "--format", "jsonl", "--min-level", "informational"]
    sources = run(*command, ROOT / "samples").stdout
    assert len(sources) > 1000
    assert run(*command, "-r", shipped, ROOT / "samples").stdout == sources


def test_public_rules_over_public_logs(shared, tmp_path):
    """Falco's, SigmaHQ's and Suzaku's, each with all that their dialects know."""
    peers = shared / "peer-rules"
    rules = [option for name in ("falco", "sigmahq-aws", "suzaku-aws")
             for option in ("-r", peers / name)]
    run("rules", "compile", "--scan", *rules, "-o", tmp_path / "b")
    command = ["scan", "--emit", "matches", "--format", "jsonl", "--min-level", "informational"]
    logs = shared / "corpus/sans504/AWSLogs"
    sources = run(*command, *rules, logs).stdout
    assert len(sources) > 1_000_000
    assert run(*command, "-r", tmp_path / "b", logs).stdout == sources


def test_the_same_bytes_again(shipped, tmp_path):
    run("rules", "compile", "-o", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == shipped.read_bytes()


def test_listing_and_explaining(shipped):
    for command in (["list", "--format", "jsonl"], ["coverage"]):
        assert (run("rules", *command, "-r", shipped).stdout ==
                run("rules", *command).stdout)


def refused(path, sentence, *options, command=("rules", "list")):
    said = run(*command, "-r", path, *options, code=2).stderr.decode()
    assert sentence in said and str(path) in said, said


def test_what_is_no_bundle_of_ours(shipped, tmp_path):
    good, bad = shipped.read_bytes(), tmp_path / "bad"
    for damaged, sentence in [
            (good[:-16], "instead of"),
            (good[:100], "cut off"),
            (good[:len(good) // 2] + b"X" + good[len(good) // 2 + 1:], "damaged"),
            (good[:32] + bytes(32) + good[64:], "compiled by another version")]:
        bad.write_bytes(damaged)
        refused(bad, sentence)


def test_it_goes_alone(shipped, tmp_path):
    (tmp_path / "more.yml").write_text(SUMMED)
    said = run("rules", "list", "-r", shipped, "-r", tmp_path / "more.yml", code=2).stderr
    assert b"compiled rules go alone" in said
    shutil.copy(shipped, tmp_path / "rules.bundle")
    said = run("rules", "list", "-r", tmp_path, code=2).stderr
    assert b"rules.bundle: lies beside" in said and b"more.yml" in said


@pytest.mark.parametrize("command", [["check"], ["test"], ["compile", "-o", "x"]])
@pytest.mark.parametrize("whole", [True, False])
def test_sources_are_wanted(shipped, tmp_path, command, whole):
    """Of a file, and of a folder that holds one; whichever version it is of."""
    for path in tmp_path / "rules.bundle", tmp_path:
        (tmp_path / "rules.bundle").write_bytes(shipped.read_bytes()[:None if whole else 100])
        said = run("rules", *command, path, code=2).stderr
        assert b"rules.bundle: wanted are the rules' sources, not what they were" in said


def test_a_damaged_header_fails_the_start(start, stage, shipped, tmp_path):
    f = start(rules=damaged(shipped, tmp_path, 100))
    assert f.exit_code() == 1
    error_type, body = f.api.init_error
    assert "compiled rules that are damaged" in body["errorMessage"]


def test_a_damaged_table_fails_every_event(start, stage, shipped, tmp_path):
    """A start does not read the tables. Nothing is answered from such rules, and nothing is lost."""
    f = start(rules=damaged(shipped, tmp_path, 500_000))
    stage.put("AWSLogs/a.json.gz", trail.packed([trail.record("StopLogging")]))
    for _ in range(2):
        invocation = f.invoke(payloads.s3((stage.bucket, "AWSLogs/a.json.gz")))
        assert not invocation.ok
        assert any("compiled rules that are damaged" in x["message"] for x in f.logs(invocation)), (
            f.logs(invocation))
    assert not stage.messages()


def damaged(bundle, tmp_path, at):
    """A folder with the bundle, one bit of it changed."""
    folder = tmp_path / "compiled"
    folder.mkdir()
    data = bytearray(bundle.read_bytes())
    data[at] ^= 1
    (folder / "rules.bundle").write_bytes(data)
    return folder


def test_it_holds_the_configuration(tmp_path):
    (tmp_path / "a.yml").write_text(EXPANDED)
    config, other = tmp_path / "config.yml", tmp_path / "other.yml"
    config.write_text("placeholders: {ours: [mallory]}\n")
    other.write_text("placeholders: {ours: [dave]}\n")
    bundle = tmp_path / "b"
    run("rules", "compile", "--config", config, "-o", bundle, tmp_path / "a.yml")
    (tmp_path / "log.json").write_text(json.dumps({"Records": [trail.record("StopLogging")]}))
    scan = ["scan", "--emit", "matches", "--format", "jsonl", "-r", bundle]
    assert run(*scan, "--config", config, tmp_path / "log.json").stdout.count(b"\n") == 1
    for options in ([], ["--config", other]):
        said = run(*scan, *options, tmp_path / "log.json", code=2).stderr
        assert b"compiled with other placeholders" in said
    config.write_text("containment: {}\n")  # says nothing of rules
    run("rules", "compile", "--config", config, "-o", bundle, ROOT / "rules/impact")
    run(*scan, tmp_path / "log.json")


def test_what_only_scan_can_evaluate(tmp_path):
    (tmp_path / "a.yml").write_text(SUMMED)
    run("rules", "compile", "-o", tmp_path / "b", tmp_path / "a.yml", code=1)
    run("rules", "compile", "--scan", "-o", tmp_path / "b", tmp_path / "a.yml")
    event = tmp_path / "event.json"
    event.write_text(json.dumps(payloads.s3(("bucket", "key"))))
    refused(tmp_path / "b", "compiled with --scan", event, command=("invoke", "--dry-run"))


def test_the_function_runs_it(start, stage, tmp_path):
    """Its default folder holds the bundle and nothing else, as the package that sam builds."""
    folder = tmp_path / "compiled"
    folder.mkdir()
    run("rules", "compile", "-o", folder / "rules.bundle", function.RULES)
    f = start(rules=folder)
    stage.put("AWSLogs/a.json.gz", trail.packed([trail.record("StopLogging"), trail.record("GetObject", 1)]))
    assert f.invoke(payloads.s3((stage.bucket, "AWSLogs/a.json.gz"))).ok
    assert {m["rule"]["id"] for _, m, _ in stage.messages() if m["type"] == "alert"} == {
        trail.STOPPED}
