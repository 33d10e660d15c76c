"""Clusters: planted ones are found, the Rand index counts pairs, the envelope is the largest size at each rank."""

from __future__ import annotations

import sys
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.analysis._discovery.clusters import envelope, rand_index, rank_slope, spectral_clusters

PLANTED = np.repeat(np.arange(4), [12, 9, 6, 3])


def affinity(labels: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    noise = np.random.default_rng(0).uniform(0, 0.05, (len(labels), len(labels)))
    return np.where(labels[:, None] == labels, 0.9, 0.1) + noise + noise.T


def test_planted_clusters_are_found_and_equal_seeds_give_equal_ones() -> None:
    mixed = np.random.default_rng(1).permutation(PLANTED)
    found = spectral_clusters(affinity(mixed), [2, 4, 8], seed=2**40)
    assert found.shape == (3, 30)
    assert [len(set(row)) for row in found.tolist()] == [2, 4, 8]
    assert rand_index(mixed, found[1]) == 1
    assert (found == spectral_clusters(affinity(mixed), [2, 4, 8], seed=2**40)).all()
    assert envelope(found[1:2], [4]).curve["size"].to_list() == [12, 9, 6, 3]


@pytest.mark.parametrize("clusters", [[], [1], [0, 3], [30], [4, 31]])
def test_numbers_of_clusters_that_cannot_be_are_refused(clusters: list[int]) -> None:
    with pytest.raises(ValueError, match="30 samples can be put into 2 to 29 clusters"):
        spectral_clusters(affinity(PLANTED), clusters)


labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12)


@settings(max_examples=40)
@given(labels)
def test_the_rand_index_is_that_of_all_pairs_counted(pairs: list[tuple[int, int]]) -> None:
    """Twin: (together - expected) / (mean of both - expected), the pairs that are together in both, one, the other."""
    one, other = (np.array(column) for column in zip(*pairs, strict=True))
    every = list(combinations(range(len(one)), 2))
    in_one, in_other = (sum(bool(part[i] == part[j]) for i, j in every) for part in (one, other))
    both = sum(bool(one[i] == one[j] and other[i] == other[j]) for i, j in every)
    expected = in_one * in_other / comb(len(one), 2)
    most = (in_one + in_other) / 2
    if most == expected:  # all together in both, or all apart in both: equal partitions
        assert rand_index(one, other) == 1
    else:
        assert rand_index(one, other) == pytest.approx((both - expected) / (most - expected), abs=1e-12)


assignments = (
    st.integers(4, 20)
    .flatmap(
        lambda samples: st.lists(
            st.lists(st.integers(0, 5), min_size=samples, max_size=samples), min_size=1, max_size=4
        )
    )
    .filter(lambda rows: max(len(set(row)) for row in rows) > 1)
)


@given(assignments)
def test_the_envelope_is_the_largest_size_at_each_rank(rows: list[list[int]]) -> None:
    found = envelope(np.array(rows), range(len(rows)))
    sizes = [sorted((row.count(one) for one in set(row)), reverse=True) for row in rows]
    expected = [
        max(size[rank] for size in sizes if rank < len(size)) for rank in range(max(len(size) for size in sizes))
    ]
    assert found.curve["size"].to_list() == expected == sorted(expected, reverse=True)
    assert found.curve["rank"].to_list() == list(range(1, len(expected) + 1))
    assert found.ranks == (1, len(expected))
    for number, size in enumerate(sizes):
        assert found.sizes.filter(clusters=number)["size"].to_list() == size


def test_the_slope_of_a_power_law_is_its_exponent() -> None:
    sizes = np.array([3600, 900, 400, 225, 144, 100])  # 3600 / rank^2
    assert rank_slope(sizes, 1, 6) == pytest.approx(-2, abs=1e-12)
    bent = np.array([5, 5, 400, 225, 144, 1])
    assert rank_slope(bent, 3, 5) == pytest.approx(-2, abs=1e-12)
    for first, last in ((3, 3), (6, 9), (5, 2)):
        with pytest.raises(ValueError, match="a slope needs two ranks or more, and of ranks 1 to 6"):
            rank_slope(sizes, first, last)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(ValueError, match=r"needs scikit-learn: in a checkout, pip install '.\[studies\]'"):
        spectral_clusters(affinity(PLANTED), [4])
