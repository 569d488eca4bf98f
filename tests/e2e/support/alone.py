"""One process of this source tree at a time: what is fetched or built once under build/ may be wanted
by several workers of pytest."""
import contextlib
import fcntl

from support.function import ROOT


@contextlib.contextmanager
def alone(name):
    lock = ROOT / "build" / f".{name}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
