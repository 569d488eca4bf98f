"""Attempts to misuse the function: to have it contain somebody else, to escape it, to turn it against
its owner, to make it run wild. It is in mode auto with a rule that every call trips, so that nothing
but the rails stands between an event and IAM. None may get through.

An attempt is compared with the same thing done honestly, wherever there is such a thing: that one
has to be contained, or the attempt would prove nothing. IAM is moto, as in test_contain_lambda.py.
"""
import copy
import re
import time
import uuid

import pytest

from support import payloads, trail
from support.function import ROOT
from support.moto import MOTO_ACCOUNT
from test_contain_lambda import (
    AUTO, DENY_ALL, MEMBER, POWER, Person, Scene, assumed, cloud, now, stage, trust)

__all__ = ["cloud", "stage"]  # fixtures

pytestmark = pytest.mark.timeout(300)

ANY = "5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b09"
RULE = f"""\
title: Anything
id: {ANY}
status: test
author: trailwarden
level: critical
logsource: {{product: aws, service: cloudtrail}}
detection:
  call: {{eventSource|endswith: .amazonaws.com}}
  condition: call
"""
CONFIG = f"containment:\n  auto:\n    rules: ['{ANY}']\n"
OTHER = "222233334444"


class Attack(Scene):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.made = {"user": [], "role": []}
        self.rules = self.folder / "any"
        self.rules.mkdir()
        (self.rules / "any.yml").write_text(RULE)

    def begin(self, mode="auto", config=CONFIG, **settings):
        return super().begin(mode, config, rules=self.rules, **settings)

    def make_user(self, name="dev", path="/"):
        person = super().make_user(name, path)
        self.made["user"].append(person.name)
        return person

    def make_role(self, name="ops", service=None, session="work", path="/"):
        """A session of a new role."""
        name = f"{name}.{uuid.uuid4().hex[:8]}"
        role = self.iam.create_role(
            RoleName=name, Path=path,
            AssumeRolePolicyDocument=trust(**({"Service": service} if service else {})))["Role"]
        self.iam.put_role_policy(RoleName=name, PolicyName="power", PolicyDocument=POWER)
        self.made["role"].append(name)
        return assumed(self.cloud, role, session)

    def image(self):
        """All that containment could change of those who were made here."""
        users = {name: (self.attached(name), sorted(self.keys(name)), self.iam.list_user_policies(
            UserName=name)["PolicyNames"]) for name in self.made["user"]}
        roles = {name: (self.attached(name, role=True), self.iam.list_role_policies(
            RoleName=name)["PolicyNames"]) for name in self.made["role"]}
        return users, roles

    def contained(self):
        """Names of those to whom AWSDenyAll is attached."""
        users, roles = self.image()
        return {name for name, (attached, *_) in [*users.items(), *roles.items()]
                if DENY_ALL in attached}

    def put(self, key, *records):
        self.stage.put(key, trail.packed(list(records)))
        done = self.function.invoke(payloads.s3((self.stage.bucket, key)))
        assert done.ok, self.function.lines[-5:]


@pytest.fixture
def scene(cloud, stage, start, tmp_path):
    return Attack(cloud, stage, start, tmp_path)


def changed(record, **paths):
    """A copy with members set by dotted paths (__ for the dot), or taken out where it is None."""
    made = copy.deepcopy(record)
    for path, value in paths.items():
        *steps, last = path.split("__")
        at = made
        for step in steps:
            at = at[step]
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
    return made


# ---- events that contain nobody --------------------------------------------------------------------

def signed_in(record, answer, **more):
    return changed(record, eventSource="signin.amazonaws.com", eventName="ConsoleLogin",
                   eventType="AwsConsoleSignIn", responseElements=answer, **more)


# name -> what is done to an honest record of a call; the honest one contains its caller.
EVENTS = {
    "a log of yesterday, replayed": lambda r: changed(r, eventTime=now(-86400)),
    "a log of 61 minutes ago": lambda r: changed(r, eventTime=now(-3660)),
    "a time that has not come yet": lambda r: changed(r, eventTime=now(3600)),
    "no time": lambda r: changed(r, eventTime=None),
    "a time that is none": lambda r: changed(r, eventTime="now"),
    "a sign-in that failed": lambda r: signed_in(
        r, {"ConsoleLogin": "Failure"}, errorMessage="Failed authentication"),
    "a sign-in of unknown end": lambda r: signed_in(r, None),
    "a password asked for": lambda r: changed(
        r, eventSource="signin.amazonaws.com", eventName="PasswordRecoveryRequested"),
    "a second factor asked for": lambda r: changed(
        r, eventSource="signin.amazonaws.com", eventName="CheckMfa",
        responseElements={"CheckMfa": "Success"}),
    "a signature that was wrong": lambda r: changed(r, errorCode="SignatureDoesNotMatch"),
    "a key that is none": lambda r: changed(r, errorCode="InvalidClientTokenId"),
    "a token that had run out": lambda r: changed(r, errorCode="ExpiredToken"),
    "EC2's word for it": lambda r: changed(r, errorCode="Client.AuthFailure"),
    "an id that is masked": lambda r: changed(
        r, userIdentity__userName="HIDDEN_DUE_TO_SECURITY_REASONS"),
    "a name that is not the ARN's": lambda r: changed(r, userIdentity__userName="somebody"),
    "an ARN of another account": lambda r: changed(
        r, userIdentity__arn=r["userIdentity"]["arn"].replace(MOTO_ACCOUNT, OTHER)),
    "a caller of another account": lambda r: changed(
        r, userIdentity__accountId=OTHER,
        userIdentity__arn=r["userIdentity"]["arn"].replace(MOTO_ACCOUNT, OTHER)),
    "a user of that name with another id": lambda r: changed(
        r, userIdentity__principalId="AIDAEXAMPLEEXAMPLE77"),
    "another partition": lambda r: changed(
        r, userIdentity__arn=r["userIdentity"]["arn"].replace("arn:aws:", "arn:aws-cn:")),
    "a service in his name": lambda r: changed(
        r, userIdentity__invokedBy="cloudformation.amazonaws.com"),
    "a service": lambda r: changed(
        r, userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
    "nobody": lambda r: changed(r, userIdentity__type="AWSAccount", userIdentity__arn=None,
                                userIdentity__accountId="ANONYMOUS_PRINCIPAL"),
    "root": lambda r: changed(r, userIdentity__type="Root",
                              userIdentity__arn=f"arn:aws:iam::{MOTO_ACCOUNT}:root"),
    "a kind that does not exist": lambda r: changed(r, userIdentity__type="Superuser"),
    "no identity": lambda r: changed(r, userIdentity=None),
}


def test_events_that_contain_nobody(scene):
    scene.begin()
    for name, change in EVENTS.items():
        caller = scene.make_user("caller")
        scene.deliver(change(caller.record("StopLogging")))
        assert scene.contained() == set(), name
    assert all(m["state"] == "refused" for m in scene.told("containment"))
    assert not [name for name, (_, keys, _) in scene.image()[0].items() if keys != ["Active"]]
    honest = scene.make_user("honest")
    scene.deliver(honest.record("StopLogging"))
    assert scene.contained() == {honest.name}


# name -> the object's key, by the account that its record says.
KEYS = {
    "of another account": f"AWSLogs/{OTHER}/CloudTrail/eu-west-1/2026/03/17",
    "of none": "CloudTrail/eu-west-1/2026/03/17",
    "of two accounts, the last another": (f"AWSLogs/{MOTO_ACCOUNT}/CloudTrail/AWSLogs/{OTHER}/"
                                          "CloudTrail/eu-west-1/2026/03/17"),
    "of an account that is none": f"AWSLogs/{MOTO_ACCOUNT}0/CloudTrail/eu-west-1/2026/03/17",
    "in other letters": f"awslogs/{MOTO_ACCOUNT}/CloudTrail/eu-west-1/2026/03/17",
}


def test_objects_whose_keys_do_not_say_the_account(scene):
    scene.begin()
    scene.allow("s3:*")
    for name, prefix in KEYS.items():
        caller = scene.make_user("caller")
        scene.put(f"{prefix}/{uuid.uuid4().hex}.json.gz", caller.record("StopLogging"))
        assert scene.contained() == set(), name
    other = scene.make_user("other")
    scene.deliver(other.record("StopLogging"))
    assert scene.contained() == {other.name}


def test_an_account_that_is_not_listed(scene):
    scene.begin(config=CONFIG + f"  accounts:\n    '{MEMBER}': {{role: responder}}\n")
    caller = scene.make_user("caller")
    scene.deliver(caller.record("StopLogging"))
    assert scene.contained() == set()


def test_a_bucket_that_is_not_named(scene):
    """Whoever has a bucket could write what he likes into it."""
    scene.begin()
    caller, foreign = scene.make_user("caller"), scene.stage.make_bucket("evil-" + uuid.uuid4().hex)
    key = f"AWSLogs/{MOTO_ACCOUNT}/CloudTrail/eu-west-1/2026/03/17/{uuid.uuid4().hex}.json.gz"
    scene.stage.put(key, trail.packed([caller.record("StopLogging")]), foreign)
    scene.function.invoke(payloads.s3((foreign, key)))
    scene.function.invoke(payloads.object_created(foreign, key))
    scene.function.invoke(payloads.cloudtrail_sns(foreign, key))
    assert scene.contained() == set()


def test_a_bucket_whose_name_only_begins_alike(scene):
    scene.begin()
    longer = scene.stage.make_bucket(scene.stage.bucket + "-2")
    caller = scene.make_user("caller")
    key = f"AWSLogs/{MOTO_ACCOUNT}/CloudTrail/eu-west-1/2026/03/17/{uuid.uuid4().hex}.json.gz"
    scene.stage.put(key, trail.packed([caller.record("StopLogging")]), longer)
    scene.function.invoke(payloads.s3((longer, key)))
    assert scene.contained() == set()


# Ways in that carry records themselves: whoever may call them would name anybody.
INLINE = {
    "EventBridge": payloads.api_call,
    "EventBridge, a sign-in": lambda r: payloads.api_call(
        r, "AWS Console Sign In via CloudTrail"),
    "CloudWatch Logs": payloads.logs_subscription,
    "records in the invocation": lambda r: {"Records": [r]},
}


def test_records_that_are_handed_in(scene):
    scene.begin()
    for name, payload in INLINE.items():
        caller = scene.make_user("caller")
        scene.function.invoke(payload(caller.record("StopLogging")))
        assert scene.contained() == set(), name


# ---- somebody else's name --------------------------------------------------------------------------

def test_who_is_named_in_the_parameters_is_no_subject(scene):
    scene.begin()
    caller, victim, role = scene.make_user("caller"), scene.make_user("v"), scene.make_role("v")
    names = {"userName": victim.name, "roleName": role.name, "roleArn": role.arn,
             "accessKeyId": victim.key["AccessKeyId"], "arn": victim.arn,
             "userIdentity": victim.identity, "principalId": victim.identity["principalId"]}
    scene.deliver(caller.record("StopLogging", requestParameters=names, resources=[
        {"ARN": victim.arn, "accountId": MOTO_ACCOUNT}], additionalEventData=names,
        responseElements=names, userAgent=victim.arn, sourceIPAddress=victim.name))
    assert scene.contained() == {caller.name}


@pytest.mark.parametrize("wrong", ["errorCode", "owner"])
def test_who_was_not_really_made_is_no_subject(scene, wrong):
    """A call that failed, and a key that was made for somebody who was there before."""
    scene.begin()
    caller, victim = scene.make_user("caller"), scene.make_user("victim")
    parts = {"userId": victim.identity["principalId"], "userName": victim.name, "arn": victim.arn}
    if wrong == "errorCode":
        second = caller.record("CreateUser", 1, errorCode="EntityAlreadyExists",
                               requestParameters={"userName": victim.name},
                               responseElements={"user": parts})
    else:
        extra = scene.iam.create_access_key(UserName=victim.name)["AccessKey"]
        second = changed(caller.record("CreateUser", 1), eventName="CreateAccessKey",
                         requestParameters={"userName": victim.name},
                         responseElements={"accessKey": {
                             "userName": victim.name, "status": "Active",
                             "accessKeyId": extra["AccessKeyId"]}})
    scene.deliver(caller.record("StopLogging"), second)
    assert scene.contained() == {caller.name}
    status = {k["AccessKeyId"]: k["Status"] for k in scene.iam.list_access_keys(
        UserName=victim.name)["AccessKeyMetadata"]}
    assert status[victim.key["AccessKeyId"]] == "Active"


def test_a_session_is_its_role_whatever_its_name_says(scene):
    scene.begin()
    victim = scene.make_user("victim")
    intruder = scene.make_role(session=victim.name)
    scene.deliver(intruder.record("StopLogging"))
    assert scene.contained() == {intruder.name}


SESSIONS = ["i-0a1b2c3d4e5f60718", "trailwarden", "function", "0123456789abcdef0123456789abcdef",
            "break-glass"]


def test_no_name_of_a_session_protects_it(scene):
    """An instance's id would make it a workload, were it not for the trust policy."""
    scene.begin(config=CONFIG + "  break_glass:\n" + "".join(
        f"    - arn:aws:iam::{MOTO_ACCOUNT}:user/{name}\n" for name in SESSIONS))
    intruders = [scene.make_role(session=name) for name in SESSIONS]
    for intruder in intruders:
        scene.deliver(intruder.record("StopLogging"))
    assert scene.contained() == {i.name for i in intruders}


def test_another_user_of_the_same_name_is_let_alone(scene):
    """The intruder is deleted; his name is given to somebody else, whom later looks must spare."""
    scene.begin()
    mallory, other = scene.make_user("mallory"), scene.make_user("other")
    scene.deliver(mallory.record("StopLogging"))
    assert scene.contained() == {mallory.name}
    scene.iam.detach_user_policy(UserName=mallory.name, PolicyArn=DENY_ALL)
    scene.iam.delete_user_policy(UserName=mallory.name, PolicyName="power")
    scene.iam.delete_access_key(UserName=mallory.name, AccessKeyId=mallory.key["AccessKeyId"])
    scene.iam.delete_user(UserName=mallory.name)
    scene.iam.create_user(UserName=mallory.name)
    scene.iam.create_access_key(UserName=mallory.name)
    before = scene.image()
    time.sleep(6)  # the first look is due after 5 s
    scene.deliver(changed(other.record("StopLogging"), eventTime=now(-86400)))
    assert scene.image() == before


def test_a_new_user_is_not_sheltered_by_one_of_his_name(scene):
    scene.begin()
    mallory = scene.make_user("mallory")
    scene.deliver(changed(mallory.record("StopLogging"),
                          userIdentity__principalId=mallory.identity["principalId"]))
    scene.iam.detach_user_policy(UserName=mallory.name, PolicyArn=DENY_ALL)
    scene.iam.delete_user_policy(UserName=mallory.name, PolicyName="power")
    scene.iam.delete_access_key(UserName=mallory.name, AccessKeyId=mallory.key["AccessKeyId"])
    scene.iam.delete_user(UserName=mallory.name)
    user = scene.iam.create_user(UserName=mallory.name)["User"]
    again = Person(scene.cloud, user,
                   scene.iam.create_access_key(UserName=mallory.name)["AccessKey"])
    scene.deliver(again.record("StopLogging", 1))
    assert scene.contained() == {mallory.name}


def test_who_is_put_on_the_list_later_is_let_be(scene):
    """What was done stays until somebody releases him; it is not done again."""
    scene.begin()
    glass, other = scene.make_user("glass"), scene.make_user("other")
    scene.deliver(glass.record("StopLogging"))
    assert scene.contained() == {glass.name}
    scene.begin(config=CONFIG + f"  break_glass: ['{glass.arn}']\n")
    scene.iam.detach_user_policy(UserName=glass.name, PolicyArn=DENY_ALL)
    time.sleep(6)  # the first look is due after 5 s
    scene.deliver(changed(other.record("StopLogging"), eventTime=now(-86400)))
    assert scene.contained() == set()


# ---- those who may never be contained --------------------------------------------------------------

def own_role(scene, session="xx"):
    role = scene.iam.get_role(RoleName=scene.stage.name)["Role"]
    scene.made["role"].append(role["RoleName"])
    return assumed(scene.cloud, role, session)


OWN = {
    "as it is": lambda r: r,
    "under another name": lambda r: changed(
        r, userIdentity__sessionContext__sessionIssuer__userName="renamed",
        userIdentity__sessionContext__sessionIssuer__arn=f"arn:aws:iam::{MOTO_ACCOUNT}:role/renamed",
        userIdentity__arn=f"arn:aws:sts::{MOTO_ACCOUNT}:assumed-role/renamed/xx"),
    "in capitals": lambda r: changed(
        r, userIdentity__principalId="AROAEXAMPLEEXAMPLE99:xx",
        userIdentity__sessionContext__sessionIssuer__principalId="AROAEXAMPLEEXAMPLE99",
        userIdentity__sessionContext__sessionIssuer__userName=(
            r["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"].upper()),
        userIdentity__arn=re.sub("role/([^/]*)", lambda m: m[0].upper(),
                                 r["userIdentity"]["arn"])),
    "on a path": lambda r: changed(
        r, userIdentity__sessionContext__sessionIssuer__arn=re.sub(
            "role/", "role/a/b/", r["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"])),
}


def test_the_function_itself(scene):
    """Somebody has the function's credentials, or makes it seem so: it must go on working."""
    scene.begin()
    me = own_role(scene)
    for name, change in OWN.items():
        scene.deliver(change(me.record("StopLogging")))
        assert scene.contained() == set(), name
    answer = scene.order(action="contain", principal=scene.iam.get_role(
        RoleName=scene.stage.name)["Role"]["Arn"])
    assert not answer["done"] and answer["principals"][0]["plan"]["why"] == "own"


# What is listed, by the principal: (name, id, path) -> text.
LISTED = {
    "the ARN": lambda p, kind: p.arn,
    "the ARN in other letters": lambda p, kind: p.arn.replace(p.name, p.name.upper()),
    "the ARN with a path": lambda p, kind: p.arn.replace(f"{kind}/", f"{kind}/x/y/"),
    "the unique id": lambda p, kind: p.identity["principalId"].partition(":")[0],
}


def test_whoever_is_listed(scene):
    """moto's users have ids that no user of AWS has: those are tried in
    tests/unit/test_contain_plan.c."""
    listed = {"break_glass": [], "responders": []}
    people = []
    for key, names in listed.items():
        for kind in ("user", "role"):
            for how, text in LISTED.items():
                if (kind, how) == ("user", "the unique id"):
                    continue
                person = scene.make_user("glass") if kind == "user" else scene.make_role("glass")
                if kind == "role":
                    person.arn = scene.iam.get_role(RoleName=person.name)["Role"]["Arn"]
                names.append(text(person, kind))
                people.append((key, how, person))
    scene.begin(config=CONFIG + f"  break_glass: {listed['break_glass']}\n"
                f"  responders: {listed['responders']}\n")
    scene.deliver(*(p.record("StopLogging") for _, _, p in people))
    assert scene.contained() == set()
    for key, how, person in people:
        answer = scene.order(action="contain", principal=person.arn)
        why = answer["principals"][0]["plan"]["why"]
        assert not answer["done"], (key, how)
        assert why == ("responder" if key == "responders" else "break-glass"), (key, how)


def test_what_only_looks_like_somebody_listed(scene):
    """A role under a user's name, a name that begins or ends alike, tags, paths that say so."""
    glass = scene.make_user("glass")
    scene.begin(config=CONFIG + f"  break_glass: ['{glass.arn}', AROAEXAMPLEGLASS]\n")
    role = scene.iam.create_role(RoleName=glass.name, AssumeRolePolicyDocument=trust())["Role"]
    scene.made["role"].append(glass.name)
    twin, longer = assumed(scene.cloud, role), scene.make_user(glass.name + "2")
    tagged = scene.make_user("tagged", "/break-glass/")
    scene.iam.tag_user(UserName=tagged.name, Tags=[
        {"Key": k, "Value": "true"} for k in ("break-glass", "trailwarden-exempt", "responder")])
    for person in (twin, longer, tagged):
        scene.deliver(person.record("StopLogging"))
    assert scene.attached(glass.name) == []
    assert scene.attached(glass.name, role=True) == [DENY_ALL]
    assert {longer.name, tagged.name} <= scene.contained()


WORKLOADS = ["ec2", "lambda", "ecs-tasks", "pods.eks", "rolesanywhere", "states"]


def test_workloads_are_never_stopped_without_a_person(scene):
    scene.begin()
    sessions = [scene.make_role("web", f"{service}.amazonaws.com", session="a-person")
                for service in WORKLOADS]
    scene.deliver(*(s.record("StopLogging") for s in sessions))
    assert scene.contained() == set()
    assert [m["state"] for m in scene.told("containment")] == ["asked"] * len(WORKLOADS)


def test_a_workload_that_nobody_may_stop(scene):
    scene.begin(config=CONFIG + "  workload: never\n")
    session = scene.make_role("web", "ec2.amazonaws.com")
    scene.deliver(session.record("StopLogging"))
    assert scene.contained() == set()
    assert all(m["state"] == "refused" for m in scene.told("containment"))


RESERVED = {
    "Identity Center": ("aws-reserved/sso.amazonaws.com/eu-west-1/",
                        "AWSReservedSSO_Admin_0123456789abcdef"),
    "a service": ("aws-service-role/ops.example.amazonaws.com/", "AWSServiceRoleForOps"),
}


def test_roles_that_belong_to_aws(scene):
    """moto would let them be changed."""
    scene.begin()
    for path, role_name in RESERVED.values():
        role = scene.iam.create_role(RoleName=role_name, Path=f"/{path}",
                                     AssumeRolePolicyDocument=trust())["Role"]
        scene.made["role"].append(role_name)
        session = assumed(scene.cloud, role, "ann@example.com")
        scene.deliver(session.record("StopLogging"))
        # The path may be left out of what is told; IAM knows it.
        scene.deliver(changed(session.record("StopLogging", 1),
                              userIdentity__sessionContext__sessionIssuer__arn=(
                                  f"arn:aws:iam::{MOTO_ACCOUNT}:role/{role_name}")))
        assert scene.contained() == set(), role_name
        assert not scene.order(action="contain", principal=role["Arn"])["done"]


# ---- running wild ----------------------------------------------------------------------------------

def test_its_own_calls_start_nothing(scene):
    """They come back in the log as calls that trip the rule, with the contained one as target."""
    scene.begin()
    mallory = scene.make_user("mallory")
    scene.deliver(mallory.record("StopLogging"))
    assert len(scene.told("containment")) == 1
    before, me = scene.image(), own_role(scene, "function")
    calls = [changed(me.record("CreateUser", i), eventName=call, requestParameters={
        "userName": mallory.name, "policyArn": DENY_ALL, "accessKeyId": mallory.key["AccessKeyId"]})
        for i, call in enumerate(["GetUser", "AttachUserPolicy", "UpdateAccessKey", "TagUser"])]
    for _ in range(2):
        scene.deliver(*calls)
    assert scene.image()[0] == before[0] and scene.contained() == {mallory.name}
    assert scene.told("containment") == []


def test_whoever_is_contained_and_goes_on_trying_is_told_once(scene):
    scene.begin()
    mallory = scene.make_user("mallory")
    for i in range(5):
        scene.deliver(mallory.record("StopLogging", i, errorCode="AccessDenied" if i else None))
    notices = scene.told("containment")
    assert [m["state"] for m in notices] == ["contained"] and notices[0]["attempts"] == 1


def test_what_cannot_be_done_is_not_tried_for_ever(scene):
    scene.iam.put_role_policy(RoleName=scene.stage.name, PolicyName="never", PolicyDocument=(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Resource":"*","Action":'
        '["iam:AttachUserPolicy","iam:UpdateAccessKey","iam:PutUserPermissionsBoundary"]}]}'))
    scene.begin()
    mallory = scene.make_user("mallory")
    for i in range(4):
        scene.deliver(mallory.record("StopLogging", i))
    assert scene.contained() == set()
    notices = scene.told("containment")
    assert [(m["state"], m["attempts"]) for m in notices] == [("failed", 1)]


def test_a_flood_of_callers(scene):
    """The caps: 5 of one account an hour; the rest wait for a person."""
    scene.begin()
    callers = [scene.make_user("flood") for _ in range(12)]
    scene.deliver(*(c.record("StopLogging", i) for i, c in enumerate(callers)))
    for i, c in enumerate(callers):
        scene.deliver(c.record("DescribeInstances", 60 + i))
    assert len(scene.contained()) == 5
    states = [m["state"] for m in scene.told("containment")]
    assert states.count("contained") == 5 and set(states) == {"contained", "asked"}


def test_a_flood_over_workers_at_once(scene):
    """Counted in the table, not in the worker."""
    workers = [scene.begin() for _ in range(3)]
    callers = [scene.make_user("flood") for _ in range(12)]
    started = []
    for w, worker in enumerate(workers):
        for c in callers[w::3]:
            key = (f"AWSLogs/{MOTO_ACCOUNT}/CloudTrail/eu-west-1/2026/03/17/"
                   f"{uuid.uuid4().hex}.json.gz")
            scene.stage.put(key, trail.packed([c.record("StopLogging")]))
            started.append(worker.api.submit(payloads.s3((scene.stage.bucket, key)), 60))
    for invocation in started:
        invocation.wait(60)
    assert 1 <= len(scene.contained()) <= 5


def test_a_rule_and_a_level_that_may_not_act(scene):
    scene.begin(config=AUTO)  # names another rule
    caller = scene.make_user("caller")
    scene.deliver(caller.record("StopLogging"))
    assert scene.contained() == set()
    assert [m["state"] for m in scene.told("containment")] == ["asked"]


def test_a_level_below_the_configured(scene):
    (scene.rules / "any.yml").write_text(RULE.replace("critical", "high"))
    scene.begin(config=CONFIG + "    level: critical\n")
    caller = scene.make_user("caller")
    scene.deliver(caller.record("StopLogging"))
    assert scene.contained() == set()


# ---- forged orders ---------------------------------------------------------------------------------

def test_an_order_in_what_others_can_write(scene):
    """In a queue, a topic, a log line or an object it is no order."""
    scene.begin("approval")
    victim = scene.make_user("victim")
    order = {"trailwarden": {"action": "contain", "principal": victim.arn}}
    for payload in (payloads.sqs(order), payloads.sns(order),
                    payloads.api_call({**victim.record("StopLogging"), **order}),
                    {"Records": [order]}, {**payloads.s3(), **order}, [order],
                    {"detail": order}, {**order, "Records": []}):
        scene.function.invoke(payload)
    scene.deliver({**victim.record("DescribeInstances"), **order})
    assert scene.contained() == set()
    assert scene.order(**order["trailwarden"])["done"]
    assert scene.contained() == {victim.name}


def test_an_approval_holds_for_nobody_else(scene):
    scene.begin("approval")
    mallory, other = scene.make_user("mallory"), scene.make_user("other")
    scene.deliver(mallory.record("StopLogging"), other.record("StopLogging"))
    ids = {m["principal"]: m["approval"]["id"] for m in scene.told("containment")}
    key, _, n = ids[mallory.arn].partition("-")
    for forged in (key, f"{key}-{int(n) + 1}", f"{key}-0", f"{key[:-1]}-{n}",
                   f"{key}-{n} ", f"{key}-{n}-1", f"-{n}"):
        assert "errorMessage" in scene.order(action="approve", approval=forged), forged
    assert "errorMessage" in scene.order(action="approve", approval=ids[mallory.arn],
                                         principal=other.arn)
    assert "errorMessage" in scene.order(action="approve", approval=ids[mallory.arn], account=OTHER)
    assert scene.contained() == set()
    assert scene.order(action="approve", approval=ids[mallory.arn])["done"]
    assert scene.contained() == {mallory.name}


def test_an_approval_does_not_reach_the_next_user_of_the_name(scene):
    scene.begin("approval")
    mallory = scene.make_user("mallory")
    scene.deliver(mallory.record("StopLogging"))
    [notice] = scene.told("containment")
    scene.iam.delete_user_policy(UserName=mallory.name, PolicyName="power")
    scene.iam.delete_access_key(UserName=mallory.name, AccessKeyId=mallory.key["AccessKeyId"])
    scene.iam.delete_user(UserName=mallory.name)
    scene.iam.create_user(UserName=mallory.name)
    answer = scene.order(action="approve", approval=notice["approval"]["id"])
    assert not answer["done"] and answer["principals"][0]["plan"]["why"] == "other"
    assert scene.contained() == set()


# ---- the kill switch -------------------------------------------------------------------------------

def kill_item(value=b"stop"):
    """As docs/containment.md writes it with the AWS command line."""
    return {"pk": {"S": "w#636f6e7461696e6d656e742d73746f70"}, "sk": {"S": "c"}, "v": {"N": "1"},
            "c": {"B": value}, "expires": {"N": "4102444800"}}


def test_the_kill_switch_written_by_hand(scene):
    """Anything but "go" stops; it holds for alerts and for orders, and ends when it is gone."""
    scene.begin(config=CONFIG + "  limits: {hour: 100, account_hour: 100}\n")
    other, item = scene.make_user("other"), kill_item()
    for value in (b"stop", b"", b"GO", b"go ", b"\x00"):
        scene.dynamodb.put_item(TableName=scene.table, Item=kill_item(value))
        scene.deliver(scene.make_user("caller").record("StopLogging"))
        assert not scene.order(action="contain", principal=other.arn)["done"], value
        assert scene.contained() == set(), value
    scene.dynamodb.delete_item(TableName=scene.table, Key={k: item[k] for k in ("pk", "sk")})
    scene.deliver(other.record("StopLogging"))
    assert scene.contained() == {other.name}


def test_the_documented_kill_switch_is_this_one():
    page = (ROOT / "docs/containment.md").read_text()
    assert '"pk":{"S":"w#' + b"containment-stop".hex() + '"},"sk":{"S":"c"}' in page
    assert kill_item()["pk"]["S"] == "w#" + b"containment-stop".hex()
    assert '"c":{"B":"c3RvcA=="}' in page  # stop, in base64


def test_the_kill_switch_while_it_cannot_be_read(scene):
    """A worker that may not read its table knows nothing of the switch: it does nothing."""
    scene.iam.put_role_policy(RoleName=scene.stage.name, PolicyName="never", PolicyDocument=(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Resource":"*",'
        '"Action":"dynamodb:GetItem"}]}'))
    scene.begin()
    caller = scene.make_user("caller")
    scene.deliver(caller.record("StopLogging"), failed=True)
    assert scene.contained() == set()


# ---- settings --------------------------------------------------------------------------------------

@pytest.mark.parametrize("settings,said", [
    ({"TRAILWARDEN_BUCKETS": None}, "TRAILWARDEN_BUCKETS is not set"),
    ({"TRAILWARDEN_BUCKETS": " , "}, "TRAILWARDEN_BUCKETS"),
    ({"TRAILWARDEN_TABLE": None}, "TRAILWARDEN_TABLE is not set"),
    ({"TRAILWARDEN_CONTAINMENT": "AUTO"}, "off, dry-run, approval, auto"),
])
def test_settings_without_which_it_does_not_start(scene, start, settings, said):
    config = scene.folder / "c.yml"
    config.write_text(CONFIG)
    f = start(**{"TRAILWARDEN_TABLE": scene.table, "TRAILWARDEN_CONTAINMENT": "auto",
                 "TRAILWARDEN_CONFIG": config, "TRAILWARDEN_BUCKETS": scene.stage.bucket,
                 **settings})
    assert f.exit_code() != 0 and said in "\n".join(f.lines)


def test_a_configuration_alone_does_nothing(scene):
    scene.begin(mode=None)
    caller = scene.make_user("caller")
    scene.deliver(caller.record("StopLogging"))
    assert scene.contained() == set() and scene.told("containment") == []


# ---- alerts of several people ----------------------------------------------------------------------

TOGETHER = f"""\
title: Looked and stopped from one address
id: {ANY}
author: trailwarden
level: critical
correlation:
  type: temporal
  rules: [looked, stopped]
  group-by: [sourceIPAddress]
  timespan: 10m
---
title: Looked
id: 5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b0a
name: looked
level: informational
logsource: {{product: aws, service: cloudtrail}}
detection:
  s: {{eventName: DescribeInstances}}
  condition: s
---
title: Stopped
id: 5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3b0b
name: stopped
level: informational
logsource: {{product: aws, service: cloudtrail}}
detection:
  s: {{eventName: StopLogging}}
  condition: s
"""


def test_whoever_shares_an_address_with_an_intruder(scene):
    """The alert's events are of two people, the first an innocent one: nobody decides that alone."""
    (scene.rules / "any.yml").write_text(TOGETHER)
    scene.begin()
    innocent, intruder = scene.make_user("innocent"), scene.make_user("intruder")
    scene.deliver(innocent.record("DescribeInstances", -60), intruder.record("StopLogging"))
    assert scene.contained() <= {intruder.name}
    [alert] = [m for m in scene.told("alert") if m["rule"]["id"] == ANY]
    [plan] = alert["containment"]
    assert (plan["mode"], plan["why"]) == ("approval", "ask-unsure")


def test_who_signs_in_after_others_failed_in_his_name(scene):
    """Whoever guesses passwords could have their owner shut out: a person is asked."""
    scene.begin()
    victim = scene.make_user("victim")
    called = victim.record("StopLogging", -60)
    scene.deliver(signed_in(called, {"ConsoleLogin": "Failure"}),
                  signed_in(victim.record("StopLogging"), {"ConsoleLogin": "Success"}))
    assert scene.contained() == set()
    [alert] = [m for m in scene.told("alert") if m["rule"]["id"] == ANY]
    [plan] = alert["containment"]
    assert (plan["mode"], plan["why"]) == ("approval", "ask-unsure")
