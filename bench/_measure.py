"""Shared by the benchmarks: what was measured on, and one measured run."""
import json
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("TRAILWARDEN_SHARED", ROOT / ".." / "shared")).resolve()
RESULTS = ROOT / "bench" / "results"
BIN = Path(os.environ.get("TRAILWARDEN_BUILD", ROOT / "build" / "gcc")) / "bin"


def _first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.splitlines()[0] if done.returncode == 0 and done.stdout else None


def _compiler():
    cache = BIN.parent / "CMakeCache.txt"
    names = [line.partition("=")[2] for line in cache.read_text().splitlines()
             if line.startswith("CMAKE_C_COMPILER:")] if cache.exists() else ["cc"]
    return _first_line(names[0], "--version")


def machine():
    """What numbers depend on besides the code."""
    cpuinfo = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((x.partition(": ")[2] for x in cpuinfo if x.startswith("model name")), "unknown")
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT).returncode != 0
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "architecture": platform.machine(), "compiler": _compiler(),
            "commit": _first_line("git", "rev-parse", "--short=12", "HEAD"),
            "uncommitted_changes": changed, "date": time.strftime("%Y-%m-%d", time.gmtime())}


@dataclass
class Run:
    cpu_s: float  # user and system, of the process and its children
    wall_s: float
    status: int


def _start(command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(command):
    """Runs a program to its end; its output is thrown away."""
    start = time.perf_counter()
    process = _start(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, process.returncode)


def best(runs):
    """The fastest, which other programs on the machine disturbed least."""
    return Run(min(r.cpu_s for r in runs), min(r.wall_s for r in runs),
               max(r.status for r in runs))


def peak_bytes(command):
    """The most memory that a run of the program held at once, seen every millisecond. (The figure
    that wait4 gives is no use: it begins with the memory of the process that forked.)"""
    process = _start(command)
    peak = 0
    while process.poll() is None:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) * 1024)
        time.sleep(0.001)
    return peak


def write(name, result):
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * w for w in widths], *rows]:
        print("  ".join(str(x).ljust(w) if i == 0 else str(x).rjust(w)
                        for i, (x, w) in enumerate(zip(row, widths))))
