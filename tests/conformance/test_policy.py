"""Advice against what others know: AWS's Service Authorization Reference (as cfn-lint, which is among
the tests' requirements, carries it), access-denied texts of public logs, which name the action, and
a script of its own over the same logs.

TRAILWARDEN_BUILD and TRAILWARDEN_BIN name the build and the program, TRAILWARDEN_SHARED the logs.
"""
import collections
import fnmatch
import functools
import gzip
import importlib.util
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TRAILWARDEN_BUILD", ROOT / "build" / "gcc"))
SHARED = pathlib.Path(os.environ.get("TRAILWARDEN_SHARED", ROOT.parent / "shared"))
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
CORPUS = SHARED / "corpus"
LOGS = [CORPUS / name for name in ("sans504", "otrf", "stratus")]
PRINCIPALS = 10

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the public logs are not at {CORPUS}")


@functools.cache
def reference():
    folder = pathlib.Path(importlib.util.find_spec("cfnlint").origin).parent
    return json.loads((folder / "data/AdditionalSpecs/Policies.json").read_text())


def knows(action):
    service, _, name = action.lower().partition(":")
    return name in reference().get(service, {}).get("Actions", {})


def mapped(lines):
    done = subprocess.run([BUILD / "bin/actions_filter"], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(lines)
    return answers


@functools.cache
def records():
    """All records of the logs, each event once."""
    return read(LOGS)


@functools.cache
def all_records():
    return read(CORPUS / name for name in ("sans504", "otrf", "stratus", "traildiscover",
                                           "trailscraper", "flaws1_excerpt", "plaso"))


def read(folders):
    seen, found = set(), []
    for folder in folders:
        for path in sorted(folder.rglob("*.json.gz")):
            for r in json.loads(gzip.decompress(path.read_bytes())).get("Records", []):
                if r.get("eventID") not in seen:
                    seen.add(r.get("eventID"))
                    found.append(r)
    return found


# ---- the table --------------------------------------------------------------------------------

def test_every_action_of_the_table_exists():
    text = (ROOT / "respond/actions.inc").read_text()
    rows = re.findall(r'^ACTION\("([^"]*)", "([^"]*)", "([^"]*)"\)', text, re.M)
    assert len(rows) > 80
    wrong = [f"{s}:{a}" for s, _, actions in rows for a in actions.split() if not knows(f"{s}:{a}")]
    assert wrong == []


def test_services_of_the_table_exist():
    text = (ROOT / "respond/actions.inc").read_text()
    rows = re.findall(r'^SERVICE\("([^"]*)", "([^"]*)"\)', text, re.M)
    assert len(rows) > 20 and [to for _, to in rows if to not in reference()] == []


@pytest.mark.parametrize("call,actions", [
    ("lambda.amazonaws.com CreateFunction20150331", "lambda:CreateFunction"),
    ("lambda.amazonaws.com UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
    ("cloudfront.amazonaws.com GetDistribution2020_05_31", "cloudfront:GetDistribution"),
    ("monitoring.amazonaws.com DescribeAlarms", "cloudwatch:DescribeAlarms"),
    ("s3.amazonaws.com ListBuckets", "s3:ListAllMyBuckets"),
    ("s3.amazonaws.com PutBucketReplication", "s3:PutReplicationConfiguration"),
    ("kms.amazonaws.com ReEncrypt", "kms:ReEncryptFrom kms:ReEncryptTo"),
    ("apigateway.amazonaws.com UpdateStage", "apigateway:PATCH"),
    ("sts.amazonaws.com GetCallerIdentity", "none"),
    ("signin.amazonaws.com ConsoleLogin", "none"),
    ("s3.amazonaws.com GetStorageLensDashboardDataInternal", "unknown"),
    ("resource-explorer-2.amazonaws.com Search", "resource-explorer-2:Search"),
    ("? User: x is not authorized to perform: lambda:ListFunctions on resource: *",
     "lambda:ListFunctions"),
    ("? Access Denied", "none"),
])
def test_mapping(call, actions):
    assert mapped([call]) == [actions]


# ---- public logs ------------------------------------------------------------------------------

@needs_corpus
def test_access_denied_texts_agree():
    """What AWS says was not allowed is among what the call is mapped to."""
    pairs = collections.Counter()
    for r in all_records():
        message = r.get("errorMessage") or ""
        if "not authorized to perform: " in message:
            pairs[r["eventSource"], r["eventName"], " ".join(message.split())[:2000]] += 1
    keys = sorted(pairs)
    named = mapped([f"? {message}" for _, _, message in keys])
    actions = mapped([f"{source} {event}" for source, event, _ in keys])
    checked = [(n, a) for n, a in zip(named, actions) if n != "none"]
    assert len(checked) > 20
    # IAM does not tell cases apart, and SNS writes itself in capitals.
    assert [(n, a) for n, a in checked if n.lower() not in a.lower().split()
            and n not in ("iam:PassRole", "kms:Decrypt")] == []


@needs_corpus
def test_actions_of_all_calls_exist():
    """At least 98 of 100 pairs come to actions that exist; the rest are the console's own."""
    pairs = sorted({(r["eventSource"], r["eventName"]) for r in all_records()
                    if r.get("eventType") == "AwsApiCall" and not denied(r)})
    actions = mapped([" ".join(p) for p in pairs])
    wrong = [(p, a) for p, a in zip(pairs, actions)
             if a not in ("none", "unknown") and not all(map(knows, a.split()))]
    assert len(pairs) > 200
    assert len(wrong) <= 0.02 * len(pairs), wrong


# An own way to the same list, for the calls of these logs alone.
EXCEPTIONS = {
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets", ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListObjects"): "s3:ListBucket", ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "GetBucketLifecycle"): "s3:GetLifecycleConfiguration",
    ("s3", "PutBucketLifecycle"): "s3:PutLifecycleConfiguration",
    ("s3", "DeleteBucketLifecycle"): "s3:PutLifecycleConfiguration",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "PutBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "GetBucketReplication"): "s3:GetReplicationConfiguration",
    ("s3", "GetBucketCors"): "s3:GetBucketCORS", ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "GetAccelerateConfiguration"): "s3:GetAccelerateConfiguration",
    ("s3", "CreateMultipartUpload"): "s3:PutObject", ("s3", "UploadPart"): "s3:PutObject",
    ("s3", "CompleteMultipartUpload"): "s3:PutObject", ("s3", "CopyObject"): "s3:PutObject",
    ("s3", "DeleteBucketTagging"): "s3:PutBucketTagging",
    ("s3", "DeleteBucketPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "DeleteAccountPublicAccessBlock"): "s3:PutAccountPublicAccessBlock",
    ("s3", "GetObjectLockConfiguration"): "s3:GetBucketObjectLockConfiguration",
    ("lambda", "Invoke"): "lambda:InvokeFunction",
}
OTHER = {"monitoring": "cloudwatch", "tagging": "tag", "application-insights": "applicationinsights",
         "servicecatalog-appregistry": "servicecatalog"}
DENIED = re.compile("AccessDenied|UnauthorizedOperation|AuthFailure|DryRunOperation|NotAuthorized"
                    "|Unauthorized|Forbidden|OptInRequired|Client.Auth|InvalidClientTokenId"
                    "|ExpiredToken|SignatureDoesNotMatch|InvalidAccessKey|UnrecognizedClient"
                    "|AuthorizationError|InvalidSignature|TokenRefreshRequired"
                    "|MissingAuthenticationToken")
METHODS = {"Get": "GET", "Create": "POST", "Delete": "DELETE", "Update": "PATCH", "Put": "PUT"}


def denied(r):
    return bool(DENIED.search(r.get("errorCode") or ""))


def principal(r):
    identity = r.get("userIdentity") or {}
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn")
    arn = issuer or identity.get("arn") or ""
    return arn if re.search(r":iam::\d{12}:(user|role)/", arn) and "aws-service-role" not in arn \
        else None


def own_action(r):
    service = r["eventSource"].split(".")[0]
    name = re.sub(r"20\d\d_?\d\d_?\d\d(v\d)?$", "", r["eventName"])
    if service == "signin" or (service, name) in {("sts", "GetCallerIdentity"),
                                                  ("sts", "GetSessionToken")}:
        return None
    if service == "apigateway":
        return "apigateway:" + next((m for v, m in METHODS.items() if name.startswith(v)), "POST")
    action = EXCEPTIONS.get((service, name), f"{OTHER.get(service, service)}:{name}")
    version = (r.get("requestParameters") or {}).get("versionId")
    if version and action in ("s3:GetObject", "s3:DeleteObject"):
        action += "Version"
    return action if not name.endswith("Internal") else None


def roles_in(value, key=""):
    if isinstance(value, dict):
        return [x for k, v in value.items() for x in roles_in(v, k)]
    if isinstance(value, list):
        return [x for v in value for x in roles_in(v, key)]
    is_role = isinstance(value, str) and re.match(r"arn:[^:]*:iam::[^:]*:role/", value)
    return [value] if is_role and "ole" in key and "olicy" not in key else []


def own_actions(arn):
    found = set()
    for r in records():
        if principal(r) != arn or denied(r) or r.get("eventType") == "AwsServiceEvent":
            continue
        request = r.get("requestParameters") or {}
        found.add(own_action(r))
        service = r["eventSource"].split(".")[0]
        if service not in ("sts", "iam", "kms", "s3") and roles_in(request):
            found.add("iam:PassRole")
        if service == "ec2" and "tagSpecificationSet" in request:
            found.add("ec2:CreateTags")
        if service == "s3" and request.get("x-amz-copy-source"):
            found.add("s3:GetObject")
    return sorted(found - {None})


def advise(arn, *options):
    done = subprocess.run([BIN, "policy", arn, *[f"--from={p}" for p in LOGS], "--format", "json",
                           *options], capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1, 5), done.stderr
    return done.returncode, json.loads(done.stdout)


ALL = ["--since", "none", "--days", "0", "--accept", "data-events", "--accept", "regions"]


def busiest():
    calls = collections.defaultdict(set)
    for r in records():
        if principal(r) and not denied(r):
            calls[principal(r)].add((r["eventSource"], r["eventName"]))
    return sorted(calls, key=lambda arn: (-len(calls[arn]), arn))[:PRINCIPALS]


def statements(document):
    for s in document["Statement"]:
        for resource in [s["Resource"]] if isinstance(s["Resource"], str) else s["Resource"]:
            for action in s["Action"]:
                yield action, resource


def takes(action, resource):
    """Whether the reference has a resource for the action whose ARN is like this one."""
    service, _, name = action.lower().partition(":")
    entry = reference()[service]
    kinds = entry["Actions"][name].get("Resources", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        for form in entry.get("Resources", {}).get(kind.lower(), {}).get("ARNFormats", []):
            pattern = re.sub(r"\$\{[^}]*\}", "*", form).replace(".*", "*")
            if fnmatch.fnmatch(resource, pattern) or fnmatch.fnmatch(pattern, resource):
                return True
    return False


@needs_corpus
def test_ten_principals():
    """The action list is that of the script, and exists; resources are of a kind it knows."""
    chosen = busiest()
    assert len(chosen) == PRINCIPALS
    for arn in chosen:
        code, advice = advise(arn, *ALL)
        assert code in (0, 1)
        actions = [a["action"] for a in advice["actions"]]
        assert actions == own_actions(arn), arn
        assert advice["excluded"] == []
        document = advice["document"]
        unknown = {a for a in actions if not knows(a)}
        assert len(unknown) <= 0.05 * len(actions), unknown
        if "*" not in json.dumps([s["Action"] for s in document["Statement"]]):
            assert sorted({a for a, _ in statements(document)}) == actions
            assert [(a, r) for a, r in statements(document)
                    if r != "*" and a not in unknown and not takes(a, r)] == []


@needs_corpus
def test_jmerckle_has_no_baseline():
    """SANS-504: all of his calls are the intruder's; the answer is to deny everything."""
    [arn] = {principal(r) for r in records()
             if (principal(r) or "").endswith(":user/jmerckle")}
    code, advice = advise(arn, "--since", "2021-01-01T00:00:00Z", "--days", "0")
    assert code == 5 and advice["document"] is None and advice["actions"] == []
    assert any("no baseline" in s and "Deny everything" in s for s in advice["refusals"])
    excluded = {a["action"] for a in advice["excluded"]}
    assert {"iam:PutUserPolicy", "iam:CreateAccessKey", "s3:ListAllMyBuckets"} <= excluded
