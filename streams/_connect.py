"""Sources and sinks by name: addresses, files and folders of the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from .._core.files import RECORDING_SUFFIXES
from ..simulator import Dialect, LinearSystem, read_recording
from ..simulator._recordings.dialect import option
from ._mapping.mapping import PayloadMapping, quoted
from ._mapping.paths import check_path
from ._mapping.stream_mapper import StreamMapper
from ._mapping.topics import TopicMapping
from ._messages.limits import MOST_STREAMS
from ._messages.observation import Observation
from ._messages.output_json import OUTPUT_KINDS, output_lines
from ._messages.outputs import Output
from ._mqtt.address import SPARKPLUG, is_filter, read_address, read_filter, read_streams
from ._mqtt.mapped_source import MappedSource
from ._mqtt.outbox import Outbox
from ._mqtt.source_and_sinks import MqttOutputSink, MqttSink, MqttSource
from ._sources.interfaces import RejectionCounts, Sink, Source
from ._sources.json_lines import LineSink, LineSource, observation_lines
from ._sources.parquet import RecordedSource, is_recorded
from ._sources.playback import play
from ._storage.identity import identity

MQTT = ("mqtt:", "mqtts:")
_NO_MAPPING = "no options of payloads"
LINES = (".ndjson", ".jsonl", ".json")


def connect(
    where: str,
    *,
    outputs: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
    by: str | None = None,
    time: str | None = None,
    mapping: PayloadMapping | Sequence[TopicMapping] | None = None,
    dialect: Dialect | None = None,
    speed: float | None = None,
    block: int = 1,
    state: Path | None = None,
    plants: bool = False,
    command: str | None = None,
) -> Source:
    """Return the source with a name.

        async with connect("run/") as source:
            async for observation in source: ...

    Args:
        where: ``mqtt://host:1883/lab/plant1``, or ``mqtt://host/lab/+`` for all streams of ``lab``; topics such as
            ``mqtt://host/plant/#``; ``-`` for lines on standard input; a file of lines (.ndjson, .jsonl, with a mapping
            any other); a folder of ``ergoscope record``; or a recording in a file.
        outputs, inputs: Columns of a recording, as in ``read_recording``.
        by, time: Columns of a recording, or paths in payloads, as in ``payload_mapping``.
        mapping: Where the samples stand in payloads, or the mappings of many topics (``read_mappings``). None: messages
            have the product's own form, or one number.
        dialect: How a recording is written; a file of lines with a dialect is a recording.
        speed: Speed of a recording, as a multiple of the recorded one; None: as fast as possible.
        block: Samples in an observation of a recording.
        state: State folder with a client identifier: the broker keeps messages while this client is away, and sends
            them until they are acknowledged.
        plants: Whether to give the plants in MQTT ``meta`` messages, too, as ``Plant`` arrivals for ``serve``.
        command: Command line, for messages that say how to complete it; None: ``ergoscope learn`` of the source.

    Raises:
        ValueError: There is no such source, or it cannot be read.
        FileNotFoundError: No such file.
    """
    path = Path(where).expanduser()
    recorded = path.is_dir() and is_recorded(path)
    kind = path.suffix.lower()
    lines = where == "-" or (kind in LINES and dialect is None)
    lines = lines or (mapping is not None and not path.is_dir() and kind not in RECORDING_SUFFIXES)
    if not (where.startswith(MQTT) or lines or recorded):
        if mapping is not None:
            raise ValueError(f"paths belong to payloads, and {where} is a recording: name its columns, --output y.")
        return play(read_recording(where, outputs, inputs, by=by, time=time, dialect=dialect), speed=speed, block=block)
    if dialect is not None:
        word = option(next(iter(dialect.given)))
        raise ValueError(f"{word} is an option for recordings, and {where} is none: leave it out.")
    if outputs or inputs or (recorded and (by or time or mapping is not None)):
        raise ValueError(
            f"columns belong to a recording in a file, and {where} is none: leave them out"
            f"{'' if recorded else '; in a payload --y names the path of the output, --u that of the input'}."
        )
    if recorded:
        return RecordedSource(path, speed)
    if speed is not None:
        raise ValueError(f"a speed belongs to a recording, and {where} is none: leave it out.")
    if by or time:
        mapping = _with_names(mapping, by, time)
    if where.startswith(MQTT):
        return _mqtt_source(where, mapping, state, plants, command)
    return _line_source(where, path, mapping, state, command)


def _with_names(
    mapping: PayloadMapping | Sequence[TopicMapping] | None, by: str | None, time: str | None
) -> PayloadMapping:
    if mapping is not None and not isinstance(mapping, PayloadMapping):
        raise ValueError("with a file of mappings, time and by stand in the file: leave the options out.")
    known = mapping or PayloadMapping()
    for path in (by, time):
        if path is not None:
            check_path(path)
    return replace(known, by=known.by if by is None else by, time=known.time if time is None else time)


def _mqtt_source(
    where: str,
    mapping: PayloadMapping | Sequence[TopicMapping] | None,
    state: Path | None,
    plants: bool,
    command: str | None,
) -> MqttSource:
    own = mapping is None and not is_filter(where)
    address = read_streams(where)
    if mapping is None or isinstance(mapping, PayloadMapping):
        topics = [_one_topic(where, mapping or PayloadMapping())]
    else:
        topics = [topic if topic.filter else _one_topic(where, topic.mapping) for topic in mapping]
    texts = _NO_MAPPING if own else "; ".join(topic.text for topic in topics)
    words: dict[str, Any] = dict(source=address.topic("data"), mapping=texts)
    known = None if state is None else identity(state, words)
    return MappedSource(
        address, topics, own=own, client=known and known.client, plants=plants, command=command or _learn(where)
    )


def _one_topic(where: str, mapping: PayloadMapping) -> TopicMapping:
    address, topics = read_filter(where)
    fixed = 0 if topics.startswith(f"{SPARKPLUG}/") else address.root.count("/") + 1 if address.root else 0
    return TopicMapping(topics, mapping, None, fixed)


def _line_source(
    where: str,
    path: Path,
    mapping: PayloadMapping | Sequence[TopicMapping] | None,
    state: Path | None,
    command: str | None,
) -> LineSource:
    if mapping is not None and not isinstance(mapping, PayloadMapping):
        if len(mapping) != 1 or mapping[0].filter:
            raise ValueError(f"a topic belongs to an address mqtt://host, and {where} has none: leave the topic out.")
        mapping = mapping[0].mapping
    if state is not None:
        identity(state, dict(mapping=_NO_MAPPING if mapping is None else mapping.options))
    told = command or _learn(where)
    mapper = StreamMapper(mapping or PayloadMapping(), RejectionCounts(), told, kept=state is not None, alone=True)
    if where == "-":
        if sys.stdin is None:
            raise ValueError("standard input is closed: pipe lines into it, or name a file.")
        return LineSource(sys.stdin.fileno(), mapper=mapper, mapped=mapping is not None)
    if not path.is_file():
        raise FileNotFoundError(f"no file is called {where!r}.")
    return LineSource(os.open(path, os.O_RDONLY), True, mapper, mapping is not None)


def _learn(where: str) -> str:
    return f"ergoscope learn {quoted(where)}"


def outbox(
    where: str,
    state: Path,
    words: dict[str, Any],
    meta: Mapping[str, Any] | None = None,
    system: LinearSystem | None = None,
    epoch: int | None = None,
) -> tuple[Outbox, int]:
    """Return a sink that loses no observation between two starts, and its epoch.

    Args:
        where: ``mqtt://host:1883/lab/plant1``.
        state: State folder with the journal of the observations.
        words: Options of the command, in plain JSON; they must be the same at every start.
        meta, system: Metadata of the streams, as for ``MqttSink``.
        epoch: Epoch of a new folder; None: the clock's.

    Raises:
        ValueError: The address is not on MQTT, or the folder has other options or is in use.
    """
    if not where.startswith(MQTT):
        raise ValueError(
            f"a state folder needs an address mqtt://host:1883/lab/plant1, got {where!r}: leave the folder out."
        )
    known = identity(state, words, epoch)
    return Outbox(read_address(where), meta or {}, state, known.client, system), known.epoch


def observation_sink(
    where: str, meta: Mapping[str, Any] | None = None, system: LinearSystem | None = None
) -> Sink[Observation]:
    """Return a sink of observations.

    Args:
        where: ``mqtt://host:1883/lab/plant1``, or ``-`` for lines of JSON on standard output.
        meta, system: Metadata of the streams, as for ``MqttSink``.

    Raises:
        ValueError: There is no such sink.
    """
    if where.startswith(MQTT):
        return MqttSink(read_address(where), meta, system=system)
    if where != "-":
        raise ValueError(f"a sink is mqtt://host:1883/lab/plant1, or - for standard output, got {where!r}.")
    return LineSink(_standard_output(), observation_lines)


def output_sink(where: str, kinds: Collection[str] = OUTPUT_KINDS) -> Sink[Output]:
    """Return a sink of outputs: topics beside those of an MQTT source, else standard output.

    Raises:
        ValueError: A kind is not known.
    """
    if not kinds:
        raise ValueError(f"there must be an output, got none: name one of {', '.join(OUTPUT_KINDS)}.")
    unknown = [kind for kind in kinds if kind not in OUTPUT_KINDS]
    if unknown:
        raise ValueError(f"the outputs are {', '.join(OUTPUT_KINDS)}, got {unknown[0]!r}.")
    if where.startswith(MQTT):
        return MqttOutputSink(read_streams(where), kinds)
    return LineSink(_standard_output(), output_lines(kinds))


def stream_names(where: str, name: str, count: int) -> list[str]:
    """Return the names of simulated streams: from the address, else ``name``, with numbers if several."""
    if not 1 <= count <= MOST_STREAMS:
        raise ValueError(f"there must be 1 to {MOST_STREAMS} streams, got {count}: run several publishers for more.")
    if where.startswith(MQTT) and (stream := read_address(where).stream) != "+":
        name = stream
    return [name] if count == 1 else [f"{name}-{i}" for i in range(count)]


def _standard_output() -> BinaryIO:
    if sys.stdout is None:
        raise ValueError("standard output is closed: redirect it to a file, or name an address.")
    return sys.stdout.buffer
