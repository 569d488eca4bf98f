"""Other engines can use the shipped rules: pySigma reads them, its SQLite backend converts them, and
what SQLite finds with these queries is what the cases beside the rules expect.

`first_seen` is a correlation of ours alone and is left out, by name. pySigma takes no placeholder for
a network (`expand|cidr`): the networks that it stands for are put there first. All other documents
are read as one collection, since correlations name rules in other files; each must be read without
an error and end as one query. A record becomes a row that has a column for each field, so three kinds of cases
cannot be asked: several values in one field, fields that we add (`trailwarden.*`), and steps of an
ordered correlation within one second, which are in order here and are not there.
"""
import json
import re
import sqlite3

import pytest
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import ValueListPlaceholderTransformation

import rulecases

OURS_ALONE = "first_seen"
NUMBERS = {"bytes", "dstport", "packets", "srcport"}  # compared as such; cases may spell them as texts
TABLE = "logs"  # what the backend's queries read
NOT_ASKED_MAX = 0.15  # of all cases; more would say little


def is_ours_alone(document):
    return document.get("correlation", {}).get("type") == OURS_ALONE


def with_networks(node):
    """A document whose `expand|cidr` is a `cidr` over the placeholders' networks."""
    if isinstance(node, list):
        return [with_networks(member) for member in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        if str(key).endswith("|expand|cidr"):
            key, value = key.replace("|expand", ""), NETWORKS[value.strip("%")]
        made[key] = with_networks(value)
    return made


NETWORKS = rulecases.placeholders()
ALL = [(path, with_networks(d)) for path in rulecases.rule_files() for d in rulecases.documents(path)]
SHARED = [(path, d) for path, d in ALL if not is_ours_alone(d)]
BY_KEY = {d[key]: d for _, d in SHARED for key in ("title", "name", "id") if key in d}


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def fields_of_map(node):
    if isinstance(node, dict):
        for key, value in node.items():
            field, *modifiers = str(key).split("|")
            yield field
            if "fieldref" in modifiers:
                yield from as_list(value)
    elif isinstance(node, list):
        for member in node:
            yield from fields_of_map(member)


def fields_of(document):
    """Every field that a document reads, with those of the rules that it names."""
    for search, node in document.get("detection", {}).items():
        if search != "condition":
            yield from fields_of_map(node)
    correlation = document.get("correlation", {})
    condition = correlation.get("condition")
    names = set(correlation.get("aliases", {}))
    for alias in correlation.get("aliases", {}).values():
        yield from alias.values()
    named = as_list(condition.get("field")) if isinstance(condition, dict) else []
    yield from set(as_list(correlation.get("group-by")) + named) - names
    for rule in rules_of(correlation):
        yield from fields_of(BY_KEY[rule])


def rules_of(correlation):
    condition = correlation.get("condition")
    words = re.findall(r"[^\s()]+", condition) if isinstance(condition, str) else []
    return set(as_list(correlation.get("rules")) + words) - {"and", "or"}


# ---- SQLite -------------------------------------------------------------------------------------

def column_value(made, fields):
    """What a row holds of the first of these fields that is there; SQL has no truth values of JSON's
    spelling."""
    value = next((v for f in fields for v in rulecases.reached(made, f)), None)
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else value


def found(query, document, rows):
    """The rows of a query's answer. Of a rule that only correlations use, the backend makes the
    expression of a WHERE. Columns of SQLite are named without case, fields with it."""
    if not query.startswith(("SELECT ", "WITH ")):
        query = f"SELECT * FROM {TABLE} WHERE {query}"
    columns = {}
    for field in sorted(set(fields_of(document))):
        columns.setdefault(field.lower(), []).append(field)
    names = ", ".join(f"`{name}`{' NUMERIC' * (name in NUMBERS)}" for name in ["timestamp", *columns])
    with sqlite3.connect(":memory:") as db:
        db.create_function("REGEXP", 2, lambda pattern, text:
                           text is not None and re.search(pattern, str(text)) is not None)
        db.execute(f"CREATE TABLE {TABLE} ({names})")
        db.executemany(f"INSERT INTO {TABLE} VALUES (?{', ?' * len(columns)})",
                       [[time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         *(column_value(made, fields) for fields in columns.values())]
                        for time, made in rows])
        return db.execute(query).fetchall()


# ---- cases --------------------------------------------------------------------------------------

def rows_of(base, case):
    if "events" in case:
        return list(rulecases.timed_records(base, case))
    return list(rulecases.timed_records(base, {"events": [{**case, "at": "0s"}]}))


def ordered_types(document):
    correlation = document.get("correlation", {})
    yield correlation.get("type") == "temporal_ordered"
    for rule in rules_of(correlation):
        yield from ordered_types(BY_KEY[rule])


def can_be_asked(document, rows):
    fields = set(fields_of(document))
    times = [time for time, _ in rows]
    return not (any(f.startswith("trailwarden.") for f in fields)
                or any(len(rulecases.reached(made, f)) > 1 for _, made in rows for f in fields)
                or (any(ordered_types(document)) and len(set(times)) < len(times)))


def every_case():
    """(name, document, rows, whether something is found) of each case that could be asked."""
    for path in rulecases.rule_files():
        shared = [d for p, d in SHARED if p == path]
        tests = rulecases.cases(path)
        for case in tests["tests"]:
            wanted = [d for d in shared if case.get("rule") in (None, d["id"])]
            if wanted:
                expected = case["alerts"] > 0 if "alerts" in case else case["expect"] == "match"
                yield f"{path.stem}: {case['name']}", wanted[0], (tests.get("base"), case), expected


CASES = list(every_case())


@pytest.fixture(scope="module")
def converted():
    """Rules by id, which hold their errors and queries; and the errors of the conversion."""
    collection = SigmaCollection.from_dicts([d for _, d in SHARED], collect_errors=True)
    backend = sqliteBackend(collect_errors=True, processing_pipeline=ProcessingPipeline(
        items=[ProcessingItem(ValueListPlaceholderTransformation())],
        vars=rulecases.placeholders()))
    backend.convert(collection)
    return {str(rule.id): rule for rule in collection.rules}, backend.errors


def test_ids_are_unique():
    ids = [document["id"] for _, document in ALL]
    assert sorted(ids) == sorted(set(ids))


def test_names_are_unique():
    """Of two rules of one name, pySigma's correlations take the one that was read last."""
    names = [document["name"] for _, document in ALL if "name" in document]
    assert sorted(names) == sorted(set(names))


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


@pytest.mark.parametrize("pair", SHARED, ids=lambda pair: f"{pair[0].stem}: {pair[1]['title']}")
def test_read_and_converted(pair, converted):
    rules, errors = converted
    _, document = pair
    rule = rules[document["id"]]
    assert rule.errors == []
    assert [str(error) for r, error in errors if r is rule] == []
    assert isinstance(rule, SigmaCorrelationRule) == ("correlation" in document)
    query, = rule.get_conversion_result()
    assert found(query, document, []) == []


def test_finds_what_the_cases_expect(converted):
    rules, _ = converted
    wrong, asked = [], 0
    for name, document, (base, case), expected in CASES:
        rows = rows_of(base, case)
        if can_be_asked(document, rows):
            asked += 1
            query, = rules[document["id"]].get_conversion_result()
            if bool(found(query, document, rows)) != expected:
                wrong.append(name)
    assert wrong == []
    assert asked >= (1 - NOT_ASKED_MAX) * len(CASES) > 0
    print(f"{asked} of {len(CASES)} cases were asked")
