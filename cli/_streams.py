"""The live commands: output for programs goes to standard output, messages for people to standard error."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._core.text import counted, printable_lines
from ._dialect_options import with_dialect
from ._options import PATH, Seed
from ._parsing import parse_center, parse_fraction, parse_names, parse_sizes
from ._payload_options import read_options, tell_grid, typed, with_payload
from ._printing import note

if TYPE_CHECKING:
    from ..streams import Observation, Service, Sink, Source

SAID = "prediction,error,threshold,change"
STREAMS, LIMIT, DT = 4, 1.0, 1.0  # of --beside
_PROGRESS = 10.0  # seconds between lines of progress
Live = Annotated[
    str,
    typer.Argument(
        help="mqtt://host:1883/lab/plant1, or lab/+ for all streams, or any topics; - for lines on standard input, a "
        "file of lines, a folder of the record command, or a recording: CSV and other text, Parquet, Excel, MATLAB, .."
    ),
]
Output = Annotated[list[str] | None, typer.Option(help="Recording: the output columns, such as y or y1,y2.")]
Input = Annotated[list[str] | None, typer.Option(help="Recording: the input columns.")]
By = Annotated[str | None, typer.Option(help="Column, or path in the payload, that names the run.")]
Time = Annotated[
    str | None, typer.Option(help="Column, or path in the payload, with the time; arrival: the time of arrival.")
]
Units = Annotated[str | None, typer.Option(help="Units of the channels, such as y=m,u=N; published in meta.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only errors on standard error.")]


@with_dialect
@with_payload
def learn(
    source: Live,
    learner: Annotated[
        str | None,
        typer.Option(
            help="NAME or NAME:option=value,..; by default ladder for one output, else lattice; with intercept=yes."
        ),
    ] = None,
    sizes: Annotated[str | None, typer.Option(help="Sizes to try, such as 0..32 or 1,2,4..8.")] = None,
    center: Annotated[
        str, typer.Option(help="first, none or a number: the value subtracted from the output.")
    ] = "first",
    say: Annotated[
        str,
        typer.Option(
            help="Outputs to print or publish: prediction, error, threshold, change; of --beside: beside, beside-error."
        ),
    ] = SAID,
    changes: Annotated[
        bool, typer.Option("--changes", help="Find changes of the size that a stream needs, and follow them.")
    ] = False,
    together: Annotated[
        bool, typer.Option("--together", help="The streams are runs of one plant: give a verdict for all, too.")
    ] = False,
    window: Annotated[int, typer.Option(help="Samples that may overtake a missing one before it is lost.")] = 64,
    state: Annotated[
        Path | None,
        typer.Option(
            **PATH, help="State folder: learning goes on from there after a restart; over MQTT no message is lost."
        ),
    ] = None,
    checkpoint: Annotated[float, typer.Option(help="Seconds between checkpoints.")] = 10.0,
    channels: Annotated[int, typer.Option(help="The most outputs and inputs of a stream, together.")] = 16,
    bands: Annotated[
        str | None,
        typer.Option(help="Share of the samples that a band around each forecast is to cover, such as 95%."),
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option(help="Your own predictor, such as my.py:make: it is compared with every size, as by score."),
    ] = None,
    beside_streams: Annotated[int, typer.Option(help="The most streams that it runs beside.")] = STREAMS,
    beside_limit: Annotated[float, typer.Option(help="Its time limit of a step in seconds.")] = LIMIT,
    beside_dt: Annotated[float, typer.Option(help="Sampling time in seconds that it is given.")] = DT,
    output: Output = None,
    input: Input = None,
    by: By = None,
    time: Time = None,
    payload: Any = None,
    precision: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    device: Annotated[str | None, typer.Option(help="cpu, gpu, .. (see: ergoscope devices).")] = None,
    quiet: Quiet = False,
    dialect: Any = None,
) -> None:
    """Learn live streams: print forecasts before their samples, errors, and the critical size so far."""
    start_log(quiet)
    tried = None if sizes is None else parse_sizes(sizes)
    from .. import streams
    from ..analysis._drift.change import RATE
    from ..learners._catalogue import named_learner
    from ..streams._messages.beside import BESIDE_KINDS
    from ..streams._until_signal import run_streams

    kinds = parse_names(say) + (BESIDE_KINDS if beside is not None and say == SAID else ())
    _check_said(say, changes, beside, (beside_streams, beside_limit, beside_dt))
    sink = streams.output_sink(source, kinds)
    service = streams.Service(
        named_learner(learner, tried),
        center=parse_center(center),
        precision=precision,  # type: ignore[arg-type]
        device=device,
        window=window,
        together=together,
        words=learner,
        channels=channels,
        bands=None if bands is None else parse_fraction("--bands", bands, "95% or 0.95"),
        changes=RATE if changes else None,
    )
    columns: dict[str, Any] = dict(outputs=parse_names(output), inputs=parse_names(input), by=by, time=time)
    mapping = read_options(payload, time, by)
    opened = streams.connect(
        source, state=state, plants=True, mapping=mapping, dialect=dialect, command=typed(), **columns
    )
    tell_grid(mapping, quiet)
    _tell_reading(opened, quiet)

    if beside is not None:
        sink = streams.BesideSink(sink, beside, service, streams=beside_streams, limit=beside_limit, dt=beside_dt)
    ready = _listening("learn", source, quiet)

    async def work() -> None:
        reporting = None if quiet else asyncio.create_task(_report(service))
        try:
            await streams.serve(service, opened, sink, state=state, every=checkpoint, opened=ready)
        finally:
            if reporting is not None:
                reporting.cancel()

    try:
        run_streams(work())
    except BrokenPipeError:
        leave_pipe()
    _account(service, quiet)


@with_payload
def record(
    source: Live,
    out: Annotated[Path, typer.Option("--out", **PATH, help="Folder for the Parquet parts; parts in it stay.")],
    by: By = None,
    time: Time = None,
    payload: Any = None,
    quiet: Quiet = False,
) -> None:
    """Record live streams, message by message, for replay."""
    start_log(quiet)
    from .. import streams
    from ..streams._until_signal import run_streams

    mapping = read_options(payload, time, by)
    opened = streams.connect(source, mapping=mapping, by=by, time=time, command=typed())
    sink = streams.RecordSink(out)
    tell_grid(mapping, quiet)
    run_streams(streams.forward(opened, sink, _listening("record", source, quiet)))
    if opened.rejections.first is not None and not sink.samples:
        raise opened.rejections.first
    if not quiet:
        note(f"{out}: {counted(sink.samples, 'sample')}{_rejected(opened.rejections.counts)}")


@with_dialect
@with_payload
def replay(
    source: Live,
    to: Annotated[
        str, typer.Option(help="Sink: mqtt://host:1883/lab/plant1, or - for lines of JSON on standard output.")
    ] = "-",
    speed: Annotated[
        str | None, typer.Option(help="1x: as recorded, 10x: ten times faster; by default as fast as possible.")
    ] = None,
    block: Annotated[int, typer.Option(help="CSV or Parquet: samples in a message.")] = 1,
    units: Units = None,
    output: Output = None,
    input: Input = None,
    by: By = None,
    time: Time = None,
    dialect: Any = None,
    payload: Any = None,
) -> None:
    """Play a recording, or payloads, as live streams."""
    start_log()
    from .. import streams
    from ..streams._connect import observation_sink
    from ..streams._sources.playback import Playback

    columns: dict[str, Any] = dict(outputs=parse_names(output), inputs=parse_names(input), by=by, time=time)
    mapping = read_options(payload, time, by)
    columns |= dict(speed=_speed(speed), block=block, mapping=mapping, dialect=dialect, command=typed())
    opened = streams.connect(source, **columns)
    tell_grid(mapping)
    _tell_reading(opened)
    known = opened.meta if isinstance(opened, Playback) else {}
    _forward(opened, observation_sink(to, known | _units(units)))


def _tell_reading(source: Source, quiet: bool = False) -> None:
    """Say what was taken for what in a recording."""
    from ..streams._sources.playback import Playback

    if isinstance(source, Playback) and source.reading is not None and not quiet:
        note(f"read: {source.reading.words}")


def publish(
    plant: Annotated[str, typer.Argument(help="A system of the zoo, plant.toml or module.py:name; or a task.")],
    to: Annotated[
        str, typer.Option(help="Sink: mqtt://host:1883/lab/plant1, or - for lines of JSON on standard output.")
    ] = "-",
    rate: Annotated[float | None, typer.Option(help="Samples per second; by default as fast as possible.")] = None,
    block: Annotated[int, typer.Option(help="Samples in a message.")] = 1,
    steps: Annotated[int | None, typer.Option(help="Samples of each stream; by default endless.")] = None,
    streams: Annotated[int, typer.Option("--streams", help="Number of independent runs; each is a stream.")] = 1,
    input: Annotated[str, typer.Option(help="Known input: zero, white, prbs or sweep.")] = "zero",
    seed: Seed = 0,
    epoch: Annotated[
        int | None, typer.Option(help="Epoch, greater than any before; by default milliseconds since 1970.")
    ] = None,
    units: Units = None,
    system: Annotated[
        bool, typer.Option(help="Publish the plant in meta: learners compare their forecasts with its oracle.")
    ] = True,
    state: Annotated[
        Path | None, typer.Option(**PATH, help="State folder: no message is lost, and a restart goes on from there.")
    ] = None,
) -> None:
    """Simulate a plant as a live stream, or give the examples of a task: u is the input, y the label.

    Of a stream of texts, y are the concepts that a text names.
    """
    start_log()
    from .. import simulator
    from .. import streams as room
    from ..simulator._tasks.find import find_task, find_texts, is_task, is_texts
    from ..streams._connect import observation_sink, outbox, stream_names

    options: dict[str, Any] = dict(seed=seed, rate=rate, block=block)
    if is_task(plant):
        if input != "zero":
            raise ValueError(f"--input is an option for systems; {plant} has inputs of its own: leave it out.")
        names = stream_names(to, plant.partition(":")[0], streams)
        metadata: dict[str, Any] = dict(meta=_units(units), system=None)
        if is_texts(plant):
            metadata["meta"] |= dict(outputs=["concepts"])
            source = partial(room.play_texts, find_texts(plant), steps, names, **options)
        else:
            source = partial(room.play_task, find_task(plant), steps, names, **options)
    else:
        simulated = simulator.find_system(plant)
        names = stream_names(to, simulated.name, streams)
        metadata = dict(meta=dict(dt=simulated.dt) | _units(units), system=simulated if system else None)
        source = partial(room.play_simulation, simulated, steps, names, inputs=input, **options)
    if state is None:
        sink, begun, skip = observation_sink(to, **metadata), room.new_epoch() if epoch is None else epoch, 0
    else:
        words = dict(plant=plant, streams=names, seed=seed, input=input, block=block)
        sink, begun = outbox(to, state, words, **metadata, epoch=epoch)
        skip = sink.position
    _forward(source(epoch=begun, skip=skip), sink)


def broker(
    port: Annotated[
        int, typer.Option(min=1, max=65_535, metavar="<int>", help="Port; only this machine can connect.")
    ] = 1883,
) -> None:
    """Run an MQTT broker for trials; use Mosquitto for anything else."""
    from ..streams._mqtt.broker import Broker
    from ..streams._until_signal import run_streams

    async def listen() -> None:
        async with Broker(port) as running:
            note(f"ergoscope: the broker is at mqtt://{running.where}; Ctrl-C ends it.")
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    run_streams(listen())


def _forward(opened: Source, sink: Sink[Observation]) -> None:
    from .. import streams
    from ..streams._until_signal import run_streams

    try:
        run_streams(streams.forward(opened, sink))
    except BrokenPipeError:
        leave_pipe()


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable_lines(super().format(record))


def start_log(quiet: bool = False) -> None:
    """Print log messages of the streams on standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain("ergoscope: %(message)s"))
    logger = logging.getLogger("ergoscope.streams")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING if quiet else logging.INFO)


def leave_pipe() -> None:
    """End without output: the reader of the pipe has ended, as ``head`` does, and nothing may be written at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _listening(command: str, source: str, quiet: bool) -> Callable[[], None]:
    """Return what says that a command has subscribed to its topics."""

    def say() -> None:
        if source.startswith("mqtt") and not quiet:
            note(f"{command}: listening at {source}; Ctrl-C ends it.")

    return say


def _check_said(say: str, changes: bool, beside: str | None, given: tuple[float, ...]) -> None:
    """Refuse options that would do nothing."""
    said = parse_names(say)
    if say != SAID and "change" in said and not changes:
        raise ValueError("no change is looked for without --changes: give it, too, or leave change out of --say.")
    if beside is None and {"beside", "beside-error"} & set(said):
        raise ValueError("no predictor runs beside: name it, such as --beside my.py:make, or leave it out of --say.")
    if beside is None and given != (STREAMS, LIMIT, DT):
        raise ValueError("--beside-streams, --beside-limit and --beside-dt belong to a predictor: name it by --beside.")


async def _report(service: Service) -> None:
    """Print a line of progress each time that there are more samples, at most every ten seconds."""
    reported = 0
    while True:
        await asyncio.sleep(_PROGRESS)
        if service.samples > reported:
            reported = service.samples
            note(_summary(service))


def _account(service: Service, quiet: bool) -> None:
    """Print the counts of the samples.

    Raises:
        RejectedMessage: The first one, if every message was rejected.
    """
    if service.rejections.first is not None and not service.samples:
        raise service.rejections.first
    if not quiet:
        note(_summary(service))


def _summary(service: Service) -> str:
    counts = list(service.counts.values())
    sums = {word: sum(vars(one)[word] for one in counts) for word in ("lost", "repeated", "outdated")}
    listed = "".join(f", {number} {word}" for word, number in sums.items())
    listed += f", {counted(service.forgotten, 'stream')} forgotten" if service.forgotten else ""
    rejected = _rejected(service.rejections.counts)
    return f"learn: {counted(len(counts), 'stream')}, {counted(service.samples, 'sample')}{listed}{rejected}"


def _rejected(counts: dict[str, int]) -> str:
    return "".join(f", {counted(number, 'message')} rejected ({kind})" for kind, number in sorted(counts.items()))


def _units(text: str | None) -> dict[str, dict[str, str]]:
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair.strip()]
    if wrong := [name for name, sign, unit in pairs if not (name.strip() and sign and unit.strip())]:
        raise ValueError(f"units are written y=m,u=N, got {wrong[0]!r}: give a channel and its unit.")
    return dict(units={name.strip(): unit.strip() for name, _, unit in pairs}) if pairs else {}


def _speed(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.removesuffix("x"))
    except ValueError:
        raise ValueError(f"a speed is written 1x or 10x, got {text!r}.") from None
