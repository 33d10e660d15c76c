"""The outputs of a service as JSON: one object for each line, or one message for each micro-batch.

A number that is not finite or not known is null; all others keep their bits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.json_values import json_value
from ...analysis._location.advice import advice_json
from ...analysis._location.more_data import more_json
from .beside import BESIDE_KINDS, Beside, BesideErrors, beside_lines, beside_messages
from .outputs import Changed, Output, OverOracle, Threshold

OUTPUT_KINDS = ("prediction", "error", "threshold", "change", *BESIDE_KINDS)
MANY = 1000  # numbers, from which on polars is the faster writer


def output_lines(kinds: Collection[str] = OUTPUT_KINDS) -> Callable[[Output], Iterable[bytes]]:
    """Return a function from an output to its lines, of these kinds; one line for each sample."""

    def lines(output: Output) -> Iterable[bytes]:
        if isinstance(output, Changed):
            return [_dump(dict(kind="change") | change_record(output))] if "change" in kinds else []
        if isinstance(output, Beside | BesideErrors):
            return beside_lines(output, kinds)
        if isinstance(output, Threshold):
            return [_dump(dict(kind="threshold") | threshold_record(output))] if "threshold" in kinds else []
        parts = []
        head = f'","stream":{json.dumps(output.stream)},"epoch":{output.epoch},"seq":'
        forecast = np.concatenate([output.forecast[1:, 0], output.ahead[None, 0]]) if "prediction" in kinds else None
        error = output.error if "error" in kinds else None
        oracle_error = output.oracle_error if "error" in kinds else None
        coming, band = output.next_band, output.band
        for k in range(len(output.output)):
            number = output.first + k
            if error is not None:
                t = "" if math.isnan(output.time[k]) else f',"t":{float(output.time[k])!r}'
                y = json.dumps(plain(output.output[k]))
                oracle = "" if oracle_error is None else f',"oracle":{json.dumps(plain(oracle_error[k]))}'
                half = "" if band is None else f',"band":{json.dumps(plain(band[k, 0]))}'
                text = f'{{"kind":"error{head}{number}{t},"y":{y},"error":{json.dumps(plain(error[k]))}{oracle}{half}}}'
                parts.append(text.encode())
            if forecast is not None:
                half = "" if coming is None else f',"band":{json.dumps(plain(coming[k]))}'
                text = f'{{"kind":"prediction{head}{number + 1},"forecast":{json.dumps(plain(forecast[k]))}{half}}}'
                parts.append(text.encode())
        return parts

    return lines


def output_messages(output: Output, kinds: Collection[str] = OUTPUT_KINDS) -> list[tuple[str, bytes]]:
    """Return kind and payload of the messages of an output; a block gives a list of rows."""
    if isinstance(output, Changed):
        return [("change", _dump(change_record(output)))] if "change" in kinds else []
    if isinstance(output, Beside | BesideErrors):
        return beside_messages(output, kinds)
    if isinstance(output, Threshold):
        return [("threshold", _dump(threshold_record(output)))] if "threshold" in kinds else []
    cut = slice(None) if len(output.output) > 1 else 0
    messages = []
    if "prediction" in kinds:
        forecast = np.concatenate([output.forecast[1:, 0], output.ahead[None, 0]])
        ahead = dict(forecast=forecast[cut])
        if output.next_band is not None:
            ahead["band"] = output.next_band[cut]
        messages.append(("prediction", _message(output.epoch, output.first + 1, **ahead)))
    if "error" in kinds:
        rows = dict(y=output.output[cut], error=output.error[cut])
        if output.oracle_error is not None:
            rows["oracle"] = output.oracle_error[cut]
        if output.band is not None:
            rows["band"] = output.band[:, 0][cut]
        messages.append(("error", _message(output.epoch, output.first, **rows)))
    return messages


def _message(epoch: int, sequence: int, **arrays: NDArray[np.floating]) -> bytes:
    """Return one JSON object; polars writes many numbers several times as fast as json."""
    head = dict(epoch=epoch, seq=sequence)
    if sum(array.size for array in arrays.values()) < MANY:
        return _dump(head | {name: plain(array) for name, array in arrays.items()})
    columns = [pl.Series(name, [number]) for name, number in head.items()]
    for name, array in arrays.items():
        columns.append(pl.Series(name, np.ascontiguousarray(_channels(array)[None], np.float64)))
    return pl.DataFrame(columns).write_ndjson().rstrip().encode()


def threshold_record(output: Threshold) -> dict[str, Any]:
    """Return a threshold as plain JSON."""
    found = output.found
    best = None if found.best is None else dict(size=found.best.size, alike=found.best.alike)
    bands = {} if output.bands is None else dict(bands=output.bands.to_dict())
    return dict(
        stream=output.stream,
        samples=found.horizon,
        critical_size=found.critical.size,
        verdict=found.critical.verdict,
        bounded=found.critical.bounded,
        reason=found.critical.reason,
        best=best,
        advice=advice_json(found.advice),
        more=more_json(found.more),
        sizes=list(output.sizes),
        errors=None if output.errors is None else json_value(output.errors),
        oracle=None if output.oracle is None else _over_oracle(output.oracle),
        counts=vars(output.counts),
        refused=output.refused,
        sentence=found.sentence,
        **bands,
    )


def change_record(output: Changed) -> dict[str, Any]:
    """Return a change as plain JSON; ``change`` is its kind: another size, other weights, or other noise."""
    found = output.found.record()
    return dict(stream=output.stream, epoch=output.epoch, seq=output.sequence, change=found.pop("kind"), **found)


def _over_oracle(found: OverOracle) -> dict[str, Any]:
    excess = json_value(found.excess)
    return dict(samples=found.samples, error=json_value(found.error), excess=excess)


def plain(row: NDArray[np.floating]) -> Any:
    """Return ``(.., output)`` as nested lists; a single output has no last axis."""
    values = _channels(row)
    if np.isfinite(values).all():
        return values.tolist()
    return json_value(values.tolist())


def _channels(row: NDArray[np.floating]) -> NDArray[np.floating]:
    return row[..., 0] if row.shape[-1] == 1 else row


def _dump(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
