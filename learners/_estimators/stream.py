"""One stream as river and scikit-learn hand it over: the inputs of a sample come with the question for its forecast.

Time: before sample t the learner knows y[0..t-1] and u[0..t-1]; u[t] comes with the question. The driver wants u[t]
together with sample t-1, so the last sample waits until the next input comes. A stream is never changed: learning
returns another one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..._core.text import did_you_mean
from .._catalogue import CATALOGUE, learner_entry, make_learner, signature, sized_by_length
from .._engine.driver import Driver
from .._engine.tile_state import TileState, map_leaves

LENGTH = 8  # of a learner that has lengths, where no size is given


def uses_inputs(learner: Any) -> bool:
    """Return whether a learner, ``NAME`` or ``NAME:option=value,..``, forecasts from inputs, too.

    Raises:
        ValueError: No such learner, or no name.
    """
    if not isinstance(learner, str):
        raise ValueError(f"an estimator takes the name of a learner, such as 'ladder', got {learner!r}.")
    return learner_entry(learner.partition(":")[0]).serves == "outputs and inputs"


def check_learner(learner: str, size: int | None) -> None:
    """Refuse a learner that there is not, or that needs to know the plant, and a size that is none.

    Raises:
        ValueError: The message names the others.
    """
    serves = {name: entry for name, entry in CATALOGUE.items() if "system" not in signature(entry.make)}
    name = learner.partition(":")[0]
    if name not in CATALOGUE:
        raise ValueError(f"no learner is called {name!r}{did_you_mean(name, serves)} There are {', '.join(serves)}.")
    if name not in serves:
        choices = ", ".join(serves)
        raise ValueError(f"{name} needs to know the plant, and an estimator has only samples: choose one of {choices}.")
    if size is not None and size < 0:
        raise ValueError(f"size must be a whole number from 0 on, or None, got {size!r}.")


@lru_cache(maxsize=64)
def driver_of(learner: str, size: int | None, outputs: int, inputs: int) -> Driver:
    """Return the driver of a stream.

    Args:
        learner: ``NAME`` or ``NAME:option=value,..``; least squares has an intercept unless it says ``intercept=no``.
        size: The only one; None: 8 of a learner that has lengths, else the learner's own.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream; y[t] may depend on u[t].

    Raises:
        ValueError: No such learner, option or size, a learner that needs to know the plant, or that does not serve
            such a stream.
    """
    check_learner(learner, size)
    if size is None and sized_by_length(learner):
        size = LENGTH
    given = dict(outputs=outputs, inputs=inputs, direct=inputs > 0, intercept=True)
    sizes = None if size is None else [size]
    return Driver(make_learner(learner, given | dict(sizes=sizes)), outputs, inputs, width=1)


class Stream(NamedTuple):
    """A stream up to a sample.

    Attributes:
        learner, size: As for ``driver_of``; of several sizes the largest forecasts.
        state: What the driver knows: all samples but the last, in arrays of NumPy.
        output: Of the last sample, or None before the first.
        input: Of the last sample; zero before the first.
    """

    learner: str
    size: int | None
    state: TileState
    output: Float[np.ndarray, " output"] | None
    input: Float[np.ndarray, " input"]

    @classmethod
    def start(cls, learner: str, size: int | None, outputs: int, inputs: int) -> Stream:
        """Return a stream before its first sample; arguments and errors as of ``driver_of``."""
        state = map_leaves(np.array, driver_of(learner, size, outputs, inputs).start())
        return cls(learner, size, state, None, np.zeros(inputs))

    def learn(
        self, y: Float[np.ndarray, "time output"], u: Float[np.ndarray, "time input"]
    ) -> tuple[Stream, Float[np.ndarray, "time output"]]:
        """Return the stream after more samples, and the forecast of each, made before it.

        Args:
            y: Outputs; NaN where missing.
            u: Inputs; a missing one is held.
        """
        u = _held(u, self.input)
        known, inputs = (y[:-1], u) if self.output is None else (
            np.concatenate([self.output[None], y[:-1]]), np.concatenate([self.input[None], u])
        )  # fmt: skip
        state, forecasts = self._advance(known, inputs)
        after = self._replace(state=state, output=y[-1].copy(), input=u[-1].copy())
        return after, forecasts[-len(y) :]

    def forecast(self, u: Float[np.ndarray, "time input"]) -> Float[np.ndarray, "time output"]:
        """Return the forecasts of the coming samples; each is made as if those before it had come true.

        Args:
            u: Inputs of the coming samples; a missing one is held.

        Returns:
            The forecasts, NaN after one that overflows.
        """
        u = _held(u, self.input)
        stream, forecasts = self, np.full((len(u), self._driver.outputs), np.nan)
        for step in range(len(u)):
            stream, expected = stream.learn(forecasts[step : step + 1], u[step : step + 1])
            if not np.isfinite(expected).all():
                break
            forecasts[step] = expected[0]
            stream = stream._replace(output=forecasts[step])
        return forecasts

    @property
    def _driver(self) -> Driver:
        return driver_of(self.learner, self.size, len(self.state.center), len(self.input))

    def _advance(self, y: NDArray[np.float64], u: NDArray[np.float64]) -> tuple[TileState, NDArray[np.float64]]:
        """Return the state after samples y, and the forecasts of these and of the next one; u has its input, too."""
        driver, forecasts = self._driver, []
        state = driver.place(self.state)
        for start in range(0, len(y), driver.block):
            rows = y[start : start + driver.block]
            outputs = np.full((driver.block, driver.outputs, 1), np.nan)
            outputs[: len(rows), :, 0] = rows
            inputs = np.zeros((driver.block + driver.ahead, driver.inputs, 1))
            inputs[: len(rows) + 1, :, 0] = u[start : start + len(rows) + 1]
            end = np.array([len(rows)], np.int32)
            state, record = driver.advance(state, driver.record(), outputs, inputs, np.int32(0), end)
            forecasts.append(np.array(record)[: len(rows), 0, -1, :, 0])
        state = map_leaves(np.array, state)
        scale = np.where(state.scale == 0, 1, state.scale)
        with np.errstate(over="ignore"):
            newest = (state.issued[0][0, -1] * scale + state.center)[:, 0]
        return state, np.concatenate([*forecasts, newest[None]])


def _held(u: NDArray[np.float64], before: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return inputs with the last known value in place of each missing one."""
    rows = np.concatenate([before[None], u])
    last = np.maximum.accumulate(np.where(np.isnan(rows), 0, np.arange(len(rows))[:, None]), axis=0)
    return np.asarray(np.take_along_axis(rows, last, axis=0)[1:])
