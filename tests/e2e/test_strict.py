"""S3 and SNS behind a checker of signatures that is as strict as AWS: scope, clock, body, token."""
import json
import subprocess
import sys
import urllib.request

import pytest

from support import payloads
from support.processes import LOOPBACK, free_port, listening, stop, wait_until
from support.trail import record, text_of

pytestmark = pytest.mark.timeout(60)

BUCKET, KEY = "logs-of-tests", "AWSLogs/a b+c%20=é~'()*!.json"
PUBLISHED = ("<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult>"
             "</PublishResponse>")


class Strict:
    def __init__(self, program):
        port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        self.process = subprocess.Popen([sys.executable, program, str(port)])
        try:
            wait_until(lambda: listening(port), 10, "the strict server listens")
        except BaseException:
            self.close()
            raise

    def tell(self, what, value=None):
        with urllib.request.urlopen(f"{self.url}/_{what}", json.dumps(value).encode(), 10) as r:
            return json.loads(r.read())

    def results(self):
        return [(x["svc"], x["result"]) for x in self.tell("log")]

    def close(self):
        stop(self.process)


@pytest.fixture
def strict(shared):
    program = shared / "tools" / "strict_aws_stub.py"
    if not program.exists():
        pytest.skip(f"{program} is not there")
    server = Strict(program)
    yield server
    server.close()


def invoke(start, stage, strict, script):
    strict.tell("keys", {stage.credentials["AccessKeyId"]: {
        "secret": stage.credentials["SecretAccessKey"],
        "token": stage.credentials["SessionToken"]}})
    strict.tell("script", script)
    function = start(AWS_ENDPOINT_URL=strict.url)
    return function.invoke(payloads.s3((BUCKET, KEY)))


OBJECT = {"body": text_of([record("StopLogging")]).decode()}


def test_signatures(start, stage, strict):
    answer = invoke(start, stage, strict, [OBJECT, {"body": PUBLISHED}])
    assert answer.ok and answer.answer["alerts"] == 1
    assert strict.results() == [("s3", "OK"), ("sns", "OK")]


def test_faults_are_repeated_and_signed_anew(start, stage, strict):
    answer = invoke(start, stage, strict, [
        {"close": True}, {"status": 503, "code": "SlowDown"}, OBJECT,
        {"code": "Throttling"}, {"status": 500, "code": "InternalFailure"}, {"body": PUBLISHED}])
    assert answer.ok, answer
    assert strict.results() == [
        ("s3", "closed"), ("s3", "SlowDown"), ("s3", "OK"),
        ("sns", "Throttling"), ("sns", "InternalFailure"), ("sns", "OK")]


@pytest.mark.parametrize("offset_s", [600, -600, 86400])
def test_clock_that_is_wrong(offset_s, start, stage, strict):
    """The server's clock is taken over after one refusal. S3 bears 15 minutes, SNS 5."""
    strict.tell("clock", {"offset": offset_s})
    answer = invoke(start, stage, strict, [OBJECT, {"body": PUBLISHED}])
    assert answer.ok, answer
    refused = [service for service, result in strict.results() if result != "OK"]
    assert refused == (["s3"] if abs(offset_s) > 900 else ["sns"])
