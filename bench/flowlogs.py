#!/usr/bin/env python3
"""How fast `trailwarden scan` reads VPC flow logs, in how much memory, and how near that is to what
inflating them and finding their lines costs.

    scripts/bench flowlogs        BENCH_FLOW_MB=100 BENCH_RUNS=5 scripts/bench flowlogs

The logs are those of bench/_flowlogs.py, BENCH_FLOW_MB (default 1,000) of 10^6 bytes of text, kept in
build/bench. The floor is bench/flowfloor.c. `shipped` are the shipped rules that read flow logs, `all
shipped` those over other sources too; both are compiled first, and matches are written as JSON lines
to /dev/null. All run by turns with one thread, BENCH_RUNS times (default 3), and the best run counts.
CPU seconds are user and system time of the whole process, its start included.
"""
import os
import subprocess
import sys

import _flowlogs
import _measure as m

MB = int(os.environ.get("BENCH_FLOW_MB", "1000"))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
WORK = m.ROOT / "build" / "bench"
RULES = {"shipped": m.ROOT / "rules" / "vpcflow", "all shipped": m.ROOT / "rules"}


def logs():
    """The folder of made logs."""
    folder = WORK / f"flow-{MB}"
    if not folder.is_dir():
        part = WORK / f"flow-{MB}.{os.getpid()}"
        _flowlogs.make(part, MB * 1_000_000)
        part.rename(folder)
    return folder


def program():
    made = WORK / "flowfloor"
    subprocess.run([os.environ.get("CC", "cc"), "-O2", m.ROOT / "bench" / "flowfloor.c", "-o", made,
                    "-ldeflate"], check=True)
    return made


def compiled(name, rules):
    bundle = WORK / f"flow-{name.replace(' ', '-')}.bundle"
    files = sorted(p for p in rules.rglob("*.yml") if not p.name.endswith(".test.yml"))
    done = subprocess.run([m.BIN / "trailwarden", "rules", "compile", "--scan", "-o", bundle, *files],
                          capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"the rules could not be compiled: {done.stderr[-500:]}")
    return bundle


def scan(bundle, folder):
    return [str(word) for word in (
        m.BIN / "trailwarden", "scan", "--emit", "matches", "--format", "jsonl", "--min-level",
        "informational", "--threads", 1, "-o", "/dev/null", "-r", bundle, folder)]


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    folder = logs()
    objects = sorted(map(str, folder.iterdir()))
    floor = [str(program()), *objects]
    told = subprocess.run(floor, capture_output=True, text=True, check=True).stdout.split()
    size, lines = int(told[0]), int(told[2])
    commands = {name: scan(compiled(name, rules), folder) for name, rules in RULES.items()}
    commands["floor"] = floor
    runs = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            runs[name].append(m.run(command))
    best = {name: m.best(list_) for name, list_ in runs.items()}
    results = {name: {"cpu_s": round(run.cpu_s, 4), "mb_per_cpu_s": round(size / 1e6 / run.cpu_s, 1),
                      "lines_per_cpu_s": round(lines / run.cpu_s),
                      "of_floor": round(best["floor"].cpu_s / run.cpu_s, 2),
                      "peak_mib": round(m.peak_bytes(commands[name]) / 2**20, 1), "exit": run.status}
               for name, run in best.items()}
    print(f"{len(objects)} objects, {size / 1e6:.1f} MB inflated, {lines} lines; best of {RUNS} runs")
    m.table(["rules", "MB/CPU s", "lines/CPU s", "of floor", "peak MiB"],
            [[name, r["mb_per_cpu_s"], r["lines_per_cpu_s"], r["of_floor"], r["peak_mib"]]
             for name, r in results.items()])
    m.write("flowlogs", {"machine": m.machine(), "objects": len(objects), "bytes": size,
                         "lines": lines, "runs": RUNS, "results": results})
    failed = [name for name, r in results.items() if r["exit"] not in (0, 1)]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
