"""Fixed weights on a window of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from .predictor import FixedPredictor, Numbers, weighted_sum

if TYPE_CHECKING:
    import control


@dataclass(frozen=True, kw_only=True, eq=False)
class ARXPredictor(FixedPredictor):
    """An autoregression with inputs, as a predictor.

        yhat[t] = constant + direct u[t] + sum_{k=1..h} (output_taps[k-1] y[t-k] + input_taps[k-1] u[t-k])

    Samples before the first count as the first: y by its observed outputs, u by its inputs.

    Attributes:
        constant: ``(output,)``, in the units of the outputs.
        output_taps: ``(lag, output, output)``.
        input_taps: ``(lag, output, input)``.
        direct: ``(output, input)``.
    """

    constant: Float[np.ndarray, " output"]
    output_taps: Float[np.ndarray, "lag output output"]
    input_taps: Float[np.ndarray, "lag output input"]
    direct: Float[np.ndarray, "output input"]

    @classmethod
    def of(cls, taps: ArrayLike, constant: float = 0.0, dt: float | None = None) -> ARXPredictor:
        """Return the predictor of one output, ``yhat[t] = constant + sum_k taps[k-1] y[t-k]``."""
        w = np.array(taps, np.float64).reshape(-1)
        if not np.isfinite(w).all() or not np.isfinite(constant):
            raise ValueError(f"taps and constant must be finite, got {taps!r} and {constant!r}.")
        return cls(
            output_names=("y",),
            input_names=(),
            dt=dt,
            constant=np.array([constant], np.float64),
            output_taps=w[:, None, None],
            input_taps=np.zeros((len(w), 1, 0)),
            direct=np.zeros((1, 0)),
        )

    @property
    def uses_input_now(self) -> bool:
        return bool(self.direct.any())

    @property
    def length(self) -> int:
        """Samples of the window, h."""
        return len(self.output_taps)

    @property
    def columns(self) -> Float[np.ndarray, "column output"]:
        """The weights of u[t] if used, then for each lag those of its outputs and of its inputs."""
        lags = np.concatenate([self.output_taps, self.input_taps], axis=2)  # (lag, output, channel)
        first = self.direct.T if self.uses_input_now else self.direct.T[:0]
        return np.concatenate([first, lags.swapaxes(1, 2).reshape(-1, self.outputs)])

    def forecasts(self, outputs: ArrayLike, inputs: ArrayLike | None = None) -> Float[np.ndarray, "time output"]:
        y = self._series("outputs", outputs, self.outputs, None)
        u = self._series("inputs", inputs, self.inputs, len(y))
        if not len(y) or np.isnan(y).any() or np.isnan(u).any():
            return super().forecasts(outputs, inputs)
        past = np.concatenate([np.repeat(np.concatenate([y, u], axis=1)[:1], self.length, axis=0), np.c_[y, u]])
        values = [u[:, j] for j in range(self.inputs * self.uses_input_now)]
        for k in range(1, self.length + 1):
            values += list(past[self.length - k : len(past) - k].T)
        total = np.repeat(self.constant[None], len(y), axis=0)
        for column, value in zip(self.columns, values, strict=True):  # in the order of weighted_sum
            total += column * value[:, None]
        total[0] = self.start().forecast(u[0])  # nothing was seen before it
        return total

    def _begin(self) -> Numbers:
        return np.zeros(self.length * (self.outputs + self.inputs))

    def _forecast(self, memory: Numbers, u: Numbers) -> Float[np.ndarray, " output"]:
        known = u if self.uses_input_now else u[:0]
        return weighted_sum(self.constant, self.columns, np.concatenate([known, memory]))

    def _take(self, memory: Numbers, y: Numbers, u: Numbers, first: bool) -> Numbers:
        sample = np.concatenate([y, u])
        if first:
            return np.tile(sample, self.length)
        return np.concatenate([sample, memory])[: len(memory)]

    def to_control(self) -> control.StateSpace:
        """Return it as a system of python-control with the inputs ``(y[t], u[t], 1)`` and the outputs yhat[t].

        The last input is the constant 1. The state is the window, newest sample first: outputs, then inputs. It is zero
        at the start; ``X0=np.tile(first_sample, length)`` begins as ``forecasts`` does.

        Raises:
            ImportError: python-control is not installed.
        """
        import control

        q, p, h = self.outputs + self.inputs, self.outputs, self.length
        n = h * q
        A, B = np.zeros((n, n)), np.zeros((n, q + 1))
        if h:
            A[q:, : n - q] = np.eye(n - q)
            B[:q, :q] = np.eye(q)
        lags = self.columns[self.inputs * self.uses_input_now :].T
        D = np.concatenate([np.zeros((p, p)), self.direct, self.constant[:, None]], axis=1)
        names = [*self.output_names, *self.input_names, "1"]
        forecasts = [f"forecast of {name}" for name in self.output_names]
        return control.StateSpace(A, B, lags, D, self.dt or True, inputs=names, outputs=forecasts)

    def to_dict(self) -> dict[str, Any]:
        return dict(
            kind="arx",
            equation="yhat[t] = constant + direct u[t] + sum_k (output_taps[k-1] y[t-k] + input_taps[k-1] u[t-k])",
            outputs=list(self.output_names),
            inputs=list(self.input_names),
            dt=self.dt,
            constant=self.constant.tolist(),
            direct=self.direct.tolist(),
            output_taps=self.output_taps.tolist(),
            input_taps=self.input_taps.tolist(),
            about=self.about,
        )
