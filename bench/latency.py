#!/usr/bin/env python3
"""How long our own part takes, from the notification to SNS.

    scripts/bench latency

`bootstrap` with the shipped rules waits at a Runtime API on loopback. It is given the notification
of an object in which the last of so many records stops the trail; the clock runs until a server that
stands for S3 and SNS has got the alert. Each time somebody else does it, so that each is a new alert.
Without a table, and with one in Amazon's DynamoDB Local, where alerts are claimed first. Cold: the
process has to start as well. What the servers take, which are written in Python and Java, is in it;
what the network takes between Lambda and the services is not. CPU is the function's own, of one
invocation; a busy machine lengthens the rest more than that.
"""
import sys
import tempfile
import time
from pathlib import Path

import _measure as m

sys.path.insert(0, str(m.ROOT / "tests" / "e2e"))
from support import dynamodb_local, fake_aws, function, payloads, trail  # noqa: E402
from support.processes import wait_until  # noqa: E402
from support.runtime_api import RuntimeApi  # noqa: E402

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
BUCKET, KEY = "logs", "AWSLogs/111122223333/CloudTrail/eu-west-1/x/{}.json.gz"
fake_aws.PIECE = 1 << 16  # objects arrive as fast as they can
KEYS = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "bench", "SessionToken": "bench"}
SIZES = [(1, 200), (100, 100), (1000, 50), (10000, 20)]  # records of an object, objects
COLD = (100, 20)


class Stamped(list):
    """Notes when each was added."""

    def __init__(self):
        super().__init__()
        self.at = []

    def append(self, item):
        self.at.append(time.perf_counter())
        super().append(item)


class Stage:
    def __init__(self, folder, table):
        self.folder, self.table = Path(folder), table
        self.aws, self.api, self.starts, self.made = fake_aws.FakeAws(), None, 0, 0
        self.aws.published = Stamped()
        self.running = None

    def object_of(self, records):
        """Of as many records; its name, and how many bytes it has as JSON and stored."""
        self.made += 1
        quiet = [trail.record("DescribeInstances", i, "alice") for i in range(records - 1)]
        made = [*quiet, trail.record("StopLogging", 3600, f"mallory{self.made}")]
        body = trail.packed(made)
        self.aws.put(BUCKET, KEY.format(self.made), body)
        return KEY.format(self.made), len(trail.text_of(made)), len(body)

    def start(self):
        self.stop()
        self.starts += 1
        self.api = RuntimeApi()
        settings = {"AWS_ENDPOINT_URL": self.aws.url, "TRAILWARDEN_TOPIC_ARN": TOPIC}
        if self.table:
            settings |= {"AWS_ENDPOINT_URL_DYNAMODB": self.table[0], "TRAILWARDEN_TABLE": self.table[1]}
        root = function.lay_out(self.folder / f"task{self.starts}", m.ROOT / "rules",
                                m.BIN / "bootstrap")
        begun = time.perf_counter()
        self.running = function.Function(
            root, function.environment(root, self.api.address, KEYS, **settings), self.api)
        return begun

    def stop(self):
        if self.running:
            self.running.close()
            self.api.close()
            self.running = None

    def deliver(self, key, begun=None):
        """Milliseconds from the notification (or begun) to its first alert at SNS."""
        self.aws.published.at.clear()
        begun = begun or time.perf_counter()
        answer = self.running.invoke(payloads.s3((BUCKET, key)))
        assert answer.ok, answer
        return 1000 * (self.aws.published.at[0] - begun)

    def cpu_ms(self):
        """Of the process so far: the first number of schedstat is nanoseconds on a processor."""
        stat = Path(f"/proc/{self.running.process.pid}/schedstat").read_text()
        return int(stat.split()[0]) / 1e6

    def warm(self, records, times):
        objects = [self.object_of(records) for _ in range(times + 1)]
        self.start()
        wait_until(lambda: self.api.waiting, 10, "bootstrap asks for work")
        self.deliver(objects[0][0])
        before = self.cpu_ms()
        took = [self.deliver(key) for key, _, _ in objects[1:]]
        return objects[0], took, (self.cpu_ms() - before) / times

    def cold(self, records, times):
        objects = [self.object_of(records) for _ in range(times)]
        took, cpu_ms = [], 0
        for key, _, _ in objects:
            took.append(self.deliver(key, self.start()))
            cpu_ms += self.cpu_ms()
        return objects[0], took, cpu_ms / times

    def close(self):
        self.stop()
        self.aws.close()


def row(what, state, records, measured):
    (_, text, stored), took, cpu_ms = measured
    took.sort()
    return {"what": what, "state": state, "records": records, "text_bytes": text,
            "stored_bytes": stored, "times": len(took), "cpu_ms": cpu_ms, "p50_ms": took[len(took) // 2],
            "p99_ms": took[min(len(took) - 1, int(0.99 * len(took)))]}


def measure(stage, state):
    for records, times in SIZES:
        yield row("warm", state, records, stage.warm(records, times))
    yield row("cold", state, COLD[0], stage.cold(*COLD))


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        dynamodb = dynamodb_local.DynamoDbLocal(Path(folder) / "dynamodb.log")
        try:
            for state, table in (("none", None), ("table", (dynamodb.url, dynamodb.make_table()))):
                here = Path(folder) / state
                here.mkdir()
                stage = Stage(here, table)
                try:
                    rows += measure(stage, state)
                finally:
                    stage.close()
        finally:
            dynamodb.close()
    m.table(["start", "state", "records", "KB as JSON", "KB stored", "CPU, ms", "p50, ms",
             "p99, ms"],
            [[r["what"], r["state"], f"{r['records']:,}", f"{r['text_bytes'] / 1e3:,.0f}",
              f"{r['stored_bytes'] / 1e3:,.1f}",
              *(f"{r[k]:.1f}" for k in ("cpu_ms", "p50_ms", "p99_ms"))]
             for r in rows])
    m.write("latency", {"machine": m.machine(), "rows": rows})


if __name__ == "__main__":
    main()
