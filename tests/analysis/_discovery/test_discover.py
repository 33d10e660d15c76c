"""Discovery on a trained network: it finds task and bit pattern, not tasks, and nothing in shuffled labels."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.analysis._discovery.chosen_examples import examples_of
from ergoscope.analysis._discovery.clusters import rand_index
from ergoscope.analysis._discovery.discover import Discovery, discover, mean_similarity
from ergoscope.learners._neural.model import Model
from ergoscope.learners._neural.recipe import read_recipe
from ergoscope.learners._neural.train import Run, train
from ergoscope.simulator._tasks.bit_patterns import bit_patterns
from ergoscope.simulator._tasks.find import find_task
from ergoscope.simulator._tasks.process import Examples

BIT = np.log(2)


class Learned(NamedTuple):
    """A trained network, examples of the tasks that it has learned, and the number of these tasks."""

    model: Model
    parameters: Any
    examples: Examples
    patterns: np.ndarray[Any, Any]
    tasks: int


def trained(task: str, width: int, batch: int, steps: int) -> Learned:
    process = find_task(task)
    recipe = read_recipe(f"mlp:width={width},rate=0.01,decay=0,batch={batch}", process)
    run = Run(width, None, 0, recipe.knobs)
    options = dict(batch=recipe.batch, optimiser=recipe.optimiser, exam=100 * len(process.kinds), keep=(steps,))
    curves = train(recipe.model, process, [run], (steps,), **options)
    learned = np.flatnonzero(curves.scores[0, 0, 2] < 0.1 * BIT)
    examples = examples_of(process, learned, 600)
    patterns = bit_patterns(process, examples)
    return Learned(recipe.model, curves.parameters[0][steps], examples, patterns, len(learned))


def discovered(network: Learned) -> Discovery:
    labels = {"task": network.examples.kind, "task x pattern": network.patterns}
    return discover(network.model, network.parameters, network.examples, labels, [network.tasks, 8 * network.tasks])


def check_claims(network: Learned, found: Discovery) -> None:
    """No recovery of tasks is claimed: their index is measured at .06 to .21, and only held below that of patterns."""
    assert 6 <= network.tasks <= 10 and len(network.examples.y) == 600
    rand = {(row["clusters"], row["label"]): row for row in found.rand.rows(named=True)}
    assert len(rand) == found.rand.height == 4
    patterns = rand[8 * network.tasks, "task x pattern"]["rand"]
    assert patterns > 0.4
    assert rand[network.tasks, "task"]["rand"] < patterns
    assert all(abs(row["shuffled"]) < 0.05 for row in rand.values())
    means = {row["label"]: row for row in found.means.rows(named=True)}
    assert means["task x pattern"]["within"] > 0.6
    for name, ends in (("task", ("within", "between")), ("task x pattern", ("between",))):
        assert all(abs(means[name][end] - 0.5) < 0.02 for end in ends)


@pytest.fixture(scope="module")
def network() -> Learned:
    return trained("sparse-parity:tasks=6,bits=24,k=3,alpha=0.05", 128, 500, 1000)


@pytest.fixture(scope="module")
def found(network: Learned) -> Discovery:
    return discovered(network)


def test_clusters_are_those_of_task_and_pattern(network: Learned, found: Discovery) -> None:
    check_claims(network, found)


@pytest.mark.slow
def test_so_they_are_where_tasks_have_the_frequencies_of_the_study() -> None:
    network = trained("sparse-parity:tasks=30,bits=30,k=3,alpha=0.4", 256, 1000, 4000)
    check_claims(network, discovered(network))


def test_the_answer_holds_together(network: Learned, found: Discovery) -> None:
    assert found.clusters == (6, 48) and found.assigned.shape == (2, 600)
    assert found.similarity.matrix.shape == (600, 600) and not found.similarity.zero.any()
    assert found.rand.columns == ["clusters", "label", "rand", "shuffled"]
    row = found.rand.row(by_predicate=(pl.col("clusters") == 48) & (pl.col("label") == "task x pattern"), named=True)
    assert row["rand"] == rand_index(network.patterns, found.assigned[1])
    sizes = np.sort(np.bincount(found.assigned[1]))[::-1]
    assert found.envelope.sizes.filter(clusters=48)["size"].to_list() == sizes[sizes > 0].tolist()
    assert found.envelope.slope < 0
    assert found.labels["task"].tolist() == network.examples.kind.tolist()


def test_labels_and_clusters_that_cannot_be_are_refused_before_the_work(network: Learned) -> None:
    nothing = network._replace(parameters=None)  # so that work would fail otherwise
    for labels in (np.zeros(599, int), np.zeros(600), [[1]] * 600):
        with pytest.raises(ValueError, match="labels 'a' must be one whole number for each of 600 examples"):
            discover(*nothing[:3], {"a": labels}, [2])
    for clusters in ([1], [600], [2, 601]):
        with pytest.raises(ValueError, match="600 samples can be put into 2 to 599 clusters"):
            discover(*nothing[:3], {}, clusters)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.integers(0, 2**32))
def test_mean_similarities_are_those_of_all_pairs(labels: list[int], seed: int) -> None:
    matrix = np.random.default_rng(seed).uniform(size=(len(labels), len(labels)))
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 1)
    pairs: dict[bool, list[float]] = {True: [], False: []}
    for i in range(len(labels)):
        for j in range(i):
            pairs[labels[i] == labels[j]].append(matrix[i, j])
    found = mean_similarity(matrix, np.array(labels))
    for name, same in (("within", True), ("between", False)):
        expected = np.mean(pairs[same]) if pairs[same] else None
        assert found[name] == (None if expected is None else pytest.approx(expected, abs=1e-12))
