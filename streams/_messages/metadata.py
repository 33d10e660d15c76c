"""The metadata of a stream (MQTT topic ``meta``): names and units of the channels, ``dt``, and the plant.

A known plant is an arrival of its own, ``Plant``, between the observations: the forecasts of the observations after it
are compared with those of its oracle.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from ...simulator import LinearSystem
from ...simulator._systems.read_system import system_of, table_of
from .arrow_codec import channel_names
from .errors import RejectedMessage
from .limits import LARGEST, MOST_CHANNELS, MOST_STATES
from .observation import Observation

SCHEMA = 1


class Plant(NamedTuple):
    """The plant of a stream from here on.

    Attributes:
        stream: Name of the stream.
        record: The system as JSON, with the keys of ``plant.toml``; empty if it is not known (any more).
    """

    stream: str
    record: str

    @property
    def steps(self) -> int:
        """Number of samples: 0."""
        return 0

    @property
    def system(self) -> LinearSystem | None:
        """The system; None if it is not known."""
        if not self.record:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unobservable mode changes no forecast
            return system_of(json.loads(self.record), "system")


Arrival: TypeAlias = Observation | Plant


def plant(stream: str, system: LinearSystem | None) -> Plant:
    """Return the plant of a stream; None: it is not known.

    Raises:
        ValueError: The system varies in time.
    """
    if system is None:
        return Plant(stream, "")
    table = table_of(system)
    del table["name"]  # a plant is the same under any name
    return Plant(stream, json.dumps(table, separators=(",", ":")))


def encode_meta(outputs: int, inputs: int, known: Mapping[str, Any], system: LinearSystem | None) -> bytes:
    """Return the payload of a ``meta`` message.

    Args:
        outputs, inputs: Number of channels.
        known: ``outputs`` and ``inputs``: names of the channels, by default y and u, or y1, y2, ..; ``dt``, ``units``
            and more.
        system: The plant; left out if it varies in time or has more than ``MOST_STATES`` states.

    Raises:
        ValueError: A unit of a channel that is none.
    """
    meta: dict[str, Any] = dict(schema=SCHEMA, outputs=channel_names("y", outputs), inputs=channel_names("u", inputs))
    if system is not None and not system.time_varying and system.states <= MOST_STATES:
        meta["system"] = table_of(system)
    meta |= dict(known)
    channels = [*meta["outputs"], *meta["inputs"]]
    if unknown := [name for name in meta.get("units", {}) if name not in channels]:
        raise ValueError(f"units belong to the channels {', '.join(channels)}, got {unknown[0]!r}.")
    return json.dumps(meta, separators=(",", ":")).encode()


def decode_plant(payload: bytes, stream: str) -> Plant:
    """Return the plant in a ``meta`` message.

    Raises:
        RejectedMessage: ``malformed``, ``oversized`` or ``schema``; the text says what is wrong.
    """
    if len(payload) > LARGEST:
        raise RejectedMessage(
            "oversized", f"a message may have {LARGEST} bytes, got {len(payload)}: leave something out."
        )
    if not payload:  # this deletes the retained message
        return Plant(stream, "")
    try:
        meta = json.loads(payload, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise RejectedMessage("malformed", f"meta is a JSON object, got {payload[:60]!r}.") from exc
    if not isinstance(meta, dict) or meta.get("schema") != SCHEMA:
        raise RejectedMessage(
            "schema", f"meta is a JSON object of schema {SCHEMA}, got {payload[:60]!r}: leave it out."
        )
    system = meta.get("system")
    if system is None:
        return Plant(stream, "")
    if not isinstance(system, dict) or not isinstance(system.get("A"), list) or len(system["A"]) > MOST_STATES:
        raise RejectedMessage(
            "schema", f"the system in meta is an object as in plant.toml, of at most {MOST_STATES} states."
        )
    for word, rows in system.items():  # before anything is allocated: a number becomes a matrix with as many rows as C
        for part in [rows, *rows] if isinstance(rows, list) else []:
            if isinstance(part, list) and len(part) > MOST_CHANNELS:
                raise RejectedMessage(
                    "schema", f"{word} in meta may have {MOST_CHANNELS} rows and columns, got {len(part)}."
                )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plant(stream, system_of(system, "the system in meta"))
    except (ValueError, TypeError, OverflowError) as exc:
        raise RejectedMessage("schema", f"{exc!s:.300}") from exc


def _no_number(word: str) -> float:
    raise ValueError(word)
