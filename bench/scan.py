#!/usr/bin/env python3
"""How fast `trailwarden scan` reads folders of CloudTrail objects, in how much memory, and how near
that is to what reading them costs at all.

    scripts/bench scan            BENCH_RUNS=20 scripts/bench scan

Each rule set is run BENCH_RUNS times (default 10) over the same folder with one thread, the sets by
turns; the best run counts. MB are 10^6 bytes of JSON, inflated. CPU seconds are user and system time
of the whole process, its start included. Rules are compiled first (docs/rules-bundle.md), as the
function has them; `start` is a run over one small object, which is little else, with rules that are
compiled and with their sources. Matches are written as JSON lines, to /dev/null.

`floor` is bench/floor.cc, built here when g++, libdeflate-dev and libsimdjson-dev are there: inflates
and visits two fields of each record. jq prints two fields of each record, of what gzip inflates. The
floor runs in turn with the rule sets, and `of floor` is the part of its speed that is reached; jq runs
once, over the smaller corpus.

Over 1 GB that ../shared/tools/big_corpus.py makes (kept in build/bench) the same again, BENCH_BIG_RUNS
times (default 3; 0: not at all), and SigmaHQ's rules with two threads.
"""
import gzip
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import _measure as m

RUNS = int(os.environ.get("BENCH_RUNS", "10"))
BIG_RUNS = int(os.environ.get("BENCH_BIG_RUNS", "3"))
CORPUS = m.SHARED / "corpus" / "sans504" / "AWSLogs"
SAMPLES = m.ROOT / "samples"
PEERS = m.SHARED / "peer-rules"
MAKE_BIG = m.SHARED / "tools" / "big_corpus.py"
WORK = m.ROOT / "build" / "bench"
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


def scan_command(rules, path, threads=1):
    words = [m.BIN / "trailwarden", "scan", "--emit", "matches", "--format", "jsonl",
             "--min-level", "informational", "--threads", threads, "-o", "/dev/null"]
    for rule in rules:
        words += ["-r", rule]
    return [*map(str, words), str(path)]


def compiled(sets):
    """Name -> [what its rules are compiled into]."""
    WORK.mkdir(parents=True, exist_ok=True)
    bundles = {}
    for name, rules in sets.items():
        bundles[name] = [WORK / f"{name.replace(' ', '-')}.bundle"]
        done = subprocess.run([m.BIN / "trailwarden", "rules", "compile", "--scan", "-o",
                               *bundles[name], *rules], capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(f"the rules of {name} could not be compiled: {done.stderr[-500:]}")
    return bundles


def floor_program():
    """The compiled floor, or None."""
    program = WORK / "floor"
    made = subprocess.run(["g++", "-O2", "-std=c++17", m.ROOT / "bench" / "floor.cc", "-o", program,
                           "-ldeflate", "-lsimdjson"], capture_output=True) \
        if shutil.which("g++") else None
    if made is None or made.returncode != 0:
        print("the floor cannot be built (g++, libdeflate-dev and libsimdjson-dev are wanted)")
        return None
    return program


def jq_command(folder):
    return ["sh", "-c", f"find {shlex.quote(str(folder))} -name '*.json.gz' -exec gzip -dc {{}} + |"
            " jq -r '.Records[] | .eventSource + .eventName'"]


def logs_of(folder):
    return [p for p in folder.rglob("*") if p.name.endswith((".json.gz", ".json"))]


def inflated_bytes(path):
    data = path.read_bytes()
    return len(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def big_corpus():
    """A folder with 1 GB of made objects, or None."""
    folder = WORK / "big"
    if not MAKE_BIG.is_file() or BIG_RUNS == 0:
        return None
    if not (folder / "AWSLogs").is_dir():
        made = WORK / "big.part"
        shutil.rmtree(made, ignore_errors=True)
        subprocess.run([sys.executable, MAKE_BIG, "--out", made / "AWSLogs", "--bytes", "1G",
                        "--seed", "1"], check=True, stdout=subprocess.DEVNULL)
        (made / "AWSLogs" / "manifest.jsonl").unlink()
        made.rename(folder)
    return folder / "AWSLogs"


def measure(commands, runs):
    """Name -> the best run, of commands by turns."""
    all_runs = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            all_runs[name].append(m.run(command))
    return {name: m.best(list_) for name, list_ in all_runs.items()}


def result_of(size, run, floor, peak=None):
    return {"cpu_s": round(run.cpu_s, 4), "wall_s": round(run.wall_s, 4),
            "mb_per_cpu_s": round(size / 1e6 / run.cpu_s, 1),
            "mb_per_wall_s": round(size / 1e6 / run.wall_s, 1),
            "of_floor": round(floor.cpu_s / run.cpu_s, 2) if floor else None,
            "peak_mib": round(peak / 2**20, 1) if peak else None, "exit": run.status}


def bench(what, folder, sets, bundles, floor, runs, jq=False):
    """Measures all over one folder, prints the table and returns its figures."""
    logs = logs_of(folder)
    size = sum(map(inflated_bytes, logs))
    commands = {name: scan_command(rules, folder) for name, rules in bundles.items()}
    if "SigmaHQ" in sets:
        commands["SigmaHQ, 2 threads"] = scan_command(bundles["SigmaHQ"], folder, 2)
    if floor:
        commands["floor"] = [str(floor), str(folder)]
    best = measure(commands, runs)
    results = {name: result_of(size, run, best.get("floor"), m.peak_bytes(commands[name]))
               for name, run in best.items()}
    if jq:
        results["jq"] = result_of(size, m.run(jq_command(folder)), best.get("floor"))
    print(f"\n{what}: {len(logs)} objects, {size / 1e6:.1f} MB inflated; best of {runs} runs")
    m.table(["rules", "files", "MB/CPU s", "of floor", "MB/s", "peak MiB"],
            [[name, len(sets.get(name.partition(",")[0], [])) or "", r["mb_per_cpu_s"],
              r["of_floor"] or "", r["mb_per_wall_s"], r["peak_mib"] or ""] for name, r in results.items()])
    return {"logs": what, "objects": len(logs), "bytes": size, "runs": runs, "results": results}


def starts(sets):
    with tempfile.TemporaryDirectory() as temporary:
        small = Path(temporary) / "small.json"
        small.write_bytes(SMALL)
        best = measure({name: scan_command(rules, small) for name, rules in sets.items()}, RUNS)
    return {name: round(run.cpu_s * 1000, 1) for name, run in best.items()}


def main():
    folder, what = CORPUS, "SANS 504 corpus"
    if not folder.is_dir():
        folder, what = SAMPLES, "sample logs"
        print(f"{CORPUS} is not there: the sample logs are measured instead, and the shipped rules "
              "only. They are too few for a throughput.")
    sets, big = rule_sets(), big_corpus()
    bundles, floor = compiled(sets), floor_program()
    tables = [bench(what, folder, sets, bundles, floor, RUNS, jq=shutil.which("jq") is not None)]
    if big:
        tables.append(bench("made corpus", big, sets, bundles, floor, BIG_RUNS))
    start = {"compiled": starts(bundles), "sources": starts(sets)}
    print("\nstart, ms of CPU (from sources):", ", ".join(
        f"{name} {ms:.0f} ({start['sources'][name]:.0f})" for name, ms in start["compiled"].items()))
    m.write("scan", {"machine": m.machine(), "tables": tables, "start_cpu_ms": start})
    failed = [name for table in tables for name, r in table["results"].items()
              if r["exit"] not in (0, 1)]
    if failed:
        sys.exit(f"scan failed with the rules of: {', '.join(failed)}")


if __name__ == "__main__":
    main()
