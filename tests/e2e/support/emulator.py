"""AWS's own emulator of the Runtime API, aws-lambda-rie, as it lies in the aws-sam-cli wheel."""
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from support.function import ROOT
from support.processes import LOOPBACK, free_port, listening, stop, wait_until

MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
REQUIREMENTS = ROOT / "tests" / "e2e" / "emulator-requirements.txt"
INVOKE = "/2015-03-31/functions/function/invocations"


def binary():
    """The emulator's path, fetched once into build/. OSError or SubprocessError when it cannot."""
    name = "aws-lambda-rie-" + MACHINES.get(platform.machine(), "none")
    path = ROOT / "build" / "emulator" / name
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                        "--require-hashes", "--disable-pip-version-check", "-d", folder,
                        "-r", REQUIREMENTS], check=True, capture_output=True, timeout=120)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive, open(Path(folder) / name, "wb") as out:
            with archive.open(f"samcli/local/rapid/{name}") as packed:
                shutil.copyfileobj(packed, out)
        os.chmod(Path(folder) / name, 0o755)
        os.rename(Path(folder) / name, path)
    return path


class Emulator:
    """Runs bootstrap below the emulator; `output` is what both have written."""

    def __init__(self, task_root, env, log_path, timeout_s=20):
        api, front = free_port(), free_port()
        self.url = f"http://{LOOPBACK}:{front}{INVOKE}"
        self.log_path = log_path
        env = {**env, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s)}
        del env["AWS_LAMBDA_RUNTIME_API"]  # the emulator sets it
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(
                [binary(), "--log-level", "error", "--runtime-api-address", f"{LOOPBACK}:{api}",
                 "--runtime-interface-emulator-address", f"{LOOPBACK}:{front}",
                 task_root / "bootstrap"],
                cwd=task_root, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: listening(front), 10, "the emulator listens")
        except BaseException:
            self.close()
            raise

    def invoke(self, payload):
        request = urllib.request.Request(self.url, data=json.dumps(payload).encode())
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as failed:  # 502 when the function did not even start
            answer = failed
        with answer:
            return json.loads(answer.read())

    @property
    def output(self):
        return Path(self.log_path).read_text()

    def close(self):
        stop(self.process)
