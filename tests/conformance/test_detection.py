"""The shipped rules find what they are meant to find in public attack logs, and little else.

What is measured, and the bounds, are those of `scripts/bench detection`; docs/detection.md has the
table of the last run.
"""
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import detection  # noqa: E402


@pytest.mark.skipif(not detection.CORPUS.is_dir(),
                    reason=f"the public logs are not at {detection.CORPUS}")
def test_nothing_falls_short():
    assert list(detection.shortcomings(detection.measure())) == []
