"""The bets, held against sums and products in plain NumPy that see the whole series at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.analysis._drift import bet_loop as loop
from ergoscope.analysis._drift.bet_loop import GRID, LAG, LEARNED, MARGINS, REFERENCE, SHARES, START, bet, stake

STEPS, SIZES, LANES = 5120, 3, 2


def empty(outputs: int) -> dict[str, Any]:
    kinds, counts = len(MARGINS), np.int64
    shapes = dict(
        scored=(), age=(), chosen=(), now=(), loss=(SIZES,), error=(2,), unit=(outputs,), reference=(outputs,)
    )
    shapes |= dict(past=(kinds, 4), held=(LAG + 1, kinds, 2), bar=(kinds, 3), wealth=(kinds, 3), run=(kinds,))
    shapes |= dict(begun=(kinds,), noticed=(), recent=(SIZES,), ring=(loop.RING, SIZES + 3))
    whole = ("scored", "age", "chosen", "now", "begun", "noticed")
    return {name: np.zeros((*shape, LANES), counts if name in whole else float) for name, shape in shapes.items()}


def series(outputs: int, change: float = 1.0) -> tuple[Any, Any, Any, Any]:
    """Errors of a long and a short memory; from START on those of the long one are ``change`` times as large."""
    rng = np.random.default_rng(4)
    noise = rng.standard_normal((STEPS, 1, outputs, LANES))
    long = noise + np.array([0.6, 0.1, 0.2])[None, :, None, None] * rng.standard_normal((STEPS, SIZES, outputs, LANES))
    short = noise + np.array([0.6, 0.2, 0.25])[None, :, None, None] * rng.standard_normal(long.shape)
    long[START + 1000 :] *= change
    scored = rng.random((STEPS, outputs, LANES)) < 0.97
    return long, short, np.where(scored, 0.0, np.nan), scored


def taken(arrays: tuple[Any, Any, Any, Any], cut: int = STEPS) -> dict[str, Any]:
    """Take the series in, so many samples at once."""
    long, short, output, scored = arrays
    state = empty(output.shape[1])
    for t in range(0, STEPS, cut):
        part = slice(t, t + cut)
        steps = np.full(LANES, len(output[part]))
        bet(*state.values(), long[part], short[part], output[part], scored[part], steps, 256, 100.0)
    return state


def most_lost(bars: Any) -> Any:
    """How far each score (the axis before the last one) can be below its bar."""
    return np.where(np.arange(len(MARGINS))[:, None] == loop.LOUDER, bars, 1 + np.abs(bars))


def twin(arrays: tuple[Any, Any, Any, Any], lane: int) -> dict[str, Any]:
    """Wealth and bars of one lane at the end, by products over all later samples of each start."""
    long, short, _, scored = (array[..., lane] for array in arrays)
    p = long.shape[2]
    unit, reference = np.zeros(p), np.zeros(p)
    loss, blocks, scores = np.zeros(SIZES), list[Any](), list[Any]()
    chosen = now = 0
    recent, n = np.zeros(SIZES), 0
    for t in range(STEPS):
        if scored[t].any():
            which = np.flatnonzero(scored[t])
            r = reference if n >= loop.SETTLED else unit
            with np.errstate(divide="ignore"):
                weight = np.where(r > 0, 1 / r**2, 0)[which] * (n >= GRID)
            loss += (long[t][:, which] ** 2 * weight).sum(axis=1)
            recent += (short[t][:, which] ** 2 * weight).sum(axis=1)
            e = np.abs(long[t, chosen, which])
            if n >= LEARNED:
                m = unit[which]
                old, same, best = (((one / m) ** 2).sum() for one in (e, short[t, chosen, which], short[t, now, which]))
                parts = e / reference[which]
                level = (parts.mean() - 1) / (parts.mean() + 1)
                sizes = [(old - q) / (old + q + 2 * len(which)) for q in (same, best)]
                scores.append([*sizes, min((parts**2).mean() / 16, 1), -level])
            since = n - loop.YOUNG if n >= loop.YOUNG else n
            unit[which] += (e - unit[which]) * max(1 / (since + 1), 1 / 256)
            if n < loop.SETTLED:
                reference[which] += (e - reference[which]) / (n % (loop.SETTLED // 2) + 1)
            n += 1
            if n == loop.SETTLED:
                loss[:] = 0
        if (t + 1) % GRID == 0:
            blocks.append(recent.copy())
            recent[:] = 0
            now = int(sum(blocks[-2:]).argmin())
            if n >= loop.SETTLED + GRID or loop.YOUNG <= n < loop.SETTLED:
                chosen = int(loss.argmin())
    wins = np.array(scores).T
    bars = np.zeros((n - LEARNED, len(MARGINS), len(SHARES)))
    for stop in range(START, n + 1, REFERENCE):
        known = wins[:, : max(START, stop - LAG * REFERENCE) - LEARNED]
        count, mean = known.shape[1], known.mean(axis=1)
        variance = known.var(axis=1)
        sums = known.reshape(len(MARGINS), -1, REFERENCE).sum(axis=2)
        long_run = np.maximum(((sums - REFERENCE * mean[:, None]) ** 2).sum(axis=1) / count, variance)
        usual = np.array([*np.maximum(mean[:2], 0), 1.1 * mean[2], mean[3]])
        shares = SHARES / most_lost(usual[:, None])
        bars[stop - LEARNED :] = (usual + MARGINS + 3 * np.sqrt(long_run / count))[:, None] + 0.5 * shares * (
            long_run - variance
        )[:, None]
    late = slice(START - LEARNED, None)
    factor = 1 + SHARES * (wins.T[late, :, None] - bars[late]) / most_lost(bars[late])
    later = np.cumprod(factor[::-1], axis=0)[::-1]  # of a stake made just before each sample
    k = np.arange(len(later)) // GRID
    stakes = (1 / np.log2(k + 2) - 1 / np.log2(k + 3)) / GRID
    return dict(wealth=(stakes[:, None, None] * later).sum(axis=0), bar=bars[-1], chosen=chosen, now=now, loss=loss)


@pytest.mark.parametrize("outputs", [1, 2])
def test_wealth_is_the_sum_of_all_stakes_with_what_they_won(outputs: int) -> None:
    arrays = series(outputs)
    state = taken(arrays)
    for lane in range(LANES):
        expected = twin(arrays, lane)
        for name in ("loss", "wealth", "bar"):
            np.testing.assert_allclose(state[name][..., lane], expected[name], rtol=1e-9, atol=0)
        assert (state["chosen"][lane], state["now"][lane]) == (expected["chosen"], expected["now"])
        assert expected["chosen"] == 1


def test_stakes_sum_to_one_at_most() -> None:
    stakes = np.array([stake.py_func(k) for k in range(1000)])
    assert (stakes > 0).all() and (np.diff(stakes) < 0).all()
    assert stakes.sum() == pytest.approx(1 - 1 / np.log2(1002))


def test_micro_batches_do_not_change_the_bits() -> None:
    arrays = series(1)
    whole = taken(arrays)
    for cut in (1, 37, GRID):
        for name, array in taken(arrays, cut).items():
            np.testing.assert_array_equal(array, whole[name], err_msg=name)


def test_a_change_wins_and_its_start_is_kept() -> None:
    still, changed = taken(series(1)), taken(series(1, change=2.0))
    assert (still["wealth"].mean(axis=(0, 1)) < 1).all()
    assert (changed["wealth"][loop.LOUDER] > 1e6).all()
    assert (still["noticed"] == 0).all()
    assert (np.abs(changed["noticed"] - (START + 1000) - 50) < 50).all()
    since = changed["begun"][loop.LOUDER] - (START + 1000)
    assert (np.abs(since) < 100).all()  # the scored samples lag by 3 %


def test_forecasts_that_are_not_finite_count_as_very_wrong() -> None:
    arrays = series(1)
    arrays[1][3000:, 1] = np.inf
    arrays[0][3000:3010, 0] = np.nan
    state = taken(arrays)
    assert all(np.isfinite(array).all() for array in state.values())
    assert (state["now"] == 2).all()
