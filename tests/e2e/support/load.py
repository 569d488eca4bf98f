"""Many notifications through the stack of support/deployed.py, and what came of them: for
tests/e2e/test_load.py, a few hundred, and bench/load.py, ten thousand."""
import datetime
import gzip
import json
import random
import subprocess
import threading
import time
from dataclasses import dataclass

from support import function
from support.deployed import Deployed, Worker, scanned

WORKERS = 4
SIMULATED_ACCOUNT = "111122223333"
SCENARIOS = ("scarleteel", "snapshot-exfiltration", "coin-mining", "rds-leak", "ses-abuse",
             "s3-ransomware", "user-b")
POLL_SECONDS = 0.5
WAITING_MAX = 500  # objects announced and not read: moto takes ever longer over a longer queue


def simulate(folder, objects):
    """{key: bytes} of at least so many objects: attacks of `trailwarden simulate`, one after the
    other, each among an ordinary day of an account of its own. They lie in the folder, too."""
    made = {}
    folder.mkdir()
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    while len(made) < objects:
        seed = len(made) + 1
        account = f"{900000000000 + seed}"
        out = folder / f"seed{seed}"
        subprocess.run([function.build_dir() / "bin" / "trailwarden", "simulate",
                        SCENARIOS[seed % len(SCENARIOS)], "--out", out, "--seed", str(seed), "--rules",
                        function.ROOT / "rules", "--start", yesterday.strftime("%Y-%m-%dT%H:00:00Z")],
                       check=True, capture_output=True)
        for path in sorted(out.rglob("*.json.gz")):
            text = gzip.decompress(path.read_bytes()).decode().replace(SIMULATED_ACCOUNT, account)
            key = str(path.relative_to(out)).replace(SIMULATED_ACCOUNT, account)
            made[key] = gzip.compress(text.encode(), mtime=0)
            path.write_bytes(made[key])
    return made


@dataclass
class Outcome:
    """What a run gave. Seconds of invocations and bytes are lists, one an invocation or a process."""
    objects: int
    seconds: float  # from the first object until the queue was empty
    took: list  # (seconds, messages)
    peaks: list
    cpu_s: float
    alerts: list  # of the alert topic
    expected: list  # of a scan over the same objects
    dead: int
    repeated: int  # messages that came again, as themselves

    def lost(self):
        """Episodes that a scan tells and the topic did not, and those the other way round."""
        told, wanted = ({episode(a) for a in x} for x in (self.alerts, self.expected))
        return wanted - told, told - wanted

    def miscounted(self):
        """Episodes told under more or fewer ids than a scan gives them; those that an event which
        came late has joined count as one."""
        joined = {i for a in self.alerts for i in a.get("joined", [])}
        told = ids(a for a in self.alerts if a["id"] not in joined)
        return {e for e, n in ids(self.expected).items() if told.get(e) != n}

    def same_ids(self):
        return len({a["id"] for a in self.alerts} & {a["id"] for a in self.expected})


def episode(alert):
    return alert["rule"]["id"], tuple(sorted(alert["key"].items()))


def ids(alerts):
    """{episode: number of different ids}"""
    found = {}
    for a in alerts:
        found.setdefault(episode(a), set()).add(a["id"])
    return {e: len(i) for e, i in found.items()}


def drained(deployed, workers, deadline, but=0):
    """Waits until the queue is empty, but for so many; AssertionError when it is not in time."""
    while sum(deployed.left(deployed.queue)) > but and not any(w.failure for w in workers):
        assert time.monotonic() < deadline, f"left on the queue: {deployed.left(deployed.queue)}"
        time.sleep(POLL_SECONDS)


def put(deployed, logs, workers, deadline):
    """All objects, in no order, each announced by the bucket."""
    order = sorted(logs)
    random.Random(7).shuffle(order)
    for n, key in enumerate(order):
        deployed.s3.put_object(Bucket=deployed.bucket, Key=key, Body=logs[key])
        if n % WAITING_MAX == 0:
            drained(deployed, workers, deadline, WAITING_MAX)


def play(moto, dynamodb, folder, objects, within_s):
    """Puts at least so many objects while four processes work, until the queue is empty, within so
    many seconds."""
    # Nobody is killed: what is hidden need not come again soon.
    deployed = Deployed(moto, faster=6, dynamodb=dynamodb)
    logs = simulate(folder / "logs", objects)
    expected = [a for a in scanned(folder / "logs") if a["type"] == "alert"]
    stop = threading.Event()
    workers = [Worker(deployed, function.lay_out(folder / f"task{n}", function.ROOT / "rules"), stop)
               for n in range(WORKERS)]
    began = time.monotonic()
    for w in workers:
        w.start()
    try:
        put(deployed, logs, workers, began + within_s)
        drained(deployed, workers, began + within_s)
    finally:
        seconds = time.monotonic() - began
        stop.set()
        for w in workers:
            w.join()
    assert [w.failure for w in workers] == [None] * WORKERS
    assert [v for w in workers for v in w.violations] == []
    messages = [json.loads(m) for m in deployed.drain(deployed.inbox)]
    return Outcome(
        objects=len(logs), seconds=seconds, took=[t for w in workers for t in w.took],
        peaks=[w.peak_bytes for w in workers], cpu_s=sum(w.cpu_s for w in workers),
        alerts=[m for m in messages if m["type"] == "alert"], expected=expected,
        dead=sum(deployed.left(deployed.dead)),
        repeated=len(messages) - len({(m["id"], m["updates"]) for m in messages}))
