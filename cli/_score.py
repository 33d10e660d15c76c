"""``ergoscope score``: run a user's own predictor through the battery."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from .._core.json_values import json_text
from ._dialect_options import with_dialect
from ._options import PATH, Seed, command_line
from ._parsing import parse_names
from ._plant_options import Delay, InputNoise, MeasurementNoise, ProcessNoise, SamplingTime, find_plant
from ._printing import Meter, console, short_number, show_files
from ._score_recording import refuse, score_recording

if TYPE_CHECKING:
    from ..analysis import Scorecard

_COLOURS = {"pass": "green", "falls short": "red", "failed": "red", "undecided": "yellow"}


@with_dialect
def score(
    predictor: Annotated[
        str,
        typer.Argument(
            help="FILE.py:NAME or MODULE:NAME; the same after filterpy:, river:, sklearn: or control:; ./program; or a "
            "learner such as ladder:size=4."
        ),
    ],
    plant: Annotated[
        str | None,
        typer.Option(help="A system of the zoo, plant.toml or module.py:name. Default: a resonance and the zoo."),
    ] = None,
    q: ProcessNoise = None,
    r: MeasurementNoise = None,
    dt: SamplingTime = None,
    delay: Delay = None,
    input_noise: InputNoise = None,
    recording: Annotated[
        str | None,
        typer.Option(help="A recording instead of a plant: the predictor beside learners of every size on it."),
    ] = None,
    output: Annotated[list[str] | None, typer.Option(help="Recording: output columns, such as y or y1,y2.")] = None,
    input: Annotated[list[str] | None, typer.Option(help="Recording: input columns.")] = None,
    by: Annotated[str | None, typer.Option(help="Recording: column that names the run.")] = None,
    time: Annotated[str | None, typer.Option(help="Recording: column of the time, or two: date,clock.")] = None,
    center: Annotated[
        str, typer.Option(help="Recording: first (value), none or a number to subtract from the output.")
    ] = "first",
    sizes: Annotated[str | None, typer.Option(help="Recording: sizes beside it, such as 0..32.")] = None,
    learner: Annotated[str | None, typer.Option(help="Recording: the learner of the sizes, as for locate.")] = None,
    cases: Annotated[
        str | None, typer.Option(help="Names such as plant,dropout,bursts, or the groups zoo and stress. Default: all.")
    ] = None,
    require: Annotated[
        str | None,
        typer.Option(
            help="Requirements, such as 'bounded, excess<5%, dropout:recovery<200'. Exit code 1 if one does not hold."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Shorter runs, eight systems of the zoo: two minutes.")
    ] = False,
    replicates: Annotated[int | None, typer.Option(help="Runs of each case; by default 16, quick 8.")] = None,
    parameters: Annotated[
        int | None,
        typer.Option(help="Trainable parameters of the predictor, to choose the ladder that it is compared with."),
    ] = None,
    limit: Annotated[float, typer.Option(help="Time limit of a step in seconds.")] = 1.0,
    in_process: Annotated[
        bool,
        typer.Option(
            "--in-process",
            help="Run Python in this process: faster, but no time limit, and it could see later samples.",
        ),
    ] = False,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option("--out", **PATH, help="Folder for the results. Default: runs/score-PREDICTOR.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the answer.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the table.")] = False,
    dialect: Any = None,
) -> None:
    """Run a predictor through the battery: a scorecard that compares it with the Kalman filter and with learners.

    With --recording: the size that it equals on your own data, and what the best size would save.
    """
    from .. import analysis, learners
    from .._core.files import check_folder

    columns = dict(output=output, input=input, by=by, time=time, dialect=dialect)
    if recording is not None:
        plants: dict[str, Any] = {"--plant": plant, "--q": q, "--r": r, "--delay": delay, "--input-noise": input_noise}
        plants |= {"--cases": cases, "--quick": quick, "--replicates": replicates, "--parameters": parameters}
        refuse(plants, "is for plants, and --recording names a recording:")
        name = re.sub(r"\W+", "-", predictor).strip("-") or "predictor"
        score_recording(
            predictor,
            recording,
            columns | dict(dt=dt),
            dict(sizes=sizes, learner=learner, center=center),
            dict(limit=limit, in_process=in_process),
            require,
            seed,
            check_folder(out or Path("runs") / f"score-{name}"),
            dict(quiet=quiet, as_json=as_json),
        )
        return
    options = {f"--{word}": value for word, value in columns.items()} | {"--sizes": sizes, "--learner": learner}
    refuse(options | {"--center": center != "first"}, "is for a recording: name one with --recording, or")
    required = analysis.parse_requirements(require) if require is not None else []
    if plant is None and any(given is not None for given in (q, r, dt, delay, input_noise)):
        raise ValueError("--q, --r, --dt, --delay and --input-noise belong to a plant: name it with --plant.")
    system = None if plant is None else find_plant(plant, q, r, dt, delay, input_noise)
    name = re.sub(r"\W+", "-", predictor).strip("-") or "predictor"
    folder = check_folder(out or Path("runs") / f"score-{name}")
    chosen = None if cases is None else parse_names(cases)

    def with_settings(made: Scorecard) -> Scorecard:
        more = dict(predictor=predictor, limit=limit, in_process=in_process, require=require)
        return replace(made, settings=more | made.settings | dict(command=command_line()))

    with (
        Meter("score", hidden=quiet or as_json, unit="runs") as meter,
        learners.open_predictor(predictor, limit=limit, in_process=in_process) as opened,
    ):
        made = analysis.score_predictor(
            opened,
            system,
            cases=chosen,
            quick=quick,
            seed=seed,
            replicates=replicates,
            parameters=parameters,
            progress=meter.update,
            keep=lambda partial: _keep(with_settings(partial), folder),
        )
    made = with_settings(made)
    short = analysis.shortfalls(made, required)
    files = analysis.save_scorecard(made, folder, short)
    if as_json:
        print(json_text(made.to_dict() | dict(shortfalls=short, files=[str(file) for file in files])))
    else:
        _show(made, files, short, quiet)
    if short:
        raise typer.Exit(1)


def _keep(partial: Scorecard, folder: Path) -> None:
    """Write the cases done so far: an interrupt ends the command at once."""
    from ..analysis import save_scorecard

    if partial.partial:
        save_scorecard(partial, folder)


def _show(card: Scorecard, files: list[Path], short: list[str], quiet: bool) -> None:
    if not quiet:
        steady, stress = (card.rows.filter((card.rows["kind"] == "stress") == fault) for fault in (False, True))
        for title, part, last in (("steady cases", steady, "growth"), ("stress cases", stress, "back after")):
            if part.height:
                console.print(_table(f"{card.short_name}: {title}", part.to_dicts(), last))
    console.print(card.sentence, soft_wrap=True)
    for name, because in card.all_flaws.items():
        console.print(f"  {name}: {because}", soft_wrap=True)
    for line in short:
        console.print(f"falls short of {line}", soft_wrap=True)
    if not quiet:
        show_files(files)


def _table(title: str, rows: list[dict[str, Any]], last: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    covered = any(row["coverage"] is not None for row in rows)
    flawed = any(row["flaws"] for row in rows)
    heads = ["case", "error", "excess", "vs ladder", *["in 95 %"] * covered, last, "verdict", *["flaws"] * flawed]
    for head in heads:
        text = head in ("case", "verdict", "flaws")
        table.add_column(head, justify="left" if text else "right", no_wrap=head != "flaws")
    for row in rows:
        percents = [_percent(row[word]) for word in ("excess", "against_ladder")]
        inside = "-" if row["coverage"] is None else f"{100 * row['coverage']:.1f} %"
        end = row["law"] or "-" if last == "growth" else "-" if row["recovery"] is None else str(row["recovery"])
        colour = _COLOURS.get(row["verdict"], "default")
        verdict = row["verdict"] + (f" at {row['failed_at']}" if row["verdict"] == "failed" else "")
        cells = [row["case"], short_number(row["error"]), *percents, *[inside] * covered, end]
        table.add_row(*cells, Text(verdict, style=colour), *[", ".join(row["flaws"])] * flawed)
    return table


def _percent(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f} %" if abs(value) < 1000 else f"{value:.0e} %"
