"""What goes wrong in S3, SNS or the data: the right failure, the right log line, and the next
invocation served."""
import gzip
import json

import pytest

from support import payloads, trail
from support.payloads import message_id
from support.trail import STOPPED, expected, packed, quiet, record

pytestmark = pytest.mark.timeout(60)

GOOD, BAD = "AWSLogs/good.json.gz", "AWSLogs/bad.json.gz"
DENY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}]}


def deny_reading(stage, key):
    policy = json.loads(json.dumps(DENY))
    policy["Statement"][0]["Resource"] = f"arn:aws:s3:::{stage.bucket}/{key}"
    stage.s3.put_bucket_policy(Bucket=stage.bucket, Policy=json.dumps(policy))


def corrupt(packed_object):
    """The checksum at the end does not hold."""
    return packed_object[:-8] + bytes([packed_object[-8] ^ 1]) + packed_object[-7:]


def break_object(stage, how):
    """Makes BAD unreadable."""
    stopped = record("StopLogging", 1, "unseen")
    whole = packed([stopped, *quiet(200)])
    stored = {"truncated gzip": whole[:-20], "bad checksum": corrupt(whole),
              "cut plain text": trail.text_of([*quiet(200)])[:-30],
              "no log": b"<html>no</html>", "no gzip": b"\x1f\x8b\x08\x00garbage" * 20,
              "denied by bucket policy": whole}.get(how)
    if stored is not None:
        stage.put(BAD, stored)
    if how == "denied by bucket policy":
        deny_reading(stage, BAD)


# What broke, the error type, and words of its sentence.
BROKEN = {
    "missing object": ("Function.Missing", "NoSuchKey"),
    "truncated gzip": ("Function.BadInput", "gzip"),
    "bad checksum": ("Function.BadInput", "gzip"),
    "cut plain text": ("Function.BadInput", "end"),
    "no log": ("Function.BadInput", ""),
    "no gzip": ("Function.BadInput", "gzip"),
    "denied by bucket policy": ("Function.AccessDenied", "403"),
}


def good_object(stage):
    stopped = record("StopLogging")
    return [expected(STOPPED, [stopped], stage.put(GOOD, packed([*quiet(), stopped])))]


def error_lines(function, invocation):
    return [x["message"] for x in function.logs(invocation) if x["level"] == "ERROR"]


def told_users(stage):
    return sorted(m[1]["identity"]["name"] for m in stage.messages())


@pytest.mark.parametrize("how", BROKEN)
def test_whole_payload_fails(how, stage, start):
    """Not a batch: the invocation fails, by name and kind; then the next one is served."""
    error_type, words = BROKEN[how]
    break_object(stage, how)
    function = start()
    failed = function.invoke(payloads.s3((stage.bucket, BAD)))
    name = f"s3://{stage.bucket}/{BAD}"
    assert (failed.kind, failed.error_type) == ("error", error_type), failed
    assert failed.answer["errorType"] == error_type
    assert name in failed.answer["errorMessage"] and words in failed.answer["errorMessage"]
    assert any(name in line and words in line for line in error_lines(function, failed))
    wanted = good_object(stage)
    assert function.invoke(payloads.s3((stage.bucket, GOOD))).ok
    stage_told = [x for x in stage.told() if x["object"] != name]
    assert stage_told == wanted


@pytest.mark.parametrize("how", BROKEN)
def test_batch_gives_back_one_message(how, stage, start):
    """A batch: only the message of the bad object comes again, its neighbours are told."""
    break_object(stage, how)
    wanted = good_object(stage)
    function = start()
    bad = payloads.s3((stage.bucket, BAD))
    good = payloads.s3((stage.bucket, GOOD))
    answer = function.invoke(payloads.sqs(bad, good))
    assert answer.ok, answer
    assert payloads.failures(answer.answer) == [message_id(0)]
    name = f"s3://{stage.bucket}/{BAD}"
    assert any(name in line for line in error_lines(function, answer))
    assert [x for x in stage.told() if x["object"] != name] == wanted


def test_one_bad_object_fails_its_message_whole(stage, start):
    """Two objects in one message: it comes again, and so does the good one, with the same id."""
    stage.put(BAD, b"no log")
    wanted = good_object(stage)
    function = start()
    both = payloads.s3((stage.bucket, BAD), (stage.bucket, GOOD))
    for _ in range(2):
        answer = function.invoke(payloads.sqs(both, payloads.s3((stage.bucket, GOOD))))
        assert payloads.failures(answer.answer) == [message_id(0)]
    messages = stage.messages()
    assert len({m[1]["id"] for m in messages}) == 1
    assert {m[1]["event"]["object"] for m in messages} == {wanted[0]["object"]}


def test_message_that_is_none(stage, start):
    wanted = good_object(stage)
    function = start()
    answer = function.invoke(payloads.sqs(
        "not JSON", {"what": "is this"}, payloads.s3((stage.bucket, GOOD)),
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "https://sns.amazonaws.com/x"}))
    assert payloads.failures(answer.answer) == [message_id(0), message_id(1), message_id(3)]
    lines = "\n".join(error_lines(function, answer))
    assert message_id(0) in lines and "what" in lines and "SubscriptionConfirmation" in lines
    assert stage.told() == wanted


UNKNOWN = {
    "other keys": ({"hello": "world"}, "hello"),
    "a list": ([1, 2], ""),
    "text": (b"}{", ""),
    "nothing": (b"", ""),
    "other source": ({"Records": [{"eventSource": "aws:dynamodb"}]}, "aws:dynamodb"),
    "other detail": ({"source": "aws.ec2", "detail-type": "EC2 Spot Interruption", "detail": {}},
                     "EC2 Spot Interruption"),
    "action of later": ({"trailwarden": {"action": "contain"}}, "contain"),
    "no action": ({"trailwarden": {}}, "action"),
    "bad base64": ({"awslogs": {"data": "%%%"}}, ""),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_payload_that_is_none(name, stage, start):
    payload, words = UNKNOWN[name]
    function = start()
    failed = function.invoke(payload)
    assert (failed.kind, failed.error_type) == ("error", "Function.BadInput"), failed
    assert words in failed.answer["errorMessage"]
    assert error_lines(function, failed)
    assert function.invoke({"trailwarden": {"action": "self-test"}}).ok
    assert stage.messages() == []


def test_bad_records_are_skipped_and_counted(stage, start):
    first, last = record("StopLogging", 1), record("StopLogging", 9)
    text = b'{"Records":[' + b",".join([
        json.dumps(first).encode(), b'{"eventName": tru}', b"17", b'"text"',
        json.dumps(last).encode()]) + b"]}"
    name = stage.put(GOOD, gzip.compress(text))
    function = start()
    answer = function.invoke(payloads.s3((stage.bucket, GOOD)))
    assert answer.ok and answer.answer["bad"] == 3 and answer.answer["records"] == 2
    warnings = [x["message"] for x in function.logs(answer) if x["level"] == "WARN"]
    assert len(warnings) == 3 and all(name in w for w in warnings)
    assert stage.told() == [expected(STOPPED, [first, last], name)]


def test_readable_part_of_a_broken_object_is_told(stage, start):
    """Promise P2: what stood in front of the fault is told, and the object still fails."""
    stopped = record("StopLogging")
    text = trail.text_of([stopped, *quiet(50)])
    name = stage.put(BAD, text[:-100])
    answer = start().invoke(payloads.s3((stage.bucket, BAD)))
    assert not answer.ok
    assert stage.told() == [expected(STOPPED, [stopped], name)]


def test_topic_is_gone(stage, start):
    """Nothing is acknowledged that was not told; when the topic is back, it is told."""
    wanted = good_object(stage)
    stage.sns.delete_topic(TopicArn=stage.topic)
    function = start()
    payload = payloads.s3((stage.bucket, GOOD))
    failed = function.invoke(payload)
    assert failed.kind == "error" and "sns Publish" in failed.answer["errorMessage"], failed
    batch = function.invoke(payloads.sqs(payload))
    assert payloads.failures(batch.answer) == [message_id(0)]
    stage.sns.create_topic(Name=stage.name)
    for url, raw in ((stage.wrapped, "false"), (stage.raw, "true")):
        stage.subscribe(url, raw)
    assert function.invoke(payload).ok
    assert stage.told() == wanted


def test_publishing_is_not_allowed(stage, start):
    good_object(stage)
    stage.iam.put_role_policy(RoleName=stage.name, PolicyName="quiet", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"}]}))
    failed = start().invoke(payloads.s3((stage.bucket, GOOD)))
    assert (failed.kind, failed.error_type) == ("error", "Function.AccessDenied"), failed
    assert stage.messages() == []


def test_wrong_secret(stage, start):
    good_object(stage)
    function = start(AWS_SECRET_ACCESS_KEY="wrong" * 8)
    failed = function.invoke(payloads.s3((stage.bucket, GOOD)))
    assert (failed.kind, failed.error_type) == ("error", "Function.AccessDenied"), failed
    assert "SignatureDoesNotMatch" in failed.answer["errorMessage"]


def test_bucket_that_is_not_allowed(stage, start):
    wanted = good_object(stage)
    function = start(TRAILWARDEN_BUCKETS="another, third")
    failed = function.invoke(payloads.s3((stage.bucket, GOOD)))
    assert failed.kind == "error" and "TRAILWARDEN_BUCKETS" in failed.answer["errorMessage"]
    assert stage.messages() == []
    function = start(TRAILWARDEN_BUCKETS=f"another, {stage.bucket}")
    assert function.invoke(payloads.s3((stage.bucket, GOOD))).ok
    assert stage.told() == wanted


def test_names_of_the_log_cannot_forge_log_lines(stage, start):
    """Promise P7: keys and records hold line breaks and escape sequences; every line of the log
    stays one JSON object, and subjects stay printable."""
    evil = "AWSLogs/\n{\"level\":\"INFO\"}\x1b[2J\u202e.json.gz"
    function = start()
    failed = function.invoke(payloads.s3((stage.bucket, evil)))
    assert failed.kind == "error"
    lines = function.logs(failed)
    assert lines and all("\x1b" not in x["message"] and "\u202e" not in x["message"] for x in lines)
    stopped = record("StopLogging", user="m\x1b[31m\n\u202e<b>", userAgent="\ud800\x00\x07")
    stage.put(GOOD, gzip.compress(json.dumps({"Records": [stopped]}).encode()))
    assert function.invoke(payloads.s3((stage.bucket, GOOD))).ok
    ((subject, alert, _),) = stage.messages()
    assert subject.isascii() and subject.isprintable()
    assert alert["events"] == [stopped["eventID"]]


def test_secrets_of_records_stay(stage, start):
    """Promise P5: what a record holds of session tokens and passwords is in no message, no log."""
    stopped = record("StopLogging", responseElements={
        "credentials": {"accessKeyId": "ASIAEXAMPLE", "sessionToken": trail.RECORD_SECRET},
        "note": {"password": "hunter2-hunter2"}},
        requestParameters={"name": "main", "masterUserPassword": "hunter2-hunter2",
                           "nested": json.dumps({"sessionToken": trail.RECORD_SECRET})})
    stage.put(GOOD, packed([stopped]))
    function = start(AWS_LAMBDA_LOG_LEVEL="TRACE")
    answer = function.invoke(payloads.s3((stage.bucket, GOOD)))
    assert answer.ok
    messages = stage.messages()
    assert messages[0][1]["events"] == [stopped["eventID"]]
    everything = json.dumps([messages, function.logs(), answer.answer])
    assert "responseElements" in everything  # the field was shown
    for secret in (trail.RECORD_SECRET, "hunter2", *function.secrets()):
        assert secret not in everything
