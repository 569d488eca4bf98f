"""The signer against awslabs' test suite and against botocore.

Both feed bin/sigv4_filter of the build (tests/conformance/sigv4_filter.c); TRAILWARDEN_BUILD names it
(default: build/gcc), TRAILWARDEN_SHARED the folder with vectors/sigv4 (default: ../shared).
"""
import calendar
import json
import os
import pathlib
import random
import subprocess
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TRAILWARDEN_BUILD", ROOT / "build" / "gcc"))
SHARED = pathlib.Path(os.environ.get("TRAILWARDEN_SHARED", ROOT.parent / "shared"))
SUITE = SHARED / "vectors" / "sigv4"
CASES = 600  # requests of the differential test


def c_signer(requests):
    """What the C signer makes of each request."""
    program = BUILD / "bin" / "sigv4_filter"
    if not program.exists():
        pytest.fail(f"{program} is not built")
    lines = "".join(json.dumps(r) + "\n" for r in requests)
    done = subprocess.run([program], input=lines.encode(), capture_output=True, check=True)
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(replies) == len(requests)
    return replies


def suite_request(folder):
    """context.json and request.txt of one case as a request for the filter."""
    context = json.loads((folder / "context.json").read_text())
    head, _, body = (folder / "request.txt").read_bytes().decode().partition("\n\n")
    lines = head.rstrip("\n").split("\n")
    method, rest = lines[0].split(" ", 1)
    path, _, query = rest.rsplit(" HTTP/", 1)[0].partition("?")
    headers = []
    for line in lines[1:]:
        if line[0] in " \t":  # a folded line belongs to the header before it
            headers[-1][1] += " " + line
        else:
            headers.append(list(line.partition(":")[::2]))
    keys = context["credentials"]
    return {
        "method": method, "path": path, "query": query, "headers": headers, "body": body,
        "normalise": context["normalize"],
        "payload": "header" if context["sign_body"] else "hashed",
        "key_id": keys["access_key_id"], "secret": keys["secret_access_key"],
        "token": None if context.get("omit_session_token") else keys.get("token"),
        "region": context["region"], "service": context["service"],
        "now_ms": 1000 * calendar.timegm(time.strptime(context["timestamp"], "%Y-%m-%dT%H:%M:%SZ")),
    }


def test_suite():
    """All 38 header cases: canonical request, string to sign, signature, Authorization."""
    if not SUITE.is_dir():
        pytest.skip(f"the signing test suite is not at {SUITE}")
    folders = sorted(p for p in SUITE.iterdir() if (p / "context.json").exists())
    assert len(folders) == 38
    compared = 0
    for folder, got in zip(folders, c_signer([suite_request(f) for f in folders])):
        for name, field in (("canonical-request", "canonical"), ("string-to-sign", "to_sign"),
                            ("signature", "signature")):
            want = (folder / f"header-{name}.txt").read_bytes().decode()
            assert got.get(field) == want, (folder.name, name, got)
            compared += 1
        signed = (folder / "header-signed-request.txt").read_bytes().decode().split("\n")
        assert "Authorization:" + got["authorization"] in signed, folder.name
        compared += 1
    assert compared == 152


ALPHABET = "abcXYZ019-._~ !*'()$&+,;=:@/?#[]%\"<>\\^`{|}é日𝄞\t"
AWKWARD_KEYS = ["a b", "a+b", "a%20b", "k=v", "a/../b", "a//b", "a#?b", "日本/é", "~'()*!", "/lead", "..",
                "a/./b", "tail/", "%", "%zz", "."]


def random_text(rnd, longest):
    return "".join(rnd.choice(ALPHABET) for _ in range(rnd.randint(1, longest)))


def s3_case(rnd, i):
    key = AWKWARD_KEYS[i % len(AWKWARD_KEYS)] if i % 4 == 0 else random_text(rnd, 40)
    query = [("versionId", random_text(rnd, 20))] if i % 3 == 0 else []
    if i % 5 == 0:
        query += [("list-type", "2"), ("prefix", random_text(rnd, 10)), ("delimiter", "")]
    return {"method": "GET", "path": "/bucket/" + key, "query": query, "service": "s3", "body": "",
            "headers": [["host", "s3.eu-west-1.amazonaws.com"], ["range", "bytes=5-"]],
            "payload": "unsigned" if i % 7 == 0 else "header", "normalise": False}


def query_case(rnd, _):
    """An IAM, STS or SNS call: a form of percent-encoded pairs."""
    pairs = [("Action", "PutUserPolicy"), ("Version", "2010-05-08"),
             ("PolicyDocument", random_text(rnd, 200)), (random_text(rnd, 5), random_text(rnd, 50))]
    body = "&".join("=".join(urllib.parse.quote(x, safe="-._~") for x in p) for p in pairs)
    return {"method": "POST", "path": "/", "query": [], "body": body, "payload": "hashed",
            "service": rnd.choice(["iam", "sts", "sns"]), "normalise": True,
            "headers": [["Host", "iam.amazonaws.com:8443"],
                        ["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]]}


def json_case(rnd, _):
    return {"method": "POST", "path": "/", "query": [], "payload": "hashed", "normalise": True,
            "body": json.dumps({"TableName": random_text(rnd, 30)}), "service": "dynamodb",
            "headers": [["host", "dynamodb.us-east-1.amazonaws.com"],
                        ["content-type", "application/x-amz-json-1.0"],
                        ["x-amz-target", "DynamoDB_20120810.UpdateItem"],
                        ["X-Amz-Empty", ""], ["x-amz-blanks", "  a   b\tc  "]]}


def rest_case(rnd, _):
    """A path that is percent-encoded on the wire, and so encoded twice when signed."""
    name = random_text(rnd, 20).replace("/", "x").replace(".", "x")
    path = "/2015-03-31/functions/" + urllib.parse.quote(name, safe="-_~") + "/invocations"
    query = [("Qualifier", random_text(rnd, 8)), ("Qualifier", random_text(rnd, 8)), ("a", "")]
    return {"method": "POST", "path": path, "query": query, "body": random_text(rnd, 60),
            "headers": [["host", "lambda.eu-west-1.amazonaws.com"], ["user-agent", "x"]],
            "payload": "hashed", "service": "lambda", "normalise": True}


def finish(rnd, case, i):
    quote = lambda x: urllib.parse.quote(x, safe="-._~")
    rnd.shuffle(case["query"])
    case["query"] = "&".join(quote(k) + "=" + quote(v) for k, v in case["query"])
    long_token = "".join(rnd.choice("abcXYZ+/=") for _ in range(rnd.randint(1000, 2000)))
    case.update(key_id="AKIDEXAMPLE", secret="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                token=[None, "TOK/EN+==", long_token][i % 3],
                region=rnd.choice(["us-east-1", "cn-north-1", "us-gov-west-1"]))
    return case


def botocore_signer(case):
    """The same four texts, made by botocore."""
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    s3 = case["service"] == "s3"
    path = urllib.parse.quote(case["path"], safe="/-._~") if s3 else case["path"]
    host = case["headers"][0][1]
    url = "https://" + host + path + ("?" + case["query"] if case["query"] else "")
    request = AWSRequest(case["method"], url, data=case["body"].encode(),
                         headers=dict(case["headers"][1:]))
    signer = (S3SigV4Auth if s3 else SigV4Auth)(
        Credentials(case["key_id"], case["secret"], case["token"]), case["service"], case["region"])
    if case["payload"] == "unsigned":
        signer._should_sha256_sign_payload = lambda _: False
    seen = {}
    for name in ("canonical_request", "string_to_sign", "signature"):
        plain = getattr(signer, name)
        setattr(signer, name,
                lambda *a, plain=plain, name=name: seen.setdefault(name, plain(*a)))
    signer.add_auth(request)
    stamp = time.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ")
    case["now_ms"] = 1000 * calendar.timegm(stamp)
    return {"canonical": seen["canonical_request"], "to_sign": seen["string_to_sign"],
            "signature": seen["signature"], "authorization": request.headers["Authorization"]}


def test_botocore():
    """CASES random requests of the four kinds that AWS speaks give the texts botocore gives."""
    pytest.importorskip("botocore")
    rnd = random.Random(20150830)
    makers = [s3_case, query_case, s3_case, json_case, s3_case, rest_case]
    cases = [finish(rnd, makers[i % len(makers)](rnd, i), i) for i in range(CASES)]
    wanted = [botocore_signer(c) for c in cases]  # also notes in each case when it was signed
    for case, want, got in zip(cases, wanted, c_signer(cases)):
        assert got == want, case


@pytest.mark.parametrize("name", ["x-amz-date", "X-Amz-Content-Sha256", "Authorization",
                                  "x-amz-security-token"])
def test_refuses_signed_requests(name):
    case = finish(random.Random(1), json_case(random.Random(1), 0), 0) | {"now_ms": 0}
    case["headers"].append([name, "x"])
    assert "already carries" in c_signer([case])[0]["error"]
