"""Panther's rule tests for Kubernetes audit events put to our rules.

As panther.py, with `kubernetes.yml` and docs/sources-kubernetes.md; that table is made by

    build/venv/bin/python tests/conformance/kubernetes.py

Some of the events have no auditID, without which none is one of Kubernetes (every API server writes
it), so they get one. Events in Azure's or Google's wrapping are left out.
"""
import json
import pathlib
import sys

import yaml

import panther

TESTS = [panther.SHARED / "corpus" / name / "tests.jsonl" for name in ("eks", "k8s")]
MAPPING = pathlib.Path(__file__).with_name("kubernetes.yml")
DOC = panther.ROOT / "docs" / "sources-kubernetes.md"


def mapping():
    return yaml.safe_load(MAPPING.read_text(encoding="utf-8"))


def there():
    return all(path.exists() for path in TESTS)


def load_tests():
    tests = [json.loads(line) for path in TESTS for line in path.open(encoding="utf-8")]
    tests = [t for t in tests if "objectRef" in t["event"]]
    for n, test in enumerate(tests):
        test["event"].setdefault("auditID", f"00000000-0000-4000-8000-{n:012}")
    return tests


def current_doc():
    entries, tests = mapping(), load_tests()
    new = panther.table(entries, tests, panther.answers(tests, panther.rules_in(entries)))
    return panther.with_table(DOC.read_text(encoding="utf-8"), new)


if __name__ == "__main__":
    if not there():
        sys.exit(f"kubernetes: the tests are not at {TESTS}")
    DOC.write_text(current_doc(), encoding="utf-8")
