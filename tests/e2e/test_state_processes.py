"""Promise P1 with nothing pretended: tests/model's random schedules, of windows and of lineages, played
by six processes over a store that they share. A third of the deliveries is killed with SIGKILL, at a
call or at any other moment, and comes again; in the end claims and incidents are what the definition
says, and all is told.

STATE_RUNS (default 4) schedules of each a store, from seed STATE_SEED (default 1) on."""
import os
import re
import subprocess

import pytest

from support.function import build_dir

RUNS = int(os.environ.get("STATE_RUNS", "4"))
SEED = int(os.environ.get("STATE_SEED", "1"))
PLAYS = ("windows", "lineages")
SECONDS = 60  # of one schedule; mostly waiting for the next delivery


def play(what, env, store):
    done = subprocess.run([build_dir() / "unit" / "model", "--play", what, "--store", store,
                           "--runs", str(RUNS), "--seed", str(SEED)], env=env, text=True,
                          capture_output=True, timeout=RUNS * SECONDS)
    assert done.returncode == 0, f"from seed {SEED} on: {done.stdout}{done.stderr}"
    died, deliveries = (int(re.search(rf"(\d+) {word}", done.stdout)[1])
                        for word in ("died", "deliveries"))
    assert died > 0 and deliveries > died
    return done.stdout


@pytest.mark.timeout(RUNS * SECONDS)
@pytest.mark.parametrize("what", PLAYS)
def test_killed_processes_lose_nothing_in_a_file(what, tmp_path):
    play(what, {}, tmp_path / "state.db")


@pytest.mark.timeout(RUNS * SECONDS)
@pytest.mark.parametrize("what", PLAYS)
def test_killed_processes_lose_nothing_in_dynamodb(what, dynamodb):
    play(what, dynamodb.environment(), "dynamodb:" + dynamodb.make_table())
