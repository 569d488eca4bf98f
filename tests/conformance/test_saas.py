"""Whether our rules answer Panther's Okta and GitHub rule tests as Panther's do, or differ for a reason.

See saas.py for how they are asked and saas.yml for what corresponds.
"""
import pytest

import panther
import saas

pytestmark = pytest.mark.skipif(not saas.there(), reason=f"Panther's tests are not at {saas.TESTS}")


def test_every_rule_is_judged():
    assert sorted(saas.mapping()) == sorted({t["rule_id"] for t in saas.load_tests()})


def test_same_answers():
    """Alike, except where a test is named among those that differ, and a reason with it."""
    tests, entries = saas.load_tests(), saas.mapping()
    given = panther.answers(tests, panther.rules_in(entries))
    differ = {(t["rule_id"], t["test_name"]) for t, answer in zip(tests, given)
              if answer is not None and answer != t["expected"]}
    named = {(rule, test) for rule, entry in entries.items()
             for test, why in entry.get("differs", {}).items() if why}
    assert differ == named


def test_document_is_current():
    assert saas.DOC.read_text(encoding="utf-8") == saas.current_doc(), \
        "run build/venv/bin/python tests/conformance/saas.py"
