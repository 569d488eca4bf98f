"""trailwarden incidents: what a state remembers, listed and told in full."""
import json

import pytest

from test_cli import lines, record, run, write_log

MEDIUM = """\
title: Somebody looked
id: 6f3b2f6e-6c1a-4f0e-9d53-0d6b0e4f0a11
level: medium
logsource: {product: aws, service: cloudtrail}
detection:
  s: {eventName: LookupEvents}
  condition: s
"""
HIGH = MEDIUM.replace("looked", "stopped it").replace("0a11", "0a12").replace(
    "medium", "high").replace("LookupEvents", "StopLogging")


def user(name):
    return {"type": "IAMUser", "principalId": f"AIDA{name.upper()}XXXXXXXXXXXX",
            "arn": f"arn:aws:iam::111122223333:user/{name}"}


@pytest.fixture
def told(tmp_path):
    """A state that remembers what a scan told: dana on the 17th, erin the day after."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yml").write_text(MEDIUM)
    (tmp_path / "rules/b.yml").write_text(HIGH)
    write_log(tmp_path / "logs/a.json", record(1, userIdentity=user("dana")),
              record(2, eventName="LookupEvents", eventTime="2026-03-18T09:00:00Z",
                     userIdentity=user("erin")))
    state = tmp_path / "state.db"
    scanned = run("scan", "-r", tmp_path / "rules", "--emit", "incidents", "--state", state,
                  tmp_path / "logs")
    assert scanned.returncode == 0
    return state, tmp_path / "rules", sorted(lines(scanned), key=lambda i: i["first"])


def incidents(told, *arguments, **options):
    state, rules, _ = told
    return run("incidents", "-r", rules, "--state", state, *arguments, **options)


def test_listed_as_they_were_told_newest_first(told):
    result = incidents(told)
    assert result.returncode == 0
    assert [i["id"] for i in lines(result)] == [i["id"] for i in reversed(told[2])]
    for now, then in zip(lines(result), reversed(told[2])):
        same = ("id", "level", "title", "first", "last", "summary", "accounts")
        assert {k: now[k] for k in same} == {k: then[k] for k in same}


def test_a_line_each_for_people(told):
    dana, erin = told[2]
    shown = incidents(told, "--format", "text").stdout.decode().splitlines()
    assert shown == [
        f"2026-03-18T09:00:00Z  2026-03-18T09:00:00Z  medium         {erin['id']}  "
        "Somebody looked: erin",
        f"2026-03-17T14:05:01Z  2026-03-17T14:05:01Z  high           {dana['id']}  "
        "Somebody stopped it: dana"]


@pytest.mark.parametrize("arguments, who", [
    (["--min-level", "high"], ["dana"]),
    (["--from", "2026-03-18"], ["erin"]),
    (["--to", "2026-03-17T23:00:00Z"], ["dana"]),
    (["--from", "2026-03-19"], []),
])
def test_those_asked_for(told, arguments, who):
    result = incidents(told, *arguments)
    assert result.returncode == 0
    assert [i["actors"][0]["name"].rpartition("/")[2] for i in lines(result)] == who
    assert (b"no such incident" in result.stderr) == (not who)


def test_one_in_full(told):
    dana = told[2][0]
    shown = incidents(told, "--format", "text", dana["id"]).stdout.decode()
    assert shown.startswith(f"[HIGH] Incident {dana['id']}\n")
    assert "arn:aws:iam::111122223333:user/dana" in shown and "203.0.113.7" in shown


def test_rules_that_are_gone_leave_times_and_level(told, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/a.yml").write_text(MEDIUM.replace("0a11", "0a19"))
    shown = run("incidents", "-r", tmp_path / "other", "--state", told[0], "--format", "text")
    assert shown.returncode == 0
    assert b"high           " + told[2][0]["id"].encode() in shown.stdout
    assert b"by rules that are not loaded" in shown.stdout


@pytest.mark.parametrize("arguments, sentence", [
    ([], "name a state with --state"),
    (["--state", "memory"], "memory holds nothing yet"),
    (["--state", "nobody.db"], "there is no such file"),
    (["--state", "STATE", "0123"], "0123 is no incident's id"),
    (["--state", "STATE", "0" * 32], "the state knows no incident " + "0" * 32),
    (["--state", "STATE", "--min-level", "loud"], "a level is"),
    (["--state", "STATE", "--format", "xml"], "xml is not available"),
])
def test_wrong_usage_says_what_is_right(told, arguments, sentence):
    state, rules, _ = told
    result = run("incidents", "-r", rules, *[state if a == "STATE" else a for a in arguments])
    assert result.returncode == 2 and result.stdout == b""
    assert sentence in result.stderr.decode()


def test_an_incident_that_joined_another_is_found_by_its_old_id(told, tmp_path):
    """The record of who made erin comes last: hers joins dana's, which is listed alone."""
    dana, erin = told[2]
    made = record(5, eventName="CreateUser", eventSource="iam.amazonaws.com",
                  eventTime="2026-03-17T14:30:00Z", userIdentity=user("dana"),
                  responseElements={"user": {"userId": user("erin")["principalId"],
                                             "userName": "erin", "arn": user("erin")["arn"]}})
    write_log(tmp_path / "late/a.json", made)
    assert run("scan", "-r", told[1], "--emit", "incidents", "--state", told[0],
               tmp_path / "late").returncode == 0
    [listed] = lines(incidents(told))
    assert (listed["id"], listed["joined"]) == (dana["id"], [erin["id"]])
    assert json.loads(incidents(told, erin["id"]).stdout)["id"] == dana["id"]
