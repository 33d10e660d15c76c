"""Train the runs of a study or an axis, keep each one that has ended in a folder, and give their curves as a frame."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.devices import Precision, device_words
from ..._core.files import check_folder, write_text
from ..._core.json_values import json_text
from ..._core.part_folder import locked_folder, part_path, write_part
from ..._core.progress import Progress, no_progress
from ..._core.text import versions
from ...learners._neural.checkpoint import Checkpoint, load_checkpoint, read_arrays, save_checkpoint
from ...learners._neural.model import Parameters
from ...learners._neural.recipe import Recipe, run_words
from ...learners._neural.start import first_parameters
from ...learners._neural.train import SCORES, Curves, Run, Stop, check_training, log_edges, train
from ...simulator._tasks.process import Process

SETTINGS = "training.json"


class Training(NamedTuple):
    """What all runs share.

    Attributes:
        process: The task.
        recipe: The network, and its numbers where a run has no others.
        steps: Updates of each run.
        per_decade: Edges in a decade of steps.
        exam: Rows of the exam; None: 2000, or all that are left of a domain of up to 10 000.
        stop: Leave the later edges of a run out once this score has passed.
        precision: ``"float32"`` or ``"float64"``.
        device: As in ``find_devices``.
        along: Axis that the runs lie on, if they lie on one: their folder is for this axis.
        keep: Updates done when the parameters are kept in the folder, beside the edges; see ``kept_parameters``.
        start: Checkpoint whose last parameters every run starts from; None: all start as usual.
    """

    process: Process
    recipe: Recipe
    steps: int
    per_decade: int = 40
    exam: int | None = None
    stop: Stop | None = None
    precision: Precision = "float32"
    device: str | None = None
    keep: tuple[int, ...] = ()
    along: str | None = None
    start: Path | None = None

    @property
    def edges(self) -> list[int]:
        """Updates done when a run is scored."""
        return sorted({*log_edges(self.steps, self.per_decade), *self.keep})

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that the numbers depend on, beside those of a run."""
        words = dict(task=self.process.name, learner=self.recipe.name, steps=self.steps, per_decade=self.per_decade)
        stop = None if self.stop is None else list(self.stop)
        words |= dict(exam=self.exam, stop=stop, precision=self.precision, device=device_words(self.device))
        words |= dict(keep=list(self.keep)) if self.keep else {}
        words |= dict(start=load_checkpoint(self.start).settings) if self.start else {}
        return words | (dict(along=self.along) if self.along else {})


def train_runs(
    training: Training, runs: Sequence[Run], folder: Path | None = None, progress: Progress = no_progress
) -> pl.DataFrame:
    """Return the curves of runs: those in the folder, and those that are missing there, which are trained.

    A run that has ended is one file in the folder, whole or not at all: after an interrupt the rest is trained.

    Args:
        training: What all runs share.
        runs: The runs; equal ones are trained once.
        folder: Created if it does not exist; None: nothing is kept.
        progress: Called with the updates done and the updates in all, of those that are missing.

    Returns:
        Columns ``run, seed, size, rows, rate, decay, l1, dropout, step, metric, kind, value``; ``run`` is the number of
        the run in ``runs``.

    Raises:
        ValueError: A run cannot be, or the folder is of other settings, holds other results or a broken file, or cannot
            be written to.
    """
    if folder is None:
        return _frame(_trained(training, list(runs), None, progress), training.process)
    if wanted := missing_runs(runs, folder):
        _check(training, wanted)  # what is refused claims no folder
    with _opened(folder, training):
        missing = missing_runs(runs, folder)
        if missing:

            def save(index: int, curves: Curves) -> None:
                part = _part(folder, missing[index])
                if training.keep:  # before the curves, whose file says that the run has ended
                    part.parent.mkdir(parents=True, exist_ok=True)
                    save_checkpoint(_checkpoint(training, curves), parameters_file(folder, missing[index]))
                write_part(_frame(curves, training.process), part)

            _trained(training, missing, save, progress)
        frames = [_read_part(_part(folder, run)).with_columns(run=pl.lit(i, pl.Int64)) for i, run in enumerate(runs)]
    return pl.concat(frames)


def missing_runs(runs: Sequence[Run], folder: Path) -> list[Run]:
    """Return the runs that ``train_runs`` would train: those that have not ended in the folder, equal ones once."""
    return [run for run in dict.fromkeys(runs) if not _part(folder, run).is_file()]


def train_each(
    training: Training, runs: Sequence[Run], save: Callable[[int, pl.DataFrame], None], progress: Progress
) -> None:
    """Train runs, and give the number and the curves of each one when it has ended: the columns of ``train_runs``."""
    _trained(training, runs, lambda index, curves: save(index, _frame(curves, training.process)), progress)


def _check(training: Training, runs: Sequence[Run]) -> None:
    """Raise the ValueError that training these runs would raise."""
    recipe = training.recipe
    check_training(
        recipe.model, training.process, runs, training.edges, recipe.batch, recipe.optimiser, training.exam,
        training.stop, training.keep, training.precision, training.device,
    )  # fmt: skip
    for size in {run.size for run in runs}:
        _start(training, size)


def _start(training: Training, size: int) -> Parameters | None:
    """Return the first parameters of the runs of a size; None: as usual."""
    if training.start is None:
        return None
    return first_parameters(load_checkpoint(training.start), training.recipe.model, training.process, size)


def _trained(
    training: Training, runs: Sequence[Run], finished: Callable[[int, Curves], None] | None, progress: Progress
) -> Curves:
    recipe = training.recipe
    return train(
        recipe.model,
        training.process,
        runs,
        training.edges,
        batch=recipe.batch,
        optimiser=recipe.optimiser,
        exam=training.exam,
        stop=training.stop,
        keep=training.keep,
        precision=training.precision,
        device=training.device,
        progress=progress,
        finished=finished,
        start=_start(training, runs[0].size),
    )


def _checkpoint(training: Training, curves: Curves) -> Checkpoint:
    """Return the parameters of one run, with the words that make its network again."""
    recipe, run = training.recipe, curves.runs[0]
    words = run_words(recipe, run.size, run.knobs)
    process = training.process
    return Checkpoint(process.name, words, recipe.model.name, run.size, process.characters, curves.parameters[0])


def parameters_file(folder: Path, run: Run) -> Path:
    """Return the checkpoint of a run in a folder."""
    return _part(folder, run).with_suffix(".npz")


def kept_parameters(folder: Path, run: Run) -> dict[int, dict[str, np.ndarray[Any, Any]]]:
    """Return the parameters that ``train_runs`` kept of a run: arrays by their names, for each number of updates."""
    return read_arrays(parameters_file(folder, run))[0]


def _read_part(part: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(part, glob=False)
    except (OSError, pl.exceptions.PolarsError) as exc:
        raise ValueError(f"{part} is broken ({exc}): remove it, and its network is trained again.") from exc


def _part(folder: Path, run: Run) -> Path:
    return folder / "runs" / part_path(dict(rows=run.rows, size=run.size) | run.knobs._asdict(), run.seed)


@contextmanager
def _opened(folder: Path, training: Training) -> Iterator[None]:
    """Make or open the folder, for this process alone while the block runs."""
    folder = check_folder(folder)
    busy = f"another process trains into {str(folder)!r}: wait, or choose another --out."
    with locked_folder(folder, busy):
        file, now = folder / SETTINGS, json.loads(json_text(training.settings))
        if file.is_file():
            before = _read(file)
            for word, value in (dict(start=None) | now).items():
                if before.get(word) != value:
                    raise ValueError(
                        f"{str(folder)!r} was made with {word} = {json.dumps(before.get(word))}, not "
                        f"{json.dumps(value)}: choose another --out, or remove that folder."
                    )
        elif others := sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
            raise ValueError(
                f"{str(folder)!r} holds {others[0]!r} and no {SETTINGS}: it is of another command; choose another "
                "--out."
            )
        else:
            write_text(file, json_text(now | dict(versions=versions())) + "\n")
        yield


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as exc:
        raise ValueError(f"{file} is not in ergoscope's format ({exc}): choose another folder.") from exc


def _frame(curves: Curves, process: Process) -> pl.DataFrame:
    """Return the curves as a tidy frame; kinds that were not seen, and edges after the last one, have no rows.

    Of several kinds there is the kind ``"all"``, too: the mean with the frequencies of the task.
    """
    frames = []
    for number, run in enumerate(curves.runs):
        edges = curves.edges[: curves.last[number] + 1]
        scores = curves.scores[number, : len(edges)]
        if len(curves.kinds) > 1:
            scores = np.concatenate([scores, _mean(scores, np.array(process.frequency))], axis=2)
        settings = dict(run=number, seed=run.seed, size=run.size, rows=run.rows) | run.knobs._asdict()
        for j, kind in enumerate((*curves.kinds, "all")[: scores.shape[2]]):
            # A kind without a row has no value where the others have one; where none has, the run diverged.
            seen = ~np.isnan(scores[:, 0, j]) | np.isnan(scores[:, 0, -1])
            for i, score in enumerate(SCORES):
                there = slice(None) if score.startswith("exam") else seen
                frames.append(_rows(settings, edges[there], score, kind, scores[there, i, j]))
        for i, name in enumerate(curves.probe_names):
            frames.append(_rows(settings, edges, name, "all", curves.probes[number, : len(edges), i]))
    return pl.concat(frames)


def _mean(scores: NDArray[np.float64], frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over kinds, ``(edge, score, 1)``, with their frequencies; of a batch over the kinds in it."""
    weights = np.where(np.isnan(scores), 0.0, frequency)
    weights[:, [score.startswith("exam") for score in SCORES]] = frequency  # the exam has every kind
    weighted = np.where(weights > 0, weights * scores, 0.0).sum(axis=2, keepdims=True)
    with np.errstate(invalid="ignore"):
        mean: NDArray[np.float64] = weighted / weights.sum(axis=2, keepdims=True)
    return mean


def _rows(
    settings: dict[str, Any], edges: np.ndarray[Any, Any], metric: str, kind: str, values: np.ndarray[Any, Any]
) -> pl.DataFrame:
    kinds = {word: pl.Float64() if isinstance(value, float) else pl.Int64() for word, value in settings.items()}
    shared = [pl.lit(value, kinds[word]).alias(word) for word, value in settings.items()]
    named = [pl.lit(metric).alias("metric"), pl.lit(kind).alias("kind")]
    made = pl.DataFrame(dict(step=edges, value=values))
    return made.select(*shared, "step", *named, "value")
