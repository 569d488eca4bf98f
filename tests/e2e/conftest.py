"""Fixtures of the end-to-end tests. Servers listen on free loopback ports and are stopped by pid;
nothing here starts before a test asks for it."""
import json
import os
import subprocess
from pathlib import Path

import pytest

from support import dynamodb_local, function
from support.fake_aws import FakeAws
from support.moto import Moto, Stage
from support.runtime_api import RuntimeApi

# The longest of all, begun first so that no worker of pytest has one left when the rest is done.
LONG = ("test_static.py", "test_flow.py", "test_template.py", "test_contain_rails.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto") / "log")
    yield server
    server.close()


@pytest.fixture
def stage(moto):
    return Stage(moto)


@pytest.fixture
def start(stage, tmp_path):
    """Starts the function with a Runtime API of its own: start(rules=..., VARIABLE=value or None).
    At the end, what holds whatever the test: the function kept to the Runtime API's contract, wrote
    nothing beside itself, and let no secret of its own into its log or its answers."""
    running = []

    def begin(rules=function.RULES, **settings):
        root = function.lay_out(tmp_path / f"task{len(running)}", rules)
        api = RuntimeApi()
        try:
            env = function.environment(root, api.address, stage.credentials, **{
                "AWS_ENDPOINT_URL": stage.moto.url, "TRAILWARDEN_TOPIC_ARN": stage.topic,
                **settings})
            running.append(function.Function(root, env, api))
        except BaseException:
            api.close()
            raise
        return running[-1]

    yield begin
    for f in running:
        f.close()
        f.api.close()
    for f in running:
        assert f.api.violations == []
        assert f.new_files() == []
        said = "\n".join(f.lines) + json.dumps(f.api.answers())
        assert not any(secret in said for secret in f.secrets())


@pytest.fixture(scope="session")
def shared():
    """The folder of optional data; tests that need it are skipped where it is not."""
    path = Path(os.environ.get("TRAILWARDEN_SHARED", function.ROOT / ".." / "shared")).resolve()
    if not path.is_dir():
        pytest.skip(f"{path} is not there; TRAILWARDEN_SHARED may name it")
    return path


@pytest.fixture
def fake_aws():
    server = FakeAws()
    yield server
    server.close()


@pytest.fixture(scope="session")
def dynamodb(tmp_path_factory):
    """Amazon's DynamoDB Local; tests that need it are skipped where it cannot be fetched."""
    try:
        dynamodb_local.libraries()
    except (OSError, subprocess.SubprocessError) as e:
        pytest.skip(f"DynamoDB Local could not be fetched: {e}")
    server = dynamodb_local.DynamoDbLocal(tmp_path_factory.mktemp("dynamodb") / "log")
    yield server
    server.close()
