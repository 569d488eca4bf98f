"""The scanner's variants (engine/scanner.h) against each other, on both architectures: the fuzzer's
function over the samples, the records fuzzer's corpus and made texts; the foreign one emulated."""
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from support import bare_root

pytestmark = [pytest.mark.timeout(900)]  # the first use builds
ROOT = Path(__file__).resolve().parents[2]
ARCHES = ["x86_64", "aarch64"]
SOURCES = ["tests/e2e/support/replay.c", "tests/fuzz/fuzz_scanner.c", "engine/scanner.c",
           "engine/json.c", *(f"base/{name}.c" for name in
                              ("str", "buf", "arena", "err", "escape", "wire"))]
PIECES = [b'"', b"\\", b"\\\\", b'\\"', b"{", b"}", b"[", b"]", b'{"a":[', b"]}", b'"text"', b",:1 ",
          b'"' + b"x" * 60 + b'"', b"\xff"]


def made(seed):
    rng = random.Random(seed)
    return b"[" + b"".join(rng.choices(PIECES, k=rng.randint(1, 400)))


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    for seed in range(300):
        (folder / str(seed)).write_bytes(made(seed))
    corpus = (ROOT / "tests/fuzz/corpus/records").iterdir()
    return [*folder.iterdir(), *corpus, *sorted((ROOT / "samples").rglob("*.json"))[:20]]


def compiler(arch):
    """The command that makes static programs for arch, with the C library of scripts/build --static."""
    command = [shutil.which(f"{arch}-linux-gnu-gcc"), "-O2", "-std=c17", "-static",
               "-D_POSIX_C_SOURCE=200809L", f"-I{ROOT}"]
    if os.uname().machine == arch:
        return command, []
    root = bare_root.build(arch).parent / "root"
    libraries = root / "usr/lib" / f"{arch}-linux-gnu"
    return ([*command, f"--sysroot={root}", f"-B{libraries}", f"-L{libraries}"],
            [shutil.which(f"qemu-{arch}-static")])


@pytest.mark.skipif(bare_root.why_not() is not None, reason=str(bare_root.why_not()))
@pytest.mark.parametrize("arch", ARCHES)
def test_variants_agree(arch, texts, tmp_path):
    command, emulator = compiler(arch)
    program = tmp_path / "replay"
    subprocess.run([*command, *(ROOT / source for source in SOURCES), "-o", program], check=True)
    assert subprocess.run([*emulator, program, *texts]).returncode == 0
