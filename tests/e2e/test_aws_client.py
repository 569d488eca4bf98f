"""The AWS client, S3 and SNS against servers that are stricter and nastier than moto.

bin/aws_driver (tests/conformance/aws_driver.c) makes the calls with one client, as the programs do;
promise P2 (nothing is lost) and P5 (no secret leaves) are what these tests are about.
"""
import hashlib
import json
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

from support.aws_driver import TOPIC, aws, drive  # noqa: F401 (two are fixtures)
from support.processes import LOOPBACK, free_port, listening, stop, wait_until
from support.strict_aws import KEY, SECRET, TOKEN, StrictAws, container_credentials

KEYS = ["a b", "a+b", "a%20b", "k=v", "a/../b", "a//b", "a#?b", "日本/é", "~'()*!", "tail/"]
ATTEMPTS = 5  # AWS_ATTEMPTS_MAX
NO_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


def matches(answer, data):
    return answer.get("sha256") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("token", [None, TOKEN, "t" * 4000])
def test_awkward_keys(aws, drive, token):
    aws.keys[KEY] = (SECRET, token, None)
    driver = drive(AWS_SESSION_TOKEN=token)
    for key in KEYS:
        aws.objects["logs", key] = key.encode() * 1000
        assert matches(driver.get(key), key.encode() * 1000), key
        assert matches(driver.get(key, version="v/1+ ="), key.encode() * 1000), key
    assert len(aws.asked()) == 2 * len(KEYS)


def test_dead_connections_cost_no_attempt(aws, drive):
    """Kept connections that closed meanwhile, or close on the next request: no wait, no failure."""
    aws.objects["logs", "k"] = b"x"
    driver = drive()
    for step in ({"hang_up": True}, {}, {"close": True}, {"hang_up": True}):
        aws.script = [step]
        assert matches(driver.get("k"), b"x")
        aws.script = [step]
        assert driver.publish()["ok"]
    stamps = [e["headers"]["authorization"] for e in aws.asked()]
    assert len(stamps) == 10  # the two closed ones were sent again


@pytest.mark.parametrize("step", [
    {"status": 503, "code": "SlowDown"}, {"status": 500, "code": "InternalError"},
    {"status": 429}, {"status": 502}, {"close": True}, {"status": 400, "code": "RequestTimeout"}])
def test_passing_faults_are_repeated(aws, drive, step):
    aws.objects["logs", "k"] = b"x"
    aws.script = [step, step]
    assert matches(drive().get("k"), b"x")
    assert len({e["headers"]["x-amz-date"] for e in aws.log}) >= 1
    assert len(aws.asked()) == 3


def test_faults_that_stay_end_in_retry(aws, drive):
    aws.script = [{"status": 400, "code": "Throttling", "message": "Rate exceeded"}] * ATTEMPTS
    answer = drive().publish()
    assert answer["kind"] == "retry"
    assert answer["error"] == "sns Publish: 400 Throttling: Rate exceeded"
    assert len(aws.asked()) == ATTEMPTS


@pytest.mark.parametrize("status, code, kind", [
    (403, "AccessDenied", "denied"), (403, "AuthorizationError", "denied"),
    (404, "NotFound", "missing"), (400, "InvalidParameter", "input"), (404, "", "missing"),
    (403, "InvalidClientTokenId", "denied"), (409, "", "conflict"), (400, "", "input"),
    (409, "LimitExceeded", "limit"), (400, "ConditionalCheckFailedException", "conflict")])
def test_final_faults_are_not(aws, drive, status, code, kind):
    aws.script = [{"status": status, "code": code}]
    assert drive().publish()["kind"] == kind
    assert len(aws.asked()) == 1


@pytest.mark.parametrize("seconds", [-3600, -1000, 1000, 86400])
def test_wrong_clock_is_corrected_once_and_remembered(aws, drive, seconds):
    aws.objects["logs", "k"] = b"x"
    driver = drive()
    driver("clock", offset_ms=1000 * seconds)
    assert matches(driver.get("k"), b"x")
    assert len(aws.asked()) == 2
    assert driver.publish()["ok"]  # another service, the same correction
    assert len(aws.asked()) == 1
    driver("clock", offset_ms=0)  # somebody has set the clock
    assert driver.publish()["ok"]
    assert len(aws.asked()) == 2


def test_clock_that_jumps_is_corrected_once_a_call(aws, drive):
    aws.clock_offset = 3600
    jump = {"then": lambda: setattr(aws, "clock_offset", aws.clock_offset + 3600),
            "status": 403, "code": "SignatureDoesNotMatch"}
    aws.script = [jump, jump, jump]
    assert drive().publish()["kind"] == "denied"
    assert len(aws.asked()) == 2


def test_cached_date_is_no_evidence(aws, drive):
    aws.age = 5
    driver = drive()
    driver("clock", offset_ms=3600 * 1000)
    assert driver.publish()["kind"] == "denied"
    assert len(aws.asked()) == 1


def test_wrong_secret_is_not_the_clocks_fault(aws, drive):
    answer = drive(AWS_SECRET_ACCESS_KEY="wrong").publish()
    assert answer["kind"] == "denied" and "SignatureDoesNotMatch" in answer["error"]
    assert len(aws.asked()) == 1


def test_signature_errors_show_no_token(aws, drive):
    aws.keys[KEY] = (SECRET, TOKEN, None)  # the fixture looks for it in everything said
    answer = drive(AWS_SESSION_TOKEN=TOKEN, AWS_SECRET_ACCESS_KEY="wrong").publish()
    assert answer["kind"] == "denied" and "Canonical" not in answer["error"]


@pytest.mark.parametrize("status", [301, 307, 400])
def test_bucket_elsewhere(aws, drive, status):
    aws.redirect, aws.regions["logs"] = status, "ap-south-1"
    aws.objects["logs", "k"] = b"x"
    driver = drive()
    assert matches(driver.get("k"), b"x")
    assert len(aws.asked()) == 2
    assert matches(driver.get("k"), b"x")  # the region is remembered
    assert len(aws.asked()) == 1


def test_bucket_region_of_the_reference_is_used(aws, drive):
    aws.regions["logs"] = "ap-south-1"
    aws.objects["logs", "k"] = b"x"
    driver = drive()
    assert matches(driver.get("k", region="ap-south-1"), b"x")
    assert len(aws.asked()) == 1
    assert matches(driver.get("k", region="not/a region"), b"x")  # as good as none


def test_redirects_do_not_go_in_circles(aws, drive):
    aws.script = [{"status": 301, "code": "PermanentRedirect",
                   "headers": {"x-amz-bucket-region": region}} for region in
                  ("ap-south-1", "eu-west-1", "ap-south-1", "eu-west-1", "ap-south-1")]
    aws.regions["logs"] = "ap-south-1"
    answer = drive().get("k")
    assert answer["kind"] == "retry" and "301 PermanentRedirect" in answer["error"]
    assert len(aws.asked()) == 2


BIG = bytes(range(256)) * 4096  # 1 MiB


def test_broken_transfer_goes_on_where_it_broke(aws, drive):
    aws.objects["logs", "big"] = BIG
    aws.script = [{"cut": 300000}, {"cut": 1}, {"cut": 400000}]
    assert matches(drive().get("big"), BIG)
    ranges = [e["headers"].get("range") for e in aws.asked()]
    assert ranges == [None, "bytes=300000-", "bytes=300001-", "bytes=700001-"]


def test_transfer_that_always_breaks_ends(aws, drive):
    aws.objects["logs", "big"] = BIG
    aws.script = [{"cut": 10}] * 100
    answer = drive().get("big")
    assert answer["kind"] == "retry" and "s3://logs/big" in answer["error"]
    assert len(aws.asked()) == 9  # the first and S3_RESUMES_MAX


def test_object_replaced_while_it_is_read(aws, drive):
    aws.objects["logs", "big"] = BIG
    replace = lambda: aws.objects.update({("logs", "big"): BIG + b"more"})
    aws.script = [{"cut": 1000}, {"then": replace}]
    answer = drive().get("big")
    assert answer["kind"] == "retry" and "replaced while it was read" in answer["error"]


def test_whole_object_instead_of_the_rest(aws, drive):
    aws.objects["logs", "big"], aws.ignore_range = BIG, True
    aws.script = [{"cut": 1000}]
    answer = drive().get("big")
    assert answer["kind"] == "retry" and "from its beginning" in answer["error"]
    assert len(aws.asked()) == 2


def test_nothing_to_recognise_the_object_by(aws, drive):
    aws.objects["logs", "big"], aws.etags = BIG, False
    aws.script = [{"cut": 1000}]
    assert drive().get("big")["kind"] == "retry"
    assert len(aws.asked()) == 1


def test_deadline_bounds_a_slow_answer_and_the_waits(aws, drive):
    aws.objects["logs", "k"] = b"x"
    aws.script = [{"delay": 3}]
    driver = drive()
    driver("deadline", in_ms=500)
    answer = driver.get("k")
    assert answer["kind"] == "retry" and answer["took_ms"] < 1500
    answer = driver.get("k")
    assert answer["kind"] == "retry" and answer["took_ms"] < 100
    assert "no time was left" in answer["error"]


def test_missing_and_bad_names(aws, drive):
    driver = drive()
    answer = driver.get("no\nsuch")
    assert answer["kind"] == "missing"
    assert answer["error"] == (r"s3://logs/no\x0Asuch: s3 GetObject: 404 NoSuchKey: "
                               "The specified key does not exist.")
    assert driver.get("k", bucket="a/b")["kind"] == "input"
    assert driver.get("k", bucket="..")["kind"] == "input"
    assert driver.get("k" * 1025)["kind"] == "limit"
    assert len(aws.asked()) == 1


@pytest.mark.parametrize("page", [1, 3, 1000])
def test_listing(aws, drive, page):
    aws.page = page
    keys = ["p/" + k for k in KEYS + ["&<>\"'", "x+y z"]]
    for k in keys + ["other"]:
        aws.objects["logs", k] = k.encode()
    driver = drive()
    got = driver("list", bucket="logs", prefix="p/")
    assert got["keys"] == [[k, len(k.encode())] for k in sorted(keys)]
    assert len(aws.asked()) == -(-len(keys) // page)
    assert driver("list", bucket="logs", prefix="none")["keys"] == []


@pytest.mark.parametrize("body", ["", "<ListBucketResult>", "{}", "<!DOCTYPE x><ListBucketResult/>",
                                  "<ListBucketResult><IsTruncated>true</IsTruncated>"
                                  "</ListBucketResult>", "<Other/>"])
def test_bad_listings(aws, drive, body):
    aws.script = [{"raw": body}] * ATTEMPTS
    assert drive()("list", bucket="logs", prefix="")["ok"] is False


def form_of(entry):
    return dict(urllib.parse.parse_qsl(entry["body"], strict_parsing=True))


def test_publish_form(aws, drive):
    assert drive().publish(text="für dich\n+&=%", json='{"é":"\\u0000"}')["ok"]
    form = form_of(aws.asked()[0])
    message = json.loads(form.pop("Message"))
    assert message == {"default": '{"é":"\\u0000"}', "email": "für dich\n+&=%", "sms": "Subject"}
    assert form == {
        "Action": "Publish", "Version": "2010-03-31", "TopicArn": TOPIC, "Subject": "Subject",
        "MessageStructure": "json", "MessageAttributes.entry.1.Name": "level",
        "MessageAttributes.entry.1.Value.DataType": "String",
        "MessageAttributes.entry.1.Value.StringValue": "high"}


def test_publish_to_fifo_and_to_the_topics_region(aws, drive):
    driver = drive()
    assert driver.publish(arn="arn:aws-cn:sns:cn-north-1:111122223333:alerts.fifo",
                          account="111122223333")["ok"]
    assert driver.publish(arn=TOPIC + ".fifo", id="i" * 129)["ok"]
    first, second = aws.asked()
    assert "/cn-north-1/sns/" in first["headers"]["authorization"]
    assert form_of(first)["MessageGroupId"] == "111122223333"
    assert form_of(first)["MessageDeduplicationId"] == "id-1.0"
    assert form_of(second)["MessageGroupId"] == hashlib.sha256(b"i" * 129).hexdigest()
    assert form_of(second)["MessageDeduplicationId"] == hashlib.sha256(
        b"i" * 129 + b".0").hexdigest()


def test_publish_limits(aws, drive):
    """All of Message counts, and name, type and value of the attributes."""
    driver = drive()
    rest = len('{"default":"{}","email":"","sms":"Subject"}') + len("level" + "String" + "high")
    assert driver.publish(json="{}", text="x" * (262144 - rest))["ok"]
    answer = driver.publish(json="{}", text="x" * (262144 - rest + 1))
    assert answer["kind"] == "limit" and "262145 bytes" in answer["error"]
    assert len(aws.asked()) == 1


@pytest.mark.parametrize("arn", ["", "arn:aws:sns:eu-west-1:1:", "arn:aws:sqs:eu-west-1:1:q",
                                 "arn:aws:sns:eu/west:1:t", "arn:aws:sns:eu-west-1:1:t:sub",
                                 "arn:aws:sns:eu-west-1:1:t\n"])
def test_bad_topics(drive, arn):
    assert drive().publish(arn=arn)["kind"] == "usage"


def test_publish_without_a_receipt_is_not_done(aws, drive):
    aws.script = [{"raw": "<html>proxy</html>"}]
    assert drive().publish()["kind"] == "retry"


@pytest.mark.parametrize("env, word", [
    ({"AWS_REGION": "eu west"}, "region"), ({"AWS_REGION": None}, "AWS_REGION"),
    ({"AWS_ENDPOINT_URL": "ftp://x"}, "AWS_ENDPOINT_URL"),
    ({"AWS_ENDPOINT_URL_S3": "http://u:p@host"}, "AWS_ENDPOINT_URL_S3"),
    ({"AWS_SECRET_ACCESS_KEY": None}, "secret access key"),
    ({"AWS_SECRET_ACCESS_KEY": "a b"}, "blank"), (NO_KEYS, "no AWS credentials"),
    (NO_KEYS | {"AWS_PROFILE": "none"}, "none")])
def test_wrong_settings(drive, env, word):
    answer = drive(**env).get("k")
    assert answer["kind"] == "usage" and word in answer["error"]


def test_service_endpoint_stands_before_the_general(aws, drive):
    aws.objects["logs", "k"] = b"x"
    port = free_port()
    driver = drive(AWS_ENDPOINT_URL_S3=aws.url + "/", AWS_ENDPOINT_URL=f"http://{LOOPBACK}:{port}")
    assert matches(driver.get("k"), b"x")
    assert driver.publish()["kind"] == "retry"


CONFIG = """
[default]
region = us-east-1   # a comment
[profile keys]
aws_access_key_id = {key}
AWS_Secret_Access_Key={secret}
region = eu-west-1
s3 =
  region = nested-1
[profile role]
role_arn = arn:aws:iam::111122223333:role/r
source_profile = keys
external_id = e/1
role_session_name = me
region = eu-west-1
[profile deep]
role_arn = arn:aws:iam::111122223333:role/deep
source_profile = role
region = eu-west-1
[profile own]
role_arn = arn:aws:iam::111122223333:role/own
source_profile = own
aws_access_key_id = {key}
aws_secret_access_key = {secret}
region = eu-west-1
[profile env]
role_arn = arn:aws:iam::111122223333:role/env
credential_source = EcsContainer
region = eu-west-1
[profile sso]
sso_session = x
region = eu-west-1
[sso-session keys]
region = eu-west-1
[profile process]
credential_process = touch {home}/ran
region = eu-west-1
[profile mfa]
role_arn = arn:aws:iam::111122223333:role/mfa
mfa_serial = x
source_profile = keys
region = eu-west-1
[profile circle]
role_arn = arn:aws:iam::111122223333:role/c
source_profile = circle2
region = eu-west-1
[profile circle2]
role_arn = arn:aws:iam::111122223333:role/c2
source_profile = circle
region = eu-west-1
[profile web]
role_arn = arn:aws:iam::111122223333:role/web
web_identity_token_file = {home}/token
region = eu-west-1
[profile alone]
role_arn = arn:aws:iam::111122223333:role/a
region = eu-west-1
[profile empty]
region = eu-west-1
"""


@pytest.fixture
def profiles(tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        CONFIG.format(key=KEY, secret=SECRET, home=tmp_path))
    (tmp_path / "token").write_text("web.identity.token\n")


def from_profile(drive, name, **env):
    return drive(**NO_KEYS, AWS_PROFILE=name, AWS_REGION=None, **env)


def test_profile_with_keys(aws, drive, profiles):
    assert from_profile(drive, "keys").publish()["ok"]
    assert "/eu-west-1/sns" in aws.asked()[0]["headers"]["authorization"]


def test_credentials_file_stands_before_config(aws, drive, profiles, tmp_path):
    aws.keys["AKIAOTHER"] = ("other", None, None)
    (tmp_path / ".aws" / "credentials").write_text(
        "[keys]\naws_access_key_id=AKIAOTHER\naws_secret_access_key=other\n")
    assert from_profile(drive, "keys").publish()["ok"]
    assert "AKIAOTHER" in aws.asked()[0]["headers"]["authorization"]


@pytest.mark.parametrize("name, roles", [("role", ["r"]), ("deep", ["r", "deep"]),
                                         ("own", ["own"])])
def test_profile_with_role(aws, drive, profiles, name, roles):
    driver = from_profile(drive, name)
    assert driver.publish()["ok"] and driver.publish()["ok"]  # assumed once, used twice
    forms = [form_of(e) for e in aws.asked()]
    assert [f["RoleArn"].rpartition("/")[2] for f in forms[:-2]] == roles
    if name == "role":
        assert (forms[0]["ExternalId"], forms[0]["RoleSessionName"]) == ("e/1", "me")
    assert [f["Action"] for f in forms[-2:]] == ["Publish", "Publish"]


@pytest.mark.parametrize("name, word", [
    ("sso", "export-credentials"), ("process", "never"), ("mfa", "second factor"),
    ("circle", "too many"), ("alone", "nothing to assume"), ("empty", "no credentials"),
    ("nobody", "neither")])
def test_profiles_we_do_not_follow(drive, profiles, tmp_path, name, word):
    env = {"AWS_REGION": "eu-west-1"} if name == "nobody" else {"AWS_REGION": None}
    answer = drive(**NO_KEYS, AWS_PROFILE=name, **env).publish()
    assert answer["kind"] == "usage" and word in answer["error"] and name in answer["error"]
    assert not (tmp_path / "ran").exists()


def web_identity(aws, seen):
    def answer(_, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        seen.append(form)
        return 200, aws.role(form)
    return answer


@pytest.mark.parametrize("by", ["environment", "profile"])
def test_web_identity(aws, drive, profiles, tmp_path, by):
    seen = []
    aws.unsigned["POST /"] = web_identity(aws, seen)
    env = {"AWS_PROFILE": "web"} if by == "profile" else {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_SESSION_NAME": "pod",
        "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/web"}
    assert drive(**NO_KEYS, **env).publish()["ok"]
    assert seen[0]["Action"] == "AssumeRoleWithWebIdentity"
    assert seen[0]["WebIdentityToken"] == "web.identity.token"
    assert seen[0]["RoleSessionName"] == ("pod" if by == "environment" else "trailwarden")


def test_container_and_its_renewal(aws, drive, tmp_path):
    """Credentials near their end are fetched anew; those AWS calls expired, once a call."""
    now, asked = aws.now(), []
    aws.keys.update(OLD=("s1", "t1", now + 30), NEW=("s2", "t2", now + 3600),
                    LAST=("s3", "t3", now + 3600))
    names = iter(["OLD", "NEW", "LAST"])

    def answer(headers, _):
        asked.append(headers.get("authorization"))
        return 200, container_credentials(aws, next(names))

    aws.unsigned["GET /container"] = answer
    (tmp_path / "pod").write_text("pod token\n")
    driver = drive(**NO_KEYS, AWS_CONTAINER_CREDENTIALS_FULL_URI=aws.url + "/container",
                   AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(tmp_path / "pod"))
    assert driver.publish()["ok"] and driver.publish()["ok"] and driver.publish()["ok"]
    assert asked == ["pod token"] * 2
    aws.script = [{"status": 400, "code": "ExpiredToken"}]
    assert driver.publish()["ok"]
    assert len(asked) == 3


def test_expired_environment_is_tried_twice_only(aws, drive):
    aws.keys[KEY] = (SECRET, TOKEN, 0)
    assert drive(AWS_SESSION_TOKEN=TOKEN).publish()["kind"] == "denied"
    assert len(aws.asked()) == 2


@pytest.mark.parametrize("uri", ["http://example.com/c", "http://127.0.0.1.example.com/c",
                                 "ftp://localhost/c", "http://localhost@example.com/c",
                                 "http://[::2]/c",
                                 "http://127.0.0.1:80@example.com/c",
                                 r"http://example.com\@127.0.0.1/c"])
def test_container_credentials_from_strangers(drive, uri):
    answer = drive(**NO_KEYS, AWS_CONTAINER_CREDENTIALS_FULL_URI=uri).publish()
    assert answer["kind"] == "usage" and "FULL_URI" in answer["error"]


def test_instance_metadata(aws, drive):
    roles = "/latest/meta-data/iam/security-credentials/"
    need = lambda text: lambda headers, _: (
        (200, text) if headers.get("x-aws-ec2-metadata-token") == "imds" else (401, ""))
    aws.unsigned["PUT /latest/api/token"] = lambda headers, _: (
        200 if headers.get("x-aws-ec2-metadata-token-ttl-seconds") else 400, "imds")
    aws.keys["ASIAEC2"] = ("ec2", "ec2token", aws.now() + 3600)
    aws.unsigned["GET " + roles] = need("my-role\n")
    aws.unsigned[f"GET {roles}my-role"] = need(container_credentials(aws, "ASIAEC2"))
    env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.url, "AWS_EC2_METADATA_DISABLED": None}
    assert drive(**NO_KEYS, **env).publish()["ok"]
    answer = drive(**NO_KEYS, **env | {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{LOOPBACK}:{free_port()}"}).publish()
    assert answer["kind"] == "usage" and "no AWS credentials" in answer["error"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for the loopback address, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=stub", "-addext", f"subjectAltName=IP:{LOOPBACK}",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True,
        capture_output=True)
    return folder


def test_tls(certificate, drive):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server = StrictAws(context)
    try:
        server.objects["logs", "k"] = b"x"
        trusting = drive(AWS_ENDPOINT_URL=server.url,
                         AWS_CA_BUNDLE=str(certificate / "cert.pem"))
        server.script = [{}, {"hang_up": True}]  # and one that dies unheard
        assert all(matches(trusting.get("k"), b"x") for _ in range(3))
        server.objects["logs", "big"] = BIG  # more than is kept of one that is ahead
        assert [got["sha256"] for got in trusting.gets("k", "big", "k", "big")] == [
            hashlib.sha256(body).hexdigest() for body in (b"x", BIG, b"x", BIG)]
        for answer in drive(AWS_ENDPOINT_URL=server.url).gets("k", "big"):
            assert answer["kind"] == "system" and "certificate" in answer["error"]
        answer = drive(AWS_ENDPOINT_URL=server.url).get("k")
        assert answer["kind"] == "system" and "certificate" in answer["error"]
        answer = drive(AWS_ENDPOINT_URL=server.url, AWS_CA_BUNDLE="/nonexistent").get("k")
        assert answer["kind"] == "usage" and "AWS_CA_BUNDLE" in answer["error"]
    finally:
        server.close()


def test_metadata_goes_past_the_proxy(certificate, aws, drive):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    container = StrictAws(context)
    container.unsigned["GET /container"] = lambda *_: (200, container_credentials(aws, KEY))
    try:
        assert drive(**NO_KEYS, HTTPS_PROXY=f"http://{LOOPBACK}:{free_port()}",
                     AWS_CA_BUNDLE=str(certificate / "cert.pem"),
                     AWS_CONTAINER_CREDENTIALS_FULL_URI=container.url + "/container"
                     ).publish()["ok"]
    finally:
        container.close()


def test_proxy_variables(aws, drive):
    """Plain http never goes through one."""
    aws.objects["logs", "k"] = b"x"
    nowhere = f"http://{LOOPBACK}:{free_port()}"
    env = {n: nowhere for n in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY")}
    assert matches(drive(**env).get("k"), b"x")
    answer = drive(**env, AWS_ENDPOINT_URL=None).get("k")  # https: the proxy is asked
    assert answer["kind"] == "retry" and nowhere.partition("//")[2].split(":")[1] in answer["error"]


@pytest.fixture
def other_strict_stub(shared):
    """A second opinion on what a valid signature is, where there is one."""
    program = shared / "tools" / "strict_aws_stub.py"
    if not program.exists():
        pytest.skip(f"{program} is not there")
    port = free_port()
    process = subprocess.Popen([sys.executable, program, str(port)])
    wait_until(lambda: listening(port), 10, "the other stub listens")

    def control(path, value):
        request = urllib.request.Request(f"http://{LOOPBACK}:{port}/_{path}",
                                         json.dumps(value).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())

    control.url = f"http://{LOOPBACK}:{port}"
    yield control
    stop(process)


def test_other_strict_stub(other_strict_stub, drive):
    driver = drive(AWS_ENDPOINT_URL=other_strict_stub.url, AWS_ACCESS_KEY_ID="ASIAEXAMPLE",
                   AWS_SECRET_ACCESS_KEY="secret/of+session", AWS_SESSION_TOKEN="TOK/EN+==")
    for key in KEYS:
        assert driver.get(key, version="1")["ok"], key
    other_strict_stub("log", None)
    other_strict_stub("clock", {"offset": 3600})
    receipt = {"body": "<R><MessageId>1</MessageId></R>"}
    other_strict_stub("script", [receipt])
    assert driver.publish()["ok"]
    assert [r["result"] for r in other_strict_stub("log", None)] == ["SignatureDoesNotMatch", "OK"]
    other_strict_stub("script", [{"close": True}, {"status": 400, "code": "Throttling"}, receipt])
    assert driver.publish()["ok"]
    assert [r["result"] for r in other_strict_stub("log", None)] == ["closed", "Throttling", "OK"]
