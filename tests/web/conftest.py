"""The report in a browser: Debian's Chromium, driven by Playwright. A page is opened from the disk,
and whatever it logs, requests, or has refused by its content security policy is kept."""
import json
import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("TRAILWARDEN_BIN", ROOT / "build/bin/trailwarden")).resolve()
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

# Told by the browser itself, before any script of the page runs.
WATCH = """
window.refused = [];
document.addEventListener('securitypolicyviolation',
    e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI));
"""


class Opened:
    """A page and what it did."""

    def __init__(self, context, path):
        self.page = context.new_page()
        self.messages, self.requests = [], []
        self.page.on("console", lambda m: self.messages.append(m.text))
        self.page.on("pageerror", lambda e: self.messages.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.goto(path.as_uri())
        self.data = json.loads(self.page.locator("#data").text_content())

    def story(self, n=0):
        return self.data["stories"][n]

    def refused(self):
        return self.page.evaluate("window.refused")

    def texts(self, selector):
        return self.page.locator(selector).all_text_contents()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as p:
        # Its sandbox needs what containers do not give to root.
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser):
    """show(path, **options of the browser's context)"""
    contexts = []

    def begin(path, **options):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}, **options))
        contexts[-1].add_init_script(WATCH)
        return Opened(contexts[-1], path)

    yield begin
    for context in contexts:
        context.close()


def scan(report, *arguments):
    done = subprocess.run([BINARY, "scan", "--report", report, "-o", os.devnull, *arguments],
                          capture_output=True, timeout=60, text=True)
    assert done.returncode in (0, 1), done.stderr
    return report


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The story of the demo's attack."""
    return scan(tmp_path_factory.mktemp("sample") / "story.html", ROOT / "samples")


RULE = """\
title: Something was called
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a01
author: somebody
description: It matters.
level: high
tags: [attack.persistence, attack.t1136.003]
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventName: CreateUser}
  condition: s
"""


@pytest.fixture
def story_of(tmp_path):
    """story_of(records): the page of the incidents in which CreateUser is bad."""

    def make(records):
        rule, log = tmp_path / "rule.yml", tmp_path / "log.json"
        rule.write_text(RULE)
        log.write_text(json.dumps({"Records": records}), encoding="utf-8")
        return scan(tmp_path / "story.html", "-r", rule, log)

    return make
