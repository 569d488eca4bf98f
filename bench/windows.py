#!/usr/bin/env python3
"""How many elements a second windows take: the pure evaluator, and the protocol over SQLite.

    scripts/bench windows         BENCH_RUNS=20 scripts/bench windows

First table (bench/windows_evaluator.c): each kind of window, ten minutes long, over quiet (100
elements in a day), dense (10,000 in a day) and flood (a million in an hour); elements a CPU second
of each step of engine/window.h: sorting, thinning, finding the spans. `kept` is what thinning
leaves.
Second table (bench/windows_sqlite.c): objects of 1, 10 and 100 events, a second apart, for one
event_count rule, of one key (an episode that never ends) or of 1,000 by turns (nothing holds), with
the state in a fresh SQLite file in the temporary folder (TMPDIR: its disk is measured too).
BENCH_RUNS runs each (default 5), the best counts.
"""
import os
import subprocess
import tempfile
from pathlib import Path

import _measure as m

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
PROGRAMS = m.BIN.parent / "bench"
KEYS = (1, 1000)
OBJECTS = {1: 2000, 10: 1000, 100: 500}  # events of an object -> objects


def output(program, *arguments):
    done = subprocess.run([PROGRAMS / program, *map(str, arguments)], capture_output=True,
                          text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def evaluator():
    return [{"kind": kind, "input": name, "elements": int(n), "kept": int(kept),
             "sort_per_cpu_s": int(sort), "thin_per_cpu_s": int(thin),
             "find_per_cpu_s": int(find)}
            for kind, name, n, kept, sort, thin, find in output("windows_evaluator")]


def sqlite_once(keys, each, objects):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        [[events, wall, cpu, alerts]] = output("windows_sqlite", path, keys, each, objects)
        return int(wall) / 1000, int(cpu) / 1e6, int(events), int(alerts), path.stat().st_size


def sqlite(keys, each, objects):
    runs = [sqlite_once(keys, each, objects) for _ in range(RUNS)]
    wall, cpu = min(r[0] for r in runs), min(r[1] for r in runs)
    _, _, events, alerts, size = runs[0]
    return {"keys": keys, "elements_an_object": each, "objects": objects, "alerts": alerts,
            "elements_per_s": round(events / wall), "elements_per_cpu_s": round(events / cpu),
            "ms_an_object": round(wall * 1000 / objects, 3), "file_bytes": size}


def millions(rate):
    return f"{rate / 1e6:.1f}"


def main():
    pure = evaluator()
    print("the evaluator, million elements a CPU second:")
    m.table(["window, input", "elements", "kept", "sort", "thin", "find"],
            [[f"{r['kind']}, {r['input']}", r["elements"], r["kept"],
              *(millions(r[f"{step}_per_cpu_s"]) for step in ("sort", "thin", "find"))]
             for r in pure])
    stored = [sqlite(keys, each, objects) for keys in KEYS for each, objects in OBJECTS.items()]
    print(f"\nthrough SQLite, best of {RUNS} runs:")
    m.table(["keys", "elements an object", "objects", "elements/s", "elements/CPU s",
             "ms an object", "file KiB"],
            [[r["keys"], r["elements_an_object"], r["objects"], r["elements_per_s"],
              r["elements_per_cpu_s"], r["ms_an_object"], r["file_bytes"] // 1024]
             for r in stored])
    m.write("windows", {"machine": m.machine(), "runs": RUNS, "evaluator": pure,
                        "sqlite": stored})


if __name__ == "__main__":
    main()
