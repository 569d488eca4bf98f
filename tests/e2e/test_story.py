"""Golden stories: of attacks that were really made, who did what with whose credentials, as their
records tell it. Numbers in brackets are the promises of docs/design.md that a test proves."""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from test_cli import ROOT, record, run, write_log

SHARED = Path(os.environ.get("TRAILWARDEN_SHARED", ROOT.parent / "shared")) / "corpus"
pytestmark = pytest.mark.timeout(60)
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)


def read(page):
    return json.loads(DATA.search(page.read_text(encoding="utf-8")).group(1))


def stories(tmp_path, *arguments):
    page = tmp_path / "story.html"
    done = run("scan", "--report", page, "-o", os.devnull, *arguments)
    assert done.returncode in (0, 1), done.stderr
    return read(page)["stories"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """corpus(name): its stories; each is read once."""
    known = {}

    def tell(name):
        if not (SHARED / name).is_dir():
            pytest.skip(f"the corpus {name} is not beside the project (../shared/corpus)")
        if name not in known:
            known[name] = stories(tmp_path_factory.mktemp(name), SHARED / name)
        return known[name]

    return tell


def by(found, name, call):
    """The one story that this identity began and that has this call."""
    fits = [s for s in found if any(e["event"].startswith(call) for e in s["steps"])
            and any(a["began"] and name in a["name"] for a in s["incident"]["actors"])]
    assert len(fits) == 1, [s["incident"]["summary"] for s in fits]
    return fits[0]


def names(story):
    return [(a["kind"], a["name"].split("/")[-1], a["began"]) for a in story["incident"]["actors"]]


def links(story):
    return sorted((link["type"], link["strength"], link["to"].split("/")[0])
                  for link in story["incident"]["links"])


def test_a_user_raises_himself_and_makes_a_second_key(corpus):
    """SANS-504's jmerckle: 37 calls from one address; refused, then allowed, then with a new key."""
    story = by(corpus("sans504"), "jmerckle", "PutUserPolicy")
    steps = story["steps"]
    assert len(steps) == 37 and {s["ip"] for s in steps} == {"3.238.12.183"}
    assert names(story) == [("user", "jmerckle", True)]
    assert links(story) == [("created", "certain", "key")]
    keys = [s["key"][-4:] for s in steps]
    assert [k for n, k in enumerate(keys) if n == 0 or keys[n - 1] != k] == ["3F6J", "XYHJ", "3F6J"]
    lists = [s.get("error") for s in steps if s["event"] == "ListBuckets"]
    assert lists == ["AccessDenied", None]  # before PutUserPolicy, and after
    made = next(s for s in steps if s["event"] == "CreateAccessKey")
    assert story["incident"]["links"][0]["event"] == made["id"] and made["t"].endswith("13:10:42Z")
    assert "AKIAU7JNXC7K7XNL3F6J of user jmerckle" in story["answers"]["entry"]
    assert "from 3.238.12.183" in story["answers"]["entry"]
    assert "user jmerckle" in story["answers"]["credentials"]
    assert [t["principal"].split("/")[-1] for t in story["todo"]] == ["jmerckle"]
    advice = story["advice"]  # all but the first call, which needs no permission, are an intruder's
    assert advice["document"] is None and advice["actions"] == [] and len(advice["refusals"]) >= 1
    assert "iam:PutUserPolicy" in {a["action"] for a in advice["excluded"]}


def test_credentials_of_an_instance_are_used_elsewhere(corpus):
    """OTRF: what the role on an instance may do, done by somebody else, on objects of a bucket."""
    story = by(corpus("otrf"), "i-0317f6c6b66ae9c40", "GetObject")
    assert [a["kind"] for a in story["incident"]["actors"]] == ["workload"]
    assert {s["ip"] for s in story["steps"]} == {"1.2.3.4"}
    assert story["answers"]["entry"].startswith("Credentials of the role on an instance")
    assert ("bucket", "mordors3stack-s3bucket-llp2yingx64a") in {(t["type"], t["name"]) for t in story["touched"]}
    assert story["todo"][0]["principal"].endswith(":role/MordorNginxStack-BankingWAFRole-9S3E0UAE1MM0")


def test_a_role_is_opened_to_another_account(corpus):
    """stratus iam-backdoor-role: a trust policy names somebody else; nobody is known to have come."""
    story = by(corpus("stratus"), "christophe", "UpdateAssumeRolePolicy")
    assert links(story) == [("opened", "weak", "role"), ("trusts", "weak", "account")]
    assert story["answers"]["resources"].startswith("1 resource: shared 1. Sensitive: role stratus-red-team-backdoor")


def test_an_administrator_is_made(corpus):
    """stratus iam-create-admin-user: user, policy and key in one second; the user comes first."""
    story = by(corpus("stratus"), "christophe", "CreateUser")
    assert names(story) == [("user", "christophe", True), ("user", "malicious-iam-user", False)]
    assert [s["event"] for s in story["steps"]] == ["CreateUser", "CreateAccessKey", "AttachUserPolicy"]
    assert ("created", "certain", "user") in links(story)
    assert "user malicious-iam-user with key AKIA" in story["answers"]["credentials"]


def test_a_function_is_opened(corpus):
    """stratus lambda-backdoor-function: anybody may call it."""
    story = by(corpus("stratus"), "christophe", "AddPermission")
    assert [(s["event"][:13], s["access"]) for s in story["steps"]] == [("AddPermission", "shared")]


def test_an_assumed_role_is_a_lane_of_its_own(corpus):
    """stratus organizations-leave: the user is refused as the role that he assumed."""
    story = by(corpus("stratus"), "christophe", "LeaveOrganization")
    kinds = {a["id"]: a["kind"] for a in story["incident"]["actors"]}
    lanes = [(kinds[s["actor"]], s["event"], s.get("error")) for s in story["steps"]]
    assert ("session", "LeaveOrganization", "AccessDenied") in lanes
    assert ("user", "AssumeRole", None) in lanes
    assert ("issued", "certain", "session") in links(story)


# ---- what holds without the corpora ----------------------------------------------------------------

def user(name, number):
    return {"type": "IAMUser", "principalId": f"AIDAEXAMPLE{number}", "userName": name,
            "arn": f"arn:aws:iam::111122223333:user/{name}", "accountId": "111122223333",
            "accessKeyId": f"AKIAEXAMPLE{number}"}


def test_it_reads_what_is_compressed_and_names_its_hash(tmp_path):
    log = write_log(tmp_path / "logs/a.json.gz", record(1, userIdentity=user("dana", 1)))
    page = tmp_path / "story.html"
    assert run("scan", "--report", page, log).returncode == 0
    hashed = subprocess.run(["sha256sum", log], capture_output=True, text=True).stdout.split()[0]
    assert [(f["name"], f["sha256"], f["records"]) for f in read(page)["files"]] == [(str(log), hashed, 1)]


def test_alerts_are_told_as_without_it(tmp_path):
    plain = run("scan", "--format", "jsonl", ROOT / "samples")
    told = run("scan", "--format", "jsonl", "--report", tmp_path / "x.html", ROOT / "samples")
    assert (told.stdout, told.returncode) == (plain.stdout, plain.returncode)


def test_a_broken_object_is_named_and_the_rest_is_told(tmp_path):
    """[P2]"""
    write_log(tmp_path / "logs/a.json", record(1, userIdentity=user("dana", 1)))
    (tmp_path / "logs/b.json.gz").write_bytes(b"\x1f\x8bno gzip")
    page = tmp_path / "story.html"
    done = run("scan", "--report", page, tmp_path / "logs")
    assert done.returncode == 1 and done.stderr.count(b"b.json.gz") == 1
    data = read(page)
    assert [f["sha256"] is None for f in data["files"]] == [False, True]
    assert len(data["stories"][0]["steps"]) == 1


@pytest.mark.parametrize("arguments, says", [
    (["--emit", "matches"], b"--report tells incidents"),
    (["--learn", "--state", "x.db"], b"--learn tells nothing"),
])
def test_what_makes_no_report_is_refused(tmp_path, arguments, says):
    done = run("scan", "--report", "x.html", *arguments, ROOT / "samples", cwd=tmp_path)
    assert done.returncode == 2 and says in done.stderr
    assert list(tmp_path.iterdir()) == []


# ---- trailwarden story -----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def remembered(tmp_path_factory):
    """A state that has the demo's incident, and its id."""
    state = tmp_path_factory.mktemp("state") / "s.db"
    told = run("scan", "--emit", "incidents", "--state", state, "--format", "jsonl", ROOT / "samples")
    return state, json.loads(told.stdout.splitlines()[-1])["id"]


def story(remembered, *arguments):
    state, incident = remembered
    return run("story", "--incident", incident, "--state", state, *arguments)


def test_a_story_of_a_state_is_that_of_a_scan(remembered, tmp_path):
    page = tmp_path / "story.html"
    assert story(remembered, "--from", ROOT / "samples", "-o", page).returncode == 0
    told, scanned = read(page)["stories"][0], stories(tmp_path, ROOT / "samples")[0]
    assert told["steps"] and [s["id"] for s in told["steps"]] == [s["id"] for s in scanned["steps"]]
    assert told["answers"] == scanned["answers"] and told["touched"] == scanned["touched"]
    assert told["containment"] == [] and scanned["containment"] is None
    assert told["advice"] == scanned["advice"] and told["advice"]["principal"].endswith(":user/dana")


def test_without_logs_it_tells_what_alerts_kept(remembered):
    done = story(remembered, "--format", "json")
    told = json.loads(done.stdout)["stories"][0]
    assert done.returncode == 0 and len(told["steps"]) > 40
    assert all(s["recalled"] and "raw" not in s for s in told["steps"])
    assert "CreateLoginProfile" in {s["event"] for s in told["steps"]}


def test_its_policy_is_that_of_the_command(remembered, tmp_path):
    advice = stories(tmp_path, ROOT / "samples")[0]["advice"]
    told = run("policy", advice["principal"], "--from", ROOT / "samples", "--since", advice["since"], "--format", "json")
    assert {**json.loads(told.stdout), "since_by": None} == {**advice, "since_by": None}
    assert "iam:CreateUser" in {a["action"] for a in advice["excluded"]}


def test_as_text(remembered, tmp_path):
    text = story(remembered, "--from", ROOT / "samples", "--format", "text").stdout.decode()
    (tmp_path / "empty").mkdir()
    kept = story(remembered, "--from", tmp_path / "empty", "--format", "text")
    assert kept.returncode == 0 and b"there is no log file in the paths" in kept.stderr
    assert re.search(r"^  entry +Long-lived access key AKIA\w+ of user dana; .* from 192\.0\.2\.200", text, re.M)
    assert re.search(r"^  user support-ro, created by dana at 03-17T14:04:26$", text, re.M)
    assert re.search(r"^    03-17T14:07:37 \* RunInstances  refused: Client.VcpuLimitExceeded$", text, re.M)


def test_shared_it_names_nobody(remembered, tmp_path):
    """[P7] Neither in the page nor in its text, of both commands."""
    page = tmp_path / "scan.html"
    run("scan", "--report", page, "--redact", "-o", os.devnull, ROOT / "samples")
    shared = [story(remembered, "--from", ROOT / "samples", "--redact", "--format", form).stdout.decode()
              for form in ("html", "text", "json")]
    for text in [page.read_text(), *shared]:
        assert "CreateLoginProfile" in text
        text = text.split("</script>\n<script>")[0]  # the viewer has examples in its comments
        for secret in ("dana", "support-ro", "111122223333", "198.51.100.77", "AKIAIOSFODNN7EXAMPLE",
                       "AKIAI44QH8DHBEXAMPLE", "ops-trail", "snap-0e42f2c00df54e818"):
            assert secret not in text


@pytest.mark.parametrize("arguments, says", [
    ([], b"name an incident"), (["--incident", "x"], b"no incident's id"),
    (["--incident", "0" * 32, "samples"], b"logs are named by --from"),
    (["--incident", "0" * 32], b"knows no incident"),
])
def test_what_is_no_story_is_refused(remembered, arguments, says):
    done = run("story", "--state", remembered[0], *arguments)
    assert done.returncode == 2 and says in done.stderr
