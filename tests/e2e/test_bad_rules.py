"""What `trailwarden rules check` says to broken rules.

Each row of tests/bad/rules/*.tsv is a file beside it and what one line of the answer must contain:
`file:line: rule: message`. A message that ends in [warning] or [skipped] is no refusal: the check
then exits 0, else 2. TRAILWARDEN_BIN names another program than the built one.
"""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
RULES = ROOT / "tests/bad/rules"


def rows():
    for table in sorted(RULES.glob("*.tsv")):
        for line in table.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                yield tuple(line.split("\t"))


CASES = sorted(rows())


@pytest.mark.parametrize("name,expected", CASES, ids=[name for name, _ in CASES])
def test_refused_with_its_reason(name, expected):
    done = subprocess.run([BIN, "rules", "check", str(RULES / name)], capture_output=True,
                          text=True, timeout=60)
    said = [line for line in done.stderr.splitlines() if expected in line]
    assert said, done.stderr
    mild = expected.endswith(("[warning]", "[skipped]"))
    assert done.returncode == (0 if mild else 2)
    if not mild:
        assert any(line.endswith("[refused]") for line in said)


def test_every_file_has_its_row():
    files = {f.name for f in RULES.iterdir() if f.suffix in (".yml", ".yaml")}
    assert files == {name for name, _ in CASES}


def test_the_documents_say_the_same():
    said = (ROOT / "docs/bad-input.md").read_text(encoding="utf-8").splitlines()
    for name, expected in CASES:
        assert f"| {name} | `{expected.replace('|', chr(92) + '|')}` |" in said


def test_there_are_at_least_sixty():
    assert len({name for name, _ in CASES}) >= 60
