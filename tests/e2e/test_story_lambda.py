"""The function tells an incident as a page: it lands in the bucket for reports, from where the
owner reads it with boto3. Numbers in brackets are the promises of docs/design.md that a test proves."""
import datetime
import json
import subprocess

import pytest

from support import trail
from support.function import RULES, build_dir
from test_incidents import NOW, World, made_eve, record
from test_runtime import assert_init_error
from test_story import DATA

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def world(stage, dynamodb, start):
    world = World(stage, dynamodb, start)
    stage.iam.put_role_policy(RoleName=stage.name, PolicyName="reports", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject",
                                                "Resource": f"arn:aws:s3:::{stage.bucket}/reports/*"},
                                               {"Effect": "Allow", "Action": "s3:ListBucket",
                                                "Resource": f"arn:aws:s3:::{stage.bucket}",
                                                "Condition": {"StringLike": {"s3:prefix": "AWSLogs/*"}}}]}))
    return world


def told_incident(world, function):
    [(_, body)] = world.deliver(function, world.put(
        record("StopLogging", 1), made_eve(2), record("StopLogging", 3, "eve")))
    return body["id"]


def order(incident, **more):
    return {"trailwarden": {"action": "story", "incident": incident, **more}}


def page_of(world, incident):
    stored = world.stage.s3.get_object(Bucket=world.stage.bucket, Key=f"reports/story-{incident}.html")
    return json.loads(DATA.search(stored["Body"].read().decode()).group(1))


def test_a_page_lands_in_the_bucket(world):
    function = world.start(TRAILWARDEN_REPORTS=f"{world.stage.bucket}/reports/")
    incident = told_incident(world, function)
    answer = function.invoke(order(incident)).answer
    key = f"reports/story-{incident}.html"
    assert (answer["ok"], answer["incident"], answer["report"]) == (
        True, incident, f"s3://{world.stage.bucket}/{key}")
    stored = world.stage.s3.get_object(Bucket=world.stage.bucket, Key=key)
    assert stored["ContentType"] == "text/html; charset=utf-8"
    assert stored["ContentDisposition"] == f'attachment; filename="story-{incident}.html"'
    page = stored["Body"].read().decode()
    [story] = json.loads(DATA.search(page).group(1))["stories"]
    assert story["incident"]["id"] == incident and len(story["steps"]) == answer["steps"] >= 2
    assert {s["event"] for s in story["steps"]} >= {"StopLogging"}
    assert trail.RECORD_SECRET not in page  # [P5]


def told_by(world, *arguments):
    credentials = world.stage.moto.admin.get_credentials()
    return subprocess.run(
        [build_dir() / "bin" / "trailwarden", *arguments, "--state", f"dynamodb:{world.table}"],
        env={"AWS_ENDPOINT_URL": world.stage.moto.url, "AWS_ENDPOINT_URL_DYNAMODB": world.dynamodb.url,
             "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": credentials.access_key,
             "AWS_SECRET_ACCESS_KEY": credentials.secret_key}, capture_output=True, timeout=60)


def assert_page_of_command(world, incident, *options):
    page = world.stage.s3.get_object(Bucket=world.stage.bucket, Key=f"reports/story-{incident}.html")["Body"].read()
    told = told_by(world, "story", "--incident", incident, "--format", "html", "-r", RULES, *options)
    assert told.returncode == 0, told.stderr
    assert told.stdout == page


def test_it_is_the_page_of_the_command_line(world):
    function = world.start(TRAILWARDEN_REPORTS=f"{world.stage.bucket}/reports/")
    incident = told_incident(world, function)
    function.invoke(order(incident))
    assert_page_of_command(world, incident)


@pytest.mark.parametrize("given, says", [
    ({"incident": "0" * 32}, "knows no such incident"), ({"incident": "x"}, "is no id of an incident"), ({}, "is no id")])
def test_an_order_that_names_none_fails(world, given, says):
    function = world.start(TRAILWARDEN_REPORTS=f"{world.stage.bucket}/reports/")
    failed = function.invoke({"trailwarden": {"action": "story", **given}})
    assert says in failed.answer["errorMessage"]


def test_without_a_place_there_is_no_page(world):
    function = world.start()
    failed = function.invoke(order("0" * 32))
    assert "TRAILWARDEN_REPORTS names no bucket" in failed.answer["errorMessage"]


def test_where_it_may_not_write_it_says_so(world):
    function = world.start(TRAILWARDEN_REPORTS=f"{world.stage.bucket}/elsewhere/")
    failed = function.invoke(order(told_incident(world, function)))
    assert failed.error_type == "Function.AccessDenied" and "PutObject" in failed.answer["errorMessage"]


@pytest.mark.parametrize("place", ["s3://bucket/x/", "Bucket", "bucket/without-end", "b"])
def test_what_is_no_place_fails_at_the_start(start, place):
    assert_init_error(start(TRAILWARDEN_REPORTS=place), "TRAILWARDEN_REPORTS")


# ---- from logs -------------------------------------------------------------------------------------

@pytest.fixture
def attacked(world):
    """A function that told an incident, its id, and the key of its log: of three calls no rule holds for one."""
    function = world.start(TRAILWARDEN_REPORTS=f"{world.stage.bucket}/reports/")
    key = world.put(record("StopLogging", 1), record("ListBuckets", 2), record("StopLogging", 3))
    [(_, body)] = world.deliver(function, key)
    return function, body["id"], key


def test_it_reads_logs_again(world, attacked):
    function, incident, key = attacked
    day = "AWSLogs/111122223333/CloudTrail/eu-west-1/"
    world.stage.put(day + "2019/01/01/old.json.gz", trail.packed([record("ListBuckets", 4)]))
    answer = function.invoke(order(incident, **{"from": f"s3://{world.stage.bucket}/AWSLogs/"})).answer
    assert answer["read"] == {"objects": 1, "failed": 0, "passed_over": 1, "whole": True}
    data = page_of(world, incident)
    [story] = data["stories"]
    assert [s["event"] for s in story["steps"]] == ["StopLogging", "ListBuckets", "StopLogging"]
    assert not any(s.get("recalled") for s in story["steps"]) and answer["steps"] == 3
    [file] = data["files"]
    assert file["name"] == f"s3://{world.stage.bucket}/{key}" and file["sha256"] and file["records"] == 3
    assert data["limits"]["passed_over"] == 1 and data["limits"]["stopped"] is None


def test_objects_are_read_by_name_and_a_missing_one_is_told(world, attacked):
    """[P2] Without a listing."""
    function, incident, key = attacked
    place = f"s3://{world.stage.bucket}/"
    answer = function.invoke(order(incident, **{"from": [place + key, place + "AWSLogs/none.json.gz"]})).answer
    assert answer["read"] == {"objects": 2, "failed": 1, "passed_over": 0, "whole": True}
    assert [f["sha256"] is None for f in page_of(world, incident)["files"]] == [False, True]


def test_without_time_the_page_says_so(world, attacked):
    """With less than is wanted for making the page nothing is read, and the alerts' notes are told."""
    function, incident, key = attacked
    answer = function.invoke(order(incident, **{"from": f"s3://{world.stage.bucket}/{key}"}), deadline_s=1.4).answer
    assert answer["read"]["whole"] is False and answer["read"]["objects"] == 0
    data = page_of(world, incident)
    assert data["limits"]["stopped"] == "the function's time was up"
    assert all(s["recalled"] for s in data["stories"][0]["steps"])


# ---- the policy ------------------------------------------------------------------------------------

def put_day(world, days, region, *records):
    """An object that was delivered so many days before now."""
    day = (NOW - datetime.timedelta(days=days)).strftime("%Y/%m/%d")
    key = f"AWSLogs/111122223333/CloudTrail/{region}/{day}/{region}-{days}.json.gz"
    world.stage.put(key, trail.packed(list(records)))
    return key


def used(name, days, number, **more):
    return trail.record("DescribeInstances", eventName=name, eventID=f"{number:08x}-0000-4000-8000-{days:012x}",
                        eventTime=(NOW - datetime.timedelta(days=days)).strftime("%Y-%m-%dT10:00:00Z"), **more)


@pytest.fixture
def working(world, attacked):
    """What mallory did in the fourteen days before the attack."""
    for days in range(2, 16):
        put_day(world, days, "eu-west-1", used("DescribeVpcs", days, 1, eventSource="ec2.amazonaws.com"),
                used("Invoke", days, 2, eventSource="lambda.amazonaws.com", requestParameters={"functionName": f"f{days % 3}"}))
        put_day(world, days, "us-east-1", used("ListUsers", days, 3, eventSource="iam.amazonaws.com", awsRegion="us-east-1"))
    return attacked


def test_it_recommends_the_policy_of_the_command_line(world, working):
    """What was used before is read as well, behind what has steps; the page is the same, byte for byte."""
    function, incident, _ = working
    logs = f"s3://{world.stage.bucket}/AWSLogs/"
    answer = function.invoke(order(incident, **{"from": logs}), deadline_s=60).answer
    assert answer["read"] == {"objects": 29, "failed": 0, "passed_over": 0, "whole": True}
    advice = page_of(world, incident)["stories"][0]["advice"]
    assert advice["principal"].endswith(":user/mallory") and advice["refusals"] == [] and advice["document"]
    assert [a["action"] for a in advice["actions"]] == ["ec2:DescribeVpcs", "iam:ListUsers", "lambda:InvokeFunction"]
    assert "cloudtrail:StopLogging" in [a["action"] for a in advice["excluded"]]
    assert_page_of_command(world, incident, "--from", logs)


def test_days_long_before_are_passed_over(world, working):
    function, incident, _ = working
    for days in (18, 19, 40):
        put_day(world, days, "eu-west-1", used("DescribeKeyPairs", days, 4, eventSource="ec2.amazonaws.com"))
    logs = f"s3://{world.stage.bucket}/AWSLogs/"
    read = function.invoke(order(incident, **{"from": logs}), deadline_s=60).answer["read"]
    assert read == {"objects": 29, "failed": 0, "passed_over": 3, "whole": True}
    without = function.invoke(order(incident, **{"from": logs, "advice": False}), deadline_s=60).answer["read"]
    assert without["whole"] is True and without["passed_over"] >= 29
    assert page_of(world, incident)["stories"][0]["advice"] is None


@pytest.mark.parametrize("given, says", [
    ("/tmp/logs", "takes addresses"), ([], "is an address or a list"), (7, "is an address or a list"),
    ([None], "takes addresses"), ("s3://somebody-elses/AWSLogs/", "TRAILWARDEN_BUCKETS")])
def test_what_is_no_place_of_logs_is_refused(world, given, says):
    function = world.start(TRAILWARDEN_REPORTS=f"{world.stage.bucket}/reports/", TRAILWARDEN_BUCKETS=world.stage.bucket)
    failed = function.invoke(order(told_incident(world, function), **{"from": given}))
    assert says in failed.answer["errorMessage"]


def test_reading_again_stays_within_its_memory(world, attacked):
    """[P4] More steps with records than the function keeps."""
    if b"__asan_init" in (build_dir() / "bin" / "bootstrap").read_bytes():
        pytest.skip("AddressSanitizer's own memory would be measured")
    function, incident, _ = attacked
    key = world.put(*[record("ListBuckets", 2, eventID=f"00000000-0000-4000-8000-{n:012x}") for n in range(40000)])
    answer = function.invoke(order(incident, **{"from": f"s3://{world.stage.bucket}/{key}"}), deadline_s=60).answer
    story = page_of(world, incident)["stories"][0]
    assert 500 < answer["steps"] <= 2000 and story["cut"]["steps"] + answer["steps"] >= 40000
    assert function.peak_bytes() < 24 * 1024 * 1024


# ---- who is compromised ----------------------------------------------------------------------------

def test_the_command_line_tells_from_logs_in_s3(world, attacked):
    _, incident, key = attacked
    told = told_by(world, "story", "--incident", incident, "-r", RULES, "--format", "json",
                   "--from", f"s3://{world.stage.bucket}/AWSLogs/")
    assert told.returncode == 0, told.stderr
    data = json.loads(told.stdout)
    assert [s["event"] for s in data["stories"][0]["steps"]] == ["StopLogging", "ListBuckets", "StopLogging"]
    assert [f["name"] for f in data["files"]] == [f"s3://{world.stage.bucket}/{key}"]


def test_who_is_compromised_is_noted_and_cleared(world, attacked):
    function, incident, _ = attacked
    [story] = json.loads(told_by(world, "story", "--incident", incident, "-r", RULES, "--format", "json").stdout)["stories"]
    who = story["todo"][0]["principal"]

    def mark(**more):
        return function.invoke({"trailwarden": {"action": "compromised", "principal": who, "by": "ana", **more}})

    def seen():
        listed = told_by(world, "identities", "-r", RULES, "--format", "jsonl").stdout.decode().splitlines()
        [one] = [i for i in map(json.loads, listed) if i.get("principal") == who]
        return one

    before = seen()
    noted = mark(reason="key on a paste site").answer
    assert noted["ok"] and (noted["mark"]["principal"], noted["mark"]["marked"]) == (who, True)
    marked = seen()
    assert marked["compromised"] and marked["mark"]["reason"] == "key on a paste site" and marked["mark"]["by"] == "ana"
    assert incident.encode() in told_by(world, "incidents", "-r", RULES, "--format", "text").stdout
    report = function.invoke(order(incident)).answer["report"].removeprefix(f"s3://{world.stage.bucket}/")
    page = world.stage.s3.get_object(Bucket=world.stage.bucket, Key=report)["Body"].read().decode()
    [retold] = json.loads(DATA.search(page).group(1))["stories"]
    assert [m["reason"] for m in retold["marks"]] == ["key on a paste site"]
    assert mark(marked=False).answer["mark"]["marked"] is False
    assert seen()["compromised"] is False and before.get("mark") is None
    assert "is no ARN" in function.invoke(
        {"trailwarden": {"action": "compromised", "principal": "dana"}}).answer["errorMessage"]
