"""The whole way of an alert: what template.yaml describes is made in moto, bucket, topics, queues,
table and role, and a pump does what Lambda does between queue and function: batches of ten, four
processes at once, partial answers, visibility and redrive (support/deployed.py). The demo's attack
goes through it while processes are killed.
"""
import datetime
import gzip
import json
import random
import threading
import time

import pytest

from support import function
from support.deployed import Deployed, Worker, packed, scanned
from support.shifted import shifted

pytestmark = pytest.mark.timeout(600)

SAMPLES = function.ROOT / "samples"
POISON = "AWSLogs/111122223333/CloudTrail/eu-west-1/poison.json.gz"
WORKERS = 4
SECONDS = 240
MESSAGES_OF_A_DELIVERY = 20  # of ten objects of the demo, more than ever seen


def objects():
    """{key: bytes} of the sample logs, as if they were of yesterday; digests as they are."""
    named = {str(path.relative_to(SAMPLES)): path.read_bytes()
             for path in sorted(SAMPLES.rglob("*.json.gz"))}
    logs = {key: json.loads(gzip.decompress(body)).get("Records") for key, body in named.items()}
    moved = iter(shifted([r for records in logs.values() for r in records or []]))
    return {key: named[key] if records is None else packed([next(moved) for _ in records])
            for key, records in logs.items()}


class KilledWorker(Worker):
    """Its process is killed once in the middle of an invocation, of the first or the second, and
    begun anew. Four kills at most: a message is given up after five receipts."""

    def __init__(self, deployed, root, number, stop):
        super().__init__(deployed, root, stop)
        self.random = random.Random(number)
        self.kills, self.killed_at = 0, 1 + number // 2

    def begun(self, invocation):
        if self.invocations == self.killed_at:
            invocation.taken.wait(10)
            time.sleep(self.random.uniform(0.02, 0.4))
            self.function.process.kill()
            self.function.process.wait()
            self.kills += not invocation.done.is_set()


def episode(alert):
    return alert["rule"]["id"], tuple(sorted(alert["key"].items()))


def test_the_demo_attack_through_the_template(moto, tmp_path):
    deployed, logs = Deployed(moto), objects()
    for key, body in logs.items():
        (tmp_path / "logs" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs" / key).write_bytes(body)
    expected = [a for a in scanned(tmp_path / "logs") if a["type"] == "alert"]
    assert len(expected) > 10

    order = sorted(logs)
    random.Random(7).shuffle(order)
    for key in order:
        deployed.s3.put_object(Bucket=deployed.bucket, Key=key, Body=logs[key])
    deployed.s3.put_object(Bucket=deployed.bucket, Key=POISON, Body=packed([])[:9] + b"poison")

    stop = threading.Event()
    workers = [KilledWorker(deployed, function.lay_out(tmp_path / f"task{n}", function.ROOT / "rules"),
                      n, stop) for n in range(WORKERS)]
    for w in workers:
        w.start()
    end = datetime.datetime.now() + datetime.timedelta(seconds=SECONDS)
    while any(deployed.left(deployed.queue)) and not any(w.failure for w in workers):
        assert datetime.datetime.now() < end, deployed.left(deployed.queue)
        time.sleep(0.5)
    stop.set()
    for w in workers:
        w.join()
    assert [w.failure for w in workers] == [None] * WORKERS
    assert [v for w in workers for v in w.violations] == []
    assert sum(w.kills for w in workers) >= 2, "nobody was killed in the middle of anything"

    dead = deployed.drain(deployed.dead)
    assert len(dead) == 1 and "poison" in dead[0], dead
    messages = [json.loads(m) for m in deployed.drain(deployed.inbox)]
    told = [m for m in messages if m["type"] == "alert"]
    assert {episode(a) for a in told} == {episode(a) for a in expected}
    # One id an episode, but for those that an event which came late has joined.
    joined = {i for a in told for i in a.get("joined", [])}
    ids = {}
    for a in told:
        if a["id"] not in joined:
            ids.setdefault(episode(a), set()).add(a["id"])
    wanted = {}
    for a in expected:
        wanted.setdefault(episode(a), set()).add(a["id"])
    assert {e: len(i) for e, i in ids.items()} == {e: len(i) for e, i in wanted.items()}
    assert any(m["type"] == "incident" for m in messages)
    # Who dies between publishing and noting it leaves a message that comes again, as itself.
    once = {(m["id"], m["updates"]) for m in messages}
    same = len({a["id"] for a in told} & {a["id"] for a in expected})
    kills = sum(w.kills for w in workers)
    assert len(messages) - len(once) <= kills * MESSAGES_OF_A_DELIVERY
    print(f"{kills} killed, {len(messages)} messages of which {len(messages) - len(once)} came again;"
          f" {same} of {len(expected)} alerts have the id that a scan gives them")
