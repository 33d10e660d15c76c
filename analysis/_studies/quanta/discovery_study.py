"""Discovery from gradients on a network that has learned its tasks, and its bias on clusters that are known."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from ....learners._neural.model import Parameters
from ....simulator._tasks.bit_patterns import bit_patterns
from ..._discovery.chosen_examples import examples_of
from ..._discovery.discover import Discovery, discover
from ..._discovery.envelope import Envelope, envelope, rank_slope
from ..._discovery.known_clusters import envelope_bias
from ..._emergence.training import kept_parameters
from ..claims import Claim, at_least, at_most
from ..parts import Part
from .network_study import alpha_of

EXAMPLES, FREQUENT = 600, 1500
PATTERNS = 8  # of the three bits of a task
LEARNED = 0.1  # bits
NOISE = 2.0  # of the model of known clusters: the source finds it most like gradients of language models
SPARSE_PARITY, LANGUAGE = 1.4, 1.083  # slopes of frequencies by rank: here, and of language by the source
FOUND, BY_CHANCE = 0.4, 0.05  # adjusted Rand index
TASK, PATTERN = "task", "task and pattern"


class Discovered(NamedTuple):
    """What the gradients show.

    Attributes:
        discovery: Similarities, clusters and Rand indices.
        learned: Numbers of the tasks that the network has learned.
        bias: The table of ``envelope_bias``: what the slope of the envelope makes of sizes that are known.
        claims: What is claimed and reported.
    """

    discovery: Discovery
    learned: list[int]
    bias: pl.DataFrame
    claims: list[Claim]


class ClusterSizes(NamedTuple):
    """Sizes of clusters by rank, of examples with the frequencies of the task, and what is reported of them."""

    law: Envelope
    claims: list[Claim]


def study_discovery(part: Part, curves: pl.DataFrame, folder: Path, seed: int, quick: bool) -> Discovered:
    """Return what the gradients of 600 examples show of the tasks that the first network of a part has learned.

    Args:
        part: The part, whose parameters are kept at the last step.
        curves: Its curves.
        folder: Where its networks are kept.
        seed: Of the examples and of the clusters.
        quick: A smaller model of clusters that are known.
    """
    process = part.training.process
    learned, parameters = _known(part, curves, folder)
    examples = examples_of(process, learned, EXAMPLES, seed=seed)
    labels = {TASK: np.asarray(examples.kind), PATTERN: bit_patterns(process, examples)}
    count = len(learned)
    clusters = (count, 2 * count, 4 * count, PATTERNS * count, 2 * PATTERNS * count)
    found = discover(part.training.recipe.model, parameters, examples, labels, clusters, seed=seed)
    bias = _bias(seed, quick)
    return Discovered(found, learned, bias, _claims(found, count, bias))


def _bias(seed: int, quick: bool) -> pl.DataFrame:
    """Return the errors of slopes on clusters that are known: ``exponent`` and the columns of ``envelope_bias``."""
    wanted = {SPARSE_PARITY: (1000,)} if quick else {SPARSE_PARITY: (10, 100, 1000), LANGUAGE: (10, 100, 1000)}
    frames = [
        envelope_bias(dimensions, (NOISE,), exponent=exponent, seed=seed).select(
            pl.lit(exponent).alias("exponent"), pl.all()
        )
        for exponent, dimensions in wanted.items()
    ]
    return pl.concat(frames)


def study_envelope(part: Part, curves: pl.DataFrame, folder: Path, seed: int) -> ClusterSizes:
    """Return the slope of the sizes of clusters, where examples of the learned tasks come with their frequencies."""
    process = part.training.process
    learned, parameters = _known(part, curves, folder)
    examples = examples_of(process, learned, FREQUENT, seed=seed, equal=False)
    count = PATTERNS * len(learned)
    clusters = (count // 4, count // 2, count, 2 * count, 4 * count)
    labels = {PATTERN: bit_patterns(process, examples)}
    found = discover(part.training.recipe.model, parameters, examples, labels, clusters, seed=seed)
    sizes = np.sort(np.unique(labels[PATTERN], return_counts=True)[1])[::-1]
    name, ranks = "discovery", (1, len(sizes))
    law = envelope(found.assigned, clusters, ranks)
    what = f"slope of sizes by rank, {len(examples.y)} examples of {len(learned)} tasks with their frequencies"
    claims = [
        Claim(name, f"{what}: envelope of clusters", law.slope),
        Claim(name, f"{what}: true, task x pattern", rank_slope(sizes, *ranks)),
        Claim(name, f"{what}: limit for tasks, -(alpha + 1)", -(alpha_of(process) + 1)),
    ]
    return ClusterSizes(law, claims)


def _known(part: Part, curves: pl.DataFrame, folder: Path) -> tuple[list[int], Parameters]:
    """Return which tasks the first network of a part has learned at its last step, and its parameters there."""
    process, steps = part.training.process, part.training.steps
    last = curves.filter((pl.col("run") == 0) & (pl.col("step") == steps) & (pl.col("metric") == "exam loss"))
    loss = dict(last.select("kind", "value").iter_rows())
    learned = [k for k, kind in enumerate(process.kinds) if loss[kind] <= LEARNED * process.chance]
    return learned, kept_parameters(folder / part.name, part.runs[0])[steps]


def _claims(found: Discovery, count: int, bias: pl.DataFrame) -> list[Claim]:
    name, every = "discovery", PATTERNS * count
    rand = {(row["clusters"], row["label"]): row for row in found.rand.iter_rows(named=True)}
    means = {row["label"]: row for row in found.means.iter_rows(named=True)}
    of_patterns = f"adjusted Rand index of {every} clusters and task x pattern, {count} tasks learned"
    shuffled = max(abs(row["shuffled"]) for row in rand.values())
    return [
        at_least(name, of_patterns, rand[every, PATTERN]["rand"], FOUND, "trial"),
        at_most(name, "the same for shuffled labels, all numbers of clusters, at most", shuffled, BY_CHANCE, "theory"),
        Claim(name, f"adjusted Rand index of {count} clusters and tasks", rand[count, TASK]["rand"]),
        Claim(name, "mean similarity, same task and pattern", means[PATTERN]["within"]),
        Claim(name, "mean similarity, same task", means[TASK]["within"]),
        Claim(name, "mean similarity, different tasks", means[TASK]["between"]),
        *(
            Claim(
                name,
                f"error of a known slope, -{row['exponent']:g}, in {row['dimension']} dimensions",
                row["bias"],
            )
            for row in bias.iter_rows(named=True)
        ),
    ]


def similarity_table(found: Discovery) -> pl.DataFrame:
    """Return the similarities sorted by task and pattern: ``row, column, similarity``, and the task of each row."""
    order = np.argsort(found.labels[PATTERN], kind="stable")
    matrix = found.similarity.matrix[np.ix_(order, order)].astype(np.float32)
    rows, columns = np.indices(matrix.shape, np.int32)
    task = found.labels[TASK][order]
    return pl.DataFrame(
        dict(row=rows.ravel(), column=columns.ravel(), task=task[rows.ravel()], similarity=matrix.ravel())
    )
