"""Density evolution and its jump beside 40-digit arithmetic and plain iteration."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.analysis import learned_share, learning_jump, load_for_share


def iterated(load: float, mean: float, rounds: int = 200_000) -> float:
    """The share by density evolution as it is defined: from nothing known, round by round."""
    x = 1.0
    for _ in range(rounds):
        x, before = np.exp(-mean * load * np.exp(-mean * x)), x
        if x == before:
            break
    return float(1 - x)


def double_root(mean: float, start: tuple[float, float]) -> tuple[mp.mpf, mp.mpf]:
    """The load and the share x at which x - exp(-d c exp(-d x)) and its derivative are both 0."""
    d = mp.mpf(mean)

    def equations(c: mp.mpf, x: mp.mpf) -> list[mp.mpf]:
        right = mp.exp(-d * c * mp.exp(-d * x))
        return [x - right, 1 - right * d * d * c * mp.exp(-d * x)]

    return tuple(mp.findroot(equations, start))


@pytest.mark.parametrize(
    ("mean", "load", "start"),
    [(3, 1.0379, (1.0, 0.5)), (4, 1.4664, (1.5, 0.7)), (6, 4.5330, (4.5, 0.8)), (8, 18.3517, (18.0, 0.87))],
)
def test_the_jump_is_the_double_root(mean: float, load: float, start: tuple[float, float]) -> None:
    found = learning_jump(mean)
    with mp.workdps(40):
        c, x = double_root(mean, start)
    assert found.load == pytest.approx(float(c), rel=1e-13)
    assert found.below == pytest.approx(float(1 - x), rel=1e-12)
    assert found.load == pytest.approx(load, abs=5e-5)


def test_the_jump_leads_from_one_root_to_the_next() -> None:
    for mean in (2.8, 3.0, 4.0, 6.0):
        found = learning_jump(mean)
        assert found.below == pytest.approx(iterated(found.load * (1 - 1e-5), mean), abs=0.02)
        assert found.above == pytest.approx(iterated(found.load * (1 + 1e-5), mean), abs=1e-4)
        assert learned_share(found.load, mean) == pytest.approx(found.below, abs=1e-7)
        assert learned_share(found.load * (1 + 1e-9), mean) == pytest.approx(found.above, abs=1e-6)


def test_there_is_a_jump_exactly_above_e() -> None:
    means = np.array([0.1, 2.0, np.e - 1e-6, np.e, np.e + 1e-6, 3.0, 700.0])
    found = learning_jump(means)
    assert np.isnan(found.load).tolist() == [True, True, True, True, False, False, False]
    for part in found:
        assert (np.isnan(part) == np.isnan(found.load)).all()
    assert 0 < found.above[4] - found.below[4] < 0.01  # it opens from a point, like a square root
    loads = np.linspace(0.2, 3, 2801)
    assert np.diff(learned_share(loads, 2.0)).max() < 1e-2 < 0.4 < np.diff(learned_share(loads, 3.0)).max()


@settings(max_examples=30)
@given(st.floats(0.05, 20), st.floats(0.05, 9))
def test_the_share_is_that_of_the_largest_root(load: float, mean: float) -> None:
    x = 1 - learned_share(load, mean)
    above = np.linspace(x, 1, 200)[1:]
    assert x == pytest.approx(np.exp(-mean * load * np.exp(-mean * x)), abs=1e-12)
    assert (above + 1e-9 >= np.exp(-mean * load * np.exp(-mean * above))).all()


@pytest.mark.parametrize(("load", "mean"), [(0.3, 1.0), (3.0, 2.0), (1.0, 3.0), (1.1, 3.0), (4.0, 6.0), (4.6, 6.0)])
def test_the_share_is_what_iteration_tends_to(load: float, mean: float) -> None:
    assert learned_share(load, mean) == pytest.approx(iterated(load, mean), rel=1e-9)


def test_shapes_and_ends() -> None:
    shares = learned_share(np.array([[0.0], [1.0], [1e9]]), [2.0, 6.0])
    assert shares.shape == (3, 2)
    assert (shares[0] == 0).all() and (shares[2] == 1).all()
    assert shares[1, 0] == learned_share(1.0, 2.0)
    assert isinstance(learned_share(1.0), float)


@pytest.mark.parametrize(
    ("load", "mean", "message"),
    [
        (-1.0, 6.0, "load T / R must be finite and at least 0"),
        (np.inf, 6.0, "load T / R must be finite"),
        (1.0, 0.0, "above 0 and at most 700"),
        (1.0, [6.0, np.nan], "above 0 and at most 700"),
        (1.0, 701.0, "above 0 and at most 700"),
    ],
)
def test_bad_numbers_are_refused(load: float, mean: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learned_share(load, mean)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.2, 9.0))
def test_the_load_for_a_share_is_the_inverse(share: float, mean: float) -> None:
    load = float(load_for_share(share, mean))
    below, above = learned_share(load * (1 - 1e-7), mean), learned_share(load * (1 + 1e-7), mean)
    assert below <= share + 1e-9 and above >= share - 1e-9


def test_the_load_for_a_share_by_bisection_of_iterated_rounds() -> None:
    """A share before the jump, one that it passes over, one behind it, and one where nothing jumps."""
    for mean, share in ((3.0, 0.3), (3.0, 0.7), (3.0, 0.95), (2.0, 0.5)):
        low, high = 0.0, 5.0
        for _ in range(25):
            middle = (low + high) / 2
            low, high = (middle, high) if iterated(middle, mean, 5000) < share else (low, middle)
        assert load_for_share(share, mean) == pytest.approx(high, rel=1e-4)
    assert load_for_share(0.7, 3.0) == learning_jump(3.0).load
    assert load_for_share([0.0, 1.0], 6.0).tolist() == [0.0, np.inf]
    with pytest.raises(ValueError, match="share of the concepts must be from 0 to 1, got 1.5"):
        load_for_share(1.5)
