"""From a word to the source it names."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ..simulator import LinearSystem, read_recording
from ._messages.observation import Observation
from ._messages.output_json import KINDS, output_lines
from ._messages.outputs import Output
from ._mqtt.address import read_address
from ._mqtt.outbox import Outbox
from ._mqtt.source_and_sinks import MqttOutputSink, MqttSink, MqttSource
from ._sources.interfaces import Sink, Source
from ._sources.json_lines import LineSink, LineSource, observation_lines
from ._sources.parquet import RecordedSource, is_recorded
from ._sources.playback import play
from ._storage.identity import identity

MQTT = ("mqtt:", "mqtts:")
LINES = (".ndjson", ".jsonl", ".json")


def connect(
    where: str,
    *,
    outputs: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
    by: str | None = None,
    time: str | None = None,
    speed: float | None = None,
    block: int = 1,
    state: Path | None = None,
    plants: bool = False,
) -> Source:
    """Return the source that a word names.

        async with connect("run/") as source:
            async for observation in source: ...

    Args:
        where: ``mqtt://host:1883/lab/plant1``, or ``mqtt://host/lab/+`` for all streams of ``lab``; ``-`` for lines of
            JSON on standard input; a file of such lines (.ndjson, .jsonl); a folder that ``ergoscope record`` wrote; or
            a recording in CSV or Parquet.
        outputs, inputs, by, time: Of a recording, as in ``read_recording``.
        speed: Of what is played, in multiples of the speed at which it was recorded; None: as fast as it is taken.
        block: Samples in an observation of a recording.
        state: Folder by which a broker knows us again: it keeps what comes while we are away, and sends it until it is
            acknowledged.
        plants: Over MQTT give what is known of the plants, too, each a ``Plant``, as ``Service.run`` takes them.

    Raises:
        ValueError: There is no such source, or it cannot be read.
        FileNotFoundError: No such file.
    """
    path, distant = Path(where).expanduser(), where.startswith(MQTT)
    recording = not (distant or where == "-" or path.suffix.lower() in LINES or (path.is_dir() and is_recorded(path)))
    if not recording and (outputs or inputs or by or time):
        raise ValueError(f"columns are named for a recording in CSV or Parquet, and {where} is none.")
    if distant or where == "-" or path.suffix.lower() in LINES:
        if speed is not None:
            raise ValueError(f"a speed belongs to what was recorded, and {where} comes at its own: leave it out.")
        if distant:
            address = read_address(where)
            known = None if state is None else identity(state, dict(source=address.topic("data")))
            return MqttSource(address, client=known and known.client, plants=plants)
        if where == "-":
            return LineSource(sys.stdin.fileno())
        if not path.is_file():
            raise FileNotFoundError(f"no file is called {where!r}.")
        return LineSource(os.open(path, os.O_RDONLY), close=True)
    if not recording:
        return RecordedSource(path, speed)
    return play(read_recording(where, outputs, inputs, by=by, time=time), speed=speed, block=block)


def outbox(
    where: str,
    state: Path,
    words: dict[str, Any],
    meta: Mapping[str, Any] | None = None,
    system: LinearSystem | None = None,
    epoch: int | None = None,
) -> tuple[Outbox, int]:
    """Return where observations go of which none is lost between two starts, and their epoch.

    Args:
        where: ``mqtt://host:1883/lab/plant1``.
        state: Folder that remembers what was sent.
        words: What is sent, in plain JSON: the same at every start.
        meta, system: What is said of the streams, as for ``MqttSink``.
        epoch: Of a folder that is new; by default the clock's.

    Raises:
        ValueError: It goes elsewhere, or the folder is of something else or in use.
    """
    if not where.startswith(MQTT):
        raise ValueError(f"a state belongs to streams that go to mqtt://host:1883/lab/plant1, got {where!r}.")
    known = identity(state, words, epoch)
    return Outbox(read_address(where), meta or {}, state, known.client, system), known.epoch


def observation_sink(
    where: str, meta: Mapping[str, Any] | None = None, system: LinearSystem | None = None
) -> Sink[Observation]:
    """Return where observations go.

    Args:
        where: ``mqtt://host:1883/lab/plant1``, or ``-`` for lines of JSON on standard output.
        meta, system: What is said of the streams, as for ``MqttSink``.

    Raises:
        ValueError: It is nothing of the kind.
    """
    if where.startswith(MQTT):
        return MqttSink(read_address(where), meta, system=system)
    if where != "-":
        raise ValueError(f"streams go to mqtt://host:1883/lab/plant1, or to -, standard output; got {where!r}.")
    return LineSink(sys.stdout.buffer, observation_lines)


def output_sink(where: str, kinds: Collection[str] = KINDS) -> Sink[Output]:
    """Return where goes what is said of the streams from there: to topics beside them, else to standard output.

    Raises:
        ValueError: A kind that is none.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise ValueError(f"what is said is {', '.join(KINDS)}, got {unknown[0]!r}.")
    if where.startswith(MQTT):
        return MqttOutputSink(read_address(where), kinds)
    return LineSink(sys.stdout.buffer, output_lines(kinds))


def stream_names(where: str, name: str, count: int) -> list[str]:
    """Return the names of streams made here: that of the address or the one given, numbered where there are several."""
    if count < 1:
        raise ValueError(f"there must be at least 1 stream, got {count}.")
    if where.startswith(MQTT) and (stream := read_address(where).stream) != "+":
        name = stream
    return [name] if count == 1 else [f"{name}-{i}" for i in range(count)]
