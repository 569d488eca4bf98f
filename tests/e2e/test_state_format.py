"""The form of what lies in the table: said once, by who writes first, and a newer one is let alone."""
import json

import pytest

from support import dynamodb_local, payloads, trail
from test_cli import run

FORMAT = {"pk": {"S": "format"}, "sk": {"S": "format"}}


@pytest.fixture
def client(moto):
    return moto.client("dynamodb")


@pytest.fixture
def table(client):
    return dynamodb_local.make_table(client)


def said(client, table):
    item = client.get_item(TableName=table, Key=FORMAT).get("Item")
    return item and int(item["v"]["N"])


def begin(stage, start, table):
    stage.iam.put_role_policy(RoleName=stage.name, PolicyName="table", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": [f"dynamodb:{a}" for a in (
                "GetItem", "PutItem", "Query", "UpdateItem")], "Resource": "*"}]}))
    stage.put("AWSLogs/a.json.gz", trail.packed([trail.record("StopLogging", 0)]))
    function = start(TRAILWARDEN_TABLE=table)
    return function.invoke(payloads.sqs(payloads.s3((stage.bucket, "AWSLogs/a.json.gz"))))


def test_the_first_write_says_the_format(stage, start, client, table):
    assert said(client, table) is None
    for _ in range(2):
        assert payloads.failures(begin(stage, start, table).answer) == []
        assert said(client, table) == 1
    assert len(stage.messages()) >= 1


def test_a_newer_format_is_let_alone(stage, start, client, table):
    """Nothing is told and nothing is written; the message comes again."""
    newer = {**FORMAT, "v": {"N": "2"}}
    client.put_item(TableName=table, Item=newer)
    invocation = begin(stage, start, table)
    assert len(payloads.failures(invocation.answer)) == 1
    assert stage.messages() == []
    assert client.scan(TableName=table)["Items"] == [newer]


def test_the_command_line_says_so(stage, client, table, tmp_path):
    key = stage.moto.admin.get_credentials()
    env = {"AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key,
           "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": stage.moto.url}
    state = f"dynamodb:{table}"
    assert run("incidents", "--state", state, env=env).returncode == 0
    assert said(client, table) is None  # who only reads writes nothing
    client.put_item(TableName=table, Item={**FORMAT, "v": {"N": "7"}})
    done = run("incidents", "--state", state, env=env)
    assert done.returncode == 2
    assert f"table {table} holds state of format 7, written by a newer version".encode() in done.stderr
