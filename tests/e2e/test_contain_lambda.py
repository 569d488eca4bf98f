"""Containment by bootstrap, against moto with IAM enforced and boto3 as the attacker: a leaked key is
used, CloudTrail's object of those calls arrives, and the next calls are refused.

The function's role is granted what it calls, on every resource: moto denies an Allow that names
IAM's resources, and does not know conditions. What the grants of deploy/ allow is proved by
tests/conformance. Keys that are inactive still work in moto: they are looked at, not tried."""
import datetime
import json
import time
import uuid

import botocore.exceptions
import pytest

from support import dynamodb_local, payloads, trail
from support.moto import MOTO_ACCOUNT, Moto, Stage

pytestmark = pytest.mark.timeout(300)

DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"
MEMBER = "444455556666"
POWER = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:*", "iam:*", "ec2:*", "dynamodb:*", "cloudtrail:*"],
     "Resource": "*"}]})
ALL = {"s3", "iam", "ec2", "dynamodb"}
CALLS = ["AttachUserPolicy", "AttachRolePolicy", "ListAccessKeys", "UpdateAccessKey", "GetUser",
         "GetRole", "GetLoginProfile", "ListAttachedUserPolicies", "ListAttachedRolePolicies",
         "ListUserPolicies", "ListRolePolicies", "GetAccessKeyLastUsed"]
AUTO = f"containment:\n  auto:\n    rules: ['{trail.STOPPED}']\n    level: high\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto") / "log", MOTO_IAM_LOAD_MANAGED_POLICIES="true")
    yield server
    server.close()


@pytest.fixture
def stage(cloud):
    return Stage(cloud)


def trust(**principal):
    """The administrator plays whoever assumes the role."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole",
         "Principal": {"AWS": f"arn:aws:iam::{MOTO_ACCOUNT}:user/admin", **principal}}]})


def now(seconds=0):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
            ).strftime("%Y-%m-%dT%H:%M:%SZ")


class Scene:
    """Somebody with a key that leaked, and the function that reads what he does with it."""

    def __init__(self, cloud, stage, start, folder):
        self.cloud, self.stage, self.start, self.folder = cloud, stage, start, folder
        self.iam = cloud.client("iam")
        self.dynamodb = cloud.client("dynamodb")
        self.table = dynamodb_local.make_table(self.dynamodb)
        self.function = None
        self.allow()

    def allow(self, *more):
        """The function's role: to read logs, to publish, its table, and containment."""
        actions = [f"iam:{name}" for name in CALLS] + [
            "s3:GetObject", "sns:Publish", "sts:AssumeRole", "dynamodb:UpdateItem",
            "dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem",
            *more]
        self.iam.put_role_policy(RoleName=self.stage.name, PolicyName="function", PolicyDocument=(
            json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": actions, "Resource": "*"}]})))

    def begin(self, mode="auto", config=AUTO, **settings):
        path = self.folder / f"config{uuid.uuid4().hex[:8]}.yml"
        path.write_text(config)
        self.function = self.start(
            TRAILWARDEN_TABLE=self.table, TRAILWARDEN_CONTAINMENT=mode, TRAILWARDEN_CONFIG=path,
            TRAILWARDEN_BUCKETS=self.stage.bucket, **settings)
        return self.function

    def make_user(self, name="dev", path="/"):
        name = f"{name}.{uuid.uuid4().hex[:8]}"
        user = self.iam.create_user(UserName=name, Path=path)["User"]
        self.iam.put_user_policy(UserName=name, PolicyName="power", PolicyDocument=POWER)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Person(self.cloud, user, key)

    def make_role(self):
        """One that the administrator may assume."""
        role = self.iam.create_role(RoleName="ops." + uuid.uuid4().hex[:8],
                                    AssumeRolePolicyDocument=trust())["Role"]
        self.iam.put_role_policy(RoleName=role["RoleName"], PolicyName="power",
                                 PolicyDocument=POWER)
        return role

    def deliver(self, *records, account=MOTO_ACCOUNT, bucket=None, failed=False):
        """An object of CloudTrail and its notification."""
        key = (f"AWSLogs/{account}/CloudTrail/eu-west-1/2026/03/17/"
               f"{account}_CloudTrail_eu-west-1_{uuid.uuid4().hex}.json.gz")
        self.stage.put(key, trail.packed(list(records)), bucket)
        done = self.function.invoke(payloads.s3((bucket or self.stage.bucket, key)))
        assert done.ok != failed, self.function.lines[-5:]
        return done

    def order(self, **action):
        """What the function answers, or its error."""
        done = self.function.invoke({"trailwarden": action})
        return done.answer

    def told(self, kind=None):
        messages = [m for _, m, _ in self.stage.messages()]
        return [m for m in messages if kind is None or m["type"] == kind]

    def attached(self, name, role=False):
        listed = (self.iam.list_attached_role_policies(RoleName=name) if role
                  else self.iam.list_attached_user_policies(UserName=name))
        return [p["PolicyArn"] for p in listed["AttachedPolicies"]]

    def keys(self, name):
        return {k["Status"] for k in
                self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]}


class Person:
    """A user with a key, or a session of a role: boto3, and how CloudTrail names him."""

    def __init__(self, cloud, user, key):
        self.cloud, self.name, self.arn = cloud, user["UserName"], user["Arn"]
        self.key, self.session = key, cloud.session(key)
        self.identity = {"type": "IAMUser", "principalId": user["UserId"], "arn": user["Arn"],
                         "accountId": user["Arn"].split(":")[4], "userName": user["UserName"],
                         "accessKeyId": key["AccessKeyId"]}

    def may(self):
        """Which of four services still take his calls."""
        calls = {"s3": "list_buckets", "iam": "list_users", "ec2": "describe_instances",
                 "dynamodb": "list_tables"}
        good = set()
        for service, call in calls.items():
            try:
                getattr(self.cloud.client(service, self.session), call)()
                good.add(service)
            except botocore.exceptions.ClientError as e:
                assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 403, e
        return good

    def record(self, name, seconds=0, **more):
        """CloudTrail's record of a call of his."""
        account = self.identity["accountId"]
        return trail.record(name, **{
            "eventTime": now(seconds), "userIdentity": self.identity,
            "recipientAccountId": account, "eventID": str(uuid.uuid4()), **more})


def assumed(cloud, role, name="work"):
    """A session of a role, as somebody."""
    session = cloud.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName=name)
    person = Person(cloud, {"UserName": role["RoleName"], "Arn": role["Arn"], "UserId": "-"},
                    session["Credentials"])
    account = role["Arn"].split(":")[4]
    person.identity = {
        "type": "AssumedRole", "principalId": f"{role['RoleId']}:{name}", "accountId": account,
        "arn": f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{name}",
        "accessKeyId": session["Credentials"]["AccessKeyId"],
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "principalId": role["RoleId"], "arn": role["Arn"],
                              "accountId": account, "userName": role["RoleName"]},
            "attributes": {"creationDate": now(), "mfaAuthenticated": "false"}}}
    return person


@pytest.fixture
def scene(cloud, stage, start, tmp_path):
    return Scene(cloud, stage, start, tmp_path)


def made_user(by, user, seconds=0):
    return by.record("CreateUser", seconds, requestParameters={"userName": user["UserName"]},
                     responseElements={"user": {
                         "userId": user["UserId"], "userName": user["UserName"],
                         "arn": user["Arn"], "path": "/"}})


def issued(by, session):
    """AssumeRole's record of a session."""
    role = session.identity["sessionContext"]["sessionIssuer"]["arn"]
    return by.record(
        "AssumeRole", eventTime=session.identity["sessionContext"]["attributes"]["creationDate"],
        requestParameters={"roleArn": role, "roleSessionName": "sly"},
        responseElements={"credentials": {"accessKeyId": session.identity["accessKeyId"]},
                          "assumedRoleUser": {
                              "assumedRoleId": session.identity["principalId"],
                              "arn": session.identity["arn"]}})


# ---- auto ----

def test_a_leaked_key_is_shut_and_the_user_that_it_made(scene):
    scene.begin()
    mallory, innocent = scene.make_user("mallory", "/team/"), scene.make_user("alice")
    assert mallory.may() == ALL and innocent.may() == ALL
    # The attack: he makes a user for himself, with a key.
    iam = scene.cloud.client("iam", mallory.session)
    eve = iam.create_user(UserName="eve." + uuid.uuid4().hex[:8])["User"]
    iam.put_user_policy(UserName=eve["UserName"], PolicyName="power", PolicyDocument=POWER)
    eve = Person(scene.cloud, eve, iam.create_access_key(UserName=eve["UserName"])["AccessKey"])
    assert eve.may() == ALL
    record = made_user(mallory, {"UserName": eve.name, "UserId": eve.identity["principalId"],
                                 "Arn": eve.arn}, 1)
    scene.deliver(mallory.record("StopLogging"), record, innocent.record("DescribeInstances"))
    assert mallory.may() == set() and eve.may() == set() and innocent.may() == ALL
    assert scene.attached(mallory.name) == [DENY_ALL] == scene.attached(eve.name)
    assert scene.keys(mallory.name) == {"Inactive"} == scene.keys(eve.name)
    told = scene.told()
    alert = next(m for m in told if m["type"] == "alert" and m["rule"]["id"] == trail.STOPPED)
    [plan] = alert["containment"]
    assert (plan["principal"], plan["mode"], plan["why"]) == (mallory.arn, "auto", "ok")
    notices = {m["principal"]: m for m in told if m["type"] == "containment"}
    assert {p: (m["state"], m["how"]) for p, m in notices.items()} == {
        mallory.arn: ("contained", "acted"), eve.arn: ("contained", "made")}
    assert notices[mallory.arn]["undo"] == f"trailwarden release '{mallory.arn}'"
    incident = next(m for m in told if m["type"] == "incident")
    assert {c["principal"]: c["state"] for c in incident["containment"]} == {
        mallory.arn: "contained", eve.arn: "contained"}


def test_a_role_session_is_shut(scene):
    scene.begin()
    role = scene.make_role()
    session = assumed(scene.cloud, role)
    assert session.may() == ALL
    scene.deliver(session.record("StopLogging"))
    assert session.may() == set()
    assert scene.attached(role["RoleName"], role=True) == [DENY_ALL]
    [notice] = scene.told("containment")
    assert (notice["state"], notice["kind"], notice["principal"]) == (
        "contained", "role", role["Arn"])


def test_a_role_that_the_intruder_assumed_is_shut_with_him(scene):
    """Denying everything to a user does not stop the sessions that he has: they are the role's."""
    scene.begin()
    mallory = scene.make_user("mallory")
    role = scene.make_role()
    session = assumed(scene.cloud, role, "sly")
    scene.deliver(issued(mallory, session), session.record("CreateUser"),
                  mallory.record("StopLogging"))
    assert mallory.may() == set() and session.may() == set()
    assert {m["principal"]: m["how"] for m in scene.told("containment")} == {
        mallory.arn: "acted", role["Arn"]: "assumed"}


def test_a_role_that_he_assumed_and_has_only_read_with_is_shut_too(scene):
    """Nothing that the session did links identities or is a rule's; who else assumed the role, and
    what failed, proves nothing."""
    scene.begin()
    mallory, alice = scene.make_user("mallory"), scene.make_user("alice")
    mine, hers, tried = [scene.make_role() for _ in range(3)]
    session, other, failed = [assumed(scene.cloud, role, "sly") for role in (mine, hers, tried)]
    scene.deliver(issued(mallory, session), issued(alice, other), session.record("ListBuckets"),
                  dict(issued(mallory, failed), errorCode="AccessDenied", responseElements=None),
                  mallory.record("StopLogging"))
    assert mallory.may() == set() and session.may() == set()
    assert alice.may() == other.may() == failed.may() == ALL
    told = scene.told()
    assert {m["principal"]: m["how"] for m in told if m["type"] == "containment"} == {
        mallory.arn: "acted", mine["Arn"]: "assumed"}
    # The role is contained on account of him; it is not one of those who acted.
    [incident] = [m for m in told if m["type"] == "incident"]
    assert hers["Arn"] not in json.dumps(incident) and tried["Arn"] not in json.dumps(incident)
    assert {a["name"] for a in incident["actors"]} == {mallory.arn}, incident["actors"]


def test_what_he_made_comes_in_late(scene):
    """The record of the user that he made arrives after he was contained."""
    scene.begin()
    mallory, eve, other = scene.make_user("mallory"), scene.make_user("eve"), scene.make_user()
    scene.deliver(mallory.record("StopLogging"))
    assert mallory.may() == set() and eve.may() == ALL
    scene.deliver(made_user(mallory, {"UserName": eve.name, "Arn": eve.arn,
                                      "UserId": eve.identity["principalId"]}))
    time.sleep(6)  # the next look is due
    scene.deliver(other.record("DescribeInstances"))
    assert eve.may() == set() and other.may() == ALL


def test_a_workload_waits_for_a_person(scene):
    scene.begin()
    role = scene.iam.create_role(
        RoleName="web." + uuid.uuid4().hex[:8],
        AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))["Role"]
    scene.iam.put_role_policy(RoleName=role["RoleName"], PolicyName="power", PolicyDocument=POWER)
    session = assumed(scene.cloud, role)
    scene.deliver(session.record("StopLogging"))
    assert session.may() == ALL
    [notice] = scene.told("containment")
    assert notice["state"] == "asked" and "EC2" in notice["reason"]


def test_a_member_account(scene):
    """The responder role there is assumed; nobody of the same name here is touched."""
    sts = scene.cloud.client("sts")
    admin = scene.cloud.session(sts.assume_role(
        RoleArn=f"arn:aws:iam::{MEMBER}:role/any", RoleSessionName="setup")["Credentials"])
    scene.cloud.enforce(b"inf")  # nobody may do anything in an account that has no role yet
    there = scene.cloud.client("iam", admin)
    there.create_role(RoleName="responder", AssumeRolePolicyDocument=trust())
    there.put_role_policy(RoleName="responder", PolicyName="all", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*",
                                                 "Resource": "*"}]}))
    name = "dev." + uuid.uuid4().hex[:8]
    user = there.create_user(UserName=name)["User"]
    there.put_user_policy(UserName=name, PolicyName="power", PolicyDocument=POWER)
    mallory = Person(scene.cloud, user, there.create_access_key(UserName=name)["AccessKey"])
    scene.cloud.enforce()
    twin = scene.iam.create_user(UserName=name)["User"]
    assert twin["Arn"] != user["Arn"] and mallory.may() == ALL
    scene.begin(config=AUTO + f"  accounts:\n    '{MOTO_ACCOUNT}': {{}}\n"
                f"    '{MEMBER}': {{role: responder, external_id: 7d1f0c2e}}\n")
    scene.deliver(mallory.record("StopLogging"), account=MEMBER)
    assert mallory.may() == set() and scene.attached(name) == []
    [notice] = scene.told("containment")
    assert (notice["state"], notice["account"]) == ("contained", MEMBER)


# ---- afterwards ----

def test_the_same_again_does_nothing_more(scene):
    scene.begin()
    mallory = scene.make_user("mallory")
    record = mallory.record("StopLogging")
    scene.deliver(record)
    assert len(scene.told("containment")) == 1
    scene.deliver(record)
    scene.deliver(mallory.record("StopLogging", 1))
    assert scene.told("containment") == []
    assert scene.attached(mallory.name) == [DENY_ALL]


def test_what_is_taken_off_is_put_on_again_and_told(scene):
    scene.begin()
    mallory, other = scene.make_user("mallory"), scene.make_user("other")
    scene.deliver(mallory.record("StopLogging"))
    scene.told()
    scene.iam.detach_user_policy(UserName=mallory.name, PolicyArn=DENY_ALL)
    assert mallory.may() == ALL
    time.sleep(6)  # the first look is due after 5 s
    scene.deliver(other.record("DescribeInstances"))
    assert mallory.may() == set()
    [notice] = scene.told("containment")
    assert notice["alarm"] and notice["level"] == "critical" and notice["updates"] == 1


# ---- other modes ----

def test_nobody_is_contained_for_a_simulation(scene):
    """The mark counts in the payload itself, and not out of a message that a writer to the topic
    may have made."""
    scene.begin()
    for wrap, contained in ((lambda p: p, False), (lambda p: payloads.sqs(json.dumps(p)), True)):
        mallory = scene.make_user("mallory")
        key = f"AWSLogs/{MOTO_ACCOUNT}/CloudTrail/eu-west-1/{uuid.uuid4().hex}.json.gz"
        scene.stage.put(key, trail.packed([mallory.record("StopLogging")]))
        notification = payloads.s3((scene.stage.bucket, key))
        notification["Records"][0]["trailwarden"] = {"simulated": True}
        done = scene.function.invoke(wrap(notification))
        assert done.ok and ("findings" in done.answer) != contained
        assert mallory.may() == (set() if contained else ALL)
        [alert] = [m for m in scene.told("alert") if m["rule"]["id"] == trail.STOPPED]
        assert ("containment" in alert) == contained


def test_a_dry_run_says_what_it_would_do_and_does_nothing(scene):
    scene.begin("dry-run")
    mallory = scene.make_user("mallory")
    scene.deliver(mallory.record("StopLogging"))
    assert mallory.may() == ALL and scene.attached(mallory.name) == []
    assert scene.keys(mallory.name) == {"Active"}
    told = scene.told()
    assert [m["type"] for m in told if m["type"] == "containment"] == []
    [plan] = next(m for m in told if m["type"] == "alert")["containment"]
    assert plan["mode"] == "dry-run" and plan["confirmed"]
    assert [s["strategy"] for s in plan["steps"] if not s["fallback"]] == ["deny-all", "keys-off"]


def test_off_says_nothing(scene):
    scene.begin("off")
    mallory = scene.make_user("mallory")
    scene.deliver(mallory.record("StopLogging"))
    assert mallory.may() == ALL
    assert all("containment" not in m for m in scene.told())


def test_approval_by_invoking_the_function(scene):
    scene.begin("approval")
    mallory = scene.make_user("mallory")
    scene.deliver(mallory.record("StopLogging"))
    assert mallory.may() == ALL
    [notice] = scene.told("containment")
    assert notice["state"] == "asked"
    approval = notice["approval"]
    assert approval["invoke"] == {"trailwarden": {"action": "approve", "approval": approval["id"]}}
    answer = scene.order(action="approve", approval=approval["id"])
    assert answer["done"] and answer["principals"][0]["state"] == "contained"
    assert mallory.may() == set()
    assert [m["state"] for m in scene.told("containment")] == ["contained"]
    again = scene.order(action="approve", approval=approval["id"])
    assert "any more" in again["errorMessage"]


FORGED = {
    "no approval": {"action": "approve"},
    "made up": {"action": "approve", "approval": "0" * 32 + "-1"},
    "no hex": {"action": "approve", "approval": "approved"},
    "not a text": {"action": "approve", "approval": 1},
    "unknown member": {"action": "contain", "principal": "arn", "as_operator": True},
    "unknown action": {"action": "delete"},
    "nobody": {"action": "contain"},
    "both": {"action": "contain", "principal": "arn", "incident": "0" * 32},
    "no such incident": {"action": "contain", "incident": "0" * 32},
    "no id": {"action": "contain", "incident": "latest"},
    "no strategy": {"action": "contain", "principal": "arn", "strategy": "nuke"},
    "release of nobody": {"action": "release",
                          "principal": f"arn:aws:iam::{MOTO_ACCOUNT}:user/nobody"},
}


def test_forged_orders_are_refused(scene):
    scene.begin("approval")
    mallory = scene.make_user("mallory")
    for name, action in FORGED.items():
        answer = scene.order(**action)
        assert "errorMessage" in answer, name
    wrong = scene.order(action="contain", principal=mallory.arn, account=MEMBER)
    assert "account" in wrong["errorMessage"]
    command = scene.order(action="contain", principal=mallory.arn, strategy="delete-user")
    assert not command["done"] and "by command" in command["principals"][0]["why"]
    assert mallory.may() == ALL


def test_an_order_contains_and_another_releases(scene):
    scene.begin("approval")
    scene.allow("iam:DetachUserPolicy")
    mallory = scene.make_user("mallory")
    assert scene.order(action="contain", principal=mallory.arn, dry_run=True)["done"]
    assert mallory.may() == ALL
    assert scene.order(action="contain", principal=mallory.arn)["done"]
    assert mallory.may() == set()
    assert scene.order(action="release", principal=mallory.arn)["done"]
    assert mallory.may() == ALL and scene.keys(mallory.name) == {"Active"}


def test_the_kill_switch_stops_all(scene):
    """And who was spared does not count against the caps: one an hour is still to be had."""
    scene.begin(config=AUTO + "  limits: {hour: 1}\n")
    assert scene.order(action="stop")["done"]
    mallory = scene.make_user("mallory")
    scene.deliver(mallory.record("StopLogging"))
    assert mallory.may() == ALL and scene.attached(mallory.name) == []
    assert scene.order(action="resume")["done"]
    other = scene.make_user("other")
    scene.deliver(other.record("StopLogging"))
    assert other.may() == set()
    scene.deliver(mallory.record("StopLogging", 1))
    told = scene.told("alert")
    assert told
