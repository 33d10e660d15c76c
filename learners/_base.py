"""The contract of a learner: predict with all of its sizes at once. The page to read first.

Time: before sample ``t`` the driver holds ``predict(state, ..)``, made of the samples ``0 .. t-1`` alone. Then ``y[t]``
comes, is scored, and goes into ``update``. Only the driver calls the two, so no learner is tested on data that it has
already seen.

Axes: ``lane`` is the last axis everywhere and counts the streams that run side by side. A learner treats each stream as
if it were alone (unless it is pooled). ``size`` is the axis of the ladder.

Types: ``State`` is the type of what a learner remembers, usually a NamedTuple of arrays. Write the return type of a
factory as ``Learner[MyState]``: mypy then checks that ``init``, ``predict``, ``update`` and ``variance`` agree on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from .._core.jax_later import Array

State = TypeVar("State", default=Any)
Made = TypeVar("Made", covariant=True)
Given = TypeVar("Given", contravariant=True)


class Init(Protocol[Made]):
    """Return the state before the first sample; with a kernel, in arrays of NumPy."""

    def __call__(self, outputs: int, inputs: int, lanes: int, dtype: Any, /) -> Made:
        """Return the state of streams that have not begun.

        Args:
            outputs: Outputs of a stream.
            inputs: Inputs of a stream.
            lanes: Streams side by side.
            dtype: Of the arrays with real numbers.

        Raises:
            ValueError: The learner does not serve such a stream.
        """


class Predict(Protocol[Given]):
    """Forecast with every size."""

    def __call__(self, state: Given, inputs: Array, /) -> Array:
        """Return the forecasts ``(lookahead, size, output, lane)`` of the samples ``lookaheads`` after the last one.

        Args:
            state: What the learner remembers.
            inputs: Of the next ``max(lookaheads)`` samples, ``(ahead, input, lane)``, known or held.
        """


class Update(Protocol[State]):
    """Take one sample in."""

    def __call__(self, state: State, output: Array, input: Array, observed: Array, /) -> State:
        """Return the state after one more sample.

        Args:
            state: What the learner remembers.
            output: ``(output, lane)``; finite but without meaning where ``observed`` is false.
            input: ``(input, lane)``.
            observed: ``(output, lane)``, false where the output is missing.
        """


class Variance(Protocol[Given]):
    """State the variance of the next error."""

    def __call__(self, state: Given, /) -> Array:
        """Return the covariance ``(size, output, output, lane)`` of the next one-step error, as the learner sees it."""


class Weights(NamedTuple):
    """The linear predictor of each size, with z = (u, y), inputs first, as a column of a regressor has them.

        yhat_h[t] = constant_h + direct_h u[t] + sum_{k=1..M} lagged_h[k-1] z[t-k]

    Outputs are in the units of the learner, inputs in those of the stream. Lags beyond h have zeros.
    """

    constant: NDArray[np.float64]  # (size, output, lane)
    direct: NDArray[np.float64]  # (size, input, output, lane); no inputs where u[t] is not used
    lagged: NDArray[np.float64]  # (size, lag, channel, output, lane)


class LearnedWeights(Protocol[Given]):
    """Tell the weights that the next forecast uses."""

    def __call__(self, state: Given, /) -> Weights:
        """Return the weights of each size; ``state`` is in arrays of NumPy."""


class Kernel(NamedTuple):
    """A learner as part of a compiled loop on a CPU; ``init``, ``predict`` and ``update`` are its twin.

    Attributes:
        parts: ``parts(lanes) -> (load, step, predict, store)``, compiled functions for ``W`` lanes:
            ``load(constants, state, lane, W)`` returns the state of ``W`` lanes from ``lane`` on, in arrays whose last
            axis is ``W``; ``step(constants, packed, output, input, observed)`` is ``update`` on it, in place;
            ``predict(constants, packed, inputs, cells)`` writes the forecasts, see ``_engine/tile_loop.py``;
            ``store(packed, state, lane)`` writes the state back.
        constants: A NamedTuple of numbers and arrays, those that are real in float64.
        fixed: Its loops are compiled for a number of lanes; else ``parts(0)`` serves any number.
    """

    parts: Callable[[int], tuple[Any, Any, Any, Any]]
    constants: Any
    fixed: bool = False


class Learner(NamedTuple, Generic[State]):
    """A bundle of pure functions, and the labels of its ladder.

    Attributes:
        name: Its name in tables and figures.
        init: See ``Init``.
        predict: See ``Predict``.
        update: See ``Update``.
        sizes: Size of each rung, rising: filter length, rank, matrix size, state order.
        parameters: Trainable parameters of each rung.
        lookaheads: Samples ahead that are forecast, rising.
        variance: See ``Variance``; None where the learner has none.
        weights: See ``LearnedWeights``; None where its forecasts are not linear in a window of samples.
        scaled: The driver divides each output by a power of two near its first nonzero value. For families whose
            forecasts scale with the data; squares of large or small units then neither overflow nor vanish. A scaled
            learner starts again at a sample that is over 2^30 times as large as all before it: these have set its
            units, but were rounding errors. Forecasts of scaled and pooled learners, H samples ahead, are limited to
            2^20 H times the largest output so far.
        pooled: One state is fed by all lanes, which then step together.
        batch: ``score`` for streams without missing samples, by a faster algorithm and equal up to rounding, or None.
        kernel: The same as part of a compiled loop, for one CPU; equal up to rounding. None where it has none.
        size_label: What a size is, such as ``"filter length"``.
        intercept: A constant is fitted beside the weights of each size; it is counted in the parameters.
        tends_to: What each rung tends to on a system that does not change, where theory knows its error and so the
            critical size: ``"filters"``, the best filter of this many last samples, one sample ahead (further ahead
            iterated); ``"direct filters"``, fitted to each look-ahead itself; ``"features"``, the best weights of this
            many fixed features, whose critical size is that of filters; ``"blocks"``, the best matrix that is zero
            outside a k x k block. None for learners that forget, too: they follow the slope of what they cannot
            cancel.
        forgetful: Returns the same learner with a forgetting in (0, 1); its state has the same arrays. None where it
            has none, or forgets already.
    """

    name: str
    init: Init[State]
    predict: Predict[State]
    update: Update[State]
    sizes: tuple[int, ...]
    parameters: tuple[int, ...]
    lookaheads: tuple[int, ...] = (1,)
    variance: Variance[State] | None = None
    weights: LearnedWeights[State] | None = None
    scaled: bool = False
    pooled: bool = False
    batch: Callable[..., Any] | None = None
    kernel: Kernel | None = None
    size_label: str = "size"
    intercept: bool = False
    tends_to: Literal["filters", "direct filters", "features", "blocks"] | None = None
    forgetful: Callable[[float], Learner] | None = None


def check_sizes(sizes: Any) -> tuple[int, ...]:
    """Return the sizes as a rising tuple of whole numbers.

    Raises:
        ValueError: They are not rising whole numbers from 0 on.
    """
    return _rising("sizes", sizes, 0, "range(17)")


def check_lookaheads(lookaheads: Any) -> tuple[int, ...]:
    """Return the look-aheads as a rising tuple of whole numbers.

    Raises:
        ValueError: They are not rising whole numbers from 1 on.
    """
    return _rising("lookaheads", lookaheads, 1, "1, 5, 10")


def _rising(word: str, numbers: Any, lowest: int, example: str) -> tuple[int, ...]:
    given = tuple(numbers)
    rising = tuple(int(number) for number in given)
    falls = any(a >= b for a, b in zip(rising, rising[1:], strict=False))
    if not rising or rising != given or rising[0] < lowest or falls:
        raise ValueError(f"{word} must be rising whole numbers from {lowest} on, such as {example}; got {given}.")
    return rising


def check_ridge(ridge: float) -> None:
    """Raise ValueError unless a ridge is positive and finite."""
    if not 0 < ridge < float("inf"):
        raise ValueError(f"ridge must be positive, got {ridge}.")
