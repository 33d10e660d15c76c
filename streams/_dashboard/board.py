"""The frames of the page: a monitor that also keeps the last samples of each stream, and the growth of its errors.

The sums begin when the board begins to listen: of a learner that ran before, it has only the later samples.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.json_values import json_value
from ..._core.text import printable, spaced
from .._messages.json_codec import TOGETHER
from .._mqtt.address import Address
from .._service.error_sums import EDGES
from .monitor import COUNTS, Monitor, Row, _Stream

SHOWN = 300  # samples of a signal
LISTED = 500  # streams in the list; others are shown only by name
SILENT = 5.0  # seconds after which the page says that nothing comes
ORACLE = "the Kalman predictor of the plant"


class Board(Monitor):
    """Frames for a page.

    Args:
        address: Address of the streams.
        clock: Returns seconds of a monotonic clock.

    Attributes:
        broken: Why nothing comes; empty: it does.
    """

    def __init__(self, address: Address, clock: Any) -> None:
        super().__init__(address)
        self.where, self.broken = f"mqtt://{address.broker}/{address.root}", ""
        self._clock = clock

    def _begin(self) -> _Stream:
        return _Kept()

    def frame(self, stream: str | None) -> dict[str, Any]:
        """Return everything that a page of a stream draws; None: of the first stream.

        Raises:
            KeyError: There is no such stream.
        """
        names = sorted(self._streams, key=lambda name: (name != TOGETHER, _by_number(name)))
        shown = stream if stream is not None else next(iter(names), None)
        if shown is not None and shown not in self._streams:
            raise KeyError(shown)
        now = self._clock()
        rows = {name: self._streams[name].row(name, now) for name in names}
        silent = min((row.age for row in rows.values() if row.age is not None), default=0.0)
        quiet = f"nothing has come for {silent:.0f} s: does the learner run?" if silent > SILENT else ""
        frame: dict[str, Any] = dict(where=self.where, broken=self.broken or quiet or None, stream=shown, counts={})
        frame["streams"] = [self._listed(name, rows) for name in names[:LISTED]]
        frame |= dict.fromkeys(("threshold", "growth", "regret", "curve", "signal", "over", "change", "beside"))
        if shown is None:
            return frame
        wanted = [name for name in names if name != TOGETHER] if shown == TOGETHER else [shown]
        kept = [one for name in wanted if isinstance(one := self._streams[name], _Kept) and one.sums is not None]
        row = rows[shown]
        unheard = sum(rows[name].unheard for name in wanted)
        frame["counts"] = self._counts(row, self._listed(shown, rows)["samples"], unheard, silent)
        if row.verdict is not None:
            sentence = self._streams[shown].sentence
            answer = dict(critical_size=row.critical_size, verdict=row.verdict, bounded=row.bounded, advice=row.advice)
            frame["threshold"] = answer | dict(sentence=sentence)
        frame["change"] = row.change
        if row.sizes:
            frame["curve"] = dict(sizes=row.sizes, errors=row.errors)
        sizes = row.sizes or next((other.sizes for other in rows.values() if other.sizes), [])
        frame |= _grown([one for one in kept if len(one.sums[0]) == len(sizes)], sizes)
        if kept:
            frame["signal"] = kept[0].signal(sizes, row)
        if row.beside is not None:
            frame["beside"] = row.beside | dict(growth=self._streams[shown].beside_growth())
        return frame

    def _counts(self, row: Row, samples: int, unheard: int, silent: float) -> dict[str, Any]:
        """Return the counts below the page; those of the learner are of its last verdict, and say so."""
        counts: dict[str, Any] = {"samples": samples}
        if row.verdict is not None:
            by = f"by sample {spaced(row.counts['taken'] + row.counts['lost'])}"
            learner = {word: row.counts[word] for word in COUNTS if word != "taken"}
            learner |= {f"rejected, {kind}": number for kind, number in row.refused.items()}
            counts |= {f"{word}, {by}": number for word, number in learner.items()}
        here = {"not heard by this page": unheard, "messages dropped by this page": self.dropped}
        return counts | here | {"messages of another form": self.ignored, "last message": f"{silent:.1f} s ago"}

    def _listed(self, name: str, rows: dict[str, Row]) -> dict[str, Any]:
        row = rows[name]
        others = [other for other in rows.values() if other is not row] if name == TOGETHER else [row]
        return dict(
            name=name,
            label="all together" if name == TOGETHER else printable(name),
            status=row.status if name != TOGETHER else f"{len(others)} streams",
            samples=sum(other.samples for other in others),
            rate=sum(other.rate or 0.0 for other in others),
            critical=row.critical_size,
            verdict=row.verdict,
            bounded=row.bounded,
        )


class _Kept(_Stream):
    """A stream with its last samples, and the sums of its squared errors over stretches of a log scale."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: Any = None
        self.scored = np.zeros(len(EDGES))
        self.excess: Any = None  # squares of (forecast - oracle's forecast), where the learner has an oracle
        self.last_samples: deque[tuple[float, float, NDArray[np.float64], NDArray[np.float64]]] = deque(maxlen=SHOWN)

    def keep(
        self,
        y: NDArray[np.float64],
        error: NDArray[np.float64],
        oracle: NDArray[np.float64] | None,
        band: NDArray[np.float64] | None,
    ) -> None:
        """Add the errors of new samples, and keep the signal of the first output."""
        new, sizes, _ = error.shape
        if self.sums is None or self.sums.shape[1] != sizes:
            self.sums, self.scored, self.excess = np.zeros((len(EDGES), sizes)), np.zeros(len(EDGES)), None
        place = np.searchsorted(EDGES, np.arange(self.samples - new, self.samples), side="right") - 1
        with np.errstate(over="ignore"):
            square = (error**2).sum(axis=2)
        there = ~np.isnan(square).any(axis=1)
        np.add.at(self.sums, place[there], square[there])
        np.add.at(self.scored, place[there], 1)
        if oracle is not None:
            with np.errstate(over="ignore", invalid="ignore"):
                gap = ((error - oracle[:, None]) ** 2).sum(axis=2)
            held = there & ~np.isnan(oracle).any(axis=1)
            self.excess = np.zeros(self.sums.shape) if self.excess is None else self.excess
            np.add.at(self.excess, place[held], gap[held])
        numbers = range(self.samples - new, self.samples)
        half = np.full(error.shape, np.nan) if band is None else band
        self.last_samples.extend(zip(numbers, y[:, 0].tolist(), error[:, :, 0], half[:, :, 0], strict=True))

    def beside_growth(self) -> list[float | None]:
        """Return the mean squared error of the predictor in the stretches of ``growth``."""
        return self.beside.growth(self.scored > 0)

    def signal(self, sizes: Sequence[int], row: Row) -> dict[str, Any] | None:
        """Return the last samples and the forecasts of the size to use."""
        wanted = row.use
        kept = [sample for sample in self.last_samples if len(sample[2]) == len(sizes)]
        if not kept or wanted is None or wanted not in sizes:
            return None
        error = np.array([sample[2][list(sizes).index(wanted)] for sample in kept])
        y = np.array([sample[1] for sample in kept])
        sure = error[np.isfinite(error)]
        with np.errstate(over="ignore"):
            forecast = y + error
        half = np.array([sample[3][list(sizes).index(wanted)] for sample in kept])
        level = dict(band=json_value(half.tolist()), level=row.bands["level"] if row.bands else None)
        return (level if np.isfinite(half).any() else {}) | dict(
            t=[sample[0] for sample in kept],
            y=json_value(y.tolist()),
            forecast=json_value(forecast.tolist()),
            reach=float(np.quantile(np.abs(sure), 0.95)) if len(sure) else 0.0,
            size=wanted,
            name=self.names[0] if self.names else "y",
            unit=self.units[0] if self.units else "",
            clock="sample",
        )


def _by_number(name: str) -> list[tuple[int, str]]:
    """Return a sort key that puts run-2 before run-10."""
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split("([0-9]+)", name)]


def _grown(kept: list[_Kept], sizes: Sequence[int]) -> dict[str, Any]:
    """Return the mean squared error of each stretch, and the regret over the oracle, else over the best size."""
    if not kept:
        return {}
    sums, scored = (np.sum(parts, axis=0) for parts in ([one.sums for one in kept], [one.scored for one in kept]))
    there = scored > 0
    if not there.any():  # no number has come yet
        return {}
    ends = np.append(EDGES[1:], EDGES[-1])[there]
    ends[-1] = max(one.samples for one in kept)
    total = sums[there].cumsum(axis=0)
    best = int(np.nanargmin(total[-1]))
    over = f"size {sizes[best]}, the best so far"
    with np.errstate(over="ignore", invalid="ignore"):
        mean = sums[there] / scored[there, None]
        regret = total - total[:, [best]]
    if all(one.excess is not None for one in kept):
        over, regret = ORACLE, np.sum([one.excess for one in kept], axis=0)[there].cumsum(axis=0)
    table = dict(horizon=ends.tolist(), sizes=list(sizes))
    return dict(
        growth=table | dict(values=json_value(mean.T.tolist())),
        regret=table | dict(values=json_value(regret.T.tolist())),
        over=over,
    )
