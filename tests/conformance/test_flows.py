"""Whether our rules answer Panther's flow log rule tests as Panther's do, or differ for a reason.

See flows.py for how they are asked and flows.yml for what corresponds.
"""
import pytest

import flows
import panther

pytestmark = pytest.mark.skipif(not flows.there(),
                                reason=f"Panther's tests are not at {flows.TESTS}")


@pytest.fixture(scope="module")
def asked():
    """The tests that ours have a rule for, with the answers."""
    tests, entries = flows.load_tests(), flows.mapping()
    return list(zip(tests, panther.answers(tests, panther.rules_in(entries))))


def test_every_rule_is_judged():
    names = {t["rule_id"] for t in flows.load_tests()}
    assert sorted(flows.mapping()) == sorted(names)


def test_same_answers(asked):
    """Alike, except where a test is named among those that differ, and a reason with it."""
    entries = flows.mapping()
    differ = {(t["rule_id"], t["test_name"]) for t, given in asked
              if given is not None and given != t["expected"]}
    named = {(rule, test) for rule, entry in entries.items()
             for test, why in entry.get("differs", {}).items() if why}
    assert differ == named


def test_document_is_current():
    assert flows.DOC.read_text(encoding="utf-8") == flows.current_doc(), \
        "run build/venv/bin/python tests/conformance/flows.py"
