#!/usr/bin/env python3
"""What the state of windows costs in DynamoDB, with the shipped rules.

    scripts/bench state_cost

`bootstrap` gets log objects one by one from a Runtime API on loopback and keeps its windows in
Amazon's DynamoDB Local; a proxy between them asks for ReturnConsumedCapacity and adds up what it
says. Accounts:
    quiet      made here: 20 users with permanent keys list and describe for two days, 100 calls an
               object
    intruder   the SANS 504 corpus (4.8 days of a small account, with an intruder in it), moved in
               time so that it ends an hour ago; skipped where the corpus is not there
    flood      made here: one identity is refused 100,000 times in half an hour, 1,000 an object
Writes whose condition did not hold cost as much as others but are not told by DynamoDB Local; they
are counted.
"""
import datetime
import gzip
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import _measure as m

sys.path.insert(0, str(m.ROOT / "tests" / "e2e"))
from support import dynamodb_local, function, payloads, trail  # noqa: E402
from support.counting_proxy import CountingProxy, forward, name_of  # noqa: E402
from support.fake_aws import FakeAws  # noqa: E402
from support.runtime_api import RuntimeApi  # noqa: E402

CORPUS = m.SHARED / "corpus" / "sans504" / "AWSLogs"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
END = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - (
    datetime.timedelta(hours=1))
WRITES = {"UpdateItem", "PutItem"}


def text_time(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Meter(CountingProxy):
    """Asks DynamoDB for the units of each call."""

    def __init__(self, *urls):
        super().__init__(*urls)
        self.clear()

    def clear(self):
        self.units = {"read": 0.0, "write": 0.0}
        self.requests = self.refused = 0

    def send(self, method, path, headers, body):
        if "x-amz-target" not in headers:
            return super().send(method, path, headers, body)
        asked = body[:-1] + b',"ReturnConsumedCapacity":"TOTAL"}'
        answer = super().send(method, path, headers, asked)
        used = json.loads(answer[2]).get("ConsumedCapacity", {}).get("CapacityUnits", 0)
        with self._lock:
            self.requests += 1
            self.refused += answer[0] != 200
            kind = "write" if name_of(method, headers, body) in WRITES else "read"
            self.units[kind] += used
        return answer


def record(name, source, user, at, number, **more):
    made = trail.record("DescribeInstances", number, user, eventTime=text_time(at), eventName=name,
                        eventSource=f"{source}.amazonaws.com", **more)
    return made


def described(call, worker, at, number):
    """A user's reading call, with a key and from an address of its own."""
    made = record(*call, f"worker{worker}", at, number, readOnly=True,
                  sourceIPAddress=f"198.51.100.{worker + 1}")
    made["userIdentity"]["accessKeyId"] = f"AKIAIOSFODNN7EXAM{worker:03}"
    return made


def quiet():
    """60 objects of 100 records."""
    chance = random.Random(1)
    calls = [("DescribeInstances", "ec2"), ("DescribeVolumes", "ec2"), ("ListBuckets", "s3"),
             ("GetMetricData", "monitoring"), ("DescribeTable", "dynamodb"),
             ("DescribeAlarms", "monitoring"), ("ListFunctions20150331", "lambda"),
             ("GetParameter", "ssm"), ("DescribeLogStreams", "logs")]
    for o in range(60):
        at = END - datetime.timedelta(days=2) + datetime.timedelta(seconds=2880 * o)
        yield [described(chance.choice(calls), chance.randrange(20),
                         at + datetime.timedelta(seconds=5 * i), 100 * o + i) for i in range(100)]


def flood():
    """100 objects of 1,000 refusals of one identity."""
    names = [verb + noun for verb in ("Get", "List", "Describe", "Create")
             for noun in ("User", "Role", "Policy", "Group", "AccessKey", "LoginProfile")]
    for o in range(100):
        at = END - datetime.timedelta(minutes=30) + datetime.timedelta(seconds=18 * o)
        yield [record(names[i % len(names)], "iam", "mallory",
                      at + datetime.timedelta(milliseconds=18 * i), 1000 * o + i,
                      errorCode="AccessDenied", errorMessage="no") for i in range(1000)]


TIME = re.compile(rb'"eventTime": ?"([0-9T:-]+Z)"')


def intruder():
    """The corpus in the order of its delivery, moved by whole seconds."""
    logs = sorted(CORPUS.rglob("*.json.gz"), key=lambda p: p.name.split("_")[3])
    texts = [gzip.decompress(p.read_bytes()) for p in logs]
    newest = max(t for text in texts for t in TIME.findall(text))
    shift = END - datetime.datetime.fromisoformat(newest.decode())

    def moved(match):
        at = datetime.datetime.fromisoformat(match[1].decode()) + shift
        return b'"eventTime":"%s"' % text_time(at).encode()

    for text in texts:
        yield json.loads(TIME.sub(moved, text)).get("Records", [])


def measure(name, objects, dynamodb, folder):
    aws, api = FakeAws(), RuntimeApi()
    meter = Meter(aws.url, dynamodb.url)
    table = dynamodb.make_table()
    root = function.lay_out(folder / name, m.ROOT / "rules")
    running = function.Function(root, function.environment(
        root, api.address, dynamodb_local.CREDENTIALS, AWS_ENDPOINT_URL=meter.url,
        TRAILWARDEN_TOPIC_ARN=TOPIC, TRAILWARDEN_TABLE=table), api)
    count = events = 0
    try:
        for count, records in enumerate(objects, 1):
            events += len(records)
            aws.objects[f"/logs/{count}"] = trail.packed(records)
            answer = running.invoke(payloads.sqs(payloads.s3(("logs", str(count))))).answer
            assert payloads.failures(answer) == [], running.lines[-5:]
    finally:
        running.close()
        for server in (api, meter, aws):
            server.close()
    items = dynamodb.items(table)
    return {"objects": count, "events": events, "messages": len(aws.published),
            "requests": meter.requests, "refused_writes": meter.refused,
            "write_units": meter.units["write"], "read_units": meter.units["read"],
            "items": len(items), "largest_item_bytes": max(map(item_bytes, items), default=0)}


def item_bytes(item):
    """The size of an item as DynamoDB counts: names and values; numbers take less than 21."""
    def value_bytes(kind, value):
        if kind == "BS":
            return sum(map(len, value))
        return 21 if kind == "N" else len(value)
    return sum(len(name) + value_bytes(*next(iter(value.items())))
               for name, value in item.items())


def per_million(result, what):
    return round(result[what] * 1e6 / result["events"])


def main():
    try:
        dynamodb_local.libraries()
    except (OSError, subprocess.SubprocessError) as e:
        print(f"DynamoDB Local could not be fetched, nothing is measured: {e}")
        return
    accounts = {"quiet": quiet, "intruder": intruder, "flood": flood}
    if not CORPUS.is_dir():
        print(f"{CORPUS} is not there: only made accounts are measured")
        del accounts["intruder"]
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        dynamodb = dynamodb_local.DynamoDbLocal(Path(temporary) / "log")
        try:
            for name, objects in accounts.items():
                results[name] = measure(name, objects(), dynamodb, Path(temporary))
        finally:
            dynamodb.close()
    print("per million events:")
    m.table(["account", "objects", "events", "write units", "read units", "requests", "messages",
             "largest item, B"],
            [[name, r["objects"], r["events"], per_million(r, "write_units"),
              per_million(r, "read_units"), per_million(r, "requests"), r["messages"],
              r["largest_item_bytes"]] for name, r in results.items()])
    m.write("state_cost", {"machine": m.machine(), "accounts": results})


if __name__ == "__main__":
    main()
