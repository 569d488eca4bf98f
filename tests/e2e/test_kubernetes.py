"""Kubernetes audit events through the function: EKS' subscription of CloudWatch Logs and objects in
S3, with rules of both dialects."""
import gzip
import json

import pytest

from support import payloads, trail

pytestmark = pytest.mark.timeout(60)

SIGMA = """\
title: Command run in a pod
id: 5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3c01
logsource: {product: kubernetes, service: audit}
detection:
  run: {objectRef.resource: pods, objectRef.subresource: exec}
  condition: run
level: high
"""
FALCO = """\
- list: watched_images
  items: [registry.example.com/web, busybox]
- macro: pod_created
  condition: (ka.target.resource = pods and not ka.target.subresource exists and ka.verb = create)
- rule: Pod with a privileged container
  desc: a container of the new pod is privileged
  condition: >
    pod_created and ka.req.pod.containers.privileged intersects (true)
    and ka.req.pod.containers.image.repository in (watched_images)
  output: "%ka.user.name made %ka.target.name %ka.req.pod.containers.image"
  priority: WARNING
  source: k8s_audit
"""


def event(second, **more):
    made = {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse",
        "auditID": f"3f0f0b56-6a4e-4d9c-9a57-3b2f0c6f2d{second:02}", "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/pods", "verb": "create",
        "user": {"username": "dana@example.com", "groups": ["system:authenticated"]},
        "sourceIPs": ["203.0.113.40"], "userAgent": "kubectl/v1.31.2",
        "objectRef": {"resource": "pods", "namespace": "shop", "name": "web", "apiVersion": "v1"},
        "responseStatus": {"code": 201}, "stageTimestamp": trail.time_of(second),
        "annotations": {"authorization.k8s.io/decision": "allow"},
    }
    made.update(more)
    return made


def pod(image, privileged):
    return {"kind": "Pod", "spec": {"containers": [
        {"name": "side", "image": "busybox"},
        {"name": "web", "image": image, "securityContext": {"privileged": privileged}}]}}


EVENTS = [
    event(1, requestObject=pod("registry.example.com/web:1.4", False)),
    event(2, requestObject=pod("registry.example.com/web:1.4", True)),
    event(3, requestObject=pod("other.example.com/web:1.4", True)),
    event(4, verb="get", objectRef={"resource": "pods", "subresource": "exec", "namespace": "shop",
                                    "name": "web"}),
]
HITS = {"5f4c8cc6-2f0c-4f0e-9d5c-2f8f1a7f3c01": EVENTS[3]["auditID"],
        "Pod with a privileged container": EVENTS[1]["auditID"]}


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "exec.yml").write_text(SIGMA, encoding="utf-8")
    (folder / "pods.yaml").write_text(FALCO, encoding="utf-8")
    return folder


def told(stage):
    return {alert["rule"]["id"]: alert for _, alert, _ in stage.messages()}


def test_eks_subscription(stage, start, rules):
    answer = start(rules=rules).invoke(payloads.logs_subscription(
        *EVENTS, group="/aws/eks/prod-1/cluster", stream="kube-apiserver-audit-0a1b2c3d"))
    assert answer.ok and answer.answer["records"] == 4 and answer.answer["hits"] == 2, answer
    alerts = told(stage)
    assert {rule: alert["events"] for rule, alert in alerts.items()} == {
        rule: [audit_id] for rule, audit_id in HITS.items()}
    for alert in alerts.values():
        assert alert["rule"]["source"] == "k8s_audit"
        assert alert["key"] == {"account": "prod-1", "identity": "dana@example.com"}
        assert alert["event"]["ip"] == "203.0.113.40"
    assert alerts["Pod with a privileged container"]["rule"]["output"] == (
        "dana@example.com made web (busybox,registry.example.com/web:1.4)")


def test_other_logs_of_the_control_plane_are_ignored(stage, start, rules):
    answer = start(rules=rules).invoke(payloads.logs_subscription(
        *EVENTS, group="/aws/eks/prod-1/cluster", stream="authenticator-0a1b2c3d"))
    assert answer.ok and answer.answer["records"] == 0, answer
    assert told(stage) == {}


@pytest.mark.parametrize("body", [
    "\n".join(json.dumps(e) for e in EVENTS) + "\n",
    json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {},
                "items": EVENTS}),
    json.dumps(EVENTS),
], ids=["lines", "list", "array"])
def test_objects(stage, start, rules, body):
    stage.put("AWSLogs/audit/one.json.gz", gzip.compress(body.encode(), mtime=0))
    answer = start(rules=rules).invoke(payloads.s3((stage.bucket, "AWSLogs/audit/one.json.gz")))
    assert answer.ok and answer.answer["records"] == 4 and answer.answer["bad"] == 0, answer
    assert {rule: alert["events"] for rule, alert in told(stage).items()} == {
        rule: [audit_id] for rule, audit_id in HITS.items()}
