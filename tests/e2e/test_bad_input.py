"""Broken logs and notifications: each ends with the exit code and the sentence that
docs/bad-input.md promises. tests/bad/input/cases.json holds the small ones as data; the large ones
are made here."""
import base64
import gzip
import json
import os
import random
import resource
import subprocess
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INPUT = ROOT / "tests" / "bad" / "input"
CASES = json.loads((INPUT / "cases.json").read_text(encoding="utf-8"))
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build" / "bin" / "trailwarden"))
RULE = """title: stopped
id: 11111111-1111-4111-8111-111111111111
level: high
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: StopLogging}, condition: s}
"""


def name_of(case):
    return case.get("file") or case["name"]


@pytest.fixture
def rule(tmp_path):
    path = tmp_path / "rule.yml"
    path.write_text(RULE, encoding="utf-8")
    return path


def run(*args):
    done = subprocess.run([BINARY, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def scan(rule, path):
    return run("scan", "-r", rule, "--format", "jsonl", path)


def record(n, name="StopLogging", **more):
    return {"eventVersion": "1.08", "eventID": f"id-{n}", "eventName": name,
            "eventTime": "2026-03-17T14:05:11Z", "userIdentity": {"principalId": f"P{n}"}, **more}


def log(*records):
    return json.dumps({"Records": records}).encode()


# ---- the small ones ------------------------------------------------------------------------------

@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] == "log"], ids=name_of)
def test_log(case, rule):
    code, out, err = scan(rule, INPUT / case["file"])
    assert code == case["expect_exit"], err
    for sentence in case["expect_stderr"]:
        assert sentence in err
    assert out == ""


@pytest.mark.parametrize("case", [c for c in CASES if c["kind"] == "notification"], ids=name_of)
def test_notification(case, rule, tmp_path):
    event = tmp_path / "event.json"
    event.write_text(case["text"] if "text" in case else json.dumps(case["payload"]),
                     encoding="utf-8")
    code, out, err = run("invoke", "--dry-run", "-r", rule, event)
    assert code == case["expect_exit"], err
    for sentence in case["expect_stderr"]:
        assert sentence in err
    assert (out == "") == (code == 4)  # a batch is answered, anything else fails whole


def test_there_are_enough():
    assert len(CASES) >= 40
    assert len({name_of(c) for c in CASES}) == len(CASES)
    files = {p.name for p in INPUT.iterdir()} - {"cases.json"}
    assert files == {c["file"] for c in CASES if "file" in c}


def test_the_table_in_docs_is_this_one():
    rows = (ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8").splitlines()
    for case in CASES:
        message = " ... ".join(case["expect_stderr"]).replace("|", "\\|")
        assert f"| {name_of(case)} | {case['expect_exit']} | `{message}` |" in rows


# ---- the large ones ------------------------------------------------------------------------------

def test_gzip_cut_anywhere(rule, tmp_path):
    """What stands in front of the cut is told; the object is named as unreadable."""
    whole = gzip.compress(log(*(record(n) for n in range(200))), mtime=0)
    chance = random.Random(1)
    told = []
    for cut in sorted(chance.sample(range(2, len(whole)), 12)):
        path = tmp_path / "cut.json.gz"
        path.write_bytes(whole[:cut])
        code, out, err = scan(rule, path)
        assert code == 1
        assert "cut off" in err
        told.append(len(out.splitlines()))
    assert told == sorted(told) and 0 < told[-1] <= 200


@pytest.mark.parametrize("name, change, sentence", [
    ("checksum", lambda b: b[:-8] + bytes([b[-8] ^ 1]) + b[-7:], "incorrect data check"),
    ("length", lambda b: b[:-1] + bytes([b[-1] ^ 1]), "incorrect length check"),
    ("garbage behind", lambda b: b + b"garbage", "garbage behind the gzip data"),
    ("half a member behind", lambda b: b + b[:30], "cut off"),
    ("gzip inside gzip", gzip.compress, "gzip inside gzip is not read"),
])
def test_gzip_damaged(name, change, sentence, rule, tmp_path):
    path = tmp_path / "damaged.json.gz"
    path.write_bytes(change(gzip.compress(log(record(1)), mtime=0)))
    code, out, err = scan(rule, path)
    assert code == 1
    assert sentence in err
    assert len(out.splitlines()) == (0 if name == "gzip inside gzip" else 1)


def bomb(path, mebibytes):
    """A gzip member of a log whose one record holds a string of so many MiB."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as f:
        f.write(squeeze.compress(b'{"Records":[{"eventID":"x","a":"'))
        for _ in range(mebibytes):
            f.write(squeeze.compress(bytes(1 << 20).replace(b"\0", b"a")))
        f.write(squeeze.compress(b'"}]}') + squeeze.flush())


def test_bomb(rule, tmp_path):
    path = tmp_path / "bomb.json.gz"
    bomb(path, 1025)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    code, _, err = scan(rule, path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert code == 1
    assert "inflates to more than 1073741824 bytes: refused as a decompression bomb" in err
    if before < 300 * 1024:  # KiB; sanitizers and earlier children may need more
        assert after < 300 * 1024


def test_large_record_is_skipped(rule, tmp_path):
    path = tmp_path / "large.json"
    path.write_bytes(log(record(1), record(2, x="y" * 5_000_000), record(3)))
    code, out, err = scan(rule, path)
    assert code == 1
    assert "record 2 at byte" in err and "it is larger than 4 MiB" in err
    assert len(out.splitlines()) == 2


def test_string_of_a_megabyte_is_read(rule, tmp_path):
    path = tmp_path / "string.json"
    path.write_bytes(log(record(1, x="\\\"" * 500_000), record(2)))
    code, out, err = scan(rule, path)
    assert code == 0, err
    assert len(out.splitlines()) == 2


def test_many_bad_records_are_counted(rule, tmp_path):
    path = tmp_path / "many.json"
    path.write_bytes(b'{"Records":[' + b"1," * 100_000 + json.dumps(record(1)).encode() + b"]}")
    code, out, err = scan(rule, path)
    assert code == 1
    assert any("bad records" in line and "100,000" in line for line in err.splitlines())
    assert len(err.splitlines()) < 50
    assert len(out.splitlines()) == 1


def test_bad_file_does_not_hide_its_neighbours(rule, tmp_path):
    (tmp_path / "a.json").write_bytes(log(record(1)))
    (tmp_path / "b.json").write_bytes(b"\x1f\x8b\x08broken")
    (tmp_path / "c.json").write_bytes(log(record(2)))
    code, out, err = scan(rule, tmp_path)
    assert code == 1
    assert "b.json" in err
    assert len(out.splitlines()) == 2


def test_cloudwatch_logs_bomb(rule, tmp_path):
    path = tmp_path / "inner.gz"
    bomb(path, 33)
    event = tmp_path / "event.json"
    data = base64.b64encode(path.read_bytes()).decode()
    event.write_text(json.dumps({"awslogs": {"data": data}}), encoding="utf-8")
    code, _, err = run("invoke", "--dry-run", "-r", rule, event)
    assert code == 4
    assert "a CloudWatch Logs payload does not fit in 33554432 bytes" in err
