"""Promise P1 with nothing pretended: tests/model's random schedules, played by six processes over a
store that they share. A third of the deliveries is killed with SIGKILL, at a call or at any other
moment, and comes again; in the end the claims are what the definition says, and all is told.

STATE_RUNS (default 4) schedules a store, from seed STATE_SEED (default 1) on."""
import os
import re
import subprocess

import pytest

from support.function import build_dir

RUNS = int(os.environ.get("STATE_RUNS", "4"))
SEED = int(os.environ.get("STATE_SEED", "1"))
SECONDS = 60  # of one schedule; mostly waiting for the next delivery


def play(env, store):
    done = subprocess.run([build_dir() / "unit" / "model", "--store", store, "--runs", str(RUNS),
                           "--seed", str(SEED)], env=env, text=True, capture_output=True,
                          timeout=RUNS * SECONDS)
    assert done.returncode == 0, f"from seed {SEED} on: {done.stdout}{done.stderr}"
    died, deliveries = (int(re.search(rf"(\d+) {word}", done.stdout)[1])
                        for word in ("died", "deliveries"))
    assert died > 0 and deliveries > died
    return done.stdout


@pytest.mark.timeout(RUNS * SECONDS)
def test_killed_processes_lose_nothing_in_a_file(tmp_path):
    play({}, tmp_path / "state.db")


@pytest.mark.timeout(RUNS * SECONDS)
def test_killed_processes_lose_nothing_in_dynamodb(dynamodb):
    play(dynamodb.environment(), "dynamodb:" + dynamodb.make_table())
