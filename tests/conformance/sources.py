"""Panther's rule tests for other logs than CloudTrail put to our rules.

As panther.py; `NAME.yml` says what corresponds, and the tables in docs/sources-NAME.md are made by

    build/venv/bin/python tests/conformance/sources.py

The events are brought back to what the products write: what Panther adds or calls otherwise gets its
own name, and what each record has and a test leaves out is filled in. Events that come in another
wrapping than the one we read (OCSF's, Azure's, Google's) are left out.
"""
import json
import pathlib
import sys

import yaml

import panther


def own(event):
    """Without the fields that Panther adds."""
    return {k: v for k, v in event.items() if not k.startswith("p_")}


def numbered(n):
    return f"00000000-0000-4000-8000-{n:012}"


# ---- VPC flow logs --------------------------------------------------------------------------------

COLUMNS = {"srcAddr": "srcaddr", "dstAddr": "dstaddr", "srcPort": "srcport", "dstPort": "dstport",
           "flowDirection": "flow-direction", "vpcId": "vpc-id", "subNetId": "subnet-id"}
FILLED = {"srcport": 54321, "protocol": 6, "packets": 2, "bytes": 120, "action": "ACCEPT",
          "start": 1773756151, "end": 1773756210, "log-status": "OK"}


def flow(test, _):
    """The flow as AWS writes it; absent columns are "-" in a log, and no field of an event."""
    event = test["event"]
    if "dstAddr" not in event:  # OCSF's shape, or a query of the resolver's log
        return None
    made = {COLUMNS.get(k, k): v for k, v in own(event).items() if v not in ("null", None)}
    return {**FILLED, **made}


# ---- Kubernetes -----------------------------------------------------------------------------------

def audit(test, n):
    """With an auditID, without which no event is one of Kubernetes: every API server writes it."""
    event = test["event"]
    return {"auditID": numbered(n), **event} if "objectRef" in event else None


# ---- Okta and GitHub ------------------------------------------------------------------------------

CAPITALS = {key.lower(): key for key in (
    "eventType", "legacyEventType", "displayMessage", "debugContext", "securityContext",
    "authenticationContext")}
HOOKS = {"workflow_run": "workflow_run", "workflow_job": "workflow_job",
         "pull_request": "pull_request", "commits": "push"}


def okta(event, n):
    """Some tests have keys in lower case."""
    event = {CAPITALS.get(key, key): value for key, value in event.items()}
    return {**event, "published": "2026-03-17T14:02:31.000Z", "uuid": numbered(n)}


def github(event, n, webhook):
    if webhook:
        kind = next((HOOKS[key] for key in event if key in HOOKS), "repository")
        return {"webhook_type": kind, "webhook_time": 1773756151000, **event}
    return {**event, "@timestamp": 1773756151000, "_document_id": f"document-{n}"}


def saas(test, n):
    event = own(test["event"])
    if test["rule_id"].startswith("Okta"):
        return okta(event, n)
    return github(event, n, "GitHub.Webhook" in test["log_types"])


# ---- each -----------------------------------------------------------------------------------------

class Source:
    """The tests of some folders of the corpus. whole(test, number): its event as a record, or None
    where it is none that we read."""

    def __init__(self, name, folders, whole):
        self.mapping = yaml.safe_load(
            pathlib.Path(__file__).with_name(f"{name}.yml").read_text(encoding="utf-8"))
        self.doc = panther.ROOT / "docs" / f"sources-{name}.md"
        self.files = [panther.SHARED / "corpus" / f / "tests.jsonl" for f in folders]
        self._whole = whole

    def there(self):
        return all(path.exists() for path in self.files)

    def tests(self):
        tests = [json.loads(line) for path in self.files for line in path.open(encoding="utf-8")]
        made = [{**test, "event": self._whole(test, n)} for n, test in enumerate(tests)]
        return [test for test in made if test["event"] is not None]

    def answered(self):
        """The tests, and for each what our counterparts answer; None where there are none."""
        tests = self.tests()
        return tests, panther.answers(tests, panther.rules_in(self.mapping))

    def current_doc(self, tests, given):
        return panther.with_table(self.doc.read_text(encoding="utf-8"),
                                  panther.table(self.mapping, tests, given))


SOURCES = {name: Source(name, folders, whole) for name, folders, whole in (
    ("flows", ["vpcflow"], flow),
    ("kubernetes", ["eks", "k8s"], audit),
    ("saas", ["okta", "github"], saas),
)}

if __name__ == "__main__":
    for one in SOURCES.values():
        if not one.there():
            sys.exit(f"sources: the tests are not at {one.files}")
        one.doc.write_text(one.current_doc(*one.answered()), encoding="utf-8")
