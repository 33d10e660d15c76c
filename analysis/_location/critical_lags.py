"""How many lags another library needs: the size of the advice, as a number for ``lags=``."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl
from numpy.typing import ArrayLike

from ..._core.progress import Progress, no_progress
from ..._core.text import counted, spaced, spans
from ...simulator import Dialect
from .advice import cost_words
from .locate import locate
from .location import Location


class CriticalLags(NamedTuple):
    """How many past samples a forecast needs.

    Attributes:
        lags: The number to use: the smallest that no larger one tried is shown to beat. With inputs it counts their
            past samples, too, and their sample of the same time is known. Beside the lags stands a constant.
        alike: The numbers that are not told apart from that of least error, rising; 95 % intervals.
        least: The number of least error.
        largest: The largest number tried.
        costs: One row for each other number: ``size, above, low, high``, its mean squared error above that of ``lags``
            as a share, with its 95 % interval.
        samples: Samples of the longest run.
        inputs: Names of the inputs.
        notes: What to look at: a change in the recording, or rounding that ended it early.
    """

    lags: int
    alike: list[int]
    least: int
    largest: int
    costs: pl.DataFrame
    samples: int
    inputs: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def each(self) -> Sequence[int]:
        """The lags one by one, [1, 2, .., lags], as skforecast and statsmodels take them."""
        return [*range(1, self.lags + 1)]

    @property
    def negative(self) -> Sequence[int]:
        """The lags one by one as darts counts them, [-lags, .., -2, -1]."""
        return [*range(-self.lags, 0)]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        of_inputs = f", as many of {', '.join(self.inputs)} with the one of the same time," if self.inputs else ""
        if self.lags == 0 and self.inputs:
            text = f"lags=0: no past sample helps, only {', '.join(self.inputs)} of the same time and a constant"
        elif self.lags == 0:
            text = "lags=0: no past sample helps, forecast the mean (statsmodels takes lags=0; skforecast, darts and "
            text += "sktime need at least one lag or another feature)"
        else:
            text = f"lags={self.lags}: the last {counted(self.lags, 'sample')}{of_inputs} and a constant"
        text += "; no larger number is shown to predict better"
        others = [size for size in self.alike if size != self.lags]
        text += f"; not told apart: {spans(others)}" if others else ""
        shorter = self.costs.filter(pl.col("size") < self.lags).tail(1).to_dicts()
        text += "".join(f"; {cost_words(**row)}" for row in shorter)
        text += f". Tried: 0 to {self.largest} lags without gaps, over {spaced(self.samples)} samples"
        if self.least == self.largest:
            text += f"; the least error is that of {self.largest}, the largest: try largest={2 * self.largest}"
        text += ". A season has a lag of its own, which is not looked for beyond these."
        return text + "".join(f" {note}" for note in self.notes)

    def __str__(self) -> str:
        return self.sentence


def critical_lags(
    y: Any,
    *,
    output: str | Sequence[str] = (),
    input: str | Sequence[str] | ArrayLike = (),
    by: str | None = None,
    time: str | None = None,
    dialect: Dialect | None = None,
    largest: int | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> CriticalLags:
    """Return the number of lags for a forecaster of another library: skforecast, darts, sktime, statsmodels.

    Filters of every length learn the recording online, with a constant, and each forecasts every sample before it sees
    it. The number is the smallest length that no larger one is shown to beat: 0 lies within the 95 % interval of each
    paired difference of the squared errors after the first twentieth. It is the size of ``locate(y).advice``.

    It holds for one-step forecasts that are linear in the last samples, and for forecasts iterated from them. Lags with
    gaps, such as the lag of a season beyond ``largest``, are not looked for.

    Args:
        y: A recording as ``locate`` takes it: an array ``(time,)`` or ``(run, time, output)``, a frame, a file.
        output, input, by, time, dialect: As in ``locate``.
        largest: The largest number of lags to try; None: 16, or fewer for a short recording.
        seed: Seed of the draws.
        progress: Called with the samples done and the samples in all.

    Raises:
        ValueError: ``largest`` is no whole number of at least 1, or ``locate`` raises.

    Examples:
        >>> critical_lags(y).lags  # doctest: +SKIP
        2
        >>> ForecasterRecursive(LinearRegression(), lags=critical_lags(y).lags)  # doctest: +SKIP
    """
    sizes = None if largest is None else range(_checked(largest) + 1)
    found = locate(
        y, output=output, input=input, by=by, time=time, dialect=dialect, sizes=sizes, seed=seed, model=False,
        progress=progress,
    )  # fmt: skip
    tried = found.rungs["size"].to_list()
    if found.advice is None:
        raise ValueError(f"the recording allows one size only, {tried[0]}: record more samples.")
    names = found.predictors[0].input_names if found.predictors else ()
    sizes_found = found.advice.size, found.best.alike, found.best.size, tried[-1]
    return CriticalLags(*sizes_found, found.advice.costs, found.horizon, tuple(names), _notes(found))


def _notes(found: Location) -> tuple[str, ...]:
    """Return what a reader of the number must know."""
    notes = []
    if found.changes is not None and len(found.changes):
        last, several = found.changes.tail(1).to_dicts()[0], counted(len(found.changes), "change")
        notes.append(
            f"The series changes at sample {spaced(last['since'])} ({several} in all): this is the number of all parts "
            f"together. Give the part that you forecast, such as y[{last['noticed']}:]."
        )
    if found.horizon < found.settings["horizon"]:
        notes.append(
            f"Rounding reaches the error beyond sample {spaced(found.horizon)}: the series has next to no noise, and "
            "the intervals say little."
        )
    return tuple(notes)


def _checked(largest: int) -> int:
    try:
        whole = operator.index(largest)
    except TypeError:
        whole = 0
    if isinstance(largest, bool) or whole < 1:
        raise ValueError(f"largest must be a whole number of at least 1, such as 32; got {largest!r}.")
    return whole
