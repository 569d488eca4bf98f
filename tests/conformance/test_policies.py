"""Every policy document of containment, and every grant it asks for (deploy/iam), put to two
evaluators of IAM policies (iam_oracle): what is denied, what goes on, whom the grants reach.

The documents come from bin/policy_driver of the build (TRAILWARDEN_BUILD, default build/gcc). The
second evaluator is fetched by npm; without npm its half is skipped.
"""
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import iam_oracle
from iam_oracle.evaluate import ALLOWED, DENIED, NOT_ALLOWED, evaluate, listed

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("TRAILWARDEN_BUILD", ROOT / "build" / "gcc"))
GRANTS = ROOT / "deploy" / "iam"
# Quotas of IAM and of Organizations, in characters that are no white space (a managed policy's; an
# SCP's with white space).
USER_INLINE, ROLE_INLINE, TRUST, MANAGED, SCP = 2048, 10240, 2048, 6144, 5120

ACCOUNT, MEMBER = "111122223333", "444455556666"
MANAGED_ARN = "arn:aws:iam::aws:policy/"
FUNCTION = f"arn:aws:iam::{ACCOUNT}:role/stack/trailwarden-function"
RESPONDER = f"arn:aws:iam::{MEMBER}:role/trailwarden-responder"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/incident-responder"
DEPLOYER = f"arn:aws:iam::{MEMBER}:role/stacksets-exec"
GLASS = f"arn:aws:iam::{ACCOUNT}:role/break-glass"
TABLE = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/trailwarden"
VALUES = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "FunctionRoleArn": FUNCTION,
          "ResponderRoleArn": RESPONDER, "OperatorRoleArn": OPERATOR, "DeployerRoleArn": DEPLOYER,
          "BreakGlassArn": GLASS, "TableArn": TABLE, "MemberAccountId": MEMBER,
          "ResponderRoleName": "trailwarden-responder", "ExternalId": "ext-5f2c"}
SESSION_ID = "AROAEXAMPLEEXAMPLE01:eve"
REVOKED_MS = 1773756311250  # 2026-03-17T14:05:11.250Z
INSIDE, INSIDE6, OUTSIDE = "192.0.2.17", "2001:db8:7::1", "198.51.100.77"


def policy(effect, action="*", resource="*"):
    return {"Version": "2012-10-17",
            "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]}


ADMIN = policy("Allow")
DENY_ALL = policy("Deny")  # what AWSDenyAll says


def documents():
    """What the program writes, by strategy: {"name", "document", "size"}."""
    asked = {
        "deny-inline": {}, "trust-cut": {}, "revoke-older": {"now_ms": REVOKED_MS},
        "deny-session": {"userid": SESSION_ID},
        "fence": {"cidrs": ["192.0.2.0/24", "2001:db8::/32"]},
        "fence-endpoint": {"cidrs": ["192.0.2.0/24"], "endpoints": ["vpce-0a1b2c3d4e5f60718"]},
        "fence-large": {"cidrs": [f"203.0.{n}.255/32" for n in range(98)]},
        "deny-session-long": {"userid": "AROA" + "X" * 16 + ":" + "n" * 64},
    }
    lines = "".join(json.dumps({**more, "strategy": re.sub("-(endpoint|large|long)$", "", name)})
                    + "\n" for name, more in asked.items())
    program = BUILD / "bin" / "policy_driver"
    if not program.exists():
        return {}  # test_the_driver_is_built tells
    done = subprocess.run([program], input=lines.encode(), capture_output=True, check=True)
    said = dict(zip(asked, map(json.loads, done.stdout.splitlines()), strict=True))
    for answer in said.values():
        answer["policy"] = json.loads(answer["document"])
    return said


def filled(name):
    """A file of deploy/iam with its names filled in."""
    text = (GRANTS / f"{name}.json").read_text()
    return json.loads(re.sub(r"\$\{([\w:]+)\}", lambda m: VALUES[m[1]], text))


DOCUMENTS = documents()


# ---- requests -------------------------------------------------------------------------------------

@dataclass
class Case:
    """One request, the policies it meets, and what must come of it."""
    name: str
    want: str
    action: str
    resource: str = "*"
    who: str = "user"
    identity: list = field(default_factory=lambda: [ADMIN])
    boundary: list | None = None
    scps: list = field(default_factory=list)
    trust: dict | None = None
    context: dict = field(default_factory=dict)

    def request(self):
        principal, always = WHO[self.who]
        context = {**always, **self.context}
        return {"principal": principal, "action": self.action, "resource": self.resource,
                "context": {k: v for k, v in context.items() if v is not None}}


def at_home(arn, userid, issued=None, **more):
    """The context of a call from inside, with a session's time of issue or a permanent key."""
    return {"aws:PrincipalArn": arn, "aws:userid": userid, "aws:SourceIp": INSIDE,
            "aws:ViaAWSService": "false", "aws:TokenIssueTime": issued, **more}


BEFORE, AFTER = "2026-03-17T14:05:10Z", "2026-03-17T14:05:12Z"
USER = f"arn:aws:iam::{ACCOUNT}:user/ops/eve"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/dev"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/"


def session_of(role_arn, name="s", userid="AROAEXAMPLEEXAMPLE09:s", issued=BEFORE, **more):
    parts = role_arn.split(":")
    role = role_arn.rpartition("/")[2]
    return (f"arn:aws:sts::{parts[4]}:assumed-role/{role}/{name}",
            at_home(role_arn, userid, issued, **more))


TAGGED = {"aws:PrincipalTag/ir-contained": "true"}
WHO = {
    "user": (USER, at_home(USER, "AIDAEXAMPLEEXAMPLE01")),
    "user's session": (USER, at_home(USER, "AIDAEXAMPLEEXAMPLE01", BEFORE)),
    "user's new session": (USER, at_home(USER, "AIDAEXAMPLEEXAMPLE01", AFTER)),
    "session": (SESSION + "eve", at_home(ROLE, SESSION_ID, BEFORE)),
    "new session": (SESSION + "eve", at_home(ROLE, SESSION_ID, AFTER)),
    "session of that second": (SESSION + "eve", at_home(ROLE, SESSION_ID, "2026-03-17T14:05:11Z")),
    "other session": (SESSION + "bob", at_home(ROLE, "AROAEXAMPLEEXAMPLE01:bob", BEFORE)),
    "longer session": (SESSION + "eve2", at_home(ROLE, SESSION_ID + "2", BEFORE)),
    "Session": (SESSION + "Eve", at_home(ROLE, "AROAEXAMPLEEXAMPLE01:Eve", BEFORE)),
    "other role's session": (f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/eve", at_home(
        f"arn:aws:iam::{ACCOUNT}:role/ci", "AROAEXAMPLEEXAMPLE02:eve", BEFORE)),
    "tagged user": (USER, at_home(USER, "AIDAEXAMPLEEXAMPLE01", **TAGGED)),
    "tagged session": (SESSION + "eve", at_home(ROLE, SESSION_ID, BEFORE, **TAGGED)),
    "user tagged false": (USER, at_home(USER, "AIDAEXAMPLEEXAMPLE01", **{
        "aws:PrincipalTag/ir-contained": "false"})),
    "function": session_of(FUNCTION), "responder": session_of(RESPONDER),
    "operator": session_of(OPERATOR), "deployer": session_of(DEPLOYER),
    "namesake": session_of(f"arn:aws:iam::{MEMBER}:role/trailwarden-function"),
}
S3 = ("s3:GetObject", "arn:aws:s3:::data/x")
EC2 = ("ec2:DescribeInstances", "*")
IAM = ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/b")
DDB = ("dynamodb:Scan", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t")
ASSUME = ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/other")
CALLS = (S3, EC2, IAM, DDB, ASSUME)


def outside(**more):
    return {"aws:SourceIp": OUTSIDE, **more}


def through(endpoint):
    return {"aws:SourceIp": None, "aws:SourceVpce": endpoint}


# ---- the documents --------------------------------------------------------------------------------

def of_deny_all():
    """AWSDenyAll attached, the same inline, the same as a boundary: whatever he calls, with a key, a
    session of his own, as any session of the role."""
    inline = DOCUMENTS["deny-inline"]["policy"]
    ways = {"attached": {"identity": [ADMIN, DENY_ALL]}, "inline": {"identity": [ADMIN, inline]},
            "boundary": {"boundary": [DENY_ALL]}}
    for way, policies in ways.items():
        for who in ("user", "user's new session", "new session"):
            for action, resource in CALLS:
                yield Case(f"deny all {way}: {who} {action}", DENIED, action, resource, who,
                           **policies)
    for who in ("user", "session"):
        yield Case(f"before: {who}", ALLOWED, *S3, who)
    yield Case("deny all inline: a role he had assumed goes on", ALLOWED, *S3, "session",
               identity=[ADMIN])


def of_revoke_older():
    inline = [ADMIN, DOCUMENTS["revoke-older"]["policy"]]
    table = {"session": DENIED, "new session": ALLOWED, "session of that second": ALLOWED,
             "other session": DENIED, "user": ALLOWED, "user's session": DENIED,
             "user's new session": ALLOWED}
    for who, want in table.items():
        for action, resource in (S3, IAM):
            yield Case(f"revoke older: {who} {action}", want, action, resource, who, inline)


def of_deny_session():
    inline = [ADMIN, DOCUMENTS["deny-session"]["policy"]]
    table = {"session": DENIED, "new session": DENIED, "other session": ALLOWED,
             "longer session": ALLOWED, "Session": ALLOWED, "other role's session": ALLOWED}
    for who, want in table.items():
        for action, resource in (S3, EC2):
            yield Case(f"deny session: {who} {action}", want, action, resource, who, inline)


def of_fence():
    calls = {  # context: by the fence alone, by the one with an endpoint
        "inside": ({}, ALLOWED, ALLOWED),
        "the network's first address": ({"aws:SourceIp": "192.0.2.0"}, ALLOWED, ALLOWED),
        "the network's last address": ({"aws:SourceIp": "192.0.2.255"}, ALLOWED, ALLOWED),
        "beside the network": ({"aws:SourceIp": "192.0.3.0"}, DENIED, DENIED),
        "inside, IPv6": ({"aws:SourceIp": INSIDE6}, ALLOWED, DENIED),
        "outside": (outside(), DENIED, DENIED),
        "outside, IPv6": ({"aws:SourceIp": "2001:db9::1"}, DENIED, DENIED),
        "outside, by a service": (outside(**{"aws:ViaAWSService": "true"}), ALLOWED, ALLOWED),
        "an endpoint": (through("vpce-0a1b2c3d4e5f60718"), DENIED, ALLOWED),
        "another endpoint": (through("vpce-0ffffffffffffffff"), DENIED, DENIED),
        "the endpoint, in other letters": (through("vpce-0A1B2C3D4E5F60718"), DENIED, DENIED),
    }
    for call, (context, alone, with_endpoint) in calls.items():
        for name, want in (("fence", alone), ("fence-endpoint", with_endpoint)):
            for who in ("user", "session"):
                yield Case(f"{name}: {who}, {call}", want, *S3, who,
                           [ADMIN, DOCUMENTS[name]["policy"]], context=context)


def of_trust_cut():
    cut = DOCUMENTS["trust-cut"]["policy"]
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}]}
    yield Case("trust as it was", ALLOWED, "sts:AssumeRole", ROLE, trust=trust)
    yield Case("trust cut", DENIED, "sts:AssumeRole", ROLE, trust=cut)
    yield Case("trust cut: a session of a role", DENIED, "sts:AssumeRole", ROLE,
               "other role's session", trust=cut)
    yield Case("trust cut: a session that exists", ALLOWED, *S3, "session")


# ---- the grants -----------------------------------------------------------------------------------

def on(name, account=ACCOUNT):
    return f"arn:aws:iam::{account}:{name}"


DEFAULT = ("read", "deny-all", "boundary", "keys-off", "guard", "no-release")
PROTECTED = (FUNCTION, RESPONDER, GLASS)


def grants(*names):
    return [filled(n) for n in names]


def by_function(name, want, action, resource, files=DEFAULT, **context):
    """The function, or a responder with the same grants, makes the call."""
    return Case(f"grant {'+'.join(files) if files != DEFAULT else 'default'}: {name}", want, action,
                resource, "function", grants(*files), context=context)


def of_default_grant():
    attach = {"iam:PolicyARN": MANAGED_ARN + "AWSDenyAll"}
    bound = {"iam:PermissionsBoundary": MANAGED_ARN + "AWSDenyAll"}
    for kind, target in (("User", on("user/ops/eve")), ("Role", on("role/x/dev"))):
        yield by_function(f"attach AWSDenyAll to a {kind}", ALLOWED, f"iam:Attach{kind}Policy",
                          target, **attach)
        for other in ("arn:aws:iam::aws:policy/AdministratorAccess",
                      f"arn:aws:iam::{ACCOUNT}:policy/AWSDenyAll",
                      "arn:aws:iam::aws:policy/x/AWSDenyAll",
                      "arn:aws:iam::aws:policy/AWSDenyAll2"):
            yield by_function(f"attach {other} to a {kind}", NOT_ALLOWED,
                              f"iam:Attach{kind}Policy", target, **{"iam:PolicyARN": other})
        yield by_function(f"bound a {kind} by AWSDenyAll", ALLOWED,
                          f"iam:Put{kind}PermissionsBoundary", target, **bound)
        yield by_function(f"bound a {kind} by another policy", NOT_ALLOWED,
                          f"iam:Put{kind}PermissionsBoundary", target,
                          **{"iam:PermissionsBoundary": MANAGED_ARN + "PowerUserAccess"})
        yield by_function(f"detach AWSDenyAll from a {kind}", DENIED, f"iam:Detach{kind}Policy",
                          target, **attach)
        for action in (f"Delete{kind}Policy", f"Delete{kind}PermissionsBoundary", f"Untag{kind}",
                       f"Delete{kind}", f"Create{kind}"):
            yield by_function(action, DENIED, f"iam:{action}", target)
        for action in (f"Put{kind}Policy", f"Tag{kind}"):
            yield by_function(action, NOT_ALLOWED, f"iam:{action}", target)
        yield by_function(f"read a {kind}", ALLOWED, f"iam:Get{kind}", target)
    yield by_function("turn keys off", ALLOWED, "iam:UpdateAccessKey", on("user/ops/eve"))
    for action in ("iam:CreateAccessKey", "iam:CreateLoginProfile"):
        yield by_function(action, DENIED, action, on("user/ops/eve"))
    for action in ("iam:DeleteLoginProfile", "iam:UpdateLoginProfile"):
        yield by_function(action, NOT_ALLOWED, action, on("user/ops/eve"))
    yield by_function("UpdateAssumeRolePolicy", NOT_ALLOWED, "iam:UpdateAssumeRolePolicy",
                      on("role/dev"))
    yield by_function("attach to a group", NOT_ALLOWED, "iam:AttachGroupPolicy", on("group/admins"),
                      **attach)
    yield by_function("a new version of a policy", NOT_ALLOWED, "iam:CreatePolicyVersion",
                      on("policy/p"))
    yield by_function("hand on a role", DENIED, "iam:PassRole", on("role/dev"))
    yield by_function("a user of another account", NOT_ALLOWED, "iam:UpdateAccessKey",
                      on("user/eve", MEMBER))


def of_protected():
    """With every grant that a function may be given."""
    files = (*DEFAULT, "console-off", "force-reset", "tag", "inline", "trust-cut", "entry-cut")
    context = {"AttachRolePolicy": {"iam:PolicyARN": MANAGED_ARN + "AWSDenyAll"},
               "PutRolePermissionsBoundary": {"iam:PermissionsBoundary": MANAGED_ARN + "AWSDenyAll"},
               "TagRole": {"aws:RequestTag/ir-contained": "true", "aws:TagKeys": ["ir-contained"]},
               "PutRolePolicy": {}, "UpdateAssumeRolePolicy": {}}
    for action, more in context.items():
        yield by_function(f"{action} on a role", ALLOWED, f"iam:{action}", on("role/dev"), files,
                          **more)
        for arn in PROTECTED:
            yield by_function(f"{action} on {arn}", DENIED, f"iam:{action}", arn, files, **more)


def of_opt_ins():
    ours = {"aws:RequestTag/ir-contained": "true", "aws:TagKeys": ["ir-contained"]}
    tag = (*DEFAULT, "tag")
    yield by_function("our tag", ALLOWED, "iam:TagUser", on("user/eve"), tag, **ours)
    yield by_function("our tag with another value", NOT_ALLOWED, "iam:TagUser", on("user/eve"), tag,
                      **{**ours, "aws:RequestTag/ir-contained": "false"})
    yield by_function("another tag", NOT_ALLOWED, "iam:TagRole", on("role/dev"), tag,
                      **{"aws:RequestTag/team": "blue", "aws:TagKeys": ["team"]})
    yield by_function("another tag beside it", NOT_ALLOWED, "iam:TagRole", on("role/dev"), tag,
                      **{**ours, "aws:RequestTag/team": "blue",
                         "aws:TagKeys": ["ir-contained", "team"]})
    yield by_function("take our tag away", DENIED, "iam:UntagUser", on("user/eve"), tag,
                      **{"aws:TagKeys": ["ir-contained"]})
    yield by_function("delete a password", ALLOWED, "iam:DeleteLoginProfile", on("user/eve"),
                      (*DEFAULT, "console-off"))
    yield by_function("ask for a new password", ALLOWED, "iam:UpdateLoginProfile", on("user/eve"),
                      (*DEFAULT, "force-reset"))
    yield by_function("write a policy", ALLOWED, "iam:PutUserPolicy", on("user/eve"),
                      (*DEFAULT, "inline"))
    yield by_function("write trust", ALLOWED, "iam:UpdateAssumeRolePolicy", on("role/dev"),
                      (*DEFAULT, "trust-cut"))
    entry = (*DEFAULT, "entry-cut")
    instance = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0a1b2c3d4e5f60718"
    anchor = (f"arn:aws:rolesanywhere:eu-west-1:{ACCOUNT}:trust-anchor/"
              "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")
    yield by_function("take a profile off", ALLOWED, "ec2:DisassociateIamInstanceProfile", instance,
                      entry)
    yield by_function("see whose profile it is", ALLOWED, "iam:GetInstanceProfile",
                      on("instance-profile/web"), entry)
    yield by_function("put a profile on", NOT_ALLOWED, "ec2:AssociateIamInstanceProfile", instance,
                      entry)
    yield by_function("disable a trust anchor", ALLOWED, "rolesanywhere:DisableTrustAnchor", anchor,
                      entry)
    yield by_function("enable a trust anchor", NOT_ALLOWED, "rolesanywhere:EnableTrustAnchor",
                      anchor, entry)
    members = (*DEFAULT, "members")
    become = by_function("become responder", ALLOWED, "sts:AssumeRole", RESPONDER, members,
                         **{"sts:ExternalId": "ext-5f2c"})
    become.trust = filled("responder-trust")
    yield become
    for arn in (on("role/admin", MEMBER), on("role/trailwarden-responder", "777788889999"),
                on("role/x/trailwarden-responder", MEMBER), on("role/admin")):
        yield by_function(f"become {arn}", NOT_ALLOWED, "sts:AssumeRole", arn, members)


def of_responder_trust():
    trust = filled("responder-trust")
    # Without identity policies: the trust policy alone is asked for.
    table = [("the function", "function", "ext-5f2c", ALLOWED),
             ("the function without the id", "function", None, NOT_ALLOWED),
             ("the function with another id", "function", "ext-5f2d", NOT_ALLOWED),
             ("a role of that name in another account", "namesake", "ext-5f2c", NOT_ALLOWED),
             ("a user", "user", "ext-5f2c", NOT_ALLOWED)]
    for name, who, external, want in table:
        yield Case(f"responder's trust: {name}", want, "sts:AssumeRole",
                   on("role/trailwarden-responder"), who, grants("deny-all"), trust=trust,
                   context={"sts:ExternalId": external})


def of_operator():
    release = grants("operator-release")
    attach = {"iam:PolicyARN": MANAGED_ARN + "AWSDenyAll"}

    def does(name, want, action, resource, **context):
        return Case(f"operator: {name}", want, action, resource, "operator", release,
                    context=context)

    yield does("detach AWSDenyAll", ALLOWED, "iam:DetachUserPolicy", on("user/eve"), **attach)
    yield does("detach another policy", NOT_ALLOWED, "iam:DetachRolePolicy", on("role/dev"),
               **{"iam:PolicyARN": MANAGED_ARN + "AWSCompromisedKeyQuarantineV3"})
    yield does("keys on", ALLOWED, "iam:UpdateAccessKey", on("user/eve"))
    yield does("tag away", ALLOWED, "iam:UntagUser", on("user/eve"),
               **{"aws:TagKeys": ["ir-contained"]})
    yield does("another tag away", NOT_ALLOWED, "iam:UntagUser", on("user/eve"),
               **{"aws:TagKeys": ["team"]})
    yield does("two tags away", NOT_ALLOWED, "iam:UntagUser", on("user/eve"),
               **{"aws:TagKeys": ["ir-contained", "team"]})
    yield does("a role for an instance", ALLOWED, "iam:PassRole", on("role/web"),
               **{"iam:PassedToService": "ec2.amazonaws.com"})
    yield does("a role for a function", NOT_ALLOWED, "iam:PassRole", on("role/web"),
               **{"iam:PassedToService": "lambda.amazonaws.com"})
    yield does("a key", NOT_ALLOWED, "iam:CreateAccessKey", on("user/eve"))


# ---- the service control policy -------------------------------------------------------------------

def under_scp(name, want, action, resource, who, **context):
    return Case(f"scp: {name}", want, action, resource, who, scps=[ADMIN, filled("scp")],
                context=context)


def of_scp():
    for who in ("tagged user", "tagged session"):
        for action, resource in CALLS:
            yield under_scp(f"{who} {action}", DENIED, action, resource, who)
    yield under_scp("an untagged user", ALLOWED, *S3, "user")
    yield under_scp("a tag that says false", ALLOWED, *S3, "user tagged false")
    tags = {"TagUser": on("user/eve"), "UntagUser": on("user/eve"), "TagRole": on("role/dev"),
            "UntagRole": on("role/dev")}
    for action, target in tags.items():
        # IAM's tag keys are unique whatever their case: Ir-Contained is the same tag.
        for keys in (["ir-contained"], ["Ir-Contained"], ["team", "IR-CONTAINED"]):
            yield under_scp(f"a user's {action} {keys}", DENIED, f"iam:{action}", target, "user",
                            **{"aws:TagKeys": keys})
        yield under_scp(f"a user's {action} of another tag", ALLOWED, f"iam:{action}", target,
                        "user", **{"aws:TagKeys": ["team"]})
        for who, want in (("function", ALLOWED), ("operator", ALLOWED), ("responder", ALLOWED),
                          ("namesake", DENIED)):
            there = target.replace(ACCOUNT, WHO[who][0].split(":")[4])
            yield under_scp(f"{who} {action}", want, f"iam:{action}", there, who,
                            **{"aws:TagKeys": ["ir-contained"]})
    yield under_scp("a session with the tag", DENIED, "sts:TagSession", on("role/dev"), "user",
                    **{"aws:TagKeys": ["ir-contained"]})
    yield under_scp("a session with another tag", ALLOWED, "sts:TagSession", on("role/dev"), "user",
                    **{"aws:TagKeys": ["team"]})
    for kind, target in (("User", on("user/eve")), ("Role", on("role/dev"))):
        detach = (f"iam:Detach{kind}Policy", target)
        ours = {"iam:PolicyARN": MANAGED_ARN + "AWSDenyAll"}
        yield under_scp(f"an administrator detaches from a {kind}", DENIED, *detach, "user", **ours)
        yield under_scp(f"the operator detaches from a {kind}", ALLOWED, *detach, "operator", **ours)
        yield under_scp(f"another policy of a {kind}", ALLOWED, *detach, "user",
                        **{"iam:PolicyARN": MANAGED_ARN + "ReadOnlyAccess"})
        bound = (f"iam:Delete{kind}PermissionsBoundary", target)
        yield under_scp(f"an administrator unbounds a {kind}", DENIED, *bound, "user",
                        **{"iam:PermissionsBoundary": MANAGED_ARN + "AWSDenyAll"})
        yield under_scp(f"another boundary of a {kind}", ALLOWED, *bound, "user",
                        **{"iam:PermissionsBoundary": MANAGED_ARN + "PowerUserAccess"})
    for action in ("UpdateAssumeRolePolicy", "DeleteRolePolicy", "PutRolePolicy", "DeleteRole",
                   "PutRolePermissionsBoundary", "CreateRole"):
        yield under_scp(f"a user's {action} on the responder", DENIED, f"iam:{action}", RESPONDER,
                        "user")
        yield under_scp(f"the responder's own {action}", DENIED, f"iam:{action}", RESPONDER,
                        "responder")
        yield under_scp(f"the deployer's {action}", ALLOWED, f"iam:{action}", RESPONDER, "deployer")


CASES = [c for group in (of_deny_all, of_revoke_older, of_deny_session, of_fence, of_trust_cut)
         for c in (group() if DOCUMENTS else ())]
N_DOCUMENTS = len(CASES)
CASES += [c for group in (of_default_grant, of_protected, of_opt_ins, of_responder_trust,
                          of_operator, of_scp) for c in group()]


def test_the_driver_is_built():
    assert DOCUMENTS, f"{BUILD / 'bin' / 'policy_driver'} is not built"
    assert N_DOCUMENTS >= 60
    assert len({c.name for c in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_evaluation(case):
    assert evaluate(case.request(), case.identity, case.boundary, case.scps,
                    case.trust) == case.want


# ---- the other evaluator --------------------------------------------------------------------------

def simulation(case):
    request = case.request()
    account = request["resource"].split(":")[4] if request["resource"] != "*" else ""

    def named(policies):
        return [{"name": f"p{i}", "policy": p} for i, p in enumerate(policies)]

    made = {
        "request": {"principal": request["principal"], "action": request["action"],
                    "resource": {"resource": request["resource"], "accountId": account or ACCOUNT},
                    "contextVariables": request["context"]},
        "identityPolicies": named(case.identity), "resourceControlPolicies": [],
        "serviceControlPolicies": [{"orgIdentifier": "root", "policies": named(case.scps)}]
                                  if case.scps else [],
    }
    if case.boundary is not None:
        made["permissionBoundaryPolicies"] = named(case.boundary)
    if case.trust is not None:
        made["resourcePolicy"] = case.trust
    return made


@pytest.fixture(scope="module")
def simulated():
    try:
        iam_oracle.fetched()
    except (OSError, subprocess.SubprocessError) as e:
        pytest.skip(f"@cloud-copilot/iam-simulate could not be fetched: {e}")
    return {c.name: a for c, a in zip(CASES, iam_oracle.simulate([*map(simulation, CASES)]))}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_other_evaluator_agrees(case, simulated):
    """Its tables also know which context keys an action has: one that is ignored would be a
    condition that IAM never sees."""
    answer = simulated[case.name]
    assert answer.get("result") == case.want, answer
    assert not [k for k in answer["ignored"] if not k.startswith("aws:")]


# ---- sizes and completeness -----------------------------------------------------------------------

def test_documents_fit_their_quotas():
    for name, said in DOCUMENTS.items():
        size = len(re.sub(r"\s", "", said["document"]))
        assert said["size"] == size, name
        assert size <= (TRUST if name == "trust-cut" else USER_INLINE), name
        assert said["name"] is None or re.fullmatch(r"[\w+=,.@-]{1,128}", said["name"])
    ours = [DOCUMENTS[n]["size"] for n in ("deny-inline", "revoke-older", "deny-session-long")]
    # All that may be on one role at once leaves half of its quota to its owner.
    assert sum(ours) + DOCUMENTS["fence-large"]["size"] <= ROLE_INLINE / 2


def test_names_of_sessions_policies_differ():
    assert DOCUMENTS["deny-session"]["name"] != DOCUMENTS["deny-session-long"]["name"]


@pytest.mark.parametrize("path", sorted(GRANTS.glob("*.json")), ids=lambda p: p.stem)
def test_grants_are_policies(path):
    """As deployed: every name is known, every Sid once, and it fits."""
    document = filled(path.stem)
    sids = [s["Sid"] for s in document["Statement"]]
    assert len(set(sids)) == len(sids) and all(re.fullmatch("[A-Za-z0-9]+", s) for s in sids)
    size = len(json.dumps(document, separators=(",", ":")))
    assert size <= (SCP if path.stem == "scp" else MANAGED)
    for statement in document["Statement"]:
        actions = listed(statement["Action"])
        assert actions == sorted(actions)
        if statement["Effect"] == "Allow":
            assert not any("*" in a for a in actions), "an Allow names its actions"


def granted(*names):
    return {a for n in names for s in filled(n)["Statement"] if s["Effect"] == "Allow"
            for a in listed(s["Action"])}


def called():
    """The program's table of calls (handlers/iam.c): name of the permission -> whether it writes."""
    text = (ROOT / "handlers" / "iam.c").read_text()
    rows = re.findall(r'\] = \{"(\w+)", "(\w+)", (true|false)\}', text)
    assert len(rows) > 50
    return {f"{service}:{name}": writes == "true" for service, name, writes in rows}


def test_grants_are_the_calls_that_are_made():
    """No call without a grant, no grant without a call."""
    table = called()
    everything = granted(*(p.stem for p in GRANTS.glob("*.json")))
    needless = {"sts:GetCallerIdentity"}  # needs no permission
    beside = {"iam:PassRole"} | {a for a in everything if a.startswith("dynamodb:")}
    assert everything - beside == set(table) - needless


def test_reading_grants_only_read():
    table = called()
    assert not any(table[a] for a in granted("read"))
