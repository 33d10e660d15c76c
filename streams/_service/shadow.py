"""A predictor in the shadow of one stream: it takes the samples in the order of the ladder, and is compared with it.

Time: the forecast of sample t is made when the predictor has received the samples before it. It receives what the
learner learns: lost samples as NaN, and the inputs of a sample with its output.

A predictor that ends or stalls is started again with the next sample, fresh, three times at most; the comparison
begins anew. One that raises or gives no finite numbers would do so again, and is not. The comparison begins anew also
after a change of the stream, as the sums of the learner do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...analysis._growth.output_units import in_noise_units, noise_scales
from ...analysis._location.recording import late_losses
from ...analysis._scoring.comparison import Comparison, compare
from ...learners._external.sessions import Session
from ...learners._external.validation import Failed
from .._messages.beside import Beside, BesideErrors, BesideFailure
from .._messages.outputs import Forecasts
from .error_sums import ErrorSums, StreamErrorSums, as_scores
from .verdicts import VerdictSchedule

AGAIN = ("stalled", "ended")  # failures after which it is started again
STARTS = 4
DRAWS = 500


class Ladder(NamedTuple):
    """The sizes beside which a predictor runs, and what a size is."""

    sizes: tuple[int, ...]
    size_label: str


class Shadow:
    """A predictor beside the ladder on one stream.

    Args:
        stream: Name of the stream.
        predictor: Name of the predictor.
        start: Returns a fresh session of it.
        ladder: The sizes of the stream.
        dt: Sampling time that it is given, in seconds.

    Attributes:
        given_up: It has failed and is not started again.
        session: The running session, or None.
    """

    def __init__(self, stream: str, predictor: str, start: Callable[[], Session], ladder: Ladder, dt: float) -> None:
        self.stream, self.predictor, self._start, self._ladder, self._dt = stream, predictor, start, ladder, dt
        self.given_up, self.session, self._starts = False, None, 0  # type: bool, Session | None, int
        self._next: NDArray[np.float64] = np.zeros(0)  # the forecast of the next sample
        self._place = 0, 0  # epoch and number of the first sample of this start
        self._last = 0, -1  # epoch and number of the last sample
        self._sums, self._schedule, self._said = ErrorSums(1, 1, 1), VerdictSchedule(), -1

    def take(self, item: Forecasts) -> list[Beside | BesideErrors]:
        """Take samples in; return their errors, and the comparison where one is due."""
        outputs: list[Beside | BesideErrors] = []
        begin, steps = 0, len(item.output)
        while begin < steps and not self.given_up:
            forecasts, failed = self._follow(item, begin)
            stop = begin + len(forecasts)
            if stop > begin:
                outputs.append(self._compare(item, begin, forecasts))
            if failed is not None:
                outputs.append(self._fail(item.epoch, item.first + stop, failed))
            elif self._schedule.is_due(int(self._sums.age[0])):
                outputs.append(self._beside(None))
            begin = stop
        self._last = item.epoch, item.first + steps - 1
        if item.change is not None and not self.given_up:
            outputs.append(self._beside(None))
            self._compare_from(item.epoch, item.first + steps, item.output.shape[1])
        return outputs

    def fail(self, kind: str, message: str) -> Beside:
        """End it for good, and return what was compared until then."""
        self.given_up = True
        epoch, seq = self._last
        self._end()
        self._said = int(self._sums.age[0])
        return self._beside(BesideFailure(epoch, seq + 1, kind, message, False))

    def finish(self) -> list[Beside]:
        """End it; return the last comparison, unless it has been given already."""
        self._end()
        age = int(self._sums.age[0])
        if self.given_up or age in (0, self._said):
            return []
        return [self._beside(None)]

    def _follow(self, item: Forecasts, begin: int) -> tuple[NDArray[np.float64], Failed | None]:
        """Return the forecasts of the samples from a row on, up to a failure."""
        steps, outputs = item.output.shape
        inputs = np.zeros((steps, 0)) if item.input is None else item.input
        forecasts = np.full((steps - begin, outputs), np.nan)
        try:
            if self.session is None:
                self._begin(item, begin, inputs.shape[1])
            assert self.session is not None
            for k in range(begin, steps):
                forecasts[k - begin] = self._next
                self._next = self.session.step(item.output[k].copy(), inputs[k].copy()).forecast
        except Failed as failed:
            known = np.isfinite(forecasts).all(axis=1)
            return forecasts[: int(known.sum())], failed
        return forecasts, None

    def _begin(self, item: Forecasts, row: int, inputs: int) -> None:
        self._starts += 1
        self._compare_from(item.epoch, item.first + row, item.output.shape[1])
        self.session = self._start()
        self._next = self.session.begin(item.output.shape[1], inputs, self._dt).forecast

    def _compare_from(self, epoch: int, number: int, outputs: int) -> None:
        """Begin the comparison anew with a sample."""
        self._place, self._sums = (epoch, number), ErrorSums(len(self._ladder.sizes) + 1, outputs, 1)
        self._schedule, self._said = VerdictSchedule(), -1

    def _compare(self, item: Forecasts, begin: int, own: NDArray[np.float64]) -> BesideErrors:
        """Add the errors of some rows to the sums, of every size and of the predictor."""
        rows = slice(begin, begin + len(own))
        every = np.concatenate([item.forecast[rows, 0], own[:, None]], axis=1, dtype=np.float64)[..., None]
        output, scored = (np.ascontiguousarray(part[rows])[..., None] for part in (item.output, item.scored))
        self._sums.add(every, output, scored, np.array([len(own)], np.int32))
        with np.errstate(over="ignore"):
            error = np.where(item.scored[rows], own - item.output[rows], np.nan)
        return BesideErrors(self.stream, item.epoch, item.first + begin, own, error)

    def _fail(self, epoch: int, seq: int, failed: Failed) -> Beside:
        again = failed.kind in AGAIN and self._starts < STARTS
        self.given_up = not again
        self._end()
        return self._beside(BesideFailure(epoch, seq, failed.kind, failed.message, again))

    def _end(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            session.close()

    def _beside(self, failure: BesideFailure | None) -> Beside:
        self._said = int(self._sums.age[0])
        lane = self._sums.lane(0)
        found = compare_sums(lane, self._ladder) if lane.age else None
        return Beside(self.stream, self.predictor, *self._place, self._starts, found, failure)


def compare_sums(lane: StreamErrorSums, ladder: Ladder) -> Comparison | None:
    """Compare the predictor, the last row of the sums, with every size; None if there is too little to compare.

    Errors of several outputs are in units of each output's noise, which is that of the best size, as for thresholds.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        losses, samples = lane.late_blocks()
        if lane.stretches.shape[2] > 1:
            sums = as_scores([lane])
            scales = noise_scales(sums._replace(error=sums.error[:, :, :-1]))
            losses, samples = late_losses(in_noise_units(sums, scales), 0)
        return compare(losses, samples, ladder.sizes, ladder.size_label, draws=DRAWS)
