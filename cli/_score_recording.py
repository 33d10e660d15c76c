"""``ergoscope score --recording``: a user's own predictor on a recording, beside learners of every size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from .._core.json_values import json_text
from ._options import command_line
from ._parsing import parse_center, parse_names, parse_sizes
from ._printing import Meter, console, short_number, show_files

if TYPE_CHECKING:
    from ..analysis import RecordingScore

_COLOURS = {"better": "green", "alike": "default", "worse": "red"}


def refuse(given: Mapping[str, Any], why: str) -> None:
    """Raise ValueError if an option is given.

    Args:
        given: Value of each option; None or False where it is not given.
        why: What the options are for, such as ``is for a plant:``.
    """
    for option, value in given.items():
        if value is not None and value is not False and value != []:
            raise ValueError(f"{option} {why} leave it out.")


def score_recording(
    predictor: str,
    recording: str,
    columns: dict[str, Any],
    learning: dict[str, Any],
    opening: dict[str, Any],
    require: str | None,
    seed: int,
    folder: Path,
    printed: dict[str, bool],
) -> None:
    """Compare a predictor with every size on a recording; exit code 1 if a requirement does not hold.

    Args:
        predictor: Its name.
        recording: The file.
        columns: output, input, by, time, dt and dialect, as they are typed.
        learning: sizes, learner and center, as they are typed.
        opening: limit and in_process.
        require: Requirements.
        seed: Of the bootstrap.
        folder: Folder for the results.
        printed: quiet and as_json.
    """
    from .. import analysis, learners, simulator

    required = analysis.parse_requirements(require) if require is not None else []
    named = dict(output=list(parse_names(columns["output"])), input=list(parse_names(columns["input"])))
    read = simulator.find_recording(recording, **(columns | named))
    sizes = None if learning["sizes"] is None else parse_sizes(learning["sizes"])
    with (
        Meter("score", hidden=printed["quiet"] or printed["as_json"], unit="runs") as meter,
        learners.open_predictor(predictor, **opening) as opened,
    ):
        made = analysis.score_on_recording(
            opened,
            read,
            sizes=sizes,
            learner=learning["learner"],
            center=parse_center(learning["center"]),
            seed=seed,
            name=Path(recording).stem.replace("*", "_") or "recording",
            progress=meter.update,
        )
    more = dict(predictor=predictor, **opening, require=require)
    made = replace(made, settings=more | made.settings | dict(command=command_line()))
    short = analysis.recording_shortfalls(made, required)
    files = analysis.save_recording_score(made, folder, short)
    if printed["as_json"]:
        print(json_text(made.to_dict() | dict(shortfalls=short, files=[str(file) for file in files])))
    else:
        _show(made, files, short, printed["quiet"])
    if short:
        raise typer.Exit(1)


def _show(made: RecordingScore, files: list[Path], short: list[str], quiet: bool) -> None:
    if made.comparison is not None and not quiet:
        console.print(_table(made))
    if made.reading is not None and not quiet:
        console.print(f"read: {made.reading.words}", style="dim", soft_wrap=True)
    console.print(made.sentence, soft_wrap=True)
    for flaw in made.flaws if made.failure is None else ():
        console.print(f"  {flaw.name}: {flaw.because}", soft_wrap=True)
    for line in short:
        console.print(f"falls short of {line}", soft_wrap=True)
    if not quiet:
        show_files(files)


def _table(made: RecordingScore) -> Table:
    assert made.comparison is not None
    found = made.comparison
    table = Table(
        title=f"{made.short_name} beside each {found.size_label}: mean squared error {short_number(found.error)}",
        title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for head in ("size", "error", "its error / the size's", "95 % interval", "it is"):
        table.add_column(head, justify="left" if head == "it is" else "right", no_wrap=True)
    for row in found.sizes.to_dicts():
        interval = f"{short_number(row['low'])} to {short_number(row['high'])}"
        cells = [str(row["size"]), short_number(row["error"]), short_number(row["ratio"]), interval]
        style = "bold" if row["size"] == found.as_good_as else None
        table.add_row(*cells, Text(row["verdict"], style=_COLOURS[row["verdict"]]), style=style)
    return table
