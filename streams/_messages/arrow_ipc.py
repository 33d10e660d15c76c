"""The columns of an Arrow IPC stream from anyone: one schema and one uncompressed batch of numbers.

Each offset is checked before it is read, and memory is allocated only for bytes that are in the message. A reader that
trusts the lengths in a message allocates gigabytes because of a few bytes.

References:
    Apache Arrow columnar format, "Encapsulated message format"; the tables are those of its Message.fbs, Schema.fbs.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import RejectedMessage
from .limits import MOST_ROWS

MOST_COLUMNS = 1 << 9
_SCHEMA, _BATCH = 1, 3  # kinds of a message
_INT, _FLOAT = 2, 3  # kinds of a field


class Column(NamedTuple):
    """A column of a block.

    Attributes:
        name: Name of the column.
        kind: ``Int64``, ``Float64``, or ``other``; other columns are not read.
        values: ``(time,)``; a Float64 that is null is NaN.
        nulls: Whether any value is null.
    """

    name: str
    kind: str
    values: NDArray[Any]
    nulls: bool


def read_columns(payload: bytes) -> list[Column]:
    """Return the columns of a block.

    Raises:
        RejectedMessage: It has another form.
    """
    try:
        messages = _messages(payload)
        if [kind for kind, *_ in messages] != [_SCHEMA, _BATCH]:
            raise RejectedMessage("schema", f"a block is one schema and one batch, got {len(messages)} messages.")
        (_, schema, _, _), (_, batch, body, end) = messages
        return _columns(payload, schema, batch, body, end)
    except (struct.error, IndexError, UnicodeDecodeError) as exc:
        raise RejectedMessage("malformed", "an Arrow block ends before it is complete: send it whole.") from exc


class _Table(NamedTuple):
    """A table of a flatbuffer; ``struct.error`` or ``IndexError`` is raised if it is not inside the message."""

    payload: bytes
    at: int

    def place(self, slot: int) -> int:
        """Return the offset of a field, 0 if it is absent."""
        vtable = self.at - struct.unpack_from("<i", self.payload, self.at)[0]
        if vtable < 0:
            raise IndexError
        if 4 + 2 * slot >= struct.unpack_from("<H", self.payload, vtable)[0]:
            return 0
        offset = int(struct.unpack_from("<H", self.payload, vtable + 4 + 2 * slot)[0])
        return self.at + offset if offset else 0

    def number(self, slot: int, form: str) -> int:
        """Return a number, 0 if it is absent."""
        place = self.place(slot)
        return int(struct.unpack_from(form, self.payload, place)[0]) if place else 0

    def pointed(self, slot: int) -> int:
        """Return the offset of the table, vector or text of a field."""
        place = self.place(slot)
        if not place:
            raise IndexError
        return place + int(struct.unpack_from("<I", self.payload, place)[0])

    def vector(self, slot: int) -> tuple[int, int]:
        """Return the offset and the number of the entries."""
        place = self.pointed(slot)
        return place + 4, int(struct.unpack_from("<I", self.payload, place)[0])


def _messages(payload: bytes) -> list[tuple[int, _Table, int, int]]:
    """Return kind, header, begin and end of the body of each message, at most three."""
    at, found = 0, list[tuple[int, _Table, int, int]]()
    while at + 8 <= len(payload) and len(found) < 3:
        mark, length = struct.unpack_from("<Ii", payload, at)
        if mark != 0xFFFFFFFF or length < 0:
            raise RejectedMessage("malformed", "an Arrow message starts with four bytes 0xff and its length.")
        if length == 0:
            break
        message = _Table(payload, at + 8 + struct.unpack_from("<I", payload, at + 8)[0])
        body = at + 8 + length
        size = message.number(3, "<q")
        at = body + size
        if size < 0 or at > len(payload):
            raise IndexError
        found.append((message.number(1, "<B"), _Table(payload, message.pointed(2)), body, at))
    return found


def _columns(payload: bytes, schema: _Table, batch: _Table, body: int, end: int) -> list[Column]:
    if batch.place(3):
        raise RejectedMessage("schema", "a block must not be compressed: write it with compression='uncompressed'.")
    rows = batch.number(0, "<q")
    fields, count = schema.vector(1)
    (nodes, columns), (buffers, pieces) = batch.vector(1), batch.vector(2)
    if not 1 <= rows <= MOST_ROWS or not count == columns <= MOST_COLUMNS or pieces != 2 * columns:
        raise RejectedMessage(
            "schema",
            f"a block has 1 to {MOST_ROWS} rows, and only numbers in its columns, got {rows} rows, {count} columns in "
            f"the schema and {columns} in the batch.",
        )
    read = []
    for k in range(columns):
        place = fields + 4 * k
        field = _Table(payload, place + struct.unpack_from("<I", payload, place)[0])
        long, nulls = struct.unpack_from("<qq", payload, nodes + 16 * k)
        (mask, bits), (first, size) = struct.iter_unpack("<qq", payload[buffers + 32 * k : buffers + 32 * k + 32])
        kind, name = _kind(field), _text(field, 0)
        if kind == "other":
            read.append(Column(name, kind, np.zeros(0), bool(nulls)))
            continue
        spans = [(mask, bits, (rows + 7) // 8 if nulls else 0), (first, size, 8 * rows)]
        if long != rows or any(a < 0 or b < least or body + a + b > end for a, b, least in spans):
            raise IndexError
        values = np.frombuffer(payload, "<i8" if kind == "Int64" else "<f8", rows, body + first)
        if nulls and kind == "Float64":
            known = np.unpackbits(np.frombuffer(payload, np.uint8, (rows + 7) // 8, body + mask), bitorder="little")
            values = np.where(known[:rows].astype(bool), values, np.nan)
        read.append(Column(name, kind, values, bool(nulls)))
    return read


def _kind(field: _Table) -> str:
    what = field.number(2, "<B")
    if what not in (_INT, _FLOAT) or field.place(4):  # slot 4: a dictionary
        return "other"
    form = _Table(field.payload, field.pointed(3))
    if what == _INT:
        return "Int64" if form.number(0, "<i") == 64 and form.number(1, "<B") else "other"
    return "Float64" if form.number(0, "<h") == 2 else "other"


def _text(field: _Table, slot: int) -> str:
    first, size = field.vector(slot)
    if first + size > len(field.payload) or size > 100:
        raise IndexError
    return field.payload[first : first + size].decode()
