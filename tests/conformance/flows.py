"""Panther's rule tests for VPC Flow Logs put to our rules.

As panther.py, with `flows.yml` and docs/sources-flows.md; that table is made by

    build/venv/bin/python tests/conformance/flows.py

Panther's columns have names of its own, which become AWS'; what each flow has and a test leaves out
is filled in: who accepted it, how much it carried, and when. Events in OCSF's shape, and queries of
the resolver's log, which is another log, are left out.
"""
import json
import pathlib
import sys

import yaml

import panther

TESTS = panther.SHARED / "corpus" / "vpcflow" / "tests.jsonl"
MAPPING = pathlib.Path(__file__).with_name("flows.yml")
DOC = panther.ROOT / "docs" / "sources-flows.md"

COLUMNS = {"srcAddr": "srcaddr", "dstAddr": "dstaddr", "srcPort": "srcport", "dstPort": "dstport",
           "flowDirection": "flow-direction", "vpcId": "vpc-id", "subNetId": "subnet-id"}
FILLED = {"srcport": 54321, "protocol": 6, "packets": 2, "bytes": 120, "action": "ACCEPT",
          "start": 1773756151, "end": 1773756210, "log-status": "OK"}


def mapping():
    return yaml.safe_load(MAPPING.read_text(encoding="utf-8"))


def there():
    return TESTS.exists()


def flow(event):
    """The flow as AWS writes it; absent columns are "-" in a log, and no field of an event."""
    made = {COLUMNS.get(key, key): value for key, value in event.items()
            if not key.startswith("p_") and value not in ("null", None)}
    return {**FILLED, **made}


def load_tests():
    tests = [json.loads(line) for line in TESTS.open(encoding="utf-8")]
    tests = [t for t in tests if "dstAddr" in t["event"]]
    for test in tests:
        test["event"] = flow(test["event"])
    return tests


def current_doc():
    entries, tests = mapping(), load_tests()
    new = panther.table(entries, tests, panther.answers(tests, panther.rules_in(entries)))
    return panther.with_table(DOC.read_text(encoding="utf-8"), new)


if __name__ == "__main__":
    if not there():
        sys.exit(f"flows: the tests are not at {TESTS}")
    DOC.write_text(current_doc(), encoding="utf-8")
