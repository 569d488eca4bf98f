"""The stage itself: what the function's tests lean on refuses what they think it refuses."""
import http.client
import json

import pytest
from botocore.exceptions import ClientError

from support.runtime_api import PREFIX, RuntimeApi

pytestmark = pytest.mark.timeout(60)


# ---- moto ---------------------------------------------------------------------------------------

def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_role_may_do_what_the_function_does_and_nothing_else(stage):
    stage.put("AWSLogs/one", b"1")
    stage.put("other/one", b"1")
    role = stage.moto.session(stage.credentials)
    s3, sns, iam = (stage.moto.client(x, role) for x in ("s3", "sns", "iam"))
    assert s3.get_object(Bucket=stage.bucket, Key="AWSLogs/one")["Body"].read() == b"1"
    assert sns.publish(TopicArn=stage.topic, Message="{}")["MessageId"]
    for call, arguments in [
            (s3.get_object, {"Bucket": stage.bucket, "Key": "other/one"}),
            (s3.list_objects_v2, {"Bucket": stage.bucket}),
            (s3.put_object, {"Bucket": stage.bucket, "Key": "AWSLogs/two", "Body": b""}),
            (sns.create_topic, {"Name": "another"}), (iam.list_users, {})]:
        assert refused(call, **arguments) == "AccessDenied"


@pytest.mark.parametrize("change, code", [
    ({"SecretAccessKey": "wrong"}, "SignatureDoesNotMatch"),
    ({"SessionToken": "wrong"}, "InvalidToken"),
    ({"AccessKeyId": "ASIAUNKNOWN"}, "InvalidAccessKeyId")])
def test_signatures_are_checked(change, code, stage):
    role = stage.moto.session({**stage.credentials, **change})
    assert refused(stage.moto.client("s3", role).get_object,
                   Bucket=stage.bucket, Key="AWSLogs/one") == code


# ---- the Runtime API ----------------------------------------------------------------------------

ERROR = {"errorMessage": "no", "errorType": "Function.No", "stackTrace": []}
ERROR_HEADERS = {"Content-Type": "application/json",
                 "Lambda-Runtime-Function-Error-Type": "Function.No"}


@pytest.fixture
def api():
    server = RuntimeApi()
    yield server
    server.close()


def ask(api, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(api.address, timeout=5)
    connection.request(method, PREFIX + path, body, headers or {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("Lambda-Runtime-Aws-Request-Id")


def taken(api, **headers):
    api.submit({}, **headers)
    return ask(api, "GET", "/invocation/next")[1]


def test_a_proper_runtime(api):
    request_id = taken(api)
    assert ask(api, "POST", f"/invocation/{request_id}/response", "{}") == (202, None)
    request_id = taken(api)
    assert ask(api, "POST", f"/invocation/{request_id}/error", json.dumps(ERROR),
               ERROR_HEADERS)[0] == 202
    assert api.violations == []


def next_twice(api):
    taken(api)
    return ask(api, "GET", "/invocation/next")


def answer_twice(api):
    path = f"/invocation/{taken(api)}/response"
    ask(api, "POST", path, "{}")
    return ask(api, "POST", path, "{}")


def answer_another(api):
    taken(api)
    return ask(api, "POST", "/invocation/another/response", "{}")


def no_json(api):
    return ask(api, "POST", f"/invocation/{taken(api)}/response", "{")


def no_echo(api):
    request_id = taken(api, lambda_runtime_invocation_id="x")
    return ask(api, "POST", f"/invocation/{request_id}/response", "{}")


def error_with(api, body, headers):
    return ask(api, "POST", f"/invocation/{taken(api)}/error", json.dumps({**ERROR, **body}),
               {**ERROR_HEADERS, **headers})


def late_init_error(api):
    request_id = taken(api)
    ask(api, "POST", f"/invocation/{request_id}/response", "{}")
    return ask(api, "POST", "/init/error", json.dumps(ERROR), ERROR_HEADERS)


WRONG = {
    "next twice": (next_twice, 403), "answer twice": (answer_twice, 403),
    "answer to another": (answer_another, 400), "not JSON": (no_json, 202),
    "invocation id is not echoed": (no_echo, 202), "init error after next": (late_init_error, 403),
    "body on next": (lambda api: api.submit({}) and ask(api, "GET", "/invocation/next", "x"), 200),
    "unknown path": (lambda api: ask(api, "GET", "/invocation/last"), 404),
    "error type": (lambda api: error_with(
        api, {}, {"Lambda-Runtime-Function-Error-Type": "Oops"}), 202),
    "no message": (lambda api: error_with(api, {"errorMessage": ""}, {}), 202),
    "stack trace of objects": (lambda api: error_with(api, {"stackTrace": [{"line": 1}]}, {}), 202),
    "content type": (lambda api: error_with(api, {}, {"Content-Type": "text/html"}), 202),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_runtime_that_does_wrong_is_noticed(name, api):
    do, status = WRONG[name]
    assert do(api)[0] == status
    assert len(api.violations) == 1


def test_answer_over_the_limit(api):
    path = f"/invocation/{taken(api)}/response"
    assert ask(api, "POST", path, b'"' + b"x" * (6291556 - 2) + b'"')[0] == 202
    path = f"/invocation/{taken(api)}/response"
    assert ask(api, "POST", path, b'"' + b"x" * (6291556 - 1) + b'"')[0] == 413
    assert api.violations == []
