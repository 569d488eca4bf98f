"""bin/aws_driver (tests/conformance/aws_driver.c): one client of ours, in a process of its own, that
makes the calls tests ask for. Tests import the fixtures."""
import json
import subprocess

import pytest

from support.function import build_dir
from support.processes import stop
from support.strict_aws import KEY, SECRET, StrictAws

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"


class Driver:
    """One client in a process of its own."""

    def __init__(self, env):
        self.process = subprocess.Popen([build_dir() / "bin" / "aws_driver"], env=env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.said = []

    def __call__(self, op, **arguments):
        self.process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self.process.stdin.flush()
        self.said.append(self.process.stdout.readline())
        return json.loads(self.said[-1])

    def get(self, key, bucket="logs", **more):
        return self("get", bucket=bucket, key=key, **more)

    def gets(self, *keys):
        """One after the other, the next ahead: what each brought."""
        return self("gets", bucket="logs", keys=keys)["objects"]

    def publish(self, **changed):
        return self("publish", **({"arn": TOPIC, "id": "id-1", "subject": "Subject", "text": "text",
                                   "json": '{"a":1}', "attributes": {"level": "high"}} | changed))

    def close(self):
        self.process.stdin.close()
        try:
            assert self.process.wait(10) == 0  # also: the sanitizers found nothing
        finally:
            stop(self.process)


@pytest.fixture
def aws():
    server = StrictAws()
    yield server
    server.close()


@pytest.fixture
def drive(aws, tmp_path):
    """drive(NAME=value or None...) starts a driver; with the stub's key unless told otherwise."""
    drivers = []

    def begin(**env):
        usual = {"AWS_ENDPOINT_URL": aws.url, "AWS_REGION": "eu-west-1", "HOME": str(tmp_path),
                 "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                 "AWS_EC2_METADATA_DISABLED": "true"}
        drivers.append(Driver({k: v for k, v in (usual | env).items() if v is not None}))
        return drivers[-1]

    yield begin
    for d in drivers:
        d.close()
        for secret, token, _ in aws.keys.values():
            assert not any(secret in line or (token and token in line) for line in d.said)
