"""Episodes on the command line: the same answer whatever the order, the split and the copies [P1],
and states that outlive a run."""
import gzip
import json
import random
import subprocess

import pytest

from test_cli import BINARY, ROOT, record, run, write_log

SINGLE = """\
title: Trail stopped
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01
name: stopped
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventName: StopLogging}
  condition: s
"""
MANY = """\
---
title: Trails stopped
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a02
name: many
level: critical
correlation:
  type: event_count
  rules: [stopped]
  group-by: [userIdentity.arn]
  timespan: 1m
  condition: {gte: 3}
  generate: true
"""
SCAN_ONLY = MANY.replace("{gte: 3}", "{lte: 2}")
FALCO = "- rule: Falco's\n  desc: d\n  condition: ct.name=StopLogging\n  output: by %ct.user\n" \
        "  priority: WARNING\n  source: aws_cloudtrail\n"


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yml").write_text(SINGLE + MANY)
    return folder


def alerts(*arguments, code=0, **options):
    result = run("scan", "--format", "jsonl", *arguments, **options)
    assert result.returncode == code, result.stderr.decode()
    return [json.loads(line) for line in result.stdout.splitlines()]


def without_objects(found):
    """Where an event was read depends on the split by its nature."""
    for alert in found:
        if alert["event"]:
            alert["event"].pop("object")
    return found


# ---- the same answer [P1] ----

def read_all(folder):
    """All records of a folder as texts, in the order of its files."""
    texts = []
    for path in sorted(folder.rglob("*.json*")):
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        try:
            value = json.loads(data)
        except ValueError:
            continue
        if isinstance(value, dict):
            texts += [json.dumps(r) for r in value.get("Records", [])]
    return texts


def write_split(folder, texts, rng):
    """The records in objects of random sizes."""
    folder.mkdir()
    number = 0
    while texts:
        n = rng.choice((1, 3, 20, 200, 5000))
        data = '{"Records":[' + ",".join(texts[:n]) + "]}"
        path = folder / f"{number:06}.json"
        if rng.random() < 0.2:
            path = path.with_suffix(".json.gz")
            path.write_bytes(gzip.compress(data.encode(), compresslevel=1))
        else:
            path.write_text(data)
        texts = texts[n:]
        number += 1


def check_same_answer(folder, tmp_path, *arguments, least):
    rng = random.Random(20260317)
    texts = read_all(folder)
    shuffled = rng.sample(texts, len(texts))
    variants = {"straight": texts, "reversed": texts[::-1], "shuffled": shuffled,
                "doubled": texts + texts, "shuffled and doubled": rng.sample(texts * 2,
                                                                             2 * len(texts))}
    want = None
    for name, variant in variants.items():
        write_split(tmp_path / name, variant, rng)
        found = without_objects(alerts(*arguments, "--min-level", "informational",
                                       tmp_path / name))
        want = want or found
        assert found == want, name
    assert len(want) >= least
    order = [(a["first"], a["rule"]["id"], list(map(str, a["key"].values()))) for a in want]
    assert order == sorted(order)
    assert {a["updates"] for a in want} == {0}


def test_samples_give_one_answer(tmp_path):
    check_same_answer(ROOT / "samples", tmp_path, least=20)


@pytest.mark.parametrize("corpus", ["sans504", "stratus", "traildiscover"])
def test_a_corpus_gives_one_answer(corpus, tmp_path, shared):
    folder = shared / "corpus" / corpus
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    check_same_answer(folder, tmp_path, least=1)


def test_episodes_of_one_key_have_their_own_first_events(rules, tmp_path):
    """More than an hour apart is another episode, with its own id and first event."""
    log = write_log(tmp_path / "a.json", *(
        record(n, eventTime=f"2026-03-{day:02}T14:00:00Z", requestParameters={"name": f"day {day}"})
        for n, day in enumerate((19, 17, 18))))
    found = alerts("-r", rules, log)
    assert [a["first"][:10] for a in found] == ["2026-03-17", "2026-03-18", "2026-03-19"]
    assert [a["event"]["time"] for a in found] == [a["first"] for a in found]
    assert len({a["id"] for a in found}) == 3


def test_correlations_count_what_is_more_than_any_cell_keeps(rules, tmp_path):
    """300 events of one minute: thinning keeps six; `scan` counts them all."""
    log = write_log(tmp_path / "a.json", *(
        {**record(1), "eventID": f"{n:08x}-aaaa-4bbb-8ccc-dddddddddddd"} for n in range(300)))
    single, many = sorted(alerts("-r", rules, log), key=lambda a: a["rule"]["level"], reverse=True)
    assert (single["count"], many["count"]) == (300, 300)
    assert len(many["events"]) == 200 and "count_is_estimate" not in many
    assert many["key"] == {"userIdentity.arn": "arn:aws:iam::111122223333:user/dana"}
    assert many["correlation"]["condition"] == \
        'at least 3 events of "Trail stopped" within 1 min'


def test_an_upper_bound_is_for_scan_only(rules, tmp_path):
    (rules / "a.yml").write_text(SINGLE + SCAN_ONLY)
    log = write_log(tmp_path / "a.json", record(1), record(2, eventTime="2026-03-17T14:05:02Z"))
    assert {a["title"] for a in alerts("-r", rules, log)} == {"Trail stopped", "Trails stopped"}
    event = tmp_path / "event.json"
    event.write_text('{"Event":"s3:TestEvent"}')
    refused = run("invoke", "-r", rules, "--dry-run", event)
    assert refused.returncode == 1 and b"f0a02: " in refused.stderr


def test_a_falco_match_carries_its_output_twice(rules, tmp_path):
    (rules / "falco.yaml").write_text(FALCO)
    log = write_log(tmp_path / "a.json", record(1))
    matches = alerts("-r", rules, "--emit", "matches", log)
    sigma, falco = sorted(matches, key=lambda m: m["rule"]["dialect"], reverse=True)
    assert "output" not in sigma and falco["output"] == falco["rule"]["output"] != ""


# ---- states that outlive a run ----

def test_a_state_is_told_once(rules, tmp_path):
    log = write_log(tmp_path / "a.json", record(1))
    later = write_log(tmp_path / "b.json", *(record(n) for n in range(1, 4)))
    state = tmp_path / "state.db"
    assert len(alerts("-r", rules, "--state", state, log)) == 1
    assert alerts("-r", rules, "--state", state, log) == []
    # Two more make three within a minute: news of the correlation only, which remembers the first.
    (many,) = alerts("-r", rules, "--state", state, later)
    assert many["title"] == "Trails stopped" and many["count"] == 3
    assert alerts("-r", rules, "--state", state, log, later) == []


def test_growth_is_told_as_an_update(rules, tmp_path):
    (rules / "a.yml").write_text(SINGLE)
    state = tmp_path / "state.db"
    def some(first, n):
        return write_log(tmp_path / f"{first}.json", *(
            {**record(1), "eventID": f"{i:08x}-aaaa-4bbb-8ccc-dddddddddddd"}
            for i in range(first, first + n)))
    (alert,) = alerts("-r", rules, "--state", state, some(0, 9))
    (update,) = alerts("-r", rules, "--state", state, some(9, 1))
    assert (update["id"], update["updates"], update["count"]) == (alert["id"], 1, 10)
    assert alerts("-r", rules, "--state", state, some(10, 5)) == []
    text = run("scan", "-r", rules, "--state", state, "--format", "text", some(15, 900)).stdout
    assert b"(update 2)" in text and b"number 2 of an alert that was told before" in text
    assert b"about" in text  # more than the sketch keeps: an estimate, and called so


def test_learning_tells_nothing_and_remembers(rules, tmp_path):
    log = write_log(tmp_path / "a.json", record(1))
    state = tmp_path / "state.db"
    assert alerts("-r", rules, "--state", state, "--learn", log) == []
    assert alerts("-r", rules, "--state", state, log) == []


def test_a_file_that_is_no_state_is_refused(rules, tmp_path):
    log = write_log(tmp_path / "a.json", record(1))
    state = tmp_path / "other.db"
    state.write_text("this is a text, and a long enough one that nobody takes it for a header" * 20)
    result = run("scan", "-r", rules, "--state", state, log)
    assert result.returncode in (2, 4) and b"other.db" in result.stderr
    assert result.stdout == b""


def test_two_runs_at_once_tell_an_alert_once(rules, tmp_path):
    """Both read the same log into the same file; what one tells the other finds told."""
    log = write_log(tmp_path / "a.json", *(
        {**record(1), "eventID": f"{n:08x}-aaaa-4bbb-8ccc-dddddddddddd",
         "userIdentity": {"principalId": f"AIDA{n % 50}", "arn": f"arn:{n % 50}"}}
        for n in range(500)))
    runs = [subprocess.Popen([BINARY, "scan", "-r", rules, "--format", "jsonl", "--state",
                              tmp_path / "state.db", log], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in runs]
    assert [process.returncode for process in runs] == [0, 0, 0]
    ids = [json.loads(line)["id"] for out in outputs for line in out.splitlines()]
    assert len(set(ids)) == 100  # 50 users, two rules: nothing is lost; a repeat has the same id
