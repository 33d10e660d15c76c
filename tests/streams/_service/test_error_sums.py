"""Sums of squared errors: held against a twin that adds up sample by sample, however the samples are as_scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.analysis._growth.curves import log_edges
from ergoscope.streams._service.error_sums import MOST_BLOCKS, ErrorSums, as_scores

EDGES = log_edges(1 << 40)
SIZES, LANES = 3, 9


class Twin:
    """The sums of one stream, without a thought for speed or rounding."""

    def __init__(self, outputs: int) -> None:
        self.rows: list[np.ndarray[Any, Any]] = []
        self.outputs = outputs

    def add(self, error: Any, scored: Any) -> None:
        for gap, seen in zip(error, scored, strict=True):
            square = np.where(seen, np.where(np.isnan(gap), np.inf, gap), 0) ** 2
            self.rows.append(np.concatenate([square, seen[None].astype(float)]))

    def stretches(self) -> Any:
        bins = np.searchsorted(EDGES, np.arange(len(self.rows)), side="right") - 1
        return np.stack([sum(self.rows[t] for t in np.flatnonzero(bins == k)) for k in range(bins[-1] + 1)])

    def blocks(self, length: int) -> Any:
        return np.stack([sum(self.rows[t : t + length]).sum(axis=1) for t in range(0, len(self.rows), length)])


def feed(sums: ErrorSums, cuts: list[np.ndarray[Any, Any]], error: Any, scored: Any) -> None:
    """Add samples ``cuts[k] .. cuts[k+1]-1`` of each lane at once."""
    for first, stop in zip(cuts, cuts[1:], strict=False):
        steps = stop - first
        rows = np.full((max(int(steps.max()), 1), *error.shape[1:]), np.nan)
        seen = np.zeros((len(rows), *scored.shape[1:]), bool)
        for i in range(error.shape[-1]):
            rows[: steps[i], ..., i] = error[first[i] : stop[i], ..., i]
            seen[: steps[i], ..., i] = scored[first[i] : stop[i], ..., i]
        sums.add(rows, np.zeros(seen.shape), seen, steps)


@pytest.mark.parametrize("outputs", [1, 2])
def test_sums_are_those_of_a_twin_and_have_the_same_bits_however_as_scores(outputs: int) -> None:
    rng = np.random.default_rng(outputs)
    ages = rng.integers(1, 6 * MOST_BLOCKS, LANES)
    ages[:4] = 1, MOST_BLOCKS, MOST_BLOCKS + 1, 2 * MOST_BLOCKS
    error = rng.standard_normal((ages.max(), SIZES, outputs, LANES)) ** 3
    scored = rng.random((len(error), outputs, LANES)) < 0.9
    error[30, 1, :, 5] = np.nan  # a forecast that is no number: its sums are infinite
    kept = []
    for _ in range(2):
        cuts = [np.zeros(LANES, np.int64)]
        while (cuts[-1] < ages).any():
            cuts.append(np.minimum(cuts[-1] + rng.integers(0, 300, LANES) * (rng.random(LANES) < 0.7), ages))
        kept.append(ErrorSums(SIZES, outputs, LANES))
        feed(kept[-1], cuts, error, scored)
    for i in range(LANES):
        twin = Twin(outputs)
        twin.add(error[: ages[i], ..., i], scored[: ages[i], ..., i])
        one, other = (sums.lane(i) for sums in kept)
        assert one.age == ages[i] and len(one.blocks) <= MOST_BLOCKS
        assert one.length == 1 or len(one.blocks) > MOST_BLOCKS // 2
        np.testing.assert_allclose(one.stretches, twin.stretches(), rtol=1e-12)
        np.testing.assert_allclose(one.blocks, twin.blocks(one.length), rtol=1e-12)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(one[2:], other[2:], strict=True))


def test_what_is_told_restores_the_sums_and_a_cleared_lane_is_new() -> None:
    rng = np.random.default_rng(0)
    error, scored = rng.standard_normal((900, SIZES, 1, LANES)), np.ones((900, 1, LANES), bool)
    sums, again = ErrorSums(SIZES, 1, LANES), ErrorSums(SIZES, 1, LANES)
    sums.add(error[:700], np.zeros(scored[:700].shape), scored[:700], np.full(LANES, 700))
    again.restore(sums.state(LANES))
    zero = np.zeros((200, 1, LANES))
    for one in (sums, again):
        one.clear(2)
        one.add(error[700:], zero, scored[700:], np.full(LANES, 200))
    fresh = ErrorSums(SIZES, 1, LANES)
    fresh.add(error[700:], zero, scored[700:], np.full(LANES, 200))
    for i in range(LANES):
        expected = (fresh if i == 2 else sums).lane(i)
        assert all(np.array_equal(a, b) for a, b in zip(again.lane(i), expected, strict=True))


def test_late_blocks_leave_the_first_twentieth_out() -> None:
    sums = ErrorSums(1, 1, 1)
    assert sums.lane(0).late_blocks()[0].shape == (0, 1)
    sums.add(np.zeros((1000, 1, 1, 1)), np.ones((1000, 1, 1)), np.ones((1000, 1, 1), bool), np.array([1000]))
    losses, samples = sums.lane(0).late_blocks()
    assert losses.sum() == samples.sum() == 950 and 64 <= len(samples) <= 128
    scores = as_scores([sums.lane(0)])
    assert scores.edges[-1] == scores.error.sum() == scores.samples.sum() == 1000
