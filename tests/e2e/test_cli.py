"""trailwarden, the command line, run as a person or a script would run it. Numbers in brackets are
the promises of docs/design.md that a test proves."""
import csv
import gzip
import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import payloads, trail

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()

RULE = """\
title: Trail stopped
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01
author: somebody
level: high
tags: [attack.defense-evasion, attack.t1562.008]
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventName: StopLogging}
  condition: s
fields: [requestParameters, responseElements, responseElements.credentials.sessionToken]
"""
LOW_RULE = RULE.replace("Trail stopped", "Something stopped").replace("0a01", "0a02").replace(
    "level: high", "level: low")


def run(*arguments, **options):
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **options.pop("env", {})}
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, env=env,
                          timeout=120, **options)


def record(number=1, **changes):
    return {"eventVersion": "1.11", "eventID": f"0000000{number}-aaaa-4bbb-8ccc-dddddddddddd",
            "eventTime": f"2026-03-17T14:05:{number % 60:02}Z",
            "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "userAgent": "aws-cli/2",
            "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE",
                             "arn": "arn:aws:iam::111122223333:user/dana"},
            "requestParameters": {"name": "main"}, **changes}


def write_log(path, *records):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps({"Records": list(records)}).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return path


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "stop.yml").write_text(RULE)
    return folder


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    write_log(folder / "b.json.gz", record(3), record(4))
    write_log(folder / "a.json", record(1), record(2, eventName="StartLogging"))
    return folder


def scan(rules, *arguments, **options):
    return run("scan", "-r", rules, *arguments, **options)


# ---- usage ----

WRONG = [
    ([], "usage: trailwarden COMMAND"),
    (["scna"], 'no command "scna"'),
    (["scan"], "scan needs a path"),
    (["scan", "--what", "x"], "unknown option --what"),
    (["scan", "-z", "x"], "unknown option -z"),
    (["scan", "--rules"], "option --rules needs a value"),
    (["scan", "--strict=yes", "x"], "option --strict takes no value"),
    (["scan", "--format", "text", "--format", "csv", "x"], "given twice"),
    (["scan", "--format", "xml", "x"], "--format xml is not available"),
    (["scan", "--min-level", "urgent", "x"], "a level is informational, low"),
    (["scan", "--fail-on", "High", "x"], "a level is informational, low"),
    (["scan", "--source", "falco", "x"], "a source is cloudtrail, vpcflow, okta, github or k8s_audit"),
    (["scan", "--from", "yesterday", "x"], "a time is YYYY-MM-DD"),
    (["scan", "--threads", "many", "x"], "--threads is a number up to 64"),
    (["scan", "--threads", "65", "x"], "--threads is a number up to 64"),
    (["scan", "--state", "a.txt", "x"], "--state a.txt: there are memory, FILE.db and dynamodb:TABLE"),
    (["scan", "--learn", "x"], "--learn fills a state that lasts"),
    (["scan", "--learn", "--state", "memory", "x"], "--learn fills a state that lasts"),
    (["scan", "/does/not/exist"], "/does/not/exist: No such file"),
    (["scan", "-r", "/does/not/exist", "."], "/does/not/exist: No such file"),
    (["scan", "--config", "/does/not/exist", "."], "/does/not/exist: No such file"),
    (["rules"], "usage: trailwarden rules COMMAND"),
    (["rules", "chekc"], 'no command "rules chekc"'),
    (["rules", "explain", "x"], "needs a rule and a file"),
    (["invoke"], "invoke needs one file"),
    (["invoke", "/does/not/exist"], "/does/not/exist: No such file"),
    (["version", "x"], "takes no arguments"),
]


@pytest.mark.parametrize("arguments,expected", WRONG, ids=lambda x: " ".join(x)[:40] or "nothing")
def test_wrong_usage_is_named_and_ends_with_2(arguments, expected):
    result = run(*arguments)
    assert result.returncode == 2
    assert expected in result.stderr.decode()
    assert result.stdout == b""


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["rules", "-h"],
                                       ["rules", "test", "--help"], ["invoke", "-h"]])
def test_help_is_no_error(arguments):
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"usage: trailwarden" in result.stdout


def test_version_names_the_rules():
    words = run("version").stdout.decode().split()
    assert words[0] == "trailwarden" and words[2] == "rules" and len(words[3]) == 64


def test_shipped_rules_are_found_from_anywhere(tmp_path):
    assert run("rules", "list", "--format", "jsonl", cwd=tmp_path).returncode == 0


# ---- results ----

def test_matches(rules, logs):
    result = scan(rules, "--emit", "matches", "--format", "jsonl", logs)
    assert result.returncode == 0
    matches = lines(result)
    assert [m["event"]["id"][7] for m in matches] == ["1", "3", "4"]
    assert matches[0] == {
        "type": "match",
        "rule": {"id": "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01", "title": "Trail stopped",
                 "level": "high", "author": "somebody",
                 "tags": ["attack.defense-evasion", "attack.t1562.008"], "dialect": "sigma",
                 "source": "cloudtrail", "references": []},
        "event": {"id": "00000001-aaaa-4bbb-8ccc-dddddddddddd", "time": "2026-03-17T14:05:01Z",
                  "source": "cloudtrail.amazonaws.com", "name": "StopLogging",
                  "account": "111122223333", "region": "us-east-1",
                  "actor": "arn:aws:iam::111122223333:user/dana", "ip": "203.0.113.7",
                  "user_agent": "aws-cli/2", "error": None, "object": str(logs / "a.json")}}


def test_alerts(rules, logs):
    (alert,) = lines(scan(rules, logs))
    assert alert["type"] == "alert" and alert["updates"] == 0 and len(alert["id"]) == 32
    assert alert["key"] == {"account": "111122223333", "identity": "AIDAEXAMPLE"}
    assert (alert["first"], alert["last"]) == ("2026-03-17T14:05:01Z", "2026-03-17T14:05:04Z")
    assert alert["count"] == 3 and len(alert["events"]) == 3
    assert alert["mitre"] == [{"tactic": "TA0005", "tactic_name": "Defense Evasion",
                               "technique": "T1562.008",
                               "technique_name": "Disable or Modify Cloud Logs"}]
    assert alert["title"] == "Trail stopped" and "called StopLogging" in alert["text"]
    assert alert["identity"]["arn"] == "arn:aws:iam::111122223333:user/dana"


OKTA_RULE = """\
title: Anything of Okta
id: 7d3f9a02-51c4-4a54-9a60-3f4f4c1c9d11
logsource: {product: okta, service: okta}
detection:
    sel: {legacy: new}
    condition: sel
level: high
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_source_can_be_said(tmp_path, threads):
    """A record that shows no source is refused, and told when its source is said."""
    (tmp_path / "r.yml").write_text(OKTA_RULE, encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"legacy":"new"}\n{"legacy":"old"}\n', encoding="utf-8")
    asked = ["-r", tmp_path / "r.yml", "--threads", threads, "--emit", "matches", "--format", "jsonl",
             tmp_path / "a.jsonl"]
    assert lines(run("scan", *asked)) == []
    (match,) = lines(run("scan", "--source", "okta", *asked))
    assert match["rule"]["title"] == "Anything of Okta"
    assert lines(run("scan", "--source", "github", *asked)) == []


def test_two_runs_give_the_same_bytes(rules, logs):
    """[P1]"""
    for arguments in (["--emit", "matches"], [], ["--format", "text"], ["--format", "csv"]):
        assert scan(rules, *arguments, logs).stdout == scan(rules, *arguments, logs).stdout != b""


def test_alerts_do_not_depend_on_the_split_into_objects(rules, tmp_path):
    """[P1] Ids, counts and evidence are equal; the object of the first event may differ."""
    records = [record(i) for i in range(1, 8)]
    write_log(tmp_path / "one/all.json", *records)
    for i, r in enumerate(reversed(records)):
        write_log(tmp_path / f"many/{i}.json.gz", r, records[0])
    whole, split = (lines(scan(rules, tmp_path / d)) for d in ("one", "many"))
    for alert in whole + split:
        alert["event"].pop("object")
    assert whole == split and whole[0]["count"] == 7


def test_copies_are_told_once_from_the_first_file(rules, tmp_path):
    write_log(tmp_path / "logs/b/1.json", record(1))
    write_log(tmp_path / "logs/b-1.json", record(1), record(1))
    write_log(tmp_path / "logs/c.json", record(1))
    # Bytewise "b-1.json" comes before "b/1.json"; naming the folders in another order changes nothing.
    result = scan(rules, "--emit", "matches", tmp_path / "logs/c.json", tmp_path / "logs")
    (match,) = lines(result)
    assert match["event"]["object"].endswith("/b-1.json")
    assert b"3 copies of matches already told" in result.stderr


def test_records_without_an_id(rules, tmp_path):
    anonymous = record(1)
    del anonymous["eventID"]
    log = write_log(tmp_path / "a.json", anonymous, anonymous, {**anonymous, "awsRegion": "x"})
    matches = lines(scan(rules, "--emit", "matches", log))
    assert [m["event"]["id"] for m in matches] == [None, None]
    (alert,) = lines(scan(rules, log))
    assert alert["count"] == 2 and all(len(e) == 64 for e in alert["events"])


def test_levels(rules, logs):
    (rules / "low.yml").write_text(LOW_RULE)
    def titles(*arguments):
        return {a["title"] for a in lines(scan(rules, *arguments, logs))}
    assert titles() == {"Trail stopped", "Something stopped"}
    assert titles("--min-level", "medium") == {"Trail stopped"}
    assert titles("--min-level", "critical") == set()


def test_fail_on(rules, logs):
    for level, code in (("critical", 0), ("high", 3), ("low", 3)):
        assert scan(rules, "--fail-on", level, logs).returncode == code
    assert scan(rules, "--fail-on", "low", "--min-level", "critical", logs).returncode == 0


def test_from_and_to_are_inclusive(rules, logs):
    def ids(*arguments):
        matches = lines(scan(rules, "--emit", "matches", *arguments, logs))
        return [m["event"]["id"][7] for m in matches]
    assert ids("--from", "2026-03-17T14:05:03Z") == ["3", "4"]
    assert ids("--to", "2026-03-17T14:05:03Z") == ["1", "3"]
    assert ids("--from", "2026-03-17T16:05:03+02:00", "--to", "2026-03-17T14:05:03Z") == ["3"]
    assert ids("--from", "2026-03-18") == []


def test_first_match(rules, logs):
    """Of Falco's rules the first that holds, as Falco does by default; Sigma's are not touched."""
    one = "- rule: {}\n  desc: d\n  condition: ct.name=StopLogging\n  output: by %ct.user\n" \
          "  priority: WARNING\n  source: aws_cloudtrail\n"
    (rules / "falco.yaml").write_text(one.format("First") + one.format("Second"))
    def ids(*arguments):
        matches = lines(scan(rules, "--emit", "matches", *arguments, logs))
        return [m["rule"]["id"] for m in matches if "00000001" in m["event"]["id"]]
    sigma = "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01"
    assert sorted(ids()) == [sigma, "First", "Second"]
    assert sorted(ids("--first-match")) == [sigma, "First"]


def test_output_file_is_whole_or_absent(rules, logs, tmp_path):
    out = tmp_path / "out.jsonl"
    assert scan(rules, "-o", out, logs).stdout == b""
    assert json.loads(out.read_text())["count"] == 3
    assert scan(rules, "-o", out, "/does/not/exist").returncode == 2
    assert json.loads(out.read_text())["count"] == 3
    assert scan(rules, "-o", tmp_path / "no/such/out", logs).returncode == 4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["logs", "out.jsonl", "rules"]


def test_a_reader_that_goes_away_is_an_error(rules, logs):
    with open("/dev/full", "wb") as full:
        process = subprocess.run([BINARY, "scan", "-r", rules, logs], stdout=full,
                                 stderr=subprocess.PIPE)
    assert process.returncode == 4
    assert b"cannot write results" in process.stderr


# ---- what cannot be read ----

def test_empty_folder(rules, tmp_path):
    (tmp_path / "logs").mkdir()
    result = scan(rules, tmp_path / "logs")
    assert (result.returncode, result.stdout) == (0, b"")
    assert b"there is no log file" in result.stderr


def test_truncated_gzip_is_named_and_the_rest_goes_on(rules, logs):
    """[P2]"""
    whole = (logs / "b.json.gz").read_bytes()
    (logs / "aa.json.gz").write_bytes(whole[:-20])
    result = scan(rules, "--emit", "matches", logs)
    assert result.returncode == 1
    assert [m["event"]["id"][7] for m in lines(result)][-2:] == ["3", "4"]
    assert str(logs / "aa.json.gz").encode() in result.stderr
    assert b"1 unreadable file" in result.stderr


def test_bad_record_is_named_and_skipped(rules, tmp_path):
    """[P2]"""
    log = tmp_path / "a.json"
    log.write_text('{"Records":[{"eventName":},' + json.dumps(record(1)) + "]}")
    result = scan(rules, log)
    assert result.returncode == 1
    assert lines(result)[0]["count"] == 1
    assert b"record 1 at byte 12 skipped" in result.stderr
    assert b"1 bad record" in result.stderr


def test_unreadable_file(rules, logs):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (logs / "b.json.gz").chmod(0)
    result = scan(rules, logs)
    assert result.returncode == 1 and b"Permission denied" in result.stderr


def test_refused_rule_is_named_and_the_rest_run(rules, logs):
    (rules / "bad.yml").write_text(RULE.replace("condition: s", "condition: nothing_like_it"))
    result = scan(rules, logs)
    assert result.returncode == 1 and len(lines(result)) == 1
    assert b"bad.yml:" in result.stderr and b"[refused]" in result.stderr
    strict = scan(rules, "--strict", logs)
    assert (strict.returncode, strict.stdout) == (2, b"")
    # 3 goes before 1, 2 before 3.
    assert scan(rules, "--fail-on", "high", logs).returncode == 3
    assert scan(rules, "--strict", "--fail-on", "high", logs).returncode == 2


# ---- attackers' bytes [P7] ----

EVIL = "=HYPERLINK(\"http://x\"),\x1b]0;owned\x07\x1b[2J\r\nFAKE LINE\u202e\u2028</script>"


def test_csv_runs_nothing(rules, tmp_path):
    log = write_log(tmp_path / "a.json", record(1, userAgent=EVIL, awsRegion="@x", errorCode="+1"))
    for emit in ("matches", "alerts"):
        text = scan(rules, "--emit", emit, "--format", "csv", log).stdout.decode()
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) == 2 and len(rows[0]) == len(rows[1])
        row = dict(zip(*rows))
        assert row["user_agent"].startswith("'=HYPERLINK")
        assert row["region"] == "'@x" and row["error"] == "'+1"


def test_terminal_gets_no_control_characters(rules, tmp_path):
    log = write_log(tmp_path / "a\x1b[2J.json",
                    record(1, userAgent=EVIL, eventID=EVIL, requestParameters={"name": EVIL}))
    (tmp_path / "b\x1b[2J.json").write_text("no log")
    for emit in ("matches", "alerts"):
        result = scan(rules, "--emit", emit, "--format", "text", log, tmp_path / "b\x1b[2J.json")
        for text in (result.stdout.decode(), result.stderr.decode()):
            assert text and not set(text) & {"\x1b", "\x07", "\r", "\u202e", "\u2028"}
            assert "\nFAKE LINE" not in text


def test_json_lines_stay_lines(rules, tmp_path):
    log = write_log(tmp_path / "a.json", record(1, userAgent=EVIL))
    for emit in ("matches", "alerts"):
        text = scan(rules, "--emit", emit, "--format", "jsonl", log).stdout.decode()
        assert text.count("\n") == len(text.splitlines()) == 1
        assert json.loads(text)["event"]["user_agent"] == EVIL


def test_secrets_never_leave(rules, tmp_path):
    """[P5]"""
    token = "IQoJb3JpZ2luX2VjE" + "SECRETSECRET" * 30
    log = write_log(tmp_path / "a.json", record(
        1, userAgent=f"x {token}",
        requestParameters={"password": "SECRETSECRET", "body": json.dumps({"apiKey": "SECRETSECRET"})},
        responseElements={"credentials": {"sessionToken": token, "accessKeyId": "ASIAEXAMPLE"}}))
    for emit in ("matches", "alerts"):
        for form in ("text", "jsonl", "csv"):
            result = scan(rules, "--emit", emit, "--format", form, log)
            assert result.stdout and b"SECRETSECRET" not in result.stdout + result.stderr
    (alert,) = lines(scan(rules, log))
    assert "ASIAEXAMPLE" in alert["fields"]["responseElements"]


# ---- interruption ----

def test_interrupted_says_how_far_it_came(rules, tmp_path):
    """A pipe that stays open holds the run in its second file until the signal is sent."""
    write_log(tmp_path / "logs/a.json", record(1))
    pipe = tmp_path / "logs/b.json"
    os.mkfifo(pipe)
    out = tmp_path / "out.jsonl"
    process = subprocess.Popen([BINARY, "scan", "-r", rules, "-o", out,
                                tmp_path / "logs/a.json", pipe], stderr=subprocess.PIPE)
    with open(pipe, "wb") as writer:
        writer.write(json.dumps(record(2)).encode() + b"\n")
        writer.flush()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
        writer.write(json.dumps(record(3)).encode() + b"\n")
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"interrupted" in stderr and b"2 files" in stderr
    alert = json.loads(out.read_text())
    assert "00000001-aaaa-4bbb-8ccc-dddddddddddd" in alert["events"] and alert["count"] < 3


# ---- rules ----

def test_rules_check(rules):
    good = run("rules", "check", rules)
    assert good.returncode == 0
    assert good.stdout == b"1 rules in 1 files loaded, 0 refused, 0 skipped, 0 warnings\n"
    (rules / "bad.yml").write_text(RULE.replace("condition: s", "condition: t"))
    bad = run("rules", "check", rules)
    assert bad.returncode == 2 and b"bad.yml:" in bad.stderr
    assert bad.stdout.splitlines()[-1].startswith(b"1 rules in 2 files loaded, 1 refused")


def test_rules_test(rules):
    case = "base: {eventName: StopLogging}\ntests:\n" \
           "  - {name: it holds, expect: match}\n" \
           "  - {name: another call, set: {eventName: X}, expect: no-match}\n"
    (rules / "stop.test.yml").write_text(case)
    good = run("rules", "test", rules)
    assert (good.returncode, good.stdout) == (0, b"2 passed, 0 failed\n")
    assert run("rules", "test", rules / "stop.yml").stdout == b"2 passed, 0 failed\n"
    (rules / "stop.test.yml").write_text(case + "  - {name: wrong, set: {eventName: Y}, expect: match}\n")
    bad = run("rules", "test", rules)
    text = bad.stdout.decode()
    assert bad.returncode == 1 and text.endswith("2 passed, 1 failed\n")
    assert "stop.test.yml:5: wrong: expected a match" in text and 'the event has "Y"' in text


def test_rules_test_wants_a_rule_and_a_test(rules):
    (rules / "gone.test.yml").write_text("tests: [{name: t, event: {}, expect: match}]\n")
    orphan = run("rules", "test", rules)
    assert orphan.returncode == 1 and b"no rule of this test's file is loaded" in orphan.stdout
    (rules / "gone.test.yml").unlink()
    assert run("rules", "test", rules).returncode == 0
    untested = run("rules", "test", "--require-tests", rules)
    assert untested.returncode == 1 and b"the rule has no test" in untested.stdout


def test_rules_explain(rules, tmp_path):
    log = write_log(tmp_path / "a.json", record(1, eventName="StartLogging"))
    result = run("rules", "explain", "-r", rules, "Trail stopped", log)
    text = result.stdout.decode()
    assert result.returncode == 0 and "does not hold for event 00000001-" in text
    assert 'no     eventName is "stoplogging"; the event has "StartLogging"' in text or \
        'no   eventName is "stoplogging"; the event has "StartLogging"' in text
    assert run("rules", "explain", "-r", rules, "No such rule", log).returncode == 2


EXPLAINED_FORMS = {
    "a record": lambda r: json.dumps(r[0]).encode(),
    "a list": lambda r: json.dumps(r).encode(),
    "as delivered": lambda r: json.dumps({"Records": r}).encode(),
    "lines": lambda r: b"\n".join(json.dumps(x).encode() for x in r),
    "gzip": lambda r: gzip.compress(json.dumps({"Records": r}).encode()),
}


@pytest.mark.parametrize("form", EXPLAINED_FORMS)
def test_rules_explain_reads_what_scan_reads(form, rules, tmp_path):
    log = tmp_path / "a"
    log.write_bytes(EXPLAINED_FORMS[form]([record(1), record(2)]))
    result = run("rules", "explain", "-r", rules, "Trail stopped", log)
    wanted = 1 if form == "a record" else 2
    assert (result.returncode, result.stdout.count(b"holds for event")) == (0, wanted)


def test_rules_explain_says_what_it_cannot_read(rules, tmp_path):
    whole = gzip.compress(json.dumps({"Records": [record(1), 7]}).encode())
    for name, body, words in [("bad", whole, "record 2"), ("cut", whole[:-12], "end"),
                              ("text", b"no JSON", "trailwarden: ")]:
        log = tmp_path / name
        log.write_bytes(body)
        result = run("rules", "explain", "-r", rules, "Trail stopped", log)
        assert result.returncode == 1, name
        assert str(log) in result.stderr.decode() and words in result.stderr.decode()


def test_rules_explain_shows_no_secret(tmp_path):
    """In a field that is a secret, in a token anywhere, in a key, in a Falco field."""
    token = trail.RECORD_SECRET
    rule = tmp_path / "r.yml"
    rule.write_text("""
title: Token
id: 7a1d9a30-0000-4000-8000-000000000001
name: token
logsource: {product: aws, service: cloudtrail}
detection: {s: {responseElements.credentials.sessionToken|exists: true,
                responseElements.credentials: x, userAgent: y}, condition: s}
---
title: Tokens
id: 7a1d9a30-0000-4000-8000-000000000002
logsource: {product: aws, service: cloudtrail}
correlation: {type: value_count, rules: other, group-by: responseElements.credentials.sessionToken,
              timespan: 1m, condition: {field: requestParameters.masterUserPassword, gte: 2}}
---
title: Other
id: 7a1d9a30-0000-4000-8000-000000000003
name: other
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: StopLogging, responseElements.credentials.sessionToken|contains: FwoG},
            condition: 1 of s}
""")
    falco = tmp_path / "falco.yaml"
    falco.write_text("""
- rule: Falco
  desc: d
  condition: toupper(json.value[/responseElements/credentials/sessionToken]) = x or
             json.value[/userAgent] = y
  output: o
  priority: INFO
  source: aws_cloudtrail
""")
    log = write_log(tmp_path / "a.json", record(
        1, responseElements={"credentials": {"sessionToken": token}}, userAgent="with " + token,
        requestParameters={"masterUserPassword": "hunter2hunter2"}))
    for rules in (rule, falco):
        result = run("rules", "explain", rules, log)
        text = result.stdout.decode()
        assert result.returncode == 0, result.stderr
        assert token[:20].lower() not in text.lower() and "hunter2" not in text
        assert "REDACTED" in text


def test_rules_list(rules):
    (rule,) = lines(run("rules", "list", "--format", "jsonl", rules))
    assert rule["title"] == "Trail stopped" and rule["dialect"] == "sigma"


# ---- the sample logs ----

def test_samples_tell_the_attack():
    alerts = lines(run("scan", "--min-level", "high", ROOT / "samples"))
    assert {"CloudTrail trail stopped or deleted", "AdministratorAccess attached"} <= {
        a["title"] for a in alerts}


# ---- S3, SNS, and notifications ----

@pytest.fixture
def aws(stage):
    """The environment of the account's administrator, who may list and read buckets."""
    key = stage.moto.admin.get_credentials()
    return {"AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key,
            "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": stage.moto.url}


def put_log(stage, key, *records):
    body = gzip.compress(json.dumps({"Records": list(records)}).encode())
    stage.s3.put_object(Bucket=stage.bucket, Key=key, Body=body)


def test_scan_reads_s3(rules, stage, aws):
    put_log(stage, "AWSLogs/a b+c.json.gz", record(1))
    put_log(stage, "AWSLogs/é/2.json.gz", record(1), record(2))
    put_log(stage, "other/3.json.gz", record(3))
    stage.s3.put_object(Bucket=stage.bucket, Key="AWSLogs/", Body=b"")
    result = scan(rules, "--emit", "matches", f"s3://{stage.bucket}/AWSLogs", env=aws)
    assert result.returncode == 0, result.stderr
    assert [m["event"]["object"] for m in lines(result)] == [
        f"s3://{stage.bucket}/AWSLogs/a b+c.json.gz", f"s3://{stage.bucket}/AWSLogs/é/2.json.gz"]
    assert b"2 files" in result.stderr


def test_scan_of_a_bucket_that_is_not_there(rules, stage, aws):
    result = scan(rules, "s3://no-such-bucket-anywhere/x", env=aws)
    assert result.returncode == 4
    assert b"no-such-bucket-anywhere" in result.stderr
    assert aws["AWS_SECRET_ACCESS_KEY"].encode() not in result.stderr


def test_an_object_in_s3_is_explained(rules, stage, aws):
    """Why no alert for this event?"""
    put_log(stage, "AWSLogs/a b.json.gz", record(1), record(2, eventName="StartLogging"))
    where, title = f"s3://{stage.bucket}/AWSLogs/a b.json.gz", "Trail stopped"
    both = run("rules", "explain", "-r", rules, title, where, env=aws)
    assert both.returncode == 0 and both.stdout.count(b"Trail stopped (") == 2, both.stderr
    one = run("rules", "explain", "-r", rules, "--event", record(2)["eventID"], title, where, env=aws)
    assert one.returncode == 0
    assert one.stdout.count(b"Trail stopped (") == 1 and b"does not hold" in one.stdout
    assert b'"StartLogging"' in one.stdout
    none = run("rules", "explain", "-r", rules, "--event", "x", title, where, env=aws)
    assert none.returncode == 2 and b"no event in" in none.stderr
    missing = run("rules", "explain", "-r", rules, title, where + "x", env=aws)
    assert missing.returncode == 4 and missing.stderr.count(b"AWSLogs/a b.json.gzx") == 1
    bad = run("rules", "explain", "-r", rules, title, "s3://bucket", env=aws)
    assert bad.returncode == 2 and b"not of the form s3://bucket/key" in bad.stderr


def test_invoke_publishes(rules, stage, aws, tmp_path):
    put_log(stage, "AWSLogs/a.json.gz", record(1), record(2))
    event = tmp_path / "event.json"
    event.write_text(json.dumps(payloads.s3((stage.bucket, "AWSLogs/a.json.gz"))))
    dry = run("invoke", "-r", rules, "--topic", stage.topic, "--dry-run", event, env=aws)
    assert dry.returncode == 0, dry.stderr
    assert json.loads(dry.stdout) == {"ok": True, "objects": 1, "records": 2, "bad": 0, "hits": 2,
                                      "alerts": 1, "incidents": 0}
    assert b'"count":2' in dry.stderr and stage.messages() == []
    real = run("invoke", "-r", rules, "--topic", stage.topic, event, env=aws)
    assert real.stdout == dry.stdout
    ((subject, alert, attributes),) = stage.messages()
    assert subject == "[HIGH] Trail stopped - 111122223333 us-east-1"
    assert alert["count"] == 2 and attributes["level"] == "high"
    event.write_text("{}")
    assert run("invoke", "-r", rules, event, env=aws).returncode == 4


def test_flow_logs_without_a_header_have_the_format_that_is_said(tmp_path):
    rule = tmp_path / "rule.yml"
    rule.write_text("title: t\nid: 0b0f9f5c-3f7b-4a86-9f4b-2f8f7d0a2c11\n"
                    "logsource: {product: aws, service: vpcflow}\n"
                    "detection: {s: {dstport: 3333, srcaddr: 10.0.1.5}, condition: s}\n")
    log = tmp_path / "flow.log"
    log.write_text("3333 10.0.1.5 ACCEPT 1773757000\n")
    asked = ["scan", "--emit", "matches", "--format", "jsonl", "-r", rule]
    columns = "${dstport} ${srcaddr} ${action} ${start}"
    said = run(*asked, "--flow-format", columns, log)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["event"]["time"] == "2026-03-17T14:16:40Z"
    assert run(*asked, log).returncode == 1
    wrong = run(*asked, "--flow-format", "what is this", log)
    assert wrong.returncode == 2 and b"what is this" in wrong.stderr
