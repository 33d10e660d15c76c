"""Parity: labels by brute force, what fewer bits say, and fair independent bits."""

from __future__ import annotations

from itertools import combinations

import jax
import numpy as np
import pytest
from scipy.stats import chi2

from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import drawn, random_bits

ENDS = 0.5e-4, 1 - 0.5e-4  # two-sided 1e-4
ROWS = 8000


def test_each_label_is_the_parity_of_the_first_bits_in_both_codings() -> None:
    bits, signs = (drawn(parity(34, 3, coding), 5, 300) for coding in ("bits", "signs"))
    assert bits.x.shape == (300, 35) and signs.x.shape == (300, 34)
    assert (np.asarray(bits.x)[:, 34] == 1).all()
    assert np.array_equal(2 * np.asarray(bits.x)[:, :34] - 1, signs.x)
    for x, y in zip(np.asarray(bits.x).tolist(), np.asarray(bits.y).tolist(), strict=True):
        assert y == (x[0] ^ x[1] ^ x[2])


def test_a_set_and_the_exam_of_few_bits_are_disjoint_and_together_all_examples() -> None:
    process = parity(6, 2, "bits")
    codes = [drawn(process, 3, rows, exam).x[:, :6] @ (1 << np.arange(6)) for rows, exam in ((40, False), (24, True))]
    assert sorted(np.concatenate(codes).tolist()) == list(range(64))
    assert process.domain == 64 and process.rows == 32 and parity(17).domain is None


@pytest.mark.parametrize("few", [0, 1, 2])
def test_fewer_than_k_bits_say_nothing_and_k_bits_say_all(few: int) -> None:
    """Every pattern of fewer bits and the label is equally frequent; of all three, half the patterns never come."""
    examples = drawn(parity(17, 3, "bits"), 11, ROWS)
    bits, y = np.asarray(examples.x)[:, :5], np.asarray(examples.y)
    for chosen in combinations(range(5), few):
        codes = np.column_stack([bits[:, chosen], y]) @ (1 << np.arange(few + 1))
        counts = np.bincount(codes, minlength=2 ** (few + 1))
        statistic = ((counts - ROWS / len(counts)) ** 2 / (ROWS / len(counts))).sum()
        low, high = chi2.ppf(ENDS, len(counts) - 1)
        assert low < statistic < high, chosen
    codes = np.column_stack([bits[:, :3], y]) @ (1 << np.arange(4))
    assert (np.bincount(codes, minlength=16) > 0).sum() == 8


def test_random_bits_are_fair_and_independent() -> None:
    """Sums of products of different columns, and of a row with the next: each is normal, their squares add up."""
    bits = 40  # more than a word of 32
    signs = 2.0 * np.asarray(random_bits(jax.random.key(3), ROWS, bits)) - 1
    assert set(np.unique(signs)) == {-1.0, 1.0}
    pairs = (signs.T @ signs)[np.triu_indices(bits, 1)]
    after = (signs[1:].T @ signs[:-1]).ravel()
    for sums, count in ((signs.sum(axis=0), ROWS), (pairs, ROWS), (after, ROWS - 1)):
        low, high = chi2.ppf(ENDS, len(sums))
        assert low < (sums**2).sum() / count < high


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (dict(bits=3, k=4), "parity needs 1 <= k <= bits; got k=4, bits=3"),
        (dict(k=0), "got k=0"),
        (dict(bits=0, k=1), "bits=0"),
        (dict(coding="morse"), "must be signs or bits, got 'morse'"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parity(**options)  # type: ignore[arg-type]
