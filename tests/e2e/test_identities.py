"""trailwarden identities: who acted, by risk, and the word of persons."""
import json

import pytest

from test_cli import lines, run

USER = "arn:aws:iam::111122223333:user/adminian"
ROLE = "arn:aws:iam::111122223333:role/NotebookHost"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A state that was told of two attacks."""
    folder = tmp_path_factory.mktemp("identities")
    state = folder / "state.db"
    for scenario in ("scarleteel", "coin-mining"):
        made = run("simulate", scenario, "--out", folder / scenario, "--format", "jsonl")
        scanned = run("scan", "--emit", "incidents", "--state", state, folder / scenario)
        assert made.returncode == scanned.returncode == 0, scanned.stderr
    return state


def identities(state, *options):
    done = run("identities", "--state", state, "--format", "jsonl", *options)
    assert done.returncode == 0, done.stderr
    return {i["principal"]: i for i in lines(done)}


def test_lists_by_risk(told):
    found = identities(told)
    assert list(found) == sorted(found, key=lambda p: -found[p]["risk"])
    assert found.keys() == {USER, ROLE, "arn:aws:iam::111122223333:user/ci-runner"}
    assert found[USER]["risk"] > found[ROLE]["risk"] > 0
    assert found[USER]["compromised"] and found[USER]["by"] == "risk"
    assert found[USER]["incidents"] == found[ROLE]["incidents"]
    assert all(i["containment"] is None and i["mark"] is None for i in found.values())


def test_risk_is_the_sum_of_its_signals(told):
    done = run("incidents", "--state", told, "--format", "jsonl")
    for incident in lines(done):
        points = sum(s["risk"] for s in incident["signals"])
        assert incident["risk"] == min(100, points)
        for actor in incident["actors"]:
            own = sum(s["risk"] for s in incident["signals"] if actor["id"] in s["actors"])
            principal = ROLE if "NotebookHost" in actor["name"] else actor["name"]
            if actor["events"]:
                assert identities(told)[principal]["risk"] == min(100, own)


def test_incidents_by_risk(told):
    newest = lines(run("incidents", "--state", told, "--format", "jsonl"))
    risky = lines(run("incidents", "--state", told, "--format", "jsonl", "--sort", "risk"))
    assert len({i["risk"] for i in newest}) == 2
    assert risky == sorted(newest, key=lambda i: -i["risk"])
    text = run("incidents", "--state", told, "--format", "text", "--sort", "risk").stdout.decode()
    assert [int(line.split()[0]) for line in text.splitlines()] == [i["risk"] for i in risky]
    assert run("incidents", "--state", told, "--sort", "name").returncode == 2


def test_a_word_goes_before_the_risk(told, tmp_path):
    state = tmp_path / "copy.db"
    state.write_bytes(told.read_bytes())
    session = "arn:aws:sts::111122223333:assumed-role/NotebookHost/anything"
    assert run("identities", "--state", state, "--compromised", session, "--reason", "seen\x1b[1m",
               "--by", "ana").returncode == 0
    assert run("identities", "--state", state, "--clear", USER).returncode == 0
    found = identities(state)
    assert found[ROLE]["compromised"] and found[ROLE]["by"] == "mark"
    assert found[ROLE]["mark"]["by"] == "ana" and found[ROLE]["mark"]["at"]
    assert not found[USER]["compromised"] and found[USER]["mark"]["marked"] is False
    said = run("identities", "--state", state, "--format", "text").stdout
    assert b"compromised by ana: seen" in said and b"\x1b" not in said and b"cleared" in said
    incident = next(i for i in lines(run("incidents", "--state", state, "--format", "jsonl"))
                    if i["id"] in found[ROLE]["incidents"])
    assert {m["principal"]: m["marked"] for m in incident["marks"]} == {ROLE: True, USER: False}
    whole = run("incidents", "--state", state, "--format", "text", incident["id"]).stdout.decode()
    assert f"compromised {ROLE}, says ana: seen" in whole and f"cleared {USER}, says " in whole
    story = json.loads(run("story", "--state", state, "--incident", incident["id"], "--format", "json").stdout)
    assert story["stories"][0]["marks"] == incident["marks"]
    assert run("identities", "--state", state, "--clear", ROLE).returncode == 0
    assert not identities(state)[ROLE]["compromised"]


def test_story_takes_the_word_too(told, tmp_path):
    state = tmp_path / "copy.db"
    state.write_bytes(told.read_bytes())
    assert run("story", "--state", state, "--compromised", ROLE).returncode == 0
    assert identities(state)[ROLE]["by"] == "mark"
    assert run("story", "--state", state, f"--clear={ROLE}").returncode == 0
    assert not identities(state)[ROLE]["compromised"]


def test_marks_whom_no_incident_names(told, tmp_path):
    state = tmp_path / "copy.db"
    state.write_bytes(told.read_bytes())
    other = "arn:aws:iam::444455556666:user/eve"
    assert run("identities", "--state", state, "--compromised", other).returncode == 0
    assert identities(state)[other]["incidents"] == []


@pytest.mark.parametrize("arguments,said", [
    (["--compromised", "dana"], "no ARN"),
    (["--clear", "arn:aws:s3:::bucket"], "no ARN"),
    (["--compromised", USER, "--clear", USER], "do not go together"),
    (["--compromised", USER, "--reason", "x" * 501], "at most 500 bytes"),
    (["someone"], "takes no argument"),
])
def test_usage(told, tmp_path, arguments, said):
    state = tmp_path / "copy.db"
    state.write_bytes(told.read_bytes())
    done = run("identities", "--state", state, *arguments)
    assert done.returncode == 2 and said in done.stderr.decode()


def test_needs_a_state(tmp_path):
    done = run("identities", cwd=tmp_path)
    assert done.returncode == 2 and json.dumps(done.stderr.decode())
