"""The conformance table: every law on every learner of the catalogue, on each kind of stream that it serves.

Each (learner, precision) is compiled once, and all laws run on that kernel. A new learner adds one row to the catalogue
and is under the laws. JAX takes seconds to compile for a stream in a precision: what it compiles is under the laws on
its widest stream, in float64 and float32 in turn from learner to learner; in a campaign on both streams that it serves,
in both precisions. ``VARIANTS`` has those options that change what the kernel does, each in float64 on the widest
stream of its learner.
"""

from __future__ import annotations

import inspect
import io
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from ergoscope._core.devices import Precision, computing
from ergoscope.analysis import kalman_gain
from ergoscope.learners import Learner, Live, learner_names, make_learner, replay
from ergoscope.learners._catalogue import learner_entry
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score, score_recording
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

INTEGRATOR, TWO_BY_TWO, STATE = "double-integrator", "two-by-two", "figure-1"
STREAMS = {
    "one output": (INTEGRATOR,),
    "outputs": (INTEGRATOR, TWO_BY_TWO),
    "outputs and inputs": (INTEGRATOR, TWO_BY_TWO),
    "whole state": (STATE,),
}
SIZES = {INTEGRATOR: (0, 1, 2, 4), TWO_BY_TWO: (0, 1, 3), STATE: range(8)}
VARIANTS = (
    "ladder:forgetting=0.99",
    "lattice:forgetting=0.99",
    "ladder:intercept=yes",
    "lattice:intercept=yes",
    "qr-array:intercept=yes",
    "square-root-rls:intercept=yes",
    "spectral-filter:window=16,intercept=yes",
    "square-root-rls:forgetting=0.99,reset=50",
    "lms:leakage=0.01",
    "affine-projection:order=1",
    "kalman:process=0.1",
    "sliding-window:samples=40",
    "spectral-filter:window=16,autoregressive=2,phases=3,forgetting=0.99",
    "subspace:past=5,window=96,refit=30",
    "length-mixture:longest=3,share=0.01",
)
SMALL = {
    "length-mixture": "length-mixture:longest=3",
    "doubling-epochs": "doubling-epochs:longest=6,first=4",
    "spectral-filter": "spectral-filter:window=16",
    "subspace": "subspace:past=6",
    "gru": "gru:window=2",
    "attention": "attention:window=3",
    "mlp": "mlp:window=3",
}
NETWORKS = ("gru", "attention", "mlp")  # each size is compiled: few sizes, on the widest stream alone
WITH_A_UNIT = ("kalman", "truncated-kalman", "lms")  # they know the noise of their system, or have a step in its unit


class Row(NamedTuple):
    words: str
    system: str

    @property
    def name(self) -> str:
        return self.words.partition(":")[0]

    @property
    def learner(self) -> Learner:
        return made(self)

    @property
    def width(self) -> int:
        return 6 if self.learner.pooled else 32


TABLE = {
    f"{words} on {system}": Row(words, system)
    for words in (*(SMALL.get(name, name) for name in learner_names()), *VARIANTS)
    for system in STREAMS[learner_entry(words.partition(":")[0]).serves][
        -1 if words in VARIANTS or words.partition(":")[0] in NETWORKS else 0 :
    ]
}
WIDEST = {
    row.words: name for name, row in TABLE.items() if row.words not in VARIANTS
}  # the last stream of each learner
HAVE_LOOPS = ("ladder", "lattice", "square-root-rls", "kalman", "truncated-kalman")  # for a CPU; one serves all streams
IN_TURN = [words for words in WIDEST if words.partition(":")[0] not in HAVE_LOOPS]  # in float64, in float32, and so on
STEPS = 300
LONGEST = max(map(max, SIZES.values()))


def precisions_of(name: str, campaign: bool) -> tuple[Precision, ...]:
    """The precisions in which a row is under the laws."""
    row = TABLE[name]
    wide = name == WIDEST.get(row.words)
    if row.words in VARIANTS:
        return ("float64",)
    if campaign or (wide and row.name in HAVE_LOOPS):
        return "float64", "float32"
    if row.name in HAVE_LOOPS:
        return ("float64",)
    if not wide:
        return ()
    return ("float64",) if IN_TURN.index(row.words) % 2 == 0 else ("float32",)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Try each law on each row, in each of its precisions."""
    if "precision" in metafunc.fixturenames:
        campaign = metafunc.config.getoption("--campaign")
        rows = [(name, precision) for name in TABLE for precision in precisions_of(name, campaign)]
        metafunc.parametrize(("name", "precision"), sorted(rows, key=lambda row: row[1], reverse=True))


def test_every_learner_is_under_the_laws_in_both_precisions_in_turn() -> None:
    tried = {(TABLE[name], precision) for name in TABLE for precision in precisions_of(name, campaign=False)}
    assert {row.name for row, _ in tried} == set(learner_names())
    jax_rows = {(row.system, precision) for row, precision in tried if row.name not in HAVE_LOOPS}
    assert jax_rows == {(system, precision) for system in (TWO_BY_TWO, STATE) for precision in ("float64", "float32")}


@cache
def made(row: Row) -> Learner:
    system, factory = plant(row.system), learner_entry(row.name).make
    takes = inspect.signature(factory).parameters
    driven = system.inputs > 0
    given: dict[str, Any] = dict(system=system, outputs=system.outputs, inputs=system.inputs, direct=driven)
    sizes = (0, 2) if row.name in NETWORKS else SIZES[row.system]
    given |= dict(sizes=sizes) if "sizes" in takes and row.name != "block-chart" else {}
    given |= dict(lookaheads=(1, 3)) if "lookaheads" in takes else {}
    given |= dict(gain=kalman_gain(system).gain) if "gain" in takes else {}
    return make_learner(row.words, given)


@cache
def recording(name: str, runs: int = 6) -> Trajectories:
    return simulate(5, plant(TABLE[name].system), STEPS, runs, inputs="white")


def plant(name: str) -> LinearSystem:
    """A system of the zoo, or the one with inputs and a direct term."""
    if name != "two-by-two":
        return zoo(name)
    A, B, C = [[1, 1], [0, 1]], [[0.3, -0.2], [0.1, 0.4]], [[1.0, 0.0], [0.6, 1.0]]
    return LinearSystem(A, C, 0.1 * np.eye(2), np.eye(2), B, [[0.8, -0.5], [0.3, 1.1]], name=name)


def with_outputs(of: Trajectories, outputs: np.ndarray) -> Trajectories:
    lengths = np.full(len(outputs), outputs.shape[1])
    inputs = np.resize(of.inputs[0], (*outputs.shape[:2], of.inputs.shape[2]))  # over and over, the same for all
    runs = tuple(map(str, range(len(outputs))))
    return Trajectories(outputs, inputs, lengths, of.dt, of.output_names, of.input_names, runs)


def forecasts(name: str, outputs: np.ndarray, precision: Precision, **options: object) -> np.ndarray:
    row = TABLE[name]
    return replay(row.learner, with_outputs(recording(name), outputs), precision=precision, width=row.width, **options)


def test_live_equals_replay_to_the_bit(name: str, precision: Precision) -> None:
    row, outputs = TABLE[name], recording(name).outputs.copy()
    if row.learner.pooled:  # a pooled learner lives on all its lanes at once
        outputs = outputs[:1]
    outputs[0, 40:45] = np.nan
    width = 1 if row.learner.pooled else row.width
    whole = replay(row.learner, with_outputs(recording(name), outputs), precision=precision, width=width)
    u = recording(name).inputs[0]
    live = Live(row.learner, outputs.shape[2], u.shape[1], precision=precision, width=width)
    for t in range(150):
        if t or not u.shape[1]:  # before the first sample a live stream has not told its inputs
            for j, ahead in enumerate(row.learner.lookaheads):
                np.testing.assert_array_equal(live.forecast[j], whole[0, t + ahead - 1, j])
        live.observe(outputs[0, t], u[t : t + 1 + max(row.learner.lookaheads)])


def test_blocks_of_any_length_give_the_same_bits(name: str, precision: Precision) -> None:
    row, outputs = TABLE[name], recording(name).outputs
    whole = forecasts(name, outputs, precision)
    lanes = len(outputs)
    known = recording(name).inputs[0]
    driver = Driver(row.learner, outputs.shape[2], known.shape[1], precision=precision, width=row.width)
    state, record = driver.start(), driver.record()
    y = np.full((driver.block, outputs.shape[2], row.width), np.nan)
    y[..., :lanes] = outputs[:, : driver.block].transpose(1, 2, 0)
    u = np.repeat(known[: driver.block + driver.ahead, :, None], row.width, axis=2)
    cuts = [0, 1, 2, 7, 8, 60, 61, 128]
    for begin, stop in zip(cuts, cuts[1:], strict=False):
        end = np.where(np.arange(row.width) < lanes, stop, 0).astype(np.int32)
        state, record = driver.advance(state, record, y, u, np.int32(begin), end)
    np.testing.assert_array_equal(np.array(record)[..., :lanes], np.moveaxis(whole[:, :128], 0, -1))


def test_a_lane_depends_neither_on_the_number_nor_on_the_content_of_the_others(name: str, precision: Precision) -> None:
    row = TABLE[name]
    if row.learner.pooled:
        pytest.skip("a pooled learner learns from all lanes")
    outputs = recording(name).outputs
    alone = forecasts(name, outputs[2:3], precision)
    np.testing.assert_array_equal(forecasts(name, outputs, precision)[2:3], alone)
    wild = np.concatenate(
        [outputs[:1] * 1e6, np.full_like(outputs[:1], np.nan), outputs[2:3], np.zeros_like(outputs[:1])]
    )
    np.testing.assert_array_equal(forecasts(name, wild, precision)[2:3], alone)
    many = np.concatenate([np.repeat(outputs, 8, axis=0), outputs[2:3]])  # a second tile
    np.testing.assert_array_equal(forecasts(name, many, precision)[-1:], alone)


def test_the_future_changes_nothing_before_it(name: str, precision: Precision) -> None:
    outputs = recording(name).outputs
    changed = outputs.copy()
    changed[:, 200:] = 1e3 - changed[:, 200:]
    before, after = forecasts(name, outputs, precision), forecasts(name, changed, precision)
    for j, ahead in enumerate(TABLE[name].learner.lookaheads):
        np.testing.assert_array_equal(before[:, : 200 + ahead, j], after[:, : 200 + ahead, j])
        assert (before[:, 200 + ahead :, j] != after[:, 200 + ahead :, j]).any() or TABLE[name].name == "zero"


def test_a_power_of_two_scales_the_forecasts_to_the_bit(name: str, precision: Precision) -> None:
    if TABLE[name].name in WITH_A_UNIT:
        pytest.skip("it knows the noise of its system, or has a step in a unit")
    outputs = recording(name).outputs.astype(precision)
    for factor in (2.0**20, 2.0**-30):
        scaled = forecasts(name, outputs * factor, precision)
        if TABLE[name].learner.pooled:
            np.testing.assert_allclose(
                scaled, factor * forecasts(name, outputs, precision), rtol=1e-3, atol=1e-3 * factor
            )
        else:
            np.testing.assert_array_equal(scaled, factor * forecasts(name, outputs, precision))


def test_a_constant_added_is_added_to_the_forecasts(name: str, precision: Precision) -> None:
    """Of every learner where streams are centered on their first sample, of some without that."""
    outputs, constant = np.round(recording(name).outputs * 16) / 16, 64.0  # sums are exact
    eps, largest = np.finfo(precision).eps, np.abs(outputs).max() + constant
    ways = ["first", "none"] if learner_entry(TABLE[name].name).shifts else ["first"]
    for center in ways:
        before = forecasts(name, outputs, precision, center=center)[:, 1 + LONGEST :]
        after = forecasts(name, outputs + constant, precision, center=center)[:, 1 + LONGEST :]
        np.testing.assert_allclose(after - constant, before, rtol=0, atol=200 * eps * largest)


def test_a_checkpoint_goes_on_with_the_same_bits(name: str, precision: Precision) -> None:
    row, outputs = TABLE[name], recording(name).outputs
    whole, known = forecasts(name, outputs, precision), recording(name).inputs[0]
    driver = Driver(row.learner, outputs.shape[2], known.shape[1], precision=precision, width=row.width)
    y = np.full((driver.block, outputs.shape[2], row.width), np.nan)
    y[..., : len(outputs)] = outputs[:, : driver.block].transpose(1, 2, 0)
    u = np.repeat(known[: driver.block + driver.ahead, :, None], row.width, axis=2)
    ends = [np.where(np.arange(row.width) < len(outputs), stop, 0).astype(np.int32) for stop in (50, driver.block)]
    state, record = driver.advance(driver.start(), driver.record(), y, u, np.int32(0), ends[0])
    leaves, tree = jax.tree.flatten(state)
    file = io.BytesIO()
    np.savez(file, *(np.asarray(leaf) for leaf in leaves))
    with np.load(io.BytesIO(file.getvalue())) as stored, computing(precision):
        restored = driver.place(jax.tree.unflatten(tree, [jax.numpy.array(stored[key]) for key in stored.files]))
        assert jax.tree.map(lambda leaf: leaf.dtype, restored) == jax.tree.map(lambda leaf: leaf.dtype, driver.start())
    _, record = driver.advance(restored, record, y, u, np.int32(50), ends[1])
    made = np.moveaxis(np.array(record)[..., : len(outputs)], -1, 0)
    np.testing.assert_array_equal(made, whole[:, : driver.block])


def test_the_batch_path_scores_what_replay_forecasts(name: str, precision: Precision) -> None:
    row, data = TABLE[name], recording(name)
    made = forecasts(name, data.outputs, precision)
    driver = Driver(row.learner, data.outputs.shape[2], data.inputs.shape[2], precision=precision, width=row.width)
    u = data.inputs[0]
    sums = score(
        driver, [data.outputs.transpose(1, 2, 0)], lambda t: u[np.minimum(t, STEPS - 1)], data.lengths,
        [0, 100, STEPS], whole=True,
    )  # fmt: skip
    rounding = 100 * np.finfo(precision).eps * np.abs(data.outputs).max() ** 2 * STEPS
    for j, ahead in enumerate(row.learner.lookaheads):
        squares = (data.outputs[:, ahead - 1 :, None] - made[:, ahead - 1 :, j].astype(float)) ** 2
        cut = 100 - (ahead - 1)
        expected = np.stack([squares[:, :cut].sum(axis=1), squares[:, cut:].sum(axis=1)]).transpose(0, 2, 3, 1)
        np.testing.assert_allclose(sums.error[:, j], expected, rtol=1e-3, atol=rounding)


@pytest.mark.parametrize("center", ["none", "first"])
def test_strange_streams_leave_no_nan(name: str, precision: Precision, center: str) -> None:
    p, t = recording(name).outputs.shape[2], np.arange(600.0)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(600)
    strange = np.stack(
        [
            np.full(600, 7.0),
            np.zeros(600),
            1e12 * noise,
            1e-12 * noise,
            np.where((t < 200) | (t > 500), noise, 3.0),  # flat, then waking
            np.where(t % 97 == 0, 1e6, noise),  # impulses
        ]
    )
    outputs = np.repeat(strange[:, :, None], p, axis=2)
    made = forecasts(name, outputs, precision, center=center)
    assert np.isfinite(made).all()


def test_a_speck_or_a_huge_sample_first_keeps_forecasts_in_reach(name: str, precision: Precision) -> None:
    """Rounding of 5.6e-17 before the signal is forgotten; a forecast H ahead is within 2^20 H of the outputs so far."""
    signal = np.sin(0.3 * np.arange(400.0)) + 0.1 * np.random.default_rng(7).standard_normal(400)
    speck, tiny, huge = np.full(3, 5.6e-17), np.full(1, 1e-6), np.full(1, 1e12)
    late = np.where(np.arange(400) < 100, 1e-14 * signal, signal)
    runs = np.stack([np.concatenate([first, signal])[:400] for first in (speck, tiny, huge)] + [late])
    outputs = np.repeat(runs[:, :, None], recording(name).outputs.shape[2], axis=2)
    made, learner = forecasts(name, outputs, precision), TABLE[name].learner
    assert np.isfinite(made).all()
    largest = np.maximum.accumulate(np.abs(outputs), axis=1)
    for j, H in enumerate(learner.lookaheads):
        limit = 2.0**20 * H * largest[:, : 400 - H, None]
        assert (np.abs(made[:, H:, j]) <= 1.001 * limit).all() or not (learner.scaled or learner.pooled)
    if learner.scaled and not learner.pooled and recording(name).inputs.shape[2] == 0:
        alone = forecasts(name, np.repeat(signal[None, :, None], outputs.shape[2], axis=2), precision)
        begun = max(learner.lookaheads)
        np.testing.assert_array_equal(made[0, 3 + begun :], alone[0, begun : 400 - 3])


def test_missing_samples_are_never_scored_and_break_nothing(name: str, precision: Precision) -> None:
    row, outputs = TABLE[name], recording(name).outputs.copy()
    lost = np.random.default_rng(3).random(outputs.shape[:2]) < 0.2
    outputs[lost] = np.nan
    sums = score_recording(
        row.learner, with_outputs(recording(name), outputs), [0, 100, STEPS], precision=precision, width=row.width
    )
    seen = ~np.isnan(outputs)
    made = forecasts(name, outputs, precision)
    assert np.isfinite(made).all()
    rounding = 100 * np.finfo(precision).eps * np.nanmax(outputs**2)
    for j, ahead in enumerate(row.learner.lookaheads):
        scored = seen & (np.arange(STEPS) >= ahead - 1)[None, :, None]
        np.testing.assert_array_equal(sums.samples[0, j].T, scored[:, :100].sum(axis=1))
        np.testing.assert_array_equal(sums.samples[1, j].T, scored[:, 100:].sum(axis=1))
        squares = (
            np.where(scored[:, :, None], outputs[:, :, None].astype(precision) - made[:, :, j], 0).astype(float) ** 2
        )
        expected = squares.sum(axis=1).transpose(1, 2, 0)
        np.testing.assert_allclose(sums.error.sum(axis=0)[j], expected, rtol=1e-4, atol=rounding * STEPS)


def test_memory_is_constant_in_time(name: str, precision: Precision) -> None:
    row = TABLE[name]
    with computing(precision):
        inputs = recording(name).inputs.shape[2]
        driver = Driver(row.learner, recording(name).outputs.shape[2], inputs, precision=precision, width=row.width)
        lanes, record = driver.start(), driver.record()
        before = jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), lanes)
        y = np.zeros((driver.block, recording(name).outputs.shape[2], row.width))
        end = np.full(row.width, driver.block, np.int32)
        u = np.zeros((driver.block + driver.ahead, inputs, row.width))
        lanes, record = driver.advance(lanes, record, y, u, np.int32(0), end)
        assert jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), lanes) == before


def test_the_sample_that_sets_the_center_is_not_scored(name: str, precision: Precision) -> None:
    row, outputs = TABLE[name], recording(name).outputs.copy() + 1e3
    outputs[:, :2] = np.nan
    options = dict(precision=precision, width=row.width, center="first")
    sums = score_recording(row.learner, with_outputs(recording(name), outputs), [0, 10, STEPS], **options)
    for lookahead, samples in zip(row.learner.lookaheads, sums.samples[0], strict=True):
        np.testing.assert_array_equal(samples, 10 - 2 - lookahead)
    made, others = (forecasts(name, outputs + more, precision, center="first") for more in (0, 77))
    np.testing.assert_array_equal(made[:, :3], others[:, :3])  # the forecast of that sample knows nothing of it


def test_a_run_that_ends_early_is_a_run_alone(name: str, precision: Precision) -> None:
    row, outputs = TABLE[name], recording(name).outputs
    if row.learner.pooled:
        pytest.skip("a pooled learner steps all its lanes together")
    ragged = replace(with_outputs(recording(name), outputs), lengths=np.array([STEPS, 130, STEPS, 1, STEPS, 257]))
    made = replay(row.learner, ragged, precision=precision, width=row.width)
    whole = forecasts(name, outputs, precision)
    for lane, length in enumerate(ragged.lengths):
        np.testing.assert_array_equal(made[lane, :length], whole[lane, :length])
    sums = score_recording(row.learner, ragged, [0, 100, STEPS], precision=precision, width=row.width)
    np.testing.assert_array_equal(sums.samples.sum(axis=0)[0, 0], ragged.lengths)
