"""The compiled step of the CPU against the step in JAX, and its bits whatever runs beside a lane."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest

from ergoscope._core.devices import Precision
from ergoscope.analysis import kalman_gain
from ergoscope.learners import Learner, Live, kalman, ladder, lattice, replay, square_root_rls, truncated_kalman
from ergoscope.learners._engine.driver import TILE, Driver
from ergoscope.learners._engine.replay import score_recording
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

A, B, C, D = [[1, 1], [0, 1]], [[0.3, -0.2], [0.1, 0.4]], [[1.0, 0.0], [0.6, 1.0]], [[0.8, -0.5], [0.3, 1.1]]
DRIVEN = LinearSystem(A, C, 0.1 * np.eye(2), [[1.0, 0.3], [0.3, 0.5]], B, D)
MOVING = DRIVEN.replace(
    C=DRIVEN.C * (1 + 0.3 * np.sin(np.arange(70.0)[:, None, None])),
    Q=DRIVEN.Q * np.linspace(1, 2, 70)[:, None, None],
    periodic=True,
)
SINGLE, UNDRIVEN = zoo("double-integrator"), LinearSystem(A, C, DRIVEN.Q, DRIVEN.R)
# A loop is compiled for a number of lookaheads, which takes a quarter of a minute: here they are one or two.
LEARNERS = {
    "ladder": (SINGLE, ladder(range(9))),
    "some lengths": (SINGLE, ladder((1, 4, 5))),
    "forgetting": (SINGLE, ladder(range(9), forgetting=0.95)),
    "ahead": (SINGLE, ladder(range(9), lookaheads=(1, 7))),
    "ahead only": (SINGLE, ladder((0, 2, 5), 0.99, lookaheads=(2, 5))),
    "lattice": (DRIVEN, lattice(range(7), outputs=2, inputs=2)),
    "direct term": (DRIVEN, lattice((0, 1, 4), 0.97, direct=True, outputs=2, inputs=2)),
    "outputs alone": (UNDRIVEN, lattice(range(4), outputs=2)),
    "intercept": (SINGLE, ladder(range(9), 0.99, intercept=True)),
    "intercept ahead": (SINGLE, ladder((0, 1, 4), lookaheads=(1, 3), intercept=True)),
    "intercept and direct term": (DRIVEN, lattice((0, 1, 4), 0.97, True, True, outputs=2, inputs=2)),
    "intercept and inputs": (DRIVEN, lattice(range(4), intercept=True, outputs=2, inputs=2)),
    "square root": (SINGLE, square_root_rls(range(9))),
    "reset": (SINGLE, square_root_rls((1, 3), 0.99, 1.0, reset=50, intercept=True)),  # small S: digits stay
    "square root and direct term": (DRIVEN, square_root_rls((0, 1, 4), 0.97, direct=True, outputs=2, inputs=2)),
    "square root of all": (DRIVEN, square_root_rls(range(4), direct=True, intercept=True, outputs=2, inputs=2)),
    "square root and inputs": (DRIVEN, square_root_rls((0, 2), intercept=True, outputs=2, inputs=2)),
    "kalman": (SINGLE, kalman(SINGLE, mean=[1, 2], covariance=np.eye(2))),
    "inputs": (DRIVEN, kalman(DRIVEN, lookaheads=(1, 3))),
    "time-varying": (MOVING, kalman(MOVING, covariance=np.eye(2), lookaheads=(2, 5))),
    "fixed gain": (DRIVEN, kalman(DRIVEN, kalman_gain(DRIVEN).gain)),
    "truncated": (DRIVEN, truncated_kalman(DRIVEN, kalman_gain(DRIVEN).gain, (0, 1, 4))),
}
WITH_ORACLE = (
    "ladder", "ahead", "direct term", "intercept ahead", "square root and direct term", "inputs", "time-varying",
)  # fmt: skip
EVERY = pytest.mark.parametrize("name", LEARNERS)
# JAX compiles each of them for itself. In float64 each is tried, in float32 one of each loop and number of lookaheads,
# and all in a campaign. "intercept" and "ahead" are tried in float32, and both at once in float64.
IN_FLOAT32 = (
    "ladder", "ahead", "intercept", "intercept and direct term", "square root of all", "kalman", "inputs", "truncated",
)  # fmt: skip
OTHER: dict[str, Precision] = dict(float64="float32", float32="float64")


def runs(system: LinearSystem, count: int = 37, steps: int = 300) -> Trajectories:
    """Runs with gaps, also of one output alone, with a late start, a jump and different ends."""
    made = simulate(4, system, steps, count, inputs="white")
    y, lengths = made.outputs.copy(), made.lengths.copy()
    y[2, 40:45], y[3, 60:62, 0] = np.nan, np.nan
    y[4, :7] = 0
    y[5, :20] *= 1e-15
    lengths[6] = 100
    y[6, 100:] = np.nan
    return replace(made, outputs=y, lengths=lengths)


def in_jax(learner: Learner | None) -> Learner | None:
    return None if learner is None else learner._replace(kernel=None)


def some(of: Trajectories, which: Any) -> Trajectories:
    names = tuple(np.array(of.run_names)[which])
    return Trajectories(of.outputs[which], of.inputs[which], of.lengths[which], of.dt, of.output_names,
                        of.input_names, names)  # fmt: skip


def ways(name: str) -> dict[Precision, tuple[str, int | None]]:
    """The center, and the inputs known ahead, with which a learner is tried in each precision.

    Each learner has both, in the other precision than the learner before it: so every pair is among them, and a step
    is compiled by JAX once in a precision. A count of known inputs is part of what JAX compiles.
    """
    pair: list[tuple[str, int | None]] = [("none", None), ("first", 0)]
    return dict(zip(("float64", "float32"), pair[:: -1 if list(LEARNERS).index(name) % 2 else 1], strict=True))


def loops(names: Iterable[str]) -> set[tuple[str, int]]:
    """Return the loops of some learners: their parts, and the number of lookaheads."""
    learners = [LEARNERS[name][1] for name in names]
    return {(one.kernel.parts.__name__, len(one.lookaheads)) for one in learners if one.kernel is not None}


def test_every_loop_is_tried_in_float32() -> None:
    assert loops(LEARNERS) - loops(IN_FLOAT32) == {("ladder-ahead-intercept", 2)}
    assert {ways(name)["float32"] for name in IN_FLOAT32} == set(ways("ladder").values())


@EVERY
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("usual", [True, False])
def test_it_is_the_step_in_jax(name: str, precision: Precision, usual: bool, pytestconfig: pytest.Config) -> None:
    only_long = not usual or (precision == "float32" and name not in IN_FLOAT32)
    if only_long and not pytestconfig.getoption("--campaign"):
        pytest.skip("compiled for itself: make campaign")
    system, learner = LEARNERS[name]
    data = runs(system)
    center, known_ahead = ways(name)[precision if usual else OTHER[precision]]
    options: dict[str, Any] = dict(precision=precision, center=center, known_ahead=known_ahead)
    made, twin = replay(learner, data, **options), replay(in_jax(learner), data, **options)
    eps = np.finfo(precision).eps
    for one, other, y, length in zip(made, twin, data.outputs, data.lengths, strict=True):
        largest = max(np.nanmax(np.abs(y)), np.abs(other[:length]).max())  # two orders of summation, over all samples
        np.testing.assert_allclose(one[:length], other[:length], rtol=0, atol=1e3 * eps * largest)


@EVERY
def test_sums_and_excess_are_those_of_jax(name: str, pytestconfig: pytest.Config) -> None:
    """What an oracle adds is the same for all learners of as many lookaheads and outputs: some of each are tried."""
    system, learner = LEARNERS[name]
    data, oracle = runs(system), None
    if name in WITH_ORACLE or pytestconfig.getoption("--campaign"):
        oracle = kalman(system, covariance=np.eye(system.states), lookaheads=learner.lookaheads)
    known_ahead = None if oracle is not None else ways(name)["float64"][1]  # compiled before
    options: dict[str, Any] = dict(oracle=oracle, center="first", known_ahead=known_ahead)
    made = score_recording(learner, data, [0, 100, 300], **options)
    twin = score_recording(in_jax(learner), data, [0, 100, 300], **(options | dict(oracle=in_jax(oracle))))
    np.testing.assert_array_equal(made.samples, twin.samples)
    np.testing.assert_allclose(made.error, twin.error, rtol=1e-9)
    np.testing.assert_allclose(made.excess, twin.excess, rtol=1e-6, atol=1e-9)


@EVERY
def test_the_bits_of_a_lane_do_not_depend_on_how_many_run_beside_it(name: str) -> None:
    """One lane, groups of sixteen with and without single ones after them, and a group that is filled up."""
    system, learner = LEARNERS[name]
    data = runs(system)
    whole = replay(learner, data)
    for which in ([2], [5], range(3, 10), range(2, 19), range(5, 37)):
        np.testing.assert_array_equal(replay(learner, some(data, list(which))), whole[list(which)])
    for width in (1, 7, 16, 37, 64):
        np.testing.assert_array_equal(replay(learner, data, width=width), whole)


@EVERY
def test_live_and_scored_forecasts_have_the_bits_of_replay(name: str) -> None:
    system, learner = LEARNERS[name]
    data = some(runs(system), [2])
    whole = replay(learner, data)[0]
    live = Live(learner, system.outputs, system.inputs)
    for t in range(120):
        if t or not system.inputs:
            for k, ahead in enumerate(learner.lookaheads):
                np.testing.assert_array_equal(live.forecast[k], whole[t + ahead - 1, k])
        live.observe(data.outputs[0, t], data.inputs[0, t : t + 1 + max(learner.lookaheads)])
    sums = score_recording(learner, data, [0, 300])
    for k, ahead in enumerate(learner.lookaheads):
        errors = (whole[ahead - 1 :, k] - data.outputs[0, ahead - 1 :, None]) ** 2
        np.testing.assert_allclose(sums.error[0, k, ..., 0], np.nansum(errors, axis=0), rtol=1e-12)


@EVERY
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_checkpoint_of_one_form_goes_on_in_the_other(
    name: str, precision: Precision, pytestconfig: pytest.Config
) -> None:
    if precision == "float32" and name not in IN_FLOAT32 and not pytestconfig.getoption("--campaign"):
        pytest.skip("compiled for itself: make campaign")
    system, learner = LEARNERS[name]
    data = some(runs(system), [0, 2, 3, *range(7, 4 + TILE)])  # none that starts again at a jump
    center, known_ahead = ways(name)[precision]  # for these, and so many lanes, it is compiled already
    options: dict[str, Any] = dict(precision=precision, center=center, known_ahead=known_ahead)
    p, m = system.outputs, system.inputs
    drivers = [Driver(one, p, m, **options) for one in (learner, in_jax(learner))]
    # In the order of memory of a replay: for any other order the loop would be compiled once more.
    y, u = (np.ascontiguousarray(rows.transpose(1, 2, 0)) for rows in (data.outputs, data.inputs))
    ahead = max(learner.lookaheads)

    def advance(driver: Driver, lanes: Any, first: int) -> tuple[Any, Any]:
        rows = slice(first, first + driver.block)
        block = y[rows], u[first : first + driver.block + ahead]
        end = np.full(TILE, driver.block, np.int32)
        lanes, record = driver.advance(lanes, driver.record(), *block, np.int32(0), end)
        return lanes, np.asarray(record)

    states = [jax.tree.map(np.array, advance(driver, driver.start(), 0)[0]) for driver in drivers]
    shapes = [[(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(state)] for state in states]
    assert shapes[0] == shapes[1]
    for driver in drivers:
        made, twin = (advance(driver, driver.place(state), driver.block)[1] for state in states)
        np.testing.assert_allclose(made, twin, rtol=0, atol=1e3 * np.finfo(precision).eps * np.abs(twin).max())


def test_least_squares_that_overflows_starts_again_as_in_jax() -> None:
    """While all is zero S grows by the forgetting, until it is infinite: then weights and S are set to their start."""
    y = np.random.default_rng(5).standard_normal((3, 700, 1))
    y[1, 50:600] = 0
    data = Trajectories(y, np.zeros((3, 700, 0)), np.full(3, 700), 1.0, ("y",), (), ("0", "1", "2"))
    learner = square_root_rls((0, 1, 2), 0.6)
    made, twin = (replay(form, data, precision="float32")[:, :, 0, :, 0] for form in (learner, in_jax(learner)))
    assert np.isfinite(made).all()
    assert (made[1, 601] == 0).all() and (made[[0, 2], 601, 1:] != 0).all()
    np.testing.assert_allclose(made, twin, rtol=0, atol=1e3 * np.finfo(np.float32).eps * np.abs(twin).max())


def test_a_learner_or_an_oracle_without_a_kernel_runs_in_jax() -> None:
    learner, oracle = ladder(range(3)), kalman(SINGLE)
    assert Driver(learner, oracle=oracle).step is not None
    assert Driver(in_jax(learner), oracle=oracle).step is None
    assert Driver(learner, oracle=in_jax(oracle)).step is None


@pytest.mark.parametrize("ratio", [2.0**36, 1e200, 1e300])
def test_a_jump_starts_a_lane_again_as_in_jax(ratio: float) -> None:
    """One lane of a group, at its own time, up to the largest numbers; the others go on."""
    y = np.random.default_rng(3).standard_normal((20, 60, 1))
    y[7, :25] /= ratio
    data = some(runs(SINGLE, 20, 60), slice(None))
    data = replace(data, outputs=y, lengths=np.full(20, 60))
    learner = ladder(range(4))
    made, twin = replay(learner, data), replay(in_jax(learner), data)
    largest = np.abs(twin).max(axis=(1, 2, 3, 4), keepdims=True)
    assert (np.abs(made - twin) <= 1e3 * np.finfo(float).eps * largest).all()
    assert np.abs(made[7, 26]).max() < 1e3  # a ridge in units of the first samples would give some 1e10 times more


@pytest.mark.parametrize("form", [lambda learner: learner, in_jax])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_forecasts_stay_in_reach_on_both_sides(form: Any, sign: float) -> None:
    """After 1e-4 and -1 the only tap is about -10 000: its forecasts alternate, and leave the reach 2^20 H at H = 2."""
    y = sign * np.array([1e-4, -1, 0.5, 0, 0, 0, 0])
    data = Trajectories(y[None, :, None], np.zeros((1, 7, 0)), np.array([7]), 1.0, ("y",), (), ("0",))
    made = replay(form(ladder((1,), lookaheads=(2, 5))), data)[0, :, :, 0, 0]
    np.testing.assert_array_equal((made[3, 0], made[6, 1]), (-sign * 2 * 2.0**20, sign * 5 * 2.0**20))


def test_a_tile_that_is_placed_is_a_copy() -> None:
    driver = Driver(ladder(range(3)), width=2)
    lanes = driver.start()
    copy = driver.place(lanes)
    outputs, inputs = np.ones((1, 1, 2)), np.zeros((2, 0, 2))
    driver.advance(lanes, driver.record(), outputs, inputs, 0, np.ones(2, np.int32))
    assert lanes.age.tolist() == [1, 1]
    assert copy.age.tolist() == [0, 0]


@pytest.mark.parametrize("kernel", [True, False])
def test_a_run_that_ends_within_a_stretch_has_its_sums_there(kernel: bool) -> None:
    """Edges within blocks, at their ends and beyond runs; by hand from the forecasts."""
    edges, lengths = [0, 1, 20, 60, 128, 150, 299, 300], np.array([300, 19, 60, 131])
    data = replace(simulate(5, zoo("double-integrator"), 300, 4), lengths=lengths)
    learner = ladder(range(3)) if kernel else in_jax(ladder(range(3)))
    sums = score_recording(learner, data, edges)
    error = (replay(learner, data)[:, :, 0] - data.outputs[:, :, None]) ** 2  # (run, time, size, output)
    for k, (first, last) in enumerate(itertools.pairwise(edges)):
        for i, length in enumerate(lengths):
            part = error[i, first : min(last, length)]
            np.testing.assert_allclose(sums.error[k, 0, :, :, i], part.sum(axis=0), rtol=1e-9, atol=1e-12)
            assert sums.samples[k, 0, 0, i] == len(part)
