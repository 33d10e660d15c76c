"""The giant component beside 40-digit arithmetic and plain iteration."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from ergoscope.analysis import giant_component
from ergoscope.analysis._exact.giant_component import giant_spread


@pytest.mark.parametrize("degree", [1 + 1e-6, 1.0009, 1.0011, 1.1, 1.5, 2.0, 3.0, 10.0, 40.0])
def test_the_share_is_the_root(degree: float) -> None:
    with mp.workdps(40):
        k = mp.mpf(degree)
        exact = 1 + mp.lambertw(-k * mp.exp(-k)) / k
    # Near k = 1 the share is 2 (k - 1), and rounding k alone changes it.
    assert giant_component(degree) == pytest.approx(float(exact), rel=1e-14 + 1e-15 / (degree - 1))


def test_the_share_is_what_iteration_tends_to() -> None:
    degrees = np.array([0.5, 0.9, 1.2, 1.5, 2.0, 3.0])
    g = np.ones(6)
    for _ in range(2000):
        g = 1 - np.exp(-degrees * g)
    np.testing.assert_allclose(giant_component(degrees), g, atol=1e-12)
    np.testing.assert_allclose(giant_component([1.5, 2, 3]), [0.5828, 0.7968, 0.9405], atol=5e-5)


def test_ends_and_shapes() -> None:
    assert giant_component([[0.0, 1.0], [1e3, np.inf]]).tolist() == [[0, 0], [1, 1]]
    assert isinstance(giant_component(2.0), float)
    assert np.isnan(giant_spread([0.0, 1.0])).all()
    assert giant_spread(np.inf) == 0


@pytest.mark.parametrize("degree", [-0.1, np.nan])
def test_bad_degrees_are_refused(degree: float) -> None:
    with pytest.raises(ValueError, match="mean degree must be at least 0"):
        giant_component(degree)
