"""trailwarden simulate: objects as CloudTrail would write them, and one incident of each scenario."""
import gzip
import json
import re

import pytest

from support import dynamodb_local, function
from test_cli import lines, run

KEY = re.compile(
    r"AWSLogs/(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/"
    r"\1_CloudTrail_\2_\3\4\5T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz")

OKTA_KEY = re.compile(
    r"okta/(\d{4})/(\d\d)/(\d\d)/(\d\d)/okta-1-\1-\2-\3-\4-\d\d-\d\d-[A-Za-z0-9]{16}\.gz")
FLOW_KEY = re.compile(
    r"AWSLogs/(\d{12})/vpcflowlogs/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/"
    r"\1_vpcflowlogs_\2_fl-[A-Za-z0-9]+_\3\4\5T\d{4}Z_[A-Za-z0-9]{16}\.log\.gz")

# Who acts in each scenario, in the order in which they appear, by the end of what their actor is
# called; and what of theirs must be among the incident's resources.
SCENARIOS = {
    "scarleteel": (["assumed-role/NotebookHost/*", "user/adminian"], ["aws_support"]),
    "snapshot-exfiltration": (["user/deploy-bot", "assumed-role/DataPipeline/*"],
                              ["shop-export", "snap-", "ami-", "example-shop-exports"]),
    "coin-mining": (["user/ci-runner"], ["sg-", "i-"]),
    "rds-leak": (["user/reporting", "assumed-role/DatabaseAdmin/*"], ["tmp-1", "customers"]),
    "ses-abuse": (["user/wordpress-media", "user/ses-relay"], ["ses-relay"]),
    "s3-ransomware": (["user/backup-upload"], ["example-shop-orders"]),
    "user-b": (["user/user-a", "user/user-b"], ["user-c", "user-d", "user-e"]),
    "okta-to-mining": (["erin@example.com", "assumed-role/Developer/*", "i-*"],
                       ["role/Developer", "i-"]),
}


def simulate(tmp_path, name, *options, folder="out"):
    return run("simulate", name, "--out", tmp_path / folder, "--format", "jsonl", *options)


def objects(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.gz"))}


def acted(incident):
    """Those who did events of the incident, by their first signal."""
    first = {}
    for signal in incident["signals"]:
        for actor in signal["actors"]:
            first.setdefault(actor, signal["first"])
    names = {a["id"]: a["name"] for a in incident["actors"] if a["events"]}
    return [names[a] for a in sorted((a for a in first if a in names), key=lambda a: first[a])]


def fits(name, pattern):
    return name.split(":")[-1].startswith(pattern[:-1]) if pattern.endswith("*") \
        else name.endswith(pattern)


def test_lists_all(tmp_path):
    listed = run("simulate", "--list")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.decode().splitlines()] == sorted(SCENARIOS)


@pytest.mark.parametrize("seed", ["1", "20260117"])
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_is_one_incident(tmp_path, name, seed):
    """All that the rules tell is one incident; it names who acted, in their order, the entry first,
    and what was touched; nobody of the ordinary day is in it."""
    done = simulate(tmp_path, name, "--seed", seed)
    assert done.returncode == 0, done.stderr
    *steps, summary = lines(done)
    assert summary["ordinary_alerts"] == 0
    [incident] = summary["incidents"]
    expected, touched = SCENARIOS[name]
    names = acted(incident)
    assert len(names) == len(expected) and all(map(fits, names, expected)), names
    began = [a["name"] for a in incident["actors"] if a["began"]]
    told = {a["name"] for a in incident["actors"]}
    assert began and not any("ana" in n or "collector" in n for n in told)
    resources = " ".join(str(r["name"]) for r in incident["resources"])
    assert all(t in resources for t in touched), resources
    found = [s for s in steps if s["detections"]]
    assert len(found) >= len(steps) / 2 and len(steps) - len(found) == summary["missed"]
    assert all(d["after_s"] >= 60 for s in steps for d in s["detections"])


@pytest.mark.parametrize("name", ["scarleteel", "ses-abuse", "user-b", "okta-to-mining"])
def test_function_tells_the_same_incident(tmp_path, name):
    """Object by object, late ones and copies too, the function comes to one incident as the scan."""
    done = simulate(tmp_path, name, "--invoke")
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    summary = lines(done)[-1]
    invoked = summary["invoked"]
    assert invoked["notifications"] == summary["objects"] and invoked["failed"] == 0
    assert len(invoked["incidents"]) == 1 and invoked["incident_messages"] >= 2
    assert invoked["alerts"] >= summary["alerts"] and 0 < invoked["first_incident_s"] < 3600


def test_keys_records_and_copies(tmp_path):
    """Keys are CloudTrail's, regions apart, records whole; some are delivered twice, some late."""
    done = simulate(tmp_path, "coin-mining")
    summary = lines(done)[-1]
    written = objects(tmp_path / "out")
    assert len(written) == summary["objects"]
    assert all(KEY.fullmatch(key) for key in written)
    records, ids = [], set()
    for key, body in written.items():
        in_it = json.loads(gzip.decompress(body))["Records"]
        assert in_it and {r["awsRegion"] for r in in_it} == {KEY.fullmatch(key)[2]}
        records += in_it
        ids |= {r["eventID"] for r in in_it}
    assert len(ids) == summary["records"] and len(records) == len(ids) + summary["twice"]
    assert summary["twice"] > 0
    assert {r["awsRegion"] for r in records} >= {"eu-west-1", "us-east-1", "us-west-2"}
    assert all("${" not in json.dumps(r) for r in records)


def test_objects_of_other_logs(tmp_path):
    """Okta's and flow logs' objects beside CloudTrail's, with ordinary ones among them; the attack's
    flows are found by their ids."""
    done = simulate(tmp_path, "okta-to-mining")
    *steps, summary = lines(done)
    written = objects(tmp_path / "out")
    okta = {k: gzip.decompress(v) for k, v in written.items() if k.startswith("okta/")}
    flows = {k: gzip.decompress(v).decode() for k, v in written.items() if "/vpcflowlogs/" in k}
    assert all(OKTA_KEY.fullmatch(k) for k in okta) and all(FLOW_KEY.fullmatch(k) for k in flows)
    assert {k for k in written if KEY.fullmatch(k)} == written.keys() - okta.keys() - flows.keys()
    records = [json.loads(line)["detail"] for body in okta.values() for line in body.splitlines()]
    assert {r["actor"]["alternateId"] for r in records} == {"erin@example.com", "ana@example.com"}
    assert len({body.splitlines()[0] for body in flows.values()}) == 1
    rows = [dict(zip(*map(str.split, (body.splitlines()[0], line))))
            for body in flows.values() for line in body.splitlines()[1:]]
    assert {r["dstport"] for r in rows} == {"23", "443", "3333", "5432"}
    assert all(int(r["end"]) - int(r["start"]) == 59 for r in rows)
    assert not any("${" in str(r) for r in records + rows)
    [mining] = [s for s in steps if s["action"] == "vpcflow:ACCEPT"]
    assert mining["count"] == 5 and len(mining["detections"]) == 2
    assert summary["missed"] == 3


def test_same_seed_same_bytes(tmp_path):
    for folder, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert simulate(tmp_path, "user-b", "--seed", seed, folder=folder).returncode == 0
    a, b, c = (objects(tmp_path / f) for f in "abc")
    assert a == b and a.keys() != c.keys()


def test_start_and_noise(tmp_path):
    done = simulate(tmp_path, "rds-leak", "--start", "2026-02-03T23:58:00Z", "--noise", "0")
    steps, summary = lines(done)[:-1], lines(done)[-1]
    assert steps[0]["time"] == "2026-02-03T23:58:00Z"
    assert summary["records"] == sum(s["count"] for s in steps)
    days = {KEY.fullmatch(k)[5] for k in objects(tmp_path / "out")}
    assert days == {"04"}


@pytest.mark.parametrize("arguments,said", [
    (["nobody-knows", "--out", "x"], "there is no scenario nobody-knows"),
    (["background", "--out", "x"], "there is no scenario background"),
    (["user-b"], "needs a scenario and --out"),
    (["user-b", "--out", "x", "--noise", "many"], "--noise is no number"),
    (["user-b", "--out", "/proc/none/x"], "--out /proc/none/x"),
])
def test_usage(tmp_path, arguments, said):
    done = run("simulate", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_takes_an_empty_folder_only(tmp_path):
    (tmp_path / "out").mkdir()
    assert simulate(tmp_path, "user-b", "--noise", "0").returncode == 0
    again = simulate(tmp_path, "user-b", "--noise", "0")
    assert again.returncode == 2 and "not empty" in again.stderr.decode()


def test_real_function_tells_one_incident(tmp_path, stage):
    """bootstrap itself, the objects in S3, the table in DynamoDB; its messages go nowhere."""
    key = stage.moto.admin.get_credentials()
    env = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": stage.moto.url,
           "AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key,
           "TRAILWARDEN_TABLE": dynamodb_local.make_table(stage.moto.client("dynamodb"))}
    done = run("simulate", "user-b", "--out", tmp_path / "out", "--format", "jsonl", "--noise",
               "20", "--invoke", "--bucket", stage.bucket, "--bootstrap",
               function.build_dir() / "bin" / "bootstrap", env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    summary = lines(done)[-1]
    invoked = summary["invoked"]
    assert invoked["notifications"] == summary["objects"] and invoked["failed"] == 0
    assert len(invoked["incidents"]) == 1 and invoked["alerts"] >= summary["alerts"]
    stored = stage.s3.list_objects_v2(Bucket=stage.bucket)["Contents"]
    assert {o["Key"] for o in stored} == {"simulated/" + k for k in objects(tmp_path / "out")}
    assert stage.messages() == []
