"""Training: scores before updates, an exam that leaves no trace, runs that do not feel each other, what is refused."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from ergoscope._core.devices import computing
from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.learners._neural.model import losses, right
from ergoscope.learners._neural.optimiser import Knobs, Optimiser
from ergoscope.learners._neural.train import Curves, Run, Stop, log_edges, train
from ergoscope.simulator._tasks.modular_addition import modular_addition
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import drawn, fresh, world_keys

TASK = parity(17, 2)  # endless
MODEL = mlp_model(TASK)
KNOBS = Knobs(rate=0.01, decay=0.1)
RUNS = [Run(4, 16, seed, KNOBS._replace(decay=decay)) for seed, decay in ((0, 0.1), (1, 0.0), (2, 1.0), (3, 0.3))]
EDGES = (0, 3, 9)


def trained(runs: list[Run], edges: tuple[int, ...] = EDGES, **options: Any) -> Curves:
    return train(MODEL, TASK, runs, edges, keep=edges, **dict(dict(exam=20), **options))


def same(one: Any, other: Any) -> bool:
    """Return whether two trees of parameters have the same bits."""
    leaves = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in leaves)


def near(one: Any, other: Any, rounding: float) -> bool:
    leaves = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.allclose(a, b, rtol=0, atol=rounding) for a, b in leaves)


@pytest.fixture(scope="module")
def together() -> Curves:
    return trained(RUNS)


@jax.jit
def answers(parameters: Any, x: Any, y: Any) -> Any:
    logits = MODEL.forward(parameters, MODEL.encode(x, "float32"), None, 0.0)
    return losses(logits, y).mean(), right(logits, y).mean()


def by_hand(parameters: Any, examples: Any) -> list[float]:
    return [float(score) for score in answers(parameters, examples.x, examples.y)]


def test_kept_parameters_give_the_scores_of_their_edges_and_edge_0_is_the_first_network(together: Curves) -> None:
    for number, run in enumerate(RUNS[:2]):
        seen, exam = drawn(TASK, run.seed, 16), drawn(TASK, run.seed, 20, exam=True)
        with computing("float32"):
            first = jax.jit(lambda seed: MODEL.init(world_keys(seed)[1], RUNS[0].size, "float32"))(run.seed)
        assert same(together.parameters[number][0], first)
        for place, edge in enumerate(EDGES):
            parameters = together.parameters[number][edge]
            expected = by_hand(parameters, seen) + by_hand(parameters, exam)
            np.testing.assert_allclose(together.scores[number, place, :, 0], expected, rtol=2e-6)
            square = sum((np.asarray(leaf, float) ** 2).sum() for leaf in jax.tree.leaves(parameters))
            np.testing.assert_allclose(together.probes[number, place, 0], square**0.5, rtol=1e-6)
    assert together.probe_names == ("norm", "distractor ratio")


def test_a_fresh_stream_is_scored_on_examples_not_yet_seen() -> None:
    """The score of step t is that of the batch of step t, before its update; no earlier batch is like it."""
    edges = (0, 1, 5)
    made = trained([Run(4, None, 7, KNOBS)], edges, batch=8)
    source, key = fresh(TASK, 8), world_keys(7)[0]
    draw = jax.jit(lambda step: source.feed.batch_at(None, key, step))
    streamed = [jax.tree.map(np.asarray, draw(np.int32(step))) for step in range(6)]
    for place, edge in enumerate(edges):
        expected = by_hand(made.parameters[0][edge], streamed[edge])
        np.testing.assert_allclose(made.scores[0, place, :2, 0], expected, rtol=2e-6)
        assert not any(np.array_equal(streamed[edge].x, before.x) for before in streamed[:edge])


def test_another_exam_changes_no_bit_of_the_parameters(together: Curves) -> None:
    other = TASK._replace(exam=lambda key, rows: TASK.draw(jax.random.fold_in(key, 9), rows))
    made = train(MODEL, other, RUNS[:1], EDGES, keep=EDGES, exam=7)
    assert same(made.parameters[0], together.parameters[0])
    assert np.array_equal(made.scores[0, :, :2], together.scores[0, :, :2])
    assert not np.array_equal(made.scores[0, :, 2:], together.scores[0, :, 2:])


def test_a_batch_has_at_most_the_rows_of_the_set() -> None:
    run = RUNS[0]._replace(rows=12)
    larger, whole = (trained([run], batch=batch) for batch in (40, 12))
    assert np.array_equal(larger.scores, whole.scores) and same(larger.parameters[0], whole.parameters[0])


def test_a_run_has_the_same_bits_alone_and_with_any_others(together: Curves) -> None:
    others = [Run(5, 12, 9, KNOBS), RUNS[2], RUNS[0]]
    for made, numbers in ((trained([RUNS[2]]), {2: 0}), (trained(others), {2: 1, 0: 2})):
        for number, place in numbers.items():
            assert same(made.parameters[place], together.parameters[number])
            assert np.array_equal(made.scores[place], together.scores[number])
            assert np.array_equal(made.probes[place], together.probes[number])
    assert not same(together.parameters[0], together.parameters[1])


def test_runs_side_by_side_agree_within_rounding(together: Curves) -> None:
    """Nine steps in float32 differ by less than 1e-5: the parameters are near 1, a step has some 50 roundings."""
    tiled = trained(RUNS, side_by_side=3)  # a tile of three, and one of the run left
    assert tiled.side_by_side == 3
    for number in range(4):
        assert near(together.parameters[number], tiled.parameters[number], 1e-5)
    np.testing.assert_allclose(together.scores, tiled.scores, rtol=0, atol=1e-5)
    np.testing.assert_allclose(together.probes, tiled.probes, rtol=0, atol=1e-4)


@pytest.mark.parametrize("batch", [None, 5])
def test_the_edges_change_no_bit_of_a_run(batch: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other edges, and calls of other lengths: the same parameters at the steps that both have."""
    few = trained(RUNS[:2], (3, 9), batch=batch)
    many = trained(RUNS[:2], tuple(range(10)), batch=batch)
    monkeypatch.setattr("ergoscope.learners._neural.train.LONGEST", 2)
    pieces = train(MODEL, TASK, RUNS[:2], (3, 9), keep=(9,), exam=20, batch=batch)
    for number in range(2):
        assert all(same(few.parameters[number][edge], many.parameters[number][edge]) for edge in (3, 9))
        assert same(pieces.parameters[number][9], few.parameters[number][9])
        assert np.array_equal(few.scores[number], many.scores[number][[3, 9]])
        assert np.array_equal(few.scores[number], pieces.scores[number])


def test_dropout_leaves_units_out_of_updates_alone(together: Curves) -> None:
    dropped = trained([RUNS[0]._replace(knobs=KNOBS._replace(dropout=0.5))])
    assert np.array_equal(dropped.scores[0, 0], together.scores[0, 0])  # of the first network, without dropout
    assert not same(dropped.parameters[0][9], together.parameters[0][9])
    seen = drawn(TASK, 0, 16)
    np.testing.assert_allclose(dropped.scores[0, 2, :2, 0], by_hand(dropped.parameters[0][9], seen), rtol=2e-6)


def test_a_run_stops_once_its_score_has_passed() -> None:
    edges = tuple(range(0, 100, 5))
    runs = [Run(4, 16, 0, Knobs(rate=0.1)), Run(4, 16, 0, Knobs(rate=1e-9))]
    told: list[tuple[int, int]] = []
    made = trained(runs, edges, stop=Stop("accuracy", 0.8, below=False), progress=lambda *now: told.append(now))
    last = made.last[0]
    assert 0 < last < len(edges) - 1 and made.last[1] == len(edges) - 1
    assert np.isnan(made.scores[0, last + 1 :]).all() and np.isfinite(made.scores[0, : last + 1]).all()
    assert made.scores[0, last, 1, 0] >= 0.8 > made.scores[0, :last, 1, 0].max()
    assert told[-1] == (2 * edges[-1], 2 * edges[-1]) and [done for done, _ in told] == sorted(d for d, _ in told)
    lower = trained(runs[:1], edges, stop=Stop("loss", 0.6, below=True))
    assert lower.scores[0, lower.last[0], 0, 0] <= 0.6 < lower.scores[0, lower.last[0] - 1, 0, 0]


def test_a_run_that_diverged_is_seen_by_numbers_that_are_not_finite() -> None:
    wild = [Run(4, 16, 0, Knobs(rate=1e6, decay=1.0)), RUNS[0]]
    made = trained(wild, (0, 50))
    assert np.isfinite(made.scores[0, 0]).all()
    assert not np.isfinite(made.scores[0, 1, 0]).any() and not np.isfinite(made.probes[0, 1, 0])
    assert np.isfinite(made.scores[1]).all()


def test_the_curves_of_each_run_are_told_once_when_it_has_ended(together: Curves) -> None:
    told: dict[int, Curves] = {}
    trained(RUNS, finished=lambda index, curves: told.update({index: curves}))
    assert sorted(told) == [0, 1, 2, 3]
    for index, curves in told.items():
        assert curves.runs == (RUNS[index],) and curves.last.tolist() == [2]
        assert np.array_equal(curves.scores[0], together.scores[index])
        assert same(curves.parameters[0], together.parameters[index])


def test_edges_of_time_are_spaced_in_the_logarithm() -> None:
    assert log_edges(1) == [0, 1]
    assert log_edges(100, 2) == [0, 1, 3, 10, 32, 100]
    edges = log_edges(20_000)
    assert edges[-1] == 20_000 and len(edges) < 90 and sorted(set(edges)) == edges


SUMS = modular_addition(7)
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no runs": (dict(runs=[]), "training needs runs"),
    "no steps": (dict(edges=(0,)), "rising edges up to at least 1"),
    "edges that fall": (dict(edges=(3, 1)), "rising edges"),
    "width 0": (dict(runs=[Run(0, 16, 0)]), "a width must be at least 1, got 0"),
    "fresh without a batch": (dict(runs=[Run(4, None, 0)]), "fresh examples come in batches"),
    "negative decay": (dict(runs=[Run(4, 16, 0, Knobs(decay=-1))]), "decay must be at least 0, got -1"),
    "no rate": (dict(runs=[Run(4, 16, 0, Knobs(rate=0))]), "rate must be above 0"),
    "a rate that is no number": (dict(runs=[Run(4, 16, 0, Knobs(rate=float("nan")))]), "rate must be above 0"),
    "dropout 1": (dict(runs=[Run(4, 16, 0, Knobs(dropout=1))]), "below 1, got 1"),
    "a rule that is none": (dict(optimiser=Optimiser("adagrad")), "must be adamw or sgd, got 'adagrad'"),
    "momentum 1": (dict(optimiser=Optimiser(momentum=1.0)), "momentum must be at least 0 and below 1"),
    "no floor": (dict(optimiser=Optimiser(eps=0.0)), "eps must be above 0"),
    "no exam": (dict(exam=0), "the exam must have at least one row"),
    "an edge that is none": (dict(keep=(5,)), r"kept at edges only; \[5\] are none"),
    "a score that is none": (dict(stop=Stop("mood", 1, True)), "can stop by loss, .*, got 'mood'"),
    "a seed that is none": (dict(runs=[Run(4, 16, -1)]), "seed"),
}


@pytest.mark.parametrize(("options", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_trained_is_refused(options: dict[str, Any], says: str) -> None:
    asked = dict(dict(runs=RUNS, edges=EDGES), **options)
    with pytest.raises(ValueError, match=says):
        train(MODEL, TASK, asked.pop("runs"), asked.pop("edges"), **asked)


def test_a_split_that_cannot_be_is_refused() -> None:
    from ergoscope.learners._neural.embedding_mlp import embedding_mlp

    with pytest.raises(ValueError, match="has 28 different examples: 28 to learn from leave 0"):
        train(embedding_mlp(SUMS, 4), SUMS, [Run(3, 28, 0)], (0, 1))
    with pytest.raises(ValueError, match="training takes at least one step"):
        log_edges(0)
