"""The commands about tasks: ``ergoscope emerge``, and what ``zoo`` and ``simulate`` do with a task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from .._core.json_values import json_text
from ._options import PATH, AsJson, Quiet, Seed, command_line
from ._parsing import parse_axis
from ._printing import Meter, console
from ._signals import saying_at_end

if TYPE_CHECKING:
    from ..analysis import Emerged, EmergedTexts

STEPS = 4000


def emerge(
    task: Annotated[str, typer.Argument(help="A task, NAME or NAME:option=value,.. (see: ergoscope zoo).")],
    along: Annotated[
        str,
        typer.Option(help="Axis: rows, size, steps, or a number of the learner such as decay. Texts: texts or slots."),
    ],
    values: Annotated[
        str | None,
        typer.Option(help="Values of the axis, such as 600..1600:200 or 0.01,0.1,1; none for steps and texts."),
    ] = None,
    learner: Annotated[
        str | None,
        typer.Option(help="NAME or NAME:option=value,.., such as mlp:width=64. Default: the one that suits the task."),
    ] = None,
    runs: Annotated[
        int, typer.Option(help="Networks of each value, with a world and first weights of their own; or streams.")
    ] = 8,
    steps: Annotated[int, typer.Option(help="Updates of each network.")] = STEPS,
    texts: Annotated[
        int | None,
        typer.Option(help="Texts: the most of each stream. Default: four times those of theory, 10000 for slots."),
    ] = None,
    rows: Annotated[
        int | None, typer.Option(help="Rows of the training set. Default: as many as the task has.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Fresh batches instead of a set: the learner's batch=.")
    ] = False,
    metric: Annotated[
        str | None,
        typer.Option(help="accuracy, or loss over that of who knows nothing, the default for several kinds."),
    ] = None,
    level: Annotated[
        float | None,
        typer.Option(help="Least accuracy on the exam, largest loss, or share learned. Default: 0.99, 0.1, 0.5."),
    ] = None,
    early_stopping: Annotated[
        bool, typer.Option("--early-stopping", help="Judge each network where its loss on the exam is least.")
    ] = False,
    exam: Annotated[
        int | None,
        typer.Option(help="Rows of the exam. Default: 2000, 200 of each kind, or all that are left of up to 10 000."),
    ] = None,
    precision: Annotated[str | None, typer.Option(help="float32, or float64, the default for sums.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, gpu, gpu:1, .. (see: ergoscope devices).")] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option("--out", **PATH, help="Folder for the results. Default: runs/TASK-AXIS.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the last parameters of each network in the folder, too.")
    ] = False,
    start: Annotated[
        Path | None,
        typer.Option("--start", **PATH, help="Parameters that --keep has kept: every network starts from them."),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train networks on a task, and say from where on along an axis they are able to do it.

    Run it again after an interrupt: networks that have ended are kept in the folder. Of a stream of texts, say from
    how many texts on, or up to how many slots, its concepts are learned; nothing is trained.
    """
    from .. import analysis
    from .._core.files import check_folder
    from ..simulator._tasks.find import is_texts

    folder = out or Path("runs") / f"{task.partition(':')[0]}-{along}"
    chosen = None if values is None else parse_axis("--values", values)
    if is_texts(task):
        of_networks = {
            "--learner": learner, "--steps": steps != STEPS, "--rows": rows, "--fresh": fresh, "--metric": metric,
            "--early-stopping": early_stopping, "--exam": exam, "--precision": precision, "--device": device,
            "--keep": keep, "--start": start,
        }  # fmt: skip
        for word, given in of_networks.items():
            if given not in (None, False):
                raise ValueError(f"{word} is an option for networks, and {task} is a stream of texts: leave it out.")
        check_folder(folder)
        with Meter("emerge", hidden=quiet or as_json, unit="texts") as meter:
            read = analysis.emerge_texts(
                task, along, chosen, runs=runs, texts=texts, level=level, seed=seed, progress=meter.update
            )
        _show(read, analysis.save_emergence(read, folder, command_line()), quiet, as_json)
        return
    if texts is not None:
        raise ValueError(
            f"--texts is an option for streams of texts, and {task} has examples: --steps is for networks."
        )
    kept = f" The networks that have ended are kept in {folder}: the same command goes on."
    with saying_at_end(kept), Meter("emerge", hidden=quiet, unit="steps") as meter:
        found = analysis.emerge(
            task,
            along,
            chosen,
            learner,
            runs=runs,
            steps=steps,
            rows=rows,
            fresh=fresh,
            metric=metric,
            level=level,
            early_stopping=early_stopping,
            exam=exam,
            precision=precision,  # type: ignore[arg-type]
            device=device,
            seed=seed,
            folder=folder,
            keep=keep,
            start=start,
            progress=meter.update,
        )
    _show(found, analysis.save_emergence(found, folder, command_line()), quiet, as_json)


def _show(found: Emerged | EmergedTexts, files: list[Path], quiet: bool, as_json: bool) -> None:
    """Print the answer as JSON; or a table, the sentence and the files."""
    from ..analysis import Emerged

    if as_json:
        kept = [str(file) for file in found.checkpoints] if isinstance(found, Emerged) else []
        words = dict(files=[str(file) for file in files]) | (dict(checkpoints=kept) if kept else {})
        print(json_text(found.to_dict() | words))
        return
    if not quiet:
        if isinstance(found, Emerged) and len(found.emergences) > 1:
            _show_kinds(found)
        else:
            _show_shares(found, "step" if isinstance(found, Emerged) else "text")
    console.print(found.sentence, soft_wrap=True)
    if not quiet:
        for file in files:
            console.print(f"  {file}", style="dim", soft_wrap=True)
        if isinstance(found, Emerged) and found.checkpoints:
            several = f"; {len(found.checkpoints)} networks in all" if len(found.checkpoints) > 1 else ""
            console.print(f"  {found.checkpoints[0]} (parameters{several})", style="dim", soft_wrap=True)


def _show_shares(found: Emerged | EmergedTexts, unit: str) -> None:
    """Print one row for each value of the axis, or for each passage; ``unit`` is what a run counts."""
    along = found.settings["along"]
    passages = along == f"{unit}s"
    table = Table(box=box.SIMPLE_HEAD)
    for head in (
        along,
        "runs",
        "able",
        "share",
        "95 % interval",
        *((f"median {unit}", "95 % interval") * (not passages)),
    ):
        table.add_column(head, justify="right")
    for row in found.shares.iter_rows(named=True):
        share = f"{row['share']:.0%}", f"{row['low']:.0%} .. {row['high']:.0%}"
        median = () if passages else (_number(row["median"]), _interval(row["median_low"], row["median_high"]))
        table.add_row(f"{row[along]:g}", str(row["runs"]), str(row["passed"]), *share, *median)
    console.print(table)
    if passages:
        console.print(f"share: runs that are able by this {unit} (Kaplan and Meier); runs: those that were not yet.")
    else:
        able = "answer the exam, to the end" if unit == "step" else "have learned so many concepts"
        console.print(f"able: runs that {able}; median {unit}: when, - if half of the runs never do.")


def _show_kinds(found: Emerged) -> None:
    """Print one row for each kind that some run learns, the others as one line, and how many each value teaches."""
    along = found.settings["along"]
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("kind", "frequency", along, "95 % interval", "runs that learn it"):
        table.add_column(head, justify="left" if head == "kind" else "right")
    kinds = found.kinds
    for row in kinds.filter(kinds["passed"] > 0).iter_rows(named=True):
        place = _number(row["value"]), _interval(row["low"], row["high"])
        table.add_row(row["kind"], f"{row['frequency']:.3g}", *place, f"{row['passed']} of {row['runs']}")
    console.print(table)
    if never := (kinds["passed"] == 0).sum():
        console.print(f"No run learns the other {never} of {len(kinds)} kinds.")
    if along != "steps":
        counts = found.learned.group_by(along).median().sort(along)
        words = ", ".join(f"{value:g}: {count:g}" for value, count in counts.select(along, "learned").iter_rows())
        console.print(f"kinds learned, median of the runs, by {along}: {words}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None and high is None else f"{_number(low)} .. {_number(high)}"


def write_task(words: str, out: Path, steps: int, runs: int, seed: int, quiet: bool) -> None:
    """Write fresh examples of a task, or texts, into a file."""
    from ..simulator import write_trajectories
    from ..simulator._tasks.find import find_task, find_texts, is_texts
    from ..simulator._tasks.observations import task_trajectories
    from ..simulator._tasks.text_observations import text_trajectories

    if is_texts(words):
        stream = find_texts(words)
        write_trajectories(text_trajectories(stream, steps, runs, seed), out)
        name, what = stream.name, "texts"
    else:
        task = find_task(words)
        write_trajectories(task_trajectories(task, steps, runs, seed), out)
        name, what = task.name, "characters" if task.characters else "examples"
    if not quiet:
        console.print(f"{out}: {runs} run{'s' * (runs > 1)} of {steps} {what} of {name}")
