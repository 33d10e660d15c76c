"""The outputs of a predictor that runs beside the ladder: its errors, and how it compares with every size."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.json_values import json_value
from ..._core.text import printable, spaced
from ...analysis._scoring.comparison import Comparison, beside_sentence

BESIDE_KINDS = ("beside", "beside-error")
NOTHING: dict[str, Any] = dict(
    samples=0, error=None, sizes=[], as_good_as=None, standing=None, best=None, use=None, excess=None, saving=None,
    at_edge=False,
)  # fmt: skip


class BesideErrors(NamedTuple):
    """Consecutive samples of one stream with the forecasts of the predictor, each made before its sample.

    Attributes:
        stream: Name of the stream.
        epoch: Epoch of the publisher.
        first: Number of the first sample.
        forecast: Of the predictor.
        error: The forecast minus the output; NaN where the ladder is not scored either.
    """

    stream: str
    epoch: int
    first: int
    forecast: Float[np.ndarray, "time output"]
    error: Float[np.ndarray, "time output"]


class BesideFailure(NamedTuple):
    """Why a predictor ended.

    Attributes:
        epoch: Epoch of the publisher.
        seq: Number of the first sample without a forecast.
        kind: As in ``Failure`` of ``learners``; ``"behind"``: it is slower than the samples come.
        message: The same in words.
        again: Whether it is started again.
    """

    epoch: int
    seq: int
    kind: str
    message: str
    again: bool


class Beside(NamedTuple):
    """A predictor compared with every size on one stream, since it was started.

    Attributes:
        stream: Name of the stream.
        predictor: Its name.
        epoch, since: Epoch and number of the first sample that it forecast.
        starts: How often it has been started.
        comparison: With every size; None if there is too little to compare.
        failure: Why it ended; None while it runs.
    """

    stream: str
    predictor: str
    epoch: int
    since: int
    starts: int
    comparison: Comparison | None
    failure: BesideFailure | None

    @property
    def sentence(self) -> str:
        """The answer in words."""
        failed = None
        if self.failure is not None:
            failed = f"failed at sample {spaced(self.failure.seq)}: {self.failure.message.rstrip('.')}"
        subject = f"{printable(self.predictor)} on {printable(self.stream)}"
        text = beside_sentence(subject, self.comparison, failed)
        if self.since and self.comparison is not None:
            text += f" The comparison began at sample {spaced(self.since)}."
        if self.failure is not None:
            text += " It is started again." if self.failure.again else " It is not started again."
        return text


def beside_record(output: Beside) -> dict[str, Any]:
    """Return a comparison as plain JSON."""
    head: dict[str, Any] = dict(stream=output.stream, predictor=printable(output.predictor))
    head |= dict(epoch=output.epoch, since=output.since, starts=output.starts)
    found = NOTHING if output.comparison is None else output.comparison.to_dict()
    failure = None if output.failure is None else output.failure._asdict()
    return head | found | dict(failure=failure, sentence=output.sentence)


def beside_lines(output: Beside | BesideErrors, kinds: Any) -> list[bytes]:
    """Return the lines of an output, of these kinds; one line for each sample."""
    if isinstance(output, Beside):
        return [_dump(dict(kind="beside") | beside_record(output))] if "beside" in kinds else []
    if "beside-error" not in kinds:
        return []
    head = dict(kind="beside-error", stream=output.stream, epoch=output.epoch)
    return [
        _dump(head | dict(seq=output.first + k, forecast=_plain(forecast), error=_plain(error)))
        for k, (forecast, error) in enumerate(zip(output.forecast, output.error, strict=True))
    ]


def beside_messages(output: Beside | BesideErrors, kinds: Any) -> list[tuple[str, bytes]]:
    """Return kind and payload of the messages of an output; a block gives a list of rows."""
    if isinstance(output, Beside):
        return [("beside", _dump(beside_record(output)))] if "beside" in kinds else []
    if "beside-error" not in kinds:
        return []
    cut = slice(None) if len(output.error) > 1 else 0
    head = dict(epoch=output.epoch, seq=output.first)
    rows = dict(forecast=_plain(output.forecast[cut]), error=_plain(output.error[cut]))
    return [("beside-error", _dump(head | rows))]


def _plain(row: Float[np.ndarray, "*rows output"]) -> Any:
    """Return ``(.., output)`` as nested lists; a single output has no last axis."""
    return json_value((row[..., 0] if row.shape[-1] == 1 else row).tolist())


def _dump(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
