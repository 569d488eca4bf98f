"""trailwarden simulate: objects as CloudTrail would write them, and one incident of each scenario."""
import gzip
import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import dynamodb_local, function
from support.strict_lambda import StrictLambda
from support.terminal import Terminal
from test_cli import BINARY, lines, run

KEY = re.compile(
    r"AWSLogs/(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/"
    r"\1_CloudTrail_\2_\3\4\5T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz")

OKTA_KEY = re.compile(
    r"okta/(\d{4})/(\d\d)/(\d\d)/(\d\d)/okta-1-\1-\2-\3-\4-\d\d-\d\d-[A-Za-z0-9]{16}\.gz")
OTHER_KEY = re.compile(
    r"(kubernetes|github)/(\d{4})/(\d\d)/(\d\d)/(\d\d)/(shop-)?audit-\2-\3-\4-\5-\d\d-\d\d-[A-Za-z0-9]{16}"
    r"\.json(\.log)?\.gz")
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
    "pod-to-bucket": (["shop:cart", "assumed-role/CartExports/*"], ["role/CartExports", "example-shop-exports"]),
    "workflow-to-admin": (["kim-example", "assumed-role/OrdersDeploy/*", "user/orders-backup"],
                          ["orders-backup", "example-shop-trail"]),
    "okta-to-mining": (["erin@example.com", "assumed-role/Developer/*", "i-*"],
                       ["role/Developer", "i-"]),
}


def simulate(tmp_path, name, *options, folder="out"):
    return run("simulate", name, "--out", tmp_path / folder, "--format", "jsonl", *options)


def objects(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.gz"))}


def stored_as(key):
    """In a bucket: not with the end that a deployed function is notified of."""
    return "simulated/" + re.sub(r"\.json\.gz$", ".gz", key)


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


@pytest.mark.parametrize("name", ["scarleteel", "ses-abuse", "user-b", "okta-to-mining", "pod-to-bucket",
                                  "workflow-to-admin"])
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


@pytest.mark.parametrize("name, folder, who, seen", [
    ("pod-to-bucket", "kubernetes", lambda r: r["user"]["username"],
     {"system:serviceaccount:shop:cart", "ana@example.com",
      "system:node:ip-10-0-7-21.eu-west-1.compute.internal",
      "system:serviceaccount:kube-system:deployment-controller"}),
    ("workflow-to-admin", "github", lambda r: r["actor"], {"kim-example", "erin-example"})])
def test_lines_of_other_logs(tmp_path, name, folder, who, seen):
    """A record a line, as the logs' products write them, those of the ordinary day among them."""
    assert simulate(tmp_path, name).returncode == 0
    written = objects(tmp_path / "out")
    theirs = {k: gzip.decompress(v) for k, v in written.items() if k.startswith(f"{folder}/")}
    assert theirs and all(OTHER_KEY.fullmatch(k) for k in theirs)
    assert {k for k in written if KEY.fullmatch(k)} == written.keys() - theirs.keys()
    records = [json.loads(line) for body in theirs.values() for line in body.splitlines()]
    assert {who(r) for r in records} == seen
    assert not any("${" in str(r) for r in records)


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
    (["user-b", "--out", ""], "--out"),
    (["user-b", "--out", "x", "--bucket", "b"], "of --invoke"),
    (["user-b", "--out", "x", "--function", "f"], "of --invoke"),
    (["user-b", "--out", "x", "--invoke", "--function", "f"], "need --bucket"),
    (["user-b", "--out", "x", "--invoke", "--endpoint-url", "http://x"], "need --bucket"),
    (["user-b", "--out", "x", "--invoke", "--bootstrap", "b"], "need --bucket"),
    (["user-b", "--out", "x", "--invoke", "--bucket", "b", "--function", "f", "--rules", "r"],
     "not for --function"),
    (["user-b", "--out", "x", "--invoke", "--bucket", "b", "--function", "../f"],
     "no name of a function"),
    (["user-b", "--out", "x", "--format", "xml"], "--format"),
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
    assert {o["Key"] for o in stored} == set(map(stored_as, objects(tmp_path / "out")))
    assert stage.messages() == []


# ---- a deployed function ----

class Deployed:
    """A function in Lambda: bootstrap behind a strict front that takes Invoke calls for it."""

    def __init__(self, stage, start):
        self.stage = stage
        self.front = StrictLambda()
        key = stage.moto.admin.get_credentials()
        self.front.keys[key.access_key] = (key.secret_key, None, None)
        self.table = dynamodb_local.make_table(stage.moto.client("dynamodb"))
        stage.iam.put_role_policy(RoleName=stage.name, PolicyName="deployed", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject",
                 "Resource": f"arn:aws:s3:::{stage.bucket}/simulated/*"},
                {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}))
        self.env = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_LAMBDA": self.front.url,
                    "AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key}
        self.start = start

    def begin(self, **settings):
        self.front.functions["tw"] = self.start(
            rules=function.ROOT / "rules", TRAILWARDEN_TABLE=self.table, **settings)
        return self.front.functions["tw"]

    def arguments(self, out, noise="20"):
        return ("simulate", "user-b", "--out", out, "--format", "jsonl", "--noise", noise, "--invoke",
                "--bucket", self.stage.bucket, "--function", "tw", "--endpoint-url",
                self.stage.moto.url)

    def simulate(self, out, *options, **more):
        return run(*self.arguments(out, **more), *options, env=self.env)


@pytest.fixture
def deployed(stage, start):
    made = Deployed(stage, start)
    yield made
    made.front.close()


def test_deployed_function_says_what_it_found(tmp_path, stage, deployed):
    """The table is of what the function answers; it told its readers the same."""
    deployed.begin()
    done = deployed.simulate(tmp_path / "out")
    assert done.returncode == 0 and done.stderr == b"", done.stderr[-2000:]
    *steps, summary = lines(done)
    invoked = summary["invoked"]
    assert invoked["notifications"] == summary["objects"] and invoked["failed"] == 0
    first, *asked = deployed.front.asked()
    assert "self-test" in first["body"] and len(asked) == summary["objects"] and not any("refused" in e for e in asked)
    assert {json.loads(e["body"])["Records"][0]["s3"]["object"]["key"] for e in asked} == set(
        map(stored_as, objects(tmp_path / "out")))
    told = [m for _, m, _ in stage.messages()]
    alerts = {m["id"]: m for m in told if m["type"] == "alert"}
    assert len(alerts) == summary["alerts"] and summary["ordinary_alerts"] == 0
    assert {m["id"] for m in told if m["type"] == "incident"} == set(invoked["incidents"])
    assert invoked["alerts"] + invoked["incident_messages"] == len(told)
    found = {d["rule"] for s in steps for d in s["detections"]}
    assert found == {m["rule"]["title"] for m in alerts.values()} and len(found) > 5
    # Nobody's silence is watched for because of it.
    watched = deployed.front.functions["tw"].invoke({"trailwarden": {"action": "watch", "minutes": 1}})
    assert watched.answer == {"ok": True, "watched": 0, "silent": 0}


def test_what_the_function_does_not_alert_is_not_found(tmp_path, deployed):
    """The rules of this machine know more; what counts is what the function says."""
    deployed.begin(TRAILWARDEN_MIN_LEVEL="critical")
    *steps, summary = lines(deployed.simulate(tmp_path / "out"))
    levels = {d["level"] for s in steps for d in s["detections"]}
    rules = {d["rule"] for s in steps for d in s["detections"]}
    assert levels == {"critical"} and summary["alerts"] == len(rules) == 2


def test_again_finds_the_same(tmp_path, stage, deployed):
    """The second run is told nothing anew, and its steps are found all the same."""
    deployed.begin()
    begin = ("--start", time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(time.time() - 7200)))
    *first, summary = lines(deployed.simulate(tmp_path / "a", *begin))
    *second, again = lines(deployed.simulate(tmp_path / "b", *begin))
    assert summary["alerts"] > 5 and again["alerts"] == 0 and again["invoked"]["incidents"] == []
    assert [bool(s["detections"]) for s in first] == [bool(s["detections"]) for s in second]


def test_function_that_cannot_read_the_bucket(tmp_path, deployed):
    """Each object's failure is told, and the table is empty."""
    deployed.begin(TRAILWARDEN_BUCKETS="another-bucket")
    done = deployed.simulate(tmp_path / "out", noise="0")
    summary = lines(done)[-1]
    assert summary["invoked"]["failed"] == summary["objects"] and summary["alerts"] == 0
    assert done.returncode == 1
    assert b"its bucket is not among TRAILWARDEN_BUCKETS" in done.stderr


def test_no_such_function(tmp_path, deployed):
    done = deployed.simulate(tmp_path / "out")
    assert done.returncode == 4 and done.stdout == b""
    assert b"Invoke" in done.stderr and b"Function not found" in done.stderr
    assert not (tmp_path / "out").exists() and "Contents" not in deployed.stage.s3.list_objects_v2(
        Bucket=deployed.stage.bucket)


def test_no_such_bucket(tmp_path, deployed):
    deployed.front.functions["tw"] = "never called"
    deployed.stage.bucket = "nobody-has-made-it"
    done = deployed.simulate(tmp_path / "out")
    assert done.returncode == 4 and done.stdout == b""
    assert b"nobody-has-made-it" in done.stderr and len(deployed.front.asked()) == 1


@pytest.mark.parametrize("answer,said", [
    ('{"ok":true,"objects":1}', b"does not answer what it found"),
    ('{"findings":[{"type":"hit","level":"low"}]}', b"names no rule"),
    ('{"findings":[{"type":"incident","id":"x"}]}', b"without an id"),
    ('{"findings":[],"findings_cut":true}', b"more findings than"),
    ("no JSON", b"does not answer what it found"),
])
def test_answer_of_something_else(tmp_path, deployed, answer, said):
    deployed.front.functions["tw"] = answer
    done = deployed.simulate(tmp_path / "out")
    assert done.returncode == 4 and said in done.stderr and done.stdout == b""


def test_what_a_function_says_reaches_the_terminal_escaped(tmp_path, deployed):
    deployed.front.functions["tw"] = RuntimeError("\x1b[31mred")
    done = deployed.simulate(tmp_path / "out")
    assert done.returncode == 1 and b"\x1b" not in done.stderr and b"\\x1B[31mred" in done.stderr


def test_interrupted_between_two_calls(tmp_path, deployed):
    """What is under way is waited for, nothing more is called, and no table is made up."""
    process = None
    calls = []

    def answer():
        calls.append(1)
        if len(calls) == 3:
            process.send_signal(signal.SIGINT)
        return '{"findings":[]}'

    deployed.front.functions["tw"] = answer
    process = subprocess.Popen([BINARY, *deployed.arguments(tmp_path / "out")], env=deployed.env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b"" and len(calls) == 3


def test_interrupted_with_bootstrap(tmp_path, stage):
    """bootstrap is ended with the program: it is no orphan that waits for ever."""
    key = stage.moto.admin.get_credentials()
    env = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": stage.moto.url,
           "AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key}
    process = subprocess.Popen(
        [BINARY, "simulate", "user-b", "--out", tmp_path / "out", "--format", "jsonl", "--invoke",
         "--bucket", stage.bucket, "--bootstrap", function.build_dir() / "bin" / "bootstrap"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.readline()  # bootstrap's first line of log
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b""
    assert len(children) == 1 and not Path(f"/proc/{children[0]}").exists()


def test_progress_on_a_terminal(tmp_path, deployed):
    deployed.front.functions["tw"] = '{"findings":[]}'
    terminal = Terminal([BINARY, *map(str, deployed.arguments(tmp_path / "out"))], deployed.env)
    assert terminal.end() == 0
    assert re.search(r"\d+ of \d+ notifications", terminal.seen), terminal.seen
