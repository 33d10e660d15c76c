"""The main job several samples ahead: a verdict for each look-ahead, against theory and against plain means."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import Location, best_errors, innovation_covariances, locate, save_location
from ergoscope.analysis._growth.curves import block_edges
from ergoscope.learners import kalman, ladder, qr_array, replay
from ergoscope.simulator import LinearSystem, Trajectories, simulate, zoo

Z = 3.89  # two-sided 1e-4 of the normal law
LOOKAHEADS = (1, 10)  # two, as in other files: a loop is compiled for a number of them
SIZES = range(
    5
)  # JAX compiles a program for each sizes and lookaheads: those of qr-array are the same in several tests


def two_by_two() -> LinearSystem:
    A, B, C = [[1.0, 1.0], [0.0, 1.0]], [[0.3, -0.2], [0.1, 0.4]], [[1.0, 0.0], [0.6, 1.0]]
    return LinearSystem(A, C, 0.1 * np.eye(2), np.eye(2), B, [[0.8, -0.5], [0.3, 1.1]], name="two by two")


@pytest.mark.parametrize("learner", ["ladder", "qr-array"])
@pytest.mark.parametrize("name", ["random-walk", "double-integrator", "explosive-1"])
def test_every_lookahead_has_its_verdict(name: str, learner: str) -> None:
    found = locate(name, learner=learner, lookaheads=LOOKAHEADS, horizon=8000, sizes=SIZES, replicates=32, seed=1)
    words = {"ladder": "iterated one-step forecasts", "qr-array": "direct forecasts"}[learner]
    assert [part.lookahead for part in found.each] == list(LOOKAHEADS)
    for part in found.each:
        assert part.theory is not None
        assert (part.verdict, part.critical_size) == ("located", part.theory.critical_size), part.sentence
        assert part.theory.critical_size == found.critical_size  # of positive real modes
        ahead = "1 sample ahead:" if part.lookahead == 1 else f"{part.lookahead} samples ahead ({words}):"
        assert part.sentence.startswith(f"{name}, {ahead}")
    assert str(found).splitlines() == [part.sentence for part in found.each]


def test_a_quarter_turn_needs_one_tap_less_to_look_two_ahead() -> None:
    turn = LinearSystem([[0.0, -1.0], [1.0, 0.0]], [[1.0, 0.0]], np.eye(2), [[1.0]], name="quarter turn")
    found = locate(turn, learner="qr-array", lookaheads=(1, 2, 3), horizon=4000, sizes=range(4), seed=2)
    assert [part.critical_size for part in found.each] == [2, 1, 2]
    assert [part.theory.critical_size for part in found.each if part.theory] == [2, 1, 2]
    iterated = locate(turn, learner="ladder", lookaheads=(1, 2), horizon=4000, sizes=range(4), seed=2)
    assert [part.critical_size for part in iterated.each] == [2, 2]
    assert [part.theory.critical_size for part in iterated.each if part.theory] == [2, 2]


def late_mean(found: Location, runs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the samples that the last bin of a table covers, and its limit from the runs' spread."""
    last = found.horizon
    bins = found.curves.filter((pl.col("last") > last / np.sqrt(2)) & (pl.col("metric") == "error"))
    means = runs[:, int(bins["first"].min()) - 1 : last].mean(axis=1)  # type: ignore[arg-type]
    return means.mean(axis=0), Z * means.std(axis=0, ddof=1) / np.sqrt(len(runs))


@pytest.mark.parametrize(("family", "learner"), [(ladder, "ladder"), (qr_array, "qr-array")])
def test_errors_and_excess_are_those_of_forecasts_held_back(family, learner: str) -> None:
    system = zoo("double-integrator")
    found = locate(system, learner=learner, lookaheads=LOOKAHEADS, sizes=SIZES, horizon=600, replicates=16, seed=3)
    run = simulate(3, system, 600, 16)
    made = replay(family(SIZES, lookaheads=LOOKAHEADS), run)[..., 0]
    oracle = replay(kalman(system, lookaheads=LOOKAHEADS), run)[..., 0]
    for j, part in enumerate(found.each):
        error = (run.outputs - made[:, :, j]) ** 2
        excess = (oracle[:, :, j] - made[:, :, j]) ** 2
        np.testing.assert_allclose(part.rungs["error"], late_mean(part, error)[0], rtol=1e-9)
        np.testing.assert_allclose(part.rungs["excess"], late_mean(part, excess)[0], rtol=1e-6)
        assert part.curves.equals(found.curves)


def test_direct_forecasts_lie_on_the_exact_curve_and_iterated_ones_do_not_lie_below() -> None:
    system, runs, horizon, ahead = zoo("double-integrator"), 256, 4000, LOOKAHEADS[1]
    run = simulate(5, system, horizon, runs)
    for family in (qr_array, ladder):
        forecasts = replay(family(SIZES, lookaheads=LOOKAHEADS), run)[:, 2000:, 1, :, 0]
        means = ((run.outputs[:, 2000:] - forecasts) ** 2).mean(axis=1)
        for size in (2, 3, 4):
            exact = best_errors(system, [size], np.arange(2000, horizon, 100), lookahead=ahead).mean()
            spread = Z * means[:, size].std() / np.sqrt(runs)
            # what learning costs one step ahead, in units of an error that overlaps with the next ones
            learning = exact * (size + ahead - 1) / 2000 * ahead
            assert exact - spread < means[:, size].mean(), f"{family.__name__}, length {size}"
            if family is qr_array:
                assert means[:, size].mean() < exact + learning + spread, f"length {size}"


def test_the_oracle_ahead_has_the_exact_error() -> None:
    system, runs = zoo("explosive-1"), 512
    run = simulate(7, system, 60, runs)
    made = {lookahead: replay(kalman(system, lookaheads=(lookahead, 10)), run)[:, :, 0, 0, 0] for lookahead in (1, 5)}
    made[10] = replay(kalman(system, lookaheads=(1, 10)), run)[:, :, 1, 0, 0]
    for lookahead, forecasts in made.items():
        for t in (lookahead, 30, 59):
            expected = innovation_covariances(system, [t], lookahead=lookahead)[0, 0, 0]
            squares = (run.outputs[:, t, 0] - forecasts[:, t]) ** 2
            assert abs(squares.mean() / expected - 1) < Z * np.sqrt(2 / runs) * 1.1, f"{lookahead} ahead, t = {t}"


def test_inputs_ahead_may_be_known_or_held() -> None:
    system = two_by_two()
    options = dict(inputs="white", lookaheads=(1, 5), sizes=range(4), horizon=3000, replicates=32, seed=4)
    known, held = (locate(system, inputs_ahead=ahead, **options) for ahead in ("known", "held"))
    assert locate(system, **options).curves.equals(known.curves)  # a system's own input is known
    assert known.settings["learner"] == "qr-array"
    one, five = ((a.rungs["error"][3], b.rungs["error"][3]) for a, b in zip(known.each, held.each, strict=True))
    assert one[0] == one[1]  # the next input is told in either case
    assert five[0] < 0.8 * five[1]
    assert "(direct forecasts, inputs ahead known)" in known.further[0].sentence
    assert "(direct forecasts, inputs ahead held)" in held.further[0].sentence
    assert held.settings["inputs_ahead"] == "held"
    # The oracle holds them too, so that what not knowing them costs is no part of the excess.
    excess = [part.further[0].rungs["excess"][3] for part in (known, held)]
    assert abs(excess[1] - excess[0]) < 0.1 * (five[1] - five[0])


def test_a_recording_holds_its_inputs_unless_told_otherwise() -> None:
    run = simulate(1, two_by_two(), 2000, 16, inputs="white")
    held = locate(run, sizes=range(4), lookaheads=(1, 5))
    assert held.settings["inputs_ahead"] == "held"
    known = locate(run, sizes=range(4), lookaheads=(1, 5), inputs_ahead="known")
    assert known.further[0].rungs["error"][3] < 0.8 * held.further[0].rungs["error"][3]
    # held inputs come from the past: what the recording's inputs do later changes no forecast made before
    changed = replace(run, inputs=run.inputs.copy())
    changed.inputs[:, 1501:] += 10
    options = dict(known_ahead=1)
    learner = qr_array(range(3), lookaheads=(5,), direct=True, outputs=2, inputs=2)
    before, after = (replay(learner, of, **options)[:, :, 0] for of in (run, changed))
    np.testing.assert_array_equal(before[:, :1505], after[:, :1505])
    assert (before[:, 1505] != after[:, 1505]).any()


def test_one_recording_has_a_best_size_for_each_lookahead(tmp_path) -> None:
    run = simulate(2, zoo("double-integrator"), 4000)
    found = locate(run, sizes=range(6), lookaheads=(1, 5), model=False)
    made = replay(ladder(range(6), lookaheads=(1, 5), intercept=True), run, center="first")[0, :, :, :, 0]
    for j, part in enumerate(found.each):
        edges = block_edges(4000, lookahead=part.lookahead)
        late = slice(edges[edges >= 4000 // 20][0], None)
        losses = ((run.outputs[0, late] - made[late, j]) ** 2).mean(axis=0)
        assert part.best is not None
        np.testing.assert_allclose(part.best.pairs["difference"], np.diff(losses), rtol=1e-6)
        assert (part.verdict, part.theory) == ("undecided", None)
        assert part.best.size >= 2
        assert dict(part.rungs.select("size", "paired").iter_rows())[1] == "better"
    answer = json.loads(
        json.dumps(found.to_dict() | dict(files=[str(file) for file in save_location(found, tmp_path)]))
    )
    (further,) = answer["further"]
    assert (answer["lookahead"], further["lookahead"]) == (1, 5)
    assert set(further) == set(answer) - {"further", "settings", "files", "reading", "changes"}
    assert further["best"]["size"] == found.further[0].best.size  # type: ignore[union-attr]
    assert answer["settings"]["lookaheads"] == [1, 5]
    assert answer["settings"]["forecasts"] == "iterated one-step forecasts"
    assert sorted(pl.read_parquet(tmp_path / "curves.parquet")["lookahead"].unique()) == [1, 5]


def test_gaps_are_not_scored_ahead_either() -> None:
    run = simulate(2, zoo("random-walk"), 1000, 16)
    lost = np.random.default_rng(0).random(run.outputs.shape) < 0.1
    gappy = Trajectories(np.where(lost, np.nan, run.outputs), run.inputs, run.lengths, 1.0, ("y",), (), run.run_names)
    found = locate(gappy, sizes=range(3), lookaheads=(1, 5))
    first = np.argmin(lost[:, :, 0], axis=1)  # sets the center: what is forecast before it does not count
    for lookahead in (1, 5):
        rows = found.curves.filter((pl.col("lookahead") == lookahead) & (pl.col("size") == 0))
        scored = ~lost[:, :, 0] & (np.arange(1000) >= first[:, None] + lookahead)
        assert rows["samples"].sum() == scored.sum()


def test_one_lookahead_looks_as_before() -> None:
    found = locate("random-walk", sizes=range(3), horizon=500, replicates=8)
    assert found.further == ()
    assert (found.subject, str(found)) == ("random-walk", found.sentence)
    assert "ahead" not in found.sentence
