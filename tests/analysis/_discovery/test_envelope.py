"""The envelope: the largest size at each rank, and the slope of a power law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ergoscope.analysis._discovery.envelope import envelope, rank_slope

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
