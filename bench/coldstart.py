#!/usr/bin/env python3
"""How soon `bootstrap` is there, beside other functions: 30 rounds, the programs by turns.

    scripts/bench coldstart           BENCH_RUNS=60 scripts/bench coldstart

start        from exec to the first request for work, with 1,000 compiled rules
first alert  from exec to the first message published, with an invocation waiting: S3, DynamoDB and
             SNS behind TLS on loopback. Of Rust with AWS's SDK: to its answer, the object read

Each as fast as the machine can (in the foreground of whatever else runs on it, where that is
allowed) and, the second part too, with the share of a core that a function of 128 MB has (a control
group, where that is allowed). bootstrap is the static one, if scripts/build --static has made it.
What is beside it is built from its registry (bench/peers); what cannot be is left out.
"""
import contextlib
import json
import os
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import _measure as m
from _loopback import Loopback, empty_table, published, reply

sys.path.insert(0, str(m.ROOT / "tests" / "e2e"))
from support import function, payloads, trail  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", "30"))
RULES = 1000
PERIOD_US, QUOTA_US = 20000, 1447  # 128 of the 1,769 MB that Lambda gives a whole core for
WAIT_S = 20
BUILD = m.ROOT / "build" / "peers"
PEERS = m.ROOT / "bench" / "peers"
AUTHORITIES = Path("/usr/share/ca-certificates/mozilla")
SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
KEYS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret", "SessionToken": "token"}

# ---- programs -----------------------------------------------------------------------------------


def built(what, command, folder, output, env=()):
    """The program, built; None, with a sentence, when it cannot be."""
    done = None
    if shutil.which(command[0]):
        done = subprocess.run(command, cwd=folder, env={**os.environ, **dict(env)},
                              capture_output=True, text=True)
    if done is None or done.returncode:
        why = done.stderr.strip().splitlines()[-1] if done else f"there is no {command[0]}"
        print(f"{what} is left out: {why}")
        return None
    return output


def peers():
    """Name -> program."""
    rust = BUILD / "rust"
    cargo = ["cargo", "build", "--release", "--locked"]
    target = {"CARGO_TARGET_DIR": str(rust)}
    found = {
        "Rust, empty": built("Rust", [*cargo, "-p", "empty"], PEERS / "rust",
                             rust / "release" / "empty", target),
        "Go, empty": built("Go", ["go", "build", "-trimpath", "-tags", "lambda.norpc", "-ldflags",
                                  "-s -w", "-o", str(BUILD / "go-empty"), "."], PEERS / "go",
                           BUILD / "go-empty", {"CGO_ENABLED": "0"}),
        "Rust, aws-sdk-s3": built("Rust with aws-sdk-s3", [*cargo, "-p", "s3"], PEERS / "rust",
                                  rust / "release" / "s3", target),
    }
    return {name: program for name, program in found.items() if program}


def bootstrap():
    static = m.ROOT / "build" / f"static-{os.uname().machine}" / "bin" / "bootstrap"
    if static.exists():
        return static
    print("there is no static bootstrap (scripts/build --static): the one with shared libraries is "
          "measured, which is slower")
    return m.BIN / "bootstrap"


def many_rules(folder, n):
    """n rules: the shipped ones about single events, again and again under other names."""
    texts = [p.read_text() for p in sorted((m.ROOT / "rules").rglob("*.yml"))
             if not p.name.endswith(".test.yml")]
    texts = [t for t in texts if "\ndetection:" in t and "\n---" not in t]
    folder.mkdir()
    for i in range(n):
        text = re.sub(r"(?m)^id: .*$", f"id: {uuid.UUID(int=i)}", texts[i % len(texts)])
        (folder / f"{i}.yml").write_text(re.sub(r"(?m)^name: .*\n", "", text))
    for p in (m.ROOT / "rules").glob("placeholders.yml"):
        shutil.copy(p, folder)


def compiled(folder, program, rules):
    """A function's folder: the program and the rules, compiled."""
    folder.mkdir()
    shutil.copy(program, folder / "bootstrap")
    (folder / "rules").mkdir()
    subprocess.run([m.BIN / "trailwarden", "rules", "compile", "-r", rules, "-o",
                    folder / "rules" / "rules.bundle"], stdout=subprocess.DEVNULL, check=True)
    return folder


def package(folder, program, n_rules):
    """The same with so many rules."""
    rules = folder.with_name(folder.name + "-rules")
    many_rules(rules, n_rules)
    return compiled(folder, program, rules)

# ---- one run ------------------------------------------------------------------------------------


class Quota:
    """A control group with the CPU of a function of 128 MB; usable tells whether it may be made."""

    def __init__(self):
        v1, v2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
        name = f"trailwarden-bench-{os.getpid()}"
        self.folder = (v1 if (v1 / "tasks").exists() else v2) / name
        self.usable = False
        with contextlib.suppress(OSError):
            self.folder.mkdir()
            if self.folder.parent == v1:
                (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self.folder / "cpu.cfs_quota_us").write_text(str(QUOTA_US))
            else:
                (self.folder / "cpu.max").write_text(f"{QUOTA_US} {PERIOD_US}")
            self.usable = True

    def enter(self):
        name = "tasks" if (self.folder / "tasks").exists() else "cgroup.procs"
        (self.folder / name).write_text(str(os.getpid()))

    def close(self):
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def in_front():
    """In front of everything else on the machine, if that is allowed: noise is not what is
    measured."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))


def in_line():
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class Stage:
    """A Runtime API, and S3, DynamoDB and SNS behind TLS. at: name of what happened -> when, in
    nanoseconds of the monotonic clock."""

    def __init__(self, tls):
        self.at = {}
        self.happened = threading.Condition()
        self.event = None  # the invocation that waits
        records = trail.packed([trail.record("StopLogging")])
        self.object = reply(records, content_type="binary/octet-stream", ETag='"1"')
        self.api = Loopback(self.runtime)
        self.aws = Loopback(self.services, tls)

    def note(self, what):
        now = time.monotonic_ns()
        with self.happened:
            self.at.setdefault(what, now)
            self.happened.notify_all()

    def wait(self, what, process):
        end = time.monotonic() + WAIT_S
        with self.happened:
            while what not in self.at:
                self.happened.wait(0.2)
                if process.poll() is not None or time.monotonic() > end:
                    sys.exit(f"no {what}: {process.args[0]} ended or took too long")
        return self.at[what]

    def runtime(self, request):
        if request.path.endswith("/next"):
            self.note("start")
            if self.event is None:
                time.sleep(WAIT_S)
                return None
            event, self.event = self.event, None
            return reply(event, Lambda_Runtime_Aws_Request_Id=str(uuid.uuid4()),
                         Lambda_Runtime_Deadline_Ms=int(time.time() * 1000) + 60000,
                         Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:eu-west-1:1:function:f")
        self.note("response" if request.path.endswith("/response") else "error")
        return reply(b'{"status":"OK"}', "202 Accepted")

    def services(self, request):
        if request.method == "GET":
            return self.object
        if "x-amz-target" in request.headers:
            return empty_table(request)
        self.note("alert")
        return published()

    def close(self):
        self.api.close()
        self.aws.close()


def start(program, env, quota):
    """(process, when it was executed)"""
    read, write = os.pipe()

    def last():
        if quota:
            in_line()
            quota.enter()
        os.write(write, time.monotonic_ns().to_bytes(8, "little"))

    process = subprocess.Popen([program], env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=last)
    at = int.from_bytes(os.read(read, 8), "little")
    os.close(read)
    os.close(write)
    return process, at


def resident_mib(process):
    line = re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    return int(line[1]) / 1024


def run_once(program, env, tls, until, event=None, quota=None):
    """(milliseconds from exec to `until`, resident memory then)"""
    stage = Stage(tls)
    stage.event = event
    program_env = {**env, "AWS_LAMBDA_RUNTIME_API": stage.api.address,
                   "AWS_ENDPOINT_URL": stage.aws.url}
    process, at = start(program, program_env, quota)
    try:
        took = (stage.wait(until, process) - at) / 1e6
        return took, resident_mib(process)
    finally:
        process.kill()
        process.wait()
        stage.close()

# ---- the whole ----------------------------------------------------------------------------------


def certificates(folder):
    """(context of a server on loopback, bundle with AWS's roots and its own, the system's and its
    own)"""
    (folder / "request").write_text(
        "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = more\n"
        "[name]\nCN = bench\n"
        "[more]\nsubjectAltName = IP:127.0.0.1\nbasicConstraints = CA:FALSE\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-config", folder / "request", "-keyout", folder / "key.pem", "-out",
                    folder / "cert.pem"], check=True, capture_output=True)
    own = (folder / "cert.pem").read_text()
    few = [p.read_text() for p in AUTHORITIES.glob("*.crt")
           if p.name.startswith(("Amazon_Root_CA", "Starfield_Services_Root"))]
    (folder / "few.pem").write_text("".join(few) + own)
    (folder / "all.pem").write_text(SYSTEM_BUNDLE.read_text() + own)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return tls, folder / "few.pem", folder / "all.pem"


def environment(folder, bundle, **more):
    return function.environment(folder, "", KEYS, TRAILWARDEN_TOPIC_ARN=TOPIC,
                                TRAILWARDEN_TABLE="windows", AWS_CA_BUNDLE=str(bundle), SSL_CERT_FILE=str(bundle),
                                AWS_LAMBDA_LOG_LEVEL="FATAL", **more)


def by_turns(cases):
    """Name -> milliseconds and MiB of each run; a case is the arguments of run_once."""
    seen = {name: [] for name in cases}
    for _ in range(RUNS):
        for name, case in cases.items():
            seen[name].append(run_once(*case))
    return seen


def summary(runs):
    times = [t for t, _ in runs]
    return {"median_ms": round(statistics.median(times), 2), "min_ms": round(min(times), 2),
            "max_ms": round(max(times), 2), "mib": round(max(mib for _, mib in runs), 1)}


def show(title, measured):
    print(f"{title}, {RUNS} runs by turns:")
    m.table(["program", "median ms", "least", "most", "MiB"],
            [[name, r["median_ms"], r["min_ms"], r["max_ms"], r["mib"]]
             for name, r in measured.items()])
    print()


def start_cases(few_rules, rules, others, bundle, tls):
    env = environment(rules, bundle)
    cases = {f"bootstrap, {RULES:,} rules": (rules / "bootstrap", env, tls, "start"),
             "bootstrap, 10 rules": (few_rules / "bootstrap", environment(few_rules, bundle), tls,
                                     "start")}
    return cases | {name: (program, env, tls, "start") for name, program in others.items()}


def alert_cases(rules, others, few, everyone, tls, quota):
    event = json.dumps(payloads.s3(("logs", "AWSLogs/1.json.gz"))).encode()
    cases = {"bootstrap, to the alert": (rules / "bootstrap", environment(rules, few), tls, "alert",
                                         event, quota)}
    sdk = others.get("Rust, aws-sdk-s3")
    for name, bundle in {"6 roots": few, "the system's roots": everyone}.items() if sdk else ():
        cases[f"Rust, aws-sdk-s3, to the object, {name}"] = (
            sdk, environment(rules, bundle), tls, "response", event, quota)
    return cases


def main():
    others, quota = peers(), Quota()
    results = {}
    in_front()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            tls, few, everyone = certificates(folder)
            rules = package(folder / "many", bootstrap(), RULES)
            few_rules = package(folder / "few", bootstrap(), 10)
            parts = {"exec to the first request for work":
                     start_cases(few_rules, rules, others, few, tls),
                     "exec to the first alert":
                     alert_cases(rules, others, few, everyone, tls, None)}
            if quota.usable:
                parts["exec to the first alert, 7 % of a core"] = alert_cases(
                    rules, others, few, everyone, tls, quota)
            else:
                print("no control group may be made here: the run with 7 % of a core is left out")
            for title, cases in parts.items():
                results[title] = {n: summary(r) for n, r in by_turns(cases).items()}
                show(title, results[title])
    finally:
        quota.close()
    m.write("coldstart", {"machine": m.machine(), "runs": RUNS, "parts": results})


if __name__ == "__main__":
    main()
