"""trailwarden backfill: an archive through the queue to the function, as much as was asked, each
object once, whatever SQS refuses and whoever presses ^C; and what failed, redriven. Numbers in
brackets are the promises of docs/design.md that a test proves."""
import datetime
import json
import os
import signal
import subprocess
import uuid
from urllib.parse import unquote_plus

import pytest

from support import dynamodb_local, function, trail
from support.counting_proxy import CountingProxy, forward
from test_cli import BINARY, run
from test_flow import episode, objects, scanned

pytestmark = pytest.mark.timeout(600)

DAYS = [f"AWSLogs/{trail.ACCOUNT}/CloudTrail/{region}/2026/03/{day:02}/a.json.gz"
        for region in ("eu-west-1", "us-east-1") for day in (14, 15, 16, 17, 18)]
OTHERS = [f"AWSLogs/{trail.ACCOUNT}/CloudTrail-Digest/eu-west-1/2026/03/16/d.json.gz",
          f"AWSLogs/{trail.ACCOUNT}/notes it's+me=é.json"]


@pytest.fixture
def aws(stage):
    key = stage.moto.admin.get_credentials()
    return {"AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key,
            "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": stage.moto.url}


@pytest.fixture
def queue(stage):
    return stage.sqs.create_queue(QueueName=f"{stage.name}-logs")["QueueUrl"]


def backfill(stage, env, *arguments, prefix="AWSLogs/"):
    return run("backfill", *arguments, f"s3://{stage.bucket}/{prefix}", env=env)


def bodies(stage, queue):
    return [json.loads(m["Body"]) for m in stage.drain(queue)]


def keys(found):
    """The keys that notifications name, decoded as the function does."""
    return sorted(unquote_plus(r["s3"]["object"]["key"]) for b in found for r in b["Records"])


# ---- which objects ----

@pytest.fixture
def archive(stage):
    for key in DAYS + OTHERS:
        stage.put(key, b"x")
    stage.put("AWSLogs/", b"")
    return stage


@pytest.mark.parametrize("arguments, wanted", [
    ([], DAYS + OTHERS[1:]),
    (["--from", "2026-03-16"], [k for k in DAYS if k[-12:-10] >= "16"] + OTHERS[1:]),
    (["--to", "2026-03-15"], [k for k in DAYS if k[-12:-10] <= "15"] + OTHERS[1:]),
    (["--to", "2026-03-15T18:00:00Z"], [k for k in DAYS if k[-12:-10] <= "16"] + OTHERS[1:]),
    (["--from", "2026-03-15", "--to", "2026-03-16T12:00:00Z"],
     [k for k in DAYS if k[-12:-10] in ("15", "16")] + OTHERS[1:]),
    (["--after", DAYS[7]], DAYS[8:] + OTHERS[1:]),
], ids=lambda x: " ".join(x)[:40] or "all")
def test_what_is_put_on_the_queue(archive, aws, queue, arguments, wanted):
    dry = backfill(archive, aws, "--dry-run", *arguments)
    assert (dry.returncode, bodies(archive, queue)) == (0, []), dry.stderr
    assert sorted(dry.stdout.decode().splitlines()) == sorted(
        f"s3://{archive.bucket}/{k}" for k in wanted)
    real = backfill(archive, aws, "--queue", queue, *arguments)
    assert (real.returncode, real.stdout) == (0, b""), real.stderr
    assert f"{len(wanted)} objects, {len(wanted)} bytes put on the queue".encode() in real.stderr
    assert keys(bodies(archive, queue)) == sorted(wanted)


def test_learning_is_marked(archive, aws, queue):
    assert backfill(archive, aws, "--queue", queue, "--learn").returncode == 0
    assert all(b["Records"][0]["trailwarden"] == {"learn": True} for b in bodies(archive, queue))


@pytest.mark.parametrize("arguments, told", [
    ([], "needs one place"), (["s3://b/x", "s3://c/x"], "needs one place"),
    (["s3://b/x"], "needs the function's queue"),
    (["--queue", "trailwarden", "s3://b/x"], "the queue's URL is not of the form"),
    (["--queue", "https://sqs.eu-west-1.amazonaws.com/111122223333/a.fifo", "s3://b/x"], "FIFO"),
    (["--dry-run", "b/x"], "not of the form s3://bucket/prefix"),
    (["--dry-run", "--from", "2026-03-17", "--to", "2026-03-16", "s3://b/x"], "later than --to"),
], ids=lambda x: " ".join(x)[-40:] or "nothing")
def test_wrong_usage(arguments, told):
    done = run("backfill", *arguments)
    assert done.returncode == 2 and told in done.stderr.decode()


# ---- faults ----

class Sqs(CountingProxy):
    """In front of moto: at the first batch half is refused; at batch `stop_at`, ^C."""

    def __init__(self, url, refuse=False, stop_at=None):
        super().__init__(url, url)
        self.refuse, self.stop_at, self.pid = refuse, stop_at, None

    def send(self, method, path, headers, body):
        target = headers.get("x-amz-target", "")
        if target.endswith("SendMessageBatch"):
            if self.calls.count("SendMessageBatch") == self.stop_at:
                os.kill(self.pid, signal.SIGINT)
            if self.refuse and self.calls.count("SendMessageBatch") == 1:
                return self.halve(json.loads(body))
        return forward(self._aws, method, path, headers, body)

    def halve(self, asked):
        answer = {"Successful": [], "Failed": []}
        for i, entry in enumerate(asked["Entries"]):
            if i % 2:
                answer["Failed"].append({"Id": entry["Id"], "SenderFault": False,
                                         "Code": "InternalError", "Message": "later"})
            else:
                self.queue.send_message(QueueUrl=asked["QueueUrl"],
                                        MessageBody=entry["MessageBody"])
                answer["Successful"].append({"Id": entry["Id"], "MessageId": "m"})
        return 200, [("Content-Type", "application/x-amz-json-1.0")], json.dumps(answer).encode()


@pytest.fixture
def proxy(stage):
    made = []

    def make(**how):
        made.append(Sqs(stage.moto.url, **how))
        made[-1].queue = stage.sqs
        return made[-1]

    yield make
    for p in made:
        p.close()


def test_what_sqs_refuses_is_sent_again(archive, aws, queue, proxy):
    """[P2] and each object is on the queue once."""
    between = proxy(refuse=True)
    done = backfill(archive, {**aws, "AWS_ENDPOINT_URL_SQS": between.url}, "--queue", queue)
    assert done.returncode == 0, done.stderr
    assert keys(bodies(archive, queue)) == sorted(DAYS + OTHERS[1:])
    assert between.calls.count("SendMessageBatch") == 3


def test_interrupted_it_says_how_to_go_on(stage, aws, queue, proxy):
    """[P2] what is on the queue and what the rest brings is all there is."""
    wanted = [f"AWSLogs/it's {n:03}.json.gz" for n in range(45)]
    for key in wanted:
        stage.put(key, b"x")
    between = proxy(stop_at=2)
    command = [BINARY, "backfill", "--queue", queue, "--learn", f"s3://{stage.bucket}/AWSLogs/"]
    with subprocess.Popen(command, stderr=subprocess.PIPE,
                          env={**aws, "AWS_ENDPOINT_URL_SQS": between.url}) as process:
        between.pid = process.pid
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130, said
    at_first = keys(bodies(stage, queue))
    assert at_first == wanted[:len(at_first)] and 10 <= len(at_first) < 45
    assert f"{len(at_first)} objects" in said
    rest = said.splitlines()[-1].strip()
    assert rest.startswith("trailwarden backfill ") and "--learn" in rest
    shell = rest.replace("trailwarden", str(BINARY), 1)
    done = subprocess.run(["sh", "-c", shell], env=aws, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert at_first + keys(bodies(stage, queue)) == wanted


def test_a_queue_that_is_not_there(archive, aws, queue):
    done = backfill(archive, aws, "--queue", queue + "x")
    assert done.returncode == 4
    assert b"SendMessageBatch" in done.stderr and b"the rest:" in done.stderr


# ---- through the function ----

class Pump:
    """What Lambda does between queue and function, one batch after the other."""

    def __init__(self, stage, start, queue, table, **settings):
        stage.iam.put_role_policy(
            RoleName=stage.name, PolicyName="table", PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}))
        self.stage, self.queue = stage, queue
        self.function = start(rules=function.ROOT / "rules", TRAILWARDEN_TABLE=table, **settings)

    def batch(self):
        return self.stage.sqs.receive_message(QueueUrl=self.queue, AttributeNames=["All"],
                                              MaxNumberOfMessages=10).get("Messages", [])

    def run(self):
        """Until the queue is empty; how many messages failed, and all that was learned."""
        failures, learned = 0, 0
        while messages := self.batch():
            invocation = self.function.invoke({"Records": [
                {"messageId": m["MessageId"], "body": m["Body"], "attributes": m["Attributes"],
                 "eventSource": "aws:sqs"} for m in messages]}, 60)
            assert invocation.ok, invocation.answer
            failed = {f["itemIdentifier"] for f in invocation.answer["batchItemFailures"]}
            failures += len(failed)
            learned += self.function.logs(invocation)[-1]["learned"]
            for m in messages:
                if m["MessageId"] not in failed:
                    self.stage.sqs.delete_message(QueueUrl=self.queue,
                                                  ReceiptHandle=m["ReceiptHandle"])
        return failures, learned

    def told(self):
        return [json.loads(m["Body"]) for m in self.stage.drain(self.stage.raw)]


@pytest.fixture
def table(moto):
    return dynamodb_local.make_table(moto.client("dynamodb"))


@pytest.fixture
def demo(stage, tmp_path):
    """The sample logs as an archive of yesterday's; what a scan of them tells."""
    logs = objects()
    for key, body in logs.items():
        path = tmp_path / "logs" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        stage.put(key, body)
    return [a for a in scanned(tmp_path / "logs") if a["type"] == "alert"]


def ids(alerts):
    """{(episode, id)} of those that no later one has joined."""
    joined = {i for a in alerts for i in a.get("joined", [])}
    return {(episode(a), a["id"]) for a in alerts if a["id"] not in joined}


def test_an_archive_tells_what_a_scan_tells(stage, start, aws, queue, table, demo):
    """[P1] The same episodes, as many ids for each, and, a part once more, nothing [P3]. An
    episode that was told before its first event came keeps the id it got; all others have the
    scan's."""
    pump = Pump(stage, start, queue, table)
    assert backfill(stage, aws, "--queue", queue).returncode == 0
    assert pump.run() == (0, 0)
    told = [a for a in pump.told() if a["type"] == "alert"]
    assert len(demo) > 10
    assert sorted(e for e, _ in ids(told)) == sorted(e for e, _ in ids(demo))
    began = {(episode(a), a["first"]): a["id"] for a in demo}
    whole = [a for a in told if a["updates"] == 0 and (episode(a), a["first"]) in began]
    assert all(began[episode(a), a["first"]] == a["id"] for a in whole)
    assert len(whole) > len(demo) / 2
    again = f"AWSLogs/{trail.ACCOUNT}/CloudTrail/us-west-2/"
    assert backfill(stage, aws, "--queue", queue, prefix=again).returncode == 0
    assert pump.run() == (0, 0) and pump.told() == []


def test_learned_from_it_tells_nothing_old(stage, start, aws, queue, table):
    """What began more than a day ago, however old, is not told; what is fresh is."""
    old = [trail.record("StopLogging", 0, f"u{n}", eventTime=f"2026-0{n}-11T10:00:00Z")
           for n in (1, 2, 3)]
    fresh = trail.record("StopLogging", 10 * 3600 - 1, "now", eventTime=hour_ago())
    for n, r in enumerate(old + [fresh]):
        stage.put(f"AWSLogs/{n}.json.gz", trail.packed([r]))
    pump = Pump(stage, start, queue, table)
    assert backfill(stage, aws, "--queue", queue, "--learn").returncode == 0
    assert pump.run() == (0, 4)
    alerts = [a for a in pump.told() if a["type"] == "alert"]
    assert {e for a in alerts for e in a["events"]} == {fresh["eventID"]}


def hour_ago():
    return (datetime.datetime.now(datetime.timezone.utc)
            - datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_failed_is_redriven(stage, start, aws, table, tmp_path):
    """[P2] Nobody could be told: the messages are given up, moved back as SQS moves them (the same
    body in a new message), and tell the same alerts under the ids that a scan gives them."""
    logs = {f"AWSLogs/{n}.json.gz": trail.packed([trail.record("StopLogging", n, f"u{n}")])
            for n in range(3)}
    for key, body in logs.items():
        stage.put(key, body)
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / os.path.basename(key)).write_bytes(body)
    dead = stage.sqs.create_queue(QueueName=f"{stage.name}-dead")["QueueUrl"]
    arn = stage.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    queue = stage.sqs.create_queue(QueueName=f"{stage.name}-main", Attributes={
        "VisibilityTimeout": "0", "RedrivePolicy": json.dumps({
            "deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 2})})["QueueUrl"]
    assert backfill(stage, aws, "--queue", queue).returncode == 0
    pump = Pump(stage, start, queue, table, TRAILWARDEN_TOPIC_ARN=stage.topic + uuid.uuid4().hex)
    failures, _ = pump.run()
    assert failures >= 3 and pump.told() == []
    given_up = stage.drain(dead)
    assert len(given_up) == 3
    for message in given_up:
        stage.sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
    pump = Pump(stage, start, queue, table)
    pump.run()  # in the lease of those who failed just now, a new message has to come twice
    assert stage.drain(dead) == []
    told = [a for a in pump.told() if a["type"] == "alert"]
    assert ids(told) == ids([a for a in scanned(tmp_path / "logs") if a["type"] == "alert"])
    assert len(told) >= 3
