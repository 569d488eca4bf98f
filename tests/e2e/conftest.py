"""Fixtures of the end-to-end tests. Servers listen on free loopback ports and are stopped by pid;
nothing here starts before a test asks for it."""
import os
from pathlib import Path

import pytest

from support import function
from support.moto import Moto, Stage
from support.runtime_api import RuntimeApi


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto") / "log")
    yield server
    server.close()


@pytest.fixture
def stage(moto):
    return Stage(moto)


@pytest.fixture
def runtime_api():
    """A Runtime API; the test fails if the runtime broke the contract."""
    api = RuntimeApi()
    yield api
    api.close()
    assert api.violations == []


@pytest.fixture
def start(stage, runtime_api, tmp_path):
    """Starts the function: start(rules=..., ENVIRONMENT_VARIABLE=value or None). What it must never
    do, whatever the test, is checked at the end: let a secret of its own out."""
    running = []

    def begin(rules=function.RULES, **env):
        root = function.lay_out(tmp_path / f"task{len(running)}", rules)
        env.setdefault("AWS_ENDPOINT_URL", stage.moto.url)
        env.setdefault("TRAILWARDEN_TOPIC_ARN", stage.topic)
        running.append(function.Function(root, function.environment(
            root, runtime_api.address, stage.credentials, env.pop("AWS_ENDPOINT_URL"),
            env.pop("TRAILWARDEN_TOPIC_ARN"), **env), runtime_api))
        return running[-1]

    yield begin
    for f in running:
        f.close()
        for secret in f.secrets():
            assert not any(secret in line for line in f.lines)


@pytest.fixture(scope="session")
def shared():
    """The folder of optional data; tests that need it are skipped where it is not."""
    path = Path(os.environ.get("TRAILWARDEN_SHARED", function.ROOT / ".." / "shared")).resolve()
    if not path.is_dir():
        pytest.skip(f"{path} is not there; TRAILWARDEN_SHARED may name it")
    return path
