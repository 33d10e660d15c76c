"""The records in a payload: JSON of any shape, plain numbers and words, CSV lines, InfluxDB lines.

A record is what one sample is taken from: an object, a list, or one value. A list of objects, and text of several
lines, hold several records. Nothing is evaluated.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from .._messages.errors import RejectedMessage
from .._messages.json_codec import is_deep
from .._messages.limits import DEEPEST, LARGEST, MOST_ROWS
from .influx import read_line
from .values import is_infinite, is_missing, is_number, is_switch, shown

INFLUX, SPARKPLUG_B = "InfluxDB line", "Sparkplug B"
_JSON = json.JSONDecoder()
_SEPARATORS = (";", "\t", ",")  # the first that the first line has; else blanks


class Payload(NamedTuple):
    """What a payload holds.

    Attributes:
        kind: ``JSON``, ``value``, ``CSV``, ``InfluxDB line`` or ``Sparkplug B``.
        records: The records, at least one.
    """

    kind: str
    records: list[Any]


def read_payload(payload: bytes, largest: int = LARGEST) -> Payload:
    """Return the records in a payload.

    Raises:
        RejectedMessage: ``oversized``, or ``malformed``: it has no such form.
    """
    if len(payload) > largest:
        raise RejectedMessage("oversized", f"a payload may have {largest} bytes, got {len(payload)}.")
    if is_deep(payload):
        raise RejectedMessage("malformed", f"a payload may have {DEEPEST} nested brackets, got more.")
    try:
        text = payload.decode("utf-8-sig").strip()
        if text[:1] in ("{", "[", '"'):
            document = _JSON.decode(text)
            several = isinstance(document, list) and document and all(isinstance(part, dict) for part in document)
            return Payload("JSON", document if several else [document])
    except ValueError as exc:
        raise RejectedMessage("malformed", _refusal(payload)) from exc
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines or len(lines) > MOST_ROWS or not all(line.replace("\t", " ").isprintable() for line in lines):
        raise RejectedMessage("malformed", _refusal(payload))
    if len(lines) == 1 and (is_number(text) or is_switch(text) or is_missing(text)):
        return Payload("value", [text])
    if is_infinite(text):
        return Payload("value", [float(text)])
    influx = [read_line(line) for line in lines]
    if all(record is not None for record in influx):
        return Payload(INFLUX, influx)
    separator = next((mark for mark in _SEPARATORS if mark in lines[0]), " ")
    rows = [[cell.strip() for cell in line.split(separator) if cell or separator != " "] for line in lines]
    numbers = any(is_number(cell) for row in rows for cell in row)
    if not numbers and separator != " " and all(cell and not is_missing(cell) for row in rows for cell in row):
        remedy = "if it is a header, its names are not read, and a cell is named by its number, such as --y 1"
        raise RejectedMessage("malformed", f"{_refusal(payload).removesuffix('.')}: {remedy}.", "header")
    if len({len(row) for row in rows}) > 1 or not numbers or any(_is_torn(cell) for row in rows for cell in row):
        raise RejectedMessage("malformed", _refusal(payload))
    return Payload("CSV", [row if len(row) > 1 else row[0] for row in rows])


def _is_torn(cell: str) -> bool:
    """Return whether a cell holds several numbers: with decimal commas, ``21,5 22,5`` is torn at the commas."""
    parts = cell.split()
    return len(parts) > 1 and all(is_number(part) for part in parts)


def _refusal(payload: bytes) -> str:
    return (
        "a payload is a number, JSON, a CSV line or an InfluxDB line, got "
        f"{shown(payload[:60].decode('utf-8', 'backslashreplace'))}."
    )
