"""Exact theory takes names and files of systems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope import analysis
from ergoscope.analysis import locate
from ergoscope.simulator import zoo

CALLS: dict[str, tuple[Any, ...]] = {
    "theory": (), "critical_length": (), "unstable_modes": (), "parameter_threshold": (), "kalman_gain": (),
    "trust_horizon": ("float64",), "best_errors": ([1], [9]), "diffuse_errors": ([1, 2],), "learning_cost": (2, 100),
    "regrets": ([1], [50]), "innovation_covariances": ([3],),
}  # fmt: skip


@pytest.mark.parametrize("word", CALLS)
def test_a_name_is_its_system(word: str) -> None:
    function: Callable[..., Any] = getattr(analysis, word)
    by_name, by_system = function("random-walk", *CALLS[word]), function(zoo("random-walk"), *CALLS[word])
    pairs = zip(by_name, by_system, strict=True) if isinstance(by_name, tuple) else [(by_name, by_system)]
    for one, other in pairs:
        np.testing.assert_array_equal(np.asarray(one, float), np.asarray(other, float))
    with pytest.raises(ValueError, match="did you mean 'random-walk'"):
        function("rondom-walk", *CALLS[word])


def test_the_file_of_a_recording_is_read(tmp_path: Path) -> None:
    file = tmp_path / "nile.csv"
    values = np.random.default_rng(0).standard_normal(100)
    file.write_text("flow\n" + "\n".join(f"{value:.6f}" for value in values) + "\n")
    found = locate(str(file), sizes=range(3), model=False)
    assert found.reading is not None and found.reading.rows == 100
    assert "read: 100 rows, no sample missing, no time column" in found.sentence
