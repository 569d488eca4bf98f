#!/usr/bin/env python3
"""What a record costs as rules grow: 10, 100, 1,000, 10,000.

    scripts/bench rules           BENCH_RUNS=10 scripts/bench rules

Rules are made, in the shapes that published ones have: nine of ten ask for one to three events by name,
out of the names in the logs and 2,000 others; all ask for something more that hardly any record has. One
in 50 has a regular expression, one in 20 a substring, one in 10 no event's name but two values of
userIdentity or errorCode. So the few hits are not what is measured.

A record's cost is the CPU time of a run over the SANS 504 corpus (the samples where it is missing)
without that of a run over no record, through the number of records. Best of BENCH_RUNS (default 5) each,
one thread, by turns.
"""
import gzip
import json
import os
import random
import sys
import tempfile
from pathlib import Path

import _measure as m

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
CORPUS = m.SHARED / "corpus" / "sans504" / "AWSLogs"
SIZES = [10, 100, 1000, 10000]
VERBS = ["Create", "Delete", "Put", "Get", "Update", "Attach", "Describe", "List"]
TYPES = ["Root", "IAMUser", "AssumedRole", "FederatedUser"]


def records_in(path):
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).get("Records", [])


def look_at(folder):
    """How many records there are, and the names of their events."""
    total, names = 0, set()
    for path in folder.rglob("*.json*"):
        records = records_in(path)
        total += len(records)
        names |= {r.get("eventName") for r in records}
    return total, sorted(filter(None, names))


def rule(i, names, rng):
    asked = [f"requestParameters.resource{i % 40}: thing-{i}"]
    if i % 10 == 9:
        asked += [f"userIdentity.type: {rng.choice(TYPES)}", "errorCode: [AccessDenied, Throttled]"]
    else:
        picked = rng.choices(names, k=rng.randint(1, 3))
        asked.append(f"eventName: [{', '.join(picked)}]")
    if i % 20 == 1:
        asked.append(f"userAgent|contains: tool-{i}")
    if i % 50 == 2:
        asked.append(f"userIdentity.arn|re: '.+:assumed-role/made-{i}/.+'")
    lines = "\n    ".join(asked)
    return (f"title: Made rule {i}\nid: 00000000-0000-4000-8000-{i:012}\nlevel: low\n"
            f"logsource: {{product: aws, service: cloudtrail}}\ndetection:\n  s:\n    {lines}\n"
            "  condition: s\n")


def write_rules(folder, n, names):
    rng = random.Random(n)
    folder.mkdir()
    for i in range(n):
        (folder / f"{i:05}.yml").write_text(rule(i, names, rng))


def command(rules, path):
    return [str(m.BIN / "trailwarden"), "scan", "--threads", "1", "--emit", "matches", "-o", "/dev/null",
            "-r", str(rules), str(path)]


def measure(folders, logs, nothing):
    """Size -> (best whole run, best run over nothing)."""
    runs = {n: ([], []) for n in folders}
    for _ in range(RUNS):
        for n, rules in folders.items():
            runs[n][0].append(m.run(command(rules, logs)))
            runs[n][1].append(m.run(command(rules, nothing)))
    return {n: (m.best(whole), m.best(start)) for n, (whole, start) in runs.items()}


def main():
    logs = CORPUS if CORPUS.is_dir() else m.ROOT / "samples"
    total, names = look_at(logs)
    names += [f"{VERBS[i % len(VERBS)]}Thing{i}" for i in range(2000)]
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        nothing = work / "nothing.json"
        nothing.write_text('{"Records":[]}')
        folders = {n: work / str(n) for n in SIZES}
        for n, folder in folders.items():
            write_rules(folder, n, names)
        measured = measure(folders, logs, nothing)
    if any(run.status not in (0, 1) for pair in measured.values() for run in pair):
        sys.exit("scan failed")
    results = {n: {"us_per_record": round((whole.cpu_s - start.cpu_s) * 1e6 / total, 2),
                   "start_cpu_ms": round(start.cpu_s * 1000, 1)}
               for n, (whole, start) in measured.items()}
    print(f"{total} records; best of {RUNS} runs")
    m.table(["rules", "us a record", "start ms"],
            [[f"{n:,}", r["us_per_record"], r["start_cpu_ms"]] for n, r in results.items()])
    m.write("rules", {"machine": m.machine(), "records": total, "runs": RUNS, "rules": results})


if __name__ == "__main__":
    main()
