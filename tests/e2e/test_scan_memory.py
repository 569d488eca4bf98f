"""What `scan` remembers of the matches it told does not grow with their number, and stays exact."""
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.trail import record

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()
MIB = 1024 * 1024
PEAK_MAX = 24 * MIB  # docs/bench.md has what was measured
THREAD_MAX = 8 * MIB  # each further thread
RULES, EVENTS = 10, 40_000  # 400,000 matches: three times what is remembered in memory
RULE = """title: Stopped, {n}
id: 00000000-0000-4000-8000-0000000000{n:02}
status: test
description: Holds for each event.
logsource: {{product: aws, service: cloudtrail}}
detection:
    selection: {{eventName: StopLogging}}
    condition: selection
level: medium
"""
# A process of its own, whose only child's peak is that of the program: a child of pytest's begins
# with pytest's memory.
MEASURE = """import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024)
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A folder of rules, and one of two logs: the second is the first again."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "rules").mkdir()
    (folder / "logs").mkdir()
    for n in range(RULES):
        (folder / "rules" / f"{n}.yml").write_text(RULE.format(n=n))
    one = json.dumps(record("StopLogging", eventID="EVENT"))
    text = ",".join(one.replace("EVENT", f"00000000-0000-4000-8000-{i:012x}") for i in range(EVENTS))
    log = gzip.compress(b'{"Records":[' + text.encode() + b"]}", 1)
    for name in ("a", "b"):
        (folder / "logs" / f"{name}.json.gz").write_bytes(log)
    return folder


@pytest.mark.parametrize("threads", [1, 2])
def test_many_matches(threads, scene, tmp_path):
    if b"__asan_init" in BINARY.read_bytes():
        pytest.skip("AddressSanitizer's own memory would be measured")
    out = tmp_path / "matches.jsonl"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MEASURE, BINARY, "scan", "--emit", "matches", "--format",
         "jsonl", "--threads", str(threads), "-o", out, "-r", scene / "rules", scene / "logs"],
        capture_output=True, text=True, timeout=100, check=True)
    code, peak = map(int, done.stdout.split())
    assert code == 0, done.stderr
    with out.open("rb") as lines:
        told = sum(b'a.json.gz"' in line for line in lines)
    assert told == RULES * EVENTS
    with out.open("rb") as lines:
        assert sum(1 for _ in lines) == told, "the copies are told too"
    assert peak < PEAK_MAX + (threads - 1) * THREAD_MAX
