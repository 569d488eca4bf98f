"""The cases beside the rules (x.test.yml) as records, for engines that are not ours.

The format is told in rules/README.md; `trailwarden rules test` is what reads it otherwise.
"""
import copy
import datetime
import pathlib
import re

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "rules"
IDS = ("eventID", "uuid", "auditID", "_document_id", "webhook_delivery")  # by source
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def rule_files():
    """All but those at the top, which hold placeholders and filters for owners."""
    return sorted(p for p in RULES.glob("*/**/*.yml") if not p.name.endswith(".test.yml"))


def documents(path):
    return [d for d in yaml.safe_load_all(path.read_text(encoding="utf-8")) if d]


def placeholders():
    """Name -> values, of the shipped ones that have some."""
    shipped = yaml.safe_load((RULES / "placeholders.yml").read_text(encoding="utf-8"))
    return {name: values for name, values in shipped["placeholders"].items() if values}


def cases(path):
    """The whole test file of a rule file, with an empty list of tests where there is none."""
    tests = path.with_name(f"{path.stem}.test.yml")
    return yaml.safe_load(tests.read_text(encoding="utf-8")) if tests.exists() else {"tests": []}


def _seconds(text):
    number, unit = re.fullmatch(r"(\d+)([smhd])", text).groups()
    return int(number) * UNITS[unit]


def _numbered(value, n):
    if isinstance(value, str):
        return value.replace("${n}", str(n))
    if isinstance(value, dict):
        return {k: _numbered(v, n) for k, v in value.items()}
    return [_numbered(v, n) for v in value] if isinstance(value, list) else value


def _step(node, key):
    return node[int(key)] if isinstance(node, list) else node[key]


def _set(record, path, value):
    *parents, last = path.split(".")
    for key in parents:
        if isinstance(record, dict) and not isinstance(record.get(key), (dict, list)):
            record[key] = {}
        record = _step(record, key)
    record[int(last) if isinstance(record, list) else last] = value


def _unset(record, path):
    *parents, last = path.split(".")
    try:
        for key in parents:
            record = _step(record, key)
        del record[int(last) if isinstance(record, list) else last]
    except (KeyError, IndexError, TypeError):
        pass  # there is nothing to remove


def record(base, case, n=0):
    """The record of a case, or of one of its events."""
    made = copy.deepcopy(case.get("event", base))
    for path, value in (case.get("set") or {}).items():
        _set(made, path, _numbered(copy.deepcopy(value), n))
    for path in case.get("unset") or []:
        _unset(made, path)
    return made


def timed_records(base, case):
    """(time, record) of each event of a case, each event id once: delivered again is no other."""
    began = (base or {}).get("eventTime", "2026-03-17T14:02:31Z")  # other sources: any time will do
    start = datetime.datetime.fromisoformat(began.replace("Z", "+00:00"))
    seen = set()
    for event in case["events"]:
        for n in range(event.get("repeat", 1)):
            made = record(base, event, n)
            named = next((made[id_] for id_ in IDS if id_ in (event.get("set") or {})), None)
            if named is None or named not in seen:
                seen.add(named)
                after = _seconds(event["at"]) + n * _seconds(event.get("every", "0s"))
                yield start + datetime.timedelta(seconds=after), made


def reached(node, path):
    """All values at the end of a path, through the members of arrays."""
    if isinstance(node, list):
        return [value for member in node for value in reached(member, path)]
    if not path:
        return [node]
    if not isinstance(node, dict):
        return []
    if path in node:
        return reached(node[path], "")
    key, _, rest = path.partition(".")
    return reached(node[key], rest) if rest and key in node else []
