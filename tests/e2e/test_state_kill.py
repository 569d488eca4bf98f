"""kill -9 of bootstrap at every AWS call of an invocation in turn, then redelivery: no alert is lost
and none comes under a second id (promises P2 and P3)."""
import datetime
import shutil

import pytest

from support import payloads, trail
from support.counting_proxy import CountingProxy
from support.function import RULES

pytestmark = pytest.mark.timeout(600)

BEFORE, AFTER = "AWSLogs/before.json.gz", "AWSLogs/after.json.gz"
OFTEN = "5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b09"
OFTEN_RULE = f"""title: Trail stopped again and again
id: {OFTEN}
status: test
description: Ten times within ten minutes; the end-to-end tests look for it.
author: trailwarden
correlation:
  type: event_count
  rules: [{trail.STOPPED}]
  group-by: [userIdentity.arn]
  timespan: 10m
  condition: {{gte: 10}}
  generate: true
level: high
"""
FIRST_RULE = f"""title: Users made by someone new
id: 5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b0a
status: test
description: The first time that an identity makes a user; the end-to-end tests look for it.
author: trailwarden
correlation:
  type: first_seen
  rules: [{trail.CREATED}]
  group-by: [recipientAccountId]
  fields: [userIdentity.arn]
  history: 30d
  learn: 0d
  generate: true
level: high
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules") / "rules"
    shutil.copytree(RULES, folder)
    (folder / "often.yml").write_text(OFTEN_RULE)
    (folder / "first.yml").write_text(FIRST_RULE)
    return folder


@pytest.fixture
def proxy(moto, dynamodb):
    server = CountingProxy(moto.url, dynamodb.url)
    yield server
    server.close()


def recent(name, second, user, now):
    """A record of an hour ago: older than a fortnight, state would not be asked."""
    at = now - datetime.timedelta(hours=1) + datetime.timedelta(seconds=second)
    return trail.record(name, second, user, eventTime=at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def payload(stage, key, times_received):
    made = payloads.sqs(payloads.s3((stage.bucket, key)))
    made["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(times_received)
    return made


@pytest.fixture
def world(stage, dynamodb, proxy, rules, start):
    """run(n, made): two objects in a fresh table, the process of the second killed at its n-th call
    and the message delivered again to another process. All messages as (id, update)."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    stage.put(BEFORE, trail.packed([recent("StopLogging", s, "mallory", now) for s in range(9)]))
    stage.put(AFTER, trail.packed([recent("StopLogging", 20, "mallory", now),
                                   recent("CreateUser", 25, "bob", now)]))

    def begin(table):
        return start(rules=rules, AWS_ENDPOINT_URL=proxy.url, TRAILWARDEN_TABLE=table)

    def run(number=None, made=False):
        table = dynamodb.make_table()
        function = begin(table)
        assert payloads.failures(function.invoke(payload(stage, BEFORE, 1)).answer) == []
        calls = len(proxy.calls)
        if number is None:
            assert payloads.failures(function.invoke(payload(stage, AFTER, 1)).answer) == []
        else:
            proxy.kill_at(function.process.pid, number, made)
            function.api.submit(payload(stage, AFTER, 1))
            assert function.exit_code() == -9
            function = begin(table)
            assert payloads.failures(function.invoke(payload(stage, AFTER, 2)).answer) == []
        function.close()
        told = [alert for _, alert, _ in stage.messages() if alert["type"] == "alert"]
        return sorted((alert["id"], alert["updates"]) for alert in told), proxy.calls[calls:]

    return run


def test_death_at_any_call_loses_and_renames_nothing(world):
    told, calls = world()
    # Stopped, then ten times, which is an update; again and again; user created, by someone new.
    assert len(told) == len(set(told)) == 5 and [n for _, n in told].count(1) == 1
    assert {"GET", "GetItem", "UpdateItem", "Query", "PutItem", "Publish"} <= set(calls)
    repeated = 0
    for number in range(1, len(calls) + 1):
        for made in (False, True):
            again, _ = world(number, made)
            where = (number, calls[number - 1], made)
            assert set(again) == set(told), where
            # What was told but not noted is told once more, and nothing else is.
            assert len(again) - len(told) <= calls[:number].count("Publish"), where
            repeated += len(again) - len(told)
    assert repeated
