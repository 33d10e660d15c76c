"""What the service says, as JSON: one object a line, or one message a micro-batch.

A number that is not finite, or not known, is null; all others come back bit for bit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .json_codec import finite
from .outputs import Output, OverOracle, Threshold

KINDS = ("prediction", "error", "threshold")
MANY = 1000  # numbers in a message


def output_lines(kinds: Collection[str] = KINDS) -> Callable[[Output], Iterable[bytes]]:
    """Return what makes the lines of a thing said, of the kinds that are wanted; one line a sample."""

    def lines(said: Output) -> Iterable[bytes]:
        if isinstance(said, Threshold):
            return [_dump(dict(kind="threshold") | threshold_record(said))] if "threshold" in kinds else []
        parts = []
        head = f'","stream":{json.dumps(said.stream)},"epoch":{said.epoch},"seq":'
        coming = np.concatenate([said.forecast[1:, 0], said.ahead[None, 0]]) if "prediction" in kinds else None
        error = said.error if "error" in kinds else None
        away = said.oracle_error if "error" in kinds else None
        for k in range(len(said.output)):
            number = said.first + k
            if error is not None:
                t = "" if math.isnan(said.time[k]) else f',"t":{float(said.time[k])!r}'
                y = json.dumps(plain(said.output[k]))
                beside = "" if away is None else f',"oracle":{json.dumps(plain(away[k]))}'
                text = f'{{"kind":"error{head}{number}{t},"y":{y},"error":{json.dumps(plain(error[k]))}{beside}}}'
                parts.append(text.encode())
            if coming is not None:
                text = f'{{"kind":"prediction{head}{number + 1},"forecast":{json.dumps(plain(coming[k]))}}}'
                parts.append(text.encode())
        return parts

    return lines


def messages_of(said: Output, kinds: Collection[str] = KINDS) -> list[tuple[str, bytes]]:
    """Return the kind and the payload of each message that says it: a list of rows where a block came."""
    if isinstance(said, Threshold):
        return [("threshold", _dump(threshold_record(said)))] if "threshold" in kinds else []
    cut = slice(None) if len(said.output) > 1 else 0
    messages = []
    if "prediction" in kinds:
        coming = np.concatenate([said.forecast[1:, 0], said.ahead[None, 0]])
        messages.append(("prediction", _message(said.epoch, said.first + 1, forecast=coming[cut])))
    if "error" in kinds:
        rows = dict(y=said.output[cut], error=said.error[cut])
        if said.oracle_error is not None:
            rows["oracle"] = said.oracle_error[cut]
        messages.append(("error", _message(said.epoch, said.first, **rows)))
    return messages


def _message(epoch: int, sequence: int, **arrays: NDArray[np.floating]) -> bytes:
    """Return one JSON object; polars writes many numbers several times as fast as json does."""
    head = dict(epoch=epoch, seq=sequence)
    if sum(array.size for array in arrays.values()) < MANY:
        return _dump(head | {name: plain(array) for name, array in arrays.items()})
    columns = [pl.Series(name, [number]) for name, number in head.items()]
    for name, array in arrays.items():
        columns.append(pl.Series(name, np.ascontiguousarray(_channels(array)[None], np.float64)))
    return pl.DataFrame(columns).write_ndjson().rstrip().encode()


def threshold_record(said: Threshold) -> dict[str, Any]:
    """Return a verdict as a plain object."""
    found = said.found
    best = None if found.best is None else dict(size=found.best.size, alike=found.best.alike)
    return dict(
        stream=said.stream,
        samples=found.horizon,
        critical_size=found.critical.size,
        verdict=found.critical.verdict,
        reason=found.critical.reason,
        best=best,
        sizes=list(said.sizes),
        errors=None if said.errors is None else [finite(error) for error in said.errors],
        oracle=None if said.oracle is None else _over_oracle(said.oracle),
        counts=vars(said.counts),
        refused=said.refused,
        sentence=found.sentence,
    )


def _over_oracle(found: OverOracle) -> dict[str, Any]:
    excess = [finite(value) for value in found.excess]
    return dict(samples=found.samples, error=finite(found.error), excess=excess)


def plain(row: NDArray[np.floating]) -> Any:
    """Return ``(.., output)`` as nested lists, without the last axis where there is one output."""
    values = _channels(row)
    if np.isfinite(values).all():
        return values.tolist()
    return _nulls(values.tolist())


def _channels(row: NDArray[np.floating]) -> NDArray[np.floating]:
    return row[..., 0] if row.shape[-1] == 1 else row


def _nulls(values: Any) -> Any:
    return [_nulls(value) for value in values] if isinstance(values, list) else finite(values)


def _dump(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
