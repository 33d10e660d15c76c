"""Train networks on a task along an axis, and say from where on the ability is there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from ..._core.checks import check_precision, check_seed
from ..._core.devices import Precision
from ..._core.progress import Progress, no_progress
from ..._core.ranges import check_count
from ..._core.text import counted, did_you_mean, spaced, versions
from ...learners._neural.checkpoint import load_checkpoint
from ...learners._neural.optimiser import Knobs
from ...learners._neural.recipe import read_recipe, usual_precision
from ...learners._neural.train import Run
from ...simulator._tasks.find import find_task
from ...simulator._tasks.process import Process, exam_rows
from .early_stopping import stopped_early
from .emerged import Emerged
from .kinds import emergence_by_kind
from .passages import first_passages
from .survival import median_passage
from .training import Training, parameters_file, train_runs

AXES = ("rows", "size", "steps", *Knobs._fields)
METRICS = ("accuracy", "loss")
MOST_STEPS, MOST_RUNS = 1_000_000_000, 100_000


def emerge(
    task: str | Process,
    along: str,
    values: Sequence[float] | None = None,
    learner: str | None = None,
    *,
    runs: int = 8,
    steps: int = 4000,
    rows: int | None = None,
    fresh: bool = False,
    metric: str | None = None,
    level: float | None = None,
    early_stopping: bool = False,
    exam: int | None = None,
    precision: Precision | None = None,
    device: str | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    keep: bool = False,
    start: str | Path | None = None,
    progress: Progress = no_progress,
) -> Emerged:
    """Train networks on a task along an axis, and say from where on they are able to do it.

    A run is able once it answers the share ``level`` of the exam, and stays so to the end. The exam has examples that
    no update has seen. The answer is the value of the axis at which half of the runs become able within
    ``steps`` updates. A task of several kinds of examples has an exam of each kind and an answer for each kind: which
    sub-tasks a run has learned.

    Args:
        task: A task of ``ergoscope zoo``, ``NAME`` or ``NAME:option=value,..``, or a ``Process``.
        along: The axis: ``"rows"`` of the training set, ``"size"`` of the network, ``"steps"``, or a number of its
            training: ``"rate"``, ``"decay"``, ``"l1"`` or ``"dropout"``.
        values: The values of the axis; none for ``"steps"``.
        learner: ``NAME`` or ``NAME:option=value,..``; None: that of the start, or else the one that suits the task.
        runs: Networks of each value. Each has a training set, an exam and first weights of its own.
        steps: Updates of each network.
        rows: Rows of the training set; None: as many as the task has.
        fresh: Train on fresh batches instead of a set; the learner's option ``batch`` says how large they are.
        metric: What is compared with the level: ``"accuracy"``, the share of the exam that is answered right, or
            ``"loss"``, the loss over that of who knows nothing (for one bit: the loss in bits). None: the accuracy, for
            several kinds the loss.
        level: The least accuracy, .99 if None; or the largest loss, .1 if None.
        early_stopping: Judge each run at the edge at which its mean loss on the exam is least.
        exam: Rows of the exam; None: 2000, 200 of each kind, or all that are left of a domain of up to 10 000.
        precision: None: ``"float64"`` for sums, whose losses become tiny, else ``"float32"``.
        device: As in ``find_devices``.
        seed: Of all random numbers.
        folder: Each run that has ended is kept there, and is not trained again; None: nothing is kept.
        keep: Keep the last parameters of each run in the folder, too: ``Emerged.checkpoints`` names the files.
        start: A file of such parameters, from which every network starts instead of random ones: fine-tuning. The
            network must be of the same form and size. What only the new task has, characters or places of a line,
            starts as usual.
        progress: Called with the updates done and the updates in all.

    Raises:
        ValueError: There is no such task, learner, option or axis, a value or a split cannot be, or the folder is of
            other settings.
    """
    process = find_task(task)
    given = None if start is None else load_checkpoint(start)
    recipe = read_recipe(given.learner if given and learner is None else learner, process)
    if fresh and recipe.batch is None:
        raise ValueError(
            f"fresh examples come in batches: give their rows, --learner {recipe.name.split(':')[0]}:batch=1000."
        )
    if fresh and rows is not None:
        raise ValueError("rows belong to a set that is replayed: leave them out, or leave fresh out.")
    if keep and folder is None:
        raise ValueError("parameters are kept in a folder: name one, or leave keep out.")
    if given is not None and along == "size":
        raise ValueError("the networks of a start have one size: choose another axis, or leave start out.")
    check_count("runs", runs, 1)
    check_count("steps", steps, 1)
    if steps > MOST_STEPS:
        raise ValueError(f"a network takes at most {spaced(MOST_STEPS)} updates, got {steps}.")
    if along == "rows" and rows is not None:
        raise ValueError("rows is the axis, and its values are the rows: leave rows out.")
    taken = {"size": "width"}.get(along, along)
    if learner is not None and any(
        part.split("=")[0].strip() == taken for part in learner.partition(":")[2].split(",")
    ):
        raise ValueError(f"{taken} is the axis, and --values are its values: leave {taken} out of {learner!r}.")
    check_seed(seed)
    several = len(process.kinds) > 1
    metric = metric or ("loss" if several else "accuracy")
    if metric not in METRICS:
        raise ValueError(f"the metric must be {' or '.join(METRICS)}, got {metric!r}{did_you_mean(metric, METRICS)}")
    level = {"accuracy": 0.99, "loss": 0.1}[metric] if level is None else level
    if not 0 < level <= 1 or (metric == "loss" and level == 1):
        what = "share of the exam that must be right" if metric == "accuracy" else "loss over that of who knows nothing"
        raise ValueError(f"level is the {what}, above 0 and up to 1; got {level}.")
    if early_stopping and along == "steps":
        raise ValueError("along the steps a run is seen to its end: leave early stopping out, or choose another axis.")
    tried = _values(along, values, process, fresh)
    if len(tried) * runs > MOST_RUNS:
        raise ValueError(f"at most {spaced(MOST_RUNS)} networks are trained at once, got {len(tried)} x {runs}.")
    usual = None if fresh else process.rows if rows is None else rows
    made = []
    for value in tried:
        size = int(value) if along == "size" else recipe.size
        of_set = int(value) if along == "rows" else usual
        exam_rows(process, of_set, exam)
        knobs = recipe.knobs._replace(**({along: float(value)} if along in Knobs._fields else {}))
        made += [Run(size, of_set, _seed(seed, along, value, i), knobs) for i in range(runs)]
    check_precision(precision or "float32")
    chosen = precision or usual_precision(process)
    training = Training(
        process,
        recipe,
        steps,
        exam=exam,
        precision=chosen,
        device=device,
        keep=(steps,) if keep else (),
        along=along,
        start=None if start is None else Path(start),
    )
    curves = train_runs(training, made, None if folder is None else Path(folder), progress)
    judged = stopped_early(curves) if early_stopping else curves
    exams, own = (_passages(judged, process, f"{which}{metric}", level) for which in ("exam ", ""))

    def ability(kind: str) -> str:
        return f"learns {kind}" if several else "generalises"

    found = emergence_by_kind(exams, along, ability, steps, seed)
    settings = training.settings | dict(
        along=along, values=list(tried), runs=runs, rows=None if along == "rows" else usual
    )
    settings |= dict(
        metric=metric, level=level, chance=process.chance, early_stopping=early_stopping, seed=seed, versions=versions()
    )
    said = "" if fresh or recipe.batch or several else _memorised(exams, own)
    frequency = dict(zip(process.kinds, process.frequency, strict=True))
    kept = tuple(parameters_file(Path(folder), run) for run in made) if keep and folder is not None else ()
    return Emerged(found, said, curves, exams, own, frequency, settings, kept)


def _passages(curves: pl.DataFrame, process: Process, metric: str, level: float) -> pl.DataFrame:
    """Return the passages of each kind, in the order of the kinds."""
    loss = metric.endswith("loss")
    each = curves.filter(pl.col("kind").is_in(process.kinds))
    found = first_passages(each, metric, level * process.chance if loss else level, below=loss)
    order = {kind: i for i, kind in enumerate(process.kinds)}
    return found.sort(pl.col("kind").replace_strict(order, return_dtype=pl.Int64), "run")


def _values(along: str, values: Sequence[float] | None, process: Process, fresh: bool) -> tuple[float, ...]:
    if along not in AXES:
        raise ValueError(f"there is no axis {along!r}{did_you_mean(along, AXES)} The axes are {', '.join(AXES)}.")
    if along == "rows" and fresh:
        raise ValueError(f"a fresh stream of {process.name} has no rows: leave fresh out, or choose another axis.")
    if along == "steps":
        if values is not None:
            raise ValueError("the axis steps has no values: every network is scored on its way; leave values out.")
        return (0.0,)
    if values is None or len(values) < 2:
        got = "none" if not values else f"{values[0]:g} alone"
        raise ValueError(f"the axis {along} needs at least two values, such as 600..1600:200; got {got}.")
    tried = tuple(sorted(values))
    if len(set(tried)) < len(tried):
        raise ValueError(f"the values of {along} must differ, got {list(values)}.")
    if along in ("rows", "size") and any(value != int(value) or value < 1 for value in tried):
        raise ValueError(f"the values of {along} must be whole numbers of at least 1, got {list(values)}.")
    return tuple(int(value) for value in tried) if along in ("rows", "size") else tried


def _seed(seed: int, along: str, value: float, run: int) -> int:
    """Return the seed of a run: runs of different values share nothing, and further values change no run."""
    text = f"{seed} {'' if along == 'steps' else f'{along}={value!r}'} {run}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def _memorised(passages: pl.DataFrame, own: pl.DataFrame) -> str:
    """Return what the runs do that never pass."""
    never = passages.filter(pl.col("censored") & ~pl.col("diverged"))["run"].to_list()
    if not never:
        return ""
    theirs = own.filter(pl.col("run").is_in(never))
    knowing = theirs.filter(~pl.col("censored"))
    words = f" Of the {counted(len(never), 'run')} without success, {len(knowing)} answer their own training examples"
    if not len(knowing):
        return f"{words}."
    median = median_passage(knowing["high"].to_numpy().astype(float), [True] * len(knowing)).value
    return f"{words}, by step {median:.0f} in the median: they memorise."
