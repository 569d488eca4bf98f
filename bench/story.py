#!/usr/bin/env python3
"""How long a report takes to write, and a browser to open.

    scripts/bench story

Logs are made of users who make each other (seed 1) in as many lineages as there are incidents, and
who call this and that. `trailwarden scan --report` writes the page, Debian's Chromium opens it: from
the navigation until the last part of the page is there. Then a word is typed into the filter of the
table. Best of three. Writes bench/results/story.json.
"""
import json
import random
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

import _measure as m

# users, incidents, records
SIZES = [(10, 1, 100), (300, 1, 5_000), (1_000, 3, 21_000)]
RUNS = 3
WANTED_S = 5
CALLS = ["GetObject", "PutObject", "ListUsers", "AttachUserPolicy", "RunInstances", "DescribeInstances"]
RULE = """\
title: Something was called
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01
author: somebody
level: high
tags: [attack.persistence, attack.t1136.003]
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventName: CreateUser}
  condition: s
"""


def user(n):
    return {"type": "IAMUser", "principalId": f"AIDAEXAMPLE{n:05}", "userName": f"user{n}",
            "arn": f"arn:aws:iam::111122223333:user/user{n}", "accountId": "111122223333",
            "accessKeyId": f"AKIAEXAMPLE{n:05}"}


def record(n, who, name, **more):
    return {"eventID": f"{n:08x}-aaaa-4bbb-8ccc-dddddddddddd", "eventName": name,
            "eventTime": f"2026-03-17T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z",
            "eventSource": "iam.amazonaws.com", "awsRegion": "us-east-1",
            "sourceIPAddress": f"198.51.100.{n % 250}", "userAgent": f"aws-cli/2.{n % 40}",
            "recipientAccountId": "111122223333", "userIdentity": user(who), **more}


def log(users, incidents, records):
    """User 0 of each lineage makes the next, one of the last thirty the one behind, and so on."""
    dice, made = random.Random(1), []
    for n in range(incidents, users):
        maker = dice.choice(range(n % incidents, n, incidents)[-10:])
        made.append(record(len(made), maker, "CreateUser", requestParameters={"userName": f"user{n}"},
                           responseElements={"user": {k: user(n)[v] for k, v in [
                               ("userId", "principalId"), ("arn", "arn")]}}))
    while len(made) < records:
        made.append(record(len(made), dice.randrange(users), dice.choice(CALLS),
                           requestParameters={"bucketName": f"bucket{len(made) % 50}", "text": "x" * 400}))
    return {"Records": made}


def open_page(browser, path):
    page = browser.new_page()
    start = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("footer", state="attached")
    opened = time.perf_counter() - start
    start = time.perf_counter()
    page.get_by_label("Filter").fill("putobject bucket7")
    filtered = time.perf_counter() - start
    data = json.loads(page.locator("#data").text_content())
    page.close()
    return opened, filtered, data


def measure(browser, folder, size):
    source, rule, page = folder / "log.json", folder / "rule.yml", folder / "story.html"
    source.write_text(json.dumps(log(*size)))
    rule.write_text(RULE)
    written = m.best([m.run([str(m.BIN / "trailwarden"), "scan", "-r", str(rule), "-o", "/dev/null",
                             "--report", str(page), str(source)]) for _ in range(RUNS)])
    opened = [open_page(browser, page) for _ in range(RUNS)]
    stories = opened[0][2]["stories"]
    return {"identities": sum(len(s["incident"]["actors"]) for s in stories), "incidents": len(stories),
            "steps": sum(len(s["steps"]) for s in stories), "page_bytes": page.stat().st_size,
            "write_cpu_s": written.cpu_s, "open_s": min(o[0] for o in opened),
            "filter_s": min(o[1] for o in opened)}


def main():
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        rows = [measure(browser, Path(folder), size) for size in SIZES]
        browser.close()
    m.table(["identities", "incidents", "steps", "page, MB", "written, CPU s", "opened, s", "filtered, s"],
            [[f"{r['identities']:,}", r["incidents"], f"{r['steps']:,}", f"{r['page_bytes'] / 1e6:.1f}",
              f"{r['write_cpu_s']:.2f}", f"{r['open_s']:.2f}", f"{r['filter_s']:.2f}"] for r in rows])
    m.write("story", {"machine": m.machine(), "runs": RUNS, "rows": rows})
    if rows[-1]["open_s"] > WANTED_S:
        raise SystemExit(f"wanted is {WANTED_S} s to open")


if __name__ == "__main__":
    main()
