"""The steady Kalman predictor, or any other observer with a fixed gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from ...simulator import LinearSystem
from .predictor import FixedPredictor, Numbers, weighted_sum

if TYPE_CHECKING:
    import control


@dataclass(frozen=True, kw_only=True, eq=False)
class StateSpacePredictor(FixedPredictor):
    """An observer with a fixed gain, from a zero state.

        yhat[t] = C x + D u[t],    x <- F x + L y[t] + G u[t],    F = A - L C,  G = B - L D

    Attributes:
        F: ``(state, state)``.
        L: ``(state, output)``.
        G: ``(state, input)``.
        C: ``(output, state)``.
        D: ``(output, input)``.
        system: The plant, if it was made of one.
    """

    F: Float[np.ndarray, "state state"]
    L: Float[np.ndarray, "state output"]
    G: Float[np.ndarray, "state input"]
    C: Float[np.ndarray, "output state"]
    D: Float[np.ndarray, "output input"]
    system: LinearSystem | None = None

    @classmethod
    def of(cls, system: LinearSystem, gain: ArrayLike, about: dict[str, Any] | None = None) -> StateSpacePredictor:
        """Return the observer of a plant, such as its steady Kalman predictor.

        Args:
            system: Constant in time.
            gain: L, ``(state, output)``, such as ``analysis.kalman_gain(system).gain``.
            about: What it was made from.

        Raises:
            ValueError: The system varies in time, or the gain has another shape.
        """
        L = np.array(gain, np.float64)
        if system.time_varying:
            raise ValueError(f"{system.name} varies in time, a fixed predictor does not: pass one time slice.")
        if L.shape != (system.states, system.outputs):
            raise ValueError(f"gain must have the shape {(system.states, system.outputs)}, got {L.shape}.")
        A, B, C, D = (np.asarray(matrix, np.float64) for matrix in (system.A, system.B, system.C, system.D))
        return cls(
            output_names=_names("y", system.outputs),
            input_names=_names("u", system.inputs),
            dt=system.dt,
            about=about or {},
            F=A - L @ C,
            L=L,
            G=B - L @ D,
            C=C,
            D=D,
            system=system,
        )

    @property
    def uses_input_now(self) -> bool:
        return bool(self.D.any())

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.F)

    def _begin(self) -> Numbers:
        return np.zeros(self.states)

    def _forecast(self, memory: Numbers, u: Numbers) -> Float[np.ndarray, " output"]:
        return weighted_sum(np.zeros(self.outputs), self.forecast_columns, np.concatenate([memory, u]))

    def _take(self, memory: Numbers, y: Numbers, u: Numbers, first: bool) -> Numbers:
        del first
        return weighted_sum(np.zeros(self.states), self.state_columns, np.concatenate([memory, y, u]))

    @property
    def forecast_columns(self) -> Float[np.ndarray, "column output"]:
        """The weights of x and u[t] in the forecast."""
        return np.concatenate([self.C, self.D], axis=1).T

    @property
    def state_columns(self) -> Float[np.ndarray, "column state"]:
        """The weights of x, y[t] and u[t] in the next state."""
        return np.concatenate([self.F, self.L, self.G], axis=1).T

    def to_control(self) -> control.StateSpace:
        """Return it as a system of python-control with the inputs ``(y[t], u[t])`` and the outputs yhat[t].

        Raises:
            ImportError: python-control is not installed.
        """
        import control

        B, D = np.concatenate([self.L, self.G], axis=1), np.c_[np.zeros((self.outputs, self.outputs)), self.D]
        names = [*self.output_names, *self.input_names]
        forecasts = [f"forecast of {name}" for name in self.output_names]
        return control.StateSpace(self.F, B, self.C, D, self.dt or True, inputs=names, outputs=forecasts)

    def to_dict(self) -> dict[str, Any]:
        return dict(
            kind="state-space",
            equation="yhat[t] = C x + D u[t], x <- F x + L y[t] + G u[t]",
            outputs=list(self.output_names),
            inputs=list(self.input_names),
            dt=self.dt,
            **{word: getattr(self, word).tolist() for word in "FLGCD"},
            about=self.about,
        )


def _names(letter: str, count: int) -> tuple[str, ...]:
    return (letter,) if count == 1 else tuple(f"{letter}{k + 1}" for k in range(count))
