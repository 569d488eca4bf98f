#!/usr/bin/env python3
"""What an object costs `bootstrap`: time, CPU, requests, and dollars by arithmetic.

    scripts/bench lambda

The Runtime API, S3 and DynamoDB are on loopback and answer at once; what Lambda makes one wait for
is not measured, but in the last row, where S3 begins to answer after FIRST_BYTE_S. The shipped rules,
compiled; records that nobody is told of, and one that is. An object is read again and again, as long as
SECONDS; each row is a process of its own.
"""
import json
import os
import random
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import _measure as m
from _loopback import Loopback, empty_table, published, reply
from coldstart import KEYS, TOPIC, bootstrap, compiled, function, in_front, payloads, trail

SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
MB = 1_000_000
FIRST_BYTE_S = 0.03
BATCH = 10
SIZES = {"5 KB": 5000, "500 KB": 500_000, "50 MB": 50 * MB}
# Dollars, as docs/cost.md has them: a GB-second on arm64, a million requests. A function has the
# share memory / 1,769 MB of a CPU, so that CPU time costs the same whatever the memory.
GB_SECOND, MILLION_REQUESTS = 13.33e-6, 0.20
WHOLE_CPU_GB = 1769 / 1024


def quiet(size):
    """Records of so many bytes of JSON; their ids are random UUIDs, as CloudTrail's are."""
    one = trail.record("DescribeInstances", user="alice", readOnly=True)
    n = max(1, size // (len(json.dumps(one)) + 2))
    ids = random.Random(1)
    return [dict(one, eventID=str(uuid.UUID(bytes=ids.randbytes(16), version=4)))
            for i in range(n)]


class Services:
    """Counts what it is asked for: notifications of so many objects, each of which S3 begins to send
    after first_byte_s; all else is answered at once."""

    def __init__(self, stored, batch, first_byte_s):
        self.requests = self.served = 0
        self.first_byte_s = first_byte_s
        self.object = reply(stored, content_type="binary/octet-stream", ETag='"1"')
        self.event = json.dumps(payloads.s3(
            *(("logs", f"AWSLogs/{i}.json.gz") for i in range(batch)))).encode()
        self.open = True
        self.first = threading.Event()
        self.api, self.aws = Loopback(self.runtime), Loopback(self.services)

    def runtime(self, request):
        if not request.path.endswith("/next"):
            assert request.path.endswith("/response"), request.body
            self.served += 1
            self.first.set()
            return reply(b'{"status":"OK"}', "202 Accepted")
        while not self.open:
            time.sleep(0.01)
        return reply(self.event, Lambda_Runtime_Aws_Request_Id=str(uuid.uuid4()),
                     Lambda_Runtime_Deadline_Ms=int(time.time() * 1000) + 60000,
                     Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:eu-west-1:1:function:f")

    def services(self, request):
        self.requests += 1
        if request.method == "GET":
            time.sleep(self.first_byte_s)
            return self.object
        if "x-amz-target" in request.headers:
            return empty_table(request)
        return published()

    def close(self):
        self.api.close()
        self.aws.close()


def cpu_s(pid):
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def measure(package, records, batch=1, first_byte_s=0):
    stored = trail.packed(records)
    services = Services(stored, batch, first_byte_s)
    env = function.environment(package, services.api.address, KEYS, TRAILWARDEN_TOPIC_ARN=TOPIC,
                               TRAILWARDEN_TABLE="windows", AWS_ENDPOINT_URL=services.aws.url,
                               AWS_LAMBDA_LOG_LEVEL="FATAL")
    running = function.Function(package, env, None)
    try:
        assert services.first.wait(60), running.lines
        pid, begin = running.process.pid, time.perf_counter()
        served, requests, cpu = services.served, services.requests, cpu_s(pid)
        while time.perf_counter() - begin < SECONDS or services.served == served:
            time.sleep(0.05)
        took, n = time.perf_counter() - begin, (services.served - served) * batch
        return {"batch": batch, "records": len(records), "bytes": len(trail.text_of(records)),
                "stored_bytes": len(stored), "objects_per_s": round(n / took, 1),
                "cpu_ms": round((cpu_s(pid) - cpu) / n * 1000, 3),
                "requests": round((services.requests - requests) / n, 1),
                "peak_mib": round(running.peak_bytes() / 2**20, 1)}
    finally:
        running.close()
        services.close()


def dollars(row):
    """Of a million such objects, were nothing waited for."""
    return row["cpu_ms"] / 1000 * WHOLE_CPU_GB * GB_SECOND * 1e6 + MILLION_REQUESTS / row["batch"]


def main():
    in_front()
    results = {}
    cases = {name: (quiet(size),) for name, size in SIZES.items()}
    small, medium = cases["5 KB"][0], cases["500 KB"][0]
    cases["5 KB, one alert"] = ([*small, trail.record("StopLogging")],)
    cases["500 KB, ten in a batch"] = (medium, BATCH)
    cases["500 KB, ten in a batch, S3 30 ms away"] = (medium, BATCH, FIRST_BYTE_S)
    with tempfile.TemporaryDirectory() as temporary:
        for i, (name, case) in enumerate(cases.items()):
            package = compiled(Path(temporary) / str(i), bootstrap(), m.ROOT / "rules")
            results[name] = measure(package, *case)
            results[name]["dollars_a_million"] = round(dollars(results[name]), 2)
    m.table(["object", "records", "stored, KB", "objects/s", "CPU ms", "requests", "peak MiB",
             "dollars a million"],
            [[name, r["records"], round(r["stored_bytes"] / 1000, 1), r["objects_per_s"],
              r["cpu_ms"], r["requests"], r["peak_mib"], r["dollars_a_million"]]
             for name, r in results.items()])
    m.write("lambda", {"machine": m.machine(), "objects": results})


if __name__ == "__main__":
    sys.exit(main())
