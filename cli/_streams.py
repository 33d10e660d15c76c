"""The commands that run live: what is for programs goes to standard output, what is for people to standard error."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._parsing import parse_center, parse_names, parse_sizes

if TYPE_CHECKING:
    from ..streams import Observation, Service, Sink, Source

Live = Annotated[
    str,
    typer.Argument(
        help="mqtt://host:1883/lab/plant1, or lab/+ for all; - for lines of JSON on standard input, a file of such "
        "lines, a folder that record wrote, or a recording in CSV or Parquet (see docs/streams.md)."
    ),
]
Output = Annotated[list[str] | None, typer.Option(help="Recording: the output columns, such as y or y1,y2.")]
Input = Annotated[list[str] | None, typer.Option(help="Recording: the input columns.")]
By = Annotated[str | None, typer.Option(help="Recording: the column that names the run.")]
Time = Annotated[str | None, typer.Option(help="Recording: the column with the time.")]
Units = Annotated[str | None, typer.Option(help="What the channels are measured in, such as y=m,u=N; said in meta.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing on standard error but errors.")]


def learn(
    source: Live,
    learner: Annotated[
        str | None,
        typer.Option(help="NAME or NAME:option=value,..; by default ladder for one output, else lattice."),
    ] = None,
    sizes: Annotated[str | None, typer.Option(help="Sizes to try, such as 0..32 or 1,2,4..8.")] = None,
    center: Annotated[str, typer.Option(help="first, none or a number, taken off the output.")] = "first",
    say: Annotated[str, typer.Option(help="What is said, of prediction,error,threshold.")] = (
        "prediction,error,threshold"
    ),
    together: Annotated[
        bool, typer.Option("--together", help="The streams are runs of one plant: a verdict of all, too.")
    ] = False,
    window: Annotated[int, typer.Option(help="Samples that may overtake a lost one before it is given up.")] = 64,
    state: Annotated[
        Path | None,
        typer.Option(help="Folder of what was learned: taken up and renewed; over MQTT nothing is lost meanwhile."),
    ] = None,
    every: Annotated[float, typer.Option(help="Seconds between checkpoints.")] = 10.0,
    channels: Annotated[int, typer.Option(help="The most outputs and inputs that a stream may have, together.")] = 16,
    output: Output = None,
    input: Input = None,
    by: By = None,
    time: Time = None,
    precision: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    device: Annotated[str | None, typer.Option(help="cpu, gpu, .. (see: ergoscope devices).")] = None,
    quiet: Quiet = False,
) -> None:
    """Learn streams as they come: print forecasts before their samples, errors, and the critical size found by now."""
    start_log()
    tried = None if sizes is None else parse_sizes(sizes)
    from .. import streams
    from ..streams._connect import output_sink
    from ..streams._run import learner_of, run_streams

    sink = output_sink(source, parse_names(say))
    service = streams.Service(
        learner_of(learner, tried),
        center=parse_center(center),
        precision=precision,  # type: ignore[arg-type]
        device=device,
        window=window,
        together=together,
        words=learner,
        state=state,
        every=every,
        channels=channels,
    )
    columns: dict[str, Any] = dict(outputs=parse_names(output), inputs=parse_names(input), by=by, time=time)
    opened = streams.connect(source, state=state, plants=True, **columns)

    def ready() -> None:
        if source.startswith("mqtt") and not quiet:
            print(f"learn: listening at {source}; Ctrl-C ends it.", file=sys.stderr, flush=True)

    try:
        run_streams(streams.serve(service, opened, sink, ready), service.stop)
    except BrokenPipeError:
        leave_pipe()
    _account(service, quiet)


def record(
    source: Live,
    out: Annotated[Path, typer.Option("--out", help="Folder for the Parquet parts; those in it stay.")],
    quiet: Quiet = False,
) -> None:
    """Record streams as they come, message by message, so that replay gives the same ones."""
    start_log()
    from .. import streams
    from ..streams._run import run_streams

    opened, sink = streams.connect(source), streams.RecordSink(out)
    run_streams(streams.forward(opened, sink))
    if opened.rejections.first is not None and not sink.samples:
        raise opened.rejections.first
    if not quiet:
        print(f"{out}: {sink.samples} samples{_refused(opened.rejections.counts)}", file=sys.stderr)


def replay(
    source: Live,
    to: Annotated[
        str, typer.Option(help="Where to: mqtt://host:1883/lab/plant1, or - for lines of JSON on standard output.")
    ] = "-",
    speed: Annotated[
        str | None, typer.Option(help="1x as it was recorded, 10x ten times faster; by default as fast as it is taken.")
    ] = None,
    block: Annotated[int, typer.Option(help="CSV or Parquet: samples in a message.")] = 1,
    units: Units = None,
    output: Output = None,
    input: Input = None,
    by: By = None,
    time: Time = None,
) -> None:
    """Play what was recorded as live streams."""
    start_log()
    from .. import streams
    from ..streams._connect import observation_sink

    columns: dict[str, Any] = dict(outputs=parse_names(output), inputs=parse_names(input), by=by, time=time)
    opened = streams.connect(source, speed=_speed(speed), block=block, **columns)
    known = opened.meta if isinstance(opened, streams.Playback) else {}
    _forward(opened, observation_sink(to, known | _units(units)))


def publish(
    plant: Annotated[str, typer.Argument(help="A system of the zoo, plant.toml or module.py:name.")],
    to: Annotated[
        str, typer.Option(help="Where to: mqtt://host:1883/lab/plant1, or - for lines of JSON on standard output.")
    ] = "-",
    rate: Annotated[float | None, typer.Option(help="Samples a second; by default as fast as they are taken.")] = None,
    block: Annotated[int, typer.Option(help="Samples in a message.")] = 1,
    steps: Annotated[int | None, typer.Option(help="Samples of each stream; by default without end.")] = None,
    streams: Annotated[int, typer.Option("--streams", help="Independent runs, each a stream.")] = 1,
    input: Annotated[str, typer.Option(help="Known input: zero, white, prbs or sweep.")] = "zero",
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 0,
    epoch: Annotated[
        int | None, typer.Option(help="Greater than any before; by default the clock's, in milliseconds since 1970.")
    ] = None,
    units: Units = None,
    system: Annotated[
        bool, typer.Option(help="Say in meta which plant it is: learners hold their forecasts against its oracle.")
    ] = True,
    state: Annotated[
        Path | None, typer.Option(help="Folder of what was sent, so that nothing is lost and a restart goes on.")
    ] = None,
) -> None:
    """Simulate a plant as a live stream."""
    start_log()
    from .. import simulator
    from .. import streams as room
    from ..streams._connect import observation_sink, outbox, stream_names

    simulated = simulator.find_system(plant)
    names = stream_names(to, simulated.name, streams)
    said: dict[str, Any] = dict(meta=dict(dt=simulated.dt) | _units(units), system=simulated if system else None)
    options: dict[str, Any] = dict(seed=seed, inputs=input, rate=rate, block=block)
    if state is None:
        sink, begun, skip = observation_sink(to, **said), room.new_epoch() if epoch is None else epoch, 0
    else:
        words = dict(plant=plant, streams=names, seed=seed, input=input, block=block)
        sink, begun = outbox(to, state, words, **said, epoch=epoch)
        skip = sink.position
    _forward(room.play_simulation(simulated, steps, names, epoch=begun, skip=skip, **options), sink)


def broker(
    port: Annotated[int, typer.Option(help="To listen at, on this machine alone.")] = 1883,
) -> None:
    """Run an MQTT broker to try things with; for anything that lasts take Mosquitto."""
    from .. import streams
    from ..streams._run import run_streams

    async def listen() -> None:
        async with streams.Broker(port) as running:
            print(f"ergoscope: a broker listens at mqtt://{running.where}; Ctrl-C ends it.", file=sys.stderr)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    run_streams(listen())


def _forward(opened: Source, sink: Sink[Observation]) -> None:
    from .. import streams
    from ..streams._run import run_streams

    try:
        run_streams(streams.forward(opened, sink))
    except BrokenPipeError:
        leave_pipe()


def start_log() -> None:
    """Let what the streams say while they run come out as the other messages do."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("ergoscope: %(message)s"))
    logger = logging.getLogger("ergoscope.streams")
    logger.handlers, logger.propagate = [handler], False


def leave_pipe() -> None:
    """The reader has gone, as head does: that is an end, too; nothing may be written at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _account(service: Service, quiet: bool) -> None:
    """Say what became of the samples; what nothing good came of is an error."""
    if service.rejections.first is not None and not service.samples:
        raise service.rejections.first
    if not quiet:
        counts = list(service.counts.values())
        sums = {word: sum(vars(one)[word] for one in counts) for word in ("lost", "repeated", "outdated")}
        told = "".join(f", {number} {word}" for word, number in sums.items())
        told += f", {service.forgotten} streams forgotten" if service.forgotten else ""
        refused = _refused(service.rejections.counts)
        print(f"learn: {len(counts)} streams, {service.samples} samples{told}{refused}", file=sys.stderr)


def _refused(counts: dict[str, int]) -> str:
    return "".join(f", {number} messages refused ({kind})" for kind, number in sorted(counts.items()))


def _units(text: str | None) -> dict[str, dict[str, str]]:
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair.strip()]
    if wrong := [name for name, sign, unit in pairs if not (name.strip() and sign and unit.strip())]:
        raise ValueError(f"units are written y=m,u=N, got {wrong[0]!r}: name a channel and its unit.")
    return dict(units={name.strip(): unit.strip() for name, _, unit in pairs}) if pairs else {}


def _speed(text: str | None) -> float | None:
    try:
        return None if text is None else float(text.removesuffix("x"))
    except ValueError:
        raise ValueError(f"a speed is written 1x or 10x, got {text!r}.") from None
