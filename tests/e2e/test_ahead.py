"""The next object is on its way while the present one is read and settled: when it is asked for, what
becomes of either's failures, and that nobody waits for what is not read any more."""
import hashlib
import json
import os
import signal

import pytest

from support import payloads
from support.aws_driver import aws, drive  # noqa: F401 (fixtures)
from support.payloads import message_id
from support.strict_aws import KEY, SECRET
from support.trail import packed, quiet, record

pytestmark = pytest.mark.timeout(60)

BUCKET = "logs-of-tests"
KEYS = ["AWSLogs/1.json.gz", "AWSLogs/2.json.gz", "AWSLogs/3.json.gz"]
PATHS = [f"/{BUCKET}/{key}" for key in KEYS]
HELD_MAX = 262144  # HTTP_HELD_MAX
SHAPES = {"one notification": lambda objects: payloads.s3(*objects),
          "a batch": lambda objects: payloads.sqs(*(payloads.s3(o) for o in objects))}


def fill(fake_aws, n=len(KEYS)):
    """Objects with one alert each, every one held back until the next has been asked for."""
    for i, key in enumerate(KEYS[:n]):
        fake_aws.put(BUCKET, key, packed([*quiet(20), record("StopLogging", i, f"user{i}")]))
    fake_aws.await_of = dict(zip(PATHS, PATHS[1:n]))
    return [(BUCKET, key) for key in KEYS[:n]]


def told(fake_aws):
    messages = [json.loads(json.loads(form["Message"])["default"]) for form in fake_aws.published]
    return [m["identity"]["name"] for m in messages]


def each_once(fake_aws):
    """Every object was asked for once, whole; of two connections either may be heard first."""
    return sorted(fake_aws.reads, key=str) == [(path, None) for path in PATHS]


@pytest.fixture
def function(fake_aws, start):
    return start(AWS_ENDPOINT_URL=fake_aws.url)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_next_is_asked_for_while_one_arrives(shape, fake_aws, function):
    answer = function.invoke(SHAPES[shape](fill(fake_aws)))
    assert answer.ok, answer
    assert shape != "a batch" or payloads.failures(answer.answer) == []
    assert told(fake_aws) == ["user0", "user1", "user2"]
    assert each_once(fake_aws)
    # Never more than one ahead: the third waits until the second is read.
    assert set(fake_aws.reads_at_end[PATHS[0]]) == set(PATHS[:2])


def test_one_object_is_asked_for_once(fake_aws, function):
    objects = fill(fake_aws, 1)
    for _ in range(2):
        assert function.invoke(payloads.s3(*objects)).ok
    assert fake_aws.reads == [(PATHS[0], None)] * 2


def test_the_same_object_twice(fake_aws, function):
    objects = fill(fake_aws, 1)
    answer = function.invoke(payloads.s3(*objects * 3))
    assert answer.answer["records"] == 63 and answer.answer["alerts"] == 1
    assert fake_aws.reads == [(PATHS[0], None)] * 3


def spoil(fake_aws, i, how):
    path = PATHS[i]
    whole = fake_aws.objects[path]
    if how == "missing":
        del fake_aws.objects[path]
    elif how == "truncated gzip":
        fake_aws.objects[path] = whole[:-20]
    elif how == "denied":
        fake_aws.answers[path] = [403]
    elif how == "busy at first":
        fake_aws.answers[path] = [503]
    elif how == "cut in the middle":
        fake_aws.cut_at[path] = len(whole) // 2
    elif how == "reset at once":
        fake_aws.cut_at[path] = 0


# How an object fails: whether its message comes again, and how often it is asked for.
SPOILT = {"missing": (True, 1), "truncated gzip": (True, 1), "denied": (True, 1),
          "busy at first": (False, 2), "cut in the middle": (False, 2), "reset at once": (False, 2)}


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("how", SPOILT)
def test_only_the_one_that_fails_does(how, i, fake_aws, function):
    fails, asked = SPOILT[how]
    objects = fill(fake_aws)
    spoil(fake_aws, i, how)
    answer = function.invoke(SHAPES["a batch"](objects))
    assert answer.ok, answer
    assert payloads.failures(answer.answer) == ([message_id(i)] if fails else [])
    users = ["user0", "user1", "user2"]
    if fails:
        del users[i]  # though what stands in front of a fault of the content is told
    assert [u for u in told(fake_aws) if u in users] == users
    reads = [path for path, _ in fake_aws.reads]
    assert [reads.count(path) for path in PATHS] == [asked if p == PATHS[i] else 1 for p in PATHS]
    errors = [x["message"] for x in function.logs(answer) if x["level"] == "ERROR"]
    assert any(f"s3:/{PATHS[i]}" in line for line in errors) == fails


def test_a_broken_one_goes_on_behind_what_was_kept(fake_aws, function):
    objects = fill(fake_aws)
    fake_aws.cut_at[PATHS[1]] = at = len(fake_aws.objects[PATHS[1]]) // 2
    assert function.invoke(payloads.s3(*objects)).answer["alerts"] == 3
    assert (PATHS[1], f"bytes={at}-") in fake_aws.reads


def random_log(n):
    """Some 128 KB stored for each 500 records: they hardly compress."""
    return packed([dict(record("DescribeInstances"), requestParameters={"x": os.urandom(128).hex()})
                   for _ in range(n)])


def test_more_than_is_kept(fake_aws, function):
    """What is ahead stops at its limit, and goes on when it is its turn."""
    objects = fill(fake_aws)
    for path in PATHS:
        fake_aws.objects[path] = random_log(4000)
        assert len(fake_aws.objects[path]) > 2 * HELD_MAX
    answer = function.invoke(payloads.s3(*objects))
    assert answer.answer["records"] == 12000, answer
    assert each_once(fake_aws)


def test_a_bucket_that_is_not_allowed_is_not_asked(fake_aws, start):
    fill(fake_aws)
    fake_aws.put("another", KEYS[1], packed(quiet(1)))
    function = start(AWS_ENDPOINT_URL=fake_aws.url, TRAILWARDEN_BUCKETS=BUCKET)
    fake_aws.await_of = {}
    answer = function.invoke(SHAPES["a batch"]([(BUCKET, KEYS[0]), ("another", KEYS[1]),
                                                (BUCKET, KEYS[2])]))
    assert payloads.failures(answer.answer) == [message_id(1)]
    assert sorted(fake_aws.reads) == [(PATHS[0], None), (PATHS[2], None)]
    assert told(fake_aws) == ["user0", "user2"]


def test_a_deadline_ends_both(fake_aws, function):
    objects = fill(fake_aws)
    fake_aws.await_of[PATHS[0]] = "/nobody/asks"
    answer = function.invoke(SHAPES["a batch"](objects), deadline_s=1.5)
    assert payloads.failures(answer.answer) == [message_id(i) for i in range(3)]
    assert told(fake_aws) == []
    fill(fake_aws)
    assert function.invoke(SHAPES["a batch"](objects)).ok  # nothing is left of them
    assert told(fake_aws) == ["user0", "user1", "user2"]


def test_sigterm_with_one_ahead(fake_aws, function):
    objects = fill(fake_aws, 2)
    fake_aws.await_of[PATHS[1]] = "/the/signal"
    invocation = function.api.submit(SHAPES["a batch"](objects), 30)
    assert fake_aws.asked[PATHS[1]].wait(10)
    function.process.send_signal(signal.SIGTERM)
    fake_aws.asked["/the/signal"].set()
    assert function.exit_code() == 0
    assert invocation.done.is_set() and invocation.ok and told(fake_aws) == ["user0", "user1"]


# ---- the client against what is stricter


def sha256s(answers):
    return [a.get("sha256") for a in answers]


def put_three(aws):
    bodies = {"a": b"1" * 1000, "b": os.urandom(3 * HELD_MAX), "c": os.urandom(HELD_MAX)}
    aws.objects.update({("logs", key): body for key, body in bodies.items()})
    return [hashlib.sha256(body).hexdigest() for body in bodies.values()]


@pytest.mark.parametrize("status", [301, 307, 400])
def test_bucket_elsewhere(aws, drive, status):
    hashes = put_three(aws)
    aws.redirect, aws.regions["logs"] = status, "ap-south-1"
    driver = drive()
    assert sha256s(driver.gets("a", "b", "c")) == hashes
    assert len(aws.asked()) == 5  # two were begun in the wrong place
    assert sha256s(driver.gets("a", "b", "c")) == hashes
    assert len(aws.asked()) == 3


@pytest.mark.parametrize("seconds", [-3600, 1000])
def test_wrong_clock(aws, drive, seconds):
    hashes = put_three(aws)
    driver = drive()
    driver("clock", offset_ms=1000 * seconds)
    assert sha256s(driver.gets("a", "b", "c")) == hashes
    assert len(aws.asked()) == 5


def test_expired_credentials(aws, drive):
    hashes = put_three(aws)
    aws.keys["AKIDOLD"] = (SECRET, None, 0)
    keys = iter(["AKIDOLD", KEY, KEY])
    aws.unsigned["GET /creds"] = lambda *_: (200, credentials(aws, next(keys)))
    driver = drive(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None,
                   AWS_CONTAINER_CREDENTIALS_FULL_URI=aws.url + "/creds")
    assert sha256s(driver.gets("a", "b", "c")) == hashes


def credentials(aws, key):
    return json.dumps({"AccessKeyId": key, "SecretAccessKey": aws.keys[key][0], "Token": "",
                       "Expiration": "2099-01-01T00:00:00Z"})


def test_one_that_always_breaks(aws, drive):
    hashes = put_three(aws)
    aws.scripts["/logs/b"] = [{"cut": 10}] * 100
    a, b, c = drive().gets("a", "b", "c")
    assert sha256s([a, c]) == [hashes[0], hashes[2]]
    assert b["kind"] == "retry" and "s3://logs/b" in b["error"]
    assert len(aws.asked()) == 2 + 9  # the first and S3_RESUMES_MAX


def test_one_replaced_between(aws, drive):
    put_three(aws)
    replace = lambda: aws.objects.update({("logs", "b"): b"other"})
    aws.scripts["/logs/b"] = [{"cut": 1000}, {"then": replace}]
    _, b, _ = drive().gets("a", "b", "c")
    assert b["kind"] == "retry" and "replaced while it was read" in b["error"]


def test_connections_are_kept(aws, drive):
    """Those of a batch serve the next one, also when they close in between."""
    hashes = put_three(aws)
    driver = drive()
    for _ in range(3):
        assert sha256s(driver.gets("a", "b", "c")) == hashes
    assert len(aws.asked()) == 9
    assert aws.connections == 2
    aws.scripts["/logs/a"] = [{"hang_up": True}]
    for _ in range(2):
        assert sha256s(driver.gets("a", "b", "c")) == hashes
