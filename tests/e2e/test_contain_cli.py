"""trailwarden contain, contained and release: a person's commands, against moto with IAM enforced
and boto3 as whoever is contained. What moto does not enforce (inactive keys, conditions, boundaries)
is looked up instead of tried; tests/conformance proves the conditions."""
import copy
import json
import os
import subprocess
import time
import uuid
from pathlib import Path

import botocore.exceptions
import pytest

from support.dynamodb_local import make_table
from support.moto import MOTO_ACCOUNT, REGION, Moto
from support.strict_aws import KEY, SECRET, TOKEN
from support.strict_iam import OTHER, OWN, StrictIam
from support.terminal import Terminal
from test_cli import BINARY, record, run, write_log

pytestmark = pytest.mark.timeout(300)

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
MFA = f"arn:aws:iam::{OWN}:mfa/phone"
DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"
POWER = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:*", "iam:*", "ec2:*", "dynamodb:*"], "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole",
     "Principal": {"AWS": f"arn:aws:iam::{MOTO_ACCOUNT}:user/admin"}}]})
DONE, USAGE, FAILED, REFUSED = 0, 2, 4, 5


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto") / "log", MOTO_IAM_LOAD_MANAGED_POLICIES="true")
    yield server
    server.close()


class Commands:
    """An operator with credentials and a state."""

    def __init__(self, folder, env):
        self.folder, self.state = folder, folder / "state.db"
        self.state.touch()
        self.env = {"AWS_REGION": REGION, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **env}

    def run(self, *arguments):
        result = run(arguments[0], "--state", self.state, *arguments[1:], env=self.env)
        result.out, result.err = result.stdout.decode(), result.stderr.decode()
        return result

    def terminal(self, *arguments):
        return Terminal([BINARY, arguments[0], "--state", self.state, *map(str, arguments[1:])],
                        self.env)

    def records(self, *arguments):
        result = self.run("contained", "--format", "jsonl", *arguments)
        assert result.returncode == DONE, result.err
        return [json.loads(line) for line in result.out.splitlines()]


class Scene(Commands):
    """An administrator of moto, and people to contain."""

    def __init__(self, cloud, folder):
        self.cloud = cloud
        self.iam, self.sts = cloud.client("iam"), cloud.client("sts")
        key = cloud.admin.get_credentials()
        super().__init__(folder, {"AWS_ACCESS_KEY_ID": key.access_key,
                                  "AWS_SECRET_ACCESS_KEY": key.secret_key,
                                  "AWS_ENDPOINT_URL": cloud.url})

    def make_user(self, path="/"):
        """A user who may do a lot, with a key; its session."""
        name = "dev." + uuid.uuid4().hex[:8]
        arn = self.iam.create_user(UserName=name, Path=path)["User"]["Arn"]
        self.iam.put_user_policy(UserName=name, PolicyName="power", PolicyDocument=POWER)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return name, arn, self.cloud.session(key)

    def make_role(self):
        name = "role." + uuid.uuid4().hex[:8]
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.iam.put_role_policy(RoleName=name, PolicyName="power", PolicyDocument=POWER)
        session = self.sts.assume_role(RoleArn=arn, RoleSessionName="work")
        return name, session["AssumedRoleUser"]["Arn"], self.cloud.session(session["Credentials"])

    def may(self, session):
        """Which of four services still take calls of the session."""
        calls = {"s3": "list_buckets", "iam": "list_users", "ec2": "describe_instances",
                 "dynamodb": "list_tables"}
        good = set()
        for service, call in calls.items():
            try:
                getattr(self.cloud.client(service, session), call)()
                good.add(service)
            except botocore.exceptions.ClientError as e:
                assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 403, e
        return good

    def attached(self, name):
        return [p["PolicyArn"] for p in
                self.iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]]

    def keys(self, name):
        return {k["AccessKeyId"]: k["Status"] for k in
                self.iam.list_access_keys(UserName=name)["AccessKeyMetadata"]}


ALL = {"s3", "iam", "ec2", "dynamodb"}


@pytest.fixture
def scene(cloud, tmp_path):
    return Scene(cloud, tmp_path)


class StrictScene(Commands):
    """The same against the strict model of IAM, which knows what moto does not: all that a user may
    have, and what must go before he may."""

    def __init__(self, aws, folder):
        self.aws, self.account = aws, aws.accounts[OWN]
        aws.keys[KEY] = (SECRET, TOKEN, None)
        super().__init__(folder, {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                                  "AWS_SESSION_TOKEN": TOKEN, "AWS_ENDPOINT_URL": aws.url})

    def full_user(self, name, path, account=None):
        user = (account or self.account).user(name, path)
        user.attached = [ADMIN]
        user.inline = {"own+=,.@": POWER, "other": '{"Statement": ["a+b %26 é"]}'}
        user.keys = {"AKIA" + "A" * 16: "Active", "AKIA" + "B" * 16: "Inactive"}
        user.tags = {"team": "blue & <green>"}
        user.password = "x"
        user.groups, user.mfa = ["admins", "devs"], [MFA]
        user.certificates, user.ssh = ["C" * 24], ["APKA" + "D" * 16]
        user.specific = ["ACCA" + "E" * 17]
        return user


@pytest.fixture
def strict(tmp_path):
    server = StrictIam()
    yield StrictScene(server, tmp_path)
    server.close()


# ---- contain, list, release ----

def test_a_user_is_contained_listed_and_released(scene):
    name, arn, session = scene.make_user("/team/")
    other_name, _, other = scene.make_user()
    assert scene.may(session) == ALL
    made = scene.run("contain", "--yes", arn)
    assert made.returncode == DONE, made.err
    assert f"{arn}: contained" in made.out and f"trailwarden release '{arn}'" in made.out
    assert scene.may(session) == set() and scene.may(other) == ALL
    assert scene.attached(name) == [DENY_ALL]
    assert set(scene.keys(name).values()) == {"Inactive"}
    [listed] = scene.records()
    assert (listed["state"], listed["principal"]) == ("contained", arn)
    assert listed["by"] == f"arn:aws:iam::{MOTO_ACCOUNT}:user/admin"
    whole = json.loads(scene.run("contained", "--format", "record", arn).out)
    assert "AttachUserPolicy" in {c["action"] for c in whole["calls"]} and whole["before"]["keys"]
    shown = scene.run("contained", "--format", "text").out
    assert arn in shown and f"attach {DENY_ALL}" in shown and "undo" in shown

    back = scene.run("release", "--yes", arn)
    assert back.returncode == DONE, back.err + back.out
    assert scene.may(session) == ALL and scene.attached(name) == []
    assert set(scene.keys(name).values()) == {"Active"}
    assert scene.records() == [] and scene.records("--all")[0]["state"] == "released"
    assert scene.attached(other_name) == []


def test_a_session_is_shut_by_its_role(scene):
    name, arn, session = scene.make_role()
    assert scene.may(session) == ALL
    assert scene.run("contain", "--yes", arn).returncode == DONE
    assert scene.may(session) == set()
    [role] = [r["principal"] for r in scene.records()]
    assert role == f"arn:aws:iam::{MOTO_ACCOUNT}:role/{name}"
    assert scene.run("release", "--yes", role).returncode == DONE
    assert scene.may(session) == ALL


def test_a_dry_run_shows_and_changes_nothing(scene):
    name, arn, session = scene.make_user()
    shown = scene.run("contain", "--dry-run", arn)
    assert shown.returncode == DONE
    assert f"attach {DENY_ALL}" in shown.out and "all access keys" in shown.out
    assert scene.may(session) == ALL and scene.attached(name) == []
    assert scene.records("--all") == []
    assert scene.run("contain", "--yes", arn).returncode == DONE
    assert scene.run("release", "--dry-run", arn).returncode == DONE
    assert scene.may(session) == set() and len(scene.records()) == 1


@pytest.mark.parametrize("strategy, on_user, left", [
    ("deny-all", {"attached": [DENY_ALL]}, set()),
    ("deny-inline", {"inline": ["power", "trailwarden-deny-all"]}, set()),
    ("keys-off", {"keys": {"Inactive"}}, None),
    ("tag", {"tags": {"ir-contained": "true"}}, None),
])
def test_a_strategy_that_is_asked_for_alone(scene, strategy, on_user, left):
    name, arn, session = scene.make_user()

    def look():
        return {"attached": scene.attached(name),
                "inline": sorted(scene.iam.list_user_policies(UserName=name)["PolicyNames"]),
                "keys": set(scene.keys(name).values()),
                "tags": {t["Key"]: t["Value"] for t in
                         scene.iam.list_user_tags(UserName=name)["Tags"]}}

    before = look()
    assert scene.run("contain", "--yes", "--strategy", strategy, arn).returncode == DONE
    assert look() == {**before, **on_user}
    if left is not None:
        assert scene.may(session) == left
    assert scene.run("release", "--yes", arn).returncode == DONE
    assert look() == before and scene.may(session) == ALL


def test_keys_may_stay_off(scene):
    name, arn, _ = scene.make_user()
    assert scene.run("contain", "--yes", arn).returncode == DONE
    assert scene.run("release", "--yes", "--keep-keys", arn).returncode == DONE
    assert scene.attached(name) == [] and set(scene.keys(name).values()) == {"Inactive"}
    assert scene.run("release", "--yes", arn).returncode == DONE
    assert set(scene.keys(name).values()) == {"Active"}
    again = scene.run("release", "--yes", arn)
    assert again.returncode == REFUSED and "nothing of ours" in again.out


def test_twice_is_once(scene):
    _, arn, _ = scene.make_user()
    assert scene.run("contain", "--yes", arn).returncode == DONE
    again = scene.run("contain", "--yes", arn)
    assert again.returncode == DONE and "contained already" in again.out
    assert len(scene.records("--all")) == 1


# ---- the table, as the function has it ----

def test_the_functions_table_and_a_kill_switch_that_needs_nothing_of_ours(scene):
    """The item is written as docs/containment.md writes it with the AWS command line."""
    _, arn, session = scene.make_user()
    table = make_table(scene.cloud.client("dynamodb"))
    scene.env["TRAILWARDEN_TABLE"] = table

    def at_table(*arguments):
        return run(*arguments, env=scene.env)

    scene.cloud.client("dynamodb").put_item(TableName=table, Item={
        "pk": {"S": "w#" + b"containment-stop".hex()}, "sk": {"S": "c"}, "v": {"N": "1"},
        "c": {"B": b"stop"}, "expires": {"N": "4102444800"}})
    assert at_table("contain", "--yes", arn).returncode == REFUSED
    assert scene.may(session) == ALL
    assert at_table("contain", "--resume").returncode == DONE
    assert at_table("contain", "--yes", arn).returncode == DONE
    assert scene.may(session) == set()
    [listed] = [json.loads(line) for line in at_table("contained").stdout.splitlines()]
    assert (listed["principal"], listed["state"]) == (arn, "contained")
    assert at_table("release", "--yes", arn).returncode == DONE
    assert scene.may(session) == ALL and at_table("contained").stdout == b""


# ---- incidents ----

RULE = """\
title: A user was made
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a21
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventName: CreateUser}
  condition: s
"""


def test_an_incident_takes_along_whom_the_intruder_made(scene, tmp_path):
    name, arn, session = scene.make_user()
    made = scene.cloud.client("iam", session).create_user(UserName=name + ".b")["User"]
    scene.iam.put_user_policy(UserName=name + ".b", PolicyName="power", PolicyDocument=POWER)
    theirs = scene.cloud.session(
        scene.iam.create_access_key(UserName=name + ".b")["AccessKey"])
    _, bystander_arn, bystander = scene.make_user()
    who = {"type": "IAMUser", "accountId": MOTO_ACCOUNT, "arn": arn, "userName": name,
           "principalId": scene.iam.get_user(UserName=name)["User"]["UserId"]}
    recently = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600))
    write_log(tmp_path / "logs/a.json", record(
        1, eventName="CreateUser", eventTime=recently, eventSource="iam.amazonaws.com", userIdentity=who,
        recipientAccountId=MOTO_ACCOUNT, requestParameters={"userName": name + ".b"},
        responseElements={"user": {"userId": made["UserId"], "userName": made["UserName"],
                                   "arn": made["Arn"]}}))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yml").write_text(RULE)
    scene.state.unlink()
    told = run("scan", "-r", tmp_path / "rules", "--emit", "incidents", "--state", scene.state,
               tmp_path / "logs")
    incident = json.loads(told.stdout)["id"]

    assert scene.run("contain", "--dry-run", "--incident", incident).returncode == DONE
    assert scene.may(session) == ALL
    done = scene.run("contain", "--yes", "--incident", incident)
    assert done.returncode == DONE, done.out + done.err
    assert scene.may(session) == set() and scene.may(theirs) == set()
    assert scene.may(bystander) == ALL and bystander_arn not in done.out
    shown = run("incidents", "-r", tmp_path / "rules", "--state", scene.state, "--format", "text")
    assert b"2 contained" in shown.stdout
    in_full = run("incidents", "-r", tmp_path / "rules", "--state", scene.state, incident)
    assert {(c["principal"], c["state"]) for c in json.loads(in_full.stdout)["containment"]} == {
        (arn, "contained"), (made["Arn"], "contained")}
    assert scene.run("release", "--yes", "--incident", incident).returncode == DONE
    assert scene.may(session) == ALL and scene.may(theirs) == ALL
    assert scene.records() == []


def test_an_incident_names_who_cannot_be_contained(scene, tmp_path):
    """Root made the user: the user is contained, and of root is said what is left to do."""
    name, arn, session = scene.make_user()
    root = f"arn:aws:iam::{MOTO_ACCOUNT}:root"
    recently = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600))
    user = scene.iam.get_user(UserName=name)["User"]
    write_log(tmp_path / "logs/a.json", record(
        1, eventName="CreateUser", eventTime=recently, eventSource="iam.amazonaws.com",
        userIdentity={"type": "Root", "principalId": MOTO_ACCOUNT, "accountId": MOTO_ACCOUNT,
                      "arn": root},
        recipientAccountId=MOTO_ACCOUNT, requestParameters={"userName": name},
        responseElements={"user": {"userId": user["UserId"], "userName": name, "arn": arn}}))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yml").write_text(RULE)
    scene.state.unlink()
    told = run("scan", "-r", tmp_path / "rules", "--emit", "incidents", "--state", scene.state,
               tmp_path / "logs")
    done = scene.run("contain", "--yes", "--incident", json.loads(told.stdout)["id"])
    assert done.returncode == REFUSED, done.out + done.err
    assert f"{root} will not be contained: " in done.out and "change its password" in done.out
    assert scene.may(session) == set()


# ---- rails and usage ----

def test_the_operator_himself_is_refused(scene):
    result = scene.run("contain", "--yes", f"arn:aws:iam::{MOTO_ACCOUNT}:user/admin")
    assert result.returncode == REFUSED and "the one that would act" in result.out
    assert scene.records("--all") == [] and scene.attached("admin") == []


def test_break_glass_is_refused_under_any_spelling(scene):
    name, arn, session = scene.make_user()
    (scene.folder / "config.yml").write_text(f"containment:\n  break_glass: ['{arn}']\n")
    for spelt in (arn, arn.replace(name, name.upper())):
        result = scene.run("contain", "--yes", "--config", scene.folder / "config.yml", spelt)
        assert result.returncode == REFUSED and "break-glass" in result.out
    assert scene.may(session) == ALL


@pytest.mark.parametrize("principal, says", [
    (f"arn:aws:iam::{MOTO_ACCOUNT}:user/nobody", "no such principal"),
    (f"arn:aws:iam::{MOTO_ACCOUNT}:root", "root"),
    ("arn:aws:iam::999988887777:user/dev", "the account is not configured"),
    (f"arn:aws-cn:iam::{MOTO_ACCOUNT}:user/dev", "partition"),
    (f"arn:aws:sts::{MOTO_ACCOUNT}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ana",
     "Identity Center"),
    ("dev", ""),
])
def test_who_cannot_be_contained_is_told_why(scene, principal, says):
    result = scene.run("contain", "--yes", principal)
    assert result.returncode == REFUSED and says in result.out, result.out
    assert "By hand" not in result.out  # the same command would be refused again
    assert scene.records("--all") == []


def test_the_kill_switch_stops_and_lets_go_on(scene):
    _, arn, session = scene.make_user()
    _, earlier, _ = scene.make_user()
    assert scene.run("contain", "--yes", earlier).returncode == DONE
    assert scene.run("contain", "--stop").returncode == DONE
    stopped = scene.run("contain", "--yes", arn)
    assert stopped.returncode == REFUSED and "kill switch" in stopped.err
    assert scene.may(session) == ALL
    assert "kill switch" in scene.run("contained").err
    assert scene.run("release", "--yes", earlier).returncode == DONE
    assert scene.run("contain", "--resume").returncode == DONE
    assert scene.run("contain", "--yes", arn).returncode == DONE
    assert scene.may(session) == set()


@pytest.mark.parametrize("arguments, says", [
    (["contain"], "name one of"),
    (["contain", "a", "b"], "one principal at a time"),
    (["contain", "a", "--incident", "0" * 32], "name one of"),
    (["contain", "--incident", "abc", "--yes"], "no incident's id"),
    (["contain", "--incident", "0" * 32, "--yes"], "no such incident"),
    (["contain", "--approval", "0" * 32 + "-1", "--yes"], "approval"),
    (["contain", "--approval", "x", "--yes"], "approval"),
    (["contain", "--strategy", "magic", "a"], "no strategy magic"),
    (["contain", "--stop", "--resume"], "name one of"),
    (["contain", "--stop", "--dry-run"], "are for those to contain"),
    (["release"], "name one principal"),
    (["release", "--yes", f"arn:aws:iam::{MOTO_ACCOUNT}:user/nobody"], "on record"),
    (["release", "--yes", "--incident", "0" * 32], "nobody is contained"),
    (["contained", "--format", "csv"], "csv is not available"),
])
def test_wrong_usage(scene, arguments, says):
    result = scene.run(*arguments)
    assert result.returncode == USAGE and says in result.err, result.err + result.out


def test_a_broken_configuration_contains_nobody(scene):
    _, arn, session = scene.make_user()
    (scene.folder / "config.yml").write_text("containment:\n  break_glas: []\n")
    result = scene.run("contain", "--yes", "--config", scene.folder / "config.yml", arn)
    assert result.returncode == USAGE and "break_glas" in result.err
    assert scene.may(session) == ALL


def test_without_credentials_nothing_is_done(scene):
    _, arn, session = scene.make_user()
    scene.env.update(AWS_ACCESS_KEY_ID="AKIANOBODYXXXXXXXXXX")
    assert scene.run("contain", "--yes", arn).returncode == FAILED
    assert scene.may(session) == ALL


def test_somebody_else_detached_it(scene):
    """What is not there any more is not taken back, and that is no failure; what was there before
    stays."""
    name, arn, session = scene.make_user()
    scene.iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    assert scene.run("contain", "--yes", arn).returncode == DONE
    scene.iam.detach_user_policy(UserName=name, PolicyArn=DENY_ALL)
    assert scene.run("release", "--yes", arn).returncode in (DONE, REFUSED)
    assert scene.attached(name) == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    assert scene.may(session) == ALL


def test_what_somebody_changed_since_is_left_unless_forced(scene):
    name, arn, session = scene.make_user()
    ours = {"UserName": name, "PolicyName": "trailwarden-deny-all"}
    assert scene.run("contain", "--yes", "--strategy", "deny-inline", arn).returncode == DONE
    scene.iam.put_user_policy(PolicyDocument=POWER, **ours)
    left = scene.run("release", "--yes", arn)
    assert left.returncode == REFUSED and "kept" in left.out, left.out
    assert scene.iam.get_user_policy(**ours)["PolicyDocument"] == json.loads(POWER)
    assert scene.run("release", "--yes", "--force", arn).returncode == DONE
    assert scene.iam.list_user_policies(UserName=name)["PolicyNames"] == ["power"]
    assert scene.may(session) == ALL


def test_what_cannot_be_taken_back_is_told(strict):
    """A login profile's password is lost; the record says so, and release leaves the rest as it was."""
    user = strict.full_user("ann", "/")
    assert strict.run("contain", "--yes", "--strategy", "console-off", user.arn).returncode == DONE
    assert user.password is None
    [record] = strict.records()
    assert "the old password is lost" in record["steps"][0]["undo"]
    back = strict.run("release", "--yes", user.arn)
    assert back.returncode in (DONE, REFUSED) and "password" in back.out
    assert user.attached == [ADMIN] and user.keys["AKIA" + "A" * 16] == "Active"


# ---- at a terminal ----

def test_ways_in_are_cut_and_opened_again(strict):
    """In the region that the ARN names, which is not the operator's."""
    role, account, uuid_ = strict.account.role("web"), OWN, "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    instance, profile = "i-0a1b2c3d4e5f60718", f"arn:aws:iam::{OWN}:instance-profile/machines"
    aws = strict.aws
    aws.instances[instance] = ("iip-assoc-0a1b2c3d4e5f60718", profile)
    aws.anchors[uuid_] = aws.profiles[uuid_] = True
    ways = [(f"ec2:ap-south-1:{account}:instance/{instance}", lambda: instance in aws.instances),
            (f"rolesanywhere:ap-south-1:{account}:trust-anchor/{uuid_}", lambda: aws.anchors[uuid_]),
            (f"rolesanywhere:ap-south-1:{account}:profile/{uuid_}", lambda: aws.profiles[uuid_])]
    for target, is_open in ways:
        result = strict.run("contain", role.arn, "--yes", "--strategy", "entry-cut", "--target",
                            "arn:aws:" + target)
        assert (result.returncode, is_open()) == (DONE, False), (target, result.out, result.err)
    asked = [e["headers"]["authorization"] for e in aws.asked()]
    assert not [a for a in asked if ("/ec2/" in a or "/rolesanywhere/" in a)
                and "/ap-south-1/" not in a]
    result = strict.run("release", role.arn, "--yes")
    assert result.returncode == DONE, result.err
    assert all(is_open() for _, is_open in ways)
    assert aws.instances[instance][1] == profile


def test_nobody_at_a_terminal_confirms_nothing(scene):
    _, arn, session = scene.make_user()
    result = subprocess.run([BINARY, "contain", "--state", scene.state, arn], env=scene.env,
                            input=b"yes\n", capture_output=True, timeout=60)
    assert result.returncode == USAGE and b"say --yes" in result.stderr
    assert scene.may(session) == ALL


@pytest.mark.parametrize("typed, code", [("yes", DONE), ("y", REFUSED), ("", REFUSED)])
def test_a_person_is_asked(scene, typed, code):
    _, arn, session = scene.make_user()
    at = scene.terminal("contain", arn)
    at.expect("Type yes: ")
    assert f"attach {DENY_ALL}" in at.seen
    at.type(typed)
    assert at.end() == code
    assert scene.may(session) == (set() if code == DONE else ALL)


def delete(scene, backup, arn, typed):
    """Deletes the user at a terminal, and what was seen there."""
    at = scene.terminal("contain", "--strategy", "delete-user", "--backup", backup, arn)
    at.expect("to delete him: ")
    at.type(typed)
    return at.end(), at.seen


def test_deleting_a_user_needs_his_name_and_a_backup(strict, tmp_path):
    user = strict.full_user("ann+b=c,d.e@f_g-h", "/team/")
    before = copy.deepcopy(vars(user))
    backup = tmp_path / "backup.json"
    command = ["contain", "--strategy", "delete-user", user.arn]
    assert "needs --backup" in strict.run(*command, "--yes").err
    unconfirmed = strict.run(*command, "--yes", "--backup", backup)
    assert unconfirmed.returncode == USAGE and "terminal" in unconfirmed.err
    assert delete(strict, backup, user.arn, "yes")[0] == REFUSED and not backup.exists()
    assert vars(user) == before and strict.records("--all") == []

    code, seen = delete(strict, backup, user.arn, user.name)
    assert code == DONE, seen
    assert strict.account.users == {}
    assert backup.stat().st_mode & 0o777 == 0o600
    kept = json.loads(backup.read_text())
    for part in (user.id, "/team/", ADMIN, "own+=,.@", "admins", MFA, "AKIA" + "A" * 16,
                 "C" * 24, "APKA" + "D" * 16, "ACCA" + "E" * 17, "team", "blue & <green>"):
        assert part in json.dumps(kept), part
    assert "a+b %26" in json.dumps(kept)  # what a policy says, not only its name
    [record] = strict.records("--all")
    assert "nothing can take it back" in [s["undo"] for s in record["steps"]]


def test_a_user_whose_backup_cannot_be_written_stays(strict, tmp_path):
    user = strict.full_user("ann", "/")
    before = copy.deepcopy(vars(user))
    (tmp_path / "backup.json").write_text("mine")
    code, _ = delete(strict, tmp_path / "backup.json", user.arn, "ann")
    assert code == FAILED and (tmp_path / "backup.json").read_text() == "mine"
    assert vars(user) == before


def test_a_member_accounts_user_by_the_responder_there(strict, tmp_path):
    """And not with another external id, nor when the configuration names no role."""
    user = strict.full_user("ann", "/", strict.aws.accounts[OTHER])
    strict.aws.accounts[OTHER].role("responder", "/team/").trusted_by = (OWN, "e/1+")
    config = tmp_path / "config.yml"
    contain = ["contain", "--yes", "--config", config, user.arn]

    def configure(account):
        config.write_text(f"containment:\n  accounts:\n    '{OWN}': {{}}\n"
                          f"    '{OTHER}': {account}\n")

    configure("{}")
    refused = strict.run(*contain)
    assert refused.returncode == REFUSED and "no role is configured" in refused.out
    configure("{role: team/responder, external_id: 'other'}")
    assert strict.run(*contain).returncode == FAILED and user.attached == [ADMIN]
    configure("{role: team/responder, external_id: 'e/1+'}")
    assert strict.run(*contain).returncode == DONE
    assert user.attached == [ADMIN, DENY_ALL] and "Active" not in user.keys.values()
    assert strict.run("release", "--yes", "--config", config, user.arn).returncode == DONE
    assert user.attached == [ADMIN] and user.keys["AKIA" + "A" * 16] == "Active"


def test_a_key_is_rotated_onto_the_terminal(scene):
    name, arn, session = scene.make_user()
    old = session.get_credentials().access_key
    rotate = ["contain", "--strategy", "rotate-key", "--target", old, arn]
    assert "at a terminal only" in scene.run(*rotate, "--yes").err
    at = scene.terminal(*rotate)
    at.expect("get a new one: ")
    at.type(old)
    assert at.end() == DONE, at.seen
    [line] = [line for line in at.seen.splitlines() if line.startswith('{"AccessKeyId"')]
    new = json.loads(line)
    assert scene.keys(name) == {old: "Inactive", new["AccessKeyId"]: "Active"}
    assert scene.may(scene.cloud.session(new)) == ALL
    secret = new["SecretAccessKey"]
    assert secret not in json.dumps(scene.records("--all"))
    assert secret.encode() not in Path(scene.state).read_bytes()


def test_a_key_is_rotated_into_secrets_manager(scene):
    name, arn, session = scene.make_user()
    old = session.get_credentials().access_key
    at = scene.terminal("contain", "--strategy", "rotate-key", "--target", old, "--secret",
                        f"ir/{name}", arn)
    at.expect("get a new one: ")
    at.type(old)
    assert at.end() == DONE, at.seen
    stored = json.loads(scene.cloud.client("secretsmanager").get_secret_value(
        SecretId=f"ir/{name}")["SecretString"])
    assert scene.keys(name) == {old: "Inactive", stored["AccessKeyId"]: "Active"}
    assert stored["SecretAccessKey"] not in at.seen
    assert scene.may(scene.cloud.session(stored)) == ALL


# ---- self-test ----

def test_the_self_test_proves_it_and_leaves_nothing(scene):
    before = scene.iam.list_users()["Users"]
    result = scene.run("contain", "--self-test", "--yes")
    assert result.returncode == DONE, result.err
    assert [line[:2] for line in result.out.splitlines()] == ["1.", "2.", "3.", "4."]
    assert scene.iam.list_users()["Users"] == before
    [kept] = scene.records("--all")
    assert kept["state"] == "released"
    assert "user/trailwarden-self-test-" in kept["principal"]


def test_the_self_test_says_what_containment_does_not_do(scene):
    """A configuration that contains nobody's calls fails, and what was made is removed."""
    (scene.folder / "config.yml").write_text("containment:\n  accounts:\n"
                                             "    '999988887777': {role: responder}\n")
    before = scene.iam.list_users()["Users"]
    result = scene.run("contain", "--self-test", "--yes", "--config", scene.folder / "config.yml")
    assert result.returncode == FAILED and "the account is not configured" in result.err
    assert scene.iam.list_users()["Users"] == before
