"""The study of the quantization model: exact curves, networks on sparse parity, and discovery from gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ...._core.progress import Progress, no_progress
from ....learners._neural.model import Model
from ..._emergence.scaling_exponent import ScalingExponent
from ..._emergence.sentences import estimate_words
from ..claims import claims_table, verdict
from ..parts import cost_sentence, train_parts
from ..study import StudyResult
from .cells import parts
from .discovery_study import similarity_table, study_discovery, study_envelope
from .ideal_study import study_ideal
from .network_study import Found, Scaling, Steps, study_rows, study_sizes, study_steps


def reproduce_quanta(
    seed: int = 0,
    progress: Progress = no_progress,
    quick: bool = False,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> StudyResult:
    """Learn sub-tasks one by one: along steps, widths and rows, beside the exact loss of the ideal learner.

    The task is sparse parity: 30 parities of 3 of 30 bits, the i-th with a frequency of i^-1.4. A network has learned
    a task from the first step on from which its loss on the exam of that task stays at a tenth of a bit or less.

        ideal       the exact loss for 500 and for a million tasks, and its exponents, with and without the tail
        steps       one width on fresh batches: order and times of the tasks, the mean loss
        sizes       widths 8 to 128 on as many fresh batches
        rows        sets of several lengths, shown again and again, judged where the loss on the exam is least
        discovery   clusters of the gradients of single examples, held against tasks and bit patterns

    Args:
        seed: First seed of the networks; the others count up from it.
        progress: Called with the updates done and the updates in all.
        quick: A minute: fewer steps, sets and networks.
        folder: Where ended networks are kept, and not trained again; None: nowhere.
        say: Called with the cost before anything is trained.

    Returns:
        The claims as a table ``part, what, measured, low, high, agrees, ground``; further tables by name.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506).
    """
    if folder is None:
        with TemporaryDirectory(prefix="ergoscope-quanta-") as made:
            return reproduce_quanta(seed, progress, quick, Path(made), say)
    planned = parts(seed, quick)
    say(f"quanta: {cost_sentence(planned, folder)}")
    curves = train_parts(planned, folder, progress)
    sizes = planned["sizes"].training
    process = sizes.process
    longest = curves.get("steps", curves["sizes"])
    along = longest.filter(pl.col("size") == pl.col("size").max())
    ideal, steps = study_ideal(), study_steps(along, process)
    widths = study_sizes(curves["sizes"], process, sizes.recipe.model)
    lengths = study_rows(curves["rows"], process)
    gradients = study_discovery(planned["discovery"], curves["discovery"], folder, seed, quick)
    sizes_of_clusters = None if quick else study_envelope(planned["steps"], curves["steps"], folder, seed)
    claims = [*ideal.claims, *steps.claims, *widths.claims, *lengths.claims, *gradients.claims]
    if sizes_of_clusters is not None:
        claims += sizes_of_clusters.claims
    agrees, words = verdict(claims)
    scalings = (steps.scaling, widths.scaling, lengths.scaling)
    tables = {
        "curves": along.filter(pl.col("metric") == "exam loss"),
        "falls": steps.falls,
        "order": _appearances(steps, widths, lengths, sizes.recipe.model),
        "scaling": pl.concat(each.points for each in scalings),
        "exponents": _exponents(scalings),
        "local": pl.concat(_local(each) for each in scalings),
        "sizes": widths.learned,
        "rows": lengths.learned,
        "ideal-exponents": ideal.exponents,
        "ideal": ideal.curves,
        "rand": gradients.discovery.rand,
        "similarity": similarity_table(gradients.discovery),
        "bias": gradients.bias,
    }
    if sizes_of_clusters is not None:
        tables["envelope"] = sizes_of_clusters.law.sizes
    return StudyResult(claims_table(claims), agrees, f"quanta: {words}; {_sentence(steps)}", tables)


def _sentence(steps: Steps) -> str:
    scaling, order = steps.scaling, steps.order
    exact = "" if scaling.exact is None else f", {scaling.exact:.2f} by the exact law of as many tasks"
    return (
        f"{order.kinds} tasks are learned in steps, {order.sentence.rstrip('.')}; the mean loss falls with the "
        f"exponent {_words(scaling.exponent)}{exact}, {_words(scaling.corrected)} once the missing tail is "
        "added, 0.286 for endless tasks"
    )


def _words(found: ScalingExponent) -> str:
    return estimate_words((found.exponent, found.low, found.high))


def _appearances(steps: Steps, widths: Found, lengths: Found, model: Model) -> pl.DataFrame:
    """Return where each task appears: ``kind, frequency, passed, step, size, parameters, rows``; null: nowhere."""
    table = steps.order.table
    for found in (widths, lengths):
        table = table.join(found.appears, on="kind", how="left", maintain_order="left")
    places = {size: model.parameters(size) for size in table["size"].drop_nulls().unique().to_list()}
    return table.with_columns(
        parameters=pl.col("size").replace_strict(places, default=None, return_dtype=pl.Int64)
    ).select("kind", "frequency", "passed", "step", "size", "parameters", "rows")


def _exponents(scalings: tuple[Scaling, ...]) -> pl.DataFrame:
    """Return the exponents: ``axis, tail, exponent, low, high, first, last, exact``."""
    rows = [
        dict(axis=each.axis, tail=tail, exponent=found.exponent, low=found.low, high=found.high)
        | dict(first=found.first, last=found.last, exact=None if tail else each.exact)
        for each in scalings
        for tail, found in ((False, each.exponent), (True, each.corrected))
    ]
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("low", "high", "exact"), pl.Float64))


def _local(scaling: Scaling) -> pl.DataFrame:
    """Return the local exponents: ``axis, tail, x, exponent, low, high``."""
    both = ((False, scaling.exponent), (True, scaling.corrected))
    frames = [
        found.local.select(pl.lit(scaling.axis).alias("axis"), pl.lit(tail).alias("tail"), pl.all())
        for tail, found in both
    ]
    return pl.concat(frames)
