"""What is published, as it leaves: the whole form, with the parts that queues do not get to see,
and the limits of SNS and SQS."""
import gzip
import json
import re

import pytest

from support import payloads, trail
from support.trail import packed, record, time_of

pytestmark = pytest.mark.timeout(60)

BUCKET, KEY = "logs-of-tests", "AWSLogs/one.json.gz"
PUBLISH_MAX = 262144  # bytes of body and attributes; SNS quotas
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
SQS_REFUSES = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def publish(start, fake_aws, records):
    fake_aws.put(BUCKET, KEY, gzip.compress(json.dumps({"Records": records}).encode()))
    answer = start(AWS_ENDPOINT_URL=fake_aws.url).invoke(payloads.s3((BUCKET, KEY)))
    assert answer.ok, answer
    return fake_aws.published


def attributes_of(form):
    n = sum(name.endswith(".Name") for name in form)
    entries = [f"MessageAttributes.entry.{i + 1}" for i in range(n)]
    assert all(form[e + ".Value.DataType"] == "String" for e in entries)
    return {form[e + ".Name"]: form[e + ".Value.StringValue"] for e in entries}


def assert_within_limits(form):
    attributes = attributes_of(form)
    size = len(form["Message"].encode()) + sum(
        len((name + "String" + value).encode()) for name, value in attributes.items())
    assert size < PUBLISH_MAX
    assert 0 < len(form["Subject"]) < 100
    assert form["Subject"].isascii() and form["Subject"].isprintable()
    for text in (*json.loads(form["Message"]).values(), *attributes.values()):
        assert text and not SQS_REFUSES.search(text)


def test_for_people(start, fake_aws):
    """Who, what, where from, when, which rule and why, ATT&CK, the evidence and the object."""
    stopped = [record("StopLogging", 1), record("StopLogging", 62)]
    (form,) = publish(start, fake_aws, stopped)
    assert_within_limits(form)
    assert (form["Action"], form["Version"]) == ("Publish", "2010-03-31")
    assert form["MessageStructure"] == "json"
    parts = json.loads(form["Message"])
    assert {"default", "email"} <= set(parts)
    for wanted in ("arn:aws:iam::111122223333:user/mallory", "StopLogging",
                   "cloudtrail.amazonaws.com", "198.51.100.77", time_of(1),
                   time_of(62), "Trail stopped", "Recording was stopped", "start it again", "T1562.008",
                   "Disable or Modify Cloud Logs", stopped[0]["eventID"], stopped[1]["eventID"],
                   f"s3://{BUCKET}/{KEY}"):
        assert wanted in parts["email"], wanted
    assert json.loads(parts["default"])["count"] == 2


LARGE = {
    "many events": [record("StopLogging", i) for i in range(3000)],
    "long values": [record("StopLogging", requestParameters={"policy": "x" * 200_000},
                           userAgent="u" * 150_000)],
    "many values": [record("StopLogging", requestParameters={
        f"key{i}": ["v" * 50] * 20 for i in range(500)})],
    "quotes and controls": [record("StopLogging", requestParameters={"t": "\"\\\n\x01" * 30_000})],
    "characters of four bytes": [record("StopLogging", userAgent="😀" * 50_000,
                                        requestParameters={"t": "😀" * 50_000})],
    "characters that SQS refuses": [record("StopLogging", userAgent="a\x00\x0b\ufffe\uffff\ud800b",
                                           requestParameters={"t\x1f": "\x08\udfff"})],
    "long names": [record("StopLogging", user="m" * 20_000, awsRegion="r" * 5_000)],
}


@pytest.mark.parametrize("name", LARGE)
def test_limits(name, start, fake_aws):
    records = LARGE[name]
    (form,) = publish(start, fake_aws, records)
    assert_within_limits(form)
    alert = json.loads(json.loads(form["Message"])["default"])
    if alert.get("count_is_estimate"):  # from 64 hashes: rms error 12 %, three times that is rare
        assert abs(alert["count"] - len(records)) < 0.4 * len(records)
    else:
        assert alert["count"] == len(records)
    assert alert["events"][0] == records[0]["eventID"]
    assert alert["events"][-1] == records[-1]["eventID"]
    assert len(alert["events"]) <= 200


def test_many_identities(start, fake_aws):
    """More alerts than are held at once: each is published, each id once."""
    records = [record("StopLogging", user=f"user{i}") for i in range(1500)]
    forms = publish(start, fake_aws, records)
    ids = {json.loads(json.loads(f["Message"])["default"])["id"] for f in forms}
    assert len(forms) == len(ids) == 1500


def test_fifo_topic(start, fake_aws):
    """The group is the account, the deduplication id that of the message: SNS itself drops a
    repeat."""
    fake_aws.put(BUCKET, KEY, packed([record("StopLogging")]))
    function = start(AWS_ENDPOINT_URL=fake_aws.url,
                     TRAILWARDEN_TOPIC_ARN="arn:aws:sns:eu-west-1:123456789012:alerts.fifo")
    for _ in range(2):
        assert function.invoke(payloads.s3((BUCKET, KEY))).ok
    first, second = fake_aws.published
    alert = json.loads(json.loads(first["Message"])["default"])
    assert first["MessageGroupId"] == record("StopLogging")["recipientAccountId"]
    assert first["MessageDeduplicationId"] == alert["id"] + ".0"
    assert second == first


def test_fifo_topic_beside_the_other(start, fake_aws):
    """Both get each message; an object is done only when both have."""
    fake_aws.put(BUCKET, KEY, packed([record("StopLogging")]))
    people, readers = (f"arn:aws:sns:eu-west-1:123456789012:alerts{x}" for x in ("", ".fifo"))
    function = start(AWS_ENDPOINT_URL=fake_aws.url, TRAILWARDEN_TOPIC_ARN=people,
                     TRAILWARDEN_FIFO_TOPIC_ARN=readers)
    assert function.invoke(payloads.s3((BUCKET, KEY))).ok
    assert [f["TopicArn"] for f in fake_aws.published] == [people, readers]
    first, second = fake_aws.published
    assert first["Message"] == second["Message"]
    assert "MessageGroupId" in second and "MessageGroupId" not in first
    for failing, told in ((people, readers), (readers, people)):
        fake_aws.published.clear()
        fake_aws.refuse_topics = {failing}
        assert not function.invoke(payloads.s3((BUCKET, KEY))).ok
        assert [f["TopicArn"] for f in fake_aws.published] == [told]


def test_fifo_topic_of_moto(start, stage):
    """A queue behind a FIFO topic gets an alert and its update, and a repeat of neither."""
    queue = stage.make_fifo()
    first, update = "AWSLogs/1.json.gz", "AWSLogs/2.json.gz"
    stage.put(first, packed([record("StopLogging", i) for i in range(5)]))
    stage.put(update, packed([record("StopLogging", 60 + i) for i in range(200)]))
    function = start(TRAILWARDEN_TOPIC_ARN=stage.topic)
    for _ in range(2):
        assert function.invoke(payloads.s3((stage.bucket, first), (stage.bucket, update))).ok
    messages = stage.drain(queue)
    assert {m["Attributes"]["MessageGroupId"] for m in messages} == {"111122223333"}
    alerts = [json.loads(m["Body"]) for m in messages]
    assert [a["updates"] for a in alerts] == [0, 1]
    assert len({a["id"] for a in alerts}) == 1


def test_no_secret_of_a_record_leaves(start, fake_aws):
    stopped = record("StopLogging", responseElements={
        "credentials": {"sessionToken": trail.RECORD_SECRET, "secretAccessKey": "hunter2hunter2"}})
    (form,) = publish(start, fake_aws, [stopped])
    everything = json.dumps(form)
    assert "sessionToken" in everything  # it is shown that there was one
    assert trail.RECORD_SECRET not in everything and "hunter2" not in everything
