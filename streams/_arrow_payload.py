"""A message as an Arrow IPC stream: one block of consecutive samples, read and written by polars.

Columns: ``epoch`` and ``seq`` (Int64), ``t`` (Float64, seconds), then ``y`` or ``y1``, ``y2``, .., and ``u`` or ``u1``,
``u2``, .. (Float64); null is missing.
"""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ._json_payload import LARGEST_COUNT, MOST_CHANNELS, check_stream
from ._observation import Observation
from ._refused import Refused

MOST_ROWS = 1 << 16
_SCHEMA, _BATCH = 1, 3  # kinds of an Arrow message


def decode_arrow(payload: bytes, stream: str | None = None) -> Observation:
    """Return the observation in an Arrow IPC stream; see ``decode``."""
    _check_messages(payload)
    try:
        frame = pl.read_ipc_stream(BytesIO(payload))
        outputs, inputs = _channels(frame.schema)
        if frame["epoch"].null_count() or frame["seq"].null_count():
            raise Refused("schema", "epoch and seq must be in every row of a block, got null: count from 0.")
        epoch, sequence = frame["epoch"].to_numpy(), frame["seq"].to_numpy()
        t, y, u = (_matrix(frame, names) for names in (["t"], outputs, inputs))
    except Refused:
        raise
    except (Exception, pl.exceptions.PanicException) as exc:  # a panic of the reader is no Exception
        raise Refused(
            "malformed", f"a block must be an Arrow IPC stream, got {payload[:20]!r}..: {exc!s:.100}."
        ) from exc
    if (epoch != epoch[0]).any() or (np.diff(sequence) != 1).any():
        raise Refused("schema", "a block has one epoch, and seq rises by 1 from row to row: send what follows apart.")
    if not (0 <= epoch[0] < LARGEST_COUNT and 0 <= sequence[0] < LARGEST_COUNT):
        raise Refused("schema", f"epoch and seq must be from 0 to 2^53, got {epoch[0]} and {sequence[0]}.")
    if not np.isfinite(t[~np.isnan(t)]).all() or np.isinf(y).any() or np.isinf(u).any():
        raise Refused("non-finite", "numbers must be finite, got infinity: write null where one is missing.")
    return Observation(check_stream(stream), int(epoch[0]), int(sequence[0]), t[:, 0], y, u)


def encode_arrow(observation: Observation) -> bytes:
    """Return an observation as an Arrow IPC stream; one without a number counts from 0."""
    first = observation.sequence or 0
    columns: dict[str, NDArray[np.generic]] = {
        "epoch": np.full(observation.steps, observation.epoch, np.int64),
        "seq": np.arange(first, first + observation.steps, dtype=np.int64),
        "t": np.ascontiguousarray(observation.time),
    }
    for letter, rows in (("y", observation.output), ("u", observation.input)):
        columns |= dict(zip(channel_names(letter, rows.shape[1]), np.ascontiguousarray(rows.T), strict=True))
    out = BytesIO()
    pl.DataFrame(columns).with_columns(pl.selectors.float().fill_nan(None)).write_ipc_stream(
        out, compression="uncompressed"
    )
    return out.getvalue()


def channel_names(letter: str, count: int) -> list[str]:
    """Return y for one channel, y1, y2, .. for more."""
    return [letter] if count == 1 else [f"{letter}{i + 1}" for i in range(count)]


def _channels(schema: pl.Schema) -> tuple[list[str], list[str]]:
    """Return the names of the outputs and inputs, or say which column is wrong."""
    found = {letter: [name for name in schema if name[:1] == letter] for letter in "yu"}
    expected = {letter: channel_names(letter, len(names)) for letter, names in found.items()}
    names = ["epoch", "seq", "t", *expected["y"], *expected["u"]]
    kinds = [pl.Int64(), pl.Int64(), *[pl.Float64()] * (len(names) - 2)]
    if list(schema.items()) != list(zip(names, kinds, strict=True)) or not found["y"] or len(names) > MOST_CHANNELS:
        came = ", ".join(f"{name} {kind}" for name, kind in schema.items())
        raise Refused(
            "schema",
            f"a block has the columns epoch and seq (Int64), t, y or y1, y2, .. and u (Float64); got {came[:200]}.",
        )
    return expected["y"], expected["u"]


def _matrix(frame: pl.DataFrame, names: list[str]) -> NDArray[np.float64]:
    columns = [frame[name].to_numpy() for name in names]
    return np.stack(columns, axis=1) if columns else np.zeros((frame.height, 0))


def _check_messages(payload: bytes) -> None:
    """Refuse whatever is not a schema and one uncompressed batch: a few bytes could unpack to more than memory holds.

    References:
        Apache Arrow columnar format, "Encapsulated message format"; the tables are those of its Message.fbs.
    """
    at, kinds, rows = 0, [], 0
    try:
        while at + 8 <= len(payload):
            mark, length = struct.unpack_from("<Ii", payload, at)
            if mark != 0xFFFFFFFF or length < 0:
                raise Refused("malformed", "an Arrow message starts with four bytes 0xff and its length.")
            if length == 0:
                break
            table = at + 8 + struct.unpack_from("<I", payload, at + 8)[0]
            kinds.append(_slot(payload, table, 1, "<B"))
            header = table + _offset(payload, table, 2)
            header += struct.unpack_from("<I", payload, header)[0]
            if kinds[-1] == _BATCH:
                rows = _slot(payload, header, 0, "<q")
                if _offset(payload, header, 3):
                    raise Refused("schema", "a block must not be compressed: write it with compression='uncompressed'.")
            body = _slot(payload, table, 3, "<q")
            if body < 0:
                raise IndexError
            at += 8 + length + body
    except (struct.error, IndexError) as exc:
        raise Refused("malformed", "an Arrow block ends before it is complete: send it whole.") from exc
    if kinds != [_SCHEMA, _BATCH] or not 1 <= rows <= MOST_ROWS:
        raise Refused(
            "schema", f"a block is one schema and one batch of 1 to {MOST_ROWS} rows, got {len(kinds)} messages."
        )


def _offset(payload: bytes, table: int, slot: int) -> int:
    """Return where a field of a flatbuffer's table lies, from the table on; 0 where it is left out."""
    if table < 0:
        raise IndexError
    vtable = table - struct.unpack_from("<i", payload, table)[0]
    if vtable < 0:
        raise IndexError
    size = struct.unpack_from("<H", payload, vtable)[0]
    return struct.unpack_from("<H", payload, vtable + 4 + 2 * slot)[0] if 4 + 2 * slot < size else 0


def _slot(payload: bytes, table: int, slot: int, form: str) -> int:
    offset = _offset(payload, table, slot)
    return int(struct.unpack_from(form, payload, table + offset)[0]) if offset else 0
