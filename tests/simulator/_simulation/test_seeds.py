"""Seeds and counts."""

from pathlib import Path

import numpy as np
import pytest

from ergoscope.simulator import simulate, simulate_chunks, simulate_to_file, zoo

WALK = zoo("random-walk")


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, 2**100, 1.5, True, "0", None])
def test_seeds_that_are_refused(tmp_path: Path, seed: object) -> None:
    for call in (
        lambda: simulate(seed, WALK, 10),  # type: ignore[arg-type]
        lambda: simulate_to_file(tmp_path / "a.csv", seed, WALK, 10),  # type: ignore[arg-type]
        lambda: simulate_chunks(seed, WALK, 10),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValueError, match="the seed must be a whole number from 0 to 2\\^63 - 1"):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_bit_of_a_seed_counts(precision: str) -> None:
    seeds = (0, 1, 2**32, 2**32 + 1, 2**63 - 1)
    starts = {simulate(seed, WALK, 1, precision=precision).outputs.item() for seed in seeds}  # type: ignore[arg-type]
    assert len(starts) == len(seeds)
    runs = [simulate(seed, WALK, 20, precision=precision).outputs for seed in (0, 2**32)]  # type: ignore[arg-type]
    assert not np.array_equal(*runs)
    np.testing.assert_array_equal(runs[0], simulate(np.int64(0), WALK, 20, precision=precision).outputs)  # type: ignore


@pytest.mark.parametrize("word", ["steps", "replicates"])
@pytest.mark.parametrize("count", [0, -1, 1.5, np.inf, np.nan, "ten"])
def test_counts_that_are_refused(word: str, count: object) -> None:
    arguments = dict(steps=10, replicates=1) | {word: count}
    with pytest.raises(ValueError, match=f"{word} must be a whole number of at least 1"):
        simulate(0, WALK, **arguments)  # type: ignore[arg-type]
