"""`bootstrap` below AWS's own emulator of the Runtime API: a second judge beside ours."""
import subprocess

import pytest

from support import emulator, function, payloads
from support.trail import STOPPED, expected, packed, quiet, record

pytestmark = pytest.mark.timeout(180)  # the first run fetches the emulator

KEY = "AWSLogs/one.json.gz"


@pytest.fixture
def emulated(stage, tmp_path):
    """emulated(VARIABLE=value or None): the function below the emulator."""
    try:
        emulator.binary()
    except (OSError, subprocess.SubprocessError) as why:
        pytest.skip(f"the emulator could not be fetched: {why}")
    running = []

    def begin(**settings):
        root = function.lay_out(tmp_path / "task")
        env = function.environment(root, "set by the emulator", stage.credentials, **{
            "AWS_ENDPOINT_URL": stage.moto.url, "TRAILWARDEN_TOPIC_ARN": stage.topic, **settings})
        running.append(emulator.Emulator(root, env, tmp_path / "log"))
        return running[-1]

    yield begin
    for e in running:
        e.close()


def test_invocations(stage, emulated):
    stopped = record("StopLogging")
    name = stage.put(KEY, packed([*quiet(), stopped]))
    below = emulated()
    assert below.invoke({"trailwarden": {"action": "self-test"}})["rules"] == 3
    failed = below.invoke({"hello": "world"})
    assert failed["errorType"] == "Function.BadInput" and "hello" in failed["errorMessage"]
    missing = below.invoke(payloads.s3((stage.bucket, "AWSLogs/none")))
    assert missing["errorType"] == "Function.Missing"
    assert below.invoke(payloads.s3((stage.bucket, KEY)))["alerts"] == 1
    batch = payloads.sqs(payloads.s3((stage.bucket, KEY)),
                         payloads.s3((stage.bucket, "AWSLogs/none")))
    assert payloads.failures(below.invoke(batch)) == [payloads.message_id(1)]
    assert stage.told() == [expected(STOPPED, [stopped], name)] * 2
    assert below.output.count('"trailwarden is ready"') == 1  # one process served them all


def test_init_error(emulated):
    failed = emulated(TRAILWARDEN_TOPIC_ARN=None).invoke({})
    assert failed["errorType"] == "Runtime.InitError"
    assert "TRAILWARDEN_TOPIC_ARN" in failed["errorMessage"]
