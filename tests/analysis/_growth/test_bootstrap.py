"""The draws of the bootstrap: whole numbers by the law of drawing with replacement, and their products."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis._growth import bootstrap
from ergoscope.analysis._growth.bootstrap import resample_counts, threadless_product


def test_units_are_drawn_with_replacement() -> None:
    """A count is binomial(n, 1/n): over 20 000 draws its mean and variance within 3.89 sigma of 1 and 1 - 1/n."""
    units, draws = 5, 20_000
    counts = resample_counts(units, draws, 3)
    assert counts.shape == (draws, units) and (counts == np.round(counts)).all()
    assert (counts.sum(axis=1) == units).all() and (counts >= 0).all()
    p, variance = 1 / units, 1 - 1 / units
    np.testing.assert_allclose(counts.mean(axis=0), 1, rtol=0, atol=3.89 * np.sqrt(variance / draws))
    fourth = variance * (1 + 3 * (units - 2) * p * (1 - p))  # of a binomial count about its mean
    spread = 3.89 * np.sqrt((fourth - variance**2) / draws)
    np.testing.assert_allclose(((counts - 1) ** 2).mean(axis=0), variance, rtol=0, atol=spread)
    assert not counts.flags.writeable
    assert not np.array_equal(counts, resample_counts(units, draws, 4))


@pytest.mark.parametrize("draws", [1, 2, 33, 100])
def test_a_product_in_parts_is_the_product(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "SMALL", 700)  # parts of 20 rows
    random = np.random.default_rng(0)
    counts, values = resample_counts(7, draws, 0), random.standard_normal((7, 5))
    plain = [[sum(counts[d, k] * values[k, c] for k in range(7)) for c in range(5)] for d in range(draws)]
    np.testing.assert_allclose(threadless_product(counts, values), plain, rtol=0, atol=1e-13)
