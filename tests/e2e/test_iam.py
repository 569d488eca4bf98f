"""port_iam (adapters/iam.c) against a strict model of IAM: every call, every shape of answer, what
passes and what does not, other accounts. Promises P2, P5 and P6 are what these tests are about."""
import hashlib
import json
import time
import urllib.parse

import pytest

from support.aws_driver import drive  # noqa: F401 (a fixture)
from support.strict_aws import KEY, SECRET, TOKEN
from support.strict_iam import OTHER, OWN, StrictIam

DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
DENY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
ODD = "a+b=c,d.e@f_g-h"  # every letter that a name may have
UUID = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
INSTANCE = "i-0a1b2c3d4e5f60718"
MFA = f"arn:aws:iam::{OWN}:mfa/phone"
ATTEMPTS = 5  # AWS_ATTEMPTS_MAX
THERE = {"account": OTHER, "role": "team/responder", "external_id": "e/1 +"}


@pytest.fixture
def aws():
    server = StrictIam()
    server.keys[KEY] = (SECRET, TOKEN, None)
    yield server
    server.close()


@pytest.fixture
def iam(drive):
    """iam(ACTION, account=.., role=.., other members of iam_at or iam_call)"""
    driver = drive(AWS_SESSION_TOKEN=TOKEN)

    def call(action, **arguments):
        at = {"partition": "aws", "account": OWN}
        at |= {k: arguments.pop(k) for k in list(arguments)
               if k in ("partition", "account", "role", "external_id", "region", "key_id", "with_")}
        if "with_" in at:
            at["secret"] = at.pop("with_")
        return driver("iam", action=action, at=at, **arguments)

    call.driver = driver
    return call


@pytest.fixture
def ann(aws):
    """A user with everything, by a name with every letter, under a path."""
    user = aws.accounts[OWN].user(ODD, "/division/ops/")
    user.attached = [ADMIN]
    user.inline = {"own+=,.@": DENY, "other": '{"Statement": ["a+b %26 é"]}'}
    user.keys = {"AKIA" + "A" * 16: "Active", "AKIA" + "B" * 16: "Inactive"}
    user.tags = {"team": "blue & <green>"}
    user.password = "x"
    user.groups, user.mfa = ["admins", "devs"], [MFA]
    user.certificates, user.ssh, user.specific = ["C" * 24], ["APKA" + "D" * 16], ["ACCA" + "E" * 17]
    return user


@pytest.fixture
def dev(aws):
    role = aws.accounts[OWN].role("dev", "/team/")
    role.attached = [ADMIN]
    return role


def asked(aws):
    """The forms since the last call, without those that ask who we are."""
    forms = [dict(urllib.parse.parse_qsl(e["body"])) for e in aws.asked()]
    return [f for f in forms if f.get("Action") != "GetCallerIdentity"]


def actions(aws):
    return [f.get("Action") for f in asked(aws)]


def is_done(answer):
    return answer["ok"] and answer["result"] == "ok" and answer["code"] == ""


# Reads.

def test_caller(iam):
    answer = iam("GetCallerIdentity")
    assert (answer["account"], answer["id"]) == (OWN, "AROAEXAMPLE:s")
    assert answer["arn"] == f"arn:aws:sts::{OWN}:assumed-role/function/s"


def test_caller_without_an_account(iam):
    assert iam.driver("iam", action="GetCallerIdentity")["account"] == OWN


def test_user(iam, ann):
    answer = iam("GetUser", name=ODD)
    assert {k: answer[k] for k in ("name", "id", "path", "arn")} == {
        "name": ODD, "id": ann.id, "path": "/division/ops/", "arn": ann.arn}
    assert [(i["name"], i["value"]) for i in answer["items"]] == [("team", "blue & <green>")]
    assert "boundary" not in answer and "trust" not in answer


def test_role(iam, dev):
    dev.boundary, dev.trust = DENY_ALL, '{"Statement": ["a+b %26 é\n"]}'
    answer = iam("GetRole", name="dev")
    assert (answer["id"], answer["boundary"], answer["path"]) == (dev.id, DENY_ALL, "/team/")
    assert answer["trust"] == dev.trust and answer["items"] == []


@pytest.mark.parametrize("action, want", [
    ("ListAttachedUserPolicies", [("AdministratorAccess", ADMIN)]),
    ("ListUserPolicies", [("own+=,.@", None), ("other", None)]),
    ("ListAccessKeys", [(None, "AKIA" + "A" * 16), (None, "AKIA" + "B" * 16)]),
    ("ListGroupsForUser", [("admins", None), ("devs", None)]),
    ("ListMFADevices", [(None, MFA)]),
    ("ListSigningCertificates", [(None, "C" * 24)]),
    ("ListSSHPublicKeys", [(None, "APKA" + "D" * 16)]),
    ("ListServiceSpecificCredentials", [("codecommit.amazonaws.com", "ACCA" + "E" * 17)])])
@pytest.mark.parametrize("page", [100, 1])
def test_lists(aws, iam, ann, action, want, page):
    aws.small_pages = page
    answer = iam(action, name=ODD)
    assert [(i.get("name"), i.get("id")) for i in answer["items"]] == want
    assert len(asked(aws)) == (len(want) if page == 1 else 1)


def test_keys_tell_their_status(iam, ann):
    assert [i["active"] for i in iam("ListAccessKeys", name=ODD)["items"]] == [True, False]


def test_many_pages(aws, iam, dev):
    dev.attached = [f"arn:aws:iam::{OWN}:policy/p{i}" for i in range(25)]
    aws.small_pages = 7
    assert [i["id"] for i in iam("ListAttachedRolePolicies", name="dev")["items"]] == dev.attached
    assert len(asked(aws)) == 4


def test_pages_without_end(aws, iam, dev):
    page = ("<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames/>"
            "<IsTruncated>true</IsTruncated><Marker>m</Marker></ListRolePoliciesResult>"
            "</ListRolePoliciesResponse>")
    iam("GetRole", name="dev")
    aws.script = [{"raw": page}] * 150
    answer = iam("ListRolePolicies", name="dev")
    assert answer["result"] == "broken" and "100 pages" in answer["error"]


def test_a_page_that_fails_is_asked_again(aws, iam, ann):
    aws.small_pages = 1
    iam("GetUser", name=ODD)
    aws.script = [{}, {"status": 503}, {"close": True}]
    assert len(iam("ListUserPolicies", name=ODD)["items"]) == 2


@pytest.mark.parametrize("name", ["own+=,.@", "other"])
def test_inline_policies_as_they_were_put(iam, ann, name):
    assert iam("GetUserPolicy", name=ODD, policy=name)["document"] == ann.inline[name]


def test_owner_of_a_key(iam, ann):
    assert iam("GetAccessKeyLastUsed", id="AKIA" + "A" * 16)["name"] == ODD
    assert iam("GetAccessKeyLastUsed", id="AKIA" + "Z" * 16)["result"] == "denied"


def test_console(iam, ann):
    ann.reset = True
    assert iam("GetLoginProfile", name=ODD)["active"] is True
    ann.password = None
    answer = iam("GetLoginProfile", name=ODD)
    assert (answer["result"], answer["code"]) == ("no such", "NoSuchEntity")


# Writes: each is made twice, and the second changes nothing.

def snapshot(who):
    return json.dumps({k: v for k, v in vars(who).items()}, sort_keys=True)


USER_WRITES = [
    ("AttachUserPolicy", {"policy": DENY_ALL}, lambda u: u.attached == [ADMIN, DENY_ALL], "ok"),
    ("DetachUserPolicy", {"policy": ADMIN}, lambda u: u.attached == [], "no such"),
    ("PutUserPolicy", {"policy": "trailwarden-deny-all", "document": DENY},
     lambda u: u.inline.get("trailwarden-deny-all") == DENY, "ok"),
    ("PutUserPolicy", {"policy": ODD, "document": '{"Statement":["a+b %26 é&=\\n"]}'},
     lambda u: u.inline.get(ODD) == '{"Statement":["a+b %26 é&=\\n"]}', "ok"),
    ("DeleteUserPolicy", {"policy": "own+=,.@"}, lambda u: list(u.inline) == ["other"], "no such"),
    ("PutUserPermissionsBoundary", {"policy": DENY_ALL}, lambda u: u.boundary == DENY_ALL, "ok"),
    ("UpdateAccessKey", {"id": "AKIA" + "A" * 16, "active": False},
     lambda u: set(u.keys.values()) == {"Inactive"}, "ok"),
    ("UpdateAccessKey", {"id": "AKIA" + "B" * 16, "active": True},
     lambda u: set(u.keys.values()) == {"Active"}, "ok"),
    ("DeleteLoginProfile", {}, lambda u: u.password is None, "no such"),
    ("UpdateLoginProfile", {"active": True}, lambda u: u.reset, "ok"),
    ("TagUser", {"tag": "ir-contained", "value": "true"},
     lambda u: u.tags.get("ir-contained") == "true", "ok"),
    ("TagUser", {"tag": "a b+é", "value": ""}, lambda u: u.tags.get("a b+é") == "", "ok"),
    ("UntagUser", {"tag": "team"}, lambda u: u.tags == {}, "ok"),
    ("DeleteAccessKey", {"id": "AKIA" + "B" * 16},
     lambda u: list(u.keys) == ["AKIA" + "A" * 16], "no such"),
    ("RemoveUserFromGroup", {"policy": "admins"}, lambda u: u.groups == ["devs"], "no such"),
    ("DeactivateMFADevice", {"id": MFA}, lambda u: u.mfa == [], "no such"),
    ("DeleteSigningCertificate", {"id": "C" * 24}, lambda u: u.certificates == [], "no such"),
    ("DeleteSSHPublicKey", {"id": "APKA" + "D" * 16}, lambda u: u.ssh == [], "no such"),
    ("DeleteServiceSpecificCredential", {"id": "ACCA" + "E" * 17},
     lambda u: u.specific == [], "no such"),
]


@pytest.mark.parametrize("action, arguments, holds, again", USER_WRITES)
def test_writes_to_a_user(aws, iam, ann, action, arguments, holds, again):
    assert not holds(ann)
    assert is_done(iam(action, name=ODD, **arguments)) and holds(ann)
    before = snapshot(ann)
    assert iam(action, name=ODD, **arguments)["result"] == again
    assert snapshot(ann) == before
    assert actions(aws) == [action] * 2


ROLE_WRITES = [
    ("AttachRolePolicy", {"policy": DENY_ALL}, lambda r: r.attached == [ADMIN, DENY_ALL]),
    ("DetachRolePolicy", {"policy": ADMIN}, lambda r: r.attached == []),
    ("PutRolePolicy", {"policy": "trailwarden-revoke-older", "document": DENY},
     lambda r: r.inline == {"trailwarden-revoke-older": DENY}),
    ("PutRolePermissionsBoundary", {"policy": DENY_ALL}, lambda r: r.boundary == DENY_ALL),
    ("TagRole", {"tag": "ir-contained", "value": "true"},
     lambda r: r.tags == {"ir-contained": "true"}),
    ("UpdateAssumeRolePolicy", {"document": DENY}, lambda r: r.trust == DENY),
]


@pytest.mark.parametrize("action, arguments, holds", ROLE_WRITES)
def test_writes_to_a_role(iam, dev, action, arguments, holds):
    assert not holds(dev)
    assert is_done(iam(action, name="dev", **arguments)) and holds(dev)


@pytest.mark.parametrize("kind", ["User", "Role"])
def test_undo(aws, iam, kind):
    who = getattr(aws.accounts[OWN], kind.lower())("x")
    before = snapshot(who)
    for do, undo, arguments in [
            (f"Attach{kind}Policy", f"Detach{kind}Policy", {"policy": DENY_ALL}),
            (f"Put{kind}Policy", f"Delete{kind}Policy", {"policy": "p", "document": DENY}),
            (f"Put{kind}PermissionsBoundary", f"Delete{kind}PermissionsBoundary",
             {"policy": DENY_ALL}),
            (f"Tag{kind}", f"Untag{kind}", {"tag": "t", "value": "v"})]:
        assert is_done(iam(do, name="x", **arguments)) and snapshot(who) != before
        assert is_done(iam(undo, name="x", **arguments)) and snapshot(who) == before


def test_password(iam, ann):
    ann.password = None
    arguments = {"name": ODD, "secret": "new p+w & é", "active": True}
    assert is_done(iam("CreateLoginProfile", **arguments))
    assert (ann.password, ann.reset) == ("new p+w & é", True)
    assert iam("CreateLoginProfile", **arguments)["result"] == "exists"
    ann.password = None
    answer = iam("CreateLoginProfile", name=ODD, secret="short")
    assert (answer["result"], answer["code"]) == ("invalid", "PasswordPolicyViolation")


def test_new_key(aws, iam, ann):
    ann.keys.popitem()
    answer = iam("CreateAccessKey", name=ODD)
    secret = aws.keys[answer["id"]][0]
    assert answer["secret"] == hashlib.sha256(secret.encode()).hexdigest()
    assert ann.keys[answer["id"]] == "Active"
    full = iam("CreateAccessKey", name=ODD)
    assert (full["result"], full["code"]) == ("limit", "LimitExceeded") and "secret" not in full


def test_signing_with_a_given_key(aws, iam, ann):
    """What a self-test proves: the key itself is refused."""
    ann.keys = {}
    key = iam("CreateAccessKey", name=ODD)["id"]
    aws.asked()
    mine = {"key_id": key, "with_": aws.keys[key][0]}
    assert is_done(iam("ListAccessKeys", name=ODD, **mine))
    aws.deny = {"ListAccessKeys"}
    assert iam("ListAccessKeys", name=ODD, **mine)["result"] == "denied"
    assert all(key in e["headers"]["authorization"] and "x-amz-security-token" not in e["headers"]
               for e in aws.asked())
    assert iam("ListAccessKeys", name=ODD, key_id=key, with_="wrong")["result"] == "denied"
    assert iam("ListAccessKeys", name=ODD, key_id="a b", with_="wrong")["result"] == "broken"


def test_a_user_goes_part_by_part(aws, iam, ann):
    """Everything that must go first, then the user."""
    answer = iam("DeleteUser", name=ODD)
    assert (answer["result"], answer["code"]) == ("conflict", "DeleteConflict")
    in_use = iam("DeleteVirtualMFADevice", id=MFA)
    assert in_use["result"] == "conflict"
    steps = [("DetachUserPolicy", {"policy": ADMIN}), ("DeleteLoginProfile", {}),
             ("DeleteAccessKey", {"id": "AKIA" + "A" * 16}), ("DeactivateMFADevice", {"id": MFA}),
             ("DeleteAccessKey", {"id": "AKIA" + "B" * 16}), ("DeleteVirtualMFADevice", {"id": MFA}),
             ("DeleteUserPolicy", {"policy": "own+=,.@"}), ("DeleteUserPolicy", {"policy": "other"}),
             ("RemoveUserFromGroup", {"policy": "devs"}),
             ("RemoveUserFromGroup", {"policy": "admins"}),
             ("DeleteSigningCertificate", {"id": "C" * 24}),
             ("DeleteSSHPublicKey", {"id": "APKA" + "D" * 16}),
             ("DeleteServiceSpecificCredential", {"id": "ACCA" + "E" * 17}), ("DeleteUser", {})]
    for action, arguments in steps:
        assert is_done(iam(action, name=ODD, **arguments)), action
    assert ODD not in aws.accounts[OWN].users
    assert iam("DeleteUser", name=ODD)["result"] == "no such"


def test_new_user(aws, iam):
    answer = iam("CreateUser", name="probe")
    assert is_done(answer) and answer["id"] == aws.accounts[OWN].users["probe"].id
    assert iam("CreateUser", name="PROBE")["result"] == "exists"


# Answers that are no.

@pytest.mark.parametrize("action, arguments", [
    ("AttachUserPolicy", {"policy": DENY_ALL}), ("GetUser", {}), ("ListAccessKeys", {}),
    ("PutUserPolicy", {"policy": "p", "document": DENY}), ("TagUser", {"tag": "t", "value": "v"}),
    ("UpdateAccessKey", {"id": "AKIA" + "A" * 16}), ("GetRole", {}),
    ("AttachRolePolicy", {"policy": DENY_ALL})])
def test_nobody_of_that_name(aws, iam, action, arguments):
    answer = iam(action, name="nobody", **arguments)
    assert (answer["ok"], answer["result"], answer["code"]) == (False, "no such", "NoSuchEntity")
    assert answer["error"].startswith(f"iam {action}: 404 NoSuchEntity: ")
    assert len(asked(aws)) == 1


@pytest.mark.parametrize("path", ["/aws-service-role/x.amazonaws.com/",
                                  "/aws-reserved/sso.amazonaws.com/eu-west-1/"])
@pytest.mark.parametrize("action, arguments, holds", ROLE_WRITES)
def test_roles_that_only_aws_changes(aws, iam, path, action, arguments, holds):
    aws.accounts[OWN].role("AWSReservedSSO_x", path)
    answer = iam(action, name="AWSReservedSSO_x", **arguments)
    assert (answer["result"], answer["code"]) == ("unmodifiable", "UnmodifiableEntity")
    assert len(asked(aws)) == 1


@pytest.mark.parametrize("kind", ["User", "Role"])
def test_quota_of_attached_policies(aws, iam, kind):
    who = getattr(aws.accounts[OWN], kind.lower())("x")
    who.attached = [f"arn:aws:iam::{OWN}:policy/p{i}" for i in range(10)]
    answer = iam(f"Attach{kind}Policy", name="x", policy=DENY_ALL)
    assert (answer["result"], answer["code"]) == ("limit", "LimitExceeded")
    assert len(asked(aws)) == 1 and DENY_ALL not in who.attached
    aws.accounts[OWN].attach_max = 20
    assert is_done(iam(f"Attach{kind}Policy", name="x", policy=DENY_ALL))


@pytest.mark.parametrize("kind, most", [("User", 2048), ("Role", 10240)])
def test_quota_of_inline_policies(aws, iam, kind, most):
    who = getattr(aws.accounts[OWN], kind.lower())("x")
    text = json.dumps({"Statement": ["x"]}, separators=(",", ":"))
    fits = text.replace("x", "x" * (most - len(text) + 1)) + " \n" * 100
    assert is_done(iam(f"Put{kind}Policy", name="x", policy="p", document=fits))
    assert iam(f"Get{kind}Policy", name="x", policy="p")["document"] == fits
    answer = iam(f"Put{kind}Policy", name="x", policy="q", document=DENY)
    assert answer["result"] == "limit" and list(who.inline) == ["p"]


def test_broken_documents(iam, dev):
    for document in ("{", "[]", "nonsense"):
        answer = iam("PutRolePolicy", name="dev", policy="p", document=document)
        assert (answer["result"], answer["code"]) == ("invalid", "MalformedPolicyDocument")


@pytest.mark.parametrize("action, arguments, holds, again", USER_WRITES)
def test_denied(aws, iam, ann, action, arguments, holds, again):
    aws.deny = {action}
    answer = iam(action, name=ODD, **arguments)
    assert (answer["result"], answer["code"], answer["kind"]) == ("denied", "AccessDenied", "denied")
    assert not holds(ann) and len(asked(aws)) == 1


@pytest.mark.parametrize("name", ["division/ops/victim", "", "a b", "a\nb", "x" * 65, "ä", "a*",
                                  "a&UserName=b", None])
def test_names_that_are_none(aws, iam, name):
    """Not even asked."""
    answer = iam("GetUser", **({} if name is None else {"name": name}))
    assert answer["result"] == "invalid" and "name of a user" in answer["error"]
    assert asked(aws) == []


def test_a_sentence_holds_no_control_characters(iam):
    error = iam("GetUser", name="a\x1b[31m\n‮b")["error"]
    assert all(" " <= c <= "~" for c in error)


# What passes, and what does not.

PASSING = [{"status": 400, "code": "Throttling", "message": "Rate exceeded"},
           {"status": 400, "code": "ThrottlingException"},
           {"status": 400, "code": "RequestLimitExceeded"}, {"status": 429}, {"status": 500},
           {"status": 500, "code": "ServiceFailure"}, {"status": 502},
           {"status": 503, "code": "ServiceUnavailable"}, {"status": 504}, {"close": True},
           {"cut": 20}, {"status": 409, "code": "ConcurrentModification"},
           {"status": 409, "code": "EntityTemporarilyUnmodifiable"}]


@pytest.mark.parametrize("step", PASSING)
def test_passing_faults_are_waited_for(aws, iam, ann, step):
    iam("GetUser", name=ODD)
    aws.asked()
    aws.script = [step, step]
    assert is_done(iam("AttachUserPolicy", name=ODD, policy=DENY_ALL))
    assert ann.attached == [ADMIN, DENY_ALL] and len(asked(aws)) >= 3


@pytest.mark.parametrize("step", PASSING)
def test_faults_that_stay_are_for_later(aws, iam, ann, step):
    iam("GetUser", name=ODD)
    aws.asked()
    aws.script = [step] * (2 * ATTEMPTS)
    answer = iam("UpdateAccessKey", name=ODD, id="AKIA" + "A" * 16)
    assert (answer["result"], answer["code"]) == ("later", step.get("code", ""))
    assert ATTEMPTS <= len(asked(aws)) <= ATTEMPTS + 1  # a dead kept connection costs no attempt


@pytest.mark.parametrize("body", ["", "<html>proxy</html>", "<AttachRolePolicyResponse/>",
                                  "<AttachUserPolicyResponse>"])
def test_other_answers_prove_nothing(aws, iam, ann, body):
    iam("GetUser", name=ODD)
    aws.script = [{"raw": body}]
    assert iam("AttachUserPolicy", name=ODD, policy=DENY_ALL)["result"] == "later"


def test_an_answer_without_end(aws, iam, ann):
    iam("GetUser", name=ODD)
    aws.script = [{"raw": "<" + "x" * 2000000}]
    assert iam("GetUser", name=ODD)["result"] == "broken"


def test_done_but_never_heard(aws, iam, ann):
    """The answer is lost: the same again, with the same end."""
    iam("GetUser", name=ODD)
    aws.asked()
    aws.script = [{"cut": 10}]
    assert is_done(iam("AttachUserPolicy", name=ODD, policy=DENY_ALL))
    assert ann.attached == [ADMIN, DENY_ALL] and len(asked(aws)) == 2


@pytest.mark.parametrize("step", [{"close": True}, {"cut": 10}, {"status": 500}, {"status": 503}])
def test_keys_are_made_once(aws, iam, ann, step):
    ann.keys = {}
    iam("GetUser", name=ODD)
    aws.asked()
    aws.script = [step]
    assert iam("CreateAccessKey", name=ODD)["result"] == "later"
    assert len(asked(aws)) == 1 and len(ann.keys) == ("cut" in step)


def test_keys_refused_for_haste_are_made(aws, iam, ann):
    ann.keys = {}
    iam("GetUser", name=ODD)
    aws.script = [{"status": 400, "code": "Throttling"}]
    assert iam("CreateAccessKey", name=ODD)["ok"] and len(ann.keys) == 1


@pytest.mark.parametrize("seconds", [-3600, -400, 400, 86400])
def test_wrong_clock(aws, iam, ann, seconds):
    iam.driver("clock", offset_ms=1000 * seconds)
    assert is_done(iam("AttachUserPolicy", name=ODD, policy=DENY_ALL))
    assert is_done(iam("DetachUserPolicy", name=ODD, policy=DENY_ALL))
    assert len(aws.asked()) == 4  # whose credentials, once in vain


def test_deadline(aws, iam, ann):
    iam("GetUser", name=ODD)
    iam.driver("deadline", in_ms=300)
    aws.script = [{"delay": 5}]
    began = time.monotonic()
    assert iam("AttachUserPolicy", name=ODD, policy=DENY_ALL)["result"] == "later"
    assert time.monotonic() - began < 2
    assert iam("AttachUserPolicy", name=ODD, policy=DENY_ALL)["result"] == "later"
    assert actions(aws) == ["GetUser", "AttachUserPolicy"]


def test_expired_token(aws, iam, ann):
    aws.keys[KEY] = (SECRET, TOKEN, aws.now() - 1)
    answer = iam("GetUser", name=ODD)
    assert (answer["result"], answer["code"]) == ("denied", "ExpiredToken")


def test_no_credentials(drive):
    answer = drive(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)(
        "iam", action="GetUser", name="x", at={"partition": "aws", "account": OWN})
    assert answer["result"] == "broken" and "no AWS credentials" in answer["error"]


# Whose account.

def test_a_namesake_elsewhere_is_safe(aws, iam):
    """Without a role there, somebody of the same name here is not taken for him."""
    here = aws.accounts[OWN].user("victim")
    for _ in range(2):
        answer = iam("AttachUserPolicy", name="victim", policy=DENY_ALL, account=OTHER)
        assert answer["result"] == "no role" and OTHER in answer["error"]
    assert here.attached == [] and [f["Action"] for f in map(
        lambda e: dict(urllib.parse.parse_qsl(e["body"])), aws.asked())] == ["GetCallerIdentity"]


def test_whose_credentials_is_asked_once(aws, iam, ann):
    for _ in range(3):
        assert iam("GetUser", name=ODD)["ok"]
    assert len(aws.asked()) == 4


def test_whose_credentials_cannot_be_asked(aws, iam, ann):
    aws.script = [{"status": 403, "code": "InvalidClientTokenId"}]
    answer = iam("GetUser", name=ODD)
    assert answer["result"] == "denied" and answer["error"].startswith("whose credentials")
    assert asked(aws) == []
    aws.script = [{"status": 503}] * ATTEMPTS
    assert iam("GetUser", name=ODD)["result"] == "later"
    assert is_done(iam("GetUser", name=ODD))


@pytest.mark.parametrize("at", [
    {"account": "1"}, {"account": "11112222333x"}, {"account": None},
    {"role": "", "account": OTHER}, {"role": "/r", "account": OTHER},
    {"role": "r*", "account": OTHER}, {"role": "r/", "account": OTHER}])
def test_accounts_and_roles_that_are_none(aws, iam, at):
    assert iam("GetUser", name="x", **at)["result"] == "invalid"
    assert aws.asked() == []


@pytest.mark.parametrize("at", [{"partition": "aws-cn"}, {"partition": "aws-us-gov", **THERE},
                                {"partition": None}, {"region": "cn-north-1"},
                                {"region": "eu west"}])
def test_other_partitions(aws, iam, at):
    assert iam("GetUser", name="x", **at)["result"] == "no role"
    assert aws.asked() == []


@pytest.fixture
def there(aws):
    """A user in the other account, and the role of responders there."""
    account = aws.accounts[OTHER]
    account.role("responder", "/team/").trusted_by = (OWN, THERE["external_id"])
    return account.user("victim")


def test_member_account(aws, iam, there):
    here = aws.accounts[OWN].user("victim")
    assert is_done(iam("AttachUserPolicy", name="victim", policy=DENY_ALL, **THERE))
    assert is_done(iam("TagUser", name="victim", tag="t", value="v", **THERE))
    assert (there.attached, here.attached) == ([DENY_ALL], [])
    forms = asked(aws)
    assert [f["Action"] for f in forms] == ["AssumeRole", "AttachUserPolicy", "TagUser"]
    assert forms[0] == {"Action": "AssumeRole", "Version": "2011-06-15", "DurationSeconds": "900",
                        "RoleArn": f"arn:aws:iam::{OTHER}:role/team/responder",
                        "RoleSessionName": "trailwarden", "ExternalId": THERE["external_id"]}


def test_here_and_there_by_turns(aws, iam, there):
    here = aws.accounts[OWN].user("victim")
    for _ in range(2):
        assert iam("GetUser", name="victim", **THERE)["id"] == there.id
        assert iam("GetUser", name="victim")["id"] == here.id
    assert actions(aws) == ["AssumeRole"] + ["GetUser"] * 4


@pytest.mark.parametrize("external_id", [None, "wrong", "e/1", ""])
def test_wrong_external_id(aws, iam, there, external_id):
    answer = iam("AttachUserPolicy", name="victim", policy=DENY_ALL,
                 **THERE | {"external_id": external_id})
    assert (answer["result"], answer["code"]) == ("no role", "AccessDenied")
    assert answer["error"].startswith("iam AttachUserPolicy: sts AssumeRole: 403 AccessDenied")
    assert actions(aws) == ["AssumeRole"] and there.attached == []


def test_one_external_id_opens_nothing_for_another(aws, iam, there):
    assert iam("GetUser", name="victim", **THERE)["ok"]
    assert iam("GetUser", name="victim", **THERE | {"external_id": "wrong"})["result"] == "no role"
    assert iam("GetUser", name="victim", **THERE)["ok"]
    assert actions(aws) == ["AssumeRole", "GetUser", "AssumeRole", "GetUser"]


@pytest.mark.parametrize("role", ["other", "responder", "team/responders"])
def test_no_such_role_there(aws, iam, there, role):
    assert iam("GetUser", name="victim", **THERE | {"role": role})["result"] == "no role"
    assert actions(aws) == ["AssumeRole"]


def test_the_role_there_may_not(aws, iam, there):
    aws.deny = {"AttachUserPolicy"}
    answer = iam("AttachUserPolicy", name="victim", policy=DENY_ALL, **THERE)
    assert answer["result"] == "denied" and "responder" in answer["error"]


def test_sessions_there_are_renewed(aws, iam, there):
    """Shortly before they end, by the server's clock, whatever ours says."""
    assert iam("GetUser", name="victim", **THERE)["ok"]
    iam.driver("clock", offset_ms=1000 * (900 - 61))
    aws.clock_offset = 900 - 61
    assert iam("GetUser", name="victim", **THERE)["ok"]
    assert actions(aws) == ["AssumeRole", "GetUser", "GetUser"]
    iam.driver("clock", offset_ms=1000 * (900 - 59))
    aws.clock_offset = 900 - 59
    assert iam("GetUser", name="victim", **THERE)["ok"]
    assert actions(aws) == ["AssumeRole", "GetUser"]


def test_sessions_there_that_expired_early(aws, iam, there):
    assert iam("GetUser", name="victim", **THERE)["ok"]
    for key, (secret, token, ends) in list(aws.keys.items()):
        if key != KEY:
            aws.keys[key] = (secret, token, aws.now() - 1)
    assert iam("GetUser", name="victim", **THERE)["ok"]
    assert actions(aws) == ["AssumeRole", "GetUser", "GetUser", "AssumeRole", "GetUser"]


@pytest.mark.parametrize("seconds", [-7200, 7200])
def test_wrong_clock_and_another_account(aws, iam, there, seconds):
    iam.driver("clock", offset_ms=1000 * seconds)
    for _ in range(2):
        assert is_done(iam("TagUser", name="victim", tag="t", value="v", **THERE))
    assert actions(aws) == ["AssumeRole", "AssumeRole", "TagUser", "TagUser"]


@pytest.mark.parametrize("step", [{"status": 503}, {"close": True},
                                  {"status": 400, "code": "Throttling"}])
def test_assuming_is_repeated(aws, iam, there, step):
    aws.script = [step, step]
    assert is_done(iam("GetUser", name="victim", **THERE))
    aws.asked()
    aws.script = [step] * (2 * ATTEMPTS)
    answer = iam("GetUser", name="victim", **THERE | {"external_id": "other"})
    assert answer["result"] == "later"
    assert ATTEMPTS <= len(asked(aws)) <= ATTEMPTS + 1


def test_assuming_answers_nonsense(aws, iam, there):
    aws.script = [{"raw": "<html>"}]
    assert iam("GetUser", name="victim", **THERE)["result"] == "later"


def test_more_accounts_than_sessions_kept(aws, iam):
    """ASSUMED_MAX is 16: the oldest gives way, nobody gets another's credentials."""
    users = {}
    for i in range(20):
        number = f"{i:012}"
        aws.accounts[number] = account = type(aws.accounts[OWN])(number)
        account.role("r").trusted_by = (OWN, None)
        users[number] = account.user("victim").id
    for number, wanted in [*users.items(), *users.items()]:
        assert iam("GetUser", name="victim", account=number, role="r")["id"] == wanted


# The other services.

def test_instance_profile(aws, iam):
    profile = f"arn:aws:iam::{OWN}:instance-profile/web"
    aws.instances[INSTANCE] = ("iip-assoc-0a1b2c3d4e5f60718", profile)
    found = iam("DescribeIamInstanceProfileAssociations", id=INSTANCE, region="eu-central-1")
    assert found["items"] == [{"active": True, "name": INSTANCE, "value": profile,
                               "id": "iip-assoc-0a1b2c3d4e5f60718"}]
    assert "/eu-central-1/ec2/" in aws.asked()[-1]["headers"]["authorization"]
    assert is_done(iam("DisassociateIamInstanceProfile", id=found["items"][0]["id"]))
    again = iam("DisassociateIamInstanceProfile", id=found["items"][0]["id"])
    assert (again["result"], again["code"]) == ("no such", "InvalidAssociationID.NotFound")
    assert iam("DescribeIamInstanceProfileAssociations", id=INSTANCE)["items"] == []
    back = iam("AssociateIamInstanceProfile", id=INSTANCE, policy=profile)
    assert is_done(back) and aws.instances[INSTANCE] == (back["id"], profile)
    assert iam("AssociateIamInstanceProfile", id=INSTANCE, policy=profile)["result"] == "conflict"
    aws.deny = {"DescribeIamInstanceProfileAssociations"}
    denied = iam("DescribeIamInstanceProfileAssociations", id=INSTANCE)
    assert (denied["result"], denied["code"]) == ("denied", "UnauthorizedOperation")


def test_the_role_of_an_instance_profile(aws, iam):
    """By whatever name: a profile made by hand seldom bears its role's."""
    role = aws.accounts[OWN].role("web")
    role.tags["team"] = "blue"
    aws.held["machines"] = "web"
    assert iam("GetInstanceProfile", policy="machines")["items"] == [
        {"active": False, "name": "web", "id": role.id}]
    missing = iam("GetInstanceProfile", policy="web")
    assert (missing["result"], missing["code"]) == ("no such", "NoSuchEntity")


@pytest.mark.parametrize("what, things", [("TrustAnchor", "anchors"), ("Profile", "profiles")])
def test_roles_anywhere(aws, iam, what, things):
    getattr(aws, things)[UUID] = True
    answer = iam("Get" + what, id=UUID)
    assert answer["active"] is True and answer["id"] == UUID
    assert len(answer["items"]) == (what == "Profile")
    for _ in range(2):
        assert iam("Disable" + what, id=UUID)["active"] is False
    assert getattr(aws, things)[UUID] is False
    assert iam("Enable" + what, id=UUID)["active"] is True
    missing = iam("Disable" + what, id=UUID.replace("0", "f"))
    assert (missing["result"], missing["code"]) == ("no such", "ResourceNotFoundException")
    assert not any("content-type" in e["headers"] for e in aws.asked()[1:])
    aws.script = [{"status": 403, "code": "AccessDeniedException"}]
    assert iam("Disable" + what, id=UUID)["result"] == "denied"


def test_a_secret_is_kept_once(aws, iam):
    arguments = {"name": "trailwarden/ann", "id": UUID, "secret": 'wJalr/+"é'}
    assert is_done(iam("CreateSecret", **arguments)) and is_done(iam("CreateSecret", **arguments))
    assert aws.secrets == {"trailwarden/ann": (UUID, 'wJalr/+"é')}
    answer = iam("CreateSecret", **arguments | {"secret": "another"})
    assert (answer["result"], answer["code"]) == ("exists", "ResourceExistsException")
    assert "another" not in answer["error"]


def test_nobody_assumes_a_role_by_a_call(aws, iam):
    assert iam("AssumeRole", name="x")["result"] == "broken" and asked(aws) == []


# A second opinion on the shapes: moto, through boto3.

MOTO_WRITES = [
    ("AttachUserPolicy", {"policy": True}), ("DetachUserPolicy", {"policy": True}),
    ("PutUserPolicy", {"policy": "own", "document": DENY}), ("DeleteUserPolicy", {"policy": "own"}),
    ("TagUser", {"tag": "a b", "value": "c&d"}), ("UntagUser", {"tag": "a b"}),
    ("CreateLoginProfile", {"secret": "pass w+rd1A!", "active": True}), ("DeleteLoginProfile", {})]


def test_moto_takes_the_same_calls(moto, drive):
    iam, admin = moto.client("iam"), moto.admin.get_credentials()
    policy = iam.create_policy(PolicyName="deny", PolicyDocument=DENY)["Policy"]["Arn"]
    user = iam.create_user(UserName=ODD, Path="/division/ops/")["User"]
    keys = [iam.create_access_key(UserName=ODD)["AccessKey"]["AccessKeyId"] for _ in range(2)]
    role = iam.create_role(RoleName="dev", AssumeRolePolicyDocument=DENY, Tags=[
        {"Key": "t", "Value": "v"}])["Role"]
    driver = drive(AWS_ENDPOINT_URL=moto.url, AWS_ACCESS_KEY_ID=admin.access_key,
                   AWS_SECRET_ACCESS_KEY=admin.secret_key)
    at = {"partition": "aws", "account": user["Arn"].split(":")[4]}

    def call(action, **arguments):
        return driver("iam", action=action, at=at, **arguments)

    found = call("GetUser", name=ODD)
    assert (found["id"], found["path"]) == (user["UserId"], "/division/ops/")
    assert [i["id"] for i in call("ListAccessKeys", name=ODD)["items"]] == keys
    assert call("UpdateAccessKey", name=ODD, id=keys[1], active=False)["ok"]
    assert [i["active"] for i in call("ListAccessKeys", name=ODD)["items"]] == [True, False]
    assert call("CreateAccessKey", name=ODD)["result"] == "limit"
    for action, arguments in MOTO_WRITES:
        arguments = {k: policy if v is True and k == "policy" else v for k, v in arguments.items()}
        assert call(action, name=ODD, **arguments)["ok"], action
        if action == "AttachUserPolicy":
            assert call("ListAttachedUserPolicies", name=ODD)["items"][0]["id"] == policy
        if action == "PutUserPolicy":
            assert [i["name"] for i in call("ListUserPolicies", name=ODD)["items"]] == ["own"]
            stored = call("GetUserPolicy", name=ODD, policy="own")["document"]
            assert json.loads(stored) == json.loads(DENY)
        if action == "TagUser":
            assert iam.list_user_tags(UserName=ODD)["Tags"] == [{"Key": "a b", "Value": "c&d"}]
    found = call("GetRole", name="dev")
    assert (found["id"], json.loads(found["trust"])) == (role["RoleId"], json.loads(DENY))
    assert [(i["name"], i["value"]) for i in found["items"]] == [("t", "v")]
    assert call("PutRolePermissionsBoundary", name="nobody", policy=policy)["ok"] is False
    assert call("ListGroupsForUser", name=ODD)["items"] == []
    assert call("ListMFADevices", name=ODD)["items"] == []
    assert all(call("DeleteAccessKey", name=ODD, id=k)["ok"] for k in keys)
    assert call("DeleteUser", name=ODD)["ok"]
    assert call("GetUser", name=ODD)["result"] == "no such"
    assert call("DescribeIamInstanceProfileAssociations", id=INSTANCE)["items"] == []
    assert call("DisassociateIamInstanceProfile",
                id="iip-assoc-0a1b2c3d4e5f60718")["ok"] is False
