"""The study of grokking: networks that memorise first and generalise later, beside what the source and theory say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ...._core.progress import Progress, no_progress
from ....simulator._tasks.process import Process
from ..._emergence.training import kept_parameters
from ..claims import claims_table, verdict
from ..study import StudyResult
from .addition_study import Addition, study_addition
from .cells import DEMO_DECAY, DEMO_ROWS, Part, parts
from .other_ways import study_other_ways
from .parity_study import Parity, region_maps, study_parity
from .runs import cost_sentence, train_parts

SHOWN = ("loss", "exam loss", "accuracy", "exam accuracy", "norm", "distractor ratio", "frequency share")


def reproduce_grokking(
    seed: int = 0,
    progress: Progress = no_progress,
    quick: bool = False,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> StudyResult:
    """Train networks on parity and on addition modulo 67: when does each memorise, and when does it generalise?

    A network memorises at the first step from which on its accuracy on the set is .99 or more, and generalises at the
    first step from which on that on the exam is. A network that does not is censored at its last step.

        parity            of 3 of 30 bits: rows x decay x width x seeds; the place on the axes at which half generalise
        addition mod 67   in frequencies: how much of the power of each neuron is at one of them
        five neurons      the constructed network, exact; and the same one, trained

    Args:
        seed: First seed of the networks; the others count up from it.
        progress: Called with the updates done and the updates in all.
        quick: A minute: three sets and the small network for addition.
        folder: Where ended networks are kept, and not trained again; None: nowhere.
        say: Called with the cost before anything is trained.

    Returns:
        The claims as a table ``part, what, measured, low, high, agrees, ground``; further tables by name; ``agrees``
        is about the claims that the source, theory or a trial of ours settles. The others are reported.

    References:
        A. Pearce, A. Ghandeharioun, N. Hussein, N. Thain, M. Wattenberg, L. Dixon, *Do machine learning models memorize
        or generalize?*, PAIR explorables, 2023. A. Power et al., *Grokking: generalization beyond overfitting on small
        algorithmic datasets*, 2022.
    """
    if folder is None:
        with TemporaryDirectory(prefix="ergoscope-grokking-") as made:
            return reproduce_grokking(seed, progress, quick, Path(made), say)
    planned = parts(seed, quick)
    say(f"grokking: {cost_sentence(planned, folder)}")
    curves = train_parts(planned, folder, progress)
    parity = study_parity(curves["parity"], seed)
    addition = study_addition(planned, curves, folder)
    claims = [*parity.claims, *addition.claims]
    tables = _tables(planned, curves, parity, addition, folder)
    if "other-ways" in curves:
        other = study_other_ways(curves["other-ways"])
        claims += other.claims
        tables["other-ways"] = other.table
    agrees, words = verdict(claims)
    return StudyResult(claims_table(claims), agrees, f"grokking: {words}; {_sentence(parity, addition)}", tables)


def _sentence(parity: Parity, addition: Addition) -> str:
    """Return the headline in words, with the networks that are censored."""
    runs = parity.runs.filter((pl.col("size") == 64) & (pl.col("decay") == DEMO_DECAY))
    counts = [
        f"{(part := runs.filter(rows=rows))['generalised'].is_not_null().sum()} of {part.height} at {rows}"
        for rows in DEMO_ROWS
    ]
    needed = parity.rows_needed
    half = (
        needed.reason if needed.value is None else f"half from {needed.value:.0f} [{needed.low:.0f}, {needed.high:.0f}]"
    )
    small = addition.runs.filter(part="addition-small")
    censored = small["generalised"].null_count()
    return (
        f"on parity with decay {DEMO_DECAY}, {', '.join(counts)} rows generalise, {half}; "
        f"of {small.height} small networks on addition {small.height - censored} generalise, {censored} are censored"
    )


def _tables(
    planned: dict[str, Part], curves: dict[str, pl.DataFrame], parity: Parity, addition: Addition, folder: Path
) -> dict[str, pl.DataFrame]:
    """Return the tables beside the claims; the figures are drawn from them."""
    shown = [
        frame.filter(pl.col("metric").is_in(SHOWN)).with_columns(part=pl.lit(name)) for name, frame in curves.items()
    ]
    made = {
        "curves": pl.concat(shown, how="diagonal"),
        "runs": parity.runs,
        "passages": parity.passages,
        "regions": region_maps(curves["parity"]),
        "axes": _axes(parity),
        "addition": addition.runs,
        "constructed": addition.constructed,
    }
    circles = [
        dict(part=name, neuron=i, frequency=int(found.top[i]) + 1)
        | {
            f"{side}_{axis}": float(getattr(values[found.top[i], i], axis))
            for side, values in zip(("input", "output"), found, strict=True)
            for axis in ("real", "imag")
        }
        for name, found in addition.spectra.items()
        for i in range(found.inputs.shape[1])
    ]
    if circles:
        made["circles"] = pl.DataFrame(circles)
    return made | _weights(planned, parity, folder)


def _axes(parity: Parity) -> pl.DataFrame:
    """Return the shares that generalise on each axis and its half-points: ``axis, value, runs, passed, share, ..``."""
    frames = []
    for found in (parity.rows_needed, parity.decay_window):
        if found is not None:
            points = {word: getattr(found, word) for word in ("value", "low", "high", "end", "end_low", "end_high")}
            columns = [pl.lit(point, pl.Float64()).alias(f"half_{word}") for word, point in points.items()]
            named = found.shares.rename({found.axis: "value"}).with_columns(pl.col("value").cast(pl.Float64), *columns)
            frames.append(named.select(pl.lit(found.axis).alias("axis"), pl.all()))
    return pl.concat(frames)


def _weights(planned: dict[str, Part], parity: Parity, folder: Path) -> dict[str, pl.DataFrame]:
    """Return the input weights over time of a network on parity that generalised: ``step, input, unit, weight, ..``."""
    did = parity.runs.filter(
        pl.col("generalised").is_not_null() & (pl.col("size") == 64) & (pl.col("decay") == DEMO_DECAY)
    ).sort("rows", "run")
    if did.is_empty():
        return {}
    part = planned["parity"]
    process: Process = part.training.process
    frames = []
    run = part.runs[did["run"][-1]]
    for step, tree in sorted(kept_parameters(folder / "parity", run).items()):
        weights = tree["w1"]
        inputs, units = weights.shape
        frames.append(
            pl.DataFrame(
                dict(
                    step=[step] * weights.size,
                    input=[i for i in range(inputs) for _ in range(units)],
                    unit=list(range(units)) * inputs,
                    weight=weights.astype(float).ravel(),
                )
            )
        )
    made = pl.concat(frames).with_columns(
        signal=pl.col("input").is_in(process.signal), rows=pl.lit(run.rows), seed=pl.lit(run.seed)
    )
    return dict(weights=made)
