"""Panther's rule tests for Okta and GitHub put to our rules.

As panther.py, with `saas.yml` and docs/sources-saas.md; that table is made by

    build/venv/bin/python tests/conformance/saas.py

The events are brought back to what the products write: what Panther adds (p_*) is taken off, keys of
Okta's records that some tests have in lower case get their capitals, and what each record has and a
test leaves out is filled in: when it happened, an id, and that a webhook is one.
"""
import json
import pathlib
import sys

import yaml

import panther

TESTS = [panther.SHARED / "corpus" / name / "tests.jsonl" for name in ("okta", "github")]
MAPPING = pathlib.Path(__file__).with_name("saas.yml")
DOC = panther.ROOT / "docs" / "sources-saas.md"

CAPITALS = {key.lower(): key for key in (
    "eventType", "legacyEventType", "displayMessage", "debugContext", "securityContext",
    "authenticationContext")}


def mapping():
    return yaml.safe_load(MAPPING.read_text(encoding="utf-8"))


def there():
    return all(path.exists() for path in TESTS)


def okta(event, n):
    event = {CAPITALS.get(key, key): value for key, value in event.items()}
    event["published"] = "2026-03-17T14:02:31.000Z"
    event["uuid"] = f"00000000-0000-4000-8000-{n:012}"
    return event


def github(event, n, webhook):
    if webhook:
        kinds = {"workflow_run": "workflow_run", "workflow_job": "workflow_job",
                 "pull_request": "pull_request", "commits": "push"}
        kind = next((kinds[key] for key in event if key in kinds), "repository")
        return {"webhook_type": kind, "webhook_time": 1773756151000, **event}
    return {**event, "@timestamp": 1773756151000, "_document_id": f"document-{n}"}


def load_tests():
    tests = [json.loads(line) for path in TESTS for line in path.open(encoding="utf-8")]
    for n, test in enumerate(tests):
        event = {k: v for k, v in test["event"].items() if not k.startswith("p_")}
        if test["rule_id"].startswith("Okta"):
            test["event"] = okta(event, n)
        else:
            test["event"] = github(event, n, "GitHub.Webhook" in test["log_types"])
    return tests


def current_doc():
    entries, tests = mapping(), load_tests()
    new = panther.table(entries, tests, panther.answers(tests, panther.rules_in(entries)))
    return panther.with_table(DOC.read_text(encoding="utf-8"), new)


if __name__ == "__main__":
    if not there():
        sys.exit(f"saas: the tests are not at {TESTS}")
    DOC.write_text(current_doc(), encoding="utf-8")
