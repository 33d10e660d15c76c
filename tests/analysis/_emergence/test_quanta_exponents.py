"""What exponents a finite number of kinds shows, and what the missing tail brings back.

A window is said in kinds: the slots, steps or examples at which the kinds of these ranks are learned (S_k = 1 / p_k,
D_k = tau / p_k).
"""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis import Quanta, scaling_exponent

USES = 100
POINTS = 13
MANY = 201  # of a staircase, so that its steps do not beat with the points


def exponents(quanta: Quanta, first: int, last: int, corrected: bool) -> dict[str, float]:
    """The exponents over a window of kinds, by size, by steps (at once and in one stage) and by data."""
    ends = 1 / quanta.frequency([first, last])
    stairs, steps = np.geomspace(*ends, MANY), np.geomspace(*ends, POINTS)
    slots, rows = np.unique(np.geomspace(first, last, POINTS).round()), np.rint(USES * steps)
    curves = dict(
        size=(slots, quanta.loss_by_size(slots)),
        steps=(stairs, quanta.loss_by_steps(stairs)),
        stage=(steps, quanta.loss_by_steps(steps, stages=1)),
        data=(rows, quanta.loss_by_data(rows, USES)),
    )
    missing = quanta.missing if corrected else 0.0
    return {name: scaling_exponent(x, loss, missing=missing).exponent for name, (x, loss) in curves.items()}


@pytest.mark.parametrize("alpha", [0.4, 0.8])
@pytest.mark.parametrize(("kinds", "window", "of_size"), [(10**6, (30, 300), 0.01), (500, (10, 100), 0.04)])
def test_the_missing_tail_brings_back_the_exponents_of_endless_kinds(
    alpha: float, kinds: int, window: tuple[int, int], of_size: float
) -> None:
    """The window begins where alpha / (2 n), the slope that n lacks against n + 1/2, is small; it ends at K / 5."""
    quanta = Quanta(alpha, kinds)
    found = exponents(quanta, *window, corrected=True)
    assert found["size"] == pytest.approx(quanta.size_exponent, abs=of_size)
    for name in ("steps", "stage", "data"):
        assert found[name] == pytest.approx(quanta.data_exponent, abs=0.005)


@pytest.mark.parametrize("alpha", [0.4, 0.8])
def test_a_million_kinds_show_them_early_without_the_tail(alpha: float) -> None:
    """The kinds beyond K have a share of about (n / K)^alpha of the loss: 1 % at n = 10, alpha 0.4, and 4 % at 300."""
    quanta = Quanta(alpha, 10**6)
    early = exponents(quanta, 5, 50, corrected=False)
    for name in ("steps", "stage", "data"):
        assert early[name] == pytest.approx(quanta.data_exponent, abs=0.005)
    assert exponents(quanta, 30, 300, corrected=False)["size"] == pytest.approx(alpha, abs=0.01)


@pytest.mark.parametrize(
    ("first", "biased"),
    [
        (1, dict(steps=0.369, stage=0.393, data=0.378)),
        (3, dict(steps=0.398, stage=0.418, data=0.402)),
        (5, dict(steps=0.413, stage=0.434, data=0.416)),
    ],
)
def test_500_kinds_explain_most_of_the_published_exponent(first: int, biased: dict[str, float]) -> None:
    """Measured: about 0.45 at alpha 0.4, where endless kinds give 0.286 (arXiv 2303.13506, section 3)."""
    endless, measured = 0.4 / 1.4, 0.45
    found = exponents(Quanta(0.4, 500), first, 100, corrected=False)
    assert {name: found[name] for name in biased} == pytest.approx(biased, abs=0.001)
    explained = [(value - endless) / (measured - endless) for value in biased.values()]
    assert min(explained) > 0.5
    assert max(explained) < 1


def test_an_exponent_of_the_steps_below_1_raises_the_exponent() -> None:
    """S_k ~ p_k^-0.81, as measured: alpha / (0.81 (alpha + 1)) = 0.353 with the tail, 0.54 without."""
    quanta = Quanta(0.4, 500)
    steps = np.geomspace(*(quanta.frequency([10, 100]) ** -0.81), MANY)
    losses = quanta.loss_by_steps(steps, power=0.81)
    corrected = scaling_exponent(steps, losses, missing=quanta.missing).exponent
    assert corrected == pytest.approx(quanta.step_exponent(0.81), abs=0.005)
    assert scaling_exponent(steps, losses).exponent == pytest.approx(0.54, abs=0.01)
