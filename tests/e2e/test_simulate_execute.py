"""trailwarden simulate --execute, against moto with IAM enforced: what is made is removed again,
whatever ends the program. moto knows no boundaries of users: here the inline denial is what keeps
what was made from being used."""
import os
import signal
import subprocess
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from support.counting_proxy import CountingProxy
from support.moto import MOTO_ACCOUNT, REGION, Moto
from support.processes import LOOPBACK
from support.terminal import Terminal
from test_cli import BINARY, lines, run

pytestmark = pytest.mark.timeout(300)

SCENARIOS = ["coin-mining", "okta-to-mining", "pod-to-bucket", "rds-leak", "s3-ransomware", "scarleteel",
             "ses-abuse", "snapshot-exfiltration", "user-b", "workflow-to-admin"]
ELSEWHERE = ("scarleteel", "okta-to-mining", "pod-to-bucket", "workflow-to-admin")  # begin otherwise
DONE, UNREADABLE, USAGE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 4, 5, 130
WRITES = {"CreateUser", "PutUserPolicy", "CreateAccessKey", "AttachUserPolicy",
          "CreateLoginProfile", "CreateRole", "PutRolePolicy", "AttachRolePolicy"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto") / "log", MOTO_IAM_LOAD_MANAGED_POLICIES="true")
    yield server
    server.close()


class UnkindProxy(CountingProxy):
    """answers: action -> answers, one a call, (status, code); signals: number of a call -> what
    is done at it."""

    def __init__(self, cloud):
        self.answers, self.at = {}, {}
        super().__init__(cloud.url, cloud.url)

    def send(self, method, path, headers, body):
        form = urllib.parse.parse_qs(body.decode(errors="replace"))
        action = form.get("Action", [""])[0]
        self.at.pop(action, lambda: None)()
        if self.answers.get(action):
            status, code = self.answers[action].pop(0)
            return status, [], (f"<ErrorResponse><Error><Code>{code}</Code><Message>scripted"
                                "</Message></Error></ErrorResponse>").encode()
        return super().send(method, path, headers, body)


@pytest.fixture
def proxy(cloud):
    server = UnkindProxy(cloud)
    yield server
    server.close()


class Operator:
    def __init__(self, cloud, folder):
        self.cloud, self.folder = cloud, folder
        self.iam = cloud.client("iam")
        key = cloud.admin.get_credentials()
        self.env = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": cloud.url, "PATH": os.environ["PATH"],
                    "AWS_ACCESS_KEY_ID": key.access_key,
                    "AWS_SECRET_ACCESS_KEY": key.secret_key}

    def arguments(self, scenario, *more):
        return ["simulate", scenario, "--execute", "--account", MOTO_ACCOUNT, "--format", "jsonl",
                "--journal", str(self.folder / "journal"), *more]

    def execute(self, scenario, *more, confirm=MOTO_ACCOUNT):
        more = ("--confirm", confirm, *more) if confirm else more
        return run(*self.arguments(scenario, *more), env=self.env, cwd=self.folder,
                   stdin=subprocess.DEVNULL)

    def clean_up(self, **env):
        return run("simulate", "--clean-up", self.folder / "journal", env={**self.env, **env})

    def start(self, scenario):
        return subprocess.Popen([BINARY, *self.arguments(scenario, "--confirm", MOTO_ACCOUNT)],
                                env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def there(self):
        """Users and roles of simulations."""
        names = [u["UserName"] for u in self.iam.list_users()["Users"]] + [
            r["RoleName"] for r in self.iam.list_roles()["Roles"]]
        return [n for n in names if n.startswith("trailwarden-sim-")]


@pytest.fixture
def operator(cloud, tmp_path):
    operator = Operator(cloud, tmp_path)
    assert operator.there() == []
    yield operator
    for name in operator.there():  # of a test that failed
        operator.clean_up()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_scenario_leaves_nothing(operator, scenario):
    done = operator.execute(scenario)
    *steps, summary = lines(done)
    assert done.returncode in (DONE, UNREADABLE), done.stderr
    # moto does not know these, or not their signature.
    assert {s["action"] for s in steps if s["state"] == "failed"} <= {
        "lambda:ListFunctions20150331", "lambda:GetFunction20150331v2",
        "servicequotas:ListServiceQuotas", "ses:GetAccount"}, steps
    assert all(s["why"] for s in steps if s["state"] == "not executed")
    assert all(s["request"] or s["action"].startswith("lambda") for s in steps
               if s["state"] == "done"), steps
    assert summary["left"] == 0 and operator.there() == []
    assert steps[0]["action"] == "sts:GetCallerIdentity" or scenario in ELSEWHERE


def test_made_users_may_nothing_and_their_key_is_used(operator):
    *steps, summary = lines(operator.execute("user-b"))
    by_key = [s for s in steps if s["key_of"]]
    assert [s["action"] for s in by_key if s["state"] == "done"] == ["sts:GetCallerIdentity"]
    assert len(by_key) == 10 and all(s["code"] == "AccessDenied" for s in by_key[1:])
    made = (operator.folder / "journal").read_text().splitlines()
    assert made[0].split()[2:] == [summary["run"], MOTO_ACCOUNT, "aws"]
    assert [line.split()[0] for line in made[1:]] == [
        "user", "user-denied", "user", "user-denied", "key", "user-policy"]
    again = operator.clean_up()
    assert again.returncode == DONE and b"all of 6 things" in again.stdout


def test_interrupted_in_the_middle(operator, proxy):
    operator.env["AWS_ENDPOINT_URL"] = proxy.url
    process = operator.start("user-b")
    proxy.at["CreateAccessKey"] = lambda: os.kill(process.pid, signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert "CreateAccessKey" in proxy.calls and "AttachUserPolicy" not in proxy.calls
    assert operator.there() == []
    assert b"it was not come to" in said or b'"not executed"' in out


def test_killed_at_each_call_that_makes(operator, proxy):
    """Before the call was made and behind it; then another process removes what there is, twice."""
    operator.env["AWS_ENDPOINT_URL"] = proxy.url
    for scenario in ("ses-abuse", "snapshot-exfiltration"):
        (operator.folder / "journal").unlink(missing_ok=True)
        proxy.calls.clear()
        assert operator.execute(scenario).returncode in (DONE, UNREADABLE)
        calls = list(proxy.calls)
        numbers = [i for i, c in enumerate(calls, 1) if c in WRITES]
        assert len(numbers) >= 3
        for number in numbers:
            for made in (False, True):
                where = (scenario, number, calls[number - 1], made)
                (operator.folder / "journal").unlink()
                proxy.calls.clear()
                process = operator.start(scenario)
                proxy.kill_at(process.pid, number, made)
                process.communicate(timeout=60)
                assert process.returncode == -signal.SIGKILL, where
                assert not made or operator.there(), where
                for _ in range(2):
                    done = operator.clean_up()
                    assert done.returncode == DONE, (where, done.stderr)
                    assert operator.there() == [], where


def test_denied_in_the_middle(operator, proxy):
    operator.env["AWS_ENDPOINT_URL"] = proxy.url
    proxy.answers["CreateAccessKey"] = [(403, "AccessDenied")]
    done = operator.execute("user-b")
    *steps, summary = lines(done)
    assert done.returncode == UNREADABLE and operator.there() == []
    [key] = [s for s in steps if s["action"] == "iam:CreateAccessKey"]
    assert (key["state"], key["code"]) == ("failed", "AccessDenied")
    assert {s["why"] for s in steps if s["key_of"]} == {"its key could not be made"}


def test_nothing_is_given_to_whom_nothing_could_be_denied(operator, proxy):
    operator.env["AWS_ENDPOINT_URL"] = proxy.url
    proxy.answers["PutUserPolicy"] = [(403, "AccessDenied")]
    done = operator.execute("ses-abuse")
    assert done.returncode == FAILED and b"could not be denied" in done.stderr
    assert not {"CreateAccessKey", "AttachUserPolicy"} & set(proxy.calls)
    assert operator.there() == []


def test_throttled(operator, proxy):
    operator.env["AWS_ENDPOINT_URL"] = proxy.url
    proxy.answers = {action: [(400, "Throttling")] for action in
                     ("CreateUser", "CreateAccessKey", "DeleteUser")}
    done = operator.execute("user-b")
    assert done.returncode == DONE, done.stderr
    assert operator.there() == []


def test_what_cannot_be_removed_is_named(operator, proxy):
    operator.env["AWS_ENDPOINT_URL"] = proxy.url
    proxy.answers["DeleteUser"] = [(403, "AccessDenied")] * 4
    done = operator.execute("user-b")
    assert done.returncode == FAILED and lines(done)[-1]["left"] == 2
    assert done.stderr.count(b"not removed: user of trailwarden-sim-") == 2
    assert b"simulate --clean-up" in done.stderr and len(operator.there()) == 2
    proxy.answers.clear()
    assert operator.clean_up().returncode == DONE and operator.there() == []


def test_is_confirmed_by_the_account(operator):
    wrong = operator.execute("user-b", confirm="111122223333")
    assert wrong.returncode == REFUSED and b"nothing was done" in wrong.stderr
    nobody = operator.execute("user-b", confirm=None)
    assert nobody.returncode == USAGE and b"--confirm" in nobody.stderr
    other = run("simulate", "user-b", "--execute", "--account", "111122223333", "--confirm",
                MOTO_ACCOUNT, env=operator.env, cwd=operator.folder)
    assert other.returncode == REFUSED and b"not of 111122223333" in other.stderr
    for typed, code in (("yes", REFUSED), (MOTO_ACCOUNT, DONE)):
        terminal = Terminal([BINARY, *operator.arguments("user-b")], operator.env)
        terminal.expect("Type the account's id")
        terminal.type(typed)
        assert terminal.end() == code, terminal.seen
    assert operator.there() == []


class Root(BaseHTTPRequestHandler):
    """STS for the root of an account."""

    def do_POST(self):
        self.server.forms.append(self.rfile.read(int(self.headers["Content-Length"])))
        body = (f"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::"
                f"{MOTO_ACCOUNT}:root</Arn><UserId>{MOTO_ACCOUNT}</UserId><Account>{MOTO_ACCOUNT}"
                "</Account></GetCallerIdentityResult></GetCallerIdentityResponse>").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_without_credentials_it_says_so(operator):
    del operator.env["AWS_SECRET_ACCESS_KEY"], operator.env["AWS_ACCESS_KEY_ID"]
    operator.env["AWS_EC2_METADATA_DISABLED"] = "true"
    done = operator.execute("user-b")
    assert done.returncode == USAGE and b"no AWS credentials" in done.stderr


def test_root_is_refused(operator):
    server = ThreadingHTTPServer((LOOPBACK, 0), Root)
    server.forms = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        operator.env["AWS_ENDPOINT_URL"] = f"http://{LOOPBACK}:{server.server_port}"
        done = operator.execute("user-b")
        assert done.returncode == REFUSED and b"root: refused" in done.stderr
        assert len(server.forms) == 1
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("journal", [
    "", "trailwarden-sim 1 trailwarden-sim-0a1b2c3d 123456789012\n",
    "trailwarden-sim 1 trailwarden-sim-0a1b2c3d 123456789012 aws\nuser admin\n",
    "trailwarden-sim 1 trailwarden-sim-0a1b2c3d 123456789012 aws\nuser trailwarden-sim-0a1b2c3dx\n",
])
def test_a_journal_names_nothing_but_its_own(operator, journal):
    (operator.folder / "journal").write_text(journal)
    done = operator.clean_up()
    assert done.returncode == FAILED, done.stderr
    assert "admin" in [u["UserName"] for u in operator.iam.list_users()["Users"]]


@pytest.mark.parametrize("arguments,said", [
    (["user-b", "--execute"], "--account ID"),
    (["user-b", "--execute", "--account", "1", "--out", "x"], "writes no --out"),
    (["user-b", "--out", "x", "--confirm", "1"], "are of --execute"),
    (["user-b", "--execute", "--account", "12345678901x"], "twelve digits"),
    (["nobody", "--execute", "--account", "123456789012"], "there is no scenario nobody"),
    (["--clean-up", "nowhere"], "nowhere"),
])
def test_usage(tmp_path, arguments, said):
    done = run("simulate", *arguments, cwd=tmp_path)
    assert done.returncode == USAGE and said in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []
