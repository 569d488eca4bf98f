"""sam, cfn-lint and checkov, each in a Python of its own under build/: their requirements agree
neither with each other's nor with the tests'."""
import hashlib
import json
import os
import subprocess
import sys

from support.alone import alone
from support.function import ROOT

PINS = ROOT / "tests" / "e2e" / "template"
FETCH_SECONDS = 900
QUIET = {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1", "NO_COLOR": "1"}
# SAM's own transformation, which Lambda applies when a stack is made; s3:// stands for the package.
TRANSLATE = """
import json, sys
from cfnlint.decode.cfn_yaml import load
from samtranslator.translator.transform import transform
class Managed:
    def load(self):
        return {}
template = json.loads(json.dumps(load(sys.argv[1])))
for r in template["Resources"].values():
    if r["Type"] == "AWS::Serverless::Function":
        r["Properties"]["CodeUri"] = "s3://packages/trailwarden"
json.dump(transform(template, {}, Managed()), sys.stdout)
"""


def programs(name):
    """The folder of programs of tests/e2e/template/<name>.txt, installed once. OSError or
    SubprocessError when they cannot be."""
    folder, pins = ROOT / "build" / f"venv-{name}", PINS / f"{name}.txt"
    want, mark = hashlib.sha256(pins.read_bytes()).hexdigest(), folder / ".requirements"
    with alone(f"venv-{name}"):
        if not mark.exists() or mark.read_text() != want:
            install(folder, pins)
            mark.write_text(want)
    return folder / "bin"


def install(folder, pins):
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True,
                   capture_output=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--no-deps",
                    "--disable-pip-version-check", "-r", pins], check=True,
                   capture_output=True, timeout=FETCH_SECONDS)


def run(name, program, *arguments, cwd=ROOT):
    return subprocess.run([programs(name) / program, *map(str, arguments)], cwd=cwd,
                          env={**os.environ, **QUIET}, capture_output=True, text=True, timeout=300)


def sam_validate(template):
    return run("sam", "sam", "validate", "--lint", "--region", "eu-west-1", "--template", template)


def cfn_lint(*templates):
    return run("sam", "cfn-lint", "--regions", "eu-west-1", "--template", *templates)


def translated(template, path):
    """Writes to path what SAM makes of the template."""
    done = run("sam", "python", "-c", TRANSLATE, template)
    assert done.returncode == 0, done.stderr
    path.write_text(done.stdout)


def checkov(*templates):
    """{"passed": n, "failed": [...], "skipped": [...]}, of checks as (id, resource)."""
    files = [argument for t in templates for argument in ("--file", t)]
    done = run("checkov", "checkov", "--framework", "cloudformation", "--skip-download",
               "--output", "json", *files)
    report = json.loads(done.stdout)
    reports = report if isinstance(report, list) else [report]
    assert not any(r["results"]["parsing_errors"] for r in reports), report

    def named(what):
        return sorted((c["check_id"], c["resource"].rpartition(".")[2])
                      for r in reports for c in r["results"][what])
    return {"passed": len(named("passed_checks")), "failed": named("failed_checks"),
            "skipped": named("skipped_checks")}
