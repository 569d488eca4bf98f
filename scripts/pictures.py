#!/usr/bin/env python3
"""Takes the pictures of a report for the documentation: scripts/pictures.py REPORT.html FOLDER"""
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main(report, folder):
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900}, device_scale_factor=1)
        page.goto(Path(report).resolve().as_uri())
        lanes = page.locator("section", has=page.locator(".lanes"))
        box = lanes.bounding_box()
        page.screenshot(path=Path(folder) / "story.png", full_page=True, clip={
            "x": 60, "y": 0, "width": 1280, "height": box["y"] + box["height"]})
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
