"""The rule of 2 x 2 blocks beside plain passes over the whole map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from ergoscope.learners._discrete.contiguous import contiguous_completion


def by_passes(mask: np.ndarray) -> np.ndarray:
    """The textbook: look at every block again and again until a pass fills nothing."""
    filled, before = mask.copy(), -1
    while filled.sum() != before:
        before = filled.sum()
        for i in range(mask.shape[0] - 1):
            for j in range(mask.shape[1] - 1):
                block = filled[i : i + 2, j : j + 2]
                if block.sum() == 3:
                    block[:] = True
    return filled


@settings(max_examples=60)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7)))
def test_the_frontier_fills_what_passes_fill(mask: np.ndarray) -> None:
    given_ = mask.copy()
    assert (contiguous_completion(mask) == by_passes(mask)).all()
    assert (mask == given_).all()


@pytest.mark.parametrize("density", [0.2, 0.25, 0.3])
def test_larger_maps_are_filled_the_same(density: float) -> None:
    mask = np.random.default_rng(int(100 * density)).random((25, 17)) < density
    assert (contiguous_completion(mask) == by_passes(mask)).all()


def test_one_line_of_each_kind_fills_all_and_a_gap_stops_it() -> None:
    mask = np.zeros((50, 60), bool)
    mask[7], mask[:, 31] = True, True
    assert contiguous_completion(mask).all()
    mask[:] = False
    mask[7], mask[:40, 31] = True, True
    assert contiguous_completion(mask).sum() == 40 * 60


@pytest.mark.parametrize("mask", [[True, False], [[1, 0], [1, 1]], [[0.5]]])
def test_what_is_no_mask_is_refused(mask: list[bool]) -> None:
    with pytest.raises(ValueError, match="matrix of True and False, got .*: write matrix != 0"):
        contiguous_completion(mask)
