"""Each payload that a function can be called with: the objects it names are read from S3, and
exactly the expected messages stand in the queues behind the topic."""
import pytest

from support import payloads, trail
from support.function import ROOT
from support.moto import order
from support.trail import CREATED, STOPPED, expected, packed, quiet, record

pytestmark = pytest.mark.timeout(60)

KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/17/one.json.gz"


def by_order(*facts):
    return sorted(facts, key=order)


def ordinary(stage, key=KEY):
    """Stores an object with two events of one rule, one of another, and quiet ones; returns what is
    told of it."""
    stopped = [record("StopLogging", 1), record("StopLogging", 7)]
    created = [record("CreateUser", 3)]
    name = stage.put(key, packed([*quiet(), stopped[0], record("GetObject", 2), *created,
                                  stopped[1]]))
    return by_order(expected(STOPPED, stopped, name), expected(CREATED, created, name))


def forms(bucket, key):
    """Every payload that names an object."""
    notice = payloads.s3((bucket, key))
    trail_notice = payloads.cloudtrail_sns(bucket, key)
    created = payloads.object_created(bucket, key)
    return {
        "s3": notice,
        "s3 in sns": payloads.sns(notice),
        "s3 in sqs": payloads.sqs(notice),
        "s3 in sns in sqs": payloads.sqs(payloads.sns_message(notice)),
        "s3 in sns in sqs, raw": payloads.sqs(notice),
        "cloudtrail in sns": payloads.sns(trail_notice),
        "cloudtrail in sns in sqs": payloads.sqs(payloads.sns_message(trail_notice)),
        "cloudtrail in sns in sqs, raw": payloads.sqs(trail_notice),
        "eventbridge": created,
        "eventbridge in sqs": payloads.sqs(created),
        "eventbridge in sns": payloads.sns(created),
    }


@pytest.mark.parametrize("form", forms("b", "k"))
def test_object_is_read_and_told(form, stage, start):
    wanted = ordinary(stage)
    answer = start().invoke(forms(stage.bucket, KEY)[form])
    assert answer.ok, answer
    assert answer.answer == ({"batchItemFailures": []} if "sqs" in form else {
        "ok": True, "objects": 1, "records": 7, "bad": 0, "hits": 3, "alerts": 2,
        "incidents": 0})
    assert stage.told() == wanted


def test_message_for_people_and_machines(stage, start):
    """Subject, JSON and attributes of one message, as filters and parsers need them."""
    ordinary(stage)
    assert start().invoke(payloads.s3((stage.bucket, KEY))).ok
    subject, alert, attributes = next(m for m in stage.messages() if m[2]["level"] == "critical")
    assert subject == f"[CRITICAL] Trail stopped - {trail.ACCOUNT} {trail.REGION}"
    assert subject.isascii() and subject.isprintable() and len(subject) < 100
    assert set(attributes) == {"type", "level", "rule", "account", "region"}
    assert alert["type"] == "alert" and alert["updates"] == 0
    assert alert["title"] == "Trail stopped"
    assert alert["rule"]["tags"] == ["attack.defense-evasion", "attack.t1562.008"]
    assert alert["rule"]["author"] == "trailwarden" and alert["rule"]["dialect"] == "sigma"
    assert alert["mitre"][0]["tactic"] == "TA0005"
    assert alert["identity"]["arn"] == "arn:aws:iam::111122223333:user/mallory"
    assert "mallory called StopLogging" in alert["text"] and "198.51.100.77" in alert["text"]
    assert len(alert["rules"]) == 64 and alert["version"]


KEYS = {
    "space": "a b.json.gz", "plus": "a+b.json.gz", "percent": "100%.json.gz",
    "looks encoded": "a%20b.json.gz", "equals": "date=2026/x.json.gz", "utf-8": "ключ-✓-é.json.gz",
    "signs": "~'()*!,;:@$.json.gz", "question and hash": "what#?.json.gz", "dots": "a/../b.json.gz",
    "two slashes": "a//b.json.gz", "ampersand and quote": "a&b\"c.json.gz",
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("make", [payloads.s3, payloads.object_created], ids=["s3", "eventbridge"])
def test_key_reaches_s3_as_it_is(make, name, stage, start):
    """S3's own notification form-encodes keys, EventBridge does not."""
    key = "AWSLogs/" + KEYS[name]
    wanted = ordinary(stage, key)
    pair = (stage.bucket, key)
    answer = start().invoke(make(pair) if make is payloads.s3 else make(*pair))
    assert answer.ok, answer
    assert stage.told() == wanted


def test_several_records_and_buckets(stage, start):
    other = stage.make_bucket(stage.name + "-other")
    stage.allow(f"arn:aws:s3:::{stage.bucket}/AWSLogs/*", f"arn:aws:s3:::{other}/*")
    one, two, three = (record("StopLogging", i, f"user{i}") for i in range(3))
    wanted = by_order(
        expected(STOPPED, [one], stage.put("AWSLogs/1.json.gz", packed([one]))),
        expected(STOPPED, [two], stage.put("AWSLogs/2.json.gz", packed([two]))),
        expected(STOPPED, [three], stage.put("3.json.gz", packed([three]), other)))
    answer = start().invoke(payloads.s3(
        (stage.bucket, "AWSLogs/1.json.gz"), (other, "3.json.gz"),
        (stage.bucket, "AWSLogs/2.json.gz")))
    assert answer.ok and answer.answer["objects"] == 3 and answer.answer["alerts"] == 3
    assert stage.told() == wanted


@pytest.mark.parametrize("body", ["gzip", "plain", "lines", "members"])
def test_stored_forms(body, stage, start):
    stopped = record("StopLogging")
    text = trail.text_of([stopped, *quiet()])
    stored = {"gzip": packed([stopped, *quiet()]), "plain": text,
              "lines": b"\n".join(trail.text_of([r])[13:-2] for r in [stopped, *quiet()]),
              "members": packed([stopped]) + packed(quiet())}[body]
    name = stage.put(KEY, stored)
    assert start().invoke(payloads.s3((stage.bucket, KEY))).ok
    assert stage.told() == [expected(STOPPED, [stopped], name)]


INLINE_TYPES = ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail",
                "AWS Service Event via CloudTrail"]


@pytest.mark.parametrize("detail_type", INLINE_TYPES)
def test_record_in_eventbridge(detail_type, stage, start):
    stopped = record("StopLogging")
    answer = start().invoke(payloads.api_call(stopped, detail_type))
    assert answer.ok, answer
    assert stage.told() == [expected(STOPPED, [stopped], None)]


def test_records_in_cloudwatch_logs(stage, start):
    stopped = [record("StopLogging", 1), record("StopLogging", 2)]
    answer = start().invoke(payloads.logs_subscription(stopped[0], *quiet(), stopped[1]))
    assert answer.ok, answer
    assert stage.told() == [expected(STOPPED, stopped, None)]


def quiet_payloads(bucket):
    digest = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/17/d.json.gz"
    test_event = payloads.s3_test_event(bucket)
    return {
        "test event": test_event,
        "test event in sns": payloads.sns(test_event),
        "test event in sqs": payloads.sqs(test_event),
        "test event in sns in sqs": payloads.sqs(payloads.sns_message(test_event)),
        "removal": payloads.s3((bucket, KEY), event="ObjectRemoved:Delete"),
        "digest": payloads.s3((bucket, digest)),
        "control message": payloads.logs_subscription(kind="CONTROL_MESSAGE"),
    }


@pytest.mark.parametrize("name", quiet_payloads("b"))
def test_nothing_to_do_is_no_error(name, stage, start):
    function = start()
    answer = function.invoke(quiet_payloads(stage.bucket)[name])
    assert answer.ok, answer
    assert {line["level"] for line in function.logs(answer)} == {"INFO"}
    assert stage.messages() == []


def test_self_test(stage, start):
    answer = start().invoke({"trailwarden": {"action": "self-test"}})
    assert answer.ok and answer.answer["ok"] is True and answer.answer["rules"] == 3
    assert answer.answer["version"] and len(answer.answer["hash"]) == 64
    assert stage.messages() == []


def test_repeat_carries_the_same_ids(stage, start):
    """Promise P3: from the same process and from another one, with the notification in another
    form, a repeated publish is the same message."""
    ordinary(stage)
    sent = []
    for payload in (payloads.s3((stage.bucket, KEY)), payloads.s3((stage.bucket, KEY)),
                    payloads.sqs(payloads.cloudtrail_sns(stage.bucket, KEY))):
        function = start()
        assert function.invoke(payload).ok
        assert function.invoke(payload).ok
        sent += [stage.messages()]
    assert len(sent[0]) == 4
    ids = {m[1]["id"] for m in sent[0]}
    assert len(ids) == 2
    assert sent[0] == sent[1] == sent[2]


def test_one_event_in_two_objects_is_told_once(stage, start):
    stopped = record("StopLogging")
    name = stage.put("AWSLogs/1.json.gz", packed([stopped]))
    stage.put("AWSLogs/2.json.gz", packed([stopped]))
    answer = start().invoke(payloads.s3((stage.bucket, "AWSLogs/1.json.gz"),
                                        (stage.bucket, "AWSLogs/2.json.gz")))
    assert answer.ok
    assert stage.told() == [expected(STOPPED, [stopped], name)]


def test_minimum_level(stage, start):
    ordinary(stage)
    levels = {}
    for least in ("informational", "low", "high"):
        assert start(TRAILWARDEN_MIN_LEVEL=least).invoke(payloads.s3((stage.bucket, KEY))).ok
        levels[least] = sorted(m[2]["level"] for m in stage.messages())
    assert levels == {"informational": ["critical", "informational", "medium"],
                      "low": ["critical", "medium"], "high": ["critical"]}


def test_shipped_rules(stage, start):
    stopped = record("StopLogging")
    stage.put(KEY, packed([stopped, *quiet()]))
    assert start(rules=ROOT / "rules").invoke(payloads.s3((stage.bucket, KEY))).ok
    (message,) = stage.messages()
    assert message[1]["events"] == [stopped["eventID"]]
    assert message[1]["rule"]["id"] == "e33fbb22-4b7e-41c2-80d4-43f373cf3929"


def test_endpoint_of_each_service(stage, start):
    """AWS_ENDPOINT_URL_<SERVICE> goes before AWS_ENDPOINT_URL."""
    wanted = ordinary(stage)
    function = start(AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ENDPOINT_URL_S3=stage.moto.url,
                     AWS_ENDPOINT_URL_SNS=stage.moto.url)
    assert function.invoke(payloads.s3((stage.bucket, KEY))).ok
    assert stage.told() == wanted
