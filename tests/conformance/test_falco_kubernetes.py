"""Falco's published k8s_audit_rules.yaml, unmodified, on hand-made events: the rules that hold for
each follow from the file's conditions and the list semantics of docs/falco.md."""
import json
import os
import subprocess

import panther
import pytest

RULES = panther.SHARED / "peer-rules" / "falco" / "k8s_audit_rules.yaml"
pytestmark = pytest.mark.skipif(not RULES.exists(), reason=f"Falco's rules are not at {RULES}")
TRAILWARDEN = os.environ.get("TRAILWARDEN_BIN", str(panther.ROOT / "build/bin/trailwarden"))

SOMEBODY = "Disallowed K8s User"  # who is not on the file's list of users
FALCO = {"name": "a", "image": "docker.io/falcosecurity/falco:0.41"}
OTHER = {"name": "b", "image": "registry.example.com/web:1"}


def privileged(container):
    return {**container, "securityContext": {"privileged": True}}


def pod(*containers, **spec):
    return {"spec": {"containers": list(containers), **spec}}


def volumes(*paths):
    return [{"name": "v", "hostPath": {"path": p}} for p in paths] + [{"name": "e", "emptyDir": {}}]


def rules(*rows):
    return {"rules": [{"apiGroups": [""], "resources": r, "verbs": v} for r, v in rows]}


# what is asked, of what object, with what; the code of the answer; the rules that hold
CASES = [
    ("pod", "create", "pods", pod(OTHER), 201, []),
    ("privileged", "create", "pods", pod(OTHER, privileged(OTHER)), 201, ["Create Privileged Pod"]),
    ("privileged, image allowed", "create", "pods", pod(privileged(FALCO)), 201, []),
    ("privileged, one of two images allowed", "create", "pods", pod(privileged(FALCO), OTHER), 201,
     ["Create Privileged Pod"]),
    ("privileged, an image missing", "create", "pods", pod(privileged(FALCO), {"name": "x"}), 201,
     ["Create Privileged Pod"]),
    ("privileged before it starts", "create", "pods",
     pod(OTHER, initContainers=[privileged(OTHER)]), 201, ["Create Privileged Pod"]),
    ("sensitive folder", "create", "pods", pod(OTHER, volumes=volumes("/data", "/etc")), 201,
     ["Create Sensitive Mount Pod"]),
    ("folder below a sensitive one", "create", "pods", pod(OTHER, volumes=volumes("/etc/app")), 201,
     []),
    ("sensitive folder, image allowed", "create", "pods", pod(FALCO, volumes=volumes("/")), 201, []),
    ("network of the node", "create", "pods", pod(OTHER, hostNetwork=True), 201,
     ["Create HostNetwork Pod"]),
    ("processes of the node", "create", "pods", pod(FALCO, hostPID=True), 201,
     ["Create HostPid Pod"]),
    ("memory of the node, and not", "create", "pods", pod(OTHER, hostIPC=False, hostPID=False), 201,
     []),
    ("role, wildcard in its second rule", "create", "clusterroles",
     rules((["pods"], ["get"]), (["*"], ["get"])), 201,
     ["ClusterRole With Wildcard Created", "K8s ClusterRole Created"]),
    ("role that writes", "create", "roles", rules((["pods"], ["get", "patch"])), 201,
     ["ClusterRole With Write Privileges Created", "K8s Role Created"]),
    ("role that runs commands", "create", "roles", rules((["pods/exec"], ["get"])), 403,
     ["ClusterRole With Pod Exec Created"]),
    ("role that reads", "create", "roles", rules((["pods"], ["get"])), 403, []),
    ("binding", "create", "clusterrolebindings", {"roleRef": {"name": "cluster-admin"}}, 201,
     ["Attach to cluster-admin Role", "K8s ClusterRoleBinding Created"]),
    ("config map with a password", "update", "configmaps", {"data": {"password": "x"}}, 200,
     ["Create/Modify Configmap With Private Credentials"]),
    ("node port", "create", "services", {"spec": {"type": "NodePort"}}, 403,
     ["Create NodePort Service"]),
    ("ingress without TLS", "create", "ingresses", {"spec": {}}, 201,
     ["Ingress Object without TLS Certificate Created"]),
    ("ingress with TLS", "create", "ingresses", {"spec": {"tls": None}}, 201, []),
    ("secret read", "get", "secrets", None, 200, ["K8s Secret Get Successfully"]),
    ("secret not read", "get", "secrets", None, 403, ["K8s Secret Get Unsuccessfully Tried"]),
]


def event(n, verb, resource, request, code):
    made = {"auditID": f"case-{n}", "stage": "ResponseComplete", "verb": verb,
            "user": {"username": "dana"}, "stageTimestamp": "2026-03-17T14:02:31.118906Z",
            "objectRef": {"resource": resource, "name": "web", "namespace": "shop"},
            "responseStatus": {"code": code}, "requestURI": "/x"}
    return made if request is None else {**made, "requestObject": request}


def test_file_loads_whole():
    said = subprocess.run([TRAILWARDEN, "rules", "check", "--strict", RULES], capture_output=True,
                          text=True, check=True, timeout=60)
    assert "48 rules in 1 files loaded, 0 refused, 0 skipped, 0 warnings" in said.stdout + said.stderr


def test_rules_that_hold(tmp_path):
    log = tmp_path / "audit.jsonl"
    log.write_text("".join(json.dumps(event(n, *case[1:5])) + "\n" for n, case in enumerate(CASES)),
                   encoding="utf-8")
    told = subprocess.run([TRAILWARDEN, "scan", "-r", RULES, "--emit", "matches", "--format", "jsonl",
                           "--min-level", "informational", log], capture_output=True, text=True,
                          check=True, timeout=60)
    hits = {n: [] for n in range(len(CASES))}
    for match in map(json.loads, told.stdout.splitlines()):
        hits[int(match["event"]["id"].removeprefix("case-"))].append(match["rule"]["title"])
    assert {c[0]: sorted(hits[n]) for n, c in enumerate(CASES)} == {
        c[0]: sorted([SOMEBODY, *c[5]]) for c in CASES}
