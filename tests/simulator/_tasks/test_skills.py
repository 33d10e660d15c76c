"""Texts: a stream is the same however it is cut, its law is the stated one, and bad numbers are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2, norm, poisson

from ergoscope.simulator import Texts, skills, texts_of
from ergoscope.simulator._tasks.skills import BLOCK
from ergoscope.simulator._tasks.texts import joined

LIMIT = 1e-4  # two-sided
WHOLE = skills(50, 3.0).draw(7, 0, 3 * BLOCK)


def same(a: Texts, b: Texts) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3 * BLOCK), min_size=2, max_size=5).map(sorted))
def test_a_stream_does_not_depend_on_how_it_is_cut(cuts: list[int]) -> None:
    stream = skills(50, 3.0)
    parts = [stream.draw(7, a, b) for a, b in zip(cuts, cuts[1:], strict=False)]
    assert same(joined(parts), WHOLE.between(cuts[0], cuts[-1]))


def test_a_block_is_what_its_docstring_says() -> None:
    generator = np.random.Generator(np.random.Philox(key=[7, 50], counter=[0, 0, 2, 0]))
    lengths = generator.poisson(3.0, BLOCK)
    block = WHOLE.between(2 * BLOCK, 3 * BLOCK)
    assert np.array_equal(np.diff(block.indptr), lengths)
    assert np.array_equal(block.indices, generator.integers(0, 50, lengths.sum(), dtype=np.int32))


def test_other_seeds_and_other_sizes_are_other_streams() -> None:
    draws = [skills(R, 3.0).draw(seed, 0, 100) for R, seed in ((50, 7), (50, 8), (51, 7))]
    assert not any(same(a, b) for a, b in zip(draws, [*draws[1:], draws[0]], strict=True))
    lengths = [np.diff(draw.indptr) for draw in draws]
    assert not any(np.array_equal(a, b) for a, b in zip(lengths, [*lengths[1:], lengths[0]], strict=True))


def test_lengths_are_poisson_and_concepts_uniform() -> None:
    count, d, R = 100 * BLOCK, 6.0, 40
    texts = skills(R, d).draw(0, 0, count)
    lengths = np.bincount(np.minimum(np.diff(texts.indptr), 15), minlength=16)
    expected = count * np.append(poisson.pmf(np.arange(15), d), poisson.sf(14, d))
    assert ((lengths - expected) ** 2 / expected).sum() < chi2.isf(LIMIT, 15)
    named = np.bincount(texts.indices, minlength=R)
    assert ((named - named.mean()) ** 2 / named.mean()).sum() < chi2.isf(LIMIT, R - 1)


def test_whether_a_text_names_a_concept_is_independent_of_the_others() -> None:
    """Each with probability 1 - exp(-d / R); two at a time with its square."""
    count, d, R = 50 * BLOCK, 6.0, 8
    texts = skills(R, d).draw(1, 0, count)
    named = np.zeros((count, R), bool)
    named[np.repeat(np.arange(count), np.diff(texts.indptr)), texts.indices] = True
    p = 1 - np.exp(-d / R)
    pairs = R * (R - 1) // 2
    both = (named.T.astype(np.int64) @ named.astype(np.int64))[np.triu_indices(R, 1)]
    for counts, q, entries in ((named.sum(axis=0), p, R), (both, p * p, pairs)):
        low, high = (binom.ppf(tail, count, q) for tail in (LIMIT / entries / 2, 1 - LIMIT / entries / 2))
        assert low <= counts.min() and counts.max() <= high


def test_neighbouring_seeds_are_independent() -> None:
    count = 20 * BLOCK
    a, b = (np.diff(skills(1000).draw(seed, 0, count).indptr) for seed in (0, 1))
    assert abs(np.corrcoef(a, b)[0, 1]) * np.sqrt(count) < norm.isf(LIMIT / 2)


def test_rows_become_texts() -> None:
    texts = texts_of([[3, 1], [], [2]])
    assert (texts.indptr.tolist(), texts.indices.tolist(), texts.number) == ([0, 2, 2, 3], [3, 1, 2], 3)
    assert same(texts.between(1, 3), texts_of([[], [2]]))
    assert same(joined([texts_of([[3, 1]]), texts_of([]), texts_of([[], [2]])]), texts)
    assert joined([]).number == texts_of([]).number == 0


@pytest.mark.parametrize(
    ("concepts", "mean", "message"),
    [
        (0, 6.0, "concepts must be a whole number of at least 1, got 0"),
        (2**31, 6.0, "at most 2\\^31 - 1 concepts"),
        (10, 0.0, "above 0 and at most 10000, got 0.0"),
        (10, float("nan"), "above 0 and at most 10000, got nan"),
        (10, 1e5, "above 0 and at most 10000"),
    ],
)
def test_a_stream_that_cannot_be_is_refused(concepts: int, mean: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        skills(concepts, mean)


@pytest.mark.parametrize(("seed", "start", "stop", "message"), [(-1, 0, 1, "seed"), (0, 2, 1, "got 2 and 1")])
def test_a_part_that_cannot_be_drawn_is_refused(seed: int, start: int, stop: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        skills().draw(seed, start, stop)
