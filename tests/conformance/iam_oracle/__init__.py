"""What IAM would say of a request, by two evaluators that share no code: evaluate.py here, and
@cloud-copilot/iam-simulate (AGPL-3.0, used by the tests alone, fetched by npm into build/)."""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[2] / "build" / "iam-oracle"
FETCH_SECONDS = 300  # 19 MB


def fetched():
    """The folder with it, filled once. OSError (no npm) or SubprocessError when that cannot be."""
    if FOLDER.is_dir():
        return FOLDER
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as folder:
        for name in ("package.json", "package-lock.json", "simulate.mjs"):
            shutil.copy(HERE / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                       check=True, capture_output=True, timeout=FETCH_SECONDS)
        shutil.copytree(folder, FOLDER.with_suffix(".new"), dirs_exist_ok=True)
    os.rename(FOLDER.with_suffix(".new"), FOLDER)
    return FOLDER


def simulate(simulations):
    """Its answers to a list of simulations."""
    shutil.copy(HERE / "simulate.mjs", fetched())
    lines = "".join(json.dumps(s) + "\n" for s in simulations)
    done = subprocess.run(["node", "simulate.mjs"], cwd=fetched(), input=lines.encode(),
                          capture_output=True, check=True, timeout=120)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(simulations)
    return answers
