"""Adapters: objects of other libraries as predictors with ``predict()`` and ``update(y, u)``.

Time: ``predict`` forecasts y[t] from y[0..t-1] and u[0..t-1], which ``update`` has received; each forecast is followed
by one update. The libraries are not imported here, except python-control, which the package needs anyway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

LAGS = 8


class Adapter(NamedTuple):
    """How objects of one library become predictors.

    Attributes:
        wanted: The objects that it takes, in words.
        fits: Whether it takes an object.
        adapt: ``(object, outputs, inputs) -> predictor``; raises ValueError for a stream that the object does not
            serve.
    """

    wanted: str
    fits: Callable[[Any], bool]
    adapt: Callable[[Any, int, int], Any]


class Pair:
    """Two functions, ``predict()`` and ``update(y, u)``."""

    def __init__(self, functions: Sequence[Callable[..., Any]], outputs: int, inputs: int) -> None:
        self.predict, self.update = functions


class FilterPy:
    """A ``KalmanFilter`` of filterpy: forecast H x and its variance H P H' + R, after ``predict(u)``.

    As in filterpy itself, x and P are those of the sample before the first. A missing sample is left out; of a sample
    missing in part the rest is used.
    """

    def __init__(self, filter: Any, outputs: int, inputs: int) -> None:
        if np.shape(filter.H)[0] != outputs:
            raise ValueError(f"the filter has {np.shape(filter.H)[0]} measurements, the stream {outputs} outputs.")
        if filter.B is not None and np.shape(filter.B)[-1] != inputs:
            raise ValueError(f"the filter has {np.shape(filter.B)[-1]} inputs, the stream {inputs}.")
        self.filter, self.known = filter, np.zeros(0)
        self.parameters = getattr(filter, "parameters", None)

    def predict(self) -> Any:
        """Move on to the next sample."""
        self.filter.predict(self.known if self.filter.B is not None and self.known.size else None)
        return np.dot(self.filter.H, self.filter.x).reshape(-1)

    def variance(self) -> Any:
        """Return the variance of the last forecast."""
        return self.filter.H @ self.filter.P @ self.filter.H.T + self.filter.R

    def update(self, y: Float[np.ndarray, " output"], u: Float[np.ndarray, " input"]) -> None:
        """Update with the values that are not missing."""
        columns = (-1, 1) if np.ndim(self.filter.x) == 2 else (-1,)
        seen, self.known = ~np.isnan(y), u.reshape(columns)
        if seen.all():
            self.filter.update(y.reshape(columns))
        elif seen.any():
            R = np.where(np.outer(seen, seen), self.filter.R, np.eye(len(y)))
            self.filter.update(np.where(seen, y, 0.0).reshape(columns), R=R, H=self.filter.H * seen[:, None])
        else:
            self.filter.update(None)


class Lagged:
    """A regressor on the window of the last samples; one copy of the regressor for each output.

        features of y[t]:  y[t-1], u[t-1], y[t-2], u[t-2], .. , u[t-lags]

    ``lags`` is an attribute of the regressor, 8 by default. Samples before the first count as zero. A gap is filled
    with its forecast and not learned from.
    """

    def __init__(self, regressor: Any, outputs: int, inputs: int) -> None:
        lags = getattr(regressor, "lags", LAGS)
        if not isinstance(lags, int) or lags < 1:
            raise ValueError(f"lags must be a whole number of at least 1, got {lags!r}.")
        self.models = [deepcopy(regressor) for _ in range(outputs)]
        self.window = deque([np.zeros(outputs + inputs)] * lags, maxlen=lags)
        self.parameters = getattr(regressor, "parameters", lags * (outputs + inputs) * outputs)
        self.forecast = np.zeros(outputs)

    def predict(self) -> Any:
        """Return the forecast of each regressor."""
        row = np.concatenate(self.window)
        self.forecast = np.array([self.predict_one(model, row) for model in self.models], dtype=np.float64)
        return self.forecast

    def update(self, y: Float[np.ndarray, " output"], u: Float[np.ndarray, " input"]) -> None:
        """Train each regressor whose output is there, then move the window on."""
        row = np.concatenate(self.window)
        for model, value in zip(self.models, y.tolist(), strict=True):
            if not np.isnan(value):
                self.learn_one(model, row, value)
        self.window.appendleft(np.concatenate([np.where(np.isnan(y), self.forecast, y), np.nan_to_num(u)]))

    def predict_one(self, model: Any, row: Float[np.ndarray, " feature"]) -> float:
        """Return the forecast of one output."""
        raise NotImplementedError

    def learn_one(self, model: Any, row: Float[np.ndarray, " feature"], value: float) -> None:
        """Train one regressor with one row."""
        raise NotImplementedError


class River(Lagged):
    """A regressor of river: ``predict_one`` and ``learn_one``, its features called 0, 1, 2, ..."""

    def predict_one(self, model: Any, row: Float[np.ndarray, " feature"]) -> float:
        """Return ``predict_one``."""
        return float(model.predict_one(dict(enumerate(row.tolist()))))

    def learn_one(self, model: Any, row: Float[np.ndarray, " feature"], value: float) -> None:
        """Call ``learn_one``."""
        model.learn_one(dict(enumerate(row.tolist())), value)


class ScikitLearn(Lagged):
    """A regressor of scikit-learn with ``partial_fit``; it forecasts 0 until it has learned once."""

    def predict_one(self, model: Any, row: Float[np.ndarray, " feature"]) -> float:
        """Return ``predict`` of one row."""
        fitted = any(word.endswith("_") and not word.startswith("_") for word in vars(model))
        return float(model.predict(row[None])[0]) if fitted else 0.0

    def learn_one(self, model: Any, row: Float[np.ndarray, " feature"], value: float) -> None:
        """Call ``partial_fit`` with one row."""
        model.partial_fit(row[None], np.array([value]))


class Control:
    """A discrete system of python-control: a predictor, or an estimator beside its plant.

    * A ``StateSpace`` from (y, u) to the forecast of y, such as ``A - L C, [L, B], C, 0``.
    * ``(estimator, plant)`` or ``(estimator, plant, x0)`` with what ``create_estimator_iosystem(plant, QN, RN)`` gives:
      the forecast is C x of the plant; x0 is the estimator's first state, estimate and covariance, zero by default.

    A missing value of y is filled with its forecast; where all are missing, an estimator runs without correction.
    """

    def __init__(self, found: Any, outputs: int, inputs: int) -> None:
        self.system, plant, *first = found if isinstance(found, (tuple, list)) else (found, None)
        if self.system.dt == 0:
            raise ValueError("the system is continuous; sample it first, such as control.c2d(plant, dt).")
        if self.system.ninputs != outputs + inputs:
            raise ValueError(
                f"the system has {self.system.ninputs} inputs; it needs {outputs + inputs}: "
                f"the {outputs} outputs of the stream, then its {inputs} inputs."
            )
        self.C = np.asarray(self.system.C if plant is None else plant.C, np.float64)
        if len(self.C) != outputs:
            raise ValueError(f"the system forecasts {len(self.C)} outputs, the stream has {outputs}.")
        if plant is None and np.any(self.system.D):
            raise ValueError("D must be 0: a forecast may not use the sample that it is of.")
        self.estimates, self.known = plant is not None, self.C.shape[1]
        start = np.concatenate([np.ravel(part) for part in first[0]]) if first else np.zeros(self.system.nstates)
        if start.shape != (self.system.nstates,):
            raise ValueError(f"x0 must have {self.system.nstates} numbers, got {start.size}.")
        self.x = start
        self.parameters = getattr(self.system, "parameters", None)

    def predict(self) -> Any:
        """Return C x."""
        return self.C @ self.x[: self.known]

    def update(self, y: Float[np.ndarray, " output"], u: Float[np.ndarray, " input"]) -> None:
        """Move the state on."""
        missing = np.isnan(y)
        given = np.concatenate([np.where(missing, self.predict(), y), np.nan_to_num(u)])
        if self.estimates:
            self.x = np.asarray(self.system.dynamics(0.0, self.x, given, {"correct": not missing.all()}))
        else:
            self.x = self.system.A @ self.x + self.system.B @ given


def _has(*words: str) -> Callable[[Any], bool]:
    return lambda found: not isinstance(found, type) and all(hasattr(found, word) for word in words)


def _own(found: Any, outputs: int, inputs: int) -> Any:
    return Pair(found, outputs, inputs) if isinstance(found, (tuple, list)) else found


def _is_own(found: Any) -> bool:
    pair = isinstance(found, (tuple, list)) and len(found) == 2 and all(callable(part) for part in found)
    return pair or _has("predict", "update")(found)


def _is_control(found: Any) -> bool:
    import control

    first, *rest = found if isinstance(found, (tuple, list)) and found else (found,)
    if not rest:
        return isinstance(first, control.StateSpace)
    return isinstance(first, control.InputOutputSystem) and isinstance(rest[0], control.StateSpace) and len(rest) < 3


OWN = Adapter("an object with predict() and update(y, u), a pair of such functions", _is_own, _own)
ADAPTERS: dict[str, Adapter] = {
    "filterpy": Adapter("a KalmanFilter of filterpy", _has("x", "P", "H", "R", "B", "predict", "update"), FilterPy),
    "river": Adapter("a regressor of river", _has("predict_one", "learn_one"), River),
    "sklearn": Adapter("a regressor of scikit-learn with partial_fit", _has("predict", "partial_fit"), ScikitLearn),
    "control": Adapter("a discrete StateSpace, or (estimator, plant), of python-control", _is_control, Control),
}
