"""`scan --threads N`: the same bytes on both outputs, whatever N."""
import gzip
import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()
NUMBERS = ["1", "2", "4"]


def records_of(path):
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return json.loads(text).get("Records", [])


def sample_records():
    return [r for path in sorted((ROOT / "samples").rglob("*.json*")) for r in records_of(path)]


MIDDLE = sorted(r["eventTime"] for r in sample_records())[len(sample_records()) // 2]


def flows(n, rng):
    """Flow logs of a scan of ports, and of what rules hold for over one flow."""
    lines = ["version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
             "start end action log-status"]
    lines += [f"2 111122223333 eni-0a1b2c3d4e5f60718 198.51.100.{i % 3} 10.0.0.{i % 7} 4{i % 997:04} "
              f"{rng.choice([22, 3333, 3389, 443, i % 65536])} 6 {rng.randrange(1, 99)} "
              f"{rng.randrange(40, 1 << 33)} {1773756000 + i} {1773756060 + i} "
              f"{rng.choice(['ACCEPT', 'REJECT'])} OK" for i in range(n)]
    return gzip.compress("\n".join(lines).encode())


def write(path, records, rng):
    """An object of records with identities of their own; some of them copies, some broken."""
    texts = []
    for r in records:
        if rng.random() < 0.9:
            r = {**r, "eventID": f"{rng.getrandbits(64):016x}"}
        if rng.random() < 0.05:
            r = {k: v for k, v in r.items() if k != "eventID"}  # its bytes are its evidence
        texts.append(json.dumps(r))
        if rng.random() < 0.02:
            texts.append(rng.choice(['null', '{"eventName":tru}', '7']))
    path.write_bytes(gzip.compress(b'{"Records":[' + ",".join(texts).encode() + b"]}", 1))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Files of all lengths, one of which keeps more than a job may; broken ones among them."""
    folder, rng = tmp_path_factory.mktemp("logs"), random.Random(1)
    records = sample_records()
    for i in range(60):
        place = folder / f"{i % 7}"
        place.mkdir(exist_ok=True)
        write(place / f"{i:03}.json.gz", rng.choices(records, k=rng.choice([1, 3, 30, 300])), rng)
    write(folder / "3" / "long.json.gz", rng.choices(records, k=4000), rng)
    (folder / "2" / "cut.json.gz").write_bytes((folder / "2" / "002.json.gz").read_bytes()[:-9])
    (folder / "4" / "none.json").write_text("no log")
    (folder / "5" / "empty.json").write_text("")
    (folder / "1" / "flows.log.gz").write_bytes(flows(3000, rng))
    (folder / "6" / "lines.json").write_text("\n".join(map(json.dumps, records[:50])))
    return folder


def scan(threads, *words):
    done = subprocess.run([BINARY, "scan", "--threads", threads, *words],
                          capture_output=True, timeout=120)
    said = re.sub(rb" in \d.*\n", b"\n", done.stderr)  # the time it took
    return done.returncode, done.stdout, said


@pytest.mark.parametrize("words", [
    ["--emit", "matches", "--min-level", "informational"],
    ["--emit", "matches", "--format", "csv", "--from", MIDDLE],
    ["--emit", "alerts", "--format", "text"],
    ["--emit", "incidents"],
], ids=["matches", "in-time", "alerts", "incidents"])
def test_same_bytes(words, corpus):
    wanted = scan(NUMBERS[0], *words, corpus, ROOT / "samples")
    assert wanted[0] == 1 and len(wanted[1]) > 1000  # broken files were met, things were told
    for threads in NUMBERS[1:]:
        assert scan(threads, *words, corpus, ROOT / "samples") == wanted


def test_number_of_a_falco_event(corpus, tmp_path):
    """evt.num counts the records of the whole run."""
    rule = tmp_path / "num.yaml"
    rule.write_text("- rule: every\n  desc: d\n  condition: evt.num >= 0\n  priority: WARNING\n"
                    "  source: aws_cloudtrail\n  output: number %evt.num\n")
    runs = [scan(n, "--emit", "matches", "-r", rule, corpus / "3", corpus / "1") for n in NUMBERS]
    assert b"number 1000" in runs[0][1]
    assert runs[1:] == runs[:1] * 2


def test_state_that_lasts(corpus, tmp_path):
    runs = [scan(n, "--emit", "incidents", "--state", tmp_path / f"{n}.db", corpus)
            for n in NUMBERS]
    assert runs[1:] == runs[:1] * 2


def test_a_full_disk_ends_the_run(corpus):
    full = subprocess.run([BINARY, "scan", "--threads", "4", "--emit", "matches",
                           "--min-level", "informational", "-o", "/dev/full", corpus],
                          capture_output=True, timeout=120)
    assert full.returncode == 4 and b"No space left" in full.stderr
