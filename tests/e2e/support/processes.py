"""Programs started and stopped by pid, on free loopback ports."""
import os
import socket
import subprocess
import time

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 5


def free_port():
    """A port nobody listens on. Another program could take it first; nothing here does: each of
    pytest's workers has pairs of ports of its own. (Linux gives out odd ones only.)"""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % workers
    while True:
        with socket.socket() as s:
            s.bind((LOOPBACK, 0))
            if s.getsockname()[1] // 2 % workers == own:
                return s.getsockname()[1]


def wait_until(condition, seconds, what):
    """Polls until the condition holds and returns what it gave; AssertionError after seconds."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def listening(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((LOOPBACK, port)) == 0


def stop(process):
    """Ends a process: asks, waits, kills. Harmless when it has ended."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
