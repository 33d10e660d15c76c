"""Learners as models of river. This file imports river: take them from ``factories``."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Float
from river import base
from river.time_series.base import Forecaster

from ..._core.user_warning import warn_user
from .stream import Stream, uses_inputs


class _Model(base.Estimator):
    """A stream of one output whose inputs are features of river."""

    def __init__(self, learner: str = "lattice", size: int | None = None, inputs: Iterable[Any] | None = None) -> None:
        self.learner, self.size, self.inputs = learner, size, inputs
        self._stream: Stream | None = None
        self._names: tuple[Any, ...] = ()
        self._unused: set[Any] = set()

    def _learn(self, x: Mapping[Hashable, Any], y: Any) -> None:
        if self._stream is None:
            names = tuple(sorted(x, key=str) if self.inputs is None else self.inputs)
            names = names if uses_inputs(self.learner) else ()
            self._stream = Stream.start(self.learner, self.size, 1, len(names))
            self._names, self._unused = names, set(x)
        elif not self._unused.issuperset(x):
            new = [name for name in x if name not in self._unused]
            self._unused.update(new)
            if self.inputs is None and self._names:
                warn_user(
                    f"feature {new[0]!r} is not used: it was not in the first sample. Name all inputs: inputs=[..]."
                )
        self._stream = self._stream.learn(np.array([[_number("the target", y)]]), self._row(x)[None])[0]

    def _row(self, x: Mapping[Hashable, Any]) -> Float[np.ndarray, " input"]:
        return np.array([_number(f"feature {name!r}", x.get(name)) for name in self._names])


class RiverRegressor(_Model, base.Regressor):
    """A learner as a regressor of river: see ``ergoscope.learners.river_regressor``."""

    def learn_one(self, x: Mapping[Hashable, Any], y: Any) -> None:
        """Take the sample in.

        Args:
            x: Inputs of the sample.
            y: Its output, None or NaN where it is missing.

        Raises:
            ValueError: An input or the output is no finite number; no such learner or size.
        """
        self._learn(x, y)

    def predict_one(self, x: Mapping[Hashable, Any]) -> float:
        """Return the forecast of the output of the next sample from its inputs; 0 before the first sample."""
        return 0.0 if self._stream is None else float(self._stream.forecast(self._row(x)[None])[0, 0])


class RiverForecaster(_Model, Forecaster):
    """A learner as a forecaster of river: see ``ergoscope.learners.river_forecaster``."""

    def learn_one(self, y: Any, x: Mapping[Hashable, Any] | None = None) -> None:
        """Take the sample in.

        Args:
            y: Its output, None or NaN where it is missing.
            x: Inputs of the sample.

        Raises:
            ValueError: An input or the output is no finite number; no such learner or size.
        """
        self._learn(x or {}, y)

    def forecast(self, horizon: int, xs: Sequence[Mapping[Hashable, Any]] | None = None) -> list[float]:
        """Return the forecasts of the next outputs; zeros before the first sample, NaN after one that overflows.

        Args:
            horizon: Number of forecasts.
            xs: Inputs of the coming samples, one dict for each; None: the inputs stay as they are.

        Raises:
            ValueError: An input is no finite number, or there are not as many dicts as forecasts.
        """
        if xs is not None and len(xs) != horizon:
            raise ValueError(f"xs must have one dict for each of the {horizon} forecasts, got {len(xs)}.")
        if self._stream is None:
            return [0.0] * horizon
        rows = np.array([self._row(x) for x in xs or [{}] * horizon]).reshape(horizon, len(self._names))
        return [float(value) for value in self._stream.forecast(rows)[:, 0]]


def _number(what: str, value: Any) -> float:
    """Return a value as a number, NaN where it is missing."""
    if value is None:
        return np.nan
    if not isinstance(value, Real | np.bool_) or np.isinf(float(value)):
        raise ValueError(f"{what} must be a finite number, None where it is missing; got {value!r}.")
    return float(value)
