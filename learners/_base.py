"""The contract of a learner: predict with all of its sizes at once. The page to read first.

Time: before sample ``t`` the driver holds ``predict(state, ..)``, made of samples ``0 .. t-1`` alone; then
comes ``y[t]``, is scored, and goes into ``update``. Nobody but the driver calls the two, so testing on data already
seen cannot be written.

Axes: ``lane`` comes last everywhere and counts the streams that run side by side; a learner treats each as if it were
alone (unless it is pooled). ``size`` is the axis of the ladder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from jaxtyping import Array

State: TypeAlias = Any


class Learner(NamedTuple):
    """A bundle of pure functions, and the labels of its ladder.

    Attributes:
        name: What tables and figures call it.
        init: ``(outputs, inputs, lanes, dtype) -> State``, before the first sample. Raises ValueError for a stream it
            cannot serve.
        predict: ``(state, inputs) -> Float["lookahead size output lane"]``: the forecasts of the samples ``lookaheads``
            ahead of the last one seen. ``inputs``, ``(ahead, input, lane)``, are those of the next ``max(lookaheads)``
            samples, known or held.
        update: ``(state, output, input, observed) -> State`` takes one sample in. ``output`` ``(output, lane)`` is
            finite also where ``observed`` ``(output, lane)`` says that it is missing, and means nothing there.
        sizes: Size of each rung, rising: filter length, rank, matrix size, state order.
        parameters: Trainable parameters of each rung.
        lookaheads: Samples ahead that are forecast, rising.
        variance: ``(state) -> Float["size output output lane"]``, the covariance it gives its next one-step error, or
            None.
        scaled: The driver divides each output by a power of two near its first nonzero value; for families whose
            predictions scale with the data. Then units cannot overflow or vanish in squares.
        pooled: One state is fed by all lanes, which then step together.
        batch: ``score`` for streams of which no sample is missing, by a faster algorithm and equal up to rounding, or
            None.
        size_label: What a size is, such as ``"filter length"``.
        tends_to: What each rung tends to on a system that does not change, where theory names its error and so the
            critical size: ``"filters"``, the best one of this many last samples, one sample ahead (further ahead
            iterated); ``"direct filters"``, fitted to each look-ahead itself; ``"blocks"``, the best matrix that is
            zero outside a k x k block. None for what forgets, too: it follows the slope of what it cannot cancel.
    """

    name: str
    init: Callable[[int, int, int, Any], State]
    predict: Callable[[State, Array], Array]
    update: Callable[[State, Array, Array, Array], State]
    sizes: tuple[int, ...]
    parameters: tuple[int, ...]
    lookaheads: tuple[int, ...] = (1,)
    variance: Callable[[State], Array] | None = None
    scaled: bool = False
    pooled: bool = False
    batch: Callable[..., Any] | None = None
    size_label: str = "size"
    tends_to: Literal["filters", "direct filters", "blocks"] | None = None


def check_sizes(sizes: Any, lowest: int = 0) -> tuple[int, ...]:
    """Return the sizes as a rising tuple of whole numbers, or say what is wrong with them."""
    rising = tuple(int(size) for size in sizes)
    if not rising or rising[0] < lowest or any(a >= b for a, b in zip(rising, rising[1:], strict=False)):
        raise ValueError(
            f"sizes must be rising whole numbers from {lowest} on, such as range({lowest}, 17); got {rising}."
        )
    return rising


def check_lookaheads(lookaheads: Any) -> tuple[int, ...]:
    """Return the lookaheads as a rising tuple of whole numbers, or say what is wrong with them."""
    rising = tuple(int(ahead) for ahead in lookaheads)
    if not rising or rising[0] < 1 or any(a >= b for a, b in zip(rising, rising[1:], strict=False)):
        raise ValueError(f"lookaheads must be rising whole numbers from 1 on, such as 1, 5, 10; got {rising}.")
    return rising
