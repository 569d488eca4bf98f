"""`bootstrap` as a Lambda runtime: start, the Runtime API's contract, deadlines, signals, logs."""
import re
import signal

import pytest

from support import payloads
from support.function import RULES
from support.payloads import message_id
from support.processes import LOOPBACK, free_port, wait_until
from support.trail import bulky, packed, quiet, record

pytestmark = pytest.mark.timeout(60)

SELF_TEST = {"trailwarden": {"action": "self-test"}}
KEY = "AWSLogs/one.json.gz"
BUCKET = "logs-of-tests"  # in the fake


def ready(function):
    wait_until(lambda: function.api.waiting or function.process.poll() is not None, 10, "/next")
    assert function.process.poll() is None, function.lines
    return function


def on_fake(start, fake, **settings):
    return start(AWS_ENDPOINT_URL=fake.url, **settings)


# ---- start --------------------------------------------------------------------------------------

def test_start(start):
    function = ready(start())
    line, memory = function.logs()
    assert memory["level"] == "WARN" and "TRAILWARDEN_TABLE" in memory["message"]
    assert line["level"] == "INFO" and line["rules"] == 3 and len(line["rulesHash"]) == 64
    assert line["version"] and "requestId" not in line
    assert function.api.requests == ["GET /2018-06-01/runtime/invocation/next"]


INIT_ERRORS = {
    "no topic": ({"TRAILWARDEN_TOPIC_ARN": None}, "TRAILWARDEN_TOPIC_ARN"),
    "empty topic": ({"TRAILWARDEN_TOPIC_ARN": ""}, "TRAILWARDEN_TOPIC_ARN"),
    "topic is no ARN": ({"TRAILWARDEN_TOPIC_ARN": "alerts"}, "TRAILWARDEN_TOPIC_ARN"),
    "topic is a queue": ({"TRAILWARDEN_TOPIC_ARN": "arn:aws:sqs:eu-west-1:123456789012:q"},
                         "TRAILWARDEN_TOPIC_ARN"),
    "FIFO topic is none": ({"TRAILWARDEN_FIFO_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:x"},
                           "TRAILWARDEN_FIFO_TOPIC_ARN"),
    "no rules": ({"TRAILWARDEN_RULES": "/nowhere/rules"}, "/nowhere/rules"),
    "level": ({"TRAILWARDEN_MIN_LEVEL": "loud"}, "TRAILWARDEN_MIN_LEVEL"),
    "containment of later": ({"TRAILWARDEN_CONTAINMENT": "auto"}, "TRAILWARDEN_CONTAINMENT"),
    "no configuration": ({"TRAILWARDEN_CONFIG": "/nowhere/config.yml"}, "/nowhere/config.yml"),
}


def assert_init_error(function, words):
    assert function.exit_code() == 1
    error_type, body = function.api.init_error
    assert error_type == "Runtime.InitError" == body["errorType"]
    assert words in body["errorMessage"]
    assert function.api.requests == ["POST /2018-06-01/runtime/init/error"]
    fatal = [x for x in function.logs() if x["level"] == "FATAL"]
    assert len(fatal) == 1 and words in fatal[0]["message"]


@pytest.mark.parametrize("name", INIT_ERRORS)
def test_init_error(name, start):
    settings, words = INIT_ERRORS[name]
    assert_init_error(start(**settings), words)


def test_no_rule_that_loads(start, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    assert_init_error(start(rules=rules), "rule")
    (rules / "broken.yml").write_text("title: broken\ndetection: 7\n")
    assert_init_error(start(rules=rules), "rule")


def test_a_refused_rule_is_named_and_the_rest_run(start, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "broken.yml").write_text("title: broken\ndetection: 7\n")
    (rules / "good.yml").write_text((RULES / "user_created.yml").read_text())
    function = ready(start(rules=rules))
    (warning,) = (x for x in function.logs() if x["level"] == "WARN" and "file" in x)
    assert warning["file"].endswith("/broken.yml") and warning["reason"]
    assert function.invoke(SELF_TEST).answer["rules"] == 1


# ---- a Runtime API that is broken ---------------------------------------------------------------

def test_no_runtime_api(start):
    function = start(AWS_LAMBDA_RUNTIME_API=None)
    assert function.exit_code() == 1
    assert "AWS_LAMBDA_RUNTIME_API" in function.logs()[-1]["message"]


def test_nobody_listens(start):
    address = f"{LOOPBACK}:{free_port()}"
    function = start(AWS_LAMBDA_RUNTIME_API=address)
    assert function.exit_code() == 1
    last = function.logs()[-1]
    assert last["level"] == "FATAL" and address in last["message"]


def test_runtime_api_goes_away(start):
    function = ready(start())
    function.api.close()
    assert function.exit_code() == 1
    assert function.logs()[-1]["level"] == "FATAL"


@pytest.mark.parametrize("status", [403, 500])
def test_next_is_refused(status, start):
    function = ready(start())
    function.api.next_fault = status
    function.invoke(SELF_TEST)
    assert function.exit_code() == 1
    last = function.logs()[-1]
    assert last["level"] == "FATAL" and str(status) in last["message"]


@pytest.mark.parametrize("status, kind", [(413, "RequestEntityTooLarge"), (400, "InvalidRequestID"),
                                          (403, "InvalidStateTransition")])
def test_refused_answer_is_final_and_the_loop_goes_on(status, kind, start):
    function = start()
    refused = function.invoke(SELF_TEST, refuse_with=(status, kind))
    assert function.invoke(SELF_TEST).ok
    errors = [x for x in function.logs(refused) if x["level"] == "ERROR"]
    assert errors and str(status) in errors[-1]["message"]
    answers = [r for r in function.api.requests if refused.id in r]
    assert len(answers) == 1  # it is not reported as an error on top


# ---- what an invocation brings ------------------------------------------------------------------

def test_trace_goes_on_with_calls_to_aws(start, fake_aws):
    """As the SDKs send it on Lambda: not signed, and of this invocation alone."""
    trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
    fake_aws.put(BUCKET, KEY, packed([record("StopLogging")]))
    function = on_fake(start, fake_aws)
    for header in (trace, None, "not\tfit", "x" * 2000):
        more = {"lambda_runtime_trace_id": header} if header else {}
        fake_aws.traces.clear()
        assert function.invoke(payloads.s3((BUCKET, KEY)), **more).ok
        assert [t for t, _ in fake_aws.traces] == [trace if header == trace else None] * 2
        for _, signed in fake_aws.traces:
            assert "host" in signed and "x-amzn-trace-id" not in signed


def test_headers_of_an_invocation(start):
    trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
    function = start()
    first = function.invoke(SELF_TEST, lambda_runtime_trace_id=trace,
                            lambda_runtime_invocation_id="opaque/1=",
                            lambda_runtime_aws_tenant_id="tenant-a")
    second = function.invoke(SELF_TEST, deadline_s=None)
    assert first.ok and second.ok
    assert {x["xRayTraceId"] for x in function.logs(first)} == {trace}
    assert function.logs(first)[-1]["tenantId"] == "tenant-a"
    assert not any("xRayTraceId" in x for x in function.logs(second))
    for invocation in (first, second):
        assert len(function.logs(invocation)) == 1  # one summary line


def test_failed_invocation_echoes_its_invocation_id(start):
    function = start()
    assert function.invoke({"a": 1}, lambda_runtime_invocation_id="x").kind == "error"


def test_payload_that_is_too_large(start):
    """A payload over Lambda's own limit is that invocation's failure alone."""
    function = start()
    failed = function.invoke(b'{"pad":"' + b"x" * (7 << 20) + b'"}')
    assert failed.kind == "error" and "larger" in failed.answer["errorMessage"], failed
    assert function.invoke(SELF_TEST).ok


def test_connections_are_kept(start, stage):
    stage.put(KEY, packed(quiet()))
    function = start()
    for _ in range(20):
        assert function.invoke(payloads.s3((stage.bucket, KEY))).ok
    assert function.api.connections == 1


# ---- deadlines ----------------------------------------------------------------------------------

def test_no_time_left(start, fake_aws):
    """With less than the margin left nothing is begun: all messages come again."""
    fake_aws.put(BUCKET, KEY, packed([record("StopLogging")]))
    function = on_fake(start, fake_aws)
    notice = payloads.s3((BUCKET, KEY))
    answer = function.invoke(payloads.sqs(notice, notice), deadline_s=0.3)
    assert payloads.failures(answer.answer) == [message_id(0), message_id(1)]
    assert not function.invoke(notice, deadline_s=0.3).ok
    assert fake_aws.reads == [] and fake_aws.published == []
    assert function.invoke(notice).ok and len(fake_aws.published) == 1


def test_slow_s3(start, fake_aws):
    """The answer comes before the deadline: what was done stays done, the rest comes again. The object
    behind the slow one has arrived meanwhile, but there is no time to tell what is in it."""
    slow, behind = "AWSLogs/slow.json.gz", "AWSLogs/behind.json.gz"
    fake_aws.put(BUCKET, KEY, packed([record("StopLogging")]))
    fake_aws.put(BUCKET, slow, packed(bulky(700)))  # needs 20 pieces and more
    fake_aws.put(BUCKET, behind, packed([record("StopLogging", 1, "another")]))
    fake_aws.pause_s[f"/{BUCKET}/{slow}"] = 0.3
    function = on_fake(start, fake_aws)
    batch = payloads.sqs(*(payloads.s3((BUCKET, key)) for key in (KEY, slow, behind)))
    answer = function.invoke(batch, deadline_s=2)
    assert answer.answered_at * 1000 < answer.deadline_ms
    assert payloads.failures(answer.answer) == [message_id(1), message_id(2)]
    assert len(fake_aws.published) == 1
    assert function.invoke(SELF_TEST).ok


def test_silent_s3(start, fake_aws):
    """S3 accepts the connection and says nothing at all."""
    fake_aws.put(BUCKET, KEY, packed(quiet()))
    fake_aws.pause_s[f"/{BUCKET}/{KEY}"] = 60
    function = on_fake(start, fake_aws)
    answer = function.invoke(payloads.s3((BUCKET, KEY)), deadline_s=2)
    assert answer.kind == "error" and answer.answered_at * 1000 < answer.deadline_ms
    assert function.invoke(SELF_TEST).ok


# ---- faults of the way --------------------------------------------------------------------------

def test_broken_transfer_is_taken_up_again(start, fake_aws):
    """The rest is asked for by range, of the same object, and no record is lost or doubled."""
    body = packed([*bulky(700), record("StopLogging")])
    fake_aws.put(BUCKET, KEY, body)
    fake_aws.cut_at[f"/{BUCKET}/{KEY}"] = 500_000
    answer = on_fake(start, fake_aws).invoke(payloads.s3((BUCKET, KEY)))
    assert answer.ok and answer.answer["records"] == 701 and answer.answer["alerts"] == 1
    assert [r for _, r in fake_aws.reads] == [None, "bytes=500000-"]


def test_throttled_calls_are_repeated(start, fake_aws):
    fake_aws.put(BUCKET, KEY, packed([record("StopLogging")]))
    fake_aws.refuse = [503, 503]
    function = on_fake(start, fake_aws)
    assert function.invoke(payloads.s3((BUCKET, KEY))).ok
    assert len(fake_aws.reads) == 3 and len(fake_aws.published) == 1


# ---- signals ------------------------------------------------------------------------------------

def test_sigterm_while_waiting(start):
    function = ready(start())
    function.process.send_signal(signal.SIGTERM)
    assert function.exit_code(2) == 0


def in_flight(start, fake_aws):
    """A function in the middle of an invocation that takes about a second."""
    fake_aws.put(BUCKET, KEY, packed([record("StopLogging")]))
    fake_aws.pause_s[f"/{BUCKET}/{KEY}"] = 1
    function = on_fake(start, fake_aws)
    invocation = function.api.submit(payloads.s3((BUCKET, KEY)))
    wait_until(lambda: fake_aws.reads, 10, "the object is asked for")
    return function, invocation


def test_sigterm_during_an_invocation(start, fake_aws):
    function, invocation = in_flight(start, fake_aws)
    function.process.send_signal(signal.SIGTERM)
    assert invocation.wait().ok and len(fake_aws.published) == 1
    assert function.exit_code(5) == 0


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT])
def test_crash_is_reported_at_once(number, start, fake_aws):
    function, invocation = in_flight(start, fake_aws)
    function.process.send_signal(number)
    failed = invocation.wait(5)
    assert (failed.kind, failed.error_type) == ("error", "Runtime.Crash")
    assert function.exit_code(5) == 128 + number
    assert "crashed" in function.lines[-1]


# ---- logs ---------------------------------------------------------------------------------------

def test_json_log_lines(start):
    function = start()
    good, bad = function.invoke(SELF_TEST), function.invoke({"a": 1})
    for line in function.logs():
        assert set(line) >= {"timestamp", "level", "message"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
    assert [x["level"] for x in function.logs(good)] == ["INFO"]
    assert [x["level"] for x in function.logs(bad)] == ["ERROR", "ERROR"]


def test_each_object_is_logged(start, fake_aws):
    """With what was counted of it, and where its calls were made when its key says so."""
    key = "AWSLogs/o-exampleorg/111122223333/CloudTrail/eu-north-1/2026/03/17/x.json.gz"
    fake_aws.put(BUCKET, KEY, packed(quiet(2)))
    body = packed([record("StopLogging")])
    fake_aws.put(BUCKET, key, body)
    function = on_fake(start, fake_aws)
    read = function.invoke(payloads.s3((BUCKET, KEY), (BUCKET, key)))
    first, second, summary = function.logs(read)
    assert (first["level"], first["message"], first["object"]) == (
        "INFO", "object read", f"s3://{BUCKET}/{KEY}")
    assert "account" not in first
    want = {"object": f"s3://{BUCKET}/{key}", "account": "111122223333", "region": "eu-north-1",
            "records": 1, "bad": 0, "bytes": len(body), "hits": 1, "alerts": 1}
    assert want.items() <= second.items()
    assert (summary["message"], summary["objects"]) == ("invocation served", 2)


def test_log_level(start):
    function = start(AWS_LAMBDA_LOG_LEVEL="ERROR")
    assert function.invoke(SELF_TEST).ok
    assert function.logs() == []


def test_text_log(start):
    function = start(AWS_LAMBDA_LOG_FORMAT="Text")
    failed = function.invoke({"a": 1})
    ready(function)
    assert all(not line.startswith("{") or '"_aws":' in line for line in function.lines)
    assert [line for line in function.lines if " ERROR " in line and failed.id in line]
