"""The page that `scan --report` writes: quiet, safe, and the same as its data. Numbers in brackets
are the promises of docs/design.md that a test proves."""
import csv
import json

import pytest
from playwright.sync_api import expect

from conftest import scan

pytestmark = pytest.mark.timeout(60)

# What breaks out of something, somewhere: of HTML, scripts, attributes, JSON, comments, CSS, URLs,
# spreadsheets, terminals, and of the reader's eye.
HOSTILE = [
    "</script><script>window.pwn=1</script>", "<script>window.pwn=2</script>",
    "<img src=x onerror=\"window.pwn=3\">", "<svg onload=window.pwn=4>",
    "<iframe srcdoc=\"<script>parent.pwn=5</script>\">", "\"><b onmouseover=window.pwn=6>",
    "' onfocus='window.pwn=7' autofocus='", "javascript:window.pwn=8", "<!--<script>", "-->",
    "]]>", "<![CDATA[", "</style><style>*{display:none}</style>", "</title></head><body>",
    "<link rel=stylesheet href=//example.com/x>", "<meta http-equiv=refresh content=0;//example.com>",
    "<base href=//example.com/>", "<form action=//example.com><input name=x>", "${window.pwn=9}",
    "{{constructor.constructor('window.pwn=10')()}}", "\\u003cscript\\u003e", "&lt;script&gt;",
    "&#60;script&#62;", "\\\"}]}</script>", "=HYPERLINK(\"//example.com\")", "%3Cscript%3E",
    "__proto__", "constructor", "a" * 900, "<x\u00a0y> \U0001f600 \u4e2d\u6587",
]
# Shown by their numbers, for they would turn text around, hide in it, or end a line of script.
HIDDEN = {"\u202egnp.exe": "\\u202egnp.exe", "zero\u200bwidth": "zero\\u200bwidth",
          "line\u2028end": "line\\u2028end", "\u001b[31mred": "\\u001b[31mred"}


def user(name, number=1, key=None):
    return {"type": "IAMUser", "principalId": f"AIDAEXAMPLE{number}", "userName": name,
            "arn": f"arn:aws:iam::111122223333:user/{name}", "accountId": "111122223333",
            "accessKeyId": key or f"AKIAEXAMPLE{number}"}


def record(number, name="CreateUser", who=None, **changes):
    return {"eventVersion": "1.11", "eventID": f"{number:08}-aaaa-4bbb-8ccc-dddddddddddd",
            "eventTime": f"2026-03-17T14:{number // 60 % 60:02}:{number % 60:02}Z",
            "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.77", "userAgent": "aws-cli/2",
            "recipientAccountId": "111122223333", "userIdentity": who or user("dana"), **changes}


def test_it_opens_without_a_word_and_asks_nobody(sample, show):
    opened = show(sample)
    assert opened.messages == []
    assert opened.requests == [sample.as_uri()]
    assert opened.refused() == []
    assert opened.page.locator("h1").inner_text().upper().startswith("CRITICAL")


@pytest.mark.parametrize("text", [
    "<script>window.pwn=1</script>", "<img src=x onerror=window.pwn=1>",
    "<style>body{display:none}</style>", "<svg onload=window.pwn=1></svg>"])
def test_the_policy_stops_what_escaping_would_have_missed(sample, show, tmp_path, text):
    """[P7] The second line of defence, seen to work: markup put where it never comes."""
    broken = tmp_path / "broken.html"
    broken.write_text(sample.read_text().replace("<main", text + "<main", 1))
    opened = show(broken)
    assert opened.refused() != []
    assert opened.page.evaluate("window.pwn") is None
    assert [u for u in opened.requests if not u.startswith("file:///tmp") and "x" != u[-1]] == []


def test_trusted_types_refuse_html(sample, show):
    refused = show(sample).page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x'; return ''; } catch (e) { return e.name; } }")
    assert refused == "TypeError"


def test_hostile_strings_are_text(show, story_of):
    """[P7] In user agents, user names, names of calls, error codes and parameters."""
    records = []
    for n, text in enumerate([*HOSTILE, *HIDDEN]):
        records.append(record(n, userAgent=text, who=user(text.replace("/", "|"), n + 10),
                              errorCode=text, requestParameters={"userName": text, text: text}))
    opened = show(story_of(records))
    seen = ""
    for n in range(len(opened.data["stories"])):
        if n:
            opened.page.locator("nav button").nth(n).click()
        opened.page.locator("table.steps tbody button").first.click()
        seen += opened.page.locator("body").evaluate("b => b.textContent + [...b.querySelectorAll("
                                                     "'table.steps td')].map(t => t.title).join()")
        opened.page.keyboard.press("Escape")
    assert len(opened.data["stories"]) == 20  # of 34: what a page tells
    told = {opened.story(n)["steps"][0]["agent"] for n in range(20)}
    for text in told:
        assert HIDDEN.get(text, text[:600]) in seen
    assert opened.page.evaluate("window.pwn") is None
    assert (opened.messages, opened.refused(), len(opened.requests)) == ([], [], 1)


def test_every_hostile_string_in_one_story(show, story_of):
    """[P7] The same by one identity: a row of the table for each."""
    texts = [*HOSTILE, *HIDDEN]
    opened = show(story_of([record(n, userAgent=text, awsRegion=text) for n, text in enumerate(texts)]))
    titles = opened.page.locator("table.steps tbody tr td:last-child").evaluate_all(
        "cells => cells.map(c => c.title)")
    assert titles == [HIDDEN.get(t, t) for t in texts]
    assert opened.page.evaluate("window.pwn") is None
    assert (opened.messages, opened.refused(), len(opened.requests)) == ([], [], 1)


def test_lanes_nodes_and_rows_are_those_of_the_data(sample, show):
    opened = show(sample)
    story = opened.story()
    keyed = {(s["actor"], s.get("key", "") if s.get("key", "").startswith("AKIA") else "")
             for s in story["steps"]}
    lanes = opened.page.locator(".deed").evaluate_all("d => d.map(x => x.dataset.lane)")
    assert {tuple(lane.split("|")) for lane in lanes} == keyed
    nodes = opened.page.locator("[data-node]").evaluate_all("d => d.map(x => x.dataset.node)")
    assert nodes == [a["id"] for a in story["incident"]["actors"]]
    assert opened.page.locator("table.steps tbody tr").count() == len(story["steps"])
    assert opened.page.locator(".deed title").count() == len(lanes)
    arrows = opened.texts("section:has(.deed) .link title")
    assert [a.split(" (")[0] for a in arrows] == [link["type"] for link in story["incident"]["links"]]
    drawn = sum(int(t.rsplit("\u00d7", 1)[1]) if "\u00d7" in t else 1 for t in opened.texts(".deed text"))
    assert drawn == len(story["steps"])


def test_weak_links_are_dashed(show, story_of):
    trust = '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}]}'
    opened = show(story_of([record(1), record(2, "UpdateAssumeRolePolicy", requestParameters={
        "roleName": "Admin", "policyDocument": trust})]))
    weak = opened.page.locator(".link.weak path")
    if not any(link["strength"] == "weak" for link in opened.story()["incident"]["links"]):
        pytest.skip("the incident tells no weak link")
    assert weak.first.evaluate("p => getComputedStyle(p).strokeDasharray") != "none"


def test_a_click_shows_the_record(sample, show):
    opened = show(sample)
    step = next(s for s in opened.story()["steps"] if s["event"] == "CreateUser")
    opened.page.locator("table.steps button", has_text="CreateUser").click()
    text = opened.page.locator("dialog pre").inner_text()
    assert f'"eventID": "{step["id"]}"' in text


def test_rows_are_filtered_sorted_paged_and_saved(show, story_of):
    records = [record(n, "CreateUser" if n < 10 else "GetUser", userAgent=f"=agent{n}") for n in range(450)]
    page = show(story_of(records)).page
    said = page.locator("section:has(table.steps) p[role=status]")
    assert said.inner_text() == "Rows 1 to 200 of 450"
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("button", name="Next page").click()
    assert said.inner_text() == "Rows 401 to 450 of 450"
    page.get_by_label("Filter").fill("createuser agent7")
    assert said.inner_text() == "Rows 1 to 1 of 1"
    page.get_by_label("Filter").fill("")
    page.get_by_label("only what alerts name").check()
    page.get_by_role("button", name="Time", exact=True).click()
    page.get_by_role("button", name="Time", exact=True).click()
    assert page.locator("table.steps tbody td").first.inner_text() == "2026-03-17T14:00:09Z"
    assert page.locator("th[aria-sort=descending]").inner_text() == "Time"
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save these rows").click()
    rows = list(csv.DictReader(open(saved.value.path(), newline="", encoding="utf-8")))
    assert [r["Agent"] for r in rows] == [f"'=agent{n}" for n in range(9, -1, -1)]


def test_no_incident(show, story_of):
    opened = show(story_of([record(1, "GetUser")]))
    assert opened.page.locator("h1").inner_text() == "No incident"
    assert opened.messages == []


def test_what_was_contained_is_told(sample, show, tmp_path):
    """As `trailwarden story` has it from the state: of one identity, with the way back."""
    record = ('"containment":[{"state":"contained","principal":"arn:aws:iam::111122223333:user/team/dana",'
              '"steps":[{"strategy":"deny-all","state":"done"}],"undo":"trailwarden release x"}]')
    marks = ('"marks":[{"principal":"arn:aws:iam::111122223333:user/team/dana","marked":true,"by":"ana",'
             '"at":"2026-03-17T15:00:00Z","reason":"key on a <b>paste site"}]')
    page = tmp_path / "contained.html"
    page.write_text(sample.read_text(encoding="utf-8").replace('"containment":null', record)
                    .replace('"marks":null', marks.replace("<", "\\u003c")), encoding="utf-8")
    opened = show(page)
    rows = opened.page.get_by_role("table", name="Containment, identity by identity").locator("tbody tr")
    assert [r.split("\t")[:2] for r in rows.evaluate_all("r => r.map(x => x.innerText)")] == [
        ["user dana", "contained"], ["user support-ro", "not contained"]]
    assert "trailwarden release x" in rows.first.inner_text()
    assert ("Marked as compromised by ana at 2026-03-17T15:00:00Z: key on a <b>paste site"
            in rows.first.inner_text())
    assert "1 identity is not contained." in opened.page.locator("main").inner_text()


def test_the_policy_says_what_it_leaves_out(sample, show):
    opened = show(sample)
    advice = opened.story()["advice"]
    part = opened.page.locator("section", has=opened.page.get_by_role("heading", name="Recommended policy"))
    left_out = part.get_by_role("table", name="Left out").locator("tbody tr td:first-child").all_inner_texts()
    assert left_out == [a["action"] for a in advice["excluded"]]
    for sentence in [*advice["refusals"], *advice["caveats"]]:
        assert sentence in part.inner_text()


def test_records_that_say_little_are_told(show, story_of):
    """Without time, id, address or key; of services, strangers and providers."""
    opened = show(story_of([{"eventName": "CreateUser", **more} for more in (
        {"userIdentity": {"type": "IAMUser", "principalId": "AIDAX", "userName": "x"}},
        {"userIdentity": {"type": "Root", "principalId": "111122223333", "accountId": "111122223333"}},
        {"userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "eventTime": "2026-03-17T14:00:00Z"},
        {"userIdentity": {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
         "sourceIPAddress": "2001:db8::7", "eventTime": "2026-03-17T14:00:00Z", "eventID": "__proto__"},
        {"userIdentity": {"type": "WebIdentityUser", "principalId": "repo:x", "userName": "repo:x"},
         "sourceIPAddress": "10.0.0.1", "awsRegion": "eu-west-1", "eventTime": "2026-03-17T14:00:00Z"})]))
    assert len(opened.data["stories"]) == 5
    for n in range(5):
        opened.page.locator("nav button").nth(n).click()
        opened.page.locator("table.steps tbody button").first.click()
        expect(opened.page.locator("dialog pre")).to_contain_text("CreateUser")
        opened.page.keyboard.press("Escape")
        expect(opened.page.locator("dialog")).to_have_count(0)
    assert (opened.messages, opened.refused()) == ([], [])


OTHER_RULE = """\
title: {title}
id: {id}
description: It matters.
level: high
logsource: {{{source}}}
detection:
  s: {{{field}: {value}}}
  condition: s
"""
FLOWS = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
         "log-status instance-id flow-direction\n"
         "5 111122223333 eni-0a1 10.0.1.5 198.51.100.9 51612 3333 6 12 4200 1773756000 1773756059 ACCEPT OK i-0abc egress\n"
         "5 111122223333 eni-0a1 203.0.113.4 10.0.1.5 40000 22 6 1 40 1773756001 1773756059 REJECT OK i-0abc ingress\n")
OTHERS = {
    "okta.json": {"uuid": "o1", "published": "2026-03-17T14:00:00.000Z", "eventType": "user.mfa.factor.deactivate",
                  "actor": {"id": "00u1", "type": "User", "alternateId": "dana@example.com", "displayName": "Dana"},
                  "client": {"ipAddress": "203.0.113.66"}, "outcome": {"result": "SUCCESS", "reason": "User reset it"},
                  "target": [{"id": "00u2", "type": "User", "alternateId": "eve@example.com"}]},
    "github.json": {"_document_id": "g1", "@timestamp": 1773756000000, "action": "repo.access", "actor": "octo",
                    "org": "acme", "repo": "acme/secrets", "visibility": "public"},
    "k8s.json": {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "k1", "verb": "list",
                 "requestReceivedTimestamp": "2026-03-17T14:00:00.000000Z", "stage": "ResponseComplete",
                 "user": {"username": "mallory"}, "sourceIPs": ["198.51.100.7"],
                 "objectRef": {"resource": "secrets", "namespace": "default"},
                 "responseStatus": {"code": 403, "reason": "Forbidden"}},
}


def test_steps_of_other_logs_say_what_they_are(show, tmp_path):
    """Of each: log, identity, outcome, target, the dot's words, and the record."""
    sources = (("okta", "product: okta, service: okta", "eventType", "user.mfa.factor.deactivate"),
               ("github", "product: github, service: audit", "action", "repo.access"),
               ("k8s", "product: kubernetes, service: audit", "verb", "list"),
               ("flow", "product: aws, service: vpcflow", "interface-id", "eni-0a1"))
    for n, (title, source, field, value) in enumerate(sources):
        (tmp_path / f"{title}.yml").write_text(OTHER_RULE.format(
            title=title, id=f"6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0b0{n}", source=source, field=field, value=value))
    logs = tmp_path / "logs"
    logs.mkdir()
    for name, record_ in OTHERS.items():
        (logs / name).write_text(json.dumps(record_))
    (logs / "flow.log").write_text(FLOWS)
    opened = show(scan(tmp_path / "story.html", *(a for s in sources for a in ("-r", tmp_path / f"{s[0]}.yml")),
                       *(logs / name for name in OTHERS), logs / "flow.log"))
    seen = {}
    for n in range(len(opened.data["stories"])):
        opened.page.locator("nav button").nth(n).click()
        heads = opened.texts("table.steps th")
        rows = opened.page.locator("table.steps tbody tr").evaluate_all(
            "rows => rows.map(r => [...r.cells].map(c => c.title))")
        for row in rows:
            cells = dict(zip(heads, row, strict=True))
            key = cells["Log"] + " " + cells["Call"]
            seen[key] = (cells["Identity"], cells["Outcome"], cells["What"], opened.texts(".deed text"))
        opened.page.locator("table.steps tbody button").first.click()
        seen[cells["Log"]] = json.loads(opened.page.locator("dialog pre").inner_text())
        opened.page.keyboard.press("Escape")
    assert seen.pop("VPC flow log")["dstaddr"] == "198.51.100.9"
    assert [seen.pop(log) for log in ("Okta", "GitHub", "Kubernetes")] == list(OTHERS.values())
    assert seen == {
        "Okta user.mfa.factor.deactivate": (
            "federated dana@example.com", "ok", "user eve@example.com", ["factor.deactivate"]),
        "GitHub repo.access": ("federated octo", "ok", "repository acme/secrets", ["repo.access"]),
        "Kubernetes list": ("federated mallory", "Forbidden", "secret default/(all)", ["list secret"]),
        "VPC flow log ACCEPT": ("instance i-0abc", "ok", "address 198.51.100.9:3333", ["flow ACCEPT", "flow REJECT"]),
        "VPC flow log REJECT": ("instance i-0abc", "REJECT", "port 22", ["flow ACCEPT", "flow REJECT"]),
    }
    assert (opened.messages, opened.refused()) == ([], [])
