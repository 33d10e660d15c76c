"""The published outputs of streams on MQTT as the rows of a table.

Messages in, rows out: there is no broker, no clock and no terminal here. A message of another form is counted and
changes nothing. Names and texts are safe to print.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.json_values import json_value
from ..._core.text import printable
from .._messages.errors import REJECTION_KINDS
from .._messages.limits import LARGEST, LARGEST_COUNT, MOST_STREAMS
from .._messages.outputs import Counts
from .._mqtt.address import Address
from .beside_heard import BesideHeard

HEARD = (
    "meta", "status", "ergoscope/threshold", "ergoscope/change", "ergoscope/error", "ergoscope/beside",
    "ergoscope/beside-error",
)  # fmt: skip
COUNTS = tuple(vars(Counts()))
VERDICTS = ("located", "at most", "above", "not visible yet", "undecided")
MOST_SIZES = 4096
MOST = 1 << 100  # of a count: numbers lost in many gaps add up to far more than one sequence number
LONGEST_SENTENCE = 1000
SECONDS = 5  # a rate is the mean over so many
HALF = 1000  # samples after which an error has half the weight in the mean square


class Row(NamedTuple):
    """One stream.

    Attributes:
        stream: Its name, with escapes for what must not be printed.
        status: ``online``, ``offline``, or ``unknown``.
        samples: Samples learned, by the last message.
        rate: Samples per second over the last five; None before the first error.
        critical_size: None unless the verdict is ``located``.
        verdict: ``located``, ``at most``, ``above``, ``not visible yet``, ``undecided``, or None before the first one.
        best: Size of the least error; None if not known.
        sizes: Sizes of the predictors.
        errors: Mean squared error of each size, over about the last thousand samples; if no error was heard, those of
            the last verdict; None if not known.
        counts: Counts of the samples, at the last verdict.
        refused: Messages of all streams that the learner rejected, by kind, at the last verdict.
        unheard: Samples whose errors were not heard here, since the first that was.
        age: Seconds since the last error, or None.
        bounded: The smallest size tried whose error is bounded, for ``located`` and ``at most``.
        advice: ``size`` to use and ``sentence``, of the last verdict; None if there is none.
        bands: ``level``, ``coverage`` by size, and ``size``, the smallest that is calibrated and bounded, of the last
            verdict; None if the learner makes no bands.
        change: ``since``, ``size_before``, ``size_now`` and ``sentence`` of the last change; None if there was none.
        beside: What was last published of a predictor beside the ladder (``BesideHeard.said``), with its ``error`` over
            about the last thousand samples; None if there is none.
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
    unheard: int
    age: float | None
    bounded: int | None = None
    advice: dict[str, Any] | None = None
    bands: dict[str, Any] | None = None
    change: dict[str, Any] | None = None
    beside: dict[str, Any] | None = None

    @property
    def use(self) -> int | None:
        """The size to use; the best one where no advice was heard."""
        return self.best if self.advice is None else int(self.advice["size"])


class Monitor:
    """All streams at an address or directly below it.

    Args:
        address: ``lab``, ``lab/+`` or ``lab/plant1``.
    """

    def __init__(self, address: Address) -> None:
        place = address.topic()
        places = [place] if address.stream == "+" else [place, f"{place}/+"]
        self.topics = [f"{one}/{rest}" for one in places for rest in HEARD]
        self.ignored = self.dropped = 0
        self._streams: dict[str, _Stream] = {}

    def hear(self, topic: str, payload: bytes, now: float) -> None:
        """Take in a message; one of another form is counted and changes nothing.

        Args:
            topic: Topic of the message.
            payload: Bytes of the message.
            now: Seconds of a monotonic clock.
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
        """Return a row for each stream, by name."""
        return [self._streams[name].row(printable(name), now) for name in sorted(self._streams)]


class _Stream:
    def __init__(self) -> None:
        self.status = "unknown"
        self.verdict: str | None = None
        self.samples, self.next, self.epoch, self.unheard = 0, 0, -1, 0
        self.outputs, self.names, self.units = 1, list[str](), list[str]()
        self.sentence = ""
        self.critical: int | None = None
        self.bounded: int | None = None
        self.best: int | None = None
        self.advice: dict[str, Any] | None = None
        self.bands: dict[str, Any] | None = None
        self.change: dict[str, Any] | None = None
        self.sizes: list[int] = []
        self.reported: list[float | None] = []  # errors of the last verdict
        self.counts, self.refused = dict.fromkeys(COUNTS, 0), dict[str, int]()
        self.squares: NDArray[np.float64] | None = None
        self.weights: NDArray[np.float64] = np.zeros(0)
        self.ticks: deque[tuple[float, int]] = deque()
        self.begun: float | None = None
        self.last: float | None = None
        self.beside = BesideHeard()

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
        elif kind == "ergoscope/change":
            counts = {word: _count(record[word], MOST) for word in ("since", "size_before", "size_now")}
            self.change = counts | dict(sentence=printable(str(record["sentence"]), LONGEST_SENTENCE))
        elif kind == "ergoscope/beside":
            self.beside.hear(record)
        elif kind == "ergoscope/beside-error":
            self.beside.hear_errors(record, self.outputs, self.samples, self.epoch, self.next)
        else:
            self._hear_error(record, now)

    def _hear_threshold(self, record: dict[str, Any]) -> None:
        verdict, best, reported = _one_of(record["verdict"], VERDICTS), record["best"], record["errors"]
        sizes = [_count(size) for size in _list(record["sizes"])]
        errors = [] if reported is None else [_number(error) for error in _list(reported)]
        if len(sizes) > MOST_SIZES or len(errors) not in (0, len(sizes)):
            raise ValueError
        critical = None if record["critical_size"] is None else _count(record["critical_size"])
        bounded = None if record.get("bounded") is None else _count(record["bounded"])
        found = None if best is None else _count(best["size"])
        advice = record.get("advice")
        if advice is not None:
            sentence = printable(str(advice["sentence"]), LONGEST_SENTENCE)
            advice = dict(size=_count(advice["size"]), sentence=sentence)
        bands, covered = _bands(record.get("bands"), len(sizes))
        counts = {word: _count(record["counts"][word], MOST) for word in COUNTS}
        refused = {_one_of(kind, REJECTION_KINDS): _count(number, MOST) for kind, number in record["refused"].items()}
        self.samples = max(self.samples, _count(record["samples"]))
        self.verdict, self.critical, self.bounded, self.best, self.advice = verdict, critical, bounded, found, advice
        self.sizes, self.reported, self.counts, self.refused = sizes, errors, counts, refused
        self.bands = bands
        self.sentence = str(record.get("sentence", ""))[:LONGEST_SENTENCE] + covered

    def _hear_error(self, record: dict[str, Any], now: float) -> None:
        epoch, first = _count(record["epoch"]), _count(record["seq"])
        error = np.array(_list(record["error"]), dtype=np.float64)  # null becomes NaN
        error = self._by_sample(error, record["y"])
        if not error.size or error.shape[1] > MOST_SIZES:
            raise ValueError
        y = np.array(record["y"], np.float64).reshape(len(error), error.shape[2])
        oracle = None if record.get("oracle") is None else np.array(record["oracle"], np.float64).reshape(y.shape)
        band = None if record.get("band") is None else np.array(record["band"], np.float64).reshape(error.shape)
        stop = first + len(error)
        known = self.next if epoch == self.epoch else 0
        new = max(stop - max(known, first), 0)
        if self.begun is not None:
            self.unheard += max(first - known, 0)
        self.epoch, self.next = epoch, max(stop, known)
        self.samples = max(self.samples + new, stop)
        self.begun = now if self.begun is None else self.begun
        self.last = now
        self._tick(now, new)
        with np.errstate(over="ignore", invalid="ignore"):
            square = (error**2).sum(axis=2)
            scored = ~np.isnan(square)
            if self.squares is None or len(self.squares) != square.shape[1]:
                self.squares, self.weights = np.zeros(square.shape[1]), np.zeros(square.shape[1])
            past = 0.5 ** (len(square) / HALF)
            self.squares = past * self.squares + np.where(scored, square, 0.0).sum(axis=0)
            self.weights = past * self.weights + scored.sum(axis=0)
        if new:
            further = (None if array is None else array[-new:] for array in (oracle, band))
            self.keep(y[-new:], error[-new:], *further)

    def _tick(self, now: float, new: int) -> None:
        """Note new samples for the rate; older ones go, whether anybody looks at a row or not."""
        self.ticks.append((now, new))
        while self.ticks[0][0] < now - SECONDS:
            self.ticks.popleft()

    def _by_sample(self, error: NDArray[np.float64], y: Any) -> NDArray[np.float64]:
        """Return ``(time, size, output)``: one output has no last axis, one sample no first axis."""
        if error.ndim == 1:
            return error[None, :, None]
        several = error.ndim == 2 and isinstance(y, list) and len(y) == error.shape[1]
        if several and len(y) == len(error):  # as many samples as sizes, or as many outputs as sizes
            several = self.outputs > 1
        if error.ndim == 2:
            return error[None] if several else error[..., None]
        if error.ndim != 3:
            raise ValueError
        return error

    def keep(
        self,
        y: NDArray[np.float64],
        error: NDArray[np.float64],
        oracle: NDArray[np.float64] | None,
        band: NDArray[np.float64] | None,
    ) -> None:
        """Keep more of new samples ``(time, output)``, errors and bands ``(time, size, output)``; a table does not."""

    def beside_growth(self) -> list[float | None]:
        """Return nothing: a table has no growth."""
        return []

    def row(self, name: str, now: float) -> Row:
        while self.ticks and self.ticks[0][0] < now - SECONDS:
            self.ticks.popleft()
        rate = None
        if self.begun is not None:
            rate = sum(new for _, new in self.ticks) / max(min(now - self.begun, SECONDS), 1.0)
        errors = self.reported
        if self.squares is not None and (self.weights > 0).any():
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                errors = json_value((self.squares / self.weights).tolist())
        sizes = self.sizes if len(self.sizes) == len(errors) else []
        age = None if self.last is None else now - self.last
        return Row(
            *(name, self.status, self.samples, rate, self.critical, self.verdict, self.best, sizes, errors),
            *(dict(self.counts), dict(self.refused), self.unheard, age, self.bounded, self.advice),
            *(self.bands, self.change),
            None if self.beside.said is None else self.beside.said | dict(error=self.beside.error),
        )


def _bands(record: Any, sizes: int) -> tuple[dict[str, Any] | None, str]:
    """Return level, coverage and size of the bands of a threshold, and their sentence; None without bands."""
    if record is None:
        return None, ""
    level, coverage = _number(record["level"]), [_number(share) for share in _list(record["coverage"])]
    shares = [level, *(share for share in coverage if share is not None)]
    if len(coverage) != sizes or any(share is None or not 0 <= share <= 1 for share in shares):
        raise ValueError
    size = None if record["size"] is None else _count(record["size"])
    return dict(level=level, coverage=coverage, size=size), f" {record.get('sentence', '')!s:.{LONGEST_SENTENCE}}"


def _one_of(word: Any, words: Sequence[str]) -> str:
    if word not in words:
        raise ValueError
    return str(word)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError
    return value


def _count(value: Any, most: int = 2 * LARGEST_COUNT) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError
    return value


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float):
        raise ValueError
    return float(value) if np.isfinite(value) else None


def _no_number(word: str) -> float:
    raise ValueError(word)
