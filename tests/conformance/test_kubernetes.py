"""Whether our rules answer Panther's Kubernetes rule tests as Panther's do, or differ for a reason.

See kubernetes.py for how they are asked and kubernetes.yml for what corresponds.
"""
import pytest

import kubernetes
import panther

pytestmark = pytest.mark.skipif(not kubernetes.there(),
                                reason=f"Panther's tests are not at {kubernetes.TESTS}")


@pytest.fixture(scope="module")
def asked():
    """The tests that ours have a rule for, with the answers."""
    tests, entries = kubernetes.load_tests(), kubernetes.mapping()
    return list(zip(tests, panther.answers(tests, panther.rules_in(entries))))


def test_every_rule_is_judged():
    names = {t["rule_id"] for t in kubernetes.load_tests()}
    assert sorted(kubernetes.mapping()) == sorted(names)


def test_same_answers(asked):
    """Alike, except where a test is named among those that differ, and a reason with it."""
    entries = kubernetes.mapping()
    differ = {(t["rule_id"], t["test_name"]) for t, given in asked
              if given is not None and given != t["expected"]}
    named = {(rule, test) for rule, entry in entries.items()
             for test, why in entry.get("differs", {}).items() if why}
    assert differ == named


def test_document_is_current():
    assert kubernetes.DOC.read_text(encoding="utf-8") == kubernetes.current_doc(), \
        "run build/venv/bin/python tests/conformance/kubernetes.py"
