"""Okta's System Log and GitHub through the function: EventBridge, objects and webhooks, with the shipped
rules and rules of Falco's."""
import base64
import gzip
import hashlib
import hmac
import json
import pathlib
import shutil

import pytest

from support import payloads, trail

pytestmark = pytest.mark.timeout(60)

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "not a secret that opens anything"
FALCO = """\
- rule: factors reset
  desc: all factors of a user were reset
  condition: okta.evt.type = "user.mfa.factor.reset_all"
  output: "%okta.actor.name reset the factors of %okta.target.user.name from %okta.client.ip"
  priority: WARNING
  source: okta
- rule: repository opened
  desc: a repository became public
  condition: github.type=repository and github.action=publicized
  output: "%github.user opened %github.repo.name of %github.org"
  priority: CRITICAL
  source: github
"""
OKTA = {
    "uuid": "5f1d1f0a-9a3e-11f0-8f3c-0242ac120002", "published": trail.time_of(1),
    "eventType": "user.mfa.factor.reset_all", "severity": "INFO",
    "actor": {"id": "00u1", "type": "User", "alternateId": "dana@example.com", "displayName": "Dana"},
    "client": {"ipAddress": "203.0.113.40"}, "outcome": {"result": "SUCCESS"},
    "target": [{"id": "00u2", "type": "User", "alternateId": "erin@example.com",
                "displayName": "Erin"}],
}
BRIDGE = {"version": "0", "id": "e-1", "detail-type": "SystemLog",
          "source": "aws.partner/okta.com/example/1", "account": payloads.ACCOUNT,
          "time": trail.time_of(2), "region": payloads.REGION, "resources": [], "detail": OKTA}
AUDIT = {"@timestamp": 1773756151000, "_document_id": "kT3xLq0vZb1uQ2mC9sWn4A", "action": "repo.access",
         "visibility": "public", "actor": "dana", "actor_ip": "203.0.113.40", "org": "example",
         "repo": "example/app"}
HOOK = {"action": "publicized", "sender": {"login": "dana"}, "organization": {"login": "example"},
        "repository": {"html_url": "https://github.com/example/app", "private": False}}
OKTA_TOLD = {"All second factors of an Okta user reset", "factors reset"}
GITHUB_TOLD = {"GitHub repository's visibility changed", "repository opened"}


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    for name in ("okta", "github"):
        shutil.copytree(ROOT / "rules" / name, folder / name)
    (folder / "falco.yaml").write_text(FALCO, encoding="utf-8")
    return folder


def told(stage):
    return {alert["rule"]["title"]: alert for _, alert, _ in stage.messages()}


def signature(body):
    return "sha256=" + hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()


def request(body, **headers):
    return {"version": "2.0", "rawPath": "/", "isBase64Encoded": False, "body": body,
            "headers": {"content-type": "application/json", "x-github-event": "repository",
                        "x-github-delivery": "d-1", **headers},
            "requestContext": {"timeEpoch": 1773756151000}}


def message(body, sign):
    made = payloads.sqs("x")
    made["Records"][0]["body"] = body
    made["Records"][0]["messageAttributes"] = {
        name: {"stringValue": value, "dataType": "String"} for name, value in (
            ("X-GitHub-Event", "repository"), ("X-Hub-Signature-256", sign))}
    return made


@pytest.mark.parametrize("payload", [BRIDGE, payloads.sqs(BRIDGE)], ids=["to the function", "to the queue"])
def test_okta_by_event_bridge(stage, start, rules, payload):
    answer = start(rules=rules).invoke(payload)
    assert answer.ok and not answer.answer.get("batchItemFailures"), answer
    alerts = told(stage)
    assert set(alerts) == OKTA_TOLD
    alert = alerts["factors reset"]
    assert alert["rule"]["output"] == "Dana reset the factors of Erin from 203.0.113.40"
    assert alert["rule"]["source"] == "okta" and alert["events"] == [OKTA["uuid"]]


@pytest.mark.parametrize("records, expected", [
    ([BRIDGE, BRIDGE], OKTA_TOLD), ([OKTA], OKTA_TOLD), ([AUDIT], GITHUB_TOLD),
], ids=["okta by firehose", "okta", "github's audit log"])
def test_objects(stage, start, rules, records, expected):
    body = "\n".join(map(json.dumps, records)) + "\n"
    stage.put("AWSLogs/github/one.json.log.gz", gzip.compress(body.encode(), mtime=0))
    answer = start(rules=rules).invoke(payloads.s3((stage.bucket, "AWSLogs/github/one.json.log.gz")))
    assert answer.ok and answer.answer["records"] == len(records), answer
    assert set(told(stage)) == expected


def test_signed_webhooks(stage, start, rules):
    body = json.dumps(HOOK)
    function = start(rules=rules, TRAILWARDEN_GITHUB_SECRET=SECRET)
    answer = function.invoke(request(body, **{"x-hub-signature-256": signature(body)}))
    assert answer.ok and answer.answer["records"] == 1, answer
    alerts = told(stage)
    assert set(alerts) == GITHUB_TOLD
    assert alerts["repository opened"]["rule"]["output"] == "dana opened example/app of example"
    answer = function.invoke(message(body, signature(body)))
    assert answer.ok and payloads.failures(answer.answer) == [], answer


@pytest.mark.parametrize("ascii_only", [True, False], ids=["escaped", "as it is"])
def test_signatures_of_any_text(stage, start, rules, ascii_only):
    """The signature is of the body's UTF-8, however the payload around it spells it."""
    body = json.dumps({**HOOK, "description": "Gr\u00f6\u00dfe \u2028 \U0001f98a \"\\/\u0001"},
                      ensure_ascii=ascii_only, indent=1) + "\n"
    function = start(rules=rules, TRAILWARDEN_GITHUB_SECRET=SECRET)
    signed = {"x-hub-signature-256": signature(body)}
    packed = {**request(base64.b64encode(body.encode()).decode(), **signed), "isBase64Encoded": True}
    for payload in (request(body, **signed), packed, message(body, signature(body))):
        for spelt in (json.dumps(payload), json.dumps(payload, ensure_ascii=False)):
            answer = function.invoke(spelt.encode())
            assert answer.ok and not answer.answer.get("batchItemFailures"), (spelt, answer)
    assert set(told(stage)) == GITHUB_TOLD


def test_webhooks_by_event_bridge(stage, start, rules):
    """They carry no signature; a secret changes nothing about them."""
    event = payloads.eventbridge("github.com", "repository", HOOK)
    answer = start(rules=rules, TRAILWARDEN_GITHUB_SECRET=SECRET).invoke(payloads.sqs(event))
    assert answer.ok and payloads.failures(answer.answer) == [], answer
    assert set(told(stage)) == GITHUB_TOLD


def test_source_that_is_said(stage, start, rules):
    """A record that does not show what it is, is taken for what the setting says."""
    record = {k: v for k, v in OKTA.items() if k not in ("published", "actor")}
    stage.put("AWSLogs/okta/one.gz", gzip.compress(json.dumps(record).encode(), mtime=0))
    objects = payloads.s3((stage.bucket, "AWSLogs/okta/one.gz"))
    assert not start(rules=rules).invoke(objects).ok
    answer = start(rules=rules, TRAILWARDEN_SOURCE="okta").invoke(objects)
    assert answer.ok and answer.answer["records"] == 1, answer
    assert set(told(stage)) == OKTA_TOLD


def test_forged_webhooks_are_refused(stage, start, rules):
    body = json.dumps(HOOK)
    function = start(rules=rules, TRAILWARDEN_GITHUB_SECRET=SECRET)
    assert not function.invoke(request(body)).ok
    assert not function.invoke(request(body, **{"x-hub-signature-256": signature(body + " ")})).ok
    answer = function.invoke(message(body, signature("{}")))
    assert len(payloads.failures(answer.answer)) == 1
    assert told(stage) == {}
