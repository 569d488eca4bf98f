"""Incidents told by bootstrap: links and incidents lie in the table, whatever the objects' order,
copies and deaths of the process (promises P1 to P3)."""
import datetime
import json
import random
import subprocess

import pytest

from support import payloads, trail
from support.counting_proxy import CountingProxy
from support.function import ROOT, build_dir
from support.shifted import records_of, shifted

pytestmark = pytest.mark.timeout(600)

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
ROLE = "AROAEXAMPLEROLE12345"
ROLE_ARN = f"arn:aws:iam::{trail.ACCOUNT}:role/deploy"
SESSION_KEY = "ASIAIOSFODNN7SESSION"


def at(second):
    """A time of an hour ago, and so many seconds."""
    return (NOW - datetime.timedelta(hours=1) + datetime.timedelta(seconds=second)).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def record(name, second, user="mallory", **more):
    return trail.record(name, second, user, eventTime=at(second), **more)


def made_eve(second):
    return record("CreateUser", second, requestParameters={"userName": "eve"}, responseElements={
        "user": {"userId": "AIDAEVEXXXXXXXXXXXXX", "userName": "eve",
                 "arn": f"arn:aws:iam::{trail.ACCOUNT}:user/eve"}})


def assume_role(second, user="mallory"):
    return record("AssumeRole", second, user,
                  requestParameters={"roleArn": ROLE_ARN, "roleSessionName": "work"},
                  responseElements={
                      "credentials": {"accessKeyId": SESSION_KEY,
                                      "sessionToken": trail.RECORD_SECRET},
                      "assumedRoleUser": {
                          "assumedRoleId": f"{ROLE}:work",
                          "arn": f"arn:aws:sts::{trail.ACCOUNT}:assumed-role/deploy/work"}})


def in_session(name, second, began):
    """A call of the session that assume_role(began) issued."""
    return record(name, second, "session", userIdentity={
        "type": "AssumedRole", "principalId": f"{ROLE}:work", "accountId": trail.ACCOUNT,
        "arn": f"arn:aws:sts::{trail.ACCOUNT}:assumed-role/deploy/work", "accessKeyId": SESSION_KEY,
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": ROLE, "arn": ROLE_ARN,
                                             "accountId": trail.ACCOUNT, "userName": "deploy"},
                           "attributes": {"creationDate": at(began), "mfaAuthenticated": "false"}}})


def payload(stage, key, times_received=1):
    made = payloads.sqs(payloads.s3((stage.bucket, key)))
    made["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(times_received)
    return made


class World:
    """Objects in a bucket, a table of its own, and functions over both."""

    def __init__(self, stage, dynamodb, start):
        self.stage, self.dynamodb, self._start = stage, dynamodb, start
        self.table = dynamodb.make_table()
        self.told = []  # all incidents' messages in the order in which they came
        self._objects = 0

    def start(self, **settings):
        return self._start(AWS_ENDPOINT_URL_DYNAMODB=self.dynamodb.url,
                           TRAILWARDEN_TABLE=self.table, **settings)

    def put(self, *records):
        self._objects += 1
        key = f"AWSLogs/{self._objects}.json.gz"
        self.stage.put(key, trail.packed(list(records)))
        return key

    def deliver(self, function, key, times_received=1):
        """The incidents that this delivery told."""
        answer = function.invoke(payload(self.stage, key, times_received))
        assert payloads.failures(answer.answer) == [], function.lines[-5:]
        return self.collect()

    def collect(self):
        new = [(subject, body) for subject, body, attributes in self.stage.messages()
               if attributes["type"] == "incident"]
        new.sort(key=lambda m: m[1]["updates"])
        self.told += [body for _, body in new]
        return new


@pytest.fixture
def world(stage, dynamodb, start):
    return World(stage, dynamodb, start)


def names(incident):
    return {a["name"].rpartition("/")[2] for a in incident["actors"]}


def newest(told):
    """The last message of each incident that did not join another."""
    last = {}
    for body in told:
        if body["id"] not in last or last[body["id"]]["updates"] < body["updates"]:
            last[body["id"]] = body
    joined = {i for body in last.values() for i in body.get("joined", [])}
    return [body for i, body in last.items() if i not in joined]


def who(incident):
    return {(a["kind"], a["name"], a["began"], frozenset(k["key"] for k in a["keys"]))
            for a in incident["actors"]}


def what(incident):
    return {(s["rule"]["id"], s["id"]) for s in incident["signals"]}


def rules_of(incident):
    return {s["rule"]["id"] for s in incident["signals"]}


def tactics(incident):
    [values] = [i["values"] for i in incident["indicators"] if i["key"] == "ATTACK_TACTIC"]
    return set(values)


def scanned(folder, *options):
    done = subprocess.run([build_dir() / "bin" / "trailwarden", "scan", "--emit", "incidents",
                           "--format", "jsonl", *options, folder],
                          capture_output=True, text=True, timeout=120, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- what is told ----

def test_one_alert_is_an_incident(world):
    """The message: subject, JSON, attributes."""
    key = world.put(record("StopLogging", 0), record("DescribeInstances", 5))
    ((subject, told),) = world.deliver(world.start(), key)
    assert subject == f"[CRITICAL] Incident: mallory: Trail stopped - {trail.ACCOUNT}"
    assert told["type"] == "incident" and told["updates"] == 0 and "joined" not in told
    assert told["level"] == "critical" and told["title"] == "Trail stopped"
    assert names(told) == {"mallory"} and told["first"] == told["last"] == at(0)
    (signal,) = told["signals"]
    assert signal["rule"]["id"] == trail.STOPPED and signal["count"] == 1
    assert signal["apis"] == ["cloudtrail.amazonaws.com:StopLogging"]
    (endpoint,) = told["endpoints"]
    assert endpoint["ip"] == "198.51.100.77" and endpoint["user_agents"] == ["aws-cli/2.22.7"]
    assert "user mallory from 198.51.100.77: 1 alert" in told["summary"]


def test_attributes(world):
    function = world.start()
    assert payloads.failures(function.invoke(payload(world.stage, world.put(
        record("StopLogging", 0)))).answer) == []
    assert [a for _, _, a in world.stage.messages() if a["type"] == "incident"] == [
        {"type": "incident", "level": "critical", "account": trail.ACCOUNT, "region": trail.REGION}]


def test_without_a_table_there_are_none(stage, start):
    stage.put("AWSLogs/a.json.gz", trail.packed([record("StopLogging", 0)]))
    answer = start().invoke(payloads.s3((stage.bucket, "AWSLogs/a.json.gz")))
    assert answer.ok and answer.answer["incidents"] == 0
    assert [a["type"] for _, a, _ in stage.messages()] == ["alert"]


def test_what_happens_later_is_an_update(world):
    """A second alert of another tactic, by a user that the first made."""
    function = world.start()
    ((_, first),) = world.deliver(function, world.put(made_eve(0)))
    ((subject, second),) = world.deliver(function, world.put(record("StopLogging", 60, "eve")))
    assert (first["id"], 0) == (second["id"], first["updates"]) and second["updates"] == 1
    assert subject == f"[CRITICAL] Incident, update 1: mallory: Trail stopped - {trail.ACCOUNT}"
    assert names(second) == {"mallory", "eve"}
    assert [s["rule"]["id"] for s in second["signals"]] == [trail.CREATED, trail.STOPPED]
    assert ("created", "certain") in {(k["type"], k["strength"]) for k in second["links"]}


def test_a_late_link_joins_two_told_incidents(world):
    """The AssumeRole record comes after the alerts of its session: the older id stays, and an
    update says which joined it."""
    function = world.start()
    ((_, theirs),) = world.deliver(function, world.put(in_session("StopLogging", 100, 50)))
    ((_, his),) = world.deliver(function, world.put(made_eve(20)))
    assert theirs["id"] != his["id"]
    ((_, both),) = world.deliver(function, world.put(assume_role(50)))
    assert both["id"] == his["id"] and both["joined"] == [theirs["id"]] and both["updates"] == 1
    assert names(both) == {"mallory", "eve", "work"} and both["level"] == "critical"
    assert len(both["signals"]) == 2
    for key in range(1, 4):  # nothing is told twice
        assert world.deliver(function, f"AWSLogs/{key}.json.gz", 2) == []


@pytest.mark.parametrize("first", ["CreateSnapshot", "ModifySnapshotAttribute"])
def test_who_shared_a_snapshot_is_told_not_who_made_it(world, first):
    """An alert over two people: the delivery that completes it saw only one of them."""
    snapshots = shifted([r for r in records_of(ROOT / "samples")
                         if r["eventName"] in ("CreateSnapshot", "ModifySnapshotAttribute")])
    function = world.start(rules=ROOT / "rules")
    world.deliver(function, world.put(*[r for r in snapshots if r["eventName"] == first]))
    world.deliver(function, world.put(*[r for r in snapshots if r["eventName"] != first]))
    assert [names(told) for told in newest(world.told)] == [{"support-ro"}]


# ---- whatever order, copies and deaths ----

@pytest.mark.parametrize("seed", range(3))
def test_the_samples_in_random_objects_twice(world, tmp_path, seed):
    """The attack is one incident, whose last update names all whom a scan of all names. Alerts that
    bring no news behind it are in no message; and first_seen rules take back nothing when older
    events come."""
    chance = random.Random(seed)
    records = shifted(list(records_of(ROOT / "samples")))
    (tmp_path / "whole.json").write_text(json.dumps({"Records": records}), encoding="utf-8")
    [wanted] = [i for i in scanned(tmp_path / "whole.json") if "dana" in names(i)]
    chance.shuffle(records)
    size = chance.choice((20, 97, 150))
    keys = 2 * [world.put(*records[n:n + size]) for n in range(0, len(records), size)]
    chance.shuffle(keys)
    function = world.start(rules=ROOT / "rules")
    for key in keys:
        world.deliver(function, key)
    [told] = [i for i in newest(world.told) if names(i) & names(wanted)]
    assert who(told) == who(wanted)
    assert (told["level"], told["accounts"]) == (wanted["level"], wanted["accounts"])
    assert wanted["first"] <= told["first"] and told["last"] <= wanted["last"]
    assert tactics(told) >= tactics(wanted)
    assert len({(b["id"], b["updates"]) for b in world.told}) == len(world.told)


def test_the_intruder_of_sans504(world, shared, tmp_path):
    """The public log as bootstrap gets it, in twelve objects of random records: the intruder's
    incident names whom a scan of all names, by the same rules."""
    logs = shared / "corpus/sans504/AWSLogs"
    if not logs.is_dir():
        pytest.skip(f"{logs} is not there")
    records = shifted(list(records_of(logs)))
    (tmp_path / "whole.json").write_text(json.dumps({"Records": records}), encoding="utf-8")
    random.Random(504).shuffle(records)
    function = world.start(rules=ROOT / "rules")
    for n in range(12):
        world.deliver(function, world.put(*records[n::12]))
    told = [i for i in newest(world.told) if "jmerckle" in names(i)]
    wanted = [i for i in scanned(tmp_path / "whole.json") if "jmerckle" in names(i)]
    assert list(map(who, told)) == list(map(who, wanted)) and len(told) == 1
    assert rules_of(told[0]) == rules_of(wanted[0])


DEATHS = {
    "opens an incident": ([], [in_session("StopLogging", 100, 50)], {"work"}),
    "joins an incident to who made it": ([in_session("StopLogging", 100, 50)],
                                         [made_eve(20), assume_role(50)],
                                         {"mallory", "eve", "work"}),
}


@pytest.mark.parametrize("case", DEATHS)
def test_death_at_any_call_loses_and_renames_no_incident(stage, dynamodb, start, case):
    """kill -9 at every AWS call of a delivery, then redelivery: what is told at last is the same."""
    before, after, people = DEATHS[case]
    proxy = CountingProxy(stage.moto.url, dynamodb.url)
    stage.put("AWSLogs/before.json.gz", trail.packed(before))
    stage.put("AWSLogs/after.json.gz", trail.packed(after))

    def run(number=None, made=False):
        table = dynamodb.make_table()

        def begin():
            return start(AWS_ENDPOINT_URL=proxy.url, TRAILWARDEN_TABLE=table)

        function = begin()
        answer = function.invoke(payload(stage, "AWSLogs/before.json.gz"))
        assert payloads.failures(answer.answer) == []
        calls = len(proxy.calls)
        if number is not None:
            proxy.kill_at(function.process.pid, number, made)
            function.api.submit(payload(stage, "AWSLogs/after.json.gz"))
            assert function.exit_code() == -9
            function = begin()
        answer = function.invoke(payload(stage, "AWSLogs/after.json.gz",
                                         1 if number is None else 2))
        assert payloads.failures(answer.answer) == []
        function.close()
        told = [body for _, body, attributes in stage.messages()
                if attributes["type"] == "incident"]
        return told, proxy.calls[calls:]

    try:
        told, calls = run()
        [wanted] = newest(told)
        assert names(wanted) == people
        ids = {body["id"] for body in told}
        for number in range(1, len(calls) + 1):
            for made in (False, True):
                where = (number, calls[number - 1], made)
                again, _ = run(number, made)
                [last] = newest(again)
                assert last["id"] == wanted["id"], where
                assert {body["id"] for body in again} <= ids, where
                assert (who(last), what(last)) == (who(wanted), what(wanted)), where
    finally:
        proxy.close()
