"""Known clusters: the samples are those of the equation, and the envelope misses their slope."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.analysis._discovery.known_clusters import envelope_bias, noisy_means

TWO_SIDED = 3.89  # standard deviations that a normal number passes with probability 1e-4


def test_samples_have_the_counts_and_the_distances_of_the_equation() -> None:
    """|x - x'|^2 within a subtask is 2 noise^2 chi2(d); of means of samples of two subtasks it is known as well."""
    samples, labels = noisy_means(1000, 50, 1.3, 40, 1.5, seed=3)
    counts = np.bincount(labels)
    assert counts.tolist() == [c for i in range(1, 1001) if (c := int(np.floor(50 / i**1.3))) > 0]
    assert samples.shape == (counts.sum(), 40)
    pairs = samples[labels == 0]
    within = ((pairs[::2] - pairs[1::2]) ** 2).sum() / (2 * 1.5**2)  # chi2 of 25 x 40
    assert abs(within - 1000) < TWO_SIDED * np.sqrt(2 * 1000)
    firsts = samples[np.unique(labels, return_index=True)[1]]  # one of each: N(0, 1 + noise^2), independent
    among = (firsts**2).sum() / (1 + 1.5**2)
    assert abs(among - firsts.size) < TWO_SIDED * np.sqrt(2 * firsts.size)
    assert np.array_equal(samples, noisy_means(1000, 50, 1.3, 40, 1.5, seed=3)[0])


def test_the_envelope_has_the_slope_of_clear_clusters_and_misses_that_of_noisy_ones() -> None:
    """The source has an error of at least .2 for gradients like its own: dimension 1000, noise 2."""
    clear, noisy = envelope_bias([1000], [0.05, 2.0], most=100).rows(named=True)
    assert clear["rand"] == 1 and clear["samples"] == 232 and clear["subtasks"] == 26
    assert abs(clear["bias"]) < 0.2
    assert noisy["rand"] < 0.5 and noisy["bias"] > 0.2
    for row in (clear, noisy):
        assert row["bias"] == row["slope"] - row["true"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(subtasks=1), "expected two subtasks"),
        (dict(most=1), "two samples of the first"),
        (dict(dimension=0), "one dimension or more"),
        (dict(exponent=0.0), "an exponent above 0"),
        (dict(exponent=float("nan")), "an exponent above 0"),
        (dict(noise=-1.0), "noise of at least 0"),
    ],
)
def test_numbers_that_cannot_be_are_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        noisy_means(**dict(dict(subtasks=3, most=5, exponent=1.0, dimension=2, noise=1.0), **change))
