"""The function tells an incident as a page: it lands in the bucket for reports, from where the
owner reads it with boto3. Numbers in brackets are the promises of docs/design.md that a test proves."""
import json
import re
import subprocess

import pytest

from support import trail
from support.function import RULES, build_dir
from test_incidents import World, made_eve, record
from test_runtime import assert_init_error
from test_story import DATA

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def world(stage, dynamodb, start):
    world = World(stage, dynamodb, start)
    stage.iam.put_role_policy(RoleName=stage.name, PolicyName="reports", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject",
                                                "Resource": f"arn:aws:s3:::{stage.bucket}/reports/*"}]}))
    return world


def told_incident(world, function):
    [(_, body)] = world.deliver(function, world.put(
        record("StopLogging", 1), made_eve(2), record("StopLogging", 3, "eve")))
    return body["id"]


def order(incident):
    return {"trailwarden": {"action": "story", "incident": incident}}


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


def test_it_is_the_page_of_the_command_line(world):
    function = world.start(TRAILWARDEN_REPORTS=f"{world.stage.bucket}/reports/")
    incident = told_incident(world, function)
    function.invoke(order(incident))
    page = world.stage.s3.get_object(Bucket=world.stage.bucket, Key=f"reports/story-{incident}.html")["Body"].read()
    credentials = world.stage.moto.admin.get_credentials()
    told = subprocess.run(
        [build_dir() / "bin" / "trailwarden", "story", "--incident", incident, "--format", "html",
         "-r", RULES, "--state", f"dynamodb:{world.table}"],
        env={"AWS_ENDPOINT_URL_DYNAMODB": world.dynamodb.url, "AWS_REGION": "eu-west-1",
             "AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key},
        capture_output=True, timeout=60)
    assert told.returncode == 0, told.stderr
    # Only the command looks for what was contained.
    assert re.sub(rb'"containment":(null|\[\])', b"", told.stdout) == re.sub(rb'"containment":(null|\[\])', b"", page)


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
