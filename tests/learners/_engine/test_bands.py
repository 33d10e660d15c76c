"""Bands: a twin in plain Python, the identity of the share missed, and the same bits however samples come."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import BandSums, Live, bands, ladder, replay
from ergoscope.learners._engine.band_loop import MOST_BLOCKS
from ergoscope.learners._engine.band_sums import pooled
from ergoscope.learners._engine.band_tracker import FLOOR, GAMMA, BandTracker, first_ratio
from ergoscope.learners._engine.scored import scored_ahead
from ergoscope.simulator import simulate, zoo

Array = np.ndarray[Any, Any]


class Twin:
    """The band of one size and output: the equations of the docstring, one number at a time."""

    def __init__(self, lookahead: int, level: float = 0.95) -> None:
        self.level, self.log_r, self.roots = level, math.log(first_ratio(level)), list[float]()
        self.s = 0.0
        self.waiting, self.flags = [math.nan] * lookahead, [False] * lookahead
        self.missed_last, self.misses, self.bands = False, list[tuple[bool, bool, float]](), list[float]()

    def take(self, error: float, scored: bool) -> None:
        band, warned = self.waiting.pop(0), self.flags.pop(0)
        self.bands.append(band)
        size = abs(error)
        if scored and size != 0:
            if not math.isnan(band):
                missed = not size <= band
                self.misses.append((missed, warned, band))
                self.missed_last = missed
                if math.isfinite(size):
                    floor = math.log(first_ratio(self.level) * FLOOR)
                    self.log_r = max(self.log_r + GAMMA * (missed - (1 - self.level)), floor)
            if math.isfinite(size):
                self.roots.append(math.sqrt(size))
                n = len(self.roots)
                self.s += max(1 / 64, 1 / n) * (self.roots[-1] - self.s)
        self.waiting.append(math.exp(self.log_r) * self.s**2 if self.roots else math.nan)
        self.flags.append(self.missed_last)


def sample(steps: int, lookaheads: tuple[int, ...], sizes: int, outputs: int, lanes: int, seed: int) -> Any:
    """Forecasts of every kind: heavy tails, a change of scale, exact hits, missing samples and no number."""
    rng = np.random.default_rng(seed)
    output = rng.standard_normal((steps, outputs, lanes))
    error = rng.standard_t(3, (steps, len(lookaheads), sizes, outputs, lanes))
    error[301:] *= 10
    error[rng.random(error.shape) < 0.05] = 0
    forecast = output[:, None, None] + error
    forecast[40, :, 1] = np.nan
    forecast[50, :, 1] = np.inf
    output[rng.random(output.shape) < 0.1] = np.nan
    return forecast, output


LOOKAHEADS, SIZES, OUTPUTS, LANES = (1, 3), 2, 2, 3


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_bands_are_those_of_a_twin(level: float) -> None:
    forecast, output = sample(700, LOOKAHEADS, SIZES, OUTPUTS, LANES, 0)
    scored = scored_ahead(output, np.zeros((OUTPUTS, LANES), np.int32), LOOKAHEADS)
    tracker = BandTracker(LOOKAHEADS, SIZES, OUTPUTS, LANES, level)
    found = tracker.take(forecast, output, scored, np.array([700, 650, 0]))
    assert np.isnan(found[..., 2]).all() and np.isnan(found[650:, ..., 1]).all()
    newest, length = tracker.ahead([0, 1]), 16  # of a block: 700 samples are over 32 of 16, or over 64 of 8
    for j, s, c, i in np.ndindex(len(LOOKAHEADS), SIZES, OUTPUTS, 2):
        steps = (700, 650)[i]
        twin, starts = Twin(LOOKAHEADS[j], level), list[int]()
        for t in range(steps):
            starts += [len(twin.misses)] * (t == -(-(steps // 20) // length) * length)
            twin.take(forecast[t, j, s, c, i] - output[t, c, i], bool(scored[t, j, c, i]))
        np.testing.assert_allclose(found[:steps, j, s, c, i], twin.bands, rtol=1e-11)
        np.testing.assert_allclose(newest[j, s, c, i], twin.waiting[-1], rtol=1e-11)
        late, sums = twin.misses[starts[0] :], tracker.lane(i)
        numbers = len(late), sum(m for m, *_ in late), sum(w for _, w, _ in late), sum(m and w for m, w, _ in late)
        assert numbers == tuple(sums[k][j, s, c] for k in range(1, 5)) and numbers[3] > 0
        np.testing.assert_allclose(sums.widths[j, s, c], sum(b for *_, b in late), rtol=1e-11)


def test_scored_ahead_is_where_the_driver_scores() -> None:
    output = np.array([np.nan, 1, np.nan, 2, 3, 4.0])[:, None, None]
    late = scored_ahead(output, np.zeros((1, 1), np.int32), (1, 3))[:, :, 0, 0]
    assert late[:, 0].tolist() == [False, False, False, True, True, True]
    assert late[:, 1].tolist() == [False, False, False, False, True, True]
    known = scored_ahead(output, np.ones((1, 1), np.int32), (1, 3))[:, :, 0, 0]
    assert known[:, 0].tolist() == [False, True, False, True, True, True]
    assert known[:, 1].tolist() == [False, False, False, True, True, True]


def shares(error: Array, level: float = 0.95) -> tuple[float, float, Array]:
    """Return misses, how many the identity gives, and the bands of one series of errors."""
    found = bands(np.zeros((1, len(error), 1, 1, 1)), error[None, :, None], level=level)
    b = np.append(found.half_width[0, 1:, 0, 0, 0], found.ahead[0, 0, 0, 0])
    s, roots = [math.sqrt(abs(error[0]))], np.sqrt(np.abs(error[1:]))
    for n, root in enumerate(roots.tolist(), start=2):
        s.append(s[-1] + max(1 / 64, 1 / n) * (root - s[-1]))
    r = b / np.array(s) ** 2
    n = len(error) - 1
    return float((np.abs(error[1:]) > b[:-1]).sum()), (1 - level) * n + float(np.log(r[-1] / r[0])) / GAMMA, b


RNG = np.random.default_rng(3)
NORMAL = RNG.standard_normal(20_000)
ERRORS = dict(
    normal=NORMAL,
    cauchy=RNG.standard_cauchy(20_000),
    walk=NORMAL.cumsum(),
    twice=NORMAL.cumsum().cumsum(),
    explosive=NORMAL * np.exp(0.01 * np.arange(20_000)),
    change=NORMAL * np.where(np.arange(20_000) < 10_000, 1, 1000),
    back=NORMAL * np.where(np.arange(20_000) < 10_000, 1000, 1),
    rounding=NORMAL * np.where(np.arange(20_000) // 2000 % 2, 1e-12, 1),
    impulses=NORMAL * np.where(RNG.random(20_000) < 0.01, 100, 1),
)


@pytest.mark.parametrize("name", ERRORS)
def test_the_share_missed_is_that_of_the_identity_whatever_the_data(name: str) -> None:
    missed, identity, _ = shares(ERRORS[name])
    assert abs(missed - identity) < 1e-6
    assert 0.94 < 1 - missed / (len(ERRORS[name]) - 1) < 0.96


def test_the_surplus_of_misses_is_bounded_for_an_enemy_who_sees_the_band() -> None:
    """An enemy makes every error just larger than its band, as long as he can; docs/bands.md has the bound."""
    for factor in (1.001, 10.0, 1e6):
        tracker, errors, missed = BandTracker((1,), 1, 1, 1), 0, 0
        largest = y = 1.0
        for _ in range(3000):
            known = np.array([[[y]]])
            band = tracker.take(np.zeros((1, 1, 1, 1, 1)), known, np.ones((1, 1, 1, 1), bool), np.array([1]))
            if not np.isnan(band).any():
                errors, missed = errors + 1, missed + int(y > band.item())
            largest = max(largest, y)
            y = factor * tracker.ahead([0]).item()
            if y > 1e140:  # he must end: a stream refuses more
                break
        bound = math.log(544 / first_ratio(0.95)) / GAMMA + 1.6 * math.log(largest) + 1
        assert missed - 0.05 * errors <= bound, factor


def test_exact_hits_end_at_the_floor_and_move_nothing() -> None:
    outliers = np.where(np.arange(20_000) % 40 == 0, 1e9, 1.0)  # 97.5 % are alike: the ratio falls to the floor
    missed, identity, b = shares(outliers)
    assert missed < identity - 1 and missed / len(outliers) < 0.05
    hits = np.concatenate([NORMAL[:500], np.zeros(5000), NORMAL[500:1000]])
    np.testing.assert_array_equal(shares(hits)[2][5500:], shares(NORMAL[:1000])[2][500:])
    assert np.isfinite(b).all()


@pytest.mark.parametrize(("name", "cost"), [("normal", 1.014), ("impulses", 1.07)])
def test_the_mean_width_is_near_that_of_the_best_constant_band(name: str, cost: float) -> None:
    """It costs what docs/bands.md says.

    The best width is a quantile of the sample: its relative deviation is sqrt(0.05 0.95 / n) / (density of ln|e|), and
    that density is 2 phi(1.96) 1.96 = 0.229 for normal errors; 3.9 of them are exceeded once in 10 000.
    """
    errors = np.abs(ERRORS[name])
    spread = math.sqrt(0.05 * 0.95 / len(errors)) / 0.229
    assert abs(shares(ERRORS[name])[2][200:].mean() / np.quantile(errors, 0.95) - cost) < 3.9 * spread


def cut(tracker: BandTracker, forecast: Array, output: Array, scored: Array, ages: Array, rng: Any) -> Array:
    """Take in samples in random parts, each lane in its own; return the half-widths."""
    done, kept = np.zeros(len(ages), np.int64), np.full(forecast.shape, np.nan)
    while (done < ages).any():
        steps = np.minimum(rng.integers(0, 90, len(ages)), ages - done)
        parts = []
        for array in (forecast, output, scored):
            rows = np.zeros((max(int(steps.max()), 1), *array.shape[1:]), array.dtype)
            for i, first in enumerate(done):
                rows[: steps[i], ..., i] = array[first : first + steps[i], ..., i]
            parts.append(rows)
        found = tracker.take(*parts, steps)
        for i, first in enumerate(done):
            kept[first : first + steps[i], ..., i] = found[: steps[i], ..., i]
        done += steps
    return kept


def test_the_bits_do_not_depend_on_how_samples_come_and_a_state_restores_them() -> None:
    forecast, output = sample(700, LOOKAHEADS, SIZES, OUTPUTS, LANES, 1)
    scored = scored_ahead(output, np.zeros((OUTPUTS, LANES), np.int32), LOOKAHEADS)
    ages, rng = np.array([700, 333, MOST_BLOCKS]), np.random.default_rng(5)
    at_once = BandTracker(LOOKAHEADS, SIZES, OUTPUTS, LANES)
    whole = at_once.take(forecast, output, scored, ages)
    first, again = BandTracker(LOOKAHEADS, SIZES, OUTPUTS, LANES), BandTracker(LOOKAHEADS, SIZES, OUTPUTS, LANES)
    assert cut(first, forecast[:300], output[:300], scored[:300], np.minimum(ages, 300), rng).shape
    again.restore(first.state(LANES))
    early = np.minimum(ages, 300)
    rest = [np.zeros((400, *array.shape[1:]), array.dtype) for array in (forecast, output, scored)]
    for i in range(LANES):
        for array, part in zip((forecast, output, scored), rest, strict=True):
            part[: ages[i] - early[i], ..., i] = array[early[i] : ages[i], ..., i]
    late = cut(again, *rest, ages - early, rng)
    for i in range(LANES):
        np.testing.assert_array_equal(late[: ages[i] - early[i], ..., i], whole[early[i] : ages[i], ..., i])
        assert all(np.array_equal(a, b) for a, b in zip(again.lane(i), at_once.lane(i), strict=True))
    again.clear(1)
    fresh = BandTracker(LOOKAHEADS, SIZES, OUTPUTS, LANES)
    for one, other in zip(again.state(LANES).items(), fresh.state(LANES).items(), strict=True):
        assert one[0] == "blocks" or np.array_equal(one[1][1], other[1][1], equal_nan=one[1].dtype == float), one[0]
    with pytest.raises(ValueError, match="another shape of ratio: name another state folder"):
        BandTracker((1,), SIZES, OUTPUTS, LANES).restore(first.state(LANES))


@pytest.mark.parametrize("center", ["none", "first"])
def test_a_live_stream_has_the_bands_of_the_whole_recording(center: str) -> None:
    run, learner = simulate(1, zoo("double-integrator"), 300), ladder(range(4), lookaheads=(1, 10))
    y = run.outputs[0, :, 0].copy()
    y[:3] = y[30:35] = np.nan
    live, kept = Live(learner, bands=0.9, center=center), []
    for value in y:
        kept.append(live.band)
        live.observe(value)
    forecasts = replay(learner, y, center=center)
    start = np.full((1, 1), int(center == "none"), np.int32)
    scored = np.moveaxis(scored_ahead(y[:, None, None], start, (1, 10)), -1, 0)
    whole = bands(forecasts, y[None, :, None], lookaheads=(1, 10), level=0.9, scored=scored)
    for j, lookahead in enumerate((1, 10)):
        issued = np.array(kept)[: len(y) - lookahead + 1, j]
        np.testing.assert_array_equal(whole.half_width[0, lookahead - 1 :, j], issued)
    np.testing.assert_array_equal(whole.ahead[0], live.band)
    assert all(np.array_equal(a, b) for a, b in zip(whole.sums[0], live.coverage, strict=True))
    with pytest.raises(ValueError, match="this stream has no bands"):
        Live(learner).band  # noqa: B018


def counted(n: float, missed: float, after: float, again: float, level: float = 0.95) -> BandSums:
    return BandSums(level, *(np.full((1, 1, 1), float(value)) for value in (n, missed, after, again, n)))


@pytest.mark.parametrize(
    ("sums", "calibrated"),
    [
        (counted(1000, 50, 50, 3), True),
        (counted(1000, 68, 60, 3), True),  # 2.576 sqrt(47.5) + 1 = 18.8 more than 50
        (counted(1000, 69, 60, 3), False),
        (counted(1000, 31, 30, 3), False),
        (counted(1000, 50, 50, 11), True),  # 5 + 2.576 sqrt(4.5) + 1 = 11.5
        (counted(1000, 50, 50, 12), False),
        (counted(0, 0, 0, 0), False),
        (counted(100, 50, 50, 30, 0.5), True),
    ],
)
def test_calibrated_is_what_chance_allows(sums: BandSums, calibrated: bool) -> None:
    assert sums.calibrated.item() is calibrated


def test_sums_of_streams_add_up() -> None:
    both = pooled([counted(100, 4, 3, 1), counted(300, 16, 7, 0)])
    assert both.coverage.item() == pytest.approx(0.95) and both.half_width.item() == 1
    assert [leaf.item() for leaf in both[1:5]] == [400, 20, 10, 1]
    assert np.isnan(counted(0, 0, 0, 0).coverage).all() and np.isnan(counted(0, 0, 0, 0).half_width).all()


@pytest.mark.parametrize("level", [0.49, 0.9991, 95.0])
def test_a_level_out_of_range_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"level of a band must be from 0\.5 to 0\.999"):
        bands(np.zeros((1, 9, 1, 1, 1)), np.zeros((1, 9, 1)), level=level)


def test_forecasts_of_another_shape_are_refused() -> None:
    for forecasts, outputs in (((1, 9, 1, 1), (1, 9, 1)), ((1, 9, 2, 1, 1), (1, 9, 1)), ((1, 9, 1, 1, 1), (9, 1))):
        with pytest.raises(ValueError, match=r"forecasts must be \(batch, time, lookahead, size, output\)"):
            bands(np.zeros(forecasts), np.zeros(outputs))
