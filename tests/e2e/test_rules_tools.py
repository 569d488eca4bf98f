"""trailwarden rules list and coverage, over the shipped rules and over rules made for a case."""
import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()

RULE = """\
title: {title}
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a{number:02}
level: {level}
tags: [{tags}]
logsource: {{product: aws, service: cloudtrail}}
detection:
  s: {{eventName: StopLogging}}
  condition: s
"""


def run(*arguments, **options):
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **options.pop("env", {})}
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, env=env,
                          timeout=120, **options)


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yml").write_text(RULE.format(
        title="'=A, \"b\"'", number=1, level="high",
        tags="attack.defense-evasion, attack.t1562.008, attack.impact"))
    (folder / "b.yml").write_text(RULE.format(
        title="B", number=2, level="low", tags="attack.persistence") + """\
---
title: Many
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a03
level: high
correlation:
  type: event_count
  rules: B
  group-by: [userIdentity.arn]
  timespan: 5m
  condition: {gte: 3}
""")
    return folder


# ---- list ----

def test_list_as_text(rules):
    assert run("rules", "list", "--format", "text", rules).stdout.decode().splitlines() == [
        "high          rule             defense-evasion  =A, \"b\"  "
        "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01",
        "low           rule             persistence  B  "
        "6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a02  [part of others]",
        "high          event_count      -  Many  6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a03"]


def test_list_as_csv(rules):
    text = run("rules", "list", "--format", "csv", rules).stdout.decode()
    first, second, third = csv.DictReader(io.StringIO(text, newline=""))
    assert first["title"] == "'=A, \"b\"" and first["tactics"] == "defense-evasion"
    assert (second["muted"], second["type"]) == ("true", "rule")
    assert (third["type"], third["tactics"], third["level"]) == ("event_count", "", "high")
    assert third["file"].endswith("b.yml")


def test_list_as_jsonl(rules):
    first, second, third = map(json.loads, run("rules", "list", rules).stdout.splitlines())
    assert first["tactics"] == ["defense-evasion"] and first["type"] == "rule"
    assert second["muted"] and not third["muted"] and third["type"] == "event_count"


@pytest.mark.parametrize("filters,titles", [
    (["--level", "high"], ['=A, "b"', "Many"]),
    (["--tactic", "persistence"], ["B"]),
    (["--tactic", "persistence", "--level", "high"], []),
])
def test_list_of_some(rules, filters, titles):
    out = run("rules", "list", *filters, rules).stdout
    assert [json.loads(line)["title"] for line in out.splitlines()] == titles


@pytest.mark.parametrize("arguments,expected", [
    (["list", "--format", "yaml"], "there are text, jsonl, csv"),
    (["list", "--level", "High"], "a level is informational, low"),
    (["list", "--tactic", "TA0005"], "like defense-evasion"),
    (["coverage", "--format", "csv"], "there are navigator and markdown"),
])
def test_wrong_words(arguments, expected):
    result = run("rules", *arguments)
    assert result.returncode == 2 and expected in result.stderr.decode() and not result.stdout


@pytest.mark.parametrize("command,code", [
    (["rules", "check"], 0), (["rules", "check", "--strict"], 1), (["rules", "list"], 0),
    (["rules", "coverage"], 0), (["rules", "test"], 0), (["scan", "-r"], 0),
])
def test_folder_without_rules_is_said(tmp_path, command, code):
    for name in ["rules", "logs"]:
        (tmp_path / name).mkdir()
    (tmp_path / "rules/README.md").write_text("none yet")
    result = run(*command, tmp_path / "rules", *[tmp_path / "logs"] * (command[0] == "scan"))
    assert f"{tmp_path}/rules: there is no rule file in it [warning]" in result.stderr.decode()
    assert result.returncode == code


# ---- coverage ----

# What layers/spec/v4.5/layerformat.md of github.com/mitre-attack/attack-navigator lists: for each
# object its properties, and which of them are required.
LAYER = {"name": str, "versions": dict, "domain": str, "description": str, "filters": dict,
         "sorting": int, "layout": dict, "hideDisabled": bool, "techniques": list,
         "gradient": dict, "legendItems": list, "customDataURL": str, "metadata": list,
         "links": list, "showTacticRowBackground": bool, "tacticRowBackground": str,
         "selectTechniquesAcrossTactics": bool, "selectSubtechniquesWithParent": bool,
         "selectVisibleTechniques": bool}
TECHNIQUE = {"techniqueID": str, "tactic": str, "comment": str, "enabled": bool, "score": int,
             "color": str, "metadata": list, "links": list, "showSubtechniques": bool}
LAYOUT = {"layout": ["side", "flat", "mini"], "showID": [True, False], "showName": [True, False],
          "showAggregateScores": [True, False], "countUnscored": [True, False],
          "aggregateFunction": ["average", "min", "max", "sum"],
          "expandedSubtechniques": ["none", "all", "annotated"]}
TACTICS = ["initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion",
           "credential-access", "discovery", "lateral-movement", "collection", "exfiltration",
           "impact"]
BEYOND = ["reconnaissance", "resource-development", "command-and-control"]  # not of the cloud


def check_layer(layer):
    assert {"name", "domain", "versions"} <= set(layer) <= set(LAYER)
    assert all(type(value) is LAYER[key] for key, value in layer.items())
    assert layer["domain"] == "enterprise-attack"
    assert layer["versions"]["layer"] == "4.5" and set(layer["versions"]) <= {
        "attack", "navigator", "layer"}
    major, minor = map(int, layer["versions"]["navigator"].split(".")[:2])
    assert (major, minor) >= (4, 9)
    assert layer["filters"] == {"platforms": ["IaaS"]} and layer["sorting"] in range(4)
    assert all(value in LAYOUT[key] for key, value in layer["layout"].items())
    gradient = layer["gradient"]
    assert len(gradient["colors"]) >= 2 and gradient["maxValue"] > gradient["minValue"]
    assert all(re.fullmatch("#[0-9a-f]{6}", c) for c in gradient["colors"])
    assert all(set(item) == {"label", "color"} for item in layer["legendItems"])
    for t in layer["techniques"]:
        assert "techniqueID" in t and set(t) <= set(TECHNIQUE)
        assert all(type(value) is TECHNIQUE[key] for key, value in t.items())
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", t["techniqueID"]) and t["tactic"] in TACTICS + BEYOND
        assert 0 <= t["score"] <= gradient["maxValue"]
    cells = [(t["techniqueID"], t["tactic"]) for t in layer["techniques"]]
    assert len(set(cells)) == len(cells)


def test_layer_is_as_navigator_wants_it():
    result = run("rules", "coverage", ROOT / "rules")
    assert result.returncode == 0, result.stderr
    layer = json.loads(result.stdout)
    check_layer(layer)
    assert [t for t in TACTICS if not any(x["tactic"] == t for x in layer["techniques"])] == []


def test_layer_counts_rules_and_goes_to_a_file(rules, tmp_path):
    result = run("rules", "coverage", "-o", tmp_path / "layer.json", rules)
    assert (result.returncode, result.stdout) == (0, b"")
    layer = json.loads((tmp_path / "layer.json").read_text())
    check_layer(layer)
    scores = {(t["techniqueID"], t["tactic"]): t["score"] for t in layer["techniques"]}
    assert scores.pop(("T1562.008", "defense-evasion")) == 1
    assert scores.pop(("T1562", "defense-evasion")) == 1
    assert len(scores) == 130 and not any(scores.values())


def test_page_is_current():
    result = run("rules", "coverage", "--format", "markdown", ROOT / "rules")
    assert (ROOT / "docs/coverage.md").read_bytes() == result.stdout, "run scripts/rules-docs"


# ---- docs/rules ----

def test_pages_of_families_are_current():
    """Every pattern of a page fits a rule, and the tables have what fits."""
    done = subprocess.run([sys.executable, ROOT / "scripts/rules_pages.py", "--check", BINARY],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{done.stderr}run scripts/rules-docs"


def test_pages_link_to_what_is_there():
    pages = sorted((ROOT / "docs/rules").glob("*.md"))
    assert len(pages) > 10
    for page in pages:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert link.startswith("https://") or (page.parent / link).exists(), (page.name, link)
