#!/usr/bin/env python3
"""What the shipped rules find in public attack logs, and how often they speak of what is no attack.

    scripts/bench detection

The logs are looked for in $TRAILWARDEN_SHARED (corpus/README.md there says where they come from). For
each labelled attack: the highest level that is told, and by which rules. For the background: alerts
of level medium or above per 10,000 distinct events. Prints the tables, writes
bench/results/detection.json, and puts the tables between the two marks of docs/detection.md; every
rule that speaks of the background must be explained there, below the marks.

What Stratus Red Team made is told apart by nothing but what was done: its name in `userAgent` is
replaced by that of the AWS SDK it is built with, as an intruder's program would show it.
"""
import collections
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import _measure as m

CORPUS = m.SHARED / "corpus"
DOC = m.ROOT / "docs" / "detection.md"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"
LEVELS = ["informational", "low", "medium", "high", "critical"]
PLAIN_AGENT = "aws-sdk-go-v2/1.30.3 os/linux lang/go#1.22.5 md/GOOS#linux md/GOARCH#amd64"
TOOL_AGENT = "stratus-red-team"
RATE_WANTED = 4  # alerts of medium or above per 10,000 events that an owner bears


# ---- logs ---------------------------------------------------------------------------------------

def manifest(source):
    return [json.loads(line) for line in (CORPUS / source / "manifest.jsonl").open(encoding="utf-8")]


def records(row):
    data = json.loads(gzip.decompress((CORPUS / row["file"]).read_bytes()))
    return data.get("Records", [])


def labels(source):
    return json.loads((CORPUS / source / "LABELS.json").read_text(encoding="utf-8"))


def without_tool_name(record):
    agent = record.get("userAgent") or ""
    return {**record, "userAgent": PLAIN_AGENT} if TOOL_AGENT in agent else record


def write_object(folder, row, kept):
    place = Path(folder) / row["s3_key"]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(gzip.compress(json.dumps({"Records": kept}).encode(), 1))


def scan(path):
    """The alerts that the shipped rules raise over a file or folder, from a memory that is empty;
    those of level low and above, which is what is told unless somebody asks for less."""
    done = subprocess.run([m.BIN / "trailwarden", "scan", "-r", m.ROOT / "rules", "--emit", "alerts",
                           "--format", "jsonl", path],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"detection: the scan ended with {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def scan_records(row, kept):
    with tempfile.TemporaryDirectory() as folder:
        write_object(folder, row, kept)
        return scan(folder)


# ---- findings -----------------------------------------------------------------------------------

def rank(alert):
    return LEVELS.index(alert["rule"]["level"])


def is_medium(alert):
    return rank(alert) >= LEVELS.index("medium")


def finding(name, alerts, **more):
    """What is kept of an attack: the highest level, and each rule with its level, highest first."""
    rules = sorted({(-rank(a), a["rule"]["title"]) for a in alerts})
    return {"attack": name, "level": LEVELS[-rules[0][0]] if rules else None,
            "rules": [{"level": LEVELS[-r], "title": t} for r, t in rules], **more}


def stratus():
    found = collections.defaultdict(list)
    for row in manifest("stratus"):
        kept = [without_tool_name(r) for r in records(row)]
        found[row["label"]] += scan_records(row, kept)
    return [finding(name, alerts) for name, alerts in sorted(found.items())]


def touches(alert, ids):
    return any(event in ids for event in alert["events"])


def sans_attack(alerts):
    attack = labels("sans504")
    name = attack["attack"]["principal"]
    ids = {e["eventID"] for e in attack["events"]}
    of_attacker = [a for a in alerts if touches(a, ids) and a["identity"]["arn"] == name]
    return finding("SANS 504: " + name.rpartition("/")[2], of_attacker, alerts_naming_him=[
        {"level": a["rule"]["level"], "title": a["rule"]["title"], "first": a["first"],
         "last": a["last"]} for a in sorted(of_attacker, key=lambda a: a["first"])])


def background():
    """Alerts over SANS 504 without the attacker's records."""
    ids = {e["eventID"] for e in labels("sans504")["events"]}
    events = set()
    with tempfile.TemporaryDirectory() as folder:
        for row in manifest("sans504"):
            kept = [r for r in records(row) if r.get("eventID") not in ids]
            events.update(r.get("eventID") for r in kept)
            write_object(folder, row, kept)
        alerts = [a for a in scan(folder) if is_medium(a)]
    rules = collections.Counter((a["rule"]["level"], a["rule"]["title"]) for a in alerts)
    return {"events": len(events), "alerts": len(alerts),
            "alerts_per_10000": round(len(alerts) * 10000 / len(events), 2),
            "rules": [{"level": level, "title": title, "alerts": n}
                      for (level, title), n in rules.most_common()]}


def otrf():
    """The attack, and what is told of everything else in that log."""
    ids = {e["eventID"] for e in labels("otrf")["attack"]["events"]}
    alerts = scan(CORPUS / "otrf" / "AWSLogs")
    other = [a for a in alerts if is_medium(a) and not touches(a, ids)]
    return finding("OTRF: keys of an instance used elsewhere",
                   [a for a in alerts if touches(a, ids)],
                   medium_elsewhere=sorted({a["rule"]["title"] for a in other}))


def traildiscover():
    """Each sample of a call that TrailDiscover saw used in an incident, by itself."""
    return [finding(row["label"], scan(CORPUS / row["file"]),
                    refused=any(r.get("errorCode") for r in records(row)))
            for row in sorted(manifest("traildiscover"), key=lambda r: r["label"])
            if row["used_in_wild"]]


# ---- tables -------------------------------------------------------------------------------------

def markdown(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def attack_rows(findings, most=3):
    """One line an attack, with the rules of its highest levels."""
    rows = []
    for f in findings:
        titles = [f"{r['title']} ({r['level']})" for r in f["rules"][:most]]
        more = len(f["rules"]) - len(titles)
        rows.append((f["attack"], f["level"] or "nothing",
                     "; ".join(titles) + (f"; and {more} more" if more else "")))
    return rows


def wild_rows(findings):
    """One line a level, with the calls; what nothing is told of in two, by whether it succeeded."""
    failed, silent = "nothing, and the call failed", "nothing"
    calls = collections.defaultdict(list)
    for f in findings:
        service, _, call = f["attack"].partition(":")
        calls[f["level"] or (failed if f["refused"] else silent)].append(
            f"{service.removesuffix('.amazonaws.com')}:{call}")
    return [(level, len(calls[level]), ", ".join(dict.fromkeys(calls[level])))
            for level in [*reversed(LEVELS), failed, silent] if calls[level]]


def tables(result):
    quiet = result["background"]
    return "\n".join([
        f"Measured on {result['machine']['date']}.\n",
        "**Attacks**\n", markdown(("attack", "highest level", "rules"), attack_rows(
            [*result["stratus"], result["sans504"], result["otrf"]])),
        f"**Background**: {quiet['alerts']} alerts of medium or above over {quiet['events']:,} "
        f"distinct events of SANS 504, {quiet['alerts_per_10000']} per 10,000.\n",
        markdown(("rule", "level", "alerts"),
                 [(r["title"], r["level"], r["alerts"]) for r in quiet["rules"]]),
        f"**Calls used in incidents** (TrailDiscover), {len(result['traildiscover'])} samples of one "
        "record each:\n",
        markdown(("highest level", "samples", "calls"), wild_rows(result["traildiscover"]))])


def parts_of_doc():
    """Before the tables, and behind them, where the background's rules are explained."""
    head, begin, rest = DOC.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"detection: {DOC.name} has not the two marks")
    return head, tail


def put_into_doc(text):
    head, tail = parts_of_doc()
    DOC.write_text(head + BEGIN + "\n" + text + "\n" + END + tail, encoding="utf-8")


def shortcomings(result):
    """What falls short of what is wanted of the rules, as sentences."""
    explained = parts_of_doc()[1]
    wanted = LEVELS.index("medium")
    for f in result["stratus"]:
        if f["level"] is None or LEVELS.index(f["level"]) < wanted:
            yield f"{f['attack']} raises nothing of medium or above"
    if result["sans504"]["level"] not in ("high", "critical"):
        yield "nothing high names the attacker of SANS 504"
    if result["background"]["alerts_per_10000"] > RATE_WANTED:
        yield (f"{result['background']['alerts_per_10000']} background alerts per 10,000, "
               f"over {RATE_WANTED}")
    for rule in result["background"]["rules"]:
        if rule["title"] not in explained:
            yield f"{DOC.name} does not explain '{rule['title']}'"


def measure():
    return {"machine": m.machine(), "stratus": stratus(),
            "sans504": sans_attack(scan(CORPUS / "sans504" / "AWSLogs")),
            "otrf": otrf(), "background": background(), "traildiscover": traildiscover()}


def main():
    if not CORPUS.is_dir():
        print(f"detection: skipped, the public logs are not at {CORPUS}")
        return 0
    result = measure()
    m.write("detection", result)
    text = tables(result)
    print(text)
    put_into_doc(text)
    found = list(shortcomings(result))
    for sentence in found:
        print(f"detection: {sentence}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
