#!/usr/bin/env python3
"""How fast `trailwarden scan` reads a folder of CloudTrail objects, and in how much memory.

    scripts/bench scan            BENCH_RUNS=20 scripts/bench scan

Each rule set is run BENCH_RUNS times (default 10) over the same folder, the sets by turns; the best
run counts. MB are 10^6 bytes of JSON, inflated. CPU seconds are user and system time of the whole
process, so its start and the loading of rules are in every figure; `start` is a run over one small
object, which is little else. Matches are written as JSON lines, to /dev/null.
"""
import gzip
import os
import sys
import tempfile
from pathlib import Path

import _measure as m

RUNS = int(os.environ.get("BENCH_RUNS", "10"))
CORPUS = m.SHARED / "corpus" / "sans504" / "AWSLogs"
SAMPLES = m.ROOT / "samples"
PEERS = m.SHARED / "peer-rules"
SMALL = b'{"Records":[{"eventName":"DescribeInstances","eventID":"1"}]}'


def rule_files(folder):
    return sorted(p for p in folder.rglob("*.yml") if not p.name.endswith(".test.yml"))


def without_correlations(files):
    """Rules over single events; correlations are another thing to measure."""
    return [p for p in files if "\ncorrelation:" not in "\n" + p.read_text()]


def rule_sets():
    """Name -> rule files."""
    shipped = {"shipped": rule_files(m.ROOT / "rules")}
    if not PEERS.is_dir():
        return shipped
    sigmahq = without_correlations(rule_files(PEERS / "sigmahq-aws"))
    suzaku = without_correlations(rule_files(PEERS / "suzaku-aws"))
    return {**shipped, "Falco": [PEERS / "falco" / "aws_cloudtrail_rules.yaml"],
            "SigmaHQ": sigmahq, "Suzaku": suzaku, "SigmaHQ and Suzaku": sigmahq + suzaku}


def command(rules, path):
    words = [m.BIN / "trailwarden", "scan", "--emit", "matches", "--format", "jsonl",
             "--min-level", "informational", "-o", "/dev/null"]
    for rule in rules:
        words += ["-r", rule]
    return [*map(str, words), str(path)]


def logs_of(folder):
    return [p for p in folder.rglob("*") if p.name.endswith((".json.gz", ".json"))]


def inflated_bytes(path):
    data = path.read_bytes()
    return len(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def measure(sets, folder, small):
    """Name -> (best whole run, best start, peak memory)."""
    runs = {name: ([], []) for name in sets}
    for _ in range(RUNS):
        for name, rules in sets.items():
            runs[name][0].append(m.run(command(rules, folder)))
            runs[name][1].append(m.run(command(rules, small)))
    return {name: (m.best(whole), m.best(start), m.peak_bytes(command(sets[name], folder)))
            for name, (whole, start) in runs.items()}


def result_of(files, size, whole, start, peak):
    return {"rule_files": len(files), "cpu_s": round(whole.cpu_s, 4),
            "wall_s": round(whole.wall_s, 4), "mb_per_cpu_s": round(size / 1e6 / whole.cpu_s, 1),
            "mb_per_wall_s": round(size / 1e6 / whole.wall_s, 1),
            "peak_mib": round(peak / 2**20, 1),
            "start_cpu_ms": round(start.cpu_s * 1000, 1), "exit": whole.status}


def main():
    folder, what = CORPUS, "SANS 504 corpus"
    if not folder.is_dir():
        folder, what = SAMPLES, "sample logs"
        print(f"{CORPUS} is not there: the sample logs are measured instead, and the shipped rules "
              "only. They are too few for a throughput.")
    logs = logs_of(folder)
    size = sum(map(inflated_bytes, logs))
    sets = rule_sets()
    with tempfile.TemporaryDirectory() as temporary:
        small = Path(temporary) / "small.json"
        small.write_bytes(SMALL)
        measured = measure(sets, folder, small)
    results = {name: result_of(sets[name], size, *measured[name]) for name in sets}
    print(f"{what}: {len(logs)} objects, {size / 1e6:.1f} MB inflated; best of {RUNS} runs")
    m.table(["rules", "files", "MB/CPU s", "MB/s", "peak MiB", "start ms"],
            [[name, r["rule_files"], r["mb_per_cpu_s"], r["mb_per_wall_s"], r["peak_mib"],
              r["start_cpu_ms"]] for name, r in results.items()])
    m.write("scan", {"machine": m.machine(), "logs": what, "objects": len(logs), "bytes": size,
                     "runs": RUNS, "rules": results})
    failed = [name for name, r in results.items() if r["exit"] not in (0, 1)]
    if failed:
        sys.exit(f"scan failed with the rules of: {', '.join(failed)}")


if __name__ == "__main__":
    main()
