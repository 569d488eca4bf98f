"""Falco's published CloudTrail rules against what the real Falco engine answers for them.

The expected hits (../shared/oracle/falco) were made by Falco's rule engine 0.63.0 with its plugins
cloudtrail 0.17.1 and json 0.7.4, all rules evaluated. TRAILWARDEN_SHARED and TRAILWARDEN_BIN name
other places for the data and for the program.
"""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("TRAILWARDEN_SHARED", ROOT.parent / "shared"))
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
RULES = SHARED / "peer-rules/falco"
OTHER_SOURCES = {"github.yaml": "github", "okta_rules.yaml": "okta",
                 "k8s_audit_rules.yaml": "k8s_audit"}

pytestmark = pytest.mark.skipif(not RULES.is_dir(), reason=f"the peer rules are not at {RULES}")


def run(*args):
    return subprocess.run([BIN, *map(str, args)], capture_output=True, text=True, timeout=300)


def oracle(corpus):
    with open(SHARED / "oracle/falco" / f"{corpus}.jsonl", encoding="utf-8") as lines:
        hits = map(json.loads, lines)
        return {(h["rule"], h["eventID"], h["output"]) for h in hits}


@pytest.mark.parametrize("corpus", ["sans504", "stratus"])
def test_hits_and_outputs_are_falcos(corpus):
    expected = oracle(corpus)
    assert expected
    done = run("scan", "--emit", "matches", "--format", "jsonl", "--min-level", "informational",
               "-r", RULES / "aws_cloudtrail_rules.yaml", SHARED / "corpus" / corpus)
    # The corpora hold files beside the logs, which scan names and exits 1 for.
    assert done.returncode in (0, 1), done.stderr
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    found = [(h["rule"]["id"], h["event"]["id"], h["rule"]["output"]) for h in hits]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_the_published_file_loads_without_a_warning():
    done = run("rules", "check", "-r", RULES / "aws_cloudtrail_rules.yaml")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "20 rules in 1 files loaded, 0 refused, 0 skipped, 0 warnings" in done.stdout


@pytest.mark.parametrize("name", sorted(OTHER_SOURCES))
def test_files_of_other_sources_are_skipped_with_a_sentence(name):
    done = run("rules", "check", "-r", RULES / name)
    assert done.returncode == 0
    [sentence] = done.stderr.splitlines()
    assert f"{name}:" in sentence
    assert f"rules of the source {OTHER_SOURCES[name]} are skipped: it is not read yet" in sentence
