"""Changes of five kinds are found, with the sizes before and since; the lanes do not touch each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from jaxtyping import Float

from ergoscope.analysis._drift.change import Change
from ergoscope.analysis._drift.recorded import held, recorded_changes, run_watched
from ergoscope.analysis._drift.watch import ChangeWatch, short_memory
from ergoscope.learners import Learner, ladder, lattice, make_learner
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.tile_state import leaves_of

AT, STEPS = 4000, 6000
LADDER = ladder(range(9), intercept=True)


def series(before: Any, after: Any, level: float = 1.0, lanes: int = 16) -> Float[np.ndarray, "time 1 lane"]:
    """Autoregressions of white noise, with other coefficients and another level from AT on."""
    noise = np.random.default_rng(7).standard_normal((STEPS, lanes))
    noise[AT:] *= level
    y = np.zeros_like(noise)
    for t in range(STEPS):
        taps = before if t < AT else after
        y[t] = noise[t] + sum(tap * y[t - k] for k, tap in enumerate(taps, 1) if t >= k)
    return y[:, None]


def found(outputs: Any) -> dict[int, list[Change]]:
    changes: dict[int, list[Change]] = {}
    for _, some in run_watched(LADDER, outputs, center="first"):
        for lane, change in some.items():
            changes.setdefault(lane, []).append(change)
    return changes


def most(words: list[Any]) -> Any:
    return max(set(words), key=words.count)


@pytest.mark.parametrize(
    ("before", "after", "level", "kind", "sizes"),
    [
        ([0.9], [0, 0, 0, 0.9], 1.0, "size", (1, 4)),
        ([0.9], [-0.5], 1.0, "weights", (1, 1)),
        ([0.9], [0.9], 2.0, "noise", (1, 1)),
        ([0.9], [0.9], 0.4, "noise", (1, 1)),
        ([0.5], [1.0], 1.0, "weights", (1, 1)),
    ],
)
def test_a_change_is_named(before: Any, after: Any, level: float, kind: str, sizes: tuple[int, int]) -> None:
    changes = found(series(before, after, level))
    assert len(changes) == 16 and all(len(of_lane) == 1 for of_lane in changes.values())
    first = [of_lane[0] for of_lane in changes.values()]
    assert most([change.kind for change in first]) == kind
    assert most([(change.size_before, change.size_now) for change in first]) == sizes
    assert abs(np.median([change.since for change in first]) - AT) < 80
    assert all(AT < change.noticed <= change.told < AT + 700 for change in first)
    if kind == "noise":
        assert np.median([change.ratio or 0 for change in first]) == pytest.approx(level, rel=0.15)
    assert f"since sample {first[0].since:,}".replace(",", " ") in first[0].sentence


def test_an_input_that_is_lost_is_found() -> None:
    rng = np.random.default_rng(3)
    u, y = rng.standard_normal((STEPS, 1)), rng.standard_normal((STEPS, 1))
    for t in range(1, STEPS):
        y[t] += 0.8 * y[t - 1] + (u[t - 1] if t < AT else 0)
    (change,) = recorded_changes(lattice(range(9), intercept=True, outputs=1, inputs=1), y, u, center="first")
    assert change.kind in ("weights", "size") and abs(change.since - AT) < 200 and change.noticed < AT + 700
    assert change.ratio == pytest.approx(1, abs=0.15)


def test_lanes_and_gaps_do_not_touch_each_other() -> None:
    outputs = series([0.9], [0, 0, 0, 0.9], lanes=16)
    outputs[::50, :, 3] = np.nan
    together = found(outputs)
    for lane in (0, 3):
        assert recorded_changes(LADDER, outputs[..., lane], center="first") == together[lane]


def test_the_long_memory_takes_over_what_the_short_one_knows() -> None:
    outputs = series([0.9], [0, 0, 0, 0.9], lanes=1)
    driver = Driver(LADDER, width=1, block=64)
    watch, lanes, record = ChangeWatch(driver), driver.start(), driver.record()
    errors = np.zeros((2, STEPS))
    for k, watched in enumerate((False, True)):
        lanes, told = driver.start(), 0
        for t in range(0, STEPS, 64):
            y = outputs[t : t + 64]
            end, u = np.full(1, len(y), np.int32), np.zeros((len(y) + 1, 0, 1))
            lanes, record = driver.advance(lanes, record, y, u, np.int32(0), end)
            forecast = np.asarray(record)[: len(y), 0]
            errors[k, t : t + len(y)] = (forecast[:, 4, 0, 0] - y[:, 0, 0]) ** 2
            if watched and watch.compare(lanes, forecast, ~np.isnan(y), y, u, end):
                told = t + 64
                same = zip(leaves_of(lanes), leaves_of(watch.lanes), strict=True)
                assert all(np.array_equal(mine, its) for mine, its in same)
    assert told and (errors[0, :AT] == errors[1, :AT]).all()
    assert errors[1, told : told + 600].mean() < 0.6 * errors[0, told : told + 600].mean()


def test_a_state_goes_on_with_the_same_bits() -> None:
    outputs = series([0.9], [0, 0, 0, 0.9], lanes=2)
    runs = list(run_watched(LADDER, outputs[:4224], center="first"))
    state = {name: array.copy() for name, array in runs[-1][0].state().items()}
    again = ChangeWatch(Driver(LADDER, width=2, block=64, center="first"))
    again.restore(state)
    assert all(np.array_equal(array, state[name]) for name, array in again.state().items())
    again.clear(0)
    fresh = ChangeWatch(Driver(LADDER, width=2, block=64, center="first")).state()
    for name, array in again.state().items():
        assert np.array_equal(array[..., 0], fresh[name][..., 0])
        assert np.array_equal(array[..., 1], state[name][..., 1])
    with pytest.raises(ValueError, match="other bets on changes: name another state folder"):
        again.restore(state | {"leaf 0": state["leaf 0"][:1]})


@pytest.mark.parametrize("learner", [ladder(range(4), forgetting=0.99), make_learner("persistence", dict(outputs=1))])
def test_a_learner_without_a_short_memory_is_refused(learner: Learner) -> None:
    with pytest.raises(ValueError, match=r"use ladder \(one output\) or lattice without forgetting"):
        ChangeWatch(Driver(learner))


def test_other_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1, such as 0\.01; got 1"):
        ChangeWatch(Driver(LADDER), rate=1.0)


def test_the_short_memory_is_longer_than_the_longest_filter() -> None:
    assert short_memory(LADDER) == 256
    assert short_memory(ladder([0, 63])) == 512
    assert (1 - 1 / 512) ** 63 > 0.5  # what the learner asks for


def test_missing_inputs_are_held() -> None:
    u = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, 3.0]])
    np.testing.assert_array_equal(held(u), [[0, 1], [2, 1], [2, 3]])


def change(**other: Any) -> Change:
    plain = dict(since=20_140, noticed=20_288, told=20_544, kind="size", size_before=1, size_now=4, at_least=False)
    return Change(**plain | dict(ratio=1.02, rate=0.01, size_label="filter length") | other)  # type: ignore[arg-type]


def test_sentences() -> None:
    assert change().sentence == (
        "filter length 4 is needed since sample 20 140; 1 was needed before; the error is as large as before "
        "(false alarms: at most 1 % of stable stretches)"
    )
    assert "filter length at least 4 is needed" in change(at_least=True).sentence
    assert "4 is still needed, with other weights since sample 20 140" in change(kind="weights").sentence
    noise = change(kind="noise", ratio=3.14).sentence
    assert "the noise has changed since sample 20 140; the error is 3.1 times what it was" in noise
    assert "the error is 47 % of what it was" in change(ratio=0.47).sentence
    assert "before or since is zero" in change(ratio=None).sentence
    assert change().record()["sentence"] == change().sentence
