"""Print tables, sentences and progress bars on the terminal. Nothing is computed here.

Text for people goes through ``console`` (standard output) or ``note`` (standard error): names from files hold anything,
and none of it controls the terminal.
"""

from __future__ import annotations

import inspect
import logging
import math
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from .._core.text import printable_lines

if TYPE_CHECKING:
    from ..analysis import Design, Location, Portrait
    from ..learners._catalogue import Entry

_COLOURS = {"bounded": "green", "growing": "red", "undecided": "yellow"}


class PlainConsole(Console):
    """A console that prints strings as they are: no markup, no emoji, escapes for what would control the terminal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as the text that is printed; titles and cells of tables come here, too."""
        return super().render_str(printable_lines(text), **options)


console = PlainConsole()


def note(text: str) -> None:
    """Print a line for people on standard error."""
    print(printable_lines(text), file=sys.stderr, flush=True)


def tell_of_compiling() -> None:
    """Print a line for people when a loop is compiled, which takes a while."""
    teller = logging.Handler()
    teller.emit = lambda record: note(f"ergoscope: {record.getMessage()}")  # type: ignore[method-assign]
    logger = logging.getLogger("ergoscope.compiled")
    logger.setLevel(logging.INFO)
    logger.addHandler(teller)


class Meter:
    """A progress bar with rate and remaining time on standard error; silent if standard error is no terminal."""

    def __init__(self, what: str, hidden: bool, unit: str = "samples") -> None:
        errors = Console(stderr=True)
        self._bar = Progress(
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(unit),
            TimeRemainingColumn(),
            console=errors,
            transient=True,
            disable=hidden or not errors.is_terminal,
        )
        self._task = self._bar.add_task(what, total=None)

    def update(self, done: int, total: int) -> None:
        """Show the work done and the work in all."""
        self._bar.update(self._task, completed=done, total=total)

    def __enter__(self) -> Meter:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.{task.speed < 10:d}f} {self._unit}/s" if task.speed else "", style="cyan")


def show_location(location: Location, files: list[Path], quiet: bool) -> None:
    """Print the table and the sentence of each look-ahead, and the files; with ``quiet`` only the sentences."""
    for part in location.each:
        if not quiet:
            console.print(_table(part))
            for line in _captions(part):
                console.print(line, style="dim", soft_wrap=True)
            if part.outputs.height:
                console.print(_outputs_table(part))
        console.print(part.sentence, soft_wrap=True)
    if not quiet:
        show_files(files)


def show_files(files: list[Path]) -> None:
    """Print the files of a folder."""
    console.print(f"{files[0].parent}/", style="dim", end=" ", soft_wrap=True)
    console.print(", ".join(file.name for file in files), soft_wrap=True)


def _table(location: Location) -> Table:
    title = f"{location.subject}: mean squared prediction error at horizon t"
    if location.outputs.height:
        title += ", in units of the noise of each output"
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    oracle, judged = not location.recorded, location.judged
    paired = "paired" in location.rungs.columns and not judged  # both do not fit on 80 columns
    costs = {} if location.advice is None else {row["size"]: row for row in location.advice.costs.to_dicts()}
    heads = ["size", "par.", *(f"t={horizon}" for horizon in location.horizons)] + ["excess"] * oracle
    heads += ["growth", "+-", "verdict"] * judged + ["more error"] * bool(costs)
    heads += ["95 % interval"] * (bool(costs) and not judged) + ["vs prev."] * paired
    for head in heads:
        table.add_column(head, justify="left" if head in ("verdict", "vs prev.") else "right", no_wrap=True)
    chosen = location.critical_size if location.advice is None else location.advice.size
    for row in location.rungs.to_dicts():
        cells: list[str | Text] = [str(row["size"]), str(row["parameters"])]
        cells += [short_number(value) for value in row["errors"]] + [short_number(row["excess"])] * oracle
        cells += [*_growth(row), Text(row["verdict"], style=_COLOURS[row["verdict"]])] * judged
        cells += _cost(costs.get(row["size"]))[: 1 if judged else 2] * bool(costs)
        cells += [row.get("paired") or ""] * paired
        table.add_row(*cells, style="bold" if row["size"] == chosen else None)
    return table


def _captions(location: Location) -> list[str]:
    """Return the lines below the table: what a size is, what the costs are, what was read."""
    from ..analysis._location.recorded_changes import change_words
    from ..analysis._location.size_words import explained

    word = explained(location.settings["size_label"])
    lines = [f"size: {word}"] if word else []
    if location.settings.get("inputs_not_read"):
        lines.append("inputs: zero, so no tap reads them (--input white, ..); design counts taps of the inputs, too")
    if location.advice is not None and location.advice.costs.height:
        compared = "" if location.judged else "; vs prev.: paired test against the size before"
        lines.append(f"more error: than size {location.advice.size}, after the first twentieth{compared}")
    if location.bands is not None and location.bands.sentence:
        lines.append(location.bands.sentence)
    if location.changes is not None:
        lines.append(
            f"changes of the size that is needed, or of the noise: {change_words(location.changes.to_dicts())}"
        )
    if location.reading is not None:
        lines.append(f"read: {location.reading.words}")
    return lines


def _cost(cost: dict[str, Any] | None) -> list[str]:
    from ..analysis._location.advice import percent

    if cost is None:
        return ["", ""]
    above, low, high = (cost[word] for word in ("above", "low", "high"))
    if above < 10:
        return [percent(above), f"{percent(low)[:-2]} to {percent(high)}"]
    return [f"{1 + above:.2g} x", f"{1 + low:.2g} to {1 + high:.2g} x"] if above < 99 else ["over 100 x", ""]


def _outputs_table(location: Location) -> Table:
    table = Table(title="each output by itself", title_justify="left", header_style="bold", box=box.SIMPLE_HEAD)
    for head in ("output", "noise", "best", "critical", "verdict"):
        table.add_column(head, justify="left" if head in ("output", "verdict") else "right", no_wrap=head != "verdict")
    for row in location.outputs.to_dicts():
        sizes = ["-" if row[word] is None else str(row[word]) for word in ("best_size", "critical_size")]
        says = row["reason"] if row["noise"] is None else row["verdict"]
        table.add_row(row["output"], short_number(row["noise"]), *sizes, says)
    return table


def _growth(row: dict[str, Any]) -> tuple[str, str]:
    if row["law"] == "exponential":
        return f"e^({row['rate']:.3g} t)", ""
    if row["exponent"] is None:
        return "-", ""
    spread = "" if row["low"] is None else f"{(row['high'] - row['low']) / 2:.2f}"
    return f"t^{round(row['exponent'], 2) + 0.0:.2f}", spread  # no minus zero


def short_number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.1e}"


def show_names(names: dict[str, str], *heads: str) -> None:
    """Print names, each with its summary; with two heads, these stand above."""
    table = Table(*heads, show_header=bool(heads), box=box.SIMPLE_HEAD if heads else None)
    if not heads:
        table.add_column()
    table.columns[0].style = "bold"
    for name, line in names.items():
        table.add_row(name, line)
    console.print(table)


def show_learners(entries: dict[str, Entry]) -> None:
    """Print every learner: its name, what a size is, and a summary."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("learner", "a size is", "what it is"):
        table.add_column(head, no_wrap=head == "learner")
    for name, entry in entries.items():
        table.add_row(name, entry.size_label, entry.about)
    console.print(table)
    console.print("For one learner with its options: ergoscope learners NAME")


def show_learner(name: str, entry: Entry, options: dict[str, tuple[type, Any]]) -> None:
    """Print one learner: its options as on the command line, then its description."""
    written = ",".join(f"{word}={_default(default)}" for word, (_, default) in options.items())
    console.print(f"--learner {name}{':' * bool(written)}{written}", style="bold", soft_wrap=True)
    if "intercept" in options:
        console.print("For recordings and streams intercept=yes, unless you write intercept=no.", soft_wrap=True)
    console.print(inspect.getdoc(entry.make), soft_wrap=True)


def show_network(name: str) -> None:
    """Print one network for tasks: its options as on the command line, then its description."""
    from ..learners._neural.recipe import FACTORIES, MODELS

    written = ",".join(f"{word}={_default(default)}" for word, default in MODELS[name].items())
    console.print(f"ergoscope emerge --learner {name}:{written}", style="bold", soft_wrap=True)
    console.print(inspect.getdoc(FACTORIES[name]), soft_wrap=True)


def _default(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def show_design(design: Design) -> None:
    """Print a design: its table, its assumptions, its sentence."""
    from ..analysis._exact.design import DESIGN_METHODS

    title = f"{design.system}: filters within {100 * design.tolerance:.3g} % of the Kalman filter at the horizon"
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("filter", "taps", "par.", "error", "above", "one tap less"):
        table.add_column(head, justify="left" if head == "filter" else "right", no_wrap=True)
    for row in design.needed.to_dicts():
        above = [_share(row[word]) for word in ("above", "shorter")]
        cells = ["-" if row[word] is None else str(row[word]) for word in ("size", "parameters")]
        table.add_row(DESIGN_METHODS[row["method"]], *cells, short_number(row["error"]), *above)
    console.print(table)
    memory = f"{design.memory:.3g} samples" if math.isfinite(design.memory) else "infinite"
    console.print(
        f"Kalman filter: error {design.kalman:.4g}, memory {memory}. "
        f"The error is bounded from {design.critical_size} tap{'s' * (design.critical_size != 1)} on. "
        f"Inputs: {design.inputs}.",
        soft_wrap=True,
    )
    console.print(design.sentence, soft_wrap=True)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2g} %" if value < 100 else f"{value:.1e} x"


def show_portrait(portrait: Portrait, files: list[Path]) -> None:
    """Print the facts about a system of the zoo."""
    lines = [f"{portrait.system.name}: {portrait.summary}", f"from: {portrait.reference}"]
    if portrait.theory is None or portrait.errors is None:
        lines.append("theory: none, because the system varies in time")
    else:
        found = portrait.theory
        lines += [
            f"modes that do not decay m = {found.unstable_modes}, parameter threshold d*^2 = "
            f"{found.parameter_threshold}, critical length h* = {found.critical_size}",
            f"Kalman filter: rho = {found.rho:.3g}, memory tau = {_samples(found.memory)}",
            "rounding reaches the noise: "
            + ", ".join(
                f"{precision} {'never' if end is None else f'after {end:,} samples'.replace(',', ' ')}"
                for precision, end in (portrait.trust or {}).items()
            ),
        ]
    for line in lines:
        console.print(line, soft_wrap=True)
    if portrait.errors is not None:
        console.print("exact mean squared error of the best filter of each length at horizon t:")
        table = Table(header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for head in ("size", *(f"t={horizon}" for horizon in portrait.horizons)):
            table.add_column(head, justify="right", no_wrap=True)
        critical = None if portrait.theory is None else portrait.theory.critical_size
        for size, errors in portrait.errors.iter_rows():
            name = "Kalman" if size is None else str(size)
            style = "bold" if size is not None and size == critical else None
            table.add_row(name, *(short_number(value) for value in errors), style=style)
        console.print(table)
    for file in files:
        console.print(str(file), style="dim", soft_wrap=True)


def _samples(number: float) -> str:
    return "infinite" if number == float("inf") else f"{number:.3g} samples"
