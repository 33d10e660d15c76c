"""What a publisher says of a stream beside its samples: names, units, seconds, and the plant where it is known.

The plant that is known is a record of its own, ``Plant``, in the order of the observations: what comes after it is
held against it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from ...simulator import LinearSystem
from ...simulator._systems.read_system import system_of, table_of
from .arrow_codec import channel_names
from .codec import LARGEST
from .errors import RejectedMessage
from .observation import Observation

SCHEMA = 1
MOST_STATES = 16  # of a Kalman filter beside the learner, whose cost grows with their cube


class Plant(NamedTuple):
    """The plant behind a stream, from here on.

    Attributes:
        stream: Name of the stream.
        told: The system as JSON, with the keys of ``plant.toml``; empty where it is not known (any more).
    """

    stream: str
    told: str

    @property
    def steps(self) -> int:
        """Samples in it: none."""
        return 0

    @property
    def system(self) -> LinearSystem | None:
        """The system; None where it is not known."""
        if not self.told:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mode that never shows harms no forecast
            return system_of(json.loads(self.told), "system")


Arrival: TypeAlias = Observation | Plant


def plant(stream: str, system: LinearSystem | None) -> Plant:
    """Return that a system is the plant behind a stream, or that none is known.

    Raises:
        ValueError: The system varies in time.
    """
    if system is None:
        return Plant(stream, "")
    table = table_of(system)
    del table["name"]  # the same plant by any name
    return Plant(stream, json.dumps(table, separators=(",", ":")))


def encode_meta(outputs: int, inputs: int, known: Mapping[str, Any], system: LinearSystem | None) -> bytes:
    """Return the payload of a ``meta`` message.

    Args:
        outputs, inputs: Widths of the stream.
        known: Names of the channels, ``outputs`` and ``inputs``, by default y and u, or y1, y2, ..; ``dt``, ``units``,
            and what else is known.
        system: The plant; left out where it varies in time or has more states than an oracle may.
    """
    meta: dict[str, Any] = dict(schema=SCHEMA, outputs=channel_names("y", outputs), inputs=channel_names("u", inputs))
    if system is not None and not system.time_varying and system.states <= MOST_STATES:
        meta["system"] = table_of(system)
    return json.dumps(meta | dict(known), separators=(",", ":")).encode()


def decode_plant(payload: bytes, stream: str) -> Plant:
    """Return the plant that a ``meta`` message tells of.

    Raises:
        RejectedMessage: ``malformed``, ``oversized`` or ``schema``; the message says what is wrong.
    """
    if len(payload) > LARGEST:
        raise RejectedMessage(
            "oversized", f"a message may have {LARGEST} bytes, one has {len(payload)}: leave something out."
        )
    if not payload:  # so a broker is told to forget what it retained
        return Plant(stream, "")
    try:
        meta = json.loads(payload, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise RejectedMessage("malformed", f"meta is a JSON object, got {payload[:60]!r}.") from exc
    if not isinstance(meta, dict) or meta.get("schema") != SCHEMA:
        raise RejectedMessage(
            "schema", f"meta is a JSON object of schema {SCHEMA}, got {payload[:60]!r}: leave it out."
        )
    told = meta.get("system")
    if told is None:
        return Plant(stream, "")
    if not isinstance(told, dict) or not isinstance(told.get("A"), list) or len(told["A"]) > MOST_STATES:
        raise RejectedMessage(
            "schema", f"the system in meta is an object as in plant.toml, of at most {MOST_STATES} states."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plant(stream, system_of(told, "the system in meta"))
    except (ValueError, TypeError, OverflowError) as exc:
        raise RejectedMessage("schema", f"{exc!s:.300}") from exc


def _no_number(word: str) -> float:
    raise ValueError(word)
