"""Three hundred notifications of simulated attacks through what template.yaml describes: every alert
that a scan of the same objects tells arrives, once. bench/load.py does it with ten thousand."""
import pytest

from support import load

pytestmark = pytest.mark.timeout(300)

OBJECTS = 300
WITHIN_S = 240
PEAK_MAX = 48 << 20  # bytes, docs/bench.md


def test_nothing_is_lost(moto, dynamodb, tmp_path):
    came_of = load.play(moto, dynamodb, tmp_path, OBJECTS, WITHIN_S)
    assert len(came_of.expected) > 20
    assert came_of.lost() == (set(), set()) and came_of.miscounted() == set()
    assert came_of.dead == 0 and came_of.repeated == 0
    assert sum(n for _, n in came_of.took) >= came_of.objects
    assert max(came_of.peaks) < PEAK_MAX
    print(f"{came_of.objects} objects in {came_of.seconds:.1f} s,"
          f" {came_of.same_ids()} of {len(came_of.expected)} alerts have the id of a scan")
