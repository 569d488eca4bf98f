"""Panther's CloudTrail rule tests put to our rules.

`panther.yml` says for each of Panther's rules which of ours means the same thing, or why none does.
The tests themselves (`../shared/corpus/panther`) are not part of this repository. The table in
docs/panther.md is made by

    build/venv/bin/python tests/conformance/panther.py

What our rules answer is asked of `trailwarden rules test`: each event becomes a case beside a copy of
the rule that expects a match, and fails where there is none. So a detection that only correlations
use answers too.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from collections import defaultdict

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("TRAILWARDEN_SHARED", ROOT.parent / "shared"))
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
TESTS = SHARED / "corpus" / "panther" / "tests.jsonl"
RULES = ROOT / "rules"
MAPPING = pathlib.Path(__file__).with_name("panther.yml")
DOC = ROOT / "docs" / "panther.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def mapping():
    return yaml.safe_load(MAPPING.read_text(encoding="utf-8"))


def load_tests():
    return [json.loads(line) for line in TESTS.open(encoding="utf-8")]


def our_rule(reference):
    """The document that `folder/file` or `folder/file#name` means."""
    path, _, name = reference.partition("#")
    documents = [d for d in yaml.safe_load_all((RULES / f"{path}.yml").read_text(encoding="utf-8")) if d]
    found = [d for d in documents if d.get("name") == name] if name else documents
    assert len(found) == 1, f"panther.yml: '{reference}' means {len(found)} documents"
    return found[0]


def record_of(test):
    """Without the fields that Panther adds; `p_` begins none of CloudTrail's."""
    return {k: v for k, v in test["event"].items() if not k.startswith("p_")}


def put_cases(folder, asked):
    """Copies the rules and puts the cases beside them; asked: reference -> [(number, record)]."""
    cases = defaultdict(list)
    for reference, records in asked.items():
        cases[reference.partition("#")[0]] += [
            {"name": f"{n} {reference}", "rule": our_rule(reference)["id"], "expect": "match",
             "event": record} for n, record in records]
    for path in RULES.rglob("*.yml"):
        if not path.name.endswith(".test.yml"):
            place = folder / path.relative_to(RULES)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    for path, list_ in cases.items():
        text = json.dumps({"tests": list_})  # JSON is YAML
        (folder / f"{path}.test.yml").write_text(text, encoding="utf-8")


def answers(tests, rules_of):
    """For each test whether one of our counterparts matches; None where there is none."""
    asked = defaultdict(list)
    for n, test in enumerate(tests):
        for reference in rules_of(test):
            asked[reference].append((n, record_of(test)))
    with tempfile.TemporaryDirectory() as name:
        put_cases(pathlib.Path(name), asked)
        done = subprocess.run([BIN, "rules", "test", name], capture_output=True, text=True, timeout=300)
    failed = re.findall(r"^FAIL [^\n]*?: (\d+) (\S+): ([^\n]*)$", done.stdout, re.MULTILINE)
    assert all(said == "expected a match" for _, _, said in failed), done.stdout
    total = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.MULTILINE)
    assert total and int(total[1]) + int(total[2]) == sum(map(len, asked.values())), done.stdout
    missed = {(int(n), reference) for n, reference, _ in failed}
    return [any((n, r) not in missed for r in rules_of(test)) if rules_of(test) else None
            for n, test in enumerate(tests)]


def rules_in(entries):
    return lambda test: entries[test["rule_id"]].get("rules", [])


# ---- the table ----------------------------------------------------------------------------------

def row(panther_id, entry, tests, given):
    ours = "; ".join(f"{our_rule(r)['title']}" for r in entry.get("rules", []))
    if not ours:
        return f"| {panther_id} | none | {len(tests)} | | {entry['none']} |\n"
    alike = sum(t["expected"] == g for t, g in zip(tests, given))
    differs = "; ".join(f"*{name}*: {why}" for name, why in entry.get("differs", {}).items())
    return f"| {panther_id} | {ours} | {len(tests)} | {alike} | {differs} |\n"


def table(entries, tests, given):
    by_rule = defaultdict(list)
    for test, answer in zip(tests, given):
        by_rule[test["rule_id"]].append((test, answer))
    rows = [row(name, entries[name], *zip(*by_rule[name])) for name in sorted(by_rule)]
    mapped = [(t, g) for t, g in zip(tests, given) if g is not None]
    alike = sum(t["expected"] == g for t, g in mapped)
    with_rule = sum("rules" in entries[name] for name in by_rule)
    return (f"{with_rule} of {len(by_rule)} rules have a counterpart; of their {len(mapped)} tests "
            f"{alike} are answered alike, {len(mapped) - alike} differ for a reason that is given.\n\n"
            "| Panther's rule | ours | tests | alike | where we differ, or why there is none |\n"
            "|---|---|---|---|---|\n" + "".join(rows))


def with_table(text, new):
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    assert begin and end, f"{DOC.name} has not the two marks"
    return head + BEGIN + "\n" + new + "\n" + END + tail


def current_doc():
    entries, tests = mapping(), load_tests()
    new = table(entries, tests, answers(tests, rules_in(entries)))
    return with_table(DOC.read_text(encoding="utf-8"), new)


if __name__ == "__main__":
    if not TESTS.exists():
        sys.exit(f"panther: the tests are not at {TESTS}")
    DOC.write_text(current_doc(), encoding="utf-8")
