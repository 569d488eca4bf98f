"""What an invocation tells CloudWatch: one line of its log in the embedded metric format, held
against that format's schema as the CloudWatch User Guide prints it ("Embedded metric format
specification"), and against what was read."""
import datetime
import json
import re
import time

import pytest

from support import payloads
from support.function import ROOT
from support.trail import packed, quiet, record

pytestmark = pytest.mark.timeout(60)

SELF_TEST = {"trailwarden": {"action": "self-test"}}
KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/17/one.json.gz"
BUCKET = "logs-of-tests"
# MetricDatum's units; the specification refers to them.

UNITS = {"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Count",
         "Percent", "None"}


def check(line):
    """The schema's requirements, and the limits beside it."""
    assert len(json.dumps(line)) < 1_000_000
    told = line["_aws"]
    assert set(told) == {"Timestamp", "CloudWatchMetrics"} and isinstance(told["Timestamp"], int)
    assert abs(told["Timestamp"] / 1000 - time.time()) < 60
    for directive in told["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert re.fullmatch(r"[0-9A-Za-z.\-_/#]{1,255}", directive["Namespace"])
        assert not directive["Namespace"].startswith("AWS/")
        for dimensions in directive["Dimensions"]:
            assert 0 < len(dimensions) <= 30
            for name in dimensions:  # a dimension's value is a text at the line's top
                assert isinstance(line[name], str) and 0 < len(line[name]) <= 1024
        assert 0 < len(directive["Metrics"]) <= 100
        names = [m["Name"] for m in directive["Metrics"]]
        assert len(set(names)) == len(names)
        for metric in directive["Metrics"]:
            assert set(metric) == {"Name", "Unit"} and metric["Unit"] in UNITS
            values = line[metric["Name"]]
            values = values if isinstance(values, list) else [values]
            assert 0 < len(values) <= 100
            assert all(type(v) in (int, float) for v in values), metric


def values(line):
    names = [m["Name"] for d in line["_aws"]["CloudWatchMetrics"] for m in d["Metrics"]]
    return {name: line[name] for name in names}


def metrics(function, invocation):
    (line,) = function.metrics(invocation)
    check(line)
    assert line["FunctionName"] == "trailwarden"
    return values(line)


def ago(seconds):
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_what_was_read_is_told(start, fake_aws):
    body = packed([record("StopLogging", eventTime=ago(300)), *quiet(1), 7])
    fake_aws.put(BUCKET, KEY, body)
    function = start(AWS_ENDPOINT_URL=fake_aws.url)
    told = metrics(function, function.invoke(payloads.s3((BUCKET, KEY))))
    assert (told["Objects"], told["Bytes"], told["ColdStarts"]) == (1, len(body), 1)
    assert (told["Records"], told["BadRecords"]) == (2, 1)
    assert told["Alerts"] == len(fake_aws.published) == 1
    assert sum(v for name, v in told.items() if name.startswith("Hits")) == 1
    (lag,) = told["AlertLag"]
    assert 299_000 <= lag <= 360_000
    assert 500 < told["PeakMemory"] < 128 * 1024
    assert "Failed" not in told and "CallsRepeated" not in told


def test_only_the_first_is_a_cold_start(start):
    function = start()
    first, second = function.invoke(SELF_TEST), function.invoke(SELF_TEST)
    assert metrics(function, first)["ColdStarts"] == 1
    told = metrics(function, second)
    assert told["Objects"] == 0 and "ColdStarts" not in told


def test_failures_and_repeats(start, fake_aws):
    fake_aws.put(BUCKET, KEY, packed(quiet(1)))
    function = start(AWS_ENDPOINT_URL=fake_aws.url)
    fake_aws.refuse += [503, 503]
    told = metrics(function, function.invoke(payloads.s3((BUCKET, KEY))))
    assert told["CallsRepeated"] == 2
    told = metrics(function, function.invoke(payloads.s3((BUCKET, "none"))))
    assert told["Failed"] == 1 and "CallsRepeated" not in told


def test_whatever_the_level_and_form_of_the_log(start):
    function = start(AWS_LAMBDA_LOG_LEVEL="FATAL")
    assert metrics(function, function.invoke(SELF_TEST))["Objects"] == 0
    assert function.logs() == []
    text = start(AWS_LAMBDA_LOG_FORMAT="Text")
    invocation = text.invoke(SELF_TEST)
    text.invoke(SELF_TEST)
    (line,) = (json.loads(x) for x in text.lines if x.startswith("{") and invocation.id in x)
    check(line)


def test_off(start):
    function = start(TRAILWARDEN_METRICS="off")
    assert function.invoke(SELF_TEST).ok
    assert function.metrics() == []
    function = start(TRAILWARDEN_METRICS="no")
    assert function.exit_code() == 1
    assert "TRAILWARDEN_METRICS" in function.api.init_error[1]["errorMessage"]


def test_each_metric_is_documented():
    names = set(re.findall(r'\{"(\w+)", "\w+", ', (ROOT / "runtime" / "emf.c").read_text()))
    section = (ROOT / "docs" / "operations.md").read_text().split("## Metrics")[1].split("\n## ")[0]
    assert len(names) >= 22
    assert names <= set(re.findall(r"`(\w+)`", section))


# ---- silence --------------------------------------------------------------------------------------

WATCH = {"trailwarden": {"action": "watch", "minutes": 120}}


def announced(account, region, what, days_ago=0):
    """The key of a log or digest that is written about now."""
    now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days_ago)
    return (f"AWSLogs/{account}/{what}/{region}/{now:%Y/%m/%d}/"
            f"{account}_{what}_{region}_x.json.gz")


def rolls_of(client, table):
    """Items that were written for the watch: those whose bytes name a region."""
    items = client.scan(TableName=table)["Items"]
    return [i for i in items if b"-1" in i.get("c", {}).get("B", b"")]


def grow_older(client, table, hours):
    """As if all that is noted had been announced that much earlier: two times of eight bytes follow
    each region's name (handlers/roll.c)."""
    for item in rolls_of(client, table):
        data, at = bytearray(item["c"]["B"]), 2
        for _ in range(data[1]):
            at += 1 + data[at]
            for _ in range(2):
                then = int.from_bytes(data[at:at + 8], "big")
                data[at:at + 8] = max(0, then - hours * 3_600_000).to_bytes(8, "big")
                at += 8
        client.put_item(TableName=table, Item={**item, "c": {"B": bytes(data)}})


def test_a_region_that_falls_silent_is_named(start, stage, dynamodb):
    table = dynamodb.make_table()
    function = start(AWS_ENDPOINT_URL_DYNAMODB=dynamodb.url, TRAILWARDEN_TABLE=table)
    nothing = function.invoke(WATCH)
    assert nothing.answer == {"ok": True, "watched": 0, "silent": 0}
    log = announced("111122223333", "eu-west-1", "CloudTrail")
    stage.put(log, packed(quiet(1)))
    digests = [announced("111122223333", r, "CloudTrail-Digest") for r in ("eu-west-1", "sa-east-1")]
    backfilled = announced("444455556666", "eu-west-1", "CloudTrail-Digest", days_ago=9)
    heard = payloads.s3(*((stage.bucket, key) for key in (log, *digests, backfilled)))
    assert function.invoke(heard).ok
    assert function.invoke(WATCH).answer == {"ok": True, "watched": 2, "silent": 0}
    grow_older(dynamodb.client, table, 3)
    another = start(AWS_ENDPOINT_URL_DYNAMODB=dynamodb.url, TRAILWARDEN_TABLE=table)
    assert another.invoke(payloads.s3((stage.bucket, digests[0]))).ok
    look = another.invoke(WATCH)
    assert look.answer == {"ok": True, "watched": 2, "silent": 1}
    (warning,) = (x["message"] for x in another.logs(look) if x["level"] == "WARN")
    assert re.fullmatch("no log and no digest of account 111122223333 in sa-east-1 for 1[78]. minutes",
                        warning)
    told = metrics(another, look)
    assert (told["RegionsWatched"], told["RegionsSilent"]) == (2, 1)
    assert another.logs(look)[-1]["silent"] == 1  # what the template's alarm counts


@pytest.mark.parametrize("order", [{}, {"minutes": 0}, {"minutes": 10081}, {"minutes": "x"}])
def test_looks_that_are_refused(order, start, dynamodb):
    function = start(AWS_ENDPOINT_URL_DYNAMODB=dynamodb.url, TRAILWARDEN_TABLE=dynamodb.make_table())
    refused = function.invoke({"trailwarden": {"action": "watch", **order}})
    assert not refused.ok and "minutes" in refused.answer["errorMessage"]


def test_without_a_table_nobody_looks(start):
    refused = start().invoke(WATCH)
    assert not refused.ok and "no TRAILWARDEN_TABLE" in refused.answer["errorMessage"]
