"""A message as an Arrow IPC stream: one block of consecutive samples.

Columns: ``epoch`` and ``seq`` (Int64), ``t`` (Float64, seconds), then ``y`` or ``y1``, ``y2``, .., and ``u`` or ``u1``,
``u2``, .. (Float64); null is missing.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .arrow_ipc import Column, read_columns
from .errors import RejectedMessage
from .json_codec import check_stream
from .limits import LARGEST_COUNT, LARGEST_VALUE, MOST_CHANNELS
from .observation import Observation


def decode_arrow(payload: bytes, stream: str | None = None) -> Observation:
    """Return the observation in an Arrow IPC stream; see ``decode``."""
    columns = read_columns(payload)
    outputs, inputs = _channels(columns)
    if columns[0].nulls or columns[1].nulls:
        raise RejectedMessage("schema", "epoch and seq must be in every row of a block, got null: count from 0.")
    epoch, sequence, t = (column.values for column in columns[:3])
    y, u = _matrix(outputs, len(t)), _matrix(inputs, len(t))
    if (epoch != epoch[0]).any() or (np.diff(sequence) != 1).any():
        raise RejectedMessage(
            "schema", "a block has one epoch, and seq rises by 1 from row to row: send other rows in another message."
        )
    if not (0 <= epoch[0] < LARGEST_COUNT and 0 <= sequence[0] < LARGEST_COUNT):
        raise RejectedMessage("schema", f"epoch and seq must be from 0 to 2^53, got {epoch[0]} and {sequence[0]}.")
    if np.isinf(t).any() or (np.abs(y) > LARGEST_VALUE).any() or (np.abs(u) > LARGEST_VALUE).any():
        raise RejectedMessage(
            "non-finite", f"numbers must be finite and at most {LARGEST_VALUE:g}: write null where one is missing."
        )
    return Observation(check_stream(stream), int(epoch[0]), int(sequence[0]), t, y, u)


def encode_arrow(observation: Observation) -> bytes:
    """Return an observation as an Arrow IPC stream; without a number it counts from 0."""
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


def _channels(columns: list[Column]) -> tuple[list[Column], list[Column]]:
    """Return the columns of the outputs and of the inputs.

    Raises:
        RejectedMessage: A column is wrong.
    """
    found = {letter: [column for column in columns if column.name[:1] == letter] for letter in "yu"}
    expected = {letter: channel_names(letter, len(some)) for letter, some in found.items()}
    names = ["epoch", "seq", "t", *expected["y"], *expected["u"]]
    kinds = ["Int64", "Int64", *["Float64"] * (len(names) - 2)]
    found_names = [(column.name, column.kind) for column in columns]
    if found_names != list(zip(names, kinds, strict=True)) or not found["y"] or len(names) > MOST_CHANNELS:
        listed = ", ".join(f"{name} {kind}" for name, kind in found_names)
        raise RejectedMessage(
            "schema",
            f"a block has the columns epoch and seq (Int64), t, y or y1, y2, .. and u (Float64); got {listed[:200]!r}.",
        )
    return found["y"], found["u"]


def _matrix(columns: list[Column], rows: int) -> NDArray[np.float64]:
    return np.stack([column.values for column in columns], axis=1) if columns else np.zeros((rows, 0))
