"""What is heard of streams on MQTT, as the rows of a table; whatever comes, a row is made of it or nothing.

Messages in, rows out: nothing here knows a broker, a clock or a terminal. Names and words are safe to print.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.text import printable
from .._messages.errors import REJECTION_KINDS
from .._messages.json_codec import finite
from .._messages.limits import LARGEST, LARGEST_COUNT, MOST_STREAMS
from .._messages.outputs import Counts
from .._mqtt.address import Address

HEARD = ("meta", "status", "ergoscope/threshold", "ergoscope/error")
COUNTS = tuple(vars(Counts()))
VERDICTS = ("located", "at most", "above", "undecided")
MOST_SIZES = 4096
LONGEST_SENTENCE = 1000
SECONDS = 5  # over which a rate is taken
HALF = 1000  # samples after which an error counts half in the mean square


class Row(NamedTuple):
    """One stream.

    Attributes:
        stream: Its name, with escapes for what must not be printed.
        status: ``online``, ``offline``, or ``unknown``.
        samples: Learned so far, as far as it was heard.
        rate: Samples a second over the last five; None before an error was heard.
        critical_size: None while undecided.
        verdict: ``located``, ``above``, ``undecided``, or None before one was heard.
        best: Size of least error; None where not known.
        sizes: Of the predictors.
        errors: Mean square of each, over the last thousand samples or so; of the last verdict where no error was
            heard; None where not known.
        counts: What became of the samples, at the last verdict.
        refused: Messages of all streams that its learner did not take in, by kind, at the last verdict.
        age: Seconds since the last error was heard, or None.
    """

    stream: str
    status: str
    samples: int
    rate: float | None
    critical_size: int | None
    verdict: str | None
    best: int | None
    sizes: list[int]
    errors: list[float | None]
    counts: dict[str, int]
    refused: dict[str, int]
    age: float | None


class Monitor:
    """All streams at a place or right below it.

    Args:
        address: Of the place: ``lab``, ``lab/+`` or ``lab/plant1``.
    """

    def __init__(self, address: Address) -> None:
        place = address.topic()
        places = [place] if address.stream == "+" else [place, f"{place}/+"]
        self.topics = [f"{one}/{rest}" for one in places for rest in HEARD]
        self.ignored = 0
        self._streams: dict[str, _Stream] = {}

    def hear(self, topic: str, payload: bytes, now: float) -> None:
        """Take a message in; what is not as described is counted and changes nothing.

        Args:
            topic: Where it came.
            payload: The bytes.
            now: Seconds of a clock that never goes back.
        """
        kind = next((rest for rest in HEARD if topic.endswith(f"/{rest}")), "")
        name = topic.removesuffix(f"/{kind}").rsplit("/", 1)[-1]
        known = self._streams.get(name) or self._begin()
        try:
            if not kind or len(payload) > LARGEST or (name not in self._streams and len(self._streams) == MOST_STREAMS):
                raise ValueError
            known.hear(kind, payload, now)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            self.ignored += 1
        else:
            self._streams[name] = known

    def _begin(self) -> _Stream:
        return _Stream()

    def rows(self, now: float) -> list[Row]:
        """Return a row for each stream that was heard, by name."""
        return [self._streams[name].row(printable(name), now) for name in sorted(self._streams)]


class _Stream:
    def __init__(self) -> None:
        self.status = "unknown"
        self.verdict: str | None = None
        self.samples, self.next, self.epoch = 0, 0, -1
        self.outputs, self.names, self.units = 1, list[str](), list[str]()
        self.sentence = ""
        self.critical: int | None = None
        self.best: int | None = None
        self.sizes: list[int] = []
        self.told: list[float | None] = []
        self.counts, self.refused = dict.fromkeys(COUNTS, 0), dict[str, int]()
        self.squares: NDArray[np.float64] | None = None
        self.weights: NDArray[np.float64] = np.zeros(0)
        self.ticks: deque[tuple[float, int]] = deque()
        self.begun: float | None = None
        self.last: float | None = None

    def hear(self, kind: str, payload: bytes, now: float) -> None:
        if kind == "status":
            self.status = _one_of(payload.decode(), ("online", "offline"))
            return
        record = json.loads(payload, parse_constant=_no_number)
        if not isinstance(record, dict):
            raise ValueError
        if kind == "meta":
            names, units = _list(record["outputs"]), record.get("units")
            self.outputs = len(names)
            self.names = [printable(str(name)) for name in names]
            self.units = [printable(str(units[name])) if name in units else "" for name in names] if units else []
        elif kind == "ergoscope/threshold":
            self._hear_threshold(record)
        else:
            self._hear_error(record, now)

    def _hear_threshold(self, record: dict[str, Any]) -> None:
        verdict, best, told = _one_of(record["verdict"], VERDICTS), record["best"], record["errors"]
        sizes = [_count(size) for size in _list(record["sizes"])]
        errors = [] if told is None else [_number(error) for error in _list(told)]
        if len(sizes) > MOST_SIZES or len(errors) not in (0, len(sizes)):
            raise ValueError
        critical = None if record["critical_size"] is None else _count(record["critical_size"])
        found = None if best is None else _count(best["size"])
        counts = {word: _count(record["counts"][word]) for word in COUNTS}
        refused = {_one_of(kind, REJECTION_KINDS): _count(number) for kind, number in record["refused"].items()}
        self.samples = max(self.samples, _count(record["samples"]))
        self.verdict, self.critical, self.best = verdict, critical, found
        self.sizes, self.told, self.counts, self.refused = sizes, errors, counts, refused
        self.sentence = str(record.get("sentence", ""))[:LONGEST_SENTENCE]

    def _hear_error(self, record: dict[str, Any], now: float) -> None:
        epoch, first = _count(record["epoch"]), _count(record["seq"])
        error = np.array(_list(record["error"]), dtype=np.float64)  # null becomes NaN
        error = self._by_sample(error, record["y"])
        if not error.size or error.shape[1] > MOST_SIZES:
            raise ValueError
        came = first + len(error)
        known = self.next if epoch == self.epoch else 0
        new = max(came - max(known, first), 0)
        self.epoch, self.next = epoch, max(came, known)
        self.samples = max(self.samples + new, came)
        self.begun = now if self.begun is None else self.begun
        self.last = now
        self.ticks.append((now, new))
        with np.errstate(over="ignore", invalid="ignore"):
            square = (error**2).sum(axis=2)
            scored = ~np.isnan(square)
            if self.squares is None or len(self.squares) != square.shape[1]:
                self.squares, self.weights = np.zeros(square.shape[1]), np.zeros(square.shape[1])
            past = 0.5 ** (len(square) / HALF)
            self.squares = past * self.squares + np.where(scored, square, 0.0).sum(axis=0)
            self.weights = past * self.weights + scored.sum(axis=0)
        self.keep(record, error, new)

    def _by_sample(self, error: NDArray[np.float64], y: Any) -> NDArray[np.float64]:
        """Return ``(time, size, output)``; the last axis is left out of one output, the first of one sample."""
        if error.ndim == 1:
            return error[None, :, None]
        several = error.ndim == 2 and isinstance(y, list) and len(y) == error.shape[1]
        if several and len(y) == len(error):  # as many samples as sizes, or as many outputs
            several = self.outputs > 1
        if error.ndim == 2:
            return error[None] if several else error[..., None]
        if error.ndim != 3:
            raise ValueError
        return error

    def keep(self, record: dict[str, Any], error: NDArray[np.float64], new: int) -> None:
        """Keep more of the last ``new`` errors ``(time, size, output)``, where more is shown of them."""

    def row(self, name: str, now: float) -> Row:
        while self.ticks and self.ticks[0][0] < now - SECONDS:
            self.ticks.popleft()
        rate = None
        if self.begun is not None:
            rate = sum(new for _, new in self.ticks) / max(min(now - self.begun, SECONDS), 1.0)
        errors = self.told
        if self.squares is not None and (self.weights > 0).any():
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                errors = [finite(mean) for mean in (self.squares / self.weights).tolist()]
        sizes = self.sizes if len(self.sizes) == len(errors) else []
        age = None if self.last is None else now - self.last
        return Row(
            *(name, self.status, self.samples, rate, self.critical, self.verdict, self.best, sizes, errors),
            *(dict(self.counts), dict(self.refused), age),
        )


def _one_of(word: Any, words: Sequence[str]) -> str:
    if word not in words:
        raise ValueError
    return str(word)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 2 * LARGEST_COUNT:
        raise ValueError
    return value


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float):
        raise ValueError
    return finite(float(value))


def _no_number(word: str) -> float:
    raise ValueError(word)
