"""VPC flow logs through the function: objects in S3 of any format, and subscriptions of CloudWatch Logs,
whose lines have no header. With the shipped rules."""
import gzip
import shutil

import pytest

from support import payloads
from support.function import ROOT

pytestmark = pytest.mark.timeout(60)

KEY = "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/03/17/111122223333_vpcflowlogs_eu-west-1_fl-1_x.log.gz"
MINING = "Connection to a port of mining pools"
SCAN = "Ports of one machine scanned from inside"
START = 1773756151  # 2026-03-17T14:02:31Z

DEFAULT = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
           " action log-status")
# Of AWS' examples of custom formats ("Flow log record examples"), and what lies about at random.
OWN = "log-status end start action packets bytes protocol dstport srcport dstaddr srcaddr instance-id colour"
VALUES = {"version": 2, "account-id": "111122223333", "interface-id": "eni-0a1b2c3d4e5f60718",
          "srcaddr": "10.0.1.5", "dstaddr": "198.51.100.7", "srcport": 51612, "dstport": 443,
          "protocol": 6, "packets": 12, "bytes": 4200, "start": START, "end": START + 59,
          "action": "ACCEPT", "log-status": "OK", "instance-id": "i-0a1b2c3d4e5f60718",
          "colour": "red"}


def line(columns=DEFAULT, **values):
    has = {**VALUES, **{name.replace("_", "-"): value for name, value in values.items()}}
    return " ".join(str(has[c]) for c in columns.split())


def nothing(status, columns=DEFAULT):
    """As AWS writes the lines that tell of no flow: all but these columns are absent."""
    told = {"version", "account-id", "interface-id", "start", "end"}
    return line(columns, **{c.replace("-", "_"): "-" for c in columns.split() if c not in told}
                | {"log_status": status})


def scanned(columns=DEFAULT):
    """One machine at forty ports of another."""
    return [line(columns, dstaddr="10.0.2.9", dstport=port, packets=1, bytes=40, start=START + port,
                 end=START + port + 59, action="REJECT") for port in range(20, 60)]


def log(*lines):
    return gzip.compress("".join(f"{text}\n" for text in lines).encode(), mtime=0)


def told(stage):
    return {alert["rule"]["title"]: alert for _, alert, _ in stage.messages()}


def summary(function, invocation):
    return function.logs(invocation)[-1]


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "rules" / "vpcflow", folder / "vpcflow")
    shutil.copy(ROOT / "rules" / "placeholders.yml", folder)
    return folder


@pytest.mark.parametrize("columns, identity", [
    (DEFAULT, "eni-0a1b2c3d4e5f60718"), (OWN, "i-0a1b2c3d4e5f60718")], ids=["default", "own"])
def test_objects(stage, start, rules, columns, identity):
    stage.put(KEY, log(columns, nothing("NODATA", columns), line(columns, dstport=3333),
                       nothing("SKIPDATA", columns), *scanned(columns), nothing("NODATA", columns)))
    function = start(rules=rules)
    done = function.invoke(payloads.sqs(payloads.s3((stage.bucket, KEY))))
    assert done.ok and payloads.failures(done.answer) == [], done.answer
    alerts = told(stage)
    assert set(alerts) == {MINING, SCAN}
    mining = alerts[MINING]
    assert mining["first"] == "2026-03-17T14:02:31Z" and mining["rule"]["source"] == "vpcflow"
    assert mining["key"]["identity"] == identity and len(mining["events"][0]) == 64
    assert alerts[SCAN]["key"] == {"srcaddr": "10.0.1.5", "dstaddr": "10.0.2.9"}
    counts = summary(function, done)
    assert (counts["records"], counts["bad"]) == (41, 0)
    assert (counts["no_data"], counts["skipped_data"]) == (2, 1)
    (metrics,) = function.metrics(done)
    assert (metrics["FlowsNone"], metrics["FlowsSkipped"], metrics["Records"]) == (2, 1, 41)


def test_format_that_is_said(stage, start, rules):
    """Without a header, the columns are those of the setting; objects with one have their own."""
    columns = " ".join("${%s}" % c for c in OWN.split())
    stage.put(KEY, log(line(OWN, dstport=3333)))
    stage.put(KEY + "2", log(DEFAULT, line(DEFAULT, dstport=3333, dstaddr="198.51.100.8")))
    objects = payloads.s3((stage.bucket, KEY), (stage.bucket, KEY + "2"))
    done = start(rules=rules, TRAILWARDEN_FLOW_FORMAT=columns).invoke(objects)
    assert done.ok and done.answer["records"] == 2 and done.answer["bad"] == 0, done.answer
    assert {alert["key"]["identity"] for _, alert, _ in stage.messages()} == {
        "eni-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60718"}


def test_format_that_is_none(start, rules):
    function = start(rules=rules, TRAILWARDEN_FLOW_FORMAT="what is this")
    assert function.exit_code() == 1
    assert "what is this" in function.api.init_error[1]["errorMessage"]


@pytest.mark.parametrize("columns, settings", [
    (DEFAULT, {}), (OWN, {"TRAILWARDEN_FLOW_FORMAT": OWN})], ids=["default", "own"])
def test_subscriptions(stage, start, rules, columns, settings):
    function = start(rules=rules, **settings)
    done = function.invoke(payloads.logs_subscription(
        nothing("NODATA", columns), line(columns, dstport=3333), *scanned(columns), "half a line",
        nothing("SKIPDATA", columns), group="/vpc/flows", stream="eni-0a1b2c3d4e5f60718-all"))
    assert done.ok and done.answer["records"] == 41 and done.answer["bad"] == 1, done.answer
    assert set(told(stage)) == {MINING, SCAN}
    counts = summary(function, done)
    assert (counts["no_data"], counts["skipped_data"]) == (1, 1)


def test_subscription_of_quiet_interfaces(stage, start, rules):
    function = start(rules=rules)
    done = function.invoke(payloads.logs_subscription(nothing("NODATA"), nothing("NODATA")))
    assert done.ok and done.answer["records"] == 0 and done.answer["bad"] == 0, done.answer
    assert summary(function, done)["no_data"] == 2


def test_parquet_is_refused(stage, start, rules):
    """Its message fails with a sentence that says what to do; its neighbour is read."""
    stage.put("AWSLogs/flows.parquet", b"PAR1\x15\x04\x15\x10" + bytes(range(256)) + b"PAR1")
    stage.put(KEY, log(DEFAULT, line(dstport=3333)))
    function = start(rules=rules)
    done = function.invoke(payloads.sqs(payloads.s3((stage.bucket, "AWSLogs/flows.parquet")),
                                        payloads.s3((stage.bucket, KEY))))
    assert payloads.failures(done.answer) == [payloads.message_id(0)]
    assert set(told(stage)) == {MINING}
    (said,) = (x["message"] for x in function.logs(done) if x["level"] == "ERROR"
               and "Parquet" in x["message"])
    assert said.startswith(f"s3://{stage.bucket}/AWSLogs/flows.parquet: ")
    assert said.endswith("it is Parquet, which is not read: let flow logs be written as text")


@pytest.mark.parametrize("cut", [lambda b: b[:-12], lambda b: b[:len(b) // 2]],
                         ids=["in its end", "in the middle"])
def test_what_stands_before_a_cut_is_told(stage, start, rules, cut):
    stage.put(KEY, cut(log(DEFAULT, line(dstport=3333), *scanned())))
    done = start(rules=rules).invoke(payloads.s3((stage.bucket, KEY)))
    assert not done.ok and done.answer["errorType"] == "Function.BadInput", done.answer
    assert MINING in told(stage)


def test_bad_lines_are_named_and_skipped(stage, start, rules):
    stage.put(KEY, log(DEFAULT, "2 111122223333", line(dstport="ssh"), line(dstport=3333)))
    function = start(rules=rules)
    done = function.invoke(payloads.s3((stage.bucket, KEY)))
    assert done.ok and (done.answer["records"], done.answer["bad"]) == (1, 2), done.answer
    said = " ".join(x["message"] for x in function.logs(done) if x["level"] == "WARN")
    assert "a line of 2 fields; its format has 14" in said and "its dstport is no number" in said
    assert set(told(stage)) == {MINING}
