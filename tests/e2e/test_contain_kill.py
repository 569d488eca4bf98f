"""kill -9 of bootstrap at every call to IAM of a containment in turn, then redelivery: whoever was to
be contained is, by steps that are on record once each, and release gives back what was there."""
import json
import time
import uuid

import pytest

from support import dynamodb_local, payloads, trail
from support.counting_proxy import CountingProxy
from support.moto import MOTO_ACCOUNT, REGION
from test_cli import run
from test_contain_lambda import AUTO, DENY_ALL, Scene, cloud, stage
from test_contain_rails import ANY, RULE

__all__ = ["cloud", "stage"]  # fixtures

pytestmark = pytest.mark.timeout(300)

WRITES = {"AttachUserPolicy", "UpdateAccessKey"}
READS = {"GetUser", "ListAttachedUserPolicies", "ListUserPolicies", "ListAccessKeys",
         "GetLoginProfile"}
# Of an invocation; what a process held when it died is free 5 s after that (handlers/handle.c).
DEADLINE_S, LEASE_S = 5, 5 + 5


class Victim:
    """A user with a key, a table of his own, and an object in which his key stops a trail."""

    def __init__(self, scene, proxy, rules):
        self.scene, self.proxy, self.rules = scene, proxy, rules
        self.user = scene.make_user("mallory")
        self.table = dynamodb_local.make_table(scene.dynamodb)
        self.key = (f"AWSLogs/{MOTO_ACCOUNT}/CloudTrail/eu-west-1/2026/03/17/"
                    f"{uuid.uuid4().hex}.json.gz")
        scene.stage.put(self.key, trail.packed([self.user.record("StopLogging")]))
        self.calls, self.freed_at = [], 0

    def deliver(self, times, kill=None):
        """To a process of its own, which is killed at the call of that number."""
        self.scene.table = self.table
        function = self.scene.begin(rules=self.rules, AWS_ENDPOINT_URL=self.proxy.url)
        made = payloads.sqs(payloads.s3((self.scene.stage.bucket, self.key)))
        made["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(times)
        begun = len(self.proxy.calls)
        if kill:
            self.proxy.kill_at(function.process.pid, *kill)
            function.api.submit(made, DEADLINE_S)
            assert function.exit_code() == -9
        else:
            assert payloads.failures(function.invoke(made).answer) == [], function.lines[-5:]
        self.freed_at = time.time() + LEASE_S
        self.calls += self.proxy.calls[begun:]
        function.close()


@pytest.fixture
def proxy(cloud):
    server = CountingProxy(cloud.url, cloud.url)
    yield server
    server.close()


@pytest.fixture
def make(cloud, stage, start, tmp_path, proxy):
    scene = Scene(cloud, stage, start, tmp_path)
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "stopped.yml").write_text(RULE.replace(ANY, trail.STOPPED))
    assert trail.STOPPED in AUTO
    return lambda: Victim(scene, proxy, rules)


def check(victim, cloud, where):
    """Contained once and by the record's steps, and all of it can be taken back."""
    user, scene = victim.user, victim.scene
    key = cloud.admin.get_credentials()
    env = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": cloud.url, "TRAILWARDEN_TABLE": victim.table,
           "AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key}
    assert scene.attached(user.name) == [DENY_ALL] and scene.keys(user.name) == {"Inactive"}, where
    [record] = [json.loads(line) for line in run("contained", env=env).stdout.splitlines()]
    assert (record["principal"], record["state"]) == (user.arn, "contained"), where
    made = [s["verb"] for s in record["steps"] if s["state"] == "done"]
    assert made == ["attach", "keys-off"], (where, record["steps"])
    notices = {m["id"] for m in scene.told("containment") if m["principal"] == user.arn}
    assert len(notices) == 1, where
    released = run("release", "--yes", user.arn, env=env)
    assert released.returncode == 0, (where, released.stderr)
    assert scene.attached(user.name) == [] and scene.keys(user.name) == {"Active"}, where


def test_death_at_any_call_to_iam_is_made_up_for(make, cloud):
    first = make()
    first.deliver(1)
    check(first, cloud, "nobody died")
    calls = first.calls
    assert {c for c in calls if c in READS | WRITES} == READS | WRITES
    killed = []
    for number, call in enumerate(calls, 1):
        for made in (False, True) if call in WRITES else (False,) if call in READS else ():
            victim = make()
            victim.deliver(1, (number, made))
            assert victim.calls[-1] == call
            killed.append((victim, (number, call, made)))
    for victim, where in killed:
        time.sleep(max(0, victim.freed_at - time.time()))
        victim.deliver(2)
        # Each act once, and once more where it may have been made and was not noted yet.
        for act in WRITES:
            more = act in victim.calls[:where[0]]
            assert calls.count(act) <= victim.calls.count(act) <= calls.count(act) + more, where
        check(victim, cloud, where)
