#!/usr/bin/env python3
"""Writes the tables of rules in docs/rules/*.md.

    scripts/rules_pages.py PROGRAM            rewrite the pages that are stale
    scripts/rules_pages.py --check PROGRAM    name them instead, and exit 1

PROGRAM is a built trailwarden. A page holds

    <!-- rules: impact/s3_* correlations/objects_* -->
    <!-- end -->

and between the two comes a table of the shipped rules whose folder/name fits one of the patterns
(those that are only told at level informational apart). README.md has `pages` and `rest` in place
of patterns: the list of pages, and the rules that stand on none.
"""
import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs/rules"
LEVELS = ["critical", "high", "medium", "low"]
BLOCK = re.compile(r"<!-- rules: (.*?) -->\n(.*?)<!-- end -->", re.DOTALL)


def told(program):
    """folder/name -> [(level, title)] of the shipped rules that are told."""
    done = subprocess.run([program, "rules", "list", "--format", "jsonl", "rules"], cwd=ROOT,
                          check=True, capture_output=True, text=True)
    found = {}
    for rule in map(json.loads, done.stdout.splitlines()):
        if not rule["muted"] and rule["level"] in LEVELS:
            name = re.sub(r"^rules/|\.ya?ml$", "", rule["file"])
            found.setdefault(name, []).append((rule["level"], rule["title"]))
    return found


def fitting(rules, patterns):
    """Names that fit; a pattern that fits none is a slip."""
    names = set()
    for pattern in patterns:
        fit = fnmatch.filter(rules, pattern)
        if not fit:
            sys.exit(f"no rule fits {pattern}")
        names.update(fit)
    return names


def table(rules, names):
    rows = sorted((LEVELS.index(level), name, title)
                  for name in names for level, title in rules[name])
    escaped = [(level, name, re.sub(r"([\\|*_<>\[\]`])", r"\\\1", title))
               for level, name, title in rows]
    return "| level | rule | it tells |\n|---|---|---|\n" + "".join(
        f"| {LEVELS[level]} | [{name}](../../rules/{name}.yml) | {title} |\n"
        for level, name, title in escaped)


def pages():
    return sorted(p for p in PAGES.glob("*.md") if p.name != "README.md")


def page_list():
    lines = []
    for page in pages():
        title, _, text = page.read_text(encoding="utf-8").partition("\n")
        first = text.strip().split("\n\n")[0].replace("\n", " ")
        lines.append(f"- [{title.lstrip('# ')}]({page.name}): {first}\n")
    return "".join(lines)


def filled(page, rules, shown):
    """The page with its tables as they should be; what it shows goes to shown."""
    def fill(match):
        wanted = match[1].split()
        if wanted == ["pages"]:
            body = page_list()
        elif wanted == ["rest"]:
            body = table(rules, set(rules) - shown)
        else:
            names = fitting(rules, wanted)
            shown.update(names)
            body = table(rules, names)
        return f"<!-- rules: {match[1]} -->\n{body}<!-- end -->"
    return BLOCK.sub(fill, page.read_text(encoding="utf-8"))


def main(arguments):
    check = arguments[:1] == ["--check"]
    if len(arguments) != 1 + check:
        sys.exit(__doc__)
    rules, shown, stale = told(Path(arguments[-1]).resolve()), set(), []
    for page in [*pages(), PAGES / "README.md"]:
        text = filled(page, rules, shown)
        if text != page.read_text(encoding="utf-8"):
            stale.append(page.name)
            if not check:
                page.write_text(text, encoding="utf-8")
    if check and stale:
        sys.exit("stale: " + ", ".join(stale))


if __name__ == "__main__":
    main(sys.argv[1:])
