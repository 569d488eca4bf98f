"""Other engines can use the shipped rules: pySigma reads them and its SQLite backend converts them.

`first_seen` is a correlation of ours alone and is left out, by name. All other documents are read as
one collection, since correlations name rules in other files; each must be read without an error, end
as one query, and SQLite must be able to prepare that query.
"""
import pathlib
import sqlite3

import pytest
import yaml
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "rules"
OURS_ALONE = "first_seen"
TABLE = "logs"  # what the backend's queries read
COLUMNS_MAX = 2000  # of a table, SQLite's default


def rule_files():
    return sorted(p for p in RULES.rglob("*.yml") if not p.name.endswith(".test.yml"))


def documents(path):
    return [d for d in yaml.safe_load_all(path.read_text(encoding="utf-8")) if d]


def is_ours_alone(document):
    return document.get("correlation", {}).get("type") == OURS_ALONE


ALL = [(path, document) for path in rule_files() for document in documents(path)]
SHARED = [(path, document) for path, document in ALL if not is_ours_alone(document)]


def name_of(pair):
    path, document = pair
    return f"{path.stem}-{document.get('name', document['id'])}"


def fields_of(document):
    """Every field that a document speaks of, each a column of the table."""
    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                field, *modifiers = str(key).split("|")
                yield field
                if "fieldref" in modifiers:
                    yield from value if isinstance(value, list) else [value]
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    detection, correlation = document.get("detection", {}), document.get("correlation", {})
    yield from walk({k: v for k, v in detection.items() if k != "condition"})
    for fields in (correlation.get("group-by", []), correlation.get("condition")):
        if isinstance(fields, dict):
            fields = fields.get("field", [])
        yield from [fields] if isinstance(fields, str) else fields or []
    for alias in correlation.get("aliases", {}).values():
        yield from alias.values()


def prepare(query, fields):
    """SQLite's opinion of a query, over a table that has these columns and no rows. Of a rule that
    only correlations use, the backend makes the expression of a WHERE."""
    with sqlite3.connect(":memory:") as db:
        db.create_function("REGEXP", 2, lambda pattern, text: False)
        columns = {f.lower(): f for f in ["timestamp", *fields]}
        assert len(columns) <= COLUMNS_MAX
        db.execute(f"CREATE TABLE {TABLE} ({', '.join(f'`{c}`' for c in columns.values())})")
        if not query.startswith(("SELECT ", "WITH ")):
            query = f"SELECT * FROM {TABLE} WHERE {query}"
        db.execute(f"EXPLAIN {query}").fetchall()


@pytest.fixture(scope="module")
def converted():
    """Rules by id, which hold their errors and queries; and the errors of the conversion."""
    collection = SigmaCollection.from_dicts([d for _, d in SHARED], collect_errors=True)
    backend = sqliteBackend(collect_errors=True)
    backend.convert(collection)
    return {str(rule.id): rule for rule in collection.rules}, backend.errors


def test_ids_are_unique():
    ids = [document["id"] for _, document in ALL]
    assert sorted(ids) == sorted(set(ids))


def test_only_first_seen_is_left_out():
    left_out = [document for _, document in ALL if is_ours_alone(document)]
    assert all(set(d["correlation"]) <= {"type", "rules", "group-by", "aliases", "generate", "gap",
                                         "fields", "history", "learn"} for d in left_out)
    assert len(SHARED) + len(left_out) == len(ALL)


def test_no_keys_of_ours_in_other_correlations():
    """pySigma passes over what it does not know: `gap` and `ties` would be lost without a word."""
    known = {"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"}
    odd = [(path.name, key) for path, document in SHARED
           for key in document.get("correlation", {}) if key not in known]
    assert odd == []


@pytest.mark.parametrize("pair", SHARED, ids=map(name_of, SHARED))
def test_read_and_converted(pair, converted):
    rules, errors = converted
    _, document = pair
    rule = rules[document["id"]]
    assert rule.errors == []
    assert [str(error) for r, error in errors if r is rule] == []
    assert isinstance(rule, SigmaCorrelationRule) == ("correlation" in document)
    query, = rule.get_conversion_result()
    prepare(query, {field for _, d in SHARED for field in fields_of(d)})
