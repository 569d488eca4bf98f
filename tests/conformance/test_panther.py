"""Whether our rules answer Panther's CloudTrail rule tests as Panther's do, or differ for a reason.

See panther.py for how they are asked and panther.yml for what corresponds.
"""
import pytest

import panther

pytestmark = pytest.mark.skipif(not panther.TESTS.exists(),
                                reason=f"Panther's tests are not at {panther.TESTS}")

TESTS = panther.load_tests() if panther.TESTS.exists() else []
ENTRIES = panther.mapping()
MAPPED = [t for t in TESTS if "rules" in ENTRIES.get(t["rule_id"], {})]


def name_of(test):
    return f"{test['rule_id']}: {test['test_name']}"


@pytest.fixture(scope="module")
def answer():
    given = panther.answers(MAPPED, panther.rules_in(ENTRIES))
    return {name_of(test): g for test, g in zip(MAPPED, given)}


def test_every_rule_is_judged():
    assert sorted(ENTRIES) == sorted({t["rule_id"] for t in TESTS})


@pytest.mark.parametrize("rule_id", sorted(ENTRIES))
def test_entry_is_sound(rule_id):
    """Either counterparts or the reason why there is none; and only tests that exist differ."""
    entry = ENTRIES[rule_id]
    assert ("rules" in entry) != bool(entry.get("none"))
    assert set(entry) <= {"rules", "differs", "none"}
    names = {t["test_name"] for t in TESTS if t["rule_id"] == rule_id}
    assert set(entry.get("differs", {})) <= names
    assert all(entry.get("differs", {"": "none"}).values())


@pytest.mark.parametrize("test", MAPPED, ids=map(name_of, MAPPED))
def test_same_answer(test, answer):
    differs = ENTRIES[test["rule_id"]].get("differs", {})
    alike = answer[name_of(test)] == test["expected"]
    assert alike != (test["test_name"] in differs), differs.get(test["test_name"])


def test_document_is_current():
    assert panther.DOC.read_text(encoding="utf-8") == panther.current_doc(), \
        "run build/venv/bin/python tests/conformance/panther.py"
