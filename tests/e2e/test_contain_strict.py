"""Every strategy against the strict model of IAM (support/strict_iam.py) under every fault of its
writes: each ends contained, or not, with a reason, and on record either way; release gives back what
was there. What the two commands that a person confirms do under faults is in test_contain_cli.py."""
import copy
import json

import pytest

from support.strict_iam import OWN
from test_contain_cli import DENY_ALL, DONE, FAILED, strict

__all__ = ["strict"]  # fixture

pytestmark = pytest.mark.timeout(300)

UUID, INSTANCE = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "i-0a1b2c3d4e5f60718"
PROFILE = f"arn:aws:iam::{OWN}:instance-profile/machines"
FENCE = "containment:\n  fence:\n    cidrs: [192.0.2.0/24]\n"
# strategy and target -> of whom, and the call that does it
STRATEGIES = {
    "deny-all": ("user", "AttachUserPolicy"), "deny-all of a role": ("role", "AttachRolePolicy"),
    "deny-inline": ("user", "PutUserPolicy"), "deny-session": ("session", "PutRolePolicy"),
    "revoke-older": ("role", "PutRolePolicy"), "fence": ("user", "PutUserPolicy"),
    "boundary": ("user", "PutUserPermissionsBoundary"), "keys-off": ("user", "UpdateAccessKey"),
    "console-off": ("user", "DeleteLoginProfile"), "force-reset": ("user", "UpdateLoginProfile"),
    "tag": ("role", "TagRole"), "trust-cut": ("role", "UpdateAssumeRolePolicy"),
    f"entry-cut ec2:eu-west-1:{OWN}:instance/{INSTANCE}": ("role", "DisassociateIamInstanceProfile"),
    f"entry-cut rolesanywhere:eu-west-1:{OWN}:trust-anchor/{UUID}": ("role", "/disable"),
}
PASSING = {
    "nothing": [], "a throttle": [{"status": 400, "code": "Throttling"}] * 2,
    "no answer": [{"close": True}], "a server's fault": [{"status": 503}],
    "an answer that breaks off": [{"cut": 10}], "a clock that is off": [],
}
STAYING = {
    "no permission": [{"status": 403, "code": "AccessDenied"}],
    "a principal of AWS": [{"status": 400, "code": "UnmodifiableEntity"}],
    "a quota, and those of what it falls back to": [{"status": 409, "code": "LimitExceeded"}] * 3,
}


class Case:
    """One principal that has all that can be taken away."""

    def __init__(self, scene, what):
        self.scene, self.what = scene, what
        self.kind, self.call = STRATEGIES[what]
        self.strategy, _, target = what.partition(" ")
        self.target = ["--target", "arn:aws:" + target] if self.strategy == "entry-cut" else []
        aws = scene.aws
        aws.instances[INSTANCE] = ("iip-assoc-0a1b2c3d4e5f60718", PROFILE)
        aws.anchors[UUID] = True
        (scene.folder / "fence.yml").write_text(FENCE)

    def fresh(self, name):
        """Another principal; its ARN as an operator names it."""
        account = self.scene.account
        if self.kind == "user":
            self.who = self.scene.full_user(name, "/team/")
            return self.who.arn
        self.who = account.role(name)
        self.who.inline = {"own": '{"Statement":[]}'}
        return (self.who.arn if self.kind == "role"
                else f"arn:aws:sts::{OWN}:assumed-role/{name}/work")

    def image(self):
        aws = self.scene.aws
        return copy.deepcopy((vars(self.who), {i: p for i, (_, p) in aws.instances.items()},
                              aws.anchors))

    def same(self, before, lost):
        """Whether all is as it was, but for what is lost and the instance's association."""
        who, *others = self.image()
        return others == list(before[1:]) and all(
            who[part] == was for part, was in before[0].items() if part not in lost)

    def contain(self, arn, script=()):
        self.scene.aws.script = list(script)
        result = self.scene.run("contain", "--yes", "--config", self.scene.folder / "fence.yml",
                                "--strategy", self.strategy, *self.target, arn)
        self.scene.aws.script = []
        return result

    def release(self):
        return self.scene.run("release", "--yes", self.who.arn)

    def record(self):
        out = self.scene.run("contained", "--all", "--format", "record", self.who.arn).out
        return json.loads(out.splitlines()[-1])


@pytest.mark.parametrize("what", STRATEGIES)
def test_a_strategy_under_faults(strict, what):
    case = Case(strict, what)
    arn = case.fresh("probe")
    strict.aws.asked()
    assert case.contain(arn).returncode == DONE
    at = next(i for i, entry in enumerate(strict.aws.asked()) if case.call in str(entry))
    assert case.release().returncode == DONE
    for i, (fault, steps) in enumerate({**PASSING, **STAYING}.items()):
        case = Case(strict, what)
        arn = case.fresh(f"p{i}")
        before = case.image()
        strict.aws.clock_offset = 600 if fault == "a clock that is off" else 0
        result = case.contain(arn, [{}] * at + steps)
        record = case.record()
        where = (what, fault, result.out, result.err, record)
        if fault in PASSING:
            assert (result.returncode, record["state"]) == (DONE, "contained"), where
            assert case.image() != before, where
            assert case.release().returncode == DONE, where
            lost = {"password"} if what == "console-off" else set()
            assert case.same(before, lost), where
        else:
            assert (result.returncode, record["state"]) == (FAILED, "failed"), where
            assert case.image() == before, where
            [first, *others] = record["steps"]
            assert (first["state"], steps[0]["code"] in first["why"]) == ("failed", True), where
            assert all(s["state"] in ("failed", "skipped") for s in others), where


def test_what_was_half_done_is_finished(strict):
    """Denied, but with a key that is on: said so, and the next time only that is left to do."""
    user = strict.full_user("ann", "/team/")
    strict.aws.deny = {"UpdateAccessKey"}
    half = strict.run("contain", "--yes", user.arn)
    [record] = strict.records()
    assert (half.returncode, record["state"]) == (FAILED, "partly"), half.out
    assert DENY_ALL in user.attached and "Active" in user.keys.values()
    strict.aws.deny = set()
    assert strict.run("contain", "--yes", user.arn).returncode == DONE
    assert user.attached.count(DENY_ALL) == 1 and set(user.keys.values()) == {"Inactive"}
    [record] = strict.records()
    assert record["state"] == "contained"
    assert strict.run("release", "--yes", user.arn).returncode == DONE
    assert DENY_ALL not in user.attached and "Active" in user.keys.values()
