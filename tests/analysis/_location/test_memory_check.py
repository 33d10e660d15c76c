"""What does not fit into memory is refused before it is allocated, with the largest size that does."""

from __future__ import annotations

import re
import tracemalloc

import jax
import numpy as np
import pytest

from ergoscope.analysis import locate
from ergoscope.learners import Learner, kalman, ladder, lattice
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.memory import memory_free, memory_needed
from ergoscope.simulator import zoo


@pytest.mark.parametrize("learner", [ladder(range(9)), lattice(range(5), outputs=1)])
def test_the_sum_is_of_what_is_held(learner: Learner) -> None:
    driver = Driver(learner, oracle=kalman(zoo("random-walk")))
    tile, record = driver.start(), driver.record()
    held = sum(leaf.nbytes for leaf in jax.tree.leaves(tile))
    one, two = (memory_needed(driver, runs, stretches=10) for runs in (driver.width, 2 * driver.width))
    assert one > held + record.nbytes
    assert two - one >= held  # a tile more, and another worker's buffer where there is one
    sums, block = 10 * 8 * sum(np.size(leaf) for leaf in tile.score), 8 * 8 * driver.width * driver.block
    assert two - one <= held + record.nbytes + sums + block


def test_what_is_free_is_told() -> None:
    assert 2**20 < memory_free("cpu") < 2**50


def test_sizes_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.analysis._location.memory_check.memory_free", lambda device: 2**26)
    with pytest.raises(ValueError, match=r"need .* GiB .* free: the largest size that fits is \d+") as refused:
        locate("random-walk", sizes=range(2001), horizon=4000)
    largest = int(re.findall(r"fits is (\d+)", str(refused.value))[0])
    assert 4 < largest < 100
    with pytest.raises(ValueError, match=f"fits is {largest}"):
        locate("random-walk", sizes=range(largest + 2), horizon=4000)
    assert locate("random-walk", sizes=range(largest + 1), horizon=4000).critical_size == 1


def test_streams_that_do_not_fit_with_any_size_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer replicates"):
        locate("random-walk", replicates=10**9, sizes=range(3))


def test_counting_allocates_nothing() -> None:
    """A ladder that would take 900 MB is counted, not begun: what is too large is refused before it is allocated."""
    driver = Driver(ladder(range(200_001)), block=1)
    memory_needed(driver, 32, 1)
    tracemalloc.start()
    needed = memory_needed(driver, 32, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert needed > 4e8
    assert peak < 4e7
