"""`bootstrap`, started the way Lambda starts it."""
import json
import os
import shutil
import subprocess
from pathlib import Path

from support.processes import stop, wait_until

ROOT = Path(__file__).resolve().parents[3]
RULES = Path(__file__).resolve().parents[1] / "rules"


def build_dir():
    return Path(os.environ.get("TRAILWARDEN_BUILD", ROOT / "build" / "gcc"))


def lay_out(task_root, rules=RULES, bootstrap=None):
    """The function's package: bootstrap (if no other, the one just built) and its rules, nothing
    writable."""
    bootstrap = bootstrap or build_dir() / "bin" / "bootstrap"
    assert bootstrap.exists(), f"{bootstrap} is missing: run scripts/build"
    task_root.mkdir()
    shutil.copy(bootstrap, task_root / "bootstrap")
    if rules:
        shutil.copytree(rules, task_root / "rules")
    for path in [*task_root.rglob("*"), task_root]:
        path.chmod(0o555 if path.is_dir() or path.name == "bootstrap" else 0o444)
    return task_root


def environment(task_root, api_address, credentials, **settings):
    """What Lambda documents that a custom runtime finds in its environment, and our settings; None
    takes a variable out."""
    env = {
        "AWS_LAMBDA_RUNTIME_API": api_address, "_HANDLER": "bootstrap",
        "LAMBDA_TASK_ROOT": str(task_root), "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": "trailwarden", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/trailwarden",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/03/17/[$LATEST]0123456789abcdef",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
        "LANG": "en_US.UTF-8", "TZ": ":UTC", "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": "/lib64:/usr/lib64:/var/runtime:/var/task:/opt/lib",
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        **settings,
    }
    return {name: value for name, value in env.items() if value is not None}


class Function:
    """The running process; its standard output is what CloudWatch would get. command: what to start
    if it is not bootstrap itself."""

    def __init__(self, task_root, env, api, command=None):
        self.api, self.env = api, env
        self._root, self._files = task_root, set(task_root.rglob("*"))
        self._log_path = task_root.with_suffix(".log")
        with open(self._log_path, "wb") as log:
            self.process = subprocess.Popen(
                command or [task_root / "bootstrap"], cwd=task_root, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    @property
    def lines(self):
        """What was logged so far."""
        return self._log_path.read_bytes().decode().split("\n")[:-1]

    def invoke(self, payload, deadline_s=30, **more):
        invocation = self.api.submit(payload, deadline_s, **more)
        wait_until(lambda: invocation.done.is_set() or self.process.poll() is not None, 30,
                   "an answer")
        assert invocation.done.is_set(), f"bootstrap ended: {self.lines}"
        return invocation

    def logs(self, invocation=None):
        """Log lines as JSON, or those of one invocation, without metrics; all of them, once the
        function waits for work again."""
        return [x for x in self._json_lines(invocation) if "_aws" not in x]

    def metrics(self, invocation=None):
        """The lines that CloudWatch makes metrics of."""
        return [x for x in self._json_lines(invocation) if "_aws" in x]

    def _json_lines(self, invocation):
        if self.process.poll() is None:
            wait_until(lambda: self.api.waiting or self.process.poll() is not None, 10,
                       "bootstrap asks for work")
        lines = [json.loads(line) for line in self.lines]
        return [x for x in lines if invocation is None or x.get("requestId") == invocation.id]

    def exit_code(self, seconds=10):
        return self.process.wait(seconds)

    def peak_bytes(self):
        """The most memory the process ever held at once."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    def cpu_seconds(self):
        """User and system time so far (proc(5), stat: fields 14 and 15)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def new_files(self):
        """What was written into the package's folder, which is read-only on Lambda."""
        return sorted(set(self._root.rglob("*")) - self._files)

    def secrets(self):
        return [self.env["AWS_SECRET_ACCESS_KEY"], self.env["AWS_SESSION_TOKEN"]]

    def close(self):
        stop(self.process)
