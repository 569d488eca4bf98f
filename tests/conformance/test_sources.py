"""Whether our rules answer Panther's tests for other logs as Panther's do, or differ for a reason.

See sources.py for how they are asked, and flows.yml, kubernetes.yml and saas.yml for what corresponds.
"""
import pytest

from sources import SOURCES


@pytest.fixture(scope="module", params=SOURCES)
def source(request):
    one = SOURCES[request.param]
    if not one.there():
        pytest.skip(f"Panther's tests are not at {one.files}")
    return one


@pytest.fixture(scope="module")
def answered(source):
    return source.answered()


def test_every_rule_is_judged(source):
    assert sorted(source.mapping) == sorted({t["rule_id"] for t in source.tests()})


def test_same_answers(source, answered):
    """Alike, except where a test is named among those that differ, and a reason with it."""
    differ = {(t["rule_id"], t["test_name"]) for t, given in zip(*answered)
              if given is not None and given != t["expected"]}
    named = {(rule, test) for rule, entry in source.mapping.items()
             for test, why in entry.get("differs", {}).items() if why}
    assert differ == named


def test_document_is_current(source, answered):
    assert source.doc.read_text(encoding="utf-8") == source.current_doc(*answered), \
        "run build/venv/bin/python tests/conformance/sources.py"
