"""One attack over three sources: a session of Okta is stolen, a role entered by SAML with it, machines
launched, and their flow log tells of a mining pool. Each source comes by its own way and in a delivery of
its own, in any order and more than once; what is told is one incident."""
import gzip
import json
import uuid

import pytest

from support import payloads, trail
from support.function import ROOT
from test_incidents import NOW, World, at, newest, rules_of, scanned, who

pytestmark = pytest.mark.timeout(300)

THIEF = "203.0.113.66"
DANA = "dana@example.com"
KEY = "ASIAIOSFODNN7THIEVES"
ROLE = {"type": "Role", "principalId": "AROAEXAMPLEDEVELOPER", "userName": "dev",
        "arn": f"arn:aws:iam::{trail.ACCOUNT}:role/dev", "accountId": trail.ACCOUNT}
SESSION = f"arn:aws:sts::{trail.ACCOUNT}:assumed-role/dev/{DANA}"
MACHINE, CARD = "i-0a1b2c3d4e5f60718", "eni-0a1b2c3d4e5f60718"
STOLEN, MINING = ("392f916f-b331-5718-830f-7a4c861f7071", "266986af-98e8-5fa1-a072-aff958932abc")
DEFAULT = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
           " action log-status")
MORE = DEFAULT + " instance-id flow-direction pkt-dstaddr"


def call(name, second, source, identity, request, response):
    return {"eventVersion": "1.11", "eventTime": at(second), "eventSource": f"{source}.amazonaws.com",
            "eventName": name, "awsRegion": trail.REGION, "sourceIPAddress": THIEF,
            "userAgent": "aws-cli/2.22.7", "userIdentity": identity,
            "eventID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {at(second)}")),
            "eventType": "AwsApiCall", "recipientAccountId": trail.ACCOUNT,
            "requestParameters": request, "responseElements": response}


def session_moved():
    return {"uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, at(0))), "published": at(0).replace("Z", ".000Z"),
            "eventType": "security.session.detect_client_roaming", "outcome": {"result": "SUCCESS"},
            "actor": {"id": "00u1", "type": "User", "alternateId": DANA, "displayName": "Dana"},
            "client": {"ipAddress": THIEF}}


def role_entered():
    identity = {"type": "SAMLUser", "principalId": f"q:{DANA}", "userName": DANA, "identityProvider": "q"}
    return call("AssumeRoleWithSAML", 300, "sts", identity,
                {"roleArn": ROLE["arn"], "roleSessionName": DANA},
                {"credentials": {"accessKeyId": KEY}, "subject": DANA,
                 "assumedRoleUser": {"assumedRoleId": f"{ROLE['principalId']}:{DANA}", "arn": SESSION}})


def machines_launched():
    identity = {"type": "AssumedRole", "principalId": f"{ROLE['principalId']}:{DANA}", "arn": SESSION,
                "accountId": trail.ACCOUNT, "accessKeyId": KEY,
                "sessionContext": {"sessionIssuer": ROLE, "attributes": {
                    "creationDate": at(300), "mfaAuthenticated": "false"}}}
    made = {"instanceId": MACHINE, "networkInterfaceSet": {"items": [{"networkInterfaceId": CARD}]}}
    return call("RunInstances", 420, "ec2", identity,
                {"instanceType": "p4d.24xlarge", "instancesSet": {"items": [
                    {"imageId": "ami-0a1b2c3d4e5f60718", "minCount": 4, "maxCount": 4}]}},
                {"instancesSet": {"items": [made]}})


def flows(columns):
    """The flow log's object."""
    start = int(NOW.timestamp()) - 3600 + 1000
    values = {"version": 5, "account-id": trail.ACCOUNT, "interface-id": CARD, "srcaddr": "10.0.1.5",
              "dstaddr": "198.51.100.9", "srcport": 51612, "dstport": 3333, "protocol": 6,
              "packets": 12, "bytes": 4200, "start": start, "end": start + 59, "action": "ACCEPT",
              "log-status": "OK", "instance-id": MACHINE, "flow-direction": "egress",
              "pkt-dstaddr": "198.51.100.9"}
    line = " ".join(str(values[c]) for c in columns.split())
    return gzip.compress(f"{columns}\n{line}\n".encode(), mtime=0)


class Sources(World):
    """Three sources, and how each comes: Okta by EventBridge, the others by objects."""

    def __init__(self, *arguments, columns=MORE):
        super().__init__(*arguments)
        okta = payloads.eventbridge("aws.partner/okta.com/example/1", "SystemLog", session_moved())
        self.stage.put("AWSLogs/flows.log.gz", flows(columns))
        self.deliveries = {
            "okta": lambda f: f.invoke(okta),
            "role": self.object(self.put(role_entered())),
            "machines": self.object(self.put(machines_launched())),
            "flows": self.object("AWSLogs/flows.log.gz")}

    def object(self, key):
        return lambda f: f.invoke(payloads.s3((self.stage.bucket, key)))

    def arrives(self, function, name):
        answer = self.deliveries[name](function)
        assert answer.ok and answer.answer["records"] == 1, (name, answer.answer)
        return self.collect()


def whole(folder, columns=MORE):
    """The incidents that a scan of all of it tells."""
    folder.mkdir()
    (folder / "okta.jsonl").write_text(json.dumps(session_moved()) + "\n", encoding="utf-8")
    (folder / "trail.json").write_bytes(trail.text_of([role_entered(), machines_launched()]))
    (folder / "flows.gz").write_bytes(flows(columns))
    return scanned(folder, "--rules", ROOT / "rules")


ORDERS = [("okta", "role", "machines", "flows"), ("flows", "machines", "role", "okta"),
          ("machines", "flows", "okta", "role")]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_is_one_incident_in_any_order(stage, dynamodb, start, tmp_path, order):
    [wanted] = whole(tmp_path / "whole")
    assert {STOLEN, MINING} <= rules_of(wanted)
    world = Sources(stage, dynamodb, start)
    function = world.start(rules=ROOT / "rules")
    for name in order:
        world.arrives(function, name)
    [told] = newest(world.told)
    assert rules_of(told) == rules_of(wanted)
    assert who(told) == who(wanted)
    assert {e["ip"] for e in told["endpoints"]} == {e["ip"] for e in wanted["endpoints"]}
    assert (told["level"], told["first"], told["last"], told["accounts"]) == (
        "critical", at(0), wanted["last"], [trail.ACCOUNT])
    for name in order:  # copies bring no news
        assert world.arrives(function, name) == []


def test_processes_share_the_incident(stage, dynamodb, start, tmp_path):
    """Each delivery by a process of its own: all that they know of one another is the table. The flow
    log names the interface alone, as those of the default format do."""
    [wanted] = whole(tmp_path / "whole", DEFAULT)
    assert MINING in rules_of(wanted)
    world = Sources(stage, dynamodb, start, columns=DEFAULT)
    for name in ("flows", "machines", "okta", "role"):
        world.arrives(world.start(rules=ROOT / "rules"), name)
    [told] = newest(world.told)
    assert (rules_of(told), who(told)) == (rules_of(wanted), who(wanted))
