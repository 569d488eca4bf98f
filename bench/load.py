#!/usr/bin/env python3
"""Notifications by the thousand through what template.yaml describes.

    scripts/bench load                   # BENCH_OBJECTS=1000 for fewer than 10,000

Objects of simulated attacks, each among an ordinary day of an account of its own, are put into a
bucket; its notifications go by topic and queue to four processes of `bootstrap`, ten at a time, as
Lambda would hand them over (tests/e2e/support/load.py). Bucket, topics and queues are moto's, the
table is in Amazon's DynamoDB Local. Both run on this machine and take most of its time, so that the
throughput says what the test took; what is ours is the CPU time of the function.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import _measure as m

sys.path.insert(0, str(m.ROOT / "tests" / "e2e"))
from support import load  # noqa: E402
from support.dynamodb_local import DynamoDbLocal  # noqa: E402
from support.moto import Moto  # noqa: E402

OBJECTS = int(os.environ.get("BENCH_OBJECTS", "10000"))
SECONDS_AN_OBJECT = 1  # more than ever seen, on a busy machine; then it is given up


def play(folder):
    servers = []
    try:
        servers.append(Moto(folder / "moto.log"))
        servers.append(DynamoDbLocal(folder / "dynamodb.log"))
        return load.play(*servers, folder, OBJECTS, 60 + OBJECTS * SECONDS_AN_OBJECT)
    finally:
        for server in servers:
            server.close()


def at(part, values):
    """The value that so great a part of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def result(came_of):
    took = [seconds for seconds, _ in came_of.took]
    lost, invented = came_of.lost()
    return {
        "objects": came_of.objects, "seconds": round(came_of.seconds, 1),
        "objects_a_second": round(came_of.objects / came_of.seconds, 1),
        "invocations": len(took), "p50_ms": round(1000 * at(0.5, took)),
        "p99_ms": round(1000 * at(0.99, took)),
        "cpu_ms_an_object": round(1000 * came_of.cpu_s / came_of.objects, 1),
        "peak_mib": round(max(came_of.peaks) / (1 << 20), 1),
        "alerts": len(came_of.expected), "same_id_as_scan": came_of.same_ids(),
        "episodes_lost": len(lost), "episodes_invented": len(invented),
        "episodes_miscounted": len(came_of.miscounted()), "messages_repeated": came_of.repeated,
        "dead_letters": came_of.dead}


def main():
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = result(play(Path(folder)))
    except (OSError, subprocess.SubprocessError) as e:
        print(f"load: skipped: {e}")
        return
    m.table(["", "measured"], [[name.replace("_", " "), value] for name, value in found.items()])
    m.write("load", {"machine": m.machine(), **found})


if __name__ == "__main__":
    main()
