"""A change of excitation, of noise or of the plant is not growth; true growth is seldom taken for one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from ergoscope.analysis import growth_laws
from ergoscope.analysis._growth.curves import SCHEMA, log_edges
from ergoscope.analysis._growth.lack_of_fit import fit_jump, input_power

FALSE = 0.02  # share of sure verdicts that may be taken back


def curves_of(errors: np.ndarray) -> pl.DataFrame:
    """Curves of errors ``(run, time)``, one group a run."""
    edges = log_edges(errors.shape[1])
    means = np.add.reduceat(errors**2, edges[:-1], axis=1) / np.diff(edges)
    groups, count = means.shape
    first, last = edges[:-1] + 1, edges[1:]
    each = dict(first=first, last=last, horizon=(first + last) / 2, samples=(last - first + 1).astype(float))
    tiled = {word: np.tile(values, groups) for word, values in each.items()}
    labels = dict(run="", system="made", learner="made", size=0, parameters=0, lookahead=1, metric="error")
    frame = pl.DataFrame(labels | tiled | dict(group=np.repeat(np.arange(groups), count), value=means.ravel()))
    return frame.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def verdict(errors: np.ndarray, inputs: np.ndarray | None = None, draws: int = 400) -> tuple[str, str]:
    power = None
    if inputs is not None:
        power = input_power(inputs[..., None], ("u",), log_edges(inputs.shape[1]), len(inputs))
    row = growth_laws(curves_of(errors), draws=draws, inputs=power).row(0, named=True)
    return row["verdict"], row["reason"]


def stepped(level: float, at: float, runs: int = 16, steps: int = 1000) -> np.ndarray:
    e = np.random.default_rng(0).standard_normal((runs, steps))
    return e * np.where(np.arange(steps) < at * steps, 1.0, level)


@pytest.mark.parametrize("at", [0.3, 0.4, 0.5, 0.6])
def test_a_level_that_jumps_is_no_power_law(at: float) -> None:
    found, reason = verdict(stepped(30.0, at))
    assert found == "undecided"
    assert "the excitation, the noise or the plant has changed" in reason or "still changes" in reason


def test_the_place_and_the_size_of_a_jump_are_found() -> None:
    axis = np.linspace(0.0, 3.0, 36)
    means = np.stack([0.3 * axis + 2.0 * (axis > 1.0)] * 2)
    jump = fit_jump(axis, means)
    assert jump is not None
    assert axis[jump.place - 1] <= 1.0 < axis[jump.place]
    np.testing.assert_allclose(jump.size, 2.0, rtol=1e-9)
    np.testing.assert_allclose(jump.slopes, 0.3, rtol=1e-9)
    assert jump.better.all()
    assert fit_jump(axis[:6], means[:, :6]) is None


def test_noise_that_falls_does_not_hide_growth() -> None:
    """A random walk whose level falls at half of the horizon: flat as a whole, t^1 on both sides."""
    rng, steps = np.random.default_rng(1), 4000
    walk = np.sqrt(np.arange(1, steps + 1)) * rng.standard_normal((64, steps))
    walk[:, steps // 2 :] *= 0.3
    found, reason = verdict(walk)
    assert found == "undecided"
    assert "falls to" in reason


def test_growth_that_ends_is_not_growth() -> None:
    steps = 4000
    ramp = np.minimum(np.arange(1, steps + 1), steps // 3) * np.random.default_rng(2).standard_normal((32, steps))
    assert verdict(ramp)[0] == "undecided"


def test_growth_of_the_inputs_is_not_growth_of_the_error() -> None:
    rng, t = np.random.default_rng(3), np.arange(1000) / 1000
    u = t * rng.standard_normal((16, 1000))
    error = 0.5 * u + 0.01 * rng.standard_normal(u.shape)
    assert verdict(error)[0] == "growing"
    found, reason = verdict(error, u)
    assert found == "undecided"
    assert "the power of the input u itself grows" in reason
    # a walk driven by that input grows faster than its power
    assert verdict(np.cumsum(u, axis=1), u)[0] == "growing"
    # a steady input explains nothing
    assert verdict(error, rng.standard_normal(u.shape))[0] == "growing"


@pytest.mark.parametrize("kind", ["walk", "double walk", "white"])
def test_fixed_plants_are_seldom_taken_for_changed_ones(kind: str) -> None:
    """Over 120 seeds, with 8 runs: at most 2 % of the sure verdicts are taken back, at 1e-4."""
    rng, sure, alarms = np.random.default_rng(7), 0, 0
    for seed in range(120):
        errors = rng.standard_normal((8, 1000))
        if kind != "white":
            errors = np.cumsum(errors, axis=1) + rng.standard_normal(errors.shape)
        if kind == "double walk":
            errors = np.cumsum(errors, axis=1)
        row = growth_laws(curves_of(errors), seed, draws=300).row(0, named=True)
        alarm = "has changed" in row["reason"]
        sure, alarms = sure + (row["verdict"] != "undecided" or alarm), alarms + alarm
    assert sure > 40
    assert alarms <= binom.isf(1e-4, sure, FALSE)
