"""Promise P4: memory does not grow with the object, nor with the number of invocations."""
import gzip
import json
import os

import pytest

from support import payloads
from support.function import build_dir
from support.trail import record

pytestmark = pytest.mark.timeout(120)

MIB = 1024 * 1024
PEAK_MAX = 24 * MIB  # docs/bench.md has what was measured
OBJECT_BYTES = 60 * MIB
KEY = "AWSLogs/big.json.gz"


@pytest.fixture(autouse=True)
def measurable():
    if b"__asan_init" in (build_dir() / "bin" / "bootstrap").read_bytes():
        pytest.skip("AddressSanitizer's own memory would be measured")


def big_log(bytes_wanted):
    """An object of that size inflated: many quiet records and one that is told, at the very end."""
    one = json.dumps(record("DescribeInstances", user="alice")).encode()
    n = bytes_wanted // (len(one) + 1)
    last = json.dumps(record("StopLogging")).encode()
    return b'{"Records":[' + b",".join([one] * n + [last]) + b"]}", n + 1


# Bytes of the log, and how hard it is compressed.
LARGE = {"gzip": (200 * MIB, 9), "gzip, barely": (60 * MIB, 1), "plain": (60 * MIB, None)}


@pytest.mark.parametrize("stored", LARGE)
def test_large_object(stored, stage, start):
    size, level = LARGE[stored]
    text, n = big_log(size)
    stage.put(KEY, gzip.compress(text, level) if level else text)
    function = start()
    answer = function.invoke(payloads.s3((stage.bucket, KEY)), deadline_s=60)
    assert answer.ok, answer
    assert answer.answer["records"] == n and answer.answer["alerts"] == 1
    assert function.peak_bytes() < PEAK_MAX


def many_users(users, seconds):
    one = [json.dumps(record("StopLogging", s, user="USER", eventID="EVENT"))
           for s in range(seconds)]
    return ('{"Records":[' + ",".join(
        one[s].replace("USER", f"user{u}").replace("EVENT", f"{u:08x}-0000-4000-8000-{s:012x}")
        for s in range(seconds) for u in range(users)) + "]}").encode()


# 1,024 of them do more than is gathered at once (WINDOWS_ELEMENTS_MAX): alerts are told, and updated
# later, while the object still arrives.
@pytest.mark.parametrize("users", [400, 1024])
def test_many_alerts_with_much_evidence(users, fake_aws, start):
    """Many identities by turns, each with more events than the 200 that are kept as evidence."""
    seconds = 210
    fake_aws.put("logs-of-tests", KEY, gzip.compress(many_users(users, seconds), 1))
    function = start(AWS_ENDPOINT_URL=fake_aws.url)
    answer = function.invoke(payloads.s3(("logs-of-tests", KEY)), deadline_s=60)
    assert answer.ok, answer
    told = [json.loads(json.loads(form["Message"])["default"])["id"] for form in fake_aws.published]
    assert len(set(told)) == users and len(told) == answer.answer["alerts"] <= 2 * users
    assert answer.answer["hits"] == users * seconds
    assert function.peak_bytes() < PEAK_MAX


def test_a_large_object_ahead(fake_aws, start):
    """The same, while a large object that hardly compresses is kept back behind it."""
    noise = [dict(record("DescribeInstances"), requestParameters={"x": os.urandom(512).hex()})
             for _ in range(10_000)]
    large = gzip.compress(json.dumps({"Records": noise}).encode(), 1)
    assert len(large) > 4 * MIB
    keys = [f"AWSLogs/{i}.json.gz" for i in range(3)]
    for key, stored in zip(keys, [gzip.compress(many_users(1024, 210), 1), large, large]):
        fake_aws.put("logs-of-tests", key, stored)
    function = start(AWS_ENDPOINT_URL=fake_aws.url)
    answer = function.invoke(payloads.s3(*(("logs-of-tests", key) for key in keys)), deadline_s=60)
    assert answer.ok, answer
    assert answer.answer["records"] == 1024 * 210 + 2 * len(noise)
    assert function.peak_bytes() < PEAK_MAX


def test_decompression_bomb(stage, start):
    """1 MB that inflates to more than a GiB ends as a counted failure."""
    stage.put(KEY, gzip.compress(b" " * (64 * MIB), 9) * 17)
    function = start()
    answer = function.invoke(payloads.s3((stage.bucket, KEY)), deadline_s=60)
    assert answer.kind == "error" and answer.error_type == "Function.LimitReached", answer
    assert function.peak_bytes() < PEAK_MAX


def test_many_invocations(stage, start):
    """The same process, again and again, needs no more than at the beginning."""
    stage.put(KEY, gzip.compress(big_log(MIB)[0]))
    function = start()
    payload = payloads.s3((stage.bucket, KEY))
    for _ in range(20):
        assert function.invoke(payload).ok
    warm = function.peak_bytes()
    for _ in range(100):
        assert function.invoke(payload).ok
    assert function.peak_bytes() - warm < MIB
