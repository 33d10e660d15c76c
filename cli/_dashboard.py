"""Watch live streams: a table that changes on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import math
import webbrowser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ._options import PATH
from ._payload_options import read_options, with_payload
from ._printing import PlainConsole, console, note, short_number
from ._streams import By, Time, leave_pipe, start_log

if TYPE_CHECKING:
    from ..streams._dashboard.monitor import Row

_BARS = "▁▂▃▄▅▆▇█"
_COLOURS = {
    "online": "green",
    "offline": "red",
    "located": "green",
    "at most": "green",
    "above": "red",
    "not visible yet": "yellow",
    "undecided": "yellow",
}
_WIDE = 140  # columns of a table that goes to a file or a pipe
MOST_CHANGES = 3  # below the table
_ROOM = 5  # lines of a terminal beside the rows


Port = Annotated[int, typer.Option(min=0, max=65_535, metavar="<int>", help="Port of the page; 0: any free one.")]
Host = Annotated[str, typer.Option(help="Address of the page; by default only this machine can connect.")]
Names = Annotated[
    list[str] | None, typer.Option("--allow-host", help="Further name of this machine in addresses of the page.")
]
Unopened = Annotated[bool, typer.Option("--no-open", help="Open no browser.")]
Recording = Annotated[Path | None, typer.Option("--record", **PATH, help="Folder where all samples are recorded, too.")]
demo = typer.Typer(help="Demos that need nothing else.", no_args_is_help=True)


@with_payload
def watch(
    where: Annotated[
        str,
        typer.Argument(help="mqtt://host:1883/lab or lab/+ for all streams, lab/plant1 for one; or topics."),
    ],
    seconds: Annotated[
        float | None, typer.Option("--for", help="Seconds after which it ends; by default it runs until Ctrl-C.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Print the table once, after 2 s or the seconds of --for.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each stream.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Show a page in a browser instead.")] = False,
    port: Port = 8000,
    host: Host = "127.0.0.1",
    names: Names = None,
    unopened: Unopened = False,
    recording: Recording = None,
    by: By = None,
    time: Time = None,
    payload: Any = None,
) -> None:
    """Watch what is learned live: the streams, their samples, errors and critical sizes."""
    start_log()
    from ..streams._dashboard.mqtt_monitor import watch as watch_streams
    from ..streams._dashboard.show import show_page
    from ..streams._until_signal import run_streams

    mapping = read_options(payload, time, by)
    mapped = mapping is not None or by is not None or time is not None
    if mapped and (not page or recording is None):
        raise ValueError(
            "paths in payloads say what is recorded: give them with --page and --record, or leave them out."
        )
    if page:
        from ..streams import connect

        source = partial(connect, where, mapping=mapping, by=by, time=time) if mapped else None
        run_streams(show_page(where, opened(unopened), port, host, recording, names or (), source))
        return

    end = (2.0 if once else math.inf) if seconds is None else seconds
    view = _View(once, as_json)
    try:
        with view:
            run_streams(watch_streams(where, view.show, seconds=end))
    except BrokenPipeError:
        leave_pipe()
    if not view.rows:
        note(f"watch: nothing came from {where}: is a learner running there?")


@demo.command()
def live(
    plant: Annotated[str, typer.Argument(help="A system of the zoo that the page offers.")] = "double-integrator",
    noise: Annotated[float, typer.Option(help="Factor of its measurement noise covariance.")] = 1.0,
    largest: Annotated[int, typer.Option(help="The largest filter length.")] = 8,
    port: Port = 8000,
    host: Host = "127.0.0.1",
    names: Names = None,
    unopened: Unopened = False,
    recording: Recording = None,
) -> None:
    """Show how a threshold appears: a broker, a simulated plant, a learner, and a page."""
    start_log()
    from ..streams._dashboard.show import show_demo
    from ..streams._until_signal import run_streams

    def started(commands: list[list[str]]) -> None:
        for words in commands:
            note("  ergoscope " + " ".join(words))

    run_streams(show_demo(plant, noise, largest, started, opened(unopened), port, host, recording, names or ()))


def opened(unopened: bool) -> Callable[[str], None]:
    """Return a function that prints the address of the page, and opens it."""

    def say(where: str) -> None:
        note(f"ergoscope: the page is at {where}; Ctrl-C ends it.")
        if not unopened:
            webbrowser.open(where)

    return say


class _View:
    """A table that changes, a line for each change of a stream, or everything at the end."""

    def __init__(self, once: bool, as_json: bool) -> None:
        self.rows: list[Row] = []
        self._ignored, self._once, self._as_json = 0, once, as_json
        self._printed: dict[str, str] = {}
        plain = once or as_json or not console.is_terminal
        self._live = None if plain else Live(console=console, auto_refresh=False)

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        elif self._once and kind is None and self._as_json:
            self._lines()
        elif self._once and kind is None:
            page = console if console.is_terminal else PlainConsole(width=_WIDE)
            page.print(_table(self.rows, self._ignored, len(self.rows), page.width))

    def show(self, rows: list[Row], ignored: int) -> None:
        """Show the rows."""
        self.rows, self._ignored = rows, ignored
        if self._live is not None:
            room = max(console.height - _ROOM, 1)
            self._live.update(_table(rows, ignored, room, console.width), refresh=True)
        elif not self._once:
            self._lines()

    def _lines(self) -> None:
        for row in self.rows:
            news = f"{row.status} {row.critical_size} {row.bounded} {row.verdict} {row.best} {row.use} {row.counts}"
            news += f" {row.change} {row.beside and row.beside['sentence']}"
            if self._printed.get(row.stream) != news:
                self._printed[row.stream] = news
                print(json.dumps(row._asdict(), allow_nan=False) if self._as_json else _line(row), flush=True)


def _table(rows: list[Row], ignored: int, room: int, width: int) -> Table:
    """Return the table; a narrow one has two columns less."""
    wide = width >= 110
    table = Table(header_style="bold", box=None, padding=(0, 1, 0, 0), caption_justify="left")
    table.add_column("stream", overflow="ellipsis", no_wrap=True, max_width=30 if wide else 12)
    table.add_column("status", no_wrap=True)
    for head in ("samples", "per s", "use", "critical", *["its error"] * wide):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("error by size", no_wrap=True, overflow="ellipsis", max_width=33 if wide else 17)
    for head in ("lost", *["dropped"] * wide, "age"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows[:room]:
        table.add_row(
            Text(row.stream),
            Text(row.status, style=_COLOURS.get(row.status, "dim")),
            *(str(row.samples), "-" if row.rate is None else f"{row.rate:.0f}"),
            "-" if row.use is None else str(row.use),
            Text(_verdict(row), style=_COLOURS.get(row.verdict or "", "dim")),
            *([_error(row)] * wide),
            _bars(row),
            *(str(row.counts["lost"]), *[str(row.counts["repeated"] + row.counts["outdated"])] * wide),
            "-" if row.age is None else f"{row.age:.0f} s",
        )
    notes = [f"and {len(rows) - room} more streams"] if len(rows) > room else []
    kinds = sorted({kind for row in rows for kind in row.refused})
    refused = [f"{max(row.refused.get(kind, 0) for row in rows)} {kind}" for kind in kinds]
    notes += [f"messages that the learner rejected: {', '.join(refused)}"] if refused else []
    notes += [f"{row.stream}: {row.change['sentence']}" for row in rows[:room] if row.change is not None][:MOST_CHANGES]
    unheard = sum(row.unheard for row in rows)
    notes += [f"the errors of {unheard} samples were not heard here"] if unheard else []
    notes += [row.beside["sentence"].rstrip(".") for row in rows[:room] if row.beside is not None]
    notes += [f"{ignored} messages had another form and are left out"] if ignored else []
    notes += ["nothing has come yet"] if not rows else []
    table.caption = Text("; ".join(notes)) if notes else None
    return table


def _verdict(row: Row) -> str:
    if row.verdict == "located":
        return str(row.critical_size)
    if row.verdict == "at most" and row.bounded is not None:
        return f"at most {row.bounded}"
    if row.verdict == "above" and row.sizes:
        return f"above {row.sizes[-1]}"
    return row.verdict or "-"


def _error(row: Row) -> str:
    return short_number(row.errors[row.sizes.index(row.use)] if row.use in row.sizes else None)


def _bars(row: Row) -> str:
    """Return the errors by size as bars on a log scale, from the least to the greatest."""
    known = [math.log(error) for error in row.errors if error]
    if not known:
        return "-"
    marks = "0123456789" if console.options.ascii_only else _BARS
    low, high = min(known), max(known)
    step = (high - low) / (len(marks) - 1) or 1.0
    heights = [None if error is None else round((math.log(error) - low) / step) if error else 0 for error in row.errors]
    return "".join(" " if height is None else marks[height] for height in heights)


def _line(row: Row) -> str:
    rate = "" if row.rate is None else f", {row.rate:,.0f} per s"
    use = "" if row.use is None else f", use size {row.use} (mean squared error {_error(row)})"
    counts = ", ".join(f"{row.counts[word]} {word}" for word in ("lost", "repeated", "outdated"))
    counts += f", the errors of {row.unheard} samples not heard here" if row.unheard else ""
    critical = "" if row.verdict is None else f", critical size {_verdict(row)}"
    notes = [row.change and row.change["sentence"], row.beside and row.beside["sentence"]]
    said = "".join(f"; {note}" for note in notes if note)
    return f"{row.stream}: {row.status}, {row.samples} samples{rate}{use}{critical}, {counts}{said}"
