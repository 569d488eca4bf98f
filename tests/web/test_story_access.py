"""The page that `scan --report` writes, for who has no mouse, does not see, prints it, or runs no scripts."""
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from test_story_page import record, user

pytestmark = pytest.mark.timeout(60)

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RUN_AXE = """
async () => (await axe.run(document)).violations.flatMap(v =>
    v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)}`))
"""


def test_it_is_worked_by_keyboard(sample, show):
    page = show(sample).page
    page.locator("[aria-label^='Attack story']").focus()
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert first != second and page.evaluate("document.activeElement.getAttribute('class')").startswith("deed")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert page.locator("dialog pre, dialog li button").count() > 0
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate("document.activeElement.getAttribute('class')").startswith("deed")
    page.keyboard.press("Tab")  # one stop for all deeds: the next is behind the picture
    assert not page.evaluate("(document.activeElement.getAttribute('class') || '').startsWith('deed')")


def test_axe_finds_nothing_in_many_incidents(show, story_of):
    page = show(story_of([record(n, who=user(f"user{n}", n)) for n in range(30)]), bypass_csp=True).page
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN_AXE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(sample, show, scheme):
    page = show(sample, color_scheme=scheme, bypass_csp=True).page
    page.locator("details").evaluate_all("list => list.forEach(d => { d.open = true; })")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(RUN_AXE) == []
    page.locator("table.steps tbody button").first.click()
    assert page.evaluate(RUN_AXE) == []


def test_it_prints(sample, show):
    pdf = show(sample).page.pdf()
    assert pdf.startswith(b"%PDF-") and pdf.count(b"/Type /Page\n") >= 2


def test_without_scripts_it_is_told_as_text(sample, show):
    opened = show(sample, java_script_enabled=False)
    text = opened.page.locator("noscript").inner_text()
    assert "CreateAccessKey" in text and opened.story()["answers"]["entry"] in text
