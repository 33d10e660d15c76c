"""A predictor whose weights no longer change: what was learned or computed, to be used elsewhere.

Time: ``yhat[t]`` is made of y[t-1], y[t-2], .. and u[t-1], u[t-2], ..; and of u[t] where there is a direct term.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import samples

if TYPE_CHECKING:
    import control

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedPredictor:
    """One-step forecasts by fixed weights: ``ARXPredictor`` and ``StateSpacePredictor``.

    A missing output counts as its forecast, a missing input as the last one known.

    Attributes:
        output_names, input_names: One name per channel.
        dt: Sampling time in seconds; None if unknown.
        about: What it was made from: the source, its samples, the learner, the size, ..
    """

    output_names: tuple[str, ...]
    input_names: tuple[str, ...]
    dt: float | None = None
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return len(self.output_names)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return len(self.input_names)

    @property
    @abstractmethod
    def uses_input_now(self) -> bool:
        """Whether the forecast of y[t] uses u[t]."""

    @abstractmethod
    def _begin(self) -> Numbers:
        """Return the memory before the first sample."""

    @abstractmethod
    def _forecast(self, memory: Numbers, u: Numbers) -> Float[np.ndarray, " output"]:
        """Return the forecast of the next output."""

    @abstractmethod
    def _take(self, memory: Numbers, y: Numbers, u: Numbers, first: bool) -> Numbers:
        """Return the memory after one more sample."""

    def start(self) -> Running:
        """Return the predictor before the first sample of a stream.

        Examples:
            >>> from ergoscope.learners import ARXPredictor
            >>> running = ARXPredictor.of([0.5, 0.25]).start()  # yhat[t] = y[t-1] / 2 + y[t-2] / 4
            >>> running.observe(4.0)
            >>> running.observe(8.0)
            >>> running.forecast().tolist()
            [5.0]
        """
        return Running(self)

    def forecasts(self, outputs: ArrayLike, inputs: ArrayLike | None = None) -> Float[np.ndarray, "time output"]:
        """Return the forecast of each sample of a series, made from the samples before it.

        Args:
            outputs: ``(time, output)``, or ``(time,)`` for one output; NaN where a sample is missing.
            inputs: ``(time, input)``, or ``(time,)`` for one input; NaN where missing, None where there are none.

        Raises:
            ValueError: Another number of channels, or infinite samples.
        """
        y = self._series("outputs", outputs, self.outputs, None)
        u = self._series("inputs", inputs, self.inputs, len(y))
        running = self.start()
        forecast = np.empty_like(y)
        for t in range(len(y)):
            forecast[t] = running.forecast(u[t])
            running.observe(y[t], u[t])
        return forecast

    def _series(self, word: str, given: ArrayLike | None, channels: int, length: int | None) -> Numbers:
        series = np.zeros((length or 0, 0)) if given is None else given
        values = np.asarray(samples(word, series), np.float64)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or values.shape[1] != channels or length not in (None, len(values)):
            rows = "time" if length is None else str(length)
            raise ValueError(f"{word} must have the shape ({rows}, {channels}), got {np.shape(series)}.")
        if np.isinf(values).any():
            raise ValueError(f"{word} must be finite, NaN where a sample is missing; got infinity.")
        return values

    @abstractmethod
    def to_control(self) -> control.StateSpace:
        """Return it as a system of python-control that filters y and u: its outputs are the forecasts yhat[t].

        Raises:
            ImportError: python-control is not installed.
        """

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return it as values of JSON; ``read_predictor`` reads them back from a file."""


class Running:
    """A fixed predictor on a stream."""

    def __init__(self, predictor: FixedPredictor) -> None:
        self._predictor, self._memory, self._begun = predictor, predictor._begin(), False
        self._held = np.zeros(predictor.inputs)

    def forecast(self, inputs: ArrayLike | None = None) -> Float[np.ndarray, " output"]:
        """Return the forecast of the next output.

        Args:
            inputs: u[t] of the next sample, for a direct term; NaN or None: the last input is held.
        """
        return self._predictor._forecast(self._memory, self._known(inputs))

    def observe(self, output: ArrayLike, inputs: ArrayLike | None = None) -> None:
        """Take one sample in.

        Args:
            output: ``(output,)``, or a number; NaN or None where it is missing.
            inputs: ``(input,)``, or a number; NaN or None where it is missing.

        Raises:
            ValueError: Another number of channels, or infinity.
        """
        y = np.array(output, np.float64).reshape(-1)
        if y.shape != (self._predictor.outputs,) or np.isinf(y).any():
            raise ValueError(f"a sample must be {self._predictor.outputs} finite numbers or NaN, got {output!r}.")
        self._held = self._known(inputs)
        missing = np.isnan(y)
        if missing.any():
            y = np.where(missing, self._predictor._forecast(self._memory, self._held), y)
        first = not self._begun and not missing.all()
        self._begun = self._begun or first
        self._memory = self._predictor._take(self._memory, y, self._held, first)

    def _known(self, inputs: ArrayLike | None) -> Numbers:
        if inputs is None or not self._predictor.inputs:
            return self._held
        u = np.array(inputs, np.float64).reshape(-1)
        if u.shape != self._held.shape or np.isinf(u).any():
            raise ValueError(f"inputs must be {self._predictor.inputs} finite numbers or NaN, got {inputs!r}.")
        return np.where(np.isnan(u), self._held, u)


def weighted_sum(start: Numbers, weights: Numbers, values: Numbers) -> Numbers:
    """Return start + sum_k weights[k] values[k], summed from the first to the last: exported code adds in this order.

    Args:
        start: ``(output,)``.
        weights: ``(column, output)``.
        values: ``(column,)``.
    """
    total = start.copy()
    for column, value in zip(weights, values.tolist(), strict=True):
        total += column * value
    return total
